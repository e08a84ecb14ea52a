// SPDX-License-Identifier: ISC

#include "daemon/kubo.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/time.h"
#include "daemon/node_private.h"
#include "net/loop.h"
#include "quadstore/store.h"
#include "quadstore/write.h"
#include "sync/kubo.h"
#include "sync/kubo_pack.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PACK_MEMORY ((size_t)32 << 20U)

// What can fail; each fails and is well again by itself
enum part {
    PART_BLOCKS, // Requests of an item
    PART_TIP,    // Those that put the tip
    PART_LOG,    // Packing
};
#define PARTS 3

static const struct {
    const char *name;
    const char *what; // Before a reason
} parts[PARTS] = {
    [PART_BLOCKS] = {"blocks", ""},
    [PART_TIP] = {"tip", "the tip: "},
    [PART_LOG] = {"log", "the log: "},
};

// Makes an item; reads the cursor first where it is not known
struct packing {
    struct dm_job job;
    struct dm_outbox *outbox;
    struct dm_config *config; // Whose :kubo it is for
    struct dm_kubo_cursor cursor;
    bool has_cursor;
    uint64_t until;
    struct dm_kubo_item item; // Views into the packer
    struct dm_error error;
};

struct storing {
    struct dm_write_task task;
    struct dm_return back;
    struct dm_outbox *outbox;
    struct dm_config *config; // Whose :kubo has come that far
    struct dm_kubo_cursor cursor;
};

struct dm_outbox {
    struct dm_node *node;
    char log[DM_KEY_NAME_SIZE];
    struct dm_config *config; // NULL before the first; with :kubo or without
    struct dm_kubo *kubo;     // NULL: none, or its cursor is not known yet
    struct dm_kubo_packer packer; // The job's while it is packing
    struct packing packing;
    struct storing storing;
    struct dm_kubo_cursor cursor; // To be stored, while it is dirty
    bool is_packing;
    bool is_stale; // What is being packed is for another Kubo
    bool is_storing;
    bool is_dirty;
    bool has_news; // The log, or the cursor, was moved since the last job
    bool is_stopped;
    int64_t given_ns;
    char reasons[PARTS][DM_OUTBOX_REASON_SIZE]; // "": well
};

static void go_on(struct dm_outbox *outbox);

// ------------------------------------------------------------------- to people

// Once for each change; "" for what is well
static void
hear(struct dm_outbox *outbox, enum part part, struct dm_str text)
{
    char *reason = outbox->reasons[part];
    char heard[DM_OUTBOX_REASON_SIZE];
    (void)snprintf(heard, sizeof(heard), "%.*s", (int)text.n,
                   text.n ? text.data : "");
    dm_utf8_tame(heard, strlen(heard));
    if (strcmp(heard, reason) == 0) {
        return;
    }
    memcpy(reason, heard, sizeof(heard));
    if (reason[0]) {
        dm_log(outbox->node->env->log, DM_LOG_WARNING, "kubo.trouble",
               "what=%s reason=\"%s\"", parts[part].name, reason);
    } else {
        dm_log(outbox->node->env->log, DM_LOG_INFO, "kubo.well", "what=%s",
               parts[part].name);
    }
}

static void
hear_status(struct dm_outbox *outbox, enum dm_status status,
            const struct dm_error *error)
{
    const char *text = dm_status_text(status);
    if (error && error->what[0]) {
        text = error->what;
    }
    hear(outbox, PART_LOG, dm_str(status ? text : ""));
}

static void
on_heard(void *context, bool is_tip, struct dm_str text)
{
    hear(context, is_tip ? PART_TIP : PART_BLOCKS, text);
}

// -------------------------------------------------------------- storing
// cursors

static enum dm_status
store_apply(struct dm_write_task *task, struct dm_txn *txn)
{
    const struct storing *storing = DM_CONTAINER_OF(task, struct storing, task);
    struct dm_buf buf;
    dm_buf_init(&buf, DM_KUBO_CURSOR_BYTES);
    enum dm_status status = dm_kubo_cursor_write(&storing->cursor, &buf);
    if (!status) {
        const struct dm_str value = dm_buf_str(&buf);
        status = dm_txn_state_put(txn, DM_KUBO_SPACE,
                                  storing->config->node.kubo, &value);
    }
    dm_buf_done(&buf);
    return status;
}

static void
store_finished(struct dm_write_task *task, enum dm_status status)
{
    struct storing *storing = DM_CONTAINER_OF(task, struct storing, task);
    storing->back.status = status;
    dm_node_return(storing->outbox->node, &storing->back);
}

// One that was not stored costs the same item again, so it is not tried again
static void
store(struct dm_outbox *outbox)
{
    struct storing *storing = &outbox->storing;
    if (outbox->is_storing || !outbox->is_dirty || outbox->is_stopped) {
        return;
    }
    storing->config = dm_config_ref(outbox->config);
    storing->cursor = outbox->cursor;
    outbox->is_dirty = false;
    outbox->is_storing = true;
    if (dm_writer_task(outbox->node->writer, &storing->task)) {
        outbox->is_storing = false;
        dm_config_unref(storing->config);
    }
}

static void
store_back(struct dm_return *back, struct dm_node *node)
{
    struct storing *storing = DM_CONTAINER_OF(back, struct storing, back);
    struct dm_outbox *outbox = storing->outbox;
    (void)node;
    dm_config_unref(storing->config);
    outbox->is_storing = false;
    store(outbox);
}

// ----------------------------------------------------------------------
// packing

static enum dm_status
read_cursor(struct packing *packing, struct dm_snapshot *snapshot)
{
    struct dm_str value;
    const enum dm_status status = dm_snapshot_state_get(
        snapshot, DM_KUBO_SPACE, packing->config->node.kubo, &value);
    if (status && status != DM_ERR_NOT_FOUND) {
        return status;
    }
    // One that cannot be read costs all of it again, and no more
    if (status || !dm_kubo_cursor_read(value, &packing->cursor)) {
        packing->cursor = (struct dm_kubo_cursor){0};
    }
    packing->has_cursor = true;
    return DM_OK;
}

static enum dm_status
pack_step(struct dm_job *job)
{
    struct packing *packing = (struct packing *)job;
    struct dm_node *node = packing->outbox->node;
    struct dm_snapshot *snapshot = NULL;
    enum dm_status status =
        dm_snapshot_open(node->store, &job->work, &snapshot);
    if (status) {
        return status;
    }
    if (!packing->has_cursor) {
        status = read_cursor(packing, snapshot);
    }
    if (!status) {
        const struct dm_kubo_pack_spec spec = {
            .log = dm_key_public(node->key),
            .cursor = packing->cursor,
            .until = packing->until,
        };
        status = dm_kubo_pack(&packing->outbox->packer, snapshot, &spec,
                              &packing->item, &packing->error);
    }
    dm_snapshot_close(snapshot);
    return status;
}

static void
on_done(void *context, enum dm_kubo_outcome outcome,
        const struct dm_kubo_cursor *cursor)
{
    struct dm_outbox *outbox = context;
    DM_ON_LOOP();
    assert(!outbox->is_packing); // K1
    dm_kubo_packer_told(&outbox->packer, outcome);
    if (outcome == DM_KUBO_NEED_ALL) {
        dm_log(outbox->node->env->log, DM_LOG_WARNING, "kubo.lost",
               "reason=\"it lacks blocks that it was given: all are sent "
               "again\"");
    }
    outbox->cursor = *cursor;
    outbox->is_dirty = true;
    outbox->has_news = true;
    store(outbox);
    go_on(outbox);
}

static enum dm_status
open_kubo(struct dm_outbox *outbox, const struct dm_kubo_cursor *cursor)
{
    const struct dm_kubo_options options = {
        .env = outbox->node->env,
        .net = outbox->node->net,
        .config = outbox->config,
        .log = dm_str(outbox->log),
        .cursor = *cursor,
        .done = on_done,
        .heard = on_heard,
        .context = outbox,
    };
    return dm_kubo_new(&options, &outbox->kubo);
}

// Whoever packed, for whatever Kubo: the packer is the loop's again.
// @return Whether that is of use.
static bool
packed(struct packing *packing)
{
    struct dm_outbox *outbox = packing->outbox;
    dm_config_unref(packing->config);
    outbox->is_packing = false;
    if (outbox->is_stale) {
        dm_kubo_packer_told(&outbox->packer, DM_KUBO_NEED_ALL);
        outbox->is_stale = false;
        outbox->has_news = true;
        return false;
    }
    return !outbox->is_stopped;
}

static void
pack_done(struct dm_job *job)
{
    struct packing *packing = (struct packing *)job;
    struct dm_outbox *outbox = packing->outbox;
    enum dm_status status = job->status == DM_END ? DM_OK : job->status;
    DM_ON_LOOP();
    if (!packed(packing)) {
        go_on(outbox);
        return;
    }
    if (!outbox->kubo && packing->has_cursor) {
        const enum dm_status opened = open_kubo(outbox, &packing->cursor);
        status = status ? status : opened;
    }
    if (job->status == DM_OK && outbox->kubo) {
        outbox->given_ns = dm_loop_now_ns(outbox->node->net->loop);
        status = dm_kubo_give(outbox->kubo, &packing->item);
    }
    // What failed is tried again with the next news
    hear_status(outbox, status, &packing->error);
    go_on(outbox);
}

static void
pack_dropped(struct dm_job *job)
{
    (void)packed((struct packing *)job);
}

static const struct dm_job_ops pack_ops = {
    .name = "kubo",
    .step = pack_step,
    .done = pack_done,
    .free = pack_dropped,
};

static void
pack(struct dm_outbox *outbox)
{
    struct packing *packing = &outbox->packing;
    const struct dm_logs_own *own = dm_logs_own(outbox->node->logs);
    *packing = (struct packing){
        .job.ops = &pack_ops,
        .outbox = outbox,
        .config = dm_config_ref(outbox->config),
        .until = own ? own->seq : 0,
    };
    if (outbox->kubo) {
        struct dm_kubo_figures figures;
        dm_kubo_figures(outbox->kubo, &figures);
        packing->cursor = figures.cursor;
        packing->has_cursor = true;
    }
    dm_work_init(&packing->job.work, outbox->node->env, INT64_MAX, PACK_MEMORY);
    outbox->is_packing = true;
    outbox->has_news = false;
    const enum dm_status status =
        dm_job_start(outbox->node->sync, &packing->job);
    if (status) {
        (void)packed(packing);
        hear_status(outbox, status, NULL);
    }
}

static bool
has_kubo(const struct dm_outbox *outbox)
{
    return outbox->config && outbox->config->node.kubo.n > 0;
}

// Pack what is new, where nothing is under way
static void
go_on(struct dm_outbox *outbox)
{
    const bool is_busy =
        outbox->is_packing || (outbox->kubo && !dm_kubo_is_idle(outbox->kubo));
    if (!outbox->is_stopped && has_kubo(outbox) && outbox->has_news &&
        !is_busy) {
        pack(outbox);
    }
}

// -------------------------------------------------------------------------
// life

struct dm_outbox *
dm_outbox_new(struct dm_node *node)
{
    struct dm_outbox *outbox = dm_calloc(1, sizeof(*outbox));
    if (outbox) {
        outbox->node = node;
        dm_key_name(dm_key_public(node->key), outbox->log);
        dm_kubo_packer_init(&outbox->packer);
        outbox->storing.outbox = outbox;
        outbox->storing.back.run = store_back;
        outbox->storing.task = (struct dm_write_task){
            .apply = store_apply, .finished = store_finished};
    }
    return outbox;
}

void
dm_outbox_stop(struct dm_outbox *outbox)
{
    outbox->is_stopped = true;
    dm_kubo_free(outbox->kubo);
    outbox->kubo = NULL;
}

void
dm_outbox_free(struct dm_outbox *outbox)
{
    if (!outbox) {
        return;
    }
    assert(!outbox->is_packing && !outbox->is_storing && !outbox->kubo);
    dm_kubo_packer_done(&outbox->packer);
    dm_config_unref(outbox->config);
    dm_free(outbox);
}

// K3
static void
leave(struct dm_outbox *outbox)
{
    dm_kubo_free(outbox->kubo);
    outbox->kubo = NULL;
    outbox->is_dirty = false;
    memset(outbox->reasons, 0, sizeof(outbox->reasons));
    if (outbox->is_packing) {
        outbox->is_stale = true;
    } else {
        dm_kubo_packer_told(&outbox->packer, DM_KUBO_NEED_ALL);
    }
}

void
dm_outbox_configure(struct dm_outbox *outbox, struct dm_config *config)
{
    DM_ON_LOOP();
    struct dm_config *old = outbox->config;
    const bool is_same = old && dm_str_equal(old->node.kubo, config->node.kubo);
    if (!is_same) {
        leave(outbox);
    } else if (outbox->kubo) {
        dm_kubo_configure(outbox->kubo, config);
    }
    outbox->config = dm_config_ref(config);
    dm_config_unref(old);
    outbox->has_news = true;
    go_on(outbox);
}

void
dm_outbox_log_changed(struct dm_outbox *outbox)
{
    DM_ON_LOOP();
    outbox->has_news = true;
    go_on(outbox);
}

// ----------------------------------------------------------------------
// figures

static int64_t
time_of(int64_t ms)
{
    return ms ? ms : DM_NO_TIME;
}

static void
put_reason(const struct dm_outbox *outbox, struct dm_outbox_figures *ret)
{
    for (size_t i = 0; i < PARTS && !ret->reason[0]; ++i) {
        if (outbox->reasons[i][0]) {
            (void)snprintf(ret->reason, sizeof(ret->reason), "%s%s",
                           parts[i].what, outbox->reasons[i]);
        }
    }
    const int64_t waited_ns =
        dm_loop_now_ns(outbox->node->net->loop) - outbox->given_ns;
    if (!ret->reason[0] && outbox->kubo && !dm_kubo_is_idle(outbox->kubo) &&
        waited_ns > DM_OUTBOX_SLOW_NS) {
        (void)snprintf(ret->reason, sizeof(ret->reason),
                       "no answer for %" PRId64 " s",
                       waited_ns / DM_NS_PER_SECOND);
    }
}

void
dm_outbox_figures(const struct dm_outbox *outbox, struct dm_outbox_figures *ret)
{
    const struct dm_logs_own *own = dm_logs_own(outbox->node->logs);
    struct dm_kubo_figures kubo = {0};
    DM_ON_LOOP();
    *ret = (struct dm_outbox_figures){.is_there = has_kubo(outbox)};
    if (!ret->is_there) {
        return;
    }
    if (outbox->kubo) {
        dm_kubo_figures(outbox->kubo, &kubo);
    }
    const uint64_t seq = own ? own->seq : 0;
    ret->is_reachable = kubo.is_reachable;
    ret->behind = seq > kubo.cursor.seq ? seq - kubo.cursor.seq : 0;
    ret->pinned = kubo.cursor.has_pinned ? kubo.cursor.pinned_seq : 0;
    ret->accepted_ms = time_of(kubo.accepted_ms);
    ret->put_ms = time_of(kubo.put_ms);
    ret->items = kubo.items;
    ret->blocks = kubo.blocks;
    ret->bytes = kubo.bytes;
    ret->puts = kubo.puts;
    ret->failed = kubo.failed;
    ret->need_all = kubo.need_all;
    put_reason(outbox, ret);
    ret->is_late = ret->reason[0] || ret->behind > DM_OUTBOX_BEHIND;
}
