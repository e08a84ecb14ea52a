// SPDX-License-Identifier: ISC

#ifndef DM_QUADSTORE_QUERIES_PRIVATE_H
#define DM_QUADSTORE_QUERIES_PRIVATE_H

/**
 * @file
 * Every SQL statement of the store, by name. Their texts are in queries.c; none
 * is put together at run time.
 *
 * Scans: eight shapes, the bits of which positions are bound (S 1, P 2, O 4),
 * in three scopes. Parameters ?1 ?2 ?3 = s p o, of the bound ones the value, of
 * the free ones the least to begin with; ?4 = g. All yield s, p, o, g in
 * ascending order without sorting.
 */

#include "base/attr.h"

DM_BEGIN_DECLS

enum dm_query {
    DM_Q_BEGIN,
    DM_Q_BEGIN_WRITE,
    DM_Q_COMMIT,
    DM_Q_ROLLBACK,
    DM_Q_DATA_VERSION,
    DM_Q_USER_VERSION,

    DM_Q_META_GET,
    DM_Q_META_PUT,

    DM_Q_TERM,
    DM_Q_TERM_FIND,
    DM_Q_TERM_PUT,
    DM_Q_TERM_LAST,
    DM_Q_TERM_DELETE,
    DM_Q_TERM_EACH,
    DM_Q_TERM_PREFIX,
    DM_Q_TERM_RETYPE,
    DM_Q_TRIPLE_TERM,
    DM_Q_TRIPLE_TERM_FIND,
    DM_Q_TRIPLE_TERM_PUT,
    DM_Q_TRIPLE_TERM_SET,
    DM_Q_TRIPLE_TERM_EACH,

    DM_Q_LOG_EACH,
    DM_Q_LOG_PUT,
    DM_Q_LOG_SET,
    DM_Q_LAG_MOST,
    DM_Q_LAG_REACH,
    DM_Q_LAG_PUT,
    DM_Q_LAG_FORGET,
    DM_Q_LAG_EACH,

    DM_Q_EVENT,
    DM_Q_EVENT_PUT,
    DM_Q_EVENT_REPLACE,
    DM_Q_EVENT_DELETE,
    DM_Q_EVENT_BITS,
    DM_Q_EVENT_SET,
    DM_Q_EVENT_OLDEST,
    DM_Q_EVENTS_UP, ///< ?1 ?2 the range of keys, ?3 a check, ?4 statuses
    DM_Q_EVENTS_DOWN,
    DM_Q_EVENTS_OF_CHECK_UP,
    DM_Q_EVENTS_OF_CHECK_DOWN,
    DM_Q_EVENTS_BY_STATUS_UP, ///< The same four of chosen statuses
    DM_Q_EVENTS_BY_STATUS_DOWN,
    DM_Q_EVENTS_OF_CHECK_BY_STATUS_UP,
    DM_Q_EVENTS_OF_CHECK_BY_STATUS_DOWN,

    DM_Q_METRIC,
    DM_Q_METRIC_FIND,
    DM_Q_METRIC_PUT,

    DM_Q_LATEST,
    DM_Q_LATEST_PUT,
    DM_Q_LATEST_DELETE,
    DM_Q_LATEST_OF_LOG,
    DM_Q_LATEST_EACH,

    DM_Q_QUAD_PUT,
    DM_Q_QUAD_DELETE,
    DM_Q_QUAD_IN_GRAPH,
    DM_Q_QUADS_OF_GRAPH,
    DM_Q_QUADS_NEWEST,
    DM_Q_TRIPLE_PUT,
    DM_Q_TRIPLE_DROP,
    DM_Q_TRIPLE_DELETE,
    DM_Q_GRAPH_PUT,
    DM_Q_GRAPH_DELETE,
    DM_Q_GRAPH,
    DM_Q_GRAPH_EACH,
    DM_Q_PREDICATE_PUT,
    DM_Q_PREDICATE,

    DM_Q_STATE_GET,
    DM_Q_STATE_PUT,
    DM_Q_STATE_DELETE,
    DM_Q_STATE_EACH,

    DM_Q_BLOCK_PUT,
    DM_Q_BLOCK_SET,
    DM_Q_BLOCK_MOVE,
    DM_Q_BLOCK_DELETE,
    DM_Q_BLOCK_FIRST,
    DM_Q_BLOCKS_NAMED,
    DM_Q_BLOCKS, ///< ?1 ?2 the range of places

    DM_Q_PAGE_COUNT,
    DM_Q_FREE_COUNT,
    DM_Q_VACUUM,

    DM_Q_UNION,                       ///< + shape
    DM_Q_GRAPH_SCAN = DM_Q_UNION + 8, ///< + shape
    DM_Q_GRAPH_SCAN_S = DM_Q_GRAPH_SCAN + 1,
    DM_Q_GRAPH_SCAN_SP = DM_Q_GRAPH_SCAN + 3,
    DM_Q_NAMED = DM_Q_GRAPH_SCAN + 8, ///< + shape
    DM_Q_COUNT = DM_Q_NAMED + 8,
};

const char *dm_query_text(enum dm_query query);

/// The tables of an empty store of version 1, and what version 2 has more
extern const char dm_schema_1[];
extern const char dm_schema_2[];

DM_END_DECLS

#endif // DM_QUADSTORE_QUERIES_PRIVATE_H
