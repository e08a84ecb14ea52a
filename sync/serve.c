// SPDX-License-Identifier: ISC

#include "sync/serve.h"

#include "base/actor.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "quadstore/blocks.h"
#include "quadstore/store.h"
#include "sync/block.h"
#include "sync/car.h"
#include "sync/chain.h"

#include <string.h>

#define NAMES_MAX 5000U
#define PIECE_ENTRIES 4096U

enum dm_status
dm_serve_block(struct dm_snapshot *snapshot, const struct dm_cid *cid,
               struct dm_str *ret)
{
    struct dm_block block;
    const enum dm_status status =
        dm_snapshot_block(snapshot, cid->bytes, &block);
    if (status) {
        return status;
    }
    if (!dm_cid_names(cid, block.data)) {
        return DM_ERR_CORRUPT;
    }
    *ret = block.data;
    return DM_OK;
}

// A CAR on its way
struct pack {
    struct dm_snapshot *snapshot;
    struct dm_buf *buf;
    dm_log_no log;
    bool with_data;
    size_t n_sections;
    size_t n_header; // Bytes of the header, whose root is filled in at the end
    struct dm_map sent; // Manifests and parts: each once
    struct dm_arena names;
};

static enum dm_status
put(struct pack *pack, const struct dm_cid *cid, struct dm_str data)
{
    if (pack->n_sections == DM_CAR_SECTIONS_MAX) {
        return DM_ERR_LIMIT;
    }
    ++pack->n_sections;
    return dm_car_write_block(cid, data, pack->buf);
}

// A block of a Manifest, once. Where it is not at hand any more it is left out.
static enum dm_status
put_once(struct pack *pack, const struct dm_cid *cid, struct dm_str *ret)
{
    const struct dm_str name =
        dm_str_n((const char *)cid->bytes, sizeof(cid->bytes));
    *ret = (struct dm_str){"", 0};
    if (dm_map_get(&pack->sent, name)) {
        return DM_OK;
    }
    enum dm_status status = dm_serve_block(pack->snapshot, cid, ret);
    if (status) {
        return status;
    }
    const struct dm_str copy = dm_arena_copy(&pack->names, name);
    if (!copy.data || !dm_map_put(&pack->sent, copy, NULL)) {
        return DM_ERR_NO_MEMORY;
    }
    return put(pack, cid, *ret);
}

static enum dm_status
put_manifest(struct pack *pack, const struct dm_cid *cid)
{
    struct dm_str block;
    struct dm_wire_manifest manifest = {0};
    enum dm_status status = put_once(pack, cid, &block);
    if (status || !block.n) {
        return status == DM_ERR_NOT_FOUND ? DM_OK : status;
    }
    status = dm_wire_manifest_read(block, &manifest, NULL);
    for (size_t i = 0; !status && i < manifest.parts.n; ++i) {
        const struct dm_cid part = dm_cid_list_at(&manifest.parts, i);
        status = put_once(pack, &part, &block);
        status = status == DM_ERR_NOT_FOUND ? DM_OK : status;
    }
    return status;
}

static enum dm_status
block_at(struct pack *pack, enum dm_block_kind kind, uint64_t seq,
         struct dm_cid *cid, struct dm_str *ret)
{
    const struct dm_block_place place = {
        .log = pack->log, .kind = kind, .seq = seq};
    struct dm_block block;
    enum dm_status status =
        dm_snapshot_block_at(pack->snapshot, &place, &block);
    if (!status) {
        memcpy(cid->bytes, block.name, sizeof(cid->bytes));
        *ret = block.data;
    }
    return status || dm_cid_names(cid, block.data) ? status : DM_ERR_CORRUPT;
}

// An entry with what stands before and behind it
static enum dm_status
put_entry(struct pack *pack, uint64_t seq, struct dm_cid *ret)
{
    struct dm_str block = {0};
    struct dm_wire_entry entry;
    struct dm_cid data;
    enum dm_status status = block_at(pack, DM_BLOCK_ENTRY, seq, ret, &block);
    if (!status) {
        status = dm_wire_entry_read(block, &entry, NULL);
    }
    if (status) {
        return status;
    }
    if (entry.has_conf) {
        status = put_manifest(pack, &entry.conf);
    }
    if (!status && entry.has_snap) {
        status = put_manifest(pack, &entry.snap);
    }
    if (!status) {
        status = put(pack, ret, block);
    }
    if (!status && entry.has_data && pack->with_data) {
        status = block_at(pack, DM_BLOCK_PAYLOAD, seq, &data, &block);
        if (!status) {
            status = put(pack, &data, block);
        }
    }
    dm_snapshot_release_texts(pack->snapshot);
    return status == DM_ERR_NOT_FOUND ? DM_ERR_CORRUPT : status;
}

// Put entries as far as they fit. DM_ERR_LIMIT is no failure, where some did.
static enum dm_status
put_entries(struct pack *pack, uint64_t from, uint64_t until,
            struct dm_cid *ret_last, uint64_t *ret_reached)
{
    enum dm_status status = DM_OK;
    *ret_reached = from - 1;
    for (uint64_t seq = from; !status && seq <= until; ++seq) {
        const size_t n = pack->buf->n;
        struct dm_cid cid;
        status = put_entry(pack, seq, &cid);
        if (status == DM_ERR_LIMIT && seq > from) {
            dm_buf_cut(pack->buf, n);
            return DM_OK;
        }
        if (!status) {
            *ret_last = cid;
            *ret_reached = seq;
        }
    }
    return status;
}

static enum dm_status
begin(struct pack *pack, const uint8_t *log)
{
    char iri[DM_KEY_IRI_SIZE];
    const struct dm_cid none = dm_cid_make(DM_CODEC_CBOR, (uint8_t[32]){0});
    dm_key_iri(log, iri);
    dm_map_init(&pack->sent, NAMES_MAX, 0);
    dm_arena_init(&pack->names, (size_t)NAMES_MAX * 128, NULL);
    enum dm_status status =
        dm_snapshot_log_number(pack->snapshot, dm_str(iri), &pack->log);
    if (!status) {
        status = dm_car_write_header(&none, 1, pack->buf);
    }
    pack->n_header = pack->buf->n;
    return status;
}

// The root is known now: the header is written again, over the one that was
// there, which is as long.
static enum dm_status
finish(struct pack *pack, const struct dm_cid *root)
{
    struct dm_buf header;
    dm_buf_init(&header, DM_CAR_HEADER_MAX);
    const enum dm_status status = dm_car_write_header(root, 1, &header);
    if (!status && header.n == pack->n_header) {
        memcpy(pack->buf->data, header.data, header.n);
    }
    dm_buf_done(&header);
    return status;
}

static void
end(struct pack *pack)
{
    dm_map_done(&pack->sent);
    dm_arena_done(&pack->names);
}

enum dm_status
dm_serve_entries(struct dm_snapshot *snapshot, const struct dm_serve_spec *spec,
                 struct dm_buf *buf, uint64_t *ret_first,
                 struct dm_error *error)
{
    DM_ON_WORKER();
    struct pack pack = {
        .snapshot = snapshot, .buf = buf, .with_data = spec->with_data};
    struct dm_chain *chain = NULL;
    enum dm_status status = dm_chain_peek(snapshot, spec->log, &chain);
    if (status) {
        return status;
    }
    uint64_t until = chain->seq < spec->until ? chain->seq : spec->until;
    *ret_first = chain->first;
    const bool is_gone = spec->after + 1 < chain->first;
    dm_chain_free(chain);
    if (is_gone) {
        return DM_ERR_STATE;
    }
    if (spec->after >= until) {
        return DM_END;
    }
    if (until - spec->after > spec->limit) {
        until = spec->after + spec->limit;
    }
    struct dm_cid last = {{0}};
    uint64_t reached = 0;
    status = begin(&pack, spec->log);
    if (!status) {
        status = put_entries(&pack, spec->after + 1, until, &last, &reached);
    }
    if (!status) {
        status = finish(&pack, &last);
    }
    end(&pack);
    return status
               ? dm_error_set(error, status, "entry %llu cannot be served: %s",
                              (unsigned long long)reached + 1,
                              dm_status_text(status))
               : DM_OK;
}

// Entries after `after`, to the tip of `chain`, and the Head that it has
static enum dm_status
put_push(struct pack *pack, const struct dm_chain *chain, uint64_t after,
         struct dm_str head)
{
    struct dm_cid last = {{0}};
    uint64_t reached = chain->seq;
    enum dm_status status = begin(pack, chain->log);
    if (!status && after < chain->seq) {
        status = put_entries(pack, after + 1, chain->seq, &last, &reached);
    }
    if (!status && reached < chain->seq) {
        status = DM_ERR_LIMIT;
    }
    if (!status && chain->has_note) {
        status = put_manifest(pack, &chain->note);
    }
    if (!status && !head.n) {
        status = dm_serve_block(pack->snapshot, &chain->head, &head);
    }
    if (!status) {
        status = put(pack, &chain->head, head);
    }
    if (!status) {
        status = finish(pack, &chain->tip);
    }
    end(pack);
    return status;
}

enum dm_status
dm_serve_push(struct dm_snapshot *snapshot, const struct dm_chain *chain,
              uint64_t after, struct dm_buf *buf, struct dm_error *error)
{
    DM_ON_WORKER();
    struct pack pack = {.snapshot = snapshot, .buf = buf, .with_data = true};
    if (!chain->n_record) {
        return DM_END;
    }
    if (after + 1 < chain->first) {
        return DM_ERR_STATE;
    }
    const enum dm_status status =
        put_push(&pack, chain, after, (struct dm_str){"", 0});
    return status ? dm_error_set(error, status, "the log cannot be sent: %s",
                                 dm_status_text(status))
                  : DM_OK;
}

// --------------------------------------------------------------------- pieces

static enum dm_status
drop_node(void *context, const struct dm_block *block)
{
    (void)context;
    (void)block;
    return DM_OK; // It is stored already
}

// Append entry `seq` as it stands in the store.
static enum dm_status
replay(struct pack *pack, struct dm_chain *chain, uint64_t seq)
{
    struct dm_str block = {0};
    struct dm_str payload = {"", 0};
    struct dm_wire_entry entry = {0};
    struct dm_cid cid;
    enum dm_status status = block_at(pack, DM_BLOCK_ENTRY, seq, &cid, &block);
    if (!status) {
        status = dm_wire_entry_read(block, &entry, NULL);
    }
    if (!status && entry.has_data) {
        status = block_at(pack, DM_BLOCK_PAYLOAD, seq, &cid, &payload);
    }
    if (!status) {
        status =
            dm_chain_append(chain, &entry, block, payload.n, drop_node, NULL);
    }
    dm_snapshot_release_texts(pack->snapshot);
    return status;
}

// Whether an entry of (from, until] names a configuration
static enum dm_status
names_conf(struct pack *pack, uint64_t from, uint64_t until, bool *ret)
{
    enum dm_status status = DM_OK;
    *ret = false;
    for (uint64_t seq = from + 1; !status && !*ret && seq <= until; ++seq) {
        struct dm_str block = {0};
        struct dm_wire_entry entry = {0};
        struct dm_cid cid;
        status = block_at(pack, DM_BLOCK_ENTRY, seq, &cid, &block);
        if (!status) {
            status = dm_wire_entry_read(block, &entry, NULL);
        }
        *ret = entry.has_conf;
        dm_snapshot_release_texts(pack->snapshot);
    }
    return status;
}

// Where the log stood after entry `until`, with what is kept now
static enum dm_status
stand_at(struct pack *pack, const struct dm_chain *now, uint64_t until,
         struct dm_chain *ret)
{
    bool is_later = false;
    ret->first = now->first;
    ret->seq = now->first - 1;
    ret->frontier = now->frontier;
    ret->tree = now->frontier;
    ret->has_anchor = now->has_anchor;
    ret->anchor = now->anchor;
    ret->tip = now->anchor;
    ret->has_note = now->has_note;
    ret->note = now->note;
    const struct dm_cid none = ret->conf;
    enum dm_status status = DM_OK;
    for (uint64_t seq = now->first; !status && seq <= until; ++seq) {
        status = replay(pack, ret, seq);
    }
    if (!status && dm_cid_equal(&ret->conf, &none)) {
        status = names_conf(pack, until, now->seq, &is_later);
        ret->conf = now->conf;
    }
    const bool lacks_snap =
        !ret->has_snap && (until >= DM_SNAP_FROM || ret->first > 1);
    return !status && (is_later || lacks_snap) ? DM_ERR_NOT_FOUND : status;
}

static enum dm_status
sign_step(struct dm_chain *step, const struct dm_key *key, struct dm_buf *head,
          struct dm_buf *record)
{
    struct dm_record said;
    const uint32_t k =
        (uint32_t)(1 + (step->first - 1) / DM_FAN % (DM_RECORD_K_MAX - 1));
    enum dm_status status = dm_chain_head(step, head);
    if (status) {
        return status;
    }
    const struct dm_cid cid = dm_cid_of(DM_CODEC_CBOR, dm_buf_str(head));
    status = dm_record_write(key, &cid, step->seq, k,
                             step->time_ms + DM_RECORD_VALID_MS, record);
    if (!status) {
        status = dm_record_read(dm_buf_str(record), step->log, &said, NULL);
    }
    if (!status) {
        dm_chain_set_record(step, dm_buf_str(record), &said);
    }
    return status;
}

static enum dm_status
put_piece(struct pack *pack, const struct dm_piece_spec *spec, uint64_t until,
          struct dm_piece *piece)
{
    struct dm_buf head;
    struct dm_chain *step = dm_chain_new(spec->chain->log);
    char iri[DM_KEY_IRI_SIZE];
    if (!step) {
        return DM_ERR_NO_MEMORY;
    }
    dm_key_iri(spec->chain->log, iri);
    dm_buf_init(&head, DM_HEAD_MAX);
    enum dm_status status =
        dm_snapshot_log_number(pack->snapshot, dm_str(iri), &pack->log);
    if (!status) {
        status = stand_at(pack, spec->chain, until, step);
    }
    if (!status) {
        status = sign_step(step, spec->key, &head, piece->record);
    }
    if (!status) {
        piece->sequence = step->record_sequence;
        status = put_push(pack, step, spec->after, dm_buf_str(&head));
    }
    dm_buf_done(&head);
    dm_chain_free(step);
    return status;
}

enum dm_status
dm_serve_piece(struct dm_snapshot *snapshot, const struct dm_piece_spec *spec,
               struct dm_piece *piece, struct dm_error *error)
{
    DM_ON_WORKER();
    enum dm_status status = DM_ERR_LIMIT;
    for (uint64_t n = PIECE_ENTRIES; status == DM_ERR_LIMIT && n > 0; n /= 2) {
        struct pack pack = {
            .snapshot = snapshot, .buf = piece->car, .with_data = true};
        if (spec->after + n >= spec->chain->seq) {
            continue;
        }
        dm_buf_clear(piece->car);
        dm_buf_clear(piece->record);
        status = put_piece(&pack, spec, spec->after + n, piece);
    }
    return status ? dm_error_set(error, status, "the log cannot be sent: %s",
                                 dm_status_text(status))
                  : DM_OK;
}

// ----------------------------------------------------------------------- logs

struct names {
    struct dm_arena arena;
    struct dm_str *items;
    size_t n;
    size_t capacity;
};

static enum dm_status
on_chain(void *context, struct dm_str key, struct dm_str value)
{
    struct names *names = context;
    struct dm_str *items = dm_grow(names->items, &names->capacity, names->n + 1,
                                   sizeof(*items), DM_LOG_NO_MAX);
    (void)value;
    if (!items) {
        return DM_ERR_NO_MEMORY;
    }
    names->items = items;
    items[names->n] = dm_arena_copy(&names->arena, key);
    return items[names->n++].data ? DM_OK : DM_ERR_NO_MEMORY;
}

enum dm_status
dm_serve_logs(struct dm_snapshot *snapshot, dm_serve_log_fn on_log,
              void *context)
{
    DM_ON_WORKER();
    struct names names = {0};
    dm_arena_init(&names.arena, (size_t)DM_LOG_NO_MAX * 256, NULL);
    enum dm_status status =
        dm_snapshot_state_each(snapshot, DM_CHAIN_SPACE, on_chain, &names);
    for (size_t i = 0; !status && i < names.n; ++i) {
        uint8_t log[DM_KEY_PUBLIC_BYTES];
        struct dm_chain *chain = NULL;
        if (!dm_key_from_name(names.items[i], log)) {
            status = DM_ERR_CORRUPT;
            break;
        }
        status = dm_chain_peek(snapshot, log, &chain);
        if (!status && chain->n_record) {
            status = on_log(context, chain);
        }
        dm_chain_free(chain);
        dm_snapshot_release_texts(snapshot);
    }
    dm_free(names.items);
    dm_arena_done(&names.arena);
    return status;
}
