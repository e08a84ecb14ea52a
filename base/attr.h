// SPDX-License-Identifier: ISC

#ifndef DM_BASE_ATTR_H
#define DM_BASE_ATTR_H

/**
 * @file
 * What the compiler is told about declarations. (Checks: base/never.h)
 *
 * Between DM_BEGIN_DECLS and DM_END_DECLS a pointer is never NULL unless it is
 * marked DM_NULLABLE, so only the exceptions are marked. Clang warns, and
 * `-fsanitize=nullability` traps in the tests.
 */

#include <stddef.h>

#if defined(__clang__)
#define DM_BEGIN_DECLS                                                         \
    _Pragma("clang diagnostic push")                                           \
        _Pragma("clang diagnostic ignored \"-Wnullability-extension\"")        \
            _Pragma("clang diagnostic ignored \"-Wnullability-completeness\"") \
                _Pragma("clang assume_nonnull begin")
#define DM_END_DECLS                                                           \
    _Pragma("clang assume_nonnull end") _Pragma("clang diagnostic pop")
#define DM_NULLABLE _Nullable
#else
#define DM_BEGIN_DECLS
#define DM_END_DECLS
#define DM_NULLABLE
#endif

#if defined(__GNUC__)
#define DM_NODISCARD __attribute__((warn_unused_result))
#define DM_PRINTF(format_, arguments_)                                         \
    __attribute__((format(printf, format_, arguments_)))
#define DM_NORETURN __attribute__((noreturn))
#else
#define DM_NODISCARD
#define DM_PRINTF(format_, arguments_)
#define DM_NORETURN
#endif

/// What the function returns is a new object that `release` ends: lets gcc's
/// analyser follow it
#if defined(__GNUC__) && !defined(__clang__)
#define DM_ALLOCATES(release)                                                  \
    __attribute__((__malloc__, __malloc__(release, 1)))
#else
#define DM_ALLOCATES(release)
#endif

#define DM_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/// The struct of `type` whose `member` is at `ptr`; the second for a const one
#define DM_CONTAINER_OF(ptr, type, member)                                     \
    ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
#define DM_CONST_CONTAINER_OF(ptr, type, member)                               \
    ((const type *)(const void *)((const char *)(ptr)-offsetof(type, member)))

#endif // DM_BASE_ATTR_H
