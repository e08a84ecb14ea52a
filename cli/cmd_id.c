// SPDX-License-Identifier: ISC

#include "base/buf.h"
#include "cli/commands.h"
#include "sync/key.h"

#include <stdio.h>

#define PATH_MAX_BYTES 4096U

// From the key alone: no daemon is needed
int
dm_cmd_id(struct dm_cli *cli)
{
    if (cli->n_arguments) {
        return dm_misuse(cli, "cannot take \"%s\"", cli->arguments[0]);
    }
    struct dm_buf path;
    struct dm_key *key = NULL;
    struct dm_error error = {0};
    dm_buf_init(&path, PATH_MAX_BYTES);
    (void)dm_buf_printf(&path, "%s/key", cli->data);
    const enum dm_status status =
        dm_key_load(cli->env, dm_buf_cstr(&path), &key, &error);
    dm_buf_done(&path);
    if (status) {
        dm_complain_error(&error);
        return status == DM_ERR_PERMISSION ? DM_EXIT_REFUSED : DM_EXIT_NO;
    }
    char name[DM_KEY_NAME_SIZE];
    char iri[DM_KEY_IRI_SIZE];
    char peer_id[DM_KEY_PEER_ID_SIZE];
    dm_key_name(dm_key_public(key), name);
    dm_key_iri(dm_key_public(key), iri);
    dm_key_peer_id(dm_key_public(key), peer_id);
    dm_key_free(key);
    if (cli->options.json) {
        (void)printf("{\"iri\":\"%s\",\"log\":\"%s\",\"peerId\":\"%s\","
                     "\"urls\":[]}\n",
                     iri, name, peer_id);
    } else {
        (void)printf("%s\npeer id  %s\n", iri, peer_id);
    }
    return DM_EXIT_DONE;
}
