// SPDX-License-Identifier: ISC

#include "base/buf.h"
#include "rdf/iri.h"
#include "vocab/field_private.h"
#include "vocab/secret.h"
#include "vocab/vocabulary.h"

#include <assert.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_BYTES 100
#define IRI_MAX_BYTES 1000
#define LOG_BYTES 69 // "ipns://" and 62 characters
#define PIN_BYTES 32 // SHA-256

static_assert((int)DM_CLASS_HEARTBEAT - (int)DM_CLASS_HTTP_CHECK ==
                  (int)DM_CHECK_HEARTBEAT,
              "kinds of checks stand in the order of their classes");

static void DM_PRINTF(5, 6)
    complain(struct dm_loader *loader, const struct dm_entity *entity,
             const struct dm_value *value, const char *hint, const char *format,
             ...)
{
    char what[300];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    struct dm_error error;
    (void)dm_error_set(&error, DM_ERR_ARGUMENT, "%s", what);
    if (hint[0]) {
        dm_error_hint(&error, "%s", hint);
    }
    dm_loader_error(loader, entity, value, &error);
}

static enum dm_status
copy(struct dm_loader *loader, struct dm_str text, struct dm_str *ret)
{
    *ret = dm_arena_copy(loader->arena, text);
    return ret->data ? DM_OK : DM_ERR_NO_MEMORY;
}

static enum dm_status
place(struct dm_loader *loader, const struct dm_entity *entity,
      struct dm_place *ret)
{
    ret->position = entity->begin->at.s;
    return copy(loader, entity->begin->source->name, &ret->file);
}

// ---------------------------------------------------------------- secrets

enum dm_status
dm_loader_secrets(struct dm_loader *loader, const struct dm_entity *entity,
                  const struct dm_value *value)
{
    const struct dm_config_options *options = loader->options;
    struct dm_secret_ref ref;
    size_t at = 0;
    while (dm_secret_find(value->text, at, &ref) == DM_OK) {
        at = (size_t)(ref.text.data - value->text.data) + ref.text.n;
        struct dm_error error = {0};
        const enum dm_status status = dm_secrets_add(
            loader->secrets, options->env, options->directory, &ref, &error);
        if (status == DM_ERR_NO_MEMORY) {
            return status;
        }
        if (status && !error.what[0]) {
            (void)dm_error_set(&error, status, "cannot read %.*s",
                               (int)ref.text.n, ref.text.data);
        }
        if (status == DM_ERR_NOT_FOUND) {
            // It may come before it is needed; what needs it will say so
            dm_loader_warning(loader, entity, value, &error);
        } else if (status) {
            dm_loader_error(loader, entity, value, &error);
        }
    }
    return DM_OK;
}

// A secret in a header cannot have several lines.
static void
check_lines(struct dm_loader *loader, const struct dm_entity *entity,
            const struct dm_value *value)
{
    struct dm_secret_ref ref;
    size_t at = 0;
    while (dm_secret_find(value->text, at, &ref) == DM_OK) {
        at = (size_t)(ref.text.data - value->text.data) + ref.text.n;
        if (dm_secrets_has_lines(loader->secrets, &ref)) {
            complain(loader, entity, value, "",
                     "the secret %.*s has several lines: here it must be one",
                     (int)ref.text.n, ref.text.data);
        }
    }
}

enum dm_status
dm_fields_secrets(struct dm_loader *loader, const struct dm_entity *entity,
                  const struct dm_fields *fields)
{
    for (size_t i = 0; i < fields->n; ++i) {
        const struct dm_field *row = &fields->rows[i];
        const struct dm_values *values = &entity->values[row->property];
        for (size_t j = 0; row->has_secrets && j < values->n; ++j) {
            const enum dm_status status =
                dm_loader_secrets(loader, entity, &values->items[j]);
            if (status) {
                return status;
            }
            if (row->kind == DM_FIELD_HEADERS || row->kind == DM_FIELD_AUTH ||
                row->kind == DM_FIELD_URL) {
                check_lines(loader, entity, &values->items[j]);
            }
        }
    }
    return DM_OK;
}

// ---------------------------------------------------------------- names

static bool
is_name_part(struct dm_str part)
{
    for (size_t i = 0; i < part.n; ++i) {
        const char c = part.data[i];
        const bool is_alnum = (c >= 'a' && c <= 'z') ||
                              (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_alnum && (i == 0 || (c != '.' && c != '_' && c != '-'))) {
            return false;
        }
    }
    return part.n > 0;
}

static struct dm_str
last_part(struct dm_str name)
{
    size_t at = name.n;
    while (at > 0 && name.data[at - 1] != '/') {
        --at;
    }
    return dm_str_slice(name, at, name.n);
}

static bool
is_name(struct dm_str name)
{
    bool is_good = name.n > 0 && name.data[name.n - 1] != '/';
    while (name.n && is_good) {
        const size_t n = dm_str_find(name, dm_str("/"));
        is_good = is_name_part(dm_str_slice(name, 0, n));
        name = dm_str_slice(name, n + 1, name.n);
    }
    return is_good;
}

static bool
is_number(struct dm_str text)
{
    for (size_t i = 0; i < text.n; ++i) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
    }
    return text.n > 0;
}

// What a ping to /ping/NAME could not tell from the name
static void
check_ping_name(struct dm_loader *loader, const struct dm_entity *entity,
                struct dm_str name)
{
    const struct dm_str last = last_part(name);
    if (dm_str_is(last, "start") || dm_str_is(last, "fail") ||
        dm_str_is(last, "log") || is_number(last)) {
        complain(loader, entity, NULL, "",
                 "a Heartbeat cannot be named %.*s: /ping/%.*s would mean "
                 "something else",
                 (int)name.n, name.data, (int)name.n, name.data);
    } else if (dm_str_starts(name, dm_str("dmp_"))) {
        complain(loader, entity, NULL, "",
                 "a Heartbeat cannot be named %.*s: what begins with dmp_ is a "
                 "token",
                 (int)name.n, name.data);
    }
}

// The name of a thing by its IRI; what is wrong with it is reported.
static enum dm_status
name_of(struct dm_loader *loader, const struct dm_entity *entity,
        struct dm_str *ret)
{
    const struct dm_str name = dm_iri_relative(entity->iri, loader->site);
    const bool is_inside = name.n < entity->iri.n;
    const size_t max = is_inside ? NAME_MAX_BYTES : IRI_MAX_BYTES;
    const struct dm_shown shown = dm_loader_show(loader, entity->iri);
    if (memchr(entity->iri.data, '#', entity->iri.n)) {
        complain(loader, entity, NULL, "",
                 "%s has a # in its name: what follows one names its metrics",
                 shown.text);
    } else if (is_inside && !is_name(name)) {
        complain(loader, entity, NULL, "",
                 "%s is no name: it is made of letters, digits, '.', '_', '-' "
                 "and '/', and each part begins with a letter or digit",
                 shown.text);
    } else if (name.n > max) {
        complain(loader, entity, NULL, "",
                 "a name has at most %zu bytes, this one has %zu", max, name.n);
    }
    return copy(loader, name, ret);
}

// ---------------------------------------------------------------- checks

static bool
has(const struct dm_entity *entity, int property)
{
    return entity->values[property].n > 0;
}

// HOST:PORT or unix:PATH
static bool
is_target(struct dm_str text)
{
    const struct dm_str unix_path = dm_str("unix:/");
    if (dm_str_starts(text, unix_path)) {
        return text.n > unix_path.n;
    }
    size_t colon = text.n;
    while (colon > 0 && text.data[colon - 1] != ':') {
        --colon;
    }
    uint64_t port = 0;
    return colon > 1 &&
           dm_str_to_uint(dm_str_slice(text, colon, text.n), 65535, &port) &&
           port > 0;
}

static void
check_http(struct dm_loader *loader, const struct dm_entity *entity,
           const struct dm_check_def *check)
{
    if (!has(entity, DM_PROPERTY_URL) && !entity->is_broken) {
        complain(loader, entity, NULL, "",
                 "an HttpCheck has one :url, http:// or https://");
    }
    const struct dm_http_def *http = &check->http;
    if (http->connect.n && !is_target(http->connect)) {
        complain(loader, entity, &entity->values[DM_PROPERTY_CONNECT].items[0],
                 "", ":connect needs one HOST:PORT or unix:PATH");
    }
    if (http->ip == 5) {
        complain(loader, entity, &entity->values[DM_PROPERTY_IP].items[0], "",
                 ":ip is 4 or 6");
    }
    for (size_t i = 0; i < http->method.n; ++i) {
        if (http->method.data[i] < 'A' || http->method.data[i] > 'Z') {
            complain(loader, entity,
                     &entity->values[DM_PROPERTY_METHOD].items[0], "",
                     ":method is in capitals, as \"POST\"");
            break;
        }
    }
    if (http->client_certificate.n && !http->client_key.n) {
        complain(loader, entity,
                 &entity->values[DM_PROPERTY_CLIENT_CERTIFICATE].items[0], "",
                 ":clientCertificate needs a :clientKey too");
    }
}

static void
check_heartbeat(struct dm_loader *loader, const struct dm_entity *entity,
                const struct dm_check_def *check)
{
    check_ping_name(loader, entity, check->name);
    if (!has(entity, DM_PROPERTY_EVERY) && !entity->is_broken) {
        struct dm_error error;
        (void)dm_error_set(&error, DM_ERR_ARGUMENT,
                           "a Heartbeat without :every is never overdue");
        dm_loader_warning(loader, entity, NULL, &error);
    }
    if (check->min_run_ms && check->run_limit_ms &&
        check->min_run_ms > check->run_limit_ms) {
        complain(loader, entity, &entity->values[DM_PROPERTY_MIN_RUN].items[0],
                 "", ":minRun is longer than :runLimit");
    }
}

static void
check_kind(struct dm_loader *loader, const struct dm_entity *entity,
           const struct dm_check_def *check)
{
    const bool has_condition = has(entity, DM_PROPERTY_EXPECT) ||
                               has(entity, DM_PROPERTY_WARN_IF) ||
                               has(entity, DM_PROPERTY_CRIT_IF);
    switch (check->kind) {
    case DM_CHECK_HTTP:
        check_http(loader, entity, check);
        return;
    case DM_CHECK_SYSTEM:
        if (!has_condition && !entity->is_broken) {
            complain(loader, entity, NULL, "",
                     "a SystemCheck needs :warnIf, :critIf or :expect");
        }
        return;
    case DM_CHECK_COMMAND:
        if (!has(entity, DM_PROPERTY_RUN) && !entity->is_broken) {
            complain(loader, entity, NULL, "",
                     "a CommandCheck has one :run, the command line");
        }
        return;
    case DM_CHECK_HEARTBEAT:
        check_heartbeat(loader, entity, check);
        return;
    case DM_CHECK_TCP:
    case DM_CHECK_TLS:
    case DM_CHECK_DNS:
    case DM_CHECK_PING:
        break; // Refused before
    }
    assert(!"a kind that is not loaded");
}

bool
dm_check_is_on(const struct dm_check_def *check,
               const struct dm_node_settings *node)
{
    for (size_t i = 0; i < check->on.n; ++i) {
        const struct dm_str word = check->on.items[i];
        if (dm_str_equal(word, node->name)) {
            return true;
        }
        for (size_t j = 0; j < node->tags.n; ++j) {
            if (dm_str_equal(word, node->tags.items[j])) {
                return true;
            }
        }
    }
    return check->on.n == 0;
}

enum dm_status
dm_check_finish(struct dm_loader *loader, const struct dm_entity *entity,
                struct dm_check_def *check)
{
    check->kind =
        (enum dm_check_kind)(entity->class_index - DM_CLASS_HTTP_CHECK);
    enum dm_status status = copy(loader, entity->iri, &check->iri);
    if (!status) {
        status = name_of(loader, entity, &check->name);
    }
    if (!status) {
        status = place(loader, entity, &check->place);
    }
    if (!status && !check->group.n) {
        const size_t slash = dm_str_find(check->name, dm_str("/"));
        const bool is_inside = check->name.n < check->iri.n;
        status = copy(
            loader,
            dm_str_slice(check->name, 0, is_inside ? slash : check->name.n),
            &check->group);
    }
    if (status) {
        return status;
    }
    check_kind(loader, entity, check);
    check->runs_here =
        check->enabled && dm_check_is_on(check, &loader->config->node);
    return check->runs_here
               ? dm_fields_secrets(loader, entity, &dm_check_fields)
               : DM_OK;
}

// ---------------------------------------------------------------- the node

static bool
is_loopback(struct dm_str host)
{
    return dm_str_is(host, "localhost") || dm_str_is(host, "::1") ||
           dm_str_starts(host, dm_str("127."));
}

// A host of a URL that is this machine whatever a resolver says
static bool
is_this_machine(struct dm_str host)
{
    for (size_t i = 0; i < host.n; ++i) {
        const char c = host.data[i];
        if (c != '.' && (c < '0' || c > '9')) {
            return dm_str_is(host, "localhost") || dm_str_is(host, "[::1]");
        }
    }
    return dm_str_starts(host, dm_str("127."));
}

// The host of a URL, with the brackets of an address
static struct dm_str
host_of(struct dm_str url)
{
    struct dm_str rest =
        dm_str_slice(url, dm_str_find(url, dm_str("://")) + 3, url.n);
    size_t from = 0;
    size_t end = 0;
    while (end < rest.n && !strchr("/?#", rest.data[end])) {
        from = rest.data[end] == '@' ? end + 1 : from;
        ++end;
    }
    rest = dm_str_slice(rest, from, end - from);
    if (rest.n && rest.data[0] == '[') {
        return dm_str_slice(rest, 0, dm_str_find(rest, dm_str("]")) + 1);
    }
    return dm_str_slice(rest, 0, dm_str_find(rest, dm_str(":")));
}

// Kubo's RPC may do whatever Kubo can: it is no thing to ask in the clear for
// over a network
static void
check_kubo(struct dm_loader *loader, const struct dm_entity *entity,
           const struct dm_node_settings *node)
{
    if (node->kubo.n && dm_str_starts(node->kubo, dm_str("http://")) &&
        !is_this_machine(host_of(node->kubo))) {
        complain(loader, entity, &entity->values[DM_PROPERTY_KUBO].items[0],
                 "Elsewhere it needs https://",
                 ":kubo with http:// is a Kubo of this machine, as "
                 "<http://127.0.0.1:5001>");
    }
}

// "HOST:PORT" or "[HOST]:PORT", then " plain"
static bool
read_listen(struct dm_str text, struct dm_listen_def *ret)
{
    static const struct dm_str plain = DM_STR(" plain");
    *ret = (struct dm_listen_def){.is_plain = dm_str_ends(text, plain)};
    if (ret->is_plain) {
        text = dm_str_slice(text, 0, text.n - plain.n);
    }
    if (!is_target(text) || dm_str_starts(text, dm_str("unix:"))) {
        return false;
    }
    size_t colon = text.n;
    while (text.data[colon - 1] != ':') {
        --colon;
    }
    uint64_t port = 0;
    const bool is_port =
        dm_str_to_uint(dm_str_slice(text, colon, text.n), 65535, &port);
    ret->port = (uint16_t)port;
    ret->host = dm_str_slice(text, 0, colon - 1);
    const bool is_bracketed = ret->host.n > 2 && ret->host.data[0] == '[' &&
                              ret->host.data[ret->host.n - 1] == ']';
    if (is_bracketed) {
        ret->host = dm_str_slice(ret->host, 1, ret->host.n - 2);
    } else if (dm_str_find(ret->host, dm_str(":")) < ret->host.n) {
        return false; // ::1:80 could mean two things
    }
    ret->is_loopback = is_loopback(ret->host);
    return is_port && ret->host.n &&
           dm_str_find(ret->host, dm_str(" ")) == ret->host.n;
}

static enum dm_status
fill_listen(struct dm_loader *loader, const struct dm_entity *entity,
            struct dm_node_settings *node)
{
    const struct dm_values *values = &entity->values[DM_PROPERTY_LISTEN];
    struct dm_listen_def *listen =
        dm_arena_alloc(loader->arena, values->n, sizeof(*listen));
    if (!listen) {
        return DM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < values->n; ++i) {
        const struct dm_value *value = &values->items[i];
        if (value->is_iri || value->datatype.n ||
            !read_listen(value->text, &listen[i])) {
            complain(loader, entity, value, "",
                     ":listen needs ADDRESS:PORT, as \"127.0.0.1:3223\" or "
                     "\"[::1]:3223\"");
            continue;
        }
        const enum dm_status status =
            copy(loader, listen[i].host, &listen[i].host);
        if (status) {
            return status;
        }
    }
    node->listen = listen;
    node->n_listen = values->n;
    return DM_OK;
}

// What stands behind "SCOPE " in `text`, if that is one reference
static bool
read_token(struct dm_str text, const char *scope, struct dm_str *ret)
{
    const size_t n = strlen(scope);
    if (!dm_str_starts(text, dm_str(scope)) || text.n <= n + 1 ||
        text.data[n] != ' ') {
        return false;
    }
    *ret = dm_str_slice(text, n + 1, text.n);
    return dm_secret_is_ref(*ret);
}

// A ping token begins with dmp_, so that it is never taken for a name.
static enum dm_status
check_ping_token(struct dm_loader *loader, const struct dm_entity *entity,
                 const struct dm_value *value, struct dm_str secret)
{
    struct dm_buf buf;
    dm_buf_init(&buf, DM_SECRET_MAX);
    const enum dm_status status =
        dm_secrets_expand(loader->secrets, secret, &buf, NULL);
    if (!status && !dm_str_starts(dm_buf_str(&buf), dm_str("dmp_"))) {
        complain(loader, entity, value, "",
                 "a ping token begins with dmp_: so it is never taken for a "
                 "name");
    }
    dm_secret_wipe(&buf);
    dm_buf_done(&buf);
    return status == DM_ERR_NO_MEMORY ? status : DM_OK;
}

static enum dm_status
fill_token(struct dm_loader *loader, const struct dm_entity *entity,
           const struct dm_value *value, struct dm_token_def *ret)
{
    static const struct {
        const char *name;
        enum dm_token_scope scope;
    } scopes[] = {{"read", DM_SCOPE_READ},
                  {"write", DM_SCOPE_WRITE},
                  {"ping", DM_SCOPE_PING}};
    ret->secret = (struct dm_str){"", 0};
    for (size_t i = 0; i < DM_COUNT_OF(scopes); ++i) {
        struct dm_str secret;
        if (value->is_iri || value->datatype.n ||
            !read_token(value->text, scopes[i].name, &secret)) {
            continue;
        }
        ret->scope = scopes[i].scope;
        enum dm_status status = dm_loader_secrets(loader, entity, value);
        if (!status && ret->scope == DM_SCOPE_PING) {
            status = check_ping_token(loader, entity, value, secret);
        }
        return status ? status : copy(loader, secret, &ret->secret);
    }
    complain(loader, entity, value, "",
             ":token needs \"read ${file:NAME}\", write or ping instead of "
             "read");
    return DM_OK;
}

static enum dm_status
fill_tokens(struct dm_loader *loader, const struct dm_entity *entity,
            struct dm_node_settings *node)
{
    const struct dm_values *values = &entity->values[DM_PROPERTY_TOKEN];
    struct dm_token_def *tokens =
        dm_arena_alloc(loader->arena, values->n, sizeof(*tokens));
    enum dm_status status = tokens ? DM_OK : DM_ERR_NO_MEMORY;
    for (size_t i = 0; i < values->n && !status; ++i) {
        status = fill_token(loader, entity, &values->items[i], &tokens[i]);
    }
    node->tokens = tokens;
    node->n_tokens = values->n;
    return status;
}

enum dm_status
dm_node_finish(struct dm_loader *loader, const struct dm_entity *entity,
               struct dm_node_settings *node)
{
    const struct dm_config_options *options = loader->options;
    const struct dm_str iri =
        options->node_iri.n ? options->node_iri : dm_str(DM_VOCAB_THIS);
    enum dm_status status = copy(loader, iri, &node->iri);
    if (!status && !node->name.n) {
        status = copy(loader, options->node_name, &node->name);
    } else if (!status && !is_name_part(node->name)) {
        complain(loader, entity, &entity->values[DM_PROPERTY_NAME].items[0], "",
                 "the :name of a node is made of letters, digits, '.', '_' and "
                 "'-'");
    }
    if (!status && !dm_str_ends(node->site, dm_str("/"))) {
        complain(loader, entity, &entity->values[DM_PROPERTY_SITE].items[0], "",
                 ":site ends with /, so that <shop> is a name in it");
    }
    check_kubo(loader, entity, node);
    if (!status) {
        status = fill_listen(loader, entity, node);
    }
    if (!status) {
        status = fill_tokens(loader, entity, node);
    }
    return status ? status : dm_fields_secrets(loader, entity, &dm_node_fields);
}

// ---------------------------------------------------------------- rules

static bool
is_column(struct dm_str text)
{
    for (size_t i = 0; i < text.n; ++i) {
        const char c = text.data[i];
        const bool is_letter =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!is_letter && (i == 0 || c < '0' || c > '9')) {
            return false;
        }
    }
    return text.n > 0;
}

enum dm_status
dm_rule_finish(struct dm_loader *loader, const struct dm_entity *entity,
               struct dm_rule_def *rule)
{
    const struct dm_str ours = dm_str(DM_VOCAB_NS);
    rule->is_shipped = entity->is_shipped;
    enum dm_status status = copy(loader, entity->iri, &rule->iri);
    if (!status && dm_str_starts(entity->iri, ours)) {
        status = copy(loader, dm_str_slice(entity->iri, ours.n, entity->iri.n),
                      &rule->name);
    } else if (!status) {
        status = name_of(loader, entity, &rule->name);
    }
    if (!status) {
        status = place(loader, entity, &rule->place);
    }
    if (!status && has(entity, DM_PROPERTY_SELECT)) {
        const struct dm_statement *select =
            entity->values[DM_PROPERTY_SELECT].items[0].statement;
        rule->select_place.position = select->at.o;
        status = copy(loader, select->source->name, &rule->select_place.file);
    }
    if (status || entity->is_broken) {
        return status;
    }
    if (!has(entity, DM_PROPERTY_SELECT)) {
        complain(loader, entity, NULL, "",
                 "a rule has one :select, a SPARQL query");
    }
    if (!has(entity, DM_PROPERTY_BY)) {
        complain(loader, entity, NULL, "As :by \"check\"",
                 ":by names the columns that identify the alert");
    }
    for (size_t i = 0; i < rule->by.n; ++i) {
        const struct dm_value *value = &entity->values[DM_PROPERTY_BY].items[i];
        const bool is_text = !value->is_iri && !value->datatype.n;
        if (is_text && !is_column(value->text)) {
            complain(loader, entity, value, "",
                     ":by needs the name of a column, without ?");
        }
    }
    return DM_OK;
}

// ---------------------------------------------------------------- peers

// "ipns://" and a name in base36, as a key of Ed25519 has it
static bool
is_log(struct dm_str iri)
{
    static const struct dm_str start = DM_STR("ipns://k51");
    for (size_t i = start.n; i < iri.n; ++i) {
        const char c = iri.data[i];
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) {
            return false;
        }
    }
    return dm_str_starts(iri, start) && iri.n == LOG_BYTES;
}

static void
check_log(struct dm_loader *loader, const struct dm_entity *entity,
          struct dm_str log)
{
    const struct dm_values *values = &entity->values[DM_PROPERTY_LOG];
    const struct dm_value *value = values->n ? &values->items[0] : NULL;
    if (log.n ? !is_log(log) : !entity->is_broken) {
        complain(loader, entity, value, "",
                 "a Peer has one :log, <ipns://k51…>, as `demonitor id` prints "
                 "it");
    } else if (log.n && dm_str_equal(log, loader->options->node_iri)) {
        complain(loader, entity, value, "`demonitor id` of the other prints it",
                 "this :log is our own");
    }
}

// A peer is shown a token, so nobody may listen on the way
static void
check_peer_url(struct dm_loader *loader, const struct dm_entity *entity,
               struct dm_str url)
{
    if (!url.n) {
        return;
    }
    const struct dm_value *value = &entity->values[DM_PROPERTY_URL].items[0];
    if (dm_str_starts(url, dm_str("http://")) &&
        !is_this_machine(host_of(url))) {
        complain(loader, entity, value, "",
                 "a Peer has an https:// :url, or none where nobody can dial "
                 "it");
    } else if (dm_str_find(url, dm_str("?")) < url.n ||
               dm_str_find(url, dm_str("#")) < url.n) {
        complain(loader, entity, value, "As <https://fra.example.net:3224>",
                 ":url of a Peer ends before any ? or #");
    }
}

// "sha256//" and base64 of 32 bytes
static bool
is_pin(struct dm_str text)
{
    static const struct dm_str start = DM_STR("sha256//");
    unsigned char bytes[PIN_BYTES];
    size_t n = 0;
    const char *end = NULL;
    return dm_str_starts(text, start) &&
           sodium_base642bin(bytes, sizeof(bytes), text.data + start.n,
                             text.n - start.n, NULL, &n, &end,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
           n == sizeof(bytes) && end == text.data + text.n;
}

static void
check_pin(struct dm_loader *loader, const struct dm_entity *entity,
          const struct dm_peer_def *peer)
{
    const struct dm_values *values = &entity->values[DM_PROPERTY_PIN];
    if (!peer->pin.n) {
        return;
    }
    if (!is_pin(peer->pin)) {
        complain(loader, entity, &values->items[0], "",
                 ":pin is \"sha256//…=\", as `demonitor id` of the peer prints "
                 "it");
    } else if (peer->url.n && dm_str_starts(peer->url, dm_str("http://"))) {
        complain(loader, entity, &values->items[0], "",
                 ":pin says nothing of an http:// :url");
    }
}

static void
fill_accept(struct dm_loader *loader, const struct dm_entity *entity,
            struct dm_peer_def *peer)
{
    const struct dm_values *values = &entity->values[DM_PROPERTY_ACCEPT];
    for (size_t i = 0; i < values->n; ++i) {
        const struct dm_value *value = &values->items[i];
        const bool is_commands = dm_str_is(value->text, DM_VOCAB_COMMANDS);
        if (!value->is_iri ||
            (!is_commands && !dm_str_is(value->text, DM_VOCAB_CHECKS))) {
            complain(loader, entity, value, "",
                     ":accept is :checks or :commands");
            continue;
        }
        peer->accept_checks = true;
        peer->accept_commands |= is_commands;
    }
}

enum dm_status
dm_peer_finish(struct dm_loader *loader, const struct dm_entity *entity,
               struct dm_peer_def *peer)
{
    enum dm_status status = copy(loader, entity->iri, &peer->iri);
    if (!status) {
        status = place(loader, entity, &peer->place);
    }
    if (status) {
        return status;
    }
    fill_accept(loader, entity, peer);
    check_log(loader, entity, peer->log);
    check_peer_url(loader, entity, peer->url);
    check_pin(loader, entity, peer);
    peer->token = (struct dm_str){"", 0};
    const struct dm_values *tokens = &entity->values[DM_PROPERTY_TOKEN];
    for (size_t i = 0; i < tokens->n && !status; ++i) {
        struct dm_str secret;
        if (tokens->n > 1 || tokens->items[i].is_iri ||
            !read_token(tokens->items[i].text, "peer", &secret)) {
            complain(loader, entity, &tokens->items[i], "",
                     ":token of a Peer needs \"peer ${file:NAME}\": what this "
                     "peer shows to us");
            continue;
        }
        status = dm_loader_secrets(loader, entity, &tokens->items[i]);
        if (!status) {
            status = copy(loader, secret, &peer->token);
        }
    }
    return status ? status : dm_fields_secrets(loader, entity, &dm_peer_fields);
}
