// SPDX-License-Identifier: ISC

#ifndef DM_VOCAB_VALUES_H
#define DM_VOCAB_VALUES_H

/**
 * @file
 * The small things that definitions are made of; see vocab/definitions.h.
 */

#include "base/attr.h"
#include "base/str.h"
#include "rdf/term.h"
#include "vocab/condition.h"

#include <stddef.h>

DM_BEGIN_DECLS

enum dm_severity {
    DM_SEVERITY_INFO,
    DM_SEVERITY_WARNING,
    DM_SEVERITY_CRITICAL,
};

enum dm_presence {
    DM_PRESENCE_ALWAYS,
    DM_PRESENCE_SOMETIMES,
};

/// Several texts, in the order of the files
struct dm_texts {
    const struct dm_str *DM_NULLABLE items;
    size_t n;
};

/// A name with a value: a label "team=web", a header "Accept: text/html", a
/// variable "NAME=VALUE". The value of a header and a variable is with
/// references.
struct dm_pair {
    struct dm_str name;
    struct dm_str value;
};

struct dm_pairs {
    const struct dm_pair *DM_NULLABLE items;
    size_t n;
};

struct dm_conditions {
    const struct dm_condition *DM_NULLABLE items;
    size_t n;
};

/// Where a definition stands: its type, "a :HttpCheck"
struct dm_place {
    struct dm_str file; ///< Relative to the configuration; "" = shipped
    struct dm_position position;
};

/// Sixteen small hex digits and NUL
#define DM_HASH_SIZE 17

/// "info", "warning" or "critical"
const char *dm_severity_name(enum dm_severity severity);

DM_END_DECLS

#endif // DM_VOCAB_VALUES_H
