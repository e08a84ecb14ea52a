// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_CHECK_H
#define DM_TESTS_CHECK_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/// Stays on in release builds, unlike assert(), and may have side effects.
#define CHECK(expr)                                                            \
    do {                                                                       \
        if (!(expr)) {                                                         \
            (void)fprintf(stderr, "%s:%d: %s: not true: %s\n", __FILE__,       \
                          __LINE__, __func__, #expr);                          \
            abort();                                                           \
        }                                                                      \
    } while (0)

/// Like CHECK(got == want), and says both.
#define CHECK_INT(got, want)                                                   \
    do {                                                                       \
        const int64_t got_ = (got);                                            \
        const int64_t want_ = (want);                                          \
        if (got_ != want_) {                                                   \
            (void)fprintf(stderr,                                              \
                          "%s:%d: %s: %s is %" PRId64 ", want %" PRId64 "\n",  \
                          __FILE__, __LINE__, __func__, #got, got_, want_);    \
            abort();                                                           \
        }                                                                      \
    } while (0)

#endif // DM_TESTS_CHECK_H
