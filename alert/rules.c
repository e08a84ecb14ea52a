// SPDX-License-Identifier: ISC

#include "alert/rules.h"

#include "alert/present.h"
#include "base/alloc.h"
#include "base/map.h"
#include "quadstore/scan.h"
#include "quadstore/store.h"
#include "rdf/xsd.h"
#include "sparql/exec.h"
#include "sparql/query.h"
#include "vocab/config.h"

#define ROWS_MEMORY (128U << 20U)
#define NAMES_MAX 4000000U

struct rule {
    const struct dm_rule_def *def;
    struct dm_query *query; // NULL: it does not parse
    struct dm_error error;  // Then this says why
};

struct dm_rules {
    struct dm_config *config;
    struct rule *rules;
    size_t n;
};

// The rows of one rule
struct gathered {
    struct dm_rule_row *rows;
    size_t n;
    size_t capacity;
};

struct dm_rules_round {
    struct dm_rules *rules;
    struct dm_snapshot *snapshot;
    const struct dm_present *present;
    struct dm_str only;
    struct dm_map names; // IRIs of checks and nodes to their names
    struct dm_arena arena;
    struct dm_rule_result *results;
    size_t n_results;
    struct gathered *gathered; // One for each result
    size_t next;               // Rule to run next
    struct dm_exec *exec;      // Of the one that runs, or NULL
};

static const struct dm_dataset all_graphs = {.default_graph = DM_DEFAULT_UNION,
                                             .all_named = true};

// ---------------------------------------------------------------------- rules

// A rule that does not parse stays, as its error. DM_ERR_NO_MEMORY
static enum dm_status
parse_rule(struct rule *rule, const struct dm_rule_def *def)
{
    const struct dm_query_options options = {
        .prefixes = dm_query_prefixes,
        .n_prefixes = dm_n_query_prefixes,
        .name = def->name,
    };
    rule->def = def;
    const enum dm_status status =
        dm_query_parse(def->select, &options, &rule->query, &rule->error);
    if (!status && rule->query->form != DM_QUERY_SELECT) {
        (void)dm_error_set(&rule->error, DM_ERR_ARGUMENT,
                           "a rule's :select is a SELECT query");
        dm_query_free(rule->query);
        rule->query = NULL;
    }
    if (status) {
        rule->query = NULL;
    }
    return status == DM_ERR_NO_MEMORY ? status : DM_OK;
}

struct dm_rules *
dm_rules_new(struct dm_config *config)
{
    struct dm_rules *rules = dm_calloc(1, sizeof(*rules));
    if (!rules) {
        return NULL;
    }
    rules->rules = dm_calloc(config->n_rules, sizeof(*rules->rules));
    if (!rules->rules) {
        dm_free(rules);
        return NULL;
    }
    rules->config = dm_config_ref(config);
    for (size_t i = 0; i < config->n_rules; ++i) {
        if (config->rules[i].enabled) {
            if (parse_rule(&rules->rules[rules->n++], &config->rules[i])) {
                dm_rules_free(rules);
                return NULL;
            }
        }
    }
    return rules;
}

void
dm_rules_free(struct dm_rules *rules)
{
    if (rules) {
        for (size_t i = 0; i < rules->n; ++i) {
            dm_query_free(rules->rules[i].query);
        }
        dm_free(rules->rules);
        dm_config_unref(rules->config);
        dm_free(rules);
    }
}

const struct dm_error *
dm_rules_error(const struct dm_rules *rules, struct dm_str name)
{
    for (size_t i = 0; i < rules->n; ++i) {
        if (dm_str_equal(rules->rules[i].def->name, name)) {
            return rules->rules[i].query ? NULL : &rules->rules[i].error;
        }
    }
    return NULL;
}

// ---------------------------------------------------------------------- rounds

static enum dm_status
put_name(struct dm_rules_round *round, struct dm_str iri, struct dm_str name)
{
    struct dm_map_entry *entry = dm_map_put(&round->names, iri, NULL);
    struct dm_str *copy =
        dm_arena_alloc(&round->arena, 1, sizeof(struct dm_str));
    if (!entry || !copy) {
        return DM_ERR_NO_MEMORY;
    }
    *copy = name;
    entry->value.ptr = copy;
    return DM_OK;
}

static enum dm_status
index_names(struct dm_rules_round *round)
{
    const struct dm_view *view = &round->present->view;
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < view->n_states; ++i) {
        status =
            put_name(round, view->states[i].check->iri, view->states[i].name);
    }
    for (size_t i = 0; !status && i < view->n_nodes; ++i) {
        status =
            put_name(round, view->nodes[i].log->iri, view->nodes[i].log->name);
    }
    return status;
}

enum dm_status
dm_rules_round_open(struct dm_rules *rules, struct dm_snapshot *snapshot,
                    const struct dm_present *present, struct dm_str only,
                    struct dm_rules_round **ret)
{
    struct dm_rules_round *round = dm_calloc(1, sizeof(*round));
    if (!round) {
        return DM_ERR_NO_MEMORY;
    }
    round->rules = rules;
    round->snapshot = snapshot;
    round->present = present;
    dm_map_init(&round->names, NAMES_MAX, 0);
    dm_arena_init(&round->arena, ROWS_MEMORY,
                  &dm_snapshot_work(snapshot)->account);
    round->only = dm_arena_copy(&round->arena, only);
    round->results =
        dm_arena_alloc(&round->arena, rules->n, sizeof(*round->results));
    round->gathered = dm_calloc(rules->n, sizeof(*round->gathered));
    enum dm_status status =
        round->only.data && round->results && round->gathered
            ? index_names(round)
            : DM_ERR_NO_MEMORY;
    if (status) {
        dm_rules_round_close(round);
        return status;
    }
    *ret = round;
    return DM_OK;
}

void
dm_rules_round_close(struct dm_rules_round *round)
{
    if (!round) {
        return;
    }
    dm_exec_close(round->exec);
    for (size_t i = 0; round->gathered && i < round->rules->n; ++i) {
        dm_free(round->gathered[i].rows);
    }
    dm_free(round->gathered);
    dm_map_done(&round->names);
    dm_arena_done(&round->arena);
    dm_free(round);
}

// The text of a term: a name where it has one
static enum dm_status
term_text(struct dm_rules_round *round, dm_id id, struct dm_str *ret)
{
    struct dm_term term;
    const enum dm_status status = dm_snapshot_term(round->snapshot, id, &term);
    if (status) {
        return status;
    }
    struct dm_str text = term.value;
    if (term.kind == DM_TERM_IRI) {
        const struct dm_map_entry *entry = dm_map_get(&round->names, text);
        if (entry) {
            text = *(const struct dm_str *)entry->value.ptr;
        }
    } else if (term.kind == DM_TERM_TRIPLE) {
        text = (struct dm_str){"", 0}; // Says nothing to a person
    }
    *ret = dm_arena_copy(&round->arena, text);
    return ret->data ? DM_OK : DM_ERR_NO_MEMORY;
}

static int64_t
since_of(const struct dm_rule_row *row)
{
    static const struct dm_str since = DM_STR("since");
    struct dm_datetime value;
    for (size_t i = 0; i < row->n_columns; ++i) {
        if (dm_str_equal(row->columns[i].name, since) &&
            dm_datetime_parse(row->columns[i].value, &value)) {
            return value.ms;
        }
    }
    return DM_NO_TIME;
}

static enum dm_status
take_row(struct dm_rules_round *round, const struct dm_query *query,
         const dm_id *ids)
{
    struct gathered *gathered = &round->gathered[round->n_results];
    if (gathered->n == DM_RULE_ROWS_MAX) {
        return DM_ERR_LIMIT;
    }
    struct dm_rule_row *rows =
        dm_grow(gathered->rows, &gathered->capacity, gathered->n + 1,
                sizeof(*gathered->rows), DM_RULE_ROWS_MAX);
    struct dm_alert_text *columns =
        dm_arena_alloc(&round->arena, query->n_columns, sizeof(*columns));
    if (rows) {
        gathered->rows = rows;
    }
    if (!rows || !columns) {
        return DM_ERR_NO_MEMORY;
    }
    struct dm_rule_row row = {.columns = columns};
    for (size_t i = 0; i < query->n_columns; ++i) {
        if (ids[i] == DM_ID_NONE) {
            continue;
        }
        struct dm_alert_text *column = &columns[row.n_columns++];
        column->name = query->names[query->columns[i]];
        const enum dm_status status = term_text(round, ids[i], &column->value);
        if (status) {
            return status;
        }
    }
    row.since_ms = since_of(&row);
    rows[gathered->n++] = row;
    return DM_OK;
}

// The rule at hand has its result: rows, or why there are none
static void
conclude(struct dm_rules_round *round, const struct rule *rule,
         enum dm_status status, const struct dm_error *error)
{
    struct dm_rule_result *result = &round->results[round->n_results];
    const struct gathered *gathered = &round->gathered[round->n_results];
    *result = (struct dm_rule_result){
        .rule = rule->def,
        .status = status,
        .rows = gathered->rows,
        .n_rows = gathered->n,
    };
    if (status) {
        const struct dm_str why =
            dm_str(error->what[0] ? error->what : dm_status_text(status));
        result->error = dm_arena_copy(&round->arena, why);
        result->n_rows = 0;
    }
    ++round->n_results;
    ++round->next;
    dm_exec_close(round->exec);
    round->exec = NULL;
}

// Whether the whole round has to end with it
static bool
ends_round(enum dm_status status)
{
    return status == DM_ERR_CANCELLED || status == DM_ERR_DEADLINE;
}

static enum dm_status
run(struct dm_rules_round *round, const struct rule *rule,
    struct dm_error *error)
{
    enum dm_status status = DM_OK;
    if (!round->exec) {
        const struct dm_exec_options options = {
            .dataset = &all_graphs,
            .now_ms = round->present->view.now_ms,
            .steps = true,
        };
        status = dm_exec_open(rule->query, round->snapshot, &options,
                              &round->exec, error);
    }
    const dm_id *row = NULL;
    while (!status) {
        status = dm_exec_next(round->exec, &row, error);
        if (!status) {
            status = take_row(round, rule->query, row);
        }
    }
    return status;
}

enum dm_status
dm_rules_round_step(struct dm_rules_round *round)
{
    if (round->next == round->rules->n) {
        return DM_END;
    }
    const struct rule *rule = &round->rules->rules[round->next];
    if (round->only.n && !dm_str_equal(rule->def->name, round->only)) {
        ++round->next;
        return DM_AGAIN;
    }
    if (!rule->query) {
        conclude(round, rule, DM_ERR_SYNTAX, &rule->error);
        return DM_AGAIN;
    }
    struct dm_error error = {0};
    const enum dm_status status = run(round, rule, &error);
    if (status == DM_AGAIN || ends_round(status)) {
        return status;
    }
    conclude(round, rule, status == DM_END ? DM_OK : status, &error);
    return DM_AGAIN;
}

const struct dm_rule_result *
dm_rules_round_results(const struct dm_rules_round *round, size_t *ret_n)
{
    *ret_n = round->n_results;
    return round->results;
}
