// SPDX-License-Identifier: ISC

#include "tests/w3c/solutions.h"

#include "base/buf.h"
#include "rdf/reader.h"
#include "rdf/xsd.h"
#include "tests/check.h"
#include "tests/support/isomorphic.h"
#include "tests/w3c/rdf_xml.h"

#include <string.h>

#define RS "http://www.w3.org/2001/sw/DataAccess/tests/result-set#"
#define ROW "urn:x-test:row"
#define PLACE "urn:x-test:place"
#define ARENA_MAX ((size_t)1 << 28U)
#define NUMBER_MAX 512

void
dm_answer_init(struct dm_answer *answer)
{
    *answer = (struct dm_answer){.kind = DM_ANSWER_TABLE};
    dm_quads_init(&answer->quads);
    dm_quads_init(&answer->columns);
}

void
dm_answer_done(struct dm_answer *answer)
{
    dm_quads_done(&answer->quads);
    dm_quads_done(&answer->columns);
}

// The node of row `i`: no label of a document looks so
static struct dm_term
row_node(char label[24], size_t i)
{
    const int n = snprintf(label, 24, "row %zu", i);
    CHECK(n > 0 && n < 24);
    return dm_term_blank(dm_str_n(label, (size_t)n));
}

static void
add(struct dm_quads *quads, const struct dm_term *s, struct dm_str p,
    const struct dm_term *o)
{
    const struct dm_quad quad = {.s = *s, .p = dm_term_iri(p), .o = *o};
    dm_quads_add(quads, &quad);
}

void
dm_answer_column(struct dm_answer *answer, struct dm_str name)
{
    const struct dm_term term = dm_term_iri(name);
    add(&answer->columns, &term, name, &term);
}

void
dm_answer_row(struct dm_answer *answer)
{
    char label[24];
    const struct dm_term node = row_node(label, answer->n_rows++);
    const struct dm_term row = dm_term_iri(dm_str(ROW));
    add(&answer->quads, &node, row.value, &row);
}

void
dm_answer_bind(struct dm_answer *answer, struct dm_str name,
               const struct dm_term *value)
{
    char label[24];
    const struct dm_term node = row_node(label, answer->n_rows - 1);
    add(&answer->quads, &node, name, value);
}

static void
take_results(struct dm_answer *answer, const struct dm_results *results)
{
    for (size_t i = 0; i < results->n_columns; ++i) {
        dm_answer_column(answer, results->columns[i]);
    }
    for (size_t row = 0; row < results->n_rows; ++row) {
        dm_answer_row(answer);
        for (size_t i = 0; i < results->n_columns; ++i) {
            const struct dm_term *term =
                &results->terms[row * results->n_columns + i];
            if (term->kind != DM_TERM_NONE) {
                dm_answer_bind(answer, results->columns[i], term);
            }
        }
    }
}

static enum dm_status
read_table(struct dm_answer *answer, enum dm_results_format format,
           struct dm_str text, struct dm_error *error)
{
    struct dm_arena arena;
    struct dm_results results;
    dm_arena_init(&arena, ARENA_MAX, NULL);
    const enum dm_status status =
        dm_results_read(format, text, &arena, &results, error);
    if (!status && results.is_boolean) {
        answer->kind = DM_ANSWER_BOOLEAN;
        answer->boolean = results.answer;
    } else if (!status) {
        take_results(answer, &results);
    }
    dm_arena_done(&arena);
    return status;
}

// The bindings of a solution of the vocabulary rs:
static void
take_solution(struct dm_answer *answer, const struct dm_quads *graph,
              const struct dm_term *solution)
{
    dm_answer_row(answer);
    for (size_t i = 0; i < graph->n; ++i) {
        const struct dm_quad *quad = &graph->items[i];
        if (!dm_term_equal(&quad->s, solution) ||
            !dm_term_is_iri(&quad->p, RS "binding")) {
            continue;
        }
        const struct dm_term *name =
            dm_quads_object(graph, &quad->o, RS "variable");
        const struct dm_term *value =
            dm_quads_object(graph, &quad->o, RS "value");
        CHECK(name && value);
        dm_answer_bind(answer, name->value, value);
    }
}

// Whether the solution comes as the `index`th, or has no place
static bool
is_at(const struct dm_quads *graph, const struct dm_term *solution,
      int64_t index)
{
    const struct dm_term *place = dm_quads_object(graph, solution, RS "index");
    int64_t value = index;
    CHECK(!place || dm_integer_parse(place->value, &value));
    return place ? value == index : index == 0;
}

static void
take_table(struct dm_answer *answer, const struct dm_quads *graph)
{
    size_t n_solutions = 0;
    for (size_t i = 0; i < graph->n; ++i) {
        if (dm_term_is_iri(&graph->items[i].p, RS "resultVariable")) {
            dm_answer_column(answer, graph->items[i].o.value);
        }
        n_solutions +=
            dm_term_is_iri(&graph->items[i].p, RS "solution") ? 1 : 0;
    }
    for (int64_t index = 0; index <= (int64_t)n_solutions; ++index) {
        for (size_t i = 0; i < graph->n; ++i) {
            if (dm_term_is_iri(&graph->items[i].p, RS "solution") &&
                is_at(graph, &graph->items[i].o, index)) {
                take_solution(answer, graph, &graph->items[i].o);
            }
        }
    }
}

// A graph that is a table or an answer in the vocabulary rs:, or itself
static void
take_graph(struct dm_answer *answer, struct dm_quads *graph)
{
    const struct dm_term *table =
        dm_quads_subject(graph, DM_RDF_NS "type", RS "ResultSet");
    const struct dm_term *boolean =
        table ? dm_quads_object(graph, table, RS "boolean") : NULL;
    if (boolean) {
        answer->kind = DM_ANSWER_BOOLEAN;
        answer->boolean = dm_str_is(boolean->value, "true");
    } else if (table) {
        take_table(answer, graph);
    } else {
        answer->kind = DM_ANSWER_GRAPH;
        for (size_t i = 0; i < graph->n; ++i) {
            dm_quads_add(&answer->quads, &graph->items[i]);
        }
    }
}

static bool
ends_with(struct dm_str name, const char *ending)
{
    return dm_str_ends(name, dm_str(ending));
}

enum dm_status
dm_answer_read(struct dm_answer *answer, struct dm_str name, struct dm_str text,
               struct dm_error *error)
{
    static const struct {
        const char *ending;
        enum dm_results_format format;
    } formats[] = {
        {".srj", DM_RESULTS_JSON},
        {".srx", DM_RESULTS_XML},
        {".csv", DM_RESULTS_CSV},
        {".tsv", DM_RESULTS_TSV},
    };
    for (size_t i = 0; i < DM_COUNT_OF(formats); ++i) {
        if (ends_with(name, formats[i].ending)) {
            return read_table(answer, formats[i].format, text, error);
        }
    }
    struct dm_quads graph;
    dm_quads_init(&graph);
    enum dm_status status = DM_OK;
    if (ends_with(name, ".rdf")) {
        status = dm_rdf_xml_read(&graph, name, text, error);
    } else {
        struct dm_reader_options options = {.base = name};
        CHECK(dm_syntax_of_name(name, &options.syntax));
        status = dm_quads_read(&graph, &options, text, text.n + 1, error);
    }
    if (!status) {
        take_graph(answer, &graph);
    }
    dm_quads_done(&graph);
    return status;
}

// Each row says at which place it is.
static void
add_places(struct dm_answer *answer)
{
    for (size_t i = 0; i < answer->n_rows; ++i) {
        char label[24];
        char place[24];
        const struct dm_term node = row_node(label, i);
        const int n = snprintf(place, sizeof(place), "%zu", i);
        CHECK(n > 0);
        const struct dm_term value = dm_term_string(dm_str_n(place, (size_t)n));
        add(&answer->quads, &node, dm_str(PLACE), &value);
    }
}

static bool
is_row(const struct dm_term *term, size_t i)
{
    char label[24];
    const struct dm_term node = row_node(label, i);
    return dm_term_equal(term, &node);
}

// How many bindings row `i` has, and whether row `k` has them, too
static size_t
count_shared(const struct dm_quads *quads, size_t i, size_t k, size_t *ret_all)
{
    size_t shared = 0;
    *ret_all = 0;
    for (size_t a = 0; a < quads->n; ++a) {
        if (!is_row(&quads->items[a].s, i)) {
            continue;
        }
        ++*ret_all;
        for (size_t b = 0; b < quads->n; ++b) {
            if (is_row(&quads->items[b].s, k) &&
                dm_term_equal(&quads->items[a].p, &quads->items[b].p) &&
                dm_term_equal(&quads->items[a].o, &quads->items[b].o)) {
                ++shared;
                break;
            }
        }
    }
    return shared;
}

static bool
are_same_rows(const struct dm_quads *quads, size_t i, size_t k)
{
    size_t n_first = 0;
    size_t n_second = 0;
    return count_shared(quads, i, k, &n_first) == n_first &&
           count_shared(quads, k, i, &n_second) == n_second;
}

// Drop rows that were there before; quadratic, for the few tests of REDUCED
static void
drop_repeated(struct dm_answer *answer)
{
    for (size_t i = 0; i < answer->n_rows; ++i) {
        bool is_repeated = false;
        for (size_t k = 0; k < i && !is_repeated; ++k) {
            is_repeated = are_same_rows(&answer->quads, i, k);
        }
        size_t n = 0;
        for (size_t q = 0; q < answer->quads.n; ++q) {
            if (!is_repeated || !is_row(&answer->quads.items[q].s, i)) {
                answer->quads.items[n++] = answer->quads.items[q];
            }
        }
        answer->quads.n = n;
    }
}

// One spelling for one value of a number: the suites compare values where the
// lexical form is free
static void
normalise(struct dm_answer *answer)
{
    for (size_t i = 0; i < answer->quads.n; ++i) {
        struct dm_term *term = &answer->quads.items[i].o;
        struct dm_decimal decimal;
        double number = 0;
        struct dm_buf buf;
        dm_buf_init(&buf, NUMBER_MAX);
        if ((dm_str_is(term->datatype, DM_XSD_NS "decimal") ||
             dm_str_is(term->datatype, DM_XSD_NS "integer")) &&
            dm_decimal_parse(term->value, &decimal)) {
            dm_decimal_format_short(decimal, &buf);
        } else if (dm_str_is(term->datatype, DM_XSD_NS "double") &&
                   dm_double_parse(term->value, &number)) {
            dm_double_format(number, &buf);
        } else if (dm_str_is(term->datatype, DM_XSD_NS "float") &&
                   dm_double_parse(term->value, &number)) {
            dm_float_format((float)number, &buf);
        }
        if (buf.n) {
            term->value = dm_arena_copy(&answer->quads.arena, dm_buf_str(&buf));
            CHECK(term->value.data);
        }
        dm_buf_done(&buf);
    }
}

static bool
are_equal_tables(struct dm_answer *a, struct dm_answer *b)
{
    if (!dm_graph_isomorphic(&a->columns, &b->columns)) {
        return false;
    }
    if (dm_graph_isomorphic(&a->quads, &b->quads)) {
        return true;
    }
    normalise(a);
    normalise(b);
    return dm_graph_isomorphic(&a->quads, &b->quads);
}

bool
dm_answer_equal(struct dm_answer *a, struct dm_answer *b,
                enum dm_answer_match match)
{
    if (a->kind != b->kind) {
        return false;
    }
    switch (a->kind) {
    case DM_ANSWER_BOOLEAN:
        return a->boolean == b->boolean;
    case DM_ANSWER_GRAPH:
        return dm_graph_isomorphic(&a->quads, &b->quads);
    case DM_ANSWER_TABLE:
        break;
    }
    if (match == DM_MATCH_SEQUENCE) {
        add_places(a);
        add_places(b);
    } else if (match == DM_MATCH_SET) {
        drop_repeated(a);
        drop_repeated(b);
    }
    return are_equal_tables(a, b);
}
