// SPDX-License-Identifier: ISC

#ifndef DM_QUADSTORE_ROW_PRIVATE_H
#define DM_QUADSTORE_ROW_PRIVATE_H

/**
 * @file
 * A row of `event`, and what its columns hold.
 *
 *     k       key as it is stored (id_private.h)
 *     c       number of the check's IRI in the dictionary
 *     bits    status, 8 where it has further quads, 16 where a State said it:
 *             then the event itself is still to come, and replaces the row
 *     micros  dm:seconds, NULL where there is none
 *     more    all that most results have not, NULL where there is nothing:
 *             fields in ascending order, each at most once, of one byte that
 *             says which and then
 *               1 ms - at     varint, not 0
 *               2 failure     varint: number of the IRI in the dictionary
 *               3 certificate varint, zigzag: unix ms
 *               4 message     varint length, bytes; not empty; so are the next
 *               5 output
 *               6 run id
 *               7 samples     varint count, then for each of them: varint
 *                             number of the metric's IRI, varint type + 4 x
 *                             scale, value: zigzag varint mantissa (type 0),
 *                             8 bytes of a double, least first (1), varint
 *                             length and text of a decimal (2), a double (3)
 *
 * I1 Decoding what was encoded gives the same row; decoding anything else ends
 *    with DM_ERR_CORRUPT, or gives a row that is encoded to the same bytes but
 *    for the length of varints.
 *
 * Threads: pure functions.
 */

#include "base/attr.h"
#include "base/buf.h"
#include "base/status.h"
#include "base/str.h"
#include "quadstore/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

#define DM_ROW_STATUS 7U
#define DM_ROW_QUADS 8U
#define DM_ROW_STATE 16U

enum dm_sample_type {
    DM_SAMPLE_DECIMAL,
    DM_SAMPLE_DOUBLE,
    DM_SAMPLE_DECIMAL_TEXT,
    DM_SAMPLE_DOUBLE_TEXT,
};

/// One figure of a row
struct dm_row_sample {
    uint64_t metric; ///< Number of its IRI
    enum dm_sample_type type;
    uint32_t scale; ///< Of a decimal
    int64_t mantissa;
    double number;
    struct dm_str text;
};

/// A row as it is stored; texts look into the bytes it was decoded from
struct dm_row {
    int64_t key;
    int64_t check; ///< Number of its IRI
    unsigned bits;
    int64_t micros; ///< Or DM_NO_MICROS
    int64_t lag;    ///< ms - at
    uint64_t failure;
    int64_t certificate; ///< Or DM_NO_TIME
    struct dm_str message;
    struct dm_str output;
    struct dm_str run_id;
    struct dm_str samples; ///< Encoded: dm_row_next_sample()
    size_t n_samples;
};

enum dm_result_status dm_row_status(const struct dm_row *row);
int64_t dm_row_at(const struct dm_row *row);

/// Append the column `more`; `row->samples` is encoded already.
void dm_row_encode(const struct dm_row *row, struct dm_buf *buf);
/// Read the column `more` into `row`, whose other columns are set.
/// @return DM_ERR_CORRUPT.
enum dm_status dm_row_decode(struct dm_str more, struct dm_row *row)
    DM_NODISCARD;

void dm_row_put_sample(struct dm_buf *buf, const struct dm_row_sample *sample);
/// Take the first sample off `*samples`.
/// @return DM_OK, DM_END, DM_ERR_CORRUPT.
enum dm_status dm_row_next_sample(struct dm_str *samples,
                                  struct dm_row_sample *ret) DM_NODISCARD;

/// A figure as it is stored, from its canonical text
void dm_row_sample_value(struct dm_str value, bool is_double,
                         struct dm_row_sample *ret);
/// Its canonical text
void dm_row_sample_format(const struct dm_row_sample *sample,
                          struct dm_buf *buf);
bool dm_row_sample_is_double(const struct dm_row_sample *sample);
double dm_row_sample_number(const struct dm_row_sample *sample);

DM_END_DECLS

#endif // DM_QUADSTORE_ROW_PRIVATE_H
