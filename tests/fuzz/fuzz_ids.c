// SPDX-License-Identifier: ISC

// The first byte chooses a datatype, the rest is a lexical form: what is
// interned reads back the same. And eight bytes are an id: a value that it
// holds has no other one.

#include "tests/unit/quadstore/fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_term(struct dm_snapshot *snapshot, const struct dm_term *term)
{
    dm_id id = DM_ID_NONE;
    dm_id again = DM_ID_NONE;
    struct dm_term back;
    CHECK(!dm_snapshot_intern(snapshot, term, &id));
    CHECK(!dm_snapshot_term(snapshot, id, &back));
    CHECK(dm_term_equal(term, &back));
    CHECK(!dm_snapshot_intern(snapshot, &back, &again) && again == id);
}

static void
check_id(struct dm_snapshot *snapshot, dm_id id)
{
    struct dm_term term;
    dm_id again = DM_ID_NONE;
    if (id != DM_ID_NONE && dm_id_is_inline(id) &&
        !dm_snapshot_term(snapshot, id, &term)) {
        CHECK(!dm_snapshot_intern(snapshot, &term, &again) && again == id);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const datatypes[] = {
        DM_XSD_NS "integer", DM_XSD_NS "decimal", DM_XSD_NS "dateTime",
        DM_XSD_NS "boolean", DM_XSD_NS "double",  DM_XSD_NS "string",
    };
    static struct fixture fixture; // Kept: inputs change nothing in it
    if (size < 1) {
        return 0;
    }
    if (!fixture.store) {
        dm_log_no log = 0;
        fixture_init(&fixture, false);
        struct dm_txn *txn = begin(&fixture);
        CHECK(!dm_txn_log_number(txn, dm_str("ipns://k"), &log));
        commit(txn);
    }
    struct dm_snapshot *snapshot = snapshot_of(&fixture);
    const struct dm_str text = dm_str_n((const char *)data + 1, size - 1);
    const size_t which = data[0] % (DM_COUNT_OF(datatypes) + 1);
    if (which < DM_COUNT_OF(datatypes)) {
        const struct dm_term term =
            dm_term_literal(text, dm_str(datatypes[which]));
        check_term(snapshot, &term);
    } else {
        const struct dm_term term = dm_term_iri(text);
        check_term(snapshot, &term);
    }
    if (size >= sizeof(dm_id)) {
        dm_id id = DM_ID_NONE;
        memcpy(&id, data, sizeof(id));
        check_id(snapshot, id);
    }
    dm_snapshot_close(snapshot);
    return 0;
}
