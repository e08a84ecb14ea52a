// SPDX-License-Identifier: ISC

#include "sim/backup.h"

#include "base/alloc.h"
#include "sim/disk.h"

#include <stdio.h>
#include <string.h>

#define PATH_BYTES_MAX 512
#define FILES_MAX 1024

struct copy {
    struct copy *next;
    char path[PATH_BYTES_MAX];
    struct dm_file_info info;
    uint64_t n;
    char bytes[];
};

struct dm_sim_backup {
    char directory[PATH_BYTES_MAX];
    struct copy *copies;
};

// The files of a directory
struct listing {
    const char *directory;
    char (*paths)[PATH_BYTES_MAX];
    size_t n;
    size_t capacity;
};

static enum dm_status
on_entry(void *context, struct dm_str name)
{
    struct listing *listing = context;
    char(*paths)[PATH_BYTES_MAX] =
        dm_grow(listing->paths, &listing->capacity, listing->n + 1,
                sizeof(*paths), FILES_MAX);
    if (!paths) {
        return DM_ERR_NO_MEMORY;
    }
    listing->paths = paths;
    const int n = snprintf(paths[listing->n], PATH_BYTES_MAX, "%s/%.*s",
                           listing->directory, (int)name.n, name.data);
    if (n < 0 || n >= PATH_BYTES_MAX) {
        return DM_ERR_ARGUMENT;
    }
    ++listing->n;
    return DM_OK;
}

static enum dm_status
copy_file(struct dm_sim_backup *backup, struct dm_sim_disk *disk,
          const char *path)
{
    struct dm_file_info info;
    struct dm_sim_file *file = NULL;
    size_t n = 0;
    enum dm_status status = dm_sim_disk_info(disk, path, &info);
    if (status || info.kind != DM_FILE_REGULAR) {
        return status;
    }
    status = dm_sim_file_open(disk, path, DM_SIM_OPEN_EXISTING, &file);
    if (status) {
        return status;
    }
    const uint64_t size = dm_sim_file_size(file);
    struct copy *copy = dm_calloc(1, sizeof(*copy) + size);
    if (!copy) {
        dm_sim_file_close(file);
        return DM_ERR_NO_MEMORY;
    }
    copy->next = backup->copies;
    backup->copies = copy;
    copy->info = info;
    copy->n = size;
    (void)snprintf(copy->path, sizeof(copy->path), "%s", path);
    status = dm_sim_file_read(file, 0, copy->bytes, size, &n);
    dm_sim_file_close(file);
    return status || n == size ? status : DM_ERR_IO;
}

enum dm_status
dm_sim_backup_take(struct dm_sim_disk *disk, const char *directory,
                   struct dm_sim_backup **ret)
{
    struct dm_sim_backup *backup = dm_calloc(1, sizeof(*backup));
    struct listing listing = {.directory = directory};
    if (!backup) {
        return DM_ERR_NO_MEMORY;
    }
    (void)snprintf(backup->directory, sizeof(backup->directory), "%s",
                   directory);
    enum dm_status status =
        dm_sim_disk_list(disk, directory, on_entry, &listing);
    for (size_t i = 0; !status && i < listing.n; ++i) {
        status = copy_file(backup, disk, listing.paths[i]);
    }
    dm_free(listing.paths);
    if (status) {
        dm_sim_backup_free(backup);
        return status;
    }
    *ret = backup;
    return DM_OK;
}

static enum dm_status
put_back(const struct copy *copy, struct dm_sim_disk *disk)
{
    struct dm_sim_file *file = NULL;
    enum dm_status status =
        dm_sim_file_open(disk, copy->path, DM_SIM_OPEN_CREATE, &file);
    if (status) {
        return status;
    }
    status = dm_sim_file_write(file, 0, copy->bytes, copy->n);
    if (!status) {
        status = dm_sim_file_sync(file);
    }
    dm_sim_file_close(file);
    return status ? status
                  : dm_sim_disk_set_info(disk, copy->path, copy->info.mode,
                                         copy->info.modified_ms);
}

enum dm_status
dm_sim_backup_restore(const struct dm_sim_backup *backup,
                      struct dm_sim_disk *disk)
{
    struct listing listing = {.directory = backup->directory};
    enum dm_status status =
        dm_sim_disk_list(disk, backup->directory, on_entry, &listing);
    for (size_t i = 0; !status && i < listing.n; ++i) {
        struct dm_file_info info;
        status = dm_sim_disk_info(disk, listing.paths[i], &info);
        if (!status && info.kind == DM_FILE_REGULAR) {
            status = dm_sim_disk_remove(disk, listing.paths[i]);
        }
    }
    dm_free(listing.paths);
    for (const struct copy *copy = backup->copies; !status && copy;
         copy = copy->next) {
        status = put_back(copy, disk);
    }
    return status || !backup->copies
               ? status
               : dm_sim_disk_sync_names(disk, backup->copies->path);
}

void
dm_sim_backup_free(struct dm_sim_backup *backup)
{
    if (!backup) {
        return;
    }
    while (backup->copies) {
        struct copy *copy = backup->copies;
        backup->copies = copy->next;
        dm_free(copy);
    }
    dm_free(backup);
}
