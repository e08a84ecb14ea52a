// SPDX-License-Identifier: ISC

#include "quadstore/history.h"

#include "base/alloc.h"
#include "quadstore/history_private.h"
#include "quadstore/id_private.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS_MAX ((size_t)1 << 24U)
#define VALUES_MAX ((size_t)1 << 28U)

// Rows are grouped in a table in memory, charged to the work; for a quantile
// each group keeps its values.

enum { KEY_CHECK, KEY_LOG, KEY_STATUS, KEY_FAILURE, KEY_METRIC, KEY_BUCKET };
#define KEYS 6

struct group {
    int64_t key[KEYS];
    struct dm_aggregate_row row;
    double *values;
    size_t capacity;
};

struct dm_aggregate {
    struct dm_snapshot *snapshot;
    struct dm_aggregate_spec spec;
    struct dm_map map; // Key -> struct group
    struct dm_arena arena;
    struct group *last; // The one found before
    size_t charged;
    size_t next;
};

static enum dm_status
charge(struct dm_aggregate *aggregate, size_t bytes)
{
    if (dm_account_charge(&aggregate->snapshot->work->account, bytes)) {
        return DM_ERR_NO_MEMORY;
    }
    aggregate->charged += bytes;
    return DM_OK;
}

static enum dm_status
find_group(struct dm_aggregate *aggregate, const int64_t key[KEYS],
           struct group **ret)
{
    static const size_t key_bytes = KEYS * sizeof(int64_t);
    struct group *group = aggregate->last;
    if (group && memcmp(group->key, key, key_bytes) == 0) {
        *ret = group;
        return DM_OK;
    }
    struct dm_map_entry *entry =
        dm_map_get(&aggregate->map, dm_str_n((const char *)key, key_bytes));
    if (!entry) {
        group = dm_arena_alloc(&aggregate->arena, 1, sizeof(*group));
        if (!group || charge(aggregate, sizeof(struct dm_map_entry))) {
            return DM_ERR_NO_MEMORY;
        }
        memcpy(group->key, key, key_bytes);
        entry = dm_map_put(&aggregate->map,
                           dm_str_n((const char *)group->key, key_bytes), NULL);
        if (!entry) {
            return DM_ERR_NO_MEMORY;
        }
        entry->value.ptr = group;
    }
    aggregate->last = entry->value.ptr;
    *ret = entry->value.ptr;
    return DM_OK;
}

static enum dm_status
keep_value(struct dm_aggregate *aggregate, struct group *group, double value)
{
    const size_t n = (size_t)group->row.n_values;
    if (!aggregate->spec.has_quantile) {
        return DM_OK;
    }
    if (n == group->capacity) {
        const size_t want = n ? 2 * n : 16;
        if (want > VALUES_MAX) {
            return DM_ERR_LIMIT;
        }
        if (charge(aggregate, (want - n) * sizeof(double))) {
            return DM_ERR_NO_MEMORY;
        }
        double *values = dm_realloc(group->values, want, sizeof(double));
        if (!values) {
            return DM_ERR_NO_MEMORY;
        }
        group->values = values;
        group->capacity = want;
    }
    group->values[n] = value;
    return DM_OK;
}

static enum dm_status
add_micros(struct dm_aggregate *aggregate, struct group *group, int64_t micros)
{
    struct dm_aggregate_row *row = &group->row;
    if (micros == DM_NO_MICROS) {
        return DM_OK;
    }
    if (micros > INT64_MAX - row->sum_micros) {
        return DM_ERR_LIMIT;
    }
    const enum dm_status status = keep_value(aggregate, group, (double)micros);
    row->sum_micros += micros;
    row->min_micros =
        row->n_values && row->min_micros < micros ? row->min_micros : micros;
    row->max_micros =
        row->n_values && row->max_micros > micros ? row->max_micros : micros;
    ++row->n_values;
    return status;
}

static enum dm_status
add_number(struct dm_aggregate *aggregate, struct group *group, double value)
{
    struct dm_aggregate_row *row = &group->row;
    const enum dm_status status = keep_value(aggregate, group, value);
    row->sum += value;
    row->min = row->n_values && row->min < value ? row->min : value;
    row->max = row->n_values && row->max > value ? row->max : value;
    ++row->n_values;
    return status;
}

// A metric is known by its label, whichever check it is of.
static enum dm_status
add_samples(struct dm_aggregate *aggregate, const struct dm_row *row,
            int64_t key[KEYS])
{
    struct dm_str samples = row->samples;
    struct dm_row_sample sample;
    enum dm_status status = DM_OK;
    while (!(status = dm_row_next_sample(&samples, &sample))) {
        const struct dm_metric_row *metric = NULL;
        struct group *group = NULL;
        dm_id label = DM_ID_NONE;
        status = dm_snapshot_metric(aggregate->snapshot, sample.metric,
                                    dm_event_key_load(row->key).log, &metric);
        if (!status) {
            status = dm_snapshot_intern_text(aggregate->snapshot, metric->label,
                                             &label);
        }
        key[KEY_METRIC] = (int64_t)label;
        if (!status) {
            status = find_group(aggregate, key, &group);
        }
        if (!status) {
            group->row.metric = metric->label;
            ++group->row.count;
            status =
                add_number(aggregate, group, dm_row_sample_number(&sample));
        }
        if (status) {
            return status;
        }
    }
    return status == DM_END ? DM_OK : status;
}

static int64_t
bucket_of(int64_t at_ms, int64_t bucket_ms)
{
    const int64_t rest = at_ms % bucket_ms;
    return at_ms - (rest < 0 ? rest + bucket_ms : rest);
}

static enum dm_status
add_row(struct dm_aggregate *aggregate, const struct dm_row *row)
{
    const unsigned by = aggregate->spec.group_by;
    struct group *group = NULL;
    int64_t key[KEYS] = {0};
    key[KEY_CHECK] = by & DM_GROUP_CHECK ? row->check : 0;
    key[KEY_LOG] = by & DM_GROUP_LOG ? dm_event_key_load(row->key).log : 0;
    key[KEY_STATUS] = by & DM_GROUP_STATUS ? (int64_t)dm_row_status(row) : 0;
    key[KEY_FAILURE] = by & DM_GROUP_FAILURE ? (int64_t)row->failure : 0;
    key[KEY_BUCKET] = by & DM_GROUP_BUCKET
                          ? bucket_of(dm_row_at(row), aggregate->spec.bucket_ms)
                          : 0;
    if (by & DM_GROUP_METRIC) {
        return add_samples(aggregate, row, key);
    }
    const enum dm_status status = find_group(aggregate, key, &group);
    if (status) {
        return status;
    }
    ++group->row.count;
    return add_micros(aggregate, group, row->micros);
}

// --------------------------------------------------------------------- results

static int
compare_numbers(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void
finish(const struct dm_aggregate *aggregate, struct group *group)
{
    struct dm_aggregate_row *row = &group->row;
    const size_t n = (size_t)row->n_values;
    row->check = group->key[KEY_CHECK]
                     ? dm_id_make(DM_TAG_IRI, (uint64_t)group->key[KEY_CHECK])
                     : DM_ID_NONE;
    row->log = (dm_log_no)group->key[KEY_LOG];
    row->status = (enum dm_result_status)group->key[KEY_STATUS];
    row->failure =
        group->key[KEY_FAILURE]
            ? dm_id_make(DM_TAG_IRI, (uint64_t)group->key[KEY_FAILURE])
            : DM_ID_NONE;
    row->bucket_ms = group->key[KEY_BUCKET];
    if (aggregate->spec.has_quantile && n) {
        qsort(group->values, n, sizeof(double), compare_numbers);
        const double rank = ceil(aggregate->spec.quantile * (double)n);
        const size_t at = rank < 1 ? 0 : (size_t)rank - 1;
        row->quantile = group->values[at < n ? at : n - 1];
    }
}

static int
compare_groups(const void *a, const void *b)
{
    const struct group *x = ((const struct dm_map_entry *)a)->value.ptr;
    const struct group *y = ((const struct dm_map_entry *)b)->value.ptr;
    for (int i = 0; i < KEYS; ++i) {
        if (i == KEY_METRIC) {
            const int order = dm_str_compare(x->row.metric, y->row.metric);
            if (order) {
                return order;
            }
        } else if (x->key[i] != y->key[i]) {
            return x->key[i] < y->key[i] ? -1 : 1;
        }
    }
    return 0;
}

static enum dm_status
read_rows(struct dm_aggregate *aggregate)
{
    struct dm_rows *rows = NULL;
    const struct dm_row *row = NULL;
    enum dm_status status =
        dm_rows_open(aggregate->snapshot, &aggregate->spec.filter, DM_ORDER_KEY,
                     false, &rows);
    while (!status) {
        status = dm_rows_next(rows, &row);
        if (!status) {
            status = add_row(aggregate, row);
        }
    }
    dm_rows_close(rows);
    return status == DM_END ? DM_OK : status;
}

enum dm_status
dm_aggregate_open(struct dm_snapshot *snapshot,
                  const struct dm_aggregate_spec *spec,
                  struct dm_aggregate **ret, bool *ret_is_exact)
{
    if ((spec->group_by & DM_GROUP_BUCKET && spec->bucket_ms <= 0) ||
        (spec->has_quantile && !(spec->quantile >= 0 && spec->quantile <= 1))) {
        return DM_ERR_ARGUMENT;
    }
    struct dm_aggregate *aggregate =
        dm_snapshot_alloc(snapshot, sizeof(*aggregate));
    if (!aggregate) {
        return DM_ERR_NO_MEMORY;
    }
    aggregate->snapshot = snapshot;
    aggregate->spec = *spec;
    dm_map_init(&aggregate->map, GROUPS_MAX, 0);
    dm_arena_init(&aggregate->arena, SIZE_MAX, &snapshot->work->account);
    const enum dm_status status = read_rows(aggregate);
    if (status) {
        dm_aggregate_close(aggregate);
        return status;
    }
    for (size_t i = 0; i < aggregate->map.n; ++i) {
        finish(aggregate, aggregate->map.entries[i].value.ptr);
    }
    // The map is not looked into any more, so its entries may change places
    if (aggregate->map.n) {
        qsort(aggregate->map.entries, aggregate->map.n,
              sizeof(struct dm_map_entry), compare_groups);
    }
    *ret = aggregate;
    *ret_is_exact = true;
    return DM_OK;
}

enum dm_status
dm_aggregate_next(struct dm_aggregate *aggregate, struct dm_aggregate_row *ret)
{
    if (aggregate->next == aggregate->map.n) {
        return DM_END;
    }
    const struct group *group =
        aggregate->map.entries[aggregate->next++].value.ptr;
    *ret = group->row;
    return DM_OK;
}

void
dm_aggregate_close(struct dm_aggregate *aggregate)
{
    if (!aggregate) {
        return;
    }
    for (size_t i = 0; i < aggregate->map.n; ++i) {
        const struct group *group = aggregate->map.entries[i].value.ptr;
        dm_free(group->values);
    }
    dm_map_done(&aggregate->map);
    dm_arena_done(&aggregate->arena);
    dm_account_release(&aggregate->snapshot->work->account, aggregate->charged);
    dm_snapshot_free(aggregate->snapshot, aggregate, sizeof(*aggregate));
}
