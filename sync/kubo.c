// SPDX-License-Identifier: ISC

#include "sync/kubo.h"

#include "base/actor.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/time.h"
#include "net/http_client.h"
#include "net/loop.h"
#include "net/net.h"
#include "sync/car.h"
#include "sync/kubo_private.h"
#include "vocab/secret.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define AUTH_MAX 65536U
#define NAME_SIZE 100 // "demonitor K" and NUL
#define BACKOFF_FIRST_NS (INT64_C(1) * DM_NS_PER_SECOND)
#define BACKOFF_MAX_NS (INT64_C(60) * DM_NS_PER_SECOND)
#define PUT_EVERY_NS (DM_KUBO_PUT_EVERY_MS * DM_NS_PER_MS)
// What Kubo is told, and how much longer it is waited for
#define SHORT_SECONDS 10
#define LONG_SECONDS 60
#define GRACE_SECONDS 5
#define ADD_SECONDS_MAX 3600
// Entries that it walks over in a second, however slow its disk is
#define ADD_PER_SECOND 2000U
// Pins that one item gives up
#define STRAYS_MAX 64U

enum state {
    IDLE,
    IMPORT, // dag/import of the CAR
    STAT,   // Is Head there now?
    MOVE,   // pin/update from the Head before
    LOOK,   // That was not pinned: is it there at all?
    ADD,    // pin/add
    SWEEP,  // What else is pinned as this log?
    REMOVE, // pin/rm of that
};
#define STATES 8

// Which state may follow which
#define TO(state) (1U << (unsigned)(state))
static const unsigned moves[STATES] = {
    [IDLE] = TO(IMPORT) | TO(STAT),
    [IMPORT] = TO(STAT) | TO(IDLE),
    [STAT] = TO(MOVE) | TO(ADD) | TO(IDLE),
    [MOVE] = TO(LOOK) | TO(ADD) | TO(IDLE),
    [LOOK] = TO(ADD) | TO(IDLE),
    [ADD] = TO(SWEEP) | TO(IDLE),
    [SWEEP] = TO(REMOVE) | TO(IDLE),
    [REMOVE] = TO(SWEEP),
};

#define MISFIT "the answer does not fit the request"

struct backoff {
    int64_t delay_ns; // 0: all is well
    int64_t until_ns;
};

struct dm_kubo {
    const struct dm_env *env;
    const struct dm_net *net;
    struct dm_config *config;
    dm_kubo_done_fn done;
    dm_kubo_heard_fn heard; // May be NULL
    void *context;
    struct dm_kubo_place place;
    char name[NAME_SIZE]; // Of the pin
    struct dm_str log;    // Within it
    struct dm_kubo_cursor cursor;
    struct dm_timer timer;
    struct dm_http_request *request;
    bool is_putting; // It is the tip's

    enum state state;
    struct dm_kubo_upload car; // The item, from here on
    uint64_t n_blocks;
    uint64_t n_bytes; // Of the blocks
    uint64_t seq;
    bool has_head;
    struct dm_cid head;
    struct dm_buf record;
    struct dm_cid stray;
    unsigned n_strays;
    struct backoff retry; // Of its requests
    struct backoff again; // Of items after "need all"

    struct dm_buf tip; // The record of the newest Head that is pinned
    struct dm_cid tip_head;
    struct dm_cid put_head; // Of the one that is under way
    bool is_tip_due;
    bool has_put;
    int64_t put_ns;
    struct backoff put;

    struct dm_kubo_figures figures;
    char error[DM_KUBO_TEXT_SIZE];
};

static void pump(struct dm_kubo *kubo);

static int64_t
now_of(const struct dm_kubo *kubo)
{
    return dm_loop_now_ns(kubo->net->loop);
}

static void
set_state(struct dm_kubo *kubo, enum state state)
{
    assert(moves[kubo->state] & TO(state));
    kubo->state = state;
}

// ------------------------------------------------------------------- cursors

static void
put_number(struct dm_buf *buf, uint64_t number)
{
    for (unsigned shift = 64; shift > 0; shift -= 8) {
        (void)dm_buf_putc(buf, (char)((number >> (shift - 8)) & 0xFFU));
    }
}

static uint64_t
number_at(struct dm_str bytes, size_t from)
{
    uint64_t number = 0;
    for (size_t i = from; i < from + sizeof(number); ++i) {
        number = number << 8U | (unsigned char)bytes.data[i];
    }
    return number;
}

// 0, seq; or 1, seq, pinned_seq, pinned: numbers with the high byte first
enum dm_status
dm_kubo_cursor_write(const struct dm_kubo_cursor *cursor, struct dm_buf *buf)
{
    (void)dm_buf_putc(buf, (char)cursor->has_pinned);
    put_number(buf, cursor->seq);
    if (cursor->has_pinned) {
        put_number(buf, cursor->pinned_seq);
        (void)dm_buf_put(buf, cursor->pinned.bytes, DM_CID_BYTES);
    }
    return buf->status;
}

bool
dm_kubo_cursor_read(struct dm_str bytes, struct dm_kubo_cursor *ret)
{
    const size_t n_short = 1 + sizeof(uint64_t);
    const size_t n_long = n_short + sizeof(uint64_t) + DM_CID_BYTES;
    struct dm_kubo_cursor cursor = {0};
    static_assert(DM_KUBO_CURSOR_BYTES == 17 + DM_CID_BYTES, "the long one");
    if (!bytes.n || (unsigned char)bytes.data[0] > 1) {
        return false;
    }
    cursor.has_pinned = bytes.data[0] != 0;
    if (bytes.n != (cursor.has_pinned ? n_long : n_short)) {
        return false;
    }
    cursor.seq = number_at(bytes, 1);
    if (cursor.has_pinned) {
        cursor.pinned_seq = number_at(bytes, n_short);
        if (!dm_cid_read(dm_str_slice(bytes, n_long - DM_CID_BYTES, bytes.n),
                         &cursor.pinned)) {
            return false;
        }
    }
    *ret = cursor;
    return true;
}

// -------------------------------------------------------------- life and death

enum dm_status
dm_kubo_new(const struct dm_kubo_options *options, struct dm_kubo **ret)
{
    assert(options->log.n > 0 && options->log.n + 10 < NAME_SIZE);
    struct dm_kubo *kubo = dm_calloc(1, sizeof(*kubo));
    if (!kubo) {
        return DM_ERR_NO_MEMORY;
    }
    const enum dm_status status =
        dm_kubo_place_init(&kubo->place, options->config->node.kubo);
    if (status) {
        dm_free(kubo);
        return status;
    }
    kubo->env = options->env;
    kubo->net = options->net;
    kubo->config = dm_config_ref(options->config);
    kubo->cursor = options->cursor;
    kubo->done = options->done;
    kubo->heard = options->heard;
    kubo->context = options->context;
    (void)snprintf(kubo->name, sizeof(kubo->name), "demonitor %.*s",
                   (int)options->log.n, options->log.data);
    kubo->log = dm_str(kubo->name + strlen("demonitor "));
    dm_buf_init(&kubo->record, DM_KUBO_RECORD_MAX);
    dm_buf_init(&kubo->tip, DM_KUBO_RECORD_MAX);
    *ret = kubo;
    return DM_OK;
}

void
dm_kubo_free(struct dm_kubo *kubo)
{
    if (!kubo) {
        return;
    }
    dm_loop_timer_stop(kubo->net->loop, &kubo->timer);
    if (kubo->request) {
        dm_http_client_cancel(kubo->net->http, kubo->request);
    }
    dm_kubo_upload_done(&kubo->car);
    dm_buf_done(&kubo->record);
    dm_buf_done(&kubo->tip);
    dm_kubo_place_done(&kubo->place);
    dm_config_unref(kubo->config);
    dm_free(kubo);
}

void
dm_kubo_configure(struct dm_kubo *kubo, struct dm_config *config)
{
    DM_ON_LOOP();
    assert(dm_str_equal(config->node.kubo, kubo->config->node.kubo));
    struct dm_config *old = kubo->config;
    kubo->config = dm_config_ref(config);
    dm_config_unref(old);
}

bool
dm_kubo_is_idle(const struct dm_kubo *kubo)
{
    return kubo->state == IDLE;
}

// ------------------------------------------------------------------- backing
// off

// Wait longer than the last time, less a random part of up to a half
static void
back_off(struct dm_kubo *kubo, struct backoff *backoff)
{
    uint32_t random = 0;
    dm_env_random(kubo->env, &random, sizeof(random));
    int64_t delay =
        backoff->delay_ns ? backoff->delay_ns * 2 : BACKOFF_FIRST_NS;
    delay = delay < BACKOFF_MAX_NS ? delay : BACKOFF_MAX_NS;
    backoff->delay_ns = delay;
    const int64_t less = (int64_t)((uint64_t)(delay / 2) * random >> 32U);
    backoff->until_ns = now_of(kubo) + delay - less;
}

static void
note_error(struct dm_kubo *kubo, const char *text)
{
    struct dm_buf safe;
    dm_buf_init(&safe, AUTH_MAX);
    const enum dm_status status =
        dm_secrets_hide(kubo->config->secrets, dm_str(text), &safe);
    const struct dm_str cut =
        dm_utf8_cut(status ? dm_str(dm_status_text(status)) : dm_buf_str(&safe),
                    sizeof(kubo->error) - 1);
    if (cut.n) {
        memcpy(kubo->error, cut.data, cut.n);
    }
    kubo->error[cut.n] = '\0';
    dm_buf_done(&safe);
    ++kubo->figures.failed;
}

static void
tell(struct dm_kubo *kubo, const struct backoff *backoff)
{
    if (kubo->heard) {
        kubo->heard(kubo->context, backoff == &kubo->put, dm_str(kubo->error));
    }
}

static void
fail(struct dm_kubo *kubo, struct backoff *backoff, const char *text)
{
    note_error(kubo, text);
    kubo->figures.is_reachable = false;
    back_off(kubo, backoff);
    tell(kubo, backoff);
}

static void
accept(struct dm_kubo *kubo, struct backoff *backoff)
{
    const bool had_failed = backoff->delay_ns != 0;
    *backoff = (struct backoff){0};
    kubo->figures.is_reachable = true;
    kubo->figures.accepted_ms = dm_env_wall_ms(kubo->env);
    kubo->error[0] = '\0';
    if (had_failed) {
        tell(kubo, backoff);
    }
}

// -------------------------------------------------------------- the item's end

static void
finish(struct dm_kubo *kubo, enum dm_kubo_outcome outcome)
{
    set_state(kubo, IDLE);
    dm_kubo_upload_done(&kubo->car);
    if (outcome == DM_KUBO_NEED_ALL) {
        ++kubo->figures.need_all;
        kubo->cursor = (struct dm_kubo_cursor){0};
        back_off(kubo, &kubo->again);
    } else {
        ++kubo->figures.items;
        kubo->cursor.seq = kubo->seq;
    }
    if (outcome == DM_KUBO_DONE && kubo->has_head) {
        kubo->cursor.has_pinned = true;
        kubo->cursor.pinned = kubo->head;
        kubo->cursor.pinned_seq = kubo->seq;
        kubo->again = (struct backoff){0};
    }
    if (outcome == DM_KUBO_DONE && kubo->has_head && kubo->record.n) {
        const struct dm_buf old = kubo->tip;
        kubo->tip = kubo->record;
        kubo->record = old;
        kubo->tip_head = kubo->head;
        kubo->is_tip_due = true;
    }
    dm_buf_clear(&kubo->record);
    const struct dm_kubo_cursor cursor = kubo->cursor;
    kubo->done(kubo->context, outcome, &cursor);
}

// Kubo lacks what it was given once
static void
need_all(struct dm_kubo *kubo, const char *text)
{
    note_error(kubo, text);
    finish(kubo, DM_KUBO_NEED_ALL);
}

// -------------------------------------------------------------- requests

static void on_response(void *context, const struct dm_http_response *response);

struct call {
    struct dm_buf url;
    int seconds; // Kubo's limit
    const struct dm_kubo_upload *upload;
};

static enum dm_status
send_call(struct dm_kubo *kubo, const struct call *call, struct dm_str auth)
{
    struct dm_http_header headers[2];
    size_t n = 0;
    if (call->upload) {
        headers[n++] = (struct dm_http_header){DM_STR("Content-Type"),
                                               dm_str(call->upload->type)};
    }
    if (auth.n) {
        headers[n++] = (struct dm_http_header){DM_STR("Authorization"), auth};
    }
    const struct dm_http_request_spec spec = {
        .method = DM_STR("POST"),
        .url = dm_buf_str(&call->url),
        .headers = headers,
        .n_headers = n,
        .body =
            call->upload ? dm_buf_str(&call->upload->body) : dm_str_n(NULL, 0),
        .timeout_ns = (call->seconds + GRACE_SECONDS) * DM_NS_PER_SECOND,
        .max_body = DM_KUBO_ANSWER_MAX,
        .keep_alive = true,
    };
    return dm_http_client_start(kubo->net->http, &spec, on_response, kubo,
                                &kubo->request);
}

// Add the limit of time, and the authorization where there is one
static enum dm_status
start_call(struct dm_kubo *kubo, struct call *call)
{
    struct dm_buf auth;
    dm_buf_init(&auth, AUTH_MAX);
    (void)dm_buf_printf(&call->url, "&timeout=%ds", call->seconds);
    enum dm_status status = call->url.status;
    if (!status && kubo->place.auth[0]) {
        status = dm_secrets_authorization(
            kubo->config->secrets, dm_str(kubo->place.auth), &auth, NULL);
    }
    if (!status) {
        status = send_call(kubo, call, dm_buf_str(&auth));
    }
    dm_secret_wipe(&auth);
    dm_buf_done(&auth);
    return status;
}

static void
begin_call(const struct dm_kubo *kubo, struct call *call, const char *what,
           int seconds)
{
    *call = (struct call){.seconds = seconds};
    dm_buf_init(&call->url, DM_KUBO_URL_MAX);
    (void)dm_buf_printf(&call->url, "%s/%s", kubo->place.base, what);
}

static void
add_cid(struct call *call, const struct dm_cid *cid, const char *rest)
{
    char text[DM_CID_TEXT_SIZE];
    dm_cid_text(cid, text);
    (void)dm_buf_printf(&call->url, "arg=%s%s", text, rest);
}

// pin/add walks all that Head names
static int
add_seconds(const struct dm_kubo *kubo)
{
    const uint64_t more = kubo->seq / ADD_PER_SECOND;
    return more < ADD_SECONDS_MAX - LONG_SECONDS ? LONG_SECONDS + (int)more
                                                 : ADD_SECONDS_MAX;
}

// The request of a state
static void
make_call(const struct dm_kubo *kubo, struct call *call)
{
    switch (kubo->state) {
    case IDLE:
        break;
    case IMPORT:
        begin_call(kubo, call,
                   "dag/import?pin-roots=false&stats=true&"
                   "fast-provide-root=false",
                   LONG_SECONDS);
        call->upload = &kubo->car;
        return;
    case STAT:
        begin_call(kubo, call, "block/stat?", SHORT_SECONDS);
        add_cid(call, &kubo->head, "&offline=true");
        return;
    case MOVE:
        begin_call(kubo, call, "pin/update?", LONG_SECONDS);
        add_cid(call, &kubo->cursor.pinned, "&");
        add_cid(call, &kubo->head, "&unpin=true");
        return;
    case LOOK:
        begin_call(kubo, call, "block/stat?", SHORT_SECONDS);
        add_cid(call, &kubo->cursor.pinned, "&offline=true");
        return;
    case ADD:
        begin_call(kubo, call, "pin/add?", add_seconds(kubo));
        add_cid(call, &kubo->head, "&recursive=true&name=demonitor%20");
        (void)dm_buf_put_str(&call->url, kubo->log);
        return;
    case SWEEP:
        begin_call(kubo, call,
                   "pin/ls?type=recursive&names=true&stream=true&"
                   "name=demonitor%20",
                   SHORT_SECONDS);
        (void)dm_buf_put_str(&call->url, kubo->log);
        return;
    case REMOVE:
        begin_call(kubo, call, "pin/rm?", SHORT_SECONDS);
        add_cid(call, &kubo->stray, "&recursive=true");
        return;
    }
    assert(!"no item, no request");
}

static void
start_step(struct dm_kubo *kubo)
{
    struct call call;
    make_call(kubo, &call);
    const enum dm_status status = start_call(kubo, &call);
    dm_buf_done(&call.url);
    kubo->is_putting = false;
    if (status) {
        fail(kubo, &kubo->retry, dm_status_text(status));
    }
}

static void
start_put(struct dm_kubo *kubo)
{
    struct call call;
    struct dm_kubo_upload upload;
    enum dm_status status = dm_kubo_upload_init(
        &upload, kubo->env, dm_buf_str(&kubo->tip), DM_KUBO_RECORD_MAX);
    if (!status) {
        begin_call(kubo, &call,
                   "name/put?allow-offline=true&arg=", LONG_SECONDS);
        (void)dm_buf_put_str(&call.url, kubo->log);
        call.upload = &upload;
        status = start_call(kubo, &call);
        dm_buf_done(&call.url);
        dm_kubo_upload_done(&upload);
    }
    if (status) {
        fail(kubo, &kubo->put, dm_status_text(status));
        return;
    }
    kubo->is_putting = true;
    kubo->put_head = kubo->tip_head;
    kubo->is_tip_due = false; // A newer one may come meanwhile
}

// -------------------------------------------------------------- answers

static void
on_put(struct dm_kubo *kubo, struct dm_kubo_answer *answer)
{
    if (answer->verdict == DM_KUBO_GOOD &&
        !dm_kubo_is_put(answer->body, &kubo->put_head)) {
        dm_kubo_answer_fail(answer, MISFIT);
    }
    if (answer->verdict != DM_KUBO_GOOD &&
        answer->verdict != DM_KUBO_OUTDATED) {
        kubo->is_tip_due = true;
        fail(kubo, &kubo->put, answer->text);
        return;
    }
    accept(kubo, &kubo->put);
    kubo->has_put = true;
    kubo->put_ns = now_of(kubo);
    if (answer->verdict == DM_KUBO_GOOD) {
        kubo->figures.put_ms = dm_env_wall_ms(kubo->env);
        ++kubo->figures.puts;
    } else {
        ++kubo->figures.refused_puts;
        note_error(kubo, answer->text);
    }
}

static void
on_imported(struct dm_kubo *kubo)
{
    kubo->figures.blocks += kubo->n_blocks;
    kubo->figures.bytes += kubo->car.body.n;
    dm_kubo_upload_done(&kubo->car);
    if (kubo->has_head) {
        set_state(kubo, STAT);
    } else {
        finish(kubo, DM_KUBO_DONE);
    }
}

static void
on_swept(struct dm_kubo *kubo, const struct dm_kubo_answer *answer)
{
    if (kubo->n_strays < STRAYS_MAX &&
        dm_kubo_find_stray(answer->body, kubo->name, &kubo->head,
                           &kubo->stray)) {
        ++kubo->n_strays;
        set_state(kubo, REMOVE);
    } else {
        finish(kubo, DM_KUBO_DONE);
    }
}

// A step went well
static void
on_good(struct dm_kubo *kubo, const struct dm_kubo_answer *answer)
{
    accept(kubo, &kubo->retry);
    switch (kubo->state) {
    case IDLE:
        break;
    case IMPORT:
        on_imported(kubo);
        return;
    case STAT:
        set_state(kubo, kubo->cursor.has_pinned ? MOVE : ADD);
        return;
    case MOVE:
        finish(kubo, DM_KUBO_DONE);
        return;
    case LOOK:
        set_state(kubo, ADD);
        return;
    case ADD:
        set_state(kubo, SWEEP);
        return;
    case SWEEP:
        on_swept(kubo, answer);
        return;
    case REMOVE:
        set_state(kubo, SWEEP);
        return;
    }
    assert(!"no item, no answer");
}

// What Kubo says of a step that is not simply good
// @return Whether that is a way on
static bool
on_other(struct dm_kubo *kubo, const struct dm_kubo_answer *answer)
{
    // Where a block that is missing is one that it was given
    static const unsigned lacking = TO(STAT) | TO(MOVE) | TO(LOOK) | TO(ADD);
    switch (answer->verdict) {
    case DM_KUBO_GOOD:
    case DM_KUBO_OUTDATED:
        return false;
    case DM_KUBO_FAILED:
        if (kubo->state != SWEEP || !answer->is_answer) {
            return false;
        }
        note_error(kubo, answer->text); // Of no use to who reads the log
        finish(kubo, DM_KUBO_DONE);
        return true;
    case DM_KUBO_MISSING:
        if (!(TO(kubo->state) & lacking)) {
            return false;
        }
        need_all(kubo, answer->text);
        return true;
    case DM_KUBO_UNPINNED:
        if (kubo->state != MOVE && kubo->state != REMOVE) {
            return false;
        }
        set_state(kubo, kubo->state == MOVE ? LOOK : SWEEP);
        return true;
    case DM_KUBO_PINNED:
        if (kubo->state != MOVE) {
            return false;
        }
        set_state(kubo, ADD); // To find out what else is
        return true;
    }
    assert(!"a verdict that is none");
    return false;
}

// Whether a good answer of this state says what it should
static bool
is_meant(const struct dm_kubo *kubo, const struct dm_kubo_answer *answer)
{
    switch (kubo->state) {
    case IDLE:
        break;
    case IMPORT:
        return dm_kubo_is_imported(answer->body, kubo->n_blocks, kubo->n_bytes);
    case STAT:
        return dm_kubo_is_there(answer->body, &kubo->head);
    case LOOK:
        return dm_kubo_is_there(answer->body, &kubo->cursor.pinned);
    case MOVE:
    case ADD:
        return dm_kubo_is_pinned(answer->body, &kubo->head);
    case SWEEP:
        return true; // Whatever it lists
    case REMOVE:
        return dm_kubo_is_pinned(answer->body, &kubo->stray);
    }
    return false;
}

static void
on_step(struct dm_kubo *kubo, struct dm_kubo_answer *answer)
{
    if (answer->verdict == DM_KUBO_GOOD && !is_meant(kubo, answer)) {
        dm_kubo_answer_fail(answer, MISFIT);
    }
    if (answer->verdict == DM_KUBO_GOOD) {
        on_good(kubo, answer);
    } else if (!on_other(kubo, answer)) {
        fail(kubo, &kubo->retry, answer->text);
    }
}

static void
on_response(void *context, const struct dm_http_response *response)
{
    struct dm_kubo *kubo = context;
    struct dm_kubo_answer answer;
    DM_ON_LOOP();
    kubo->request = NULL;
    dm_kubo_answer_read(response, &answer);
    if (kubo->is_putting) {
        on_put(kubo, &answer);
    } else {
        on_step(kubo, &answer);
    }
    pump(kubo);
}

// -------------------------------------------------------------- going on

static void
on_timer(void *context)
{
    pump(context);
}

static int64_t
later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

// Make the next request, or wait until it is due
static void
pump(struct dm_kubo *kubo)
{
    int64_t step_ns = DM_NEVER_DUE;
    int64_t put_ns = DM_NEVER_DUE;
    while (!kubo->request) {
        const int64_t now = now_of(kubo);
        step_ns = kubo->state == IDLE
                      ? DM_NEVER_DUE
                      : later(kubo->retry.until_ns, kubo->again.until_ns);
        put_ns = !kubo->is_tip_due
                     ? DM_NEVER_DUE
                     : later(kubo->put.until_ns,
                             kubo->has_put ? kubo->put_ns + PUT_EVERY_NS : now);
        if (put_ns <= now) {
            start_put(kubo);
        } else if (step_ns <= now) {
            start_step(kubo);
        } else {
            break;
        }
    }
    const int64_t due = step_ns < put_ns ? step_ns : put_ns;
    if (kubo->request || due == DM_NEVER_DUE) {
        dm_loop_timer_stop(kubo->net->loop, &kubo->timer);
    } else {
        dm_loop_timer_start(kubo->net->loop, &kubo->timer, due, on_timer, kubo);
    }
}

// Check the CAR's blocks against their names, and count them
static enum dm_status
count_blocks(struct dm_str bytes, uint64_t *ret_blocks, uint64_t *ret_bytes)
{
    struct dm_car car;
    struct dm_car_block block;
    uint64_t n_bytes = 0;
    uint64_t n = 0;
    enum dm_status status = dm_car_open(&car, bytes, true, NULL);
    while (!status) {
        status = dm_car_next(&car, &block, NULL);
        if (!status) {
            n_bytes += block.data.n;
            ++n;
        }
    }
    *ret_blocks = n;
    *ret_bytes = n_bytes;
    return status == DM_END ? DM_OK : status;
}

enum dm_status
dm_kubo_give(struct dm_kubo *kubo, const struct dm_kubo_item *item)
{
    DM_ON_LOOP();
    assert(kubo->state == IDLE);
    enum dm_status status = DM_OK;
    if (item->seq < kubo->cursor.seq || (!item->car.n && !item->has_head)) {
        return DM_ERR_ARGUMENT;
    }
    if (item->car.n > DM_KUBO_CAR_MAX || item->record.n > DM_KUBO_RECORD_MAX) {
        return DM_ERR_LIMIT;
    }
    kubo->n_blocks = 0;
    kubo->n_bytes = 0;
    if (item->car.n) {
        status = count_blocks(item->car, &kubo->n_blocks, &kubo->n_bytes);
    }
    if (!status) {
        dm_buf_clear(&kubo->record);
        status = dm_buf_put_str(&kubo->record, item->record);
    }
    if (!status && item->car.n) {
        status = dm_kubo_upload_init(&kubo->car, kubo->env, item->car,
                                     DM_KUBO_CAR_MAX);
    }
    if (status) {
        return status;
    }
    kubo->seq = item->seq;
    kubo->has_head = item->has_head;
    kubo->head = item->head;
    kubo->n_strays = 0;
    set_state(kubo, item->car.n ? IMPORT : STAT);
    pump(kubo);
    return DM_OK;
}

void
dm_kubo_figures(const struct dm_kubo *kubo, struct dm_kubo_figures *ret)
{
    *ret = kubo->figures;
    ret->url = kubo->config->node.kubo;
    ret->is_behind = kubo->state != IDLE;
    ret->cursor = kubo->cursor;
    ret->error = dm_str(kubo->error);
}
