// SPDX-License-Identifier: ISC

// What a Kubo answers: status line and type in the first two bytes, then the
// body. A name that is found in it is one that may be asked for.

#include "net/http.h"
#include "sync/kubo_private.h"
#include "tests/check.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned statuses[] = {200, 200, 200, 400, 403, 500, 204, 307};
    if (size < 2) {
        return 0;
    }
    const struct dm_str body = {(const char *)data + 2, size - 2};
    const struct dm_http_header headers[] = {
        {DM_STR("Content-Type"),
         dm_str(data[1] & 1U ? "application/json" : "text/plain")},
        {DM_STR("X-Stream-Error"), body},
    };
    const struct dm_http_response response = {
        .status = statuses[data[0] % DM_COUNT_OF(statuses)],
        .headers = headers,
        .n_headers = data[1] & 2U ? 2 : 1,
        .body = body,
        .body_bytes = body.n,
    };
    struct dm_kubo_answer answer;
    dm_kubo_answer_read(&response, &answer);
    CHECK((answer.verdict == DM_KUBO_GOOD) == (answer.text[0] == '\0'));
    CHECK(dm_str_is_utf8(dm_str(answer.text)));
    const struct dm_cid head = dm_cid_of(DM_CODEC_CBOR, dm_str("head"));
    struct dm_cid stray = head;
    (void)dm_kubo_is_imported(answer.body, 3, 300);
    (void)dm_kubo_is_there(answer.body, &head);
    (void)dm_kubo_is_pinned(answer.body, &head);
    (void)dm_kubo_is_put(answer.body, &head);
    if (dm_kubo_find_stray(answer.body, "demonitor k51", &head, &stray)) {
        CHECK(!dm_cid_equal(&stray, &head));
        char text[DM_CID_TEXT_SIZE];
        dm_cid_text(&stray, text);
        CHECK(dm_cid_from_text(dm_str(text), &stray));
    }
    return 0;
}
