// SPDX-License-Identifier: ISC

#include "sparql/parser_private.h"

#include <string.h>

static struct dm_syn_element *
add_element(struct dm_parser *p, struct dm_syn_element ***tail,
            enum dm_syn_kind kind)
{
    struct dm_syn_element *element = dm_parser_alloc(p, 1, sizeof(*element));
    if (element) {
        element->kind = kind;
        element->var = DM_VAR_NONE;
        element->at = p->token.at;
        **tail = element;
        *tail = &element->next;
    }
    return element;
}

// DataBlockValue ::= iri | RDFLiteral | NumericLiteral | BooleanLiteral
//                  | 'UNDEF' | TripleTermData
static bool
parse_data_value(struct dm_parser *p, struct dm_term *ret)
{
    if (dm_parser_accept_word(p, "UNDEF")) {
        *ret = (struct dm_term){0};
        return true;
    }
    if (dm_parser_is(p, DM_TOKEN_TRIPLE_OPEN)) {
        return dm_parse_triple_term_data(p, ret);
    }
    if (dm_parse_is_literal(p)) {
        return dm_parse_literal(p, ret);
    }
    return dm_parse_is_iri(p)
               ? dm_parse_iri(p, ret)
               : dm_parser_expected(p, "a term, UNDEF or the end of the data");
}

// Room for what grows in the arena while it is read
struct growing {
    void *items;
    size_t n;
    size_t capacity;
};

static void *
add_item(struct dm_parser *p, struct growing *list, size_t size)
{
    if (list->n == list->capacity) {
        const size_t capacity = list->capacity ? list->capacity * 2 : 8;
        char *items = dm_parser_alloc(p, capacity, size);
        if (!items) {
            return NULL;
        }
        if (list->n) {
            memcpy(items, list->items, list->n * size);
        }
        list->items = items;
        list->capacity = capacity;
    }
    return (char *)list->items + list->n++ * size;
}

// Var* of a data block; each once
static bool
parse_data_var(struct dm_parser *p, struct growing *vars)
{
    const struct dm_position at = p->token.at;
    dm_var var = DM_VAR_NONE;
    if (!dm_parse_var(p, &var)) {
        return false;
    }
    const dm_var *before = vars->items;
    for (size_t i = 0; i < vars->n; ++i) {
        if (before[i] == var) {
            const struct dm_str name = p->names[var];
            return dm_parser_fail(p, at, DM_ERR_SYNTAX,
                                  "VALUES has ?%.*s twice", (int)name.n,
                                  name.data);
        }
    }
    dm_var *item = add_item(p, vars, sizeof(*item));
    if (!item) {
        return false;
    }
    *item = var;
    return true;
}

// '(' DataBlockValue* ')' | NIL
static bool
parse_data_row(struct dm_parser *p, size_t n_vars, struct growing *terms)
{
    const struct dm_position at = p->token.at;
    const size_t before = terms->n;
    if (!dm_parser_accept(p, DM_TOKEN_NIL)) {
        if (!dm_parser_expect(p, DM_TOKEN_OPEN, "'(' or '}'")) {
            return false;
        }
        while (!dm_parser_accept(p, DM_TOKEN_CLOSE)) {
            struct dm_term *term = add_item(p, terms, sizeof(*term));
            if (!term || !parse_data_value(p, term)) {
                return false;
            }
        }
    }
    if (terms->n - before != n_vars) {
        return dm_parser_fail(
            p, at, DM_ERR_SYNTAX,
            "a row of VALUES has %zu values for %zu variables",
            terms->n - before, n_vars);
    }
    return !p->status;
}

// InlineDataFull ::= ( NIL | '(' Var* ')' ) '{' ( '(' DataBlockValue* ')'
//                  | NIL )* '}'
static bool
parse_data_full(struct dm_parser *p, struct growing *vars,
                struct growing *terms, size_t *ret_rows)
{
    if (!dm_parser_accept(p, DM_TOKEN_NIL)) {
        if (!dm_parser_expect(p, DM_TOKEN_OPEN, "a variable or '('")) {
            return false;
        }
        while (!dm_parser_accept(p, DM_TOKEN_CLOSE)) {
            if (!parse_data_var(p, vars)) {
                return false;
            }
        }
    }
    if (!dm_parser_expect(p, DM_TOKEN_BRACE_OPEN, "'{'")) {
        return false;
    }
    size_t rows = 0;
    while (!dm_parser_accept(p, DM_TOKEN_BRACE_CLOSE)) {
        if (!parse_data_row(p, vars->n, terms)) {
            return false;
        }
        ++rows;
    }
    *ret_rows = rows;
    return true;
}

// InlineDataOneVar ::= Var '{' DataBlockValue* '}'
static bool
parse_data_one_var(struct dm_parser *p, struct growing *vars,
                   struct growing *terms)
{
    if (!parse_data_var(p, vars) ||
        !dm_parser_expect(p, DM_TOKEN_BRACE_OPEN, "'{'")) {
        return false;
    }
    while (!dm_parser_accept(p, DM_TOKEN_BRACE_CLOSE)) {
        struct dm_term *term = add_item(p, terms, sizeof(*term));
        if (!term || !parse_data_value(p, term)) {
            return false;
        }
    }
    return true;
}

// DataBlock ::= InlineDataOneVar | InlineDataFull
struct dm_syn_values *
dm_parse_data_block(struct dm_parser *p)
{
    struct dm_syn_values *values = dm_parser_alloc(p, 1, sizeof(*values));
    if (!values) {
        return NULL;
    }
    values->at = p->token.at;
    struct growing vars = {0};
    struct growing terms = {0};
    if (dm_parser_is(p, DM_TOKEN_VAR)) {
        if (!parse_data_one_var(p, &vars, &terms)) {
            return NULL;
        }
        values->n_rows = terms.n;
    } else if (!parse_data_full(p, &vars, &terms, &values->n_rows)) {
        return NULL;
    }
    values->vars = vars.items;
    values->n_vars = vars.n;
    values->rows = terms.items;
    return values;
}

// GroupOrUnionGraphPattern ::= GroupGraphPattern ( 'UNION' GroupGraphPattern )*
static bool
parse_group_or_union(struct dm_parser *p, struct dm_syn_element ***tail)
{
    struct dm_syn_element *element = add_element(p, tail, DM_SYN_UNION);
    if (!element) {
        return false;
    }
    struct dm_syn_group **next = &element->groups;
    do {
        *next = dm_parse_group(p);
        if (!*next) {
            return false;
        }
        next = &(*next)->next;
    } while (dm_parser_accept_word(p, "UNION"));
    return !p->status;
}

// OptionalGraphPattern ::= 'OPTIONAL' GroupGraphPattern
// MinusGraphPattern ::= 'MINUS' GroupGraphPattern
static bool
parse_with_group(struct dm_parser *p, struct dm_syn_element ***tail,
                 enum dm_syn_kind kind)
{
    struct dm_syn_element *element = add_element(p, tail, kind);
    if (!element) {
        return false;
    }
    dm_parser_advance(p);
    element->groups = dm_parse_group(p);
    return element->groups != NULL;
}

// GraphGraphPattern ::= 'GRAPH' VarOrIri GroupGraphPattern
// ServiceGraphPattern ::= 'SERVICE' 'SILENT'? VarOrIri GroupGraphPattern
static bool
parse_graph_or_service(struct dm_parser *p, struct dm_syn_element ***tail,
                       enum dm_syn_kind kind)
{
    struct dm_syn_element *element = add_element(p, tail, kind);
    if (!element) {
        return false;
    }
    dm_parser_advance(p);
    element->silent =
        kind == DM_SYN_SERVICE && dm_parser_accept_word(p, "SILENT");
    if (!dm_parse_var_or_iri(p, &element->graph)) {
        return false;
    }
    element->groups = dm_parse_group(p);
    return element->groups != NULL;
}

// An expression in which no aggregate may stand
static struct dm_syn_expr *
parse_plain(struct dm_parser *p,
            struct dm_syn_expr *(*parse)(struct dm_parser *p))
{
    const enum dm_parser_aggregates before = p->aggregates;
    p->aggregates = DM_AGGREGATES_NOT_HERE;
    struct dm_syn_expr *expr = parse(p);
    p->aggregates = before;
    return expr;
}

// Filter ::= 'FILTER' Constraint
static bool
parse_filter(struct dm_parser *p, struct dm_syn_element ***tail)
{
    struct dm_syn_element *element = add_element(p, tail, DM_SYN_FILTER);
    if (!element) {
        return false;
    }
    dm_parser_advance(p);
    const uint32_t bgp = p->bgp;
    element->expr = parse_plain(p, dm_parse_constraint);
    p->bgp = bgp;
    return element->expr != NULL;
}

// Bind ::= 'BIND' '(' Expression 'AS' Var ')'
static bool
parse_bind(struct dm_parser *p, struct dm_syn_element ***tail)
{
    struct dm_syn_element *element = add_element(p, tail, DM_SYN_BIND);
    if (!element) {
        return false;
    }
    dm_parser_advance(p);
    if (!dm_parser_expect(p, DM_TOKEN_OPEN, "'('")) {
        return false;
    }
    element->expr = parse_plain(p, dm_parse_expression);
    if (!element->expr || !dm_parser_expect_word(p, "AS")) {
        return false;
    }
    element->at = p->token.at;
    return dm_parse_var(p, &element->var) &&
           dm_parser_expect(p, DM_TOKEN_CLOSE, "')'");
}

// InlineData ::= 'VALUES' DataBlock
static bool
parse_inline_data(struct dm_parser *p, struct dm_syn_element ***tail)
{
    struct dm_syn_element *element = add_element(p, tail, DM_SYN_VALUES);
    if (!element) {
        return false;
    }
    dm_parser_advance(p);
    element->values = dm_parse_data_block(p);
    return element->values != NULL;
}

// GraphPatternNotTriples ::= GroupOrUnionGraphPattern | OptionalGraphPattern
//     | MinusGraphPattern | GraphGraphPattern | ServiceGraphPattern | Filter
//     | Bind | InlineData
// All but a filter end a basic graph pattern.
static bool
parse_not_triples(struct dm_parser *p, struct dm_syn_element ***tail,
                  bool *ret_is_one)
{
    *ret_is_one = true;
    if (dm_parser_is_word(p, "FILTER")) {
        return parse_filter(p, tail);
    }
    bool is_good = false;
    if (dm_parser_is(p, DM_TOKEN_BRACE_OPEN)) {
        is_good = parse_group_or_union(p, tail);
    } else if (dm_parser_is_word(p, "OPTIONAL")) {
        is_good = parse_with_group(p, tail, DM_SYN_OPTIONAL);
    } else if (dm_parser_is_word(p, "MINUS")) {
        is_good = parse_with_group(p, tail, DM_SYN_MINUS);
    } else if (dm_parser_is_word(p, "GRAPH")) {
        is_good = parse_graph_or_service(p, tail, DM_SYN_GRAPH);
    } else if (dm_parser_is_word(p, "SERVICE")) {
        is_good = parse_graph_or_service(p, tail, DM_SYN_SERVICE);
    } else if (dm_parser_is_word(p, "BIND")) {
        is_good = parse_bind(p, tail);
    } else if (dm_parser_is_word(p, "VALUES")) {
        is_good = parse_inline_data(p, tail);
    } else {
        *ret_is_one = false;
        return !p->status;
    }
    p->bgp = ++p->n_bgps;
    return is_good;
}

// TriplesBlock ::= TriplesSameSubjectPath ( '.' TriplesBlock? )?
// @param ret_dot Whether a '.' stands at its end
static bool
parse_triples_block(struct dm_parser *p, struct dm_syn_element ***tail,
                    bool *ret_dot)
{
    struct dm_syn_element *element = add_element(p, tail, DM_SYN_TRIPLES);
    if (!element) {
        return false;
    }
    struct dm_syn_triple **outside = p->tail;
    p->tail = &element->triples;
    do {
        if (!dm_parse_triples_same_subject(p)) {
            return false;
        }
        *ret_dot = dm_parser_accept(p, DM_TOKEN_DOT);
    } while (*ret_dot && dm_parse_is_triples(p));
    p->tail = outside;
    return !p->status;
}

// GroupGraphPatternSub ::= TriplesBlock?
//                          ( GraphPatternNotTriples '.'? TriplesBlock? )*
static bool
parse_group_sub(struct dm_parser *p, struct dm_syn_group *group)
{
    struct dm_syn_element **tail = &group->elements;
    bool has_dot = true;
    for (;;) {
        if (dm_parse_is_triples(p)) {
            if (!parse_triples_block(p, &tail, &has_dot)) {
                return false;
            }
            if (!has_dot && dm_parse_is_triples(p)) {
                return dm_parser_expected(p, "';', '.' or '}'");
            }
        }
        bool is_one = false;
        if (!parse_not_triples(p, &tail, &is_one)) {
            return false;
        }
        if (!is_one) {
            return true;
        }
        (void)dm_parser_accept(p, DM_TOKEN_DOT);
    }
}

// GroupGraphPattern ::= '{' ( SubSelect | GroupGraphPatternSub ) '}'
struct dm_syn_group *
dm_parse_group(struct dm_parser *p)
{
    struct dm_syn_group *group = dm_parser_alloc(p, 1, sizeof(*group));
    if (!group || !dm_parser_expect(p, DM_TOKEN_BRACE_OPEN, "'{'") ||
        !dm_parser_enter(p)) {
        return NULL;
    }
    p->bgp = ++p->n_bgps;
    if (dm_parser_is_word(p, "SELECT")) {
        struct dm_syn_element **tail = &group->elements;
        struct dm_syn_element *element = add_element(p, &tail, DM_SYN_SELECT);
        if (!element) {
            return NULL;
        }
        element->select = dm_parse_sub_select(p);
        if (!element->select) {
            return NULL;
        }
    } else if (!parse_group_sub(p, group)) {
        return NULL;
    }
    if (!dm_parser_expect(p, DM_TOKEN_BRACE_CLOSE, "a pattern or '}'")) {
        return NULL;
    }
    dm_parser_leave(p);
    return group;
}
