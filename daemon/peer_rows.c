// SPDX-License-Identifier: ISC

#include "daemon/peer_rows.h"

#include "alert/present.h"
#include "base/actor.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/time.h"
#include "daemon/node_private.h"
#include "quadstore/blocks.h"
#include "quadstore/event.h"
#include "sync/chain.h"
#include "sync/record.h"

#include <assert.h>
#include <string.h>

#define TOLD_MAX 65536U
#define VIA_MAX 1024U
#define SUFFIX 8U                 // Characters of a key that tell names apart
#define SILENCE_MS INT64_C(30000) // With three times :seal, as others see it
#define NEWS_MS (INT64_C(10) * 60 * DM_MS_PER_SECOND)

static const struct dm_str scheme = DM_STR("ipns://");

static bool
key_of(struct dm_str iri, uint8_t log[DM_KEY_PUBLIC_BYTES])
{
    return dm_str_starts(iri, scheme) &&
           dm_key_from_name(dm_str_slice(iri, scheme.n, iri.n), log);
}

static bool
is_key(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, DM_KEY_PUBLIC_BYTES) == 0;
}

static const struct dm_peer_link *
link_of(const struct dm_peer_rows *rows, const uint8_t *log)
{
    for (size_t i = 0; i < rows->n_links; ++i) {
        if (is_key(rows->links[i].log, log)) {
            return &rows->links[i];
        }
    }
    return NULL;
}

// ------------------------------------------------------------------- the loop

// Another configuration may be in force when the worker comes to it
static enum dm_status
copy_text(struct dm_peer_rows *rows, struct dm_str text, struct dm_str *ret)
{
    *ret = dm_arena_copy(&rows->arena, text);
    return ret->data ? DM_OK : DM_ERR_NO_MEMORY;
}

static enum dm_status
add_link(struct dm_peer_rows *rows, const struct dm_peer_figures *figures)
{
    const struct dm_peer_def *def = figures->def;
    struct dm_peer_link *link = &rows->links[rows->n_links];
    *link = (struct dm_peer_link){
        .quota = def->quota,
        .is_followed = def->follow != DM_FOLLOW_NONE,
        .is_dialled = figures->is_dialled,
        .is_connected = figures->is_connected,
        .is_away = figures->is_away,
        .comes = figures->comes,
        .heard_ms = figures->heard_ms,
        .reason_ms = figures->reason_ms,
        .failure = figures->failure,
        .status = figures->status,
        .n_fetched = figures->n_fetched,
        .n_pushed = figures->n_pushed,
        .n_refused = figures->n_refused,
    };
    if (copy_text(rows, def->name, &link->name) ||
        copy_text(rows, def->log, &link->iri) ||
        copy_text(rows, def->url, &link->url) ||
        copy_text(rows, dm_str(figures->reason), &link->reason)) {
        return DM_ERR_NO_MEMORY;
    }
    if (key_of(link->iri, link->log)) {
        ++rows->n_links;
    }
    return DM_OK;
}

static enum dm_status
add_told(struct dm_peer_rows *rows, const struct dm_peers *peers, size_t i,
         const struct dm_peer_link *link)
{
    uint8_t log[DM_KEY_PUBLIC_BYTES];
    for (size_t k = 0; dm_peers_told(peers, i, k, log); ++k) {
        if (link_of(rows, log) || rows->n_told == TOLD_MAX) {
            continue;
        }
        struct dm_peer_told *told =
            dm_grow(rows->told, &rows->told_capacity, rows->n_told + 1,
                    sizeof(*told), TOLD_MAX);
        if (!told) {
            return DM_ERR_NO_MEMORY;
        }
        rows->told = told;
        told += rows->n_told++;
        told->link = link;
        memcpy(told->log, log, sizeof(told->log));
    }
    return DM_OK;
}

enum dm_status
dm_peer_rows_gather(struct dm_peer_rows *rows, const struct dm_node *node)
{
    const size_t n = dm_peers_count(node->peers);
    enum dm_status status = DM_OK;
    DM_ON_LOOP();
    dm_arena_init(&rows->arena, DM_PEER_ROWS_MEMORY, NULL);
    if (!n) {
        return DM_OK;
    }
    rows->links = dm_calloc(n, sizeof(*rows->links));
    if (!rows->links) {
        return DM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; !status && i < n; ++i) {
        const struct dm_peer_figures figures = dm_peers_figures(node->peers, i);
        status = add_link(rows, &figures);
    }
    // All links are there now: they do not move, and say which logs have one
    for (size_t i = 0; !status && i < n && rows->n_links == n; ++i) {
        status = add_told(rows, node->peers, i, &rows->links[i]);
    }
    return status;
}

void
dm_peer_rows_done(struct dm_peer_rows *rows)
{
    dm_free(rows->links);
    dm_free(rows->told);
    dm_free(rows->rows);
    dm_arena_done(&rows->arena);
    *rows = (struct dm_peer_rows){.n = 0};
}

// ------------------------------------------------------------------ the worker

static enum dm_status
read_via(struct dm_peer_rows *rows, const uint8_t *log, struct dm_str *ret)
{
    struct dm_buf text;
    dm_buf_init(&text, VIA_MAX);
    for (size_t i = 0; i < rows->n_told; ++i) {
        if (is_key(rows->told[i].log, log) &&
            text.n + rows->told[i].link->name.n + 2 < VIA_MAX) {
            (void)dm_buf_puts(&text, text.n ? ", " : "");
            (void)dm_buf_put_str(&text, rows->told[i].link->name);
        }
    }
    const enum dm_status status =
        text.status ? text.status : copy_text(rows, dm_buf_str(&text), ret);
    dm_buf_done(&text);
    return status;
}

static void
take_chain(struct dm_peer_row *row, const struct dm_chain *chain,
           int64_t now_ms)
{
    struct dm_record record;
    row->seq = chain->seq;
    row->first = chain->seq ? chain->first : 0;
    row->forked_at = chain->forked_at;
    row->fork[0] = chain->fork[0];
    row->fork[1] = chain->fork[1];
    if (chain->seq) {
        const int64_t late =
            row->log->received_ms - row->log->clock_offset_ms - chain->time_ms;
        row->entry_ms = chain->time_ms;
        row->received_ms =
            row->log->is_self ? chain->time_ms : row->log->received_ms;
        row->lag_ms = row->log->is_self || late < 0 ? 0 : late;
        row->is_unsealed =
            row->log->is_self &&
            now_ms - chain->time_ms > 3 * row->log->seal_ms + SILENCE_MS;
    }
    row->has_tip =
        chain->n_record &&
        !dm_record_read(dm_str_n((const char *)chain->record, chain->n_record),
                        chain->log, &record, NULL);
    if (row->has_tip) {
        row->head = record.head;
        row->valid_until_ms = record.valid_until_ms;
        row->is_renewed = now_ms <= record.valid_until_ms;
    }
}

static enum dm_status
add_log(struct dm_peer_rows *rows, struct dm_snapshot *snapshot,
        const struct dm_view_log *log, int64_t now_ms)
{
    struct dm_peer_row *row = &rows->rows[rows->n++];
    uint8_t key[DM_KEY_PUBLIC_BYTES];
    struct dm_chain *chain = NULL;
    struct dm_block_figures figures = {0};
    *row = (struct dm_peer_row){.log = log,
                                .name = log->name,
                                .iri = log->iri,
                                .entry_ms = DM_NO_TIME,
                                .received_ms = DM_NO_TIME,
                                .valid_until_ms = DM_NO_TIME};
    if (!key_of(log->iri, key)) {
        return DM_OK;
    }
    row->link = link_of(rows, key);
    enum dm_status status = dm_chain_peek(snapshot, key, &chain);
    if (!status) {
        take_chain(row, chain, now_ms);
        dm_chain_free(chain);
        status = dm_snapshot_block_figures(snapshot, log->log, &figures);
        row->bytes = figures.bytes;
    } else if (status == DM_ERR_NOT_FOUND) {
        status = DM_OK; // No entry yet
    }
    if (!status && !row->link && !log->is_self) {
        status = read_via(rows, key, &row->via);
    }
    return status;
}

static bool
has_row(const struct dm_peer_rows *rows, const struct dm_peer_link *link)
{
    for (size_t i = 0; i < rows->n; ++i) {
        if (rows->rows[i].link == link) {
            return true;
        }
    }
    return false;
}

// Two peer files may give one name, and labels have to differ
static enum dm_status
tell_apart(struct dm_peer_rows *rows)
{
    for (size_t i = 0; i < rows->n_links; ++i) {
        struct dm_peer_link *link = &rows->links[i];
        bool is_shared = !link->name.n;
        for (size_t k = 0; k < i && !is_shared; ++k) {
            is_shared = dm_str_equal(link->name, rows->links[k].name);
        }
        if (!is_shared) {
            continue;
        }
        char *name = dm_arena_alloc(&rows->arena, link->name.n + SUFFIX + 1, 1);
        if (!name) {
            return DM_ERR_NO_MEMORY;
        }
        memcpy(name, link->name.data, link->name.n);
        name[link->name.n] = '-';
        memcpy(name + link->name.n + 1, link->iri.data + link->iri.n - SUFFIX,
               SUFFIX);
        link->name = dm_str_n(name, link->name.n + SUFFIX + 1);
    }
    return DM_OK;
}

enum dm_status
dm_peer_rows_read(struct dm_peer_rows *rows, struct dm_snapshot *snapshot,
                  const struct dm_present *present, int64_t now_ms)
{
    enum dm_status status = tell_apart(rows);
    DM_ON_WORKER();
    assert(!rows->rows);
    rows->rows =
        dm_calloc(present->n_logs + rows->n_links, sizeof(*rows->rows));
    if (!rows->rows) {
        return DM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; !status && i < present->n_logs; ++i) {
        status = add_log(rows, snapshot, &present->logs[i], now_ms);
    }
    for (size_t i = 0; !status && i < rows->n_links; ++i) {
        const struct dm_peer_link *link = &rows->links[i];
        if (!has_row(rows, link)) {
            rows->rows[rows->n++] = (struct dm_peer_row){
                .link = link, .name = link->name, .iri = link->iri};
        }
    }
    for (size_t i = 0; i < rows->n; ++i) {
        const struct dm_peer_link *link = rows->rows[i].link;
        rows->rows[i].has_news =
            link && link->reason.n && now_ms - link->reason_ms < NEWS_MS;
    }
    return status;
}

// ---------------------------------------------------------------------- words

static bool
is_connected(const struct dm_peer_link *link)
{
    return link->is_connected || link->comes;
}

const char *
dm_peer_row_state(const struct dm_peer_row *row)
{
    if (row->log && row->forked_at) {
        return "forked";
    }
    if (row->log && row->log->is_self) {
        return row->is_unsealed ? "not sealed" : "this one";
    }
    if (row->log && row->has_tip && !row->is_renewed) {
        return "not renewed";
    }
    if (!row->link) {
        return "relayed";
    }
    if (is_connected(row->link)) {
        return "connected";
    }
    return row->link->is_followed ? "away" : "left out";
}

bool
dm_peer_row_is_bad(const struct dm_peer_row *row)
{
    const struct dm_peer_link *link = row->link;
    return (row->log && (row->forked_at || row->is_unsealed)) ||
           (row->log && row->has_tip && !row->is_renewed) ||
           (link && link->is_followed &&
            (!is_connected(link) || row->has_news));
}

const char *
dm_peer_row_way(const struct dm_peer_row *row)
{
    const struct dm_peer_link *link = row->link;
    if (row->log && row->log->is_self) {
        return "";
    }
    if (!link) {
        return "relay";
    }
    if (link->is_dialled || link->is_away) {
        return link->comes ? "dials, comes" : "dials";
    }
    return link->comes || !link->url.n ? "comes" : "";
}

static const char *
failure_advice(enum dm_net_failure failure)
{
    switch (failure) {
    case DM_NET_RESOLVE:
        return "look at the host in its :url";
    case DM_NET_CONNECTION:
    case DM_NET_TIMED_OUT:
        return "does it run, and :listen where our :url says? `demonitor id` "
               "there tells";
    case DM_NET_CERTIFICATE:
        return "its key is not the one of our :pin: compare with `demonitor "
               "id` there";
    case DM_NET_TLS:
    case DM_NET_PROTOCOL:
        return "does a demonitor listen at its :url? Plain addresses are "
               "http, all others https";
    case DM_NET_PERMISSION:
        return "this system does not let the daemon dial it";
    case DM_NET_OK:
    case DM_NET_TOO_LARGE:
    case DM_NET_LOCAL:
    case DM_NET_CANCELLED:
        return "";
    }
    return "";
}

static const char *
status_advice(unsigned status)
{
    switch (status) {
    case 401:
        return "our :auth must hold the secret that its :token names in its "
               "peer file for us";
    case 403:
        return "the secret must stand as :token in its peer file for us, not "
               "under :this";
    case 404:
        return "does a demonitor listen at its :url?";
    case 429:
        return "it is busy, or our log is over the :quota of its peer file for "
               "us";
    case 503:
        return "it is busy and is asked again";
    default:
        return "";
    }
}

const char *
dm_peer_row_advice(const struct dm_peer_row *row)
{
    // The name of a reason (sync/follow.h)
    static const struct dm_str quota = DM_STR("refused: quota:");
    const struct dm_peer_link *link = row->link;
    if (row->log && row->forked_at) {
        return "two histories were signed with its key: was a backup restored? "
               "See docs/PEERS.md, \"Forks\"";
    }
    if (row->log && row->is_unsealed) {
        return "it waits for a peer that knows this log to tell how far it is "
               "(docs/PEERS.md, \"Forks\"), or cannot write: see its log";
    }
    if (row->log && row->has_tip && !row->is_renewed) {
        return "it has sealed nothing for a year: start it, or delete its peer "
               "file";
    }
    if (!link || !dm_peer_row_is_bad(row)) {
        return "";
    }
    if (!link->reason.n) {
        return link->url.n ? "three others are dialled; it is when one fails"
                           : "it has no :url here, so it has to dial us";
    }
    if (dm_str_find(link->reason, quota) < link->reason.n) {
        return "give its peer file here a greater :quota, or let its node keep "
               "less (:keepBlocks)";
    }
    return link->failure == DM_NET_OK ? status_advice(link->status)
                                      : failure_advice(link->failure);
}
