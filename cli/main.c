// SPDX-License-Identifier: ISC

#include <stdio.h>
#include <string.h>

/// Exit codes of the command line
enum exit_code {
    EXIT_DONE = 0,
    EXIT_USAGE = 2,
    EXIT_FAULT = 5, ///< Input/output or internal
};

int
main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        const int written = printf("demonitor %s\n", DM_VERSION);
        return written < 0 || fflush(stdout) ? EXIT_FAULT : EXIT_DONE;
    }
    (void)fprintf(stderr, "usage: demonitor --version\n");
    return EXIT_USAGE;
}
