// SPDX-License-Identifier: ISC

#ifndef DM_RDF_LEXER_PRIVATE_H
#define DM_RDF_LEXER_PRIVATE_H

/**
 * @file
 * The bytes of a document, pulled in pieces, and the tokens of Turtle and TriG.
 *
 *   data  [ read and gone | token | not looked at yet | room ]
 *                         ^start                      ^end
 *
 * The token lies at `start` until lexer_drop() moves on behind it. Where a
 * token goes over the end of what was read, the room doubles and it is scanned
 * again, so scanning costs O(bytes) however short the pieces are.
 *
 * Private to the readers in rdf/.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "rdf/reader.h"
#include "rdf/token.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

enum token_kind {
    TOKEN_END,
    TOKEN_BAD, ///< Scanned in vain: lexer.scan says why
    TOKEN_DOT,
    TOKEN_SEMICOLON,
    TOKEN_COMMA,
    TOKEN_BRACKET_OPEN,
    TOKEN_BRACKET_CLOSE,
    TOKEN_PAREN_OPEN,
    TOKEN_PAREN_CLOSE,
    TOKEN_BRACE_OPEN,
    TOKEN_BRACE_CLOSE,
    TOKEN_ANNOTATION_OPEN,  ///< {|
    TOKEN_ANNOTATION_CLOSE, ///< |}
    TOKEN_REIFIED_OPEN,     ///< <<
    TOKEN_REIFIED_CLOSE,    ///< >>
    TOKEN_TRIPLE_OPEN,      ///< <<(
    TOKEN_TRIPLE_CLOSE,     ///< )>>
    TOKEN_TILDE,
    TOKEN_DATATYPE, ///< ^^
    TOKEN_IRI,
    TOKEN_NAME, ///< With a prefix
    TOKEN_WORD, ///< Without
    TOKEN_BLANK,
    TOKEN_STRING,
    TOKEN_LANGUAGE, ///< Also @prefix, @base, @version
    TOKEN_NUMBER,
};

/// The bytes of the last token that an error may quote
#define LEXER_QUOTE_MAX 48

struct lexer {
    dm_source_fn source;
    void *source_context;
    char *DM_NULLABLE data;
    size_t start;
    size_t end;
    size_t capacity;
    size_t max;              ///< Most bytes of one token (or line)
    bool is_at_end;          ///< The source has no more
    bool after_cr;           ///< The last byte passed was CR
    uint64_t passed;         ///< Bytes before `start`
    struct dm_position here; ///< Of `start`

    bool has_token;
    enum token_kind kind;
    struct dm_scan scan;   ///< Of the token
    bool is_on_new_line;   ///< A line ended between it and the one before
    struct dm_position at; ///< Of the token

    struct dm_position behind; ///< Where the last dropped token ends
    char last[LEXER_QUOTE_MAX + 1];
    size_t last_n;
};

void lexer_init(struct lexer *lexer, dm_source_fn source, void *source_context,
                size_t max);
void lexer_done(struct lexer *lexer);

/// The bytes that were read and not passed
struct dm_str lexer_rest(const struct lexer *lexer);

/// Read at least one byte more, or find the end (`is_at_end`).
/// @return DM_ERR_LIMIT where `max` bytes wait already, DM_ERR_NO_MEMORY, or
/// what the source returned.
enum dm_status lexer_fill(struct lexer *lexer) DM_NODISCARD;

/// Move on by `n` bytes of lexer_rest(), counting lines and columns.
void lexer_pass(struct lexer *lexer, size_t n);

/// Where byte `n` of lexer_rest() is
struct dm_position lexer_position(const struct lexer *lexer, size_t n);

/// Skip white space and comments, at most about `max_skip` bytes; `*ret_more`:
/// there may be more of them.
enum dm_status lexer_skip(struct lexer *lexer, uint64_t max_skip,
                          bool *ret_more) DM_NODISCARD;

/// Have a token; the same one until lexer_drop(). A token that is wrong is
/// TOKEN_BAD and DM_OK.
enum dm_status lexer_peek(struct lexer *lexer) DM_NODISCARD;

/// After DM_ERR_LIMIT of lexer_peek(): go behind the token that is too long.
enum dm_status lexer_pass_long(struct lexer *lexer) DM_NODISCARD;

/// The bytes of the token, until the next peek after a drop
struct dm_str lexer_text(const struct lexer *lexer);

/// Go behind the token.
void lexer_drop(struct lexer *lexer);

/// A token further on, found without moving: for who must look ahead
struct lookahead {
    size_t offset; ///< Behind it; 0 to begin: behind the present token
    size_t n;      ///< Its bytes
    enum token_kind kind;
    bool is_on_new_line;
};

/// The token behind `*ahead`, which begins as {0} for the one behind the
/// present token. TOKEN_BAD where it cannot be told.
void lexer_look_ahead(struct lexer *lexer, struct lookahead *ahead);

DM_END_DECLS

#endif // DM_RDF_LEXER_PRIVATE_H
