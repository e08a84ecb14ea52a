// SPDX-License-Identifier: ISC

// The present as it is counted and as a State of a snapshot says it. Random
// histories, of which the same is known in the end however it was learnt.

#include "tests/unit/quadstore/fixture.h"

#include "base/buf.h"
#include "quadstore/blocks.h"
#include "rdf/writer.h"

#define NOW INT64_C(1795536000000)
#define CHECKS 4
#define LOGS 3
#define EVENTS_MAX 120
#define SAMPLES 3

static const char *const checks[CHECKS] = {
    "https://demonitor.internal/a", "https://demonitor.internal/b",
    "https://demonitor.internal/c", "https://demonitor.internal/d"};
static const char *const logs[LOGS] = {"ipns://k1", "ipns://k2", "ipns://k3"};

static uint64_t seed;

static size_t
below(size_t n)
{
    seed ^= seed << 13U;
    seed ^= seed >> 7U;
    seed ^= seed << 17U;
    return (size_t)(seed % n);
}

// ------------------------------------------------------------------- histories

// An event of a history, told without the ids of a store
struct told {
    size_t check;
    struct dm_event event; // Its log counts from 1, its ids are not set
    bool has_failure;
    bool has_quad;
    struct dm_sample samples[SAMPLES];
};

struct history {
    struct told told[EVENTS_MAX]; // In the order of their keys
    size_t n;
};

static struct dm_str
one_of(const char *const *texts, size_t n)
{
    return dm_str(texts[below(n)]);
}

static void
make_samples(struct told *told, bool units_change)
{
    static const char *const labels[SAMPLES] = {"load", "/var", "t"};
    static const char *const values[] = {"0.5", "91.0", "-3.0", "7.0"};
    static const char *const units[] = {"", "s", "%"};
    for (size_t i = 0; i < SAMPLES; ++i) {
        if (below(3) == 0) {
            continue;
        }
        told->samples[told->event.n_samples++] = (struct dm_sample){
            .label = dm_str(labels[i]),
            .value = one_of(values, DM_COUNT_OF(values)),
            .unit =
                units_change ? one_of(units, DM_COUNT_OF(units)) : dm_str("s"),
        };
    }
}

static void
make_history(struct history *history, dm_log_no log, size_t n,
             bool units_change)
{
    static const char *const runs[] = {"", "", "r1", "r2", "r3"};
    static const char *const messages[] = {"", "fine", "refused"};
    struct dm_event_key key = {.log = log, .ms = NOW};
    memset(history, 0, sizeof(*history));
    for (size_t i = 0; i < n; ++i) {
        static const enum dm_result_status results[] = {
            DM_RESULT_OK,      DM_RESULT_OK,       DM_RESULT_WARNING,
            DM_RESULT_UNKNOWN, DM_RESULT_CRITICAL, DM_RESULT_STARTED,
            DM_RESULT_STARTED, DM_RESULT_LOGGED};
        struct told *told = &history->told[history->n++];
        if (below(4)) {
            key.ms += 1 + (int64_t)below(3000000);
            key.n = 0;
        } else {
            ++key.n;
        }
        told->check = below(CHECKS);
        told->event = event_at(log, DM_ID_NONE,
                               results[below(DM_COUNT_OF(results))], key.ms);
        told->event.key = key;
        told->event.at_ms -= below(3) ? 0 : (int64_t)below(9000000);
        told->event.micros = below(2) ? DM_NO_MICROS : (int64_t)below(1000000);
        told->event.certificate_expires_ms =
            below(3) ? DM_NO_TIME : NOW + (int64_t)below(1000);
        told->event.message = one_of(messages, DM_COUNT_OF(messages));
        told->event.output = one_of(messages, DM_COUNT_OF(messages));
        told->event.run_id = one_of(runs, DM_COUNT_OF(runs));
        told->has_failure = below(2) == 0;
        told->has_quad = below(5) == 0;
        make_samples(told, units_change);
    }
}

// A store that learns histories
struct learner {
    struct fixture fixture;
    struct dm_txn *txn;
    dm_log_no logs[LOGS];
    dm_id checks[CHECKS];
    dm_id failure;
};

static void
learner_init(struct learner *learner, const size_t order[LOGS])
{
    fixture_init(&learner->fixture, false);
    learner->txn = begin(&learner->fixture);
    for (size_t i = 0; i < LOGS; ++i) {
        CHECK(!dm_txn_log_number(learner->txn, dm_str(logs[order[i]]),
                                 &learner->logs[order[i]]));
    }
    for (size_t i = 0; i < CHECKS; ++i) {
        learner->checks[i] = put(learner->txn, checks[i]);
    }
    learner->failure = put(learner->txn, DM_NS "connection");
}

static void
learner_commit(struct learner *learner)
{
    commit(learner->txn);
    check_store(&learner->fixture);
    learner->txn = begin(&learner->fixture);
}

static void
learner_done(struct learner *learner)
{
    dm_txn_rollback(learner->txn);
    fixture_done(&learner->fixture);
}

static struct dm_event
event_of(const struct learner *learner, const struct told *told)
{
    struct dm_event event = told->event;
    event.key.log = learner->logs[told->event.key.log - 1];
    event.check = learner->checks[told->check];
    event.failure = told->has_failure ? learner->failure : DM_ID_NONE;
    event.samples = told->samples;
    return event;
}

static void
learn(struct learner *learner, const struct told *told)
{
    const struct dm_event event = event_of(learner, told);
    if (told->has_quad && below(2)) {
        add(learner->txn, dm_id_from_event(&event.key),
            put(learner->txn, "http://e/p"), put(learner->txn, "\"more\""),
            put(learner->txn, logs[told->event.key.log - 1]));
    }
    CHECK(!dm_txn_merge(learner->txn, &event));
    if (told->has_quad) {
        add(learner->txn, dm_id_from_event(&event.key),
            put(learner->txn, "http://e/p"), put(learner->txn, "\"more\""),
            put(learner->txn, logs[told->event.key.log - 1]));
    }
}

// ----------------------------------------------------------------------- texts

static void
put_id(struct dm_snapshot *snapshot, dm_id id, struct dm_buf *buf)
{
    struct dm_term term;
    if (id == DM_ID_NONE) {
        dm_buf_puts(buf, "- ");
        return;
    }
    CHECK(!dm_snapshot_term(snapshot, id, &term));
    CHECK(!dm_write_term(&term, buf));
    dm_buf_putc(buf, ' ');
}

static void
put_event(struct dm_snapshot *snapshot, const struct dm_event *event,
          struct dm_buf *buf)
{
    struct dm_str log;
    CHECK(!dm_snapshot_log_iri(snapshot, event->key.log, &log));
    put_id(snapshot, event->check, buf);
    put_id(snapshot, event->failure, buf);
    dm_buf_put_str(buf, log);
    dm_buf_printf(buf,
                  "#%" PRId64 ".%u %s at=%" PRId64 " us=%" PRId64 " c=%" PRId64
                  " quads=%d ",
                  event->key.ms, (unsigned)event->key.n,
                  dm_result_status_name(event->status), event->at_ms,
                  event->micros, event->certificate_expires_ms,
                  event->has_quads);
    dm_buf_printf(buf, "<%.*s> <%.*s> <%.*s>", (int)event->message.n,
                  event->message.data, (int)event->output.n, event->output.data,
                  (int)event->run_id.n, event->run_id.data);
    for (size_t i = 0; i < event->n_samples; ++i) {
        const struct dm_sample *sample = &event->samples[i];
        dm_buf_printf(buf, " %.*s=%.*s%.*s", (int)sample->label.n,
                      sample->label.data, (int)sample->value.n,
                      sample->value.data, (int)sample->unit.n,
                      sample->unit.data);
    }
}

static void
put_latest_rows(struct dm_snapshot *snapshot, struct dm_buf *buf)
{
    struct dm_latest_scan *scan = NULL;
    struct dm_latest latest;
    CHECK(!dm_latest_open(snapshot, 0, DM_ID_NONE, &scan));
    enum dm_status status = DM_OK;
    while (!(status = dm_latest_next(scan, &latest))) {
        put_event(snapshot, &latest.event, buf);
        dm_buf_printf(buf,
                      " since=%" PRId64 " streak=%" PRId64 " bad=%" PRId64
                      "/%" PRId64 " certificate=%" PRId64,
                      latest.since_ms, latest.streak, latest.bad,
                      latest.bad_since_ms, latest.certificate_expires_ms);
        dm_buf_printf(buf, " started=%" PRId64 ".%u/%" PRId64 "/%.*s\n",
                      latest.started.ms, (unsigned)latest.started.n,
                      latest.started_at_ms, (int)latest.started_run_id.n,
                      latest.started_run_id.data);
    }
    CHECK(status == DM_END);
    dm_latest_close(scan);
}

static void
put_events(struct dm_snapshot *snapshot, struct dm_buf *buf)
{
    const struct dm_history_spec spec = {
        .filter = dm_history_all(),
        .columns = DM_COLUMN_TEXTS | DM_COLUMN_SAMPLES,
    };
    struct dm_history *history = NULL;
    struct dm_event event;
    CHECK(!dm_history_open(snapshot, &spec, &history));
    enum dm_status status = DM_OK;
    while (!(status = dm_history_next(history, &event))) {
        put_event(snapshot, &event, buf);
        dm_buf_putc(buf, '\n');
    }
    CHECK(status == DM_END);
    dm_history_close(history);
}

static void
put_quads(struct dm_snapshot *snapshot, struct dm_buf *buf)
{
    static const struct dm_dataset everything = {
        .default_graph = DM_DEFAULT_PLAIN, .all_named = true};
    const struct dm_scan_spec spec = {.dataset = &everything,
                                      .scope = DM_SCOPE_NAMED};
    struct dm_scan *scan = NULL;
    struct dm_quad_ids row;
    CHECK(!dm_scan_open(snapshot, &spec, &scan));
    enum dm_status status = DM_OK;
    while (!(status = dm_scan_next(scan, &row))) {
        put_id(snapshot, row.s, buf);
        put_id(snapshot, row.p, buf);
        put_id(snapshot, row.o, buf);
        put_id(snapshot, row.g, buf);
        dm_buf_putc(buf, '\n');
    }
    CHECK(status == DM_END);
    dm_scan_close(scan);
}

static int
compare_lines(const void *a, const void *b)
{
    return dm_str_compare(*(const struct dm_str *)a, *(const struct dm_str *)b);
}

// Numbers of logs order rows, and differ from store to store
static void
sort_lines(struct dm_buf *buf)
{
    static struct dm_str lines[EVENTS_MAX * LOGS * 32];
    size_t n = 0;
    struct dm_buf sorted;
    for (size_t at = 0; at < buf->n;) {
        const char *end = memchr(buf->data + at, '\n', buf->n - at);
        CHECK(end && n < DM_COUNT_OF(lines));
        lines[n] =
            dm_str_n(buf->data + at, (size_t)(end - (buf->data + at)) + 1);
        at += lines[n++].n;
    }
    qsort(lines, n, sizeof(lines[0]), compare_lines);
    dm_buf_init(&sorted, SIZE_MAX / 2);
    for (size_t i = 0; i < n; ++i) {
        dm_buf_put_str(&sorted, lines[i]);
    }
    dm_buf_done(buf);
    *buf = sorted;
}

enum {
    TEXT_LATEST = 1,
    TEXT_EVENTS = 2,
    TEXT_QUADS = 4,
};

// All that the store says, a line for each row
static void
text_of(struct learner *learner, unsigned what, struct dm_buf *ret)
{
    learner_commit(learner);
    dm_txn_rollback(learner->txn);
    struct dm_snapshot *snapshot = snapshot_of(&learner->fixture);
    dm_buf_init(ret, SIZE_MAX / 2);
    if (what & TEXT_LATEST) {
        put_latest_rows(snapshot, ret);
    }
    if (what & TEXT_EVENTS) {
        put_events(snapshot, ret);
    }
    if (what & TEXT_QUADS) {
        put_quads(snapshot, ret);
    }
    dm_snapshot_close(snapshot);
    CHECK(!ret->status);
    sort_lines(ret);
    learner->txn = begin(&learner->fixture);
}

static void
expect_same(struct dm_buf *a, struct dm_buf *b, uint64_t round)
{
    if (!dm_str_equal(dm_buf_str(a), dm_buf_str(b))) {
        (void)fprintf(stderr, "round %" PRIu64 "\n--- want\n%.*s--- have\n%.*s",
                      round, (int)a->n, a->data, (int)b->n, b->data);
        abort();
    }
    dm_buf_done(a);
    dm_buf_done(b);
}

// ------------------------------------------------------------------ properties

// What a State says of a present of `from`, put into `to`; both number the logs
// in one way, and checks too.
static void
put_states(struct learner *from, struct learner *to)
{
    commit(from->txn);
    struct dm_snapshot *snapshot = snapshot_of(&from->fixture);
    struct dm_latest_scan *scan = NULL;
    struct dm_latest latest;
    CHECK(!dm_latest_open(snapshot, 0, DM_ID_NONE, &scan));
    enum dm_status status = DM_OK;
    while (!(status = dm_latest_next(scan, &latest))) {
        latest.event.output = (struct dm_str){0};
        latest.event.run_id = (struct dm_str){0};
        latest.event.certificate_expires_ms = DM_NO_TIME;
        latest.started = (struct dm_event_key){0};
        if (latest.event.key.ms) {
            CHECK(!dm_txn_put_latest(to->txn, &latest));
            if (below(4) == 0) {
                CHECK(!dm_txn_put_latest(to->txn, &latest));
            }
        }
    }
    CHECK(status == DM_END);
    dm_latest_close(scan);
    dm_snapshot_close(snapshot);
    from->txn = begin(&from->fixture);
}

// Learn the events before `cut` in random order, some again, and some of what
// came after it once more.
static void
learn_past(struct learner *learner, const struct history *history, size_t cut)
{
    size_t order[EVENTS_MAX] = {0};
    for (size_t i = 0; i < cut; ++i) {
        const size_t k = below(i + 1);
        order[i] = order[k];
        order[k] = i;
    }
    for (size_t i = 0; i < cut; ++i) {
        learn(learner, &history->told[order[i]]);
        if (below(3) == 0) {
            learn(learner, &history->told[order[below(i + 1)]]);
        }
        if (below(5) == 0) {
            learn(learner, &history->told[cut + below(history->n - cut)]);
        }
        if (below(20) == 0) {
            learner_commit(learner);
        }
    }
}

static const size_t in_order[LOGS] = {0, 1, 2};

static void
a_present_that_a_state_said_is_as_though_it_were_counted(uint64_t round)
{
    static struct history history;
    struct learner a;
    struct learner b;
    struct dm_buf text_a;
    struct dm_buf text_b;
    make_history(&history, 1, 2 + below(EVENTS_MAX - 2), false);
    const size_t cut = below(history.n);
    learner_init(&a, in_order);
    learner_init(&b, in_order);
    for (size_t i = 0; i < cut; ++i) {
        learn(&a, &history.told[i]);
    }
    // What is known before: nothing, or some that is older
    const size_t known = below(2) ? below(cut + 1) : 0;
    for (size_t i = 0; i < known; ++i) {
        learn(&b, &history.told[i]);
    }
    put_states(&a, &b);
    if (below(2)) {
        learner_commit(&b);
    }
    for (size_t i = cut; i < history.n; ++i) {
        learn(&a, &history.told[i]);
        learn(&b, &history.told[i]);
    }
    learn_past(&b, &history, cut);
    text_of(&a, TEXT_LATEST | TEXT_EVENTS | TEXT_QUADS, &text_a);
    text_of(&b, TEXT_LATEST | TEXT_EVENTS | TEXT_QUADS, &text_b);
    expect_same(&text_a, &text_b, round);
    learner_done(&a);
    learner_done(&b);
}

// Logs by turns at random, each in its own order; what is known comes again.
static void
learn_mixed(struct learner *learner, const struct history histories[LOGS])
{
    size_t next[LOGS] = {0};
    size_t left = 0;
    for (size_t i = 0; i < LOGS; ++i) {
        left += histories[i].n;
    }
    while (left) {
        const size_t log = below(LOGS);
        const struct history *history = &histories[log];
        if (next[log] < history->n) {
            learn(learner, &history->told[next[log]++]);
            --left;
        }
        if (next[log] && below(3) == 0) {
            learn(learner, &history->told[below(next[log])]);
        }
        if (below(40) == 0) {
            learner_commit(learner);
        }
    }
}

static void
logs_in_any_order_give_the_same_graph_and_states(uint64_t round)
{
    static struct history histories[LOGS];
    struct learner a;
    struct learner b;
    struct dm_buf text_a;
    struct dm_buf text_b;
    size_t order[LOGS] = {0};
    for (size_t i = 0; i < LOGS; ++i) {
        const size_t k = below(i + 1);
        make_history(&histories[i], (dm_log_no)(i + 1), below(EVENTS_MAX),
                     true);
        order[i] = order[k];
        order[k] = i;
    }
    learner_init(&a, in_order);
    learner_init(&b, order);
    for (size_t i = 0; i < LOGS; ++i) {
        for (size_t k = 0; k < histories[i].n; ++k) {
            learn(&a, &histories[i].told[k]);
        }
    }
    learn_mixed(&b, histories);
    text_of(&a, TEXT_LATEST | TEXT_EVENTS | TEXT_QUADS, &text_a);
    text_of(&b, TEXT_LATEST | TEXT_EVENTS | TEXT_QUADS, &text_b);
    expect_same(&text_a, &text_b, round);
    learner_done(&a);
    learner_done(&b);
}

// --------------------------------------------------------------------
// sentences

static struct dm_latest
state_at(const struct learner *learner, int64_t ms,
         enum dm_result_status result)
{
    struct dm_latest latest = {
        .event = event_at(1, learner->checks[0], result, ms),
        .since_ms = ms - 5000,
        .streak = 3,
        .bad = dm_result_is_bad(result) ? 3 : 0,
        .bad_since_ms = dm_result_is_bad(result) ? ms - 5000 : DM_NO_TIME,
        .certificate_expires_ms = DM_NO_TIME,
    };
    latest.event.key.ms = ms;
    return latest;
}

static struct dm_event
event_on(const struct learner *learner, size_t check, int64_t ms,
         enum dm_result_status result)
{
    struct dm_event event = event_at(1, learner->checks[check], result, ms);
    event.key.ms = ms;
    return event;
}

// The only present there is
static struct dm_latest
only_latest(struct learner *learner, struct dm_sample *ret_sample)
{
    static char texts[4][32];
    struct dm_latest_scan *scan = NULL;
    struct dm_latest latest = {0};
    struct dm_snapshot *snapshot = NULL;
    CHECK(!dm_txn_snapshot(learner->txn, &learner->fixture.work, &snapshot));
    CHECK(!dm_latest_open(snapshot, 0, DM_ID_NONE, &scan));
    CHECK(!dm_latest_next(scan, &latest));
    if (ret_sample && latest.event.n_samples) {
        const struct dm_sample *sample = latest.event.samples;
        const struct dm_str from[] = {sample->unit, sample->warn, sample->crit,
                                      latest.event.message};
        for (size_t i = 0; i < DM_COUNT_OF(from); ++i) {
            (void)snprintf(texts[i], sizeof(texts[i]), "%.*s", (int)from[i].n,
                           from[i].data);
        }
        ret_sample->unit = dm_str(texts[0]);
        ret_sample->warn = dm_str(texts[1]);
        ret_sample->crit = dm_str(texts[2]);
        latest.event.message = dm_str(texts[3]);
    }
    latest.event.samples = NULL;
    struct dm_latest other;
    CHECK(dm_latest_next(scan, &other) == DM_END);
    dm_latest_close(scan);
    dm_snapshot_close(snapshot);
    return latest;
}

static void
a_state_is_refused_that_cannot_be(void)
{
    struct learner learner;
    learner_init(&learner, in_order);
    learner_commit(&learner);
    for (int i = 0; i < 13; ++i) {
        struct dm_latest latest = state_at(&learner, NOW, DM_RESULT_CRITICAL);
        switch (i) {
        case 0:
            latest.event.status = DM_RESULT_STARTED;
            break;
        case 1:
            latest.event.status = DM_RESULT_STALE;
            break;
        case 2:
            latest.event.key.ms = 0;
            break;
        case 3:
            latest.event.key.log = 9;
            break;
        case 4:
            latest.streak = 0;
            break;
        case 5:
            latest.bad = 0;
            break;
        case 6:
            latest.bad_since_ms = DM_NO_TIME;
            break;
        case 7:
            latest.event.status = DM_RESULT_OK;
            break;
        case 8:
            latest.since_ms = DM_NO_TIME;
            break;
        case 9:
            latest.event.at_ms = NOW + 1;
            break;
        case 10:
            latest.event.certificate_expires_ms = NOW;
            break;
        case 11:
            latest.bad = -1;
            break;
        default:
            latest.certificate_expires_ms = INT64_MAX;
            break;
        }
        CHECK(dm_txn_put_latest(learner.txn, &latest) == DM_ERR_ARGUMENT);
        dm_txn_rollback(learner.txn);
        learner.txn = begin(&learner.fixture);
    }
    learner_done(&learner);
}

static void
a_newer_present_and_a_retired_one_stay(void)
{
    struct learner learner;
    learner_init(&learner, in_order);
    struct dm_event event = event_on(&learner, 0, NOW + 1, DM_RESULT_WARNING);
    CHECK(!dm_txn_merge(learner.txn, &event));
    const struct dm_latest latest = state_at(&learner, NOW, DM_RESULT_OK);
    CHECK(!dm_txn_put_latest(learner.txn, &latest));
    learner_commit(&learner);
    CHECK_INT(only_latest(&learner, NULL).event.key.ms, NOW + 1);

    CHECK(!dm_txn_retire(learner.txn, 1, learner.checks[0]));
    CHECK(!dm_txn_put_latest(learner.txn, &latest));
    learner_commit(&learner);
    struct dm_latest before;
    CHECK(dm_txn_latest(learner.txn, 1, learner.checks[0], &before) ==
          DM_ERR_NOT_FOUND);
    learner_done(&learner);
}

static void
a_state_is_seen_as_any_result(void)
{
    struct learner learner;
    struct dm_latest before;
    learner_init(&learner, in_order);
    struct dm_latest latest = state_at(&learner, NOW, DM_RESULT_WARNING);
    const struct dm_sample sample = {.label = dm_str("load"),
                                     .value = dm_str("9.0"),
                                     .unit = dm_str("s"),
                                     .warn = dm_str("5")};
    latest.event.samples = &sample;
    latest.event.n_samples = 1;
    latest.event.message = dm_str("load is high");
    latest.certificate_expires_ms = NOW + 7;
    CHECK(!dm_txn_put_latest(learner.txn, &latest));
    CHECK(dm_txn_latest(learner.txn, 1, learner.checks[0], &before) ==
          DM_ERR_NOT_FOUND); // What was before it
    learner_commit(&learner);

    struct dm_sample read = {0};
    struct dm_latest now = only_latest(&learner, &read);
    CHECK(dm_str_is(now.event.message, "load is high"));
    CHECK(dm_str_is(read.unit, "s") && dm_str_is(read.warn, "5"));
    CHECK_INT(now.certificate_expires_ms, NOW + 7);

    // What is older changes neither counts nor what a metric is
    struct dm_sample old = sample;
    struct dm_event event =
        event_on(&learner, 0, NOW - 1000, DM_RESULT_CRITICAL);
    old.unit = dm_str("ms");
    event.samples = &old;
    event.n_samples = 1;
    event.certificate_expires_ms = NOW + 1;
    CHECK(!dm_txn_merge(learner.txn, &event));
    learner_commit(&learner);
    now = only_latest(&learner, &read);
    CHECK(dm_str_is(read.unit, "s"));
    CHECK_INT(now.certificate_expires_ms, NOW + 7);
    CHECK(now.streak == 3 && now.bad == 3 && now.since_ms == NOW - 5000);

    // What is newer counts on
    event = event_on(&learner, 0, NOW + 1000, DM_RESULT_WARNING);
    CHECK(!dm_txn_merge(learner.txn, &event));
    CHECK(!dm_txn_latest(learner.txn, 1, learner.checks[0], &before));
    CHECK_INT(before.streak, 3);
    learner_commit(&learner);
    now = only_latest(&learner, NULL);
    CHECK(now.streak == 4 && now.bad == 4 && now.bad_since_ms == NOW - 5000);
    learner_done(&learner);
}

static void
a_state_that_was_not_true_gives_way_to_its_event(void)
{
    struct learner learner;
    learner_init(&learner, in_order);
    struct dm_latest latest = state_at(&learner, NOW, DM_RESULT_CRITICAL);
    CHECK(!dm_txn_put_latest(learner.txn, &latest));
    struct dm_event event = event_on(&learner, 0, NOW, DM_RESULT_OK);
    event.certificate_expires_ms = NOW + 9;
    CHECK(!dm_txn_merge(learner.txn, &event));
    learner_commit(&learner);
    struct dm_latest now = only_latest(&learner, NULL);
    CHECK(now.event.status == DM_RESULT_OK && now.streak == 1 && now.bad == 0);
    CHECK_INT(now.since_ms, NOW);
    CHECK_INT(now.certificate_expires_ms, NOW + 9);

    // And one that says another status than the event that is there is refused
    CHECK(dm_txn_put_latest(learner.txn, &latest) == DM_ERR_ARGUMENT);
    dm_txn_rollback(learner.txn);
    learner.txn = begin(&learner.fixture);
    // Its counts may be other ones: those of its log
    latest = state_at(&learner, NOW, DM_RESULT_OK);
    latest.certificate_expires_ms = NOW + 8;
    CHECK(!dm_txn_put_latest(learner.txn, &latest));
    learner_commit(&learner);
    now = only_latest(&learner, NULL);
    CHECK_INT(now.streak, 3);
    CHECK_INT(now.certificate_expires_ms, NOW + 9);

    // The event of another check: the State's has no present
    latest = state_at(&learner, NOW + 5000, DM_RESULT_OK);
    latest.event.check = learner.checks[1];
    CHECK(!dm_txn_put_latest(learner.txn, &latest));
    event = event_on(&learner, 0, NOW + 5000, DM_RESULT_WARNING);
    CHECK(!dm_txn_merge(learner.txn, &event));
    learner_commit(&learner);
    now = only_latest(&learner, NULL);
    CHECK(now.event.check == learner.checks[0]);
    CHECK_INT(now.event.key.ms, NOW + 5000);
    learner_done(&learner);
}

static void
a_state_ends_a_run_unless_its_event_says_another(void)
{
    struct learner learner;
    learner_init(&learner, in_order);
    struct dm_event started =
        event_on(&learner, 0, NOW - 9000, DM_RESULT_STARTED);
    started.run_id = dm_str("r1");
    CHECK(!dm_txn_merge(learner.txn, &started));
    learner_commit(&learner);
    CHECK_INT(only_latest(&learner, NULL).started.ms, NOW - 9000);
    const struct dm_latest latest = state_at(&learner, NOW, DM_RESULT_OK);
    CHECK(!dm_txn_put_latest(learner.txn, &latest));
    learner_commit(&learner);
    CHECK_INT(only_latest(&learner, NULL).started.ms, 0);

    struct dm_event event = event_on(&learner, 0, NOW, DM_RESULT_OK);
    event.run_id = dm_str("r2");
    CHECK(!dm_txn_merge(learner.txn, &event));
    learner_commit(&learner);
    CHECK_INT(only_latest(&learner, NULL).started.ms, NOW - 9000);
    // The event is there, and a State says no more of it
    CHECK(!dm_txn_put_latest(learner.txn, &latest));
    learner_commit(&learner);
    CHECK_INT(only_latest(&learner, NULL).started.ms, NOW - 9000);
    learner_done(&learner);
}

int
main(void)
{
    a_state_ends_a_run_unless_its_event_says_another();
    a_state_is_refused_that_cannot_be();
    a_newer_present_and_a_retired_one_stay();
    a_state_is_seen_as_any_result();
    a_state_that_was_not_true_gives_way_to_its_event();
    for (uint64_t round = 1; round <= 30; ++round) {
        seed = round * UINT64_C(0x9E3779B97F4A7C15);
        a_present_that_a_state_said_is_as_though_it_were_counted(round);
        logs_in_any_order_give_the_same_graph_and_states(round);
    }
    return 0;
}
