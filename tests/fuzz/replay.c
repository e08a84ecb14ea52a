// SPDX-License-Identifier: ISC

// Runs a fuzz target once over each file of its corpus, where libFuzzer is not
// linked: what was found once is looked for in every test run.

#include "base/alloc.h"
#include "tests/check.h"

#include <dirent.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILE_MAX (1U << 20U)

static void
run(const char *directory, const char *name)
{
    char path[1024];
    const int n = snprintf(path, sizeof(path), "%s/%s", directory, name);
    CHECK(n > 0 && (size_t)n < sizeof(path));

    FILE *file = fopen(path, "rb");
    CHECK(file);
    uint8_t *data = dm_malloc(FILE_MAX);
    CHECK(data);
    const size_t size = fread(data, 1, FILE_MAX, file);
    CHECK(!ferror(file));
    (void)fclose(file);

    // An exact copy, so that reading over the end is seen
    uint8_t *exact = dm_malloc(size);
    CHECK(exact);
    memcpy(exact, data, size);
    dm_free(data);
    (void)LLVMFuzzerTestOneInput(exact, size);
    dm_free(exact);
}

int
main(int argc, char **argv)
{
    CHECK(argc == 2);
    DIR *directory = opendir(argv[1]);
    CHECK(directory);
    int files = 0;
    for (;;) {
        // NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is ours alone
        const struct dirent *entry = readdir(directory);
        if (!entry) {
            break;
        }
        if (entry->d_name[0] != '.') {
            run(argv[1], entry->d_name);
            ++files;
        }
    }
    (void)closedir(directory);
    CHECK(files > 0);
    return 0;
}
