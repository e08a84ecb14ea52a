// SPDX-License-Identifier: ISC

#include "sync/manifest.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

static int
compare_lines(const void *a, const void *b)
{
    return dm_str_compare(*(const struct dm_str *)a, *(const struct dm_str *)b);
}

// Append the lines of `text` to `lines`, which has room for them.
static size_t
split_lines(struct dm_str text, struct dm_str *lines, size_t max)
{
    size_t n = 0;
    while (text.n && n < max) {
        const char *end = memchr(text.data, '\n', text.n);
        const size_t length = end ? (size_t)(end - text.data) + 1 : text.n;
        lines[n++] = dm_str_slice(text, 0, length);
        text = dm_str_slice(text, length, text.n - length);
    }
    return n;
}

// No line stands in two parts.
static enum dm_status
check_apart(const struct dm_manifest_set *set, size_t n_quads,
            struct dm_error *error)
{
    if (set->n_parts < 2) {
        return DM_OK;
    }
    struct dm_str *lines = dm_calloc(n_quads, sizeof(*lines));
    enum dm_status status = DM_OK;
    size_t n = 0;
    if (!lines) {
        return DM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < set->n_parts; ++i) {
        n += split_lines(set->parts[i].text, lines + n, n_quads - n);
    }
    qsort(lines, n, sizeof(*lines), compare_lines);
    for (size_t i = 1; !status && i < n; ++i) {
        if (dm_str_equal(lines[i - 1], lines[i])) {
            status = dm_error_set(error, DM_ERR_CORRUPT,
                                  "line-in-two-parts: of a Manifest");
        }
    }
    dm_free(lines);
    return status;
}

static enum dm_status
read_part(const struct dm_wire_manifest *manifest, size_t i,
          const struct dm_manifest_spec *spec, struct dm_account *account,
          struct dm_payload *ret, struct dm_error *error)
{
    static const enum dm_role_of_payload roles[] = {
        [DM_MANIFEST_CONF] = DM_PAYLOAD_CONF,
        [DM_MANIFEST_SNAP] = DM_PAYLOAD_SNAP,
        [DM_MANIFEST_NOTE] = DM_PAYLOAD_NOTE,
    };
    struct dm_payload_spec payload = {
        .role = roles[manifest->kind],
        .log = spec->log,
        .has_enc = manifest->has_enc,
        .key = spec->key,
    };
    const struct dm_cid cid = dm_cid_list_at(&manifest->parts, i);
    struct dm_str bytes = {0};
    memcpy(payload.enc, manifest->enc, sizeof(payload.enc));
    enum dm_status status = spec->find(spec->context, &cid, &bytes);
    if (status == DM_ERR_NOT_FOUND) {
        return dm_error_set(error, DM_ERR_CORRUPT,
                            "block-missing: part %zu of a Manifest", i);
    }
    if (!status && !dm_cid_names(&cid, bytes)) {
        status = dm_error_set(error, DM_ERR_CORRUPT,
                              "cid-hash: part %zu of a Manifest", i);
    }
    return status ? status
                  : dm_payload_read(bytes, &payload, account, ret, error);
}

enum dm_status
dm_manifest_read(struct dm_str block, const struct dm_manifest_spec *spec,
                 struct dm_account *account, struct dm_manifest_set *ret,
                 struct dm_error *error)
{
    struct dm_wire_manifest manifest;
    struct dm_manifest_set set = {0};
    size_t n = 0;
    enum dm_status status = dm_wire_manifest_read(block, &manifest, error);
    if (status) {
        return status;
    }
    if (memcmp(manifest.log, spec->log, sizeof(manifest.log)) != 0) {
        return dm_error_set(error, DM_ERR_CORRUPT,
                            "log-other: a Manifest of another log");
    }
    if (manifest.kind != spec->kind) {
        return dm_error_set(error, DM_ERR_CORRUPT,
                            "manifest-kind: not the one that was named");
    }
    set.parts = manifest.parts.n
                    ? dm_calloc(manifest.parts.n, sizeof(*set.parts))
                    : NULL;
    if (manifest.parts.n && !set.parts) {
        return DM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; !status && i < manifest.parts.n; ++i) {
        status = read_part(&manifest, i, spec, account, &set.parts[set.n_parts],
                           error);
        if (!status) {
            n += set.parts[set.n_parts++].n;
        } else if (status == DM_ERR_NOT_FOUND) {
            set.is_unread = true;
            status = DM_OK;
        }
    }
    if (!status && !set.is_unread && n != manifest.n) {
        status = dm_error_set(error, DM_ERR_CORRUPT,
                              "quads: %zu in all parts of a Manifest, not %llu",
                              n, (unsigned long long)manifest.n);
    }
    if (!status && !set.is_unread) {
        status = check_apart(&set, n, error);
    }
    if (status) {
        dm_manifest_set_done(&set);
        return status;
    }
    *ret = set;
    return DM_OK;
}

void
dm_manifest_set_done(struct dm_manifest_set *set)
{
    for (size_t i = 0; i < set->n_parts; ++i) {
        dm_payload_done(&set->parts[i]);
    }
    dm_free(set->parts);
    *set = (struct dm_manifest_set){0};
}
