// SPDX-License-Identifier: ISC

#include "rdf/reader.h"
#include "tests/check.h"
#include "vocab/published.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum dm_status
take_quad(void *context, const struct dm_quad *quad,
          const struct dm_quad_positions *positions, struct dm_error *error)
{
    (void)positions;
    (void)error;
    return dm_published_reader_add(context, quad);
}

static void
check_text(struct dm_str text)
{
    CHECK(text.data && text.data[text.n] == '\0');
}

static void
check_def(const struct dm_check_def *check)
{
    check_text(check->iri);
    check_text(check->name);
    check_text(check->title);
    check_text(check->group);
    check_text(check->schedule);
    check_text(check->summary);
    check_text(check->runbook);
    check_text(check->http.url);
    CHECK(check->name.n && dm_str_ends(check->iri, check->name));
    CHECK(check->every_ms >= 0 && check->grace_ms >= 0);
    CHECK(check->max_silence_ms >= 0 && check->cert_warn_ms >= 0);
    CHECK((unsigned)check->kind < DM_CHECK_KINDS);
    CHECK((unsigned)check->severity <= DM_SEVERITY_CRITICAL);
    CHECK((unsigned)check->presence <= DM_PRESENCE_SOMETIMES);
}

// Whatever a graph says: what is taken of it is whole, and the rest is counted.
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct dm_reader_options options = {
        .syntax = DM_SYNTAX_TURTLE,
        .base = DM_STR("https://demonitor.internal/")};
    const struct dm_str text = {(const char *)data, size};
    struct dm_published_reader *reader =
        dm_published_reader_new(dm_str("ipns://k51node"));
    struct dm_published *published = NULL;
    CHECK(reader);
    // What stands before an error is read all the same
    const enum dm_status status =
        dm_read_text(&options, text, take_quad, reader, NULL);
    CHECK(status != DM_ERR_NO_MEMORY);
    CHECK(dm_published_reader_end(reader, &published) == DM_OK);
    dm_published_reader_free(reader);
    check_text(published->node.name);
    check_text(published->node.iri);
    CHECK(published->node.seal_ms >= 0);
    for (size_t i = 0; i < published->n_checks; ++i) {
        check_def(&published->checks[i]);
        CHECK(i == 0 || dm_str_compare(published->checks[i - 1].name,
                                       published->checks[i].name) < 0);
    }
    CHECK(published->n_running <= published->n_checks);
    for (size_t i = 0; i < published->n_running; ++i) {
        CHECK(published->running[i]->runs_here);
    }
    dm_published_unref(published);
    return 0;
}
