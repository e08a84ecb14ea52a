// SPDX-License-Identifier: ISC

#include "tests/sim/hostile.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/time.h"
#include "daemon/identity.h"
#include "daemon/node_private.h"
#include "quadstore/store.h"
#include "sim/fleet.h"
#include "sim/network.h"
#include "sim/random.h"
#include "sync/block.h"
#include "sync/car.h"
#include "sync/chain.h"
#include "sync/exchange.h"
#include "sync/frame.h"
#include "sync/heads.h"
#include "sync/serve.h"
#include "tests/check.h"
#include "tests/unit/sync/steady.h"

#include <inttypes.h>
#include <string.h>

#define PORT 3223
#define T0_MS INT64_C(1795530000000)
#define SEED_BYTE 9
#define N_ENTRIES (HOSTILE_GOOD + 1U)
#define ANSWER_EVERY_NS (3 * DM_NS_PER_SECOND)
#define MEMORY_MAX ((size_t)64 << 20)
#define TEXT_MAX 4096U
#define CHECK_IRI "https://example.com/checks/steady0"
#define DM_VOCAB "https://w3id.org/demonitor#"
#define GOOD_ANSWERS 3U // Of heads, before the bad entry is told

struct block {
    struct dm_cid cid;
    struct dm_buf data;
};

struct hostile {
    struct hostile_options options;
    struct dm_sim_random random;
    struct steady *steady;
    struct block entries[N_ENTRIES];
    struct block foreign;  // Payload of the last one
    struct block heads[2]; // Of the good ones, and of all
    struct dm_buf records[2];
    uint64_t n_heads;
    uint64_t n_forged;
    uint64_t n_foreign;
};

// --------------------------------------------------------------------- own log

static enum dm_status
no_node(void *context, const struct dm_block *block)
{
    (void)context;
    (void)block;
    return DM_OK;
}

static struct dm_str
find(struct hostile *hostile, const struct dm_cid *cid)
{
    struct dm_str data = {"", 0};
    if (dm_cid_equal(cid, &hostile->foreign.cid)) {
        return dm_buf_str(&hostile->foreign.data);
    }
    for (size_t i = 0; i < DM_COUNT_OF(hostile->heads); ++i) {
        if (dm_cid_equal(cid, &hostile->heads[i].cid)) {
            return dm_buf_str(&hostile->heads[i].data);
        }
    }
    return steady_find(hostile->steady, cid, &data) ? (struct dm_str){"", 0}
                                                    : data;
}

static void
append(struct hostile *hostile, struct dm_chain *chain, size_t i)
{
    struct dm_wire_entry entry;
    const struct dm_str block = dm_buf_str(&hostile->entries[i].data);
    CHECK_INT(dm_wire_entry_read(block, &entry, NULL), DM_OK);
    const size_t n = entry.has_data ? find(hostile, &entry.data).n : 0;
    CHECK_INT(dm_chain_append(chain, &entry, block, n, no_node, NULL), DM_OK);
}

static void
put_head(struct hostile *hostile, const struct dm_chain *chain, size_t which)
{
    struct block *head = &hostile->heads[which];
    dm_buf_init(&head->data, DM_HEAD_MAX);
    CHECK_INT(dm_chain_head(chain, &head->data), DM_OK);
    head->cid = dm_cid_of(DM_CODEC_CBOR, dm_buf_str(&head->data));
    dm_buf_init(&hostile->records[which], DM_RECORD_MAX);
    CHECK_INT(dm_record_write(steady_key(hostile->steady), &head->cid,
                              chain->seq, 0, T0_MS + INT64_C(900000000000),
                              &hostile->records[which]),
              DM_OK);
}

// A result of a log as its payload says it
static void
put_event(struct dm_buf *text, const char *iri, int64_t ms)
{
    char at[DM_TIME_SIZE];
    dm_time_format(ms, at);
    CHECK_INT(
        dm_buf_printf(text,
                      "<%s#%" PRId64 ".0> "
                      "<http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies> "
                      "<<( <" CHECK_IRI "> <" DM_VOCAB "status> <" DM_VOCAB
                      "ok> )>> <%s> .\n"
                      "<%s#%" PRId64 ".0> <" DM_VOCAB "at> \"%s\"^^<http://"
                      "www.w3.org/2001/XMLSchema#dateTime> <%s> .\n",
                      iri, ms, iri, iri, ms, at, iri),
        DM_OK);
}

// The entry that says something in the victim's graph
static void
make_foreign(struct hostile *hostile, struct dm_chain *chain)
{
    struct dm_buf text;
    struct block *block = &hostile->entries[HOSTILE_GOOD];
    char iri[DM_KEY_IRI_SIZE];
    char own[DM_KEY_IRI_SIZE];
    const int64_t ms = chain->time_ms + 1;
    dm_key_iri(hostile->options.victim_log, iri);
    dm_key_iri(chain->log, own);
    dm_buf_init(&text, TEXT_MAX);
    CHECK_INT(dm_buf_printf(&text,
                            "<%s#%" PRId64 ".0> <http://example.com/is> "
                            "\"broken\" <%s> .\n",
                            own, ms, iri),
              DM_OK);
    put_event(&text, own, ms);
    dm_buf_init(&hostile->foreign.data, TEXT_MAX);
    CHECK_INT(dm_frame_store(dm_buf_str(&text), &hostile->foreign.data), DM_OK);
    hostile->foreign.cid =
        dm_cid_of(DM_CODEC_RAW, dm_buf_str(&hostile->foreign.data));
    struct dm_wire_entry entry = {
        .n = 3,
        .seq = N_ENTRIES,
        .size = text.n,
        .time_ms = ms,
        .has_data = true,
        .data = hostile->foreign.cid,
        .has_prev = true,
        .prev = chain->tip,
    };
    memcpy(entry.log, chain->log, sizeof(entry.log));
    dm_buf_init(&block->data, DM_ENTRY_MAX);
    CHECK_INT(
        dm_wire_entry_write(&entry, steady_key(hostile->steady), &block->data),
        DM_OK);
    block->cid = dm_cid_of(DM_CODEC_CBOR, dm_buf_str(&block->data));
    append(hostile, chain, HOSTILE_GOOD);
    dm_buf_done(&text);
}

static void
make_log(struct hostile *hostile)
{
    uint8_t seed[DM_KEY_SEED_BYTES];
    memset(seed, SEED_BYTE, sizeof(seed));
    hostile->steady = steady_new(seed, T0_MS);
    steady_write(hostile->steady, HOSTILE_GOOD);
    struct dm_chain *chain = dm_chain_new(steady_log(hostile->steady));
    CHECK(chain);
    for (size_t i = 0; i < HOSTILE_GOOD; ++i) {
        struct block *block = &hostile->entries[i];
        block->cid = steady_entry(hostile->steady, i + 1);
        dm_buf_init(&block->data, DM_ENTRY_MAX);
        CHECK_INT(dm_buf_put_str(&block->data, find(hostile, &block->cid)),
                  DM_OK);
        append(hostile, chain, i);
    }
    put_head(hostile, chain, 0);
    make_foreign(hostile, chain);
    put_head(hostile, chain, 1);
    dm_chain_free(chain);
}

// A Manifest and its parts
static void
write_manifest(struct hostile *hostile, const struct dm_cid *cid,
               struct dm_buf *car)
{
    struct dm_wire_manifest manifest;
    const struct dm_str data = find(hostile, cid);
    CHECK_INT(dm_wire_manifest_read(data, &manifest, NULL), DM_OK);
    CHECK_INT(dm_car_write_block(cid, data, car), DM_OK);
    for (size_t i = 0; i < manifest.parts.n; ++i) {
        const struct dm_cid part = dm_cid_list_at(&manifest.parts, i);
        CHECK_INT(dm_car_write_block(&part, find(hostile, &part), car), DM_OK);
    }
}

static void
serve_own(struct hostile *hostile, uint64_t after,
          struct dm_sim_response *response)
{
    const uint64_t last =
        hostile->n_heads > GOOD_ANSWERS ? N_ENTRIES : HOSTILE_GOOD;
    if (after >= last) {
        response->status = 204;
        return;
    }
    CHECK_INT(dm_car_write_header(&hostile->entries[last - 1].cid, 1,
                                  &response->body),
              DM_OK);
    for (uint64_t i = after; i < last; ++i) {
        const struct block *block = &hostile->entries[i];
        struct dm_wire_entry entry;
        CHECK_INT(dm_wire_entry_read(dm_buf_str(&block->data), &entry, NULL),
                  DM_OK);
        if (entry.has_conf) {
            write_manifest(hostile, &entry.conf, &response->body);
        }
        CHECK_INT(dm_car_write_block(&block->cid, dm_buf_str(&block->data),
                                     &response->body),
                  DM_OK);
        if (entry.has_data) {
            CHECK_INT(dm_car_write_block(&entry.data,
                                         find(hostile, &entry.data),
                                         &response->body),
                      DM_OK);
        }
    }
    hostile->n_foreign += last == N_ENTRIES ? 1 : 0;
}

// -------------------------------------------------------------- another's log

static struct dm_snapshot *
open_victim(const struct hostile *hostile, struct dm_work *work)
{
    const struct dm_node *node = dm_sim_station_node(hostile->options.victim);
    struct dm_snapshot *snapshot = NULL;
    if (!node) {
        return NULL;
    }
    dm_work_init(work, node->env, INT64_MAX, MEMORY_MAX);
    CHECK_INT(dm_snapshot_open(node->store, work, &snapshot), DM_OK);
    return snapshot;
}

// One entry with another payload and prev as it should be; the signature is
// that of the genuine one
static void
forge(const struct dm_exchange_entry *genuine, struct dm_buf *car)
{
    struct dm_wire_entry entry = genuine->entry;
    char iri[DM_KEY_IRI_SIZE];
    struct dm_buf line;
    struct dm_buf frame;
    struct dm_buf block;
    dm_buf_init(&line, TEXT_MAX);
    dm_buf_init(&frame, TEXT_MAX);
    dm_buf_init(&block, DM_ENTRY_MAX);
    dm_key_iri(entry.log, iri);
    put_event(&line, iri, entry.time_ms);
    CHECK_INT(dm_frame_store(dm_buf_str(&line), &frame), DM_OK);
    entry.has_conf = false;
    entry.has_snap = false;
    entry.has_data = true;
    entry.data = dm_cid_of(DM_CODEC_RAW, dm_buf_str(&frame));
    entry.n = 2;
    entry.size = line.n;
    // Signed as a log of another key, and then said to be of this one
    uint8_t seed[DM_KEY_SEED_BYTES] = {SEED_BYTE};
    struct dm_key *key = dm_key_from_seed(seed);
    CHECK(key);
    const struct dm_str log =
        dm_str_n((const char *)dm_key_public(key), sizeof(entry.log));
    memcpy(entry.log, log.data, log.n);
    CHECK_INT(dm_wire_entry_write(&entry, key, &block), DM_OK);
    const size_t at = dm_str_find(dm_buf_str(&block), log);
    CHECK(at < block.n);
    memcpy(block.data + at, genuine->entry.log, log.n);
    const struct dm_cid cid = dm_cid_of(DM_CODEC_CBOR, dm_buf_str(&block));
    CHECK_INT(dm_car_write_header(&cid, 1, car), DM_OK);
    CHECK_INT(dm_car_write_block(&cid, dm_buf_str(&block), car), DM_OK);
    CHECK_INT(dm_car_write_block(&entry.data, dm_buf_str(&frame), car), DM_OK);
    dm_key_free(key);
    dm_buf_done(&line);
    dm_buf_done(&frame);
    dm_buf_done(&block);
}

static void
spoil(struct hostile *hostile, struct dm_str car, struct dm_buf *ret)
{
    struct dm_arena arena;
    struct dm_exchange exchange;
    const struct dm_exchange_spec spec = {.log = hostile->options.victim_log,
                                          .with_data = true};
    dm_arena_init(&arena, MEMORY_MAX, NULL);
    CHECK_INT(dm_exchange_read(car, &spec, &arena, &exchange, NULL), DM_OK);
    switch (dm_sim_random_below(&hostile->random, 4)) {
    case 0: // Cut
        CHECK_INT(
            dm_buf_put(ret, car.data,
                       (size_t)dm_sim_random_below(&hostile->random, car.n)),
            DM_OK);
        break;
    case 1: { // A byte changed
        const size_t at = (size_t)dm_sim_random_below(&hostile->random, car.n);
        CHECK_INT(dm_buf_put_str(ret, car), DM_OK);
        ret->data[at] = (char)(ret->data[at] ^ 0x20);
        break;
    }
    default:
        forge(&exchange.entries[0], ret);
        ++hostile->n_forged;
        break;
    }
    dm_arena_done(&arena);
}

static void
serve_victim(struct hostile *hostile, uint64_t after,
             struct dm_sim_response *response)
{
    struct dm_work work;
    struct dm_buf car;
    uint64_t first = 0;
    struct dm_snapshot *snapshot = open_victim(hostile, &work);
    if (!snapshot) {
        response->status = 503;
        return;
    }
    // Now and then it sends what was not asked for
    const uint64_t off = dm_sim_random_below(&hostile->random, 5) == 0 ? 1 : 0;
    const struct dm_serve_spec spec = {
        .log = hostile->options.victim_log,
        .after = after + off,
        .until = UINT64_MAX,
        .limit = 3,
        .with_data = true,
    };
    dm_buf_init(&car, DM_CAR_MAX);
    if (dm_serve_entries(snapshot, &spec, &car, &first, NULL)) {
        response->status = 204;
    } else {
        spoil(hostile, dm_buf_str(&car), &response->body);
    }
    dm_buf_done(&car);
    dm_snapshot_close(snapshot);
}

// ------------------------------------------------------------------- answers

static void
tell_heads(struct hostile *hostile, struct dm_sim_response *response)
{
    struct dm_heads_line lines[2] = {{.first = 1}, {.first = 1}};
    char cursor[DM_TIME_SIZE];
    struct dm_work work;
    struct dm_chain *chain = NULL;
    struct dm_snapshot *snapshot = open_victim(hostile, &work);
    size_t n = 0;
    ++hostile->n_heads;
    const size_t which = hostile->n_heads > GOOD_ANSWERS ? 1 : 0;
    memcpy(lines[n].log, steady_log(hostile->steady), DM_KEY_PUBLIC_BYTES);
    lines[n].record = dm_buf_str(&hostile->records[which]);
    lines[n].tip.seq = which ? N_ENTRIES : HOSTILE_GOOD;
    lines[n++].tip.head = hostile->heads[which].cid;
    if (snapshot &&
        dm_chain_peek(snapshot, hostile->options.victim_log, &chain) == DM_OK &&
        chain->n_record) {
        memcpy(lines[n].log, chain->log, DM_KEY_PUBLIC_BYTES);
        lines[n].first = chain->first;
        lines[n].record =
            dm_str_n((const char *)chain->record, chain->n_record);
        lines[n].tip.seq = chain->seq;
        lines[n++].tip.head = chain->head;
    }
    (void)snprintf(cursor, sizeof(cursor), "h%" PRIu64, hostile->n_heads);
    const struct dm_heads heads = {
        .cursor = dm_str(cursor), .lines = lines, .n_lines = n};
    CHECK_INT(dm_heads_write(&heads, &response->body), DM_OK);
    dm_chain_free(chain);
    if (snapshot) {
        dm_snapshot_close(snapshot);
    }
    response->delay_ns = hostile->n_heads > 1 ? ANSWER_EVERY_NS : 0;
}

// The number behind "after="
static uint64_t
read_after(struct dm_str target)
{
    const struct dm_str mark = DM_STR("after=");
    const size_t at = dm_str_find(target, mark);
    uint64_t after = 0;
    struct dm_str digits = dm_str_slice(target, at + mark.n, target.n);
    digits = dm_str_slice(digits, 0, dm_str_find(digits, dm_str("&")));
    return dm_str_to_uint(digits, UINT64_MAX, &after) ? after : 0;
}

static void
serve(void *context, const struct dm_sim_request *request,
      struct dm_sim_response *response)
{
    struct hostile *hostile = context;
    const struct dm_str target = request->target;
    static const struct dm_str log = DM_STR("/demonitor/v1/log/");
    char own[DM_KEY_NAME_SIZE];
    dm_key_name(steady_log(hostile->steady), own);
    if (dm_str_starts(target, dm_str("/demonitor/v1/heads"))) {
        tell_heads(hostile, response);
    } else if (dm_str_starts(target, log) &&
               dm_str_starts(dm_str_slice(target, log.n, target.n),
                             dm_str(own))) {
        serve_own(hostile, read_after(target), response);
    } else if (dm_str_starts(target, log)) {
        serve_victim(hostile, read_after(target), response);
    } else {
        response->status = 404;
    }
}

// ------------------------------------------------------------------------ life

struct hostile *
hostile_new(const struct hostile_options *options)
{
    struct hostile *hostile = dm_calloc(1, sizeof(*hostile));
    struct dm_identity identity;
    CHECK(hostile);
    hostile->options = *options;
    dm_sim_random_fork(dm_sim_world_random(dm_sim_fleet_world(options->fleet)),
                       "hostile", &hostile->random);
    make_log(hostile);
    struct dm_sim_tls tls = {.verdict = DM_NET_OK, .reason = ""};
    CHECK_INT(dm_node_identity(hostile_key(hostile), &identity), DM_OK);
    CHECK_INT(
        dm_identity_read(dm_str(identity.certificate_pem), &tls.certificate),
        DM_OK);
    dm_identity_done(&identity);
    CHECK_INT(dm_sim_host_serve(options->host, PORT, &tls, serve, hostile),
              DM_OK);
    return hostile;
}

void
hostile_free(struct hostile *hostile)
{
    if (!hostile) {
        return;
    }
    for (size_t i = 0; i < N_ENTRIES; ++i) {
        dm_buf_done(&hostile->entries[i].data);
    }
    dm_buf_done(&hostile->foreign.data);
    for (size_t i = 0; i < DM_COUNT_OF(hostile->heads); ++i) {
        dm_buf_done(&hostile->heads[i].data);
        dm_buf_done(&hostile->records[i]);
    }
    steady_free(hostile->steady);
    dm_free(hostile);
}

const struct dm_key *
hostile_key(const struct hostile *hostile)
{
    return steady_key(hostile->steady);
}

uint64_t
hostile_n_forged(const struct hostile *hostile)
{
    return hostile->n_forged;
}

uint64_t
hostile_n_foreign(const struct hostile *hostile)
{
    return hostile->n_foreign;
}
