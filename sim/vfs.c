// SPDX-License-Identifier: ISC

// Three parts: locks, the methods of a file, the methods of a file system. What
// connections to one file share (locks, the shared memory of its WAL) is a
// `struct shared`, found by path.

#include "sim/vfs.h"

#include "base/alloc.h"
#include "base/time.h"
#include "sim/disk.h"
#include "sim/machine.h"
#include "sim/random.h"
#include "sim/world.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#define PATH_BYTES_MAX 512
#define SECTOR_BYTES 4096
#define REGIONS_MAX 1024 // Of 32 KiB: a WAL of 4 million frames
#define N_SHM_LOCKS SQLITE_SHM_NLOCK
// Julian day of the unix epoch, in ms
#define JULIAN_EPOCH_MS INT64_C(210866760000000)

struct shared {
    struct shared *next;
    char *path;
    uint32_t n_files;
    // Locks on the file, as SQLite counts them
    uint32_t n_shared;
    const struct vfs_file *writer; ///< Who holds RESERVED or above, or NULL
    int writer_level;
    // Shared memory
    uint32_t n_maps;
    unsigned char **regions;
    size_t n_regions;
    size_t capacity;
    uint32_t shm_shared[N_SHM_LOCKS];
    bool shm_exclusive[N_SHM_LOCKS];
};

struct dm_sim_vfs {
    sqlite3_vfs vfs; ///< First: SQLite hands it back
    struct dm_sim_machine *machine;
    struct dm_sim_disk *disk;
    struct shared *shared;
    uint32_t n_open;
    char name[PATH_BYTES_MAX];
};

struct vfs_file {
    sqlite3_file base; ///< First: SQLite hands it back
    struct dm_sim_vfs *vfs;
    struct dm_sim_file *file;
    struct shared *shared; ///< Of a main database, else NULL
    char *path;            ///< Of a file with a name, else NULL
    int lock_level;
    bool must_sync_name; ///< Made by this open; its first sync makes it stay
    bool is_temporary;   ///< Removed when it is closed
    bool is_mapped;
    uint16_t shm_shared;    ///< Bits of the locks that this connection holds
    uint16_t shm_exclusive; ///< Likewise
};

static struct dm_sim_vfs *
vfs_of(sqlite3_vfs *base)
{
    return base->pAppData;
}

static struct vfs_file *
file_of(sqlite3_file *base)
{
    // The pointer is to the first member of what xOpen filled
    return (struct vfs_file *)(void *)base;
}

// Locks on a file: any number SHARED; one RESERVED beside them; PENDING lets no
// new SHARED in; EXCLUSIVE is alone

static bool
may_raise(const struct vfs_file *file, int level)
{
    const struct shared *const shared = file->shared;
    const bool is_writer = shared->writer == file;
    if (level == SQLITE_LOCK_SHARED) {
        return !shared->writer || shared->writer_level < SQLITE_LOCK_PENDING;
    }
    return !shared->writer || is_writer;
}

static int
file_lock(sqlite3_file *base, int level)
{
    struct vfs_file *const file = file_of(base);
    struct shared *const shared = file->shared;
    if (!shared || level <= file->lock_level) {
        return SQLITE_OK;
    }
    if (!may_raise(file, level)) {
        return SQLITE_BUSY;
    }
    if (level == SQLITE_LOCK_SHARED) {
        assert(file->lock_level == SQLITE_LOCK_NONE);
        ++shared->n_shared;
        file->lock_level = level;
        return SQLITE_OK;
    }
    assert(file->lock_level >= SQLITE_LOCK_SHARED);
    const bool is_alone = shared->n_shared == 1;
    const bool must_wait = level == SQLITE_LOCK_EXCLUSIVE && !is_alone;
    shared->writer = file;
    shared->writer_level = must_wait ? SQLITE_LOCK_PENDING : level;
    file->lock_level = shared->writer_level;
    return must_wait ? SQLITE_BUSY : SQLITE_OK;
}

static int
file_unlock(sqlite3_file *base, int level)
{
    struct vfs_file *const file = file_of(base);
    struct shared *const shared = file->shared;
    if (!shared || level >= file->lock_level) {
        return SQLITE_OK;
    }
    if (shared->writer == file) {
        shared->writer = NULL;
        shared->writer_level = SQLITE_LOCK_NONE;
    }
    if (level == SQLITE_LOCK_NONE) {
        assert(shared->n_shared > 0);
        --shared->n_shared;
    }
    file->lock_level = level;
    return SQLITE_OK;
}

static int
file_check_reserved(sqlite3_file *base, int *ret)
{
    const struct vfs_file *const file = file_of(base);
    *ret = file->shared && file->shared->writer;
    return SQLITE_OK;
}

// Shared memory

static void
forget_memory(struct shared *shared)
{
    for (size_t i = 0; i < shared->n_regions; ++i) {
        dm_free(shared->regions[i]);
    }
    dm_free(shared->regions);
    shared->regions = NULL;
    shared->n_regions = 0;
    shared->capacity = 0;
}

static int
add_region(struct shared *shared, size_t n)
{
    unsigned char **const regions =
        dm_grow(shared->regions, &shared->capacity, shared->n_regions + 1,
                sizeof(unsigned char *), REGIONS_MAX);
    if (!regions) {
        return SQLITE_IOERR_NOMEM;
    }
    shared->regions = regions;
    regions[shared->n_regions] = dm_calloc(1, n);
    if (!regions[shared->n_regions]) {
        return SQLITE_IOERR_NOMEM;
    }
    ++shared->n_regions;
    return SQLITE_OK;
}

static int
shm_map(sqlite3_file *base, int region, int region_bytes, int may_extend,
        void volatile **ret)
{
    struct vfs_file *const file = file_of(base);
    struct shared *const shared = file->shared;
    assert(shared && region >= 0 && region_bytes > 0);
    if (dm_sim_disk_tripped(file->vfs->disk) != DM_SIM_HARM_NONE) {
        return SQLITE_IOERR_SHMMAP;
    }
    if (!file->is_mapped) {
        file->is_mapped = true;
        ++shared->n_maps;
    }
    *ret = NULL;
    while (shared->n_regions <= (size_t)region) {
        if (!may_extend) {
            return SQLITE_OK;
        }
        const int rc = add_region(shared, (size_t)region_bytes);
        if (rc != SQLITE_OK) {
            return rc;
        }
    }
    *ret = shared->regions[region];
    return SQLITE_OK;
}

static bool
may_lock_shm(const struct vfs_file *file, int slot, bool is_exclusive)
{
    const struct shared *const shared = file->shared;
    const uint16_t bit = (uint16_t)(1U << slot);
    if (!is_exclusive) {
        return !shared->shm_exclusive[slot];
    }
    const uint32_t own = (file->shm_shared & bit) != 0 ? 1 : 0;
    return !shared->shm_exclusive[slot] && shared->shm_shared[slot] == own;
}

static void
take_shm(struct vfs_file *file, int slot, bool is_exclusive)
{
    struct shared *const shared = file->shared;
    const uint16_t bit = (uint16_t)(1U << slot);
    if (is_exclusive) {
        assert((file->shm_shared & bit) == 0); // SQLite does not upgrade
        shared->shm_exclusive[slot] = true;
        file->shm_exclusive |= bit;
    } else if ((file->shm_shared & bit) == 0) {
        ++shared->shm_shared[slot];
        file->shm_shared |= bit;
    }
}

static void
release_shm(struct vfs_file *file, int slot)
{
    struct shared *const shared = file->shared;
    const uint16_t bit = (uint16_t)(1U << slot);
    if ((file->shm_exclusive & bit) != 0) {
        shared->shm_exclusive[slot] = false;
    } else if ((file->shm_shared & bit) != 0) {
        assert(shared->shm_shared[slot] > 0);
        --shared->shm_shared[slot];
    }
    file->shm_exclusive &= (uint16_t)~bit;
    file->shm_shared &= (uint16_t)~bit;
}

static int
shm_lock(sqlite3_file *base, int first, int n, int flags)
{
    struct vfs_file *const file = file_of(base);
    assert(first >= 0 && n >= 1 && first + n <= N_SHM_LOCKS);
    assert(file->is_mapped);
    const bool is_exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    const bool is_lock = (flags & SQLITE_SHM_LOCK) != 0;
    for (int slot = first; is_lock && slot < first + n; ++slot) {
        if (!may_lock_shm(file, slot, is_exclusive)) {
            return SQLITE_BUSY;
        }
    }
    for (int slot = first; slot < first + n; ++slot) {
        if (is_lock) {
            take_shm(file, slot, is_exclusive);
        } else {
            release_shm(file, slot);
        }
    }
    return SQLITE_OK;
}

static void
shm_barrier(sqlite3_file *base)
{
    (void)base; // One thread
}

static int
shm_unmap(sqlite3_file *base, int is_deleted)
{
    struct vfs_file *const file = file_of(base);
    (void)is_deleted; // It ends with the last connection in any case
    if (!file->is_mapped) {
        return SQLITE_OK;
    }
    for (int slot = 0; slot < N_SHM_LOCKS; ++slot) {
        release_shm(file, slot);
    }
    file->is_mapped = false;
    if (--file->shared->n_maps == 0) {
        forget_memory(file->shared);
    }
    return SQLITE_OK;
}

// Files

static int
error_of(enum dm_status status, int io_error)
{
    if (status == DM_OK) {
        return SQLITE_OK;
    }
    if (status == DM_ERR_NO_MEMORY) {
        return SQLITE_IOERR_NOMEM;
    }
    return status == DM_ERR_FULL ? SQLITE_FULL : io_error;
}

static void
let_go(struct dm_sim_vfs *vfs, struct shared *shared)
{
    if (--shared->n_files > 0) {
        return;
    }
    assert(shared->n_shared == 0 && shared->n_maps == 0);
    struct shared **link = &vfs->shared;
    while (*link != shared) {
        link = &(*link)->next;
    }
    *link = shared->next;
    dm_free(shared->path);
    dm_free(shared);
}

static int
file_close(sqlite3_file *base)
{
    struct vfs_file *const file = file_of(base);
    if (file->shared) {
        (void)shm_unmap(base, 0);
        (void)file_unlock(base, SQLITE_LOCK_NONE);
        let_go(file->vfs, file->shared);
    }
    dm_sim_file_close(file->file);
    if (file->is_temporary && file->path) {
        (void)dm_sim_disk_remove(file->vfs->disk, file->path);
    }
    dm_free(file->path);
    --file->vfs->n_open;
    base->pMethods = NULL;
    return SQLITE_OK;
}

static int
file_read(sqlite3_file *base, void *bytes, int n, sqlite3_int64 offset)
{
    assert(n >= 0 && offset >= 0);
    size_t got = 0;
    const enum dm_status status = dm_sim_file_read(
        file_of(base)->file, (uint64_t)offset, bytes, (size_t)n, &got);
    if (status != DM_OK) {
        return SQLITE_IOERR_READ;
    }
    if (got < (size_t)n) {
        memset((char *)bytes + got, 0, (size_t)n - got);
        return SQLITE_IOERR_SHORT_READ;
    }
    return SQLITE_OK;
}

static int
file_write(sqlite3_file *base, const void *bytes, int n, sqlite3_int64 offset)
{
    assert(n >= 0 && offset >= 0);
    const enum dm_status status = dm_sim_file_write(
        file_of(base)->file, (uint64_t)offset, bytes, (size_t)n);
    return error_of(status, SQLITE_IOERR_WRITE);
}

static int
file_truncate(sqlite3_file *base, sqlite3_int64 n)
{
    assert(n >= 0);
    const enum dm_status status =
        dm_sim_file_truncate(file_of(base)->file, (uint64_t)n);
    return error_of(status, SQLITE_IOERR_TRUNCATE);
}

static int
file_sync(sqlite3_file *base, int flags)
{
    (void)flags; // The disk knows one kind of sync
    struct vfs_file *const file = file_of(base);
    if (dm_sim_file_sync(file->file) != DM_OK) {
        return SQLITE_IOERR_FSYNC;
    }
    if (file->must_sync_name) {
        if (dm_sim_disk_sync_names(file->vfs->disk, file->path) != DM_OK) {
            return SQLITE_IOERR_DIR_FSYNC;
        }
        file->must_sync_name = false;
    }
    return SQLITE_OK;
}

static int
file_size(sqlite3_file *base, sqlite3_int64 *ret)
{
    const struct vfs_file *const file = file_of(base);
    if (dm_sim_disk_tripped(file->vfs->disk) != DM_SIM_HARM_NONE) {
        return SQLITE_IOERR_FSTAT;
    }
    *ret = (sqlite3_int64)dm_sim_file_size(file->file);
    return SQLITE_OK;
}

static int
file_control(sqlite3_file *base, int op, void *argument)
{
    (void)base;
    (void)op;
    (void)argument;
    return SQLITE_NOTFOUND;
}

static int
file_sector_size(sqlite3_file *base)
{
    (void)base;
    return SECTOR_BYTES;
}

static int
file_characteristics(sqlite3_file *base)
{
    const struct vfs_file *const file = file_of(base);
    return dm_sim_disk_options(file->vfs->disk)->is_powersafe
               ? SQLITE_IOCAP_POWERSAFE_OVERWRITE
               : 0;
}

static const sqlite3_io_methods file_methods = {
    .iVersion = 2, // With shared memory, without mmap
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

// The file system

// What connections to `path` share, made where absent; NULL: out of memory
static struct shared *
share(struct dm_sim_vfs *vfs, const char *path)
{
    for (struct shared *shared = vfs->shared; shared; shared = shared->next) {
        if (strcmp(shared->path, path) == 0) {
            ++shared->n_files;
            return shared;
        }
    }
    struct shared *const shared = dm_calloc(1, sizeof(*shared));
    char *const copy = shared ? dm_strndup(path, strlen(path)) : NULL;
    if (!copy) {
        dm_free(shared);
        return NULL;
    }
    *shared = (struct shared){.next = vfs->shared, .path = copy, .n_files = 1};
    vfs->shared = shared;
    return shared;
}

static int
fill_file(struct vfs_file *file, const char *path, int flags, bool is_new)
{
    struct dm_sim_vfs *const vfs = file->vfs;
    const int journals =
        SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;
    if (path) {
        file->path = dm_strndup(path, strlen(path));
        if (!file->path) {
            return SQLITE_NOMEM;
        }
        file->must_sync_name = is_new && (flags & journals) != 0;
        file->is_temporary = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    }
    if (path && (flags & SQLITE_OPEN_MAIN_DB) != 0) {
        file->shared = share(vfs, path);
        if (!file->shared) {
            dm_free(file->path);
            return SQLITE_NOMEM;
        }
    }
    file->base.pMethods = &file_methods;
    ++vfs->n_open;
    return SQLITE_OK;
}

static int
vfs_open(sqlite3_vfs *base, const char *path, sqlite3_file *file_base,
         int flags, int *ret_flags)
{
    struct dm_sim_vfs *const vfs = vfs_of(base);
    struct vfs_file *const file = file_of(file_base);
    *file = (struct vfs_file){.vfs = vfs};
    struct dm_file_info info;
    const bool is_new =
        path && dm_sim_disk_info(vfs->disk, path, &info) == DM_ERR_NOT_FOUND;
    unsigned how = DM_SIM_OPEN_EXISTING;
    if ((flags & SQLITE_OPEN_CREATE) != 0) {
        how |= DM_SIM_OPEN_CREATE;
    }
    if ((flags & SQLITE_OPEN_EXCLUSIVE) != 0) {
        how |= DM_SIM_OPEN_EXCLUSIVE;
    }
    const enum dm_status status =
        dm_sim_file_open(vfs->disk, path, how, &file->file);
    if (status != DM_OK) {
        return status == DM_ERR_NO_MEMORY ? SQLITE_NOMEM : SQLITE_CANTOPEN;
    }
    const int rc = fill_file(file, path, flags, is_new);
    if (rc != SQLITE_OK) {
        dm_sim_file_close(file->file);
        return rc;
    }
    if (ret_flags) {
        *ret_flags = flags;
    }
    return SQLITE_OK;
}

static int
vfs_delete(sqlite3_vfs *base, const char *path, int must_sync)
{
    struct dm_sim_disk *const disk = vfs_of(base)->disk;
    const enum dm_status status = dm_sim_disk_remove(disk, path);
    if (status == DM_ERR_NOT_FOUND) {
        return SQLITE_IOERR_DELETE_NOENT;
    }
    if (status != DM_OK) {
        return SQLITE_IOERR_DELETE;
    }
    if (must_sync && dm_sim_disk_sync_names(disk, path) != DM_OK) {
        return SQLITE_IOERR_DIR_FSYNC;
    }
    return SQLITE_OK;
}

static int
vfs_access(sqlite3_vfs *base, const char *path, int flags, int *ret)
{
    struct dm_file_info info;
    const enum dm_status status =
        dm_sim_disk_info(vfs_of(base)->disk, path, &info);
    if (status != DM_OK && status != DM_ERR_NOT_FOUND) {
        return SQLITE_IOERR_ACCESS;
    }
    // An empty file counts as absent, as with SQLite's own VFS for Unix
    *ret = status == DM_OK && (flags != SQLITE_ACCESS_EXISTS || info.size > 0);
    return SQLITE_OK;
}

static int
vfs_full_path(sqlite3_vfs *base, const char *path, int n, char *ret)
{
    (void)base;
    const int written = snprintf(ret, (size_t)n, "%s", path);
    return written >= 0 && written < n ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int
vfs_randomness(sqlite3_vfs *base, int n, char *bytes)
{
    dm_sim_random_bytes(dm_sim_machine_random(vfs_of(base)->machine), bytes,
                        (size_t)n);
    return n;
}

static int
vfs_sleep(sqlite3_vfs *base, int us)
{
    (void)base;
    return us;
}

static int
vfs_time_ms(sqlite3_vfs *base, sqlite3_int64 *ret)
{
    *ret = JULIAN_EPOCH_MS + dm_sim_machine_wall_ms(vfs_of(base)->machine);
    return SQLITE_OK;
}

static int
vfs_time(sqlite3_vfs *base, double *ret)
{
    sqlite3_int64 ms = 0;
    (void)vfs_time_ms(base, &ms);
    *ret = (double)ms / (double)DM_MS_PER_DAY;
    return SQLITE_OK;
}

static int
vfs_last_error(sqlite3_vfs *base, int n, char *ret)
{
    (void)base;
    if (n > 0) {
        ret[0] = '\0'; // Nothing more is known
    }
    return 0;
}

struct dm_sim_vfs *
dm_sim_vfs_new(struct dm_sim_machine *machine, struct dm_sim_disk *disk)
{
    struct dm_sim_vfs *const sim = dm_calloc(1, sizeof(*sim));
    if (!sim) {
        return NULL;
    }
    sim->machine = machine;
    sim->disk = disk;
    (void)snprintf(sim->name, sizeof(sim->name), "sim-%s",
                   dm_sim_machine_name(machine));
    assert(!sqlite3_vfs_find(sim->name));
    sim->vfs = (sqlite3_vfs){
        .iVersion = 2, // With xCurrentTimeInt64
        .szOsFile = sizeof(struct vfs_file),
        .mxPathname = PATH_BYTES_MAX,
        .zName = sim->name,
        .pAppData = sim,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_path,
        .xRandomness = vfs_randomness,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_time,
        .xGetLastError = vfs_last_error,
        .xCurrentTimeInt64 = vfs_time_ms,
    };
    if (sqlite3_vfs_register(&sim->vfs, 0) != SQLITE_OK) {
        dm_free(sim);
        return NULL;
    }
    return sim;
}

void
dm_sim_vfs_free(struct dm_sim_vfs *vfs)
{
    if (vfs) {
        assert(vfs->n_open == 0 && !vfs->shared);
        (void)sqlite3_vfs_unregister(&vfs->vfs);
        dm_free(vfs);
    }
}

const char *
dm_sim_vfs_name(const struct dm_sim_vfs *vfs)
{
    return vfs->name;
}

uint32_t
dm_sim_vfs_n_open(const struct dm_sim_vfs *vfs)
{
    return vfs->n_open;
}

// The default VFS of a simulation: random numbers and nothing else

struct seed_vfs {
    sqlite3_vfs vfs;
    struct dm_sim_random random;
    bool is_registered;
};

// SQLite has one default VFS in a process, so there is one of these
static struct seed_vfs seed_vfs;

static int
refuse_open(sqlite3_vfs *base, const char *path, sqlite3_file *file, int flags,
            int *ret_flags)
{
    (void)base;
    (void)path;
    file->pMethods = NULL;
    if (ret_flags) {
        *ret_flags = flags;
    }
    return SQLITE_CANTOPEN;
}

static int
seed_randomness(sqlite3_vfs *base, int n, char *bytes)
{
    struct seed_vfs *const seed = base->pAppData;
    dm_sim_random_bytes(&seed->random, bytes, (size_t)n);
    return n;
}

static int
refuse_delete(sqlite3_vfs *base, const char *path, int must_sync)
{
    (void)base;
    (void)path;
    (void)must_sync;
    return SQLITE_IOERR_DELETE;
}

static int
refuse_access(sqlite3_vfs *base, const char *path, int flags, int *ret)
{
    (void)base;
    (void)path;
    (void)flags;
    *ret = 0;
    return SQLITE_OK;
}

static int
world_start_ms(sqlite3_vfs *base, sqlite3_int64 *ret)
{
    (void)base;
    *ret = JULIAN_EPOCH_MS;
    return SQLITE_OK;
}

enum dm_status
dm_sim_sqlite_begin(struct dm_sim_world *world)
{
    assert(!seed_vfs.is_registered);
    dm_sim_random_fork(dm_sim_world_random(world), "sqlite", &seed_vfs.random);
    seed_vfs.vfs = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = sizeof(sqlite3_file),
        .mxPathname = PATH_BYTES_MAX,
        .zName = "sim",
        .pAppData = &seed_vfs,
        .xOpen = refuse_open,
        .xDelete = refuse_delete,
        .xAccess = refuse_access,
        .xFullPathname = vfs_full_path,
        .xRandomness = seed_randomness,
        .xSleep = vfs_sleep,
        .xGetLastError = vfs_last_error,
        .xCurrentTimeInt64 = world_start_ms,
    };
    if (sqlite3_vfs_register(&seed_vfs.vfs, 1) != SQLITE_OK) {
        return DM_ERR_NO_MEMORY;
    }
    seed_vfs.is_registered = true;
    sqlite3_randomness(0, NULL);
    return DM_OK;
}

void
dm_sim_sqlite_end(void)
{
    assert(seed_vfs.is_registered);
    (void)sqlite3_vfs_unregister(&seed_vfs.vfs);
    seed_vfs.is_registered = false;
}
