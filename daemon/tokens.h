// SPDX-License-Identifier: ISC

#ifndef DM_DAEMON_TOKENS_H
#define DM_DAEMON_TOKENS_H

/**
 * @file
 * Which token may do what, and which peer it is of.
 *
 * The secrets of a configuration's tokens, resolved once, so that a request
 * costs one comparison for each: all of them, always, so that the time tells
 * nothing of which one is nearly right.
 *
 * Threads: loop. Memory: the tokens, wiped when released.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"
#include "vocab/definitions.h"

DM_BEGIN_DECLS

struct dm_config;
struct dm_tokens;

/// Longest token that is looked at
#define DM_TOKEN_MAX 512U

/// @param config Lives as long as the tokens. A token whose secret is not there
///        or is too long fits nobody.
/// @return DM_ERR_NO_MEMORY.
enum dm_status dm_tokens_new(const struct dm_config *config,
                             struct dm_tokens **ret) DM_NODISCARD;
void dm_tokens_free(struct dm_tokens *DM_NULLABLE tokens);

/// What who shows `token` may do: scopes, 0 for an unknown one.
/// @param ret_peer Set to the peer whose token it is, else to NULL. Where two
///        have the same, it is of neither.
unsigned dm_tokens_check(const struct dm_tokens *tokens, struct dm_str token,
                         const struct dm_peer_def *DM_NULLABLE *ret_peer);

DM_END_DECLS

#endif // DM_DAEMON_TOKENS_H
