// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_VOCAB_TEXTS_H
#define DM_TESTS_VOCAB_TEXTS_H

/**
 * @file
 * Configurations out of texts, for the tests of vocab.
 */

#include "base/buf.h"
#include "base/env.h"
#include "tests/check.h"
#include "vocab/config.h"

#define PREFIX "PREFIX : <https://w3id.org/demonitor#>\n"
#define NODE "ipns://k51node"
#define TEXT_MAX (64U << 20U)

static inline int64_t
texts_no_time(void *context)
{
    (void)context;
    return 0;
}

static inline const char *
texts_no_variable(void *context, const char *name)
{
    (void)context;
    (void)name;
    return NULL;
}

static inline enum dm_status
texts_no_file(void *context, const char *path, struct dm_file_info *ret)
{
    (void)context;
    (void)path;
    (void)ret;
    return DM_ERR_NOT_FOUND;
}

/// The configuration of one file, which is right
static inline struct dm_config *
load_text(struct dm_str text)
{
    static const struct dm_env_ops ops = {.wall_ms = texts_no_time,
                                          .variable = texts_no_variable,
                                          .info = texts_no_file};
    static const struct dm_env env = {.ops = &ops};
    const struct dm_config_options options = {
        .env = &env,
        .directory = "C",
        .node_iri = DM_STR(NODE),
        .node_name = DM_STR("carbon"),
    };
    const struct dm_config_source source = {DM_STR("f.ttl"), text};
    struct dm_config_report *report = dm_config_report_new();
    struct dm_config *config = NULL;
    CHECK(report);
    const enum dm_status status =
        dm_config_load_texts(&options, &source, 1, report, &config);
    if (status) {
        struct dm_buf said;
        dm_buf_init(&said, TEXT_MAX);
        dm_config_report_print(report, &said);
        (void)fprintf(stderr, "%s\n", dm_buf_cstr(&said));
        dm_buf_done(&said);
    }
    CHECK_INT(status, DM_OK);
    dm_config_report_free(report);
    return config;
}

#endif // DM_TESTS_VOCAB_TEXTS_H
