// SPDX-License-Identifier: ISC

#include "tests/support/attacks.h"

#include "base/alloc.h"
#include "sync/car.h"
#include "sync/record.h"
#include "tests/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define XSD_NS "http://www.w3.org/2001/XMLSchema#"
#define DM_NS "https://w3id.org/demonitor#"
#define CHECK_IRI "https://demonitor.internal/c1"
#define OTHER_IRI                                                              \
    "ipns://k51qzi5uqu5djmw2yvf8kk5cdjc1ddc00o4d5sjwi6f79xzcay9j3gkddw5uu4"
#define IRI_SIZE 128

static const uint8_t other_log[DM_KEY_PUBLIC_BYTES] = {0xE7, 1, 2, 3};

// The next entry, of these lines
static void
put(struct maker *maker, struct maker_text *text)
{
    struct maker_entry entry = {.n = text->n};
    entry.text = maker_text_join(text);
    maker_entry(maker, &entry);
    maker_text_done(text);
    maker_tip(maker, 0);
}

static void
one_more(struct maker *maker, struct maker_entry *entry)
{
    struct maker_text text;
    char iri[IRI_SIZE];
    maker_text_init(&text);
    maker_text_event(&text, maker, CHECK_IRI, 0, iri);
    if (!entry->frame.n) {
        entry->text = maker_text_join(&text);
        entry->n = text.n;
    }
    maker_entry(maker, entry);
    maker_text_done(&text);
    maker_tip(maker, 0);
}

// ------------------------------------------------------- entries and their
// chain

static void
forged_entry(struct maker *maker)
{
    struct maker_entry entry = {.is_forged = true};
    one_more(maker, &entry);
}

static void
forged_record(struct maker *maker)
{
    maker_good(maker, 1);
    maker_tip(maker, 0);
    // A field 2 of 64 bytes is the signature, before the data
    maker->record.data[40] ^= 1;
}

static void
replayed_record(struct maker *maker)
{
    struct maker old;
    maker_init(&old, maker->seed, maker->t0_ms);
    maker_good(&old, ATTACK_BEFORE - 3);
    maker_tip(&old, 5);
    dm_buf_clear(&maker->record);
    CHECK(!dm_buf_put_str(&maker->record, dm_buf_str(&old.record)));
    maker_done(&old);
}

static void
one_good(struct maker *maker)
{
    maker_good(maker, 3);
    maker_tip(maker, 0);
}

static void
other_log_inside(struct maker *maker)
{
    struct maker_entry entry = {.log = other_log};
    one_more(maker, &entry);
}

static void
newer_protocol(struct maker *maker)
{
    struct maker_entry entry = {.is_newer = true};
    one_more(maker, &entry);
}

static void
deep_cbor(struct maker *maker)
{
    char extra[2 + 41];
    memset(extra, '\x81', sizeof(extra));
    extra[0] = '\x61';
    extra[1] = 'x';
    extra[sizeof(extra) - 1] = '\x01';
    struct maker_entry entry = {.extra = dm_str_n(extra, sizeof(extra))};
    one_more(maker, &entry);
}

static void
large_entry(struct maker *maker)
{
    static const char key[] = "\x61x\x59\x08\x00"; // 2,048 bytes
    char extra[sizeof(key) - 1 + 2048];
    memset(extra, 0, sizeof(extra));
    memcpy(extra, key, sizeof(key) - 1);
    struct maker_entry entry = {.extra = dm_str_n(extra, sizeof(extra))};
    one_more(maker, &entry);
}

static void
wrong_prev(struct maker *maker)
{
    const struct dm_cid prev = dm_cid_of(DM_CODEC_CBOR, dm_str("elsewhere"));
    struct maker_entry entry = {.prev = &prev};
    one_more(maker, &entry);
}

static void
jump(struct maker *maker)
{
    maker->shift = 5;
    struct maker_entry entry = {.n = 0};
    one_more(maker, &entry);
}

static void
late_begin(struct maker *maker)
{
    maker_good(maker, 1);
    maker_cut(maker);
    maker_good(maker, 1);
    maker_tip(maker, 0);
}

static void
early_begin(struct maker *maker)
{
    struct maker all;
    maker_good(maker, 1);
    maker_tip(maker, 0);
    maker_init(&all, maker->seed, maker->t0_ms);
    maker_good(&all, ATTACK_BEFORE - 1);
    maker_cut(&all);
    maker_good(&all, 2);
    maker->car.n = maker->car_from;
    CHECK(!dm_buf_put_str(&maker->car, dm_str_slice(dm_buf_str(&all.car),
                                                    all.car_from, all.car.n)));
    maker_done(&all);
}

static void
left_out_entry(struct maker *maker)
{
    maker_good(maker, 1);
    const size_t from = maker->car.n;
    maker_good(maker, 1);
    const size_t to = maker->car.n;
    maker_good(maker, 1);
    maker_tip(maker, 0);
    memmove(maker->car.data + from, maker->car.data + to, maker->car.n - to);
    maker->car.n -= to - from;
}

static void
left_out_payload(struct maker *maker)
{
    maker->hides = true;
    maker_good(maker, 1);
    maker->hides = false;
    maker_tip(maker, 0);
}

static void
far_times(struct maker *maker)
{
    struct maker_entry future = {.time_ms = (INT64_C(1) << 48) - 1};
    struct maker_entry past = {.time_ms = 1};
    one_more(maker, &future);
    one_more(maker, &past);
}

// ------------------------------------------------------------------------ Head

static void
wrong_root(struct maker *maker)
{
    struct dm_wire_head head;
    maker_good(maker, 1);
    maker_read_head(maker, &head);
    head.root[3] ^= 1;
    maker_tip_of(maker, 0, &head);
}

static void
wrong_conf(struct maker *maker)
{
    struct dm_wire_head head;
    maker_good(maker, 1);
    maker_read_head(maker, &head);
    head.conf = dm_cid_of(DM_CODEC_CBOR, dm_str("elsewhere"));
    maker_tip_of(maker, 0, &head);
}

static void
wrong_snap(struct maker *maker)
{
    struct dm_wire_head head;
    maker_good(maker, 1);
    maker_read_head(maker, &head);
    head.has_snap = true;
    head.snap = dm_cid_of(DM_CODEC_CBOR, dm_str("elsewhere"));
    maker_tip_of(maker, 0, &head);
}

static void
wrong_l1(struct maker *maker)
{
    struct dm_wire_head head;
    maker_good(maker, 1);
    maker_read_head(maker, &head);
    struct dm_cid node = dm_cid_of(DM_CODEC_CBOR, dm_str("elsewhere"));
    head.l1 = dm_cid_list(&node, 1);
    maker_tip_of(maker, 0, &head);
}

static void
wrong_tail(struct maker *maker)
{
    struct dm_wire_head head;
    struct dm_cid tail[DM_HEAD_TAIL_MAX];
    maker_good(maker, 1);
    maker_read_head(maker, &head);
    for (size_t i = 0; i < head.tail.n; ++i) {
        tail[i] = dm_cid_list_at(&head.tail, i);
    }
    tail[0] = dm_cid_of(DM_CODEC_CBOR, dm_str("elsewhere"));
    head.tail = dm_cid_list(tail, head.tail.n);
    maker_tip_of(maker, 0, &head);
}

// A Head that has dropped entries that came but now, and shows no snapshot that
// was seen
static void
first_unfounded(struct maker *maker)
{
    struct dm_wire_head head;
    uint8_t hash[DM_DIGEST_BYTES] = {1};
    maker_good(maker, 1);
    maker_read_head(maker, &head);
    head.first = DM_FAN + 1;
    head.l1.n = 0;
    head.has_anchor = true;
    head.anchor = dm_cid_of(DM_CODEC_CBOR, dm_str("elsewhere"));
    head.frontier = hash;
    head.n_frontier = 1;
    head.frontier_stride = sizeof(hash);
    head.has_snap = true;
    head.snap = dm_cid_of(DM_CODEC_CBOR, dm_str("elsewhere"));
    maker_tip_of(maker, 0, &head);
}

// -------------------------------------------------------------------- payloads

static void
foreign_graph(struct maker *maker)
{
    struct maker_text text;
    char iri[IRI_SIZE];
    maker_text_init(&text);
    maker_text_event(&text, maker, CHECK_IRI, 0, iri);
    maker_text_add(&text, "<%s> <" DM_NS "x> \"1\" <" OTHER_IRI "> .", iri);
    put(maker, &text);
}

static void
foreign_now(struct maker *maker)
{
    struct maker_text text;
    char iri[IRI_SIZE];
    maker_text_init(&text);
    maker_text_event(&text, maker, CHECK_IRI, 0, iri);
    maker_text_add(&text, "<" CHECK_IRI "> <" DM_NS "status> <" DM_NS
                          "ok> <" DM_NS "now> .");
    put(maker, &text);
}

static void
foreign_event(struct maker *maker)
{
    struct maker_text text;
    char iri[IRI_SIZE];
    maker_text_init(&text);
    maker_text_event(&text, maker, CHECK_IRI, 0, iri);
    maker_text_add(&text,
                   "<" OTHER_IRI "#1795536000123.0> <" DM_NS "x> \"1\" <%s> .",
                   maker->iri);
    put(maker, &text);
}

static void
blank_node(struct maker *maker)
{
    struct maker_text text;
    char iri[IRI_SIZE];
    maker_text_init(&text);
    maker_text_event(&text, maker, CHECK_IRI, 0, iri);
    maker_text_add(&text, "<%s> <" DM_NS "x> _:b <%s> .", iri, maker->iri);
    put(maker, &text);
}

static void
old_event(struct maker *maker)
{
    struct maker_text text;
    maker_text_init(&text);
    maker_text_add(&text,
                   "<%s#%" PRId64
                   ".0> <http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies> "
                   "<<( <" CHECK_IRI "> <" DM_NS "status> <" DM_NS
                   "ok> )>> <%s> .",
                   maker->iri, maker->t0_ms, maker->iri);
    maker_text_add(&text,
                   "<%s#%" PRId64 ".0> <" DM_NS
                   "at> \"2020-01-01T00:00:00.000Z\"^^<" XSD_NS
                   "dateTime> <%s> .",
                   maker->iri, maker->t0_ms, maker->iri);
    put(maker, &text);
}

static void
long_thing(struct maker *maker, const char *predicate, size_t n)
{
    struct maker_text text;
    char iri[IRI_SIZE];
    char start[2 * IRI_SIZE];
    maker_text_init(&text);
    maker_text_event(&text, maker, CHECK_IRI, 0, iri);
    (void)snprintf(start, sizeof(start), "<%s> <" DM_NS "%s>", iri, predicate);
    maker_text_add_long(&text, start, n, maker->iri);
    put(maker, &text);
}

static void
long_literal(struct maker *maker)
{
    long_thing(maker, "x", (64U << 10U) + 1);
}

static void
long_line(struct maker *maker)
{
    long_thing(maker, "x", 129U << 10U);
}

static void
long_message(struct maker *maker)
{
    long_thing(maker, "message", (4U << 10U) + 1);
}

static void
long_output(struct maker *maker)
{
    long_thing(maker, "output", (8U << 10U) + 1);
}

static void
long_iri(struct maker *maker)
{
    struct maker_text text;
    char iri[IRI_SIZE];
    char name[2100];
    maker_text_init(&text);
    maker_text_event(&text, maker, CHECK_IRI, 0, iri);
    memset(name, 'a', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    maker_text_add(&text, "<%s> <" DM_NS "x> <urn:%s> <%s> .", iri, name,
                   maker->iri);
    put(maker, &text);
}

static void
quads(struct maker *maker, unsigned n, uint64_t said)
{
    struct maker_text text;
    char iri[IRI_SIZE];
    maker_text_init(&text);
    maker_text_event(&text, maker, CHECK_IRI, 0, iri);
    for (unsigned i = 2; i < n; ++i) {
        maker_text_add(&text, "<%s> <urn:p> <urn:new:%u> <%s> .", iri, i,
                       maker->iri);
    }
    struct maker_entry entry = {.n = said};
    entry.text = maker_text_join(&text);
    maker_entry(maker, &entry);
    maker_text_done(&text);
    maker_tip(maker, 0);
}

static void
too_many_quads(struct maker *maker)
{
    quads(maker, DM_QUADS_MAX + 1, DM_QUADS_MAX);
}

static void
many_new_terms(struct maker *maker)
{
    quads(maker, DM_QUADS_MAX, DM_QUADS_MAX);
}

static void
bomb(struct maker *maker, size_t size, uint64_t said, bool has_window)
{
    struct dm_buf buf;
    dm_buf_init(&buf, (size_t)1 << 20U);
    struct maker_entry entry = {.n = 1, .size = size};
    entry.frame = maker_bomb(&buf, size, said, has_window);
    one_more(maker, &entry);
    dm_buf_done(&buf);
}

static void
bomb_ratio(struct maker *maker)
{
    bomb(maker, DM_INFLATED_MAX / 2, DM_INFLATED_MAX / 2, false);
}

static void
bomb_window(struct maker *maker)
{
    bomb(maker, 100, 100, true);
}

static void
bomb_size(struct maker *maker)
{
    bomb(maker, DM_INFLATED_MAX, UINT64_C(1) << 60U, false);
}

static void
bomb_lie(struct maker *maker)
{
    bomb(maker, DM_INFLATED_MAX, 100, false);
}

static void
no_frame(struct maker *maker)
{
    struct maker_entry entry = {
        .n = 1, .size = 3, .frame = dm_str("not a frame of zstd")};
    one_more(maker, &entry);
}

static void
values(struct maker *maker, const char *check, const char *const *labels,
       size_t n)
{
    struct maker_text text;
    char iri[IRI_SIZE];
    maker_text_init(&text);
    maker_text_event(&text, maker, check, 0, iri);
    for (size_t i = 0; i < n; ++i) {
        char label[24];
        (void)snprintf(label, sizeof(label), "m%zu", i);
        maker_text_add(&text,
                       "<%s> <%s#%s> \"0.5\"^^<" XSD_NS "decimal> <%s> .", iri,
                       check, labels ? labels[i] : label, maker->iri);
    }
    put(maker, &text);
}

static void
many_values(struct maker *maker)
{
    values(maker, CHECK_IRI, NULL, 300);
}

static void
odd_labels(struct maker *maker)
{
    static const char *const labels[] = {"%00", "%FF%FE", "a%00b", "%27%5C"};
    values(maker, CHECK_IRI, labels, DM_COUNT_OF(labels));
}

// The metric of a check that is called like the log has an event's name.
static void
check_is_log(struct maker *maker)
{
    static const char *const labels[] = {"1795536000123.0"};
    values(maker, maker->iri, labels, DM_COUNT_OF(labels));
}

static void
failure_is_event(struct maker *maker)
{
    struct maker_text text;
    char iri[IRI_SIZE];
    maker_text_init(&text);
    maker_text_event(&text, maker, CHECK_IRI, 0, iri);
    maker_text_add(&text, "<%s> <" DM_NS "failure> <%s#1795536000123.0> <%s> .",
                   iri, maker->iri, maker->iri);
    put(maker, &text);
}

static void
two_values(struct maker *maker)
{
    struct maker_text text;
    char iri[IRI_SIZE];
    maker_text_init(&text);
    maker_text_event(&text, maker, CHECK_IRI, 0, iri);
    for (int i = 1; i < 3; ++i) {
        maker_text_add(&text,
                       "<%s> <" CHECK_IRI "#a> \"%d.0\"^^<" XSD_NS
                       "decimal> <%s> .",
                       iri, i, maker->iri);
    }
    put(maker, &text);
}

// ------------------------------------------------------------------- Manifests

static void
manifest(struct maker *maker, enum dm_manifest_kind kind, const uint8_t *log,
         const char *line)
{
    struct maker_text text;
    maker_text_init(&text);
    maker_text_add(&text, "%s", line);
    const struct dm_cid cid =
        maker_manifest(maker, kind, log, maker_text_join(&text), text.n);
    struct maker_entry entry = {.n = 0};
    if (kind == DM_MANIFEST_SNAP) {
        entry.snap = &cid;
    } else {
        entry.conf = &cid;
    }
    one_more(maker, &entry);
    maker_text_done(&text);
}

static void
own_conf(struct maker *maker, const uint8_t *log, const char *graph)
{
    char line[1024];
    (void)snprintf(line, sizeof(line),
                   "<" CHECK_IRI "> <" DM_NS "name> \"c\" <%s> .", graph);
    manifest(maker, DM_MANIFEST_CONF, log, line);
}

static void
foreign_manifest(struct maker *maker)
{
    char graph[IRI_SIZE];
    (void)snprintf(graph, sizeof(graph), "%s#config", maker->iri);
    own_conf(maker, other_log, graph);
}

static void
foreign_config(struct maker *maker)
{
    own_conf(maker, dm_key_public(maker->key), OTHER_IRI "#config");
}

static void
missing_part(struct maker *maker)
{
    char line[1024];
    struct dm_wire_manifest wire = {.n = 1, .kind = DM_MANIFEST_CONF};
    const struct dm_cid part = dm_cid_of(DM_CODEC_RAW, dm_str("kept back"));
    struct dm_buf block;
    (void)line;
    memcpy(wire.log, dm_key_public(maker->key), sizeof(wire.log));
    wire.parts = dm_cid_list(&part, 1);
    dm_buf_init(&block, DM_MANIFEST_MAX);
    CHECK(!dm_wire_manifest_write(&wire, &block));
    const struct dm_cid cid =
        maker_block(maker, DM_CODEC_CBOR, dm_buf_str(&block));
    struct maker_entry entry = {.conf = &cid};
    one_more(maker, &entry);
    dm_buf_done(&block);
}

static void
state(struct maker *maker, const char *more, const char *graph)
{
    struct maker_text text;
    maker_text_init(&text);
    const char *const what[] = {
        "check> <" CHECK_IRI ">", "status> <" DM_NS "critical>",
        "at> \"2026-11-24T16:00:00.123Z\"^^<" XSD_NS "dateTime>", more};
    for (size_t i = 0; i < DM_COUNT_OF(what); ++i) {
        maker_text_add(&text, "<%s#state:c1> <" DM_NS "%s <%s> .", maker->iri,
                       what[i], graph);
    }
    const struct dm_cid cid =
        maker_manifest(maker, DM_MANIFEST_SNAP, dm_key_public(maker->key),
                       maker_text_join(&text), text.n);
    struct maker_entry entry = {.snap = &cid};
    one_more(maker, &entry);
    maker_text_done(&text);
}

static void
foreign_state(struct maker *maker)
{
    state(maker, "streak> \"1\"^^<" XSD_NS "integer>", OTHER_IRI "#state");
}

static void
odd_state(struct maker *maker)
{
    char graph[IRI_SIZE];
    (void)snprintf(graph, sizeof(graph), "%s#state", maker->iri);
    state(maker, "streak> \"many\"", graph);
}

static void
large_count(struct maker *maker)
{
    char graph[IRI_SIZE];
    (void)snprintf(graph, sizeof(graph), "%s#state", maker->iri);
    state(maker, "streak> \"9223372036854775807\"^^<" XSD_NS "integer>", graph);
}

// Another entry than the last one held, and one that follows it
static void
forked(struct maker *maker)
{
    struct maker twin;
    maker_init(&twin, maker->seed, maker->t0_ms);
    maker_good(&twin, ATTACK_BEFORE - 1);
    struct maker_entry entry = {.time_ms = maker->t0_ms};
    one_more(&twin, &entry);
    maker_cut(&twin);
    maker_good(&twin, 1);
    maker_tip(&twin, 0);
    maker_done(maker);
    *maker = twin;
}

// ------------------------------------------------------------ bytes of a CAR

static void
cut_short(struct dm_buf *car)
{
    car->n -= 7;
}

static void
flip_payload(struct dm_buf *car)
{
    car->data[car->n - 5] ^= 1;
}

static void
flip_header(struct dm_buf *car)
{
    car->data[5] ^= 1;
}

static void
add_garbage(struct dm_buf *car)
{
    CHECK(!dm_buf_puts(car, "garbage"));
}

static void
nothing(struct dm_buf *car)
{
    dm_buf_clear(car);
    CHECK(!dm_buf_puts(car, "{}"));
}

const struct attack attacks[] = {
    {"forged-entry", forged_entry, NULL, ATTACK_REFUSED, "signature", false},
    {"forged-record", forged_record, NULL, ATTACK_REFUSED, "", false},
    {"replayed-record", replayed_record, NULL, ATTACK_IGNORED, NULL, false},
    {"cut-car", one_good, cut_short, ATTACK_REFUSED, "car", false},
    {"flipped-payload", one_good, flip_payload, ATTACK_REFUSED, "cid-hash",
     false},
    {"flipped-header", one_good, flip_header, ATTACK_REFUSED, "", false},
    {"garbage-behind", one_good, add_garbage, ATTACK_REFUSED, "car", false},
    {"no-car", one_good, nothing, ATTACK_REFUSED, "car", false},
    {"other-log", other_log_inside, NULL, ATTACK_REFUSED, "log", false},
    {"newer-protocol", newer_protocol, NULL, ATTACK_REFUSED, "newer", false},
    {"deep-cbor", deep_cbor, NULL, ATTACK_REFUSED, "depth", false},
    {"large-entry", large_entry, NULL, ATTACK_REFUSED, "limit", false},
    {"wrong-prev", wrong_prev, NULL, ATTACK_REFUSED, "", false},
    {"jump", jump, NULL, ATTACK_REFUSED, "", false},
    {"late-begin", late_begin, NULL, ATTACK_REFUSED, "", false},
    {"early-begin", early_begin, NULL, ATTACK_REFUSED, "begin", true},
    {"left-out-entry", left_out_entry, NULL, ATTACK_REFUSED, "follow", false},
    {"left-out-payload", left_out_payload, NULL, ATTACK_REFUSED, "payload",
     false},
    {"far-times", far_times, NULL, ATTACK_ACCEPTED, NULL, false},
    {"wrong-root", wrong_root, NULL, ATTACK_REFUSED, "head-root", false},
    {"wrong-conf", wrong_conf, NULL, ATTACK_REFUSED, "head-conf", false},
    {"wrong-snap", wrong_snap, NULL, ATTACK_REFUSED, "head-snap", false},
    {"wrong-l1", wrong_l1, NULL, ATTACK_REFUSED, "head-index", false},
    {"wrong-tail", wrong_tail, NULL, ATTACK_REFUSED, "head-index", false},
    {"first-unfounded", first_unfounded, NULL, ATTACK_REFUSED, "head-", false},
    {"foreign-graph", foreign_graph, NULL, ATTACK_REFUSED, "graph", false},
    {"foreign-now", foreign_now, NULL, ATTACK_REFUSED, "subject", false},
    {"foreign-event", foreign_event, NULL, ATTACK_REFUSED, "subject", false},
    {"blank-node", blank_node, NULL, ATTACK_REFUSED, "", false},
    {"old-event", old_event, NULL, ATTACK_REFUSED, "event", false},
    {"long-literal", long_literal, NULL, ATTACK_REFUSED, "limit", false},
    {"long-line", long_line, NULL, ATTACK_REFUSED, "limit", false},
    {"long-message", long_message, NULL, ATTACK_REFUSED, "limit", false},
    {"long-output", long_output, NULL, ATTACK_REFUSED, "limit", false},
    {"long-iri", long_iri, NULL, ATTACK_REFUSED, "limit", false},
    {"too-many-quads", too_many_quads, NULL, ATTACK_REFUSED, "limit", false},
    {"many-new-terms", many_new_terms, NULL, ATTACK_ACCEPTED, NULL, false},
    {"bomb-ratio", bomb_ratio, NULL, ATTACK_REFUSED, "limit-ratio", false},
    {"bomb-window", bomb_window, NULL, ATTACK_REFUSED, "zstd-window", false},
    {"bomb-size", bomb_size, NULL, ATTACK_REFUSED, "limit", false},
    {"bomb-lie", bomb_lie, NULL, ATTACK_REFUSED, "", false},
    {"no-frame", no_frame, NULL, ATTACK_REFUSED, "zstd-magic", false},
    {"many-values", many_values, NULL, ATTACK_ACCEPTED, NULL, false},
    {"odd-labels", odd_labels, NULL, ATTACK_ACCEPTED, NULL, false},
    {"check-is-log", check_is_log, NULL, ATTACK_ACCEPTED, NULL, false},
    {"failure-is-event", failure_is_event, NULL, ATTACK_ACCEPTED, NULL, false},
    {"two-values", two_values, NULL, ATTACK_REFUSED, "event-shape", false},
    {"foreign-manifest", foreign_manifest, NULL, ATTACK_REFUSED, "log", false},
    {"foreign-config", foreign_config, NULL, ATTACK_REFUSED, "graph", false},
    {"forked", forked, NULL, ATTACK_FROZEN, NULL, false},
    {"missing-part", missing_part, NULL, ATTACK_REFUSED, "block-missing",
     false},
    {"foreign-state", foreign_state, NULL, ATTACK_REFUSED, "graph", false},
    {"odd-state", odd_state, NULL, ATTACK_ACCEPTED, NULL, false},
    {"large-count", large_count, NULL, ATTACK_ACCEPTED, NULL, false},
};
const size_t n_attacks = DM_COUNT_OF(attacks);
