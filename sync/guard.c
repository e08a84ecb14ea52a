// SPDX-License-Identifier: ISC

#include "sync/guard.h"

#include "base/buf.h"
#include "base/env.h"

#include <inttypes.h>
#include <string.h>

#define GUARD_MAX 256U
#define PATH_BYTES_MAX 4096U
#define GUARD_MODE 0600U

// "BOOT-ID SEQ\n", as it stands for this boot
static enum dm_status
spell(const struct dm_env *env, const char *boot_id_path, uint64_t seq,
      struct dm_buf *buf)
{
    const enum dm_status status = dm_env_read(env, boot_id_path, buf, NULL);
    if (status) {
        return status;
    }
    buf->n = dm_str_trim(dm_buf_str(buf)).n;
    return dm_buf_printf(buf, " %" PRIu64 "\n", seq);
}

bool
dm_guard_agrees(const struct dm_env *env, const char *path,
                const char *boot_id_path, uint64_t seq)
{
    struct dm_buf expected;
    struct dm_buf found;
    dm_buf_init(&expected, GUARD_MAX);
    dm_buf_init(&found, GUARD_MAX);
    const bool agrees = !spell(env, boot_id_path, seq, &expected) &&
                        !dm_env_read(env, path, &found, NULL) &&
                        dm_str_equal(dm_buf_str(&expected), dm_buf_str(&found));
    dm_buf_done(&expected);
    dm_buf_done(&found);
    return agrees;
}

static enum dm_status
make_directory(const struct dm_env *env, const char *path)
{
    struct dm_buf directory;
    const char *slash = strrchr(path, '/');
    enum dm_status status = DM_OK;
    dm_buf_init(&directory, PATH_BYTES_MAX);
    if (slash && slash > path) {
        status = dm_buf_put(&directory, path, (size_t)(slash - path));
        if (!status) {
            status = dm_env_make_directory(env, dm_buf_cstr(&directory), 0750);
        }
    }
    dm_buf_done(&directory);
    return status;
}

enum dm_status
dm_guard_write(const struct dm_env *env, const char *path,
               const char *boot_id_path, uint64_t seq)
{
    struct dm_buf buf;
    dm_buf_init(&buf, GUARD_MAX);
    enum dm_status status = spell(env, boot_id_path, seq, &buf);
    if (!status) {
        status = make_directory(env, path);
    }
    if (!status) {
        status = dm_env_write(env, path, dm_buf_str(&buf), GUARD_MODE,
                              DM_WRITE_DEFAULT, NULL);
    }
    if (status) {
        (void)dm_env_remove(env, path);
    }
    dm_buf_done(&buf);
    return status;
}
