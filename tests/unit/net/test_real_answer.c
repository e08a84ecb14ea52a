// SPDX-License-Identifier: ISC

// Answers byte for byte, which no server of ours would give

#include "tests/check.h"
#include "tests/unit/net/real_world.h"
#include "tests/unit/net/site.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// What a server that says `bytes` and closes is heard to say
static void
hear(const struct contract_world *world, const char *bytes,
     struct answer *answer)
{
    char url[256];
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(server >= 0);
    CHECK_INT(bind(server, (struct sockaddr *)&address, size), 0);
    CHECK_INT(listen(server, 1), 0);
    CHECK_INT(getsockname(server, (struct sockaddr *)&address, &size), 0);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/",
                   ntohs(address.sin_port));
    const struct dm_http_request_spec spec = answer_spec(url);
    struct dm_http_request *request = NULL;
    memset(answer, 0, sizeof(*answer));
    CHECK_INT(dm_http_client_start(world->net->http, &spec, answer_take, answer,
                                   &request),
              DM_OK);
    char asked[1024];
    size_t n = 0;
    int client = -1;
    while (n < 4 || memcmp(asked + n - 4, "\r\n\r\n", 4) != 0) {
        world->step(world->self);
        if (client < 0) {
            client = accept(server, NULL, NULL);
            CHECK(client >= 0);
        }
        const ssize_t got =
            recv(client, asked + n, sizeof(asked) - n, MSG_DONTWAIT);
        n += got > 0 ? (size_t)got : 0;
    }
    CHECK_INT(send(client, bytes, strlen(bytes), 0), (int64_t)strlen(bytes));
    CHECK_INT(close(client), 0);
    contract_wait(world, &answer->is_done);
    CHECK_INT(close(server), 0);
}

#define CHUNKED                                                                \
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"                        \
    "Trailer: X-Site\r\n\r\n"

// How a server says that something broke when it had begun to answer
static void
fields_behind_the_body_stand_with_the_others(const struct contract_world *world)
{
    struct answer answer;
    hear(world, CHUNKED "3\r\nabc\r\n0\r\nX-Site: broke\r\n\r\n", &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_OK);
    CHECK_INT(answer.status, 200);
    CHECK(strcmp(answer.body, "abc") == 0);
    CHECK(strcmp(answer.site_header, "broke") == 0);
    // Announced, but all was well
    hear(world, CHUNKED "3\r\nabc\r\n0\r\n\r\n", &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_OK);
    CHECK(strcmp(answer.body, "abc") == 0);
    CHECK(strcmp(answer.site_header, "") == 0);
}

static void
chunks_without_their_end_are_no_answer(const struct contract_world *world)
{
    static const char *const cut[] = {
        CHUNKED "3\r\nabc\r\n",
        CHUNKED "3\r\nab",
        CHUNKED "3\r\nabc\r\n0\r\n",
        CHUNKED "3\r\nabc\r\n0\r\nX-Site: bro",
    };
    for (size_t i = 0; i < DM_COUNT_OF(cut); ++i) {
        struct answer answer;
        hear(world, cut[i], &answer);
        CHECK_INT(answer.outcome.failure, DM_NET_CONNECTION);
    }
}

int
main(void)
{
    struct real_world real;
    real_world_init(&real);
    fields_behind_the_body_stand_with_the_others(&real.world);
    chunks_without_their_end_are_no_answer(&real.world);
    real_world_done(&real);
    return 0;
}
