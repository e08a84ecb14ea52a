// SPDX-License-Identifier: ISC

#include "vocab/secret.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/env.h"
#include "base/map.h"
#include "vocab/secret_private.h"

#include <sodium.h>

#include <assert.h>
#include <stdint.h>
#include <string.h>

#define SECRETS_MAX 100000
#define PATH_SIZE_MAX 4096
#define NAME_MAX_BYTES 200
#define FORMS ((size_t)4) // A secret as it is, and in base64 at three places

// What is looked for in outgoing text
struct trace {
    char *bytes;
    size_t n;
};

struct secret {
    char *key; // "file:NAME"
    char *bytes;
    size_t n;
};

// I2 traces[] ascends by first byte; of one first byte, the longer come first.
struct dm_secrets {
    struct secret *secrets;
    size_t n;
    size_t capacity;
    struct dm_map by_key;
    struct trace *traces;
    size_t n_traces;
    size_t trace_capacity;
};

// ---------------------------------------------------------------- references

static const struct {
    struct dm_str start;
    enum dm_secret_source source;
} sources[] = {
    {DM_STR("${file:"), DM_SECRET_FILE},
    {DM_STR("${env:"), DM_SECRET_ENV},
    {DM_STR("${credential:"), DM_SECRET_CREDENTIAL},
};

static bool
is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

static bool
is_name(struct dm_str name)
{
    if (!name.n || name.n > NAME_MAX_BYTES || name.data[0] == '.') {
        return false;
    }
    for (size_t i = 0; i < name.n; ++i) {
        if (!is_name_char(name.data[i])) {
            return false;
        }
    }
    return true;
}

enum dm_status
dm_secret_find(struct dm_str text, size_t from, struct dm_secret_ref *ret)
{
    const struct dm_str rest = dm_str_slice(text, from, text.n);
    const size_t start = dm_str_find(rest, dm_str("${"));
    if (start == rest.n) {
        return DM_END;
    }
    const struct dm_str found = dm_str_slice(rest, start, rest.n);
    for (size_t i = 0; i < DM_COUNT_OF(sources); ++i) {
        if (!dm_str_starts(found, sources[i].start)) {
            continue;
        }
        const struct dm_str inside =
            dm_str_slice(found, sources[i].start.n, found.n);
        const size_t n = dm_str_find(inside, dm_str("}"));
        const struct dm_str name = dm_str_slice(inside, 0, n);
        if (n == inside.n || !is_name(name)) {
            return DM_ERR_SYNTAX;
        }
        *ret = (struct dm_secret_ref){
            sources[i].source, name,
            dm_str_slice(found, 0, sources[i].start.n + n + 1)};
        return DM_OK;
    }
    return DM_ERR_SYNTAX;
}

bool
dm_secret_is_ref(struct dm_str text)
{
    struct dm_secret_ref ref;
    return dm_secret_find(text, 0, &ref) == DM_OK && ref.text.n == text.n;
}

// "file:NAME"
static struct dm_str
key_of(const struct dm_secret_ref *ref)
{
    return dm_str_slice(ref->text, 2, ref->text.n - 3);
}

// ---------------------------------------------------------------- life

struct dm_secrets *
dm_secrets_new(void)
{
    struct dm_secrets *secrets = dm_calloc(1, sizeof(*secrets));
    if (secrets) {
        dm_map_init(&secrets->by_key, SECRETS_MAX, 0);
    }
    return secrets;
}

static void
wipe_free(char *bytes, size_t n)
{
    if (bytes) {
        sodium_memzero(bytes, n);
        dm_free(bytes);
    }
}

void
dm_secrets_free(struct dm_secrets *secrets)
{
    if (!secrets) {
        return;
    }
    for (size_t i = 0; i < secrets->n; ++i) {
        dm_free(secrets->secrets[i].key);
        wipe_free(secrets->secrets[i].bytes, secrets->secrets[i].n);
    }
    for (size_t i = 0; i < secrets->n_traces; ++i) {
        wipe_free(secrets->traces[i].bytes, secrets->traces[i].n);
    }
    dm_free(secrets->secrets);
    dm_free(secrets->traces);
    dm_map_done(&secrets->by_key);
    dm_free(secrets);
}

enum dm_status
dm_secrets_authorization(const struct dm_secrets *secrets, struct dm_str auth,
                         struct dm_buf *buf, struct dm_error *error)
{
    static const struct dm_str basic = DM_STR("Basic ");
    if (!dm_str_starts(auth, basic)) {
        return dm_secrets_expand(secrets, auth, buf, error);
    }
    struct dm_buf plain;
    dm_buf_init(&plain, (size_t)DM_SECRET_MAX * 2);
    enum dm_status status = dm_secrets_expand(
        secrets, dm_str_slice(auth, basic.n, auth.n), &plain, error);
    if (!status) {
        const size_t size =
            sodium_base64_ENCODED_LEN(plain.n, sodium_base64_VARIANT_ORIGINAL);
        (void)dm_buf_put_str(buf, basic);
        char *text = dm_buf_reserve(buf, size);
        if (text) {
            (void)sodium_bin2base64(text, size,
                                    (const unsigned char *)dm_buf_cstr(&plain),
                                    plain.n, sodium_base64_VARIANT_ORIGINAL);
            buf->n += size - 1; // Without its NUL
        }
        status = buf->status;
    }
    dm_secret_wipe(&plain);
    dm_buf_done(&plain);
    return status;
}

void
dm_secret_wipe(struct dm_buf *buf)
{
    if (buf->data) {
        sodium_memzero(buf->data, buf->capacity);
    }
    dm_buf_clear(buf);
}

// ---------------------------------------------------------------- reading

static enum dm_status
not_there(const struct dm_secret_ref *ref, struct dm_error *error)
{
    const struct dm_str key = key_of(ref);
    (void)dm_error_set(error, DM_ERR_NOT_FOUND,
                       "the secret ${%.*s} is not there", (int)key.n, key.data);
    switch (ref->source) {
    case DM_SECRET_FILE:
        dm_error_hint(error,
                      "Write it to secrets/%.*s, readable by the daemon "
                      "alone",
                      (int)ref->name.n, ref->name.data);
        break;
    case DM_SECRET_ENV:
        dm_error_hint(error, "Set the variable %.*s for the daemon",
                      (int)ref->name.n, ref->name.data);
        break;
    case DM_SECRET_CREDENTIAL:
        dm_error_hint(error, "Give the service LoadCredential=%.*s:FILE",
                      (int)ref->name.n, ref->name.data);
        break;
    }
    return DM_ERR_NOT_FOUND;
}

enum dm_status
dm_secret_open_error(struct dm_str name, const char *path,
                     struct dm_error *error)
{
    const struct dm_str cut = dm_utf8_cut(name, NAME_MAX_BYTES);
    (void)dm_error_set(error, DM_ERR_PERMISSION,
                       "everybody can read secrets/%.*s", (int)cut.n,
                       cut.n ? cut.data : "");
    dm_error_hint(error, "chmod 0600 %s", path);
    return DM_ERR_PERMISSION;
}

static enum dm_status
read_file(const struct dm_env *env, const char *path,
          const struct dm_secret_ref *ref, struct dm_buf *buf,
          struct dm_error *error)
{
    struct dm_file_info info;
    enum dm_status status = dm_env_info(env, path, &info);
    if (status == DM_ERR_NOT_FOUND) {
        return not_there(ref, error);
    }
    if (status) {
        return dm_error_set(error, status, "cannot read %s", path);
    }
    if (ref->source == DM_SECRET_FILE && (info.mode & DM_MODE_WORLD)) {
        return dm_secret_open_error(ref->name, path, error);
    }
    // All the room at once: what moves leaves its bytes behind
    if (!dm_buf_reserve(buf, DM_SECRET_MAX)) {
        return DM_ERR_NO_MEMORY;
    }
    return dm_env_read(env, path, buf, error);
}

static enum dm_status
read_secret(const struct dm_env *env, const char *directory,
            const struct dm_secret_ref *ref, struct dm_buf *buf,
            struct dm_error *error)
{
    char name[NAME_MAX_BYTES + 1];
    memcpy(name, ref->name.data, ref->name.n);
    name[ref->name.n] = '\0';
    if (ref->source == DM_SECRET_ENV) {
        const char *value = dm_env_variable(env, name);
        return value ? dm_buf_puts(buf, value) : not_there(ref, error);
    }
    const bool is_file = ref->source == DM_SECRET_FILE;
    const char *base =
        is_file ? directory : dm_env_variable(env, "CREDENTIALS_DIRECTORY");
    if (!base) {
        return not_there(ref, error);
    }
    struct dm_buf path;
    dm_buf_init(&path, PATH_SIZE_MAX);
    enum dm_status status =
        dm_buf_printf(&path, "%s%s/%s", base, is_file ? "/secrets" : "", name);
    if (!status) {
        status = read_file(env, dm_buf_cstr(&path), ref, buf, error);
    }
    dm_buf_done(&path);
    return status;
}

// ---------------------------------------------------------------- traces

static enum dm_status
add_trace(struct dm_secrets *secrets, const char *bytes, size_t n)
{
    if (n < DM_SECRET_MIN) {
        return DM_OK;
    }
    struct trace *traces =
        dm_grow(secrets->traces, &secrets->trace_capacity,
                secrets->n_traces + 1, sizeof(*traces), SECRETS_MAX * FORMS);
    if (!traces) {
        return DM_ERR_NO_MEMORY;
    }
    secrets->traces = traces;
    char *copy = dm_strndup(bytes, n);
    if (!copy) {
        return DM_ERR_NO_MEMORY;
    }
    size_t at = 0; // I2
    while (at < secrets->n_traces &&
           ((unsigned char)traces[at].bytes[0] < (unsigned char)bytes[0] ||
            (traces[at].bytes[0] == bytes[0] && traces[at].n >= n))) {
        ++at;
    }
    memmove(traces + at + 1, traces + at,
            (secrets->n_traces - at) * sizeof(*traces));
    traces[at] = (struct trace){copy, n};
    ++secrets->n_traces;
    return DM_OK;
}

// Base64 of a text in which the secret stands behind `shift` (mod 3) bytes:
// the letters that the secret alone decides.
static enum dm_status
add_base64(struct dm_secrets *secrets, const struct secret *secret,
           size_t shift)
{
    const size_t n = shift + secret->n;
    const size_t size =
        sodium_base64_ENCODED_LEN(n, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    unsigned char *plain = dm_calloc(n + 1, 1);
    char *text = dm_malloc(size);
    enum dm_status status = DM_ERR_NO_MEMORY;
    if (plain && text) {
        memcpy(plain + shift, secret->bytes, secret->n);
        (void)sodium_bin2base64(text, size, plain, n,
                                sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
        const size_t from = (shift * 8 + 5) / 6;
        const size_t to = n * 8 / 6;
        status = to > from ? add_trace(secrets, text + from, to - from) : DM_OK;
    }
    wipe_free((char *)plain, n + 1);
    wipe_free(text, text ? size : 0);
    return status;
}

static enum dm_status
add_secret(struct dm_secrets *secrets, struct dm_str key, struct dm_str bytes)
{
    struct secret *array = dm_grow(secrets->secrets, &secrets->capacity,
                                   secrets->n + 1, sizeof(*array), SECRETS_MAX);
    if (!array) {
        return DM_ERR_NO_MEMORY;
    }
    secrets->secrets = array;
    struct secret secret = {
        .key = dm_strndup(key.data, key.n),
        .bytes = dm_strndup(bytes.data, bytes.n),
        .n = bytes.n,
    };
    if (!secret.key || !secret.bytes) {
        dm_free(secret.key);
        wipe_free(secret.bytes, secret.n);
        return DM_ERR_NO_MEMORY;
    }
    array[secrets->n] = secret;
    struct dm_map_entry *entry =
        dm_map_put(&secrets->by_key, dm_str_n(secret.key, key.n), NULL);
    ++secrets->n; // Freed with the rest from here on
    if (!entry) {
        return DM_ERR_NO_MEMORY;
    }
    entry->value.number = secrets->n - 1;

    enum dm_status status = add_trace(secrets, secret.bytes, secret.n);
    for (size_t shift = 0; shift < 3 && !status; ++shift) {
        status = add_base64(secrets, &secret, shift);
    }
    return status;
}

enum dm_status
dm_secrets_add(struct dm_secrets *secrets, const struct dm_env *env,
               const char *directory, const struct dm_secret_ref *ref,
               struct dm_error *error)
{
    const struct dm_str key = key_of(ref);
    if (dm_map_get(&secrets->by_key, key)) {
        return DM_OK;
    }
    struct dm_buf buf;
    dm_buf_init(&buf, DM_SECRET_MAX);
    enum dm_status status = read_secret(env, directory, ref, &buf, error);
    if (!status) {
        struct dm_str bytes = dm_buf_str(&buf);
        if (ref->source != DM_SECRET_ENV && dm_str_ends(bytes, dm_str("\n"))) {
            bytes = dm_str_slice(bytes, 0, bytes.n - 1);
        }
        if (ref->source != DM_SECRET_ENV && dm_str_ends(bytes, dm_str("\r"))) {
            bytes = dm_str_slice(bytes, 0, bytes.n - 1);
        }
        status = !bytes.n || memchr(bytes.data, '\0', bytes.n)
                     ? dm_error_set(error, DM_ERR_SYNTAX,
                                    "the secret ${%.*s} is empty or not a text",
                                    (int)key.n, key.data)
                     : add_secret(secrets, key, bytes);
    }
    dm_secret_wipe(&buf);
    dm_buf_done(&buf);
    return status;
}

// ---------------------------------------------------------------- use

static const struct secret *
lookup(const struct dm_secrets *secrets, const struct dm_secret_ref *ref)
{
    const struct dm_map_entry *entry =
        dm_map_get(&secrets->by_key, key_of(ref));
    return entry ? &secrets->secrets[entry->value.number] : NULL;
}

bool
dm_secrets_has_lines(const struct dm_secrets *secrets,
                     const struct dm_secret_ref *ref)
{
    const struct secret *secret = lookup(secrets, ref);
    return secret && (memchr(secret->bytes, '\n', secret->n) ||
                      memchr(secret->bytes, '\r', secret->n));
}

// Bytes of `text` once it is expanded
static enum dm_status
measure(const struct dm_secrets *secrets, struct dm_str text, size_t *ret,
        struct dm_error *error)
{
    struct dm_secret_ref ref;
    *ret = text.n;
    size_t at = 0;
    while (dm_secret_find(text, at, &ref) == DM_OK) {
        const struct secret *secret = lookup(secrets, &ref);
        if (!secret) {
            return not_there(&ref, error);
        }
        *ret += secret->n;
        at = (size_t)(ref.text.data - text.data) + ref.text.n;
    }
    return DM_OK;
}

enum dm_status
dm_secrets_expand(const struct dm_secrets *secrets, struct dm_str text,
                  struct dm_buf *buf, struct dm_error *error)
{
    // All the room at once: what moves leaves its bytes behind
    size_t n = 0;
    enum dm_status status = measure(secrets, text, &n, error);
    if (!status && n && !dm_buf_reserve(buf, n)) {
        status = buf->status ? buf->status : DM_ERR_NO_MEMORY;
    }
    if (status) {
        return status;
    }

    struct dm_secret_ref ref;
    size_t at = 0;
    while (dm_secret_find(text, at, &ref) == DM_OK) {
        const struct secret *secret = lookup(secrets, &ref);
        assert(secret); // Measured
        const size_t start = (size_t)(ref.text.data - text.data);
        (void)dm_buf_put_str(buf, dm_str_slice(text, at, start - at));
        (void)dm_buf_put(buf, secret->bytes, secret->n);
        at = start + ref.text.n;
    }
    return dm_buf_put_str(buf, dm_str_slice(text, at, text.n));
}

// The longest trace at the start of `text`, 0 where there is none
static size_t
trace_length(const struct dm_secrets *secrets, const size_t first[257],
             struct dm_str text)
{
    const unsigned char c = (unsigned char)text.data[0];
    for (size_t i = first[c]; i < first[c + 1]; ++i) {
        const struct trace *trace = &secrets->traces[i];
        if (trace->n <= text.n &&
            memcmp(trace->bytes, text.data, trace->n) == 0) {
            return trace->n;
        }
    }
    return 0;
}

enum dm_status
dm_secrets_hide(const struct dm_secrets *secrets, struct dm_str text,
                struct dm_buf *buf)
{
    // Where the traces of a first byte begin
    size_t first[257];
    size_t at = 0;
    for (size_t c = 0; c < 257; ++c) {
        while (at < secrets->n_traces &&
               (unsigned char)secrets->traces[at].bytes[0] < c) {
            ++at;
        }
        first[c] = at;
    }

    size_t kept = 0; // From here on nothing is appended yet
    for (size_t i = 0; i < text.n;) {
        const size_t n =
            trace_length(secrets, first, dm_str_slice(text, i, text.n));
        if (!n) {
            ++i;
            continue;
        }
        (void)dm_buf_put_str(buf, dm_str_slice(text, kept, i - kept));
        (void)dm_buf_puts(buf, "***");
        i += n;
        kept = i;
    }
    return dm_buf_put_str(buf, dm_str_slice(text, kept, text.n));
}
