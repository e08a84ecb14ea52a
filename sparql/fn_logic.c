// SPDX-License-Identifier: ISC

// Logic and comparison: SPARQL 1.1, 17.4.1.

#include "sparql/exec.h"
#include "sparql/function_private.h"

#include <assert.h>

// Three-valued || and && of two or more: where one decides, an error of another
// does not matter.
static enum dm_status
decide(struct dm_call *call, bool deciding, struct dm_value *ret)
{
    enum dm_status result = DM_OK;
    for (size_t i = 0; i < call->code->n_args; ++i) {
        bool value = false;
        const enum dm_status status =
            dm_eval_boolean(call->eval, call->code->args[i], &value);
        if (status && status != DM_ERR_ARGUMENT) {
            return status;
        }
        if (status) {
            result = status;
        } else if (value == deciding) {
            *ret = dm_value_boolean(deciding);
            return DM_OK;
        }
    }
    *ret = dm_value_boolean(!deciding);
    return result;
}

DM_FUNCTION(or)
{
    return decide(call, true, ret);
}

DM_FUNCTION(and)
{
    return decide(call, false, ret);
}

DM_FUNCTION(not )
{
    bool value = false;
    const enum dm_status status =
        dm_eval_boolean(call->eval, call->code->args[0], &value);
    if (!status) {
        *ret = dm_value_boolean(!value);
    }
    return status;
}

// The id of a variable or constant, DM_ID_NONE where it is neither
static dm_id
id_of(const struct dm_eval *eval, const struct dm_expr_code *code)
{
    if (code->kind == DM_EXPR_VAR) {
        return eval->row[code->var];
    }
    return code->kind == DM_EXPR_TERM ? code->constant.id : DM_ID_NONE;
}

static bool
is_name(dm_id id)
{
    const enum dm_id_tag tag = dm_id_tag(id);
    return tag == DM_TAG_IRI || tag == DM_TAG_EVENT || tag == DM_TAG_BLANK;
}

// Equality by ids alone, which needs no look at the terms: IRIs and blank nodes
// are equal where their ids are, and differ from everything else.
// @return Whether it could be told.
static bool
equal_ids(dm_id a, dm_id b, bool *ret)
{
    if (a == DM_ID_NONE || b == DM_ID_NONE || (!is_name(a) && !is_name(b))) {
        return false;
    }
    *ret = a == b;
    return true;
}

static enum dm_status
equal(struct dm_eval *eval, const struct dm_expr_code *a,
      const struct dm_expr_code *b, bool *ret)
{
    if (equal_ids(id_of(eval, a), id_of(eval, b), ret)) {
        return DM_OK;
    }
    struct dm_value value_a = {0};
    struct dm_value value_b = {0};
    enum dm_status status = dm_eval_code(eval, a, &value_a);
    if (!status) {
        status = dm_eval_code(eval, b, &value_b);
    }
    return status ? status : dm_value_equal(&value_a, &value_b, ret);
}

DM_FUNCTION(equal)
{
    bool is_equal = false;
    const enum dm_status status =
        equal(call->eval, call->code->args[0], call->code->args[1], &is_equal);
    if (!status) {
        *ret = dm_value_boolean(is_equal);
    }
    return status;
}

DM_FUNCTION(not_equal)
{
    bool is_equal = false;
    const enum dm_status status =
        equal(call->eval, call->code->args[0], call->code->args[1], &is_equal);
    if (!status) {
        *ret = dm_value_boolean(!is_equal);
    }
    return status;
}

// Whether the comparison gives one of two outcomes
static enum dm_status
compare(const struct dm_call *call, int outcome, int other,
        struct dm_value *ret)
{
    int order = 0;
    const enum dm_status status =
        dm_value_compare(&call->args[0], &call->args[1], &order);
    if (!status) {
        *ret = dm_value_boolean(order == outcome || order == other);
    }
    return status;
}

DM_FUNCTION(less)
{
    return compare(call, -1, -1, ret);
}

DM_FUNCTION(greater)
{
    return compare(call, 1, 1, ret);
}

DM_FUNCTION(less_equal)
{
    return compare(call, -1, 0, ret);
}

DM_FUNCTION(greater_equal)
{
    return compare(call, 1, 0, ret);
}

// a IN (b, c) is a = b || a = c; an error only where none is equal
static enum dm_status
is_in(struct dm_call *call, bool *ret)
{
    enum dm_status result = DM_OK;
    for (size_t i = 1; i < call->code->n_args; ++i) {
        bool is_equal = false;
        const enum dm_status status = equal(call->eval, call->code->args[0],
                                            call->code->args[i], &is_equal);
        if (status && status != DM_ERR_ARGUMENT) {
            return status;
        }
        if (status) {
            result = status;
        } else if (is_equal) {
            *ret = true;
            return DM_OK;
        }
    }
    *ret = false;
    return result;
}

DM_FUNCTION(in)
{
    bool value = false;
    const enum dm_status status = is_in(call, &value);
    if (!status) {
        *ret = dm_value_boolean(value);
    }
    return status;
}

DM_FUNCTION(not_in)
{
    bool value = false;
    const enum dm_status status = is_in(call, &value);
    if (!status) {
        *ret = dm_value_boolean(!value);
    }
    return status;
}

DM_FUNCTION(bound)
{
    const struct dm_expr_code *arg = call->code->args[0];
    if (arg->kind != DM_EXPR_VAR) {
        return DM_ERR_ARGUMENT;
    }
    *ret = dm_value_boolean(call->eval->row[arg->var] != DM_ID_NONE);
    return DM_OK;
}

DM_FUNCTION(if)
{
    bool condition = false;
    const enum dm_status status =
        dm_eval_boolean(call->eval, call->code->args[0], &condition);
    return status ? status
                  : dm_eval_code(call->eval,
                                 call->code->args[condition ? 1 : 2], ret);
}

DM_FUNCTION(coalesce)
{
    for (size_t i = 0; i < call->code->n_args; ++i) {
        const enum dm_status status =
            dm_eval_code(call->eval, call->code->args[i], ret);
        if (status != DM_ERR_ARGUMENT) {
            return status;
        }
    }
    return DM_ERR_ARGUMENT;
}

DM_FUNCTION(same_term)
{
    bool is_same = false;
    const enum dm_status status = dm_value_same_term(
        &call->args[0], &call->args[1], call->eval->arena, &is_same);
    if (!status) {
        *ret = dm_value_boolean(is_same);
    }
    return status;
}
