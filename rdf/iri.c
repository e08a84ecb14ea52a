// SPDX-License-Identifier: ISC

#include "rdf/iri.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "rdf/token.h"

#include <serd/serd.h>
#include <string.h>

static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_scheme_char(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' ||
           c == '.';
}

// RFC 3986: scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ) ":"
bool
dm_iri_has_scheme(struct dm_str iri)
{
    if (!iri.n || !is_letter(iri.data[0])) {
        return false;
    }
    size_t i = 1;
    while (i < iri.n && is_scheme_char(iri.data[i])) {
        ++i;
    }
    return i < iri.n && iri.data[i] == ':';
}

bool
dm_iri_is_absolute(struct dm_str iri)
{
    return dm_iri_has_scheme(iri) && dm_iri_is_reference(iri);
}

bool
dm_iri_is_reference(struct dm_str iri)
{
    for (size_t i = 0; i < iri.n;) {
        const size_t n = dm_iri_char(dm_str_slice(iri, i, iri.n));
        if (!n) {
            return false;
        }
        i += n;
    }
    return true;
}

// SerdSink
static size_t
put_bytes(const void *bytes, size_t n, void *stream)
{
    return dm_buf_put(stream, bytes, n) ? 0 : n;
}

// RFC 3986, section 3: where the path of an absolute IRI begins
static size_t
path_start(struct dm_str iri)
{
    size_t i = 0;
    while (iri.data[i] != ':') {
        ++i;
    }
    ++i;
    if (dm_str_starts(dm_str_slice(iri, i, iri.n), dm_str("//"))) {
        i += 2;
        while (i < iri.n && iri.data[i] != '/' && iri.data[i] != '?' &&
               iri.data[i] != '#') {
            ++i;
        }
    }
    return i;
}

static size_t
path_end(struct dm_str iri, size_t from)
{
    while (from < iri.n && iri.data[from] != '?' && iri.data[from] != '#') {
        ++from;
    }
    return from;
}

// Where the last segment of the `n` bytes of a path begins, its '/' included
static size_t
last_segment(const char *path, size_t n)
{
    while (n && path[n - 1] != '/') {
        --n;
    }
    return n ? n - 1 : 0;
}

// RFC 3986, section 5.2.4, for a path that begins with '/', in place; how many
// bytes are left
static size_t
remove_dot_segments(char *path, size_t n)
{
    size_t to = 0;
    size_t i = 0;
    while (i < n) {
        size_t end = i + 1; // Of the segment "/…" at i
        while (end < n && path[end] != '/') {
            ++end;
        }
        const struct dm_str segment = dm_str_n(path + i, end - i);
        const bool is_dot = dm_str_is(segment, "/.");
        const bool is_up = dm_str_is(segment, "/..");
        if (is_up) {
            to = last_segment(path, to);
        }
        if (!is_dot && !is_up) {
            memmove(path + to, path + i, end - i);
            to += end - i;
        } else if (end == n) {
            path[to++] = '/';
        }
        i = end;
    }
    return to;
}

// serd resolves the dots a reference begins with, and leaves those within
static void
normalise_path(struct dm_buf *buf, size_t from)
{
    const struct dm_str iri =
        dm_str_slice(dm_buf_str(buf), from, buf->n - from);
    const size_t start = path_start(iri);
    const size_t end = path_end(iri, start);
    if (start == end || iri.data[start] != '/') {
        return;
    }
    char *const path = buf->data + from + start;
    const size_t n = remove_dot_segments(path, end - start);
    memmove(path + n, path + (end - start), iri.n - end);
    buf->n -= end - start - n;
    buf->data[buf->n] = '\0';
}

// RFC 3986, section 5.2.2: only a reference with a path changes the base's
static bool
has_path(struct dm_str reference)
{
    return reference.n && reference.data[0] != '?' && reference.data[0] != '#';
}

enum dm_status
dm_iri_resolve(struct dm_str base, struct dm_str reference, struct dm_buf *buf)
{
    if (dm_iri_has_scheme(reference)) {
        return dm_buf_put_str(buf, reference);
    }
    if (!dm_iri_has_scheme(base)) {
        return DM_ERR_ARGUMENT;
    }

    // serd wants strings
    char *const base_text = dm_strndup(base.data, base.n);
    char *const reference_text =
        dm_strndup(reference.data ? reference.data : "", reference.n);
    enum dm_status status = DM_ERR_NO_MEMORY;
    if (base_text && reference_text) {
        SerdURI base_uri = SERD_URI_NULL;
        SerdURI reference_uri = SERD_URI_NULL;
        SerdURI resolved = SERD_URI_NULL;
        (void)serd_uri_parse((const uint8_t *)base_text, &base_uri);
        (void)serd_uri_parse((const uint8_t *)reference_text, &reference_uri);
        serd_uri_resolve(&reference_uri, &base_uri, &resolved);
        const size_t from = buf->n;
        (void)serd_uri_serialise(&resolved, put_bytes, buf);
        status = buf->status;
        if (!status && has_path(reference)) {
            normalise_path(buf, from);
        }
    }
    dm_free(base_text);
    dm_free(reference_text);
    return status;
}

struct dm_str
dm_iri_relative(struct dm_str iri, struct dm_str base)
{
    if (iri.n <= base.n || !dm_str_starts(iri, base)) {
        return iri;
    }
    return dm_str_slice(iri, base.n, iri.n);
}

struct dm_str
dm_iri_local_name(struct dm_str iri)
{
    size_t from = iri.n;
    while (from && iri.data[from - 1] != '#' && iri.data[from - 1] != '/') {
        --from;
    }
    return from < iri.n ? dm_str_slice(iri, from, iri.n) : iri;
}
