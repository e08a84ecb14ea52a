// SPDX-License-Identifier: ISC

#include "net/identity.h"

#include "base/alloc.h"
#include "net/p256_private.h"
#include "tests/check.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

#define BEGIN_2020_MS INT64_C(1577836800000)
#define END_9999_MS INT64_C(253402300799000)
#define NAME "k51qzi5uqu5dhnwe629wdlncpql6frppdpwnz4wtlcw816aysd5wwlk63g4wmh"

static void
unhex(const char *hex, uint8_t *bytes, size_t n)
{
    CHECK(strlen(hex) == 2 * n);
    for (size_t i = 0; i < n; ++i) {
        const char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
}

static struct dm_identity_spec
spec_of(const uint8_t *secret)
{
    return (struct dm_identity_spec){
        .secret = secret,
        .name = DM_STR(NAME),
        .not_before_ms = BEGIN_2020_MS,
        .not_after_ms = END_9999_MS,
    };
}

static void
make(const struct dm_identity_spec *spec, struct dm_identity *ret)
{
    CHECK_INT(dm_identity_make(spec, ret), DM_OK);
}

static X509 *
parse(const struct dm_identity *identity)
{
    BIO *bio = BIO_new_mem_buf(identity->certificate_pem, -1);
    CHECK(bio);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    CHECK(certificate);
    BIO_free(bio);
    return certificate;
}

// RFC 6979, A.2.5, with SHA-256
static void
signatures_are_those_of_rfc_6979(void)
{
    static const struct {
        const char *message;
        const char *signature;
    } wanted[] = {
        {"sample",
         "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
         "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"},
        {"test",
         "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367"
         "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083"},
    };
    uint8_t secret[DM_P256_BYTES];
    uint8_t point[DM_P256_POINT_BYTES];
    uint8_t want_point[DM_P256_POINT_BYTES];
    unhex("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
          secret, sizeof(secret));
    unhex("04"
          "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
          "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299",
          want_point, sizeof(want_point));
    CHECK_INT(dm_p256_public(secret, point), DM_OK);
    CHECK(!memcmp(point, want_point, sizeof(point)));
    for (size_t i = 0; i < DM_COUNT_OF(wanted); ++i) {
        uint8_t want[2 * DM_P256_BYTES];
        uint8_t got[2 * DM_P256_BYTES];
        unhex(wanted[i].signature, want, sizeof(want));
        CHECK_INT(dm_p256_sign(secret, dm_str(wanted[i].message), got), DM_OK);
        CHECK(!memcmp(got, want, sizeof(got)));
    }
}

static void
what_is_no_private_key_is_refused(void)
{
    uint8_t point[DM_P256_POINT_BYTES];
    uint8_t secret[DM_P256_BYTES] = {0};
    CHECK_INT(dm_p256_public(secret, point), DM_ERR_ARGUMENT);
    // The order, and one less
    unhex("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551",
          secret, sizeof(secret));
    CHECK_INT(dm_p256_public(secret, point), DM_ERR_ARGUMENT);
    uint8_t signature[2 * DM_P256_BYTES];
    CHECK_INT(dm_p256_sign(secret, dm_str("x"), signature), DM_ERR_ARGUMENT);
    --secret[31];
    CHECK_INT(dm_p256_public(secret, point), DM_OK);
}

// The seed is one byte 32 times; the secret is what sync/key.h derives of it
// for "demonitor tls key v1"
static void
a_secret_has_its_pin_for_ever(void)
{
    static const struct {
        const char *secret;
        const char *pin;
    } wanted[] = {
        {"47d46f5ca30e10c19f4e719729660794100a6b6fe968c4878f6b67b162da394c",
         "sha256//9PYZB+uBEI4mOoWy6L3dr+Z8fEGInZ7xXQ5Fl5LxHjI="},
        {"38a4cbc46288e6a8ee143c85305d1959e98cec23be97f707a79478ef1252c031",
         "sha256//Y65Ro1l1RC8jqfKa0LVzUaICsFnT5fImknVD27aG/sI="},
        // No keys: what their SHA-256 gives
        {"0000000000000000000000000000000000000000000000000000000000000000",
         "sha256//AZDt0auNOucZ6H2gi400kkSvBZEhSD8ZNXUxdAHWuAE="},
        {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
         "sha256//8nGAlJXwCAlWFWILKbvkdX5c0c8dyFGIoaPAYk9g5qA="},
    };
    for (size_t i = 0; i < DM_COUNT_OF(wanted); ++i) {
        uint8_t secret[DM_IDENTITY_SECRET_BYTES];
        char pin[DM_PIN_SIZE];
        struct dm_identity identity;
        unhex(wanted[i].secret, secret, sizeof(secret));
        const struct dm_identity_spec spec = spec_of(secret);
        make(&spec, &identity);
        dm_pin_format(identity.pin, pin);
        if (strcmp(pin, wanted[i].pin) != 0) {
            (void)fprintf(stderr, "pin %zu is %s\n", i, pin);
        }
        CHECK(!strcmp(pin, wanted[i].pin));
        dm_identity_done(&identity);
    }
}

static void
the_same_is_made_again(void)
{
    uint8_t secret[DM_IDENTITY_SECRET_BYTES] = {1, 2, 3};
    struct dm_identity_spec spec = spec_of(secret);
    struct dm_identity one;
    struct dm_identity two;
    make(&spec, &one);
    make(&spec, &two);
    CHECK(!strcmp(one.certificate_pem, two.certificate_pem));
    CHECK(!strcmp(one.key_pem, two.key_pem));
    dm_identity_done(&two);
    spec.name = dm_str("a"); // Another certificate of the same key
    make(&spec, &two);
    CHECK(strcmp(one.certificate_pem, two.certificate_pem) != 0);
    CHECK(!strcmp(one.key_pem, two.key_pem));
    CHECK(!memcmp(one.pin, two.pin, sizeof(one.pin)));
    dm_identity_done(&two);
    dm_identity_done(&one);
}

static void
the_certificate_is_good_and_says_what_was_asked(void)
{
    for (unsigned i = 0; i < 64; ++i) { // Numbers with and without high bits
        const uint8_t secret[DM_IDENTITY_SECRET_BYTES] = {(uint8_t)i, 7};
        const struct dm_identity_spec spec = spec_of(secret);
        struct dm_identity identity;
        make(&spec, &identity);
        X509 *certificate = parse(&identity);
        EVP_PKEY *key = X509_get_pubkey(certificate);
        CHECK_INT(X509_verify(certificate, key), 1);
        CHECK_INT(X509_check_host(certificate, NAME, 0, 0, NULL), 1);
        CHECK_INT(X509_check_host(certificate, "other", 0, 0, NULL), 0);
        CHECK_INT(X509_get_version(certificate), 2);
        CHECK_INT(X509_check_purpose(certificate, X509_PURPOSE_SSL_SERVER, 0),
                  1);
        CHECK_INT(X509_check_ca(certificate), 0);
        unsigned char *der = NULL; // Strict: written again it is the same
        CHECK(i2d_re_X509_tbs(certificate, &der) > 0);
        OPENSSL_free(der);
        CHECK_INT(X509_verify(certificate, key), 1);

        BIO *bio = BIO_new_mem_buf(identity.key_pem, -1);
        EVP_PKEY *private_key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
        CHECK(private_key);
        CHECK_INT(X509_check_private_key(certificate, private_key), 1);
        EVP_PKEY_free(private_key);
        BIO_free(bio);
        EVP_PKEY_free(key);
        X509_free(certificate);

        struct dm_http_certificate shown;
        CHECK_INT(dm_identity_read(dm_str(identity.certificate_pem), &shown),
                  DM_OK);
        CHECK(shown.is_known);
        CHECK(!memcmp(shown.key_hash, identity.pin, sizeof(identity.pin)));
        CHECK_INT(shown.not_before_ms, BEGIN_2020_MS);
        CHECK_INT(shown.not_after_ms, END_9999_MS);
        dm_identity_done(&identity);
    }
}

static void
names_and_times_have_limits(void)
{
    static const char too_long[] = NAME "xx"; // 64
    static const char *const bad_names[] = {
        "", "a b", "-a", "a.", "k\xC3\xA4se", too_long,
    };
    const uint8_t secret[DM_IDENTITY_SECRET_BYTES] = {1};
    struct dm_identity identity;
    for (size_t i = 0; i < DM_COUNT_OF(bad_names); ++i) {
        struct dm_identity_spec spec = spec_of(secret);
        spec.name = dm_str(bad_names[i]);
        CHECK_INT(dm_identity_make(&spec, &identity), DM_ERR_ARGUMENT);
    }
    static const int64_t bad_times[] = {1, END_9999_MS + 1000,
                                        -INT64_C(700000000000)};
    for (size_t i = 0; i < DM_COUNT_OF(bad_times); ++i) {
        struct dm_identity_spec spec = spec_of(secret);
        spec.not_after_ms = bad_times[i];
        CHECK_INT(dm_identity_make(&spec, &identity), DM_ERR_ARGUMENT);
    }
    static const int64_t good_times[] = {
        0, -INT64_C(1000), INT64_C(2524607999000), INT64_C(2524608000000)};
    for (size_t i = 0; i < DM_COUNT_OF(good_times); ++i) {
        struct dm_identity_spec spec = spec_of(secret);
        struct dm_http_certificate shown;
        spec.not_before_ms = good_times[i];
        make(&spec, &identity);
        CHECK_INT(dm_identity_read(dm_str(identity.certificate_pem), &shown),
                  DM_OK);
        CHECK_INT(shown.not_before_ms, good_times[i]);
        dm_identity_done(&identity);
    }
}

static void
what_is_no_certificate_is_not_read(void)
{
    struct dm_http_certificate shown;
    CHECK_INT(dm_identity_read(dm_str(""), &shown), DM_ERR_SYNTAX);
    CHECK_INT(dm_identity_read(dm_str("-----BEGIN CERTIFICATE-----\nAAAA\n"
                                      "-----END CERTIFICATE-----\n"),
                               &shown),
              DM_ERR_SYNTAX);
}

static void
a_pin_has_one_spelling(void)
{
    static const char *const bad[] = {
        "",
        "sha256//",
        "9fQ1m4OxLJ3zqYl0pQF5Vq3m5q1bX0a4yq9dB9b6J2E=",
        "sha1//9fQ1m4OxLJ3zqYl0pQF5Vq3m5q1bX0a4yq9dB9b6J2E=  ",
        "sha256//9fQ1m4OxLJ3zqYl0pQF5Vq3m5q1bX0a4yq9dB9b6J2E",
        "sha256//9fQ1m4OxLJ3zqYl0pQF5Vq3m5q1bX0a4yq9dB9b6J2F=", // Stray bits
        "sha256//9fQ1m4OxLJ3zqYl0pQF5Vq3m5q1bX0a4yq9dB9b6J2==",
        "sha256//9fQ1m4OxLJ3zqYl0pQF5Vq3m5q1bX0a4yq9dB9b6J2EA",
        "sha256//9fQ1m4OxLJ3zqYl0pQF5Vq3m5q1bX0a4yq9dB9b6J2 =",
        "SHA256//9fQ1m4OxLJ3zqYl0pQF5Vq3m5q1bX0a4yq9dB9b6J2E=",
        "sha256//9fQ1m4OxLJ3zqYl0pQF5Vq3m5q1bX0a4yq9dB9b6J2E=\n",
    };
    static const char good[] =
        "sha256//9fQ1m4OxLJ3zqYl0pQF5Vq3m5q1bX0a4yq9dB9b6J2E=";
    uint8_t pin[DM_KEY_HASH_SIZE];
    char text[DM_PIN_SIZE];
    for (size_t i = 0; i < DM_COUNT_OF(bad); ++i) {
        CHECK(!dm_pin_parse(dm_str(bad[i]), pin));
    }
    CHECK(dm_pin_parse(dm_str(good), pin));
    CHECK(pin[0] == 0xF5 && pin[31] == 0x61);
    dm_pin_format(pin, text);
    CHECK(!strcmp(text, good));
}

static void
each_allocation_may_fail(void)
{
    const uint8_t secret[DM_IDENTITY_SECRET_BYTES] = {1};
    const struct dm_identity_spec spec = spec_of(secret);
    for (size_t allowed = 0;; ++allowed) {
        struct dm_identity identity = {0};
        dm_alloc_fail_after(allowed);
        const enum dm_status status = dm_identity_make(&spec, &identity);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        if (status == DM_OK) {
            CHECK(allowed >= 4);
            dm_identity_done(&identity);
            return;
        }
        CHECK(status == DM_ERR_NO_MEMORY && !identity.key_pem);
    }
}

int
main(void)
{
    signatures_are_those_of_rfc_6979();
    what_is_no_private_key_is_refused();
    a_secret_has_its_pin_for_ever();
    the_same_is_made_again();
    the_certificate_is_good_and_says_what_was_asked();
    names_and_times_have_limits();
    what_is_no_certificate_is_not_read();
    a_pin_has_one_spelling();
    each_allocation_may_fail();
    return 0;
}
