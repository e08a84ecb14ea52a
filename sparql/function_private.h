// SPDX-License-Identifier: ISC

#ifndef DM_SPARQL_FUNCTION_PRIVATE_H
#define DM_SPARQL_FUNCTION_PRIVATE_H

/**
 * @file
 * The C functions behind the table in functions.c, and what they share.
 *
 * A strict function is called with its arguments evaluated, none of them an
 * error or unbound. A lazy one has `args` NULL and evaluates `code->args`. Each
 * sets `*ret` and returns DM_OK, or DM_ERR_ARGUMENT for an error of the
 * expression, or why the query must end.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"
#include "sparql/eval.h"
#include "sparql/value.h"

#include <stdbool.h>
#include <stddef.h>

DM_BEGIN_DECLS

struct dm_env;

struct dm_call {
    struct dm_eval *eval;
    const struct dm_expr_code *code;
    const struct dm_value *DM_NULLABLE args;
    size_t n_args;
};

/// Most bytes of a text that REPLACE or CONCAT makes
#define DM_TEXT_MAX ((size_t)1 << 20)

/// The environment of the work
const struct dm_env *dm_call_env(const struct dm_call *call);

/// An xsd:string; the bytes live as long as they do
void dm_value_set_string(struct dm_value *ret, struct dm_str text);
/// A text with the language and direction of `like`
void dm_value_set_text(struct dm_value *ret, struct dm_str text,
                       const struct dm_value *like);
void dm_value_set_iri(struct dm_value *ret, struct dm_str iri);
/// An xsd:string with a copy of `text`
enum dm_status dm_call_string(const struct dm_call *call, struct dm_str text,
                              struct dm_value *ret) DM_NODISCARD;

/// The number of code points of a text
size_t dm_count_points(struct dm_str text);

/// Arithmetic of times, called by that of numbers where an operand is one
enum dm_status dm_time_add(const struct dm_value *a, const struct dm_value *b,
                           struct dm_value *ret) DM_NODISCARD;
enum dm_status dm_time_subtract(const struct dm_value *a,
                                const struct dm_value *b, struct dm_value *ret)
    DM_NODISCARD;
enum dm_status dm_time_multiply(const struct dm_value *a,
                                const struct dm_value *b, struct dm_value *ret)
    DM_NODISCARD;
enum dm_status dm_time_divide(const struct dm_value *a,
                              const struct dm_value *b, struct dm_value *ret)
    DM_NODISCARD;

/// `+` and `/` of numbers, for SUM and AVG
enum dm_status dm_number_add(const struct dm_value *a, const struct dm_value *b,
                             struct dm_value *ret) DM_NODISCARD;
enum dm_status dm_number_divide(const struct dm_value *a,
                                const struct dm_value *b, struct dm_value *ret)
    DM_NODISCARD;

void dm_regex_cache_free(struct dm_regex_cache *DM_NULLABLE cache);
struct dm_regex_cache *DM_NULLABLE dm_regex_cache_new(void) DM_NODISCARD;
/// They form a list, so that whoever compiled can free them
struct dm_regex_cache *DM_NULLABLE *DM_NULLABLE
dm_regex_cache_next(struct dm_regex_cache *cache);

typedef enum dm_status (*dm_function_fn)(struct dm_call *call,
                                         struct dm_value *ret);

#define DM_FUNCTION(name)                                                      \
    enum dm_status dm_fn_##name(struct dm_call *call, struct dm_value *ret)

// fn_logic.c
DM_FUNCTION(or);
DM_FUNCTION(and);
DM_FUNCTION(not );
DM_FUNCTION(equal);
DM_FUNCTION(not_equal);
DM_FUNCTION(less);
DM_FUNCTION(greater);
DM_FUNCTION(less_equal);
DM_FUNCTION(greater_equal);
DM_FUNCTION(in);
DM_FUNCTION(not_in);
DM_FUNCTION(bound);
DM_FUNCTION(if);
DM_FUNCTION(coalesce);
DM_FUNCTION(same_term);
// fn_number.c
DM_FUNCTION(add);
DM_FUNCTION(subtract);
DM_FUNCTION(multiply);
DM_FUNCTION(divide);
DM_FUNCTION(unary_plus);
DM_FUNCTION(unary_minus);
DM_FUNCTION(is_numeric);
DM_FUNCTION(abs);
DM_FUNCTION(round);
DM_FUNCTION(ceil);
DM_FUNCTION(floor);
DM_FUNCTION(rand);
// fn_term.c
DM_FUNCTION(is_iri);
DM_FUNCTION(is_blank);
DM_FUNCTION(is_literal);
DM_FUNCTION(str);
DM_FUNCTION(lang);
DM_FUNCTION(langdir);
DM_FUNCTION(has_lang);
DM_FUNCTION(has_langdir);
DM_FUNCTION(langmatches);
DM_FUNCTION(datatype);
DM_FUNCTION(iri_of);
DM_FUNCTION(bnode);
DM_FUNCTION(strdt);
DM_FUNCTION(strlang);
DM_FUNCTION(strlangdir);
DM_FUNCTION(uuid);
DM_FUNCTION(struuid);
DM_FUNCTION(triple);
DM_FUNCTION(subject);
DM_FUNCTION(predicate);
DM_FUNCTION(object);
DM_FUNCTION(is_triple);
// fn_string.c
DM_FUNCTION(strlen);
DM_FUNCTION(substr);
DM_FUNCTION(ucase);
DM_FUNCTION(lcase);
DM_FUNCTION(strstarts);
DM_FUNCTION(strends);
DM_FUNCTION(contains);
DM_FUNCTION(strbefore);
DM_FUNCTION(strafter);
DM_FUNCTION(encode_for_uri);
DM_FUNCTION(concat);
// fn_regex.c
DM_FUNCTION(regex);
DM_FUNCTION(replace);
// fn_time.c
DM_FUNCTION(now);
DM_FUNCTION(year);
DM_FUNCTION(month);
DM_FUNCTION(day);
DM_FUNCTION(hours);
DM_FUNCTION(minutes);
DM_FUNCTION(seconds);
DM_FUNCTION(timezone);
DM_FUNCTION(tz);
DM_FUNCTION(bucket);
// fn_hash.c
DM_FUNCTION(md5);
DM_FUNCTION(sha1);
DM_FUNCTION(sha256);
DM_FUNCTION(sha384);
DM_FUNCTION(sha512);
// cast.c
DM_FUNCTION(cast_string);
DM_FUNCTION(cast_boolean);
DM_FUNCTION(cast_integer); // xsd:integer and all that derive from it
DM_FUNCTION(cast_decimal);
DM_FUNCTION(cast_float);
DM_FUNCTION(cast_double);
DM_FUNCTION(cast_datetime);
DM_FUNCTION(cast_date);
DM_FUNCTION(cast_duration);

DM_END_DECLS

#endif // DM_SPARQL_FUNCTION_PRIVATE_H
