// SPDX-License-Identifier: ISC

#include "daemon/tokens.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "daemon/http.h"
#include "vocab/config.h"
#include "vocab/secret.h"

#include <assert.h>

struct token {
    struct dm_buf secret; // Empty: fits nobody
    unsigned scope;
    const struct dm_peer_def *peer; // NULL: of no peer
};

struct dm_tokens {
    size_t n;
    struct token all[];
};

static enum dm_status
add(struct dm_tokens *tokens, const struct dm_config *config,
    struct dm_str secret, const struct token *what)
{
    struct token *token = &tokens->all[tokens->n];
    *token = *what;
    dm_buf_init(&token->secret, DM_TOKEN_MAX);
    ++tokens->n;
    // Taken at once: no copy is left behind by a buffer that grew
    if (!dm_buf_reserve(&token->secret, DM_TOKEN_MAX)) {
        return DM_ERR_NO_MEMORY;
    }
    const enum dm_status status =
        dm_secrets_expand(config->secrets, secret, &token->secret, NULL);
    if (status) {
        dm_secret_wipe(&token->secret);
    }
    return status == DM_ERR_NO_MEMORY ? status : DM_OK;
}

enum dm_status
dm_tokens_new(const struct dm_config *config, struct dm_tokens **ret)
{
    const struct dm_node_settings *settings = &config->node;
    const size_t max = settings->n_tokens + config->n_peers;
    struct dm_tokens *tokens =
        dm_calloc(1, sizeof(*tokens) + max * sizeof(tokens->all[0]));
    enum dm_status status = tokens ? DM_OK : DM_ERR_NO_MEMORY;
    for (size_t i = 0; !status && i < settings->n_tokens; ++i) {
        const struct dm_token_def *def = &settings->tokens[i];
        const struct token what = {.scope = (unsigned)def->scope};
        status = add(tokens, config, def->secret, &what);
    }
    for (size_t i = 0; !status && i < config->n_peers; ++i) {
        const struct dm_peer_def *peer = &config->peers[i];
        const struct token what = {.scope = DM_SCOPE_PEER, .peer = peer};
        if (peer->token.n) {
            status = add(tokens, config, peer->token, &what);
        }
    }
    if (status) {
        dm_tokens_free(tokens);
        return status;
    }
    *ret = tokens;
    return DM_OK;
}

void
dm_tokens_free(struct dm_tokens *tokens)
{
    if (!tokens) {
        return;
    }
    for (size_t i = 0; i < tokens->n; ++i) {
        dm_secret_wipe(&tokens->all[i].secret);
        dm_buf_done(&tokens->all[i].secret);
    }
    dm_free(tokens);
}

// Whether they are the same, in a time that does not tell how far they agree.
// Empty ones never are.
static bool
is_equal(struct dm_str a, struct dm_str b)
{
    if (a.n != b.n || !a.n) {
        return false;
    }
    unsigned char difference = 0;
    for (size_t i = 0; i < a.n; ++i) {
        difference |= (unsigned char)((unsigned char)a.data[i] ^
                                      (unsigned char)b.data[i]);
    }
    return difference == 0;
}

unsigned
dm_tokens_check(const struct dm_tokens *tokens, struct dm_str token,
                const struct dm_peer_def **ret_peer)
{
    unsigned scopes = 0;
    size_t n_peers = 0;
    const struct dm_peer_def *peer = NULL;
    for (size_t i = 0; i < tokens->n; ++i) {
        const struct token *own = &tokens->all[i];
        if (!is_equal(dm_buf_str(&own->secret), token)) {
            continue;
        }
        if (own->peer) {
            ++n_peers;
            peer = own->peer;
        } else {
            scopes |= own->scope;
        }
    }
    *ret_peer = n_peers == 1 ? peer : NULL;
    return n_peers == 1 ? scopes | DM_SCOPE_PEER : scopes;
}
