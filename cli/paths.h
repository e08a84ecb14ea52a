// SPDX-License-Identifier: ISC

#ifndef DM_CLI_PATHS_H
#define DM_CLI_PATHS_H

/**
 * @file
 * Where configuration, data and control socket lie.
 *
 *   options, else $DEMONITOR_CONFIG and $DEMONITOR_DATA, else the package's
 * paths for root or whoever may open the package's socket, else the user's
 */

#include "base/attr.h"
#include "base/status.h"
#include "cli/cli.h"

DM_BEGIN_DECLS

/// Set config, data and socket of `cli`.
enum dm_status dm_paths_find(struct dm_cli *cli) DM_NODISCARD;
void dm_paths_free(struct dm_cli *cli);

/// The IRI of the own log, by the key in the data; "" where there is no key yet
void dm_own_log_iri(const struct dm_cli *cli, char *iri, size_t size);

/// Room for a host's name
#define DM_HOST_NAME_SIZE 256

/// The machine's name up to its first dot, "localhost" where it has none
void dm_host_name(char name[DM_HOST_NAME_SIZE]);

DM_END_DECLS

#endif // DM_CLI_PATHS_H
