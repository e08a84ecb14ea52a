// SPDX-License-Identifier: ISC

// log: where a log stands, whether all of it is good, a copy of it, one entry.

#include "base/alloc.h"
#include "base/buf.h"
#include "base/time.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/json_read.h"
#include "net/url.h"
#include "sync/base64.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PATH_MAX_BYTES 8192U
#define RECORD_MAX 32768U
#define COUNT_SIZE 32U
#define DATE_SIZE 32U
#define WORDS_MAX 3U
#define LONG_NS (INT64_C(3600) * DM_NS_PER_SECOND)
#define TRIES 3 // The tip may move while it is fetched

// "20 160"
static void
count_text(int64_t n, char text[COUNT_SIZE])
{
    char plain[COUNT_SIZE];
    const size_t n_digits =
        (size_t)snprintf(plain, sizeof(plain), "%" PRId64, n < 0 ? 0 : n);
    size_t at = 0;
    for (size_t i = 0; i < n_digits; ++i) {
        if (i && (n_digits - i) % 3 == 0) {
            text[at++] = ' ';
        }
        text[at++] = plain[i];
    }
    text[at] = '\0';
}

// "17 Nov", or with the year where it is another
static void
date_text(int64_t ms, int64_t now_ms, char text[DATE_SIZE])
{
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr",
                                       "May", "Jun", "Jul", "Aug",
                                       "Sep", "Oct", "Nov", "Dec"};
    int64_t year = 0;
    int64_t this_year = 0;
    int month = 1;
    int day = 1;
    int unused_month = 0;
    int unused_day = 0;
    dm_civil_from_days(now_ms / DM_MS_PER_DAY, &this_year, &unused_month,
                       &unused_day);
    dm_civil_from_days(ms / DM_MS_PER_DAY, &year, &month, &day);
    assert(month >= 1 && month <= 12);
    if (year == this_year) {
        (void)snprintf(text, DATE_SIZE, "%d %s", day, months[month - 1]);
    } else {
        (void)snprintf(text, DATE_SIZE, "%d %s %" PRId64, day,
                       months[month - 1], year);
    }
}

static void
print_json(const json_t *document)
{
    (void)json_dumpf(document, stdout, JSON_COMPACT);
    (void)fputc('\n', stdout);
}

// GET `path`?node=NODE and more; NULL after a complaint
static json_t *
ask(struct dm_cli *cli, const char *path, const char *node, const char *more,
    int *ret_exit)
{
    struct dm_buf url;
    struct dm_answer answer;
    json_t *document = NULL;
    dm_buf_init(&url, PATH_MAX_BYTES);
    (void)dm_buf_printf(&url, "%s?%s", path, more);
    if (node) {
        (void)dm_buf_puts(&url, "&node=");
        (void)dm_percent_encode(dm_str(node), &url);
    }
    struct dm_client *client = url.status ? NULL : dm_client_new(cli);
    *ret_exit = DM_EXIT_FAULT;
    if (client) {
        const struct dm_call call = {.method = "GET",
                                     .path = dm_buf_cstr(&url),
                                     .accept = "application/json",
                                     .timeout_ns = LONG_NS};
        (void)dm_client_ask(client, &call, &answer);
        *ret_exit = dm_answer_exit(cli, &answer);
        if (*ret_exit == DM_EXIT_DONE) {
            document =
                json_loadb(dm_buf_cstr(&answer.body), answer.body.n, 0, NULL);
        }
        if (*ret_exit == DM_EXIT_DONE && !document) {
            dm_complain("the daemon's answer is no JSON");
            *ret_exit = DM_EXIT_FAULT;
        }
        dm_answer_done(&answer);
        dm_client_free(client);
    }
    dm_buf_done(&url);
    return document;
}

// --------------------------------------------------------------------- about

static void
print_field(const char *title, struct dm_str text)
{
    if (text.n) {
        (void)printf("  %-8s %.*s\n", title, (int)text.n, text.data);
    }
}

static void
print_about(const json_t *document)
{
    const struct dm_str node = dm_json_str(document, "node");
    const int64_t first = dm_json_integer(document, "first");
    const int64_t seq = dm_json_integer(document, "seq");
    char from[COUNT_SIZE];
    char to[COUNT_SIZE];
    char n[COUNT_SIZE];
    count_text(first, from);
    count_text(seq, to);
    count_text(seq - first + 1, n);
    (void)printf("%.*s\n", (int)node.n, node.n ? node.data : "");
    print_field("log", dm_json_str(document, "log"));
    (void)printf("  %-8s %s…%s, that is %s\n", "entries", from, to, n);
    print_field("newest", dm_json_str(document, "time"));
    print_field("tip", dm_json_str(document, "tip"));
    print_field("head", dm_json_str(document, "head"));
    print_field("root", dm_json_str(document, "root"));
    count_text(dm_json_integer(document, "blocks"), n);
    count_text(dm_json_integer(document, "bytes"), to);
    (void)printf("  %-8s %s, %s bytes\n", "blocks", n, to);
    if (!dm_json_str(document, "record").n) {
        (void)printf("  not whole yet: its newest entries are on their way\n");
    } else if (!dm_json_true(document, "renewed")) {
        (void)printf("  its record is not renewed\n");
    }
    if (dm_json_integer(document, "forkedAt")) {
        (void)printf("  forked at entry %" PRId64 ": frozen before it\n",
                     dm_json_integer(document, "forkedAt"));
    }
    const struct dm_str successor = dm_json_str(document, "successor");
    if (successor.n) {
        (void)printf("  ended with entry %" PRId64 ", goes on as %.*s\n",
                     dm_json_integer(document, "endsAt"), (int)successor.n,
                     successor.data);
    }
}

static int
about(struct dm_cli *cli, const char *node)
{
    int code = DM_EXIT_DONE;
    json_t *document = ask(cli, "/api/v1/log", node, "", &code);
    if (document && cli->options.json) {
        print_json(document);
    } else if (document) {
        print_about(document);
    }
    json_decref(document);
    return code;
}

// --------------------------------------------------------------------- verify

static void
print_fault(const json_t *document)
{
    const struct dm_str node = dm_json_str(document, "node");
    const struct dm_str place = dm_json_str(document, "place");
    const struct dm_str reason = dm_json_str(document, "reason");
    char entry[COUNT_SIZE];
    count_text(dm_json_integer(document, "entry"), entry);
    // "entry 7", "payload of entry 7"
    (void)printf("%.*s: %.*s%s %s: %.*s\n", (int)node.n, node.data,
                 (int)place.n, place.data,
                 dm_str_is(place, "entry") ? "" : " of entry", entry,
                 (int)reason.n, reason.data);
}

static void
print_good(const json_t *document, int64_t now_ms)
{
    const struct dm_str node = dm_json_str(document, "node");
    const json_t *rows = json_object_get(document, "rows");
    const int64_t dropped = dm_json_integer(rows, "dropped");
    const int64_t unread = dm_json_integer(document, "unread");
    const int64_t earliest_ms = dm_json_ms(document, "earliest");
    char n[COUNT_SIZE];
    char from[COUNT_SIZE];
    char to[COUNT_SIZE];
    char date[DATE_SIZE];
    count_text(dm_json_integer(document, "entries"), n);
    count_text(dm_json_integer(document, "first"), from);
    count_text(dm_json_integer(document, "tip"), to);
    (void)printf("%.*s: %s entries, %s…%s, chain, tree and signatures good, "
                 "rows equal",
                 (int)node.n, node.data, n, from, to);
    if (dropped) {
        count_text(dropped, n);
        (void)printf("; %s results are no rows any more", n);
    }
    if (unread) {
        count_text(unread, n);
        (void)printf("; %s entries are encrypted with a key that is not here",
                     n);
    }
    if (!dm_json_true(document, "renewed")) {
        (void)printf("; its record is not renewed");
    }
    if (dm_json_true(rows, "older") && earliest_ms != INT64_MIN) {
        date_text(earliest_ms, now_ms, date);
        (void)printf("; results before %s rest on this disk alone", date);
    }
    (void)printf("\n");
}

static int
verify(struct dm_cli *cli, const char *node)
{
    int code = DM_EXIT_DONE;
    json_t *document = ask(cli, "/api/v1/log/verify", node, "", &code);
    if (!document) {
        return code;
    }
    const bool is_good = dm_json_true(document, "good");
    if (cli->options.json) {
        print_json(document);
    } else if (is_good) {
        print_good(document, dm_env_wall_ms(cli->env));
    } else {
        print_fault(document);
    }
    json_decref(document);
    return is_good ? DM_EXIT_DONE : DM_EXIT_NO;
}

// ----------------------------------------------------------------------- show

static int
show(struct dm_cli *cli, const char *node, const char *seq)
{
    uint64_t n = 0;
    char more[COUNT_SIZE];
    int code = DM_EXIT_DONE;
    if (!dm_str_to_uint(dm_str(seq), INT64_MAX, &n) || !n) {
        return dm_misuse(cli, "\"%s\" is no number of an entry", seq);
    }
    (void)snprintf(more, sizeof(more), "seq=%" PRIu64, n);
    json_t *document = ask(cli, "/api/v1/log/entry", node, more, &code);
    if (!document) {
        return code;
    }
    if (cli->options.json) {
        print_json(document);
    } else {
        const struct dm_str quads = dm_json_str(document, "quads");
        (void)printf("# entry %" PRIu64 "\n", n);
        static const char *const fields[] = {"cid",  "time", "prev",
                                             "data", "conf", "snap"};
        for (size_t i = 0; i < DM_COUNT_OF(fields); ++i) {
            const struct dm_str text = dm_json_str(document, fields[i]);
            if (text.n) {
                (void)printf("# %-5s %.*s\n", fields[i], (int)text.n,
                             text.data);
            }
        }
        if (json_is_null(json_object_get(document, "quads"))) {
            (void)printf("# what it says cannot be read here\n");
        }
        (void)fwrite(quads.n ? quads.data : "", 1, quads.n, stdout);
    }
    json_decref(document);
    return code;
}

// --------------------------------------------------------------------- export

// A file on its way, and what the daemon said where it was no file
struct copy {
    FILE *file;
    bool is_failed;
    struct dm_buf problem;
};

static bool
on_bytes(void *context, unsigned status, struct dm_str bytes)
{
    struct copy *copy = context;
    if (status != 200) {
        return dm_buf_put_str(&copy->problem, bytes) == DM_OK;
    }
    copy->is_failed = fwrite(bytes.data, 1, bytes.n, copy->file) != bytes.n;
    return !copy->is_failed;
}

static int
fetch_car(struct dm_cli *cli, struct dm_str head, FILE *file,
          unsigned *ret_status)
{
    struct dm_buf path;
    struct dm_answer answer;
    struct copy copy = {.file = file};
    struct dm_client *client = dm_client_new(cli);
    if (!client) {
        return DM_EXIT_FAULT;
    }
    dm_buf_init(&path, PATH_MAX_BYTES);
    dm_buf_init(&copy.problem, PATH_MAX_BYTES);
    (void)dm_buf_printf(&path, "/ipfs/%.*s?format=car", (int)head.n, head.data);
    const struct dm_call call = {.method = "GET",
                                 .path = dm_buf_cstr(&path),
                                 .timeout_ns = LONG_NS,
                                 .on_data = on_bytes,
                                 .data_context = &copy};
    (void)dm_client_ask(client, &call, &answer);
    (void)dm_buf_put_str(&answer.body, dm_buf_str(&copy.problem));
    *ret_status = answer.status;
    int code = DM_EXIT_DONE;
    if (copy.is_failed) {
        dm_complain("the file cannot be written");
        code = DM_EXIT_FAULT;
    } else if (answer.status != 404) { // Then it is tried again
        code = dm_answer_exit(cli, &answer);
    }
    dm_buf_done(&copy.problem);
    dm_buf_done(&path);
    dm_answer_done(&answer);
    dm_client_free(client);
    return code;
}

static int
write_record(const struct dm_cli *cli, const char *path, struct dm_str text)
{
    struct dm_buf record;
    struct dm_buf name;
    struct dm_error error = {0};
    dm_buf_init(&record, RECORD_MAX);
    dm_buf_init(&name, PATH_MAX_BYTES);
    (void)dm_buf_printf(&name, "%s.record", path);
    enum dm_status status = name.status
                                ? name.status
                                : dm_base64_read(DM_BASE64_URL, text, &record);
    if (!status) {
        status = dm_env_write(cli->env, dm_buf_cstr(&name), dm_buf_str(&record),
                              0644, DM_WRITE_DEFAULT, &error);
    }
    if (status) {
        dm_complain("the record cannot be written: %s",
                    error.what[0] ? error.what : dm_status_text(status));
    }
    dm_buf_done(&record);
    dm_buf_done(&name);
    return status ? DM_EXIT_FAULT : DM_EXIT_DONE;
}

// One try: CAR into `part`, then both files stand
static int
try_export(struct dm_cli *cli, const char *node, const char *path,
           const char *part, bool *ret_again)
{
    int code = DM_EXIT_DONE;
    unsigned status = 0;
    *ret_again = false;
    json_t *document = ask(cli, "/api/v1/log", node, "", &code);
    if (!document) {
        return code;
    }
    const struct dm_str record = dm_json_str(document, "record");
    FILE *file = record.n ? fopen(part, "wb") : NULL;
    if (!file) {
        dm_complain(record.n ? "%s cannot be written"
                             : "the log for %s is not whole yet",
                    path);
        json_decref(document);
        return record.n ? DM_EXIT_FAULT : DM_EXIT_NO;
    }
    code = fetch_car(cli, dm_json_str(document, "head"), file, &status);
    if (fclose(file) && !code) {
        dm_complain("%s cannot be written", path);
        code = DM_EXIT_FAULT;
    }
    *ret_again = !code && status == 404;
    if (!code && !*ret_again) {
        code = write_record(cli, path, record);
    }
    if (!code && !*ret_again && rename(part, path)) {
        dm_complain("%s cannot be written", path);
        code = DM_EXIT_FAULT;
    }
    json_decref(document);
    return code;
}

static int
export_log(struct dm_cli *cli, const char *node, const char *path)
{
    struct dm_buf part;
    bool again = true;
    int code = DM_EXIT_DONE;
    dm_buf_init(&part, PATH_MAX_BYTES);
    if (dm_buf_printf(&part, "%s.part", path)) {
        dm_buf_done(&part);
        return dm_misuse(cli, "the name of the file is too long");
    }
    for (int i = 0; again && !code && i < TRIES; ++i) {
        code = try_export(cli, node, path, dm_buf_cstr(&part), &again);
    }
    if (again && !code) {
        dm_complain("the log moves on faster than it can be fetched");
        code = DM_EXIT_NO;
    }
    if (code) {
        (void)remove(dm_buf_cstr(&part));
    }
    dm_buf_done(&part);
    return code;
}

// ------------------------------------------------------------------------ log

enum action {
    ABOUT,
    VERIFY,
    EXPORT,
    SHOW,
};

static enum action
action_of(const char *word)
{
    static const char *const names[] = {
        [ABOUT] = "about",
        [VERIFY] = "verify",
        [EXPORT] = "export",
        [SHOW] = "show",
    };
    for (size_t i = VERIFY; i < DM_COUNT_OF(names); ++i) {
        if (strcmp(word, names[i]) == 0) {
            return (enum action)i;
        }
    }
    return ABOUT;
}

// [NODE] [verify | export FILE | show SEQ], or NODE behind them
int
dm_cmd_log(struct dm_cli *cli)
{
    const char *plain[WORDS_MAX] = {NULL};
    size_t n = 0;
    struct dm_words words = dm_words_of(cli);
    const char *word = NULL;
    for (enum dm_word kind = dm_words_next(&words, &word); kind != DM_WORD_END;
         kind = dm_words_next(&words, &word)) {
        if (kind != DM_WORD_PLAIN || n == WORDS_MAX) {
            return dm_misuse(cli, "cannot take \"%s\"", word);
        }
        plain[n++] = word;
    }
    const char *node = NULL;
    size_t next = 0;
    enum action action = n ? action_of(plain[0]) : ABOUT;
    if (n && !action) {
        node = plain[next++];
        action = n > 1 ? action_of(plain[1]) : ABOUT;
    }
    next += action ? 1 : 0;
    const bool needs = action == EXPORT || action == SHOW;
    const char *argument = needs && next < n ? plain[next++] : NULL;
    if (needs && !argument) {
        return dm_misuse(cli, "the %s is missing",
                         action == SHOW ? "number of an entry" : "file");
    }
    if (!node && next < n) {
        node = plain[next++];
    }
    if (next < n) {
        return dm_misuse(cli, "cannot take \"%s\"", plain[next]);
    }
    switch (action) {
    case VERIFY:
        return verify(cli, node);
    case EXPORT:
        return export_log(cli, node, argument);
    case SHOW:
        return show(cli, node, argument);
    case ABOUT:
        break;
    }
    return about(cli, node);
}
