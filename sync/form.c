// SPDX-License-Identifier: ISC

#include "sync/form_private.h"

#include "base/buf.h"
#include "base/time.h"
#include "rdf/term.h"
#include "rdf/xsd.h"

#include <math.h>
#include <string.h>

#define DECIMALS_MAX 9U        // Of any decimal
#define METRIC_DIGITS_MAX 18U  // Of a metric that is sent as a decimal
#define SECONDS_DIGITS_MAX 9U  // Of dm:seconds, before the point
#define DURATION_DECIMALS 3U   // Of seconds
#define DOUBLE_DECIMALS 17U    // No spelling needs more
#define EXPONENT_DIGITS_MAX 3U // Of a double

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

enum dm_form
dm_form_of(struct dm_str datatype)
{
    static const struct dm_str xsd = DM_STR(DM_XSD_NS);
    static const struct {
        struct dm_str name;
        enum dm_form form;
    } forms[] = {
        {DM_STR("decimal"), DM_FORM_DECIMAL},
        {DM_STR("dateTime"), DM_FORM_DATETIME},
        {DM_STR("double"), DM_FORM_DOUBLE},
        {DM_STR("integer"), DM_FORM_INTEGER},
        {DM_STR("boolean"), DM_FORM_BOOLEAN},
        {DM_STR("dayTimeDuration"), DM_FORM_DURATION},
        {DM_STR("duration"), DM_FORM_DURATION},
        {DM_STR("string"), DM_FORM_STRING},
    };
    if (datatype.n <= xsd.n || memcmp(datatype.data, xsd.data, xsd.n) != 0) {
        return DM_FORM_ANY;
    }
    const char *name = datatype.data + xsd.n;
    const size_t n = datatype.n - xsd.n;
    for (size_t i = 0; i < DM_COUNT_OF(forms); ++i) {
        if (n == forms[i].name.n && memcmp(name, forms[i].name.data, n) == 0) {
            return forms[i].form;
        }
    }
    return DM_FORM_ANY;
}

// -------------------------------------------------------------------- scanning

// How many digits `text` begins with
static size_t
count_digits(struct dm_str text)
{
    size_t n = 0;
    while (n < text.n && is_digit(text.data[n])) {
        ++n;
    }
    return n;
}

static bool
take_char(struct dm_str *text, char c)
{
    const bool is_there = text->n && text->data[0] == c;
    if (is_there) {
        *text = dm_str_slice(*text, 1, text->n);
    }
    return is_there;
}

// A number without a superfluous zero in front; how many digits, 0 for none
static size_t
take_whole(struct dm_str *text)
{
    const size_t n = count_digits(*text);
    if (n > 1 && text->data[0] == '0') {
        return 0;
    }
    *text = dm_str_slice(*text, n, text->n);
    return n;
}

// At most `max` digits of which the last is not 0; how many, 0 for none
static size_t
take_fraction(struct dm_str *text, size_t max)
{
    const size_t n = count_digits(*text);
    if (n == 0 || n > max || text->data[n - 1] == '0') {
        return 0;
    }
    *text = dm_str_slice(*text, n, text->n);
    return n;
}

// ----------------------------------------------------------------------- forms

static bool
is_integer(struct dm_str text)
{
    if (take_char(&text, '-') && text.n && text.data[0] == '0') {
        return false;
    }
    return take_whole(&text) && text.n == 0;
}

bool
dm_form_is_decimal(struct dm_str text)
{
    const bool is_negative = take_char(&text, '-');
    const bool is_below_one = text.n && text.data[0] == '0';
    if (!take_whole(&text) || !take_char(&text, '.')) {
        return false;
    }
    if (dm_str_is(text, "0")) {
        return !(is_negative && is_below_one);
    }
    return take_fraction(&text, DECIMALS_MAX) && text.n == 0;
}

static bool
looks_like_double(struct dm_str text)
{
    (void)take_char(&text, '-');
    if (!text.n || !is_digit(text.data[0])) {
        return false;
    }
    text = dm_str_slice(text, 1, text.n);
    if (!take_char(&text, '.')) {
        return false;
    }
    const size_t decimals = count_digits(text);
    if (decimals == 0 || decimals > DOUBLE_DECIMALS) {
        return false;
    }
    text = dm_str_slice(text, decimals, text.n);
    if (!take_char(&text, 'E')) {
        return false;
    }
    if (dm_str_is(text, "-0")) {
        return false;
    }
    (void)take_char(&text, '-');
    const size_t digits = take_whole(&text);
    return digits && digits <= EXPONENT_DIGITS_MAX && text.n == 0;
}

static enum dm_status
check_double(struct dm_str text, struct dm_buf *scratch)
{
    double value = 0;
    if (!looks_like_double(text) || !dm_double_parse(text, &value) ||
        !isfinite(value) || (signbit(value) && fpclassify(value) == FP_ZERO)) {
        return DM_ERR_CORRUPT;
    }
    dm_buf_clear(scratch);
    dm_double_format(value, scratch);
    if (scratch->status) {
        return scratch->status;
    }
    return dm_str_equal(dm_buf_str(scratch), text) ? DM_OK : DM_ERR_CORRUPT;
}

// The number that `n` digits at `from` are; -1 where they are none
static int
digits_at(struct dm_str text, size_t from, size_t n)
{
    int value = 0;
    for (size_t i = from; i < from + n; ++i) {
        if (!is_digit(text.data[i])) {
            return -1;
        }
        value = value * 10 + (text.data[i] - '0');
    }
    return value;
}

static bool
take_datetime(struct dm_str text, int64_t *ret_ms)
{
    static const char shape[] = "YYYY-MM-DDThh:mm:ss.sssZ";

    if (text.n != sizeof(shape) - 1 || text.data[4] != '-' ||
        text.data[7] != '-' || text.data[10] != 'T' || text.data[13] != ':' ||
        text.data[16] != ':' || text.data[19] != '.' || text.data[23] != 'Z') {
        return false;
    }
    const int year = digits_at(text, 0, 4);
    const int month = digits_at(text, 5, 2);
    const int day = digits_at(text, 8, 2);
    const int hour = digits_at(text, 11, 2);
    const int minute = digits_at(text, 14, 2);
    const int second = digits_at(text, 17, 2);
    const int ms = digits_at(text, 20, 3);
    if (year < 1 || month < 1 || month > 12 || day < 1 ||
        day > dm_days_in_month(year, month) || hour < 0 || hour > 23 ||
        minute < 0 || minute > 59 || second < 0 || second > 59 || ms < 0) {
        return false;
    }
    *ret_ms = dm_days_from_civil(year, month, day) * DM_MS_PER_DAY +
              hour * DM_MS_PER_HOUR + minute * DM_MS_PER_MINUTE +
              second * DM_MS_PER_SECOND + ms;
    return true;
}

/// A part of a duration, as "12H"
struct part {
    char letter;
    size_t digits_max; ///< Before a point
    int below;         ///< 0: any number
};

// Take one part, if it is there. False where it is but not in its form.
static bool
take_part(struct dm_str *text, const struct part *part, bool *ret_is_there)
{
    struct dm_str rest = *text;
    const size_t digits = count_digits(rest);
    size_t decimals = 0;
    rest = dm_str_slice(rest, digits, rest.n);
    if (part->letter == 'S' && take_char(&rest, '.')) {
        decimals = take_fraction(&rest, DURATION_DECIMALS);
        if (!decimals) {
            return false;
        }
    }
    *ret_is_there = digits && take_char(&rest, part->letter);
    if (!*ret_is_there) {
        return true; // Of another part, or nothing: the next one looks at it
    }
    const bool is_zero = text->data[0] == '0';
    if (is_zero && (digits > 1 || !decimals)) {
        return false;
    }
    if (part->below &&
        (digits > 2 || digits_at(*text, 0, digits) >= part->below)) {
        return false;
    }
    *text = rest;
    return true;
}

// PnDTnHnMnS with the parts that are not zero, or PT0S
static bool
is_duration(struct dm_str text)
{
    static const struct part days = {.letter = 'D'};
    static const struct part times[] = {
        {.letter = 'H', .below = 24},
        {.letter = 'M', .below = 60},
        {.letter = 'S', .below = 60},
    };
    bool has_days = false;
    bool has_times = false;
    if (dm_str_is(text, "PT0S")) {
        return true;
    }
    if (!take_char(&text, 'P') || !take_part(&text, &days, &has_days)) {
        return false;
    }
    if (!take_char(&text, 'T')) {
        return has_days && text.n == 0;
    }
    for (size_t i = 0; i < DM_COUNT_OF(times); ++i) {
        bool is_there = false;
        if (!take_part(&text, &times[i], &is_there)) {
            return false;
        }
        has_times = has_times || is_there;
    }
    return has_times && text.n == 0;
}

enum dm_status
dm_form_check(enum dm_form form, struct dm_str text, struct dm_buf *scratch,
              int64_t *ret_ms)
{
    bool is_good = true;
    switch (form) {
    case DM_FORM_ANY:
    case DM_FORM_STRING:
        break;
    case DM_FORM_BOOLEAN:
        is_good = dm_str_is(text, "true") || dm_str_is(text, "false");
        break;
    case DM_FORM_DATETIME:
        is_good = take_datetime(text, ret_ms);
        break;
    case DM_FORM_DECIMAL:
        is_good = dm_form_is_decimal(text);
        break;
    case DM_FORM_DOUBLE:
        return check_double(text, scratch);
    case DM_FORM_DURATION:
        is_good = is_duration(text);
        break;
    case DM_FORM_INTEGER:
        is_good = is_integer(text);
        break;
    }
    return is_good ? DM_OK : DM_ERR_CORRUPT;
}

// --------------------------------------------------------------------- numbers

size_t
dm_form_decimals(struct dm_str text)
{
    const char *point = text.n ? memchr(text.data, '.', text.n) : NULL;
    if (!point) {
        return 0;
    }
    const size_t n = text.n - (size_t)(point - text.data) - 1;
    return n == 1 && point[1] == '0' ? 0 : n;
}

bool
dm_form_micros(struct dm_str text, int64_t *ret)
{
    const size_t whole = count_digits(text);
    const size_t decimals = dm_form_decimals(text);
    if (whole == 0 || whole > SECONDS_DIGITS_MAX ||
        decimals > DM_SECONDS_DECIMALS) {
        return false;
    }
    int64_t micros = 0;
    for (size_t i = 0; i < whole; ++i) {
        micros = micros * 10 + (text.data[i] - '0');
    }
    for (size_t i = 0; i < DM_SECONDS_DECIMALS; ++i) {
        const char c = i < decimals ? text.data[whole + 1 + i] : '0';
        micros = micros * 10 + (c - '0');
    }
    *ret = micros;
    return true;
}

bool
dm_form_fits_decimal(struct dm_str text)
{
    (void)take_char(&text, '-');
    const char *e = memchr(text.data, 'E', text.n);
    const size_t mark = e ? (size_t)(e - text.data) : text.n;
    const struct dm_str digits = dm_str_slice(text, 0, mark);
    size_t before = count_digits(digits); // The point
    size_t behind = dm_form_decimals(digits);
    const bool is_below_one = digits.data[0] == '0';
    if (mark < text.n) {
        if (is_below_one) {
            return true; // 0.0E0
        }
        struct dm_str exponent = dm_str_slice(text, mark + 1, text.n);
        const bool is_negative = take_char(&exponent, '-');
        const size_t by = (size_t)digits_at(exponent, 0, exponent.n);
        if (is_negative) {
            behind += by;
            before = before > by ? before - by : 0;
        } else {
            behind = behind > by ? behind - by : 0;
            before += by;
        }
    } else if (is_below_one) {
        before = 0;
    }
    return behind <= DECIMALS_MAX && before + behind <= METRIC_DIGITS_MAX;
}
