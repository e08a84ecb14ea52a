// SPDX-License-Identifier: ISC

#include "checks/system_facts.h"

#include "base/buf.h"
#include "rdf/xsd.h"

static struct dm_str
take_line(struct dm_str *text)
{
    const size_t n = dm_str_find(*text, dm_str("\n"));
    const struct dm_str line = dm_str_slice(*text, 0, n);
    *text = dm_str_slice(*text, n + 1, text->n);
    return line;
}

static struct dm_str
take_word(struct dm_str *line)
{
    *line = dm_str_trim(*line);
    const size_t n = dm_str_find(*line, dm_str(" "));
    const struct dm_str word = dm_str_slice(*line, 0, n);
    *line = dm_str_slice(*line, n + 1, line->n);
    return word;
}

// The number behind "NAME:" in a file as /proc/meminfo
static bool
field(struct dm_str text, const char *name, double *ret)
{
    while (text.n) {
        struct dm_str line = take_line(&text);
        if (dm_str_is(take_word(&line), name)) {
            return dm_double_parse(take_word(&line), ret);
        }
    }
    return false;
}

bool
dm_meminfo_used(struct dm_str meminfo, bool swap, double *ret_percent)
{
    double total = 0;
    double available = 0;
    if (!field(meminfo, swap ? "SwapTotal:" : "MemTotal:", &total) ||
        !field(meminfo, swap ? "SwapFree:" : "MemAvailable:", &available)) {
        return false;
    }
    *ret_percent = total > 0 ? 100 * (total - available) / total : 0;
    return true;
}

bool
dm_loadavg_parse(struct dm_str loadavg, double ret[3])
{
    double load[3];
    for (size_t i = 0; i < DM_COUNT_OF(load); ++i) {
        if (!dm_double_parse(take_word(&loadavg), &load[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < DM_COUNT_OF(load); ++i) {
        ret[i] = load[i];
    }
    return true;
}

uint32_t
dm_stat_cpus(struct dm_str stat)
{
    static const struct dm_str cpu = DM_STR("cpu");
    uint32_t n = 0;
    while (stat.n) {
        struct dm_str line = take_line(&stat);
        const struct dm_str word = take_word(&line);
        if (dm_str_starts(word, cpu) && word.n > cpu.n) {
            ++n;
        }
    }
    return n ? n : 1;
}

bool
dm_uptime_parse(struct dm_str uptime, double *ret_seconds)
{
    return dm_double_parse(take_word(&uptime), ret_seconds);
}

bool
dm_mountinfo_next(struct dm_str *mountinfo, struct dm_mount *ret)
{
    while (mountinfo->n) {
        // 36 35 98:0 /root /mnt rw,noatime master:1 - ext3 /dev/root rw
        struct dm_str line = take_line(mountinfo);
        (void)take_word(&line);
        (void)take_word(&line);
        const struct dm_str device = take_word(&line);
        (void)take_word(&line);
        const struct dm_str path = take_word(&line);
        struct dm_str word = take_word(&line);
        while (word.n && !dm_str_is(word, "-")) {
            word = take_word(&line);
        }
        const struct dm_str type = take_word(&line);
        if (path.n && type.n) {
            *ret = (struct dm_mount){device, path, type};
            return true;
        }
    }
    return false;
}

bool
dm_mount_is_real(const struct dm_mount *mount)
{
    static const char *const types[] = {
        "ext2",    "ext3",     "ext4", "xfs",   "btrfs", "zfs",
        "f2fs",    "jfs",      "vfat", "exfat", "ntfs3", "fuseblk",
        "nfs",     "nfs4",     "cifs", "smb3",  "ceph",  "bcachefs",
        "hfsplus", "reiserfs", "ufs",  "nilfs2"};
    if (dm_str_is(mount->path, "/")) {
        return true;
    }
    for (size_t i = 0; i < DM_COUNT_OF(types); ++i) {
        if (dm_str_is(mount->type, types[i])) {
            return true;
        }
    }
    return false;
}

static bool
is_octal(char c)
{
    return c >= '0' && c <= '7';
}

void
dm_mount_path(const struct dm_mount *mount, struct dm_buf *buf)
{
    const struct dm_str path = mount->path;
    for (size_t i = 0; i < path.n; ++i) {
        if (path.data[i] == '\\' && i + 3 < path.n &&
            is_octal(path.data[i + 1]) && is_octal(path.data[i + 2]) &&
            is_octal(path.data[i + 3])) {
            const int c = (path.data[i + 1] - '0') * 64 +
                          (path.data[i + 2] - '0') * 8 +
                          (path.data[i + 3] - '0');
            (void)dm_buf_putc(buf, (char)(unsigned char)(c & 0xFF));
            i += 3;
        } else {
            (void)dm_buf_putc(buf, path.data[i]);
        }
    }
}
