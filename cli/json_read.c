// SPDX-License-Identifier: ISC

#include "cli/json_read.h"

#include "base/time.h"

#include <stdio.h>
#include <time.h>

struct dm_str
dm_json_str(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_string(value)
               ? dm_str_n(json_string_value(value), json_string_length(value))
               : (struct dm_str){"", 0};
}

int64_t
dm_json_integer(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

double
dm_json_double(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

bool
dm_json_true(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

int64_t
dm_json_ms(const json_t *object, const char *key)
{
    int64_t ms = INT64_MIN;
    return dm_time_parse(dm_json_str(object, key), &ms) ? ms : INT64_MIN;
}

void
dm_clock_text(int64_t ms, int64_t now_ms, char *text, size_t size)
{
    const time_t when = (time_t)(ms / DM_MS_PER_SECOND);
    const time_t now = (time_t)(now_ms / DM_MS_PER_SECOND);
    struct tm local;
    struct tm today;
    if (ms == INT64_MIN || !localtime_r(&when, &local) ||
        !localtime_r(&now, &today)) {
        (void)snprintf(text, size, "-");
        return;
    }
    const bool is_today =
        local.tm_year == today.tm_year && local.tm_yday == today.tm_yday;
    const size_t n = strftime(
        text, size, is_today ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &local);
    if (!n && size) {
        text[0] = '\0';
    }
}

void
dm_print_kubo(const json_t *document)
{
    const json_t *kubo = json_object_get(document, "kubo");
    if (!dm_json_true(kubo, "late")) {
        return;
    }
    const struct dm_str reason = dm_json_str(kubo, "reason");
    const long long behind = (long long)dm_json_integer(kubo, "behind");
    (void)printf("  kubo    %lld entr%s behind%s%.*s\n", behind,
                 behind == 1 ? "y" : "ies", reason.n ? ": " : "", (int)reason.n,
                 reason.n ? reason.data : "");
}
