// SPDX-License-Identifier: ISC

#include "checks/run.h"

#include "tests/check.h"

#include <string.h>

// Results as letters (o w c u s l), and after each whether the next run is a
// retry (r), the check fails (f), or neither (.)
static void
check_run(uint32_t retries, const char *results, const char *want)
{
    static const char letters[] = "owcusl";
    static const enum dm_verdict verdicts[] = {
        DM_VERDICT_OK,      DM_VERDICT_WARNING, DM_VERDICT_CRITICAL,
        DM_VERDICT_UNKNOWN, DM_VERDICT_STARTED, DM_VERDICT_LOGGED};
    struct dm_bad_run run = {0};
    for (size_t i = 0; results[i]; ++i) {
        const size_t which = (size_t)(strchr(letters, results[i]) - letters);
        const bool retry = dm_bad_run_count(&run, verdicts[which], retries);
        const bool fails = dm_bad_run_is_failing(&run, retries);
        CHECK_INT(retry ? 'r' : fails ? 'f' : '.', want[i]);
    }
}

static void
a_check_fails_after_more_bad_results_than_retries(void)
{
    check_run(2, "wcwco", "rrff.");
    check_run(0, "wowo", "f.f.");
    check_run(2, "cocco", "r.rr.");
}

static void
unknown_neither_counts_nor_breaks_the_run(void)
{
    check_run(2, "cucuc", "r.r.f");
    check_run(2, "uuuu", "....");
    check_run(1, "ccuo", "rff.");
}

static void
what_is_no_result_does_nothing(void)
{
    check_run(1, "cslc", "r..f");
}

static void
the_count_ends_at_its_maximum(void)
{
    struct dm_bad_run run = {.bad = UINT32_MAX};
    (void)dm_bad_run_count(&run, DM_VERDICT_CRITICAL, 2);
    CHECK(run.bad == UINT32_MAX);
}

int
main(void)
{
    a_check_fails_after_more_bad_results_than_retries();
    unknown_neither_counts_nor_breaks_the_run();
    what_is_no_result_does_nothing();
    the_count_ends_at_its_maximum();
    return 0;
}
