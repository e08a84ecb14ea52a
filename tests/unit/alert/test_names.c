// SPDX-License-Identifier: ISC

#include "alert/present_private.h"

#include "base/alloc.h"
#include "tests/check.h"

#include <string.h>

#define LOGS_MAX 8
#define ARENA_MAX (1U << 20U)

struct one {
    const char *iri;
    const char *claimed;
    const char *want;
};

static void
check_names(const struct one *ones, size_t n)
{
    struct dm_view_log logs[LOGS_MAX];
    struct dm_arena arena;
    dm_arena_init(&arena, ARENA_MAX, NULL);
    for (size_t turn = 0; turn < n; ++turn) {
        for (size_t i = 0; i < n; ++i) {
            const struct one *one = &ones[(i + turn) % n];
            logs[i] = (struct dm_view_log){.iri = dm_str(one->iri),
                                           .name = dm_str(one->claimed)};
        }
        CHECK_INT(dm_present_names(logs, n, &arena), DM_OK);
        for (size_t i = 0; i < n; ++i) {
            const struct one *one = &ones[(i + turn) % n];
            if (!dm_str_is(logs[i].name, one->want)) {
                (void)fprintf(stderr, "%s is called %.*s\n", one->iri,
                              (int)logs[i].name.n, logs[i].name.data);
            }
            CHECK(dm_str_is(logs[i].name, one->want));
            CHECK(logs[i].is_renamed == (strcmp(one->claimed, one->want) != 0));
        }
    }
    dm_arena_done(&arena);
}

static void
a_name_that_nobody_else_claims_stays(void)
{
    static const struct one ones[] = {{"ipns://k51aaaa", "fra", "fra"},
                                      {"ipns://k51bbbb", "carbon", "carbon"}};
    check_names(ones, DM_COUNT_OF(ones));
    check_names(ones, 1);
}

static void
all_that_claim_one_name_get_a_suffix_of_their_key(void)
{
    static const struct one ones[] = {
        {"ipns://k51xaaaa", "fra", "fra-aaaa"},
        {"ipns://k51ybbbb", "fra", "fra-bbbb"},
        {"ipns://k51zcccc", "fra", "fra-cccc"},
        {"ipns://k51dddd", "carbon", "carbon"},
    };
    check_names(ones, DM_COUNT_OF(ones));
}

static void
a_suffix_is_as_long_as_it_has_to_be(void)
{
    static const struct one ones[] = {
        {"ipns://k51q1234567xaaaa", "fra", "fra-xaaaa"},
        {"ipns://k51q1234567yaaaa", "fra", "fra-yaaaa"},
        {"ipns://k51q1234567zbbbb", "fra", "fra-bbbb"},
    };
    check_names(ones, DM_COUNT_OF(ones));
    static const struct one alike[] = {
        {"ipns://k51p123456789", "fra", "fra-k51p123456789"},
        {"ipns://k51q123456789", "fra", "fra-k51q123456789"},
    };
    check_names(alike, DM_COUNT_OF(alike));
}

static void
who_claims_anothers_suffix_gets_one_too(void)
{
    static const struct one ones[] = {
        {"ipns://k51xaaaa", "fra", "fra-xaaaa"},
        {"ipns://k51ybbbb", "fra", "fra-bbbb"},
        {"ipns://k51zcccc", "fra-aaaa", "fra-aaaa-cccc"},
    };
    check_names(ones, DM_COUNT_OF(ones));
}

static void
each_allocation_may_fail(void)
{
    const struct dm_view_log logs[] = {
        {.iri = DM_STR("ipns://k51xaaaa"), .name = DM_STR("fra")},
        {.iri = DM_STR("ipns://k51ybbbb"), .name = DM_STR("fra")}};
    for (size_t i = 0;; ++i) {
        struct dm_view_log copy[2];
        struct dm_arena arena;
        memcpy(copy, logs, sizeof(logs));
        dm_arena_init(&arena, ARENA_MAX, NULL);
        dm_alloc_fail_after(i);
        const enum dm_status status = dm_present_names(copy, 2, &arena);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        dm_arena_done(&arena);
        if (!status) {
            CHECK(i > 2);
            break;
        }
        CHECK_INT(status, DM_ERR_NO_MEMORY);
        CHECK(dm_str_is(copy[0].name, "fra"));
    }
}

int
main(void)
{
    a_name_that_nobody_else_claims_stays();
    all_that_claim_one_name_get_a_suffix_of_their_key();
    a_suffix_is_as_long_as_it_has_to_be();
    who_claims_anothers_suffix_gets_one_too();
    each_allocation_may_fail();
    return 0;
}
