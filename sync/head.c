// SPDX-License-Identifier: ISC

#include "base/buf.h"
#include "sync/block.h"
#include "sync/shape_private.h"
#include "sync/tree.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

_Static_assert(DM_FAN2 == DM_FAN * DM_FAN, "a node of nodes");

// struct dm_wire_head with its frontier as a list, as the table needs it
struct wide {
    struct dm_wire_head head;
    struct dm_digest_list frontier;
};

#define AT(member) .at = offsetof(struct wide, head.member)
#define FLAG(member) .flag = offsetof(struct wide, head.member)

static const struct dm_field fields[] = {
    {.key = "v", .type = DM_FIELD_VERSION},
    {"l1", DM_FIELD_LINKS, DM_ALWAYS, AT(l1), .most = DM_HEAD_L1_MAX},
    {"l2", DM_FIELD_LINKS, DM_ALWAYS, AT(l2), .most = DM_HEAD_L2_MAX},
    {"log", DM_FIELD_BYTES, DM_ALWAYS, AT(log), .most = DM_KEY_PUBLIC_BYTES},
    {"seq", DM_FIELD_COUNT, DM_ALWAYS, AT(seq)},
    {"tip", DM_FIELD_LINK, DM_ALWAYS, AT(tip)},
    {"conf", DM_FIELD_LINK, DM_ALWAYS, AT(conf)},
    {"note", DM_FIELD_LINK, DM_OPTIONAL, AT(note), FLAG(has_note)},
    {"root", DM_FIELD_BYTES, DM_ALWAYS, AT(root), .most = DM_DIGEST_BYTES},
    {"snap", DM_FIELD_LINK, DM_OPTIONAL, AT(snap), FLAG(has_snap)},
    {"tail", DM_FIELD_LINKS, DM_ALWAYS, AT(tail), .most = DM_HEAD_TAIL_MAX},
    {"first", DM_FIELD_COUNT, DM_ALWAYS, AT(first)},
    {"anchor", DM_FIELD_CID, DM_OR_NULL, AT(anchor), FLAG(has_anchor)},
    {"frontier", DM_FIELD_DIGESTS, DM_ALWAYS,
     .at = offsetof(struct wide, frontier), .most = DM_FRONTIER_MAX},
};
#undef AT
#undef FLAG

static const struct dm_shape shape = {
    .name = "a head",
    .max = DM_HEAD_MAX,
    .unknown = DM_UNKNOWN_FEW,
    .fields = fields,
    .n_fields = DM_COUNT_OF(fields),
};

struct dm_head_cut
dm_head_cut(uint64_t first, uint64_t seq)
{
    assert(first % DM_FAN == 1 && first <= seq && seq < DM_WIRE_BELOW);
    struct dm_head_cut cut = {.n_tail = (size_t)(seq % DM_FAN)};
    const uint64_t whole = seq - cut.n_tail; // The last of a run of 64, or 0
    const uint64_t l2_from = (first - 1 + DM_FAN2 - 1) / DM_FAN2 * DM_FAN2 + 1;
    if (whole >= l2_from) {
        cut.n_l2 = (size_t)((whole - l2_from + 1) / DM_FAN2);
    }
    cut.l2_from = cut.n_l2 ? l2_from : 0;
    const uint64_t runs = (whole - (first - 1)) / DM_FAN;
    cut.n_l1 = (size_t)(runs - (uint64_t)cut.n_l2 * DM_FAN);
    return cut;
}

static const char *
rule_of_head(const struct wide *wide)
{
    const struct dm_wire_head *const head = &wide->head;
    if (head->first % DM_FAN != 1 || head->first > head->seq) {
        return "value: first is not 1 mod 64, or after seq";
    }
    const struct dm_head_cut cut = dm_head_cut(head->first, head->seq);
    if (head->l2.n != cut.n_l2 || head->l1.n != cut.n_l1 ||
        head->tail.n != cut.n_tail) {
        return "head-cut: l2, l1 and tail are not how first to seq is cut";
    }
    if (head->tail.n) {
        const struct dm_cid last =
            dm_cid_list_at(&head->tail, head->tail.n - 1);
        if (!dm_cid_equal(&last, &head->tip)) {
            return "head-tip: tip is not the last of tail";
        }
    }
    if (head->has_anchor == (head->first == 1)) {
        return "head-anchor: it is null where first is 1 and only there";
    }
    const struct dm_tree before = {.size = head->first - 1};
    if (wide->frontier.n != dm_tree_count(&before)) {
        return "head-frontier: not one hash for each subtree before first";
    }
    if (!head->has_snap && (head->seq >= DM_SNAP_FROM || head->first > 1)) {
        return "head-snap: there is none";
    }
    return NULL;
}

enum dm_status
dm_wire_head_read(struct dm_str block, struct dm_wire_head *ret,
                  struct dm_error *error)
{
    struct wide wide = {.head = {.seq = 0}};
    size_t n_unknown = 0;
    const enum dm_status status =
        dm_shape_read(&shape, block, &wide, &n_unknown, error);
    if (status) {
        return status;
    }
    const char *const rule = rule_of_head(&wide);
    if (rule) {
        return dm_error_set(error, DM_ERR_CORRUPT, "%s", rule);
    }
    *ret = wide.head;
    ret->frontier = wide.frontier.first;
    ret->n_frontier = wide.frontier.n;
    ret->frontier_stride = wide.frontier.stride;
    ret->has_extra = n_unknown > 0;
    return DM_OK;
}

enum dm_status
dm_wire_head_write(const struct dm_wire_head *head, struct dm_buf *buf)
{
    const struct wide wide = {.head = *head,
                              .frontier = {.first = head->frontier,
                                           .n = head->n_frontier,
                                           .stride = head->frontier_stride}};
    assert(!rule_of_head(&wide));
    return dm_shape_write(&shape, &wide, buf);
}
