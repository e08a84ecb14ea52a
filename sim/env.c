// SPDX-License-Identifier: ISC

#include "sim/env.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "sim/disk.h"
#include "sim/machine.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PATH_BYTES_MAX 4096
#define VARIABLES_MAX 256
#define LINE_BYTES 512
#define READ_BYTES 4096

struct dm_file_lock {
    struct dm_file_lock *next;
    char *path;
};

struct variable {
    char *name;
    char *value;
};

struct dm_sim_env {
    struct dm_env env;
    struct dm_sim_machine *machine;
    struct dm_sim_disk *disk;
    struct dm_sim_env_options options;
    struct dm_file_lock *locks;
    struct variable *variables;
    size_t n_variables;
    size_t capacity;
    uint64_t n_lines[DM_LOG_DEBUG + 1];
    uint64_t n_kept; ///< Lines so far; the newest is at (n_kept - 1) % LINES
    char lines[DM_SIM_LOG_LINES][LINE_BYTES];
};

static int64_t
sim_wall_ms(void *context)
{
    const struct dm_sim_env *const sim = context;
    return dm_sim_machine_wall_ms(sim->machine);
}

static int64_t
sim_monotonic_ns(void *context)
{
    const struct dm_sim_env *const sim = context;
    return dm_sim_machine_monotonic_ns(sim->machine);
}

static int64_t
sim_boot_ns(void *context)
{
    const struct dm_sim_env *const sim = context;
    return dm_sim_machine_boot_ns(sim->machine);
}

static void
sim_random(void *context, void *bytes, size_t n)
{
    const struct dm_sim_env *const sim = context;
    dm_sim_random_bytes(dm_sim_machine_random(sim->machine), bytes, n);
}

static const char *
sim_variable(void *context, const char *name)
{
    const struct dm_sim_env *const sim = context;
    for (size_t i = 0; i < sim->n_variables; ++i) {
        if (strcmp(sim->variables[i].name, name) == 0) {
            return sim->variables[i].value;
        }
    }
    return NULL;
}

static enum dm_status
explain(struct dm_error *error, enum dm_status status, const char *what,
        const char *path)
{
    (void)dm_error_set(error, status, "%s", what);
    dm_error_detail(error, "%s", dm_status_text(status));
    dm_error_where(error, dm_str(path), 0, 0);
    return status;
}

static enum dm_status
read_all(struct dm_sim_file *file, struct dm_buf *buf)
{
    if (dm_sim_file_size(file) > buf->max - buf->n) {
        return DM_ERR_LIMIT;
    }
    for (uint64_t offset = 0;;) {
        char bytes[READ_BYTES];
        size_t n = 0;
        enum dm_status status =
            dm_sim_file_read(file, offset, bytes, sizeof(bytes), &n);
        if (status == DM_OK && n > 0) {
            status = dm_buf_put(buf, bytes, n);
        }
        if (status != DM_OK || n == 0) {
            return status;
        }
        offset += n;
    }
}

// As Linux says it: another one after each boot, on each machine
static enum dm_status
read_boot_id(const struct dm_sim_env *sim, struct dm_buf *buf)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    const char *name = dm_sim_machine_name(sim->machine);
    for (const char *c = name; *c; ++c) {
        hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
    }
    return dm_buf_printf(
        buf, "%08x-0000-4000-8000-%012llx\n", (unsigned)(hash & UINT32_MAX),
        (unsigned long long)dm_sim_machine_n_boots(sim->machine));
}

static enum dm_status
sim_read(void *context, const char *path, struct dm_buf *buf,
         struct dm_error *error)
{
    const struct dm_sim_env *const sim = context;
    if (strcmp(path, DM_SIM_BOOT_ID_PATH) == 0) {
        return read_boot_id(sim, buf);
    }
    const size_t before = buf->n;
    struct dm_sim_file *file = NULL;
    enum dm_status status =
        dm_sim_file_open(sim->disk, path, DM_SIM_OPEN_EXISTING, &file);
    if (status == DM_OK) {
        status = read_all(file, buf);
        dm_sim_file_close(file);
    }
    if (status != DM_OK) {
        if (buf->data) {
            buf->n = before;
            buf->data[before] = '\0';
        }
        return explain(error, status, "cannot read the file", path);
    }
    return DM_OK;
}

// Make the new file under `name`, finished
static enum dm_status
fill_temporary(struct dm_sim_env *sim, const char *name, struct dm_str data,
               uint32_t mode, bool is_durable)
{
    struct dm_sim_file *file = NULL;
    enum dm_status status = dm_sim_file_open(
        sim->disk, name, DM_SIM_OPEN_CREATE | DM_SIM_OPEN_EXCLUSIVE, &file);
    if (status != DM_OK) {
        return status;
    }
    if (data.n > 0) {
        status = dm_sim_file_write(file, 0, data.data, data.n);
    }
    if (status == DM_OK) {
        status = dm_sim_disk_set_info(sim->disk, name, mode,
                                      dm_sim_machine_wall_ms(sim->machine));
    }
    if (status == DM_OK && is_durable) {
        status = dm_sim_file_sync(file);
    }
    dm_sim_file_close(file);
    return status;
}

static enum dm_status
write_file(struct dm_sim_env *sim, const char *path, struct dm_str data,
           uint32_t mode, unsigned flags)
{
    const bool is_durable = (flags & DM_WRITE_DURABLE) != 0;
    struct dm_file_info info = {.size = 0};
    if ((flags & DM_WRITE_EXCLUSIVE) != 0 &&
        dm_sim_disk_info(sim->disk, path, &info) == DM_OK) {
        return DM_ERR_EXISTS;
    }
    uint64_t number = 0;
    sim_random(sim, &number, sizeof(number));
    const char *const slash = strrchr(path, '/');
    const int n = slash ? (int)(slash - path) + 1 : 0;
    char name[PATH_BYTES_MAX];
    const int written = snprintf(name, sizeof(name),
                                 "%.*s.dm-%016" PRIx64 ".tmp", n, path, number);
    if (written < 0 || (size_t)written >= sizeof(name)) {
        return DM_ERR_ARGUMENT;
    }
    enum dm_status status = fill_temporary(sim, name, data, mode, is_durable);
    if (status == DM_OK) {
        status = dm_sim_disk_rename(sim->disk, name, path);
    }
    if (status != DM_OK) {
        // Where it was not made, or the disk has tripped, nothing is removed
        (void)dm_sim_disk_remove(sim->disk, name);
        return status;
    }
    return is_durable ? dm_sim_disk_sync_names(sim->disk, path) : DM_OK;
}

static enum dm_status
sim_write(void *context, const char *path, struct dm_str data, uint32_t mode,
          unsigned flags, struct dm_error *error)
{
    const enum dm_status status = write_file(context, path, data, mode, flags);
    return status == DM_OK
               ? DM_OK
               : explain(error, status, "cannot write the file", path);
}

static enum dm_status
sim_info(void *context, const char *path, struct dm_file_info *ret)
{
    const struct dm_sim_env *const sim = context;
    return dm_sim_disk_info(sim->disk, path, ret);
}

static enum dm_status
sim_list(void *context, const char *path, dm_dir_entry_fn on_entry,
         void *entry_context)
{
    const struct dm_sim_env *const sim = context;
    return dm_sim_disk_list(sim->disk, path, on_entry, entry_context);
}

static enum dm_status
make_one_directory(struct dm_sim_env *sim, const char *path, uint32_t mode)
{
    struct dm_file_info info;
    const enum dm_status status = dm_sim_disk_info(sim->disk, path, &info);
    if (status == DM_ERR_NOT_FOUND) {
        return dm_sim_disk_make_directory(sim->disk, path, mode);
    }
    if (status == DM_OK && info.kind != DM_FILE_DIRECTORY) {
        return DM_ERR_EXISTS;
    }
    return status;
}

static enum dm_status
sim_make_directory(void *context, const char *path, uint32_t mode)
{
    const size_t n = strlen(path);
    char part[PATH_BYTES_MAX];
    if (n == 0 || n >= sizeof(part)) {
        return DM_ERR_ARGUMENT;
    }
    memcpy(part, path, n + 1);
    for (size_t i = 1; i < n; ++i) {
        if (part[i] != '/' || part[i - 1] == '/') {
            continue;
        }
        part[i] = '\0';
        const enum dm_status status = make_one_directory(context, part, mode);
        part[i] = '/';
        if (status != DM_OK) {
            return status;
        }
    }
    return make_one_directory(context, part, mode);
}

static enum dm_status
sim_remove(void *context, const char *path)
{
    const struct dm_sim_env *const sim = context;
    return dm_sim_disk_remove(sim->disk, path);
}

// Locks are of the process, so the disk does not know them

static enum dm_status
sim_lock(void *context, const char *path, struct dm_file_lock **ret)
{
    struct dm_sim_env *const sim = context;
    for (const struct dm_file_lock *lock = sim->locks; lock;
         lock = lock->next) {
        if (strcmp(lock->path, path) == 0) {
            return DM_ERR_BUSY;
        }
    }
    struct dm_sim_file *file = NULL;
    const enum dm_status status =
        dm_sim_file_open(sim->disk, path, DM_SIM_OPEN_CREATE, &file);
    if (status != DM_OK) {
        return status;
    }
    dm_sim_file_close(file);
    struct dm_file_lock *const lock = dm_calloc(1, sizeof(*lock));
    char *const copy = lock ? dm_strndup(path, strlen(path)) : NULL;
    if (!copy) {
        dm_free(lock);
        return DM_ERR_NO_MEMORY;
    }
    *lock = (struct dm_file_lock){.next = sim->locks, .path = copy};
    sim->locks = lock;
    *ret = lock;
    return DM_OK;
}

static void
sim_unlock(void *context, struct dm_file_lock *lock)
{
    struct dm_sim_env *const sim = context;
    if (!lock) {
        return;
    }
    struct dm_file_lock **link = &sim->locks;
    while (*link != lock) {
        assert(*link);
        link = &(*link)->next;
    }
    *link = lock->next;
    dm_free(lock->path);
    dm_free(lock);
}

static const struct dm_env_ops sim_ops = {
    .wall_ms = sim_wall_ms,
    .monotonic_ns = sim_monotonic_ns,
    .boot_ns = sim_boot_ns,
    .random = sim_random,
    .variable = sim_variable,
    .read = sim_read,
    .write = sim_write,
    .info = sim_info,
    .list = sim_list,
    .make_directory = sim_make_directory,
    .remove = sim_remove,
    .lock = sim_lock,
    .unlock = sim_unlock,
};

static void
keep_line(void *context, enum dm_log_level level, struct dm_str line)
{
    struct dm_sim_env *const sim = context;
    char *const kept = sim->lines[sim->n_kept++ % DM_SIM_LOG_LINES];
    const struct dm_str cut = dm_utf8_cut(line, LINE_BYTES - 1);
    if (cut.n > 0) {
        memcpy(kept, cut.data, cut.n);
    }
    kept[cut.n] = '\0';
    ++sim->n_lines[level];
    if (sim->options.on_line) {
        sim->options.on_line(sim->options.context, level, line);
    }
}

struct dm_sim_env *
dm_sim_env_new(struct dm_sim_machine *machine, struct dm_sim_disk *disk,
               const struct dm_sim_env_options *options)
{
    struct dm_sim_env *const sim = dm_calloc(1, sizeof(*sim));
    if (!sim) {
        return NULL;
    }
    sim->machine = machine;
    sim->disk = disk;
    sim->options = *options;
    const struct dm_log_options log_options = {
        .level = options->level,
        .write = keep_line,
        .clock = sim_monotonic_ns,
        .context = sim,
    };
    struct dm_log *const log = dm_log_new(&log_options);
    if (!log) {
        dm_free(sim);
        return NULL;
    }
    sim->env = (struct dm_env){.ops = &sim_ops, .context = sim, .log = log};
    return sim;
}

void
dm_sim_env_free(struct dm_sim_env *sim)
{
    if (!sim) {
        return;
    }
    while (sim->locks) {
        sim_unlock(sim, sim->locks);
    }
    for (size_t i = 0; i < sim->n_variables; ++i) {
        dm_free(sim->variables[i].name);
        dm_free(sim->variables[i].value);
    }
    dm_free(sim->variables);
    dm_log_free(sim->env.log);
    dm_free(sim);
}

const struct dm_env *
dm_sim_env_get(const struct dm_sim_env *sim)
{
    return &sim->env;
}

static void
remove_variable(struct dm_sim_env *sim, const char *name)
{
    for (size_t i = 0; i < sim->n_variables; ++i) {
        struct variable *const variable = &sim->variables[i];
        if (strcmp(variable->name, name) == 0) {
            dm_free(variable->name);
            dm_free(variable->value);
            *variable = sim->variables[--sim->n_variables];
            return;
        }
    }
}

enum dm_status
dm_sim_env_set_variable(struct dm_sim_env *sim, const char *name,
                        const char *value)
{
    if (!value) {
        remove_variable(sim, name);
        return DM_OK;
    }
    struct variable *const variables =
        dm_grow(sim->variables, &sim->capacity, sim->n_variables + 1,
                sizeof(*variables), VARIABLES_MAX);
    if (!variables) {
        return DM_ERR_NO_MEMORY;
    }
    sim->variables = variables;
    const struct variable fresh = {
        .name = dm_strndup(name, strlen(name)),
        .value = dm_strndup(value, strlen(value)),
    };
    if (!fresh.name || !fresh.value) {
        dm_free(fresh.name);
        dm_free(fresh.value);
        return DM_ERR_NO_MEMORY;
    }
    remove_variable(sim, name);
    sim->variables[sim->n_variables++] = fresh;
    return DM_OK;
}

uint64_t
dm_sim_env_n_lines(const struct dm_sim_env *sim, enum dm_log_level level)
{
    return sim->n_lines[level];
}

const char *
dm_sim_env_line(const struct dm_sim_env *sim, size_t i)
{
    if (i >= sim->n_kept || i >= DM_SIM_LOG_LINES) {
        return "";
    }
    return sim->lines[(sim->n_kept - 1 - i) % DM_SIM_LOG_LINES];
}
