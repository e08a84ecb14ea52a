// SPDX-License-Identifier: ISC

#include "sparql/results_private.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

// A copy of an array in the arena with room for at least `need`
static void *
grow(struct dm_arena *arena, const void *items, size_t n, size_t need,
     size_t size)
{
    char *room = dm_arena_alloc(arena, need, size);
    if (room && items && n) {
        memcpy(room, items, n * size);
    }
    return room;
}

size_t
dm_results_table_find(const struct dm_results_table *table, struct dm_str name)
{
    size_t i = 0;
    while (i < table->n_columns && !dm_str_equal(table->columns[i], name)) {
        ++i;
    }
    return i;
}

enum dm_status
dm_results_table_column(struct dm_results_table *table, struct dm_str name)
{
    assert(!table->n_rows);
    if (dm_results_table_find(table, name) < table->n_columns) {
        return DM_ERR_EXISTS;
    }
    if (table->n_columns == DM_RESULTS_COLUMNS_MAX) {
        return DM_ERR_LIMIT;
    }
    if (table->n_columns == table->columns_capacity) {
        const size_t capacity = table->columns_capacity * 2 + 8;
        struct dm_str *columns =
            grow(table->arena, table->columns, table->n_columns, capacity,
                 sizeof(*columns));
        if (!columns) {
            return DM_ERR_NO_MEMORY;
        }
        table->columns = columns;
        table->columns_capacity = capacity;
    }
    const struct dm_str copy = dm_arena_copy(table->arena, name);
    if (!copy.data) {
        return DM_ERR_NO_MEMORY;
    }
    table->columns[table->n_columns++] = copy;
    return DM_OK;
}

enum dm_status
dm_results_table_row(struct dm_results_table *table, struct dm_term **ret)
{
    const size_t used = table->n_rows * table->n_columns;
    const size_t need = used + table->n_columns;
    if (need > DM_RESULTS_TERMS_MAX || table->n_rows == DM_RESULTS_TERMS_MAX) {
        return DM_ERR_LIMIT;
    }
    if (need > table->terms_capacity || !table->terms) {
        const size_t capacity = need * 2 + 8;
        struct dm_term *terms =
            grow(table->arena, table->terms, used, capacity, sizeof(*terms));
        if (!terms) {
            return DM_ERR_NO_MEMORY;
        }
        table->terms = terms;
        table->terms_capacity = capacity;
    }
    ++table->n_rows;
    assert(table->terms);
    *ret = table->terms + used;
    return DM_OK;
}

void
dm_results_table_finish(const struct dm_results_table *table,
                        struct dm_results *ret)
{
    static const struct dm_str no_column = DM_STR("");
    static const struct dm_term no_term = {0};
    *ret = (struct dm_results){
        .columns = table->columns ? table->columns : &no_column,
        .n_columns = table->n_columns,
        .terms = table->terms ? table->terms : &no_term,
        .n_rows = table->n_rows,
    };
}
