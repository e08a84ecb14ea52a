// SPDX-License-Identifier: ISC

#include "sync/follow_private.h"

#include "base/actor.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/env.h"
#include "base/fault.h"
#include "quadstore/store.h"
#include "sync/car.h"
#include "sync/exchange.h"
#include "sync/frame.h"

#include <assert.h>
#include <string.h>

#define ARRAYS_MEMORY ((size_t)64 << 20U)
#define BLOCKS_MAX 40000U
// What a batch of several entries holds of payloads: so it stays small, and the
// writer has it soon behind itself
#define BATCH_QUADS 16384U
#define BATCH_INFLATED ((size_t)4 << 20U)
#define JUMP_MS INT64_C(60000) // A clock that was set, not one that drifts

struct verify {
    struct dm_snapshot *snapshot;
    const struct dm_env *env;
    const struct dm_follow_input *input;
    struct dm_follow_batch *batch;
    struct dm_inflater *inflater;
    struct dm_record record;
    struct dm_error *error;
};

void
dm_follow_batch_free(struct dm_follow_batch *batch)
{
    if (!batch) {
        return;
    }
    for (size_t i = 0; i < batch->n_payloads; ++i) {
        dm_payload_done(&batch->payloads[i]);
    }
    dm_manifest_set_done(&batch->conf);
    dm_manifest_set_done(&batch->snap);
    dm_free(batch->payloads);
    dm_free(batch->blocks);
    dm_map_done(&batch->named);
    dm_chain_free(batch->chain);
    dm_arena_done(&batch->arena);
    dm_free(batch);
}

struct dm_follow_result
dm_follow_batch_result(const struct dm_follow_batch *batch)
{
    return batch->result;
}

// --------------------------------------------------------------------- blocks

static enum dm_status
keep(struct dm_follow_batch *batch, enum dm_block_kind kind, uint64_t seq,
     const struct dm_cid *cid, struct dm_str data)
{
    struct dm_block *blocks =
        dm_grow(batch->blocks, &batch->blocks_capacity, batch->n_blocks + 1,
                sizeof(*blocks), BLOCKS_MAX);
    if (!blocks) {
        return DM_ERR_NO_MEMORY;
    }
    batch->blocks = blocks;
    struct dm_block *block = &blocks[batch->n_blocks++];
    *block = (struct dm_block){
        .place = {.kind = kind, .seq = seq},
        .data = data,
    };
    memcpy(block->name, cid->bytes, sizeof(block->name));
    if (kind != DM_BLOCK_MANIFEST && kind != DM_BLOCK_PART) {
        return DM_OK; // Nobody looks for it here
    }
    const struct dm_str name = dm_arena_copy(
        &batch->arena, dm_str_n((const char *)cid->bytes, sizeof(cid->bytes)));
    struct dm_map_entry *named =
        name.data ? dm_map_put(&batch->named, name, NULL) : NULL;
    if (!named) {
        return DM_ERR_NO_MEMORY;
    }
    named->value.number = batch->n_blocks - 1;
    return DM_OK;
}

// Keep a block that was made here, with its bytes.
static enum dm_status
keep_copy(struct dm_follow_batch *batch, const struct dm_block *block)
{
    struct dm_cid cid;
    const struct dm_str copy = dm_arena_copy(&batch->arena, block->data);
    memcpy(cid.bytes, block->name, sizeof(cid.bytes));
    return copy.data
               ? keep(batch, block->place.kind, block->place.seq, &cid, copy)
               : DM_ERR_NO_MEMORY;
}

static enum dm_status
on_node(void *context, const struct dm_block *block)
{
    return keep_copy(context, block);
}

// A Manifest of this batch or a part of one, else of the store
static enum dm_status
find_block(void *context, const struct dm_cid *cid, struct dm_str *ret)
{
    struct verify *verify = context;
    const struct dm_follow_batch *batch = verify->batch;
    const struct dm_map_entry *named = dm_map_get(
        &batch->named, dm_str_n((const char *)cid->bytes, sizeof(cid->bytes)));
    if (named) {
        *ret = batch->blocks[named->value.number].data;
        return DM_OK;
    }
    struct dm_block block;
    enum dm_status status =
        dm_snapshot_block(verify->snapshot, cid->bytes, &block);
    if (!status) {
        *ret = dm_arena_copy(&verify->batch->arena, block.data);
        status = ret->data ? DM_OK : DM_ERR_NO_MEMORY;
    }
    return status;
}

// Keep the blocks of a CAR that holds one Manifest and its parts.
static enum dm_status
keep_manifest(struct verify *verify, struct dm_str bytes, uint64_t seq)
{
    struct dm_car car;
    struct dm_car_block block;
    enum dm_status status = dm_car_open(&car, bytes, true, verify->error);
    while (!status && !(status = dm_car_next(&car, &block, verify->error))) {
        const bool is_part = dm_cid_codec(&block.cid) == DM_CODEC_RAW;
        status =
            keep(verify->batch, is_part ? DM_BLOCK_PART : DM_BLOCK_MANIFEST,
                 seq, &block.cid, block.data);
    }
    return status == DM_END ? DM_OK : status;
}

static enum dm_status
read_manifest(struct verify *verify, const struct dm_cid *cid,
              enum dm_manifest_kind kind, struct dm_manifest_set *ret)
{
    const struct dm_manifest_spec spec = {
        .log = verify->input->log,
        .kind = kind,
        .key = verify->input->key,
        .find = find_block,
        .context = verify,
    };
    struct dm_str block = {0};
    const enum dm_status status = find_block(verify, cid, &block);
    if (status == DM_ERR_NOT_FOUND) {
        return dm_error_set(verify->error, DM_ERR_CORRUPT,
                            "block-missing: a Manifest that Head names");
    }
    return status ? status
                  : dm_manifest_read(block, &spec, &verify->batch->account, ret,
                                     verify->error);
}

// -------------------------------------------------------------------- entries

// Whether the events of this entry become rows
static bool
has_rows(const struct verify *verify)
{
    const struct dm_chain *chain = verify->batch->chain;
    switch (verify->input->rows) {
    case DM_FOLLOW_ROWS_ALL:
        break;
    case DM_FOLLOW_ROWS_RECENT:
    case DM_FOLLOW_ROWS_STATE:
        return !chain->waits_for_snap;
    }
    return true;
}

static enum dm_status
read_payload(struct verify *verify, const struct dm_exchange_entry *entry)
{
    struct dm_follow_batch *batch = verify->batch;
    struct dm_payload_spec spec = {
        .role = DM_PAYLOAD_DATA,
        .log = verify->input->log,
        .log_iri = dm_str(batch->iri),
        .inflater = verify->inflater,
        .has_enc = entry->entry.has_enc,
        .key = verify->input->key,
        .has_expected = true,
        .n = entry->entry.n,
        .size = entry->entry.size,
        .after = batch->chain->last_event,
    };
    struct dm_payload *payloads =
        dm_grow(batch->payloads, &batch->payloads_capacity,
                batch->n_payloads + 1, sizeof(*payloads), BLOCKS_MAX);
    if (!payloads) {
        return DM_ERR_NO_MEMORY;
    }
    batch->payloads = payloads;
    memcpy(spec.enc, entry->entry.enc, sizeof(spec.enc));
    struct dm_payload *payload = &payloads[batch->n_payloads];
    const enum dm_status status = dm_payload_read(
        entry->payload, &spec, &batch->account, payload, verify->error);
    if (status == DM_ERR_NOT_FOUND) {
        return DM_OK; // Of a key that is not here: relayed, not read
    }
    if (status) {
        return status;
    }
    if (payload->n_events) {
        batch->chain->last_event = payload->events[payload->n_events - 1].key;
    }
    if (has_rows(verify)) {
        ++batch->n_payloads;
    } else {
        dm_payload_done(payload);
    }
    return DM_OK;
}

static enum dm_status
keep_entry(struct verify *verify, const struct dm_exchange_entry *entry)
{
    struct dm_follow_batch *batch = verify->batch;
    const uint64_t seq = entry->entry.seq;
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < entry->n_before; ++i) {
        const struct dm_exchange_block *block = &entry->before[i];
        const bool is_part = block->kind == DM_EXCHANGE_PART;
        status = keep(batch, is_part ? DM_BLOCK_PART : DM_BLOCK_MANIFEST, seq,
                      &block->cid, block->data);
    }
    if (!status) {
        status = keep(batch, DM_BLOCK_ENTRY, seq, &entry->cid, entry->block);
    }
    if (!status && entry->entry.has_data) {
        status = keep(batch, DM_BLOCK_PAYLOAD, seq, &entry->entry.data,
                      entry->payload);
    }
    return status;
}

static enum dm_status
add_entry(struct verify *verify, const struct dm_exchange_entry *entry)
{
    struct dm_follow_batch *batch = verify->batch;
    struct dm_chain *chain = batch->chain;
    const bool follows = chain->seq
                             ? entry->entry.has_prev &&
                                   dm_cid_equal(&entry->entry.prev, &chain->tip)
                             : !entry->entry.has_prev;
    if (!follows) {
        return dm_error_set(verify->error, DM_ERR_STATE,
                            "prev: entry %llu does not follow the one held",
                            (unsigned long long)entry->entry.seq);
    }
    enum dm_status status = keep_entry(verify, entry);
    if (!status && entry->entry.has_data) {
        status = read_payload(verify, entry);
    }
    if (!status) {
        status = dm_chain_append(chain, &entry->entry, entry->block,
                                 entry->payload.n, on_node, batch);
    }
    if (!status && chain->waits_for_snap && entry->entry.has_snap &&
        dm_cid_equal(&entry->entry.snap, &chain->awaited_snap)) {
        chain->waits_for_snap = false;
    }
    return status;
}

// Whether this entry is for the next batch. Some were taken before it, and what
// was signed is the last of all: by their hashes the first ones are good too.
static bool
is_too_much(struct dm_follow_batch *batch, const struct dm_wire_entry *entry)
{
    const size_t n_quads = batch->n_quads + (size_t)entry->n;
    const size_t n_inflated = batch->n_inflated + (size_t)entry->size;
    const bool has_some = batch->chain->seq > batch->base_seq;
    if (has_some && (n_quads > BATCH_QUADS || n_inflated > BATCH_INFLATED)) {
        return true;
    }
    batch->n_quads = n_quads;
    batch->n_inflated = n_inflated;
    return false;
}

// ---------------------------------------------------------------------- forks

// Freeze the log, where these are two entries of one sequence.
static enum dm_status
freeze(struct verify *verify, struct dm_str ours, struct dm_str theirs)
{
    struct dm_follow_batch *batch = verify->batch;
    const struct dm_str blocks[2] = {ours, theirs};
    uint64_t seq = 0;
    enum dm_status status =
        dm_fork_check(ours, theirs, verify->input->log, &seq, verify->error);
    for (size_t i = 0; !status && i < 2; ++i) {
        batch->chain->fork[i] = dm_cid_of(DM_CODEC_CBOR, blocks[i]);
        status =
            keep(batch, DM_BLOCK_PROOF, seq, &batch->chain->fork[i], blocks[i]);
    }
    batch->chain->forked_at = seq;
    return status;
}

// An entry of which one is held: where that is another, the log has forked.
static enum dm_status
compare_held(struct verify *verify, const struct dm_exchange_entry *entry)
{
    struct dm_follow_batch *batch = verify->batch;
    struct dm_block_place place = {.kind = DM_BLOCK_ENTRY,
                                   .seq = entry->entry.seq};
    struct dm_block held;
    if (entry->entry.seq < batch->chain->first) {
        return DM_OK; // Not kept any more
    }
    enum dm_status status = dm_snapshot_log_number(
        verify->snapshot, dm_str(batch->iri), &place.log);
    if (!status) {
        status = dm_snapshot_block_at(verify->snapshot, &place, &held);
    }
    if (status || memcmp(held.name, entry->cid.bytes, sizeof(held.name)) == 0) {
        return status == DM_ERR_NOT_FOUND ? DM_OK : status;
    }
    const struct dm_str ours = dm_arena_copy(&batch->arena, held.data);
    bool is_first = entry->entry.seq == batch->chain->first;
    if (!is_first) {
        --place.seq;
        status = dm_snapshot_block_at(verify->snapshot, &place, &held);
        is_first = !status && memcmp(held.name, entry->entry.prev.bytes,
                                     sizeof(held.name)) == 0;
    }
    if (status || !is_first) {
        return status ? status
                      : dm_error_set(verify->error, DM_ERR_STATE,
                                     "prev: an entry before %llu differs too",
                                     (unsigned long long)entry->entry.seq);
    }
    return ours.data ? freeze(verify, ours, entry->block) : DM_ERR_NO_MEMORY;
}

static enum dm_status
add_entries(struct verify *verify, const struct dm_exchange *exchange)
{
    struct dm_chain *chain = verify->batch->chain;
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < exchange->n_entries; ++i) {
        const struct dm_exchange_entry *entry = &exchange->entries[i];
        const uint64_t seq = entry->entry.seq;
        if (seq > chain->seq + 1) {
            status = dm_error_set(verify->error, DM_ERR_ARGUMENT,
                                  "gap: entry %llu comes after %llu",
                                  (unsigned long long)seq,
                                  (unsigned long long)chain->seq);
        } else if (seq == chain->seq + 1) {
            if (is_too_much(verify->batch, &entry->entry)) {
                verify->batch->result.has_more = true;
                break;
            }
            status = add_entry(verify, entry);
        } else {
            status = compare_held(verify, entry);
        }
        if (chain->forked_at) {
            break; // Nothing after it is merged
        }
        dm_snapshot_release_texts(verify->snapshot);
    }
    return status;
}

static enum dm_status
read_entries(struct verify *verify)
{
    const struct dm_follow_input *input = verify->input;
    const struct dm_exchange_spec spec = {
        .log = input->log,
        .with_data = true,
        .signatures = DM_FAULT("skip a signature check") ? DM_SIGNATURES_NONE
                                                         : DM_SIGNATURES_LAST,
    };
    struct dm_exchange exchange;
    struct dm_wire_head head;
    enum dm_status status = dm_exchange_read(
        input->car, &spec, &verify->batch->arena, &exchange, verify->error);
    if (!status && input->is_push) {
        status = dm_push_check(&exchange, input->log, &verify->record, &head,
                               verify->error);
    } else if (!status) {
        status = dm_route_check(&exchange, input->after, input->limit,
                                verify->error);
    }
    if (!status) {
        status = add_entries(verify, &exchange);
    }
    // Behind the entries of a push: note and its parts, then Head
    const bool is_all = !verify->batch->result.has_more;
    for (size_t i = 0; !status && is_all && i + 1 < exchange.n_rest; ++i) {
        const struct dm_exchange_block *block = &exchange.rest[i];
        status = keep(verify->batch,
                      block->kind == DM_EXCHANGE_PART ? DM_BLOCK_PART
                                                      : DM_BLOCK_MANIFEST,
                      verify->record.seq, &block->cid, block->data);
    }
    return status;
}

// ------------------------------------------------------------------------ tip

static bool
is_equal_list(const struct dm_cid_list *said, const struct dm_chain_list *found)
{
    bool is_equal = said->n == found->n;
    for (size_t i = 0; is_equal && i < said->n; ++i) {
        const struct dm_cid cid = dm_cid_list_at(said, i);
        is_equal = dm_cid_equal(&cid, &found->items[i].cid);
    }
    return is_equal;
}

// What a Head says of the entries is what is held.
static enum dm_status
compare_head(struct verify *verify, const struct dm_wire_head *head)
{
    const struct dm_chain *chain = verify->batch->chain;
    uint8_t root[DM_DIGEST_BYTES];
    dm_tree_root(&chain->tree, root);
    const char *differs = NULL;
    if (memcmp(root, head->root, sizeof(root)) != 0) {
        differs = "root";
    } else if (head->seq != chain->seq ||
               !dm_cid_equal(&head->tip, &chain->tip)) {
        differs = "tip";
    } else if (!dm_cid_equal(&head->conf, &chain->conf)) {
        differs = "conf";
    } else if (head->has_snap != chain->has_snap ||
               (chain->has_snap && !dm_cid_equal(&head->snap, &chain->snap))) {
        differs = "snap";
    } else if (head->first != chain->first ||
               !is_equal_list(&head->l2, &chain->l2) ||
               !is_equal_list(&head->l1, &chain->l1) ||
               !is_equal_list(&head->tail, &chain->tail)) {
        differs = "index";
    }
    return differs ? dm_error_set(verify->error, DM_ERR_CORRUPT,
                                  "head-%s: not what the entries give", differs)
                   : DM_OK;
}

// The writer dropped its oldest entries: so do we. Entries that came in this
// batch are not in the store yet, and are newer than any border.
static enum dm_status
follow_first(struct verify *verify, uint64_t first)
{
    struct dm_follow_batch *batch = verify->batch;
    char iri[DM_KEY_IRI_SIZE];
    dm_log_no number = 0;
    if (first <= batch->chain->first) {
        return DM_OK;
    }
    if (first > batch->base_seq + 1) {
        return DM_AGAIN; // Some of what goes is in this batch, not stored yet
    }
    dm_key_iri(verify->input->log, iri);
    const enum dm_status status =
        dm_snapshot_log_number(verify->snapshot, dm_str(iri), &number);
    return status
               ? status
               : dm_chain_prune(batch->chain, verify->snapshot, number, first);
}

// Take a Head that was fetched: what it says beyond the entries is taken from
// it, the rest compared.
static enum dm_status
take_head(struct verify *verify, struct dm_str block)
{
    struct dm_chain *chain = verify->batch->chain;
    struct dm_wire_head head;
    if (!dm_cid_names(&verify->record.head, block)) {
        return dm_error_set(verify->error, DM_ERR_CORRUPT,
                            "cid-hash: not the Head that the record names");
    }
    enum dm_status status = dm_wire_head_read(block, &head, verify->error);
    if (!status &&
        memcmp(head.log, verify->input->log, sizeof(head.log)) != 0) {
        status = dm_error_set(verify->error, DM_ERR_CORRUPT,
                              "log-other: the Head of another log");
    }
    if (!status && head.first < chain->first) {
        status = dm_error_set(
            verify->error, DM_ERR_CORRUPT, "first: goes back from %llu to %llu",
            (unsigned long long)chain->first, (unsigned long long)head.first);
    }
    if (!status) {
        status = follow_first(verify, head.first);
    }
    if (!status) {
        chain->has_note = head.has_note;
        chain->note = head.note;
        status = compare_head(verify, &head);
    }
    return status;
}

static struct dm_str
pushed_head(const struct verify *verify)
{
    // Its last block, by the rules of a push
    struct dm_car car;
    struct dm_car_block block = {0};
    struct dm_str last = {0};
    if (dm_car_open(&car, verify->input->car, true, NULL)) {
        return last;
    }
    while (!dm_car_next(&car, &block, NULL)) {
        last = block.data;
    }
    return last;
}

// The entries reach to where the record says: Head is rebuilt and compared.
static enum dm_status
take_tip(struct verify *verify)
{
    struct dm_follow_batch *batch = verify->batch;
    struct dm_chain *chain = batch->chain;
    struct dm_buf buf;
    dm_buf_init(&buf, DM_HEAD_MAX);
    enum dm_status status = dm_chain_head(chain, &buf);
    struct dm_str head = dm_buf_str(&buf);
    const bool is_rebuilt = !status && dm_cid_names(&verify->record.head, head);
    if (!status && !is_rebuilt) {
        head =
            verify->input->is_push ? pushed_head(verify) : verify->input->head;
        status = head.n ? take_head(verify, head)
                        : dm_error_set(verify->error, DM_ERR_NOT_FOUND,
                                       "head: cannot be rebuilt from here");
    }
    if (status == DM_AGAIN) {
        dm_buf_done(&buf);
        return DM_OK; // The entries first; the tip in a batch of its own
    }
    if (!status) {
        struct dm_block block = {
            .place = {.kind = DM_BLOCK_HEAD, .seq = chain->seq},
            .data = head,
        };
        memcpy(block.name, verify->record.head.bytes, sizeof(block.name));
        status = keep_copy(batch, &block);
    }
    if (!status) {
        dm_chain_set_record(chain, verify->input->record, &verify->record);
        batch->result.is_whole = true;
    }
    dm_buf_done(&buf);
    return status;
}

// The configuration in force is read where the graph here holds another one.
static enum dm_status
take_conf(struct verify *verify)
{
    struct dm_follow_batch *batch = verify->batch;
    struct dm_str held;
    enum dm_status status = dm_snapshot_state_get(
        verify->snapshot, DM_SEEN_CONF_SPACE, dm_str(batch->iri), &held);
    if (!status && held.n == DM_CID_BYTES &&
        memcmp(held.data, batch->chain->conf.bytes, DM_CID_BYTES) == 0) {
        return DM_OK;
    }
    if (status && status != DM_ERR_NOT_FOUND) {
        return status;
    }
    status = read_manifest(verify, &batch->chain->conf, DM_MANIFEST_CONF,
                           &batch->conf);
    batch->has_conf = !status && !batch->conf.is_unread;
    batch->conf_cid = batch->chain->conf;
    return status;
}

// A snapshot that is new here is whole and in its form, though it is not read.
static enum dm_status
check_snap(struct verify *verify)
{
    const struct dm_follow_batch *batch = verify->batch;
    struct dm_manifest_set set = {0};
    if (!batch->chain->has_snap ||
        (batch->base_is_whole && batch->chain->snap_seq <= batch->base_seq)) {
        return DM_OK;
    }
    const enum dm_status status =
        read_manifest(verify, &batch->chain->snap, DM_MANIFEST_SNAP, &set);
    if (!status) {
        dm_manifest_set_done(&set);
    }
    return status;
}

// --------------------------------------------------------------------- starts

// Begin a log whose entries before `first` are gone, or whose present is wanted
// before its entries.
static enum dm_status
start(struct verify *verify)
{
    struct dm_follow_batch *batch = verify->batch;
    const struct dm_follow_input *input = verify->input;
    struct dm_chain *chain = batch->chain;
    struct dm_wire_head head;
    if (!dm_cid_names(&verify->record.head, input->head)) {
        return dm_error_set(verify->error, DM_ERR_CORRUPT,
                            "cid-hash: not the Head that the record names");
    }
    enum dm_status status =
        dm_wire_head_read(input->head, &head, verify->error);
    if (!status && (memcmp(head.log, input->log, sizeof(head.log)) != 0 ||
                    head.seq != verify->record.seq)) {
        status = dm_error_set(verify->error, DM_ERR_CORRUPT,
                              "log-other: not the Head of this record");
    }
    if (!status && head.first <= batch->base_seq) {
        status = dm_error_set(verify->error, DM_ERR_CORRUPT,
                              "first: what follows the entries held is kept");
    }
    if (status) {
        return status;
    }
    chain->tail.n = 0;
    chain->l1.n = 0;
    chain->l2.n = 0;
    chain->has_snap = false;
    chain->has_note = false;
    chain->n_record = 0;
    chain->first = head.first;
    chain->seq = head.first - 1;
    chain->conf = head.conf;
    chain->has_anchor = head.has_anchor;
    chain->anchor = head.anchor;
    chain->tip = head.anchor;
    chain->frontier.size = chain->seq;
    for (size_t i = 0; i < head.n_frontier; ++i) {
        memcpy(chain->frontier.hashes[i],
               head.frontier + i * head.frontier_stride, DM_DIGEST_BYTES);
    }
    chain->tree = chain->frontier;
    status = keep_manifest(verify, input->conf, head.seq);
    if (!status) {
        status = take_conf(verify);
    }
    if (!status && head.has_snap && input->snap.n) {
        status = keep_manifest(verify, input->snap, head.seq);
        if (!status) {
            status = read_manifest(verify, &head.snap, DM_MANIFEST_SNAP,
                                   &batch->snap);
        }
        batch->has_snap = !status && !batch->snap.is_unread;
        chain->waits_for_snap = batch->has_snap;
        chain->awaited_snap = head.snap;
    }
    return status;
}

// ----------------------------------------------------------------- all of it

// Ours minus its clock: of tips that come as they are sealed the smallest
// difference, which drifts slowly and jumps when a clock was set.
static int64_t
estimate_offset(const struct verify *verify, const struct dm_seen *before)
{
    const struct dm_follow_batch *batch = verify->batch;
    const bool is_live = batch->has_base && batch->result.is_whole &&
                         batch->chain->seq > batch->base_seq &&
                         batch->chain->seq <= batch->base_seq + 2;
    if (!is_live) {
        return before->offset_ms;
    }
    const int64_t found = verify->input->now_ms - batch->chain->time_ms;
    const int64_t change = found - before->offset_ms;
    if (!before->offset_ms || change <= 0 || change > JUMP_MS) {
        return found;
    }
    return before->offset_ms + change / 16;
}

static enum dm_status
note_seen(struct verify *verify)
{
    struct dm_follow_batch *batch = verify->batch;
    struct dm_seen before = {0};
    struct dm_str value;
    const enum dm_status status = dm_snapshot_state_get(
        verify->snapshot, DM_SEEN_SPACE, dm_str(batch->iri), &value);
    if (status && status != DM_ERR_NOT_FOUND) {
        return status;
    }
    if (!status && dm_seen_decode(value, &before)) {
        before = (struct dm_seen){0};
    }
    const struct dm_chain *chain = batch->chain;
    batch->seen = (struct dm_seen){
        .entry_time_ms = chain->time_ms,
        .received_ms = chain->seq > batch->base_seq ? verify->input->now_ms
                                                    : before.received_ms,
        .offset_ms = estimate_offset(verify, &before),
        .seq = chain->seq,
        .known_seq = verify->record.seq > before.known_seq ? verify->record.seq
                                                           : before.known_seq,
        .forked_at = chain->forked_at,
    };
    return DM_OK;
}

// Where the log stands, or where one begins
static enum dm_status
open_chain(struct verify *verify)
{
    struct dm_follow_batch *batch = verify->batch;
    enum dm_status status = dm_chain_load(verify->snapshot, verify->input->log,
                                          &batch->chain, verify->error);
    batch->has_base = !status;
    if (status == DM_ERR_NOT_FOUND) {
        batch->chain = dm_chain_new(verify->input->log);
        status = batch->chain ? DM_OK : DM_ERR_NO_MEMORY;
    }
    if (!status) {
        batch->base_seq = batch->chain->seq;
        batch->base_tip = batch->chain->tip;
        batch->base_is_whole = batch->chain->n_record > 0;
        batch->base_sequence = batch->chain->record_sequence;
        batch->base_event = batch->chain->last_event;
        batch->base_first = batch->chain->first;
    }
    if (!status && batch->chain->forked_at) {
        status = dm_error_set(verify->error, DM_ERR_PERMISSION,
                              "frozen: it forked at entry %llu",
                              (unsigned long long)batch->chain->forked_at);
    }
    return status;
}

static enum dm_status
check_record(struct verify *verify)
{
    const struct dm_chain *chain = verify->batch->chain;
    const struct dm_follow_input *input = verify->input;
    const enum dm_status status = dm_record_read(
        input->record, input->log, &verify->record, verify->error);
    if (status || verify->record.sequence > chain->record_sequence) {
        return status;
    }
    // Another one of the same sequence is a sign of a fork: the entries tell
    const bool is_other =
        verify->record.sequence == chain->record_sequence && chain->n_record &&
        !dm_str_equal(input->record,
                      dm_str_n((const char *)chain->record, chain->n_record));
    return is_other && input->car.n
               ? DM_OK
               : dm_error_set(verify->error, DM_ERR_EXISTS,
                              "record: not newer than the one held");
}

static enum dm_status
check_quota(const struct verify *verify)
{
    char iri[DM_KEY_IRI_SIZE];
    dm_log_no number = 0;
    struct dm_block_figures figures = {0};
    dm_key_iri(verify->input->log, iri);
    enum dm_status status =
        dm_snapshot_log_number(verify->snapshot, dm_str(iri), &number);
    if (status == DM_ERR_NOT_FOUND) {
        return DM_OK;
    }
    if (!status) {
        status = dm_snapshot_block_figures(verify->snapshot, number, &figures);
    }
    if (!status && verify->input->quota &&
        figures.bytes + verify->input->car.n > verify->input->quota) {
        status = dm_error_set(
            verify->error, DM_ERR_LIMIT,
            "quota: %llu bytes of this log are held, of %llu allowed",
            (unsigned long long)figures.bytes,
            (unsigned long long)verify->input->quota);
    }
    return status;
}

static enum dm_status
note_fork(struct verify *verify)
{
    struct dm_follow_batch *batch = verify->batch;
    batch->result.seq = batch->chain->seq;
    batch->result.forked_at = batch->chain->forked_at;
    return note_seen(verify);
}

static enum dm_status
verify_all(struct verify *verify)
{
    const struct dm_follow_input *input = verify->input;
    struct dm_follow_batch *batch = verify->batch;
    enum dm_status status = open_chain(verify);
    if (!status && input->fork[0].n) {
        status = freeze(verify, input->fork[0], input->fork[1]);
        return status ? status : note_fork(verify);
    }
    if (!status) {
        status = check_record(verify);
    }
    if (!status) {
        status = check_quota(verify);
    }
    const bool is_start =
        (!batch->has_base || input->restarts) && input->head.n && input->conf.n;
    if (!status && is_start) {
        status = start(verify);
    } else if (!status && input->car.n) {
        status = read_entries(verify);
    }
    if (status) {
        return status;
    }
    if (batch->chain->forked_at) {
        return note_fork(verify);
    }
    if (verify->record.sequence <= batch->base_sequence) {
        return dm_error_set(verify->error, DM_ERR_CORRUPT,
                            "record: another one of the same entries");
    }
    const struct dm_chain *chain = batch->chain;
    const bool has_entries = chain->seq > 0 && chain->seq >= chain->first;
    if (has_entries && chain->seq == verify->record.seq) {
        status = take_tip(verify);
    } else if (chain->seq > verify->record.seq) {
        status = dm_error_set(verify->error, DM_ERR_CORRUPT,
                              "record: entries beyond its sequence");
    }
    if (!status && batch->result.is_whole) {
        status = take_conf(verify);
    }
    if (!status && batch->result.is_whole) {
        status = check_snap(verify);
    }
    if (!status) {
        batch->result.seq = chain->seq;
        batch->result.tip_seq = verify->record.seq;
        status = note_seen(verify);
    }
    return status;
}

enum dm_status
dm_follow_verify(struct dm_snapshot *snapshot, const struct dm_env *env,
                 const struct dm_follow_input *input,
                 struct dm_follow_batch **ret, struct dm_error *error)
{
    DM_ON_WORKER();
    struct dm_follow_batch *batch = dm_calloc(1, sizeof(*batch));
    if (!batch) {
        return DM_ERR_NO_MEMORY;
    }
    dm_account_init(&batch->account, DM_FOLLOW_MEMORY);
    dm_arena_init(&batch->arena, ARRAYS_MEMORY, &batch->account);
    dm_map_init(&batch->named, BLOCKS_MAX, 0);
    dm_key_name(input->log, batch->name);
    dm_key_iri(input->log, batch->iri);
    batch->is_own = input->is_own;
    struct verify verify = {
        .snapshot = snapshot,
        .env = env,
        .input = input,
        .batch = batch,
        .error = error,
    };
    verify.inflater = dm_inflater_new();
    const enum dm_status status =
        verify.inflater ? verify_all(&verify) : DM_ERR_NO_MEMORY;
    dm_inflater_free(verify.inflater);
    if (status) {
        dm_follow_batch_free(batch);
        return status;
    }
    *ret = batch;
    return DM_OK;
}
