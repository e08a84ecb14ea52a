// SPDX-License-Identifier: ISC

#include "quadstore/row_private.h"

#include "quadstore/id_private.h"
#include "quadstore/lexical_private.h"
#include "rdf/xsd.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define MORE_MAX_SAMPLES DM_METRICS_MAX

enum field {
    FIELD_LAG = 1,
    FIELD_FAILURE,
    FIELD_CERTIFICATE,
    FIELD_MESSAGE,
    FIELD_OUTPUT,
    FIELD_RUN_ID,
    FIELD_SAMPLES,
};

enum dm_result_status
dm_row_status(const struct dm_row *row)
{
    return (enum dm_result_status)(row->bits & DM_ROW_STATUS);
}

int64_t
dm_row_at(const struct dm_row *row)
{
    return dm_event_key_load(row->key).ms - row->lag;
}

// --------------------------------------------------------------------- numbers

static uint64_t
zigzag(int64_t value)
{
    return value < 0 ? ~(uint64_t)value << 1U | 1U : (uint64_t)value << 1U;
}

static int64_t
unzigzag(uint64_t value)
{
    const int64_t half = (int64_t)(value >> 1U);
    return value & 1U ? -half - 1 : half;
}

static void
put_number(struct dm_buf *buf, uint64_t value)
{
    while (value >= 128) {
        dm_buf_putc(buf, (char)(unsigned char)(value | 128U));
        value >>= 7U;
    }
    dm_buf_putc(buf, (char)value);
}

// Take a number off the front.
static bool
take_number(struct dm_str *bytes, uint64_t *ret)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && bytes->n; shift += 7) {
        const uint64_t byte = (unsigned char)bytes->data[0];
        *bytes = dm_str_slice(*bytes, 1, bytes->n);
        if (shift == 63 && byte > 1) {
            return false;
        }
        value |= (byte & 127U) << shift;
        if (byte < 128) {
            *ret = value;
            return true;
        }
    }
    return false;
}

static bool
take_text(struct dm_str *bytes, struct dm_str *ret)
{
    uint64_t n = 0;
    if (!take_number(bytes, &n) || n == 0 || n > bytes->n) {
        return false;
    }
    *ret = dm_str_slice(*bytes, 0, (size_t)n);
    *bytes = dm_str_slice(*bytes, (size_t)n, bytes->n);
    return true;
}

static void
put_text(struct dm_buf *buf, enum field field, struct dm_str text)
{
    if (text.n) {
        dm_buf_putc(buf, (char)field);
        put_number(buf, text.n);
        dm_buf_put_str(buf, text);
    }
}

// --------------------------------------------------------------------- samples

void
dm_row_put_sample(struct dm_buf *buf, const struct dm_row_sample *sample)
{
    put_number(buf, sample->metric);
    put_number(buf, sample->scale * UINT64_C(4) + (uint64_t)sample->type);
    if (sample->type == DM_SAMPLE_DECIMAL) {
        put_number(buf, zigzag(sample->mantissa));
    } else if (sample->type == DM_SAMPLE_DOUBLE) {
        uint64_t bits = 0;
        memcpy(&bits, &sample->number, sizeof(bits));
        for (int i = 0; i < 8; ++i) {
            dm_buf_putc(buf, (char)(unsigned char)(bits & 255U));
            bits >>= 8U;
        }
    } else {
        put_number(buf, sample->text.n);
        dm_buf_put_str(buf, sample->text);
    }
}

static bool
take_double(struct dm_str *bytes, double *ret)
{
    uint64_t bits = 0;
    if (bytes->n < sizeof(bits)) {
        return false;
    }
    for (unsigned i = 0; i < 8; ++i) {
        bits |= (uint64_t)(unsigned char)bytes->data[i] << (8U * i);
    }
    memcpy(ret, &bits, sizeof(*ret));
    *bytes = dm_str_slice(*bytes, sizeof(bits), bytes->n);
    return true;
}

enum dm_status
dm_row_next_sample(struct dm_str *samples, struct dm_row_sample *ret)
{
    if (samples->n == 0) {
        return DM_END;
    }
    struct dm_row_sample sample = {0};
    uint64_t type = 0;
    uint64_t value = 0;
    if (!take_number(samples, &sample.metric) ||
        sample.metric > DM_ID_PAYLOAD_MASK || !take_number(samples, &type) ||
        type / 4 > DM_DECIMAL_SCALE_MAX) {
        return DM_ERR_CORRUPT;
    }
    sample.type = (enum dm_sample_type)(type % 4);
    sample.scale = (uint32_t)(type / 4);
    bool is_good = false;
    switch (sample.type) {
    case DM_SAMPLE_DECIMAL:
        is_good = take_number(samples, &value);
        sample.mantissa = unzigzag(value);
        break;
    case DM_SAMPLE_DOUBLE:
        is_good = sample.scale == 0 && take_double(samples, &sample.number);
        break;
    case DM_SAMPLE_DECIMAL_TEXT:
    case DM_SAMPLE_DOUBLE_TEXT:
        is_good = sample.scale == 0 && take_text(samples, &sample.text);
        break;
    }
    if (!is_good) {
        return DM_ERR_CORRUPT;
    }
    *ret = sample;
    return DM_OK;
}

void
dm_row_sample_value(struct dm_str value, bool is_double,
                    struct dm_row_sample *ret)
{
    double number = 0;
    if (!is_double && dm_lexical_decimal(value, &ret->mantissa, &ret->scale)) {
        ret->type = DM_SAMPLE_DECIMAL;
        return;
    }
    ret->scale = 0;
    ret->text = value;
    ret->type = is_double ? DM_SAMPLE_DOUBLE_TEXT : DM_SAMPLE_DECIMAL_TEXT;
    if (is_double && dm_double_parse(value, &number) && isfinite(number)) {
        struct dm_buf back;
        dm_buf_init(&back, value.n + 1);
        dm_double_format(number, &back);
        if (!back.status && dm_str_equal(dm_buf_str(&back), value)) {
            ret->type = DM_SAMPLE_DOUBLE;
            ret->number = number;
        }
        dm_buf_done(&back);
    }
}

void
dm_row_sample_format(const struct dm_row_sample *sample, struct dm_buf *buf)
{
    if (sample->type == DM_SAMPLE_DECIMAL) {
        dm_decimal_format(
            dm_decimal_from_int64(sample->mantissa, sample->scale), buf);
    } else if (sample->type == DM_SAMPLE_DOUBLE) {
        dm_double_format(sample->number, buf);
    } else {
        dm_buf_put_str(buf, sample->text);
    }
}

bool
dm_row_sample_is_double(const struct dm_row_sample *sample)
{
    return sample->type == DM_SAMPLE_DOUBLE ||
           sample->type == DM_SAMPLE_DOUBLE_TEXT;
}

double
dm_row_sample_number(const struct dm_row_sample *sample)
{
    if (sample->type == DM_SAMPLE_DECIMAL) {
        return dm_decimal_to_double(
            dm_decimal_from_int64(sample->mantissa, sample->scale));
    }
    double number = sample->number;
    struct dm_decimal decimal;
    if (sample->type == DM_SAMPLE_DECIMAL_TEXT) {
        number = dm_decimal_parse(sample->text, &decimal)
                     ? dm_decimal_to_double(decimal)
                     : (double)NAN;
    } else if (sample->type == DM_SAMPLE_DOUBLE_TEXT &&
               !dm_double_parse(sample->text, &number)) {
        number = (double)NAN;
    }
    return number;
}

// ------------------------------------------------------------------------ rows

void
dm_row_encode(const struct dm_row *row, struct dm_buf *buf)
{
    assert(row->lag >= 0 && row->n_samples <= MORE_MAX_SAMPLES);
    if (row->lag) {
        dm_buf_putc(buf, FIELD_LAG);
        put_number(buf, (uint64_t)row->lag);
    }
    if (row->failure) {
        dm_buf_putc(buf, FIELD_FAILURE);
        put_number(buf, row->failure);
    }
    if (row->certificate != DM_NO_TIME) {
        dm_buf_putc(buf, FIELD_CERTIFICATE);
        put_number(buf, zigzag(row->certificate));
    }
    put_text(buf, FIELD_MESSAGE, row->message);
    put_text(buf, FIELD_OUTPUT, row->output);
    put_text(buf, FIELD_RUN_ID, row->run_id);
    if (row->n_samples) {
        dm_buf_putc(buf, FIELD_SAMPLES);
        put_number(buf, row->n_samples);
        dm_buf_put_str(buf, row->samples);
    }
}

// The samples are last, so they are the rest; that they are as many as said.
static bool
take_samples(struct dm_str *bytes, struct dm_row *row)
{
    uint64_t n = 0;
    if (!take_number(bytes, &n) || n == 0 || n > MORE_MAX_SAMPLES) {
        return false;
    }
    row->samples = *bytes;
    row->n_samples = (size_t)n;
    struct dm_row_sample sample;
    for (uint64_t i = 0; i < n; ++i) {
        if (dm_row_next_sample(bytes, &sample)) {
            return false;
        }
    }
    return bytes->n == 0;
}

static bool
take_field(enum field field, struct dm_str *bytes, struct dm_row *row)
{
    uint64_t value = 0;
    switch (field) {
    case FIELD_LAG:
        if (!take_number(bytes, &value) || value == 0 ||
            value > INT64_MAX / 2) {
            return false;
        }
        row->lag = (int64_t)value;
        return true;
    case FIELD_FAILURE:
        return take_number(bytes, &row->failure) && row->failure > 0 &&
               row->failure <= DM_ID_PAYLOAD_MASK;
    case FIELD_CERTIFICATE:
        if (!take_number(bytes, &value) || unzigzag(value) == DM_NO_TIME) {
            return false;
        }
        row->certificate = unzigzag(value);
        return true;
    case FIELD_MESSAGE:
        return take_text(bytes, &row->message);
    case FIELD_OUTPUT:
        return take_text(bytes, &row->output);
    case FIELD_RUN_ID:
        return take_text(bytes, &row->run_id);
    case FIELD_SAMPLES:
        return take_samples(bytes, row);
    }
    return false;
}

enum dm_status
dm_row_decode(struct dm_str more, struct dm_row *row)
{
    row->lag = 0;
    row->failure = 0;
    row->certificate = DM_NO_TIME;
    row->message = (struct dm_str){0};
    row->output = (struct dm_str){0};
    row->run_id = (struct dm_str){0};
    row->samples = (struct dm_str){0};
    row->n_samples = 0;
    int before = 0;
    while (more.n) {
        const int field = (unsigned char)more.data[0];
        more = dm_str_slice(more, 1, more.n);
        if (field <= before || field > FIELD_SAMPLES ||
            !take_field((enum field)field, &more, row)) {
            return DM_ERR_CORRUPT;
        }
        before = field;
    }
    return DM_OK;
}
