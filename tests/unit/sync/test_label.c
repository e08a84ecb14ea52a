// SPDX-License-Identifier: ISC

#include "sync/label.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "tests/check.h"

static void
every_label_comes_back_from_its_one_spelling(void)
{
    struct dm_arena arena;
    dm_arena_init(&arena, 4096, NULL);
    for (unsigned c = 0; c < 256; ++c) {
        const char label[2] = {(char)(unsigned char)c, 'x'};
        struct dm_buf buf;
        dm_buf_init(&buf, 16);
        CHECK_INT(dm_label_put(dm_str_n(label, 2), &buf), DM_OK);
        CHECK(dm_label_is_encoded(dm_buf_str(&buf)));
        CHECK(dm_str_equal(dm_label_decode(dm_buf_str(&buf), &arena),
                           dm_str_n(label, 2)));
        dm_buf_clear(&buf);
        CHECK_INT(dm_name_put(dm_str_n(label, 2), &buf), DM_OK);
        CHECK(dm_name_is_encoded(dm_buf_str(&buf)));
        CHECK(dm_label_is_encoded(dm_buf_str(&buf)) == (c != '/'));
        dm_buf_done(&buf);
    }
    dm_arena_done(&arena);
}

static void
other_spellings_are_none(void)
{
    static const char *const texts[] = {"",    "%",        "%2",  "a%2", "%2g",
                                        "%2f", "%41",      "%7E", "a b", "a/b",
                                        "#",   "\xC3\xBC", "a%2"};
    for (size_t i = 0; i < DM_COUNT_OF(texts); ++i) {
        CHECK(!dm_label_is_encoded(dm_str(texts[i])));
    }
    CHECK(dm_name_is_encoded(dm_str("a/b%20c")));
    CHECK(!dm_name_is_encoded(dm_str("a%2Fb")));
    CHECK(!dm_name_is_encoded(dm_str("")));
}

static void
metrics_and_states_are_known_by_their_iris(void)
{
    struct dm_buf iri;
    CHECK_INT((int64_t)dm_metric_check(dm_str("a:b#c")), 3);
    CHECK_INT((int64_t)dm_metric_check(dm_str("a:b#")), 0);
    CHECK_INT((int64_t)dm_metric_check(dm_str("a:b#c#d")), 0);
    CHECK_INT((int64_t)dm_metric_check(dm_str("a:b")), 0);
    CHECK_INT((int64_t)dm_metric_check(dm_str("")), 0);
    dm_buf_init(&iri, 64);
    CHECK_INT(dm_state_iri_put(dm_str("ipns://k"), dm_str("a/b c"), &iri),
              DM_OK);
    CHECK(dm_str_is(dm_buf_str(&iri), "ipns://k#state:a/b%20c"));
    CHECK(dm_state_iri_is(dm_buf_str(&iri), dm_str("ipns://k")));
    CHECK(!dm_state_iri_is(dm_buf_str(&iri), dm_str("ipns://kk")));
    CHECK(!dm_state_iri_is(dm_buf_str(&iri), dm_str("ipns:/")));
    CHECK(!dm_state_iri_is(dm_str("ipns://k#state:"), dm_str("ipns://k")));
    dm_buf_done(&iri);
}

static void
without_memory_no_label_is_decoded(void)
{
    struct dm_arena arena;
    dm_arena_init(&arena, 4096, NULL);
    dm_alloc_fail_after(0);
    CHECK(!dm_label_decode(dm_str("a%20b"), &arena).data);
    CHECK(dm_str_is(dm_label_decode(dm_str("ab"), &arena), "ab"));
    dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
    dm_arena_done(&arena);
}

int
main(void)
{
    every_label_comes_back_from_its_one_spelling();
    other_spellings_are_none();
    metrics_and_states_are_known_by_their_iris();
    without_memory_no_label_is_decoded();
    return 0;
}
