// SPDX-License-Identifier: ISC

#include "sparql/aggregate_private.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/work.h"
#include "quadstore/store.h"
#include "sparql/function_private.h"
#include "sparql/sorter_private.h"

#include <assert.h>
#include <math.h>

/// What GROUP_CONCAT has so far; its bytes are charged
struct dm_text_state {
    struct dm_buf buf;
    size_t charged;
};

static struct dm_account *
account_of(const struct dm_eval *eval)
{
    return &dm_snapshot_work(eval->context->snapshot)->account;
}

// ------------------------------------------------------------ sums

static struct dm_value
sum_of(const struct dm_aggregate_state *state)
{
    switch ((enum dm_value_kind)state->kind) {
    case DM_VALUE_DECIMAL:
        return dm_value_decimal(state->as.decimal);
    case DM_VALUE_FLOAT:
        return dm_value_float(state->as.number);
    case DM_VALUE_DOUBLE:
        return dm_value_double(state->as.number);
    case DM_VALUE_INTEGER:
    case DM_VALUE_BIG:
        return dm_value_whole(state->as.decimal);
    case DM_VALUE_UNBOUND:
    case DM_VALUE_IRI:
    case DM_VALUE_BLANK:
    case DM_VALUE_STRING:
    case DM_VALUE_TAGGED:
    case DM_VALUE_BOOLEAN:
    case DM_VALUE_DATETIME:
    case DM_VALUE_DATE:
    case DM_VALUE_DURATION:
    case DM_VALUE_OTHER:
    case DM_VALUE_TRIPLE:
        break; // Nothing was added
    }
    return dm_value_integer(0);
}

static enum dm_status
add_to_sum(struct dm_aggregate_state *state, const struct dm_value *value)
{
    struct dm_value sum = sum_of(state);
    const enum dm_status status = dm_number_add(&sum, value, &sum);
    if (status == DM_ERR_ARGUMENT) {
        state->has_failed = true;
        return DM_OK;
    }
    state->kind = (uint8_t)sum.kind;
    if (sum.kind == DM_VALUE_FLOAT || sum.kind == DM_VALUE_DOUBLE) {
        state->as.number = sum.as.number;
    } else {
        state->as.decimal = dm_value_exact(&sum);
    }
    return status;
}

static enum dm_status
sum_value(const struct dm_aggregate_code *code,
          const struct dm_aggregate_state *state, struct dm_value *ret)
{
    if (state->has_failed) {
        *ret = (struct dm_value){.kind = DM_VALUE_UNBOUND};
        return DM_OK;
    }
    const struct dm_value sum = sum_of(state);
    if (code->def->kind == DM_AGG_SUM || !state->n) {
        *ret = sum;
        return DM_OK;
    }
    const struct dm_value n = dm_value_integer((int64_t)state->n);
    const enum dm_status status = dm_number_divide(&sum, &n, ret);
    if (status == DM_ERR_ARGUMENT) {
        *ret = (struct dm_value){.kind = DM_VALUE_UNBOUND};
        return DM_OK;
    }
    return status;
}

// ------------------------------------------------------------ the best

static enum dm_status
add_to_best(struct dm_eval *eval, const struct dm_aggregate_code *code,
            struct dm_aggregate_state *state, const struct dm_value *value)
{
    struct dm_value best = {0};
    struct dm_snapshot *snapshot = eval->context->snapshot;
    if (state->n) {
        if (code->def->kind == DM_AGG_SAMPLE ||
            (value->id != DM_ID_NONE && value->id == state->as.best)) {
            return DM_OK;
        }
        const enum dm_status status =
            dm_value_from_id(snapshot, state->as.best, &best);
        if (status) {
            return status;
        }
        const int order = dm_value_order(value, &best);
        if (code->def->kind == DM_AGG_MIN ? order >= 0 : order <= 0) {
            return DM_OK;
        }
    }
    return dm_value_id(snapshot, eval->arena, value, &state->as.best);
}

// ------------------------------------------------------------ texts

static enum dm_status
add_to_text(struct dm_eval *eval, const struct dm_aggregate_code *code,
            struct dm_aggregate_state *state, const struct dm_value *value)
{
    struct dm_term term = {0};
    enum dm_status status = dm_value_term(value, eval->arena, &term);
    if (status) {
        return status;
    }
    if (!state->as.text) {
        state->as.text = dm_calloc(1, sizeof(*state->as.text));
        if (!state->as.text) {
            return DM_ERR_NO_MEMORY;
        }
        dm_buf_init(&state->as.text->buf, DM_TEXT_MAX);
    }
    struct dm_text_state *text = state->as.text;
    const struct dm_str separator =
        state->n ? code->def->separator : dm_str("");
    const size_t n = separator.n + term.value.n;
    status = dm_account_charge(account_of(eval), n);
    if (status) {
        return status;
    }
    text->charged += n;
    (void)dm_buf_put_str(&text->buf, separator);
    return dm_buf_put_str(&text->buf, term.value);
}

static enum dm_status
text_value(struct dm_eval *eval, const struct dm_aggregate_state *state,
           struct dm_value *ret)
{
    const struct dm_str text =
        state->as.text ? dm_buf_str(&state->as.text->buf) : dm_str("");
    const struct dm_str copy = dm_arena_copy(eval->arena, text);
    if (!copy.data) {
        return DM_ERR_NO_MEMORY;
    }
    dm_value_set_string(ret, copy);
    return DM_OK;
}

// ------------------------------------------------------------ quantiles

static enum dm_status
add_to_values(struct dm_eval *eval, struct dm_aggregate_state *state,
              const struct dm_value *value)
{
    dm_id *kept = NULL;
    if (!state->as.values) {
        state->as.values = dm_calloc(1, sizeof(*state->as.values));
        if (!state->as.values) {
            return DM_ERR_NO_MEMORY;
        }
        dm_solutions_init(state->as.values, account_of(eval), 1);
    }
    const enum dm_status status = dm_solutions_add(state->as.values, &kept);
    return status
               ? status
               : dm_value_id(eval->context->snapshot, eval->arena, value, kept);
}

static int
compare_ids(void *context, const void *a, const void *b)
{
    struct dm_snapshot *snapshot = context;
    const dm_id *id_a = a;
    const dm_id *id_b = b;
    struct dm_value value_a = {0};
    struct dm_value value_b = {0};
    if (dm_value_from_id(snapshot, *id_a, &value_a) ||
        dm_value_from_id(snapshot, *id_b, &value_b)) {
        return 0;
    }
    return dm_value_order(&value_a, &value_b);
}

// The smallest value that at least this share of the values does not exceed;
// `room` is for two pointers to each
static enum dm_status
pick(struct dm_eval *eval, double share, const struct dm_solutions *values,
     void **room, struct dm_value *ret)
{
    for (size_t i = 0; i < values->n; ++i) {
        room[i] = dm_solutions_at(values, (uint32_t)i);
    }
    struct dm_sorter sorter = {.items = room,
                               .spare = room + values->n,
                               .n = values->n,
                               .compare = compare_ids,
                               .context = eval->context->snapshot};
    const enum dm_status status = dm_sorter_run(&sorter, NULL);
    if (status) {
        return status;
    }
    const double wanted = ceil(share * (double)values->n);
    size_t rank = wanted < 1 ? 1 : (size_t)wanted;
    rank = rank > values->n ? values->n : rank;
    const dm_id *id = sorter.items[rank - 1];
    return dm_value_from_id(eval->context->snapshot, *id, ret);
}

static enum dm_status
quantile_value(struct dm_eval *eval, const struct dm_aggregate_code *code,
               const struct dm_aggregate_state *state, struct dm_value *ret)
{
    const struct dm_solutions *values = state->as.values;
    if (!values) {
        *ret = (struct dm_value){.kind = DM_VALUE_UNBOUND};
        return DM_OK;
    }
    const size_t bytes = 2 * values->n * sizeof(void *);
    enum dm_status status = dm_account_charge(account_of(eval), bytes);
    if (status) {
        return status;
    }
    void **room = dm_calloc(2 * values->n, sizeof(*room));
    status = room ? pick(eval, code->def->share, values, room, ret)
                  : DM_ERR_NO_MEMORY;
    dm_free(room);
    dm_account_release(account_of(eval), bytes);
    return status;
}

// ------------------------------------------------------------ all of them

static enum dm_status
add_value(struct dm_eval *eval, const struct dm_aggregate_code *code,
          struct dm_aggregate_state *state, const struct dm_value *value)
{
    switch (code->def->kind) {
    case DM_AGG_COUNT:
        return DM_OK;
    case DM_AGG_SUM:
    case DM_AGG_AVG:
        return add_to_sum(state, value);
    case DM_AGG_MIN:
    case DM_AGG_MAX:
    case DM_AGG_SAMPLE:
        return add_to_best(eval, code, state, value);
    case DM_AGG_GROUP_CONCAT:
        // str() of a blank node or triple term is an error
        if (value->kind == DM_VALUE_BLANK || value->kind == DM_VALUE_TRIPLE) {
            return DM_ERR_ARGUMENT;
        }
        return add_to_text(eval, code, state, value);
    case DM_AGG_QUANTILE:
        return add_to_values(eval, state, value);
    }
    return DM_ERR_UNSUPPORTED;
}

enum dm_status
dm_aggregate_add(struct dm_eval *eval, const struct dm_aggregate_code *code,
                 struct dm_aggregate_state *state, const struct dm_value *value)
{
    static const struct dm_value any = {.kind = DM_VALUE_UNBOUND};
    const enum dm_status status =
        add_value(eval, code, state, value ? value : &any);
    if (status == DM_ERR_ARGUMENT) {
        dm_aggregate_fail(code, state);
        return DM_OK;
    }
    state->n += status ? 0 : 1;
    return status;
}

void
dm_aggregate_fail(const struct dm_aggregate_code *code,
                  struct dm_aggregate_state *state)
{
    if (code->def->kind == DM_AGG_SUM || code->def->kind == DM_AGG_AVG) {
        state->has_failed = true;
    }
}

enum dm_status
dm_aggregate_value(struct dm_eval *eval, const struct dm_aggregate_code *code,
                   struct dm_aggregate_state *state, struct dm_value *ret)
{
    switch (code->def->kind) {
    case DM_AGG_COUNT:
        *ret = dm_value_integer((int64_t)state->n);
        return DM_OK;
    case DM_AGG_SUM:
    case DM_AGG_AVG:
        return sum_value(code, state, ret);
    case DM_AGG_MIN:
    case DM_AGG_MAX:
    case DM_AGG_SAMPLE:
        if (!state->n) {
            *ret = (struct dm_value){.kind = DM_VALUE_UNBOUND};
            return DM_OK;
        }
        return dm_value_from_id(eval->context->snapshot, state->as.best, ret);
    case DM_AGG_GROUP_CONCAT:
        return text_value(eval, state, ret);
    case DM_AGG_QUANTILE:
        return quantile_value(eval, code, state, ret);
    }
    return DM_ERR_UNSUPPORTED;
}

void
dm_aggregate_state_done(struct dm_account *account,
                        const struct dm_aggregate_code *code,
                        struct dm_aggregate_state *state)
{
    if (code->def->kind == DM_AGG_GROUP_CONCAT && state->as.text) {
        dm_account_release(account, state->as.text->charged);
        dm_buf_done(&state->as.text->buf);
        dm_free(state->as.text);
        state->as.text = NULL;
    }
    if (code->def->kind == DM_AGG_QUANTILE && state->as.values) {
        dm_solutions_clear(state->as.values);
        dm_free(state->as.values);
        state->as.values = NULL;
    }
}
