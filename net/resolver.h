// SPDX-License-Identifier: ISC

#ifndef DM_NET_RESOLVER_H
#define DM_NET_RESOLVER_H

/**
 * @file
 * Names to addresses.
 *
 * One question, one list: the addresses in the order in which they should be
 * tried (RFC 6724). Whoever connects takes the first and no other, so a check
 * measures one thing. An IP address as a name is answered without a question.
 * Nothing is cached.
 *
 * Threads: loop. Memory: O(questions under way), at most the maximum given to
 * the implementation. Rules R1 to R4 of net/loop.h hold.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"
#include "net/address.h"
#include "net/outcome.h"

#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

/// Most addresses in an answer; further ones are dropped
#define DM_RESOLVE_MAX 16

/// A question under way; valid until its completion or its end by cancel
struct dm_resolve;

struct dm_resolve_question {
    struct dm_str name;    ///< At most DM_HOST_MAX bytes, without brackets
    enum dm_family family; ///< DM_FAMILY_ANY: both are asked for
    int64_t timeout_ns;    ///< At least 1
};

struct dm_resolve_answer {
    struct dm_net_outcome outcome; ///< RESOLVE, TIMED_OUT or LOCAL on failure
    size_t n;                      ///< 0 exactly on failure
    const struct dm_address *DM_NULLABLE addresses; ///< `n` of them
    int64_t elapsed_ns;
};

/// The completion.
typedef void (*dm_resolve_fn)(void *DM_NULLABLE context,
                              const struct dm_resolve_answer *answer);

struct dm_resolver_ops {
    enum dm_status (*start)(void *self,
                            const struct dm_resolve_question *question,
                            dm_resolve_fn done, void *DM_NULLABLE context,
                            struct dm_resolve **ret);
    void (*cancel)(void *self, struct dm_resolve *resolve);
};

struct dm_resolver {
    const struct dm_resolver_ops *ops;
    void *self;
};

/// Ask.
/// @return DM_ERR_NO_MEMORY, DM_ERR_LIMIT (too many under way); then `done` is
///         not called.
enum dm_status dm_resolver_start(const struct dm_resolver *resolver,
                                 const struct dm_resolve_question *question,
                                 dm_resolve_fn done, void *DM_NULLABLE context,
                                 struct dm_resolve **ret) DM_NODISCARD;

void dm_resolver_cancel(const struct dm_resolver *resolver,
                        struct dm_resolve *resolve);

DM_END_DECLS

#endif // DM_NET_RESOLVER_H
