// SPDX-License-Identifier: ISC

// /api/v1/peers and /peers: how it stands with each node, and what to do

#include "alert/present.h"
#include "base/time.h"
#include "daemon/json.h"
#include "daemon/node_private.h"
#include "daemon/page.h"
#include "daemon/peer_rows.h"

#include <string.h>

#define KIB 1024.0

struct peers_reply {
    struct dm_reply_job reply;
    struct dm_peer_rows rows;
    struct dm_outbox_figures kubo;
};

static enum dm_status
peers_init(struct dm_reply_job *job)
{
    struct peers_reply *own = (struct peers_reply *)job;
    const enum dm_status status =
        dm_peer_rows_gather(&own->rows, job->request.node);
    dm_outbox_figures(job->request.node->outbox, &own->kubo);
    if (status) {
        dm_reply_problem(&job->request, 503, "out of memory", NULL);
    }
    return status;
}

static void
peers_done(struct dm_reply_job *job)
{
    dm_peer_rows_done(&((struct peers_reply *)job)->rows);
}

static enum dm_status
read_rows(struct dm_reply_job *job)
{
    struct peers_reply *own = (struct peers_reply *)job;
    const enum dm_status status = dm_reply_open(job);
    return status ? status
                  : dm_peer_rows_read(&own->rows, job->snapshot, job->present,
                                      job->now_ms);
}

// ------------------------------------------------------------------------ JSON

static json_t *
cid_text(const struct dm_cid *cid)
{
    char text[DM_CID_TEXT_SIZE];
    dm_cid_text(cid, text);
    return json_string(text);
}

static void
set_ms(json_t *object, const char *key, int64_t ms)
{
    dm_json_set(object, key, json_real((double)ms / DM_MS_PER_SECOND));
}

static json_t *
held_object(const struct dm_peer_row *row)
{
    if (!row->log) {
        return json_null();
    }
    json_t *object = json_object();
    dm_json_int(object, "seq", (int64_t)row->seq);
    dm_json_int(object, "first", (int64_t)row->first);
    dm_json_int(object, "behind", (int64_t)row->log->behind);
    dm_json_set(object, "head",
                row->has_tip ? cid_text(&row->head) : json_null());
    dm_json_time(object, "entryTime", row->entry_ms);
    dm_json_time(object, "received", row->received_ms);
    set_ms(object, "lag", row->lag_ms);
    set_ms(object, "clockOffset", row->log->clock_offset_ms);
    dm_json_int(object, "bytes", (int64_t)row->bytes);
    dm_json_set(object, "quota",
                row->link && row->link->quota
                    ? json_integer((int64_t)row->link->quota)
                    : json_null());
    dm_json_set(object, "renewed",
                row->has_tip ? json_boolean(row->is_renewed) : json_null());
    dm_json_time(object, "validUntil", row->valid_until_ms);
    if (row->forked_at) {
        json_t *fork = json_array();
        (void)json_array_append_new(fork, cid_text(&row->fork[0]));
        (void)json_array_append_new(fork, cid_text(&row->fork[1]));
        dm_json_int(object, "forkedAt", (int64_t)row->forked_at);
        dm_json_set(object, "fork", fork);
    }
    return object;
}

static json_t *
link_object(const struct dm_peer_link *link)
{
    if (!link) {
        return json_null();
    }
    json_t *object = json_object();
    dm_json_text(object, "name", link->name);
    dm_json_text(object, "url", link->url);
    dm_json_bool(object, "follows", link->is_followed);
    dm_json_bool(object, "dials", link->is_dialled || link->is_away);
    dm_json_bool(object, "comes", link->comes);
    dm_json_bool(object, "connected", link->is_connected || link->comes);
    dm_json_time(object, "heard", link->heard_ms);
    dm_json_text(object, "reason", link->reason);
    dm_json_time(object, "reasonAt", link->reason_ms);
    dm_json_int(object, "fetched", (int64_t)link->n_fetched);
    dm_json_int(object, "pushed", (int64_t)link->n_pushed);
    dm_json_int(object, "refused", (int64_t)link->n_refused);
    return object;
}

static json_t *
row_object(const struct dm_peer_row *row)
{
    static const struct dm_str scheme = DM_STR("ipns://");
    json_t *object = json_object();
    dm_json_text(object, "name", row->name);
    dm_json_text(object, "iri", row->iri);
    dm_json_text(object, "log", dm_str_slice(row->iri, scheme.n, row->iri.n));
    dm_json_bool(object, "self", row->log && row->log->is_self);
    dm_json_text(object, "state", dm_str(dm_peer_row_state(row)));
    dm_json_text(object, "direction", dm_str(dm_peer_row_way(row)));
    dm_json_text(object, "via", row->via);
    dm_json_bool(object, "bad", dm_peer_row_is_bad(row));
    dm_json_text(object, "advice", dm_str(dm_peer_row_advice(row)));
    dm_json_set(object, "held", held_object(row));
    dm_json_set(object, "peer", link_object(row->link));
    return object;
}

static enum dm_status
api_step(struct dm_reply_job *job)
{
    const struct peers_reply *own = (const struct peers_reply *)job;
    const struct dm_peer_rows *rows = &own->rows;
    const enum dm_status status = read_rows(job);
    if (status) {
        return status;
    }
    json_t *document = json_object();
    json_t *peers = json_array();
    for (size_t i = 0; i < rows->n; ++i) {
        (void)json_array_append_new(peers, row_object(&rows->rows[i]));
    }
    dm_json_text(document, "node", job->present->logs[0].name);
    dm_json_time(document, "at", job->now_ms);
    dm_json_set(document, "peers", peers);
    dm_json_kubo(document, &own->kubo);
    job->content_type = "application/json";
    return dm_json_print(document, &job->out);
}

static void
api_peers(const struct dm_request *request)
{
    static const struct dm_reply_ops ops = {
        .name = "peers", .step = api_step, .done = peers_done};
    dm_reply_start(request, &ops, sizeof(struct peers_reply), peers_init);
}

// ------------------------------------------------------------------------ page

static void
put_size(struct dm_buf *out, uint64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB"};
    double size = (double)bytes / KIB;
    size_t unit = 0;
    while (size >= KIB && unit + 1 < DM_COUNT_OF(units)) {
        size /= KIB;
        ++unit;
    }
    (void)dm_buf_printf(out, "%.*f %s", size < 10 ? 1 : 0, size, units[unit]);
}

static const char *
class_of(const struct dm_peer_row *row)
{
    return row->log && row->forked_at ? "critical"
           : dm_peer_row_is_bad(row)  ? "warning"
                                      : "ok";
}

static void
put_held(struct dm_buf *out, const struct dm_peer_row *row, int64_t now_ms)
{
    const bool is_self = row->log && row->log->is_self;
    (void)dm_buf_puts(out, "<td class=s>");
    if (row->log && row->seq) {
        dm_page_ago(out, now_ms - row->received_ms);
        (void)dm_buf_puts(out, " ago");
    }
    (void)dm_buf_puts(out, "<td class=s>");
    if (row->log && row->seq) {
        (void)dm_buf_printf(out, "%llu", (unsigned long long)row->seq);
    }
    (void)dm_buf_puts(out, "<td class=s>");
    if (row->log && row->log->behind) {
        (void)dm_buf_printf(out, "%llu", (unsigned long long)row->log->behind);
    }
    (void)dm_buf_puts(out, "<td class=s>");
    if (row->log && row->seq && !is_self) {
        (void)dm_buf_printf(out, "%.1f s<td class=s>%+.1f s",
                            (double)row->lag_ms / DM_MS_PER_SECOND,
                            (double)row->log->clock_offset_ms /
                                DM_MS_PER_SECOND);
    } else {
        (void)dm_buf_puts(out, "<td class=s>");
    }
    (void)dm_buf_puts(out, "<td class=s>");
    if (row->log) {
        put_size(out, row->bytes);
        if (row->link && row->link->quota) {
            (void)dm_buf_puts(out, " of ");
            put_size(out, row->link->quota);
        }
    }
}

static void
put_row(struct dm_buf *out, const struct dm_peer_row *row, int64_t now_ms)
{
    (void)dm_buf_puts(out, "<tr><td>");
    dm_page_text(out, row->name);
    (void)dm_buf_printf(out, "<td class=\"s %s\">%s", class_of(row),
                        dm_peer_row_state(row));
    put_held(out, row, now_ms);
    (void)dm_buf_printf(out, "<td class=s>%s", dm_peer_row_way(row));
    if (row->via.n) {
        (void)dm_buf_puts(out, " by ");
        dm_page_text(out, row->via);
    }
    (void)dm_buf_putc(out, '\n');
}

// What is wrong with one of them, and what to do
static void
put_trouble(struct dm_buf *out, const struct dm_peer_row *row, int64_t now_ms)
{
    const struct dm_peer_link *link = row->link;
    (void)dm_buf_puts(out, "<li><b>");
    dm_page_text(out, row->name);
    (void)dm_buf_printf(out, "</b> <span class=%s>%s</span>", class_of(row),
                        dm_peer_row_state(row));
    if (row->log && row->forked_at) {
        char texts[2][DM_CID_TEXT_SIZE];
        dm_cid_text(&row->fork[0], texts[0]);
        dm_cid_text(&row->fork[1], texts[1]);
        (void)dm_buf_printf(out,
                            ": entry %llu is both <code>%s</code> and "
                            "<code>%s</code>",
                            (unsigned long long)row->forked_at, texts[0],
                            texts[1]);
    }
    if (row->has_news) {
        (void)dm_buf_puts(out, ": <code>");
        dm_page_text(out, link->reason);
        (void)dm_buf_puts(out, "</code> <small>");
        dm_page_ago(out, now_ms - link->reason_ms);
        (void)dm_buf_puts(out, " ago</small>");
    }
    const char *advice = dm_peer_row_advice(row);
    if (advice[0]) {
        (void)dm_buf_puts(out, "<br>");
        dm_page_text(out, dm_str(advice));
    }
    (void)dm_buf_puts(out, "\n");
}

static void
put_banner(struct dm_buf *out, const struct dm_peer_rows *rows, size_t n_bad)
{
    if (n_bad) {
        (void)dm_buf_printf(out,
                            "<p class=\"banner warn\">%zu of %zu nodes want to "
                            "be looked at</p>\n",
                            n_bad, rows->n);
    } else if (rows->n < 2) {
        (void)dm_buf_puts(out, "<p class=banner>This node knows no other: a "
                               "file <code>peers/NAME.ttl</code> names "
                               "one</p>\n");
    } else {
        (void)dm_buf_printf(out, "<p class=banner>%zu nodes, all well</p>\n",
                            rows->n);
    }
}

static enum dm_status
page_step(struct dm_reply_job *job)
{
    const struct dm_peer_rows *rows = &((struct peers_reply *)job)->rows;
    const enum dm_status status = read_rows(job);
    struct dm_buf *out = &job->out;
    size_t n_bad = 0;
    if (status) {
        return status;
    }
    for (size_t i = 0; i < rows->n; ++i) {
        n_bad += dm_peer_row_is_bad(&rows->rows[i]) ? 1 : 0;
    }
    dm_page_head(out, dm_str("peers"), dm_str("Peers"));
    put_banner(out, rows, n_bad);
    (void)dm_buf_puts(
        out, "<div class=w><table><tr><th>node<th>state<th>last entry<th>"
             "entries<th>behind<th>lag<th>clock<th>held<th>way"
             "\n");
    for (size_t i = 0; i < rows->n; ++i) {
        put_row(out, &rows->rows[i], job->now_ms);
    }
    (void)dm_buf_puts(out, "</table></div>\n");
    if (n_bad) {
        (void)dm_buf_puts(out, "<ul>\n");
        for (size_t i = 0; i < rows->n; ++i) {
            if (dm_peer_row_is_bad(&rows->rows[i])) {
                put_trouble(out, &rows->rows[i], job->now_ms);
            }
        }
        (void)dm_buf_puts(out, "</ul>\n");
    }
    (void)dm_buf_puts(out, "<p><small><a href=\"/\">checks</a> · <a "
                           "href=\"/api/v1/peers\">as JSON</a></small></p>\n"
                           "</html>\n");
    job->content_type = "text/html; charset=utf-8";
    return out->status;
}

static void
page_peers(const struct dm_request *request)
{
    static const struct dm_reply_ops ops = {
        .name = "page.peers", .step = page_step, .done = peers_done};
    dm_reply_start(request, &ops, sizeof(struct peers_reply), peers_init);
}

const struct dm_route dm_routes_peers[] = {
    {.path = "/api/v1/peers",
     .methods = DM_METHOD_GET,
     .scope = DM_SCOPE_READ,
     .handle = api_peers},
    {.path = "/peers",
     .methods = DM_METHOD_GET,
     .scope = DM_SCOPE_READ,
     .handle = page_peers},
    {.path = NULL},
};
