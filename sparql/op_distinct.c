// SPDX-License-Identifier: ISC

// DISTINCT by term: rows are kept in a hash table.

#include "base/work.h"
#include "quadstore/store.h"
#include "sparql/exec_private.h"
#include "sparql/rows_private.h"

#include <string.h>

struct distinct {
    struct dm_operator base;
    dm_var *columns; ///< All that may be bound
    size_t n_columns;
    struct dm_solutions seen;
};

static enum dm_status
distinct_open(struct dm_operator *op, const dm_id *seed)
{
    dm_solutions_clear(&((struct distinct *)op)->seen);
    return dm_operator_open(op->children[0], seed);
}

// Keep the row where it is new.
static enum dm_status
keep(struct distinct *distinct, const dm_id *row, bool *ret_is_new)
{
    dm_id *kept = NULL;
    enum dm_status status = dm_solutions_add(&distinct->seen, &kept);
    if (status) {
        return status;
    }
    const size_t n = distinct->n_columns;
    for (size_t i = 0; i < n; ++i) {
        kept[i] = row[distinct->columns[i]];
    }
    const uint64_t hash = dm_solutions_hash(kept, n);
    uint32_t at = dm_solutions_first(&distinct->seen, hash);
    while (at != DM_ROW_NONE && n &&
           memcmp(dm_solutions_at(&distinct->seen, at), kept,
                  n * sizeof(*kept)) != 0) {
        at = dm_solutions_next(&distinct->seen, at, hash);
    }
    *ret_is_new = at == DM_ROW_NONE;
    if (!*ret_is_new) {
        dm_solutions_drop(&distinct->seen);
        return DM_OK;
    }
    return dm_solutions_link(&distinct->seen, (uint32_t)distinct->seen.n - 1,
                             hash);
}

static enum dm_status
distinct_next(struct dm_operator *op, dm_id *row)
{
    struct distinct *distinct = (struct distinct *)op;
    for (;;) {
        bool is_new = false;
        enum dm_status status = dm_operator_next(op->children[0], row);
        if (!status) {
            status = keep(distinct, row, &is_new);
        }
        if (status || is_new) {
            return status;
        }
    }
}

static void
distinct_close(struct dm_operator *op)
{
    dm_solutions_clear(&((struct distinct *)op)->seen);
}

const struct dm_operator_ops dm_distinct_ops = {.name = "Distinct",
                                                .open = distinct_open,
                                                .next = distinct_next,
                                                .close = distinct_close};

enum dm_status
dm_plan_distinct(struct dm_planner *planner, const struct dm_alg *alg,
                 struct dm_operator **ret)
{
    struct dm_operator *child = NULL;
    const enum dm_status status = dm_plan(planner, alg->left, &child);
    if (status) {
        return status;
    }
    struct dm_operator_sets sets = {0};
    struct distinct *distinct =
        dm_operator_new(planner, sizeof(*distinct), &dm_distinct_ops, &sets);
    if (!distinct) {
        return DM_ERR_NO_MEMORY;
    }
    const size_t n_vars = planner->context->n_vars;
    distinct->columns =
        dm_arena_alloc(planner->arena, n_vars, sizeof(*distinct->columns));
    if (!distinct->columns) {
        return DM_ERR_NO_MEMORY;
    }
    distinct->n_columns = dm_plan_list(planner, child->possible,
                                       child->possible, distinct->columns);
    dm_solutions_init(&distinct->seen,
                      &dm_snapshot_work(planner->context->snapshot)->account,
                      distinct->n_columns);
    distinct->base.children[0] = child;
    const size_t n_words = planner->n_words;
    dm_bits_unite(sets.certain, child->certain, n_words);
    dm_bits_unite(sets.possible, child->possible, n_words);
    dm_bits_unite(sets.seedable, child->seedable, n_words);
    dm_bits_intersect(sets.seedable, child->certain, n_words);
    distinct->base.estimate = child->estimate;
    distinct->base.cost = child->cost;
    *ret = &distinct->base;
    return DM_OK;
}
