// SPDX-License-Identifier: ISC

#include "base/lines.h"

#include "base/alloc.h"

#include <assert.h>
#include <stdlib.h>

void
dm_lines_init(struct dm_lines *lines, size_t max_bytes, size_t max_lines)
{
    *lines = (struct dm_lines){.max = max_lines};
    dm_buf_init(&lines->bytes, max_bytes);
}

void
dm_lines_done(struct dm_lines *lines)
{
    dm_buf_done(&lines->bytes);
    dm_free(lines->starts);
    lines->starts = NULL;
    lines->n = 0;
    lines->capacity = 0;
}

enum dm_status
dm_lines_add(struct dm_lines *lines, struct dm_str line)
{
    assert(line.n && dm_str_find(line, dm_str("\n")) == line.n - 1);
    if (lines->n == lines->max) {
        return DM_ERR_LIMIT;
    }
    size_t *starts = dm_grow(lines->starts, &lines->capacity, lines->n + 1,
                             sizeof(*starts), lines->max);
    if (!starts) {
        return DM_ERR_NO_MEMORY;
    }
    lines->starts = starts;
    starts[lines->n] = lines->bytes.n;
    const enum dm_status status = dm_buf_put_str(&lines->bytes, line);
    lines->n += status ? 0 : 1;
    return status;
}

static int
compare(const void *a, const void *b)
{
    const char *left = *(const char *const *)a;
    const char *right = *(const char *const *)b;
    while (*left == *right && *left != '\n') {
        ++left;
        ++right;
    }
    return (unsigned char)*left - (unsigned char)*right;
}

enum dm_status
dm_lines_each_sorted(const struct dm_lines *lines, dm_line_fn on_line,
                     void *context)
{
    const struct dm_str bytes = dm_buf_str(&lines->bytes);
    const char **sorted = dm_calloc(lines->n, sizeof(char *));
    if (!sorted) {
        return DM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < lines->n; ++i) {
        sorted[i] = bytes.data + lines->starts[i];
    }
    if (lines->n > 1) {
        qsort(sorted, lines->n, sizeof(char *), compare);
    }
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < lines->n; ++i) {
        if (i > 0 && compare(&sorted[i - 1], &sorted[i]) == 0) {
            continue;
        }
        const struct dm_str rest =
            dm_str_slice(bytes, (size_t)(sorted[i] - bytes.data), bytes.n);
        status =
            on_line(context,
                    dm_str_slice(rest, 0, dm_str_find(rest, dm_str("\n")) + 1));
    }
    dm_free(sorted);
    return status;
}
