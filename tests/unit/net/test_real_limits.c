// SPDX-License-Identifier: ISC

// What bounds a server: connections, patience, and the path of its socket

#include "net/http_server.h"
#include "tests/check.h"
#include "tests/unit/net/raw.h"
#include "tests/unit/net/real_world.h"
#include "tests/unit/net/site.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MS INT64_C(1000000)

static void
more_connections_of_an_address_are_closed(const struct contract_world *world)
{
    struct dm_http_listen listen = site_listen(&world->tcp);
    struct site site;
    static struct raw raws[3];
    listen.max_per_address = 2;
    site_open_as(&site, world, &listen);
    raw_open(world, &site.endpoint, &raws[0]);
    raw_open(world, &site.endpoint, &raws[1]);
    raw_start(world, &site.endpoint, &raws[2]);
    contract_wait(world, &raws[2].has_ended);
    CHECK(!raws[0].has_ended && !raws[1].has_ended);
    dm_stream_close(world->net->streams, raws[0].stream);
    contract_settle(world);
    struct answer answer; // There is room again
    char url[256];
    site_url(&site, "/ok", url);
    const struct dm_http_request_spec spec = answer_spec(url);
    answer_get(world, &spec, &answer);
    CHECK_INT(answer.status, 200);
    dm_stream_close(world->net->streams, raws[1].stream);
    site_close(&site);
}

// Also where a byte comes now and then
static void
a_request_must_be_complete_in_time(const struct contract_world *world)
{
    static const char *const beginnings[] = {"", "GET /ok HTTP/1.1\r\nHost: x"};
    struct dm_http_listen listen = site_listen(&world->tcp);
    listen.idle_timeout_ns = 100 * MS;
    for (size_t i = 0; i < DM_COUNT_OF(beginnings); ++i) {
        struct site site;
        struct raw raw;
        site_open_as(&site, world, &listen);
        raw_open(world, &site.endpoint, &raw);
        CHECK_INT(dm_stream_write(world->net->streams, raw.stream,
                                  dm_str(beginnings[i])),
                  DM_OK);
        for (int n = 0; n < 1000 && !raw.has_ended; ++n) {
            world->step(world->self);
            if (i && !raw.has_ended && n % 4 == 0) {
                CHECK_INT(dm_stream_write(world->net->streams, raw.stream,
                                          dm_str("x")),
                          DM_OK);
            }
        }
        CHECK(raw.has_ended);
        CHECK_INT(site.n_requests, 0);
        site_close(&site);
    }
}

static void
patience_does_not_count_while_we_think(const struct contract_world *world)
{
    struct dm_http_listen listen = site_listen(&world->tcp);
    struct site site;
    struct raw raw;
    listen.idle_timeout_ns = 30 * MS;
    site_open_as(&site, world, &listen);
    raw_open(world, &site.endpoint, &raw);
    CHECK_INT(dm_stream_write(world->net->streams, raw.stream,
                              dm_str("GET /later HTTP/1.1\r\nHost: x\r\n\r\n")),
              DM_OK);
    contract_wait(world, &site.has_kept);
    contract_settle(world); // Longer than that
    CHECK(!raw.has_ended);
    site_answer(&site, 0, "thought");
    contract_wait(world, &raw.has_data);
    CHECK(strstr(raw.bytes, "thought"));
    contract_wait(world, &raw.has_ended); // Then the next does not come
    site_close(&site);
}

static void
send_text(const struct contract_world *world, const struct raw *raw,
          const char *text)
{
    CHECK_INT(dm_stream_write(world->net->streams, raw->stream, dm_str(text)),
              DM_OK);
}

// One that does nothing makes way; one whose request is being served does not
static void
who_waits_longest_makes_way(const struct contract_world *world)
{
    struct dm_http_listen listen = site_listen(&world->tcp);
    struct site site;
    static struct raw raws[4];
    listen.max_connections = 2;
    site_open_as(&site, world, &listen);
    raw_open(world, &site.endpoint, &raws[0]);
    send_text(world, &raws[0], "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    contract_wait(world, &site.has_kept);
    raw_open(world, &site.endpoint, &raws[1]);
    raw_open(world, &site.endpoint, &raws[2]);
    contract_wait(world, &raws[1].has_ended);
    CHECK(!raws[0].has_ended && !raws[2].has_ended);
    send_text(world, &raws[2], "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    while (site.n_kept < 2) {
        world->step(world->self);
    }
    raw_start(world, &site.endpoint, &raws[3]);
    contract_wait(world, &raws[3].has_ended);
    CHECK(!raws[0].has_ended && !raws[2].has_ended);
    dm_stream_close(world->net->streams, raws[0].stream);
    dm_stream_close(world->net->streams, raws[2].stream);
    contract_wait(world, &site.has_closed);
    site_close(&site);
}

// While nothing has come of the next request, patience is another
static void
a_header_has_a_time_of_its_own(const struct contract_world *world)
{
    struct dm_http_listen listen = site_listen(&world->tcp);
    struct site site;
    struct raw raw;
    listen.header_timeout_ns = 40 * MS;
    site_open_as(&site, world, &listen);
    raw_open(world, &site.endpoint, &raw);
    contract_wait(world, &raw.has_ended); // Not a word
    raw_open(world, &site.endpoint, &raw);
    send_text(world, &raw, "GET /ok HTTP/1.1\r\nHost: x\r\n\r\n");
    contract_wait(world, &raw.has_data);
    contract_settle(world); // Longer than that
    CHECK(!raw.has_ended);
    send_text(world, &raw, "GET /ok HTTP/1.1\r\nHost: ");
    contract_wait(world, &raw.has_ended);
    CHECK_INT(site.n_requests, 1);
    site_close(&site);
}

static void
post(const struct contract_world *world, const struct site *site,
     struct raw *raw)
{
    raw_open(world, &site->endpoint, raw);
    send_text(world, raw,
              "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: "
              "900\r\n\r\n");
}

static void
a_body_that_drips_is_cut_off(const struct contract_world *world)
{
    struct dm_http_listen listen = site_listen(&world->tcp);
    struct site site;
    struct raw raw;
    listen.idle_timeout_ns = listen.request_timeout_ns = 10000 * MS;
    listen.window_ns = 40 * MS;
    listen.window_bytes = 100;
    site_open_as(&site, world, &listen);
    post(world, &site, &raw);
    for (int n = 0; n < 800 && !raw.has_ended; ++n) {
        world->step(world->self);
        if (!raw.has_ended && n % 4 == 0) {
            send_text(world, &raw, "x");
        }
    }
    CHECK(raw.has_ended);
    CHECK_INT(site.n_requests, 0);
    site_close(&site);
}

static void
a_body_that_never_ends_is_cut_off(const struct contract_world *world)
{
    struct dm_http_listen listen = site_listen(&world->tcp);
    struct site site;
    struct raw raw;
    listen.request_timeout_ns = 100 * MS;
    listen.window_ns = 20 * MS;
    listen.window_bytes = 1; // Fast enough
    site_open_as(&site, world, &listen);
    post(world, &site, &raw);
    for (int n = 0; n < 3000 && !raw.has_ended; ++n) {
        world->step(world->self);
        if (!raw.has_ended && n % 4 == 0) {
            send_text(world, &raw, "x");
        }
    }
    CHECK(raw.has_ended);
    CHECK_INT(site.n_requests, 0);
    site_close(&site);
}

static void
a_body_that_comes_fast_enough_arrives(const struct contract_world *world)
{
    static char body[901];
    struct dm_http_listen listen = site_listen(&world->tcp);
    struct site site;
    struct raw raw;
    listen.window_ns = 50 * MS;
    listen.window_bytes = 1;
    site_open_as(&site, world, &listen);
    post(world, &site, &raw);
    memset(body, 'x', 450);
    send_text(world, &raw, body);
    for (int n = 0; n < 100; ++n) { // Some windows
        world->step(world->self);
        send_text(world, &raw, "y");
        CHECK(!raw.has_ended);
    }
    memset(body, 'z', 350);
    body[350] = '\0';
    send_text(world, &raw, body);
    contract_wait(world, &raw.has_data);
    CHECK(strstr(raw.bytes, "200 OK"));
    CHECK_INT(site.n_requests, 1);
    dm_stream_close(world->net->streams, raw.stream);
    site_close(&site);
}

// Another that does not read what it asked for
static void
who_does_not_read_is_cut_off(const struct contract_world *world)
{
    static const char request[] =
        "GET /bytes/10000000 HTTP/1.1\r\nHost: x\r\n\r\n";
    struct dm_http_listen listen = site_listen(&world->tcp);
    struct site site;
    struct sockaddr_in address = {.sin_family = AF_INET};
    listen.window_ns = 30 * MS;
    listen.window_bytes = 2000000; // So it has 6 of them
    site_open_as(&site, world, &listen);
    address.sin_port = htons(site.endpoint.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fd >= 0);
    const int few = 4096;
    CHECK(!setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &few, sizeof(few)));
    CHECK(!connect(fd, (const struct sockaddr *)&address, sizeof(address)));
    CHECK_INT(write(fd, request, sizeof(request) - 1),
              (int64_t)sizeof(request) - 1);
    contract_wait(world, &site.has_closed);
    CHECK_INT(site.n_requests, 1);
    CHECK_INT(site.n_complete, 0);
    CHECK(!close(fd));
    site_close(&site);
}

static void
an_unused_socket_path_is_replaced_and_no_other(
    const struct contract_world *world)
{
    const struct dm_http_handler handler = {0};
    const struct dm_http_listen listen = site_listen(&world->path);
    struct dm_http_server *server = NULL;
    struct site site;
    struct stat info;

    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, world->path.path, strlen(world->path.path));
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(fd >= 0);
    CHECK(!bind(fd, (const struct sockaddr *)&address, sizeof(address)));
    CHECK(!close(fd)); // The path is left

    site_open(&site, world, &world->path);
    CHECK(!stat(world->path.path, &info));
    CHECK_INT(info.st_mode & 0777U, 0600);
    CHECK_INT(dm_http_servers_listen(world->net->servers, &listen, &handler,
                                     &server, NULL),
              DM_ERR_BUSY);
    CHECK(!stat(world->path.path, &info));
    site_close(&site);
    CHECK(stat(world->path.path, &info)); // It takes its path along

    FILE *file = fopen(world->path.path, "w");
    CHECK(file);
    CHECK(!fclose(file));
    CHECK_INT(dm_http_servers_listen(world->net->servers, &listen, &handler,
                                     &server, NULL),
              DM_ERR_BUSY);
    CHECK(!stat(world->path.path, &info));
    CHECK(!unlink(world->path.path));
}

static void
a_header_that_is_too_long_reaches_no_handler(const struct contract_world *world)
{
    static char line[40000];
    struct site site;
    struct raw raw;
    memset(line, 'x', sizeof(line));
    site_open(&site, world, &world->tcp);
    raw_open(world, &site.endpoint, &raw);
    CHECK_INT(dm_stream_write(world->net->streams, raw.stream,
                              dm_str("GET /ok HTTP/1.1\r\nHost: x\r\nX: ")),
              DM_OK);
    CHECK_INT(dm_stream_write(world->net->streams, raw.stream,
                              dm_str_n(line, sizeof(line))),
              DM_OK);
    contract_wait(world, &raw.has_ended);
    CHECK_INT(site.n_requests, 0);
    site_close(&site);
}

// Where the machine has IPv6 at all
static void
ipv6_serves_like_ipv4(const struct contract_world *world)
{
    const struct dm_http_handler handler = {0};
    struct dm_http_server *server = NULL;
    struct dm_address loopback;
    CHECK(dm_address_parse(dm_str("::1"), &loopback));
    const struct dm_endpoint endpoint = dm_endpoint_ip(&loopback, 0);
    const struct dm_http_listen listen = site_listen(&endpoint);
    if (dm_http_servers_listen(world->net->servers, &listen, &handler, &server,
                               NULL)) {
        return;
    }
    dm_http_servers_close(world->net->servers, server);

    struct site site;
    struct answer answer;
    char url[256];
    site_open(&site, world, &endpoint);
    site_url(&site, "/ok", url);
    CHECK(strstr(url, "http://[::1]:"));
    const struct dm_http_request_spec spec = answer_spec(url);
    answer_get(world, &spec, &answer);
    CHECK_INT(answer.status, 200);
    CHECK_INT(site.peer, DM_HTTP_PEER_LOOPBACK);
    site_close(&site);
}

// All addresses are those of IPv4 too, unless that is somebody else's
static void
all_addresses_are_of_both_families(const struct contract_world *world)
{
    for (int only_6 = 0; only_6 < 2; ++only_6) {
        const struct dm_address any = {.family = DM_FAMILY_6};
        const struct dm_endpoint endpoint = dm_endpoint_ip(&any, 0);
        const struct dm_http_handler handler = {0};
        struct dm_http_listen listen = site_listen(&endpoint);
        struct dm_http_server *server = NULL;
        listen.is_only_6 = only_6 != 0;
        if (dm_http_servers_listen(world->net->servers, &listen, &handler,
                                   &server, NULL)) {
            return; // No IPv6 at all
        }
        dm_http_servers_close(world->net->servers, server);

        struct site site;
        struct answer answer;
        char url[64];
        site_open_as(&site, world, &listen);
        (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/ok",
                       (unsigned)site.endpoint.port);
        const struct dm_http_request_spec spec = answer_spec(url);
        answer_get(world, &spec, &answer);
        CHECK_INT(answer.status, only_6 ? 0 : 200);
        if (!only_6) {
            CHECK_INT(site.peer, DM_HTTP_PEER_LOOPBACK);
            struct dm_http_listen other = site_listen(&world->tcp);
            other.endpoint.port = site.endpoint.port;
            CHECK_INT(dm_http_servers_listen(world->net->servers, &other,
                                             &handler, &server, NULL),
                      DM_ERR_BUSY);
        }
        site_close(&site);
    }
}

int
main(void)
{
    struct real_world real;
    real_world_init(&real);
    const struct contract_world *world = &real.world;
    more_connections_of_an_address_are_closed(world);
    a_request_must_be_complete_in_time(world);
    patience_does_not_count_while_we_think(world);
    who_waits_longest_makes_way(world);
    a_header_has_a_time_of_its_own(world);
    a_body_that_drips_is_cut_off(world);
    a_body_that_never_ends_is_cut_off(world);
    a_body_that_comes_fast_enough_arrives(world);
    who_does_not_read_is_cut_off(world);
    an_unused_socket_path_is_replaced_and_no_other(world);
    a_header_that_is_too_long_reaches_no_handler(world);
    ipv6_serves_like_ipv4(world);
    all_addresses_are_of_both_families(world);
    real_world_done(&real);
    return 0;
}
