// SPDX-License-Identifier: ISC

// EXISTS: the values of the present row stand in place of its variables, in
// every part of the pattern (SPARQL 1.1, 18.6; R7 of exec.h).

#include "sparql/exec_private.h"

struct dm_exists {
    struct dm_exec_context context;
    struct dm_operator *root;
    dm_id *outer;
    dm_id *row;
};

enum dm_status
dm_exists_plan(void *context, const struct dm_alg *pattern,
               struct dm_exists **ret)
{
    struct dm_planner *planner = context;
    const size_t n_vars = planner->context->n_vars;
    struct dm_exists *exists =
        dm_arena_alloc(planner->arena, 1, sizeof(*exists));
    if (!exists) {
        return DM_ERR_NO_MEMORY;
    }
    exists->outer = dm_arena_alloc(planner->arena, n_vars, sizeof(dm_id));
    exists->row = dm_arena_alloc(planner->arena, n_vars, sizeof(dm_id));
    if (!exists->outer || !exists->row) {
        return DM_ERR_NO_MEMORY;
    }
    struct dm_exec_context *around = planner->context;
    exists->context = *around;
    exists->context.outer = exists->outer;
    exists->context.steps = false;
    planner->context = &exists->context;
    const enum dm_status status = dm_plan(planner, pattern, &exists->root);
    planner->context = around;
    *ret = exists;
    return status;
}

enum dm_status
dm_exists_run(struct dm_exists *exists, const dm_id *row, bool *ret)
{
    dm_row_copy(&exists->context, exists->outer, row);
    enum dm_status status = dm_operator_open(exists->root, NULL);
    if (!status) {
        status = dm_operator_next(exists->root, exists->row);
    }
    dm_operator_close(exists->root);
    *ret = status == DM_OK;
    return status == DM_END ? DM_OK : status;
}
