// SPDX-License-Identifier: ISC

// /-/healthy, /-/ready, /-/reload

#include "daemon/node_private.h"

static void
healthy(const struct dm_request *request)
{
    static const struct dm_str yes = DM_STR("healthy\n");
    static const struct dm_str no = DM_STR("the writer does not move\n");
    const bool is_healthy = dm_node_is_healthy(request->node);
    dm_reply(request, is_healthy ? 200 : 503, "text/plain; charset=utf-8",
             is_healthy ? yes : no);
}

static void
ready(const struct dm_request *request)
{
    static const struct dm_str yes = DM_STR("ready\n");
    static const struct dm_str no = DM_STR("not ready\n");
    const bool is_ready = dm_node_is_ready(request->node);
    dm_reply(request, is_ready ? 200 : 503, "text/plain; charset=utf-8",
             is_ready ? yes : no);
}

// Load and answer with what was found: a reply job, since files are read. What
// it finds is thrown away; the load that counts is dm_node_reload()'s.
struct reload_reply {
    struct dm_reply_job reply;
    struct dm_config_options options;
};

static enum dm_status
reload_init(struct dm_reply_job *job)
{
    struct reload_reply *reload = (struct reload_reply *)job;
    const struct dm_node *node = job->request.node;
    reload->options = (struct dm_config_options){
        .env = node->env,
        .directory = node->config_directory,
        .node_iri = dm_str(node->iri),
        .node_name = dm_str(node->host_name),
    };
    return DM_OK;
}

static enum dm_status
reload_step(struct dm_reply_job *job)
{
    const struct reload_reply *reload = (const struct reload_reply *)job;
    struct dm_config_report *report = dm_config_report_new();
    if (!report) {
        return DM_ERR_NO_MEMORY;
    }
    struct dm_config *config = NULL;
    const enum dm_status status =
        dm_config_load(&reload->options, report, &config);
    if (status == DM_OK || status == DM_ERR_SYNTAX) {
        dm_config_report_print(report, &job->out);
        job->http_status = status ? 422 : 200;
    }
    dm_config_report_free(report);
    dm_config_unref(config);
    return status == DM_ERR_SYNTAX ? DM_OK : status;
}

static void
reload(const struct dm_request *request)
{
    static const struct dm_reply_ops ops = {.name = "reload",
                                            .step = reload_step};
    dm_node_reload(request->node);
    dm_reply_start(request, &ops, sizeof(struct reload_reply), reload_init);
}

const struct dm_route dm_routes_health[] = {
    {.path = "/-/healthy",
     .methods = DM_METHOD_GET,
     .scope = DM_SCOPE_FREE,
     .handle = healthy},
    {.path = "/-/ready",
     .methods = DM_METHOD_GET,
     .scope = DM_SCOPE_FREE,
     .handle = ready},
    {.path = "/-/reload",
     .methods = DM_METHOD_POST,
     .scope = DM_SCOPE_WRITE,
     .handle = reload},
    {.path = NULL},
};
