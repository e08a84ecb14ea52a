// SPDX-License-Identifier: ISC

// Three nodes in the simulator: seeds of an hour with trouble, and the faults
// that must be found (tests/sim/three.h says what is asked).
//
// Usage: sim_three [--seeds N] [--first SEED] [--checks N] [--minutes N]
// [--prune] [--fault NAME] [--loud]; without --first, --fault and --loud the
// planted faults are looked for, too.

#include "base/time.h"
#include "sim/fault.h"
#include "tests/check.h"
#include "tests/sim/three.h"

#include <inttypes.h>
#include <string.h>

#define MINUTE_NS (60 * DM_NS_PER_SECOND)
#define FEW_CHECKS 5
#define LONG_MINUTES 100 // For blocks to be older than they are kept

// Where each fault shows, so that no run has to look for it
static const struct {
    const char *name;
    uint64_t seed;
    uint64_t minutes;
} planted[] = {
    {"skip a signature check", 5, 5},
    {"serve a log before it is durable", 2, 25},
    {"accept a foreign graph", 1, 1},
    {"compare latest by at", 2, 60},
    {"forget the guard", 3, 25},
    {"resolve on stale", 1, 50},
    {"lose a block between cursor and commit", 1, 1},
};

struct arguments {
    bool is_test; // No --first, --fault, --loud
    uint64_t first;
    uint64_t n_seeds;
    uint64_t n_checks;
    uint64_t minutes;
    bool prunes;
    const char *fault;
    bool is_loud;
};

static void
play(const struct arguments *arguments, uint64_t seed,
     struct three_outcome *outcome)
{
    const struct three_options options = {
        .seed = seed,
        .trouble_ns = (int64_t)arguments->minutes * MINUTE_NS,
        .n_checks = (unsigned)arguments->n_checks,
        .sets_clocks = seed % 2 == 0,
        .restores_heads = seed % 3 == 0,
        .prunes = arguments->prunes,
        .has_hostile = seed % 4 == 1,
        .is_loud = arguments->is_loud,
    };
    three_play(&options, outcome);
    const bool is_expected = arguments->is_test && arguments->fault;
    if (arguments->is_loud || (outcome->status != DM_OK && !is_expected)) {
        (void)fprintf(
            stderr,
            "seed %" PRIu64 ": %s: %s (%s); %" PRIu64 " steps, %" PRIu64
            " boots, %" PRIu64 " restored, %" PRIu64 " entries, %" PRIu64
            " events, %" PRIu64 " flips of which %" PRIu64 " stayed, %" PRIu64
            " pruned, %" PRIu64 " told, %" PRIu64 " forged, %" PRIu64
            " foreign\n",
            seed, outcome->error.where, outcome->error.what,
            outcome->error.detail, outcome->n_steps, outcome->n_boots,
            outcome->n_restored, outcome->logs.n_entries,
            outcome->logs.n_events, outcome->logs.n_flips,
            outcome->logs.n_flips_found, outcome->logs.n_pruned,
            outcome->n_notified, outcome->n_forged, outcome->n_foreign);
    }
}

static bool
read_number(const char *text, uint64_t *ret)
{
    char *end = NULL;
    *ret = strtoull(text, &end, 10);
    return *text && !*end;
}

static bool
read_arguments(int argc, char **argv, struct arguments *ret)
{
    for (int i = 1; i < argc; ++i) {
        const char *name = argv[i];
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        uint64_t *number = NULL;
        if (strcmp(name, "--first") == 0) {
            number = &ret->first;
        } else if (strcmp(name, "--seeds") == 0) {
            number = &ret->n_seeds;
        } else if (strcmp(name, "--checks") == 0) {
            number = &ret->n_checks;
        } else if (strcmp(name, "--minutes") == 0) {
            number = &ret->minutes;
        }
        ret->is_test = ret->is_test && number != &ret->first &&
                       strcmp(name, "--fault") != 0 &&
                       strcmp(name, "--loud") != 0;
        if (number) {
            ++i;
            if (!read_number(value, number)) {
                return false;
            }
        } else if (strcmp(name, "--fault") == 0 && *value) {
            ret->fault = value;
            ++i;
        } else if (strcmp(name, "--prune") == 0) {
            ret->prunes = true;
            ret->minutes = LONG_MINUTES;
        } else if (strcmp(name, "--loud") == 0) {
            ret->is_loud = true;
        } else {
            return false;
        }
    }
    return ret->n_checks >= 3;
}

static void
a_seed_replays_exactly(const struct arguments *arguments)
{
    struct arguments own = *arguments;
    struct three_outcome first;
    struct three_outcome second;
    own.minutes = 10;
    play(&own, 1, &first);
    play(&own, 1, &second);
    CHECK(first.hash == second.hash);
    CHECK(first.n_steps == second.n_steps);
}

static void
every_planted_fault_is_found(const struct arguments *arguments)
{
    for (size_t i = 0; i < DM_COUNT_OF(planted); ++i) {
        struct arguments own = *arguments;
        struct three_outcome outcome;
        own.fault = planted[i].name;
        own.minutes = planted[i].minutes;
        own.n_checks = FEW_CHECKS;
        dm_sim_fault_plant(own.fault);
        play(&own, planted[i].seed, &outcome);
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
    struct arguments arguments = {.is_test = true,
                                  .first = 1,
                                  .n_seeds = 10,
                                  .n_checks = 50,
                                  .minutes = 60};
    if (!read_arguments(argc, argv, &arguments)) {
        (void)fputs("usage: sim_three [--seeds N] [--first SEED] [--checks N] "
                    "[--minutes N] [--prune] [--fault NAME] [--loud]\n",
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
        struct three_outcome outcome;
        play(&arguments, arguments.first + i, &outcome);
        n_failed += outcome.status == DM_OK ? 0 : 1;
    }
    return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
