// SPDX-License-Identifier: ISC

// hostile_log DIRECTORY
//
// Writes the logs that whole.hostile serves. For each attack, in
// DIRECTORY/NAME.json: the log's name, how it ends, and of each stage (good,
// then bad, then next) its tip and CARs; in DIRECTORY/many.json lines of heads
// of a great many logs, of which the first ones can be fetched.

#include "base/alloc.h"
#include "base/env.h"
#include "base/log.h"
#include "sync/base64.h"
#include "sync/car.h"
#include "tests/check.h"
#include "tests/support/attacks.h"

#include <inttypes.h>
#include <string.h>

#define FILE_MAX_BYTES ((size_t)128 << 20U)
#define PATH_MAX_BYTES 4096
#define SEED 20U
#define SPARE 30U
#define MANY 10000U

static void
put_bytes(struct dm_buf *json, const char *key, struct dm_str bytes)
{
    (void)dm_buf_printf(json, ",\"%s\":\"", key);
    CHECK(!dm_base64_write(DM_BASE64_URL, bytes, json));
    (void)dm_buf_putc(json, '"');
}

static void
put_tip(struct dm_buf *json, struct maker *maker)
{
    char cid[DM_CID_TEXT_SIZE];
    const struct dm_cid head =
        dm_cid_of(DM_CODEC_CBOR, dm_buf_str(&maker->head));
    dm_cid_text(&head, cid);
    (void)dm_buf_printf(json,
                        "{\"log\":\"%s\",\"seq\":%" PRIu64 ",\"head\":\"%s\"",
                        maker->name, maker->chain->seq, cid);
    put_bytes(json, "record", dm_buf_str(&maker->record));
    put_bytes(json, "block", dm_buf_str(&maker->head));
    put_bytes(json, "all", maker_all(maker));
}

static void
save(const struct dm_env *env, const char *directory, const char *name,
     struct dm_buf *json)
{
    char path[PATH_MAX_BYTES];
    (void)snprintf(path, sizeof(path), "%s/%s.json", directory, name);
    CHECK(!json->status);
    CHECK(!dm_env_write(env, path, dm_buf_str(json), 0600, DM_WRITE_DEFAULT,
                        NULL));
}

static const char *
name_of_end(enum attack_end end)
{
    switch (end) {
    case ATTACK_REFUSED:
        return "refused";
    case ATTACK_IGNORED:
        return "ignored";
    case ATTACK_ACCEPTED:
        return "accepted";
    case ATTACK_FROZEN:
        break;
    }
    return "frozen";
}

static void
go_on(struct maker *maker)
{
    maker_good(maker, 1);
    maker_tip(maker, 0);
}

static void
write_attack(const struct dm_env *env, const char *directory,
             const struct attack *attack, uint8_t seed, int64_t t0_ms)
{
    struct maker good;
    struct maker bad;
    struct dm_buf json;
    dm_buf_init(&json, FILE_MAX_BYTES);
    maker_init(&good, seed, t0_ms);
    maker_init(&bad, seed, t0_ms);
    maker_good(&good, ATTACK_BEFORE);
    maker_tip(&good, 0);
    (void)dm_buf_printf(&json,
                        "{\"name\":\"%s\",\"end\":\"%s\",\"reason\":\"%s\","
                        "\"finePushed\":%s,\"good\":",
                        attack->name, name_of_end(attack->end),
                        attack->reason ? attack->reason : "",
                        attack->is_fine_pushed ? "true" : "false");
    put_tip(&json, &good);
    (void)dm_buf_puts(&json, "},\"bad\":");

    maker_good(&bad, ATTACK_BEFORE);
    maker_cut(&bad);
    attack->make(&bad);
    put_tip(&json, &bad);
    (void)maker_car(&bad, false);
    if (attack->change) {
        attack->change(&bad.answer);
    }
    put_bytes(&json, "car", dm_buf_str(&bad.answer));

    maker_good(&good, 3);
    maker_tip(&good, 1);
    (void)dm_buf_puts(&json, "},\"next\":");
    put_tip(&json, &good);
    (void)dm_buf_puts(&json, "}}\n");
    save(env, directory, attack->name, &json);
    dm_buf_done(&json);
    maker_done(&good);
    maker_done(&bad);
}

// Logs of one entry each
static void
write_many(const struct dm_env *env, const char *directory, int64_t t0_ms)
{
    struct dm_buf json;
    struct maker_entry entry = {.n = 0};
    dm_buf_init(&json, FILE_MAX_BYTES);
    (void)dm_buf_puts(&json, "[");
    for (unsigned i = 0; i < MANY; ++i) {
        struct maker maker;
        uint8_t seed[DM_KEY_SEED_BYTES] = {(uint8_t)i, (uint8_t)(i >> 8U), 77};
        maker_init(&maker, 0, t0_ms);
        maker_take_key(&maker, seed);
        const struct dm_cid conf = maker_manifest(
            &maker, DM_MANIFEST_CONF, dm_key_public(maker.key), dm_str(""), 0);
        entry.conf = &conf;
        maker_entry(&maker, &entry);
        maker_tip(&maker, 0);
        put_tip(&json, &maker);
        (void)dm_buf_puts(&json, i + 1 < MANY ? "},\n" : "}]\n");
        maker_done(&maker);
    }
    save(env, directory, "many", &json);
    dm_buf_done(&json);
}

static void
drop(void *context, enum dm_log_level level, struct dm_str line)
{
    (void)context;
    (void)level;
    (void)line;
}

static int64_t
no_clock(void *context)
{
    (void)context;
    return 0;
}

int
main(int argc, char **argv)
{
    struct dm_env env;
    const struct dm_log_options options = {
        .level = DM_LOG_ERROR, .write = drop, .clock = no_clock};
    struct dm_log *log = dm_log_new(&options);
    CHECK(log && argc == 2);
    dm_env_init_system(&env, log);
    // What was sealed until now
    const int64_t t0_ms =
        dm_env_wall_ms(&env) - MAKER_EVERY_MS * (int64_t)(ATTACK_BEFORE + 5);
    for (size_t i = 0; i < n_attacks; ++i) {
        write_attack(&env, argv[1], &attacks[i], (uint8_t)(SEED + i), t0_ms);
    }
    for (size_t i = 0; i < SPARE; ++i) {
        char name[16];
        const struct attack spare = {
            .name = name, .make = go_on, .end = ATTACK_ACCEPTED};
        (void)snprintf(name, sizeof(name), "spare%02d", (int)i);
        write_attack(&env, argv[1], &spare, (uint8_t)(SEED + n_attacks + i),
                     t0_ms);
    }
    write_many(&env, argv[1], t0_ms);
    dm_log_free(log);
    return 0;
}
