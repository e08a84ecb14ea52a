// SPDX-License-Identifier: ISC

#include "base/status.h"

const char *
dm_status_text(enum dm_status status)
{
    switch (status) {
    case DM_OK:
        return "success";
    case DM_END:
        return "no more";
    case DM_AGAIN:
        return "not now";
    case DM_ERR_ARGUMENT:
        return "bad argument";
    case DM_ERR_SYNTAX:
        return "syntax error";
    case DM_ERR_NOT_FOUND:
        return "not found";
    case DM_ERR_EXISTS:
        return "exists already";
    case DM_ERR_NO_MEMORY:
        return "out of memory";
    case DM_ERR_LIMIT:
        return "limit reached";
    case DM_ERR_DEADLINE:
        return "time limit reached";
    case DM_ERR_CANCELLED:
        return "cancelled";
    case DM_ERR_PERMISSION:
        return "not permitted";
    case DM_ERR_BUSY:
        return "busy";
    case DM_ERR_IO:
        return "input/output error";
    case DM_ERR_FULL:
        return "no space left";
    case DM_ERR_CORRUPT:
        return "corrupt data";
    case DM_ERR_STATE:
        return "not allowed in this state";
    case DM_ERR_UNSUPPORTED:
        return "not supported";
    }

    return "unknown status";
}
