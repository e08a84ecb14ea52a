// SPDX-License-Identifier: ISC

#include "sparql/pairs_private.h"

#include "base/buf.h"
#include "base/work.h"
#include "quadstore/store.h"

#include <assert.h>

// Left solutions that are read before a way is chosen
#define LOOK_ROWS 128U
// What opening the right side once costs, in rows of it
#define OPEN_COST 8.0

// A filter that sinks may take the place of either, so they are not kept
static struct dm_operator *
left_of(const struct dm_pairs *pairs)
{
    return pairs->op->children[0];
}

static struct dm_operator *
right_of(const struct dm_pairs *pairs)
{
    return pairs->op->children[1];
}

// ------------------------------------------------------------ planning

enum dm_status
dm_pairs_plan(struct dm_planner *planner, struct dm_pairs *pairs,
              struct dm_operator *op)
{
    const size_t n_vars = planner->context->n_vars;
    struct dm_account *account =
        &dm_snapshot_work(planner->context->snapshot)->account;
    pairs->op = op;
    struct dm_arena *arena = planner->arena;
    dm_var *keys = dm_arena_alloc(arena, n_vars, sizeof(dm_var));
    dm_var *shared = dm_arena_alloc(arena, n_vars, sizeof(dm_var));
    dm_var *columns = dm_arena_alloc(arena, n_vars, sizeof(dm_var));
    dm_id *left_row = dm_arena_alloc(arena, n_vars, sizeof(dm_id));
    dm_id *right_row = dm_arena_alloc(arena, n_vars, sizeof(dm_id));
    dm_id *key = dm_arena_alloc(arena, n_vars, sizeof(dm_id));
    if (!keys || !shared || !columns || !left_row || !right_row || !key) {
        return DM_ERR_NO_MEMORY;
    }
    pairs->keys = keys;
    pairs->shared = shared;
    pairs->columns = columns;
    pairs->left_row = left_row;
    pairs->right_row = right_row;
    pairs->key = key;
    const struct dm_operator *left = op->children[0];
    const struct dm_operator *right = op->children[1];
    pairs->n_keys =
        dm_plan_list(planner, left->certain, right->certain, pairs->keys);
    pairs->n_shared =
        dm_plan_list(planner, left->possible, right->possible, pairs->shared);
    pairs->n_columns =
        dm_plan_list(planner, right->possible, right->possible, pairs->columns);
    pairs->can_seed =
        dm_bits_meet(left->certain, right->seedable, planner->n_words);
    dm_solutions_init(&pairs->buffered, account, n_vars);
    dm_solutions_init(&pairs->table, account, pairs->n_columns);
    return DM_OK;
}

// ------------------------------------------------------------ both ways

void
dm_pairs_close(struct dm_pairs *pairs)
{
    dm_solutions_clear(&pairs->buffered);
    dm_solutions_clear(&pairs->table);
    pairs->right_open = false;
    pairs->left_ended = true;
}

enum dm_status
dm_pairs_open(struct dm_pairs *pairs)
{
    dm_pairs_close(pairs);
    pairs->way = DM_PAIRS_LOOKING;
    pairs->n_taken = 0;
    pairs->left_ended = false;
    pairs->has_left = false;
    return dm_operator_open(left_of(pairs), pairs->op->seed);
}

// Merge a right solution, given by columns, into the left one.
// @return Whether they are compatible.
static bool
merge(struct dm_pairs *pairs, const dm_id *by_column, dm_id *row)
{
    const dm_id *outer = pairs->op->context->outer;
    pairs->shares = false;
    dm_row_copy(pairs->op->context, row, pairs->left_row);
    for (size_t i = 0; i < pairs->n_columns; ++i) {
        const dm_var var = pairs->columns[i];
        if (by_column[i] == DM_ID_NONE) {
            continue;
        }
        if (row[var] == DM_ID_NONE) {
            row[var] = by_column[i];
        } else if (row[var] != by_column[i]) {
            return false;
        } else if (!outer || outer[var] == DM_ID_NONE) {
            pairs->shares = true;
        }
    }
    return true;
}

static void
pack(const struct dm_pairs *pairs, const dm_id *row, dm_id *by_column)
{
    for (size_t i = 0; i < pairs->n_columns; ++i) {
        by_column[i] = row[pairs->columns[i]];
    }
}

// ------------------------------------------------------------ HASHED

static uint64_t
hash_keys(struct dm_pairs *pairs, const dm_id *row)
{
    for (size_t i = 0; i < pairs->n_keys; ++i) {
        pairs->key[i] = row[pairs->keys[i]];
    }
    return dm_solutions_hash(pairs->key, pairs->n_keys);
}

static enum dm_status
build(struct dm_pairs *pairs)
{
    for (;;) {
        enum dm_status status =
            dm_operator_next(right_of(pairs), pairs->right_row);
        if (status == DM_END) {
            right_of(pairs)->ops->close(right_of(pairs));
            pairs->way = DM_PAIRS_HASHED;
            return DM_OK;
        }
        dm_id *kept = NULL;
        if (!status) {
            status = dm_solutions_add(&pairs->table, &kept);
        }
        if (!status) {
            pack(pairs, pairs->right_row, kept);
            status =
                dm_solutions_link(&pairs->table, (uint32_t)pairs->table.n - 1,
                                  hash_keys(pairs, pairs->right_row));
        }
        if (status) {
            return status;
        }
    }
}

static enum dm_status
next_hashed(struct dm_pairs *pairs, dm_id *row)
{
    while (pairs->at != DM_ROW_NONE) {
        const enum dm_status status = dm_exec_tick(pairs->op->context);
        if (status) {
            return status;
        }
        const dm_id *kept = dm_solutions_at(&pairs->table, pairs->at);
        pairs->at = dm_solutions_next(&pairs->table, pairs->at, pairs->hash);
        if (merge(pairs, kept, row)) {
            return DM_OK;
        }
    }
    return DM_END;
}

// ------------------------------------------------------------ SEEDED

static enum dm_status
next_seeded(struct dm_pairs *pairs, dm_id *row)
{
    if (!pairs->right_open) {
        const enum dm_status status =
            dm_operator_open(right_of(pairs), pairs->left_row);
        if (status) {
            return status;
        }
        pairs->right_open = true;
    }
    for (;;) {
        const enum dm_status status =
            dm_operator_next(right_of(pairs), pairs->right_row);
        if (status) {
            return status;
        }
        // The key has room for all variables
        pack(pairs, pairs->right_row, pairs->key);
        if (merge(pairs, pairs->key, row)) {
            return DM_OK;
        }
    }
}

// ------------------------------------------------------------ left

static enum dm_pairs_way
choose_way(const struct dm_pairs *pairs)
{
    double rows = (double)pairs->buffered.n;
    if (!pairs->can_seed || pairs->op->context->joins == DM_JOINS_HASHED) {
        return DM_PAIRS_BUILDING;
    }
    if (!pairs->left_ended && left_of(pairs)->estimate > rows) {
        rows = left_of(pairs)->estimate;
    }
    return pairs->op->context->joins == DM_JOINS_SEEDED ||
                   rows * OPEN_COST < right_of(pairs)->cost
               ? DM_PAIRS_SEEDED
               : DM_PAIRS_BUILDING;
}

// Read left solutions until a way can be chosen.
static enum dm_status
look(struct dm_pairs *pairs)
{
    while (!pairs->left_ended && pairs->buffered.n < LOOK_ROWS) {
        const enum dm_status status =
            dm_operator_next(left_of(pairs), pairs->left_row);
        if (status == DM_END) {
            pairs->left_ended = true;
            break;
        }
        dm_id *kept = NULL;
        const enum dm_status added =
            status ? status : dm_solutions_add(&pairs->buffered, &kept);
        if (added) {
            return added;
        }
        dm_row_copy(pairs->op->context, kept, pairs->left_row);
    }
    if (!pairs->buffered.n) {
        return DM_OK;
    }
    pairs->way = choose_way(pairs);
    return pairs->way == DM_PAIRS_BUILDING
               ? dm_operator_open(right_of(pairs), pairs->op->seed)
               : DM_OK;
}

static enum dm_status
take_left(struct dm_pairs *pairs)
{
    if (pairs->n_taken < pairs->buffered.n) {
        dm_row_copy(pairs->op->context, pairs->left_row,
                    dm_solutions_at(&pairs->buffered, pairs->n_taken++));
        return DM_OK;
    }
    if (pairs->left_ended) {
        return DM_END;
    }
    const enum dm_status status =
        dm_operator_next(left_of(pairs), pairs->left_row);
    pairs->left_ended = status == DM_END;
    return status;
}

enum dm_status
dm_pairs_left(struct dm_pairs *pairs)
{
    enum dm_status status = DM_OK;
    if (pairs->has_left) {
        return DM_OK;
    }
    if (pairs->way == DM_PAIRS_LOOKING) {
        status = look(pairs);
    }
    if (!status && pairs->way == DM_PAIRS_BUILDING) {
        status = build(pairs);
    }
    if (!status) {
        status = take_left(pairs);
    }
    if (status) {
        return status;
    }
    pairs->has_left = true;
    pairs->right_open = false;
    if (pairs->way == DM_PAIRS_HASHED) {
        pairs->hash = hash_keys(pairs, pairs->left_row);
        pairs->at = dm_solutions_first(&pairs->table, pairs->hash);
    }
    return DM_OK;
}

enum dm_status
dm_pairs_right(struct dm_pairs *pairs, dm_id *row)
{
    assert(pairs->way == DM_PAIRS_SEEDED || pairs->way == DM_PAIRS_HASHED);
    const enum dm_status status = pairs->way == DM_PAIRS_SEEDED
                                      ? next_seeded(pairs, row)
                                      : next_hashed(pairs, row);
    pairs->has_left = status != DM_END;
    return status;
}

void
dm_pairs_skip_left(struct dm_pairs *pairs)
{
    pairs->has_left = false;
}

void
dm_pairs_describe(const struct dm_pairs *pairs, struct dm_buf *buf)
{
    switch (pairs->way) {
    case DM_PAIRS_LOOKING:
        (void)dm_buf_puts(buf, pairs->can_seed ? "seeded or hash" : "hash");
        break;
    case DM_PAIRS_SEEDED:
        (void)dm_buf_puts(buf, "seeded");
        return;
    case DM_PAIRS_BUILDING:
    case DM_PAIRS_HASHED:
        (void)dm_buf_puts(buf, "hash");
        break;
    }
    (void)dm_buf_printf(buf, " of %zu variables", pairs->n_keys);
}
