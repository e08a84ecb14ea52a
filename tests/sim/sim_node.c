// SPDX-License-Identifier: ISC

// A whole node in the simulator: seeds of an hour with trouble, and the faults
// that must be found (tests/sim/scene.h says what is asked).
//
// Usage: sim_node [--seeds N] [--first SEED] [--day] [--fault NAME] [--loud];
// without --first, --fault and --loud the planted faults are looked for, too.

#include "base/time.h"
#include "sim/fault.h"
#include "tests/check.h"
#include "tests/sim/scene.h"

#include <inttypes.h>
#include <string.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define HAS_LEAK_SANITIZER
#include <sanitizer/lsan_interface.h>
#endif
#endif

#define HOUR_NS (3600 * DM_NS_PER_SECOND)
#define DAY_NS (24 * HOUR_NS)

// Where each fault shows, so that no run has to look for it
static const struct {
    const char *name;
    uint64_t seed;
} planted[] = {
    {"serve before COMMIT", 1},
    {"lose the latest row", 1},
    {"forget the union's de-duplication", 1},
    {"resolve on stale", 3},
    {"start `for` anew after a restart", 1},
    {"count unknown as bad", 1},
    {"run a due check twice", 1},
};

struct arguments {
    bool is_test; // No --first, --fault, --loud
    uint64_t first;
    uint64_t n_seeds;
    int64_t trouble_ns;
    const char *fault;
    bool is_loud;
};

static void
play(const struct arguments *arguments, uint64_t seed,
     struct scene_outcome *outcome)
{
    const struct scene_options options = {
        .seed = seed,
        .trouble_ns = arguments->trouble_ns,
        .sets_clocks = seed % 2 == 0,
        .has_kubo = seed % 5 == 2,
        .is_loud = arguments->is_loud,
    };
    scene_play(&options, outcome);
    const bool is_expected = arguments->is_test && arguments->fault;
    if (arguments->is_loud || (outcome->status != DM_OK && !is_expected)) {
        (void)fprintf(stderr,
                      "seed %" PRIu64 ": %s: %s (%s); %" PRIu64
                      " steps, %" PRIu64 " boots, %" PRIu64 " seen, %" PRIu64
                      " compared, %" PRIu64 " told\n",
                      seed, outcome->error.where, outcome->error.what,
                      outcome->error.detail, outcome->n_steps, outcome->n_boots,
                      outcome->n_seen, outcome->n_compared,
                      outcome->n_notified);
    }
}

static bool
read_arguments(int argc, char **argv, struct arguments *ret)
{
    for (int i = 1; i < argc; ++i) {
        const bool has_value = i + 1 < argc;
        ret->is_test = ret->is_test && strcmp(argv[i], "--first") != 0 &&
                       strcmp(argv[i], "--fault") != 0 &&
                       strcmp(argv[i], "--loud") != 0;
        if (strcmp(argv[i], "--day") == 0) {
            ret->trouble_ns = DAY_NS;
        } else if (strcmp(argv[i], "--loud") == 0) {
            ret->is_loud = true;
        } else if (strcmp(argv[i], "--seeds") == 0 && has_value) {
            ret->n_seeds = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--first") == 0 && has_value) {
            ret->first = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--fault") == 0 && has_value) {
            ret->fault = argv[++i];
        } else {
            return false;
        }
    }
    return true;
}

static void
a_seed_replays_exactly(const struct arguments *arguments)
{
    struct arguments own = *arguments;
    struct scene_outcome first;
    struct scene_outcome second;
    own.trouble_ns = HOUR_NS / 4;
    play(&own, 1, &first);
    play(&own, 1, &second);
    CHECK(first.hash == second.hash);
    CHECK(first.n_steps == second.n_steps);
}

// What a fault leaks by intent, such as the first of two runs of one check, is
// no leak of the node's.
static void
expect_leaks(bool is_expected)
{
#ifdef HAS_LEAK_SANITIZER
    if (is_expected) {
        __lsan_disable();
    } else {
        __lsan_enable();
    }
#endif
    (void)is_expected;
}

static void
every_planted_fault_is_found(const struct arguments *arguments)
{
    for (size_t i = 0; i < DM_COUNT_OF(planted); ++i) {
        struct arguments own = *arguments;
        struct scene_outcome outcome;
        own.fault = planted[i].name;
        own.trouble_ns = HOUR_NS;
        dm_sim_fault_plant(own.fault);
        expect_leaks(true);
        play(&own, planted[i].seed, &outcome);
        expect_leaks(false);
        if (outcome.status == DM_OK) {
            (void)fprintf(stderr, "not found: %s\n", own.fault);
            abort();
        }
        CHECK(dm_sim_fault_n_hits() > 0);
        (void)printf("found: %s: %s\n", own.fault, outcome.error.what);
        dm_sim_fault_clear();
    }
}

int
main(int argc, char **argv)
{
    struct arguments arguments = {
        .is_test = true, .first = 1, .n_seeds = 50, .trouble_ns = HOUR_NS};
    if (!read_arguments(argc, argv, &arguments)) {
        (void)fputs("usage: sim_node [--seeds N] [--first SEED] [--day] "
                    "[--fault NAME] [--loud]\n",
                    stderr);
        return EXIT_FAILURE;
    }
    if (arguments.is_test) {
        a_seed_replays_exactly(&arguments);
        every_planted_fault_is_found(&arguments);
    } else if (arguments.fault) {
        dm_sim_fault_plant(arguments.fault);
    }
    unsigned n_failed = 0;
    for (uint64_t i = 0; i < arguments.n_seeds; ++i) {
        struct scene_outcome outcome;
        play(&arguments, arguments.first + i, &outcome);
        n_failed += outcome.status == DM_OK ? 0 : 1;
    }
    return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
