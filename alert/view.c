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

// What is known of one check over all nodes
struct about {
    struct dm_str iri;
    struct dm_str name; // The smallest that its nodes give it
    bool is_shared;     // Another check has that name
    uint32_t n_nodes;   // That run it
    size_t first;       // Its states, once they are sorted
    size_t n;
    // Of a heartbeat: the definition of the log with the smallest IRI, and the
    // newest result with its log and that log's definition
    const struct dm_check_def *beat;
    const struct dm_view_log *beat_log;
    const struct dm_view_latest *newest;
    const struct dm_view_log *newest_log;
    const struct dm_check_def *newest_check;
    int64_t ok_ms; // The newest ok that is the latest of its log
};

// What is needed while a view is made
struct making {
    const struct dm_view_input *input;
    struct dm_view *view;
    struct dm_view_state *states; // Of view->states
    size_t n;
    struct dm_map latest;   // "LOG CHECK" to an index of input->latest
    struct dm_map by_check; // IRI to struct about
    struct dm_map by_name;  // The same
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
    state->origin = log;
    state->quorum = check->quorum;
    state->iri = state_iri(making, log->iri, "#state:", check->name);
    if (!state->iri.data) {
        return DM_ERR_NO_MEMORY;
    }
    return fill_state(making, state, latest, log);
}

// ---------------------------------------------------------------- heartbeats

// The order of V8: numbers of logs differ from head to head, IRIs do not
static bool
is_later(const struct dm_view_latest *a, const struct dm_view_log *a_log,
         const struct dm_view_latest *b, const struct dm_view_log *b_log)
{
    const struct dm_event_key *left = &a->latest->event.key;
    const struct dm_event_key *right = &b->latest->event.key;
    if (left->ms != right->ms) {
        return left->ms > right->ms;
    }
    if (left->n != right->n) {
        return left->n > right->n;
    }
    return dm_str_compare(a_log->iri, b_log->iri) > 0;
}

// One of the nodes that may take its ping
static void
note_heartbeat(struct making *making, struct about *about,
               const struct dm_view_log *log, const struct dm_check_def *check)
{
    if (!about->beat || dm_str_compare(log->iri, about->beat_log->iri) < 0) {
        about->beat = check;
        about->beat_log = log;
    }
    const struct dm_view_latest *latest =
        find_latest(making, log->log, check->iri);
    if (!latest) {
        return;
    }
    const struct dm_event *event = &latest->latest->event;
    if (event->status == DM_RESULT_OK && event->at_ms > about->ok_ms) {
        about->ok_ms = event->at_ms;
    }
    if (!about->newest ||
        is_later(latest, log, about->newest, about->newest_log)) {
        about->newest = latest;
        about->newest_log = log;
        about->newest_check = check;
    }
}

static void
never_pinged(struct dm_view_state *state)
{
    static const struct dm_str never = DM_STR("no ping yet");
    state->status = DM_RESULT_UNKNOWN;
    state->at_ms = DM_NO_TIME;
    state->since_ms = DM_NO_TIME;
    state->bad_since_ms = DM_NO_TIME;
    state->micros = DM_NO_MICROS;
    state->certificate_expires_ms = DM_NO_TIME;
    state->message = never;
}

static enum dm_status
add_heartbeat(struct making *making, const struct about *about)
{
    struct dm_view_state *state = &making->states[making->n++];
    state->check = about->newest ? about->newest_check : about->beat;
    state->quorum = state->check->quorum;
    state->iri = state_iri(making, about->iri, "#:state", (struct dm_str){0});
    if (!state->iri.data) {
        return DM_ERR_NO_MEMORY;
    }
    if (!about->newest) {
        never_pinged(state);
        return DM_OK;
    }
    state->origin = about->newest_log;
    const enum dm_status status =
        fill_state(making, state, about->newest, about->newest_log);
    if (state->bad && state->bad_since_ms < about->ok_ms) {
        const struct dm_event *event = &about->newest->latest->event;
        state->bad = dm_result_is_bad(event->status) ? 1 : 0;
        state->bad_since_ms = state->bad ? event->at_ms : DM_NO_TIME;
        state->failing = state->bad > (int64_t)state->check->retries;
    }
    return status;
}

// -------------------------------------------------- what others have to say

static struct about *
find_about(const struct making *making, struct dm_str iri)
{
    const struct dm_map_entry *entry = dm_map_get(&making->by_check, iri);
    return entry ? entry->value.ptr : NULL;
}

static struct about *
about_check(struct making *making, const struct dm_check_def *check)
{
    struct about *about = find_about(making, check->iri);
    if (about) {
        if (dm_str_compare(check->name, about->name) < 0) {
            about->name = check->name;
        }
        return about;
    }
    struct dm_map_entry *entry =
        dm_map_put(&making->by_check, check->iri, NULL);
    about = dm_arena_alloc(&making->keys, 1, sizeof(*about));
    if (!entry || !about) {
        return NULL;
    }
    *about = (struct about){
        .iri = check->iri, .name = check->name, .ok_ms = DM_NO_TIME};
    entry->value.ptr = about;
    return about;
}

// V10: find the names that are shared.
static enum dm_status
find_shared_names(struct making *making)
{
    struct dm_view *view = making->view;
    for (size_t i = 0; i < making->by_check.n; ++i) {
        struct about *about = making->by_check.entries[i].value.ptr;
        bool is_new = false;
        struct dm_map_entry *entry =
            dm_map_put(&making->by_name, about->name, &is_new);
        if (!entry) {
            return DM_ERR_NO_MEMORY;
        }
        if (is_new) {
            entry->value.ptr = about;
            continue;
        }
        struct about *first = entry->value.ptr;
        view->n_shared_names += first->is_shared ? 0 : 1;
        first->is_shared = true;
        about->is_shared = true;
        if (!view->shared_name.n ||
            dm_str_compare(about->name, view->shared_name) < 0) {
            view->shared_name = about->name;
        }
    }
    return DM_OK;
}

static void
settle_name_and_quorum(const struct making *making, struct dm_view_state *state)
{
    const struct about *about = find_about(making, state->check->iri);
    assert(about);
    state->name = about->is_shared ? about->iri : about->name;
    if (!state->quorum) {
        const bool is_one = state->check->per_node || !state->node;
        state->quorum = about->n_nodes >= 2 && !is_one ? 2 : 1;
    }
}

static int
compare_states(const void *a, const void *b)
{
    const struct dm_view_state *left = a;
    const struct dm_view_state *right = b;
    const int order = dm_str_compare(left->name, right->name);
    if (order) {
        return order;
    }
    const int by_iri = dm_str_compare(left->check->iri, right->check->iri);
    return by_iri ? by_iri : dm_str_compare(left->iri, right->iri);
}

// Sort, and note where the states of each check stand.
static void
settle_order(struct making *making)
{
    if (making->n > 1) {
        qsort(making->states, making->n, sizeof(*making->states),
              compare_states);
    }
    struct about *about = NULL;
    for (size_t i = 0; i < making->n; ++i) {
        const struct dm_str iri = making->states[i].check->iri;
        if (!about || !dm_str_equal(about->iri, iri)) {
            about = find_about(making, iri);
            assert(about);
            about->first = i;
        }
        about->n = i + 1 - about->first;
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

// Whether the check that is needed fails, as far as `state` is concerned
static bool
needed_fails(const struct making *making, const struct dm_view_state *state,
             struct dm_str needed)
{
    const struct about *about = find_about(making, needed);
    uint32_t fresh = 0;
    uint32_t failing = 0;
    uint32_t quorum = UINT32_MAX;
    for (size_t i = 0; about && i < about->n; ++i) {
        const struct dm_view_state *other = &making->states[about->first + i];
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

// Whether it is a heartbeat that is allowed to be silent still
static bool
may_be_silent(const struct making *making, const struct dm_view_state *state)
{
    const struct dm_check_def *check = state->check;
    if (check->kind != DM_CHECK_HEARTBEAT || state->status != DM_RESULT_STALE ||
        check->presence != DM_PRESENCE_SOMETIMES) {
        return false;
    }
    const int64_t until = state->at_ms + check->max_silence_ms;
    const int64_t now = now_at(making, state->origin);
    if (!check->max_silence_ms) {
        return true;
    }
    note_change(making->view, making->input->now_ms + (until - now) + 1);
    return now <= until;
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
        const bool is_allowed = may_be_silent(making, state);
        state->muted = state->muted || !check->alert || is_allowed;
    }
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
note_check(struct making *making, const struct dm_view_log *log,
           const struct dm_check_def *check)
{
    struct about *about = about_check(making, check);
    if (!about) {
        return DM_ERR_NO_MEMORY;
    }
    ++about->n_nodes;
    if (check->kind != DM_CHECK_HEARTBEAT) {
        return add_check(making, log, check);
    }
    note_heartbeat(making, about, log, check);
    return DM_OK;
}

static enum dm_status
add_states(struct making *making)
{
    const struct dm_view_input *input = making->input;
    enum dm_status status = DM_OK;
    for (size_t i = 0; i < input->n_logs; ++i) {
        const struct dm_view_log *log = &input->logs[i];
        for (size_t k = 0; !status && k < log->n_checks; ++k) {
            status = note_check(making, log, log->checks[k]);
        }
    }
    for (size_t i = 0; !status && i < making->by_check.n; ++i) {
        const struct about *about = making->by_check.entries[i].value.ptr;
        if (about->beat) {
            status = add_heartbeat(making, about);
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
        status = find_shared_names(making);
    }
    for (size_t i = 0; !status && i < making->n; ++i) {
        settle_name_and_quorum(making, &making->states[i]);
    }
    if (!status) {
        settle_order(making);
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
    dm_map_init(&making.by_name, STATES_MAX, 0);

    const enum dm_status status = make(&making);

    dm_map_done(&making.latest);
    dm_map_done(&making.by_check);
    dm_map_done(&making.by_name);
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

// The smallest quorum of the states: the first to be met
static uint32_t
quorum_of(const struct dm_view_state *states, size_t n)
{
    uint32_t quorum = UINT32_MAX;
    for (size_t i = 0; i < n; ++i) {
        const uint32_t own = states[i].check->per_node ? 1 : states[i].quorum;
        quorum = own < quorum ? own : quorum;
    }
    return quorum;
}

bool
dm_view_check_fails(const struct dm_view_state *states, size_t n)
{
    const uint32_t quorum = quorum_of(states, n);
    uint32_t failing = 0;
    for (size_t i = 0; i < n; ++i) {
        failing += states[i].failing ? 1 : 0;
    }
    return failing > 0 && failing >= (n < quorum ? n : quorum);
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
    const uint32_t quorum = quorum_of(states, n);
    const uint32_t need = known < quorum ? known : quorum;
    for (size_t i = 0; i < DM_COUNT_OF(worst_first); ++i) {
        if (count_from(states, n, worst_first[i]) >= need) {
            return worst_first[i];
        }
    }
    return DM_RESULT_OK;
}
