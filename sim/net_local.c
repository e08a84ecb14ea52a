// SPDX-License-Identifier: ISC

// What needs one question and one answer: names, pings, programs, the system's
// figures; and watches.

#include "base/time.h"
#include "net/url.h"
#include "sim/disk.h"
#include "sim/net_private.h"

#include <assert.h>
#include <string.h>

#define OUTPUT_MAX ((size_t)4 << 20)
#define PROGRAM_RUNS_NS (10 * DM_NS_PER_MS)
#define SIGNAL_TERM 15
#define SIGNAL_KILL 9

// Names

struct dm_resolve {
    struct dm_sim_op op;
    dm_resolve_fn done;
    void *context;
    enum dm_family family;
    int64_t timeout_ns;
    char name[DM_HOST_MAX + 1];
};

static void
resolve_complete(struct dm_resolve *resolve, const struct dm_address *address,
                 const struct dm_net_outcome *outcome)
{
    const struct dm_resolve_answer answer = {
        .outcome = *outcome,
        .n = address ? 1 : 0,
        .addresses = address,
        .elapsed_ns = dm_sim_op_elapsed_ns(&resolve->op),
    };
    dm_sim_op_leave(&resolve->op);
    resolve->done(resolve->context, &answer);
    dm_free(resolve);
}

static void
resolve_run(struct dm_sim_op *op)
{
    struct dm_resolve *resolve = (struct dm_resolve *)op;
    const struct dm_str name = dm_str(resolve->name);
    struct dm_sim_network *network = op->net->options.network;
    struct dm_sim_host *host = dm_sim_network_named(network, name);
    struct dm_address address = {.family = DM_FAMILY_ANY};
    if (!dm_address_parse(name, &address) && host &&
        !dm_sim_host_link(host)->is_unknown) {
        address = *dm_sim_host_address(host);
    }
    if (address.family == DM_FAMILY_ANY && dm_str_is(name, "localhost") &&
        !dm_address_parse(dm_str("127.0.0.1"), &address)) {
        address.family = DM_FAMILY_ANY;
    }
    struct dm_net_outcome outcome;
    dm_net_outcome_clear(&outcome);
    const bool is_wanted =
        resolve->family == DM_FAMILY_ANY || resolve->family == address.family;
    if (address.family == DM_FAMILY_ANY) {
        dm_net_outcome_set(&outcome, DM_NET_RESOLVE, "resolve %s: not found",
                           resolve->name);
    } else if (!is_wanted) {
        dm_net_outcome_set(&outcome, DM_NET_RESOLVE,
                           "resolve %s: not an IPv%d address", resolve->name,
                           (int)resolve->family);
    }
    const bool is_known = outcome.failure == DM_NET_OK;
    resolve_complete(resolve, is_known ? &address : NULL, &outcome);
}

static void
resolve_expire(struct dm_sim_op *op)
{
    struct dm_resolve *resolve = (struct dm_resolve *)op;
    struct dm_net_outcome outcome;
    dm_net_outcome_set(&outcome, DM_NET_TIMED_OUT,
                       "resolve %s: no answer in time", resolve->name);
    resolve_complete(resolve, NULL, &outcome);
}

static void
op_free(struct dm_sim_op *op)
{
    dm_free(op);
}

static const struct dm_sim_op_kind resolve_kind = {
    .arrive = dm_sim_op_arrive,
    .run = resolve_run,
    .expire = resolve_expire,
    .free = op_free,
};

static enum dm_status
resolve_start(void *self, const struct dm_resolve_question *question,
              dm_resolve_fn done, void *context, struct dm_resolve **ret)
{
    struct dm_sim_net *net = self;
    assert(question->name.n <= DM_HOST_MAX);
    enum dm_status status = DM_OK;
    struct dm_resolve *resolve = (struct dm_resolve *)dm_sim_op_begin(
        net, sizeof(*resolve), &resolve_kind, &status);
    if (!resolve) {
        return status;
    }
    if (question->name.n > 0) {
        memcpy(resolve->name, question->name.data, question->name.n);
    }
    resolve->done = done;
    resolve->context = context;
    resolve->family = question->family;
    struct dm_sim_host *host =
        dm_sim_network_named(net->options.network, question->name);
    const struct dm_sim_link *link = host ? dm_sim_host_link(host) : NULL;
    if (!link || !link->is_dns_silent) {
        dm_sim_op_after(&resolve->op, dm_sim_latency_ns(net, NULL));
    }
    dm_sim_op_limit(&resolve->op, question->timeout_ns);
    *ret = resolve;
    return DM_OK;
}

static void
resolve_cancel(void *self, struct dm_resolve *resolve)
{
    (void)self;
    dm_sim_op_end(&resolve->op);
}

const struct dm_resolver_ops dm_sim_resolver_ops = {
    .start = resolve_start,
    .cancel = resolve_cancel,
};

// Pings

struct dm_ping {
    struct dm_sim_op op;
    dm_ping_fn done;
    void *context;
    struct dm_address address;
};

static void
ping_complete(struct dm_ping *ping, const struct dm_net_outcome *outcome)
{
    const struct dm_ping_result result = {
        .outcome = *outcome,
        .elapsed_ns = dm_sim_op_elapsed_ns(&ping->op),
    };
    dm_sim_op_leave(&ping->op);
    ping->done(ping->context, &result);
    dm_free(ping);
}

static void
ping_run(struct dm_sim_op *op)
{
    struct dm_ping *ping = (struct dm_ping *)op;
    struct dm_net_outcome outcome;
    dm_net_outcome_clear(&outcome);
    const struct dm_endpoint place = dm_endpoint_ip(&ping->address, 1);
    if (dm_sim_network_find(op->net, &place).reach ==
        DM_SIM_REACH_UNREACHABLE) {
        char text[DM_ADDRESS_SIZE];
        dm_address_format(&ping->address, text);
        dm_net_outcome_set(&outcome, DM_NET_CONNECTION, "%s: unreachable",
                           text);
    }
    ping_complete(ping, &outcome);
}

static void
ping_expire(struct dm_sim_op *op)
{
    struct dm_ping *ping = (struct dm_ping *)op;
    struct dm_net_outcome outcome;
    char text[DM_ADDRESS_SIZE];
    dm_address_format(&ping->address, text);
    dm_net_outcome_set(&outcome, DM_NET_TIMED_OUT, "%s: no answer", text);
    ping_complete(ping, &outcome);
}

static const struct dm_sim_op_kind ping_kind = {
    .arrive = dm_sim_op_arrive,
    .run = ping_run,
    .expire = ping_expire,
    .free = op_free,
};

static enum dm_status
ping_start(void *self, const struct dm_ping_spec *spec, dm_ping_fn done,
           void *context, struct dm_ping **ret)
{
    struct dm_sim_net *net = self;
    enum dm_status status = DM_OK;
    struct dm_ping *ping = (struct dm_ping *)dm_sim_op_begin(
        net, sizeof(*ping), &ping_kind, &status);
    if (!ping) {
        return status;
    }
    ping->done = done;
    ping->context = context;
    ping->address = spec->address;
    const struct dm_endpoint endpoint = dm_endpoint_ip(&spec->address, 1);
    const struct dm_sim_place place = dm_sim_network_find(net, &endpoint);
    if (place.reach != DM_SIM_REACH_SILENT) {
        dm_sim_op_after(&ping->op, dm_sim_latency_ns(net, place.link) +
                                       dm_sim_latency_ns(net, place.link));
    }
    dm_sim_op_limit(&ping->op, spec->timeout_ns);
    *ret = ping;
    return DM_OK;
}

static void
ping_cancel(void *self, struct dm_ping *ping)
{
    (void)self;
    dm_sim_op_end(&ping->op);
}

const struct dm_pinger_ops dm_sim_pinger_ops = {
    .start = ping_start,
    .cancel = ping_cancel,
};

// Programs

struct dm_process {
    struct dm_sim_op op;
    dm_process_fn done;
    void *context;
    size_t max_output;
    int64_t grace_ns;
    bool is_over_time;
    struct dm_sim_program program;
};

static struct dm_str
cut_output(const struct dm_process *process, const struct dm_buf *buf)
{
    return dm_str_slice(dm_buf_str(buf), 0, process->max_output);
}

static void
process_free(struct dm_sim_op *op)
{
    struct dm_process *process = (struct dm_process *)op;
    dm_buf_done(&process->program.output);
    dm_buf_done(&process->program.errors);
    dm_free(process);
}

static void
process_complete(struct dm_process *process)
{
    const struct dm_sim_program *program = &process->program;
    const int ended_by = program->ignores_term ? SIGNAL_KILL : SIGNAL_TERM;
    const struct dm_process_result result = {
        .end = process->is_over_time ? DM_PROCESS_TIMED_OUT : program->end,
        .code = program->code,
        .signal = process->is_over_time ? ended_by : program->signal,
        .output = cut_output(process, &program->output),
        .errors = cut_output(process, &program->errors),
        .is_output_cut = program->output.n > process->max_output,
        .is_errors_cut = program->errors.n > process->max_output,
        .elapsed_ns = dm_sim_op_elapsed_ns(&process->op),
    };
    dm_sim_op_leave(&process->op);
    process->done(process->context, &result);
    process_free(&process->op);
}

static void
process_run(struct dm_sim_op *op)
{
    process_complete((struct dm_process *)op);
}

static void
process_expire(struct dm_sim_op *op)
{
    struct dm_process *process = (struct dm_process *)op;
    if (!process->is_over_time && process->program.ignores_term) {
        process->is_over_time = true;
        dm_sim_event_cancel(op->net->world, &op->event);
        dm_sim_op_limit(op, process->grace_ns);
        return;
    }
    process->is_over_time = true;
    process_complete(process);
}

static const struct dm_sim_op_kind process_kind = {
    .arrive = dm_sim_op_arrive,
    .run = process_run,
    .expire = process_expire,
    .free = process_free,
};

static enum dm_status
process_start(void *self, const struct dm_process_spec *spec,
              dm_process_fn done, void *context, struct dm_process **ret)
{
    struct dm_sim_net *net = self;
    enum dm_status status = DM_OK;
    struct dm_process *process = (struct dm_process *)dm_sim_op_begin(
        net, sizeof(*process), &process_kind, &status);
    if (!process) {
        return status;
    }
    process->done = done;
    process->context = context;
    process->max_output = spec->max_output;
    process->grace_ns = spec->grace_ns;
    struct dm_sim_program *program = &process->program;
    program->runs_ns = PROGRAM_RUNS_NS;
    dm_buf_init(&program->output, OUTPUT_MAX);
    dm_buf_init(&program->errors, OUTPUT_MAX);
    if (net->options.program) {
        net->options.program(net->options.context, spec, program);
    } else {
        program->end = DM_PROCESS_NOT_FOUND;
    }
    const bool does_run = program->end == DM_PROCESS_EXITED ||
                          program->end == DM_PROCESS_SIGNALED;
    dm_sim_op_after(&process->op, does_run ? program->runs_ns : 0);
    dm_sim_op_limit(&process->op, spec->timeout_ns);
    *ret = process;
    return DM_OK;
}

static void
process_cancel(void *self, struct dm_process *process)
{
    (void)self;
    dm_sim_op_end(&process->op);
}

const struct dm_processes_ops dm_sim_processes_ops = {
    .start = process_start,
    .cancel = process_cancel,
};

// The system's figures

struct dm_system_read {
    struct dm_sim_op op;
    dm_system_fn done;
    void *context;
    struct dm_system_answer answer;
    struct dm_buf bytes;
};

static void
system_free(struct dm_sim_op *op)
{
    struct dm_system_read *read = (struct dm_system_read *)op;
    dm_buf_done(&read->bytes);
    dm_free(read);
}

static void
system_complete(struct dm_system_read *read)
{
    read->answer.bytes = dm_buf_str(&read->bytes);
    dm_sim_op_leave(&read->op);
    read->done(read->context, &read->answer);
    system_free(&read->op);
}

static void
system_run(struct dm_sim_op *op)
{
    system_complete((struct dm_system_read *)op);
}

static void
system_expire(struct dm_sim_op *op)
{
    struct dm_system_read *read = (struct dm_system_read *)op;
    read->answer = (struct dm_system_answer){.status = DM_ERR_DEADLINE};
    dm_buf_clear(&read->bytes);
    system_complete(read);
}

static const struct dm_sim_op_kind system_kind = {
    .arrive = dm_sim_op_arrive,
    .run = system_run,
    .expire = system_expire,
    .free = system_free,
};

// A machine has the address of its host
static enum dm_status
put_address(const struct dm_sim_net *net, struct dm_buf *bytes)
{
    char text[DM_ADDRESS_SIZE];
    if (!net->options.host) {
        return DM_OK;
    }
    dm_address_format(dm_sim_host_address(net->options.host), text);
    return dm_buf_printf(bytes, "%s\n", text);
}

static enum dm_status
system_start(void *self, const struct dm_system_question *question,
             dm_system_fn done, void *context, struct dm_system_read **ret)
{
    struct dm_sim_net *net = self;
    enum dm_status status = DM_OK;
    struct dm_system_read *read = (struct dm_system_read *)dm_sim_op_begin(
        net, sizeof(*read), &system_kind, &status);
    if (!read) {
        return status;
    }
    read->done = done;
    read->context = context;
    dm_buf_init(&read->bytes, question->max);
    int64_t delay_ns = dm_sim_latency_ns(net, NULL);
    const dm_sim_system_fn ask =
        net->options.system ? net->options.system : dm_sim_plain_system;
    read->answer.status = DM_ERR_NOT_FOUND;
    if (question->kind == DM_SYSTEM_ADDRESSES) {
        read->answer.status = put_address(net, &read->bytes);
    } else {
        ask(net->options.context, question, &read->answer, &read->bytes,
            &delay_ns);
    }
    if (read->bytes.status != DM_OK) {
        read->answer = (struct dm_system_answer){.status = read->bytes.status};
        dm_buf_clear(&read->bytes);
    }
    dm_sim_op_after(&read->op, delay_ns);
    dm_sim_op_limit(&read->op, question->timeout_ns);
    *ret = read;
    return DM_OK;
}

static void
system_cancel(void *self, struct dm_system_read *read)
{
    (void)self;
    dm_sim_op_end(&read->op);
}

const struct dm_system_ops dm_sim_system_ops = {
    .start = system_start,
    .cancel = system_cancel,
};

void
dm_sim_plain_system(void *context, const struct dm_system_question *question,
                    struct dm_system_answer *answer, struct dm_buf *bytes,
                    int64_t *delay_ns)
{
    static const struct {
        const char *path;
        const char *text;
    } files[] = {
        {"/proc/meminfo", "MemTotal:        8388608 kB\n"
                          "MemFree:         1048576 kB\n"
                          "MemAvailable:    2796202 kB\n"
                          "SwapTotal:       2097152 kB\n"
                          "SwapFree:        2097152 kB\n"},
        {"/proc/loadavg", "0.50 0.45 0.40 1/200 4711\n"},
        {"/proc/stat", "cpu  1000 0 500 98500 0 0 0 0 0 0\n"
                       "cpu0 250 0 125 24625 0 0 0 0 0 0\n"
                       "cpu1 250 0 125 24625 0 0 0 0 0 0\n"
                       "cpu2 250 0 125 24625 0 0 0 0 0 0\n"
                       "cpu3 250 0 125 24625 0 0 0 0 0 0\n"},
        {"/proc/uptime", "100000.00 390000.00\n"},
        {"/proc/self/mountinfo",
         "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"},
    };
    (void)context;
    (void)delay_ns;
    if (question->kind == DM_SYSTEM_SPACE) {
        const uint64_t disk = UINT64_C(100) << 30;
        answer->status = DM_OK;
        answer->space = (struct dm_system_space){
            .total_bytes = disk,
            .free_bytes = disk / 2,
            .available_bytes = disk / 2,
            .total_files = 6553600,
            .free_files = 6000000,
        };
        return;
    }
    for (size_t i = 0; i < DM_COUNT_OF(files); ++i) {
        if (strcmp(files[i].path, question->path) == 0) {
            answer->status = dm_buf_puts(bytes, files[i].text);
        }
    }
}

// Watches: the disk tells which directory has changed

struct dm_watch_entry {
    struct dm_sim_op op;
    struct dm_watch_entry *next;
    struct dm_sim_disk_listener listener;
    dm_watch_fn on_event;
    void *context;
    char *path;
};

static void
watch_changed(void *context, struct dm_str directory)
{
    struct dm_watch_entry *entry = context;
    if (dm_str_is(directory, entry->path)) {
        dm_sim_op_ready(&entry->op);
    }
}

static void
watch_run(struct dm_sim_op *op)
{
    const struct dm_watch_entry *entry = (const struct dm_watch_entry *)op;
    entry->on_event(entry->context);
}

static void
watch_free(struct dm_sim_op *op)
{
    struct dm_watch_entry *entry = (struct dm_watch_entry *)op;
    dm_free(entry->path);
    dm_free(entry);
}

static const struct dm_sim_op_kind watch_kind = {
    .arrive = dm_sim_op_arrive,
    .run = watch_run,
    .expire = dm_sim_op_arrive, // Has no time-out
    .free = watch_free,
};

static enum dm_status
watch_add(void *self, const char *path, dm_watch_fn on_event, void *context,
          struct dm_watch_entry **ret)
{
    struct dm_sim_net *net = self;
    struct dm_sim_disk *disk = net->options.disk;
    struct dm_file_info info = {.kind = DM_FILE_OTHER};
    enum dm_status status =
        disk ? dm_sim_disk_info(disk, path, &info) : DM_ERR_NOT_FOUND;
    if (status != DM_OK || info.kind != DM_FILE_DIRECTORY) {
        return status != DM_OK ? status : DM_ERR_NOT_FOUND;
    }
    struct dm_watch_entry *entry = (struct dm_watch_entry *)dm_sim_op_begin(
        net, sizeof(*entry), &watch_kind, &status);
    if (!entry) {
        return status;
    }
    entry->path = dm_strndup(path, strlen(path));
    if (!entry->path) {
        dm_sim_op_end(&entry->op);
        return DM_ERR_NO_MEMORY;
    }
    entry->on_event = on_event;
    entry->context = context;
    entry->listener = (struct dm_sim_disk_listener){
        .on_change = watch_changed,
        .context = entry,
    };
    dm_sim_disk_listen(disk, &entry->listener);
    entry->next = net->watched;
    net->watched = entry;
    *ret = entry;
    return DM_OK;
}

static void
watch_remove(void *self, struct dm_watch_entry *entry)
{
    struct dm_sim_net *net = self;
    assert(net->options.disk);
    dm_sim_disk_ignore(net->options.disk, &entry->listener);
    struct dm_watch_entry **link = &net->watched;
    while (*link != entry) {
        link = &(*link)->next;
    }
    *link = entry->next;
    dm_sim_op_end(&entry->op);
}

const struct dm_watcher_ops dm_sim_watcher_ops = {
    .add = watch_add,
    .remove = watch_remove,
};
