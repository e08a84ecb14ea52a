// SPDX-License-Identifier: ISC

// Where a node listens: its control socket, what its configuration says, what
// the command line adds

#include "base/log.h"
#include "base/time.h"
#include "daemon/node_private.h"
#include "net/url.h"

#include <string.h>

#define STREAM_MAX (1U << 20U)
#define CONNECTIONS_MAX 64U
#define CONNECTIONS_OF_ADDRESS 8U
#define SOCKET_CONNECTIONS 32U
#define IDLE_NS (INT64_C(60) * DM_NS_PER_SECOND)
#define HEADER_NS (INT64_C(10) * DM_NS_PER_SECOND)
#define REQUEST_NS (INT64_C(300) * DM_NS_PER_SECOND)
#define WINDOW_NS (INT64_C(30) * DM_NS_PER_SECOND)
#define WINDOW_BYTES ((size_t)30 * 1024) // 1 KiB/s
#define PORT 3223U

// All addresses to listen on, before the first is
struct places {
    struct dm_listening items[DM_NODE_SERVERS_MAX];
    size_t n;
};

static struct dm_listening *
add(struct places *places, struct dm_error *error)
{
    if (places->n == DM_NODE_SERVERS_MAX) {
        (void)dm_error_set(error, DM_ERR_LIMIT,
                           "more than %u addresses to listen on",
                           DM_NODE_SERVERS_MAX);
        return NULL;
    }
    return &places->items[places->n++];
}

static enum dm_status
add_socket(struct places *places, const char *path, struct dm_error *error)
{
    struct dm_endpoint endpoint;
    if (!dm_endpoint_unix(dm_str(path), &endpoint)) {
        return dm_error_set(error, DM_ERR_ARGUMENT,
                            "the path of the control socket is too long");
    }
    struct dm_listening *place = add(places, error);
    if (!place) {
        return DM_ERR_LIMIT;
    }
    *place = (struct dm_listening){.asked = endpoint, .is_plain = true};
    return DM_OK;
}

// On a loopback address in plain words; elsewhere in TLS, unless the
// configuration gives that up
static enum dm_status
add_address(struct places *places, const struct dm_listen_def *listen,
            struct dm_error *error)
{
    struct dm_address address;
    if (!dm_address_parse(listen->host, &address)) {
        return dm_error_set(error, DM_ERR_ARGUMENT,
                            "\"%.*s\" is no address to listen on",
                            (int)listen->host.n, listen->host.data);
    }
    struct dm_listening *place = add(places, error);
    if (!place) {
        return DM_ERR_LIMIT;
    }
    *place = (struct dm_listening){
        .asked = dm_endpoint_ip(&address, listen->port),
        .is_plain = listen->is_plain || dm_address_is_loopback(&address),
    };
    return DM_OK;
}

// "ADDRESS:PORT", then " plain" as in a file
static enum dm_status
add_option(struct places *places, struct dm_str text, struct dm_error *error)
{
    static const struct dm_str plain = DM_STR(" plain");
    struct dm_target target;
    const bool is_plain = dm_str_ends(text, plain);
    text.n -= is_plain ? plain.n : 0;
    const enum dm_status status = dm_target_parse(text, PORT, &target, error);
    if (status) {
        return status;
    }
    const struct dm_listen_def listen = {
        .host = target.host, .port = target.port, .is_plain = is_plain};
    return add_address(places, &listen, error);
}

static bool
is_any(const struct dm_endpoint *endpoint, enum dm_family family)
{
    return endpoint->kind == DM_ENDPOINT_IP &&
           endpoint->address.family == family &&
           dm_address_is_any(&endpoint->address);
}

// "[::]" is all of IPv4 too, but where that has a place of its own
static void
divide_families(struct places *places)
{
    for (size_t i = 0; i < places->n; ++i) {
        struct dm_listening *six = &places->items[i];
        for (size_t j = 0; j < places->n; ++j) {
            const struct dm_endpoint *four = &places->items[j].asked;
            if (is_any(&six->asked, DM_FAMILY_6) && is_any(four, DM_FAMILY_4) &&
                four->port == six->asked.port) {
                six->is_only_6 = true;
            }
        }
    }
}

static enum dm_status
listen_at(struct dm_node *node, const struct dm_listening *place,
          struct dm_error *error)
{
    const bool is_unix = place->asked.kind == DM_ENDPOINT_UNIX;
    const struct dm_http_identity identity =
        dm_identity_served(&node->identity);
    const struct dm_http_listen listen = {
        .endpoint = place->asked,
        .is_only_6 = place->is_only_6,
        .identity = place->is_plain ? NULL : &identity,
        .socket_mode = 0660,
        .max_connections = is_unix ? SOCKET_CONNECTIONS : CONNECTIONS_MAX,
        .max_per_address = CONNECTIONS_OF_ADDRESS,
        .max_trusted = DM_CONFIG_PEERS_MAX + DM_TRUSTED_BESIDE_PEERS,
        .max_stream_bytes = STREAM_MAX,
        .idle_timeout_ns = IDLE_NS,
        .header_timeout_ns = HEADER_NS,
        .request_timeout_ns = REQUEST_NS,
        .window_ns = WINDOW_NS,
        .window_bytes = WINDOW_BYTES,
    };
    const struct dm_http_handler handler = dm_http_handler(node);
    struct dm_listening *listening = &node->servers[node->n_servers];
    *listening = *place;
    const enum dm_status status = dm_http_servers_listen(
        node->net->servers, &listen, &handler, &listening->server, error);
    if (!status) {
        dm_http_servers_endpoint(node->net->servers, listening->server,
                                 &listening->endpoint);
        ++node->n_servers;
    }
    return status;
}

static void
find_port(struct dm_node *node)
{
    node->port = 0;
    for (size_t i = 0; i < node->n_servers && !node->port; ++i) {
        const struct dm_endpoint *endpoint = &node->servers[i].endpoint;
        node->port = endpoint->kind == DM_ENDPOINT_IP ? endpoint->port : 0;
    }
}

// All that is to be listened on now
static enum dm_status
find_places(const struct dm_node *node, struct places *places,
            struct dm_error *error)
{
    const struct dm_node_settings *settings = &node->config->node;
    enum dm_status status = DM_OK;
    if (node->socket_path) {
        status = add_socket(places, node->socket_path, error);
    }
    for (size_t i = 0; !status && i < settings->n_listen; ++i) {
        status = add_address(places, &settings->listen[i], error);
    }
    for (size_t i = 0; !status && i < node->options.n_listen; ++i) {
        status = add_option(places, dm_str(node->options.listen[i]), error);
    }
    divide_families(places);
    return status;
}

enum dm_status
dm_node_listen(struct dm_node *node, struct dm_error *error)
{
    struct places places = {.n = 0};
    enum dm_status status = find_places(node, &places, error);
    for (size_t i = 0; !status && i < places.n; ++i) {
        status = listen_at(node, &places.items[i], error);
    }
    find_port(node);
    return status;
}

// --------------------------------------------------------- another place

static bool
is_same_place(const struct dm_listening *a, const struct dm_listening *b)
{
    if (a->asked.kind != b->asked.kind || a->is_plain != b->is_plain ||
        a->is_only_6 != b->is_only_6) {
        return false;
    }
    return a->asked.kind == DM_ENDPOINT_UNIX
               ? strcmp(a->asked.path, b->asked.path) == 0
               : a->asked.port == b->asked.port &&
                     dm_address_equal(&a->asked.address, &b->asked.address);
}

static bool
is_among(const struct dm_listening *place, const struct dm_listening *all,
         size_t n)
{
    for (size_t i = 0; i < n; ++i) {
        if (is_same_place(place, &all[i])) {
            return true;
        }
    }
    return false;
}

static void
tell(const struct dm_node *node, const struct dm_error *error)
{
    dm_log(node->env->log, DM_LOG_ERROR, "node.not_listening", "reason=\"%s\"",
           error->what);
}

static void
close_others(struct dm_node *node, const struct places *places)
{
    size_t n = 0;
    for (size_t i = 0; i < node->n_servers; ++i) {
        const struct dm_listening one = node->servers[i];
        if (is_among(&one, places->items, places->n)) {
            node->servers[n++] = one;
        } else {
            dm_http_servers_close(node->net->servers, one.server);
        }
    }
    node->n_servers = n;
}

void
dm_node_relisten(struct dm_node *node)
{
    DM_ON_LOOP();
    struct places places = {.n = 0};
    struct dm_error error = {0};
    if (find_places(node, &places, &error)) {
        tell(node, &error); // As before, then
        return;
    }
    close_others(node, &places);
    for (size_t i = 0; i < places.n; ++i) {
        if (!is_among(&places.items[i], node->servers, node->n_servers) &&
            listen_at(node, &places.items[i], &error)) {
            tell(node, &error);
        }
    }
    find_port(node);
}

void
dm_node_close_servers(struct dm_node *node)
{
    for (size_t i = 0; i < node->n_servers; ++i) {
        dm_http_servers_close(node->net->servers, node->servers[i].server);
    }
    node->n_servers = 0;
}
