// SPDX-License-Identifier: ISC

// Hosts and their scripts, programs, figures, watches, and what a kill, a power
// loss and a suspend do to what is under way. What every network does is in
// test_contract.c.

#include "base/time.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/icmp.h"
#include "net/identity.h"
#include "net/loop.h"
#include "net/resolver.h"
#include "net/stream.h"
#include "net/watch.h"
#include "sim/disk.h"
#include "sim/machine.h"
#include "sim/net.h"
#include "sim/network.h"
#include "sim/world.h"
#include "tests/check.h"

#include <string.h>

#define TIMEOUT_NS (10 * DM_NS_PER_SECOND)

struct fixture {
    struct dm_sim_world *world;
    struct dm_sim_network *network;
    struct dm_sim_disk *disk;
    struct dm_sim_machine *machine;
    struct dm_sim_net *sim_net;
    struct dm_net *net;
    struct dm_sim_host *host; ///< "web.test", 192.0.2.1
    struct dm_sim_site site;  ///< At its port 80
};

static struct dm_sim_net *
begin_net(struct fixture *f, struct dm_sim_machine *machine,
          struct dm_sim_host *host, dm_sim_program_fn program)
{
    const struct dm_sim_net_options options = {
        .network = f->network,
        .machine = machine,
        .host = host,
        .disk = f->disk,
        .program = program,
    };
    struct dm_sim_net *net = NULL;
    CHECK_INT(dm_sim_net_new(&options, &net), DM_OK);
    const struct dm_actor loop = dm_loop_actor(dm_sim_net_get(net)->loop);
    dm_sim_actor_begin(dm_sim_net_handle(net), &loop);
    return net;
}

static void
set_up(struct fixture *f, uint64_t seed, dm_sim_program_fn program)
{
    *f = (struct fixture){.site = {.body = "hello"}};
    const struct dm_sim_options options = dm_sim_options_default(seed);
    f->world = dm_sim_world_new(&options);
    CHECK(f->world);
    f->network = dm_sim_network_new(f->world);
    CHECK(f->network);
    const struct dm_sim_disk_options disk = dm_sim_disk_options_default();
    f->disk = dm_sim_disk_new(f->world, &disk);
    CHECK(f->disk);
    f->machine = dm_sim_machine_new(f->world, "one");
    CHECK(f->machine);
    dm_sim_machine_start(f->machine);
    f->sim_net = begin_net(f, f->machine, NULL, program);
    f->net = dm_sim_net_get(f->sim_net);
    CHECK_INT(dm_sim_network_add(f->network, "web.test", "192.0.2.1", &f->host),
              DM_OK);
    CHECK_INT(dm_sim_host_serve(f->host, 80, NULL, dm_sim_site_serve, &f->site),
              DM_OK);
}

static void
tear_down(struct fixture *f)
{
    dm_sim_net_free(f->sim_net);
    dm_sim_network_free(f->network);
    dm_sim_disk_free(f->disk);
    dm_sim_world_free(f->world);
}

struct answer {
    bool is_done;
    struct dm_net_outcome outcome;
    unsigned status;
    char body[64];
    int64_t total_ns;
    int64_t wait_ns;
    bool is_certificate_known;
};

static void
take(void *context, const struct dm_http_response *response)
{
    struct answer *answer = context;
    CHECK(!answer->is_done);
    answer->is_done = true;
    answer->outcome = response->outcome;
    answer->status = response->status;
    answer->total_ns = response->times.total_ns;
    answer->wait_ns = response->times.wait_ns;
    answer->is_certificate_known = response->certificate.is_known;
    (void)snprintf(answer->body, sizeof(answer->body), "%.*s",
                   (int)response->body.n,
                   response->body.n > 0 ? response->body.data : "");
}

static struct dm_http_request *
start(struct dm_net *net, const char *url, struct answer *answer)
{
    *answer = (struct answer){.is_done = false};
    const struct dm_http_request_spec spec = {
        .url = dm_str(url), .timeout_ns = TIMEOUT_NS, .max_body = 1000};
    struct dm_http_request *request = NULL;
    CHECK_INT(dm_http_client_start(net->http, &spec, take, answer, &request),
              DM_OK);
    return request;
}

static void
await(struct fixture *f, const bool *is_done)
{
    for (int i = 0; i < 100000 && !*is_done; ++i) {
        CHECK(dm_sim_world_step(f->world) == DM_OK);
    }
    CHECK(*is_done);
}

static void
get(struct fixture *f, const char *url, struct answer *answer)
{
    (void)start(f->net, url, answer);
    await(f, &answer->is_done);
}

static void
a_scripted_host_answers_as_it_is_told(void)
{
    struct fixture f;
    struct answer answer;
    set_up(&f, 1, NULL);
    get(&f, "http://web.test/", &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_OK);
    CHECK_INT(answer.status, 200);
    CHECK(strcmp(answer.body, "hello") == 0);
    CHECK(answer.total_ns >= 2 * DM_NS_PER_MS);
    f.site.status = 404;
    f.site.delay_ns = 300 * DM_NS_PER_MS;
    get(&f, "http://192.0.2.1/", &answer);
    CHECK_INT(answer.status, 404);
    CHECK(answer.wait_ns >= 300 * DM_NS_PER_MS);
    f.site = (struct dm_sim_site){.body = "0123456789", .bytes_per_second = 5};
    get(&f, "http://web.test/", &answer);
    CHECK(answer.total_ns >= 2 * DM_NS_PER_SECOND);
    f.site = (struct dm_sim_site){.n_ok = 2, .n_bad = 1};
    for (unsigned i = 0; i < 9; ++i) {
        get(&f, "http://web.test/", &answer);
        CHECK_INT(answer.status, i % 3 == 2 ? 503 : 200);
    }
    tear_down(&f);
}

static void
a_host_that_is_not_well_fails_in_its_way(void)
{
    struct fixture f;
    struct answer answer;
    set_up(&f, 2, NULL);
    struct dm_sim_link *link = dm_sim_host_link(f.host);
    link->reach = DM_SIM_REACH_REFUSES;
    get(&f, "http://web.test/", &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_CONNECTION);
    CHECK(strcmp(answer.outcome.text, "connect to 192.0.2.1:80: refused") == 0);
    link->reach = DM_SIM_REACH_UNREACHABLE;
    get(&f, "http://web.test/", &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_CONNECTION);
    link->reach = DM_SIM_REACH_SILENT;
    get(&f, "http://web.test/", &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_TIMED_OUT);
    CHECK(answer.total_ns >= TIMEOUT_NS);
    link->reach = DM_SIM_REACH_UP;
    f.site.hangs = true;
    get(&f, "http://web.test/", &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_TIMED_OUT);
    link->is_unknown = true;
    get(&f, "http://web.test/", &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_RESOLVE);
    link->is_dns_silent = true;
    get(&f, "http://web.test/", &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_TIMED_OUT);
    get(&f, "http://192.0.2.99/", &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_CONNECTION);
    dm_sim_host_close(f.host, 80);
    get(&f, "http://192.0.2.1/", &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_CONNECTION);
    tear_down(&f);
}

static void
an_answer_may_be_cut_at_any_byte(void)
{
    struct fixture f;
    struct answer answer;
    set_up(&f, 3, NULL);
    unsigned n_without = 0;
    unsigned n_within = 0;
    bool is_whole = false;
    for (size_t n = 1; n < 100 && !is_whole; ++n) {
        f.site.cut_after = n;
        get(&f, "http://web.test/", &answer);
        is_whole = answer.outcome.failure == DM_NET_OK;
        if (!is_whole) {
            CHECK_INT(answer.outcome.failure, DM_NET_CONNECTION);
            n_without += answer.status == 0 ? 1 : 0;
            n_within += answer.status == 200 ? 1 : 0;
        }
    }
    CHECK(is_whole && n_without > 10);
    CHECK_INT(n_within, 5);
    tear_down(&f);
}

static void
certificates_are_judged_before_the_request(void)
{
    struct fixture f;
    struct answer answer;
    set_up(&f, 4, NULL);
    struct dm_sim_tls tls = {
        .certificate = {.is_known = true, .not_after_ms = 5},
        .verdict = DM_NET_CERTIFICATE,
        .reason = "expired",
    };
    CHECK_INT(dm_sim_host_serve(f.host, 443, &tls, dm_sim_site_serve, &f.site),
              DM_OK);
    get(&f, "https://web.test/", &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_CERTIFICATE);
    CHECK(answer.is_certificate_known);
    CHECK_INT((int64_t)f.site.n_requests, 0);
    tls.verdict = DM_NET_OK;
    CHECK_INT(dm_sim_host_serve(f.host, 443, &tls, dm_sim_site_serve, &f.site),
              DM_OK);
    get(&f, "https://web.test/", &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_OK);
    get(&f, "http://web.test:443/", &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_CONNECTION);
    get(&f, "https://web.test:80/", &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_TLS);
    tear_down(&f);
}

// A machine that serves, and one that asks it

struct server {
    struct dm_http_server *server;
    struct dm_http_call *call; ///< Kept
    unsigned n_requests;
    unsigned n_closed;
    bool has_call;
};

static size_t
max_body(void *context, const struct dm_http_incoming *incoming)
{
    (void)context;
    (void)incoming;
    return 100;
}

static void
on_request(void *context, struct dm_http_call *call)
{
    struct server *server = context;
    ++server->n_requests;
    server->call = call;
    server->has_call = true;
}

static void
on_writable(void *context, struct dm_http_call *call)
{
    (void)context;
    (void)call;
}

static void
on_closed(void *context, struct dm_http_call *call, bool is_complete)
{
    struct server *server = context;
    (void)call;
    (void)is_complete;
    ++server->n_closed;
    server->call = NULL;
}

struct pair {
    struct fixture f;
    struct dm_sim_machine *other;
    struct dm_sim_net *other_net;
    struct server server;
};

static void
set_up_pair_as(struct pair *p, uint64_t seed,
               const struct dm_http_identity *identity)
{
    p->server = (struct server){.n_requests = 0};
    set_up(&p->f, seed, NULL);
    struct dm_sim_host *host = NULL;
    CHECK_INT(dm_sim_network_add(p->f.network, "two.test", "192.0.2.2", &host),
              DM_OK);
    p->other = dm_sim_machine_new(p->f.world, "two");
    CHECK(p->other);
    dm_sim_machine_start(p->other);
    p->other_net = begin_net(&p->f, p->other, host, NULL);
    const struct dm_http_handler handler = {
        .max_body = max_body,
        .on_request = on_request,
        .on_writable = on_writable,
        .on_closed = on_closed,
        .context = &p->server,
    };
    struct dm_address any = {.family = DM_FAMILY_4};
    const struct dm_http_listen listen = {
        .endpoint = dm_endpoint_ip(&any, 8080),
        .identity = identity,
        .max_connections = 10,
        .max_per_address = 10,
        .max_stream_bytes = 1000,
        .idle_timeout_ns = DM_NS_PER_SECOND,
    };
    CHECK_INT(dm_http_servers_listen(dm_sim_net_get(p->other_net)->servers,
                                     &listen, &handler, &p->server.server,
                                     NULL),
              DM_OK);
}

static void
set_up_pair(struct pair *p, uint64_t seed)
{
    set_up_pair_as(p, seed, NULL);
}

// The process on the other machine ends by its destructors
static void
end_other(struct pair *p)
{
    dm_http_servers_close(dm_sim_net_get(p->other_net)->servers,
                          p->server.server);
    CHECK_INT(p->server.n_closed, p->server.n_requests);
    dm_sim_net_free(p->other_net);
}

static void
machines_know_each_other_by_their_pins(void)
{
    static const uint8_t secret[DM_IDENTITY_SECRET_BYTES] = {2};
    const struct dm_identity_spec spec = {
        .secret = secret,
        .name = DM_STR("two"),
        .not_after_ms = INT64_C(253402300799000),
    };
    struct dm_identity identity;
    CHECK_INT(dm_identity_make(&spec, &identity), DM_OK);
    const struct dm_http_identity served = dm_identity_served(&identity);
    struct pair p;
    set_up_pair_as(&p, 7, &served);
    for (int is_other = 0; is_other < 2; ++is_other) {
        struct answer answer = {.is_done = false};
        struct dm_http_request *request = NULL;
        struct dm_http_request_spec asked = {
            .method = DM_STR("GET"),
            .url = DM_STR("https://two.test:8080/"),
            .timeout_ns = TIMEOUT_NS,
            .max_body = 100,
            .tls = {.has_pin = true},
        };
        memcpy(asked.tls.pin, identity.pin, sizeof(identity.pin));
        asked.tls.pin[5] ^= is_other ? 1U : 0U;
        CHECK_INT(dm_http_client_start(p.f.net->http, &asked, take, &answer,
                                       &request),
                  DM_OK);
        if (!is_other) {
            await(&p.f, &p.server.has_call);
            CHECK_INT(dm_http_answer(p.server.call, 200, NULL, 0, NULL, 0),
                      DM_OK);
        }
        await(&p.f, &answer.is_done);
        CHECK_INT(answer.outcome.failure,
                  is_other ? DM_NET_CERTIFICATE : DM_NET_OK);
        CHECK(answer.is_certificate_known);
    }
    CHECK_INT((int64_t)p.server.n_requests, 1);
    end_other(&p);
    tear_down(&p.f);
    dm_identity_done(&identity);
}

static void
a_kill_resets_and_a_power_loss_is_silent(void)
{
    for (int is_kill = 0; is_kill < 2; ++is_kill) {
        struct pair p;
        struct answer answer;
        set_up_pair(&p, 5);
        (void)start(p.f.net, "http://two.test:8080/", &answer);
        await(&p.f, &p.server.has_call);
        const int64_t now_ns = dm_sim_world_now_ns(p.f.world);
        if (is_kill) {
            dm_sim_machine_kill(p.other);
        } else {
            dm_sim_machine_lose_power(p.other);
        }
        dm_sim_net_cut(p.other_net, is_kill);
        CHECK_INT(dm_http_answer(p.server.call, 200, NULL, 0, NULL, 0), DM_OK);
        end_other(&p);
        await(&p.f, &answer.is_done);
        const int64_t took_ns = dm_sim_world_now_ns(p.f.world) - now_ns;
        CHECK_INT(answer.status, 0);
        CHECK_INT(answer.outcome.failure,
                  is_kill ? DM_NET_CONNECTION : DM_NET_TIMED_OUT);
        CHECK((took_ns < DM_NS_PER_SECOND) == is_kill);
        get(&p.f, "http://two.test:8080/", &answer);
        CHECK_INT(answer.outcome.failure, DM_NET_CONNECTION);
        tear_down(&p.f);
    }
}

static void
a_client_that_dies_is_seen_to_leave(void)
{
    for (int is_kill = 0; is_kill < 2; ++is_kill) {
        struct pair p;
        struct answer answer;
        set_up_pair(&p, 6);
        (void)start(p.f.net, "http://two.test:8080/", &answer);
        await(&p.f, &p.server.has_call);
        dm_sim_machine_kill(p.f.machine);
        dm_sim_net_cut(p.f.sim_net, is_kill);
        const int64_t now_ns = dm_sim_world_now_ns(p.f.world);
        while (p.server.n_closed == 0) {
            CHECK(dm_sim_world_step(p.f.world) == DM_OK);
        }
        CHECK((dm_sim_world_now_ns(p.f.world) - now_ns < DM_NS_PER_SECOND) ==
              is_kill);
        CHECK(!answer.is_done);
        end_other(&p);
        tear_down(&p.f);
    }
}

static void
a_suspended_server_answers_late(void)
{
    struct pair p;
    struct answer answer;
    set_up_pair(&p, 7);
    dm_sim_machine_suspend(p.other);
    (void)start(p.f.net, "http://two.test:8080/", &answer);
    const int64_t resume_ns = dm_sim_world_now_ns(p.f.world) + TIMEOUT_NS / 2;
    CHECK(dm_sim_world_run(p.f.world, resume_ns, NULL, NULL) == DM_OK);
    CHECK(!p.server.has_call && !answer.is_done);
    dm_sim_machine_resume(p.other);
    await(&p.f, &p.server.has_call);
    CHECK_INT(dm_http_answer(p.server.call, 204, NULL, 0, NULL, 0), DM_OK);
    await(&p.f, &answer.is_done);
    CHECK_INT(answer.status, 204);
    end_other(&p);
    tear_down(&p.f);
}

// Programs

static void
script(void *context, const struct dm_process_spec *spec,
       struct dm_sim_program *program)
{
    (void)context;
    const char *name = spec->arguments[0];
    CHECK(name);
    if (strcmp(name, "slow") == 0 || strcmp(name, "stubborn") == 0) {
        program->runs_ns = 100 * DM_NS_PER_SECOND;
        program->ignores_term = strcmp(name, "stubborn") == 0;
    } else if (strcmp(name, "none") == 0) {
        program->end = DM_PROCESS_NOT_FOUND;
    } else {
        program->code = 2;
        (void)dm_buf_puts(&program->output, "CRITICAL - it is so");
    }
}

struct ended {
    bool is_done;
    enum dm_process_end end;
    int code;
    int signal;
    char output[32];
    int64_t elapsed_ns;
    bool is_cut;
};

static void
on_ended(void *context, const struct dm_process_result *result)
{
    struct ended *ended = context;
    ended->is_done = true;
    ended->end = result->end;
    ended->code = result->code;
    ended->signal = result->signal;
    ended->elapsed_ns = result->elapsed_ns;
    ended->is_cut = result->is_output_cut;
    (void)snprintf(ended->output, sizeof(ended->output), "%.*s",
                   (int)result->output.n,
                   result->output.n > 0 ? result->output.data : "");
}

static struct ended
run(struct fixture *f, const char *name)
{
    const char *arguments[] = {name, NULL};
    const char *environment[] = {NULL};
    const struct dm_process_spec spec = {
        .arguments = arguments,
        .environment = environment,
        .timeout_ns = TIMEOUT_NS,
        .grace_ns = DM_NS_PER_SECOND,
        .max_output = 8,
    };
    struct ended ended = {.is_done = false};
    struct dm_process *process = NULL;
    CHECK_INT(
        dm_process_start(f->net->processes, &spec, on_ended, &ended, &process),
        DM_OK);
    await(f, &ended.is_done);
    return ended;
}

static void
what_is_between_two_hosts_cuts_and_resets(void)
{
    struct fixture f;
    struct answer answer;
    set_up(&f, 14, NULL);
    struct dm_sim_host *me = NULL;
    CHECK_INT(dm_sim_network_add(f.network, "me.test", "192.0.2.7", &me),
              DM_OK);
    struct dm_sim_machine *machine = dm_sim_machine_new(f.world, "me");
    CHECK(machine);
    dm_sim_machine_start(machine);
    struct dm_sim_net *sim_net = begin_net(&f, machine, me, NULL);
    struct dm_net *net = dm_sim_net_get(sim_net);
    struct dm_sim_way *way = dm_sim_network_way(f.network, me, f.host);
    CHECK(way && way == dm_sim_network_way(f.network, f.host, me));
    f.site.bytes_per_second = 5; // A second for "hello"
    (void)start(net, "http://web.test/", &answer);
    CHECK_INT(dm_sim_world_run(f.world, DM_NS_PER_SECOND / 2, NULL, NULL),
              DM_OK);
    way->is_cut = true;
    CHECK_INT(dm_sim_world_run(f.world, 2 * DM_NS_PER_SECOND, NULL, NULL),
              DM_OK);
    CHECK(!answer.is_done);
    way->is_cut = false;
    await(&f, &answer.is_done);
    CHECK_INT(answer.outcome.failure, DM_NET_OK);
    CHECK(strcmp(answer.body, "hello") == 0);
    way->is_cut = true;
    (void)start(net, "http://web.test/", &answer);
    await(&f, &answer.is_done);
    CHECK_INT(answer.outcome.failure, DM_NET_TIMED_OUT);
    get(&f, "http://web.test/", &answer); // From a machine that is no host
    CHECK_INT(answer.outcome.failure, DM_NET_OK);
    *way = (struct dm_sim_way){.reset_millionth = DM_SIM_MILLION};
    (void)start(net, "http://web.test/", &answer);
    await(&f, &answer.is_done);
    CHECK_INT(answer.outcome.failure, DM_NET_CONNECTION);
    dm_sim_net_free(sim_net);
    tear_down(&f);
}

static void
programs_follow_their_script(void)
{
    struct fixture f;
    set_up(&f, 8, script);
    struct ended ended = run(&f, "check");
    CHECK_INT(ended.end, DM_PROCESS_EXITED);
    CHECK_INT(ended.code, 2);
    CHECK(strcmp(ended.output, "CRITICAL") == 0 && ended.is_cut);
    ended = run(&f, "none");
    CHECK_INT(ended.end, DM_PROCESS_NOT_FOUND);
    ended = run(&f, "slow");
    CHECK_INT(ended.end, DM_PROCESS_TIMED_OUT);
    CHECK_INT(ended.signal, 15);
    CHECK(ended.elapsed_ns >= TIMEOUT_NS);
    ended = run(&f, "stubborn");
    CHECK_INT(ended.end, DM_PROCESS_TIMED_OUT);
    CHECK_INT(ended.signal, 9);
    CHECK(ended.elapsed_ns >= TIMEOUT_NS + DM_NS_PER_SECOND);
    tear_down(&f);
}

struct figures {
    bool is_done;
    enum dm_status status;
    size_t n;
    uint64_t total;
};

static void
on_figures(void *context, const struct dm_system_answer *answer)
{
    struct figures *figures = context;
    figures->is_done = true;
    figures->status = answer->status;
    figures->n = answer->bytes.n;
    figures->total = answer->space.total_bytes;
}

static struct figures
ask(struct fixture *f, enum dm_system_kind kind, const char *path, size_t max)
{
    const struct dm_system_question question = {
        .kind = kind, .path = path, .max = max, .timeout_ns = TIMEOUT_NS};
    struct figures figures = {.is_done = false};
    struct dm_system_read *read = NULL;
    CHECK_INT(
        dm_system_start(f->net->system, &question, on_figures, &figures, &read),
        DM_OK);
    await(f, &figures.is_done);
    return figures;
}

static void
the_system_has_figures(void)
{
    struct fixture f;
    set_up(&f, 9, NULL);
    struct figures figures = ask(&f, DM_SYSTEM_FILE, "/proc/meminfo", 4096);
    CHECK(figures.status == DM_OK && figures.n > 100);
    figures = ask(&f, DM_SYSTEM_FILE, "/proc/meminfo", 10);
    CHECK_INT(figures.status, DM_ERR_LIMIT);
    figures = ask(&f, DM_SYSTEM_FILE, "/none", 4096);
    CHECK_INT(figures.status, DM_ERR_NOT_FOUND);
    figures = ask(&f, DM_SYSTEM_SPACE, "/", 0);
    CHECK(figures.status == DM_OK && figures.total > 0);
    figures = ask(&f, DM_SYSTEM_ADDRESSES, "", 100);
    CHECK_INT(figures.status, DM_OK);
    tear_down(&f);
}

struct pinged {
    bool is_done;
    enum dm_net_failure failure;
};

static void
on_ping(void *context, const struct dm_ping_result *result)
{
    struct pinged *pinged = context;
    pinged->is_done = true;
    pinged->failure = result->outcome.failure;
}

static enum dm_net_failure
ping(struct fixture *f, const char *address)
{
    struct dm_ping_spec spec = {.payload = 56, .timeout_ns = TIMEOUT_NS};
    CHECK(dm_address_parse(dm_str(address), &spec.address));
    struct pinged pinged = {.is_done = false};
    struct dm_ping *ret = NULL;
    CHECK_INT(dm_ping_start(f->net->pinger, &spec, on_ping, &pinged, &ret),
              DM_OK);
    await(f, &pinged.is_done);
    return pinged.failure;
}

static void
pings_see_how_a_host_is_reached(void)
{
    struct fixture f;
    set_up(&f, 10, NULL);
    CHECK_INT(ping(&f, "192.0.2.1"), DM_NET_OK);
    dm_sim_host_link(f.host)->reach = DM_SIM_REACH_REFUSES; // Ports alone
    CHECK_INT(ping(&f, "192.0.2.1"), DM_NET_OK);
    dm_sim_host_link(f.host)->reach = DM_SIM_REACH_SILENT;
    CHECK_INT(ping(&f, "192.0.2.1"), DM_NET_TIMED_OUT);
    CHECK_INT(ping(&f, "192.0.2.77"), DM_NET_CONNECTION);
    tear_down(&f);
}

static void
on_change(void *context)
{
    unsigned *n = context;
    ++*n;
}

static void
make(struct dm_sim_disk *disk, const char *path)
{
    struct dm_sim_file *file = NULL;
    CHECK_INT(dm_sim_file_open(disk, path, DM_SIM_OPEN_CREATE, &file), DM_OK);
    dm_sim_file_close(file);
}

static void
watches_tell_once_it_is_quiet(void)
{
    struct fixture f;
    set_up(&f, 11, NULL);
    CHECK_INT(dm_sim_disk_make_directory(f.disk, "checks", 0755), DM_OK);
    const char *const directories[] = {"checks"};
    const struct dm_watch_spec spec = {
        .directories = directories, .n = 1, .settle_ns = DM_NS_PER_SECOND};
    struct dm_watch *watch = NULL;
    unsigned n = 0;
    CHECK_INT(
        dm_watch_start(f.net->watcher, &spec, on_change, &n, &watch, NULL),
        DM_OK);
    make(f.disk, "other");
    CHECK(dm_sim_world_run(f.world, 5 * DM_NS_PER_SECOND, NULL, NULL) == DM_OK);
    CHECK_INT(n, 0);
    make(f.disk, "checks/a.ttl");
    make(f.disk, "checks/b.ttl");
    CHECK(dm_sim_world_run(f.world, 9 * DM_NS_PER_SECOND, NULL, NULL) == DM_OK);
    CHECK_INT(n, 1);
    dm_watch_stop(watch);
    make(f.disk, "checks/c.ttl");
    CHECK(dm_sim_world_run(f.world, 12 * DM_NS_PER_SECOND, NULL, NULL) ==
          DM_OK);
    CHECK_INT(n, 1);
    tear_down(&f);
}

// Streams

struct talk {
    bool is_open;
    bool is_over;
    bool is_blocked;
    bool is_writable;
    enum dm_net_failure failure;
    char bytes[64];
    size_t n;
};

static void
on_open(void *context, int64_t elapsed_ns)
{
    struct talk *talk = context;
    CHECK(elapsed_ns > 0);
    talk->is_open = true;
}

static void
on_secure(void *context, int64_t elapsed_ns,
          const struct dm_http_certificate *certificate)
{
    (void)context;
    (void)elapsed_ns;
    (void)certificate;
    CHECK(false);
}

static void
on_data(void *context, struct dm_str bytes)
{
    struct talk *talk = context;
    CHECK(talk->n + bytes.n < sizeof(talk->bytes));
    memcpy(talk->bytes + talk->n, bytes.data, bytes.n);
    talk->n += bytes.n;
}

static void
on_stream_writable(void *context)
{
    struct talk *talk = context;
    talk->is_writable = true;
}

static void
on_end(void *context, const struct dm_net_outcome *outcome,
       const struct dm_http_certificate *certificate)
{
    struct talk *talk = context;
    (void)certificate;
    CHECK(!talk->is_over);
    talk->is_over = true;
    talk->failure = outcome->failure;
}

// Greets, echoes, and closes at "bye"
static void
echo(void *context, struct dm_str received, struct dm_buf *reply, bool *ends)
{
    (void)context;
    if (received.n == 0) {
        (void)dm_buf_puts(reply, "hello ");
    }
    (void)dm_buf_put_str(reply, received);
    *ends = dm_str_is(received, "bye");
}

static struct dm_stream *
connect_to(struct fixture *f, const char *address, struct talk *talk)
{
    *talk = (struct talk){.is_open = false};
    struct dm_address parsed;
    CHECK(dm_address_parse(dm_str(address), &parsed));
    const struct dm_stream_spec spec = {
        .endpoint = dm_endpoint_ip(&parsed, 7),
        .connect_timeout_ns = TIMEOUT_NS,
        .max_unsent = 8,
    };
    const struct dm_stream_handler handler = {
        .on_open = on_open,
        .on_secure = on_secure,
        .on_data = on_data,
        .on_writable = on_stream_writable,
        .on_end = on_end,
        .context = talk,
    };
    struct dm_stream *stream = NULL;
    CHECK_INT(dm_stream_start(f->net->streams, &spec, &handler, &stream),
              DM_OK);
    return stream;
}

static void
streams_talk_and_end_in_order(void)
{
    struct fixture f;
    struct talk talk;
    set_up(&f, 12, NULL);
    CHECK_INT(dm_sim_host_talk(f.host, 7, echo, NULL), DM_OK);
    struct dm_stream *stream = connect_to(&f, "192.0.2.1", &talk);
    await(&f, &talk.is_open);
    CHECK_INT(dm_stream_write(f.net->streams, stream, dm_str("one ")), DM_OK);
    CHECK_INT(dm_stream_write(f.net->streams, stream, dm_str("three")),
              DM_AGAIN);
    CHECK_INT(dm_stream_write(f.net->streams, stream, dm_str("much too long")),
              DM_ERR_LIMIT);
    await(&f, &talk.is_writable);
    CHECK_INT(dm_stream_write(f.net->streams, stream, dm_str("bye")), DM_OK);
    dm_stream_finish(f.net->streams, stream);
    CHECK_INT(dm_stream_write(f.net->streams, stream, dm_str("x")),
              DM_ERR_STATE);
    await(&f, &talk.is_over);
    CHECK_INT(talk.failure, DM_NET_OK);
    talk.bytes[talk.n] = '\0';
    CHECK(strcmp(talk.bytes, "hello one bye") == 0);
    tear_down(&f);
}

static void
streams_that_cannot_open_say_why(void)
{
    struct fixture f;
    struct talk talk;
    set_up(&f, 13, NULL);
    (void)connect_to(&f, "192.0.2.1", &talk);
    await(&f, &talk.is_over);
    CHECK_INT(talk.failure, DM_NET_CONNECTION);
    dm_sim_host_link(f.host)->reach = DM_SIM_REACH_SILENT;
    (void)connect_to(&f, "192.0.2.1", &talk);
    await(&f, &talk.is_over);
    CHECK_INT(talk.failure, DM_NET_TIMED_OUT);
    struct dm_stream *stream = connect_to(&f, "192.0.2.1", &talk);
    dm_stream_close(f.net->streams, stream);
    CHECK(dm_sim_world_run(f.world, 100 * DM_NS_PER_SECOND, NULL, NULL) ==
          DM_OK);
    CHECK(!talk.is_over);
    tear_down(&f);
}

int
main(void)
{
    a_scripted_host_answers_as_it_is_told();
    a_host_that_is_not_well_fails_in_its_way();
    an_answer_may_be_cut_at_any_byte();
    certificates_are_judged_before_the_request();
    machines_know_each_other_by_their_pins();
    a_kill_resets_and_a_power_loss_is_silent();
    a_client_that_dies_is_seen_to_leave();
    a_suspended_server_answers_late();
    what_is_between_two_hosts_cuts_and_resets();
    programs_follow_their_script();
    the_system_has_figures();
    pings_see_how_a_host_is_reached();
    watches_tell_once_it_is_quiet();
    streams_talk_and_end_in_order();
    streams_that_cannot_open_say_why();
    return 0;
}
