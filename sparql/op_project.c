// SPDX-License-Identifier: ISC

#include "sparql/exec_private.h"

#include <string.h>

struct project {
    struct dm_operator base;
    const dm_var *vars;
    size_t n_vars;
    dm_id *inside; ///< The solution below
};

static enum dm_status
project_open(struct dm_operator *op, const dm_id *seed)
{
    return dm_operator_open(op->children[0], seed);
}

static enum dm_status
project_next(struct dm_operator *op, dm_id *row)
{
    const struct project *project = (const struct project *)op;
    const dm_id *outer = op->context->outer;
    const enum dm_status status =
        dm_operator_next(op->children[0], project->inside);
    if (status) {
        return status;
    }
    if (outer) {
        dm_row_copy(op->context, row, outer);
    } else {
        memset(row, 0, op->context->n_vars * sizeof(*row));
    }
    for (size_t i = 0; i < project->n_vars; ++i) {
        row[project->vars[i]] = project->inside[project->vars[i]];
    }
    return DM_OK;
}

static void
project_close(struct dm_operator *op)
{
    (void)op;
}

const struct dm_operator_ops dm_project_ops = {.name = "Project",
                                               .open = project_open,
                                               .next = project_next,
                                               .close = project_close};

enum dm_status
dm_plan_project(struct dm_planner *planner, const struct dm_alg *alg,
                struct dm_operator **ret)
{
    struct dm_operator *child = NULL;
    const enum dm_status status = dm_plan(planner, alg->left, &child);
    if (status) {
        return status;
    }
    struct dm_operator_sets sets = {0};
    struct project *project =
        dm_operator_new(planner, sizeof(*project), &dm_project_ops, &sets);
    if (!project) {
        return DM_ERR_NO_MEMORY;
    }
    project->vars = alg->vars;
    project->n_vars = alg->n_vars;
    project->inside = dm_arena_alloc(planner->arena, planner->context->n_vars,
                                     sizeof(*project->inside));
    if (!project->inside) {
        return DM_ERR_NO_MEMORY;
    }
    project->base.children[0] = child;
    const size_t n_words = planner->n_words;
    for (size_t i = 0; i < alg->n_vars; ++i) {
        dm_bits_add(sets.possible, alg->vars[i]);
    }
    dm_bits_unite(sets.certain, sets.possible, n_words);
    dm_bits_unite(sets.seedable, sets.possible, n_words);
    dm_bits_intersect(sets.possible, child->possible, n_words);
    dm_bits_intersect(sets.certain, child->certain, n_words);
    dm_bits_intersect(sets.seedable, child->seedable, n_words);
    project->base.estimate = child->estimate;
    project->base.cost = child->cost;
    *ret = &project->base;
    return DM_OK;
}
