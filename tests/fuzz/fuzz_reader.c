// SPDX-License-Identifier: ISC

// The first byte chooses syntax and options, the second the size of the pieces;
// the rest is the text. However it is cut, it reads alike; and what was read,
// written in canonical form, reads back as the same.

#include "base/alloc.h"
#include "base/buf.h"
#include "rdf/reader.h"
#include "rdf/writer.h"
#include "tests/check.h"

#include <string.h>

#define TRANSCRIPT_MAX ((size_t)64 << 20U)
#define TOKEN_MAX 512
#define STATEMENT_MAX 16384

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/// A text in pieces
struct pieces {
    struct dm_str rest;
    size_t size;
};

/// What was read: quads, and everything with positions and errors
struct record {
    struct dm_buf quads;
    struct dm_buf all;
};

static enum dm_status
take_piece(void *context, char *bytes, size_t n, size_t *ret_n)
{
    struct pieces *pieces = context;
    const struct dm_str piece =
        dm_str_slice(pieces->rest, 0, n < pieces->size ? n : pieces->size);
    if (piece.n) {
        memcpy(bytes, piece.data, piece.n);
    }
    pieces->rest = dm_str_slice(pieces->rest, piece.n, pieces->rest.n);
    *ret_n = piece.n;
    return DM_OK;
}

static enum dm_status
put_quad(void *context, const struct dm_quad *quad,
         const struct dm_quad_positions *at, struct dm_error *error)
{
    struct record *record = context;
    (void)error;
    CHECK(at->s.line && at->p.line && at->o.line);
    CHECK(dm_term_depth(&quad->o) <= DM_TRIPLE_DEPTH_MAX);
    (void)dm_buf_printf(&record->all, "%u:%u %u:%u %u:%u %u:%u\n", at->s.line,
                        at->s.column, at->p.line, at->p.column, at->o.line,
                        at->o.column, at->g.line, at->g.column);
    (void)dm_write_quad(quad, &record->quads);
    return dm_write_quad(quad, &record->all);
}

static void
on_error(void *context, const struct dm_error *error)
{
    struct record *record = context;
    dm_error_print(error, &record->all);
}

static void
read_all(const struct dm_reader_options *options, struct dm_str text,
         size_t piece, struct record *record)
{
    struct pieces pieces = {text, piece};
    struct dm_reader_options mine = *options;
    mine.on_error = on_error;
    mine.error_context = record;
    dm_buf_init(&record->quads, TRANSCRIPT_MAX);
    dm_buf_init(&record->all, TRANSCRIPT_MAX);
    struct dm_reader *reader = NULL;
    CHECK(
        !dm_reader_new(&mine, take_piece, &pieces, put_quad, record, &reader));
    enum dm_status status = DM_OK;
    while (!status) {
        struct dm_error error = {0};
        status = dm_reader_step(reader, &error);
        if (status == DM_ERR_SYNTAX || status == DM_ERR_LIMIT) {
            CHECK(error.status == status && error.what[0]);
            on_error(record, &error);
            status = dm_reader_recover(reader);
        }
    }
    CHECK(status == DM_END);
    dm_reader_free(reader);
}

static void
done(struct record *record)
{
    dm_buf_done(&record->quads);
    dm_buf_done(&record->all);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum dm_syntax syntaxes[] = {
        DM_SYNTAX_NTRIPLES, DM_SYNTAX_NQUADS, DM_SYNTAX_TURTLE, DM_SYNTAX_TRIG};
    if (size < 2) {
        return 0;
    }
    const struct dm_reader_options options = {
        .syntax = syntaxes[data[0] & 3U],
        .strict_1_1 = (data[0] & 4U) != 0,
        .mend = (data[0] & 8U) != 0,
        .base = DM_STR("http://b/"),
        .max_token = TOKEN_MAX,
        .max_statement = STATEMENT_MAX,
    };
    const struct dm_str text = dm_str_n((const char *)data + 2, size - 2);
    struct record once;
    struct record again;
    read_all(&options, text, SIZE_MAX, &once);
    read_all(&options, text, (size_t)data[1] + 1, &again);
    CHECK(dm_str_equal(dm_buf_str(&once.all), dm_buf_str(&again.all)));
    done(&again);

    const struct dm_reader_options canonical = {.syntax = DM_SYNTAX_NQUADS};
    read_all(&canonical, dm_buf_str(&once.quads), SIZE_MAX, &again);
    CHECK(dm_str_equal(dm_buf_str(&once.quads), dm_buf_str(&again.quads)));
    done(&again);
    done(&once);
    return 0;
}
