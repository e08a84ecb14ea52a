// SPDX-License-Identifier: ISC

#include "sync/checkpoint.h"

#include "base/buf.h"
#include "sync/base64.h"
#include "sync/block.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define KEY_ID_BYTES 4
#define TYPE_ED25519 1
#define SIGNATURE_BYTES (KEY_ID_BYTES + DM_KEY_SIGNATURE_BYTES)
#define DASH "\xE2\x80\x94 " // An em dash begins a line with a signature

static const struct dm_str no_prefix = {NULL, 0};
static const struct dm_str proof_line = DM_STR("c2sp.org/tlog-proof@v1");

void
dm_origin(const uint8_t log[DM_KEY_PUBLIC_BYTES], char origin[DM_ORIGIN_SIZE])
{
    const struct dm_str start = DM_STR("demonitor/");
    memcpy(origin, start.data, start.n);
    dm_key_name(log, origin + start.n);
}

// The id of a log's key in a signed note: of SHA-256 over name, LF, type, key
static void
key_id(const uint8_t log[DM_KEY_PUBLIC_BYTES], uint8_t id[KEY_ID_BYTES])
{
    char bytes[DM_ORIGIN_SIZE + 1 + DM_KEY_PUBLIC_BYTES];
    dm_origin(log, bytes);
    const size_t n = strlen(bytes);
    bytes[n] = '\n';
    bytes[n + 1] = TYPE_ED25519;
    memcpy(bytes + n + 2, log, DM_KEY_PUBLIC_BYTES);

    uint8_t digest[DM_DIGEST_BYTES];
    dm_sha256(dm_str_n(bytes, n + 2 + DM_KEY_PUBLIC_BYTES), digest);
    memcpy(id, digest, KEY_ID_BYTES);
}

enum dm_status
dm_verifier_key(const uint8_t log[DM_KEY_PUBLIC_BYTES], struct dm_buf *buf)
{
    char origin[DM_ORIGIN_SIZE];
    dm_origin(log, origin);
    uint8_t id[KEY_ID_BYTES];
    key_id(log, id);
    char key[1 + DM_KEY_PUBLIC_BYTES] = {TYPE_ED25519};
    memcpy(key + 1, log, DM_KEY_PUBLIC_BYTES);

    (void)dm_buf_printf(buf, "%s+%02x%02x%02x%02x+", origin, id[0], id[1],
                        id[2], id[3]);
    return dm_base64_write(DM_BASE64_PADDED, dm_str_n(key, sizeof(key)), buf);
}

// --------------------------------------------------------------- checkpoints

enum dm_status
dm_checkpoint_write(const struct dm_key *key, const struct dm_checkpoint *what,
                    struct dm_buf *buf)
{
    const uint8_t *const log = dm_key_public(key);
    char origin[DM_ORIGIN_SIZE];
    dm_origin(log, origin);
    const struct dm_str root = {(const char *)what->root, DM_DIGEST_BYTES};

    const size_t start = buf->n;
    (void)dm_buf_printf(buf, "%s\n%" PRIu64 "\n", origin, what->size);
    if (dm_base64_write(DM_BASE64_PADDED, root, buf) ||
        dm_buf_putc(buf, '\n')) {
        return buf->status;
    }

    uint8_t bytes[SIGNATURE_BYTES];
    key_id(log, bytes);
    const struct dm_str text = dm_str_slice(dm_buf_str(buf), start, SIZE_MAX);
    const enum dm_status status =
        dm_key_sign(key, no_prefix, text, bytes + KEY_ID_BYTES);
    if (status) {
        return status;
    }
    const struct dm_str signature = {(const char *)bytes, sizeof(bytes)};
    (void)dm_buf_printf(buf, "\n" DASH "%s ", origin);
    (void)dm_base64_write(DM_BASE64_PADDED, signature, buf);
    return dm_buf_putc(buf, '\n');
}

static enum dm_status
no_checkpoint(struct dm_error *error, const char *why)
{
    return dm_error_set(error, DM_ERR_CORRUPT, "checkpoint: %s", why);
}

// Take the next line, which ends with LF, off `rest`
static bool
take_line(struct dm_str *rest, struct dm_str *ret)
{
    const struct dm_str end = DM_STR("\n");
    const size_t n = dm_str_find(*rest, end);
    if (n == rest->n) {
        return false;
    }
    *ret = dm_str_slice(*rest, 0, n);
    *rest = dm_str_slice(*rest, n + 1, SIZE_MAX);
    return true;
}

// Whether a note is UTF-8 without control characters but LF
static bool
is_plain(struct dm_str note)
{
    for (size_t i = 0; i < note.n; ++i) {
        if ((unsigned char)note.data[i] < ' ' && note.data[i] != '\n') {
            return false;
        }
    }
    return dm_str_is_utf8(note);
}

// Divide a note into its text, with the last LF, and the lines behind the empty
// one
static bool
divide(struct dm_str note, struct dm_str *text, struct dm_str *signatures)
{
    for (size_t i = note.n; i-- > 1;) {
        if (note.data[i] == '\n' && note.data[i - 1] == '\n') {
            *text = dm_str_slice(note, 0, i);
            *signatures = dm_str_slice(note, i + 1, SIZE_MAX);
            return signatures->n && note.data[note.n - 1] == '\n';
        }
    }
    return false;
}

// Check one line with a signature; `*is_ours` is set where it is the log's own.
static enum dm_status
check_signature(struct dm_str line, struct dm_str text, const uint8_t *log,
                bool *is_ours, struct dm_error *error)
{
    const struct dm_str dash = DM_STR(DASH);
    const struct dm_str space = DM_STR(" ");
    const struct dm_str plus = DM_STR("+");
    const struct dm_str named = dm_str_slice(line, dash.n, SIZE_MAX);
    const size_t n_name = dm_str_find(named, space);
    const struct dm_str name = dm_str_slice(named, 0, n_name);
    const struct dm_str coded = dm_str_slice(named, n_name + 1, SIZE_MAX);
    struct dm_buf bytes;
    dm_buf_init(&bytes, coded.n);
    enum dm_status status = DM_OK;
    if (!dm_str_starts(line, dash) || !name.n || !coded.n ||
        dm_str_find(name, plus) != name.n ||
        dm_base64_read(DM_BASE64_PADDED, coded, &bytes)) {
        status = bytes.status == DM_ERR_NO_MEMORY
                     ? dm_error_set(error, bytes.status, "checkpoint")
                     : no_checkpoint(error, "not a line with a signature");
        goto out;
    }

    char origin[DM_ORIGIN_SIZE];
    dm_origin(log, origin);
    uint8_t id[KEY_ID_BYTES];
    key_id(log, id);
    if (!dm_str_is(name, origin) || bytes.n < KEY_ID_BYTES ||
        memcmp(bytes.data, id, KEY_ID_BYTES) != 0) {
        goto out; // Somebody else's
    }
    *is_ours = true;
    status = DM_ERR_CORRUPT;
    if (bytes.n == SIGNATURE_BYTES) {
        const uint8_t *const signature = (const uint8_t *)bytes.data;
        status = dm_key_verify(log, no_prefix, text, signature + KEY_ID_BYTES);
    }
    if (status) {
        (void)dm_error_set(error, status, "signature: of the checkpoint");
    }

out:
    dm_buf_done(&bytes);
    return status;
}

static enum dm_status
read_text(struct dm_str text, const uint8_t *log, struct dm_checkpoint *ret,
          struct dm_error *error)
{
    char origin[DM_ORIGIN_SIZE];
    dm_origin(log, origin);
    struct dm_str line;
    if (!take_line(&text, &line) || !dm_str_is(line, origin)) {
        return no_checkpoint(error, "of another origin");
    }
    struct dm_checkpoint what;
    if (!take_line(&text, &line) ||
        !dm_str_to_uint(line, DM_WIRE_BELOW - 1, &what.size)) {
        return no_checkpoint(error, "its size is not a number");
    }
    if (!take_line(&text, &line) || text.n ||
        dm_base64_read_exactly(DM_BASE64_PADDED, line, what.root,
                               DM_DIGEST_BYTES)) {
        return no_checkpoint(error, "not three lines, the last a hash");
    }
    *ret = what;
    return DM_OK;
}

enum dm_status
dm_checkpoint_read(struct dm_str note, const uint8_t log[DM_KEY_PUBLIC_BYTES],
                   struct dm_checkpoint *ret, struct dm_error *error)
{
    struct dm_str text;
    struct dm_str signatures;
    if (note.n > DM_CHECKPOINT_MAX) {
        return no_checkpoint(error, "too long");
    }
    if (!is_plain(note) || !divide(note, &text, &signatures)) {
        return no_checkpoint(error, "not a signed note");
    }

    bool is_ours = false;
    struct dm_str line;
    while (take_line(&signatures, &line)) {
        const enum dm_status status =
            check_signature(line, text, log, &is_ours, error);
        if (status) {
            return status;
        }
    }
    if (!is_ours) {
        return dm_error_set(error, DM_ERR_CORRUPT,
                            "signature: none of this log on the checkpoint");
    }
    return read_text(text, log, ret, error);
}

// --------------------------------------------------------------------- paths

static void
hash_pair(const uint8_t *left, const uint8_t *right, uint8_t *hash)
{
    char bytes[1 + 2 * DM_DIGEST_BYTES] = {1};
    memcpy(bytes + 1, left, DM_DIGEST_BYTES);
    memcpy(bytes + 1 + DM_DIGEST_BYTES, right, DM_DIGEST_BYTES);
    dm_sha256(dm_str_n(bytes, sizeof(bytes)), hash);
}

// The greatest power of 2 below `n`, which is at least 2
static uint64_t
split(uint64_t n)
{
    uint64_t half = 1;
    while (half * 2 < n) {
        half *= 2;
    }
    return half;
}

// The hash in a frontier of the complete subtree of `n` leaves at `from`
static const uint8_t *
frontier_hash(const struct dm_tree *tree, uint64_t from, uint64_t n)
{
    uint64_t start = 0;
    size_t i = 0;
    for (uint64_t size = UINT64_C(1) << DM_TREE_MAX; size; size /= 2) {
        if (tree->size & size) {
            if (start == from && size == n) {
                return tree->hashes[i];
            }
            start += size;
            ++i;
        }
    }
    assert(!"a subtree that was pruned is not asked for in part");
    return tree->hashes[0];
}

// The hash of `n` leaves from `from` on. Depth: at most DM_TREE_MAX.
static void
subtree(const struct dm_tree_leaves *leaves, uint64_t from, uint64_t n,
        uint8_t hash[DM_DIGEST_BYTES])
{
    const uint64_t gone = leaves->before->size;
    if (from + n <= gone) {
        memcpy(hash, frontier_hash(leaves->before, from, n), DM_DIGEST_BYTES);
        return;
    }
    if (n == 1) {
        memcpy(hash, leaves->kept + (from - gone) * DM_DIGEST_BYTES,
               DM_DIGEST_BYTES);
        return;
    }
    const uint64_t half = split(n);
    uint8_t left[DM_DIGEST_BYTES];
    uint8_t right[DM_DIGEST_BYTES];
    subtree(leaves, from, half, left);
    subtree(leaves, from + half, n - half, right);
    hash_pair(left, right, hash);
}

void
dm_tree_path(const struct dm_tree_leaves *leaves, uint64_t index,
             struct dm_tree_path *ret)
{
    uint64_t n = leaves->before->size + leaves->n_kept;
    assert(index >= leaves->before->size && index < n);
    assert(n < DM_WIRE_BELOW);

    // From the root down: the other half at each level
    struct dm_tree_path down = {.n = 0};
    uint64_t from = 0;
    while (n > 1) {
        const uint64_t half = split(n);
        assert(down.n < DM_TREE_MAX);
        uint8_t *const hash = down.hashes[down.n++];
        if (index < from + half) {
            subtree(leaves, from + half, n - half, hash);
            n = half;
        } else {
            subtree(leaves, from, half, hash);
            from += half;
            n -= half;
        }
    }
    ret->n = down.n;
    for (size_t i = 0; i < down.n; ++i) {
        memcpy(ret->hashes[i], down.hashes[down.n - 1 - i], DM_DIGEST_BYTES);
    }
}

enum dm_status
dm_tree_path_root(const uint8_t leaf[DM_DIGEST_BYTES], uint64_t index,
                  uint64_t size, const struct dm_tree_path *path,
                  uint8_t root[DM_DIGEST_BYTES])
{
    if (index >= size) {
        return DM_ERR_CORRUPT;
    }
    // The node on the path and the last node of its level
    uint64_t node = index;
    uint64_t last = size - 1;
    uint8_t hash[DM_DIGEST_BYTES];
    memcpy(hash, leaf, DM_DIGEST_BYTES);
    for (size_t i = 0; i < path->n; ++i) {
        if (!last) {
            return DM_ERR_CORRUPT;
        }
        if (node & 1 || node == last) {
            hash_pair(path->hashes[i], hash, hash);
            // A last node without a sibling goes up as it is
            while (!(node & 1) && node) {
                node /= 2;
                last /= 2;
            }
        } else {
            hash_pair(hash, path->hashes[i], hash);
        }
        node /= 2;
        last /= 2;
    }
    if (last) {
        return DM_ERR_CORRUPT;
    }
    memcpy(root, hash, DM_DIGEST_BYTES);
    return DM_OK;
}

// -------------------------------------------------------------------- proofs

enum dm_status
dm_proof_write(struct dm_str note, uint64_t index,
               const struct dm_tree_path *path, struct dm_buf *buf)
{
    (void)dm_buf_put_str(buf, proof_line);
    (void)dm_buf_printf(buf, "\nindex %" PRIu64 "\n", index);
    for (size_t i = 0; i < path->n; ++i) {
        const struct dm_str hash = {(const char *)path->hashes[i],
                                    DM_DIGEST_BYTES};
        (void)dm_base64_write(DM_BASE64_PADDED, hash, buf);
        (void)dm_buf_putc(buf, '\n');
    }
    (void)dm_buf_putc(buf, '\n');
    return dm_buf_put_str(buf, note);
}

static enum dm_status
no_proof(struct dm_error *error, const char *why)
{
    return dm_error_set(error, DM_ERR_CORRUPT, "proof: %s", why);
}

// Whether a line is "extra" and some base64, which is not looked at
static bool
is_extra(struct dm_str line)
{
    const struct dm_str extra = DM_STR("extra ");
    if (!dm_str_starts(line, extra)) {
        return false;
    }
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrs"
                                 "tuvwxyz0123456789+/";
    size_t i = extra.n;
    while (i < line.n && memchr(digits, line.data[i], sizeof(digits) - 1)) {
        ++i;
    }
    while (i < line.n && line.data[i] == '=') {
        ++i;
    }
    return i == line.n;
}

// What stands before the checkpoint; `*text` goes on behind it.
static bool
read_proof(struct dm_str *text, uint64_t *index, struct dm_tree_path *path)
{
    const struct dm_str start = DM_STR("index ");
    struct dm_str line;
    if (!take_line(text, &line) || !dm_str_equal(line, proof_line) ||
        !take_line(text, &line) ||
        (is_extra(line) && !take_line(text, &line)) ||
        !dm_str_starts(line, start) ||
        !dm_str_to_uint(dm_str_slice(line, start.n, SIZE_MAX),
                        DM_WIRE_BELOW - 1, index)) {
        return false;
    }
    for (path->n = 0; take_line(text, &line); ++path->n) {
        if (!line.n) {
            return true;
        }
        if (path->n == DM_TREE_MAX ||
            dm_base64_read_exactly(DM_BASE64_PADDED, line,
                                   path->hashes[path->n], DM_DIGEST_BYTES)) {
            return false;
        }
    }
    return false;
}

enum dm_status
dm_proof_check(struct dm_str text, struct dm_str entry,
               const uint8_t log[DM_KEY_PUBLIC_BYTES], struct dm_proof *ret,
               struct dm_error *error)
{
    uint64_t index = 0;
    struct dm_tree_path path;
    if (text.n > DM_PROOF_MAX || !read_proof(&text, &index, &path)) {
        return no_proof(error, "not in its form");
    }
    struct dm_checkpoint point = {.size = 0};
    enum dm_status status = dm_checkpoint_read(text, log, &point, error);
    if (status) {
        return status;
    }

    uint8_t hash[DM_DIGEST_BYTES];
    dm_tree_leaf(entry, hash);
    if (dm_tree_path_root(hash, index, point.size, &path, hash) ||
        memcmp(hash, point.root, DM_DIGEST_BYTES) != 0) {
        return no_proof(error, "it does not lead to the root");
    }

    struct dm_wire_entry what;
    status = dm_wire_entry_read(entry, &what, error);
    status = status ? status : dm_wire_entry_verify(entry, &what, error);
    if (status) {
        return status;
    }
    if (memcmp(what.log, log, DM_KEY_PUBLIC_BYTES) != 0) {
        return dm_error_set(error, DM_ERR_CORRUPT, "log-other: the entry");
    }
    if (what.seq != index + 1) {
        return no_proof(error, "the index is not that of the entry");
    }
    *ret = (struct dm_proof){.seq = what.seq, .size = point.size};
    return DM_OK;
}
