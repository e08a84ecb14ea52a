// SPDX-License-Identifier: ISC

#include "tests/sim/logs.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "daemon/node_private.h"
#include "quadstore/blocks.h"
#include "quadstore/history.h"
#include "quadstore/scan.h"
#include "quadstore/store.h"
#include "rdf/writer.h"
#include "sim/disk.h"
#include "sim/node.h"
#include "sim/random.h"
#include "sync/audit.h"
#include "sync/car.h"
#include "sync/chain.h"
#include "sync/serve.h"
#include "tests/check.h"

#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 65536U
#define EVENTS_MAX ((size_t)1 << 20)
#define FLIPS_MAX 64U
#define MEMORY_MAX ((size_t)256 << 20)
#define LINE_BYTES_MAX ((size_t)1 << 20)
#define PRESENT_EVERY 6U // Looks
#define BORDER 64U       // Entries behind the last one are read at every start
#define STORE_PATH DM_SIM_NODE_DATA "/demonitor.db"

// An event that was sealed, or waits to be
struct fact {
    int64_t ms;
    uint8_t n;
    uint64_t digest;
};

struct facts {
    struct fact *items;
    size_t n;
    size_t capacity;
};

// A log as its writer has it, and as others have seen it
struct truth {
    uint8_t public[DM_KEY_PUBLIC_BYTES];
    char iri[DM_KEY_IRI_SIZE];
    uint64_t *names; // Of entries, by seq - 1; 0: not seen
    size_t n_names;
    size_t names_capacity;
    struct facts sealed;
    bool has_agreed;
    bool was_restored; // Its writer's counts begin anew with what came late
};

// A log at a node
struct copy {
    bool is_there;
    uint64_t seq;
    uint64_t first;
    struct dm_cid head;
    struct fact last; // Newest sealed event
    uint64_t n_events;
};

struct flip {
    size_t node;
    size_t log;
    uint64_t seq;
    struct dm_cid cid;
};

struct logs {
    struct dm_sim_fleet *fleet;
    struct dm_sim_station *stations[LOGS_NODES];
    struct truth truths[LOGS_NODES];
    struct copy copies[LOGS_NODES][LOGS_NODES]; // Node, log
    struct facts unsealed[LOGS_NODES];          // Own events, at the last look
    bool had_power[LOGS_NODES];                 // Since it was up
    struct flip flips[FLIPS_MAX];
    size_t n_flips;
    uint64_t n_flips_found;
    uint64_t n_looks;
    bool has_bad;
    uint8_t bad_log[DM_KEY_PUBLIC_BYTES];
    uint64_t bad_most;
    struct dm_error error;
};

// A node's store, open
struct view {
    struct logs *logs;
    size_t node;
    struct dm_work work;
    struct dm_snapshot *snapshot;
};

static void
fail(struct logs *logs, size_t node, size_t log, const char *what,
     uint64_t number)
{
    if (logs->error.status == DM_OK) {
        (void)dm_error_set(&logs->error, DM_ERR_CORRUPT, "%s", what);
        dm_error_detail(
            &logs->error, "log of %s at %s, %llu, at %lld ms",
            dm_sim_station_name(logs->stations[log]),
            dm_sim_station_name(logs->stations[node]),
            (unsigned long long)number,
            (long long)(dm_sim_world_now_ns(dm_sim_fleet_world(logs->fleet)) /
                        1000000));
    }
}

static const struct dm_node *
node_of(const struct logs *logs, size_t node)
{
    return dm_sim_station_node(logs->stations[node]);
}

static bool
view_open(struct logs *logs, size_t node, struct view *view)
{
    const struct dm_node *daemon = node_of(logs, node);
    if (!daemon) {
        return false;
    }
    view->logs = logs;
    view->node = node;
    dm_work_init(&view->work, daemon->env, INT64_MAX, MEMORY_MAX);
    CHECK_INT(dm_snapshot_open(daemon->store, &view->work, &view->snapshot),
              DM_OK);
    return true;
}

static void
view_close(struct view *view)
{
    dm_snapshot_close(view->snapshot);
}

// --------------------------------------------------------------------- digests

static uint64_t
mix(uint64_t hash, const void *bytes, size_t n)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < n; ++i) {
        hash = (hash ^ at[i]) * UINT64_C(1099511628211);
    }
    return (hash ^ 0xFFU) * UINT64_C(1099511628211); // An end that is no byte
}

static uint64_t
mix_str(uint64_t hash, struct dm_str text)
{
    return mix(hash, text.n ? text.data : "", text.n);
}

static uint64_t
mix_int(uint64_t hash, int64_t value)
{
    return mix(hash, &value, sizeof(value));
}

static uint64_t
mix_term(struct view *view, uint64_t hash, dm_id id)
{
    struct dm_term term = {.kind = DM_TERM_NONE};
    if (id != DM_ID_NONE) {
        CHECK_INT(dm_snapshot_term(view->snapshot, id, &term), DM_OK);
    }
    return mix_str(hash, term.value);
}

static uint64_t
digest_event(struct view *view, const struct dm_event *event)
{
    uint64_t hash = mix_int(UINT64_C(14695981039346656037), event->at_ms);
    hash = mix_int(hash, (int64_t)event->status);
    hash = mix_int(hash, event->micros);
    hash = mix_int(hash, event->certificate_expires_ms);
    hash = mix_str(hash, event->message);
    hash = mix_str(hash, event->output);
    hash = mix_str(hash, event->run_id);
    for (size_t i = 0; i < event->n_samples; ++i) {
        hash = mix_str(hash, event->samples[i].label);
        hash = mix_str(hash, event->samples[i].value);
        hash = mix_str(hash, event->samples[i].unit);
    }
    hash = mix_term(view, hash, event->check);
    return mix_term(view, hash, event->failure);
}

static int
compare_facts(const struct fact *a, const struct fact *b)
{
    if (a->ms != b->ms) {
        return a->ms < b->ms ? -1 : 1;
    }
    return a->n == b->n ? 0 : a->n < b->n ? -1 : 1;
}

// Place of a fact, or where it belongs
static size_t
place_of(const struct facts *facts, const struct fact *fact, bool *ret_is_there)
{
    size_t low = 0;
    size_t high = facts->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (compare_facts(&facts->items[middle], fact) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *ret_is_there =
        low < facts->n && compare_facts(&facts->items[low], fact) == 0;
    return low;
}

static void
insert(struct facts *facts, size_t at, const struct fact *fact)
{
    struct fact *items = dm_grow(facts->items, &facts->capacity, facts->n + 1,
                                 sizeof(*items), EVENTS_MAX);
    if (!items) {
        abort();
    }
    facts->items = items;
    memmove(&items[at + 1], &items[at], (facts->n - at) * sizeof(*items));
    items[at] = *fact;
    ++facts->n;
}

// --------------------------------------------------------------------- looking

// The names that entries have
static void
see_entry(struct logs *logs, size_t node, size_t log,
          const struct dm_block *block)
{
    struct truth *truth = &logs->truths[log];
    const uint64_t seq = block->place.seq;
    CHECK(seq > 0);
    const uint64_t name =
        mix(UINT64_C(14695981039346656037), block->name, sizeof(block->name));
    if (seq > truth->n_names) {
        uint64_t *names = dm_grow(truth->names, &truth->names_capacity, seq,
                                  sizeof(*names), ENTRIES_MAX);
        if (!names) {
            abort();
        }
        truth->names = names;
        memset(&names[truth->n_names], 0,
               (seq - truth->n_names) * sizeof(*names));
        truth->n_names = seq;
    }
    if (truth->names[seq - 1] != 0 && truth->names[seq - 1] != name) {
        fail(logs, node, log, "a log has forked", seq);
    }
    truth->names[seq - 1] = name;
}

static void
see_entries(struct view *view, size_t log, dm_log_no number, uint64_t from)
{
    struct dm_blocks *blocks = NULL;
    struct dm_block block;
    CHECK_INT(
        dm_blocks_open(view->snapshot, number, DM_BLOCK_ENTRY, from, &blocks),
        DM_OK);
    enum dm_status status = DM_OK;
    while ((status = dm_blocks_next(blocks, &block)) == DM_OK) {
        see_entry(view->logs, view->node, log, &block);
    }
    CHECK_INT(status, DM_END);
    dm_blocks_close(blocks);
}

// An event as it stands in a copy (L2)
static void
see_event(struct view *view, size_t log, const struct fact *fact)
{
    struct logs *logs = view->logs;
    struct facts *sealed = &logs->truths[log].sealed;
    bool is_there = false;
    const size_t at = place_of(sealed, fact, &is_there);
    // What its writer has now was seen before the copies of others
    const bool is_writer = view->node == log || !node_of(logs, log);
    if (is_there && sealed->items[at].digest != fact->digest) {
        fail(logs, view->node, log, "an event is another one than it was",
             (uint64_t)fact->ms);
    } else if (!is_there && !is_writer) {
        fail(logs, view->node, log, "an event is not one of its writer's",
             (uint64_t)fact->ms);
    } else if (!is_there) {
        insert(sealed, at, fact);
    }
}

// Events behind the last one that was looked at
static void
see_events(struct view *view, size_t log, dm_log_no number,
           const struct dm_event_key *last)
{
    struct copy *copy = &view->logs->copies[view->node][log];
    struct facts *unsealed = &view->logs->unsealed[view->node];
    struct dm_history *history = NULL;
    struct dm_history_spec spec = {
        .filter = dm_history_all(),
        .order = DM_ORDER_KEY,
        .columns = DM_COLUMN_TEXTS | DM_COLUMN_SAMPLES,
    };
    spec.filter.log = number;
    spec.filter.after = (struct dm_event_key){
        .log = number, .ms = copy->last.ms, .n = copy->last.n};
    const struct fact border = {.ms = last->ms, .n = last->n};
    struct dm_event event;
    if (view->node == log) {
        unsealed->n = 0;
    }
    CHECK_INT(dm_history_open(view->snapshot, &spec, &history), DM_OK);
    enum dm_status status = DM_OK;
    while ((status = dm_history_next(history, &event)) == DM_OK) {
        const struct fact fact = {.ms = event.key.ms,
                                  .n = event.key.n,
                                  .digest = digest_event(view, &event)};
        if (compare_facts(&fact, &border) <= 0) {
            see_event(view, log, &fact);
            copy->last = fact;
            ++copy->n_events;
        } else if (view->node == log) {
            insert(unsealed, unsealed->n, &fact);
        } else {
            fail(view->logs, view->node, log, "an event is in no entry",
                 (uint64_t)fact.ms);
        }
    }
    CHECK_INT(status, DM_END);
    dm_history_close(history);
}

static void
look_at_log(struct view *view, size_t log)
{
    struct logs *logs = view->logs;
    const struct truth *truth = &logs->truths[log];
    struct copy *copy = &logs->copies[view->node][log];
    struct dm_chain *chain = NULL;
    dm_log_no number = 0;
    enum dm_status status =
        dm_snapshot_log_number(view->snapshot, dm_str(truth->iri), &number);
    if (!status) {
        status = dm_chain_peek(view->snapshot, truth->public, &chain);
    }
    CHECK(!status || status == DM_ERR_NOT_FOUND);
    if (!chain) {
        if (copy->is_there) {
            fail(logs, view->node, log, "a log is gone", copy->seq);
        }
        return;
    }
    if (chain->forked_at) {
        fail(logs, view->node, log, "a log was frozen", chain->forked_at);
    }
    if (chain->seq < copy->seq) {
        fail(logs, view->node, log, "a log went back", chain->seq);
    }
    see_entries(view, log, number, copy->seq + 1);
    see_events(view, log, number, &chain->last_event);
    copy->is_there = true;
    copy->seq = chain->seq;
    copy->first = chain->first;
    copy->head = chain->head;
    dm_chain_free(chain);
    dm_snapshot_release_texts(view->snapshot);
}

// L4
static bool
is_changed(struct view *view, const struct flip *flip)
{
    struct logs *logs = view->logs;
    struct dm_str data = {"", 0};
    const enum dm_status status =
        dm_serve_block(view->snapshot, &flip->cid, &data);
    if (!status && !dm_cid_names(&flip->cid, data)) {
        fail(logs, flip->node, flip->log, "a changed block is served",
             flip->seq);
    }
    if (status != DM_ERR_CORRUPT) {
        return false; // Not there any more, or as it was
    }
    const struct dm_serve_spec spec = {
        .log = logs->truths[flip->log].public,
        .after = flip->seq - 1,
        .until = UINT64_MAX,
        .limit = 1,
        .with_data = true,
    };
    struct dm_buf car;
    uint64_t first = 0;
    dm_buf_init(&car, DM_CAR_MAX);
    if (dm_serve_entries(view->snapshot, &spec, &car, &first, NULL) == DM_OK) {
        fail(logs, flip->node, flip->log, "a changed block is in a CAR",
             flip->seq);
    }
    dm_buf_done(&car);
    return true;
}

static void
look_at_bad(struct view *view)
{
    struct logs *logs = view->logs;
    struct dm_chain *chain = NULL;
    if (logs->has_bad &&
        dm_chain_peek(view->snapshot, logs->bad_log, &chain) == DM_OK &&
        chain->seq > logs->bad_most) {
        fail(logs, view->node, view->node, "an entry that is no good was taken",
             chain->seq);
    }
    dm_chain_free(chain);
}

static void
look_at(struct view *view)
{
    struct logs *logs = view->logs;
    look_at_bad(view);
    for (size_t log = 0; log < LOGS_NODES; ++log) {
        look_at_log(view, log);
    }
    for (size_t i = 0; i < logs->n_flips; ++i) {
        if (logs->flips[i].node == view->node) {
            (void)is_changed(view, &logs->flips[i]);
        }
    }
}

// L7
static void
check_present(struct view *view)
{
    struct logs *logs = view->logs;
    struct dm_latest_scan *scan = NULL;
    struct dm_latest latest;
    dm_log_no number = 0;
    enum dm_status status = DM_OK;
    if (dm_snapshot_log_number(view->snapshot,
                               dm_str(logs->truths[view->node].iri), &number)) {
        return;
    }
    CHECK_INT(dm_latest_open(view->snapshot, number, DM_ID_NONE, &scan), DM_OK);
    while ((status = dm_latest_next(scan, &latest)) == DM_OK) {
        struct dm_history_spec spec = {
            .filter = dm_history_all(), .backwards = true, .limit = 1};
        struct dm_history *history = NULL;
        struct dm_event event;
        spec.filter.log = number;
        spec.filter.check = latest.event.check;
        CHECK_INT(dm_history_open(view->snapshot, &spec, &history), DM_OK);
        if (dm_history_next(history, &event) == DM_OK &&
            (event.key.ms != latest.event.key.ms ||
             event.key.n != latest.event.key.n)) {
            fail(logs, view->node, view->node, "the present is not the newest",
                 (uint64_t)event.key.ms);
        }
        dm_history_close(history);
    }
    CHECK_INT(status, DM_END);
    dm_latest_close(scan);
}

// Each own log first, so that what others have of it is known
void
logs_look(struct logs *logs)
{
    struct view view;
    for (size_t node = 0; node < LOGS_NODES; ++node) {
        if (view_open(logs, node, &view)) {
            look_at_log(&view, node);
            if (logs->n_looks % PRESENT_EVERY == 0) {
                check_present(&view);
            }
            view_close(&view);
        }
    }
    ++logs->n_looks;
    for (size_t node = 0; node < LOGS_NODES; ++node) {
        if (view_open(logs, node, &view)) {
            look_at(&view);
            view_close(&view);
        }
    }
}

// ---------------------------------------------------------------- after a boot

// What was not sealed and outlasts a kill: in the same order, perhaps with more
// between
static void
check_unsealed(struct view *view, const struct facts *before)
{
    struct logs *logs = view->logs;
    const size_t node = view->node;
    const struct facts *after = &logs->unsealed[node];
    const struct facts *sealed = &logs->truths[node].sealed;
    for (size_t i = 0; i < before->n; ++i) {
        bool is_there = false;
        const size_t at = place_of(after, &before->items[i], &is_there);
        bool is_same =
            is_there && after->items[at].digest == before->items[i].digest;
        if (!is_there) {
            const size_t place = place_of(sealed, &before->items[i], &is_there);
            is_same = is_there &&
                      sealed->items[place].digest == before->items[i].digest;
        }
        if (!is_same) {
            fail(logs, node, node, "an event that was seen is gone",
                 (uint64_t)before->items[i].ms);
        }
    }
}

// What a copy may hold since the last look is known of its writer first
static void
look_at_writers(struct logs *logs, size_t but)
{
    struct view view;
    for (size_t node = 0; node < LOGS_NODES; ++node) {
        if (node != but && view_open(logs, node, &view)) {
            look_at_log(&view, node);
            view_close(&view);
        }
    }
}

// L3: the whole store anew
static void
after_boot(struct logs *logs, size_t node)
{
    struct view view;
    struct copy before[LOGS_NODES];
    struct facts unsealed = logs->unsealed[node];
    logs->unsealed[node] = (struct facts){.n = 0};
    memcpy(before, logs->copies[node], sizeof(before));
    memset(logs->copies[node], 0, sizeof(before));
    look_at_writers(logs, node);
    CHECK(view_open(logs, node, &view));
    for (size_t log = 0; log < LOGS_NODES; ++log) {
        look_at_log(&view, log);
        const struct copy *copy = &logs->copies[node][log];
        if (copy->seq < before[log].seq) {
            fail(logs, node, log, "sealed entries are gone", before[log].seq);
        }
        if (copy->n_events < before[log].n_events) {
            fail(logs, node, log, "sealed events are gone",
                 before[log].n_events - copy->n_events);
        }
    }
    if (logs->had_power[node]) {
        check_unsealed(&view, &unsealed);
    }
    look_at(&view);
    view_close(&view);
    dm_free(unsealed.items);
    logs->had_power[node] = true;
}

static enum dm_status
property(void *context, struct dm_sim_fleet *fleet,
         struct dm_sim_station *station, enum dm_sim_moment moment,
         struct dm_error *error)
{
    struct logs *logs = context;
    (void)fleet;
    for (size_t node = 0; node < LOGS_NODES; ++node) {
        if (logs->stations[node] != station) {
            continue;
        }
        if (moment == DM_SIM_AFTER_BOOT) {
            after_boot(logs, node);
        } else {
            // A start that comes to nothing is a kill, too
            logs->had_power[node] =
                logs->had_power[node] && moment == DM_SIM_AFTER_KILL;
        }
    }
    return logs_check(logs, error);
}

// --------------------------------------------------------------------- backups

bool
logs_may_restore(struct logs *logs, size_t node)
{
    CHECK(!node_of(logs, node));
    logs_look(logs);
    uint64_t seq = 0;
    for (size_t other = 0; other < LOGS_NODES; ++other) {
        const struct copy *copy = &logs->copies[other][node];
        if (other == node) {
            continue;
        }
        if (!node_of(logs, other) || !copy->is_there ||
            (seq > 0 && copy->seq != seq)) {
            return false;
        }
        seq = copy->seq;
    }
    return true;
}

void
logs_restored(struct logs *logs, size_t node)
{
    struct truth *truth = &logs->truths[node];
    truth->was_restored = true;
    uint64_t seq = 0;
    struct fact last = {.ms = 0};
    for (size_t other = 0; other < LOGS_NODES; ++other) {
        const struct copy *copy = &logs->copies[other][node];
        if (other != node && copy->seq > seq) {
            seq = copy->seq;
            last = copy->last;
        }
    }
    truth->n_names = seq < truth->n_names ? seq : truth->n_names;
    while (truth->sealed.n > 0 &&
           compare_facts(&truth->sealed.items[truth->sealed.n - 1], &last) >
               0) {
        --truth->sealed.n;
    }
    memset(logs->copies[node], 0, sizeof(logs->copies[node]));
    logs->unsealed[node].n = 0;
    logs->had_power[node] = false;
}

// ----------------------------------------------------------------------- flips

// The first place of `bytes` in the file of the store, or false
static bool
find_on_disk(struct dm_sim_disk *disk, struct dm_str bytes, uint64_t *ret)
{
    struct dm_sim_file *file = NULL;
    size_t n = 0;
    bool is_found = false;
    CHECK_INT(dm_sim_file_open(disk, STORE_PATH, DM_SIM_OPEN_EXISTING, &file),
              DM_OK);
    const size_t size = (size_t)dm_sim_file_size(file);
    char *all = dm_malloc(size + 1);
    CHECK(all);
    CHECK_INT(dm_sim_file_read(file, 0, all, size, &n), DM_OK);
    dm_sim_file_close(file);
    const size_t at = dm_str_find(dm_str_n(all, n), bytes);
    is_found = at < n;
    *ret = at;
    dm_free(all);
    return is_found;
}

// A copy of the entry at `seq`, or nothing
static bool
read_entry(struct view *view, size_t log, uint64_t seq, struct dm_buf *ret,
           struct dm_cid *cid)
{
    struct dm_block_place place = {.kind = DM_BLOCK_ENTRY, .seq = seq};
    struct dm_block block;
    CHECK_INT(dm_snapshot_log_number(view->snapshot,
                                     dm_str(view->logs->truths[log].iri),
                                     &place.log),
              DM_OK);
    if (dm_snapshot_block_at(view->snapshot, &place, &block)) {
        return false;
    }
    *cid = dm_cid_of(DM_CODEC_CBOR, block.data);
    return dm_buf_put_str(ret, block.data) == DM_OK;
}

bool
logs_flip(struct logs *logs, size_t node, size_t log,
          struct dm_sim_random *random)
{
    struct view view;
    struct dm_buf bytes;
    const struct copy *copy = &logs->copies[node][log];
    if (logs->n_flips == FLIPS_MAX || !node_of(logs, node) ||
        copy->seq <= copy->first + BORDER) {
        return false;
    }
    struct flip flip = {
        .node = node,
        .log = log,
        .seq = (uint64_t)dm_sim_random_between(random, (int64_t)copy->first,
                                               (int64_t)(copy->seq - BORDER)),
    };
    dm_buf_init(&bytes, DM_BLOCK_BYTES_MAX);
    CHECK(view_open(logs, node, &view));
    const bool is_there = read_entry(&view, log, flip.seq, &bytes, &flip.cid);
    view_close(&view);
    uint64_t at = 0;
    bool is_flipped = false;
    if (is_there) {
        struct dm_sim_disk *disk = dm_sim_station_disk(logs->stations[node]);
        dm_sim_station_end(logs->stations[node], DM_SIM_HARM_KILL);
        if (find_on_disk(disk, dm_buf_str(&bytes), &at)) {
            at += dm_sim_random_below(random, bytes.n);
            CHECK_INT(
                dm_sim_disk_flip(disk, STORE_PATH, at,
                                 (unsigned)dm_sim_random_below(random, 8)),
                DM_OK);
            logs->flips[logs->n_flips++] = flip;
            is_flipped = true;
        }
    }
    dm_buf_done(&bytes);
    return is_flipped;
}

// ------------------------------------------------------------------- agreement

static uint64_t
digest_graph(struct view *view, const char *iri)
{
    const struct dm_dataset dataset = {.default_graph = DM_DEFAULT_PLAIN,
                                       .all_named = true};
    const struct dm_term graph = dm_term_iri(dm_str(iri));
    struct dm_scan_spec spec = {.dataset = &dataset, .scope = DM_SCOPE_NAMED};
    struct dm_scan *scan = NULL;
    struct dm_quad_ids ids;
    struct dm_buf line;
    uint64_t sum = 0;
    enum dm_status status = DM_OK;
    CHECK_INT(dm_snapshot_intern(view->snapshot, &graph, &spec.g), DM_OK);
    CHECK_INT(dm_scan_open(view->snapshot, &spec, &scan), DM_OK);
    dm_buf_init(&line, LINE_BYTES_MAX);
    while ((status = dm_scan_next(scan, &ids)) == DM_OK) {
        struct dm_quad quad;
        CHECK_INT(dm_snapshot_term(view->snapshot, ids.s, &quad.s), DM_OK);
        CHECK_INT(dm_snapshot_term(view->snapshot, ids.p, &quad.p), DM_OK);
        CHECK_INT(dm_snapshot_term(view->snapshot, ids.o, &quad.o), DM_OK);
        CHECK_INT(dm_snapshot_term(view->snapshot, ids.g, &quad.g), DM_OK);
        dm_buf_clear(&line);
        CHECK_INT(dm_write_quad(&quad, &line), DM_OK);
        // Each once and in an order that is the store's own: so the sum
        sum += mix_str(UINT64_C(14695981039346656037), dm_buf_str(&line));
        dm_snapshot_release_texts(view->snapshot);
    }
    CHECK_INT(status, DM_END);
    dm_buf_done(&line);
    dm_scan_close(scan);
    return sum;
}

static uint64_t
digest_states(struct view *view, size_t log)
{
    struct dm_latest_scan *scan = NULL;
    struct dm_latest latest;
    dm_log_no number = 0;
    uint64_t sum = 0;
    enum dm_status status = DM_OK;
    CHECK_INT(dm_snapshot_log_number(
                  view->snapshot, dm_str(view->logs->truths[log].iri), &number),
              DM_OK);
    CHECK_INT(dm_latest_open(view->snapshot, number, DM_ID_NONE, &scan), DM_OK);
    while ((status = dm_latest_next(scan, &latest)) == DM_OK) {
        uint64_t hash = digest_event(view, &latest.event);
        hash = mix_int(hash, latest.event.key.ms);
        hash = mix_int(hash, latest.event.key.n);
        if (!view->logs->truths[log].was_restored) {
            hash = mix_int(hash, latest.since_ms);
            hash = mix_int(hash, latest.streak);
            hash = mix_int(hash, latest.bad);
            hash = mix_int(hash, latest.bad_since_ms);
        }
        sum += hash;
    }
    CHECK_INT(status, DM_END);
    dm_latest_close(scan);
    return sum;
}

static bool
has_same_heads(const struct logs *logs, size_t log)
{
    const struct copy *own = &logs->copies[log][log];
    for (size_t node = 0; node < LOGS_NODES; ++node) {
        const struct copy *copy = &logs->copies[node][log];
        if (!copy->is_there || copy->seq != own->seq ||
            !dm_cid_equal(&copy->head, &own->head)) {
            return false;
        }
    }
    return logs->unsealed[log].n == 0;
}

// L5
static void
compare_copies(struct logs *logs, size_t log)
{
    char config[DM_KEY_IRI_SIZE + sizeof("#config")];
    uint64_t digests[LOGS_NODES][3];
    (void)snprintf(config, sizeof(config), "%s#config", logs->truths[log].iri);
    for (size_t node = 0; node < LOGS_NODES; ++node) {
        struct view view;
        CHECK(view_open(logs, node, &view));
        digests[node][0] = digest_graph(&view, logs->truths[log].iri);
        digests[node][1] = digest_graph(&view, config);
        digests[node][2] = digest_states(&view, log);
        view_close(&view);
    }
    static const char *const whats[] = {
        "exports differ though heads are the same",
        "configurations differ though heads are the same",
        "states differ though heads are the same",
    };
    for (size_t node = 0; node < LOGS_NODES; ++node) {
        for (size_t i = 0; i < DM_COUNT_OF(whats); ++i) {
            if (digests[node][i] != digests[log][i]) {
                fail(logs, node, log, whats[i], logs->copies[log][log].seq);
            }
        }
    }
}

bool
logs_agree(struct logs *logs)
{
    bool is_all = true;
    for (size_t node = 0; node < LOGS_NODES; ++node) {
        if (!node_of(logs, node)) {
            return false;
        }
    }
    logs_look(logs);
    for (size_t log = 0; log < LOGS_NODES; ++log) {
        struct truth *truth = &logs->truths[log];
        if (!truth->has_agreed && has_same_heads(logs, log)) {
            compare_copies(logs, log);
            truth->has_agreed = true;
        }
        is_all = is_all && truth->has_agreed;
    }
    return is_all;
}

// ----------------------------------------------------------------------- audit

static enum dm_status
find_block(void *context, const struct dm_cid *cid, struct dm_str *ret)
{
    struct view *view = context;
    struct dm_block block;
    dm_snapshot_release_texts(view->snapshot);
    const enum dm_status status =
        dm_snapshot_block(view->snapshot, cid->bytes, &block);
    *ret = block.data;
    return status;
}

// The first entry of a copy that was changed, or 0
static uint64_t
first_change(struct view *view, size_t log)
{
    struct logs *logs = view->logs;
    uint64_t seq = 0;
    for (size_t i = 0; i < logs->n_flips; ++i) {
        const struct flip *flip = &logs->flips[i];
        if (flip->node != view->node || flip->log != log ||
            !is_changed(view, flip)) {
            continue;
        }
        ++logs->n_flips_found;
        seq = seq == 0 || flip->seq < seq ? flip->seq : seq;
    }
    return seq;
}

static void
audit(struct view *view, size_t log)
{
    struct logs *logs = view->logs;
    const uint64_t changed = first_change(view, log);
    struct dm_chain *chain = NULL;
    CHECK_INT(dm_chain_peek(view->snapshot, logs->truths[log].public, &chain),
              DM_OK);
    const struct dm_audit_spec spec = {
        .log = logs->truths[log].public,
        .record = dm_str_n((const char *)chain->record, chain->n_record),
        .now_ms = chain->time_ms,
        .all_signatures = true,
        .find = find_block,
        .context = view,
    };
    struct dm_audit *audit = dm_audit_new(&spec);
    CHECK(audit);
    enum dm_status status = DM_OK;
    while ((status = dm_audit_step(audit)) == DM_OK) {
    }
    CHECK_INT(status, DM_END);
    const struct dm_audit_report *report = dm_audit_report(audit);
    if (changed == 0 && report->verdict != DM_OK) {
        fail(logs, view->node, log, "a log is not found good", report->seq);
        dm_error_detail(
            &logs->error, "log of %s at %s, first %llu, tip %llu, %s %llu: %s",
            dm_sim_station_name(logs->stations[log]),
            dm_sim_station_name(logs->stations[view->node]),
            (unsigned long long)report->first, (unsigned long long)report->tip,
            dm_audit_place_text(report->place), (unsigned long long)report->seq,
            report->error.what);
    } else if (changed > 0 &&
               (report->verdict != DM_ERR_CORRUPT ||
                report->place != DM_AUDIT_ENTRY || report->seq != changed)) {
        fail(logs, view->node, log, "a changed entry is not found", changed);
    }
    dm_audit_free(audit);
    dm_chain_free(chain);
}

void
logs_finish(struct logs *logs)
{
    logs_look(logs);
    for (size_t node = 0; node < LOGS_NODES; ++node) {
        const struct copy *own = &logs->copies[node][node];
        struct view view;
        if (!view_open(logs, node, &view)) {
            fail(logs, node, node, "a node is not up at the end", 0);
            continue;
        }
        if (own->n_events != logs->truths[node].sealed.n) {
            fail(logs, node, node, "events that a peer held are gone",
                 logs->truths[node].sealed.n - own->n_events);
        }
        for (size_t log = 0; log < LOGS_NODES; ++log) {
            if (logs->copies[node][log].is_there) {
                audit(&view, log);
            }
            if (!logs->truths[log].has_agreed) {
                fail(logs, node, log, "copies are not the same at the end",
                     logs->copies[node][log].seq);
            }
        }
        view_close(&view);
    }
}

// ------------------------------------------------------------------------ life

struct logs *
logs_new(struct dm_sim_fleet *fleet,
         struct dm_sim_station *const stations[LOGS_NODES],
         const uint8_t publics[LOGS_NODES][DM_KEY_PUBLIC_BYTES])
{
    struct logs *logs = dm_calloc(1, sizeof(*logs));
    CHECK(logs);
    logs->fleet = fleet;
    for (size_t i = 0; i < LOGS_NODES; ++i) {
        struct truth *truth = &logs->truths[i];
        logs->stations[i] = stations[i];
        memcpy(truth->public, publics[i], sizeof(truth->public));
        dm_key_iri(truth->public, truth->iri);
    }
    const struct dm_sim_property stays = {
        .name = "logs are held",
        .moments = DM_SIM_AFTER_BOOT | DM_SIM_AFTER_KILL | DM_SIM_AFTER_LOSS,
        .ask = property,
        .context = logs,
    };
    CHECK_INT(dm_sim_fleet_require(fleet, &stays), DM_OK);
    return logs;
}

void
logs_refuse(struct logs *logs, const uint8_t log[DM_KEY_PUBLIC_BYTES],
            uint64_t most)
{
    logs->has_bad = true;
    logs->bad_most = most;
    memcpy(logs->bad_log, log, sizeof(logs->bad_log));
}

void
logs_free(struct logs *logs)
{
    if (!logs) {
        return;
    }
    for (size_t i = 0; i < LOGS_NODES; ++i) {
        dm_free(logs->truths[i].names);
        dm_free(logs->truths[i].sealed.items);
        dm_free(logs->unsealed[i].items);
    }
    dm_free(logs);
}

enum dm_status
logs_check(const struct logs *logs, struct dm_error *error)
{
    if (logs->error.status != DM_OK) {
        *error = logs->error;
    }
    return logs->error.status;
}

struct logs_figures
logs_figures(const struct logs *logs)
{
    struct logs_figures figures = {
        .n_flips = logs->n_flips,
        .n_flips_found = logs->n_flips_found,
    };
    for (size_t i = 0; i < LOGS_NODES; ++i) {
        const struct copy *own = &logs->copies[i][i];
        figures.n_entries += logs->truths[i].n_names;
        figures.n_events += logs->truths[i].sealed.n;
        figures.n_pruned += own->first > 1 ? own->first - 1 : 0;
    }
    return figures;
}

uint64_t
logs_seq(const struct logs *logs, size_t node, size_t log)
{
    return logs->copies[node][log].seq;
}
