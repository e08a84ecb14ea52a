// SPDX-License-Identifier: ISC

#ifndef DM_SPARQL_VALUE_PRIVATE_H
#define DM_SPARQL_VALUE_PRIVATE_H

/**
 * @file
 * What the files behind sparql/value.h share: datatypes by name.
 */

#include "base/attr.h"
#include "base/str.h"
#include "sparql/value.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

/// What literals of a datatype are read as
enum dm_datatype_kind {
    DM_DATATYPE_STRING,
    DM_DATATYPE_TAGGED,
    DM_DATATYPE_BOOLEAN,
    DM_DATATYPE_INTEGER,
    DM_DATATYPE_DECIMAL,
    DM_DATATYPE_FLOAT,
    DM_DATATYPE_DOUBLE,
    DM_DATATYPE_DATETIME,
    DM_DATATYPE_DATE,
    DM_DATATYPE_DURATION,
    DM_DATATYPE_OTHER,
};

/// Bounds of a datatype that derives from xsd:integer; NULL is no bound
struct dm_datatype {
    const char *name; ///< Behind DM_XSD_NS
    enum dm_datatype_kind kind;
    const char *DM_NULLABLE min;
    const char *DM_NULLABLE max;
};

/// The row of an xsd: datatype that is computed with, or NULL
const struct dm_datatype *DM_NULLABLE dm_datatype_find(struct dm_str iri);

/// Where literals of a kind stand in the order of all; also tells which kinds
/// compare: those of one class
int dm_value_class(enum dm_value_kind kind);

DM_END_DECLS

#endif // DM_SPARQL_VALUE_PRIVATE_H
