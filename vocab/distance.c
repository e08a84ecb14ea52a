// SPDX-License-Identifier: ISC

#include "vocab/distance.h"

#include <string.h>

#define WORD_MAX 64 // Longer words are not compared letter by letter

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t
least(size_t a, size_t b, size_t c)
{
    const size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

// Optimal string alignment: three rows of the table are enough
size_t
dm_distance(struct dm_str a, struct dm_str b, size_t limit)
{
    const size_t gap = a.n > b.n ? a.n - b.n : b.n - a.n;
    if (gap > limit || a.n > WORD_MAX || b.n > WORD_MAX) {
        return dm_str_equal_nocase(a, b) ? 0 : limit + 1;
    }

    size_t rows[3][WORD_MAX + 1];
    for (size_t j = 0; j <= b.n; ++j) {
        rows[0][j] = j;
    }
    size_t *before = rows[2];
    size_t *last = rows[0];
    size_t *row = rows[1];
    for (size_t i = 1; i <= a.n; ++i) {
        row[0] = i;
        for (size_t j = 1; j <= b.n; ++j) {
            const char x = lower(a.data[i - 1]);
            const char y = lower(b.data[j - 1]);
            row[j] = least(last[j] + 1, row[j - 1] + 1,
                           last[j - 1] + (x != y ? 1 : 0));
            if (i > 1 && j > 1 && x == lower(b.data[j - 2]) &&
                y == lower(a.data[i - 2]) && before[j - 2] + 1 < row[j]) {
                row[j] = before[j - 2] + 1;
            }
        }
        size_t *const spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return last[b.n] > limit ? limit + 1 : last[b.n];
}

// One letter in three may be wrong, and at least one
static size_t
limit_of(struct dm_str word)
{
    return word.n < 6 ? 1 : word.n / 3;
}

void
dm_nearest_init(struct dm_nearest *nearest, struct dm_str word)
{
    *nearest =
        (struct dm_nearest){.word = word, .distance = limit_of(word) + 1};
}

void
dm_nearest_try(struct dm_nearest *nearest, struct dm_str known)
{
    const size_t distance =
        dm_distance(nearest->word, known, limit_of(nearest->word));
    if (distance < nearest->distance) {
        nearest->distance = distance;
        nearest->best = known;
    }
}

bool
dm_nearest_found(const struct dm_nearest *nearest)
{
    return nearest->best.data != NULL;
}
