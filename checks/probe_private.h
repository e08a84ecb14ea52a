// SPDX-License-Identifier: ISC

#ifndef DM_CHECKS_PROBE_PRIVATE_H
#define DM_CHECKS_PROBE_PRIVATE_H

/**
 * @file
 * What the kinds of probes share. For checks/probe*.c alone.
 *
 * A kind allocates its own struct with a dm_probe at its head, starts what it
 * needs of net/, and calls dm_probe_finish() from a callback, once. The struct
 * is freed by then or by cancel, through `free`, which also stops what runs.
 */

#include "base/attr.h"
#include "base/buf.h"
#include "base/status.h"
#include "checks/probe.h"

DM_BEGIN_DECLS

struct dm_probe_kind {
    enum dm_status (*start)(const struct dm_probe_context *context,
                            const struct dm_check_def *check,
                            struct dm_probe **ret, struct dm_error *error);
    /// Stop what still runs and release the probe.
    void (*free)(struct dm_probe *probe);
};

struct dm_probe {
    const struct dm_probe_kind *kind;
    struct dm_probe_context context;
    const struct dm_check_def *check;
    void *DM_NULLABLE done_context;
    struct dm_result *result;
    bool is_handed_over; ///< The result is somebody else's
    int64_t started_ns;
};

extern const struct dm_probe_kind dm_probe_http;
extern const struct dm_probe_kind dm_probe_system;
extern const struct dm_probe_kind dm_probe_command;

/// Set the head up, with an empty result. The struct is zeroed before.
enum dm_status dm_probe_init(struct dm_probe *probe,
                             const struct dm_probe_kind *kind,
                             const struct dm_probe_context *context,
                             const struct dm_check_def *check) DM_NODISCARD;
/// Release what the head owns.
void dm_probe_done(struct dm_probe *probe);

/// Time the result, hide secrets in its texts, free the probe, hand the result
/// over. Nothing of the probe may be touched afterwards.
void dm_probe_finish(struct dm_probe *probe);

/// `text` with its secrets replaced by ***, in `buf` where there are any; empty
/// where `buf` has no room. For what will be cut: a half of a secret is not
/// known again.
struct dm_str dm_probe_hidden(const struct dm_probe *probe, struct dm_str text,
                              struct dm_buf *buf);

/// Append `text` with its secrets put in; wipe the buffer after use.
enum dm_status dm_probe_expand(const struct dm_probe *probe, struct dm_str text,
                               struct dm_buf *buf, struct dm_error *error)
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_CHECKS_PROBE_PRIVATE_H
