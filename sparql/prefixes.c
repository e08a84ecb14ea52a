// SPDX-License-Identifier: ISC

#include "base/attr.h"
#include "rdf/term.h"
#include "sparql/query.h"
#include "vocab/vocabulary.h"

const struct dm_prefix dm_query_prefixes[] = {
    {DM_STR("dm"), DM_STR(DM_VOCAB_NS)}, {DM_STR(""), DM_STR(DM_VOCAB_NS)},
    {DM_STR("rdf"), DM_STR(DM_RDF_NS)},  {DM_STR("rdfs"), DM_STR(DM_RDFS_NS)},
    {DM_STR("xsd"), DM_STR(DM_XSD_NS)},
};

const size_t dm_n_query_prefixes = DM_COUNT_OF(dm_query_prefixes);
