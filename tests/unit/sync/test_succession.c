// SPDX-License-Identifier: ISC

#include "sync/succession.h"

#include "sync/block.h"
#include "tests/check.h"
#include "tests/unit/quadstore/fixture.h"

static const uint8_t old_log[DM_KEY_PUBLIC_BYTES] = {1};
static const uint8_t other_log[DM_KEY_PUBLIC_BYTES] = {2};

static bool
keep(struct fixture *fixture, const uint8_t *log, struct dm_str block)
{
    struct dm_txn *txn = begin(fixture);
    bool is_new = false;
    CHECK_INT(dm_succession_keep(txn, &fixture->env, log, block, &is_new),
              DM_OK);
    commit(txn);
    return is_new;
}

static void
the_first_one_stays(void)
{
    struct fixture fixture;
    struct dm_str found;
    fixture_init(&fixture, false);
    CHECK(keep(&fixture, old_log, dm_str("first")));
    CHECK(!keep(&fixture, old_log, dm_str("second")));
    CHECK(!keep(&fixture, old_log, dm_str("first")));
    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    CHECK_INT(dm_succession_find(snapshot, old_log, &found), DM_OK);
    CHECK(dm_str_is(found, "first"));
    CHECK_INT(dm_succession_find(snapshot, other_log, &found),
              DM_ERR_NOT_FOUND);
    dm_snapshot_close(snapshot);
    fixture_done(&fixture);
}

static void
each_log_has_its_own(void)
{
    struct fixture fixture;
    struct dm_str found;
    fixture_init(&fixture, false);
    CHECK(keep(&fixture, old_log, dm_str("one")));
    CHECK(keep(&fixture, other_log, dm_str("two")));
    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    CHECK_INT(dm_succession_find(snapshot, other_log, &found), DM_OK);
    CHECK(dm_str_is(found, "two"));
    dm_snapshot_close(snapshot);
    fixture_done(&fixture);
}

// What a transaction that did not come to pass kept is not known
static void
nothing_is_kept_without_commit(void)
{
    struct fixture fixture;
    struct dm_str found;
    bool is_new = false;
    fixture_init(&fixture, false);
    struct dm_txn *txn = begin(&fixture);
    CHECK_INT(dm_succession_keep(txn, &fixture.env, old_log, dm_str("block"),
                                 &is_new),
              DM_OK);
    dm_txn_rollback(txn);
    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    CHECK_INT(dm_succession_find(snapshot, old_log, &found), DM_ERR_NOT_FOUND);
    dm_snapshot_close(snapshot);
    fixture_done(&fixture);
}

int
main(void)
{
    the_first_one_stays();
    each_log_has_its_own();
    nothing_is_kept_without_commit();
    return 0;
}
