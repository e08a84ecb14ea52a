// SPDX-License-Identifier: ISC

#include "sync/exchange.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "sync/car.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

// Each entry ends with its signature: the key, then 64 bytes
static const struct dm_str signature_key = DM_STR("\x69signature\x58\x40");
#define SIGNATURE_BYTES (signature_key.n + DM_KEY_SIGNATURE_BYTES)

enum section_kind {
    SECTION_RAW,
    SECTION_ENTRY,
    SECTION_MANIFEST,
    SECTION_OTHER,
};

struct section {
    struct dm_car_block block;
    enum section_kind kind;
    bool is_placed; // It stood before an entry that names it
};

struct reader {
    const struct dm_exchange_spec *spec;
    struct dm_error *error;
    struct dm_arena *arena;
    struct section *sections; // In the order of the CAR
    size_t n_sections;
    size_t capacity;
    size_t n_candidates; // Blocks that look like an entry
    struct section **by_cid;
    struct dm_exchange_entry *entries;
    size_t n_entries;
    struct dm_exchange_block *blocks; // What is no entry and no payload
    size_t n_blocks;
    size_t waiting; // Of these, the first since the last entry
};

static enum dm_status
refuse(struct dm_error *error, const char *why)
{
    return dm_error_set(error, DM_ERR_CORRUPT, "route: %s", why);
}

static enum dm_status
refuse_at(const struct reader *reader, uint64_t seq, const char *why)
{
    return dm_error_set(reader->error, DM_ERR_CORRUPT,
                        "route: entry %" PRIu64 ": %s", seq, why);
}

static enum dm_status
no_memory(struct dm_error *error)
{
    return dm_error_set(error, DM_ERR_NO_MEMORY, "cannot read the entries");
}

static enum dm_status
check_log(const uint8_t *log, const uint8_t *want, const char *what,
          struct dm_error *error)
{
    return memcmp(log, want, DM_KEY_PUBLIC_BYTES) == 0
               ? DM_OK
               : dm_error_set(error, DM_ERR_CORRUPT, "log-other: %s", what);
}

static bool
looks_like_entry(struct dm_str block)
{
    if (block.n < SIGNATURE_BYTES) {
        return false;
    }
    const struct dm_str end =
        dm_str_slice(block, block.n - SIGNATURE_BYTES, SIZE_MAX);
    return dm_str_starts(end, signature_key);
}

// ------------------------------------------------------------------ sections

// Take in every block of the CAR
static enum dm_status
collect(struct reader *reader, struct dm_car *car)
{
    for (;;) {
        struct section section = {.kind = SECTION_RAW};
        const enum dm_status status =
            dm_car_next(car, &section.block, reader->error);
        if (status) {
            return status == DM_END ? DM_OK : status;
        }
        if (dm_cid_codec(&section.block.cid) == DM_CODEC_CBOR) {
            section.kind = SECTION_OTHER;
            reader->n_candidates += looks_like_entry(section.block.data);
        }

        struct section *const sections =
            dm_grow(reader->sections, &reader->capacity, reader->n_sections + 1,
                    sizeof(*sections), DM_CAR_SECTIONS_MAX);
        if (!sections) {
            return no_memory(reader->error);
        }
        reader->sections = sections;
        reader->sections[reader->n_sections++] = section;
    }
}

static int
compare_cids(const void *a, const void *b)
{
    const struct section *const *const left = a;
    const struct section *const *const right = b;
    return memcmp((*left)->block.cid.bytes, (*right)->block.cid.bytes,
                  DM_CID_BYTES);
}

// Room for what is given back, and the order by name
static enum dm_status
prepare(struct reader *reader)
{
    const size_t n = reader->n_sections;
    reader->by_cid = dm_calloc(n + 1, sizeof(struct section *));
    reader->entries = dm_arena_alloc(reader->arena, reader->n_candidates + 1,
                                     sizeof(*reader->entries));
    reader->blocks =
        dm_arena_alloc(reader->arena, n + 1, sizeof(*reader->blocks));
    if (!reader->by_cid || !reader->entries || !reader->blocks) {
        return no_memory(reader->error);
    }
    for (size_t i = 0; i < n; ++i) {
        reader->by_cid[i] = &reader->sections[i];
    }
    qsort(reader->by_cid, n, sizeof(struct section *), compare_cids);
    for (size_t i = 1; i < n; ++i) {
        if (compare_cids(&reader->by_cid[i - 1], &reader->by_cid[i]) == 0) {
            return refuse(reader->error, "a block twice");
        }
    }
    return DM_OK;
}

static struct section *
find(const struct reader *reader, const struct dm_cid *cid)
{
    struct section key = {.block = {.cid = *cid}};
    const struct section *const wanted = &key;
    struct section *const *const found =
        bsearch(&wanted, reader->by_cid, reader->n_sections,
                sizeof(struct section *), compare_cids);
    return found ? *found : NULL;
}

// Read a block that is no payload as what it is. An entry is read into
// `*entry`; what is neither entry nor Manifest is SECTION_OTHER.
static enum dm_status
classify(const struct reader *reader, struct section *section,
         struct dm_wire_entry *entry)
{
    const struct dm_str block = section->block.data;
    enum dm_status status = DM_ERR_CORRUPT;
    const bool is_candidate = looks_like_entry(block);
    if (is_candidate) {
        status = dm_wire_entry_read(block, entry, reader->error);
    }
    if (!status) {
        section->kind = SECTION_ENTRY;
        return check_log(entry->log, reader->spec->log, "an entry",
                         reader->error);
    }
    if (status != DM_ERR_CORRUPT) {
        return status;
    }
    // A key that is not known may look like a signature
    struct dm_wire_manifest manifest;
    struct dm_error other;
    const enum dm_status is_manifest =
        dm_wire_manifest_read(block, &manifest, &other);
    if (!is_manifest) {
        section->kind = SECTION_MANIFEST;
        return DM_OK;
    }
    if (is_manifest != DM_ERR_CORRUPT) {
        return dm_error_set(reader->error, is_manifest, "%s", other.what);
    }
    return is_candidate ? status : DM_OK;
}

// --------------------------------------------------------------------- order

static void
add_block(struct reader *reader, const struct section *section)
{
    struct dm_exchange_block *const block = &reader->blocks[reader->n_blocks++];
    *block = (struct dm_exchange_block){
        .cid = section->block.cid,
        .data = section->block.data,
        .kind = section->kind == SECTION_RAW        ? DM_EXCHANGE_PART
                : section->kind == SECTION_MANIFEST ? DM_EXCHANGE_MANIFEST
                                                    : DM_EXCHANGE_OTHER};
}

// Whether the next block that waits is this one, where it was not yet
static bool
place(struct reader *reader, struct section *section,
      enum dm_manifest_kind kind, size_t *next)
{
    if (section->is_placed) {
        return true;
    }
    if (*next == reader->n_blocks ||
        !dm_cid_equal(&reader->blocks[*next].cid, &section->block.cid)) {
        return false;
    }
    reader->blocks[*next].manifest = kind;
    section->is_placed = true;
    ++*next;
    return true;
}

// Of a Manifest that an entry names, it and its parts stand next, as far as
// they are in this CAR and did not stand before.
static enum dm_status
place_manifest(struct reader *reader, const struct dm_cid *cid,
               enum dm_manifest_kind kind, size_t *next)
{
    struct section *const section = find(reader, cid);
    if (!section) {
        return DM_OK;
    }
    struct dm_wire_manifest manifest;
    enum dm_status status =
        dm_wire_manifest_read(section->block.data, &manifest, reader->error);
    status = status ? status
                    : check_log(manifest.log, reader->spec->log, "a Manifest",
                                reader->error);
    if (status) {
        return status;
    }
    if (manifest.kind != kind) {
        return dm_error_set(reader->error, DM_ERR_CORRUPT,
                            "manifest-kind: not the one that it is named as");
    }

    bool is_good = place(reader, section, kind, next);
    for (size_t i = 0; i < manifest.parts.n && is_good; ++i) {
        const struct dm_cid name = dm_cid_list_at(&manifest.parts, i);
        struct section *const part = find(reader, &name);
        is_good = !part || place(reader, part, kind, next);
    }
    return is_good ? DM_OK
                   : refuse(reader->error, "a Manifest is not followed by its "
                                           "parts, or not where it belongs");
}

// What stands before an entry: conf, then snap, and nothing else
static enum dm_status
check_before(struct reader *reader, struct dm_exchange_entry *entry)
{
    const struct dm_wire_entry *const what = &entry->entry;
    size_t next = reader->waiting;
    enum dm_status status = DM_OK;
    if (what->has_conf) {
        status = place_manifest(reader, &what->conf, DM_MANIFEST_CONF, &next);
    }
    if (!status && what->has_snap) {
        status = place_manifest(reader, &what->snap, DM_MANIFEST_SNAP, &next);
    }
    if (status) {
        return status;
    }
    if (next != reader->n_blocks) {
        return refuse_at(reader, what->seq,
                         "a block stands before it that is not of its conf, "
                         "then of its snap");
    }
    entry->before = reader->blocks + reader->waiting;
    entry->n_before = next - reader->waiting;
    reader->waiting = next;
    return DM_OK;
}

// Take in the entry at section `*at`, and its payload behind it
static enum dm_status
add_entry(struct reader *reader, struct dm_exchange_entry *entry, size_t *at)
{
    const struct section *const section = &reader->sections[*at];
    const struct dm_wire_entry *const what = &entry->entry;
    entry->cid = section->block.cid;
    entry->block = section->block.data;
    if (reader->n_entries) {
        const struct dm_exchange_entry *const last = entry - 1;
        if (what->seq != last->entry.seq + 1 || !what->has_prev ||
            !dm_cid_equal(&what->prev, &last->cid)) {
            return refuse_at(reader, what->seq, "it does not follow");
        }
    }
    enum dm_status status = check_before(reader, entry);
    if (!status && reader->spec->signatures == DM_SIGNATURES_ALL) {
        status = dm_wire_entry_verify(entry->block, what, reader->error);
    }
    if (status) {
        return status;
    }
    if (reader->spec->with_data && what->has_data) {
        ++*at;
        if (*at == reader->n_sections ||
            !dm_cid_equal(&reader->sections[*at].block.cid, &what->data)) {
            return refuse_at(reader, what->seq,
                             "its payload does not stand behind it");
        }
        entry->payload = reader->sections[*at].block.data;
    }
    ++reader->n_entries;
    return DM_OK;
}

static enum dm_status
walk(struct reader *reader)
{
    for (size_t i = 0; i < reader->n_sections; ++i) {
        struct section *const section = &reader->sections[i];
        // The slot behind the last is there for a block that is none
        struct dm_exchange_entry *const slot =
            &reader->entries[reader->n_entries];
        enum dm_status status = DM_OK;
        if (section->kind != SECTION_RAW) {
            status = classify(reader, section, &slot->entry);
        }
        if (!status && section->kind == SECTION_ENTRY) {
            status = add_entry(reader, slot, &i);
        } else if (!status) {
            add_block(reader, section);
        }
        if (status) {
            return status;
        }
    }
    assert(reader->n_entries <= reader->n_candidates);
    if (reader->spec->signatures == DM_SIGNATURES_LAST && reader->n_entries) {
        const struct dm_exchange_entry *const last =
            &reader->entries[reader->n_entries - 1];
        return dm_wire_entry_verify(last->block, &last->entry, reader->error);
    }
    return DM_OK;
}

enum dm_status
dm_exchange_read(struct dm_str car, const struct dm_exchange_spec *spec,
                 struct dm_arena *arena, struct dm_exchange *ret,
                 struct dm_error *error)
{
    struct dm_car sections;
    enum dm_status status = dm_car_open(&sections, car, true, error);
    if (status) {
        return status;
    }
    struct reader reader = {.spec = spec, .error = error, .arena = arena};
    status = collect(&reader, &sections);
    status = status ? status : prepare(&reader);
    status = status ? status : walk(&reader);
    if (!status) {
        *ret = (struct dm_exchange){
            .roots = sections.roots,
            .entries = reader.entries,
            .n_entries = reader.n_entries,
            .rest = reader.blocks + reader.waiting,
            .n_rest = reader.n_blocks - reader.waiting,
        };
    }
    dm_free(reader.by_cid);
    dm_free(reader.sections);
    return status;
}

// ---------------------------------------------------- what an exchange is for

static bool
is_root(const struct dm_exchange *exchange, const struct dm_cid *cid)
{
    if (exchange->roots.n != 1) {
        return false;
    }
    const struct dm_cid root = dm_cid_list_at(&exchange->roots, 0);
    return dm_cid_equal(&root, cid);
}

enum dm_status
dm_route_check(const struct dm_exchange *exchange, uint64_t after,
               uint64_t limit, struct dm_error *error)
{
    const size_t n = exchange->n_entries;
    if (!n || exchange->entries[0].entry.seq != after + 1) {
        return refuse(error, "it does not begin with the entry asked for");
    }
    if (n > DM_ROUTE_ENTRIES_MAX || (limit && n > limit)) {
        return refuse(error, "more entries than were asked for");
    }
    if (!is_root(exchange, &exchange->entries[n - 1].cid)) {
        return refuse(error, "the root is not the entry reached");
    }
    return exchange->n_rest ? refuse(error, "blocks after the last entry")
                            : DM_OK;
}

static enum dm_status
refuse_push(struct dm_error *error, const char *why)
{
    return dm_error_set(error, DM_ERR_CORRUPT, "push: %s", why);
}

// Whether what stands between the entries and Head is the Manifest of note and
// its parts, as far as they are there
static enum dm_status
check_note(const struct dm_exchange *exchange, const struct dm_wire_head *head,
           struct dm_error *error)
{
    const size_t n = exchange->n_rest - 1;
    const struct dm_exchange_block *const blocks = exchange->rest;
    if (!n) {
        return DM_OK;
    }
    if (!head->has_note || !dm_cid_equal(&blocks[0].cid, &head->note)) {
        return refuse_push(error, "what stands before Head is not its note");
    }
    struct dm_wire_manifest note;
    enum dm_status status = dm_wire_manifest_read(blocks[0].data, &note, error);
    status =
        status ? status
               : check_log(note.log, head->log, "the Manifest of note", error);
    if (status) {
        return status;
    }
    if (note.kind != DM_MANIFEST_NOTE) {
        return dm_error_set(error, DM_ERR_CORRUPT, "manifest-kind: of note");
    }
    size_t next = 1;
    for (size_t i = 0; i < note.parts.n && next < n; ++i) {
        const struct dm_cid part = dm_cid_list_at(&note.parts, i);
        next += dm_cid_equal(&blocks[next].cid, &part);
    }
    return next == n ? DM_OK
                     : refuse_push(error, "note is not followed by its parts");
}

enum dm_status
dm_push_check(const struct dm_exchange *exchange,
              const uint8_t log[DM_KEY_PUBLIC_BYTES],
              const struct dm_record *record, struct dm_wire_head *ret_head,
              struct dm_error *error)
{
    const size_t n = exchange->n_rest;
    if (!n || !dm_cid_equal(&exchange->rest[n - 1].cid, &record->head)) {
        return refuse_push(error,
                           "it does not end with the Head of the record");
    }
    struct dm_wire_head head;
    enum dm_status status =
        dm_wire_head_read(exchange->rest[n - 1].data, &head, error);
    status = status ? status : check_log(head.log, log, "Head", error);
    if (status) {
        return status;
    }
    if (head.seq != record->seq) {
        return dm_error_set(error, DM_ERR_CORRUPT,
                            "record-sequence: not that of Head");
    }
    status = check_note(exchange, &head, error);
    if (status) {
        return status;
    }
    if (exchange->n_entries) {
        const struct dm_exchange_entry *const last =
            &exchange->entries[exchange->n_entries - 1];
        if (last->entry.seq != head.seq ||
            !dm_cid_equal(&last->cid, &head.tip)) {
            return refuse_push(error, "the last entry is not the tip");
        }
    }
    if (!is_root(exchange, &head.tip)) {
        return refuse_push(error, "the root is not the tip");
    }
    *ret_head = head;
    return DM_OK;
}

static enum dm_status
read_proof(struct dm_str block, const uint8_t *log, struct dm_wire_entry *ret,
           struct dm_error *error)
{
    enum dm_status status = dm_wire_entry_read(block, ret, error);
    status = status ? status : check_log(ret->log, log, "an entry", error);
    return status ? status : dm_wire_entry_verify(block, ret, error);
}

enum dm_status
dm_fork_check(struct dm_str a, struct dm_str b,
              const uint8_t log[DM_KEY_PUBLIC_BYTES], uint64_t *ret_seq,
              struct dm_error *error)
{
    struct dm_wire_entry left;
    struct dm_wire_entry right;
    enum dm_status status = read_proof(a, log, &left, error);
    status = status ? status : read_proof(b, log, &right, error);
    if (status) {
        return status;
    }
    if (left.seq != right.seq || dm_str_equal(a, b)) {
        return dm_error_set(error, DM_ERR_CORRUPT,
                            "fork-proof: not two entries of one sequence");
    }
    *ret_seq = left.seq;
    return DM_OK;
}
