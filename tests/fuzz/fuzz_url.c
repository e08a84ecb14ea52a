// SPDX-License-Identifier: ISC

// URLs, references, targets and forms from outside. What is accepted is written
// and read again, and must come back as the same.

#include "base/buf.h"
#include "base/error.h"
#include "net/address.h"
#include "net/url.h"
#include "tests/check.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_same(const struct dm_url *a, const struct dm_url *b)
{
    const struct dm_str slash = DM_STR("/");
    return dm_url_same_origin(a, b) && a->is_ip6 == b->is_ip6 &&
           dm_str_equal(a->path.n ? a->path : slash, b->path) &&
           dm_str_equal(a->query, b->query);
}

static void
try_url(struct dm_str text)
{
    struct dm_url url;
    struct dm_url again;
    struct dm_error error;
    struct dm_buf buf;
    if (dm_url_parse(text, &url, &error)) {
        CHECK(error.what[0]);
        return;
    }
    dm_buf_init(&buf, (size_t)2 * DM_URL_MAX);
    CHECK(!dm_url_format(&url, &buf));
    if (buf.n <= DM_URL_MAX) {
        CHECK(!dm_url_parse(dm_buf_str(&buf), &again, NULL));
        CHECK(is_same(&url, &again));
        CHECK(!again.userinfo.n);
    }
    dm_buf_done(&buf);
}

static void
try_reference(struct dm_str text)
{
    const struct dm_str base_text = DM_STR("http://user@a/b/c/d;p?q");
    struct dm_url base;
    struct dm_url url;
    struct dm_buf buf;
    CHECK(!dm_url_parse(base_text, &base, NULL));
    dm_buf_init(&buf, (size_t)4 * DM_URL_MAX);
    if (!dm_url_resolve(&base, text, &buf) && buf.n <= DM_URL_MAX) {
        CHECK(!dm_url_parse(dm_buf_str(&buf), &url, NULL));
    }
    dm_buf_done(&buf);
}

static void
try_target(struct dm_str text)
{
    struct dm_target target;
    if (!dm_target_parse(text, 0, &target, NULL)) {
        CHECK(target.is_unix ? target.path.n <= DM_UNIX_PATH_MAX
                             : target.host.n && target.port);
    }
}

static void
try_form(struct dm_str text)
{
    struct dm_str rest = text;
    struct dm_str name;
    struct dm_str value;
    struct dm_buf buf;
    dm_buf_init(&buf, 4096);
    while (dm_form_next(&rest, &name, &value)) {
        CHECK(name.n + value.n <= text.n);
    }
    const enum dm_status status = dm_form_get(text, "query", &buf);
    CHECK(status || buf.n <= text.n);
    dm_buf_done(&buf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct dm_str text = {size ? (const char *)data : NULL, size};
    try_url(text);
    try_reference(text);
    try_target(text);
    try_form(text);
    return 0;
}
