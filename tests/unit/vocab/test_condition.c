// SPDX-License-Identifier: ISC

#include "vocab/condition.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "tests/check.h"
#include "vocab/definitions.h"

#include <string.h>

#define HTTP (1U << DM_CHECK_HTTP)
#define SYSTEM (1U << DM_CHECK_SYSTEM)
#define ANY 0xFFU

static struct dm_arena arena;

static struct dm_condition
parse(const char *text, uint32_t kinds)
{
    struct dm_condition condition = {0};
    struct dm_error error = {0};
    if (dm_condition_parse(dm_str(text), kinds, &arena, &condition, &error)) {
        (void)fprintf(stderr, "%s: %s\n", text, error.what);
        CHECK(false);
    }
    return condition;
}

static void
check_text(const char *got, const char *want)
{
    if (strcmp(got, want) != 0) {
        (void)fprintf(stderr, "got:  %s\nwant: %s\n", got, want);
        CHECK(false);
    }
}

static void
the_table_of_subjects_parses(void)
{
    static const char *const texts[] = {
        "latency < 2s",
        "latency<800ms",
        "latency < 1.5s",
        "status == 200",
        "status != 500",
        "body contains Hello",
        "body contains 'Hello world'",
        "body matches \"<h1>.*</h1>\"",
        "body matches <h1>",
        "header Content-Type startswith text/",
        "header X-Powered-By exists",
        "json $.status == UP",
        "json $.installed == true",
        "json $.a[0].b >= 5",
        "json \"$['a b']\" == null",
        "json $.token exists",
        "cert > 3d",
        "ip == 192.0.2.7",
        "banner startswith SSH-2.0-",
        "rcode == NOERROR",
        "answer contains mail.example.net",
        "loss < 60%",
        "loss < 60 %",
        "rtt > 200ms",
        "disk / > 85%",
        "disk * > 95%",
        "disk /var > 5GiB",
        "inodes * > 85%",
        "memory > 90%",
        "swap > 50%",
        "cpu > 90%",
        "load1 > 9.5",
        "load5 > 2 per cpu",
        "load15 >= 1",
        "unit * failed",
        "unit nginx.service failed",
        "process nginx exists",
        "process nginx >= 2",
        "file /etc/passwd exists",
        "file /var/backups/db.gz > 1d",
        "file /var/backups/db.gz < 10 MiB",
        "file /run/state contains ready",
        "clock offset > 100ms",
        "uptime < 10m",
        "exit == 0",
        "perf time < 5",
    };
    for (size_t i = 0; i < DM_COUNT_OF(texts); ++i) {
        (void)parse(texts[i], ANY);
    }
}

static const struct {
    const char *text;
    enum dm_subject subject;
    enum dm_fact_kind wants;
    int64_t number;
    const char *argument;
    const char *value;
    bool per_cpu;
} parsed[] = {
    {"latency < 1m30s", DM_SUBJECT_LATENCY, DM_FACT_DURATION, 90, "", "",
     false},
    {"disk /var > 5 GiB", DM_SUBJECT_DISK, DM_FACT_SIZE, INT64_C(5) << 30U,
     "/var", "", false},
    {"load5 > 2 per cpu", DM_SUBJECT_LOAD5, DM_FACT_NUMBER, 2, "", "", true},
    {"json $.x == 'true'", DM_SUBJECT_JSON, DM_FACT_TEXT, 0, "$.x", "true",
     false},
    {"json $.x == true", DM_SUBJECT_JSON, DM_FACT_BOOLEAN, 1, "$.x", "", false},
    {"clock offset > 100s", DM_SUBJECT_CLOCK_OFFSET, DM_FACT_DURATION, 100, "",
     "", false},
    {"file /x > 1d", DM_SUBJECT_FILE, DM_FACT_DURATION, 86400, "/x", "", false},
    {"process nginx exists", DM_SUBJECT_PROCESS, DM_FACT_PRESENT, 0, "nginx",
     "", false},
    {"unit * failed", DM_SUBJECT_UNIT, DM_FACT_BOOLEAN, 0, "*", "", false},
};

static void
values_have_the_units_of_their_subjects(void)
{
    for (size_t i = 0; i < DM_COUNT_OF(parsed); ++i) {
        const struct dm_condition condition = parse(parsed[i].text, ANY);
        CHECK(condition.subject == parsed[i].subject);
        CHECK(condition.wants == parsed[i].wants);
        CHECK(condition.per_cpu == parsed[i].per_cpu);
        CHECK_INT((int64_t)condition.value.number, parsed[i].number);
        CHECK(dm_str_is(condition.argument, parsed[i].argument));
        CHECK(dm_str_is(condition.value.text, parsed[i].value));
    }
}

static void
errors_say_what_and_where(void)
{
    static const struct {
        const char *text;
        uint32_t kinds;
        uint32_t column;
        const char *what;
        const char *hint;
    } rows[] = {
        {"", HTTP, 1, "a condition is empty", ""},
        {"latency < 800", HTTP, 11, "a duration needs a unit, as \"800ms\"",
         ""},
        {"cert > 3", HTTP, 8, "a duration needs a unit, as \"3d\"", ""},
        {"latency < fast", HTTP, 11, "\"fast\" is no duration, as \"5ms\"", ""},
        {"latency < 5%", HTTP, 11, "\"5%\" is no duration, as \"5ms\"", ""},
        {"latancy < 5s", HTTP, 1, "there is no \"latancy\" to ask for",
         "Did you mean latency?"},
        {"disk / > 85%", HTTP, 1,
         "\"disk\" cannot be asked of this kind of check", ""},
        {"disk > 85%", SYSTEM, 6,
         "disk needs to know which, as \"disk / > 85%\"", ""},
        {"disk home > 85%", SYSTEM, 6, "\"home\" is no path: it begins with /",
         ""},
        {"disk / > 85", SYSTEM, 10, "disk needs a unit, as \"85%\"", ""},
        {"memory > 90", SYSTEM, 10, "a percentage needs its sign, as \"90%\"",
         ""},
        {"memory > lots", SYSTEM, 10, "\"lots\" is no percentage, as \"90%\"",
         ""},
        {"status = 200", HTTP, 8, "\"=\" is no operator", "Did you mean ==?"},
        {"status equals 200", HTTP, 8, "\"equals\" is no operator",
         "There are == != < <= > >= contains startswith endswith matches "
         "exists failed"},
        {"body contain x", HTTP, 6, "\"contain\" is no operator",
         "Did you mean contains?"},
        {"status", HTTP, 7, "an operator is missing, as == or <", ""},
        {"status ==", HTTP, 10, "a value is missing after ==", ""},
        {"status == OK", HTTP, 11, "\"OK\" is no number, as \"200\"", ""},
        {"status contains 2", HTTP, 8,
         "status is no text: \"contains\" cannot be asked of it", ""},
        {"body > 5", HTTP, 6, "body is a text: \">\" cannot be asked of it",
         ""},
        {"body contains Hello world", HTTP, 15,
         "a text with spaces needs quotes, as 'Hello world'", ""},
        {"body contains 'Hello", HTTP, 15, "a ' is missing at the end", ""},
        {"body contains 'a' b", HTTP, 19, "nothing may follow the quoted text",
         ""},
        {"body matches (", HTTP, 14,
         "no regular expression: missing closing parenthesis, at character 2",
         ""},
        {"json status == UP", HTTP, 6,
         "\"status\" is no path, as $.status or $.a[0]", ""},
        {"latency exists", HTTP, 9, "latency always exists", ""},
        {"status failed", HTTP, 8, "only a unit can be \"failed\"", ""},
        {"unit * == 1", SYSTEM, 8, "of a unit only \"failed\" can be asked",
         ""},
        {"unit * failed twice", SYSTEM, 15, "nothing may follow \"failed\"",
         ""},
        {"é < 1", HTTP, 1, "there is no \"é\" to ask for", ""},
        {"body contains 'é' ü", HTTP, 19, "nothing may follow the quoted text",
         ""},
    };
    for (size_t i = 0; i < DM_COUNT_OF(rows); ++i) {
        struct dm_condition condition;
        struct dm_error error = {0};
        CHECK(dm_condition_parse(dm_str(rows[i].text), rows[i].kinds, &arena,
                                 &condition, &error) == DM_ERR_SYNTAX);
        check_text(error.what, rows[i].what);
        check_text(error.hint, rows[i].hint);
        CHECK_INT(error.column, rows[i].column);
    }
}

#define NUMBER(kind_, value_)                                                  \
    {                                                                          \
        .kind = DM_FACT_##kind_, .number = (value_)                            \
    }
#define TEXT(value_)                                                           \
    {                                                                          \
        .kind = DM_FACT_TEXT, .text = DM_STR(value_)                           \
    }

static const struct {
    const char *text;
    struct dm_fact fact;
    bool holds;
    const char *message;
} evaluations[] = {
    {"latency < 2s", NUMBER(DURATION, 2.4), false, "latency 2.4 s > 2 s"},
    {"latency < 2s", NUMBER(DURATION, 0.1324), true, "latency 132 ms < 2 s"},
    {"status == 200", NUMBER(NUMBER, 503), false, "status 503"},
    {"status == 200", NUMBER(NUMBER, 200), true, "status 200"},
    {"disk / > 85%", NUMBER(PERCENT, 91.2), true, "/ 91 %"},
    {"disk / > 85%", NUMBER(PERCENT, 85.3), true, "/ 85.3 %"},
    {"disk * > 85%",
     {.kind = DM_FACT_PERCENT, .number = 97, .which = DM_STR("/home")},
     true,
     "/home 97 %"},
    {"inodes / > 85%", NUMBER(PERCENT, 12), false, "inodes / 12 %"},
    {"disk /var > 5GiB", NUMBER(SIZE, 6.5 * 1073741824), true,
     "/var 6.5 GiB > 5 GiB"},
    {"memory > 90%", NUMBER(PERCENT, 38), false, "memory 38 %"},
    {"load5 > 2 per cpu", NUMBER(NUMBER, 2.375), true,
     "load5 2.375 per cpu > 2 per cpu"},
    {"cert > 3d", NUMBER(DURATION, 86400 * 2.5), false, "cert 2.5 d < 3 d"},
    {"body contains Hello", TEXT("Hello world"), true, "body contains Hello"},
    {"body contains Hello", TEXT("Bye"), false, "body does not contain Hello"},
    {"body startswith He", TEXT("Hello"), true, "body starts with He"},
    {"body endswith lo", TEXT("Hello"), true, "body ends with lo"},
    {"body matches ^h.*o$", TEXT("Hello"), false, "body does not match ^h.*o$"},
    {"body matches (?i)^h.*o$", TEXT("Hello"), true, "body matches (?i)^h.*o$"},
    {"header Server == nginx", TEXT("Apache"), false,
     "header Server is \"Apache\", not \"nginx\""},
    {"header X exists", NUMBER(ABSENT, 0), false, "header X is absent"},
    {"header X exists", TEXT(""), true, "header X exists"},
    {"header X != a", NUMBER(ABSENT, 0), true, "header X is absent"},
    {"header X == a", NUMBER(ABSENT, 0), false, "header X is absent"},
    {"json $.installed == true", NUMBER(BOOLEAN, 0), false,
     "json $.installed is false, not true"},
    {"json $.n > 5", NUMBER(NUMBER, 6), true, "json $.n is 6"},
    {"json $.n == 5", TEXT("5"), false, "json $.n is \"5\", not 5"},
    {"json $.n == null", NUMBER(NULL, 0), true, "json $.n is null"},
    {"unit * failed",
     {.kind = DM_FACT_BOOLEAN, .number = 1, .which = DM_STR("a.service")},
     true,
     "unit a.service failed"},
    {"unit a failed", NUMBER(BOOLEAN, 0), false, "unit a has not failed"},
    {"process nginx >= 2", NUMBER(NUMBER, 1), false, "process nginx 1 < 2"},
    {"process nginx exists", NUMBER(NUMBER, 3), true, "process nginx exists"},
    {"file /x > 1d", NUMBER(ABSENT, 0), false, "file /x is absent"},
    {"exit == 0", NUMBER(NUMBER, 2), false, "exit 2"},
    {"perf time < 5", NUMBER(NUMBER, 7.25), false, "perf time 7.25 > 5"},
};

static void
conditions_hold_and_say_what_is(void)
{
    for (size_t i = 0; i < DM_COUNT_OF(evaluations); ++i) {
        const struct dm_condition condition = parse(evaluations[i].text, ANY);
        struct dm_buf message;
        dm_buf_init(&message, 1000);
        CHECK(dm_condition_eval(&condition, &evaluations[i].fact, &message) ==
              evaluations[i].holds);
        check_text(dm_buf_cstr(&message), evaluations[i].message);
        dm_buf_done(&message);
    }
}

static void
a_pattern_that_explodes_does_not_match(void)
{
    const struct dm_condition condition = parse("body matches ^(a+)+$", ANY);
    const struct dm_fact fact =
        TEXT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!");
    CHECK(!dm_condition_eval(&condition, &fact, NULL));
}

static void
a_path_is_read_step_by_step(void)
{
    struct dm_str path = DM_STR("$.a[12]['b c'].d");
    struct dm_json_step step;
    CHECK(dm_json_path_next(&path, &step) && dm_str_is(step.name, "a"));
    CHECK(dm_json_path_next(&path, &step) && step.is_index);
    CHECK_INT(step.index, 12);
    CHECK(dm_json_path_next(&path, &step) && dm_str_is(step.name, "b c"));
    CHECK(dm_json_path_next(&path, &step) && dm_str_is(step.name, "d"));
    CHECK(!dm_json_path_next(&path, &step));
}

static void
each_failing_allocation_is_told(void)
{
    const size_t before = dm_alloc_count();
    dm_arena_done(&arena);
    (void)parse("body matches ^a", ANY);
    const size_t all = dm_alloc_count() - before;
    for (size_t n = 0; n < all; ++n) {
        struct dm_condition condition;
        dm_arena_done(&arena);
        dm_alloc_fail_after(n);
        CHECK(dm_condition_parse(dm_str("body matches ^a"), ANY, &arena,
                                 &condition, NULL) == DM_ERR_NO_MEMORY);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
    }
    const struct dm_condition condition = parse("body matches ^a", ANY);
    const struct dm_fact fact = TEXT("abc");
    dm_alloc_fail_after(0);
    CHECK(!dm_condition_eval(&condition, &fact, NULL));
    dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
    CHECK(dm_condition_eval(&condition, &fact, NULL));
}

int
main(void)
{
    dm_arena_init(&arena, 10U << 20U, NULL);
    the_table_of_subjects_parses();
    values_have_the_units_of_their_subjects();
    errors_say_what_and_where();
    conditions_hold_and_say_what_is();
    a_pattern_that_explodes_does_not_match();
    a_path_is_read_step_by_step();
    each_failing_allocation_is_told();
    dm_arena_done(&arena);
    return 0;
}
