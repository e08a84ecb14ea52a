// SPDX-License-Identifier: ISC

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "rdf/writer.h"
#include "sync/form_private.h"
#include "sync/line_private.h"
#include "sync/quad_lines_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

// Room that the arena wastes on the ends of its blocks and on alignment
#define ARENA_MAX ((size_t)DM_INFLATED_MAX * 3)

// ------------------------------------------------------------------------ sets

void
dm_line_set_init(struct dm_line_set *set, size_t max_bytes)
{
    *set = (struct dm_line_set){.max_bytes = max_bytes};
    dm_arena_init(&set->arena, ARENA_MAX, NULL);
    // Lines begin with IRIs that this node made, so nobody chooses them
    dm_map_init(&set->lines, DM_QUADS_MAX, 0);
    dm_buf_init(&set->text, max_bytes);
}

void
dm_line_set_clear(struct dm_line_set *set)
{
    dm_map_done(&set->lines);
    dm_arena_done(&set->arena);
    set->bytes = 0;
    set->is_sorted = false;
}

void
dm_line_set_done(struct dm_line_set *set)
{
    dm_line_set_clear(set);
    dm_buf_done(&set->text);
    dm_free(set->order);
}

// Room for the order and the text, so that dm_line_set_text() cannot fail
static enum dm_status
make_room(struct dm_line_set *set, size_t n)
{
    struct dm_str *order =
        dm_grow(set->order, &set->order_capacity, set->lines.n + 1,
                sizeof(*order), DM_QUADS_MAX);
    if (!order) {
        return DM_ERR_NO_MEMORY;
    }
    set->order = order;
    dm_buf_clear(&set->text);
    return dm_buf_reserve(&set->text, set->bytes + n) ? DM_OK
                                                      : set->text.status;
}

enum dm_status
dm_line_set_add(struct dm_line_set *set, struct dm_str line)
{
    if (dm_map_get(&set->lines, line)) {
        return DM_OK;
    }
    if (set->lines.n == DM_QUADS_MAX || line.n > set->max_bytes - set->bytes) {
        return DM_ERR_LIMIT;
    }
    set->is_sorted = false;
    enum dm_status status = make_room(set, line.n);
    if (status) {
        return status;
    }
    const struct dm_arena_mark mark = dm_arena_mark(&set->arena);
    const struct dm_str kept = dm_arena_copy(&set->arena, line);
    if (!kept.data || !dm_map_put(&set->lines, kept, NULL)) {
        dm_arena_rewind(&set->arena, mark);
        return DM_ERR_NO_MEMORY;
    }
    set->bytes += line.n;
    return DM_OK;
}

// Take away the newest lines, down to `n` of them.
static void
cut(struct dm_line_set *set, size_t n, struct dm_arena_mark mark)
{
    while (set->lines.n > n) {
        const struct dm_str line = set->lines.entries[set->lines.n - 1].key;
        const bool was_there = dm_map_remove(&set->lines, line);
        assert(was_there);
        (void)was_there;
        set->bytes -= line.n;
    }
    dm_arena_rewind(&set->arena, mark);
    set->is_sorted = false;
}

enum dm_status
dm_line_set_add_all(struct dm_line_set *set, const struct dm_line_set *from)
{
    const struct dm_arena_mark mark = dm_arena_mark(&set->arena);
    const size_t n = set->lines.n;
    for (size_t i = 0; i < from->lines.n; ++i) {
        const enum dm_status status =
            dm_line_set_add(set, from->lines.entries[i].key);
        if (status) {
            cut(set, n, mark);
            return status;
        }
    }
    return DM_OK;
}

static int
compare_lines(const void *a, const void *b)
{
    const struct dm_str *left = a;
    const struct dm_str *right = b;
    return dm_str_compare(*left, *right);
}

struct dm_str
dm_line_set_text(struct dm_line_set *set)
{
    if (set->is_sorted || set->lines.n == 0) {
        return dm_str_n(set->text.data, set->lines.n ? set->text.n : 0);
    }
    for (size_t i = 0; i < set->lines.n; ++i) {
        set->order[i] = set->lines.entries[i].key;
    }
    qsort(set->order, set->lines.n, sizeof(*set->order), compare_lines);
    dm_buf_clear(&set->text);
    for (size_t i = 0; i < set->lines.n; ++i) {
        const enum dm_status status = dm_buf_put_str(&set->text, set->order[i]);
        assert(!status); // There is room: make_room()
        (void)status;
    }
    set->is_sorted = true;
    return dm_buf_str(&set->text);
}

// ----------------------------------------------------------------------- lines

struct dm_quad_lines *
dm_quad_lines_new(size_t max_bytes)
{
    assert(max_bytes <= DM_INFLATED_MAX);
    struct dm_quad_lines *lines = dm_calloc(1, sizeof(*lines));
    if (!lines) {
        return NULL;
    }
    dm_line_set_init(&lines->all, max_bytes);
    dm_line_set_init(&lines->star, max_bytes);
    dm_arena_init(&lines->terms, DM_PAYLOAD_MEMORY, NULL);
    // One line more than fits, so that it is seen to be too long
    dm_buf_init(&lines->line, 2 * (size_t)DM_LINE_MAX);
    dm_buf_init(&lines->scratch, DM_FORM_SCRATCH);
    return lines;
}

void
dm_quad_lines_free(struct dm_quad_lines *lines)
{
    if (lines) {
        dm_line_set_done(&lines->all);
        dm_line_set_done(&lines->star);
        dm_arena_done(&lines->terms);
        dm_buf_done(&lines->line);
        dm_buf_done(&lines->scratch);
        dm_free(lines);
    }
}

void
dm_quad_lines_clear(struct dm_quad_lines *lines)
{
    dm_line_set_clear(&lines->all);
}

// Write a quad to lines->line, and read it back as strictly as others will.
static enum dm_status
write_line(struct dm_quad_lines *lines, const struct dm_quad *quad)
{
    struct dm_quad back;
    dm_buf_clear(&lines->line);
    if (dm_term_depth(&quad->o) > DM_WIRE_DEPTH_MAX) {
        return DM_ERR_LIMIT;
    }
    enum dm_status status = dm_write_quad(quad, &lines->line);
    if (status) {
        return status;
    }
    const struct dm_str text = dm_buf_str(&lines->line);
    struct dm_scanner scanner = {.at = text.data,
                                 .end = text.data + text.n - 1,
                                 .arena = &lines->terms,
                                 .scratch = &lines->scratch};
    const struct dm_arena_mark mark = dm_arena_mark(&lines->terms);
    status = dm_scan_quad(&scanner, &back);
    dm_arena_rewind(&lines->terms, mark);
    return status == DM_ERR_CORRUPT ? DM_ERR_ARGUMENT : status;
}

enum dm_status
dm_line_set_add_quad(struct dm_quad_lines *lines, struct dm_line_set *set,
                     const struct dm_quad *quad)
{
    const enum dm_status status = write_line(lines, quad);
    return status ? status : dm_line_set_add(set, dm_buf_str(&lines->line));
}

enum dm_status
dm_quad_lines_add(struct dm_quad_lines *lines, const struct dm_quad *quad)
{
    return dm_line_set_add_quad(lines, &lines->all, quad);
}

size_t
dm_quad_lines_count(const struct dm_quad_lines *lines)
{
    return lines->all.lines.n;
}

size_t
dm_quad_lines_bytes(const struct dm_quad_lines *lines)
{
    return lines->all.bytes;
}

struct dm_str
dm_quad_lines_text(struct dm_quad_lines *lines)
{
    return dm_line_set_text(&lines->all);
}
