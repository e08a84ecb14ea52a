// SPDX-License-Identifier: ISC

// Hash functions: SPARQL 1.1, 17.4.6. Of the bytes of the UTF-8 text, as small
// hexadecimal digits.

#include "sparql/function_private.h"

#include <openssl/evp.h>

static enum dm_status
hash(const struct dm_call *call, const EVP_MD *algorithm, struct dm_value *ret)
{
    static const char hex[] = "0123456789abcdef";
    uint8_t digest[EVP_MAX_MD_SIZE] = {0};
    char text[2 * EVP_MAX_MD_SIZE] = {0};
    unsigned n = 0;
    if (call->args[0].kind != DM_VALUE_STRING) {
        return DM_ERR_ARGUMENT;
    }
    const struct dm_str bytes = call->args[0].term.value;
    if (!EVP_Digest(bytes.n ? bytes.data : "", bytes.n, digest, &n, algorithm,
                    NULL)) {
        return DM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < n; ++i) {
        text[2 * i] = hex[digest[i] >> 4U];
        text[2 * i + 1] = hex[digest[i] & 0xFU];
    }
    return dm_call_string(call, dm_str_n(text, 2 * (size_t)n), ret);
}

DM_FUNCTION(md5)
{
    return hash(call, EVP_md5(), ret);
}

DM_FUNCTION(sha1)
{
    return hash(call, EVP_sha1(), ret);
}

DM_FUNCTION(sha256)
{
    return hash(call, EVP_sha256(), ret);
}

DM_FUNCTION(sha384)
{
    return hash(call, EVP_sha384(), ret);
}

DM_FUNCTION(sha512)
{
    return hash(call, EVP_sha512(), ret);
}
