// SPDX-License-Identifier: ISC

#include "daemon/follow.h"

#include "base/alloc.h"
#include "daemon/node_private.h"
#include "quadstore/store.h"
#include "quadstore/write.h"

#include <assert.h>
#include <string.h>

#define VERIFY_MEMORY ((size_t)64 << 20U)

struct dm_follow_task {
    struct dm_job job;
    struct dm_write_task write;
    struct dm_return back;
    struct dm_node *node;
    uint8_t log[DM_KEY_PUBLIC_BYTES];
    struct dm_follow_input input;
    char *bytes[DM_FOLLOW_BYTES];
    bool is_started;
    dm_follow_done_fn done;
    void *context;
    struct dm_follow_batch *batch;
    enum dm_status status;
    struct dm_error error;
    struct dm_follow_result result;
};

struct dm_follow_task *
dm_follow_task_new(struct dm_node *node, const uint8_t log[DM_KEY_PUBLIC_BYTES])
{
    struct dm_follow_task *task = dm_calloc(1, sizeof(*task));
    if (!task) {
        return NULL;
    }
    task->node = node;
    memcpy(task->log, log, sizeof(task->log));
    task->input.log = task->log;
    task->input.is_own =
        memcmp(log, dm_key_public(node->key), DM_KEY_PUBLIC_BYTES) == 0;
    return task;
}

void
dm_follow_task_free(struct dm_follow_task *task)
{
    if (!task) {
        return;
    }
    assert(!task->is_started);
    for (size_t i = 0; i < DM_FOLLOW_BYTES; ++i) {
        dm_free(task->bytes[i]);
    }
    dm_follow_batch_free(task->batch);
    dm_free(task);
}

static struct dm_str *
place_of(struct dm_follow_task *task, enum dm_follow_bytes which)
{
    switch (which) {
    case DM_FOLLOW_RECORD:
        return &task->input.record;
    case DM_FOLLOW_CAR:
        return &task->input.car;
    case DM_FOLLOW_HEAD:
        return &task->input.head;
    case DM_FOLLOW_CONF:
        return &task->input.conf;
    case DM_FOLLOW_SNAP:
        return &task->input.snap;
    case DM_FOLLOW_FORK_A:
        return &task->input.fork[0];
    case DM_FOLLOW_FORK_B:
        break;
    }
    return &task->input.fork[1];
}

void
dm_follow_task_give(struct dm_follow_task *task, enum dm_follow_bytes which,
                    char *bytes, size_t n)
{
    DM_ON_LOOP();
    assert(!task->is_started);
    dm_free(task->bytes[which]);
    task->bytes[which] = bytes;
    *place_of(task, which) = dm_str_n(bytes, n);
}

struct dm_follow_input *
dm_follow_task_input(struct dm_follow_task *task)
{
    return &task->input;
}

enum dm_status
dm_follow_task_status(const struct dm_follow_task *task)
{
    return task->status;
}

const struct dm_error *
dm_follow_task_error(const struct dm_follow_task *task)
{
    return &task->error;
}

struct dm_follow_result
dm_follow_task_result(const struct dm_follow_task *task)
{
    return task->result;
}

const uint8_t *
dm_follow_task_log(const struct dm_follow_task *task)
{
    return task->log;
}

static void
finish(struct dm_follow_task *task, enum dm_status status)
{
    dm_follow_batch_free(task->batch);
    task->batch = NULL;
    task->status = status;
    task->is_started = false;
    if (!status) {
        dm_node_log_changed(task->node, task->log);
    }
    if (!status && task->result.forked_at) {
        task->status = dm_error_set(&task->error, DM_ERR_PERMISSION,
                                    "frozen: it forked at entry %llu",
                                    (unsigned long long)task->result.forked_at);
    } else if (status && !task->error.status) {
        (void)dm_error_set(&task->error, status, "%s", dm_status_text(status));
    }
    task->done(task->context, task);
}

// -------------------------------------------------------------- on the writer

static enum dm_status
apply(struct dm_write_task *write, struct dm_txn *txn)
{
    struct dm_follow_task *task =
        DM_CONTAINER_OF(write, struct dm_follow_task, write);
    const enum dm_status status =
        dm_follow_apply(task->batch, task->node->env, txn);
    if (task->input.is_own) {
        dm_sealer_reload(task->node->sealer);
    }
    return status;
}

static void
written(struct dm_write_task *write, enum dm_status status)
{
    struct dm_follow_task *task =
        DM_CONTAINER_OF(write, struct dm_follow_task, write);
    if (!status && task->input.is_own && task->result.is_whole) {
        dm_sealer_release(task->node->sealer);
    }
    task->back.status = status;
    dm_node_return(task->node, &task->back);
}

static enum dm_status start_job(struct dm_follow_task *task);

static void
came_back(struct dm_return *back, struct dm_node *node)
{
    struct dm_follow_task *task =
        DM_CONTAINER_OF(back, struct dm_follow_task, back);
    if (!back->status && task->result.has_more) {
        // The same bytes have more: piece by piece, so that nothing grows
        dm_follow_batch_free(task->batch);
        task->batch = NULL;
        dm_node_log_changed(node, task->log);
        if (start_job(task) == DM_OK) {
            return;
        }
    }
    finish(task, back->status);
}

// -------------------------------------------------------------- on the worker

static enum dm_status
step(struct dm_job *job)
{
    struct dm_follow_task *task = (struct dm_follow_task *)job;
    struct dm_snapshot *snapshot = NULL;
    enum dm_status status =
        dm_snapshot_open(task->node->store, &job->work, &snapshot);
    if (!status) {
        status = dm_follow_verify(snapshot, task->node->env, &task->input,
                                  &task->batch, &task->error);
        dm_snapshot_close(snapshot);
    }
    return status;
}

static void
verified(struct dm_job *job)
{
    struct dm_follow_task *task = (struct dm_follow_task *)job;
    DM_ON_LOOP();
    if (job->status) {
        finish(task, job->status);
        return;
    }
    task->result = dm_follow_batch_result(task->batch);
    task->write = (struct dm_write_task){
        .apply = apply, .finished = written, .durable = true};
    task->back.run = came_back;
    if (dm_writer_task(task->node->writer, &task->write)) {
        finish(task, DM_ERR_LIMIT);
    }
}

// The pool goes before the work came to its end: its owner still frees the task
static void
dropped(struct dm_job *job)
{
    struct dm_follow_task *task = (struct dm_follow_task *)job;
    finish(task, DM_ERR_CANCELLED);
}

static const struct dm_job_ops follow_ops = {
    .name = "follow",
    .step = step,
    .done = verified,
    .free = dropped,
};

static enum dm_status
start_job(struct dm_follow_task *task)
{
    task->job.ops = &follow_ops;
    dm_work_init(&task->job.work, task->node->env, INT64_MAX, VERIFY_MEMORY);
    return dm_job_start(task->node->sync, &task->job);
}

enum dm_status
dm_follow_task_start(struct dm_follow_task *task, dm_follow_done_fn done,
                     void *context)
{
    DM_ON_LOOP();
    assert(!task->is_started);
    task->done = done;
    task->context = context;
    task->status = DM_OK;
    task->error = (struct dm_error){0};
    task->input.now_ms = dm_env_wall_ms(task->node->env);
    const enum dm_status status = start_job(task);
    task->is_started = !status;
    return status;
}
