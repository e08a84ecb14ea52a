// SPDX-License-Identifier: ISC

#include "sim/disk.h"

#include "base/alloc.h"
#include "base/map.h"
#include "sim/disk_private.h"

#include <assert.h>
#include <string.h>

struct dm_sim_disk_options
dm_sim_disk_options_default(void)
{
    return (struct dm_sim_disk_options){
        .capacity_bytes = UINT64_MAX,
        .is_powersafe = true,
        .volatile_directory = "/run",
    };
}

struct dm_sim_disk *
dm_sim_disk_new(struct dm_sim_world *world,
                const struct dm_sim_disk_options *options)
{
    struct dm_sim_disk *const disk = dm_calloc(1, sizeof(*disk));
    if (disk) {
        disk->world = world;
        disk->options = *options;
        dm_sim_random_fork(dm_sim_world_random(world), "disk", &disk->random);
    }
    return disk;
}

struct dm_sim_disk_options *
dm_sim_disk_options(struct dm_sim_disk *disk)
{
    return &disk->options;
}

uint64_t
dm_sim_disk_used_bytes(const struct dm_sim_disk *disk)
{
    return disk->used_bytes;
}

uint64_t
dm_sim_disk_n_struck(const struct dm_sim_disk *disk)
{
    return disk->n_struck;
}

uint32_t
dm_sim_disk_n_open(const struct dm_sim_disk *disk)
{
    return disk->n_open;
}

// Plans and trips

void
dm_sim_disk_plan(struct dm_sim_disk *disk, const struct dm_sim_plan *plan)
{
    disk->plan = *plan;
}

enum dm_sim_harm
dm_sim_disk_planned(const struct dm_sim_disk *disk)
{
    return disk->plan.harm;
}

void
dm_sim_disk_trip(struct dm_sim_disk *disk, enum dm_sim_harm harm)
{
    assert(harm == DM_SIM_HARM_KILL || harm == DM_SIM_HARM_POWER);
    if (disk->tripped != DM_SIM_HARM_POWER) {
        disk->tripped = harm;
    }
}

enum dm_sim_harm
dm_sim_disk_tripped(const struct dm_sim_disk *disk)
{
    return disk->tripped;
}

static size_t
index_of(enum dm_sim_disk_op op)
{
    size_t i = 0;
    while ((1U << i) != (unsigned)op) {
        ++i;
    }
    assert(i < DM_SIM_N_OPS);
    return i;
}

uint64_t
dm_sim_disk_n_ops(const struct dm_sim_disk *disk, unsigned ops)
{
    uint64_t n = 0;
    for (size_t i = 0; i < DM_SIM_N_OPS; ++i) {
        n += (ops & (1U << i)) != 0 ? disk->n_ops[i] : 0;
    }
    return n;
}

enum dm_sim_strike
dm_sim_disk_strike(struct dm_sim_disk *disk, enum dm_sim_disk_op op,
                   enum dm_status *ret_status)
{
    *ret_status = DM_ERR_IO;
    if (disk->tripped != DM_SIM_HARM_NONE) {
        return DM_SIM_STRIKE_FAIL;
    }
    ++disk->n_ops[index_of(op)];
    struct dm_sim_plan *const plan = &disk->plan;
    if (plan->harm == DM_SIM_HARM_NONE || (plan->ops & (unsigned)op) == 0) {
        return DM_SIM_STRIKE_PASS;
    }
    if (plan->n_pass > 0) {
        --plan->n_pass;
        return DM_SIM_STRIKE_PASS;
    }
    const enum dm_sim_harm harm = plan->harm;
    ++disk->n_struck;
    if (!plan->is_lasting) {
        plan->harm = DM_SIM_HARM_NONE;
    }
    switch (harm) {
    case DM_SIM_HARM_NONE:
        break;
    case DM_SIM_HARM_KILL:
    case DM_SIM_HARM_POWER:
        disk->tripped = harm;
        return DM_SIM_STRIKE_TRIP;
    case DM_SIM_HARM_ERROR:
        return DM_SIM_STRIKE_FAIL;
    case DM_SIM_HARM_FULL:
        *ret_status = DM_ERR_FULL;
        return DM_SIM_STRIKE_FAIL;
    case DM_SIM_HARM_FLIP:
        assert(op == DM_SIM_WRITE);
        return DM_SIM_STRIKE_FLIP;
    }
    return DM_SIM_STRIKE_PASS;
}

// As strike, for an operation on names, which is done as a whole or not at all
static bool
may_change(struct dm_sim_disk *disk, enum dm_sim_disk_op op,
           enum dm_status *ret_status)
{
    switch (dm_sim_disk_strike(disk, op, ret_status)) {
    case DM_SIM_STRIKE_TRIP:
        return dm_sim_random_chance(&disk->random, DM_SIM_MILLION / 2);
    case DM_SIM_STRIKE_FAIL:
        return false;
    case DM_SIM_STRIKE_PASS:
    case DM_SIM_STRIKE_FLIP:
        break;
    }
    *ret_status = DM_OK;
    return true;
}

// Names

static bool
is_root(struct dm_str path)
{
    return path.n == 0 || dm_str_is(path, ".") || dm_str_is(path, "/");
}

// The directory that holds `path`
static struct dm_str
parent_of(struct dm_str path)
{
    size_t n = path.n;
    while (n > 0 && path.data[n - 1] != '/') {
        --n;
    }
    // "/a" is in "/", "a/b" in "a", "a" in ""
    return dm_str_slice(path, 0, n > 1 ? n - 1 : n);
}

// Where `path` is or would be
static size_t
place_of(const struct dm_sim_disk *disk, struct dm_str path, bool *ret_is_there)
{
    size_t low = 0;
    size_t high = disk->n_names;
    *ret_is_there = false;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order =
            dm_str_compare(dm_str(disk->names[middle].path), path);
        if (order == 0) {
            *ret_is_there = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

// What `path` names in the written image, or NULL
static struct dm_sim_file *
find(const struct dm_sim_disk *disk, struct dm_str path)
{
    bool is_there = false;
    const size_t i = place_of(disk, path, &is_there);
    return is_there ? disk->names[i].now : NULL;
}

static bool
has_parent(const struct dm_sim_disk *disk, struct dm_str path)
{
    const struct dm_str parent = parent_of(path);
    if (is_root(parent)) {
        return true;
    }
    const struct dm_sim_file *const directory = find(disk, parent);
    return directory && directory->is_directory;
}

// The entry of `path`, made where absent; NULL when out of memory
static struct dm_sim_name *
name_of(struct dm_sim_disk *disk, const char *path)
{
    bool is_there = false;
    const size_t i = place_of(disk, dm_str(path), &is_there);
    if (is_there) {
        return &disk->names[i];
    }
    struct dm_sim_name *const names =
        dm_grow(disk->names, &disk->capacity, disk->n_names + 1, sizeof(*names),
                DM_SIM_NAMES_MAX);
    if (!names) {
        return NULL;
    }
    disk->names = names;
    char *const copy = dm_strndup(path, strlen(path));
    if (!copy) {
        return NULL;
    }
    memmove(&names[i + 1], &names[i], (disk->n_names - i) * sizeof(*names));
    names[i] = (struct dm_sim_name){.path = copy};
    ++disk->n_names;
    return &names[i];
}

static void
point_now(struct dm_sim_name *name, struct dm_sim_file *file)
{
    struct dm_sim_file *const before = name->now;
    if (file) {
        dm_sim_file_count(file, 0, 1);
    }
    name->now = file;
    if (before) {
        dm_sim_file_count(before, 0, -1);
        dm_sim_file_release(before);
    }
}

static void
point_synced(struct dm_sim_name *name, struct dm_sim_file *file)
{
    struct dm_sim_file *const before = name->synced;
    if (file) {
        ++file->n_synced;
    }
    name->synced = file;
    if (before) {
        --before->n_synced;
        dm_sim_file_release(before);
    }
}

// Forget names that neither image has
static void
sweep(struct dm_sim_disk *disk)
{
    size_t kept = 0;
    for (size_t i = 0; i < disk->n_names; ++i) {
        struct dm_sim_name *const name = &disk->names[i];
        if (name->now || name->synced) {
            disk->names[kept++] = *name;
        } else {
            dm_free(name->path);
        }
    }
    disk->n_names = kept;
}

void
dm_sim_disk_free(struct dm_sim_disk *disk)
{
    if (!disk) {
        return;
    }
    assert(disk->n_open == 0);
    for (size_t i = 0; i < disk->n_names; ++i) {
        point_now(&disk->names[i], NULL);
        point_synced(&disk->names[i], NULL);
    }
    sweep(disk);
    dm_free(disk->names);
    dm_free(disk);
}

static void
note(struct dm_sim_disk *disk, enum dm_sim_disk_op op, const char *path)
{
    dm_sim_world_note(disk->world, DM_SIM_NOTE_DISK, (uint64_t)op << 32,
                      dm_hash(dm_str(path), 0));
}

// Listeners

void
dm_sim_disk_listen(struct dm_sim_disk *disk,
                   struct dm_sim_disk_listener *listener)
{
    listener->next = disk->listeners;
    disk->listeners = listener;
}

void
dm_sim_disk_ignore(struct dm_sim_disk *disk,
                   struct dm_sim_disk_listener *listener)
{
    struct dm_sim_disk_listener **link = &disk->listeners;
    while (*link && *link != listener) {
        link = &(*link)->next;
    }
    if (*link) {
        *link = listener->next;
    }
}

// The directory of `path` is not what it was
static void
tell(const struct dm_sim_disk *disk, const char *path)
{
    const struct dm_str directory = parent_of(dm_str(path));
    for (const struct dm_sim_disk_listener *listener = disk->listeners;
         listener; listener = listener->next) {
        listener->on_change(listener->context, directory);
    }
}

// What a process finds after a trip

static bool
is_volatile(const struct dm_sim_disk *disk, struct dm_str path)
{
    const char *const directory = disk->options.volatile_directory;
    return directory && path.n > strlen(directory) &&
           dm_str_starts(path, dm_str(directory)) &&
           path.data[strlen(directory)] == '/';
}

// Names whose last changes were not synced are there or not
static void
lose_names(struct dm_sim_disk *disk)
{
    const uint64_t salt = dm_sim_random_next(&disk->random);
    for (size_t i = 0; i < disk->n_names; ++i) {
        struct dm_sim_name *const name = &disk->names[i];
        if (is_volatile(disk, dm_str(name->path))) {
            point_now(name, NULL);
        } else if (name->now != name->synced &&
                   (dm_sim_mix(name->change ^ salt) & 1) == 0) {
            point_now(name, name->synced);
        }
        point_synced(name, name->now);
    }
    sweep(disk);
}

enum dm_status
dm_sim_disk_restart(struct dm_sim_disk *disk)
{
    assert(disk->tripped != DM_SIM_HARM_NONE);
    assert(disk->n_open == 0);
    if (disk->tripped == DM_SIM_HARM_POWER) {
        lose_names(disk);
        for (size_t i = 0; i < disk->n_names; ++i) {
            const enum dm_status status =
                dm_sim_file_lose_power(disk->names[i].now);
            if (status != DM_OK) {
                return status;
            }
        }
    }
    disk->tripped = DM_SIM_HARM_NONE;
    disk->plan = (struct dm_sim_plan){.harm = DM_SIM_HARM_NONE};
    return DM_OK;
}

enum dm_status
dm_sim_disk_flip(struct dm_sim_disk *disk, const char *path, uint64_t offset,
                 unsigned bit)
{
    struct dm_sim_file *const file = find(disk, dm_str(path));
    return file ? dm_sim_file_flip(file, offset, bit) : DM_ERR_NOT_FOUND;
}

// Operations

static enum dm_status
create(struct dm_sim_disk *disk, const char *path, bool is_directory,
       struct dm_sim_file **ret)
{
    if (!has_parent(disk, dm_str(path))) {
        return DM_ERR_NOT_FOUND;
    }
    struct dm_sim_file *const file = dm_sim_file_new(disk, is_directory);
    struct dm_sim_name *const name = file ? name_of(disk, path) : NULL;
    if (!name) {
        dm_free(file);
        return DM_ERR_NO_MEMORY;
    }
    point_now(name, file);
    name->change = ++disk->n_ids;
    if (is_directory) {
        point_synced(name, file);
    }
    tell(disk, path);
    *ret = file;
    return DM_OK;
}

static enum dm_status
open_name(struct dm_sim_disk *disk, const char *path, unsigned flags,
          struct dm_sim_file **ret)
{
    struct dm_sim_file *const file = find(disk, dm_str(path));
    if (!file) {
        return (flags & DM_SIM_OPEN_CREATE) != 0
                   ? create(disk, path, false, ret)
                   : DM_ERR_NOT_FOUND;
    }
    if (file->is_directory) {
        return DM_ERR_PERMISSION;
    }
    if ((flags & DM_SIM_OPEN_EXCLUSIVE) != 0) {
        return DM_ERR_EXISTS;
    }
    *ret = file;
    return DM_OK;
}

enum dm_status
dm_sim_file_open(struct dm_sim_disk *disk, const char *path, unsigned flags,
                 struct dm_sim_file **ret)
{
    enum dm_status status = DM_OK;
    if (dm_sim_disk_strike(disk, DM_SIM_OPEN, &status) != DM_SIM_STRIKE_PASS) {
        return status;
    }
    struct dm_sim_file *file = NULL;
    if (path) {
        note(disk, DM_SIM_OPEN, path);
        status = open_name(disk, path, flags, &file);
    } else {
        file = dm_sim_file_new(disk, false);
        status = file ? DM_OK : DM_ERR_NO_MEMORY;
    }
    if (status == DM_OK) {
        dm_sim_file_count(file, 1, 0);
        *ret = file;
    }
    return status;
}

void
dm_sim_file_close(struct dm_sim_file *file)
{
    if (file) {
        assert(file->n_open > 0);
        dm_sim_file_count(file, -1, 0);
        dm_sim_file_release(file);
    }
}

enum dm_status
dm_sim_disk_info(struct dm_sim_disk *disk, const char *path,
                 struct dm_file_info *ret)
{
    enum dm_status status = DM_OK;
    if (dm_sim_disk_strike(disk, DM_SIM_READ, &status) != DM_SIM_STRIKE_PASS) {
        return status;
    }
    if (is_root(dm_str(path))) {
        *ret = (struct dm_file_info){.kind = DM_FILE_DIRECTORY, .mode = 0755};
        return DM_OK;
    }
    const struct dm_sim_file *const file = find(disk, dm_str(path));
    if (!file) {
        return DM_ERR_NOT_FOUND;
    }
    *ret = (struct dm_file_info){
        .kind = file->is_directory ? DM_FILE_DIRECTORY : DM_FILE_REGULAR,
        .mode = file->mode,
        .size = file->size,
        .modified_ms = file->modified_ms,
    };
    return DM_OK;
}

enum dm_status
dm_sim_disk_set_info(struct dm_sim_disk *disk, const char *path, uint32_t mode,
                     int64_t modified_ms)
{
    enum dm_status status = DM_OK;
    if (!may_change(disk, DM_SIM_NAME, &status)) {
        return status;
    }
    struct dm_sim_file *const file = find(disk, dm_str(path));
    if (!file) {
        return DM_ERR_NOT_FOUND;
    }
    file->mode = mode;
    file->modified_ms = modified_ms;
    return status;
}

enum dm_status
dm_sim_disk_remove(struct dm_sim_disk *disk, const char *path)
{
    enum dm_status status = DM_OK;
    bool is_there = false;
    const size_t i = place_of(disk, dm_str(path), &is_there);
    if (!may_change(disk, DM_SIM_NAME, &status)) {
        return status;
    }
    if (!is_there || !disk->names[i].now) {
        return DM_ERR_NOT_FOUND;
    }
    note(disk, DM_SIM_NAME, path);
    disk->names[i].change = ++disk->n_ids;
    point_now(&disk->names[i], NULL);
    sweep(disk);
    tell(disk, path);
    return status;
}

enum dm_status
dm_sim_disk_rename(struct dm_sim_disk *disk, const char *from, const char *to)
{
    enum dm_status status = DM_OK;
    if (!may_change(disk, DM_SIM_NAME, &status)) {
        return status;
    }
    struct dm_sim_file *const file = find(disk, dm_str(from));
    if (!file || !has_parent(disk, dm_str(to))) {
        return DM_ERR_NOT_FOUND;
    }
    const struct dm_sim_file *const other = find(disk, dm_str(to));
    if (file->is_directory || (other && other->is_directory)) {
        return DM_ERR_PERMISSION;
    }
    note(disk, DM_SIM_NAME, to);
    if (strcmp(from, to) == 0) {
        return status;
    }
    struct dm_sim_name *target = name_of(disk, to);
    if (!target) {
        return DM_ERR_NO_MEMORY;
    }
    const uint64_t change = ++disk->n_ids;
    target->change = change;
    point_now(target, file);
    struct dm_sim_name *const source = name_of(disk, from);
    assert(source); // It is there
    source->change = change;
    point_now(source, NULL);
    sweep(disk);
    tell(disk, from);
    tell(disk, to);
    return status;
}

enum dm_status
dm_sim_disk_make_directory(struct dm_sim_disk *disk, const char *path,
                           uint32_t mode)
{
    enum dm_status status = DM_OK;
    if (!may_change(disk, DM_SIM_NAME, &status)) {
        return status;
    }
    if (is_root(dm_str(path)) || find(disk, dm_str(path))) {
        return DM_ERR_EXISTS;
    }
    note(disk, DM_SIM_NAME, path);
    struct dm_sim_file *directory = NULL;
    const enum dm_status made = create(disk, path, true, &directory);
    if (made != DM_OK) {
        return made;
    }
    directory->mode = mode;
    return status;
}

enum dm_status
dm_sim_disk_sync_names(struct dm_sim_disk *disk, const char *path)
{
    enum dm_status status = DM_OK;
    if (dm_sim_disk_strike(disk, DM_SIM_SYNC, &status) != DM_SIM_STRIKE_PASS) {
        return status;
    }
    note(disk, DM_SIM_SYNC, path);
    if (disk->options.drops_syncs) {
        return DM_OK;
    }
    const struct dm_str parent = parent_of(dm_str(path));
    for (size_t i = 0; i < disk->n_names; ++i) {
        struct dm_sim_name *const name = &disk->names[i];
        if (dm_str_equal(parent_of(dm_str(name->path)), parent)) {
            point_synced(name, name->now);
        }
    }
    sweep(disk);
    return DM_OK;
}

enum dm_status
dm_sim_disk_list(struct dm_sim_disk *disk, const char *path,
                 dm_dir_entry_fn on_entry, void *context)
{
    enum dm_status status = DM_OK;
    if (dm_sim_disk_strike(disk, DM_SIM_READ, &status) != DM_SIM_STRIKE_PASS) {
        return status;
    }
    // "." is where names without a '/' are
    const struct dm_str directory = dm_str(strcmp(path, ".") == 0 ? "" : path);
    const struct dm_sim_file *const file = find(disk, directory);
    if (!is_root(directory) && !(file && file->is_directory)) {
        return DM_ERR_NOT_FOUND;
    }
    for (size_t i = 0; i < disk->n_names; ++i) {
        const struct dm_str name = dm_str(disk->names[i].path);
        const struct dm_str parent = parent_of(name);
        if (!disk->names[i].now || !dm_str_equal(parent, directory)) {
            continue;
        }
        const size_t start =
            parent.n + (parent.n > 0 && !dm_str_is(parent, "/") ? 1 : 0);
        status = on_entry(context, dm_str_slice(name, start, name.n));
        if (status != DM_OK) {
            return status;
        }
    }
    return DM_OK;
}
