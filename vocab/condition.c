// SPDX-License-Identifier: ISC

#include "vocab/condition.h"

#include "base/arena.h"
#include "vocab/condition_private.h"
#include "vocab/definitions.h"
#include "vocab/distance.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define HTTP (1U << DM_CHECK_HTTP)
#define TCP (1U << DM_CHECK_TCP)
#define TLS (1U << DM_CHECK_TLS)
#define DNS (1U << DM_CHECK_DNS)
#define PING (1U << DM_CHECK_PING)
#define SYSTEM (1U << DM_CHECK_SYSTEM)
#define COMMAND (1U << DM_CHECK_COMMAND)

#define NUMBER (1U << DM_FACT_NUMBER)
#define TEXT (1U << DM_FACT_TEXT)
#define DURATION (1U << DM_FACT_DURATION)
#define SIZE (1U << DM_FACT_SIZE)
#define PERCENT (1U << DM_FACT_PERCENT)
#define BOOLEAN (1U << DM_FACT_BOOLEAN)
#define NULL_ (1U << DM_FACT_NULL)
#define PRESENT (1U << DM_FACT_PRESENT) // May be asked whether it exists

struct subject {
    const char *name;
    uint32_t kinds;
    uint32_t values;      // What it may be compared with, bits of facts
    const char *argument; // Where it has one, a whole example; else NULL
    const char *example;  // A value, for hints
};

static const struct subject subjects[DM_SUBJECTS] = {
    [DM_SUBJECT_LATENCY] = {"latency", HTTP | TCP | TLS | DNS, DURATION, NULL,
                            "ms"},
    [DM_SUBJECT_STATUS] = {"status", HTTP, NUMBER, NULL, "200"},
    [DM_SUBJECT_BODY] = {"body", HTTP, TEXT | PRESENT, NULL, "Hello"},
    [DM_SUBJECT_HEADER] = {"header", HTTP, TEXT | PRESENT,
                           "header Server == nginx", "text/html"},
    [DM_SUBJECT_JSON] = {"json", HTTP,
                         TEXT | NUMBER | BOOLEAN | NULL_ | PRESENT,
                         "json $.status == UP", "UP"},
    [DM_SUBJECT_CERT] = {"cert", HTTP | TLS | TCP, DURATION, NULL, "d"},
    [DM_SUBJECT_IP] = {"ip", HTTP | TCP | TLS | PING, TEXT, NULL, "192.0.2.1"},
    [DM_SUBJECT_BANNER] = {"banner", TCP, TEXT, NULL, "SSH-2.0-"},
    [DM_SUBJECT_RCODE] = {"rcode", DNS, TEXT, NULL, "NOERROR"},
    [DM_SUBJECT_ANSWER] = {"answer", DNS, TEXT, NULL, "192.0.2.1"},
    [DM_SUBJECT_LOSS] = {"loss", PING, PERCENT, NULL, "50%"},
    [DM_SUBJECT_RTT] = {"rtt", PING, DURATION, NULL, "ms"},
    [DM_SUBJECT_DISK] = {"disk", SYSTEM, PERCENT | SIZE, "disk / > 85%", "85%"},
    [DM_SUBJECT_INODES] = {"inodes", SYSTEM, PERCENT, "inodes / > 85%", "85%"},
    [DM_SUBJECT_MEMORY] = {"memory", SYSTEM, PERCENT, NULL, "90%"},
    [DM_SUBJECT_SWAP] = {"swap", SYSTEM, PERCENT, NULL, "50%"},
    [DM_SUBJECT_CPU] = {"cpu", SYSTEM, PERCENT, NULL, "90%"},
    [DM_SUBJECT_LOAD1] = {"load1", SYSTEM, NUMBER, NULL, "2 per cpu"},
    [DM_SUBJECT_LOAD5] = {"load5", SYSTEM, NUMBER, NULL, "2 per cpu"},
    [DM_SUBJECT_LOAD15] = {"load15", SYSTEM, NUMBER, NULL, "2 per cpu"},
    [DM_SUBJECT_UNIT] = {"unit", SYSTEM, BOOLEAN, "unit nginx.service failed",
                         "failed"},
    [DM_SUBJECT_PROCESS] = {"process", SYSTEM, NUMBER | PRESENT,
                            "process nginx exists", "1"},
    [DM_SUBJECT_FILE] = {"file", SYSTEM, DURATION | SIZE | TEXT | PRESENT,
                         "file /run/nologin exists", "1d"},
    [DM_SUBJECT_CLOCK_OFFSET] = {"clock offset", SYSTEM, DURATION, NULL, "ms"},
    [DM_SUBJECT_UPTIME] = {"uptime", SYSTEM, DURATION, NULL, "m"},
    [DM_SUBJECT_EXIT] = {"exit", COMMAND, NUMBER, NULL, "0"},
    [DM_SUBJECT_PERF] = {"perf", COMMAND, NUMBER, "perf time < 5", "5"},
};

static const char *const operators[DM_OPERATORS] = {
    [DM_OPERATOR_EQUAL] = "==",
    [DM_OPERATOR_NOT_EQUAL] = "!=",
    [DM_OPERATOR_LESS] = "<",
    [DM_OPERATOR_AT_MOST] = "<=",
    [DM_OPERATOR_GREATER] = ">",
    [DM_OPERATOR_AT_LEAST] = ">=",
    [DM_OPERATOR_CONTAINS] = "contains",
    [DM_OPERATOR_STARTS] = "startswith",
    [DM_OPERATOR_ENDS] = "endswith",
    [DM_OPERATOR_MATCHES] = "matches",
    [DM_OPERATOR_EXISTS] = "exists",
    [DM_OPERATOR_FAILED] = "failed",
};

const char *
dm_subject_name(enum dm_subject subject)
{
    assert((unsigned)subject < DM_SUBJECTS);
    return subjects[subject].name;
}

uint32_t
dm_subject_kinds(enum dm_subject subject)
{
    assert((unsigned)subject < DM_SUBJECTS);
    return subjects[subject].kinds;
}

const char *
dm_operator_name(enum dm_comparison op)
{
    assert((unsigned)op < DM_OPERATORS);
    return operators[op];
}

// ---------------------------------------------------------------- words

struct parser {
    struct dm_str text;
    size_t at;   // Offset of what is read next
    size_t word; // Offset of the word that was read last
    const struct subject *subject;
    struct dm_error *error;
};

struct word {
    struct dm_str text; // Without its quotes
    bool is_quoted;
};

// Set the error at the word that was read last.
static enum dm_status DM_PRINTF(3, 4)
    fail(struct parser *parser, const char *hint, const char *format, ...);

static enum dm_status
place(struct parser *parser)
{
    uint32_t column = 1;
    struct dm_str before = dm_str_slice(parser->text, 0, parser->word);
    while (before.n) {
        uint32_t point = 0;
        const size_t n = dm_utf8_decode(before, &point);
        before = dm_str_slice(before, n ? n : 1, before.n);
        ++column;
    }
    dm_error_where(parser->error, (struct dm_str){"", 0}, 1, column);
    return DM_ERR_SYNTAX;
}

static enum dm_status
fail(struct parser *parser, const char *hint, const char *format, ...)
{
    char what[300];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    (void)dm_error_set(parser->error, DM_ERR_SYNTAX, "%s", what);
    if (hint[0]) {
        dm_error_hint(parser->error, "%s", hint);
    }
    return place(parser);
}

// At most 40 bytes of a word, for messages
#define SHOWN(word) (int)dm_utf8_cut(word, 40).n, (word).n ? (word).data : ""

static void
skip_spaces(struct parser *parser)
{
    while (parser->at < parser->text.n &&
           (parser->text.data[parser->at] == ' ' ||
            parser->text.data[parser->at] == '\t')) {
        ++parser->at;
    }
}

// The length of a sign such as "<=" at the start of `text`; 0 for none
static size_t
sign_length(struct dm_str text)
{
    for (size_t i = DM_OPERATOR_EQUAL; i <= DM_OPERATOR_AT_LEAST; ++i) {
        const struct dm_str two = dm_str_slice(text, 0, 2);
        if (two.n == 2 && dm_str_is(two, operators[i])) {
            return 2;
        }
    }
    return text.n && (text.data[0] == '<' || text.data[0] == '>') ? 1 : 0;
}

static enum dm_status
take_quoted(struct parser *parser, struct word *ret)
{
    const char quote = parser->text.data[parser->at];
    const struct dm_str rest =
        dm_str_slice(parser->text, parser->at + 1, parser->text.n);
    const char *end = rest.n ? memchr(rest.data, quote, rest.n) : NULL;
    if (!end) {
        return fail(parser, "", "a %c is missing at the end", quote);
    }
    const size_t n = (size_t)(end - rest.data);
    *ret = (struct word){dm_str_slice(rest, 0, n), true};
    parser->at += n + 2;
    return DM_OK;
}

// Read a word, which may be empty at the end of the text. Before the operator
// a sign ends a word and is one by itself.
static enum dm_status
take_word(struct parser *parser, struct word *ret)
{
    skip_spaces(parser);
    parser->word = parser->at;
    const struct dm_str rest =
        dm_str_slice(parser->text, parser->at, parser->text.n);
    if (rest.n && (rest.data[0] == '"' || rest.data[0] == '\'')) {
        return take_quoted(parser, ret);
    }
    size_t n = sign_length(rest);
    while (n == 0 || !sign_length(dm_str_slice(rest, 0, n))) {
        if (n == rest.n || rest.data[n] == ' ' || rest.data[n] == '\t' ||
            sign_length(dm_str_slice(rest, n, rest.n))) {
            break;
        }
        ++n;
    }
    *ret = (struct word){dm_str_slice(rest, 0, n), false};
    parser->at += n;
    return DM_OK;
}

// ---------------------------------------------------------------- subject

static const char *
hint_of(const struct dm_nearest *nearest, char *hint, size_t size)
{
    hint[0] = '\0';
    if (dm_nearest_found(nearest)) {
        (void)snprintf(hint, size, "Did you mean %.*s?", SHOWN(nearest->best));
    }
    return hint;
}

static enum dm_status
unknown_subject(struct parser *parser, struct dm_str word, uint32_t kinds)
{
    struct dm_nearest nearest;
    dm_nearest_init(&nearest, word);
    for (size_t i = 0; i < DM_SUBJECTS; ++i) {
        if (subjects[i].kinds & kinds) {
            dm_nearest_try(&nearest, dm_str(subjects[i].name));
        }
    }
    char hint[80];
    return fail(parser, hint_of(&nearest, hint, sizeof(hint)),
                "there is no \"%.*s\" to ask for", SHOWN(word));
}

static bool
is_operator(struct word word, enum dm_comparison *ret)
{
    for (size_t i = 0; !word.is_quoted && i < DM_OPERATORS; ++i) {
        if (dm_str_is(word.text, operators[i])) {
            *ret = (enum dm_comparison)i;
            return true;
        }
    }
    return false;
}

static enum dm_status
parse_argument(struct parser *parser, struct dm_condition *condition)
{
    const char *example = parser->subject->argument;
    if (!example) {
        return DM_OK;
    }
    struct word word = {{"", 0}, false};
    enum dm_comparison op = DM_OPERATOR_EQUAL;
    const enum dm_status status = take_word(parser, &word);
    if (status) {
        return status;
    }
    if (!word.text.n || is_operator(word, &op)) {
        return fail(parser, "", "%s needs to know which, as \"%s\"",
                    parser->subject->name, example);
    }
    if (condition->subject == DM_SUBJECT_JSON &&
        !dm_json_path_is_valid(word.text)) {
        return fail(parser, "", "\"%.*s\" is no path, as $.status or $.a[0]",
                    SHOWN(word.text));
    }
    const bool is_path = condition->subject == DM_SUBJECT_DISK ||
                         condition->subject == DM_SUBJECT_INODES ||
                         condition->subject == DM_SUBJECT_FILE;
    const bool is_any =
        dm_str_is(word.text, "*") && condition->subject != DM_SUBJECT_FILE;
    if (is_path && !is_any && word.text.data[0] != '/') {
        return fail(parser, "", "\"%.*s\" is no path: it begins with /",
                    SHOWN(word.text));
    }
    condition->argument = word.text;
    return DM_OK;
}

static enum dm_status
parse_subject(struct parser *parser, uint32_t kinds,
              struct dm_condition *condition)
{
    struct word word = {{"", 0}, false};
    const enum dm_status status = take_word(parser, &word);
    if (status) {
        return status;
    }
    if (!word.text.n) {
        return fail(parser, "", "a condition is empty");
    }
    const struct dm_str rest =
        dm_str_slice(parser->text, parser->word, parser->text.n);
    for (size_t i = 0; i < DM_SUBJECTS && !parser->subject; ++i) {
        const struct dm_str name = dm_str(subjects[i].name);
        if (dm_str_equal(name, word.text) ||
            (i == DM_SUBJECT_CLOCK_OFFSET && dm_str_starts(rest, name))) {
            condition->subject = (enum dm_subject)i;
            parser->subject = &subjects[i];
            parser->at = parser->word + name.n;
        }
    }
    if (!parser->subject || word.is_quoted) {
        return unknown_subject(parser, word.text, kinds);
    }
    if (!(parser->subject->kinds & kinds)) {
        return fail(parser, "", "\"%s\" cannot be asked of this kind of check",
                    parser->subject->name);
    }
    return parse_argument(parser, condition);
}

// ---------------------------------------------------------------- operator

static bool
is_order(enum dm_comparison op)
{
    return op >= DM_OPERATOR_LESS && op <= DM_OPERATOR_AT_LEAST;
}

static bool
is_textual(enum dm_comparison op)
{
    return op >= DM_OPERATOR_CONTAINS && op <= DM_OPERATOR_MATCHES;
}

static enum dm_status
check_operator(struct parser *parser, enum dm_comparison op)
{
    const uint32_t values = parser->subject->values;
    const char *name = parser->subject->name;
    if (op == DM_OPERATOR_EXISTS) {
        return values & PRESENT ? DM_OK
                                : fail(parser, "", "%s always exists", name);
    }
    if ((op == DM_OPERATOR_FAILED) != (values == BOOLEAN)) {
        return values == BOOLEAN
                   ? fail(parser, "", "of a %s only \"failed\" can be asked",
                          name)
                   : fail(parser, "", "only a unit can be \"failed\"");
    }
    if (is_textual(op) && !(values & TEXT)) {
        return fail(parser, "", "%s is no text: \"%s\" cannot be asked of it",
                    name, operators[op]);
    }
    if (is_order(op) && !(values & (NUMBER | DURATION | SIZE | PERCENT))) {
        return fail(parser, "", "%s is a text: \"%s\" cannot be asked of it",
                    name, operators[op]);
    }
    return DM_OK;
}

static enum dm_status
parse_operator(struct parser *parser, enum dm_comparison *ret)
{
    struct word word = {{"", 0}, false};
    const enum dm_status status = take_word(parser, &word);
    if (status) {
        return status;
    }
    if (!word.text.n) {
        return fail(parser, "", "an operator is missing, as == or <");
    }
    if (is_operator(word, ret)) {
        return check_operator(parser, *ret);
    }
    if (!word.is_quoted && dm_str_is(word.text, "=")) {
        return fail(parser, "Did you mean ==?", "\"=\" is no operator");
    }
    struct dm_nearest nearest;
    dm_nearest_init(&nearest, word.text);
    for (size_t i = DM_OPERATOR_CONTAINS; i < DM_OPERATORS; ++i) {
        dm_nearest_try(&nearest, dm_str(operators[i]));
    }
    char hint[200];
    if (!hint_of(&nearest, hint, sizeof(hint))[0]) {
        (void)snprintf(hint, sizeof(hint),
                       "There are == != < <= > >= contains startswith "
                       "endswith matches exists failed");
    }
    return fail(parser, hint, "\"%.*s\" is no operator", SHOWN(word.text));
}

// ---------------------------------------------------------------- value

struct unit {
    const char *name;
    enum dm_fact_kind kind;
    double factor;
};

static const struct unit units[] = {
    {"ms", DM_FACT_DURATION, 0.001},   {"s", DM_FACT_DURATION, 1},
    {"m", DM_FACT_DURATION, 60},       {"h", DM_FACT_DURATION, 3600},
    {"d", DM_FACT_DURATION, 86400},    {"w", DM_FACT_DURATION, 604800},
    {"%", DM_FACT_PERCENT, 1},         {"B", DM_FACT_SIZE, 1},
    {"kB", DM_FACT_SIZE, 1e3},         {"MB", DM_FACT_SIZE, 1e6},
    {"GB", DM_FACT_SIZE, 1e9},         {"TB", DM_FACT_SIZE, 1e12},
    {"KiB", DM_FACT_SIZE, 1024},       {"MiB", DM_FACT_SIZE, 1048576},
    {"GiB", DM_FACT_SIZE, 1073741824}, {"TiB", DM_FACT_SIZE, 1099511627776},
};

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// Take DIGITS [ '.' DIGITS ] off `text`. A double holds 15 digits; more than 18
// are no number that anybody means.
static bool
take_decimal(struct dm_str *text, double *ret)
{
    uint64_t mantissa = 0;
    double scale = 1;
    size_t n = 0;
    size_t digits = 0;
    bool in_fraction = false;
    for (; n < text->n; ++n) {
        const char c = text->data[n];
        if (c == '.' && !in_fraction && digits && n + 1 < text->n &&
            is_digit(text->data[n + 1])) {
            in_fraction = true;
            continue;
        }
        if (!is_digit(c) || digits == 18) {
            break;
        }
        mantissa = mantissa * 10 + (uint64_t)(c - '0');
        scale = in_fraction ? scale * 10 : scale;
        ++digits;
    }
    if (!digits || (n < text->n && is_digit(text->data[n]))) {
        return false;
    }
    *ret = (double)mantissa / scale;
    *text = dm_str_slice(*text, n, text->n);
    return true;
}

// Read NUMBER, or one or more NUMBER UNIT of one kind; units may stand apart.
static bool
read_quantity(struct dm_str text, struct dm_fact *ret)
{
    const bool is_negative = text.n && text.data[0] == '-';
    text = dm_str_slice(text, is_negative ? 1 : 0, text.n);
    *ret = (struct dm_fact){
        .kind = DM_FACT_ABSENT, .text = {"", 0}, .which = {"", 0}};
    while (text.n) {
        double number = 0;
        if (!take_decimal(&text, &number)) {
            return false;
        }
        text = dm_str_trim(text);
        size_t n = 0;
        while (n < text.n && !is_digit(text.data[n]) && text.data[n] != ' ') {
            ++n;
        }
        struct unit unit = {"", DM_FACT_NUMBER, 1};
        const struct dm_str word = dm_str_slice(text, 0, n);
        for (size_t i = 0; i < DM_COUNT_OF(units); ++i) {
            unit = dm_str_is(word, units[i].name) ? units[i] : unit;
        }
        if ((n && !unit.name[0]) ||
            (ret->kind != DM_FACT_ABSENT && (ret->kind != unit.kind || !n))) {
            return false;
        }
        ret->kind = unit.kind;
        ret->number += number * unit.factor;
        text = dm_str_trim(dm_str_slice(text, n, text.n));
    }
    ret->number = is_negative ? -ret->number : ret->number;
    return ret->kind != DM_FACT_ABSENT;
}

static bool
read_keyword(struct dm_str text, struct dm_fact *ret)
{
    const bool is_true = dm_str_is(text, "true");
    const bool is_null = dm_str_is(text, "null");
    if (!is_true && !is_null && !dm_str_is(text, "false")) {
        return false;
    }
    *ret = (struct dm_fact){.kind = is_null ? DM_FACT_NULL : DM_FACT_BOOLEAN,
                            .number = is_true ? 1 : 0,
                            .text = {"", 0},
                            .which = {"", 0}};
    return true;
}

// What a value that does not fit should have been
static enum dm_status
wrong_value(struct parser *parser, struct dm_str value,
            const struct dm_fact *got)
{
    const uint32_t values = parser->subject->values;
    const char *example = parser->subject->example;
    if (got->kind == DM_FACT_NUMBER && values == DURATION) {
        return fail(parser, "", "a duration needs a unit, as \"%.*s%s\"",
                    SHOWN(value), example);
    }
    if (got->kind == DM_FACT_NUMBER && values == PERCENT) {
        return fail(parser, "", "a percentage needs its sign, as \"%.*s%%\"",
                    SHOWN(value));
    }
    if (got->kind == DM_FACT_NUMBER && values & SIZE) {
        return fail(parser, "", "%s needs a unit, as \"%.*s%s\"",
                    parser->subject->name, SHOWN(value),
                    values & PERCENT ? "%" : "MiB");
    }
    if (values == DURATION) {
        return fail(parser, "", "\"%.*s\" is no duration, as \"5%s\"",
                    SHOWN(value), example);
    }
    const char *kind = values & PERCENT    ? "percentage"
                       : values & DURATION ? "duration or size"
                                           : "number";
    return fail(parser, "", "\"%.*s\" is no %s, as \"%s\"", SHOWN(value), kind,
                example);
}

static enum dm_status
text_value(struct parser *parser, struct dm_str rest, struct dm_fact *ret)
{
    struct word word = {rest, false};
    if (rest.data[0] == '"' || rest.data[0] == '\'') {
        const enum dm_status status = take_quoted(parser, &word);
        if (status) {
            return status;
        }
        skip_spaces(parser);
        if (parser->at < parser->text.n) {
            parser->word = parser->at;
            return fail(parser, "", "nothing may follow the quoted text");
        }
    } else if (memchr(rest.data, ' ', rest.n)) {
        return fail(parser, "", "a text with spaces needs quotes, as '%.*s'",
                    SHOWN(rest));
    }
    *ret = (struct dm_fact){
        .kind = DM_FACT_TEXT, .text = word.text, .which = {"", 0}};
    return DM_OK;
}

static enum dm_status
quantity_value(struct parser *parser, struct dm_str rest,
               struct dm_condition *condition)
{
    const uint32_t values = parser->subject->values;
    static const struct dm_str per_cpu = DM_STR(" per cpu");
    if (condition->subject >= DM_SUBJECT_LOAD1 &&
        condition->subject <= DM_SUBJECT_LOAD15 && dm_str_ends(rest, per_cpu)) {
        condition->per_cpu = true;
        rest = dm_str_trim(dm_str_slice(rest, 0, rest.n - per_cpu.n));
    }
    struct dm_fact value = {.kind = DM_FACT_ABSENT};
    const bool is_read = read_quantity(rest, &value);
    if (is_read && values & 1U << value.kind) {
        condition->value = value;
        return DM_OK;
    }
    if (!is_order(condition->op) && values & TEXT) {
        return read_keyword(rest, &condition->value) && values & BOOLEAN
                   ? DM_OK
                   : text_value(parser, rest, &condition->value);
    }
    return wrong_value(parser, rest, &value);
}

static enum dm_status
parse_value(struct parser *parser, struct dm_condition *condition)
{
    skip_spaces(parser);
    parser->word = parser->at;
    const struct dm_str rest =
        dm_str_trim(dm_str_slice(parser->text, parser->at, parser->text.n));
    if (condition->op == DM_OPERATOR_EXISTS ||
        condition->op == DM_OPERATOR_FAILED) {
        return rest.n ? fail(parser, "", "nothing may follow \"%s\"",
                             operators[condition->op])
                      : DM_OK;
    }
    if (!rest.n) {
        return fail(parser, "", "a value is missing after %s",
                    operators[condition->op]);
    }
    const bool is_quoted = rest.data[0] == '"' || rest.data[0] == '\'';
    if (is_textual(condition->op) ||
        (is_quoted && parser->subject->values & TEXT &&
         !is_order(condition->op))) {
        return text_value(parser, rest, &condition->value);
    }
    return quantity_value(parser, rest, condition);
}

enum dm_status
dm_condition_parse(struct dm_str text, uint32_t kinds, struct dm_arena *arena,
                   struct dm_condition *ret, struct dm_error *error)
{
    if (text.n > DM_CONDITION_MAX) {
        return dm_error_set(error, DM_ERR_LIMIT,
                            "a condition has at most %d bytes",
                            DM_CONDITION_MAX);
    }
    const struct dm_str copy = dm_arena_copy(arena, dm_str_trim(text));
    if (!copy.data) {
        return DM_ERR_NO_MEMORY;
    }
    struct parser parser = {.text = copy, .error = error};
    struct dm_condition condition = {
        .text = copy,
        .argument = {"", 0},
        .value = {.text = {"", 0}, .which = {"", 0}},
    };
    enum dm_status status = parse_subject(&parser, kinds, &condition);
    if (!status) {
        status = parse_operator(&parser, &condition.op);
    }
    if (!status) {
        status = parse_value(&parser, &condition);
    }
    if (!status && condition.op == DM_OPERATOR_MATCHES) {
        status = dm_pattern_compile(condition.value.text, arena,
                                    &condition.pattern, error);
        status = status == DM_ERR_SYNTAX ? place(&parser) : status;
    }
    if (status) {
        return status;
    }
    condition.wants = condition.op == DM_OPERATOR_EXISTS ? DM_FACT_PRESENT
                      : condition.op == DM_OPERATOR_FAILED
                          ? DM_FACT_BOOLEAN
                          : condition.value.kind;
    *ret = condition;
    return DM_OK;
}
