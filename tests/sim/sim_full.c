// SPDX-License-Identifier: ISC

// An alert that begins to wait while the disk is full is stored once there is
// room again: a kill after that does not let its `for` begin anew.

#include "base/time.h"
#include "sim/alertmanager.h"
#include "sim/fleet.h"
#include "sim/network.h"
#include "sim/node.h"
#include "tests/check.h"

#include <inttypes.h>
#include <string.h>

#define SECOND_NS DM_NS_PER_SECOND
#define FULL_NS (50 * SECOND_NS)
#define BEGINS_NS (60 * SECOND_NS)
#define ROOM_NS (90 * SECOND_NS)
#define KILL_NS (120 * SECOND_NS)
#define FOR_NS (120 * SECOND_NS)
#define END_NS (300 * SECOND_NS)
#define ROUND_NS (15 * SECOND_NS) // From one round to the message about it

static const char configuration[] =
    "PREFIX : <https://w3id.org/demonitor#>\n"
    ":this :name \"one\" ; :alertmanager <http://192.0.2.9:9093> .\n";

// Its row comes by the clock, so that no result has to be stored for it
static const char rule[] =
    "PREFIX : <https://w3id.org/demonitor#>\n"
    "<memory> a :SystemCheck ; :every \"10s\" ; :warnIf \"memory > 90%%\" .\n"
    "<Later> a :AlertRule ; :for \"2m\" ; :by \"check\" ;\n"
    "  :severity \"warning\" ; :summary \"{check}\" ; :select \"\"\"\n"
    "    SELECT ?check WHERE { GRAPH :now { ?state :check ?check }\n"
    "      FILTER(NOW() > \"%s\"^^<http://www.w3.org/2001/XMLSchema#dateTime>)"
    "\n    }\"\"\" .\n";

static void
write_files(struct dm_sim_station *station, int64_t begins_ms)
{
    char time[DM_TIME_SIZE];
    char text[1024];
    dm_time_format(begins_ms, time);
    const int n = snprintf(text, sizeof(text), rule, time);
    CHECK(n > 0 && (size_t)n < sizeof(text));
    CHECK_INT(dm_sim_station_write(station, DM_SIM_NODE_CONFIG "/demonitor.ttl",
                                   dm_str(configuration)),
              DM_OK);
    CHECK_INT(dm_sim_station_write(station,
                                   DM_SIM_NODE_CONFIG "/checks/local.ttl",
                                   dm_str(text)),
              DM_OK);
}

// When the alert was told first; INT64_MAX: never
static int64_t
told_ns(const struct dm_sim_alertmanager *am)
{
    for (size_t i = 0; i < dm_sim_alertmanager_n_notified(am); ++i) {
        const struct dm_sim_notification *told =
            dm_sim_alertmanager_notified(am, i);
        const struct dm_str name = DM_STR("alertname=\"Later\"");
        if (dm_str_find(told->labels, name) < told->labels.n) {
            return told->at_ns;
        }
    }
    return INT64_MAX;
}

static void
run_until(struct dm_sim_fleet *fleet, int64_t ns)
{
    CHECK_INT(dm_sim_fleet_run(fleet, ns), DM_OK);
}

int
main(void)
{
    struct dm_sim_fleet_options options = {
        .world = dm_sim_options_default(1),
        .log_level = DM_LOG_ERROR,
    };
    struct dm_sim_fleet *fleet = dm_sim_fleet_new(&options);
    CHECK(fleet);
    struct dm_sim_host *host = NULL;
    CHECK_INT(dm_sim_network_add(dm_sim_fleet_network(fleet), "am.test",
                                 "192.0.2.9", &host),
              DM_OK);
    const struct dm_sim_alertmanager_options settings =
        dm_sim_alertmanager_options_default();
    struct dm_sim_alertmanager *am = dm_sim_alertmanager_new(
        dm_sim_fleet_world(fleet), host, &settings, NULL, NULL);
    CHECK(am);
    struct dm_sim_station_options node =
        dm_sim_station_options_default("one", "192.0.2.1", &dm_sim_daemon_ops);
    node.down_min_ns = SECOND_NS;
    node.down_max_ns = SECOND_NS;
    struct dm_sim_station *station = NULL;
    CHECK_INT(dm_sim_fleet_add(fleet, &node, &station), DM_OK);
    write_files(station, options.world.wall_ms + BEGINS_NS / DM_NS_PER_MS);
    struct dm_error error = {.status = DM_OK};
    CHECK_INT(dm_sim_station_boot(station, &error), DM_OK);

    struct dm_sim_disk *disk = dm_sim_station_disk(station);
    run_until(fleet, FULL_NS);
    dm_sim_disk_plan(disk, &(struct dm_sim_plan){.harm = DM_SIM_HARM_FULL,
                                                 .ops = DM_SIM_WRITE,
                                                 .is_lasting = true});
    run_until(fleet, ROOM_NS);
    CHECK(dm_sim_disk_n_struck(disk) > 0);
    dm_sim_disk_plan(disk, &(struct dm_sim_plan){.harm = DM_SIM_HARM_NONE});
    run_until(fleet, KILL_NS);
    dm_sim_station_end(station, DM_SIM_HARM_KILL);
    run_until(fleet, END_NS);

    const int64_t at_ns = told_ns(am);
    (void)printf("told %" PRId64 " s after the start\n", at_ns / SECOND_NS);
    CHECK(at_ns >= BEGINS_NS + FOR_NS);
    CHECK(at_ns < BEGINS_NS + FOR_NS + 2 * ROUND_NS);
    dm_sim_alertmanager_free(am);
    dm_sim_fleet_free(fleet);
    return 0;
}
