// SPDX-License-Identifier: ISC

// ORDER BY. Each row is kept with the values of its keys in one piece of
// memory. Where only the first rows are wanted, twice as many are kept at most:
// then they are sorted and the worse half is given back.

#include "base/alloc.h"
#include "base/work.h"
#include "quadstore/store.h"
#include "sparql/exec_private.h"
#include "sparql/sorter_private.h"

#include <assert.h>
#include <string.h>

#define ENTRIES_MAX ((size_t)1 << 28U)
#define LEAST_KEPT 256U

enum phase {
    READING,
    CUTTING, ///< Sorting in between, to give back the worse half
    SORTING,
    YIELDING,
};

struct entry {
    size_t bytes; ///< What it was charged
    dm_id *row;
    struct dm_value keys[];
};

struct key {
    const struct dm_expr_code *code;
    bool descending;
};

struct order {
    struct dm_operator base;
    struct key *keys;
    size_t n_keys;
    dm_var *columns;
    size_t n_columns;
    uint64_t limit;
    struct dm_account *account;
    enum phase phase;
    void **entries;
    void **spare;
    size_t n;
    size_t capacity;
    size_t spare_capacity;
    struct dm_sorter sorter;
    size_t at;
    struct dm_value *values; ///< Of the row that is being read
};

// ------------------------------------------------------------ entries

static void
release_entry(struct order *order, struct entry *entry)
{
    dm_account_release(order->account, entry->bytes);
    dm_free(entry);
}

static size_t
padded(size_t n)
{
    static const size_t align = _Alignof(max_align_t);
    return (n + align - 1) / align * align;
}

// Bytes of a term outside of its struct. Triple terms are copied by id: they
// are compared after a new look-up, which is rare enough.
static size_t
bytes_of(const struct dm_value *value)
{
    if (value->is_computed || value->kind == DM_VALUE_UNBOUND) {
        return 0;
    }
    return value->term.value.n + value->term.datatype.n +
           value->term.language.n;
}

static struct dm_str
move_str(struct dm_str text, char **to)
{
    const struct dm_str moved = {*to, text.n};
    if (text.n) {
        memcpy(*to, text.data, text.n);
    }
    *to += text.n;
    return moved;
}

static void
keep_value(const struct dm_value *value, struct dm_value *kept, char **to)
{
    *kept = *value;
    if (value->is_computed || value->kind == DM_VALUE_UNBOUND) {
        return;
    }
    kept->term.value = move_str(value->term.value, to);
    kept->term.datatype = move_str(value->term.datatype, to);
    kept->term.language = move_str(value->term.language, to);
    kept->term.triple = NULL;
}

static enum dm_status
make_entry(struct order *order, const dm_id *row, struct entry **ret)
{
    const size_t head =
        padded(sizeof(struct entry) + order->n_keys * sizeof(struct dm_value));
    size_t bytes = head + order->n_columns * sizeof(dm_id);
    for (size_t i = 0; i < order->n_keys; ++i) {
        bytes += bytes_of(&order->values[i]);
    }
    // Its places in the two arrays count too
    const size_t charged = bytes + 2 * sizeof(void *);
    const enum dm_status status = dm_account_charge(order->account, charged);
    if (status) {
        return status;
    }
    struct entry *entry = dm_malloc(bytes);
    if (!entry) {
        dm_account_release(order->account, charged);
        return DM_ERR_NO_MEMORY;
    }
    entry->bytes = charged;
    char *rest = (char *)entry + head;
    entry->row = (dm_id *)(void *)rest;
    rest += order->n_columns * sizeof(dm_id);
    for (size_t i = 0; i < order->n_columns; ++i) {
        entry->row[i] = row[order->columns[i]];
    }
    for (size_t i = 0; i < order->n_keys; ++i) {
        keep_value(&order->values[i], &entry->keys[i], &rest);
    }
    *ret = entry;
    return DM_OK;
}

static int
compare_keys(struct order *order, const struct dm_value *a,
             const struct dm_value *b)
{
    if (a->kind != DM_VALUE_TRIPLE || b->kind != DM_VALUE_TRIPLE) {
        return dm_value_order(a, b);
    }
    struct dm_value whole_a = {0};
    struct dm_value whole_b = {0};
    struct dm_snapshot *snapshot = order->base.context->snapshot;
    // A failure to read leaves the two as they are; the next tick will tell
    if (dm_value_from_id(snapshot, a->id, &whole_a) ||
        dm_value_from_id(snapshot, b->id, &whole_b)) {
        return 0;
    }
    return dm_value_order(&whole_a, &whole_b);
}

static int
compare(void *context, const void *a, const void *b)
{
    struct order *order = context;
    const struct entry *entry_a = a;
    const struct entry *entry_b = b;
    for (size_t i = 0; i < order->n_keys; ++i) {
        const int result =
            compare_keys(order, &entry_a->keys[i], &entry_b->keys[i]);
        if (result) {
            return order->keys[i].descending ? -result : result;
        }
    }
    return 0;
}

// ------------------------------------------------------------ reading

static enum dm_status
evaluate_keys(struct order *order, const dm_id *row)
{
    struct dm_exec_context *context = order->base.context;
    struct dm_eval eval = {
        .context = context, .row = row, .arena = context->scratch};
    for (size_t i = 0; i < order->n_keys; ++i) {
        struct dm_value *value = &order->values[i];
        enum dm_status status = dm_eval_code(&eval, order->keys[i].code, value);
        if (status == DM_ERR_ARGUMENT) {
            // An error sorts as unbound
            *value = (struct dm_value){.kind = DM_VALUE_UNBOUND};
            status = DM_OK;
        } else if (!status && value->kind == DM_VALUE_TRIPLE) {
            status = dm_value_id(context->snapshot, context->scratch, value,
                                 &value->id);
        }
        if (status) {
            return status;
        }
    }
    return DM_OK;
}

static enum dm_status
make_room(struct order *order)
{
    void *entries = dm_grow(order->entries, &order->capacity, order->n + 1,
                            sizeof(*order->entries), ENTRIES_MAX);
    if (!entries) {
        return DM_ERR_NO_MEMORY;
    }
    order->entries = entries;
    void *spare = dm_grow(order->spare, &order->spare_capacity, order->n + 1,
                          sizeof(*order->spare), ENTRIES_MAX);
    if (!spare) {
        return DM_ERR_NO_MEMORY;
    }
    order->spare = spare;
    return DM_OK;
}

static enum dm_status
keep(struct order *order, const dm_id *row)
{
    struct dm_arena *scratch = order->base.context->scratch;
    const struct dm_arena_mark mark = dm_arena_mark(scratch);
    struct entry *entry = NULL;
    enum dm_status status = make_room(order);
    if (!status) {
        status = evaluate_keys(order, row);
    }
    if (!status) {
        status = make_entry(order, row, &entry);
    }
    dm_arena_rewind(scratch, mark);
    if (!status) {
        order->entries[order->n++] = entry;
    }
    return status;
}

static void
begin_sort(struct order *order, enum phase phase)
{
    order->phase = phase;
    order->sorter = (struct dm_sorter){.items = order->entries,
                                       .spare = order->spare,
                                       .n = order->n,
                                       .compare = compare,
                                       .context = order};
}

static enum dm_status
sort(struct order *order)
{
    const enum dm_status status =
        dm_sorter_run(&order->sorter, order->base.context);
    // The two arrays may have changed places
    if (order->entries != order->sorter.items) {
        const size_t capacity = order->capacity;
        order->entries = order->sorter.items;
        order->spare = order->sorter.spare;
        order->capacity = order->spare_capacity;
        order->spare_capacity = capacity;
    }
    return status;
}

static void
cut(struct order *order, size_t n)
{
    while (order->n > n) {
        release_entry(order, order->entries[--order->n]);
    }
}

// Whether so many are kept that those beyond the limit should go
static bool
is_full(const struct order *order)
{
    const size_t most = ENTRIES_MAX / 2;
    if (order->limit >= most) {
        return false;
    }
    const size_t wanted =
        order->limit > LEAST_KEPT ? (size_t)order->limit : LEAST_KEPT;
    return order->n >= 2 * wanted;
}

static enum dm_status
read_all(struct order *order, dm_id *row)
{
    for (;;) {
        if (order->phase == CUTTING) {
            const enum dm_status status = sort(order);
            if (status) {
                return status;
            }
            cut(order, (size_t)order->limit);
            order->phase = READING;
        }
        enum dm_status status = dm_operator_next(order->base.children[0], row);
        if (status == DM_END) {
            begin_sort(order, SORTING);
            return DM_OK;
        }
        if (!status) {
            status = keep(order, row);
        }
        if (status) {
            return status;
        }
        if (is_full(order)) {
            begin_sort(order, CUTTING);
        }
    }
}

// ------------------------------------------------------------ the operator

static void
order_close(struct dm_operator *op)
{
    struct order *order = (struct order *)op;
    cut(order, 0);
    dm_free(order->entries);
    dm_free(order->spare);
    order->entries = NULL;
    order->spare = NULL;
    order->capacity = 0;
    order->spare_capacity = 0;
    order->at = 0;
    order->phase = YIELDING;
}

static enum dm_status
order_open(struct dm_operator *op, const dm_id *seed)
{
    order_close(op);
    ((struct order *)op)->phase = READING;
    return dm_operator_open(op->children[0], seed);
}

static enum dm_status
order_next(struct dm_operator *op, dm_id *row)
{
    struct order *order = (struct order *)op;
    enum dm_status status = DM_OK;
    if (order->phase == READING || order->phase == CUTTING) {
        status = read_all(order, row);
    }
    if (!status && order->phase == SORTING) {
        status = sort(order);
        order->phase = status ? SORTING : YIELDING;
    }
    if (status) {
        return status;
    }
    if (order->at == order->n || order->at >= order->limit) {
        return DM_END;
    }
    const struct entry *entry = order->entries[order->at++];
    dm_row_copy(op->context, row, op->seed);
    for (size_t i = 0; i < order->n_columns; ++i) {
        row[order->columns[i]] = entry->row[i];
    }
    return DM_OK;
}

const struct dm_operator_ops dm_order_ops = {.name = "Order",
                                             .open = order_open,
                                             .next = order_next,
                                             .close = order_close};

void
dm_order_set_limit(struct dm_operator *op, uint64_t limit)
{
    assert(dm_operator_is(op, &dm_order_ops));
    ((struct order *)op)->limit = limit;
}

static enum dm_status
compile_keys(struct dm_planner *planner, const struct dm_alg *alg,
             struct order *order)
{
    order->n_keys = alg->n_order;
    order->keys =
        dm_arena_alloc(planner->arena, alg->n_order, sizeof(*order->keys));
    order->values =
        dm_arena_alloc(planner->arena, alg->n_order, sizeof(*order->values));
    enum dm_status status =
        order->keys && order->values ? DM_OK : DM_ERR_NO_MEMORY;
    for (size_t i = 0; !status && i < alg->n_order; ++i) {
        struct dm_expr_code *code = NULL;
        status = dm_code_compile(planner->compiler, alg->order[i].expr, &code);
        order->keys[i] = (struct key){code, alg->order[i].descending};
    }
    return status;
}

enum dm_status
dm_plan_order(struct dm_planner *planner, const struct dm_alg *alg,
              struct dm_operator **ret)
{
    struct dm_operator *child = NULL;
    enum dm_status status = dm_plan(planner, alg->left, &child);
    if (status) {
        return status;
    }
    struct dm_operator_sets sets = {0};
    struct order *order =
        dm_operator_new(planner, sizeof(*order), &dm_order_ops, &sets);
    if (!order) {
        return DM_ERR_NO_MEMORY;
    }
    const size_t n_vars = planner->context->n_vars;
    order->columns =
        dm_arena_alloc(planner->arena, n_vars, sizeof(*order->columns));
    if (!order->columns) {
        return DM_ERR_NO_MEMORY;
    }
    order->n_columns =
        dm_plan_list(planner, child->possible, child->possible, order->columns);
    order->limit = DM_NO_LIMIT;
    order->account = &dm_snapshot_work(planner->context->snapshot)->account;
    order->phase = YIELDING;
    order->base.children[0] = child;
    const size_t n_words = planner->n_words;
    dm_bits_unite(sets.certain, child->certain, n_words);
    dm_bits_unite(sets.possible, child->possible, n_words);
    order->base.estimate = child->estimate;
    order->base.cost = child->cost;
    *ret = &order->base;
    status = compile_keys(planner, alg, order);
    return status;
}
