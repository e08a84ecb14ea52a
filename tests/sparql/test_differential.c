// SPDX-License-Identifier: ISC

// Random algebra over random data: every way of executing it equals the naive
// one. test_differential [FIRST SEED [HOW MANY]]

#include "tests/check.h"
#include "tests/sparql/differential.h"

#define STORES 40U
#define QUERIES 50U
#define DEPTH 4U

int
main(int argc, char **argv)
{
    const uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    const uint64_t n = argc > 2 ? strtoull(argv[2], NULL, 10) : STORES;
    size_t n_told = 0;
    for (uint64_t seed = first; seed < first + n; ++seed) {
        struct differential both;
        struct random_source source = {
            .state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1};
        differential_open(&both, &source);
        for (unsigned i = 0; i < QUERIES; ++i) {
            struct dm_arena arena = {0};
            dm_arena_init(&arena, SIZE_MAX, NULL);
            const struct dm_alg *alg = random_algebra(&source, &arena, DEPTH);
            n_told += differential_check(&both, alg) ? 1 : 0;
            dm_arena_done(&arena);
        }
        differential_close(&both);
    }
    (void)printf("%zu of %zu queries compared\n", n_told, (size_t)n * QUERIES);
    CHECK(n_told > n * QUERIES / 2);
    return 0;
}
