// SPDX-License-Identifier: ISC

#include "tests/sim/three.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/time.h"
#include "daemon/identity.h"
#include "sim/alertmanager.h"
#include "sim/backup.h"
#include "sim/chaos.h"
#include "sim/disk.h"
#include "sim/fleet.h"
#include "sim/incidents.h"
#include "sim/machine.h"
#include "sim/network.h"
#include "sim/node.h"
#include "tests/check.h"
#include "tests/sim/hostile.h"

#include <inttypes.h>
#include <string.h>

#define N_WEBS 3U           // That break, of each node
#define N_WAYS ((size_t)3)  // a-b, a-c, b-c
#define N_HEADS ((size_t)2) // Nodes with an Alertmanager
#define SECOND_NS DM_NS_PER_SECOND
#define MINUTE_NS (60 * SECOND_NS)
#define EVERY_S 30
#define FEW_EVERY_S 37 // Not in step with entries
#define OFTEN_S 5 // One of them, so that clocks go back behind its last result
#define QUIET_NS (8 * MINUTE_NS)
#define LOOK_NS (5 * SECOND_NS)
#define SIEGE_NS (45 * SECOND_NS)
#define SIEGE_EVERY_NS (8 * MINUTE_NS)
#define AGREE_NS (SECOND_NS / 10)
#define N_FEW 8U // Checks that are left then, so that heads stand still
#define SETTLE_NS (2 * SECOND_NS)
// A turn, its time-out, once more, and the way to another node
#define TOLD_NS (100 * SECOND_NS)
#define SLACK_NS (150 * SECOND_NS)
#define TEXT_MAX ((size_t)1 << 20)
#define NAME_SIZE 16
#define STEPS_PER_SECOND UINT64_C(20000)
#define CUT_AFTER 19

static const char *const names[LOGS_NODES] = {"a", "b", "c"};
static const char *const addresses[LOGS_NODES] = {"192.0.2.1", "192.0.2.2",
                                                  "192.0.2.3"};
// Whom each dials
static const bool dials[LOGS_NODES][LOGS_NODES] = {
    {false, false, false},
    {true, false, false},
    {true, true, false},
};
static const size_t heads[N_HEADS] = {0, 2};

struct web {
    struct three *three;
    size_t node;
    char name[NAME_SIZE];
    struct dm_sim_host *host;
    struct dm_sim_site site;
};

// An Alertmanager, and what it is to be told
struct head {
    struct three *three;
    size_t node;
    struct dm_sim_host *host;
    struct dm_sim_alertmanager *am;
    struct dm_sim_incidents *incidents[LOGS_NODES]; // Of each node's checks
    bool is_excused[LOGS_NODES];
    int64_t excused_from_ns[LOGS_NODES];
    bool is_ill;
};

struct station {
    struct three *three;
    size_t node;
    struct dm_sim_station *station;
    struct dm_key *key;
    struct dm_sim_chaos *chaos;
    struct dm_sim_chaos *outages;
    struct dm_sim_backup *backup;
    struct dm_sim_event restore;
    bool was_restored;
    struct web webs[N_WEBS];
};

struct three {
    const struct three_options *options;
    struct dm_sim_fleet *fleet;
    struct dm_sim_world *world;
    struct dm_sim_network *network;
    struct dm_sim_random random;
    struct station stations[LOGS_NODES];
    struct head heads[N_HEADS];
    struct dm_sim_way *ways[N_WAYS];
    bool is_cut[N_WAYS];
    struct dm_sim_host *steady_host;
    struct dm_sim_site steady;
    struct logs *logs;
    struct hostile *hostile;
    struct dm_sim_event look;
    struct dm_sim_event siege;
    bool is_agreeing; // The trouble is over
    bool has_agreed;
    uint64_t n_restored;
};

static void
print_line(void *context, enum dm_log_level level, struct dm_str line)
{
    (void)context;
    (void)fprintf(stderr, "  %s %.*s\n", dm_log_level_name(level), (int)line.n,
                  line.data);
}

static void
say(const struct three *three, const char *what, const char *of, bool begins)
{
    if (three->options->is_loud) {
        (void)fprintf(stderr, "%9.3f %s %s %s\n",
                      (double)dm_sim_world_now_ns(three->world) / 1e9, of, what,
                      begins ? "begins" : "ends");
    }
}

static void
print_note(void *context, int64_t now_ns, enum dm_sim_note note, uint64_t a,
           uint64_t b)
{
    (void)context;
    if (note == DM_SIM_NOTE_CLOCK) {
        (void)fprintf(stderr, "%9.3f clock set by %" PRId64 " ms\n",
                      (double)now_ns / 1e9, (int64_t)b);
    } else if (note == DM_SIM_NOTE_POWER) {
        static const char *const moves[] = {"suspended", "resumed", "killed",
                                            "without power", "started"};
        (void)fprintf(stderr, "%9.3f machine %" PRIu64 " %s\n",
                      (double)now_ns / 1e9, a, moves[b]);
    }
}

static void
print_told(void *context, const struct dm_sim_notification *notification)
{
    const struct head *head = context;
    if (head->three->options->is_loud) {
        (void)fprintf(stderr, "%9.3f %s is told: %s %.*s\n",
                      (double)notification->at_ns / 1e9, names[head->node],
                      notification->is_firing ? "firing" : "resolved",
                      (int)notification->labels.n, notification->labels.data);
    }
}

// --------------------------------------------------------------------- trouble

static void
set_web(void *context, size_t which, bool begins)
{
    struct station *station = context;
    struct three *three = station->three;
    struct web *web = &station->webs[which];
    struct dm_sim_link *link = dm_sim_host_link(web->host);
    link->reach = DM_SIM_REACH_UP;
    web->site = (struct dm_sim_site){.body = "hello"};
    if (begins) {
        switch (dm_sim_random_below(&three->random, 4)) {
        case 0:
            link->reach = DM_SIM_REACH_REFUSES;
            break;
        case 1:
            link->reach = DM_SIM_REACH_SILENT;
            break;
        case 2:
            web->site.cut_after = CUT_AFTER;
            break;
        default:
            web->site.status = 503;
            break;
        }
    }
    say(three, "outage", web->name, begins);
    const int64_t now_ns = dm_sim_world_now_ns(three->world);
    for (size_t i = 0; i < N_HEADS; ++i) {
        CHECK(dm_sim_incidents_set(three->heads[i].incidents[station->node],
                                   web->name, begins, now_ns) == DM_OK);
    }
}

static void
set_alertmanager(struct head *head, bool begins)
{
    const bool refuses = begins && dm_sim_random_chance(&head->three->random,
                                                        DM_SIM_MILLION / 2);
    head->is_ill = begins;
    dm_sim_host_link(head->host)->reach =
        refuses ? DM_SIM_REACH_REFUSES : DM_SIM_REACH_UP;
    dm_sim_alertmanager_mood(head->am)->status = begins && !refuses ? 503 : 0;
}

// What is between nodes, and Alertmanagers
static void
set_between(void *context, size_t which, bool begins)
{
    static const char *const ways[] = {"a-b", "a-c", "b-c"};
    struct three *three = context;
    if (which < N_WAYS) {
        three->is_cut[which] = begins;
        three->ways[which]->is_cut = begins;
        say(three, "cut", ways[which], begins);
    } else if (which < 2 * N_WAYS) {
        struct dm_sim_way *way = three->ways[which - N_WAYS];
        way->lost_millionth = begins ? 200000 : 0;
        way->reset_millionth = begins ? 100000 : 0;
        say(three, "bad line", ways[which - N_WAYS], begins);
    } else {
        set_alertmanager(&three->heads[which - 2 * N_WAYS], begins);
        say(three, "illness", "an Alertmanager", begins);
    }
}

enum harm_of_node {
    HARM_BACKUP, ///< One is taken
    HARM_RESTORE,
    HARM_FLIP,
    N_HARMS
};

static void
restore(void *context)
{
    struct station *station = context;
    struct three *three = station->three;
    struct dm_sim_disk *disk = dm_sim_station_disk(station->station);
    if (dm_sim_station_node(station->station) || !station->backup ||
        !logs_may_restore(three->logs, station->node)) {
        return; // It is up again, or one of the others has more than another
    }
    CHECK_INT(dm_sim_backup_restore(station->backup, disk), DM_OK);
    logs_restored(three->logs, station->node);
    station->was_restored = true;
    ++three->n_restored;
    say(three, "restored backup", names[station->node], true);
}

static bool
has_alertmanager(size_t node)
{
    bool has = false;
    for (size_t i = 0; i < N_HEADS; ++i) {
        has = has || heads[i] == node;
    }
    return has;
}

static void
harm_node(void *context, size_t which, bool begins)
{
    struct station *station = context;
    struct three *three = station->three;
    struct dm_sim_disk *disk = dm_sim_station_disk(station->station);
    if (!begins || !dm_sim_station_node(station->station)) {
        return;
    }
    if (which == HARM_BACKUP) {
        dm_sim_backup_free(station->backup);
        station->backup = NULL;
        CHECK_INT(dm_sim_backup_take(disk, DM_SIM_NODE_DATA, &station->backup),
                  DM_OK);
        say(three, "backup", names[station->node], true);
    } else if (which == HARM_RESTORE && station->backup &&
               (three->options->restores_heads ||
                !has_alertmanager(station->node)) &&
               dm_sim_random_chance(&three->random, DM_SIM_MILLION / 3)) {
        dm_sim_station_end(station->station, DM_SIM_HARM_POWER);
        // What is under way on the network arrives before
        CHECK(dm_sim_event_set(three->world, &station->restore,
                               dm_sim_world_now_ns(three->world) + SETTLE_NS) ==
              DM_OK);
    } else if (which == HARM_FLIP) {
        const size_t log =
            (size_t)dm_sim_random_below(&three->random, LOGS_NODES);
        if (logs_flip(three->logs, station->node, log, &three->random)) {
            say(three, "flipped bit", names[station->node], true);
        }
    }
}

// ------------------------------------------------- what is asked after a while

static bool
is_running(const struct station *station)
{
    return dm_sim_station_node(station->station) &&
           dm_sim_machine_power(dm_sim_station_machine(station->station)) ==
               DM_SIM_RUNNING &&
           dm_sim_disk_planned(dm_sim_station_disk(station->station)) !=
               DM_SIM_HARM_FULL;
}

// Whether nobody can expect that `head` tells of `node` now
static bool
is_excused(const struct three *three, const struct head *head, size_t node)
{
    const struct station *own = &three->stations[head->node];
    bool is = head->is_ill || !is_running(own);
    for (size_t i = 0; node != head->node && i < LOGS_NODES; ++i) {
        is = is || !is_running(&three->stations[i]) || three->is_cut[i];
    }
    return is;
}

static enum dm_status
follow(void *context, struct dm_sim_fleet *fleet,
       struct dm_sim_station *station, enum dm_sim_moment moment,
       struct dm_error *error)
{
    struct three *three = context;
    const int64_t now_ns = dm_sim_world_now_ns(three->world);
    (void)fleet;
    (void)station;
    (void)moment;
    for (size_t i = 0; i < N_HEADS; ++i) {
        struct head *head = &three->heads[i];
        for (size_t node = 0; node < LOGS_NODES; ++node) {
            const bool is = is_excused(three, head, node);
            if (is && !head->is_excused[node]) {
                head->excused_from_ns[node] = now_ns;
            } else if (!is && head->is_excused[node]) {
                dm_sim_incidents_excuse(head->incidents[node],
                                        head->excused_from_ns[node], now_ns);
            }
            head->is_excused[node] = is;
        }
    }
    return logs_check(three->logs, error);
}

static void
look(void *context)
{
    struct three *three = context;
    int64_t next_ns = LOOK_NS;
    if (three->is_agreeing && !three->has_agreed) {
        three->has_agreed = logs_agree(three->logs);
        next_ns = AGREE_NS;
    } else {
        logs_look(three->logs);
    }
    CHECK(dm_sim_event_set(three->world, &three->look,
                           dm_sim_world_now_ns(three->world) + next_ns) ==
          DM_OK);
}

static enum dm_status
check_end(void *context, struct dm_sim_fleet *fleet,
          struct dm_sim_station *station, enum dm_sim_moment moment,
          struct dm_error *error)
{
    struct three *three = context;
    const int64_t now_ns = dm_sim_world_now_ns(three->world);
    (void)fleet;
    (void)station;
    (void)moment;
    logs_finish(three->logs);
    enum dm_status status = logs_check(three->logs, error);
    for (size_t i = 0; !status && i < N_HEADS; ++i) {
        const struct head *head = &three->heads[i];
        // Alerts that it had told since are told by their old state again
        if (three->stations[head->node].was_restored) {
            continue;
        }
        for (size_t node = 0; !status && node < LOGS_NODES; ++node) {
            status = dm_sim_incidents_check(head->incidents[node], head->am,
                                            now_ns, error);
        }
    }
    return status;
}

// --------------------------------------------------------------- configuration

static void
write_file(const struct station *station, const char *path, struct dm_str text)
{
    struct dm_sim_disk *disk = dm_sim_station_disk(station->station);
    CHECK_INT(dm_sim_station_write(station->station, path, text), DM_OK);
    CHECK_INT(dm_sim_disk_set_info(disk, path, 0600, 0), DM_OK);
}

static void
write_key(struct station *station)
{
    uint8_t seed[DM_KEY_SEED_BYTES];
    struct dm_buf text;
    dm_buf_init(&text, TEXT_MAX);
    memset(seed, (int)(station->node + 1), sizeof(seed));
    station->key = dm_key_from_seed(seed);
    CHECK(station->key);
    for (size_t i = 0; i < sizeof(seed); ++i) {
        CHECK_INT(dm_buf_printf(&text, "%02x", (unsigned)seed[i]), DM_OK);
    }
    CHECK_INT(dm_buf_putc(&text, '\n'), DM_OK);
    write_file(station, DM_SIM_NODE_DATA "/key", dm_buf_str(&text));
    dm_buf_done(&text);
}

static void
write_settings(const struct station *station)
{
    const struct three_options *options = station->three->options;
    struct dm_buf text;
    dm_buf_init(&text, TEXT_MAX);
    (void)dm_buf_printf(&text,
                        "PREFIX : <https://w3id.org/demonitor#>\n"
                        ":this :name \"%s\" ; :listen \"%s:3223\"",
                        names[station->node], addresses[station->node]);
    if (options->prunes) {
        (void)dm_buf_puts(&text, " ; :seal \"5s\" ; :keepBlocks \"1h\"");
    }
    for (size_t i = 0; i < N_HEADS; ++i) {
        if (heads[i] == station->node) {
            (void)dm_buf_printf(&text,
                                " ; :alertmanager <http://192.0.2.%zu:9093>",
                                (size_t)8 + i);
        }
    }
    (void)dm_buf_puts(&text, " .\n");
    CHECK_INT(text.status, DM_OK);
    write_file(station, DM_SIM_NODE_CONFIG "/demonitor.ttl", dm_buf_str(&text));
    dm_buf_done(&text);
}

static int
every_s(unsigned check, unsigned n)
{
    if (n == N_FEW) {
        return FEW_EVERY_S;
    }
    return check == N_WEBS ? OFTEN_S : EVERY_S;
}

static void
write_checks(const struct station *station, unsigned n)
{
    const char *name = names[station->node];
    struct dm_buf text;
    dm_buf_init(&text, TEXT_MAX);
    (void)dm_buf_puts(&text, "PREFIX : <https://w3id.org/demonitor#>\n");
    for (unsigned i = 0; i < n; ++i) {
        if (i < N_WEBS) {
            (void)dm_buf_printf(&text,
                                "<%s-web%u> a :HttpCheck ; :url "
                                "\"http://%s-web%u.test/\" ; ",
                                name, i, name, i);
        } else {
            (void)dm_buf_printf(&text,
                                "<%s-page%u> a :HttpCheck ; :url "
                                "\"http://steady.test/%u\" ; ",
                                name, i, i);
        }
        (void)dm_buf_printf(&text, ":every \"%ds\" ; :retries 1 .\n",
                            every_s(i, n));
    }
    CHECK_INT(text.status, DM_OK);
    write_file(station, DM_SIM_NODE_CONFIG "/checks/local.ttl",
               dm_buf_str(&text));
    dm_buf_done(&text);
}

static void
write_secret(const struct station *station, const char *kind, size_t other,
             size_t shown_by, size_t shown_to)
{
    char path[100];
    struct dm_buf text;
    dm_buf_init(&text, TEXT_MAX);
    (void)snprintf(path, sizeof(path), DM_SIM_NODE_CONFIG "/secrets/%s-%s",
                   kind, names[other]);
    CHECK_INT(dm_buf_printf(&text, "secret-that-%s-shows-%s\n", names[shown_by],
                            names[shown_to]),
              DM_OK);
    write_file(station, path, dm_buf_str(&text));
    dm_buf_done(&text);
}

// What a says of the hostile peer: it dials it
static void
write_hostile(const struct station *station, const struct dm_key *key)
{
    char iri[DM_KEY_IRI_SIZE];
    char pin[DM_PIN_SIZE];
    struct dm_identity identity;
    struct dm_buf text;
    dm_buf_init(&text, TEXT_MAX);
    dm_key_iri(dm_key_public(key), iri);
    CHECK_INT(dm_node_identity(key, &identity), DM_OK);
    dm_pin_format(identity.pin, pin);
    dm_identity_done(&identity);
    CHECK_INT(dm_buf_printf(&text,
                            "PREFIX : <https://w3id.org/demonitor#>\n"
                            "<peers/d> a :Peer ; :name \"d\" ; :log <%s> ; "
                            ":follow :all ; :url <https://192.0.2.4:3223> ; "
                            ":pin \"%s\" .\n",
                            iri, pin),
              DM_OK);
    write_file(station, DM_SIM_NODE_CONFIG "/peers/d.ttl", dm_buf_str(&text));
    dm_buf_done(&text);
}

static void
write_peer(const struct station *station, const struct station *other)
{
    char iri[DM_KEY_IRI_SIZE];
    char path[100];
    struct dm_buf text;
    dm_buf_init(&text, TEXT_MAX);
    const char *name = names[other->node];
    dm_key_iri(dm_key_public(other->key), iri);
    (void)dm_buf_printf(&text,
                        "PREFIX : <https://w3id.org/demonitor#>\n"
                        "<peers/%s> a :Peer ; :name \"%s\" ; :log <%s> ; "
                        ":follow :all ; :token \"peer ${file:from-%s}\"",
                        name, name, iri, name);
    write_secret(station, "from", other->node, other->node, station->node);
    if (dials[station->node][other->node]) {
        struct dm_identity identity;
        char pin[DM_PIN_SIZE];
        CHECK_INT(dm_node_identity(other->key, &identity), DM_OK);
        dm_pin_format(identity.pin, pin);
        dm_identity_done(&identity);
        (void)dm_buf_printf(&text,
                            " ; :url <https://%s:3223> ; :pin \"%s\" ; "
                            ":auth \"Bearer ${file:to-%s}\"",
                            addresses[other->node], pin, name);
        write_secret(station, "to", other->node, station->node, other->node);
    }
    (void)dm_buf_puts(&text, " .\n");
    CHECK_INT(text.status, DM_OK);
    (void)snprintf(path, sizeof(path), DM_SIM_NODE_CONFIG "/peers/%s.ttl",
                   name);
    write_file(station, path, dm_buf_str(&text));
    dm_buf_done(&text);
}

// ----------------------------------------------------------- setting the scene

static struct dm_sim_host *
add_host(struct three *three, const char *name, const char *address)
{
    struct dm_sim_host *host = NULL;
    CHECK_INT(dm_sim_network_add(three->network, name, address, &host), DM_OK);
    dm_sim_host_link(host)->jitter_ns = 20 * DM_NS_PER_MS;
    return host;
}

static void
add_heads(struct three *three)
{
    const struct dm_sim_incidents_options options = {
        .alertname = "CheckFailing",
        .label = "check",
        .must_be_told_ns = TOLD_NS,
        .slack_ns = SLACK_NS,
    };
    const struct dm_sim_alertmanager_options am =
        dm_sim_alertmanager_options_default();
    for (size_t i = 0; i < N_HEADS; ++i) {
        struct head *head = &three->heads[i];
        char name[NAME_SIZE];
        char address[NAME_SIZE];
        (void)snprintf(name, sizeof(name), "am%zu.test", i);
        (void)snprintf(address, sizeof(address), "192.0.2.%zu", 8 + i);
        head->three = three;
        head->node = heads[i];
        head->host = add_host(three, name, address);
        head->am = dm_sim_alertmanager_new(three->world, head->host, &am,
                                           print_told, head);
        CHECK(head->am);
        for (size_t node = 0; node < LOGS_NODES; ++node) {
            head->incidents[node] = dm_sim_incidents_new(&options);
            CHECK(head->incidents[node]);
        }
    }
}

static void
add_webs(struct station *station)
{
    struct three *three = station->three;
    for (size_t i = 0; i < N_WEBS; ++i) {
        struct web *web = &station->webs[i];
        char name[NAME_SIZE];
        char address[NAME_SIZE];
        web->three = three;
        web->node = station->node;
        (void)snprintf(web->name, sizeof(web->name), "%s-web%zu",
                       names[station->node], i);
        (void)snprintf(name, sizeof(name), "%s-web%zu.test",
                       names[station->node], i);
        (void)snprintf(address, sizeof(address), "192.0.2.%zu",
                       20 + 10 * station->node + i);
        web->host = add_host(three, name, address);
        CHECK_INT(dm_sim_host_serve(web->host, 80, NULL, dm_sim_site_serve,
                                    &web->site),
                  DM_OK);
        set_web(station, i, false);
    }
}

static void
add_station(struct three *three, size_t node)
{
    struct station *station = &three->stations[node];
    struct dm_sim_station_options options = dm_sim_station_options_default(
        names[node], addresses[node], &dm_sim_daemon_ops);
    options.down_min_ns = SETTLE_NS + SECOND_NS;
    station->three = three;
    station->node = node;
    CHECK_INT(dm_sim_fleet_add(three->fleet, &options, &station->station),
              DM_OK);
    dm_sim_host_link(dm_sim_station_host(station->station))->jitter_ns =
        50 * DM_NS_PER_MS;
    dm_sim_event_init(&station->restore, restore, station);
    write_key(station);
    write_settings(station);
    write_checks(station, three->options->n_checks);
    add_webs(station);
}

static void
add_ways(struct three *three)
{
    static const size_t ends[N_WAYS][2] = {{0, 1}, {0, 2}, {1, 2}};
    for (size_t i = 0; i < N_WAYS; ++i) {
        three->ways[i] = dm_sim_network_way(
            three->network,
            dm_sim_station_host(three->stations[ends[i][0]].station),
            dm_sim_station_host(three->stations[ends[i][1]].station));
        CHECK(three->ways[i]);
    }
}

static void
add_nodes(struct three *three)
{
    struct dm_sim_station *stations[LOGS_NODES];
    uint8_t publics[LOGS_NODES][DM_KEY_PUBLIC_BYTES];
    for (size_t node = 0; node < LOGS_NODES; ++node) {
        struct station *station = &three->stations[node];
        add_station(three, node);
        stations[node] = station->station;
        memcpy(publics[node], dm_key_public(station->key), DM_KEY_PUBLIC_BYTES);
    }
    for (size_t node = 0; node < LOGS_NODES; ++node) {
        for (size_t other = 0; other < LOGS_NODES; ++other) {
            if (other != node) {
                write_peer(&three->stations[node], &three->stations[other]);
            }
        }
    }
    add_ways(three);
    three->logs = logs_new(three->fleet, stations,
                           (const uint8_t(*)[DM_KEY_PUBLIC_BYTES])publics);
    if (three->options->has_hostile) {
        const struct hostile_options hostile = {
            .fleet = three->fleet,
            .host = add_host(three, "d.test", "192.0.2.4"),
            .victim = stations[1],
            .victim_log = dm_key_public(three->stations[1].key),
        };
        three->hostile = hostile_new(&hostile);
        write_hostile(&three->stations[0], hostile_key(three->hostile));
        logs_refuse(three->logs, dm_key_public(hostile_key(three->hostile)),
                    HOSTILE_GOOD);
    }
    for (size_t node = 0; node < LOGS_NODES; ++node) {
        struct dm_error error = {.status = DM_OK};
        if (dm_sim_station_boot(stations[node], &error) != DM_OK) {
            (void)fprintf(stderr, "%s does not start: %s: %s\n", names[node],
                          error.what, error.detail);
            abort();
        }
    }
}

static void
begin_trouble(struct three *three)
{
    for (size_t node = 0; node < LOGS_NODES; ++node) {
        struct station *station = &three->stations[node];
        struct dm_sim_chaos_options chaos = {
            .mean_ns =
                {
                    [DM_SIM_TROUBLE_KILL] = 20 * MINUTE_NS,
                    [DM_SIM_TROUBLE_POWER] = 25 * MINUTE_NS,
                    [DM_SIM_TROUBLE_FULL] = 40 * MINUTE_NS,
                    [DM_SIM_TROUBLE_ERROR] = 40 * MINUTE_NS,
                    [DM_SIM_TROUBLE_CLOCK] =
                        three->options->sets_clocks ? 25 * MINUTE_NS : 0,
                    [DM_SIM_TROUBLE_SUSPEND] = 50 * MINUTE_NS,
                    [DM_SIM_TROUBLE_OTHER] = 15 * MINUTE_NS,
                },
            .full_max_ns = 30 * SECOND_NS,
            .suspend_max_ns = 60 * SECOND_NS,
            .clock_max_ms = DM_MS_PER_MINUTE,
            .other_min_ns = SECOND_NS,
            .other_max_ns = 2 * SECOND_NS,
            .n_others = N_HARMS,
            .on_other = harm_node,
            .context = station,
        };
        station->chaos =
            dm_sim_chaos_new(three->fleet, station->station, &chaos);
        const struct dm_sim_chaos_options outages = {
            .mean_ns = {[DM_SIM_TROUBLE_OTHER] = 15 * MINUTE_NS},
            .other_min_ns = SECOND_NS,
            .other_max_ns = 10 * MINUTE_NS,
            .n_others = N_WEBS,
            .on_other = set_web,
            .context = station,
        };
        station->outages =
            dm_sim_chaos_new(three->fleet, station->station, &outages);
        CHECK(station->chaos && station->outages);
    }
}

static struct dm_sim_chaos *
begin_trouble_between(struct three *three)
{
    const struct dm_sim_chaos_options options = {
        .mean_ns = {[DM_SIM_TROUBLE_OTHER] = 15 * MINUTE_NS},
        .other_min_ns = SECOND_NS,
        .other_max_ns = 60 * SECOND_NS,
        .n_others = 2 * N_WAYS + N_HEADS,
        .on_other = set_between,
        .context = three,
    };
    struct dm_sim_chaos *chaos =
        dm_sim_chaos_new(three->fleet, three->stations[0].station, &options);
    CHECK(chaos);
    return chaos;
}

// For a while a hears of b by the hostile peer alone
static void
besiege(void *context)
{
    struct three *three = context;
    const bool begins = !three->ways[0]->is_cut;
    for (size_t i = 0; i < 2; ++i) {
        three->ways[i]->is_cut = begins;
        three->is_cut[i] = begins;
    }
    say(three, "siege", "a", begins);
    CHECK(dm_sim_event_set(three->world, &three->siege,
                           dm_sim_world_now_ns(three->world) +
                               (begins ? SIEGE_NS : SIEGE_EVERY_NS)) == DM_OK);
}

static void
add_property(struct three *three, const char *name, enum dm_sim_moment moment,
             dm_sim_property_fn ask)
{
    const struct dm_sim_property property = {
        .name = name,
        .moments = (unsigned)moment,
        .ask = ask,
        .context = three,
    };
    CHECK_INT(dm_sim_fleet_require(three->fleet, &property), DM_OK);
}

static void
set_up(struct three *three, const struct three_options *options)
{
    *three = (struct three){.options = options};
    struct dm_sim_fleet_options fleet = {
        .world = dm_sim_options_default(options->seed),
        .log_level = DM_LOG_INFO,
        .on_line = options->is_loud ? print_line : NULL,
    };
    fleet.world.max_steps =
        STEPS_PER_SECOND *
        (uint64_t)((options->trouble_ns + QUIET_NS) / SECOND_NS);
    if (options->is_loud) {
        fleet.world.trace = print_note;
    }
    three->fleet = dm_sim_fleet_new(&fleet);
    CHECK(three->fleet);
    three->world = dm_sim_fleet_world(three->fleet);
    three->network = dm_sim_fleet_network(three->fleet);
    dm_sim_random_fork(dm_sim_world_random(three->world), "scene",
                       &three->random);
    three->steady = (struct dm_sim_site){.body = "well"};
    three->steady_host = add_host(three, "steady.test", "192.0.2.90");
    CHECK_INT(dm_sim_host_serve(three->steady_host, 80, NULL, dm_sim_site_serve,
                                &three->steady),
              DM_OK);
    add_heads(three);
    add_nodes(three);
    add_property(three, "logs and their copies", DM_SIM_AFTER_STEP, follow);
    add_property(three, "at the end", DM_SIM_AT_END, check_end);
    dm_sim_event_init(&three->look, look, three);
    CHECK_INT(dm_sim_event_set(three->world, &three->look, LOOK_NS), DM_OK);
    dm_sim_event_init(&three->siege, besiege, three);
    if (options->has_hostile) {
        CHECK_INT(dm_sim_event_set(three->world, &three->siege, MINUTE_NS),
                  DM_OK);
    }
    begin_trouble(three);
}

static void
tear_down(struct three *three)
{
    dm_sim_event_cancel(three->world, &three->look);
    dm_sim_event_cancel(three->world, &three->siege);
    hostile_free(three->hostile);
    for (size_t node = 0; node < LOGS_NODES; ++node) {
        struct station *station = &three->stations[node];
        dm_sim_event_cancel(three->world, &station->restore);
        dm_sim_chaos_free(station->chaos);
        dm_sim_chaos_free(station->outages);
        dm_sim_backup_free(station->backup);
        dm_key_free(station->key);
    }
    for (size_t i = 0; i < N_HEADS; ++i) {
        dm_sim_alertmanager_free(three->heads[i].am);
        for (size_t node = 0; node < LOGS_NODES; ++node) {
            dm_sim_incidents_free(three->heads[i].incidents[node]);
        }
    }
    logs_free(three->logs);
    dm_sim_fleet_free(three->fleet);
}

static void
end_trouble(struct three *three, struct dm_sim_chaos *between)
{
    for (size_t node = 0; node < LOGS_NODES; ++node) {
        dm_sim_event_cancel(three->world, &three->stations[node].restore);
        dm_sim_chaos_stop(three->stations[node].chaos);
        dm_sim_chaos_stop(three->stations[node].outages);
    }
    dm_sim_chaos_stop(between);
    dm_sim_event_cancel(three->world, &three->siege);
    for (size_t i = 0; i < N_WAYS; ++i) {
        set_between(three, i, false);
    }
}

static void
print_logs(const struct three *three)
{
    for (size_t node = 0; node < LOGS_NODES; ++node) {
        for (size_t log = 0; log < LOGS_NODES; ++log) {
            (void)fprintf(stderr, "%s holds %" PRIu64 " entries of %s\n",
                          names[node], logs_seq(three->logs, node, log),
                          names[log]);
        }
    }
}

void
three_play(const struct three_options *options, struct three_outcome *outcome)
{
    static struct three three;
    *outcome = (struct three_outcome){.status = DM_OK};
    set_up(&three, options);
    struct dm_sim_chaos *between = begin_trouble_between(&three);
    enum dm_status status = dm_sim_fleet_run(three.fleet, options->trouble_ns);
    if (status == DM_OK) {
        end_trouble(&three, between);
        // What was under way is over, then all are to agree
        status =
            dm_sim_fleet_run(three.fleet, options->trouble_ns + 2 * MINUTE_NS);
        three.is_agreeing = true;
        for (size_t node = 0; node < LOGS_NODES; ++node) {
            write_checks(&three.stations[node], N_FEW);
        }
    }
    if (status == DM_OK) {
        status = dm_sim_fleet_run(three.fleet, options->trouble_ns + QUIET_NS);
    }
    if (status == DM_OK) {
        status = dm_sim_fleet_finish(three.fleet);
    }
    if (options->is_loud) {
        print_logs(&three);
    }
    outcome->status = status;
    outcome->error = *dm_sim_fleet_error(three.fleet);
    if (status == DM_ERR_LIMIT) {
        (void)dm_error_set(&outcome->error, status,
                           "an actor runs in circles without rest");
    }
    outcome->hash = dm_sim_world_hash(three.world);
    outcome->n_steps = dm_sim_world_n_steps(three.world);
    outcome->n_restored = three.n_restored;
    outcome->logs = logs_figures(three.logs);
    if (three.hostile) {
        outcome->n_forged = hostile_n_forged(three.hostile);
        outcome->n_foreign = hostile_n_foreign(three.hostile);
    }
    for (size_t node = 0; node < LOGS_NODES; ++node) {
        outcome->n_boots +=
            dm_sim_station_n_boots(three.stations[node].station);
    }
    for (size_t i = 0; i < N_HEADS; ++i) {
        outcome->n_notified +=
            dm_sim_alertmanager_n_notified(three.heads[i].am);
    }
    dm_sim_chaos_free(between);
    tear_down(&three);
}
