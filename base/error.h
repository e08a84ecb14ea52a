// SPDX-License-Identifier: ISC

#ifndef DM_BASE_ERROR_H
#define DM_BASE_ERROR_H

/**
 * @file
 * A failure as a person should read it.
 *
 * The last parameter of functions whose reason matters to somebody: parsers,
 * configuration, input and output. `what` is one clause without function names
 * or a full stop, `detail` the facts, `hint` what would be right. Printed:
 *
 *     checks/local.ttl:15:12: error: WHAT: DETAIL. HINT
 *
 * A value: no allocation, so it can report that memory is out. Longer texts are
 * cut at a code point. The fields hold one line each: control characters become
 * '?', so that a hostile input cannot forge lines of a log.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"

#include <stdint.h>

DM_BEGIN_DECLS

struct dm_buf;

struct dm_error {
    enum dm_status status;
    uint32_t line;   ///< From 1; 0 where there is none
    uint32_t column; ///< From 1, in code points; 0 where there is none
    char where[200]; ///< File or other source; "" where there is none
    char what[320];
    char detail[320];
    char hint[240];
};

/// Fill `*error` (which may be NULL) and give back `status`:
///     return dm_error_set(error, DM_ERR_SYNTAX, "a '.' is missing after %s",
///     x);
enum dm_status dm_error_set(struct dm_error *DM_NULLABLE error,
                            enum dm_status status, const char *what, ...)
    DM_PRINTF(3, 4);

/// Add to an error that was set; nothing for NULL.
void dm_error_detail(struct dm_error *DM_NULLABLE error, const char *format,
                     ...) DM_PRINTF(2, 3);
void dm_error_hint(struct dm_error *DM_NULLABLE error, const char *format, ...)
    DM_PRINTF(2, 3);
void dm_error_where(struct dm_error *DM_NULLABLE error, struct dm_str where,
                    uint32_t line, uint32_t column);

/// Append "WHERE:LINE:COLUMN: error: WHAT: DETAIL. HINT" without a line end.
void dm_error_print(const struct dm_error *error, struct dm_buf *buf);

DM_END_DECLS

#endif // DM_BASE_ERROR_H
