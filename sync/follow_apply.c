// SPDX-License-Identifier: ISC

#include "sync/follow_private.h"

#include "base/actor.h"
#include "base/alloc.h"
#include "base/env.h"
#include "base/fault.h"
#include "base/map.h"
#include "base/work.h"
#include "quadstore/history.h"
#include "quadstore/store.h"
#include "quadstore/write.h"
#include "vocab/vocabulary.h"

#include <stdio.h>
#include <string.h>

#define REMOVED_AT_ONCE 100000U
#define SUBJECTS_MAX 200000U
#define COUNT_MAX ((int64_t)DM_WIRE_BELOW) // Of results: so it never overflows

struct apply {
    struct dm_follow_batch *batch;
    struct dm_txn *txn;
    dm_log_no log;
    struct dm_work work; ///< Of what is read within the transaction
    /// The check of the event before, and its id
    struct dm_str check;
    dm_id check_id;
    struct dm_sample samples[DM_METRICS_MAX];
};

static enum dm_status
intern_iri(struct apply *apply, struct dm_str iri, dm_id *ret)
{
    const struct dm_term term = dm_term_iri(iri);
    *ret = DM_ID_NONE;
    return iri.n ? dm_txn_intern(apply->txn, &term, ret) : DM_OK;
}

// --------------------------------------------------------------------- events

static struct dm_str
string_of(const struct dm_term *term)
{
    const bool is_string = term->kind == DM_TERM_LITERAL &&
                           dm_str_is(term->datatype, DM_XSD_NS "string");
    return is_string ? term->value : (struct dm_str){"", 0};
}

// What the payload says of the metric of an event's figure
static const struct dm_payload_metric *
find_metric(const struct dm_payload *payload, struct dm_str iri)
{
    size_t low = 0;
    size_t high = payload->n_metrics;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const struct dm_payload_metric *metric = &payload->metrics[middle];
        const int order = dm_str_compare(metric->iri, iri);
        if (order == 0) {
            return metric;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

// Names of events are no values of columns: those are ordinary quads.
static bool
is_event_name(struct dm_str iri)
{
    struct dm_str graph;
    struct dm_event_key key;
    return iri.n && dm_event_iri_split(iri, &graph, &key);
}

// How many figures of an event are columns of its row, from the first on
static size_t
count_columns(const struct dm_payload_event *event)
{
    size_t n = 0;
    while (n < event->n_values && n < DM_METRICS_MAX &&
           !is_event_name(event->values[n].metric)) {
        ++n;
    }
    return n;
}

static enum dm_status
event_of(struct apply *apply, const struct dm_payload *payload,
         const struct dm_payload_event *from, struct dm_event *ret)
{
    enum dm_status status = DM_OK;
    const size_t n_values = count_columns(from);
    if (!apply->check.n || !dm_str_equal(apply->check, from->check)) {
        status = intern_iri(apply, from->check, &apply->check_id);
        apply->check = from->check;
    }
    for (size_t i = 0; i < n_values; ++i) {
        const struct dm_payload_value *value = &from->values[i];
        const struct dm_payload_metric *metric =
            find_metric(payload, value->metric);
        apply->samples[i] = (struct dm_sample){
            .label = value->label,
            .value = value->value,
            .is_double = value->is_double,
            .unit = metric ? string_of(&metric->unit) : (struct dm_str){"", 0},
            .warn = metric ? string_of(&metric->warn) : (struct dm_str){"", 0},
            .crit = metric ? string_of(&metric->crit) : (struct dm_str){"", 0},
        };
    }
    *ret = (struct dm_event){
        .key = {.log = apply->log, .ms = from->key.ms, .n = from->key.n},
        .check = apply->check_id,
        .status = from->has_status ? from->status : DM_RESULT_UNKNOWN,
        .at_ms = from->at_ms,
        .micros = from->micros,
        .certificate_expires_ms = from->certificate_expires_ms,
        .message = from->message,
        .output = from->output,
        .run_id = from->run_id,
        .samples = apply->samples,
        .n_samples = n_values,
    };
    return status || is_event_name(from->failure)
               ? status
               : intern_iri(apply, from->failure, &ret->failure);
}

static enum dm_status
add_quad(struct apply *apply, const struct dm_quad *quad)
{
    struct dm_quad_ids ids;
    enum dm_status status = dm_txn_intern(apply->txn, &quad->s, &ids.s);
    if (!status) {
        status = dm_txn_intern(apply->txn, &quad->p, &ids.p);
    }
    if (!status) {
        status = dm_txn_intern(apply->txn, &quad->o, &ids.o);
    }
    if (!status) {
        status = dm_txn_intern(apply->txn, &quad->g, &ids.g);
    }
    return status ? status : dm_txn_add(apply->txn, &ids);
}

// Unit or limit of a metric that is no string: a quad, in place of what stood
// there.
static enum dm_status
put_term(struct apply *apply, const struct dm_payload_metric *metric,
         const char *property, const struct dm_term *value)
{
    const struct dm_dataset dataset = {.all_named = true};
    struct dm_quad quad = {
        .s = dm_term_iri(metric->iri),
        .p = dm_term_iri(dm_str(property)),
        .o = *value,
        .g = dm_term_iri(dm_str(apply->batch->iri)),
    };
    struct dm_scan_spec spec = {.dataset = &dataset, .scope = DM_SCOPE_NAMED};
    struct dm_quad_ids old[8];
    size_t n = 0;
    struct dm_snapshot *snapshot = NULL;
    struct dm_scan *scan = NULL;
    if (value->kind == DM_TERM_NONE || string_of(value).n) {
        return DM_OK;
    }
    enum dm_status status = dm_txn_intern(apply->txn, &quad.s, &spec.s);
    if (!status) {
        status = dm_txn_intern(apply->txn, &quad.p, &spec.p);
    }
    if (!status) {
        status = dm_txn_intern(apply->txn, &quad.g, &spec.g);
    }
    if (!status) {
        status = dm_txn_snapshot(apply->txn, &apply->work, &snapshot);
    }
    if (!status) {
        status = dm_scan_open(snapshot, &spec, &scan);
    }
    while (!status && n < sizeof(old) / sizeof(old[0]) &&
           !(status = dm_scan_next(scan, &old[n]))) {
        ++n;
    }
    if (scan) {
        dm_scan_close(scan);
    }
    if (snapshot) {
        dm_snapshot_close(snapshot);
    }
    status = status == DM_END ? DM_OK : status;
    for (size_t i = 0; !status && i < n; ++i) {
        status = dm_txn_remove(apply->txn, &old[i]);
    }
    return status ? status : add_quad(apply, &quad);
}

static enum dm_status
put_metrics(struct apply *apply, const struct dm_payload *payload)
{
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < payload->n_metrics; ++i) {
        const struct dm_payload_metric *metric = &payload->metrics[i];
        status = put_term(apply, metric, DM_VOCAB_NS "unit", &metric->unit);
        if (!status) {
            status = put_term(apply, metric, DM_VOCAB_NS "warn", &metric->warn);
        }
        if (!status) {
            status = put_term(apply, metric, DM_VOCAB_NS "crit", &metric->crit);
        }
    }
    return status;
}

// What the row of an event cannot hold stands beside it, as ordinary quads.
static enum dm_status
add_more(struct apply *apply, const struct dm_payload_event *event)
{
    struct dm_event_key key = event->key;
    const bool has_failure = is_event_name(event->failure);
    const size_t n_columns = count_columns(event);
    struct dm_quad_ids ids = {.s = DM_ID_NONE};
    if (!has_failure && n_columns == event->n_values) {
        return DM_OK;
    }
    key.log = apply->log;
    ids.s = dm_id_from_event(&key);
    enum dm_status status =
        intern_iri(apply, dm_str(apply->batch->iri), &ids.g);
    if (!status && has_failure) {
        status = intern_iri(apply, dm_str(DM_VOCAB_NS "failure"), &ids.p);
        if (!status) {
            status = intern_iri(apply, event->failure, &ids.o);
        }
        if (!status) {
            status = dm_txn_add(apply->txn, &ids);
        }
    }
    for (size_t i = n_columns; !status && i < event->n_values; ++i) {
        const struct dm_payload_value *value = &event->values[i];
        const struct dm_term number = dm_term_literal(
            value->value, value->is_double ? dm_str(DM_XSD_NS "double")
                                           : dm_str(DM_XSD_NS "decimal"));
        status = intern_iri(apply, value->metric, &ids.p);
        if (!status) {
            status = dm_txn_intern(apply->txn, &number, &ids.o);
        }
        if (!status) {
            status = dm_txn_add(apply->txn, &ids);
        }
    }
    return status;
}

static enum dm_status
merge_payload(struct apply *apply, const struct dm_payload *payload)
{
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < payload->n_events; ++i) {
        const struct dm_payload_event *from = &payload->events[i];
        struct dm_event event;
        // Its further properties first: the row says that there are some
        for (size_t j = 0; !status && j < from->n_quads; ++j) {
            status = add_quad(apply, &from->quads[j]);
        }
        if (!status) {
            status = add_more(apply, from);
        }
        if (!status) {
            status = event_of(apply, payload, from, &event);
        }
        if (!status) {
            status = dm_txn_merge(apply->txn, &event);
        }
    }
    return status ? status : put_metrics(apply, payload);
}

// ------------------------------------------------------------------- snapshot

// Whether a State says what a reader can count on from: it may say anything
static bool
is_countable(const struct dm_payload_event *state)
{
    const bool is_bad = dm_result_is_bad(state->status);
    const bool is_ok = state->status == DM_RESULT_OK;
    return state->key.ms && state->has_status && state->at_ms != DM_NO_TIME &&
           state->at_ms <= state->key.ms &&
           state->status <= DM_RESULT_UNKNOWN && state->streak >= 1 &&
           state->streak < COUNT_MAX && state->bad < COUNT_MAX &&
           (state->bad > 0 ? !is_ok && state->bad_since_ms != DM_NO_TIME
                           : !is_bad);
}

static enum dm_status
put_state(struct apply *apply, const struct dm_payload *payload,
          const struct dm_payload_event *state)
{
    struct dm_latest latest = {
        .since_ms = state->since_ms,
        .streak = state->streak,
        .bad = state->bad,
        .bad_since_ms = state->bad ? state->bad_since_ms : DM_NO_TIME,
        .certificate_expires_ms = state->certificate_expires_ms,
    };
    if (!is_countable(state)) {
        return DM_OK;
    }
    const enum dm_status status =
        event_of(apply, payload, state, &latest.event);
    if (latest.since_ms == DM_NO_TIME) {
        latest.since_ms = state->at_ms;
    }
    return status ? status : dm_txn_put_latest(apply->txn, &latest);
}

static enum dm_status
put_snap(struct apply *apply)
{
    const struct dm_manifest_set *snap = &apply->batch->snap;
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < snap->n_parts; ++i) {
        const struct dm_payload *part = &snap->parts[i];
        for (size_t j = 0; !status && j < part->n_events; ++j) {
            status = put_state(apply, part, &part->events[j]);
        }
        if (!status) {
            status = put_metrics(apply, part);
        }
    }
    return status;
}

// -------------------------------------------------------------- configuration

static enum dm_status
replace_conf(struct apply *apply)
{
    const struct dm_manifest_set *conf = &apply->batch->conf;
    char graph[DM_KEY_IRI_SIZE + sizeof("#config")];
    struct dm_triple_ids *triples = NULL;
    dm_id id = DM_ID_NONE;
    size_t n = 0;
    size_t max = 0;
    for (size_t i = 0; i < conf->n_parts; ++i) {
        max += conf->parts[i].n_quads;
    }
    triples = dm_calloc(max + 1, sizeof(*triples));
    if (!triples) {
        return DM_ERR_NO_MEMORY;
    }
    (void)snprintf(graph, sizeof(graph), "%s#config", apply->batch->iri);
    enum dm_status status = intern_iri(apply, dm_str(graph), &id);
    for (size_t i = 0; !status && i < conf->n_parts; ++i) {
        for (size_t j = 0; !status && j < conf->parts[i].n_quads; ++j) {
            const struct dm_quad *quad = &conf->parts[i].quads[j];
            status = dm_txn_intern(apply->txn, &quad->s, &triples[n].s);
            if (!status) {
                status = dm_txn_intern(apply->txn, &quad->p, &triples[n].p);
            }
            if (!status) {
                status = dm_txn_intern(apply->txn, &quad->o, &triples[n].o);
            }
            ++n;
        }
    }
    if (!status && n) {
        status = dm_txn_replace_graph(apply->txn, id, triples, n);
    } else if (!status) {
        status = dm_txn_clear_graph(apply->txn, id);
    }
    dm_free(triples);
    return status;
}

// The checks of the log that have a present, but stand in its configuration no
// more
static enum dm_status
find_retired(struct apply *apply, const struct dm_map *subjects, dm_id **ret,
             size_t *ret_n)
{
    struct dm_snapshot *snapshot = NULL;
    struct dm_latest_scan *scan = NULL;
    struct dm_latest latest;
    dm_id *ids = NULL;
    size_t n = 0;
    size_t capacity = 0;
    enum dm_status status =
        dm_txn_snapshot(apply->txn, &apply->work, &snapshot);
    if (!status) {
        status = dm_latest_open(snapshot, apply->log, DM_ID_NONE, &scan);
    }
    while (!status && !(status = dm_latest_next(scan, &latest))) {
        struct dm_term term;
        status = dm_snapshot_term(snapshot, latest.event.check, &term);
        if (status || dm_map_get(subjects, term.value)) {
            continue;
        }
        dm_id *more =
            dm_grow(ids, &capacity, n + 1, sizeof(*ids), SUBJECTS_MAX);
        if (!more) {
            status = DM_ERR_NO_MEMORY;
            break;
        }
        ids = more;
        ids[n++] = latest.event.check;
    }
    if (scan) {
        dm_latest_close(scan);
    }
    if (snapshot) {
        dm_snapshot_close(snapshot);
    }
    *ret = ids;
    *ret_n = n;
    return status == DM_END ? DM_OK : status;
}

static enum dm_status
retire(struct apply *apply)
{
    const struct dm_manifest_set *conf = &apply->batch->conf;
    struct dm_map subjects;
    dm_id *ids = NULL;
    size_t n = 0;
    enum dm_status status = DM_OK;
    dm_map_init(&subjects, SUBJECTS_MAX, 0);
    for (size_t i = 0; !status && i < conf->n_parts; ++i) {
        for (size_t j = 0; !status && j < conf->parts[i].n_quads; ++j) {
            const struct dm_str s = conf->parts[i].quads[j].s.value;
            status = dm_map_put(&subjects, s, NULL) ? DM_OK : DM_ERR_NO_MEMORY;
        }
    }
    if (!status) {
        status = find_retired(apply, &subjects, &ids, &n);
    }
    for (size_t i = 0; !status && i < n; ++i) {
        status = dm_txn_retire(apply->txn, apply->log, ids[i]);
    }
    dm_free(ids);
    dm_map_done(&subjects);
    return status;
}

static enum dm_status
put_conf(struct apply *apply)
{
    const struct dm_str value =
        dm_str_n((const char *)apply->batch->conf_cid.bytes, DM_CID_BYTES);
    enum dm_status status = replace_conf(apply);
    if (!status) {
        status = retire(apply);
    }
    return status ? status
                  : dm_txn_state_put(apply->txn, DM_SEEN_CONF_SPACE,
                                     dm_str(apply->batch->iri), &value);
}

// ------------------------------------------------------------------- own log

static bool
holds_event(const struct dm_follow_batch *batch, const struct dm_event_key *key)
{
    for (size_t i = 0; i < batch->n_payloads; ++i) {
        const struct dm_payload *payload = &batch->payloads[i];
        if (!payload->n_events ||
            payload->events[payload->n_events - 1].key.ms < key->ms) {
            continue;
        }
        for (size_t j = 0; j < payload->n_events; ++j) {
            if (payload->events[j].key.ms == key->ms &&
                payload->events[j].key.n == key->n) {
                return true;
            }
        }
    }
    return false;
}

// This store is older than what was published from it (a restored backup):
// events that were recorded since and that the peer does not hold get keys
// above all that it does hold.
static enum dm_status
rekey_own(struct apply *apply)
{
    const struct dm_follow_batch *batch = apply->batch;
    struct dm_history_spec spec = {
        .filter = dm_history_all(),
        .order = DM_ORDER_KEY,
    };
    struct dm_event_key after = batch->base_event;
    struct dm_event_key floor = batch->chain->last_event;
    struct dm_snapshot *snapshot = NULL;
    struct dm_history *history = NULL;
    struct dm_event event;
    bool has_new = false;
    after.log = apply->log;
    floor.log = apply->log;
    spec.filter.log = apply->log;
    spec.filter.after = after;
    enum dm_status status =
        dm_txn_snapshot(apply->txn, &apply->work, &snapshot);
    if (!status) {
        status = dm_history_open(snapshot, &spec, &history);
    }
    while (!status && !has_new &&
           !(status = dm_history_next(history, &event))) {
        if (holds_event(batch, &event.key)) {
            after = event.key;
        } else {
            has_new = true;
        }
    }
    dm_history_close(history);
    if (snapshot) {
        dm_snapshot_close(snapshot);
    }
    if (status && status != DM_END) {
        return status;
    }
    return has_new ? dm_txn_rekey(apply->txn, apply->log, &after, &floor)
                   : DM_OK;
}

// ----------------------------------------------------------------- all of it

// F1: the log stands where it stood when the batch was verified.
static enum dm_status
check_base(struct apply *apply)
{
    const struct dm_follow_batch *batch = apply->batch;
    struct dm_snapshot *snapshot = NULL;
    struct dm_chain *chain = NULL;
    enum dm_status status =
        dm_txn_snapshot(apply->txn, &apply->work, &snapshot);
    if (status) {
        return status;
    }
    status = dm_chain_peek(snapshot, batch->chain->log, &chain);
    dm_snapshot_close(snapshot);
    if (status == DM_ERR_NOT_FOUND) {
        return batch->has_base ? DM_ERR_BUSY : DM_OK;
    }
    if (!status && (!batch->has_base || chain->seq != batch->base_seq ||
                    chain->first != batch->base_first ||
                    chain->record_sequence != batch->base_sequence ||
                    !dm_cid_equal(&chain->tip, &batch->base_tip))) {
        status = DM_ERR_BUSY;
    }
    dm_chain_free(chain);
    return status;
}

static enum dm_status
put_blocks(struct apply *apply)
{
    const struct dm_follow_batch *batch = apply->batch;
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < batch->n_blocks; ++i) {
        struct dm_block block = batch->blocks[i];
        block.place.log = apply->log;
        if (i + 1 == batch->n_blocks &&
            DM_FAULT("lose a block between cursor and commit")) {
            break;
        }
        status = dm_txn_block_put(apply->txn, &block);
    }
    return status == DM_ERR_EXISTS ? DM_ERR_CORRUPT : status;
}

// Heads before the last two go, and what lies before `first`.
static enum dm_status
drop_old(struct apply *apply)
{
    const struct dm_chain *chain = apply->batch->chain;
    bool more = false;
    enum dm_status status = dm_txn_blocks_remove(
        apply->txn, apply->log, 1U << DM_BLOCK_HEAD, 0,
        chain->seq ? chain->seq - 1 : 0, REMOVED_AT_ONCE, &more);
    if (status || chain->first <= apply->batch->base_first) {
        return status;
    }
    status = dm_chain_lift(chain, apply->txn, &apply->work, apply->log);
    return status ? status
                  : dm_txn_blocks_remove(
                        apply->txn, apply->log,
                        1U << DM_BLOCK_ENTRY | 1U << DM_BLOCK_PAYLOAD |
                            1U << DM_BLOCK_NODE1 | 1U << DM_BLOCK_NODE2 |
                            1U << DM_BLOCK_MANIFEST | 1U << DM_BLOCK_PART,
                        0, chain->first, REMOVED_AT_ONCE, &more);
}

static enum dm_status
apply_all(struct apply *apply)
{
    struct dm_follow_batch *batch = apply->batch;
    uint8_t seen[DM_SEEN_BYTES];
    enum dm_status status = put_blocks(apply);
    if (!status && batch->is_own && batch->n_payloads) {
        status = rekey_own(apply);
    }
    if (!status && batch->has_snap) {
        status = put_snap(apply);
    }
    for (size_t i = 0; !status && i < batch->n_payloads; ++i) {
        status = merge_payload(apply, &batch->payloads[i]);
    }
    if (!status && batch->has_conf && !batch->is_own) {
        status = put_conf(apply);
    }
    if (!status) {
        status = drop_old(apply);
    }
    if (!status && !batch->is_own) {
        const struct dm_str value = dm_str_n((const char *)seen, sizeof(seen));
        dm_seen_encode(&batch->seen, seen);
        status = dm_txn_state_put(apply->txn, DM_SEEN_SPACE, dm_str(batch->iri),
                                  &value);
    }
    return status ? status : dm_chain_store(batch->chain, apply->txn);
}

enum dm_status
dm_follow_apply(struct dm_follow_batch *batch, const struct dm_env *env,
                struct dm_txn *txn)
{
    DM_ON_WRITER();
    struct apply *apply = dm_calloc(1, sizeof(*apply));
    if (!apply) {
        return DM_ERR_NO_MEMORY;
    }
    apply->batch = batch;
    apply->txn = txn;
    dm_work_init(&apply->work, env, INT64_MAX, DM_FOLLOW_MEMORY);
    enum dm_status status = check_base(apply);
    if (!status) {
        status = dm_txn_log_number(txn, dm_str(batch->iri), &apply->log);
    }
    if (!status) {
        status = apply_all(apply);
    }
    dm_free(apply);
    return status;
}
