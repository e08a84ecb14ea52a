// SPDX-License-Identifier: ISC

// Regular expressions of conditions, by PCRE2. A compiled one lives in the
// arena of its configuration; nothing is left to be freed.

#include "base/alloc.h"
#include "base/arena.h"
#include "vocab/condition_private.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define MATCH_HEAP_KIB 4096
#define MATCH_DEPTH 1000

static void *
arena_alloc(size_t size, void *arena)
{
    return dm_arena_alloc(arena, 1, size);
}

static void
arena_free(void *memory, void *arena)
{
    (void)memory;
    (void)arena; // Ends as a whole
}

static void *
heap_alloc(size_t size, void *context)
{
    (void)context;
    return dm_malloc(size);
}

static void
heap_free(void *memory, void *context)
{
    (void)context;
    dm_free(memory);
}

enum dm_status
dm_pattern_compile(struct dm_str pattern, struct dm_arena *arena,
                   const void **ret, struct dm_error *error)
{
    pcre2_general_context *general =
        pcre2_general_context_create(arena_alloc, arena_free, arena);
    pcre2_compile_context *context =
        general ? pcre2_compile_context_create(general) : NULL;
    if (!context) {
        return DM_ERR_NO_MEMORY;
    }

    int number = 0;
    PCRE2_SIZE offset = 0;
    const pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)(pattern.n ? pattern.data : ""), pattern.n,
                      PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF |
                          PCRE2_NEVER_BACKSLASH_C,
                      &number, &offset, context);
    if (!code) {
        if (number == PCRE2_ERROR_NOMEMORY || number == 121) {
            return DM_ERR_NO_MEMORY; // 121: while compiling
        }
        PCRE2_UCHAR text[200];
        if (pcre2_get_error_message(number, text, sizeof(text)) < 0) {
            text[0] = '\0';
        }
        return dm_error_set(error, DM_ERR_SYNTAX,
                            "no regular expression: %s, at character %zu",
                            (const char *)text, (size_t)offset + 1);
    }
    *ret = code;
    return DM_OK;
}

bool
dm_pattern_matches(const void *pattern, struct dm_str text)
{
    pcre2_general_context *general =
        pcre2_general_context_create(heap_alloc, heap_free, NULL);
    pcre2_match_context *context =
        general ? pcre2_match_context_create(general) : NULL;
    pcre2_match_data *data =
        general ? pcre2_match_data_create(1, general) : NULL;
    bool matches = false;
    if (context && data) {
        (void)pcre2_set_match_limit(context, DM_CONDITION_STEPS);
        (void)pcre2_set_depth_limit(context, MATCH_DEPTH);
        (void)pcre2_set_heap_limit(context, MATCH_HEAP_KIB);
        // 0: there are more groups than were asked for
        matches = pcre2_match(pattern, (PCRE2_SPTR)(text.n ? text.data : ""),
                              text.n, 0, 0, data, context) >= 0;
    }
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
    pcre2_general_context_free(general);
    return matches;
}
