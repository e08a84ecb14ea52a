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
    if (!status && entry.has_conf) {
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

enum dm_status
dm_serve_push(struct dm_snapshot *snapshot, const struct dm_chain *chain,
              uint64_t after, struct dm_buf *buf, struct dm_error *error)
{
    DM_ON_WORKER();
    struct pack pack = {.snapshot = snapshot, .buf = buf, .with_data = true};
    struct dm_cid last = {{0}};
    struct dm_str head = {0};
    uint64_t reached = chain->seq;
    if (!chain->n_record) {
        return DM_END;
    }
    if (after + 1 < chain->first) {
        return DM_ERR_STATE;
    }
    enum dm_status status = begin(&pack, chain->log);
    if (!status && after < chain->seq) {
        status = put_entries(&pack, after + 1, chain->seq, &last, &reached);
    }
    if (!status && reached < chain->seq) {
        status = DM_ERR_LIMIT;
    }
    if (!status && chain->has_note) {
        status = put_manifest(&pack, &chain->note);
    }
    if (!status) {
        status = dm_serve_block(snapshot, &chain->head, &head);
    }
    if (!status) {
        status = put(&pack, &chain->head, head);
    }
    if (!status) {
        status = finish(&pack, &chain->tip);
    }
    end(&pack);
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
