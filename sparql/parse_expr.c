// SPDX-License-Identifier: ISC

#include "sparql/keyword_private.h"
#include "sparql/parser_private.h"

#include "rdf/xsd.h"
#include "sparql/functions.h"
#include "vocab/vocabulary.h"

#include <assert.h>

static struct dm_syn_expr *
make(struct dm_parser *p, enum dm_expr_kind kind, struct dm_position at)
{
    struct dm_syn_expr *expr = dm_parser_alloc(p, 1, sizeof(*expr));
    if (expr) {
        expr->base = (struct dm_expr){
            .kind = kind, .var = DM_VAR_NONE, .depth = 1, .at = at};
    }
    return expr;
}

// A call with the list `args`, which counts for its depth
static struct dm_syn_expr *
make_call(struct dm_parser *p, enum dm_function function,
          struct dm_syn_expr *args, struct dm_position at)
{
    struct dm_syn_expr *expr = make(p, DM_EXPR_CALL, at);
    if (!expr) {
        return NULL;
    }
    expr->base.function = function;
    expr->args = args;
    uint32_t depth = 0;
    for (const struct dm_syn_expr *arg = args; arg; arg = arg->next) {
        depth = arg->base.depth > depth ? arg->base.depth : depth;
        ++expr->base.n_args;
    }
    if (depth >= DM_ALG_DEPTH_MAX) {
        (void)dm_parser_fail(p, at, DM_ERR_LIMIT,
                             "the expression is more than %d deep",
                             DM_ALG_DEPTH_MAX);
        return NULL;
    }
    expr->base.depth = depth + 1;
    return expr;
}

static struct dm_syn_expr *
make_binary(struct dm_parser *p, enum dm_function function,
            struct dm_syn_expr *left, struct dm_syn_expr *right,
            struct dm_position at)
{
    if (!left || !right) {
        return NULL;
    }
    left->next = right;
    return make_call(p, function, left, at);
}

static struct dm_syn_expr *
make_term(struct dm_parser *p, const struct dm_term *term,
          struct dm_position at)
{
    struct dm_syn_expr *expr = make(p, DM_EXPR_TERM, at);
    if (expr) {
        expr->base.term = *term;
    }
    return expr;
}

// Var
struct dm_syn_expr *
dm_parse_var_expr(struct dm_parser *p)
{
    struct dm_syn_expr *expr = make(p, DM_EXPR_VAR, p->token.at);
    return expr && dm_parse_var(p, &expr->base.var) ? expr : NULL;
}

// RDFLiteral, NumericLiteral, BooleanLiteral
static struct dm_syn_expr *
parse_literal(struct dm_parser *p)
{
    const struct dm_position at = p->token.at;
    struct dm_term term = {0};
    return dm_parse_literal(p, &term) ? make_term(p, &term, at) : NULL;
}

static struct dm_syn_expr *
parse_iri(struct dm_parser *p)
{
    const struct dm_position at = p->token.at;
    struct dm_term term = {0};
    return dm_parse_iri(p, &term) ? make_term(p, &term, at) : NULL;
}

// ( Expression ( ',' Expression )* ) behind its '(', with the ')'
static bool
parse_rest_of_list(struct dm_parser *p, struct dm_syn_expr **list)
{
    if (!dm_parser_enter(p)) {
        return false;
    }
    do {
        *list = dm_parse_expression(p);
        if (!*list) {
            return false;
        }
        list = &(*list)->next;
    } while (dm_parser_accept(p, DM_TOKEN_COMMA));
    dm_parser_leave(p);
    return dm_parser_expect(p, DM_TOKEN_CLOSE, "',' or ')'");
}

// ExpressionList ::= NIL | '(' Expression ( ',' Expression )* ')'
static bool
parse_expression_list(struct dm_parser *p, struct dm_syn_expr **list)
{
    if (dm_parser_accept(p, DM_TOKEN_NIL)) {
        return true;
    }
    return dm_parser_expect(p, DM_TOKEN_OPEN, "'('") &&
           parse_rest_of_list(p, list);
}

// BrackettedExpression ::= '(' Expression ')'
struct dm_syn_expr *
dm_parse_bracketted_expression(struct dm_parser *p)
{
    if (!dm_parser_expect(p, DM_TOKEN_OPEN, "'('") || !dm_parser_enter(p)) {
        return NULL;
    }
    struct dm_syn_expr *expr = dm_parse_expression(p);
    if (!expr || !dm_parser_expect(p, DM_TOKEN_CLOSE, "')'")) {
        return NULL;
    }
    dm_parser_leave(p);
    return expr;
}

// Whether an aggregate may stand here
static bool
check_aggregate(struct dm_parser *p, struct dm_position at)
{
    if (p->aggregates == DM_AGGREGATES_ALLOWED) {
        return true;
    }
    return dm_parser_fail(
        p, at, DM_ERR_SYNTAX,
        p->aggregates == DM_AGGREGATES_NESTED
            ? "an aggregate cannot be inside another one"
            : "an aggregate can only be in SELECT, HAVING and ORDER BY");
}

static struct dm_syn_expr *
make_aggregate(struct dm_parser *p, enum dm_aggregate_kind kind,
               struct dm_position at)
{
    struct dm_syn_expr *expr =
        check_aggregate(p, at) ? make(p, DM_EXPR_AGGREGATE, at) : NULL;
    if (expr) {
        assert(p->level);
        p->level->has_aggregates = true;
        expr->aggregate.kind = kind;
        p->aggregates = DM_AGGREGATES_NESTED;
    }
    return expr;
}

static const struct dm_str separator_default = DM_STR(" ");

// ( ';' 'SEPARATOR' '=' String )?
static bool
parse_separator(struct dm_parser *p, struct dm_str *ret)
{
    *ret = separator_default;
    if (!dm_parser_accept(p, DM_TOKEN_SEMICOLON)) {
        return true;
    }
    return dm_parser_expect_word(p, "SEPARATOR") &&
           dm_parser_expect(p, DM_TOKEN_EQUAL, "'='") &&
           dm_parse_string(p, ret);
}

// Aggregate ::= ( 'COUNT' '(' 'DISTINCT'? ( '*' | Expression ) ')'
//     | 'SUM' '(' 'DISTINCT'? Expression ')' | 'MIN' … | 'MAX' … | 'AVG' …
//     | 'SAMPLE' … | 'GROUP_CONCAT' '(' 'DISTINCT'? Expression
//       ( ';' 'SEPARATOR' '=' String )? ')' )
static struct dm_syn_expr *
parse_aggregate(struct dm_parser *p, enum dm_aggregate_kind kind)
{
    struct dm_syn_expr *expr = make_aggregate(p, kind, p->token.at);
    if (!expr) {
        return NULL;
    }
    dm_parser_advance(p);
    if (!dm_parser_expect(p, DM_TOKEN_OPEN, "'('") || !dm_parser_enter(p)) {
        return NULL;
    }
    expr->aggregate.distinct = dm_parser_accept_word(p, "DISTINCT");
    if (kind != DM_AGG_COUNT || !dm_parser_accept(p, DM_TOKEN_STAR)) {
        expr->args = dm_parse_expression(p);
        if (!expr->args) {
            return NULL;
        }
    }
    if (kind == DM_AGG_GROUP_CONCAT &&
        !parse_separator(p, &expr->aggregate.separator)) {
        return NULL;
    }
    if (!dm_parser_expect(p, DM_TOKEN_CLOSE, "')'")) {
        return NULL;
    }
    dm_parser_leave(p);
    p->aggregates = DM_AGGREGATES_ALLOWED;
    return expr;
}

// dm:quantile(DISTINCT? Expression, share)
static struct dm_syn_expr *
parse_quantile(struct dm_parser *p, struct dm_position at)
{
    struct dm_syn_expr *expr = make_aggregate(p, DM_AGG_QUANTILE, at);
    if (!expr || !dm_parser_expect(p, DM_TOKEN_OPEN, "'('")) {
        return NULL;
    }
    expr->aggregate.distinct = dm_parser_accept_word(p, "DISTINCT");
    if (!parse_rest_of_list(p, &expr->args)) {
        return NULL;
    }
    assert(expr->args);
    const struct dm_syn_expr *share = expr->args->next;
    double value = -1.0;
    if (share && !share->next && share->base.kind == DM_EXPR_TERM &&
        share->base.term.kind == DM_TERM_LITERAL &&
        !dm_double_parse(share->base.term.value, &value)) {
        value = -1.0;
    }
    if (!(value >= 0.0 && value <= 1.0)) {
        (void)dm_parser_fail(p, at, DM_ERR_SYNTAX,
                             "dm:quantile takes a value and a share from 0 "
                             "to 1, as dm:quantile(?seconds, 0.95)");
        return NULL;
    }
    expr->args->next = NULL;
    expr->aggregate.share = value;
    p->aggregates = DM_AGGREGATES_ALLOWED;
    return expr;
}

// FunctionCall ::= iri ArgList
// ArgList ::= NIL | '(' 'DISTINCT'? Expression ( ',' Expression )* ')'
static struct dm_syn_expr *
parse_arg_list(struct dm_parser *p, struct dm_str iri, struct dm_position at)
{
    if (dm_str_is(iri, DM_VOCAB_NS "quantile")) {
        return parse_quantile(p, at);
    }
    struct dm_syn_expr *args = NULL;
    if (!dm_parser_accept(p, DM_TOKEN_NIL)) {
        if (!dm_parser_expect(p, DM_TOKEN_OPEN, "'('")) {
            return NULL;
        }
        if (dm_parser_accept_word(p, "DISTINCT")) {
            if (!check_aggregate(p, at)) {
                return NULL;
            }
            dm_parser_unsupported(p, at, "the aggregate <%.*s>", (int)iri.n,
                                  iri.data);
        }
        if (!parse_rest_of_list(p, &args)) {
            return NULL;
        }
    }
    struct dm_syn_expr *expr = make_call(p, DM_FN_IRI, args, at);
    if (expr) {
        expr->base.iri = iri;
    }
    return expr;
}

// iriOrFunction ::= iri ArgList?
static struct dm_syn_expr *
parse_iri_or_function(struct dm_parser *p)
{
    const struct dm_position at = p->token.at;
    struct dm_term iri = {0};
    if (!dm_parse_iri(p, &iri)) {
        return NULL;
    }
    return dm_parser_is(p, DM_TOKEN_OPEN) || dm_parser_is(p, DM_TOKEN_NIL)
               ? parse_arg_list(p, iri.value, at)
               : make_term(p, &iri, at);
}

// ExistsFunc ::= 'EXISTS' GroupGraphPattern
static struct dm_syn_expr *
parse_exists(struct dm_parser *p)
{
    struct dm_syn_expr *expr = make(p, DM_EXPR_EXISTS, p->token.at);
    if (!expr || !dm_parser_expect_word(p, "EXISTS")) {
        return NULL;
    }
    const uint32_t bgp = p->bgp;
    expr->group = dm_parse_group(p);
    p->bgp = bgp;
    return expr->group ? expr : NULL;
}

// NotExistsFunc ::= 'NOT' 'EXISTS' GroupGraphPattern
static struct dm_syn_expr *
parse_not_exists(struct dm_parser *p)
{
    const struct dm_position at = p->token.at;
    dm_parser_advance(p);
    struct dm_syn_expr *exists = parse_exists(p);
    return exists ? make_call(p, DM_FN_NOT, exists, at) : NULL;
}

// 'BOUND' '(' Var ')'
static struct dm_syn_expr *
parse_bound(struct dm_parser *p)
{
    const struct dm_position at = p->token.at;
    dm_parser_advance(p);
    struct dm_syn_expr *var =
        dm_parser_expect(p, DM_TOKEN_OPEN, "'('") ? dm_parse_var_expr(p) : NULL;
    return var && dm_parser_expect(p, DM_TOKEN_CLOSE, "')'")
               ? make_call(p, DM_FN_BOUND, var, at)
               : NULL;
}

// 'STR' '(' Expression ')' | 'RAND' NIL | 'COALESCE' ExpressionList | …
// RegexExpression ::= 'REGEX' '(' Expression ',' Expression
//                     ( ',' Expression )? ')'
// SubstringExpression and StrReplaceExpression alike
static struct dm_syn_expr *
parse_builtin(struct dm_parser *p, const struct dm_function_def *function)
{
    const struct dm_position at = p->token.at;
    dm_parser_advance(p);
    struct dm_syn_expr *args = NULL;
    if (!parse_expression_list(p, &args)) {
        return NULL;
    }
    struct dm_syn_expr *call = make_call(p, function->id, args, at);
    if (!call) {
        return NULL;
    }
    const size_t n = call->base.n_args;
    const bool is_any = function->max_args == DM_ARGS_ANY;
    if (n < function->min_args || (n > function->max_args && !is_any)) {
        const unsigned limit =
            n < function->min_args ? function->min_args : function->max_args;
        const char *about = n < limit ? "at least " : "at most ";
        (void)dm_parser_fail(
            p, at, DM_ERR_SYNTAX, "%s takes %s%u argument%s, not %zu",
            function->name,
            function->min_args == function->max_args ? "" : about, limit,
            limit == 1 ? "" : "s", n);
        return NULL;
    }
    return call;
}

static bool
is_builtin_call(const struct dm_parser *p)
{
    enum dm_aggregate_kind kind = DM_AGG_COUNT;
    return dm_parser_is(p, DM_TOKEN_WORD) &&
           (dm_function_find(p->token.text) ||
            dm_aggregate_find(p->token.text, &kind) ||
            dm_parser_is_word(p, "EXISTS") || dm_parser_is_word(p, "NOT"));
}

// BuiltInCall ::= Aggregate | 'STR' '(' Expression ')' | … | RegexExpression
//               | ExistsFunc | NotExistsFunc | …
static struct dm_syn_expr *
parse_builtin_call(struct dm_parser *p)
{
    enum dm_aggregate_kind kind = DM_AGG_COUNT;
    if (dm_aggregate_find(p->token.text, &kind)) {
        return parse_aggregate(p, kind);
    }
    if (dm_parser_is_word(p, "EXISTS")) {
        return parse_exists(p);
    }
    if (dm_parser_is_word(p, "NOT")) {
        return parse_not_exists(p);
    }
    const struct dm_function_def *function = dm_function_find(p->token.text);
    assert(function);
    return function->id == DM_FN_BOUND ? parse_bound(p)
                                       : parse_builtin(p, function);
}

static struct dm_syn_expr *parse_triple_term(struct dm_parser *p);

// ExprTripleTermSubject ::= iri | Var
// ExprTripleTermObject ::= iri | RDFLiteral | NumericLiteral | BooleanLiteral
//                        | Var | ExprTripleTerm
static struct dm_syn_expr *
parse_triple_term_end(struct dm_parser *p, bool is_object)
{
    if (dm_parser_is(p, DM_TOKEN_VAR)) {
        return dm_parse_var_expr(p);
    }
    if (dm_parse_is_iri(p)) {
        return parse_iri(p);
    }
    if (is_object && dm_parser_is(p, DM_TOKEN_TRIPLE_OPEN)) {
        return parse_triple_term(p);
    }
    if (is_object && dm_parse_is_literal(p)) {
        return parse_literal(p);
    }
    (void)dm_parser_expected(p, is_object ? "a variable or a term"
                                          : "a variable or an IRI");
    return NULL;
}

// ExprTripleTerm ::= '<<(' ExprTripleTermSubject Verb ExprTripleTermObject
//                    ')>>'
static struct dm_syn_expr *
parse_triple_term(struct dm_parser *p)
{
    const struct dm_position at = p->token.at;
    if (!dm_parser_expect(p, DM_TOKEN_TRIPLE_OPEN, "'<<('") ||
        !dm_parser_enter(p)) {
        return NULL;
    }
    struct dm_syn_expr *s = parse_triple_term_end(p, false);
    const struct dm_position verb_at = p->token.at;
    struct dm_slot slot = {0};
    if (!s || !dm_parse_verb(p, &slot)) {
        return NULL;
    }
    struct dm_syn_expr *verb =
        make(p, slot.kind == DM_SLOT_VAR ? DM_EXPR_VAR : DM_EXPR_TERM, verb_at);
    struct dm_syn_expr *o = verb ? parse_triple_term_end(p, true) : NULL;
    if (!verb || !o || !dm_parser_expect(p, DM_TOKEN_TRIPLE_CLOSE, "')>>'")) {
        return NULL;
    }
    dm_parser_leave(p);
    verb->base.var = slot.var;
    verb->base.term = slot.term;
    s->next = verb;
    verb->next = o;
    return make_call(p, DM_FN_TRIPLE, s, at);
}

// PrimaryExpression ::= BrackettedExpression | BuiltInCall | iriOrFunction
//     | RDFLiteral | NumericLiteral | BooleanLiteral | Var | ExprTripleTerm
static struct dm_syn_expr *
parse_primary(struct dm_parser *p)
{
    if (dm_parser_is(p, DM_TOKEN_OPEN)) {
        return dm_parse_bracketted_expression(p);
    }
    if (dm_parse_is_iri(p)) {
        return parse_iri_or_function(p);
    }
    if (dm_parser_is(p, DM_TOKEN_VAR)) {
        return dm_parse_var_expr(p);
    }
    if (dm_parse_is_literal(p)) {
        return parse_literal(p);
    }
    if (dm_parser_is(p, DM_TOKEN_TRIPLE_OPEN)) {
        return parse_triple_term(p);
    }
    if (is_builtin_call(p)) {
        return parse_builtin_call(p);
    }
    (void)dm_parser_expected(p, "an expression");
    return NULL;
}

// UnaryExpression ::= '!' UnaryExpression | '+' PrimaryExpression
//                   | '-' PrimaryExpression | PrimaryExpression
static struct dm_syn_expr *
parse_unary(struct dm_parser *p)
{
    const struct dm_position at = p->token.at;
    enum dm_function function = DM_FN_NOT;
    struct dm_syn_expr *arg = NULL;
    if (dm_parser_accept(p, DM_TOKEN_BANG)) {
        if (!dm_parser_enter(p)) {
            return NULL;
        }
        arg = parse_unary(p);
        dm_parser_leave(p);
    } else if (dm_parser_accept(p, DM_TOKEN_PLUS)) {
        function = DM_FN_UNARY_PLUS;
        arg = parse_primary(p);
    } else if (dm_parser_accept(p, DM_TOKEN_MINUS)) {
        function = DM_FN_UNARY_MINUS;
        arg = parse_primary(p);
    } else {
        return parse_primary(p);
    }
    return arg ? make_call(p, function, arg, at) : NULL;
}

// ( '*' UnaryExpression | '/' UnaryExpression )* behind `left`
static struct dm_syn_expr *
parse_factors(struct dm_parser *p, struct dm_syn_expr *left)
{
    while (left) {
        const struct dm_position at = p->token.at;
        if (dm_parser_accept(p, DM_TOKEN_STAR)) {
            left = make_binary(p, DM_FN_MULTIPLY, left, parse_unary(p), at);
        } else if (dm_parser_accept(p, DM_TOKEN_SLASH)) {
            left = make_binary(p, DM_FN_DIVIDE, left, parse_unary(p), at);
        } else {
            break;
        }
    }
    return left;
}

// MultiplicativeExpression ::= UnaryExpression
//                              ( '*' UnaryExpression | '/' UnaryExpression )*
static struct dm_syn_expr *
parse_multiplicative(struct dm_parser *p)
{
    return parse_factors(p, parse_unary(p));
}

// The sign of a NumericLiteralPositive or NumericLiteralNegative, else 0
static char
sign_of_number(const struct dm_parser *p)
{
    if (!dm_parser_is(p, DM_TOKEN_INTEGER) &&
        !dm_parser_is(p, DM_TOKEN_DECIMAL) &&
        !dm_parser_is(p, DM_TOKEN_DOUBLE)) {
        return '\0';
    }
    const char c = p->token.text.data[0];
    return c == '+' || c == '-' ? c : '\0';
}

// AdditiveExpression ::= MultiplicativeExpression (
//     '+' MultiplicativeExpression | '-' MultiplicativeExpression
//     | ( NumericLiteralPositive | NumericLiteralNegative )
//       ( ( '*' UnaryExpression ) | ( '/' UnaryExpression ) )* )*
static struct dm_syn_expr *
parse_additive(struct dm_parser *p)
{
    struct dm_syn_expr *left = parse_multiplicative(p);
    while (left) {
        const struct dm_position at = p->token.at;
        const char sign = sign_of_number(p);
        if (sign) {
            p->token.text = dm_str_slice(p->token.text, 1, p->token.text.n);
            struct dm_syn_expr *right = parse_factors(p, parse_literal(p));
            left = make_binary(p, sign == '+' ? DM_FN_ADD : DM_FN_SUBTRACT,
                               left, right, at);
        } else if (dm_parser_accept(p, DM_TOKEN_PLUS)) {
            left = make_binary(p, DM_FN_ADD, left, parse_multiplicative(p), at);
        } else if (dm_parser_accept(p, DM_TOKEN_MINUS)) {
            left = make_binary(p, DM_FN_SUBTRACT, left, parse_multiplicative(p),
                               at);
        } else {
            break;
        }
    }
    return left;
}

// 'IN' ExpressionList | 'NOT' 'IN' ExpressionList
static struct dm_syn_expr *
parse_in(struct dm_parser *p, struct dm_syn_expr *left)
{
    const struct dm_position at = p->token.at;
    const bool is_not = dm_parser_accept_word(p, "NOT");
    if (!dm_parser_expect_word(p, "IN") ||
        !parse_expression_list(p, &left->next)) {
        return NULL;
    }
    return make_call(p, is_not ? DM_FN_NOT_IN : DM_FN_IN, left, at);
}

// RelationalExpression ::= NumericExpression ( '=' NumericExpression
//     | '!=' NumericExpression | '<' NumericExpression | '>' NumericExpression
//     | '<=' NumericExpression | '>=' NumericExpression | 'IN' ExpressionList
//     | 'NOT' 'IN' ExpressionList )?
// NumericExpression ::= AdditiveExpression
static struct dm_syn_expr *
parse_relational(struct dm_parser *p)
{
    static const struct {
        enum dm_token_kind token;
        enum dm_function function;
    } comparisons[] = {
        {DM_TOKEN_EQUAL, DM_FN_EQUAL},
        {DM_TOKEN_NOT_EQUAL, DM_FN_NOT_EQUAL},
        {DM_TOKEN_LESS, DM_FN_LESS},
        {DM_TOKEN_GREATER, DM_FN_GREATER},
        {DM_TOKEN_LESS_EQUAL, DM_FN_LESS_EQUAL},
        {DM_TOKEN_GREATER_EQUAL, DM_FN_GREATER_EQUAL},
    };
    struct dm_syn_expr *left = parse_additive(p);
    if (!left) {
        return NULL;
    }
    if (dm_parser_is_word(p, "IN") || dm_parser_is_word(p, "NOT")) {
        return parse_in(p, left);
    }
    const struct dm_position at = p->token.at;
    for (size_t i = 0; i < DM_COUNT_OF(comparisons); ++i) {
        if (dm_parser_accept(p, comparisons[i].token)) {
            return make_binary(p, comparisons[i].function, left,
                               parse_additive(p), at);
        }
    }
    return left;
}

// `next` ( sign `next` )*: one call with all of them
static struct dm_syn_expr *
parse_chain(struct dm_parser *p, enum dm_token_kind sign,
            enum dm_function function,
            struct dm_syn_expr *(*next)(struct dm_parser *p))
{
    const struct dm_position at = p->token.at;
    struct dm_syn_expr *first = next(p);
    if (!first || !dm_parser_is(p, sign)) {
        return first;
    }
    struct dm_syn_expr **tail = &first->next;
    while (dm_parser_accept(p, sign)) {
        *tail = next(p);
        if (!*tail) {
            return NULL;
        }
        tail = &(*tail)->next;
    }
    return make_call(p, function, first, at);
}

// ConditionalAndExpression ::= ValueLogical ( '&&' ValueLogical )*
// ValueLogical ::= RelationalExpression
static struct dm_syn_expr *
parse_and(struct dm_parser *p)
{
    return parse_chain(p, DM_TOKEN_AND, DM_FN_AND, parse_relational);
}

// Expression ::= ConditionalOrExpression
// ConditionalOrExpression ::= ConditionalAndExpression
//                             ( '||' ConditionalAndExpression )*
struct dm_syn_expr *
dm_parse_expression(struct dm_parser *p)
{
    return parse_chain(p, DM_TOKEN_OR, DM_FN_OR, parse_and);
}

bool
dm_parse_is_constraint(const struct dm_parser *p)
{
    return dm_parser_is(p, DM_TOKEN_OPEN) || dm_parse_is_iri(p) ||
           is_builtin_call(p);
}

// Constraint ::= BrackettedExpression | BuiltInCall | FunctionCall
struct dm_syn_expr *
dm_parse_constraint(struct dm_parser *p)
{
    if (dm_parser_is(p, DM_TOKEN_OPEN)) {
        return dm_parse_bracketted_expression(p);
    }
    if (is_builtin_call(p)) {
        return parse_builtin_call(p);
    }
    if (!dm_parse_is_iri(p)) {
        (void)dm_parser_expected(p, "'(' or a function");
        return NULL;
    }
    const struct dm_position at = p->token.at;
    struct dm_term iri = {0};
    return dm_parse_iri(p, &iri) ? parse_arg_list(p, iri.value, at) : NULL;
}
