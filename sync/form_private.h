// SPDX-License-Identifier: ISC

#ifndef DM_SYNC_FORM_PRIVATE_H
#define DM_SYNC_FORM_PRIVATE_H

/**
 * @file
 * The one spelling that a value has on the wire. rdf/xsd.h reads whatever XSD
 * allows; here only one form passes.
 *
 * Threads: pure functions. Source: docs/PROTOCOL.md, "Lexical forms".
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_buf;

/// The datatypes that have one form
enum dm_form {
    DM_FORM_ANY,    ///< Another datatype: left alone
    DM_FORM_STRING, ///< xsd:string: any text
    DM_FORM_BOOLEAN,
    DM_FORM_DATETIME,
    DM_FORM_DECIMAL,
    DM_FORM_DOUBLE,
    DM_FORM_DURATION, ///< duration and dayTimeDuration
    DM_FORM_INTEGER,
};

enum dm_form dm_form_of(struct dm_str datatype);

/// Whether `text` is in the form.
/// @param scratch Of at least DM_FORM_SCRATCH bytes; cleared and written.
/// @param ret_ms Set to what a dateTime says.
/// @return DM_ERR_CORRUPT where it is not; DM_ERR_NO_MEMORY.
enum dm_status dm_form_check(enum dm_form form, struct dm_str text,
                             struct dm_buf *scratch, int64_t *ret_ms)
    DM_NODISCARD;
#define DM_FORM_SCRATCH 32U

bool dm_form_is_decimal(struct dm_str text);

/// A decimal that is in its form, as dm:seconds: at most 6 decimals, from 0 to
/// below 10^9.
/// @return Whether it is one.
bool dm_form_micros(struct dm_str text, int64_t *ret) DM_NODISCARD;

/// Most decimals of dm:seconds
#define DM_SECONDS_DECIMALS 6U

/// Decimals of a decimal in its form; 0 where they are ".0"
size_t dm_form_decimals(struct dm_str text);

/// Whether a number in the form of a decimal or double has few enough digits to
/// be sent as a decimal.
bool dm_form_fits_decimal(struct dm_str text);

DM_END_DECLS

#endif // DM_SYNC_FORM_PRIVATE_H
