// SPDX-License-Identifier: ISC

// The recipe `steady` of the published vectors: the log that a node with three
// checks writes, by rule from a seed. An entry every 30 s, every tenth without
// news, a snapshot every 60th, a change of configuration every 1000th. Heads,
// roots, entries, records and frontiers must be those of the other
// implementation, byte for byte.
//
// The lines are put together here by hand, so that this rests on nothing but
// the codecs of blocks.

#include "base/alloc.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/time.h"
#include "sync/block.h"
#include "sync/car.h"
#include "sync/cbor.h"
#include "sync/cid.h"
#include "sync/key.h"
#include "sync/record.h"
#include "sync/tree.h"
#include "tests/check.h"
#include "tests/unit/sync/vectors.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#define BLOCKS_MAX 100000
#define CAR_MAX (64U << 20U)
#define CHECKS 3
#define L2_MAX 4U
#define LINES_MAX 32
#define LINE_MAX 640
#define TERM_MAX 160
#define INTERVAL_MS INT64_C(30000)
#define FRAME_BLOCK_MAX 131072U

#define DM "<https://w3id.org/demonitor#"
#define XSD "^^<http://www.w3.org/2001/XMLSchema#"
#define RDF "<http://www.w3.org/1999/02/22-rdf-syntax-ns#"
#define UNIT "<http://qudt.org/vocab/unit/SEC>"

enum { OK, WARNING, CRITICAL, UNKNOWN };
static const char *const statuses[] = {"ok", "warning", "critical", "unknown"};

struct event {
    int64_t ms;
    int64_t millis;
    int check;
    int status;
};

struct state {
    bool is_there;
    struct event last;
    int64_t since_ms;
    int64_t streak;
    int64_t bad;
    int64_t bad_since_ms; // 0: none
};

// An entry as an index needs it
struct kept {
    struct dm_cid cid;
    int64_t time_ms;
    uint64_t bytes; // Of the block and its payload
};

struct steady {
    struct dm_key *key;
    char iri[DM_KEY_IRI_SIZE];
    int64_t t0;
    struct state states[CHECKS];
    struct kept *kept; // Entry i + 1
    uint64_t seq;
    struct dm_tree tree;
    struct dm_tree *borders; // [i]: after entry 64 i
    struct dm_cid conf;
    bool has_snap;
    struct dm_cid snap;
    struct dm_map blocks; // Of a name's bytes; all of them
    char lines[LINES_MAX][LINE_MAX];
    size_t n_lines;
    // Of the Head that is being written
    struct dm_cid l1[DM_HEAD_L1_MAX];
    struct dm_cid l2[L2_MAX];
};

struct block {
    struct dm_cid cid;
    size_t n;
    char bytes[];
};

static struct dm_cid
put(struct steady *steady, enum dm_codec codec, struct dm_str bytes)
{
    struct block *block = dm_malloc(sizeof(*block) + bytes.n);
    assert(block);
    block->cid = dm_cid_of(codec, bytes);
    block->n = bytes.n;
    memcpy(block->bytes, bytes.data, bytes.n);
    bool is_new = false;
    struct dm_map_entry *entry = dm_map_put(
        &steady->blocks, dm_str_n((const char *)block->cid.bytes, DM_CID_BYTES),
        &is_new);
    assert(entry);
    const struct dm_cid cid = block->cid;
    if (is_new) {
        entry->value.ptr = block;
    } else {
        dm_free(block);
    }
    return cid;
}

static const struct block *
get(const struct steady *steady, const struct dm_cid *cid)
{
    const struct dm_map_entry *entry = dm_map_get(
        &steady->blocks, dm_str_n((const char *)cid->bytes, DM_CID_BYTES));
    assert(entry);
    return entry->value.ptr;
}

// ----------------------------------------------------------------------- lines

static void DM_PRINTF(2, 3)
    add_line(struct steady *steady, const char *format, ...)
{
    CHECK(steady->n_lines < LINES_MAX);
    va_list arguments;
    va_start(arguments, format);
    const int n = vsnprintf(steady->lines[steady->n_lines++], LINE_MAX, format,
                            arguments);
    va_end(arguments);
    CHECK(n > 0 && n < LINE_MAX);
}

static int
compare_lines(const void *a, const void *b)
{
    return strcmp(a, b);
}

// The lines, sorted, as a stored frame: the one that needs no compressor
static struct dm_cid
put_lines(struct steady *steady, size_t *ret_n, size_t *ret_size)
{
    qsort(steady->lines, steady->n_lines, LINE_MAX, compare_lines);
    struct dm_buf text;
    dm_buf_init(&text, DM_INFLATED_MAX);
    for (size_t i = 0; i < steady->n_lines; ++i) {
        (void)dm_buf_printf(&text, "%s\n", steady->lines[i]);
    }
    *ret_n = steady->n_lines;
    *ret_size = text.n;
    steady->n_lines = 0;

    struct dm_buf frame;
    dm_buf_init(&frame, DM_PAYLOAD_MAX);
    (void)dm_buf_put(&frame, "\x28\xb5\x2f\xfd", 4);
    CHECK(text.n > 0 && text.n < FRAME_BLOCK_MAX && text.n < 65792);
    if (text.n < 256) {
        const uint8_t size[] = {0x20, (uint8_t)text.n};
        (void)dm_buf_put(&frame, size, sizeof(size));
    } else {
        const size_t n = text.n - 256;
        const uint8_t size[] = {0x60, (uint8_t)(n & 0xFFU), (uint8_t)(n >> 8U)};
        (void)dm_buf_put(&frame, size, sizeof(size));
    }
    // The last block, raw
    const size_t head = text.n << 3U | 1U;
    const uint8_t bytes[] = {(uint8_t)(head & 0xFFU),
                             (uint8_t)(head >> 8U & 0xFFU),
                             (uint8_t)(head >> 16U)};
    (void)dm_buf_put(&frame, bytes, sizeof(bytes));
    (void)dm_buf_put_str(&frame, dm_buf_str(&text));
    CHECK_INT(frame.status, DM_OK);
    const struct dm_cid cid = put(steady, DM_CODEC_RAW, dm_buf_str(&frame));
    dm_buf_done(&text);
    dm_buf_done(&frame);
    return cid;
}

static const char *
decimal(int64_t millis, char text[TERM_MAX])
{
    int n = snprintf(text, TERM_MAX, "%" PRId64 ".%03" PRId64, millis / 1000,
                     millis % 1000);
    CHECK(n > 0 && n < TERM_MAX);
    while (text[n - 1] == '0' && text[n - 2] != '.') {
        text[--n] = '\0';
    }
    return text;
}

static const char *
date(int64_t ms, char text[DM_TIME_SIZE])
{
    dm_time_format(ms, text);
    return text;
}

// ---------------------------------------------------------------------- events

static size_t
events_of(const struct steady *steady, uint64_t seq, struct event *events)
{
    static const int kinds[] = {OK, OK, OK,      OK,       OK,     OK,
                                OK, OK, WARNING, CRITICAL, UNKNOWN};
    const int64_t i = (int64_t)seq;
    if (i % 10 == 0) {
        return 0;
    }
    const size_t n = 1 + (size_t)(i % 3);
    for (int j = 0; (size_t)j < n; ++j) {
        events[j] = (struct event){
            .ms = steady->t0 + INTERVAL_MS * i - 100,
            .millis = (37 * i + INT64_C(11) * j) % 997,
            .check = j,
            .status = kinds[(7 * i + j) % (int64_t)DM_COUNT_OF(kinds)],
        };
    }
    return n;
}

static void
add_event(struct steady *steady, const struct event *event)
{
    const int j = event->check;
    const char *const g = steady->iri;
    if (!steady->states[j].is_there) {
        add_line(steady,
                 "<https://example.net/c%d#rta> " DM "unit> " UNIT " <%s> .", j,
                 g);
    }
    char s[TERM_MAX];
    const int n =
        snprintf(s, sizeof(s), "<%s#%" PRId64 ".%d>", g, event->ms, j);
    CHECK(n > 0 && (size_t)n < sizeof(s));
    char value[TERM_MAX];
    char time[DM_TIME_SIZE];
    add_line(steady,
             "%s " RDF "reifies> <<( <https://example.net/c%d> " DM
             "status> " DM "%s> )>> <%s> .",
             s, j, statuses[event->status], g);
    add_line(steady, "%s " DM "at> \"%s\"" XSD "dateTime> <%s> .", s,
             date(event->ms, time), g);
    add_line(steady, "%s " DM "seconds> \"%s\"" XSD "decimal> <%s> .", s,
             decimal(event->millis, value), g);
    add_line(steady,
             "%s <https://example.net/c%d#rta> \"%s\"" XSD "decimal> <%s> .", s,
             j, value, g);
    if (event->status != OK) {
        add_line(steady, "%s " DM "failure> " DM "connection> <%s> .", s, g);
        add_line(steady,
                 "%s " DM "message> \"connect to 192.0.2.%d:443: refused, "
                 "attempt %" PRId64 "\" <%s> .",
                 s, j, event->millis, g);
    }
}

static void
follow(struct state *state, const struct event *event)
{
    if (!state->is_there || state->last.status != event->status) {
        state->since_ms = event->ms;
        state->streak = 0;
    }
    state->is_there = true;
    state->last = *event;
    ++state->streak;
    if (event->status == OK) {
        state->bad = 0;
        state->bad_since_ms = 0;
    } else if (event->status != UNKNOWN) {
        ++state->bad;
        if (!state->bad_since_ms) {
            state->bad_since_ms = event->ms;
        }
    }
}

// ------------------------------------------------------------------- manifests

static struct dm_cid
put_manifest(struct steady *steady, enum dm_manifest_kind kind, size_t n,
             const struct dm_cid *parts, size_t n_parts)
{
    struct dm_wire_manifest manifest = {
        .n = n, .kind = kind, .parts = dm_cid_list(parts, n_parts)};
    memcpy(manifest.log, dm_key_public(steady->key), DM_KEY_PUBLIC_BYTES);
    struct dm_buf buf;
    dm_buf_init(&buf, DM_MANIFEST_MAX);
    CHECK(dm_wire_manifest_write(&manifest, &buf) == DM_OK);
    const struct dm_cid cid = put(steady, DM_CODEC_CBOR, dm_buf_str(&buf));
    dm_buf_done(&buf);
    return cid;
}

static struct dm_cid
put_conf(struct steady *steady, uint64_t version)
{
    struct dm_cid parts[CHECKS];
    size_t all = 0;
    for (int j = 0; j < CHECKS; ++j) {
        const char *const g = steady->iri;
        const uint64_t every = j == 0 ? 30 + version : 30;
        add_line(steady,
                 "<https://example.net/c%d> " RDF "type> " DM
                 "HttpCheck> <%s#config> .",
                 j, g);
        add_line(steady,
                 "<https://example.net/c%d> " DM "name> \"c%d\" <%s#config> .",
                 j, j, g);
        add_line(steady,
                 "<https://example.net/c%d> " DM "every> \"PT%" PRIu64 "S\"" XSD
                 "dayTimeDuration> <%s#config> .",
                 j, every, g);
        size_t n = 0;
        size_t size = 0;
        parts[j] = put_lines(steady, &n, &size);
        all += n;
    }
    return put_manifest(steady, DM_MANIFEST_CONF, all, parts, CHECKS);
}

static void
add_state(struct steady *steady, int j)
{
    const struct state *const state = &steady->states[j];
    const char *const g = steady->iri;
    char s[TERM_MAX];
    char value[TERM_MAX];
    char time[DM_TIME_SIZE];
    const int n = snprintf(s, sizeof(s), "<%s#state:c%d>", g, j);
    CHECK(n > 0 && (size_t)n < sizeof(s));
    add_line(steady, "%s " DM "check> <https://example.net/c%d> <%s#state> .",
             s, j, g);
    add_line(steady, "%s " DM "event> <%s#%" PRId64 ".%d> <%s#state> .", s, g,
             state->last.ms, j, g);
    add_line(steady, "%s " DM "status> " DM "%s> <%s#state> .", s,
             statuses[state->last.status], g);
    add_line(steady, "%s " DM "at> \"%s\"" XSD "dateTime> <%s#state> .", s,
             date(state->last.ms, time), g);
    add_line(steady, "%s " DM "seconds> \"%s\"" XSD "decimal> <%s#state> .", s,
             decimal(state->last.millis, value), g);
    add_line(steady, "%s " DM "since> \"%s\"" XSD "dateTime> <%s#state> .", s,
             date(state->since_ms, time), g);
    add_line(steady,
             "%s " DM "streak> \"%" PRId64 "\"" XSD "integer> <%s#state> .", s,
             state->streak, g);
    add_line(steady,
             "%s " DM "bad> \"%" PRId64 "\"" XSD "integer> <%s#state> .", s,
             state->bad, g);
    if (state->bad_since_ms) {
        add_line(steady,
                 "%s " DM "badSince> \"%s\"" XSD "dateTime> <%s#state> .", s,
                 date(state->bad_since_ms, time), g);
    }
    add_line(steady,
             "%s <https://example.net/c%d#rta> \"%s\"" XSD
             "decimal> <%s#state> .",
             s, j, value, g);
    add_line(steady,
             "<https://example.net/c%d#rta> " DM "unit> " UNIT " <%s#state> .",
             j, g);
}

static struct dm_cid
put_snap(struct steady *steady)
{
    struct dm_cid parts[CHECKS];
    size_t n_parts = 0;
    size_t all = 0;
    for (int j = 0; j < CHECKS; ++j) {
        if (steady->states[j].is_there) {
            add_state(steady, j);
            size_t n = 0;
            size_t size = 0;
            parts[n_parts++] = put_lines(steady, &n, &size);
            all += n;
        }
    }
    return put_manifest(steady, DM_MANIFEST_SNAP, all, parts, n_parts);
}

// --------------------------------------------------------------------- entries

static void
put_data(struct steady *steady, struct dm_wire_entry *entry)
{
    struct event events[CHECKS];
    const size_t n = events_of(steady, entry->seq, events);
    for (size_t i = 0; i < n; ++i) {
        add_event(steady, &events[i]);
    }
    for (size_t i = 0; i < n; ++i) {
        follow(&steady->states[events[i].check], &events[i]);
    }
    if (n) {
        size_t n_lines = 0;
        size_t size = 0;
        entry->has_data = true;
        entry->data = put_lines(steady, &n_lines, &size);
        entry->n = n_lines;
        entry->size = size;
    }
}

static void
append(struct steady *steady)
{
    struct dm_wire_entry entry = {.seq = ++steady->seq};
    entry.time_ms = steady->t0 + INTERVAL_MS * (int64_t)entry.seq;
    memcpy(entry.log, dm_key_public(steady->key), DM_KEY_PUBLIC_BYTES);
    put_data(steady, &entry);
    if (entry.seq == 1 || entry.seq % 1000 == 0) {
        steady->conf = put_conf(steady, entry.seq / 1000);
        entry.has_conf = true;
        entry.conf = steady->conf;
    }
    if (entry.seq % 60 == 0) {
        steady->snap = put_snap(steady);
        steady->has_snap = true;
        entry.has_snap = true;
        entry.snap = steady->snap;
    }
    if (entry.seq > 1) {
        entry.has_prev = true;
        entry.prev = steady->kept[entry.seq - 2].cid;
    }

    struct dm_buf buf;
    dm_buf_init(&buf, DM_ENTRY_MAX);
    CHECK(dm_wire_entry_write(&entry, steady->key, &buf) == DM_OK);
    struct dm_wire_entry again;
    CHECK(dm_wire_entry_read(dm_buf_str(&buf), &again, NULL) == DM_OK);
    CHECK(dm_wire_entry_verify(dm_buf_str(&buf), &again, NULL) == DM_OK);
    steady->kept[entry.seq - 1] = (struct kept){
        .cid = put(steady, DM_CODEC_CBOR, dm_buf_str(&buf)),
        .time_ms = entry.time_ms,
        .bytes = buf.n + (entry.has_data ? get(steady, &entry.data)->n : 0),
    };
    dm_tree_add(&steady->tree, dm_buf_str(&buf));
    if (entry.seq % DM_FAN == 0) {
        steady->borders[entry.seq / DM_FAN] = steady->tree;
    }
    dm_buf_done(&buf);
}

// ----------------------------------------------------------------------- heads

// A Node over 64 things that are kept: itself as one of the level above
static struct kept
put_node(struct steady *steady, unsigned level, uint64_t from,
         const struct kept *items)
{
    struct dm_wire_node node = {
        .level = level,
        .from = from,
        .to = from + (level == 1 ? DM_FAN : DM_FAN2) - 1,
        .items = {items->cid.bytes, DM_FAN, sizeof(*items)},
    };
    // Times ascend here, so the first is the least
    node.time_min_ms = steady->t0 + INTERVAL_MS * (int64_t)node.from;
    node.time_max_ms = steady->t0 + INTERVAL_MS * (int64_t)node.to;
    for (size_t i = 0; i < DM_FAN; ++i) {
        node.bytes += items[i].bytes;
    }
    struct dm_buf buf;
    dm_buf_init(&buf, DM_NODE_MAX);
    CHECK(dm_wire_node_write(&node, &buf) == DM_OK);
    const struct kept kept = {
        .cid = put(steady, DM_CODEC_CBOR, dm_buf_str(&buf)),
        .bytes = node.bytes + buf.n,
    };
    dm_buf_done(&buf);
    return kept;
}

static struct kept
put_leaf(struct steady *steady, uint64_t from)
{
    return put_node(steady, 1, from, &steady->kept[from - 1]);
}

static struct kept
put_trunk(struct steady *steady, uint64_t from)
{
    struct kept below[DM_FAN];
    for (uint64_t i = 0; i < DM_FAN; ++i) {
        below[i] = put_leaf(steady, from + i * DM_FAN);
    }
    return put_node(steady, 2, from, below);
}

static struct dm_cid
put_head(struct steady *steady, uint64_t first, size_t *ret_bytes)
{
    const struct dm_head_cut cut = dm_head_cut(first, steady->seq);
    struct dm_cid *const l1 = steady->l1;
    struct dm_cid *const l2 = steady->l2;
    CHECK(cut.n_l1 <= DM_HEAD_L1_MAX && cut.n_l2 <= L2_MAX);
    uint64_t from = first;
    size_t n_l1 = 0;
    size_t n_l2 = 0;
    while (from + DM_FAN - 1 <= steady->seq) {
        if (from == cut.l2_from && n_l2 < cut.n_l2) {
            l2[n_l2++] = put_trunk(steady, from).cid;
            from += DM_FAN2;
        } else {
            l1[n_l1++] = put_leaf(steady, from).cid;
            from += DM_FAN;
        }
    }
    CHECK(n_l1 == cut.n_l1 && n_l2 == cut.n_l2);

    const struct dm_tree *const border = &steady->borders[first / DM_FAN];
    struct dm_wire_head head = {
        .seq = steady->seq,
        .first = first,
        .tip = steady->kept[steady->seq - 1].cid,
        .conf = steady->conf,
        .has_snap = steady->has_snap,
        .snap = steady->snap,
        .has_anchor = first > 1,
        .l1 = dm_cid_list(l1, n_l1),
        .l2 = dm_cid_list(l2, n_l2),
        .tail = {steady->kept[steady->seq - cut.n_tail].cid.bytes, cut.n_tail,
                 sizeof(struct kept)},
        .frontier = border->hashes[0],
        .n_frontier = dm_tree_count(border),
        .frontier_stride = DM_DIGEST_BYTES,
    };
    if (head.has_anchor) {
        head.anchor = steady->kept[first - 2].cid;
    }
    memcpy(head.log, dm_key_public(steady->key), DM_KEY_PUBLIC_BYTES);
    dm_tree_root(&steady->tree, head.root);
    struct dm_buf buf;
    dm_buf_init(&buf, DM_HEAD_MAX);
    CHECK(dm_wire_head_write(&head, &buf) == DM_OK);
    *ret_bytes = buf.n;
    const struct dm_cid cid = put(steady, DM_CODEC_CBOR, dm_buf_str(&buf));
    dm_buf_done(&buf);
    return cid;
}

// ------------------------------------------------------------------------- CAR

struct walk {
    struct dm_map seen;
    struct dm_cid *stack; // The next one last
    size_t n;
    size_t capacity;
};

static void
push_links(struct walk *walk, const struct block *block)
{
    struct dm_cbor cbor;
    struct dm_cbor_item item;
    dm_cbor_init(&cbor, dm_str_n(block->bytes, block->n));
    const size_t from = walk->n;
    while (dm_cbor_next(&cbor, &item, NULL) == DM_OK) {
        if (item.kind == DM_CBOR_LINK) {
            struct dm_cid *stack =
                dm_grow(walk->stack, &walk->capacity, walk->n + 1,
                        sizeof(*stack), BLOCKS_MAX);
            CHECK(stack);
            walk->stack = stack;
            CHECK(dm_cid_read(item.bytes, &stack[walk->n++]));
        }
    }
    for (size_t i = from, k = walk->n; i + 1 < k; ++i) {
        const struct dm_cid swapped = walk->stack[i];
        walk->stack[i] = walk->stack[--k];
        walk->stack[k] = swapped;
    }
}

// The CAR of a Head in depth-first order, each block once
static void
write_car(const struct steady *steady, const struct dm_cid *head,
          struct dm_buf *buf)
{
    struct walk walk = {.n = 0};
    dm_map_init(&walk.seen, BLOCKS_MAX, 0);
    CHECK(dm_car_write_header(head, 1, buf) == DM_OK);
    const struct dm_cid *next = head;
    struct dm_cid taken;
    do {
        const struct block *const block = get(steady, next);
        bool is_new = false;
        CHECK(dm_map_put(&walk.seen,
                         dm_str_n((const char *)block->cid.bytes, DM_CID_BYTES),
                         &is_new));
        if (is_new) {
            CHECK(dm_car_write_block(&block->cid,
                                     dm_str_n(block->bytes, block->n),
                                     buf) == DM_OK);
            if (dm_cid_codec(&block->cid) == DM_CODEC_CBOR) {
                push_links(&walk, block);
            }
        }
        if (walk.n) {
            taken = walk.stack[--walk.n];
            next = &taken;
        } else {
            next = NULL;
        }
    } while (next);
    dm_map_done(&walk.seen);
    dm_free(walk.stack);
}

// ------------------------------------------------------------------ comparison

static bool
is_cid(struct dm_str text, const struct dm_cid *cid)
{
    char mine[DM_CID_TEXT_SIZE];
    dm_cid_text(cid, mine);
    return dm_str_is(text, mine);
}

static struct dm_str
nth_text(const json_t *array, size_t i)
{
    const json_t *const text = json_array_get(array, i);
    CHECK(json_is_string(text));
    return dm_str_n(json_string_value(text), json_string_length(text));
}

static bool
is_digest(struct dm_str digits, const uint8_t *digest)
{
    struct dm_buf buf;
    dm_buf_init(&buf, DM_DIGEST_BYTES);
    bytes_from_hex(digits, &buf);
    const bool is_same = dm_str_equal(
        dm_buf_str(&buf), dm_str_n((const char *)digest, DM_DIGEST_BYTES));
    dm_buf_done(&buf);
    return is_same;
}

// Roots, entries and frontiers after each entry, where the recipe tells them
static void
compare_step(const struct steady *steady, const json_t *recipe)
{
    const json_t *const roots = json_object_get(recipe, "roots");
    if (!roots) {
        return;
    }
    const size_t i = steady->seq - 1;
    uint8_t root[DM_DIGEST_BYTES];
    dm_tree_root(&steady->tree, root);
    CHECK(is_digest(nth_text(roots, i), root));
    CHECK(is_cid(nth_text(json_object_get(recipe, "entries"), i),
                 &steady->kept[i].cid));

    char size[TERM_MAX];
    (void)snprintf(size, sizeof(size), "%" PRIu64, steady->seq);
    const json_t *const frontier =
        json_object_get(json_object_get(recipe, "frontiers"), size);
    if (!frontier) {
        return;
    }
    const size_t n = dm_tree_count(&steady->tree);
    CHECK_INT((int64_t)json_array_size(frontier), (int64_t)n);
    for (size_t k = 0; k < n; ++k) {
        CHECK(is_digest(nth_text(frontier, k), steady->tree.hashes[k]));
    }
}

static void
compare_head(struct steady *steady, const json_t *want)
{
    const uint64_t first =
        (uint64_t)json_integer_value(json_object_get(want, "first"));
    const uint32_t k = (uint32_t)json_integer_value(json_object_get(want, "k"));
    size_t bytes = 0;
    const struct dm_cid head = put_head(steady, first, &bytes);
    CHECK(is_cid(json_text(want, "head"), &head));
    CHECK_INT((int64_t)bytes,
              json_integer_value(json_object_get(want, "bytes")));

    const int64_t time = steady->kept[steady->seq - 1].time_ms;
    struct dm_buf record;
    dm_buf_init(&record, DM_RECORD_MAX);
    CHECK(dm_record_write(steady->key, &head, steady->seq, k,
                          time + DM_RECORD_VALID_MS, &record) == DM_OK);
    CHECK(json_is_hex(want, "record", dm_buf_str(&record)));
    struct dm_record again;
    CHECK(dm_record_read(dm_buf_str(&record), dm_key_public(steady->key),
                         &again, NULL) == DM_OK);
    CHECK(dm_cid_equal(&again.head, &head) && again.seq == steady->seq);
    dm_buf_done(&record);
}

static void
compare_all(struct steady *steady, const json_t *recipe)
{
    char name[DM_KEY_NAME_SIZE];
    dm_key_name(dm_key_public(steady->key), name);
    CHECK(dm_str_is(json_text(recipe, "log"), name));
    CHECK(is_cid(json_text(recipe, "tip"), &steady->kept[steady->seq - 1].cid));
    uint8_t root[DM_DIGEST_BYTES];
    dm_tree_root(&steady->tree, root);
    CHECK(is_digest(json_text(recipe, "root"), root));

    const json_t *const heads = json_object_get(recipe, "heads");
    CHECK(json_array_size(heads) > 1);
    for (size_t i = 0; i < json_array_size(heads); ++i) {
        compare_head(steady, json_array_get(heads, i));
    }

    struct dm_cid head;
    CHECK(dm_cid_from_text(json_text(json_array_get(heads, 0), "head"), &head));
    struct dm_buf car;
    dm_buf_init(&car, CAR_MAX);
    write_car(steady, &head, &car);
    uint8_t digest[DM_DIGEST_BYTES];
    dm_sha256(dm_buf_str(&car), digest);
    CHECK(is_digest(json_text(recipe, "car_sha256"), digest));
    dm_buf_done(&car);
}

static void
run(const json_t *recipe)
{
    struct steady *steady = dm_calloc(1, sizeof(*steady));
    CHECK(steady);
    struct dm_buf seed;
    dm_buf_init(&seed, DM_KEY_SEED_BYTES);
    bytes_from_hex(json_text(recipe, "seed"), &seed);
    CHECK(seed.n == DM_KEY_SEED_BYTES);
    steady->key = dm_key_from_seed((const uint8_t *)seed.data);
    dm_buf_done(&seed);
    CHECK(steady->key);
    dm_key_iri(dm_key_public(steady->key), steady->iri);
    steady->t0 = json_integer_value(json_object_get(recipe, "t0"));
    const size_t count =
        (size_t)json_integer_value(json_object_get(recipe, "count"));
    steady->kept = dm_calloc(count, sizeof(*steady->kept));
    steady->borders = dm_calloc(count / DM_FAN + 1, sizeof(*steady->borders));
    CHECK(count > 0 && steady->kept && steady->borders);
    dm_map_init(&steady->blocks, BLOCKS_MAX, 0);

    while (steady->seq < count) {
        append(steady);
        compare_step(steady, recipe);
    }
    compare_all(steady, recipe);

    for (size_t i = 0; i < steady->blocks.n; ++i) {
        dm_free(steady->blocks.entries[i].value.ptr);
    }
    dm_map_done(&steady->blocks);
    dm_key_free(steady->key);
    dm_free(steady->kept);
    dm_free(steady->borders);
    dm_free(steady);
}

int
main(void)
{
    vectors_recipe("steady-130", run);
    vectors_recipe("steady-4200", run);
    return 0;
}
