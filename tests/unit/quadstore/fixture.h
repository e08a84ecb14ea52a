// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_QUADSTORE_FIXTURE_H
#define DM_TESTS_QUADSTORE_FIXTURE_H

/**
 * @file
 * A store for a test, in memory or in a file of the test's own, and short names
 * for terms.
 */

#include "base/env.h"
#include "base/log.h"
#include "base/work.h"
#include "quadstore/history.h"
#include "quadstore/scan.h"
#include "quadstore/store.h"
#include "quadstore/write.h"
#include "tests/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DM_NS "https://w3id.org/demonitor#"

struct fixture {
    struct dm_env env;
    struct dm_work work;
    struct dm_store *store;
    char path[64]; ///< "" in memory
};

static inline void
fixture_open(struct fixture *fixture)
{
    const struct dm_store_options options = {
        .path = fixture->path[0] ? fixture->path : NULL};
    CHECK(!dm_store_open(&fixture->env, &options, &fixture->store, NULL));
}

static inline void
fixture_init(struct fixture *fixture, bool in_file)
{
    memset(fixture, 0, sizeof(*fixture));
    dm_work_init(&fixture->work, &fixture->env, INT64_MAX, (size_t)256 << 20U);
    if (in_file) {
        // In memory where there is such a place: fsync costs nothing there
        (void)snprintf(fixture->path, sizeof(fixture->path),
                       "%s/dm-store-XXXXXX",
                       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        const int fd = mkstemp(fixture->path);
        CHECK(fd >= 0);
        CHECK(close(fd) == 0);
    }
    fixture_open(fixture);
}

static inline void
fixture_reopen(struct fixture *fixture)
{
    dm_store_close(fixture->store);
    fixture_open(fixture);
}

static inline void
fixture_done(struct fixture *fixture)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    dm_store_close(fixture->store);
    CHECK_INT((int64_t)fixture->work.account.used, 0);
    for (size_t i = 0; fixture->path[0] && i < DM_COUNT_OF(endings); ++i) {
        char name[80];
        (void)snprintf(name, sizeof(name), "%s%s", fixture->path, endings[i]);
        (void)unlink(name);
    }
}

static inline struct dm_txn *
begin(struct fixture *fixture)
{
    struct dm_txn *txn = NULL;
    if (!fixture->store) {
        abort(); // The linter does not look into CHECK
    }
    CHECK(!dm_txn_begin(fixture->store, &txn) && txn);
    return txn;
}

static inline void
commit(struct dm_txn *txn)
{
    CHECK(!dm_txn_commit(txn, DM_COMMIT_NORMAL));
}

static inline struct dm_snapshot *
snapshot_of(struct fixture *fixture)
{
    struct dm_snapshot *snapshot = NULL;
    if (!fixture->store) {
        abort(); // The linter does not look into CHECK
    }
    CHECK(!dm_snapshot_open(fixture->store, &fixture->work, &snapshot) &&
          snapshot);
    return snapshot;
}

/// A term by its spelling: "lexical" -> xsd:string, _:x -> blank, else an IRI
static inline struct dm_term
term_of(const char *text)
{
    if (text[0] == '"') {
        return dm_term_string(dm_str_n(text + 1, strlen(text) - 2));
    }
    if (text[0] == '_' && text[1] == ':') {
        return dm_term_blank(dm_str(text + 2));
    }
    return dm_term_iri(dm_str(text));
}

static inline dm_id
put(struct dm_txn *txn, const char *text)
{
    const struct dm_term term = term_of(text);
    dm_id id = DM_ID_NONE;
    CHECK(!dm_txn_intern(txn, &term, &id));
    return id;
}

static inline dm_id
intern(struct dm_snapshot *snapshot, const char *text)
{
    const struct dm_term term = term_of(text);
    dm_id id = DM_ID_NONE;
    CHECK(!dm_snapshot_intern(snapshot, &term, &id));
    return id;
}

static inline void
add(struct dm_txn *txn, dm_id s, dm_id p, dm_id o, dm_id g)
{
    const struct dm_quad_ids quad = {s, p, o, g};
    CHECK(!dm_txn_add(txn, &quad));
}

static inline struct dm_event
event_at(dm_log_no log, dm_id check, enum dm_result_status status,
         int64_t at_ms)
{
    return (struct dm_event){
        .key = {.log = log},
        .check = check,
        .status = status,
        .at_ms = at_ms,
        .micros = DM_NO_MICROS,
        .certificate_expires_ms = DM_NO_TIME,
    };
}

/// All is well with the store.
static inline void
check_store(struct fixture *fixture)
{
    struct dm_snapshot *snapshot = snapshot_of(fixture);
    struct dm_error error = {0};
    const enum dm_status status = dm_snapshot_check(snapshot, &error);
    if (status) {
        (void)fprintf(stderr, "%s: %s\n", error.what, error.detail);
    }
    CHECK(!status);
    dm_snapshot_close(snapshot);
}

#endif // DM_TESTS_QUADSTORE_FIXTURE_H
