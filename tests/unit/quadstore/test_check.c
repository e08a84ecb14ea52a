// SPDX-License-Identifier: ISC

// Each invariant of the store is broken by hand, and found.

#include "tests/unit/quadstore/fixture.h"

#include "quadstore/blocks.h"

#include <sqlite3.h>

#define NOW INT64_C(1795536000000)
#define SHOP "https://demonitor.internal/shop"

static void
fill(struct fixture *fixture)
{
    struct dm_txn *txn = begin(fixture);
    dm_log_no log = 0;
    CHECK(!dm_txn_log_number(txn, dm_str("ipns://k1"), &log));
    const struct dm_sample sample = {
        .label = dm_str("load"), .value = dm_str("0.5"), .unit = dm_str("1")};
    for (int i = 0; i < 4; ++i) {
        struct dm_event event =
            event_at(log, put(txn, SHOP), (enum dm_result_status)(i % 3),
                     NOW - (int64_t)i * 1000);
        struct dm_event_key key;
        event.failure = i ? put(txn, DM_NS "connection") : DM_ID_NONE;
        event.samples = &sample;
        event.n_samples = 1;
        event.certificate_expires_ms = NOW;
        CHECK(!dm_txn_record(txn, &event, &key));
        if (i == 1) {
            add(txn, dm_id_from_event(&key), put(txn, "http://e/p"),
                put(txn, "\"note\""), put(txn, "ipns://k1"));
        }
    }
    for (uint8_t i = 0; i < 3; ++i) {
        const struct dm_block block = {.place = {log, DM_BLOCK_ENTRY, i},
                                       .name = {i},
                                       .data = dm_str("x")};
        CHECK(!dm_txn_block_put(txn, &block));
    }
    const struct dm_triple triple = {
        .s = term_of(SHOP), .p = term_of("http://e/p"), .o = term_of("\"o\"")};
    const struct dm_term term = dm_term_triple(&triple);
    dm_id id = DM_ID_NONE;
    CHECK(!dm_txn_intern(txn, &term, &id));
    add(txn, id, put(txn, "http://e/p"), id, DM_ID_NONE);
    add(txn, id, put(txn, "http://e/p"), id, put(txn, "http://g/"));
    commit(txn);
}

struct damage {
    const char *rule;
    const char *sql;
};

static const struct damage damages[] = {
    {"S2", "INSERT INTO term SELECT 1000, 3, '7', 1 << 59 | 24, '';"
           "UPDATE meta SET v = v + 1 WHERE k = 2"},
    {"S2", "INSERT INTO term VALUES (1000, 1, 'ipns://k1#1795536000000.0', 0,"
           " ''); UPDATE meta SET v = v + 1 WHERE k = 2"},
    {"S3", "UPDATE term SET datatype = 0 WHERE kind = 3"},
    {"S3", "UPDATE term SET datatype = 1 << 59 | 9999 WHERE kind = 3"},
    {"S3", "UPDATE term SET lang = 'en' WHERE kind = 3"},
    {"S4", "UPDATE term SET value = 'http://other/' WHERE n = 9"},
    {"S5", "UPDATE triple_term SET o = 1 << 59 | 9999"
           " WHERE n = (SELECT max(n) FROM triple_term)"},
    {"S5", "UPDATE quad SET p = 1 << 59 | 9999; UPDATE triple SET p ="
           " 1 << 59 | 9999"},
    {"S6", "UPDATE triple SET n = n + 1"},
    {"S7", "UPDATE graph SET n = n + 1"},
    {"S7", "DELETE FROM graph"},
    {"S7", "UPDATE predicate SET n = n + 1"},
    {"S7", "DELETE FROM predicate"},
    {"S8", "UPDATE log SET graph = graph + 1"},
    {"S8", "UPDATE event SET k = k + (1 << 47)"},
    {"S9", "UPDATE log SET events = events + 1"},
    {"S9", "UPDATE log SET last = 0"},
    {"S10", "UPDATE event SET bits = bits | 32"},
    {"S10", "UPDATE event SET more = x'FF'"},
    {"S10", "UPDATE event SET micros = -7"},
    {"S11", "UPDATE event SET c = 9999"},
    {"S11", "UPDATE event SET bits = 3 WHERE k = (SELECT min(k) FROM event)"},
    {"S11", "UPDATE metric SET c = 9"},
    {"S11", "DELETE FROM metric"},
    {"S12", "DELETE FROM lag"},
    {"S13", "UPDATE event SET bits = bits & 7"},
    {"S13", "UPDATE event SET bits = bits | 8"},
    {"S14", "UPDATE latest SET k = (SELECT min(k) FROM event)"},
    {"S14", "UPDATE latest SET k = k + 1"},
    {"S14", "UPDATE latest SET started = k"},
    {"S15", "UPDATE latest SET streak = 0"},
    {"S15", "UPDATE latest SET bad_since = NULL, bad = 1"},
    {"S15", "UPDATE latest SET bad = 7, bad_since = 1"},
    {"S15", "UPDATE latest SET certificate = certificate + 1"},
    {"S16", "UPDATE meta SET v = v + 1 WHERE k = 2"},
    {"S16", "UPDATE meta SET v = v + 1 WHERE k = 3"},
    {"S16", "UPDATE meta SET v = v + 1 WHERE k = 4"},
    {"S16", "UPDATE meta SET v = v + 1 WHERE k = 5"},
    {"S17", "UPDATE block SET place = place + (5 << 51)"},
    {"S17", "UPDATE block SET name = x'00' WHERE n = 1"},
    {"S17", "UPDATE block SET data = 'text' WHERE n = 1"},
    {"S18", "UPDATE block SET place = (SELECT max(place) FROM block)"},
    {"S18", "UPDATE block SET place = place | (7 << 48); UPDATE block SET"
            " hash = 0, name = (SELECT name FROM block WHERE n = 1)"},
    {"S19", "UPDATE log SET blocks = blocks + 1"},
    {"S19", "UPDATE log SET block_bytes = block_bytes - 1"},
    {"S19", "DELETE FROM block WHERE n = 1"},
};

static void
damage_is_found(const struct damage *damage)
{
    struct fixture fixture;
    sqlite3 *db = NULL;
    char *text = NULL;
    fixture_init(&fixture, true);
    fill(&fixture);
    check_store(&fixture);
    CHECK(sqlite3_open(fixture.path, &db) == SQLITE_OK);
    if (sqlite3_exec(db, damage->sql, NULL, NULL, &text) != SQLITE_OK) {
        (void)fprintf(stderr, "%s: %s\n", damage->sql, text);
        abort();
    }
    CHECK(sqlite3_close(db) == SQLITE_OK);

    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    struct dm_error error = {0};
    const enum dm_status status = dm_snapshot_check(snapshot, &error);
    if (status != DM_ERR_CORRUPT ||
        strncmp(error.what, damage->rule, strlen(damage->rule)) != 0 ||
        error.what[strlen(damage->rule)] != ':') {
        (void)fprintf(stderr, "%s after %s: %s\n", damage->rule, damage->sql,
                      status ? error.what : "nothing found");
        abort();
    }
    dm_snapshot_close(snapshot);
    fixture_done(&fixture);
}

static void
a_torn_page_is_found(void)
{
    struct fixture fixture;
    fixture_init(&fixture, true);
    fill(&fixture);
    uint64_t left = 0;
    CHECK(!dm_store_checkpoint(fixture.store, &left));
    CHECK_INT((int64_t)left, 0);
    dm_store_close(fixture.store);
    FILE *file = fopen(fixture.path, "r+b");
    CHECK(file && fseek(file, 4096 * 5 + 2000, SEEK_SET) == 0);
    for (int i = 0; i < 2000; ++i) {
        CHECK(fputc(0xA5, file) != EOF);
    }
    CHECK(fclose(file) == 0);
    fixture_open(&fixture);
    struct dm_snapshot *snapshot = NULL;
    if (!dm_snapshot_open(fixture.store, &fixture.work, &snapshot)) {
        CHECK(dm_snapshot_check(snapshot, NULL) == DM_ERR_CORRUPT);
    }
    dm_snapshot_close(snapshot);
    fixture_done(&fixture);
}

int
main(void)
{
    for (size_t i = 0; i < DM_COUNT_OF(damages); ++i) {
        damage_is_found(&damages[i]);
    }
    a_torn_page_is_found();
    return 0;
}
