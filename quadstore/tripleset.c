// SPDX-License-Identifier: ISC

#include "quadstore/tripleset.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define TRIPLES_MAX ((size_t)1 << 28U)
#define ORDERS 4

// Which position comes first, second, third in each order
enum order { ORDER_SPO, ORDER_PSO, ORDER_POS, ORDER_OSP };

static const unsigned char orders[ORDERS][3] = {
    [ORDER_SPO] = {0, 1, 2},
    [ORDER_PSO] = {1, 0, 2},
    [ORDER_POS] = {1, 2, 0},
    [ORDER_OSP] = {2, 0, 1},
};

// I1 A pattern's bound positions come first in its order, and its rows in that
//    order ascend by (s, p, o).
static const enum order order_of_shape[8] = {
    ORDER_SPO, ORDER_SPO, ORDER_PSO, ORDER_SPO,
    ORDER_OSP, ORDER_OSP, ORDER_POS, ORDER_SPO,
};

struct row {
    dm_id at[3]; // s, p, o as they stand in the order
};

struct dm_tripleset {
    struct dm_account *account;
    bool is_sealed;
    size_t n;
    size_t capacity;
    size_t charged;
    struct row *rows[ORDERS]; // Before sealing only the first, unsorted
    size_t n_subjects;        // Different ones, for estimates
    size_t n_predicates;
};

struct cursor {
    const struct row *next;
    const struct row *end;
    enum order order;
};

static int
compare_rows(const void *a, const void *b)
{
    const struct row *x = a;
    const struct row *y = b;
    for (size_t i = 0; i < 3; ++i) {
        if (x->at[i] != y->at[i]) {
            return x->at[i] < y->at[i] ? -1 : 1;
        }
    }
    return 0;
}

struct dm_tripleset *
dm_tripleset_new(struct dm_account *account)
{
    struct dm_tripleset *set = dm_calloc(1, sizeof(*set));
    if (set) {
        set->account = account;
    }
    return set;
}

void
dm_tripleset_free(struct dm_tripleset *set)
{
    if (!set) {
        return;
    }
    for (size_t i = 0; i < ORDERS; ++i) {
        dm_free(set->rows[i]);
    }
    if (set->account) {
        dm_account_release(set->account, set->charged);
    }
    dm_free(set);
}

static enum dm_status
charge(struct dm_tripleset *set, size_t bytes)
{
    if (set->account && dm_account_charge(set->account, bytes)) {
        return DM_ERR_NO_MEMORY;
    }
    set->charged += set->account ? bytes : 0;
    return DM_OK;
}

enum dm_status
dm_tripleset_add(struct dm_tripleset *set, dm_id s, dm_id p, dm_id o)
{
    assert(!set->is_sealed && s && p && o);
    if (set->n == set->capacity) {
        const size_t before = set->capacity;
        const size_t want = before ? before * 2 : 64;
        if (want > TRIPLES_MAX) {
            return DM_ERR_LIMIT;
        }
        enum dm_status status =
            charge(set, (want - before) * sizeof(struct row));
        if (status) {
            return status;
        }
        struct row *rows =
            dm_realloc(set->rows[ORDER_SPO], want, sizeof(*rows));
        if (!rows) {
            return DM_ERR_NO_MEMORY;
        }
        set->rows[ORDER_SPO] = rows;
        set->capacity = want;
    }
    set->rows[ORDER_SPO][set->n++] = (struct row){{s, p, o}};
    return DM_OK;
}

static void
remove_duplicates(struct dm_tripleset *set)
{
    struct row *rows = set->rows[ORDER_SPO];
    size_t kept = 0;
    for (size_t i = 0; i < set->n; ++i) {
        if (kept == 0 || compare_rows(&rows[kept - 1], &rows[i]) != 0) {
            rows[kept++] = rows[i];
        }
    }
    set->n = kept;
}

static size_t
count_first(const struct row *rows, size_t n)
{
    size_t n_different = 0;
    for (size_t i = 0; i < n; ++i) {
        n_different += i == 0 || rows[i].at[0] != rows[i - 1].at[0] ? 1 : 0;
    }
    return n_different;
}

enum dm_status
dm_tripleset_seal(struct dm_tripleset *set)
{
    assert(!set->is_sealed);
    if (set->n) {
        qsort(set->rows[ORDER_SPO], set->n, sizeof(struct row), compare_rows);
        remove_duplicates(set);
    }
    for (size_t order = 1; set->n && order < ORDERS; ++order) {
        enum dm_status status = charge(set, set->n * sizeof(struct row));
        if (status) {
            return status;
        }
        struct row *rows = dm_calloc(set->n, sizeof(*rows));
        if (!rows) {
            return DM_ERR_NO_MEMORY;
        }
        for (size_t i = 0; i < set->n; ++i) {
            for (size_t k = 0; k < 3; ++k) {
                rows[i].at[k] = set->rows[ORDER_SPO][i].at[orders[order][k]];
            }
        }
        qsort(rows, set->n, sizeof(*rows), compare_rows);
        dm_free(set->rows[order]);
        set->rows[order] = rows;
    }
    set->n_subjects = count_first(set->rows[ORDER_SPO], set->n);
    set->n_predicates = count_first(set->rows[ORDER_PSO], set->n);
    set->is_sealed = true;
    return DM_OK;
}

size_t
dm_tripleset_count(const struct dm_tripleset *set)
{
    return set->n;
}

// ----------------------------------------------------------------------- graph

// The first of `n` rows whose first `k` positions are not less than `bound`;
// with `is_after`, are greater.
static const struct row *
search(const struct row *rows, size_t n, const struct row *bound, size_t k,
       bool is_after)
{
    size_t low = 0;
    size_t high = n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        int order = 0;
        for (size_t i = 0; i < k && order == 0; ++i) {
            const dm_id a = rows[middle].at[i];
            order = a < bound->at[i] ? -1 : a > bound->at[i];
        }
        if (order < 0 || (is_after && order == 0)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return rows + low;
}

static struct cursor
find(const struct dm_tripleset *set, struct dm_triple_ids pattern)
{
    const dm_id bound[3] = {pattern.s, pattern.p, pattern.o};
    unsigned shape = 0;
    size_t n_bound = 0;
    for (unsigned i = 0; i < 3; ++i) {
        if (bound[i]) {
            shape |= 1U << i;
            ++n_bound;
        }
    }
    struct cursor cursor = {.order = order_of_shape[shape]};
    struct row key = {{0}};
    for (size_t i = 0; i < n_bound; ++i) {
        key.at[i] = bound[orders[cursor.order][i]];
        assert(key.at[i]); // I1
    }
    if (set->n) {
        const struct row *rows = set->rows[cursor.order];
        cursor.next = search(rows, set->n, &key, n_bound, false);
        cursor.end = search(rows, set->n, &key, n_bound, true);
    }
    return cursor;
}

static enum dm_status
graph_open(void *context, struct dm_triple_ids pattern, void **ret_cursor)
{
    const struct dm_tripleset *set = context;
    assert(set->is_sealed);
    struct cursor *cursor = dm_calloc(1, sizeof(*cursor));
    if (!cursor) {
        return DM_ERR_NO_MEMORY;
    }
    *cursor = find(set, pattern);
    *ret_cursor = cursor;
    return DM_OK;
}

static enum dm_status
graph_next(void *context, struct dm_triple_ids *ret)
{
    struct cursor *cursor = context;
    if (cursor->next == cursor->end) {
        return DM_END;
    }
    dm_id spo[3];
    for (size_t i = 0; i < 3; ++i) {
        spo[orders[cursor->order][i]] = cursor->next->at[i];
    }
    ++cursor->next;
    *ret = (struct dm_triple_ids){spo[0], spo[1], spo[2]};
    return DM_OK;
}

static void
graph_close(void *cursor)
{
    dm_free(cursor);
}

static double
graph_estimate(void *context, struct dm_triple_ids pattern)
{
    const struct dm_tripleset *set = context;
    if (!set->n) {
        return 0;
    }
    // A subject or predicate yet unknown is one of all there are; of objects a
    // predicate has fewer than the set
    const double shares[3] = {1.0 / (double)set->n_subjects,
                              1.0 / (double)set->n_predicates, 1.0 / 8};
    const dm_id bound[3] = {pattern.s, pattern.p, pattern.o};
    struct dm_triple_ids known = pattern;
    double share = 1;
    dm_id *const ids[3] = {&known.s, &known.p, &known.o};
    for (size_t i = 0; i < 3; ++i) {
        if (bound[i] == DM_ID_ANY_BOUND) {
            *ids[i] = DM_ID_NONE;
            share *= shares[i];
        }
    }
    const struct cursor cursor = find(set, known);
    return (double)(cursor.end - cursor.next) * share;
}

const struct dm_virtual_graph_ops dm_tripleset_graph = {
    graph_open,
    graph_next,
    graph_close,
    graph_estimate,
};
