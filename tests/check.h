// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_CHECK_H
#define DM_TESTS_CHECK_H

/**
 * @file
 * What tests say with. A check stays on in release builds, unlike assert(), and
 * may have side effects. The first one that fails ends the test program.
 */

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/// Where a check stands, for its message
struct dm_check_place {
    const char *file;
    int line;
    const char *function;
};

static inline void
dm_check(bool failed, struct dm_check_place place, const char *text)
{
    if (failed) {
        (void)fprintf(stderr, "%s:%d: %s: not true: %s\n", place.file,
                      place.line, place.function, text);
        abort();
    }
}

static inline void
dm_check_int(int64_t got, int64_t want, struct dm_check_place place,
             const char *text)
{
    if (got != want) {
        (void)fprintf(stderr,
                      "%s:%d: %s: %s is %" PRId64 ", want %" PRId64 "\n",
                      place.file, place.line, place.function, text, got, want);
        abort();
    }
}

#define DM_CHECK_PLACE                                                         \
    (struct dm_check_place)                                                    \
    {                                                                          \
        .file = __FILE__, .line = __LINE__, .function = __func__               \
    }

#define CHECK(expr) dm_check(!(expr), DM_CHECK_PLACE, #expr)

/// Like CHECK(got == want), and says both.
#define CHECK_INT(got, want) dm_check_int((got), (want), DM_CHECK_PLACE, #got)

#endif // DM_TESTS_CHECK_H
