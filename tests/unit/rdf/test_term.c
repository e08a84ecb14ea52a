// SPDX-License-Identifier: ISC

#include "base/alloc.h"
#include "base/arena.h"
#include "rdf/term.h"
#include "tests/check.h"

#define ARENA_MAX 65536

static struct dm_term
iri(const char *text)
{
    return dm_term_iri(dm_str(text));
}

static void
literals_know_their_datatype(void)
{
    const struct dm_term plain = dm_term_string(dm_str("x"));
    CHECK(dm_str_is(plain.datatype, DM_XSD_NS "string"));
    const struct dm_term tagged =
        dm_term_tagged(dm_str("x"), dm_str("en"), DM_DIRECTION_NONE);
    CHECK(dm_str_is(tagged.datatype, DM_RDF_NS "langString"));
    const struct dm_term directed =
        dm_term_tagged(dm_str("x"), dm_str("en"), DM_DIRECTION_RTL);
    CHECK(dm_str_is(directed.datatype, DM_RDF_NS "dirLangString"));
}

static void
equality_ignores_the_case_of_language_tags_only(void)
{
    const struct dm_term a =
        dm_term_tagged(dm_str("x"), dm_str("en-GB"), DM_DIRECTION_LTR);
    const struct dm_term b =
        dm_term_tagged(dm_str("x"), dm_str("EN-gb"), DM_DIRECTION_LTR);
    const struct dm_term c =
        dm_term_tagged(dm_str("X"), dm_str("en-GB"), DM_DIRECTION_LTR);
    const struct dm_term d =
        dm_term_tagged(dm_str("x"), dm_str("en-GB"), DM_DIRECTION_RTL);
    CHECK(dm_term_equal(&a, &b));
    CHECK(!dm_term_equal(&a, &c));
    CHECK(!dm_term_equal(&a, &d));
    CHECK_INT(dm_term_compare(&a, &b), 0);
    CHECK(dm_term_compare(&a, &c) > 0);
    CHECK(dm_term_compare(&a, &d) < 0);
}

static void
kinds_with_the_same_text_differ(void)
{
    const struct dm_term a = iri("x");
    const struct dm_term b = dm_term_blank(dm_str("x"));
    const struct dm_term c = dm_term_string(dm_str("x"));
    const struct dm_term none = {0};
    CHECK(!dm_term_equal(&a, &b));
    CHECK(!dm_term_equal(&b, &c));
    CHECK(dm_term_equal(&none, &none));
    CHECK(dm_term_compare(&none, &a) < 0);
    CHECK(dm_term_compare(&a, &b) < 0);
    CHECK(dm_term_compare(&b, &c) < 0);
    CHECK(dm_term_is_iri(&a, "x"));
    CHECK(!dm_term_is_iri(&b, "x"));
}

static void
triple_terms_compare_by_what_they_hold(void)
{
    const struct dm_triple inner = {iri("s"), iri("p"), iri("o")};
    const struct dm_triple same = inner;
    const struct dm_triple greater = {iri("s"), iri("p"), iri("o2")};
    const struct dm_term a = dm_term_triple(&inner);
    const struct dm_term b = dm_term_triple(&same);
    const struct dm_term c = dm_term_triple(&greater);
    CHECK(dm_term_equal(&a, &b));
    CHECK(!dm_term_equal(&a, &c));
    CHECK(dm_term_compare(&a, &c) < 0);
    CHECK_INT(dm_term_depth(&a), 1);

    const struct dm_triple outer = {iri("s"), iri("p"), a};
    const struct dm_term deep = dm_term_triple(&outer);
    CHECK_INT(dm_term_depth(&deep), 2);
    CHECK_INT(dm_term_depth(&inner.s), 0);
}

static void
quads_differ_by_graph(void)
{
    const struct dm_quad a = {iri("s"), iri("p"), iri("o"), {0}};
    const struct dm_quad b = {iri("s"), iri("p"), iri("o"), iri("g")};
    CHECK(dm_quad_equal(&a, &a));
    CHECK(!dm_quad_equal(&a, &b));
}

static void
a_copy_shares_nothing(void)
{
    char text[] = "abc";
    const struct dm_triple triple = {
        dm_term_iri(dm_str(text)), iri("p"),
        dm_term_tagged(dm_str(text), dm_str("en"), DM_DIRECTION_NONE)};
    const struct dm_term term = dm_term_triple(&triple);

    const size_t before = dm_alloc_count();
    for (size_t n = 0;; ++n) {
        struct dm_arena arena;
        dm_arena_init(&arena, ARENA_MAX, NULL);
        struct dm_term copy = {0};
        dm_alloc_fail_after(n);
        const enum dm_status status = dm_term_copy(&arena, &term, &copy);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        if (!status) {
            text[0] = 'z';
            CHECK(dm_term_is_iri(&copy.triple->s, "abc"));
            CHECK(dm_str_is(copy.triple->o.value, "abc"));
            CHECK(dm_str_is(copy.triple->o.language, "en"));
        } else {
            CHECK_INT(status, DM_ERR_NO_MEMORY);
            CHECK_INT(copy.kind, DM_TERM_NONE);
        }
        dm_arena_done(&arena);
        if (!status) {
            break;
        }
    }
    CHECK(dm_alloc_count() > before);
}

static void
a_copy_stays_within_its_arena(void)
{
    struct dm_arena arena;
    dm_arena_init(&arena, 64, NULL);
    char text[100] = {0};
    const struct dm_term term = dm_term_string(dm_str_n(text, sizeof(text)));
    struct dm_term copy = {0};
    CHECK_INT(dm_term_copy(&arena, &term, &copy), DM_ERR_NO_MEMORY);
    dm_arena_done(&arena);
}

int
main(void)
{
    literals_know_their_datatype();
    equality_ignores_the_case_of_language_tags_only();
    kinds_with_the_same_text_differ();
    triple_terms_compare_by_what_they_hold();
    quads_differ_by_graph();
    a_copy_shares_nothing();
    a_copy_stays_within_its_arena();
    return 0;
}
