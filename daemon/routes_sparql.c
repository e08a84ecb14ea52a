// SPDX-License-Identifier: ISC

// /sparql: SPARQL 1.1 Protocol, queries alone.
//
//   parse ─> snapshot with the present ─> rows or triples, spooled ─> the
//   answer
//
// Nothing goes out before the last row is there, so that no snapshot waits for
// a slow client and an error can still be an error.

#include "alert/present.h"
#include "base/alloc.h"
#include "base/time.h"
#include "daemon/node_private.h"
#include "net/url.h"
#include "quadstore/scan.h"
#include "sparql/construct.h"
#include "sparql/exec.h"
#include "sparql/graph_text.h"
#include "sparql/query.h"
#include "sparql/results.h"
#include "vocab/duration.h"

#define QUERY_MAX 65536U
#define ROWS_MAX 100000U
#define GRAPHS_MAX 64U
#define IRI_MAX 2048U

struct sparql_reply {
    struct dm_reply_job reply;
    struct dm_buf text;
    bool accepts_table; // Something that Accept takes
    bool accepts_graph;
    enum dm_results_format format;
    enum dm_graph_format graph_format;
    bool explain;
    uint64_t max_rows;
    struct dm_query *query;
    struct dm_exec *exec;           // Of SELECT and ASK
    struct dm_construct *construct; // Of the others
    struct dm_results_writer writer;
    struct dm_graph_writer graph;
    struct dm_str *columns;
    struct dm_term *terms;
    char *graph_iris[GRAPHS_MAX]; // default-graph-uri, then named-graph-uri
    size_t n_default;
    size_t n_named;
    dm_id graph_ids[GRAPHS_MAX];
    struct dm_dataset dataset;
    bool has_answer;
};

static const char *const table_types[] = {
    "application/sparql-results+json",
    "application/sparql-results+xml",
    "text/csv",
    "text/tab-separated-values",
    "application/json",
    "application/xml",
};

static const enum dm_results_format table_formats[] = {
    DM_RESULTS_JSON, DM_RESULTS_XML,  DM_RESULTS_CSV,
    DM_RESULTS_TSV,  DM_RESULTS_JSON, DM_RESULTS_XML,
};

static const char *const graph_types[] = {
    "text/turtle",         "application/trig", "application/n-triples",
    "application/n-quads", "text/plain",
};

static const enum dm_graph_format graph_formats[] = {
    DM_GRAPH_TURTLE, DM_GRAPH_TRIG,     DM_GRAPH_NTRIPLES,
    DM_GRAPH_NQUADS, DM_GRAPH_NTRIPLES,
};

// ---------------------------------------------------------------- the request

// Both forms at once, since only the parser knows which is needed
static bool
choose_format(struct sparql_reply *sparql, const struct dm_request *request)
{
    struct dm_buf name;
    dm_buf_init(&name, IRI_MAX);
    const bool is_given = dm_request_param(request, "format", &name) == DM_OK;
    if (is_given) {
        sparql->accepts_table =
            dm_results_format_of(dm_buf_str(&name), &sparql->format);
        sparql->accepts_graph =
            dm_graph_format_of(dm_buf_str(&name), &sparql->graph_format);
    }
    dm_buf_done(&name);
    if (is_given) {
        return sparql->accepts_table || sparql->accepts_graph;
    }
    const size_t table =
        dm_request_accepts(request, table_types, DM_COUNT_OF(table_types));
    const size_t graph =
        dm_request_accepts(request, graph_types, DM_COUNT_OF(graph_types));
    sparql->accepts_table = table < DM_COUNT_OF(table_types);
    sparql->accepts_graph = graph < DM_COUNT_OF(graph_types);
    if (sparql->accepts_table) {
        sparql->format = table_formats[table];
    }
    if (sparql->accepts_graph) {
        sparql->graph_format = graph_formats[graph];
    }
    return sparql->accepts_table || sparql->accepts_graph;
}

static enum dm_status
read_text(struct sparql_reply *sparql, const struct dm_request *request)
{
    const struct dm_http_incoming *incoming = &request->call->incoming;
    const struct dm_str type = dm_http_header_get(
        incoming->headers, incoming->n_headers, "Content-Type");
    if (dm_str_is(incoming->method, "POST") &&
        dm_http_type_is(type, "application/sparql-query")) {
        return dm_buf_put_str(&sparql->text, incoming->body);
    }
    if (dm_str_is(incoming->method, "POST") && incoming->body.n &&
        !dm_http_type_is(type, "application/x-www-form-urlencoded")) {
        return DM_ERR_UNSUPPORTED;
    }
    return dm_request_param(request, "query", &sparql->text);
}

// Every value of a field that may repeat
static enum dm_status
read_graphs(struct sparql_reply *sparql, struct dm_str form, const char *name,
            size_t *n)
{
    struct dm_str key;
    struct dm_str value;
    enum dm_status status = DM_OK;
    while (!status && dm_form_next(&form, &key, &value)) {
        if (!dm_str_is(key, name)) {
            continue;
        }
        const size_t place = sparql->n_default + sparql->n_named;
        struct dm_buf iri;
        dm_buf_init(&iri, IRI_MAX);
        status = place == GRAPHS_MAX ? DM_ERR_LIMIT
                                     : dm_percent_decode(value, true, &iri);
        if (!status) {
            sparql->graph_iris[place] = dm_strndup(dm_buf_cstr(&iri), iri.n);
            status = sparql->graph_iris[place] ? DM_OK : DM_ERR_NO_MEMORY;
            *n += status ? 0 : 1;
        }
        dm_buf_done(&iri);
    }
    return status;
}

static enum dm_status
read_dataset(struct sparql_reply *sparql, const struct dm_request *request)
{
    const struct dm_http_incoming *incoming = &request->call->incoming;
    const struct dm_str type = dm_http_header_get(
        incoming->headers, incoming->n_headers, "Content-Type");
    const bool is_form =
        dm_http_type_is(type, "application/x-www-form-urlencoded");
    const struct dm_str forms[] = {
        incoming->query, is_form ? incoming->body : (struct dm_str){0}};
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < DM_COUNT_OF(forms); ++i) {
        status = read_graphs(sparql, forms[i], "default-graph-uri",
                             &sparql->n_default);
    }
    for (size_t i = 0; !status && i < DM_COUNT_OF(forms); ++i) {
        status =
            read_graphs(sparql, forms[i], "named-graph-uri", &sparql->n_named);
    }
    return status;
}

// Whole seconds, or a duration as "500ms"
static bool
read_timeout(struct dm_str text, int64_t *ret_ms)
{
    uint64_t seconds = 0;
    if (dm_str_to_uint(text, INT32_MAX, &seconds)) {
        *ret_ms = (int64_t)seconds * DM_MS_PER_SECOND;
        return seconds > 0;
    }
    return dm_duration_read(text, ret_ms, NULL) == DM_OK && *ret_ms > 0;
}

static void
lower_deadline(struct sparql_reply *sparql, int64_t ms)
{
    struct dm_work *work = &sparql->reply.job.work;
    const int64_t deadline =
        dm_env_monotonic_ns(sparql->reply.request.node->env) +
        ms * DM_NS_PER_MS;
    work->deadline_ns =
        deadline < work->deadline_ns ? deadline : work->deadline_ns;
}

// "Prefer: wait=N" (RFC 7240), alone or in a list
static void
read_prefer(struct sparql_reply *sparql, const struct dm_request *request)
{
    static const struct dm_str wait = DM_STR("wait=");
    struct dm_str rest =
        dm_http_header_get(request->call->incoming.headers,
                           request->call->incoming.n_headers, "Prefer");
    while (rest.n) {
        const size_t end = dm_str_find(rest, dm_str(","));
        const struct dm_str one = dm_str_trim(dm_str_slice(rest, 0, end));
        uint64_t seconds = 0;
        if (dm_str_starts(one, wait) &&
            dm_str_to_uint(dm_str_slice(one, wait.n, one.n), INT32_MAX,
                           &seconds)) {
            lower_deadline(sparql, (int64_t)seconds * DM_MS_PER_SECOND);
        }
        rest = dm_str_slice(rest, end + 1, rest.n);
    }
}

// A client may lower the limits, never raise them
static void
read_limits(struct sparql_reply *sparql, const struct dm_request *request)
{
    struct dm_buf text;
    int64_t ms = 0;
    uint64_t rows = 0;
    dm_buf_init(&text, IRI_MAX);
    sparql->max_rows = ROWS_MAX;
    if (dm_request_param(request, "timeout", &text) == DM_OK &&
        read_timeout(dm_buf_str(&text), &ms)) {
        lower_deadline(sparql, ms);
    }
    read_prefer(sparql, request);
    dm_buf_clear(&text);
    if (dm_request_param(request, "limit", &text) == DM_OK &&
        dm_str_to_uint(dm_buf_str(&text), ROWS_MAX, &rows) && rows) {
        sparql->max_rows = rows;
    }
    dm_buf_clear(&text);
    sparql->explain = dm_request_param(request, "explain", &text) == DM_OK;
    dm_buf_done(&text);
}

static enum dm_status
sparql_init(struct dm_reply_job *job)
{
    struct sparql_reply *sparql = (struct sparql_reply *)job;
    const struct dm_request *request = &job->request;
    dm_buf_init(&sparql->text, QUERY_MAX);
    if (!choose_format(sparql, request)) {
        dm_reply_problem(request, 406,
                         "tables are JSON, XML, CSV or TSV; graphs are Turtle, "
                         "TriG, N-Triples or N-Quads",
                         NULL);
        return DM_ERR_ARGUMENT;
    }
    enum dm_status status = read_text(sparql, request);
    if (!status) {
        status = read_dataset(sparql, request);
    }
    if (status) {
        const bool is_missing = status == DM_ERR_NOT_FOUND;
        dm_reply_problem(request,
                         status == DM_ERR_UNSUPPORTED ? 415
                         : status == DM_ERR_LIMIT     ? 413
                                                      : 400,
                         is_missing ? "there is no query: ?query=SELECT…"
                                    : dm_status_text(status),
                         NULL);
        return status;
    }
    read_limits(sparql, request);
    return DM_OK;
}

// ----------------------------------------------------------------- the answer

static void
sparql_done(struct dm_reply_job *job)
{
    struct sparql_reply *sparql = (struct sparql_reply *)job;
    dm_exec_close(sparql->exec);
    sparql->exec = NULL;
    dm_construct_close(sparql->construct);
    sparql->construct = NULL;
    dm_query_free(sparql->query);
    sparql->query = NULL;
    dm_buf_done(&sparql->text);
    dm_free(sparql->columns);
    dm_free(sparql->terms);
    sparql->columns = NULL;
    sparql->terms = NULL;
    for (size_t i = 0; i < GRAPHS_MAX; ++i) {
        dm_free(sparql->graph_iris[i]);
        sparql->graph_iris[i] = NULL;
    }
}

static bool
is_graph(const struct sparql_reply *sparql)
{
    const enum dm_query_form form = sparql->query->form;
    return form != DM_QUERY_SELECT && form != DM_QUERY_ASK;
}

static enum dm_status
parse(struct sparql_reply *sparql)
{
    const struct dm_query_options options = {
        .prefixes = dm_query_prefixes,
        .n_prefixes = dm_n_query_prefixes,
        .base = sparql->reply.config->node.site,
        .name = DM_STR("query"),
    };
    const enum dm_status status =
        dm_query_parse(dm_buf_str(&sparql->text), &options, &sparql->query,
                       &sparql->reply.error);
    if (status) {
        return status;
    }
    if (is_graph(sparql) ? sparql->accepts_graph : sparql->accepts_table) {
        return DM_OK;
    }
    sparql->reply.http_status = 406;
    return dm_error_set(&sparql->reply.error, DM_ERR_UNSUPPORTED, "%s",
                        is_graph(sparql)
                            ? "CONSTRUCT and DESCRIBE answer with Turtle, "
                              "TriG, N-Triples or N-Quads"
                            : "SELECT and ASK answer with JSON, XML, CSV or "
                              "TSV");
}

// The protocol's parameters, which override FROM
static enum dm_status
make_dataset(struct sparql_reply *sparql)
{
    const size_t n = sparql->n_default + sparql->n_named;
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < n; ++i) {
        const struct dm_term term = dm_term_iri(dm_str(sparql->graph_iris[i]));
        status = dm_snapshot_intern(sparql->reply.snapshot, &term,
                                    &sparql->graph_ids[i]);
    }
    sparql->dataset = n ? (struct dm_dataset){
        .default_graph = DM_DEFAULT_MERGE,
        .merged = sparql->graph_ids,
        .n_merged = sparql->n_default,
        .named = sparql->graph_ids + sparql->n_default,
        .n_named = sparql->n_named,
    } : (struct dm_dataset){.default_graph = DM_DEFAULT_UNION, .all_named = true};
    return status;
}

static enum dm_status
begin_table(struct sparql_reply *sparql, const struct dm_exec_options *options)
{
    struct dm_reply_job *job = &sparql->reply;
    enum dm_status status = dm_exec_open(sparql->query, job->snapshot, options,
                                         &sparql->exec, &job->error);
    job->content_type = dm_results_media_type(sparql->format);
    if (status || sparql->query->form == DM_QUERY_ASK) {
        return status;
    }
    const size_t n = sparql->query->n_columns;
    sparql->columns = dm_calloc(n, sizeof(*sparql->columns));
    sparql->terms = dm_calloc(n, sizeof(*sparql->terms));
    if (!sparql->columns || !sparql->terms) {
        return DM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < n; ++i) {
        sparql->columns[i] = sparql->query->names[sparql->query->columns[i]];
    }
    return dm_results_begin(&sparql->writer, sparql->format, &job->out,
                            sparql->columns, n);
}

static enum dm_status
begin_graph(struct sparql_reply *sparql, const struct dm_exec_options *options)
{
    struct dm_reply_job *job = &sparql->reply;
    if (sparql->explain) {
        return dm_error_set(&job->error, DM_ERR_UNSUPPORTED,
                            "not supported yet: to explain CONSTRUCT and "
                            "DESCRIBE");
    }
    const enum dm_status status = dm_construct_open(
        sparql->query, job->snapshot, options, &sparql->construct, &job->error);
    job->content_type = dm_graph_media_type(sparql->graph_format);
    return status ? status
                  : dm_graph_begin(&sparql->graph, sparql->graph_format,
                                   job->snapshot, &job->out);
}

static enum dm_status
begin(struct sparql_reply *sparql)
{
    struct dm_reply_job *job = &sparql->reply;
    enum dm_status status = parse(sparql);
    if (!status) {
        status = dm_reply_open(job);
    }
    if (!status) {
        status = make_dataset(sparql);
    }
    if (status) {
        return status;
    }
    const struct dm_exec_options options = {
        .dataset = &sparql->dataset,
        .ignore_from = sparql->n_default + sparql->n_named > 0,
        .now_ms = job->now_ms,
        .max_rows = sparql->max_rows,
        .steps = true,
        .count = sparql->explain,
    };
    status = is_graph(sparql) ? begin_graph(sparql, &options)
                              : begin_table(sparql, &options);
    return status ? status : DM_AGAIN;
}

static enum dm_status
write_row(struct sparql_reply *sparql, const dm_id *row)
{
    struct dm_snapshot *snapshot = sparql->reply.snapshot;
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < sparql->query->n_columns; ++i) {
        sparql->terms[i] = (struct dm_term){.kind = DM_TERM_NONE};
        if (row[i] != DM_ID_NONE) {
            status = dm_snapshot_term(snapshot, row[i], &sparql->terms[i]);
        }
    }
    return status ? status : dm_results_row(&sparql->writer, sparql->terms);
}

static enum dm_status
finish(struct sparql_reply *sparql)
{
    struct dm_reply_job *job = &sparql->reply;
    if (sparql->explain) {
        dm_buf_clear(&job->out);
        dm_exec_explain(sparql->exec, &job->out);
        job->content_type = "text/plain; charset=utf-8";
        return job->out.status;
    }
    if (sparql->query->form != DM_QUERY_ASK) {
        return dm_results_end(&sparql->writer);
    }
    const enum dm_status status =
        dm_results_boolean(sparql->format, &job->out, sparql->has_answer);
    if (status == DM_ERR_UNSUPPORTED) {
        job->http_status = 406;
        return dm_error_set(&job->error, status,
                            "the answer to ASK is JSON or XML");
    }
    return status;
}

// Rows until the executor wants to pause
static enum dm_status
step_table(struct sparql_reply *sparql)
{
    const dm_id *row = NULL;
    enum dm_status status = DM_OK;
    while (!status) {
        status = dm_exec_next(sparql->exec, &row, &sparql->reply.error);
        if (!status && sparql->query->form == DM_QUERY_ASK) {
            sparql->has_answer = true;
        } else if (!status) {
            status = write_row(sparql, row);
        }
    }
    return status == DM_END ? finish(sparql) : status;
}

static enum dm_status
step_graph(struct sparql_reply *sparql)
{
    struct dm_triple_ids triple;
    enum dm_status status = DM_OK;
    while (!status) {
        status =
            dm_construct_next(sparql->construct, &triple, &sparql->reply.error);
        if (!status) {
            status = dm_graph_triple(&sparql->graph, &triple);
        }
    }
    return status == DM_END ? dm_graph_end(&sparql->graph) : status;
}

static enum dm_status
sparql_step(struct dm_reply_job *job)
{
    struct sparql_reply *sparql = (struct sparql_reply *)job;
    if (!sparql->exec && !sparql->construct) {
        return begin(sparql);
    }
    const enum dm_status status =
        sparql->exec ? step_table(sparql) : step_graph(sparql);
    if (status == DM_ERR_DEADLINE) {
        job->http_status = 408;
    }
    return status;
}

static const char description[] =
    "PREFIX sd: <http://www.w3.org/ns/sparql-service-description#>\n"
    "PREFIX formats: <http://www.w3.org/ns/formats/>\n"
    "[] a sd:Service ;\n"
    "  sd:endpoint <sparql> ;\n"
    "  sd:supportedLanguage sd:SPARQL11Query ;\n"
    "  sd:feature sd:UnionDefaultGraph ;\n"
    "  sd:resultFormat formats:SPARQL_Results_JSON, "
    "formats:SPARQL_Results_XML, formats:SPARQL_Results_CSV, "
    "formats:SPARQL_Results_TSV, formats:Turtle, formats:TriG, "
    "formats:N-Triples, formats:N-Quads ;\n"
    "  sd:extensionFunction <https://w3id.org/demonitor#bucket> ;\n"
    "  sd:extensionAggregate <https://w3id.org/demonitor#quantile> .\n";

static void
sparql(const struct dm_request *request)
{
    static const struct dm_reply_ops ops = {
        .name = "sparql", .step = sparql_step, .done = sparql_done};
    const struct dm_http_incoming *incoming = &request->call->incoming;
    if (dm_str_is(incoming->method, "POST")) {
        struct dm_buf update;
        dm_buf_init(&update, QUERY_MAX);
        const bool is_update =
            dm_http_type_is(dm_http_header_get(incoming->headers,
                                               incoming->n_headers,
                                               "Content-Type"),
                            "application/sparql-update") ||
            dm_request_param(request, "update", &update) == DM_OK;
        dm_buf_done(&update);
        if (is_update) {
            dm_reply_problem(request, 403, "updates are not supported yet",
                             NULL);
            return;
        }
    } else if (!incoming->query.n) {
        dm_reply(request, 200, "text/turtle", dm_str(description));
        return;
    }
    dm_reply_start(request, &ops, sizeof(struct sparql_reply), sparql_init);
}

const struct dm_route dm_routes_sparql[] = {
    {.path = "/sparql",
     .methods = (unsigned)DM_METHOD_GET | (unsigned)DM_METHOD_POST,
     .scope = DM_SCOPE_READ,
     .max_body = QUERY_MAX,
     .handle = sparql},
    {.path = NULL},
};
