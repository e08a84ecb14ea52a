// SPDX-License-Identifier: ISC

// One round: rows of rules and the alerts before give the alerts after.
//
//   rows ──> candidates (label set, annotations, identity)
//   for each candidate: go on with the alert of its identity, or begin one
//   for each alert without a candidate: fresh evidence? keepFiring? else it
//   stays

#include "alert/evaluate.h"

#include "alert/alerts_private.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/map.h"

#include <assert.h>
#include <string.h>

#define ROUND_MEMORY (256U << 20U)
#define TEXT_MAX 65536U
#define MARK '\x1f'

struct round {
    const struct dm_alerts *before;
    const struct dm_view *view;
    struct dm_alerts *after;
    struct dm_arena arena; // Of candidates
    dm_alert_change_fn on_change;
    void *context;
    int64_t now_ms;
    int64_t next_ms;
    bool *is_met; // Of each alert before: a candidate went on with it
    bool is_partial;
    struct dm_str self; // Name of the own node
};

static const struct dm_str name_alertname = DM_STR("alertname");
static const struct dm_str name_severity = DM_STR("severity");
static const struct dm_str name_since = DM_STR("since");
static const struct dm_str name_summary = DM_STR("summary");
static const struct dm_str name_runbook = DM_STR("runbook");
static const struct dm_str name_check = DM_STR("check");
static const struct dm_str name_node = DM_STR("node");

static void
note_time(struct round *round, int64_t ms)
{
    if (ms > round->now_ms && ms < round->next_ms) {
        round->next_ms = ms;
    }
}

// ------------------------------------------------------------ labels and texts

static struct dm_str
column(const struct dm_rule_row *row, struct dm_str name)
{
    for (size_t i = 0; i < row->n_columns; ++i) {
        if (dm_str_equal(row->columns[i].name, name)) {
            return row->columns[i].value;
        }
    }
    return (struct dm_str){"", 0};
}

static bool
is_by(const struct dm_rule_def *rule, struct dm_str name)
{
    for (size_t i = 0; i < rule->by.n; ++i) {
        if (dm_str_equal(rule->by.items[i], name)) {
            return true;
        }
    }
    return false;
}

// The states of a check by its name: they stand together
static const struct dm_view_state *
states_of(const struct dm_view *view, struct dm_str check, size_t *ret_n)
{
    size_t low = 0;
    size_t high = view->n_states;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (dm_str_compare(view->states[middle].name, check) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    size_t end = low;
    while (end < view->n_states &&
           dm_str_equal(view->states[end].name, check)) {
        ++end;
    }
    *ret_n = end - low;
    return view->states + low;
}

static struct dm_str
smaller(struct dm_str a, struct dm_str b)
{
    if (!a.n || !b.n) {
        return a.n ? a : b;
    }
    return dm_str_compare(a, b) <= 0 ? a : b;
}

// Texts in the making, with room for all there can be
struct texts {
    struct dm_alert_text *items;
    size_t n;
    size_t capacity;
};

static void
put_text(struct texts *texts, struct dm_str name, struct dm_str value)
{
    assert(texts->n < texts->capacity);
    texts->items[texts->n++] = (struct dm_alert_text){name, value};
}

// Labels of the check: of one name the smallest value over its states
static void
put_check_labels(struct texts *texts, const struct dm_view_state *states,
                 size_t n)
{
    const size_t begin = texts->n;
    for (size_t i = 0; i < n; ++i) {
        const struct dm_pairs *labels = &states[i].check->labels;
        for (size_t k = 0; k < labels->n; ++k) {
            const struct dm_pair *label = &labels->items[k];
            size_t place = begin;
            while (place < texts->n &&
                   !dm_str_equal(texts->items[place].name, label->name)) {
                ++place;
            }
            if (place == texts->n) {
                put_text(texts, label->name, label->value);
            } else {
                texts->items[place].value =
                    smaller(texts->items[place].value, label->value);
            }
        }
    }
}

static size_t
count_check_labels(const struct dm_view_state *states, size_t n)
{
    size_t labels = 0;
    for (size_t i = 0; i < n; ++i) {
        labels += states[i].check->labels.n;
    }
    return labels;
}

static bool
is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// A name as every consumer of alerts takes it: [a-zA-Z_][a-zA-Z0-9_]*
static enum dm_status
settle_names(struct round *round, struct texts *texts)
{
    for (size_t i = 0; i < texts->n; ++i) {
        const struct dm_str name = texts->items[i].name;
        char *clean = dm_arena_alloc(&round->arena, name.n + 1, 1);
        if (!clean) {
            return DM_ERR_NO_MEMORY;
        }
        for (size_t k = 0; k < name.n; ++k) {
            const char c = name.data[k];
            const bool fits =
                is_name_start(c) || (k > 0 && c >= '0' && c <= '9');
            clean[k] = fits ? c : '_';
        }
        texts->items[i].name = dm_str_n(clean, name.n);
    }
    texts->n = dm_alert_texts_settle(texts->items, texts->n);
    return DM_OK;
}

// "{column}" filled in; a column that is not bound is empty
static struct dm_str
fill_template(struct round *round, struct dm_str template,
              const struct dm_rule_row *row)
{
    struct dm_buf buf;
    dm_buf_init(&buf, TEXT_MAX);
    while (template.n) {
        const size_t open = dm_str_find(template, dm_str("{"));
        (void)dm_buf_put_str(&buf, dm_str_slice(template, 0, open));
        template = dm_str_slice(template, open, template.n);
        const size_t close = dm_str_find(template, dm_str("}"));
        if (close == template.n) {
            break;
        }
        (void)dm_buf_put_str(&buf,
                             column(row, dm_str_slice(template, 1, close - 1)));
        template = dm_str_slice(template, close + 1, template.n);
    }
    (void)dm_buf_put_str(&buf, template);
    const struct dm_str copy =
        dm_arena_copy(&round->arena, dm_utf8_cut(dm_buf_str(&buf), TEXT_MAX));
    dm_buf_done(&buf);
    return copy;
}

static struct dm_str
severity_of(const struct dm_rule_def *rule, const struct dm_rule_row *row)
{
    const struct dm_str own = column(row, name_severity);
    return own.n ? own : dm_str(dm_severity_name(rule->severity));
}

static enum dm_status
make_labels(struct round *round, const struct dm_rule_def *rule,
            const struct dm_rule_row *row, struct dm_alert *alert)
{
    size_t n_states = 0;
    const struct dm_view_state *states =
        states_of(round->view, alert->check, &n_states);
    struct texts texts = {.capacity = rule->by.n + rule->labels.n + 2 +
                                      count_check_labels(states, n_states)};
    texts.items =
        dm_arena_alloc(&round->arena, texts.capacity, sizeof(*texts.items));
    if (!texts.items) {
        return DM_ERR_NO_MEMORY;
    }
    // Of one name the first stays, so what identifies comes first
    put_text(&texts, name_alertname, rule->name);
    for (size_t i = 0; i < rule->by.n; ++i) {
        put_text(&texts, rule->by.items[i], column(row, rule->by.items[i]));
    }
    put_text(&texts, name_severity, severity_of(rule, row));
    for (size_t i = 0; i < rule->labels.n; ++i) {
        put_text(&texts, rule->labels.items[i].name,
                 rule->labels.items[i].value);
    }
    put_check_labels(&texts, states, alert->check.n ? n_states : 0);
    const enum dm_status status = settle_names(round, &texts);
    alert->labels = texts.items;
    alert->n_labels = texts.n;
    alert->fingerprint = dm_alert_fingerprint(texts.items, texts.n);
    return status;
}

static enum dm_status
make_annotations(struct round *round, const struct dm_rule_def *rule,
                 const struct dm_rule_row *row, struct dm_alert *alert)
{
    static const struct dm_str runbook_url = DM_STR("runbook_url");
    size_t n_states = 0;
    const struct dm_view_state *states =
        states_of(round->view, alert->check, &n_states);
    struct dm_str summary = {"", 0};
    struct dm_str runbook = {"", 0};
    for (size_t i = 0; alert->check.n && i < n_states; ++i) {
        summary = smaller(summary, states[i].check->summary);
        runbook = smaller(runbook, states[i].check->runbook);
    }
    if (!summary.n) {
        summary = column(row, name_summary);
    }
    if (!runbook.n) {
        runbook = column(row, name_runbook);
    }

    struct texts texts = {.capacity = row->n_columns + 2};
    texts.items =
        dm_arena_alloc(&round->arena, texts.capacity, sizeof(*texts.items));
    if (!texts.items) {
        return DM_ERR_NO_MEMORY;
    }
    put_text(&texts, name_summary,
             fill_template(round, summary.n ? summary : rule->summary, row));
    put_text(&texts, runbook_url, runbook.n ? runbook : rule->runbook);
    for (size_t i = 0; i < row->n_columns; ++i) {
        const struct dm_str name = row->columns[i].name;
        if (!is_by(rule, name) && !dm_str_equal(name, name_severity) &&
            !dm_str_equal(name, name_since) &&
            !dm_str_equal(name, name_summary) &&
            !dm_str_equal(name, name_runbook)) {
            put_text(&texts, name, row->columns[i].value);
        }
    }
    const enum dm_status status = settle_names(round, &texts);
    alert->annotations = texts.items;
    alert->n_annotations = texts.n;
    return status;
}

static enum dm_status
make_identity(struct round *round, const struct dm_rule_def *rule,
              const struct dm_rule_row *row, struct dm_str *ret)
{
    struct dm_buf buf;
    dm_buf_init(&buf, TEXT_MAX);
    (void)dm_buf_put_str(&buf, rule->name);
    for (size_t i = 0; i < rule->by.n; ++i) {
        (void)dm_buf_putc(&buf, MARK);
        (void)dm_buf_put_str(&buf, column(row, rule->by.items[i]));
    }
    enum dm_status status = buf.status;
    if (!status) {
        *ret = dm_arena_copy(&round->arena, dm_buf_str(&buf));
        status = ret->data ? DM_OK : DM_ERR_NO_MEMORY;
    }
    dm_buf_done(&buf);
    return status;
}

// DM_ERR_LIMIT where its :by columns are too long for an identity.
static enum dm_status
make_candidate(struct round *round, const struct dm_rule_def *rule,
               const struct dm_rule_row *row, struct dm_alert *ret)
{
    *ret = (struct dm_alert){
        .rule = rule->name,
        .check = column(row, name_check),
        .node = column(row, name_node),
        .first_seen_ms = round->now_ms,
        .last_seen_ms = round->now_ms,
        .starts_ms = round->now_ms,
    };
    if (row->since_ms != DM_NO_TIME && row->since_ms < round->now_ms) {
        ret->starts_ms = row->since_ms;
    }
    enum dm_status status = make_identity(round, rule, row, &ret->identity);
    if (!status) {
        status = make_labels(round, rule, row, ret);
    }
    return status ? status : make_annotations(round, rule, row, ret);
}

// --------------------------------------------------- before the view is whole

static bool
is_of_others(const struct round *round, const struct dm_view_log *node)
{
    return !node || !dm_str_equal(node->name, round->self);
}

// Whether an alert rests on what other nodes said
static bool
rests_on_others(const struct round *round, const struct dm_alert *alert)
{
    if (alert->node.n) {
        return !dm_str_equal(alert->node, round->self);
    }
    if (!alert->check.n) {
        return round->view->n_nodes > 1;
    }
    size_t n = 0;
    const struct dm_view_state *states =
        states_of(round->view, alert->check, &n);
    for (size_t i = 0; i < n; ++i) {
        if (is_of_others(round, states[i].node)) {
            return true;
        }
    }
    return n == 0; // Whose it was nobody says any more
}

static bool
must_wait(const struct round *round, const struct dm_alert *alert)
{
    return round->is_partial && rests_on_others(round, alert);
}

// --------------------------------------------------------------- going on

// The first alert before with this identity; the others follow it
static size_t
find_before(const struct round *round, struct dm_str identity)
{
    size_t low = 0;
    size_t high = round->before->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (dm_str_compare(round->before->items[middle].identity, identity) <
            0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static enum dm_status
put(struct round *round, const struct dm_alert *alert, bool is_change)
{
    static const enum dm_alert_event events[] = {
        [DM_ALERT_PENDING] = DM_ALERT_IS_PENDING,
        [DM_ALERT_FIRING] = DM_ALERT_IS_FIRING,
        [DM_ALERT_RESOLVED] = DM_ALERT_IS_RESOLVED,
    };
    struct dm_alert copy = *alert;
    copy.waits = must_wait(round, alert);
    const enum dm_status status = dm_alerts_add(round->after, &copy);
    if (!status && is_change) {
        round->on_change(round->context, events[alert->state], alert);
    }
    return status;
}

static enum dm_status
resolve(struct round *round, const struct dm_alert *alert)
{
    struct dm_alert resolved = *alert;
    resolved.state = DM_ALERT_RESOLVED;
    resolved.resolved_ms = round->now_ms;
    note_time(round, round->now_ms + DM_RESEND_RESOLVED_MS + 1);
    return put(round, &resolved, true);
}

static bool
is_same_texts(const struct dm_alert *a, const struct dm_alert *b)
{
    if (a->n_annotations != b->n_annotations) {
        return false;
    }
    for (size_t i = 0; i < a->n_annotations; ++i) {
        if (!dm_str_equal(a->annotations[i].name, b->annotations[i].name) ||
            !dm_str_equal(a->annotations[i].value, b->annotations[i].value)) {
            return false;
        }
    }
    return true;
}

static void
fire(const struct round *round, struct dm_alert *alert)
{
    if (alert->state != DM_ALERT_FIRING) {
        alert->state = DM_ALERT_FIRING;
        alert->fired_ms = round->now_ms;
    }
}

// Fire, or wait until `for` is over
static void
advance(struct round *round, const struct dm_rule_def *rule,
        struct dm_alert *alert)
{
    const int64_t fires_ms = alert->first_seen_ms + rule->for_ms;
    if (alert->state == DM_ALERT_FIRING) {
        return;
    }
    if (fires_ms <= round->now_ms) {
        fire(round, alert);
    } else {
        alert->state = DM_ALERT_PENDING;
        note_time(round, fires_ms);
    }
}

// A row is there: what becomes of the alert of its identity
static enum dm_status
meet(struct round *round, const struct dm_rule_def *rule,
     struct dm_alert *candidate)
{
    const struct dm_alerts *before = round->before;
    const struct dm_alert *active = NULL;
    enum dm_status status = DM_OK;
    for (size_t i = find_before(round, candidate->identity);
         !status && i < before->n &&
         dm_str_equal(before->items[i].identity, candidate->identity);
         ++i) {
        const struct dm_alert *old = &before->items[i];
        const bool is_same = old->fingerprint == candidate->fingerprint;
        if (old->state != DM_ALERT_RESOLVED) {
            active = old;
            round->is_met[i] = true;
            if (!is_same && old->state == DM_ALERT_FIRING) {
                status = resolve(round, old);
            } else if (!is_same) {
                round->on_change(round->context, DM_ALERT_IS_GONE, old);
            }
        } else if (is_same) {
            round->is_met[i] = true; // It fires anew: replaced
        }
    }
    if (status) {
        return status;
    }

    candidate->state = DM_ALERT_PENDING;
    bool is_change = true;
    if (active) {
        candidate->state = active->state;
        candidate->first_seen_ms = active->first_seen_ms;
        candidate->fired_ms = active->fired_ms;
        if (active->starts_ms < candidate->starts_ms) {
            candidate->starts_ms = active->starts_ms;
        }
    }
    advance(round, rule, candidate);
    if (active && active->fingerprint == candidate->fingerprint &&
        active->state == candidate->state &&
        active->starts_ms == candidate->starts_ms) {
        is_change = !is_same_texts(active, candidate);
    }
    return put(round, candidate, is_change);
}

// --------------------------------------------------------------- without a row

enum evidence {
    EVIDENCE_FRESH, // The absence of the row means something
    EVIDENCE_NONE,  // All that is known is stale or unknown
    EVIDENCE_GONE,  // There is no state any more
};

static bool
is_evidence(const struct dm_view_state *state)
{
    if (DM_FAULT("resolve on stale")) {
        return true;
    }
    if (state->check->kind == DM_CHECK_HEARTBEAT &&
        state->status == DM_RESULT_STALE) {
        return true; // Being overdue is what is known of it
    }
    return state->status == DM_RESULT_OK || dm_result_is_bad(state->status);
}

static enum evidence
evidence_of_check(const struct round *round, const struct dm_alert *alert)
{
    size_t n = 0;
    const struct dm_view_state *states =
        states_of(round->view, alert->check, &n);
    enum evidence evidence = EVIDENCE_GONE;
    for (size_t i = 0; i < n; ++i) {
        if (alert->node.n && states[i].node &&
            !dm_str_equal(states[i].node->name, alert->node)) {
            continue;
        }
        if (is_evidence(&states[i])) {
            return EVIDENCE_FRESH;
        }
        evidence = EVIDENCE_NONE;
    }
    return evidence;
}

static enum evidence
evidence_of(const struct round *round, const struct dm_alert *alert)
{
    if (alert->check.n) {
        return evidence_of_check(round, alert);
    }
    if (!alert->node.n) {
        return EVIDENCE_FRESH;
    }
    for (size_t i = 0; i < round->view->n_nodes; ++i) {
        if (dm_str_equal(round->view->nodes[i].log->name, alert->node)) {
            return EVIDENCE_FRESH;
        }
    }
    return EVIDENCE_GONE;
}

static enum dm_status
let_go(struct round *round, const struct dm_alert *alert)
{
    round->on_change(round->context, DM_ALERT_IS_GONE, alert);
    return DM_OK;
}

static enum dm_status
keep_resolved(struct round *round, const struct dm_alert *alert)
{
    const int64_t until = alert->resolved_ms + DM_RESEND_RESOLVED_MS;
    if (round->now_ms > until) {
        return let_go(round, alert);
    }
    note_time(round, until + 1);
    return put(round, alert, false);
}

static enum dm_status
keep_without_data(struct round *round, const struct dm_rule_def *rule,
                  const struct dm_alert *alert)
{
    const int64_t until = alert->last_seen_ms + DM_KEEP_WITHOUT_DATA_MS;
    if (rule->on_no_data == DM_ON_NO_DATA_RESOLVED) {
        return alert->state == DM_ALERT_FIRING ? resolve(round, alert)
                                               : let_go(round, alert);
    }
    if (round->now_ms > until) {
        return let_go(round, alert); // It lapses: nobody knows better
    }
    note_time(round, until + 1);
    struct dm_alert kept = *alert;
    if (rule->on_no_data == DM_ON_NO_DATA_ALERT_NOW) {
        fire(round, &kept);
    }
    return put(round, &kept, kept.state != alert->state);
}

// Its rule is no more, or says nothing: as of RuleFailed
static enum dm_status
abandon(struct round *round, const struct dm_alert *alert)
{
    switch (alert->state) {
    case DM_ALERT_PENDING:
        break;
    case DM_ALERT_FIRING:
        return resolve(round, alert);
    case DM_ALERT_RESOLVED:
        return keep_resolved(round, alert);
    }
    return let_go(round, alert);
}

static enum dm_status
miss(struct round *round, const struct dm_rule_def *rule,
     const struct dm_alert *alert)
{
    if (alert->state == DM_ALERT_RESOLVED) {
        return keep_resolved(round, alert);
    }
    switch (evidence_of(round, alert)) {
    case EVIDENCE_GONE:
        return let_go(round, alert);
    case EVIDENCE_NONE:
        return keep_without_data(round, rule, alert);
    case EVIDENCE_FRESH:
        break;
    }
    if (alert->state == DM_ALERT_PENDING) {
        return let_go(round, alert);
    }
    const int64_t until = alert->last_seen_ms + rule->keep_firing_ms;
    if (round->now_ms < until) {
        note_time(round, until);
        return put(round, alert, false);
    }
    return resolve(round, alert);
}

// E6: it stays as it is
static enum dm_status
hold(struct round *round, const struct dm_alert *alert)
{
    return alert->state == DM_ALERT_RESOLVED ? keep_resolved(round, alert)
                                             : put(round, alert, false);
}

// ----------------------------------------------------------------------- rules

// Why the rows of a rule cannot be taken; `*ret` is NULL where they can
static enum dm_status
find_fault(const struct dm_alert *candidates,
           const struct dm_rule_result *result, struct dm_map *seen,
           const char **ret)
{
    *ret = NULL;
    for (size_t i = 0; i < result->n_rows; ++i) {
        const struct dm_str key = {(const char *)&candidates[i].fingerprint,
                                   sizeof(candidates[i].fingerprint)};
        bool is_new = false;
        if (!dm_map_put(seen, key, &is_new)) {
            return DM_ERR_NO_MEMORY;
        }
        if (!is_new) {
            *ret = "two rows have the same labels";
            return DM_OK;
        }
        is_new = false;
        if (!dm_map_put(seen, candidates[i].identity, &is_new)) {
            return DM_ERR_NO_MEMORY;
        }
        if (!is_new) {
            *ret = "two rows have the same :by columns";
            return DM_OK;
        }
    }
    return DM_OK;
}

static enum dm_status
fail_rule(struct round *round, const struct dm_rule_def *failed,
          struct dm_str why)
{
    static const struct dm_str by[] = {DM_STR("rule"), DM_STR("node")};
    static const struct dm_rule_def rule = {
        .name = DM_STR("RuleFailed"),
        .is_shipped = true,
        .by = {by, DM_COUNT_OF(by)},
        .severity = DM_SEVERITY_WARNING,
        .summary = DM_STR("rule {rule} on {node}: {error}"),
        .enabled = true,
    };
    const struct dm_alert_text columns[] = {
        {DM_STR("rule"), failed->name},
        {DM_STR("node"), round->self},
        {DM_STR("error"), why},
    };
    const struct dm_rule_row row = {columns, DM_COUNT_OF(columns), DM_NO_TIME};
    struct dm_alert candidate;
    const enum dm_status status =
        make_candidate(round, &rule, &row, &candidate);
    return status ? status : meet(round, &rule, &candidate);
}

// E3: what a rule said before stays as it is
static enum dm_status
carry_over(struct round *round, const struct dm_rule_def *rule)
{
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < round->before->n; ++i) {
        const struct dm_alert *alert = &round->before->items[i];
        if (!round->is_met[i] && dm_str_equal(alert->rule, rule->name)) {
            round->is_met[i] = true;
            status = hold(round, alert);
        }
    }
    return status;
}

static enum dm_status
refuse_rule(struct round *round, const struct dm_rule_def *rule,
            struct dm_str why)
{
    const enum dm_status status = carry_over(round, rule);
    return status ? status : fail_rule(round, rule, why);
}

static enum dm_status
take_rows(struct round *round, const struct dm_rule_result *result,
          struct dm_alert *candidates)
{
    struct dm_map seen;
    dm_map_init(&seen, 2 * DM_RULE_ROWS_MAX + 2, 0);
    const char *fault = NULL;
    enum dm_status status = find_fault(candidates, result, &seen, &fault);
    dm_map_done(&seen);
    if (!status && fault) {
        return refuse_rule(round, result->rule, dm_str(fault));
    }
    for (size_t i = 0; !status && i < result->n_rows; ++i) {
        if (!must_wait(round, &candidates[i])) {
            status = meet(round, result->rule, &candidates[i]);
        }
    }
    return status;
}

static enum dm_status
take_result(struct round *round, const struct dm_rule_result *result)
{
    if (result->status || result->n_rows > DM_RULE_ROWS_MAX) {
        const struct dm_str why = result->error.n ? result->error
                                  : result->status
                                      ? dm_str(dm_status_text(result->status))
                                      : dm_str("too many rows");
        return refuse_rule(round, result->rule, why);
    }
    struct dm_alert *candidates =
        dm_arena_alloc(&round->arena, result->n_rows, sizeof(*candidates));
    enum dm_status status = candidates ? DM_OK : DM_ERR_NO_MEMORY;
    for (size_t i = 0; !status && i < result->n_rows; ++i) {
        status = make_candidate(round, result->rule, &result->rows[i],
                                &candidates[i]);
    }
    if (status == DM_ERR_LIMIT) {
        return refuse_rule(round, result->rule,
                           dm_str("the :by columns of a row are too long"));
    }
    return status ? status : take_rows(round, result, candidates);
}

static const struct dm_rule_def *
rule_of(const struct dm_rule_result *results, size_t n,
        const struct dm_alert *alert)
{
    for (size_t i = 0; i < n; ++i) {
        if (dm_str_equal(results[i].rule->name, alert->rule)) {
            return results[i].rule;
        }
    }
    return NULL;
}

static enum dm_status
take_missed(struct round *round, const struct dm_rule_result *results, size_t n)
{
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < round->before->n; ++i) {
        if (round->is_met[i]) {
            continue;
        }
        const struct dm_alert *alert = &round->before->items[i];
        const struct dm_rule_def *rule = rule_of(results, n, alert);
        if (must_wait(round, alert)) {
            status = hold(round, alert);
        } else if (rule) {
            status = miss(round, rule, alert);
        } else {
            status = abandon(round, alert);
        }
    }
    return status;
}

static struct dm_str
self_of(const struct dm_view *view)
{
    for (size_t i = 0; i < view->n_nodes; ++i) {
        if (view->nodes[i].log->is_self) {
            return view->nodes[i].log->name;
        }
    }
    return (struct dm_str){"", 0};
}

enum dm_status
dm_alerts_evaluate(const struct dm_alerts_input *input, struct dm_alerts **ret,
                   int64_t *ret_next_ms)
{
    struct round round = {
        .before = input->before,
        .view = input->view,
        .after = dm_alerts_new(),
        .on_change = input->on_change,
        .context = input->context,
        .now_ms = input->view->now_ms,
        .next_ms = INT64_MAX,
        .is_met = dm_calloc(input->before->n, sizeof(bool)),
        .is_partial = input->is_partial,
        .self = self_of(input->view),
    };
    dm_arena_init(&round.arena, ROUND_MEMORY, NULL);
    enum dm_status status =
        round.after && round.is_met ? DM_OK : DM_ERR_NO_MEMORY;
    for (size_t i = 0; !status && i < input->n_results; ++i) {
        status = take_result(&round, &input->results[i]);
    }
    if (!status) {
        status = take_missed(&round, input->results, input->n_results);
    }
    dm_arena_done(&round.arena);
    dm_free(round.is_met);
    if (status) {
        dm_alerts_free(round.after);
        return status;
    }
    dm_alerts_seal(round.after);
    *ret = round.after;
    *ret_next_ms = round.next_ms;
    return DM_OK;
}
