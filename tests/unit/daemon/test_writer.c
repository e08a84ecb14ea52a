// SPDX-License-Identifier: ISC

// The writer on a simulated disk, stepped by hand: when it commits, what it
// tells, and what it does when there is no room.

#include "daemon/writer.h"

#include "base/time.h"
#include "quadstore/store.h"
#include "quadstore/write.h"
#include "sim/disk.h"
#include "sim/env.h"
#include "sim/machine.h"
#include "sim/vfs.h"
#include "sim/world.h"
#include "tests/check.h"

#include <string.h>

#define SECOND DM_NS_PER_SECOND
#define CHECK_IRI "https://demonitor.internal/shop"

struct scene {
    struct dm_sim_world *world;
    struct dm_sim_disk *disk;
    struct dm_sim_machine *machine;
    struct dm_sim_env *env;
    struct dm_sim_vfs *vfs;
    struct dm_store *store;
    struct dm_writer *writer;
    int64_t now_ns;
    // Of what was told
    int n_notes;
    size_t n_results;
    bool has_change;
    bool is_full;
    uint64_t dropped;
    int64_t bad;
};

// Results that a reader sees
static uint64_t
n_stored(const struct scene *scene)
{
    struct dm_work work;
    struct dm_snapshot *snapshot = NULL;
    struct dm_store_figures figures;
    dm_work_init(&work, dm_sim_env_get(scene->env), INT64_MAX, 1U << 20U);
    CHECK_INT(dm_snapshot_open(scene->store, &work, &snapshot), DM_OK);
    CHECK_INT(dm_snapshot_figures(snapshot, &figures), DM_OK);
    dm_snapshot_close(snapshot);
    return (uint64_t)figures.events;
}

static void
committed(void *context, struct dm_commit_note *note)
{
    struct scene *scene = context;
    ++scene->n_notes;
    scene->n_results += note->n_changes;
    scene->has_change = note->has_status_change;
    scene->is_full = note->is_full;
    scene->dropped = note->dropped;
    if (note->n_changes) {
        scene->bad = note->changes[note->n_changes - 1].bad;
    }
    // Nothing is told that a reader would not see
    CHECK(n_stored(scene) >= scene->n_results);
    dm_commit_note_free(note);
}

static void
scene_open(struct scene *scene)
{
    *scene = (struct scene){.now_ns = SECOND};
    const struct dm_sim_options options = dm_sim_options_default(1);
    scene->world = dm_sim_world_new(&options);
    CHECK(scene->world);
    const struct dm_sim_disk_options disk = dm_sim_disk_options_default();
    scene->disk = dm_sim_disk_new(scene->world, &disk);
    CHECK(scene->disk);
    scene->machine = dm_sim_machine_new(scene->world, "one");
    CHECK(scene->machine);
    dm_sim_machine_start(scene->machine);
    const struct dm_sim_env_options env = {.level = DM_LOG_ERROR};
    scene->env = dm_sim_env_new(scene->machine, scene->disk, &env);
    CHECK(scene->env);
    scene->vfs = dm_sim_vfs_new(scene->machine, scene->disk);
    CHECK(scene->vfs);
    const struct dm_store_options store = {.path = "/test.db",
                                           .vfs = dm_sim_vfs_name(scene->vfs)};
    CHECK_INT(
        dm_store_open(dm_sim_env_get(scene->env), &store, &scene->store, NULL),
        DM_OK);
    const struct dm_writer_options writer = {
        .env = dm_sim_env_get(scene->env),
        .store = scene->store,
        .log_iri = DM_STR("ipns://k51writer"),
        .ballast_path = "/ballast",
        .seal_ns = 30 * SECOND,
        .keep_raw_ms = INT64_C(86400000),
        .committed = committed,
        .context = scene,
    };
    CHECK_INT(dm_env_write(writer.env, "/ballast", dm_str("ballast"), 0600,
                           DM_WRITE_DEFAULT, NULL),
              DM_OK);
    scene->writer = dm_writer_new(&writer);
    CHECK(scene->writer);
}

static void
scene_close(struct scene *scene)
{
    dm_writer_free(scene->writer);
    dm_store_close(scene->store);
    dm_sim_vfs_free(scene->vfs);
    dm_sim_env_free(scene->env);
    dm_sim_disk_free(scene->disk);
    dm_sim_world_free(scene->world);
}

static void
push(const struct scene *scene, enum dm_verdict verdict)
{
    struct dm_result *result = dm_result_new(dm_str(CHECK_IRI));
    CHECK(result);
    result->verdict = verdict;
    result->at_ms = dm_env_wall_ms(dm_sim_env_get(scene->env));
    result->micros = 1000;
    CHECK_INT(dm_writer_result(scene->writer, result), DM_OK);
}

// Step until it rests at this time; when it wants the next step
static int64_t
settle(struct scene *scene, int64_t later_ns)
{
    const struct dm_actor actor = dm_writer_actor(scene->writer);
    int64_t due_ns = 0;
    scene->now_ns += later_ns;
    while (dm_actor_step(&actor, scene->now_ns, &due_ns) != DM_PROGRESS_IDLE) {
    }
    return due_ns;
}

static void
results_wait_for_others(void)
{
    struct scene scene;
    scene_open(&scene);
    (void)settle(&scene, 0);
    push(&scene, DM_VERDICT_OK);
    (void)settle(&scene, 0); // After some quiet nothing is worth waiting for
    CHECK_INT(scene.n_notes, 1);
    CHECK_INT((int64_t)n_stored(&scene), 1);
    push(&scene, DM_VERDICT_OK);
    const int64_t due = settle(&scene, 0);
    CHECK_INT(due - scene.now_ns, DM_WRITER_DELAY_NS);
    CHECK_INT(scene.n_notes, 1);
    CHECK_INT((int64_t)n_stored(&scene), 1);
    push(&scene, DM_VERDICT_OK);
    (void)settle(&scene, DM_WRITER_DELAY_NS);
    CHECK_INT(scene.n_notes, 2);
    CHECK_INT((int64_t)scene.n_results, 3);
    for (unsigned i = 0; i < DM_WRITER_BATCH; ++i) {
        push(&scene, DM_VERDICT_OK);
    }
    (void)settle(&scene, 0); // So many do not wait
    CHECK_INT(scene.n_notes, 3);
    CHECK_INT((int64_t)n_stored(&scene), 3 + (int64_t)DM_WRITER_BATCH);
    scene_close(&scene);
}

// A change of status is on the disk when it is told; what changed nothing may
// wait for the next seal
static void
changes_are_durable(void)
{
    struct scene scene;
    scene_open(&scene);
    push(&scene, DM_VERDICT_OK);
    (void)settle(&scene, 0);
    (void)settle(&scene, DM_WRITER_DELAY_NS);
    CHECK(scene.has_change);
    uint64_t syncs = dm_sim_disk_n_ops(scene.disk, DM_SIM_SYNC);
    push(&scene, DM_VERDICT_OK);
    (void)settle(&scene, 0);
    (void)settle(&scene, DM_WRITER_DELAY_NS);
    CHECK(!scene.has_change);
    CHECK_INT((int64_t)scene.n_results, 2);
    CHECK(dm_sim_disk_n_ops(scene.disk, DM_SIM_SYNC) == syncs);
    for (int64_t bad = 1; bad <= 2; ++bad) {
        push(&scene, DM_VERDICT_CRITICAL);
        (void)settle(&scene, 0);
        (void)settle(&scene, DM_WRITER_DELAY_NS);
        CHECK(scene.has_change == (bad == 1));
        CHECK_INT(scene.bad, bad);
    }
    CHECK(dm_sim_disk_n_ops(scene.disk, DM_SIM_SYNC) > syncs);
    scene_close(&scene);
}

static void
a_full_disk_is_waited_for(void)
{
    static const struct dm_sim_plan full = {
        .harm = DM_SIM_HARM_FULL, .ops = DM_SIM_WRITE, .is_lasting = true};
    static const struct dm_sim_plan none = {.harm = DM_SIM_HARM_NONE};
    struct scene scene;
    struct dm_file_info info;
    scene_open(&scene);
    push(&scene, DM_VERDICT_OK);
    (void)settle(&scene, 0);
    (void)settle(&scene, DM_WRITER_DELAY_NS);
    dm_sim_disk_plan(scene.disk, &full);
    push(&scene, DM_VERDICT_CRITICAL);
    (void)settle(&scene, 0);
    (void)settle(&scene, DM_WRITER_DELAY_NS);
    CHECK(scene.is_full);
    CHECK_INT((int64_t)scene.n_results, 1);
    CHECK_INT(dm_env_info(dm_sim_env_get(scene.env), "/ballast", &info),
              DM_ERR_NOT_FOUND);
    // Over what is held back, those that say least go first
    for (unsigned i = 0; i < DM_WRITER_HELD_MAX; ++i) {
        push(&scene, DM_VERDICT_OK);
    }
    for (int i = 0; i < 12; ++i) { // So many as a step takes, each time
        (void)settle(&scene, 2 * SECOND);
    }
    CHECK(scene.is_full);
    dm_sim_disk_plan(scene.disk, &none);
    for (int i = 0; i < 100 && scene.n_results < DM_WRITER_HELD_MAX; ++i) {
        (void)settle(&scene, 2 * SECOND);
    }
    CHECK(!scene.is_full);
    CHECK_INT((int64_t)scene.dropped, 1);
    CHECK_INT((int64_t)scene.n_results, 1 + (int64_t)DM_WRITER_HELD_MAX);
    CHECK(n_stored(&scene) == scene.n_results);
    scene_close(&scene);
}

struct task {
    struct dm_write_task task;
    enum dm_status apply_status;
    enum dm_status status;
    int n_finished;
};

static enum dm_status
apply(struct dm_write_task *head, struct dm_txn *txn)
{
    const struct task *task = (const struct task *)head;
    (void)txn;
    return task->apply_status;
}

static void
finished(struct dm_write_task *head, enum dm_status status)
{
    struct task *task = (struct task *)head;
    task->status = status;
    ++task->n_finished;
}

static void
a_bad_task_takes_nobody_with_it(void)
{
    struct scene scene;
    struct task good = {.task = {.apply = apply, .finished = finished}};
    struct task bad = {.task = {.apply = apply, .finished = finished},
                       .apply_status = DM_ERR_ARGUMENT};
    scene_open(&scene);
    push(&scene, DM_VERDICT_OK);
    CHECK_INT(dm_writer_task(scene.writer, &bad.task), DM_OK);
    CHECK_INT(dm_writer_task(scene.writer, &good.task), DM_OK);
    (void)settle(&scene, 0); // At once, with the results that wait
    CHECK_INT(bad.status, DM_ERR_ARGUMENT);
    CHECK_INT(bad.n_finished, 1);
    CHECK_INT(good.status, DM_OK);
    CHECK_INT(good.n_finished, 1);
    CHECK_INT((int64_t)n_stored(&scene), 1);
    scene_close(&scene);
}

static void
what_waits_is_written_at_the_end(void)
{
    struct scene scene;
    scene_open(&scene);
    push(&scene, DM_VERDICT_OK);
    dm_writer_free(scene.writer);
    scene.writer = NULL;
    CHECK_INT((int64_t)scene.n_results, 1);
    CHECK_INT((int64_t)n_stored(&scene), 1);
    scene_close(&scene);
}

int
main(void)
{
    results_wait_for_others();
    changes_are_durable();
    a_full_disk_is_waited_for();
    a_bad_task_takes_nobody_with_it();
    what_waits_is_written_at_the_end();
    return 0;
}
