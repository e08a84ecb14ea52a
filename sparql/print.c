// SPDX-License-Identifier: ISC

// The algebra as an indented text, an operator a line, those below it deeper.

#include "sparql/query.h"

#include "base/buf.h"
#include "rdf/writer.h"
#include "sparql/functions.h"
#include "sparql/keyword_private.h"

#include <assert.h>
#include <inttypes.h>

struct printer {
    const struct dm_query *query;
    struct dm_buf *buf;
    unsigned indent;
};

static void print_alg(struct printer *p, const struct dm_alg *alg);
static void print_expr(struct printer *p, const struct dm_expr *expr);

static void
put(struct printer *p, const char *text)
{
    (void)dm_buf_puts(p->buf, text);
}

static void
begin_line(struct printer *p)
{
    for (unsigned i = 0; i < p->indent; ++i) {
        put(p, "  ");
    }
}

// "?name"; where an earlier variable has that name, with the number behind it;
// without a name just the number
static void
print_var(struct printer *p, dm_var var)
{
    const struct dm_str name = p->query->names[var];
    (void)dm_buf_printf(p->buf, "?%.*s", (int)name.n, name.n ? name.data : "");
    bool is_first = name.n > 0;
    for (dm_var before = 0; is_first && before < var; ++before) {
        is_first = !dm_str_equal(p->query->names[before], name);
    }
    if (!is_first) {
        (void)dm_buf_printf(p->buf, "/%" PRIu32, var);
    }
}

static void
print_vars(struct printer *p, const dm_var *vars, size_t n)
{
    for (size_t i = 0; i < n; ++i) {
        put(p, " ");
        print_var(p, vars[i]);
    }
}

static void
print_term(struct printer *p, const struct dm_term *term)
{
    if (term->kind == DM_TERM_NONE) {
        put(p, "UNDEF");
    } else {
        (void)dm_write_term(term, p->buf);
    }
}

static void
print_slot(struct printer *p, const struct dm_slot *slot)
{
    switch (slot->kind) {
    case DM_SLOT_VAR:
        print_var(p, slot->var);
        break;
    case DM_SLOT_TERM:
        print_term(p, &slot->term);
        break;
    case DM_SLOT_TRIPLE:
        assert(slot->triple);
        put(p, "<<( ");
        print_slot(p, &slot->triple->s);
        put(p, " ");
        print_slot(p, &slot->triple->p);
        put(p, " ");
        print_slot(p, &slot->triple->o);
        put(p, " )>>");
        break;
    }
}

static void
print_patterns(struct printer *p, const struct dm_triple_pattern *patterns,
               size_t n)
{
    ++p->indent;
    for (size_t i = 0; i < n; ++i) {
        begin_line(p);
        print_slot(p, &patterns[i].s);
        put(p, " ");
        print_slot(p, &patterns[i].p);
        put(p, " ");
        print_slot(p, &patterns[i].o);
        put(p, "\n");
    }
    --p->indent;
}

static void
print_call(struct printer *p, const struct dm_expr *expr)
{
    if (expr->function == DM_FN_IRI) {
        (void)dm_buf_printf(p->buf, "(<%.*s>", (int)expr->iri.n,
                            expr->iri.data);
    } else {
        (void)dm_buf_printf(p->buf, "(%s",
                            dm_function_get(expr->function)->name);
    }
    for (size_t i = 0; i < expr->n_args; ++i) {
        put(p, " ");
        print_expr(p, expr->args[i]);
    }
    put(p, ")");
}

static void
print_expr(struct printer *p, const struct dm_expr *expr)
{
    switch (expr->kind) {
    case DM_EXPR_TERM:
        print_term(p, &expr->term);
        break;
    case DM_EXPR_VAR:
        print_var(p, expr->var);
        break;
    case DM_EXPR_CALL:
        print_call(p, expr);
        break;
    case DM_EXPR_EXISTS:
        assert(expr->pattern);
        put(p, "(EXISTS\n");
        p->indent += 2;
        print_alg(p, expr->pattern);
        p->indent -= 2;
        begin_line(p);
        put(p, ")");
        break;
    case DM_EXPR_AGGREGATE:
        (void)dm_buf_printf(p->buf, "aggregate %" PRIu32, expr->aggregate);
        break;
    }
}

static void
print_aggregate(struct printer *p, const struct dm_aggregate_def *def)
{
    (void)dm_buf_printf(p->buf, " (%s%s ", dm_aggregate_name(def->kind),
                        def->distinct ? " DISTINCT" : "");
    if (def->arg) {
        print_expr(p, def->arg);
    } else {
        put(p, "*");
    }
    if (def->kind == DM_AGG_GROUP_CONCAT) {
        const struct dm_term separator = dm_term_string(def->separator);
        put(p, " ");
        print_term(p, &separator);
    } else if (def->kind == DM_AGG_QUANTILE) {
        (void)dm_buf_printf(p->buf, " %g", def->share);
    }
    put(p, ")");
}

static void
print_group(struct printer *p, const struct dm_alg *alg)
{
    for (size_t i = 0; i < alg->n_keys; ++i) {
        put(p, " (");
        print_expr(p, alg->keys[i].expr);
        put(p, " AS ");
        print_var(p, alg->keys[i].var);
        put(p, ")");
    }
    for (size_t i = 0; i < alg->n_aggregates; ++i) {
        print_aggregate(p, &alg->aggregates[i]);
    }
}

static void
print_rows(struct printer *p, const struct dm_alg *alg)
{
    print_vars(p, alg->vars, alg->n_vars);
    ++p->indent;
    for (size_t row = 0; row < alg->n_rows; ++row) {
        put(p, "\n");
        begin_line(p);
        put(p, "(");
        for (size_t i = 0; i < alg->n_vars; ++i) {
            put(p, i ? " " : "");
            print_term(p, &alg->rows[row * alg->n_vars + i]);
        }
        put(p, ")");
    }
    --p->indent;
}

static void
print_path(struct printer *p, const struct dm_path *path)
{
    static const char *const names[] = {
        [DM_PATH_LINK] = "",          [DM_PATH_NEGATED] = "!",
        [DM_PATH_INVERSE] = "^",      [DM_PATH_SEQUENCE] = "/",
        [DM_PATH_ALTERNATIVE] = "|",  [DM_PATH_ZERO_OR_ONE] = "?",
        [DM_PATH_ZERO_OR_MORE] = "*", [DM_PATH_ONE_OR_MORE] = "+",
    };
    if (path->kind == DM_PATH_LINK) {
        assert(path->iris);
        print_term(p, &path->iris[0]);
        return;
    }
    (void)dm_buf_printf(p->buf, "(%s", names[path->kind]);
    for (size_t i = 0; i < path->n_iris; ++i) {
        put(p, " ");
        print_term(p, &path->iris[i]);
    }
    const struct dm_path *sides[] = {path->left, path->right};
    for (size_t i = 0; i < DM_COUNT_OF(sides); ++i) {
        if (sides[i]) {
            put(p, " ");
            print_path(p, sides[i]);
        }
    }
    put(p, ")");
}

static void
print_path_pattern(struct printer *p, const struct dm_alg *alg)
{
    assert(alg->path && alg->n_patterns == 1);
    put(p, " ");
    print_slot(p, &alg->patterns[0].s);
    put(p, " ");
    print_path(p, alg->path);
    put(p, " ");
    print_slot(p, &alg->patterns[0].o);
}

static void
print_order(struct printer *p, const struct dm_alg *alg)
{
    for (size_t i = 0; i < alg->n_order; ++i) {
        put(p, alg->order[i].descending ? " DESC " : " ");
        print_expr(p, alg->order[i].expr);
    }
}

static void
print_slice(struct printer *p, const struct dm_alg *alg)
{
    if (alg->offset) {
        (void)dm_buf_printf(p->buf, " offset %" PRIu64, alg->offset);
    }
    if (alg->limit != DM_NO_LIMIT) {
        (void)dm_buf_printf(p->buf, " limit %" PRIu64, alg->limit);
    }
}

static const char *const alg_names[] = {
    [DM_ALG_UNIT] = "Unit",       [DM_ALG_BGP] = "BGP",
    [DM_ALG_JOIN] = "Join",       [DM_ALG_LEFT_JOIN] = "LeftJoin",
    [DM_ALG_UNION] = "Union",     [DM_ALG_MINUS] = "Minus",
    [DM_ALG_FILTER] = "Filter",   [DM_ALG_GRAPH] = "Graph",
    [DM_ALG_EXTEND] = "Extend",   [DM_ALG_VALUES] = "Values",
    [DM_ALG_GROUP] = "Group",     [DM_ALG_ORDER] = "OrderBy",
    [DM_ALG_PROJECT] = "Project", [DM_ALG_DISTINCT] = "Distinct",
    [DM_ALG_REDUCED] = "Reduced", [DM_ALG_SLICE] = "Slice",
    [DM_ALG_PATH] = "Path",       [DM_ALG_SERVICE] = "Service",
};

// What is said of an operator on its line
static void
print_details(struct printer *p, const struct dm_alg *alg)
{
    switch (alg->kind) {
    case DM_ALG_VALUES:
        print_rows(p, alg);
        break;
    case DM_ALG_GROUP:
        print_group(p, alg);
        break;
    case DM_ALG_ORDER:
        print_order(p, alg);
        break;
    case DM_ALG_PROJECT:
        print_vars(p, alg->vars, alg->n_vars);
        break;
    case DM_ALG_SLICE:
        print_slice(p, alg);
        break;
    case DM_ALG_PATH:
        print_path_pattern(p, alg);
        break;
    case DM_ALG_GRAPH:
    case DM_ALG_SERVICE:
        put(p, alg->silent ? " silent " : " ");
        print_slot(p, &alg->graph);
        break;
    case DM_ALG_EXTEND:
        put(p, " ");
        print_var(p, alg->var);
        put(p, " = ");
        break;
    case DM_ALG_LEFT_JOIN:
    case DM_ALG_FILTER:
        put(p, alg->expr ? " " : "");
        break;
    case DM_ALG_UNIT:
    case DM_ALG_BGP:
    case DM_ALG_JOIN:
    case DM_ALG_UNION:
    case DM_ALG_MINUS:
    case DM_ALG_DISTINCT:
    case DM_ALG_REDUCED:
        break;
    }
    if (alg->expr) {
        print_expr(p, alg->expr);
    }
}

static void
print_alg(struct printer *p, const struct dm_alg *alg)
{
    begin_line(p);
    put(p, alg_names[alg->kind]);
    print_details(p, alg);
    put(p, "\n");
    if (alg->kind == DM_ALG_BGP) {
        print_patterns(p, alg->patterns, alg->n_patterns);
    }
    ++p->indent;
    if (alg->left) {
        print_alg(p, alg->left);
    }
    if (alg->right) {
        print_alg(p, alg->right);
    }
    --p->indent;
}

static void
print_terms(struct printer *p, const char *name, const struct dm_term *terms,
            size_t n)
{
    for (size_t i = 0; i < n; ++i) {
        put(p, name);
        print_term(p, &terms[i]);
        put(p, "\n");
    }
}

void
dm_query_print(const struct dm_query *query, struct dm_buf *buf)
{
    static const char *const forms[] = {
        [DM_QUERY_SELECT] = "Select",
        [DM_QUERY_ASK] = "Ask",
        [DM_QUERY_CONSTRUCT] = "Construct",
        [DM_QUERY_DESCRIBE] = "Describe",
    };
    struct printer p = {.query = query, .buf = buf};
    put(&p, forms[query->form]);
    if (query->form == DM_QUERY_DESCRIBE) {
        for (size_t i = 0; i < query->n_describe; ++i) {
            put(&p, " ");
            print_slot(&p, &query->describe[i]);
        }
    } else {
        print_vars(&p, query->columns, query->n_columns);
    }
    put(&p, "\n");
    print_terms(&p, "From ", query->from, query->n_from);
    print_terms(&p, "FromNamed ", query->from_named, query->n_from_named);
    print_patterns(&p, query->construct, query->n_construct);
    print_alg(&p, query->pattern);
}
