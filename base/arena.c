// SPDX-License-Identifier: ISC

#include "base/arena.h"

#include "base/account.h"
#include "base/alloc.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#define FIRST_BLOCK 1024U
#define LARGEST_BLOCK 65536U // Blocks double up to this; larger on demand only

struct dm_arena_block {
    struct dm_arena_block *next;
    size_t size; // Bytes of `bytes`
    size_t used;
    _Alignas(max_align_t) char bytes[];
};

void
dm_arena_init(struct dm_arena *arena, size_t max, struct dm_account *account)
{
    *arena = (struct dm_arena){.max = max, .account = account};
}

static void
drop_newest(struct dm_arena *arena)
{
    struct dm_arena_block *block = arena->blocks;
    arena->blocks = block->next;
    arena->total -= block->size;
    if (arena->account) {
        dm_account_release(arena->account, block->size);
    }
    dm_free(block);
}

void
dm_arena_done(struct dm_arena *arena)
{
    while (arena->blocks) {
        drop_newest(arena);
    }
}

static struct dm_arena_block *
add_block(struct dm_arena *arena, size_t need)
{
    size_t size = arena->blocks ? arena->blocks->size * 2 : FIRST_BLOCK;
    if (size > LARGEST_BLOCK) {
        size = LARGEST_BLOCK;
    }
    const size_t left = arena->max - arena->total;
    if (size > left) {
        size = left;
    }
    if (size < need) {
        size = need;
    }
    if (size > left || size > SIZE_MAX - sizeof(struct dm_arena_block)) {
        return NULL;
    }
    if (arena->account && dm_account_charge(arena->account, size)) {
        return NULL;
    }

    struct dm_arena_block *block = dm_malloc(sizeof(*block) + size);
    if (!block) {
        if (arena->account) {
            dm_account_release(arena->account, size);
        }
        return NULL;
    }
    block->next = arena->blocks;
    block->size = size;
    block->used = 0;
    arena->blocks = block;
    arena->total += size;
    return block;
}

void *
dm_arena_alloc(struct dm_arena *arena, size_t n, size_t size)
{
    static const size_t align = _Alignof(max_align_t);
    if (size && n > (SIZE_MAX - align) / size) {
        return NULL;
    }

    const size_t need = (n * size + align - 1) / align * align;
    struct dm_arena_block *block = arena->blocks;
    if (!block || block->size - block->used < need) {
        block = add_block(arena, need);
        if (!block) {
            return NULL;
        }
    }
    void *room = block->bytes + block->used;
    block->used += need;
    return memset(room, 0, need);
}

struct dm_str
dm_arena_copy(struct dm_arena *arena, struct dm_str text)
{
    char *copy =
        text.n < SIZE_MAX ? dm_arena_alloc(arena, text.n + 1, 1) : NULL;
    if (!copy) {
        return (struct dm_str){0};
    }
    if (text.n) {
        memcpy(copy, text.data, text.n);
    }
    return (struct dm_str){copy, text.n};
}

struct dm_arena_mark
dm_arena_mark(const struct dm_arena *arena)
{
    return (struct dm_arena_mark){arena->blocks,
                                  arena->blocks ? arena->blocks->used : 0};
}

void
dm_arena_rewind(struct dm_arena *arena, struct dm_arena_mark mark)
{
    while (arena->blocks != mark.block) {
        assert(arena->blocks);
        drop_newest(arena);
    }
    if (arena->blocks) {
        assert(mark.used <= arena->blocks->used);
        arena->blocks->used = mark.used;
    }
}
