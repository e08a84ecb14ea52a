// SPDX-License-Identifier: ISC

// The multi handle of libcurl, and the life of a transfer (curl_private.h).

#include "base/alloc.h"
#include "net/curl_private.h"

#include <assert.h>

#define CONNECTIONS_KEPT 16L

struct curl_socket {
    struct dm_curl *curl;
    curl_socket_t fd;
    uv_poll_t poll;
};

// -------------------------------------------------------------- life of one

static void
link_transfer(struct dm_http_transfer *transfer)
{
    struct dm_curl *curl = transfer->curl;
    transfer->next = curl->transfers;
    if (transfer->next) {
        transfer->next->before = transfer;
    }
    curl->transfers = transfer;
    ++curl->n;
}

static void
unlink_transfer(struct dm_http_transfer *transfer)
{
    struct dm_curl *curl = transfer->curl;
    assert(curl->n > 0);
    --curl->n;
    if (transfer->before) {
        transfer->before->next = transfer->next;
    } else {
        curl->transfers = transfer->next;
    }
    if (transfer->next) {
        transfer->next->before = transfer->before;
    }
}

static void
free_transfer(struct dm_http_transfer *transfer)
{
    struct dm_curl *curl = transfer->curl;
    if (transfer->easy && curl->n_kept < DM_CURL_EASY_KEPT) {
        curl_easy_reset(transfer->easy);
        curl->kept[curl->n_kept] = transfer->easy;
        ++curl->n_kept;
    } else {
        curl_easy_cleanup(transfer->easy);
    }
    curl_slist_free_all(transfer->headers);
    curl_slist_free_all(transfer->connect_to);
    dm_buf_done(&transfer->head);
    dm_buf_done(&transfer->kept);
    dm_free(transfer->body);
    dm_free(transfer->ca_file);
    dm_free(transfer);
}

static void
finish(struct dm_http_transfer *transfer, CURLcode code)
{
    struct dm_http_header headers[DM_HTTP_HEADERS_MAX];
    struct dm_http_response response;
    dm_curl_read_response(transfer, code, headers, &response);
    (void)curl_multi_remove_handle(transfer->curl->multi, transfer->easy);
    unlink_transfer(transfer);
    transfer->done(transfer->context, &response);
    free_transfer(transfer);
}

// Finish what curl says is done
static void
read_messages(struct dm_curl *curl)
{
    int left = 0;
    CURLMsg *message = NULL;
    while ((message = curl_multi_info_read(curl->multi, &left))) {
        struct dm_http_transfer *transfer = NULL;
        const CURLcode code = message->data.result;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
                                &transfer);
        finish(transfer, code);
    }
}

// -------------------------------------------------- the loop, as curl sees it

static void
on_timer(void *context)
{
    struct dm_curl *curl = context;
    int running = 0;
    (void)curl_multi_socket_action(curl->multi, CURL_SOCKET_TIMEOUT, 0,
                                   &running);
    read_messages(curl);
}

static int
set_timer(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi;
    struct dm_curl *curl = context;
    struct dm_loop *loop = &curl->uv->loop;
    if (timeout_ms < 0) {
        dm_loop_timer_stop(loop, &curl->timer);
    } else {
        dm_loop_timer_start(loop, &curl->timer,
                            dm_loop_now_ns(loop) +
                                (int64_t)timeout_ms * INT64_C(1000000),
                            on_timer, curl);
    }
    return 0;
}

static void
on_socket_closed(uv_handle_t *handle)
{
    dm_free(handle->data);
}

static void
on_socket_event(uv_poll_t *poll, int status, int events)
{
    const struct curl_socket *watched = poll->data;
    struct dm_curl *curl = watched->curl;
    int running = 0;
    int what = status < 0 ? CURL_CSELECT_ERR : 0;
    what |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
    what |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
    ++curl->uv->n_events;
    (void)curl_multi_socket_action(curl->multi, watched->fd, what, &running);
    read_messages(curl);
}

static struct curl_socket *
watch_socket(struct dm_curl *curl, curl_socket_t fd)
{
    struct curl_socket *watched = dm_calloc(1, sizeof(*watched));
    if (!watched) {
        return NULL;
    }
    if (uv_poll_init_socket(&curl->uv->uv, &watched->poll, fd)) {
        dm_free(watched);
        return NULL;
    }
    watched->curl = curl;
    watched->fd = fd;
    watched->poll.data = watched;
    (void)curl_multi_assign(curl->multi, fd, watched);
    return watched;
}

static int
set_socket(CURL *easy, curl_socket_t fd, int what, void *context,
           void *socket_context)
{
    (void)easy;
    struct dm_curl *curl = context;
    struct curl_socket *watched = socket_context;
    if (what == CURL_POLL_REMOVE) {
        if (watched) {
            (void)curl_multi_assign(curl->multi, fd, NULL);
            uv_close((uv_handle_t *)&watched->poll, on_socket_closed);
        }
        return 0;
    }
    if (!watched) {
        watched = watch_socket(curl, fd);
    }
    if (!watched) {
        return 0; // The transfer will run into its time-out
    }
    const int events = (what & CURL_POLL_IN ? UV_READABLE : 0) |
                       (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    (void)uv_poll_start(&watched->poll, events, on_socket_event);
    return 0;
}

// ------------------------------------------------------------- what it does

static CURL *
take_easy(struct dm_curl *curl)
{
    if (!curl->n_kept) {
        return curl_easy_init();
    }
    --curl->n_kept;
    return curl->kept[curl->n_kept];
}

static struct dm_http_transfer *
new_transfer(struct dm_curl *curl, const struct dm_http_exchange *exchange)
{
    const struct dm_str https = DM_STR("https:");
    struct dm_http_transfer *transfer = dm_calloc(1, sizeof(*transfer));
    if (!transfer) {
        return NULL;
    }
    transfer->curl = curl;
    transfer->endpoint = exchange->endpoint;
    transfer->timeout_ns = exchange->timeout_ns;
    transfer->connect_ns = exchange->timeout_ns;
    if (exchange->connect_ns && exchange->connect_ns < exchange->timeout_ns) {
        transfer->connect_ns = exchange->connect_ns;
    }
    transfer->lost_ns = exchange->lost_ns;
    transfer->start_ns = dm_loop_now_ns(&curl->uv->loop);
    transfer->on_data = exchange->on_data;
    transfer->data_context = exchange->context;
    transfer->is_tls =
        dm_str_equal_nocase(dm_str_slice(exchange->url, 0, https.n), https);
    dm_buf_init(&transfer->head, DM_HTTP_HEADER_BYTES_MAX);
    dm_buf_init(&transfer->kept, exchange->max_body);
    transfer->easy = take_easy(curl);
    if (!transfer->easy || dm_curl_set_request(transfer, exchange)) {
        free_transfer(transfer);
        return NULL;
    }
    return transfer;
}

// OpenSSL alone brings two megabytes that a node which asks nobody over HTTP
// never needs, so libcurl is set up with the first transfer.
static bool
set_up(struct dm_curl *curl)
{
    if (curl->multi) {
        return true;
    }
    if (!curl->is_initialised && curl_global_init(CURL_GLOBAL_DEFAULT)) {
        return false;
    }
    curl->is_initialised = true;
    const char *bundle = curl_version_info(CURLVERSION_NOW)->cainfo;
    if (!curl->roots) {
        curl->roots = dm_tls_roots_new(
            bundle ? bundle : "/etc/ssl/certs/ca-certificates.crt");
    }
    CURLM *multi = curl->roots ? curl_multi_init() : NULL;
    if (!multi ||
        curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, set_socket) ||
        curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, curl) ||
        curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer) ||
        curl_multi_setopt(multi, CURLMOPT_TIMERDATA, curl) ||
        curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT)) {
        (void)curl_multi_cleanup(multi);
        return false;
    }
    curl->multi = multi;
    return true;
}

static enum dm_status
start(void *self, const struct dm_http_exchange *exchange, dm_http_done_fn done,
      void *context, struct dm_http_transfer **ret)
{
    struct dm_curl *curl = self;
    if (curl->n == curl->max) {
        return DM_ERR_LIMIT;
    }
    if (!set_up(curl)) {
        return DM_ERR_NO_MEMORY;
    }
    struct dm_http_transfer *transfer = new_transfer(curl, exchange);
    if (!transfer) {
        return DM_ERR_NO_MEMORY;
    }
    transfer->done = done;
    transfer->context = context;
    if (curl_multi_add_handle(curl->multi, transfer->easy)) {
        free_transfer(transfer);
        return DM_ERR_NO_MEMORY;
    }
    link_transfer(transfer);
    *ret = transfer;
    return DM_OK;
}

static void
cancel(void *self, struct dm_http_transfer *transfer)
{
    struct dm_curl *curl = self;
    (void)curl_multi_remove_handle(curl->multi, transfer->easy);
    unlink_transfer(transfer);
    free_transfer(transfer);
}

struct dm_curl *
dm_curl_new(struct dm_uv *uv, size_t max)
{
    static const struct dm_http_transport_ops ops = {.start = start,
                                                     .cancel = cancel};
    struct dm_curl *curl = dm_calloc(1, sizeof(*curl));
    if (!curl) {
        return NULL;
    }
    curl->transport.ops = &ops;
    curl->transport.self = curl;
    curl->uv = uv;
    curl->max = max;
    return curl;
}

void
dm_curl_free(struct dm_curl *curl)
{
    if (!curl) {
        return;
    }
    while (curl->transfers) {
        cancel(curl, curl->transfers);
    }
    while (curl->n_kept) {
        curl_easy_cleanup(take_easy(curl));
    }
    if (curl->multi) {
        (void)curl_multi_cleanup(curl->multi);
    }
    dm_loop_timer_stop(&curl->uv->loop, &curl->timer);
    dm_tls_roots_free(curl->roots);
    if (curl->is_initialised) {
        curl_global_cleanup();
    }
    dm_free(curl);
}

const struct dm_http_transport *
dm_curl_transport(const struct dm_curl *curl)
{
    return &curl->transport;
}
