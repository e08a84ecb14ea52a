// SPDX-License-Identifier: ISC

#include "net/address.h"

#include "tests/check.h"

#include <string.h>

static void
good_addresses_come_back_canonical(void)
{
    static const char *const pairs[][2] = {
        {"127.0.0.1", "127.0.0.1"},
        {"255.255.255.255", "255.255.255.255"},
        {"::1", "::1"},
        {"2001:DB8:0:0:0:0:0:7", "2001:db8::7"},
        {"fe80::1%3", "fe80::1%3"},
        {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
    };
    for (size_t i = 0; i < DM_COUNT_OF(pairs); ++i) {
        struct dm_address address;
        char text[DM_ADDRESS_SIZE];
        CHECK(dm_address_parse(dm_str(pairs[i][0]), &address));
        dm_address_format(&address, text);
        CHECK(!strcmp(text, pairs[i][1]));
        struct dm_address again;
        CHECK(dm_address_parse(dm_str(text), &again));
        CHECK(dm_address_equal(&address, &again));
    }
}

static void
bad_addresses_are_refused(void)
{
    static const char *const texts[] = {
        "",
        "1.2.3",
        "1.2.3.4.5",
        "256.1.1.1",
        "localhost",
        "[::1]",
        "::1%",
        "::1%eth0",
        "1.2.3.4%1",
        "1.2.3.4 ",
        ":::",
        "::1%-1",
        "%1",
        "1::2::3",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd:eeee",
    };
    for (size_t i = 0; i < DM_COUNT_OF(texts); ++i) {
        struct dm_address address;
        CHECK(!dm_address_parse(dm_str(texts[i]), &address));
    }
    struct dm_address address;
    CHECK(!dm_address_parse(dm_str_n("1.2.3.4\0", 8), &address));
}

static void
loopback_is_known_in_all_its_forms(void)
{
    static const struct {
        const char *text;
        bool is_loopback;
    } cases[] = {
        {"127.0.0.1", true},
        {"127.255.255.254", true},
        {"128.0.0.1", false},
        {"::1", true},
        {"::2", false},
        {"::ffff:127.0.0.1", true},
        {"::ffff:10.0.0.1", false},
        {"::", false},
        {"0.0.0.0", false},
    };
    for (size_t i = 0; i < DM_COUNT_OF(cases); ++i) {
        struct dm_address address;
        CHECK(dm_address_parse(dm_str(cases[i].text), &address));
        CHECK(dm_address_is_loopback(&address) == cases[i].is_loopback);
    }
}

static void
who_can_know_an_address_is_told(void)
{
    static const struct {
        const char *text;
        bool is_any;
        bool is_link_local;
        bool is_public;
    } cases[] = {
        {"0.0.0.0", true, false, false},
        {"::", true, false, false},
        {"::ffff:0.0.0.0", true, false, false},
        {"127.0.0.1", false, false, false},
        {"::1", false, false, false},
        {"169.254.3.4", false, true, false},
        {"169.253.3.4", false, false, true},
        {"fe80::1%3", false, true, false},
        {"febf::1", false, true, false},
        {"fec0::1", false, false, true},
        {"10.0.0.1", false, false, false},
        {"172.16.0.1", false, false, false},
        {"172.31.255.1", false, false, false},
        {"172.32.0.1", false, false, true},
        {"192.168.1.1", false, false, false},
        {"::ffff:192.168.1.1", false, false, false},
        {"192.169.1.1", false, false, true},
        {"100.64.0.1", false, false, false},
        {"100.128.0.1", false, false, true},
        {"fd00::1", false, false, false},
        {"fc00::1", false, false, false},
        {"2001:db8::7", false, false, true},
    };
    for (size_t i = 0; i < DM_COUNT_OF(cases); ++i) {
        struct dm_address address;
        CHECK(dm_address_parse(dm_str(cases[i].text), &address));
        CHECK(dm_address_is_any(&address) == cases[i].is_any);
        CHECK(dm_address_is_link_local(&address) == cases[i].is_link_local);
        CHECK(dm_address_is_public(&address) == cases[i].is_public);
    }
}

static void
endpoints_are_written_as_people_do(void)
{
    struct dm_address address;
    struct dm_endpoint endpoint;
    char text[DM_ENDPOINT_SIZE];
    CHECK(dm_address_parse(dm_str("192.0.2.1"), &address));
    endpoint = dm_endpoint_ip(&address, 80);
    dm_endpoint_format(&endpoint, text);
    CHECK(!strcmp(text, "192.0.2.1:80"));
    CHECK(dm_address_parse(dm_str("fe80::1%4294967295"), &address));
    endpoint = dm_endpoint_ip(&address, 65535);
    dm_endpoint_format(&endpoint, text);
    CHECK(!strcmp(text, "[fe80::1%4294967295]:65535"));
    CHECK(dm_endpoint_unix(dm_str("/run/x"), &endpoint));
    dm_endpoint_format(&endpoint, text);
    CHECK(!strcmp(text, "unix:/run/x"));
}

static void
paths_fit_or_are_refused(void)
{
    char path[DM_UNIX_PATH_MAX + 1];
    struct dm_endpoint endpoint;
    memset(path, 'p', sizeof(path));
    CHECK(dm_endpoint_unix(dm_str_n(path, DM_UNIX_PATH_MAX), &endpoint));
    CHECK_INT((int64_t)strlen(endpoint.path), DM_UNIX_PATH_MAX);
    CHECK(!dm_endpoint_unix(dm_str_n(path, DM_UNIX_PATH_MAX + 1), &endpoint));
    CHECK(!dm_endpoint_unix(dm_str(""), &endpoint));
    CHECK(!dm_endpoint_unix(dm_str_n("a\0b", 3), &endpoint));
}

int
main(void)
{
    good_addresses_come_back_canonical();
    bad_addresses_are_refused();
    loopback_is_known_in_all_its_forms();
    who_can_know_an_address_is_told();
    endpoints_are_written_as_people_do();
    paths_fit_or_are_refused();
    return 0;
}
