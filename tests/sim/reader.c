// SPDX-License-Identifier: ISC

#include "tests/sim/reader.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/time.h"
#include "net/http_client.h"
#include "net/loop.h"
#include "net/url.h"
#include "sim/machine.h"
#include "sim/net.h"
#include "sim/network.h"
#include "sim/node.h"
#include "tests/check.h"

#include <jansson.h>
#include <string.h>

#define SEEN_MAX 8192
#define NAME_SIZE 40
#define LINE_MAX 65536
#define LINES_MAX ((size_t)1 << 20)
#define ANSWER_MAX ((size_t)8 << 20)
#define QUERY_MAX 4096
#define ASK_EVERY_NS (15 * DM_NS_PER_SECOND)
#define RETRY_NS DM_NS_PER_SECOND
#define PRESENT_EVERY 6
#define UNION_EVERY 40
#define TIMEOUT_NS (30 * DM_NS_PER_SECOND)
#define FOREVER_NS (1000000 * DM_NS_PER_SECOND)
#define SITE "https://demonitor.internal/"

// A result that was seen and is to be found for ever
struct seen {
    char check[NAME_SIZE];
    char at[DM_TIME_SIZE];
    int64_t seen_ns; // Of the node's machine, which seals by that clock
    uint64_t n_boots;
    bool is_change;
};

enum question {
    QUESTION_HISTORY, // R1, R2
    QUESTION_PRESENT, // R3
    QUESTION_UNION,   // R4
    N_QUESTIONS
};

struct reader {
    struct dm_sim_fleet *fleet;
    struct dm_sim_station *station;
    struct dm_sim_world *world;
    struct dm_sim_machine *machine; // The person's
    struct dm_sim_net *net;
    struct dm_http_request *events; // NULL between two attempts
    struct dm_timer events_timer;
    struct dm_timer ask_timer;
    struct dm_buf line; // Of /events, not yet whole
    bool is_result;     // What the next data is
    enum question question;
    uint64_t n_questions;
    bool is_clock_set;
    struct seen seen[SEEN_MAX];
    size_t n_seen;
    size_t n_asked;   // Of them, when the question was sent
    uint64_t n_boots; // Of the station then
    uint64_t n_all;
    uint64_t n_compared;
    struct dm_error error;
};

static void watch(void *context);
static void ask(void *context);

static struct dm_loop *
loop_of(const struct reader *reader)
{
    return dm_sim_net_get(reader->net)->loop;
}

static void
later(struct reader *reader, struct dm_timer *timer, dm_timer_fn fire,
      int64_t ns)
{
    struct dm_loop *loop = loop_of(reader);
    dm_loop_timer_start(loop, timer, dm_loop_now_ns(loop) + ns, fire, reader);
}

static void
fail(struct reader *reader, const char *what, const char *detail)
{
    if (reader->error.status == DM_OK) {
        (void)dm_error_set(&reader->error, DM_ERR_CORRUPT, "%s", what);
        dm_error_detail(&reader->error, "%s", detail);
    }
}

// /events

static void
remember(struct reader *reader, const char *json, size_t n)
{
    json_t *object = json_loadb(json, n, 0, NULL);
    const char *check = json_string_value(json_object_get(object, "check"));
    const char *at = json_string_value(json_object_get(object, "at"));
    const char *status = json_string_value(json_object_get(object, "status"));
    const char *before = json_string_value(json_object_get(object, "before"));
    CHECK(check && at && status);
    if (reader->n_seen == SEEN_MAX) {
        memmove(&reader->seen[0], &reader->seen[SEEN_MAX / 2],
                sizeof(reader->seen[0]) * (SEEN_MAX / 2));
        reader->n_seen = SEEN_MAX / 2;
        reader->n_asked -=
            reader->n_asked < SEEN_MAX / 2 ? reader->n_asked : SEEN_MAX / 2;
    }
    struct seen *seen = &reader->seen[reader->n_seen++];
    (void)snprintf(seen->check, sizeof(seen->check), "%s", check);
    (void)snprintf(seen->at, sizeof(seen->at), "%s", at);
    const struct dm_sim_machine *machine =
        dm_sim_station_machine(reader->station);
    seen->seen_ns = dm_sim_machine_monotonic_ns(machine);
    seen->n_boots = dm_sim_station_n_boots(reader->station);
    seen->is_change = !before || strcmp(before, status) != 0;
    ++reader->n_all;
    json_decref(object);
}

static void
take_line(struct reader *reader, struct dm_str line)
{
    const struct dm_str event = DM_STR("event:");
    const struct dm_str data = DM_STR("data:");
    if (dm_str_starts(line, event)) {
        reader->is_result = dm_str_is(
            dm_str_trim(dm_str_slice(line, event.n, line.n)), "result");
    } else if (dm_str_starts(line, data) && reader->is_result) {
        const struct dm_str json =
            dm_str_trim(dm_str_slice(line, data.n, line.n));
        remember(reader, json.data, json.n);
        reader->is_result = false;
    }
}

static bool
on_event_bytes(void *context, unsigned status, struct dm_str bytes)
{
    struct reader *reader = context;
    if (status != 200) {
        return false;
    }
    for (size_t i = 0; i < bytes.n; ++i) {
        if (bytes.data[i] == '\n') {
            take_line(reader, dm_buf_str(&reader->line));
            dm_buf_clear(&reader->line);
        } else {
            (void)dm_buf_putc(&reader->line, bytes.data[i]);
        }
    }
    return true;
}

static void
on_events_end(void *context, const struct dm_http_response *response)
{
    struct reader *reader = context;
    (void)response;
    reader->events = NULL;
    later(reader, &reader->events_timer, watch, RETRY_NS);
}

static void
watch(void *context)
{
    struct reader *reader = context;
    dm_buf_clear(&reader->line);
    const struct dm_http_request_spec spec = {
        .url = DM_STR("http://localhost/events"),
        .connect = DM_STR("unix:" DM_SIM_NODE_SOCKET),
        .timeout_ns = FOREVER_NS,
        .on_data = on_event_bytes,
        .data_context = reader,
    };
    CHECK(dm_http_client_start(dm_sim_net_get(reader->net)->http, &spec,
                               on_events_end, reader,
                               &reader->events) == DM_OK);
}

// /sparql

static const char history_query[] =
    "SELECT ?c ?t { << ?c dm:status ?s >> dm:at ?t }";

static const char present_query[] =
    "SELECT ?c ?m { { SELECT ?c (MAX(?u) AS ?m) "
    "{ << ?c dm:status ?s >> dm:at ?u } GROUP BY ?c } "
    "FILTER NOT EXISTS { GRAPH dm:now { ?state dm:check ?c ; dm:at ?t } "
    "FILTER (?t >= ?m) } }";

static const char union_query[] =
    "SELECT ?s ?p ?o (COUNT(*) AS ?n) { ?s ?p ?o } "
    "GROUP BY ?s ?p ?o HAVING (COUNT(*) > 1)";

static const char *const queries[N_QUESTIONS] = {
    [QUESTION_HISTORY] = history_query,
    [QUESTION_PRESENT] = present_query,
    [QUESTION_UNION] = union_query,
};

static void
compare_history(struct reader *reader, struct dm_str body)
{
    struct dm_map lines;
    dm_map_init(&lines, LINES_MAX, 0);
    while (body.n > 0) {
        const struct dm_str line =
            dm_str_slice(body, 0, dm_str_find(body, dm_str("\n")));
        CHECK(dm_map_put(&lines, dm_str_trim(line), NULL));
        body = dm_str_slice(body, line.n + 1, body.n);
    }
    for (size_t i = 0; i < reader->n_asked; ++i) {
        const struct seen *seen = &reader->seen[i];
        char line[sizeof(SITE) + NAME_SIZE + DM_TIME_SIZE + 2];
        (void)snprintf(line, sizeof(line), SITE "%s,%s", seen->check, seen->at);
        if (!dm_map_get(&lines, dm_str(line))) {
            fail(reader, "a result that was seen is gone", line);
        }
    }
    dm_map_done(&lines);
}

// More than the header is a counter-example
static void
compare_nothing(struct reader *reader, struct dm_str body, const char *what)
{
    const size_t header = dm_str_find(body, dm_str("\n"));
    const struct dm_str rest = dm_str_slice(body, header + 1, 200);
    if (rest.n > 0) {
        char text[201];
        (void)snprintf(text, sizeof(text), "%.*s", (int)rest.n, rest.data);
        fail(reader, what, text);
    }
}

static void
on_answer(void *context, const struct dm_http_response *response)
{
    struct reader *reader = context;
    later(reader, &reader->ask_timer, ask, ASK_EVERY_NS);
    if (response->outcome.failure != DM_NET_OK || response->status != 200 ||
        reader->n_boots != dm_sim_station_n_boots(reader->station)) {
        return;
    }
    CHECK(!response->is_body_cut);
    ++reader->n_compared;
    const struct dm_str body = response->body;
    switch (reader->question) {
    case QUESTION_HISTORY:
        compare_history(reader, body);
        break;
    case QUESTION_PRESENT:
        if (!reader->is_clock_set) {
            compare_nothing(reader, body, "the present is not the newest");
        }
        break;
    case QUESTION_UNION:
        compare_nothing(reader, body, "a triple is there twice");
        break;
    case N_QUESTIONS:
        CHECK(false);
    }
    // The dear ones, over all there is, come now and then
    ++reader->n_questions;
    reader->question = QUESTION_HISTORY;
    if (reader->n_questions % PRESENT_EVERY == 0) {
        reader->question = QUESTION_PRESENT;
    } else if (reader->n_questions % UNION_EVERY == 0) {
        reader->question = QUESTION_UNION;
    }
}

static void
ask(void *context)
{
    struct reader *reader = context;
    struct dm_buf url;
    struct dm_http_request *request = NULL;
    const struct dm_http_header accept = {DM_STR("Accept"), DM_STR("text/csv")};
    dm_buf_init(&url, QUERY_MAX);
    (void)dm_buf_puts(&url, "http://localhost/sparql?query=");
    (void)dm_percent_encode(dm_str(queries[reader->question]), &url);
    reader->n_asked = reader->n_seen;
    reader->n_boots = dm_sim_station_n_boots(reader->station);
    const struct dm_http_request_spec spec = {
        .url = dm_buf_str(&url),
        .connect = DM_STR("unix:" DM_SIM_NODE_SOCKET),
        .headers = &accept,
        .n_headers = 1,
        .timeout_ns = TIMEOUT_NS,
        .max_body = ANSWER_MAX,
    };
    CHECK(dm_http_client_start(dm_sim_net_get(reader->net)->http, &spec,
                               on_answer, reader, &request) == DM_OK);
    dm_buf_done(&url);
}

// A process that was killed leaves what it had not yet sealed to the next one,
// whose first durable commit comes soon after its start. Where the power went
// before that, it may be gone.
static bool
is_kept_by_boots(const struct reader *reader, const struct seen *seen)
{
    const uint64_t boots = dm_sim_station_n_boots(reader->station);
    const int64_t up_ns = dm_sim_world_now_ns(reader->world) -
                          dm_sim_station_booted_ns(reader->station);
    return seen->n_boots + 1 < boots ||
           (seen->n_boots < boots && up_ns >= READER_CHANGE_NS);
}

// What a power loss may have taken is no longer looked for
static void
forget_unsealed(struct reader *reader)
{
    const struct dm_sim_machine *machine =
        dm_sim_station_machine(reader->station);
    const int64_t now_ns = dm_sim_machine_monotonic_ns(machine);
    size_t kept = 0;
    for (size_t i = 0; i < reader->n_seen; ++i) {
        const struct seen *seen = &reader->seen[i];
        const int64_t must_ns =
            seen->is_change ? READER_CHANGE_NS : READER_SEAL_NS;
        if (is_kept_by_boots(reader, seen) ||
            (seen->n_boots == dm_sim_station_n_boots(reader->station) &&
             now_ns - seen->seen_ns >= must_ns)) {
            reader->seen[kept++] = *seen;
        }
    }
    reader->n_seen = kept;
    reader->n_asked = 0;
    // Nobody says that the connection is gone; the person sees the machine is
    if (reader->events) {
        dm_http_client_cancel(dm_sim_net_get(reader->net)->http,
                              reader->events);
        reader->events = NULL;
        later(reader, &reader->events_timer, watch, RETRY_NS);
    }
}

static enum dm_status
property(void *context, struct dm_sim_fleet *fleet,
         struct dm_sim_station *station, enum dm_sim_moment moment,
         struct dm_error *error)
{
    struct reader *reader = context;
    (void)fleet;
    if (moment == DM_SIM_AFTER_LOSS && station == reader->station) {
        forget_unsealed(reader);
    }
    return reader_check(reader, error);
}

struct reader *
reader_new(struct dm_sim_fleet *fleet, struct dm_sim_station *station,
           bool is_clock_set)
{
    struct reader *reader = dm_calloc(1, sizeof(*reader));
    CHECK(reader);
    reader->fleet = fleet;
    reader->station = station;
    reader->world = dm_sim_fleet_world(fleet);
    reader->is_clock_set = is_clock_set;
    dm_buf_init(&reader->line, LINE_MAX);
    reader->machine = dm_sim_machine_new(reader->world, "person");
    CHECK(reader->machine);
    dm_sim_machine_start(reader->machine);
    const struct dm_sim_net_options options = {
        .network = dm_sim_fleet_network(fleet),
        .machine = reader->machine,
        .seat = dm_sim_station_machine(station),
    };
    CHECK(dm_sim_net_new(&options, &reader->net) == DM_OK);
    const struct dm_actor loop = dm_loop_actor(loop_of(reader));
    dm_sim_actor_begin(dm_sim_net_handle(reader->net), &loop);
    later(reader, &reader->events_timer, watch, 0);
    later(reader, &reader->ask_timer, ask, RETRY_NS);
    const struct dm_sim_property told = {
        .name = "what was seen stays",
        .moments = DM_SIM_AFTER_STEP | DM_SIM_AFTER_LOSS,
        .ask = property,
        .context = reader,
    };
    CHECK(dm_sim_fleet_require(fleet, &told) == DM_OK);
    return reader;
}

void
reader_free(struct reader *reader)
{
    if (reader) {
        dm_loop_timer_stop(loop_of(reader), &reader->events_timer);
        dm_loop_timer_stop(loop_of(reader), &reader->ask_timer);
        dm_sim_machine_kill(reader->machine);
        dm_sim_net_free(reader->net);
        dm_buf_done(&reader->line);
        dm_free(reader);
    }
}

enum dm_status
reader_check(const struct reader *reader, struct dm_error *error)
{
    if (reader->error.status != DM_OK) {
        *error = reader->error;
    }
    return reader->error.status;
}

uint64_t
reader_n_seen(const struct reader *reader)
{
    return reader->n_all;
}

uint64_t
reader_n_compared(const struct reader *reader)
{
    return reader->n_compared;
}
