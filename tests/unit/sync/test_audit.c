// SPDX-License-Identifier: ISC

// Whole logs are found good, and what is wrong with them is named: the place,
// the entry and the rule.

#include "sync/audit.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "sync/record.h"
#include "tests/check.h"
#include "tests/unit/sync/steady.h"

#include <stdlib.h>
#include <string.h>

#define T0 INT64_C(1764000000000)
#define DM "https://w3id.org/demonitor#"

static const uint8_t seed[DM_KEY_SEED_BYTES] = {7, 7, 7};

// Where blocks come from, and what is done to one of them
struct source {
    struct steady *steady;
    struct dm_cid target;
    bool is_missing;        // The target is not there
    bool is_flipped;        // Or one of its bits is another
    enum dm_status failure; // Or it cannot be read
    char copy[DM_HEAD_MAX];
    // What was told
    uint64_t n_entries;
    uint64_t n_payloads;
    enum dm_status answer; // To be given of entry `at`
    uint64_t at;
};

static enum dm_status
find(void *context, const struct dm_cid *cid, struct dm_str *ret)
{
    struct source *const source = context;
    const bool is_target = dm_cid_equal(cid, &source->target);
    if (is_target && source->failure) {
        return source->failure;
    }
    if (is_target && source->is_missing) {
        return DM_ERR_NOT_FOUND;
    }
    struct dm_str block;
    const enum dm_status status = steady_find(source->steady, cid, &block);
    if (status) {
        return status;
    }
    // Every block is in the same room: none outlives the next
    CHECK(block.n <= sizeof(source->copy));
    memcpy(source->copy, block.data, block.n);
    if (is_target && source->is_flipped) {
        source->copy[block.n / 2] ^= 4;
    }
    *ret = dm_str_n(source->copy, block.n);
    return DM_OK;
}

static enum dm_status
tell(void *context, const struct dm_wire_entry *entry, const struct dm_cid *cid,
     const struct dm_payload *payload, struct dm_error *error)
{
    struct source *const source = context;
    const struct dm_cid want = steady_entry(source->steady, entry->seq);
    CHECK(dm_cid_equal(&want, cid));
    CHECK(!payload == !entry->has_data);
    ++source->n_entries;
    source->n_payloads += payload != NULL;
    if (source->answer && entry->seq == source->at) {
        return dm_error_set(error, source->answer, "rows: they differ");
    }
    return DM_OK;
}

struct outcome {
    enum dm_status status; // DM_END, or why it could not be carried out
    struct dm_audit_report report;
    unsigned steps;
};

static struct outcome
audit(struct source *source, const struct dm_cid *head)
{
    struct dm_buf record;
    dm_buf_init(&record, DM_RECORD_MAX);
    steady_record(source->steady, head, 0, &record);
    const struct dm_audit_spec spec = {.log = steady_log(source->steady),
                                       .record = dm_buf_str(&record),
                                       .now_ms = T0,
                                       .all_signatures =
                                           steady_seq(source->steady) < 1000,
                                       .find = find,
                                       .entry = tell,
                                       .context = source};
    struct outcome out = {.status = DM_ERR_NO_MEMORY};
    struct dm_audit *const audit = dm_audit_new(&spec);
    if (audit) {
        do {
            ++out.steps;
            out.status = dm_audit_step(audit);
        } while (!out.status);
        CHECK_INT(dm_audit_step(audit), out.status); // It stays at its end
        out.report = *dm_audit_report(audit);
    }
    dm_audit_free(audit);
    dm_buf_done(&record);
    return out;
}

static void
check_fault(const struct outcome *out, enum dm_audit_place place, uint64_t seq,
            const char *rule)
{
    CHECK_INT(out->status, DM_END);
    CHECK_INT(out->report.verdict, DM_ERR_CORRUPT);
    if (!dm_str_starts(dm_str(out->report.error.what), dm_str(rule))) {
        (void)fprintf(stderr, "%s, want %s\n", out->report.error.what, rule);
        abort();
    }
    CHECK_INT(out->report.place, place);
    CHECK_INT((int64_t)out->report.seq, (int64_t)seq);
}

// ---------------------------------------------------------------- good logs

static void
check_good(struct steady *steady, uint64_t first)
{
    struct source *const source = dm_calloc(1, sizeof(*source));
    CHECK(source);
    source->steady = steady;
    const struct dm_cid head = steady_head(steady, first);
    const struct outcome out = audit(source, &head);
    CHECK_INT(out.status, DM_END);
    if (out.report.verdict) {
        (void)fprintf(stderr, "%s %" PRIu64 ": %s\n",
                      dm_audit_place_text(out.report.place), out.report.seq,
                      out.report.error.what);
    }
    CHECK_INT(out.report.verdict, DM_OK);
    const uint64_t tip = steady_seq(steady);
    const uint64_t n = tip - first + 1;
    CHECK_INT((int64_t)out.report.first, (int64_t)first);
    CHECK_INT((int64_t)out.report.tip, (int64_t)tip);
    CHECK_INT((int64_t)out.report.entries, (int64_t)n);
    CHECK_INT((int64_t)out.report.silent,
              (int64_t)(tip / 10 - (first - 1) / 10));
    CHECK_INT((int64_t)source->n_entries, (int64_t)n);
    CHECK_INT((int64_t)source->n_payloads, (int64_t)(n - out.report.silent));
    CHECK_INT(out.report.earliest_ms, T0 + 30000 * (int64_t)first);
    CHECK_INT(out.report.latest_ms, T0 + 30000 * (int64_t)tip);
    CHECK(out.report.is_renewed && out.report.events > n / 2);
    // Each step is at most 64 entries, or a part of one Manifest
    CHECK(out.steps >= n / 64);
    dm_free(source);
}

static void
a_log_of_any_cut_is_good(void)
{
    struct steady *const steady = steady_new(seed, T0);
    static const uint64_t counts[] = {1, 9, 63, 64, 65, 130, 360};
    for (size_t i = 0; i < DM_COUNT_OF(counts); ++i) {
        steady_write(steady, counts[i]);
        check_good(steady, 1);
    }
    check_good(steady, 65);
    check_good(steady, 321);
    steady_write(steady, 8200); // Nodes of level 2, and others before them
    check_good(steady, 1);
    check_good(steady, 4033);
    check_good(steady, 8129);
    steady_free(steady);
}

// ------------------------------------------------------------------- faults

// One bit flipped in the block of each entry and each payload is named.
static void
a_flipped_bit_is_named(void)
{
    struct steady *const steady = steady_new(seed, T0);
    steady_write(steady, 70);
    const struct dm_cid head = steady_head(steady, 1);
    struct source *const source = dm_calloc(1, sizeof(*source));
    CHECK(source);
    source->steady = steady;
    source->is_flipped = true;
    for (uint64_t seq = 1; seq <= 70; ++seq) {
        source->target = steady_entry(steady, seq);
        struct outcome out = audit(source, &head);
        check_fault(&out, DM_AUDIT_ENTRY, seq, "cid-hash: ");
        CHECK_INT((int64_t)out.report.entries, (int64_t)seq - 1);

        struct dm_str block;
        struct dm_wire_entry entry;
        CHECK_INT(steady_find(steady, &source->target, &block), DM_OK);
        CHECK_INT(dm_wire_entry_read(block, &entry, NULL), DM_OK);
        if (entry.has_data) {
            source->target = entry.data;
            out = audit(source, &head);
            check_fault(&out, DM_AUDIT_ENTRY, seq, "cid-hash: ");
        }
    }
    source->target = head;
    const struct outcome out = audit(source, &head);
    check_fault(&out, DM_AUDIT_HEAD, 0, "cid-hash: ");
    dm_free(source);
    steady_free(steady);
}

static void
what_is_missing_is_named(void)
{
    struct steady *const steady = steady_new(seed, T0);
    steady_write(steady, 130);
    const struct dm_cid head_name = steady_head(steady, 1);
    struct source *const source = dm_calloc(1, sizeof(*source));
    CHECK(source);
    source->steady = steady;
    source->is_missing = true;
    struct dm_str block;
    struct dm_wire_head head;
    CHECK_INT(steady_find(steady, &head_name, &block), DM_OK);
    CHECK_INT(dm_wire_head_read(block, &head, NULL), DM_OK);

    source->target = dm_cid_list_at(&head.l1, 1);
    struct outcome out = audit(source, &head_name);
    check_fault(&out, DM_AUDIT_NODE, 65, "block-missing: ");
    source->target = steady_entry(steady, 130);
    out = audit(source, &head_name);
    check_fault(&out, DM_AUDIT_ENTRY, 130, "block-missing: ");
    // Of Manifests, those that Head names
    source->target = head.conf;
    out = audit(source, &head_name);
    check_fault(&out, DM_AUDIT_CONF, 0, "block-missing: ");
    source->target = head.snap;
    out = audit(source, &head_name);
    check_fault(&out, DM_AUDIT_SNAP, 0, "block-missing: ");
    struct dm_wire_manifest snap;
    CHECK_INT(steady_find(steady, &head.snap, &block), DM_OK);
    CHECK_INT(dm_wire_manifest_read(block, &snap, NULL), DM_OK);
    source->target = dm_cid_list_at(&snap.parts, 2);
    out = audit(source, &head_name);
    check_fault(&out, DM_AUDIT_SNAP, 0, "block-missing: ");

    // Older ones may be gone, whole or in part
    struct dm_wire_entry entry;
    const struct dm_cid older = steady_entry(steady, 60);
    CHECK_INT(steady_find(steady, &older, &block), DM_OK);
    CHECK_INT(dm_wire_entry_read(block, &entry, NULL), DM_OK);
    CHECK(entry.has_snap);
    source->target = entry.snap;
    out = audit(source, &head_name);
    CHECK_INT(out.report.verdict, DM_OK);
    CHECK_INT(steady_find(steady, &entry.snap, &block), DM_OK);
    CHECK_INT(dm_wire_manifest_read(block, &snap, NULL), DM_OK);
    source->target = dm_cid_list_at(&snap.parts, 0);
    out = audit(source, &head_name);
    CHECK_INT(out.report.verdict, DM_OK);
    // But where it is at hand it is looked at
    source->is_missing = false;
    source->is_flipped = true;
    out = audit(source, &head_name);
    check_fault(&out, DM_AUDIT_SNAP, 60, "cid-hash: ");
    dm_free(source);
    steady_free(steady);
}

// The Head over a node that says something else than what is below it
static struct dm_cid
head_with_node(struct steady *steady, const struct dm_cid *name,
               void (*change)(struct dm_wire_node *node))
{
    struct dm_str block;
    struct dm_wire_head head;
    struct dm_wire_node node;
    CHECK_INT(steady_find(steady, name, &block), DM_OK);
    CHECK_INT(dm_wire_head_read(block, &head, NULL), DM_OK);
    struct dm_cid l1[2] = {dm_cid_list_at(&head.l1, 0),
                           dm_cid_list_at(&head.l1, 1)};
    CHECK_INT(steady_find(steady, &l1[0], &block), DM_OK);
    CHECK_INT(dm_wire_node_read(block, &node, NULL), DM_OK);
    change(&node);

    struct dm_buf again;
    dm_buf_init(&again, DM_HEAD_MAX);
    CHECK_INT(dm_wire_node_write(&node, &again), DM_OK);
    l1[0] = steady_put(steady, DM_CODEC_CBOR, dm_buf_str(&again));
    head.l1 = dm_cid_list(l1, 2);
    dm_buf_clear(&again);
    CHECK_INT(dm_wire_head_write(&head, &again), DM_OK);
    const struct dm_cid cid =
        steady_put(steady, DM_CODEC_CBOR, dm_buf_str(&again));
    dm_buf_done(&again);
    return cid;
}

static void
say_later(struct dm_wire_node *node)
{
    ++node->time_max_ms;
}

static void
say_earlier(struct dm_wire_node *node)
{
    --node->time_min_ms;
}

static void
say_fewer_bytes(struct dm_wire_node *node)
{
    --node->bytes;
}

static void
say_elsewhere(struct dm_wire_node *node)
{
    node->from += DM_FAN;
    node->to += DM_FAN;
}

static void
a_node_says_what_is_below_it(void)
{
    struct steady *const steady = steady_new(seed, T0);
    steady_write(steady, 128);
    const struct dm_cid good = steady_head(steady, 1);
    struct source *const source = dm_calloc(1, sizeof(*source));
    CHECK(source);
    source->steady = steady;
    static const struct {
        void (*change)(struct dm_wire_node *node);
        const char *rule;
    } changes[] = {{say_later, "head-node: "},
                   {say_earlier, "head-node: "},
                   {say_fewer_bytes, "head-node: "},
                   {say_elsewhere, "node: "}};
    for (size_t i = 0; i < DM_COUNT_OF(changes); ++i) {
        const struct dm_cid head =
            head_with_node(steady, &good, changes[i].change);
        const struct outcome out = audit(source, &head);
        check_fault(&out, DM_AUDIT_NODE, 1, changes[i].rule);
    }
    dm_free(source);
    steady_free(steady);
}

// ----------------------------------------------------------------- Manifests

static void
put_conf_line(struct dm_buf *text, const struct steady *steady,
              const char *name)
{
    char iri[DM_KEY_IRI_SIZE];
    dm_key_iri(steady_log(steady), iri);
    CHECK_INT(dm_buf_printf(text,
                            "<https://example.net/c> <" DM
                            "name> \"%s\" <%s#config> .\n",
                            name, iri),
              DM_OK);
}

// The Head of a log of one entry, whose configuration has these names, one or
// two a part
static struct dm_cid
log_of_conf(struct steady *steady, const char *const parts[][2], size_t n,
            uint64_t n_quads)
{
    struct dm_cid names[4];
    struct dm_buf buf;
    dm_buf_init(&buf, DM_HEAD_MAX);
    for (size_t i = 0; i < n; ++i) {
        dm_buf_clear(&buf);
        put_conf_line(&buf, steady, parts[i][0]);
        if (parts[i][1]) {
            put_conf_line(&buf, steady, parts[i][1]);
        }
        names[i] = steady_put_text(steady, dm_buf_str(&buf));
    }
    struct dm_wire_manifest manifest = {
        .n = n_quads, .kind = DM_MANIFEST_CONF, .parts = dm_cid_list(names, n)};
    memcpy(manifest.log, steady_log(steady), sizeof(manifest.log));
    dm_buf_clear(&buf);
    CHECK_INT(dm_wire_manifest_write(&manifest, &buf), DM_OK);
    struct dm_wire_entry entry = {.seq = 1, .time_ms = T0, .has_conf = true};
    memcpy(entry.log, steady_log(steady), sizeof(entry.log));
    entry.conf = steady_put(steady, DM_CODEC_CBOR, dm_buf_str(&buf));
    dm_buf_clear(&buf);
    CHECK_INT(dm_wire_entry_write(&entry, steady_key(steady), &buf), DM_OK);

    const struct dm_cid tip =
        steady_put(steady, DM_CODEC_CBOR, dm_buf_str(&buf));
    struct dm_wire_head head = {.seq = 1,
                                .first = 1,
                                .tip = tip,
                                .conf = entry.conf,
                                .tail = dm_cid_list(&tip, 1)};
    memcpy(head.log, steady_log(steady), sizeof(head.log));
    dm_tree_leaf(dm_buf_str(&buf), head.root);
    dm_buf_clear(&buf);
    CHECK_INT(dm_wire_head_write(&head, &buf), DM_OK);
    const struct dm_cid cid =
        steady_put(steady, DM_CODEC_CBOR, dm_buf_str(&buf));
    dm_buf_done(&buf);
    return cid;
}

static struct outcome
audit_conf(const char *const parts[][2], size_t n, uint64_t n_quads)
{
    struct steady *const steady = steady_new(seed, T0);
    steady_write(steady, 1); // The record says entry 1
    struct source *const source = dm_calloc(1, sizeof(*source));
    CHECK(source);
    source->steady = steady;
    const struct dm_cid head = log_of_conf(steady, parts, n, n_quads);
    struct dm_buf record;
    dm_buf_init(&record, DM_RECORD_MAX);
    steady_record(steady, &head, 0, &record);
    const struct dm_audit_spec spec = {.log = steady_log(steady),
                                       .record = dm_buf_str(&record),
                                       .find = find,
                                       .context = source};
    struct dm_audit *const audit = dm_audit_new(&spec);
    CHECK(audit);
    struct outcome out = {.status = DM_OK};
    while (!out.status) {
        out.status = dm_audit_step(audit);
    }
    out.report = *dm_audit_report(audit);
    dm_audit_free(audit);
    dm_buf_done(&record);
    dm_free(source);
    steady_free(steady);
    return out;
}

static void
parts_of_a_manifest_add_up(void)
{
    static const char *const parts[][2] = {
        {"a", "d"}, {"b", NULL}, {"a", "c"}, {"c", NULL}};
    struct outcome out = audit_conf(parts, 2, 3);
    CHECK_INT(out.status, DM_END);
    CHECK_INT(out.report.verdict, DM_OK);
    out = audit_conf(parts, 2, 2);
    check_fault(&out, DM_AUDIT_CONF, 1, "quads: there are more");
    out = audit_conf(parts, 2, 4);
    check_fault(&out, DM_AUDIT_CONF, 1, "quads: there are fewer");
    out = audit_conf(parts, 3, 5);
    check_fault(&out, DM_AUDIT_CONF, 1, "part-twice: ");
    out = audit_conf(parts + 1, 2, 3);
    CHECK_INT(out.report.verdict, DM_OK);
    out = audit_conf(parts + 1, 3, 4);
    check_fault(&out, DM_AUDIT_CONF, 1, "part-twice: ");
    // Room is made for what is said, not for what there is
    out = audit_conf(parts, 3, (uint64_t)DM_QUADS_MAX * 3);
    CHECK_INT(out.report.verdict, DM_ERR_CORRUPT);
}

// ------------------------------------------------------------ who asks, ends

static void
rows_that_differ_are_a_fault(void)
{
    struct steady *const steady = steady_new(seed, T0);
    steady_write(steady, 70);
    const struct dm_cid head = steady_head(steady, 1);
    struct source *const source = dm_calloc(1, sizeof(*source));
    CHECK(source);
    source->steady = steady;
    source->at = 66;
    source->answer = DM_ERR_CORRUPT;
    struct outcome out = audit(source, &head);
    check_fault(&out, DM_AUDIT_ENTRY, 66, "rows: they differ");
    source->answer = DM_ERR_IO;
    out = audit(source, &head);
    CHECK_INT(out.status, DM_ERR_IO);

    // A source that fails is no fault of the log, whatever it says
    source->answer = DM_OK;
    source->target = steady_entry(steady, 3);
    source->failure = DM_ERR_CORRUPT;
    out = audit(source, &head);
    CHECK_INT(out.status, DM_ERR_CORRUPT);
    CHECK_INT(out.report.verdict, DM_OK);
    dm_free(source);
    steady_free(steady);
}

static void
memory_that_is_out_is_said(void)
{
    struct steady *const steady = steady_new(seed, T0);
    steady_write(steady, 12);
    const struct dm_cid head = steady_head(steady, 1);
    struct source *const source = dm_calloc(1, sizeof(*source));
    CHECK(source);
    source->steady = steady;
    struct dm_buf record;
    dm_buf_init(&record, DM_RECORD_MAX);
    steady_record(steady, &head, 0, &record);
    const struct dm_audit_spec spec = {.log = steady_log(steady),
                                       .record = dm_buf_str(&record),
                                       .all_signatures = true,
                                       .find = find,
                                       .context = source};
    size_t all = 0;
    for (size_t n = 0; !n || n < all; ++n) {
        const size_t before = dm_alloc_count();
        if (n) {
            dm_alloc_fail_after(n - 1);
        }
        struct dm_audit *const audit = dm_audit_new(&spec);
        enum dm_status status = audit ? DM_OK : DM_ERR_NO_MEMORY;
        while (!status && audit) {
            status = dm_audit_step(audit);
        }
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        if (!n) {
            all = dm_alloc_count() - before + 1;
            CHECK(all > 20);
        }
        CHECK_INT(status, n ? DM_ERR_NO_MEMORY : DM_END);
        if (audit) {
            CHECK_INT(dm_audit_report(audit)->verdict, DM_OK);
        }
        dm_audit_free(audit);
    }
    dm_buf_done(&record);
    dm_free(source);
    steady_free(steady);
}

int
main(void)
{
    a_log_of_any_cut_is_good();
    a_flipped_bit_is_named();
    what_is_missing_is_named();
    a_node_says_what_is_below_it();
    parts_of_a_manifest_add_up();
    rows_that_differ_are_a_fault();
    memory_that_is_out_is_said();
    dm_audit_free(NULL);
    return 0;
}
