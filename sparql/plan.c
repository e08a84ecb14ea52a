// SPDX-License-Identifier: ISC

// Algebra to operators. One row for each kind; a layer that replaces a whole
// sub-tree by something faster looks at it in dm_plan(), before its row does.

#include "sparql/exec_private.h"

#include <assert.h>

typedef enum dm_status (*plan_fn)(struct dm_planner *planner,
                                  const struct dm_alg *alg,
                                  struct dm_operator **ret);

static enum dm_status
plan_unsupported(struct dm_planner *planner, const struct dm_alg *alg,
                 struct dm_operator **ret)
{
    (void)ret;
    const enum dm_status status = dm_error_set(
        planner->error, DM_ERR_UNSUPPORTED, "not supported yet: %s",
        alg->kind == DM_ALG_PATH ? "property paths" : "SERVICE");
    dm_error_where(planner->error, dm_str("query"), alg->at.line,
                   alg->at.column);
    return status;
}

// REDUCED may remove duplicates, but need not
static enum dm_status
plan_reduced(struct dm_planner *planner, const struct dm_alg *alg,
             struct dm_operator **ret)
{
    return dm_plan(planner, alg->left, ret);
}

// By enum dm_alg_kind
static const plan_fn table[] = {
    [DM_ALG_UNIT] = dm_plan_unit,       [DM_ALG_BGP] = dm_plan_bgp,
    [DM_ALG_JOIN] = dm_plan_join,       [DM_ALG_LEFT_JOIN] = dm_plan_left_join,
    [DM_ALG_UNION] = dm_plan_union,     [DM_ALG_MINUS] = dm_plan_minus,
    [DM_ALG_FILTER] = dm_plan_filter,   [DM_ALG_GRAPH] = dm_plan_graph,
    [DM_ALG_EXTEND] = dm_plan_extend,   [DM_ALG_VALUES] = dm_plan_values,
    [DM_ALG_GROUP] = dm_plan_group,     [DM_ALG_ORDER] = dm_plan_order,
    [DM_ALG_PROJECT] = dm_plan_project, [DM_ALG_DISTINCT] = dm_plan_distinct,
    [DM_ALG_REDUCED] = plan_reduced,    [DM_ALG_SLICE] = dm_plan_slice,
    [DM_ALG_PATH] = plan_unsupported,   [DM_ALG_SERVICE] = plan_unsupported,
};

enum dm_status
dm_plan(struct dm_planner *planner, const struct dm_alg *alg,
        struct dm_operator **ret)
{
    assert(alg->kind < DM_COUNT_OF(table));
    return table[alg->kind](planner, alg, ret);
}

enum dm_status
dm_plan_both(struct dm_planner *planner, const struct dm_alg *alg,
             struct dm_operator **ret_left, struct dm_operator **ret_right)
{
    const enum dm_status status = dm_plan(planner, alg->left, ret_left);
    return status ? status : dm_plan(planner, alg->right, ret_right);
}

size_t
dm_plan_list(const struct dm_planner *planner, const uint64_t *a,
             const uint64_t *b, dm_var *ret)
{
    size_t n = 0;
    for (dm_var var = 0; var < planner->context->n_vars; ++var) {
        if (dm_bits_has(a, var) && dm_bits_has(b, var)) {
            ret[n++] = var;
        }
    }
    return n;
}
