// SPDX-License-Identifier: ISC

#include "tests/support/isomorphic.h"

#include "tests/check.h"

static bool
is_same(const char *a, const char *b)
{
    static const struct dm_reader_options options = {.syntax = DM_SYNTAX_TRIG,
                                                     .base = DM_STR("a:")};
    struct dm_quads left;
    struct dm_quads right;
    dm_quads_init(&left);
    dm_quads_init(&right);
    CHECK(!dm_quads_read(&left, &options, dm_str(a), 64, NULL));
    CHECK(!dm_quads_read(&right, &options, dm_str(b), 64, NULL));
    const bool same = dm_graph_isomorphic(&left, &right);
    dm_quads_done(&left);
    dm_quads_done(&right);
    return same;
}

static void
graphs_without_blank_nodes_are_compared_as_sets(void)
{
    CHECK(is_same("", ""));
    CHECK(is_same("<s> <p> <o> , <o> .", "<s> <p> <o> ."));
    CHECK(!is_same("<s> <p> <o> .", "<s> <p> <q> ."));
    CHECK(!is_same("<s> <p> <o> .", ""));
    CHECK(is_same("<s> <p> 'x'@en .", "<s> <p> 'x'@EN ."));
    CHECK(!is_same("<s> <p> 'x'@en--ltr .", "<s> <p> 'x'@en--rtl ."));
    CHECK(!is_same("<s> <p> <o> .", "<g> { <s> <p> <o> }"));
}

static void
names_of_blank_nodes_do_not_count(void)
{
    CHECK(is_same("_:a <p> _:b .", "_:x <p> _:y ."));
    CHECK(!is_same("_:a <p> _:b .", "_:a <p> _:a ."));
    CHECK(!is_same("_:a <p> _:b .", "_:a <p> <b> ."));
    CHECK(is_same("_:a <p> 1 . _:b <p> 2 . _:a <q> _:b .",
                  "_:b <p> 1 . _:a <p> 2 . _:b <q> _:a ."));
    CHECK(!is_same("_:a <p> 1 . _:b <p> 2 . _:a <q> _:b .",
                   "_:a <p> 1 . _:b <p> 2 . _:b <q> _:a ."));
    CHECK(is_same("_:g { _:a <p> 1 }", "_:h { _:g <p> 1 }"));
    CHECK(!is_same("_:g { _:a <p> 1 }", "_:g { _:g <p> 1 }"));
}

// Refinement alone tells none of these nodes from the others
static void
symmetry_is_broken_by_trying(void)
{
    static const char ring_of_six[] =
        "_:a <p> _:b . _:b <p> _:c . _:c <p> _:d ."
        "_:d <p> _:e . _:e <p> _:f . _:f <p> _:a .";
    static const char same_ring[] = "_:c <p> _:a . _:a <p> _:e . _:e <p> _:b ."
                                    "_:b <p> _:f . _:f <p> _:d . _:d <p> _:c .";
    static const char two_of_three[] =
        "_:a <p> _:b . _:b <p> _:c . _:c <p> _:a ."
        "_:d <p> _:e . _:e <p> _:f . _:f <p> _:d .";
    CHECK(is_same(ring_of_six, same_ring));
    CHECK(is_same(two_of_three, two_of_three));
    CHECK(!is_same(ring_of_six, two_of_three));
}

static void
blank_nodes_within_triple_terms_count(void)
{
    CHECK(is_same("_:r <p> <<( _:a <q> _:b )>> . _:a <x> 1 .",
                  "_:s <p> <<( _:b <q> _:a )>> . _:b <x> 1 ."));
    CHECK(!is_same("_:r <p> <<( _:a <q> _:b )>> . _:a <x> 1 .",
                   "_:s <p> <<( _:b <q> _:a )>> . _:a <x> 1 ."));
    CHECK(
        !is_same("_:r <p> <<( _:r <q> 1 )>> .", "_:r <p> <<( _:a <q> 1 )>> ."));
}

int
main(void)
{
    graphs_without_blank_nodes_are_compared_as_sets();
    names_of_blank_nodes_do_not_count();
    symmetry_is_broken_by_trying();
    blank_nodes_within_triple_terms_count();
    return 0;
}
