// SPDX-License-Identifier: ISC

#include "cli/paths.h"

#include "tests/check.h"

#include <string.h>
#include <unistd.h>

struct variable {
    const char *name;
    const char *value;
};

static const char *
value_of(void *context, const char *name)
{
    for (const struct variable *v = context; v->name; ++v) {
        if (strcmp(v->name, name) == 0) {
            return v->value;
        }
    }
    return NULL;
}

static const struct dm_env_ops ops = {.variable = value_of};

static void
expect(struct dm_cli_options options, struct variable *variables,
       const char *config, const char *data, const char *socket)
{
    const struct dm_env env = {.ops = &ops, .context = variables};
    struct dm_cli cli = {.env = &env, .options = options};
    CHECK_INT(dm_paths_find(&cli), DM_OK);
    CHECK(!strcmp(cli.config, config));
    CHECK(!strcmp(cli.data, data));
    CHECK(!strcmp(cli.socket, socket));
    dm_paths_free(&cli);
}

static void
options_go_before_variables(void)
{
    struct variable variables[] = {
        {"DEMONITOR_CONFIG", "/vc"}, {"DEMONITOR_DATA", "/vd"}, {NULL, NULL}};
    expect((struct dm_cli_options){0}, variables, "/vc", "/vd",
           "/vd/demonitor.sock");
    expect((struct dm_cli_options){.config = "c", .data = "d"}, variables, "c",
           "d", "d/demonitor.sock");
    expect((struct dm_cli_options){.config = "c"}, variables, "c", "/vd",
           "/vd/demonitor.sock");
}

static void
without_them_it_is_who_runs_it(void)
{
    struct variable home[] = {{"HOME", "/home/anna"}, {NULL, NULL}};
    struct variable xdg[] = {{"HOME", "/home/anna"},
                             {"XDG_CONFIG_HOME", "/x/c"},
                             {"XDG_DATA_HOME", "relative"},
                             {NULL, NULL}};
    if (geteuid() == 0) {
        expect((struct dm_cli_options){0}, home, "/etc/demonitor",
               "/var/lib/demonitor", "/run/demonitor/demonitor.sock");
        return;
    }
    if (access("/run/demonitor/demonitor.sock", R_OK | W_OK) == 0) {
        return; // The package's daemon runs here
    }
    expect((struct dm_cli_options){0}, home, "/home/anna/.config/demonitor",
           "/home/anna/.local/share/demonitor",
           "/home/anna/.local/share/demonitor/demonitor.sock");
    expect((struct dm_cli_options){0}, xdg, "/x/c/demonitor",
           "/home/anna/.local/share/demonitor",
           "/home/anna/.local/share/demonitor/demonitor.sock");
}

static void
a_host_has_a_short_name(void)
{
    char name[DM_HOST_NAME_SIZE];
    dm_host_name(name);
    CHECK(name[0] && !strchr(name, '.'));
}

int
main(void)
{
    options_go_before_variables();
    without_them_it_is_who_runs_it();
    a_host_has_a_short_name();
    return 0;
}
