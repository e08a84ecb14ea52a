// SPDX-License-Identifier: ISC

#ifndef DM_BASE_STATUS_H
#define DM_BASE_STATUS_H

#include "base/attr.h"

DM_BEGIN_DECLS

/// Why a function failed; zero is success. Never stored, never sent.
enum dm_status {
    DM_OK = 0,
    DM_END,             ///< No more: the normal end of an iteration
    DM_AGAIN,           ///< Not now; try when the documented event comes
    DM_ERR_ARGUMENT,    ///< A value from outside is out of its range
    DM_ERR_SYNTAX,      ///< Bytes that do not follow their grammar
    DM_ERR_NOT_FOUND,   ///< No such thing
    DM_ERR_EXISTS,      ///< It is there already
    DM_ERR_NO_MEMORY,   ///< Out of memory, or over the caller's memory budget
    DM_ERR_LIMIT,       ///< A fixed limit is reached (size, rows, depth, queue)
    DM_ERR_DEADLINE,    ///< The time allowed is over
    DM_ERR_CANCELLED,   ///< Somebody asked to stop
    DM_ERR_PERMISSION,  ///< Refused: not allowed to
    DM_ERR_BUSY,        ///< Held by somebody else
    DM_ERR_IO,          ///< The system failed to read, write or send
    DM_ERR_FULL,        ///< No room left on the device
    DM_ERR_CORRUPT,     ///< What was stored or sent is not what was written
    DM_ERR_STATE,       ///< Not allowed in the present state
    DM_ERR_UNSUPPORTED, ///< Correct, but this program cannot do it
};

/// One lower-case English phrase without a full stop. Never NULL.
const char *dm_status_text(enum dm_status status);

DM_END_DECLS

#endif // DM_BASE_STATUS_H
