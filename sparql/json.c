// SPDX-License-Identifier: ISC

#include "sparql/json_private.h"

#include <string.h>

enum dm_status
dm_json_fail(struct dm_json *json, enum dm_status status, const char *what)
{
    uint32_t line = 1;
    uint32_t column = 1;
    for (size_t i = 0; i < json->at && i < json->text.n; ++i) {
        const unsigned char c = (unsigned char)json->text.data[i];
        if (c == '\n') {
            ++line;
            column = 1;
        } else if ((c & 0xC0U) != 0x80U) {
            ++column;
        }
    }
    (void)dm_error_set(json->error, status, "%s", what);
    dm_error_where(json->error, (struct dm_str){0}, line, column);
    return status;
}

char
dm_json_peek(struct dm_json *json)
{
    while (json->at < json->text.n) {
        const char c = json->text.data[json->at];
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r') {
            return c;
        }
        ++json->at;
    }
    return '\0';
}

static enum dm_status
unexpected(struct dm_json *json)
{
    return dm_json_fail(json, DM_ERR_SYNTAX,
                        json->at < json->text.n
                            ? "this cannot stand here in JSON"
                            : "the JSON text ends too early");
}

enum dm_status
dm_json_open(struct dm_json *json, char bracket)
{
    if (dm_json_peek(json) != bracket) {
        return unexpected(json);
    }
    if (json->depth == DM_JSON_NESTING_MAX) {
        return dm_json_fail(json, DM_ERR_LIMIT, "the JSON text nests too deep");
    }
    ++json->depth;
    ++json->at;
    json->is_behind_value = false;
    return DM_OK;
}

// In an object or array that `close` ends: DM_OK where a member has to follow
static enum dm_status
next_member(struct dm_json *json, char close)
{
    const char c = dm_json_peek(json);
    if (c == close) {
        ++json->at;
        --json->depth;
        json->is_behind_value = true;
        return DM_END;
    }
    if (json->is_behind_value) {
        if (c != ',') {
            return unexpected(json);
        }
        ++json->at;
        if (dm_json_peek(json) == close) {
            return unexpected(json);
        }
    }
    json->is_behind_value = false;
    return DM_OK;
}

enum dm_status
dm_json_next_key(struct dm_json *json, struct dm_str *ret)
{
    enum dm_status status = next_member(json, '}');
    if (!status) {
        status = dm_json_string(json, ret);
    }
    if (status) {
        return status;
    }
    json->is_behind_value = false;
    if (dm_json_peek(json) != ':') {
        return unexpected(json);
    }
    ++json->at;
    return DM_OK;
}

enum dm_status
dm_json_next_item(struct dm_json *json)
{
    return next_member(json, ']');
}

// The four digits behind "\u"
static bool
take_hex(struct dm_json *json, uint32_t *ret)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        const char c =
            json->at < json->text.n ? json->text.data[json->at] : '\0';
        const char *found = c ? strchr(digits, c) : NULL;
        if (!found) {
            return false;
        }
        value = value * 16 + (uint32_t)(found - digits) % 16;
        ++json->at;
    }
    *ret = value;
    return true;
}

// A character from "\uXXXX", or two of them for one beyond U+FFFF
static bool
take_unicode(struct dm_json *json, uint32_t *ret)
{
    uint32_t high = 0;
    if (!take_hex(json, &high)) {
        return false;
    }
    if (high < 0xD800 || high > 0xDFFF) {
        *ret = high;
        return true;
    }
    const struct dm_str rest = dm_str_slice(json->text, json->at, json->text.n);
    uint32_t low = 0;
    if (high > 0xDBFF || !dm_str_starts(rest, dm_str("\\u"))) {
        return false;
    }
    json->at += 2;
    if (!take_hex(json, &low) || low < 0xDC00 || low > 0xDFFF) {
        return false;
    }
    *ret = 0x10000 + ((high - 0xD800) << 10U) + (low - 0xDC00);
    return true;
}

// What stands behind a backslash, to `bytes`; 0 where that is wrong
static size_t
take_escape(struct dm_json *json, char bytes[4])
{
    static const char letters[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    const char c = json->at < json->text.n ? json->text.data[json->at++] : '\0';
    uint32_t point = 0;
    if (c == 'u') {
        return take_unicode(json, &point) ? dm_utf8_encode(point, bytes) : 0;
    }
    const char *found = c ? strchr(letters, c) : NULL;
    if (!found) {
        return 0;
    }
    bytes[0] = values[found - letters];
    return 1;
}

// The length of a string up to its last quote, with escapes, from json->at on
static size_t
string_bytes(const struct dm_json *json)
{
    size_t i = json->at;
    while (i < json->text.n && json->text.data[i] != '"') {
        i += json->text.data[i] == '\\' ? 2 : 1;
    }
    return i - json->at;
}

enum dm_status
dm_json_string(struct dm_json *json, struct dm_str *ret)
{
    if (dm_json_peek(json) != '"') {
        return unexpected(json);
    }
    ++json->at;
    // Values are never longer than they are written
    char *bytes = dm_arena_alloc(json->arena, string_bytes(json) + 1, 1);
    if (!bytes) {
        return dm_json_fail(json, DM_ERR_NO_MEMORY, "the results are too long");
    }
    size_t n = 0;
    while (json->at < json->text.n) {
        const char c = json->text.data[json->at];
        if ((unsigned char)c < 0x20) {
            break;
        }
        ++json->at;
        if (c == '"') {
            json->is_behind_value = true;
            *ret = dm_str_n(bytes, n);
            return DM_OK;
        }
        if (c != '\\') {
            bytes[n++] = c;
            continue;
        }
        char escaped[4];
        const size_t n_escaped = take_escape(json, escaped);
        if (!n_escaped) {
            return dm_json_fail(json, DM_ERR_SYNTAX,
                                "an escape is no character");
        }
        memcpy(bytes + n, escaped, n_escaped);
        n += n_escaped;
    }
    return dm_json_fail(json, DM_ERR_SYNTAX, "a string has no end");
}

static bool
take_word(struct dm_json *json, const char *word)
{
    (void)dm_json_peek(json);
    const struct dm_str rest = dm_str_slice(json->text, json->at, json->text.n);
    if (!dm_str_starts(rest, dm_str(word))) {
        return false;
    }
    json->at += strlen(word);
    json->is_behind_value = true;
    return true;
}

enum dm_status
dm_json_boolean(struct dm_json *json, bool *ret)
{
    const bool is_true = take_word(json, "true");
    if (!is_true && !take_word(json, "false")) {
        return unexpected(json);
    }
    *ret = is_true;
    return DM_OK;
}

static size_t
skip_digits(const struct dm_json *json, size_t i)
{
    while (i < json->text.n && json->text.data[i] >= '0' &&
           json->text.data[i] <= '9') {
        ++i;
    }
    return i;
}

static char
byte_at(const struct dm_json *json, size_t i)
{
    return i < json->text.n ? json->text.data[i] : '\0';
}

// number = [ "-" ] int [ frac ] [ exp ]
static enum dm_status
skip_number(struct dm_json *json)
{
    const size_t whole = json->at + (byte_at(json, json->at) == '-' ? 1 : 0);
    size_t i = skip_digits(json, whole);
    bool is_good = i > whole && (byte_at(json, whole) != '0' || i == whole + 1);
    if (byte_at(json, i) == '.') {
        const size_t fraction = ++i;
        i = skip_digits(json, i);
        is_good = is_good && i > fraction;
    }
    if (byte_at(json, i) == 'e' || byte_at(json, i) == 'E') {
        ++i;
        i += byte_at(json, i) == '+' || byte_at(json, i) == '-' ? 1 : 0;
        const size_t exponent = i;
        i = skip_digits(json, i);
        is_good = is_good && i > exponent;
    }
    if (!is_good) {
        return unexpected(json);
    }
    json->at = i;
    json->is_behind_value = true;
    return DM_OK;
}

static enum dm_status
skip_object(struct dm_json *json)
{
    struct dm_str key = {0};
    enum dm_status status = dm_json_open(json, '{');
    while (!status) {
        status = dm_json_next_key(json, &key);
        if (!status) {
            status = dm_json_skip(json);
        }
    }
    return status == DM_END ? DM_OK : status;
}

static enum dm_status
skip_array(struct dm_json *json)
{
    enum dm_status status = dm_json_open(json, '[');
    while (!status) {
        status = dm_json_next_item(json);
        if (!status) {
            status = dm_json_skip(json);
        }
    }
    return status == DM_END ? DM_OK : status;
}

enum dm_status
dm_json_skip(struct dm_json *json)
{
    const char c = dm_json_peek(json);
    struct dm_str string = {0};
    switch (c) {
    case '{':
        return skip_object(json);
    case '[':
        return skip_array(json);
    case '"':
        return dm_json_string(json, &string);
    case 't':
    case 'f':
    case 'n':
        return take_word(json, "true") || take_word(json, "false") ||
                       take_word(json, "null")
                   ? DM_OK
                   : unexpected(json);
    default:
        return skip_number(json);
    }
}

enum dm_status
dm_json_end(struct dm_json *json)
{
    return dm_json_peek(json) || json->at < json->text.n ? unexpected(json)
                                                         : DM_OK;
}
