// SPDX-License-Identifier: ISC

#include "vocab/config.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/env.h"
#include "base/map.h"
#include "rdf/reader.h"
#include "rdf/writer.h"
#include "tests/check.h"
#include "vocab/initial.h"
#include "vocab/normal.h"
#include "vocab/secret.h"

#include <string.h>

#define PREFIX "PREFIX : <https://w3id.org/demonitor#>\n"
#define TEXT_MAX (16U << 20U)
#define LOG_A                                                                  \
    "ipns://k51qzi5uqu5dhnwe629wdlncpql6frppdpwnz4wtlcw816aysd5wwlk63g4wmh"
#define LOG_B                                                                  \
    "ipns://k51qzi5uqu5djmw2yvf8kk5cdjc1ddc00o4d5sjwi6f79xzcay9j3gkddw5uu4"
#define LOG_B2                                                                 \
    "ipns://k51qzi5uqu5djejcj9das04p3wen7mowcz0z5iq3tw0yxaa8ko01odjley7fdg"
#define PIN "sha256//Y65Ro1l1RC8jqfKa0LVzUaICsFnT5fImknVD27aG/sI="

// ---------------------------------------------------------------- a machine

struct file {
    const char *path;
    const char *text; // NULL: a directory
    uint32_t mode;
};

struct machine {
    const struct file *files;
    size_t n;
};

static const struct file *
find(const struct machine *machine, const char *path)
{
    for (size_t i = 0; i < machine->n; ++i) {
        if (strcmp(machine->files[i].path, path) == 0) {
            return &machine->files[i];
        }
    }
    return NULL;
}

static int64_t
wall_ms(void *context)
{
    (void)context;
    return 1234;
}

static const char *
variable(void *context, const char *name)
{
    (void)context;
    (void)name;
    return NULL;
}

static enum dm_status
info(void *context, const char *path, struct dm_file_info *ret)
{
    const struct file *file = find(context, path);
    if (!file) {
        return DM_ERR_NOT_FOUND;
    }
    *ret = (struct dm_file_info){.kind = file->text ? DM_FILE_REGULAR
                                                    : DM_FILE_DIRECTORY,
                                 .mode = file->mode,
                                 .size = file->text ? strlen(file->text) : 0};
    return DM_OK;
}

static enum dm_status
read(void *context, const char *path, struct dm_buf *buf,
     struct dm_error *error)
{
    (void)error;
    const struct file *file = find(context, path);
    if (!file || file->mode == 0) {
        return file ? DM_ERR_PERMISSION : DM_ERR_NOT_FOUND;
    }
    return dm_buf_puts(buf, file->text);
}

static enum dm_status
list(void *context, const char *path, dm_dir_entry_fn on_entry,
     void *entry_context)
{
    const struct machine *machine = context;
    const size_t n = strlen(path);
    enum dm_status status = find(machine, path) ? DM_OK : DM_ERR_NOT_FOUND;
    for (size_t i = 0; i < machine->n && !status; ++i) {
        const char *name = machine->files[i].path;
        if (strncmp(name, path, n) == 0 && name[n] == '/' &&
            !strchr(name + n + 1, '/')) {
            status = on_entry(entry_context, dm_str(name + n + 1));
        }
    }
    return status;
}

static const struct dm_env_ops ops = {.wall_ms = wall_ms,
                                      .variable = variable,
                                      .info = info,
                                      .read = read,
                                      .list = list};

static enum dm_status
load_files(const struct file *files, size_t n, struct dm_config_report *report,
           struct dm_config **ret)
{
    struct machine machine = {files, n};
    const struct dm_env env = {.ops = &ops, .context = &machine};
    const struct dm_config_options options = {
        .env = &env,
        .directory = "C",
        .node_iri = DM_STR("ipns://k51node"),
        .node_name = DM_STR("carbon"),
    };
    return dm_config_load(&options, report, ret);
}

static enum dm_status
load_text(struct dm_str text, struct dm_config_report *report,
          struct dm_config **ret)
{
    struct machine machine = {NULL, 0};
    const struct dm_env env = {.ops = &ops, .context = &machine};
    const struct dm_config_options options = {
        .env = &env,
        .directory = "C",
        .node_iri = DM_STR("ipns://k51node"),
        .node_name = DM_STR("carbon"),
    };
    const struct dm_config_source source = {DM_STR("a.ttl"), text};
    return dm_config_load_texts(&options, &source, 1, report, ret);
}

static struct dm_config *
config_of(const char *text)
{
    struct dm_config_report *report = dm_config_report_new();
    struct dm_config *config = NULL;
    CHECK(report);
    const enum dm_status status = load_text(dm_str(text), report, &config);
    if (status) {
        struct dm_buf buf;
        dm_buf_init(&buf, TEXT_MAX);
        dm_config_report_print(report, &buf);
        (void)fprintf(stderr, "%s\n", dm_buf_cstr(&buf));
        CHECK(false);
    }
    dm_config_report_free(report);
    return config;
}

// ---------------------------------------------------------------- tests

static void
files_are_read_in_their_order(void)
{
    static const struct file files[] = {
        {"C", NULL, 0755},
        {"C/.hidden.ttl", "nonsense", 0644},
        {"C/a.ttl", PREFIX "<a> a :SystemCheck ; :warnIf \"cpu > 5\" .", 0644},
        {"C/b.ttl~", "nonsense", 0644},
        {"C/checks", NULL, 0755},
        {"C/checks/z.ttl", PREFIX "<z> a :SystemCheck ; :warnIf \"cpu > 5\" .",
         0644},
        {"C/demonitor.ttl", PREFIX ":this :nome \"x\" .", 0644},
        {"C/notes.txt", "nonsense", 0644},
        {"C/peers", NULL, 0755},
        {"C/peers/p.ttl", PREFIX "<p> a :Peer .", 0644},
        {"C/secret.ttl", "", 0},
        {"C/secrets", NULL, 0755},
        {"C/secrets/s.ttl", "nonsense", 0644},
        {"C/secrets/t", "x", 0640},
    };
    struct dm_config_report *report = dm_config_report_new();
    struct dm_config *config = NULL;
    CHECK(report);
    CHECK(load_files(files, DM_COUNT_OF(files), report, &config) ==
          DM_ERR_SYNTAX);
    struct dm_buf buf;
    dm_buf_init(&buf, TEXT_MAX);
    dm_config_report_print(report, &buf);
    static const char want[] =
        "error: everybody can read secrets/s.ttl. chmod 0600 "
        "C/secrets/s.ttl\n"
        "demonitor.ttl:2:7: error: there is no property :nome. Did you mean "
        ":name?\n"
        "a.ttl:2:31: error: :warnIf \"cpu > 5\": a percentage needs its sign, "
        "as \"5%\"\n"
        "checks/z.ttl:2:31: error: :warnIf \"cpu > 5\": a percentage needs its "
        "sign, as \"5%\"\n"
        "peers/p.ttl:2:1: error: a Peer has one :log, <ipns://k51…>, as "
        "`demonitor id` prints it\n"
        "secret.ttl: error: cannot read this file: not permitted\n"
        "6 errors in 5 of 5 files.";
    if (strcmp(dm_buf_cstr(&buf), want) != 0) {
        (void)fprintf(stderr, "%s\n", dm_buf_cstr(&buf));
        CHECK(false);
    }
    CHECK_INT((int64_t)dm_config_report_errors(report), 6);
    dm_buf_done(&buf);
    dm_config_report_free(report);
}

static void
a_missing_directory_is_an_error(void)
{
    struct dm_config_report *report = dm_config_report_new();
    struct dm_config *config = NULL;
    CHECK(report);
    CHECK(load_files(NULL, 0, report, &config) == DM_ERR_SYNTAX);
    CHECK_INT((int64_t)dm_config_report_errors(report), 1);
    CHECK(strcmp(dm_config_report_at(report, 0)->error.what,
                 "cannot read this directory") == 0);
    dm_config_report_free(report);
}

static void
what_init_writes_loads(void)
{
    struct dm_buf node;
    dm_buf_init(&node, TEXT_MAX);
    CHECK(dm_initial_node(dm_str("my-node"), dm_str("https://mon.example/"),
                          &node) == DM_OK);
    const struct file files[] = {
        {"C", NULL, 0755},
        {"C/checks", NULL, 0755},
        {"C/checks/local.ttl", dm_initial_checks().data, 0644},
        {"C/demonitor.ttl", dm_buf_cstr(&node), 0644},
    };
    struct dm_config_report *report = dm_config_report_new();
    struct dm_config *config = NULL;
    CHECK(report);
    CHECK(load_files(files, DM_COUNT_OF(files), report, &config) == DM_OK);
    CHECK_INT((int64_t)dm_config_report_warnings(report), 0);
    CHECK_INT((int64_t)config->n_checks, 3);
    CHECK_INT((int64_t)config->n_files, 2);
    CHECK_INT((int64_t)config->n_rules, 6);
    CHECK_INT(config->loaded_ms, 1234);
    CHECK(dm_str_is(config->node.name, "my-node"));
    CHECK(dm_str_is(config->node.site, "https://mon.example/"));
    CHECK(dm_config_check_named(config, dm_str("disk"))->runs_here);
    dm_config_unref(config);
    dm_config_report_free(report);
    dm_buf_done(&node);
}

// The examples in the comments of checks/local.ttl are right too.
static void
the_commented_examples_load(void)
{
    struct dm_buf buf;
    dm_buf_init(&buf, TEXT_MAX);
    struct dm_str rest = dm_initial_checks();
    bool is_example = false;
    while (rest.n) {
        const size_t n = dm_str_find(rest, dm_str("\n"));
        struct dm_str line = dm_str_slice(rest, 0, n);
        rest = dm_str_slice(rest, n + 1, rest.n);
        is_example = dm_str_starts(line, dm_str("# <")) ||
                     (is_example && dm_str_starts(line, dm_str("#   :")));
        if (is_example) {
            line = dm_str_slice(line, 2, line.n);
        }
        (void)dm_buf_put_str(&buf, line);
        (void)dm_buf_putc(&buf, '\n');
    }
    struct dm_config *config = config_of(dm_buf_cstr(&buf));
    CHECK_INT((int64_t)config->n_checks, 7);
    CHECK(dm_config_check_named(config, dm_str("backup"))->kind ==
          DM_CHECK_HEARTBEAT);
    dm_config_unref(config);
    dm_buf_done(&buf);
}

static void
values_reach_their_fields(void)
{
    struct dm_config *config = config_of(
        PREFIX
        ":this :tag \"server\" ; :listen \"127.0.0.1:80\", \"[::1]:81\" ;\n"
        "  :alertmanager <http://am.example:9093> .\n"
        "<http://am.example:9093> a :Alertmanager ; :auth \"Bearer "
        "${env:AM}\" .\n"
        "<web/shop> a :HttpCheck ; :url \"https://a.example/\" ; :every 30 ;\n"
        "  :timeout \"5s\" ; :on \"server\" ; :header \"Accept: text/html\" ;\n"
        "  :label \"team=web\" ; :severity \"warning\" ; :record \"status\" .\n"
        "<other> a :CommandCheck ; :on \"elsewhere\" ; :needs \"shop\", "
        "<web/shop> ;\n"
        "  :run \"check 'a b' \\\"c\\\\\\\"d\\\" e\\\\ f\" ; :env \"A=b=c\" .\n"
        "<shop> a :Heartbeat ; :every \"1d\" ; :enabled false .\n");
    CHECK_INT((int64_t)config->node.n_listen, 2);
    CHECK(dm_str_is(config->node.listen[1].host, "::1") &&
          config->node.listen[1].port == 81 &&
          config->node.listen[1].is_loopback);
    CHECK(dm_str_is(config->node.alertmanagers[0].auth, "Bearer ${env:AM}"));
    CHECK(dm_str_is(config->node.name, "carbon"));
    CHECK_INT(config->node.keep_raw_ms, INT64_C(35) * 86400000);

    const struct dm_check_def *web =
        dm_config_check_named(config, dm_str("web/shop"));
    CHECK(web == dm_config_check(
                     config, dm_str("https://demonitor.internal/web/shop")));
    CHECK(web->kind == DM_CHECK_HTTP && web->runs_here);
    CHECK_INT(web->every_ms, 30000);
    CHECK_INT(web->timeout_ms, 5000);
    CHECK_INT(web->retries, 2);
    CHECK(dm_str_is(web->group, "web") && web->record_status_only);
    CHECK(web->severity == DM_SEVERITY_WARNING && !web->per_node);
    CHECK(dm_str_is(web->http.headers.items[0].name, "Accept"));
    CHECK(dm_str_is(web->http.headers.items[0].value, "text/html"));
    CHECK(dm_str_is(web->labels.items[0].value, "web"));
    CHECK_INT(web->place.position.line, 4 + 1);
    CHECK(dm_str_is(web->place.file, "a.ttl") &&
          web->place.position.column == 1);
    CHECK(web->title.data && web->title.n == 0);

    const struct dm_check_def *other =
        dm_config_check_named(config, dm_str("other"));
    CHECK(!other->runs_here && other->per_node);
    CHECK_INT((int64_t)other->command.argv.n, 4);
    CHECK(dm_str_is(other->command.argv.items[1], "a b"));
    CHECK(dm_str_is(other->command.argv.items[2], "c\"d"));
    CHECK(dm_str_is(other->command.argv.items[3], "e f"));
    CHECK(dm_str_is(other->command.env.items[0].value, "b=c"));
    CHECK_INT((int64_t)other->needs.n, 2);
    CHECK(dm_str_ends(other->needs.items[0], dm_str("/shop")));

    const struct dm_check_def *beat =
        dm_config_check_named(config, dm_str("shop"));
    CHECK(!beat->runs_here && beat->retries == 0 && beat->timeout_ms == 0);
    CHECK_INT(beat->grace_ms, 3600000);
    CHECK(!dm_config_check_named(config, dm_str("none")));
    CHECK(!dm_config_rule_named(config, dm_str("shop")));
    CHECK(dm_config_rule_named(config, dm_str("HeartbeatMissed"))->is_shipped);
    dm_config_unref(config);
}

struct changes {
    char text[200];
};

static void
on_change(void *context, enum dm_config_change change,
          const struct dm_check_def *old, const struct dm_check_def *now)
{
    static const char *const words[] = {"new", "gone", "changed", "same"};
    struct changes *changes = context;
    const size_t n = strlen(changes->text);
    (void)snprintf(changes->text + n, sizeof(changes->text) - n, "%s %s, ",
                   words[change], (now ? now : old)->name.data);
}

static void
a_reload_tells_what_changed(void)
{
    struct dm_config *old = config_of(
        PREFIX "<a> a :SystemCheck ; :warnIf \"cpu > 5%\" .\n"
               "<b> a :SystemCheck ; :warnIf \"cpu > 5%\" .\n"
               "<c> a :SystemCheck ; :warnIf \"cpu > 5%\" .\n"
               "<d> a :HttpCheck ; :url \"https://a.example/\" ; :clientKey "
               "\"x\" ; :clientCertificate \"y\" .\n");
    struct dm_config *now = config_of(
        PREFIX "# another place\n"
               "<b> :warnIf \"cpu > 5%\" ; a :SystemCheck .\n"
               "<c> a :SystemCheck ; :warnIf \"cpu > 6%\" .\n"
               "<d> a :HttpCheck ; :url \"https://a.example/\" ; :clientKey "
               "\"z\" ; :clientCertificate \"y\" .\n"
               "<e> a :SystemCheck ; :warnIf \"cpu > 5%\" .\n"
               "<f> a :SystemCheck ; :warnIf \"cpu > 5%\" ; :on \"x\" .\n");
    struct changes changes = {""};
    dm_config_compare(NULL, old, on_change, &changes);
    CHECK(strcmp(changes.text, "new a, new b, new c, new d, ") == 0);
    changes.text[0] = '\0';
    dm_config_compare(old, now, on_change, &changes);
    CHECK(strcmp(changes.text,
                 "same b, changed c, changed d, new e, gone a, ") == 0);
    // The key is private: others see no change
    CHECK(strcmp(dm_config_check_named(old, dm_str("d"))->definition,
                 dm_config_check_named(now, dm_str("d"))->definition) == 0);
    dm_config_unref(old);
    dm_config_unref(dm_config_ref(now));
    dm_config_unref(now);
}

static enum dm_status
put_quad(void *context, const struct dm_quad *quad)
{
    return dm_write_quad(quad, context);
}

// The hash is what sha256sum says of the lines that are handed over.
static void
the_definition_is_the_hash_of_its_published_lines(void)
{
    struct dm_config *config = config_of(
        PREFIX "<a> a :SystemCheck ; :publish false ; :warnIf \"cpu > 5%\" .");
    const struct dm_check_def *check = &config->checks[0];
    struct dm_buf buf;
    dm_buf_init(&buf, TEXT_MAX);
    CHECK(dm_config_check_quads(config, check, put_quad, &buf) == DM_OK);
    CHECK(dm_str_find(dm_buf_str(&buf), dm_str("cpu")) == buf.n);
    CHECK(dm_str_starts(
        dm_buf_str(&buf),
        dm_str("<https://demonitor.internal/a> "
               "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> "
               "<https://w3id.org/demonitor#SystemCheck> "
               "<ipns://k51node#config> .\n")));
    CHECK(strcmp(check->definition, "7f088d3e946e5b4f") == 0);
    CHECK(strcmp(check->definition, check->local) != 0);
    dm_buf_done(&buf);
    dm_config_unref(config);
}

struct lines {
    struct dm_buf buf;
    size_t n;
};

// Without its graph
static enum dm_status
put_triple(void *context, const struct dm_quad *quad)
{
    struct lines *lines = context;
    struct dm_quad triple = *quad;
    triple.g = (struct dm_term){.kind = DM_TERM_NONE};
    ++lines->n;
    return dm_write_quad(&triple, &lines->buf);
}

static enum dm_status
find_triple(void *context, const struct dm_quad *quad,
            const struct dm_quad_positions *at, struct dm_error *error)
{
    (void)at;
    (void)error;
    struct lines *lines = context;
    struct dm_buf line;
    dm_buf_init(&line, TEXT_MAX);
    CHECK(dm_write_quad(quad, &line) == DM_OK);
    const struct dm_str all = dm_buf_str(&lines->buf);
    CHECK(dm_str_find(all, dm_buf_str(&line)) < all.n);
    dm_buf_done(&line);
    --lines->n;
    return DM_OK;
}

static void
expanded_turtle_is_the_normal_form(void)
{
    struct dm_config *config = config_of(
        PREFIX
        "<a> a :SystemCheck ; :warnIf \"cpu > 5%\" ; :title \"1\\n\\\"2\\\"\" "
        ".\n"
        "<b/c> a :HttpCheck ; :url \"https://a.example/?{x}\" ; :needs <a> .\n"
        ":NodeSilent :for \"5m\" .\n");
    struct lines lines = {.n = 0};
    struct dm_buf turtle;
    dm_buf_init(&lines.buf, TEXT_MAX);
    dm_buf_init(&turtle, TEXT_MAX);
    CHECK(dm_config_quads(config, put_triple, &lines) == DM_OK);
    CHECK(dm_config_expand(config, NULL, 0, &turtle) == DM_OK);
    const struct dm_reader_options options = {.syntax = DM_SYNTAX_TURTLE};
    CHECK(dm_read_text(&options, dm_buf_str(&turtle), find_triple, &lines,
                       NULL) == DM_OK);
    CHECK_INT((int64_t)lines.n, 0);

    dm_buf_clear(&turtle);
    const struct dm_str names[] = {DM_STR("a"), DM_STR("CheckFailing")};
    CHECK(dm_config_expand(config, names, 2, &turtle) == DM_OK);
    CHECK(dm_str_find(dm_buf_str(&turtle), dm_str("cpu > 5%")) < turtle.n);
    CHECK(dm_str_find(dm_buf_str(&turtle), dm_str("badSince")) < turtle.n);
    CHECK(dm_str_find(dm_buf_str(&turtle), dm_str("HttpCheck")) == turtle.n);
    const struct dm_str none = DM_STR("none");
    CHECK(dm_config_expand(config, &none, 1, &turtle) == DM_ERR_NOT_FOUND);
    dm_buf_done(&lines.buf);
    dm_buf_done(&turtle);
    dm_config_unref(config);
}

static void
secrets_stay_beside_the_configuration(void)
{
    static const struct file files[] = {
        {"C", NULL, 0755},
        {"C/a.ttl",
         PREFIX ":this :token \"ping ${file:ping}\" .\n"
                "<a> a :HttpCheck ; :url \"https://a.example/\" ; :auth "
                "\"Bearer ${file:token}\" .",
         0644},
        {"C/secrets", NULL, 0755},
        {"C/secrets/ping", "dmp_0123\n", 0600},
        {"C/secrets/token", "hunter2\n", 0640},
    };
    struct dm_config_report *report = dm_config_report_new();
    struct dm_config *config = NULL;
    CHECK(report);
    CHECK(load_files(files, DM_COUNT_OF(files), report, &config) == DM_OK);
    const struct dm_check_def *check =
        dm_config_check_named(config, dm_str("a"));
    CHECK(dm_str_is(check->http.auth, "Bearer ${file:token}"));
    struct dm_buf buf;
    dm_buf_init(&buf, TEXT_MAX);
    CHECK(dm_secrets_expand(config->secrets, check->http.auth, &buf, NULL) ==
          DM_OK);
    CHECK(dm_str_is(dm_buf_str(&buf), "Bearer hunter2"));
    dm_buf_clear(&buf);
    CHECK(dm_config_quads(config, put_quad, &buf) == DM_OK);
    CHECK(dm_str_find(dm_buf_str(&buf), dm_str("hunter2")) == buf.n);
    CHECK(dm_str_find(dm_buf_str(&buf), dm_str("dmp_")) == buf.n);
    dm_buf_done(&buf);
    dm_config_unref(config);
    dm_config_report_free(report);
}

static void
ten_thousand_checks_load_and_no_more(void)
{
    struct dm_buf text;
    dm_buf_init(&text, TEXT_MAX);
    (void)dm_buf_puts(&text, PREFIX);
    for (int i = 0; i < DM_CONFIG_CHECKS_MAX; ++i) {
        (void)dm_buf_printf(
            &text,
            "<c%d> a :HttpCheck ; :url \"https://h%d.example.com/\" ; :every "
            "\"30s\" ;\n  :tag \"web\" ; :expect \"status == 200\", \"latency "
            "< 800ms\" .\n",
            i, i);
    }
    struct dm_config *config = config_of(dm_buf_cstr(&text));
    CHECK_INT((int64_t)config->n_checks, DM_CONFIG_CHECKS_MAX);
    dm_config_unref(config);

    (void)dm_buf_puts(&text, "<more> a :Heartbeat ; :every \"1d\" .");
    struct dm_config_report *report = dm_config_report_new();
    CHECK(report);
    CHECK(load_text(dm_buf_str(&text), report, &config) == DM_ERR_SYNTAX);
    CHECK(strcmp(dm_config_report_at(report, 0)->error.what,
                 "there are more than 10000 checks") == 0);
    dm_config_report_free(report);
    dm_buf_done(&text);
}

static void
a_peer_file_written_by_hand_is_read(void)
{
    static const struct file files[] = {
        {"C", NULL, 0755},
        {"C/demonitor.ttl",
         PREFIX ":this :name \"a\" ; :listen \"127.0.0.1:3223\", "
                "\"[::]:3224\", \"10.0.0.1:80 plain\" .",
         0644},
        {"C/peers", NULL, 0755},
        {"C/peers/b.ttl",
         PREFIX "<peers/b> a :Peer ; :name \"b\" ;\n"
                "  :log <" LOG_B "> ;\n"
                "  :url <https://b.example:3224> ; :pin \"" PIN "\" ;\n"
                "  :auth \"Bearer ${file:to-b}\" ;\n"
                "  :token \"peer ${file:from-b}\" .",
         0644},
        {"C/secrets", NULL, 0755},
        {"C/secrets/from-b", "what b shows\n", 0600},
        {"C/secrets/to-b", "what we show\n", 0640},
    };
    struct dm_config_report *report = dm_config_report_new();
    struct dm_config *config = NULL;
    CHECK(report);
    CHECK_INT(load_files(files, DM_COUNT_OF(files), report, &config), DM_OK);
    CHECK_INT((int64_t)dm_config_report_warnings(report), 0);
    CHECK_INT((int64_t)config->n_peers, 1);
    const struct dm_peer_def *peer = &config->peers[0];
    CHECK(dm_str_is(peer->log, LOG_B));
    CHECK(dm_str_is(peer->url, "https://b.example:3224"));
    CHECK(dm_str_is(peer->pin, PIN));
    CHECK(dm_str_is(peer->auth, "Bearer ${file:to-b}"));
    CHECK(dm_str_is(peer->token, "${file:from-b}"));
    const struct dm_node_settings *node = &config->node;
    CHECK_INT((int64_t)node->n_listen, 3);
    CHECK(node->listen[0].is_loopback && !node->listen[0].is_plain);
    CHECK(!node->listen[1].is_loopback && !node->listen[1].is_plain);
    CHECK(!node->listen[2].is_loopback && node->listen[2].is_plain);
    struct dm_buf buf;
    dm_buf_init(&buf, TEXT_MAX);
    CHECK(dm_config_quads(config, put_quad, &buf) == DM_OK);
    CHECK(dm_str_find(dm_buf_str(&buf), dm_str(LOG_B)) == buf.n);
    CHECK(dm_str_find(dm_buf_str(&buf), dm_str("3224")) == buf.n);
    dm_buf_done(&buf);
    dm_config_unref(config);
    dm_config_report_free(report);
}

// What stands in a peer's file, and what is said of it
static const struct {
    const char *peer;
    const char *want; // NULL: nothing
} peer_files[] = {
    {":log <" LOG_B ">", NULL},
    {":log <" LOG_B "> ; :url <http://127.0.0.1:3224>", NULL},
    {":log <ipns://k51short>",
     "a Peer has one :log, <ipns://k51…>, as `demonitor id` prints it"},
    {":log \"" LOG_B "\"", ":log needs an IRI, as <https://…>"},
    {":log <https://b.example/>",
     "a Peer has one :log, <ipns://k51…>, as `demonitor id` prints it"},
    {":log <" LOG_A ">", "this :log is our own"},
    {":log <" LOG_B "> . <q> a :Peer ; :log <" LOG_B ">",
     "<p> has this :log too"},
    {":log <" LOG_B "> ; :token \"peer ${file:t}\" . <q> a :Peer ; :log "
     "<" LOG_B2 "> ; :token \"peer ${file:t}\"",
     "<p> has this :token too"},
    {":log <" LOG_B "> ; :url <http://b.example:3224>",
     "a Peer has an https:// :url, or none where nobody can dial it"},
    {":log <" LOG_B "> ; :url <https://b.example:3224/?a=b>",
     ":url of a Peer ends before any ? or #"},
    {":log <" LOG_B "> ; :pin \"c72a0a7e\"",
     ":pin is \"sha256//…=\", as `demonitor id` of the peer prints it"},
    {":log <" LOG_B "> ; :pin \"sha256//Y65Ro1l1RC8jqfKa0LVzUaICsFnT5f\"",
     ":pin is \"sha256//…=\", as `demonitor id` of the peer prints it"},
    {":log <" LOG_B "> ; :url <http://127.0.0.1:3224> ; :pin \"" PIN "\"",
     ":pin says nothing of an http:// :url"},
    {":log <" LOG_B "> ; :token \"read ${file:t}\"",
     ":token of a Peer needs \"peer ${file:NAME}\": what this peer shows to "
     "us"},
    {":log <" LOG_B "> ; :token \"peer hunter2\"",
     ":token of a Peer needs \"peer ${file:NAME}\": what this peer shows to "
     "us"},
    {":log <" LOG_B "> ; :token \"peer ${file:open}\"",
     "everybody can read secrets/open"},
};

static void
what_is_wrong_with_a_peer_is_said(void)
{
    for (size_t i = 0; i < DM_COUNT_OF(peer_files); ++i) {
        struct dm_buf text;
        dm_buf_init(&text, TEXT_MAX);
        (void)dm_buf_printf(&text, PREFIX "<p> a :Peer ; %s .",
                            peer_files[i].peer);
        const struct file files[] = {
            {"C", NULL, 0755},
            {"C/p.ttl", dm_buf_cstr(&text), 0644},
            {"C/secrets", NULL, 0755},
            {"C/secrets/t", "hunter2\n", 0600},
            {"C/secrets/open", "hunter2\n",
             i + 1 == DM_COUNT_OF(peer_files) ? 0644 : 0600},
        };
        struct machine machine = {files, DM_COUNT_OF(files)};
        const struct dm_env env = {.ops = &ops, .context = &machine};
        const struct dm_config_options options = {
            .env = &env,
            .directory = "C",
            .node_iri = DM_STR(LOG_A),
            .node_name = DM_STR("carbon"),
        };
        struct dm_config_report *report = dm_config_report_new();
        struct dm_config *config = NULL;
        CHECK(report);
        const enum dm_status status = dm_config_load(&options, report, &config);
        const struct dm_diagnostic *said = dm_config_report_at(report, 0);
        const char *want = peer_files[i].want;
        if (want ? !said || strcmp(said->error.what, want) != 0 : !!said) {
            (void)fprintf(stderr, "%s: %s\n", peer_files[i].peer,
                          said ? said->error.what : "nothing said");
            CHECK(false);
        }
        CHECK_INT(status, want ? DM_ERR_SYNTAX : DM_OK);
        dm_config_unref(config);
        dm_config_report_free(report);
        dm_buf_done(&text);
    }
}

static void
each_failing_allocation_is_told(void)
{
    static const char good[] =
        PREFIX ":this :token \"read ${file:t}\" ; :alertmanager "
               "<http://a.example> .\n"
               "<http://a.example> a :Alertmanager .\n"
               "<p> a :Peer ; :log <" LOG_B "> ; :token \"peer ${file:t}\" .\n"
               "<a> a :HttpCheck ; :url \"https://a.example/\" ; :needs \"x\" ;"
               " :expect \"body matches a\" .\n"
               "<x> a :CommandCheck ; :run \"a b\" ; :env \"A=b\" ; :label "
               "\"a=b\" .\n";
    static const char bad[] = PREFIX "<a> a :HttpCheck ; :evry 5\n :x 7 .";
    const char *const texts[] = {good, bad};
    for (size_t i = 0; i < 2; ++i) {
        struct dm_config_report *report = dm_config_report_new();
        struct dm_config *config = NULL;
        CHECK(report);
        const size_t before = dm_alloc_count();
        const enum dm_status want =
            load_text(dm_str(texts[i]), report, &config);
        const size_t all = dm_alloc_count() - before;
        CHECK(want == (i == 0 ? DM_OK : DM_ERR_SYNTAX));
        dm_config_unref(config);
        for (size_t n = 0; n < all; ++n) {
            config = NULL;
            dm_alloc_fail_after(n);
            const enum dm_status got =
                load_text(dm_str(texts[i]), report, &config);
            dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
            CHECK(got == DM_ERR_NO_MEMORY);
            CHECK(!config);
        }
        CHECK(load_text(dm_str(texts[i]), report, &config) == want);
        dm_config_unref(config);
        dm_config_report_free(report);
    }
    dm_alloc_fail_after(0);
    CHECK(!dm_config_report_new());
    dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
}

static void
each_failing_allocation_of_the_normal_form_is_told(void)
{
    struct dm_config *config =
        config_of(PREFIX "<a> a :SystemCheck ; :warnIf \"cpu > 5%\" ; :tag "
                         "\"x\" ; :label \"a=b\" .");
    struct dm_buf turtle;
    dm_buf_init(&turtle, TEXT_MAX);
    const size_t before = dm_alloc_count();
    CHECK(dm_config_expand(config, NULL, 0, &turtle) == DM_OK);
    const size_t all = dm_alloc_count() - before;
    dm_buf_done(&turtle);
    for (size_t n = 0; n < all; ++n) {
        dm_alloc_fail_after(n);
        CHECK(dm_config_expand(config, NULL, 0, &turtle) == DM_ERR_NO_MEMORY);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        dm_buf_done(&turtle);
    }
    dm_config_unref(config);
}

static void
single_files_are_loaded_alone(void)
{
    static const struct file files[] = {
        {"C/a.ttl", PREFIX "<a> a :SystemCheck ; :warnIf \"cpu > 5%\" .", 0644},
        {"C/b.ttl", "nonsense", 0644},
    };
    struct machine machine = {files, DM_COUNT_OF(files)};
    const struct dm_env env = {.ops = &ops, .context = &machine};
    const struct dm_config_options options = {
        .env = &env, .directory = "C", .node_name = DM_STR("carbon")};
    const char *const paths[] = {"C/a.ttl", "C/missing.ttl"};
    struct dm_config_report *report = dm_config_report_new();
    struct dm_config *config = NULL;
    CHECK(report);
    CHECK(dm_config_load_files(&options, paths, 1, report, &config) == DM_OK);
    CHECK_INT((int64_t)config->n_checks, 1);
    CHECK(dm_str_is(config->checks[0].place.file, "C/a.ttl"));
    dm_config_unref(config);
    CHECK(dm_config_load_files(&options, paths, 2, report, &config) ==
          DM_ERR_SYNTAX);
    CHECK(strcmp(dm_config_report_at(report, 0)->error.where,
                 "C/missing.ttl") == 0);
    dm_config_report_free(report);
}

// Kubo's RPC is asked in the clear on this machine only.
static void
a_kubo_elsewhere_needs_https(void)
{
    static const struct {
        const char *url;
        bool is_good;
    } cases[] = {
        {"http://127.0.0.1:5001", true},
        {"http://127.0.0.1", true},
        {"http://localhost:5001/", true},
        {"http://[::1]:5001/api/v0", true},
        {"http://me:${file:kubo}@127.0.0.1:5001", true},
        {"https://kubo.example", true},
        {"https://me:${file:kubo}@kubo.example:5001/", true},
        {"http://kubo.example:5001", false},
        {"http://127.0.0.1.example:5001", false},
        {"http://localhost.example:5001", false},
        {"http://192.0.2.1:5001", false},
        {"http://[::2]:5001", false},
        {"http://127.0.0.1@kubo.example", false},
        {"http://127.0.0.1:${file:kubo}@192.0.2.1", false},
        {"http://kubo.example/@127.0.0.1", false},
        {"https://me:literal@kubo.example", false},
        {"ftp://127.0.0.1", false},
    };
    for (size_t i = 0; i < DM_COUNT_OF(cases); ++i) {
        char text[300];
        (void)snprintf(text, sizeof(text), PREFIX ":this :kubo \"%s\" .",
                       cases[i].url);
        const struct file files[] = {
            {"C", NULL, 0755},
            {"C/demonitor.ttl", text, 0644},
            {"C/secrets/kubo", "p@ss/word", 0600},
        };
        struct dm_config_report *report = dm_config_report_new();
        struct dm_config *config = NULL;
        CHECK(report);
        const enum dm_status status =
            load_files(files, DM_COUNT_OF(files), report, &config);
        CHECK_INT(status, cases[i].is_good ? DM_OK : DM_ERR_SYNTAX);
        if (cases[i].is_good) {
            CHECK(dm_str_is(config->node.kubo, cases[i].url));
        }
        dm_config_unref(config);
        dm_config_report_free(report);
    }
}

// Texts of which each may be there, but not all together, or not so written
static void
what_is_too_large_to_be_published_is_an_error(void)
{
    static const struct {
        unsigned n;       // Tags
        unsigned n_bytes; // Of each
        char c;
        bool is_good;
    } table[] = {
        {7, 60000, 'a', true},   // 420 kB
        {9, 60000, 'a', false},  // 540 kB
        {1, 65000, '\n', true},  // Two bytes each as it is published
        {1, 65536, '\n', false}, // With the rest of its line over 128 KiB
    };
    for (size_t i = 0; i < DM_COUNT_OF(table); ++i) {
        struct dm_buf text;
        dm_buf_init(&text, TEXT_MAX);
        (void)dm_buf_puts(&text, PREFIX "<a> a :SystemCheck ; :warnIf \"disk / "
                                        "> 1%\" ; :description \"x\"");
        for (unsigned k = 0; k < table[i].n; ++k) {
            (void)dm_buf_printf(&text, " ; :tag \"\"\"%u", k % 10);
            for (unsigned b = 1; b < table[i].n_bytes; ++b) {
                (void)dm_buf_putc(&text, table[i].c);
            }
            (void)dm_buf_puts(&text, "\"\"\"");
        }
        (void)dm_buf_puts(&text, " .\n");
        CHECK(!text.status);
        struct dm_config_report *report = dm_config_report_new();
        struct dm_config *config = NULL;
        const struct file files[] = {{"C", NULL, 0755},
                                     {"C/a.ttl", dm_buf_cstr(&text), 0644}};
        CHECK(report);
        const enum dm_status status =
            load_files(files, DM_COUNT_OF(files), report, &config);
        CHECK(status == (table[i].is_good ? DM_OK : DM_ERR_SYNTAX));
        const struct dm_diagnostic *said = dm_config_report_at(report, 0);
        CHECK(table[i].is_good ||
              (said && said->error.status == DM_ERR_LIMIT &&
               strcmp(said->error.what, "<a> is too large to be published") ==
                   0 &&
               said->error.line == 2));
        dm_config_unref(config);
        dm_config_report_free(report);
        dm_buf_done(&text);
    }
}

int
main(void)
{
    what_is_too_large_to_be_published_is_an_error();
    files_are_read_in_their_order();
    a_missing_directory_is_an_error();
    what_init_writes_loads();
    the_commented_examples_load();
    values_reach_their_fields();
    a_reload_tells_what_changed();
    the_definition_is_the_hash_of_its_published_lines();
    expanded_turtle_is_the_normal_form();
    secrets_stay_beside_the_configuration();
    ten_thousand_checks_load_and_no_more();
    single_files_are_loaded_alone();
    a_kubo_elsewhere_needs_https();
    a_peer_file_written_by_hand_is_read();
    what_is_wrong_with_a_peer_is_said();
    each_failing_allocation_is_told();
    each_failing_allocation_of_the_normal_form_is_told();
    return 0;
}
