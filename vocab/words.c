// SPDX-License-Identifier: ISC

#include "base/buf.h"
#include "vocab/field_private.h"

#define WORDS_MAX 1000

// A command line that is being split
struct splitter {
    struct dm_str text;
    size_t at;
    struct dm_buf *word;
};

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Take '…' or "…"; in the latter \ keeps ", \, $ and ` from meaning anything.
static bool
take_quoted(struct splitter *splitter)
{
    const char quote = splitter->text.data[splitter->at++];
    for (; splitter->at < splitter->text.n; ++splitter->at) {
        char c = splitter->text.data[splitter->at];
        if (c == quote) {
            ++splitter->at;
            return true;
        }
        if (c == '\\' && quote == '"' && splitter->at + 1 < splitter->text.n) {
            const char next = splitter->text.data[splitter->at + 1];
            if (next == '"' || next == '\\' || next == '$' || next == '`') {
                c = next;
                ++splitter->at;
            }
        }
        (void)dm_buf_putc(splitter->word, c);
    }
    return false;
}

// Take a word; *ret_found is false at the end. False where a quote is open.
static bool
take_word(struct splitter *splitter, bool *ret_found)
{
    const struct dm_str text = splitter->text;
    dm_buf_clear(splitter->word);
    while (splitter->at < text.n && is_space(text.data[splitter->at])) {
        ++splitter->at;
    }
    *ret_found = splitter->at < text.n;
    while (splitter->at < text.n && !is_space(text.data[splitter->at])) {
        const char c = text.data[splitter->at];
        if (c == '\'' || c == '"') {
            if (!take_quoted(splitter)) {
                return false;
            }
            continue;
        }
        if (c == '\\' && splitter->at + 1 < text.n) {
            ++splitter->at;
        }
        (void)dm_buf_putc(splitter->word, text.data[splitter->at++]);
    }
    return true;
}

enum dm_status
dm_words_split(struct dm_str text, struct dm_arena *arena, struct dm_texts *ret,
               struct dm_error *error)
{
    struct dm_buf word;
    dm_buf_init(&word, text.n + 1);
    struct dm_str *words = NULL;
    size_t n = 0;
    enum dm_status status = DM_OK;
    // Once to count, once to keep
    for (int pass = 0; pass < 2 && !status; ++pass) {
        struct splitter splitter = {.text = text, .word = &word};
        bool is_found = true;
        for (n = 0; !status; ++n) {
            if (!take_word(&splitter, &is_found)) {
                status =
                    dm_error_set(error, DM_ERR_SYNTAX, "a quote is not closed");
            } else if (!is_found) {
                break;
            } else if (n == WORDS_MAX) {
                status = dm_error_set(error, DM_ERR_SYNTAX,
                                      "more than %d words", WORDS_MAX);
            } else if (words) {
                words[n] = dm_arena_copy(arena, dm_buf_str(&word));
                status = words[n].data ? word.status : DM_ERR_NO_MEMORY;
            }
        }
        if (!status && !words) {
            words = dm_arena_alloc(arena, n + 1, sizeof(*words));
            status = words ? DM_OK : DM_ERR_NO_MEMORY;
        }
    }
    dm_buf_done(&word);
    if (!status) {
        *ret = (struct dm_texts){words, n};
    }
    return status;
}
