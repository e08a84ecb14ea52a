// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_W3C_RDF_XML_H
#define DM_TESTS_W3C_RDF_XML_H

/**
 * @file
 * RDF/XML as far as data and results of the SPARQL suites need it: node and
 * property elements, rdf:about, rdf:nodeID, rdf:resource, rdf:datatype,
 * xml:lang, rdf:parseType="Resource", property attributes.
 */

#include "base/attr.h"
#include "base/error.h"
#include "tests/support/quads.h"

DM_BEGIN_DECLS

/// Add the triples of a document.
enum dm_status dm_rdf_xml_read(struct dm_quads *quads, struct dm_str base,
                               struct dm_str text, struct dm_error *error)
    DM_NODISCARD;

DM_END_DECLS

#endif // DM_TESTS_W3C_RDF_XML_H
