// SPDX-License-Identifier: ISC

#include "tests/unit/sync/steady.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/time.h"
#include "sync/block.h"
#include "sync/car.h"
#include "sync/cbor.h"
#include "sync/record.h"
#include "tests/check.h"

#include <assert.h>
#include <string.h>

#define DM "https://w3id.org/demonitor#"
#define RDF "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
#define XSD "http://www.w3.org/2001/XMLSchema#"
#define UNIT "<http://qudt.org/vocab/unit/SEC>"
#define CHECK_IRI "https://example.net/c"

#define CHECKS 3U
#define EVERY_MS INT64_C(30000)
#define SILENT_EVERY 10U
#define SNAP_EVERY 60U
#define CONF_EVERY 1000U
#define BLOCKS_MAX 20000U
#define ARENA_MAX (256U << 20U)
#define TEXT_MAX (1U << 20U)
#define LINES_MAX 64U

static const char *const statuses[] = {
    "ok", "ok", "ok",      "ok",       "ok",      "ok",
    "ok", "ok", "warning", "critical", "unknown",
};

// What is known of a check
struct state {
    bool is_there;
    char event[DM_KEY_IRI_SIZE + 40];
    const char *status;
    int64_t at_ms;
    unsigned millis;
    int64_t since_ms;
    unsigned streak;
    unsigned bad;
    int64_t bad_since_ms; // 0: none
};

struct kept {
    struct dm_cid cid;
    int64_t time_ms;
    uint64_t bytes; // Of entry and payload
};

struct steady {
    struct dm_key *key;
    char iri[DM_KEY_IRI_SIZE];
    int64_t t0_ms;
    struct dm_arena arena;
    struct dm_map blocks; // Name to a struct dm_str in the arena
    struct kept *entries;
    size_t capacity;
    uint64_t n;
    struct dm_tree tree;
    struct dm_tree frontiers[BLOCKS_MAX / DM_FAN]; // Of the first 64 i entries
    struct state states[CHECKS];
    struct dm_cid conf;
    struct dm_cid snap;
    bool has_snap;
};

// Lines of a payload, in any order
struct lines {
    struct dm_buf text;
    struct {
        size_t at;
        size_t n;
    } all[LINES_MAX];
    size_t n;
};

// -------------------------------------------------------------------- blocks

struct dm_cid
steady_put(struct steady *steady, enum dm_codec codec, struct dm_str bytes)
{
    const struct dm_cid cid = dm_cid_of(codec, bytes);
    struct dm_cid *const name =
        dm_arena_alloc(&steady->arena, 1, sizeof(*name));
    struct dm_str *const block =
        dm_arena_alloc(&steady->arena, 1, sizeof(*block));
    assert(name && block);
    *name = cid;
    *block = dm_arena_copy(&steady->arena, bytes);
    CHECK(block->data);
    struct dm_map_entry *const entry =
        dm_map_put(&steady->blocks,
                   dm_str_n((const char *)name->bytes, DM_CID_BYTES), NULL);
    assert(entry);
    entry->value.ptr = block;
    return cid;
}

enum dm_status
steady_find(void *steady, const struct dm_cid *cid, struct dm_str *ret)
{
    const struct steady *const log = steady;
    const struct dm_map_entry *const entry = dm_map_get(
        &log->blocks, dm_str_n((const char *)cid->bytes, DM_CID_BYTES));
    if (!entry) {
        return DM_ERR_NOT_FOUND;
    }
    const struct dm_str *const block = entry->value.ptr;
    *ret = *block;
    return DM_OK;
}

static struct dm_str
get(const struct steady *steady, const struct dm_cid *cid)
{
    const struct dm_map_entry *const entry = dm_map_get(
        &steady->blocks, dm_str_n((const char *)cid->bytes, DM_CID_BYTES));
    assert(entry);
    const struct dm_str *const block = entry->value.ptr;
    return *block;
}

// A frame that holds `text` as it is, of at most one raw block
struct dm_cid
steady_put_text(struct steady *steady, struct dm_str text)
{
    CHECK(text.n > 0 && text.n < (1U << 17U));
    struct dm_buf frame;
    dm_buf_init(&frame, TEXT_MAX);
    (void)dm_buf_put(&frame, "\x28\xB5\x2F\xFD", 4);
    const bool is_short = text.n < 256;
    const bool is_middle = text.n < 65536 + 256;
    size_t size = is_short || !is_middle ? text.n : text.n - 256;
    const unsigned flag = is_short ? 0x20 : is_middle ? 0x60 : 0xA0;
    const unsigned width = is_short ? 1 : is_middle ? 2 : 4;
    (void)dm_buf_putc(&frame, (char)flag);
    for (unsigned i = 0; i < width; ++i, size >>= 8U) {
        (void)dm_buf_putc(&frame, (char)(size & 0xFFU));
    }
    size_t head = text.n << 3U | 1U;
    for (unsigned i = 0; i < 3; ++i, head >>= 8U) {
        (void)dm_buf_putc(&frame, (char)(head & 0xFFU));
    }
    (void)dm_buf_put_str(&frame, text);
    CHECK_INT(frame.status, DM_OK);
    const struct dm_cid cid =
        steady_put(steady, DM_CODEC_RAW, dm_buf_str(&frame));
    dm_buf_done(&frame);
    return cid;
}

// --------------------------------------------------------------------- lines

static void
begin_lines(struct lines *lines)
{
    dm_buf_init(&lines->text, TEXT_MAX);
    lines->n = 0;
}

// What was appended to the text since is one line.
static void
end_line(struct lines *lines)
{
    CHECK(lines->n < LINES_MAX);
    const size_t at =
        lines->n ? lines->all[lines->n - 1].at + lines->all[lines->n - 1].n : 0;
    lines->all[lines->n].at = at;
    lines->all[lines->n].n = lines->text.n - at;
    ++lines->n;
}

static struct dm_str
line_at(const struct lines *lines, size_t i)
{
    return dm_str_slice(dm_buf_str(&lines->text), lines->all[i].at,
                        lines->all[i].n);
}

// The lines in order, and how many there are; ends them.
static size_t
sort_lines(struct lines *lines, struct dm_buf *ret)
{
    CHECK_INT(lines->text.status, DM_OK);
    dm_buf_init(ret, TEXT_MAX);
    struct dm_str last = {NULL, 0};
    for (size_t i = 0; i < lines->n; ++i) {
        struct dm_str least = {NULL, 0};
        for (size_t j = 0; j < lines->n; ++j) {
            const struct dm_str line = line_at(lines, j);
            if ((!last.data || dm_str_compare(line, last) > 0) &&
                (!least.data || dm_str_compare(line, least) < 0)) {
                least = line;
            }
        }
        CHECK(least.data); // No line twice
        CHECK_INT(dm_buf_put_str(ret, least), DM_OK);
        last = least;
    }
    dm_buf_done(&lines->text);
    return lines->n;
}

static const char *
time_text(int64_t ms, char text[DM_TIME_SIZE])
{
    dm_time_format(ms, text);
    return text;
}

static const char *
decimal_text(unsigned millis, char text[16])
{
    int n = snprintf(text, 16, "%u.%03u", millis / 1000, millis % 1000);
    while (text[n - 1] == '0' && text[n - 2] != '.') {
        text[--n] = '\0';
    }
    return text;
}

// -------------------------------------------------------------- what is said

static void
put_event(struct steady *steady, struct lines *lines, uint64_t i, unsigned j)
{
    const int64_t ms = steady->t0_ms + EVERY_MS * (int64_t)i - 100;
    const unsigned millis = (unsigned)((37 * i + (uint64_t)11 * j) % 997);
    const char *const status = statuses[(7 * i + j) % DM_COUNT_OF(statuses)];
    const char *const g = steady->iri;
    char event[DM_KEY_IRI_SIZE + 40];
    (void)snprintf(event, sizeof(event), "%s#%" PRId64 ".%u", g, ms, j);
    char at[DM_TIME_SIZE];
    char seconds[16];
    (void)time_text(ms, at);
    (void)decimal_text(millis, seconds);
    struct dm_buf *const text = &lines->text;

    if (!steady->states[j].is_there) {
        (void)dm_buf_printf(
            text, "<" CHECK_IRI "%u#rta> <" DM "unit> " UNIT " <%s> .\n", j, g);
        end_line(lines);
    }
    (void)dm_buf_printf(text,
                        "<%s> <" RDF "reifies> <<( <" CHECK_IRI "%u> <" DM
                        "status> <" DM "%s> )>> <%s> .\n",
                        event, j, status, g);
    end_line(lines);
    (void)dm_buf_printf(text,
                        "<%s> <" DM "at> \"%s\"^^<" XSD "dateTime> <%s> .\n",
                        event, at, g);
    end_line(lines);
    (void)dm_buf_printf(
        text, "<%s> <" DM "seconds> \"%s\"^^<" XSD "decimal> <%s> .\n", event,
        seconds, g);
    end_line(lines);
    (void)dm_buf_printf(
        text, "<%s> <" CHECK_IRI "%u#rta> \"%s\"^^<" XSD "decimal> <%s> .\n",
        event, j, seconds, g);
    end_line(lines);
    if (strcmp(status, "ok") != 0) {
        (void)dm_buf_printf(
            text, "<%s> <" DM "failure> <" DM "connection> <%s> .\n", event, g);
        end_line(lines);
        (void)dm_buf_printf(text,
                            "<%s> <" DM "message> \"connect to 192.0.2.%u:443: "
                            "refused, attempt %u\" <%s> .\n",
                            event, j, millis, g);
        end_line(lines);
    }
}

static void
follow(struct steady *steady, uint64_t i, unsigned j)
{
    struct state *const state = &steady->states[j];
    const char *const status = statuses[(7 * i + j) % DM_COUNT_OF(statuses)];
    const int64_t ms = steady->t0_ms + EVERY_MS * (int64_t)i - 100;
    if (!state->is_there || strcmp(state->status, status) != 0) {
        state->since_ms = ms;
        state->streak = 0;
    }
    state->is_there = true;
    state->status = status;
    (void)snprintf(state->event, sizeof(state->event), "%s#%" PRId64 ".%u",
                   steady->iri, ms, j);
    state->at_ms = ms;
    state->millis = (unsigned)((37 * i + (uint64_t)11 * j) % 997);
    ++state->streak;
    if (strcmp(status, "ok") == 0) {
        state->bad = 0;
        state->bad_since_ms = 0;
    } else if (strcmp(status, "unknown") != 0) {
        state->bad_since_ms = state->bad++ ? state->bad_since_ms : ms;
    }
}

// One quad of a State: its object as it stands
static void
say(struct lines *lines, const struct steady *steady, unsigned j,
    const char *property, const char *object)
{
    (void)dm_buf_printf(&lines->text, "<%s#state:c%u> <%s> %s <%s#state> .\n",
                        steady->iri, j, property, object, steady->iri);
    end_line(lines);
}

static void
put_state(const struct steady *steady, struct lines *lines, unsigned j)
{
    const struct state *const state = &steady->states[j];
    char time[DM_TIME_SIZE];
    char number[16];
    char text[256];
    char rta[64];
    (void)snprintf(rta, sizeof(rta), CHECK_IRI "%u#rta", j);
    (void)snprintf(text, sizeof(text), "<" CHECK_IRI "%u>", j);
    say(lines, steady, j, DM "check", text);
    (void)snprintf(text, sizeof(text), "<%s>", state->event);
    say(lines, steady, j, DM "event", text);
    (void)snprintf(text, sizeof(text), "<" DM "%s>", state->status);
    say(lines, steady, j, DM "status", text);
    (void)snprintf(text, sizeof(text), "\"%s\"^^<" XSD "dateTime>",
                   time_text(state->at_ms, time));
    say(lines, steady, j, DM "at", text);
    (void)snprintf(text, sizeof(text), "\"%s\"^^<" XSD "dateTime>",
                   time_text(state->since_ms, time));
    say(lines, steady, j, DM "since", text);
    if (state->bad_since_ms) {
        (void)snprintf(text, sizeof(text), "\"%s\"^^<" XSD "dateTime>",
                       time_text(state->bad_since_ms, time));
        say(lines, steady, j, DM "badSince", text);
    }
    (void)snprintf(text, sizeof(text), "\"%u\"^^<" XSD "integer>",
                   state->streak);
    say(lines, steady, j, DM "streak", text);
    (void)snprintf(text, sizeof(text), "\"%u\"^^<" XSD "integer>", state->bad);
    say(lines, steady, j, DM "bad", text);
    (void)snprintf(text, sizeof(text), "\"%s\"^^<" XSD "decimal>",
                   decimal_text(state->millis, number));
    say(lines, steady, j, DM "seconds", text);
    say(lines, steady, j, rta, text);
    (void)dm_buf_printf(&lines->text,
                        "<%s> <" DM "unit> " UNIT " <%s#state> .\n", rta,
                        steady->iri);
    end_line(lines);
}

static void
put_conf(const struct steady *steady, struct lines *lines, unsigned j,
         uint64_t version)
{
    const char *const g = steady->iri;
    struct dm_buf *const text = &lines->text;
    (void)dm_buf_printf(text,
                        "<" CHECK_IRI "%u> <" RDF "type> <" DM
                        "HttpCheck> <%s#config> .\n",
                        j, g);
    end_line(lines);
    (void)dm_buf_printf(
        text, "<" CHECK_IRI "%u> <" DM "name> \"c%u\" <%s#config> .\n", j, j,
        g);
    end_line(lines);
    (void)dm_buf_printf(text,
                        "<" CHECK_IRI "%u> <" DM "every> \"PT%" PRIu64
                        "S\"^^<" XSD "dayTimeDuration> <%s#config> .\n",
                        j, j ? 30 : 30 + version, g);
    end_line(lines);
}

// The Manifest of conf or snap as it is with entry i, a part for each check
static struct dm_cid
put_manifest(struct steady *steady, enum dm_manifest_kind kind, uint64_t i)
{
    struct dm_cid parts[CHECKS];
    size_t n = 0;
    struct dm_wire_manifest manifest = {.kind = kind};
    memcpy(manifest.log, steady_log(steady), sizeof(manifest.log));
    for (unsigned j = 0; j < CHECKS; ++j) {
        if (kind == DM_MANIFEST_SNAP && !steady->states[j].is_there) {
            continue;
        }
        struct lines lines;
        begin_lines(&lines);
        if (kind == DM_MANIFEST_CONF) {
            put_conf(steady, &lines, j, i / CONF_EVERY);
        } else {
            put_state(steady, &lines, j);
        }
        struct dm_buf text;
        manifest.n += sort_lines(&lines, &text);
        parts[n++] = steady_put_text(steady, dm_buf_str(&text));
        dm_buf_done(&text);
    }
    manifest.parts = dm_cid_list(parts, n);
    struct dm_buf block;
    dm_buf_init(&block, DM_MANIFEST_MAX);
    CHECK_INT(dm_wire_manifest_write(&manifest, &block), DM_OK);
    const struct dm_cid cid =
        steady_put(steady, DM_CODEC_CBOR, dm_buf_str(&block));
    dm_buf_done(&block);
    return cid;
}

// ------------------------------------------------------------------- entries

// The payload of entry i, if it has one; the bytes of its block
static size_t
put_data(struct steady *steady, uint64_t i, struct dm_wire_entry *entry)
{
    if (i % SILENT_EVERY == 0) {
        return 0;
    }
    struct lines lines;
    begin_lines(&lines);
    for (unsigned j = 0; j < 1 + i % CHECKS; ++j) {
        put_event(steady, &lines, i, j);
    }
    for (unsigned j = 0; j < 1 + i % CHECKS; ++j) {
        follow(steady, i, j);
    }
    struct dm_buf text;
    entry->n = sort_lines(&lines, &text);
    entry->size = text.n;
    entry->has_data = true;
    entry->data = steady_put_text(steady, dm_buf_str(&text));
    dm_buf_done(&text);
    return get(steady, &entry->data).n;
}

static void
append(struct steady *steady)
{
    const uint64_t i = steady->n + 1;
    struct dm_wire_entry entry = {
        .seq = i,
        .time_ms = steady->t0_ms + EVERY_MS * (int64_t)i,
        .has_prev = i > 1,
        .has_conf = i == 1 || i % CONF_EVERY == 0,
        .has_snap = i % SNAP_EVERY == 0,
    };
    memcpy(entry.log, steady_log(steady), sizeof(entry.log));
    const size_t n_payload = put_data(steady, i, &entry);
    if (entry.has_conf) {
        steady->conf = put_manifest(steady, DM_MANIFEST_CONF, i);
        entry.conf = steady->conf;
    }
    if (entry.has_snap) {
        steady->snap = put_manifest(steady, DM_MANIFEST_SNAP, i);
        steady->has_snap = true;
        entry.snap = steady->snap;
    }
    if (entry.has_prev) {
        entry.prev = steady->entries[i - 2].cid;
    }

    struct dm_buf block;
    dm_buf_init(&block, DM_ENTRY_MAX);
    CHECK_INT(dm_wire_entry_write(&entry, steady->key, &block), DM_OK);
    struct kept *const entries = dm_grow(steady->entries, &steady->capacity, i,
                                         sizeof(*entries), BLOCKS_MAX);
    CHECK(entries);
    steady->entries = entries;
    entries[i - 1] = (struct kept){
        .cid = steady_put(steady, DM_CODEC_CBOR, dm_buf_str(&block)),
        .time_ms = entry.time_ms,
        .bytes = block.n + n_payload};
    dm_tree_add(&steady->tree, dm_buf_str(&block));
    dm_buf_done(&block);
    steady->n = i;
    if (i % DM_FAN == 0) {
        steady->frontiers[i / DM_FAN] = steady->tree;
    }
}

void
steady_write(struct steady *steady, uint64_t count)
{
    while (steady->n < count) {
        append(steady);
    }
}

struct steady *
steady_new(const uint8_t seed[DM_KEY_SEED_BYTES], int64_t t0_ms)
{
    struct steady *const steady = dm_calloc(1, sizeof(*steady));
    CHECK(steady);
    steady->key = dm_key_from_seed(seed);
    CHECK(steady->key);
    steady->t0_ms = t0_ms;
    dm_key_iri(steady_log(steady), steady->iri);
    dm_arena_init(&steady->arena, ARENA_MAX, NULL);
    dm_map_init(&steady->blocks, BLOCKS_MAX, 0);
    return steady;
}

void
steady_free(struct steady *steady)
{
    dm_map_done(&steady->blocks);
    dm_arena_done(&steady->arena);
    dm_free(steady->entries);
    dm_key_free(steady->key);
    dm_free(steady);
}

const struct dm_key *
steady_key(const struct steady *steady)
{
    return steady->key;
}

const uint8_t *
steady_log(const struct steady *steady)
{
    return dm_key_public(steady->key);
}

uint64_t
steady_seq(const struct steady *steady)
{
    return steady->n;
}

struct dm_cid
steady_entry(const struct steady *steady, uint64_t seq)
{
    CHECK(seq >= 1 && seq <= steady->n);
    return steady->entries[seq - 1].cid;
}

const struct dm_tree *
steady_tree(const struct steady *steady)
{
    return &steady->tree;
}

const struct dm_tree *
steady_frontier(const struct steady *steady, uint64_t first)
{
    CHECK(first % DM_FAN == 1 && first <= steady->n);
    return &steady->frontiers[first / DM_FAN];
}

// ---------------------------------------------------------------------- Head

// What a node says of what is below it
struct below {
    int64_t min_ms;
    int64_t max_ms;
    uint64_t bytes; // With its own block
};

static struct dm_cid
put_node(struct steady *steady, unsigned level, uint64_t from,
         struct below *ret)
{
    struct dm_cid items[DM_FAN];
    struct below below = {.min_ms = INT64_MAX, .max_ms = INT64_MIN};
    for (uint64_t i = 0; i < DM_FAN; ++i) {
        struct below one = {0};
        if (level == 1) {
            const struct kept *const entry = &steady->entries[from + i - 1];
            items[i] = entry->cid;
            one = (struct below){entry->time_ms, entry->time_ms, entry->bytes};
        } else {
            items[i] = put_node(steady, 1, from + i * DM_FAN, &one);
        }
        below.min_ms = one.min_ms < below.min_ms ? one.min_ms : below.min_ms;
        below.max_ms = one.max_ms > below.max_ms ? one.max_ms : below.max_ms;
        below.bytes += one.bytes;
    }
    const uint64_t span = level == 1 ? DM_FAN : DM_FAN2;
    const struct dm_wire_node node = {.level = level,
                                      .from = from,
                                      .to = from + span - 1,
                                      .time_min_ms = below.min_ms,
                                      .time_max_ms = below.max_ms,
                                      .bytes = below.bytes,
                                      .items = dm_cid_list(items, DM_FAN)};
    struct dm_buf block;
    dm_buf_init(&block, DM_NODE_MAX);
    CHECK_INT(dm_wire_node_write(&node, &block), DM_OK);
    const struct dm_cid cid =
        steady_put(steady, DM_CODEC_CBOR, dm_buf_str(&block));
    below.bytes += block.n;
    *ret = below;
    dm_buf_done(&block);
    return cid;
}

struct dm_cid
steady_head(struct steady *steady, uint64_t first)
{
    const struct dm_head_cut cut = dm_head_cut(first, steady->n);
    struct dm_cid *const l1 = dm_calloc(cut.n_l1 + 1, sizeof(*l1));
    struct dm_cid *const l2 = dm_calloc(cut.n_l2 + 1, sizeof(*l2));
    struct dm_cid tail[DM_HEAD_TAIL_MAX];
    CHECK(l1 && l2);
    struct below below;
    uint64_t at = first;
    for (size_t i1 = 0, i2 = 0; i1 < cut.n_l1 || i2 < cut.n_l2;) {
        if (i2 < cut.n_l2 && at == cut.l2_from + i2 * DM_FAN2) {
            l2[i2++] = put_node(steady, 2, at, &below);
            at += DM_FAN2;
        } else {
            l1[i1++] = put_node(steady, 1, at, &below);
            at += DM_FAN;
        }
    }
    for (size_t i = 0; i < cut.n_tail; ++i) {
        tail[i] = steady_entry(steady, at + i);
    }
    const struct dm_tree *const before = steady_frontier(steady, first);
    struct dm_wire_head head = {
        .seq = steady->n,
        .first = first,
        .tip = steady_entry(steady, steady->n),
        .conf = steady->conf,
        .has_snap = steady->has_snap,
        .snap = steady->snap,
        .has_anchor = first > 1,
        .l1 = dm_cid_list(l1, cut.n_l1),
        .l2 = dm_cid_list(l2, cut.n_l2),
        .tail = dm_cid_list(tail, cut.n_tail),
        .frontier = before->hashes[0],
        .n_frontier = dm_tree_count(before),
        .frontier_stride = DM_DIGEST_BYTES,
    };
    if (first > 1) {
        head.anchor = steady_entry(steady, first - 1);
    }
    memcpy(head.log, steady_log(steady), sizeof(head.log));
    dm_tree_root(&steady->tree, head.root);
    struct dm_buf block;
    dm_buf_init(&block, DM_HEAD_MAX);
    CHECK_INT(dm_wire_head_write(&head, &block), DM_OK);
    const struct dm_cid cid =
        steady_put(steady, DM_CODEC_CBOR, dm_buf_str(&block));
    dm_buf_done(&block);
    dm_free(l2);
    dm_free(l1);
    return cid;
}

void
steady_record(const struct steady *steady, const struct dm_cid *head,
              uint32_t k, struct dm_buf *buf)
{
    const int64_t until =
        steady->entries[steady->n - 1].time_ms + DM_RECORD_VALID_MS;
    CHECK_INT(dm_record_write(steady->key, head, steady->n, k, until, buf),
              DM_OK);
}

static void
add_to_car(struct steady *steady, const struct dm_cid *cid, struct dm_map *seen,
           struct dm_buf *buf)
{
    struct dm_cid *const name =
        dm_arena_alloc(&steady->arena, 1, sizeof(*name));
    assert(name);
    *name = *cid;
    bool is_new = false;
    CHECK(dm_map_put(seen, dm_str_n((const char *)name->bytes, DM_CID_BYTES),
                     &is_new));
    if (!is_new) {
        return;
    }
    const struct dm_str block = get(steady, cid);
    CHECK_INT(dm_car_write_block(cid, block, buf), DM_OK);
    if (dm_cid_codec(cid) != DM_CODEC_CBOR) {
        return;
    }
    struct dm_cbor cbor;
    struct dm_cbor_item item;
    dm_cbor_init(&cbor, block);
    while (!dm_cbor_next(&cbor, &item, NULL)) {
        struct dm_cid link;
        if (item.kind == DM_CBOR_LINK) {
            CHECK(dm_cid_read(item.bytes, &link));
            add_to_car(steady, &link, seen, buf);
        }
    }
}

void
steady_car(struct steady *steady, const struct dm_cid *head, struct dm_buf *buf)
{
    struct dm_map seen;
    dm_map_init(&seen, BLOCKS_MAX, 0);
    CHECK_INT(dm_car_write_header(head, 1, buf), DM_OK);
    add_to_car(steady, head, &seen, buf);
    dm_map_done(&seen);
}
