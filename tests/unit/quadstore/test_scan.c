// SPDX-License-Identifier: ISC

// Every scan is compared with a naive one: a list of all quads, filtered,
// sorted, without duplicates. Stores, patterns, datasets and seeks are random.

#include "tests/unit/quadstore/fixture.h"

#include "quadstore/tripleset.h"

#define NOW INT64_C(1795536000000)
#define QUADS_MAX 2000
#define TERMS_MAX 256

#define AT_IRI "https://w3id.org/demonitor#at"
#define OK_IRI "https://w3id.org/demonitor#ok"

struct model {
    struct dm_quad_ids quads[QUADS_MAX];
    size_t n;
    dm_id terms[TERMS_MAX]; // What patterns are made of
    size_t n_terms;
    dm_id graphs[8];
    size_t n_graphs;
    dm_id hidden; // A stored graph behind a virtual one
    dm_id virtuals[2];
};

static uint64_t seed;

static uint64_t
next_random(void)
{
    seed ^= seed << 13U;
    seed ^= seed >> 7U;
    seed ^= seed << 17U;
    return seed;
}

static size_t
below(size_t n)
{
    return (size_t)(next_random() % n);
}

static void
know_term(struct model *model, dm_id id)
{
    if (model->n_terms < TERMS_MAX) {
        model->terms[model->n_terms++] = id;
    }
}

static void
know(struct model *model, dm_id s, dm_id p, dm_id o, dm_id g)
{
    CHECK(model->n < QUADS_MAX);
    model->quads[model->n++] = (struct dm_quad_ids){s, p, o, g};
    know_term(model, s);
    know_term(model, o);
}

// ---------------------------------------------------------------------- store

static const char *const names[] = {
    "http://e/a",   "http://e/b", "http://e/c", "http://e/p",
    "http://e/q",   "http://e/r", "_:x",        "\"x\"",
    "\"http://e\"", "\"2026\"",   AT_IRI,       OK_IRI,
};

#define FIXED_TERMS 6
#define TERMS (DM_COUNT_OF(names) + FIXED_TERMS)

static const char *const graph_names[] = {
    "http://g/1", "http://g/2", "ipns://k1", "ipns://k2", "ipns://k1#config"};

#define GRAPHS DM_COUNT_OF(graph_names)

static dm_id
put_literal(struct dm_txn *txn, const char *text, const char *datatype)
{
    const struct dm_term term = dm_term_literal(dm_str(text), dm_str(datatype));
    dm_id id = DM_ID_NONE;
    CHECK(!dm_txn_intern(txn, &term, &id));
    return id;
}

static void
put_terms(struct dm_txn *txn, dm_id ids[TERMS])
{
    size_t n = 0;
    for (; n < DM_COUNT_OF(names); ++n) {
        ids[n] = put(txn, names[n]);
    }
    ids[n++] = put_literal(txn, "7", DM_XSD_NS "integer");
    ids[n++] = put_literal(txn, "0.5", DM_XSD_NS "decimal");
    ids[n++] =
        put_literal(txn, "2026-11-24T16:00:00.000Z", DM_XSD_NS "dateTime");
    ids[n++] = put(txn, "ipns://k1#1795536000000.0"); // An event
    for (int i = 0; i < 2; ++i) {
        const struct dm_triple triple = {
            .s = term_of(names[below(3)]),
            .p = term_of(DM_NS "status"),
            .o = term_of(i ? OK_IRI : names[below(6)])};
        const struct dm_term term = dm_term_triple(&triple);
        CHECK(!dm_txn_intern(txn, &term, &ids[n++]));
    }
    CHECK(n == TERMS);
}

static void
remove_some(struct dm_txn *txn, struct model *model)
{
    for (size_t i = 0; i < model->n; ++i) {
        if (below(8)) {
            continue;
        }
        const struct dm_quad_ids gone = model->quads[i];
        CHECK(!dm_txn_remove(txn, &gone));
        size_t kept = 0;
        for (size_t k = 0; k < model->n; ++k) {
            if (memcmp(&model->quads[k], &gone, sizeof(gone)) != 0) {
                model->quads[kept++] = model->quads[k];
            }
        }
        model->n = kept;
    }
}

static void
fill_quads(struct dm_txn *txn, struct model *model)
{
    dm_id ids[TERMS];
    put_terms(txn, ids);
    for (size_t i = 0; i < TERMS; ++i) {
        know_term(model, ids[i]);
    }
    for (size_t i = 0; i < GRAPHS; ++i) {
        model->graphs[i] = put(txn, graph_names[i]);
    }
    model->n_graphs = GRAPHS;
    const size_t n = below(80);
    for (size_t i = 0; i < n; ++i) {
        const dm_id g = below(3) ? model->graphs[below(GRAPHS)] : DM_ID_NONE;
        const dm_id s = ids[below(TERMS)];
        const dm_id p = ids[below(6)];
        const dm_id o = ids[below(TERMS)];
        add(txn, s, p, o, g);
        know(model, s, p, o, g);
    }
    remove_some(txn, model);
}

static void
fill_events(struct dm_txn *txn)
{
    const size_t n = below(30);
    for (dm_log_no log = 1; log <= 2; ++log) {
        for (size_t i = 0; i < n; ++i) {
            struct dm_event event = event_at(log, put(txn, names[below(3)]),
                                             (enum dm_result_status)below(4),
                                             NOW + (int64_t)below(40) - 10);
            const struct dm_sample samples[2] = {
                {.label = dm_str("a b"), .value = dm_str("1.5")},
                {.label = dm_str("z"),
                 .value = dm_str("1.0E300"),
                 .is_double = true,
                 .unit = dm_str("s")}};
            event.micros = below(2) ? 500000 : DM_NO_MICROS;
            event.failure = below(2) ? put(txn, names[below(6)]) : DM_ID_NONE;
            event.message = dm_str(below(2) ? "x" : below(2) ? "2026" : "");
            event.output = dm_str(below(3) ? "" : "only here");
            event.run_id = dm_str(below(3) ? "" : "r1");
            event.samples = samples;
            event.n_samples = below(3);
            if (below(5) == 0) {
                event.certificate_expires_ms = NOW;
            }
            CHECK(!dm_txn_record(txn, &event, NULL));
        }
    }
}

// ---------------------------------------------------------------------- model

static dm_id
literal(struct dm_snapshot *snapshot, struct dm_str text, const char *datatype)
{
    const struct dm_term term = dm_term_literal(text, dm_str(datatype));
    dm_id id = DM_ID_NONE;
    CHECK(!dm_snapshot_intern(snapshot, &term, &id));
    return id;
}

static dm_id
time_literal(int64_t ms)
{
    dm_id id = DM_ID_NONE;
    CHECK(dm_id_from_datetime(ms, &id));
    return id;
}

static void
know_samples(struct dm_snapshot *snapshot, struct model *model,
             const struct dm_event *event, dm_id s, dm_id g)
{
    struct dm_term check;
    CHECK(!dm_snapshot_term(snapshot, event->check, &check));
    for (size_t i = 0; i < event->n_samples; ++i) {
        char iri[100];
        (void)snprintf(iri, sizeof(iri), "%.*s#%s", (int)check.value.n,
                       check.value.data,
                       dm_str_is(event->samples[i].label, "z") ? "z" : "a%20b");
        const dm_id metric = intern(snapshot, iri);
        CHECK(!dm_id_is_local(metric));
        know_term(model, metric);
        know(model, s, metric,
             literal(snapshot, event->samples[i].value,
                     event->samples[i].is_double ? DM_XSD_NS "double"
                                                 : DM_XSD_NS "decimal"),
             g);
        if (event->samples[i].unit.n) {
            know(model, metric, intern(snapshot, DM_NS "unit"),
                 literal(snapshot, event->samples[i].unit, DM_XSD_NS "string"),
                 g);
        }
    }
}

static void
know_event(struct dm_snapshot *snapshot, struct model *model,
           const struct dm_event *event)
{
    char text[100];
    (void)snprintf(text, sizeof(text), "ipns://k%d#%lld.%d", event->key.log,
                   (long long)event->key.ms, event->key.n);
    const dm_id s = intern(snapshot, text);
    const dm_id g = model->graphs[1 + event->key.log];
    (void)snprintf(text, sizeof(text), DM_NS "%s",
                   dm_result_status_name(event->status));
    dm_id statement = DM_ID_NONE;
    CHECK(!dm_snapshot_intern_triple(snapshot, event->check,
                                     intern(snapshot, DM_NS "status"),
                                     intern(snapshot, text), &statement));
    CHECK(!dm_id_is_local(statement));
    know(model, s, intern(snapshot, DM_RDF_NS "reifies"), statement, g);
    know(model, s, intern(snapshot, DM_NS "at"), time_literal(event->at_ms), g);
    if (event->micros != DM_NO_MICROS) {
        know(model, s, intern(snapshot, DM_NS "seconds"),
             literal(snapshot, dm_str("0.5"), DM_XSD_NS "decimal"), g);
    }
    if (event->failure) {
        know(model, s, intern(snapshot, DM_NS "failure"), event->failure, g);
    }
    if (event->certificate_expires_ms != DM_NO_TIME) {
        know(model, s, intern(snapshot, DM_NS "certificateExpires"),
             time_literal(event->certificate_expires_ms), g);
    }
    const struct dm_str texts[] = {event->message, event->output,
                                   event->run_id};
    const char *const words[] = {DM_NS "message", DM_NS "output",
                                 DM_NS "runId"};
    for (size_t i = 0; i < DM_COUNT_OF(texts); ++i) {
        if (texts[i].n) {
            know(model, s, intern(snapshot, words[i]),
                 literal(snapshot, texts[i], DM_XSD_NS "string"), g);
        }
    }
    know_samples(snapshot, model, event, s, g);
}

static void
know_events(struct dm_snapshot *snapshot, struct model *model)
{
    const struct dm_history_spec spec = {.filter = dm_history_all(),
                                         .columns = DM_COLUMN_TEXTS |
                                                    DM_COLUMN_SAMPLES};
    struct dm_history *history = NULL;
    struct dm_event event;
    enum dm_status status = DM_OK;
    CHECK(!dm_history_open(snapshot, &spec, &history));
    while (!(status = dm_history_next(history, &event))) {
        know_event(snapshot, model, &event);
    }
    CHECK(status == DM_END);
    dm_history_close(history);
}

static struct dm_tripleset *
attach(struct dm_snapshot *snapshot, struct model *model, size_t i,
       const char *name)
{
    struct dm_tripleset *set = dm_tripleset_new(NULL);
    CHECK(set);
    const dm_id graph = intern(snapshot, name);
    model->virtuals[i] = graph;
    size_t kept = 0;
    for (size_t k = 0; k < model->n; ++k) {
        if (model->quads[k].g != graph) {
            model->quads[kept++] = model->quads[k];
        }
    }
    model->n = kept;
    const size_t n = below(20);
    for (size_t k = 0; k < n; ++k) {
        const dm_id s = below(4) ? model->terms[below(model->n_terms)]
                                 : intern(snapshot, "http://local/s");
        const dm_id p = intern(snapshot, names[3 + below(3)]);
        const dm_id o = below(4) ? model->terms[below(model->n_terms)]
                                 : intern(snapshot, "\"local\"");
        CHECK(!dm_tripleset_add(set, s, p, o));
        know(model, s, p, o, graph);
    }
    CHECK(!dm_tripleset_seal(set));
    CHECK(!dm_snapshot_attach(snapshot, graph, &dm_tripleset_graph, set));
    return set;
}

// --------------------------------------------------------------------- compare

static bool
is_listed(const dm_id *graphs, size_t n, dm_id g)
{
    for (size_t i = 0; i < n; ++i) {
        if (graphs[i] == g) {
            return true;
        }
    }
    return false;
}

static bool
is_in_dataset(const struct dm_scan_spec *spec, dm_id g)
{
    const struct dm_dataset *dataset = spec->dataset;
    if (spec->scope == DM_SCOPE_NAMED) {
        return g && (!spec->g || spec->g == g) &&
               (dataset->all_named ||
                is_listed(dataset->named, dataset->n_named, g));
    }
    switch (dataset->default_graph) {
    case DM_DEFAULT_UNION:
        return true;
    case DM_DEFAULT_PLAIN:
        return g == DM_ID_NONE;
    case DM_DEFAULT_MERGE:
        return is_listed(dataset->merged, dataset->n_merged, g);
    }
    return false;
}

static bool
is_match(struct dm_snapshot *snapshot, const struct dm_scan_spec *spec,
         struct dm_quad_ids row)
{
    const struct dm_triple_ids *inner = &spec->inner;
    struct dm_triple_ids of = {0};
    if ((spec->s && spec->s != row.s) || (spec->p && spec->p != row.p) ||
        (spec->o && spec->o != row.o)) {
        return false;
    }
    if ((spec->repeats & DM_REPEAT_SP && row.s != row.p) ||
        (spec->repeats & DM_REPEAT_SO && row.s != row.o) ||
        (spec->repeats & DM_REPEAT_PO && row.p != row.o) ||
        (spec->repeats & DM_REPEAT_GS && row.g != row.s) ||
        (spec->repeats & DM_REPEAT_GP && row.g != row.p) ||
        (spec->repeats & DM_REPEAT_GO && row.g != row.o)) {
        return false;
    }
    if (!spec->has_inner) {
        return true;
    }
    return dm_id_tag(row.o) == DM_TAG_TRIPLE &&
           !dm_snapshot_triple(snapshot, row.o, &of.s, &of.p, &of.o) &&
           (!inner->s || inner->s == of.s) && (!inner->p || inner->p == of.p) &&
           (!inner->o || inner->o == of.o);
}

static int
compare_ids(dm_id a, dm_id b)
{
    return a < b ? -1 : a > b;
}

static int
compare_spo(const struct dm_quad_ids *a, const struct dm_quad_ids *b)
{
    const int by_s = compare_ids(a->s, b->s);
    const int by_p = compare_ids(a->p, b->p);
    return by_s ? by_s : by_p ? by_p : compare_ids(a->o, b->o);
}

static int
compare_quads(const void *a, const void *b)
{
    const struct dm_quad_ids *x = a;
    const struct dm_quad_ids *y = b;
    const int order = compare_spo(x, y);
    return order ? order : compare_ids(x->g, y->g);
}

static size_t
naive_scan(struct dm_snapshot *snapshot, const struct model *model,
           const struct dm_scan_spec *spec, struct dm_quad_ids *rows)
{
    size_t n = 0;
    for (size_t i = 0; i < model->n; ++i) {
        struct dm_quad_ids row = model->quads[i];
        if (is_in_dataset(spec, row.g)) {
            row.g = spec->scope == DM_SCOPE_NAMED ? row.g : DM_ID_NONE;
            if (is_match(snapshot, spec, row)) {
                rows[n++] = row;
            }
        }
    }
    qsort(rows, n, sizeof(*rows), compare_quads);
    size_t kept = 0;
    for (size_t i = 0; i < n; ++i) {
        if (kept == 0 || compare_quads(&rows[kept - 1], &rows[i]) != 0) {
            rows[kept++] = rows[i];
        }
    }
    return kept;
}

static dm_id
some_term(struct dm_snapshot *snapshot, const struct model *model)
{
    static const char *const predicates[] = {
        DM_RDF_NS "reifies",
        DM_NS "at",
        DM_NS "seconds",
        DM_NS "failure",
        DM_NS "message",
        DM_NS "output",
        DM_NS "certificateExpires",
        DM_NS "unit",
        "http://e/a#z",
        "http://e/p",
        "http://e/q",
        "http://nowhere/",
        "\"x\"",
        "\"only here\"",
        "ipns://k1",
    };
    return below(3)
               ? model->terms[below(model->n_terms)]
               : intern(snapshot, predicates[below(DM_COUNT_OF(predicates))]);
}

// Read to the end, with seeks to random places; what is skipped is not missed.
static void
compare_scan(struct dm_snapshot *snapshot, const struct model *model,
             const struct dm_scan_spec *spec)
{
    static struct dm_quad_ids rows[QUADS_MAX];
    const size_t n = naive_scan(snapshot, model, spec, rows);
    struct dm_scan *scan = NULL;
    struct dm_quad_ids row;
    size_t i = 0;
    CHECK(!dm_scan_open(snapshot, spec, &scan));
    for (;;) {
        if (below(6) == 0) {
            struct dm_quad_ids least = {
                .s = some_term(snapshot, model),
                .p = some_term(snapshot, model),
                .o = below(2) ? some_term(snapshot, model) : DM_ID_NONE};
            if (n && below(2)) {
                least = rows[below(n)];
                least.g = DM_ID_NONE;
                least.o -= below(2);
            }
            const struct dm_triple_ids target = {least.s, least.p, least.o};
            CHECK(!dm_scan_seek(scan, &target));
            while (i < n && compare_spo(&rows[i], &least) < 0) {
                ++i;
            }
        }
        const enum dm_status status = dm_scan_next(scan, &row);
        CHECK(status == DM_OK || status == DM_END);
        CHECK((status == DM_OK) == (i < n));
        if (status) {
            break;
        }
        CHECK(compare_quads(&row, &rows[i]) == 0);
        ++i;
    }
    CHECK(dm_scan_next(scan, &row) == DM_END);
    dm_scan_close(scan);
    double estimate = -1;
    CHECK(!dm_scan_estimate(snapshot, spec, &estimate));
    CHECK(estimate >= 0);
}

static void
scan_randomly(struct dm_snapshot *snapshot, const struct model *model)
{
    dm_id merged[4];
    dm_id named[4];
    dm_id all[GRAPHS + 3];
    size_t n_all = 0;
    for (size_t i = 0; i < GRAPHS; ++i) {
        all[n_all++] = model->graphs[i];
    }
    all[n_all++] = model->virtuals[0];
    all[n_all++] = model->virtuals[1];
    all[n_all++] = intern(snapshot, "http://g/none");
    for (int i = 0; i < 4; ++i) {
        merged[i] = below(5) ? all[below(n_all)] : DM_ID_NONE;
        named[i] = all[below(n_all)];
    }
    const struct dm_dataset dataset = {
        .default_graph = (enum dm_default_graph)below(3),
        .merged = merged,
        .n_merged = below(5),
        .all_named = below(2),
        .named = named,
        .n_named = below(5),
    };
    struct dm_scan_spec spec = {.dataset = &dataset,
                                .scope = (enum dm_scope)below(2)};
    spec.s = below(3) ? DM_ID_NONE : some_term(snapshot, model);
    spec.p = below(2) ? DM_ID_NONE : some_term(snapshot, model);
    spec.o = below(3) ? DM_ID_NONE : some_term(snapshot, model);
    spec.repeats = below(4) ? 0 : (unsigned)below(64);
    if (spec.scope == DM_SCOPE_NAMED) {
        spec.g = below(2) ? DM_ID_NONE : all[below(n_all)];
    }
    if (below(4) == 0) {
        spec.has_inner = true;
        spec.o = DM_ID_NONE;
        spec.inner.s =
            below(2) ? DM_ID_NONE : intern(snapshot, names[below(3)]);
        spec.inner.p = below(2) ? DM_ID_NONE : intern(snapshot, DM_NS "status");
        spec.inner.o = below(2) ? DM_ID_NONE : intern(snapshot, DM_NS "ok");
    }
    compare_scan(snapshot, model, &spec);
}

static enum dm_status
collect_graph(void *context, dm_id graph)
{
    struct model *found = context;
    CHECK(!found->n_graphs || found->graphs[found->n_graphs - 1] < graph);
    CHECK(found->n_graphs < DM_COUNT_OF(found->graphs));
    found->graphs[found->n_graphs++] = graph;
    return DM_OK;
}

static void
every_graph_with_quads_is_a_named_one(struct dm_snapshot *snapshot,
                                      const struct model *model)
{
    static struct model found;
    const struct dm_dataset dataset = {.all_named = true};
    memset(&found, 0, sizeof(found));
    CHECK(!dm_graphs_each(snapshot, &dataset, collect_graph, &found));
    for (size_t i = 0; i < model->n; ++i) {
        CHECK(model->quads[i].g == DM_ID_NONE ||
              is_listed(found.graphs, found.n_graphs, model->quads[i].g));
    }
}

static void
scans_equal_the_naive_one(uint64_t number)
{
    static struct model model;
    struct fixture fixture;
    memset(&model, 0, sizeof(model));
    seed = number * UINT64_C(0x9E3779B97F4A7C15) + 1;
    fixture_init(&fixture, false);
    struct dm_txn *txn = begin(&fixture);
    dm_log_no log = 0;
    CHECK(!dm_txn_log_number(txn, dm_str("ipns://k1"), &log));
    CHECK(!dm_txn_log_number(txn, dm_str("ipns://k2"), &log));
    fill_quads(txn, &model);
    fill_events(txn);
    commit(txn);
    check_store(&fixture);

    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    know_events(snapshot, &model);
    struct dm_tripleset *const sets[] = {
        attach(snapshot, &model, 0, DM_NS "now"),
        attach(snapshot, &model, 1,
               below(2) ? "http://g/1" : "http://g/virtual"),
    };
    for (int i = 0; i < 150; ++i) {
        scan_randomly(snapshot, &model);
    }
    every_graph_with_quads_is_a_named_one(snapshot, &model);
    dm_snapshot_close(snapshot);
    dm_tripleset_free(sets[0]);
    dm_tripleset_free(sets[1]);
    fixture_done(&fixture);
}

// With an argument: that seed alone
int
main(int argc, char **argv)
{
    if (argc > 1) {
        scans_equal_the_naive_one(strtoull(argv[1], NULL, 10));
        return 0;
    }
    for (uint64_t number = 1; number <= 40; ++number) {
        scans_equal_the_naive_one(number);
    }
    return 0;
}
