// SPDX-License-Identifier: ISC

// Questions to the own machine, asked by libuv's threads, since a dead file
// system makes who asks it wait

#include "base/alloc.h"
#include "base/buf.h"
#include "net/real_private.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/if.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define READ_CHUNK 16384U

// Belongs to the loop but for what `look` reads and writes, which is the
// thread's until on_looked
struct dm_system_read {
    struct dm_uv_system *system;
    struct dm_system_read *next; // Of those with an asker
    struct dm_system_read *before;
    dm_system_fn done; // NULL: nobody waits for it any more
    void *context;
    struct dm_timer timer;
    uv_work_t work;

    enum dm_system_kind kind;
    enum dm_status status;
    struct dm_buf bytes;
    struct dm_system_space space;
    char path[];
};

struct dm_uv_system {
    struct dm_system table;
    struct dm_uv *uv;
    struct dm_system_read *all;
    size_t n; // Those that hang too
    size_t max;
};

static enum dm_status
read_file(struct dm_system_read *read_, int fd)
{
    for (;;) {
        const size_t room = read_->bytes.max - read_->bytes.n;
        // One byte more than fits tells whether the file ends there
        char probe = 0;
        char *to = &probe;
        size_t n_wanted = 1;
        if (room) {
            n_wanted = room < READ_CHUNK ? room : READ_CHUNK;
            to = dm_buf_reserve(&read_->bytes, n_wanted);
            if (!to) {
                return DM_ERR_NO_MEMORY;
            }
        }
        const ssize_t n = read(fd, to, n_wanted);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return DM_ERR_IO;
        }
        if (n == 0) {
            return DM_OK;
        }
        if (!room) {
            return DM_ERR_LIMIT;
        }
        read_->bytes.n += (size_t)n;
        read_->bytes.data[read_->bytes.n] = '\0';
    }
}

static enum dm_status
look_at_file(struct dm_system_read *read_)
{
    const int fd = open(read_->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return dm_uv_status(-errno);
    }
    const enum dm_status status = read_file(read_, fd);
    (void)close(fd);
    return status;
}

static enum dm_status
look_at_space(struct dm_system_read *read_)
{
    struct statvfs info;
    if (statvfs(read_->path, &info)) {
        return dm_uv_status(-errno);
    }
    const uint64_t unit = info.f_frsize ? info.f_frsize : info.f_bsize;
    read_->space.total_bytes = info.f_blocks * unit;
    read_->space.free_bytes = info.f_bfree * unit;
    read_->space.available_bytes = info.f_bavail * unit;
    read_->space.total_files = info.f_files;
    read_->space.free_files = info.f_ffree;
    return DM_OK;
}

static enum dm_status
put_address(struct dm_buf *bytes, const struct ifaddrs *one,
            enum dm_family family)
{
    struct dm_endpoint endpoint;
    if (!one->ifa_addr || !(one->ifa_flags & IFF_UP) ||
        !dm_endpoint_from_system(one->ifa_addr, &endpoint) ||
        endpoint.address.family != family ||
        dm_address_is_loopback(&endpoint.address) ||
        dm_address_is_link_local(&endpoint.address)) {
        return DM_OK;
    }
    char text[DM_ADDRESS_SIZE];
    dm_address_format(&endpoint.address, text);
    return dm_buf_printf(bytes, "%s\n", text);
}

static enum dm_status
look_at_addresses(struct dm_system_read *read_)
{
    static const enum dm_family families[] = {DM_FAMILY_4, DM_FAMILY_6};
    struct ifaddrs *all = NULL;
    enum dm_status status = DM_OK;
    if (getifaddrs(&all)) {
        return dm_uv_status(-errno);
    }
    for (size_t i = 0; i < DM_COUNT_OF(families); ++i) {
        for (const struct ifaddrs *one = all; one && !status;
             one = one->ifa_next) {
            status = put_address(&read_->bytes, one, families[i]);
        }
    }
    freeifaddrs(all);
    return status;
}

// In a thread of libuv
static void
look(uv_work_t *work)
{
    struct dm_system_read *read_ = work->data;
    switch (read_->kind) {
    case DM_SYSTEM_FILE:
        read_->status = look_at_file(read_);
        break;
    case DM_SYSTEM_SPACE:
        read_->status = look_at_space(read_);
        break;
    case DM_SYSTEM_ADDRESSES:
        read_->status = look_at_addresses(read_);
        break;
    }
}

static void
free_read(struct dm_system_read *read_)
{
    --read_->system->n;
    dm_buf_done(&read_->bytes);
    dm_free(read_);
}

// Nobody waits any more; the thread may still be at it
static void
let_go(struct dm_system_read *read_)
{
    struct dm_uv_system *system = read_->system;
    dm_loop_timer_stop(&system->uv->loop, &read_->timer);
    read_->done = NULL;
    if (read_->before) {
        read_->before->next = read_->next;
    } else {
        system->all = read_->next;
    }
    if (read_->next) {
        read_->next->before = read_->before;
    }
}

static void
on_looked(uv_work_t *work, int status)
{
    struct dm_system_read *read_ = work->data;
    ++read_->system->uv->n_events;
    if (read_->done) {
        const struct dm_system_answer answer = {
            .status = status ? DM_ERR_CANCELLED : read_->status,
            .bytes = dm_buf_str(&read_->bytes),
            .space = read_->space,
        };
        dm_loop_timer_stop(&read_->system->uv->loop, &read_->timer);
        read_->done(read_->context, &answer);
        let_go(read_);
    }
    free_read(read_);
}

static void
on_timeout(void *context)
{
    struct dm_system_read *read_ = context;
    const struct dm_system_answer answer = {.status = DM_ERR_DEADLINE};
    read_->done(read_->context, &answer);
    let_go(read_);
    (void)uv_cancel((uv_req_t *)&read_->work); // Where no thread has it yet
}

static enum dm_status
start(void *self, const struct dm_system_question *question, dm_system_fn done,
      void *context, struct dm_system_read **ret)
{
    struct dm_uv_system *system = self;
    struct dm_loop *loop = &system->uv->loop;
    const size_t n = strlen(question->path);
    if (system->n == system->max) {
        return DM_ERR_LIMIT;
    }
    struct dm_system_read *read_ = dm_calloc(1, sizeof(*read_) + n + 1);
    if (!read_) {
        return DM_ERR_NO_MEMORY;
    }
    read_->system = system;
    read_->done = done;
    read_->context = context;
    read_->kind = question->kind;
    read_->work.data = read_;
    dm_buf_init(&read_->bytes, question->max);
    memcpy(read_->path, question->path, n);
    const int code =
        uv_queue_work(&system->uv->uv, &read_->work, look, on_looked);
    if (code) {
        dm_free(read_);
        return dm_uv_status(code);
    }
    ++system->n;
    read_->next = system->all;
    if (read_->next) {
        read_->next->before = read_;
    }
    system->all = read_;
    dm_loop_timer_start(loop, &read_->timer,
                        dm_loop_now_ns(loop) + question->timeout_ns, on_timeout,
                        read_);
    *ret = read_;
    return DM_OK;
}

static void
cancel(void *self, struct dm_system_read *read_)
{
    (void)self;
    let_go(read_);
    (void)uv_cancel((uv_req_t *)&read_->work);
}

struct dm_uv_system *
dm_uv_system_new(struct dm_uv *uv, size_t max)
{
    static const struct dm_system_ops ops = {.start = start, .cancel = cancel};
    struct dm_uv_system *system = dm_calloc(1, sizeof(*system));
    if (!system) {
        return NULL;
    }
    system->table.ops = &ops;
    system->table.self = system;
    system->uv = uv;
    system->max = max;
    return system;
}

void
dm_uv_system_free(struct dm_uv_system *system)
{
    if (!system) {
        return;
    }
    while (system->all) {
        cancel(system, system->all);
    }
    while (system->n) { // A thread that hangs cannot be ended
        (void)uv_run(&system->uv->uv, UV_RUN_ONCE);
    }
    dm_free(system);
}

const struct dm_system *
dm_uv_system_table(const struct dm_uv_system *system)
{
    return &system->table;
}
