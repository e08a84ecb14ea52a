// SPDX-License-Identifier: ISC

#include "quadstore/store.h"
#include "sparql/exec_private.h"

struct values {
    struct dm_operator base;
    const dm_var *vars;
    size_t n_vars;
    dm_id *ids; ///< n_rows x n_vars; DM_ID_NONE is UNDEF
    size_t n_rows;
    size_t at;
};

static enum dm_status
values_open(struct dm_operator *op, const dm_id *seed)
{
    (void)seed;
    ((struct values *)op)->at = 0;
    return DM_OK;
}

static bool
merge(const struct values *values, const dm_id *ids, dm_id *row)
{
    dm_row_copy(values->base.context, row, values->base.seed);
    for (size_t i = 0; i < values->n_vars; ++i) {
        dm_id *place = &row[values->vars[i]];
        if (ids[i] == DM_ID_NONE) {
            continue;
        }
        if (*place != DM_ID_NONE && *place != ids[i]) {
            return false;
        }
        *place = ids[i];
    }
    return true;
}

static enum dm_status
values_next(struct dm_operator *op, dm_id *row)
{
    struct values *values = (struct values *)op;
    while (values->at < values->n_rows) {
        const enum dm_status status = dm_exec_tick(op->context);
        if (status) {
            return status;
        }
        const dm_id *ids = values->ids + values->at++ * values->n_vars;
        if (merge(values, ids, row)) {
            ++op->context->solution;
            return DM_OK;
        }
    }
    return DM_END;
}

static void
values_close(struct dm_operator *op)
{
    struct values *values = (struct values *)op;
    values->at = values->n_rows;
}

static const struct dm_operator_ops values_ops = {.name = "Values",
                                                  .open = values_open,
                                                  .next = values_next,
                                                  .close = values_close};

enum dm_status
dm_plan_values(struct dm_planner *planner, const struct dm_alg *alg,
               struct dm_operator **ret)
{
    struct dm_operator_sets sets = {0};
    struct values *values =
        dm_operator_new(planner, sizeof(*values), &values_ops, &sets);
    if (!values) {
        return DM_ERR_NO_MEMORY;
    }
    values->vars = alg->vars;
    values->n_vars = alg->n_vars;
    values->n_rows = alg->n_rows;
    values->at = alg->n_rows;
    const size_t n = alg->n_rows * alg->n_vars;
    values->ids = dm_arena_alloc(planner->arena, n, sizeof(*values->ids));
    if (!values->ids) {
        return DM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < n; ++i) {
        if (alg->rows[i].kind == DM_TERM_NONE) {
            continue;
        }
        const enum dm_status status = dm_snapshot_intern(
            planner->context->snapshot, &alg->rows[i], &values->ids[i]);
        if (status) {
            return status;
        }
    }
    // A variable is certain where no row leaves it open. One that does may not
    // take a seed: that would bind it.
    for (size_t i = 0; i < alg->n_vars; ++i) {
        bool is_certain = true;
        for (size_t j = 0; j < alg->n_rows; ++j) {
            is_certain =
                is_certain && values->ids[j * alg->n_vars + i] != DM_ID_NONE;
        }
        dm_bits_add(sets.possible, alg->vars[i]);
        if (is_certain) {
            dm_bits_add(sets.certain, alg->vars[i]);
            dm_bits_add(sets.seedable, alg->vars[i]);
        }
    }
    values->base.estimate = (double)alg->n_rows;
    values->base.cost = (double)alg->n_rows;
    *ret = &values->base;
    return DM_OK;
}
