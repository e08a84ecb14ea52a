// SPDX-License-Identifier: ISC

#include "sync/gateway.h"

#include "base/alloc.h"
#include "net/url.h"
#include "sync/any_record.h"
#include "sync/gateway_private.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXTS_MAX (32U << 10U) // Of the answer's headers
#define PARAM_MAX 1024U        // Bytes of a parameter of the query
#define LOCATION_MAX 2048U     // Bytes of a URL that is said again
#define FILENAME_MAX_BYTES 255U
#define NS_PER_S UINT64_C(1000000000)
#define FOR_EVER "public, max-age=29030400, immutable"
#define TAG_BYTES 8U // Of a record's digest

enum format {
    FORMAT_NONE,
    FORMAT_RAW,
    FORMAT_CAR,
    FORMAT_RECORD,
};

struct dm_gateway {
    struct dm_gateway_source source;
    struct dm_gateway_head head;
    struct dm_arena texts;
    bool is_out_of_memory;
    enum format format;
    bool is_negotiated;     // By Accept: the URL says none
    struct dm_str name;     // CID or name, as in the path
    struct dm_str filename; // Decoded; empty where not given
    enum dm_gateway_scope scope;
    struct dm_gateway_bytes bytes;
    bool has_dups;
    struct dm_gateway_walk walk; // Of a CAR
    bool has_walk;
    struct dm_buf body; // Of all others
    size_t from;        // What of it is sent
};

static enum dm_status
refuse(struct dm_gateway *gateway, unsigned status, const char *problem)
{
    gateway->head.status = status;
    gateway->head.problem = problem;
    return DM_END; // It is decided
}

// ------------------------------------------------------------------- headers

static void DM_PRINTF(3, 4)
    put_header(struct dm_gateway *gateway, const char *name, const char *format,
               ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    const int n = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *const text =
        n < 0 ? NULL : dm_arena_alloc(&gateway->texts, (size_t)n + 1, 1);
    if (text) {
        (void)vsnprintf(text, (size_t)n + 1, format, again);
        struct dm_gateway_head *const head = &gateway->head;
        assert(head->n_headers < DM_GATEWAY_HEADERS_MAX);
        head->headers[head->n_headers++] =
            (struct dm_gateway_header){.name = name, .value = text};
    } else {
        gateway->is_out_of_memory = true;
    }
    va_end(again);
}

// Whether a text is of ASCII that is seen, and so may stand in a header
static bool
is_visible(struct dm_str text)
{
    for (size_t i = 0; i < text.n; ++i) {
        const unsigned char c = (unsigned char)text.data[i];
        if (c <= ' ' || c >= 0x7F) {
            return false;
        }
    }
    return true;
}

// `text` as it may stand between quotes of a header: ASCII, one '_' for each
// code point that is none
static void
put_ascii(struct dm_str text, struct dm_buf *buf)
{
    while (text.n) {
        uint32_t point = 0;
        const size_t n = dm_utf8_decode(text, &point);
        const bool is_plain = n == 1 && point >= ' ' && point < 0x7F &&
                              point != '"' && point != '\\';
        (void)dm_buf_putc(buf, is_plain ? (char)point : '_');
        text = dm_str_slice(text, n ? n : 1, SIZE_MAX);
    }
}

static void
put_disposition(struct dm_gateway *gateway, const char *ending)
{
    struct dm_buf name;
    struct dm_buf coded;
    dm_buf_init(&name, PARAM_MAX);
    dm_buf_init(&coded, (size_t)3 * PARAM_MAX);
    if (gateway->filename.n) {
        put_ascii(gateway->filename, &name);
    } else {
        (void)dm_buf_put_str(&name, gateway->name);
        (void)dm_buf_puts(&name, ending);
    }
    const bool is_ascii = !gateway->filename.n ||
                          dm_str_equal(dm_buf_str(&name), gateway->filename);
    if (!is_ascii && dm_percent_encode(gateway->filename, &coded)) {
        gateway->is_out_of_memory = true;
    }
    if (name.status) {
        gateway->is_out_of_memory = true;
    }
    put_header(gateway, "Content-Disposition",
               is_ascii ? "attachment; filename=\"%s\"%s"
                        : "attachment; filename=\"%s\"; filename*=UTF-8''%s",
               dm_buf_cstr(&name), dm_buf_cstr(&coded));
    dm_buf_done(&coded);
    dm_buf_done(&name);
}

// Take the part of a list in a header up to `end` off `rest`, without spaces
static bool
take_part(struct dm_str *rest, char end, struct dm_str *ret)
{
    if (!rest->n) {
        return false;
    }
    size_t n = 0;
    bool is_quoted = false;
    while (n < rest->n && (is_quoted || rest->data[n] != end)) {
        is_quoted ^= rest->data[n] == '"';
        ++n;
    }
    *ret = dm_str_trim(dm_str_slice(*rest, 0, n));
    *rest = dm_str_slice(*rest, n + 1, SIZE_MAX);
    return true;
}

// Whether If-None-Match has this tag, weak or not
static bool
has_tag(struct dm_str list, const char *tag)
{
    const struct dm_str weak = DM_STR("W/");
    struct dm_str part;
    struct dm_str want = dm_str(tag);
    if (dm_str_starts(want, weak)) {
        want = dm_str_slice(want, weak.n, SIZE_MAX);
    }
    while (take_part(&list, ',', &part)) {
        if (dm_str_starts(part, weak)) {
            part = dm_str_slice(part, weak.n, SIZE_MAX);
        }
        if (dm_str_is(part, "*") || dm_str_equal(part, want)) {
            return true;
        }
    }
    return false;
}

// -------------------------------------------------------------------- format

static const struct {
    const char *name; // Of ?format=
    const char *type;
    enum format format;
} formats[] = {
    {"raw", "application/vnd.ipld.raw", FORMAT_RAW},
    {"car", "application/vnd.ipld.car", FORMAT_CAR},
    {"ipns-record", "application/vnd.ipfs.ipns-record", FORMAT_RECORD},
};

// What is asked of a CAR. Views of the request, empty where not said.
struct car_wishes {
    struct dm_str version;
    struct dm_str order;
    struct dm_str dups;
};

struct wishes {
    enum format format;
    struct car_wishes car;
};

// q=0 to q=1 in thousandths
static unsigned
read_quality(struct dm_str text)
{
    unsigned value = 0;
    unsigned unit = 1000;
    for (size_t i = 0; i < text.n && unit; ++i) {
        if (text.data[i] >= '0' && text.data[i] <= '9') {
            value += (unsigned)(text.data[i] - '0') * unit;
            unit /= 10;
        }
    }
    return value < 1000 ? value : 1000;
}

// One media range of Accept: its format, its quality, what it says of a CAR
static enum format
read_range(struct dm_str range, unsigned *quality, struct car_wishes *car)
{
    const struct dm_str equals = DM_STR("=");
    struct dm_str part;
    enum format format = FORMAT_NONE;
    *quality = 1000;
    if (take_part(&range, ';', &part)) {
        for (size_t i = 0; i < DM_COUNT_OF(formats); ++i) {
            const struct dm_str type = dm_str(formats[i].type);
            format =
                dm_str_equal_nocase(part, type) ? formats[i].format : format;
        }
    }
    while (take_part(&range, ';', &part)) {
        const size_t at = dm_str_find(part, equals);
        const struct dm_str key = dm_str_slice(part, 0, at);
        const struct dm_str value = dm_str_slice(part, at + 1, SIZE_MAX);
        if (dm_str_is(key, "q")) {
            *quality = read_quality(value);
        } else if (format == FORMAT_CAR) {
            car->version = dm_str_is(key, "version") ? value : car->version;
            car->order = dm_str_is(key, "order") ? value : car->order;
            car->dups = dm_str_is(key, "dups") ? value : car->dups;
        }
    }
    return format;
}

static void
read_accept(struct dm_str accept, struct wishes *ret)
{
    unsigned best = 0;
    struct dm_str range;
    while (take_part(&accept, ',', &range)) {
        unsigned quality = 0;
        const enum format format = read_range(range, &quality, &ret->car);
        if (format != FORMAT_NONE && quality > best) {
            best = quality;
            ret->format = format;
        }
    }
}

// A parameter of the query, in the arena; empty where it is not given.
static enum dm_status
get_param(struct dm_gateway *gateway, struct dm_str query, const char *name,
          struct dm_str *ret)
{
    struct dm_buf buf;
    dm_buf_init(&buf, PARAM_MAX);
    const enum dm_status status = dm_form_get(query, name, &buf);
    if (!status) {
        *ret = dm_arena_copy(&gateway->texts, dm_buf_str(&buf));
        gateway->is_out_of_memory |= !ret->data;
    }
    dm_buf_done(&buf);
    if (status == DM_ERR_NO_MEMORY) {
        gateway->is_out_of_memory = true;
    } else if (status == DM_ERR_SYNTAX || status == DM_ERR_LIMIT) {
        return refuse(gateway, 400, "a parameter is malformed or too long");
    }
    return DM_OK;
}

static enum dm_status
choose_format(struct dm_gateway *gateway, struct dm_str query,
              struct wishes *wishes)
{
    struct dm_str format = {NULL, 0};
    enum dm_status status = get_param(gateway, query, "format", &format);
    if (status) {
        return status;
    }
    if (format.n) {
        wishes->format = FORMAT_NONE;
        for (size_t i = 0; i < DM_COUNT_OF(formats); ++i) {
            if (dm_str_is(format, formats[i].name)) {
                wishes->format = formats[i].format;
            }
        }
    }
    gateway->format = wishes->format;
    gateway->is_negotiated = !format.data;
    if (gateway->format != FORMAT_NONE) {
        return DM_OK;
    }
    return format.n ? refuse(gateway, 406, "this format is not served here")
                    : refuse(gateway, 400,
                             "say which format: raw, car or ipns-record");
}

// A place in a file: a number, or one below 0
static bool
read_place(struct dm_str text, int64_t *ret)
{
    const bool is_negative = text.n && text.data[0] == '-';
    uint64_t value = 0;
    if (!dm_str_to_uint(dm_str_slice(text, is_negative, SIZE_MAX),
                        INT64_MAX - 1, &value)) {
        return false;
    }
    *ret = is_negative ? -(int64_t)value : (int64_t)value;
    return true;
}

// entity-bytes=FROM:TO, TO may be '*'
static bool
read_entity_bytes(struct dm_str text, struct dm_gateway_bytes *ret)
{
    const struct dm_str colon = DM_STR(":");
    const size_t at = dm_str_find(text, colon);
    const struct dm_str to = dm_str_slice(text, at + 1, SIZE_MAX);
    ret->is_given = true;
    ret->to = INT64_MAX;
    return at < text.n && read_place(dm_str_slice(text, 0, at), &ret->from) &&
           (dm_str_is(to, "*") || read_place(to, &ret->to));
}

static enum dm_status
choose_scope(struct dm_gateway *gateway, struct dm_str query)
{
    struct dm_str scope = {NULL, 0};
    struct dm_str bytes = {NULL, 0};
    enum dm_status status = get_param(gateway, query, "dag-scope", &scope);
    status =
        status ? status : get_param(gateway, query, "entity-bytes", &bytes);
    if (status) {
        return status;
    }
    // Bytes are of an entity, where nothing else is said
    const struct dm_str said = scope.n || !bytes.n ? scope : dm_str("entity");
    gateway->scope = dm_str_is(said, "block")    ? DM_DAG_BLOCK
                     : dm_str_is(said, "entity") ? DM_DAG_ENTITY
                                                 : DM_DAG_ALL;
    if (scope.n && gateway->scope == DM_DAG_ALL && !dm_str_is(scope, "all")) {
        return refuse(gateway, 400, "the scope is block, entity or all");
    }
    if (bytes.n && !read_entity_bytes(bytes, &gateway->bytes)) {
        return refuse(gateway, 400, "entity-bytes is FROM:TO or FROM:*");
    }
    gateway->bytes.is_given &= gateway->scope == DM_DAG_ENTITY;
    return DM_OK;
}

static enum dm_status
choose_car(struct dm_gateway *gateway, struct dm_str query,
           struct car_wishes *car)
{
    enum dm_status status =
        get_param(gateway, query, "car-version", &car->version);
    status =
        status ? status : get_param(gateway, query, "car-order", &car->order);
    status =
        status ? status : get_param(gateway, query, "car-dups", &car->dups);
    if (status) {
        return status;
    }
    if (car->version.n && !dm_str_is(car->version, "1")) {
        return refuse(gateway, 400, "CARs are of version 1 here");
    }
    if (car->order.n && !dm_str_is(car->order, "dfs") &&
        !dm_str_is(car->order, "unk")) {
        return refuse(gateway, 400, "the order is dfs or unk");
    }
    gateway->has_dups = dm_str_is(car->dups, "y");
    if (car->dups.n && !gateway->has_dups && !dm_str_is(car->dups, "n")) {
        return refuse(gateway, 400, "dups is y or n");
    }
    return choose_scope(gateway, query);
}

// --------------------------------------------------------------------- bodies

// A range of bytes that Range asks for: one, or all where it is something else
static bool
read_bytes(struct dm_str text, size_t n, size_t *from, size_t *until)
{
    const struct dm_str unit = DM_STR("bytes=");
    const struct dm_str dash = DM_STR("-");
    if (!dm_str_starts(text, unit)) {
        return false;
    }
    text = dm_str_slice(text, unit.n, SIZE_MAX);
    const size_t at = dm_str_find(text, dash);
    const struct dm_str first = dm_str_slice(text, 0, at);
    const struct dm_str second = dm_str_slice(text, at + 1, SIZE_MAX);
    uint64_t a = 0;
    uint64_t b = UINT64_MAX;
    if (at == text.n || (first.n && !dm_str_to_uint(first, UINT64_MAX, &a)) ||
        (second.n && !dm_str_to_uint(second, UINT64_MAX, &b)) ||
        (!first.n && !second.n)) {
        return false;
    }
    if (!first.n) { // The last b bytes
        *from = b < n ? n - (size_t)b : 0;
        *until = b ? n : 0;
        return true;
    }
    if (second.n && b < a) {
        return false;
    }
    *from = a < n ? (size_t)a : n;
    *until = b < n ? (size_t)b + 1 : n;
    return true;
}

static enum dm_status
send_body(struct dm_gateway *gateway, struct dm_str range)
{
    struct dm_gateway_head *const head = &gateway->head;
    const size_t n = gateway->body.n;
    size_t from = 0;
    size_t until = n;
    head->status = 200;
    if (n && read_bytes(range, n, &from, &until)) {
        if (from >= until) {
            put_header(gateway, "Content-Range", "bytes */%zu", n);
            return refuse(gateway, 416, "there are no such bytes");
        }
        head->status = 206;
        put_header(gateway, "Content-Range", "bytes %zu-%zu/%zu", from,
                   until - 1, n);
    }
    gateway->from = from;
    gateway->body.n = until;
    head->has_length = true;
    head->length = until - from;
    return DM_END;
}

static const struct dm_str cid_path = DM_STR("/ipfs/");
static const struct dm_str name_path = DM_STR("/ipns/");

// 404, or 412 where nothing else was asked for
static enum dm_status
refuse_absent(struct dm_gateway *gateway,
              const struct dm_gateway_request *request)
{
    const struct dm_str cached = DM_STR("only-if-cached");
    const struct dm_str control = request->cache_control;
    return refuse(gateway, dm_str_find(control, cached) < control.n ? 412 : 404,
                  "the block is not here");
}

// Of what Accept chose: the URL that says the same, for who keeps copies by URL
static void
put_location(struct dm_gateway *gateway,
             const struct dm_gateway_request *request)
{
    const struct dm_str dups = DM_STR("car-dups=");
    const struct dm_str query = request->query;
    if (!gateway->is_negotiated || !is_visible(query) ||
        request->path.n + query.n > LOCATION_MAX) {
        return;
    }
    const char *format = "";
    for (size_t i = 0; i < DM_COUNT_OF(formats); ++i) {
        format =
            formats[i].format == gateway->format ? formats[i].name : format;
    }
    const char *more = "";
    if (gateway->format == FORMAT_CAR && dm_str_find(query, dups) == query.n) {
        more = gateway->has_dups ? "&car-dups=y" : "&car-dups=n";
    }
    put_header(gateway, "Content-Location", "%.*s?%.*s%sformat=%s%s",
               (int)request->path.n, request->path.data, (int)query.n,
               query.n ? query.data : "", query.n ? "&" : "", format, more);
}

// What all answers of a block have. Gives whether the client has it already.
static bool
put_common(struct dm_gateway *gateway, const struct dm_gateway_request *request,
           const char *tag)
{
    put_header(gateway, "Etag", "%s", tag);
    put_header(gateway, "Cache-Control", FOR_EVER);
    put_header(gateway, "X-Ipfs-Path", "%.*s", (int)request->path.n,
               request->path.data);
    put_header(gateway, "X-Content-Type-Options", "nosniff");
    put_header(gateway, "Vary", "Accept");
    put_location(gateway, request);
    if (!has_tag(request->if_none_match, tag)) {
        return false;
    }
    gateway->head.status = 304;
    return true;
}

static enum dm_status
answer_raw(struct dm_gateway *gateway, const struct dm_gateway_request *request,
           const struct dm_any_cid *cid)
{
    struct dm_str block = dm_any_cid_digest(cid);
    enum dm_status status =
        cid->hash == DM_HASH_IDENTITY
            ? DM_OK
            : gateway->source.block(gateway->source.context, cid, &block);
    if (status) {
        return status == DM_ERR_NOT_FOUND ? refuse_absent(gateway, request)
                                          : status;
    }
    if (block.n > DM_GATEWAY_BLOCK_MAX) {
        return refuse(gateway, 500, "the block is larger than 2 MiB");
    }
    char tag[DM_ANY_CID_TEXT_MAX + 16];
    (void)snprintf(tag, sizeof(tag), "\"%.*s.raw\"", (int)gateway->name.n,
                   gateway->name.data);
    if (put_common(gateway, request, tag)) {
        return DM_END;
    }
    put_header(gateway, "X-Ipfs-Roots", "%.*s", (int)gateway->name.n,
               gateway->name.data);
    put_header(gateway, "Content-Type", "application/vnd.ipld.raw");
    put_header(gateway, "Accept-Ranges", "bytes");
    put_disposition(gateway, ".bin");
    status = dm_buf_put_str(&gateway->body, block);
    return status ? status : send_body(gateway, request->range);
}

// A name of all that makes one CAR differ from another
static void
make_car_tag(const struct dm_gateway *gateway,
             const struct dm_gateway_request *request,
             char tag[DM_ANY_CID_TEXT_MAX + 64])
{
    struct {
        uint8_t path[DM_DIGEST_BYTES];
        struct dm_gateway_bytes bytes;
        enum dm_gateway_scope scope;
        bool has_dups;
    } what;
    memset(&what, 0, sizeof(what)); // What is between the members too
    dm_sha256(request->path, what.path);
    if (gateway->bytes.is_given) {
        what.bytes.from = gateway->bytes.from;
        what.bytes.to = gateway->bytes.to;
    }
    what.scope = gateway->scope;
    what.has_dups = gateway->has_dups;
    uint8_t digest[DM_DIGEST_BYTES];
    dm_sha256(dm_str_n((const char *)&what, sizeof(what)), digest);
    int n = snprintf(tag, DM_ANY_CID_TEXT_MAX + 8, "W/\"%.*s.car.",
                     (int)gateway->name.n, gateway->name.data);
    for (size_t i = 0; i < TAG_BYTES; ++i) {
        n += snprintf(tag + n, 3, "%02x", digest[i]);
    }
    (void)snprintf(tag + n, 2, "\"");
}

static enum dm_status
refuse_path(struct dm_gateway *gateway,
            const struct dm_gateway_request *request, enum dm_status status)
{
    if (status == DM_ERR_NOT_FOUND) {
        return refuse_absent(gateway, request);
    }
    if (status == DM_ERR_SYNTAX || status == DM_ERR_LIMIT) {
        return refuse(gateway, 400,
                      "the path is malformed, or it or a block is too long");
    }
    return status == DM_ERR_CORRUPT
               ? refuse(gateway, 500, "a block on the path cannot be read")
               : status;
}

static enum dm_status
answer_car(struct dm_gateway *gateway, const struct dm_gateway_request *request,
           const struct dm_any_cid *cid, struct dm_str path)
{
    dm_gateway_walk_init(&gateway->walk, &gateway->source, cid);
    gateway->walk.scope = gateway->scope;
    gateway->walk.bytes = gateway->bytes;
    gateway->walk.has_dups = gateway->has_dups;
    gateway->has_walk = true;
    const enum dm_status status = dm_gateway_walk_follow(&gateway->walk, path);
    if (status) {
        return refuse_path(gateway, request, status);
    }
    char tag[DM_ANY_CID_TEXT_MAX + 64];
    make_car_tag(gateway, request, tag);
    if (put_common(gateway, request, tag)) {
        return DM_END;
    }
    if (!path.n) { // With one there would be one for each of its names
        put_header(gateway, "X-Ipfs-Roots", "%.*s", (int)gateway->name.n,
                   gateway->name.data);
    }
    put_header(gateway, "Content-Type",
               "application/vnd.ipld.car; version=1; order=dfs; dups=%c",
               gateway->has_dups ? 'y' : 'n');
    put_header(gateway, "Accept-Ranges", "none");
    put_disposition(gateway, ".car");
    gateway->head.status = 200;
    return DM_END;
}

static enum dm_status
answer_ipfs(struct dm_gateway *gateway,
            const struct dm_gateway_request *request, struct dm_str path)
{
    struct dm_any_cid cid;
    if (!dm_any_cid_from_text(gateway->name, &cid)) {
        return refuse(gateway, 400, "this is not a CID that is known here");
    }
    if (gateway->format == FORMAT_RECORD) {
        return refuse(gateway, 400, "a CID has no record");
    }
    if (gateway->format == FORMAT_CAR) {
        return answer_car(gateway, request, &cid, path);
    }
    return path.n ? refuse(gateway, 400, "a block has no path below it")
                  : answer_raw(gateway, request, &cid);
}

static enum dm_status
answer_record(struct dm_gateway *gateway,
              const struct dm_gateway_request *request, struct dm_str bytes,
              const struct dm_any_record *record)
{
    uint8_t digest[DM_DIGEST_BYTES];
    dm_sha256(bytes, digest);
    char tag[2 * TAG_BYTES + 32] = "\"";
    for (size_t i = 0; i < TAG_BYTES; ++i) {
        (void)snprintf(tag + 1 + 2 * i, 3, "%02x", digest[i]);
    }
    (void)snprintf(tag + 1 + (size_t)2 * TAG_BYTES, 16, ".ipns-record\"");
    put_header(gateway, "Etag", "%s", tag);
    put_header(gateway, "Cache-Control", "public, max-age=%" PRIu64,
               record->ttl_ns / NS_PER_S);
    put_header(gateway, "X-Ipfs-Path", "/ipns/%.*s", (int)gateway->name.n,
               gateway->name.data);
    put_header(gateway, "X-Content-Type-Options", "nosniff");
    put_header(gateway, "Vary", "Accept");
    put_location(gateway, request);
    if (has_tag(request->if_none_match, tag)) {
        gateway->head.status = 304;
        return DM_END;
    }
    put_header(gateway, "Content-Type", "application/vnd.ipfs.ipns-record");
    put_disposition(gateway, ".ipns-record");
    const struct dm_str no_range = {NULL, 0};
    const enum dm_status status = dm_buf_put_str(&gateway->body, bytes);
    return status ? status : send_body(gateway, no_range);
}

static enum dm_status
answer_ipns(struct dm_gateway *gateway,
            const struct dm_gateway_request *request, struct dm_str path)
{
    uint8_t key[DM_KEY_PUBLIC_BYTES];
    if (gateway->format != FORMAT_RECORD || path.n) {
        return refuse(gateway, 400,
                      "names are not resolved here; ask for ipns-record");
    }
    if (!dm_any_key_from_name(gateway->name, key)) {
        return refuse(gateway, 400, "this is not the name of an Ed25519 key");
    }
    struct dm_str bytes = {NULL, 0};
    enum dm_status status =
        gateway->source.record(gateway->source.context, key, &bytes);
    if (status == DM_ERR_NOT_FOUND) {
        return refuse(gateway, 404, "there is no record of this name here");
    }
    if (status) {
        return status;
    }
    struct dm_any_record record;
    status = dm_any_record_read(bytes, key, &record);
    if (status == DM_ERR_CORRUPT) {
        return refuse(gateway, 500, "the record is not good");
    }
    return status ? status : answer_record(gateway, request, bytes, &record);
}

// -------------------------------------------------------------------- request

static enum dm_status
decide(struct dm_gateway *gateway, const struct dm_gateway_request *request)
{
    const bool is_cid = dm_str_starts(request->path, cid_path);
    if (!is_cid && !dm_str_starts(request->path, name_path)) {
        return refuse(gateway, 404, "only /ipfs and /ipns are served here");
    }
    const struct dm_str slash = DM_STR("/");
    const struct dm_str rest =
        dm_str_slice(request->path, cid_path.n, SIZE_MAX);
    const size_t n = dm_str_find(rest, slash);
    gateway->name = dm_str_slice(rest, 0, n);
    const struct dm_str path = dm_str_slice(rest, n + 1, SIZE_MAX);
    if (!is_visible(request->path)) { // It is said again in a header
        return refuse(gateway, 400, "the path is not encoded");
    }
    if (gateway->name.n > DM_ANY_CID_TEXT_MAX) {
        return refuse(gateway, 400, "the name is too long");
    }

    struct wishes wishes = {.format = FORMAT_NONE};
    read_accept(request->accept, &wishes);
    enum dm_status status = choose_format(gateway, request->query, &wishes);
    if (!status && gateway->format == FORMAT_CAR) {
        status = choose_car(gateway, request->query, &wishes.car);
    }
    status = status ? status
                    : get_param(gateway, request->query, "filename",
                                &gateway->filename);
    if (status) {
        return status;
    }
    gateway->filename = dm_utf8_cut(gateway->filename, FILENAME_MAX_BYTES);
    return is_cid ? answer_ipfs(gateway, request, path)
                  : answer_ipns(gateway, request, path);
}

enum dm_status
dm_gateway_new(const struct dm_gateway_request *request,
               const struct dm_gateway_source *source, struct dm_gateway **ret)
{
    struct dm_gateway *const gateway = dm_calloc(1, sizeof(*gateway));
    if (!gateway) {
        return DM_ERR_NO_MEMORY;
    }
    gateway->source = *source;
    gateway->head.problem = "";
    dm_arena_init(&gateway->texts, TEXTS_MAX, NULL);
    dm_buf_init(&gateway->body, DM_GATEWAY_BLOCK_MAX);
    enum dm_status status = decide(gateway, request);
    if (gateway->is_out_of_memory) {
        status = DM_ERR_NO_MEMORY;
    }
    if (status != DM_END) {
        dm_gateway_free(gateway);
        return status;
    }
    assert(gateway->head.status);
    *ret = gateway;
    return DM_OK;
}

void
dm_gateway_free(struct dm_gateway *gateway)
{
    if (gateway) {
        if (gateway->has_walk) {
            dm_gateway_walk_done(&gateway->walk);
        }
        dm_buf_done(&gateway->body);
        dm_arena_done(&gateway->texts);
        dm_free(gateway);
    }
}

const struct dm_gateway_head *
dm_gateway_head(const struct dm_gateway *gateway)
{
    return &gateway->head;
}

enum dm_status
dm_gateway_next(struct dm_gateway *gateway, struct dm_buf *buf)
{
    if (gateway->has_walk && gateway->head.status == 200) {
        return dm_gateway_walk_next(&gateway->walk, buf);
    }
    if (!gateway->head.has_length) {
        return DM_END;
    }
    const struct dm_str rest = dm_str_slice(dm_buf_str(&gateway->body),
                                            gateway->from, DM_GATEWAY_PIECE);
    gateway->from += rest.n;
    const enum dm_status status = dm_buf_put_str(buf, rest);
    return status || gateway->from < gateway->body.n ? status : DM_END;
}
