// SPDX-License-Identifier: ISC

// A Successor that a peer told of goes into the store, and is told on.

#include "sync/succession.h"
#include "base/alloc.h"
#include "daemon/node_private.h"

#include <string.h>

struct keeping {
    struct dm_write_task task;
    struct dm_return back;
    struct dm_node *node;
    uint8_t log[DM_KEY_PUBLIC_BYTES];
    char *block;
    size_t n;
    bool is_new;
};

static enum dm_status
keeping_apply(struct dm_write_task *task, struct dm_txn *txn)
{
    struct keeping *keeping = DM_CONTAINER_OF(task, struct keeping, task);
    return dm_succession_keep(txn, keeping->node->env, keeping->log,
                              dm_str_n(keeping->block, keeping->n),
                              &keeping->is_new);
}

static void
keeping_free(struct keeping *keeping)
{
    dm_free(keeping->block);
    dm_free(keeping);
}

static void
keeping_back(struct dm_return *back, struct dm_node *node)
{
    struct keeping *keeping = DM_CONTAINER_OF(back, struct keeping, back);
    if (back->status == DM_OK && keeping->is_new) {
        dm_node_log_changed(node, keeping->log);
    }
    keeping_free(keeping);
}

static void
keeping_finished(struct dm_write_task *task, enum dm_status status)
{
    struct keeping *keeping = DM_CONTAINER_OF(task, struct keeping, task);
    keeping->back.status = status;
    dm_node_return(keeping->node, &keeping->back);
}

void
dm_node_keep_successor(struct dm_node *node,
                       const uint8_t log[DM_KEY_PUBLIC_BYTES],
                       struct dm_str block)
{
    DM_ON_LOOP();
    struct keeping *keeping = dm_calloc(1, sizeof(*keeping));
    if (!keeping) {
        return; // The peer tells of it again
    }
    keeping->task = (struct dm_write_task){
        .apply = keeping_apply, .finished = keeping_finished, .durable = true};
    keeping->back.run = keeping_back;
    keeping->node = node;
    memcpy(keeping->log, log, sizeof(keeping->log));
    keeping->block = dm_strndup(block.data, block.n);
    keeping->n = block.n;
    if (!keeping->block || dm_writer_task(node->writer, &keeping->task)) {
        keeping_free(keeping);
    }
}
