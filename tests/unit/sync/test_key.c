// SPDX-License-Identifier: ISC

// Names and signatures are those of an independent implementation of the wire
// format: both must say the same.

#include "sync/key.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/env.h"
#include "base/log.h"
#include "tests/check.h"

#include <stdlib.h>
#include <string.h>

#define PATH_SIZE 256
#define ENTRY_PREFIX "demonitor-entry-v1:"

struct named {
    uint8_t seed_byte; // The seed is this byte 32 times
    const char *public_key;
    const char *name;
    const char *peer_id;
};

static const struct named names[] = {
    {.seed_byte = 0,
     .public_key =
         "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29",
     .name = "k51qzi5uqu5dhnwe629wdlncpql6frppdpwnz4wtlcw816aysd5wwlk63g4wmh",
     .peer_id = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN"},
    {.seed_byte = 1,
     .public_key =
         "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c",
     .name = "k51qzi5uqu5djmw2yvf8kk5cdjc1ddc00o4d5sjwi6f79xzcay9j3gkddw5uu4",
     .peer_id = "12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5"},
    {.seed_byte = 2,
     .public_key =
         "8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394",
     .name = "k51qzi5uqu5djejcj9das04p3wen7mowcz0z5iq3tw0yxaa8ko01odjley7fdg",
     .peer_id = "12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq"},
};

static const char *const no_names[] = {
    "k51QZI5UQU5DJMW2YVF8KK5CDJC1DDC00O4D5SJWI6F79XZCAY9J3GKDDW"
    "5UU4", // capitals
    "bafzaajaiaejcbcui4poxicprsx6vfwznhs5f24wkm4e36hmucin7g5eia"
    "g2a6324", // in base32
    "k51qzi5uqu5djmw2yvf8kk5cdjc1ddc00o4d5sjwi6f79xzcay9j3gkddw"
    "5uu", // a letter is missing
    "k051qzi5uqu5djmw2yvf8kk5cdjc1ddc00o4d5sjwi6f79xzcay9j3gkdd"
    "w5uu4", // a zero in front
    "kzwfwjn5ji4pun4ikfj1f7ok5z4meu3zbmwjm7674q223y9ii7m3sookck"
    "gw1gc", // a key of another kind
    "ipns://"
    "k51qzi5uqu5djmw2yvf8kk5cdjc1ddc00o4d5sjwi6f79xzcay9j3gkddw"
    "5uu4", // the IRI
    "k51qzi5uqu5djmw2yvf8kk5cdjc1ddc00o4d5sjwi6f79xzcay9j3gkddw"
    "5u-4",
    "z51qzi5uqu5djmw2yvf8kk5cdjc1ddc00o4d5sjwi6f79xzcay9j3gkddw"
    "5uu4",
    "kzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
    "zzzz",
    "",
};

struct signature {
    const char *what;
    bool is_good;
    const char *public_key;
    const char *message; // Without the prefix of entries
    const char *signature;
};

static const struct signature signatures[] = {
    {.what = "a key with a part of small order, and a signature for which the "
             "equation holds as it stands",
     .is_good = true,
     .public_key =
         "9ea3f11f5bd34f0cd7147fd0a436c088f624c6100c1df6a53c0a29e05d60cea0",
     .message =
         "a7616e00617601636c6f6758209ea3f11f5bd34f0cd7147fd0a436c088f624c6"
         "100c1df6a53c0a29e05d60cea063736571026470726576582401711220f35a97"
         "45d0909f9901e6462fb1c0e853ce195a61c99d07bbe7c9877a7a271888647369"
         "7a65006474696d651b0000019ab697e809",
     .signature =
         "aa6df914f7a0f04e7f852adf459873f17dba5b1671ea62e82cc10ed6aecc489c"
         "ce9f4353a0fa5175d15456d0e99c12ac431c7c6b6d29788d5b9349c2348cb204"},
    {.what = "the same key, and a signature good only when both sides are "
             "multiplied by 8",
     .is_good = false,
     .public_key =
         "9ea3f11f5bd34f0cd7147fd0a436c088f624c6100c1df6a53c0a29e05d60cea0",
     .message =
         "a7616e00617601636c6f6758209ea3f11f5bd34f0cd7147fd0a436c088f624c6"
         "100c1df6a53c0a29e05d60cea063736571026470726576582401711220f35a97"
         "45d0909f9901e6462fb1c0e853ce195a61c99d07bbe7c9877a7a271888647369"
         "7a65006474696d651b0000019ab697e800",
     .signature =
         "aa6df914f7a0f04e7f852adf459873f17dba5b1671ea62e82cc10ed6aecc489c"
         "8b4465f9b5c3ebd2a5f81b07ebd42d67e52811f682bc1982ba0d279739b4d80f"},
    {.what = "a key of small order, under which R = 1, S = 0 signs anything",
     .is_good = false,
     .public_key =
         "0100000000000000000000000000000000000000000000000000000000000000",
     .message =
         "a7616e00617601636c6f67582001000000000000000000000000000000000000"
         "0000000000000000000000000063736571026470726576582401711220f35a97"
         "45d0909f9901e6462fb1c0e853ce195a61c99d07bbe7c9877a7a271888647369"
         "7a65006474696d651b0000019ab6985d30",
     .signature =
         "0100000000000000000000000000000000000000000000000000000000000000"
         "0000000000000000000000000000000000000000000000000000000000000000"},
    {.what = "R of small order: the equation holds",
     .is_good = false,
     .public_key =
         "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c",
     .message =
         "a7616e00617601636c6f6758208a88e3dd7409f195fd52db2d3cba5d72ca6709"
         "bf1d94121bf3748801b40f6f5c63736571026470726576582401711220f35a97"
         "45d0909f9901e6462fb1c0e853ce195a61c99d07bbe7c9877a7a271888647369"
         "7a65006474696d651b0000019ab6985d30",
     .signature =
         "0100000000000000000000000000000000000000000000000000000000000000"
         "88000bcee44189c79146c5dac906cf680790cdd1c6a7a1fceb96061f3e31370a"},
    {.what = "signed with the prefix of successors",
     .is_good = false,
     .public_key =
         "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c",
     .message =
         "a7616e00617601636c6f6758208a88e3dd7409f195fd52db2d3cba5d72ca6709"
         "bf1d94121bf3748801b40f6f5c63736571026470726576582401711220f35a97"
         "45d0909f9901e6462fb1c0e853ce195a61c99d07bbe7c9877a7a271888647369"
         "7a65006474696d651b0000019ab6985d30",
     .signature =
         "65e417873dea901568c7eb9e332e73b2371cf3e65afcb35a38a1915e6dcfec12"
         "efcb8ec05ab9d0e284affadd27845b587dbb4f5bc733aa4da845c86009fc800f"},
    {.what = "signed with another key",
     .is_good = false,
     .public_key =
         "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c",
     .message =
         "a7616e00617601636c6f6758208a88e3dd7409f195fd52db2d3cba5d72ca6709"
         "bf1d94121bf3748801b40f6f5c63736571026470726576582401711220f35a97"
         "45d0909f9901e6462fb1c0e853ce195a61c99d07bbe7c9877a7a271888647369"
         "7a65006474696d651b0000019ab6985d30",
     .signature =
         "4e8cf62f719b6f089a6ab9bc30effac3e4b4e5431a0650659c6b203a480f9ffa"
         "d4ed4eb51d2759d3b7fd2e87278d8f90e22e33557349f95fe4c889cc63543a05"},
};

// An entry that the key of seed byte 1 signed
static const char entry_message[] =
    "a8616e0061760161788181818181818181818181818181818181818181818181"
    "8181818181818100636c6f6758208a88e3dd7409f195fd52db2d3cba5d72ca67"
    "09bf1d94121bf3748801b40f6f5c63736571026470726576582401711220f35a"
    "9745d0909f9901e6462fb1c0e853ce195a61c99d07bbe7c9877a7a2718886473"
    "697a65006474696d651b0000019ab6985d30";
static const char entry_signature[] =
    "c4d5ef83dce5a0229590ba43768381033b8f20460425f5122ee65292ffd13419"
    "ddb1633677998b36028d4b3da4649fe319b7a3804bc88ebfeb76c5be91714908";

static size_t
unhex(const char *hex, uint8_t *bytes, size_t room)
{
    const size_t n = strlen(hex) / 2;
    CHECK(n <= room);
    for (size_t i = 0; i < n; ++i) {
        const char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        char *end = NULL;
        bytes[i] = (uint8_t)strtoul(digits, &end, 16);
        CHECK(end == digits + 2);
    }
    return n;
}

static struct dm_key *
key_of(uint8_t seed_byte)
{
    uint8_t seed[DM_KEY_SEED_BYTES];
    memset(seed, seed_byte, sizeof(seed));
    struct dm_key *key = dm_key_from_seed(seed);
    CHECK(key);
    return key;
}

static struct dm_str
view(const uint8_t *bytes, size_t n)
{
    return dm_str_n((const char *)bytes, n);
}

static void
names_follow_from_the_seed(void)
{
    for (size_t i = 0; i < DM_COUNT_OF(names); ++i) {
        const struct named *want = &names[i];
        struct dm_key *key = key_of(want->seed_byte);
        uint8_t public_key[DM_KEY_PUBLIC_BYTES];
        (void)unhex(want->public_key, public_key, sizeof(public_key));
        CHECK(memcmp(dm_key_public(key), public_key, sizeof(public_key)) == 0);

        char name[DM_KEY_NAME_SIZE];
        dm_key_name(public_key, name);
        CHECK(strcmp(name, want->name) == 0);
        char iri[DM_KEY_IRI_SIZE];
        dm_key_iri(public_key, iri);
        CHECK(memcmp(iri, "ipns://", 7) == 0);
        CHECK(strcmp(iri + 7, want->name) == 0);
        char peer_id[DM_KEY_PEER_ID_SIZE];
        dm_key_peer_id(public_key, peer_id);
        CHECK(strcmp(peer_id, want->peer_id) == 0);

        uint8_t back[DM_KEY_PUBLIC_BYTES];
        CHECK(dm_key_from_name(dm_str(name), back));
        CHECK(memcmp(back, public_key, sizeof(back)) == 0);
        dm_key_free(key);
    }
}

static void
every_public_key_round_trips_through_its_name(void)
{
    uint8_t public_key[DM_KEY_PUBLIC_BYTES] = {0};
    for (int i = 0; i <= 0xFF; ++i) {
        memset(public_key, i, sizeof(public_key));
        public_key[i % DM_KEY_PUBLIC_BYTES] = (uint8_t)(i * 7);
        char name[DM_KEY_NAME_SIZE];
        dm_key_name(public_key, name);
        uint8_t back[DM_KEY_PUBLIC_BYTES];
        CHECK(dm_key_from_name(dm_str(name), back));
        CHECK(memcmp(back, public_key, sizeof(back)) == 0);
    }
}

static void
what_is_no_name_is_refused(void)
{
    for (size_t i = 0; i < DM_COUNT_OF(no_names); ++i) {
        uint8_t public_key[DM_KEY_PUBLIC_BYTES] = {7};
        CHECK(!dm_key_from_name(dm_str(no_names[i]), public_key));
        CHECK_INT(public_key[0], 7);
    }
}

static void
signatures_are_checked_strictly(void)
{
    for (size_t i = 0; i < DM_COUNT_OF(signatures); ++i) {
        const struct signature *vector = &signatures[i];
        uint8_t public_key[DM_KEY_PUBLIC_BYTES];
        uint8_t message[1024];
        uint8_t signature[DM_KEY_SIGNATURE_BYTES];
        (void)unhex(vector->public_key, public_key, sizeof(public_key));
        const size_t n = unhex(vector->message, message, sizeof(message));
        (void)unhex(vector->signature, signature, sizeof(signature));
        const enum dm_status status = dm_key_verify(
            public_key, dm_str(ENTRY_PREFIX), view(message, n), signature);
        if ((status == DM_OK) != vector->is_good) {
            (void)fprintf(stderr, "%s\n", vector->what);
        }
        CHECK(status == (vector->is_good ? DM_OK : DM_ERR_CORRUPT));
    }
}

static void
an_entry_gets_the_signature_that_others_make(void)
{
    struct dm_key *key = key_of(1);
    uint8_t message[1024];
    const size_t n = unhex(entry_message, message, sizeof(message));
    uint8_t want[DM_KEY_SIGNATURE_BYTES];
    (void)unhex(entry_signature, want, sizeof(want));
    uint8_t got[DM_KEY_SIGNATURE_BYTES];
    CHECK(dm_key_sign(key, dm_str(ENTRY_PREFIX), view(message, n), got) ==
          DM_OK);
    CHECK(memcmp(got, want, sizeof(want)) == 0);
    dm_key_free(key);
}

static void
prefix_message_and_signature_all_count(void)
{
    struct dm_key *key = key_of(1);
    const uint8_t *public_key = dm_key_public(key);
    const struct dm_str prefix = dm_str("prefix:");
    const struct dm_str message = dm_str("message");
    uint8_t signature[DM_KEY_SIGNATURE_BYTES];
    CHECK(dm_key_sign(key, prefix, message, signature) == DM_OK);
    CHECK(dm_key_verify(public_key, prefix, message, signature) == DM_OK);
    CHECK(dm_key_verify(public_key, dm_str("other:"), message, signature) ==
          DM_ERR_CORRUPT);
    CHECK(dm_key_verify(public_key, prefix, dm_str("messagf"), signature) ==
          DM_ERR_CORRUPT);
    for (size_t i = 0; i < sizeof(signature); ++i) {
        signature[i] ^= 1U;
        CHECK(dm_key_verify(public_key, prefix, message, signature) ==
              DM_ERR_CORRUPT);
        signature[i] ^= 1U;
    }
    CHECK(dm_key_sign(key, dm_str_n(NULL, 0), dm_str_n(NULL, 0), signature) ==
          DM_OK);
    CHECK(dm_key_verify(public_key, dm_str_n(NULL, 0), dm_str_n(NULL, 0),
                        signature) == DM_OK);
    dm_key_free(key);
}

static void
without_memory_nothing_is_signed_and_nothing_believed(void)
{
    struct dm_key *key = key_of(1);
    uint8_t signature[DM_KEY_SIGNATURE_BYTES] = {9};
    dm_alloc_fail_after(0);
    CHECK(dm_key_sign(key, dm_str("p"), dm_str("m"), signature) ==
          DM_ERR_NO_MEMORY);
    CHECK(dm_key_verify(dm_key_public(key), dm_str("p"), dm_str("m"),
                        signature) == DM_ERR_NO_MEMORY);
    static const uint8_t seed[DM_KEY_SEED_BYTES];
    CHECK(!dm_key_from_seed(seed));
    dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
    CHECK_INT(signature[0], 9);
    dm_key_free(key);
    dm_key_free(NULL);
}

struct fixture {
    struct dm_log *log;
    struct dm_env env;
    char directory[PATH_SIZE];
    char path[PATH_SIZE];
};

static void
drop_line(void *context, enum dm_log_level level, struct dm_str line)
{
    (void)context;
    (void)level;
    (void)line;
}

static int64_t
no_time(void *context)
{
    (void)context;
    return 0;
}

static void
set_up(struct fixture *fixture)
{
    fixture->log = dm_log_new(
        &(struct dm_log_options){.write = drop_line, .clock = no_time});
    CHECK(fixture->log);
    dm_env_init_system(&fixture->env, fixture->log);
    const char *parent = dm_env_variable(&fixture->env, "TMPDIR");
    int n = snprintf(fixture->directory, sizeof(fixture->directory),
                     "%s/demonitor-key-XXXXXX", parent ? parent : "/tmp");
    CHECK(n > 0 && n < PATH_SIZE / 2);
    CHECK(mkdtemp(fixture->directory));
    n = snprintf(fixture->path, sizeof(fixture->path), "%s/key",
                 fixture->directory);
    CHECK(n > 0 && n < PATH_SIZE);
}

static void
tear_down(struct fixture *fixture)
{
    (void)dm_env_remove(&fixture->env, fixture->path);
    CHECK(dm_env_remove(&fixture->env, fixture->directory) == DM_OK);
    dm_log_free(fixture->log);
}

static void
a_made_key_is_loaded_again_and_never_replaced(struct fixture *fixture)
{
    struct dm_key *made = NULL;
    CHECK(dm_key_make(&fixture->env, fixture->path, &made, NULL) == DM_OK);
    struct dm_file_info info;
    CHECK(dm_env_info(&fixture->env, fixture->path, &info) == DM_OK);
    CHECK_INT(info.mode, 0600);
    CHECK_INT((int64_t)info.size, 65);

    struct dm_key *other = NULL;
    struct dm_error error;
    CHECK(dm_key_make(&fixture->env, fixture->path, &other, &error) ==
          DM_ERR_EXISTS);
    CHECK(!other && error.status == DM_ERR_EXISTS);

    struct dm_key *loaded = NULL;
    CHECK(dm_key_load(&fixture->env, fixture->path, &loaded, NULL) == DM_OK);
    CHECK(memcmp(dm_key_public(made), dm_key_public(loaded),
                 DM_KEY_PUBLIC_BYTES) == 0);
    dm_key_free(made);
    dm_key_free(loaded);
    CHECK(dm_env_remove(&fixture->env, fixture->path) == DM_OK);
}

static void
write_key(struct fixture *fixture, const char *text, uint32_t mode)
{
    CHECK(dm_env_write(&fixture->env, fixture->path, dm_str(text), mode,
                       DM_WRITE_DEFAULT, NULL) == DM_OK);
}

#define HEX_16 "0101010101010101"
#define HEX_64 HEX_16 HEX_16 HEX_16 HEX_16

static void
a_key_that_others_can_touch_is_refused(struct fixture *fixture)
{
    static const uint32_t modes[] = {0640, 0604, 0620, 0601};
    struct dm_key *key = NULL;
    struct dm_error error;
    for (size_t i = 0; i < DM_COUNT_OF(modes); ++i) {
        write_key(fixture, HEX_64 "\n", modes[i]);
        CHECK(dm_key_load(&fixture->env, fixture->path, &key, &error) ==
              DM_ERR_PERMISSION);
        CHECK(!key && error.hint[0]);
    }
    write_key(fixture, HEX_64 "\n", 0400);
    CHECK(dm_key_load(&fixture->env, fixture->path, &key, &error) == DM_OK);
    char name[DM_KEY_NAME_SIZE];
    dm_key_name(dm_key_public(key), name);
    CHECK(strcmp(name, names[1].name) == 0);
    dm_key_free(key);
}

static void
a_damaged_key_is_refused_and_not_shown(struct fixture *fixture)
{
    static const char *const bad[] = {"",
                                      HEX_64,
                                      HEX_64 "\n\n",
                                      HEX_64 "0\n",
                                      HEX_64 "\r\n",
                                      HEX_16 "\n",
                                      HEX_64 HEX_64 "\n",
                                      HEX_16 HEX_16 HEX_16 "010101010101010g\n",
                                      HEX_16 HEX_16 HEX_16
                                      "010101010101010A\n"};
    for (size_t i = 0; i < DM_COUNT_OF(bad); ++i) {
        write_key(fixture, bad[i], 0600);
        struct dm_key *key = NULL;
        struct dm_error error;
        CHECK(dm_key_load(&fixture->env, fixture->path, &key, &error) ==
              DM_ERR_CORRUPT);
        CHECK(!key && !strstr(error.detail, "0101"));
    }
    struct dm_key *key = NULL;
    CHECK(dm_env_remove(&fixture->env, fixture->path) == DM_OK);
    struct dm_error error;
    CHECK(dm_key_load(&fixture->env, fixture->path, &key, &error) ==
          DM_ERR_NOT_FOUND);
    CHECK(error.what[0]);
}

static void
each_allocation_may_fail_while_a_key_is_loaded(struct fixture *fixture)
{
    write_key(fixture, HEX_64 "\n", 0600);
    for (size_t allowed = 0;; ++allowed) {
        struct dm_key *key = NULL;
        dm_alloc_fail_after(allowed);
        const enum dm_status status =
            dm_key_load(&fixture->env, fixture->path, &key, NULL);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        if (status == DM_OK) {
            CHECK(allowed >= 2);
            dm_key_free(key);
            return;
        }
        CHECK(status == DM_ERR_NO_MEMORY && !key);
    }
}

// Made with Python's hashlib.blake2b(label, digest_size=32, key=seed)
static void
each_label_gives_other_bytes_and_a_seed_the_same_ones(void)
{
    static const struct dm_str label = DM_STR("demonitor tls key v1");
    static const char *const wanted[] = {
        "47d46f5ca30e10c19f4e719729660794100a6b6fe968c4878f6b67b162da394c",
        "38a4cbc46288e6a8ee143c85305d1959e98cec23be97f707a79478ef1252c031",
        "d832f8261299fba2fad7e7b1c5c5af5e842986f6e30685f78f280fdba18ceec7",
    };
    for (uint8_t i = 0; i < 3; ++i) {
        struct dm_key *key = key_of(i);
        uint8_t want[DM_KEY_DERIVED_BYTES];
        uint8_t bytes[DM_KEY_DERIVED_BYTES];
        (void)unhex(wanted[i], want, sizeof(want));
        dm_key_derive(key, label, bytes);
        CHECK(!memcmp(bytes, want, sizeof(want)));
        dm_key_derive(key, dm_str("another"), bytes);
        CHECK(memcmp(bytes, want, sizeof(want)) != 0);
        dm_key_free(key);
    }
}

int
main(void)
{
    each_label_gives_other_bytes_and_a_seed_the_same_ones();
    names_follow_from_the_seed();
    every_public_key_round_trips_through_its_name();
    what_is_no_name_is_refused();
    signatures_are_checked_strictly();
    an_entry_gets_the_signature_that_others_make();
    prefix_message_and_signature_all_count();
    without_memory_nothing_is_signed_and_nothing_believed();

    struct fixture fixture;
    set_up(&fixture);
    a_made_key_is_loaded_again_and_never_replaced(&fixture);
    a_key_that_others_can_touch_is_refused(&fixture);
    a_damaged_key_is_refused_and_not_shown(&fixture);
    each_allocation_may_fail_while_a_key_is_loaded(&fixture);
    tear_down(&fixture);
    return 0;
}
