// SPDX-License-Identifier: ISC

#include "sparql/results_private.h"

#include <assert.h>

static const struct dm_results_ops *const formats[] = {
    [DM_RESULTS_JSON] = &dm_results_json,
    [DM_RESULTS_XML] = &dm_results_xml,
    [DM_RESULTS_CSV] = &dm_results_csv,
    [DM_RESULTS_TSV] = &dm_results_tsv,
};

const char *
dm_results_media_type(enum dm_results_format format)
{
    return formats[format]->media_type;
}

bool
dm_results_format_of(struct dm_str name, enum dm_results_format *ret)
{
    // What comes behind the type, as in "text/csv; header=present"
    const struct dm_str type =
        dm_str_trim(dm_str_slice(name, 0, dm_str_find(name, dm_str(";"))));
    for (size_t i = 0; i < DM_COUNT_OF(formats); ++i) {
        if (dm_str_equal_nocase(type, dm_str(formats[i]->name)) ||
            dm_str_equal_nocase(type, dm_str(formats[i]->media_type))) {
            *ret = (enum dm_results_format)i;
            return true;
        }
    }
    return false;
}

enum dm_status
dm_results_begin(struct dm_results_writer *writer,
                 enum dm_results_format format, struct dm_buf *buf,
                 const struct dm_str *columns, size_t n_columns)
{
    static const struct dm_str none = DM_STR("");
    *writer = (struct dm_results_writer){.format = format,
                                         .buf = buf,
                                         .columns = columns ? columns : &none,
                                         .n_columns = n_columns};
    formats[format]->begin(writer);
    return buf->status;
}

enum dm_status
dm_results_row(struct dm_results_writer *writer, const struct dm_term *terms)
{
    static const struct dm_term none = {0};
    assert(terms || !writer->n_columns);
    formats[writer->format]->row(writer, terms ? terms : &none);
    ++writer->n_rows;
    return writer->buf->status;
}

enum dm_status
dm_results_end(struct dm_results_writer *writer)
{
    formats[writer->format]->end(writer);
    return writer->buf->status;
}

enum dm_status
dm_results_boolean(enum dm_results_format format, struct dm_buf *buf,
                   bool answer)
{
    if (!formats[format]->boolean) {
        return DM_ERR_UNSUPPORTED;
    }
    formats[format]->boolean(buf, answer);
    return buf->status;
}

enum dm_status
dm_results_read(enum dm_results_format format, struct dm_str text,
                struct dm_arena *arena, struct dm_results *ret,
                struct dm_error *error)
{
    if (!dm_str_is_utf8(text)) {
        return dm_error_set(error, DM_ERR_SYNTAX, "the results are not UTF-8");
    }
    // U+FEFF at the start is a mark of the encoding, no part of the text
    static const struct dm_str mark = DM_STR("\xEF\xBB\xBF");
    return formats[format]->read(
        dm_str_starts(text, mark) ? dm_str_slice(text, mark.n, text.n) : text,
        arena, ret, error);
}
