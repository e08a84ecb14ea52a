// SPDX-License-Identifier: ISC

// import nquads FILE…: while no daemon holds the data.
//
// A first pass reads each file to its end, so that one with an error is refused
// before anything is written; a second writes it in one transaction: all of a
// file or nothing.

#include "base/alloc.h"
#include "base/buf.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/paths.h"
#include "quadstore/store.h"
#include "quadstore/write.h"
#include "rdf/reader.h"

#include <stdio.h>
#include <string.h>

#define PATH_MAX_BYTES 4096U
#define LOG_PREFIX "ipns://"

struct importing {
    struct dm_txn *txn; // NULL: the first pass
    uint64_t n;
    char own[128]; // IRI of the own log, which nobody imports into
};

static bool
is_own(const struct importing *importing, const struct dm_quad *quad)
{
    return importing->own[0] &&
           (dm_str_is(quad->g.value, importing->own) ||
            (dm_str_starts(quad->g.value, dm_str(importing->own)) &&
             quad->g.value.data[strlen(importing->own)] == '#'));
}

static enum dm_status
on_quad(void *context, const struct dm_quad *quad,
        const struct dm_quad_positions *positions, struct dm_error *error)
{
    struct importing *importing = context;
    ++importing->n;
    if (is_own(importing, quad)) {
        (void)dm_error_set(error, DM_ERR_ARGUMENT,
                           "the graph of this node's own log is not imported");
        dm_error_hint(error, "Its results are in the store, or in a backup");
        dm_error_where(error, (struct dm_str){"", 0}, positions->g.line,
                       positions->g.column);
        return DM_ERR_ARGUMENT;
    }
    return importing->txn ? dm_txn_import(importing->txn, quad, error) : DM_OK;
}

// Read the whole file, into the transaction where there is one
static enum dm_status
read_file(const char *path, struct importing *importing, struct dm_error *error)
{
    const struct dm_reader_options options = {
        .syntax = DM_SYNTAX_NQUADS,
        .name = dm_str(path),
        .blank_prefix = DM_STR("import"),
    };
    struct dm_reader *reader = NULL;
    FILE *file = dm_file_open(path);
    if (!file) {
        return DM_ERR_NOT_FOUND; // That was said
    }
    importing->n = 0;
    enum dm_status status = dm_reader_new(&options, dm_file_source, file,
                                          on_quad, importing, &reader);
    while (!status) {
        status = dm_reader_step(reader, error);
    }
    dm_reader_free(reader);
    (void)fclose(file);
    if (status != DM_END && error->what[0] && !error->where[0]) {
        dm_error_where(error, dm_str(path), error->line, error->column);
    }
    return status == DM_END ? DM_OK : status;
}

// Logs that the file has graphs of get numbers, so that their stars become
// events
static enum dm_status
on_graph(void *context, const struct dm_quad *quad,
         const struct dm_quad_positions *positions, struct dm_error *error)
{
    const struct importing *importing = context;
    dm_log_no number = 0;
    (void)positions;
    (void)error;
    const bool is_log =
        quad->g.kind == DM_TERM_IRI &&
        dm_str_starts(quad->g.value, dm_str(LOG_PREFIX)) &&
        dm_str_find(quad->g.value, dm_str("#")) == quad->g.value.n;
    return is_log ? dm_txn_log_number(importing->txn, quad->g.value, &number)
                  : DM_OK;
}

static enum dm_status
number_logs(const char *path, struct importing *importing)
{
    const struct dm_reader_options options = {.syntax = DM_SYNTAX_NQUADS};
    struct dm_reader *reader = NULL;
    FILE *file = dm_file_open(path);
    if (!file) {
        return DM_ERR_NOT_FOUND;
    }
    enum dm_status status = dm_reader_new(&options, dm_file_source, file,
                                          on_graph, importing, &reader);
    while (!status) {
        status = dm_reader_step(reader, NULL);
    }
    dm_reader_free(reader);
    (void)fclose(file);
    return status == DM_END ? DM_OK : status;
}

static int
import_file(struct dm_store *store, const char *path,
            struct importing *importing)
{
    struct dm_error error = {0};
    struct dm_txn *txn = NULL;
    importing->txn = NULL;
    enum dm_status status = read_file(path, importing, &error);
    if (!status) {
        status = dm_txn_begin(store, &txn);
    }
    if (!status) {
        importing->txn = txn;
        status = number_logs(path, importing);
        if (!status) {
            status = read_file(path, importing, &error);
        }
        if (status) {
            dm_txn_rollback(txn);
        } else {
            status = dm_txn_commit(txn, DM_COMMIT_DURABLE);
        }
    }
    if (status == DM_ERR_NOT_FOUND) {
        return DM_EXIT_FAULT;
    }
    if (status) {
        if (!error.what[0]) {
            (void)dm_error_set(&error, status, "%s", dm_status_text(status));
            dm_error_where(&error, dm_str(path), 0, 0);
        }
        dm_complain_error(&error);
        return status == DM_ERR_IO || status == DM_ERR_FULL ? DM_EXIT_FAULT
                                                            : DM_EXIT_NO;
    }
    (void)fprintf(stderr, "%s: %llu quads\n", path,
                  (unsigned long long)importing->n);
    return DM_EXIT_DONE;
}

static int
import_all(struct dm_cli *cli, struct importing *importing)
{
    struct dm_buf path;
    struct dm_error error = {0};
    struct dm_store *store = NULL;
    dm_buf_init(&path, PATH_MAX_BYTES);
    (void)dm_buf_printf(&path, "%s/demonitor.db", cli->data);
    const struct dm_store_options options = {.path = dm_buf_cstr(&path)};
    const enum dm_status status =
        dm_store_open(cli->env, &options, &store, &error);
    dm_buf_done(&path);
    if (status) {
        dm_complain_error(&error);
        return DM_EXIT_FAULT;
    }
    int code = DM_EXIT_DONE;
    for (size_t i = 1; !code && i < cli->n_arguments; ++i) {
        code = import_file(store, cli->arguments[i], importing);
    }
    dm_store_close(store);
    return code;
}

int
dm_cmd_import(struct dm_cli *cli)
{
    if (cli->n_arguments < 2) {
        return dm_misuse(cli, "a file is missing");
    }
    if (strcmp(cli->arguments[0], "nquads") != 0) {
        return dm_misuse(cli, "not supported yet: import %s",
                         cli->arguments[0]);
    }
    struct importing importing = {0};
    struct dm_buf path;
    struct dm_file_lock *lock = NULL;
    dm_buf_init(&path, PATH_MAX_BYTES);
    (void)dm_buf_printf(&path, "%s/lock", cli->data);
    enum dm_status status = dm_env_make_directory(cli->env, cli->data, 0750);
    if (!status) {
        status = dm_env_lock(cli->env, dm_buf_cstr(&path), &lock);
    }
    dm_buf_done(&path);
    if (status == DM_ERR_BUSY) {
        dm_complain("the daemon holds the data: stop it for an import");
        return DM_EXIT_BUSY;
    }
    if (status) {
        dm_complain("%s: %s", cli->data, dm_status_text(status));
        return DM_EXIT_FAULT;
    }
    dm_own_log_iri(cli, importing.own, sizeof(importing.own));
    const int code = import_all(cli, &importing);
    dm_env_unlock(cli->env, lock);
    return code;
}
