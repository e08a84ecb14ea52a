// SPDX-License-Identifier: ISC

// Which property becomes which field. A kind of check that is new needs rows
// here and a definition struct, and its class no longer refused in entity.c.

#include "base/time.h"
#include "vocab/field_private.h"

#define ROW(property_, kind_, struct_, member_)                                \
    .property = DM_PROPERTY_##property_, .kind = DM_FIELD_##kind_,             \
    .offset = offsetof(struct struct_, member_)
#define CHECK(property_, kind_, member_)                                       \
    ROW(property_, kind_, dm_check_def, member_)
#define NODE(property_, kind_, member_)                                        \
    ROW(property_, kind_, dm_node_settings, member_)
#define RULE(property_, kind_, member_)                                        \
    ROW(property_, kind_, dm_rule_def, member_)
#define PEER(property_, kind_, member_)                                        \
    ROW(property_, kind_, dm_peer_def, member_)
#define RANGE(min_, max_) .min = (min_), .max = (max_)

#define HOUR DM_MS_PER_HOUR
#define DAY DM_MS_PER_DAY
#define YEAR (365 * DM_MS_PER_DAY)
#define MIB (INT64_C(1) << 20)
#define TIB (INT64_C(1) << 40)

static const char *const severities[] = {"info", "warning", "critical", NULL};
static const char *const presences[] = {"always", "sometimes", NULL};
static const char *const records[] = {"output", "status", NULL};
static const char *const on_no_data[] = {"keep", "resolved", "alertNow", NULL};
static const char *const follows[] = {"all", "recent", "state", "none", NULL};

static const struct dm_field check_rows[] = {
    {CHECK(TITLE, TEXT, title)},
    {CHECK(DESCRIPTION, TEXT, description)},
    {CHECK(GROUP, TEXT, group)},
    {CHECK(TAG, TEXTS, tags)},
    {CHECK(LABEL, LABELS, labels)},
    {CHECK(ON, TEXTS, on)},
    {CHECK(EVERY, DURATION, every_ms), RANGE(100, YEAR)},
    {CHECK(TIMEOUT, DURATION, timeout_ms), RANGE(1, HOUR)},
    {CHECK(RETRIES, UINT, retries), RANGE(0, 100)},
    {CHECK(RETRY_EVERY, DURATION, retry_every_ms), RANGE(100, YEAR)},
    {CHECK(GRACE, DURATION, grace_ms), RANGE(0, YEAR)},
    {CHECK(RUN_LIMIT, DURATION, run_limit_ms), RANGE(1, YEAR)},
    {CHECK(MIN_RUN, DURATION, min_run_ms), RANGE(1, YEAR)},
    {CHECK(SCHEDULE, TEXT, schedule)},
    {CHECK(ZONE, WORD, zone)},
    {CHECK(SEVERITY, CODE, severity), .codes = severities},
    {CHECK(QUORUM, UINT, quorum), RANGE(1, 1000)},
    {CHECK(PER_NODE, BOOLEAN, per_node)},
    {CHECK(ALERT, BOOLEAN, alert)},
    {CHECK(PUBLIC, BOOLEAN, is_public)},
    {CHECK(PUBLISH, BOOLEAN, publish)},
    {CHECK(RECORD, RECORD, record_status_only), .codes = records},
    {CHECK(ENABLED, BOOLEAN, enabled)},
    {CHECK(SUMMARY, TEXT, summary)},
    {CHECK(RUNBOOK, IRI, runbook)},
    {CHECK(PRESENCE, PRESENCE, presence), .codes = presences},
    {CHECK(MAX_SILENCE, DURATION, max_silence_ms), RANGE(1, 10 * YEAR)},
    {CHECK(EXPECT, CONDITIONS, expect)},
    {CHECK(WARN_IF, CONDITIONS, warn_if)},
    {CHECK(CRIT_IF, CONDITIONS, crit_if)},
    {CHECK(CERT_WARN, DURATION, cert_warn_ms), RANGE(0, 10 * YEAR)},
    {CHECK(URL, URL, http.url), .has_secrets = true},
    {CHECK(METHOD, WORD, http.method)},
    {CHECK(HEADER, HEADERS, http.headers), .has_secrets = true},
    {CHECK(BODY, TEXT, http.body), .has_secrets = true},
    {CHECK(REDIRECTS, UINT, http.redirects), RANGE(0, 50)},
    {CHECK(AUTH, AUTH, http.auth), .has_secrets = true},
    {CHECK(CONNECT, WORD, http.connect)},
    {CHECK(SERVER_NAME, WORD, http.server_name)},
    {CHECK(INSECURE, BOOLEAN, http.insecure)},
    {CHECK(CA_FILE, TEXT, http.ca_file)},
    {CHECK(CLIENT_CERTIFICATE, TEXT, http.client_certificate)},
    {CHECK(CLIENT_KEY, TEXT, http.client_key), .has_secrets = true},
    {CHECK(IP, UINT, http.ip), RANGE(4, 6)},
    {CHECK(RUN, COMMAND, command), .has_secrets = true},
    {CHECK(ENV, VARIABLES, command.env), .has_secrets = true},
};

static const struct dm_field node_rows[] = {
    {NODE(NAME, WORD, name)},
    {NODE(TITLE, TEXT, title)},
    {NODE(DESCRIPTION, TEXT, description)},
    {NODE(TAG, TEXTS, tags)},
    {NODE(PRESENCE, PRESENCE, presence), .codes = presences},
    {NODE(MAX_SILENCE, DURATION, max_silence_ms), RANGE(1, 10 * YEAR)},
    {NODE(ZONE, WORD, zone)},
    {NODE(SITE, IRI, site)},
    {NODE(PUBLIC_URL, URL, public_url)},
    {NODE(PING_OUT, URLS, ping_out), .has_secrets = true},
    {NODE(UPLINK, TEXTS, uplinks)},
    {NODE(KUBO, URL, kubo), .has_secrets = true},
    {NODE(SEAL, DURATION, seal_ms), RANGE(1000, DAY)},
    {NODE(KEEP_RAW, DURATION, keep_raw_ms), RANGE(HOUR, 100 * YEAR)},
    {NODE(KEEP_ROLLUPS, DURATION, keep_rollups_ms), RANGE(HOUR, 100 * YEAR)},
    {NODE(KEEP_BLOCKS, DURATION, keep_blocks_ms), RANGE(HOUR, 100 * YEAR)},
    {NODE(MAX_SIZE, SIZE, max_size), RANGE(32 * MIB, 1024 * TIB)},
};

static const struct dm_field rule_rows[] = {
    {RULE(DESCRIPTION, TEXT, description)},
    {RULE(SELECT, TEXT, select)},
    {RULE(BY, TEXTS, by)},
    {RULE(FOR, DURATION, for_ms), RANGE(0, YEAR)},
    {RULE(KEEP_FIRING, DURATION, keep_firing_ms), RANGE(0, YEAR)},
    {RULE(ON_NO_DATA, CODE, on_no_data), .codes = on_no_data},
    {RULE(SEVERITY, CODE, severity), .codes = severities},
    {RULE(SUMMARY, TEXT, summary)},
    {RULE(RUNBOOK, IRI, runbook)},
    {RULE(LABEL, LABELS, labels)},
    {RULE(ENABLED, BOOLEAN, enabled)},
};

static const struct dm_field peer_rows[] = {
    {PEER(NAME, TEXT, name)},
    {PEER(LOG, IRI, log)},
    {PEER(URL, URL, url)},
    {PEER(PIN, WORD, pin)},
    {PEER(AUTH, AUTH, auth), .has_secrets = true},
    {PEER(FOLLOW, CODE, follow), .codes = follows},
    {PEER(QUOTA, SIZE, quota), RANGE(MIB, 1024 * TIB)},
};

#define FIELDS(rows_)                                                          \
    {                                                                          \
        (rows_), DM_COUNT_OF(rows_)                                            \
    }
const struct dm_fields dm_check_fields = FIELDS(check_rows);
const struct dm_fields dm_node_fields = FIELDS(node_rows);
const struct dm_fields dm_rule_fields = FIELDS(rule_rows);
const struct dm_fields dm_peer_fields = FIELDS(peer_rows);

bool
dm_property_is_many(int property)
{
    static const int many[] = {
        DM_PROPERTY_TAG,      DM_PROPERTY_ON,      DM_PROPERTY_EACH,
        DM_PROPERTY_NEEDS,    DM_PROPERTY_LIKE,    DM_PROPERTY_APPLIES_TO,
        DM_PROPERTY_EXPECT,   DM_PROPERTY_WARN_IF, DM_PROPERTY_CRIT_IF,
        DM_PROPERTY_LABEL,    DM_PROPERTY_HEADER,  DM_PROPERTY_ENV,
        DM_PROPERTY_LISTEN,   DM_PROPERTY_TOKEN,   DM_PROPERTY_ALERTMANAGER,
        DM_PROPERTY_PING_OUT, DM_PROPERTY_UPLINK,  DM_PROPERTY_FORWARD,
        DM_PROPERTY_ACCEPT,   DM_PROPERTY_COVERS,  DM_PROPERTY_WHEN,
        DM_PROPERTY_BY,
    };
    for (size_t i = 0; i < DM_COUNT_OF(many); ++i) {
        if (many[i] == property) {
            return true;
        }
    }
    return false;
}
