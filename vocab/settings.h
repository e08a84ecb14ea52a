// SPDX-License-Identifier: ISC

#ifndef DM_VOCAB_SETTINGS_H
#define DM_VOCAB_SETTINGS_H

/**
 * @file
 * What a configuration says of this node and of its peers; see
 * vocab/definitions.h.
 */

#include "base/attr.h"
#include "base/str.h"
#include "vocab/values.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

enum dm_token_scope {
    DM_SCOPE_READ = 1,
    DM_SCOPE_WRITE = 2,
    DM_SCOPE_PING = 4,
};

/// Who shows `secret` may do `scope`.
struct dm_token_def {
    enum dm_token_scope scope;
    struct dm_str secret; ///< One reference
};

/// "127.0.0.1:3223", "[::]:3224 plain"
struct dm_listen_def {
    struct dm_str host; ///< Without brackets
    uint16_t port;
    bool is_loopback;
    bool is_plain; ///< No TLS, though others can reach it; else the node's own
};

struct dm_alertmanager_def {
    struct dm_str url;
    struct dm_str auth; ///< "Bearer …", "Basic …"; with references
};

/// :this
struct dm_node_settings {
    struct dm_str iri;  ///< ipns://K…
    struct dm_str name; ///< Default: the host name that was handed in
    struct dm_str title;
    struct dm_str description;
    struct dm_texts tags;
    enum dm_presence presence;
    int64_t max_silence_ms; ///< 0 = none
    struct dm_str zone;
    struct dm_str site; ///< Absolute IRI: base of names
    const struct dm_listen_def *listen;
    size_t n_listen;
    const struct dm_token_def *DM_NULLABLE tokens;
    size_t n_tokens;
    struct dm_str public_url;
    const struct dm_alertmanager_def *DM_NULLABLE alertmanagers;
    size_t n_alertmanagers;
    struct dm_texts ping_out; ///< URLs
    struct dm_texts uplinks;  ///< HOST or HOST:PORT; none: the default gateway
    struct dm_str kubo;       ///< RPC of a Kubo; its userinfo with references
    int64_t seal_ms;
    int64_t keep_raw_ms;
    int64_t keep_rollups_ms;
    int64_t keep_blocks_ms;
    uint64_t max_size; ///< Bytes of the store
};

/// What is taken of a peer's log
enum dm_follow {
    DM_FOLLOW_ALL,
    DM_FOLLOW_RECENT,
    DM_FOLLOW_STATE,
    DM_FOLLOW_NONE,
};

/// What a peer file says; who uses it reads it with the log's key.
struct dm_peer_def {
    struct dm_str iri;
    struct dm_str name;
    struct dm_place place;
    struct dm_str log; ///< ipns://k51…
    struct dm_str url; ///< https, or http of this machine; "": none can dial it
    struct dm_str pin; ///< "sha256//…", as dm_pin_parse() reads; "": none
    struct dm_str auth;  ///< With references
    struct dm_str token; ///< One reference
    bool accept_checks;
    bool accept_commands;
    enum dm_follow follow;
    uint64_t quota; ///< Bytes
};

DM_END_DECLS

#endif // DM_VOCAB_SETTINGS_H
