// SPDX-License-Identifier: ISC

#include "alert/view.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/time.h"
#include "net/url.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define VIEW_MEMORY (256U << 20U)
#define STATES_MAX 4000000U
#define IRI_MAX 8192U
#define SILENCE_SEALS 3
#define SILENCE_SLACK_MS INT64_C(30000)

// What is needed while a view is made
struct making {
    const struct dm_view_input *input;
    struct dm_view *view;
    struct dm_view_state *states; // Of view->states
    size_t n;
    struct dm_map latest;   // "LOG CHECK" to an index of input->latest
    struct dm_map by_check; // IRI to the index of its first state; while states
                            // are added, of heartbeats alone
    struct dm_arena keys;
};

// --------------------------------------------------------------------- look-up

static struct dm_str
latest_key(struct making *making, dm_log_no log, struct dm_str check)
{
    char *key = dm_arena_alloc(&making->keys, sizeof(log) + check.n, 1);
    if (!key) {
        return (struct dm_str){0};
    }
    memcpy(key, &log, sizeof(log));
    if (check.n) {
        memcpy(key + sizeof(log), check.data, check.n);
    }
    return dm_str_n(key, sizeof(log) + check.n);
}

static enum dm_status
index_latest(struct making *making)
{
    for (size_t i = 0; i < making->input->n_latest; ++i) {
        const struct dm_view_latest *latest = &making->input->latest[i];
        if (!latest->latest->event.key.ms) {
            continue; // A run began, but no result came yet
        }
        const struct dm_str key =
            latest_key(making, latest->latest->event.key.log, latest->check);
        struct dm_map_entry *entry =
            key.data ? dm_map_put(&making->latest, key, NULL) : NULL;
        if (!entry) {
            return DM_ERR_NO_MEMORY;
        }
        entry->value.number = i;
    }
    return DM_OK;
}

static const struct dm_view_latest *
find_latest(struct making *making, dm_log_no log, struct dm_str check)
{
    const struct dm_arena_mark mark = dm_arena_mark(&making->keys);
    const struct dm_str key = latest_key(making, log, check);
    const struct dm_map_entry *entry =
        key.data ? dm_map_get(&making->latest, key) : NULL;
    const struct dm_view_latest *found =
        entry ? &making->input->latest[entry->value.number] : NULL;
    dm_arena_rewind(&making->keys, mark);
    return found;
}

// ---------------------------------------------------------------- one state

// Our clock as the log's node would read it
static int64_t
now_at(const struct making *making, const struct dm_view_log *log)
{
    const int64_t offset = log ? log->clock_offset_ms : 0;
    const bool counts =
        offset > DM_OFFSET_IGNORED_MS || offset < -DM_OFFSET_IGNORED_MS;
    return making->input->now_ms - (counts ? offset : 0);
}

// When a result falls due, by the clock of its node; INT64_MAX for never
static int64_t
due_of(const struct dm_check_def *check, int64_t at_ms)
{
    if (check->every_ms <= 0) {
        return INT64_MAX;
    }
    return check->kind == DM_CHECK_HEARTBEAT
               ? at_ms + check->every_ms + check->grace_ms
               : at_ms + 2 * check->every_ms + DM_STALE_SLACK_MS;
}

static void
note_change(struct dm_view *view, int64_t ms)
{
    if (ms > view->now_ms && ms < view->next_change_ms) {
        view->next_change_ms = ms;
    }
}

static struct dm_str
keep(struct making *making, struct dm_str text, bool *ok)
{
    const struct dm_str copy = dm_arena_copy(&making->view->arena, text);
    *ok = *ok && copy.data;
    return copy;
}

static enum dm_status
fill_state(struct making *making, struct dm_view_state *state,
           const struct dm_view_latest *from, const struct dm_view_log *log)
{
    const struct dm_latest *latest = from->latest;
    bool ok = true;
    state->status = latest->event.status;
    state->at_ms = latest->event.at_ms;
    state->since_ms = latest->since_ms;
    state->streak = latest->streak;
    state->bad = latest->bad;
    state->bad_since_ms = latest->bad ? latest->bad_since_ms : DM_NO_TIME;
    state->micros = latest->event.micros;
    state->certificate_expires_ms = latest->certificate_expires_ms;
    state->event = latest->event.key;
    state->message = keep(making, latest->event.message, &ok);
    state->failure = keep(making, from->failure, &ok);
    state->failing = latest->bad > (int64_t)state->check->retries;

    const int64_t now = now_at(making, log);
    const int64_t due = due_of(state->check, state->at_ms);
    if (now > due) {
        state->status = DM_RESULT_STALE;
        state->since_ms = due;
    } else if (due != INT64_MAX) {
        note_change(making->view, making->input->now_ms + (due - now) + 1);
    }
    return ok ? DM_OK : DM_ERR_NO_MEMORY;
}

// Characters of a name in a state's IRI: all but unreserved ones and '/' as %XX
static struct dm_str
state_iri(struct making *making, struct dm_str base, const char *middle,
          struct dm_str name)
{
    struct dm_buf iri;
    dm_buf_init(&iri, IRI_MAX);
    (void)dm_buf_put_str(&iri, base);
    (void)dm_buf_puts(&iri, middle);
    while (name.n) {
        const size_t slash = dm_str_find(name, dm_str("/"));
        if (dm_percent_encode(dm_str_slice(name, 0, slash), &iri)) {
            break;
        }
        if (slash < name.n) {
            (void)dm_buf_putc(&iri, '/');
        }
        name = dm_str_slice(name, slash + 1, name.n);
    }
    const struct dm_str copy =
        iri.status ? (struct dm_str){0}
                   : dm_arena_copy(&making->view->arena, dm_buf_str(&iri));
    dm_buf_done(&iri);
    return copy;
}

static enum dm_status
add_check(struct making *making, const struct dm_view_log *log,
          const struct dm_check_def *check)
{
    const struct dm_view_latest *latest =
        find_latest(making, log->log, check->iri);
    if (!latest) {
        return DM_OK; // V6: no result, no state
    }
    struct dm_view_state *state = &making->states[making->n++];
    state->check = check;
    state->node = log;
    state->quorum = check->quorum;
    state->iri = state_iri(making, log->iri, "#state:", check->name);
    if (!state->iri.data) {
        return DM_ERR_NO_MEMORY;
    }
    return fill_state(making, state, latest, log);
}

// ---------------------------------------------------------------- heartbeats

static int
compare_keys(const struct dm_event_key *a, const struct dm_event_key *b)
{
    if (a->ms != b->ms) {
        return a->ms < b->ms ? -1 : 1;
    }
    if (a->n != b->n) {
        return a->n < b->n ? -1 : 1;
    }
    return a->log < b->log ? -1 : a->log > b->log;
}

// The first log that has a heartbeat makes its state
static enum dm_status
add_heartbeat(struct making *making, const struct dm_check_def *check)
{
    bool is_new = false;
    struct dm_map_entry *entry =
        dm_map_put(&making->by_check, check->iri, &is_new);
    if (!entry) {
        return DM_ERR_NO_MEMORY;
    }
    if (!is_new) {
        return DM_OK;
    }
    entry->value.number = making->n;
    struct dm_view_state *state = &making->states[making->n++];
    state->check = check;
    state->quorum = check->quorum;
    state->iri = state_iri(making, check->iri, "#:state", (struct dm_str){0});
    return state->iri.data ? DM_OK : DM_ERR_NO_MEMORY;
}

static const struct dm_check_def *
definition_at(const struct dm_view_log *log, struct dm_str iri)
{
    for (size_t i = 0; i < log->n_checks; ++i) {
        if (dm_str_equal(log->checks[i]->iri, iri)) {
            return log->checks[i];
        }
    }
    return NULL;
}

// Over all nodes the newest result decides, judged by its own node's
// definition; bad results before another node's newer ok do not count
static enum dm_status
judge_heartbeat(struct making *making, struct dm_view_state *state)
{
    const struct dm_view_latest *newest = NULL;
    const struct dm_view_log *at = NULL;
    int64_t ok_ms = DM_NO_TIME;
    for (size_t i = 0; i < making->input->n_logs; ++i) {
        const struct dm_view_log *log = &making->input->logs[i];
        const struct dm_view_latest *latest =
            find_latest(making, log->log, state->check->iri);
        if (!latest) {
            continue;
        }
        const struct dm_event *event = &latest->latest->event;
        if (event->status == DM_RESULT_OK && event->at_ms > ok_ms) {
            ok_ms = event->at_ms;
        }
        if (!newest ||
            compare_keys(&event->key, &newest->latest->event.key) > 0) {
            newest = latest;
            at = log;
        }
    }
    if (!newest) {
        static const struct dm_str never = DM_STR("no ping yet");
        state->status = DM_RESULT_UNKNOWN;
        state->at_ms = DM_NO_TIME;
        state->since_ms = DM_NO_TIME;
        state->bad_since_ms = DM_NO_TIME;
        state->micros = DM_NO_MICROS;
        state->certificate_expires_ms = DM_NO_TIME;
        state->message = never;
        return DM_OK;
    }
    const struct dm_check_def *own = definition_at(at, state->check->iri);
    if (own) {
        state->check = own;
        state->quorum = own->quorum;
    }
    const enum dm_status status = fill_state(making, state, newest, at);
    if (state->bad && state->bad_since_ms < ok_ms) {
        // Of its bad results only the newest is known to be after the ok
        const struct dm_event *event = &newest->latest->event;
        state->bad = dm_result_is_bad(event->status) ? 1 : 0;
        state->bad_since_ms = state->bad ? event->at_ms : DM_NO_TIME;
        state->failing = state->bad > (int64_t)state->check->retries;
    }
    return status;
}

// -------------------------------------------------- what others have to say

static int
compare_states(const void *a, const void *b)
{
    const struct dm_view_state *left = a;
    const struct dm_view_state *right = b;
    const int order = dm_str_compare(left->check->name, right->check->name);
    if (order) {
        return order;
    }
    const int by_iri = dm_str_compare(left->check->iri, right->check->iri);
    return by_iri ? by_iri : dm_str_compare(left->iri, right->iri);
}

static bool
is_same_check(const struct dm_view_state *a, const struct dm_view_state *b)
{
    return dm_str_equal(a->check->iri, b->check->iri);
}

static void
settle_quorum(struct making *making)
{
    for (size_t i = 0; i < making->n;) {
        size_t end = i + 1;
        while (end < making->n &&
               is_same_check(&making->states[i], &making->states[end])) {
            ++end;
        }
        for (size_t k = i; k < end; ++k) {
            if (!making->states[k].quorum) {
                making->states[k].quorum =
                    end - i >= 2 && !making->states[k].check->per_node ? 2 : 1;
            }
        }
        i = end;
    }
}

static bool
is_fresh(const struct dm_view_state *state)
{
    return state->status == DM_RESULT_OK || dm_result_is_bad(state->status);
}

static bool
fails_now(const struct dm_view_state *state)
{
    return state->failing && dm_result_is_bad(state->status);
}

// Where the states of a check begin and end in the sorted array
static void
find_states(const struct making *making, struct dm_str iri, size_t *ret_begin,
            size_t *ret_end)
{
    const struct dm_map_entry *entry = dm_map_get(&making->by_check, iri);
    *ret_begin = entry ? (size_t)entry->value.number : making->n;
    *ret_end = *ret_begin;
    while (*ret_end < making->n &&
           dm_str_equal(making->states[*ret_end].check->iri, iri)) {
        ++*ret_end;
    }
}

// Whether the check that is needed fails, as far as `state` is concerned
static bool
needed_fails(const struct making *making, const struct dm_view_state *state,
             struct dm_str needed)
{
    size_t begin = 0;
    size_t end = 0;
    find_states(making, needed, &begin, &end);
    uint32_t fresh = 0;
    uint32_t failing = 0;
    uint32_t quorum = UINT32_MAX;
    for (size_t i = begin; i < end; ++i) {
        const struct dm_view_state *other = &making->states[i];
        if (state->check->per_node && other->node == state->node) {
            return fails_now(other);
        }
        fresh += is_fresh(other) ? 1 : 0;
        failing += fails_now(other) ? 1 : 0;
        quorum = other->quorum < quorum ? other->quorum : quorum;
    }
    const uint32_t need = fresh < quorum ? fresh : quorum;
    return need > 0 && failing >= need;
}

static void
settle_muted(struct making *making)
{
    for (size_t i = 0; i < making->n; ++i) {
        struct dm_view_state *state = &making->states[i];
        const struct dm_check_def *check = state->check;
        for (size_t k = 0; k < check->needs.n && !state->muted; ++k) {
            if (needed_fails(making, state, check->needs.items[k])) {
                state->muted = true;
                state->muted_by = check->needs.items[k];
            }
        }
        const bool may_be_silent =
            check->kind == DM_CHECK_HEARTBEAT &&
            state->status == DM_RESULT_STALE &&
            check->presence == DM_PRESENCE_SOMETIMES &&
            (!check->max_silence_ms ||
             making->input->now_ms - state->at_ms <= check->max_silence_ms);
        state->muted = state->muted || !check->alert || may_be_silent;
        if (may_be_silent && check->max_silence_ms) {
            note_change(making->view, state->at_ms + check->max_silence_ms + 1);
        }
    }
}

// Where each check's states begin, by IRI: used from now on for all kinds
static enum dm_status
index_states(struct making *making)
{
    dm_map_done(&making->by_check);
    for (size_t i = 0; i < making->n; ++i) {
        bool is_new = false;
        struct dm_map_entry *entry = dm_map_put(
            &making->by_check, making->states[i].check->iri, &is_new);
        if (!entry) {
            return DM_ERR_NO_MEMORY;
        }
        if (is_new) {
            entry->value.number = i;
        }
    }
    return DM_OK;
}

// ----------------------------------------------------------------------- nodes

static bool
is_silent(struct making *making, const struct dm_view_log *log)
{
    if (log->is_self || log->last_seen_ms == DM_NO_TIME) {
        return false;
    }
    const int64_t allowed = SILENCE_SEALS * log->seal_ms + SILENCE_SLACK_MS;
    const int64_t quiet = making->input->now_ms - log->received_ms;
    if (log->presence_sometimes) {
        if (!log->max_silence_ms) {
            return false;
        }
        note_change(making->view, log->received_ms + log->max_silence_ms + 1);
        return quiet > log->max_silence_ms;
    }
    note_change(making->view, log->received_ms + allowed + 1);
    return quiet > allowed;
}

static enum dm_status
add_nodes(struct making *making)
{
    const struct dm_view_input *input = making->input;
    struct dm_view_node *nodes =
        dm_arena_alloc(&making->view->arena, input->n_logs, sizeof(*nodes));
    if (!nodes) {
        return DM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < input->n_logs; ++i) {
        nodes[i] = (struct dm_view_node){
            .log = &input->logs[i],
            .silent = is_silent(making, &input->logs[i]),
        };
    }
    making->view->nodes = nodes;
    making->view->n_nodes = input->n_logs;
    return DM_OK;
}

// ------------------------------------------------------------------------ all

static enum dm_status
add_states(struct making *making)
{
    const struct dm_view_input *input = making->input;
    enum dm_status status = DM_OK;
    for (size_t i = 0; i < input->n_logs; ++i) {
        const struct dm_view_log *log = &input->logs[i];
        for (size_t k = 0; !status && k < log->n_checks; ++k) {
            const struct dm_check_def *check = log->checks[k];
            status = check->kind == DM_CHECK_HEARTBEAT
                         ? add_heartbeat(making, check)
                         : add_check(making, log, check);
        }
    }
    for (size_t i = 0; !status && i < making->n; ++i) {
        if (making->states[i].check->kind == DM_CHECK_HEARTBEAT) {
            status = judge_heartbeat(making, &making->states[i]);
        }
    }
    return status;
}

static size_t
most_states(const struct dm_view_input *input)
{
    size_t n = 0;
    for (size_t i = 0; i < input->n_logs; ++i) {
        n += input->logs[i].n_checks;
    }
    return n;
}

static enum dm_status
make(struct making *making)
{
    making->states =
        dm_arena_alloc(&making->view->arena, most_states(making->input),
                       sizeof(*making->states));
    if (!making->states) {
        return DM_ERR_NO_MEMORY;
    }
    enum dm_status status = index_latest(making);
    if (!status) {
        status = add_states(making);
    }
    if (!status) {
        if (making->n > 1) {
            qsort(making->states, making->n, sizeof(*making->states),
                  compare_states);
        }
        settle_quorum(making);
        status = index_states(making);
    }
    if (!status) {
        settle_muted(making);
        status = add_nodes(making);
    }
    making->view->states = making->states;
    making->view->n_states = making->n;
    return status;
}

enum dm_status
dm_view_compute(const struct dm_view_input *input, struct dm_view *ret)
{
    struct dm_view view = {.now_ms = input->now_ms,
                           .next_change_ms = INT64_MAX};
    struct making making = {.input = input, .view = &view};
    dm_arena_init(&view.arena, VIEW_MEMORY, NULL);
    dm_arena_init(&making.keys, VIEW_MEMORY, NULL);
    dm_map_init(&making.latest, STATES_MAX, 0);
    dm_map_init(&making.by_check, STATES_MAX, 0);

    const enum dm_status status = make(&making);

    dm_map_done(&making.latest);
    dm_map_done(&making.by_check);
    dm_arena_done(&making.keys);
    if (status) {
        dm_arena_done(&view.arena);
        return status;
    }
    *ret = view;
    return DM_OK;
}

void
dm_view_done(struct dm_view *view)
{
    dm_arena_done(&view->arena);
    view->n_states = 0;
}

// How many of the states are at least as bad as `status`
static uint32_t
count_from(const struct dm_view_state *states, size_t n,
           enum dm_result_status status)
{
    static const int ranks[] = {
        [DM_RESULT_OK] = 0,      [DM_RESULT_UNKNOWN] = 1,
        [DM_RESULT_WARNING] = 2, [DM_RESULT_CRITICAL] = 3,
        [DM_RESULT_STALE] = -1,  [DM_RESULT_STARTED] = -1,
        [DM_RESULT_LOGGED] = -1,
    };
    uint32_t count = 0;
    for (size_t i = 0; i < n; ++i) {
        count += ranks[states[i].status] >= ranks[status] ? 1 : 0;
    }
    return count;
}

enum dm_result_status
dm_view_check_status(const struct dm_view_state *states, size_t n)
{
    static const enum dm_result_status worst_first[] = {
        DM_RESULT_CRITICAL, DM_RESULT_WARNING, DM_RESULT_UNKNOWN};
    assert(n > 0);
    const uint32_t known = count_from(states, n, DM_RESULT_OK);
    if (!known) {
        return DM_RESULT_STALE;
    }
    const uint32_t quorum = states[0].check->per_node ? 1 : states[0].quorum;
    const uint32_t need = known < quorum ? known : quorum;
    for (size_t i = 0; i < DM_COUNT_OF(worst_first); ++i) {
        if (count_from(states, n, worst_first[i]) >= need) {
            return worst_first[i];
        }
    }
    return DM_RESULT_OK;
}
