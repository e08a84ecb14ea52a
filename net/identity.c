// SPDX-License-Identifier: ISC

#include "net/identity.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/time.h"
#include "net/p256_private.h"
#include "net/tls_private.h"

#include <assert.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#define DER_MAX 4096U
#define PEM_MAX 8192U
#define NAME_MAX_BYTES 63U // Of a label, and so of a short name of a host
#define SERIAL_BYTES 16U
#define PIN_PREFIX "sha256//"
#define PEM_LINE_BYTES 48U // Of a line of 64 characters

// Tags of DER
enum {
    DER_INTEGER = 0x02,
    DER_BITS = 0x03,
    DER_OCTETS = 0x04,
    DER_UTF8 = 0x0C,
    DER_UTC_TIME = 0x17,
    DER_TIME = 0x18,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
    DER_DNS_NAME = 0x82,
    DER_VERSION = 0xA0,
    DER_EXTENSIONS = 0xA3,
};

// AlgorithmIdentifier of a P-256 key, then the BIT STRING of the point begins
static const uint8_t public_key_start[] = {
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48,
    0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48,
    0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
};

// PKCS #8 of a P-256 key up to the secret, and from there to the point
static const uint8_t private_key_start[] = {
    0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86,
    0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D,
    0x03, 0x01, 0x07, 0x04, 0x6D, 0x30, 0x6B, 0x02, 0x01, 0x01, 0x04, 0x20,
};
static const uint8_t private_key_middle[] = {0xA1, 0x44, 0x03, 0x42, 0x00};

// AlgorithmIdentifier ecdsa-with-SHA256
static const uint8_t signature_kind[] = {0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86,
                                         0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02};
static const uint8_t version_3[] = {0x02, 0x01, 0x02};
static const uint8_t common_name[] = {0x06, 0x03, 0x55, 0x04, 0x03};
static const uint8_t alt_name[] = {0x06, 0x03, 0x55, 0x1D, 0x11};

// basicConstraints (critical): no CA; keyUsage (critical): digitalSignature;
// extKeyUsage: serverAuth
static const uint8_t fixed_extensions[] = {
    0x30, 0x0C, 0x06, 0x03, 0x55, 0x1D, 0x13, 0x01, 0x01, 0xFF, 0x04,
    0x02, 0x30, 0x00, 0x30, 0x0E, 0x06, 0x03, 0x55, 0x1D, 0x0F, 0x01,
    0x01, 0xFF, 0x04, 0x04, 0x03, 0x02, 0x07, 0x80, 0x30, 0x13, 0x06,
    0x03, 0x55, 0x1D, 0x25, 0x04, 0x0C, 0x30, 0x0A, 0x06, 0x08, 0x2B,
    0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01,
};

struct keys {
    uint8_t secret[DM_P256_BYTES];
    uint8_t point[DM_P256_POINT_BYTES];
    uint8_t pin[DM_KEY_HASH_SIZE];
};

// ----------------------------------------------------------------- DER, PEM

static void
put_byte(struct dm_buf *der, unsigned byte)
{
    const uint8_t value = (uint8_t)byte;
    (void)dm_buf_put(der, &value, 1);
}

// Make all bytes from `from` on the content of a value
static void
wrap(struct dm_buf *der, size_t from, unsigned tag)
{
    if (der->status) {
        return;
    }
    struct dm_buf content;
    const size_t n = der->n - from;
    dm_buf_init(&content, DER_MAX);
    if (dm_buf_put(&content, dm_buf_cstr(der) + from, n)) {
        der->status = content.status;
        return;
    }
    der->n = from;
    put_byte(der, tag);
    if (n >= 0x100) {
        put_byte(der, 0x82);
        put_byte(der, (unsigned)(n >> 8U));
    } else if (n >= 0x80) {
        put_byte(der, 0x81);
    }
    put_byte(der, n & 0xFFU);
    (void)dm_buf_put_str(der, dm_buf_str(&content));
    dm_buf_done(&content);
}

// A number that is not negative, in as few bytes as can be
static void
put_integer(struct dm_buf *der, const uint8_t *bytes, size_t n)
{
    const size_t from = der->n;
    while (n > 1 && bytes[0] == 0) {
        ++bytes;
        --n;
    }
    if (bytes[0] & 0x80U) {
        put_byte(der, 0);
    }
    (void)dm_buf_put(der, bytes, n);
    wrap(der, from, DER_INTEGER);
}

static void
put_time(struct dm_buf *der, int64_t ms)
{
    const size_t from = der->n;
    int64_t year = 0;
    int month = 0;
    int day = 0;
    int64_t days = ms / DM_MS_PER_DAY;
    int64_t rest = ms % DM_MS_PER_DAY;
    if (rest < 0) {
        rest += DM_MS_PER_DAY;
        --days;
    }
    dm_civil_from_days(days, &year, &month, &day);
    const int seconds = (int)(rest / DM_MS_PER_SECOND);
    const bool is_short = year < 2050;
    if (is_short) {
        (void)dm_buf_printf(der, "%02d", (int)(year % 100));
    } else {
        (void)dm_buf_printf(der, "%04d", (int)year);
    }
    (void)dm_buf_printf(der, "%02d%02d%02d%02d%02dZ", month, day,
                        seconds / 3600, seconds / 60 % 60, seconds % 60);
    wrap(der, from, is_short ? DER_UTC_TIME : DER_TIME);
}

static void
put_name(struct dm_buf *der, struct dm_str name)
{
    const size_t from = der->n;
    (void)dm_buf_put(der, common_name, sizeof(common_name));
    const size_t text = der->n;
    (void)dm_buf_put_str(der, name);
    wrap(der, text, DER_UTF8);
    wrap(der, from, DER_SEQUENCE);
    wrap(der, from, DER_SET);
    wrap(der, from, DER_SEQUENCE);
}

static void
put_extensions(struct dm_buf *der, struct dm_str name)
{
    const size_t from = der->n;
    (void)dm_buf_put(der, fixed_extensions, sizeof(fixed_extensions));
    const size_t last = der->n;
    (void)dm_buf_put(der, alt_name, sizeof(alt_name));
    const size_t value = der->n;
    (void)dm_buf_put_str(der, name);
    wrap(der, value, DER_DNS_NAME);
    wrap(der, value, DER_SEQUENCE);
    wrap(der, value, DER_OCTETS);
    wrap(der, last, DER_SEQUENCE);
    wrap(der, from, DER_SEQUENCE);
    wrap(der, from, DER_EXTENSIONS);
}

static void
put_public_key(struct dm_buf *der, const struct keys *keys)
{
    (void)dm_buf_put(der, public_key_start, sizeof(public_key_start));
    (void)dm_buf_put(der, keys->point, sizeof(keys->point));
}

// What is signed
static void
put_content(struct dm_buf *der, const struct dm_identity_spec *spec,
            const struct keys *keys)
{
    uint8_t serial[SERIAL_BYTES];
    memcpy(serial, keys->pin, sizeof(serial));
    serial[0] = (uint8_t)((serial[0] & 0x7FU) | 0x40U); // 16 bytes, positive
    (void)dm_buf_put(der, version_3, sizeof(version_3));
    wrap(der, 0, DER_VERSION);
    put_integer(der, serial, sizeof(serial));
    (void)dm_buf_put(der, signature_kind, sizeof(signature_kind));
    put_name(der, spec->name);
    const size_t validity = der->n;
    put_time(der, spec->not_before_ms);
    put_time(der, spec->not_after_ms);
    wrap(der, validity, DER_SEQUENCE);
    put_name(der, spec->name);
    put_public_key(der, keys);
    put_extensions(der, spec->name);
    wrap(der, 0, DER_SEQUENCE);
}

static void
put_signature(struct dm_buf *der, const uint8_t signature[2 * DM_P256_BYTES])
{
    (void)dm_buf_put(der, signature_kind, sizeof(signature_kind));
    const size_t from = der->n;
    put_byte(der, 0); // No bit of the last byte is unused
    const size_t pair = der->n;
    put_integer(der, signature, DM_P256_BYTES);
    put_integer(der, signature + DM_P256_BYTES, DM_P256_BYTES);
    wrap(der, pair, DER_SEQUENCE);
    wrap(der, from, DER_BITS);
    wrap(der, 0, DER_SEQUENCE);
}

// NULL: out of memory
static char *
to_pem(const struct dm_buf *der, const char *label)
{
    struct dm_buf pem;
    dm_buf_init(&pem, PEM_MAX);
    const struct dm_str bytes = dm_buf_str(der);
    // Taken at once: no copy of a key is left behind by a buffer that grew
    char *room = dm_buf_reserve(&pem, bytes.n * 3 / 2 + 128);
    (void)dm_buf_printf(&pem, "-----BEGIN %s-----\n", label);
    for (size_t i = 0; room && i < bytes.n; i += PEM_LINE_BYTES) {
        const struct dm_str part = dm_str_slice(bytes, i, PEM_LINE_BYTES);
        unsigned char line[PEM_LINE_BYTES / 3 * 4 + 1];
        const int n = EVP_EncodeBlock(line, (const unsigned char *)part.data,
                                      (int)part.n);
        (void)dm_buf_put(&pem, line, (size_t)n);
        (void)dm_buf_putc(&pem, '\n');
        OPENSSL_cleanse(line, sizeof(line));
    }
    (void)dm_buf_printf(&pem, "-----END %s-----\n", label);
    char *text = pem.status ? NULL : dm_buf_take(&pem, NULL);
    dm_buf_done(&pem);
    return text;
}

// ------------------------------------------------------------------- making

static bool
is_name(struct dm_str name)
{
    for (size_t i = 0; i < name.n; ++i) {
        const char c = name.data[i];
        const bool is_inner = i > 0 && i + 1 < name.n;
        if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') &&
            (c < '0' || c > '9') && !(is_inner && (c == '-' || c == '.'))) {
            return false;
        }
    }
    return name.n > 0 && name.n <= NAME_MAX_BYTES;
}

static bool
is_time(int64_t ms)
{
    const int64_t first_ms = dm_days_from_civil(1950, 1, 1) * DM_MS_PER_DAY;
    const int64_t end_ms = dm_days_from_civil(10000, 1, 1) * DM_MS_PER_DAY;
    return ms >= first_ms && ms < end_ms && ms % DM_MS_PER_SECOND == 0;
}

static bool
hash(const void *bytes, size_t n, uint8_t ret[DM_KEY_HASH_SIZE])
{
    unsigned n_hash = 0;
    return EVP_Digest(bytes, n, ret, &n_hash, EVP_sha256(), NULL) &&
           n_hash == DM_KEY_HASH_SIZE;
}

static enum dm_status
make_keys(const uint8_t *secret, struct keys *keys)
{
    memcpy(keys->secret, secret, sizeof(keys->secret));
    enum dm_status status = dm_p256_public(keys->secret, keys->point);
    while (status == DM_ERR_ARGUMENT) { // No key: hash on
        status = hash(keys->secret, sizeof(keys->secret), keys->secret)
                     ? dm_p256_public(keys->secret, keys->point)
                     : DM_ERR_NO_MEMORY;
    }
    if (status) {
        return status;
    }
    struct dm_buf der;
    dm_buf_init(&der, DER_MAX);
    put_public_key(&der, keys);
    if (der.status || !hash(dm_buf_cstr(&der), der.n, keys->pin)) {
        status = DM_ERR_NO_MEMORY;
    }
    dm_buf_done(&der);
    return status;
}

static char *
make_certificate(const struct dm_identity_spec *spec, const struct keys *keys)
{
    char *pem = NULL;
    struct dm_buf der;
    uint8_t signature[2 * DM_P256_BYTES];
    dm_buf_init(&der, DER_MAX);
    put_content(&der, spec, keys);
    if (!der.status &&
        !dm_p256_sign(keys->secret, dm_buf_str(&der), signature)) {
        put_signature(&der, signature);
        pem = der.status ? NULL : to_pem(&der, "CERTIFICATE");
    }
    dm_buf_done(&der);
    return pem;
}

static char *
make_key(const struct keys *keys)
{
    uint8_t bytes[sizeof(private_key_start) + sizeof(keys->secret) +
                  sizeof(private_key_middle) + sizeof(keys->point)];
    uint8_t *next = bytes;
    memcpy(next, private_key_start, sizeof(private_key_start));
    next += sizeof(private_key_start);
    memcpy(next, keys->secret, sizeof(keys->secret));
    next += sizeof(keys->secret);
    memcpy(next, private_key_middle, sizeof(private_key_middle));
    next += sizeof(private_key_middle);
    memcpy(next, keys->point, sizeof(keys->point));
    const struct dm_buf der = {.data = (char *)bytes, .n = sizeof(bytes)};
    char *pem = to_pem(&der, "PRIVATE KEY");
    OPENSSL_cleanse(bytes, sizeof(bytes));
    return pem;
}

enum dm_status
dm_identity_make(const struct dm_identity_spec *spec, struct dm_identity *ret)
{
    if (!is_name(spec->name) || !is_time(spec->not_before_ms) ||
        !is_time(spec->not_after_ms)) {
        return DM_ERR_ARGUMENT;
    }
    struct keys keys;
    struct dm_identity identity = {0};
    enum dm_status status = make_keys(spec->secret, &keys);
    if (!status) {
        identity.certificate_pem = make_certificate(spec, &keys);
        identity.key_pem = make_key(&keys);
        memcpy(identity.pin, keys.pin, sizeof(identity.pin));
        status = identity.certificate_pem && identity.key_pem
                     ? DM_OK
                     : DM_ERR_NO_MEMORY;
    }
    OPENSSL_cleanse(&keys, sizeof(keys));
    if (status) {
        dm_identity_done(&identity);
        return status;
    }
    *ret = identity;
    return DM_OK;
}

void
dm_identity_done(struct dm_identity *identity)
{
    if (identity->key_pem) {
        OPENSSL_cleanse(identity->key_pem, strlen(identity->key_pem));
    }
    dm_free(identity->key_pem);
    dm_free(identity->certificate_pem);
    memset(identity, 0, sizeof(*identity));
}

struct dm_http_identity
dm_identity_served(const struct dm_identity *identity)
{
    return (struct dm_http_identity){dm_str(identity->certificate_pem),
                                     dm_str(identity->key_pem)};
}

enum dm_status
dm_identity_read(struct dm_str certificate_pem, struct dm_http_certificate *ret)
{
    if (certificate_pem.n > INT32_MAX) {
        return DM_ERR_SYNTAX;
    }
    BIO *bio = BIO_new_mem_buf(certificate_pem.n ? certificate_pem.data : "",
                               (int)certificate_pem.n);
    X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    enum dm_status status = bio ? DM_ERR_SYNTAX : DM_ERR_NO_MEMORY;
    if (certificate && dm_tls_read(certificate, ret)) {
        status = DM_OK;
    }
    X509_free(certificate);
    BIO_free(bio);
    return status;
}

// --------------------------------------------------------------------- pins

void
dm_pin_format(const uint8_t pin[DM_KEY_HASH_SIZE], char text[DM_PIN_SIZE])
{
    static const size_t n = sizeof(PIN_PREFIX) - 1;
    unsigned char base64[DM_PIN_SIZE - sizeof(PIN_PREFIX) + 1];
    const int n_base64 = EVP_EncodeBlock(base64, pin, DM_KEY_HASH_SIZE);
    assert((size_t)n_base64 + 1 == sizeof(base64));
    memcpy(text, PIN_PREFIX, n);
    memcpy(text + n, base64, sizeof(base64));
}

bool
dm_pin_parse(struct dm_str text, uint8_t pin[DM_KEY_HASH_SIZE])
{
    static const struct dm_str prefix = DM_STR(PIN_PREFIX);
    const struct dm_str base64 = dm_str_slice(text, prefix.n, text.n);
    uint8_t bytes[(DM_KEY_HASH_SIZE + 2) / 3 * 3]; // With what pads it
    char again[DM_PIN_SIZE];
    if (text.n != DM_PIN_SIZE - 1 || !dm_str_starts(text, prefix) ||
        EVP_DecodeBlock(bytes, (const unsigned char *)base64.data,
                        (int)base64.n) != (int)sizeof(bytes)) {
        return false;
    }
    dm_pin_format(bytes, again); // Spaces, other padding, stray bits
    if (!dm_str_equal(dm_str(again), text)) {
        return false;
    }
    memcpy(pin, bytes, DM_KEY_HASH_SIZE);
    return true;
}
