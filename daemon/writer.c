// SPDX-License-Identifier: ISC

#include "daemon/writer.h"

#include "base/alloc.h"
#include "base/fault.h"
#include "base/map.h"
#include "base/queue.h"
#include "base/time.h"
#include "quadstore/store.h"
#include "quadstore/write.h"
#include "sync/seal.h"
#include "vocab/vocabulary.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define CHECKS_MAX 20000U
#define RETRY_NS INT64_C(1000000000)   // After a full disk
#define RETAIN_NS INT64_C(60000000000) // Between rounds of retention
#define RETAIN_ROWS 2000U              // In one slice
#define CHECKPOINT_NS INT64_C(30000000000)
#define CHECKPOINT_AGAIN_NS INT64_C(5000000000) // A reader held pages back
#define TAKEN_IN_STEP 1024U                     // Results off the queue
#define FAILURES 17U                            // Kinds of failures, with none

// What the writer remembers of a check from its last result
struct known_check {
    char *iri; // Owns the key of the map
    dm_id id;
    enum dm_result_status status; // STALE: none before
    int64_t certificate_expires_ms;
};

struct dm_writer {
    struct dm_writer_options options;
    char *log_iri;
    struct dm_queue *results;
    struct dm_queue *tasks;
    dm_wake_fn wake;
    void *wake_context;

    dm_log_no log;
    uint64_t generation; // Of the ids below; 0: none yet
    struct dm_map checks;
    dm_id failures[FAILURES];

    struct dm_sample samples[DM_RESULT_METRICS_MAX]; // Of one result
    // What is to be written, oldest first: taken off the queue, and kept until
    // a COMMIT has it. A batch is the front of it.
    struct dm_result **pending;
    size_t n_pending;
    size_t pending_capacity;
    size_t n_batch;
    int64_t next_ns;       // Results wait until then, while they are few
    int64_t durable_ns;    // Last durable commit
    int64_t sealed_ns;     // Last entry of the log
    int64_t seal_from_ns;  // None is sealed before, since one failed
    bool wants_seal;       // As soon as that is allowed
    int64_t retain_ns;     // Next retention
    int64_t checkpoint_ns; // Next checkpoint
    bool is_full;
    bool has_ballast;
    int64_t retry_ns;
    uint64_t dropped;
    atomic_int_least64_t seal_ns; // These four are set by other threads
    atomic_int_least64_t keep_raw_ms;
    atomic_uint_least64_t max_bytes;
    atomic_int_least64_t alive_ns;
};

static void
discard_result(void *item)
{
    dm_result_free(item);
}

static void
discard_task(void *item)
{
    struct dm_write_task *task = item;
    task->finished(task, DM_ERR_CANCELLED);
}

static void
wake_writer(void *context)
{
    const struct dm_writer *writer = context;
    if (writer->wake) {
        writer->wake(writer->wake_context);
    }
}

struct dm_writer *
dm_writer_new(const struct dm_writer_options *options)
{
    struct dm_writer *writer = dm_calloc(1, sizeof(*writer));
    if (!writer) {
        return NULL;
    }
    writer->options = *options;
    writer->log_iri = dm_strndup(options->log_iri.data, options->log_iri.n);
    writer->results = dm_queue_new(DM_WRITER_RESULTS_MAX, discard_result,
                                   wake_writer, writer);
    writer->tasks =
        dm_queue_new(DM_WRITER_TASKS_MAX, discard_task, wake_writer, writer);
    if (!writer->log_iri || !writer->results || !writer->tasks) {
        dm_writer_free(writer);
        return NULL;
    }
    writer->options.log_iri = dm_str(writer->log_iri);
    dm_map_init(&writer->checks, CHECKS_MAX, 0);
    writer->has_ballast = options->ballast_path != NULL;
    const int64_t now = dm_env_monotonic_ns(options->env);
    writer->durable_ns = now;
    writer->sealed_ns = now - DM_WRITER_SEAL_LEAST_NS;
    writer->retain_ns = now + RETAIN_NS;
    writer->checkpoint_ns = now + CHECKPOINT_NS;
    atomic_init(&writer->seal_ns, options->seal_ns);
    atomic_init(&writer->keep_raw_ms, options->keep_raw_ms);
    atomic_init(&writer->max_bytes, options->max_bytes);
    atomic_init(&writer->alive_ns, now);
    return writer;
}

void
dm_writer_set_wake(struct dm_writer *writer, dm_wake_fn wake, void *context)
{
    writer->wake = wake;
    writer->wake_context = context;
}

void
dm_writer_configure(struct dm_writer *writer, int64_t seal_ns,
                    int64_t keep_raw_ms, uint64_t max_bytes)
{
    atomic_store(&writer->seal_ns, seal_ns);
    atomic_store(&writer->keep_raw_ms, keep_raw_ms);
    atomic_store(&writer->max_bytes, max_bytes);
}

int64_t
dm_writer_alive_ns(const struct dm_writer *writer)
{
    return atomic_load(&writer->alive_ns);
}

enum dm_status
dm_writer_result(struct dm_writer *writer, struct dm_result *result)
{
    return dm_queue_push(writer->results, result);
}

enum dm_status
dm_writer_task(struct dm_writer *writer, struct dm_write_task *task)
{
    return dm_queue_push(writer->tasks, task);
}

void
dm_commit_note_free(struct dm_commit_note *note)
{
    if (note) {
        for (size_t i = 0; i < note->n_changes; ++i) {
            dm_result_free(note->changes[i].result);
        }
        dm_free(note->changes);
        dm_free(note);
    }
}

// --------------------------------------------------------------------- names

static void
forget_checks(struct dm_writer *writer)
{
    for (size_t i = 0; i < writer->checks.n; ++i) {
        struct known_check *check = writer->checks.entries[i].value.ptr;
        dm_free(check->iri);
        dm_free(check);
    }
    dm_map_done(&writer->checks);
}

// Ids hold within one generation of the store
static enum dm_status
follow_generation(struct dm_writer *writer, struct dm_txn *txn)
{
    enum dm_status status = DM_OK;
    if (writer->generation == 0) {
        status = dm_txn_log_number(txn, writer->options.log_iri, &writer->log);
    }
    if (!status && writer->generation != dm_txn_generation(txn)) {
        writer->generation = dm_txn_generation(txn);
        forget_checks(writer);
        memset(writer->failures, 0, sizeof(writer->failures));
    }
    return status;
}

static enum dm_status
failure_id(struct dm_writer *writer, struct dm_txn *txn,
           enum dm_failure failure, dm_id *ret)
{
    static const char prefix[] = DM_VOCAB_NS;
    if (!failure || writer->failures[failure]) {
        *ret = writer->failures[failure];
        return DM_OK;
    }
    char iri[128];
    const int n =
        snprintf(iri, sizeof(iri), "%s%s", prefix, dm_failure_name(failure));
    assert(n > 0 && (size_t)n < sizeof(iri));
    const struct dm_term term = dm_term_iri(dm_str(iri));
    const enum dm_status status =
        dm_txn_intern(txn, &term, &writer->failures[failure]);
    *ret = writer->failures[failure];
    return status;
}

static enum dm_status
read_known(struct dm_writer *writer, struct dm_txn *txn,
           struct known_check *check)
{
    const struct dm_term term = dm_term_iri(dm_str(check->iri));
    struct dm_latest latest;
    enum dm_status status = dm_txn_intern(txn, &term, &check->id);
    if (status) {
        return status;
    }
    check->status = DM_RESULT_STALE;
    check->certificate_expires_ms = DM_NO_TIME;
    status = dm_txn_latest(txn, writer->log, check->id, &latest);
    if (!status && latest.event.key.ms) {
        check->status = latest.event.status;
        check->certificate_expires_ms = latest.certificate_expires_ms;
    }
    return status == DM_ERR_NOT_FOUND ? DM_OK : status;
}

static enum dm_status
known_check(struct dm_writer *writer, struct dm_txn *txn, struct dm_str iri,
            struct known_check **ret)
{
    const struct dm_map_entry *found = dm_map_get(&writer->checks, iri);
    if (found) {
        *ret = found->value.ptr;
        return DM_OK;
    }
    struct known_check *check = dm_calloc(1, sizeof(*check));
    enum dm_status status = DM_ERR_NO_MEMORY;
    if (check) {
        check->iri = dm_strndup(iri.data, iri.n);
    }
    if (check && check->iri) {
        status = read_known(writer, txn, check);
    }
    if (!status) {
        struct dm_map_entry *entry =
            dm_map_put(&writer->checks, dm_str(check->iri), NULL);
        if (entry) {
            entry->value.ptr = check;
            *ret = check;
            return DM_OK;
        }
        status = DM_ERR_NO_MEMORY;
    }
    if (check) {
        dm_free(check->iri);
        dm_free(check);
    }
    return status;
}

// ------------------------------------------------------------------- results

static struct dm_str
text_or_empty(struct dm_str text)
{
    return text.data ? text : (struct dm_str){"", 0};
}

static enum dm_status
record(struct dm_writer *writer, struct dm_txn *txn, struct dm_result *result,
       struct dm_change *change)
{
    struct known_check *check = NULL;
    enum dm_status status = known_check(writer, txn, result->check, &check);
    if (status) {
        return status;
    }
    struct dm_sample *samples = writer->samples;
    for (size_t i = 0; i < result->n_metrics; ++i) {
        const struct dm_metric *metric = &result->metrics[i];
        samples[i] = (struct dm_sample){
            .label = metric->label,
            .value = metric->value,
            .is_double = metric->is_double,
            .unit = text_or_empty(metric->unit),
            .warn = text_or_empty(metric->warn),
            .crit = text_or_empty(metric->crit),
        };
    }
    const bool counts = result->verdict <= DM_VERDICT_UNKNOWN;
    const enum dm_result_status verdict =
        (enum dm_result_status)result->verdict;
    change->before = check->status;
    change->is_change = counts && verdict != check->status;
    const bool keeps_output = change->is_change || !counts;
    const bool new_certificate =
        result->certificate_expires_ms != check->certificate_expires_ms;
    struct dm_event event = {
        .key = {.log = writer->log},
        .check = check->id,
        .status = verdict,
        .at_ms = result->at_ms,
        .micros = result->micros < 0 ? DM_NO_MICROS : result->micros,
        .certificate_expires_ms =
            new_certificate ? result->certificate_expires_ms : DM_NO_TIME,
        .message = text_or_empty(result->message),
        .output = keeps_output ? text_or_empty(result->output)
                               : (struct dm_str){"", 0},
        .run_id = text_or_empty(result->run_id),
        .samples = samples,
        .n_samples = result->n_metrics,
    };
    status = failure_id(writer, txn, result->failure, &event.failure);
    if (!status) {
        status = dm_txn_record(txn, &event, &change->key);
    }
    if (!status && counts) {
        check->status = verdict;
        if (result->certificate_expires_ms != DM_NO_TIME) {
            check->certificate_expires_ms = result->certificate_expires_ms;
        }
    }
    return status;
}

static struct dm_commit_note *
note_new(const struct dm_writer *writer)
{
    struct dm_commit_note *note = dm_calloc(1, sizeof(*note));
    if (note && writer->n_batch) {
        note->changes = dm_calloc(writer->n_batch, sizeof(*note->changes));
        if (!note->changes) {
            dm_free(note);
            return NULL;
        }
    }
    return note;
}

// Results in the run of bad ones, with the one that was just recorded: the row
// that dm_txn_latest() shows is the one before it
static enum dm_status
count_bad(const struct dm_writer *writer, struct dm_txn *txn, dm_id check,
          int64_t *ret)
{
    struct dm_latest before;
    const enum dm_status status =
        dm_txn_latest(txn, writer->log, check, &before);
    if (status && status != DM_ERR_NOT_FOUND) {
        return status;
    }
    *ret = status ? 1 : before.bad + 1;
    return DM_OK;
}

static enum dm_status
record_batch(struct dm_writer *writer, struct dm_txn *txn,
             struct dm_commit_note *note)
{
    enum dm_status status = follow_generation(writer, txn);
    for (size_t i = 0; !status && i < writer->n_batch; ++i) {
        struct dm_change *change = &note->changes[i];
        status = record(writer, txn, writer->pending[i], change);
        note->has_status_change |= change->is_change;
        const enum dm_verdict verdict = writer->pending[i]->verdict;
        if (!status &&
            (verdict == DM_VERDICT_WARNING || verdict == DM_VERDICT_CRITICAL)) {
            struct known_check *check = NULL;
            status =
                known_check(writer, txn, writer->pending[i]->check, &check);
            if (!status) {
                status = count_bad(writer, txn, check->id, &change->bad);
            }
        }
    }
    return status;
}

// ---------------------------------------------------------------- durability

static bool
is_durable(const struct dm_writer *writer, const struct dm_commit_note *note,
           const struct dm_write_task *task, int64_t now_ns)
{
    return note->has_status_change || (task && task->durable) ||
           now_ns - writer->durable_ns >= atomic_load(&writer->seal_ns);
}

// ------------------------------------------------------------------- sealing

// When an entry is due, whatever comes
static int64_t
seal_due_ns(const struct dm_writer *writer)
{
    if (!writer->options.sealer) {
        return DM_NEVER_DUE;
    }
    const int64_t wait = writer->wants_seal ? DM_WRITER_SEAL_LEAST_NS
                                            : atomic_load(&writer->seal_ns);
    const int64_t due = writer->sealed_ns + wait;
    return due > writer->seal_from_ns ? due : writer->seal_from_ns;
}

static bool
is_seal_due(struct dm_writer *writer, const struct dm_commit_note *note,
            const struct dm_write_task *task, int64_t now_ns)
{
    if (note->has_status_change || (task && task->seals)) {
        writer->wants_seal = true;
    }
    return now_ns >= seal_due_ns(writer);
}

// Seal in the transaction. Whether one may not seal yet is no failure.
static enum dm_status
seal(struct dm_writer *writer, struct dm_txn *txn, struct dm_sealed *ret,
     bool *ret_is_sealed, struct dm_error *error)
{
    const enum dm_status status =
        dm_sealer_seal(writer->options.sealer, txn,
                       dm_env_wall_ms(writer->options.env), ret, error);
    *ret_is_sealed = !status;
    return status == DM_ERR_STATE ? DM_OK : status;
}

static void
tell_sealed(struct dm_writer *writer, const struct dm_sealed *sealed,
            int64_t now_ns)
{
    struct dm_error error = {0};
    const enum dm_status status = dm_sealer_committed(writer->options.sealer);
    writer->sealed_ns = now_ns;
    writer->wants_seal = sealed->has_more;
    if (status) {
        (void)dm_error_set(&error, status, "the guard cannot be written: %s",
                           dm_status_text(status));
    }
    if (writer->options.on_sealed) {
        writer->options.on_sealed(writer->options.context, sealed,
                                  status ? &error : NULL);
    }
}

// --------------------------------------------------------------- transactions

// What was counted in a transaction that did not come to pass
static void
forget_transaction(struct dm_writer *writer)
{
    forget_checks(writer);
    writer->generation = 0;
    memset(writer->failures, 0, sizeof(writer->failures));
    if (writer->options.sealer) {
        dm_sealer_undo(writer->options.sealer);
    }
}

// Results and at most one task, in one transaction; with an entry of the log
// where one is due and `may_seal`.
static enum dm_status
commit(struct dm_writer *writer, struct dm_commit_note *note,
       struct dm_write_task *task, int64_t now_ns, bool may_seal,
       struct dm_error *seal_error)
{
    struct dm_txn *txn = NULL;
    struct dm_sealed sealed;
    bool is_sealed = false;
    enum dm_status status = dm_txn_begin(writer->options.store, &txn);
    if (status) {
        return status;
    }
    status = record_batch(writer, txn, note);
    if (!status && task) {
        status = task->apply(task, txn);
    }
    if (!status && may_seal && is_seal_due(writer, note, task, now_ns)) {
        status = seal(writer, txn, &sealed, &is_sealed, seal_error);
    }
    if (status) {
        dm_txn_rollback(txn);
    } else {
        const bool durable =
            (is_sealed && !DM_FAULT("serve a log before it is durable")) ||
            is_durable(writer, note, task, now_ns);
        status =
            dm_txn_commit(txn, durable ? DM_COMMIT_DURABLE : DM_COMMIT_NORMAL);
        if (!status && durable) {
            writer->durable_ns = now_ns;
        } else if (status == DM_ERR_STATE) {
            status = DM_OK; // Committed, not yet safe: the next one is durable
            if (is_sealed) {
                dm_sealer_undo(writer->options.sealer); // Told with that one
                is_sealed = false;
            }
        }
    }
    if (status) {
        forget_transaction(writer);
    } else if (is_sealed) {
        tell_sealed(writer, &sealed, now_ns);
    } else if (may_seal && now_ns >= seal_due_ns(writer)) {
        writer->seal_from_ns = now_ns + DM_WRITER_SEAL_LEAST_NS; // Not released
    }
    return status;
}

static enum dm_status
commit_sealing(struct dm_writer *writer, struct dm_commit_note *note,
               struct dm_write_task *task, int64_t now_ns)
{
    struct dm_error error = {0};
    const bool may_seal = writer->options.sealer != NULL;
    enum dm_status status =
        commit(writer, note, task, now_ns, may_seal, &error);
    if (!status || !error.status || status == DM_ERR_FULL) {
        return status;
    }
    // Sealing is at fault: what was found out is written all the same
    writer->seal_from_ns = now_ns + DM_WRITER_SEAL_AGAIN_NS;
    if (writer->options.on_sealed) {
        writer->options.on_sealed(writer->options.context, NULL, &error);
    }
    if (writer->n_batch) {
        memset(note->changes, 0, writer->n_batch * sizeof(*note->changes));
    }
    note->has_status_change = false;
    return commit(writer, note, task, now_ns, false, NULL);
}

// The batch is written: its results leave pending, with the note
static void
tell(struct dm_writer *writer, struct dm_commit_note *note)
{
    for (size_t i = 0; i < writer->n_batch; ++i) {
        note->changes[i].result = writer->pending[i];
    }
    note->n_changes = writer->n_batch;
    note->dropped = writer->dropped;
    if (writer->n_batch) {
        writer->n_pending -= writer->n_batch;
        memmove(writer->pending, writer->pending + writer->n_batch,
                writer->n_pending * sizeof(struct dm_result *));
    }
    writer->n_batch = 0;
    writer->options.committed(writer->options.context, note);
}

// Make room: the oldest good result goes first, since it says the least; where
// all are bad, the oldest of them.
static void
drop_one(struct dm_writer *writer)
{
    size_t victim = 0;
    for (size_t i = 0; i < writer->n_pending; ++i) {
        if (writer->pending[i]->verdict == DM_VERDICT_OK) {
            victim = i;
            break;
        }
    }
    dm_result_free(writer->pending[victim]);
    --writer->n_pending;
    memmove(&writer->pending[victim], &writer->pending[victim + 1],
            (writer->n_pending - victim) * sizeof(struct dm_result *));
    ++writer->dropped;
}

static void
append(struct dm_writer *writer, struct dm_result *result)
{
    if (writer->n_pending == DM_WRITER_HELD_MAX) {
        drop_one(writer);
    }
    struct dm_result **pending = dm_grow(
        writer->pending, &writer->pending_capacity, writer->n_pending + 1,
        sizeof(struct dm_result *), DM_WRITER_HELD_MAX);
    if (!pending) {
        dm_result_free(result);
        ++writer->dropped;
        return;
    }
    writer->pending = pending;
    pending[writer->n_pending++] = result;
}

// Nothing could be written: give up the ballast once, and try again later
static void
meet_full_disk(struct dm_writer *writer, struct dm_commit_note *note,
               int64_t now_ns)
{
    if (writer->has_ballast) {
        (void)dm_env_remove(writer->options.env, writer->options.ballast_path);
        writer->has_ballast = false;
    }
    writer->is_full = true;
    writer->retry_ns = now_ns + RETRY_NS;
    if (writer->retain_ns > writer->retry_ns) {
        writer->retain_ns = writer->retry_ns;
    }
    note->is_full = true;
    writer->n_batch = 0; // They stay pending
    tell(writer, note);
}

static void
write_batch(struct dm_writer *writer, struct dm_write_task *task,
            int64_t now_ns)
{
    struct dm_commit_note *note = note_new(writer);
    if (!note) {
        if (task) {
            task->finished(task, DM_ERR_NO_MEMORY);
        }
        writer->is_full = true; // Tried again when there is memory
        writer->retry_ns = now_ns + RETRY_NS;
        return;
    }
    enum dm_status status = commit_sealing(writer, note, task, now_ns);
    if (status && task) {
        // Perhaps the task alone is at fault: the results go without it
        task->finished(task, status);
        task = NULL;
        if (note->changes) {
            memset(note->changes, 0, writer->n_batch * sizeof(*note->changes));
        }
        note->has_status_change = false;
        status = commit_sealing(writer, note, NULL, now_ns);
    }
    if (status) {
        meet_full_disk(writer, note, now_ns);
        return;
    }
    writer->is_full = false;
    if (task) {
        task->finished(task, DM_OK);
    }
    tell(writer, note);
}

// -------------------------------------------------------------------- upkeep

static void
retain_slice(struct dm_writer *writer, int64_t now_ns)
{
    const struct dm_retention retention = {
        .events_before_ms = dm_env_wall_ms(writer->options.env) -
                            atomic_load(&writer->keep_raw_ms),
        .max_bytes = atomic_load(&writer->max_bytes),
        .slice_rows = RETAIN_ROWS,
    };
    struct dm_txn *txn = NULL;
    bool more = false;
    enum dm_status status = dm_txn_begin(writer->options.store, &txn);
    if (!status) {
        status = dm_txn_retain(txn, &retention, &more);
        if (status) {
            dm_txn_rollback(txn);
        } else {
            status = dm_txn_commit(txn, DM_COMMIT_NORMAL);
        }
    }
    writer->retain_ns = now_ns + (more && !status ? 0 : RETAIN_NS);
}

static bool
keep_up(struct dm_writer *writer, int64_t now_ns)
{
    if (now_ns >= writer->retain_ns) {
        retain_slice(writer, now_ns);
        return true;
    }
    if (now_ns >= writer->checkpoint_ns) {
        uint64_t left = 0;
        const enum dm_status status =
            dm_store_checkpoint(writer->options.store, &left);
        writer->checkpoint_ns =
            now_ns + (status || left ? CHECKPOINT_AGAIN_NS : CHECKPOINT_NS);
        return true;
    }
    return false;
}

// ---------------------------------------------------------------------- steps

// Take what waits off the queue
static void
take_results(struct dm_writer *writer)
{
    for (unsigned i = 0; i < TAKEN_IN_STEP; ++i) {
        struct dm_result *result = dm_queue_pop(writer->results);
        if (!result) {
            break;
        }
        append(writer, result);
    }
}

static void
choose_batch(struct dm_writer *writer)
{
    writer->n_batch = writer->n_pending < DM_WRITER_BATCH ? writer->n_pending
                                                          : DM_WRITER_BATCH;
}

// Whether what is pending is to be written now; else when
static bool
is_batch_due(const struct dm_writer *writer, int64_t now_ns,
             int64_t *ret_due_ns)
{
    *ret_due_ns = seal_due_ns(writer);
    if (writer->is_full) {
        *ret_due_ns = writer->retry_ns;
        return now_ns >= writer->retry_ns;
    }
    if (writer->n_pending && writer->next_ns < *ret_due_ns) {
        *ret_due_ns = writer->next_ns;
    }
    return writer->n_pending >= DM_WRITER_BATCH || now_ns >= *ret_due_ns;
}

static int64_t
least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static enum dm_progress
step(void *self, int64_t now_ns, int64_t *ret_due_ns)
{
    struct dm_writer *writer = self;
    DM_ON_WRITER();
    atomic_store(&writer->alive_ns, now_ns);

    int64_t due = DM_NEVER_DUE;
    take_results(writer);
    struct dm_write_task *task = dm_queue_pop(writer->tasks);
    if (task || is_batch_due(writer, now_ns, &due)) {
        choose_batch(writer);
        if (writer->n_batch) {
            writer->next_ns = now_ns + DM_WRITER_DELAY_NS;
        }
        write_batch(writer, task, now_ns);
        return DM_PROGRESS_WORKED;
    }
    if (keep_up(writer, now_ns)) {
        return DM_PROGRESS_WORKED;
    }
    *ret_due_ns = least(due, least(writer->retain_ns, writer->checkpoint_ns));
    return DM_PROGRESS_IDLE;
}

struct dm_actor
dm_writer_actor(struct dm_writer *writer)
{
    return (struct dm_actor){
        .name = "writer",
        .role = DM_ROLE_WRITER,
        .step = step,
        .self = writer,
    };
}

// At the end what waits is written, durably as far as the disk allows
static void
write_rest(struct dm_writer *writer)
{
    const int64_t now = dm_env_monotonic_ns(writer->options.env);
    writer->is_full = false;
    do {
        struct dm_write_task *task = dm_queue_pop(writer->tasks);
        take_results(writer);
        if (!task && !writer->n_pending) {
            break;
        }
        writer->durable_ns = now - atomic_load(&writer->seal_ns);
        choose_batch(writer);
        write_batch(writer, task, now);
    } while (
        !writer->is_full); // Without room they are lost, as the header says
}

void
dm_writer_free(struct dm_writer *writer)
{
    if (!writer) {
        return;
    }
    if (writer->results && writer->tasks) {
        write_rest(writer);
    }
    for (size_t i = 0; i < writer->n_pending; ++i) {
        dm_result_free(writer->pending[i]);
    }
    dm_free(writer->pending);
    dm_queue_free(writer->results);
    dm_queue_free(writer->tasks);
    forget_checks(writer);
    dm_free(writer->log_iri);
    dm_free(writer);
}
