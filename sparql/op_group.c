// SPDX-License-Identifier: ISC

// GROUP BY: groups are rows of a hash table by their keys, with the states of
// their aggregates behind them. DISTINCT values are rows of a table for each
// such aggregate.

#include "base/work.h"
#include "quadstore/store.h"
#include "sparql/aggregate_private.h"
#include "sparql/exec_private.h"
#include "sparql/rows_private.h"

#include <assert.h>
#include <string.h>

#define STATE_IDS (sizeof(struct dm_aggregate_state) / sizeof(dm_id))
static_assert(sizeof(struct dm_aggregate_state) % sizeof(dm_id) == 0,
              "a state fills whole ids of a row");
static_assert(_Alignof(struct dm_aggregate_state) <= _Alignof(dm_id),
              "a state may lie where ids lie");

struct key {
    dm_var var;
    const struct dm_expr_code *code;
};

struct group {
    struct dm_operator base;
    struct key *keys;
    size_t n_keys;
    struct dm_aggregate_code *aggregates;
    size_t n_aggregates;
    struct dm_solutions
        *seen;       ///< Of each DISTINCT aggregate: group, then values
    dm_var *columns; ///< What COUNT(DISTINCT *) tells apart
    size_t n_columns;
    struct dm_solutions groups;
    struct dm_account *account;
    dm_id *row;              ///< A solution below
    dm_id *key;              ///< Its keys
    struct dm_value *values; ///< Of the aggregates of the group on its way up
    struct dm_arena results; ///< Their bytes
    bool is_filled;
    uint32_t at;
};

static struct dm_aggregate_state *
states_of(const struct group *group, uint32_t index)
{
    return (struct dm_aggregate_state *)(void *)(dm_solutions_at(&group->groups,
                                                                 index) +
                                                 group->n_keys);
}

static void
group_close(struct dm_operator *op)
{
    struct group *group = (struct group *)op;
    for (uint32_t i = 0; i < group->groups.n; ++i) {
        for (size_t j = 0; j < group->n_aggregates; ++j) {
            dm_aggregate_state_done(group->account, &group->aggregates[j],
                                    &states_of(group, i)[j]);
        }
    }
    dm_solutions_clear(&group->groups);
    for (size_t i = 0; i < group->n_aggregates; ++i) {
        dm_solutions_clear(&group->seen[i]);
    }
    dm_arena_done(&group->results);
}

static enum dm_status
group_open(struct dm_operator *op, const dm_id *seed)
{
    struct group *group = (struct group *)op;
    group_close(op);
    group->is_filled = false;
    group->at = 0;
    return dm_operator_open(op->children[0], seed);
}

// ------------------------------------------------------------ filling

static enum dm_status
evaluate_keys(struct group *group, struct dm_eval *eval)
{
    for (size_t i = 0; i < group->n_keys; ++i) {
        const struct dm_expr_code *code = group->keys[i].code;
        struct dm_value value = {0};
        if (code->kind == DM_EXPR_VAR) {
            group->key[i] = eval->row[code->var];
            continue;
        }
        enum dm_status status = dm_eval_code(eval, code, &value);
        if (status == DM_ERR_ARGUMENT) {
            group->key[i] = DM_ID_NONE;
            continue;
        }
        if (!status) {
            status = dm_value_id(eval->context->snapshot, eval->arena, &value,
                                 &group->key[i]);
        }
        if (status) {
            return status;
        }
    }
    return DM_OK;
}

// The group of the present keys, made where it is new
static enum dm_status
find_group(struct group *group, uint32_t *ret)
{
    const size_t bytes = group->n_keys * sizeof(dm_id);
    const uint64_t hash = dm_solutions_hash(group->key, group->n_keys);
    uint32_t at = dm_solutions_first(&group->groups, hash);
    while (at != DM_ROW_NONE && bytes &&
           memcmp(dm_solutions_at(&group->groups, at), group->key, bytes) !=
               0) {
        at = dm_solutions_next(&group->groups, at, hash);
    }
    if (at != DM_ROW_NONE) {
        *ret = at;
        return DM_OK;
    }
    dm_id *made = NULL;
    const enum dm_status status = dm_solutions_add(&group->groups, &made);
    if (status) {
        return status;
    }
    if (bytes) {
        memcpy(made, group->key, bytes);
    }
    *ret = (uint32_t)group->groups.n - 1;
    return dm_solutions_link(&group->groups, *ret, hash);
}

// Whether this value, or for COUNT(DISTINCT *) this solution, is new in its
// group
static enum dm_status
is_new(struct group *group, struct dm_eval *eval, size_t index,
       uint32_t group_index, struct dm_value *value, bool *ret)
{
    struct dm_solutions *seen = &group->seen[index];
    dm_id *kept = NULL;
    enum dm_status status = dm_solutions_add(seen, &kept);
    if (status) {
        return status;
    }
    kept[0] = group_index;
    if (value) {
        status = dm_value_id(eval->context->snapshot, eval->arena, value,
                             &value->id);
        kept[1] = value->id;
    } else {
        for (size_t i = 0; i < group->n_columns; ++i) {
            kept[1 + i] = eval->row[group->columns[i]];
        }
    }
    if (status) {
        dm_solutions_drop(seen);
        return status;
    }
    const uint64_t hash = dm_solutions_hash(kept, seen->width);
    uint32_t at = dm_solutions_first(seen, hash);
    while (at != DM_ROW_NONE && memcmp(dm_solutions_at(seen, at), kept,
                                       seen->width * sizeof(*kept)) != 0) {
        at = dm_solutions_next(seen, at, hash);
    }
    *ret = at == DM_ROW_NONE;
    if (!*ret) {
        dm_solutions_drop(seen);
        return DM_OK;
    }
    return dm_solutions_link(seen, (uint32_t)seen->n - 1, hash);
}

static enum dm_status
add_to_aggregate(struct group *group, struct dm_eval *eval, size_t index,
                 uint32_t group_index)
{
    const struct dm_aggregate_code *code = &group->aggregates[index];
    struct dm_aggregate_state *state = &states_of(group, group_index)[index];
    struct dm_value value = {0};
    bool is_wanted = true;
    enum dm_status status =
        code->arg ? dm_eval_code(eval, code->arg, &value) : DM_OK;
    if (status == DM_ERR_ARGUMENT) {
        dm_aggregate_fail(code, state);
        return DM_OK;
    }
    if (!status && code->def->distinct) {
        status = is_new(group, eval, index, group_index,
                        code->arg ? &value : NULL, &is_wanted);
    }
    if (status || !is_wanted) {
        return status;
    }
    return dm_aggregate_add(eval, code, state, code->arg ? &value : NULL);
}

static enum dm_status
add_row(struct group *group)
{
    struct dm_exec_context *context = group->base.context;
    struct dm_eval eval = {
        .context = context, .row = group->row, .arena = context->scratch};
    uint32_t index = 0;
    const struct dm_arena_mark mark = dm_arena_mark(context->scratch);
    enum dm_status status = evaluate_keys(group, &eval);
    if (!status) {
        status = find_group(group, &index);
    }
    for (size_t i = 0; !status && i < group->n_aggregates; ++i) {
        status = add_to_aggregate(group, &eval, i, index);
    }
    dm_arena_rewind(context->scratch, mark);
    return status;
}

static enum dm_status
fill(struct group *group)
{
    for (;;) {
        enum dm_status status =
            dm_operator_next(group->base.children[0], group->row);
        if (status == DM_END) {
            break;
        }
        if (!status) {
            status = add_row(group);
        }
        if (status) {
            return status;
        }
    }
    group->is_filled = true;
    uint32_t index = 0;
    // Without GROUP BY there is one group, also of nothing
    return group->n_keys || group->groups.n ? DM_OK : find_group(group, &index);
}

// ------------------------------------------------------------ yielding

static enum dm_status
group_next(struct dm_operator *op, dm_id *row)
{
    struct group *group = (struct group *)op;
    enum dm_status status = group->is_filled ? DM_OK : fill(group);
    if (!status) {
        status = dm_exec_tick(op->context);
    }
    if (status) {
        return status;
    }
    if (group->at == group->groups.n) {
        return DM_END;
    }
    const uint32_t index = group->at++;
    dm_row_copy(op->context, row, op->seed);
    const dm_id *keys = dm_solutions_at(&group->groups, index);
    for (size_t i = 0; i < group->n_keys; ++i) {
        row[group->keys[i].var] = keys[i];
    }
    dm_arena_done(&group->results);
    struct dm_eval eval = {
        .context = op->context, .row = row, .arena = &group->results};
    for (size_t i = 0; !status && i < group->n_aggregates; ++i) {
        status =
            dm_aggregate_value(&eval, &group->aggregates[i],
                               &states_of(group, index)[i], &group->values[i]);
    }
    ++op->context->solution;
    op->context->aggregates = group->values;
    return status;
}

static const struct dm_operator_ops group_ops = {.name = "Group",
                                                 .open = group_open,
                                                 .next = group_next,
                                                 .close = group_close};

// ------------------------------------------------------------ planning

static enum dm_status
compile_keys(struct dm_planner *planner, const struct dm_alg *alg,
             struct group *group)
{
    group->n_keys = alg->n_keys;
    group->keys =
        dm_arena_alloc(planner->arena, alg->n_keys, sizeof(*group->keys));
    group->key =
        dm_arena_alloc(planner->arena, alg->n_keys, sizeof(*group->key));
    enum dm_status status =
        group->keys && group->key ? DM_OK : DM_ERR_NO_MEMORY;
    for (size_t i = 0; !status && i < alg->n_keys; ++i) {
        struct dm_expr_code *code = NULL;
        status = dm_code_compile(planner->compiler, alg->keys[i].expr, &code);
        group->keys[i] = (struct key){alg->keys[i].var, code};
    }
    return status;
}

static enum dm_status
compile_aggregates(struct dm_planner *planner, const struct dm_alg *alg,
                   struct group *group)
{
    const size_t n = alg->n_aggregates;
    group->n_aggregates = n;
    group->aggregates =
        dm_arena_alloc(planner->arena, n, sizeof(*group->aggregates));
    group->seen = dm_arena_alloc(planner->arena, n, sizeof(*group->seen));
    group->values = dm_arena_alloc(planner->arena, n, sizeof(*group->values));
    enum dm_status status = group->aggregates && group->seen && group->values
                                ? DM_OK
                                : DM_ERR_NO_MEMORY;
    for (size_t i = 0; !status && i < n; ++i) {
        struct dm_expr_code *code = NULL;
        const struct dm_aggregate_def *def = &alg->aggregates[i];
        if (def->arg) {
            status = dm_code_compile(planner->compiler, def->arg, &code);
        }
        group->aggregates[i] = (struct dm_aggregate_code){def, code};
        dm_solutions_init(&group->seen[i], group->account,
                          1 + (def->arg ? 1 : group->n_columns));
    }
    return status;
}

static void
set_sets(const struct dm_alg *alg, const struct dm_operator *child,
         struct dm_operator_sets *sets)
{
    for (size_t i = 0; i < alg->n_keys; ++i) {
        const struct dm_expr *expr = alg->keys[i].expr;
        const dm_var var = alg->keys[i].var;
        dm_bits_add(sets->possible, var);
        if (expr->kind != DM_EXPR_VAR ||
            !dm_bits_has(child->certain, expr->var)) {
            continue;
        }
        dm_bits_add(sets->certain, var);
        // Groups of other keys are not wanted, so their rows need not be read
        if (expr->var == var && dm_bits_has(child->seedable, var)) {
            dm_bits_add(sets->seedable, var);
        }
    }
}

enum dm_status
dm_plan_group(struct dm_planner *planner, const struct dm_alg *alg,
              struct dm_operator **ret)
{
    struct dm_operator *child = NULL;
    enum dm_status status = dm_plan(planner, alg->left, &child);
    if (status) {
        return status;
    }
    struct dm_operator_sets sets = {0};
    struct group *group =
        dm_operator_new(planner, sizeof(*group), &group_ops, &sets);
    if (!group) {
        return DM_ERR_NO_MEMORY;
    }
    const size_t n_vars = planner->context->n_vars;
    group->account = &dm_snapshot_work(planner->context->snapshot)->account;
    group->row = dm_arena_alloc(planner->arena, n_vars, sizeof(*group->row));
    group->columns =
        dm_arena_alloc(planner->arena, n_vars, sizeof(*group->columns));
    if (!group->row || !group->columns) {
        return DM_ERR_NO_MEMORY;
    }
    group->n_columns =
        dm_plan_list(planner, child->possible, child->possible, group->columns);
    status = compile_keys(planner, alg, group);
    if (!status) {
        status = compile_aggregates(planner, alg, group);
    }
    if (status) {
        return status;
    }
    dm_solutions_init(&group->groups, group->account,
                      group->n_keys + group->n_aggregates * STATE_IDS);
    dm_arena_init(&group->results, SIZE_MAX, group->account);
    group->base.children[0] = child;
    set_sets(alg, child, &sets);
    group->base.estimate = alg->n_keys ? child->estimate / 2 + 1 : 1;
    group->base.cost = child->cost;
    *ret = &group->base;
    return DM_OK;
}
