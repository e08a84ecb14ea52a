// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_FUZZ_BLOCKS_H
#define DM_TESTS_FUZZ_BLOCKS_H

/**
 * @file
 * Blocks that name one another, from bytes of a fuzzer.
 *
 * Hashes and signatures cannot be guessed, so they are made here. The bytes are
 * blocks one after the other:
 *
 *     kind (1 byte) | label (36) | length (2, big-endian) | the block
 *
 * A label stands in later blocks for the name of this one, and is replaced
 * there. Entries are signed by the key of the seed 01…01, a Head gets the tree
 * hash of the entries before it, where they can be read at all.
 */

#include "base/str.h"
#include "sync/cid.h"
#include "sync/key.h"

#include <stddef.h>
#include <stdint.h>

#define FUZZ_BLOCKS_MAX 200U

enum fuzz_kind {
    FUZZ_RAW,
    FUZZ_ENTRY,
    FUZZ_HEAD,
    FUZZ_OTHER, // Nodes, Manifests
    FUZZ_KINDS,
};

struct fuzz_block {
    enum fuzz_kind kind;
    struct dm_cid cid;
    struct dm_str label;
    struct dm_str data;
    char *bytes; // Of data; on the heap
};

struct fuzz_blocks {
    struct dm_key *key;
    struct fuzz_block all[FUZZ_BLOCKS_MAX];
    size_t n;
};

void fuzz_blocks_read(struct dm_str bytes, struct fuzz_blocks *ret);
void fuzz_blocks_done(struct fuzz_blocks *blocks);

#endif // DM_TESTS_FUZZ_BLOCKS_H
