// SPDX-License-Identifier: ISC

#include "tests/support/quads.h"

#include "base/alloc.h"
#include "tests/check.h"

#include <string.h>

#define ARENA_MAX ((size_t)1 << 30U)
#define QUADS_MAX 10000000U
#define FILE_MAX ((size_t)256 << 20U)

void
dm_quads_init(struct dm_quads *quads)
{
    *quads = (struct dm_quads){.n = 0};
    dm_arena_init(&quads->arena, ARENA_MAX, NULL);
}

void
dm_quads_done(struct dm_quads *quads)
{
    dm_free(quads->items);
    dm_arena_done(&quads->arena);
    dm_quads_init(quads);
}

void
dm_quads_add(struct dm_quads *quads, const struct dm_quad *quad)
{
    struct dm_quad *items = dm_grow(quads->items, &quads->capacity,
                                    quads->n + 1, sizeof(*items), QUADS_MAX);
    CHECK(items);
    quads->items = items;
    struct dm_quad *copy = &items[quads->n++];
    CHECK(!dm_term_copy(&quads->arena, &quad->s, &copy->s));
    CHECK(!dm_term_copy(&quads->arena, &quad->p, &copy->p));
    CHECK(!dm_term_copy(&quads->arena, &quad->o, &copy->o));
    CHECK(!dm_term_copy(&quads->arena, &quad->g, &copy->g));
}

enum dm_status
dm_quads_sink(void *context, const struct dm_quad *quad,
              const struct dm_quad_positions *positions, struct dm_error *error)
{
    (void)positions;
    (void)error;
    dm_quads_add(context, quad);
    return DM_OK;
}

static int
compare(const void *a, const void *b)
{
    const struct dm_quad *left = a;
    const struct dm_quad *right = b;
    int order = dm_term_compare(&left->g, &right->g);
    if (!order) {
        order = dm_term_compare(&left->s, &right->s);
    }
    if (!order) {
        order = dm_term_compare(&left->p, &right->p);
    }
    return order ? order : dm_term_compare(&left->o, &right->o);
}

void
dm_quads_normalise(struct dm_quads *quads)
{
    if (quads->n < 2) {
        return;
    }
    qsort(quads->items, quads->n, sizeof(quads->items[0]), compare);
    size_t n = 1;
    for (size_t i = 1; i < quads->n; ++i) {
        if (!dm_quad_equal(&quads->items[i], &quads->items[n - 1])) {
            quads->items[n++] = quads->items[i];
        }
    }
    quads->n = n;
}

char *
dm_test_file(const char *path, size_t *ret_n)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        return NULL;
    }
    CHECK(fseek(file, 0, SEEK_END) == 0);
    const long size = ftell(file);
    CHECK(size >= 0 && (size_t)size < FILE_MAX);
    CHECK(fseek(file, 0, SEEK_SET) == 0);
    char *text = dm_malloc((size_t)size + 1);
    CHECK(text);
    CHECK(fread(text, 1, (size_t)size, file) == (size_t)size);
    text[size] = '\0';
    (void)fclose(file);
    *ret_n = (size_t)size;
    return text;
}

enum dm_status
dm_pieces_source(void *context, char *bytes, size_t n, size_t *ret_n)
{
    struct dm_pieces *pieces = context;
    const size_t most = n < pieces->piece ? n : pieces->piece;
    const struct dm_str piece = dm_str_slice(pieces->rest, 0, most);
    if (piece.n) {
        memcpy(bytes, piece.data, piece.n);
    }
    pieces->rest = dm_str_slice(pieces->rest, piece.n, pieces->rest.n);
    *ret_n = piece.n;
    return DM_OK;
}

enum dm_status
dm_quads_read(struct dm_quads *quads, const struct dm_reader_options *options,
              struct dm_str text, size_t piece, struct dm_error *error)
{
    struct dm_pieces pieces = {text, piece};
    struct dm_reader *reader = NULL;
    enum dm_status status = dm_reader_new(options, dm_pieces_source, &pieces,
                                          dm_quads_sink, quads, &reader);
    CHECK(!status);
    do {
        status = dm_reader_step(reader, error);
    } while (!status);
    dm_reader_free(reader);
    return status == DM_END ? DM_OK : status;
}

const struct dm_term *
dm_quads_object(const struct dm_quads *quads, const struct dm_term *subject,
                const char *predicate)
{
    for (size_t i = 0; i < quads->n; ++i) {
        const struct dm_quad *quad = &quads->items[i];
        if (dm_term_is_iri(&quad->p, predicate) &&
            dm_term_equal(&quad->s, subject)) {
            return &quad->o;
        }
    }
    return NULL;
}

const struct dm_term *
dm_quads_subject(const struct dm_quads *quads, const char *predicate,
                 const char *object)
{
    for (size_t i = 0; i < quads->n; ++i) {
        const struct dm_quad *quad = &quads->items[i];
        if (dm_term_is_iri(&quad->p, predicate) &&
            dm_term_is_iri(&quad->o, object)) {
            return &quad->s;
        }
    }
    return NULL;
}
