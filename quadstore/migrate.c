// SPDX-License-Identifier: ISC

#include "quadstore/store_private.h"

#include "quadstore/queries_private.h"
#include "quadstore/words_private.h"

#include <assert.h>
#include <inttypes.h>

// How to get from version I to I + 1; a file without tables is of version 0.
// The text of a version that was released never changes, and a stored file of
// each is in tests/data/.
static enum dm_status make_tables(struct dm_conn *conn);
static enum dm_status add_blocks(struct dm_conn *conn);

static enum dm_status (*const steps[DM_STORE_VERSION])(struct dm_conn *) = {
    make_tables,
    add_blocks,
};

static enum dm_status
put_word(struct dm_conn *conn, enum dm_word word)
{
    sqlite3_stmt *row = NULL;
    enum dm_status status = dm_conn_take(conn, DM_Q_TERM_PUT, &row);
    if (status) {
        return status;
    }
    const int64_t values[] = {DM_TAG_IRI, 0};
    dm_bind_ints(row, values, 2);
    dm_bind_text(row, 3, (struct dm_str){0});
    dm_bind_text(row, 4, dm_word_iri(word));
    (void)sqlite3_bind_int64(row, 5, (int64_t)word);
    status = dm_conn_step(conn, row);
    dm_conn_give(conn, DM_Q_TERM_PUT, row);
    return status == DM_END ? DM_OK : status;
}

static enum dm_status
make_tables(struct dm_conn *conn)
{
    enum dm_status status = dm_conn_exec(conn, dm_schema_1);
    for (int word = DM_WORD_NONE + 1; !status && word < DM_WORD_COUNT; ++word) {
        status = put_word(conn, (enum dm_word)word);
    }
    if (!status) {
        status = dm_meta_put(conn, DM_META_TERMS, DM_WORD_COUNT - 1);
    }
    if (!status) {
        status = dm_meta_put(conn, DM_META_GENERATION, 1);
    }
    return status;
}

static enum dm_status
add_blocks(struct dm_conn *conn)
{
    return dm_conn_exec(conn, dm_schema_2);
}

static enum dm_status
read_version(struct dm_conn *conn, int64_t *ret, struct dm_error *error)
{
    enum dm_status status =
        dm_conn_get(conn, DM_Q_USER_VERSION, NULL, 0, ret, 1);
    if (status) {
        return dm_error_set(error, status, "cannot read the store");
    }
    if (*ret < 0 || *ret > DM_STORE_VERSION) {
        (void)dm_error_set(error, DM_ERR_UNSUPPORTED,
                           "the store was written by a newer version");
        dm_error_detail(error,
                        "its layout is %" PRId64 ", this program knows %d",
                        *ret, DM_STORE_VERSION);
        dm_error_hint(error, "Install the version that wrote it");
        return DM_ERR_UNSUPPORTED;
    }
    return DM_OK;
}

enum dm_status
dm_check_version(struct dm_conn *conn, struct dm_error *error)
{
    int64_t version = 0;
    const enum dm_status status = read_version(conn, &version, error);
    if (!status && version != DM_STORE_VERSION) {
        return dm_error_set(error, DM_ERR_UNSUPPORTED,
                            "the store is of an older version, and is opened "
                            "for reading only");
    }
    return status;
}

enum dm_status
dm_migrate(struct dm_conn *conn, struct dm_error *error)
{
    int64_t version = 0;
    enum dm_status status = read_version(conn, &version, error);
    if (status || version == DM_STORE_VERSION) {
        return status;
    }

    status = dm_conn_run(conn, DM_Q_BEGIN_WRITE, NULL, 0);
    if (status) {
        return dm_error_set(error, status, "cannot write to the store");
    }
    status = read_version(conn, &version, error);
    for (int64_t i = version; !status && i < DM_STORE_VERSION; ++i) {
        status = steps[i](conn);
    }
    if (!status) {
        char text[sizeof("PRAGMA user_version = 2147483647;")];
        (void)sqlite3_snprintf((int)sizeof(text), text,
                               "PRAGMA user_version = %d;", DM_STORE_VERSION);
        status = dm_conn_exec(conn, text);
    }
    if (!status) {
        status = dm_conn_run(conn, DM_Q_COMMIT, NULL, 0);
    }
    if (status) {
        (void)dm_error_set(error, status, "cannot set up the store");
        dm_error_detail(error, "%s", sqlite3_errmsg(conn->db));
        (void)!dm_conn_run(conn, DM_Q_ROLLBACK, NULL, 0);
    }
    return status;
}
