// SPDX-License-Identifier: ISC

#include "net/process.h"

#include "base/actor.h"

enum dm_status
dm_process_start(const struct dm_processes *processes,
                 const struct dm_process_spec *spec, dm_process_fn done,
                 void *context, struct dm_process **ret)
{
    DM_ON_LOOP();
    assert(spec->arguments[0]);
    assert(spec->timeout_ns > 0);
    assert(spec->grace_ns > 0);
    return processes->ops->start(processes->self, spec, done, context, ret);
}

void
dm_process_cancel(const struct dm_processes *processes,
                  struct dm_process *process)
{
    DM_ON_LOOP();
    processes->ops->cancel(processes->self, process);
}

const char *
dm_process_end_text(enum dm_process_end end)
{
    switch (end) {
    case DM_PROCESS_EXITED:
        return "exited";
    case DM_PROCESS_SIGNALED:
        return "ended by a signal";
    case DM_PROCESS_TIMED_OUT:
        return "timed out";
    case DM_PROCESS_NOT_FOUND:
        return "not found";
    case DM_PROCESS_NOT_EXECUTABLE:
        return "not executable";
    case DM_PROCESS_NO_DIRECTORY:
        return "no such working directory";
    case DM_PROCESS_FAILED:
        return "could not be started";
    }
    return "ended in an unknown way";
}
