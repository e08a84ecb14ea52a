// SPDX-License-Identifier: ISC

#include "base/buf.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/json_read.h"
#include "cli/paths.h"
#include "daemon/identity.h"
#include "sync/key.h"
#include "vocab/config.h"

#include <jansson.h>

#include <stdio.h>

#define PATH_MAX_BYTES 4096U

// ---------------------------------------------------------- without a daemon

// The name that the files say, or null: files with errors say nothing about
// the name that is in force
static json_t *
name_of(const struct dm_cli *cli)
{
    char host[DM_HOST_NAME_SIZE];
    dm_host_name(host);
    const struct dm_config_options options = {
        .env = cli->env, .directory = cli->config, .node_name = dm_str(host)};
    struct dm_config_report *report = dm_config_report_new();
    struct dm_config *config = NULL;
    json_t *name = NULL;
    if (report && dm_config_load(&options, report, &config) == DM_OK) {
        name = json_stringn(config->node.name.data, config->node.name.n);
    }
    dm_config_unref(config);
    dm_config_report_free(report);
    return name ? name : json_null();
}

// From the key and the files: nobody listens, so there is no URL
static json_t *
document_of_key(const struct dm_cli *cli, const struct dm_key *key)
{
    char name[DM_KEY_NAME_SIZE];
    char iri[DM_KEY_IRI_SIZE];
    char peer_id[DM_KEY_PEER_ID_SIZE];
    char pin[DM_PIN_SIZE];
    struct dm_identity identity;
    if (dm_node_identity(key, &identity)) {
        return NULL;
    }
    dm_pin_format(identity.pin, pin);
    dm_identity_done(&identity);
    dm_key_name(dm_key_public(key), name);
    dm_key_iri(dm_key_public(key), iri);
    dm_key_peer_id(dm_key_public(key), peer_id);
    return json_pack("{s:o,s:s,s:s,s:s,s:s,s:[]}", "name", name_of(cli), "iri",
                     iri, "log", name, "peerId", peer_id, "pin", pin, "urls");
}

static json_t *
read_key(const struct dm_cli *cli, int *ret_exit)
{
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
        *ret_exit = status == DM_ERR_PERMISSION ? DM_EXIT_REFUSED : DM_EXIT_NO;
        return NULL;
    }
    json_t *document = document_of_key(cli, key);
    dm_key_free(key);
    if (!document) {
        dm_complain("%s", dm_status_text(DM_ERR_NO_MEMORY));
        *ret_exit = DM_EXIT_FAULT;
    }
    return document;
}

// ------------------------------------------------------------------ for people

static void
print_line(const char *title, struct dm_str text)
{
    (void)printf("  %-8s %.*s\n", title, (int)text.n, text.data);
}

static void
print_people(const json_t *document)
{
    const struct dm_str name = dm_json_str(document, "name");
    const json_t *urls = json_object_get(document, "urls");
    (void)printf("%.*s\n", (int)name.n, name.n ? name.data : "");
    print_line("log", dm_json_str(document, "iri"));
    print_line("peer id", dm_json_str(document, "peerId"));
    print_line("pin", dm_json_str(document, "pin"));
    for (size_t i = 0; i < json_array_size(urls); ++i) {
        print_line("url", dm_str(json_string_value(json_array_get(urls, i))));
    }
    if (!json_array_size(urls)) {
        (void)printf("  nobody else can dial it: it listens on this machine "
                     "only, or does not run\n");
    }
}

static json_t *
ask_daemon(struct dm_cli *cli, bool *ret_is_there, int *ret_exit)
{
    const struct dm_call call = {
        .method = "GET", .path = "/api/v1/id", .accept = "application/json"};
    struct dm_answer answer;
    struct dm_client *client = dm_client_new(cli);
    if (!client) {
        *ret_is_there = true;
        *ret_exit = DM_EXIT_FAULT;
        return NULL;
    }
    json_t *document = NULL;
    (void)dm_client_ask(client, &call, &answer);
    *ret_is_there = answer.status != 0 || cli->options.url;
    if (*ret_is_there) {
        *ret_exit = dm_answer_exit(cli, &answer);
        if (*ret_exit == DM_EXIT_DONE) {
            document =
                json_loadb(dm_buf_cstr(&answer.body), answer.body.n, 0, NULL);
            if (!document) {
                dm_complain("the daemon's answer is no JSON");
                *ret_exit = DM_EXIT_FAULT;
            }
        }
    }
    dm_answer_done(&answer);
    dm_client_free(client);
    return document;
}

// The daemon knows best; where none runs, the key says who it would be
int
dm_cmd_id(struct dm_cli *cli)
{
    if (cli->n_arguments) {
        return dm_misuse(cli, "cannot take \"%s\"", cli->arguments[0]);
    }
    int code = DM_EXIT_DONE;
    bool is_there = false;
    json_t *document = ask_daemon(cli, &is_there, &code);
    if (!is_there) {
        document = read_key(cli, &code);
    }
    if (!document) {
        return code;
    }
    if (cli->options.json) {
        (void)json_dumpf(document, stdout, JSON_COMPACT);
        (void)fputc('\n', stdout);
    } else {
        print_people(document);
    }
    json_decref(document);
    return DM_EXIT_DONE;
}
