// SPDX-License-Identifier: ISC

// What is read as TriG, written by the Turtle writer and read again is the same
// set of quads. The first byte chooses which prefixes the writer knows.

#include "base/alloc.h"
#include "base/buf.h"
#include "rdf/writer.h"
#include "tests/check.h"
#include "tests/support/quads.h"

#include <assert.h>

#define TEXT_MAX ((size_t)64 << 20U)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum dm_status
take_text(void *context, struct dm_str text)
{
    return dm_buf_put_str(context, text);
}

static const struct dm_reader_options options = {.syntax = DM_SYNTAX_TRIG,
                                                 .base = DM_STR("http://b/"),
                                                 .max_token = 512,
                                                 .max_statement = 16384};

// The reader puts an x before labels that look generated ("x"* b digits); take
// it away again. There are no others that begin so.
static void
restore(struct dm_arena *arena, struct dm_term *term)
{
    if (term->kind == DM_TERM_TRIPLE) {
        struct dm_triple *copy = dm_arena_alloc(arena, 1, sizeof(*copy));
        assert(copy);
        *copy = *term->triple;
        restore(arena, &copy->s);
        restore(arena, &copy->o);
        term->triple = copy;
    }
    if (term->kind != DM_TERM_BLANK) {
        return;
    }
    size_t i = 0;
    while (i < term->value.n && term->value.data[i] == 'x') {
        ++i;
    }
    const struct dm_str rest = dm_str_slice(term->value, i, term->value.n);
    bool looks_generated = i > 0 && rest.n > 1 && rest.data[0] == 'b';
    for (size_t k = 1; k < rest.n; ++k) {
        looks_generated =
            looks_generated && rest.data[k] >= '0' && rest.data[k] <= '9';
    }
    if (looks_generated) {
        term->value = dm_str_slice(term->value, 1, term->value.n);
    }
}

static void
write_all(const struct dm_quads *quads, uint8_t choice, struct dm_buf *buf)
{
    static const char *const prefixes[][2] = {
        {"", "http://b/"}, {"e", "e:"},     {"xsd", DM_XSD_NS},
        {"r", DM_RDF_NS},  {"x-1", "e:x#"},
    };
    struct dm_turtle_writer *writer = NULL;
    CHECK(!dm_turtle_writer_new(true, take_text, buf, &writer));
    if (choice & 0x80U) {
        CHECK(!dm_turtle_writer_base(writer, dm_str("http://b/c")));
    }
    for (size_t i = 0; i < DM_COUNT_OF(prefixes); ++i) {
        if (choice >> i & 1U) {
            CHECK(!dm_turtle_writer_prefix(writer, dm_str(prefixes[i][0]),
                                           dm_str(prefixes[i][1])));
        }
    }
    for (size_t i = 0; i < quads->n; ++i) {
        CHECK(!dm_turtle_writer_quad(writer, &quads->items[i]));
    }
    CHECK(!dm_turtle_writer_end(writer));
    dm_turtle_writer_free(writer);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size) {
        return 0;
    }
    struct dm_quads want;
    struct dm_quads got;
    struct dm_buf buf;
    dm_quads_init(&want);
    dm_quads_init(&got);
    dm_buf_init(&buf, TEXT_MAX);
    const struct dm_str text = dm_str_n((const char *)data + 1, size - 1);
    // What comes before an error counts, too
    (void)!dm_quads_read(&want, &options, text, 64, NULL);
    write_all(&want, data[0], &buf);

    struct dm_reader_options again = options;
    again.base = (struct dm_str){0};
    again.max_token = 0;
    again.max_statement = 0;
    CHECK(!dm_quads_read(&got, &again, dm_buf_str(&buf), 4096, NULL));
    for (size_t i = 0; i < got.n; ++i) {
        restore(&got.arena, &got.items[i].s);
        restore(&got.arena, &got.items[i].o);
        restore(&got.arena, &got.items[i].g);
    }
    dm_quads_normalise(&want);
    dm_quads_normalise(&got);
    CHECK_INT((int64_t)got.n, (int64_t)want.n);
    for (size_t i = 0; i < want.n; ++i) {
        CHECK(dm_quad_equal(&got.items[i], &want.items[i]));
    }
    dm_buf_done(&buf);
    dm_quads_done(&want);
    dm_quads_done(&got);
    return 0;
}
