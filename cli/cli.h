// SPDX-License-Identifier: ISC

#ifndef DM_CLI_CLI_H
#define DM_CLI_CLI_H

/**
 * @file
 * The command line: what every command gets, and how it ends.
 *
 * Answers go to stdout, all else to stderr. A command is a row of the table in
 * commands.c and a file cmd_NAME.c.
 *
 * Threads: one, but for `run`.
 */

#include "base/attr.h"
#include "base/env.h"
#include "base/error.h"
#include "base/status.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

DM_BEGIN_DECLS

/// How the program ends; `run`, `probe` and `status --nagios` have their own
enum dm_exit {
    DM_EXIT_DONE = 0,
    DM_EXIT_NO = 1,        ///< The answer is no
    DM_EXIT_USAGE = 2,     ///< Wrong usage
    DM_EXIT_NO_DAEMON = 3, ///< No daemon reachable
    DM_EXIT_REFUSED = 4,   ///< Token, permission
    DM_EXIT_FAULT = 5,     ///< Input/output or internal
    DM_EXIT_BUSY = 75,     ///< Another instance holds the data
    DM_EXIT_CONFIG = 78,   ///< Configuration invalid
};

enum dm_color {
    DM_COLOR_AUTO,
    DM_COLOR_ALWAYS,
    DM_COLOR_NEVER,
};

/// Options of every command
struct dm_cli_options {
    const char *DM_NULLABLE config; ///< --config
    const char *DM_NULLABLE data;   ///< --data
    const char *DM_NULLABLE url;    ///< --url
    const char *DM_NULLABLE token_file;
    bool json;
    bool quiet;
    bool verbose;
    bool help;
    bool version;
    enum dm_color color;
};

struct dm_command;

struct dm_cli {
    const struct dm_env *env;
    struct dm_log *log;
    struct dm_cli_options options;
    const struct dm_command *DM_NULLABLE command; ///< Once it is known
    /// The command's own words: what is left when the options above are taken
    /// out, NULL-terminated
    char *const *arguments;
    size_t n_arguments;
    char *DM_NULLABLE config; ///< Directories and socket in force (paths.h):
    char *DM_NULLABLE data;   ///< set while a command runs
    char *DM_NULLABLE socket;
    char *DM_NULLABLE guard; ///< NULL: there is no run-time directory
};

struct dm_command {
    const char *name;
    const char *usage; ///< Behind the name: "[NAME or TAG…] [--problems]"
    const char *summary;
    const char *help; ///< More lines, "" for none
    int (*run)(struct dm_cli *cli);
};

extern const struct dm_command dm_commands[];
extern const size_t dm_n_commands;

/// Print "demonitor: " and a line to stderr.
void dm_complain(const char *format, ...) DM_PRINTF(1, 2);
/// An error as WHERE:LINE:COLUMN: error: …
void dm_complain_error(const struct dm_error *error);
/// Wrong usage: a line, and how it is used. Gives back DM_EXIT_USAGE.
int dm_misuse(const struct dm_cli *cli, const char *format, ...)
    DM_PRINTF(2, 3);

/// What is left of a command's words
struct dm_words {
    char *const *items;
    size_t n;
    size_t next;
    bool is_plain;                 ///< "--" was there
    char name[64];                 ///< Of the option just given
    const char *DM_NULLABLE value; ///< Behind its '='
};
struct dm_words dm_words_of(const struct dm_cli *cli);

enum dm_word {
    DM_WORD_END,
    DM_WORD_PLAIN,  ///< No option, or anything behind "--"
    DM_WORD_OPTION, ///< As "--since"; a value may follow: dm_words_value()
};
/// The next word. "--name=value" gives the name and keeps the value for
/// dm_words_value().
enum dm_word dm_words_next(struct dm_words *words, const char **ret_text);
/// The value of the option just given, NULL where there is none.
const char *DM_NULLABLE dm_words_value(struct dm_words *words);

/// Whether colours are wanted on stdout
bool dm_cli_has_colors(const struct dm_cli *cli);

DM_END_DECLS

#endif // DM_CLI_CLI_H
