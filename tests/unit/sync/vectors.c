// SPDX-License-Identifier: ISC

#include "tests/unit/sync/vectors.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "sync/cid.h"
#include "tests/check.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define OUR_FILE "tests/data/wire-vectors.json"
#define BYTES_MAX (64U << 20U)
#define PATH_SIZE 1024

static const json_t *
member(const json_t *json, const char *name)
{
    const json_t *found = json_object_get(json, name);
    if (!found) {
        (void)fprintf(stderr, "no member %s\n", name);
    }
    CHECK(found);
    return found;
}

struct dm_str
json_text(const json_t *json, const char *name)
{
    const json_t *text = member(json, name);
    CHECK(json_is_string(text));
    return dm_str_n(json_string_value(text), json_string_length(text));
}

bool
vector_has(const struct vector *vector, const char *name)
{
    return json_object_get(vector->json, name) != NULL;
}

struct dm_str
vector_text(const struct vector *vector, const char *name)
{
    return vector_has(vector, name) ? json_text(vector->json, name)
                                    : dm_str("");
}

int64_t
vector_int(const struct vector *vector, const char *name, int64_t otherwise)
{
    if (!vector_has(vector, name)) {
        return otherwise;
    }
    const json_t *number = member(vector->json, name);
    CHECK(json_is_integer(number));
    return json_integer_value(number);
}

bool
vector_bool(const struct vector *vector, const char *name)
{
    return json_is_true(json_object_get(vector->json, name));
}

void
vector_hex(const struct vector *vector, const char *name, struct dm_buf *buf)
{
    bytes_from_hex(json_text(vector->json, name), buf);
}

void
vector_log(const struct vector *vector, uint8_t public_key[DM_KEY_PUBLIC_BYTES])
{
    CHECK(dm_key_from_name(json_text(vector->json, "log"), public_key));
}

void
bytes_from_hex(struct dm_str digits, struct dm_buf *buf)
{
    char *room = dm_buf_reserve(buf, digits.n / 2);
    assert(room && digits.n % 2 == 0);
    size_t n = 0;
    CHECK(sodium_hex2bin((uint8_t *)room, digits.n / 2, digits.data, digits.n,
                         NULL, &n, NULL) == 0);
    CHECK(n == digits.n / 2);
    buf->n += n;
}

void
bytes_from_base64(struct dm_str digits, struct dm_buf *buf)
{
    char *room = dm_buf_reserve(buf, digits.n);
    CHECK(room);
    size_t n = 0;
    CHECK(sodium_base642bin((uint8_t *)room, digits.n, digits.data, digits.n,
                            NULL, &n, NULL,
                            sodium_base64_VARIANT_ORIGINAL) == 0);
    buf->n += n;
}

bool
json_is_hex(const json_t *json, const char *name, struct dm_str bytes)
{
    struct dm_buf buf;
    dm_buf_init(&buf, BYTES_MAX);
    bytes_from_hex(json_text(json, name), &buf);
    const bool is_same = dm_str_equal(dm_buf_str(&buf), bytes);
    dm_buf_done(&buf);
    return is_same;
}

// ------------------------------------------------------------ a vector's bytes

// `text` with each "{}" replaced by `number`, filled with zeros
static void
put_counted(struct dm_str text, int64_t number, int width, struct dm_buf *buf)
{
    const struct dm_str mark = DM_STR("{}");
    for (;;) {
        const size_t at = dm_str_find(text, mark);
        (void)dm_buf_put_str(buf, dm_str_slice(text, 0, at));
        if (at == text.n) {
            return;
        }
        (void)dm_buf_printf(buf, "%0*" PRId64, width, number);
        text = dm_str_slice(text, at + mark.n, text.n);
    }
}

// A piece: a text, a text some times over, or one for each number of a range
static void
put_piece(const json_t *piece, struct dm_buf *buf)
{
    if (json_is_string(piece)) {
        (void)dm_buf_put(buf, json_string_value(piece),
                         json_string_length(piece));
        return;
    }
    if (json_object_get(piece, "repeat")) {
        const struct dm_str text = json_text(piece, "repeat");
        const json_int_t times = json_integer_value(member(piece, "times"));
        for (json_int_t i = 0; i < times; ++i) {
            (void)dm_buf_put_str(buf, text);
        }
        return;
    }
    const json_t *range = member(piece, "count");
    const struct dm_str text = json_text(piece, "text");
    const int width = (int)json_integer_value(member(piece, "width"));
    const json_int_t last = json_integer_value(json_array_get(range, 1));
    for (json_int_t i = json_integer_value(json_array_get(range, 0)); i <= last;
         ++i) {
        put_counted(text, i, width, buf);
    }
}

static void
put_pieces(const json_t *pieces, struct dm_buf *buf)
{
    if (json_is_array(pieces)) {
        for (size_t i = 0; i < json_array_size(pieces); ++i) {
            put_piece(json_array_get(pieces, i), buf);
        }
    } else {
        put_piece(pieces, buf);
    }
    CHECK_INT(buf->status, DM_OK);
}

static void
put_bytes(const json_t *vector, struct dm_buf *buf)
{
    if (json_object_get(vector, "base64")) {
        bytes_from_base64(json_text(vector, "base64"), buf);
        return;
    }
    const json_t *const text = json_object_get(vector, "text");
    if (text) {
        put_pieces(text, buf);
        return;
    }
    struct dm_buf digits;
    dm_buf_init(&digits, BYTES_MAX);
    put_pieces(member(vector, "hex"), &digits);
    bytes_from_hex(dm_buf_str(&digits), buf);
    dm_buf_done(&digits);
}

// --------------------------------------------------------------------- running

struct run {
    const struct vector_kind *kinds;
    size_t n_kinds;
    size_t *n_run; // Of each kind
    size_t n_failed;
};

static enum dm_status
expected(struct dm_str text)
{
    if (dm_str_is(text, "accepted")) {
        return DM_OK;
    }
    if (dm_str_is(text, "newer")) {
        return DM_ERR_UNSUPPORTED;
    }
    CHECK(dm_str_is(text, "refused"));
    return DM_ERR_CORRUPT;
}

static const char *
name_of(enum dm_status status)
{
    if (status == DM_OK) {
        return "accepted";
    }
    if (status == DM_ERR_UNSUPPORTED) {
        return "newer";
    }
    return status == DM_ERR_CORRUPT ? "refused" : dm_status_text(status);
}

// The name of `bytes`, as a raw block or as a dag-cbor one
static bool
has_cid(struct dm_str bytes, struct dm_str text)
{
    struct dm_cid cid;
    return dm_cid_from_text(text, &cid) && dm_cid_names(&cid, bytes);
}

// A reason is all before the colon
static bool
is_reason(const struct dm_error *error, struct dm_str reason)
{
    const struct dm_str what = dm_str(error->what);
    return dm_str_starts(what, reason) &&
           (what.n == reason.n || what.data[reason.n] == ':');
}

// `bytes` in room of exactly their size, so that reading over the end is seen
static char *
exact_copy(struct dm_str bytes)
{
    char *copy = dm_malloc(bytes.n);
    CHECK(copy);
    if (bytes.n) {
        memcpy(copy, bytes.data, bytes.n);
    }
    return copy;
}

static bool
run_one(const struct vector_kind *kind, const json_t *json)
{
    struct dm_buf buf;
    dm_buf_init(&buf, BYTES_MAX);
    put_bytes(json, &buf);
    char *const copy = exact_copy(dm_buf_str(&buf));
    const enum dm_status want = expected(json_text(json, "expect"));
    const struct vector vector = {
        .id = json_text(json, "id").data,
        .bytes = dm_str_n(copy, buf.n),
        .is_accepted = want == DM_OK,
        .value = json_object_get(json, "value"),
        .json = json,
    };
    struct dm_error error = {.status = DM_OK};
    const enum dm_status got = kind->run(&vector, &error);
    bool is_good = got == want;
    if (!is_good) {
        (void)fprintf(stderr, "%s: %s, want %s (%s)\n", vector.id, name_of(got),
                      name_of(want), error.what);
    } else if (got == DM_ERR_CORRUPT && !strchr(error.what, ':')) {
        is_good = false;
        (void)fprintf(stderr, "%s: refused without a reason: %s\n", vector.id,
                      error.what);
    } else if (got == DM_ERR_CORRUPT && kind->has_reasons &&
               !is_reason(&error, vector_text(&vector, "reason"))) {
        is_good = false;
        (void)fprintf(stderr, "%s: refused for %s, not for %s\n", vector.id,
                      error.what, vector_text(&vector, "reason").data);
    }
    if (vector.is_accepted && vector_has(&vector, "cid") &&
        !has_cid(vector.bytes, vector_text(&vector, "cid"))) {
        is_good = false;
        (void)fprintf(stderr, "%s: its name is another\n", vector.id);
    }
    dm_free(copy);
    dm_buf_done(&buf);
    return is_good;
}

static void
run_file(struct run *run, const json_t *file)
{
    const json_t *const vectors = member(file, "vectors");
    for (size_t i = 0; i < json_array_size(vectors); ++i) {
        const json_t *const json = json_array_get(vectors, i);
        const struct dm_str name = json_text(json, "kind");
        for (size_t k = 0; k < run->n_kinds; ++k) {
            if (dm_str_is(name, run->kinds[k].kind)) {
                ++run->n_run[k];
                run->n_failed += !run_one(&run->kinds[k], json);
            }
        }
    }
}

static json_t *
load(const char *path)
{
    json_error_t error;
    json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!file) {
        return NULL;
    }
    CHECK(dm_str_is(json_text(file, "format"), "demonitor-wire-vectors"));
    CHECK_INT(json_integer_value(member(file, "v")), 1);
    return file;
}

static void
run_shared_file(struct run *run)
{
    // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
    const char *const shared = getenv("DM_SHARED");
    char path[PATH_SIZE];
    const int n = snprintf(path, sizeof(path), "%s/wire/vectors.json",
                           shared ? shared : "../shared");
    CHECK(n > 0 && n < PATH_SIZE);
    json_t *file = load(path);
    if (!file) {
        (void)printf("skipped: no vectors at %s\n", path);
        return;
    }
    run_file(run, file);
    json_decref(file);
}

void
vectors_run(const struct vector_kind *kinds, size_t n)
{
    struct run run = {.kinds = kinds, .n_kinds = n};
    run.n_run = dm_calloc(n, sizeof(*run.n_run));
    CHECK(run.n_run);
    json_t *file = load(OUR_FILE);
    CHECK(file);
    run_file(&run, file);
    json_decref(file);
    for (size_t i = 0; i < n; ++i) {
        (void)printf("%s: %zu vectors\n", kinds[i].kind, run.n_run[i]);
        CHECK_INT((int64_t)run.n_run[i], (int64_t)kinds[i].n);
    }
    run_shared_file(&run);
    CHECK_INT((int64_t)run.n_failed, 0);
    dm_free(run.n_run);
}

void
vectors_recipe(const char *id, void (*run)(const json_t *recipe))
{
    json_t *file = load(OUR_FILE);
    CHECK(file);
    const json_t *const recipes = member(file, "recipes");
    size_t n_found = 0;
    for (size_t i = 0; i < json_array_size(recipes); ++i) {
        const json_t *const recipe = json_array_get(recipes, i);
        if (dm_str_is(json_text(recipe, "id"), id)) {
            ++n_found;
            run(recipe);
        }
    }
    CHECK_INT((int64_t)n_found, 1);
    json_decref(file);
}
