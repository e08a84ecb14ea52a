// SPDX-License-Identifier: ISC

#include "sparql/keyword_private.h"

#include "sparql/functions.h"
#include "vocab/distance.h"

static const char *const aggregates[] = {
    [DM_AGG_COUNT] = "COUNT",
    [DM_AGG_SUM] = "SUM",
    [DM_AGG_MIN] = "MIN",
    [DM_AGG_MAX] = "MAX",
    [DM_AGG_AVG] = "AVG",
    [DM_AGG_SAMPLE] = "SAMPLE",
    [DM_AGG_GROUP_CONCAT] = "GROUP_CONCAT",
    [DM_AGG_QUANTILE] = "dm:quantile",
};

static const char *const keywords[] = {
    "AS",       "ASC",       "ASK",    "BASE",     "BIND",     "BOUND",
    "BY",       "CONSTRUCT", "DESC",   "DESCRIBE", "DISTINCT", "EXISTS",
    "false",    "FILTER",    "FROM",   "GRAPH",    "GROUP",    "HAVING",
    "IN",       "LIMIT",     "MINUS",  "NAMED",    "NOT",      "OFFSET",
    "OPTIONAL", "ORDER",     "PREFIX", "REDUCED",  "SELECT",   "SEPARATOR",
    "SERVICE",  "SILENT",    "true",   "UNDEF",    "UNION",    "VALUES",
    "VERSION",  "WHERE",
};

bool
dm_aggregate_find(struct dm_str word, enum dm_aggregate_kind *ret)
{
    for (size_t i = 0; i < DM_AGG_QUANTILE; ++i) {
        if (dm_str_equal_nocase(word, dm_str(aggregates[i]))) {
            *ret = (enum dm_aggregate_kind)i;
            return true;
        }
    }
    return false;
}

const char *
dm_aggregate_name(enum dm_aggregate_kind kind)
{
    return aggregates[kind];
}

struct dm_str
dm_keyword_nearest(struct dm_str word)
{
    struct dm_nearest nearest;
    dm_nearest_init(&nearest, word);
    for (size_t i = 0; i < DM_COUNT_OF(keywords); ++i) {
        dm_nearest_try(&nearest, dm_str(keywords[i]));
    }
    for (size_t i = 0; i < DM_AGG_QUANTILE; ++i) {
        dm_nearest_try(&nearest, dm_str(aggregates[i]));
    }
    for (int i = 0; i < DM_FN_IRI; ++i) {
        const struct dm_function_def *function =
            dm_function_get((enum dm_function)i);
        if (!(function->flags & DM_FUNCTION_OPERATOR)) {
            dm_nearest_try(&nearest, dm_str(function->name));
        }
    }
    return dm_nearest_found(&nearest) && nearest.distance ? nearest.best
                                                          : (struct dm_str){0};
}
