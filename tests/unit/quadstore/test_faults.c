// SPDX-License-Identifier: ISC

// A log is sealed and followed on a simulated disk, of which each operation in
// turn fails, is the last before a kill, or before a power loss. What is found
// is the state after one of the transactions, whole, and none is missing that
// was said to be durable.

#include "tests/unit/quadstore/fixture.h"

#include "quadstore/blocks.h"
#include "sim/disk.h"
#include "sim/env.h"
#include "sim/machine.h"
#include "sim/vfs.h"
#include "sim/world.h"

#define NOW INT64_C(1795536000000)
#define SHOP "https://demonitor.internal/shop"
#define FIRST 6
#define N_BLOCKS 14
#define KEPT_FROM 9
#define PAYLOAD_BYTES 6000
#define ALL_OPS                                                                \
    (DM_SIM_OPEN | DM_SIM_READ | DM_SIM_WRITE | DM_SIM_TRUNCATE |              \
     DM_SIM_SYNC | DM_SIM_NAME)

#define TRY(expr)                                                              \
    do {                                                                       \
        const enum dm_status status_ = (expr);                                 \
        if (status_) {                                                         \
            return status_;                                                    \
        }                                                                      \
    } while (0)

struct scene {
    struct fixture fixture;
    struct dm_sim_world *world;
    struct dm_sim_disk *disk;
    struct dm_sim_machine *machine;
    struct dm_sim_env *env;
    struct dm_sim_vfs *vfs;
    int n_durable; // Transactions that were said to be
};

static char payload[PAYLOAD_BYTES];

static void
open_store(struct scene *scene)
{
    const struct dm_store_options options = {
        .path = "/test.db", .vfs = dm_sim_vfs_name(scene->vfs)};
    CHECK_INT(dm_store_open(dm_sim_env_get(scene->env), &options,
                            &scene->fixture.store, NULL),
              DM_OK);
}

static struct dm_block
block_of(enum dm_block_kind kind, uint8_t id, uint64_t seq)
{
    const bool is_large = kind == DM_BLOCK_PAYLOAD;
    return (struct dm_block){
        .place = {1, kind, seq},
        .name = {1, 0x55, 0x12, 0x20, (uint8_t)kind, id},
        .data = is_large ? dm_str_n(payload, sizeof(payload)) : dm_str("entry"),
    };
}

static enum dm_status
put_pairs(struct dm_txn *txn, uint8_t from, uint8_t until)
{
    for (uint8_t i = from; i < until; ++i) {
        const struct dm_block data = block_of(DM_BLOCK_PAYLOAD, i, i);
        const struct dm_block entry = block_of(DM_BLOCK_ENTRY, i, i);
        TRY(dm_txn_block_put(txn, &data));
        TRY(dm_txn_block_put(txn, &entry));
    }
    const struct dm_block part = block_of(DM_BLOCK_PART, 0, until);
    return dm_txn_block_put(txn, &part);
}

// What sealing reads of its own transaction
static enum dm_status
read_own(struct scene *scene, struct dm_txn *txn)
{
    struct dm_snapshot *snapshot = NULL;
    struct dm_blocks *blocks = NULL;
    struct dm_block block;
    size_t n = 0;
    TRY(dm_txn_snapshot(txn, &scene->fixture.work, &snapshot));
    enum dm_status status =
        dm_blocks_open(snapshot, 1, DM_BLOCK_PAYLOAD, 0, &blocks);
    while (!status && !(status = dm_blocks_next(blocks, &block))) {
        CHECK(dm_str_equal(block.data, dm_str_n(payload, sizeof(payload))));
        ++n;
    }
    CHECK(status != DM_END || n == N_BLOCKS);
    dm_blocks_close(blocks);
    dm_snapshot_close(snapshot);
    return status == DM_END ? DM_OK : status;
}

static struct dm_latest
state_of(struct dm_txn *txn)
{
    struct dm_latest latest = {
        .event = event_at(1, put(txn, SHOP), DM_RESULT_WARNING, NOW),
        .since_ms = NOW,
        .streak = 7,
        .bad = 7,
        .bad_since_ms = NOW,
        .certificate_expires_ms = DM_NO_TIME,
    };
    latest.event.key.ms = NOW;
    return latest;
}

// What the first transaction does: the log's beginning
static enum dm_status
begin_log(struct scene *scene, struct dm_txn *txn)
{
    dm_log_no log = 0;
    (void)scene;
    TRY(dm_txn_log_number(txn, dm_str("ipns://k1"), &log));
    (void)put(txn, SHOP);
    return put_pairs(txn, 0, FIRST);
}

static enum dm_status
seal(struct scene *scene, struct dm_txn *txn)
{
    const struct dm_str value = dm_str_n(payload, sizeof(payload));
    const struct dm_latest latest = state_of(txn);
    TRY(put_pairs(txn, FIRST, N_BLOCKS));
    TRY(dm_txn_put_latest(txn, &latest));
    TRY(dm_txn_state_put(txn, "sync", dm_str("k"), &value));
    return read_own(scene, txn);
}

static enum dm_status
prune(struct scene *scene, struct dm_txn *txn)
{
    const struct dm_latest latest = state_of(txn);
    struct dm_event event = latest.event;
    bool more = false;
    (void)scene;
    event.output = dm_str("more than a State says");
    TRY(dm_txn_merge(txn, &event));
    TRY(dm_txn_blocks_remove(txn, 1,
                             1U << DM_BLOCK_ENTRY | 1U << DM_BLOCK_PAYLOAD, 0,
                             KEPT_FROM, 100, &more));
    CHECK(!more);
    return DM_OK;
}

typedef enum dm_status (*act_fn)(struct scene *scene, struct dm_txn *txn);

static const act_fn acts[] = {begin_log, seal, prune};

static enum dm_status
perform(struct scene *scene, act_fn act)
{
    struct dm_txn *txn = NULL;
    TRY(dm_txn_begin(scene->fixture.store, &txn));
    const enum dm_status status = act(scene, txn);
    if (status) {
        dm_txn_rollback(txn);
        return status;
    }
    TRY(dm_txn_commit(txn, DM_COMMIT_DURABLE));
    ++scene->n_durable;
    return DM_OK;
}

// How many transactions the store holds, each of them whole
static int
find_stage(struct scene *scene)
{
    static const uint64_t n_pairs[] = {FIRST, N_BLOCKS, N_BLOCKS - KEPT_FROM};
    struct dm_block_figures figures;
    struct dm_str value;
    check_store(&scene->fixture);
    struct dm_snapshot *snapshot = snapshot_of(&scene->fixture);
    struct dm_latest_scan *scan = NULL;
    struct dm_latest latest;
    CHECK(!dm_latest_open(snapshot, 1, DM_ID_NONE, &scan));
    const bool has_latest = !dm_latest_next(scan, &latest);
    const int stage = !has_latest ? 0 : latest.event.output.n ? 2 : 1;
    dm_latest_close(scan);
    CHECK(!dm_snapshot_block_figures(snapshot, 1, &figures));
    CHECK(figures.blocks == 2 * n_pairs[stage] + 1);
    CHECK(figures.bytes == n_pairs[stage] * (PAYLOAD_BYTES + 5) + 5);
    CHECK(dm_snapshot_state_get(snapshot, "sync", dm_str("k"), &value) ==
          (stage ? DM_OK : DM_ERR_NOT_FOUND));
    dm_snapshot_close(snapshot);
    return stage;
}

static void
scene_init(struct scene *scene)
{
    const struct dm_sim_options options = dm_sim_options_default(1);
    *scene = (struct scene){0};
    scene->world = dm_sim_world_new(&options);
    CHECK(scene->world);
    CHECK(dm_sim_sqlite_begin(scene->world) == DM_OK);
    scene->machine = dm_sim_machine_new(scene->world, "one");
    CHECK(scene->machine);
    dm_sim_machine_start(scene->machine);
    const struct dm_sim_disk_options disk = dm_sim_disk_options_default();
    scene->disk = dm_sim_disk_new(scene->world, &disk);
    CHECK(scene->disk);
    const struct dm_sim_env_options env = {.level = DM_LOG_ERROR};
    scene->env = dm_sim_env_new(scene->machine, scene->disk, &env);
    scene->vfs = dm_sim_vfs_new(scene->machine, scene->disk);
    CHECK(scene->env && scene->vfs);
    dm_work_init(&scene->fixture.work, dm_sim_env_get(scene->env), INT64_MAX,
                 (size_t)16 << 20U);
    open_store(scene);
    CHECK(!perform(scene, acts[0]));
}

static void
scene_done(struct scene *scene)
{
    dm_store_close(scene->fixture.store);
    CHECK_INT((int64_t)scene->fixture.work.account.used, 0);
    dm_sim_vfs_free(scene->vfs);
    dm_sim_env_free(scene->env);
    dm_sim_disk_free(scene->disk);
    dm_sim_sqlite_end();
    dm_sim_world_free(scene->world);
}

// Strike after `n_pass` operations; false where so many were not done.
static bool
strike(enum dm_sim_harm harm, unsigned ops, uint64_t n_pass)
{
    static const struct dm_sim_plan none = {.harm = DM_SIM_HARM_NONE};
    const struct dm_sim_plan plan = {
        .harm = harm, .ops = ops, .n_pass = n_pass};
    struct scene scene;
    scene_init(&scene);
    dm_sim_disk_plan(scene.disk, &plan);
    enum dm_status status = DM_OK;
    for (size_t i = 1; !status && i < DM_COUNT_OF(acts); ++i) {
        status = perform(&scene, acts[i]);
    }
    const bool has_tripped =
        dm_sim_disk_tripped(scene.disk) != DM_SIM_HARM_NONE;
    const bool was_struck = has_tripped || dm_sim_disk_n_struck(scene.disk) > 0;
    CHECK(!status || was_struck);
    if (!has_tripped) {
        dm_sim_disk_plan(scene.disk, &none);
        CHECK(find_stage(&scene) >= scene.n_durable - 1);
        struct dm_txn *txn = NULL; // What failed once is mended
        CHECK(!dm_txn_begin(scene.fixture.store, &txn));
        CHECK(!dm_txn_commit(txn, DM_COMMIT_DURABLE));
    }
    dm_store_close(scene.fixture.store);
    if (has_tripped) {
        CHECK(!dm_sim_disk_restart(scene.disk));
    }
    open_store(&scene);
    CHECK(find_stage(&scene) >= scene.n_durable - 1);
    scene_done(&scene);
    return was_struck;
}

int
main(void)
{
    static const struct {
        enum dm_sim_harm harm;
        unsigned ops;
    } harms[] = {
        {DM_SIM_HARM_ERROR, ALL_OPS},
        {DM_SIM_HARM_FULL, DM_SIM_WRITE},
        {DM_SIM_HARM_KILL, DM_SIM_CHANGES},
        {DM_SIM_HARM_POWER, DM_SIM_CHANGES},
    };
    for (size_t i = 0; i < sizeof(payload); ++i) {
        payload[i] = (char)(i * 31 + i / 251);
    }
    for (size_t i = 0; i < DM_COUNT_OF(harms); ++i) {
        uint64_t n = 0;
        while (strike(harms[i].harm, harms[i].ops, n)) {
            ++n;
        }
        CHECK(n > 20);
    }
    return 0;
}
