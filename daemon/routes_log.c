// SPDX-License-Identifier: ISC

// /api/v1/log: a log that is held here, for people: where it stands, one entry,
// and whether all of it is good.

#include "alert/present.h"
#include "base/alloc.h"
#include "base/time.h"
#include "daemon/json.h"
#include "daemon/node_private.h"
#include "quadstore/blocks.h"
#include "quadstore/store.h"
#include "sync/audit.h"
#include "sync/base64.h"
#include "sync/block.h"
#include "sync/chain.h"
#include "sync/payload.h"
#include "sync/rows.h"
#include "sync/succession.h"

#include <assert.h>
#include <string.h>

#define NODE_MAX 2048U
#define TEXT_MAX 32768U
#define HEX_SIZE (2 * DM_KEY_SIGNATURE_BYTES + 1)
// A whole log is read: 20,000 entries take some 5 s
#define VERIFY_NS (INT64_C(600) * DM_NS_PER_SECOND)
#define VERIFY_MEMORY ((size_t)256 << 20U)
#define VERIFY_STEPS 4    // Of an audit, in one step of a worker
#define VERIFY_BLOCKS 256 // Hashed in one step

// Every reply of this file begins with it
struct log_reply {
    struct dm_reply_job reply;
    char node[NODE_MAX]; // As asked for; empty: this one
    uint64_t seq;
    uint8_t log[DM_KEY_PUBLIC_BYTES];
    char name[DM_KEY_NAME_SIZE];
    struct dm_str title; // What people call it; of the present
    bool is_self;
};

static enum dm_status
log_init(struct dm_reply_job *job)
{
    struct log_reply *own = (struct log_reply *)job;
    struct dm_buf node;
    dm_buf_init(&node, NODE_MAX - 1);
    const enum dm_status status =
        dm_request_param(&job->request, "node", &node);
    if (!status) {
        memcpy(own->node, dm_buf_cstr(&node), node.n + 1);
    }
    dm_buf_done(&node);
    if (status && status != DM_ERR_NOT_FOUND) {
        dm_reply_problem(&job->request, 400, "node is no name", NULL);
        return status;
    }
    return DM_OK;
}

// ---------------------------------------------------------------- which log

// A key from ipns://k51… or k51…
static bool
read_key(struct dm_str text, uint8_t *log)
{
    static const struct dm_str scheme = DM_STR("ipns://");
    if (dm_str_starts(text, scheme)) {
        text = dm_str_slice(text, scheme.n, text.n);
    }
    return dm_key_from_name(text, log);
}

// By its name here, or as a key
static bool
find_key(struct log_reply *own)
{
    const struct dm_present *present = own->reply.present;
    const struct dm_str node = dm_str(own->node);
    for (size_t i = 0; present && i < present->n_logs; ++i) {
        const struct dm_view_log *log = &present->logs[i];
        const bool fits = node.n ? dm_str_equal(log->name, node) : log->is_self;
        if (fits && read_key(log->iri, own->log)) {
            return true;
        }
    }
    return read_key(node, own->log);
}

static void
name_log(struct log_reply *own)
{
    const struct dm_present *present = own->reply.present;
    char iri[DM_KEY_IRI_SIZE];
    dm_key_iri(own->log, iri);
    dm_key_name(own->log, own->name);
    own->title = dm_str(own->name);
    for (size_t i = 0; present && i < present->n_logs; ++i) {
        const struct dm_view_log *log = &present->logs[i];
        if (dm_str_is(log->iri, iri)) {
            own->title = log->name;
            own->is_self = log->is_self;
        }
    }
}

// Open the store and find the log that was asked for.
static enum dm_status
find_log(struct log_reply *own, struct dm_chain **ret)
{
    struct dm_reply_job *job = &own->reply;
    enum dm_status status = dm_reply_open(job);
    job->content_type = "application/json";
    if (status) {
        return status;
    }
    if (!find_key(own)) {
        (void)dm_error_set(&job->error, DM_ERR_NOT_FOUND,
                           "no log of \"%s\" is held here", own->node);
        return DM_ERR_NOT_FOUND;
    }
    name_log(own);
    status = dm_chain_peek(job->snapshot, own->log, ret);
    if (status == DM_ERR_NOT_FOUND) {
        (void)dm_error_set(&job->error, status,
                           "there is no entry of %s here yet", own->name);
    }
    return status;
}

static json_t *
begin_document(const struct log_reply *own)
{
    json_t *document = json_object();
    dm_json_text(document, "node", own->title);
    dm_json_text(document, "log", dm_str(own->name));
    return document;
}

static void
put_cid(json_t *object, const char *key, const struct dm_cid *cid)
{
    char text[DM_CID_TEXT_SIZE];
    if (!cid) {
        dm_json_set(object, key, json_null());
        return;
    }
    dm_cid_text(cid, text);
    dm_json_text(object, key, dm_str(text));
}

static void
put_hex(json_t *object, const char *key, const uint8_t *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    char text[HEX_SIZE];
    assert(2 * n < sizeof(text));
    for (size_t i = 0; i < n; ++i) {
        text[2 * i] = digits[bytes[i] >> 4U];
        text[2 * i + 1] = digits[bytes[i] & 15U];
    }
    dm_json_text(object, key, dm_str_n(text, 2 * n));
}

// -------------------------------------------------------------- where it
// stands

static void
put_record(json_t *document, const struct dm_chain *chain, int64_t now_ms)
{
    const struct dm_str bytes =
        dm_str_n((const char *)chain->record, chain->n_record);
    struct dm_record record;
    struct dm_buf text;
    if (!chain->n_record || dm_record_read(bytes, chain->log, &record, NULL)) {
        dm_json_set(document, "record", json_null());
        return;
    }
    dm_buf_init(&text, TEXT_MAX);
    if (!dm_base64_write(DM_BASE64_URL, bytes, &text)) {
        dm_json_text(document, "record", dm_buf_str(&text));
    }
    dm_buf_done(&text);
    put_cid(document, "head", &record.head);
    dm_json_time(document, "validUntil", record.valid_until_ms);
    dm_json_bool(document, "renewed", now_ms < record.valid_until_ms);
}

// Where the log goes on, if it was ended
static enum dm_status
put_successor(struct log_reply *own, json_t *document)
{
    struct dm_str block;
    struct dm_wire_successor successor;
    char name[DM_KEY_NAME_SIZE];
    enum dm_status status =
        dm_succession_find(own->reply.snapshot, own->log, &block);
    if (!status) {
        status = dm_wire_successor_read(block, &successor, NULL);
    }
    if (!status) {
        dm_key_name(successor.new_key, name);
        dm_json_text(document, "successor", dm_str(name));
        dm_json_int(document, "endsAt", (int64_t)successor.seq);
        return DM_OK;
    }
    dm_json_set(document, "successor", json_null());
    // None, or one that this program cannot read
    return status == DM_ERR_NOT_FOUND || status == DM_ERR_UNSUPPORTED ? DM_OK
                                                                      : status;
}

static enum dm_status
put_figures(struct log_reply *own, json_t *document)
{
    char iri[DM_KEY_IRI_SIZE];
    dm_log_no number = 0;
    struct dm_block_figures figures = {0};
    struct dm_snapshot *snapshot = own->reply.snapshot;
    dm_key_iri(own->log, iri);
    enum dm_status status =
        dm_snapshot_log_number(snapshot, dm_str(iri), &number);
    if (!status) {
        status = dm_snapshot_block_figures(snapshot, number, &figures);
    }
    dm_json_int(document, "blocks", (int64_t)figures.blocks);
    dm_json_int(document, "bytes", (int64_t)figures.bytes);
    return status;
}

static enum dm_status
about_step(struct dm_reply_job *job)
{
    struct log_reply *own = (struct log_reply *)job;
    struct dm_chain *chain = NULL;
    uint8_t root[DM_DIGEST_BYTES];
    enum dm_status status = find_log(own, &chain);
    if (status) {
        return status;
    }
    json_t *document = begin_document(own);
    dm_tree_root(&chain->tree, root);
    dm_json_bool(document, "self", own->is_self);
    dm_json_int(document, "first", (int64_t)chain->first);
    dm_json_int(document, "seq", (int64_t)chain->seq);
    dm_json_time(document, "time", chain->time_ms);
    put_cid(document, "tip", &chain->tip);
    put_hex(document, "root", root, sizeof(root));
    put_cid(document, "conf", &chain->conf);
    put_cid(document, "snap", chain->has_snap ? &chain->snap : NULL);
    dm_json_set(document, "forkedAt",
                chain->forked_at ? json_integer((json_int_t)chain->forked_at)
                                 : json_null());
    put_record(document, chain, job->now_ms);
    status = put_figures(own, document);
    if (!status) {
        status = put_successor(own, document);
    }
    dm_chain_free(chain);
    if (status) {
        json_decref(document);
        return status;
    }
    return dm_json_print(document, &job->out);
}

static void
about(const struct dm_request *request)
{
    static const struct dm_reply_ops ops = {.name = "log", .step = about_step};
    dm_reply_start(request, &ops, sizeof(struct log_reply), log_init);
}

// -------------------------------------------------------------------- one
// entry

static enum dm_status
entry_init(struct dm_reply_job *job)
{
    struct log_reply *own = (struct log_reply *)job;
    struct dm_buf text;
    dm_buf_init(&text, NODE_MAX);
    const bool is_good =
        dm_request_param(&job->request, "seq", &text) == DM_OK &&
        dm_str_to_uint(dm_buf_str(&text), DM_WIRE_BELOW - 1, &own->seq) &&
        own->seq;
    dm_buf_done(&text);
    if (!is_good) {
        dm_reply_problem(&job->request, 400, "seq is the number of an entry",
                         NULL);
        return DM_ERR_ARGUMENT;
    }
    return log_init(job);
}

static enum dm_status
block_at(struct log_reply *own, enum dm_block_kind kind, struct dm_block *ret)
{
    char iri[DM_KEY_IRI_SIZE];
    struct dm_block_place place = {.kind = kind, .seq = own->seq};
    struct dm_snapshot *snapshot = own->reply.snapshot;
    dm_key_iri(own->log, iri);
    const enum dm_status status =
        dm_snapshot_log_number(snapshot, dm_str(iri), &place.log);
    return status ? status : dm_snapshot_block_at(snapshot, &place, ret);
}

static void
put_entry(json_t *document, const struct dm_wire_entry *entry,
          const struct dm_block *block)
{
    struct dm_cid cid;
    memcpy(cid.bytes, block->name, sizeof(cid.bytes));
    dm_json_int(document, "seq", (int64_t)entry->seq);
    put_cid(document, "cid", &cid);
    dm_json_time(document, "time", entry->time_ms);
    dm_json_int(document, "n", (int64_t)entry->n);
    dm_json_int(document, "size", (int64_t)entry->size);
    put_cid(document, "prev", entry->has_prev ? &entry->prev : NULL);
    put_cid(document, "data", entry->has_data ? &entry->data : NULL);
    put_cid(document, "conf", entry->has_conf ? &entry->conf : NULL);
    put_cid(document, "snap", entry->has_snap ? &entry->snap : NULL);
    dm_json_bool(document, "encrypted", entry->has_enc);
    put_hex(document, "signature", entry->signature, sizeof(entry->signature));
}

// What it says, or why that cannot be shown
static enum dm_status
put_quads(struct log_reply *own, json_t *document,
          const struct dm_wire_entry *entry)
{
    struct dm_payload_spec spec = {
        .role = DM_PAYLOAD_DATA,
        .log = own->log,
        .has_enc = entry->has_enc,
        .has_expected = true,
        .n = entry->n,
        .size = entry->size,
    };
    struct dm_block block;
    struct dm_payload payload;
    struct dm_error *error = &own->reply.error;
    memcpy(spec.enc, entry->enc, sizeof(spec.enc));
    if (!entry->has_data) {
        dm_json_text(document, "quads", dm_str(""));
        return DM_OK;
    }
    enum dm_status status = block_at(own, DM_BLOCK_PAYLOAD, &block);
    if (!status && !dm_cid_names(&entry->data, block.data)) {
        status = dm_error_set(error, DM_ERR_CORRUPT,
                              "cid-hash: the payload of entry %llu",
                              (unsigned long long)own->seq);
    }
    if (!status) {
        status = dm_payload_read(block.data, &spec,
                                 &own->reply.job.work.account, &payload, error);
    }
    if (status == DM_ERR_NOT_FOUND) { // Encrypted, or not kept
        dm_json_set(document, "quads", json_null());
        return DM_OK;
    }
    if (!status) {
        dm_json_text(document, "quads", payload.text);
        dm_payload_done(&payload);
    }
    return status;
}

static enum dm_status
entry_step(struct dm_reply_job *job)
{
    struct log_reply *own = (struct log_reply *)job;
    struct dm_chain *chain = NULL;
    struct dm_block block = {0};
    struct dm_wire_entry entry;
    enum dm_status status = find_log(own, &chain);
    dm_chain_free(chain);
    if (!status) {
        status = block_at(own, DM_BLOCK_ENTRY, &block);
        if (status == DM_ERR_NOT_FOUND) {
            return dm_error_set(&job->error, status,
                                "entry %llu of %s is not here",
                                (unsigned long long)own->seq, own->name);
        }
    }
    if (!status) {
        status = dm_wire_entry_read(block.data, &entry, &job->error);
    }
    if (!status) {
        status = dm_wire_entry_verify(block.data, &entry, &job->error);
    }
    if (status) {
        return status;
    }
    json_t *document = begin_document(own);
    put_entry(document, &entry, &block);
    status = put_quads(own, document, &entry);
    if (status) {
        json_decref(document);
        return status;
    }
    return dm_json_print(document, &job->out);
}

static void
show_entry(const struct dm_request *request)
{
    static const struct dm_reply_ops ops = {.name = "entry",
                                            .step = entry_step};
    dm_reply_start(request, &ops, sizeof(struct log_reply), entry_init);
}

// ------------------------------------------------------------------ all of it

// First what hangs below Head, then every block that is stored of the log
struct verify {
    struct log_reply log;
    uint8_t record[DM_RECORD_MAX];
    struct dm_audit *audit;
    bool is_audited;
    struct dm_rows_audit *rows;
    dm_log_no number;
    unsigned kind; // Of the blocks that are looked at
    struct dm_blocks *blocks;
    uint64_t n_blocks;
};

static enum dm_status
verify_init(struct dm_reply_job *job)
{
    struct dm_work *work = &job->job.work;
    work->deadline_ns = dm_env_monotonic_ns(job->request.node->env) + VERIFY_NS;
    dm_account_init(&work->account, VERIFY_MEMORY);
    return log_init(job);
}

static void
verify_done(struct dm_reply_job *job)
{
    struct verify *own = (struct verify *)job;
    dm_blocks_close(own->blocks);
    own->blocks = NULL;
    dm_audit_free(own->audit);
    own->audit = NULL;
    dm_rows_audit_free(own->rows);
    own->rows = NULL;
}

// As it stands on the disk: the audit hashes it
static enum dm_status
find_block(void *context, const struct dm_cid *cid, struct dm_str *ret)
{
    struct verify *own = context;
    struct dm_snapshot *snapshot = own->log.reply.snapshot;
    struct dm_block block;
    dm_snapshot_release_texts(snapshot);
    const enum dm_status status =
        dm_snapshot_block(snapshot, cid->bytes, &block);
    if (!status) {
        *ret = block.data;
    }
    return status;
}

static enum dm_status
compare_rows(void *context, const struct dm_wire_entry *entry,
             const struct dm_cid *cid, const struct dm_payload *payload,
             struct dm_error *error)
{
    struct verify *own = context;
    (void)entry;
    (void)cid;
    return payload ? dm_rows_audit_entry(own->rows, payload, error) : DM_OK;
}

// Take over what the store says of the log.
static enum dm_status
read_state(struct verify *own, size_t *ret_n_record)
{
    struct dm_reply_job *job = &own->log.reply;
    struct dm_chain *chain = NULL;
    char iri[DM_KEY_IRI_SIZE];
    enum dm_status status = find_log(&own->log, &chain);
    if (status == DM_ERR_CORRUPT) {
        job->http_status = 422; // A verdict, too
        return dm_error_set(&job->error, status,
                            "chain: where the log stands cannot be read");
    }
    if (status) {
        return status;
    }
    own->log.seq = chain->seq;
    *ret_n_record = chain->n_record;
    memcpy(own->record, chain->record, chain->n_record);
    dm_chain_free(chain);
    dm_key_iri(own->log.log, iri);
    status = dm_snapshot_log_number(job->snapshot, dm_str(iri), &own->number);
    if (!status && !*ret_n_record) {
        job->http_status = 409;
        status = dm_error_set(&job->error, DM_ERR_STATE,
                              "the log is not whole yet: entry %llu is not "
                              "its tip",
                              (unsigned long long)own->log.seq);
    }
    return status;
}

static enum dm_status
begin_verify(struct verify *own)
{
    struct dm_reply_job *job = &own->log.reply;
    size_t n_record = 0;
    enum dm_status status = read_state(own, &n_record);
    if (status) {
        return status;
    }
    const struct dm_audit_spec spec = {
        .log = own->log.log,
        .record = dm_str_n((const char *)own->record, n_record),
        .now_ms = job->now_ms,
        .all_signatures = true,
        .account = &job->job.work.account,
        .find = find_block,
        .entry = compare_rows,
        .context = own,
    };
    status = dm_rows_audit_new(job->snapshot, own->log.log, &own->rows);
    own->audit = status ? NULL : dm_audit_new(&spec);
    if (!status && !own->audit) {
        status = DM_ERR_NO_MEMORY;
    }
    return status ? status : DM_AGAIN;
}

static void
put_fault(json_t *document, const char *place, uint64_t seq, const char *reason)
{
    dm_json_bool(document, "good", false);
    dm_json_text(document, "place", dm_str(place));
    dm_json_int(document, "entry", (int64_t)seq);
    dm_json_text(document, "reason", dm_str(reason));
}

static enum dm_status
say_fault(struct verify *own, const char *place, uint64_t seq,
          const char *reason)
{
    json_t *document = begin_document(&own->log);
    put_fault(document, place, seq, reason);
    return dm_json_print(document, &own->log.reply.out);
}

static enum dm_status
say_audit(struct verify *own, const struct dm_audit_report *report)
{
    const bool is_newer = report->verdict == DM_ERR_UNSUPPORTED;
    const bool is_tip =
        report->place == DM_AUDIT_RECORD || report->place == DM_AUDIT_HEAD;
    return say_fault(own, dm_audit_place_text(report->place),
                     is_tip ? own->log.seq : report->seq,
                     is_newer ? "newer: of a newer protocol"
                              : report->error.what);
}

static json_t *
rows_object(const struct dm_rows_report *rows)
{
    json_t *object = json_object();
    dm_json_int(object, "equal", (int64_t)rows->equal);
    dm_json_int(object, "dropped", (int64_t)rows->dropped);
    dm_json_int(object, "unsealed", (int64_t)rows->unsealed);
    dm_json_bool(object, "older", rows->has_older);
    return object;
}

static enum dm_status
say_good(struct verify *own)
{
    const struct dm_audit_report *report = dm_audit_report(own->audit);
    struct dm_rows_report rows = {0};
    const enum dm_status status = dm_rows_audit_end(own->rows, &rows);
    if (status) {
        return status;
    }
    json_t *document = begin_document(&own->log);
    dm_json_bool(document, "good", true);
    dm_json_int(document, "entries", (int64_t)report->entries);
    dm_json_int(document, "first", (int64_t)report->first);
    dm_json_int(document, "tip", (int64_t)report->tip);
    dm_json_int(document, "silent", (int64_t)report->silent);
    dm_json_int(document, "quads", (int64_t)report->quads);
    dm_json_int(document, "events", (int64_t)report->events);
    dm_json_int(document, "unread", (int64_t)report->unread);
    dm_json_int(document, "blocks", (int64_t)own->n_blocks);
    dm_json_bool(document, "renewed", report->is_renewed);
    dm_json_time(document, "earliest",
                 report->entries ? report->earliest_ms : DM_NO_TIME);
    dm_json_time(document, "latest",
                 report->entries ? report->latest_ms : DM_NO_TIME);
    put_hex(document, "root", report->root, sizeof(report->root));
    dm_json_set(document, "rows", rows_object(&rows));
    return dm_json_print(document, &own->log.reply.out);
}

// A block is the one of its name, whether anything names it or not.
static enum dm_status
check_block(struct verify *own, const struct dm_block *block)
{
    static const char *const kinds[DM_BLOCK_KINDS] = {
        [DM_BLOCK_PAYLOAD] = "payload",   [DM_BLOCK_ENTRY] = "entry",
        [DM_BLOCK_NODE1] = "node",        [DM_BLOCK_NODE2] = "node",
        [DM_BLOCK_HEAD] = "Head",         [DM_BLOCK_PART] = "part",
        [DM_BLOCK_MANIFEST] = "Manifest", [DM_BLOCK_PROOF] = "proof",
    };
    struct dm_cid cid;
    const struct dm_str name =
        dm_str_n((const char *)block->name, sizeof(block->name));
    ++own->n_blocks;
    if (dm_cid_read(name, &cid) && dm_cid_names(&cid, block->data)) {
        return DM_AGAIN;
    }
    return say_fault(own, kinds[block->place.kind], block->place.seq,
                     "cid-hash: it is not the block of its name");
}

// Some blocks more. DM_OK: a fault was told, or all of them are good.
static enum dm_status
check_blocks(struct verify *own)
{
    struct dm_snapshot *snapshot = own->log.reply.snapshot;
    enum dm_status status = DM_AGAIN;
    struct dm_block block;
    if (own->kind == DM_BLOCK_KINDS) {
        return say_good(own);
    }
    if (!own->blocks) {
        const enum dm_status opened =
            dm_blocks_open(snapshot, own->number, (enum dm_block_kind)own->kind,
                           0, &own->blocks);
        if (opened) {
            return opened;
        }
    }
    for (int i = 0; status == DM_AGAIN && i < VERIFY_BLOCKS; ++i) {
        status = dm_blocks_next(own->blocks, &block);
        status = status ? status : check_block(own, &block);
    }
    if (status == DM_END) {
        dm_blocks_close(own->blocks);
        own->blocks = NULL;
        ++own->kind;
        status = DM_AGAIN;
    }
    return status;
}

static enum dm_status
verify_step(struct dm_reply_job *job)
{
    struct verify *own = (struct verify *)job;
    enum dm_status status = DM_OK;
    if (!own->audit) {
        return begin_verify(own);
    }
    if (own->is_audited) {
        return check_blocks(own);
    }
    for (int i = 0; !status && i < VERIFY_STEPS; ++i) {
        status = dm_audit_step(own->audit);
    }
    if (status == DM_END) {
        const struct dm_audit_report *report = dm_audit_report(own->audit);
        own->is_audited = true;
        status = report->verdict ? say_audit(own, report) : DM_AGAIN;
        return status;
    }
    return status ? status : DM_AGAIN;
}

static void
verify(const struct dm_request *request)
{
    static const struct dm_reply_ops ops = {
        .name = "verify", .step = verify_step, .done = verify_done};
    dm_reply_start(request, &ops, sizeof(struct verify), verify_init);
}

const struct dm_route dm_routes_log[] = {
    {.path = "/api/v1/log",
     .methods = DM_METHOD_GET,
     .scope = DM_SCOPE_READ,
     .handle = about},
    {.path = "/api/v1/log/entry",
     .methods = DM_METHOD_GET,
     .scope = DM_SCOPE_READ,
     .handle = show_entry},
    {.path = "/api/v1/log/verify",
     .methods = DM_METHOD_GET,
     .scope = DM_SCOPE_READ,
     .handle = verify},
    {.path = NULL},
};
