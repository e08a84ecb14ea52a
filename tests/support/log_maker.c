// SPDX-License-Identifier: ISC

#include "tests/support/log_maker.h"

#include "base/alloc.h"
#include "base/time.h"
#include "sync/car.h"
#include "sync/frame.h"
#include "sync/record.h"
#include "tests/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS_MAX ((size_t)200000)
#define CAR_MAX ((size_t)64 << 20U)
#define TEXT_MAX ((size_t)20 << 20U)
#define SIGNED_PREFIX "demonitor-entry-v1:"
// "signature", the head of its 64 bytes, and they
#define SIGNATURE_TAIL (10U + 2U + DM_KEY_SIGNATURE_BYTES)
#define RLE_MAX ((size_t)128 << 10U)
#define XSD_NS "http://www.w3.org/2001/XMLSchema#"
#define DM_NS "https://w3id.org/demonitor#"

void
maker_take_key(struct maker *maker, const uint8_t seed[DM_KEY_SEED_BYTES])
{
    dm_key_free(maker->key);
    dm_chain_free(maker->chain);
    maker->key = dm_key_from_seed(seed);
    CHECK(maker->key);
    dm_key_name(dm_key_public(maker->key), maker->name);
    dm_key_iri(dm_key_public(maker->key), maker->iri);
    maker->chain = dm_chain_new(dm_key_public(maker->key));
    CHECK(maker->chain);
}

void
maker_init(struct maker *maker, uint8_t seed, int64_t t0_ms)
{
    uint8_t bytes[DM_KEY_SEED_BYTES];
    memset(maker, 0, sizeof(*maker));
    memset(bytes, seed, sizeof(bytes));
    maker->seed = seed;
    maker->t0_ms = t0_ms;
    maker_take_key(maker, bytes);
    dm_buf_init(&maker->car, CAR_MAX);
    dm_buf_init(&maker->head, DM_HEAD_MAX);
    dm_buf_init(&maker->record, DM_RECORD_MAX);
    dm_buf_init(&maker->answer, CAR_MAX);
}

void
maker_done(struct maker *maker)
{
    for (size_t i = 0; i < maker->n_blocks; ++i) {
        dm_buf_done(&maker->blocks[i].data);
    }
    dm_free(maker->blocks);
    dm_buf_done(&maker->car);
    dm_buf_done(&maker->head);
    dm_buf_done(&maker->record);
    dm_buf_done(&maker->answer);
    dm_chain_free(maker->chain);
    dm_key_free(maker->key);
}

// --------------------------------------------------------------------- blocks

static void
keep(struct maker *maker, const struct dm_cid *cid, struct dm_str data)
{
    struct maker_block *blocks =
        dm_grow(maker->blocks, &maker->capacity, maker->n_blocks + 1,
                sizeof(*blocks), BLOCKS_MAX);
    if (!blocks) {
        abort();
    }
    maker->blocks = blocks;
    struct maker_block *block = &blocks[maker->n_blocks++];
    *block = (struct maker_block){.cid = *cid, .is_left_out = maker->hides};
    dm_buf_init(&block->data, data.n ? data.n : 1);
    CHECK(!dm_buf_put_str(&block->data, data));
}

struct dm_cid
maker_block(struct maker *maker, enum dm_codec codec, struct dm_str data)
{
    const struct dm_cid cid = dm_cid_of(codec, data);
    keep(maker, &cid, data);
    if (!maker->hides) {
        CHECK(!dm_car_write_block(&cid, data, &maker->car));
    }
    return cid;
}

static enum dm_status
on_node(void *context, const struct dm_block *block)
{
    struct dm_cid cid;
    memcpy(cid.bytes, block->name, sizeof(cid.bytes));
    keep(context, &cid, block->data);
    return DM_OK;
}

void
maker_cut(struct maker *maker)
{
    maker->car_after = maker->chain->seq;
    maker->car_from = maker->car.n;
}

static void
put_from(struct maker *maker, size_t from)
{
    struct dm_buf *buf = &maker->answer;
    dm_buf_clear(buf);
    CHECK(!dm_car_write_header(&maker->chain->tip, 1, buf));
    CHECK(!dm_buf_put_str(
        buf, dm_str_slice(dm_buf_str(&maker->car), from, maker->car.n)));
}

struct dm_str
maker_all(struct maker *maker)
{
    put_from(maker, 0);
    return dm_buf_str(&maker->answer);
}

struct dm_str
maker_car(struct maker *maker, bool is_push)
{
    struct dm_buf *buf = &maker->answer;
    put_from(maker, maker->car_from);
    if (is_push) {
        const struct dm_str head = dm_buf_str(&maker->head);
        const struct dm_cid cid = dm_cid_of(DM_CODEC_CBOR, head);
        CHECK(!dm_car_write_block(&cid, head, buf));
    }
    return dm_buf_str(buf);
}

// ------------------------------------------------------------------- payloads

void
maker_text_init(struct maker_text *text)
{
    text->lines = dm_calloc(MAKER_LINES_MAX, sizeof(*text->lines));
    CHECK(text->lines);
    text->n = 0;
    dm_buf_init(&text->joined, TEXT_MAX);
}

void
maker_text_done(struct maker_text *text)
{
    for (size_t i = 0; i < text->n; ++i) {
        dm_buf_done(&text->lines[i]);
    }
    dm_free(text->lines);
    dm_buf_done(&text->joined);
}

static struct dm_buf *
new_line(struct maker_text *text)
{
    CHECK(text->n < MAKER_LINES_MAX);
    struct dm_buf *line = &text->lines[text->n++];
    dm_buf_init(line, TEXT_MAX);
    return line;
}

void
maker_text_add(struct maker_text *text, const char *format, ...)
{
    char line[4096];
    va_list arguments;
    va_start(arguments, format);
    const int n = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    CHECK(n > 0 && (size_t)n < sizeof(line));
    CHECK(!dm_buf_puts(new_line(text), line));
}

void
maker_text_add_long(struct maker_text *text, const char *start, size_t n,
                    const char *graph)
{
    struct dm_buf *line = new_line(text);
    (void)dm_buf_printf(line, "%s \"", start);
    uint32_t random = (uint32_t)text->n + 1;
    for (size_t i = 0; i < n; ++i) {
        // Runs, so that it shrinks much, but not by more than a frame may
        random = i % 50 ? random : random * 1103515245U + 12345U;
        (void)dm_buf_putc(line, (char)('a' + (random >> 16U) % 26U));
    }
    (void)dm_buf_printf(line, "\" <%s> .", graph);
    CHECK(!line->status);
}

void
maker_text_event(struct maker_text *text, const struct maker *maker,
                 const char *check, unsigned n, char iri[128])
{
    const uint64_t seq = maker->chain->seq + 1;
    const int64_t ms = maker->t0_ms + MAKER_EVERY_MS * (int64_t)seq - 1;
    char at[DM_TIME_SIZE];
    dm_time_format(ms, at);
    (void)snprintf(iri, 128, "%s#%" PRId64 ".%u", maker->iri, ms, n);
    maker_text_add(text,
                   "<%s> <http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies> "
                   "<<( <%s> <" DM_NS "status> <" DM_NS "%s> )>> <%s> .",
                   iri, check, seq % 3 ? "ok" : "critical", maker->iri);
    maker_text_add(text,
                   "<%s> <" DM_NS "at> \"%s\"^^<" XSD_NS "dateTime> <%s> .",
                   iri, at, maker->iri);
}

static int
compare(const void *a, const void *b)
{
    return dm_str_compare(dm_buf_str(a), dm_buf_str(b));
}

struct dm_str
maker_text_join(struct maker_text *text)
{
    qsort(text->lines, text->n, sizeof(*text->lines), compare);
    dm_buf_clear(&text->joined);
    for (size_t i = 0; i < text->n; ++i) {
        (void)dm_buf_put_str(&text->joined, dm_buf_str(&text->lines[i]));
        (void)dm_buf_putc(&text->joined, '\n');
    }
    CHECK(!text->joined.status);
    return dm_buf_str(&text->joined);
}

static void
put_little_endian(struct dm_buf *buf, uint64_t value, size_t n)
{
    for (size_t i = 0; i < n; ++i) {
        (void)dm_buf_putc(buf, (char)(unsigned char)(value >> (8 * i)));
    }
}

struct dm_str
maker_bomb(struct dm_buf *buf, size_t size, uint64_t said, bool has_window)
{
    put_little_endian(buf, UINT64_C(0xFD2FB528), 4);
    if (has_window) {
        put_little_endian(buf, 0xC0, 1);      // Content size in 8 bytes
        put_little_endian(buf, 0x15 << 3, 1); // 2 GiB
    } else {
        put_little_endian(buf, 0xE0, 1); // And a single segment
    }
    put_little_endian(buf, said, 8);
    do {
        const size_t n = size < RLE_MAX ? size : RLE_MAX;
        size -= n;
        put_little_endian(buf, n << 3U | 2U | (size ? 0U : 1U), 3);
        (void)dm_buf_putc(buf, 'a');
    } while (size);
    CHECK(!buf->status);
    return dm_buf_str(buf);
}

// -------------------------------------------------------------------- entries

// Put CBOR behind "n" and "v", and sign anew.
static void
change(struct maker *maker, const struct maker_entry *entry, struct dm_buf *buf)
{
    struct dm_buf fresh;
    const struct dm_str old = dm_buf_str(buf);
    const size_t v = dm_str_find(old, dm_str("\x61v\x01"));
    CHECK(v < 16 && old.n > SIGNATURE_TAIL);
    dm_buf_init(&fresh, old.n + entry->extra.n);
    (void)dm_buf_put_str(&fresh, dm_str_slice(old, 0, v + 3));
    (void)dm_buf_put_str(&fresh, entry->extra);
    (void)dm_buf_put_str(&fresh, dm_str_slice(old, v + 3, old.n));
    CHECK(!fresh.status);
    fresh.data[v + 2] = entry->is_newer ? 2 : 1;
    fresh.data[0] = (char)(fresh.data[0] + (entry->extra.n ? 1 : 0));
    // What is signed: the map without its last key
    uint8_t signature[DM_KEY_SIGNATURE_BYTES];
    --fresh.data[0];
    CHECK(!dm_key_sign(
        maker->key, dm_str(SIGNED_PREFIX),
        dm_str_slice(dm_buf_str(&fresh), 0, fresh.n - SIGNATURE_TAIL),
        signature));
    ++fresh.data[0];
    signature[7] ^= entry->is_forged ? 1 : 0;
    memcpy(fresh.data + fresh.n - sizeof(signature), signature,
           sizeof(signature));
    dm_buf_done(buf);
    *buf = fresh;
}

static struct dm_cid
put_payload(struct maker *maker, const struct maker_entry *entry, size_t *ret_n)
{
    struct dm_buf frame;
    struct dm_str data = entry->frame;
    dm_buf_init(&frame, TEXT_MAX);
    if (!data.n) {
        CHECK(!dm_frame_write(entry->text, 0, &frame));
        data = dm_buf_str(&frame);
    }
    const struct dm_cid cid = maker_block(maker, DM_CODEC_RAW, data);
    *ret_n = data.n;
    dm_buf_done(&frame);
    return cid;
}

// The payload stands behind its entry, but is named in it: its section is moved
static void
swap_sections(struct dm_buf *car, size_t at, struct dm_str entry_section)
{
    const bool has_room = dm_buf_reserve(car, entry_section.n) != NULL;
    CHECK(has_room);
    memmove(car->data + at + entry_section.n, car->data + at, car->n - at);
    memcpy(car->data + at, entry_section.data, entry_section.n);
    car->n += entry_section.n;
}

void
maker_entry(struct maker *maker, const struct maker_entry *entry)
{
    struct dm_chain *chain = maker->chain;
    const size_t at = maker->car.n;
    const bool has_data = entry->text.n || entry->frame.n;
    size_t n_payload = 0;
    struct dm_wire_entry wire = {
        .n = entry->n,
        .seq = chain->seq + 1 + maker->shift,
        .size = entry->text.n ? entry->text.n : entry->size,
        .time_ms =
            entry->time_ms
                ? entry->time_ms
                : maker->t0_ms + MAKER_EVERY_MS * (int64_t)(chain->seq + 1),
        .has_conf = entry->conf != NULL,
        .has_snap = entry->snap != NULL,
        .has_data = has_data,
        .has_prev = chain->seq > 0,
        .prev = entry->prev ? *entry->prev : chain->tip,
    };
    memcpy(wire.log, dm_key_public(maker->key), sizeof(wire.log));
    if (entry->conf) {
        wire.conf = *entry->conf;
    }
    if (entry->snap) {
        wire.snap = *entry->snap;
    }
    if (has_data) {
        wire.data = put_payload(maker, entry, &n_payload);
    }
    struct dm_buf block;
    struct dm_buf section;
    dm_buf_init(&block, (size_t)DM_ENTRY_MAX * 2);
    dm_buf_init(&section, (size_t)DM_ENTRY_MAX * 3);
    CHECK(!dm_wire_entry_write(&wire, maker->key, &block));
    if (entry->log) {
        const size_t log = dm_str_find(dm_buf_str(&block), dm_str("\x63log"));
        memcpy(block.data + log + 6, entry->log, DM_KEY_PUBLIC_BYTES);
    }
    change(maker, entry, &block);
    const struct dm_cid cid = dm_cid_of(DM_CODEC_CBOR, dm_buf_str(&block));
    keep(maker, &cid, dm_buf_str(&block));
    CHECK(!dm_car_write_block(&cid, dm_buf_str(&block), &section));
    swap_sections(&maker->car, at, dm_buf_str(&section));
    wire.seq = chain->seq + 1;
    CHECK(!dm_chain_append(chain, &wire, dm_buf_str(&block), n_payload, on_node,
                           maker));
    dm_buf_done(&block);
    dm_buf_done(&section);
}

struct dm_cid
maker_manifest(struct maker *maker, enum dm_manifest_kind kind,
               const uint8_t *log, struct dm_str text, uint64_t n)
{
    struct dm_buf frame;
    struct dm_buf block;
    struct dm_wire_manifest manifest = {.n = n, .kind = kind};
    struct dm_cid part;
    dm_buf_init(&frame, TEXT_MAX);
    dm_buf_init(&block, DM_MANIFEST_MAX);
    memcpy(manifest.log, log, sizeof(manifest.log));
    if (text.n) {
        CHECK(!dm_frame_write(text, 0, &frame));
        part = dm_cid_of(DM_CODEC_RAW, dm_buf_str(&frame));
        manifest.parts = dm_cid_list(&part, 1);
    }
    CHECK(!dm_wire_manifest_write(&manifest, &block));
    const struct dm_cid cid =
        maker_block(maker, DM_CODEC_CBOR, dm_buf_str(&block));
    if (text.n) {
        (void)maker_block(maker, DM_CODEC_RAW, dm_buf_str(&frame));
    }
    dm_buf_done(&frame);
    dm_buf_done(&block);
    return cid;
}

static struct dm_cid
put_conf(struct maker *maker)
{
    struct maker_text text;
    maker_text_init(&text);
    for (unsigned i = 0; i < 3; ++i) {
        maker_text_add(&text,
                       "<https://demonitor.internal/c%u> "
                       "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> "
                       "<" DM_NS "HttpCheck> <%s#config> .",
                       i, maker->iri);
        maker_text_add(&text,
                       "<https://demonitor.internal/c%u> <" DM_NS
                       "name> \"c%u\" <%s#config> .",
                       i, i, maker->iri);
    }
    const struct dm_cid cid =
        maker_manifest(maker, DM_MANIFEST_CONF, dm_key_public(maker->key),
                       maker_text_join(&text), text.n);
    maker_text_done(&text);
    return cid;
}

void
maker_good(struct maker *maker, uint64_t n)
{
    for (uint64_t i = 0; i < n; ++i) {
        struct maker_text text;
        struct maker_entry entry = {.n = 0};
        struct dm_cid conf;
        char check[64];
        char iri[128];
        const uint64_t seq = maker->chain->seq + 1;
        maker_text_init(&text);
        if (seq == 1) {
            conf = put_conf(maker);
            entry.conf = &conf;
        }
        (void)snprintf(check, sizeof(check), "https://demonitor.internal/c%d",
                       (int)(seq % 3));
        maker_text_event(&text, maker, check, 0, iri);
        maker_text_add(&text,
                       "<%s> <%s#rta> \"0.5\"^^<" XSD_NS "decimal> <%s> .", iri,
                       check, maker->iri);
        entry.text = maker_text_join(&text);
        entry.n = text.n;
        maker_entry(maker, &entry);
        maker_text_done(&text);
    }
}

// ------------------------------------------------------------------------ tip

void
maker_read_head(struct maker *maker, struct dm_wire_head *ret)
{
    dm_buf_clear(&maker->head);
    CHECK(!dm_chain_head(maker->chain, &maker->head));
    CHECK(!dm_wire_head_read(dm_buf_str(&maker->head), ret, NULL));
}

void
maker_tip_of(struct maker *maker, uint32_t k, const struct dm_wire_head *head)
{
    struct dm_buf block;
    dm_buf_init(&block, DM_HEAD_MAX);
    CHECK(!dm_wire_head_write(head, &block)); // Its lists may look into `head`
    dm_buf_clear(&maker->head);
    CHECK(!dm_buf_put_str(&maker->head, dm_buf_str(&block)));
    dm_buf_done(&block);
    const struct dm_cid cid =
        dm_cid_of(DM_CODEC_CBOR, dm_buf_str(&maker->head));
    dm_buf_clear(&maker->record);
    CHECK(!dm_record_write(maker->key, &cid, head->seq, k,
                           maker->t0_ms + DM_RECORD_VALID_MS, &maker->record));
}

void
maker_tip(struct maker *maker, uint32_t k)
{
    struct dm_wire_head head;
    maker_read_head(maker, &head);
    maker_tip_of(maker, k, &head);
}
