// SPDX-License-Identifier: ISC

#ifndef DM_SPARQL_LEXER_PRIVATE_H
#define DM_SPARQL_LEXER_PRIVATE_H

/**
 * @file
 * A query's text as tokens.
 *
 * The longest match wins, as section 19.8 of SPARQL says: "?a<?b&&?c>?d" has an
 * IRI in it, "?a-1" ends with the number -1. Tokens are views of the text, with
 * their escapes, checked (rdf/token.h).
 *
 * A lexer is a plain value: a copy of it is a place to return to.
 *
 * Cost: O(bytes). Lines and columns are counted on the way.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"
#include "rdf/term.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

enum dm_token_kind {
    DM_TOKEN_END,
    DM_TOKEN_IRI,     ///< IRIREF
    DM_TOKEN_PNAME,   ///< PNAME_LN or PNAME_NS
    DM_TOKEN_BLANK,   ///< BLANK_NODE_LABEL
    DM_TOKEN_VAR,     ///< VAR1 or VAR2
    DM_TOKEN_LANG,    ///< LANG_DIR
    DM_TOKEN_INTEGER, ///< Of numbers see `text` for a sign
    DM_TOKEN_DECIMAL,
    DM_TOKEN_DOUBLE,
    DM_TOKEN_STRING,      ///< STRING_LITERAL1, STRING_LITERAL2
    DM_TOKEN_LONG_STRING, ///< STRING_LITERAL_LONG1, STRING_LITERAL_LONG2
    DM_TOKEN_WORD,        ///< A keyword, or what could be one
    DM_TOKEN_NIL,         ///< ( )
    DM_TOKEN_ANON,        ///< [ ]
    DM_TOKEN_TRIPLE_OPEN, ///< <<(
    DM_TOKEN_TRIPLE_CLOSE,
    DM_TOKEN_REIFIED_OPEN, ///< <<
    DM_TOKEN_REIFIED_CLOSE,
    DM_TOKEN_ANNOTATION_OPEN, ///< {|
    DM_TOKEN_ANNOTATION_CLOSE,
    DM_TOKEN_OR,
    DM_TOKEN_AND,
    DM_TOKEN_DATATYPE, ///< ^^
    DM_TOKEN_NOT_EQUAL,
    DM_TOKEN_LESS_EQUAL,
    DM_TOKEN_GREATER_EQUAL,
    DM_TOKEN_OPEN,
    DM_TOKEN_CLOSE,
    DM_TOKEN_BRACE_OPEN,
    DM_TOKEN_BRACE_CLOSE,
    DM_TOKEN_BRACKET_OPEN,
    DM_TOKEN_BRACKET_CLOSE,
    DM_TOKEN_DOT,
    DM_TOKEN_COMMA,
    DM_TOKEN_SEMICOLON,
    DM_TOKEN_PIPE,
    DM_TOKEN_SLASH,
    DM_TOKEN_CARET,
    DM_TOKEN_QUESTION,
    DM_TOKEN_STAR,
    DM_TOKEN_PLUS,
    DM_TOKEN_MINUS,
    DM_TOKEN_BANG,
    DM_TOKEN_EQUAL,
    DM_TOKEN_LESS,
    DM_TOKEN_GREATER,
    DM_TOKEN_TILDE,
};

struct dm_token {
    enum dm_token_kind kind;
    struct dm_str text; ///< As it stands there
    struct dm_position at;
    size_t mark;     ///< Of a PNAME or LANG: as in struct dm_scan
    uint8_t quotes;  ///< Of a string: 1 or 3 at each end
    bool is_escaped; ///< Its value differs from its bytes
};

struct dm_lexer {
    struct dm_str text;
    size_t at; ///< Offset of the next byte
    struct dm_position position;
};

/// `text` is UTF-8 and outlives the lexer.
void dm_lexer_init(struct dm_lexer *lexer, struct dm_str text);

/// The next token; DM_TOKEN_END behind the last.
/// @return DM_ERR_SYNTAX for what is no token; `*error` says what is wrong, and
/// the lexer's position is there.
enum dm_status dm_lexer_next(struct dm_lexer *lexer, struct dm_token *ret,
                             struct dm_error *DM_NULLABLE error) DM_NODISCARD;

DM_END_DECLS

#endif // DM_SPARQL_LEXER_PRIVATE_H
