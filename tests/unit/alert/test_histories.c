// SPDX-License-Identifier: ISC

// Random histories of one alert against a model that is simple enough to be
// believed (E1 to E5 of alert/evaluate.h).

#include "tests/unit/alert/rounds.h"

static uint64_t random_state;

static unsigned
below(unsigned n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1;
    return (unsigned)((random_state >> 33U) % n);
}

// What anybody would write down: one check, one rule without severities
struct model {
    enum { QUIET, PENDING, FIRING } state;
    int64_t first_ms;
    int64_t last_ms;
};

static char
model_round(struct model *model, bool has_row, bool is_fresh, int64_t now_ms)
{
    const struct dm_rule_def *rule = &scene.rule;
    if (has_row) {
        char change = '\0';
        if (model->state == QUIET) {
            model->first_ms = now_ms;
            model->state = PENDING;
            change = 'p';
        }
        model->last_ms = now_ms;
        if (model->state == PENDING &&
            now_ms >= model->first_ms + rule->for_ms) {
            model->state = FIRING;
            change = 'f';
        }
        return change;
    }
    if (model->state == QUIET) {
        return '\0';
    }
    const bool fires = model->state == FIRING;
    if (!is_fresh) {
        if (now_ms > model->last_ms + DM_KEEP_WITHOUT_DATA_MS) {
            model->state = QUIET;
            return 'g';
        }
        return '\0';
    }
    if (fires && now_ms < model->last_ms + rule->keep_firing_ms) {
        return '\0';
    }
    model->state = QUIET;
    return fires ? 'r' : 'g';
}

// The one change of a round but the end of resending, which is no incident
static char
change_of_round(void)
{
    char change = '\0';
    for (size_t i = 0; i < scene.n_log; ++i) {
        CHECK(change == '\0' || change == 'g');
        change = scene.log[i];
    }
    return change;
}

static bool
is_resolved_there(void)
{
    for (size_t i = 0; i < dm_alerts_count(scene.alerts); ++i) {
        if (dm_alerts_at(scene.alerts, i)->state == DM_ALERT_RESOLVED) {
            return true;
        }
    }
    return false;
}

// One step of a history. @return What was told.
static char
play_both(struct model *model, int64_t now_ms, int64_t *quiet_until)
{
    const bool has_row = below(3) == 0;
    const bool is_fresh = has_row || below(3) != 0;
    no_rows();
    scene.states[0].status = has_row    ? DM_RESULT_CRITICAL
                             : is_fresh ? DM_RESULT_OK
                                        : DM_RESULT_STALE;
    if (has_row) {
        row_of_shop(now_ms - SECOND);
    }
    const bool was_resolved = is_resolved_there();
    const char want = model_round(model, has_row, is_fresh, now_ms);
    play(now_ms);
    const char got = change_of_round();
    if (got == 'g' && want == '\0') { // The end of one that was resolved
        CHECK(was_resolved && now_ms > *quiet_until);
    } else {
        CHECK_INT(got, want);
    }
    if (want == 'r') {
        *quiet_until = now_ms + DM_RESEND_RESOLVED_MS;
    }
    return got;
}

static void
play_history(uint64_t seed)
{
    random_state = seed;
    set_up();
    scene.rule.for_ms = below(3) * MINUTE;
    scene.rule.keep_firing_ms = below(3) * MINUTE;
    struct model model = {QUIET, 0, 0};
    int64_t now = T0;
    int64_t quiet_until = INT64_MIN;
    int open = 0;
    for (int i = 0; i < 200; ++i) {
        now += below(10) ? below(90) * SECOND : below(30) * HOUR;
        const char got = play_both(&model, now, &quiet_until);
        // Each incident is told once as firing and once as its end
        open += got == 'f' ? 1 : got == 'r' ? -1 : 0;
        CHECK(open == 0 || open == 1);
        open = model.state == QUIET ? 0 : open; // It may have lapsed
        if (below(4) == 0) {
            restart();
        }
    }
}

static void
a_history_is_told_as_the_model_tells_it_whatever_restarts(void)
{
    for (uint64_t seed = 1; seed <= 200; ++seed) {
        play_history(seed);
    }
}

int
main(void)
{
    a_history_is_told_as_the_model_tells_it_whatever_restarts();
    dm_alerts_free(scene.alerts);
    return 0;
}
