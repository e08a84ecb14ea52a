// SPDX-License-Identifier: ISC

#include "base/alloc.h"
#include "base/buf.h"
#include "base/env.h"
#include "vocab/model_private.h"
#include "vocab/secret_private.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 16
#define PATH_SIZE_MAX 4096
#define NAMES_MAX (16U << 20U)

enum dm_status
dm_sources_add(struct dm_sources *sources, struct dm_arena *arena,
               struct dm_str name, struct dm_str text)
{
    struct dm_source *items =
        dm_grow(sources->items, &sources->capacity, sources->n + 1,
                sizeof(*items), DM_CONFIG_FILES_MAX + 1);
    if (!items) {
        return DM_ERR_NO_MEMORY;
    }
    sources->items = items;
    const struct dm_source source = {
        .name = dm_arena_copy(arena, name),
        .text = dm_arena_copy(arena, text),
        .index = (uint32_t)sources->n,
    };
    if (!source.name.data || !source.text.data) {
        return DM_ERR_NO_MEMORY;
    }
    items[sources->n++] = source;
    return DM_OK;
}

// ---------------------------------------------------------------- listing

struct walk {
    const struct dm_config_options *options;
    struct dm_config_report *report;
    struct dm_arena names;
    struct dm_str *files; // Relative to the directory
    size_t n;
    size_t capacity;
    struct dm_str below; // The directory that is listed, "" at the top
    int depth;
};

static enum dm_status list(struct walk *walk, struct dm_str below, int depth);

static void
report_file(struct dm_config_report *report, struct dm_str name,
            enum dm_status status, const char *what)
{
    struct dm_error error;
    (void)dm_error_set(&error, status, "%s", what);
    dm_error_detail(&error, "%s", dm_status_text(status));
    struct dm_source source = {.name = name};
    dm_report_add(report, &source, (struct dm_position){0}, false, &error);
}

static enum dm_status
full_path(const struct walk *walk, struct dm_str name, struct dm_buf *path)
{
    dm_buf_init(path, PATH_SIZE_MAX);
    return dm_buf_printf(path, "%s%s%.*s", walk->options->directory,
                         name.n ? "/" : "", (int)name.n,
                         name.n ? name.data : "");
}

static enum dm_status
add_file(struct walk *walk, struct dm_str name)
{
    struct dm_str *files = dm_grow(walk->files, &walk->capacity, walk->n + 1,
                                   sizeof(*files), DM_CONFIG_FILES_MAX);
    if (!files) {
        return walk->n == DM_CONFIG_FILES_MAX ? DM_ERR_LIMIT : DM_ERR_NO_MEMORY;
    }
    walk->files = files;
    files[walk->n++] = name;
    return DM_OK;
}

static enum dm_status
on_entry(void *context, struct dm_str entry)
{
    struct walk *walk = context;
    const bool is_top = walk->below.n == 0;
    if (dm_str_starts(entry, dm_str(".")) || dm_str_ends(entry, dm_str("~")) ||
        (is_top && dm_str_is(entry, "secrets"))) {
        return DM_OK;
    }

    struct dm_buf buf;
    dm_buf_init(&buf, PATH_SIZE_MAX);
    (void)dm_buf_put_str(&buf, walk->below);
    (void)dm_buf_puts(&buf, is_top ? "" : "/");
    const enum dm_status joined = dm_buf_put_str(&buf, entry);
    const struct dm_str name = dm_arena_copy(&walk->names, dm_buf_str(&buf));
    dm_buf_done(&buf);
    if (joined || !name.data) {
        return joined ? joined : DM_ERR_NO_MEMORY;
    }

    struct dm_buf path;
    struct dm_file_info info;
    enum dm_status status = full_path(walk, name, &path);
    if (!status) {
        status = dm_env_info(walk->options->env, dm_buf_cstr(&path), &info);
    }
    dm_buf_done(&path);
    if (status == DM_ERR_NO_MEMORY) {
        return status;
    }
    const bool is_turtle = dm_str_ends(name, dm_str(".ttl"));
    if (status) {
        // A link that leads nowhere matters only where it would be read
        if (is_turtle) {
            report_file(walk->report, name, status, "cannot read this file");
        }
        return DM_OK;
    }
    if (info.kind == DM_FILE_DIRECTORY) {
        return list(walk, name, walk->depth + 1);
    }
    return is_turtle && info.kind == DM_FILE_REGULAR ? add_file(walk, name)
                                                     : DM_OK;
}

static enum dm_status
list(struct walk *walk, struct dm_str below, int depth)
{
    if (depth > DEPTH_MAX) {
        report_file(walk->report, below, DM_ERR_LIMIT,
                    "directories are nested too deep");
        return DM_OK;
    }
    const struct dm_str above = walk->below;
    const int depth_above = walk->depth;
    struct dm_buf path;
    enum dm_status status = full_path(walk, below, &path);
    if (!status) {
        walk->below = below;
        walk->depth = depth;
        status =
            dm_env_list(walk->options->env, dm_buf_cstr(&path), on_entry, walk);
        walk->below = above;
        walk->depth = depth_above;
    }
    if (status && status != DM_ERR_NO_MEMORY) {
        report_file(walk->report, below.n ? below : dm_str(dm_buf_cstr(&path)),
                    status, "cannot read this directory");
        status = DM_OK;
    }
    dm_buf_done(&path);
    return status;
}

// ---------------------------------------------------------------- reading

static enum dm_status
read_path(const struct dm_config_options *options, const char *path,
          struct dm_str name, struct dm_config_report *report,
          struct dm_arena *arena, struct dm_sources *sources)
{
    struct dm_buf text;
    dm_buf_init(&text, DM_CONFIG_FILE_MAX);
    enum dm_status status = dm_env_read(options->env, path, &text, NULL);
    if (!status) {
        status = dm_sources_add(sources, arena, name, dm_buf_str(&text));
    }
    dm_buf_done(&text);
    if (status && status != DM_ERR_NO_MEMORY) {
        const enum dm_status why = status;
        status = dm_sources_add(sources, arena, name, (struct dm_str){"", 0});
        if (!status) {
            struct dm_error error;
            (void)dm_error_set(&error, why, "cannot read this file");
            dm_error_detail(&error, "%s", dm_status_text(why));
            dm_report_add(report, &sources->items[sources->n - 1],
                          (struct dm_position){0}, false, &error);
        }
    }
    return status;
}

enum dm_status
dm_files_read_one(const struct dm_config_options *options, struct dm_str path,
                  struct dm_config_report *report, struct dm_arena *arena,
                  struct dm_sources *sources)
{
    struct dm_buf buf;
    dm_buf_init(&buf, PATH_SIZE_MAX);
    enum dm_status status = dm_buf_put_str(&buf, path);
    if (!status) {
        status =
            read_path(options, dm_buf_cstr(&buf), path, report, arena, sources);
    }
    dm_buf_done(&buf);
    return status;
}

static int
compare_names(const void *left, const void *right)
{
    const struct dm_str a = *(const struct dm_str *)left;
    const struct dm_str b = *(const struct dm_str *)right;
    const bool is_node_a = dm_str_is(a, "demonitor.ttl");
    const bool is_node_b = dm_str_is(b, "demonitor.ttl");
    return is_node_a != is_node_b ? (is_node_a ? -1 : 1) : dm_str_compare(a, b);
}

enum dm_status
dm_files_read_all(const struct dm_config_options *options,
                  struct dm_config_report *report, struct dm_arena *arena,
                  struct dm_sources *sources)
{
    struct walk walk = {.options = options, .report = report};
    dm_arena_init(&walk.names, NAMES_MAX, NULL);
    enum dm_status status = list(&walk, (struct dm_str){"", 0}, 0);
    if (walk.n) {
        qsort(walk.files, walk.n, sizeof(*walk.files), compare_names);
    }
    size_t total = 0;
    for (size_t i = 0; i < walk.n && !status; ++i) {
        if (total > DM_CONFIG_TOTAL_MAX) {
            report_file(report, walk.files[i], DM_ERR_LIMIT,
                        "the files before this one are too large together");
            break;
        }
        struct dm_buf path;
        status = full_path(&walk, walk.files[i], &path);
        const size_t n = sources->n;
        if (!status) {
            status = read_path(options, dm_buf_cstr(&path), walk.files[i],
                               report, arena, sources);
        }
        total += sources->n > n ? sources->items[n].text.n : 0;
        dm_buf_done(&path);
    }
    dm_free(walk.files);
    dm_arena_done(&walk.names);
    return status;
}

// ---------------------------------------------------------------- secrets/

struct secret_walk {
    const struct dm_config_options *options;
    struct dm_config_report *report;
};

// Whether the report says this already, where the secret is used
static bool
is_told(const struct dm_config_report *report, const struct dm_error *error)
{
    const struct dm_diagnostic *shown = NULL;
    for (size_t i = 0; (shown = dm_config_report_at(report, i)); ++i) {
        if (strcmp(shown->error.what, error->what) == 0) {
            return true;
        }
    }
    return false;
}

static enum dm_status
on_secret(void *context, struct dm_str name)
{
    const struct secret_walk *walk = context;
    struct dm_buf path;
    struct dm_file_info info;
    dm_buf_init(&path, PATH_SIZE_MAX);
    enum dm_status status =
        dm_buf_printf(&path, "%s/secrets/%.*s", walk->options->directory,
                      (int)name.n, name.data);
    if (!status &&
        dm_env_info(walk->options->env, dm_buf_cstr(&path), &info) == DM_OK &&
        info.kind == DM_FILE_REGULAR && (info.mode & DM_MODE_WORLD)) {
        struct dm_error error;
        dm_secret_open_error(name, dm_buf_cstr(&path), &error);
        if (!is_told(walk->report, &error)) {
            dm_report_add(walk->report, NULL, (struct dm_position){0}, false,
                          &error);
        }
    }
    dm_buf_done(&path);
    return status == DM_ERR_LIMIT ? DM_OK : status;
}

enum dm_status
dm_files_check_secrets(const struct dm_config_options *options,
                       struct dm_config_report *report)
{
    struct secret_walk walk = {options, report};
    struct dm_buf path;
    dm_buf_init(&path, PATH_SIZE_MAX);
    enum dm_status status =
        dm_buf_printf(&path, "%s/secrets", options->directory);
    if (!status) {
        status =
            dm_env_list(options->env, dm_buf_cstr(&path), on_secret, &walk);
    }
    dm_buf_done(&path);
    // Without the directory there are none; what uses one says so
    return status == DM_ERR_NO_MEMORY ? status : DM_OK;
}
