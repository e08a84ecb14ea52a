// SPDX-License-Identifier: ISC

#include "sync/seal.h"

#include "base/actor.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/env.h"
#include "base/fault.h"
#include "base/work.h"
#include "quadstore/blocks.h"
#include "quadstore/history.h"
#include "quadstore/store.h"
#include "quadstore/write.h"
#include "sync/conf.h"
#include "sync/guard.h"
#include "sync/payload.h"
#include "sync/seal_private.h"

#include <stdio.h>
#include <string.h>

#define BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"
#define METRIC_NAMES_MAX ((size_t)64 << 20U)
#define REMOVED_AT_ONCE 4096U
#define READ_MEMORY ((size_t)64 << 20U)

struct dm_sealer *
dm_sealer_new(const struct dm_sealer_options *options)
{
    struct dm_sealer *sealer = dm_calloc(1, sizeof(*sealer));
    if (!sealer) {
        return NULL;
    }
    const char *boot_id =
        options->boot_id_path ? options->boot_id_path : BOOT_ID_PATH;
    sealer->env = options->env;
    sealer->key = options->key;
    sealer->keep_blocks_ms = options->keep_blocks_ms;
    sealer->boot_id_path = dm_strndup(boot_id, strlen(boot_id));
    dm_key_iri(dm_key_public(options->key), sealer->iri);
    (void)snprintf(sealer->state_graph, sizeof(sealer->state_graph), "%s#state",
                   sealer->iri);
    dm_arena_init(&sealer->metric_names, METRIC_NAMES_MAX, NULL);
    sealer->lines = dm_quad_lines_new(DM_SEAL_TEXT_MAX);
    dm_map_init(&sealer->metrics, DM_SEAL_METRICS_MAX, 0);
    bool ok = sealer->boot_id_path && sealer->lines;
    if (options->guard_path) {
        sealer->guard_path =
            dm_strndup(options->guard_path, strlen(options->guard_path));
        ok = ok && sealer->guard_path;
    }
    if (!ok) {
        dm_sealer_free(sealer);
        return NULL;
    }
    return sealer;
}

void
dm_sealer_free(struct dm_sealer *sealer)
{
    if (sealer) {
        dm_chain_free(sealer->chain);
        dm_log_conf_unref(sealer->conf);
        dm_quad_lines_free(sealer->lines);
        dm_map_done(&sealer->metrics);
        dm_arena_done(&sealer->metric_names);
        dm_free(sealer->guard_path);
        dm_free(sealer->boot_id_path);
        dm_free(sealer);
    }
}

void
dm_sealer_configure(struct dm_sealer *sealer, struct dm_log_conf *conf,
                    int64_t keep_blocks_ms)
{
    DM_ON_WRITER();
    struct dm_log_conf *old = sealer->conf;
    sealer->conf = dm_log_conf_ref(conf);
    sealer->is_conf_new = true;
    sealer->keep_blocks_ms = keep_blocks_ms;
    dm_log_conf_unref(old);
}

const struct dm_chain *
dm_sealer_chain(const struct dm_sealer *sealer)
{
    return sealer->chain && sealer->chain->seq ? sealer->chain : NULL;
}

void
dm_sealer_reload(struct dm_sealer *sealer)
{
    DM_ON_WRITER();
    dm_chain_free(sealer->chain);
    sealer->chain = NULL;
    sealer->is_conf_new = true;
    dm_seal_forget_metrics(sealer);
}

// ---------------------------------------------------------------------- guard

enum dm_status
dm_sealer_open(struct dm_sealer *sealer, struct dm_snapshot *snapshot,
               struct dm_error *error)
{
    DM_ON_WRITER();
    if (sealer->chain) {
        return DM_OK;
    }
    const uint8_t *log = dm_key_public(sealer->key);
    enum dm_status status = dm_chain_load(snapshot, log, &sealer->chain, error);
    if (status == DM_ERR_NOT_FOUND) {
        sealer->chain = dm_chain_new(log);
        status = sealer->chain ? DM_OK : DM_ERR_NO_MEMORY;
    }
    if (!status && !sealer->is_released) {
        sealer->is_released =
            sealer->guard_path &&
            dm_guard_agrees(sealer->env, sealer->guard_path,
                            sealer->boot_id_path, sealer->chain->seq);
    }
    return status;
}

bool
dm_sealer_is_released(const struct dm_sealer *sealer)
{
    return sealer->is_released || DM_FAULT("forget the guard");
}

void
dm_sealer_release(struct dm_sealer *sealer)
{
    DM_ON_WRITER();
    sealer->is_released = true;
}

enum dm_status
dm_sealer_committed(struct dm_sealer *sealer)
{
    DM_ON_WRITER();
    sealer->is_conf_new = false;
    return sealer->guard_path && sealer->chain
               ? dm_guard_write(sealer->env, sealer->guard_path,
                                sealer->boot_id_path, sealer->chain->seq)
               : DM_OK;
}

void
dm_sealer_undo(struct dm_sealer *sealer)
{
    const bool is_conf_new = sealer->is_conf_new;
    dm_sealer_reload(sealer);
    sealer->is_conf_new = is_conf_new;
}

// --------------------------------------------------------------------- blocks

enum dm_status
dm_seal_put(struct dm_seal *seal, enum dm_block_kind kind, uint64_t seq,
            struct dm_str data, struct dm_cid *ret)
{
    const bool is_raw = kind == DM_BLOCK_PAYLOAD || kind == DM_BLOCK_PART;
    struct dm_block block = {
        .place = {.log = seal->log, .kind = kind, .seq = seq},
        .data = data,
    };
    *ret = dm_cid_of(is_raw ? DM_CODEC_RAW : DM_CODEC_CBOR, data);
    memcpy(block.name, ret->bytes, sizeof(block.name));
    struct dm_cid *written =
        dm_grow(seal->written, &seal->capacity, seal->n_written + 1,
                sizeof(*seal->written), DM_SEAL_BLOCKS_MAX);
    if (!written) {
        return DM_ERR_NO_MEMORY;
    }
    seal->written = written;
    written[seal->n_written++] = *ret;
    const enum dm_status status = dm_txn_block_put(seal->txn, &block);
    return status == DM_ERR_EXISTS ? DM_ERR_CORRUPT : status;
}

static enum dm_status
put_node(void *context, const struct dm_block *block)
{
    struct dm_cid cid;
    return dm_seal_put(context, block->place.kind, block->place.seq,
                       block->data, &cid);
}

enum dm_status
dm_seal_look(struct dm_seal *seal, struct dm_snapshot **ret)
{
    return dm_txn_snapshot(seal->txn, &seal->work, ret);
}

// S1: what was put since the last call is there, as it was put.
static enum dm_status
read_back(struct dm_seal *seal)
{
    struct dm_snapshot *snapshot = NULL;
    enum dm_status status = dm_seal_look(seal, &snapshot);
    for (size_t i = 0; !status && i < seal->n_written; ++i) {
        struct dm_block block;
        status = dm_snapshot_block(snapshot, seal->written[i].bytes, &block);
        if (!status && !dm_cid_names(&seal->written[i], block.data)) {
            status = DM_ERR_CORRUPT;
        }
        dm_snapshot_release_texts(snapshot);
    }
    if (snapshot) {
        dm_snapshot_close(snapshot);
    }
    seal->n_written = 0;
    return status == DM_ERR_NOT_FOUND ? DM_ERR_CORRUPT : status;
}

// -------------------------------------------------------------------- pruning

// The border that `first` may move to: what lies before it is older than blocks
// are kept, and the newest snapshot stands behind it.
static enum dm_status
find_border(struct dm_seal *seal, struct dm_snapshot *snapshot, uint64_t *ret)
{
    const struct dm_chain *chain = seal->sealer->chain;
    const int64_t until = seal->now_ms - seal->sealer->keep_blocks_ms;
    enum dm_status status = DM_OK;
    *ret = chain->first;
    while (!status && chain->has_snap && *ret + DM_FAN <= chain->snap_seq) {
        const struct dm_block_place place = {
            .log = seal->log, .kind = DM_BLOCK_NODE1, .seq = *ret};
        struct dm_block block;
        struct dm_wire_node node;
        status = dm_snapshot_block_at(snapshot, &place, &block);
        if (!status) {
            status = dm_wire_node_read(block.data, &node, NULL);
        }
        // What was changed on the disk is not signed: it stays, with all after
        if (!status &&
            (node.time_max_ms >= until ||
             *ret - chain->first >= DM_SEAL_PRUNED_MAX ||
             !dm_chain_may_prune(snapshot, seal->log, *ret, *ret + DM_FAN))) {
            break;
        }
        *ret += status ? 0 : DM_FAN;
    }
    return status == DM_ERR_NOT_FOUND ? DM_ERR_CORRUPT : status;
}

// Drop what is older than it is kept, a bounded piece at a time.
static enum dm_status
prune(struct dm_seal *seal)
{
    struct dm_chain *chain = seal->sealer->chain;
    struct dm_snapshot *snapshot = NULL;
    uint64_t first = chain->first;
    bool more = false;
    enum dm_status status = dm_seal_look(seal, &snapshot);
    if (!status) {
        status = find_border(seal, snapshot, &first);
    }
    const bool is_due = !status && first > chain->first;
    if (is_due) {
        status = dm_chain_prune(chain, snapshot, seal->log, first);
    }
    if (snapshot) {
        dm_snapshot_close(snapshot);
    }
    if (status || !is_due) {
        return status;
    }
    status = dm_chain_lift(chain, seal->txn, &seal->work, seal->log);
    if (!status) {
        status = dm_txn_blocks_remove(
            seal->txn, seal->log,
            1U << DM_BLOCK_ENTRY | 1U << DM_BLOCK_PAYLOAD |
                1U << DM_BLOCK_NODE1 | 1U << DM_BLOCK_NODE2 |
                1U << DM_BLOCK_MANIFEST | 1U << DM_BLOCK_PART,
            0, first, REMOVED_AT_ONCE, &more);
    }
    return status;
}

// ---------------------------------------------------------------------- entry

static enum dm_status
put_head(struct dm_seal *seal)
{
    struct dm_chain *chain = seal->sealer->chain;
    struct dm_buf buf;
    struct dm_cid head;
    struct dm_record record;
    bool more = false;
    dm_buf_init(&buf, DM_HEAD_MAX);
    enum dm_status status = dm_chain_head(chain, &buf);
    if (!status) {
        status = dm_seal_put(seal, DM_BLOCK_HEAD, chain->seq, dm_buf_str(&buf),
                             &head);
    }
    if (!status) {
        status = read_back(seal);
    }
    dm_buf_clear(&buf);
    if (!status) {
        status = dm_record_write(seal->sealer->key, &head, chain->seq, 0,
                                 seal->now_ms + DM_RECORD_VALID_MS, &buf);
    }
    if (!status) {
        status = dm_record_read(dm_buf_str(&buf), chain->log, &record, NULL);
    }
    if (!status) {
        dm_chain_set_record(chain, dm_buf_str(&buf), &record);
        // Who asked for the Head before this one still gets it
        status =
            dm_txn_blocks_remove(seal->txn, seal->log, 1U << DM_BLOCK_HEAD, 0,
                                 chain->seq - 1, REMOVED_AT_ONCE, &more);
    }
    dm_buf_done(&buf);
    return status ? status : dm_chain_store(chain, seal->txn);
}

static enum dm_status
put_entry(struct dm_seal *seal)
{
    struct dm_chain *chain = seal->sealer->chain;
    struct dm_wire_entry *entry = &seal->entry;
    struct dm_buf buf;
    struct dm_cid cid;
    entry->seq = chain->seq + 1;
    entry->time_ms = seal->now_ms;
    entry->has_prev = chain->seq > 0;
    entry->prev = chain->tip;
    memcpy(entry->log, chain->log, sizeof(entry->log));
    dm_buf_init(&buf, DM_ENTRY_MAX);
    enum dm_status status = read_back(seal);
    if (!status) {
        status = dm_wire_entry_write(entry, seal->sealer->key, &buf);
    }
    if (!status) {
        status = dm_seal_put(seal, DM_BLOCK_ENTRY, entry->seq, dm_buf_str(&buf),
                             &cid);
    }
    if (!status) {
        status = dm_chain_append(chain, entry, dm_buf_str(&buf),
                                 seal->payload_bytes, put_node, seal);
    }
    if (!status) {
        chain->last_event = seal->last_event;
    }
    dm_buf_done(&buf);
    return status;
}

static enum dm_status
make_entry(struct dm_seal *seal)
{
    enum dm_status status = dm_seal_events(seal);
    if (!status) {
        status = dm_seal_conf(seal);
    }
    if (!status) {
        status = dm_seal_snap(seal);
    }
    if (!status) {
        status = put_entry(seal);
    }
    if (!status) {
        status = prune(seal);
    }
    return status ? status : put_head(seal);
}

enum dm_status
dm_sealer_seal(struct dm_sealer *sealer, struct dm_txn *txn, int64_t now_ms,
               struct dm_sealed *ret, struct dm_error *error)
{
    DM_ON_WRITER();
    struct dm_seal seal = {.sealer = sealer, .txn = txn, .now_ms = now_ms};
    struct dm_snapshot *snapshot = NULL;
    if (!sealer->conf) {
        return DM_ERR_STATE;
    }
    dm_work_init(&seal.work, sealer->env, INT64_MAX, READ_MEMORY);
    enum dm_status status =
        dm_txn_log_number(txn, dm_str(sealer->iri), &seal.log);
    if (!status) {
        status = dm_seal_look(&seal, &snapshot);
    }
    if (!status) {
        status = dm_sealer_open(sealer, snapshot, error);
    }
    if (snapshot) {
        dm_snapshot_close(snapshot);
    }
    if (!status &&
        (!dm_sealer_is_released(sealer) || sealer->chain->forked_at)) {
        return DM_ERR_STATE;
    }
    if (!status) {
        seal.last_event = sealer->chain->last_event;
        status = make_entry(&seal);
    }
    dm_free(seal.written);
    if (status) {
        return dm_error_set(
            error, status, "entry %llu cannot be sealed: %s",
            sealer->chain ? (unsigned long long)sealer->chain->seq + 1 : 0ULL,
            dm_status_text(status));
    }
    *ret = (struct dm_sealed){
        .seq = sealer->chain->seq,
        .head = sealer->chain->head,
        .has_more = seal.has_more,
        .n_left_out = seal.n_left_out,
    };
    return DM_OK;
}
