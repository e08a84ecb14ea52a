// SPDX-License-Identifier: ISC

#ifndef DM_VOCAB_SECRET_H
#define DM_VOCAB_SECRET_H

/**
 * @file
 * Secrets by reference, and their traces.
 *
 *     ${file:NAME}        the file CONFIG/secrets/NAME, without a line end at
 *                         its end
 *     ${env:NAME}         a variable of the environment
 *     ${credential:NAME}  the file $CREDENTIALS_DIRECTORY/NAME (systemd)
 *
 * They are read when the configuration is loaded (files are not for the loop),
 * kept beside it, never in it, and are put in where a probe or a request needs
 * them. Whatever goes out of the node is scanned for them: they become ***.
 *
 * I1 Bytes of secrets are in dm_secrets and in what dm_secrets_expand() wrote,
 *    nowhere else. dm_secrets_free() zeroes its own; who expands zeroes the
 *    buffer (dm_secret_wipe()).
 *
 * Limits: DM_SECRET_MAX bytes each. Secrets of less than DM_SECRET_MIN bytes
 * are not looked for in outgoing text: every other word would become ***.
 *
 * Threads: add() by whoever loads, before others see it; the rest any.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

DM_BEGIN_DECLS

struct dm_buf;
struct dm_env;
struct dm_secrets;

#define DM_SECRET_MAX 65536
#define DM_SECRET_MIN 4

enum dm_secret_source {
    DM_SECRET_FILE,
    DM_SECRET_ENV,
    DM_SECRET_CREDENTIAL,
};

struct dm_secret_ref {
    enum dm_secret_source source;
    struct dm_str name; ///< [A-Za-z0-9._-]+, not beginning with '.'
    struct dm_str text; ///< The whole "${file:NAME}"
};

/**
 * Find the first reference in `text` from byte `from` on.
 *
 * @return DM_OK; DM_END where there is none; DM_ERR_SYNTAX for a "${" that
 *         begins none (an unknown source, a bad name, no '}').
 */
enum dm_status dm_secret_find(struct dm_str text, size_t from,
                              struct dm_secret_ref *ret) DM_NODISCARD;

/// Whether `text` is one reference and nothing else
bool dm_secret_is_ref(struct dm_str text);

struct dm_secrets *DM_NULLABLE dm_secrets_new(void) DM_NODISCARD;
/// Zero and release.
void dm_secrets_free(struct dm_secrets *DM_NULLABLE secrets);

/**
 * Read what `ref` names, once; nothing where it is known already.
 *
 * @param directory CONFIG.
 * @return DM_ERR_NOT_FOUND; DM_ERR_PERMISSION, also for a file that the world
 *         may read; DM_ERR_LIMIT; DM_ERR_SYNTAX (empty, or with NUL inside);
 *         DM_ERR_NO_MEMORY, DM_ERR_IO; each with `error` set.
 */
enum dm_status dm_secrets_add(struct dm_secrets *secrets,
                              const struct dm_env *env, const char *directory,
                              const struct dm_secret_ref *ref,
                              struct dm_error *DM_NULLABLE error) DM_NODISCARD;

/// Whether `ref` is known and has several lines: no header can hold it
bool dm_secrets_has_lines(const struct dm_secrets *secrets,
                          const struct dm_secret_ref *ref);

/// Append `text` with its references replaced by what they stand for.
/// @return DM_ERR_NOT_FOUND with `error` naming the one that is not there;
///         DM_ERR_NO_MEMORY, DM_ERR_LIMIT of `buf`.
enum dm_status dm_secrets_expand(const struct dm_secrets *secrets,
                                 struct dm_str text, struct dm_buf *buf,
                                 struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;

/// Append the value of an Authorization header for `auth`: "Bearer TOKEN" with
/// its references replaced; of "Basic USER:PASSWORD" what follows in base64.
/// As dm_secrets_expand().
enum dm_status dm_secrets_authorization(const struct dm_secrets *secrets,
                                        struct dm_str auth, struct dm_buf *buf,
                                        struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;

/// Append `text` with every known secret in it replaced by ***, also where it
/// stands in base64 (an Authorization header that comes back). O(text)
enum dm_status dm_secrets_hide(const struct dm_secrets *secrets,
                               struct dm_str text, struct dm_buf *buf);

/// Zero the bytes of `buf` and empty it.
void dm_secret_wipe(struct dm_buf *buf);

DM_END_DECLS

#endif // DM_VOCAB_SECRET_H
