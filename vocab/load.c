// SPDX-License-Identifier: ISC

#include "base/alloc.h"
#include "base/env.h"
#include "rdf/iri.h"
#include "vocab/field_private.h"
#include "vocab/secret.h"
#include "vocab/vocabulary.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SCRATCH_MAX (1024U << 20U)
#define NEEDS_MAX 1000 // Of one check

// The definitions that were found, before they are whole
struct drafts {
    struct dm_check_def *checks;
    struct dm_values *needs; // Of each check
    size_t n_checks;
    size_t checks_capacity;
    size_t needs_capacity;
    struct dm_rule_def *rules;
    size_t n_rules;
    size_t rules_capacity;
    struct dm_peer_def *peers;
    size_t n_peers;
    size_t peers_capacity;
    struct dm_map auths; // Of Alertmanagers, by IRI: struct dm_alertmanager_def
    struct dm_map by_iri;   // Checks: index
    struct dm_map selected; // What a word selects: struct dm_texts
};

static void
drafts_done(struct drafts *drafts)
{
    dm_free(drafts->checks);
    dm_free(drafts->needs);
    dm_free(drafts->rules);
    dm_free(drafts->peers);
    dm_map_done(&drafts->auths);
    dm_map_done(&drafts->by_iri);
    dm_map_done(&drafts->selected);
}

// ---------------------------------------------------------------- drafts

// Too many of something: told once, and the rest is left out
static enum dm_status
too_many(struct dm_loader *loader, const struct dm_entity *entity,
         const char *what, int max)
{
    struct dm_error error;
    (void)dm_error_set(&error, DM_ERR_LIMIT, "there are more than %d %s", max,
                       what);
    dm_loader_error(loader, entity, NULL, &error);
    return DM_ERR_LIMIT;
}

static enum dm_status
add_check(struct dm_loader *loader, struct drafts *drafts,
          const struct dm_entity *entity)
{
    if (drafts->n_checks == DM_CONFIG_CHECKS_MAX) {
        return too_many(loader, entity, "checks", DM_CONFIG_CHECKS_MAX);
    }
    struct dm_check_def *checks =
        dm_grow(drafts->checks, &drafts->checks_capacity, drafts->n_checks + 1,
                sizeof(*checks), DM_CONFIG_CHECKS_MAX);
    if (!checks) {
        return DM_ERR_NO_MEMORY;
    }
    drafts->checks = checks;
    struct dm_values *needs =
        dm_grow(drafts->needs, &drafts->needs_capacity, drafts->n_checks + 1,
                sizeof(*needs), DM_CONFIG_CHECKS_MAX);
    if (!needs) {
        return DM_ERR_NO_MEMORY;
    }
    drafts->needs = needs;
    needs[drafts->n_checks] = entity->values[DM_PROPERTY_NEEDS];
    struct dm_check_def *check = &checks[drafts->n_checks];
    memset(check, 0, sizeof(*check));
    enum dm_status status =
        dm_fields_fill(loader, entity, &dm_check_fields, check);
    if (!status) {
        status = dm_check_finish(loader, entity, check);
    }
    struct dm_map_entry *entry =
        status ? NULL : dm_map_put(&drafts->by_iri, check->iri, NULL);
    if (!status && !entry) {
        status = DM_ERR_NO_MEMORY;
    }
    if (!status) {
        entry->value.number = drafts->n_checks++;
    }
    return status;
}

static enum dm_status
add_rule(struct dm_loader *loader, struct drafts *drafts,
         const struct dm_entity *entity)
{
    if (drafts->n_rules == DM_CONFIG_RULES_MAX) {
        return too_many(loader, entity, "rules", DM_CONFIG_RULES_MAX);
    }
    struct dm_rule_def *rules =
        dm_grow(drafts->rules, &drafts->rules_capacity, drafts->n_rules + 1,
                sizeof(*rules), DM_CONFIG_RULES_MAX);
    if (!rules) {
        return DM_ERR_NO_MEMORY;
    }
    drafts->rules = rules;
    struct dm_rule_def *rule = &rules[drafts->n_rules];
    memset(rule, 0, sizeof(*rule));
    enum dm_status status =
        dm_fields_fill(loader, entity, &dm_rule_fields, rule);
    if (!status) {
        status = dm_rule_finish(loader, entity, rule);
    }
    for (size_t i = 0; i < drafts->n_rules && !status; ++i) {
        if (dm_str_equal(rules[i].name, rule->name)) {
            struct dm_error error;
            (void)dm_error_set(&error, DM_ERR_EXISTS,
                               "there are two rules %s: the name is the label "
                               "alertname",
                               rule->name.data);
            dm_loader_error(loader, entity, NULL, &error);
        }
    }
    drafts->n_rules += status ? 0 : 1;
    return status;
}

// Each log, and each token, is of one peer
static void
compare_peer(struct dm_loader *loader, const struct drafts *drafts,
             const struct dm_entity *entity, const struct dm_peer_def *peer)
{
    for (size_t i = 0; i < drafts->n_peers; ++i) {
        const struct dm_peer_def *other = &drafts->peers[i];
        const bool has_log = peer->log.n && dm_str_equal(peer->log, other->log);
        const bool has_token =
            peer->token.n && dm_str_equal(peer->token, other->token);
        if (!has_log && !has_token) {
            continue;
        }
        const struct dm_values *values =
            &entity->values[has_log ? DM_PROPERTY_LOG : DM_PROPERTY_TOKEN];
        struct dm_error error;
        (void)dm_error_set(&error, DM_ERR_EXISTS, "%s has this %s too",
                           dm_loader_show(loader, other->iri).text,
                           has_log ? ":log" : ":token");
        dm_error_hint(&error, has_log ? "Delete one of the two files"
                                      : "Give each peer a token of its own");
        dm_loader_error(loader, entity, &values->items[0], &error);
        return;
    }
}

static enum dm_status
add_peer(struct dm_loader *loader, struct drafts *drafts,
         const struct dm_entity *entity)
{
    if (drafts->n_peers == DM_CONFIG_PEERS_MAX) {
        return too_many(loader, entity, "peers", DM_CONFIG_PEERS_MAX);
    }
    struct dm_peer_def *peers =
        dm_grow(drafts->peers, &drafts->peers_capacity, drafts->n_peers + 1,
                sizeof(*peers), DM_CONFIG_PEERS_MAX);
    if (!peers) {
        return DM_ERR_NO_MEMORY;
    }
    drafts->peers = peers;
    struct dm_peer_def *peer = &peers[drafts->n_peers];
    memset(peer, 0, sizeof(*peer));
    enum dm_status status =
        dm_fields_fill(loader, entity, &dm_peer_fields, peer);
    if (!status) {
        status = dm_peer_finish(loader, entity, peer);
    }
    if (!status) {
        compare_peer(loader, drafts, entity, peer);
    }
    drafts->n_peers += status ? 0 : 1;
    return status;
}

static const struct dm_field auth_row = {
    .property = DM_PROPERTY_AUTH,
    .kind = DM_FIELD_AUTH,
    .offset = offsetof(struct dm_alertmanager_def, auth),
    .has_secrets = true,
};
static const struct dm_fields auth_fields = {&auth_row, 1};

static enum dm_status
add_alertmanager(struct dm_loader *loader, struct drafts *drafts,
                 const struct dm_entity *entity)
{
    struct dm_alertmanager_def *def =
        dm_arena_alloc(&loader->scratch, 1, sizeof(*def));
    struct dm_map_entry *entry =
        def ? dm_map_put(&drafts->auths, entity->iri, NULL) : NULL;
    if (!entry) {
        return DM_ERR_NO_MEMORY;
    }
    entry->value.ptr = def;
    const enum dm_status status =
        dm_fields_fill(loader, entity, &auth_fields, def);
    return status ? status : dm_fields_secrets(loader, entity, &auth_fields);
}

// ---------------------------------------------------------------- reading

static enum dm_status
add_entity(struct dm_loader *loader, struct drafts *drafts,
           const struct dm_entity *entity)
{
    switch (entity->class_index) {
    case DM_CLASS_ALERT_RULE:
        return add_rule(loader, drafts, entity);
    case DM_CLASS_PEER:
        return add_peer(loader, drafts, entity);
    case DM_CLASS_ALERTMANAGER:
        return add_alertmanager(loader, drafts, entity);
    default:
        return add_check(loader, drafts, entity);
    }
}

static enum dm_status
read_node(struct dm_loader *loader, struct dm_entity *ret)
{
    struct dm_node_settings *node = &loader->config->node;
    const struct dm_map_entry *entry =
        dm_map_get(&loader->model.by_iri, dm_str(DM_VOCAB_THIS));
    enum dm_status status = DM_END;
    if (entry) {
        status = dm_entity_read(
            loader, &loader->model.subjects[entry->value.number], ret);
    }
    if (status == DM_END) {
        status = dm_entity_default(loader, DM_CLASS_NODE, ret);
    }
    if (!status) {
        status = dm_fields_fill(loader, ret, &dm_node_fields, node);
    }
    return status ? status : dm_node_finish(loader, ret, node);
}

static enum dm_status
read_entities(struct dm_loader *loader, struct drafts *drafts)
{
    enum dm_status status = DM_OK;
    struct dm_entity *entity =
        dm_arena_alloc(&loader->scratch, 1, sizeof(*entity));
    if (!entity) {
        return DM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < loader->model.n_subjects && !status; ++i) {
        const struct dm_subject_node *subject = &loader->model.subjects[i];
        if (dm_str_is(subject->iri, DM_VOCAB_THIS)) {
            continue;
        }
        status = dm_entity_read(loader, subject, entity);
        if (!status) {
            status = add_entity(loader, drafts, entity);
        } else if (status == DM_END) {
            status = DM_OK;
        }
    }
    return status == DM_ERR_LIMIT ? DM_OK : status; // Reported
}

// ---------------------------------------------------------------- :needs

static bool
is_selected(const struct dm_check_def *check, struct dm_str word)
{
    if (dm_str_equal(check->name, word)) {
        return true;
    }
    for (size_t i = 0; i < check->tags.n; ++i) {
        if (dm_str_equal(check->tags.items[i], word)) {
            return true;
        }
    }
    return false;
}

// The checks that a word selects by name or tag; looked for once
static enum dm_status
select_checks(struct dm_loader *loader, struct drafts *drafts,
              struct dm_str word, const struct dm_texts **ret)
{
    bool is_new = false;
    struct dm_map_entry *entry = dm_map_put(&drafts->selected, word, &is_new);
    if (!entry) {
        return DM_ERR_NO_MEMORY;
    }
    if (!is_new) {
        *ret = entry->value.ptr;
        return DM_OK;
    }
    size_t n = 0;
    for (size_t i = 0; i < drafts->n_checks; ++i) {
        n += is_selected(&drafts->checks[i], word);
    }
    struct dm_texts *texts =
        dm_arena_alloc(&loader->scratch, 1, sizeof(*texts));
    struct dm_str *items = dm_arena_alloc(loader->arena, n, sizeof(*items));
    if (!texts || !items) {
        return DM_ERR_NO_MEMORY;
    }
    *texts = (struct dm_texts){items, 0};
    for (size_t i = 0; i < drafts->n_checks; ++i) {
        if (is_selected(&drafts->checks[i], word)) {
            items[texts->n++] = drafts->checks[i].iri;
        }
    }
    entry->value.ptr = texts;
    *ret = texts;
    return DM_OK;
}

static void
report_need(struct dm_loader *loader, const struct dm_value *value,
            bool is_warning, const char *format)
{
    struct dm_error error;
    const struct dm_str cut = dm_utf8_cut(value->text, 200);
    const struct dm_shown shown = dm_loader_show(loader, value->text);
    // NOLINTNEXTLINE(clang-diagnostic-format-nonliteral): one of those below
    (void)dm_error_set(&error, DM_ERR_NOT_FOUND, "%s %s%.*s%s", format,
                       value->is_iri ? shown.text : "\"",
                       value->is_iri ? 0 : (int)cut.n, cut.n ? cut.data : "",
                       value->is_iri ? "" : "\"");
    dm_report_add(loader->report, value->statement->source,
                  value->statement->at.o, is_warning, &error);
}

// What one value of :needs stands for
static enum dm_status
resolve_need(struct dm_loader *loader, struct drafts *drafts,
             const struct dm_value *value, const struct dm_texts **ret)
{
    if (!value->is_iri) {
        const enum dm_status status =
            select_checks(loader, drafts, value->text, ret);
        if (!status && (*ret)->n == 0 &&
            dm_config_report_errors(loader->report) == 0) {
            report_need(loader, value, false, "no check has the name or tag");
        }
        return status;
    }
    struct dm_texts *texts =
        dm_arena_alloc(&loader->scratch, 1, sizeof(*texts));
    struct dm_str *item = dm_arena_alloc(loader->arena, 1, sizeof(*item));
    if (!texts || !item) {
        return DM_ERR_NO_MEMORY;
    }
    *item = dm_arena_copy(loader->arena, value->text);
    *texts = (struct dm_texts){item, 1};
    *ret = texts;
    // It may come from a peer, or be what an error hides
    if (!dm_map_get(&loader->model.by_iri, value->text) &&
        dm_config_report_errors(loader->report) == 0) {
        report_need(loader, value, true, ":needs what is not defined here:");
    }
    return item->data ? DM_OK : DM_ERR_NO_MEMORY;
}

static bool
is_in(const struct dm_str *items, size_t n, struct dm_str text)
{
    for (size_t i = 0; i < n; ++i) {
        if (dm_str_equal(items[i], text)) {
            return true;
        }
    }
    return false;
}

static enum dm_status
link_needs(struct dm_loader *loader, struct drafts *drafts, size_t index)
{
    const struct dm_values *values = &drafts->needs[index];
    struct dm_check_def *check = &drafts->checks[index];
    if (!values->n) {
        return DM_OK;
    }
    struct dm_str *items =
        dm_arena_alloc(loader->arena, NEEDS_MAX, sizeof(*items));
    if (!items) {
        return DM_ERR_NO_MEMORY;
    }
    size_t n = 0;
    for (size_t i = 0; i < values->n; ++i) {
        const struct dm_texts *texts = NULL;
        const enum dm_status status =
            resolve_need(loader, drafts, &values->items[i], &texts);
        if (status) {
            return status;
        }
        for (size_t j = 0; j < texts->n && n < NEEDS_MAX; ++j) {
            const struct dm_str iri = texts->items[j];
            // A tag that a check needs may be its own too
            if (!dm_str_equal(iri, check->iri) && !is_in(items, n, iri)) {
                items[n++] = iri;
            }
        }
        if (n == NEEDS_MAX) {
            report_need(loader, &values->items[i], false,
                        ":needs too many checks with");
        }
    }
    check->needs = (struct dm_texts){items, n};
    return DM_OK;
}

// ---------------------------------------------------------------- linking

static const struct dm_field urls_row = {
    .property = DM_PROPERTY_ALERTMANAGER,
    .kind = DM_FIELD_URLS,
    .offset = 0,
};
static const struct dm_fields urls_fields = {&urls_row, 1};

static enum dm_status
link_alertmanagers(struct dm_loader *loader, const struct drafts *drafts,
                   const struct dm_entity *entity)
{
    struct dm_texts urls = {0};
    const enum dm_status status =
        dm_fields_fill(loader, entity, &urls_fields, &urls);
    struct dm_alertmanager_def *defs =
        dm_arena_alloc(loader->arena, urls.n, sizeof(*defs));
    if (status || !defs) {
        return status ? status : DM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < urls.n; ++i) {
        const struct dm_map_entry *entry =
            dm_map_get(&drafts->auths, urls.items[i]);
        const struct dm_alertmanager_def *found =
            entry ? entry->value.ptr : NULL;
        defs[i].url = urls.items[i];
        defs[i].auth = found ? found->auth : dm_str("");
    }
    loader->config->node.alertmanagers = defs;
    loader->config->node.n_alertmanagers = urls.n;
    return DM_OK;
}

static int
compare_checks(const void *left, const void *right)
{
    const struct dm_check_def *a = left;
    const struct dm_check_def *b = right;
    return dm_str_compare(a->name, b->name);
}

static int
compare_rules(const void *left, const void *right)
{
    const struct dm_rule_def *a = left;
    const struct dm_rule_def *b = right;
    return dm_str_compare(a->name, b->name);
}

// Move `n` things into the arena, in the order of `compare`.
static void *
settle(struct dm_loader *loader, void *things, size_t n, size_t size,
       int (*compare)(const void *, const void *))
{
    void *room = dm_arena_alloc(loader->arena, n, size);
    if (room && n) {
        qsort(things, n, size, compare);
        memcpy(room, things, n * size);
    }
    return room;
}

// Report a definition that is too large to be published.
static void
report_size(struct dm_loader *loader, struct dm_str iri,
            const struct dm_place *place)
{
    struct dm_source *source = NULL;
    for (size_t i = 0; i < loader->sources.n; ++i) {
        if (dm_str_equal(loader->sources.items[i].name, place->file)) {
            source = &loader->sources.items[i];
        }
    }
    struct dm_error error;
    (void)dm_error_set(&error, DM_ERR_LIMIT, "%s is too large to be published",
                       dm_loader_show(loader, iri).text);
    dm_error_detail(
        &error, "of one definition %u KiB are, and of one value %u KiB",
        DM_DEFINITION_BYTES_MAX >> 10U, DM_DEFINITION_LINE_MAX >> 10U);
    dm_report_add(loader->report, source, place->position, false, &error);
}

static enum dm_status
index_check(struct dm_loader *loader, struct dm_check_def *check)
{
    struct dm_config_index *index = loader->config->index;
    struct dm_map_entry *by_iri =
        dm_map_put(&index->checks_by_iri, check->iri, NULL);
    if (!by_iri) {
        return DM_ERR_NO_MEMORY;
    }
    by_iri->value.ptr = check;
    struct dm_map_entry *by_name =
        dm_map_put(&index->checks_by_name, check->name, NULL);
    if (!by_name) {
        return DM_ERR_NO_MEMORY;
    }
    by_name->value.ptr = check;
    const enum dm_status status = dm_check_hash(loader->config, check);
    if (status == DM_ERR_LIMIT) {
        report_size(loader, check->iri, &check->place);
        return DM_OK;
    }
    return status;
}

static enum dm_status
index_rule(struct dm_loader *loader, struct dm_rule_def *rule)
{
    struct dm_map_entry *entry =
        dm_map_put(&loader->config->index->rules_by_name, rule->name, NULL);
    if (!entry) {
        return DM_ERR_NO_MEMORY;
    }
    entry->value.ptr = rule;
    const enum dm_status status = dm_rule_hash(loader->config, rule);
    if (status == DM_ERR_LIMIT) {
        report_size(loader, rule->iri, &rule->place);
        return DM_OK;
    }
    return status;
}

static enum dm_status
measure_node(struct dm_loader *loader)
{
    static const struct dm_place nowhere = {.file = {"", 0}};
    const enum dm_status status = dm_node_measure(loader->config);
    if (status == DM_ERR_LIMIT) {
        report_size(loader, dm_str(DM_VOCAB_THIS), &nowhere);
        return DM_OK;
    }
    return status;
}

static enum dm_status
settle_all(struct dm_loader *loader, struct drafts *drafts)
{
    struct dm_config *config = loader->config;
    struct dm_check_def *checks =
        settle(loader, drafts->checks, drafts->n_checks,
               sizeof(*drafts->checks), compare_checks);
    struct dm_rule_def *rules = settle(loader, drafts->rules, drafts->n_rules,
                                       sizeof(*drafts->rules), compare_rules);
    struct dm_peer_def *peers =
        dm_arena_alloc(loader->arena, drafts->n_peers, sizeof(*peers));
    if (!checks || !rules || !peers) {
        return DM_ERR_NO_MEMORY;
    }
    if (drafts->n_peers) {
        memcpy(peers, drafts->peers, drafts->n_peers * sizeof(*peers));
    }
    config->checks = checks;
    config->n_checks = drafts->n_checks;
    config->rules = rules;
    config->n_rules = drafts->n_rules;
    config->peers = peers;
    config->n_peers = drafts->n_peers;

    enum dm_status status = measure_node(loader);
    for (size_t i = 0; i < drafts->n_checks && !status; ++i) {
        status = index_check(loader, &checks[i]);
    }
    for (size_t i = 0; i < drafts->n_rules && !status; ++i) {
        status = index_rule(loader, &rules[i]);
    }
    return status;
}

// ---------------------------------------------------------------- all of it

static enum dm_status
find_site(struct dm_loader *loader)
{
    const struct dm_default *row =
        dm_property_default(&dm_properties[DM_PROPERTY_SITE], DM_CLASS_NODE);
    assert(row);
    loader->site = row->value;
    enum dm_status status = DM_OK;
    for (size_t i = 1; i < loader->sources.n && !status; ++i) {
        status = dm_model_find_site(&loader->sources.items[i], &loader->scratch,
                                    &loader->site);
    }
    // One that is wrong is reported with the rest
    if (!status && !dm_iri_is_absolute(loader->site)) {
        loader->site = row->value;
    }
    return status;
}

static enum dm_status
read_sources(struct dm_loader *loader)
{
    enum dm_status status = find_site(loader);
    for (size_t i = 0; i < loader->sources.n && !status; ++i) {
        status = dm_model_read(&loader->model, &loader->sources.items[i],
                               loader->site, loader->report);
    }
    return status == DM_ERR_LIMIT ? DM_OK : status; // Reported
}

static enum dm_status
build(struct dm_loader *loader, struct drafts *drafts)
{
    struct dm_entity *node = dm_arena_alloc(&loader->scratch, 1, sizeof(*node));
    enum dm_status status = node ? read_sources(loader) : DM_ERR_NO_MEMORY;
    if (!status) {
        status = read_node(loader, node);
    }
    if (!status) {
        status = read_entities(loader, drafts);
    }
    for (size_t i = 0; i < drafts->n_checks && !status; ++i) {
        status = link_needs(loader, drafts, i);
    }
    if (!status) {
        status = link_alertmanagers(loader, drafts, node);
    }
    // What has errors is thrown away
    if (!status && dm_config_report_errors(loader->report) == 0) {
        status = settle_all(loader, drafts);
    }
    return status;
}

static void
loader_done(struct dm_loader *loader)
{
    dm_model_done(&loader->model);
    dm_free(loader->sources.items);
    dm_arena_done(&loader->scratch);
    dm_config_unref(loader->config);
}

static enum dm_status
loader_init(struct dm_loader *loader, const struct dm_config_options *options,
            struct dm_config_report *report)
{
    *loader = (struct dm_loader){.options = options, .report = report};
    dm_report_clear(report);
    dm_arena_init(&loader->scratch, SCRATCH_MAX, NULL);
    loader->config = dm_config_new();
    struct dm_secrets *secrets = dm_secrets_new();
    if (!loader->config || !secrets) {
        dm_secrets_free(secrets);
        return DM_ERR_NO_MEMORY;
    }
    loader->secrets = secrets;
    loader->config->index->secrets = secrets;
    loader->config->secrets = secrets;
    loader->arena = &loader->config->index->arena;
    const enum dm_status status =
        dm_sources_add(&loader->sources, &loader->scratch,
                       (struct dm_str){"", 0}, dm_rules_text);
    return status ? status : dm_model_init(&loader->model, &loader->scratch);
}

// Load the sources that were read.
static enum dm_status
finish(struct dm_loader *loader, bool with_secrets, struct dm_config **ret)
{
    struct drafts drafts = {0};
    dm_map_init(&drafts.auths, DM_CONFIG_CHECKS_MAX, 0);
    dm_map_init(&drafts.by_iri, DM_CONFIG_CHECKS_MAX, 0);
    dm_map_init(&drafts.selected, DM_CONFIG_CHECKS_MAX, 0);
    enum dm_status status = build(loader, &drafts);
    drafts_done(&drafts);
    if (!status && with_secrets) {
        status = dm_files_check_secrets(loader->options, loader->report);
    }
    if (!status) {
        status = dm_report_finish(loader->report, &loader->sources);
    }
    if (!status && dm_config_report_errors(loader->report)) {
        status = DM_ERR_SYNTAX;
    }
    if (!status) {
        loader->config->loaded_ms = dm_env_wall_ms(loader->options->env);
        loader->config->n_files = loader->sources.n - 1;
        *ret = loader->config;
        loader->config = NULL;
    }
    return status;
}

enum dm_status
dm_config_load(const struct dm_config_options *options,
               struct dm_config_report *report, struct dm_config **ret)
{
    struct dm_loader loader;
    enum dm_status status = loader_init(&loader, options, report);
    if (!status) {
        status = dm_files_read_all(options, report, &loader.scratch,
                                   &loader.sources);
    }
    if (!status) {
        status = finish(&loader, true, ret);
    }
    loader_done(&loader);
    return status;
}

enum dm_status
dm_config_load_files(const struct dm_config_options *options,
                     const char *const *paths, size_t n_paths,
                     struct dm_config_report *report, struct dm_config **ret)
{
    struct dm_loader loader;
    enum dm_status status = loader_init(&loader, options, report);
    for (size_t i = 0; i < n_paths && !status; ++i) {
        status = dm_files_read_one(options, dm_str(paths[i]), report,
                                   &loader.scratch, &loader.sources);
    }
    if (!status) {
        status = finish(&loader, false, ret);
    }
    loader_done(&loader);
    return status;
}

enum dm_status
dm_config_load_texts(const struct dm_config_options *options,
                     const struct dm_config_source *sources, size_t n_sources,
                     struct dm_config_report *report, struct dm_config **ret)
{
    struct dm_loader loader;
    enum dm_status status = loader_init(&loader, options, report);
    for (size_t i = 0; i < n_sources && !status; ++i) {
        status = dm_sources_add(&loader.sources, &loader.scratch,
                                sources[i].name, sources[i].text);
    }
    if (!status) {
        status = finish(&loader, false, ret);
    }
    loader_done(&loader);
    return status;
}
