// SPDX-License-Identifier: ISC

#include "vocab/published.h"

#include "base/alloc.h"
#include "rdf/reader.h"
#include "rdf/writer.h"
#include "tests/unit/vocab/texts.h"
#include "vocab/initial.h"
#include "vocab/normal.h"

#include <string.h>

// ---------------------------------------------------------------- equal

static bool
has_text(const struct dm_texts *texts, struct dm_str text)
{
    for (size_t i = 0; i < texts->n; ++i) {
        if (dm_str_equal(texts->items[i], text)) {
            return true;
        }
    }
    return false;
}

// The same texts, in whatever order; a file may give one twice
static void
check_texts(const struct dm_texts *a, const struct dm_texts *b)
{
    for (size_t i = 0; i < a->n; ++i) {
        CHECK(has_text(b, a->items[i]));
    }
    for (size_t i = 0; i < b->n; ++i) {
        CHECK(has_text(a, b->items[i]));
    }
}

static void
check_labels(const struct dm_pairs *a, const struct dm_pairs *b)
{
    CHECK_INT((int64_t)a->n, (int64_t)b->n);
    for (size_t i = 0; i < a->n; ++i) {
        bool found = false;
        for (size_t k = 0; k < b->n; ++k) {
            found =
                found || (dm_str_equal(a->items[i].name, b->items[k].name) &&
                          dm_str_equal(a->items[i].value, b->items[k].value));
        }
        CHECK(found);
    }
}

static void
check_equal(const struct dm_check_def *a, const struct dm_check_def *b)
{
    CHECK(dm_str_equal(a->iri, b->iri) && dm_str_equal(a->name, b->name));
    CHECK(a->kind == b->kind && a->runs_here == b->runs_here);
    CHECK(dm_str_equal(a->title, b->title) && dm_str_equal(a->group, b->group));
    CHECK(dm_str_equal(a->description, b->description));
    check_texts(&a->tags, &b->tags);
    check_texts(&a->needs, &b->needs);
    check_texts(&a->on, &b->on);
    check_labels(&a->labels, &b->labels);
    CHECK_INT(a->every_ms, b->every_ms);
    CHECK_INT(a->retries, b->retries);
    CHECK_INT(a->grace_ms, b->grace_ms);
    CHECK(dm_str_equal(a->schedule, b->schedule));
    CHECK(dm_str_equal(a->zone, b->zone));
    CHECK(a->severity == b->severity && a->quorum == b->quorum);
    CHECK(a->per_node == b->per_node && a->alert == b->alert);
    CHECK(a->is_public == b->is_public && a->publish == b->publish);
    CHECK(a->record_status_only == b->record_status_only);
    CHECK(a->enabled == b->enabled && a->presence == b->presence);
    CHECK(dm_str_equal(a->summary, b->summary));
    CHECK(dm_str_equal(a->runbook, b->runbook));
    CHECK_INT(a->max_silence_ms, b->max_silence_ms);
    CHECK_INT(a->cert_warn_ms, b->cert_warn_ms);
    CHECK(strcmp(a->definition, b->definition) == 0);
    if (a->publish) {
        CHECK_INT(a->timeout_ms, b->timeout_ms);
        CHECK_INT(a->retry_every_ms, b->retry_every_ms);
    }
}

static void
check_nodes(const struct dm_node_settings *a, const struct dm_node_settings *b)
{
    CHECK(dm_str_equal(a->iri, b->iri) && dm_str_equal(a->name, b->name));
    CHECK(dm_str_equal(a->title, b->title) && dm_str_equal(a->zone, b->zone));
    CHECK(dm_str_equal(a->site, b->site));
    check_texts(&a->tags, &b->tags);
    CHECK(a->presence == b->presence);
    CHECK_INT(a->max_silence_ms, b->max_silence_ms);
    CHECK_INT(a->seal_ms, b->seal_ms);
}

static void
check_whole(const struct dm_config *config,
            const struct dm_published *published)
{
    size_t n_running = 0;
    CHECK_INT((int64_t)published->n_refused, 0);
    CHECK(!published->is_too_large);
    CHECK_INT((int64_t)published->n_checks, (int64_t)config->n_checks);
    check_nodes(&config->node, &published->node);
    for (size_t i = 0; i < config->n_checks; ++i) {
        check_equal(&config->checks[i], &published->checks[i]);
        if (config->checks[i].runs_here) {
            CHECK(published->running[n_running] == &published->checks[i]);
            ++n_running;
        }
    }
    CHECK_INT((int64_t)published->n_running, (int64_t)n_running);
}

// ---------------------------------------------------------------- there and
// back

static enum dm_status
put_quad(void *context, const struct dm_quad *quad)
{
    return dm_write_quad(quad, context);
}

static enum dm_status
take_quad(void *context, const struct dm_quad *quad,
          const struct dm_quad_positions *positions, struct dm_error *error)
{
    (void)positions;
    (void)error;
    return dm_published_reader_add(context, quad);
}

// The quads from the last to the first, and each twice
static struct dm_published *
read_backwards(const struct dm_config *config)
{
    struct dm_buf lines;
    struct dm_buf backwards;
    dm_buf_init(&lines, TEXT_MAX);
    dm_buf_init(&backwards, TEXT_MAX);
    CHECK_INT(dm_config_quads(config, put_quad, &lines), DM_OK);
    struct dm_str rest = dm_buf_str(&lines);
    while (rest.n) {
        size_t at = rest.n - 1;
        while (at > 0 && rest.data[at - 1] != '\n') {
            --at;
        }
        const struct dm_str line = dm_str_slice(rest, at, rest.n);
        CHECK(!dm_buf_put_str(&backwards, line));
        CHECK(!dm_buf_put_str(&backwards, line));
        rest = dm_str_slice(rest, 0, at);
    }
    dm_buf_done(&lines);
    struct dm_published_reader *reader = dm_published_reader_new(dm_str(NODE));
    CHECK(reader);
    const struct dm_reader_options options = {.syntax = DM_SYNTAX_NQUADS};
    struct dm_published *published = NULL;
    CHECK_INT(
        dm_read_text(&options, dm_buf_str(&backwards), take_quad, reader, NULL),
        DM_OK);
    CHECK_INT(dm_published_reader_end(reader, &published), DM_OK);
    dm_published_reader_free(reader);
    dm_buf_done(&backwards);
    return published;
}

static void
there_and_back(struct dm_str text)
{
    struct dm_config *config = load_text(text);
    struct dm_published *published = NULL;
    CHECK_INT(dm_published_of_config(config, &published), DM_OK);
    check_whole(config, published);
    dm_published_unref(published);
    published = read_backwards(config);
    check_whole(config, published);
    CHECK(dm_published_ref(published) == published);
    dm_published_unref(published);
    dm_published_unref(published);
    dm_config_unref(config);
}

static void
what_a_node_publishes_is_read_as_it_was_meant(void)
{
    static const char text[] = PREFIX
        ":this :title \"A \\\"node\\\"\" ; :tag \"server\", \"eu\" ; :seal "
        "\"10s\" ; :presence :sometimes ; :maxSilence \"3d\" ; :zone "
        "\"Europe/Berlin\" .\n"
        "<blog> a :HttpCheck ; :url \"https://blog.test/\" ; :expect \"status "
        "== 200\" ; :description \"two\\nlines\" .\n"
        "<web/cloud> a :HttpCheck ; :url <https://cloud.test/> ; :every "
        "\"30s\" ; :on \"server\", \"other\" ; :needs <blog>, <disk> ; :quorum "
        "3 ; :tag \"b\", \"a\" ; :label \"team=web\", \"x=\" ; :runbook "
        "<https://wiki.test/a> ; :summary \"{check} is down\" .\n"
        "<web/elsewhere> a :HttpCheck ; :url \"https://a.test/\" ; :on "
        "\"another\" ; :alert false ; :public true .\n"
        "<private> a :HttpCheck ; :publish false ; :url \"https://in.test/\" ; "
        ":certWarn \"21d\" ; :timeout \"3s\" ; :retries 5 .\n"
        "<disk> a :SystemCheck ; :warnIf \"disk / > 85%\" ; :severity "
        "\"warning\" .\n"
        "<off> a :SystemCheck ; :warnIf \"disk / > 85%\" ; :enabled false .\n"
        "<updates> a :CommandCheck ; :run \"check_apt -w 'a b'\" ; :env "
        "\"LANG=C\" ; :perNode false .\n"
        "<backup> a :Heartbeat ; :every \"1d\" ; :grace \"6h\" ; :runLimit "
        "\"3h\" ; :presence :sometimes ; :maxSilence \"3d\" ; :quorum 1 .\n"
        "<https://elsewhere.test/x> a :Heartbeat ; :every \"1h\" ; :record "
        "\"status\" ; :publish false .\n"
        "<Slow> a :AlertRule ; :by \"check\" ; :select \"SELECT ?check { ?s "
        ":check ?check }\" .\n";
    there_and_back(dm_str(text));
    there_and_back(dm_initial_checks());
    there_and_back((struct dm_str){"", 0});
}

static uint64_t seed = 88172645463325252U;

static unsigned
below(unsigned n)
{
    seed ^= seed << 13U;
    seed ^= seed >> 7U;
    seed ^= seed << 17U;
    return (unsigned)(seed % n);
}

// Properties that any check may have, each now and then
static void
put_random_properties(struct dm_buf *text, unsigned n_checks)
{
    static const char *const some[] = {
        "; :title \"T \\u00e4 \\\\ \\\"\" ",
        "; :group \"g\" ",
        "; :every \"90s\" ",
        "; :retries 0 ",
        "; :quorum 4 ",
        "; :perNode true ",
        "; :alert false ",
        "; :public true ",
        "; :publish false ",
        "; :record \"status\" ",
        "; :enabled false ",
        "; :summary \"{message}\" ",
        "; :runbook <https://wiki.test/#a> ",
        "; :presence :sometimes ",
        "; :maxSilence \"36h\" ",
        "; :severity \"info\" ",
        "; :on \"carbon\" ",
        "; :on \"a\", \"b\" ",
        "; :tag \"z\", \"y\" ",
        "; :label \"a=1\", \"b=2=3\" ",
        "; :description \"d\" ",
    };
    for (size_t i = 0; i < DM_COUNT_OF(some); ++i) {
        const bool is_after_on = i == 17 && strstr(dm_buf_cstr(text), ":on");
        if (below(3) == 0 && !is_after_on) {
            (void)dm_buf_puts(text, some[i]);
        }
    }
    if (below(2)) {
        (void)dm_buf_printf(text, "; :needs <c%u> ", below(n_checks));
    }
}

static void
random_configurations_come_back(void)
{
    static const char *const kinds[] = {
        "a :HttpCheck ; :url \"https://a.test/\" ",
        "a :SystemCheck ; :warnIf \"disk / > 85%\" ",
        "a :CommandCheck ; :run \"true\" ",
        "a :Heartbeat ; :grace \"7m\" ",
    };
    for (int round = 0; round < 60; ++round) {
        struct dm_buf text;
        const unsigned n = 1 + below(12);
        dm_buf_init(&text, TEXT_MAX);
        (void)dm_buf_puts(&text, PREFIX);
        for (unsigned i = 0; i < n; ++i) {
            struct dm_buf one;
            dm_buf_init(&one, TEXT_MAX);
            put_random_properties(&one, i ? i : 1);
            const bool is_own = i == 0 && strstr(dm_buf_cstr(&one), ":needs");
            (void)dm_buf_printf(&text, "<c%u> %s%s.\n", i,
                                kinds[below(DM_COUNT_OF(kinds))],
                                is_own ? "" : dm_buf_cstr(&one));
            dm_buf_done(&one);
        }
        there_and_back(dm_buf_str(&text));
        dm_buf_done(&text);
    }
}

// ---------------------------------------------------------------- from others

static struct dm_published *
read_foreign(const char *text)
{
    struct dm_published_reader *reader = dm_published_reader_new(dm_str(NODE));
    const struct dm_reader_options options = {
        .syntax = DM_SYNTAX_TURTLE,
        .base = DM_STR("https://demonitor.internal/")};
    struct dm_published *published = NULL;
    struct dm_buf whole;
    CHECK(reader);
    dm_buf_init(&whole, TEXT_MAX);
    (void)dm_buf_puts(&whole, PREFIX
                      "PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>\n");
    (void)dm_buf_puts(&whole, text);
    CHECK_INT(
        dm_read_text(&options, dm_buf_str(&whole), take_quad, reader, NULL),
        DM_OK);
    dm_buf_done(&whole);
    CHECK_INT(dm_published_reader_end(reader, &published), DM_OK);
    dm_published_reader_free(reader);
    return published;
}

static void
what_is_unknown_is_passed_over_and_what_is_missing_has_its_default(void)
{
    struct dm_published *published = read_foreign(
        "<" NODE "> a :Node ; :name \"far\" ; :seal \"PT1M\"^^"
        "xsd:dayTimeDuration ; :presence \"Mon-Fri 08:00-18:00\" ; :colour 7 "
        ".\n"
        "<new> a :PingCheck, :Novelty, <https://other.test/Class> ; :name "
        "\"new\" ; :novelty \"yes\" ; :count \"many\" ; <https://other.test/p> "
        "[] .\n"
        "<mail> a :TcpCheck ; :name \"mail\" ; :certWarn "
        "\"PT1H\"^^xsd:dayTimeDuration .\n"
        "<beat> a :Heartbeat ; :name \"beat\" ; :schedule \"0 3 * * *\" .\n"
        "<quantum> a :QuantumCheck ; :name \"quantum\" .\n"
        "<rule> a :AlertRule ; :severity 7 .\n"
        "[] a :HttpCheck ; :name \"x\" .\n");
    CHECK_INT((int64_t)published->n_refused, 0);
    CHECK_INT((int64_t)published->n_checks, 3);
    CHECK_INT((int64_t)published->n_running, 3);
    CHECK(dm_str_is(published->node.name, "far"));
    CHECK(published->node.presence == DM_PRESENCE_ALWAYS);
    CHECK_INT(published->node.seal_ms, 60000);
    CHECK(dm_str_is(published->node.zone, "UTC"));
    const struct dm_check_def *beat = &published->checks[0];
    CHECK(beat->kind == DM_CHECK_HEARTBEAT && beat->every_ms == 0);
    CHECK(dm_str_is(beat->schedule, "0 3 * * *") && beat->grace_ms == 3600000);
    const struct dm_check_def *mail = &published->checks[1];
    CHECK(mail->kind == DM_CHECK_TCP && mail->cert_warn_ms == 3600000);
    const struct dm_check_def *new = &published->checks[2];
    CHECK(new->kind == DM_CHECK_PING &&new->every_ms == 60000);
    CHECK(new->retries == 2 && new->severity == DM_SEVERITY_CRITICAL);
    CHECK(new->alert &&new->publish &&new->enabled && !new->per_node);
    CHECK(new->http.url.data &&new->command.run.data &&new->place.file.data);
    dm_published_unref(published);
}

// Each line alone makes its check unusable
static void
definitions_with_wrong_values_are_left_out(void)
{
    static const char *const wrong[] = {
        ":every \"30s\"",
        ":every \"-PT1S\"^^xsd:dayTimeDuration",
        ":every \"P400000000D\"^^xsd:dayTimeDuration",
        ":retries 1, 3",
        ":retries \"2\"",
        ":retries -1",
        ":retries 99999999999",
        ":alert \"true\"",
        ":severity \"fatal\"",
        ":severity :critical",
        ":severity \"critical\"@en",
        ":presence :never",
        ":title <https://a.test/>",
        ":title \"a\\u0000b\"",
        ":title \"a\\u001Bb\"",
        ":tag \"a\", 7",
        ":label \"team\"",
        ":label \"1a=b\"",
        ":label \"node=b\"",
        ":label \"a=b\", \"a=c\"",
        ":needs \"blog\"",
        ":runbook \"https://wiki.test/\"",
        ":name 7",
        ":name \"check\", \"eck\"",
        ":record \"nothing\"",
        "a :TcpCheck",
    };
    for (size_t i = 0; i < DM_COUNT_OF(wrong); ++i) {
        struct dm_buf text;
        dm_buf_init(&text, TEXT_MAX);
        (void)dm_buf_printf(
            &text,
            "<check> a :HttpCheck %s; %s .\n"
            "<good> a :HttpCheck ; :name \"good\" .\n",
            strstr(wrong[i], ":name") ? "" : "; :name \"check\"", wrong[i]);
        struct dm_published *published = read_foreign(dm_buf_cstr(&text));
        if (published->n_refused != 1 || published->n_checks != 1) {
            (void)fprintf(stderr, "%s is taken\n", wrong[i]);
        }
        CHECK_INT((int64_t)published->n_refused, 1);
        CHECK_INT((int64_t)published->n_checks, 1);
        CHECK(dm_str_is(published->checks[0].name, "good"));
        dm_published_unref(published);
        dm_buf_done(&text);
    }
}

static void
names_that_cannot_be_are_refused(void)
{
    struct dm_published *published = read_foreign(
        "<a> a :HttpCheck ; :name \"b\" .\n"
        "<c> a :HttpCheck .\n"
        "<d> a :HttpCheck ; :name \"\" .\n"
        "<e#f> a :HttpCheck ; :name \"e#f\" .\n"
        "<https://one.test/x> a :HttpCheck ; :name \"x\" .\n"
        "<https://two.test/x> a :HttpCheck ; :name \"x\" .\n"
        "<https://two.test/y> a :HttpCheck ; :name \"https://two.test/y\" .\n");
    CHECK_INT((int64_t)published->n_refused, 5);
    CHECK_INT((int64_t)published->n_checks, 2);
    CHECK(dm_str_is(published->checks[0].name, "https://two.test/y"));
    CHECK(dm_str_is(published->checks[1].iri, "https://one.test/x"));
    dm_published_unref(published);
}

static void
a_node_with_a_wrong_value_has_defaults(void)
{
    struct dm_published *published =
        read_foreign("<" NODE "> a :Node ; :name \"far\" ; :seal \"30s\" .\n"
                     "<a> a :HttpCheck ; :name \"a\" ; :on \"far\" .\n");
    CHECK_INT((int64_t)published->n_refused, 1);
    CHECK_INT((int64_t)published->node.name.n, 0);
    CHECK_INT(published->node.seal_ms, 30000);
    CHECK_INT((int64_t)published->n_checks, 1);
    CHECK_INT((int64_t)published->n_running, 0);
    dm_published_unref(published);
}

static void
what_is_too_large_is_not_read(void)
{
    struct dm_published_reader *reader = dm_published_reader_new(dm_str(NODE));
    struct dm_published *published = NULL;
    char *text = dm_malloc(1U << 20U);
    CHECK(reader && text);
    memset(text, 'a', 1U << 20U);
    const struct dm_quad quad = {
        .s = dm_term_iri(dm_str(NODE)),
        .p = dm_term_iri(dm_str("https://w3id.org/demonitor#novelty")),
        .o = dm_term_string(dm_str_n(text, 1U << 20U))};
    for (size_t i = 0; i < 200; ++i) {
        CHECK_INT(dm_published_reader_add(reader, &quad), DM_OK);
    }
    CHECK_INT(dm_published_reader_end(reader, &published), DM_OK);
    CHECK(published->is_too_large && published->n_checks == 0);
    CHECK_INT(published->node.seal_ms, 30000);
    dm_published_unref(published);
    dm_published_reader_free(reader);
    dm_free(text);
}

static void
each_allocation_may_fail(void)
{
    struct dm_config *config = load_text(dm_initial_checks());
    struct dm_published *published = NULL;
    const size_t before = dm_alloc_count();
    CHECK_INT(dm_published_of_config(config, &published), DM_OK);
    const size_t n = dm_alloc_count() - before;
    dm_published_unref(published);
    for (size_t i = 0; i < n; ++i) {
        dm_alloc_fail_after(i);
        const enum dm_status status =
            dm_published_of_config(config, &published);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        CHECK_INT(status, DM_ERR_NO_MEMORY);
    }
    dm_config_unref(config);
}

int
main(void)
{
    what_a_node_publishes_is_read_as_it_was_meant();
    random_configurations_come_back();
    what_is_unknown_is_passed_over_and_what_is_missing_has_its_default();
    definitions_with_wrong_values_are_left_out();
    names_that_cannot_be_are_refused();
    a_node_with_a_wrong_value_has_defaults();
    what_is_too_large_is_not_read();
    each_allocation_may_fail();
    return 0;
}
