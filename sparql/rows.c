// SPDX-License-Identifier: ISC

#include "sparql/rows_private.h"

#include "base/alloc.h"
#include "base/map.h"

#include <assert.h>
#include <string.h>

#define ROWS_OF_CHUNK 64U
#define ROWS_MAX ((size_t)1 << 30U)

// In front of each row: its hash and the next row of its chain
struct header {
    uint32_t hash;
    uint32_t next;
};
static_assert(sizeof(struct header) == sizeof(dm_id),
              "ids behind a header are aligned");

static size_t
stride(const struct dm_solutions *rows)
{
    return rows->width + 1;
}

static size_t
chunk_bytes(const struct dm_solutions *rows)
{
    return ROWS_OF_CHUNK * stride(rows) * sizeof(dm_id);
}

void
dm_solutions_init(struct dm_solutions *rows, struct dm_account *account,
                  size_t width)
{
    *rows = (struct dm_solutions){.account = account, .width = width};
}

void
dm_solutions_clear(struct dm_solutions *rows)
{
    for (size_t i = 0; i < rows->n_chunks; ++i) {
        dm_free(rows->chunks[i]);
        dm_account_release(rows->account, chunk_bytes(rows));
    }
    if (rows->slots) {
        dm_account_release(rows->account,
                           rows->n_slots * sizeof(rows->slots[0]));
    }
    dm_free(rows->chunks);
    dm_free(rows->slots);
    dm_solutions_init(rows, rows->account, rows->width);
}

static dm_id *
record(const struct dm_solutions *rows, uint32_t index)
{
    assert(index < rows->n);
    dm_id *chunk = rows->chunks[index / ROWS_OF_CHUNK];
    return chunk + index % ROWS_OF_CHUNK * stride(rows);
}

dm_id *
dm_solutions_at(const struct dm_solutions *rows, uint32_t index)
{
    return record(rows, index) + 1;
}

static enum dm_status
add_chunk(struct dm_solutions *rows)
{
    void **chunks =
        dm_grow(rows->chunks, &rows->chunks_capacity, rows->n_chunks + 1,
                sizeof(rows->chunks[0]), ROWS_MAX / ROWS_OF_CHUNK);
    if (!chunks) {
        return DM_ERR_NO_MEMORY;
    }
    rows->chunks = chunks;
    const enum dm_status status =
        dm_account_charge(rows->account, chunk_bytes(rows));
    if (status) {
        return status;
    }
    void *chunk = dm_malloc(chunk_bytes(rows));
    if (!chunk) {
        dm_account_release(rows->account, chunk_bytes(rows));
        return DM_ERR_NO_MEMORY;
    }
    rows->chunks[rows->n_chunks++] = chunk;
    return DM_OK;
}

enum dm_status
dm_solutions_add(struct dm_solutions *rows, dm_id **ret)
{
    if (rows->n == rows->n_chunks * ROWS_OF_CHUNK) {
        const enum dm_status status = add_chunk(rows);
        if (status) {
            return status;
        }
    }
    const uint32_t index = (uint32_t)rows->n++;
    memset(record(rows, index), 0, stride(rows) * sizeof(dm_id));
    *ret = dm_solutions_at(rows, index);
    return DM_OK;
}

void
dm_solutions_drop(struct dm_solutions *rows)
{
    assert(rows->n);
    --rows->n;
}

uint64_t
dm_solutions_hash(const dm_id *ids, size_t n)
{
    return dm_hash(dm_str_n((const char *)ids, n * sizeof(*ids)), 0);
}

static struct header
read_header(const struct dm_solutions *rows, uint32_t index)
{
    struct header header = {0};
    memcpy(&header, record(rows, index), sizeof(header));
    return header;
}

static void
write_header(const struct dm_solutions *rows, uint32_t index,
             struct header header)
{
    memcpy(record(rows, index), &header, sizeof(header));
}

static void
push(struct dm_solutions *rows, uint32_t index, uint32_t hash)
{
    uint32_t *head = &rows->slots[hash & (rows->n_slots - 1)];
    write_header(rows, index, (struct header){.hash = hash, .next = *head});
    *head = index;
}

// Twice as many slots, for rows up to `n_linked`, which are all linked
static enum dm_status
grow_slots(struct dm_solutions *rows, uint32_t n_linked)
{
    const size_t n_slots = rows->n_slots ? rows->n_slots * 2 : ROWS_OF_CHUNK;
    const size_t bytes = n_slots * sizeof(rows->slots[0]);
    const enum dm_status status = dm_account_charge(rows->account, bytes);
    if (status) {
        return status;
    }
    uint32_t *slots = dm_malloc(bytes);
    if (!slots) {
        dm_account_release(rows->account, bytes);
        return DM_ERR_NO_MEMORY;
    }
    memset(slots, UINT8_MAX, bytes); // DM_ROW_NONE in each
    dm_account_release(rows->account, rows->n_slots * sizeof(rows->slots[0]));
    dm_free(rows->slots);
    rows->slots = slots;
    rows->n_slots = n_slots;
    for (uint32_t i = 0; i < n_linked; ++i) {
        push(rows, i, read_header(rows, i).hash);
    }
    return DM_OK;
}

enum dm_status
dm_solutions_link(struct dm_solutions *rows, uint32_t index, uint64_t hash)
{
    // Rows are linked in the order in which they were added
    if (index >= rows->n_slots) {
        const enum dm_status status = grow_slots(rows, index);
        if (status) {
            return status;
        }
    }
    push(rows, index, (uint32_t)hash);
    return DM_OK;
}

static uint32_t
skip(const struct dm_solutions *rows, uint32_t index, uint32_t hash)
{
    while (index != DM_ROW_NONE) {
        const struct header header = read_header(rows, index);
        if (header.hash == hash) {
            break;
        }
        index = header.next;
    }
    return index;
}

uint32_t
dm_solutions_first(const struct dm_solutions *rows, uint64_t hash)
{
    if (!rows->n_slots) {
        return DM_ROW_NONE;
    }
    return skip(rows, rows->slots[(uint32_t)hash & (rows->n_slots - 1)],
                (uint32_t)hash);
}

uint32_t
dm_solutions_next(const struct dm_solutions *rows, uint32_t index,
                  uint64_t hash)
{
    return skip(rows, read_header(rows, index).next, (uint32_t)hash);
}
