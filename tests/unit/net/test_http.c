// SPDX-License-Identifier: ISC

// The words of HTTP and of outcomes

#include "net/http.h"

#include "net/process.h"
#include "tests/check.h"

#include <string.h>

static void
header_names_are_found_in_any_case(void)
{
    const struct dm_http_header headers[] = {
        {DM_STR("Content-Type"), DM_STR("text/html; charset=utf-8")},
        {DM_STR("X-A"), DM_STR("1")},
        {DM_STR("x-a"), DM_STR("2")},
    };
    CHECK(dm_str_is(dm_http_header_get(headers, 3, "x-A"), "1"));
    CHECK(!dm_http_header_get(headers, 3, "X-B").data);
    CHECK(!dm_http_header_get(NULL, 0, "X-A").data);
    CHECK(dm_http_type_is(headers[0].value, "text/html"));
    CHECK(!dm_http_type_is(headers[0].value, "text/htm"));
}

static void
what_would_forge_a_header_is_not_valid(void)
{
    static const struct {
        struct dm_http_header header;
        bool is_valid;
    } cases[] = {
        {{DM_STR("A"), DM_STR("b c\t\xC3\xBC")}, true},
        {{DM_STR("A"), DM_STR("")}, true},
        {{DM_STR(""), DM_STR("b")}, false},
        {{DM_STR("A B"), DM_STR("b")}, false},
        {{DM_STR("A:"), DM_STR("b")}, false},
        {{DM_STR("A\r\nB"), DM_STR("b")}, false},
        {{DM_STR("A"), DM_STR("b\nc")}, false},
        {{DM_STR("A"), DM_STR("b\rc")}, false},
        {{DM_STR("A"), DM_STR("b\0c")}, false},
        {{DM_STR("A"), DM_STR("\x7F")}, false},
    };
    for (size_t i = 0; i < DM_COUNT_OF(cases); ++i) {
        CHECK(dm_http_header_is_valid(&cases[i].header) == cases[i].is_valid);
    }
}

static void
statuses_have_their_phrase(void)
{
    CHECK(!strcmp(dm_http_reason(404), "Not Found"));
    CHECK(!strcmp(dm_http_reason(299), ""));
}

static void
an_outcome_is_one_line_of_whole_letters(void)
{
    struct dm_net_outcome outcome;
    dm_net_outcome_set(&outcome, DM_NET_TLS, "a\nb%s", "\x1B");
    CHECK_INT(outcome.failure, DM_NET_TLS);
    CHECK(!strcmp(outcome.text, "a?b?"));
    for (int n = DM_NET_TEXT_SIZE - 8; n < DM_NET_TEXT_SIZE + 2; ++n) {
        dm_net_outcome_set(&outcome, DM_NET_TLS, "%*s\xE2\x82\xAC\xE2\x82\xAC",
                           n, "");
        CHECK(dm_str_is_utf8(dm_str(outcome.text)));
        CHECK(!strchr(outcome.text, '?'));
    }
    dm_net_outcome_clear(&outcome);
    CHECK(!outcome.failure && !outcome.text[0]);
}

static void
every_kind_has_a_phrase_of_its_own(void)
{
    for (int i = DM_NET_OK; i <= DM_NET_CANCELLED; ++i) {
        for (int j = DM_NET_OK; j < i; ++j) {
            CHECK(strcmp(dm_net_failure_text((enum dm_net_failure)i),
                         dm_net_failure_text((enum dm_net_failure)j)) != 0);
        }
    }
    for (int i = DM_PROCESS_EXITED; i <= DM_PROCESS_FAILED; ++i) {
        for (int j = DM_PROCESS_EXITED; j < i; ++j) {
            CHECK(strcmp(dm_process_end_text((enum dm_process_end)i),
                         dm_process_end_text((enum dm_process_end)j)) != 0);
        }
    }
}

int
main(void)
{
    header_names_are_found_in_any_case();
    what_would_forge_a_header_is_not_valid();
    statuses_have_their_phrase();
    an_outcome_is_one_line_of_whole_letters();
    every_kind_has_a_phrase_of_its_own();
    return 0;
}
