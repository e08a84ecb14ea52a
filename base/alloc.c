// SPDX-License-Identifier: ISC

#include "base/alloc.h"

#include <assert.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// The one place where the C library's heap is called
#undef malloc
#undef calloc
#undef realloc
#undef free

static _Thread_local size_t allowed = DM_ALLOC_NEVER_FAIL;
static _Thread_local size_t asked;

// Whether `n` things of `size` bytes can be asked for at all
static bool
fits(size_t n, size_t size)
{
    return size == 0 || n <= (size_t)PTRDIFF_MAX / size;
}

static bool
may_allocate(size_t n, size_t size)
{
    ++asked;
    if (!fits(n, size)) {
        return false;
    }
    if (allowed == DM_ALLOC_NEVER_FAIL) {
        return true;
    }
    if (allowed == 0) {
        return false;
    }
    --allowed;
    return true;
}

void *
dm_calloc(size_t n, size_t size)
{
    return may_allocate(n, size) ? calloc(n ? n : 1, size ? size : 1) : NULL;
}

void *
dm_malloc(size_t size)
{
    return may_allocate(size, 1) ? malloc(size ? size : 1) : NULL;
}

void *
dm_realloc(void *ptr, size_t n, size_t size)
{
    if (!may_allocate(n, size)) {
        return NULL;
    }
    const size_t bytes = n * size;
    return realloc(ptr, bytes ? bytes : 1);
}

void *
dm_grow(void *array, size_t *capacity, size_t need, size_t size, size_t max)
{
    static const size_t first = 8;
    assert(size > 0);

    if (need <= *capacity && array) {
        return array;
    }
    if (need > max) {
        return NULL;
    }

    size_t want = *capacity < first ? first : *capacity;
    while (want < need) {
        want = want > max / 2 ? max : want * 2;
    }
    if (want > max) {
        want = max;
    }
    if (want < need) {
        want = need;
    }

    void *grown = dm_realloc(array, want, size);
    if (grown) {
        *capacity = want;
    }
    return grown;
}

char *
dm_strndup(const char *bytes, size_t n)
{
    char *copy = n < SIZE_MAX ? dm_malloc(n + 1) : NULL;
    if (!copy) {
        return NULL;
    }
    if (n) {
        memcpy(copy, bytes, n);
    }
    copy[n] = '\0';
    return copy;
}

void
dm_free(void *ptr)
{
    free(ptr);
}

void
dm_alloc_stay_small(void)
{
#ifdef __GLIBC__
    // Setting one of the thresholds also ends that glibc raises both by itself,
    // to many megabytes, after the first large block.
    static const int threshold_bytes = 128 * 1024;
    // NOLINTBEGIN(concurrency-mt-unsafe): main() asks, before the first thread
    (void)mallopt(M_ARENA_MAX, 1);
    (void)mallopt(M_MMAP_THRESHOLD, threshold_bytes);
    (void)mallopt(M_TRIM_THRESHOLD, threshold_bytes);
    // NOLINTEND(concurrency-mt-unsafe)
#endif
}

void
dm_alloc_fail_after(size_t n)
{
    allowed = n;
}

size_t
dm_alloc_count(void)
{
    return asked;
}
