// SPDX-License-Identifier: ISC

#ifndef DM_SIM_WORLD_H
#define DM_SIM_WORLD_H

/**
 * @file
 * Virtual time, and whose turn it is.
 *
 *     world ── events         heap by (time, sequence): packets, scripts
 *           └─ machines       clocks and actors (sim/machine.h)
 *
 * dm_sim_world_step() does one thing: it runs one event, or steps one actor.
 * What may run now is the first event, when it is due, and every actor that is
 * awake; the seed picks among them. When nothing may run, time jumps to the
 * next instant at which something does. So an hour passes as fast as its work
 * is done, and everything happens in an order that the seed alone decides.
 *
 * Every decision goes into a 64-bit hash (dm_sim_world_note()): two runs of one
 * seed are equal when their hashes are.
 *
 * I1 Time never goes back.
 * I2 Events of one instant run in the order in which they were set, unless an
 *    actor is picked between them.
 * I3 A step takes `step_ns` of virtual time, so nothing stands still for ever.
 *
 * Time: world ns from 0, no machine's clock. Threads: one. Cost: O(log events +
 * machines and their actors) a step. Memory: nothing a step.
 */

#include "base/attr.h"
#include "base/status.h"
#include "sim/random.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_sim_world;

/// What dm_sim_world_step() found to do; also what the trace is told
enum dm_sim_note {
    DM_SIM_NOTE_EVENT,   ///< a: sequence
    DM_SIM_NOTE_STEP,    ///< a: actor, b: its progress
    DM_SIM_NOTE_WAKE,    ///< a: actor, b: delay in ns
    DM_SIM_NOTE_CLOCK,   ///< a: machine, b: what the wall clock was set by, ms
    DM_SIM_NOTE_POWER,   ///< a: machine, b: what happened to it
    DM_SIM_NOTE_DISK,    ///< a: kind of operation, b: hash of it
    DM_SIM_NOTE_NETWORK, ///< a: kind, b: hash
    DM_SIM_NOTE_OTHER,   ///< Of tests and scripts
};

/// For a person who looks for the first difference of two runs
typedef void (*dm_sim_trace_fn)(void *DM_NULLABLE context, int64_t now_ns,
                                enum dm_sim_note note, uint64_t a, uint64_t b);

struct dm_sim_options {
    uint64_t seed;
    int64_t wall_ms;         ///< Wall clock at world time 0, unix ms
    uint64_t max_steps;      ///< Then dm_sim_world_step() says DM_ERR_LIMIT
    int64_t step_ns;         ///< What a step of an actor takes; at least 1
    uint32_t late_millionth; ///< Chance that a wake-up comes late
    int64_t late_max_ns;     ///< How late at most
    dm_sim_trace_fn DM_NULLABLE trace;
    void *DM_NULLABLE trace_context;
};

/// Tuesday, 2026-11-24 16:00:00 UTC, a million million steps, 1 us each, one
/// wake-up in 20 late by up to 20 ms
struct dm_sim_options dm_sim_options_default(uint64_t seed);

/// @return NULL when out of memory.
struct dm_sim_world *DM_NULLABLE
dm_sim_world_new(const struct dm_sim_options *options) DM_NODISCARD;

/// All machines are freed. Events that are still set never run.
void dm_sim_world_free(struct dm_sim_world *DM_NULLABLE world);

int64_t dm_sim_world_now_ns(const struct dm_sim_world *world);

/// The root generator, to fork others from
struct dm_sim_random *dm_sim_world_random(struct dm_sim_world *world);

const struct dm_sim_options *
dm_sim_world_options(const struct dm_sim_world *world);

/// Fold a decision into the hash and tell the trace.
void dm_sim_world_note(struct dm_sim_world *world, enum dm_sim_note note,
                       uint64_t a, uint64_t b);
uint64_t dm_sim_world_hash(const struct dm_sim_world *world);
uint64_t dm_sim_world_n_steps(const struct dm_sim_world *world);

/// Do one thing.
/// @return DM_OK; DM_END where nothing will ever happen again; DM_ERR_LIMIT
///         after `max_steps`.
enum dm_status dm_sim_world_step(struct dm_sim_world *world) DM_NODISCARD;

/// Asked after every step; a status other than DM_OK ends the run.
typedef enum dm_status (*dm_sim_after_fn)(void *DM_NULLABLE context);

/// Step until `until_ns`, then time is `until_ns` (or a step later).
/// @return DM_OK, also where nothing was left to do; DM_ERR_LIMIT; what `after`
///         returned.
enum dm_status dm_sim_world_run(struct dm_sim_world *world, int64_t until_ns,
                                dm_sim_after_fn DM_NULLABLE after,
                                void *DM_NULLABLE context) DM_NODISCARD;

typedef void (*dm_sim_event_fn)(void *context);

/// Something that will happen once. Lives in its owner's memory, which cancels
/// it before that goes; may be set again, also by its own function.
struct dm_sim_event {
    int64_t at_ns;
    uint64_t sequence;
    size_t place; ///< In the heap, from 1; 0: not set
    dm_sim_event_fn run;
    void *context;
};

void dm_sim_event_init(struct dm_sim_event *event, dm_sim_event_fn run,
                       void *context);

/// Let `event` run at `at_ns`, or now where that is past; where it was set, it
/// moves.
/// @return DM_ERR_NO_MEMORY: it is not set.
enum dm_status dm_sim_event_set(struct dm_sim_world *world,
                                struct dm_sim_event *event, int64_t at_ns)
    DM_NODISCARD;

/// Nothing where it is not set.
void dm_sim_event_cancel(struct dm_sim_world *world,
                         struct dm_sim_event *event);

bool dm_sim_event_is_set(const struct dm_sim_event *event);

DM_END_DECLS

#endif // DM_SIM_WORLD_H
