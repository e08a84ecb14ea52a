// SPDX-License-Identifier: ISC

#include "vocab/config.h"

#include "base/alloc.h"
#include "vocab/load_private.h"
#include "vocab/secret.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#define ARENA_MAX (512U << 20U)

struct dm_config *
dm_config_new(void)
{
    struct dm_config *config = dm_calloc(1, sizeof(*config));
    struct dm_config_index *index = dm_calloc(1, sizeof(*index));
    if (!config || !index) {
        dm_free(config);
        dm_free(index);
        return NULL;
    }
    dm_arena_init(&index->arena, ARENA_MAX, NULL);
    dm_map_init(&index->checks_by_iri, DM_CONFIG_CHECKS_MAX, 0);
    dm_map_init(&index->checks_by_name, DM_CONFIG_CHECKS_MAX, 0);
    dm_map_init(&index->rules_by_name, DM_CONFIG_RULES_MAX, 0);
    atomic_init(&index->n_refs, 1);
    config->index = index;
    return config;
}

struct dm_config *
dm_config_ref(struct dm_config *config)
{
    const uint32_t before = atomic_fetch_add(&config->index->n_refs, 1);
    assert(before > 0);
    (void)before;
    return config;
}

void
dm_config_unref(struct dm_config *config)
{
    if (!config || atomic_fetch_sub(&config->index->n_refs, 1) > 1) {
        return;
    }
    struct dm_config_index *index = config->index;
    dm_map_done(&index->checks_by_iri);
    dm_map_done(&index->checks_by_name);
    dm_map_done(&index->rules_by_name);
    dm_secrets_free(index->secrets);
    dm_arena_done(&index->arena);
    dm_free(index);
    dm_free(config);
}

const struct dm_check_def *
dm_config_check(const struct dm_config *config, struct dm_str iri)
{
    const struct dm_map_entry *entry =
        dm_map_get(&config->index->checks_by_iri, iri);
    return entry ? entry->value.ptr : NULL;
}

const struct dm_check_def *
dm_config_check_named(const struct dm_config *config, struct dm_str name)
{
    const struct dm_map_entry *entry =
        dm_map_get(&config->index->checks_by_name, name);
    return entry ? entry->value.ptr : NULL;
}

const struct dm_rule_def *
dm_config_rule_named(const struct dm_config *config, struct dm_str name)
{
    const struct dm_map_entry *entry =
        dm_map_get(&config->index->rules_by_name, name);
    return entry ? entry->value.ptr : NULL;
}

static const struct dm_check_def *
running(const struct dm_config *config, struct dm_str iri)
{
    const struct dm_check_def *check = dm_config_check(config, iri);
    return check && check->runs_here ? check : NULL;
}

void
dm_config_compare(const struct dm_config *old, const struct dm_config *now,
                  dm_config_change_fn on_change, void *context)
{
    for (size_t i = 0; i < now->n_checks; ++i) {
        const struct dm_check_def *check = &now->checks[i];
        if (!check->runs_here) {
            continue;
        }
        const struct dm_check_def *before =
            old ? running(old, check->iri) : NULL;
        const enum dm_config_change change =
            !before                                    ? DM_CONFIG_NEW
            : strcmp(before->local, check->local) != 0 ? DM_CONFIG_CHANGED
                                                       : DM_CONFIG_SAME;
        on_change(context, change, before, check);
    }
    for (size_t i = 0; old && i < old->n_checks; ++i) {
        const struct dm_check_def *before = &old->checks[i];
        if (before->runs_here && !running(now, before->iri)) {
            on_change(context, DM_CONFIG_GONE, before, NULL);
        }
    }
}

const char *
dm_check_kind_name(enum dm_check_kind kind)
{
    static const char *const names[DM_CHECK_KINDS] = {
        [DM_CHECK_HTTP] = "HttpCheck",       [DM_CHECK_TCP] = "TcpCheck",
        [DM_CHECK_TLS] = "TlsCheck",         [DM_CHECK_DNS] = "DnsCheck",
        [DM_CHECK_PING] = "PingCheck",       [DM_CHECK_SYSTEM] = "SystemCheck",
        [DM_CHECK_COMMAND] = "CommandCheck", [DM_CHECK_HEARTBEAT] = "Heartbeat",
    };
    assert((unsigned)kind < DM_CHECK_KINDS);
    return names[kind];
}

const char *
dm_severity_name(enum dm_severity severity)
{
    static const char *const names[] = {"info", "warning", "critical"};
    assert((unsigned)severity < DM_COUNT_OF(names));
    return names[severity];
}
