// SPDX-License-Identifier: ISC

#include "base/never.h"
#include "tests/check.h"

#include <string.h>

#ifdef DM_NEVER_ABORTS
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void
a_test_build_ends_at_the_place(void)
{
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        CHECK(freopen("/dev/null", "w", stderr));
        _exit(DM_NEVER(child == 0) ? 1 : 2);
    }
    int how = 0;
    CHECK(waitpid(child, &how, 0) == child);
    CHECK(WIFSIGNALED(how) && WTERMSIG(how) == SIGABRT);
}
#else
static void
a_release_build_counts_and_remembers_the_first(void)
{
    const int odd = 3;
    CHECK(DM_NEVER(odd % 2 == 1));
    CHECK(!DM_ALWAYS(odd % 2 == 0));
    CHECK_INT((int64_t)dm_never_count(), 2);
    CHECK(strstr(dm_never_first(), "test_never.c"));
    CHECK(strstr(dm_never_first(), "odd % 2 == 1"));
}
#endif

static void
what_is_as_it_should_be_leaves_no_trace(void)
{
    const int odd = 3;
    CHECK(!DM_NEVER(odd % 2 == 0));
    CHECK(DM_ALWAYS(odd % 2 == 1));
    CHECK_INT((int64_t)dm_never_count(), 0);
    CHECK(strcmp(dm_never_first(), "") == 0);
}

int
main(void)
{
    what_is_as_it_should_be_leaves_no_trace();
#ifdef DM_NEVER_ABORTS
    a_test_build_ends_at_the_place();
#else
    a_release_build_counts_and_remembers_the_first();
#endif
    return 0;
}
