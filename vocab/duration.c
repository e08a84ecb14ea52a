// SPDX-License-Identifier: ISC

#include "vocab/duration.h"

#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit duration_units[] = {
    {"ms", 1},
    {"s", DM_MS_PER_SECOND},
    {"m", DM_MS_PER_MINUTE},
    {"h", DM_MS_PER_HOUR},
    {"d", DM_MS_PER_DAY},
    {"w", DM_MS_PER_DAY * 7},
    {"y", DM_MS_PER_DAY * 365},
};

static const struct unit size_units[] = {
    {"B", 1},
    {"kB", UINT64_C(1000)},
    {"KiB", UINT64_C(1) << 10U},
    {"MB", UINT64_C(1000000)},
    {"MiB", UINT64_C(1) << 20U},
    {"GB", UINT64_C(1000000000)},
    {"GiB", UINT64_C(1) << 30U},
    {"TB", UINT64_C(1000000000000)},
    {"TiB", UINT64_C(1) << 40U},
};

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// Take the digits at the start of `text`; false where they do not fit.
static bool
take_number(struct dm_str *text, uint64_t *ret)
{
    uint64_t value = 0;
    size_t n = 0;
    for (; n < text->n && is_digit(text->data[n]); ++n) {
        const uint64_t digit = (uint64_t)(text->data[n] - '0');
        if (value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *text = dm_str_slice(*text, n, text->n);
    *ret = value;
    return true;
}

// The unit that `word` is; 0 for none
static uint64_t
factor_of(struct dm_str word, const struct unit *units, size_t n)
{
    for (size_t i = 0; i < n; ++i) {
        if (dm_str_is(word, units[i].name)) {
            return units[i].factor;
        }
    }
    return 0;
}

static struct dm_str
take_word(struct dm_str *text)
{
    size_t n = 0;
    while (n < text->n && !is_digit(text->data[n])) {
        ++n;
    }
    const struct dm_str word = dm_str_slice(*text, 0, n);
    *text = dm_str_slice(*text, n, text->n);
    return word;
}

enum dm_status
dm_duration_read(struct dm_str text, int64_t *ret_ms, struct dm_error *error)
{
    uint64_t total = 0;
    if (text.n == 0 || !is_digit(text.data[0])) {
        return dm_error_set(
            error, DM_ERR_SYNTAX,
            "a duration begins with a number, as \"30s\" or \"1h30m\"");
    }
    while (text.n) {
        uint64_t number = 0;
        const struct dm_str whole = text;
        if (!take_number(&text, &number)) {
            return dm_error_set(error, DM_ERR_LIMIT, "a duration is too long");
        }
        const size_t digits = whole.n - text.n;
        const struct dm_str word = take_word(&text);
        if (!word.n) {
            return dm_error_set(error, DM_ERR_SYNTAX,
                                "a duration needs a unit, as \"%.*ss\"",
                                (int)(digits < 20 ? digits : 20), whole.data);
        }
        const uint64_t factor =
            factor_of(word, duration_units, DM_COUNT_OF(duration_units));
        if (!factor) {
            const struct dm_str cut = dm_utf8_cut(word, 20);
            (void)dm_error_set(error, DM_ERR_SYNTAX,
                               "\"%.*s\" is no unit of time", (int)cut.n,
                               cut.data);
            dm_error_hint(error, "There are ms, s, m, h, d, w and y");
            return DM_ERR_SYNTAX;
        }
        if (number > ((uint64_t)DM_DURATION_MAX_MS - total) / factor) {
            return dm_error_set(error, DM_ERR_LIMIT, "a duration is too long");
        }
        total += number * factor;
    }
    *ret_ms = (int64_t)total;
    return DM_OK;
}

enum dm_status
dm_size_read(struct dm_str text, uint64_t *ret_bytes, struct dm_error *error)
{
    uint64_t number = 0;
    if (text.n == 0 || !is_digit(text.data[0])) {
        return dm_error_set(error, DM_ERR_SYNTAX,
                            "a size begins with a number, as \"2GiB\"");
    }
    if (!take_number(&text, &number)) {
        return dm_error_set(error, DM_ERR_LIMIT, "a size is too large");
    }
    const uint64_t factor =
        text.n ? factor_of(text, size_units, DM_COUNT_OF(size_units)) : 1;
    if (!factor) {
        const struct dm_str cut = dm_utf8_cut(text, 20);
        (void)dm_error_set(error, DM_ERR_SYNTAX, "\"%.*s\" is no unit of size",
                           (int)cut.n, cut.data);
        dm_error_hint(error,
                      "There are B, KiB, MiB, GiB, TiB, kB, MB, GB and TB");
        return DM_ERR_SYNTAX;
    }
    if (number > UINT64_MAX / factor) {
        return dm_error_set(error, DM_ERR_LIMIT, "a size is too large");
    }
    *ret_bytes = number * factor;
    return DM_OK;
}
