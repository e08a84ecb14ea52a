// SPDX-License-Identifier: ISC

#ifndef DM_RDF_IRI_H
#define DM_RDF_IRI_H

/**
 * @file
 * IRIs: is it one, resolve it, make it relative.
 *
 * Resolution is that of RFC 3986, section 5.2, to the letter. It is not serd's:
 * serd 0.30 leaves dot segments within a base or reference, and drops empty
 * queries and authorities.
 *
 * Threads: pure functions of their arguments.
 */

#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>

DM_BEGIN_DECLS

struct dm_buf;

/// Whether `iri` has a scheme and only characters that an IRI may have (those
/// that N-Triples and Turtle allow between '<' and '>')
bool dm_iri_is_absolute(struct dm_str iri);

/// Whether `iri`, which has only such characters, begins with a scheme
bool dm_iri_has_scheme(struct dm_str iri);

/// Whether `iri` has only such characters: it may be relative, or empty
bool dm_iri_is_reference(struct dm_str iri);

/// Append `reference` resolved against `base` (absolute, or empty: then
/// `reference` must be absolute).
/// @return DM_ERR_ARGUMENT where the result would not be absolute.
enum dm_status dm_iri_resolve(struct dm_str base, struct dm_str reference,
                              struct dm_buf *buf) DM_NODISCARD;

/// The part of `iri` behind `base` where it begins with it and the rest is not
/// empty; else `iri` whole. This is what names of checks are made by.
struct dm_str dm_iri_relative(struct dm_str iri, struct dm_str base);

/// The part behind the last '#' or '/', or `iri` whole where that is empty
struct dm_str dm_iri_local_name(struct dm_str iri);

DM_END_DECLS

#endif // DM_RDF_IRI_H
