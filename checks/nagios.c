// SPDX-License-Identifier: ISC

#include "checks/nagios.h"

#include "base/buf.h"

#include <string.h>

static const struct dm_str bar = DM_STR("|");

struct dm_nagios_output
dm_nagios_split(struct dm_str output)
{
    const size_t line_end = dm_str_find(output, dm_str("\n"));
    const struct dm_str first = dm_str_slice(output, 0, line_end);
    const struct dm_str rest = dm_str_slice(output, line_end + 1, output.n);
    const size_t first_bar = dm_str_find(first, bar);
    const size_t rest_bar = dm_str_find(rest, bar);
    return (struct dm_nagios_output){
        .text = dm_str_trim(dm_str_slice(first, 0, first_bar)),
        .figures = dm_str_slice(first, first_bar + 1, first.n),
        .long_text = dm_str_trim(dm_str_slice(rest, 0, rest_bar)),
        .more_figures = dm_str_slice(rest, rest_bar + 1, rest.n),
    };
}

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
skip_spaces(struct dm_str *text)
{
    while (text->n && is_space(text->data[0])) {
        *text = dm_str_slice(*text, 1, text->n);
    }
}

static void
skip_word(struct dm_str *text)
{
    while (text->n && !is_space(text->data[0])) {
        *text = dm_str_slice(*text, 1, text->n);
    }
}

// 'label with ''quotes''' and what stands between; moves behind the last quote
static bool
take_quoted(struct dm_str *text, struct dm_buf *label)
{
    *text = dm_str_slice(*text, 1, text->n);
    while (text->n) {
        const bool is_quote = text->data[0] == '\'';
        if (is_quote && (text->n < 2 || text->data[1] != '\'')) {
            *text = dm_str_slice(*text, 1, text->n);
            return true;
        }
        (void)dm_buf_putc(label, text->data[0]);
        *text = dm_str_slice(*text, is_quote ? 2 : 1, text->n);
    }
    return false;
}

static bool
take_label(struct dm_str *text, struct dm_buf *label)
{
    if (text->data[0] == '\'') {
        if (!take_quoted(text, label)) {
            return false;
        }
    } else {
        while (text->n && text->data[0] != '=' && !is_space(text->data[0])) {
            (void)dm_buf_putc(label, text->data[0]);
            *text = dm_str_slice(*text, 1, text->n);
        }
    }
    if (!label->n || label->status || !text->n || text->data[0] != '=') {
        return false;
    }
    *text = dm_str_slice(*text, 1, text->n);
    return true;
}

static size_t
count_digits(struct dm_str word)
{
    size_t n = 0;
    while (n < word.n && word.data[n] >= '0' && word.data[n] <= '9') {
        ++n;
    }
    return n;
}

static bool
is_sign_at(struct dm_str word, size_t i)
{
    return i < word.n && (word.data[i] == '-' || word.data[i] == '+');
}

// How many bytes at the start of `word` are a number: -0.5, .5, 1e-05
static size_t
number_length(struct dm_str word)
{
    size_t n = is_sign_at(word, 0) ? 1 : 0;
    size_t digits = count_digits(dm_str_slice(word, n, word.n));
    n += digits;
    if (n < word.n && word.data[n] == '.') {
        const size_t more = count_digits(dm_str_slice(word, n + 1, word.n));
        n += 1 + more;
        digits += more;
    }
    if (!digits) {
        return 0;
    }
    if (n < word.n && (word.data[n] == 'e' || word.data[n] == 'E')) {
        const size_t sign = is_sign_at(word, n + 1) ? 1 : 0;
        const size_t power =
            count_digits(dm_str_slice(word, n + 1 + sign, word.n));
        n += power ? 1 + sign + power : 0; // Else the e begins a unit
    }
    return n;
}

// A unit has no digits and quotes: "0,5" is no figure of 0
static bool
is_unit(struct dm_str unit)
{
    for (size_t i = 0; i < unit.n; ++i) {
        const char c = unit.data[i];
        if ((c >= '0' && c <= '9') || c == '\'' || c == '"') {
            return false;
        }
    }
    return true;
}

static struct dm_str
take_field(struct dm_str *word)
{
    const size_t n = dm_str_find(*word, dm_str(";"));
    const struct dm_str field = dm_str_slice(*word, 0, n);
    *word = dm_str_slice(*word, n + 1, word->n);
    return field;
}

static bool
take_figure(struct dm_str *text, struct dm_buf *label,
            struct dm_nagios_figure *ret)
{
    dm_buf_clear(label);
    if (!take_label(text, label)) {
        skip_word(text);
        return false;
    }
    const struct dm_str start = *text;
    skip_word(text);
    struct dm_str word = dm_str_slice(start, 0, start.n - text->n);
    const struct dm_str measured = take_field(&word);
    const size_t n = number_length(measured);
    if (!n || !is_unit(dm_str_slice(measured, n, measured.n))) {
        return false;
    }
    ret->label = dm_buf_str(label);
    ret->value = dm_str_slice(measured, 0, n);
    ret->unit = dm_str_slice(measured, n, measured.n);
    ret->warn = take_field(&word);
    ret->crit = take_field(&word);
    return true;
}

bool
dm_nagios_next(struct dm_str *figures, struct dm_buf *label_buf,
               struct dm_nagios_figure *ret)
{
    for (;;) {
        skip_spaces(figures);
        if (!figures->n) {
            return false;
        }
        if (take_figure(figures, label_buf, ret)) {
            return true;
        }
    }
}
