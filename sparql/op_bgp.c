// SPDX-License-Identifier: ISC

// Basic graph patterns: index nested loops over dm_scan. Patterns are ordered
// greedily by estimates, anew for each set of variables that seeds bind. A
// filter that was handed down is tested as soon as its variables are bound.

#include "base/buf.h"
#include "quadstore/store.h"
#include "sparql/exec_private.h"

#include <assert.h>
#include <string.h>

#define POSITIONS 3U
#define FILTERS_MAX 32U
// How much worse a pattern is that shares no variable with those before it
#define UNCONNECTED 1e9

/// A position of a pattern, with its constant's id
struct slot {
    enum dm_slot_kind kind;
    dm_var var;
    dm_id id;
    const struct slot *inner; ///< s, p, o of TRIPLE
};

struct pattern {
    struct slot slots[POSITIONS];
    uint64_t *vars;
};

struct step {
    const struct pattern *pattern;
    struct dm_scan *scan;
    dm_id *row;      ///< The solution this step extends
    uint64_t *bound; ///< What is bound behind it
    double estimate;
};

struct filter {
    const struct dm_expr_code *code;
    const uint64_t *vars;
    size_t step; ///< Tested behind this one
};

struct bgp {
    struct dm_operator base;
    const struct dm_active_graph *graph;
    dm_var graph_var; ///< Of GRAPH ?g around this alone, else NONE
    struct pattern *patterns;
    struct step *steps;
    size_t n;
    struct filter filters[FILTERS_MAX];
    size_t n_filters;
    uint64_t
        *ordered_for; ///< The variables that were bound when it was ordered
    uint64_t *bound;  ///< Room for such a set
    size_t n_words;
    bool is_ordered;
    bool is_ended;
    size_t depth;
};

// ------------------------------------------------------------ patterns to
// scans

static enum dm_scope
scope_of(const struct bgp *bgp)
{
    return bgp->graph_var != DM_VAR_NONE ? DM_SCOPE_NAMED : bgp->graph->scope;
}

// Two positions hold one variable that is not bound yet
static bool
repeats(const struct slot *a, const struct slot *b, dm_id bound)
{
    return a->kind == DM_SLOT_VAR && b->kind == DM_SLOT_VAR &&
           a->var == b->var && bound == DM_ID_NONE;
}

static dm_id
bound_id(const struct slot *slot, const dm_id *row)
{
    if (slot->kind == DM_SLOT_VAR) {
        return row[slot->var];
    }
    return slot->kind == DM_SLOT_TERM ? slot->id : DM_ID_NONE;
}

static void
make_spec(const struct bgp *bgp, const struct pattern *pattern,
          const dm_id *row, struct dm_scan_spec *ret)
{
    const struct slot *s = &pattern->slots[0];
    const struct slot *p = &pattern->slots[1];
    const struct slot *o = &pattern->slots[2];
    *ret = (struct dm_scan_spec){.dataset = bgp->base.context->dataset,
                                 .scope = scope_of(bgp),
                                 .s = bound_id(s, row),
                                 .p = bound_id(p, row),
                                 .o = bound_id(o, row)};
    ret->repeats = (repeats(s, p, ret->s) ? DM_REPEAT_SP : 0U) |
                   (repeats(s, o, ret->s) ? DM_REPEAT_SO : 0U) |
                   (repeats(p, o, ret->p) ? DM_REPEAT_PO : 0U);
    if (bgp->graph_var != DM_VAR_NONE) {
        const struct slot g = {.kind = DM_SLOT_VAR, .var = bgp->graph_var};
        ret->g = row[bgp->graph_var];
        ret->repeats |= (repeats(&g, s, ret->g) ? DM_REPEAT_GS : 0U) |
                        (repeats(&g, p, ret->g) ? DM_REPEAT_GP : 0U) |
                        (repeats(&g, o, ret->g) ? DM_REPEAT_GO : 0U);
    } else if (ret->scope == DM_SCOPE_NAMED) {
        ret->g = bgp->graph->id;
    }
    if (o->kind == DM_SLOT_TRIPLE) {
        ret->has_inner = true;
        ret->inner = (struct dm_triple_ids){bound_id(&o->inner[0], row),
                                            bound_id(&o->inner[1], row),
                                            bound_id(&o->inner[2], row)};
    }
}

// Let `id` stand at the slot: bind its variable, or see that it is the same
static enum dm_status
match(struct bgp *bgp, const struct slot *slot, dm_id id, dm_id *row,
      bool *matches)
{
    dm_id parts[POSITIONS] = {0};
    switch (slot->kind) {
    case DM_SLOT_TERM:
        *matches = *matches && slot->id == id;
        return DM_OK;
    case DM_SLOT_VAR:
        if (row[slot->var] == DM_ID_NONE) {
            row[slot->var] = id;
        }
        *matches = *matches && row[slot->var] == id;
        return DM_OK;
    case DM_SLOT_TRIPLE:
        break;
    }
    if (dm_id_tag(id) != DM_TAG_TRIPLE) {
        *matches = false;
        return DM_OK;
    }
    enum dm_status status = dm_snapshot_triple(bgp->base.context->snapshot, id,
                                               &parts[0], &parts[1], &parts[2]);
    for (size_t i = 0; !status && *matches && i < POSITIONS; ++i) {
        status = match(bgp, &slot->inner[i], parts[i], row, matches);
    }
    return status;
}

static enum dm_status
match_quad(struct bgp *bgp, const struct pattern *pattern,
           const struct dm_quad_ids *quad, dm_id *row, bool *ret)
{
    const struct slot graph = {.kind = DM_SLOT_VAR, .var = bgp->graph_var};
    *ret = true;
    enum dm_status status = match(bgp, &pattern->slots[0], quad->s, row, ret);
    if (!status && *ret) {
        status = match(bgp, &pattern->slots[1], quad->p, row, ret);
    }
    if (!status && *ret) {
        status = match(bgp, &pattern->slots[2], quad->o, row, ret);
    }
    if (!status && *ret && bgp->graph_var != DM_VAR_NONE) {
        status = match(bgp, &graph, quad->g, row, ret);
    }
    return status;
}

// ------------------------------------------------------------ order of
// patterns

static void
any_where_bound(const struct slot *slot, const uint64_t *bound, dm_id *id)
{
    if (slot->kind == DM_SLOT_VAR && dm_bits_has(bound, slot->var)) {
        *id = DM_ID_ANY_BOUND;
    }
}

static enum dm_status
estimate(struct bgp *bgp, const struct pattern *pattern, const uint64_t *bound,
         double *ret)
{
    // All variables are unbound in this row; the positions of those that will
    // be bound are then marked
    const dm_id *unbound = bgp->steps[0].row;
    struct dm_scan_spec spec = {0};
    make_spec(bgp, pattern, unbound, &spec);
    any_where_bound(&pattern->slots[0], bound, &spec.s);
    any_where_bound(&pattern->slots[1], bound, &spec.p);
    any_where_bound(&pattern->slots[2], bound, &spec.o);
    if (spec.has_inner) {
        const struct slot *inner = pattern->slots[2].inner;
        any_where_bound(&inner[0], bound, &spec.inner.s);
        any_where_bound(&inner[1], bound, &spec.inner.p);
        any_where_bound(&inner[2], bound, &spec.inner.o);
    }
    if (bgp->graph_var != DM_VAR_NONE && dm_bits_has(bound, bgp->graph_var)) {
        spec.g = DM_ID_ANY_BOUND;
    }
    return dm_scan_estimate(bgp->base.context->snapshot, &spec, ret);
}

// The pattern not yet used with the fewest rows, one that is connected first
static enum dm_status
choose(struct bgp *bgp, size_t step, const uint64_t *bound)
{
    double best = 0;
    const struct pattern *chosen = NULL;
    for (size_t i = 0; i < bgp->n; ++i) {
        const struct pattern *pattern = &bgp->patterns[i];
        bool is_used = false;
        for (size_t j = 0; j < step; ++j) {
            is_used = is_used || bgp->steps[j].pattern == pattern;
        }
        if (is_used) {
            continue;
        }
        double rows = 0;
        const enum dm_status status = estimate(bgp, pattern, bound, &rows);
        if (status) {
            return status;
        }
        const bool is_connected =
            step == 0 || dm_bits_meet(pattern->vars, bound, bgp->n_words);
        const double rank = is_connected ? rows : (rows + 1) * UNCONNECTED;
        if (!chosen || rank < best) {
            best = rank;
            chosen = pattern;
            bgp->steps[step].estimate = rows;
        }
    }
    assert(chosen);
    bgp->steps[step].pattern = chosen;
    return DM_OK;
}

static void
place_filters(struct bgp *bgp)
{
    for (size_t i = 0; i < bgp->n_filters; ++i) {
        size_t step = 0;
        while (step + 1 < bgp->n &&
               !dm_bits_within(bgp->filters[i].vars, bgp->steps[step].bound,
                               bgp->n_words)) {
            ++step;
        }
        bgp->filters[i].step = step;
    }
}

// Order the patterns for a seed that binds the variables of bgp->bound.
static enum dm_status
order(struct bgp *bgp)
{
    const size_t n_words = bgp->n_words;
    dm_id *unbound = bgp->steps[0].row;
    memset(unbound, 0, bgp->base.context->n_vars * sizeof(*unbound));
    memcpy(bgp->ordered_for, bgp->bound, n_words * sizeof(*bgp->bound));
    double rows = 1;
    double cost = 0;
    for (size_t i = 0; i < bgp->n; ++i) {
        const uint64_t *before = i ? bgp->steps[i - 1].bound : bgp->ordered_for;
        const enum dm_status status = choose(bgp, i, before);
        if (status) {
            return status;
        }
        struct step *step = &bgp->steps[i];
        memcpy(step->bound, before, n_words * sizeof(*before));
        dm_bits_unite(step->bound, step->pattern->vars, n_words);
        if (bgp->graph_var != DM_VAR_NONE) {
            dm_bits_add(step->bound, bgp->graph_var);
        }
        cost += rows * (1 + step->estimate);
        rows *= step->estimate;
    }
    place_filters(bgp);
    bgp->base.estimate = rows;
    bgp->base.cost = cost;
    bgp->is_ordered = true;
    return DM_OK;
}

// ------------------------------------------------------------ running

static void
bgp_close(struct dm_operator *op)
{
    struct bgp *bgp = (struct bgp *)op;
    for (size_t i = 0; i < bgp->n; ++i) {
        dm_scan_close(bgp->steps[i].scan);
        bgp->steps[i].scan = NULL;
    }
    bgp->is_ended = true;
}

static enum dm_status
bgp_open(struct dm_operator *op, const dm_id *seed)
{
    struct bgp *bgp = (struct bgp *)op;
    bgp_close(op);
    memset(bgp->bound, 0, bgp->n_words * sizeof(*bgp->bound));
    for (dm_var var = 0; var < op->context->n_vars; ++var) {
        if (seed[var] != DM_ID_NONE) {
            dm_bits_add(bgp->bound, var);
        }
    }
    if (!bgp->is_ordered || memcmp(bgp->bound, bgp->ordered_for,
                                   bgp->n_words * sizeof(*bgp->bound)) != 0) {
        const enum dm_status status = order(bgp);
        if (status) {
            return status;
        }
    }
    dm_row_copy(op->context, bgp->steps[0].row, seed);
    bgp->depth = 0;
    bgp->is_ended = false;
    return DM_OK;
}

static enum dm_status
pass_filters(struct bgp *bgp, size_t step, const dm_id *row, bool *ret)
{
    struct dm_exec_context *context = bgp->base.context;
    struct dm_eval eval = {
        .context = context, .row = row, .arena = context->scratch};
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && *ret && i < bgp->n_filters; ++i) {
        if (bgp->filters[i].step == step) {
            const struct dm_arena_mark mark = dm_arena_mark(context->scratch);
            status = dm_eval_filter(&eval, bgp->filters[i].code, ret);
            dm_arena_rewind(context->scratch, mark);
        }
    }
    return status;
}

// The next row of the scan of a step: into `row` extended by it
// @return DM_END behind the last one
static enum dm_status
advance(struct bgp *bgp, struct step *step, dm_id *row)
{
    struct dm_exec_context *context = bgp->base.context;
    const size_t index = (size_t)(step - bgp->steps);
    if (!step->scan) {
        struct dm_scan_spec spec = {0};
        make_spec(bgp, step->pattern, step->row, &spec);
        const enum dm_status status =
            dm_scan_open(context->snapshot, &spec, &step->scan);
        if (status) {
            return status;
        }
    }
    bool matches = false;
    while (!matches) {
        struct dm_quad_ids quad = {0};
        enum dm_status status = dm_exec_tick(context);
        if (!status) {
            status = dm_scan_next(step->scan, &quad);
        }
        if (status) {
            return status;
        }
        dm_row_copy(context, row, step->row);
        status = match_quad(bgp, step->pattern, &quad, row, &matches);
        if (!status && matches) {
            status = pass_filters(bgp, index, row, &matches);
        }
        if (status) {
            return status;
        }
    }
    return DM_OK;
}

static enum dm_status
bgp_next(struct dm_operator *op, dm_id *row)
{
    struct bgp *bgp = (struct bgp *)op;
    while (!bgp->is_ended) {
        struct step *step = &bgp->steps[bgp->depth];
        const bool is_last = bgp->depth + 1 == bgp->n;
        const enum dm_status status =
            advance(bgp, step, is_last ? row : step[1].row);
        if (status == DM_OK && is_last) {
            ++op->context->solution;
            return DM_OK;
        }
        if (status == DM_OK) {
            ++bgp->depth;
            continue;
        }
        if (status != DM_END) {
            return status;
        }
        dm_scan_close(step->scan);
        step->scan = NULL;
        if (bgp->depth == 0) {
            bgp->is_ended = true;
        } else {
            --bgp->depth;
        }
    }
    return DM_END;
}

static void
bgp_describe(const struct dm_operator *op, struct dm_buf *buf)
{
    const struct bgp *bgp = (const struct bgp *)op;
    (void)dm_buf_puts(buf, "order");
    for (size_t i = 0; i < bgp->n; ++i) {
        (void)dm_buf_printf(
            buf, " %zu", (size_t)(bgp->steps[i].pattern - bgp->patterns) + 1);
    }
    if (bgp->n_filters) {
        (void)dm_buf_printf(buf, ", filters %zu", bgp->n_filters);
    }
}

const struct dm_operator_ops dm_bgp_ops = {.name = "BGP",
                                           .open = bgp_open,
                                           .next = bgp_next,
                                           .close = bgp_close,
                                           .describe = bgp_describe};

// ------------------------------------------------------------ planning

static enum dm_status
compile_slot(struct dm_planner *planner, const struct dm_slot *slot,
             uint64_t *vars, struct slot *ret)
{
    *ret = (struct slot){.kind = slot->kind, .var = slot->var};
    switch (slot->kind) {
    case DM_SLOT_VAR:
        dm_bits_add(vars, slot->var);
        return DM_OK;
    case DM_SLOT_TERM:
        return dm_snapshot_intern(planner->context->snapshot, &slot->term,
                                  &ret->id);
    case DM_SLOT_TRIPLE:
        break;
    }
    struct slot *inner =
        dm_arena_alloc(planner->arena, POSITIONS, sizeof(*inner));
    if (!inner) {
        return DM_ERR_NO_MEMORY;
    }
    ret->inner = inner;
    const struct dm_slot *const parts[] = {&slot->triple->s, &slot->triple->p,
                                           &slot->triple->o};
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < POSITIONS; ++i) {
        status = compile_slot(planner, parts[i], vars, &inner[i]);
    }
    return status;
}

static enum dm_status
compile_pattern(struct dm_planner *planner,
                const struct dm_triple_pattern *pattern, struct pattern *ret)
{
    ret->vars = dm_plan_set(planner);
    if (!ret->vars) {
        return DM_ERR_NO_MEMORY;
    }
    const struct dm_slot *const parts[] = {&pattern->s, &pattern->p,
                                           &pattern->o};
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < POSITIONS; ++i) {
        status = compile_slot(planner, parts[i], ret->vars, &ret->slots[i]);
    }
    return status;
}

static enum dm_status
make_step(struct dm_planner *planner, struct step *ret)
{
    ret->row = dm_arena_alloc(planner->arena, planner->context->n_vars,
                              sizeof(*ret->row));
    ret->bound = dm_plan_set(planner);
    return ret->row && ret->bound ? DM_OK : DM_ERR_NO_MEMORY;
}

enum dm_status
dm_plan_bgp_in_each(struct dm_planner *planner, const struct dm_alg *alg,
                    dm_var graph_var, struct dm_operator **ret)
{
    struct dm_operator_sets sets = {0};
    struct bgp *bgp =
        dm_operator_new(planner, sizeof(*bgp), &dm_bgp_ops, &sets);
    if (!bgp) {
        return DM_ERR_NO_MEMORY;
    }
    bgp->n = alg->n_patterns;
    bgp->n_words = planner->n_words;
    bgp->graph = planner->graph;
    bgp->graph_var = graph_var;
    bgp->is_ended = true;
    bgp->ordered_for = dm_plan_set(planner);
    bgp->bound = dm_plan_set(planner);
    bgp->patterns =
        dm_arena_alloc(planner->arena, bgp->n, sizeof(*bgp->patterns));
    bgp->steps = dm_arena_alloc(planner->arena, bgp->n, sizeof(*bgp->steps));
    if (!bgp->ordered_for || !bgp->bound || !bgp->patterns || !bgp->steps) {
        return DM_ERR_NO_MEMORY;
    }
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < bgp->n; ++i) {
        status = compile_pattern(planner, &alg->patterns[i], &bgp->patterns[i]);
        if (!status) {
            status = make_step(planner, &bgp->steps[i]);
            dm_bits_unite(sets.certain, bgp->patterns[i].vars,
                          planner->n_words);
        }
    }
    if (status) {
        return status;
    }
    if (graph_var != DM_VAR_NONE) {
        dm_bits_add(sets.certain, graph_var);
    }
    dm_bits_unite(sets.possible, sets.certain, planner->n_words);
    dm_bits_unite(sets.seedable, sets.certain, planner->n_words);
    *ret = &bgp->base;
    return order(bgp);
}

enum dm_status
dm_plan_bgp(struct dm_planner *planner, const struct dm_alg *alg,
            struct dm_operator **ret)
{
    if (!alg->n_patterns) {
        return dm_plan_unit(planner, alg, ret);
    }
    return dm_plan_bgp_in_each(planner, alg, DM_VAR_NONE, ret);
}

enum dm_status
dm_bgp_add_filter(struct dm_planner *planner, struct dm_operator *op,
                  const struct dm_expr_code *code, const uint64_t *vars)
{
    (void)planner;
    struct bgp *bgp = (struct bgp *)op;
    if (bgp->n_filters == FILTERS_MAX) {
        return DM_ERR_LIMIT;
    }
    bgp->filters[bgp->n_filters++] =
        (struct filter){.code = code, .vars = vars};
    place_filters(bgp);
    return DM_OK;
}
