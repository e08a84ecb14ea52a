// SPDX-License-Identifier: ISC

#include "tests/sparql/world.h"

#include "base/alloc.h"
#include "base/log.h"
#include "quadstore/write.h"
#include "rdf/writer.h"
#include "tests/check.h"

#include <string.h>

#define LINES_MAX ((size_t)64 << 20U)
#define MEMORY ((size_t)256 << 20U)
#define NOW_MS INT64_C(1795536600000) // 2026-11-24T16:10:00Z

// ------------------------------------------------------------ the machine

static int64_t
wall_ms(void *context)
{
    (void)context;
    return NOW_MS;
}

static int64_t
monotonic_ns(void *context)
{
    struct world *world = context;
    world->now_ns += world->tick_ns;
    return world->now_ns;
}

static void
fill_random(void *context, void *bytes, size_t n)
{
    struct world *world = context;
    unsigned char *out = bytes;
    for (size_t i = 0; i < n; ++i) {
        world->random = world->random * UINT64_C(6364136223846793005) + 1;
        out[i] = (unsigned char)(world->random >> 56U);
    }
}

static const struct dm_env_ops ops = {.wall_ms = wall_ms,
                                      .monotonic_ns = monotonic_ns,
                                      .boot_ns = monotonic_ns,
                                      .random = fill_random};

static void
write_line(void *context, enum dm_log_level level, struct dm_str line)
{
    (void)context;
    (void)fprintf(stderr, "%s: %.*s\n", dm_log_level_name(level), (int)line.n,
                  line.data);
}

void
world_open(struct world *world)
{
    *world = (struct world){.random = 1, .base = WORLD_BASE};
    const struct dm_log_options log = {.level = DM_LOG_WARNING,
                                       .write = write_line,
                                       .clock = monotonic_ns,
                                       .context = world};
    world->log = dm_log_new(&log);
    CHECK(world->log);
    world->env =
        (struct dm_env){.ops = &ops, .context = world, .log = world->log};
    const struct dm_store_options options = {0};
    struct dm_error error = {0};
    CHECK_INT(dm_store_open(&world->env, &options, &world->store, &error),
              DM_OK);
    world->dataset = (struct dm_dataset){.default_graph = DM_DEFAULT_PLAIN,
                                         .all_named = true};
}

void
world_close(struct world *world)
{
    dm_snapshot_close(world->snapshot);
    dm_store_close(world->store);
    dm_log_free(world->log);
}

// ------------------------------------------------------------ data

static enum dm_status
add_quad(void *context, const struct dm_quad *quad,
         const struct dm_quad_positions *positions, struct dm_error *error)
{
    (void)positions;
    (void)error;
    struct dm_txn *txn = context;
    struct dm_quad_ids ids = {0};
    CHECK_INT(dm_txn_intern(txn, &quad->s, &ids.s), DM_OK);
    CHECK_INT(dm_txn_intern(txn, &quad->p, &ids.p), DM_OK);
    CHECK_INT(dm_txn_intern(txn, &quad->o, &ids.o), DM_OK);
    if (quad->g.kind != DM_TERM_NONE) {
        CHECK_INT(dm_txn_intern(txn, &quad->g, &ids.g), DM_OK);
    }
    return dm_txn_add(txn, &ids);
}

void
world_load(struct world *world, enum dm_syntax syntax, const char *text)
{
    char prefix[32];
    (void)snprintf(prefix, sizeof(prefix), "d%zu", world->n_loaded++);
    const struct dm_reader_options options = {.syntax = syntax,
                                              .base = dm_str(world->base),
                                              .blank_prefix = dm_str(prefix)};
    struct dm_error error = {0};
    struct dm_txn *txn = NULL;
    CHECK_INT(dm_txn_begin(world->store, &txn), DM_OK);
    const enum dm_status status =
        dm_read_text(&options, dm_str(text), add_quad, txn, &error);
    if (status != DM_OK && status != DM_END) {
        (void)fprintf(stderr, "%u:%u: %s\n", error.line, error.column,
                      error.what);
    }
    CHECK(status == DM_OK || status == DM_END);
    CHECK_INT(dm_txn_commit(txn, DM_COMMIT_NORMAL), DM_OK);
}

char *
world_read_file(const char *path)
{
    static const size_t max = (size_t)1 << 20U;
    FILE *file = fopen(path, "re");
    char *text = dm_malloc(max);
    CHECK(file && text);
    const size_t n = fread(text, 1, max - 1, file);
    CHECK(feof(file) && !ferror(file));
    text[n] = '\0';
    CHECK(fclose(file) == 0);
    return text;
}

void
world_read(struct world *world)
{
    dm_work_init(&world->work, &world->env, INT64_MAX, MEMORY);
    CHECK_INT(dm_snapshot_open(world->store, &world->work, &world->snapshot),
              DM_OK);
}

// ------------------------------------------------------------ asking

static enum dm_status
write_binding(struct world *world, struct dm_str name, dm_id id,
              struct dm_buf *lines)
{
    struct dm_term term = {0};
    dm_id again = DM_ID_NONE;
    enum dm_status status = dm_snapshot_term(world->snapshot, id, &term);
    if (!status) {
        status = dm_snapshot_intern(world->snapshot, &term, &again);
    }
    if (status) {
        CHECK_INT(status, DM_ERR_NO_MEMORY);
        return status;
    }
    CHECK(again == id); // One term has one id
    (void)dm_buf_printf(lines, "?%.*s=", (int)name.n, name.data);
    status = dm_write_term(&term, lines);
    (void)dm_buf_putc(lines, ' ');
    return status;
}

static enum dm_status
write_row(struct world *world, const struct dm_query *query, const dm_id *row,
          struct dm_buf *lines)
{
    enum dm_status status = DM_OK;
    for (size_t i = 0; !status && i < query->n_columns; ++i) {
        if (row[i] != DM_ID_NONE) {
            status = write_binding(world, query->names[query->columns[i]],
                                   row[i], lines);
        }
    }
    if (query->form == DM_QUERY_ASK) {
        (void)dm_buf_puts(lines, "yes");
    }
    (void)dm_buf_putc(lines, '\n');
    return status;
}

static enum dm_status
run(struct world *world, const struct dm_query *query, uint32_t step_rows,
    struct dm_buf *lines, struct dm_error *error)
{
    const struct dm_exec_options options = {.dataset = &world->dataset,
                                            .now_ms = NOW_MS,
                                            .steps = step_rows > 0,
                                            .step_rows = step_rows};
    struct dm_exec *exec = NULL;
    enum dm_status status =
        dm_exec_open(query, world->snapshot, &options, &exec, error);
    if (status) {
        return status;
    }
    size_t n_rows = 0;
    while (status == DM_OK || status == DM_AGAIN) {
        const dm_id *row = NULL;
        status = dm_exec_next(exec, &row, error);
        CHECK(status != DM_AGAIN || step_rows);
        if (!status) {
            status = lines ? write_row(world, query, row, lines) : DM_OK;
            ++n_rows;
        }
    }
    if (lines && query->form == DM_QUERY_ASK && status == DM_END && !n_rows) {
        (void)dm_buf_puts(lines, "no\n");
    }
    dm_exec_close(exec);
    return status;
}

enum dm_status
world_ask(struct world *world, const char *query, uint32_t step_rows,
          struct dm_buf *lines, struct dm_error *error)
{
    const struct dm_query_options options = {.base = dm_str(world->base),
                                             .prefixes = dm_query_prefixes,
                                             .n_prefixes = dm_n_query_prefixes};
    struct dm_query *parsed = NULL;
    const enum dm_status status =
        dm_query_parse(dm_str(query), &options, &parsed, error);
    if (status) {
        return status;
    }
    const enum dm_status ended = run(world, parsed, step_rows, lines, error);
    dm_query_free(parsed);
    return ended;
}

static int
compare_lines(const void *a, const void *b)
{
    const struct dm_str *line_a = a;
    const struct dm_str *line_b = b;
    return dm_str_compare(*line_a, *line_b);
}

void
world_sort(struct dm_buf *lines)
{
    const struct dm_str text = dm_buf_str(lines);
    static struct dm_str list[1U << 16U];
    size_t n = 0;
    for (size_t i = 0; i < text.n;) {
        const struct dm_str rest = dm_str_slice(text, i, text.n);
        const size_t end = dm_str_find(rest, dm_str("\n")) + 1;
        CHECK(n < DM_COUNT_OF(list));
        list[n++] = dm_str_slice(rest, 0, end);
        i += end;
    }
    qsort(list, n, sizeof(list[0]), compare_lines);
    struct dm_buf sorted = {0};
    dm_buf_init(&sorted, LINES_MAX);
    for (size_t i = 0; i < n; ++i) {
        (void)dm_buf_put_str(&sorted, list[i]);
    }
    CHECK_INT(sorted.status, DM_OK);
    dm_buf_done(lines);
    *lines = sorted;
}

// As world_expect() says, and no space before the line end
static void
abbreviate(const struct world *world, struct dm_buf *lines)
{
    char base[64];
    (void)snprintf(base, sizeof(base), "<%s", world->base);
    const char *const patterns[][2] = {
        {base, "<"},
        {"^^<http://www.w3.org/2001/XMLSchema#", "^^<xsd:"},
        {" \n", "\n"}};
    for (size_t i = 0; i < DM_COUNT_OF(patterns); ++i) {
        struct dm_buf out = {0};
        dm_buf_init(&out, LINES_MAX);
        const struct dm_str text = dm_buf_str(lines);
        const struct dm_str part = dm_str(patterns[i][0]);
        size_t at = 0;
        while (at < text.n) {
            const struct dm_str rest = dm_str_slice(text, at, text.n);
            const size_t n = dm_str_find(rest, part);
            (void)dm_buf_put_str(&out, dm_str_slice(rest, 0, n));
            if (n < rest.n) {
                (void)dm_buf_puts(&out, patterns[i][1]);
            }
            at += n + (n < rest.n ? part.n : 0);
        }
        CHECK_INT(out.status, DM_OK);
        dm_buf_done(lines);
        *lines = out;
    }
}

static void
expect(struct world *world, const char *query, const char *rows, bool ordered)
{
    static const uint32_t steps[] = {0, 1, 7};
    struct dm_buf want = {0};
    dm_buf_init(&want, LINES_MAX);
    (void)dm_buf_puts(&want, rows);
    if (!ordered) {
        world_sort(&want);
    }
    for (size_t i = 0; i < DM_COUNT_OF(steps); ++i) {
        struct dm_buf got = {0};
        struct dm_error error = {0};
        dm_buf_init(&got, LINES_MAX);
        const enum dm_status status =
            world_ask(world, query, steps[i], &got, &error);
        abbreviate(world, &got);
        if (!ordered) {
            world_sort(&got);
        }
        if (status != DM_END ||
            !dm_str_equal(dm_buf_str(&got), dm_buf_str(&want))) {
            (void)fprintf(stderr,
                          "%s\nin steps of %u: %s %s\ngot:\n%swant:\n%s", query,
                          steps[i], dm_status_text(status), error.what,
                          dm_buf_cstr(&got), dm_buf_cstr(&want));
            abort();
        }
        dm_buf_done(&got);
    }
    dm_buf_done(&want);
}

void
world_expect(struct world *world, const char *query, const char *rows)
{
    expect(world, query, rows, false);
}

void
world_expect_ordered(struct world *world, const char *query, const char *rows)
{
    expect(world, query, rows, true);
}
