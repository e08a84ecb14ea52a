// SPDX-License-Identifier: ISC

#include "daemon/initial.h"

#include "base/buf.h"
#include "vocab/initial.h"

#define PATH_MAX_BYTES 4096U
#define FILE_MAX (1U << 20U)

static enum dm_status
write_file(const struct dm_initial_options *options, const char *path,
           struct dm_str text, struct dm_error *error)
{
    return dm_env_write(
        options->env, path, text, 0644,
        (unsigned)DM_WRITE_DURABLE | (unsigned)DM_WRITE_EXCLUSIVE, error);
}

static enum dm_status
write_node(const struct dm_initial_options *options, const char *path,
           struct dm_error *error)
{
    struct dm_buf text;
    dm_buf_init(&text, FILE_MAX);
    enum dm_status status =
        dm_initial_node(options->name, options->site, &text);
    if (!status) {
        status = write_file(options, path, dm_buf_str(&text), error);
    }
    dm_buf_done(&text);
    return status;
}

static enum dm_status
write_checks(const struct dm_initial_options *options, dm_initial_fn on_file,
             void *context, struct dm_error *error)
{
    struct dm_buf path;
    dm_buf_init(&path, PATH_MAX_BYTES);
    (void)dm_buf_printf(&path, "%s/checks", options->config_directory);
    enum dm_status status = path.status;
    if (!status) {
        status = dm_env_make_directory(options->env, dm_buf_cstr(&path), 0755);
    }
    if (!status) {
        status = dm_buf_puts(&path, "/local.ttl");
    }
    if (!status) {
        status =
            write_file(options, dm_buf_cstr(&path), dm_initial_checks(), error);
    }
    if (!status && on_file) {
        on_file(context, dm_buf_cstr(&path));
    }
    dm_buf_done(&path);
    return status == DM_ERR_EXISTS ? DM_OK : status;
}

enum dm_status
dm_initial_write(const struct dm_initial_options *options,
                 dm_initial_fn on_file, void *context, struct dm_error *error)
{
    struct dm_buf path;
    dm_buf_init(&path, PATH_MAX_BYTES);
    (void)dm_buf_printf(&path, "%s/demonitor.ttl", options->config_directory);
    enum dm_status status = path.status;
    struct dm_file_info info;
    if (!status &&
        dm_env_info(options->env, dm_buf_cstr(&path), &info) == DM_OK) {
        dm_buf_done(&path);
        return DM_OK;
    }
    if (!status) {
        status = dm_env_make_directory(options->env, options->config_directory,
                                       0755);
    }
    if (!status) {
        status = write_checks(options, on_file, context, error);
    }
    if (!status) {
        status = write_node(options, dm_buf_cstr(&path), error);
    }
    if (!status && on_file) {
        on_file(context, dm_buf_cstr(&path));
    }
    if (status && error && !error->what[0]) {
        (void)dm_error_set(error, status, "cannot be written: %s",
                           dm_status_text(status));
        dm_error_where(error, dm_buf_str(&path), 0, 0);
    }
    dm_buf_done(&path);
    return status;
}
