// SPDX-License-Identifier: ISC

#ifndef DM_VOCAB_DEFINITIONS_H
#define DM_VOCAB_DEFINITIONS_H

/**
 * @file
 * What the configuration says, as plain values: this node, checks, alert rules.
 *
 * Everything is resolved: defaults are filled in, durations are ms, words and
 * IRIs are looked up. The values belong to the struct dm_config they were
 * loaded with (vocab/config.h), never change, and may be read by any thread for
 * as long as a reference to it is held.
 *
 * Texts are UTF-8, NUL-terminated behind their end, without NUL inside, and
 * empty (never data NULL) where they are not given. Texts in which secrets may
 * be referred to (marked "with references") hold the references unresolved, as
 * ${file:NAME}: dm_secrets_expand() resolves them at use (vocab/secret.h).
 */

#include "base/attr.h"
#include "base/str.h"
#include "vocab/settings.h"
#include "vocab/values.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

enum dm_check_kind {
    DM_CHECK_HTTP,
    DM_CHECK_TCP,
    DM_CHECK_TLS,
    DM_CHECK_DNS,
    DM_CHECK_PING,
    DM_CHECK_SYSTEM,
    DM_CHECK_COMMAND,
    DM_CHECK_HEARTBEAT,
};
#define DM_CHECK_KINDS 8

enum dm_on_no_data {
    DM_ON_NO_DATA_KEEP,
    DM_ON_NO_DATA_RESOLVED,
    DM_ON_NO_DATA_ALERT_NOW,
};

/// Of an HttpCheck; connect to ip are those of Tcp- and TlsChecks too.
struct dm_http_def {
    struct dm_str url; ///< http or https, with references
    struct dm_str method;
    struct dm_pairs headers;
    struct dm_str body; ///< With references
    uint32_t redirects;
    struct dm_str auth;    ///< "Bearer …", "Basic USER:…"; with references
    struct dm_str connect; ///< HOST:PORT, unix:PATH, or "" = host of the URL
    struct dm_str server_name;
    bool insecure;
    struct dm_str ca_file;
    struct dm_str client_certificate;
    struct dm_str client_key; ///< With references
    uint32_t ip;              ///< 4, 6, or 0 = either
};

/// Of a CommandCheck
struct dm_command_def {
    struct dm_str run;    ///< As it was written
    struct dm_texts argv; ///< Its words, at least one; with references
    struct dm_pairs env;
};

struct dm_check_def {
    struct dm_str iri;
    struct dm_str name;
    enum dm_check_kind kind;
    struct dm_place place;

    struct dm_str title; ///< "" = show the name
    struct dm_str group;
    struct dm_str description;
    struct dm_texts tags;
    struct dm_pairs labels;
    struct dm_texts needs; ///< IRIs of checks
    struct dm_texts on;    ///< Names or tags of nodes; none: every node
    bool runs_here;        ///< enabled, and `on` names this node

    int64_t every_ms;   ///< 0 for a heartbeat with a schedule only
    int64_t timeout_ms; ///< This and retry_every_ms: 0 for a heartbeat
    uint32_t retries;
    int64_t retry_every_ms;
    int64_t grace_ms;       ///< This and what follows: of a heartbeat
    int64_t run_limit_ms;   ///< 0 = none
    int64_t min_run_ms;     ///< 0 = none
    struct dm_str schedule; ///< Cron or OnCalendar, "" = every_ms
    struct dm_str zone;

    enum dm_severity severity;
    uint32_t quorum; ///< 0 = not given
    bool per_node;
    bool alert;
    bool is_public;
    bool publish;
    bool record_status_only;
    bool enabled;
    struct dm_str summary;
    struct dm_str runbook;
    enum dm_presence presence;
    int64_t max_silence_ms; ///< 0 = none

    struct dm_conditions expect;
    struct dm_conditions warn_if;
    struct dm_conditions crit_if;
    int64_t cert_warn_ms; ///< 0 = never; of Http-, Tls- and TcpChecks

    struct dm_http_def http;
    struct dm_command_def command;

    /// dm:definition: hash of the published normal form
    char definition[DM_HASH_SIZE];
    /// Hash of all that matters here, private and not published too
    char local[DM_HASH_SIZE];
};

struct dm_rule_def {
    struct dm_str iri;
    struct dm_str name; ///< The label alertname
    struct dm_place place;
    bool is_shipped; ///< Nothing of it stands in the files
    struct dm_str description;
    struct dm_str select; ///< SPARQL, with prefixes and base written out
    struct dm_place select_place; ///< Where the query itself begins
    struct dm_texts by;
    int64_t for_ms;
    int64_t keep_firing_ms;
    enum dm_on_no_data on_no_data;
    enum dm_severity severity;
    struct dm_str summary;
    struct dm_str runbook;
    struct dm_pairs labels;
    bool enabled;
    char local[DM_HASH_SIZE];
};

/// "HttpCheck"…; NUL-terminated
const char *dm_check_kind_name(enum dm_check_kind kind);
DM_END_DECLS

#endif // DM_VOCAB_DEFINITIONS_H
