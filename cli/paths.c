// SPDX-License-Identifier: ISC

#include "cli/paths.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "sync/key.h"

#include <string.h>
#include <unistd.h>

#define PATH_MAX_BYTES 4096U
#define PACKAGE_CONFIG "/etc/demonitor"
#define PACKAGE_DATA "/var/lib/demonitor"
#define PACKAGE_RUNTIME "/run/demonitor"
#define PACKAGE_SOCKET PACKAGE_RUNTIME "/demonitor.sock"

static char *
copy(const char *text)
{
    return dm_strndup(text, strlen(text));
}

static char *
join(const char *directory, const char *name)
{
    struct dm_buf path;
    dm_buf_init(&path, PATH_MAX_BYTES);
    (void)dm_buf_printf(&path, "%s/%s", directory, name);
    return path.status ? NULL : dm_buf_take(&path, NULL);
}

// $VARIABLE/demonitor, else ~/FALLBACK/demonitor
static char *
user_path(const struct dm_cli *cli, const char *variable, const char *fallback)
{
    const char *base = dm_env_variable(cli->env, variable);
    if (base && base[0] == '/') {
        return join(base, "demonitor");
    }
    const char *home = dm_env_variable(cli->env, "HOME");
    char *under_home = join(home && home[0] ? home : "/", fallback);
    char *path = under_home ? join(under_home, "demonitor") : NULL;
    dm_free(under_home);
    return path;
}

static bool
uses_package(void)
{
    return geteuid() == 0 || access(PACKAGE_SOCKET, R_OK | W_OK) == 0;
}

static const char *
given(const struct dm_cli *cli, const char *option, const char *variable)
{
    return option ? option : dm_env_variable(cli->env, variable);
}

enum dm_status
dm_paths_find(struct dm_cli *cli)
{
    const char *config = given(cli, cli->options.config, "DEMONITOR_CONFIG");
    const char *data = given(cli, cli->options.data, "DEMONITOR_DATA");
    const bool package = uses_package();
    cli->config = config    ? copy(config)
                  : package ? copy(PACKAGE_CONFIG)
                            : user_path(cli, "XDG_CONFIG_HOME", ".config");
    cli->data = data      ? copy(data)
                : package ? copy(PACKAGE_DATA)
                          : user_path(cli, "XDG_DATA_HOME", ".local/share");
    if (!cli->config || !cli->data) {
        return DM_ERR_NO_MEMORY;
    }
    // The package's data has the package's socket, however it was chosen
    cli->socket = strcmp(cli->data, PACKAGE_DATA) == 0
                      ? copy(PACKAGE_SOCKET)
                      : join(cli->data, "demonitor.sock");
    if (!cli->socket) {
        return DM_ERR_NO_MEMORY;
    }
    // Without a run-time directory there is none: a start then asks a peer
    const char *runtime = dm_env_variable(cli->env, "XDG_RUNTIME_DIR");
    if (strcmp(cli->data, PACKAGE_DATA) == 0) {
        cli->guard = copy(PACKAGE_RUNTIME "/guard");
        return cli->guard ? DM_OK : DM_ERR_NO_MEMORY;
    }
    if (runtime && runtime[0] == '/') {
        cli->guard = join(runtime, "demonitor/guard");
        return cli->guard ? DM_OK : DM_ERR_NO_MEMORY;
    }
    return DM_OK;
}

void
dm_paths_free(struct dm_cli *cli)
{
    dm_free(cli->config);
    dm_free(cli->data);
    dm_free(cli->socket);
    dm_free(cli->guard);
}

void
dm_host_name(char name[DM_HOST_NAME_SIZE])
{
    static const char none[] = "localhost";
    memset(name, 0, DM_HOST_NAME_SIZE);
    if (gethostname(name, DM_HOST_NAME_SIZE - 1) || !name[0] ||
        name[0] == '.') {
        memcpy(name, none, sizeof(none));
    }
    char *dot = strchr(name, '.');
    if (dot) {
        *dot = '\0';
    }
}

void
dm_own_log_iri(const struct dm_cli *cli, char *iri, size_t size)
{
    struct dm_key *key = NULL;
    char *path = join(cli->data, "key");
    iri[0] = '\0';
    if (path && size >= DM_KEY_IRI_SIZE &&
        dm_key_load(cli->env, path, &key, NULL) == DM_OK) {
        dm_key_iri(dm_key_public(key), iri);
        dm_key_free(key);
    }
    dm_free(path);
}
