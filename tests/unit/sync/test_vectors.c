// SPDX-License-Identifier: ISC

// Names, blocks, records and CARs against the published vectors: what is
// accepted is read field by field and written again.

#include "base/buf.h"
#include "base/time.h"
#include "sync/block.h"
#include "sync/car.h"
#include "sync/cbor.h"
#include "sync/cid.h"
#include "sync/key.h"
#include "sync/record.h"
#include "tests/check.h"
#include "tests/unit/sync/vectors.h"

#include <string.h>

#define BLOCK_MAX ((size_t)1 << 20U)
#define TEXT_MAX 4096

// ----------------------------------------------------------------------- names

static enum dm_status
run_name(const struct vector *vector, struct dm_error *error)
{
    uint8_t public_key[DM_KEY_PUBLIC_BYTES];
    if (!dm_key_from_name(vector->bytes, public_key)) {
        return dm_error_set(error, DM_ERR_CORRUPT, "name-form: no name");
    }
    if (!vector->is_accepted) {
        return DM_OK;
    }
    CHECK(json_is_hex(vector->value, "pub",
                      dm_str_n((const char *)public_key, sizeof(public_key))));
    char text[DM_KEY_PEER_ID_SIZE];
    dm_key_peer_id(public_key, text);
    CHECK(dm_str_is(json_text(vector->value, "peer"), text));
    char name[DM_KEY_NAME_SIZE];
    dm_key_name(public_key, name);
    CHECK(dm_str_is(vector->bytes, name));
    return DM_OK;
}

// -------------------------------------------------------------------- dag-cbor

static json_t *
hex_of(struct dm_str bytes)
{
    struct dm_buf text;
    dm_buf_init(&text, 2 * BLOCK_MAX);
    for (size_t i = 0; i < bytes.n; ++i) {
        (void)dm_buf_printf(&text, "%02x", (unsigned)(uint8_t)bytes.data[i]);
    }
    json_t *json = json_stringn(dm_buf_cstr(&text), text.n);
    dm_buf_done(&text);
    CHECK(json);
    return json;
}

static json_t *
link_of(struct dm_str bytes)
{
    struct dm_cid cid;
    CHECK(dm_cid_read(bytes, &cid));
    char text[DM_CID_TEXT_SIZE];
    dm_cid_text(&cid, text);
    json_t *json = json_pack("{s:s}", "/", text);
    CHECK(json);
    return json;
}

static json_t *read_json(struct dm_cbor *cbor, struct dm_buf *again);

static json_t *
read_container(struct dm_cbor *cbor, const struct dm_cbor_item *item,
               struct dm_buf *again)
{
    json_t *json = item->kind == DM_CBOR_MAP ? json_object() : json_array();
    CHECK(json);
    for (uint64_t i = 0; i < item->number; ++i) {
        if (item->kind == DM_CBOR_ARRAY) {
            CHECK(json_array_append_new(json, read_json(cbor, again)) == 0);
            continue;
        }
        struct dm_cbor_item key;
        CHECK(dm_cbor_next(cbor, &key, NULL) == DM_OK && key.is_key);
        dm_cbor_put_text(again, key.bytes);
        char name[TEXT_MAX];
        CHECK(key.bytes.n < sizeof(name));
        memcpy(name, key.bytes.data, key.bytes.n);
        name[key.bytes.n] = '\0';
        CHECK(json_object_set_new(json, name, read_json(cbor, again)) == 0);
    }
    CHECK(!dm_cbor_is_open(cbor, item));
    return json;
}

// What the reader says, as the vectors print it, and once more as bytes
static json_t *
read_json(struct dm_cbor *cbor, struct dm_buf *again)
{
    struct dm_cbor_item item;
    CHECK(dm_cbor_next(cbor, &item, NULL) == DM_OK && !item.is_key);
    struct dm_cid cid;
    switch (item.kind) {
    case DM_CBOR_UINT:
        dm_cbor_put_uint(again, item.number);
        return json_integer((json_int_t)item.number);
    case DM_CBOR_NEGATIVE:
        dm_cbor_put_negative(again, item.number);
        return json_integer(-1 - (json_int_t)item.number);
    case DM_CBOR_BYTES:
        dm_cbor_put_bytes(again, item.bytes);
        return hex_of(item.bytes);
    case DM_CBOR_TEXT:
        dm_cbor_put_text(again, item.bytes);
        return json_stringn(item.bytes.data, item.bytes.n);
    case DM_CBOR_ARRAY:
        dm_cbor_put_array(again, item.number);
        return read_container(cbor, &item, again);
    case DM_CBOR_MAP:
        dm_cbor_put_map(again, item.number);
        return read_container(cbor, &item, again);
    case DM_CBOR_LINK:
        CHECK(dm_cid_read(item.bytes, &cid));
        dm_cbor_put_link(again, &cid);
        return link_of(item.bytes);
    case DM_CBOR_BOOL:
        dm_cbor_put_bool(again, item.number == 1);
        return json_boolean(item.number == 1);
    case DM_CBOR_NULL:
        dm_cbor_put_null(again);
        return json_null();
    }
    CHECK(!"a kind of item");
    return NULL;
}

// Item by item the block is the value that the vector prints, and the same
// bytes when it is written again.
static void
compare_items(const struct vector *vector)
{
    struct dm_cbor cbor;
    struct dm_buf again;
    dm_cbor_init(&cbor, vector->bytes);
    dm_buf_init(&again, BLOCK_MAX);
    json_t *json = read_json(&cbor, &again);
    struct dm_cbor_item item;
    CHECK(dm_cbor_next(&cbor, &item, NULL) == DM_END);
    CHECK(!vector->value || json_equal(json, vector->value));
    CHECK(dm_str_equal(dm_buf_str(&again), vector->bytes));
    json_decref(json);
    dm_buf_done(&again);
}

static enum dm_status
run_cbor(const struct vector *vector, struct dm_error *error)
{
    struct dm_cbor cbor;
    struct dm_cbor_item item;
    dm_cbor_init(&cbor, vector->bytes);
    enum dm_status status = DM_OK;
    while (!status) {
        status = dm_cbor_next(&cbor, &item, error);
    }
    if (status != DM_END) {
        return status;
    }
    if (vector->is_accepted) {
        compare_items(vector);
    }
    return DM_OK;
}

// ---------------------------------------------------------------------- blocks

// A block of one's own log is the one spelling of its fields, unless it has
// keys that we do not know.
static void
compare_again(const struct vector *vector, const struct dm_buf *again)
{
    CHECK_INT(again->status, DM_OK);
    CHECK(dm_str_equal(dm_buf_str(again), vector->bytes));
}

static bool
is_known_key(struct dm_str keys, const char *name)
{
    struct dm_buf word;
    dm_buf_init(&word, TEXT_MAX);
    (void)dm_buf_printf(&word, " %s ", name);
    const bool is_there = dm_str_find(keys, dm_buf_str(&word)) < keys.n;
    dm_buf_done(&word);
    return is_there;
}

// Whether each key at the top is one of `keys`, which stand between spaces
static bool
has_only(const struct vector *vector, const char *keys)
{
    struct dm_cbor cbor;
    struct dm_buf again;
    dm_cbor_init(&cbor, vector->bytes);
    dm_buf_init(&again, BLOCK_MAX);
    json_t *json = read_json(&cbor, &again);
    dm_buf_done(&again);
    bool is_known = true;
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(json, name, value)
    {
        is_known = is_known && is_known_key(dm_str(keys), name);
    }
    json_decref(json);
    return is_known;
}

static enum dm_status
check_log(const struct vector *vector, const uint8_t *log,
          struct dm_error *error)
{
    uint8_t want[DM_KEY_PUBLIC_BYTES];
    vector_log(vector, want);
    if (memcmp(log, want, sizeof(want)) != 0) {
        return dm_error_set(error, DM_ERR_CORRUPT, "log-other: another log");
    }
    return DM_OK;
}

static void
compare_entry(const struct vector *vector, struct dm_wire_entry *entry)
{
    compare_items(vector);
    uint8_t seed[DM_KEY_SEED_BYTES];
    memset(seed, 1, sizeof(seed));
    struct dm_key *key = dm_key_from_seed(seed);
    CHECK(key);
    if (memcmp(entry->log, dm_key_public(key), DM_KEY_PUBLIC_BYTES) == 0 &&
        has_only(vector, " n v enc log seq conf data prev size snap time "
                         "signature ")) {
        struct dm_buf again;
        dm_buf_init(&again, BLOCK_MAX);
        memset(entry->signature, 0, sizeof(entry->signature));
        CHECK(dm_wire_entry_write(entry, key, &again) == DM_OK);
        compare_again(vector, &again);
        dm_buf_done(&again);
    }
    dm_key_free(key);
}

static enum dm_status
run_entry(const struct vector *vector, struct dm_error *error)
{
    struct dm_wire_entry entry;
    enum dm_status status = dm_wire_entry_read(vector->bytes, &entry, error);
    if (!status) {
        status = check_log(vector, entry.log, error);
    }
    if (!status) {
        status = dm_wire_entry_verify(vector->bytes, &entry, error);
    }
    if (!status && vector->is_accepted) {
        compare_entry(vector, &entry);
    }
    return status;
}

static enum dm_status
run_node(const struct vector *vector, struct dm_error *error)
{
    struct dm_wire_node node;
    const enum dm_status status =
        dm_wire_node_read(vector->bytes, &node, error);
    if (!status && vector->is_accepted) {
        compare_items(vector);
        struct dm_buf again;
        dm_buf_init(&again, BLOCK_MAX);
        CHECK(dm_wire_node_write(&node, &again) == DM_OK);
        compare_again(vector, &again);
        dm_buf_done(&again);
    }
    return status;
}

static enum dm_status
run_manifest(const struct vector *vector, struct dm_error *error)
{
    struct dm_wire_manifest manifest;
    enum dm_status status =
        dm_wire_manifest_read(vector->bytes, &manifest, error);
    if (!status) {
        status = check_log(vector, manifest.log, error);
    }
    if (!status && vector->is_accepted) {
        compare_items(vector);
    }
    if (!status && vector->is_accepted &&
        has_only(vector, " n v enc log kind parts ")) {
        struct dm_buf again;
        dm_buf_init(&again, BLOCK_MAX);
        CHECK(dm_wire_manifest_write(&manifest, &again) == DM_OK);
        compare_again(vector, &again);
        dm_buf_done(&again);
    }
    return status;
}

static enum dm_status
run_head(const struct vector *vector, struct dm_error *error)
{
    struct dm_wire_head head;
    enum dm_status status = dm_wire_head_read(vector->bytes, &head, error);
    if (!status) {
        status = check_log(vector, head.log, error);
    }
    if (!status && vector->is_accepted) {
        compare_items(vector);
        CHECK(head.has_extra ==
              !has_only(vector, " v l1 l2 log seq tip conf note root snap tail "
                                "first anchor frontier "));
    }
    if (!status && vector->is_accepted && !head.has_extra) {
        struct dm_buf again;
        dm_buf_init(&again, BLOCK_MAX);
        CHECK(dm_wire_head_write(&head, &again) == DM_OK);
        compare_again(vector, &again);
        dm_buf_done(&again);
    }
    return status;
}

static void
compare_successor(const struct vector *vector,
                  const struct dm_wire_successor *what)
{
    compare_items(vector);
    uint8_t seed[DM_KEY_SEED_BYTES];
    memset(seed, 1, sizeof(seed));
    struct dm_key *old_key = dm_key_from_seed(seed);
    memset(seed, 2, sizeof(seed));
    struct dm_key *new_key = dm_key_from_seed(seed);
    CHECK(old_key && new_key);
    struct dm_buf again;
    dm_buf_init(&again, BLOCK_MAX);
    CHECK(dm_wire_successor_write(what, new_key, old_key, &again) == DM_OK);
    compare_again(vector, &again);
    dm_buf_done(&again);
    dm_key_free(old_key);
    dm_key_free(new_key);
}

static enum dm_status
run_successor(const struct vector *vector, struct dm_error *error)
{
    struct dm_wire_successor what;
    const enum dm_status status =
        dm_wire_successor_read(vector->bytes, &what, error);
    if (!status && vector->is_accepted) {
        compare_successor(vector, &what);
    }
    return status;
}

// Where our name for a rule is finer than the one of the vectors
static enum dm_status
rename_reason(const char *ours, const char *theirs, enum dm_status status,
              struct dm_error *error)
{
    if (status == DM_ERR_CORRUPT &&
        dm_str_starts(dm_str(error->what), dm_str(ours))) {
        return dm_error_set(error, status, "%s: %s", theirs, ours);
    }
    return status;
}

// --------------------------------------------------------------------- records

// "YYYY-MM-DDThh:mm:ss.sssZ" and the nine decimals of IPNS
static bool
is_same_time(struct dm_str text, int64_t ms)
{
    char want[DM_TIME_SIZE];
    dm_time_format(ms, want);
    return text.n == DM_TIME_SIZE - 1 + 6 &&
           memcmp(text.data, want, DM_TIME_SIZE - 2) == 0 &&
           dm_str_ends(text, (struct dm_str)DM_STR("000000Z"));
}

static void
compare_record(const struct vector *vector, const struct dm_record *record)
{
    if (!vector->value) {
        return;
    }
    char head[DM_CID_TEXT_SIZE];
    dm_cid_text(&record->head, head);
    CHECK(dm_str_is(json_text(vector->value, "head"), head));
    CHECK_INT((int64_t)record->seq,
              json_integer_value(json_object_get(vector->value, "seq")));
    CHECK_INT((int64_t)record->k,
              json_integer_value(json_object_get(vector->value, "k")));
    CHECK(
        is_same_time(json_text(vector->value, "eol"), record->valid_until_ms));
    CHECK((vector_int(vector, "now", 0) <= record->valid_until_ms) ==
          json_is_true(json_object_get(vector->value, "renewed")));

    uint8_t seed[DM_KEY_SEED_BYTES];
    memset(seed, 1, sizeof(seed));
    struct dm_key *key = dm_key_from_seed(seed);
    CHECK(key);
    struct dm_buf again;
    dm_buf_init(&again, BLOCK_MAX);
    CHECK(dm_record_write(key, &record->head, record->seq, record->k,
                          record->valid_until_ms, &again) == DM_OK);
    compare_again(vector, &again);
    dm_buf_done(&again);
    dm_key_free(key);
}

static enum dm_status
run_record(const struct vector *vector, struct dm_error *error)
{
    uint8_t log[DM_KEY_PUBLIC_BYTES];
    vector_log(vector, log);
    struct dm_record record;
    const enum dm_status status =
        dm_record_read(vector->bytes, log, &record, error);
    if (status) {
        return rename_reason("not-map", "record-form", status, error);
    }
    if (vector_bool(vector, "ipfs") &&
        vector_int(vector, "now", 0) > record.valid_until_ms) {
        return dm_error_set(error, DM_ERR_CORRUPT,
                            "record-expired: past its validity");
    }
    if (vector->is_accepted) {
        compare_record(vector, &record);
    }
    return DM_OK;
}

// ------------------------------------------------------------------------- CAR

static bool
is_nth(const struct vector *vector, const char *name, size_t i,
       const struct dm_cid *cid)
{
    if (!vector->value) {
        return true;
    }
    char text[DM_CID_TEXT_SIZE];
    dm_cid_text(cid, text);
    const json_t *const found =
        json_array_get(json_object_get(vector->value, name), i);
    return found && strcmp(json_string_value(found), text) == 0;
}

static size_t
count_of(const struct vector *vector, const char *name)
{
    return json_array_size(json_object_get(vector->value, name));
}

static enum dm_status
run_car(const struct vector *vector, struct dm_error *error)
{
    struct dm_car car;
    enum dm_status status = dm_car_open(&car, vector->bytes, true, error);
    if (status) {
        return rename_reason("key-", "car-header", status, error);
    }
    struct dm_buf again;
    dm_buf_init(&again, DM_CAR_MAX);
    CHECK(car.roots.n == 1);
    const struct dm_cid root = dm_cid_list_at(&car.roots, 0);
    CHECK(!vector->is_accepted || is_nth(vector, "roots", 0, &root));
    CHECK(dm_car_write_header(&root, 1, &again) == DM_OK);
    struct dm_car_block block;
    for (;;) {
        status = dm_car_next(&car, &block, error);
        if (status) {
            break;
        }
        CHECK(!vector->is_accepted ||
              is_nth(vector, "sections", car.n_sections - 1, &block.cid));
        CHECK(dm_car_write_block(&block.cid, block.data, &again) == DM_OK);
    }
    if (status == DM_END && vector->is_accepted) {
        CHECK(!vector->value || car.n_sections == count_of(vector, "sections"));
        compare_again(vector, &again);
    }
    dm_buf_done(&again);
    return status == DM_END ? DM_OK : status;
}

static const struct vector_kind kinds[] = {
    {.kind = "name", .run = run_name, .n = 9, .has_reasons = true},
    {.kind = "cbor", .run = run_cbor, .n = 3, .has_reasons = true},
    {.kind = "entry", .run = run_entry, .n = 100, .has_reasons = true},
    {.kind = "node", .run = run_node, .n = 19, .has_reasons = true},
    {.kind = "manifest", .run = run_manifest, .n = 22, .has_reasons = true},
    {.kind = "head", .run = run_head, .n = 34, .has_reasons = true},
    {.kind = "successor", .run = run_successor, .n = 13, .has_reasons = true},
    {.kind = "record", .run = run_record, .n = 20, .has_reasons = true},
    {.kind = "car", .run = run_car, .n = 17, .has_reasons = true},
};

int
main(void)
{
    vectors_run(kinds, DM_COUNT_OF(kinds));
    return 0;
}
