// SPDX-License-Identifier: ISC

#include "net/p256_private.h"

#include <assert.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/obj_mac.h>
#include <stdbool.h>
#include <string.h>

#define N DM_P256_BYTES

struct curve {
    EC_GROUP *group;
    BN_CTX *ctx;
    BIGNUM *secret;
    BIGNUM *order;
};

// What every number of a signature passes through
struct work {
    EC_POINT *point;
    BIGNUM *hash;
    BIGNUM *nonce;
    BIGNUM *inverse;
    BIGNUM *r;
    BIGNUM *s;
};

static void
close_curve(struct curve *curve)
{
    BN_clear_free(curve->secret);
    BN_free(curve->order);
    BN_CTX_free(curve->ctx);
    EC_GROUP_free(curve->group);
}

static bool
is_scalar(const BIGNUM *number, const BIGNUM *order)
{
    return !BN_is_zero(number) && BN_cmp(number, order) < 0;
}

static enum dm_status
open_curve(struct curve *curve, const uint8_t secret[N])
{
    *curve = (struct curve){
        .group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1),
        .ctx = BN_CTX_secure_new(),
        .secret = BN_bin2bn(secret, N, NULL),
        .order = BN_new(),
    };
    if (!curve->group || !curve->ctx || !curve->secret || !curve->order ||
        !EC_GROUP_get_order(curve->group, curve->order, curve->ctx)) {
        close_curve(curve);
        return DM_ERR_NO_MEMORY;
    }
    BN_set_flags(curve->secret, BN_FLG_CONSTTIME);
    if (!is_scalar(curve->secret, curve->order)) {
        close_curve(curve);
        return DM_ERR_ARGUMENT;
    }
    return DM_OK;
}

enum dm_status
dm_p256_public(const uint8_t secret[N], uint8_t point[DM_P256_POINT_BYTES])
{
    struct curve curve;
    enum dm_status status = open_curve(&curve, secret);
    if (status) {
        return status;
    }
    EC_POINT *public_key = EC_POINT_new(curve.group);
    uint8_t bytes[DM_P256_POINT_BYTES];
    if (!public_key ||
        !EC_POINT_mul(curve.group, public_key, curve.secret, NULL, NULL,
                      curve.ctx) ||
        EC_POINT_point2oct(curve.group, public_key,
                           POINT_CONVERSION_UNCOMPRESSED, bytes, sizeof(bytes),
                           curve.ctx) != sizeof(bytes)) {
        status = DM_ERR_NO_MEMORY;
    } else {
        memcpy(point, bytes, sizeof(bytes));
    }
    EC_POINT_free(public_key);
    close_curve(&curve);
    return status;
}

// ------------------------------------------------------------- the nonce

// RFC 6979, 3.2: K and V, and what both were begun with
struct nonces {
    uint8_t k[N];
    uint8_t v[N];
    uint8_t seed[2 * N]; // The secret, then the hash below the order
    bool is_begun;
};

static bool
mac(const uint8_t key[N], const uint8_t *bytes, size_t n, uint8_t ret[N])
{
    unsigned n_ret = 0;
    return HMAC(EVP_sha256(), key, N, bytes, n, ret, &n_ret) && n_ret == N;
}

// K = HMAC(K, V || byte || seed), V = HMAC(K, V)
static bool
stir(struct nonces *nonces, uint8_t byte, size_t n_seed)
{
    uint8_t bytes[N + 1 + 2 * N];
    memcpy(bytes, nonces->v, N);
    bytes[N] = byte;
    memcpy(bytes + N + 1, nonces->seed, n_seed);
    const bool done = mac(nonces->k, bytes, N + 1 + n_seed, nonces->k) &&
                      mac(nonces->k, nonces->v, N, nonces->v);
    OPENSSL_cleanse(bytes, sizeof(bytes));
    return done;
}

static bool
begin_nonces(struct nonces *nonces)
{
    memset(nonces->v, 0x01, N);
    memset(nonces->k, 0x00, N);
    return stir(nonces, 0x00, sizeof(nonces->seed)) &&
           stir(nonces, 0x01, sizeof(nonces->seed));
}

static bool
next_nonce(struct nonces *nonces, const BIGNUM *order, BIGNUM *ret)
{
    do {
        if (nonces->is_begun ? !stir(nonces, 0x00, 0) : !begin_nonces(nonces)) {
            return false;
        }
        nonces->is_begun = true;
        if (!mac(nonces->k, nonces->v, N, nonces->v) ||
            !BN_bin2bn(nonces->v, N, ret)) {
            return false;
        }
    } while (!is_scalar(ret, order));
    BN_set_flags(ret, BN_FLG_CONSTTIME);
    return true;
}

// ----------------------------------------------------------- the signature

static bool
open_work(struct work *work, const struct curve *curve)
{
    *work = (struct work){
        .point = EC_POINT_new(curve->group),
        .hash = BN_new(),
        .nonce = BN_new(),
        .inverse = BN_new(),
        .r = BN_new(),
        .s = BN_new(),
    };
    return work->point && work->hash && work->nonce && work->inverse &&
           work->r && work->s;
}

static void
close_work(struct work *work)
{
    EC_POINT_free(work->point);
    BN_free(work->hash);
    BN_clear_free(work->nonce);
    BN_clear_free(work->inverse);
    BN_free(work->r);
    BN_clear_free(work->s);
}

// r = (nonce G).x, s = (hash + r secret) / nonce, modulo the order
static bool
sign_with(const struct curve *curve, struct work *work)
{
    BN_CTX *ctx = curve->ctx;
    const BIGNUM *order = curve->order;
    return EC_POINT_mul(curve->group, work->point, work->nonce, NULL, NULL,
                        ctx) &&
           EC_POINT_get_affine_coordinates(curve->group, work->point, work->r,
                                           NULL, ctx) &&
           BN_nnmod(work->r, work->r, order, ctx) &&
           BN_mod_inverse(work->inverse, work->nonce, order, ctx) &&
           BN_mod_mul(work->s, work->r, curve->secret, order, ctx) &&
           BN_mod_add(work->s, work->s, work->hash, order, ctx) &&
           BN_mod_mul(work->s, work->s, work->inverse, order, ctx);
}

static bool
sign_hash(const struct curve *curve, struct work *work, const uint8_t hash[N],
          struct nonces *nonces)
{
    if (!BN_bin2bn(hash, N, work->hash) ||
        !BN_nnmod(work->hash, work->hash, curve->order, curve->ctx) ||
        BN_bn2binpad(curve->secret, nonces->seed, N) != N ||
        BN_bn2binpad(work->hash, nonces->seed + N, N) != N) {
        return false;
    }
    do {
        if (!next_nonce(nonces, curve->order, work->nonce) ||
            !sign_with(curve, work)) {
            return false;
        }
    } while (BN_is_zero(work->r) || BN_is_zero(work->s));
    return true;
}

enum dm_status
dm_p256_sign(const uint8_t secret[N], struct dm_str message,
             uint8_t signature[2 * N])
{
    struct curve curve;
    const enum dm_status status = open_curve(&curve, secret);
    if (status) {
        return status;
    }
    struct work work;
    struct nonces nonces = {.is_begun = false};
    uint8_t hash[N];
    unsigned n_hash = 0;
    const bool done = open_work(&work, &curve) &&
                      EVP_Digest(message.data, message.n, hash, &n_hash,
                                 EVP_sha256(), NULL) &&
                      n_hash == N && sign_hash(&curve, &work, hash, &nonces) &&
                      BN_bn2binpad(work.r, signature, N) == N &&
                      BN_bn2binpad(work.s, signature + N, N) == N;
    OPENSSL_cleanse(&nonces, sizeof(nonces));
    close_work(&work);
    close_curve(&curve);
    return done ? DM_OK : DM_ERR_NO_MEMORY;
}
