// SPDX-License-Identifier: ISC

#include "tests/sparql/naive.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "sparql/value.h"
#include "tests/check.h"

#include <string.h>

// What an operator is evaluated in: the active graph, and the row that an
// EXISTS puts in place of variables
struct place {
    struct naive *naive;
    dm_id graph; // 0: the default graph
    const struct naive_row *outer;
    const dm_id *aggregates; // Of the row's group
};

static struct naive_rows eval(struct place *place, const struct dm_alg *alg);

void
naive_add(struct naive *naive, struct naive_rows *rows,
          const struct naive_row *row)
{
    if (rows->n >= NAIVE_ROWS_MAX) {
        naive->is_over = true;
        return;
    }
    struct naive_row *grown = dm_grow(rows->rows, &rows->capacity, rows->n + 1,
                                      sizeof(*row), NAIVE_ROWS_MAX);
    if (!grown) {
        abort(); // CHECK() is not seen through by the linter here
    }
    grown[rows->n++] = *row;
    rows->rows = grown;
}

static int
compare_rows(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct naive_row));
}

void
naive_sort(struct naive_rows *rows)
{
    if (rows->n) {
        qsort(rows->rows, rows->n, sizeof(*rows->rows), compare_rows);
    }
}

static dm_id
intern(struct place *place, const struct dm_term *term)
{
    dm_id id = DM_ID_NONE;
    CHECK_INT(dm_snapshot_intern(place->naive->snapshot, term, &id), DM_OK);
    return id;
}

static dm_id
id_of_value(struct place *place, const struct dm_value *value)
{
    struct dm_arena arena = {0};
    dm_id id = DM_ID_NONE;
    dm_arena_init(&arena, SIZE_MAX, NULL);
    CHECK_INT(dm_value_id(place->naive->snapshot, &arena, value, &id), DM_OK);
    dm_arena_done(&arena);
    return id;
}

// The constant that an EXISTS put in place of a variable, or DM_ID_NONE
static dm_id
outer_of(const struct place *place, dm_var var)
{
    return place->outer ? place->outer->at[var] : DM_ID_NONE;
}

// ------------------------------------------------------------ expressions

// @return false for an error
static bool eval_expr(struct place *place, const struct dm_expr *expr,
                      const struct naive_row *row, dm_id *ret);

static bool
truth_of(struct place *place, const struct dm_expr *expr,
         const struct naive_row *row, bool *ret)
{
    dm_id id = DM_ID_NONE;
    struct dm_value value = {0};
    if (!eval_expr(place, expr, row, &id)) {
        return false;
    }
    CHECK_INT(dm_value_from_id(place->naive->snapshot, id, &value), DM_OK);
    return dm_value_ebv(&value, ret) == DM_OK;
}

static bool
exists(struct place *place, const struct dm_alg *pattern,
       const struct naive_row *row)
{
    struct naive_row outer = *row;
    for (dm_var var = 0; var < NAIVE_VARS; ++var) {
        if (outer.at[var] == DM_ID_NONE) {
            outer.at[var] = outer_of(place, var);
        }
    }
    struct place inside = {
        .naive = place->naive, .graph = place->graph, .outer = &outer};
    struct naive_rows rows = eval(&inside, pattern);
    const bool found = rows.n > 0;
    dm_free(rows.rows);
    return found;
}

static bool
eval_logic(struct place *place, const struct dm_expr *expr,
           const struct naive_row *row, bool *ret)
{
    bool a = false;
    bool b = false;
    const bool knows_a = truth_of(place, expr->args[0], row, &a);
    if (expr->function == DM_FN_NOT) {
        *ret = !a;
        return knows_a;
    }
    const bool knows_b = truth_of(place, expr->args[1], row, &b);
    const bool deciding = expr->function == DM_FN_OR;
    if ((knows_a && a == deciding) || (knows_b && b == deciding)) {
        *ret = deciding;
        return true;
    }
    *ret = !deciding;
    return knows_a && knows_b;
}

static bool
eval_binary(struct place *place, const struct dm_expr *expr,
            const struct naive_row *row, dm_id *ret)
{
    dm_id ids[2] = {0};
    struct dm_value values[2] = {{0}, {0}};
    for (size_t i = 0; i < 2; ++i) {
        if (!eval_expr(place, expr->args[i], row, &ids[i])) {
            return false;
        }
        CHECK_INT(dm_value_from_id(place->naive->snapshot, ids[i], &values[i]),
                  DM_OK);
    }
    bool is_equal = false;
    int order = 0;
    if (expr->function == DM_FN_ADD) {
        if (values[0].kind != DM_VALUE_INTEGER ||
            values[1].kind != DM_VALUE_INTEGER) {
            return false;
        }
        const struct dm_value sum =
            dm_value_integer(values[0].as.integer + values[1].as.integer);
        *ret = id_of_value(place, &sum);
        return true;
    }
    if (expr->function == DM_FN_LESS) {
        if (dm_value_compare(&values[0], &values[1], &order)) {
            return false;
        }
        *ret = dm_id_from_boolean(order == -1);
        return true;
    }
    if (dm_value_equal(&values[0], &values[1], &is_equal)) {
        return false;
    }
    *ret = dm_id_from_boolean(is_equal == (expr->function == DM_FN_EQUAL));
    return true;
}

static bool
eval_call(struct place *place, const struct dm_expr *expr,
          const struct naive_row *row, dm_id *ret)
{
    bool truth = false;
    dm_id ignored = DM_ID_NONE;
    if (expr->function == DM_FN_BOUND) {
        *ret =
            dm_id_from_boolean(eval_expr(place, expr->args[0], row, &ignored));
        return true;
    }
    if (expr->function == DM_FN_COALESCE) {
        for (size_t i = 0; i < expr->n_args; ++i) {
            if (eval_expr(place, expr->args[i], row, ret)) {
                return true;
            }
        }
        return false;
    }
    if (expr->function == DM_FN_AND || expr->function == DM_FN_OR ||
        expr->function == DM_FN_NOT) {
        if (!eval_logic(place, expr, row, &truth)) {
            return false;
        }
        *ret = dm_id_from_boolean(truth);
        return true;
    }
    return eval_binary(place, expr, row, ret);
}

static bool
eval_expr(struct place *place, const struct dm_expr *expr,
          const struct naive_row *row, dm_id *ret)
{
    switch (expr->kind) {
    case DM_EXPR_TERM:
        *ret = intern(place, &expr->term);
        return true;
    case DM_EXPR_VAR:
        *ret = row->at[expr->var] != DM_ID_NONE ? row->at[expr->var]
                                                : outer_of(place, expr->var);
        return *ret != DM_ID_NONE;
    case DM_EXPR_CALL:
        return eval_call(place, expr, row, ret);
    case DM_EXPR_EXISTS:
        *ret = dm_id_from_boolean(exists(place, expr->pattern, row));
        return true;
    case DM_EXPR_AGGREGATE:
        *ret = place->aggregates[expr->aggregate];
        return *ret != DM_ID_NONE;
    }
    return false;
}

static bool
passes(struct place *place, const struct dm_expr *expr,
       const struct naive_row *row)
{
    bool truth = false;
    return truth_of(place, expr, row, &truth) && truth;
}

// ------------------------------------------------------------ patterns

static bool
match_slot(struct place *place, const struct dm_slot *slot, dm_id id,
           struct naive_row *row)
{
    dm_id s = DM_ID_NONE;
    dm_id p = DM_ID_NONE;
    dm_id o = DM_ID_NONE;
    switch (slot->kind) {
    case DM_SLOT_TERM:
        return intern(place, &slot->term) == id;
    case DM_SLOT_VAR:
        if (outer_of(place, slot->var) != DM_ID_NONE) {
            return outer_of(place, slot->var) == id;
        }
        if (row->at[slot->var] == DM_ID_NONE) {
            row->at[slot->var] = id;
        }
        return row->at[slot->var] == id;
    case DM_SLOT_TRIPLE:
        break;
    }
    return dm_snapshot_triple(place->naive->snapshot, id, &s, &p, &o) ==
               DM_OK &&
           match_slot(place, &slot->triple->s, s, row) &&
           match_slot(place, &slot->triple->p, p, row) &&
           match_slot(place, &slot->triple->o, o, row);
}

static struct naive_rows
one_row(struct place *place)
{
    static const struct naive_row empty = {{0}};
    struct naive_rows rows = {0};
    naive_add(place->naive, &rows, &empty);
    return rows;
}

static struct naive_rows
eval_bgp(struct place *place, const struct dm_alg *alg)
{
    struct naive_rows rows = one_row(place);
    for (size_t i = 0; i < alg->n_patterns; ++i) {
        const struct dm_triple_pattern *pattern = &alg->patterns[i];
        struct naive_rows longer = {0};
        for (size_t j = 0; j < rows.n * place->naive->n_quads; ++j) {
            const struct dm_quad_ids *quad =
                &place->naive->quads[j % place->naive->n_quads];
            struct naive_row row = rows.rows[j / place->naive->n_quads];
            if (quad->g == place->graph &&
                match_slot(place, &pattern->s, quad->s, &row) &&
                match_slot(place, &pattern->p, quad->p, &row) &&
                match_slot(place, &pattern->o, quad->o, &row)) {
                naive_add(place->naive, &longer, &row);
            }
        }
        dm_free(rows.rows);
        rows = longer;
    }
    return rows;
}

// ------------------------------------------------------------ two sides

static bool
merge(const struct naive_row *a, const struct naive_row *b,
      struct naive_row *ret, bool *ret_shares)
{
    *ret = *a;
    *ret_shares = false;
    for (size_t i = 0; i < NAIVE_VARS; ++i) {
        if (a->at[i] != DM_ID_NONE && b->at[i] != DM_ID_NONE) {
            *ret_shares = true;
            if (a->at[i] != b->at[i]) {
                return false;
            }
        }
        ret->at[i] = a->at[i] != DM_ID_NONE ? a->at[i] : b->at[i];
    }
    return true;
}

static struct naive_rows
eval_two(struct place *place, const struct dm_alg *alg)
{
    struct naive_rows left = eval(place, alg->left);
    struct naive_rows right = eval(place, alg->right);
    struct naive_rows out = {0};
    for (size_t i = 0; i < left.n; ++i) {
        bool is_matched = false;
        for (size_t j = 0; j < right.n; ++j) {
            struct naive_row row;
            bool shares = false;
            if (!merge(&left.rows[i], &right.rows[j], &row, &shares) ||
                (alg->kind == DM_ALG_MINUS && !shares) ||
                (alg->kind == DM_ALG_LEFT_JOIN && alg->expr &&
                 !passes(place, alg->expr, &row))) {
                continue;
            }
            is_matched = true;
            if (alg->kind != DM_ALG_MINUS) {
                naive_add(place->naive, &out, &row);
            }
        }
        if (!is_matched && alg->kind != DM_ALG_JOIN) {
            naive_add(place->naive, &out, &left.rows[i]);
        }
    }
    dm_free(left.rows);
    dm_free(right.rows);
    return out;
}

static struct naive_rows
eval_union(struct place *place, const struct dm_alg *alg)
{
    struct naive_rows left = eval(place, alg->left);
    struct naive_rows right = eval(place, alg->right);
    for (size_t i = 0; i < right.n; ++i) {
        naive_add(place->naive, &left, &right.rows[i]);
    }
    dm_free(right.rows);
    return left;
}

// ------------------------------------------------------------ one side

// Let GRAPH's variable, where it has one that is free, be the active graph
static bool
bind_graph(const struct place *place, const struct dm_alg *alg, bool is_free,
           struct naive_row *row)
{
    dm_id *at = is_free ? &row->at[alg->graph.var] : NULL;
    if (at && *at == DM_ID_NONE) {
        *at = place->graph;
    }
    return !at || *at == place->graph;
}

static struct naive_rows
eval_graph(struct place *place, const struct dm_alg *alg)
{
    struct naive_rows out = {0};
    const dm_id only = alg->graph.kind == DM_SLOT_VAR
                           ? outer_of(place, alg->graph.var)
                           : intern(place, &alg->graph.term);
    for (size_t i = 0; i < place->naive->n_graphs; ++i) {
        struct place inside = *place;
        inside.graph = place->naive->graphs[i];
        if (only != DM_ID_NONE && only != inside.graph) {
            continue;
        }
        struct naive_rows rows = eval(&inside, alg->left);
        for (size_t j = 0; j < rows.n; ++j) {
            struct naive_row row = rows.rows[j];
            if (bind_graph(&inside, alg, only == DM_ID_NONE, &row)) {
                naive_add(place->naive, &out, &row);
            }
        }
        dm_free(rows.rows);
    }
    return out;
}

// Let the row bind `var`; where an EXISTS put a constant there, be it
static bool
set_var(struct place *place, struct naive_row *row, dm_var var, dm_id id)
{
    if (outer_of(place, var) != DM_ID_NONE) {
        return id == DM_ID_NONE || outer_of(place, var) == id;
    }
    row->at[var] = id;
    return true;
}

static struct naive_rows
eval_values(struct place *place, const struct dm_alg *alg)
{
    struct naive_rows out = {0};
    for (size_t i = 0; i < alg->n_rows; ++i) {
        struct naive_row row = {{0}};
        bool is_kept = true;
        for (size_t j = 0; j < alg->n_vars; ++j) {
            const struct dm_term *term = &alg->rows[i * alg->n_vars + j];
            if (term->kind != DM_TERM_NONE) {
                is_kept = is_kept && set_var(place, &row, alg->vars[j],
                                             intern(place, term));
            }
        }
        if (is_kept) {
            naive_add(place->naive, &out, &row);
        }
    }
    return out;
}

static bool
is_in(const dm_var *vars, size_t n, dm_var var)
{
    for (size_t i = 0; i < n; ++i) {
        if (vars[i] == var) {
            return true;
        }
    }
    return false;
}

static bool
extend(struct place *place, const struct dm_alg *alg, struct naive_row *row)
{
    dm_id id = DM_ID_NONE;
    if (!eval_expr(place, alg->expr, row, &id)) {
        id = DM_ID_NONE;
    }
    return set_var(place, row, alg->var, id);
}

static bool
project(const struct dm_alg *alg, struct naive_row *row)
{
    for (dm_var var = 0; var < NAIVE_VARS; ++var) {
        if (!is_in(alg->vars, alg->n_vars, var)) {
            row->at[var] = DM_ID_NONE;
        }
    }
    return true;
}

// Filter, Extend, Project: row by row
static struct naive_rows
eval_each(struct place *place, const struct dm_alg *alg)
{
    struct naive_rows rows = eval(place, alg->left);
    struct naive_rows out = {0};
    for (size_t i = 0; i < rows.n; ++i) {
        struct naive_row row = rows.rows[i];
        bool is_kept = false;
        if (alg->kind == DM_ALG_FILTER) {
            is_kept = passes(place, alg->expr, &row);
        } else if (alg->kind == DM_ALG_EXTEND) {
            is_kept = extend(place, alg, &row);
        } else {
            is_kept = project(alg, &row);
        }
        if (is_kept) {
            naive_add(place->naive, &out, &row);
        }
    }
    dm_free(rows.rows);
    return out;
}

static struct naive_rows
eval_distinct(struct place *place, const struct dm_alg *alg)
{
    struct naive_rows rows = eval(place, alg->left);
    struct naive_rows out = {0};
    naive_sort(&rows);
    for (size_t i = 0; i < rows.n; ++i) {
        if (!i || compare_rows(&rows.rows[i - 1], &rows.rows[i]) != 0) {
            naive_add(place->naive, &out, &rows.rows[i]);
        }
    }
    dm_free(rows.rows);
    return out;
}

// ------------------------------------------------------------ groups

static dm_id
aggregate(struct place *place, const struct dm_aggregate_def *def,
          const struct naive_rows *rows, const struct naive_rows *keys,
          const struct naive_row *key)
{
    int64_t sum = 0;
    int64_t n = 0;
    for (size_t i = 0; i < rows->n; ++i) {
        dm_id id = DM_ID_NONE;
        struct dm_value value = {0};
        if (compare_rows(&keys->rows[i], key) != 0) {
            continue;
        }
        if (def->arg && !eval_expr(place, def->arg, &rows->rows[i], &id)) {
            if (def->kind == DM_AGG_SUM) {
                return DM_ID_NONE;
            }
            continue;
        }
        ++n;
        CHECK_INT(dm_value_from_id(place->naive->snapshot, id, &value), DM_OK);
        if (def->kind == DM_AGG_SUM && value.kind != DM_VALUE_INTEGER) {
            return DM_ID_NONE;
        }
        sum += value.kind == DM_VALUE_INTEGER ? value.as.integer : 0;
    }
    const struct dm_value result =
        dm_value_integer(def->kind == DM_AGG_SUM ? sum : n);
    return id_of_value(place, &result);
}

// Group with the Extend of each aggregate around it, which alone can see them
static struct naive_rows
eval_extended_group(struct place *place, const struct dm_alg *extend)
{
    const struct dm_alg *group = extend->left;
    struct naive_rows rows = eval(place, group->left);
    struct naive_rows keys = {0};
    for (size_t i = 0; i < rows.n; ++i) {
        struct naive_row key = {{0}};
        for (size_t j = 0; j < group->n_keys; ++j) {
            dm_id id = DM_ID_NONE;
            if (eval_expr(place, group->keys[j].expr, &rows.rows[i], &id)) {
                key.at[group->keys[j].var] = id;
            }
        }
        naive_add(place->naive, &keys, &key);
    }
    struct naive_rows different = {0};
    for (size_t i = 0; i < keys.n; ++i) {
        naive_add(place->naive, &different, &keys.rows[i]);
    }
    if (!group->n_keys && !different.n) {
        different = one_row(place);
    }
    naive_sort(&different);
    struct naive_rows out = {0};
    for (size_t i = 0; i < different.n; ++i) {
        struct naive_row row = different.rows[i];
        dm_id values[NAIVE_VARS] = {0};
        dm_id id = DM_ID_NONE;
        if (i && compare_rows(&different.rows[i - 1], &row) == 0) {
            continue;
        }
        for (size_t j = 0; j < group->n_aggregates; ++j) {
            values[j] =
                aggregate(place, &group->aggregates[j], &rows, &keys, &row);
        }
        struct place above = *place;
        above.aggregates = values;
        if (eval_expr(&above, extend->expr, &row, &id)) {
            row.at[extend->var] = id;
        }
        naive_add(place->naive, &out, &row);
    }
    dm_free(rows.rows);
    dm_free(keys.rows);
    dm_free(different.rows);
    return out;
}

static struct naive_rows
eval(struct place *place, const struct dm_alg *alg)
{
    switch (alg->kind) {
    case DM_ALG_UNIT:
        return one_row(place);
    case DM_ALG_BGP:
        return eval_bgp(place, alg);
    case DM_ALG_JOIN:
    case DM_ALG_LEFT_JOIN:
    case DM_ALG_MINUS:
        return eval_two(place, alg);
    case DM_ALG_UNION:
        return eval_union(place, alg);
    case DM_ALG_GRAPH:
        return eval_graph(place, alg);
    case DM_ALG_EXTEND:
        if (alg->left->kind == DM_ALG_GROUP) {
            return eval_extended_group(place, alg);
        }
        return eval_each(place, alg);
    case DM_ALG_FILTER:
    case DM_ALG_PROJECT:
        return eval_each(place, alg);
    case DM_ALG_VALUES:
        return eval_values(place, alg);
    case DM_ALG_DISTINCT:
        return eval_distinct(place, alg);
    case DM_ALG_ORDER:
        return eval(place, alg->left);
    case DM_ALG_GROUP:
    case DM_ALG_REDUCED:
    case DM_ALG_SLICE:
    case DM_ALG_PATH:
    case DM_ALG_SERVICE:
        break;
    }
    CHECK(!"an operator that is known here");
    return (struct naive_rows){0};
}

struct naive_rows
naive_eval(struct naive *naive, const struct dm_alg *alg)
{
    struct place place = {.naive = naive};
    return eval(&place, alg);
}
