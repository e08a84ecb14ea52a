// SPDX-License-Identifier: ISC

#include "base/buf.h"
#include "cli/commands.h"
#include "cli/paths.h"
#include "sync/key.h"
#include "vocab/config.h"

#include <jansson.h>

#include <stdio.h>

#define PATH_MAX_BYTES 4096U

static void
print_json(const struct dm_cli *cli, const char *iri, const char *log,
           const char *peer_id)
{
    char host[DM_HOST_NAME_SIZE];
    dm_host_name(host);
    const struct dm_config_options options = {
        .env = cli->env, .directory = cli->config, .node_name = dm_str(host)};
    struct dm_config_report *report = dm_config_report_new();
    struct dm_config *config = NULL;
    // Files with errors say nothing about the name that is in force
    const bool has_name =
        report && dm_config_load(&options, report, &config) == DM_OK;
    const struct dm_str name =
        has_name ? config->node.name : (struct dm_str){"", 0};
    json_t *document =
        json_pack("{s:s%,s:s,s:s,s:s,s:[]}", "name", name.data, name.n, "iri",
                  iri, "log", log, "peerId", peer_id, "urls");
    if (!has_name) {
        (void)json_object_set_new(document, "name", json_null());
    }
    (void)json_dumpf(document, stdout, JSON_COMPACT);
    (void)fputc('\n', stdout);
    json_decref(document);
    dm_config_unref(config);
    dm_config_report_free(report);
}

// From the key and the files: no daemon is needed
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
        print_json(cli, iri, name, peer_id);
    } else {
        (void)printf("%s\npeer id  %s\n", iri, peer_id);
    }
    return DM_EXIT_DONE;
}
