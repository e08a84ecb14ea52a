// SPDX-License-Identifier: ISC

#include "rdf/term.h"

#include "base/arena.h"

#include <assert.h>

struct dm_term
dm_term_iri(struct dm_str iri)
{
    return (struct dm_term){.kind = DM_TERM_IRI, .value = iri};
}

struct dm_term
dm_term_blank(struct dm_str label)
{
    return (struct dm_term){.kind = DM_TERM_BLANK, .value = label};
}

struct dm_term
dm_term_literal(struct dm_str lexical, struct dm_str datatype)
{
    assert(datatype.n > 0);
    return (struct dm_term){
        .kind = DM_TERM_LITERAL, .value = lexical, .datatype = datatype};
}

struct dm_term
dm_term_string(struct dm_str text)
{
    return dm_term_literal(text, (struct dm_str)DM_STR(DM_XSD_NS "string"));
}

struct dm_term
dm_term_tagged(struct dm_str text, struct dm_str language,
               enum dm_direction direction)
{
    static const struct dm_str tagged = DM_STR(DM_RDF_NS "langString");
    static const struct dm_str directed = DM_STR(DM_RDF_NS "dirLangString");
    assert(language.n > 0);
    return (struct dm_term){
        .kind = DM_TERM_LITERAL,
        .direction = direction,
        .value = text,
        .datatype = direction == DM_DIRECTION_NONE ? tagged : directed,
        .language = language,
    };
}

struct dm_term
dm_term_triple(const struct dm_triple *triple)
{
    return (struct dm_term){.kind = DM_TERM_TRIPLE, .triple = triple};
}

static unsigned char
lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static int
compare_nocase(struct dm_str a, struct dm_str b)
{
    const size_t n = a.n < b.n ? a.n : b.n;
    for (size_t i = 0; i < n; ++i) {
        const int order = (int)lower(a.data[i]) - (int)lower(b.data[i]);
        if (order) {
            return order;
        }
    }
    return a.n < b.n ? -1 : a.n > b.n;
}

bool
dm_term_equal(const struct dm_term *a, const struct dm_term *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    switch (a->kind) {
    case DM_TERM_NONE:
        return true;
    case DM_TERM_IRI:
    case DM_TERM_BLANK:
        return dm_str_equal(a->value, b->value);
    case DM_TERM_LITERAL:
        return a->direction == b->direction &&
               dm_str_equal(a->value, b->value) &&
               dm_str_equal(a->datatype, b->datatype) &&
               dm_str_equal_nocase(a->language, b->language);
    case DM_TERM_TRIPLE:
        return a->triple == b->triple ||
               (dm_term_equal(&a->triple->s, &b->triple->s) &&
                dm_term_equal(&a->triple->p, &b->triple->p) &&
                dm_term_equal(&a->triple->o, &b->triple->o));
    }
    return false;
}

static int
compare_triples(const struct dm_triple *a, const struct dm_triple *b)
{
    int order = dm_term_compare(&a->s, &b->s);
    if (!order) {
        order = dm_term_compare(&a->p, &b->p);
    }
    return order ? order : dm_term_compare(&a->o, &b->o);
}

int
dm_term_compare(const struct dm_term *a, const struct dm_term *b)
{
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    if (a->kind == DM_TERM_TRIPLE) {
        return compare_triples(a->triple, b->triple);
    }

    int order = dm_str_compare(a->value, b->value);
    if (!order) {
        order = dm_str_compare(a->datatype, b->datatype);
    }
    if (!order) {
        order = compare_nocase(a->language, b->language);
    }
    return order ? order : (int)a->direction - (int)b->direction;
}

bool
dm_quad_equal(const struct dm_quad *a, const struct dm_quad *b)
{
    return dm_term_equal(&a->s, &b->s) && dm_term_equal(&a->p, &b->p) &&
           dm_term_equal(&a->o, &b->o) && dm_term_equal(&a->g, &b->g);
}

bool
dm_term_is_iri(const struct dm_term *term, const char *iri)
{
    return term->kind == DM_TERM_IRI && dm_str_is(term->value, iri);
}

unsigned
dm_term_depth(const struct dm_term *term)
{
    if (term->kind != DM_TERM_TRIPLE) {
        return 0;
    }
    // Only subject and object can be triple terms
    const unsigned s = dm_term_depth(&term->triple->s);
    const unsigned o = dm_term_depth(&term->triple->o);
    return 1 + (s > o ? s : o);
}

static enum dm_status
copy_triple(struct dm_arena *arena, const struct dm_triple *triple,
            const struct dm_triple **ret)
{
    struct dm_triple *copy = dm_arena_alloc(arena, 1, sizeof(*copy));
    if (!copy) {
        return DM_ERR_NO_MEMORY;
    }
    enum dm_status status = dm_term_copy(arena, &triple->s, &copy->s);
    if (!status) {
        status = dm_term_copy(arena, &triple->p, &copy->p);
    }
    if (!status) {
        status = dm_term_copy(arena, &triple->o, &copy->o);
    }
    if (!status) {
        *ret = copy;
    }
    return status;
}

enum dm_status
dm_term_copy(struct dm_arena *arena, const struct dm_term *term,
             struct dm_term *ret)
{
    struct dm_term copy = *term;
    if (term->kind == DM_TERM_TRIPLE) {
        const enum dm_status status =
            copy_triple(arena, term->triple, &copy.triple);
        if (!status) {
            *ret = copy;
        }
        return status;
    }

    struct dm_str *const parts[] = {&copy.value, &copy.datatype,
                                    &copy.language};
    for (size_t i = 0; i < DM_COUNT_OF(parts); ++i) {
        if (!parts[i]->data) {
            continue;
        }
        *parts[i] = dm_arena_copy(arena, *parts[i]);
        if (!parts[i]->data) {
            return DM_ERR_NO_MEMORY;
        }
    }
    *ret = copy;
    return DM_OK;
}
