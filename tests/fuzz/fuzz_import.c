// SPDX-License-Identifier: ISC

// N-Quads are imported into a store that has one log. Every quad is there
// afterwards, nothing else is, and all is well with the store, though stars of
// events are rows and may be damaged in every way.

#include "tests/unit/quadstore/fixture.h"

#include "base/arena.h"
#include "base/map.h"
#include "rdf/reader.h"
#include "rdf/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define QUADS_MAX 200

struct import {
    struct dm_txn *txn;
    struct dm_arena arena;
    struct dm_quad quads[QUADS_MAX];
    size_t n;
};

static enum dm_status
import_quad(void *context, const struct dm_quad *quad,
            const struct dm_quad_positions *positions, struct dm_error *error)
{
    struct import *import = context;
    (void)positions;
    if (import->n == QUADS_MAX) {
        return DM_END;
    }
    struct dm_quad *copy = &import->quads[import->n];
    const enum dm_status status = dm_txn_import(import->txn, quad, error);
    if (status) {
        return status;
    }
    CHECK(!dm_term_copy(&import->arena, &quad->s, &copy->s));
    CHECK(!dm_term_copy(&import->arena, &quad->p, &copy->p));
    CHECK(!dm_term_copy(&import->arena, &quad->o, &copy->o));
    CHECK(!dm_term_copy(&import->arena, &quad->g, &copy->g));
    ++import->n;
    return DM_OK;
}

static dm_id
find(struct dm_snapshot *snapshot, const struct dm_term *term)
{
    dm_id id = DM_ID_NONE;
    if (term->kind != DM_TERM_NONE) {
        CHECK(!dm_snapshot_intern(snapshot, term, &id));
    }
    return id;
}

static const struct dm_dataset plain = {.default_graph = DM_DEFAULT_PLAIN,
                                        .all_named = true};

static bool
is_there(struct dm_snapshot *snapshot, const struct dm_quad_ids *quad)
{
    const struct dm_scan_spec spec = {
        .dataset = &plain,
        .scope = quad->g ? DM_SCOPE_NAMED : DM_SCOPE_DEFAULT,
        .s = quad->s,
        .p = quad->p,
        .o = quad->o,
        .g = quad->g,
    };
    struct dm_scan *scan = NULL;
    struct dm_quad_ids row;
    CHECK(!dm_scan_open(snapshot, &spec, &scan));
    const bool found = !dm_scan_next(scan, &row);
    CHECK(!found || dm_scan_next(scan, &row) == DM_END);
    dm_scan_close(scan);
    return found;
}

static size_t
count_all(struct dm_snapshot *snapshot, enum dm_scope scope)
{
    const struct dm_scan_spec spec = {.dataset = &plain, .scope = scope};
    struct dm_scan *scan = NULL;
    struct dm_quad_ids row;
    size_t n = 0;
    CHECK(!dm_scan_open(snapshot, &spec, &scan));
    while (!dm_scan_next(scan, &row)) {
        ++n;
    }
    dm_scan_close(scan);
    return n;
}

static void
check_import(struct fixture *fixture, const struct import *import)
{
    static struct dm_quad_ids quads[QUADS_MAX];
    struct dm_map distinct;
    struct dm_snapshot *snapshot = snapshot_of(fixture);
    dm_map_init(&distinct, QUADS_MAX, 0);
    for (size_t i = 0; i < import->n; ++i) {
        const struct dm_quad *quad = &import->quads[i];
        quads[i] = (struct dm_quad_ids){
            find(snapshot, &quad->s), find(snapshot, &quad->p),
            find(snapshot, &quad->o), find(snapshot, &quad->g)};
        CHECK(is_there(snapshot, &quads[i]));
        CHECK(dm_map_put(&distinct,
                         dm_str_n((const char *)&quads[i], sizeof(quads[i])),
                         NULL));
    }
    CHECK(count_all(snapshot, DM_SCOPE_DEFAULT) +
              count_all(snapshot, DM_SCOPE_NAMED) ==
          distinct.n);
    dm_map_done(&distinct);
    dm_snapshot_close(snapshot);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct import import;
    const struct dm_reader_options options = {.syntax = DM_SYNTAX_NQUADS};
    struct fixture fixture;
    dm_log_no log = 0;
    fixture_init(&fixture, false);
    memset(&import, 0, sizeof(import));
    dm_arena_init(&import.arena, SIZE_MAX, NULL);
    import.txn = begin(&fixture);
    CHECK(!dm_txn_log_number(import.txn, dm_str("ipns://k1"), &log));
    (void)!dm_read_text(&options, dm_str_n((const char *)data, size),
                        import_quad, &import, NULL);
    commit(import.txn);
    check_store(&fixture);
    check_import(&fixture, &import);
    dm_arena_done(&import.arena);
    fixture_done(&fixture);
    return 0;
}
