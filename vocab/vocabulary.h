// SPDX-License-Identifier: ISC

#ifndef DM_VOCAB_VOCABULARY_H
#define DM_VOCAB_VOCABULARY_H

/**
 * @file
 * The vocabulary as tables. They are generated from vocab/demonitor.ttl when
 * the program is built (vocab/generate.c), with the constants in vocab/terms.h:
 * DM_VOCAB_STATUS is the IRI "https://w3id.org/demonitor#status", and
 * DM_PROPERTY_EVERY, DM_CLASS_HTTP_CHECK index the tables here.
 *
 * Threads: constants.
 */

#include "base/attr.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_buf;

#define DM_VOCAB_NS "https://w3id.org/demonitor#"

/// What a value of a property has to be
enum dm_range {
    DM_RANGE_ANY,      ///< The vocabulary does not say
    DM_RANGE_STRING,   ///< xsd:string
    DM_RANGE_INTEGER,  ///< xsd:integer
    DM_RANGE_DECIMAL,  ///< xsd:decimal
    DM_RANGE_BOOLEAN,  ///< xsd:boolean
    DM_RANGE_DURATION, ///< xsd:dayTimeDuration
    DM_RANGE_DATETIME, ///< xsd:dateTime
    DM_RANGE_URI,      ///< xsd:anyURI
    DM_RANGE_THING,    ///< An IRI: of a class, or of a code list
};

/// The default of one class
struct dm_default {
    int class_index;     ///< Of dm_classes; -1: every class of the domain
    struct dm_str value; ///< Lexical form, or an IRI
    bool is_none;        ///< This class has no default
};

struct dm_property {
    struct dm_str name; ///< "every"
    struct dm_str iri;
    enum dm_range range;
    struct dm_str range_iri; ///< "" where the vocabulary does not say
    uint64_t domain;         ///< Bit 1 << index in dm_classes; with subclasses
    bool of_every_check;     ///< Its stated domain has the class :Check
    bool adds;
    bool is_private;
    const struct dm_default *DM_NULLABLE defaults;
    size_t n_defaults;
    struct dm_str sugar;
    struct dm_str comment;
};

struct dm_class {
    struct dm_str name; ///< "HttpCheck"
    struct dm_str iri;
    int super; ///< Index of its superclass here, or -1
    struct dm_str comment;
};

/// A member of a code list: :ok a :Status
struct dm_code {
    struct dm_str name; ///< "ok"
    struct dm_str iri;
    struct dm_str type_iri;
    int notation; ///< skos:notation, or -1
    struct dm_str comment;
};

extern const struct dm_property dm_properties[];
extern const size_t dm_n_properties;
extern const struct dm_class dm_classes[];
extern const size_t dm_n_classes;
extern const struct dm_code dm_codes[];
extern const size_t dm_n_codes;

/// vocab/demonitor.ttl and vocab/rules.ttl, whole
extern const struct dm_str dm_vocabulary_text;
extern const struct dm_str dm_rules_text;

/// Look up by IRI: its index in the table, or -1.
int dm_property_index(struct dm_str iri);
int dm_class_index(struct dm_str iri);
int dm_code_index(struct dm_str iri);

/// The default of `property` for a class, NULL where there is none
const struct dm_default *DM_NULLABLE
dm_property_default(const struct dm_property *property, int class_index);

/// Append what the vocabulary says of `term` (":every", "every", or an IRI),
/// for people: `validate --explain`.
/// @return Whether there is such a term; if not, `buf` has the nearest ones.
bool dm_vocabulary_explain(struct dm_str term, struct dm_buf *buf);

DM_END_DECLS

#endif // DM_VOCAB_VOCABULARY_H
