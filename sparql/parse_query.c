// SPDX-License-Identifier: ISC

#include "sparql/parser_private.h"

#include <assert.h>

#define SCRATCH_MAX (1U << 20U)

// BaseDecl ::= 'BASE' IRIREF
static bool
parse_base_decl(struct dm_parser *p)
{
    if (!dm_parser_is(p, DM_TOKEN_IRI)) {
        return dm_parser_expected(p, "an IRI in < >");
    }
    struct dm_term base = {0};
    if (!dm_parse_iri(p, &base)) {
        return false;
    }
    p->base = base.value;
    return true;
}

// PrefixDecl ::= 'PREFIX' PNAME_NS IRIREF
static bool
parse_prefix_decl(struct dm_parser *p)
{
    const struct dm_token token = p->token;
    if (token.kind != DM_TOKEN_PNAME || token.mark + 1 != token.text.n) {
        return dm_parser_expected(p, "a prefix with ':' at its end");
    }
    dm_parser_advance(p);
    if (!dm_parser_is(p, DM_TOKEN_IRI)) {
        return dm_parser_expected(p, "an IRI in < >");
    }
    struct dm_parser_prefix *prefix = dm_parser_alloc(p, 1, sizeof(*prefix));
    struct dm_term iri = {0};
    if (!prefix || !dm_parse_iri(p, &iri)) {
        return false;
    }
    prefix->prefix.prefix = dm_str_slice(token.text, 0, token.mark);
    prefix->prefix.iri = iri.value;
    prefix->next = p->prefixes;
    p->prefixes = prefix;
    return true;
}

// VersionDecl ::= 'VERSION' VersionSpecifier
// VersionSpecifier ::= STRING_LITERAL1 | STRING_LITERAL2
static bool
parse_version_decl(struct dm_parser *p)
{
    return dm_parser_expect(p, DM_TOKEN_STRING, "a version, as \"1.2\"");
}

// Prologue ::= ( BaseDecl | PrefixDecl | VersionDecl )*
static bool
parse_prologue(struct dm_parser *p)
{
    for (;;) {
        bool is_good = false;
        if (dm_parser_accept_word(p, "BASE")) {
            is_good = parse_base_decl(p);
        } else if (dm_parser_accept_word(p, "PREFIX")) {
            is_good = parse_prefix_decl(p);
        } else if (dm_parser_accept_word(p, "VERSION")) {
            is_good = parse_version_decl(p);
        } else {
            return !p->status;
        }
        if (!is_good) {
            return false;
        }
    }
}

// DatasetClause ::= 'FROM' ( DefaultGraphClause | NamedGraphClause )
// DefaultGraphClause ::= SourceSelector
// NamedGraphClause ::= 'NAMED' SourceSelector
// SourceSelector ::= iri
static bool
parse_dataset_clauses(struct dm_parser *p, struct dm_syn_query *query)
{
    struct dm_syn_term **from = &query->from;
    struct dm_syn_term **from_named = &query->from_named;
    while (dm_parser_accept_word(p, "FROM")) {
        struct dm_syn_term *node = dm_parser_alloc(p, 1, sizeof(*node));
        if (!node) {
            return false;
        }
        const bool is_named = dm_parser_accept_word(p, "NAMED");
        if (!dm_parse_is_iri(p)) {
            return dm_parser_expected(p, is_named
                                             ? "the IRI of a graph"
                                             : "NAMED or the IRI of a graph");
        }
        if (!dm_parse_iri(p, &node->term)) {
            return false;
        }
        struct dm_syn_term ***tail = is_named ? &from_named : &from;
        **tail = node;
        *tail = &node->next;
        query->has_dataset = true;
    }
    return !p->status;
}

static struct dm_syn_item *
add_item(struct dm_parser *p, struct dm_syn_item ***tail)
{
    struct dm_syn_item *item = dm_parser_alloc(p, 1, sizeof(*item));
    if (item) {
        item->var = DM_VAR_NONE;
        item->at = p->token.at;
        **tail = item;
        *tail = &item->next;
    }
    return item;
}

// '(' Expression 'AS' Var ')'; `as_may_lack`: of GROUP BY
static bool
parse_expression_as(struct dm_parser *p, struct dm_syn_item *item,
                    bool as_may_lack)
{
    if (!dm_parser_expect(p, DM_TOKEN_OPEN, "'('") || !dm_parser_enter(p)) {
        return false;
    }
    item->expr = dm_parse_expression(p);
    if (!item->expr) {
        return false;
    }
    if (!as_may_lack || dm_parser_is_word(p, "AS")) {
        if (!dm_parser_expect_word(p, "AS")) {
            return false;
        }
        item->at = p->token.at;
        if (!dm_parse_var(p, &item->var)) {
            return false;
        }
    }
    dm_parser_leave(p);
    return dm_parser_expect(p, DM_TOKEN_CLOSE, "')'");
}

// SelectClause ::= 'SELECT' ( 'DISTINCT' | 'REDUCED' )?
//                  ( ( Var | ( '(' Expression 'AS' Var ')' ) )+ | '*' )
static bool
parse_select_clause(struct dm_parser *p, struct dm_syn_select *level)
{
    level->at = p->token.at;
    if (!dm_parser_expect_word(p, "SELECT")) {
        return false;
    }
    level->distinct = dm_parser_accept_word(p, "DISTINCT");
    level->reduced = !level->distinct && dm_parser_accept_word(p, "REDUCED");
    if (dm_parser_accept(p, DM_TOKEN_STAR)) {
        level->all = true;
        return true;
    }
    struct dm_syn_item **tail = &level->items;
    while (dm_parser_is(p, DM_TOKEN_VAR) || dm_parser_is(p, DM_TOKEN_OPEN)) {
        struct dm_syn_item *item = add_item(p, &tail);
        if (!item) {
            return false;
        }
        if (!(dm_parser_is(p, DM_TOKEN_VAR)
                  ? dm_parse_var(p, &item->var)
                  : parse_expression_as(p, item, false))) {
            return false;
        }
    }
    return level->items
               ? !p->status
               : dm_parser_expected(p,
                                    "a variable, '(expression AS ?variable)' "
                                    "or '*'");
}

// GroupCondition ::= BuiltInCall | FunctionCall
//                  | '(' Expression ( 'AS' Var )? ')' | Var
static bool
parse_group_condition(struct dm_parser *p, struct dm_syn_item *item)
{
    if (dm_parser_is(p, DM_TOKEN_OPEN)) {
        return parse_expression_as(p, item, true);
    }
    item->expr = dm_parser_is(p, DM_TOKEN_VAR) ? dm_parse_var_expr(p)
                                               : dm_parse_constraint(p);
    return item->expr != NULL;
}

// GroupClause ::= 'GROUP' 'BY' GroupCondition+
static bool
parse_group_clause(struct dm_parser *p, struct dm_syn_select *level)
{
    if (!dm_parser_expect_word(p, "BY")) {
        return false;
    }
    p->aggregates = DM_AGGREGATES_NOT_HERE;
    struct dm_syn_item **tail = &level->keys;
    do {
        struct dm_syn_item *item = add_item(p, &tail);
        if (!item || !parse_group_condition(p, item)) {
            return false;
        }
    } while (dm_parser_is(p, DM_TOKEN_VAR) || dm_parse_is_constraint(p));
    p->aggregates = DM_AGGREGATES_ALLOWED;
    return !p->status;
}

// HavingClause ::= 'HAVING' HavingCondition+
// HavingCondition ::= Constraint
static bool
parse_having_clause(struct dm_parser *p, struct dm_syn_select *level)
{
    struct dm_syn_expr **tail = &level->having;
    do {
        *tail = dm_parse_constraint(p);
        if (!*tail) {
            return false;
        }
        tail = &(*tail)->next;
    } while (dm_parse_is_constraint(p));
    return !p->status;
}

// OrderCondition ::= ( ( 'ASC' | 'DESC' ) BrackettedExpression )
//                  | ( Constraint | Var )
static struct dm_syn_expr *
parse_order_condition(struct dm_parser *p, bool *ret_descending)
{
    *ret_descending = dm_parser_accept_word(p, "DESC");
    if (*ret_descending || dm_parser_accept_word(p, "ASC")) {
        return dm_parse_bracketted_expression(p);
    }
    return dm_parser_is(p, DM_TOKEN_VAR) ? dm_parse_var_expr(p)
                                         : dm_parse_constraint(p);
}

// OrderClause ::= 'ORDER' 'BY' OrderCondition+
static bool
parse_order_clause(struct dm_parser *p, struct dm_syn_select *level)
{
    if (!dm_parser_expect_word(p, "BY")) {
        return false;
    }
    struct dm_syn_order **tail = &level->order;
    do {
        struct dm_syn_order *order = dm_parser_alloc(p, 1, sizeof(*order));
        struct dm_syn_expr *expr =
            order ? parse_order_condition(p, &order->descending) : NULL;
        if (!order || !expr) {
            return false;
        }
        order->expr = expr;
        *tail = order;
        tail = &order->next;
    } while (dm_parser_is_word(p, "ASC") || dm_parser_is_word(p, "DESC") ||
             dm_parser_is(p, DM_TOKEN_VAR) || dm_parse_is_constraint(p));
    return !p->status;
}

// INTEGER of LIMIT and OFFSET; what is too great is all
static bool
parse_count(struct dm_parser *p, uint64_t *ret)
{
    struct dm_str text = p->token.text;
    if (!dm_parser_is(p, DM_TOKEN_INTEGER) || text.data[0] == '+' ||
        text.data[0] == '-') {
        return dm_parser_expected(p, "a whole number");
    }
    while (text.n > 1 && text.data[0] == '0') {
        text = dm_str_slice(text, 1, text.n);
    }
    if (!dm_str_to_uint(text, UINT64_MAX, ret)) {
        *ret = UINT64_MAX;
    }
    dm_parser_advance(p);
    return !p->status;
}

// LimitOffsetClauses ::= LimitClause OffsetClause? | OffsetClause LimitClause?
// LimitClause ::= 'LIMIT' INTEGER
// OffsetClause ::= 'OFFSET' INTEGER
static bool
parse_limit_offset(struct dm_parser *p, struct dm_syn_select *level)
{
    bool has_limit = false;
    bool has_offset = false;
    for (;;) {
        if (!has_limit && dm_parser_accept_word(p, "LIMIT")) {
            has_limit = true;
            if (!parse_count(p, &level->limit)) {
                return false;
            }
        } else if (!has_offset && dm_parser_accept_word(p, "OFFSET")) {
            has_offset = true;
            if (!parse_count(p, &level->offset)) {
                return false;
            }
        } else {
            return !p->status;
        }
    }
}

// SolutionModifier ::= GroupClause? HavingClause? OrderClause?
//                      LimitOffsetClauses?
static bool
parse_solution_modifier(struct dm_parser *p, struct dm_syn_select *level)
{
    if (dm_parser_accept_word(p, "GROUP") && !parse_group_clause(p, level)) {
        return false;
    }
    if (dm_parser_accept_word(p, "HAVING") && !parse_having_clause(p, level)) {
        return false;
    }
    if (dm_parser_accept_word(p, "ORDER") && !parse_order_clause(p, level)) {
        return false;
    }
    return parse_limit_offset(p, level);
}

// ValuesClause ::= ( 'VALUES' DataBlock )?
static bool
parse_values_clause(struct dm_parser *p, struct dm_syn_select *level)
{
    if (dm_parser_accept_word(p, "VALUES")) {
        level->values = dm_parse_data_block(p);
    }
    return !p->status;
}

// WhereClause ::= 'WHERE'? GroupGraphPattern
static bool
parse_where_clause(struct dm_parser *p, struct dm_syn_select *level)
{
    if (!dm_parser_accept_word(p, "WHERE") &&
        !dm_parser_is(p, DM_TOKEN_BRACE_OPEN)) {
        return dm_parser_expected(p, "WHERE or '{'");
    }
    struct dm_syn_group *group = dm_parse_group(p);
    if (!group) {
        return false;
    }
    level->group = group;
    return true;
}

static struct dm_syn_select *
begin_level(struct dm_parser *p)
{
    struct dm_syn_select *level = dm_parser_alloc(p, 1, sizeof(*level));
    struct dm_syn_group *none = dm_parser_alloc(p, 1, sizeof(*none));
    if (!level || !none) {
        return NULL;
    }
    *level = (struct dm_syn_select){
        .group = none, .limit = DM_NO_LIMIT, .at = p->token.at};
    p->level = level;
    p->aggregates = DM_AGGREGATES_ALLOWED;
    return level;
}

// SubSelect ::= SelectClause WhereClause SolutionModifier ValuesClause
struct dm_syn_select *
dm_parse_sub_select(struct dm_parser *p)
{
    struct dm_syn_select *outer = p->level;
    const enum dm_parser_aggregates aggregates = p->aggregates;
    struct dm_syn_select *level = begin_level(p);
    if (!level || !parse_select_clause(p, level) ||
        !parse_where_clause(p, level) || !parse_solution_modifier(p, level) ||
        !parse_values_clause(p, level)) {
        return NULL;
    }
    p->level = outer;
    p->aggregates = aggregates;
    return level;
}

// SelectQuery ::= SelectClause DatasetClause* WhereClause SolutionModifier
static bool
parse_select_query(struct dm_parser *p, struct dm_syn_query *query)
{
    query->form = DM_QUERY_SELECT;
    return parse_select_clause(p, query->level) &&
           parse_dataset_clauses(p, query) &&
           parse_where_clause(p, query->level) &&
           parse_solution_modifier(p, query->level);
}

// AskQuery ::= 'ASK' DatasetClause* WhereClause SolutionModifier
static bool
parse_ask_query(struct dm_parser *p, struct dm_syn_query *query)
{
    query->form = DM_QUERY_ASK;
    dm_parser_advance(p);
    return parse_dataset_clauses(p, query) &&
           parse_where_clause(p, query->level) &&
           parse_solution_modifier(p, query->level);
}

// DescribeQuery ::= 'DESCRIBE' ( VarOrIri+ | '*' ) DatasetClause* WhereClause?
//                   SolutionModifier
static bool
parse_describe_query(struct dm_parser *p, struct dm_syn_query *query)
{
    query->form = DM_QUERY_DESCRIBE;
    dm_parser_advance(p);
    struct dm_syn_slot **tail = &query->describe;
    if (dm_parser_accept(p, DM_TOKEN_STAR)) {
        query->level->all = true;
    } else {
        do {
            struct dm_syn_slot *node = dm_parser_alloc(p, 1, sizeof(*node));
            if (!node || !dm_parse_var_or_iri(p, &node->slot)) {
                return false;
            }
            *tail = node;
            tail = &node->next;
        } while (dm_parser_is(p, DM_TOKEN_VAR) || dm_parse_is_iri(p));
    }
    if (!parse_dataset_clauses(p, query)) {
        return false;
    }
    if ((dm_parser_is_word(p, "WHERE") ||
         dm_parser_is(p, DM_TOKEN_BRACE_OPEN)) &&
        !parse_where_clause(p, query->level)) {
        return false;
    }
    return parse_solution_modifier(p, query->level);
}

// ConstructTemplate ::= '{' ConstructTriples? '}'
// ConstructTriples ::= TriplesSameSubject ( '.' ConstructTriples? )?
static bool
parse_construct_template(struct dm_parser *p, struct dm_syn_query *query)
{
    p->in_template = true;
    p->tail = &query->construct;
    if (!dm_parser_expect(p, DM_TOKEN_BRACE_OPEN, "'{'")) {
        return false;
    }
    bool has_dot = true;
    while (has_dot && dm_parse_is_triples(p)) {
        if (!dm_parse_triples_same_subject(p)) {
            return false;
        }
        has_dot = dm_parser_accept(p, DM_TOKEN_DOT);
    }
    if (!dm_parser_expect(p, DM_TOKEN_BRACE_CLOSE,
                          has_dot ? "a triple or '}'" : "'.', ';' or '}'")) {
        return false;
    }
    p->in_template = false;
    p->tail = NULL;
    // The blank nodes of the pattern are others
    dm_map_done(&p->labels);
    return true;
}

// 'WHERE' ConstructTemplate: template and pattern in one, so it is read twice
static bool
parse_construct_where(struct dm_parser *p, struct dm_syn_query *query)
{
    if (!dm_parser_expect_word(p, "WHERE")) {
        return false;
    }
    const struct dm_lexer lexer = p->lexer;
    const struct dm_token token = p->token;
    if (!parse_construct_template(p, query)) {
        return false;
    }
    p->lexer = lexer;
    p->token = token;
    return parse_where_clause(p, query->level);
}

// ConstructQuery ::= 'CONSTRUCT' ( ConstructTemplate DatasetClause* WhereClause
//     SolutionModifier | DatasetClause* 'WHERE' ConstructTemplate
//     SolutionModifier )
static bool
parse_construct_query(struct dm_parser *p, struct dm_syn_query *query)
{
    query->form = DM_QUERY_CONSTRUCT;
    dm_parser_advance(p);
    if (dm_parser_is(p, DM_TOKEN_BRACE_OPEN)) {
        return parse_construct_template(p, query) &&
               parse_dataset_clauses(p, query) &&
               parse_where_clause(p, query->level) &&
               parse_solution_modifier(p, query->level);
    }
    return parse_dataset_clauses(p, query) && parse_construct_where(p, query) &&
           parse_solution_modifier(p, query->level);
}

// Query ::= Prologue ( SelectQuery | ConstructQuery | DescribeQuery | AskQuery
//           ) ValuesClause
static bool
parse_query(struct dm_parser *p, struct dm_syn_query *query)
{
    if (!parse_prologue(p)) {
        return false;
    }
    struct dm_syn_select *level = begin_level(p);
    if (!level) {
        return false;
    }
    query->level = level;
    bool is_good = false;
    if (dm_parser_is_word(p, "SELECT")) {
        is_good = parse_select_query(p, query);
    } else if (dm_parser_is_word(p, "ASK")) {
        is_good = parse_ask_query(p, query);
    } else if (dm_parser_is_word(p, "CONSTRUCT")) {
        is_good = parse_construct_query(p, query);
    } else if (dm_parser_is_word(p, "DESCRIBE")) {
        is_good = parse_describe_query(p, query);
    } else {
        return dm_parser_expected(
            p, "PREFIX, BASE, SELECT, ASK, CONSTRUCT or DESCRIBE");
    }
    return is_good && parse_values_clause(p, level) &&
           dm_parser_expect(p, DM_TOKEN_END, "the end of the query");
}

static bool
add_prefixes(struct dm_parser *p, const struct dm_query_options *options)
{
    for (size_t i = 0; i < options->n_prefixes; ++i) {
        struct dm_parser_prefix *prefix =
            dm_parser_alloc(p, 1, sizeof(*prefix));
        if (!prefix) {
            return false;
        }
        prefix->prefix = options->prefixes[i];
        prefix->next = p->prefixes;
        p->prefixes = prefix;
    }
    return true;
}

// QueryUnit ::= Query
enum dm_status
dm_parse(struct dm_str text, const struct dm_query_options *options,
         struct dm_arena *arena, struct dm_syn_query *ret,
         struct dm_error *error)
{
    struct dm_parser p = {.arena = arena,
                          .error = error,
                          .name = options->name,
                          .base = options->base};
    struct dm_syn_query query = {.form = DM_QUERY_SELECT};
    dm_lexer_init(&p.lexer, text);
    dm_buf_init(&p.scratch, SCRATCH_MAX);
    dm_map_init(&p.vars, DM_VARS_MAX, 0);
    dm_map_init(&p.labels, DM_VARS_MAX, 0);
    if (add_prefixes(&p, options)) {
        dm_parser_advance(&p);
        (void)parse_query(&p, &query);
    }
    dm_map_done(&p.labels);
    dm_map_done(&p.vars);
    dm_buf_done(&p.scratch);
    if (p.status) {
        return p.status;
    }
    if (p.unsupported.status) {
        if (error) {
            *error = p.unsupported;
        }
        return p.unsupported.status;
    }
    query.names = p.names;
    query.n_names = p.n_names;
    query.base = p.base;
    *ret = query;
    return DM_OK;
}
