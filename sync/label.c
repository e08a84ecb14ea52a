// SPDX-License-Identifier: ISC

#include "sync/label.h"

#include "base/arena.h"
#include "base/buf.h"

#include <string.h>

// RFC 3986, section 2.3
static bool
is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
           c == '~';
}

// The value of a digit as the wire writes it; -1 for another character
static int
hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static enum dm_status
put(struct dm_str text, char kept, struct dm_buf *buf)
{
    for (size_t i = 0; i < text.n; ++i) {
        const char c = text.data[i];
        if (is_unreserved(c) || (kept && c == kept)) {
            (void)dm_buf_putc(buf, c);
        } else {
            (void)dm_buf_printf(buf, "%%%02X", (unsigned)(unsigned char)c);
        }
    }
    return buf->status;
}

enum dm_status
dm_label_put(struct dm_str label, struct dm_buf *buf)
{
    return put(label, '\0', buf);
}

enum dm_status
dm_name_put(struct dm_str name, struct dm_buf *buf)
{
    return put(name, '/', buf);
}

// The character that "%XX" at the front of `text` stands for; -1 for none
static int
escaped(struct dm_str text)
{
    if (text.n < 3 || text.data[0] != '%') {
        return -1;
    }
    const int high = hex_value(text.data[1]);
    const int low = hex_value(text.data[2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static bool
is_encoded(struct dm_str text, char kept)
{
    size_t i = 0;
    while (i < text.n) {
        if (is_unreserved(text.data[i]) || (kept && text.data[i] == kept)) {
            ++i;
            continue;
        }
        const int value = escaped(dm_str_slice(text, i, text.n));
        if (value < 0 || is_unreserved((char)value) ||
            (kept && value == kept)) {
            return false;
        }
        i += 3;
    }
    return text.n > 0;
}

bool
dm_label_is_encoded(struct dm_str text)
{
    return is_encoded(text, '\0');
}

bool
dm_name_is_encoded(struct dm_str text)
{
    return is_encoded(text, '/');
}

struct dm_str
dm_label_decode(struct dm_str text, struct dm_arena *arena)
{
    if (!text.n || !memchr(text.data, '%', text.n)) {
        return text;
    }
    char *label = dm_arena_alloc(arena, text.n, 1);
    size_t n = 0;
    if (!label) {
        return (struct dm_str){NULL, 0};
    }
    for (size_t i = 0; i < text.n; ++i) {
        char c = text.data[i];
        if (c == '%') {
            c = (char)escaped(dm_str_slice(text, i, text.n));
            i += 2;
        }
        label[n++] = c;
    }
    return dm_str_n(label, n);
}

size_t
dm_metric_check(struct dm_str iri)
{
    const char *mark = iri.n ? memchr(iri.data, '#', iri.n) : NULL;
    if (!mark) {
        return 0;
    }
    const size_t n = (size_t)(mark - iri.data);
    return dm_label_is_encoded(dm_str_slice(iri, n + 1, iri.n)) ? n : 0;
}

bool
dm_state_iri_is(struct dm_str iri, struct dm_str log_iri)
{
    static const struct dm_str mark = DM_STR(DM_STATE_MARK);

    return dm_str_starts(iri, log_iri) &&
           dm_str_starts(dm_str_slice(iri, log_iri.n, iri.n), mark) &&
           dm_name_is_encoded(dm_str_slice(iri, log_iri.n + mark.n, iri.n));
}

enum dm_status
dm_state_iri_put(struct dm_str log_iri, struct dm_str name, struct dm_buf *buf)
{
    (void)dm_buf_put_str(buf, log_iri);
    (void)dm_buf_puts(buf, DM_STATE_MARK);
    return dm_name_put(name, buf);
}
