// SPDX-License-Identifier: ISC

#include "sparql/construct.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/env.h"
#include "base/map.h"
#include "base/work.h"
#include "quadstore/store.h"
#include "quadstore/tripleset.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define RESOURCES_MAX ((size_t)1 << 24U)
#define LABEL_MAX 96

struct dm_construct {
    const struct dm_query *query;
    struct dm_snapshot *snapshot;
    struct dm_exec *exec;
    struct dm_tripleset *triples;
    void *cursor;          // Over the sealed triples
    struct dm_arena arena; // Keys of `resources`, labels
    uint64_t nonce;        // In the labels of blank nodes of this answer
    uint64_t n_solutions;
    struct dm_map resources; // Of DESCRIBE, by id: in the order to describe
    size_t n_described;
};

// ------------------------------------------------------------ templates

// The value of a variable in the present solution
static dm_id
value_of(const struct dm_query *query, const dm_id *row, dm_var var)
{
    for (size_t i = 0; i < query->n_columns; ++i) {
        if (query->columns[i] == var) {
            return row[i];
        }
    }
    return DM_ID_NONE;
}

// A blank node of the template is another one in each solution.
static enum dm_status
fresh_blank(struct dm_construct *c, struct dm_str label, dm_id *ret)
{
    char text[LABEL_MAX];
    const int n = snprintf(
        text, sizeof(text), "c%llxx%llx%.*s", (unsigned long long)c->nonce,
        (unsigned long long)c->n_solutions, (int)label.n, label.data);
    assert(n > 0 && n < LABEL_MAX);
    const struct dm_term term = dm_term_blank(dm_str_n(text, (size_t)n));
    return dm_snapshot_intern(c->snapshot, &term, ret);
}

static bool
is_resource(dm_id id)
{
    const enum dm_id_tag tag = dm_id_tag(id);
    return tag == DM_TAG_IRI || tag == DM_TAG_EVENT || tag == DM_TAG_BLANK;
}

// Whether the three may stand so in a triple or a triple term
static bool
is_triple(const struct dm_triple_ids *ids)
{
    return is_resource(ids->s) && is_resource(ids->p) &&
           dm_id_tag(ids->p) != DM_TAG_BLANK && ids->o != DM_ID_NONE;
}

static enum dm_status make_triple(struct dm_construct *c,
                                  const struct dm_triple_pattern *pattern,
                                  const dm_id *row, struct dm_triple_ids *ret);

// The id that stands in for a slot; DM_ID_NONE where there is none
static enum dm_status
fill(struct dm_construct *c, const struct dm_slot *slot, const dm_id *row,
     dm_id *ret)
{
    *ret = DM_ID_NONE;
    switch (slot->kind) {
    case DM_SLOT_VAR:
        *ret = value_of(c->query, row, slot->var);
        return DM_OK;
    case DM_SLOT_TERM:
        return slot->term.kind == DM_TERM_BLANK
                   ? fresh_blank(c, slot->term.value, ret)
                   : dm_snapshot_intern(c->snapshot, &slot->term, ret);
    case DM_SLOT_TRIPLE:
        break;
    }
    assert(slot->triple);
    struct dm_triple_ids ids;
    const enum dm_status status = make_triple(c, slot->triple, row, &ids);
    return status || !is_triple(&ids)
               ? status
               : dm_snapshot_intern_triple(c->snapshot, ids.s, ids.p, ids.o,
                                           ret);
}

static enum dm_status
make_triple(struct dm_construct *c, const struct dm_triple_pattern *pattern,
            const dm_id *row, struct dm_triple_ids *ret)
{
    enum dm_status status = fill(c, &pattern->s, row, &ret->s);
    if (!status) {
        status = fill(c, &pattern->p, row, &ret->p);
    }
    return status ? status : fill(c, &pattern->o, row, &ret->o);
}

static enum dm_status
fill_template(struct dm_construct *c, const dm_id *row)
{
    for (size_t i = 0; i < c->query->n_construct; ++i) {
        struct dm_triple_ids ids;
        enum dm_status status =
            make_triple(c, &c->query->construct[i], row, &ids);
        if (!status && is_triple(&ids)) {
            status = dm_tripleset_add(c->triples, ids.s, ids.p, ids.o);
        }
        if (status) {
            return status;
        }
    }
    return DM_OK;
}

// ------------------------------------------------------------ descriptions

// Have `id` described, once.
static enum dm_status
add_resource(struct dm_construct *c, dm_id id)
{
    if (!is_resource(id)) {
        return DM_OK;
    }
    const struct dm_str key =
        dm_arena_copy(&c->arena, dm_str_n((const char *)&id, sizeof(id)));
    struct dm_map_entry *entry =
        key.data ? dm_map_put(&c->resources, key, NULL) : NULL;
    if (!entry) {
        return DM_ERR_NO_MEMORY;
    }
    entry->value.number = id;
    return DM_OK;
}

static enum dm_status
add_description(struct dm_construct *c, dm_id resource)
{
    const struct dm_scan_spec spec = {.dataset = dm_exec_dataset(c->exec),
                                      .scope = DM_SCOPE_DEFAULT,
                                      .s = resource};
    struct dm_scan *scan = NULL;
    enum dm_status status = dm_scan_open(c->snapshot, &spec, &scan);
    while (!status) {
        struct dm_quad_ids quad;
        status = dm_scan_next(scan, &quad);
        if (!status) {
            status = dm_tripleset_add(c->triples, quad.s, quad.p, quad.o);
        }
        if (!status && dm_id_tag(quad.o) == DM_TAG_BLANK) {
            status = add_resource(c, quad.o);
        }
    }
    dm_scan_close(scan);
    return status == DM_END ? DM_OK : status;
}

// Describe what waits for it, and the blank nodes that it leads to.
static enum dm_status
describe(struct dm_construct *c)
{
    enum dm_status status = DM_OK;
    while (!status && c->n_described < c->resources.n) {
        assert(c->resources.entries);
        status = add_description(
            c, c->resources.entries[c->n_described++].value.number);
    }
    return status;
}

static enum dm_status
add_resources(struct dm_construct *c, const dm_id *row)
{
    for (size_t i = 0; i < c->query->n_columns; ++i) {
        const enum dm_status status = add_resource(c, row[i]);
        if (status) {
            return status;
        }
    }
    return describe(c);
}

// The terms of DESCRIBE itself, whatever its pattern finds
static enum dm_status
add_constants(struct dm_construct *c)
{
    for (size_t i = 0; i < c->query->n_describe; ++i) {
        dm_id id = DM_ID_NONE;
        if (c->query->describe[i].kind != DM_SLOT_TERM) {
            continue;
        }
        enum dm_status status =
            dm_snapshot_intern(c->snapshot, &c->query->describe[i].term, &id);
        if (!status) {
            status = add_resource(c, id);
        }
        if (status) {
            return status;
        }
    }
    return describe(c);
}

// ------------------------------------------------------------ the answer

enum dm_status
dm_construct_open(const struct dm_query *query, struct dm_snapshot *snapshot,
                  const struct dm_exec_options *options,
                  struct dm_construct **ret, struct dm_error *error)
{
    assert(query->form == DM_QUERY_CONSTRUCT ||
           query->form == DM_QUERY_DESCRIBE);
    struct dm_work *work = dm_snapshot_work(snapshot);
    struct dm_construct *c = dm_calloc(1, sizeof(*c));
    if (!c) {
        return dm_error_set(error, DM_ERR_NO_MEMORY, "out of memory");
    }
    c->query = query;
    c->snapshot = snapshot;
    dm_arena_init(&c->arena, SIZE_MAX, &work->account);
    dm_map_init(&c->resources, RESOURCES_MAX, 0);
    dm_env_random(work->env, &c->nonce, sizeof(c->nonce));
    c->triples = dm_tripleset_new(&work->account);
    enum dm_status status = DM_OK;
    if (!c->triples) {
        status = dm_error_set(error, DM_ERR_NO_MEMORY, "out of memory");
    }
    if (!status) {
        struct dm_exec_options kept = *options;
        kept.is_graph = true;
        status = dm_exec_open(query, snapshot, &kept, &c->exec, error);
    }
    if (!status) {
        status = add_constants(c);
        if (status) {
            (void)dm_error_set(error, status, "the query cannot begin: %s",
                               dm_status_text(status));
        }
    }
    if (status) {
        dm_construct_close(c);
        return status;
    }
    *ret = c;
    return DM_OK;
}

void
dm_construct_close(struct dm_construct *c)
{
    if (!c) {
        return;
    }
    if (c->cursor) {
        dm_tripleset_graph.close(c->cursor);
    }
    dm_exec_close(c->exec);
    dm_tripleset_free(c->triples);
    dm_map_done(&c->resources);
    dm_arena_done(&c->arena);
    dm_free(c);
}

// Take all solutions, then have their triples in order.
static enum dm_status
gather(struct dm_construct *c, struct dm_error *error)
{
    for (;;) {
        const dm_id *row = NULL;
        enum dm_status status = dm_exec_next(c->exec, &row, error);
        if (status == DM_END) {
            break;
        }
        if (status) {
            return status;
        }
        status = c->query->form == DM_QUERY_CONSTRUCT ? fill_template(c, row)
                                                      : add_resources(c, row);
        if (status) {
            return dm_error_set(error, status, "the query was ended: %s",
                                dm_status_text(status));
        }
        ++c->n_solutions;
    }
    const struct dm_triple_ids all = {0};
    enum dm_status status = dm_tripleset_seal(c->triples);
    if (!status) {
        status = dm_tripleset_graph.open(c->triples, all, &c->cursor);
    }
    return status ? dm_error_set(error, status, "the query was ended: %s",
                                 dm_status_text(status))
                  : DM_OK;
}

enum dm_status
dm_construct_next(struct dm_construct *c, struct dm_triple_ids *ret,
                  struct dm_error *error)
{
    if (!c->cursor) {
        const enum dm_status status = gather(c, error);
        if (status) {
            return status;
        }
    }
    return dm_tripleset_graph.next(c->cursor, ret);
}
