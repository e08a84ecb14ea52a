// SPDX-License-Identifier: ISC

#include "daemon/tokens.h"

#include "base/alloc.h"
#include "base/env.h"
#include "daemon/http.h"
#include "tests/check.h"
#include "vocab/config.h"

#include <string.h>

#define PREFIX "PREFIX : <https://w3id.org/demonitor#>\n"
#define LOG "ipns://k51qzi5uqu5d"
#define REST "jmw2yvf8kk5cdjc1ddc00o4d5sjwi6f79xzcay9j3gkddw5uu"

static int64_t
wall_ms(void *context)
{
    (void)context;
    return 1234;
}

static const char *
variable(void *context, const char *name)
{
    (void)context;
    static const struct {
        const char *name;
        const char *value;
    } all[] = {
        {"READ", "readers"}, {"PING", "dmp_1"}, {"BOTH", "readers"},
        {"B", "token-of-b"}, {"C", "same"},     {"D", "same"},
    };
    for (size_t i = 0; i < DM_COUNT_OF(all); ++i) {
        if (!strcmp(all[i].name, name)) {
            return all[i].value;
        }
    }
    return NULL;
}

static struct dm_config *
load(void)
{
    static const struct dm_env_ops ops = {.wall_ms = wall_ms,
                                          .variable = variable};
    static const struct dm_config_source source = {
        DM_STR("a.ttl"),
        DM_STR(PREFIX
               ":this :token \"read ${env:READ}\", \"ping ${env:PING}\", "
               "\"write ${env:BOTH}\" .\n"
               "<b> a :Peer ; :log <" LOG REST "b> ; "
               ":token \"peer ${env:B}\" .\n"
               "<c> a :Peer ; :log <" LOG REST "c> ; "
               ":token \"peer ${env:C}\" .\n"
               "<d> a :Peer ; :log <" LOG REST "d> ; "
               ":token \"peer ${env:D}\" .\n"
               "<e> a :Peer ; :log <" LOG REST "e> .\n"
               "<f> a :Peer ; :log <" LOG REST "f> ; "
               ":token \"peer ${env:ABSENT}\" .\n")};
    const struct dm_env env = {.ops = &ops};
    const struct dm_config_options options = {
        .env = &env, .directory = "C", .node_name = DM_STR("a")};
    struct dm_config_report *report = dm_config_report_new();
    struct dm_config *config = NULL;
    CHECK(report);
    const enum dm_status status =
        dm_config_load_texts(&options, &source, 1, report, &config);
    if (status) {
        (void)fprintf(stderr, "%s\n",
                      dm_config_report_at(report, 0)->error.what);
    }
    CHECK_INT(status, DM_OK);
    dm_config_report_free(report);
    return config;
}

static unsigned
check(const struct dm_tokens *tokens, const char *text,
      const struct dm_peer_def **ret_peer)
{
    return dm_tokens_check(tokens, dm_str(text), ret_peer);
}

static void
each_token_has_its_scopes(const struct dm_tokens *tokens)
{
    const struct dm_peer_def *peer = NULL;
    CHECK_INT(check(tokens, "readers", &peer),
              (unsigned)DM_SCOPE_READ | (unsigned)DM_SCOPE_WRITE);
    CHECK(!peer);
    CHECK_INT(check(tokens, "dmp_1", &peer), DM_SCOPE_PING);
    CHECK(!peer);
}

static void
a_peers_token_says_which_peer_it_is(const struct dm_tokens *tokens)
{
    const struct dm_peer_def *peer = NULL;
    CHECK_INT(check(tokens, "token-of-b", &peer), DM_SCOPE_PEER);
    CHECK(peer && dm_str_ends(peer->log, dm_str("b")));
}

static void
a_token_of_two_peers_is_of_neither(const struct dm_tokens *tokens)
{
    const struct dm_peer_def *peer = NULL;
    CHECK_INT(check(tokens, "same", &peer), 0);
    CHECK(!peer);
}

static void
what_is_only_like_a_token_is_none(const struct dm_tokens *tokens)
{
    static const char *const bad[] = {
        "", "reader", "readers ", "Readers", "token-of-c", "${env:B}",
    };
    for (size_t i = 0; i < DM_COUNT_OF(bad); ++i) {
        const struct dm_peer_def *peer = NULL;
        CHECK_INT(check(tokens, bad[i], &peer), 0);
        CHECK(!peer);
    }
}

static void
each_allocation_may_fail(const struct dm_config *config)
{
    for (size_t allowed = 0;; ++allowed) {
        struct dm_tokens *tokens = NULL;
        dm_alloc_fail_after(allowed);
        const enum dm_status status = dm_tokens_new(config, &tokens);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        if (status == DM_OK) {
            CHECK(allowed >= 4);
            dm_tokens_free(tokens);
            return;
        }
        CHECK(status == DM_ERR_NO_MEMORY && !tokens);
    }
}

int
main(void)
{
    struct dm_config *config = load();
    struct dm_tokens *tokens = NULL;
    CHECK_INT(dm_tokens_new(config, &tokens), DM_OK);
    each_token_has_its_scopes(tokens);
    a_peers_token_says_which_peer_it_is(tokens);
    a_token_of_two_peers_is_of_neither(tokens);
    what_is_only_like_a_token_is_none(tokens);
    dm_tokens_free(tokens);
    each_allocation_may_fail(config);
    dm_config_unref(config);
    return 0;
}
