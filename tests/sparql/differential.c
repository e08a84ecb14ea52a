// SPDX-License-Identifier: ISC

#include "tests/sparql/differential.h"

#include "base/alloc.h"
#include "quadstore/write.h"
#include "tests/check.h"

#include <string.h>

#define QUADS 24U
#define MEMORY ((size_t)512 << 20U)

static void
add_random_quad(struct dm_txn *txn, struct random_source *source)
{
    static const struct dm_term none = {.kind = DM_TERM_NONE};
    struct dm_term s = random_term(random_below(source, 5));
    struct dm_term p = random_term(random_below(source, 3));
    struct dm_term o = random_term(random_below(source, RANDOM_TERMS));
    const unsigned graph = random_below(source, RANDOM_GRAPHS + 2);
    const struct dm_term g = graph < RANDOM_GRAPHS ? random_term(graph) : none;
    const struct dm_triple inner = {s, p, o};
    const struct dm_triple outer = {s, p, dm_term_triple(&inner)};
    const unsigned nest = random_below(source, 5);
    if (nest == 0) {
        o = dm_term_triple(&inner);
    } else if (nest == 1) {
        o = dm_term_triple(&outer);
    }
    struct dm_quad_ids ids = {0};
    CHECK_INT(dm_txn_intern(txn, &s, &ids.s), DM_OK);
    CHECK_INT(dm_txn_intern(txn, &p, &ids.p), DM_OK);
    CHECK_INT(dm_txn_intern(txn, &o, &ids.o), DM_OK);
    if (g.kind != DM_TERM_NONE) {
        CHECK_INT(dm_txn_intern(txn, &g, &ids.g), DM_OK);
    }
    CHECK_INT(dm_txn_add(txn, &ids), DM_OK);
}

static enum dm_status
list_graph(void *context, dm_id graph)
{
    struct differential *both = context;
    CHECK(both->naive.n_graphs < RANDOM_GRAPHS);
    both->graphs[both->naive.n_graphs++] = graph;
    return DM_OK;
}

static void
list_quads(struct differential *both, enum dm_scope scope)
{
    const struct dm_scan_spec spec = {.dataset = &both->world.dataset,
                                      .scope = scope};
    struct dm_scan *scan = NULL;
    struct dm_quad_ids quad = {0};
    CHECK_INT(dm_scan_open(both->world.snapshot, &spec, &scan), DM_OK);
    while (dm_scan_next(scan, &quad) == DM_OK) {
        CHECK(both->naive.n_quads < DM_COUNT_OF(both->quads));
        both->quads[both->naive.n_quads++] = quad;
    }
    dm_scan_close(scan);
}

void
differential_open(struct differential *both, struct random_source *source)
{
    struct dm_txn *txn = NULL;
    *both = (struct differential){.naive = {0}};
    world_open(&both->world);
    CHECK_INT(dm_txn_begin(both->world.store, &txn), DM_OK);
    for (unsigned i = 0; i < QUADS; ++i) {
        add_random_quad(txn, source);
    }
    CHECK_INT(dm_txn_commit(txn, DM_COMMIT_NORMAL), DM_OK);
    dm_work_init(&both->world.work, &both->world.env, INT64_MAX, MEMORY);
    CHECK_INT(dm_snapshot_open(both->world.store, &both->world.work,
                               &both->world.snapshot),
              DM_OK);
    list_quads(both, DM_SCOPE_DEFAULT);
    list_quads(both, DM_SCOPE_NAMED);
    CHECK_INT(dm_graphs_each(both->world.snapshot, &both->world.dataset,
                             list_graph, both),
              DM_OK);
    both->naive.snapshot = both->world.snapshot;
    both->naive.quads = both->quads;
    both->naive.graphs = both->graphs;
}

void
differential_close(struct differential *both)
{
    world_close(&both->world);
}

static struct naive_rows
run(struct differential *both, const struct dm_query *query,
    const struct dm_exec_options *options)
{
    struct dm_exec *exec = NULL;
    struct dm_error error = {0};
    struct naive_rows rows = {0};
    CHECK_INT(dm_exec_open(query, both->world.snapshot, options, &exec, &error),
              DM_OK);
    enum dm_status status = DM_OK;
    while (status != DM_END) {
        const dm_id *row = NULL;
        struct naive_row kept;
        status = dm_exec_next(exec, &row, &error);
        if (status == DM_OK) {
            memcpy(&kept, row, sizeof(kept));
            naive_add(&both->naive, &rows, &kept);
        }
        CHECK(status == DM_OK || status == DM_END || status == DM_AGAIN);
    }
    dm_exec_close(exec);
    naive_sort(&rows);
    return rows;
}

static void
compare(const struct dm_query *query, const struct dm_exec_options *options,
        const struct naive_rows *got, const struct naive_rows *want)
{
    if (got->n == want->n &&
        (!want->n ||
         memcmp(got->rows, want->rows, want->n * sizeof(*want->rows)) == 0)) {
        return;
    }
    struct dm_buf buf = {0};
    dm_buf_init(&buf, (size_t)1 << 20U);
    dm_query_print(query, &buf);
    (void)fprintf(stderr, "%sjoins %d, steps of %u: %zu rows, want %zu\n",
                  dm_buf_cstr(&buf), (int)options->joins, options->step_rows,
                  got->n, want->n);
    for (size_t i = 0; i < got->n + want->n; ++i) {
        const struct naive_row *row =
            i < got->n ? &got->rows[i] : &want->rows[i - got->n];
        (void)fprintf(stderr, i < got->n ? "got " : "want");
        for (size_t j = 0; j < NAIVE_VARS; ++j) {
            (void)fprintf(stderr, " %" PRIx64, row->at[j]);
        }
        (void)fprintf(stderr, "\n");
    }
    dm_buf_done(&buf);
    abort();
}

bool
differential_check(struct differential *both, const struct dm_alg *alg)
{
    static const struct {
        enum dm_exec_joins joins;
        uint32_t step_rows;
    } ways[] = {{DM_JOINS_CHOSEN, 0},
                {DM_JOINS_SEEDED, 0},
                {DM_JOINS_HASHED, 0},
                {DM_JOINS_SEEDED, 1},
                {DM_JOINS_HASHED, 1}};
    static const dm_var columns[NAIVE_VARS] = {0, 1, 2, 3, 4, 5, 6, 7};
    static const struct dm_str names[NAIVE_VARS] = {
        DM_STR("a"), DM_STR("b"), DM_STR("c"), DM_STR("d"),
        DM_STR("e"), DM_STR("f"), DM_STR("g"), DM_STR("h")};
    const struct dm_query query = {.form = DM_QUERY_SELECT,
                                   .pattern = alg,
                                   .columns = columns,
                                   .n_columns = NAIVE_VARS,
                                   .names = names,
                                   .n_vars = NAIVE_VARS};
    both->naive.is_over = false;
    struct naive_rows want = naive_eval(&both->naive, alg);
    const bool is_told = !both->naive.is_over;
    naive_sort(&want);
    for (size_t i = 0; is_told && i < DM_COUNT_OF(ways); ++i) {
        const struct dm_exec_options options = {.dataset = &both->world.dataset,
                                                .steps = ways[i].step_rows > 0,
                                                .step_rows = ways[i].step_rows,
                                                .joins = ways[i].joins};
        struct naive_rows got = run(both, &query, &options);
        compare(&query, &options, &got, &want);
        dm_free(got.rows);
    }
    dm_free(want.rows);
    return is_told;
}
