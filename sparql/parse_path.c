// SPDX-License-Identifier: ISC

#include "sparql/parser_private.h"

static const struct dm_path *parse_path(struct dm_parser *p);

static bool
is_a(const struct dm_parser *p)
{
    return dm_parser_is(p, DM_TOKEN_WORD) && dm_str_is(p->token.text, "a");
}

static bool
is_iri_or_a(const struct dm_parser *p)
{
    return dm_parse_is_iri(p) || is_a(p);
}

bool
dm_parse_is_path(const struct dm_parser *p)
{
    return is_iri_or_a(p) || dm_parser_is(p, DM_TOKEN_CARET) ||
           dm_parser_is(p, DM_TOKEN_BANG) || dm_parser_is(p, DM_TOKEN_OPEN);
}

static const struct dm_path *
make(struct dm_parser *p, enum dm_path_kind kind, const struct dm_path *left,
     const struct dm_path *right)
{
    struct dm_path *path = left ? dm_parser_alloc(p, 1, sizeof(*path)) : NULL;
    if (!path) {
        return NULL;
    }
    uint32_t depth = left->depth;
    if (right && right->depth > depth) {
        depth = right->depth;
    }
    if (depth >= DM_ALG_DEPTH_MAX) {
        (void)dm_parser_fail(p, p->token.at, DM_ERR_LIMIT,
                             "the path is more than %d deep", DM_ALG_DEPTH_MAX);
        return NULL;
    }
    *path = (struct dm_path){
        .kind = kind, .left = left, .right = right, .depth = depth + 1};
    return path;
}

// iri | 'a'
static bool
parse_iri_or_a(struct dm_parser *p, struct dm_term *ret)
{
    if (!is_iri_or_a(p)) {
        return dm_parser_expected(p, "an IRI or 'a'");
    }
    struct dm_slot slot = {0};
    if (!dm_parse_verb(p, &slot)) {
        return false;
    }
    *ret = slot.term;
    return true;
}

// The forward and the backward predicates of a negated set
struct negated {
    struct dm_syn_term *forward;
    size_t n_forward;
    struct dm_syn_term *backward;
    size_t n_backward;
};

// PathOneInPropertySet ::= iri | 'a' | '^' ( iri | 'a' )
static bool
parse_one_in_set(struct dm_parser *p, struct negated *set)
{
    const bool is_backward = dm_parser_accept(p, DM_TOKEN_CARET);
    struct dm_syn_term *node = dm_parser_alloc(p, 1, sizeof(*node));
    if (!node || !parse_iri_or_a(p, &node->term)) {
        return false;
    }
    struct dm_syn_term **list = is_backward ? &set->backward : &set->forward;
    node->next = *list;
    *list = node;
    if (is_backward) {
        ++set->n_backward;
    } else {
        ++set->n_forward;
    }
    return true;
}

static const struct dm_path *
make_negated(struct dm_parser *p, const struct dm_syn_term *list, size_t n)
{
    struct dm_path *path = dm_parser_alloc(p, 1, sizeof(*path));
    struct dm_term *iris = dm_parser_alloc(p, n, sizeof(*iris));
    if (!path || !iris) {
        return NULL;
    }
    // The list has the last one first
    for (size_t i = n; list; list = list->next) {
        iris[--i] = list->term;
    }
    *path = (struct dm_path){
        .kind = DM_PATH_NEGATED, .iris = iris, .n_iris = n, .depth = 1};
    return path;
}

// PathNegatedPropertySet ::= PathOneInPropertySet
//     | '(' ( PathOneInPropertySet ( '|' PathOneInPropertySet )* )? ')'
static const struct dm_path *
parse_negated_set(struct dm_parser *p)
{
    struct negated set = {0};
    if (dm_parser_accept(p, DM_TOKEN_OPEN)) {
        do {
            if (!parse_one_in_set(p, &set)) {
                return NULL;
            }
        } while (dm_parser_accept(p, DM_TOKEN_PIPE));
        if (!dm_parser_expect(p, DM_TOKEN_CLOSE, "'|' or ')'")) {
            return NULL;
        }
    } else if (!dm_parser_accept(p, DM_TOKEN_NIL) &&
               !parse_one_in_set(p, &set)) {
        return NULL;
    }

    const struct dm_path *forward = NULL;
    if (set.n_forward || !set.n_backward) {
        forward = make_negated(p, set.forward, set.n_forward);
    }
    if (!set.n_backward) {
        return forward;
    }
    const struct dm_path *backward =
        make(p, DM_PATH_INVERSE, make_negated(p, set.backward, set.n_backward),
             NULL);
    return set.n_forward ? make(p, DM_PATH_ALTERNATIVE, forward, backward)
                         : backward;
}

// PathPrimary ::= iri | 'a' | '!' PathNegatedPropertySet | '(' Path ')'
static const struct dm_path *
parse_primary(struct dm_parser *p)
{
    if (dm_parser_accept(p, DM_TOKEN_BANG)) {
        return parse_negated_set(p);
    }
    if (dm_parser_accept(p, DM_TOKEN_OPEN)) {
        if (!dm_parser_enter(p)) {
            return NULL;
        }
        const struct dm_path *path = parse_path(p);
        if (!path || !dm_parser_expect(p, DM_TOKEN_CLOSE, "')'")) {
            return NULL;
        }
        dm_parser_leave(p);
        return path;
    }
    struct dm_term *iri = dm_parser_alloc(p, 1, sizeof(*iri));
    struct dm_path *path = dm_parser_alloc(p, 1, sizeof(*path));
    if (!iri || !path) {
        return NULL;
    }
    if (!is_iri_or_a(p)) {
        (void)dm_parser_expected(p, "a property path");
        return NULL;
    }
    if (!parse_iri_or_a(p, iri)) {
        return NULL;
    }
    *path = (struct dm_path){.kind = DM_PATH_LINK, .iris = iri, .n_iris = 1};
    return path;
}

// PathElt ::= PathPrimary PathMod?
// PathMod ::= '?' | '*' | '+'
static const struct dm_path *
parse_elt(struct dm_parser *p)
{
    const struct dm_path *path = parse_primary(p);
    if (!path) {
        return NULL;
    }
    if (dm_parser_accept(p, DM_TOKEN_QUESTION)) {
        return make(p, DM_PATH_ZERO_OR_ONE, path, NULL);
    }
    if (dm_parser_accept(p, DM_TOKEN_STAR)) {
        return make(p, DM_PATH_ZERO_OR_MORE, path, NULL);
    }
    if (dm_parser_accept(p, DM_TOKEN_PLUS)) {
        return make(p, DM_PATH_ONE_OR_MORE, path, NULL);
    }
    return path;
}

// PathEltOrInverse ::= PathElt | '^' PathElt
static const struct dm_path *
parse_elt_or_inverse(struct dm_parser *p)
{
    const bool is_inverse = dm_parser_accept(p, DM_TOKEN_CARET);
    const struct dm_path *path = parse_elt(p);
    return path && is_inverse ? make(p, DM_PATH_INVERSE, path, NULL) : path;
}

// PathSequence ::= PathEltOrInverse ( '/' PathEltOrInverse )*
static const struct dm_path *
parse_sequence(struct dm_parser *p)
{
    const struct dm_path *path = parse_elt_or_inverse(p);
    while (path && dm_parser_accept(p, DM_TOKEN_SLASH)) {
        const struct dm_path *next = parse_elt_or_inverse(p);
        path = next ? make(p, DM_PATH_SEQUENCE, path, next) : NULL;
    }
    return path;
}

// Path ::= PathAlternative
// PathAlternative ::= PathSequence ( '|' PathSequence )*
static const struct dm_path *
parse_path(struct dm_parser *p)
{
    const struct dm_path *path = parse_sequence(p);
    while (path && dm_parser_accept(p, DM_TOKEN_PIPE)) {
        const struct dm_path *next = parse_sequence(p);
        path = next ? make(p, DM_PATH_ALTERNATIVE, path, next) : NULL;
    }
    return path;
}

const struct dm_path *
dm_parse_path(struct dm_parser *p, bool *ret_simple)
{
    const bool begins_simple = is_iri_or_a(p);
    const struct dm_path *path = parse_path(p);
    *ret_simple = begins_simple && path && path->kind == DM_PATH_LINK;
    return path;
}
