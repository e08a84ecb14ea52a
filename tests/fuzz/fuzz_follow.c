// SPDX-License-Identifier: ISC

// A log that is held here goes on with what the bytes say: nothing ends the
// program, and no graph changes but the log's own.
//
//     kind (1 byte) | bytes; 0x01 in a text stands for the log's IRI
//
//     0  a CAR as it is           3  the text of a snapshot of a new log
//     1  the text of a payload    4  keys of an entry behind "v"
//     2  the text of a conf       5  a Head block, named by a good record

#include "base/map.h"
#include "sync/car.h"
#include "sync/follow.h"
#include "sync/record.h"
#include "tests/support/log_maker.h"
#include "tests/unit/quadstore/fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SEED 9
#define NEW_SEED 10
#define T0_MS INT64_C(1795536000000)
#define BEFORE 3
#define TEXT_MAX ((size_t)1 << 20U)

enum kind {
    KIND_CAR,
    KIND_DATA,
    KIND_CONF,
    KIND_SNAP,
    KIND_EXTRA,
    KIND_HEAD,
    KINDS,
};

static void
drop(void *context, enum dm_log_level level, struct dm_str line)
{
    (void)context;
    (void)level;
    (void)line;
}

static int64_t
no_clock(void *context)
{
    (void)context;
    return 0;
}

// ---------------------------------------------------------------------- store

static struct dm_follow_input
input_of(struct maker *maker, struct dm_str car)
{
    return (struct dm_follow_input){
        .log = dm_key_public(maker->key),
        .record = dm_buf_str(&maker->record),
        .car = car,
        .after = maker->car_after,
        .limit = 1000,
        .rows = DM_FOLLOW_ROWS_ALL,
        .now_ms = T0_MS,
    };
}

// All quads but those of the two graphs of `iri`
static uint64_t
print_of(struct dm_snapshot *snapshot, const char *iri)
{
    const struct dm_dataset dataset = {.all_named = true};
    const struct dm_scan_spec spec = {.dataset = &dataset,
                                      .scope = DM_SCOPE_NAMED};
    char config[128];
    struct dm_scan *scan = NULL;
    struct dm_quad_ids quad;
    uint64_t print = 0;
    (void)snprintf(config, sizeof(config), "%s#config", iri);
    const dm_id own[] = {intern(snapshot, iri), intern(snapshot, config)};
    CHECK_INT(dm_scan_open(snapshot, &spec, &scan), DM_OK);
    while (!dm_scan_next(scan, &quad)) {
        if (quad.g != own[0] && quad.g != own[1]) {
            print += dm_hash(dm_str_n((const char *)&quad, sizeof(quad)), 1);
        }
    }
    dm_scan_close(scan);
    return print;
}

// Merge, and undo it unless `stays`.
static enum dm_status
take(struct fixture *at, const struct dm_follow_input *input, const char *iri,
     bool stays)
{
    struct dm_follow_batch *batch = NULL;
    struct dm_error error = {0};
    struct dm_snapshot *snapshot = snapshot_of(at);
    enum dm_status status =
        dm_follow_verify(snapshot, &at->env, input, &batch, &error);
    const uint64_t before = print_of(snapshot, iri);
    dm_snapshot_close(snapshot);
    if (status) {
        return status;
    }
    struct dm_txn *txn = begin(at);
    status = dm_follow_apply(batch, &at->env, txn);
    if (!status) {
        CHECK_INT(dm_txn_snapshot(txn, &at->work, &snapshot), DM_OK);
        CHECK(print_of(snapshot, iri) == before);
        dm_snapshot_close(snapshot);
    }
    if (!status && stays) {
        commit(txn);
    } else {
        dm_txn_rollback(txn);
    }
    dm_follow_batch_free(batch);
    return status;
}

static void
begin_store(struct fixture *at)
{
    const struct dm_log_options options = {
        .level = DM_LOG_ERROR, .write = drop, .clock = no_clock};
    struct dm_log *log = dm_log_new(&options);
    CHECK(log);
    fixture_init(at, false);
    dm_env_init_system(&at->env, log);
    // Somebody else's
    struct dm_txn *txn = begin(at);
    add(txn, put(txn, "urn:s"), put(txn, "urn:p"), put(txn, "\"o\""),
        put(txn, "urn:g"));
    commit(txn);
    struct maker maker;
    for (uint8_t seed = SEED - 1; seed <= SEED; ++seed) {
        maker_init(&maker, seed, T0_MS);
        maker_good(&maker, BEFORE);
        maker_tip(&maker, 0);
        const struct dm_follow_input input =
            input_of(&maker, maker_car(&maker, false));
        CHECK_INT(take(at, &input, maker.iri, true), DM_OK);
        maker_done(&maker);
    }
}

// --------------------------------------------------------------------- attacks

// The text, with the log's IRI in its places, and its lines
static uint64_t
expand(const struct maker *maker, struct dm_str bytes, struct dm_buf *text)
{
    uint64_t n = 0;
    for (size_t i = 0; i < bytes.n; ++i) {
        n += bytes.data[i] == '\n';
        if (bytes.data[i] == '\x01') {
            (void)dm_buf_puts(text, maker->iri);
        } else {
            (void)dm_buf_putc(text, bytes.data[i]);
        }
    }
    return n ? n : 1;
}

static void
put_entry(struct maker *maker, enum kind kind, struct dm_str bytes)
{
    struct dm_buf text;
    struct maker_entry entry = {.n = 0};
    struct dm_cid cid;
    dm_buf_init(&text, TEXT_MAX);
    const uint64_t n = expand(maker, bytes, &text);
    if (kind == KIND_EXTRA) {
        entry.extra = bytes;
    } else if (kind == KIND_DATA && text.n) {
        entry.text = dm_buf_str(&text);
        entry.n = n;
    } else if (text.n) {
        const bool is_snap = kind == KIND_SNAP;
        cid =
            maker_manifest(maker, is_snap ? DM_MANIFEST_SNAP : DM_MANIFEST_CONF,
                           dm_key_public(maker->key), dm_buf_str(&text), n);
        entry.snap = is_snap ? &cid : NULL;
        entry.conf = is_snap ? NULL : &cid;
    }
    if (!text.status) {
        maker_entry(maker, &entry);
    }
    maker_tip(maker, 1);
    dm_buf_done(&text);
}

static struct dm_str
car_of(const struct maker *maker, size_t from, struct dm_buf *car)
{
    CHECK(!dm_car_write_header(&maker->blocks[from].cid, 1, car));
    for (size_t i = from; i < from + 2; ++i) {
        CHECK(!dm_car_write_block(&maker->blocks[i].cid,
                                  dm_buf_str(&maker->blocks[i].data), car));
    }
    return dm_buf_str(car);
}

// A log that is not held begins with its present.
static void
try_start(struct fixture *at, struct dm_str bytes)
{
    struct maker maker;
    struct dm_buf conf;
    struct dm_buf snap;
    maker_init(&maker, NEW_SEED, T0_MS);
    dm_buf_init(&conf, TEXT_MAX * 2);
    dm_buf_init(&snap, TEXT_MAX * 2);
    maker_good(&maker, 1);
    const size_t from = maker.n_blocks;
    put_entry(&maker, KIND_SNAP, bytes);
    struct dm_follow_input input = input_of(&maker, dm_str_n("", 0));
    input.head = dm_buf_str(&maker.head);
    input.conf = car_of(&maker, 0, &conf);
    if (maker.chain->has_snap) {
        input.snap = car_of(&maker, from, &snap);
    }
    (void)take(at, &input, maker.iri, false);
    dm_buf_done(&conf);
    dm_buf_done(&snap);
    maker_done(&maker);
}

static void
try_head(struct fixture *at, struct maker *maker, struct dm_str bytes)
{
    const struct dm_cid cid = dm_cid_of(DM_CODEC_CBOR, bytes);
    dm_buf_clear(&maker->record);
    CHECK(!dm_record_write(maker->key, &cid, BEFORE, 1, T0_MS * 2,
                           &maker->record));
    struct dm_follow_input input = input_of(maker, dm_str_n("", 0));
    input.head = bytes;
    (void)take(at, &input, maker->iri, false);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fixture at;
    if (!at.store) {
        begin_store(&at);
    }
    if (size < 2 || size > TEXT_MAX / 128) {
        return 0;
    }
    const enum kind kind = (enum kind)(data[0] % KINDS);
    const struct dm_str bytes = dm_str_n((const char *)data + 1, size - 1);
    if (kind == KIND_SNAP) {
        try_start(&at, bytes);
        return 0;
    }
    struct maker maker;
    maker_init(&maker, SEED, T0_MS);
    maker_good(&maker, BEFORE);
    maker_cut(&maker);
    if (kind == KIND_HEAD) {
        try_head(&at, &maker, bytes);
    } else if (kind == KIND_CAR) {
        maker_good(&maker, 1);
        maker_tip(&maker, 1);
        struct dm_follow_input input = input_of(&maker, bytes);
        (void)take(&at, &input, maker.iri, false);
        input.is_push = true;
        (void)take(&at, &input, maker.iri, false);
    } else {
        put_entry(&maker, kind, bytes);
        const struct dm_follow_input input =
            input_of(&maker, maker_car(&maker, false));
        (void)take(&at, &input, maker.iri, false);
    }
    maker_done(&maker);
    return 0;
}
