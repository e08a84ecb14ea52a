// SPDX-License-Identifier: ISC

#include "vocab/parts.h"

#include "base/alloc.h"
#include "rdf/writer.h"
#include "tests/unit/vocab/texts.h"
#include "vocab/normal.h"

#include <stdlib.h>
#include <string.h>

#define NOBODY SIZE_MAX

// `n` checks with the numbers from `first` on; one of them with another :every
static struct dm_config *
load_many(size_t first, size_t n, size_t changed)
{
    struct dm_buf text;
    dm_buf_init(&text, TEXT_MAX);
    (void)dm_buf_puts(&text, PREFIX ":this :title \"A node\" .\n");
    for (size_t i = first; i < first + n; ++i) {
        (void)dm_buf_printf(&text,
                            "<check%zu> a :HttpCheck ; :every \"%s\" ; "
                            ":url \"https://%zu.example/\" .\n",
                            i, i == changed ? "7s" : "30s", i);
    }
    struct dm_config *config = load_text(dm_buf_str(&text));
    dm_buf_done(&text);
    return config;
}

static struct dm_config_parts
make(const struct dm_config *config)
{
    struct dm_config_parts parts;
    CHECK_INT(dm_config_parts_make(config, &parts), DM_OK);
    return parts;
}

static struct dm_config_parts
make_many(size_t first, size_t n, size_t changed)
{
    struct dm_config *config = load_many(first, n, changed);
    const struct dm_config_parts parts = make(config);
    dm_config_unref(config);
    return parts;
}

static bool
has_part(const struct dm_config_parts *parts, struct dm_str text)
{
    for (size_t i = 0; i < parts->n; ++i) {
        if (dm_str_equal(parts->parts[i].text, text)) {
            return true;
        }
    }
    return false;
}

// How many parts of `a` are not in `b`
static size_t
count_others(const struct dm_config_parts *a, const struct dm_config_parts *b)
{
    size_t n = 0;
    for (size_t i = 0; i < a->n; ++i) {
        n += has_part(b, a->parts[i].text) ? 0 : 1;
    }
    return n;
}

struct lines {
    struct dm_str *items;
    size_t n;
    size_t capacity;
};

static void
split(struct dm_str text, struct lines *ret)
{
    while (text.n) {
        const size_t end = dm_str_find(text, dm_str("\n")) + 1;
        ret->items = dm_grow(ret->items, &ret->capacity, ret->n + 1,
                             sizeof(*ret->items), SIZE_MAX / 64);
        CHECK(ret->items);
        ret->items[ret->n++] = dm_str_slice(text, 0, end);
        text = dm_str_slice(text, end, text.n);
    }
}

static int
compare(const void *a, const void *b)
{
    return dm_str_compare(*(const struct dm_str *)a, *(const struct dm_str *)b);
}

static enum dm_status
put_quad(void *context, const struct dm_quad *quad)
{
    return dm_write_quad(quad, context);
}

static void
the_parts_together_are_what_is_published(void)
{
    struct dm_config *config = load_many(0, 300, NOBODY);
    struct dm_config_parts parts = make(config);
    struct dm_buf whole;
    struct lines want = {0};
    struct lines got = {0};
    dm_buf_init(&whole, TEXT_MAX);
    CHECK_INT(dm_config_quads(config, put_quad, &whole), DM_OK);
    split(dm_buf_str(&whole), &want);
    for (size_t i = 0; i < parts.n; ++i) {
        const size_t from = got.n;
        split(parts.parts[i].text, &got);
        CHECK(got.n > from && got.n - from == parts.parts[i].n_quads);
        for (size_t k = from + 1; k < got.n; ++k) {
            CHECK(dm_str_compare(got.items[k - 1], got.items[k]) < 0);
        }
    }
    CHECK(got.n == want.n && got.n == parts.n_quads);
    CHECK(got.items && want.items);
    qsort(want.items, want.n, sizeof(*want.items), compare);
    qsort(got.items, got.n, sizeof(*got.items), compare);
    for (size_t i = 0; i < want.n; ++i) {
        CHECK(dm_str_equal(want.items[i], got.items[i]));
    }
    dm_free(want.items);
    dm_free(got.items);
    dm_buf_done(&whole);
    dm_config_parts_done(&parts);
    dm_config_unref(config);
}

static void
the_node_is_a_part_and_few_checks_are_few_parts(void)
{
    struct dm_config_parts parts = make_many(0, 0, NOBODY);
    CHECK_INT((int64_t)parts.n, 1);
    CHECK(dm_str_starts(parts.parts[0].text, dm_str("<" NODE "> ")));
    struct dm_config_parts more = make_many(0, 6, NOBODY);
    CHECK(more.n >= 2 && more.n <= 4);
    CHECK(dm_str_equal(more.parts[0].text, parts.parts[0].text));
    dm_config_parts_done(&parts);
    dm_config_parts_done(&more);
}

static void
a_changed_check_changes_one_part(void)
{
    struct dm_config_parts before = make_many(0, 200, NOBODY);
    CHECK(before.n > 10);
    for (size_t i = 0; i < 200; i += 20) {
        struct dm_config_parts after = make_many(0, 200, i);
        CHECK_INT((int64_t)after.n, (int64_t)before.n);
        CHECK_INT((int64_t)count_others(&after, &before), 1);
        dm_config_parts_done(&after);
    }
    struct dm_config_parts again = make_many(0, 200, NOBODY);
    CHECK_INT((int64_t)count_others(&again, &before), 0);
    dm_config_parts_done(&again);
    dm_config_parts_done(&before);
}

static void
an_added_check_changes_one_part_or_splits_one(void)
{
    for (size_t n = 100; n < 120; ++n) {
        struct dm_config_parts before = make_many(0, n, NOBODY);
        struct dm_config_parts after = make_many(0, n + 1, NOBODY);
        CHECK(count_others(&after, &before) <= 2);
        CHECK(count_others(&before, &after) <= 1);
        dm_config_parts_done(&before);
        dm_config_parts_done(&after);
    }
}

static void
many_checks_are_no_more_parts_than_a_manifest_may_have(void)
{
    struct dm_config_parts parts = make_many(0, 4000, NOBODY);
    CHECK(parts.n <= DM_CONFIG_PARTS_MAX && parts.n > 100);
    struct dm_config_parts after = make_many(0, 4000, 2000);
    CHECK_INT((int64_t)count_others(&after, &parts), 1);
    dm_config_parts_done(&parts);
    dm_config_parts_done(&after);
}

// Texts of 40,000 bytes: so a dozen of them fill a part
static void
large_definitions_do_not_make_large_parts(void)
{
    struct dm_buf text;
    dm_buf_init(&text, TEXT_MAX);
    (void)dm_buf_puts(&text, PREFIX);
    for (size_t i = 0; i < 40; ++i) {
        (void)dm_buf_printf(&text,
                            "<check%zu> a :HttpCheck ; :url "
                            "\"https://a.example/\" ; :body \"%040000zu\" .\n",
                            i, i);
    }
    struct dm_config *config = load_text(dm_buf_str(&text));
    struct dm_config_parts parts = make(config);
    for (size_t i = 0; i < parts.n; ++i) {
        CHECK(parts.parts[i].text.n <= DM_CONFIG_PART_BYTES);
    }
    dm_config_parts_done(&parts);
    dm_config_unref(config);
    dm_buf_done(&text);
}

static void
each_allocation_may_fail(void)
{
    struct dm_config *config = load_many(0, 20, NOBODY);
    const size_t before = dm_alloc_count();
    struct dm_config_parts parts = make(config);
    const size_t n = dm_alloc_count() - before;
    dm_config_parts_done(&parts);
    for (size_t i = 0; i < n; ++i) {
        dm_alloc_fail_after(i);
        const enum dm_status status = dm_config_parts_make(config, &parts);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        CHECK_INT(status, DM_ERR_NO_MEMORY);
    }
    dm_config_unref(config);
}

int
main(void)
{
    the_parts_together_are_what_is_published();
    the_node_is_a_part_and_few_checks_are_few_parts();
    a_changed_check_changes_one_part();
    an_added_check_changes_one_part_or_splits_one();
    many_checks_are_no_more_parts_than_a_manifest_may_have();
    large_definitions_do_not_make_large_parts();
    each_allocation_may_fail();
    return 0;
}
