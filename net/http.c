// SPDX-License-Identifier: ISC

#include "net/http.h"

#include <string.h>

struct dm_str
dm_http_header_get(const struct dm_http_header *headers, size_t n,
                   const char *name)
{
    const struct dm_str wanted = dm_str(name);
    for (size_t i = 0; i < n; ++i) {
        if (dm_str_equal_nocase(headers[i].name, wanted)) {
            return headers[i].value;
        }
    }
    const struct dm_str none = {0};
    return none;
}

// [RFC 9110, 5.6.2] tchar
static bool
is_token_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

bool
dm_http_header_is_valid(const struct dm_http_header *header)
{
    if (!header->name.n) {
        return false;
    }
    for (size_t i = 0; i < header->name.n; ++i) {
        if (!is_token_byte(header->name.data[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < header->value.n; ++i) {
        const unsigned char c = (unsigned char)header->value.data[i];
        if ((c < ' ' && c != '\t') || c == 0x7F) {
            return false;
        }
    }
    return true;
}

bool
dm_http_type_is(struct dm_str value, const char *type)
{
    const struct dm_str semicolon = DM_STR(";");
    const struct dm_str media =
        dm_str_trim(dm_str_slice(value, 0, dm_str_find(value, semicolon)));
    return dm_str_equal_nocase(media, dm_str(type));
}

const char *
dm_http_reason(unsigned status)
{
    static const struct {
        unsigned status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {507, "Insufficient Storage"},
    };
    for (size_t i = 0; i < DM_COUNT_OF(reasons); ++i) {
        if (reasons[i].status == status) {
            return reasons[i].reason;
        }
    }
    return "";
}
