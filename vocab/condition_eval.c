// SPDX-License-Identifier: ISC

#include "base/buf.h"
#include "vocab/condition.h"
#include "vocab/condition_private.h"

#include <assert.h>

#define TEXT_SHOWN 60 // Bytes of a text in a message

static bool
is_number(enum dm_fact_kind kind)
{
    return kind == DM_FACT_NUMBER || kind == DM_FACT_DURATION ||
           kind == DM_FACT_SIZE || kind == DM_FACT_PERCENT;
}

// ---------------------------------------------------------------- for people

// "2.4", "91", "0.25": at most `decimals`, without superfluous zeros
static void
put_number(struct dm_buf *buf, double number, int decimals)
{
    const size_t start = buf->n;
    (void)dm_buf_printf(buf, "%.*f", decimals, number);
    if (decimals == 0 || buf->status) {
        return;
    }
    while (buf->n > start && buf->data[buf->n - 1] == '0') {
        --buf->n;
    }
    if (buf->n > start && buf->data[buf->n - 1] == '.') {
        --buf->n;
    }
    buf->data[buf->n] = '\0';
}

struct step {
    double least;
    double factor;
    const char *unit;
};

static void
put_stepped(struct dm_buf *buf, double number, const struct step *steps)
{
    const double magnitude = number < 0 ? -number : number;
    while (steps->least > 0 && magnitude < steps->least) {
        ++steps;
    }
    const double shown = number / steps->factor;
    put_number(buf, shown, shown < 100 && shown > -100 ? 1 : 0);
    (void)dm_buf_printf(buf, " %s", steps->unit);
}

static void
put_duration(struct dm_buf *buf, double seconds)
{
    static const struct step steps[] = {
        {172800, 86400, "d"}, {7200, 3600, "h"}, {120, 60, "min"},
        {1, 1, "s"},          {0, 0.001, "ms"},
    };
    put_stepped(buf, seconds, steps);
}

static void
put_size(struct dm_buf *buf, double bytes)
{
    static const struct step steps[] = {
        {1099511627776, 1099511627776, "TiB"},
        {1073741824, 1073741824, "GiB"},
        {1048576, 1048576, "MiB"},
        {1024, 1024, "KiB"},
        {0, 1, "B"},
    };
    put_stepped(buf, bytes, steps);
}

static void
put_text(struct dm_buf *buf, struct dm_str text)
{
    const struct dm_str cut = dm_utf8_cut(text, TEXT_SHOWN);
    (void)dm_buf_putc(buf, '"');
    (void)dm_buf_put_str(buf, cut);
    (void)dm_buf_puts(buf, cut.n < text.n ? "…\"" : "\"");
}

void
dm_fact_format(const struct dm_fact *fact, struct dm_buf *buf)
{
    switch (fact->kind) {
    case DM_FACT_ABSENT:
        (void)dm_buf_puts(buf, "absent");
        return;
    case DM_FACT_NUMBER:
        put_number(buf, fact->number, 3);
        return;
    case DM_FACT_TEXT:
        put_text(buf, fact->text);
        return;
    case DM_FACT_DURATION:
        put_duration(buf, fact->number);
        return;
    case DM_FACT_SIZE:
        put_size(buf, fact->number);
        return;
    case DM_FACT_PERCENT:
        put_number(buf, fact->number, 0);
        (void)dm_buf_puts(buf, " %");
        return;
    case DM_FACT_BOOLEAN:
        (void)dm_buf_puts(buf, fact->number > 0 ? "true" : "false");
        return;
    case DM_FACT_NULL:
        (void)dm_buf_puts(buf, "null");
        return;
    case DM_FACT_PRESENT:
        (void)dm_buf_puts(buf, "present");
        return;
    }
    assert(!"a kind that is none");
}

// "latency", "header Server", "/home": what the fact is of
static void
put_subject(const struct dm_condition *condition, const struct dm_fact *fact,
            struct dm_buf *buf)
{
    const struct dm_str which =
        fact->which.n ? fact->which : condition->argument;
    if (condition->subject == DM_SUBJECT_DISK) {
        (void)dm_buf_put_str(buf, which);
        return;
    }
    (void)dm_buf_puts(buf, dm_subject_name(condition->subject));
    if (which.n) {
        (void)dm_buf_putc(buf, ' ');
        (void)dm_buf_put_str(buf, dm_utf8_cut(which, TEXT_SHOWN));
    }
}

// A percentage is told as a whole number, unless that would look as if it were
// on the other side of what it is compared with.
static void
put_measured(const struct dm_condition *condition, const struct dm_fact *fact,
             struct dm_buf *buf)
{
    const double gap = fact->number - condition->value.number;
    if (fact->kind == DM_FACT_PERCENT && gap < 1 && gap > -1) {
        put_number(buf, fact->number, 1);
        (void)dm_buf_puts(buf, " %");
        return;
    }
    dm_fact_format(fact, buf);
}

static void
put_comparison(const struct dm_condition *condition, const struct dm_fact *fact,
               struct dm_buf *buf)
{
    put_subject(condition, fact, buf);
    (void)dm_buf_putc(buf, ' ');
    put_measured(condition, fact, buf);
    const char *per = condition->per_cpu ? " per cpu" : "";
    (void)dm_buf_puts(buf, per);
    const bool is_plain = fact->kind == DM_FACT_PERCENT ||
                          condition->op == DM_OPERATOR_EQUAL ||
                          condition->op == DM_OPERATOR_NOT_EQUAL;
    if (is_plain || fact->kind != condition->value.kind) {
        return;
    }
    const double bound = condition->value.number;
    (void)dm_buf_puts(buf, fact->number > bound   ? " > "
                           : fact->number < bound ? " < "
                                                  : " = ");
    dm_fact_format(&condition->value, buf);
    (void)dm_buf_puts(buf, per);
}

static void
put_textual(const struct dm_condition *condition, bool holds,
            struct dm_buf *buf)
{
    static const char *const verbs[][2] = {
        [DM_OPERATOR_CONTAINS] = {"does not contain", "contains"},
        [DM_OPERATOR_STARTS] = {"does not start with", "starts with"},
        [DM_OPERATOR_ENDS] = {"does not end with", "ends with"},
        [DM_OPERATOR_MATCHES] = {"does not match", "matches"},
    };
    (void)dm_buf_printf(buf, " %s ", verbs[condition->op][holds ? 1 : 0]);
    (void)dm_buf_put_str(buf, dm_utf8_cut(condition->value.text, TEXT_SHOWN));
}

static void
put_message(const struct dm_condition *condition, const struct dm_fact *fact,
            bool holds, struct dm_buf *buf)
{
    if (is_number(fact->kind) && condition->op != DM_OPERATOR_EXISTS &&
        condition->subject != DM_SUBJECT_JSON) {
        put_comparison(condition, fact, buf);
        return;
    }
    put_subject(condition, fact, buf);
    if (fact->kind == DM_FACT_ABSENT) {
        (void)dm_buf_puts(buf, " is absent");
    } else if (condition->op == DM_OPERATOR_EXISTS) {
        (void)dm_buf_puts(buf, " exists");
    } else if (condition->op == DM_OPERATOR_FAILED) {
        (void)dm_buf_puts(buf, holds ? " failed" : " has not failed");
    } else if (condition->op >= DM_OPERATOR_CONTAINS &&
               condition->op <= DM_OPERATOR_MATCHES) {
        put_textual(condition, holds, buf);
    } else {
        (void)dm_buf_puts(buf, " is ");
        dm_fact_format(fact, buf);
        if (!holds && condition->op == DM_OPERATOR_EQUAL) {
            (void)dm_buf_puts(buf, ", not ");
            dm_fact_format(&condition->value, buf);
        }
    }
}

// ---------------------------------------------------------------- truth

static bool
is_equal(const struct dm_fact *a, const struct dm_fact *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    switch (a->kind) {
    case DM_FACT_ABSENT:
        return false;
    case DM_FACT_NUMBER:
    case DM_FACT_DURATION:
    case DM_FACT_SIZE:
    case DM_FACT_PERCENT:
    case DM_FACT_BOOLEAN:
        return a->number >= b->number && a->number <= b->number;
    case DM_FACT_TEXT:
        return dm_str_equal(a->text, b->text);
    case DM_FACT_NULL:
    case DM_FACT_PRESENT:
        return true;
    }
    assert(!"a kind that is none");
    return false;
}

static bool
holds_for(const struct dm_condition *condition, const struct dm_fact *fact)
{
    const struct dm_fact *value = &condition->value;
    const bool is_text = fact->kind == DM_FACT_TEXT;
    const bool is_same = fact->kind == value->kind && is_number(fact->kind);
    switch (condition->op) {
    case DM_OPERATOR_EQUAL:
        return is_equal(fact, value);
    case DM_OPERATOR_NOT_EQUAL:
        return !is_equal(fact, value);
    case DM_OPERATOR_LESS:
        return is_same && fact->number < value->number;
    case DM_OPERATOR_AT_MOST:
        return is_same && fact->number <= value->number;
    case DM_OPERATOR_GREATER:
        return is_same && fact->number > value->number;
    case DM_OPERATOR_AT_LEAST:
        return is_same && fact->number >= value->number;
    case DM_OPERATOR_CONTAINS:
        return is_text && (value->text.n == 0 ||
                           dm_str_find(fact->text, value->text) < fact->text.n);
    case DM_OPERATOR_STARTS:
        return is_text && dm_str_starts(fact->text, value->text);
    case DM_OPERATOR_ENDS:
        return is_text && dm_str_ends(fact->text, value->text);
    case DM_OPERATOR_MATCHES:
        return is_text && condition->pattern &&
               dm_pattern_matches(condition->pattern, fact->text);
    case DM_OPERATOR_EXISTS:
        return fact->kind != DM_FACT_ABSENT;
    case DM_OPERATOR_FAILED:
        return fact->kind == DM_FACT_BOOLEAN && fact->number > 0;
    }
    assert(!"an operator that is none");
    return false;
}

bool
dm_condition_eval(const struct dm_condition *condition,
                  const struct dm_fact *fact, struct dm_buf *message)
{
    const bool holds = holds_for(condition, fact);
    if (message) {
        put_message(condition, fact, holds, message);
    }
    return holds;
}
