// SPDX-License-Identifier: ISC

#include "sync/audit.h"

#include "base/alloc.h"
#include "base/never.h"
#include "sync/tree.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#define STEP_ENTRIES DM_FAN
#define FAN2 ((uint64_t)DM_FAN * DM_FAN)
#define LINE_BYTES crypto_generichash_BYTES_MIN // Of a line's hash

enum phase {
    PHASE_BEGIN, // The record and Head
    PHASE_ENTRIES,
    PHASE_HEAD_CONF,
    PHASE_HEAD_SNAP,
    PHASE_HEAD_NOTE,
    PHASE_END,
};

// A node that is being walked, and what was found below it so far
struct node {
    bool is_open;
    struct dm_wire_node says; // Looks into `bytes`
    char bytes[DM_NODE_MAX];
    size_t n_bytes;
    int64_t min_ms;
    int64_t max_ms;
    uint64_t below;
};

// A Manifest that is being read, one part a step
struct manifest {
    bool is_open;
    bool is_head_s; // Named by Head: it must be whole
    bool is_whole;  // Nothing was missing so far
    bool is_read;   // No key was missing either
    struct dm_cid cid;
    struct dm_wire_manifest says; // Looks into `bytes`
    char bytes[DM_MANIFEST_MAX];
    size_t next; // Part
    uint64_t n;  // Quads so far
    // Hashes of lines, a table with open addressing; of several parts only
    uint8_t (*lines)[LINE_BYTES];
    size_t n_slots; // A power of 2
};

// What entries name: the newest of a kind
struct named {
    bool is_there;
    struct dm_cid cid;
    uint64_t seq;
    bool is_due;   // To be read as soon as the entry is done with
    bool is_whole; // It was read, and all of it was at hand
};

struct dm_audit {
    struct dm_audit_spec spec;
    struct dm_audit_report report;
    enum phase phase;
    enum dm_status failed; // Why it cannot go on
    char *head_bytes;
    struct dm_wire_head head; // Looks into head_bytes
    struct dm_head_cut cut;
    size_t next_l1;
    struct dm_tree tree;
    struct node nodes[2]; // Of level 1 and 2
    uint64_t next;        // Sequence
    bool has_prev;
    struct dm_cid prev;
    struct dm_event_key after;
    struct named named[2]; // conf and snap
    struct manifest manifest;
};

static const char *const place_texts[] = {
    [DM_AUDIT_RECORD] = "record", [DM_AUDIT_HEAD] = "Head",
    [DM_AUDIT_NODE] = "node",     [DM_AUDIT_ENTRY] = "entry",
    [DM_AUDIT_CONF] = "conf",     [DM_AUDIT_SNAP] = "snap",
    [DM_AUDIT_NOTE] = "note",
};

// By enum dm_manifest_kind
static const enum dm_audit_place manifest_places[] = {
    DM_AUDIT_CONF, DM_AUDIT_SNAP, DM_AUDIT_NOTE};
static const enum dm_role_of_payload manifest_roles[] = {
    DM_PAYLOAD_CONF, DM_PAYLOAD_SNAP, DM_PAYLOAD_NOTE};

const char *
dm_audit_place_text(enum dm_audit_place place)
{
    return place_texts[place];
}

struct dm_audit *
dm_audit_new(const struct dm_audit_spec *spec)
{
    struct dm_audit *const audit = dm_calloc(1, sizeof(*audit));
    if (audit) {
        audit->spec = *spec;
    }
    return audit;
}

void
dm_audit_free(struct dm_audit *audit)
{
    if (audit) {
        dm_free(audit->manifest.lines);
        dm_free(audit->head_bytes);
        dm_free(audit);
    }
}

const struct dm_audit_report *
dm_audit_report(const struct dm_audit *audit)
{
    return &audit->report;
}

// ------------------------------------------------------- faults and failures
//
// Functions below give back DM_OK; DM_ERR_CORRUPT or DM_ERR_UNSUPPORTED for a
// fault, which stands in report.error; or why the audit cannot go on.

static void
go_to(struct dm_audit *audit, enum dm_audit_place place, uint64_t seq)
{
    audit->report.place = place;
    audit->report.seq = seq;
}

static enum dm_status
fault(struct dm_audit *audit, const char *what)
{
    return dm_error_set(&audit->report.error, DM_ERR_CORRUPT, "%s", what);
}

static enum dm_status
fail(struct dm_audit *audit, enum dm_status status)
{
    audit->failed = status;
    return status;
}

static enum dm_status
check_log(struct dm_audit *audit, const uint8_t *log)
{
    return memcmp(log, audit->spec.log, DM_KEY_PUBLIC_BYTES) == 0
               ? DM_OK
               : fault(audit, "log-other: it is of another log");
}

// A block by its name, or DM_ERR_NOT_FOUND. Its bytes live until the next call.
static enum dm_status
look_for(struct dm_audit *audit, const struct dm_cid *cid, struct dm_str *ret)
{
    struct dm_str block = {NULL, 0};
    const enum dm_status status =
        audit->spec.find(audit->spec.context, cid, &block);
    if (status == DM_ERR_NOT_FOUND) {
        return status;
    }
    if (status) {
        return fail(audit, status);
    }
    if (!dm_cid_names(cid, block)) {
        char text[DM_CID_TEXT_SIZE];
        dm_cid_text(cid, text);
        return dm_error_set(&audit->report.error, DM_ERR_CORRUPT,
                            "cid-hash: of %s", text);
    }
    *ret = block;
    return DM_OK;
}

// The same where it must be there
static enum dm_status
fetch(struct dm_audit *audit, const struct dm_cid *cid, struct dm_str *ret)
{
    const enum dm_status status = look_for(audit, cid, ret);
    if (status == DM_ERR_NOT_FOUND) {
        char text[DM_CID_TEXT_SIZE];
        dm_cid_text(cid, text);
        return dm_error_set(&audit->report.error, DM_ERR_CORRUPT,
                            "block-missing: %s", text);
    }
    return status;
}

// ----------------------------------------------------------- record and Head

static enum dm_status
read_record(struct dm_audit *audit)
{
    struct dm_audit_report *const report = &audit->report;
    go_to(audit, DM_AUDIT_RECORD, 0);
    const enum dm_status status = dm_record_read(
        audit->spec.record, audit->spec.log, &report->record, &report->error);
    if (status) {
        return status;
    }
    report->is_renewed = audit->spec.now_ms <= report->record.valid_until_ms;
    return report->is_renewed || !audit->spec.through_ipfs
               ? DM_OK
               : fault(audit, "record-expired: it is past its validity");
}

static enum dm_status
read_head(struct dm_audit *audit)
{
    struct dm_audit_report *const report = &audit->report;
    struct dm_wire_head *const head = &audit->head;
    go_to(audit, DM_AUDIT_HEAD, 0);
    struct dm_str block = {NULL, 0};
    enum dm_status status = fetch(audit, &report->record.head, &block);
    // Looked at before it is copied: its length is bounded
    status = status ? status : dm_wire_head_read(block, head, &report->error);
    if (status) {
        return status;
    }
    audit->head_bytes = dm_malloc(block.n);
    if (!audit->head_bytes) {
        return fail(audit, DM_ERR_NO_MEMORY);
    }
    memcpy(audit->head_bytes, block.data, block.n);
    status = dm_wire_head_read(dm_str_n(audit->head_bytes, block.n), head,
                               &report->error);
    status = status ? status : check_log(audit, head->log);
    if (status) {
        return status;
    }
    if (head->seq != report->record.seq) {
        go_to(audit, DM_AUDIT_RECORD, 0);
        return fault(audit, "record-sequence: it is not that of Head");
    }
    report->first = head->first;
    report->tip = head->seq;
    memcpy(report->root, head->root, DM_DIGEST_BYTES);
    return DM_OK;
}

static enum dm_status
begin(struct dm_audit *audit)
{
    enum dm_status status = read_record(audit);
    status = status ? status : read_head(audit);
    if (status) {
        return status;
    }
    const struct dm_wire_head *const head = &audit->head;
    audit->cut = dm_head_cut(head->first, head->seq);
    audit->next = head->first;
    audit->has_prev = head->has_anchor;
    audit->prev = head->anchor;
    audit->tree.size = head->first - 1;
    assert(head->n_frontier <= DM_TREE_MAX);
    for (size_t i = 0; i < head->n_frontier; ++i) {
        memcpy(audit->tree.hashes[i],
               head->frontier + i * head->frontier_stride, DM_DIGEST_BYTES);
    }
    audit->phase = PHASE_ENTRIES;
    return DM_OK;
}

// --------------------------------------------------------------------- nodes

static struct node *
node_of(struct dm_audit *audit, unsigned level)
{
    return &audit->nodes[level - 1];
}

static enum dm_status
open_node(struct dm_audit *audit, unsigned level, struct dm_cid cid)
{
    struct node *const node = node_of(audit, level);
    go_to(audit, DM_AUDIT_NODE, audit->next);
    struct dm_str block = {NULL, 0};
    enum dm_status status = fetch(audit, &cid, &block);
    status = status
                 ? status
                 : dm_wire_node_read(block, &node->says, &audit->report.error);
    if (status) {
        return status;
    }
    assert(block.data && block.n <= sizeof(node->bytes));
    memcpy(node->bytes, block.data, block.n);
    node->n_bytes = block.n;
    status = dm_wire_node_read(dm_str_n(node->bytes, block.n), &node->says,
                               &audit->report.error);
    if (status) {
        return status;
    }
    if (node->says.level != level || node->says.from != audit->next) {
        return fault(audit, "node: it is not the one that belongs here");
    }
    node->is_open = true;
    node->min_ms = INT64_MAX;
    node->max_ms = INT64_MIN;
    node->below = 0;
    return DM_OK;
}

// Open the node of level 1 that begins with the next entry
static enum dm_status
open_nodes(struct dm_audit *audit)
{
    const struct dm_wire_head *const head = &audit->head;
    const struct dm_head_cut *const cut = &audit->cut;
    const struct node *const upper = node_of(audit, 2);
    // Which run of 4,096, counted from the first that has a node
    const uint64_t run = (audit->next - cut->l2_from) / FAN2;
    if (!cut->n_l2 || audit->next < cut->l2_from || run >= cut->n_l2) {
        assert(audit->next_l1 < head->l1.n);
        return open_node(audit, 1, dm_cid_list_at(&head->l1, audit->next_l1++));
    }
    if (!upper->is_open) {
        const enum dm_status status =
            open_node(audit, 2, dm_cid_list_at(&head->l2, run));
        if (status) {
            return status;
        }
    }
    const size_t i = (audit->next - upper->says.from) / DM_FAN;
    return open_node(audit, 1, dm_cid_list_at(&upper->says.items, i));
}

static void
add_to_node(struct node *node, int64_t min_ms, int64_t max_ms, uint64_t bytes)
{
    node->min_ms = min_ms < node->min_ms ? min_ms : node->min_ms;
    node->max_ms = max_ms > node->max_ms ? max_ms : node->max_ms;
    node->below += bytes;
}

// Whether a node says what was found below it
static enum dm_status
close_node(struct dm_audit *audit, struct node *node)
{
    go_to(audit, DM_AUDIT_NODE, node->says.from);
    node->is_open = false;
    if (node->says.time_min_ms != node->min_ms ||
        node->says.time_max_ms != node->max_ms) {
        return fault(audit, "head-node: its times are not those of its "
                            "entries");
    }
    if (node->says.bytes != node->below) {
        return fault(audit, "head-node: its bytes are not those below it");
    }
    return DM_OK;
}

// Close the nodes that end before the next entry
static enum dm_status
close_nodes(struct dm_audit *audit)
{
    struct node *const lower = node_of(audit, 1);
    struct node *const upper = node_of(audit, 2);
    if (!lower->is_open || audit->next <= lower->says.to) {
        return DM_OK;
    }
    const enum dm_status status = close_node(audit, lower);
    if (status || !upper->is_open) {
        return status;
    }
    add_to_node(upper, lower->min_ms, lower->max_ms,
                lower->below + lower->n_bytes);
    return audit->next <= upper->says.to ? DM_OK : close_node(audit, upper);
}

// ------------------------------------------------------------------- entries

// The name of the next entry
static enum dm_status
next_name(struct dm_audit *audit, struct dm_cid *ret)
{
    const struct dm_wire_head *const head = &audit->head;
    const struct node *const lower = node_of(audit, 1);
    const uint64_t tail_from = head->seq - audit->cut.n_tail + 1;
    if (audit->next >= tail_from) {
        *ret = dm_cid_list_at(&head->tail, audit->next - tail_from);
        return DM_OK;
    }
    if (!lower->is_open) {
        const enum dm_status status = open_nodes(audit);
        if (status) {
            return status;
        }
    }
    *ret = dm_cid_list_at(&lower->says.items, audit->next - lower->says.from);
    return DM_OK;
}

// Read a payload and count it. Gives DM_ERR_NOT_FOUND where it is encrypted
// with a key that is not here.
static enum dm_status
read_payload(struct dm_audit *audit, struct dm_str block,
             const struct dm_payload_spec *spec, struct dm_payload *ret)
{
    const enum dm_status status = dm_payload_read(
        block, spec, audit->spec.account, ret, &audit->report.error);
    if (status == DM_ERR_NOT_FOUND) {
        ++audit->report.unread;
    }
    return status;
}

// Tell of an entry, if somebody wants to know
static enum dm_status
tell(struct dm_audit *audit, const struct dm_wire_entry *entry,
     const struct dm_cid *cid, const struct dm_payload *payload)
{
    if (!audit->spec.entry) {
        return DM_OK;
    }
    const enum dm_status status = audit->spec.entry(
        audit->spec.context, entry, cid, payload, &audit->report.error);
    return status && status != DM_ERR_CORRUPT ? fail(audit, status) : status;
}

// Read what an entry says, `*ret_bytes` of it
static enum dm_status
check_data(struct dm_audit *audit, const struct dm_wire_entry *entry,
           const struct dm_cid *cid, size_t *ret_bytes)
{
    *ret_bytes = 0;
    if (!entry->has_data) {
        ++audit->report.silent;
        return tell(audit, entry, cid, NULL);
    }
    struct dm_str block = {NULL, 0};
    enum dm_status status = fetch(audit, &entry->data, &block);
    if (status) {
        return status;
    }
    *ret_bytes = block.n;
    struct dm_payload_spec spec = {.role = DM_PAYLOAD_DATA,
                                   .log = audit->spec.log,
                                   .has_enc = entry->has_enc,
                                   .key = audit->spec.key,
                                   .has_expected = true,
                                   .n = entry->n,
                                   .size = entry->size,
                                   .after = audit->after};
    memcpy(spec.enc, entry->enc, sizeof(spec.enc));
    struct dm_payload payload;
    status = read_payload(audit, block, &spec, &payload);
    if (status) {
        return status == DM_ERR_NOT_FOUND ? tell(audit, entry, cid, NULL)
                                          : status;
    }
    audit->report.quads += payload.n;
    audit->report.events += payload.n_events;
    if (payload.n_events) {
        audit->after = payload.events[payload.n_events - 1].key;
    }
    status = tell(audit, entry, cid, &payload);
    dm_payload_done(&payload);
    return status;
}

static void
note_name(struct dm_audit *audit, enum dm_manifest_kind kind,
          const struct dm_cid *cid, uint64_t seq)
{
    struct named *const named = &audit->named[kind];
    if (!named->is_there || !dm_cid_equal(&named->cid, cid)) {
        *named = (struct named){
            .is_there = true, .cid = *cid, .seq = seq, .is_due = true};
    }
}

static enum dm_status
check_chain(struct dm_audit *audit, struct dm_str block,
            const struct dm_wire_entry *entry)
{
    enum dm_status status = check_log(audit, entry->log);
    if (status) {
        return status;
    }
    if (entry->seq != audit->next) {
        return dm_error_set(&audit->report.error, DM_ERR_CORRUPT,
                            "seq: it says %" PRIu64, entry->seq);
    }
    if (entry->has_prev != audit->has_prev ||
        (entry->has_prev && !dm_cid_equal(&entry->prev, &audit->prev))) {
        return fault(audit, "prev: it is not the entry before");
    }
    if (audit->spec.all_signatures || entry->seq == audit->head.seq) {
        status = dm_wire_entry_verify(block, entry, &audit->report.error);
    }
    return status;
}

static enum dm_status
check_entry(struct dm_audit *audit)
{
    struct dm_audit_report *const report = &audit->report;
    struct dm_cid cid;
    enum dm_status status = next_name(audit, &cid);
    if (status) {
        return status;
    }
    go_to(audit, DM_AUDIT_ENTRY, audit->next);
    struct dm_str block = {NULL, 0};
    struct dm_wire_entry entry;
    status = fetch(audit, &cid, &block);
    status =
        status ? status : dm_wire_entry_read(block, &entry, &report->error);
    status = status ? status : check_chain(audit, block, &entry);
    if (status) {
        return status;
    }
    dm_tree_add(&audit->tree, block);
    const size_t n_block = block.n; // Its bytes go with the next look-up
    size_t n_payload = 0;
    status = check_data(audit, &entry, &cid, &n_payload);
    if (status) {
        return status;
    }

    const bool is_first = !report->entries++;
    if (is_first || entry.time_ms < report->earliest_ms) {
        report->earliest_ms = entry.time_ms;
    }
    if (is_first || entry.time_ms > report->latest_ms) {
        report->latest_ms = entry.time_ms;
    }
    if (entry.has_conf) {
        note_name(audit, DM_MANIFEST_CONF, &entry.conf, entry.seq);
    }
    if (entry.has_snap) {
        note_name(audit, DM_MANIFEST_SNAP, &entry.snap, entry.seq);
    }
    audit->has_prev = true;
    audit->prev = cid;
    ++audit->next;
    struct node *const lower = node_of(audit, 1);
    if (lower->is_open) {
        add_to_node(lower, entry.time_ms, entry.time_ms, n_block + n_payload);
    }
    return close_nodes(audit);
}

// ----------------------------------------------------------------- Manifests

// Begin to read a Manifest, which Head must have, others may.
static enum dm_status
open_manifest(struct dm_audit *audit, enum dm_manifest_kind kind,
              const struct dm_cid *cid, bool is_head_s)
{
    struct manifest *const manifest = &audit->manifest;
    struct dm_str block = {NULL, 0};
    enum dm_status status =
        is_head_s ? fetch(audit, cid, &block) : look_for(audit, cid, &block);
    if (status) {
        return status == DM_ERR_NOT_FOUND ? DM_OK : status; // Not at hand
    }
    status =
        dm_wire_manifest_read(block, &manifest->says, &audit->report.error);
    if (status) {
        return status;
    }
    assert(block.data && block.n <= sizeof(manifest->bytes));
    memcpy(manifest->bytes, block.data, block.n);
    status = dm_wire_manifest_read(dm_str_n(manifest->bytes, block.n),
                                   &manifest->says, &audit->report.error);
    status = status ? status : check_log(audit, manifest->says.log);
    if (status) {
        return status;
    }
    if (manifest->says.kind != kind) {
        return fault(audit,
                     "manifest-kind: it is not of the kind it is named as");
    }
    manifest->cid = *cid;
    manifest->is_head_s = is_head_s;
    manifest->is_whole = true;
    manifest->is_read = true;
    manifest->next = 0;
    manifest->n = 0;
    manifest->n_slots = 0;
    manifest->is_open = true;
    return DM_OK;
}

// Room for the hashes of all lines of several parts
static enum dm_status
make_lines(struct dm_audit *audit)
{
    struct manifest *const manifest = &audit->manifest;
    if (manifest->says.n > DM_AUDIT_LINES_MAX) {
        return fail(audit, DM_ERR_LIMIT);
    }
    size_t n = 64;
    while (n < manifest->says.n * 2) {
        n *= 2;
    }
    manifest->lines = dm_calloc(n, LINE_BYTES);
    manifest->n_slots = manifest->lines ? n : 0;
    return manifest->lines ? DM_OK : fail(audit, DM_ERR_NO_MEMORY);
}

// Remember a line. There are at least twice as many slots as lines.
static bool
is_new_line(struct manifest *manifest, struct dm_str line)
{
    static const uint8_t none[LINE_BYTES] = {0};
    uint8_t hash[LINE_BYTES];
    (void)crypto_generichash(hash, sizeof(hash),
                             (const unsigned char *)line.data, line.n, NULL, 0);
    hash[LINE_BYTES - 1] |= 1; // So none is all zeros
    uint64_t slot = 0;
    memcpy(&slot, hash, sizeof(slot));
    for (;; ++slot) {
        slot &= manifest->n_slots - 1;
        uint8_t *const place = manifest->lines[slot];
        if (memcmp(place, none, LINE_BYTES) == 0) {
            memcpy(place, hash, LINE_BYTES);
            return true;
        }
        if (memcmp(place, hash, LINE_BYTES) == 0) {
            return false;
        }
    }
}

// Count what a part says; its lines are in no other part.
static enum dm_status
add_part(struct dm_audit *audit, const struct dm_payload *payload)
{
    struct manifest *const manifest = &audit->manifest;
    manifest->n += payload->n;
    if (manifest->n > manifest->says.n) {
        return fault(audit, "quads: there are more than the Manifest says");
    }
    if (manifest->says.parts.n < 2) {
        return DM_OK;
    }
    if (!manifest->lines) {
        const enum dm_status status = make_lines(audit);
        if (status) {
            return status;
        }
    }
    const struct dm_str end = DM_STR("\n");
    struct dm_str rest = payload->text;
    while (rest.n) {
        const size_t n = dm_str_find(rest, end);
        if (!is_new_line(manifest, dm_str_slice(rest, 0, n))) {
            return fault(audit, "part-twice: a line in two parts");
        }
        rest = dm_str_slice(rest, n + 1, SIZE_MAX);
    }
    return DM_OK;
}

static enum dm_status
close_manifest(struct dm_audit *audit)
{
    struct manifest *const manifest = &audit->manifest;
    dm_free(manifest->lines);
    manifest->lines = NULL;
    manifest->is_open = false;
    if (manifest->is_whole && manifest->is_read &&
        manifest->n != manifest->says.n) {
        return fault(audit, "quads: there are fewer than the Manifest says");
    }
    if (manifest->says.kind != DM_MANIFEST_NOTE) {
        audit->named[manifest->says.kind].is_whole = manifest->is_whole;
    }
    return DM_OK;
}

// Read the next part, or end the Manifest
static enum dm_status
step_manifest(struct dm_audit *audit)
{
    struct manifest *const manifest = &audit->manifest;
    if (manifest->next == manifest->says.parts.n) {
        return close_manifest(audit);
    }
    const struct dm_cid cid =
        dm_cid_list_at(&manifest->says.parts, manifest->next++);
    struct dm_str block = {NULL, 0};
    enum dm_status status = manifest->is_head_s ? fetch(audit, &cid, &block)
                                                : look_for(audit, &cid, &block);
    if (status == DM_ERR_NOT_FOUND) {
        manifest->is_whole = false;
        return DM_OK;
    }
    if (status) {
        return status;
    }
    struct dm_payload_spec spec = {.role = manifest_roles[manifest->says.kind],
                                   .log = audit->spec.log,
                                   .has_enc = manifest->says.has_enc,
                                   .key = audit->spec.key};
    memcpy(spec.enc, manifest->says.enc, sizeof(spec.enc));
    struct dm_payload payload;
    status = read_payload(audit, block, &spec, &payload);
    if (status == DM_ERR_NOT_FOUND) {
        manifest->is_read = false;
        return DM_OK;
    }
    if (status) {
        return status;
    }
    status = add_part(audit, &payload);
    dm_payload_done(&payload);
    return status;
}

// Begin with a Manifest that an entry named, if one is due and at hand
static enum dm_status
open_named(struct dm_audit *audit)
{
    enum dm_status status = DM_OK;
    for (enum dm_manifest_kind kind = DM_MANIFEST_CONF;
         kind <= DM_MANIFEST_SNAP && !status && !audit->manifest.is_open;
         ++kind) {
        struct named *const named = &audit->named[kind];
        if (named->is_due) {
            named->is_due = false;
            go_to(audit, manifest_places[kind], named->seq);
            status = open_manifest(audit, kind, &named->cid, false);
        }
    }
    return status;
}

// Begin with a Manifest that Head names, unless it was read before
static enum dm_status
open_head_s(struct dm_audit *audit, enum dm_manifest_kind kind, bool has,
            const struct dm_cid *cid)
{
    const struct named *const named =
        kind == DM_MANIFEST_NOTE ? NULL : &audit->named[kind];
    if (!has || (named && named->is_there && named->is_whole &&
                 dm_cid_equal(&named->cid, cid))) {
        return DM_OK;
    }
    go_to(audit, manifest_places[kind], 0);
    return open_manifest(audit, kind, cid, true);
}

// --------------------------------------------------------------------- steps

// What Head says of its entries, once they are all known
static enum dm_status
check_head(struct dm_audit *audit)
{
    const struct dm_wire_head *const head = &audit->head;
    const struct named *const conf = &audit->named[DM_MANIFEST_CONF];
    const struct named *const snap = &audit->named[DM_MANIFEST_SNAP];
    go_to(audit, DM_AUDIT_HEAD, 0);
    if (!dm_cid_equal(&audit->prev, &head->tip)) {
        return fault(audit, "head-tip: it is not the newest entry");
    }
    uint8_t root[DM_DIGEST_BYTES];
    dm_tree_root(&audit->tree, root);
    if (memcmp(root, head->root, DM_DIGEST_BYTES) != 0) {
        return fault(audit, "root: it is not the tree hash of the entries");
    }
    if (conf->is_there && !dm_cid_equal(&conf->cid, &head->conf)) {
        return fault(audit, "head-conf: it is not the one in force");
    }
    if (snap->is_there != head->has_snap ||
        (snap->is_there && !dm_cid_equal(&snap->cid, &head->snap))) {
        return fault(audit,
                     "head-snap: it is not the newest that an entry names");
    }
    audit->phase = PHASE_HEAD_CONF;
    return DM_OK;
}

static enum dm_status
step_entries(struct dm_audit *audit)
{
    for (unsigned i = 0; i < STEP_ENTRIES; ++i) {
        enum dm_status status = open_named(audit);
        if (status || audit->manifest.is_open) {
            return status;
        }
        if (audit->next > audit->head.seq) {
            return check_head(audit);
        }
        status = check_entry(audit);
        if (status) {
            return status;
        }
    }
    return DM_OK;
}

static enum dm_status
step(struct dm_audit *audit)
{
    const struct dm_wire_head *const head = &audit->head;
    if (audit->manifest.is_open) {
        return step_manifest(audit);
    }
    switch (audit->phase) {
    case PHASE_BEGIN:
        return begin(audit);
    case PHASE_ENTRIES:
        return step_entries(audit);
    case PHASE_HEAD_CONF:
        audit->phase = PHASE_HEAD_SNAP;
        return open_head_s(audit, DM_MANIFEST_CONF, true, &head->conf);
    case PHASE_HEAD_SNAP:
        audit->phase = PHASE_HEAD_NOTE;
        return open_head_s(audit, DM_MANIFEST_SNAP, head->has_snap,
                           &head->snap);
    case PHASE_HEAD_NOTE:
        audit->phase = PHASE_END;
        return open_head_s(audit, DM_MANIFEST_NOTE, head->has_note,
                           &head->note);
    case PHASE_END:
        return DM_END;
    }
    (void)DM_NEVER(true);
    return DM_END;
}

enum dm_status
dm_audit_step(struct dm_audit *audit)
{
    if (audit->failed || audit->report.verdict) {
        return audit->failed ? audit->failed : DM_END;
    }
    const enum dm_status status = step(audit);
    if (audit->failed) {
        return audit->failed;
    }
    if (status == DM_ERR_CORRUPT || status == DM_ERR_UNSUPPORTED) {
        audit->report.verdict = status;
        return DM_END;
    }
    if (status && status != DM_END) {
        audit->failed = status;
    }
    return status;
}
