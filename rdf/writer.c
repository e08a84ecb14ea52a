// SPDX-License-Identifier: ISC

#include "rdf/writer.h"

#include "base/buf.h"

#include <assert.h>

// What follows the backslash for a byte that canonical form escapes: a letter
// or quote, 'u' for \u00XX; 0 for bytes that stand for themselves.
static const char escapes[256] = {
    [0x00] = 'u', [0x01] = 'u', [0x02] = 'u', [0x03] = 'u',  [0x04] = 'u',
    [0x05] = 'u', [0x06] = 'u', [0x07] = 'u', ['\b'] = 'b',  ['\t'] = 't',
    ['\n'] = 'n', [0x0B] = 'u', ['\f'] = 'f', ['\r'] = 'r',  [0x0E] = 'u',
    [0x0F] = 'u', [0x10] = 'u', [0x11] = 'u', [0x12] = 'u',  [0x13] = 'u',
    [0x14] = 'u', [0x15] = 'u', [0x16] = 'u', [0x17] = 'u',  [0x18] = 'u',
    [0x19] = 'u', [0x1A] = 'u', [0x1B] = 'u', [0x1C] = 'u',  [0x1D] = 'u',
    [0x1E] = 'u', [0x1F] = 'u', ['"'] = '"',  ['\\'] = '\\', [0x7F] = 'u',
    [0xEF] = 'n', // May begin U+FFFE or U+FFFF, see is_nonchar()
};

// U+FFFE and U+FFFF, which XML 1.1 does not know as characters
static bool
is_nonchar(struct dm_str text)
{
    return text.n >= 3 && text.data[0] == '\xEF' && text.data[1] == '\xBF' &&
           (text.data[2] == '\xBE' || text.data[2] == '\xBF');
}

// Append the escape of what `text` begins with; how many bytes it stands for
static size_t
put_escape(struct dm_str text, struct dm_buf *buf)
{
    const unsigned char c = (unsigned char)text.data[0];
    if (c == 0xEF) {
        if (!is_nonchar(text)) {
            (void)dm_buf_putc(buf, (char)c);
            return 1;
        }
        (void)dm_buf_puts(buf, text.data[2] == '\xBE' ? "\\uFFFE" : "\\uFFFF");
        return 3;
    }
    if (escapes[c] == 'u') {
        (void)dm_buf_printf(buf, "\\u%04X", (unsigned)c);
    } else {
        const char pair[2] = {'\\', escapes[c]};
        (void)dm_buf_put(buf, pair, sizeof(pair));
    }
    return 1;
}

static void
put_escaped(struct dm_str text, struct dm_buf *buf)
{
    size_t from = 0;
    size_t i = 0;
    while (i < text.n) {
        if (!escapes[(unsigned char)text.data[i]]) {
            ++i;
            continue;
        }
        (void)dm_buf_put(buf, text.data + from, i - from);
        i += put_escape(dm_str_slice(text, i, text.n), buf);
        from = i;
    }
    if (from < text.n) {
        (void)dm_buf_put(buf, text.data + from, text.n - from);
    }
}

static void
put_iri(struct dm_str iri, struct dm_buf *buf)
{
    (void)dm_buf_putc(buf, '<');
    (void)dm_buf_put_str(buf, iri);
    (void)dm_buf_putc(buf, '>');
}

// "@en-gb--ltr": canonical form has the tag in small letters
static void
put_language(const struct dm_term *term, struct dm_buf *buf)
{
    static const char *const suffixes[] = {
        [DM_DIRECTION_NONE] = "",
        [DM_DIRECTION_LTR] = "--ltr",
        [DM_DIRECTION_RTL] = "--rtl",
    };
    (void)dm_buf_putc(buf, '@');
    for (size_t i = 0; i < term->language.n; ++i) {
        char c = term->language.data[i];
        if (c >= 'A' && c <= 'Z') {
            c = (char)(c - 'A' + 'a');
        }
        (void)dm_buf_putc(buf, c);
    }
    (void)dm_buf_puts(buf, suffixes[term->direction]);
}

static void
put_literal(const struct dm_term *term, struct dm_buf *buf)
{
    static const struct dm_str string = DM_STR(DM_XSD_NS "string");

    (void)dm_buf_putc(buf, '"');
    put_escaped(term->value, buf);
    (void)dm_buf_putc(buf, '"');
    if (term->language.n) {
        put_language(term, buf);
    } else if (!dm_str_equal(term->datatype, string)) {
        (void)dm_buf_puts(buf, "^^");
        put_iri(term->datatype, buf);
    }
}

static void
put_triple(const struct dm_triple *triple, struct dm_buf *buf)
{
    (void)dm_buf_puts(buf, "<<( ");
    (void)dm_write_term(&triple->s, buf);
    (void)dm_buf_putc(buf, ' ');
    (void)dm_write_term(&triple->p, buf);
    (void)dm_buf_putc(buf, ' ');
    (void)dm_write_term(&triple->o, buf);
    (void)dm_buf_puts(buf, " )>>");
}

enum dm_status
dm_write_term(const struct dm_term *term, struct dm_buf *buf)
{
    switch (term->kind) {
    case DM_TERM_NONE:
        break;
    case DM_TERM_IRI:
        put_iri(term->value, buf);
        break;
    case DM_TERM_BLANK:
        (void)dm_buf_puts(buf, "_:");
        (void)dm_buf_put_str(buf, term->value);
        break;
    case DM_TERM_LITERAL:
        put_literal(term, buf);
        break;
    case DM_TERM_TRIPLE:
        put_triple(term->triple, buf);
        break;
    }
    return buf->status;
}

enum dm_status
dm_write_quad(const struct dm_quad *quad, struct dm_buf *buf)
{
    const struct dm_term *const terms[] = {&quad->s, &quad->p, &quad->o,
                                           &quad->g};
    assert(quad->s.kind && quad->p.kind && quad->o.kind);
    for (size_t i = 0; i < DM_COUNT_OF(terms); ++i) {
        if (terms[i]->kind != DM_TERM_NONE) {
            (void)dm_write_term(terms[i], buf);
            (void)dm_buf_putc(buf, ' ');
        }
    }
    return dm_buf_puts(buf, ".\n");
}
