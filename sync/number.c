// SPDX-License-Identifier: ISC

#include "sync/number.h"

#include "base/buf.h"
#include "rdf/xsd.h"
#include "sync/form_private.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static void
set(struct dm_payload_number *number, struct dm_str text, bool is_double)
{
    assert(text.n < sizeof(number->text));
    memcpy(number->text, text.data, text.n);
    number->text[text.n] = '\0';
    number->is_double = is_double;
}

// The decimal of exactly the digits that a double is spelled with
static enum dm_status
set_spelled(double value, struct dm_payload_number *number, struct dm_buf *buf)
{
    struct dm_decimal decimal;
    dm_buf_clear(buf);
    dm_double_format(value, buf);
    if (buf->status) {
        return buf->status;
    }
    if (!dm_form_fits_decimal(dm_buf_str(buf))) {
        set(number, dm_buf_str(buf), true);
        return DM_OK;
    }
    const bool fits = dm_decimal_from_double(value, &decimal);
    assert(fits);
    (void)fits;
    dm_buf_clear(buf);
    dm_decimal_format(decimal, buf);
    if (!buf->status) {
        set(number, dm_buf_str(buf), false);
    }
    return buf->status;
}

enum dm_status
dm_payload_number(struct dm_str text, bool is_double,
                  struct dm_payload_number *ret)
{
    if (!is_double && dm_form_is_decimal(text) && dm_form_fits_decimal(text)) {
        set(ret, text, false);
        return DM_OK;
    }

    enum dm_status status = DM_OK;
    struct dm_payload_number number = {.is_double = false};
    struct dm_decimal decimal;
    double value = 0;
    struct dm_buf buf;
    dm_buf_init(&buf, (size_t)DM_DECIMAL_DIGITS + 4); // "-0." and ".0"
    if (!is_double && dm_decimal_parse(text, &decimal)) {
        dm_decimal_format(decimal, &buf);
        if (buf.status) {
            status = buf.status;
            goto out;
        }
        // More than nine decimals are not in the wire's form
        if (dm_form_is_decimal(dm_buf_str(&buf)) &&
            dm_form_fits_decimal(dm_buf_str(&buf))) {
            set(&number, dm_buf_str(&buf), false);
            goto out;
        }
    }
    if (!dm_double_parse(text, &value) || !isfinite(value)) {
        status = DM_ERR_ARGUMENT;
        goto out;
    }
    // A negative zero is none
    status =
        set_spelled(fpclassify(value) == FP_ZERO ? 0.0 : value, &number, &buf);

out:
    dm_buf_done(&buf);
    if (!status) {
        *ret = number;
    }
    return status;
}
