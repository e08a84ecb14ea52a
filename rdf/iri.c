// SPDX-License-Identifier: ISC

#include "rdf/iri.h"

#include "base/buf.h"
#include "rdf/token.h"

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

/// RFC 3986, section 3; what is not there has no data, which is less than empty
struct parts {
    struct dm_str scheme;
    struct dm_str authority;
    struct dm_str path; ///< Always there
    struct dm_str query;
    struct dm_str fragment;
};

// The bytes of `*rest` before the first that is in `ends`; they are taken
static struct dm_str
take_until(struct dm_str *rest, const char *ends)
{
    size_t n = 0;
    while (n < rest->n && (!rest->data[n] || !strchr(ends, rest->data[n]))) {
        ++n;
    }
    const struct dm_str part = dm_str_n(rest->data, n);
    *rest = dm_str_slice(*rest, n, rest->n);
    return part;
}

static bool
take_mark(struct dm_str *rest, const char *mark)
{
    const struct dm_str text = dm_str(mark);
    if (!dm_str_starts(*rest, text)) {
        return false;
    }
    *rest = dm_str_slice(*rest, text.n, rest->n);
    return true;
}

static struct parts
split(struct dm_str iri)
{
    struct parts parts = {.scheme = {NULL, 0}};
    struct dm_str rest = dm_str_n(iri.data ? iri.data : "", iri.n);
    if (dm_iri_has_scheme(rest)) {
        parts.scheme = take_until(&rest, ":");
        (void)take_mark(&rest, ":");
    }
    if (take_mark(&rest, "//")) {
        parts.authority = take_until(&rest, "/?#");
    }
    parts.path = take_until(&rest, "?#");
    if (take_mark(&rest, "?")) {
        parts.query = take_until(&rest, "#");
    }
    if (take_mark(&rest, "#")) {
        parts.fragment = rest;
    }
    return parts;
}

static size_t
without_last_segment(const char *path, size_t n)
{
    while (n > 0) {
        --n;
        if (path[n] == '/') {
            break;
        }
    }
    return n;
}

// RFC 3986, section 5.2.4, in place, its steps by their letters; how many bytes
// are left
static size_t
remove_dot_segments(char *path, size_t n)
{
    size_t to = 0;
    size_t i = 0;
    while (i < n) {
        const struct dm_str rest = dm_str_n(path + i, n - i);
        if (dm_str_starts(rest, dm_str("../"))) { // A
            i += 3;
        } else if (dm_str_starts(rest, dm_str("./")) ||
                   dm_str_starts(rest, dm_str("/./"))) { // A, B
            i += 2;
        } else if (dm_str_is(rest, "/.")) { // B
            path[++i] = '/';
        } else if (dm_str_starts(rest, dm_str("/../"))) { // C
            i += 3;
            to = without_last_segment(path, to);
        } else if (dm_str_is(rest, "/..")) { // C
            i += 2;
            path[i] = '/';
            to = without_last_segment(path, to);
        } else if (dm_str_is(rest, ".") || dm_str_is(rest, "..")) { // D
            i = n;
        } else { // E
            do {
                path[to++] = path[i++];
            } while (i < n && path[i] != '/');
        }
    }
    return to;
}

// RFC 3986, section 5.2.3: the base's path up to its last '/', then `path`
static void
put_merged(const struct parts *base, struct dm_str path, struct dm_buf *buf)
{
    if (base->authority.data && !base->path.n) {
        (void)dm_buf_putc(buf, '/');
    } else {
        size_t n = base->path.n;
        while (n && base->path.data[n - 1] != '/') {
            --n;
        }
        (void)dm_buf_put(buf, base->path.data, n);
    }
    (void)dm_buf_put_str(buf, path);
}

static void
put_path(const struct parts *base, const struct parts *reference,
         struct dm_buf *buf)
{
    if (!reference->path.n && !reference->authority.data) {
        (void)dm_buf_put_str(buf, base->path);
        return;
    }
    const size_t from = buf->n;
    if (reference->authority.data ||
        dm_str_starts(reference->path, dm_str("/"))) {
        (void)dm_buf_put_str(buf, reference->path);
    } else {
        put_merged(base, reference->path, buf);
    }
    if (!buf->status && buf->n > from) {
        buf->n = from + remove_dot_segments(buf->data + from, buf->n - from);
        buf->data[buf->n] = '\0';
    }
}

// `mark` and `part`, where there is one
static void
put_part(const char *mark, struct dm_str part, struct dm_buf *buf)
{
    if (part.data) {
        (void)dm_buf_puts(buf, mark);
        (void)dm_buf_put_str(buf, part);
    }
}

// RFC 3986, section 5.2.2
enum dm_status
dm_iri_resolve(struct dm_str base, struct dm_str reference, struct dm_buf *buf)
{
    // An IRI with a scheme stays as it is: Turtle does not normalise
    if (dm_iri_has_scheme(reference)) {
        return dm_buf_put_str(buf, reference);
    }
    if (!dm_iri_has_scheme(base)) {
        return DM_ERR_ARGUMENT;
    }

    const struct parts b = split(base);
    const struct parts r = split(reference);
    const bool has_base_query = !r.authority.data && !r.path.n && !r.query.data;
    (void)dm_buf_put_str(buf, b.scheme);
    (void)dm_buf_putc(buf, ':');
    put_part("//", r.authority.data ? r.authority : b.authority, buf);
    put_path(&b, &r, buf);
    put_part("?", has_base_query ? b.query : r.query, buf);
    put_part("#", r.fragment, buf);
    return buf->status;
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
