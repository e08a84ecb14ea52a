// SPDX-License-Identifier: ISC

#include "sync/kubo_pack.h"

#include "base/actor.h"
#include "quadstore/blocks.h"
#include "quadstore/store.h"
#include "sync/block.h"
#include "sync/car.h"
#include "sync/chain.h"

#include <assert.h>
#include <string.h>

// Blocks of one entry: payload, entry, two Nodes; and Head
#define ENTRY_SECTIONS 5U

static_assert(DM_KUBO_PACK_BYTES + DM_PAYLOAD_MAX + DM_ENTRY_MAX +
                      2 * DM_NODE_MAX + DM_HEAD_MAX + DM_CAR_HEADER_MAX <
                  DM_KUBO_CAR_MAX,
              "what is begun goes in");

// An item on its way
struct pack {
    struct dm_kubo_packer *packer;
    struct dm_snapshot *snapshot;
    const struct dm_chain *chain;
    const struct dm_kubo_cursor *cursor;
    dm_log_no log;
    size_t n_sections;
    size_t n_manifest_blocks; // Seen so far, sent or not
    struct dm_error *error;
};

void
dm_kubo_packer_init(struct dm_kubo_packer *packer)
{
    *packer = (struct dm_kubo_packer){0};
    dm_buf_init(&packer->car, DM_KUBO_CAR_MAX);
    dm_buf_init(&packer->record, DM_KUBO_RECORD_MAX);
}

void
dm_kubo_packer_done(struct dm_kubo_packer *packer)
{
    dm_buf_done(&packer->car);
    dm_buf_done(&packer->record);
}

void
dm_kubo_packer_told(struct dm_kubo_packer *packer, enum dm_kubo_outcome outcome)
{
    packer->n_sent =
        outcome == DM_KUBO_DONE ? packer->n_sent + packer->n_under_way : 0;
    packer->n_under_way = 0;
}

static bool
has_room(const struct pack *pack)
{
    return pack->packer->car.n < DM_KUBO_PACK_BYTES &&
           pack->n_sections + ENTRY_SECTIONS <= DM_CAR_SECTIONS_MAX;
}

static enum dm_status
put(struct pack *pack, const struct dm_block *block)
{
    struct dm_cid cid;
    memcpy(cid.bytes, block->name, sizeof(cid.bytes));
    if (!dm_cid_names(&cid, block->data)) {
        char text[DM_CID_TEXT_SIZE];
        dm_cid_text(&cid, text);
        return dm_error_set(pack->error, DM_ERR_CORRUPT,
                            "block-changed: %s at entry %llu", text,
                            (unsigned long long)block->place.seq);
    }
    ++pack->n_sections;
    return dm_car_write_block(&cid, block->data, &pack->packer->car);
}

static enum dm_status
missing(const struct pack *pack, const char *what, uint64_t seq)
{
    return dm_error_set(pack->error, DM_ERR_CORRUPT,
                        "block-missing: %s of entry %llu", what,
                        (unsigned long long)seq);
}

static enum dm_status
put_at(struct pack *pack, enum dm_block_kind kind, uint64_t seq,
       const char *what)
{
    const struct dm_block_place place = {
        .log = pack->log, .kind = kind, .seq = seq};
    struct dm_block block;
    enum dm_status status =
        dm_snapshot_block_at(pack->snapshot, &place, &block);
    if (status == DM_ERR_NOT_FOUND) {
        return missing(pack, what, seq);
    }
    return status ? status : put(pack, &block);
}

// An entry, its payload, and the Nodes that it completes
static enum dm_status
put_entry(struct pack *pack, uint64_t seq)
{
    const struct dm_block_place place = {
        .log = pack->log, .kind = DM_BLOCK_ENTRY, .seq = seq};
    struct dm_block block;
    struct dm_wire_entry entry = {0};
    enum dm_status status =
        dm_snapshot_block_at(pack->snapshot, &place, &block);
    if (status) {
        return status == DM_ERR_NOT_FOUND ? missing(pack, "the block", seq)
                                          : status;
    }
    status = put(pack, &block);
    status =
        status ? status : dm_wire_entry_read(block.data, &entry, pack->error);
    if (!status && entry.has_data) {
        status = put_at(pack, DM_BLOCK_PAYLOAD, seq, "the payload");
    }
    if (!status && seq % DM_FAN == 0) {
        status = put_at(pack, DM_BLOCK_NODE1, seq - DM_FAN + 1, "a Node");
    }
    if (!status && seq % DM_FAN2 == 0 &&
        seq - DM_FAN2 + 1 >= pack->chain->first) {
        status = put_at(pack, DM_BLOCK_NODE2, seq - DM_FAN2 + 1, "a Node");
    }
    dm_snapshot_release_texts(pack->snapshot);
    return status;
}

// A block of the Manifests, where Kubo does not have it
// @return DM_END where the CAR is full.
static enum dm_status
put_manifest_block(struct pack *pack, const struct dm_block *block)
{
    struct dm_kubo_packer *packer = pack->packer;
    if (pack->n_manifest_blocks < packer->n_sent) {
        ++pack->n_manifest_blocks;
        return DM_OK;
    }
    if (!has_room(pack)) {
        return DM_END;
    }
    ++pack->n_manifest_blocks;
    ++packer->n_under_way;
    return put(pack, block);
}

static enum dm_status
find(const struct pack *pack, const struct dm_cid *cid, struct dm_block *ret)
{
    const enum dm_status status =
        dm_snapshot_block(pack->snapshot, cid->bytes, ret);
    if (status == DM_ERR_NOT_FOUND) {
        char text[DM_CID_TEXT_SIZE];
        dm_cid_text(cid, text);
        return dm_error_set(pack->error, DM_ERR_CORRUPT, "block-missing: %s",
                            text);
    }
    return status;
}

// A Manifest that came into force after the Head that is pinned: its parts,
// then itself. As put_manifest_block().
static enum dm_status
put_manifest(struct pack *pack, const struct dm_cid *cid)
{
    struct dm_block block;
    struct dm_block part;
    struct dm_wire_manifest manifest = {0};
    enum dm_status status = find(pack, cid, &block);
    if (!status && pack->cursor->has_pinned &&
        block.place.seq <= pack->cursor->pinned_seq) {
        return DM_OK;
    }
    if (!status) {
        status = dm_wire_manifest_read(block.data, &manifest, pack->error);
    }
    for (size_t i = 0; !status && i < manifest.parts.n; ++i) {
        const struct dm_cid name = dm_cid_list_at(&manifest.parts, i);
        status = find(pack, &name, &part);
        status = status ? status : put_manifest_block(pack, &part);
    }
    return status ? status : put_manifest_block(pack, &block);
}

static enum dm_status
put_head(struct pack *pack, struct dm_kubo_item *item)
{
    const struct dm_chain *chain = pack->chain;
    struct dm_kubo_packer *packer = pack->packer;
    struct dm_block block;
    enum dm_status status = put_manifest(pack, &chain->conf);
    if (!status && chain->has_snap) {
        status = put_manifest(pack, &chain->snap);
    }
    if (!status && chain->has_note) {
        status = put_manifest(pack, &chain->note);
    }
    status = status ? status : find(pack, &chain->head, &block);
    status = status ? status : put(pack, &block);
    status = status
                 ? status
                 : dm_buf_put(&packer->record, chain->record, chain->n_record);
    item->has_head = !status;
    return status == DM_END ? DM_OK : status;
}

static enum dm_status
make(struct pack *pack, struct dm_kubo_item *item)
{
    const struct dm_chain *chain = pack->chain;
    struct dm_kubo_packer *packer = pack->packer;
    uint64_t seq = pack->cursor->seq;
    dm_buf_clear(&packer->car);
    dm_buf_clear(&packer->record);
    packer->n_under_way = 0;
    if (!dm_cid_equal(&packer->head, &chain->head)) {
        packer->head = chain->head;
        packer->n_sent = 0;
    }
    enum dm_status status = dm_car_write_header(&chain->head, 1, &packer->car);
    seq = seq + 1 < chain->first ? chain->first - 1 : seq;
    while (!status && seq < chain->seq && has_room(pack)) {
        status = put_entry(pack, seq + 1);
        ++seq;
    }
    if (!status && seq >= chain->seq) {
        status = put_head(pack, item);
    }
    if (item->has_head) { // If it is made again, then from the start
        packer->head = (struct dm_cid){0};
    }
    item->seq = seq;
    item->head = chain->head;
    item->car = dm_buf_str(&packer->car);
    item->record = dm_buf_str(&packer->record);
    return status ? status : packer->car.status;
}

// Whether there is something that may be told and that Kubo does not have
static bool
is_new(const struct dm_chain *chain, const struct dm_kubo_pack_spec *spec)
{
    const struct dm_kubo_cursor *cursor = &spec->cursor;
    const bool has_head = cursor->has_pinned && cursor->seq >= chain->seq &&
                          dm_cid_equal(&cursor->pinned, &chain->head);
    return chain->seq > 0 && chain->seq <= spec->until && chain->n_record > 0 &&
           !has_head;
}

enum dm_status
dm_kubo_pack(struct dm_kubo_packer *packer, struct dm_snapshot *snapshot,
             const struct dm_kubo_pack_spec *spec, struct dm_kubo_item *ret,
             struct dm_error *error)
{
    DM_ON_WORKER();
    struct dm_chain *chain = NULL;
    char iri[DM_KEY_IRI_SIZE];
    struct dm_kubo_item item = {0};
    enum dm_status status = dm_chain_peek(snapshot, spec->log, &chain);
    if (status) {
        return status == DM_ERR_NOT_FOUND ? DM_END : status;
    }
    struct pack pack = {.packer = packer,
                        .snapshot = snapshot,
                        .chain = chain,
                        .cursor = &spec->cursor,
                        .error = error};
    dm_key_iri(spec->log, iri);
    status = is_new(chain, spec)
                 ? dm_snapshot_log_number(snapshot, dm_str(iri), &pack.log)
                 : DM_END;
    if (!status) {
        status = make(&pack, &item);
    }
    dm_chain_free(chain);
    if (!status) {
        *ret = item;
    }
    return status;
}
