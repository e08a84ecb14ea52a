// SPDX-License-Identifier: ISC

// Whole logs: blocks, of which the last is Head, and a record of it.

#include "base/buf.h"
#include "sync/audit.h"
#include "sync/block.h"
#include "sync/record.h"
#include "tests/check.h"
#include "tests/fuzz/blocks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STEPS_MAX 10000U

static enum dm_status
find(void *context, const struct dm_cid *cid, struct dm_str *ret)
{
    const struct fuzz_blocks *const blocks = context;
    for (size_t i = 0; i < blocks->n; ++i) {
        if (dm_cid_equal(&blocks->all[i].cid, cid)) {
            *ret = blocks->all[i].data;
            return DM_OK;
        }
    }
    return DM_ERR_NOT_FOUND;
}

static void
run(struct fuzz_blocks *blocks, struct dm_str record)
{
    const struct dm_audit_spec spec = {.log = dm_key_public(blocks->key),
                                       .record = record,
                                       .find = find,
                                       .context = blocks};
    struct dm_audit *const audit = dm_audit_new(&spec);
    CHECK(audit);
    enum dm_status status = DM_OK;
    for (unsigned i = 0; !status; ++i) {
        CHECK(i < STEPS_MAX);
        status = dm_audit_step(audit);
    }
    const struct dm_audit_report *const report = dm_audit_report(audit);
    CHECK(status == DM_END || status == DM_ERR_LIMIT);
    CHECK(!report->verdict || report->error.what[0]);
    CHECK(status != DM_END || report->verdict ||
          report->entries == report->tip - report->first + 1);
    dm_audit_free(audit);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_blocks blocks;
    fuzz_blocks_read(dm_str_n(size ? (const char *)data : NULL, size), &blocks);
    struct dm_wire_head head;
    struct dm_buf record;
    dm_buf_init(&record, DM_RECORD_MAX);
    if (blocks.n && blocks.all[blocks.n - 1].kind != FUZZ_RAW &&
        !dm_wire_head_read(blocks.all[blocks.n - 1].data, &head, NULL)) {
        CHECK_INT(dm_record_write(blocks.key, &blocks.all[blocks.n - 1].cid,
                                  head.seq, 0, 0, &record),
                  DM_OK);
        run(&blocks, dm_buf_str(&record));
    }
    dm_buf_done(&record);
    fuzz_blocks_done(&blocks);
    return 0;
}
