// SPDX-License-Identifier: ISC

#include "base/str.h"

#include <assert.h>
#include <string.h>

struct dm_str
dm_str(const char *text)
{
    return (struct dm_str){text, strlen(text)};
}

struct dm_str
dm_str_n(const char *data, size_t n)
{
    assert(data || n == 0);
    return (struct dm_str){data, n};
}

bool
dm_str_equal(struct dm_str a, struct dm_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.data, b.data, a.n) == 0);
}

bool
dm_str_is(struct dm_str a, const char *text)
{
    return dm_str_equal(a, dm_str(text));
}

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool
dm_str_equal_nocase(struct dm_str a, struct dm_str b)
{
    if (a.n != b.n) {
        return false;
    }
    for (size_t i = 0; i < a.n; ++i) {
        if (lower(a.data[i]) != lower(b.data[i])) {
            return false;
        }
    }
    return true;
}

int
dm_str_compare(struct dm_str a, struct dm_str b)
{
    const size_t n = a.n < b.n ? a.n : b.n;
    const int order = n ? memcmp(a.data, b.data, n) : 0;
    if (order) {
        return order;
    }
    return a.n < b.n ? -1 : a.n > b.n;
}

bool
dm_str_starts(struct dm_str a, struct dm_str prefix)
{
    return a.n >= prefix.n &&
           dm_str_equal(dm_str_slice(a, 0, prefix.n), prefix);
}

bool
dm_str_ends(struct dm_str a, struct dm_str suffix)
{
    return a.n >= suffix.n &&
           dm_str_equal(dm_str_slice(a, a.n - suffix.n, suffix.n), suffix);
}

size_t
dm_str_find(struct dm_str a, struct dm_str part)
{
    if (part.n == 0) {
        return 0;
    }
    for (size_t i = 0; i + part.n <= a.n; ++i) {
        const char *hit = memchr(a.data + i, part.data[0], a.n - i);
        if (!hit) {
            return a.n;
        }
        i = (size_t)(hit - a.data);
        if (i + part.n <= a.n && memcmp(hit, part.data, part.n) == 0) {
            return i;
        }
    }
    return a.n;
}

struct dm_str
dm_str_slice(struct dm_str a, size_t from, size_t n)
{
    if (from >= a.n) {
        return (struct dm_str){a.data ? a.data + a.n : NULL, 0};
    }
    return (struct dm_str){a.data + from, n < a.n - from ? n : a.n - from};
}

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct dm_str
dm_str_trim(struct dm_str a)
{
    while (a.n && is_space(a.data[a.n - 1])) {
        --a.n;
    }
    while (a.n && is_space(a.data[0])) {
        ++a.data;
        --a.n;
    }
    return a;
}

bool
dm_str_to_uint(struct dm_str a, uint64_t max, uint64_t *ret)
{
    if (a.n == 0 || (a.n > 1 && a.data[0] == '0')) {
        return false;
    }

    uint64_t value = 0;
    for (size_t i = 0; i < a.n; ++i) {
        if (a.data[i] < '0' || a.data[i] > '9') {
            return false;
        }
        const uint64_t digit = (uint64_t)(a.data[i] - '0');
        if (value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    if (value > max) {
        return false;
    }
    *ret = value;
    return true;
}

size_t
dm_utf8_decode(struct dm_str a, uint32_t *ret_point)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    assert(a.n > 0);

    const unsigned char first = (unsigned char)a.data[0];
    if (first < 0x80) {
        *ret_point = first;
        return 1;
    }
    const size_t n = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || a.n < n) {
        return 0;
    }

    uint32_t point = first & (0xFFU >> (n + 1));
    for (size_t i = 1; i < n; ++i) {
        const unsigned char next = (unsigned char)a.data[i];
        if ((next & 0xC0U) != 0x80U) {
            return 0;
        }
        point = point << 6U | (next & 0x3FU);
    }
    if (point < least[n] || point > 0x10FFFF ||
        (point >= 0xD800 && point <= 0xDFFF)) {
        return 0;
    }
    *ret_point = point;
    return n;
}

size_t
dm_utf8_encode(uint32_t point, char bytes[4])
{
    assert(point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF));
    if (point < 0x80) {
        bytes[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        bytes[0] = (char)(unsigned char)(0xC0U | point >> 6U);
        bytes[1] = (char)(unsigned char)(0x80U | (point & 0x3FU));
        return 2;
    }
    if (point < 0x10000) {
        bytes[0] = (char)(unsigned char)(0xE0U | point >> 12U);
        bytes[1] = (char)(unsigned char)(0x80U | (point >> 6U & 0x3FU));
        bytes[2] = (char)(unsigned char)(0x80U | (point & 0x3FU));
        return 3;
    }
    bytes[0] = (char)(unsigned char)(0xF0U | point >> 18U);
    bytes[1] = (char)(unsigned char)(0x80U | (point >> 12U & 0x3FU));
    bytes[2] = (char)(unsigned char)(0x80U | (point >> 6U & 0x3FU));
    bytes[3] = (char)(unsigned char)(0x80U | (point & 0x3FU));
    return 4;
}

bool
dm_str_is_utf8(struct dm_str a)
{
    while (a.n) {
        uint32_t point = 0;
        const size_t n = dm_utf8_decode(a, &point);
        if (!n) {
            return false;
        }
        a = dm_str_slice(a, n, a.n);
    }
    return true;
}

struct dm_str
dm_utf8_cut(struct dm_str a, size_t n)
{
    static const size_t longest = 4;
    if (a.n <= n) {
        return a;
    }
    // Where no start lies close enough, this is not UTF-8: cut anywhere
    for (size_t back = 0; back < longest && back <= n; ++back) {
        if (((unsigned char)a.data[n - back] & 0xC0U) != 0x80U) {
            return (struct dm_str){a.data, n - back};
        }
    }
    return (struct dm_str){a.data, n};
}

struct dm_str
dm_utf8_whole(struct dm_str a)
{
    static const size_t longest = 4;
    for (size_t tail = 1; tail < longest && tail <= a.n; ++tail) {
        const unsigned char c = (unsigned char)a.data[a.n - tail];
        if ((c & 0xC0U) == 0x80U) {
            continue;
        }
        const size_t want = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
        return want > tail ? dm_str_slice(a, 0, a.n - tail) : a;
    }
    return a;
}

static bool
is_control(uint32_t point)
{
    return point < 0x20 || (point >= 0x7F && point <= 0x9F);
}

void
dm_utf8_tame(char *bytes, size_t n)
{
    size_t i = 0;
    while (i < n) {
        uint32_t point = 0;
        const size_t length =
            dm_utf8_decode((struct dm_str){bytes + i, n - i}, &point);
        if (length && !is_control(point)) {
            i += length;
            continue;
        }
        bytes[i] = '?';
        ++i;
    }
}
