// SPDX-License-Identifier: ISC

#include "sparql/exec_private.h"

#include "base/buf.h"
#include "base/env.h"
#include "base/time.h"
#include "base/work.h"
#include "quadstore/store.h"

#include <assert.h>
#include <string.h>

uint64_t *
dm_plan_set(struct dm_planner *planner)
{
    return dm_arena_alloc(planner->arena, planner->n_words, sizeof(uint64_t));
}

void *
dm_operator_new(struct dm_planner *planner, size_t size,
                const struct dm_operator_ops *ops, struct dm_operator_sets *ret)
{
    assert(size >= sizeof(struct dm_operator));
    struct dm_operator *op = dm_arena_alloc(planner->arena, 1, size);
    uint64_t *certain = dm_plan_set(planner);
    uint64_t *possible = dm_plan_set(planner);
    uint64_t *seedable = dm_plan_set(planner);
    dm_id *seed =
        dm_arena_alloc(planner->arena, planner->context->n_vars, sizeof(*seed));
    if (!op || !certain || !possible || !seedable || !seed) {
        return NULL;
    }
    op->ops = ops;
    op->context = planner->context;
    op->certain = certain;
    op->possible = possible;
    op->seedable = seedable;
    op->seed = seed;
    op->sorted_by = DM_VAR_NONE;
    op->estimate = 1;
    op->cost = 1;
    *ret = (struct dm_operator_sets){certain, possible, seedable};
    return op;
}

bool
dm_operator_is(const struct dm_operator *op, const struct dm_operator_ops *ops)
{
    return op->ops == ops;
}

void
dm_row_copy(const struct dm_exec_context *context, dm_id *to, const dm_id *from)
{
    memcpy(to, from, context->n_vars * sizeof(*to));
}

// The seed that R2 and R7 allow
static void
mask_seed(struct dm_operator *op, const dm_id *seed)
{
    const size_t n_vars = op->context->n_vars;
    const dm_id *outer = op->context->outer;
    for (size_t i = 0; i < n_vars; ++i) {
        op->seed[i] =
            seed && dm_bits_has(op->seedable, (dm_var)i) ? seed[i] : DM_ID_NONE;
    }
    for (size_t i = 0; outer && i < n_vars; ++i) {
        if (outer[i] != DM_ID_NONE) {
            op->seed[i] = outer[i];
        }
    }
}

static int64_t
now_ns(const struct dm_operator *op)
{
    return dm_env_monotonic_ns(dm_snapshot_work(op->context->snapshot)->env);
}

enum dm_status
dm_operator_open(struct dm_operator *op, const dm_id *seed)
{
    mask_seed(op, seed);
    ++op->n_opened;
    return op->ops->open(op, op->seed);
}

enum dm_status
dm_operator_next(struct dm_operator *op, dm_id *row)
{
    const int64_t start = op->context->count ? now_ns(op) : 0;
    const enum dm_status status = op->ops->next(op, row);
    if (op->context->count) {
        op->ns += now_ns(op) - start;
    }
    op->n_rows += status == DM_OK ? 1 : 0;
    return status;
}

void
dm_operator_close(struct dm_operator *op)
{
    op->ops->close(op);
    for (size_t i = 0; i < DM_OPERATOR_CHILDREN_MAX; ++i) {
        if (op->children[i]) {
            dm_operator_close(op->children[i]);
        }
    }
}

void
dm_operator_explain(const struct dm_operator *op, unsigned depth,
                    struct dm_buf *buf)
{
    static const double us = 1000;
    (void)dm_buf_printf(buf, "%*s%s", (int)(2 * depth), "", op->ops->name);
    if (op->ops->describe) {
        (void)dm_buf_putc(buf, ' ');
        op->ops->describe(op, buf);
    }
    (void)dm_buf_printf(buf, "  (estimated %.0f rows", op->estimate);
    if (op->n_opened) {
        (void)dm_buf_printf(buf, ", opened %llu times, %llu rows",
                            (unsigned long long)op->n_opened,
                            (unsigned long long)op->n_rows);
    }
    if (op->context->count) {
        (void)dm_buf_printf(buf, ", %.0f us", (double)op->ns / us);
    }
    (void)dm_buf_puts(buf, ")\n");
    for (size_t i = 0; i < DM_OPERATOR_CHILDREN_MAX; ++i) {
        if (op->children[i]) {
            dm_operator_explain(op->children[i], depth + 1, buf);
        }
    }
}

enum dm_status
dm_exec_tick(struct dm_exec_context *context)
{
    if (context->rows_left) {
        --context->rows_left;
        return DM_OK;
    }
    if (context->steps) {
        return DM_AGAIN;
    }
    context->rows_left = context->step_rows - 1;
    // Inside EXISTS the expression around it may hold texts
    if (!context->outer) {
        dm_snapshot_release_texts(context->snapshot);
    }
    return dm_work_check(dm_snapshot_work(context->snapshot));
}
