// SPDX-License-Identifier: ISC

#include "sync/payload.h"

#include "base/account.h"
#include "base/alloc.h"
#include "base/env.h"
#include "sync/frame.h"
#include "tests/unit/sync/payload_fixture.h"

#define XSD "http://www.w3.org/2001/XMLSchema#"
#define REIFIES "<http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies>"

// The key of an event, and the end of a line in the graph of its log
#define KEY "<$#1764000000123.0> "
#define END " <$> .\n"
#define AT "<" DM_NS "at> \"2025-11-24T16:00:00.123Z\"^^<" XSD "dateTime>"
#define OF(check, status)                                                      \
    REIFIES " <<( <" check "> <" DM_NS "status> <" DM_NS status "> )>>"
#define SHOP "https://demonitor.internal/shop"
#define SMALL KEY OF(SHOP, "ok") END KEY AT END // Lines ascend: http, https

// A text in which every '$' is the log
static struct dm_str
text_of(const char *pattern, struct dm_arena *arena)
{
    struct dm_buf buf;
    dm_buf_init(&buf, DM_INFLATED_MAX);
    for (; *pattern; ++pattern) {
        if (*pattern == '$') {
            CHECK_INT(dm_buf_put_str(&buf, fixture_iri()), DM_OK);
        } else {
            CHECK_INT(dm_buf_putc(&buf, *pattern), DM_OK);
        }
    }
    const struct dm_str text = fixture_copy(arena, dm_buf_str(&buf));
    dm_buf_done(&buf);
    return text;
}

struct read {
    struct dm_arena arena;
    struct dm_str text;
    struct dm_payload payload;
};

static void
read_pattern(struct read *read, enum dm_role_of_payload role,
             const char *pattern)
{
    const struct dm_payload_spec spec = {.role = role, .log = fixture_log};
    struct dm_error error = {.line = 0};
    dm_arena_init(&read->arena, DM_PAYLOAD_MEMORY, NULL);
    read->text = text_of(pattern, &read->arena);
    const enum dm_status status =
        dm_payload_read_text(read->text, &spec, NULL, &read->payload, &error);
    if (status) {
        (void)fprintf(stderr, "%s\n", error.what);
    }
    CHECK_INT(status, DM_OK);
}

static void
read_done(struct read *read)
{
    dm_payload_done(&read->payload);
    dm_arena_done(&read->arena);
}

static void
check_refused(enum dm_role_of_payload role, const char *pattern,
              const char *reason, uint32_t line)
{
    const struct dm_payload_spec spec = {.role = role, .log = fixture_log};
    struct dm_error error = {.line = 0};
    struct dm_payload payload;
    struct dm_arena arena;
    dm_arena_init(&arena, DM_PAYLOAD_MEMORY, NULL);
    CHECK_INT(dm_payload_read_text(text_of(pattern, &arena), &spec, NULL,
                                   &payload, &error),
              DM_ERR_CORRUPT);
    if (!dm_str_starts(dm_str(error.what), dm_str(reason))) {
        (void)fprintf(stderr, "%s, not %s\n", error.what, reason);
        CHECK(!"the reason that was expected");
    }
    CHECK_INT(error.line, line);
    dm_arena_done(&arena);
}

// -------------------------------------------------------------------- reading

static void
an_event_is_read_into_its_columns(void)
{
    struct read read;
    read_pattern(
        &read, DM_PAYLOAD_DATA,
        "<" SHOP "#r%20a> <" DM_NS "crit> \"30\"" END                         //
        "<" SHOP "#r%20a> <" DM_NS "unit> <http://a/ms>" END                  //
            KEY OF(SHOP, "critical") END                                      //
                KEY "<" SHOP "#r%20a> \"1.5\"^^<" XSD "decimal>" END          //
                    KEY "<" SHOP "#r%2da> \"1\"^^<" XSD "integer>" END        //
                        KEY "<" SHOP "#rtb> \"1.5E300\"^^<" XSD "double>" END //
                            KEY AT END                                        //
                                KEY "<" DM_NS
                    "certificateExpires> \"9999-12-31T23:59:59.999Z\""    //
                    "^^<" XSD "dateTime>" END                             //
                        KEY "<" DM_NS "failure> <http://a/f>" END         //
                            KEY "<" DM_NS "message> \"a\\nb\\u0001\"" END //
                                KEY "<" DM_NS "output> \"out\"" END       //
                                    KEY "<" DM_NS "runId> \"\"" END       //
                                        KEY "<" DM_NS
                    "seconds> \"999999999.999999\"^^<" XSD "decimal>" END);
    CHECK_INT((int64_t)read.payload.n, 13);
    CHECK_INT((int64_t)read.payload.n_events, 1);
    const struct dm_payload_event *const event = read.payload.events;
    CHECK(event->key.ms == 1764000000123 && event->key.n == 0);
    CHECK(dm_str_is(event->check, SHOP));
    CHECK(event->has_status && event->status == DM_RESULT_CRITICAL);
    CHECK_INT(event->at_ms, 1764000000123);
    CHECK_INT(event->micros, 999999999999999);
    CHECK_INT(event->certificate_expires_ms, DM_TIME_MAX_MS);
    CHECK(dm_str_is(event->failure, "http://a/f"));
    CHECK(dm_str_is(event->message, "a\nb\x01"));
    CHECK(dm_str_is(event->output, "out"));
    CHECK_INT((int64_t)event->n_values, 2);
    CHECK(dm_str_is(event->values[0].metric, SHOP "#r%20a"));
    CHECK(dm_str_is(event->values[0].label, "r a"));
    CHECK(dm_str_is(event->values[0].value, "1.5"));
    CHECK(!event->values[0].is_double && event->values[1].is_double);
    // No column holds an empty text, nor what only looks like a metric
    CHECK(event->run_id.n == 0);
    CHECK_INT((int64_t)event->n_quads, 2);
    CHECK(dm_term_is_iri(&event->quads[0].p, SHOP "#r%2da"));
    CHECK(dm_term_is_iri(&event->quads[1].p, DM_NS "runId"));
    CHECK(dm_str_equal(event->quads[1].g.value, fixture_iri()));

    CHECK_INT((int64_t)read.payload.n_metrics, 1);
    const struct dm_payload_metric *const metric = read.payload.metrics;
    CHECK(dm_str_is(metric->check, SHOP) && dm_str_is(metric->label, "r a"));
    CHECK(dm_term_is_iri(&metric->unit, "http://a/ms"));
    CHECK(dm_str_is(metric->crit.value, "30"));
    CHECK_INT(metric->warn.kind, DM_TERM_NONE);
    read_done(&read);
}

#define EVENT_N(n)                                                             \
    "<$#1764000000123." n "> " OF(SHOP, "ok") END "<$#1764000000123." n        \
                                                  "> " AT END

static void
events_of_one_ms_come_in_the_order_of_their_numbers(void)
{
    static const uint8_t numbers[] = {0, 1, 2, 5, 10, 11, 63};
    struct read read;
    read_pattern(&read, DM_PAYLOAD_DATA,
                 EVENT_N("0") EVENT_N("10") EVENT_N("11") EVENT_N("1")
                     EVENT_N("2") EVENT_N("5")
                         EVENT_N("63") "<$#1764000000124.7> " OF(SHOP, "ok") END
                 "<$#1764000000124.7> " AT END);
    CHECK_INT((int64_t)read.payload.n_events, 8);
    for (size_t i = 0; i < DM_COUNT_OF(numbers); ++i) {
        CHECK_INT(read.payload.events[i].key.n, numbers[i]);
    }
    CHECK_INT(read.payload.events[7].key.ms, 1764000000124);
    read_done(&read);
}

// "…/a!#x" < "…/a#x", but "…/a" < "…/a!"
static void
metrics_find_their_checks_though_these_sort_otherwise(void)
{
    struct read read;
    read_pattern(
        &read, DM_PAYLOAD_DATA,
        "<http://h/a!#x> <" DM_NS "warn> \"1\"" END "<http://h/a#x> <" DM_NS
        "warn> \"1\"" END "<http://h/a#y> <" DM_NS "warn> \"1\"" END
        "<http://h/ab#x> <" DM_NS "warn> \"1\"" END KEY OF("http://h/a!", "ok")
            END KEY AT END "<$#1764000000123.1> " OF("http://h/ab", "ok") END
        "<$#1764000000123.1> " AT END
        "<$#1764000000123.2> " OF("http://h/a", "ok") END
        "<$#1764000000123.2> " AT END);
    CHECK_INT((int64_t)read.payload.n_metrics, 4);
    read_done(&read);
    check_refused(DM_PAYLOAD_DATA,
                  "<http://h/a!#x> <" DM_NS "warn> \"1\"" END
                  "<http://h/a#x> <" DM_NS
                  "warn> \"1\"" END KEY OF("http://h/a!", "ok") END KEY AT END,
                  "subject", 4);
    check_refused(DM_PAYLOAD_DATA,
                  "<http://h/a!#x> <" DM_NS "warn> \"1\"" END
                  "<http://h/a#x> <" DM_NS
                  "warn> \"1\"" END KEY OF("http://h/a", "ok") END KEY AT END,
                  "subject", 4);
}

#define STATE "<$#state:a/b%20c> "
#define STATE_END " <$#state> .\n"

static void
a_state_is_read_into_its_columns(void)
{
    struct read read;
    read_pattern(&read, DM_PAYLOAD_SNAP,
                 STATE "<" SHOP "#x> \"2.0\"^^<" XSD
                       "decimal>" STATE_END STATE AT STATE_END STATE "<" DM_NS
                       "bad> \"3\"^^<" XSD "integer>" STATE_END STATE "<" DM_NS
                       "badSince> \"1970-01-01T00:00:00.001Z\"^^<" XSD
                       "dateTime>" STATE_END STATE "<" DM_NS "check> <" SHOP
                       ">" STATE_END STATE "<" DM_NS
                       "definition> \"0123456789abcdef\"" STATE_END STATE
                       "<" DM_NS "event> <$#1764000000123.9>" STATE_END STATE
                       "<" DM_NS "since> \"1970-01-01T00:00:00.002Z\"^^<" XSD
                       "dateTime>" STATE_END STATE "<" DM_NS "status> <" DM_NS
                       "warning>" STATE_END STATE "<" DM_NS
                       "streak> \"4\"^^<" XSD "integer>" STATE_END);
    CHECK_INT((int64_t)read.payload.n_events, 1);
    const struct dm_payload_event *const state = read.payload.events;
    CHECK(dm_str_ends(state->state, dm_str("#state:a/b%20c")));
    CHECK(state->key.ms == 1764000000123 && state->key.n == 9);
    CHECK(state->has_status && state->status == DM_RESULT_WARNING);
    CHECK(dm_str_is(state->check, SHOP));
    CHECK_INT(state->bad, 3);
    CHECK_INT(state->streak, 4);
    CHECK_INT(state->bad_since_ms, 1);
    CHECK_INT(state->since_ms, 2);
    CHECK(dm_str_is(state->definition, "0123456789abcdef"));
    CHECK_INT((int64_t)state->n_values, 1);
    CHECK_INT((int64_t)state->n_quads, 0);
    read_done(&read);
}

// It names no types for them, so they are kept as they stand
static void
of_a_state_what_fits_no_column_is_kept(void)
{
    struct read read;
    read_pattern(&read, DM_PAYLOAD_SNAP,
                 STATE "<" DM_NS "bad> \"-3\"^^<" XSD "integer>" STATE_END STATE
                       "<" DM_NS "check> <" SHOP ">" STATE_END STATE "<" DM_NS
                       "event> <http://a/b>" STATE_END STATE "<" DM_NS
                       "output> \"a\"" STATE_END STATE "<" DM_NS
                       "output> \"b\"" STATE_END STATE "<" DM_NS
                       "since> \"yesterday\"" STATE_END);
    const struct dm_payload_event *const state = read.payload.events;
    CHECK_INT((int64_t)state->n_quads, 5);
    CHECK(!state->has_status && state->key.ms == 0 && state->bad == 0);
    CHECK_INT(state->since_ms, DM_NO_TIME);
    CHECK_INT(state->at_ms, DM_NO_TIME);
    read_done(&read);
}

static void
refusals_name_the_rule_and_the_line(void)
{
    check_refused(DM_PAYLOAD_DATA, "", "no-quads", 0);
    check_refused(DM_PAYLOAD_NOTE, "\n", "syntax", 1);
    check_refused(DM_PAYLOAD_DATA, SMALL SMALL, "line-order", 3);
    check_refused(DM_PAYLOAD_DATA, SMALL KEY AT END, "line-twice", 3);
    check_refused(DM_PAYLOAD_DATA, SMALL "<a:b>", "no-final-lf", 3);
    check_refused(DM_PAYLOAD_DATA, SMALL "<$#1764000000124.0> " AT " .\n",
                  "graph", 3);
    check_refused(DM_PAYLOAD_DATA, SMALL "<$#1764000000124.0> " AT END,
                  "event-shape", 3);
    check_refused(DM_PAYLOAD_DATA, SMALL "<$#1764000000124.0> " AT " <$#x> .\n",
                  "graph", 3);
    check_refused(DM_PAYLOAD_DATA, SMALL "<$#1764000000124.0> " AT " <$>.\n",
                  "not-canonical", 3);
    check_refused(DM_PAYLOAD_CONF, "<a:s> <a:p> \"\\u0041\" <$#config> .\n",
                  "not-canonical", 1);
    check_refused(DM_PAYLOAD_CONF, "<a:s> <a:p> \"\xED\xA0\x80\"", "no-final",
                  1);
    check_refused(DM_PAYLOAD_CONF,
                  "<a:s> <a:p> \"\xED\xA0\x80\" <$#config> .\n", "utf8", 1);
    // A vocabulary is no check: what each event has would be its metrics
    check_refused(DM_PAYLOAD_DATA,
                  KEY OF("https://w3id.org/demonitor", "ok") END KEY AT END,
                  "event-shape", 2);
}

static void
what_an_entry_said_must_be_there(void)
{
    struct dm_arena arena;
    struct dm_payload payload;
    dm_arena_init(&arena, DM_PAYLOAD_MEMORY, NULL);
    const struct dm_str text = text_of(SMALL, &arena);
    struct dm_payload_spec spec = {.role = DM_PAYLOAD_DATA,
                                   .log = fixture_log,
                                   .log_iri = fixture_iri(),
                                   .has_expected = true,
                                   .n = 2,
                                   .size = text.n};
    CHECK_INT(dm_payload_read_text(text, &spec, NULL, &payload, NULL), DM_OK);
    CHECK(dm_str_equal(payload.text, text) && payload.size == text.n);
    dm_payload_done(&payload);
    spec.n = 3;
    CHECK_INT(dm_payload_read_text(text, &spec, NULL, &payload, NULL),
              DM_ERR_CORRUPT);
    spec.n = 2;
    --spec.size;
    CHECK_INT(dm_payload_read_text(text, &spec, NULL, &payload, NULL),
              DM_ERR_CORRUPT);
    // Its key is after those before it
    spec.has_expected = false;
    spec.after = (struct dm_event_key){.ms = 1764000000123};
    CHECK_INT(dm_payload_read_text(text, &spec, NULL, &payload, NULL),
              DM_ERR_CORRUPT);
    spec.after.ms = 1764000000122;
    spec.after.n = 63;
    CHECK_INT(dm_payload_read_text(text, &spec, NULL, &payload, NULL), DM_OK);
    dm_payload_done(&payload);
    dm_arena_done(&arena);
}

// --------------------------------------------------------- there and back
// again

static void
fill(void *context, void *bytes, size_t n)
{
    (void)context;
    memset(bytes, 7, n);
}

static const struct dm_env_ops ops = {.random = fill};

// Write what was read.
static struct dm_str
write_again(const struct dm_payload *payload, struct dm_quad_lines *lines)
{
    for (size_t i = 0; i < payload->n_events; ++i) {
        CHECK_INT(
            dm_quad_lines_add_event(lines, fixture_iri(), &payload->events[i]),
            DM_OK);
    }
    for (size_t i = 0; i < payload->n_metrics; ++i) {
        CHECK_INT(dm_quad_lines_add_metric(lines, fixture_iri(),
                                           &payload->metrics[i]),
                  DM_OK);
    }
    return dm_quad_lines_text(lines);
}

// Events, some with a metric that says its unit, as text
static void
write_random(struct dice *dice, struct dm_arena *arena,
             struct dm_payload_event *events, size_t n,
             struct dm_quad_lines *lines)
{
    struct dm_event_key last = {.ms = 1764000000000, .n = 0};
    for (size_t i = 0; i < n; ++i) {
        events[i] = random_event(dice, arena, &last);
        CHECK_INT(dm_quad_lines_add_event(lines, fixture_iri(), &events[i]),
                  DM_OK);
        if (dice_roll(dice, 4) == 0) {
            const struct dm_payload_metric metric = {
                .check = events[i].check,
                .label = random_text(dice, arena, 5),
                .unit = dm_term_string(random_text(dice, arena, 5)),
                .warn = dm_term_string(dm_str("@10:20")),
            };
            CHECK_INT(dm_quad_lines_add_metric(lines, fixture_iri(), &metric),
                      DM_OK);
        }
    }
}

#define EVENTS_MAX 16

static void
random_events_come_back_as_they_were(void)
{
    struct dice dice = {.state = 20261124};
    struct dm_quad_lines *const lines = dm_quad_lines_new(DM_INFLATED_MAX);
    struct dm_quad_lines *const again = dm_quad_lines_new(DM_INFLATED_MAX);
    struct dm_payload_key key = {.bytes = {1}, .id = {2}};
    const struct dm_env env = {.ops = &ops};
    struct dm_inflater *const inflater = dm_inflater_new();
    CHECK(lines && again && inflater);
    for (size_t round = 0; round < 60; ++round) {
        struct dm_payload_event events[EVENTS_MAX];
        struct dm_arena arena;
        struct dm_buf block;
        struct dm_payload payload;
        const bool is_secret = round % 2;
        dm_arena_init(&arena, DM_PAYLOAD_MEMORY, NULL);
        dm_buf_init(&block, DM_PAYLOAD_MAX);
        const size_t n = 1 + dice_roll(&dice, EVENTS_MAX);
        write_random(&dice, &arena, events, n, lines);
        const struct dm_str text = dm_quad_lines_text(lines);
        CHECK_INT(dm_payload_write(&env, text, fixture_log,
                                   is_secret ? &key : NULL, &block),
                  DM_OK);
        const struct dm_payload_spec spec = {
            .role = DM_PAYLOAD_DATA,
            .log = fixture_log,
            .has_enc = is_secret,
            .enc = {2},
            .key = &key,
            .has_expected = true,
            .n = dm_quad_lines_count(lines),
            .size = dm_quad_lines_bytes(lines),
            .inflater = round % 3 ? inflater : NULL,
        };
        CHECK_INT(
            dm_payload_read(dm_buf_str(&block), &spec, NULL, &payload, NULL),
            DM_OK);
        CHECK(dm_str_equal(payload.text, text));
        CHECK_INT((int64_t)payload.n_events, (int64_t)n);
        for (size_t i = 0; i < n; ++i) {
            check_same_event(&payload.events[i], &events[i]);
        }
        CHECK(dm_str_equal(write_again(&payload, again), text));
        dm_payload_done(&payload);
        dm_quad_lines_clear(lines);
        dm_quad_lines_clear(again);
        dm_buf_done(&block);
        dm_arena_done(&arena);
    }
    dm_inflater_free(inflater);
    dm_quad_lines_free(lines);
    dm_quad_lines_free(again);
}

// Whatever one byte becomes: refused, or read and written the same
static void
a_text_with_another_byte_is_refused_or_says_what_it_says(void)
{
    struct dice dice = {.state = 11};
    struct dm_quad_lines *const lines = dm_quad_lines_new(DM_INFLATED_MAX);
    struct dm_quad_lines *const again = dm_quad_lines_new(DM_INFLATED_MAX);
    const struct dm_payload_spec spec = {
        .role = DM_PAYLOAD_DATA, .log = fixture_log, .log_iri = fixture_iri()};
    size_t accepted = 0;
    CHECK(lines && again);
    for (size_t round = 0; round < 20; ++round) {
        struct dm_payload_event events[3];
        struct dm_arena arena;
        dm_arena_init(&arena, DM_PAYLOAD_MEMORY, NULL);
        write_random(&dice, &arena, events, 3, lines);
        const struct dm_str text = dm_quad_lines_text(lines);
        char *const copy = dm_strndup(text.data, text.n);
        CHECK(copy);
        for (size_t i = 0; i < 500; ++i) {
            struct dm_payload payload;
            const size_t at = dice_roll(&dice, text.n);
            const char before = copy[at];
            copy[at] = dice_roll(&dice, 2)
                           ? (char)(unsigned char)dice_roll(&dice, 256)
                           : text.data[dice_roll(&dice, text.n)];
            const struct dm_str changed = dm_str_n(copy, text.n);
            if (!dm_payload_read_text(changed, &spec, NULL, &payload, NULL)) {
                ++accepted;
                CHECK(dm_str_equal(write_again(&payload, again), changed));
                dm_quad_lines_clear(again);
                dm_payload_done(&payload);
            }
            copy[at] = before;
        }
        dm_free(copy);
        dm_quad_lines_clear(lines);
        dm_arena_done(&arena);
    }
    CHECK(accepted > 300);
    dm_quad_lines_free(lines);
    dm_quad_lines_free(again);
}

// ---------------------------------------------------------------------- memory

static void
make_block(struct dm_buf *block, const struct dm_payload_key *key)
{
    struct dice dice = {.state = 5};
    struct dm_payload_event events[EVENTS_MAX];
    struct dm_quad_lines *const lines = dm_quad_lines_new(DM_INFLATED_MAX);
    struct dm_arena arena;
    const struct dm_env env = {.ops = &ops};
    CHECK(lines);
    dm_arena_init(&arena, DM_PAYLOAD_MEMORY, NULL);
    write_random(&dice, &arena, events, EVENTS_MAX, lines);
    CHECK_INT(dm_payload_write(&env, dm_quad_lines_text(lines), fixture_log,
                               key, block),
              DM_OK);
    dm_arena_done(&arena);
    dm_quad_lines_free(lines);
}

static void
each_allocation_may_fail_while_a_payload_is_read(void)
{
    struct dm_buf block;
    const struct dm_payload_key key = {.bytes = {1}, .id = {2}};
    const struct dm_payload_spec spec = {.role = DM_PAYLOAD_DATA,
                                         .log = fixture_log,
                                         .has_enc = true,
                                         .enc = {2},
                                         .key = &key};
    dm_buf_init(&block, DM_PAYLOAD_MAX);
    make_block(&block, &key);
    for (size_t allowed = 0;; ++allowed) {
        struct dm_payload payload;
        struct dm_error error = {.line = 0};
        dm_alloc_fail_after(allowed);
        const enum dm_status status =
            dm_payload_read(dm_buf_str(&block), &spec, NULL, &payload, &error);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        if (!status) {
            CHECK(allowed > 10);
            dm_payload_done(&payload);
            break;
        }
        CHECK_INT(status, DM_ERR_NO_MEMORY);
    }
    dm_buf_done(&block);
}

static void
each_allocation_may_fail_while_a_payload_is_written(void)
{
    const struct dm_payload_key key = {.bytes = {1}, .id = {2}};
    const struct dm_env env = {.ops = &ops};
    for (size_t allowed = 0;; ++allowed) {
        struct dm_buf block;
        dm_buf_init(&block, DM_PAYLOAD_MAX);
        dm_alloc_fail_after(allowed);
        const enum dm_status status = dm_payload_write(
            &env, dm_str("some text"), fixture_log, &key, &block);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        const size_t n = block.n;
        dm_buf_done(&block);
        if (!status) {
            CHECK(allowed > 2);
            return;
        }
        CHECK_INT(status, DM_ERR_NO_MEMORY);
        CHECK(n == 0);
    }
}

static void
an_account_is_charged_for_what_is_held(void)
{
    struct dm_buf block;
    struct dm_payload payload;
    struct dm_account account;
    const struct dm_payload_spec spec = {.role = DM_PAYLOAD_DATA,
                                         .log = fixture_log};
    dm_buf_init(&block, DM_PAYLOAD_MAX);
    make_block(&block, NULL);
    dm_account_init(&account, SIZE_MAX);
    CHECK_INT(
        dm_payload_read(dm_buf_str(&block), &spec, &account, &payload, NULL),
        DM_OK);
    CHECK(account.used > payload.size);
    dm_payload_done(&payload);
    CHECK_INT((int64_t)account.used, 0);
    account.limit = account.peak - 1;
    CHECK_INT(
        dm_payload_read(dm_buf_str(&block), &spec, &account, &payload, NULL),
        DM_ERR_NO_MEMORY);
    CHECK_INT((int64_t)account.used, 0);
    dm_buf_done(&block);
}

static void
a_block_whose_key_is_not_here_stays_unread(void)
{
    const struct dm_payload_key key = {.id = {3}};
    struct dm_payload payload;
    struct dm_payload_spec spec = {.role = DM_PAYLOAD_DATA,
                                   .log = fixture_log,
                                   .has_enc = true,
                                   .enc = {2}};
    CHECK_INT(dm_payload_read(dm_str("any"), &spec, NULL, &payload, NULL),
              DM_ERR_NOT_FOUND);
    spec.key = &key;
    CHECK_INT(dm_payload_read(dm_str("any"), &spec, NULL, &payload, NULL),
              DM_ERR_NOT_FOUND);
    spec.enc[0] = 3;
    CHECK_INT(dm_payload_read(dm_str("any"), &spec, NULL, &payload, NULL),
              DM_ERR_CORRUPT);
}

int
main(void)
{
    an_event_is_read_into_its_columns();
    events_of_one_ms_come_in_the_order_of_their_numbers();
    metrics_find_their_checks_though_these_sort_otherwise();
    a_state_is_read_into_its_columns();
    of_a_state_what_fits_no_column_is_kept();
    refusals_name_the_rule_and_the_line();
    what_an_entry_said_must_be_there();
    random_events_come_back_as_they_were();
    a_text_with_another_byte_is_refused_or_says_what_it_says();
    each_allocation_may_fail_while_a_payload_is_read();
    each_allocation_may_fail_while_a_payload_is_written();
    an_account_is_charged_for_what_is_held();
    a_block_whose_key_is_not_here_stays_unread();
    return 0;
}
