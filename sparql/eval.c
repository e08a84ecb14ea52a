// SPDX-License-Identifier: ISC

#include "sparql/eval.h"

#include "quadstore/store.h"
#include "sparql/exec.h"
#include "sparql/exec_private.h"
#include "sparql/function_private.h"

#include <assert.h>

// ------------------------------------------------------------------ compile

static enum dm_status
compile_args(struct dm_compiler *compiler, const struct dm_expr *expr,
             struct dm_expr_code *code)
{
    code->n_args = expr->n_args;
    code->args =
        dm_arena_alloc(compiler->arena, expr->n_args, sizeof(code->args[0]));
    enum dm_status status = code->args ? DM_OK : DM_ERR_NO_MEMORY;
    for (size_t i = 0; !status && i < expr->n_args; ++i) {
        struct dm_expr_code *arg = NULL;
        status = dm_code_compile(compiler, expr->args[i], &arg);
        code->args[i] = arg;
    }
    return status;
}

static enum dm_status
find_function(struct dm_compiler *compiler, const struct dm_expr *expr,
              struct dm_expr_code *code)
{
    if (expr->function != DM_FN_IRI) {
        code->def = dm_function_get(expr->function);
        return DM_OK;
    }
    code->def = dm_function_find_iri(expr->iri);
    if (!code->def) {
        const enum dm_status status =
            dm_error_set(compiler->error, DM_ERR_UNSUPPORTED,
                         "not supported yet: function <%.*s>", (int)expr->iri.n,
                         expr->iri.n ? expr->iri.data : "");
        dm_error_where(compiler->error, dm_str("query"), expr->at.line,
                       expr->at.column);
        return status;
    }
    if (expr->n_args < code->def->min_args ||
        expr->n_args > code->def->max_args) {
        const enum dm_status status = dm_error_set(
            compiler->error, DM_ERR_SYNTAX, "<%s> takes %u arguments, not %zu",
            code->def->name, code->def->min_args, expr->n_args);
        dm_error_where(compiler->error, dm_str("query"), expr->at.line,
                       expr->at.column);
        return status;
    }
    return DM_OK;
}

static enum dm_status
compile_call(struct dm_compiler *compiler, const struct dm_expr *expr,
             struct dm_expr_code *code)
{
    enum dm_status status = find_function(compiler, expr, code);
    if (!status) {
        status = compile_args(compiler, expr, code);
    }
    if (!status &&
        (code->def->id == DM_FN_REGEX || code->def->id == DM_FN_REPLACE)) {
        code->regex = dm_regex_cache_new();
        if (!code->regex) {
            return DM_ERR_NO_MEMORY;
        }
        *dm_regex_cache_next(code->regex) = compiler->caches;
        compiler->caches = code->regex;
    }
    return status;
}

static enum dm_status
compile_term(struct dm_compiler *compiler, const struct dm_expr *expr,
             struct dm_expr_code *code)
{
    dm_value_from_term(&expr->term, &code->constant);
    return dm_snapshot_intern(compiler->snapshot, &expr->term,
                              &code->constant.id);
}

enum dm_status
dm_code_compile(struct dm_compiler *compiler, const struct dm_expr *expr,
                struct dm_expr_code **ret)
{
    struct dm_expr_code *code =
        dm_arena_alloc(compiler->arena, 1, sizeof(*code));
    if (!code) {
        return DM_ERR_NO_MEMORY;
    }
    code->kind = expr->kind;
    code->var = expr->var;
    code->aggregate = expr->aggregate;
    *ret = code;
    switch (expr->kind) {
    case DM_EXPR_VAR:
    case DM_EXPR_AGGREGATE:
        return DM_OK;
    case DM_EXPR_TERM:
        return compile_term(compiler, expr, code);
    case DM_EXPR_CALL:
        return compile_call(compiler, expr, code);
    case DM_EXPR_EXISTS: {
        struct dm_exists *exists = NULL;
        const enum dm_status status =
            compiler->plan_exists(compiler->context, expr->pattern, &exists);
        code->exists = exists;
        return status;
    }
    }
    return DM_ERR_UNSUPPORTED;
}

void
dm_compiler_done(struct dm_compiler *compiler)
{
    while (compiler->caches) {
        struct dm_regex_cache *cache = compiler->caches;
        compiler->caches = *dm_regex_cache_next(cache);
        dm_regex_cache_free(cache);
    }
}

// ------------------------------------------------------------------ evaluate

// Few functions have more arguments; those that do take room of the arena
#define ARGS_ON_STACK 4U

static enum dm_status
eval_call(struct dm_eval *eval, const struct dm_expr_code *code,
          struct dm_value *ret)
{
    struct dm_call call = {.eval = eval, .code = code, .n_args = code->n_args};
    if (code->def->flags & DM_FUNCTION_LAZY) {
        return code->def->call(&call, ret);
    }

    struct dm_value few[ARGS_ON_STACK];
    struct dm_value *args = few;
    if (code->n_args > ARGS_ON_STACK) {
        args = dm_arena_alloc(eval->arena, code->n_args, sizeof(*args));
        if (!args) {
            return DM_ERR_NO_MEMORY;
        }
    }
    for (size_t i = 0; i < code->n_args; ++i) {
        const enum dm_status status =
            dm_eval_code(eval, code->args[i], &args[i]);
        if (status) {
            return status;
        }
    }
    call.args = args;
    return code->def->call(&call, ret);
}

static enum dm_status
eval_aggregate(const struct dm_eval *eval, const struct dm_expr_code *code,
               struct dm_value *ret)
{
    assert(eval->context->aggregates);
    // An aggregate that failed has no value
    *ret = eval->context->aggregates[code->aggregate];
    return ret->kind == DM_VALUE_UNBOUND ? DM_ERR_ARGUMENT : DM_OK;
}

enum dm_status
dm_eval_code(struct dm_eval *eval, const struct dm_expr_code *code,
             struct dm_value *ret)
{
    switch (code->kind) {
    case DM_EXPR_TERM:
        *ret = code->constant;
        return DM_OK;
    case DM_EXPR_VAR:
        if (eval->row[code->var] == DM_ID_NONE) {
            return DM_ERR_ARGUMENT;
        }
        return dm_value_from_id(eval->context->snapshot, eval->row[code->var],
                                ret);
    case DM_EXPR_CALL:
        return eval_call(eval, code, ret);
    case DM_EXPR_AGGREGATE:
        return eval_aggregate(eval, code, ret);
    case DM_EXPR_EXISTS: {
        bool exists = false;
        const enum dm_status status =
            dm_exists_run(code->exists, eval->row, &exists);
        *ret = dm_value_boolean(exists);
        return status;
    }
    }
    return DM_ERR_ARGUMENT;
}

enum dm_status
dm_eval_boolean(struct dm_eval *eval, const struct dm_expr_code *code,
                bool *ret)
{
    struct dm_value value = {0};
    const enum dm_status status = dm_eval_code(eval, code, &value);
    return status ? status : dm_value_ebv(&value, ret);
}

enum dm_status
dm_eval_filter(struct dm_eval *eval, const struct dm_expr_code *code, bool *ret)
{
    const enum dm_status status = dm_eval_boolean(eval, code, ret);
    if (status == DM_ERR_ARGUMENT) {
        *ret = false;
        return DM_OK;
    }
    return status;
}
