// SPDX-License-Identifier: ISC

#include "quadstore/source_private.h"

// The cursor of a virtual graph
struct virtual
{
    struct dm_source source;
    const struct dm_virtual_graph *graph;
    void *cursor;
};

static struct virtual *
virtual_of(struct dm_source *source)
{
    return (struct virtual *)source; // It is the first member
}

static enum dm_status
virtual_next(struct dm_source *source, struct dm_quad_ids *ret)
{
    struct virtual *virtual = virtual_of(source);
    struct dm_triple_ids triple = {0};
    const enum dm_status status = virtual->graph->ops->next(virtual->cursor,
                                                            &triple);
    if (!status) {
        *ret = (struct dm_quad_ids){triple.s, triple.p, triple.o,
                                    virtual->graph->graph};
    }
    return status;
}

static enum dm_status
virtual_seek(struct dm_source *source, const struct dm_triple_ids *target)
{
    (void)source;
    (void)target;
    return DM_OK; // The scan drops what is before the target
}

static void
virtual_close(struct dm_source *source)
{
    struct virtual *virtual = virtual_of(source);
    virtual->graph->ops->close(virtual->cursor);
    dm_snapshot_free(source->snapshot, virtual, source->bytes);
}

static const struct dm_source_ops ops = {virtual_next, virtual_seek,
                                         virtual_close};

bool
dm_source_is_virtual(const struct dm_source *source)
{
    return source->ops == &ops;
}

enum dm_status
dm_source_virtual(struct dm_snapshot *snapshot, const struct dm_scan_spec *spec,
                  const struct dm_virtual_graph *graph, struct dm_source **ret)
{
    struct virtual *virtual = dm_snapshot_alloc(snapshot, sizeof(*virtual));
    if (!virtual) {
        return DM_ERR_NO_MEMORY;
    }
    virtual->source = (struct dm_source){
        .ops = &ops, .snapshot = snapshot, .bytes = sizeof(*virtual)};
    virtual->graph = graph;
    const struct dm_triple_ids pattern = {spec->s, spec->p, spec->o};
    const enum dm_status status =
        graph->ops->open(graph->context, pattern, &virtual->cursor);
    if (status) {
        dm_snapshot_free(snapshot, virtual, sizeof(*virtual));
        return status;
    }
    *ret = &virtual->source;
    return DM_OK;
}
