// SPDX-License-Identifier: ISC

#include "base/env.h"

#include "base/actor.h"

#include <assert.h>

#define NOT_ON_LOOP() assert(dm_role_now() != DM_ROLE_LOOP)

int64_t
dm_env_wall_ms(const struct dm_env *env)
{
    return env->ops->wall_ms(env->context);
}

int64_t
dm_env_monotonic_ns(const struct dm_env *env)
{
    return env->ops->monotonic_ns(env->context);
}

int64_t
dm_env_boot_ns(const struct dm_env *env)
{
    return env->ops->boot_ns(env->context);
}

void
dm_env_random(const struct dm_env *env, void *bytes, size_t n)
{
    env->ops->random(env->context, bytes, n);
}

const char *
dm_env_variable(const struct dm_env *env, const char *name)
{
    return env->ops->variable(env->context, name);
}

enum dm_status
dm_env_read(const struct dm_env *env, const char *path, struct dm_buf *buf,
            struct dm_error *error)
{
    NOT_ON_LOOP();
    return env->ops->read(env->context, path, buf, error);
}

enum dm_status
dm_env_write(const struct dm_env *env, const char *path, struct dm_str data,
             uint32_t mode, unsigned flags, struct dm_error *error)
{
    NOT_ON_LOOP();
    return env->ops->write(env->context, path, data, mode, flags, error);
}

enum dm_status
dm_env_info(const struct dm_env *env, const char *path,
            struct dm_file_info *ret)
{
    NOT_ON_LOOP();
    return env->ops->info(env->context, path, ret);
}

enum dm_status
dm_env_list(const struct dm_env *env, const char *path,
            dm_dir_entry_fn on_entry, void *context)
{
    NOT_ON_LOOP();
    return env->ops->list(env->context, path, on_entry, context);
}

enum dm_status
dm_env_make_directory(const struct dm_env *env, const char *path, uint32_t mode)
{
    NOT_ON_LOOP();
    return env->ops->make_directory(env->context, path, mode);
}

enum dm_status
dm_env_remove(const struct dm_env *env, const char *path)
{
    NOT_ON_LOOP();
    return env->ops->remove(env->context, path);
}

enum dm_status
dm_env_lock(const struct dm_env *env, const char *path,
            struct dm_file_lock **ret)
{
    NOT_ON_LOOP();
    return env->ops->lock(env->context, path, ret);
}

void
dm_env_unlock(const struct dm_env *env, struct dm_file_lock *lock)
{
    NOT_ON_LOOP();
    env->ops->unlock(env->context, lock);
}
