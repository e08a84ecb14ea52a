// SPDX-License-Identifier: ISC

#ifndef DM_ALERT_EVALUATE_H
#define DM_ALERT_EVALUATE_H

/**
 * @file
 * Alerts: rows of rules in, transitions out. Pure; time is an argument.
 *
 *               row, for = 0, or row for `for`
 *        ┌──────────────────────────────────────┐
 *   INACTIVE --row--> PENDING --row for `for`--> FIRING --no row--> (RESOLVED)
 *                        └--no row--> INACTIVE     │
 *                                                  └ no row, but within
 *                                                    keepFiring, or without
 *                                                    fresh evidence: stays
 *
 * An alert is what a rule says of one value of its :by columns. That identity
 * carries `for` and keepFiring; the label set, which Alertmanager goes by, has
 * the severity and labels besides. When the label set of an identity changes,
 * the old one is resolved and the new one fires in the same transition.
 *
 * E1 Only fresh evidence resolves. A row that is gone while every state of its
 *    check (and node) is stale or unknown keeps its alert (:onNoData :keep), at
 *    most 24 h after it was last seen; :resolved lets it go, :alertNow keeps it
 *    too and lets a pending one fire at once. A heartbeat that is overdue is
 *    evidence. Where no state is left at all (retired, log gone), the alert
 *    lapses: it is no longer sent, and not resolved.
 * E2 startsAt is the row's ?since where it has one, at most now; else when the
 *    row was first seen. It never moves later while the alert fires.
 * E3 Two rows of one rule with one label set or one identity, a rule that
 * fails, or one with more than DM_RULE_ROWS_MAX rows: RuleFailed for that rule,
 * its alerts stay as they are. Alerts of a rule that is no more are resolved.
 * E4 Labels: alertname, the :by columns as names, severity, the rule's :label,
 *    the check's :label. Annotations: every other column but since, severity,
 *    summary, runbook; summary and runbook_url of the check, else of the row,
 *    else of the rule, with {column} filled in. All from shared data, so every
 *    head says the same bytes.
 * E5 An alert's state survives a restart: dm_alert_encode()/decode().
 * E6 While the view `is_partial`, what rests on other nodes is left as it was,
 *    and is not told: their rows neither begin nor go on with an alert, and
 * that a row is gone means nothing.
 *
 * Threads: pure; DM_ON_WORKER. Memory: bounded by alerts (DM_ALERTS_MAX).
 */

#include "alert/view.h"
#include "base/attr.h"
#include "base/status.h"
#include "base/str.h"
#include "vocab/definitions.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_buf;

#define DM_RULE_ROWS_MAX 10000
#define DM_ALERTS_MAX 50000
#define DM_KEEP_WITHOUT_DATA_MS (INT64_C(24) * 3600 * 1000)
/// A resolved alert is told for so long
#define DM_RESEND_RESOLVED_MS (INT64_C(15) * 60 * 1000)

enum dm_alert_state {
    DM_ALERT_PENDING,
    DM_ALERT_FIRING,
    DM_ALERT_RESOLVED, ///< Kept for DM_RESEND_RESOLVED_MS, to be told again
};

/// Name and value, ascending by name, no name twice
struct dm_alert_text {
    struct dm_str name;
    struct dm_str value;
};

struct dm_alert {
    struct dm_str identity; ///< Rule name and :by values, one text
    struct dm_str rule;     ///< Its name: alertname
    enum dm_alert_state state;
    const struct dm_alert_text *labels;
    size_t n_labels;
    const struct dm_alert_text *annotations;
    size_t n_annotations;
    uint64_t fingerprint; ///< Hash of the label set
    struct dm_str check;  ///< Name, or empty: what E1 looks at
    struct dm_str node;
    int64_t first_seen_ms; ///< Row is there since
    int64_t last_seen_ms;  ///< Row was last there
    int64_t starts_ms;     ///< E2
    int64_t fired_ms;      ///< 0: not yet
    int64_t resolved_ms;   ///< 0: not
    bool waits;            ///< E6: not to be told now; not encoded
};

/// One row of a rule, columns as text: names for IRIs, lexical forms else
struct dm_rule_row {
    const struct dm_alert_text *columns; ///< Bound ones, by the query's order
    size_t n_columns;
    int64_t since_ms; ///< ?since; DM_NO_TIME where it has none
};

/// What one rule gave in this round
struct dm_rule_result {
    const struct dm_rule_def *rule;
    enum dm_status status; ///< Else its rows are not to be trusted
    struct dm_str error;   ///< For RuleFailed
    const struct dm_rule_row *DM_NULLABLE rows; ///< NULL only without any
    size_t n_rows;
};

enum dm_alert_event {
    DM_ALERT_IS_PENDING,
    DM_ALERT_IS_FIRING,
    DM_ALERT_IS_RESOLVED,
    DM_ALERT_IS_GONE, ///< Pending and no longer there, or lapsed, or told
                      ///< enough
};

/// What changed in a round; `alert` is of the new set, of GONE of the old one
typedef void (*dm_alert_change_fn)(void *DM_NULLABLE context,
                                   enum dm_alert_event event,
                                   const struct dm_alert *alert);

struct dm_alerts;

struct dm_alerts *DM_NULLABLE dm_alerts_new(void) DM_NODISCARD;
void dm_alerts_free(struct dm_alerts *DM_NULLABLE alerts);

/// A copy that shares nothing, as for another thread.
struct dm_alerts *DM_NULLABLE dm_alerts_clone(const struct dm_alerts *alerts)
    DM_NODISCARD;

/// Number of alerts, and the i-th in ascending order of (identity, fingerprint)
size_t dm_alerts_count(const struct dm_alerts *alerts);
const struct dm_alert *dm_alerts_at(const struct dm_alerts *alerts, size_t i);

/// What a round looks at
struct dm_alerts_input {
    const struct dm_alerts *before;
    const struct dm_view *view; ///< Of the same instant; for labels, and for E1
    const struct dm_rule_result *DM_NULLABLE results; ///< Of enabled rules
    size_t n_results;
    bool is_partial;              ///< E6: the view is not whole yet
    dm_alert_change_fn on_change; ///< Called for each change, before the return
    void *DM_NULLABLE context;
};

/**
 * One round: the alerts before and the rows of every rule give those after it.
 *
 * @param ret_next_ms The first instant at which the same rows give other alerts
 *        (`for`, keepFiring, end of resending); INT64_MAX for none.
 * @return DM_ERR_NO_MEMORY, DM_ERR_LIMIT; then `before` still holds.
 */
enum dm_status dm_alerts_evaluate(const struct dm_alerts_input *input,
                                  struct dm_alerts **ret, int64_t *ret_next_ms)
    DM_NODISCARD;

/// One alert as JSON for the store, and back into a set (E5).
enum dm_status dm_alert_encode(const struct dm_alert *alert,
                               struct dm_buf *buf);
/// Of two that are equal the later stays. Cheap where they come in the order of
/// dm_alerts_at(). DM_ERR_SYNTAX, DM_ERR_NO_MEMORY, DM_ERR_LIMIT.
enum dm_status dm_alerts_decode(struct dm_alerts *alerts, struct dm_str json)
    DM_NODISCARD;

/// Hash of a label set as Alertmanager's fingerprint is made: FNV-1a over
/// name 0xFF value 0xFF, ascending by name
uint64_t dm_alert_fingerprint(const struct dm_alert_text *labels, size_t n);

DM_END_DECLS

#endif // DM_ALERT_EVALUATE_H
