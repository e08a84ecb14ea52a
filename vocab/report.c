// SPDX-License-Identifier: ISC

#include "base/alloc.h"
#include "base/buf.h"
#include "vocab/model_private.h"

#include <stdlib.h>
#include <string.h>

#define EXCERPTS_MAX (1U << 20U)
#define EXCERPT_SIZE_MAX 2000
#define LINE_SHOWN 160 // Bytes of a line in an excerpt

struct item {
    struct dm_diagnostic shown;
    uint32_t file; // Index of the source; 0 comes first
    uint32_t order;
};

struct dm_config_report {
    struct item *items;
    size_t n;
    size_t capacity;
    size_t n_errors;
    size_t n_warnings;
    size_t n_files;
    size_t n_bad_files;
    bool is_out_of_memory;
    struct dm_arena arena;
};

struct dm_config_report *
dm_config_report_new(void)
{
    struct dm_config_report *report = dm_calloc(1, sizeof(*report));
    if (report) {
        dm_arena_init(&report->arena, EXCERPTS_MAX, NULL);
    }
    return report;
}

void
dm_report_clear(struct dm_config_report *report)
{
    dm_free(report->items);
    dm_arena_done(&report->arena);
    *report = (struct dm_config_report){0};
    dm_arena_init(&report->arena, EXCERPTS_MAX, NULL);
}

void
dm_config_report_free(struct dm_config_report *report)
{
    if (report) {
        dm_report_clear(report);
        dm_free(report);
    }
}

size_t
dm_config_report_errors(const struct dm_config_report *report)
{
    return report->n_errors;
}

size_t
dm_config_report_warnings(const struct dm_config_report *report)
{
    return report->n_warnings;
}

const struct dm_diagnostic *
dm_config_report_at(const struct dm_config_report *report, size_t i)
{
    return i < report->n ? &report->items[i].shown : NULL;
}

// ---------------------------------------------------------------- excerpts

// The line `number` (from 1) of `text`, without its end
static struct dm_str
line_of(struct dm_str text, uint32_t number)
{
    for (uint32_t i = 1; i < number; ++i) {
        const size_t end = dm_str_find(text, dm_str("\n"));
        text = dm_str_slice(text, end + 1, text.n);
    }
    const struct dm_str line =
        dm_str_slice(text, 0, dm_str_find(text, dm_str("\n")));
    return dm_str_ends(line, dm_str("\r")) ? dm_str_slice(line, 0, line.n - 1)
                                           : line;
}

// A line of a file may hold anything; a line of a terminal may not.
static void
put_clean(struct dm_buf *buf, struct dm_str text)
{
    while (text.n) {
        uint32_t point = 0;
        const size_t n = dm_utf8_decode(text, &point);
        if (point == '\t') {
            (void)dm_buf_putc(buf, ' ');
        } else if (n == 0 || point < 0x20 || point == 0x7F) {
            (void)dm_buf_putc(buf, '?');
        } else {
            (void)dm_buf_put_str(buf, dm_str_slice(text, 0, n));
        }
        text = dm_str_slice(text, n ? n : 1, text.n);
    }
}

static void
put_line(struct dm_buf *buf, struct dm_str text, uint32_t number)
{
    const struct dm_str line = line_of(text, number);
    (void)dm_buf_printf(buf, "%5u | ", number);
    put_clean(buf, dm_utf8_cut(line, LINE_SHOWN));
    (void)dm_buf_putc(buf, '\n');
}

static struct dm_str
excerpt_of(struct dm_config_report *report, const struct dm_source *source,
           struct dm_position at)
{
    struct dm_buf buf;
    dm_buf_init(&buf, EXCERPT_SIZE_MAX);
    if (at.line > 1) {
        put_line(&buf, source->text, at.line - 1);
    }
    put_line(&buf, source->text, at.line);
    if (at.column <= LINE_SHOWN) {
        (void)dm_buf_printf(&buf, "      | %*s^\n", (int)at.column - 1, "");
    }
    const struct dm_str copy = dm_arena_copy(&report->arena, dm_buf_str(&buf));
    report->is_out_of_memory |= buf.status == DM_ERR_NO_MEMORY || !copy.data;
    dm_buf_done(&buf);
    return copy;
}

// ---------------------------------------------------------------- adding

static struct dm_diagnostic *
add(struct dm_config_report *report, struct dm_source *source, bool is_warning,
    const struct dm_error *error)
{
    if (is_warning) {
        ++report->n_warnings;
    } else {
        ++report->n_errors;
        if (source) {
            ++source->n_errors;
        }
    }
    if (dm_report_is_full(report)) {
        return NULL;
    }
    struct item *items =
        dm_grow(report->items, &report->capacity, report->n + 1, sizeof(*items),
                DM_CONFIG_ERRORS_MAX);
    if (!items) {
        report->is_out_of_memory = true;
        return NULL;
    }
    report->items = items;
    items[report->n] = (struct item){
        .shown = {.is_warning = is_warning, .error = *error},
        .file = source ? source->index : 0,
        .order = (uint32_t)report->n,
    };
    return &items[report->n++].shown;
}

void
dm_report_add(struct dm_config_report *report, struct dm_source *source,
              struct dm_position at, bool is_warning,
              const struct dm_error *error)
{
    struct dm_diagnostic *shown = add(report, source, is_warning, error);
    if (shown) {
        const struct dm_str none = {"", 0};
        dm_error_where(&shown->error, source ? source->name : none, at.line,
                       at.column);
    }
}

void
dm_report_syntax(struct dm_config_report *report, struct dm_source *source,
                 const struct dm_error *error)
{
    struct dm_diagnostic *shown = add(report, source, false, error);
    if (shown) {
        dm_error_where(&shown->error, source->name, error->line, error->column);
        const struct dm_position at = {error->line, error->column};
        if (at.line) {
            shown->excerpt = excerpt_of(report, source, at);
        }
    }
}

bool
dm_report_is_full(const struct dm_config_report *report)
{
    return report->n == DM_CONFIG_ERRORS_MAX;
}

static int
compare_items(const void *left, const void *right)
{
    const struct item *a = left;
    const struct item *b = right;
    if (a->file != b->file) {
        return a->file < b->file ? -1 : 1;
    }
    if (a->shown.error.line != b->shown.error.line) {
        return a->shown.error.line < b->shown.error.line ? -1 : 1;
    }
    if (a->shown.error.column != b->shown.error.column) {
        return a->shown.error.column < b->shown.error.column ? -1 : 1;
    }
    return a->order < b->order ? -1 : a->order > b->order;
}

enum dm_status
dm_report_finish(struct dm_config_report *report,
                 const struct dm_sources *sources)
{
    if (report->n) {
        qsort(report->items, report->n, sizeof(*report->items), compare_items);
    }
    for (size_t i = 0; i < sources->n; ++i) {
        const struct dm_source *source = &sources->items[i];
        report->n_files += source->name.n != 0;
        report->n_bad_files += source->n_errors != 0;
    }
    return report->is_out_of_memory ? DM_ERR_NO_MEMORY : DM_OK;
}

// ---------------------------------------------------------------- printing

static void
put_diagnostic(const struct dm_diagnostic *shown, struct dm_buf *buf)
{
    const struct dm_error *error = &shown->error;
    if (error->where[0]) {
        (void)dm_buf_printf(buf, "%s:", error->where);
    }
    if (error->line) {
        (void)dm_buf_printf(buf, "%u:%u:", error->line, error->column);
    }
    (void)dm_buf_printf(buf, "%s%s: %s", error->where[0] ? " " : "",
                        shown->is_warning ? "warning" : "error", error->what);
    if (error->detail[0]) {
        (void)dm_buf_printf(buf, ": %s", error->detail);
    }
    if (error->hint[0]) {
        (void)dm_buf_printf(buf, ". %s", error->hint);
    }
    (void)dm_buf_putc(buf, '\n');
    (void)dm_buf_put_str(buf, shown->excerpt);
}

void
dm_config_report_print(const struct dm_config_report *report,
                       struct dm_buf *buf)
{
    for (size_t i = 0; i < report->n; ++i) {
        put_diagnostic(&report->items[i].shown, buf);
    }
    const size_t left = report->n_errors + report->n_warnings - report->n;
    if (left) {
        (void)dm_buf_printf(buf, "… and %zu more\n", left);
    }
    if (report->n_errors) {
        (void)dm_buf_printf(buf, "%zu error%s in %zu of %zu file%s.",
                            report->n_errors, report->n_errors == 1 ? "" : "s",
                            report->n_bad_files, report->n_files,
                            report->n_files == 1 ? "" : "s");
    }
}
