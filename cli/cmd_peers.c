// SPDX-License-Identifier: ISC

// peers: how far each node's log is held, in 100 columns, and below it what is
// wrong and what to do

#include "base/buf.h"
#include "base/time.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/json_read.h"
#include "cli/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS 100U
#define INDENT 2U
#define NAME_MAX_BYTES 16U
#define WAY_MAX_BYTES 15U
#define BEHIND_SHOWN 99999
#define LINE_MAX_BYTES 8192U
#define TEXT_SIZE 64U
#define KIB 1024.0

static void
add(struct dm_table *table, const char *text)
{
    (void)dm_table_add(table, dm_str(text));
}

// A text that may be too long for its column
static void
add_cut(struct dm_table *table, struct dm_str text, size_t max)
{
    static const struct dm_str dots = DM_STR("…");
    struct dm_buf cut;
    dm_buf_init(&cut, LINE_MAX_BYTES);
    (void)dm_buf_put_str(&cut, text.n <= max ? text
                                             : dm_utf8_cut(text, max - dots.n));
    if (text.n > max) {
        (void)dm_buf_put_str(&cut, dots);
    }
    (void)dm_table_add(table, dm_buf_str(&cut));
    dm_buf_done(&cut);
}

// "0.2 s", "3 min": at most 7 columns below 28 years
static void
length_text(double seconds, char *text, size_t size)
{
    if (seconds < 100) {
        (void)snprintf(text, size, "%.1f s", seconds);
    } else if (seconds < 7200) {
        (void)snprintf(text, size, "%.0f min", seconds / 60);
    } else if (seconds < 172800) {
        (void)snprintf(text, size, "%.0f h", seconds / 3600);
    } else {
        (void)snprintf(text, size, "%.0f d", seconds / 86400);
    }
}

// "12K", "1.2M"
static void
put_size(struct dm_buf *out, int64_t bytes)
{
    static const char units[] = {'K', 'M', 'G', 'T'};
    double size = (double)bytes / KIB;
    size_t unit = 0;
    while (size >= KIB && unit + 1 < sizeof(units)) {
        size /= KIB;
        ++unit;
    }
    (void)dm_buf_printf(out, "%.*f%c", size < 10 && bytes ? 1 : 0, size,
                        units[unit]);
}

static void
add_held(struct dm_table *table, const json_t *row, int64_t now_ms)
{
    const json_t *held = json_object_get(row, "held");
    const bool has_entries = dm_json_integer(held, "seq") > 0;
    const bool is_other = has_entries && !dm_json_true(row, "self");
    const int64_t behind = dm_json_integer(held, "behind");
    const double offset = dm_json_double(held, "clockOffset");
    char text[TEXT_SIZE] = "-";
    if (has_entries) {
        dm_ago_text(now_ms - dm_json_ms(held, "received"), text, sizeof(text));
    }
    add(table, text);
    (void)snprintf(text, sizeof(text), behind > BEHIND_SHOWN ? ">%d" : "%d",
                   behind > BEHIND_SHOWN ? BEHIND_SHOWN : (int)behind);
    add(table, is_other ? text : "-");
    length_text(dm_json_double(held, "lag"), text, sizeof(text));
    add(table, is_other ? text : "-");
    text[0] = offset < 0 ? '-' : '+';
    length_text(offset < 0 ? -offset : offset, text + 1, sizeof(text) - 1);
    add(table, is_other ? text : "-");
    struct dm_buf size;
    dm_buf_init(&size, TEXT_SIZE);
    put_size(&size, dm_json_integer(held, "bytes"));
    if (dm_json_integer(held, "quota")) {
        (void)dm_buf_putc(&size, '/');
        put_size(&size, dm_json_integer(held, "quota"));
    }
    (void)dm_table_add(table, has_entries ? dm_buf_str(&size) : dm_str("-"));
    dm_buf_done(&size);
}

static const char *
color_of(const struct dm_cli *cli, const json_t *row)
{
    if (!dm_cli_has_colors(cli)) {
        return "";
    }
    return json_object_get(json_object_get(row, "held"), "forkedAt")
               ? "\x1b[31m"
           : dm_json_true(row, "bad") ? "\x1b[33m"
                                      : "\x1b[32m";
}

static void
add_row(const struct dm_cli *cli, struct dm_table *table, const json_t *row,
        int64_t now_ms)
{
    const struct dm_str via = dm_json_str(row, "via");
    struct dm_buf way;
    dm_buf_init(&way, LINE_MAX_BYTES);
    (void)dm_buf_put_str(&way, dm_json_str(row, "direction"));
    if (!way.n) {
        (void)dm_buf_putc(&way, '-');
    }
    if (via.n) {
        (void)dm_buf_puts(&way, " by ");
        (void)dm_buf_put_str(&way, via);
    }
    dm_table_color(table, color_of(cli, row));
    add_cut(table, dm_json_str(row, "name"), NAME_MAX_BYTES);
    (void)dm_table_add(table, dm_json_str(row, "state"));
    add_held(table, row, now_ms);
    add_cut(table, dm_buf_str(&way), WAY_MAX_BYTES);
    dm_buf_done(&way);
}

// ------------------------------------------------------------ what is wrong

// Print words, broken before the last column; a longer word stands alone.
static void
print_wrapped(struct dm_str text, size_t indent)
{
    size_t column = 0;
    while (text.n) {
        const size_t n = dm_str_find(text, dm_str(" "));
        const struct dm_str word = dm_str_slice(text, 0, n);
        const size_t room = COLUMNS - indent;
        if (column && column + 1 + word.n > room) {
            (void)printf("\n");
            column = 0;
        }
        (void)printf("%*s%.*s", (int)(column ? 1 : indent), "", (int)word.n,
                     word.data ? word.data : "");
        column += word.n + (column ? 1 : 0);
        text = dm_str_slice(text, n + 1, text.n);
    }
    (void)printf("\n");
}

static void
print_trouble(const json_t *row, int64_t now_ms)
{
    const json_t *held = json_object_get(row, "held");
    const json_t *fork = json_object_get(held, "fork");
    const json_t *peer = json_object_get(row, "peer");
    const struct dm_str reason = dm_json_str(peer, "reason");
    struct dm_buf line;
    dm_buf_init(&line, LINE_MAX_BYTES);
    (void)dm_buf_put_str(&line, dm_json_str(row, "name"));
    (void)dm_buf_puts(&line, ": ");
    if (fork) {
        const char *a = json_string_value(json_array_get(fork, 0));
        const char *b = json_string_value(json_array_get(fork, 1));
        (void)dm_buf_printf(&line, "entry %lld is both %s and %s",
                            (long long)dm_json_integer(held, "forkedAt"),
                            a ? a : "", b ? b : "");
    } else if (reason.n) {
        char ago[TEXT_SIZE];
        dm_ago_text(now_ms - dm_json_ms(peer, "reasonAt"), ago, sizeof(ago));
        (void)dm_buf_put_str(&line, reason);
        (void)dm_buf_printf(&line, " (%s)", ago);
    } else {
        (void)dm_buf_put_str(&line, dm_json_str(row, "state"));
    }
    print_wrapped(dm_buf_str(&line), INDENT);
    if (dm_json_str(row, "advice").n) {
        print_wrapped(dm_json_str(row, "advice"), 2 * (size_t)INDENT);
    }
    dm_buf_done(&line);
}

static int
print_people(const struct dm_cli *cli, const json_t *document)
{
    static const char *const titles[] = {
        "node", "state", "last entry", "behind", "lag", "clock", "held", "way"};
    const json_t *rows = json_object_get(document, "peers");
    const size_t n = json_array_size(rows);
    const int64_t now_ms = dm_json_ms(document, "at");
    struct dm_table *table = dm_table_new(DM_COUNT_OF(titles));
    if (!table) {
        return DM_EXIT_FAULT;
    }
    for (size_t i = 0; i < DM_COUNT_OF(titles); ++i) {
        add(table, titles[i]);
    }
    for (size_t i = 0; i < n; ++i) {
        add_row(cli, table, json_array_get(rows, i), now_ms);
    }
    dm_table_print(table, INDENT);
    dm_table_free(table);
    for (size_t i = 0; i < n; ++i) {
        if (dm_json_true(json_array_get(rows, i), "bad")) {
            print_trouble(json_array_get(rows, i), now_ms);
        }
    }
    dm_print_kubo(document);
    if (n < 2) {
        (void)printf("  no other node is known: name one in "
                     "%s/peers/NAME.ttl\n",
                     cli->config);
    }
    return DM_EXIT_DONE;
}

int
dm_cmd_peers(struct dm_cli *cli)
{
    if (cli->n_arguments) {
        return dm_misuse(cli, "cannot take \"%s\"", cli->arguments[0]);
    }
    int code = DM_EXIT_DONE;
    json_t *document = dm_client_get_json(cli, "/api/v1/peers", &code);
    if (!document) {
        return code;
    }
    if (cli->options.json) {
        (void)json_dumpf(document, stdout,
                         JSON_INDENT(1) | JSON_REAL_PRECISION(15));
        (void)printf("\n");
    } else {
        code = print_people(cli, document);
    }
    json_decref(document);
    return code;
}
