// SPDX-License-Identifier: ISC

// The W3C test suites of N-Triples, N-Quads, Turtle and TriG, 1.1 and 1.2, run
// from their manifests, which our own reader reads. Each text is read in pieces
// of 1, 7 and 4096 bytes.
//
//     w3c_rdf_suite NOT_PASSED
//
// NOT_PASSED lists the IRIs of tests that are known not to pass, one a line;
// the run fails where it is not exact. Tests whose files are not there are
// counted and skipped.

#include "base/alloc.h"
#include "base/buf.h"
#include "rdf/iri.h"
#include "rdf/writer.h"
#include "tests/check.h"
#include "tests/support/isomorphic.h"
#include "tests/support/quads.h"

#include <string.h>

#define MF "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
#define RDFT "http://www.w3.org/ns/rdftest#"
#define HOME "https://w3c.github.io/rdf-tests/"

#define PATH_MAX_BYTES 1024
#define TEXT_MAX ((size_t)64 << 20U)
#define SKIPPED 77

static const char *const folders[] = {
    "rdf/rdf11/rdf-n-triples/",        "rdf/rdf11/rdf-n-quads/",
    "rdf/rdf11/rdf-turtle/",           "rdf/rdf11/rdf-trig/",
    "rdf/rdf12/rdf-n-triples/syntax/", "rdf/rdf12/rdf-n-triples/c14n/",
    "rdf/rdf12/rdf-n-quads/syntax/",   "rdf/rdf12/rdf-n-quads/c14n/",
    "rdf/rdf12/rdf-turtle/syntax/",    "rdf/rdf12/rdf-turtle/eval/",
    "rdf/rdf12/rdf-trig/syntax/",      "rdf/rdf12/rdf-trig/eval/",
};

static const size_t piece_sizes[] = {1, 7, 4096};

enum kind {
    KIND_POSITIVE,
    KIND_NEGATIVE,
    KIND_EVAL,
    KIND_CANONICAL,
};

/// One kind of test, by its type in the manifest
struct type {
    const char *name;
    enum dm_syntax syntax;
    enum kind kind;
};

static const struct type types[] = {
    {"TestNTriplesPositiveSyntax", DM_SYNTAX_NTRIPLES, KIND_POSITIVE},
    {"TestNTriplesNegativeSyntax", DM_SYNTAX_NTRIPLES, KIND_NEGATIVE},
    {"TestNTriplesPositiveC14N", DM_SYNTAX_NTRIPLES, KIND_CANONICAL},
    {"TestNQuadsPositiveSyntax", DM_SYNTAX_NQUADS, KIND_POSITIVE},
    {"TestNQuadsNegativeSyntax", DM_SYNTAX_NQUADS, KIND_NEGATIVE},
    {"TestNQuadsPositiveC14N", DM_SYNTAX_NQUADS, KIND_CANONICAL},
    {"TestTurtlePositiveSyntax", DM_SYNTAX_TURTLE, KIND_POSITIVE},
    {"TestTurtleNegativeSyntax", DM_SYNTAX_TURTLE, KIND_NEGATIVE},
    {"TestTurtleEval", DM_SYNTAX_TURTLE, KIND_EVAL},
    {"TestTurtleNegativeEval", DM_SYNTAX_TURTLE, KIND_NEGATIVE},
    {"TestTrigPositiveSyntax", DM_SYNTAX_TRIG, KIND_POSITIVE},
    {"TestTrigNegativeSyntax", DM_SYNTAX_TRIG, KIND_NEGATIVE},
    {"TestTrigEval", DM_SYNTAX_TRIG, KIND_EVAL},
    {"TestTrigNegativeEval", DM_SYNTAX_TRIG, KIND_NEGATIVE},
};

/// Of the whole run
struct run {
    char root[PATH_MAX_BYTES];
    struct dm_quads not_passed; ///< Subjects are the IRIs that may not pass
    size_t n_passed;
    size_t n_known; ///< Listed, and not passed
    size_t n_absent;
    size_t n_wrong; ///< Not as listed
};

/// One test
struct test {
    const struct dm_term *name;
    const struct type *type;
    struct dm_str action; ///< Its text
    struct dm_str result; ///< Of an eval or canonical test
    const char *base;
    bool is_1_1;
};

static const char *
path_of(const struct run *run, struct dm_str below, char path[PATH_MAX_BYTES])
{
    const int n = snprintf(path, PATH_MAX_BYTES, "%s/%.*s", run->root,
                           (int)below.n, below.data);
    CHECK(n > 0 && n < PATH_MAX_BYTES);
    return path;
}

// The bytes of a file of the suite by its IRI; NULL where it is not there
static char *
file_of(const struct run *run, struct dm_str iri, size_t *ret_n)
{
    char path[PATH_MAX_BYTES];
    const struct dm_str below = dm_iri_relative(iri, dm_str(HOME));
    return dm_test_file(path_of(run, below, path), ret_n);
}

static void
count_mended(void *context, const struct dm_error *error)
{
    (void)error;
    ++*(size_t *)context;
}

/// How a text is read
struct mode {
    size_t piece;
    bool strict;
    bool mend;
};

static enum dm_status
read(const struct test *test, const struct mode *mode, struct dm_quads *quads,
     struct dm_error *error)
{
    size_t n_mended = 0;
    const bool is_turtle = test->type->syntax == DM_SYNTAX_TURTLE ||
                           test->type->syntax == DM_SYNTAX_TRIG;
    const struct dm_reader_options options = {
        .syntax = test->type->syntax,
        .strict_1_1 = mode->strict,
        .base = dm_str(is_turtle ? test->base : ""),
        .mend = mode->mend,
        .on_error = count_mended,
        .error_context = &n_mended,
    };
    const enum dm_status status =
        dm_quads_read(quads, &options, test->action, mode->piece, error);
    if (!status && n_mended && test->type->kind != KIND_NEGATIVE) {
        return dm_error_set(error, DM_ERR_SYNTAX, "mended a valid text");
    }
    return status;
}

// Whether the quads are those of the result, which is N-Triples or N-Quads
static bool
is_result(const struct test *test, struct dm_quads *quads)
{
    struct dm_quads want;
    struct dm_error error = {0};
    dm_quads_init(&want);
    const struct dm_reader_options options = {.syntax = DM_SYNTAX_NQUADS};
    const bool same =
        !dm_quads_read(&want, &options, test->result, 4096, &error) &&
        dm_graph_isomorphic(quads, &want);
    dm_quads_done(&want);
    return same;
}

static bool
is_canonical(const struct test *test, const struct dm_quads *quads)
{
    struct dm_buf buf;
    dm_buf_init(&buf, TEXT_MAX);
    for (size_t i = 0; i < quads->n; ++i) {
        CHECK(!dm_write_quad(&quads->items[i], &buf));
    }
    const bool same = dm_str_equal(dm_buf_str(&buf), test->result);
    dm_buf_done(&buf);
    return same;
}

// What is wrong, "" where the test passes
static const char *
judge(const struct test *test, const struct mode *mode, struct dm_error *error)
{
    struct dm_quads quads;
    dm_quads_init(&quads);
    const enum dm_status status = read(test, mode, &quads, error);
    const char *wrong = "";
    switch (test->type->kind) {
    case KIND_NEGATIVE:
        // What is mended is not refused
        wrong = status || mode->mend ? "" : "was not refused";
        break;
    case KIND_POSITIVE:
        wrong = status ? "was refused" : "";
        break;
    case KIND_EVAL:
        wrong = status                    ? "was refused"
                : is_result(test, &quads) ? ""
                                          : "gives another graph";
        break;
    case KIND_CANONICAL:
        wrong = status                       ? "was refused"
                : is_canonical(test, &quads) ? ""
                                             : "is written otherwise";
        break;
    }
    dm_quads_done(&quads);
    return wrong;
}

static bool
passes(const struct test *test)
{
    for (size_t i = 0; i < DM_COUNT_OF(piece_sizes); ++i) {
        for (unsigned options = 0; options < 4; ++options) {
            const struct mode mode = {.piece = piece_sizes[i],
                                      .strict = (options & 1U) != 0,
                                      .mend = (options & 2U) != 0};
            struct dm_error error = {0};
            if (mode.strict && !test->is_1_1) {
                continue;
            }
            const char *wrong = judge(test, &mode, &error);
            if (*wrong) {
                (void)printf("%.*s %s, in pieces of %zu: %u:%u: %s\n",
                             (int)test->name->value.n, test->name->value.data,
                             wrong, mode.piece, error.line, error.column,
                             error.what);
                return false;
            }
        }
    }
    return true;
}

static bool
is_listed(const struct run *run, const struct dm_term *name)
{
    for (size_t i = 0; i < run->not_passed.n; ++i) {
        if (dm_term_equal(&run->not_passed.items[i].s, name)) {
            return true;
        }
    }
    return false;
}

static void
count(struct run *run, const struct test *test)
{
    const bool passed = passes(test);
    const bool listed = is_listed(run, test->name);
    if (passed == listed) {
        (void)printf("%.*s: %s\n", (int)test->name->value.n,
                     test->name->value.data,
                     listed ? "passes, but is listed" : "does not pass");
        ++run->n_wrong;
    } else if (passed) {
        ++run->n_passed;
    } else {
        ++run->n_known;
    }
}

static const struct type *
type_of(const struct dm_term *term)
{
    const struct dm_str name = dm_iri_relative(term->value, dm_str(RDFT));
    for (size_t i = 0; i < DM_COUNT_OF(types); ++i) {
        if (dm_str_is(name, types[i].name)) {
            return &types[i];
        }
    }
    return NULL;
}

// Run the test `name` of a manifest
static void
run_test(struct run *run, const struct dm_quads *manifest,
         const struct dm_term *name, bool is_1_1)
{
    const struct dm_term *type =
        dm_quads_object(manifest, name, DM_RDF_NS "type");
    const struct dm_term *action = dm_quads_object(manifest, name, MF "action");
    const struct dm_term *result = dm_quads_object(manifest, name, MF "result");
    size_t n_action = 0;
    size_t n_result = 0;
    char *action_text = action ? file_of(run, action->value, &n_action) : NULL;
    char *result_text = result ? file_of(run, result->value, &n_result) : NULL;
    if (!type || !action_text || (result && !result_text)) {
        ++run->n_absent;
    } else {
        char base[PATH_MAX_BYTES];
        const int n = snprintf(base, sizeof(base), "%.*s", (int)action->value.n,
                               action->value.data);
        CHECK(n > 0 && (size_t)n < sizeof(base));
        const struct test test = {
            .name = name,
            .type = type_of(type),
            .action = dm_str_n(action_text, n_action),
            .result = dm_str_n(result_text, n_result),
            .base = base,
            .is_1_1 = is_1_1,
        };
        CHECK(test.type);
        count(run, &test);
    }
    dm_free(action_text);
    dm_free(result_text);
}

static void
run_folder(struct run *run, const char *folder)
{
    char iri[PATH_MAX_BYTES];
    const int length =
        snprintf(iri, sizeof(iri), HOME "%smanifest.ttl", folder);
    CHECK(length > 0 && (size_t)length < sizeof(iri));
    size_t n = 0;
    char *text = file_of(run, dm_str(iri), &n);
    if (!text) {
        (void)printf("%s: no manifest\n", folder);
        ++run->n_absent;
        return;
    }
    struct dm_quads manifest;
    struct dm_error error = {0};
    dm_quads_init(&manifest);
    const struct dm_reader_options options = {.syntax = DM_SYNTAX_TURTLE,
                                              .base = dm_str(iri)};
    CHECK(!dm_quads_read(&manifest, &options, dm_str_n(text, n), 4096, &error));
    dm_free(text);

    const struct dm_term *head =
        dm_quads_subject(&manifest, DM_RDF_NS "type", MF "Manifest");
    CHECK(head);
    head = dm_quads_object(&manifest, head, MF "entries");
    CHECK(head);
    const size_t before = run->n_passed;
    while (!dm_term_is_iri(head, DM_RDF_NS "nil")) {
        const struct dm_term *name =
            dm_quads_object(&manifest, head, DM_RDF_NS "first");
        CHECK(name);
        run_test(run, &manifest, name, strstr(folder, "rdf11") != NULL);
        head = dm_quads_object(&manifest, head, DM_RDF_NS "rest");
        CHECK(head);
    }
    (void)printf("%s: %zu passed\n", folder, run->n_passed - before);
    dm_quads_done(&manifest);
}

// The lines of the list that are IRIs
static void
read_list(struct run *run, const char *path)
{
    size_t n = 0;
    char *text = dm_test_file(path, &n);
    CHECK(text);
    struct dm_str rest = dm_str_n(text, n);
    while (rest.n) {
        const size_t end = dm_str_find(rest, dm_str("\n"));
        const struct dm_str line = dm_str_trim(dm_str_slice(rest, 0, end));
        if (dm_iri_is_absolute(line)) {
            const struct dm_term none = dm_term_iri(line);
            const struct dm_quad quad = {none, none, none, {0}};
            dm_quads_add(&run->not_passed, &quad);
        }
        rest = dm_str_slice(rest, end + 1, rest.n);
    }
    dm_free(text);
}

static bool
find_root(struct run *run)
{
    // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
    const char *const shared = getenv("DM_SHARED");
    const int n = snprintf(run->root, sizeof(run->root), "%s/rdf-tests",
                           shared ? shared : "../shared");
    CHECK(n > 0 && (size_t)n < sizeof(run->root));

    char path[PATH_MAX_BYTES];
    FILE *file = fopen(
        path_of(run, dm_str("rdf/rdf11/rdf-turtle/manifest.ttl"), path), "rb");
    if (file) {
        (void)fclose(file);
    }
    return file != NULL;
}

int
main(int argc, char **argv)
{
    struct run run = {.n_passed = 0};
    CHECK(argc == 2);
    if (!find_root(&run)) {
        (void)printf("skipped: no W3C suites at %s\n", run.root);
        return SKIPPED;
    }
    dm_quads_init(&run.not_passed);
    read_list(&run, argv[1]);
    for (size_t i = 0; i < DM_COUNT_OF(folders); ++i) {
        run_folder(&run, folders[i]);
    }
    (void)printf("%zu passed, %zu known not to pass, %zu not there, "
                 "%zu not as listed\n",
                 run.n_passed, run.n_known, run.n_absent, run.n_wrong);
    const bool is_exact = run.n_known == run.not_passed.n;
    if (!is_exact) {
        (void)printf("the list names tests that did not run\n");
    }
    dm_quads_done(&run.not_passed);
    return run.n_wrong || !is_exact ? 1 : 0;
}
