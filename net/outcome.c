// SPDX-License-Identifier: ISC

#include "net/outcome.h"

#include "base/str.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

void
dm_net_outcome_clear(struct dm_net_outcome *outcome)
{
    outcome->failure = DM_NET_OK;
    outcome->text[0] = '\0';
}

// How many of the first `n` bytes are left when a code point that lacks its end
// is taken off
static size_t
whole_points(const char *text, size_t n)
{
    static const size_t longest = 4;
    for (size_t back = 1; back <= n && back < longest; ++back) {
        const unsigned char byte = (unsigned char)text[n - back];
        if (byte >= 0xC0) { // Starts a code point
            uint32_t point = 0;
            const struct dm_str rest = {text + n - back, back};
            return dm_utf8_decode(rest, &point) ? n : n - back;
        }
        if (byte < 0x80) {
            break;
        }
    }
    return n;
}

void
dm_net_outcome_set(struct dm_net_outcome *outcome, enum dm_net_failure failure,
                   const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int n =
        vsnprintf(outcome->text, sizeof(outcome->text), format, arguments);
    va_end(arguments);

    size_t length = n > 0 ? (size_t)n : 0;
    if (length >= sizeof(outcome->text)) {
        length = whole_points(outcome->text, sizeof(outcome->text) - 1);
    }
    outcome->text[length] = '\0';
    dm_utf8_tame(outcome->text, length);
    outcome->failure = failure;
}

const char *
dm_net_failure_text(enum dm_net_failure failure)
{
    switch (failure) {
    case DM_NET_OK:
        return "ok";
    case DM_NET_RESOLVE:
        return "name not resolved";
    case DM_NET_CONNECTION:
        return "connection failed";
    case DM_NET_TIMED_OUT:
        return "timed out";
    case DM_NET_TLS:
        return "TLS failed";
    case DM_NET_CERTIFICATE:
        return "certificate refused";
    case DM_NET_PROTOCOL:
        return "protocol violated";
    case DM_NET_TOO_LARGE:
        return "too large";
    case DM_NET_PERMISSION:
        return "not permitted";
    case DM_NET_LOCAL:
        return "local failure";
    case DM_NET_CANCELLED:
        return "cancelled";
    }
    return "unknown failure";
}
