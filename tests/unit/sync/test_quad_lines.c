// SPDX-License-Identifier: ISC

#include "base/alloc.h"
#include "sync/payload.h"
#include "tests/unit/sync/payload_fixture.h"

#define KIB ((size_t)1024)

static struct dm_quad_lines *
new_lines(size_t max_bytes)
{
    struct dm_quad_lines *const lines = dm_quad_lines_new(max_bytes);
    CHECK(lines);
    return lines;
}

static struct dm_quad
quad_of(struct dm_term o)
{
    return (struct dm_quad){.s = dm_term_iri(dm_str("a:s")),
                            .p = dm_term_iri(dm_str("a:p")),
                            .o = o,
                            .g = dm_term_iri(dm_str("a:g"))};
}

// A quad whose object is a number
static enum dm_status
add_number(struct dm_quad_lines *lines, unsigned number)
{
    char text[16];
    (void)snprintf(text, sizeof(text), "%u", number);
    const struct dm_quad quad = quad_of(dm_term_string(dm_str(text)));
    return dm_quad_lines_add(lines, &quad);
}

static void
lines_are_sorted_and_each_stands_once(void)
{
    static const unsigned numbers[] = {7, 10, 2, 7, 1, 10, 100};
    struct dm_quad_lines *const lines = new_lines(4 * KIB);
    CHECK(dm_quad_lines_text(lines).n == 0);
    for (size_t i = 0; i < DM_COUNT_OF(numbers); ++i) {
        CHECK_INT(add_number(lines, numbers[i]), DM_OK);
    }
    CHECK_INT((int64_t)dm_quad_lines_count(lines), 5);
    const struct dm_str text = dm_quad_lines_text(lines);
    CHECK(dm_str_is(text, "<a:s> <a:p> \"1\" <a:g> .\n"
                          "<a:s> <a:p> \"10\" <a:g> .\n"
                          "<a:s> <a:p> \"100\" <a:g> .\n"
                          "<a:s> <a:p> \"2\" <a:g> .\n"
                          "<a:s> <a:p> \"7\" <a:g> .\n"));
    CHECK_INT((int64_t)dm_quad_lines_bytes(lines), (int64_t)text.n);
    CHECK(dm_quad_lines_text(lines).data == text.data);
    CHECK_INT(add_number(lines, 0), DM_OK);
    CHECK(dm_str_starts(dm_quad_lines_text(lines),
                        dm_str("<a:s> <a:p> \"0\" <a:g> .\n<a:s>")));

    dm_quad_lines_clear(lines);
    CHECK(dm_quad_lines_count(lines) == 0 && dm_quad_lines_bytes(lines) == 0);
    CHECK(dm_quad_lines_text(lines).n == 0);
    CHECK_INT(add_number(lines, 3), DM_OK);
    CHECK(dm_str_is(dm_quad_lines_text(lines), "<a:s> <a:p> \"3\" <a:g> .\n"));
    dm_quad_lines_free(lines);
    dm_quad_lines_free(NULL);
}

static void
what_fills_it_stays_and_what_is_more_does_not_enter(void)
{
    const size_t line = sizeof("<a:s> <a:p> \"1\" <a:g> .\n") - 1;
    struct dm_quad_lines *const lines = new_lines(3 * line);
    for (unsigned i = 1; i <= 3; ++i) {
        CHECK_INT(add_number(lines, i), DM_OK);
    }
    CHECK_INT(add_number(lines, 4), DM_ERR_LIMIT);
    CHECK_INT(add_number(lines, 2), DM_OK); // It is there
    CHECK_INT((int64_t)dm_quad_lines_count(lines), 3);
    CHECK_INT((int64_t)dm_quad_lines_text(lines).n, (int64_t)(3 * line));
    dm_quad_lines_free(lines);
}

static void
there_are_no_more_lines_than_a_payload_has(void)
{
    struct dm_quad_lines *const lines = new_lines(DM_INFLATED_MAX);
    for (unsigned i = 0; i < DM_QUADS_MAX; ++i) {
        CHECK_INT(add_number(lines, i), DM_OK);
    }
    CHECK_INT(add_number(lines, DM_QUADS_MAX), DM_ERR_LIMIT);
    CHECK_INT(add_number(lines, 77), DM_OK);
    CHECK_INT((int64_t)dm_quad_lines_count(lines), DM_QUADS_MAX);
    CHECK_INT((int64_t)dm_quad_lines_text(lines).n,
              (int64_t)dm_quad_lines_bytes(lines));
    dm_quad_lines_free(lines);
}

static void
check_adds(const struct dm_quad *quad, enum dm_status want)
{
    struct dm_quad_lines *const lines = new_lines(DM_INFLATED_MAX);
    CHECK_INT(dm_quad_lines_add(lines, quad), want);
    CHECK_INT((int64_t)dm_quad_lines_count(lines), want ? 0 : 1);
    dm_quad_lines_free(lines);
}

static void
limits_of_the_wire_bind_what_is_written(void)
{
    char *const text = dm_malloc(64 * KIB + 2);
    CHECK(text);
    memset(text, 'x', 64 * KIB + 1);
    struct dm_quad quad = quad_of(dm_term_string(dm_str_n(text, 64 * KIB)));
    check_adds(&quad, DM_OK);
    ++quad.o.value.n;
    check_adds(&quad, DM_ERR_LIMIT);
    // A literal of 64 KiB that takes 6 times that in its line
    memset(text, '\x01', 64 * KIB);
    quad.o.value.n = 64 * KIB;
    check_adds(&quad, DM_ERR_LIMIT);

    memset(text, 'x', 64 * KIB);
    memcpy(text, "a:", 2);
    quad = quad_of(dm_term_iri(dm_str_n(text, 2 * KIB)));
    check_adds(&quad, DM_OK);
    ++quad.o.value.n;
    check_adds(&quad, DM_ERR_LIMIT);

    quad = quad_of(dm_term_string(dm_str_n(text, 4 * KIB + 1)));
    check_adds(&quad, DM_OK);
    quad.p = dm_term_iri(dm_str(DM_NS "message"));
    check_adds(&quad, DM_ERR_LIMIT);
    --quad.o.value.n;
    check_adds(&quad, DM_OK);
    quad.o.value.n = 8 * KIB + 1;
    quad.p = dm_term_iri(dm_str(DM_NS "output"));
    check_adds(&quad, DM_ERR_LIMIT);
    dm_free(text);

    struct dm_triple triples[5];
    struct dm_term o = dm_term_string(dm_str("x"));
    for (size_t i = 0; i < DM_COUNT_OF(triples); ++i) {
        triples[i] = (struct dm_triple){.s = dm_term_iri(dm_str("a:s")),
                                        .p = dm_term_iri(dm_str("a:p")),
                                        .o = o};
        o = dm_term_triple(&triples[i]);
        quad = quad_of(o);
        check_adds(&quad, i < 4 ? DM_OK : DM_ERR_LIMIT);
    }
}

static void
what_cannot_be_said_on_the_wire_is_not_added(void)
{
    static const struct {
        const char *text;
        const char *type;
    } literals[] = {
        {"1", DM_XSD_NS "decimal"},
        {"01", DM_XSD_NS "integer"},
        {"1", DM_XSD_NS "boolean"},
        {"NaN", DM_XSD_NS "double"},
        {"1.0e0", DM_XSD_NS "double"},
        {"P1M", DM_XSD_NS "duration"},
        {"x", "relative"},
        {"x", DM_RDF_NS "langString"},
        {"\xFF", DM_XSD_NS "string"},
        {"\xED\xA0\x80", "a:b"},
    };
    for (size_t i = 0; i < DM_COUNT_OF(literals); ++i) {
        const struct dm_quad quad = quad_of(dm_term_literal(
            dm_str(literals[i].text), dm_str(literals[i].type)));
        check_adds(&quad, DM_ERR_ARGUMENT);
    }
    struct dm_quad quad = quad_of(dm_term_string(dm_str_n("a\0b", 3)));
    check_adds(&quad, DM_ERR_ARGUMENT);
    quad = quad_of(dm_term_blank(dm_str("b0")));
    check_adds(&quad, DM_ERR_ARGUMENT);
    quad = quad_of(dm_term_iri(dm_str("a:\n")));
    check_adds(&quad, DM_ERR_ARGUMENT);
    quad = quad_of(dm_term_iri(dm_str("a: b")));
    check_adds(&quad, DM_ERR_ARGUMENT);
    quad = quad_of(
        dm_term_tagged(dm_str("x"), dm_str("abcdefghi"), DM_DIRECTION_NONE));
    check_adds(&quad, DM_ERR_ARGUMENT);
    quad = quad_of(dm_term_string(dm_str("x")));
    quad.g.kind = DM_TERM_NONE;
    check_adds(&quad, DM_ERR_ARGUMENT);
    quad =
        quad_of(dm_term_tagged(dm_str("x"), dm_str("EN-gb"), DM_DIRECTION_LTR));
    check_adds(&quad, DM_OK); // Its tag is written in small letters
}

// ----------------------------------------------------------------------- stars

#define SHOP "https://demonitor.internal/shop"

static struct dm_payload_event
event_of(void)
{
    return (struct dm_payload_event){
        .key = {.ms = 1764000000123, .n = 5},
        .check = dm_str(SHOP),
        .has_status = true,
        .status = DM_RESULT_CRITICAL,
        .at_ms = 1764000000000,
        .micros = DM_NO_MICROS,
        .certificate_expires_ms = DM_NO_TIME,
        .since_ms = DM_NO_TIME,
        .bad_since_ms = DM_NO_TIME,
    };
}

// Whether the sorted text is these lines, in which '$' is the log
static bool
is_text(struct dm_quad_lines *lines, const char *pattern)
{
    struct dm_buf buf;
    dm_buf_init(&buf, 64 * KIB);
    for (; *pattern; ++pattern) {
        if (*pattern == '$') {
            CHECK_INT(dm_buf_put_str(&buf, fixture_iri()), DM_OK);
        } else {
            CHECK_INT(dm_buf_putc(&buf, *pattern), DM_OK);
        }
    }
    const bool is_same =
        dm_str_equal(dm_quad_lines_text(lines), dm_buf_str(&buf));
    dm_buf_done(&buf);
    return is_same;
}

#define KEY "<$#1764000000123.5> "
#define REIFIED                                                                \
    KEY "<" DM_RDF_NS "reifies> <<( <" SHOP "> <" DM_NS "status> <" DM_NS      \
        "critical> )>> <$> .\n"
#define DECIMAL "^^<" DM_XSD_NS "decimal>"
#define DATE_TIME "^^<" DM_XSD_NS "dateTime>"
#define INTEGER "^^<" DM_XSD_NS "integer>"

static void
an_event_is_written_as_its_star(void)
{
    const struct dm_payload_value values[] = {
        {.label = dm_str("r a/\xC3\xBC"), .value = dm_str("0.50")},
        {.label = dm_str("big"), .value = dm_str("12345678901234567890.0")},
        {.label = dm_str("none"), .value = dm_str("NaN"), .is_double = true},
        {.label = dm_str("zero"), .value = dm_str("-0.0E0"), .is_double = true},
    };
    struct dm_payload_event event = event_of();
    event.micros = 1500000;
    event.failure = dm_str(DM_NS "tls");
    event.message = dm_str("a\"b");
    event.certificate_expires_ms = 0;
    event.values = values;
    event.n_values = DM_COUNT_OF(values);
    struct dm_quad_lines *const lines = new_lines(DM_INFLATED_MAX);
    for (int i = 0; i < 2; ++i) { // Twice is once
        CHECK_INT(dm_quad_lines_add_event(lines, fixture_iri(), &event), DM_OK);
    }
    CHECK(is_text(
        lines,
        REIFIED                                                          //
            KEY "<" SHOP "#big> \"1.2345678901234567E19\"^^<" DM_XSD_NS  //
                "double> <$> .\n"                                        //
        KEY "<" SHOP "#r%20a%2F%C3%BC> \"0.5\"" DECIMAL " <$> .\n"       //
        KEY "<" SHOP "#zero> \"0.0\"" DECIMAL " <$> .\n"                 //
        KEY "<" DM_NS "at> \"2025-11-24T16:00:00.000Z\"" DATE_TIME       //
                " <$> .\n"                                               //
        KEY "<" DM_NS "certificateExpires> \"1970-01-01T00:00:00.000Z\"" //
        DATE_TIME " <$> .\n"                                             //
        KEY "<" DM_NS "failure> <" DM_NS "tls> <$> .\n"                  //
        KEY "<" DM_NS "message> \"a\\\"b\" <$> .\n"                      //
        KEY "<" DM_NS "seconds> \"1.5\"" DECIMAL " <$> .\n"));
    dm_quad_lines_free(lines);
}

static void
a_metric_is_written_with_what_is_said_of_it(void)
{
    struct dm_payload_metric metric = {.check = dm_str(SHOP),
                                       .label = dm_str("/")};
    struct dm_quad_lines *const lines = new_lines(DM_INFLATED_MAX);
    CHECK_INT(dm_quad_lines_add_metric(lines, fixture_iri(), &metric), DM_OK);
    CHECK_INT((int64_t)dm_quad_lines_count(lines), 0);
    metric.unit = dm_term_iri(dm_str("http://a/b"));
    metric.crit = dm_term_string(dm_str("30"));
    CHECK_INT(dm_quad_lines_add_metric(lines, fixture_iri(), &metric), DM_OK);
    CHECK(is_text(lines,
                  "<" SHOP "#%2F> <" DM_NS "crit> \"30\" <$> .\n"
                  "<" SHOP "#%2F> <" DM_NS "unit> <http://a/b> <$> .\n"));
    metric.label = dm_str("");
    CHECK_INT(dm_quad_lines_add_metric(lines, fixture_iri(), &metric),
              DM_ERR_ARGUMENT);
    metric.label = dm_str("x");
    metric.check = dm_str("a:b#c");
    CHECK_INT(dm_quad_lines_add_metric(lines, fixture_iri(), &metric),
              DM_ERR_ARGUMENT);
    CHECK_INT((int64_t)dm_quad_lines_count(lines), 2);
    dm_quad_lines_free(lines);
}

#define STATE "<$#state:a/b%20c> "

static void
a_state_is_written_under_the_name_of_its_check(void)
{
    const struct dm_payload_value value = {.label = dm_str("x"),
                                           .value = dm_str("1.0")};
    struct dm_payload_event state = event_of();
    state.name = dm_str("a/b c");
    state.streak = 3;
    state.since_ms = 0;
    state.bad = 0;
    state.definition = dm_str("0123456789abcdef");
    state.values = &value;
    state.n_values = 1;
    struct dm_quad_lines *const lines = new_lines(DM_INFLATED_MAX);
    CHECK_INT(dm_quad_lines_add_state(lines, fixture_iri(), &state), DM_OK);
    CHECK(is_text(
        lines,
        STATE "<" SHOP "#x> \"1.0\"" DECIMAL " <$#state> .\n"            //
        STATE "<" DM_NS "at> \"2025-11-24T16:00:00.000Z\"" DATE_TIME     //
              " <$#state> .\n"                                           //
        STATE "<" DM_NS "bad> \"0\"" INTEGER " <$#state> .\n"            //
        STATE "<" DM_NS "check> <" SHOP "> <$#state> .\n"                //
        STATE "<" DM_NS "definition> \"0123456789abcdef\" <$#state> .\n" //
        STATE "<" DM_NS "event> <$#1764000000123.5> <$#state> .\n"       //
        STATE "<" DM_NS "since> \"1970-01-01T00:00:00.000Z\"" DATE_TIME  //
              " <$#state> .\n"                                           //
        STATE "<" DM_NS "status> <" DM_NS "critical> <$#state> .\n"      //
        STATE "<" DM_NS "streak> \"3\"" INTEGER " <$#state> .\n"));
    state.definition = dm_str("0123456789ABCDEF");
    CHECK_INT(dm_quad_lines_add_state(lines, fixture_iri(), &state),
              DM_ERR_ARGUMENT);
    dm_quad_lines_free(lines);
}

static void
check_no_event(const struct dm_payload_event *event)
{
    struct dm_quad_lines *const lines = new_lines(DM_INFLATED_MAX);
    const enum dm_status status =
        dm_quad_lines_add_event(lines, fixture_iri(), event);
    CHECK(status == DM_ERR_ARGUMENT || status == DM_ERR_LIMIT);
    CHECK_INT((int64_t)dm_quad_lines_count(lines), 0);
    CHECK_INT((int64_t)dm_quad_lines_bytes(lines), 0);
    dm_quad_lines_free(lines);
}

static void
what_others_would_refuse_is_not_written(void)
{
    struct dm_payload_event event = event_of();
    event.at_ms = event.key.ms + 1;
    check_no_event(&event);
    event = event_of();
    event.at_ms = DM_NO_TIME;
    check_no_event(&event);
    event.at_ms = DM_TIME_MIN_MS - 1;
    check_no_event(&event);
    event = event_of();
    event.check = dm_str("a:b#c");
    check_no_event(&event);
    event.check = dm_str("relative");
    check_no_event(&event);
    event = event_of();
    event.status = DM_RESULT_STALE;
    check_no_event(&event);
    event = event_of();
    event.key.ms = DM_EVENT_EPOCH_MS - 1;
    event.at_ms = 0;
    check_no_event(&event);
    event = event_of();
    event.key.n = DM_EVENT_N_MAX + 1;
    check_no_event(&event);
    event = event_of();
    event.micros = INT64_C(1000000000000000);
    check_no_event(&event);
    event = event_of();
    event.message = dm_str("\xC3");
    check_no_event(&event);
    event = event_of();
    event.failure = dm_str("no iri");
    check_no_event(&event);

    const struct dm_payload_value values[] = {
        {.label = dm_str("x"), .value = dm_str("1.0")},
        {.label = dm_str("x"), .value = dm_str("2.0")}};
    event = event_of();
    event.values = values;
    event.n_values = 2;
    check_no_event(&event);

    const struct dm_quad foreign = quad_of(dm_term_string(dm_str("x")));
    event = event_of();
    event.quads = &foreign;
    event.n_quads = 1;
    check_no_event(&event);
}

static void
a_star_enters_whole_or_not_at_all(void)
{
    const struct dm_payload_event event = event_of();
    struct dm_payload_event second = event;
    ++second.key.n;
    struct dm_quad_lines *lines = new_lines(DM_INFLATED_MAX);
    CHECK_INT(dm_quad_lines_add_event(lines, fixture_iri(), &event), DM_OK);
    const size_t bytes = dm_quad_lines_bytes(lines);
    dm_quad_lines_free(lines);

    lines = new_lines(2 * bytes - 1);
    CHECK_INT(dm_quad_lines_add_event(lines, fixture_iri(), &event), DM_OK);
    CHECK_INT(dm_quad_lines_add_event(lines, fixture_iri(), &second),
              DM_ERR_LIMIT);
    CHECK_INT((int64_t)dm_quad_lines_bytes(lines), (int64_t)bytes);
    CHECK_INT((int64_t)dm_quad_lines_text(lines).n, (int64_t)bytes);
    CHECK_INT((int64_t)dm_quad_lines_count(lines), 2);
    CHECK_INT(dm_quad_lines_add_event(lines, fixture_iri(), &event), DM_OK);
    dm_quad_lines_free(lines);
}

static enum dm_status
add_some(struct dm_quad_lines *lines)
{
    struct dice dice = {.state = 3};
    struct dm_arena arena;
    struct dm_event_key last = {.ms = 1764000000000};
    enum dm_status status = DM_OK;
    dm_arena_init(&arena, DM_PAYLOAD_MEMORY, NULL);
    // What the test itself needs is there before anything fails
    struct dm_payload_event events[3];
    for (size_t i = 0; i < DM_COUNT_OF(events); ++i) {
        events[i] = random_event(&dice, &arena, &last);
    }
    for (size_t i = 0; i < DM_COUNT_OF(events) && !status; ++i) {
        status = dm_quad_lines_add_event(lines, fixture_iri(), &events[i]);
    }
    dm_arena_done(&arena);
    return status;
}

static void
each_allocation_may_fail(void)
{
    struct dice dice = {.state = 3};
    struct dm_arena arena;
    struct dm_event_key last = {.ms = 1764000000000};
    struct dm_payload_event events[3];
    const struct dm_payload_metric metric = {
        .check = dm_str(SHOP),
        .label = dm_str("x"),
        .unit = dm_term_string(dm_str("s")),
    };
    struct dm_payload_event state = event_of();
    state.name = dm_str("shop");
    dm_arena_init(&arena, DM_PAYLOAD_MEMORY, NULL);
    for (size_t i = 0; i < DM_COUNT_OF(events); ++i) {
        events[i] = random_event(&dice, &arena, &last);
    }
    for (size_t allowed = 0;; ++allowed) {
        dm_alloc_fail_after(allowed);
        struct dm_quad_lines *const lines = dm_quad_lines_new(DM_INFLATED_MAX);
        enum dm_status status = lines ? DM_OK : DM_ERR_NO_MEMORY;
        size_t n = 0;
        for (size_t i = 0; i < DM_COUNT_OF(events) && !status; ++i) {
            n = dm_quad_lines_count(lines);
            status = dm_quad_lines_add_event(lines, fixture_iri(), &events[i]);
        }
        if (!status) {
            n = dm_quad_lines_count(lines);
            status = dm_quad_lines_add_metric(lines, fixture_iri(), &metric);
        }
        if (!status) {
            n = dm_quad_lines_count(lines);
            status = dm_quad_lines_add_state(lines, fixture_iri(), &state);
        }
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        if (status) {
            CHECK_INT(status, DM_ERR_NO_MEMORY);
            CHECK(!lines || dm_quad_lines_count(lines) == n);
        }
        if (lines && status) { // It can be used again
            CHECK_INT((int64_t)dm_quad_lines_text(lines).n,
                      (int64_t)dm_quad_lines_bytes(lines));
            CHECK_INT(add_some(lines), DM_OK);
        }
        dm_quad_lines_free(lines);
        if (!status) {
            CHECK(allowed > 20);
            break;
        }
    }
    dm_arena_done(&arena);
}

int
main(void)
{
    lines_are_sorted_and_each_stands_once();
    what_fills_it_stays_and_what_is_more_does_not_enter();
    there_are_no_more_lines_than_a_payload_has();
    limits_of_the_wire_bind_what_is_written();
    what_cannot_be_said_on_the_wire_is_not_added();
    an_event_is_written_as_its_star();
    a_metric_is_written_with_what_is_said_of_it();
    a_state_is_written_under_the_name_of_its_check();
    what_others_would_refuse_is_not_written();
    a_star_enters_whole_or_not_at_all();
    each_allocation_may_fail();
    return 0;
}
