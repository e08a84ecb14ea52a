// SPDX-License-Identifier: ISC

// Servers with an identity of their own, and clients that know its pin

#include "net/http_client.h"
#include "net/identity.h"
#include "tests/check.h"
#include "tests/unit/net/contract.h"
#include "tests/unit/net/site.h"

#include <string.h>

struct secure {
    struct site site;
    struct dm_identity identity;
    char url[256];
    struct dm_http_request_spec spec;
};

static void
secure_open(struct secure *secure, const struct contract_world *world)
{
    static const uint8_t secret[DM_IDENTITY_SECRET_BYTES] = {1, 2, 3};
    const struct dm_identity_spec spec = {
        .secret = secret,
        .name = DM_STR("k51node"),
        .not_before_ms = INT64_C(1577836800000),
        .not_after_ms = INT64_C(253402300799000),
    };
    char place[DM_ENDPOINT_SIZE];
    CHECK_INT(dm_identity_make(&spec, &secure->identity), DM_OK);
    const struct dm_http_identity served =
        dm_identity_served(&secure->identity);
    struct dm_http_listen listen = site_listen(&world->tcp);
    listen.identity = &served;
    site_open_as(&secure->site, world, &listen);
    dm_endpoint_format(&secure->site.endpoint, place);
    (void)snprintf(secure->url, sizeof(secure->url), "https://%s/ok", place);
    secure->spec = answer_spec(secure->url);
}

static void
secure_close(struct secure *secure)
{
    site_close(&secure->site);
    dm_identity_done(&secure->identity);
}

static void
who_knows_the_pin_gets_its_answer(const struct contract_world *world)
{
    struct secure secure;
    struct answer answer;
    secure_open(&secure, world);
    secure.spec.tls.has_pin = true;
    memcpy(secure.spec.tls.pin, secure.identity.pin, DM_KEY_HASH_SIZE);
    answer_get(world, &secure.spec, &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_OK);
    CHECK_INT(answer.status, 200);
    CHECK(!strcmp(answer.body, "hello"));
    CHECK(answer.certificate.is_known);
    CHECK(!memcmp(answer.certificate.key_hash, secure.identity.pin,
                  DM_KEY_HASH_SIZE));
    CHECK_INT(answer.certificate.not_before_ms, INT64_C(1577836800000));
    CHECK_INT(answer.certificate.not_after_ms, INT64_C(253402300799000));
    CHECK_INT(secure.site.n_requests, 1);
    secure_close(&secure);
}

static void
who_knows_another_pin_sends_nothing(const struct contract_world *world)
{
    struct secure secure;
    struct answer answer;
    secure_open(&secure, world);
    secure.spec.tls.has_pin = true;
    memcpy(secure.spec.tls.pin, secure.identity.pin, DM_KEY_HASH_SIZE);
    secure.spec.tls.pin[0] ^= 1U;
    answer_get(world, &secure.spec, &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_CERTIFICATE);
    CHECK(strstr(answer.outcome.text, "pinned"));
    CHECK(answer.certificate.is_known); // What to write down instead
    CHECK(!memcmp(answer.certificate.key_hash, secure.identity.pin,
                  DM_KEY_HASH_SIZE));
    CHECK_INT(secure.site.n_requests, 0);
    secure_close(&secure);
}

// A handshake for each request would be most of what peers say
static void
a_pinned_connection_is_kept_for_the_same_pin(const struct contract_world *world)
{
    struct secure secure;
    struct answer answer;
    secure_open(&secure, world);
    secure.spec.tls.has_pin = true;
    secure.spec.keep_alive = true;
    secure.spec.connect_ns = INT64_C(5000000000);
    secure.spec.lost_ns = INT64_C(5000000000);
    memcpy(secure.spec.tls.pin, secure.identity.pin, DM_KEY_HASH_SIZE);
    answer_get(world, &secure.spec, &answer);
    CHECK_INT(answer.status, 200);
    contract_wait(world, &secure.site.has_closed);
    const uint16_t first = secure.site.client_port;
    answer_get(world, &secure.spec, &answer);
    CHECK_INT(answer.status, 200);
    CHECK(!world->keeps_connections || secure.site.client_port == first);
    contract_wait(world, &secure.site.has_closed);
    secure.spec.tls.pin[0] ^= 1U;
    answer_get(world, &secure.spec, &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_CERTIFICATE);
    CHECK_INT(secure.site.n_requests, 2);
    secure_close(&secure);
}

static void
who_knows_no_pin_does_not_trust_it(const struct contract_world *world)
{
    struct secure secure;
    struct answer answer;
    secure_open(&secure, world);
    answer_get(world, &secure.spec, &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_CERTIFICATE);
    CHECK_INT(secure.site.n_requests, 0);
    secure.spec.tls.is_insecure = true;
    answer_get(world, &secure.spec, &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_OK);
    secure_close(&secure);
}

static void
plain_words_get_no_answer_from_tls(const struct contract_world *world)
{
    struct secure secure;
    struct answer answer;
    char url[256];
    secure_open(&secure, world);
    site_url(&secure.site, "/ok", url);
    const struct dm_http_request_spec spec = answer_spec(url);
    answer_get(world, &spec, &answer);
    CHECK(answer.outcome.failure != DM_NET_OK);
    CHECK_INT(secure.site.n_requests, 0);
    secure_close(&secure);
}

static void
a_server_without_tls_is_not_taken_for_one(const struct contract_world *world)
{
    struct site site;
    struct answer answer;
    char place[DM_ENDPOINT_SIZE];
    char url[256];
    site_open(&site, world, &world->tcp);
    dm_endpoint_format(&site.endpoint, place);
    (void)snprintf(url, sizeof(url), "https://%s/ok", place);
    struct dm_http_request_spec spec = answer_spec(url);
    spec.tls.has_pin = true;
    answer_get(world, &spec, &answer);
    CHECK(answer.outcome.failure == DM_NET_TLS ||
          answer.outcome.failure == DM_NET_CONNECTION);
    CHECK(!answer.certificate.is_known);
    CHECK_INT(site.n_requests, 0);
    site_close(&site);
}

static void
a_bad_identity_is_an_argument(const struct contract_world *world)
{
    const struct dm_http_identity identity = {DM_STR("no certificate"),
                                              DM_STR("no key")};
    const struct dm_http_handler handler = {0};
    struct dm_http_listen listen = site_listen(&world->tcp);
    struct dm_http_server *server = NULL;
    struct dm_error error;
    listen.identity = &identity;
    CHECK_INT(dm_http_servers_listen(world->net->servers, &listen, &handler,
                                     &server, &error),
              DM_ERR_ARGUMENT);
}

void
contract_tls(const struct contract_world *world)
{
    who_knows_the_pin_gets_its_answer(world);
    who_knows_another_pin_sends_nothing(world);
    a_pinned_connection_is_kept_for_the_same_pin(world);
    who_knows_no_pin_does_not_trust_it(world);
    plain_words_get_no_answer_from_tls(world);
    a_server_without_tls_is_not_taken_for_one(world);
    a_bad_identity_is_an_argument(world);
}
