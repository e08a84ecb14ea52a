// SPDX-License-Identifier: ISC

#ifndef DM_SPARQL_XML_H
#define DM_SPARQL_XML_H

/**
 * @file
 * XML 1.0 with namespaces read by pulling at it, as far as results need it.
 *
 *     dm_xml_init(&xml, text, arena, error);
 *     while (!(status = dm_xml_next(&xml, &event))) { … }
 *     // event.kind DM_XML_END: an element ends; DM_END: the document does
 *
 * Well-formedness is checked; a document type is refused (DM_ERR_UNSUPPORTED),
 * so there are no entities but the five and no text grows while it is read.
 * Comments and processing instructions are left out; CDATA is text.
 *
 * Threads: one at a time. Memory: strings lie in the arena, as long as it.
 * Limits: nesting DM_XML_NESTING_MAX, DM_XML_ATTRIBUTES_MAX attributes.
 */

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

DM_BEGIN_DECLS

#define DM_XML_NESTING_MAX 64
#define DM_XML_ATTRIBUTES_MAX 32
#define DM_XML_NS "http://www.w3.org/XML/1998/namespace"

/// A name with its namespace, "" for none
struct dm_xml_name {
    struct dm_str ns;
    struct dm_str local;
};

struct dm_xml_attribute {
    struct dm_xml_name name;
    struct dm_str value;
};

enum dm_xml_kind {
    DM_XML_START, ///< name, attributes
    DM_XML_END,   ///< name
    DM_XML_TEXT,  ///< text, never empty
};

struct dm_xml_event {
    enum dm_xml_kind kind;
    struct dm_xml_name name;
    struct dm_str text;
    struct dm_xml_attribute attributes[DM_XML_ATTRIBUTES_MAX];
    size_t n_attributes;
};

struct dm_xml_binding;

struct dm_xml_element {
    struct dm_str written; ///< As the end tag has to have it
    struct dm_xml_name name;
    struct dm_xml_binding *DM_NULLABLE outer; ///< Namespaces outside of it
};

struct dm_xml {
    struct dm_str text;
    size_t at;
    struct dm_arena *arena;
    struct dm_error *DM_NULLABLE error;
    struct dm_xml_element elements[DM_XML_NESTING_MAX];
    size_t depth;
    struct dm_xml_binding *DM_NULLABLE bindings; ///< The newest first
    bool is_empty; ///< The start tag was an empty-element tag
    bool has_root;
};

/// `text` is UTF-8; it and `arena` outlive the reader.
void dm_xml_init(struct dm_xml *xml, struct dm_str text, struct dm_arena *arena,
                 struct dm_error *DM_NULLABLE error);

/// @return DM_OK, DM_END, DM_ERR_SYNTAX, DM_ERR_LIMIT, DM_ERR_UNSUPPORTED,
///         DM_ERR_NO_MEMORY.
enum dm_status dm_xml_next(struct dm_xml *xml, struct dm_xml_event *ret)
    DM_NODISCARD;

/// Fill `*error` with the present line and column.
enum dm_status dm_xml_fail(struct dm_xml *xml, enum dm_status status,
                           const char *what);

/// The value of an attribute of a start tag; data NULL where there is none
struct dm_str dm_xml_attribute(const struct dm_xml_event *event, const char *ns,
                               const char *local);
bool dm_xml_name_is(const struct dm_xml_name *name, const char *ns,
                    const char *local);

DM_END_DECLS

#endif // DM_SPARQL_XML_H
