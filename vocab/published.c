// SPDX-License-Identifier: ISC

#include "vocab/published.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/map.h"
#include "rdf/writer.h"
#include "vocab/config.h"
#include "vocab/normal.h"
#include "vocab/published_private.h"
#include "vocab/vocabulary.h"

#include <sodium.h>

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX 4000000U
#define SCRATCH_MAX (512U << 20U)
#define ARENA_MAX (512U << 20U)
#define IRI_BYTES_MAX 2048U
#define NAME_BYTES_MAX 1000U

struct dm_published_memory {
    struct dm_arena arena;
    _Atomic uint32_t n_refs;
};

struct dm_published_reader {
    struct dm_arena scratch;
    struct dm_str node; // Its IRI
    struct dm_str graph;
    struct dm_buf line;
    struct dm_published_item *items;
    size_t n;
    size_t capacity;
    size_t bytes; // Of lines
    bool is_too_large;
};

// ---------------------------------------------------------------- life

static struct dm_published *
published_new(void)
{
    struct dm_published *published = dm_calloc(1, sizeof(*published));
    struct dm_published_memory *memory = dm_calloc(1, sizeof(*memory));
    if (!published || !memory) {
        dm_free(published);
        dm_free(memory);
        return NULL;
    }
    dm_arena_init(&memory->arena, ARENA_MAX, NULL);
    atomic_init(&memory->n_refs, 1);
    published->memory = memory;
    return published;
}

struct dm_published *
dm_published_ref(struct dm_published *published)
{
    const uint32_t before = atomic_fetch_add(&published->memory->n_refs, 1);
    assert(before > 0);
    (void)before;
    return published;
}

void
dm_published_unref(struct dm_published *published)
{
    if (published && atomic_fetch_sub(&published->memory->n_refs, 1) == 1) {
        dm_arena_done(&published->memory->arena);
        dm_free(published->memory);
        dm_free(published);
    }
}

struct dm_published_reader *
dm_published_reader_new(struct dm_str node_iri)
{
    struct dm_published_reader *reader = dm_calloc(1, sizeof(*reader));
    if (!reader) {
        return NULL;
    }
    dm_arena_init(&reader->scratch, SCRATCH_MAX, NULL);
    dm_buf_init(&reader->line, DM_PUBLISHED_BYTES_MAX);
    reader->node = dm_arena_copy(&reader->scratch, node_iri);
    (void)dm_buf_put_str(&reader->line, node_iri);
    (void)dm_buf_puts(&reader->line, "#config");
    reader->graph = dm_arena_copy(&reader->scratch, dm_buf_str(&reader->line));
    if (!reader->node.data || !reader->graph.data || reader->line.status) {
        dm_published_reader_free(reader);
        return NULL;
    }
    return reader;
}

void
dm_published_reader_free(struct dm_published_reader *reader)
{
    if (reader) {
        dm_free(reader->items);
        dm_buf_done(&reader->line);
        dm_arena_done(&reader->scratch);
        dm_free(reader);
    }
}

// ---------------------------------------------------------------- taking

// Nothing of it will be read, so nothing is kept
static enum dm_status
give_up(struct dm_published_reader *reader)
{
    reader->is_too_large = true;
    reader->n = 0;
    return DM_OK;
}

static int
property_of(struct dm_str predicate)
{
    if (dm_str_is(predicate, DM_RDF_NS "type")) {
        return DM_PUBLISHED_TYPE;
    }
    return dm_str_starts(predicate, dm_str(DM_VOCAB_NS))
               ? dm_property_index(predicate)
               : DM_PUBLISHED_UNKNOWN;
}

static enum dm_status
put_item(struct dm_published_reader *reader, const struct dm_quad *quad,
         struct dm_published_item *item)
{
    const struct dm_published_item *before = reader->n ? item - 1 : NULL;
    item->line = dm_arena_copy(&reader->scratch, dm_buf_str(&reader->line));
    item->subject = before && dm_str_equal(before->subject, quad->s.value)
                        ? before->subject
                        : dm_arena_copy(&reader->scratch, quad->s.value);
    item->property = property_of(quad->p.value);
    item->object = (struct dm_term){.kind = DM_TERM_NONE};
    const enum dm_status status =
        item->property == DM_PUBLISHED_UNKNOWN
            ? DM_OK
            : dm_term_copy(&reader->scratch, &quad->o, &item->object);
    return item->line.data && item->subject.data ? status : DM_ERR_NO_MEMORY;
}

enum dm_status
dm_published_reader_add(struct dm_published_reader *reader,
                        const struct dm_quad *quad)
{
    if (reader->is_too_large || quad->s.kind != DM_TERM_IRI) {
        return DM_OK;
    }
    const struct dm_quad own = {.s = quad->s,
                                .p = quad->p,
                                .o = quad->o,
                                .g = dm_term_iri(reader->graph)};
    dm_buf_clear(&reader->line);
    const enum dm_status status = dm_write_quad(&own, &reader->line);
    reader->bytes += reader->line.n;
    if (status == DM_ERR_LIMIT || reader->bytes > DM_PUBLISHED_BYTES_MAX ||
        reader->n == ITEMS_MAX) {
        return give_up(reader);
    }
    struct dm_published_item *items =
        status ? NULL
               : dm_grow(reader->items, &reader->capacity, reader->n + 1,
                         sizeof(*items), ITEMS_MAX);
    if (!items) {
        return DM_ERR_NO_MEMORY;
    }
    reader->items = items;
    const enum dm_status put = put_item(reader, quad, &items[reader->n]);
    reader->n += put ? 0 : 1;
    return put;
}

// ---------------------------------------------------------------- subjects

static int
compare_items(const void *a, const void *b)
{
    const struct dm_published_item *left = a;
    const struct dm_published_item *right = b;
    return dm_str_compare(left->line, right->line);
}

// In the order of lines, each once
static void
sort(struct dm_published_reader *reader)
{
    if (!reader->n) {
        return;
    }
    qsort(reader->items, reader->n, sizeof(*reader->items), compare_items);
    size_t kept = 1;
    for (size_t i = 1; i < reader->n; ++i) {
        if (!dm_str_equal(reader->items[i].line,
                          reader->items[kept - 1].line)) {
            reader->items[kept++] = reader->items[i];
        }
    }
    reader->n = kept;
}

// What a subject is, by the classes that it has
enum kind_of_group {
    GROUP_OTHER, // Nothing that is read
    GROUP_CHECK,
    GROUP_NODE,
    GROUP_CONTRADICTORY,
};

static enum kind_of_group
kind_of(const struct dm_published_reader *reader,
        struct dm_published_group *group)
{
    const bool is_node = dm_str_equal(group->items[0].subject, reader->node);
    enum kind_of_group kind = is_node ? GROUP_NODE : GROUP_OTHER;
    group->class_index = is_node ? (int)DM_CLASS_NODE : -1;
    for (size_t i = 0; i < group->n && !is_node; ++i) {
        const struct dm_published_item *item = &group->items[i];
        const int class = item->property == DM_PUBLISHED_TYPE &&
                                  item->object.kind == DM_TERM_IRI
                              ? dm_class_index(item->object.value)
                              : -1;
        if (class < 0 || dm_classes[class].super != (int)DM_CLASS_CHECK) {
            continue;
        }
        kind = kind == GROUP_OTHER ? GROUP_CHECK : GROUP_CONTRADICTORY;
        group->class_index = class;
    }
    return kind;
}

// The statements of the subject at `from`
static struct dm_published_group
group_at(const struct dm_published_reader *reader, size_t from)
{
    const struct dm_published_item *items = &reader->items[from];
    size_t n = 1;
    while (from + n < reader->n &&
           dm_str_equal(items[n].subject, items[0].subject)) {
        ++n;
    }
    return (struct dm_published_group){.items = items, .n = n};
}

// ---------------------------------------------------------------- checks

// The checks while they are read
struct checks {
    struct dm_check_def *items;
    size_t n;
    size_t capacity;
};

static void
hash(const struct dm_published_group *group, char ret[DM_HASH_SIZE])
{
    crypto_hash_sha256_state state;
    unsigned char digest[crypto_hash_sha256_BYTES];
    (void)crypto_hash_sha256_init(&state);
    for (size_t i = 0; i < group->n; ++i) {
        const struct dm_str line = group->items[i].line;
        (void)crypto_hash_sha256_update(
            &state, (const unsigned char *)line.data, line.n);
    }
    (void)crypto_hash_sha256_final(&state, digest);
    (void)sodium_bin2hex(ret, DM_HASH_SIZE, digest, (DM_HASH_SIZE - 1) / 2);
}

static bool
is_named_well(const struct dm_check_def *check)
{
    return check->name.n > 0 && check->name.n <= NAME_BYTES_MAX &&
           check->iri.n <= IRI_BYTES_MAX &&
           dm_str_find(check->iri, dm_str("#")) == check->iri.n &&
           dm_str_ends(check->iri, check->name);
}

// DM_ERR_SYNTAX where it cannot be used
static enum dm_status
read_check(struct dm_published *published,
           const struct dm_published_group *group, struct dm_check_def *check)
{
    static const struct dm_str empty = {"", 0};
    struct dm_arena *arena = &published->memory->arena;
    memset(check, 0, sizeof(*check));
    check->place.file = empty;
    check->kind =
        (enum dm_check_kind)(group->class_index - (int)DM_CLASS_HTTP_CHECK);
    check->iri = dm_arena_copy(arena, group->items[0].subject);
    if (!check->iri.data) {
        return DM_ERR_NO_MEMORY;
    }
    enum dm_status status =
        dm_published_fill(group, &dm_check_fields, arena, check);
    if (!status) {
        status = dm_published_fill_rest(group, arena, check);
    }
    if (!status && !is_named_well(check)) {
        status = DM_ERR_SYNTAX;
    }
    if (!status) {
        hash(group, check->definition);
        check->runs_here =
            check->enabled && dm_check_is_on(check, &published->node);
    }
    return status;
}

static enum dm_status
add_check(struct dm_published *published, struct checks *checks,
          const struct dm_published_group *group)
{
    if (checks->n == DM_PUBLISHED_CHECKS_MAX) {
        ++published->n_refused;
        return DM_OK;
    }
    struct dm_check_def *items =
        dm_grow(checks->items, &checks->capacity, checks->n + 1, sizeof(*items),
                DM_PUBLISHED_CHECKS_MAX);
    if (!items) {
        return DM_ERR_NO_MEMORY;
    }
    checks->items = items;
    struct dm_arena *arena = &published->memory->arena;
    const struct dm_arena_mark mark = dm_arena_mark(arena);
    const enum dm_status status =
        read_check(published, group, &items[checks->n]);
    if (status == DM_ERR_SYNTAX) {
        dm_arena_rewind(arena, mark);
        ++published->n_refused;
        return DM_OK;
    }
    checks->n += status ? 0 : 1;
    return status;
}

static int
compare_checks(const void *a, const void *b)
{
    const struct dm_check_def *left = a;
    const struct dm_check_def *right = b;
    const int order = dm_str_compare(left->name, right->name);
    return order ? order : dm_str_compare(left->iri, right->iri);
}

// Of two with one name the first stands: their states would have one IRI
static void
drop_names_twice(struct dm_published *published, struct checks *checks)
{
    if (!checks->n) {
        return;
    }
    qsort(checks->items, checks->n, sizeof(*checks->items), compare_checks);
    size_t kept = 1;
    for (size_t i = 1; i < checks->n; ++i) {
        if (!dm_str_equal(checks->items[i].name,
                          checks->items[kept - 1].name)) {
            checks->items[kept++] = checks->items[i];
        }
    }
    published->n_refused += checks->n - kept;
    checks->n = kept;
}

static enum dm_status
settle(struct dm_published *published, struct checks *checks)
{
    struct dm_arena *arena = &published->memory->arena;
    drop_names_twice(published, checks);
    struct dm_check_def *all = dm_arena_alloc(arena, checks->n, sizeof(*all));
    const struct dm_check_def **running =
        dm_arena_alloc(arena, checks->n, sizeof(*running));
    if (!all || !running) {
        return DM_ERR_NO_MEMORY;
    }
    if (checks->n) {
        memcpy(all, checks->items, checks->n * sizeof(*all));
    }
    published->checks = all;
    published->n_checks = checks->n;
    published->running = running;
    for (size_t i = 0; i < checks->n; ++i) {
        if (all[i].runs_here) {
            running[published->n_running++] = &all[i];
        }
    }
    return DM_OK;
}

static enum dm_status
read_checks(struct dm_published *published,
            const struct dm_published_reader *reader)
{
    struct checks checks = {0};
    enum dm_status status = DM_OK;
    for (size_t at = 0; !status && at < reader->n;) {
        struct dm_published_group group = group_at(reader, at);
        const enum kind_of_group kind = kind_of(reader, &group);
        if (kind == GROUP_CHECK) {
            status = add_check(published, &checks, &group);
        } else if (kind == GROUP_CONTRADICTORY) {
            ++published->n_refused;
        }
        at += group.n;
    }
    if (!status) {
        status = settle(published, &checks);
    }
    dm_free(checks.items);
    return status;
}

// ---------------------------------------------------------------- the node

static enum dm_status
fill_node(struct dm_published *published,
          const struct dm_published_reader *reader,
          const struct dm_published_group *group)
{
    struct dm_arena *arena = &published->memory->arena;
    memset(&published->node, 0, sizeof(published->node));
    published->node.iri = dm_arena_copy(arena, reader->node);
    return published->node.iri.data ? dm_published_fill(group, &dm_node_fields,
                                                        arena, &published->node)
                                    : DM_ERR_NO_MEMORY;
}

static enum dm_status
read_node(struct dm_published *published,
          const struct dm_published_reader *reader)
{
    static const struct dm_published_item nothing = {.property =
                                                         DM_PUBLISHED_UNKNOWN};
    const struct dm_published_group none = {
        .items = &nothing, .n = 0, .class_index = (int)DM_CLASS_NODE};
    struct dm_published_group found = none;
    for (size_t at = 0; at < reader->n && !found.n;) {
        struct dm_published_group group = group_at(reader, at);
        if (kind_of(reader, &group) == GROUP_NODE) {
            found = group;
        }
        at += group.n;
    }
    enum dm_status status = fill_node(published, reader, &found);
    if (status == DM_ERR_SYNTAX) {
        ++published->n_refused;
        status = fill_node(published, reader, &none);
    }
    assert(status != DM_ERR_SYNTAX); // Defaults are right
    return status;
}

enum dm_status
dm_published_reader_end(struct dm_published_reader *reader,
                        struct dm_published **ret)
{
    struct dm_published *published = published_new();
    if (!published) {
        return DM_ERR_NO_MEMORY;
    }
    published->is_too_large = reader->is_too_large;
    sort(reader);
    enum dm_status status = read_node(published, reader);
    if (!status) {
        status = read_checks(published, reader);
    }
    if (status) {
        dm_published_unref(published);
        return status;
    }
    *ret = published;
    return DM_OK;
}

// ---------------------------------------------------------------- one's own

static enum dm_status
take(void *context, const struct dm_quad *quad)
{
    return dm_published_reader_add(context, quad);
}

enum dm_status
dm_published_of_config(const struct dm_config *config,
                       struct dm_published **ret)
{
    struct dm_published_reader *reader =
        dm_published_reader_new(config->node.iri);
    enum dm_status status =
        reader ? dm_config_quads(config, take, reader) : DM_ERR_NO_MEMORY;
    if (!status) {
        status = dm_published_reader_end(reader, ret);
    }
    dm_published_reader_free(reader);
    return status;
}
