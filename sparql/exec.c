// SPDX-License-Identifier: ISC

#include "sparql/exec.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/work.h"
#include "quadstore/store.h"
#include "sparql/exec_private.h"

#include <assert.h>

struct dm_exec {
    struct dm_exec_context context;
    struct dm_work *work;
    struct dm_arena arena;   ///< Operators and code
    struct dm_arena scratch; ///< One row's expressions
    struct dm_compiler compiler;
    struct dm_active_graph graph;
    struct dm_dataset dataset; ///< Of FROM and FROM NAMED
    struct dm_operator *root;
    dm_id *row;
    dm_id *columns;
    uint64_t max_rows;
    uint64_t n_rows;
    bool is_open; ///< The root was opened
    bool is_ended;
};

// ------------------------------------------------------------ opening

static enum dm_status
intern_graphs(struct dm_exec *exec, const struct dm_term *terms, size_t n,
              const dm_id **ret)
{
    dm_id *ids = dm_arena_alloc(&exec->arena, n, sizeof(*ids));
    enum dm_status status = ids ? DM_OK : DM_ERR_NO_MEMORY;
    for (size_t i = 0; !status && i < n; ++i) {
        status = dm_snapshot_intern(exec->context.snapshot, &terms[i], &ids[i]);
    }
    *ret = ids;
    return status;
}

static enum dm_status
choose_dataset(struct dm_exec *exec, const struct dm_exec_options *options)
{
    const struct dm_query *query = exec->context.query;
    exec->context.dataset = options->dataset;
    if (!query->has_dataset || options->ignore_from) {
        return DM_OK;
    }
    exec->dataset.default_graph = DM_DEFAULT_MERGE;
    exec->dataset.n_merged = query->n_from;
    exec->dataset.n_named = query->n_from_named;
    exec->context.dataset = &exec->dataset;
    const enum dm_status status =
        intern_graphs(exec, query->from, query->n_from, &exec->dataset.merged);
    return status ? status
                  : intern_graphs(exec, query->from_named, query->n_from_named,
                                  &exec->dataset.named);
}

static enum dm_status
plan(struct dm_exec *exec, struct dm_error *error)
{
    struct dm_planner planner = {.arena = &exec->arena,
                                 .context = &exec->context,
                                 .compiler = &exec->compiler,
                                 .graph = &exec->graph,
                                 .n_words =
                                     exec->context.n_vars / DM_BITS_WORD + 1,
                                 .error = error};
    exec->compiler.arena = &exec->arena;
    exec->compiler.snapshot = exec->context.snapshot;
    exec->compiler.plan_exists = dm_exists_plan;
    exec->compiler.context = &planner;
    exec->compiler.error = error;
    struct dm_operator *root = NULL;
    const enum dm_status status =
        dm_plan(&planner, exec->context.query->pattern, &root);
    exec->root = status ? NULL : root;
    return status;
}

static enum dm_status
prepare(struct dm_exec *exec, const struct dm_exec_options *options,
        struct dm_error *error)
{
    const size_t n_columns = exec->context.query->n_columns;
    exec->row =
        dm_arena_alloc(&exec->arena, exec->context.n_vars, sizeof(*exec->row));
    exec->columns =
        dm_arena_alloc(&exec->arena, n_columns, sizeof(*exec->columns));
    // The first block of the scratch arena is held, so that taking it back
    // after each row costs nothing
    if (!exec->row || !exec->columns || !dm_arena_alloc(&exec->scratch, 1, 1)) {
        return DM_ERR_NO_MEMORY;
    }
    const enum dm_status status = choose_dataset(exec, options);
    return status ? status : plan(exec, error);
}

static enum dm_status
refuse(const struct dm_query *query, const struct dm_exec_options *options,
       struct dm_error *error)
{
    if (query->form == DM_QUERY_SELECT || query->form == DM_QUERY_ASK ||
        options->is_graph) {
        return DM_OK;
    }
    return dm_error_set(
        error, DM_ERR_UNSUPPORTED, "%s answers with a graph, not with a table",
        query->form == DM_QUERY_CONSTRUCT ? "CONSTRUCT" : "DESCRIBE");
}

enum dm_status
dm_exec_open(const struct dm_query *query, struct dm_snapshot *snapshot,
             const struct dm_exec_options *options, struct dm_exec **ret,
             struct dm_error *error)
{
    const enum dm_status refused = refuse(query, options, error);
    if (refused) {
        return refused;
    }
    struct dm_exec *exec = dm_calloc(1, sizeof(*exec));
    if (!exec) {
        return dm_error_set(error, DM_ERR_NO_MEMORY, "out of memory");
    }
    exec->work = dm_snapshot_work(snapshot);
    const uint32_t step_rows =
        options->step_rows ? options->step_rows : DM_WORK_ROWS;
    exec->context =
        (struct dm_exec_context){.snapshot = snapshot,
                                 .query = query,
                                 .n_vars = query->n_vars ? query->n_vars : 1,
                                 .now_ms = options->now_ms,
                                 .step_rows = step_rows,
                                 .rows_left = step_rows,
                                 .steps = options->steps,
                                 .count = options->count,
                                 .joins = options->joins,
                                 .scratch = &exec->scratch};
    exec->max_rows = options->max_rows ? options->max_rows : UINT64_MAX;
    dm_arena_init(&exec->arena, SIZE_MAX, &exec->work->account);
    dm_arena_init(&exec->scratch, SIZE_MAX, &exec->work->account);
    if (error) {
        error->status = DM_OK;
    }
    const enum dm_status status = prepare(exec, options, error);
    if (status) {
        dm_exec_close(exec);
        // Where planning said more, that is better
        return error && error->status == status
                   ? status
                   : dm_error_set(error, status, "the query cannot begin: %s",
                                  dm_status_text(status));
    }
    *ret = exec;
    return DM_OK;
}

void
dm_exec_close(struct dm_exec *exec)
{
    if (!exec) {
        return;
    }
    if (exec->root) {
        dm_operator_close(exec->root);
    }
    dm_compiler_done(&exec->compiler);
    dm_arena_done(&exec->scratch);
    dm_arena_done(&exec->arena);
    dm_free(exec);
}

const struct dm_dataset *
dm_exec_dataset(const struct dm_exec *exec)
{
    return exec->context.dataset;
}

// ------------------------------------------------------------ running

// Begin a new step where the last one was used up.
static enum dm_status
begin_step(struct dm_exec *exec)
{
    struct dm_exec_context *context = &exec->context;
    if (!context->steps || context->rows_left) {
        return DM_OK;
    }
    context->rows_left = context->step_rows;
    dm_snapshot_release_texts(context->snapshot);
    return dm_work_check(exec->work);
}

static enum dm_status
next_solution(struct dm_exec *exec)
{
    enum dm_status status = begin_step(exec);
    if (!status && !exec->is_open) {
        status = dm_work_check(exec->work);
        exec->is_open = true;
        if (!status) {
            status = dm_operator_open(exec->root, NULL);
        }
    }
    if (!status) {
        status = dm_operator_next(exec->root, exec->row);
    }
    if (!status && exec->n_rows == exec->max_rows) {
        return DM_ERR_LIMIT;
    }
    exec->n_rows += status ? 0 : 1;
    return status;
}

static enum dm_status
explain_failure(const struct dm_exec *exec, enum dm_status status,
                struct dm_error *error)
{
    switch (status) {
    case DM_ERR_LIMIT:
        if (exec->n_rows == exec->max_rows) {
            (void)dm_error_set(error, status, "more than %llu rows",
                               (unsigned long long)exec->max_rows);
            dm_error_hint(error, "add LIMIT, or ask for less");
        } else {
            (void)dm_error_set(error, status,
                               "a text or a regular expression is over its "
                               "limit");
        }
        break;
    case DM_ERR_NO_MEMORY:
        (void)dm_error_set(error, status,
                           "the query needs more than its memory");
        dm_error_detail(error, "%zu bytes are allowed",
                        exec->work->account.limit);
        dm_error_hint(error, "ask for less, or add a LIMIT to an ORDER BY");
        break;
    case DM_OK:
    case DM_END:
    case DM_AGAIN:
        break;
    case DM_ERR_ARGUMENT:
    case DM_ERR_SYNTAX:
    case DM_ERR_NOT_FOUND:
    case DM_ERR_EXISTS:
    case DM_ERR_DEADLINE:
    case DM_ERR_CANCELLED:
    case DM_ERR_PERMISSION:
    case DM_ERR_BUSY:
    case DM_ERR_IO:
    case DM_ERR_FULL:
    case DM_ERR_CORRUPT:
    case DM_ERR_STATE:
    case DM_ERR_UNSUPPORTED:
        (void)dm_error_set(error, status, "the query was ended: %s",
                           dm_status_text(status));
        break;
    }
    return status;
}

enum dm_status
dm_exec_next(struct dm_exec *exec, const dm_id **ret_row,
             struct dm_error *error)
{
    const struct dm_query *query = exec->context.query;
    if (exec->is_ended) {
        return DM_END;
    }
    const enum dm_status status = next_solution(exec);
    if (status == DM_AGAIN) {
        return status;
    }
    if (status) {
        exec->is_ended = true;
        return explain_failure(exec, status, error);
    }
    if (query->form == DM_QUERY_ASK) {
        exec->is_ended = true;
        *ret_row = exec->columns;
        return DM_OK;
    }
    for (size_t i = 0; i < query->n_columns; ++i) {
        exec->columns[i] = exec->row[query->columns[i]];
    }
    *ret_row = exec->columns;
    return DM_OK;
}

void
dm_exec_explain(const struct dm_exec *exec, struct dm_buf *buf)
{
    assert(exec->root);
    dm_operator_explain(exec->root, 0, buf);
}
