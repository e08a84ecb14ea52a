// SPDX-License-Identifier: ISC

// REGEX and REPLACE: SPARQL 1.1, 17.4.3.14 and 15, with the flags of XPath's
// fn:matches. PCRE2 matches, within limits of steps, depth and memory.

#include "base/alloc.h"
#include "base/buf.h"
#include "sparql/function_private.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

// A match that needs more ends the query: it would be slow or wrong
#define MATCH_STEPS_MAX 1000000U
#define MATCH_DEPTH_MAX 10000U
#define MATCH_HEAP_KIB 4096U
#define PATTERN_MAX 8192U
#define FLAGS_MAX 8U

struct dm_regex_cache {
    struct dm_regex_cache *next;
    struct dm_buf pattern; ///< What `code` was made from, with its flags
    char flags[FLAGS_MAX + 1];
    bool is_literal;
    pcre2_general_context *general;
    pcre2_compile_context *compiling;
    pcre2_match_context *matching;
    pcre2_code *code;
    pcre2_match_data *match;
};

static void *
allocate(size_t n, void *context)
{
    (void)context;
    return dm_malloc(n);
}

static void
release(void *bytes, void *context)
{
    (void)context;
    dm_free(bytes);
}

struct dm_regex_cache *
dm_regex_cache_new(void)
{
    struct dm_regex_cache *cache = dm_calloc(1, sizeof(*cache));
    if (!cache) {
        return NULL;
    }
    dm_buf_init(&cache->pattern, PATTERN_MAX);
    cache->general = pcre2_general_context_create(allocate, release, NULL);
    if (cache->general) {
        cache->compiling = pcre2_compile_context_create(cache->general);
        cache->matching = pcre2_match_context_create(cache->general);
    }
    if (!cache->compiling || !cache->matching) {
        dm_regex_cache_free(cache);
        return NULL;
    }
    (void)pcre2_set_newline(cache->compiling, PCRE2_NEWLINE_LF);
    (void)pcre2_set_match_limit(cache->matching, MATCH_STEPS_MAX);
    (void)pcre2_set_depth_limit(cache->matching, MATCH_DEPTH_MAX);
    (void)pcre2_set_heap_limit(cache->matching, MATCH_HEAP_KIB);
    return cache;
}

static void
forget(struct dm_regex_cache *cache)
{
    pcre2_match_data_free(cache->match);
    pcre2_code_free(cache->code);
    cache->match = NULL;
    cache->code = NULL;
}

void
dm_regex_cache_free(struct dm_regex_cache *cache)
{
    if (!cache) {
        return;
    }
    forget(cache);
    pcre2_match_context_free(cache->matching);
    pcre2_compile_context_free(cache->compiling);
    pcre2_general_context_free(cache->general);
    dm_buf_done(&cache->pattern);
    dm_free(cache);
}

struct dm_regex_cache **
dm_regex_cache_next(struct dm_regex_cache *cache)
{
    return &cache->next;
}

// ----------------------------------------------------------- compile

struct flags {
    uint32_t options;
    bool is_spaced; ///< x: white space in the pattern means nothing
    bool is_literal;
};

static bool
read_flags(struct dm_str text, struct flags *ret)
{
    *ret =
        (struct flags){.options = PCRE2_UTF | PCRE2_UCP | PCRE2_DOLLAR_ENDONLY |
                                  PCRE2_NEVER_BACKSLASH_C};
    for (size_t i = 0; i < text.n; ++i) {
        switch (text.data[i]) {
        case 's':
            ret->options |= PCRE2_DOTALL;
            break;
        case 'm':
            ret->options |= PCRE2_MULTILINE;
            break;
        case 'i':
            ret->options |= PCRE2_CASELESS;
            break;
        case 'x':
            ret->is_spaced = true;
            break;
        case 'q':
            ret->is_literal = true;
            break;
        default:
            return false;
        }
    }
    if (ret->is_literal) {
        // Only i has a meaning beside q
        ret->options &= PCRE2_UTF | PCRE2_CASELESS;
        ret->options |= PCRE2_LITERAL;
        ret->is_spaced = false;
    }
    return true;
}

// XPath's flag x takes white space out but for that in brackets; PCRE2's own
// would read '#' as a comment too.
static void
put_unspaced(struct dm_str pattern, struct dm_buf *buf)
{
    int depth = 0;
    for (size_t i = 0; i < pattern.n; ++i) {
        const char c = pattern.data[i];
        const bool is_space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
        if (is_space && !depth) {
            continue;
        }
        (void)dm_buf_putc(buf, c);
        if (c == '\\' && i + 1 < pattern.n) {
            (void)dm_buf_putc(buf, pattern.data[++i]);
        } else if (c == '[') {
            ++depth;
        } else if (c == ']' && depth) {
            --depth;
        }
    }
}

static enum dm_status
compile(struct dm_regex_cache *cache, struct dm_str pattern,
        const struct flags *flags)
{
    int code = 0;
    PCRE2_SIZE at = 0;
    struct dm_buf buf = {0};
    dm_buf_init(&buf, PATTERN_MAX);
    if (flags->is_spaced) {
        put_unspaced(pattern, &buf);
        pattern = dm_buf_str(&buf);
    }
    enum dm_status status = buf.status;
    if (!status) {
        cache->code = pcre2_compile((PCRE2_SPTR)(pattern.n ? pattern.data : ""),
                                    pattern.n, flags->options, &code, &at,
                                    cache->compiling);
        if (!cache->code) {
            status =
                code == PCRE2_ERROR_NOMEMORY || code == PCRE2_ERROR_HEAPLIMIT
                    ? DM_ERR_NO_MEMORY
                    : DM_ERR_ARGUMENT;
        }
    }
    dm_buf_done(&buf);
    if (!status) {
        cache->match =
            pcre2_match_data_create_from_pattern(cache->code, cache->general);
        status = cache->match ? DM_OK : DM_ERR_NO_MEMORY;
    }
    cache->is_literal = flags->is_literal;
    return status;
}

// Have the compiled pattern in the cache; in nearly every query it is a
// constant, so it is there already.
static enum dm_status
prepare(struct dm_regex_cache *cache, const struct dm_value *pattern,
        const struct dm_value *flags_value)
{
    struct flags flags = {0};
    if (pattern->kind != DM_VALUE_STRING ||
        (flags_value && flags_value->kind != DM_VALUE_STRING)) {
        return DM_ERR_ARGUMENT;
    }
    const struct dm_str text = pattern->term.value;
    const struct dm_str letters =
        flags_value ? flags_value->term.value : dm_str("");
    if (cache->match && dm_str_equal(text, dm_buf_str(&cache->pattern)) &&
        dm_str_is(letters, cache->flags)) {
        return DM_OK;
    }
    if (letters.n > FLAGS_MAX || !read_flags(letters, &flags)) {
        return DM_ERR_ARGUMENT;
    }
    forget(cache);
    dm_buf_clear(&cache->pattern);
    if (dm_buf_put_str(&cache->pattern, text)) {
        return cache->pattern.status == DM_ERR_LIMIT ? DM_ERR_ARGUMENT
                                                     : DM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i <= letters.n; ++i) {
        cache->flags[i] = i < letters.n ? letters.data[i] : '\0';
    }
    return compile(cache, text, &flags);
}

// @return DM_OK where it matches at or behind `from`, DM_END where not
static enum dm_status
match(struct dm_regex_cache *cache, struct dm_str text, size_t from)
{
    const int rc =
        pcre2_match(cache->code, (PCRE2_SPTR)(text.n ? text.data : ""), text.n,
                    from, 0, cache->match, cache->matching);
    if (rc >= 0) {
        return DM_OK;
    }
    switch (rc) {
    case PCRE2_ERROR_NOMATCH:
        return DM_END;
    case PCRE2_ERROR_MATCHLIMIT:
    case PCRE2_ERROR_DEPTHLIMIT:
    case PCRE2_ERROR_HEAPLIMIT:
        return DM_ERR_LIMIT;
    case PCRE2_ERROR_NOMEMORY:
        return DM_ERR_NO_MEMORY;
    default:
        return DM_ERR_ARGUMENT;
    }
}

DM_FUNCTION(regex)
{
    const struct dm_value *text = &call->args[0];
    if (!dm_value_is_text(text)) {
        return DM_ERR_ARGUMENT;
    }
    enum dm_status status = prepare(call->code->regex, &call->args[1],
                                    call->n_args > 2 ? &call->args[2] : NULL);
    if (status) {
        return status;
    }
    status = match(call->code->regex, text->term.value, 0);
    if (status && status != DM_END) {
        return status;
    }
    *ret = dm_value_boolean(status == DM_OK);
    return DM_OK;
}

// ----------------------------------------------------------- replace

// The group that "$N" at text[*at] means: as many digits as make the number of
// one there is; one digit at least. *at moves to the last digit.
static bool
read_group(struct dm_str text, size_t *at, uint32_t n_groups, uint32_t *ret)
{
    uint32_t group = 0;
    size_t n_digits = 0;
    for (size_t i = *at + 1; i < text.n; ++i) {
        const char c = text.data[i];
        if (c < '0' || c > '9') {
            break;
        }
        const uint32_t longer = group * 10 + (uint32_t)(c - '0');
        if (n_digits && longer > n_groups) {
            break;
        }
        group = longer;
        ++n_digits;
    }
    *at += n_digits;
    *ret = group;
    return n_digits > 0;
}

// Append the replacement for the present match: $N is a group's text, "\$" and
// "\\" are themselves, anything else behind either is an error (FORX0004).
static enum dm_status
put_replacement(const struct dm_regex_cache *cache, struct dm_str text,
                struct dm_str replacement, struct dm_buf *buf)
{
    const PCRE2_SIZE *pairs = pcre2_get_ovector_pointer(cache->match);
    const uint32_t n_groups = pcre2_get_ovector_count(cache->match) - 1;
    if (cache->is_literal) {
        (void)dm_buf_put_str(buf, replacement);
        return DM_OK;
    }
    for (size_t i = 0; i < replacement.n; ++i) {
        const char c = replacement.data[i];
        uint32_t group = 0;
        if (c == '\\') {
            ++i;
            if (i == replacement.n ||
                (replacement.data[i] != '\\' && replacement.data[i] != '$')) {
                return DM_ERR_ARGUMENT;
            }
            (void)dm_buf_putc(buf, replacement.data[i]);
        } else if (c != '$') {
            (void)dm_buf_putc(buf, c);
        } else if (!read_group(replacement, &i, n_groups, &group)) {
            return DM_ERR_ARGUMENT;
        } else if (group <= n_groups &&
                   pairs[2 * (size_t)group] != PCRE2_UNSET) {
            const size_t from = pairs[2 * (size_t)group];
            const size_t until = pairs[2 * (size_t)group + 1];
            (void)dm_buf_put_str(buf, dm_str_slice(text, from, until - from));
        }
    }
    return DM_OK;
}

static enum dm_status
replace_all(struct dm_regex_cache *cache, struct dm_str text,
            struct dm_str replacement, struct dm_buf *buf)
{
    size_t from = 0;
    for (;;) {
        enum dm_status status = match(cache, text, from);
        if (status == DM_END) {
            break;
        }
        if (status) {
            return status;
        }
        const PCRE2_SIZE *pairs = pcre2_get_ovector_pointer(cache->match);
        // A pattern that matches nothing would match everywhere (FORX0003)
        if (pairs[1] <= pairs[0]) {
            return DM_ERR_ARGUMENT;
        }
        (void)dm_buf_put_str(buf, dm_str_slice(text, from, pairs[0] - from));
        from = pairs[1];
        status = put_replacement(cache, text, replacement, buf);
        if (status || buf->status) {
            return status ? status : buf->status;
        }
    }
    return dm_buf_put_str(buf, dm_str_slice(text, from, text.n - from));
}

DM_FUNCTION(replace)
{
    const struct dm_value *text = &call->args[0];
    const struct dm_value *replacement = &call->args[2];
    if (!dm_value_is_text(text) || replacement->kind != DM_VALUE_STRING) {
        return DM_ERR_ARGUMENT;
    }
    enum dm_status status = prepare(call->code->regex, &call->args[1],
                                    call->n_args > 3 ? &call->args[3] : NULL);
    if (status) {
        return status;
    }
    struct dm_buf buf = {0};
    dm_buf_init(&buf, DM_TEXT_MAX);
    status = replace_all(call->code->regex, text->term.value,
                         replacement->term.value, &buf);
    if (!status) {
        const struct dm_str copy =
            dm_arena_copy(call->eval->arena, dm_buf_str(&buf));
        if (copy.data) {
            dm_value_set_text(ret, copy, text);
        } else {
            status = DM_ERR_NO_MEMORY;
        }
    }
    dm_buf_done(&buf);
    return status;
}
