// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_KUBO_PRIVATE_H
#define DM_SYNC_KUBO_PRIVATE_H

/**
 * @file
 * How one asks a Kubo, and what its answers mean; knows nothing of items.
 *
 *     upload ──┐
 *     call ────┴─> POST BASE/api/v0/CALL ──> response ──> answer
 *
 * Values; an answer's text is a copy, its body a view of the response's.
 */

#include "base/attr.h"
#include "base/buf.h"
#include "base/status.h"
#include "base/str.h"
#include "net/http.h"
#include "sync/cid.h"

#include <jansson.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_env;

#define DM_KUBO_URL_MAX 4096U
#define DM_KUBO_ANSWER_MAX (64U << 10U)
#define DM_KUBO_TEXT_SIZE 400

/// Where a Kubo is and how it knows us
struct dm_kubo_place {
    char *DM_NULLABLE base; ///< "http://127.0.0.1:5001/api/v0"
    char *DM_NULLABLE auth; ///< "Basic USER:${…}"; "" for none
};

/// Take apart a URL as it is configured.
enum dm_status dm_kubo_place_init(struct dm_kubo_place *place,
                                  struct dm_str url) DM_NODISCARD;
void dm_kubo_place_done(struct dm_kubo_place *place);

/// A file as the body of a request (multipart/form-data)
struct dm_kubo_upload {
    struct dm_buf body;
    char type[96]; ///< Of the whole, with its boundary
};

/// @param max Most bytes of `data`.
enum dm_status dm_kubo_upload_init(struct dm_kubo_upload *upload,
                                   const struct dm_env *env, struct dm_str data,
                                   size_t max) DM_NODISCARD;
void dm_kubo_upload_done(struct dm_kubo_upload *upload);

enum dm_kubo_verdict {
    DM_KUBO_GOOD,
    DM_KUBO_FAILED,   ///< Not reached, or not an answer, or another error
    DM_KUBO_MISSING,  ///< A block is not there
    DM_KUBO_UNPINNED, ///< What should be pinned is not
    DM_KUBO_PINNED,   ///< What should be pinned is so already
    DM_KUBO_OUTDATED, ///< It holds a tip that is newer, or another one as new
};

struct dm_kubo_answer {
    enum dm_kubo_verdict verdict;
    bool is_answer;               ///< Something answered, be it an error
    char text[DM_KUBO_TEXT_SIZE]; ///< Of what is not good
    struct dm_str body;           ///< Of what is good
};

/// Judge a response: every good one is JSON.
void dm_kubo_answer_read(const struct dm_http_response *response,
                         struct dm_kubo_answer *ret);
/// Turn a good answer into a failure.
void dm_kubo_answer_fail(struct dm_kubo_answer *answer, const char *text);

/// Take the next of the JSON values that follow each other in `*rest`.
/// @param ret To be json_decref()ed.
/// @return DM_END behind the last; DM_ERR_SYNTAX, also for one that is no
///         object.
enum dm_status dm_kubo_next_value(struct dm_str *rest, json_t **ret)
    DM_NODISCARD;

/// Whether `value` is the text of `cid`
bool dm_kubo_names(const json_t *DM_NULLABLE value, const struct dm_cid *cid);

/// Whether dag/import tells of `blocks` blocks of `bytes` bytes and no pin that
/// failed
bool dm_kubo_is_imported(struct dm_str body, uint64_t blocks, uint64_t bytes);
/// Whether block/stat tells of `cid`
bool dm_kubo_is_there(struct dm_str body, const struct dm_cid *cid);
/// Whether pin/add or pin/update tells that `cid` is pinned
bool dm_kubo_is_pinned(struct dm_str body, const struct dm_cid *cid);
/// Whether name/put tells of the tip that names `head`
bool dm_kubo_is_put(struct dm_str body, const struct dm_cid *head);
/// Look in an answer of pin/ls for what is pinned as `name` and is not `but`.
/// @return Whether there is something.
bool dm_kubo_find_stray(struct dm_str body, const char *name,
                        const struct dm_cid *but, struct dm_cid *ret);

DM_END_DECLS

#endif // DM_SYNC_KUBO_PRIVATE_H
