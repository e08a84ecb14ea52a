// SPDX-License-Identifier: ISC

#include "sparql/query.h"

#include "base/arena.h"
#include "sparql/syntax_private.h"

#define TEXT_MAX (64U << 10U)
#define MEMORY_MAX (8U << 20U)

// It lies in its own arena, as all it points to does
struct owned_query {
    struct dm_query query; // First, so that a pointer to it is one to this
    struct dm_arena arena;
};

static enum dm_status
check_text(struct dm_str text, const struct dm_query_options *options,
           struct dm_error *error)
{
    const size_t max = options->max_text ? options->max_text : TEXT_MAX;
    enum dm_status status = DM_OK;
    if (text.n > max) {
        status = dm_error_set(error, DM_ERR_LIMIT,
                              "the query has more than %zu bytes", max);
    } else if (!dm_str_is_utf8(text)) {
        status = dm_error_set(error, DM_ERR_SYNTAX, "the query is not UTF-8");
    }
    if (status) {
        dm_error_where(error, options->name, 0, 0);
    }
    return status;
}

static enum dm_status
no_memory(struct dm_error *error)
{
    return dm_error_set(error, DM_ERR_NO_MEMORY,
                        "the query needs too much memory");
}

static enum dm_status
parse(struct dm_str text, const struct dm_query_options *options,
      struct dm_arena *arena, struct dm_query *ret, struct dm_error *error)
{
    struct dm_query_options kept = *options;
    kept.base = dm_arena_copy(arena, options->base);
    if (!kept.base.data) {
        return no_memory(error);
    }
    struct dm_syn_query syntax;
    const enum dm_status status = dm_parse(text, &kept, arena, &syntax, error);
    return status ? status
                  : dm_translate(&syntax, options->name, arena, ret, error);
}

enum dm_status
dm_query_parse(struct dm_str text, const struct dm_query_options *options,
               struct dm_query **ret, struct dm_error *error)
{
    const enum dm_status checked = check_text(text, options, error);
    if (checked) {
        return checked;
    }
    struct dm_arena arena;
    dm_arena_init(&arena,
                  options->max_memory ? options->max_memory : MEMORY_MAX, NULL);
    struct owned_query *owned = dm_arena_alloc(&arena, 1, sizeof(*owned));
    if (!owned) {
        return no_memory(error);
    }
    const enum dm_status status =
        parse(text, options, &arena, &owned->query, error);
    if (status) {
        dm_arena_done(&arena);
        return status;
    }
    owned->arena = arena;
    *ret = &owned->query;
    return DM_OK;
}

void
dm_query_free(struct dm_query *query)
{
    if (query) {
        struct dm_arena arena = ((struct owned_query *)query)->arena;
        dm_arena_done(&arena);
    }
}
