// SPDX-License-Identifier: ISC

// Which logs there are, what each says it runs, and how far each is held.

#include "alert/present_cache.h"
#include "alert/present_private.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "quadstore/scan.h"
#include "quadstore/seen.h"
#include "quadstore/store.h"
#include "vocab/config.h"
#include "vocab/published.h"

#include <string.h>

#define IRI_MAX 8192U
#define NAME_MAX_BYTES 100U
#define QUADS_BETWEEN_RELEASES 1024U

// The logs while they are found
struct finding {
    struct dm_present *present;
    struct dm_snapshot *snapshot;
    struct dm_present_cache *cache;
    size_t capacity;
    size_t held_capacity;
};

// ------------------------------------------------------- what a log publishes

static enum dm_status
read_quad(struct dm_snapshot *snapshot, const struct dm_quad_ids *ids,
          struct dm_published_reader *reader)
{
    struct dm_quad quad = {.g = {.kind = DM_TERM_NONE}};
    enum dm_status status = dm_snapshot_term(snapshot, ids->s, &quad.s);
    if (!status) {
        status = dm_snapshot_term(snapshot, ids->p, &quad.p);
    }
    if (!status) {
        status = dm_snapshot_term(snapshot, ids->o, &quad.o);
    }
    return status ? status : dm_published_reader_add(reader, &quad);
}

static enum dm_status
read_graph(struct dm_snapshot *snapshot, dm_id graph,
           struct dm_published_reader *reader)
{
    static const struct dm_dataset dataset = {.all_named = true};
    const struct dm_scan_spec spec = {
        .dataset = &dataset, .scope = DM_SCOPE_NAMED, .g = graph};
    struct dm_scan *scan = NULL;
    enum dm_status status = dm_scan_open(snapshot, &spec, &scan);
    for (size_t n = 1; !status; ++n) {
        struct dm_quad_ids ids;
        status = dm_scan_next(scan, &ids);
        if (!status) {
            status = read_quad(snapshot, &ids, reader);
        }
        if (n % QUADS_BETWEEN_RELEASES == 0) {
            dm_snapshot_release_texts(snapshot);
        }
    }
    dm_scan_close(scan);
    return status == DM_END ? DM_OK : status;
}

// Read the graph of a log's configuration; where there is none, it is empty.
static enum dm_status
read_published(struct dm_snapshot *snapshot, struct dm_str log,
               struct dm_published **ret)
{
    struct dm_buf iri;
    dm_id graph = DM_ID_NONE;
    dm_buf_init(&iri, IRI_MAX);
    (void)dm_buf_put_str(&iri, log);
    (void)dm_buf_puts(&iri, "#config");
    const struct dm_term term = dm_term_iri(dm_buf_str(&iri));
    enum dm_status status =
        iri.status ? iri.status : dm_snapshot_find(snapshot, &term, &graph);
    dm_buf_done(&iri);
    if (status && status != DM_ERR_NOT_FOUND) {
        return status;
    }
    struct dm_published_reader *reader = dm_published_reader_new(log);
    status = !reader               ? DM_ERR_NO_MEMORY
             : graph != DM_ID_NONE ? read_graph(snapshot, graph, reader)
                                   : DM_OK;
    if (!status) {
        status = dm_published_reader_end(reader, ret);
    }
    dm_published_reader_free(reader);
    return status;
}

// The same, from the cache where it has it
static enum dm_status
find_published(const struct finding *finding, struct dm_str log,
               struct dm_published **ret)
{
    struct dm_str version;
    char bytes[DM_PRESENT_CACHE_VERSION_MAX];
    const enum dm_status status = dm_snapshot_state_get(
        finding->snapshot, DM_SEEN_CONF_SPACE, log, &version);
    const bool has_version =
        !status && finding->cache && version.n <= sizeof(bytes);
    if (status && status != DM_ERR_NOT_FOUND) {
        return status;
    }
    if (has_version) {
        memcpy(bytes, version.data, version.n); // It may be released meanwhile
        version = dm_str_n(bytes, version.n);
        *ret = dm_present_cache_get(finding->cache, log, version);
        if (*ret) {
            return DM_OK;
        }
    }
    const enum dm_status read = read_published(finding->snapshot, log, ret);
    if (!read && has_version) {
        dm_present_cache_put(finding->cache, log, version, *ret);
    }
    return read;
}

static enum dm_status
own_published(const struct finding *finding, struct dm_published **ret)
{
    struct dm_config *config = finding->present->config;
    *ret = finding->cache ? dm_present_cache_get_own(finding->cache, config)
                          : NULL;
    if (*ret) {
        return DM_OK;
    }
    const enum dm_status status = dm_published_of_config(config, ret);
    if (!status && finding->cache) {
        dm_present_cache_put_own(finding->cache, config, *ret);
    }
    return status;
}

// ------------------------------------------------------------------ one log

// Hold a reference as long as the present is there.
static enum dm_status
hold(struct finding *finding, struct dm_published *published)
{
    struct dm_present *present = finding->present;
    struct dm_published **held =
        dm_grow(present->held, &finding->held_capacity, present->n_held + 1,
                sizeof(struct dm_published *), DM_LOG_NO_MAX + 1U);
    if (!held) {
        dm_published_unref(published);
        return DM_ERR_NO_MEMORY;
    }
    present->held = held;
    held[present->n_held++] = published;
    return DM_OK;
}

// One word that fits a label
static bool
is_name(struct dm_str name)
{
    for (size_t i = 0; i < name.n; ++i) {
        if ((unsigned char)name.data[i] <= 0x20) {
            return false;
        }
    }
    return name.n > 0 && name.n <= NAME_MAX_BYTES;
}

static void
fill_log(struct dm_view_log *log, const struct dm_published *published)
{
    const struct dm_node_settings *node = &published->node;
    if (is_name(node->name)) {
        log->name = node->name;
    }
    log->title = node->title;
    log->seal_ms = node->seal_ms;
    log->max_silence_ms = node->max_silence_ms;
    log->presence_sometimes = node->presence == DM_PRESENCE_SOMETIMES;
    log->checks = published->running;
    log->n_checks = published->n_running;
}

// Room for one more log, with its IRI and number; it is named after its key
static enum dm_status
add_log(struct finding *finding, struct dm_str iri, struct dm_view_log **ret)
{
    static const struct dm_str scheme = DM_STR("ipns://");
    struct dm_present *present = finding->present;
    struct dm_view_log *logs =
        dm_grow(present->logs, &finding->capacity, present->n_logs + 1,
                sizeof(*logs), DM_LOG_NO_MAX + 1U);
    if (!logs) {
        return DM_ERR_NO_MEMORY;
    }
    present->logs = logs;
    struct dm_view_log *log = &logs[present->n_logs];
    *log = (struct dm_view_log){.title = {"", 0}, .last_seen_ms = DM_NO_TIME};
    log->iri = dm_arena_copy(&present->arena, iri);
    if (!log->iri.data) {
        return DM_ERR_NO_MEMORY;
    }
    log->name = dm_str_starts(log->iri, scheme)
                    ? dm_str_slice(log->iri, scheme.n, log->iri.n)
                    : log->iri;
    const enum dm_status status =
        dm_snapshot_log_number(finding->snapshot, log->iri, &log->log);
    if (status && status != DM_ERR_NOT_FOUND) { // Nothing written yet
        return status;
    }
    ++present->n_logs;
    *ret = log;
    return DM_OK;
}

static enum dm_status
add_own(struct finding *finding, int64_t now_ms)
{
    const struct dm_config *config = finding->present->config;
    struct dm_view_log *log = NULL;
    struct dm_published *published = NULL;
    enum dm_status status = add_log(finding, config->node.iri, &log);
    if (!status) {
        status = own_published(finding, &published);
    }
    if (!status) {
        status = hold(finding, published);
    }
    if (status) {
        return status;
    }
    fill_log(log, published);
    log->is_self = true;
    log->last_seen_ms = now_ms;
    log->received_ms = now_ms;
    return DM_OK;
}

// A record that cannot be read is passed over: the next entry writes it anew
static enum dm_status
on_seen(void *context, struct dm_str key, struct dm_str value)
{
    struct finding *finding = context;
    struct dm_seen seen;
    if (dm_str_equal(key, finding->present->config->node.iri) ||
        dm_seen_decode(value, &seen)) {
        return DM_OK;
    }
    struct dm_view_log *log = NULL;
    const enum dm_status status = add_log(finding, key, &log);
    if (status) {
        return status;
    }
    log->last_seen_ms = seen.entry_time_ms;
    log->received_ms = seen.received_ms;
    log->clock_offset_ms = seen.offset_ms;
    log->forked_at = seen.forked_at;
    log->behind = seen.known_seq > seen.seq ? seen.known_seq - seen.seq : 0;
    return DM_OK;
}

// What the others run. One without configuration is there all the same: its log
// has been heard of.
static enum dm_status
read_others(struct finding *finding)
{
    struct dm_present *present = finding->present;
    for (size_t i = 1; i < present->n_logs; ++i) {
        struct dm_published *published = NULL;
        enum dm_status status =
            find_published(finding, present->logs[i].iri, &published);
        if (!status) {
            status = hold(finding, published);
        }
        if (status) {
            return status;
        }
        fill_log(&present->logs[i], published);
    }
    return DM_OK;
}

enum dm_status
dm_present_logs(struct dm_present *present, struct dm_snapshot *snapshot,
                struct dm_present_cache *cache, int64_t now_ms)
{
    struct finding finding = {
        .present = present, .snapshot = snapshot, .cache = cache};
    enum dm_status status = add_own(&finding, now_ms);
    if (!status) {
        status =
            dm_snapshot_state_each(snapshot, DM_SEEN_SPACE, on_seen, &finding);
    }
    if (!status) {
        status = read_others(&finding);
    }
    return status ? status
                  : dm_present_names(present->logs, present->n_logs,
                                     &present->arena);
}
