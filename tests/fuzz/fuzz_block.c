// SPDX-License-Identifier: ISC

// Blocks of every kind, each read as all of them. What is accepted is written
// again as the same bytes where it has no unknown keys, and keeps its rules.

#include "base/buf.h"
#include "sync/block.h"
#include "tests/check.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_refused(enum dm_status status, const struct dm_error *error)
{
    CHECK(status == DM_ERR_CORRUPT || status == DM_ERR_UNSUPPORTED);
    CHECK(error->status == status && strchr(error->what, ':'));
}

// The same bytes, or fewer where unknown keys were left out
static void
check_again(const struct dm_buf *again, struct dm_str block, bool may_differ)
{
    CHECK_INT(again->status, DM_OK);
    CHECK(dm_str_equal(dm_buf_str(again), block) ||
          (may_differ && again->n < block.n));
}

static void
check_list(const struct dm_cid_list *list)
{
    for (size_t i = 0; i < list->n; ++i) {
        const struct dm_cid cid = dm_cid_list_at(list, i);
        struct dm_cid same;
        CHECK(dm_cid_read(dm_str_n((const char *)cid.bytes, DM_CID_BYTES),
                          &same));
    }
}

static void
run_entry(struct dm_str block)
{
    struct dm_wire_entry entry;
    struct dm_error error;
    const enum dm_status status = dm_wire_entry_read(block, &entry, &error);
    if (status) {
        check_refused(status, &error);
        return;
    }
    CHECK(block.n <= DM_ENTRY_MAX && entry.seq > 0);
    CHECK(entry.has_data == (entry.n > 0));
    if (dm_wire_entry_verify(block, &entry, &error)) {
        check_refused(error.status, &error);
    }

    // Signed by a key of ours it is read again, and well signed
    static const uint8_t seed[DM_KEY_SEED_BYTES] = {1};
    struct dm_key *key = dm_key_from_seed(seed);
    CHECK(key);
    memcpy(entry.log, dm_key_public(key), DM_KEY_PUBLIC_BYTES);
    struct dm_buf buf;
    dm_buf_init(&buf, DM_ENTRY_MAX);
    CHECK(dm_wire_entry_write(&entry, key, &buf) == DM_OK);
    struct dm_wire_entry again;
    CHECK(dm_wire_entry_read(dm_buf_str(&buf), &again, NULL) == DM_OK);
    CHECK(dm_wire_entry_verify(dm_buf_str(&buf), &again, NULL) == DM_OK);
    CHECK(buf.n <= block.n);
    dm_buf_done(&buf);
    dm_key_free(key);
}

static void
run_node(struct dm_str block)
{
    struct dm_wire_node node;
    struct dm_error error;
    const enum dm_status status = dm_wire_node_read(block, &node, &error);
    if (status) {
        check_refused(status, &error);
        return;
    }
    check_list(&node.items);
    struct dm_buf again;
    dm_buf_init(&again, DM_NODE_MAX);
    CHECK(dm_wire_node_write(&node, &again) == DM_OK);
    check_again(&again, block, false);
    dm_buf_done(&again);
}

static void
run_manifest(struct dm_str block)
{
    struct dm_wire_manifest manifest;
    struct dm_error error;
    const enum dm_status status =
        dm_wire_manifest_read(block, &manifest, &error);
    if (status) {
        check_refused(status, &error);
        return;
    }
    check_list(&manifest.parts);
    struct dm_buf again;
    dm_buf_init(&again, DM_MANIFEST_MAX);
    CHECK(dm_wire_manifest_write(&manifest, &again) == DM_OK);
    check_again(&again, block, true);
    dm_buf_done(&again);
}

static void
run_head(struct dm_str block)
{
    struct dm_wire_head head;
    struct dm_error error;
    const enum dm_status status = dm_wire_head_read(block, &head, &error);
    if (status) {
        check_refused(status, &error);
        return;
    }
    check_list(&head.l1);
    check_list(&head.l2);
    check_list(&head.tail);
    struct dm_buf again;
    dm_buf_init(&again, DM_HEAD_MAX);
    CHECK(dm_wire_head_write(&head, &again) == DM_OK);
    check_again(&again, block, head.has_extra);
    dm_buf_done(&again);
}

static void
run_successor(struct dm_str block)
{
    struct dm_wire_successor what;
    struct dm_error error;
    const enum dm_status status = dm_wire_successor_read(block, &what, &error);
    if (status) {
        check_refused(status, &error);
    } else {
        CHECK(memcmp(what.new_key, what.old_key, DM_KEY_PUBLIC_BYTES) != 0);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct dm_str block = dm_str_n((const char *)data, size);
    run_entry(block);
    run_node(block);
    run_manifest(block);
    run_head(block);
    run_successor(block);
    return 0;
}
