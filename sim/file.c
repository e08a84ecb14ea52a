// SPDX-License-Identifier: ISC

// The bytes of files: pages in two images, and what a power loss makes of them.

#include "base/alloc.h"
#include "base/map.h"
#include "sim/disk_private.h"

#include <assert.h>
#include <string.h>

#define PAGE ((size_t)DM_SIM_PAGE_BYTES)
#define PAGES_MAX ((size_t)(DM_SIM_FILE_MAX_BYTES / DM_SIM_PAGE_BYTES))

static_assert(DM_SIM_PAGE_BYTES % DM_SIM_SECTOR_BYTES == 0, "whole sectors");

static bool
is_counted(const struct dm_sim_file *file)
{
    return file->n_open > 0 || file->n_now > 0;
}

// Room that one more or one less page of the written image takes
static void
account(struct dm_sim_file *file, bool is_more)
{
    struct dm_sim_disk *const disk = file->disk;
    if (is_more) {
        ++file->n_allocated;
        disk->used_bytes += is_counted(file) ? PAGE : 0;
    } else {
        assert(file->n_allocated > 0);
        --file->n_allocated;
        disk->used_bytes -= is_counted(file) ? PAGE : 0;
    }
}

void
dm_sim_file_count(struct dm_sim_file *file, int n_open, int n_now)
{
    struct dm_sim_disk *const disk = file->disk;
    const bool was_counted = is_counted(file);
    file->n_open = (uint32_t)((int64_t)file->n_open + n_open);
    file->n_now = (uint32_t)((int64_t)file->n_now + n_now);
    disk->n_open = (uint32_t)((int64_t)disk->n_open + n_open);
    if (is_counted(file) && !was_counted) {
        disk->used_bytes += file->n_allocated * PAGE;
    } else if (!is_counted(file) && was_counted) {
        disk->used_bytes -= file->n_allocated * PAGE;
    }
}

struct dm_sim_file *
dm_sim_file_new(struct dm_sim_disk *disk, bool is_directory)
{
    struct dm_sim_file *const file = dm_calloc(1, sizeof(*file));
    if (file) {
        file->disk = disk;
        file->id = ++disk->n_ids;
        file->is_directory = is_directory;
        file->mode = is_directory ? 0755 : 0644;
    }
    return file;
}

static void
drop_old(struct dm_sim_page *page)
{
    dm_free(page->old);
    page->old = NULL;
    page->is_dirty = false;
}

static void
drop_now(struct dm_sim_file *file, struct dm_sim_page *page)
{
    if (page->now) {
        account(file, false);
        dm_free(page->now);
        page->now = NULL;
    }
}

void
dm_sim_file_release(struct dm_sim_file *file)
{
    if (file->n_open > 0 || file->n_now > 0 || file->n_synced > 0) {
        return;
    }
    for (size_t i = 0; i < file->n_pages; ++i) {
        drop_now(file, &file->pages[i]);
        drop_old(&file->pages[i]);
    }
    dm_free(file->pages);
    dm_free(file);
}

uint64_t
dm_sim_file_size(const struct dm_sim_file *file)
{
    return file->size;
}

static void
note(const struct dm_sim_file *file, enum dm_sim_disk_op op, uint64_t a,
     uint64_t b)
{
    dm_sim_world_note(file->disk->world, DM_SIM_NOTE_DISK,
                      ((uint64_t)op << 32) ^ file->id, dm_sim_mix(a) ^ b);
}

// How many bytes of what is at `offset` are in its page
static size_t
piece(uint64_t offset, size_t n)
{
    const size_t rest = PAGE - (size_t)(offset % PAGE);
    return n < rest ? n : rest;
}

enum dm_status
dm_sim_file_read(struct dm_sim_file *file, uint64_t offset, void *bytes,
                 size_t n, size_t *ret_n)
{
    enum dm_status status = DM_OK;
    if (dm_sim_disk_strike(file->disk, DM_SIM_READ, &status) !=
        DM_SIM_STRIKE_PASS) {
        return status;
    }
    const uint64_t left = offset < file->size ? file->size - offset : 0;
    const size_t all = left < n ? (size_t)left : n;
    unsigned char *const to = bytes;
    for (size_t done = 0; done < all;) {
        const uint64_t at = offset + done;
        const size_t part = piece(at, all - done);
        const unsigned char *const now = file->pages[at / PAGE].now;
        if (now) {
            memcpy(to + done, now + at % PAGE, part);
        } else {
            memset(to + done, 0, part);
        }
        done += part;
    }
    *ret_n = all;
    return DM_OK;
}

// Room for pages up to byte `end`
static enum dm_status
reach(struct dm_sim_file *file, uint64_t end)
{
    if (end > DM_SIM_FILE_MAX_BYTES) {
        return DM_ERR_FULL;
    }
    const size_t need = (size_t)((end + PAGE - 1) / PAGE);
    if (need <= file->n_pages) {
        return DM_OK;
    }
    struct dm_sim_page *const pages = dm_grow(
        file->pages, &file->capacity, need, sizeof(*file->pages), PAGES_MAX);
    if (!pages) {
        return DM_ERR_NO_MEMORY;
    }
    file->pages = pages;
    memset(&pages[file->n_pages], 0,
           (need - file->n_pages) * sizeof(*file->pages));
    file->n_pages = need;
    return DM_OK;
}

// Make `page` one whose written image may be changed and differ from the synced
static enum dm_status
touch(struct dm_sim_file *file, struct dm_sim_page *page)
{
    if (page->is_dirty && page->now) {
        return DM_OK;
    }
    struct dm_sim_disk *const disk = file->disk;
    const uint64_t capacity = disk->options.capacity_bytes;
    if (!page->now && (capacity < PAGE || disk->used_bytes > capacity - PAGE)) {
        ++disk->n_struck;
        return DM_ERR_FULL;
    }
    unsigned char *const now = dm_calloc(1, PAGE);
    if (!now) {
        return DM_ERR_NO_MEMORY;
    }
    if (page->now) {
        memcpy(now, page->now, PAGE);
    } else {
        account(file, true);
    }
    if (!page->is_dirty) {
        page->old = page->now;
        page->is_dirty = true;
    }
    page->now = now;
    return DM_OK;
}

// @param ret_n How much was written; set in any case.
static enum dm_status
write_bytes(struct dm_sim_file *file, uint64_t offset,
            const unsigned char *bytes, size_t n, size_t *ret_n)
{
    size_t done = 0;
    enum dm_status status = reach(file, offset + n);
    while (status == DM_OK && done < n) {
        const uint64_t at = offset + done;
        struct dm_sim_page *const page = &file->pages[at / PAGE];
        status = touch(file, page);
        if (status == DM_OK) {
            const size_t part = piece(at, n - done);
            memcpy(page->now + at % PAGE, bytes + done, part);
            done += part;
        }
    }
    if (done > 0 && offset + done > file->size) {
        file->size = offset + done;
    }
    *ret_n = done;
    return status;
}

enum dm_status
dm_sim_file_write(struct dm_sim_file *file, uint64_t offset, const void *bytes,
                  size_t n)
{
    struct dm_sim_disk *const disk = file->disk;
    enum dm_status status = DM_OK;
    const enum dm_sim_strike strike =
        dm_sim_disk_strike(disk, DM_SIM_WRITE, &status);
    if (strike == DM_SIM_STRIKE_FAIL) {
        return status;
    }
    note(file, DM_SIM_WRITE, offset ^ ((uint64_t)n << 40),
         dm_hash(dm_str_n(bytes, n), 0));
    const size_t want = strike == DM_SIM_STRIKE_TRIP
                            ? (size_t)dm_sim_random_below(&disk->random, n + 1)
                            : n;
    size_t done = 0;
    const enum dm_status written =
        write_bytes(file, offset, bytes, want, &done);
    if (strike == DM_SIM_STRIKE_FLIP && done > 0) {
        const uint64_t at = offset + dm_sim_random_below(&disk->random, done);
        const unsigned bit = (unsigned)dm_sim_random_below(&disk->random, 8);
        unsigned char *const byte = file->pages[at / PAGE].now + at % PAGE;
        *byte = (unsigned char)(*byte ^ (1U << bit));
    }
    return strike == DM_SIM_STRIKE_TRIP ? status : written;
}

// Shrink the written image to `n` bytes, keeping what is synced
static enum dm_status
shrink(struct dm_sim_file *file, uint64_t n)
{
    const size_t tail = (size_t)(n % PAGE);
    size_t i = (size_t)(n / PAGE);
    if (tail > 0) {
        struct dm_sim_page *const page = &file->pages[i++];
        if (page->now) {
            const enum dm_status status = touch(file, page);
            if (status != DM_OK) {
                return status;
            }
            memset(page->now + tail, 0, PAGE - tail); // D2
        }
    }
    for (; i < file->n_pages; ++i) {
        struct dm_sim_page *const page = &file->pages[i];
        if (page->is_dirty) {
            drop_now(file, page);
        } else if (page->now) {
            account(file, false);
            page->old = page->now;
            page->now = NULL;
            page->is_dirty = true;
        }
    }
    file->size = n;
    return DM_OK;
}

enum dm_status
dm_sim_file_truncate(struct dm_sim_file *file, uint64_t n)
{
    struct dm_sim_disk *const disk = file->disk;
    enum dm_status status = DM_OK;
    const enum dm_sim_strike strike =
        dm_sim_disk_strike(disk, DM_SIM_TRUNCATE, &status);
    if (strike == DM_SIM_STRIKE_FAIL ||
        (strike == DM_SIM_STRIKE_TRIP &&
         dm_sim_random_chance(&disk->random, DM_SIM_MILLION / 2))) {
        return status;
    }
    note(file, DM_SIM_TRUNCATE, n, 0);
    enum dm_status done = DM_OK;
    if (n < file->size) {
        done = shrink(file, n);
    } else {
        done = reach(file, n);
        file->size = done == DM_OK ? n : file->size;
    }
    return strike == DM_SIM_STRIKE_TRIP ? status : done;
}

// The written image is the synced one from now on
static void
settle(struct dm_sim_file *file)
{
    for (size_t i = 0; i < file->n_pages; ++i) {
        if (file->pages[i].is_dirty) {
            drop_old(&file->pages[i]);
        }
    }
    file->synced_size = file->size;
    file->n_pages = (size_t)((file->size + PAGE - 1) / PAGE);
}

enum dm_status
dm_sim_file_sync(struct dm_sim_file *file)
{
    struct dm_sim_disk *const disk = file->disk;
    enum dm_status status = DM_OK;
    if (dm_sim_disk_strike(disk, DM_SIM_SYNC, &status) != DM_SIM_STRIKE_PASS) {
        return status; // What was to be synced may be there or not all the same
    }
    note(file, DM_SIM_SYNC, file->size, 0);
    if (!disk->options.drops_syncs) {
        settle(file);
    }
    return DM_OK;
}

// What a power loss may leave of a page

enum fate {
    FATE_OLD,
    FATE_NEW,
    FATE_SECTORS, ///< Each sector is old or new
    FATE_TORN,    ///< New up to a byte, old from there on, or the reverse
    FATE_RUBBISH,
    N_FATES
};

static unsigned char
byte_of(const unsigned char *image, size_t i)
{
    return image ? image[i] : 0;
}

// Mix the old image into the new one
static void
mix(struct dm_sim_random *random, struct dm_sim_page *page, enum fate fate)
{
    const size_t cut = (size_t)dm_sim_random_below(random, PAGE);
    const uint64_t sectors = dm_sim_random_next(random);
    const bool is_reverse = (sectors >> 63) != 0;
    for (size_t i = 0; i < PAGE; ++i) {
        const size_t sector = i / DM_SIM_SECTOR_BYTES;
        const bool is_old = fate == FATE_SECTORS
                                ? ((sectors >> sector) & 1) != 0
                                : (i < cut) == is_reverse;
        if (is_old) {
            page->now[i] = byte_of(page->old, i);
        }
    }
}

static enum dm_status
lose_page(struct dm_sim_file *file, struct dm_sim_page *page, enum fate fate)
{
    struct dm_sim_random *const random = &file->disk->random;
    switch (fate) {
    case FATE_NEW:
        break;
    case FATE_OLD:
        drop_now(file, page);
        if (page->old) {
            page->now = page->old;
            page->old = NULL;
            account(file, true);
        }
        break;
    case FATE_SECTORS:
    case FATE_TORN:
    case FATE_RUBBISH:
        if (!page->now) {
            page->now = dm_calloc(1, PAGE);
            if (!page->now) {
                return DM_ERR_NO_MEMORY;
            }
            account(file, true);
        }
        if (fate == FATE_RUBBISH) {
            dm_sim_random_bytes(random, page->now, PAGE);
        } else {
            mix(random, page, fate);
        }
        break;
    case N_FATES:
        assert(false);
    }
    drop_old(page);
    return DM_OK;
}

static enum fate
draw_fate(struct dm_sim_random *random, bool is_powersafe)
{
    const uint64_t draw = dm_sim_random_below(random, 20);
    if (draw < 8) {
        return FATE_OLD;
    }
    if (draw < 16) {
        return FATE_NEW;
    }
    if (draw < 18) {
        return FATE_SECTORS;
    }
    return draw == 18 && !is_powersafe ? FATE_RUBBISH : FATE_TORN;
}

enum dm_status
dm_sim_file_lose_power(struct dm_sim_file *file)
{
    struct dm_sim_disk *const disk = file->disk;
    struct dm_sim_random *const random = &disk->random;
    // Often all of it was on its way, or nothing
    const enum fate mood = (enum fate)dm_sim_random_below(random, N_FATES);
    for (size_t i = 0; i < file->n_pages; ++i) {
        if (!file->pages[i].is_dirty) {
            continue;
        }
        const enum fate fate =
            mood == FATE_OLD || mood == FATE_NEW
                ? mood
                : draw_fate(random, disk->options.is_powersafe);
        const enum dm_status status = lose_page(file, &file->pages[i], fate);
        if (status != DM_OK) {
            return status;
        }
    }
    const bool is_longer = file->size > file->synced_size;
    const uint64_t low = is_longer ? file->synced_size : file->size;
    const uint64_t high = is_longer ? file->size : file->synced_size;
    uint64_t size = high;
    if (mood == FATE_OLD) {
        size = file->synced_size;
    } else if (mood == FATE_NEW) {
        size = file->size;
    } else if (low < high) {
        size = low + dm_sim_random_below(random, high - low + 1);
    }
    const enum dm_status status = reach(file, size);
    if (status != DM_OK) {
        return status;
    }
    file->size = file->n_pages * PAGE;
    const enum dm_status shrunk = shrink(file, size);
    settle(file);
    return shrunk;
}

enum dm_status
dm_sim_file_flip(struct dm_sim_file *file, uint64_t offset, unsigned bit)
{
    assert(bit < 8);
    if (offset >= file->size) {
        return DM_ERR_NOT_FOUND;
    }
    struct dm_sim_page *const page = &file->pages[offset / PAGE];
    if (!page->now) {
        return DM_ERR_NOT_FOUND; // A hole has no medium that could go bad
    }
    const size_t i = (size_t)(offset % PAGE);
    page->now[i] = (unsigned char)(page->now[i] ^ (1U << bit));
    if (page->is_dirty && page->old) {
        page->old[i] = (unsigned char)(page->old[i] ^ (1U << bit));
    }
    return DM_OK;
}
