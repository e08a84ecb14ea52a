// SPDX-License-Identifier: ISC

#ifndef DM_CLI_OPTIONS_H
#define DM_CLI_OPTIONS_H

/**
 * @file
 * The options that every command knows; before or after the command.
 */

#include "base/attr.h"
#include "cli/cli.h"

#include <stdbool.h>
#include <stddef.h>

DM_BEGIN_DECLS

/**
 * Take the common options out of a command line.
 *
 * @param words Room for argc + 1; filled with what is left, NULL-terminated.
 *        Behind "--" nothing is taken.
 * @return false after a complaint about wrong usage.
 */
bool dm_options_read(struct dm_cli_options *options, int argc, char **argv,
                     char **words, size_t *ret_n) DM_NODISCARD;

DM_END_DECLS

#endif // DM_CLI_OPTIONS_H
