// SPDX-License-Identifier: ISC

// Events with a clock that jumps both ways, in three stores: recorded, merged
// in order, merged in any order and twice. What is counted, and every answer
// about history, is compared with a naive one.

#include "tests/unit/quadstore/fixture.h"

#define NOW INT64_C(1795536000000)
#define EVENTS_MAX 400
#define CHECKS 3
#define LOGS 2
#define HOUR INT64_C(3600000)

struct model {
    struct dm_event events[EVENTS_MAX];
    size_t n;
    dm_id checks[CHECKS];
    dm_id failure;
    struct fixture recorded;
    struct fixture merged;
    struct fixture shuffled;
};

static uint64_t seed;

static size_t
below(size_t n)
{
    seed ^= seed << 13U;
    seed ^= seed >> 7U;
    seed ^= seed << 17U;
    return (size_t)(seed % n);
}

static const char *const check_names[CHECKS] = {"https://d/a", "https://d/b",
                                                "https://d/c"};

// The same terms in the same order: the same ids in each store
static void
prepare(struct model *model, struct fixture *fixture)
{
    fixture_init(fixture, false);
    struct dm_txn *txn = begin(fixture);
    dm_log_no log = 0;
    CHECK(!dm_txn_log_number(txn, dm_str("ipns://k1"), &log));
    CHECK(!dm_txn_log_number(txn, dm_str("ipns://k2"), &log));
    for (size_t i = 0; i < CHECKS; ++i) {
        model->checks[i] = put(txn, check_names[i]);
    }
    model->failure = put(txn, DM_NS "connection");
    commit(txn);
}

static const struct dm_sample samples[] = {
    {.label = {"load", 4}, .value = {"0.5", 3}},
    {.label = {"load", 4}, .value = {"2.5", 3}},
    {.label = {"/var", 4}, .value = {"91.0", 4}, .unit = {"%", 1}},
};

static struct dm_event
random_event(const struct model *model, dm_log_no log, int64_t at_ms)
{
    static const enum dm_result_status statuses[] = {
        DM_RESULT_OK,       DM_RESULT_OK,      DM_RESULT_WARNING,
        DM_RESULT_CRITICAL, DM_RESULT_UNKNOWN, DM_RESULT_STARTED,
        DM_RESULT_LOGGED,
    };
    static const char *const run_ids[] = {"", "", "r1", "r2"};
    struct dm_event event =
        event_at(log, model->checks[below(CHECKS)],
                 statuses[below(DM_COUNT_OF(statuses))], at_ms);
    event.micros = below(3) ? (int64_t)below(5000000) : DM_NO_MICROS;
    event.failure = below(4) ? DM_ID_NONE : model->failure;
    event.message = dm_str(below(2) ? "it is so" : "");
    event.run_id = dm_str(run_ids[below(DM_COUNT_OF(run_ids))]);
    event.certificate_expires_ms =
        below(9) ? DM_NO_TIME : NOW + (int64_t)below(1000);
    event.samples = &samples[below(2)];
    event.n_samples = below(2);
    return event;
}

static void
record_all(struct model *model)
{
    int64_t clock[LOGS + 1] = {NOW, NOW, NOW};
    const size_t n = 50 + below(EVENTS_MAX - 50);
    struct dm_txn *txn = begin(&model->recorded);
    while (model->n < n) {
        const dm_log_no log = (dm_log_no)(1 + below(LOGS));
        clock[log] += (int64_t)below(3) * 1000;
        if (below(60) == 0) { // The clock is set
            clock[log] += ((int64_t)below(5) - 2) * HOUR;
        }
        struct dm_event event = random_event(model, log, clock[log]);
        CHECK(!dm_txn_record(txn, &event, &event.key));
        model->events[model->n++] = event;
        if (below(20) == 0) {
            commit(txn);
            txn = begin(&model->recorded);
        }
    }
    commit(txn);
}

static void
merge_all(struct model *model)
{
    struct dm_txn *txn = begin(&model->merged);
    for (size_t i = 0; i < model->n; ++i) {
        CHECK(!dm_txn_merge(txn, &model->events[i]));
    }
    commit(txn);

    size_t order[2 * EVENTS_MAX];
    for (size_t i = 0; i < 2 * model->n; ++i) {
        order[i] = i % model->n;
    }
    for (size_t i = 2 * model->n; i-- > 1;) {
        const size_t k = below(i + 1);
        const size_t moved = order[i];
        order[i] = order[k];
        order[k] = moved;
    }
    txn = begin(&model->shuffled);
    for (size_t i = 0; i < 2 * model->n; ++i) {
        CHECK(!dm_txn_merge(txn, &model->events[order[i]]));
        if (below(30) == 0) {
            commit(txn);
            txn = begin(&model->shuffled);
        }
    }
    commit(txn);
}

// --------------------------------------------------------------------- present

static int
compare_keys(const struct dm_event_key *a, const struct dm_event_key *b)
{
    if (a->log != b->log) {
        return a->log < b->log ? -1 : 1;
    }
    if (a->ms != b->ms) {
        return a->ms < b->ms ? -1 : 1;
    }
    return a->n < b->n ? -1 : a->n > b->n;
}

// What the vocabulary says, read along the log
static struct dm_latest
naive_latest(const struct model *model, dm_log_no log, dm_id check)
{
    struct dm_latest latest = {.bad_since_ms = DM_NO_TIME,
                               .certificate_expires_ms = DM_NO_TIME};
    for (size_t i = 0; i < model->n; ++i) {
        const struct dm_event *event = &model->events[i];
        if (event->key.log != log || event->check != check) {
            continue;
        }
        if (event->certificate_expires_ms != DM_NO_TIME) {
            latest.certificate_expires_ms = event->certificate_expires_ms;
        }
        if (event->status == DM_RESULT_STARTED) {
            latest.started = event->key;
            latest.started_run_id = event->run_id;
        }
        if (event->status > DM_RESULT_UNKNOWN) {
            continue;
        }
        if (latest.started.ms &&
            (!event->run_id.n || !latest.started_run_id.n ||
             dm_str_equal(event->run_id, latest.started_run_id))) {
            latest.started = (struct dm_event_key){0};
        }
        const bool same = latest.streak && latest.event.status == event->status;
        latest.streak = same ? latest.streak + 1 : 1;
        latest.since_ms = same ? latest.since_ms : event->at_ms;
        if (dm_result_is_bad(event->status)) {
            latest.bad_since_ms =
                latest.bad ? latest.bad_since_ms : event->at_ms;
            ++latest.bad;
        } else if (event->status == DM_RESULT_OK) {
            latest.bad = 0;
            latest.bad_since_ms = DM_NO_TIME;
        }
        latest.event = *event;
    }
    return latest;
}

// The present of one check; false where there is none
static bool
read_latest(struct dm_snapshot *snapshot, dm_log_no log, dm_id check,
            struct dm_latest *ret)
{
    struct dm_latest_scan *scan = NULL;
    CHECK(!dm_latest_open(snapshot, log, check, &scan));
    const enum dm_status status = dm_latest_next(scan, ret);
    CHECK(!status || status == DM_END);
    dm_latest_close(scan);
    return !status;
}

static void
compare_latest(const struct model *model, struct fixture *fixture,
               bool in_order)
{
    struct dm_snapshot *snapshot = snapshot_of(fixture);
    for (dm_log_no log = 1; log <= LOGS; ++log) {
        for (size_t i = 0; i < CHECKS; ++i) {
            const struct dm_latest want =
                naive_latest(model, log, model->checks[i]);
            struct dm_latest got;
            if (!read_latest(snapshot, log, model->checks[i], &got)) {
                CHECK(!want.streak && !want.started.ms);
                continue;
            }
            CHECK_INT(got.event.key.ms, want.event.key.ms);
            CHECK_INT(got.event.key.n, want.event.key.n);
            CHECK_INT(got.started.ms, want.started.ms);
            CHECK_INT(got.certificate_expires_ms, want.certificate_expires_ms);
            if (in_order && want.streak) {
                CHECK_INT(got.streak, want.streak);
                CHECK_INT(got.since_ms, want.since_ms);
                CHECK_INT(got.bad, want.bad);
                CHECK_INT(got.bad_since_ms, want.bad_since_ms);
                CHECK(got.event.status == want.event.status);
            }
        }
    }
    dm_snapshot_close(snapshot);
}

// --------------------------------------------------------------------- history

static bool
is_match(const struct dm_history_filter *filter, const struct dm_event *event)
{
    const bool by_micros =
        filter->micros_from != INT64_MIN || filter->micros_until != INT64_MAX;
    return (!filter->log || filter->log == event->key.log) &&
           (!filter->check || filter->check == event->check) &&
           (!filter->event || filter->event == dm_id_from_event(&event->key)) &&
           (!filter->statuses ||
            filter->statuses & 1U << (unsigned)event->status) &&
           (!filter->failure || filter->failure == event->failure) &&
           (event->key.ms > filter->after.ms ||
            (event->key.ms == filter->after.ms &&
             event->key.n > filter->after.n)) &&
           event->at_ms >= filter->at_from_ms &&
           event->at_ms < filter->at_until_ms &&
           (!by_micros || (event->micros != DM_NO_MICROS &&
                           event->micros >= filter->micros_from &&
                           event->micros < filter->micros_until));
}

static struct dm_history_filter
random_filter(const struct model *model)
{
    struct dm_history_filter filter = dm_history_all();
    filter.log = (dm_log_no)(below(2) ? below(LOGS + 2) : 0);
    filter.check = below(2) ? model->checks[below(CHECKS)] : DM_ID_NONE;
    filter.statuses = below(3) ? 0 : (unsigned)below(128);
    filter.failure = below(5) ? DM_ID_NONE : model->failure;
    if (below(2)) {
        filter.at_from_ms = model->events[below(model->n)].at_ms;
    }
    if (below(2)) {
        filter.at_until_ms =
            model->events[below(model->n)].at_ms + (int64_t)below(2);
    }
    if (below(4) == 0) {
        filter.micros_from = (int64_t)below(2500000);
        filter.micros_until = filter.micros_from + (int64_t)below(2500000);
    }
    if (below(8) == 0) {
        filter.event = dm_id_from_event(&model->events[below(model->n)].key);
    }
    if (below(3) == 0) {
        filter.after = model->events[below(model->n)].key;
        // Whatever is no key is before or behind all of them
        filter.after.ms += below(8)   ? 0
                           : below(2) ? -NOW
                                      : INT64_C(1) << DM_EVENT_MS_BITS;
    }
    return filter;
}

static bool by_at;
static bool backwards;

static int
compare_events(const void *a, const void *b)
{
    const struct dm_event *x = *(const struct dm_event *const *)a;
    const struct dm_event *y = *(const struct dm_event *const *)b;
    int order = compare_keys(&x->key, &y->key);
    if (by_at && x->at_ms != y->at_ms) {
        order = x->at_ms < y->at_ms ? -1 : 1;
    }
    return backwards ? -order : order;
}

static void
compare_history(const struct model *model, struct fixture *fixture)
{
    struct dm_history_spec spec = {
        .filter = random_filter(model),
        .order = (enum dm_history_order)below(2),
        .backwards = below(2),
        .limit = below(3) ? 0 : 1 + below(20),
        .columns = DM_COLUMN_TEXTS | DM_COLUMN_SAMPLES,
    };
    const struct dm_event *want[EVENTS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < model->n; ++i) {
        if (is_match(&spec.filter, &model->events[i])) {
            want[n++] = &model->events[i];
        }
    }
    by_at = spec.order == DM_ORDER_AT;
    backwards = spec.backwards;
    qsort(want, n, sizeof(struct dm_event *), compare_events);
    n = spec.limit && spec.limit < n ? (size_t)spec.limit : n;

    struct dm_snapshot *snapshot = snapshot_of(fixture);
    struct dm_history *history = NULL;
    struct dm_event got;
    CHECK(!dm_history_open(snapshot, &spec, &history));
    for (size_t i = 0; i < n; ++i) {
        CHECK(!dm_history_next(history, &got));
        CHECK(compare_keys(&got.key, &want[i]->key) == 0);
        CHECK(got.check == want[i]->check && got.status == want[i]->status);
        CHECK_INT(got.at_ms, want[i]->at_ms);
        CHECK_INT(got.micros, want[i]->micros);
        CHECK(got.failure == want[i]->failure);
        CHECK(dm_str_equal(got.message, want[i]->message));
        CHECK(dm_str_equal(got.run_id, want[i]->run_id));
        CHECK_INT((int64_t)got.n_samples, (int64_t)want[i]->n_samples);
        if (got.n_samples) {
            CHECK(
                dm_str_equal(got.samples[0].label, want[i]->samples[0].label));
            CHECK(
                dm_str_equal(got.samples[0].value, want[i]->samples[0].value));
        }
    }
    CHECK(dm_history_next(history, &got) == DM_END);
    dm_history_close(history);
    dm_snapshot_close(snapshot);
}

static void
compare_aggregate(const struct model *model, struct fixture *fixture)
{
    const struct dm_aggregate_spec spec = {
        .filter = random_filter(model),
        .group_by = (unsigned)below(64) & ~(unsigned)DM_GROUP_METRIC,
        .bucket_ms = 60000,
        .has_quantile = true,
        .quantile = 0.5,
    };
    struct dm_snapshot *snapshot = snapshot_of(fixture);
    struct dm_aggregate *aggregate = NULL;
    struct dm_aggregate_row row;
    bool is_exact = false;
    size_t n = 0;
    size_t want = 0;
    for (size_t i = 0; i < model->n; ++i) {
        want += is_match(&spec.filter, &model->events[i]);
    }
    CHECK(!dm_aggregate_open(snapshot, &spec, &aggregate, &is_exact));
    CHECK(is_exact);
    enum dm_status status = DM_OK;
    while (!(status = dm_aggregate_next(aggregate, &row))) {
        struct dm_aggregate_row sum = {0};
        size_t not_above = 0;
        for (size_t i = 0; i < model->n; ++i) {
            const struct dm_event *event = &model->events[i];
            if (!is_match(&spec.filter, event) ||
                (spec.group_by & DM_GROUP_CHECK && event->check != row.check) ||
                (spec.group_by & DM_GROUP_LOG && event->key.log != row.log) ||
                (spec.group_by & DM_GROUP_STATUS &&
                 event->status != row.status) ||
                (spec.group_by & DM_GROUP_FAILURE &&
                 event->failure != row.failure) ||
                (spec.group_by & DM_GROUP_BUCKET &&
                 event->at_ms / 60000 * 60000 != row.bucket_ms)) {
                continue;
            }
            ++sum.count;
            if (event->micros != DM_NO_MICROS) {
                ++sum.n_values;
                sum.sum_micros += event->micros;
                not_above += (double)event->micros <= row.quantile;
            }
        }
        CHECK_INT((int64_t)row.count, (int64_t)sum.count);
        CHECK_INT((int64_t)row.n_values, (int64_t)sum.n_values);
        CHECK_INT(row.sum_micros, sum.sum_micros);
        CHECK(2 * not_above >= sum.n_values);
        n += row.count;
    }
    CHECK(status == DM_END);
    CHECK_INT((int64_t)n, (int64_t)want);
    dm_aggregate_close(aggregate);
    dm_snapshot_close(snapshot);
}

static void
metrics_are_summed_by_their_labels(const struct model *model,
                                   struct fixture *fixture)
{
    const struct dm_aggregate_spec spec = {.filter = dm_history_all(),
                                           .group_by = DM_GROUP_METRIC};
    struct dm_snapshot *snapshot = snapshot_of(fixture);
    struct dm_aggregate *aggregate = NULL;
    struct dm_aggregate_row row;
    bool is_exact = false;
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < model->n; ++i) {
        if (model->events[i].n_samples) {
            sum +=
                dm_str_is(model->events[i].samples->value, "0.5") ? 0.5 : 2.5;
            ++n;
        }
    }
    CHECK(!dm_aggregate_open(snapshot, &spec, &aggregate, &is_exact));
    if (n) {
        CHECK(!dm_aggregate_next(aggregate, &row));
        CHECK(dm_str_is(row.metric, "load"));
        CHECK_INT((int64_t)row.n_values, (int64_t)n);
        CHECK(row.sum >= sum && row.sum <= sum); // Halves add up exactly
    }
    CHECK(dm_aggregate_next(aggregate, &row) == DM_END);
    dm_aggregate_close(aggregate);
    dm_snapshot_close(snapshot);
}

static void
history_and_present_equal_the_naive_ones(uint64_t number)
{
    static struct model model;
    memset(&model, 0, sizeof(model));
    seed = number * UINT64_C(0x9E3779B97F4A7C15) + 1;
    struct fixture *const fixtures[] = {&model.recorded, &model.merged,
                                        &model.shuffled};
    for (size_t i = 0; i < DM_COUNT_OF(fixtures); ++i) {
        prepare(&model, fixtures[i]);
    }
    record_all(&model);
    merge_all(&model);
    for (size_t i = 0; i < DM_COUNT_OF(fixtures); ++i) {
        check_store(fixtures[i]);
        compare_latest(&model, fixtures[i], i < 2);
        for (int k = 0; k < 40; ++k) {
            compare_history(&model, fixtures[i]);
            compare_aggregate(&model, fixtures[i]);
        }
        metrics_are_summed_by_their_labels(&model, fixtures[i]);
    }
    for (size_t i = 0; i < DM_COUNT_OF(fixtures); ++i) {
        fixture_done(fixtures[i]);
    }
}

// With an argument: that seed alone
int
main(int argc, char **argv)
{
    if (argc > 1) {
        history_and_present_equal_the_naive_ones(strtoull(argv[1], NULL, 10));
        return 0;
    }
    for (uint64_t number = 1; number <= 20; ++number) {
        history_and_present_equal_the_naive_ones(number);
    }
    return 0;
}
