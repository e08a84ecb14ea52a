// SPDX-License-Identifier: ISC

#include "sim/incidents.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/time.h"

#include <inttypes.h>
#include <string.h>

#define EXCUSES_MAX 4096
#define VALUE_MAX 4096

struct span {
    int64_t from_ns;
    int64_t to_ns; // INT64_MAX: open
};

struct target {
    char *name;
    struct span *outages;
    size_t n;
    size_t capacity;
};

struct dm_sim_incidents {
    struct dm_sim_incidents_options options;
    struct dm_map targets;
    struct span *excuses;
    size_t n_excuses;
    size_t capacity;
};

// Outages that are looked at together, and what was told in their time
struct group {
    const struct target *target;
    size_t first;
    size_t last;
    int64_t longest_ns; // Of one outage, without what is excused
    int64_t until_ns;   // Telling is in time until then
    size_t n_firing;
    size_t n_resolved;
    bool is_open;
};

struct dm_sim_incidents *
dm_sim_incidents_new(const struct dm_sim_incidents_options *options)
{
    struct dm_sim_incidents *incidents = dm_calloc(1, sizeof(*incidents));
    if (incidents) {
        incidents->options = *options;
        dm_map_init(&incidents->targets, DM_SIM_TARGETS_MAX, 0);
    }
    return incidents;
}

void
dm_sim_incidents_free(struct dm_sim_incidents *incidents)
{
    if (!incidents) {
        return;
    }
    for (size_t i = 0; i < incidents->targets.n; ++i) {
        struct target *target = incidents->targets.entries[i].value.ptr;
        dm_free(target->name);
        dm_free(target->outages);
        dm_free(target);
    }
    dm_map_done(&incidents->targets);
    dm_free(incidents->excuses);
    dm_free(incidents);
}

static struct target *
target_of(struct dm_sim_incidents *incidents, const char *name)
{
    const struct dm_map_entry *found =
        dm_map_get(&incidents->targets, dm_str(name));
    if (found) {
        return found->value.ptr;
    }
    struct target *target = dm_calloc(1, sizeof(*target));
    char *copy = target ? dm_strndup(name, strlen(name)) : NULL;
    struct dm_map_entry *entry =
        copy ? dm_map_put(&incidents->targets, dm_str(copy), NULL) : NULL;
    if (!entry) {
        dm_free(copy);
        dm_free(target);
        return NULL;
    }
    target->name = copy;
    entry->value.ptr = target;
    return target;
}

enum dm_status
dm_sim_incidents_set(struct dm_sim_incidents *incidents, const char *target,
                     bool is_broken, int64_t at_ns)
{
    struct target *known = target_of(incidents, target);
    if (!known) {
        return DM_ERR_NO_MEMORY;
    }
    struct span *newest = known->n > 0 ? &known->outages[known->n - 1] : NULL;
    const bool was_broken = newest && newest->to_ns == INT64_MAX;
    if (was_broken == is_broken) {
        return DM_OK;
    }
    if (newest && !is_broken) {
        newest->to_ns = at_ns;
        return DM_OK;
    }
    struct span *outages =
        dm_grow(known->outages, &known->capacity, known->n + 1,
                sizeof(*outages), DM_SIM_OUTAGES_MAX);
    if (!outages) {
        return DM_ERR_NO_MEMORY;
    }
    known->outages = outages;
    outages[known->n++] = (struct span){.from_ns = at_ns, .to_ns = INT64_MAX};
    return DM_OK;
}

void
dm_sim_incidents_excuse(struct dm_sim_incidents *incidents, int64_t from_ns,
                        int64_t to_ns)
{
    struct span *excuses =
        dm_grow(incidents->excuses, &incidents->capacity,
                incidents->n_excuses + 1, sizeof(*excuses), EXCUSES_MAX);
    if (excuses) {
        incidents->excuses = excuses;
        excuses[incidents->n_excuses++] =
            (struct span){.from_ns = from_ns, .to_ns = to_ns};
    }
}

// How much of the time between is excused
static int64_t
excused_ns(const struct dm_sim_incidents *incidents, int64_t begin_ns,
           int64_t end_ns)
{
    int64_t sum_ns = 0;
    for (size_t i = 0; i < incidents->n_excuses; ++i) {
        const struct span *excuse = &incidents->excuses[i];
        const int64_t low =
            excuse->from_ns > begin_ns ? excuse->from_ns : begin_ns;
        const int64_t high = excuse->to_ns < end_ns ? excuse->to_ns : end_ns;
        sum_ns += high > low ? high - low : 0;
    }
    return sum_ns;
}

static int64_t
end_of(const struct span *outage, int64_t now_ns)
{
    return outage->to_ns < now_ns ? outage->to_ns : now_ns;
}

// Until when the end of something that ended at `at_ns` may be told
static int64_t
late_until_ns(const struct dm_sim_incidents *incidents, int64_t at_ns)
{
    const int64_t slack_ns = incidents->options.slack_ns;
    int64_t until_ns = at_ns + slack_ns;
    // What is excused in the slack makes it longer, which may hold more of it
    for (;;) {
        const int64_t longer_ns =
            at_ns + slack_ns + excused_ns(incidents, at_ns, until_ns);
        if (longer_ns <= until_ns) {
            return until_ns;
        }
        until_ns = longer_ns;
    }
}

// The outages from `first` on that are looked at together
static struct group
gather(const struct dm_sim_incidents *incidents, const struct target *target,
       size_t first, int64_t now_ns)
{
    struct group group = {.target = target, .first = first, .last = first};
    for (size_t i = first; i < target->n; ++i) {
        const struct span *outage = &target->outages[i];
        if (i > first && outage->from_ns > group.until_ns) {
            break;
        }
        const int64_t end_ns = end_of(outage, now_ns);
        const int64_t length_ns =
            end_ns - outage->from_ns -
            excused_ns(incidents, outage->from_ns, end_ns);
        group.last = i;
        group.until_ns = late_until_ns(incidents, end_ns);
        if (length_ns > group.longest_ns) {
            group.longest_ns = length_ns;
        }
    }
    group.is_open = group.until_ns >= now_ns;
    return group;
}

// Whether the notification is about the target
static bool
is_about(const struct dm_sim_incidents *incidents, struct dm_str labels,
         const char *target)
{
    struct dm_buf buf;
    dm_buf_init(&buf, VALUE_MAX);
    bool is_it = dm_sim_label_get(labels, "alertname", &buf) == DM_OK &&
                 strcmp(dm_buf_cstr(&buf), incidents->options.alertname) == 0;
    dm_buf_clear(&buf);
    is_it = is_it &&
            dm_sim_label_get(labels, incidents->options.label, &buf) == DM_OK &&
            strcmp(dm_buf_cstr(&buf), target) == 0;
    dm_buf_done(&buf);
    return is_it;
}

static enum dm_status
explain(struct dm_error *error, const char *target, const char *what,
        const struct span *outage)
{
    (void)dm_error_set(error, DM_ERR_CORRUPT, "%s %s", target, what);
    if (outage) {
        dm_error_detail(
            error, "broken from %" PRId64 " ms to %" PRId64 " ms",
            outage->from_ns / DM_NS_PER_MS,
            outage->to_ns == INT64_MAX ? -1 : outage->to_ns / DM_NS_PER_MS);
    }
    return DM_ERR_CORRUPT;
}

static enum dm_status
judge(const struct dm_sim_incidents *incidents, const struct group *group,
      struct dm_error *error)
{
    const struct target *target = group->target;
    const struct span *outage = &target->outages[group->first];
    const size_t n = group->last - group->first + 1;
    const int64_t must_ns =
        incidents->options.must_be_told_ns + incidents->options.slack_ns;
    if (group->longest_ns >= must_ns && group->n_firing == 0) {
        return explain(error, target->name, "was broken and nobody was told",
                       outage);
    }
    if (group->n_firing > n) {
        return explain(error, target->name, "was told more often than it broke",
                       outage);
    }
    if (!group->is_open && group->n_resolved != group->n_firing) {
        return explain(error, target->name, "was not told to be well again",
                       outage);
    }
    return DM_OK;
}

static bool
is_counted(const struct dm_sim_incidents *incidents,
           const struct dm_sim_notification *notification,
           const struct target *target)
{
    return !notification->is_repeat &&
           is_about(incidents, notification->labels, target->name);
}

// Count what was told from number `*told` on until the group's time is over
static enum dm_status
take_told(const struct dm_sim_incidents *incidents,
          const struct dm_sim_alertmanager *am, struct group *group,
          size_t *told, struct dm_error *error)
{
    const size_t n = dm_sim_alertmanager_n_notified(am);
    const struct target *target = group->target;
    const struct span *first = &target->outages[group->first];
    for (; *told < n; ++*told) {
        const struct dm_sim_notification *notification =
            dm_sim_alertmanager_notified(am, *told);
        if (!is_counted(incidents, notification, target)) {
            continue;
        }
        if (notification->at_ns > group->until_ns) {
            return DM_OK; // Of a later group
        }
        if (notification->at_ns < first->from_ns) {
            return explain(error, target->name,
                           notification->is_firing
                               ? "was told to be broken while it was well"
                               : "was told to be well out of time",
                           first);
        }
        group->n_firing += notification->is_firing ? 1 : 0;
        group->n_resolved += notification->is_firing ? 0 : 1;
    }
    return DM_OK;
}

// All notifications about `target` fall into its groups, and fit them
static enum dm_status
check_target(const struct dm_sim_incidents *incidents,
             const struct dm_sim_alertmanager *am, const struct target *target,
             int64_t now_ns, struct dm_error *error)
{
    size_t told = 0;
    for (size_t next = 0; next < target->n;) {
        struct group group = gather(incidents, target, next, now_ns);
        enum dm_status status = take_told(incidents, am, &group, &told, error);
        if (status == DM_OK) {
            status = judge(incidents, &group, error);
        }
        if (status != DM_OK) {
            return status;
        }
        next = group.last + 1;
    }
    for (; told < dm_sim_alertmanager_n_notified(am); ++told) {
        if (is_counted(incidents, dm_sim_alertmanager_notified(am, told),
                       target)) {
            return explain(error, target->name,
                           "was told of after its last outage", NULL);
        }
    }
    return DM_OK;
}

enum dm_status
dm_sim_incidents_check(const struct dm_sim_incidents *incidents,
                       const struct dm_sim_alertmanager *am, int64_t now_ns,
                       struct dm_error *error)
{
    for (size_t i = 0; i < incidents->targets.n; ++i) {
        const struct target *target = incidents->targets.entries[i].value.ptr;
        const enum dm_status status =
            check_target(incidents, am, target, now_ns, error);
        if (status != DM_OK) {
            return status;
        }
    }
    return DM_OK;
}
