// SPDX-License-Identifier: ISC

// Each production here stands for two of the grammar: TriplesSameSubject and
// TriplesSameSubjectPath, and so on. What differs is that a property is a Verb
// in the first (in the template of CONSTRUCT) and a Path or variable in the
// second.

#include "sparql/parser_private.h"

#include <assert.h>

// A property, written out
struct property {
    struct dm_slot slot;        // Where there is no path
    const struct dm_path *path; // Else this
    bool is_simple;             // A reifier may follow the object
};

static bool parse_graph_node(struct dm_parser *p, struct dm_slot *ret);
static bool parse_property_list(struct dm_parser *p,
                                const struct dm_slot *subject);

static bool
append(struct dm_parser *p, const struct dm_triple_pattern *pattern,
       const struct dm_path *path)
{
    struct dm_syn_triple *triple = dm_parser_alloc(p, 1, sizeof(*triple));
    if (!triple) {
        return false;
    }
    *triple = (struct dm_syn_triple){.pattern = *pattern, .path = path};
    assert(p->tail);
    *p->tail = triple;
    p->tail = &triple->next;
    return true;
}

static bool
append_iri(struct dm_parser *p, const struct dm_slot *s, const char *iri,
           const struct dm_slot *o, struct dm_position at)
{
    const struct dm_triple_pattern pattern = {
        .s = *s,
        .p = dm_slot_of_term(dm_term_iri(dm_str(iri))),
        .o = *o,
        .at = at};
    return append(p, &pattern, NULL);
}

// Section 18.2.2.4: what a path stands for, as far as it is plain triples.
// An inverse is the same path from the other end, of whatever it is one.
static bool
append_path(struct dm_parser *p, const struct dm_slot *s,
            const struct dm_path *path, const struct dm_slot *o,
            struct dm_position at)
{
    if (path->kind == DM_PATH_INVERSE) {
        assert(path->left);
        return append_path(p, o, path->left, s, at);
    }
    if (path->kind == DM_PATH_SEQUENCE) {
        assert(path->left && path->right);
        const struct dm_slot middle = dm_slot_of_var(dm_parser_fresh_var(p));
        return !p->status && append_path(p, s, path->left, &middle, at) &&
               append_path(p, &middle, path->right, o, at);
    }
    struct dm_triple_pattern pattern = {.s = *s, .o = *o, .at = at};
    if (path->kind == DM_PATH_LINK) {
        assert(path->iris);
        pattern.p = dm_slot_of_term(path->iris[0]);
        path = NULL;
    } else {
        pattern.p = dm_slot_of_term((struct dm_term){0});
    }
    return append(p, &pattern, path);
}

static bool
append_property(struct dm_parser *p, const struct dm_slot *s,
                const struct property *property, const struct dm_slot *o,
                struct dm_position at)
{
    if (property->path) {
        return append_path(p, s, property->path, o, at);
    }
    const struct dm_triple_pattern pattern = {
        .s = *s, .p = property->slot, .o = *o, .at = at};
    return append(p, &pattern, NULL);
}

// ?r rdf:reifies <<( s p o )>>
static bool
append_reifies(struct dm_parser *p, const struct dm_slot *reifier,
               const struct dm_triple_pattern *triple)
{
    struct dm_slot term = {0};
    return dm_parser_triple_slot(p, triple, &term) &&
           append_iri(p, reifier, DM_RDF_NS "reifies", &term, triple->at);
}

// Reifier ::= '~' VarOrReifierId?
// VarOrReifierId ::= Var | iri | BlankNode
static bool
parse_reifier(struct dm_parser *p, struct dm_slot *ret)
{
    if (!dm_parser_expect(p, DM_TOKEN_TILDE, "'~'")) {
        return false;
    }
    if (dm_parser_is(p, DM_TOKEN_VAR) || dm_parse_is_iri(p) ||
        dm_parser_is(p, DM_TOKEN_BLANK) || dm_parser_is(p, DM_TOKEN_ANON)) {
        return dm_parse_var_or_term(p, ret);
    }
    return dm_parser_blank(p, (struct dm_str){0}, ret);
}

// ReifiedTripleSubject ::= Var | iri | RDFLiteral | NumericLiteral
//     | BooleanLiteral | BlankNode | ReifiedTriple | TripleTerm
// ReifiedTripleObject is the same.
static bool parse_reified_triple(struct dm_parser *p, struct dm_slot *ret);

static bool
parse_reified_end(struct dm_parser *p, struct dm_slot *ret)
{
    if (dm_parser_is(p, DM_TOKEN_REIFIED_OPEN)) {
        return parse_reified_triple(p, ret);
    }
    if (dm_parser_is(p, DM_TOKEN_NIL)) {
        return dm_parser_expected(p, "a variable or a term, not a list");
    }
    return dm_parse_var_or_term(p, ret);
}

// ReifiedTriple ::= '<<' ReifiedTripleSubject Verb ReifiedTripleObject
//                   Reifier? '>>'
static bool
parse_reified_triple(struct dm_parser *p, struct dm_slot *ret)
{
    struct dm_triple_pattern triple = {.at = p->token.at};
    if (!dm_parser_expect(p, DM_TOKEN_REIFIED_OPEN, "'<<'") ||
        !dm_parser_enter(p)) {
        return false;
    }
    if (!parse_reified_end(p, &triple.s) || !dm_parse_verb(p, &triple.p) ||
        !parse_reified_end(p, &triple.o)) {
        return false;
    }
    const bool is_good = dm_parser_is(p, DM_TOKEN_TILDE)
                             ? parse_reifier(p, ret)
                             : dm_parser_blank(p, (struct dm_str){0}, ret);
    if (!is_good ||
        !dm_parser_expect(p, DM_TOKEN_REIFIED_CLOSE, "'~' or '>>'")) {
        return false;
    }
    dm_parser_leave(p);
    return append_reifies(p, ret, &triple);
}

// AnnotationBlock ::= '{|' PropertyListNotEmpty '|}'
static bool
parse_annotation_block(struct dm_parser *p, const struct dm_slot *reifier)
{
    if (!dm_parser_expect(p, DM_TOKEN_ANNOTATION_OPEN, "'{|'") ||
        !dm_parser_enter(p) || !parse_property_list(p, reifier) ||
        !dm_parser_expect(p, DM_TOKEN_ANNOTATION_CLOSE, "';' or '|}'")) {
        return false;
    }
    dm_parser_leave(p);
    return true;
}

// Annotation ::= ( Reifier | AnnotationBlock )*
// A block speaks of the reifier that stands before it, else of a fresh one.
static bool
parse_annotation(struct dm_parser *p, const struct property *property,
                 const struct dm_triple_pattern *triple)
{
    struct dm_slot reifier = {0};
    bool has_reifier = false;
    for (;;) {
        const bool is_block = dm_parser_is(p, DM_TOKEN_ANNOTATION_OPEN);
        if (!is_block && !dm_parser_is(p, DM_TOKEN_TILDE)) {
            return !p->status;
        }
        if (!property->is_simple) {
            return dm_parser_fail(p, p->token.at, DM_ERR_SYNTAX,
                                  "what is reified needs a plain property, "
                                  "not a path");
        }
        if (!is_block || !has_reifier) {
            if (!(is_block ? dm_parser_blank(p, (struct dm_str){0}, &reifier)
                           : parse_reifier(p, &reifier)) ||
                !append_reifies(p, &reifier, triple)) {
                return false;
            }
        }
        if (is_block && !parse_annotation_block(p, &reifier)) {
            return false;
        }
        has_reifier = !is_block;
    }
}

// Object ::= GraphNode Annotation
static bool
parse_object(struct dm_parser *p, const struct dm_slot *subject,
             const struct property *property, struct dm_position at)
{
    struct dm_triple_pattern triple = {
        .s = *subject, .p = property->slot, .at = at};
    return parse_graph_node(p, &triple.o) &&
           append_property(p, subject, property, &triple.o, at) &&
           parse_annotation(p, property, &triple);
}

// ( VerbPath | VerbSimple ), and Verb
static bool
parse_property(struct dm_parser *p, struct property *ret)
{
    *ret = (struct property){.is_simple = true};
    if (p->in_template || dm_parser_is(p, DM_TOKEN_VAR)) {
        return dm_parse_verb(p, &ret->slot);
    }
    if (!dm_parse_is_path(p)) {
        return dm_parser_expected(p, "a property: a variable, an IRI or 'a'");
    }
    const struct dm_path *path = dm_parse_path(p, &ret->is_simple);
    if (!path) {
        return false;
    }
    if (path->kind == DM_PATH_LINK) {
        assert(path->iris);
        ret->slot = dm_slot_of_term(path->iris[0]);
    } else {
        ret->path = path;
    }
    return true;
}

static bool
is_property(const struct dm_parser *p)
{
    return dm_parser_is(p, DM_TOKEN_VAR) || dm_parse_is_path(p);
}

// PropertyListNotEmpty ::= Verb ObjectList ( ';' ( Verb ObjectList )? )*
// ObjectList ::= Object ( ',' Object )*
static bool
parse_property_list(struct dm_parser *p, const struct dm_slot *subject)
{
    do {
        const struct dm_position at = p->token.at;
        struct property property;
        if (!parse_property(p, &property)) {
            return false;
        }
        do {
            if (!parse_object(p, subject, &property, at)) {
                return false;
            }
        } while (dm_parser_accept(p, DM_TOKEN_COMMA));
        if (!dm_parser_is(p, DM_TOKEN_SEMICOLON)) {
            return !p->status;
        }
        while (dm_parser_accept(p, DM_TOKEN_SEMICOLON)) {
        }
    } while (is_property(p));
    return !p->status;
}

// BlankNodePropertyList ::= '[' PropertyListNotEmpty ']'
static bool
parse_blank_property_list(struct dm_parser *p, struct dm_slot *ret)
{
    if (!dm_parser_expect(p, DM_TOKEN_BRACKET_OPEN, "'['") ||
        !dm_parser_enter(p) || !dm_parser_blank(p, (struct dm_str){0}, ret) ||
        !parse_property_list(p, ret) ||
        !dm_parser_expect(p, DM_TOKEN_BRACKET_CLOSE, "';', ',' or ']'")) {
        return false;
    }
    dm_parser_leave(p);
    return true;
}

// Collection ::= '(' GraphNode+ ')'
static bool
parse_collection(struct dm_parser *p, struct dm_slot *ret)
{
    const struct dm_position at = p->token.at;
    if (!dm_parser_expect(p, DM_TOKEN_OPEN, "'('") || !dm_parser_enter(p) ||
        !dm_parser_blank(p, (struct dm_str){0}, ret)) {
        return false;
    }
    struct dm_slot cell = *ret;
    for (;;) {
        struct dm_slot first = {0};
        if (!parse_graph_node(p, &first) ||
            !append_iri(p, &cell, DM_RDF_NS "first", &first, at)) {
            return false;
        }
        if (dm_parser_accept(p, DM_TOKEN_CLOSE)) {
            break;
        }
        struct dm_slot rest = {0};
        if (p->status || !dm_parser_blank(p, (struct dm_str){0}, &rest) ||
            !append_iri(p, &cell, DM_RDF_NS "rest", &rest, at)) {
            return false;
        }
        cell = rest;
    }
    dm_parser_leave(p);
    const struct dm_slot nil =
        dm_slot_of_term(dm_term_iri(dm_str(DM_RDF_NS "nil")));
    return append_iri(p, &cell, DM_RDF_NS "rest", &nil, at);
}

// TriplesNode ::= Collection | BlankNodePropertyList
static bool
is_triples_node(const struct dm_parser *p)
{
    return dm_parser_is(p, DM_TOKEN_OPEN) ||
           dm_parser_is(p, DM_TOKEN_BRACKET_OPEN);
}

static bool
parse_triples_node(struct dm_parser *p, struct dm_slot *ret)
{
    return dm_parser_is(p, DM_TOKEN_OPEN) ? parse_collection(p, ret)
                                          : parse_blank_property_list(p, ret);
}

// GraphNode ::= VarOrTerm | TriplesNode | ReifiedTriple
static bool
parse_graph_node(struct dm_parser *p, struct dm_slot *ret)
{
    if (is_triples_node(p)) {
        return parse_triples_node(p, ret);
    }
    if (dm_parser_is(p, DM_TOKEN_REIFIED_OPEN)) {
        return parse_reified_triple(p, ret);
    }
    return dm_parse_var_or_term(p, ret);
}

bool
dm_parse_is_triples(const struct dm_parser *p)
{
    return dm_parse_is_var_or_term(p) || is_triples_node(p) ||
           dm_parser_is(p, DM_TOKEN_REIFIED_OPEN);
}

// TriplesSameSubject ::= VarOrTerm PropertyListNotEmpty
//     | TriplesNode PropertyList | ReifiedTripleBlock
// ReifiedTripleBlock ::= ReifiedTriple PropertyList
// PropertyList ::= PropertyListNotEmpty?
bool
dm_parse_triples_same_subject(struct dm_parser *p)
{
    struct dm_slot subject = {0};
    const bool stands_alone =
        is_triples_node(p) || dm_parser_is(p, DM_TOKEN_REIFIED_OPEN);
    if (!parse_graph_node(p, &subject)) {
        return false;
    }
    if (stands_alone && !is_property(p)) {
        return true;
    }
    return parse_property_list(p, &subject);
}
