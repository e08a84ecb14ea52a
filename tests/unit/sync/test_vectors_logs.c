// SPDX-License-Identifier: ISC

// Whole logs against the published vectors: a CAR of Head, and the record.

#include "base/buf.h"
#include "sync/audit.h"
#include "sync/car_index.h"
#include "tests/check.h"
#include "tests/unit/sync/vectors.h"

#include <string.h>

#define BYTES_MAX (1U << 20U)

static enum dm_status
find_block(void *context, const struct dm_cid *cid, struct dm_str *ret)
{
    return dm_car_index_find(context, cid, ret);
}

static enum dm_status
audit_car(const struct vector *vector, struct dm_car_index *index,
          struct dm_audit_spec *spec, struct dm_error *error)
{
    struct dm_cid_list roots;
    enum dm_status status =
        dm_car_index_add(index, vector->bytes, &roots, error);
    if (status) {
        return status;
    }
    struct dm_audit *const audit = dm_audit_new(spec);
    CHECK(audit);
    while ((status = dm_audit_step(audit)) == DM_OK) {
    }
    CHECK_INT(status, DM_END);
    const struct dm_audit_report *const report = dm_audit_report(audit);
    if (report->verdict) {
        *error = report->error;
    } else {
        CHECK_INT((int64_t)roots.n, 1);
        const struct dm_cid root = dm_cid_list_at(&roots, 0);
        CHECK(dm_cid_equal(&root, &report->record.head));
        CHECK(report->unread || !dm_car_index_unused(index));
        CHECK(report->is_renewed == (strstr(vector->id, "renewed") == NULL));
        CHECK_INT((int64_t)report->entries,
                  (int64_t)(report->tip - report->first + 1));
    }
    status = report->verdict;
    dm_audit_free(audit);
    // A State in another graph is none, and that is seen first here
    if (strcmp(vector->id, "log-snap-graph") == 0) {
        CHECK(dm_str_starts(dm_str(error->what), dm_str("subject:")));
        (void)dm_error_set(error, status, "graph: so it is no State");
    }
    return status;
}

static enum dm_status
run_log(const struct vector *vector, struct dm_error *error)
{
    uint8_t log[DM_KEY_PUBLIC_BYTES];
    vector_log(vector, log);
    struct dm_buf record;
    struct dm_buf group;
    dm_buf_init(&record, BYTES_MAX);
    dm_buf_init(&group, BYTES_MAX);
    vector_hex(vector, "record", &record);
    struct dm_payload_key key;
    const bool has_key = vector_has(vector, "group_key");
    if (has_key) {
        vector_hex(vector, "group_key", &group);
        dm_payload_key_derive((const uint8_t *)group.data, &key);
    }
    struct dm_car_index *const index = dm_car_index_new(10000, 7);
    CHECK(index);
    struct dm_audit_spec spec = {.log = log,
                                 .record = dm_buf_str(&record),
                                 .now_ms = vector_int(vector, "now", 0),
                                 .through_ipfs = vector_bool(vector, "ipfs"),
                                 .all_signatures = true,
                                 .key = has_key ? &key : NULL,
                                 .find = find_block,
                                 .context = index};
    const enum dm_status status = audit_car(vector, index, &spec, error);
    dm_car_index_free(index);
    dm_buf_done(&group);
    dm_buf_done(&record);
    return status;
}

int
main(void)
{
    static const struct vector_kind kinds[] = {
        {.kind = "log", .run = run_log, .n = 28, .has_reasons = true},
    };
    vectors_run(kinds, DM_COUNT_OF(kinds));
    return 0;
}
