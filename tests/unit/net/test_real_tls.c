// SPDX-License-Identifier: ISC

// HTTPS against a server of our own

#include "net/http_client.h"
#include "tests/check.h"
#include "tests/unit/net/certificates.h"
#include "tests/unit/net/raw.h"
#include "tests/unit/net/real_world.h"
#include "tests/unit/net/site.h"

#include <string.h>
#include <unistd.h>

#define END_2120_MS INT64_C(4733510400000)
#define END_2021_MS INT64_C(1609459200000)

// SHA-256 of the good certificate's SubjectPublicKeyInfo
static const uint8_t good_hash[DM_KEY_HASH_SIZE] = {
    0xC7, 0x2A, 0x0A, 0x7E, 0x9D, 0x7E, 0xC1, 0x73, 0xD5, 0x9E, 0x77,
    0xC1, 0xF1, 0x52, 0xAE, 0x74, 0x0D, 0x84, 0x3D, 0xB9, 0x9E, 0x9A,
    0xE1, 0x44, 0x02, 0xDC, 0xBF, 0x1E, 0x39, 0xF2, 0x37, 0x91,
};

struct secure {
    struct site site;
    char url[256];
    struct dm_http_request_spec spec;
};

static void
secure_open(struct secure *secure, const struct contract_world *world,
            const char *certificate, const char *key)
{
    const struct dm_http_identity identity = {dm_str(certificate), dm_str(key)};
    char place[DM_ENDPOINT_SIZE];
    struct dm_http_listen listen = site_listen(&world->tcp);
    listen.identity = &identity;
    site_open_as(&secure->site, world, &listen);
    dm_endpoint_format(&secure->site.endpoint, place);
    (void)snprintf(secure->url, sizeof(secure->url), "https://%s/ok", place);
    secure->spec = answer_spec(secure->url);
}

static void
write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    CHECK(file);
    CHECK(fputs(text, file) >= 0);
    CHECK(!fclose(file));
}

static void
an_unknown_issuer_is_refused_and_its_dates_told(
    const struct contract_world *world)
{
    struct secure secure;
    struct answer answer;
    secure_open(&secure, world, good_certificate, good_key);
    answer_get(world, &secure.spec, &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_CERTIFICATE);
    CHECK_INT(answer.status, 0);
    CHECK(answer.certificate.is_known);
    CHECK_INT(answer.certificate.not_after_ms, END_2120_MS);
    CHECK(!memcmp(answer.certificate.key_hash, good_hash, sizeof(good_hash)));
    CHECK_INT(secure.site.n_requests, 0);
    CHECK(answer.times.connect_ns > 0);
    CHECK(answer.times.tls_ns > 0);
    site_close(&secure.site);
}

static void
insecure_accepts_anything_and_tells_the_dates(
    const struct contract_world *world)
{
    struct secure secure;
    struct answer answer;
    secure_open(&secure, world, ended_certificate, ended_key);
    secure.spec.tls.is_insecure = true;
    answer_get(world, &secure.spec, &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_OK);
    CHECK(!strcmp(answer.body, "hello"));
    CHECK_INT(answer.certificate.not_after_ms, END_2021_MS);
    CHECK(answer.times.tls_ns > 0);
    site_close(&secure.site);
}

static void
a_ca_file_is_trusted_for_its_names_alone(const struct contract_world *world,
                                         const char *directory)
{
    struct secure secure;
    struct answer answer;
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/ca.pem", directory);
    write_file(path, good_certificate);
    secure_open(&secure, world, good_certificate, good_key);
    secure.spec.tls.ca_file = dm_str(path);
    answer_get(world, &secure.spec, &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_OK);

    secure.spec.tls.server_name = dm_str("site.test");
    answer_get(world, &secure.spec, &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_OK);
    CHECK(!strcmp(answer.url, secure.url));
    secure.spec.tls.server_name = dm_str("other.test");
    answer_get(world, &secure.spec, &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_CERTIFICATE);
    CHECK_INT(answer.certificate.not_after_ms, END_2120_MS);

    const struct dm_str none = {0};
    secure.spec.tls.server_name = none;
    secure.spec.tls.ca_file = none; // What one request trusts, others do not
    answer_get(world, &secure.spec, &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_CERTIFICATE);

    const struct dm_str nowhere = DM_STR("/nowhere.pem");
    secure.spec.tls.ca_file = nowhere;
    answer_get(world, &secure.spec, &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_LOCAL);
    site_close(&secure.site);
    CHECK(!unlink(path));
}

static void
an_ended_certificate_is_refused(const struct contract_world *world,
                                const char *directory)
{
    struct secure secure;
    struct answer answer;
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/old.pem", directory);
    write_file(path, ended_certificate);
    secure_open(&secure, world, ended_certificate, ended_key);
    secure.spec.tls.ca_file = dm_str(path);
    secure.spec.tls.server_name = dm_str("site.test");
    answer_get(world, &secure.spec, &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_CERTIFICATE);
    CHECK(strstr(answer.outcome.text, "expired"));
    CHECK_INT(answer.certificate.not_after_ms, END_2021_MS);
    site_close(&secure.site);
    CHECK(!unlink(path));
}

static void
a_pin_counts_and_nothing_else(const struct contract_world *world)
{
    struct secure secure;
    struct answer answer;
    secure_open(&secure, world, good_certificate, good_key);
    secure.spec.tls.has_pin = true;
    memcpy(secure.spec.tls.pin, good_hash, sizeof(good_hash));
    answer_get(world, &secure.spec, &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_OK);
    CHECK_INT(secure.site.n_requests, 1);
    secure.spec.tls.pin[31] ^= 1U;
    answer_get(world, &secure.spec, &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_CERTIFICATE);
    CHECK(strstr(answer.outcome.text, "pin"));
    secure.spec.tls.is_insecure = true; // A pin counts even then
    answer_get(world, &secure.spec, &answer);
    CHECK_INT(answer.outcome.failure, DM_NET_CERTIFICATE);
    CHECK_INT(secure.site.n_requests, 1); // It saw no byte of the others
    site_close(&secure.site);
}

static void
no_tls_on_the_other_side_is_a_tls_failure(const struct contract_world *world)
{
    struct site site;
    struct answer answer;
    char place[DM_ENDPOINT_SIZE];
    char url[256];
    site_open(&site, world, &world->tcp);
    dm_endpoint_format(&site.endpoint, place);
    (void)snprintf(url, sizeof(url), "https://%s/ok", place);
    const struct dm_http_request_spec spec = answer_spec(url);
    answer_get(world, &spec, &answer);
    CHECK(answer.outcome.failure == DM_NET_TLS ||
          answer.outcome.failure == DM_NET_CONNECTION);
    CHECK(!answer.certificate.is_known);
    site_close(&site);
}

// Part of a ClientHello, or nothing
static void
a_handshake_must_be_done_in_time(const struct contract_world *world)
{
    static const char *const beginnings[] = {"", "\x16\x03\x01\x02"};
    const struct dm_http_identity identity = {dm_str(good_certificate),
                                              dm_str(good_key)};
    struct dm_http_listen listen = site_listen(&world->tcp);
    struct site site;
    listen.identity = &identity;
    listen.header_timeout_ns = INT64_C(40000000);
    site_open_as(&site, world, &listen);
    for (size_t i = 0; i < DM_COUNT_OF(beginnings); ++i) {
        struct raw raw;
        raw_open(world, &site.endpoint, &raw);
        CHECK_INT(dm_stream_write(world->net->streams, raw.stream,
                                  dm_str(beginnings[i])),
                  DM_OK);
        contract_wait(world, &raw.has_ended);
    }
    CHECK_INT(site.n_requests, 0);
    site_close(&site);
}

int
main(void)
{
    struct real_world real;
    real_world_init(&real);
    const struct contract_world *world = &real.world;
    an_unknown_issuer_is_refused_and_its_dates_told(world);
    insecure_accepts_anything_and_tells_the_dates(world);
    a_ca_file_is_trusted_for_its_names_alone(world, real.directory);
    an_ended_certificate_is_refused(world, real.directory);
    a_pin_counts_and_nothing_else(world);
    no_tls_on_the_other_side_is_a_tls_failure(world);
    a_handshake_must_be_done_in_time(world);
    contract_tls(world);
    real_world_done(&real);
    return 0;
}
