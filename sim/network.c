// SPDX-License-Identifier: ISC

#include "sim/network.h"

#include "base/time.h"
#include "sim/net_private.h"

#include <assert.h>
#include <string.h>

#define LATENCY_NS (DM_NS_PER_MS / 2)
#define LOCAL_LATENCY_NS 20000

struct dm_sim_host {
    struct dm_sim_host *next;
    char *name;
    struct dm_address address;
    struct dm_sim_link link;
    struct dm_sim_service *services;
};

struct way {
    struct way *next;
    const struct dm_sim_host *a;
    const struct dm_sim_host *b;
    struct dm_sim_way way;
};

struct dm_sim_network {
    struct dm_sim_world *world;
    struct way *ways;
    struct dm_sim_host *hosts;
    size_t n_hosts;
    struct dm_sim_net *nets;
};

struct dm_sim_network *
dm_sim_network_new(struct dm_sim_world *world)
{
    struct dm_sim_network *network = dm_calloc(1, sizeof(*network));
    if (network) {
        network->world = world;
    }
    return network;
}

static void
free_host(struct dm_sim_host *host)
{
    while (host->services) {
        struct dm_sim_service *service = host->services;
        host->services = service->next;
        dm_free(service);
    }
    dm_free(host->name);
    dm_free(host);
}

void
dm_sim_network_free(struct dm_sim_network *network)
{
    if (!network) {
        return;
    }
    assert(!network->nets);
    while (network->ways) {
        struct way *way = network->ways;
        network->ways = way->next;
        dm_free(way);
    }
    while (network->hosts) {
        struct dm_sim_host *host = network->hosts;
        network->hosts = host->next;
        free_host(host);
    }
    dm_free(network);
}

struct dm_sim_world *
dm_sim_network_world(const struct dm_sim_network *network)
{
    return network->world;
}

struct dm_sim_host *
dm_sim_network_named(struct dm_sim_network *network, struct dm_str name)
{
    for (struct dm_sim_host *host = network->hosts; host; host = host->next) {
        if (name.n > 0 && dm_str_equal_nocase(dm_str(host->name), name)) {
            return host;
        }
    }
    return NULL;
}

static struct dm_sim_host *
find_address(const struct dm_sim_network *network,
             const struct dm_address *address)
{
    for (struct dm_sim_host *host = network->hosts; host; host = host->next) {
        if (dm_address_equal(&host->address, address)) {
            return host;
        }
    }
    return NULL;
}

const struct dm_sim_host *
dm_sim_network_at(const struct dm_sim_network *network,
                  const struct dm_address *address)
{
    return find_address(network, address);
}

enum dm_status
dm_sim_network_add(struct dm_sim_network *network, const char *name,
                   const char *address, struct dm_sim_host **ret)
{
    struct dm_address parsed;
    if (!dm_address_parse(dm_str(address), &parsed)) {
        return DM_ERR_ARGUMENT;
    }
    if (find_address(network, &parsed) ||
        dm_sim_network_named(network, dm_str(name))) {
        return DM_ERR_EXISTS;
    }
    if (network->n_hosts == DM_SIM_HOSTS_MAX) {
        return DM_ERR_LIMIT;
    }
    struct dm_sim_host *host = dm_calloc(1, sizeof(*host));
    char *copy = host ? dm_strndup(name, strlen(name)) : NULL;
    if (!copy) {
        dm_free(host);
        return DM_ERR_NO_MEMORY;
    }
    host->name = copy;
    host->address = parsed;
    host->link.latency_ns = LATENCY_NS;
    host->next = network->hosts;
    network->hosts = host;
    ++network->n_hosts;
    *ret = host;
    return DM_OK;
}

struct dm_sim_link *
dm_sim_host_link(struct dm_sim_host *host)
{
    return &host->link;
}

const char *
dm_sim_host_name(const struct dm_sim_host *host)
{
    return host->name;
}

const struct dm_address *
dm_sim_host_address(const struct dm_sim_host *host)
{
    return &host->address;
}

static struct dm_sim_service *
find_service(const struct dm_sim_host *host, uint16_t port)
{
    struct dm_sim_service *service = host->services;
    while (service && service->port != port) {
        service = service->next;
    }
    return service;
}

// The service at `port`, made where absent and empty; NULL: out of memory
static struct dm_sim_service *
renew_service(struct dm_sim_host *host, uint16_t port)
{
    struct dm_sim_service *service = find_service(host, port);
    if (!service) {
        service = dm_calloc(1, sizeof(*service));
        if (!service) {
            return NULL;
        }
        service->next = host->services;
        host->services = service;
    }
    *service = (struct dm_sim_service){.next = service->next, .port = port};
    return service;
}

enum dm_status
dm_sim_host_serve(struct dm_sim_host *host, uint16_t port,
                  const struct dm_sim_tls *tls, dm_sim_serve_fn serve,
                  void *context)
{
    struct dm_sim_service *service = renew_service(host, port);
    if (!service) {
        return DM_ERR_NO_MEMORY;
    }
    service->is_tls = tls != NULL;
    if (tls) {
        service->tls = *tls;
    }
    service->serve = serve;
    service->context = context;
    return DM_OK;
}

enum dm_status
dm_sim_host_talk(struct dm_sim_host *host, uint16_t port, dm_sim_talk_fn talk,
                 void *context)
{
    struct dm_sim_service *service = renew_service(host, port);
    if (!service) {
        return DM_ERR_NO_MEMORY;
    }
    service->talk = talk;
    service->context = context;
    return DM_OK;
}

void
dm_sim_host_close(struct dm_sim_host *host, uint16_t port)
{
    struct dm_sim_service **link = &host->services;
    while (*link && (*link)->port != port) {
        link = &(*link)->next;
    }
    struct dm_sim_service *service = *link;
    if (service) {
        *link = service->next;
        dm_free(service);
    }
}

static struct dm_sim_way *
find_way(const struct dm_sim_network *network, const struct dm_sim_host *a,
         const struct dm_sim_host *b)
{
    for (struct way *way = network->ways; way; way = way->next) {
        if ((way->a == a && way->b == b) || (way->a == b && way->b == a)) {
            return &way->way;
        }
    }
    return NULL;
}

struct dm_sim_way *
dm_sim_network_way(struct dm_sim_network *network, const struct dm_sim_host *a,
                   const struct dm_sim_host *b)
{
    struct dm_sim_way *found = find_way(network, a, b);
    if (found) {
        return found;
    }
    struct way *way = dm_calloc(1, sizeof(*way));
    if (!way) {
        return NULL;
    }
    way->a = a;
    way->b = b;
    way->next = network->ways;
    network->ways = way;
    return &way->way;
}

void
dm_sim_network_join(struct dm_sim_network *network, struct dm_sim_net *net)
{
    net->next = network->nets;
    network->nets = net;
}

void
dm_sim_network_leave(struct dm_sim_network *network, struct dm_sim_net *net)
{
    struct dm_sim_net **link = &network->nets;
    while (*link != net) {
        assert(*link);
        link = &(*link)->next;
    }
    *link = net->next;
}

// The server of the machine that `host` is, at `endpoint`
static struct dm_http_server *
find_server(const struct dm_sim_network *network,
            const struct dm_sim_host *host, const struct dm_endpoint *endpoint)
{
    for (struct dm_sim_net *net = network->nets; net; net = net->next) {
        if (net->options.host == host && !net->is_cut) {
            return dm_sim_server_find(net, endpoint);
        }
    }
    return NULL;
}

// A server that `from` reaches without a network
static struct dm_http_server *
find_local(const struct dm_sim_net *from, const struct dm_endpoint *endpoint)
{
    struct dm_http_server *server = NULL;
    for (struct dm_sim_net *net = from->options.network->nets; net && !server;
         net = net->next) {
        const struct dm_sim_machine *machine = net->options.machine;
        if (!net->is_cut && (machine == from->options.machine ||
                             machine == from->options.seat)) {
            server = dm_sim_server_find(net, endpoint);
        }
    }
    return server;
}

struct dm_sim_place
dm_sim_network_find(struct dm_sim_net *from, const struct dm_endpoint *endpoint)
{
    const struct dm_sim_network *network = from->options.network;
    struct dm_sim_place place = {.reach = DM_SIM_REACH_REFUSES};
    const bool is_own = endpoint->kind == DM_ENDPOINT_UNIX ||
                        dm_address_is_loopback(&endpoint->address);
    if (is_own) {
        place.server = find_local(from, endpoint);
    }
    if (!place.server && endpoint->kind == DM_ENDPOINT_IP) {
        struct dm_sim_host *host = find_address(network, &endpoint->address);
        if (host) {
            place.link = &host->link;
            place.way = from->options.host
                            ? find_way(network, from->options.host, host)
                            : NULL;
            place.reach = host->link.reach;
            place.service = find_service(host, endpoint->port);
            place.server =
                place.service ? NULL : find_server(network, host, endpoint);
        } else if (!is_own) {
            place.reach = DM_SIM_REACH_UNREACHABLE;
        }
    }
    if (is_own && place.server) {
        place.reach = DM_SIM_REACH_UP;
    }
    if (place.reach == DM_SIM_REACH_UP && place.way && place.way->is_cut) {
        place.reach = DM_SIM_REACH_SILENT;
    }
    if (place.reach == DM_SIM_REACH_UP && !place.service && !place.server) {
        place.reach = DM_SIM_REACH_REFUSES;
    }
    return place;
}

int64_t
dm_sim_latency_ns(struct dm_sim_net *net, const struct dm_sim_link *link)
{
    if (!link) {
        return LOCAL_LATENCY_NS;
    }
    const int64_t jitter_ns = dm_sim_random_skewed(
        &net->random, 0, link->jitter_ns > 0 ? link->jitter_ns : 0);
    return link->latency_ns + jitter_ns;
}

static void
add_header(struct dm_sim_response *response, const char *name,
           const char *value)
{
    struct dm_http_header *header = &response->headers[response->n_headers++];
    header->name = dm_str(name);
    header->value = dm_str(value);
}

void
dm_sim_site_serve(void *context, const struct dm_sim_request *request,
                  struct dm_sim_response *response)
{
    struct dm_sim_site *site = context;
    assert(site);
    (void)request;
    const uint64_t n = site->n_requests++;
    const uint64_t period = (uint64_t)site->n_ok + site->n_bad;
    const bool is_bad = period > 0 && n % period >= site->n_ok;
    response->status = site->status != 0 ? site->status : 200;
    if (is_bad) {
        response->status = 503;
    }
    if (site->hangs) {
        response->status = 0;
    }
    if (site->content_type) {
        add_header(response, "Content-Type", site->content_type);
    }
    if (site->location) {
        add_header(response, "Location", site->location);
    }
    if (site->body) {
        (void)dm_buf_puts(&response->body, site->body);
    }
    response->delay_ns = site->delay_ns;
    response->bytes_per_second = site->bytes_per_second;
    if (site->cut_after > 0) {
        response->cut_after = site->cut_after;
    }
}
