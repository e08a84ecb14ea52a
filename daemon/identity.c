// SPDX-License-Identifier: ISC

#include "daemon/identity.h"

#include "base/buf.h"
#include "base/env.h"
#include "vocab/secret.h"

#include <assert.h>

#define LABEL "demonitor tls key v1"
#define BEGIN_MS INT64_C(1577836800000) // 2020-01-01T00:00:00Z
#define END_MS                                                                 \
    INT64_C(253402300799000) // 9999-12-31T23:59:59Z: RFC 5280's
                             // "no end"
#define PATH_MAX_BYTES 4096U
#define FILE_MAX_BYTES 8192U
#define DIRECTORY_MODE 0700U
#define FILE_MODE 0600U

static_assert(DM_KEY_DERIVED_BYTES == DM_IDENTITY_SECRET_BYTES,
              "one is made of the other");

enum dm_status
dm_node_identity(const struct dm_key *key, struct dm_identity *ret)
{
    char name[DM_KEY_NAME_SIZE];
    struct dm_buf secret;
    dm_buf_init(&secret, DM_KEY_DERIVED_BYTES);
    uint8_t *bytes = (uint8_t *)dm_buf_reserve(&secret, DM_KEY_DERIVED_BYTES);
    if (!bytes) {
        return DM_ERR_NO_MEMORY;
    }
    dm_key_derive(key, dm_str(LABEL), bytes);
    dm_key_name(dm_key_public(key), name);
    const struct dm_identity_spec spec = {
        .secret = bytes,
        .name = dm_str(name),
        .not_before_ms = BEGIN_MS,
        .not_after_ms = END_MS,
    };
    const enum dm_status status = dm_identity_make(&spec, ret);
    dm_secret_wipe(&secret);
    dm_buf_done(&secret);
    return status;
}

// Whether the file is there, with these bytes and for nobody else
static bool
is_there(const struct dm_env *env, const char *path, const char *text)
{
    struct dm_file_info info;
    if (dm_env_info(env, path, &info) || (info.mode & 0777U) != FILE_MODE) {
        return false;
    }
    struct dm_buf bytes;
    dm_buf_init(&bytes, FILE_MAX_BYTES);
    const bool is_same = dm_env_read(env, path, &bytes, NULL) == DM_OK &&
                         dm_str_is(dm_buf_str(&bytes), text);
    dm_secret_wipe(&bytes);
    dm_buf_done(&bytes);
    return is_same;
}

enum dm_status
dm_node_identity_keep(const struct dm_env *env, const char *data_directory,
                      const struct dm_identity *identity,
                      struct dm_error *error)
{
    const struct {
        const char *name;
        const char *text;
    } files[] = {
        {"cert.pem", identity->certificate_pem},
        {"key.pem", identity->key_pem},
    };
    struct dm_buf path;
    dm_buf_init(&path, PATH_MAX_BYTES);
    (void)dm_buf_printf(&path, "%s/tls", data_directory);
    enum dm_status status = path.status;
    if (!status) {
        status = dm_env_make_directory(env, dm_buf_cstr(&path), DIRECTORY_MODE);
    }
    if (status) {
        (void)dm_error_set(error, status, "%s", dm_status_text(status));
        dm_error_where(error, dm_buf_str(&path), 0, 0);
    }
    for (size_t i = 0; !status && i < DM_COUNT_OF(files); ++i) {
        dm_buf_clear(&path);
        (void)dm_buf_printf(&path, "%s/tls/%s", data_directory, files[i].name);
        if (path.status) {
            status = dm_error_set(error, path.status, "%s",
                                  dm_status_text(path.status));
        } else if (!is_there(env, dm_buf_cstr(&path), files[i].text)) {
            status =
                dm_env_write(env, dm_buf_cstr(&path), dm_str(files[i].text),
                             FILE_MODE, DM_WRITE_DEFAULT, error);
        }
    }
    dm_buf_done(&path);
    return status;
}
