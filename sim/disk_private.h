// SPDX-License-Identifier: ISC

#ifndef DM_SIM_DISK_PRIVATE_H
#define DM_SIM_DISK_PRIVATE_H

/**
 * @file
 * What disk.c (names, plans) and file.c (bytes) share.
 *
 * D1 A page that is not dirty is the same in both images.
 * D2 Bytes of the last page beyond the written size are 0.
 * D3 A file lives while it is open or a name of either image leads to it.
 */

#include "base/attr.h"
#include "sim/disk.h"
#include "sim/world.h"

struct dm_sim_page {
    unsigned char *now; ///< NULL: all 0
    unsigned char *old; ///< What is synced; only while dirty
    bool is_dirty;
};

struct dm_sim_file {
    struct dm_sim_disk *disk;
    uint64_t id;
    bool is_directory;
    uint32_t n_open;
    uint32_t n_now;    ///< Names of the written image
    uint32_t n_synced; ///< Names of the synced image
    uint32_t mode;
    int64_t modified_ms;
    uint64_t size;
    uint64_t synced_size;
    uint64_t n_allocated; ///< Pages of the written image that take room
    struct dm_sim_page *pages;
    size_t n_pages;
    size_t capacity;
};

struct dm_sim_name {
    char *path;
    struct dm_sim_file *now;
    struct dm_sim_file *synced;
    uint64_t change; ///< Both names of a rename have one
};

/// 6 kinds of operation
#define DM_SIM_N_OPS 6

struct dm_sim_disk {
    struct dm_sim_world *world;
    struct dm_sim_random random;
    struct dm_sim_disk_options options;
    struct dm_sim_plan plan;
    enum dm_sim_harm tripped;
    uint64_t n_ops[DM_SIM_N_OPS];
    uint64_t n_struck;
    uint64_t used_bytes;
    uint64_t n_ids; ///< Files and changes of names so far
    uint32_t n_open;
    struct dm_sim_name *names; ///< In ascending order of paths
    size_t n_names;
    size_t capacity;
    struct dm_sim_disk_listener *listeners;
};

/// What an operation has to do
enum dm_sim_strike {
    DM_SIM_STRIKE_PASS,
    DM_SIM_STRIKE_FAIL, ///< With the status given
    DM_SIM_STRIKE_TRIP, ///< A part of it, then DM_ERR_IO
    DM_SIM_STRIKE_FLIP,
};

/// Count an operation of one kind and see what the plan says.
enum dm_sim_strike dm_sim_disk_strike(struct dm_sim_disk *disk,
                                      enum dm_sim_disk_op op,
                                      enum dm_status *ret_status);

/// @return NULL when out of memory.
struct dm_sim_file *dm_sim_file_new(struct dm_sim_disk *disk,
                                    bool is_directory);
/// Free where D3 allows it.
void dm_sim_file_release(struct dm_sim_file *file);

/// Change how often the file is open or named and so whether its pages count
void dm_sim_file_count(struct dm_sim_file *file, int n_open, int n_now);

/// Let the power loss happen to the bytes.
/// @return DM_ERR_NO_MEMORY.
enum dm_status dm_sim_file_lose_power(struct dm_sim_file *file) DM_NODISCARD;

/// Flip a bit of both images.
enum dm_status dm_sim_file_flip(struct dm_sim_file *file, uint64_t offset,
                                unsigned bit) DM_NODISCARD;

#endif // DM_SIM_DISK_PRIVATE_H
