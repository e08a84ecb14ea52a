// SPDX-License-Identifier: ISC

#ifndef DM_TESTS_UNIT_NET_CERTIFICATES_H
#define DM_TESTS_UNIT_NET_CERTIFICATES_H

/// Self-signed certificates of "site.test" (the good one also of 127.0.0.1) and
/// their keys, which guard nothing. The good one ends 2120-01-01, the other
/// ended 2021-01-01.

static const char good_certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBaDCCAQ2gAwIBAgIBAjAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlzaXRlLnRl\n"
    "c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM\n"
    "CXNpdGUudGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABAzCw/XRfGi4+UJZ\n"
    "auZ53hhqJPTs2qNB67dOARY5LXBs/+GowhXMb3GphYkvzV1d1khmJkCiICVdaCsH\n"
    "KW01NXyjTjBMMBoGA1UdEQQTMBGCCXNpdGUudGVzdIcEfwAAATAPBgNVHRMBAf8E\n"
    "BTADAQH/MB0GA1UdDgQWBBSpZrwc9gUSfpd5EqftK3/jzXp0gDAKBggqhkjOPQQD\n"
    "AgNJADBGAiEAjP1sSvQRiyD0Dw9A/UQqCXjHBzMCcU7c3BmqV+MNN0wCIQC/venR\n"
    "xpXVxMEU5DzHboKIXbTjz5rhdZO3jJcR9/1a/A==\n"
    "-----END CERTIFICATE-----\n";

static const char good_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/Xanktp+tQnmY/SJ\n"
    "ybaNAoHMHbgFMhyFl5Y7KFY7WtChRANCAAQMwsP10XxouPlCWWrmed4YaiT07Nqj\n"
    "Qeu3TgEWOS1wbP/hqMIVzG9xqYWJL81dXdZIZiZAoiAlXWgrByltNTV8\n"
    "-----END PRIVATE KEY-----\n";

static const char ended_certificate[] =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBEDCBtgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlzaXRlLnRlc3QwHhcN\n"
    "MjAwMTAxMDAwMDAwWhcNMjEwMTAxMDAwMDAwWjAUMRIwEAYDVQQDDAlzaXRlLnRl\n"
    "c3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASrW4Ti+wR9vmpzvp8Q5PcKY+lP\n"
    "CrGVZoYy6ZBySvpxOs9m7KwIkw4IqEcBTCa49kP/eYInv7LshtgmscFwEmcDMAoG\n"
    "CCqGSM49BAMCA0kAMEYCIQCbw6sRXTlrF+oZDz5CJmNkSM85n3ARDqql6bDTyAHH\n"
    "NwIhALIq7uOAxGCQmnTsybqUOwlJEF38IVUTCj+ihBgyIMAD\n"
    "-----END CERTIFICATE-----\n";

static const char ended_key[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/J39smmS+1vLojrL\n"
    "YEdUwCnUIfuSlpa6Mtq8mpqInBChRANCAASrW4Ti+wR9vmpzvp8Q5PcKY+lPCrGV\n"
    "ZoYy6ZBySvpxOs9m7KwIkw4IqEcBTCa49kP/eYInv7LshtgmscFwEmcD\n"
    "-----END PRIVATE KEY-----\n";

#endif // DM_TESTS_UNIT_NET_CERTIFICATES_H
