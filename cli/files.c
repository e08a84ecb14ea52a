// SPDX-License-Identifier: ISC

#include "cli/files.h"

#include "base/buf.h"
#include "net/url.h"
#include "quadstore/store.h"
#include "quadstore/write.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define IRI_MAX 16384U
#define ERROR_SIZE 128U

FILE *
dm_file_open(const char *path)
{
    FILE *file = fopen(path, "rbe");
    if (!file) {
        char why[ERROR_SIZE];
        if (strerror_r(errno, why, sizeof(why))) {
            (void)snprintf(why, sizeof(why), "cannot be opened");
        }
        dm_complain("%s: %s", path, why);
    }
    return file;
}

enum dm_status
dm_file_source(void *context, char *bytes, size_t n, size_t *ret_n)
{
    FILE *file = context;
    *ret_n = fread(bytes, 1, n, file);
    return ferror(file) ? DM_ERR_IO : DM_OK;
}

enum dm_status
dm_file_iri(const char *path, struct dm_buf *buf)
{
    char *absolute = realpath(path, NULL);
    struct dm_str rest = dm_str(absolute ? absolute : path);
    enum dm_status status = dm_buf_puts(buf, "file://");
    while (!status && rest.n) {
        const size_t slash = dm_str_find(rest, dm_str("/"));
        status = dm_percent_encode(dm_str_slice(rest, 0, slash), buf);
        if (!status && slash < rest.n) {
            status = dm_buf_putc(buf, '/');
        }
        rest = dm_str_slice(rest, slash + 1, rest.n);
    }
    free(absolute);
    return status;
}

struct loading {
    struct dm_txn *txn;
    dm_id graph; // Of the file's default graph
};

static enum dm_status
on_quad(void *context, const struct dm_quad *quad,
        const struct dm_quad_positions *positions, struct dm_error *error)
{
    const struct loading *loading = context;
    struct dm_quad_ids ids = {.g = loading->graph};
    (void)positions;
    (void)error;
    enum dm_status status = dm_txn_intern(loading->txn, &quad->s, &ids.s);
    if (!status) {
        status = dm_txn_intern(loading->txn, &quad->p, &ids.p);
    }
    if (!status) {
        status = dm_txn_intern(loading->txn, &quad->o, &ids.o);
    }
    if (!status && quad->g.kind != DM_TERM_NONE) {
        status = dm_txn_intern(loading->txn, &quad->g, &ids.g);
    }
    return status ? status : dm_txn_add(loading->txn, &ids);
}

static enum dm_status
read_all(const struct dm_reader_options *options, FILE *file,
         struct loading *loading, struct dm_error *error)
{
    struct dm_reader *reader = NULL;
    enum dm_status status =
        dm_reader_new(options, dm_file_source, file, on_quad, loading, &reader);
    while (!status) {
        status = dm_reader_step(reader, error);
    }
    dm_reader_free(reader);
    return status == DM_END ? DM_OK : status;
}

// Blank nodes of different files are different: each file has a prefix
static int
load_file(const struct dm_data_file *data, size_t number, const char *base,
          struct dm_txn *txn)
{
    struct loading loading = {.txn = txn};
    struct dm_error error = {0};
    struct dm_buf iri;
    char prefix[32];
    FILE *file = dm_file_open(data->path);
    if (!file) {
        return DM_EXIT_FAULT;
    }
    dm_buf_init(&iri, IRI_MAX);
    (void)snprintf(prefix, sizeof(prefix), "f%zu", number);
    struct dm_reader_options options = {
        .syntax = DM_SYNTAX_TURTLE,
        .name = dm_str(data->path),
        .blank_prefix = dm_str(prefix),
    };
    (void)dm_syntax_of_name(dm_str(data->path), &options.syntax);
    enum dm_status status =
        base ? dm_buf_puts(&iri, base) : dm_file_iri(data->path, &iri);
    options.base = dm_buf_str(&iri);
    if (!status && data->graph) {
        const struct dm_term term = dm_term_iri(dm_str(data->graph));
        status = dm_txn_intern(txn, &term, &loading.graph);
    }
    if (!status) {
        status = read_all(&options, file, &loading, &error);
    }
    if (status) {
        if (!error.what[0]) {
            (void)dm_error_set(&error, status, "%s", dm_status_text(status));
            dm_error_where(&error, dm_str(data->path), 0, 0);
        }
        dm_complain_error(&error);
    }
    dm_buf_done(&iri);
    (void)fclose(file);
    return status ? DM_EXIT_NO : DM_EXIT_DONE;
}

int
dm_files_load(struct dm_cli *cli, const struct dm_data_file *files, size_t n,
              const char *base, struct dm_store **ret)
{
    const struct dm_store_options options = {.path = NULL};
    struct dm_store *store = NULL;
    struct dm_txn *txn = NULL;
    struct dm_error error = {0};
    enum dm_status status = dm_store_open(cli->env, &options, &store, &error);
    if (!status) {
        status = dm_txn_begin(store, &txn);
    }
    if (status) {
        dm_complain("no store in memory: %s", dm_status_text(status));
        dm_store_close(store);
        return DM_EXIT_FAULT;
    }
    int code = DM_EXIT_DONE;
    for (size_t i = 0; !code && i < n; ++i) {
        code = load_file(&files[i], i, base, txn);
    }
    if (code) {
        dm_txn_rollback(txn);
    } else if (dm_txn_commit(txn, DM_COMMIT_NORMAL)) {
        code = DM_EXIT_FAULT;
    }
    if (code) {
        dm_store_close(store);
        return code;
    }
    *ret = store;
    return DM_EXIT_DONE;
}
