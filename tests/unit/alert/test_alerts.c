// SPDX-License-Identifier: ISC

// Forms of alerts: E5 of alert/evaluate.h.

#include "base/alloc.h"
#include "tests/unit/alert/rounds.h"

static void
the_fingerprint_is_the_one_of_alertmanager(void)
{
    // Of prometheus/common, model/signature_test.go
    const struct dm_alert_text labels[] = {
        {DM_STR("fear"), DM_STR("love is not enough")},
        {DM_STR("name"), DM_STR("garland, briggs")},
    };
    CHECK(dm_alert_fingerprint(labels, 0) == UINT64_C(14695981039346656037));
    CHECK(dm_alert_fingerprint(labels, 2) == UINT64_C(5799056148416392346));
}

static bool
is_same(const struct dm_alert *a, const struct dm_alert *b)
{
    bool same =
        dm_str_equal(a->identity, b->identity) &&
        dm_str_equal(a->rule, b->rule) && a->state == b->state &&
        dm_str_equal(a->check, b->check) && dm_str_equal(a->node, b->node) &&
        a->n_labels == b->n_labels && a->n_annotations == b->n_annotations &&
        a->fingerprint == b->fingerprint &&
        a->first_seen_ms == b->first_seen_ms &&
        a->last_seen_ms == b->last_seen_ms && a->starts_ms == b->starts_ms &&
        a->fired_ms == b->fired_ms && a->resolved_ms == b->resolved_ms;
    for (size_t i = 0; same && i < a->n_labels; ++i) {
        same = dm_str_equal(a->labels[i].name, b->labels[i].name) &&
               dm_str_equal(a->labels[i].value, b->labels[i].value);
    }
    for (size_t i = 0; same && i < a->n_annotations; ++i) {
        same = dm_str_equal(a->annotations[i].name, b->annotations[i].name) &&
               dm_str_equal(a->annotations[i].value, b->annotations[i].value);
    }
    return same;
}

static void
what_is_encoded_or_cloned_is_the_same(void)
{
    set_up();
    add_row(T0);
    add_column("check", "shop");
    add_column("message", "\"quoted\" \\ \n caf\xC3\xA9 \x01");
    add_row(T0);
    add_column("check", "blog");
    play(T0);
    struct dm_alerts *clone = dm_alerts_clone(scene.alerts);
    CHECK(clone);
    restart();
    CHECK_INT((int64_t)dm_alerts_count(clone), 2);
    CHECK_INT((int64_t)dm_alerts_count(scene.alerts), 2);
    for (size_t i = 0; i < 2; ++i) {
        CHECK(is_same(dm_alerts_at(clone, i), dm_alerts_at(scene.alerts, i)));
    }
    // The later of two equal ones stays
    struct dm_alert changed = *dm_alerts_at(clone, 0);
    changed.state = DM_ALERT_RESOLVED;
    struct dm_buf json;
    dm_buf_init(&json, 65536);
    CHECK_INT(dm_alert_encode(&changed, &json), DM_OK);
    CHECK_INT(dm_alerts_decode(scene.alerts, dm_buf_str(&json)), DM_OK);
    dm_buf_done(&json);
    CHECK_INT((int64_t)dm_alerts_count(scene.alerts), 2);
    CHECK_INT(dm_alerts_at(scene.alerts, 0)->state, DM_ALERT_RESOLVED);
    dm_alerts_free(clone);
}

static void
what_is_no_alert_is_refused(void)
{
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"identity\":\"i\",\"rule\":\"r\",\"state\":\"firing\"}",
        "{\"identity\":\"i\",\"rule\":\"r\",\"state\":\"odd\",\"labels\":"
        "{\"alertname\":\"r\"}}",
        "{\"identity\":1,\"rule\":\"r\",\"state\":\"firing\",\"labels\":"
        "{\"alertname\":\"r\"}}",
        "{\"identity\":\"i\",\"rule\":\"r\",\"state\":\"firing\",\"labels\":"
        "{\"alertname\":1}}",
    };
    struct dm_alerts *alerts = dm_alerts_new();
    CHECK(alerts);
    for (size_t i = 0; i < DM_COUNT_OF(texts); ++i) {
        CHECK_INT(dm_alerts_decode(alerts, dm_str(texts[i])), DM_ERR_SYNTAX);
    }
    CHECK_INT((int64_t)dm_alerts_count(alerts), 0);
    dm_alerts_free(alerts);
}

static void
every_failed_allocation_of_a_form_is_a_status(void)
{
    set_up();
    row_of_shop(T0);
    play(T0);
    struct dm_buf json;
    dm_buf_init(&json, 65536);
    CHECK_INT(dm_alert_encode(only(), &json), DM_OK);
    for (size_t n = 0;; ++n) {
        dm_alloc_fail_after(n);
        struct dm_alerts *clone = dm_alerts_clone(scene.alerts);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        if (clone) {
            CHECK(n > 1);
            dm_alerts_free(clone);
            break;
        }
    }
    struct dm_alerts *decoded = dm_alerts_new();
    CHECK(decoded);
    enum dm_status status = DM_ERR_NO_MEMORY;
    for (size_t n = 0; status; ++n) {
        dm_alloc_fail_after(n);
        status = dm_alerts_decode(decoded, dm_buf_str(&json));
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        CHECK(!status || status == DM_ERR_NO_MEMORY);
    }
    CHECK_INT((int64_t)dm_alerts_count(decoded), 1);
    CHECK(is_same(dm_alerts_at(decoded, 0), only()));
    dm_alerts_free(decoded);
    dm_buf_done(&json);
}

int
main(void)
{
    the_fingerprint_is_the_one_of_alertmanager();
    what_is_encoded_or_cloned_is_the_same();
    what_is_no_alert_is_refused();
    every_failed_allocation_of_a_form_is_a_status();
    dm_alerts_free(scene.alerts);
    return 0;
}
