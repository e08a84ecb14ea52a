// SPDX-License-Identifier: ISC

// The environment of the real machine

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/env.h"
#include "base/time.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define READ_CHUNK 16384U
#define PATH_BYTES_MAX 4096U // PATH_MAX of Linux
#define ENTRIES_MAX 65536U   // Of one directory
#define ENTRIES_BYTES_MAX ((size_t)16 * 1024 * 1024)
#define REASON_SIZE 128

struct dm_file_lock {
    int fd;
};

static enum dm_status
status_of(int code)
{
    switch (code) {
    case ENOENT:
    case ENOTDIR:
        return DM_ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return DM_ERR_PERMISSION;
    case EEXIST:
    case ENOTEMPTY:
        return DM_ERR_EXISTS;
    case ENOSPC:
    case EDQUOT:
        return DM_ERR_FULL;
    case ENOMEM:
        return DM_ERR_NO_MEMORY;
    case ENAMETOOLONG:
    case EISDIR:
        return DM_ERR_ARGUMENT;
    default:
        return DM_ERR_IO;
    }
}

// What the system said (errno) about `path`, as a status and for a person
static enum dm_status
system_error(struct dm_error *error, const char *what, const char *path)
{
    const int code = errno;
    char reason[REASON_SIZE] = "";
    if (strerror_r(code, reason, sizeof(reason))) {
        (void)snprintf(reason, sizeof(reason), "error %d", code);
    }
    (void)dm_error_set(error, status_of(code), "%s", what);
    dm_error_detail(error, "%s", reason);
    dm_error_where(error, dm_str(path), 0, 0);
    return status_of(code);
}

static int64_t
clock_ns(clockid_t clock)
{
    struct timespec now = {0};
    const int rc = clock_gettime(clock, &now);
    assert(rc == 0);
    return (int64_t)now.tv_sec * DM_NS_PER_SECOND + (int64_t)now.tv_nsec;
}

static int64_t
system_wall_ms(void *context)
{
    (void)context;
    return clock_ns(CLOCK_REALTIME) / DM_NS_PER_MS;
}

static int64_t
system_monotonic_ns(void *context)
{
    (void)context;
    return clock_ns(CLOCK_MONOTONIC);
}

static int64_t
system_boot_ns(void *context)
{
    (void)context;
    return clock_ns(CLOCK_BOOTTIME);
}

static void
system_random(void *context, void *bytes, size_t n)
{
    (void)context;
    char *next = bytes;
    while (n) {
        const ssize_t got = getrandom(next, n, 0);
        if (got < 0 && errno != EINTR) {
            (void)fputs("demonitor: the system gives no random numbers\n",
                        stderr);
            abort();
        }
        if (got > 0) {
            next += got;
            n -= (size_t)got;
        }
    }
}

static const char *
system_variable(void *context, const char *name)
{
    (void)context;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing of ours calls setenv()
    return getenv(name);
}

// Read `fd` to its end; the status of the system is in errno for DM_ERR_IO
static enum dm_status
read_all(int fd, struct dm_buf *buf)
{
    for (;;) {
        // One byte more than may be kept tells a full buffer from the end
        char one = 0;
        const size_t left = buf->max - buf->n;
        const size_t want = left < READ_CHUNK ? left : READ_CHUNK;
        char *room = left ? dm_buf_reserve(buf, want) : &one;
        if (!room) {
            return buf->status;
        }
        const ssize_t got = read(fd, room, left ? want : 1);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return DM_ERR_IO;
        }
        if (got == 0) {
            return DM_OK;
        }
        if (!left) {
            buf->status = DM_ERR_LIMIT;
            return DM_ERR_LIMIT;
        }
        buf->n += (size_t)got;
        buf->data[buf->n] = '\0';
    }
}

static enum dm_status
system_read(void *context, const char *path, struct dm_buf *buf,
            struct dm_error *error)
{
    (void)context;
    static const char what[] = "cannot read the file";
    if (buf->status) {
        return dm_error_set(error, buf->status, "%s", what);
    }

    // O_NONBLOCK: opening a pipe does not wait for its writer
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        return system_error(error, what, path);
    }

    enum dm_status status = DM_OK;
    const size_t before = buf->n;
    struct stat info;
    if (fstat(fd, &info)) {
        status = system_error(error, what, path);
        goto out;
    }
    if (!S_ISREG(info.st_mode)) {
        status = dm_error_set(error, DM_ERR_ARGUMENT, "%s", what);
        dm_error_detail(error, "it is not a regular file");
        dm_error_where(error, dm_str(path), 0, 0);
        goto out;
    }

    status = read_all(fd, buf);
    if (status == DM_ERR_IO) {
        status = system_error(error, what, path);
    } else if (status) {
        (void)dm_error_set(error, status, "%s", what);
        dm_error_detail(error, "%s", dm_status_text(status));
        if (status == DM_ERR_LIMIT) {
            dm_error_hint(error, "at most %zu bytes are read", buf->max);
        }
        dm_error_where(error, dm_str(path), 0, 0);
    }
    if (status && buf->data) {
        buf->n = before;
        buf->data[before] = '\0';
    }

out:
    (void)close(fd);
    return status;
}

// Length of the part of `path` that names its directory, with the last '/'
static size_t
directory_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

// A name that nobody has, in the directory of `path`
static bool
name_temporary(const char *path, char name[PATH_BYTES_MAX])
{
    uint64_t number = 0;
    system_random(NULL, &number, sizeof(number));
    const size_t n = directory_length(path);
    if (n >= PATH_BYTES_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    const int written =
        snprintf(name, PATH_BYTES_MAX, "%.*s.dm-%016" PRIx64 ".tmp", (int)n,
                 path, number);
    if (written < 0 || (size_t)written >= PATH_BYTES_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    return true;
}

static bool
write_all(int fd, struct dm_str data)
{
    while (data.n) {
        const ssize_t written = write(fd, data.data, data.n);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        if (written > 0) {
            data = dm_str_slice(data, (size_t)written, data.n);
        }
    }
    return true;
}

// Make the new file under `name`, finished and closed; errno says why not
static bool
fill_temporary(const char *name, struct dm_str data, uint32_t mode,
               bool is_durable)
{
    const int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }
    if (fchmod(fd, (mode_t)mode) || !write_all(fd, data) ||
        (is_durable && fsync(fd))) {
        const int code = errno;
        (void)close(fd);
        (void)unlink(name);
        errno = code;
        return false;
    }
    if (close(fd)) {
        const int code = errno;
        (void)unlink(name);
        errno = code;
        return false;
    }
    return true;
}

// Give the finished file its name; errno says why not. The temporary name is
// gone in any case.
static bool
move_into_place(const char *name, const char *path, bool is_exclusive)
{
    if (!is_exclusive && rename(name, path) == 0) {
        return true;
    }
    const bool is_there = is_exclusive && link(name, path) == 0;
    const int code = errno;
    (void)unlink(name);
    errno = code;
    return is_there;
}

// Make the new name in the directory of `path` durable; `name` is room for it
static bool
sync_directory(const char *path, char name[PATH_BYTES_MAX])
{
    const size_t n = directory_length(path);
    (void)snprintf(name, PATH_BYTES_MAX, "%.*s", (int)n, path);
    const int fd = open(n ? name : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    const bool is_durable = fsync(fd) == 0;
    const int code = errno;
    (void)close(fd);
    errno = code;
    return is_durable;
}

static enum dm_status
system_write(void *context, const char *path, struct dm_str data, uint32_t mode,
             unsigned flags, struct dm_error *error)
{
    (void)context;
    const bool is_durable = flags & DM_WRITE_DURABLE;
    const bool is_exclusive = flags & DM_WRITE_EXCLUSIVE;
    char name[PATH_BYTES_MAX];
    if (!name_temporary(path, name) ||
        !fill_temporary(name, data, mode, is_durable) ||
        !move_into_place(name, path, is_exclusive) ||
        (is_durable && !sync_directory(path, name))) {
        return system_error(error, "cannot write the file", path);
    }
    return DM_OK;
}

static enum dm_status
system_info(void *context, const char *path, struct dm_file_info *ret)
{
    (void)context;
    struct stat info;
    if (stat(path, &info)) {
        return status_of(errno);
    }
    *ret = (struct dm_file_info){
        .kind = S_ISREG(info.st_mode)   ? DM_FILE_REGULAR
                : S_ISDIR(info.st_mode) ? DM_FILE_DIRECTORY
                                        : DM_FILE_OTHER,
        .mode = (uint32_t)info.st_mode & 07777U,
        .size = (uint64_t)info.st_size,
        .modified_ms = (int64_t)info.st_mtim.tv_sec * DM_MS_PER_SECOND +
                       (int64_t)info.st_mtim.tv_nsec / DM_NS_PER_MS,
    };
    return DM_OK;
}

struct names {
    struct dm_arena arena;
    struct dm_str *list;
    size_t n;
    size_t capacity;
};

static enum dm_status
collect_names(DIR *directory, struct names *names)
{
    for (;;) {
        errno = 0;
        // NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is ours alone
        const struct dirent *entry = readdir(directory);
        if (!entry) {
            return errno ? status_of(errno) : DM_OK;
        }
        const struct dm_str name = dm_str(entry->d_name);
        if (dm_str_is(name, ".") || dm_str_is(name, "..")) {
            continue;
        }
        if (names->n == ENTRIES_MAX) {
            return DM_ERR_LIMIT;
        }
        struct dm_str *list = dm_grow(names->list, &names->capacity,
                                      names->n + 1, sizeof(*list), ENTRIES_MAX);
        if (!list) {
            return DM_ERR_NO_MEMORY;
        }
        names->list = list;
        list[names->n] = dm_arena_copy(&names->arena, name);
        if (!list[names->n].data) {
            return DM_ERR_NO_MEMORY;
        }
        ++names->n;
    }
}

static int
compare_names(const void *a, const void *b)
{
    return dm_str_compare(*(const struct dm_str *)a, *(const struct dm_str *)b);
}

static enum dm_status
system_list(void *context, const char *path, dm_dir_entry_fn on_entry,
            void *entry_context)
{
    (void)context;
    DIR *directory = opendir(path);
    if (!directory) {
        return status_of(errno);
    }

    struct names names = {.n = 0};
    dm_arena_init(&names.arena, ENTRIES_BYTES_MAX, NULL);
    enum dm_status status = collect_names(directory, &names);
    (void)closedir(directory);
    if (!status && names.n) {
        qsort(names.list, names.n, sizeof(*names.list), compare_names);
    }
    for (size_t i = 0; !status && i < names.n; ++i) {
        status = on_entry(entry_context, names.list[i]);
    }
    dm_free(names.list);
    dm_arena_done(&names.arena);
    return status;
}

static enum dm_status
make_one_directory(const char *path, uint32_t mode)
{
    if (mkdir(path, (mode_t)mode) == 0) {
        return DM_OK;
    }
    const int code = errno;
    struct stat info;
    if (stat(path, &info) == 0) {
        return S_ISDIR(info.st_mode) ? DM_OK : DM_ERR_EXISTS;
    }
    return status_of(code);
}

static enum dm_status
system_make_directory(void *context, const char *path, uint32_t mode)
{
    (void)context;
    const size_t n = strlen(path);
    char part[PATH_BYTES_MAX];
    if (n == 0 || n >= sizeof(part)) {
        return DM_ERR_ARGUMENT;
    }
    memcpy(part, path, n + 1);
    for (size_t i = 1; i < n; ++i) {
        if (part[i] != '/' || part[i - 1] == '/') {
            continue;
        }
        part[i] = '\0';
        const enum dm_status status = make_one_directory(part, mode);
        part[i] = '/';
        if (status) {
            return status;
        }
    }
    return make_one_directory(part, mode);
}

static enum dm_status
system_remove(void *context, const char *path)
{
    (void)context;
    return remove(path) ? status_of(errno) : DM_OK;
}

static enum dm_status
system_lock(void *context, const char *path, struct dm_file_lock **ret)
{
    (void)context;
    struct dm_file_lock *lock = dm_calloc(1, sizeof(*lock));
    if (!lock) {
        return DM_ERR_NO_MEMORY;
    }
    lock->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
    if (lock->fd < 0) {
        const enum dm_status status = status_of(errno);
        dm_free(lock);
        return status;
    }
    while (flock(lock->fd, LOCK_EX | LOCK_NB)) {
        if (errno == EINTR) {
            continue;
        }
        const enum dm_status status =
            errno == EWOULDBLOCK ? DM_ERR_BUSY : status_of(errno);
        (void)close(lock->fd);
        dm_free(lock);
        return status;
    }
    *ret = lock;
    return DM_OK;
}

static void
system_unlock(void *context, struct dm_file_lock *lock)
{
    (void)context;
    if (lock) {
        (void)close(lock->fd);
        dm_free(lock);
    }
}

static const struct dm_env_ops system_ops = {
    .wall_ms = system_wall_ms,
    .monotonic_ns = system_monotonic_ns,
    .boot_ns = system_boot_ns,
    .random = system_random,
    .variable = system_variable,
    .read = system_read,
    .write = system_write,
    .info = system_info,
    .list = system_list,
    .make_directory = system_make_directory,
    .remove = system_remove,
    .lock = system_lock,
    .unlock = system_unlock,
};

void
dm_env_init_system(struct dm_env *env, struct dm_log *log)
{
    *env = (struct dm_env){.ops = &system_ops, .log = log};
}
