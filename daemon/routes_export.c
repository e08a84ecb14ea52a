// SPDX-License-Identifier: ISC

// /api/v1/export?graph=IRI: what is stored, as canonical N-Quads, sorted by
// bytes and without duplicates; without dm:now, which is computed.

#include "base/alloc.h"
#include "daemon/node_private.h"
#include "quadstore/scan.h"
#include "quadstore/store.h"
#include "rdf/writer.h"

#include <stdlib.h>
#include <string.h>

#define IRI_MAX 2048U
#define LINE_MAX_BYTES (256U << 10U)
#define LINES_MAX 20000000U

struct export_reply {
    struct dm_reply_job reply;
    char graph[IRI_MAX]; // Empty: all
    struct dm_dataset dataset;
    struct dm_scan *scan;
    struct dm_buf line;
    struct dm_buf lines;
    size_t *starts;
    size_t n;
    size_t capacity;
};

static enum dm_status
export_init(struct dm_reply_job *job)
{
    struct export_reply *own = (struct export_reply *)job;
    struct dm_buf graph;
    dm_buf_init(&graph, IRI_MAX - 1);
    dm_buf_init(&own->line, LINE_MAX_BYTES);
    dm_buf_init(&own->lines, DM_REPLY_MAX);
    if (dm_request_param(&job->request, "graph", &graph) == DM_OK) {
        memcpy(own->graph, dm_buf_cstr(&graph), graph.n + 1);
    }
    dm_buf_done(&graph);
    return DM_OK;
}

static void
export_done(struct dm_reply_job *job)
{
    struct export_reply *own = (struct export_reply *)job;
    dm_scan_close(own->scan);
    own->scan = NULL;
    dm_buf_done(&own->line);
    dm_buf_done(&own->lines);
    dm_free(own->starts);
    own->starts = NULL;
}

static enum dm_status
begin(struct export_reply *own)
{
    struct dm_reply_job *job = &own->reply;
    struct dm_scan_spec spec = {.dataset = &own->dataset,
                                .scope = DM_SCOPE_NAMED};
    own->dataset = (struct dm_dataset){.default_graph = DM_DEFAULT_PLAIN,
                                       .all_named = true};
    enum dm_status status =
        dm_snapshot_open(job->store, &job->job.work, &job->snapshot);
    if (!status && own->graph[0]) {
        const struct dm_term term = dm_term_iri(dm_str(own->graph));
        status = dm_snapshot_intern(job->snapshot, &term, &spec.g);
    }
    if (!status) {
        status = dm_scan_open(job->snapshot, &spec, &own->scan);
    }
    job->content_type = "application/n-quads";
    return status ? status : DM_AGAIN;
}

static enum dm_status
keep_quad(struct export_reply *own, const struct dm_quad_ids *ids)
{
    struct dm_snapshot *snapshot = own->reply.snapshot;
    struct dm_quad quad;
    size_t *starts = dm_grow(own->starts, &own->capacity, own->n + 1,
                             sizeof(*own->starts), LINES_MAX);
    if (!starts) {
        return DM_ERR_NO_MEMORY;
    }
    own->starts = starts;
    enum dm_status status = dm_snapshot_term(snapshot, ids->s, &quad.s);
    status = status ? status : dm_snapshot_term(snapshot, ids->p, &quad.p);
    status = status ? status : dm_snapshot_term(snapshot, ids->o, &quad.o);
    status = status ? status : dm_snapshot_term(snapshot, ids->g, &quad.g);
    dm_buf_clear(&own->line);
    if (!status) {
        status = dm_write_quad(&quad, &own->line);
    }
    if (!status) {
        starts[own->n++] = own->lines.n;
        status = dm_buf_put_str(&own->lines, dm_buf_str(&own->line));
    }
    dm_snapshot_release_texts(snapshot);
    return status;
}

static int
compare_lines(const void *a, const void *b)
{
    const char *left = *(const char *const *)a;
    const char *right = *(const char *const *)b;
    // A line ends with LF, which is less than any byte a line may hold
    while (*left == *right && *left != '\n') {
        ++left;
        ++right;
    }
    return (unsigned char)*left - (unsigned char)*right;
}

static enum dm_status
finish(struct export_reply *own)
{
    const char *bytes = dm_buf_cstr(&own->lines);
    const char **lines = dm_calloc(own->n, sizeof(char *));
    if (!lines) {
        return DM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < own->n; ++i) {
        lines[i] = bytes + own->starts[i];
    }
    if (own->n > 1) {
        qsort(lines, own->n, sizeof(char *), compare_lines);
    }
    for (size_t i = 0; i < own->n; ++i) {
        const char *end = strchr(lines[i], '\n');
        (void)dm_buf_put(&own->reply.out, lines[i],
                         (size_t)(end - lines[i]) + 1);
    }
    dm_free(lines);
    return own->reply.out.status;
}

static enum dm_status
export_step(struct dm_reply_job *job)
{
    struct export_reply *own = (struct export_reply *)job;
    if (!own->scan) {
        return begin(own);
    }
    struct dm_quad_ids ids;
    for (unsigned i = 0; i < DM_WORK_ROWS; ++i) {
        enum dm_status status = dm_scan_next(own->scan, &ids);
        if (status == DM_END) {
            return finish(own);
        }
        if (!status) {
            status = keep_quad(own, &ids);
        }
        if (status) {
            return status;
        }
    }
    return DM_AGAIN;
}

static void export(const struct dm_request *request)
{
    static const struct dm_reply_ops ops = {
        .name = "export", .step = export_step, .done = export_done};
    dm_reply_start(request, &ops, sizeof(struct export_reply), export_init);
}

const struct dm_route dm_routes_export[] = {
    {.path = "/api/v1/export",
     .methods = DM_METHOD_GET,
     .scope = DM_SCOPE_READ,
     .handle = export},
    {.path = NULL},
};
