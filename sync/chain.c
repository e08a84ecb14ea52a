// SPDX-License-Identifier: ISC

#include "sync/chain.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "quadstore/store.h"
#include "quadstore/write.h"

#include <assert.h>
#include <string.h>

#define FORMAT 1U // Of the stored value
#define VALUE_MAX (64U << 10U)

struct dm_chain *
dm_chain_new(const uint8_t log[DM_KEY_PUBLIC_BYTES])
{
    struct dm_chain *chain = dm_calloc(1, sizeof(*chain));
    if (chain) {
        memcpy(chain->log, log, sizeof(chain->log));
        chain->first = 1;
    }
    return chain;
}

void
dm_chain_free(struct dm_chain *chain)
{
    if (chain) {
        dm_free(chain->tail.items);
        dm_free(chain->l1.items);
        dm_free(chain->l2.items);
        dm_free(chain);
    }
}

// --------------------------------------------------------------------- lists

static enum dm_status
push(struct dm_chain_list *list, const struct dm_chain_item *item, size_t max)
{
    if (list->n == max) {
        return DM_ERR_LIMIT;
    }
    struct dm_chain_item *items = dm_grow(
        list->items, &list->capacity, list->n + 1, sizeof(*list->items), max);
    if (!items) {
        return DM_ERR_NO_MEMORY;
    }
    list->items = items;
    items[list->n++] = *item;
    return DM_OK;
}

static struct dm_cid_list
names_of(const struct dm_chain_list *list)
{
    return (struct dm_cid_list){
        .first = list->n ? list->items[0].cid.bytes : NULL,
        .n = list->n,
        .stride = sizeof(struct dm_chain_item),
    };
}

// The Node over the last DM_FAN of `below`, which begins with entry `from`
static enum dm_status
make_node(unsigned level, uint64_t from, const struct dm_chain_list *below,
          struct dm_buf *buf, struct dm_chain_item *ret)
{
    const struct dm_chain_item *items = &below->items[below->n - DM_FAN];
    const uint64_t span = level == 1 ? DM_FAN : DM_FAN2;
    struct dm_wire_node node = {
        .level = level,
        .from = from,
        .to = from + span - 1,
        .time_min_ms = items[0].time_min_ms,
        .time_max_ms = items[0].time_max_ms,
        .items = {.first = items[0].cid.bytes,
                  .n = DM_FAN,
                  .stride = sizeof(*items)},
    };
    for (size_t i = 0; i < DM_FAN; ++i) {
        node.bytes += items[i].bytes;
        if (items[i].time_min_ms < node.time_min_ms) {
            node.time_min_ms = items[i].time_min_ms;
        }
        if (items[i].time_max_ms > node.time_max_ms) {
            node.time_max_ms = items[i].time_max_ms;
        }
    }
    const enum dm_status status = dm_wire_node_write(&node, buf);
    if (!status) {
        *ret = (struct dm_chain_item){
            .cid = dm_cid_of(DM_CODEC_CBOR, dm_buf_str(buf)),
            .time_min_ms = node.time_min_ms,
            .time_max_ms = node.time_max_ms,
            .bytes = node.bytes + buf->n,
        };
    }
    return status;
}

// Replace the last DM_FAN items of `below` by a Node in `above`.
static enum dm_status
close_run(unsigned level, uint64_t from, struct dm_chain_list *below,
          struct dm_chain_list *above, dm_chain_node_fn on_node, void *context)
{
    // One more than a Head has, of which 64 become one of level 2 at once
    const size_t max = level == 1 ? DM_HEAD_L1_MAX + 1 : DM_HEAD_L2_MAX;
    struct dm_buf buf;
    struct dm_chain_item item = {0};
    dm_buf_init(&buf, DM_NODE_MAX);
    enum dm_status status = make_node(level, from, below, &buf, &item);
    if (!status) {
        struct dm_block block = {
            .place = {.kind = level == 1 ? DM_BLOCK_NODE1 : DM_BLOCK_NODE2,
                      .seq = from},
            .data = dm_buf_str(&buf),
        };
        memcpy(block.name, item.cid.bytes, sizeof(block.name));
        status = on_node(context, &block);
    }
    if (!status) {
        below->n -= DM_FAN;
        status = push(above, &item, max);
    }
    dm_buf_done(&buf);
    return status;
}

enum dm_status
dm_chain_append(struct dm_chain *chain, const struct dm_wire_entry *entry,
                struct dm_str block, uint64_t payload_bytes,
                dm_chain_node_fn on_node, void *context)
{
    assert(entry->seq == chain->seq + 1);
    const struct dm_chain_item item = {
        .cid = dm_cid_of(DM_CODEC_CBOR, block),
        .time_min_ms = entry->time_ms,
        .time_max_ms = entry->time_ms,
        .bytes = block.n + payload_bytes,
    };
    // One more than a Head has: a full run becomes a Node at once
    enum dm_status status = push(&chain->tail, &item, DM_FAN);
    if (status) {
        return status;
    }
    dm_tree_add(&chain->tree, block);
    chain->seq = entry->seq;
    chain->tip = item.cid;
    chain->time_ms = entry->time_ms;
    chain->n_record = 0;
    if (entry->has_conf) {
        chain->conf = entry->conf;
    }
    if (entry->has_snap) {
        chain->has_snap = true;
        chain->snap = entry->snap;
        chain->snap_seq = entry->seq;
        chain->snap_time_ms = entry->time_ms;
    }
    if (chain->tail.n == DM_FAN) {
        status = close_run(1, chain->seq - DM_FAN + 1, &chain->tail, &chain->l1,
                           on_node, context);
    }
    const uint64_t trunk = chain->seq - DM_FAN2 + 1;
    if (!status && chain->seq % DM_FAN2 == 0 && trunk >= chain->first) {
        status = close_run(2, trunk, &chain->l1, &chain->l2, on_node, context);
    }
    return status;
}

enum dm_status
dm_chain_head(const struct dm_chain *chain, struct dm_buf *buf)
{
    struct dm_wire_head head = {
        .seq = chain->seq,
        .first = chain->first,
        .tip = chain->tip,
        .conf = chain->conf,
        .has_note = chain->has_note,
        .note = chain->note,
        .has_snap = chain->has_snap,
        .snap = chain->snap,
        .has_anchor = chain->has_anchor,
        .anchor = chain->anchor,
        .l1 = names_of(&chain->l1),
        .l2 = names_of(&chain->l2),
        .tail = names_of(&chain->tail),
        .frontier = chain->frontier.hashes[0],
        .n_frontier = dm_tree_count(&chain->frontier),
        .frontier_stride = DM_DIGEST_BYTES,
    };
    assert(chain->seq > 0);
    memcpy(head.log, chain->log, sizeof(head.log));
    dm_tree_root(&chain->tree, head.root);
    return dm_wire_head_write(&head, buf);
}

void
dm_chain_set_record(struct dm_chain *chain, struct dm_str bytes,
                    const struct dm_record *record)
{
    assert(bytes.n <= sizeof(chain->record));
    memcpy(chain->record, bytes.data, bytes.n);
    chain->n_record = bytes.n;
    chain->record_sequence = record->sequence;
    chain->head = record->head;
}

// ------------------------------------------------------------- what is stored

// A value is the format, then what put_* and take_* spell, in this order.
enum flags {
    HAS_SNAP = 1,
    HAS_NOTE = 2,
    HAS_ANCHOR = 4,
    WAITS_FOR_SNAP = 8,
};

static void
put_number(struct dm_buf *buf, uint64_t value)
{
    char bytes[8];
    for (unsigned i = 0; i < sizeof(bytes); ++i) {
        bytes[i] = (char)(value >> (8 * i) & 0xFFU);
    }
    (void)dm_buf_put(buf, bytes, sizeof(bytes));
}

static void
put_tree(struct dm_buf *buf, const struct dm_tree *tree)
{
    put_number(buf, tree->size);
    (void)dm_buf_put(buf, tree->hashes, dm_tree_count(tree) * DM_DIGEST_BYTES);
}

static void
put_cid(struct dm_buf *buf, const struct dm_cid *cid)
{
    (void)dm_buf_put(buf, cid->bytes, sizeof(cid->bytes));
}

static bool
take(struct dm_str *rest, void *bytes, size_t n)
{
    if (rest->n < n) {
        return false;
    }
    memcpy(bytes, rest->data, n);
    *rest = dm_str_slice(*rest, n, rest->n - n);
    return true;
}

static bool
take_number(struct dm_str *rest, uint64_t *ret)
{
    uint8_t bytes[8];
    if (!take(rest, bytes, sizeof(bytes))) {
        return false;
    }
    *ret = 0;
    for (unsigned i = 0; i < sizeof(bytes); ++i) {
        *ret |= (uint64_t)bytes[i] << (8 * i);
    }
    return true;
}

static bool
take_time(struct dm_str *rest, int64_t *ret)
{
    uint64_t value = 0;
    const bool ok = take_number(rest, &value);
    *ret = (int64_t)value;
    return ok;
}

static bool
take_tree(struct dm_str *rest, struct dm_tree *tree)
{
    return take_number(rest, &tree->size) && tree->size < DM_WIRE_BELOW &&
           take(rest, tree->hashes, dm_tree_count(tree) * DM_DIGEST_BYTES);
}

static bool
take_cid(struct dm_str *rest, struct dm_cid *cid)
{
    return take(rest, cid->bytes, sizeof(cid->bytes));
}

static void
encode(const struct dm_chain *chain, struct dm_buf *buf)
{
    const unsigned flags = (chain->has_snap ? HAS_SNAP : 0U) |
                           (chain->has_note ? HAS_NOTE : 0U) |
                           (chain->has_anchor ? HAS_ANCHOR : 0U) |
                           (chain->waits_for_snap ? WAITS_FOR_SNAP : 0U);
    put_number(buf, FORMAT);
    put_number(buf, flags);
    put_number(buf, chain->first);
    put_number(buf, chain->seq);
    put_number(buf, (uint64_t)chain->time_ms);
    put_number(buf, chain->snap_seq);
    put_number(buf, (uint64_t)chain->snap_time_ms);
    put_number(buf, (uint64_t)chain->last_event.ms);
    put_number(buf, chain->last_event.n);
    put_number(buf, chain->forked_at);
    put_number(buf, chain->record_sequence);
    put_cid(buf, &chain->tip);
    put_cid(buf, &chain->conf);
    put_cid(buf, &chain->snap);
    put_cid(buf, &chain->note);
    put_cid(buf, &chain->anchor);
    put_cid(buf, &chain->awaited_snap);
    put_cid(buf, &chain->fork[0]);
    put_cid(buf, &chain->fork[1]);
    put_cid(buf, &chain->head);
    put_tree(buf, &chain->frontier);
    put_tree(buf, &chain->tree);
    (void)dm_buf_put(buf, chain->record, chain->n_record);
}

static bool
decode_numbers(struct dm_str *rest, struct dm_chain *chain)
{
    uint64_t format = 0;
    uint64_t flags = 0;
    uint64_t n = 0;
    const bool ok =
        take_number(rest, &format) && format == FORMAT &&
        take_number(rest, &flags) && take_number(rest, &chain->first) &&
        take_number(rest, &chain->seq) && take_time(rest, &chain->time_ms) &&
        take_number(rest, &chain->snap_seq) &&
        take_time(rest, &chain->snap_time_ms) &&
        take_time(rest, &chain->last_event.ms) && take_number(rest, &n) &&
        n <= DM_EVENT_N_MAX && take_number(rest, &chain->forked_at) &&
        take_number(rest, &chain->record_sequence);
    chain->last_event.n = (uint8_t)n;
    chain->has_snap = (flags & HAS_SNAP) != 0;
    chain->has_note = (flags & HAS_NOTE) != 0;
    chain->has_anchor = (flags & HAS_ANCHOR) != 0;
    chain->waits_for_snap = (flags & WAITS_FOR_SNAP) != 0;
    return ok && chain->first % DM_FAN == 1 && chain->seq < DM_WIRE_BELOW &&
           chain->first <= chain->seq + 1;
}

static bool
decode(struct dm_str rest, struct dm_chain *chain)
{
    const bool ok =
        decode_numbers(&rest, chain) && take_cid(&rest, &chain->tip) &&
        take_cid(&rest, &chain->conf) && take_cid(&rest, &chain->snap) &&
        take_cid(&rest, &chain->note) && take_cid(&rest, &chain->anchor) &&
        take_cid(&rest, &chain->awaited_snap) &&
        take_cid(&rest, &chain->fork[0]) && take_cid(&rest, &chain->fork[1]) &&
        take_cid(&rest, &chain->head) && take_tree(&rest, &chain->frontier) &&
        take_tree(&rest, &chain->tree) && rest.n <= sizeof(chain->record);
    if (!ok) {
        return false;
    }
    memcpy(chain->record, rest.data, rest.n);
    chain->n_record = rest.n;
    return chain->tree.size == chain->seq &&
           chain->frontier.size == chain->first - 1;
}

enum dm_status
dm_chain_store(const struct dm_chain *chain, struct dm_txn *txn)
{
    char name[DM_KEY_NAME_SIZE];
    struct dm_buf buf;
    dm_key_name(chain->log, name);
    dm_buf_init(&buf, VALUE_MAX);
    encode(chain, &buf);
    enum dm_status status = buf.status;
    if (!status) {
        const struct dm_str value = dm_buf_str(&buf);
        status = dm_txn_state_put(txn, DM_CHAIN_SPACE, dm_str(name), &value);
    }
    dm_buf_done(&buf);
    return status;
}

// -------------------------------------------------------------------- loading

enum dm_status
dm_chain_peek(struct dm_snapshot *snapshot,
              const uint8_t log[DM_KEY_PUBLIC_BYTES], struct dm_chain **ret)
{
    char name[DM_KEY_NAME_SIZE];
    struct dm_str value = {0};
    dm_key_name(log, name);
    const enum dm_status status =
        dm_snapshot_state_get(snapshot, DM_CHAIN_SPACE, dm_str(name), &value);
    if (status) {
        return status;
    }
    struct dm_chain *chain = dm_chain_new(log);
    if (!chain) {
        return DM_ERR_NO_MEMORY;
    }
    if (!decode(value, chain)) {
        dm_chain_free(chain);
        return DM_ERR_CORRUPT;
    }
    *ret = chain;
    return DM_OK;
}

static enum dm_status
get_block(struct dm_snapshot *snapshot, const struct dm_block_place *place,
          struct dm_block *ret)
{
    const enum dm_status status = dm_snapshot_block_at(snapshot, place, ret);
    return status == DM_ERR_NOT_FOUND ? DM_ERR_CORRUPT : status;
}

static enum dm_status
load_nodes(struct dm_snapshot *snapshot, struct dm_block_place place, size_t n,
           struct dm_chain_list *list)
{
    const bool is_leaf = place.kind == DM_BLOCK_NODE1;
    const size_t max = is_leaf ? DM_HEAD_L1_MAX : DM_HEAD_L2_MAX;
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < n; ++i) {
        struct dm_block block = {0};
        struct dm_wire_node node = {0};
        status = get_block(snapshot, &place, &block);
        if (!status) {
            status = dm_wire_node_read(block.data, &node, NULL);
        }
        if (!status) {
            struct dm_chain_item item = {
                .time_min_ms = node.time_min_ms,
                .time_max_ms = node.time_max_ms,
                .bytes = node.bytes + block.data.n,
            };
            memcpy(item.cid.bytes, block.name, sizeof(item.cid.bytes));
            status = push(list, &item, max);
        }
        place.seq += is_leaf ? DM_FAN : DM_FAN2;
        dm_snapshot_release_texts(snapshot);
    }
    return status;
}

static enum dm_status
load_tail(struct dm_snapshot *snapshot, struct dm_block_place place, size_t n,
          struct dm_chain_list *list)
{
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < n; ++i, ++place.seq) {
        struct dm_block block = {0};
        struct dm_wire_entry entry = {0};
        struct dm_chain_item item = {0};
        place.kind = DM_BLOCK_ENTRY;
        status = get_block(snapshot, &place, &block);
        if (!status) {
            status = dm_wire_entry_read(block.data, &entry, NULL);
        }
        if (!status) {
            item.time_min_ms = entry.time_ms;
            item.time_max_ms = entry.time_ms;
            item.bytes = block.data.n;
            memcpy(item.cid.bytes, block.name, sizeof(item.cid.bytes));
        }
        if (!status && entry.has_data) {
            place.kind = DM_BLOCK_PAYLOAD;
            status = get_block(snapshot, &place, &block);
            item.bytes += status ? 0 : block.data.n;
        }
        if (!status) {
            status = push(list, &item, DM_FAN);
        }
        dm_snapshot_release_texts(snapshot);
    }
    return status;
}

// Read the lists anew, from first and seq.
static enum dm_status
load_lists(struct dm_chain *chain, struct dm_snapshot *snapshot, dm_log_no log)
{
    chain->l2.n = 0;
    chain->l1.n = 0;
    chain->tail.n = 0;
    if (chain->seq < chain->first) {
        return DM_OK;
    }
    const struct dm_head_cut cut = dm_head_cut(chain->first, chain->seq);
    const uint64_t l2_until = cut.l2_from + cut.n_l2 * DM_FAN2;
    // Nodes of level 1 stand before and behind the run of those of level 2
    const size_t n_before =
        cut.n_l2 ? (size_t)((cut.l2_from - chain->first) / DM_FAN) : 0;
    struct dm_block_place place = {.log = log};

    place.kind = DM_BLOCK_NODE2;
    place.seq = cut.l2_from;
    enum dm_status status = load_nodes(snapshot, place, cut.n_l2, &chain->l2);
    place.kind = DM_BLOCK_NODE1;
    place.seq = chain->first;
    if (!status) {
        status = load_nodes(snapshot, place, n_before, &chain->l1);
    }
    place.seq = cut.n_l2 ? l2_until : chain->first;
    if (!status) {
        status = load_nodes(snapshot, place, cut.n_l1 - n_before, &chain->l1);
    }
    place.seq = chain->seq - cut.n_tail + 1;
    return status ? status
                  : load_tail(snapshot, place, cut.n_tail, &chain->tail);
}

enum dm_status
dm_chain_load(struct dm_snapshot *snapshot,
              const uint8_t log[DM_KEY_PUBLIC_BYTES], struct dm_chain **ret,
              struct dm_error *error)
{
    char iri[DM_KEY_IRI_SIZE];
    dm_log_no number = 0;
    struct dm_chain *chain = NULL;
    enum dm_status status = dm_chain_peek(snapshot, log, &chain);
    if (status == DM_ERR_NOT_FOUND || status == DM_ERR_NO_MEMORY) {
        return status;
    }
    dm_key_iri(log, iri);
    if (!status) {
        status = dm_snapshot_log_number(snapshot, dm_str(iri), &number);
    }
    if (!status && chain) {
        status = load_lists(chain, snapshot, number);
    }
    if (status) {
        dm_chain_free(chain);
        return dm_error_set(
            error, status == DM_ERR_NOT_FOUND ? DM_ERR_CORRUPT : status,
            "the state of log %s is damaged", iri);
    }
    *ret = chain;
    return DM_OK;
}

// -------------------------------------------------------------------- pruning

// Where the i-th Node of level 1 of a Head begins
static uint64_t
leaf_from(uint64_t first, const struct dm_head_cut *cut, size_t i)
{
    const size_t n_before =
        cut->n_l2 ? (size_t)((cut->l2_from - first) / DM_FAN) : 0;
    return cut->n_l2 && i >= n_before
               ? cut->l2_from + cut->n_l2 * DM_FAN2 + (i - n_before) * DM_FAN
               : first + i * DM_FAN;
}

static void
drop_front(struct dm_chain_list *list, size_t n)
{
    if (!n) {
        return;
    }
    list->n -= n;
    memmove(list->items, list->items + n, list->n * sizeof(*list->items));
}

// The lists after `first` moved: Nodes of level 1 that stood below one of level
// 2, which is not whole any more, are read.
static enum dm_status
cut_lists(struct dm_chain *chain, struct dm_snapshot *snapshot, dm_log_no log,
          uint64_t old_first)
{
    const struct dm_head_cut old = dm_head_cut(old_first, chain->seq);
    const struct dm_head_cut cut = dm_head_cut(chain->first, chain->seq);
    size_t n_gone = 0;
    while (n_gone < chain->l1.n &&
           leaf_from(old_first, &old, n_gone) < chain->first) {
        ++n_gone;
    }
    drop_front(&chain->l1, n_gone);
    drop_front(&chain->l2, old.n_l2 - cut.n_l2);

    struct dm_chain_list opened = {0};
    const struct dm_block_place place = {
        .log = log, .kind = DM_BLOCK_NODE1, .seq = chain->first};
    enum dm_status status =
        load_nodes(snapshot, place, cut.n_l1 - chain->l1.n, &opened);
    for (size_t i = 0; !status && i < chain->l1.n; ++i) {
        status = push(&opened, &chain->l1.items[i], DM_HEAD_L1_MAX);
    }
    dm_free(chain->l1.items);
    chain->l1 = opened;
    return status;
}

// Whether its bytes are those that it was stored with: what goes into the tree
// hash is signed
static bool
is_whole(const struct dm_block *block)
{
    struct dm_cid cid;
    memcpy(cid.bytes, block->name, sizeof(cid.bytes));
    return dm_cid_names(&cid, block->data);
}

bool
dm_chain_may_prune(struct dm_snapshot *snapshot, dm_log_no log, uint64_t from,
                   uint64_t until)
{
    struct dm_block_place place = {.log = log, .kind = DM_BLOCK_ENTRY};
    bool may = true;
    for (place.seq = from; may && place.seq < until; ++place.seq) {
        struct dm_block block = {0};
        may = !get_block(snapshot, &place, &block) && is_whole(&block);
        dm_snapshot_release_texts(snapshot);
    }
    return may;
}

enum dm_status
dm_chain_prune(struct dm_chain *chain, struct dm_snapshot *snapshot,
               dm_log_no log, uint64_t first)
{
    assert(first % DM_FAN == 1 && first > chain->first && first <= chain->seq);
    const uint64_t old_first = chain->first;
    struct dm_block_place place = {.log = log, .kind = DM_BLOCK_ENTRY};
    enum dm_status status = DM_OK;
    for (place.seq = old_first; !status && place.seq < first; ++place.seq) {
        struct dm_block block = {0};
        status = get_block(snapshot, &place, &block);
        if (!status && !is_whole(&block)) {
            status = DM_ERR_CORRUPT;
        }
        if (!status) {
            dm_tree_add(&chain->frontier, block.data);
            memcpy(chain->anchor.bytes, block.name,
                   sizeof(chain->anchor.bytes));
        }
        dm_snapshot_release_texts(snapshot);
    }
    if (!status) {
        chain->has_anchor = true;
        chain->first = first;
        chain->n_record = 0;
        status = cut_lists(chain, snapshot, log, old_first);
    }
    return status;
}

// Append the names of a Manifest and its parts, where it is held.
static enum dm_status
name_manifest(struct dm_snapshot *snapshot, const struct dm_cid *cid,
              struct dm_buf *names)
{
    struct dm_block block = {0};
    struct dm_wire_manifest manifest = {0};
    enum dm_status status = dm_snapshot_block(snapshot, cid->bytes, &block);
    if (status) {
        return status == DM_ERR_NOT_FOUND ? DM_OK : status;
    }
    status = dm_wire_manifest_read(block.data, &manifest, NULL);
    if (!status) {
        status = dm_buf_put(names, cid->bytes, sizeof(cid->bytes));
    }
    for (size_t i = 0; !status && i < manifest.parts.n; ++i) {
        const struct dm_cid part = dm_cid_list_at(&manifest.parts, i);
        status = dm_buf_put(names, part.bytes, sizeof(part.bytes));
    }
    dm_snapshot_release_texts(snapshot);
    return status;
}

static enum dm_status
name_manifests(const struct dm_chain *chain, struct dm_txn *txn,
               struct dm_work *work, struct dm_buf *names)
{
    struct dm_snapshot *snapshot = NULL;
    enum dm_status status = dm_txn_snapshot(txn, work, &snapshot);
    if (status) {
        return status;
    }
    status = name_manifest(snapshot, &chain->conf, names);
    if (!status && chain->has_snap) {
        status = name_manifest(snapshot, &chain->snap, names);
    }
    if (!status && chain->has_note) {
        status = name_manifest(snapshot, &chain->note, names);
    }
    dm_snapshot_close(snapshot);
    return status;
}

enum dm_status
dm_chain_lift(const struct dm_chain *chain, struct dm_txn *txn,
              struct dm_work *work, dm_log_no log)
{
    struct dm_buf names;
    dm_buf_init(&names, (size_t)3 * (DM_PARTS_MAX + 1) * DM_CID_BYTES);
    enum dm_status status = name_manifests(chain, txn, work, &names);
    for (size_t at = 0; !status && at < names.n; at += DM_CID_BYTES) {
        const uint8_t *name = (const uint8_t *)names.data + at;
        const bool is_part = name[1] == DM_CODEC_RAW;
        const struct dm_block_place place = {
            .log = log,
            .kind = is_part ? DM_BLOCK_PART : DM_BLOCK_MANIFEST,
            .seq = chain->seq,
        };
        status = dm_txn_block_lift(txn, &place, name);
        status = status == DM_ERR_NOT_FOUND ? DM_OK : status;
    }
    dm_buf_done(&names);
    return status;
}
