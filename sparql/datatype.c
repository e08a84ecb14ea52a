// SPDX-License-Identifier: ISC

#include "sparql/value_private.h"

#include "rdf/term.h"

#include <string.h>

static const struct dm_datatype datatypes[] = {
    {"string", DM_DATATYPE_STRING, NULL, NULL},
    {"integer", DM_DATATYPE_INTEGER, NULL, NULL},
    {"decimal", DM_DATATYPE_DECIMAL, NULL, NULL},
    {"double", DM_DATATYPE_DOUBLE, NULL, NULL},
    {"dateTime", DM_DATATYPE_DATETIME, NULL, NULL},
    {"boolean", DM_DATATYPE_BOOLEAN, NULL, NULL},
    {"float", DM_DATATYPE_FLOAT, NULL, NULL},
    {"date", DM_DATATYPE_DATE, NULL, NULL},
    {"dateTimeStamp", DM_DATATYPE_DATETIME, NULL, NULL},
    {"dayTimeDuration", DM_DATATYPE_DURATION, NULL, NULL},
    {"int", DM_DATATYPE_INTEGER, "-2147483648", "2147483647"},
    {"long", DM_DATATYPE_INTEGER, "-9223372036854775808",
     "9223372036854775807"},
    {"short", DM_DATATYPE_INTEGER, "-32768", "32767"},
    {"byte", DM_DATATYPE_INTEGER, "-128", "127"},
    {"nonNegativeInteger", DM_DATATYPE_INTEGER, "0", NULL},
    {"positiveInteger", DM_DATATYPE_INTEGER, "1", NULL},
    {"nonPositiveInteger", DM_DATATYPE_INTEGER, NULL, "0"},
    {"negativeInteger", DM_DATATYPE_INTEGER, NULL, "-1"},
    {"unsignedLong", DM_DATATYPE_INTEGER, "0", "18446744073709551615"},
    {"unsignedInt", DM_DATATYPE_INTEGER, "0", "4294967295"},
    {"unsignedShort", DM_DATATYPE_INTEGER, "0", "65535"},
    {"unsignedByte", DM_DATATYPE_INTEGER, "0", "255"},
};

const struct dm_datatype *
dm_datatype_find(struct dm_str iri)
{
    static const size_t n_prefix = sizeof(DM_XSD_NS) - 1;
    if (iri.n <= n_prefix || memcmp(iri.data, DM_XSD_NS, n_prefix) != 0) {
        return NULL;
    }
    const struct dm_str name = dm_str_slice(iri, n_prefix, iri.n);
    for (size_t i = 0; i < DM_COUNT_OF(datatypes); ++i) {
        if (dm_str_is(name, datatypes[i].name)) {
            return &datatypes[i];
        }
    }
    return NULL;
}
