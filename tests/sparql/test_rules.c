// SPDX-License-Identifier: ISC

// The shipped rules over a made-up dm:now (sample_state.trig) give exactly
// these rows. Certificates there ended in 2020 or end in 2099, so the day does
// not matter.

#include "base/alloc.h"
#include "tests/check.h"
#include "tests/sparql/world.h"
#include "vocab/vocabulary.h"

#include <string.h>

#define TIME(day, time) "\"2026-11-" day "T" time "Z\"^^<xsd:dateTime>"
#define TODAY(time) TIME("24", time)
#define INT(n) "\"" #n "\"^^<xsd:integer>"

static const struct {
    const char *rule;
    const char *rows;
} expected[] =
    {
        {"CheckFailing", "?check=<api> ?severity=\"warning\" ?failing=" INT(2) " ?seen=" INT(2) " ?message=\"status 503\" ?since=" TODAY(
                             "16:01:00") "\n"
                                         "?check=<cloud> "
                                         "?severity=\"warning\" "
                                         "?failing=" INT(1) " ?seen=" INT(
                                             1) " ?message=\"latency 2.4 s "
                                                "> 2 s\" ?since=" TODAY("16"
                                                                        ":0"
                                                                        "0:"
                                                                        "0"
                                                                        "0") "\n"
                                                                             "?"
                                                                             "c"
                                                                             "h"
                                                                             "e"
                                                                             "c"
                                                                             "k"
                                                                             "="
                                                                             "<"
                                                                             "h"
                                                                             "i"
                                                                             "n"
                                                                             "t"
                                                                             "s"
                                                                             ">"
                                                                             " "
                                                                             "?"
                                                                             "s"
                                                                             "e"
                                                                             "v"
                                                                             "e"
                                                                             "r"
                                                                             "i"
                                                                             "t"
                                                                             "y"
                                                                             "="
                                                                             "\"info\" "
                                                                             "?"
                                                                             "f"
                                                                             "a"
                                                                             "i"
                                                                             "l"
                                                                             "i"
                                                                             "n"
                                                                             "g"
                                                                             "=" INT(
                                                                                 1) " ?seen=" INT(1) " ?message=\"latency 1.2 s > 1 s\" ?since=" TODAY("16:00:00") "\n"
                                                                                                                                                                   "?check=<nightly> ?severity=\"critical\" ?failing=" INT(1) " ?seen=" INT(1) " ?message=\"exit code 2\" ?since=" TODAY("03:20:00") "\n"
                                                                                                                                                                                                                                                                                                     "?check=<payroll> ?severity=\"critical\" ?failing=" INT(1) " ?seen=" INT(1) " ?message=\"\" ?since=" TODAY("16:03:00") "\n"
                                                                                                                                                                                                                                                                                                                                                                                                                            "?check=<shop> ?severity=\"critical\" ?failing=" INT(
                                                                                                                                                                                                                                                                                                                                                                                                                                2) " ?seen=" INT(3) " ?message=\"connect to 192.0.2.7:443: refused\""
                                                                                                                                                                                                                                                                                                                                                                                                                                                    " ?since=" TODAY(
                                                                                                                                                                                                                                                                                                                                                                                                                                                        "16:00:00") "\n"
                                                                                                                                                                                                                                                                                                                                                                                                                                                                    "?check=<wiki> ?severity=\"warning\" ?failing=" INT(
                                                                                                                                                                                                                                                                                                                                                                                                                                                                        1) " ?seen=" INT(1) " ?message=\"status 502\" ?since=" TODAY("16:02:00") "\n"},
        {"NodeCheckFailing",
         "?check=<disk> ?node=<ipns://b> ?severity=\"warning\" "
         "?message=\"/ 91 %\" ?since=" TODAY(
             "15:00:00") "\n"
                         "?check=<raid> ?node=<ipns://b> "
                         "?severity=\"critical\" "
                         "?message=\"\" ?since=" TODAY(
                             "15:30:00") "\n"
                                         "?check=<updates> "
                                         "?node=<ipns://a> "
                                         "?severity=\"info\" "
                                         "?message=\"3 packages\" "
                                         "?since=" TODAY("06:00:00") "\n"},
        {"HeartbeatMissed",
         "?check=<backup> ?severity=\"critical\" "
         "?at=" TIME("23", "02:11:00") " ?since=" TODAY(
             "08:11:00") "\n"
                         "?check=<mirror> "
                         "?severity=\"warning\" "
                         "?at=" TODAY("06:00:00") " ?"
                                                  "since"
                                                  "=" TODAY("0"
                                                            "8"
                                                            ":"
                                                            "0"
                                                            "0"
                                                            ":"
                                                            "0"
                                                            "0") "\n"},
        {"NodeSilent", "?node=<ipns://c> ?last=" TODAY(
                           "15:50:00") " ?since=" TODAY("15:50:00") "\n"},
        // Starts are computed, so they have the form of the wire
        {"CertificateExpiring",
         "?check=<cert> ?expires=\"2020-01-01T00:00:00Z\"^^<xsd:dateTime> "
         "?since=\"2019-12-18T00:00:00.000Z\"^^<xsd:dateTime>\n"
         "?check=<smtp> ?expires=\"2099-01-01T00:00:00Z\"^^<xsd:dateTime> "
         "?since=\"2016-11-12T00:00:00.000Z\"^^<xsd:dateTime>\n"},
        {"LogForked", "?node=<ipns://b> ?entry=" INT(4711) "\n"},
};

static void
rule_gives_its_rows(struct world *world, struct dm_str name, const char *select)
{
    for (size_t i = 0; i < DM_COUNT_OF(expected); ++i) {
        if (dm_str_is(name, expected[i].rule)) {
            world_expect(world, select, expected[i].rows);
            return;
        }
    }
    CHECK(!"a rule is expected");
}

static enum dm_status
take_rule(void *context, const struct dm_quad *quad,
          const struct dm_quad_positions *positions, struct dm_error *error)
{
    (void)positions;
    (void)error;
    struct world *world = context;
    static const size_t n_namespace = sizeof(DM_VOCAB_NS) - 1;
    if (dm_term_is_iri(&quad->p, DM_VOCAB_NS "select")) {
        char *select = dm_strndup(quad->o.value.data, quad->o.value.n);
        CHECK(select);
        rule_gives_its_rows(
            world, dm_str_slice(quad->s.value, n_namespace, quad->s.value.n),
            select);
        dm_free(select);
        ++world->n_loaded;
    }
    return DM_OK;
}

int
main(void)
{
    struct world world;
    struct dm_error error = {0};
    world_open(&world);
    world.base = "https://demonitor.internal/";
    char *states = world_read_file("tests/sparql/sample_state.trig");
    char *rules = world_read_file("vocab/rules.ttl");
    world_load(&world, DM_SYNTAX_TRIG, states);
    world_read(&world);
    world.n_loaded = 0;
    const struct dm_reader_options options = {.syntax = DM_SYNTAX_TURTLE,
                                              .base = dm_str(world.base)};
    const enum dm_status status =
        dm_read_text(&options, dm_str(rules), take_rule, &world, &error);
    CHECK(status == DM_OK || status == DM_END);
    CHECK(world.n_loaded == DM_COUNT_OF(expected));
    dm_free(states);
    dm_free(rules);
    world_close(&world);
    return 0;
}
