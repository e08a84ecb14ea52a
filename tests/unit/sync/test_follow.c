// SPDX-License-Identifier: ISC

// A log is sealed in one store and followed in another: both say the same.

#include "base/buf.h"
#include "quadstore/blocks.h"
#include "sync/audit.h"
#include "sync/car.h"
#include "sync/chain.h"
#include "sync/conf.h"
#include "sync/follow.h"
#include "sync/seal.h"
#include "sync/serve.h"
#include "tests/check.h"
#include "tests/unit/quadstore/fixture.h"
#include "vocab/config.h"

#include <stdio.h>
#include <string.h>

#define SEED 7
#define BEGIN_MS INT64_C(1795536000000)
#define CHECKS 5

static uint64_t random_state = SEED;

static uint64_t
random_below(uint64_t n)
{
    random_state = random_state * UINT64_C(6364136223846793005) +
                   UINT64_C(1442695040888963407);
    return (random_state >> 33U) % n;
}

// ---------------------------------------------------------------- the writer

static struct dm_log *quiet;

static void
drop(void *context, enum dm_log_level level, struct dm_str line)
{
    (void)context;
    (void)level;
    (void)line;
}

static int64_t
no_clock(void *context)
{
    (void)context;
    return 0;
}

static void
begin_env(struct fixture *fixture)
{
    if (!quiet) {
        const struct dm_log_options options = {
            .level = DM_LOG_ERROR, .write = drop, .clock = no_clock};
        quiet = dm_log_new(&options);
        CHECK(quiet);
    }
    dm_env_init_system(&fixture->env, quiet);
}

struct side {
    struct fixture fixture;
    struct dm_key *key;
    char iri[DM_KEY_IRI_SIZE];
    struct dm_sealer *sealer;
    struct dm_config *config;
    struct dm_log_conf *conf;
    int64_t now_ms;
    dm_log_no log;
};

static void
load_conf(struct side *side, int version)
{
    char text[4096];
    size_t n = 0;
    n += (size_t)snprintf(text, sizeof(text),
                          "PREFIX : <https://w3id.org/demonitor#>\n"
                          ":this :name \"here\" .\n");
    for (int i = 0; i < CHECKS; ++i) {
        n += (size_t)snprintf(
            text + n, sizeof(text) - n,
            "<c%d> a :HttpCheck ; :url <http://192.0.2.1/%d> ; :every \"%ds\" "
            ".\n",
            i, i, 30 + version);
    }
    const struct dm_config_source source = {.name = DM_STR("test.ttl"),
                                            .text = dm_str_n(text, n)};
    const struct dm_config_options options = {
        .env = &side->fixture.env,
        .directory = "/nonexistent",
        .node_iri = dm_str(side->iri),
        .node_name = DM_STR("here"),
    };
    struct dm_config_report *report = dm_config_report_new();
    CHECK(report);
    dm_config_unref(side->config);
    dm_log_conf_unref(side->conf);
    const enum dm_status status =
        dm_config_load_texts(&options, &source, 1, report, &side->config);
    if (status) {
        struct dm_buf said;
        dm_buf_init(&said, 65536);
        dm_config_report_print(report, &said);
        (void)fprintf(stderr, "%s\n", dm_buf_cstr(&said));
    }
    CHECK_INT(status, DM_OK);
    dm_config_report_free(report);
    CHECK_INT(dm_log_conf_new(side->config, &side->conf), DM_OK);
    dm_sealer_configure(side->sealer, side->conf, INT64_C(7) * 86400000);
}

static void
side_init(struct side *side, uint8_t seed)
{
    uint8_t bytes[DM_KEY_SEED_BYTES];
    memset(side, 0, sizeof(*side));
    memset(bytes, seed, sizeof(bytes));
    fixture_init(&side->fixture, false);
    begin_env(&side->fixture);
    side->key = dm_key_from_seed(bytes);
    CHECK(side->key);
    dm_key_iri(dm_key_public(side->key), side->iri);
    const struct dm_sealer_options options = {
        .env = &side->fixture.env,
        .key = side->key,
        .keep_blocks_ms = INT64_C(7) * 86400000,
    };
    side->sealer = dm_sealer_new(&options);
    CHECK(side->sealer);
    side->now_ms = BEGIN_MS;
    load_conf(side, 0);
    dm_sealer_release(side->sealer);
}

static void
side_done(struct side *side)
{
    dm_sealer_free(side->sealer);
    dm_config_unref(side->config);
    dm_log_conf_unref(side->conf);
    dm_key_free(side->key);
    fixture_done(&side->fixture);
}

// Some results, then an entry; all in one transaction.
static struct dm_sealed
seal_some(struct side *side, size_t n_results)
{
    static const char *const units[] = {"s", "B"};
    struct dm_txn *txn = begin(&side->fixture);
    CHECK_INT(dm_txn_log_number(txn, dm_str(side->iri), &side->log), DM_OK);
    for (size_t i = 0; i < n_results; ++i) {
        char check[64];
        char message[64];
        (void)snprintf(check, sizeof(check), "https://demonitor.internal/c%d",
                       (int)random_below(CHECKS));
        (void)snprintf(message, sizeof(message), "refused %d",
                       (int)random_below(3));
        const struct dm_sample samples[] = {
            // In the order of their IRIs, in which they travel
            {DM_STR("a b"), DM_STR("12.0"), false, DM_STR(""), DM_STR(""),
             DM_STR("")},
            {DM_STR("rta"), DM_STR("0.25"), false,
             dm_str(units[random_below(2)]), DM_STR("1:2"), DM_STR("")},
        };
        const enum dm_result_status status =
            (enum dm_result_status)random_below(4);
        struct dm_event event = {
            .key = {.log = side->log},
            .check = put(txn, check),
            .status = status,
            .at_ms = side->now_ms,
            .micros = (int64_t)random_below(2000000),
            .failure = status == DM_RESULT_CRITICAL ? put(txn, DM_NS "timeout")
                                                    : DM_ID_NONE,
            .certificate_expires_ms =
                random_below(5) ? DM_NO_TIME : side->now_ms + 86400000,
            .message = dm_str(status ? message : ""),
            .output = dm_str(random_below(9) ? "" : "long\n\"out\"put"),
            .run_id = DM_STR(""),
            .samples = samples,
            .n_samples = random_below(3),
        };
        CHECK_INT(dm_txn_record(txn, &event, NULL), DM_OK);
        side->now_ms += (int64_t)random_below(2000);
    }
    side->now_ms += (int64_t)random_below(30000);
    struct dm_sealed sealed = {0};
    struct dm_error error = {0};
    const enum dm_status status =
        dm_sealer_seal(side->sealer, txn, side->now_ms, &sealed, &error);
    if (status) {
        (void)fprintf(stderr, "%s\n", error.what);
    }
    CHECK_INT(status, DM_OK);
    CHECK_INT(dm_txn_commit(txn, DM_COMMIT_DURABLE), DM_OK);
    CHECK_INT(dm_sealer_committed(side->sealer), DM_OK);
    return sealed;
}

// --------------------------------------------------------------- the follower

// Ask `from` for entries after `after`, as log/K answers.
static enum dm_status
ask(struct side *from, uint64_t after, uint64_t limit, struct dm_buf *car)
{
    struct dm_snapshot *snapshot = snapshot_of(&from->fixture);
    const struct dm_serve_spec spec = {
        .log = dm_key_public(from->key),
        .after = after,
        .until = UINT64_MAX,
        .limit = limit,
        .with_data = true,
    };
    uint64_t first = 0;
    dm_buf_clear(car);
    const enum dm_status status =
        dm_serve_entries(snapshot, &spec, car, &first, NULL);
    dm_snapshot_close(snapshot);
    return status;
}

static enum dm_status
take_piece(struct fixture *at, const struct dm_follow_input *input,
           struct dm_follow_result *ret, struct dm_error *error)
{
    struct dm_follow_batch *batch = NULL;
    struct dm_snapshot *snapshot = snapshot_of(at);
    enum dm_status status =
        dm_follow_verify(snapshot, &at->env, input, &batch, error);
    dm_snapshot_close(snapshot);
    if (status) {
        return status;
    }
    struct dm_txn *txn = begin(at);
    status = dm_follow_apply(batch, &at->env, txn);
    if (status) {
        dm_txn_rollback(txn);
    } else {
        CHECK_INT(dm_txn_commit(txn, DM_COMMIT_DURABLE), DM_OK);
        *ret = dm_follow_batch_result(batch);
    }
    dm_follow_batch_free(batch);
    return status;
}

static enum dm_status
take(struct fixture *at, const struct dm_follow_input *input,
     struct dm_follow_result *ret, struct dm_error *error)
{
    enum dm_status status = DM_OK;
    do {
        status = take_piece(at, input, ret, error);
    } while (!status && ret->has_more);
    return status;
}

static struct dm_follow_input
input_of(struct side *from, struct dm_str car, uint64_t after)
{
    const struct dm_chain *chain = dm_sealer_chain(from->sealer);
    CHECK(chain);
    return (struct dm_follow_input){
        .log = dm_key_public(from->key),
        .record = dm_str_n((const char *)chain->record, chain->n_record),
        .car = car,
        .after = after,
        .rows = DM_FOLLOW_ROWS_ALL,
        .now_ms = from->now_ms,
    };
}

// Fetch all that is new, `limit` entries at a time.
static void
catch_up_rows(struct side *from, struct fixture *at, uint64_t held,
              uint64_t limit, enum dm_follow_rows rows)
{
    struct dm_buf car;
    struct dm_follow_result result = {.seq = held};
    dm_buf_init(&car, DM_CAR_MAX);
    do {
        struct dm_error error = {0};
        CHECK_INT(ask(from, result.seq, limit, &car), DM_OK);
        struct dm_follow_input input =
            input_of(from, dm_buf_str(&car), result.seq);
        input.rows = rows;
        const enum dm_status status = take(at, &input, &result, &error);
        if (status) {
            (void)fprintf(stderr, "%s\n", error.what);
        }
        CHECK_INT(status, DM_OK);
    } while (!result.is_whole);
    dm_buf_done(&car);
}

static void
catch_up(struct side *from, struct fixture *at, uint64_t held, uint64_t limit)
{
    catch_up_rows(from, at, held, limit, DM_FOLLOW_ROWS_ALL);
}

static bool
is_equal_text(struct dm_str a, struct dm_str b)
{
    return a.n == b.n && (!a.n || memcmp(a.data, b.data, a.n) == 0);
}

static void
check_events_equal(struct side *from, struct fixture *at)
{
    struct dm_snapshot *snapshots[2] = {snapshot_of(&from->fixture),
                                        snapshot_of(at)};
    struct dm_history *histories[2];
    for (int i = 0; i < 2; ++i) {
        struct dm_history_spec spec = {
            .filter = dm_history_all(),
            .order = DM_ORDER_KEY,
            .columns = DM_COLUMN_TEXTS | DM_COLUMN_SAMPLES,
        };
        CHECK_INT(dm_snapshot_log_number(snapshots[i], dm_str(from->iri),
                                         &spec.filter.log),
                  DM_OK);
        CHECK_INT(dm_history_open(snapshots[i], &spec, &histories[i]), DM_OK);
    }
    size_t n = 0;
    for (;;) {
        struct dm_event events[2];
        struct dm_term checks[2];
        const enum dm_status a = dm_history_next(histories[0], &events[0]);
        const enum dm_status b = dm_history_next(histories[1], &events[1]);
        CHECK_INT(a, b);
        if (a == DM_END) {
            break;
        }
        CHECK_INT(a, DM_OK);
        CHECK_INT(events[0].key.ms, events[1].key.ms);
        CHECK_INT(events[0].key.n, events[1].key.n);
        CHECK_INT(events[0].status, events[1].status);
        CHECK_INT(events[0].at_ms, events[1].at_ms);
        CHECK_INT(events[0].micros, events[1].micros);
        CHECK_INT(events[0].certificate_expires_ms,
                  events[1].certificate_expires_ms);
        CHECK(is_equal_text(events[0].message, events[1].message));
        CHECK(is_equal_text(events[0].output, events[1].output));
        CHECK_INT((int64_t)events[0].n_samples, (int64_t)events[1].n_samples);
        for (size_t i = 0; i < events[0].n_samples; ++i) {
            CHECK(is_equal_text(events[0].samples[i].label,
                                events[1].samples[i].label));
            CHECK(is_equal_text(events[0].samples[i].value,
                                events[1].samples[i].value));
            CHECK(is_equal_text(events[0].samples[i].unit,
                                events[1].samples[i].unit));
        }
        for (int i = 0; i < 2; ++i) {
            CHECK_INT(
                dm_snapshot_term(snapshots[i], events[i].check, &checks[i]),
                DM_OK);
        }
        CHECK(dm_term_equal(&checks[0], &checks[1]));
        ++n;
    }
    CHECK(n > 0);
    for (int i = 0; i < 2; ++i) {
        dm_history_close(histories[i]);
        dm_snapshot_close(snapshots[i]);
    }
}

static void
check_latest_equal(struct side *from, struct fixture *at)
{
    struct dm_snapshot *snapshots[2] = {snapshot_of(&from->fixture),
                                        snapshot_of(at)};
    size_t found = 0;
    for (int i = 0; i < CHECKS; ++i) {
        struct dm_latest latest[2];
        enum dm_status statuses[2];
        char check[64];
        (void)snprintf(check, sizeof(check), "https://demonitor.internal/c%d",
                       i);
        for (int j = 0; j < 2; ++j) {
            const struct dm_term term = dm_term_iri(dm_str(check));
            struct dm_latest_scan *scan = NULL;
            dm_log_no log = 0;
            dm_id id = DM_ID_NONE;
            CHECK_INT(
                dm_snapshot_log_number(snapshots[j], dm_str(from->iri), &log),
                DM_OK);
            statuses[j] = dm_snapshot_find(snapshots[j], &term, &id);
            if (!statuses[j]) {
                CHECK_INT(dm_latest_open(snapshots[j], log, id, &scan), DM_OK);
                statuses[j] = dm_latest_next(scan, &latest[j]);
                dm_latest_close(scan);
            }
            if (statuses[j] == DM_END) {
                statuses[j] = DM_ERR_NOT_FOUND;
            }
        }
        CHECK_INT(statuses[0], statuses[1]);
        if (statuses[0]) {
            continue;
        }
        ++found;
        CHECK_INT(latest[0].event.key.ms, latest[1].event.key.ms);
        CHECK_INT(latest[0].event.key.n, latest[1].event.key.n);
        CHECK_INT(latest[0].event.status, latest[1].event.status);
        CHECK_INT(latest[0].since_ms, latest[1].since_ms);
        CHECK_INT(latest[0].streak, latest[1].streak);
        CHECK_INT(latest[0].bad, latest[1].bad);
        CHECK_INT(latest[0].bad_since_ms, latest[1].bad_since_ms);
        CHECK_INT(latest[0].certificate_expires_ms,
                  latest[1].certificate_expires_ms);
    }
    CHECK(found > 0);
    for (int i = 0; i < 2; ++i) {
        dm_snapshot_close(snapshots[i]);
    }
}

static void
check_chains_equal(struct side *from, struct fixture *at)
{
    struct dm_snapshot *snapshot = snapshot_of(at);
    struct dm_chain *chain = NULL;
    const struct dm_chain *own = dm_sealer_chain(from->sealer);
    CHECK(own);
    CHECK_INT(dm_chain_load(snapshot, dm_key_public(from->key), &chain, NULL),
              DM_OK);
    CHECK(chain);
    CHECK_INT((int64_t)chain->seq, (int64_t)own->seq);
    CHECK_INT((int64_t)chain->first, (int64_t)own->first);
    CHECK(dm_cid_equal(&chain->head, &own->head));
    CHECK_INT((int64_t)chain->l1.n, (int64_t)own->l1.n);
    CHECK_INT((int64_t)chain->l2.n, (int64_t)own->l2.n);
    dm_chain_free(chain);
    dm_snapshot_close(snapshot);
}

// What is stored of the log is good for one who knows nothing but its name.
static enum dm_status
find_stored(void *context, const struct dm_cid *cid, struct dm_str *ret)
{
    return dm_serve_block(context, cid, ret);
}

static void
check_audit(struct side *from, struct fixture *at)
{
    struct dm_snapshot *snapshot = snapshot_of(at);
    const struct dm_chain *chain = dm_sealer_chain(from->sealer);
    CHECK(chain);
    const struct dm_audit_spec spec = {
        .log = chain->log,
        .record = dm_str_n((const char *)chain->record, chain->n_record),
        .now_ms = from->now_ms,
        .all_signatures = true,
        .find = find_stored,
        .context = snapshot,
    };
    struct dm_audit *audit = dm_audit_new(&spec);
    CHECK(audit);
    enum dm_status status = DM_OK;
    while (!status) {
        status = dm_audit_step(audit);
    }
    CHECK_INT(status, DM_END);
    const struct dm_audit_report *report = dm_audit_report(audit);
    if (report->verdict) {
        (void)fprintf(stderr, "%s %" PRIu64 ": %s\n",
                      dm_audit_place_text(report->place), report->seq,
                      report->error.what);
    }
    CHECK_INT(report->verdict, DM_OK);
    CHECK_INT((int64_t)report->tip, (int64_t)chain->seq);
    dm_audit_free(audit);
    dm_snapshot_close(snapshot);
}

// The follower's graph of the configuration is what was published.
static void
check_conf_equal(struct side *from, struct fixture *at)
{
    char graph[DM_KEY_IRI_SIZE + 8];
    const struct dm_dataset dataset = {.all_named = true};
    struct dm_scan_spec spec = {.dataset = &dataset, .scope = DM_SCOPE_NAMED};
    struct dm_snapshot *snapshot = snapshot_of(at);
    struct dm_scan *scan = NULL;
    struct dm_quad_ids quad;
    size_t n = 0;
    (void)snprintf(graph, sizeof(graph), "%s#config", from->iri);
    const struct dm_term term = dm_term_iri(dm_str(graph));
    CHECK_INT(dm_snapshot_find(snapshot, &term, &spec.g), DM_OK);
    CHECK_INT(dm_scan_open(snapshot, &spec, &scan), DM_OK);
    while (dm_scan_next(scan, &quad) == DM_OK) {
        ++n;
    }
    dm_scan_close(scan);
    dm_snapshot_close(snapshot);
    CHECK_INT((int64_t)n, (int64_t)from->conf->parts.n_quads);
}

static void
check_all_equal(struct side *from, struct fixture *at)
{
    check_events_equal(from, at);
    check_latest_equal(from, at);
    check_chains_equal(from, at);
    check_conf_equal(from, at);
    check_audit(from, at);
}

// --------------------------------------------------------------------- tests

static void
a_followed_log_says_the_same(void)
{
    struct side a;
    struct fixture b;
    side_init(&a, 1);
    fixture_init(&b, false);
    begin_env(&b);
    uint64_t held = 0;
    for (unsigned i = 0; i < 400; ++i) {
        const struct dm_sealed sealed = seal_some(&a, random_below(6));
        if (i == 150) {
            load_conf(&a, 1);
        }
        if (random_below(20) == 0 || i == 399) {
            catch_up(&a, &b, held, 1 + random_below(40));
            held = sealed.seq;
            check_all_equal(&a, &b);
        }
    }
    const struct dm_chain *chain = dm_sealer_chain(a.sealer);
    CHECK(chain && chain->has_snap);
    fixture_done(&b);
    side_done(&a);
}

// A sealer that starts anew goes on where the store stands
static void
a_restart_goes_on(void)
{
    struct side a;
    side_init(&a, 2);
    for (unsigned i = 0; i < 130; ++i) {
        (void)seal_some(&a, 2);
        dm_sealer_reload(a.sealer);
    }
    const struct dm_chain *chain = dm_sealer_chain(a.sealer);
    CHECK(!chain);
    (void)seal_some(&a, 1);
    chain = dm_sealer_chain(a.sealer);
    CHECK(chain);
    CHECK_INT((int64_t)chain->seq, 131);
    CHECK_INT((int64_t)chain->l1.n, 2);
    side_done(&a);
}

// The log drops what is old; the follower does too.
static void
pruning_is_followed(void)
{
    struct side a;
    struct fixture b;
    side_init(&a, 3);
    fixture_init(&b, false);
    begin_env(&b);
    dm_sealer_configure(a.sealer, a.conf, 1000000);
    uint64_t held = 0;
    struct dm_buf head_bytes;
    dm_buf_init(&head_bytes, DM_HEAD_MAX);
    for (unsigned i = 0; i < 700; ++i) {
        const struct dm_sealed sealed = seal_some(&a, 1);
        struct dm_buf car;
        struct dm_follow_result result = {0};
        dm_buf_init(&car, DM_CAR_MAX);
        CHECK_INT(ask(&a, held, 1000, &car), DM_OK);
        struct dm_follow_input input = input_of(&a, dm_buf_str(&car), held);
        struct dm_error error = {0};
        enum dm_status status = take(&b, &input, &result, &error);
        if (status == DM_ERR_NOT_FOUND) {
            struct dm_snapshot *snapshot = snapshot_of(&a.fixture);
            struct dm_str head;
            CHECK_INT(dm_serve_block(snapshot, &sealed.head, &head), DM_OK);
            dm_buf_clear(&head_bytes);
            CHECK_INT(dm_buf_put_str(&head_bytes, head), DM_OK);
            dm_snapshot_close(snapshot);
            input.head = dm_buf_str(&head_bytes);
            status = take(&b, &input, &result, &error);
        }
        if (status) {
            (void)fprintf(stderr, "%u: %s\n", i, error.what);
        }
        CHECK_INT(status, DM_OK);
        CHECK(result.is_whole);
        held = sealed.seq;
        dm_buf_done(&car);
    }
    const struct dm_chain *chain = dm_sealer_chain(a.sealer);
    CHECK(chain && chain->first > 1);
    check_chains_equal(&a, &b);
    check_latest_equal(&a, &b);
    dm_buf_done(&head_bytes);
    fixture_done(&b);
    side_done(&a);
}

static uint64_t
count_latest(struct fixture *at)
{
    struct dm_snapshot *snapshot = snapshot_of(at);
    struct dm_store_figures figures;
    CHECK_INT(dm_snapshot_figures(snapshot, &figures), DM_OK);
    dm_snapshot_close(snapshot);
    return figures.latest;
}

// Append the CAR of a Manifest and its parts, as the gateway gives it.
static void
put_manifest_car(struct fixture *at, const struct dm_cid *cid,
                 struct dm_buf *car)
{
    struct dm_snapshot *snapshot = snapshot_of(at);
    struct dm_wire_manifest manifest;
    struct dm_str block;
    dm_buf_clear(car);
    CHECK_INT(dm_car_write_header(cid, 1, car), DM_OK);
    CHECK_INT(dm_serve_block(snapshot, cid, &block), DM_OK);
    CHECK_INT(dm_car_write_block(cid, block, car), DM_OK);
    CHECK_INT(dm_wire_manifest_read(block, &manifest, NULL), DM_OK);
    for (size_t i = 0; i < manifest.parts.n; ++i) {
        const struct dm_cid part = dm_cid_list_at(&manifest.parts, i);
        struct dm_str bytes;
        CHECK_INT(dm_serve_block(snapshot, &part, &bytes), DM_OK);
        CHECK_INT(dm_car_write_block(&part, bytes, car), DM_OK);
    }
    dm_snapshot_close(snapshot);
}

// Who comes late has the present before the entries; then it counts the same.
static void
a_late_follower_starts_with_the_present(void)
{
    struct side a;
    struct fixture b;
    struct dm_buf head;
    struct dm_buf conf;
    struct dm_buf snap;
    side_init(&a, 4);
    fixture_init(&b, false);
    begin_env(&b);
    dm_buf_init(&head, DM_HEAD_MAX);
    dm_buf_init(&conf, DM_CAR_MAX);
    dm_buf_init(&snap, DM_CAR_MAX);
    for (unsigned i = 0; i < 500; ++i) {
        (void)seal_some(&a, 1 + random_below(3));
    }
    const struct dm_chain *chain = dm_sealer_chain(a.sealer);
    CHECK(chain && chain->has_snap && chain->snap_seq < chain->seq);
    struct dm_snapshot *snapshot = snapshot_of(&a.fixture);
    struct dm_str block;
    CHECK_INT(dm_serve_block(snapshot, &chain->head, &block), DM_OK);
    CHECK_INT(dm_buf_put_str(&head, block), DM_OK);
    dm_snapshot_close(snapshot);
    put_manifest_car(&a.fixture, &chain->conf, &conf);
    put_manifest_car(&a.fixture, &chain->snap, &snap);

    struct dm_follow_input input = input_of(&a, (struct dm_str){"", 0}, 0);
    struct dm_follow_result result;
    struct dm_error error = {0};
    input.rows = DM_FOLLOW_ROWS_RECENT;
    input.head = dm_buf_str(&head);
    input.conf = dm_buf_str(&conf);
    input.snap = dm_buf_str(&snap);
    CHECK_INT(take(&b, &input, &result, &error), DM_OK);
    CHECK_INT((int64_t)result.seq, 0);
    CHECK(!result.is_whole);
    CHECK(count_latest(&b) > 0); // The present stands
    // A second time it changes nothing
    CHECK_INT(take(&b, &input, &result, &error), DM_OK);
    CHECK_INT((int64_t)result.seq, 0);
    catch_up_rows(&a, &b, 0, 100, DM_FOLLOW_ROWS_RECENT);
    check_latest_equal(&a, &b);
    check_chains_equal(&a, &b);
    for (unsigned i = 0; i < 30; ++i) {
        const uint64_t held = dm_sealer_chain(a.sealer)->seq;
        (void)seal_some(&a, 2);
        catch_up_rows(&a, &b, held, 100, DM_FOLLOW_ROWS_RECENT);
    }
    check_latest_equal(&a, &b);
    dm_buf_done(&head);
    dm_buf_done(&conf);
    dm_buf_done(&snap);
    fixture_done(&b);
    side_done(&a);
}

// Two stores with one key: what they say apart is a fork, and freezes the log.
static void
a_fork_freezes(void)
{
    struct side a;
    struct side twin;
    struct fixture b;
    struct dm_buf car;
    struct dm_buf blocks[2];
    side_init(&a, 5);
    side_init(&twin, 5);
    fixture_init(&b, false);
    begin_env(&b);
    dm_buf_init(&car, DM_CAR_MAX);
    twin.now_ms += 5000;
    for (unsigned i = 0; i < 3; ++i) {
        (void)seal_some(&a, 2);
        (void)seal_some(&twin, 2);
    }
    (void)seal_some(&twin, 2);
    catch_up(&a, &b, 0, 100);

    struct dm_follow_result result;
    struct dm_error error = {0};
    CHECK_INT(ask(&twin, 3, 100, &car), DM_OK);
    struct dm_follow_input input = input_of(&twin, dm_buf_str(&car), 3);
    CHECK_INT(take(&b, &input, &result, &error), DM_ERR_STATE);

    struct fixture *sides[2] = {&a.fixture, &twin.fixture};
    for (int i = 0; i < 2; ++i) {
        struct dm_block_place place = {.kind = DM_BLOCK_ENTRY, .seq = 1};
        struct dm_snapshot *snapshot = snapshot_of(sides[i]);
        struct dm_block block;
        CHECK_INT(dm_snapshot_log_number(snapshot, dm_str(a.iri), &place.log),
                  DM_OK);
        CHECK_INT(dm_snapshot_block_at(snapshot, &place, &block), DM_OK);
        dm_buf_init(&blocks[i], DM_ENTRY_MAX);
        CHECK_INT(dm_buf_put_str(&blocks[i], block.data), DM_OK);
        dm_snapshot_close(snapshot);
    }
    input.car = (struct dm_str){"", 0};
    input.fork[0] = dm_buf_str(&blocks[0]);
    input.fork[1] = dm_buf_str(&blocks[0]);
    CHECK_INT(take(&b, &input, &result, &error), DM_ERR_CORRUPT);
    input.fork[1] = dm_buf_str(&blocks[1]);
    CHECK_INT(take(&b, &input, &result, &error), DM_OK);

    // Where some of what comes is held, the fork shows by itself
    struct fixture c;
    fixture_init(&c, false);
    begin_env(&c);
    catch_up(&a, &c, 0, 100);
    CHECK_INT(ask(&twin, 0, 100, &car), DM_OK);
    input = input_of(&twin, dm_buf_str(&car), 0);
    CHECK_INT(take(&c, &input, &result, &error), DM_OK);
    CHECK_INT((int64_t)result.forked_at, 1);
    CHECK_INT(take(&c, &input, &result, &error), DM_ERR_PERMISSION);
    check_events_equal(&a, &c);
    fixture_done(&c);

    // Frozen: neither goes on
    (void)seal_some(&a, 2);
    CHECK_INT(ask(&a, 3, 100, &car), DM_OK);
    input = input_of(&a, dm_buf_str(&car), 3);
    CHECK_INT(take(&b, &input, &result, &error), DM_ERR_PERMISSION);
    for (int i = 0; i < 2; ++i) {
        dm_buf_done(&blocks[i]);
    }
    dm_buf_done(&car);
    fixture_done(&b);
    side_done(&a);
    side_done(&twin);
}

// The first entry that differs is the proof, not just any.
static void
a_fork_is_found_where_it_begins(void)
{
    struct side a;
    struct side twin;
    struct fixture b;
    struct dm_buf car;
    side_init(&a, 11);
    side_init(&twin, 11);
    fixture_init(&b, false);
    begin_env(&b);
    dm_buf_init(&car, DM_CAR_MAX);
    for (unsigned i = 0; i < 5; ++i) {
        (void)seal_some(&a, 2);
    }
    catch_up(&a, &twin.fixture, 0, 100);
    dm_sealer_reload(twin.sealer);
    twin.now_ms = a.now_ms + 5000;
    for (unsigned i = 0; i < 4; ++i) {
        (void)seal_some(&a, 2);
        (void)seal_some(&twin, 2);
    }
    (void)seal_some(&twin, 2);
    catch_up(&a, &b, 0, 100);

    struct dm_follow_result result = {0};
    struct dm_error error = {0};
    for (uint64_t after = 9; after > 5; --after) {
        CHECK_INT(ask(&twin, after, 100, &car), DM_OK);
        const struct dm_follow_input input =
            input_of(&twin, dm_buf_str(&car), after);
        CHECK_INT(take(&b, &input, &result, &error), DM_ERR_STATE);
    }
    CHECK_INT(ask(&twin, 2, 100, &car), DM_OK);
    const struct dm_follow_input input = input_of(&twin, dm_buf_str(&car), 2);
    CHECK_INT(take(&b, &input, &result, &error), DM_OK);
    CHECK_INT((int64_t)result.forked_at, 6);
    CHECK_INT((int64_t)result.seq, 9);
    dm_buf_done(&car);
    fixture_done(&b);
    side_done(&a);
    side_done(&twin);
}

static uint64_t
count_events(struct fixture *at)
{
    struct dm_snapshot *snapshot = snapshot_of(at);
    struct dm_store_figures figures;
    CHECK_INT(dm_snapshot_figures(snapshot, &figures), DM_OK);
    dm_snapshot_close(snapshot);
    return figures.events;
}

// A store that is older than what was published adopts its log from a peer:
// what it recorded meanwhile comes on top, and nothing forks.
static void
a_restored_backup_adopts(void)
{
    struct side a;
    struct side restored;
    struct fixture b;
    side_init(&a, 6);
    side_init(&restored, 6);
    fixture_init(&b, false);
    begin_env(&b);
    // The backup: three entries, and one result that was not sealed yet
    for (unsigned i = 0; i < 3; ++i) {
        (void)seal_some(&a, 2);
    }
    catch_up(&a, &restored.fixture, 0, 100);
    for (unsigned i = 0; i < 7; ++i) {
        (void)seal_some(&a, 2);
    }
    catch_up(&a, &b, 0, 100);
    const uint64_t n_published = count_events(&b);

    // After it was restored results went on, with keys that run into the log's
    struct dm_txn *txn = begin(&restored.fixture);
    CHECK_INT(dm_txn_log_number(txn, dm_str(restored.iri), &restored.log),
              DM_OK);
    for (unsigned i = 0; i < 3; ++i) {
        const struct dm_event event = {
            .key = {.log = restored.log},
            .check = put(txn, "https://demonitor.internal/c0"),
            .status = DM_RESULT_CRITICAL,
            .at_ms = BEGIN_MS + 20000 + i,
            .micros = DM_NO_MICROS,
            .certificate_expires_ms = DM_NO_TIME,
            .message = DM_STR("after the restore"),
            .output = DM_STR(""),
            .run_id = DM_STR(""),
        };
        CHECK_INT(dm_txn_record(txn, &event, NULL), DM_OK);
    }
    commit(txn);

    struct dm_buf car;
    struct dm_follow_result result = {.seq = 3};
    dm_buf_init(&car, DM_CAR_MAX);
    do { // In two pieces
        struct dm_error error = {0};
        CHECK_INT(ask(&a, result.seq, 4, &car), DM_OK);
        struct dm_follow_input input =
            input_of(&a, dm_buf_str(&car), result.seq);
        input.is_own = true;
        const enum dm_status status =
            take(&restored.fixture, &input, &result, &error);
        if (status) {
            (void)fprintf(stderr, "%s\n", error.what);
        }
        CHECK_INT(status, DM_OK);
    } while (!result.is_whole);
    dm_sealer_reload(restored.sealer);
    CHECK_INT((int64_t)count_events(&restored.fixture),
              (int64_t)n_published + 3);
    restored.now_ms = a.now_ms + 60000;
    const struct dm_sealed sealed = seal_some(&restored, 1);
    CHECK_INT((int64_t)sealed.seq, 11);

    // Who follows goes on
    catch_up(&restored, &b, 10, 100);
    CHECK_INT((int64_t)count_events(&b), (int64_t)n_published + 4);
    check_all_equal(&restored, &b);
    dm_buf_done(&car);
    fixture_done(&b);
    side_done(&a);
    side_done(&restored);
}

// A peer that lacks more than one CAR holds gets it in steps that end at tips
// of their own.
static void
a_long_log_is_brought_in_pieces(void)
{
    struct side a;
    struct fixture b;
    struct dm_buf car;
    struct dm_buf record;
    side_init(&a, 8);
    fixture_init(&b, false);
    begin_env(&b);
    dm_buf_init(&car, DM_CAR_MAX);
    dm_buf_init(&record, DM_RECORD_MAX);
    for (unsigned i = 0; i < 6000; ++i) {
        (void)seal_some(&a, 1);
    }
    struct dm_follow_result result = {0};
    unsigned n_pieces = 0;
    do {
        const struct dm_chain *own = dm_sealer_chain(a.sealer);
        struct dm_snapshot *snapshot = snapshot_of(&a.fixture);
        struct dm_chain *chain = NULL;
        struct dm_error error = {0};
        CHECK(own);
        CHECK_INT(dm_chain_peek(snapshot, own->log, &chain), DM_OK);
        dm_buf_clear(&car);
        dm_buf_clear(&record);
        enum dm_status status =
            dm_serve_push(snapshot, chain, result.seq, &car, &error);
        if (status == DM_ERR_LIMIT) {
            const struct dm_piece_spec spec = {
                .key = a.key, .chain = chain, .after = result.seq};
            struct dm_piece piece = {.car = &car, .record = &record};
            status = dm_serve_piece(snapshot, &spec, &piece, &error);
            ++n_pieces;
        } else {
            CHECK_INT(dm_buf_put(&record, chain->record, chain->n_record),
                      DM_OK);
        }
        CHECK_INT(status, DM_OK);
        dm_chain_free(chain);
        dm_snapshot_close(snapshot);
        struct dm_follow_input input = input_of(&a, dm_buf_str(&car), 0);
        input.record = dm_buf_str(&record);
        input.is_push = true;
        status = take(&b, &input, &result, &error);
        if (status) {
            (void)fprintf(stderr, "%s\n", error.what);
        }
        CHECK_INT(status, DM_OK);
        CHECK(result.is_whole);
    } while (result.seq < 6000);
    CHECK(n_pieces > 0);
    check_all_equal(&a, &b);
    dm_buf_done(&car);
    dm_buf_done(&record);
    fixture_done(&b);
    side_done(&a);
}

// What cannot be said on the wire stays in its store, and the log goes on.
static void
what_cannot_be_said_is_left_out(void)
{
    static char message[5000];
    struct side a;
    side_init(&a, 9);
    (void)seal_some(&a, 2);
    memset(message, 'x', sizeof(message));
    struct dm_txn *txn = begin(&a.fixture);
    const struct dm_event event = {
        .key = {.log = a.log},
        .check = put(txn, "https://demonitor.internal/c0"),
        .status = DM_RESULT_OK,
        .at_ms = a.now_ms,
        .micros = DM_NO_MICROS,
        .certificate_expires_ms = DM_NO_TIME,
        .message = dm_str_n(message, sizeof(message)),
        .output = DM_STR(""),
        .run_id = DM_STR(""),
    };
    CHECK_INT(dm_txn_record(txn, &event, NULL), DM_OK);
    commit(txn);
    const struct dm_sealed without = seal_some(&a, 0);
    CHECK_INT((int64_t)without.n_left_out, 1);
    const struct dm_sealed after = seal_some(&a, 2);
    CHECK_INT((int64_t)after.n_left_out, 0);
    CHECK_INT((int64_t)after.seq, 3);
    side_done(&a);
}

// A batch that another one overtook changes nothing (F1).
static void
an_overtaken_batch_changes_nothing(void)
{
    struct side a;
    struct fixture b;
    struct dm_buf car;
    struct dm_follow_batch *batches[2] = {NULL, NULL};
    side_init(&a, 10);
    fixture_init(&b, false);
    begin_env(&b);
    dm_buf_init(&car, DM_CAR_MAX);
    (void)seal_some(&a, 3);
    CHECK_INT(ask(&a, 0, 100, &car), DM_OK);
    const struct dm_follow_input input = input_of(&a, dm_buf_str(&car), 0);
    for (int i = 0; i < 2; ++i) {
        struct dm_snapshot *snapshot = snapshot_of(&b);
        CHECK_INT(dm_follow_verify(snapshot, &b.env, &input, &batches[i], NULL),
                  DM_OK);
        dm_snapshot_close(snapshot);
    }
    for (int i = 0; i < 2; ++i) {
        struct dm_txn *txn = begin(&b);
        CHECK_INT(dm_follow_apply(batches[i], &b.env, txn),
                  i ? DM_ERR_BUSY : DM_OK);
        if (i) {
            dm_txn_rollback(txn);
        } else {
            commit(txn);
        }
        dm_follow_batch_free(batches[i]);
    }
    check_all_equal(&a, &b);
    dm_buf_done(&car);
    fixture_done(&b);
    side_done(&a);
}

int
main(void)
{
    a_followed_log_says_the_same();
    a_restart_goes_on();
    pruning_is_followed();
    a_late_follower_starts_with_the_present();
    a_fork_freezes();
    a_restored_backup_adopts();
    a_long_log_is_brought_in_pieces();
    what_cannot_be_said_is_left_out();
    an_overtaken_batch_changes_nothing();
    a_fork_is_found_where_it_begins();
    dm_log_free(quiet);
    return 0;
}
