// SPDX-License-Identifier: ISC

// Kubo's RPC as it was measured (0.42): what is not in the form that is due is
// a failure, whatever its status. Errors before the first byte of an answer are
// JSON or plain text; later ones are a 200 with the trailer X-Stream-Error,
// which the transport hands over with the header fields.

#include "base/alloc.h"
#include "base/env.h"
#include "sync/kubo_private.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define BOUNDARY_BYTES 16
// What a part of a form adds to its data
#define UPLOAD_MORE 512U

// ------------------------------------------------------------------- places

// Where the userinfo of a URL ends ('@'); the start of the rest where there is
// none. `from` is the offset behind "://".
static size_t
userinfo_end(struct dm_str url, size_t from)
{
    size_t end = from;
    for (size_t i = from; i < url.n && !strchr("/?#", url.data[i]); ++i) {
        end = url.data[i] == '@' ? i : end;
    }
    return end;
}

enum dm_status
dm_kubo_place_init(struct dm_kubo_place *place, struct dm_str url)
{
    const struct dm_str api = DM_STR("/api/v0");
    const size_t from = dm_str_find(url, dm_str("://")) + 3;
    if (from >= url.n) {
        return DM_ERR_ARGUMENT;
    }
    const size_t at = userinfo_end(url, from);
    struct dm_buf base;
    struct dm_buf auth;
    dm_buf_init(&base, DM_KUBO_URL_MAX);
    dm_buf_init(&auth, DM_KUBO_URL_MAX);
    (void)dm_buf_put_str(&base, dm_str_slice(url, 0, from));
    (void)dm_buf_put_str(&base,
                         dm_str_slice(url, at > from ? at + 1 : from, url.n));
    while (base.n && base.data[base.n - 1] == '/') {
        base.data[--base.n] = '\0';
    }
    if (!dm_str_ends(dm_buf_str(&base), api)) {
        (void)dm_buf_put_str(&base, api);
    }
    (void)dm_buf_puts(&auth, at > from ? "Basic " : "");
    (void)dm_buf_put_str(&auth, dm_str_slice(url, from, at - from));
    enum dm_status status = base.status ? base.status : auth.status;
    *place = (struct dm_kubo_place){0};
    if (!status) {
        place->base = dm_buf_take(&base, NULL);
        place->auth = dm_strndup(dm_buf_cstr(&auth), auth.n);
        status = place->auth ? DM_OK : DM_ERR_NO_MEMORY;
    }
    dm_buf_done(&base);
    dm_buf_done(&auth);
    if (status) {
        dm_kubo_place_done(place);
    }
    return status;
}

void
dm_kubo_place_done(struct dm_kubo_place *place)
{
    dm_free(place->base);
    dm_free(place->auth);
    *place = (struct dm_kubo_place){0};
}

// ------------------------------------------------------------------ uploads

enum dm_status
dm_kubo_upload_init(struct dm_kubo_upload *upload, const struct dm_env *env,
                    struct dm_str data, size_t max)
{
    uint8_t random[BOUNDARY_BYTES];
    char boundary[2 * BOUNDARY_BYTES + 1];
    dm_env_random(env, random, sizeof(random));
    for (size_t i = 0; i < sizeof(random); ++i) {
        (void)snprintf(boundary + 2 * i, 3, "%02x", random[i]);
    }
    struct dm_buf *body = &upload->body;
    dm_buf_init(body, max + UPLOAD_MORE);
    if (data.n > max) {
        return DM_ERR_LIMIT;
    }
    (void)snprintf(upload->type, sizeof(upload->type),
                   "multipart/form-data; boundary=%s", boundary);
    (void)dm_buf_printf(body,
                        "--%s\r\n"
                        "Content-Disposition: form-data; name=\"file\"; "
                        "filename=\"file\"\r\n"
                        "Content-Type: application/octet-stream\r\n\r\n",
                        boundary);
    (void)dm_buf_put_str(body, data);
    (void)dm_buf_printf(body, "\r\n--%s--\r\n", boundary);
    const enum dm_status status = body->status;
    if (status) {
        dm_buf_done(body);
    }
    return status;
}

void
dm_kubo_upload_done(struct dm_kubo_upload *upload)
{
    dm_buf_done(&upload->body);
}

// ------------------------------------------------------------------ answers

// What Kubo says in its errors, and what that means to us
static const struct {
    const char *text;
    enum dm_kubo_verdict verdict;
} meanings[] = {
    {"context deadline exceeded", DM_KUBO_MISSING},
    {"could not find", DM_KUBO_MISSING},
    {"block was not found", DM_KUBO_MISSING},
    {"not recursively pinned", DM_KUBO_UNPINNED},
    {"not pinned", DM_KUBO_UNPINNED},
    {"already recursively pinned", DM_KUBO_PINNED},
    {"existing IPNS record has", DM_KUBO_OUTDATED},
};

static void
set_text(struct dm_kubo_answer *answer, struct dm_str text)
{
    const struct dm_str cut =
        dm_utf8_cut(dm_str_trim(text), sizeof(answer->text) - 1);
    if (cut.n) {
        memcpy(answer->text, cut.data, cut.n);
    }
    answer->text[cut.n] = '\0';
    dm_utf8_tame(answer->text, cut.n);
}

void
dm_kubo_answer_fail(struct dm_kubo_answer *answer, const char *text)
{
    answer->verdict = DM_KUBO_FAILED;
    set_text(answer, dm_str(text));
}

static void
set_error(struct dm_kubo_answer *answer, struct dm_str message)
{
    static const struct dm_str unsaid = DM_STR("an error without words");
    const struct dm_str text = dm_str_trim(message);
    set_text(answer, text.n ? text : unsaid);
    for (size_t i = 0; i < DM_COUNT_OF(meanings); ++i) {
        if (strstr(answer->text, meanings[i].text)) {
            answer->verdict = meanings[i].verdict;
            return;
        }
    }
}

// {"Message":"…","Code":0,"Type":"error"}, or a text of whoever answers
static void
read_error(const struct dm_http_response *response, bool is_json,
           struct dm_kubo_answer *ret)
{
    struct dm_str rest = response->body;
    json_t *value = NULL;
    if (is_json && !dm_kubo_next_value(&rest, &value)) {
        const json_t *message = json_object_get(value, "Message");
        if (json_is_string(message)) {
            set_error(ret, dm_str_n(json_string_value(message),
                                    json_string_length(message)));
        }
        json_decref(value);
    }
    if (!ret->text[0]) {
        char text[DM_KUBO_TEXT_SIZE];
        const struct dm_str cut = dm_utf8_cut(response->body, 200);
        (void)snprintf(text, sizeof(text), "status %u%s%.*s", response->status,
                       cut.n ? ": " : "", (int)cut.n, cut.n ? cut.data : "");
        set_text(ret, dm_str(text));
    }
}

void
dm_kubo_answer_read(const struct dm_http_response *response,
                    struct dm_kubo_answer *ret)
{
    *ret = (struct dm_kubo_answer){.verdict = DM_KUBO_FAILED};
    if (response->outcome.failure) {
        set_text(ret, dm_str(response->outcome.text));
        return;
    }
    ret->is_answer = true;
    struct dm_str type = {0};
    struct dm_str late = {0};
    if (response->headers) {
        type = dm_http_header_get(response->headers, response->n_headers,
                                  "Content-Type");
        late = dm_http_header_get(response->headers, response->n_headers,
                                  "X-Stream-Error");
    }
    const bool is_json = dm_http_type_is(type, "application/json");
    if (late.data) {
        set_error(ret, late);
    } else if (response->status != 200) {
        read_error(response, is_json, ret);
    } else if (response->is_body_cut) {
        dm_kubo_answer_fail(ret, "the answer is too long");
    } else if (!is_json) {
        dm_kubo_answer_fail(ret, "what answers is no Kubo");
    } else {
        ret->verdict = DM_KUBO_GOOD;
        ret->body = response->body;
    }
}

enum dm_status
dm_kubo_next_value(struct dm_str *rest, json_t **ret)
{
    json_error_t error;
    *rest = dm_str_trim(*rest);
    if (!rest->n) {
        return DM_END;
    }
    json_t *value =
        json_loadb(rest->data, rest->n, JSON_DISABLE_EOF_CHECK, &error);
    if (!json_is_object(value)) {
        json_decref(value);
        return DM_ERR_SYNTAX;
    }
    assert(error.position > 0 && (size_t)error.position <= rest->n);
    *rest = dm_str_slice(*rest, (size_t)error.position, rest->n);
    *ret = value;
    return DM_OK;
}

bool
dm_kubo_names(const json_t *value, const struct dm_cid *cid)
{
    struct dm_cid found;
    return json_is_string(value) &&
           dm_cid_from_text(
               dm_str_n(json_string_value(value), json_string_length(value)),
               &found) &&
           dm_cid_equal(&found, cid);
}

static bool
is_number(const json_t *value, uint64_t number)
{
    return json_is_integer(value) &&
           json_integer_value(value) == (json_int_t)number;
}

bool
dm_kubo_is_imported(struct dm_str body, uint64_t blocks, uint64_t bytes)
{
    bool is_good = false;
    json_t *value = NULL;
    enum dm_status status = DM_OK;
    while (!(status = dm_kubo_next_value(&body, &value))) {
        const json_t *stats = json_object_get(value, "Stats");
        const char *pin = json_string_value(
            json_object_get(json_object_get(value, "Root"), "PinErrorMsg"));
        if (stats) {
            is_good =
                is_number(json_object_get(stats, "BlockCount"), blocks) &&
                is_number(json_object_get(stats, "BlockBytesCount"), bytes);
        }
        const bool is_bad = pin && pin[0];
        json_decref(value);
        if (is_bad) {
            return false;
        }
    }
    return is_good && status == DM_END;
}

bool
dm_kubo_is_there(struct dm_str body, const struct dm_cid *cid)
{
    json_t *value = NULL;
    if (dm_kubo_next_value(&body, &value)) {
        return false;
    }
    const bool is_it = dm_kubo_names(json_object_get(value, "Key"), cid);
    json_decref(value);
    return is_it;
}

bool
dm_kubo_is_pinned(struct dm_str body, const struct dm_cid *cid)
{
    json_t *value = NULL;
    if (dm_kubo_next_value(&body, &value)) {
        return false;
    }
    const json_t *pins = json_object_get(value, "Pins");
    bool is_it = false;
    for (size_t i = 0; i < json_array_size(pins); ++i) {
        is_it = is_it || dm_kubo_names(json_array_get(pins, i), cid);
    }
    json_decref(value);
    return is_it;
}

bool
dm_kubo_is_put(struct dm_str body, const struct dm_cid *head)
{
    char path[DM_CID_TEXT_SIZE + 6];
    char text[DM_CID_TEXT_SIZE];
    json_t *value = NULL;
    if (dm_kubo_next_value(&body, &value)) {
        return false;
    }
    dm_cid_text(head, text);
    (void)snprintf(path, sizeof(path), "/ipfs/%s", text);
    const char *found = json_string_value(json_object_get(value, "Value"));
    const bool is_it = found && strcmp(found, path) == 0;
    json_decref(value);
    return is_it;
}

// Whether a line of pin/ls tells of a name that is to go
static bool
is_stray(const json_t *value, const char *name, const struct dm_cid *but,
         struct dm_cid *ret)
{
    const json_t *cid = json_object_get(value, "Cid");
    const char *found = json_string_value(json_object_get(value, "Name"));
    return found && strcmp(found, name) == 0 && json_is_string(cid) &&
           dm_cid_from_text(
               dm_str_n(json_string_value(cid), json_string_length(cid)),
               ret) &&
           !dm_cid_equal(ret, but);
}

bool
dm_kubo_find_stray(struct dm_str body, const char *name,
                   const struct dm_cid *but, struct dm_cid *ret)
{
    json_t *value = NULL;
    bool is_found = false;
    while (!is_found && !dm_kubo_next_value(&body, &value)) {
        is_found = is_stray(value, name, but, ret);
        json_decref(value);
    }
    return is_found;
}
