// SPDX-License-Identifier: ISC

#include "cli/options.h"

#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096U

void
dm_complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fputs("demonitor: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
}

void
dm_complain_error(const struct dm_error *error)
{
    struct dm_buf line;
    dm_buf_init(&line, LINE_MAX_BYTES);
    dm_error_print(error, &line);
    (void)fprintf(stderr, "%s%s\n",
                  error->where[0] ? "" : "demonitor: ", dm_buf_cstr(&line));
    dm_buf_done(&line);
}

int
dm_misuse(const struct dm_cli *cli, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fprintf(stderr, "demonitor %s: ", cli->command->name);
    (void)vfprintf(stderr, format, arguments);
    (void)fprintf(stderr, "\nusage: demonitor %s %s\n", cli->command->name,
                  cli->command->usage);
    va_end(arguments);
    return DM_EXIT_USAGE;
}

bool
dm_cli_has_colors(const struct dm_cli *cli)
{
    if (cli->options.color != DM_COLOR_AUTO) {
        return cli->options.color == DM_COLOR_ALWAYS;
    }
    const char *none = dm_env_variable(cli->env, "NO_COLOR");
    return !(none && none[0]) && isatty(STDOUT_FILENO);
}

// An option with a value: where it is kept
struct valued {
    const char *name;
    const char **value;
};

// Take "--name VALUE" or "--name=VALUE"
// @return 1 taken, 0 another option, -1 after a complaint
static int
take_valued(const struct valued *all, size_t n, char **argv, int *i)
{
    const char *word = argv[*i];
    for (size_t k = 0; k < n; ++k) {
        const size_t length = strlen(all[k].name);
        if (strncmp(word, all[k].name, length) != 0) {
            continue;
        }
        if (word[length] == '=') {
            *all[k].value = word + length + 1;
            return 1;
        }
        if (word[length]) {
            continue;
        }
        if (!argv[*i + 1]) {
            dm_complain("%s needs a value", all[k].name);
            return -1;
        }
        *all[k].value = argv[++*i];
        return 1;
    }
    return 0;
}

static bool
take_flag(struct dm_cli_options *options, const char *word)
{
    const struct {
        const char *brief;
        const char *name;
        bool *flag;
    } flags[] = {
        {"", "--json", &options->json},
        {"-q", "--quiet", &options->quiet},
        {"-v", "--verbose", &options->verbose},
        {"-h", "--help", &options->help},
        {"", "--version", &options->version},
    };
    for (size_t i = 0; i < DM_COUNT_OF(flags); ++i) {
        if (strcmp(word, flags[i].name) == 0 ||
            (flags[i].brief[0] && strcmp(word, flags[i].brief) == 0)) {
            *flags[i].flag = true;
            return true;
        }
    }
    return false;
}

static bool
read_color(struct dm_cli_options *options, const char *text)
{
    static const char *const names[] = {
        [DM_COLOR_AUTO] = "auto",
        [DM_COLOR_ALWAYS] = "always",
        [DM_COLOR_NEVER] = "never",
    };
    for (size_t i = 0; text && i < DM_COUNT_OF(names); ++i) {
        if (strcmp(text, names[i]) == 0) {
            options->color = (enum dm_color)i;
            return true;
        }
    }
    if (text) {
        dm_complain("--color is auto, always or never");
    }
    return !text;
}

bool
dm_options_read(struct dm_cli_options *options, int argc, char **argv,
                char **words, size_t *ret_n)
{
    const char *color = NULL;
    const struct valued valued[] = {
        {"--config", &options->config},
        {"--data", &options->data},
        {"--url", &options->url},
        {"--token-file", &options->token_file},
        {"--color", &color},
    };
    size_t n = 0;
    bool is_open = true;
    for (int i = 1; i < argc; ++i) {
        is_open = is_open && strcmp(argv[i], "--") != 0;
        if (is_open && take_flag(options, argv[i])) {
            continue;
        }
        const int taken =
            is_open ? take_valued(valued, DM_COUNT_OF(valued), argv, &i) : 0;
        if (taken < 0) {
            return false;
        }
        if (!taken) {
            words[n++] = argv[i];
        }
    }
    words[n] = NULL;
    *ret_n = n;
    return read_color(options, color);
}

// ----------------------------------------------------------------------- words

struct dm_words
dm_words_of(const struct dm_cli *cli)
{
    return (struct dm_words){.items = cli->arguments, .n = cli->n_arguments};
}

enum dm_word
dm_words_next(struct dm_words *words, const char **ret_text)
{
    if (words->next >= words->n) {
        return DM_WORD_END;
    }
    const char *word = words->items[words->next++];
    words->value = NULL;
    if (words->is_plain || word[0] != '-' || !word[1]) {
        *ret_text = word;
        return DM_WORD_PLAIN;
    }
    if (strcmp(word, "--") == 0) {
        words->is_plain = true;
        return dm_words_next(words, ret_text);
    }
    const char *equals = strchr(word, '=');
    const size_t n = equals ? (size_t)(equals - word) : strlen(word);
    const size_t kept = n < sizeof(words->name) ? n : sizeof(words->name) - 1;
    memcpy(words->name, word, kept);
    words->name[kept] = '\0';
    words->value = equals ? equals + 1 : NULL;
    *ret_text = words->name;
    return DM_WORD_OPTION;
}

const char *
dm_words_value(struct dm_words *words)
{
    if (words->value) {
        return words->value;
    }
    return words->next < words->n ? words->items[words->next++] : NULL;
}
