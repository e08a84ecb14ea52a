// SPDX-License-Identifier: ISC

#include "net/tls_private.h"

#include "base/alloc.h"
#include "base/time.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define RECHECK_NS INT64_C(10000000000) // How often a file is looked at

struct roots {
    char *path;
    X509_STORE *store;
    struct timespec changed;
    int64_t checked_ns;
    int64_t used_ns;
};

struct dm_tls_roots {
    char *bundle;
    struct roots all[DM_TLS_ROOTS_MAX];
};

struct dm_tls_roots *
dm_tls_roots_new(const char *bundle)
{
    struct dm_tls_roots *roots = dm_calloc(1, sizeof(*roots));
    if (!roots) {
        return NULL;
    }
    roots->bundle = dm_strndup(bundle, strlen(bundle));
    if (!roots->bundle) {
        dm_free(roots);
        return NULL;
    }
    return roots;
}

static void
clear(struct roots *one)
{
    X509_STORE_free(one->store);
    dm_free(one->path);
    memset(one, 0, sizeof(*one));
}

void
dm_tls_roots_free(struct dm_tls_roots *roots)
{
    if (!roots) {
        return;
    }
    for (size_t i = 0; i < DM_TLS_ROOTS_MAX; ++i) {
        clear(&roots->all[i]);
    }
    dm_free(roots->bundle);
    dm_free(roots);
}

static bool
is_current(struct roots *one, int64_t now_ns)
{
    struct stat info;
    if (now_ns - one->checked_ns < RECHECK_NS) {
        return true;
    }
    one->checked_ns = now_ns;
    return !stat(one->path, &info) &&
           info.st_mtim.tv_sec == one->changed.tv_sec &&
           info.st_mtim.tv_nsec == one->changed.tv_nsec;
}

static enum dm_status
load(struct roots *one, const char *path, int64_t now_ns)
{
    struct stat info;
    if (stat(path, &info)) {
        return DM_ERR_NOT_FOUND;
    }
    one->path = dm_strndup(path, strlen(path));
    one->store = X509_STORE_new();
    if (!one->path || !one->store) {
        clear(one);
        return DM_ERR_NO_MEMORY;
    }
    if (!X509_STORE_load_file(one->store, path)) {
        clear(one);
        return DM_ERR_NOT_FOUND;
    }
    // A trusted intermediate certificate is enough, as for curl
    (void)X509_STORE_set_flags(one->store, X509_V_FLAG_TRUSTED_FIRST |
                                               X509_V_FLAG_PARTIAL_CHAIN);
    one->changed = info.st_mtim;
    one->checked_ns = now_ns;
    return DM_OK;
}

static enum dm_status
find_store(struct dm_tls_roots *roots, const char *path, int64_t now_ns,
           X509_STORE **ret)
{
    struct roots *place = &roots->all[0]; // The least recently used
    for (size_t i = 0; i < DM_TLS_ROOTS_MAX; ++i) {
        struct roots *one = &roots->all[i];
        if (one->path && !strcmp(one->path, path)) {
            place = one;
            break;
        }
        if (!one->path || (place->path && one->used_ns < place->used_ns)) {
            place = one;
        }
    }
    const bool is_it = place->path && !strcmp(place->path, path);
    if (!is_it || !is_current(place, now_ns)) {
        clear(place);
        const enum dm_status status = load(place, path, now_ns);
        if (status) {
            return status;
        }
    }
    place->used_ns = now_ns;
    *ret = place->store;
    return DM_OK;
}

static bool
time_of(const ASN1_TIME *time, int64_t *ret_ms)
{
    struct tm parts;
    if (!time || !ASN1_TIME_to_tm(time, &parts)) {
        return false;
    }
    const int64_t days = dm_days_from_civil((int64_t)parts.tm_year + 1900,
                                            parts.tm_mon + 1, parts.tm_mday);
    *ret_ms = days * DM_MS_PER_DAY + parts.tm_hour * DM_MS_PER_HOUR +
              parts.tm_min * DM_MS_PER_MINUTE + parts.tm_sec * DM_MS_PER_SECOND;
    return true;
}

static bool
hash_key(const X509 *leaf, uint8_t hash[DM_KEY_HASH_SIZE])
{
    unsigned char *key = NULL;
    const int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &key);
    unsigned n_hash = 0;
    const bool done =
        n > 0 &&
        EVP_Digest(key, (size_t)n, hash, &n_hash, EVP_sha256(), NULL) &&
        n_hash == DM_KEY_HASH_SIZE;
    OPENSSL_free(key);
    return done;
}

bool
dm_tls_read(const void *x509, struct dm_http_certificate *ret)
{
    const X509 *leaf = x509;
    struct dm_http_certificate certificate = {.is_known = true};
    if (!time_of(X509_get0_notBefore(leaf), &certificate.not_before_ms) ||
        !time_of(X509_get0_notAfter(leaf), &certificate.not_after_ms) ||
        !hash_key(leaf, certificate.key_hash)) {
        return false;
    }
    *ret = certificate;
    return true;
}

static bool
read_certificate(X509_STORE_CTX *store_ctx, struct dm_http_certificate *ret)
{
    const X509 *leaf = X509_STORE_CTX_get0_cert(store_ctx);
    const STACK_OF(X509) *chain = X509_STORE_CTX_get0_untrusted(store_ctx);
    struct dm_http_certificate certificate;
    if (!leaf || !dm_tls_read(leaf, &certificate)) {
        return false;
    }
    for (int i = 0; chain && i < sk_X509_num(chain); ++i) {
        int64_t end_ms = 0;
        if (time_of(X509_get0_notAfter(sk_X509_value(chain, i)), &end_ms) &&
            end_ms < certificate.not_after_ms) {
            certificate.not_after_ms = end_ms;
        }
    }
    *ret = certificate;
    return true;
}

static int
refuse(struct dm_tls_peer *peer, const char *reason)
{
    peer->is_refused = true;
    (void)snprintf(peer->reason, sizeof(peer->reason), "%s", reason);
    return 0;
}

// Takes the place of OpenSSL's verification; 1 accepts
static int
verify(X509_STORE_CTX *store_ctx, void *arg)
{
    struct dm_tls_peer *peer = arg;
    if (!read_certificate(store_ctx, &peer->certificate)) {
        X509_STORE_CTX_set_error(store_ctx, X509_V_ERR_UNSPECIFIED);
        return refuse(peer, "it cannot be read");
    }
    if (peer->accept_key) {
        if (peer->accept_key(peer->context, peer->certificate.key_hash)) {
            X509_STORE_CTX_set_error(store_ctx, X509_V_OK);
            return 1;
        }
        X509_STORE_CTX_set_error(store_ctx, X509_V_ERR_CERT_REJECTED);
        return refuse(peer, "its key is not the pinned one");
    }
    if (peer->is_insecure) {
        return 1;
    }
    const int result = X509_verify_cert(store_ctx);
    if (result <= 0) {
        (void)refuse(peer, X509_verify_cert_error_string(
                               X509_STORE_CTX_get_error(store_ctx)));
    }
    return result;
}

enum dm_status
dm_tls_prepare(struct dm_tls_roots *roots, const char *ca_file, int64_t now_ns,
               void *ssl_ctx, struct dm_tls_peer *peer)
{
    SSL_CTX *ctx = ssl_ctx;
    if (!peer->is_insecure && !peer->accept_key) {
        X509_STORE *store = NULL;
        const enum dm_status status = find_store(
            roots, *ca_file ? ca_file : roots->bundle, now_ns, &store);
        if (status) {
            return status;
        }
        SSL_CTX_set1_cert_store(ctx, store);
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, verify, peer);
    return DM_OK;
}
