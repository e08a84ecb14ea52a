// SPDX-License-Identifier: ISC

#include "sparql/sorter_private.h"

#include "sparql/exec_private.h"

static size_t
smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void
begin_pair(struct dm_sorter *sorter, size_t start)
{
    sorter->start = start;
    sorter->left = start;
    sorter->right = smaller(start + sorter->width, sorter->n);
    sorter->out = start;
}

// Move the next item of the present pair of runs.
// @return Whether there was one.
static bool
merge_one(struct dm_sorter *sorter)
{
    const size_t middle = smaller(sorter->start + sorter->width, sorter->n);
    const size_t end = smaller(middle + sorter->width, sorter->n);
    const bool has_left = sorter->left < middle;
    const bool has_right = sorter->right < end;
    if (!has_left && !has_right) {
        return false;
    }
    bool take_left = has_left;
    if (has_left && has_right) {
        take_left =
            sorter->compare(sorter->context, sorter->items[sorter->left],
                            sorter->items[sorter->right]) <= 0;
    }
    sorter->spare[sorter->out++] =
        sorter->items[take_left ? sorter->left++ : sorter->right++];
    return true;
}

static void
begin_pass(struct dm_sorter *sorter, size_t width)
{
    sorter->width = width;
    begin_pair(sorter, 0);
}

enum dm_status
dm_sorter_run(struct dm_sorter *sorter, struct dm_exec_context *exec)
{
    if (!sorter->width) {
        begin_pass(sorter, 1);
    }
    while (sorter->width < sorter->n) {
        const enum dm_status status = exec ? dm_exec_tick(exec) : DM_OK;
        if (status) {
            return status;
        }
        if (merge_one(sorter)) {
            continue;
        }
        const size_t next = sorter->start + 2 * sorter->width;
        if (next < sorter->n) {
            begin_pair(sorter, next);
            continue;
        }
        void **sorted = sorter->spare;
        sorter->spare = sorter->items;
        sorter->items = sorted;
        begin_pass(sorter, 2 * sorter->width);
    }
    return DM_OK;
}
