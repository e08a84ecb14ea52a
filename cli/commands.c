// SPDX-License-Identifier: ISC

#include "cli/commands.h"

// In the order in which a new user meets them
const struct dm_command dm_commands[] = {
    {"init", "[--name N] [--site IRI]", "Write the first files of a node", "",
     dm_cmd_init},
    {"run", "[--listen ADDR] [--once]", "Run the daemon in the foreground",
     "SIGHUP loads the configuration anew. Exit codes: 0 after SIGTERM, 75\n"
     "another instance holds the data, 78 the configuration is invalid.\n",
     dm_cmd_run},
    {"id", "", "Name, key and addresses of this node", "", dm_cmd_id},
};
const size_t dm_n_commands = DM_COUNT_OF(dm_commands);
