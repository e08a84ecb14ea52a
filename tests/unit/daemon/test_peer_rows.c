// SPDX-License-Identifier: ISC

// Rows out of a store with three logs, one that is relayed and one that forked,
// and a peer of which nothing is held.

#include "daemon/peer_rows.h"

#include "base/actor.h"
#include "base/alloc.h"
#include "sync/chain.h"
#include "sync/record.h"
#include "tests/unit/alert/world.h"

#define NODES 3U
#define AWAY 9U // Seed of a peer without a log
#define SECOND INT64_C(1000)

static struct world world;

static struct dm_key *
key_of(uint8_t number)
{
    uint8_t seed[DM_KEY_SEED_BYTES] = {number};
    struct dm_key *key = dm_key_from_seed(seed);
    CHECK(key);
    return key;
}

static void
add_node(uint8_t number, const char *name)
{
    struct world_node *node = &world.nodes[world.n++];
    struct dm_key *key = key_of(number);
    CHECK(sizeof(node->iri) >= DM_KEY_IRI_SIZE);
    dm_key_iri(dm_key_public(key), node->iri);
    node->config = world_load(
        &world, node->iri, name,
        PREFIX "<shop> a :HttpCheck ; :url \"https://shop.test/\" .\n");
    node->heard_ms = T0 - 2 * SECOND;
    dm_key_free(key);
}

// ---------------------------------------------------------------- the store

static void
put_chain(struct dm_txn *txn, uint8_t number, uint64_t seq, uint64_t forked_at)
{
    struct dm_key *key = key_of(number);
    struct dm_chain *chain = dm_chain_new(dm_key_public(key));
    CHECK(chain);
    for (uint64_t i = 1; i <= seq; ++i) {
        uint8_t leaf[4] = {number, (uint8_t)i};
        dm_tree_add(&chain->tree, dm_str_n((const char *)leaf, sizeof(leaf)));
    }
    const struct dm_cid cid = dm_cid_of(DM_CODEC_CBOR, dm_str("an entry"));
    chain->seq = seq;
    chain->time_ms = T0 - 5 * SECOND;
    chain->tip = cid;
    chain->conf = cid;
    chain->forked_at = forked_at;
    if (forked_at) {
        chain->fork[0] = cid;
        chain->fork[1] = dm_cid_of(DM_CODEC_CBOR, dm_str("another one"));
    }
    struct dm_buf bytes;
    struct dm_record record;
    dm_buf_init(&bytes, DM_RECORD_MAX);
    CHECK_INT(
        dm_record_write(key, &cid, seq, 0, T0 + DM_RECORD_VALID_MS, &bytes),
        DM_OK);
    CHECK_INT(dm_record_read(dm_buf_str(&bytes), chain->log, &record, NULL),
              DM_OK);
    dm_chain_set_record(chain, dm_buf_str(&bytes), &record);
    dm_buf_done(&bytes);
    CHECK_INT(dm_chain_store(chain, txn), DM_OK);
    dm_chain_free(chain);
    dm_key_free(key);
}

// The own log and two others
static void
open_head(struct head *head)
{
    struct dm_txn *txn = NULL;
    world_init(&world);
    add_node(1, "carbon");
    add_node(2, "fra");
    add_node(3, "lab");
    world.nodes[1].known_more = 2;
    world.nodes[2].forked_at = 4;
    head_open(&world, 0, T0, head);
    dm_snapshot_close(head->snapshot);
    dm_present_close(head->present);
    CHECK_INT(dm_txn_begin(head->store, &txn), DM_OK);
    put_chain(txn, 1, 3, 0);
    put_chain(txn, 2, 7, 0);
    put_chain(txn, 3, 5, 4);
    CHECK_INT(dm_txn_commit(txn, DM_COMMIT_NORMAL), DM_OK);
    CHECK_INT(dm_snapshot_open(head->store, &head->work, &head->snapshot),
              DM_OK);
    CHECK_INT(dm_present_open(head->snapshot, world.nodes[0].config, NULL, T0,
                              &head->present),
              DM_OK);
}

static void
close_head(struct head *head)
{
    head_close(head);
    world_done(&world);
}

// ------------------------------------------------------------------- links

// As gathered: `count` peers, told of by the first of them the third log
static void
gather(struct dm_peer_rows *rows, const uint8_t *numbers, size_t count)
{
    *rows = (struct dm_peer_rows){.n = 0};
    dm_arena_init(&rows->arena, DM_PEER_ROWS_MEMORY, NULL);
    rows->links = dm_calloc(count, sizeof(*rows->links));
    rows->told = dm_calloc(1, sizeof(*rows->told));
    CHECK(rows->links && rows->told);
    for (size_t i = 0; i < count; ++i) {
        struct dm_key *key = key_of(numbers[i]);
        char iri[DM_KEY_IRI_SIZE];
        dm_key_iri(dm_key_public(key), iri);
        struct dm_peer_link *link = &rows->links[rows->n_links++];
        link->name = dm_str("peer");
        link->iri = dm_arena_copy(&rows->arena, dm_str(iri));
        link->is_followed = true;
        link->heard_ms = DM_NO_TIME;
        link->reason_ms = DM_NO_TIME;
        memcpy(link->log, dm_key_public(key), sizeof(link->log));
        dm_key_free(key);
    }
    struct dm_key *key = key_of(3);
    rows->told[0].link = &rows->links[0];
    memcpy(rows->told[0].log, dm_key_public(key), sizeof(rows->told[0].log));
    rows->n_told = 1;
    dm_key_free(key);
}

static void
all_logs_and_peers_have_a_row(void)
{
    static const uint8_t numbers[] = {2, AWAY};
    struct head head;
    struct dm_peer_rows rows;
    open_head(&head);
    gather(&rows, numbers, sizeof(numbers));
    rows.links[0].comes = true;
    CHECK_INT(dm_peer_rows_read(&rows, head.snapshot, head.present, T0), DM_OK);
    CHECK_INT((int64_t)rows.n, NODES + 1);
    const struct dm_peer_row *own = &rows.rows[0];
    CHECK(own->log->is_self && !own->link && own->has_tip && own->is_renewed);
    CHECK_INT((int64_t)own->seq, 3);
    CHECK_INT(own->entry_ms, T0 - 5 * SECOND);
    CHECK(!dm_peer_row_is_bad(own) && !dm_peer_row_way(own)[0]);
    for (size_t i = 1; i < NODES; ++i) {
        const struct dm_peer_row *row = &rows.rows[i];
        const bool is_fra = dm_str_is(row->name, "fra");
        CHECK(is_fra || dm_str_is(row->name, "lab"));
        CHECK_INT((int64_t)row->seq, is_fra ? 7 : 5);
        CHECK_INT(row->lag_ms, 3 * SECOND);
        CHECK_INT((int64_t)row->log->behind, is_fra ? 2 : 0);
        CHECK(is_fra ? row->link == &rows.links[0] : !row->link);
        CHECK(dm_str_is(row->via, is_fra ? "" : "peer"));
        CHECK(dm_str_is(dm_str(dm_peer_row_state(row)),
                        is_fra ? "connected" : "forked"));
        CHECK(dm_str_is(dm_str(dm_peer_row_way(row)),
                        is_fra ? "comes" : "relay"));
        CHECK_INT(dm_peer_row_is_bad(row), !is_fra);
        CHECK_INT(dm_peer_row_advice(row)[0] != '\0', !is_fra);
    }
    const struct dm_peer_row *away = &rows.rows[NODES];
    CHECK(!away->log && away->link == &rows.links[1]);
    CHECK(dm_str_is(dm_str(dm_peer_row_state(away)), "away"));
    CHECK(dm_peer_row_is_bad(away) && dm_peer_row_advice(away)[0]);
    // Of two peers of one name the second is told apart
    CHECK(dm_str_is(rows.links[0].name, "peer"));
    CHECK_INT((int64_t)rows.links[1].name.n, 4 + 1 + 8);
    CHECK(dm_str_starts(rows.links[1].name, dm_str("peer-")));
    dm_peer_rows_done(&rows);
    dm_peer_rows_done(&rows); // Nothing is left
    close_head(&head);
}

static void
what_is_too_old_is_said(void)
{
    static const uint8_t numbers[] = {2, 3};
    struct head head;
    struct dm_peer_rows rows;
    open_head(&head);
    gather(&rows, numbers, sizeof(numbers));
    rows.links[0].is_connected = true;
    rows.links[0].reason = dm_str("push: refused");
    rows.links[0].reason_ms = T0;
    const int64_t later = T0 + DM_RECORD_VALID_MS + SECOND;
    CHECK_INT(dm_peer_rows_read(&rows, head.snapshot, head.present, later),
              DM_OK);
    CHECK(dm_str_is(dm_str(dm_peer_row_state(&rows.rows[0])), "not sealed"));
    CHECK(dm_peer_row_is_bad(&rows.rows[0]));
    CHECK(dm_peer_row_advice(&rows.rows[0])[0]);
    for (size_t i = 1; i < rows.n; ++i) {
        const bool is_fra = rows.rows[i].link == &rows.links[0];
        CHECK(!rows.rows[i].is_renewed && !rows.rows[i].has_news);
        CHECK(dm_str_is(dm_str(dm_peer_row_state(&rows.rows[i])),
                        is_fra ? "not renewed" : "forked"));
        CHECK(dm_peer_row_is_bad(&rows.rows[i]));
    }
    dm_peer_rows_done(&rows);
    close_head(&head);
}

// ------------------------------------------------------------------- words

static void
each_state_of_a_peer_has_its_words(void)
{
    static const struct {
        struct dm_peer_link link;
        const char *state;
        const char *way;
        const char *advice; // A part of it
    } cases[] = {
        {{.is_followed = true, .is_dialled = true, .is_connected = true},
         "connected",
         "dials",
         ""},
        {{.is_followed = true, .is_dialled = true, .comes = true},
         "connected",
         "dials, comes",
         ""},
        {{.is_followed = true}, "away", "comes", "no :url"},
        {{.is_followed = true, .url = DM_STR("https://h")},
         "away",
         "",
         "three others"},
        {{.is_followed = true,
          .is_away = true,
          .reason = DM_STR("heads: refused"),
          .failure = DM_NET_CONNECTION},
         "away",
         "dials",
         "demonitor id"},
        {{.is_followed = true,
          .is_away = true,
          .reason = DM_STR("heads: another pin"),
          .failure = DM_NET_CERTIFICATE},
         "away",
         "dials",
         ":pin"},
        {{.is_followed = true,
          .is_away = true,
          .reason = DM_STR("heads: status 401"),
          .status = 401},
         "away",
         "dials",
         ":token"},
        {{.is_followed = true,
          .comes = true,
          .reason = DM_STR("log k51 refused: quota: 7 of 7")},
         "connected",
         "comes",
         ":quota"},
        {{.is_followed = false, .url = DM_STR("https://h")},
         "left out",
         "",
         ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); ++i) {
        const struct dm_peer_row row = {.link = &cases[i].link,
                                        .has_news = cases[i].link.reason.n > 0};
        const struct dm_str advice = dm_str(dm_peer_row_advice(&row));
        const struct dm_str part = dm_str(cases[i].advice);
        CHECK(dm_str_is(dm_str(dm_peer_row_state(&row)), cases[i].state));
        CHECK(dm_str_is(dm_str(dm_peer_row_way(&row)), cases[i].way));
        CHECK(part.n ? dm_str_find(advice, part) < advice.n : !advice.n);
        CHECK_INT(dm_peer_row_is_bad(&row), part.n > 0);
    }
}

static void
each_allocation_may_fail(void)
{
    static const uint8_t numbers[] = {2, AWAY};
    struct head head;
    open_head(&head);
    for (size_t i = 0;; ++i) {
        struct dm_peer_rows rows;
        gather(&rows, numbers, sizeof(numbers));
        dm_alloc_fail_after(i);
        const enum dm_status status =
            dm_peer_rows_read(&rows, head.snapshot, head.present, T0);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        dm_peer_rows_done(&rows);
        if (!status) {
            CHECK(i > 5);
            break;
        }
        CHECK_INT(status, DM_ERR_NO_MEMORY);
    }
    close_head(&head);
}

int
main(void)
{
    all_logs_and_peers_have_a_row();
    what_is_too_old_is_said();
    each_state_of_a_peer_has_its_words();
    each_allocation_may_fail();
    return 0;
}
