// SPDX-License-Identifier: ISC

// Golden tests: what is said of each file in data/errors, and the normal form
// of each in data/forms. `test_vocab_load update` writes the expected texts
// anew, to be read before they are committed.

#include "vocab/config.h"

#include "base/buf.h"
#include "base/env.h"
#include "base/log.h"
#include "rdf/writer.h"
#include "tests/check.h"
#include "vocab/normal.h"

#include <string.h>

#define DATA "tests/unit/vocab/data/"
#define TEXT_MAX (4U << 20U)

static struct dm_env env;
static const struct dm_env_ops *system_ops;
static bool is_update;

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

static enum dm_status
put_quad(void *context, const struct dm_quad *quad)
{
    return dm_write_quad(quad, context);
}

// Git does not keep who may read a file: so the names of secrets decide
static enum dm_status
info_of(void *context, const char *path, struct dm_file_info *ret)
{
    const enum dm_status status = system_ops->info(context, path, ret);
    if (!status && ret->kind == DM_FILE_REGULAR && strstr(path, "/secrets/")) {
        ret->mode = strstr(path, "/open") ? 0644 : 0600;
    }
    return status;
}

// Load a text under the name that a file of a user would have.
static void
load(struct dm_str text, bool with_form, struct dm_buf *out)
{
    const struct dm_config_options options = {
        .env = &env,
        .directory = DATA "config",
        .node_iri = DM_STR("ipns://k51node"),
        .node_name = DM_STR("carbon"),
    };
    const struct dm_config_source source = {DM_STR("checks/local.ttl"), text};
    struct dm_config_report *report = dm_config_report_new();
    struct dm_config *config = NULL;
    CHECK(report);
    const enum dm_status status =
        dm_config_load_texts(&options, &source, 1, report, &config);
    CHECK(status == (dm_config_report_errors(report) ? DM_ERR_SYNTAX : DM_OK));
    dm_config_report_print(report, out);
    if (!status && with_form) {
        CHECK(dm_config_quads(config, put_quad, out) == DM_OK);
        (void)dm_buf_puts(out, "\n");
        CHECK(dm_config_expand(config, NULL, 0, out) == DM_OK);
    }
    CHECK(out->status == DM_OK);
    dm_config_unref(config);
    dm_config_report_free(report);
}

// Compare with the file PATH.txt.
static void
check_expected(struct dm_str path, struct dm_buf *got)
{
    char expected[300];
    (void)snprintf(expected, sizeof(expected), "%.*s.txt", (int)path.n,
                   path.data);
    struct dm_buf want;
    dm_buf_init(&want, TEXT_MAX);
    if (got->n && got->data[got->n - 1] != '\n') {
        (void)dm_buf_putc(got, '\n');
    }
    if (is_update) {
        CHECK(dm_env_write(&env, expected, dm_buf_str(got), 0644, 0, NULL) ==
              DM_OK);
    }
    CHECK(dm_env_read(&env, expected, &want, NULL) == DM_OK);
    if (!dm_str_equal(dm_buf_str(got), dm_buf_str(&want))) {
        (void)fprintf(stderr, "%s\ngot:\n%s\nwant:\n%s\n", expected,
                      dm_buf_cstr(got), dm_buf_cstr(&want));
        CHECK(false);
    }
    dm_buf_done(&want);
}

static void
check_file(struct dm_str path, bool with_form)
{
    char source[300];
    (void)snprintf(source, sizeof(source), "%.*s.ttl", (int)path.n, path.data);
    struct dm_buf text;
    struct dm_buf got;
    dm_buf_init(&text, TEXT_MAX);
    dm_buf_init(&got, TEXT_MAX);
    CHECK(dm_env_read(&env, source, &text, NULL) == DM_OK);
    load(dm_buf_str(&text), with_form, &got);
    check_expected(path, &got);
    dm_buf_done(&text);
    dm_buf_done(&got);
}

struct listing {
    const char *directory;
    bool with_form;
    int n;
};

static enum dm_status
on_file(void *context, struct dm_str name)
{
    struct listing *listing = context;
    if (dm_str_ends(name, dm_str(".ttl"))) {
        char path[300];
        (void)snprintf(path, sizeof(path), "%s%.*s", listing->directory,
                       (int)name.n - 4, name.data);
        check_file(dm_str(path), listing->with_form);
        ++listing->n;
    }
    return DM_OK;
}

static void
all_errors_are_said_as_expected(void)
{
    struct listing listing = {DATA "errors/", false, 0};
    CHECK(dm_env_list(&env, listing.directory, on_file, &listing) == DM_OK);
    CHECK(listing.n >= 20);
}

static void
normal_forms_are_as_expected(void)
{
    struct listing listing = {DATA "forms/", true, 0};
    CHECK(dm_env_list(&env, listing.directory, on_file, &listing) == DM_OK);
    CHECK(listing.n >= 1);
}

// Whole configurations: what this version cannot run is told, each time, and
// nothing else is.
static void
examples_load_or_say_what_is_not_supported_yet(void)
{
    static const char *const names[] = {"home-laptop", "home-fra", "company"};
    for (size_t i = 0; i < DM_COUNT_OF(names); ++i) {
        char path[300];
        (void)snprintf(path, sizeof(path), DATA "examples/%s", names[i]);
        const struct dm_config_options options = {
            .env = &env,
            .directory = path,
            .node_iri = DM_STR("ipns://k51node"),
            .node_name = DM_STR("carbon"),
        };
        struct dm_config_report *report = dm_config_report_new();
        struct dm_config *config = NULL;
        CHECK(report);
        const enum dm_status status = dm_config_load(&options, report, &config);
        CHECK_INT(status,
                  dm_config_report_errors(report) ? DM_ERR_SYNTAX : DM_OK);
        for (size_t j = 0; dm_config_report_at(report, j); ++j) {
            const struct dm_diagnostic *shown = dm_config_report_at(report, j);
            CHECK(shown->is_warning ||
                  strstr(shown->error.what, "is not supported yet"));
        }
        struct dm_buf got;
        dm_buf_init(&got, TEXT_MAX);
        dm_config_report_print(report, &got);
        check_expected(dm_str(path), &got);
        dm_buf_done(&got);
        dm_config_unref(config);
        dm_config_report_free(report);
    }
}

int
main(int argc, char **argv)
{
    const struct dm_log_options log = {DM_LOG_ERROR, drop, no_clock, NULL};
    struct dm_log *silent = dm_log_new(&log);
    CHECK(silent);
    dm_env_init_system(&env, silent);
    system_ops = env.ops;
    struct dm_env_ops ops = *system_ops;
    ops.info = info_of;
    env.ops = &ops;
    is_update = argc > 1 && strcmp(argv[1], "update") == 0;
    all_errors_are_said_as_expected();
    normal_forms_are_as_expected();
    examples_load_or_say_what_is_not_supported_yet();
    dm_log_free(silent);
    return 0;
}
