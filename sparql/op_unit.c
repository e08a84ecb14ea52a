// SPDX-License-Identifier: ISC

#include "sparql/exec_private.h"

struct unit {
    struct dm_operator base;
    bool is_ended;
};

static enum dm_status
unit_open(struct dm_operator *op, const dm_id *seed)
{
    (void)seed;
    ((struct unit *)op)->is_ended = false;
    return DM_OK;
}

static enum dm_status
unit_next(struct dm_operator *op, dm_id *row)
{
    struct unit *unit = (struct unit *)op;
    if (unit->is_ended) {
        return DM_END;
    }
    const enum dm_status status = dm_exec_tick(op->context);
    if (status) {
        return status;
    }
    ++op->context->solution;
    unit->is_ended = true;
    dm_row_copy(op->context, row, op->seed);
    return DM_OK;
}

static void
unit_close(struct dm_operator *op)
{
    ((struct unit *)op)->is_ended = true;
}

static const struct dm_operator_ops unit_ops = {
    .name = "Unit", .open = unit_open, .next = unit_next, .close = unit_close};

enum dm_status
dm_plan_unit(struct dm_planner *planner, const struct dm_alg *alg,
             struct dm_operator **ret)
{
    (void)alg;
    struct dm_operator_sets sets = {0};
    struct unit *unit =
        dm_operator_new(planner, sizeof(*unit), &unit_ops, &sets);
    if (!unit) {
        return DM_ERR_NO_MEMORY;
    }
    *ret = &unit->base;
    return DM_OK;
}
