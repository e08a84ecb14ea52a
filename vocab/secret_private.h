// SPDX-License-Identifier: ISC

#ifndef DM_VOCAB_SECRET_PRIVATE_H
#define DM_VOCAB_SECRET_PRIVATE_H

/**
 * @file
 * What secrets/ may look like.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/str.h"

DM_BEGIN_DECLS

/// Permission bits that no file in secrets/ has: everybody could read it
#define DM_MODE_WORLD 4U

/// Set `*error`: everybody can read the file `name` in secrets/.
enum dm_status dm_secret_open_error(struct dm_str name, const char *path,
                                    struct dm_error *DM_NULLABLE error);

DM_END_DECLS

#endif // DM_VOCAB_SECRET_PRIVATE_H
