// SPDX-License-Identifier: ISC

// Programs on libuv
//
//     RUNNING --time is over--> ASKED (TERM) --grace--> KILLED --grace--> given
//     up
//        |                         |                      |
//        +-------------------------+----------------------+--exit--> DRAINING
//
// A program whose asker has gone (cancelled, or given up because not even KILL
// ends it) stays until it has ended, so that it leaves no zombie.

#include "base/alloc.h"
#include "base/buf.h"
#include "net/real_private.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#define READ_SIZE 65536U
#define FAREWELL_MS 200 // How long free waits for killed programs to end

enum state {
    RUNNING,
    ASKED,
    KILLED,
    DRAINING,
    ORPHANED,
};

struct output {
    struct dm_process *process;
    uv_pipe_t pipe;
    struct dm_buf bytes;
    bool is_cut;
    bool is_open; // Its end is to come
};

struct dm_process {
    struct dm_uv_processes *processes;
    struct dm_process *next;
    struct dm_process *before;
    dm_process_fn done;
    void *context;
    enum state state;
    uv_process_t process;
    struct output outputs[2]; // Standard output, standard error
    unsigned n_handles;       // Of libuv, not yet closed
    bool has_ended;           // Or was never started
    bool is_closing;
    struct dm_timer timer;
    int64_t start_ns;
    int64_t grace_ns;
    struct dm_process_result result;
};

struct dm_uv_processes {
    struct dm_processes table;
    struct dm_uv *uv;
    struct dm_process *all;
    size_t n;
    size_t max;
    char read[READ_SIZE]; // For all: a read is handled before the next
};

static struct dm_loop *
loop_of(const struct dm_process *process)
{
    return &process->processes->uv->loop;
}

static void
free_process(struct dm_process *process)
{
    struct dm_uv_processes *processes = process->processes;
    if (process->before) {
        process->before->next = process->next;
    } else {
        processes->all = process->next;
    }
    if (process->next) {
        process->next->before = process->before;
    }
    --processes->n;
    dm_buf_done(&process->outputs[0].bytes);
    dm_buf_done(&process->outputs[1].bytes);
    dm_free(process);
}

static void
on_handle_closed(uv_handle_t *handle)
{
    struct dm_process *process = handle->data;
    --process->n_handles;
    if (!process->n_handles) {
        free_process(process);
    }
}

static void
on_pipe_closed(uv_handle_t *handle)
{
    const struct output *output = handle->data;
    handle->data = output->process;
    on_handle_closed(handle);
}

static void
close_pipes(struct dm_process *process)
{
    for (size_t i = 0; i < DM_COUNT_OF(process->outputs); ++i) {
        struct output *output = &process->outputs[i];
        uv_handle_t *handle = (uv_handle_t *)&output->pipe;
        output->is_open = false;
        if (!uv_is_closing(handle)) {
            uv_close(handle, on_pipe_closed);
        }
    }
}

static void
close_all(struct dm_process *process)
{
    process->is_closing = true;
    close_pipes(process);
    uv_close((uv_handle_t *)&process->process, on_handle_closed);
}

// Nobody waits for it any more
static void
orphan(struct dm_process *process)
{
    dm_loop_timer_stop(loop_of(process), &process->timer);
    process->state = ORPHANED;
    process->done = NULL;
    if (process->has_ended) {
        close_all(process);
    } else {
        close_pipes(process);
    }
}

static void
complete(struct dm_process *process)
{
    struct dm_process_result *result = &process->result;
    result->output = dm_buf_str(&process->outputs[0].bytes);
    result->errors = dm_buf_str(&process->outputs[1].bytes);
    result->is_output_cut = process->outputs[0].is_cut;
    result->is_errors_cut = process->outputs[1].is_cut;
    dm_loop_timer_stop(loop_of(process), &process->timer);
    process->done(process->context, result);
    orphan(process);
}

static void
on_due(void *context)
{
    complete(context);
}

static void
complete_after(struct dm_process *process, int64_t wait_ns)
{
    struct dm_loop *loop = loop_of(process);
    dm_loop_timer_start(loop, &process->timer, dm_loop_now_ns(loop) + wait_ns,
                        on_due, process);
}

static bool
is_drained(const struct dm_process *process)
{
    return !process->outputs[0].is_open && !process->outputs[1].is_open;
}

static void
kill_group(const struct dm_process *process, int signal_number)
{
    (void)kill(-process->process.pid, signal_number);
}

static void
on_given_up(void *context)
{
    struct dm_process *process = context;
    struct dm_loop *loop = loop_of(process);
    process->result.end = DM_PROCESS_TIMED_OUT;
    process->result.signal = SIGKILL;
    process->result.elapsed_ns = dm_loop_now_ns(loop) - process->start_ns;
    complete(process);
}

static void
on_grace_over(void *context)
{
    struct dm_process *process = context;
    struct dm_loop *loop = loop_of(process);
    process->state = KILLED;
    kill_group(process, SIGKILL);
    dm_loop_timer_start(loop, &process->timer,
                        dm_loop_now_ns(loop) + process->grace_ns, on_given_up,
                        process);
}

static void
on_timeout(void *context)
{
    struct dm_process *process = context;
    struct dm_loop *loop = loop_of(process);
    process->state = ASKED;
    kill_group(process, SIGTERM);
    dm_loop_timer_start(loop, &process->timer,
                        dm_loop_now_ns(loop) + process->grace_ns, on_grace_over,
                        process);
}

static void
on_exit(uv_process_t *handle, int64_t code, int signal_number)
{
    struct dm_process *process = handle->data;
    struct dm_process_result *result = &process->result;
    ++process->processes->uv->n_events;
    process->has_ended = true;
    if (process->state == ORPHANED) {
        close_all(process);
        return;
    }
    result->elapsed_ns = dm_loop_now_ns(loop_of(process)) - process->start_ns;
    result->signal = signal_number;
    result->code = signal_number ? 0 : (int)code;
    if (process->state != RUNNING) {
        result->end = DM_PROCESS_TIMED_OUT;
    } else {
        result->end = signal_number ? DM_PROCESS_SIGNALED : DM_PROCESS_EXITED;
    }
    process->state = DRAINING;
    kill_group(process, SIGKILL); // Whom it left behind
    complete_after(process, is_drained(process) ? 0 : DM_PROCESS_DRAIN_NS);
}

static void
on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *ret)
{
    (void)wanted;
    const struct output *output = handle->data;
    ret->base = output->process->processes->read;
    ret->len = READ_SIZE;
}

static void
on_read(uv_stream_t *handle, ssize_t n, const uv_buf_t *buf)
{
    struct output *output = handle->data;
    struct dm_process *process = output->process;
    ++process->processes->uv->n_events;
    if (n > 0) {
        const struct dm_str bytes = {buf->base, (size_t)n};
        const struct dm_str part =
            dm_str_slice(bytes, 0, output->bytes.max - output->bytes.n);
        const enum dm_status status = dm_buf_put_str(&output->bytes, part);
        if (part.n < bytes.n || status) {
            output->is_cut = true;
        }
    } else if (n < 0) {
        output->is_open = false;
        (void)uv_read_stop(handle);
        if (process->state == DRAINING && is_drained(process)) {
            complete_after(process, 0);
        }
    }
}

static enum dm_process_end
end_of(int code, const char *directory)
{
    if (directory && access(directory, X_OK)) {
        return DM_PROCESS_NO_DIRECTORY;
    }
    switch (-code) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP:
        return DM_PROCESS_NOT_FOUND;
    case EACCES:
    case EPERM:
    case ENOEXEC:
    case EISDIR:
        return DM_PROCESS_NOT_EXECUTABLE;
    default:
        return DM_PROCESS_FAILED;
    }
}

static void
init_outputs(struct dm_process *process, size_t max_output)
{
    for (size_t i = 0; i < DM_COUNT_OF(process->outputs); ++i) {
        struct output *output = &process->outputs[i];
        output->process = process;
        dm_buf_init(&output->bytes, max_output);
        (void)uv_pipe_init(&process->processes->uv->uv, &output->pipe, 0);
        output->pipe.data = output;
        ++process->n_handles;
    }
}

// libuv takes strings it may write to, and does not
static char **
unconst(const char *const *strings)
{
    union {
        const char *const *in;
        char **out;
    } both = {.in = strings};
    return both.out;
}

static int
spawn(struct dm_process *process, const struct dm_process_spec *spec)
{
    uv_stdio_container_t stdio[3] = {{.flags = UV_IGNORE}};
    for (size_t i = 0; i < DM_COUNT_OF(process->outputs); ++i) {
        stdio[i + 1].flags =
            (uv_stdio_flags)(UV_CREATE_PIPE | UV_WRITABLE_PIPE);
        stdio[i + 1].data.stream = (uv_stream_t *)&process->outputs[i].pipe;
    }
    const uv_process_options_t options = {
        .exit_cb = on_exit,
        .file = spec->arguments[0],
        .args = unconst(spec->arguments),
        .env = unconst(spec->environment),
        .cwd = spec->directory,
        .flags = UV_PROCESS_DETACHED, // A session and group of its own
        .stdio_count = 3,
        .stdio = stdio,
    };
    process->process.data = process;
    ++process->n_handles;
    const int code =
        uv_spawn(&process->processes->uv->uv, &process->process, &options);
    for (size_t i = 0; i < DM_COUNT_OF(process->outputs) && !code; ++i) {
        struct output *output = &process->outputs[i];
        output->is_open =
            !uv_read_start((uv_stream_t *)&output->pipe, on_alloc, on_read);
    }
    return code;
}

static enum dm_status
start(void *self, const struct dm_process_spec *spec, dm_process_fn done,
      void *context, struct dm_process **ret)
{
    struct dm_uv_processes *processes = self;
    struct dm_loop *loop = &processes->uv->loop;
    if (processes->n == processes->max) {
        return DM_ERR_LIMIT;
    }
    struct dm_process *process = dm_calloc(1, sizeof(*process));
    if (!process) {
        return DM_ERR_NO_MEMORY;
    }
    process->processes = processes;
    process->done = done;
    process->context = context;
    process->grace_ns = spec->grace_ns;
    process->start_ns = dm_loop_now_ns(loop);
    ++processes->n;
    process->next = processes->all;
    if (process->next) {
        process->next->before = process;
    }
    processes->all = process;

    init_outputs(process, spec->max_output);
    const int code = spawn(process, spec);
    if (code) {
        process->has_ended = true;
        process->result.end = end_of(code, spec->directory);
        complete_after(process, 0);
    } else {
        dm_loop_timer_start(loop, &process->timer,
                            process->start_ns + spec->timeout_ns, on_timeout,
                            process);
    }
    *ret = process;
    return DM_OK;
}

static void
cancel(void *self, struct dm_process *process)
{
    (void)self;
    if (!process->has_ended) {
        kill_group(process, SIGKILL);
    }
    orphan(process);
}

// What whoever started us left open is not for the programs that we start; our
// own descriptors are opened like that
static void
keep_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    if (!directory) {
        return;
    }
    const struct dirent *entry = NULL;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is ours alone
    while ((entry = readdir(directory))) {
        uint64_t fd = 0;
        if (dm_str_to_uint(dm_str(entry->d_name), INT32_MAX, &fd) &&
            fd > STDERR_FILENO) {
            (void)fcntl((int)fd, F_SETFD, FD_CLOEXEC);
        }
    }
    (void)closedir(directory);
}

struct dm_uv_processes *
dm_uv_processes_new(struct dm_uv *uv, size_t max)
{
    static const struct dm_processes_ops ops = {.start = start,
                                                .cancel = cancel};
    struct dm_uv_processes *processes = dm_calloc(1, sizeof(*processes));
    if (!processes) {
        return NULL;
    }
    keep_descriptors();
    processes->table.ops = &ops;
    processes->table.self = processes;
    processes->uv = uv;
    processes->max = max;
    return processes;
}

static void
on_farewell(uv_timer_t *timer)
{
    (void)timer; // It only ends a wait
}

void
dm_uv_processes_free(struct dm_uv_processes *processes)
{
    if (!processes) {
        return;
    }
    struct dm_uv *uv = processes->uv;
    for (struct dm_process *process = processes->all; process;
         process = process->next) {
        if (process->done) {
            cancel(processes, process);
        }
    }
    (void)uv_timer_start(&uv->timer, on_farewell, FAREWELL_MS, 0);
    while (processes->n && uv_is_active((uv_handle_t *)&uv->timer)) {
        (void)uv_run(&uv->uv, UV_RUN_ONCE);
    }
    (void)uv_timer_stop(&uv->timer);
    for (struct dm_process *process = processes->all; process;
         process = process->next) {
        if (!process->is_closing) {
            close_all(process);
        }
    }
    while (processes->n) {
        (void)uv_run(&uv->uv, UV_RUN_NOWAIT);
    }
    dm_free(processes);
}

const struct dm_processes *
dm_uv_processes_table(const struct dm_uv_processes *processes)
{
    return &processes->table;
}
