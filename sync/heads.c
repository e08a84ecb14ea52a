// SPDX-License-Identifier: ISC

#include "sync/heads.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "sync/base64.h"

#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

// Most values of an answer: a line has 7 and the two of a fork. So a small text
// cannot become much memory.
#define VALUES_MAX ((size_t)16 * DM_HEADS_LINES_MAX)

static enum dm_status
refuse(struct dm_error *error, const char *why)
{
    return dm_error_set(error, DM_ERR_CORRUPT, "heads: %s", why);
}

static enum dm_status
no_memory(struct dm_error *error)
{
    return dm_error_set(error, DM_ERR_NO_MEMORY, "cannot read the heads");
}

// ------------------------------------------------------------------- reading

// Whether a text has no more values than an answer can have
static bool
has_few_values(struct dm_str json)
{
    size_t n = 0;
    for (size_t i = 0; i < json.n; ++i) {
        const char c = json.data[i];
        n += c == ',' || c == '[' || c == '{';
    }
    return n <= VALUES_MAX;
}

// The text of `key`; a view without data where it is no text
static struct dm_str
get_text(const json_t *line, const char *key)
{
    const json_t *const value = json_object_get(line, key);
    return json_is_string(value)
               ? dm_str_n(json_string_value(value), json_string_length(value))
               : dm_str_n(NULL, 0);
}

// A sequence under `key`
static bool
get_seq(const json_t *line, const char *key, uint64_t *ret)
{
    const json_t *const value = json_object_get(line, key);
    const json_int_t number = json_integer_value(value); // 0 for no integer
    if (number < 1 || (uint64_t)number >= DM_WIRE_BELOW) {
        return false;
    }
    *ret = (uint64_t)number;
    return true;
}

// The bytes that base64url under `key` says, at most `max`, into the arena
static enum dm_status
get_bytes(const json_t *line, const char *key, size_t max,
          struct dm_arena *arena, struct dm_str *ret, struct dm_error *error)
{
    const struct dm_str text = get_text(line, key);
    if (!text.data || text.n / 4 * 3 > max) {
        return dm_error_set(error, DM_ERR_CORRUPT, "heads: %s", key);
    }
    struct dm_buf bytes;
    dm_buf_init(&bytes, text.n);
    struct dm_str copy = {NULL, 0};
    enum dm_status status = dm_base64_read(DM_BASE64_URL, text, &bytes);
    if (!status) {
        copy = dm_arena_copy(arena, dm_buf_str(&bytes));
    }
    dm_buf_done(&bytes);
    if (status == DM_ERR_SYNTAX) {
        return dm_error_set(error, DM_ERR_CORRUPT, "base64url: %s", key);
    }
    if (!copy.data) {
        return no_memory(error);
    }
    *ret = copy;
    return DM_OK;
}

static enum dm_status
read_fork(const json_t *line, struct dm_heads_line *ret, struct dm_error *error)
{
    const json_t *const fork = json_object_get(line, "fork");
    if (!fork) {
        return DM_OK;
    }
    if (json_array_size(fork) != 2) {
        return refuse(error, "a fork is two entries");
    }
    for (size_t i = 0; i < 2; ++i) {
        const json_t *const value = json_array_get(fork, i);
        const char *const text = json_string_value(value);
        if (!text ||
            !dm_cid_from_text(dm_str_n(text, json_string_length(value)),
                              &ret->fork[i])) {
            return refuse(error, "a fork is two entries");
        }
    }
    if (dm_cid_equal(&ret->fork[0], &ret->fork[1])) {
        return refuse(error, "a fork of one entry");
    }
    ret->has_fork = true;
    return DM_OK;
}

static enum dm_status
read_successor(const json_t *line, struct dm_arena *arena,
               struct dm_heads_line *ret, struct dm_error *error)
{
    if (!json_object_get(line, "successor")) {
        return DM_OK;
    }
    enum dm_status status = get_bytes(line, "successor", DM_SUCCESSOR_MAX,
                                      arena, &ret->successor, error);
    if (status) {
        return status;
    }
    status = dm_wire_successor_read(ret->successor, &ret->follows, error);
    if (status == DM_ERR_UNSUPPORTED) { // It is relayed all the same
        ret->is_successor_newer = true;
        return DM_OK;
    }
    if (!status &&
        memcmp(ret->follows.old_key, ret->log, DM_KEY_PUBLIC_BYTES) != 0) {
        return refuse(error, "the successor of another log");
    }
    return status;
}

static enum dm_status
read_line(const json_t *line, struct dm_arena *arena, struct dm_heads_line *ret,
          struct dm_error *error)
{
    if (!dm_key_from_name(get_text(line, "log"), ret->log)) {
        return dm_error_set(error, DM_ERR_CORRUPT, "name-form: of a log");
    }
    uint64_t seq = 0;
    if (!get_seq(line, "seq", &seq) || !get_seq(line, "first", &ret->first) ||
        ret->first > seq) {
        return refuse(error, "seq or first is out of range");
    }
    enum dm_status status =
        get_bytes(line, "record", DM_RECORD_MAX, arena, &ret->record, error);
    status = status ? status
                    : dm_record_read(ret->record, ret->log, &ret->tip, error);
    if (status) {
        return status;
    }
    struct dm_cid head;
    if (ret->tip.seq != seq ||
        !dm_cid_from_text(get_text(line, "head"), &head) ||
        !dm_cid_equal(&head, &ret->tip.head)) {
        return refuse(error, "head or seq is not what the record says");
    }
    status = read_fork(line, ret, error);
    return status ? status : read_successor(line, arena, ret, error);
}

static enum dm_status
read_lines(const json_t *logs, struct dm_arena *arena, struct dm_heads *ret,
           struct dm_error *error)
{
    const size_t n = json_array_size(logs);
    if (n > DM_HEADS_LINES_MAX) {
        return refuse(error, "too many logs");
    }
    struct dm_heads_line *const lines =
        dm_arena_alloc(arena, n ? n : 1, sizeof(*lines));
    if (!lines) {
        return no_memory(error);
    }

    struct dm_map seen;
    dm_map_init(&seen, DM_HEADS_LINES_MAX, 0); // Each key signed its line
    enum dm_status status = DM_OK;
    for (size_t i = 0; i < n && !status; ++i) {
        status = read_line(json_array_get(logs, i), arena, &lines[i], error);
        if (status) {
            break;
        }
        const struct dm_str key = {(const char *)lines[i].log,
                                   DM_KEY_PUBLIC_BYTES};
        bool is_new = false;
        if (!dm_map_put(&seen, key, &is_new)) {
            status = no_memory(error);
        } else if (!is_new) {
            status = refuse(error, "a log twice");
        }
    }
    dm_map_done(&seen);
    if (status) {
        return status;
    }
    ret->lines = lines;
    ret->n_lines = n;
    return DM_OK;
}

enum dm_status
dm_heads_read(struct dm_str json, struct dm_arena *arena, struct dm_heads *ret,
              struct dm_error *error)
{
    if (json.n > DM_HEADS_MAX || !has_few_values(json)) {
        return refuse(error, "too long");
    }
    json_error_t fault;
    json_t *const root = json_loadb(json.data ? json.data : "", json.n,
                                    JSON_REJECT_DUPLICATES, &fault);
    if (!root) {
        return json_error_code(&fault) == json_error_out_of_memory
                   ? no_memory(error)
                   : refuse(error, "not JSON");
    }
    struct dm_heads heads = {.n_lines = 0};
    enum dm_status status = DM_OK;
    const json_t *const logs = json_object_get(root, "logs");
    const struct dm_str cursor = get_text(root, "cursor");
    if (!cursor.data || cursor.n > DM_CURSOR_MAX || !json_is_array(logs)) {
        status = refuse(error, "cursor and logs are missing");
        goto out;
    }
    heads.cursor = dm_arena_copy(arena, cursor);
    status = heads.cursor.data ? read_lines(logs, arena, &heads, error)
                               : no_memory(error);
    if (!status) {
        *ret = heads;
    }

out:
    json_decref(root);
    return status;
}

// ------------------------------------------------------------------- writing

static bool
is_cursor(struct dm_str cursor)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrs"
                                "tuvwxyz0123456789-._~";
    for (size_t i = 0; i < cursor.n; ++i) {
        if (!memchr(plain, cursor.data[i], sizeof(plain) - 1)) {
            return false;
        }
    }
    return cursor.n && cursor.n <= DM_CURSOR_MAX;
}

static void
write_line(const struct dm_heads_line *line, struct dm_buf *buf)
{
    char name[DM_KEY_NAME_SIZE];
    dm_key_name(line->log, name);
    char head[DM_CID_TEXT_SIZE];
    dm_cid_text(&line->tip.head, head);
    (void)dm_buf_printf(buf,
                        "{\"log\":\"%s\",\"seq\":%" PRIu64 ",\"first\":%" PRIu64
                        ",\"head\":\"%s\",\"record\":\"",
                        name, line->tip.seq, line->first, head);
    (void)dm_base64_write(DM_BASE64_URL, line->record, buf);
    (void)dm_buf_putc(buf, '"');
    if (line->has_fork) {
        char a[DM_CID_TEXT_SIZE];
        char b[DM_CID_TEXT_SIZE];
        dm_cid_text(&line->fork[0], a);
        dm_cid_text(&line->fork[1], b);
        (void)dm_buf_printf(buf, ",\"fork\":[\"%s\",\"%s\"]", a, b);
    }
    if (line->successor.n) {
        (void)dm_buf_puts(buf, ",\"successor\":\"");
        (void)dm_base64_write(DM_BASE64_URL, line->successor, buf);
        (void)dm_buf_putc(buf, '"');
    }
    (void)dm_buf_putc(buf, '}');
}

enum dm_status
dm_heads_write(const struct dm_heads *heads, struct dm_buf *buf)
{
    assert(is_cursor(heads->cursor));
    (void)dm_buf_puts(buf, "{\"cursor\":\"");
    (void)dm_buf_put_str(buf, heads->cursor);
    (void)dm_buf_puts(buf, "\",\"logs\":[");
    for (size_t i = 0; i < heads->n_lines; ++i) {
        if (i) {
            (void)dm_buf_putc(buf, ',');
        }
        write_line(&heads->lines[i], buf);
    }
    return dm_buf_puts(buf, "]}");
}
