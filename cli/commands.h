// SPDX-License-Identifier: ISC

#ifndef DM_CLI_COMMANDS_H
#define DM_CLI_COMMANDS_H

/**
 * @file
 * What each file cmd_NAME.c holds.
 */

#include "base/attr.h"
#include "cli/cli.h"

DM_BEGIN_DECLS

int dm_cmd_alerts(struct dm_cli *cli);
int dm_cmd_export(struct dm_cli *cli);
int dm_cmd_gateway(struct dm_cli *cli);
int dm_cmd_history(struct dm_cli *cli);
int dm_cmd_id(struct dm_cli *cli);
int dm_cmd_import(struct dm_cli *cli);
int dm_cmd_init(struct dm_cli *cli);
int dm_cmd_log(struct dm_cli *cli);
int dm_cmd_parse(struct dm_cli *cli);
int dm_cmd_peers(struct dm_cli *cli);
int dm_cmd_probe(struct dm_cli *cli);
int dm_cmd_query(struct dm_cli *cli);
int dm_cmd_rules(struct dm_cli *cli);
int dm_cmd_run(struct dm_cli *cli);
int dm_cmd_status(struct dm_cli *cli);
int dm_cmd_validate(struct dm_cli *cli);
int dm_cmd_watch(struct dm_cli *cli);

DM_END_DECLS

#endif // DM_CLI_COMMANDS_H
