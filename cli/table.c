// SPDX-License-Identifier: ISC

#include "cli/table.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/time.h"

#include <stdio.h>

#define TABLE_MEMORY (256U << 20U)
#define CELLS_MAX 100000000U
#define GAP 2U

struct dm_table {
    struct dm_arena arena;
    size_t n_columns;
    struct dm_str *cells;
    size_t n_cells;
    size_t capacity;
    size_t *widths;
    const char **colors; // By row; NULL: none
    size_t n_colors;
    size_t colors_capacity;
};

struct dm_table *
dm_table_new(size_t n_columns)
{
    struct dm_table *table = dm_calloc(1, sizeof(*table));
    if (!table) {
        return NULL;
    }
    dm_arena_init(&table->arena, TABLE_MEMORY, NULL);
    table->n_columns = n_columns ? n_columns : 1;
    table->widths = dm_calloc(table->n_columns, sizeof(*table->widths));
    if (!table->widths) {
        dm_table_free(table);
        return NULL;
    }
    return table;
}

void
dm_table_free(struct dm_table *table)
{
    if (table) {
        dm_arena_done(&table->arena);
        dm_free(table->cells);
        dm_free(table->widths);
        dm_free(table->colors);
        dm_free(table);
    }
}

static size_t
width_of(struct dm_str text)
{
    size_t width = 0;
    for (size_t i = 0; i < text.n; ++i) {
        width += ((unsigned char)text.data[i] & 0xC0U) != 0x80U ? 1 : 0;
    }
    return width;
}

enum dm_status
dm_table_add(struct dm_table *table, struct dm_str text)
{
    struct dm_str *cells =
        dm_grow(table->cells, &table->capacity, table->n_cells + 1,
                sizeof(*table->cells), CELLS_MAX);
    if (!cells) {
        return DM_ERR_NO_MEMORY;
    }
    table->cells = cells;
    char *copy = dm_arena_alloc(&table->arena, text.n + 1, 1);
    if (!copy) {
        return DM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < text.n; ++i) {
        const unsigned char c = (unsigned char)text.data[i];
        copy[i] = c < 0x20 || c == 0x7F ? ' ' : text.data[i];
    }
    const size_t column = table->n_cells % table->n_columns;
    const size_t width = width_of(text);
    if (width > table->widths[column]) {
        table->widths[column] = width;
    }
    cells[table->n_cells++] = dm_str_n(copy, text.n);
    return DM_OK;
}

void
dm_table_color(struct dm_table *table, const char *color)
{
    const size_t row = table->n_cells / table->n_columns;
    const char **colors = dm_grow(table->colors, &table->colors_capacity,
                                  row + 1, sizeof(*table->colors), CELLS_MAX);
    if (!colors) {
        return; // A table without colours says the same
    }
    table->colors = colors;
    while (table->n_colors <= row) {
        colors[table->n_colors++] = "";
    }
    colors[row] = color;
}

static const char *
color_of(const struct dm_table *table, size_t row)
{
    return row < table->n_colors ? table->colors[row] : "";
}

void
dm_table_print(const struct dm_table *table, size_t indent)
{
    for (size_t i = 0; i < table->n_cells; ++i) {
        const size_t column = i % table->n_columns;
        const struct dm_str cell = table->cells[i];
        const bool is_last = column + 1 == table->n_columns;
        const size_t pad =
            is_last ? 0 : table->widths[column] - width_of(cell) + GAP;
        // The second cell, the status, has the row's colour
        const char *color =
            column == 1 ? color_of(table, i / table->n_columns) : "";
        (void)printf("%*s%s%.*s%s%*s%s", column ? 0 : (int)indent, "", color,
                     (int)cell.n, cell.data ? cell.data : "",
                     color[0] ? "\x1b[0m" : "", (int)pad, "",
                     is_last ? "\n" : "");
    }
}

void
dm_ago_text(int64_t ms, char *text, size_t size)
{
    const long long seconds = ms > 0 ? (long long)(ms / DM_MS_PER_SECOND) : 0;
    if (seconds < 120) {
        (void)snprintf(text, size, "%lld s ago", seconds);
    } else if (seconds < 7200) {
        (void)snprintf(text, size, "%lld min ago", seconds / 60);
    } else if (seconds < 172800) {
        (void)snprintf(text, size, "%lld h ago", seconds / 3600);
    } else {
        (void)snprintf(text, size, "%lld d ago", seconds / 86400);
    }
}

void
dm_length_text(int64_t ms, char *text, size_t size)
{
    const long long seconds = ms > 0 ? (long long)(ms / DM_MS_PER_SECOND) : 0;
    if (seconds < 60) {
        (void)snprintf(text, size, "%lld s", seconds);
    } else if (seconds < 3600) {
        (void)snprintf(text, size, "%lld m %lld s", seconds / 60, seconds % 60);
    } else if (seconds < 86400) {
        (void)snprintf(text, size, "%lld h %lld m", seconds / 3600,
                       seconds / 60 % 60);
    } else {
        (void)snprintf(text, size, "%lld d %lld h", seconds / 86400,
                       seconds / 3600 % 24);
    }
}
