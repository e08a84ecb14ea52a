// SPDX-License-Identifier: ISC

#include "tests/support/isomorphic.h"

#include "base/alloc.h"
#include "base/map.h"
#include "tests/check.h"

#include <assert.h>
#include <string.h>

#define NODES_MAX 10000000U
#define TRIES_MAX 10000U
#define PLACES 4 // Subject, predicate, object, graph

/// A graph whose blank nodes have colours
struct colours {
    const struct dm_quads *quads;
    struct dm_map nodes; // Label to index
    uint64_t *now;       // By index
    uint64_t *next;
};

static uint64_t
mix(uint64_t a, uint64_t b)
{
    const uint64_t both[2] = {a, b};
    return dm_hash(dm_str_n((const char *)both, sizeof(both)), 0);
}

static void
find_nodes(struct dm_map *nodes, const struct dm_term *term)
{
    if (term->kind == DM_TERM_BLANK) {
        bool is_new = false;
        struct dm_map_entry *entry = dm_map_put(nodes, term->value, &is_new);
        assert(entry);
        if (is_new) {
            entry->value.number = nodes->n - 1;
        }
    } else if (term->kind == DM_TERM_TRIPLE) {
        find_nodes(nodes, &term->triple->s);
        find_nodes(nodes, &term->triple->o);
    }
}

static const struct dm_term *
place(const struct dm_quad *quad, size_t i)
{
    const struct dm_term *const places[PLACES] = {&quad->s, &quad->p, &quad->o,
                                                  &quad->g};
    return places[i];
}

static void
init(struct colours *colours, const struct dm_quads *quads)
{
    colours->quads = quads;
    dm_map_init(&colours->nodes, NODES_MAX, 0);
    for (size_t i = 0; i < quads->n; ++i) {
        for (size_t k = 0; k < PLACES; ++k) {
            find_nodes(&colours->nodes, place(&quads->items[i], k));
        }
    }
    const size_t n = colours->nodes.n;
    colours->now = dm_calloc(n + 1, sizeof(uint64_t));
    colours->next = dm_calloc(n + 1, sizeof(uint64_t));
    CHECK(colours->now && colours->next);
}

static void
done(struct colours *colours)
{
    dm_free(colours->now);
    dm_free(colours->next);
    dm_map_done(&colours->nodes);
}

static uint64_t *
colour_of(const struct colours *colours, uint64_t *of,
          const struct dm_term *blank)
{
    const struct dm_map_entry *entry =
        dm_map_get(&colours->nodes, blank->value);
    assert(entry);
    return &of[entry->value.number];
}

static uint64_t
hash_term(const struct colours *colours, const struct dm_term *term)
{
    const uint64_t kind = (uint64_t)term->kind;
    if (term->kind == DM_TERM_BLANK) {
        return mix(kind, *colour_of(colours, colours->now, term));
    }
    if (term->kind == DM_TERM_TRIPLE) {
        uint64_t hash = mix(kind, hash_term(colours, &term->triple->s));
        hash = mix(hash, hash_term(colours, &term->triple->p));
        return mix(hash, hash_term(colours, &term->triple->o));
    }
    // Not the language: its case does not count
    const uint64_t hash = mix(kind, dm_hash(term->value, 1));
    return mix(hash, dm_hash(term->datatype, 2));
}

// Give the nodes in `term` a share of what their quad says, by where they stand
static void
share(struct colours *colours, const struct dm_term *term, uint64_t hash,
      uint64_t where)
{
    if (term->kind == DM_TERM_BLANK) {
        *colour_of(colours, colours->next, term) += mix(hash, where);
    } else if (term->kind == DM_TERM_TRIPLE) {
        share(colours, &term->triple->s, hash, where * PLACES + 1);
        share(colours, &term->triple->o, hash, where * PLACES + 3);
    }
}

static void
refine_once(struct colours *colours)
{
    const size_t n = colours->nodes.n;
    for (size_t i = 0; i < n; ++i) {
        colours->next[i] = mix(colours->now[i], 0);
    }
    for (size_t i = 0; i < colours->quads->n; ++i) {
        const struct dm_quad *quad = &colours->quads->items[i];
        uint64_t hash = 0;
        for (size_t k = 0; k < PLACES; ++k) {
            hash = mix(hash, hash_term(colours, place(quad, k)));
        }
        for (size_t k = 0; k < PLACES; ++k) {
            share(colours, place(quad, k), hash, k + 1);
        }
    }
    uint64_t *const old = colours->now;
    colours->now = colours->next;
    colours->next = old;
}

static int
compare_numbers(const void *a, const void *b)
{
    uint64_t left = 0;
    uint64_t right = 0;
    memcpy(&left, a, sizeof(left));
    memcpy(&right, b, sizeof(right));
    return left < right ? -1 : left > right;
}

// The colours in ascending order, in `next`; how many different ones
static size_t
sort_colours(struct colours *colours)
{
    const size_t n = colours->nodes.n;
    memcpy(colours->next, colours->now, n * sizeof(uint64_t));
    qsort(colours->next, n, sizeof(uint64_t), compare_numbers);
    size_t different = n ? 1 : 0;
    for (size_t i = 1; i < n; ++i) {
        different += colours->next[i] != colours->next[i - 1] ? 1 : 0;
    }
    return different;
}

// Refine both alike until no colour splits; whether they look the same
static bool
refine(struct colours *a, struct colours *b, size_t *ret_different)
{
    const size_t n = a->nodes.n;
    size_t before = 0;
    for (;;) {
        const size_t different = sort_colours(a);
        (void)sort_colours(b);
        if (n && memcmp(a->next, b->next, n * sizeof(uint64_t)) != 0) {
            return false;
        }
        if (different == before || different == n) {
            *ret_different = different;
            return true;
        }
        before = different;
        refine_once(a);
        refine_once(b);
    }
}

// The node of `colours` that has `colour`, which is its alone
static struct dm_str
label_of(const struct colours *colours, uint64_t colour)
{
    for (size_t i = 0; i < colours->nodes.n; ++i) {
        const struct dm_map_entry *entry = &colours->nodes.entries[i];
        if (colours->now[entry->value.number] == colour) {
            return entry->key;
        }
    }
    CHECK(false);
    return (struct dm_str){0};
}

/// From nodes of one graph to labels of the other, by index
struct renaming {
    const struct colours *from;
    struct dm_str *labels;
    struct dm_arena *arena;
};

static struct dm_term
rename_term(const struct renaming *renaming, const struct dm_term *term)
{
    struct dm_term renamed = *term;
    if (term->kind == DM_TERM_BLANK) {
        const struct dm_map_entry *entry =
            dm_map_get(&renaming->from->nodes, term->value);
        assert(entry);
        renamed.value = renaming->labels[entry->value.number];
    } else if (term->kind == DM_TERM_TRIPLE) {
        struct dm_triple *triple =
            dm_arena_alloc(renaming->arena, 1, sizeof(*triple));
        assert(triple);
        triple->s = rename_term(renaming, &term->triple->s);
        triple->p = term->triple->p;
        triple->o = rename_term(renaming, &term->triple->o);
        renamed.triple = triple;
    }
    return renamed;
}

// Every node has a colour of its own: whether mapping like to like makes the
// graphs equal
static bool
is_mapping(const struct colours *a, const struct colours *b)
{
    struct dm_quads renamed;
    dm_quads_init(&renamed);
    const size_t n = a->nodes.n;
    struct renaming renaming = {a, NULL, &renamed.arena};
    renaming.labels =
        dm_arena_alloc(&renamed.arena, n + 1, sizeof(*renaming.labels));
    assert(renaming.labels);
    for (size_t i = 0; i < n; ++i) {
        renaming.labels[i] = label_of(b, a->now[i]);
    }
    for (size_t i = 0; i < a->quads->n; ++i) {
        const struct dm_quad *quad = &a->quads->items[i];
        const struct dm_quad copy = {rename_term(&renaming, &quad->s), quad->p,
                                     rename_term(&renaming, &quad->o),
                                     rename_term(&renaming, &quad->g)};
        dm_quads_add(&renamed, &copy);
    }
    dm_quads_normalise(&renamed);

    bool same = renamed.n == b->quads->n;
    for (size_t i = 0; same && i < renamed.n; ++i) {
        same = dm_quad_equal(&renamed.items[i], &b->quads->items[i]);
    }
    dm_quads_done(&renamed);
    return same;
}

// A colour that several nodes have; there is one
static uint64_t
shared_colour(struct colours *colours)
{
    (void)sort_colours(colours);
    for (size_t i = 1; i < colours->nodes.n; ++i) {
        if (colours->next[i] == colours->next[i - 1]) {
            return colours->next[i];
        }
    }
    CHECK(false);
    return 0;
}

static bool match(struct colours *a, struct colours *b, unsigned *tries);

// Give node `i` of `a` and node `k` of `b` a colour of their own, and see
static bool
try_pair(struct colours *a, struct colours *b, size_t i, size_t k,
         unsigned *tries)
{
    const size_t bytes = a->nodes.n * sizeof(uint64_t);
    uint64_t *const kept = dm_malloc(2 * bytes);
    CHECK(kept);
    memcpy(kept, a->now, bytes);
    memcpy(kept + a->nodes.n, b->now, bytes);
    a->now[i] = b->now[k] = mix(a->now[i], *tries);
    const bool same = match(a, b, tries);
    memcpy(a->now, kept, bytes);
    memcpy(b->now, kept + a->nodes.n, bytes);
    dm_free(kept);
    return same;
}

static bool
match(struct colours *a, struct colours *b, unsigned *tries)
{
    size_t different = 0;
    if (!refine(a, b, &different)) {
        return false;
    }
    const size_t n = a->nodes.n;
    if (different == n) {
        return is_mapping(a, b);
    }
    const uint64_t colour = shared_colour(a);
    size_t i = 0;
    while (a->now[i] != colour) {
        ++i;
    }
    for (size_t k = 0; k < n; ++k) {
        if (b->now[k] != colour) {
            continue;
        }
        if (++*tries > TRIES_MAX) {
            (void)fprintf(stderr, "the graphs are too symmetrical\n");
            CHECK(false);
        }
        if (try_pair(a, b, i, k, tries)) {
            return true;
        }
    }
    return false;
}

bool
dm_graph_isomorphic(struct dm_quads *a, struct dm_quads *b)
{
    dm_quads_normalise(a);
    dm_quads_normalise(b);
    struct colours left;
    struct colours right;
    init(&left, a);
    init(&right, b);
    unsigned tries = 0;
    const bool same = a->n == b->n && left.nodes.n == right.nodes.n &&
                      match(&left, &right, &tries);
    done(&left);
    done(&right);
    return same;
}
