// SPDX-License-Identifier: ISC

#include "base/buf.h"
#include "base/env.h"
#include "rdf/writer.h"
#include "tests/check.h"
#include "vocab/config.h"
#include "vocab/normal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// A machine without files, where it is always 1970
static int64_t
no_time(void *context)
{
    (void)context;
    return 0;
}

static const char *
no_variable(void *context, const char *name)
{
    (void)context;
    (void)name;
    return NULL;
}

static enum dm_status
no_file(void *context, const char *path, struct dm_file_info *ret)
{
    (void)context;
    (void)path;
    (void)ret;
    return DM_ERR_NOT_FOUND;
}

static enum dm_status
put_quad(void *context, const struct dm_quad *quad)
{
    return dm_write_quad(quad, context);
}

// Whatever a file holds: it loads and has a normal form, or errors are told.
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct dm_env_ops ops = {
        .wall_ms = no_time, .variable = no_variable, .info = no_file};
    static const struct dm_env env = {.ops = &ops};
    const struct dm_config_options options = {
        .env = &env,
        .directory = "C",
        .node_iri = DM_STR("ipns://k51node"),
        .node_name = DM_STR("node"),
    };
    const struct dm_config_source source = {DM_STR("f.ttl"),
                                            {(const char *)data, size}};
    struct dm_config_report *report = dm_config_report_new();
    struct dm_config *config = NULL;
    struct dm_buf buf;
    dm_buf_init(&buf, 64U << 20U);
    CHECK(report);
    const enum dm_status status =
        dm_config_load_texts(&options, &source, 1, report, &config);
    const size_t errors = dm_config_report_errors(report);
    CHECK(status == (errors ? DM_ERR_SYNTAX : DM_OK));
    dm_config_report_print(report, &buf);
    CHECK(dm_str_is_utf8(dm_buf_str(&buf)) || !size);
    if (!status) {
        CHECK(dm_config_quads(config, put_quad, &buf) == DM_OK);
    }
    dm_buf_done(&buf);
    dm_config_unref(config);
    dm_config_report_free(report);
    return 0;
}
