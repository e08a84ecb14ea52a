// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_ALERT_WORLD_H
#define DM_TESTS_ALERT_WORLD_H

/**
 * @file
 * Several nodes with their configurations and results, and the store of each,
 * which holds its own log and those of the others: for the tests of the
 * present.
 */

#include "alert/present.h"
#include "base/buf.h"
#include "base/env.h"
#include "base/log.h"
#include "base/work.h"
#include "quadstore/seen.h"
#include "quadstore/store.h"
#include "quadstore/write.h"
#include "tests/check.h"
#include "vocab/config.h"
#include "vocab/normal.h"

#include <stdlib.h>
#include <string.h>

#define PREFIX "PREFIX : <https://w3id.org/demonitor#>\n"
#define WORLD_NODES_MAX 3
#define WORLD_EVENTS_MAX 256
#define WORLD_TRIPLES_MAX 10000
#define WORLD_MEMORY ((size_t)256 << 20U)
#define WORLD_TEXT_MAX (4U << 20U)
#define T0 INT64_C(1795536000000) // 2026-11-24T16:00:00Z

struct world_event {
    size_t node;
    const char *check; // IRI
    enum dm_result_status status;
    int64_t at_ms; // By the clock of its node
    const char *message;
};

struct world_node {
    char iri[100];
    struct dm_config *config;
    int64_t skew_ms;     // How far its clock is ahead
    int64_t heard_ms;    // When the others heard of it, by the true clock
    uint64_t forked_at;  // As the others know
    uint64_t known_more; // Entries they know of and do not have
};

struct world {
    struct dm_log *log;
    struct dm_env env;
    struct world_node nodes[WORLD_NODES_MAX];
    size_t n;
    struct world_event events[WORLD_EVENTS_MAX];
    size_t n_events;
};

/// The store of one of the nodes, with a snapshot of it
struct head {
    struct dm_work work;
    struct dm_store *store;
    struct dm_snapshot *snapshot;
    struct dm_present *present;
};

static inline void
world_drop(void *context, enum dm_log_level level, struct dm_str line)
{
    (void)context;
    (void)level;
    (void)line;
}

static inline int64_t
world_no_clock(void *context)
{
    (void)context;
    return 0;
}

static inline void
world_init(struct world *world)
{
    const struct dm_log_options options = {
        .level = DM_LOG_ERROR, .write = world_drop, .clock = world_no_clock};
    memset(world, 0, sizeof(*world));
    world->log = dm_log_new(&options);
    CHECK(world->log);
    dm_env_init_system(&world->env, world->log);
}

static inline void
world_done(struct world *world)
{
    for (size_t i = 0; i < world->n; ++i) {
        dm_config_unref(world->nodes[i].config);
    }
    dm_log_free(world->log);
}

static inline struct dm_config *
world_load(const struct world *world, const char *iri, const char *name,
           const char *text)
{
    const struct dm_config_options options = {
        .env = &world->env,
        .directory = "/nowhere",
        .node_iri = dm_str(iri),
        .node_name = dm_str(name),
    };
    const struct dm_config_source source = {DM_STR("checks.ttl"), dm_str(text)};
    struct dm_config_report *report = dm_config_report_new();
    struct dm_config *config = NULL;
    CHECK(report);
    const enum dm_status status =
        dm_config_load_texts(&options, &source, 1, report, &config);
    if (status) {
        struct dm_buf said;
        dm_buf_init(&said, WORLD_TEXT_MAX);
        dm_config_report_print(report, &said);
        (void)fprintf(stderr, "%s\n", dm_buf_cstr(&said));
        dm_buf_done(&said);
    }
    CHECK_INT(status, DM_OK);
    dm_config_report_free(report);
    return config;
}

/// A node whose key ends with its name; its clock is right.
static inline struct world_node *
world_add(struct world *world, const char *name, const char *text)
{
    CHECK(world->n < WORLD_NODES_MAX);
    struct world_node *node = &world->nodes[world->n++];
    (void)snprintf(node->iri, sizeof(node->iri), "ipns://k51node%zu%s",
                   world->n, name);
    node->config = world_load(world, node->iri, name, text);
    node->heard_ms = T0;
    return node;
}

/// Results of a node come at different times: their keys have n 0.
static inline void
world_result(struct world *world, size_t node, const char *check,
             enum dm_result_status status, int64_t at_ms)
{
    CHECK(world->n_events < WORLD_EVENTS_MAX);
    world->events[world->n_events++] = (struct world_event){
        .node = node,
        .check = check,
        .status = status,
        .at_ms = at_ms,
        .message = status == DM_RESULT_OK ? "" : "refused"};
}

// ---------------------------------------------------------------- a head

struct world_triples {
    struct dm_txn *txn;
    struct dm_triple_ids *items;
    size_t n;
};

static inline enum dm_status
world_take_quad(void *context, const struct dm_quad *quad)
{
    struct world_triples *triples = context;
    CHECK(triples->n < WORLD_TRIPLES_MAX);
    struct dm_triple_ids *ids = &triples->items[triples->n++];
    CHECK_INT(dm_txn_intern(triples->txn, &quad->s, &ids->s), DM_OK);
    CHECK_INT(dm_txn_intern(triples->txn, &quad->p, &ids->p), DM_OK);
    CHECK_INT(dm_txn_intern(triples->txn, &quad->o, &ids->o), DM_OK);
    return DM_OK;
}

/// Put what `config` publishes into the graph of its node.
static inline void
world_publish(struct dm_txn *txn, const struct dm_config *config)
{
    static struct dm_triple_ids items[WORLD_TRIPLES_MAX];
    struct world_triples triples = {.txn = txn, .items = items};
    char iri[200];
    dm_id graph = DM_ID_NONE;
    (void)snprintf(iri, sizeof(iri), "%s#config", config->node.iri.data);
    const struct dm_term term = dm_term_iri(dm_str(iri));
    CHECK_INT(dm_txn_intern(txn, &term, &graph), DM_OK);
    CHECK_INT(dm_config_quads(config, world_take_quad, &triples), DM_OK);
    CHECK_INT(dm_txn_replace_graph(txn, graph, items, triples.n), DM_OK);
}

static inline void
world_put_seen(struct dm_txn *txn, const char *iri, const struct dm_seen *seen)
{
    uint8_t bytes[DM_SEEN_BYTES];
    dm_seen_encode(seen, bytes);
    const struct dm_str value = dm_str_n((const char *)bytes, sizeof(bytes));
    CHECK_INT(dm_txn_state_put(txn, DM_SEEN_SPACE, dm_str(iri), &value), DM_OK);
}

static inline void
world_put_version(struct dm_txn *txn, const char *iri, const char *version)
{
    const struct dm_str value = dm_str(version);
    CHECK_INT(dm_txn_state_put(txn, DM_SEEN_CONF_SPACE, dm_str(iri), &value),
              DM_OK);
}

static inline void
world_merge(struct dm_txn *txn, const struct world_event *from, dm_log_no log)
{
    static const struct dm_str connection =
        DM_STR("https://w3id.org/demonitor#connection");
    const struct dm_term check = dm_term_iri(dm_str(from->check));
    const struct dm_term failure = dm_term_iri(connection);
    struct dm_event event = {
        .key = {.log = log, .ms = from->at_ms},
        .status = from->status,
        .at_ms = from->at_ms,
        .micros = 1500,
        .certificate_expires_ms = DM_NO_TIME,
        .message = dm_str(from->message),
        .output = {"", 0},
        .run_id = {"", 0},
    };
    CHECK_INT(dm_txn_intern(txn, &check, &event.check), DM_OK);
    if (from->status != DM_RESULT_OK) {
        CHECK_INT(dm_txn_intern(txn, &failure, &event.failure), DM_OK);
    }
    CHECK_INT(dm_txn_merge(txn, &event), DM_OK);
}

/// The store of node `self`: its own log comes first, the others after it.
static inline void
head_fill(const struct world *world, size_t self, struct dm_txn *txn)
{
    for (size_t i = 0; i < world->n; ++i) {
        const size_t at = (self + i) % world->n;
        const struct world_node *node = &world->nodes[at];
        dm_log_no log = 0;
        CHECK_INT(dm_txn_log_number(txn, dm_str(node->iri), &log), DM_OK);
        world_publish(txn, node->config);
        for (size_t k = 0; k < world->n_events; ++k) {
            if (world->events[k].node == at) {
                world_merge(txn, &world->events[k], log);
            }
        }
        const int64_t ours = world->nodes[self].skew_ms;
        const struct dm_seen seen = {
            .entry_time_ms = node->heard_ms + node->skew_ms,
            .received_ms = node->heard_ms + ours,
            .offset_ms = ours - node->skew_ms,
            .seq = 100,
            .known_seq = 100 + node->known_more,
            .forked_at = node->forked_at,
        };
        if (i > 0) {
            world_put_seen(txn, node->iri, &seen);
        }
    }
}

/// Open it, and its present at the true instant `now_ms`.
static inline void
head_open(const struct world *world, size_t self, int64_t now_ms,
          struct head *ret)
{
    const struct dm_store_options options = {.path = NULL};
    struct dm_txn *txn = NULL;
    memset(ret, 0, sizeof(*ret));
    dm_work_init(&ret->work, &world->env, INT64_MAX, WORLD_MEMORY);
    CHECK_INT(dm_store_open(&world->env, &options, &ret->store, NULL), DM_OK);
    CHECK_INT(dm_txn_begin(ret->store, &txn), DM_OK);
    head_fill(world, self, txn);
    CHECK_INT(dm_txn_commit(txn, DM_COMMIT_NORMAL), DM_OK);
    CHECK_INT(dm_snapshot_open(ret->store, &ret->work, &ret->snapshot), DM_OK);
    CHECK_INT(dm_present_open(ret->snapshot, world->nodes[self].config, NULL,
                              now_ms + world->nodes[self].skew_ms,
                              &ret->present),
              DM_OK);
}

static inline void
head_close(struct head *head)
{
    dm_snapshot_close(head->snapshot);
    dm_present_close(head->present);
    dm_store_close(head->store);
    CHECK_INT((int64_t)head->work.account.used, 0);
}

static inline const struct dm_view_state *
head_state(const struct head *head, const char *iri)
{
    const struct dm_view *view = &head->present->view;
    for (size_t i = 0; i < view->n_states; ++i) {
        if (dm_str_is(view->states[i].iri, iri)) {
            return &view->states[i];
        }
    }
    (void)fprintf(stderr, "no state %s\n", iri);
    for (size_t i = 0; i < view->n_states; ++i) {
        (void)fprintf(stderr, "but %s\n", view->states[i].iri.data);
    }
    abort();
}

#endif // DM_TESTS_ALERT_WORLD_H
