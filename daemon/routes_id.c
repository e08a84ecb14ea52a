// SPDX-License-Identifier: ISC

// /api/v1/id: who this node is, and where others can reach it. A server that
// listens on all addresses has those of the machine, which are asked for.

#include "base/alloc.h"
#include "base/time.h"
#include "daemon/json.h"
#include "daemon/node_private.h"
#include "net/system.h"

#include <stdio.h>

#define ADDRESSES_MAX 16384U // Bytes
#define ANSWER_MAX (1U << 20U)
#define ASK_NS (INT64_C(5) * DM_NS_PER_SECOND)
#define URL_SIZE (DM_ENDPOINT_SIZE + 9U)

// A request that waits for the addresses of the machine
struct dm_id_wait {
    struct dm_id_wait *next;
    struct dm_node *node;
    struct dm_http_call *call;
    struct dm_system_read *read;
};

static void
add_url(json_t *urls, const struct dm_listening *listening,
        const struct dm_address *address)
{
    const struct dm_endpoint endpoint =
        dm_endpoint_ip(address, listening->endpoint.port);
    char place[DM_ENDPOINT_SIZE];
    char url[URL_SIZE];
    dm_endpoint_format(&endpoint, place);
    (void)snprintf(url, sizeof(url), "%s://%s",
                   listening->is_plain ? "http" : "https", place);
    (void)json_array_append_new(urls, json_string(url));
}

static bool
has_family(const struct dm_listening *listening, enum dm_family family)
{
    const enum dm_family own = listening->endpoint.address.family;
    return own == family || (own == DM_FAMILY_6 && !listening->is_only_6);
}

// Those of `addresses` (one a line) that a server listens on which listens on
// all of them: first what the Internet may know, then the others
static void
add_urls_of_any(json_t *urls, const struct dm_listening *listening,
                struct dm_str addresses)
{
    for (int i = 0; i < 2; ++i) {
        struct dm_str rest = addresses;
        while (rest.n) {
            const size_t end = dm_str_find(rest, dm_str("\n"));
            const struct dm_str line = dm_str_slice(rest, 0, end);
            struct dm_address address;
            rest = dm_str_slice(rest, end + 1, rest.n);
            if (dm_address_parse(line, &address) &&
                has_family(listening, address.family) &&
                dm_address_is_public(&address) == (i == 0)) {
                add_url(urls, listening, &address);
            }
        }
    }
}

static json_t *
urls_of(const struct dm_node *node, struct dm_str addresses)
{
    json_t *urls = json_array();
    for (size_t i = 0; urls && i < node->n_servers; ++i) {
        const struct dm_listening *listening = &node->servers[i];
        const struct dm_endpoint *endpoint = &listening->endpoint;
        if (endpoint->kind == DM_ENDPOINT_UNIX ||
            dm_address_is_loopback(&endpoint->address)) {
            continue;
        }
        if (dm_address_is_any(&endpoint->address)) {
            add_urls_of_any(urls, listening, addresses);
        } else {
            add_url(urls, listening, &endpoint->address);
        }
    }
    return urls;
}

static void
reply(const struct dm_request *request, struct dm_str addresses)
{
    const struct dm_node *node = request->node;
    char name[DM_KEY_NAME_SIZE];
    char peer_id[DM_KEY_PEER_ID_SIZE];
    char pin[DM_PIN_SIZE];
    dm_key_name(dm_key_public(node->key), name);
    dm_key_peer_id(dm_key_public(node->key), peer_id);
    dm_pin_format(node->identity.pin, pin);
    json_t *document = json_object();
    dm_json_text(document, "name", node->config->node.name);
    dm_json_text(document, "iri", dm_str(node->iri));
    dm_json_text(document, "log", dm_str(name));
    dm_json_text(document, "peerId", dm_str(peer_id));
    dm_json_text(document, "pin", dm_str(pin));
    dm_json_set(document, "urls", urls_of(node, addresses));
    struct dm_buf out;
    dm_buf_init(&out, ANSWER_MAX);
    if (dm_json_print(document, &out)) {
        dm_reply_problem(request, 503, "out of memory", NULL);
    } else {
        dm_reply(request, 200, "application/json", dm_buf_str(&out));
    }
    dm_buf_done(&out);
}

static void
forget(struct dm_id_wait *wait)
{
    struct dm_id_wait **link = &wait->node->id_waits;
    while (*link != wait) {
        link = &(*link)->next;
    }
    *link = wait->next;
    dm_free(wait);
}

// Without an answer: the URLs that are known without it
static void
on_addresses(void *context, const struct dm_system_answer *system_answer)
{
    struct dm_id_wait *wait = context;
    const struct dm_request request = {.node = wait->node, .call = wait->call};
    DM_ON_LOOP();
    reply(&request, system_answer->bytes);
    forget(wait);
}

void
dm_id_closed(struct dm_node *node, const struct dm_http_call *call)
{
    DM_ON_LOOP();
    for (struct dm_id_wait *wait = node->id_waits; wait; wait = wait->next) {
        if (wait->call == call) {
            dm_system_cancel(node->net->system, wait->read);
            forget(wait);
            return;
        }
    }
}

static bool
is_on_any_address(const struct dm_node *node)
{
    for (size_t i = 0; i < node->n_servers; ++i) {
        const struct dm_endpoint *endpoint = &node->servers[i].endpoint;
        if (endpoint->kind == DM_ENDPOINT_IP &&
            dm_address_is_any(&endpoint->address)) {
            return true;
        }
    }
    return false;
}

static void
id(const struct dm_request *request)
{
    struct dm_node *node = request->node;
    const struct dm_system_question question = {
        .kind = DM_SYSTEM_ADDRESSES,
        .path = "",
        .max = ADDRESSES_MAX,
        .timeout_ns = ASK_NS,
    };
    struct dm_id_wait *wait =
        is_on_any_address(node) ? dm_calloc(1, sizeof(*wait)) : NULL;
    if (!wait || dm_system_start(node->net->system, &question, on_addresses,
                                 wait, &wait->read)) {
        dm_free(wait);
        reply(request, dm_str(""));
        return;
    }
    wait->node = node;
    wait->call = request->call;
    wait->next = node->id_waits;
    node->id_waits = wait;
}

const struct dm_route dm_routes_id[] = {
    {.path = "/api/v1/id",
     .methods = DM_METHOD_GET,
     .scope = (unsigned)DM_SCOPE_READ,
     .handle = id},
    {.path = NULL},
};
