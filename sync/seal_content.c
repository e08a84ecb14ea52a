// SPDX-License-Identifier: ISC

// What an entry holds: events, the configuration, a snapshot of the present.

#include "sync/seal_private.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "quadstore/history.h"
#include "quadstore/store.h"
#include "sync/conf.h"
#include "sync/payload.h"
#include "sync/rows.h"
#include "vocab/config.h"

#include <assert.h>
#include <string.h>

#define METRIC_NAME_MAX 65536U

// -------------------------------------------------------------------- metrics

static struct dm_term
string_or_none(struct dm_str text)
{
    return text.n ? dm_term_string(text) : (struct dm_term){0};
}

static struct dm_payload_metric
metric_of(struct dm_str check, const struct dm_sample *sample)
{
    return (struct dm_payload_metric){
        .iri = {"", 0},
        .check = check,
        .label = sample->label,
        .unit = string_or_none(sample->unit),
        .warn = string_or_none(sample->warn),
        .crit = string_or_none(sample->crit),
    };
}

void
dm_seal_forget_metrics(struct dm_sealer *sealer)
{
    dm_map_done(&sealer->metrics);
    dm_arena_done(&sealer->metric_names);
}

static uint64_t
hash_metric(const struct dm_sample *sample)
{
    const uint64_t unit = dm_hash(sample->unit, 1);
    const uint64_t warn = dm_hash(sample->warn, unit);
    return dm_hash(sample->crit, warn);
}

// Add unit and limits of a metric where they are not what was sent last.
static enum dm_status
add_metric(struct dm_sealer *sealer, struct dm_str check,
           const struct dm_sample *sample)
{
    struct dm_buf name;
    bool is_new = false;
    if (!sample->unit.n && !sample->warn.n && !sample->crit.n) {
        return DM_OK;
    }
    dm_buf_init(&name, METRIC_NAME_MAX);
    (void)dm_buf_put_str(&name, check);
    (void)dm_buf_putc(&name, '#');
    enum dm_status status = dm_buf_put_str(&name, sample->label);
    const uint64_t hash = hash_metric(sample);
    struct dm_map_entry *entry =
        status ? NULL : dm_map_get(&sealer->metrics, dm_buf_str(&name));
    if (!status && !entry) {
        const struct dm_str copy =
            dm_arena_copy(&sealer->metric_names, dm_buf_str(&name));
        entry = copy.data ? dm_map_put(&sealer->metrics, copy, &is_new) : NULL;
        status = entry ? DM_OK : DM_ERR_NO_MEMORY;
    }
    dm_buf_done(&name);
    if (status || !entry || (!is_new && entry->value.number == hash)) {
        return status;
    }
    const struct dm_payload_metric metric = metric_of(check, sample);
    status =
        dm_quad_lines_add_metric(sealer->lines, dm_str(sealer->iri), &metric);
    if (!status) {
        entry->value.number = hash;
    }
    return status;
}

// --------------------------------------------------------------------- events

// Gather the events above the last sealed key, `max` at most.
static enum dm_status
gather(struct dm_seal *seal, struct dm_snapshot *snapshot, size_t max,
       size_t *ret_n)
{
    struct dm_sealer *sealer = seal->sealer;
    struct dm_history_spec spec = {
        .filter = dm_history_all(),
        .order = DM_ORDER_KEY,
        .columns = DM_COLUMN_TEXTS | DM_COLUMN_SAMPLES,
    };
    struct dm_history *history = NULL;
    struct dm_event event;
    struct dm_star *star = dm_calloc(1, sizeof(*star));
    size_t n = 0;
    spec.filter.log = seal->log;
    spec.filter.after = sealer->chain->last_event;
    spec.filter.after.log = seal->log;
    seal->last_event = sealer->chain->last_event;
    seal->n_left_out = 0;
    seal->entry.n = 0;
    seal->entry.size = 0;
    dm_quad_lines_clear(sealer->lines);
    enum dm_status status =
        star ? dm_history_open(snapshot, &spec, &history) : DM_ERR_NO_MEMORY;
    while (!status && !(status = dm_history_next(history, &event))) {
        if (n == max) {
            status = DM_ERR_LIMIT;
            break;
        }
        status = dm_star_of_row(snapshot, &event, star);
        if (!status) {
            status = dm_quad_lines_add_event(sealer->lines, dm_str(sealer->iri),
                                             &star->event);
        }
        if (status == DM_ERR_ARGUMENT || (status == DM_ERR_LIMIT && !n)) {
            // It cannot be said on the wire: it stays here, the log goes on
            seal->last_event = star->event.key;
            ++seal->n_left_out;
            status = DM_OK;
            continue;
        }
        if (!status) {
            ++n;
            seal->last_event = star->event.key;
        }
        for (size_t i = 0; !status && i < event.n_samples; ++i) {
            status = add_metric(sealer, star->event.check, &event.samples[i]);
        }
    }
    dm_history_close(history);
    dm_free(star);
    *ret_n = n;
    seal->has_more = status == DM_ERR_LIMIT && n > 0;
    return status == DM_END || seal->has_more ? DM_OK : status;
}

// Append the frame of what was gathered. DM_ERR_LIMIT: it says too much.
static enum dm_status
compress(struct dm_seal *seal, struct dm_buf *buf)
{
    struct dm_sealer *sealer = seal->sealer;
    const struct dm_str text = dm_quad_lines_text(sealer->lines);
    if (!text.data) {
        return DM_ERR_NO_MEMORY;
    }
    seal->entry.n = dm_quad_lines_count(sealer->lines);
    seal->entry.size = text.n;
    dm_buf_clear(buf);
    return dm_payload_write(sealer->env, text, dm_key_public(sealer->key), NULL,
                            buf);
}

enum dm_status
dm_seal_events(struct dm_seal *seal)
{
    struct dm_snapshot *snapshot = NULL;
    struct dm_buf buf;
    size_t n = 0;
    size_t max = SIZE_MAX;
    dm_buf_init(&buf, DM_PAYLOAD_MAX);
    enum dm_status status = dm_seal_look(seal, &snapshot);
    do {
        // A text that shrinks too well is over the limit for inflated bytes
        if (!status) {
            status = gather(seal, snapshot, max, &n);
        }
        if (!status && n) {
            status = compress(seal, &buf);
        }
        max = n / 2;
        if (status) {
            dm_seal_forget_metrics(seal->sealer); // Not sent after all
        }
    } while (status == DM_ERR_LIMIT && max > 0 && !(status = DM_OK));
    if (snapshot) {
        dm_snapshot_close(snapshot);
    }
    if (!status && n) {
        seal->entry.has_data = true;
        seal->payload_bytes = buf.n;
        status =
            dm_seal_put(seal, DM_BLOCK_PAYLOAD, seal->sealer->chain->seq + 1,
                        dm_buf_str(&buf), &seal->entry.data);
    }
    dm_buf_done(&buf);
    return status;
}

// ------------------------------------------------------------------ manifests

// A Manifest on its way
struct manifest {
    struct dm_seal *seal;
    struct dm_cid parts[DM_PARTS_MAX];
    size_t n_parts;
    uint64_t n;
};

static enum dm_status
add_part(struct manifest *manifest, struct dm_str frame, size_t n)
{
    struct dm_seal *seal = manifest->seal;
    if (manifest->n_parts == DM_PARTS_MAX) {
        return DM_ERR_LIMIT;
    }
    manifest->n += n;
    return dm_seal_put(seal, DM_BLOCK_PART, seal->sealer->chain->seq + 1, frame,
                       &manifest->parts[manifest->n_parts++]);
}

static enum dm_status
put_manifest(struct manifest *manifest, enum dm_manifest_kind kind,
             struct dm_cid *ret)
{
    struct dm_seal *seal = manifest->seal;
    struct dm_wire_manifest wire = {
        .n = manifest->n,
        .kind = kind,
        .parts = dm_cid_list(manifest->parts, manifest->n_parts),
    };
    struct dm_buf buf;
    memcpy(wire.log, dm_key_public(seal->sealer->key), sizeof(wire.log));
    dm_buf_init(&buf, DM_MANIFEST_MAX);
    enum dm_status status = dm_wire_manifest_write(&wire, &buf);
    if (!status) {
        status =
            dm_seal_put(seal, DM_BLOCK_MANIFEST, seal->sealer->chain->seq + 1,
                        dm_buf_str(&buf), ret);
    }
    dm_buf_done(&buf);
    return status;
}

enum dm_status
dm_seal_conf(struct dm_seal *seal)
{
    const struct dm_sealer *sealer = seal->sealer;
    if (!sealer->is_conf_new && sealer->chain->seq) {
        return DM_OK;
    }
    struct manifest *manifest = dm_calloc(1, sizeof(*manifest));
    if (!manifest) {
        return DM_ERR_NO_MEMORY;
    }
    const struct dm_config_parts *parts = &sealer->conf->parts;
    struct dm_cid cid = {{0}};
    struct dm_buf frame;
    enum dm_status status = DM_OK;
    dm_buf_init(&frame, DM_PAYLOAD_MAX);
    manifest->seal = seal;
    for (size_t i = 0; !status && i < parts->n; ++i) {
        const struct dm_config_part *part = &parts->parts[i];
        dm_buf_clear(&frame);
        status = dm_payload_write(sealer->env, part->text,
                                  dm_key_public(sealer->key), NULL, &frame);
        if (!status) {
            status = add_part(manifest, dm_buf_str(&frame), part->n_quads);
        }
    }
    dm_buf_done(&frame);
    if (!status) {
        status = put_manifest(manifest, DM_MANIFEST_CONF, &cid);
    }
    if (!status &&
        (!sealer->chain->seq || !dm_cid_equal(&cid, &sealer->chain->conf))) {
        seal->entry.has_conf = true;
        seal->entry.conf = cid;
    }
    dm_free(manifest);
    return status;
}

// ------------------------------------------------------------------- snapshot

static bool
is_snap_due(const struct dm_seal *seal)
{
    const struct dm_chain *chain = seal->sealer->chain;
    if (!chain->has_snap) {
        return chain->seq + 1 >= DM_SNAP_FROM / 2;
    }
    // Long before Head must name a newer one to move `first` past this one
    const int64_t every = DM_SNAP_EVERY_MS < seal->sealer->keep_blocks_ms / 4
                              ? DM_SNAP_EVERY_MS
                              : seal->sealer->keep_blocks_ms / 4;
    return seal->now_ms - chain->snap_time_ms >= every ||
           seal->now_ms < chain->snap_time_ms;
}

#define FRAMES_MAX (64U << 20U)

// A snapshot on its way. Its parts are put when all of the present was read.
struct snap {
    struct manifest manifest;
    struct dm_star star;
    struct dm_star figures;
    size_t n_states; // In the part that is being gathered
    struct dm_buf frames;
    size_t ends[DM_PARTS_MAX];
    size_t lines[DM_PARTS_MAX];
    size_t n_frames;
};

// Bring what was gathered into a frame.
static enum dm_status
end_part(struct snap *snap)
{
    const struct dm_sealer *sealer = snap->manifest.seal->sealer;
    const size_t n = dm_quad_lines_count(sealer->lines);
    enum dm_status status = DM_OK;
    if (n && snap->n_frames == DM_PARTS_MAX) {
        return DM_ERR_LIMIT;
    }
    if (n) {
        const struct dm_str text = dm_quad_lines_text(sealer->lines);
        status = text.data ? dm_payload_write(sealer->env, text,
                                              dm_key_public(sealer->key), NULL,
                                              &snap->frames)
                           : DM_ERR_NO_MEMORY;
        snap->ends[snap->n_frames] = snap->frames.n;
        snap->lines[snap->n_frames++] = n;
    }
    dm_quad_lines_clear(sealer->lines);
    snap->n_states = 0;
    return status;
}

// Unit and limits of the figures of a State, in this part or in the next
static enum dm_status
add_units(struct snap *snap, struct dm_str check, const struct dm_event *event)
{
    struct dm_sealer *sealer = snap->manifest.seal->sealer;
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < event->n_samples; ++i) {
        const struct dm_sample *sample = &event->samples[i];
        const struct dm_payload_metric metric = metric_of(check, sample);
        if (!sample->unit.n && !sample->warn.n && !sample->crit.n) {
            continue;
        }
        status = dm_quad_lines_add_metric(sealer->lines,
                                          dm_str(sealer->state_graph), &metric);
        if (status == DM_ERR_LIMIT && !(status = end_part(snap))) {
            status = dm_quad_lines_add_metric(
                sealer->lines, dm_str(sealer->state_graph), &metric);
        }
    }
    return status;
}

static enum dm_status
add_state(struct snap *snap)
{
    struct dm_sealer *sealer = snap->manifest.seal->sealer;
    enum dm_status status = dm_quad_lines_add_state(
        sealer->lines, dm_str(sealer->iri), &snap->star.event);
    if (status == DM_ERR_LIMIT && !(status = end_part(snap))) {
        status = dm_quad_lines_add_state(sealer->lines, dm_str(sealer->iri),
                                         &snap->star.event);
    }
    ++snap->n_states;
    return status;
}

// Add the State of a check that the configuration has.
static enum dm_status
add_latest(struct snap *snap, struct dm_snapshot *snapshot,
           const struct dm_latest *latest)
{
    const struct dm_sealer *sealer = snap->manifest.seal->sealer;
    struct dm_payload_event *state = &snap->star.event;
    enum dm_status status =
        dm_star_of_row(snapshot, &latest->event, &snap->star);
    const struct dm_check_def *check =
        status ? NULL : dm_config_check(sealer->conf->config, state->check);
    if (status || !check || latest->event.key.ms == 0) {
        return status;
    }
    // The row of latest has no figures; the event itself does
    struct dm_history_spec spec = {
        .filter = dm_history_all(),
        .order = DM_ORDER_KEY,
        .columns = DM_COLUMN_SAMPLES,
    };
    struct dm_history *history = NULL;
    struct dm_event event = {0};
    spec.filter.event = dm_id_from_event(&latest->event.key);
    status = dm_history_open(snapshot, &spec, &history);
    if (!status) {
        status = dm_history_next(history, &event);
    }
    if (!status) {
        status = dm_star_of_row(snapshot, &event, &snap->figures);
    } else if (status == DM_END) {
        status = DM_OK; // Dropped by retention
    }
    state->values = snap->figures.values;
    state->n_values = event.n_samples;
    state->name = check->name;
    state->definition = dm_str(check->definition);
    state->since_ms = latest->since_ms;
    state->streak = latest->streak;
    state->bad = latest->bad;
    state->bad_since_ms = latest->bad ? latest->bad_since_ms : DM_NO_TIME;
    state->certificate_expires_ms = latest->certificate_expires_ms;
    if (!status) {
        status = add_state(snap);
    }
    if (!status) {
        status = add_units(snap, state->check, &event);
    }
    dm_history_close(history);
    return status;
}

static enum dm_status
gather_states(struct snap *snap, struct dm_snapshot *snapshot)
{
    const struct dm_seal *seal = snap->manifest.seal;
    struct dm_latest_scan *scan = NULL;
    struct dm_latest latest;
    dm_quad_lines_clear(seal->sealer->lines);
    enum dm_status status =
        dm_latest_open(snapshot, seal->log, DM_ID_NONE, &scan);
    while (!status && !(status = dm_latest_next(scan, &latest))) {
        status = add_latest(snap, snapshot, &latest);
        if (!status && snap->n_states == DM_SEAL_STATES) {
            status = end_part(snap);
        }
    }
    dm_latest_close(scan);
    return status == DM_END ? end_part(snap) : status;
}

static enum dm_status
make_snap(struct dm_seal *seal, struct snap *snap)
{
    struct dm_snapshot *snapshot = NULL;
    snap->manifest.seal = seal;
    enum dm_status status = dm_seal_look(seal, &snapshot);
    if (!status) {
        status = gather_states(snap, snapshot);
    }
    if (snapshot) {
        dm_snapshot_close(snapshot);
    }
    size_t at = 0;
    for (size_t i = 0; !status && i < snap->n_frames; ++i) {
        const struct dm_str frame =
            dm_str_slice(dm_buf_str(&snap->frames), at, snap->ends[i] - at);
        at = snap->ends[i];
        status = add_part(&snap->manifest, frame, snap->lines[i]);
    }
    if (!status) {
        status =
            put_manifest(&snap->manifest, DM_MANIFEST_SNAP, &seal->entry.snap);
        seal->entry.has_snap = true;
    }
    return status;
}

enum dm_status
dm_seal_snap(struct dm_seal *seal)
{
    if (!is_snap_due(seal)) {
        return DM_OK;
    }
    struct snap *snap = dm_calloc(1, sizeof(*snap));
    if (!snap) {
        return DM_ERR_NO_MEMORY;
    }
    dm_buf_init(&snap->frames, FRAMES_MAX);
    const enum dm_status status = make_snap(seal, snap);
    dm_buf_done(&snap->frames);
    dm_free(snap);
    return status;
}
