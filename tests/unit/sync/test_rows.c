// SPDX-License-Identifier: ISC

#include "sync/rows.h"

#include "base/alloc.h"
#include "tests/check.h"
#include "tests/unit/quadstore/fixture.h"

#define BEGIN_MS INT64_C(1795536000000)
#define EVENTS 8U

// What a row may lack of the event it was
enum harm {
    HARM_NONE,
    HARM_GONE,
    HARM_MESSAGE,
    HARM_VALUE,
    HARM_STATUS,
};

static const uint8_t log_key[DM_KEY_PUBLIC_BYTES] = {7};

// Two checks in turn, one second apart
static struct dm_event
event_of(struct dm_txn *txn, dm_log_no log, size_t i, enum harm harm)
{
    static const char *const checks[] = {"https://example.net/a",
                                         "https://example.net/b"};
    static const struct dm_sample samples[] = {
        {DM_STR("rta"), DM_STR("0.25"), false, DM_STR("s"), DM_STR(""),
         DM_STR("")},
        {DM_STR("rta"), DM_STR("0.5"), false, DM_STR("s"), DM_STR(""),
         DM_STR("")},
    };
    const int64_t ms = BEGIN_MS + (int64_t)i * 1000;
    return (struct dm_event){
        .key = {.log = log, .ms = ms, .n = 2},
        .check = put(txn, checks[i % 2]),
        .status = harm == HARM_STATUS ? DM_RESULT_OK : DM_RESULT_CRITICAL,
        .at_ms = ms - 3,
        .micros = 1234,
        .failure = put(txn, DM_NS "timeout"),
        .certificate_expires_ms = DM_NO_TIME,
        .message = dm_str(harm == HARM_MESSAGE ? "all is well" : "no answer"),
        .output = DM_STR(""),
        .run_id = DM_STR(""),
        .samples = &samples[harm == HARM_VALUE ? 1 : 0],
        .n_samples = 1,
    };
}

// A store with the events `from` to EVENTS - 1, of which one is harmed
static void
fill(struct fixture *fixture, size_t from, size_t harmed, enum harm harm)
{
    char iri[DM_KEY_IRI_SIZE];
    dm_log_no log = 0;
    fixture_init(fixture, false);
    dm_key_iri(log_key, iri);
    struct dm_txn *txn = begin(fixture);
    CHECK_INT(dm_txn_log_number(txn, dm_str(iri), &log), DM_OK);
    for (size_t i = from; i < EVENTS; ++i) {
        const enum harm own = i == harmed ? harm : HARM_NONE;
        const struct dm_event event = event_of(txn, log, i, own);
        if (own != HARM_GONE) {
            CHECK_INT(dm_txn_merge(txn, &event), DM_OK);
        }
    }
    commit(txn);
}

// The payload that says the events `from` to `until` - 1
static void
make_payload(struct fixture *whole, size_t from, size_t until,
             struct dm_payload *ret)
{
    char iri[DM_KEY_IRI_SIZE];
    struct dm_history_spec spec = {.filter = dm_history_all(),
                                   .order = DM_ORDER_KEY,
                                   .columns = (unsigned)DM_COLUMN_TEXTS |
                                              (unsigned)DM_COLUMN_SAMPLES};
    struct dm_snapshot *snapshot = snapshot_of(whole);
    struct dm_quad_lines *lines = dm_quad_lines_new(1U << 20U);
    struct dm_star *star = dm_calloc(1, sizeof(*star));
    struct dm_history *history = NULL;
    struct dm_event row;
    CHECK(lines && star);
    dm_key_iri(log_key, iri);
    CHECK_INT(dm_history_open(snapshot, &spec, &history), DM_OK);
    for (size_t i = 0; i < until; ++i) {
        CHECK_INT(dm_history_next(history, &row), DM_OK);
        CHECK_INT(dm_star_of_row(snapshot, &row, star), DM_OK);
        if (i >= from) {
            CHECK_INT(dm_quad_lines_add_event(lines, dm_str(iri), &star->event),
                      DM_OK);
        }
    }
    dm_history_close(history);
    dm_snapshot_close(snapshot);
    const struct dm_payload_spec read = {.role = DM_PAYLOAD_DATA,
                                         .log = log_key};
    static char text[1U << 20U];
    const struct dm_str made = dm_quad_lines_text(lines);
    CHECK(made.n < sizeof(text));
    memcpy(text, made.data, made.n);
    CHECK_INT(
        dm_payload_read_text(dm_str_n(text, made.n), &read, NULL, ret, NULL),
        DM_OK);
    dm_quad_lines_free(lines);
    dm_free(star);
}

struct outcome {
    enum dm_status status;
    struct dm_error error;
    struct dm_rows_report report;
};

// What an audit of the events `first` to `until` - 1, two an entry, says of a
// store
static struct outcome
audit(struct fixture *fixture, size_t first, size_t until)
{
    struct fixture whole;
    struct outcome outcome = {0};
    struct dm_rows_audit *own = NULL;
    struct dm_snapshot *snapshot = snapshot_of(fixture);
    fill(&whole, 0, 0, HARM_NONE);
    outcome.status = dm_rows_audit_new(snapshot, log_key, &own);
    for (size_t i = first; !outcome.status && i < until; i += 2) {
        struct dm_payload payload;
        make_payload(&whole, i, i + 2, &payload);
        outcome.status = dm_rows_audit_entry(own, &payload, &outcome.error);
        dm_payload_done(&payload);
    }
    if (!outcome.status) {
        outcome.status = dm_rows_audit_end(own, &outcome.report);
    }
    dm_rows_audit_free(own);
    dm_snapshot_close(snapshot);
    fixture_done(&whole);
    return outcome;
}

static void
check_harm(size_t harmed, enum harm harm, const char *says)
{
    struct fixture fixture;
    fill(&fixture, 0, harmed, harm);
    const struct outcome outcome = audit(&fixture, 0, EVENTS);
    CHECK_INT(outcome.status, DM_ERR_CORRUPT);
    CHECK(!strcmp(outcome.error.what, says));
    fixture_done(&fixture);
}

static void
rows_are_what_entries_say(void)
{
    struct fixture fixture;
    fill(&fixture, 0, 0, HARM_NONE);
    const struct outcome outcome = audit(&fixture, 0, EVENTS);
    CHECK_INT(outcome.status, DM_OK);
    CHECK_INT((int64_t)outcome.report.equal, EVENTS);
    CHECK_INT((int64_t)outcome.report.dropped, 0);
    CHECK_INT((int64_t)outcome.report.unsealed, 0);
    CHECK(!outcome.report.has_older);
    fixture_done(&fixture);
}

static void
rows_may_go_on_before_and_behind(void)
{
    struct fixture fixture;
    fill(&fixture, 0, 0, HARM_NONE);
    const struct outcome outcome = audit(&fixture, 2, EVENTS - 2);
    CHECK_INT(outcome.status, DM_OK);
    CHECK_INT((int64_t)outcome.report.equal, EVENTS - 4);
    CHECK_INT((int64_t)outcome.report.unsealed, 2);
    CHECK(outcome.report.has_older);
    fixture_done(&fixture);
}

static void
a_row_that_was_changed_is_named(void)
{
    check_harm(3, HARM_MESSAGE, "row-differs: event 1795536003000.2");
    check_harm(4, HARM_VALUE, "row-differs: event 1795536004000.2");
    check_harm(0, HARM_STATUS, "row-differs: event 1795536000000.2");
}

static void
a_row_that_is_gone_is_named(void)
{
    check_harm(3, HARM_GONE, "row-missing: event 1795536003000.2");
    check_harm(EVENTS - 1, HARM_GONE, "row-missing: event 1795536007000.2");
}

static void
a_row_of_no_entry_is_named(void)
{
    struct fixture fixture;
    struct fixture whole;
    struct dm_payload payload;
    struct dm_error error = {0};
    struct dm_rows_audit *own = NULL;
    fill(&fixture, 0, 0, HARM_NONE);
    fill(&whole, 0, 0, HARM_NONE);
    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    CHECK_INT(dm_rows_audit_new(snapshot, log_key, &own), DM_OK);
    make_payload(&whole, 0, 2, &payload);
    CHECK_INT(dm_rows_audit_entry(own, &payload, &error), DM_OK);
    dm_payload_done(&payload);
    make_payload(&whole, 3, 5, &payload);
    CHECK_INT(dm_rows_audit_entry(own, &payload, &error), DM_ERR_CORRUPT);
    dm_payload_done(&payload);
    CHECK(!strcmp(error.what,
                  "row-unknown: no entry has the row 1795536002000.2"));
    dm_rows_audit_free(own);
    dm_snapshot_close(snapshot);
    fixture_done(&fixture);
    fixture_done(&whole);
}

// Of the last two events one is the newest of its check: all before may be gone
static void
what_retention_dropped_is_counted(void)
{
    struct fixture fixture;
    fill(&fixture, 5, 0, HARM_NONE);
    struct outcome outcome = audit(&fixture, 0, EVENTS);
    CHECK_INT(outcome.status, DM_OK);
    CHECK_INT((int64_t)outcome.report.equal, 3);
    CHECK_INT((int64_t)outcome.report.dropped, 5);
    fixture_done(&fixture);

    fill(&fixture, 6, 0, HARM_NONE); // The newest of both checks alone
    outcome = audit(&fixture, 0, EVENTS);
    CHECK_INT(outcome.status, DM_OK);
    CHECK_INT((int64_t)outcome.report.equal, 2);
    CHECK_INT((int64_t)outcome.report.dropped, 6);
    fixture_done(&fixture);
}

static void
every_allocation_may_fail(void)
{
    struct fixture fixture;
    struct dm_payload payload;
    fill(&fixture, 0, 0, HARM_NONE);
    make_payload(&fixture, 0, 2, &payload);
    enum dm_status status = DM_ERR_NO_MEMORY;
    for (uint64_t allowed = 0; status == DM_ERR_NO_MEMORY; ++allowed) {
        struct dm_snapshot *snapshot = snapshot_of(&fixture);
        struct dm_rows_audit *own = NULL;
        struct dm_rows_report report;
        struct dm_error error = {0};
        dm_alloc_fail_after(allowed);
        status = dm_rows_audit_new(snapshot, log_key, &own);
        if (!status) {
            status = dm_rows_audit_entry(own, &payload, &error);
        }
        if (!status) {
            status = dm_rows_audit_end(own, &report);
        }
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        dm_rows_audit_free(own);
        dm_snapshot_close(snapshot);
    }
    CHECK_INT(status, DM_OK);
    dm_payload_done(&payload);
    fixture_done(&fixture);
}

int
main(void)
{
    rows_are_what_entries_say();
    rows_may_go_on_before_and_behind();
    a_row_that_was_changed_is_named();
    a_row_that_is_gone_is_named();
    a_row_of_no_entry_is_named();
    what_retention_dropped_is_counted();
    every_allocation_may_fail();
    return 0;
}
