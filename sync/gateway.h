// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_GATEWAY_H
#define DM_SYNC_GATEWAY_H

/**
 * @file
 * A trustless gateway: what is answered to GET and HEAD of /ipfs and /ipns.
 *
 *     request ──> dm_gateway_new ──> head: status, headers
 *                      │
 *                      └─ dm_gateway_next, until DM_END ──> the body in pieces
 *
 *     /ipfs/CID    raw           one block
 *                  car           what hangs below it, depth first
 *     /ipns/NAME   ipns-record   the record of a name
 *
 * The format is that of ?format=, else of Accept (Content-Location says which
 * URL has it then). A CAR may be of what a path below a CID leads to, and has
 * the blocks on the path first. There is no HTML and no file without its
 * blocks. It serves what its source has and asks nobody. A body that cannot be
 * ended (a block is missing) is to be cut off, so that the client sees it.
 *
 * What hangs below a block: links of dag-cbor and dag-pb, each block once
 * unless dups=y is asked for; blocks of identity are not sent. dag-scope=entity
 * of dag-pb is the whole file, or those of its blocks that hold entity-bytes,
 * or the directory without what is in it; entity-bytes alone asks for it too.
 *
 * Pure: no network, no clock. Threads: one at a time, any worker; the source
 * says whether its blocks are there. Memory: one block, links that wait (up to
 * DM_GATEWAY_WAITING_MAX bytes), and about 100 bytes for each block sent, of at
 * most DM_GATEWAY_BLOCKS_MAX. Cost: O(bytes sent).
 *
 * Source: IPFS Trustless Gateway specification; IPIP-412, IPIP-523; CARv1.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"
#include "sync/any_cid.h"
#include "sync/key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_buf;
struct dm_gateway;

#define DM_GATEWAY_BLOCK_MAX (2U << 20U)    ///< Bytes of a block
#define DM_GATEWAY_BLOCKS_MAX (1U << 18U)   ///< Blocks of one CAR
#define DM_GATEWAY_WAITING_MAX (16U << 20U) ///< Bytes of names that wait
#define DM_GATEWAY_PIECE (256U << 10U)      ///< A piece is no shorter, but last
#define DM_GATEWAY_HEADERS_MAX 12U

/// A request; GET and HEAD are the same here. Empty views where a header is
/// not there.
struct dm_gateway_request {
    struct dm_str path;  ///< As sent, from "/ipfs/" or "/ipns/" on
    struct dm_str query; ///< As sent, without '?'
    struct dm_str accept;
    struct dm_str if_none_match;
    struct dm_str range;
    struct dm_str cache_control;
};

/// Where blocks and records come from. Bytes live until the next call.
struct dm_gateway_source {
    /// A block that was checked against its name, or DM_ERR_NOT_FOUND. Not
    /// asked for names of identity.
    enum dm_status (*block)(void *DM_NULLABLE context,
                            const struct dm_any_cid *cid, struct dm_str *ret);
    /// The record of a key, whose signature is good, or DM_ERR_NOT_FOUND.
    enum dm_status (*record)(void *DM_NULLABLE context,
                             const uint8_t public_key[DM_KEY_PUBLIC_BYTES],
                             struct dm_str *ret);
    void *DM_NULLABLE context;
};

struct dm_gateway_header {
    const char *name;
    const char *value;
};

/// Lives as long as its gateway.
struct dm_gateway_head {
    unsigned status;
    /// Of an error, a clause for people; empty for 200, 206 and 304
    const char *problem;
    struct dm_gateway_header headers[DM_GATEWAY_HEADERS_MAX];
    size_t n_headers; ///< Without Content-Length
    bool has_length;  ///< Else the body is streamed
    size_t length;
};

/// Look at a request and follow its path; after it the source is called by
/// dm_gateway_next() alone.
/// @return DM_ERR_NO_MEMORY; what the source fails with but DM_ERR_NOT_FOUND.
enum dm_status dm_gateway_new(const struct dm_gateway_request *request,
                              const struct dm_gateway_source *source,
                              struct dm_gateway **ret) DM_NODISCARD;
void dm_gateway_free(struct dm_gateway *DM_NULLABLE gateway);

const struct dm_gateway_head *dm_gateway_head(const struct dm_gateway *gateway);

/// Append the next piece of the body: about DM_GATEWAY_PIECE and at most one
/// block more. Errors have no body here (who serves makes one of `problem`).
/// @return DM_OK: there is more; DM_END: that was all; DM_ERR_NOT_FOUND: a
///         block is missing; DM_ERR_CORRUPT: one is not of its codec;
///         DM_ERR_LIMIT: too many blocks or links; as the source or the buffer
///         fails else. After an error the body is cut off.
enum dm_status dm_gateway_next(struct dm_gateway *gateway, struct dm_buf *buf)
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_SYNC_GATEWAY_H
