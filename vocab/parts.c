// SPDX-License-Identifier: ISC

#include "vocab/parts.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "rdf/writer.h"
#include "vocab/config.h"
#include "vocab/normal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define LINES_MAX 4000000U
#define LINE_BYTES_MAX (1U << 20U)
#define STRIDE_MIN 8U
#define STRIDE_MAX (1U << 30U)
#define PART_QUADS 16384U // Well below what a payload may hold

// A line and whose it is; a subject's lines share one text
struct line {
    struct dm_str text;
    struct dm_str subject;
    bool is_of_node;
};

struct cutting {
    const struct dm_config *config;
    struct dm_arena arena;
    struct dm_buf buf;
    struct line *lines;
    size_t n;
    size_t capacity;
};

static enum dm_status
add_line(void *context, const struct dm_quad *quad)
{
    struct cutting *cutting = context;
    struct line *lines = dm_grow(cutting->lines, &cutting->capacity,
                                 cutting->n + 1, sizeof(*lines), LINES_MAX);
    if (!lines) {
        return cutting->n == LINES_MAX ? DM_ERR_LIMIT : DM_ERR_NO_MEMORY;
    }
    cutting->lines = lines;
    dm_buf_clear(&cutting->buf);
    const enum dm_status status = dm_write_quad(quad, &cutting->buf);
    if (status) {
        return status;
    }
    struct line *line = &lines[cutting->n];
    const struct line *before = cutting->n ? line - 1 : NULL;
    line->text = dm_arena_copy(&cutting->arena, dm_buf_str(&cutting->buf));
    line->subject = before && dm_str_equal(before->subject, quad->s.value)
                        ? before->subject
                        : dm_arena_copy(&cutting->arena, quad->s.value);
    line->is_of_node = dm_str_equal(quad->s.value, cutting->config->node.iri);
    if (!line->text.data || !line->subject.data) {
        return DM_ERR_NO_MEMORY;
    }
    ++cutting->n;
    return DM_OK;
}

// The node's own first, then by their bytes
static int
compare_lines(const void *a, const void *b)
{
    const struct line *left = a;
    const struct line *right = b;
    if (left->is_of_node != right->is_of_node) {
        return left->is_of_node ? -1 : 1;
    }
    return dm_str_compare(left->text, right->text);
}

static bool
is_cut(const struct line *line, uint64_t stride)
{
    return (dm_hash(line->subject, 0) & (stride - 1)) == 0;
}

// Where the definition that begins at `from` ends
static size_t
end_of(const struct cutting *cutting, size_t from, size_t *ret_bytes)
{
    size_t end = from;
    *ret_bytes = 0;
    while (end < cutting->n && dm_str_equal(cutting->lines[end].subject,
                                            cutting->lines[from].subject)) {
        *ret_bytes += cutting->lines[end].text.n;
        ++end;
    }
    return end;
}

// Cut at this stride. Parts get their number of quads, and the length of their
// text.
// @return How many parts; DM_CONFIG_PARTS_MAX + 1 where they are too many.
static size_t
cut(const struct cutting *cutting, uint64_t stride,
    struct dm_config_part parts[DM_CONFIG_PARTS_MAX])
{
    size_t n = 0;
    for (size_t at = 0; at < cutting->n;) {
        size_t bytes = 0;
        const size_t end = end_of(cutting, at, &bytes);
        const struct line *line = &cutting->lines[at];
        const struct dm_config_part *last = n ? &parts[n - 1] : NULL;
        if (!last || line[-1].is_of_node || is_cut(line, stride) ||
            last->text.n + bytes > DM_CONFIG_PART_BYTES ||
            last->n_quads + (end - at) > PART_QUADS) {
            if (n == DM_CONFIG_PARTS_MAX) {
                return n + 1;
            }
            parts[n++] = (struct dm_config_part){.text = {"", 0}};
        }
        parts[n - 1].text.n += bytes;
        parts[n - 1].n_quads += end - at;
        at = end;
    }
    return n;
}

static enum dm_status
cut_all(const struct cutting *cutting, struct dm_config_parts *ret)
{
    size_t n = DM_CONFIG_PARTS_MAX + 1;
    for (uint64_t stride = STRIDE_MIN;
         n > DM_CONFIG_PARTS_MAX && stride <= STRIDE_MAX; stride *= 2) {
        n = cut(cutting, stride, ret->parts);
    }
    ret->n = n;
    return n > DM_CONFIG_PARTS_MAX ? DM_ERR_LIMIT : DM_OK;
}

// One text of all lines, in which each part has its stretch
static enum dm_status
write_text(const struct cutting *cutting, struct dm_config_parts *ret)
{
    struct dm_buf text;
    dm_buf_init(&text, DM_CONFIG_PARTS_BYTES_MAX);
    for (size_t i = 0; i < cutting->n; ++i) {
        (void)dm_buf_put_str(&text, cutting->lines[i].text);
    }
    const enum dm_status status = text.status;
    size_t bytes = 0;
    ret->text = status ? NULL : dm_buf_take(&text, &bytes);
    dm_buf_done(&text);
    const char *at = ret->text;
    for (size_t i = 0; at && i < ret->n; ++i) {
        ret->parts[i].text.data = at;
        at += ret->parts[i].text.n;
    }
    assert(!ret->text || at == ret->text + bytes);
    return status;
}

static enum dm_status
make(struct cutting *cutting, struct dm_config_parts *ret)
{
    enum dm_status status = dm_config_quads(cutting->config, add_line, cutting);
    if (status || !cutting->n) {
        return status;
    }
    qsort(cutting->lines, cutting->n, sizeof(*cutting->lines), compare_lines);
    ret->n_quads = cutting->n;
    ret->parts = dm_calloc(DM_CONFIG_PARTS_MAX, sizeof(*ret->parts));
    if (!ret->parts) {
        return DM_ERR_NO_MEMORY;
    }
    status = cut_all(cutting, ret);
    return status ? status : write_text(cutting, ret);
}

enum dm_status
dm_config_parts_make(const struct dm_config *config,
                     struct dm_config_parts *ret)
{
    struct cutting cutting = {.config = config};
    struct dm_config_parts parts = {0};
    dm_arena_init(&cutting.arena, (size_t)2 * DM_CONFIG_PARTS_BYTES_MAX, NULL);
    dm_buf_init(&cutting.buf, LINE_BYTES_MAX);
    const enum dm_status status = make(&cutting, &parts);
    dm_free(cutting.lines);
    dm_buf_done(&cutting.buf);
    dm_arena_done(&cutting.arena);
    if (status) {
        dm_config_parts_done(&parts);
        return status;
    }
    *ret = parts;
    return DM_OK;
}

void
dm_config_parts_done(struct dm_config_parts *parts)
{
    dm_free(parts->parts);
    dm_free(parts->text);
    *parts = (struct dm_config_parts){0};
}
