// SPDX-License-Identifier: ISC

#include "checks/result.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "rdf/xsd.h"
#include "vocab/secret.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define RESULT_MEMORY 262144U // Of all texts and metrics of one result
#define NUMBER_SIZE 64
#define HIDE_ROOM 65536U
#define REPLACEMENT "\xEF\xBF\xBD" // U+FFFD

struct dm_result *
dm_result_new(struct dm_str check)
{
    struct dm_result *result = dm_calloc(1, sizeof(*result));
    if (!result) {
        return NULL;
    }
    dm_arena_init(&result->arena, RESULT_MEMORY, NULL);
    result->verdict = DM_VERDICT_UNKNOWN;
    result->micros = -1;
    result->certificate_expires_ms = INT64_MIN;
    result->check = dm_arena_copy(&result->arena, check);
    if (!result->check.data) {
        dm_result_free(result);
        return NULL;
    }
    return result;
}

void
dm_result_free(struct dm_result *result)
{
    if (result) {
        dm_arena_done(&result->arena);
        dm_free(result->metrics);
        dm_free(result);
    }
}

// How one code point of a foreign text is written: itself, a space for a
// control character, U+FFFD for what is no UTF-8.
static struct dm_str
clean_point(struct dm_str text, bool keep_lines, size_t *ret_taken)
{
    static const struct dm_str space = DM_STR(" ");
    static const struct dm_str replacement = DM_STR(REPLACEMENT);
    uint32_t point = 0;
    const size_t n = dm_utf8_decode(text, &point);
    *ret_taken = n ? n : 1;
    if (!n) {
        return replacement;
    }
    const bool is_control = point < 0x20 || (point >= 0x7F && point < 0xA0);
    if (is_control && !(keep_lines && (point == '\n' || point == '\t'))) {
        return space;
    }
    return dm_str_slice(text, 0, n);
}

static struct dm_str
clean_copy(struct dm_result *result, struct dm_str text, size_t max,
           bool keep_lines)
{
    text = dm_str_trim(text);
    char *bytes = dm_arena_alloc(&result->arena, max + 1, 1);
    if (!bytes) {
        result->failed_memory = true;
        return (struct dm_str){"", 0};
    }

    size_t n = 0;
    while (text.n) {
        size_t taken = 0;
        const struct dm_str piece = clean_point(text, keep_lines, &taken);
        if (n + piece.n > max) {
            break;
        }
        memcpy(bytes + n, piece.data, piece.n);
        n += piece.n;
        text = dm_str_slice(text, taken, text.n);
    }
    bytes[n] = '\0';
    return (struct dm_str){bytes, n};
}

void
dm_result_message(struct dm_result *result, struct dm_str text)
{
    result->message = clean_copy(result, text, DM_MESSAGE_MAX, false);
}

void
dm_result_output(struct dm_result *result, struct dm_str text)
{
    result->output = clean_copy(result, text, DM_OUTPUT_MAX, true);
}

// What cannot be searched is left out
static struct dm_str
hidden(const struct dm_secrets *secrets, struct dm_str text, struct dm_buf *buf)
{
    dm_buf_clear(buf);
    return dm_secrets_hide(secrets, text, buf) ? (struct dm_str){"", 0}
                                               : dm_buf_str(buf);
}

void
dm_result_hide(struct dm_result *result, const struct dm_secrets *secrets)
{
    struct dm_buf buf;
    dm_buf_init(&buf, HIDE_ROOM);
    if (result->message.n) {
        dm_result_message(result, hidden(secrets, result->message, &buf));
    }
    if (result->output.n) {
        dm_result_output(result, hidden(secrets, result->output, &buf));
    }
    dm_buf_done(&buf);
}

// As the wire wants a metric: a decimal of at most 18 digits, 9 of them behind
// the point, where that is the whole value; else the shortest double.
static bool
format_number(struct dm_str text, struct dm_buf *buf, bool *ret_is_double)
{
    static const int64_t most = INT64_C(999999999999999999); // 18 digits
    static const uint32_t scale_max = 9;
    struct dm_decimal decimal;
    int64_t mantissa = 0;
    uint32_t scale = 0;
    *ret_is_double = false;
    if (dm_decimal_parse(text, &decimal) &&
        dm_decimal_to_int64(decimal, &mantissa, &scale) && scale <= scale_max &&
        mantissa >= -most && mantissa <= most) {
        dm_decimal_format(decimal, buf);
        return buf->status == DM_OK;
    }

    double number = 0;
    if (!dm_double_parse(text, &number) || !isfinite(number)) {
        return false;
    }
    *ret_is_double = true;
    dm_double_format(number, buf);
    return buf->status == DM_OK;
}

static struct dm_str
copy_into(struct dm_result *result, struct dm_str text)
{
    const struct dm_str copy = dm_arena_copy(&result->arena, text);
    if (!copy.data) { // The caller leaves out what it cannot copy
        result->failed_memory = true;
    }
    return copy;
}

// What is no UTF-8 is left out: it would be no literal
static struct dm_str
copy_range(struct dm_result *result, struct dm_str text)
{
    return dm_str_is_utf8(text) ? copy_into(result, text)
                                : (struct dm_str){"", 0};
}

static struct dm_metric *
add_metric(struct dm_result *result, const struct dm_metric *made)
{
    struct dm_metric *metrics = dm_grow(
        result->metrics, &result->metrics_capacity, result->n_metrics + 1,
        sizeof(*result->metrics), DM_RESULT_METRICS_MAX);
    if (!metrics || !made->label.data || !made->value.data) {
        result->failed_memory = true;
        return NULL;
    }
    result->metrics = metrics;
    metrics[result->n_metrics] = *made;
    return &metrics[result->n_metrics++];
}

struct dm_metric *
dm_result_metric(struct dm_result *result, struct dm_str label,
                 struct dm_str value)
{
    struct dm_buf number;
    dm_buf_init(&number, NUMBER_SIZE);
    bool is_double = false;
    struct dm_metric *metric = NULL;
    if (label.n && dm_str_is_utf8(label) &&
        format_number(value, &number, &is_double)) {
        const struct dm_metric made = {
            .label = copy_into(result, label),
            .value = copy_into(result, dm_buf_str(&number)),
            .is_double = is_double,
        };
        metric = add_metric(result, &made);
    }
    dm_buf_done(&number);
    return metric;
}

void
dm_result_metric_ranges(struct dm_result *result, struct dm_metric *metric,
                        struct dm_str unit, struct dm_str warn,
                        struct dm_str crit)
{
    metric->unit = copy_range(result, unit);
    metric->warn = copy_range(result, warn);
    metric->crit = copy_range(result, crit);
}

const char *
dm_failure_name(enum dm_failure failure)
{
    static const char *const names[] = {
        [DM_FAILURE_NONE] = "",
        [DM_FAILURE_RESOLVE] = "resolve",
        [DM_FAILURE_CONNECTION] = "connection",
        [DM_FAILURE_TIMED_OUT] = "timedOut",
        [DM_FAILURE_TLS] = "tls",
        [DM_FAILURE_CERTIFICATE_INVALID] = "certificateInvalid",
        [DM_FAILURE_STATUS_CODE] = "statusCode",
        [DM_FAILURE_CONTENT] = "content",
        [DM_FAILURE_LATENCY] = "latency",
        [DM_FAILURE_THRESHOLD] = "threshold",
        [DM_FAILURE_EXIT_CODE] = "exitCode",
        [DM_FAILURE_MISSED] = "missed",
        [DM_FAILURE_TOO_LONG] = "tooLong",
        [DM_FAILURE_TOO_SHORT] = "tooShort",
        [DM_FAILURE_ISOLATED] = "isolated",
        [DM_FAILURE_NOT_PERMITTED] = "notPermitted",
        [DM_FAILURE_TIME_LIMIT] = "timeLimit",
    };
    assert((size_t)failure < DM_COUNT_OF(names));
    return names[failure];
}

const char *
dm_verdict_name(enum dm_verdict verdict)
{
    switch (verdict) {
    case DM_VERDICT_OK:
        return "ok";
    case DM_VERDICT_WARNING:
        return "warning";
    case DM_VERDICT_CRITICAL:
        return "critical";
    case DM_VERDICT_UNKNOWN:
        return "unknown";
    case DM_VERDICT_STARTED:
        return "started";
    case DM_VERDICT_LOGGED:
        return "logged";
    }
    return "unknown";
}
