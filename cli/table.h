// SPDX-License-Identifier: ISC

#ifndef DM_CLI_TABLE_H
#define DM_CLI_TABLE_H

/**
 * @file
 * Tables for people: columns as wide as their widest cell, the last one open.
 *
 * Widths are counted in code points. Control characters of cells become spaces.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_table;

#define DM_TABLE_COLUMNS_MAX 4096U

struct dm_table *DM_NULLABLE dm_table_new(size_t n_columns) DM_NODISCARD;
void dm_table_free(struct dm_table *DM_NULLABLE table);

/// Add the next cell, row by row; the text is copied.
enum dm_status dm_table_add(struct dm_table *table, struct dm_str text);

/// Print the row that begins next in this colour (an escape sequence, or "").
/// The text is a constant.
void dm_table_color(struct dm_table *table, const char *color);

/// Print to stdout, each line after `indent` spaces.
void dm_table_print(const struct dm_table *table, size_t indent);

/// "12 s ago", "3 min ago", "2 h ago", "4 d ago" into `text`
void dm_ago_text(int64_t ms, char *text, size_t size);
/// "2 m 20 s", "12 s", "3 h 5 m"
void dm_length_text(int64_t ms, char *text, size_t size);

DM_END_DECLS

#endif // DM_CLI_TABLE_H
