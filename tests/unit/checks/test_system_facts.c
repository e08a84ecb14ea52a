// SPDX-License-Identifier: ISC

#include "checks/system_facts.h"

#include "base/buf.h"
#include "tests/check.h"

static bool
is_near(double got, double want)
{
    return got > want - 1e-9 && got < want + 1e-9;
}

static void
memory_in_use_is_what_is_not_available(void)
{
    static const char text[] = "MemTotal:        8000 kB\nMemFree: 100 kB\n"
                               "MemAvailable:    6000 kB\nSwapTotal: 0 kB\n"
                               "SwapFree: 0 kB\n";
    double percent = -1;
    CHECK(dm_meminfo_used(dm_str(text), false, &percent));
    CHECK(is_near(percent, 25));
    CHECK(dm_meminfo_used(dm_str(text), true, &percent));
    CHECK(is_near(percent, 0)); // There is none
    CHECK(!dm_meminfo_used(dm_str("MemTotal: 8000 kB\n"), false, &percent));
    CHECK(!dm_meminfo_used(dm_str("MemTotal: x\nMemAvailable: 1\n"), false,
                           &percent));
    CHECK(!dm_meminfo_used(dm_str(""), true, &percent));
}

static void
loads_processors_and_uptime_are_numbers(void)
{
    double load[3] = {-1, -1, -1};
    CHECK(dm_loadavg_parse(dm_str("0.50 1.25 2.00 1/200 1234\n"), load));
    CHECK(is_near(load[0], 0.5) && is_near(load[1], 1.25) &&
          is_near(load[2], 2));
    CHECK(!dm_loadavg_parse(dm_str("0.50 1.25"), load));
    CHECK(!dm_loadavg_parse(dm_str("a b c"), load));
    CHECK(is_near(load[0], 0.5)); // As it was
    CHECK_INT(dm_stat_cpus(dm_str("cpu  1 2\ncpu0 1\ncpu1 1\nintr 5\n")), 2);
    CHECK_INT(dm_stat_cpus(dm_str("")), 1);
    double seconds = 0;
    CHECK(dm_uptime_parse(dm_str("350735.47 234388.90\n"), &seconds));
    CHECK(is_near(seconds, 350735.47));
    CHECK(!dm_uptime_parse(dm_str("\n"), &seconds));
}

static void
mounts_are_read_and_real_ones_known(void)
{
    struct dm_str text =
        dm_str("22 1 8:1 / / rw,relatime shared:1 - overlay /dev/sda1 rw\n"
               "broken line\n"
               "23 22 0:5 / /proc rw - proc proc rw\n"
               "36 35 98:0 /x /my\\040disk rw,noatime master:1 shared:2 - "
               "ext4 /dev/root rw\n"
               "37 35 0:40 / /net\\134x rw - nfs4 host:/ rw");
    static const struct {
        const char *device;
        const char *path;
        bool is_real;
    } want[] = {
        {"8:1", "/", true}, // Whatever lies there
        {"0:5", "/proc", false},
        {"98:0", "/my disk", true},
        {"0:40", "/net\\x", true},
    };
    struct dm_mount mount;
    struct dm_buf path;
    dm_buf_init(&path, 100);
    for (size_t i = 0; i < DM_COUNT_OF(want); ++i) {
        CHECK(dm_mountinfo_next(&text, &mount));
        dm_buf_clear(&path);
        dm_mount_path(&mount, &path);
        CHECK(dm_str_is(mount.device, want[i].device));
        CHECK(dm_str_is(dm_buf_str(&path), want[i].path));
        CHECK(dm_mount_is_real(&mount) == want[i].is_real);
    }
    CHECK(!dm_mountinfo_next(&text, &mount));
    dm_buf_done(&path);
}

int
main(void)
{
    memory_in_use_is_what_is_not_available();
    loads_processors_and_uptime_are_numbers();
    mounts_are_read_and_real_ones_known();
    return 0;
}
