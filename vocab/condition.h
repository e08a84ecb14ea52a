// SPDX-License-Identifier: ISC

#ifndef DM_VOCAB_CONDITION_H
#define DM_VOCAB_CONDITION_H

/**
 * @file
 * Conditions: "latency < 800ms", "disk * > 85%", "json $.status == UP".
 *
 *     SUBJECT [ARGUMENT] OPERATOR [VALUE]
 *
 * Parsed when the configuration is loaded; evaluated by the probe that measured
 * what the subject names:
 *
 *     fact = what was measured, of kind condition->wants
 *     if (dm_condition_eval(condition, &fact, &message)) ... it holds
 *
 * Numbers of facts and values are doubles: seconds for durations, bytes for
 * sizes, 0 to 100 for percent.
 *
 * Limits: DM_CONDITION_MAX bytes; a regular expression may take
 * DM_CONDITION_STEPS steps, more is "does not match".
 *
 * Threads: parsed conditions never change; evaluate on any. Cost: O(text), of
 * `matches` bounded by the limits.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_arena;
struct dm_buf;

#define DM_CONDITION_MAX 4096
#define DM_CONDITION_STEPS 100000

enum dm_subject {
    DM_SUBJECT_LATENCY,
    DM_SUBJECT_STATUS,
    DM_SUBJECT_BODY,
    DM_SUBJECT_HEADER, ///< argument: its name
    DM_SUBJECT_JSON,   ///< argument: a path, see dm_json_path_next()
    DM_SUBJECT_CERT,
    DM_SUBJECT_IP,
    DM_SUBJECT_BANNER,
    DM_SUBJECT_RCODE,
    DM_SUBJECT_ANSWER,
    DM_SUBJECT_LOSS,
    DM_SUBJECT_RTT,
    DM_SUBJECT_DISK,   ///< argument: a path, or "*": every real file system
    DM_SUBJECT_INODES, ///< likewise
    DM_SUBJECT_MEMORY,
    DM_SUBJECT_SWAP,
    DM_SUBJECT_CPU,
    DM_SUBJECT_LOAD1,
    DM_SUBJECT_LOAD5,
    DM_SUBJECT_LOAD15,
    DM_SUBJECT_UNIT,         ///< argument: its name, or "*": every unit
    DM_SUBJECT_PROCESS,      ///< argument: its name
    DM_SUBJECT_FILE,         ///< argument: its path
    DM_SUBJECT_CLOCK_OFFSET, ///< Its magnitude
    DM_SUBJECT_UPTIME,
    DM_SUBJECT_EXIT,
    DM_SUBJECT_PERF, ///< argument: a label of the plugin's output
};
#define DM_SUBJECTS 27

enum dm_comparison {
    DM_OPERATOR_EQUAL,
    DM_OPERATOR_NOT_EQUAL,
    DM_OPERATOR_LESS,
    DM_OPERATOR_AT_MOST,
    DM_OPERATOR_GREATER,
    DM_OPERATOR_AT_LEAST,
    DM_OPERATOR_CONTAINS,
    DM_OPERATOR_STARTS,
    DM_OPERATOR_ENDS,
    DM_OPERATOR_MATCHES,
    DM_OPERATOR_EXISTS,
    DM_OPERATOR_FAILED,
};
#define DM_OPERATORS 12

enum dm_fact_kind {
    DM_FACT_ABSENT, ///< There is no such thing: no header, no file, no label
    DM_FACT_NUMBER,
    DM_FACT_TEXT,
    DM_FACT_DURATION, ///< Seconds
    DM_FACT_SIZE,     ///< Bytes
    DM_FACT_PERCENT,
    DM_FACT_BOOLEAN, ///< number 0 or 1; of unit: 1 = it failed
    DM_FACT_NULL,    ///< JSON null
    DM_FACT_PRESENT, ///< It is there, and that is all that is known
};

/// What was measured, or what it is compared with
struct dm_fact {
    enum dm_fact_kind kind;
    double number;
    struct dm_str text;  ///< Of TEXT
    struct dm_str which; ///< Of several ("*"): which one this is, else empty
};

struct dm_condition {
    enum dm_subject subject;
    enum dm_comparison op;
    /// Kind of fact to hand in; of json whatever the path leads to (an object
    /// or array as TEXT). ABSENT is always allowed; PRESENT is enough of what
    /// `exists` asks for; BOOLEAN for `failed`.
    enum dm_fact_kind wants;
    bool per_cpu;                    ///< Hand in the load divided by the CPUs
    struct dm_str argument;          ///< "" where the subject has none
    struct dm_fact value;            ///< Of exists and failed: ABSENT
    struct dm_str text;              ///< As it was written
    const void *DM_NULLABLE pattern; ///< Of matches: compiled
};

/// "latency", "clock offset"
const char *dm_subject_name(enum dm_subject subject);
/// Kinds of checks it belongs to: bits 1 << enum dm_check_kind
uint32_t dm_subject_kinds(enum dm_subject subject);

/**
 * Parse `text`, whose copy and all that belongs to it go to `arena`.
 *
 * @param kinds Bits of the kinds of checks whose subjects are allowed.
 * @return DM_ERR_SYNTAX with `error` set (what = why, hint = "Did you mean";
 *         line 1, column = the word in `text`, in code points), DM_ERR_LIMIT,
 *         DM_ERR_NO_MEMORY.
 */
enum dm_status
dm_condition_parse(struct dm_str text, uint32_t kinds, struct dm_arena *arena,
                   struct dm_condition *ret, struct dm_error *DM_NULLABLE error)
    DM_NODISCARD;

/**
 * Does the condition hold for `fact`?
 *
 * Of what is ABSENT, `!=` alone holds; and where the kinds of fact and value
 * differ (the text "5" and the number 5), they are not equal, and no other
 * comparison holds.
 *
 * @param message Appended to, if given: the fact for people, with the relation
 *        that is true, whether the condition holds or not: "latency 2.4 s >
 *        2 s", "status 503", "/ 91 %", "body does not contain Hello".
 */
bool dm_condition_eval(const struct dm_condition *condition,
                       const struct dm_fact *fact,
                       struct dm_buf *DM_NULLABLE message);

/// Append a fact for people: "2.4 s", "91 %", "1.5 GiB", "true".
void dm_fact_format(const struct dm_fact *fact, struct dm_buf *buf);

/// One step of a JSON path: a member's name, or an index
struct dm_json_step {
    bool is_index;
    uint32_t index;
    struct dm_str name;
};

/// Take the next step off `path` ("$" at its start is no step); false at its
/// end. Paths of parsed conditions are correct: $.a, $['a b'], $[0], $.a[1].b
bool dm_json_path_next(struct dm_str *path, struct dm_json_step *ret);

DM_END_DECLS

#endif // DM_VOCAB_CONDITION_H
