// SPDX-License-Identifier: ISC

#ifndef DM_NET_PROCESS_H
#define DM_NET_PROCESS_H

/**
 * @file
 * Programs that run for a while and end.
 *
 *     start --> RUNNING --ends--------------------------> drain --> done
 *                  |                                        ^
 *                  +--time is over: TERM --grace: KILL------+
 *
 * No shell. A program runs in a session and process group of its own, with
 * nothing on its standard input, none of our descriptors, and exactly the
 * environment it is given. When it has ended, what is left of its group is
 * killed, and what its pipes still hold is read; a descendant that left the
 * group and keeps them open is waited for at most DM_PROCESS_DRAIN_NS.
 *
 * Threads: loop. Memory: two outputs of at most `max_output` a program; what
 * comes after that is read and dropped, so that the program does not hang.
 * R1 to R4 of net/loop.h hold.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

#define DM_PROCESS_DRAIN_NS INT64_C(500000000)

/// A program that runs; valid until its completion or its end by cancel
struct dm_process;

struct dm_process_spec {
    /// Program and arguments, ended by NULL; a program without '/' is looked
    /// for in the PATH of `environment`
    const char *DM_NULLABLE const *arguments;
    /// "NAME=VALUE", ended by NULL
    const char *DM_NULLABLE const *environment;
    const char *DM_NULLABLE directory; ///< To run in; NULL: ours
    int64_t timeout_ns;                ///< Until TERM; at least 1
    int64_t grace_ns;                  ///< From TERM to KILL; at least 1
    size_t max_output;                 ///< Bytes kept of each output
};

enum dm_process_end {
    DM_PROCESS_EXITED,
    DM_PROCESS_SIGNALED,       ///< By somebody else
    DM_PROCESS_TIMED_OUT,      ///< It was ended by us, however it took that
    DM_PROCESS_NOT_FOUND,      ///< No such program, or its interpreter is gone
    DM_PROCESS_NOT_EXECUTABLE, ///< Not allowed to run it, or not a program
    DM_PROCESS_NO_DIRECTORY,   ///< `directory` cannot be entered
    DM_PROCESS_FAILED,         ///< The system lacks memory, processes, files
};

struct dm_process_result {
    enum dm_process_end end;
    int code;   ///< EXITED: 0 to 255
    int signal; ///< SIGNALED, TIMED_OUT: the signal, 0 where it exited
    struct dm_str output; ///< Standard output
    struct dm_str errors; ///< Standard error
    bool is_output_cut;
    bool is_errors_cut;
    int64_t elapsed_ns; ///< From the start to the end of the program
};

/// The completion.
typedef void (*dm_process_fn)(void *DM_NULLABLE context,
                              const struct dm_process_result *result);

struct dm_processes_ops {
    enum dm_status (*start)(void *self, const struct dm_process_spec *spec,
                            dm_process_fn done, void *DM_NULLABLE context,
                            struct dm_process **ret);
    void (*cancel)(void *self, struct dm_process *process);
};

/// Runs programs
struct dm_processes {
    const struct dm_processes_ops *ops;
    void *self;
};

/// Run a program. That it cannot be run is a completion too.
/// @return DM_ERR_NO_MEMORY, DM_ERR_LIMIT (too many run); then `done` is not
///         called.
enum dm_status dm_process_start(const struct dm_processes *processes,
                                const struct dm_process_spec *spec,
                                dm_process_fn done, void *DM_NULLABLE context,
                                struct dm_process **ret) DM_NODISCARD;

/// Kill the group at once; no callback comes any more.
void dm_process_cancel(const struct dm_processes *processes,
                       struct dm_process *process);

/// "exited", "not found": one lower-case phrase. Never NULL.
const char *dm_process_end_text(enum dm_process_end end);

DM_END_DECLS

#endif // DM_NET_PROCESS_H
