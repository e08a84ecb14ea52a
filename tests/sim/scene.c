// SPDX-License-Identifier: ISC

#include "tests/sim/scene.h"

#include "base/time.h"
#include "sim/alertmanager.h"
#include "sim/chaos.h"
#include "sim/disk.h"
#include "sim/fleet.h"
#include "sim/incidents.h"
#include "sim/machine.h"
#include "sim/network.h"
#include "sim/node.h"
#include "tests/check.h"
#include "tests/sim/reader.h"

#include <inttypes.h>
#include <string.h>

#define N_WEBS 5
#define N_MOODS 4 // Of Alertmanager
#define SECOND_NS DM_NS_PER_SECOND
#define MINUTE_NS (60 * SECOND_NS)
#define EVERY_NS (10 * SECOND_NS)
#define QUIET_NS (6 * MINUTE_NS)
// Two results in a row, each after a time-out of 10 s, make a check fail
#define TOLD_NS (45 * SECOND_NS)
#define TOLD_LONG_NS (TOLD_NS + MINUTE_NS)
// A resolved alert that a clock ahead of Alertmanager's has dated into its
// future is taken when it is told again, a minute later
#define SLACK_NS (90 * SECOND_NS)
#define NAME_SIZE 16
#define STEPS_PER_SECOND UINT64_C(1000)
#define CUT_AFTER 19 // Bytes: in the body of "hello"

static const char configuration[] =
    "PREFIX : <https://w3id.org/demonitor#>\n"
    ":this :name \"one\" ; :alertmanager <http://192.0.2.9:9093> .\n";

static const char configuration_with_kubo[] =
    "PREFIX : <https://w3id.org/demonitor#>\n"
    ":this :name \"one\" ; :alertmanager <http://192.0.2.9:9093> ;\n"
    "  :kubo \"http://127.0.0.1:5001\" .\n";

static const char checks[] =
    "PREFIX : <https://w3id.org/demonitor#>\n"
    "<web0> a :HttpCheck ; :url \"http://web0.test/\" ; :every \"10s\" ; "
    ":retries 1 .\n"
    "<web1> a :HttpCheck ; :url \"http://web1.test/\" ; :every \"10s\" ; "
    ":retries 1 .\n"
    "<web2> a :HttpCheck ; :url \"http://web2.test/\" ; :every \"10s\" ; "
    ":retries 1 .\n"
    "<web3> a :HttpCheck ; :url \"http://web3.test/\" ; :every \"10s\" ; "
    ":retries 1 .\n"
    "<web4> a :HttpCheck ; :url \"http://web4.test/\" ; :every \"10s\" ; "
    ":retries 1 .\n"
    "<steady> a :HttpCheck ; :url \"http://steady.test/\" ; :every \"10s\" .\n"
    "<mixed> a :CommandCheck ; :run \"/usr/lib/mixed\" ; :every \"10s\" ; "
    ":retries 1 .\n"
    "<unknowing> a :CommandCheck ; :run \"/usr/lib/unknowing\" ; "
    ":every \"1m\" .\n"
    "<memory> a :SystemCheck ; :every \"30s\" ; :warnIf \"memory > 90%\" .\n"
    "<FailingLong> a :AlertRule ; :for \"1m\" ; :by \"check\" ;\n"
    "  :severity \"warning\" ; :summary \"{check}\" ; :select \"\"\"\n"
    "    SELECT ?check ?since WHERE { GRAPH :now {\n"
    "      ?state :check ?check ; :failing true ; :badSince ?since } }\"\"\" "
    ".\n";

struct web {
    struct scene *scene;
    char name[NAME_SIZE];
    struct dm_sim_host *host;
    struct dm_sim_site site;
};

// How often a check was run, and since the node began or woke up
struct turns {
    uint64_t begin;
    uint64_t n;
    uint64_t n_since;
    int64_t last_ns;
};

struct scene {
    const struct scene_options *options;
    struct dm_sim_fleet *fleet;
    struct dm_sim_world *world;
    struct dm_sim_station *station;
    struct dm_sim_host *am_host;
    struct dm_sim_alertmanager *am;
    struct dm_sim_incidents *incidents;      // CheckFailing
    struct dm_sim_incidents *long_incidents; // FailingLong
    struct dm_sim_chaos *chaos;              // Of node and Alertmanager
    struct dm_sim_chaos *outages;            // Of the webs
    struct dm_sim_random random;
    struct reader *reader;
    struct web webs[N_WEBS];
    bool is_am_ill[N_MOODS];
    bool is_excused;
    int64_t excused_from_ns;
    struct turns steady;
    struct turns unknowing;
    unsigned n_mixed;
    int64_t up_ns; // Of the node, running
    int64_t up_from_ns;
    bool was_up;
    uint64_t n_begins; // Boots and resumes
    struct dm_error error;
};

static void
print_line(void *context, enum dm_log_level level, struct dm_str line)
{
    (void)context;
    (void)fprintf(stderr, "  %s %.*s\n", dm_log_level_name(level), (int)line.n,
                  line.data);
}

static void
print_told(void *context, const struct dm_sim_notification *notification)
{
    const struct scene *scene = context;
    if (scene->options->is_loud) {
        (void)fprintf(stderr, "%9.3f %s %.*s\n",
                      (double)notification->at_ns / 1e9,
                      notification->is_firing ? "firing  " : "resolved",
                      (int)notification->labels.n, notification->labels.data);
    }
}

static void
print_note(void *context, int64_t now_ns, enum dm_sim_note note, uint64_t a,
           uint64_t b)
{
    (void)context;
    (void)a;
    if (note == DM_SIM_NOTE_CLOCK) {
        (void)fprintf(stderr, "%9.3f clock set by %" PRId64 " ms\n",
                      (double)now_ns / 1e9, (int64_t)b);
    } else if (note == DM_SIM_NOTE_POWER) {
        static const char *const moves[] = {"suspended", "resumed", "killed",
                                            "without power", "started"};
        (void)fprintf(stderr, "%9.3f %s\n", (double)now_ns / 1e9, moves[b]);
    }
}

static void
fail(struct scene *scene, const char *what)
{
    if (scene->error.status == DM_OK) {
        (void)dm_error_set(&scene->error, DM_ERR_CORRUPT, "%s", what);
        dm_error_detail(&scene->error, "at %" PRId64 " ms",
                        dm_sim_world_now_ns(scene->world) / DM_NS_PER_MS);
    }
}

// Targets

// A run of something that is never bad, and so keeps to its grid; only the
// first one after a begin is at once, and the second wherever the grid is
static void
count_run(struct scene *scene, struct turns *turns, int64_t every_ns)
{
    const int64_t now_ns = dm_sim_world_now_ns(scene->world);
    if (turns->begin != scene->n_begins) {
        turns->begin = scene->n_begins;
        turns->n_since = 0;
    }
    if (turns->n_since > 1 && now_ns - turns->last_ns < every_ns / 2) {
        fail(scene, "a check was run too early");
    }
    ++turns->n;
    ++turns->n_since;
    turns->last_ns = now_ns;
}

static void
serve_steady(void *context, const struct dm_sim_request *request,
             struct dm_sim_response *response)
{
    struct scene *scene = context;
    (void)request;
    count_run(scene, &scene->steady, EVERY_NS);
    (void)dm_buf_puts(&response->body, "well");
}

static void
run_program(void *context, const struct dm_process_spec *spec,
            struct dm_sim_program *program)
{
    static const int codes[] = {3, 3, 2, 0, 0, 0, 0};
    struct scene *scene = context;
    const char *path = spec->arguments[0];
    CHECK(path);
    if (strcmp(path, "/usr/lib/unknowing") == 0) {
        count_run(scene, &scene->unknowing, MINUTE_NS);
        program->code = 3;
    } else {
        program->code = codes[scene->n_mixed++ % DM_COUNT_OF(codes)];
    }
    (void)dm_buf_puts(&program->output, "so it is");
}

static void
set_web(void *context, size_t which, bool begins)
{
    struct scene *scene = context;
    struct web *web = &scene->webs[which];
    struct dm_sim_link *link = dm_sim_host_link(web->host);
    link->reach = DM_SIM_REACH_UP;
    web->site = (struct dm_sim_site){.body = "hello"};
    if (begins) {
        switch (dm_sim_random_below(&scene->random, 5)) {
        case 0:
            link->reach = DM_SIM_REACH_REFUSES;
            break;
        case 1:
            link->reach = DM_SIM_REACH_SILENT;
            break;
        case 2:
            web->site.hangs = true;
            break;
        case 3:
            web->site.cut_after = CUT_AFTER;
            break;
        default:
            web->site.status = 503;
            break;
        }
    }
    const int64_t now_ns = dm_sim_world_now_ns(scene->world);
    CHECK(dm_sim_incidents_set(scene->incidents, web->name, begins, now_ns) ==
          DM_OK);
    CHECK(dm_sim_incidents_set(scene->long_incidents, web->name, begins,
                               now_ns) == DM_OK);
}

static void
set_alertmanager(void *context, size_t which, bool begins)
{
    struct scene *scene = context;
    struct dm_sim_link *link = dm_sim_host_link(scene->am_host);
    struct dm_sim_alertmanager_mood *mood = dm_sim_alertmanager_mood(scene->am);
    CHECK(which < N_MOODS);
    scene->is_am_ill[which] = begins;
    if (scene->options->is_loud) {
        (void)fprintf(stderr, "%9.3f alertmanager trouble %zu %s\n",
                      (double)dm_sim_world_now_ns(scene->world) / 1e9, which,
                      begins ? "begins" : "ends");
    }
    link->reach = DM_SIM_REACH_UP;
    if (scene->is_am_ill[0]) {
        link->reach = DM_SIM_REACH_REFUSES;
    } else if (scene->is_am_ill[1]) {
        link->reach = DM_SIM_REACH_SILENT;
    }
    mood->delay_ns = scene->is_am_ill[2] ? 5 * SECOND_NS : 0;
    mood->status = scene->is_am_ill[3] ? 503 : 0;
}

// What is asked after every step

static bool
is_node_running(const struct scene *scene)
{
    return dm_sim_station_node(scene->station) &&
           dm_sim_machine_power(dm_sim_station_machine(scene->station)) ==
               DM_SIM_RUNNING;
}

// Results that a full disk does not take wait in memory, and nothing is told
// before COMMIT: so a change that falls into that time is told after it. Alerts
// that stand are told all the same.
static bool
is_disk_full(const struct scene *scene)
{
    const struct dm_sim_disk *disk = dm_sim_station_disk(scene->station);
    return dm_sim_disk_planned(disk) == DM_SIM_HARM_FULL;
}

static bool
is_any_ill(const struct scene *scene)
{
    for (size_t i = 0; i < N_MOODS; ++i) {
        if (scene->is_am_ill[i]) {
            return true;
        }
    }
    return is_disk_full(scene) || !is_node_running(scene);
}

static enum dm_status
follow(void *context, struct dm_sim_fleet *fleet,
       struct dm_sim_station *station, enum dm_sim_moment moment,
       struct dm_error *error)
{
    struct scene *scene = context;
    (void)fleet;
    (void)station;
    (void)moment;
    const int64_t now_ns = dm_sim_world_now_ns(scene->world);
    const bool is_excused = is_any_ill(scene);
    if (is_excused && !scene->is_excused) {
        scene->excused_from_ns = now_ns;
    } else if (!is_excused && scene->is_excused) {
        dm_sim_incidents_excuse(scene->incidents, scene->excused_from_ns,
                                now_ns);
        dm_sim_incidents_excuse(scene->long_incidents, scene->excused_from_ns,
                                now_ns);
    }
    scene->is_excused = is_excused;
    const bool is_up = is_node_running(scene);
    if (is_up && !scene->was_up) {
        scene->up_from_ns = now_ns;
        ++scene->n_begins;
    } else if (!is_up && scene->was_up) {
        scene->up_ns += now_ns - scene->up_from_ns;
    }
    scene->was_up = is_up;
    if (scene->error.status != DM_OK) {
        *error = scene->error;
    }
    return scene->error.status;
}

static enum dm_status
check_turns(struct scene *scene, struct dm_error *error)
{
    const int64_t now_ns = dm_sim_world_now_ns(scene->world);
    const int64_t up_ns = scene->up_ns + now_ns - scene->up_from_ns;
    const uint64_t turns = (uint64_t)(up_ns / EVERY_NS);
    const uint64_t most = turns + 2 * scene->n_begins + 2;
    const uint64_t lost = 2 * scene->n_begins + 2;
    const uint64_t least = turns > lost ? turns - lost : 0;
    if (scene->steady.n > most || scene->steady.n < least) {
        (void)dm_error_set(error, DM_ERR_CORRUPT, "a check is not on time");
        dm_error_detail(error, "%" PRIu64 " runs, %" PRIu64 " turns",
                        scene->steady.n, turns);
        return DM_ERR_CORRUPT;
    }
    return DM_OK;
}

static enum dm_status
check_end(void *context, struct dm_sim_fleet *fleet,
          struct dm_sim_station *station, enum dm_sim_moment moment,
          struct dm_error *error)
{
    struct scene *scene = context;
    (void)fleet;
    (void)station;
    (void)moment;
    const int64_t now_ns = dm_sim_world_now_ns(scene->world);
    enum dm_status status =
        dm_sim_incidents_check(scene->incidents, scene->am, now_ns, error);
    if (status == DM_OK) {
        status = dm_sim_incidents_check(scene->long_incidents, scene->am,
                                        now_ns, error);
    }
    return status == DM_OK ? check_turns(scene, error) : status;
}

// Setting the scene

static void
add_property(struct scene *scene, const char *name, enum dm_sim_moment moment,
             dm_sim_property_fn ask)
{
    const struct dm_sim_property property = {
        .name = name,
        .moments = (unsigned)moment,
        .ask = ask,
        .context = scene,
    };
    CHECK(dm_sim_fleet_require(scene->fleet, &property) == DM_OK);
}

static struct dm_sim_host *
add_host(struct scene *scene, const char *name, const char *address)
{
    struct dm_sim_host *host = NULL;
    CHECK(dm_sim_network_add(dm_sim_fleet_network(scene->fleet), name, address,
                             &host) == DM_OK);
    dm_sim_host_link(host)->jitter_ns = 20 * DM_NS_PER_MS;
    return host;
}

static void
add_targets(struct scene *scene)
{
    for (size_t i = 0; i < N_WEBS; ++i) {
        struct web *web = &scene->webs[i];
        char name[NAME_SIZE];
        char address[NAME_SIZE];
        web->scene = scene;
        (void)snprintf(web->name, sizeof(web->name), "web%zu", i);
        (void)snprintf(name, sizeof(name), "web%zu.test", i);
        (void)snprintf(address, sizeof(address), "192.0.2.%zu", 10 + i);
        web->host = add_host(scene, name, address);
        CHECK(dm_sim_host_serve(web->host, 80, NULL, dm_sim_site_serve,
                                &web->site) == DM_OK);
        set_web(scene, i, false);
    }
    struct dm_sim_host *steady = add_host(scene, "steady.test", "192.0.2.20");
    CHECK(dm_sim_host_serve(steady, 80, NULL, serve_steady, scene) == DM_OK);
    // Never broken, so never to be told
    static const char *const well[] = {"steady", "mixed", "unknowing",
                                       "memory"};
    for (size_t i = 0; i < DM_COUNT_OF(well); ++i) {
        CHECK(dm_sim_incidents_set(scene->incidents, well[i], false, 0) ==
              DM_OK);
        CHECK(dm_sim_incidents_set(scene->long_incidents, well[i], false, 0) ==
              DM_OK);
    }
}

static struct dm_sim_incidents *
new_incidents(const char *alertname, int64_t must_be_told_ns)
{
    const struct dm_sim_incidents_options options = {
        .alertname = alertname,
        .label = "check",
        .must_be_told_ns = must_be_told_ns,
        .slack_ns = SLACK_NS,
    };
    struct dm_sim_incidents *incidents = dm_sim_incidents_new(&options);
    CHECK(incidents);
    return incidents;
}

static void
add_node(struct scene *scene)
{
    struct dm_sim_station_options options =
        dm_sim_station_options_default("one", "192.0.2.1", &dm_sim_daemon_ops);
    options.program = run_program;
    options.net_context = scene;
    CHECK(dm_sim_fleet_add(scene->fleet, &options, &scene->station) == DM_OK);
    CHECK(dm_sim_station_write(
              scene->station, DM_SIM_NODE_CONFIG "/demonitor.ttl",
              dm_str(scene->options->has_kubo ? configuration_with_kubo
                                              : configuration)) == DM_OK);
    CHECK(dm_sim_station_write(scene->station,
                               DM_SIM_NODE_CONFIG "/checks/local.ttl",
                               dm_str(checks)) == DM_OK);
    struct dm_error error = {.status = DM_OK};
    if (dm_sim_station_boot(scene->station, &error) != DM_OK) {
        (void)fprintf(stderr, "the node does not start: %s: %s\n", error.what,
                      error.detail);
        abort();
    }
}

static void
begin_trouble(struct scene *scene)
{
    struct dm_sim_chaos_options node = dm_sim_chaos_options_default();
    node.mean_ns[DM_SIM_TROUBLE_OTHER] = 15 * MINUTE_NS;
    node.other_min_ns = 5 * SECOND_NS;
    node.other_max_ns = 60 * SECOND_NS;
    node.suspend_max_ns = 100 * SECOND_NS;
    node.clock_max_ms = 20 * DM_MS_PER_SECOND;
    node.n_others = N_MOODS;
    node.on_other = set_alertmanager;
    node.context = scene;
    if (!scene->options->sets_clocks) {
        node.mean_ns[DM_SIM_TROUBLE_CLOCK] = 0;
    }
    scene->chaos = dm_sim_chaos_new(scene->fleet, scene->station, &node);
    const struct dm_sim_chaos_options outages = {
        .mean_ns = {[DM_SIM_TROUBLE_OTHER] = 5 * MINUTE_NS},
        .other_min_ns = SECOND_NS,
        .other_max_ns = 4 * MINUTE_NS,
        .n_others = N_WEBS,
        .on_other = set_web,
        .context = scene,
    };
    scene->outages = dm_sim_chaos_new(scene->fleet, scene->station, &outages);
    CHECK(scene->chaos && scene->outages);
}

static void
set_up(struct scene *scene, const struct scene_options *options)
{
    *scene = (struct scene){.options = options};
    struct dm_sim_fleet_options fleet = {
        .world = dm_sim_options_default(options->seed),
        .log_level = DM_LOG_INFO,
        .on_line = options->is_loud ? print_line : NULL,
    };
    // An hour takes 100,000; more means that an actor runs in circles
    fleet.world.max_steps =
        STEPS_PER_SECOND *
        (uint64_t)((options->trouble_ns + QUIET_NS) / SECOND_NS);
    if (options->is_loud) {
        fleet.world.trace = print_note;
    }
    scene->fleet = dm_sim_fleet_new(&fleet);
    CHECK(scene->fleet);
    scene->world = dm_sim_fleet_world(scene->fleet);
    dm_sim_random_fork(dm_sim_world_random(scene->world), "scene",
                       &scene->random);
    scene->am_host = add_host(scene, "am.test", "192.0.2.9");
    const struct dm_sim_alertmanager_options am =
        dm_sim_alertmanager_options_default();
    scene->am = dm_sim_alertmanager_new(scene->world, scene->am_host, &am,
                                        print_told, scene);
    CHECK(scene->am);
    scene->incidents = new_incidents("CheckFailing", TOLD_NS);
    scene->long_incidents = new_incidents("FailingLong", TOLD_LONG_NS);
    add_targets(scene);
    add_property(scene, "a check runs once for each turn", DM_SIM_AFTER_STEP,
                 follow);
    add_property(scene, "each incident is told once", DM_SIM_AT_END, check_end);
    add_node(scene);
    scene->reader =
        reader_new(scene->fleet, scene->station, options->sets_clocks);
    begin_trouble(scene);
}

static void
tear_down(struct scene *scene)
{
    dm_sim_chaos_free(scene->chaos);
    dm_sim_chaos_free(scene->outages);
    reader_free(scene->reader);
    dm_sim_alertmanager_free(scene->am);
    dm_sim_incidents_free(scene->incidents);
    dm_sim_incidents_free(scene->long_incidents);
    dm_sim_fleet_free(scene->fleet);
}

void
scene_play(const struct scene_options *options, struct scene_outcome *outcome)
{
    static struct scene scene;
    *outcome = (struct scene_outcome){.status = DM_OK};
    set_up(&scene, options);
    enum dm_status status = dm_sim_fleet_run(scene.fleet, options->trouble_ns);
    if (status == DM_OK) {
        dm_sim_chaos_stop(scene.chaos);
        dm_sim_chaos_stop(scene.outages);
        status = dm_sim_fleet_run(scene.fleet, options->trouble_ns + QUIET_NS);
    }
    if (status == DM_OK) {
        status = dm_sim_fleet_finish(scene.fleet);
    }
    outcome->status = status;
    outcome->error = *dm_sim_fleet_error(scene.fleet);
    if (status == DM_ERR_LIMIT) {
        (void)dm_error_set(&outcome->error, status,
                           "an actor runs in circles without rest");
    }
    outcome->hash = dm_sim_world_hash(scene.world);
    outcome->n_steps = dm_sim_world_n_steps(scene.world);
    outcome->n_boots = dm_sim_station_n_boots(scene.station);
    outcome->n_seen = reader_n_seen(scene.reader);
    outcome->n_compared = reader_n_compared(scene.reader);
    outcome->n_notified = dm_sim_alertmanager_n_notified(scene.am);
    tear_down(&scene);
}
