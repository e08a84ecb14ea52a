// SPDX-License-Identifier: ISC

// A base and a reference, a line each. What resolves has a scheme, has no dot
// segments unless the base's path was taken whole, and stays as it is when it
// is resolved again.

#include "base/buf.h"
#include "rdf/iri.h"
#include "tests/check.h"

#define TEXT_MAX ((size_t)1 << 20U)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct dm_str text = dm_str_n((const char *)data, size);
    const size_t line = dm_str_find(text, dm_str("\n"));
    const struct dm_str base = dm_str_slice(text, 0, line);
    const struct dm_str reference = dm_str_slice(text, line + 1, size);
    (void)dm_iri_is_absolute(reference);
    const struct dm_str name = dm_iri_relative(reference, base);
    CHECK(dm_str_ends(reference, name));
    CHECK(dm_str_ends(reference, dm_iri_local_name(reference)));
    if (!dm_iri_is_absolute(base) || !dm_iri_is_reference(reference)) {
        return 0;
    }

    struct dm_buf buf;
    struct dm_buf again;
    dm_buf_init(&buf, TEXT_MAX);
    dm_buf_init(&again, TEXT_MAX);
    CHECK(!dm_iri_resolve(base, reference, &buf));
    const struct dm_str iri = dm_buf_str(&buf);
    CHECK(dm_iri_is_absolute(iri));
    CHECK(!dm_iri_resolve(base, iri, &again));
    CHECK(dm_str_equal(iri, dm_buf_str(&again)));
    dm_buf_done(&buf);
    dm_buf_done(&again);
    return 0;
}
