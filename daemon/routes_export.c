// SPDX-License-Identifier: ISC

// /api/v1/export?graph=IRI: what is stored, as canonical N-Quads, sorted by
// bytes and without duplicates; without dm:now, which is computed.

#include "base/lines.h"
#include "daemon/node_private.h"
#include "quadstore/scan.h"
#include "quadstore/store.h"
#include "rdf/writer.h"

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
    struct dm_lines lines;
};

static enum dm_status
export_init(struct dm_reply_job *job)
{
    struct export_reply *own = (struct export_reply *)job;
    struct dm_buf graph;
    dm_buf_init(&graph, IRI_MAX - 1);
    dm_buf_init(&own->line, LINE_MAX_BYTES);
    dm_lines_init(&own->lines, DM_REPLY_MAX, LINES_MAX);
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
    dm_lines_done(&own->lines);
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
    enum dm_status status = dm_snapshot_term(snapshot, ids->s, &quad.s);
    status = status ? status : dm_snapshot_term(snapshot, ids->p, &quad.p);
    status = status ? status : dm_snapshot_term(snapshot, ids->o, &quad.o);
    status = status ? status : dm_snapshot_term(snapshot, ids->g, &quad.g);
    dm_buf_clear(&own->line);
    if (!status) {
        status = dm_write_quad(&quad, &own->line);
    }
    if (!status) {
        status = dm_lines_add(&own->lines, dm_buf_str(&own->line));
    }
    dm_snapshot_release_texts(snapshot);
    return status;
}

static enum dm_status
put_line(void *context, struct dm_str line)
{
    return dm_buf_put_str(context, line);
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
            return dm_lines_each_sorted(&own->lines, put_line, &job->out);
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
