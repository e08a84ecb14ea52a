// SPDX-License-Identifier: ISC

// GRAPH around more than one basic graph pattern: its inside is evaluated with
// each named graph, or with the one that is named, as the active one.

#include "base/work.h"
#include "quadstore/store.h"
#include "sparql/exec_private.h"
#include "sparql/rows_private.h"

struct graph {
    struct dm_operator base;
    struct dm_active_graph active; ///< What patterns inside look at
    dm_var var;                    ///< Or NONE: `constant`
    dm_id constant;
    struct dm_solutions graphs; ///< Those to go through
    bool is_listed;
    uint32_t at;
    bool is_inside; ///< The child is open with the graph before `at`
    dm_id only;     ///< Of a list: this one, or DM_ID_NONE for all
};

static enum dm_status
keep_graph(void *context, dm_id id)
{
    struct graph *graph = context;
    dm_id *row = NULL;
    if (graph->only != DM_ID_NONE && graph->only != id) {
        return DM_OK;
    }
    const enum dm_status status = dm_solutions_add(&graph->graphs, &row);
    if (!status) {
        row[0] = id;
    }
    return status;
}

static enum dm_status
graph_open(struct dm_operator *op, const dm_id *seed)
{
    struct graph *graph = (struct graph *)op;
    const dm_id only =
        graph->var == DM_VAR_NONE ? graph->constant : seed[graph->var];
    graph->at = 0;
    graph->is_inside = false;
    // The list is the same as long as the snapshot is
    if (graph->is_listed && graph->only == only) {
        return DM_OK;
    }
    dm_solutions_clear(&graph->graphs);
    graph->only = only;
    const enum dm_status status = dm_graphs_each(
        op->context->snapshot, op->context->dataset, keep_graph, graph);
    graph->is_listed = status == DM_OK;
    return status;
}

static enum dm_status
enter(struct graph *graph)
{
    if (graph->at == graph->graphs.n) {
        return DM_END;
    }
    graph->active.id = dm_solutions_at(&graph->graphs, graph->at++)[0];
    graph->is_inside = true;
    // Inside, the variable is not bound by GRAPH: that is a join afterwards.
    // Its value may still be a seed.
    const enum dm_status status =
        dm_operator_open(graph->base.children[0], graph->base.seed);
    if (status) {
        graph->is_inside = false;
        graph->at = (uint32_t)graph->graphs.n;
    }
    return status;
}

static enum dm_status
graph_next(struct dm_operator *op, dm_id *row)
{
    struct graph *graph = (struct graph *)op;
    for (;;) {
        if (!graph->is_inside) {
            const enum dm_status status = enter(graph);
            if (status) {
                return status;
            }
        }
        const enum dm_status status = dm_operator_next(op->children[0], row);
        if (status == DM_END) {
            graph->is_inside = false;
            continue;
        }
        if (status || graph->var == DM_VAR_NONE) {
            return status;
        }
        if (row[graph->var] == DM_ID_NONE) {
            row[graph->var] = graph->active.id;
        }
        if (row[graph->var] == graph->active.id) {
            return DM_OK;
        }
    }
}

static void
graph_close(struct dm_operator *op)
{
    struct graph *graph = (struct graph *)op;
    dm_solutions_clear(&graph->graphs);
    graph->is_listed = false;
    graph->is_inside = false;
    graph->at = 0;
}

const struct dm_operator_ops dm_graph_ops = {.name = "Graph",
                                             .open = graph_open,
                                             .next = graph_next,
                                             .close = graph_close};

static enum dm_status
plan_inside(struct dm_planner *planner, struct graph *graph,
            const struct dm_alg *alg)
{
    const struct dm_active_graph *around = planner->graph;
    planner->graph = &graph->active;
    const enum dm_status status =
        dm_plan(planner, alg->left, &graph->base.children[0]);
    planner->graph = around;
    return status;
}

static enum dm_status
plan_constant_bgp(struct dm_planner *planner, const struct dm_alg *alg,
                  dm_id id, struct dm_operator **ret)
{
    struct dm_active_graph *active =
        dm_arena_alloc(planner->arena, 1, sizeof(*active));
    if (!active) {
        return DM_ERR_NO_MEMORY;
    }
    *active = (struct dm_active_graph){DM_SCOPE_NAMED, id};
    const struct dm_active_graph *around = planner->graph;
    planner->graph = active;
    const enum dm_status status = dm_plan(planner, alg->left, ret);
    planner->graph = around;
    return status;
}

enum dm_status
dm_plan_graph(struct dm_planner *planner, const struct dm_alg *alg,
              struct dm_operator **ret)
{
    const bool is_var = alg->graph.kind == DM_SLOT_VAR;
    const bool is_bgp =
        alg->left->kind == DM_ALG_BGP && alg->left->n_patterns > 0;
    dm_id constant = DM_ID_NONE;
    if (!is_var) {
        const enum dm_status status = dm_snapshot_intern(
            planner->context->snapshot, &alg->graph.term, &constant);
        if (status) {
            return status;
        }
    }
    if (is_bgp) {
        return is_var ? dm_plan_bgp_in_each(planner, alg->left, alg->graph.var,
                                            ret)
                      : plan_constant_bgp(planner, alg, constant, ret);
    }

    struct dm_operator_sets sets = {0};
    struct graph *graph =
        dm_operator_new(planner, sizeof(*graph), &dm_graph_ops, &sets);
    if (!graph) {
        return DM_ERR_NO_MEMORY;
    }
    graph->var = is_var ? alg->graph.var : DM_VAR_NONE;
    graph->constant = constant;
    graph->active = (struct dm_active_graph){DM_SCOPE_NAMED, constant};
    dm_solutions_init(&graph->graphs,
                      &dm_snapshot_work(planner->context->snapshot)->account,
                      1);
    const enum dm_status status = plan_inside(planner, graph, alg);
    if (status) {
        return status;
    }
    const struct dm_operator *child = graph->base.children[0];
    dm_bits_unite(sets.certain, child->certain, planner->n_words);
    dm_bits_unite(sets.possible, child->possible, planner->n_words);
    dm_bits_unite(sets.seedable, child->seedable, planner->n_words);
    if (is_var) {
        dm_bits_add(sets.certain, alg->graph.var);
        dm_bits_add(sets.possible, alg->graph.var);
        dm_bits_add(sets.seedable, alg->graph.var);
    }
    graph->base.estimate = child->estimate;
    graph->base.cost = child->cost;
    *ret = &graph->base;
    return DM_OK;
}
