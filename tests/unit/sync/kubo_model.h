// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_KUBO_MODEL_H
#define DM_TESTS_KUBO_MODEL_H

/**
 * @file
 * A Kubo behind a scripted host, as Kubo 0.42 was measured: blocks, pins with
 * names, tips, garbage collection; and the ways in which it fails. It holds who
 * asks to the manners that Kubo wants.
 *
 * A walk over a block that is not there takes as long as `timeout` says, then
 * it is an error.
 */

#include "net/url.h"
#include "sim/network.h"
#include "sync/car.h"
#include "sync/cid.h"
#include "sync/record.h"
#include "tests/check.h"

#include <stdio.h>
#include <string.h>

#define KUBO_BLOCKS 4000U
#define KUBO_PINS 100U
#define KUBO_SECOND INT64_C(1000000000)

struct kubo_block {
    struct dm_cid cid;
    struct dm_buf data;
    bool is_reached;
};

struct kubo_pin {
    struct dm_cid cid;
    char name[120];
};

enum kubo_fault {
    KUBO_WELL,
    KUBO_HANGS,        // Takes the request, never answers
    KUBO_EMPTY_200,    // As for an option that it cannot read
    KUBO_STREAM_ERROR, // Half an answer, and the trailer
    KUBO_STREAM_WHOLE, // A whole answer, and the trailer
    KUBO_PIN_ERROR,    // An import whose pin failed
    KUBO_BAD_COUNT,    // An import of other blocks
    KUBO_CID_V0,       // js-ipfs: "Qm…" for what it was given
    KUBO_DENIED,       // No or another token
    KUBO_PROXY,        // A page of somebody else
    KUBO_NULL,         // null where a list should be
    KUBO_NO_JSON,      // Not JSON, though it says so
    KUBO_CUT,          // Reset within the answer
    KUBO_LONG,         // More than anybody wants
    KUBO_REDIRECT,
    KUBO_FAULTS,
};

struct kubo_model {
    struct kubo_block blocks[KUBO_BLOCKS];
    size_t n_blocks;
    struct kubo_pin pins[KUBO_PINS];
    size_t n_pins;
    struct dm_buf tip;
    const uint8_t *key; // Of the log whose tips it takes
    enum kubo_fault fault;
    const char *fault_at; // The calls that it befalls; NULL: all
    const char *auth;     // Else 403
    bool forgets;         // Takes blocks and keeps none
    // What was asked
    size_t n_requests;
    size_t n_imports;
    size_t n_adds;
    size_t n_updates;
    size_t n_removes;
    size_t n_puts;
    size_t max_body;
};

static inline void
kubo_model_init(struct kubo_model *kubo, const uint8_t *key)
{
    memset(kubo, 0, sizeof(*kubo));
    dm_buf_init(&kubo->tip, DM_RECORD_MAX);
    kubo->key = key;
}

// A new repository
static inline void
kubo_model_empty(struct kubo_model *kubo)
{
    for (size_t i = 0; i < kubo->n_blocks; ++i) {
        dm_buf_done(&kubo->blocks[i].data);
    }
    kubo->n_blocks = 0;
    kubo->n_pins = 0;
    dm_buf_done(&kubo->tip);
}

static inline struct kubo_block *
kubo_model_find(struct kubo_model *kubo, const struct dm_cid *cid)
{
    for (size_t i = 0; i < kubo->n_blocks; ++i) {
        if (dm_cid_equal(&kubo->blocks[i].cid, cid)) {
            return &kubo->blocks[i];
        }
    }
    return NULL;
}

// A block that is gone. @return Whether it was there.
static inline bool
kubo_model_lose(struct kubo_model *kubo, const struct dm_cid *cid)
{
    for (size_t i = 0; i < kubo->n_blocks; ++i) {
        if (dm_cid_equal(&kubo->blocks[i].cid, cid)) {
            dm_buf_done(&kubo->blocks[i].data);
            kubo->blocks[i] = kubo->blocks[--kubo->n_blocks];
            return true;
        }
    }
    return false;
}

static inline struct kubo_pin *
kubo_model_pin(struct kubo_model *kubo, const struct dm_cid *cid)
{
    for (size_t i = 0; i < kubo->n_pins; ++i) {
        if (dm_cid_equal(&kubo->pins[i].cid, cid)) {
            return &kubo->pins[i];
        }
    }
    return NULL;
}

static inline void
kubo_model_unpin(struct kubo_model *kubo, struct kubo_pin *pin)
{
    *pin = kubo->pins[--kubo->n_pins];
}

// The name stays where it is pinned already
static inline void
kubo_model_add_pin(struct kubo_model *kubo, const struct dm_cid *cid,
                   const char *name)
{
    if (!kubo_model_pin(kubo, cid)) {
        CHECK(kubo->n_pins < KUBO_PINS);
        struct kubo_pin *pin = &kubo->pins[kubo->n_pins++];
        pin->cid = *cid;
        (void)snprintf(pin->name, sizeof(pin->name), "%s", name);
    }
}

// Whether all that `cid` names is there; marks it. Links are found by the bytes
// that begin them, which no other block of ours has in it.
static inline bool
kubo_model_walk(struct kubo_model *kubo, const struct dm_cid *cid)
{
    static const char tag[] = "\xd8\x2a\x58\x25";
    struct kubo_block *block = kubo_model_find(kubo, cid);
    if (!block) {
        return false;
    }
    bool is_whole = true;
    block->is_reached = true;
    struct dm_str rest = dm_buf_str(&block->data);
    while (dm_cid_codec(cid) == DM_CODEC_CBOR) {
        const size_t at = dm_str_find(rest, dm_str_n(tag, 4));
        struct dm_cid link;
        if (at == rest.n ||
            !dm_cid_read(dm_str_slice(rest, at + 5, DM_CID_BYTES), &link)) {
            break;
        }
        // A link is a place of its own in the array: no recursion of depth
        // beyond that of a log (Head, Node, entry, payload)
        is_whole = kubo_model_walk(kubo, &link) && is_whole;
        rest = dm_str_slice(rest, at + 5, rest.n);
    }
    return is_whole;
}

// `ipfs repo gc`. How many blocks went.
static inline size_t
kubo_model_gc(struct kubo_model *kubo)
{
    size_t n = 0;
    for (size_t i = 0; i < kubo->n_blocks; ++i) {
        kubo->blocks[i].is_reached = false;
    }
    for (size_t i = 0; i < kubo->n_pins; ++i) {
        CHECK(kubo_model_walk(kubo, &kubo->pins[i].cid));
    }
    for (size_t i = kubo->n_blocks; i-- > 0;) {
        if (!kubo->blocks[i].is_reached) {
            dm_buf_done(&kubo->blocks[i].data);
            kubo->blocks[i] = kubo->blocks[--kubo->n_blocks];
            ++n;
        }
    }
    return n;
}

// ------------------------------------------------------------------ answers

static inline void
kubo_model_type(struct dm_sim_response *response, const char *type)
{
    response->headers[response->n_headers++] =
        (struct dm_http_header){DM_STR("Content-Type"), dm_str(type)};
}

static inline void
kubo_model_json(struct dm_sim_response *response)
{
    kubo_model_type(response, "application/json");
}

static inline void
kubo_model_error(struct dm_sim_response *response, const char *message)
{
    response->status = 500;
    kubo_model_json(response);
    (void)dm_buf_printf(&response->body,
                        "{\"Message\":\"%s\",\"Code\":0,\"Type\":\"error\"}\n",
                        message);
}

// The k-th value of a name in the query, decoded
static inline bool
kubo_model_option(struct dm_str query, const char *name, size_t k,
                  struct dm_buf *ret)
{
    struct dm_str found;
    struct dm_str value;
    dm_buf_clear(ret);
    while (dm_form_next(&query, &found, &value)) {
        if (dm_str_is(found, name) && k-- == 0) {
            CHECK_INT(dm_percent_decode(value, true, ret), DM_OK);
            return true;
        }
    }
    return false;
}

static inline struct dm_cid
kubo_model_arg(struct dm_str query, size_t k)
{
    struct dm_cid cid;
    struct dm_buf text;
    dm_buf_init(&text, 200);
    CHECK(kubo_model_option(query, "arg", k, &text));
    CHECK(dm_cid_from_text(dm_buf_str(&text), &cid));
    dm_buf_done(&text);
    return cid;
}

static inline void
kubo_model_put_cid(const struct kubo_model *kubo,
                   struct dm_sim_response *response, const struct dm_cid *cid)
{
    char text[DM_CID_TEXT_SIZE];
    dm_cid_text(cid, text);
    (void)dm_buf_printf(&response->body, "\"%s\"",
                        kubo->fault == KUBO_CID_V0
                            ? "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"
                            : text);
}

static inline void
kubo_model_pins_of(const struct kubo_model *kubo,
                   struct dm_sim_response *response, const struct dm_cid *a,
                   const struct dm_cid *b)
{
    kubo_model_json(response);
    if (kubo->fault == KUBO_NULL) {
        (void)dm_buf_puts(&response->body, "{\"Pins\":null}\n");
        return;
    }
    (void)dm_buf_puts(&response->body, "{\"Pins\":[");
    kubo_model_put_cid(kubo, response, a);
    if (b) {
        (void)dm_buf_puts(&response->body, ",");
        kubo_model_put_cid(kubo, response, b);
    }
    (void)dm_buf_puts(&response->body, "]}\n");
}

// The time that the request allows, and that is how long it takes
static inline void
kubo_model_stall(struct dm_sim_response *response, struct dm_str query,
                 const char *message)
{
    struct dm_buf text;
    uint64_t seconds = 0;
    dm_buf_init(&text, 20);
    CHECK(kubo_model_option(query, "timeout", 0, &text));
    CHECK(text.n > 1 && text.data[text.n - 1] == 's');
    CHECK(dm_str_to_uint(dm_str_slice(dm_buf_str(&text), 0, text.n - 1), 10000,
                         &seconds));
    dm_buf_done(&text);
    response->delay_ns = (int64_t)seconds * KUBO_SECOND;
    kubo_model_error(response, message);
}

// -------------------------------------------------------------------- calls

static inline struct dm_str
kubo_model_file(const struct dm_sim_request *request)
{
    const struct dm_str form = DM_STR("multipart/form-data; boundary=");
    const struct dm_str empty = DM_STR("\r\n\r\n");
    const struct dm_str type = dm_http_header_get(
        request->headers, request->n_headers, "Content-Type");
    CHECK(dm_str_starts(type, form));
    struct dm_buf end;
    dm_buf_init(&end, 300);
    (void)dm_buf_puts(&end, "\r\n--");
    (void)dm_buf_put_str(&end, dm_str_slice(type, form.n, type.n));
    const struct dm_str boundary = dm_buf_str(&end);
    CHECK(dm_str_starts(request->body, dm_str_slice(boundary, 2, boundary.n)));
    const size_t at = dm_str_find(request->body, empty);
    CHECK(at < request->body.n);
    const struct dm_str head = dm_str_slice(request->body, 0, at);
    CHECK(dm_str_find(head,
                      dm_str("\r\nContent-Type: application/octet-stream")) <
          head.n);
    const struct dm_str rest =
        dm_str_slice(request->body, at + empty.n, request->body.n);
    const size_t n = dm_str_find(rest, boundary);
    CHECK(n < rest.n);
    CHECK(dm_str_is(dm_str_slice(rest, n + boundary.n, rest.n), "--\r\n"));
    dm_buf_done(&end);
    return dm_str_slice(rest, 0, n);
}

static inline void
kubo_model_import(struct kubo_model *kubo, const struct dm_sim_request *request,
                  struct dm_sim_response *response)
{
    struct dm_car car;
    struct dm_car_block block;
    size_t n = 0;
    size_t n_bytes = 0;
    CHECK_INT(dm_car_open(&car, kubo_model_file(request), true, NULL), DM_OK);
    while (!dm_car_next(&car, &block, NULL)) {
        ++n;
        n_bytes += block.data.n;
        if (kubo->forgets || kubo_model_find(kubo, &block.cid)) {
            continue;
        }
        CHECK(kubo->n_blocks < KUBO_BLOCKS);
        struct kubo_block *new = &kubo->blocks[kubo->n_blocks++];
        new->cid = block.cid;
        dm_buf_init(&new->data, block.data.n);
        CHECK_INT(dm_buf_put_str(&new->data, block.data), DM_OK);
    }
    kubo_model_json(response);
    if (kubo->fault == KUBO_PIN_ERROR) {
        (void)dm_buf_puts(&response->body, "{\"Root\":{\"Cid\":{\"/\":");
        kubo_model_put_cid(kubo, response, &block.cid);
        (void)dm_buf_puts(
            &response->body,
            "},\"PinErrorMsg\":\"context deadline exceeded\"}}\n");
    }
    (void)dm_buf_printf(
        &response->body,
        "{\"Stats\":{\"BlockCount\":%zu,\"BlockBytesCount\":%zu}}\n",
        n + (kubo->fault == KUBO_BAD_COUNT), n_bytes);
    ++kubo->n_imports;
}

static inline void
kubo_model_stat(struct kubo_model *kubo, struct dm_str query,
                struct dm_sim_response *response)
{
    const struct dm_cid cid = kubo_model_arg(query, 0);
    const struct kubo_block *block = kubo_model_find(kubo, &cid);
    if (!block) {
        kubo_model_error(response, "block was not found locally (offline): "
                                   "ipld: could not find bafy");
        return;
    }
    kubo_model_json(response);
    (void)dm_buf_puts(&response->body, "{\"Key\":");
    kubo_model_put_cid(kubo, response, &cid);
    (void)dm_buf_printf(&response->body, ",\"Size\":%zu}\n", block->data.n);
}

static inline void
kubo_model_pin_add(struct kubo_model *kubo, struct dm_str query,
                   struct dm_sim_response *response)
{
    const struct dm_cid cid = kubo_model_arg(query, 0);
    struct dm_buf name;
    dm_buf_init(&name, 200);
    ++kubo->n_adds;
    CHECK(kubo_model_option(query, "name", 0, &name));
    if (kubo_model_walk(kubo, &cid)) {
        kubo_model_add_pin(kubo, &cid, dm_buf_cstr(&name));
        kubo_model_pins_of(kubo, response, &cid, NULL);
    } else {
        kubo_model_stall(response, query, "pin: context deadline exceeded");
    }
    dm_buf_done(&name);
}

static inline void
kubo_model_pin_update(struct kubo_model *kubo, struct dm_str query,
                      struct dm_sim_response *response)
{
    const struct dm_cid from = kubo_model_arg(query, 0);
    const struct dm_cid to = kubo_model_arg(query, 1);
    struct kubo_pin *pin = kubo_model_pin(kubo, &from);
    ++kubo->n_updates;
    if (!pin) {
        kubo_model_error(response,
                         "'from' cid was not recursively pinned already");
    } else if (dm_cid_equal(&from, &to)) {
        kubo_model_pins_of(kubo, response, &from, &to);
    } else if (kubo_model_pin(kubo, &to)) {
        kubo_model_error(response, "'to' cid was already recursively pinned");
    } else if (!kubo_model_walk(kubo, &to)) {
        kubo_model_stall(response, query,
                         "get bafk: context deadline exceeded");
    } else {
        pin->cid = to;
        kubo_model_pins_of(kubo, response, &from, &to);
    }
}

static inline void
kubo_model_pin_rm(struct kubo_model *kubo, struct dm_str query,
                  struct dm_sim_response *response)
{
    const struct dm_cid cid = kubo_model_arg(query, 0);
    struct kubo_pin *pin = kubo_model_pin(kubo, &cid);
    ++kubo->n_removes;
    if (!pin) {
        kubo_model_error(response, "not pinned or pinned indirectly");
        return;
    }
    kubo_model_unpin(kubo, pin);
    kubo_model_pins_of(kubo, response, &cid, NULL);
}

// Names are looked for as parts of names
static inline void
kubo_model_pin_ls(struct kubo_model *kubo, struct dm_str query,
                  struct dm_sim_response *response)
{
    struct dm_buf name;
    dm_buf_init(&name, 200);
    CHECK(kubo_model_option(query, "type", 0, &name));
    CHECK(dm_str_is(dm_buf_str(&name), "recursive"));
    CHECK(kubo_model_option(query, "name", 0, &name));
    kubo_model_json(response);
    for (size_t i = 0; i < kubo->n_pins; ++i) {
        if (strstr(kubo->pins[i].name, dm_buf_cstr(&name))) {
            (void)dm_buf_puts(&response->body, "{\"Cid\":");
            kubo_model_put_cid(kubo, response, &kubo->pins[i].cid);
            (void)dm_buf_printf(&response->body,
                                ",\"Name\":\"%s\",\"Type\":\"recursive\"}\n",
                                kubo->pins[i].name);
        }
    }
    dm_buf_done(&name);
}

static inline void
kubo_model_name_put(struct kubo_model *kubo,
                    const struct dm_sim_request *request,
                    struct dm_sim_response *response)
{
    const struct dm_str bytes = kubo_model_file(request);
    struct dm_record new;
    struct dm_record old = {0};
    ++kubo->n_puts;
    if (dm_record_read(bytes, kubo->key, &new, NULL)) {
        kubo_model_error(response, "invalid IPNS record");
        return;
    }
    const bool is_same = dm_str_equal(bytes, dm_buf_str(&kubo->tip));
    if (kubo->tip.n && !is_same) {
        CHECK_INT(dm_record_read(dm_buf_str(&kubo->tip), kubo->key, &old, NULL),
                  DM_OK);
        if (old.sequence >= new.sequence) {
            kubo_model_error(response, "existing IPNS record has sequence 9 >= "
                                       "new record sequence 9");
            return;
        }
    }
    dm_buf_clear(&kubo->tip);
    CHECK_INT(dm_buf_put_str(&kubo->tip, bytes), DM_OK);
    kubo_model_json(response);
    char text[DM_CID_TEXT_SIZE];
    dm_cid_text(&new.head, text);
    (void)dm_buf_printf(&response->body,
                        "{\"Name\":\"k51\",\"Value\":%s\"/ipfs/%s\"}\n",
                        kubo->fault == KUBO_NULL ? "null,\"V\":" : "", text);
}

// ------------------------------------------------------------------- faults

// What goes wrong in place of an answer. @return Whether something did.
static inline bool
kubo_model_spoil(const struct kubo_model *kubo, struct dm_str auth,
                 struct dm_sim_response *response)
{
    switch (kubo->fault) {
    case KUBO_WELL:
    case KUBO_PIN_ERROR:
    case KUBO_BAD_COUNT:
    case KUBO_CID_V0:
    case KUBO_NULL:
    case KUBO_STREAM_WHOLE:
    case KUBO_CUT:
    case KUBO_FAULTS:
        return false;
    case KUBO_HANGS:
        response->status = 0;
        return true;
    case KUBO_EMPTY_200:
        return true;
    case KUBO_STREAM_ERROR:
        kubo_model_json(response);
        return true;
    case KUBO_DENIED:
        response->status = 403;
        kubo_model_type(response, "text/plain; charset=utf-8");
        (void)dm_buf_printf(&response->body,
                            "Kubo RPC Access Denied: not \"%.*s\"", (int)auth.n,
                            auth.n ? auth.data : "");
        return true;
    case KUBO_PROXY:
        kubo_model_type(response, "text/html");
        (void)dm_buf_puts(&response->body, "<html>Welcome</html>");
        return true;
    case KUBO_NO_JSON:
        kubo_model_json(response);
        (void)dm_buf_puts(&response->body, "{\"Pins\":[");
        return true;
    case KUBO_LONG:
        kubo_model_json(response);
        for (size_t i = 0; i < 20000; ++i) {
            (void)dm_buf_puts(&response->body, "{\"Cid\":1}\n");
        }
        return true;
    case KUBO_REDIRECT:
        response->status = 307;
        response->headers[response->n_headers++] = (struct dm_http_header){
            DM_STR("Location"), DM_STR("http://elsewhere.example/")};
        return true;
    }
    return false;
}

// What it wants of everybody
static inline void
kubo_model_look(const struct dm_sim_request *request)
{
    const struct dm_http_header *headers = request->headers;
    const size_t n = request->n_headers;
    const struct dm_str agent = dm_http_header_get(headers, n, "User-Agent");
    CHECK(dm_str_is(request->method, "POST"));
    CHECK(dm_str_starts(agent, dm_str("demonitor")));
    CHECK(dm_str_find(agent, dm_str("/kubo/")) == agent.n);
    CHECK(!dm_http_header_get(headers, n, "Origin").data);
    CHECK(!dm_http_header_get(headers, n, "Referer").data);
    CHECK(!dm_http_header_get(headers, n, "Expect").data);
    CHECK(dm_str_find(request->target, dm_str("force")) == request->target.n);
    CHECK(dm_str_find(request->target, dm_str("timeout=")) < request->target.n);
}

static inline void
kubo_model_serve(void *context, const struct dm_sim_request *request,
                 struct dm_sim_response *response)
{
    struct kubo_model *kubo = context;
    const struct dm_str api = DM_STR("/api/v0/");
    const size_t mark = dm_str_find(request->target, dm_str("?"));
    const struct dm_str call =
        dm_str_slice(request->target, api.n, mark - api.n);
    const struct dm_str query =
        dm_str_slice(request->target, mark + 1, request->target.n);
    kubo_model_look(request);
    CHECK(dm_str_starts(request->target, api));
    ++kubo->n_requests;
    kubo->max_body =
        request->body.n > kubo->max_body ? request->body.n : kubo->max_body;
    const enum kubo_fault fault = kubo->fault;
    const struct dm_str auth = dm_http_header_get(
        request->headers, request->n_headers, "Authorization");
    if (kubo->fault_at && !dm_str_is(call, kubo->fault_at)) {
        kubo->fault = KUBO_WELL;
    } else if (kubo->auth && !dm_str_is(dm_http_header_get(request->headers,
                                                           request->n_headers,
                                                           "Authorization"),
                                        kubo->auth)) {
        kubo->fault = KUBO_DENIED;
    }
    if (!kubo_model_spoil(kubo, auth, response)) {
        if (dm_str_is(call, "dag/import")) {
            kubo_model_import(kubo, request, response);
        } else if (dm_str_is(call, "block/stat")) {
            kubo_model_stat(kubo, query, response);
        } else if (dm_str_is(call, "pin/add")) {
            kubo_model_pin_add(kubo, query, response);
        } else if (dm_str_is(call, "pin/update")) {
            kubo_model_pin_update(kubo, query, response);
        } else if (dm_str_is(call, "pin/rm")) {
            kubo_model_pin_rm(kubo, query, response);
        } else if (dm_str_is(call, "pin/ls")) {
            kubo_model_pin_ls(kubo, query, response);
        } else {
            CHECK(dm_str_is(call, "name/put"));
            kubo_model_name_put(kubo, request, response);
        }
    }
    if (kubo->fault == KUBO_STREAM_ERROR || kubo->fault == KUBO_STREAM_WHOLE) {
        response->headers[response->n_headers++] = (struct dm_http_header){
            DM_STR("X-Stream-Error"), DM_STR("walk failed: something broke")};
    }
    if (kubo->fault == KUBO_CUT) {
        response->cut_after = 100;
    }
    kubo->fault = fault;
}

#endif // DM_TESTS_KUBO_MODEL_H
