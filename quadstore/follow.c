// SPDX-License-Identifier: ISC

#include "quadstore/write.h"

#include "base/actor.h"
#include "base/alloc.h"
#include "quadstore/id_private.h"
#include "quadstore/rename_private.h"

#include <assert.h>

// The event IRIs of a log in the dictionary, and what they become.
static enum dm_status
collect(struct dm_txn *txn, struct dm_str log_iri, dm_log_no number,
        struct dm_renames *renames)
{
    struct dm_buf bounds;
    sqlite3_stmt *rows = NULL;
    dm_buf_init(&bounds, 2 * log_iri.n + 2);
    dm_buf_put_str(&bounds, log_iri);
    dm_buf_putc(&bounds, '#');
    dm_buf_put_str(&bounds, log_iri);
    dm_buf_putc(&bounds, '#' + 1);
    enum dm_status status = bounds.status;
    if (!status) {
        status = dm_conn_take(txn->conn, DM_Q_TERM_PREFIX, &rows);
    }
    if (status) {
        dm_buf_done(&bounds);
        return status;
    }
    dm_bind_text(rows, 1, dm_str_slice(dm_buf_str(&bounds), 0, log_iri.n + 1));
    dm_bind_text(rows, 2,
                 dm_str_slice(dm_buf_str(&bounds), log_iri.n + 1, bounds.n));
    while (!(status = dm_conn_step(txn->conn, rows))) {
        struct dm_str graph;
        struct dm_event_key key;
        if (!dm_event_iri_split(dm_column_bytes(rows, 1), &graph, &key)) {
            continue;
        }
        key.log = number;
        status = dm_renames_put(
            renames,
            dm_id_make(DM_TAG_IRI, (uint64_t)sqlite3_column_int64(rows, 0)),
            dm_id_from_event(&key));
        if (status) {
            break;
        }
    }
    dm_conn_give(txn->conn, DM_Q_TERM_PREFIX, rows);
    dm_buf_done(&bounds);
    return status == DM_END ? DM_OK : status;
}

// Take the rows of the renamed terms out of the dictionary.
static enum dm_status
forget_terms(struct dm_txn *txn, const struct dm_renames *renames)
{
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < renames->map.n; ++i) {
        const struct dm_rename *rename = renames->map.entries[i].value.ptr;
        const int64_t number = (int64_t)dm_id_payload(rename->from);
        status = dm_conn_run(txn->conn, DM_Q_TERM_DELETE, &number, 1);
        --txn->dict->n_new;
    }
    return status;
}

static enum dm_status
put_log(struct dm_txn *txn, struct dm_str iri, dm_log_no number)
{
    const struct dm_term term = dm_term_iri(iri);
    sqlite3_stmt *row = NULL;
    dm_id graph = DM_ID_NONE;
    enum dm_status status = dm_dict_put(txn->dict, &term, &graph);
    if (!status) {
        status = dm_conn_take(txn->conn, DM_Q_LOG_PUT, &row);
    }
    if (status) {
        return status;
    }
    const int64_t values[] = {number, (int64_t)graph};
    dm_bind_ints(row, values, 2);
    dm_bind_text(row, 3, iri);
    status = dm_conn_step(txn->conn, row);
    dm_conn_give(txn->conn, DM_Q_LOG_PUT, row);
    return status == DM_END ? dm_dict_add_log(txn->dict, iri, graph) : status;
}

static enum dm_status
follow(struct dm_txn *txn, struct dm_str iri, dm_log_no *ret)
{
    struct dm_renames renames;
    struct dm_str graph;
    struct dm_event_key key;
    const dm_log_no number = (dm_log_no)(txn->dict->n_logs + 1);
    if (iri.n == 0 || dm_event_iri_split(iri, &graph, &key)) {
        return DM_ERR_ARGUMENT;
    }
    if (number > DM_LOG_NO_MAX) {
        return DM_ERR_LIMIT;
    }
    dm_renames_init(&renames);
    enum dm_status status = collect(txn, iri, number, &renames);
    if (!status) {
        status = put_log(txn, iri, number);
    }
    if (!status) {
        status = dm_renames_apply(txn, &renames);
    }
    if (!status) {
        status = forget_terms(txn, &renames);
    }
    dm_renames_done(&renames);
    if (!status) {
        dm_dict_forget_ids(txn->dict);
        ++txn->generation;
        txn->raises_generation = true;
        *ret = number;
    }
    return status;
}

enum dm_status
dm_txn_log_number(struct dm_txn *txn, struct dm_str iri, dm_log_no *ret)
{
    DM_ON_WRITER();
    assert(dm_txn_is_usable(txn));
    const enum dm_status status = dm_dict_log_number(txn->dict, iri, ret);
    return status == DM_ERR_NOT_FOUND ? dm_txn_fail(txn, follow(txn, iri, ret))
                                      : DM_OK;
}
