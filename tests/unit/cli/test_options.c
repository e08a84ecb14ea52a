// SPDX-License-Identifier: ISC

#include "cli/options.h"

#include "tests/check.h"

#include <string.h>

#define WORDS_MAX 16

#define WORD_SIZE 64

struct line {
    struct dm_cli_options options;
    char texts[WORDS_MAX][WORD_SIZE]; // As main() gets them
    char *words[WORDS_MAX];
    size_t n;
};

static bool
read_line(struct line *line, const char *const *words)
{
    char *argv[WORDS_MAX] = {NULL};
    int argc = 0;
    memset(line, 0, sizeof(*line));
    for (; words[argc]; ++argc) {
        CHECK(argc + 1 < WORDS_MAX && strlen(words[argc]) < WORD_SIZE);
        memcpy(line->texts[argc], words[argc], strlen(words[argc]) + 1);
        argv[argc] = line->texts[argc];
    }
    return dm_options_read(&line->options, argc, argv, line->words, &line->n);
}

#define LINE(...)                                                              \
    (const char *const[])                                                      \
    {                                                                          \
        "demonitor", __VA_ARGS__, NULL                                         \
    }

static void
options_stand_anywhere(void)
{
    struct line line;
    CHECK(read_line(&line, LINE("--config", "c", "status", "--json", "web",
                                "--data=d", "--problems")));
    CHECK_INT((int64_t)line.n, 3);
    CHECK(!strcmp(line.words[0], "status") && !strcmp(line.words[1], "web") &&
          !strcmp(line.words[2], "--problems") && !line.words[3]);
    CHECK(!strcmp(line.options.config, "c") && !strcmp(line.options.data, "d"));
    CHECK(line.options.json && !line.options.quiet);
    CHECK(read_line(&line, LINE("-q", "-v", "--color=never", "--url", "u")));
    CHECK(line.options.quiet && line.options.verbose && !line.n);
    CHECK_INT(line.options.color, DM_COLOR_NEVER);
}

static void
nothing_is_taken_behind_two_dashes(void)
{
    struct line line;
    CHECK(read_line(&line, LINE("probe", "--", "ls", "--json", "--config")));
    CHECK_INT((int64_t)line.n, 5);
    CHECK(!line.options.json && !line.options.config);
}

static void
what_is_wrong_is_said(void)
{
    struct line line;
    CHECK(!read_line(&line, LINE("status", "--config")));
    CHECK(!read_line(&line, LINE("--color", "pink", "status")));
    CHECK(!read_line(&line, LINE("--color=")));
    CHECK(read_line(&line, LINE("--configuration", "x")));
    CHECK_INT((int64_t)line.n, 2); // Another option: for the command to judge
}

static void
words_are_options_or_plain(void)
{
    struct line line;
    CHECK(read_line(&line, LINE("history", "shop", "--since=24h", "--raw",
                                "--until", "now", "-", "--", "--raw")));
    const struct dm_cli cli = {.arguments = line.words + 1,
                               .n_arguments = line.n - 1};
    struct dm_words words = dm_words_of(&cli);
    const char *word = NULL;
    CHECK_INT(dm_words_next(&words, &word), DM_WORD_PLAIN);
    CHECK(!strcmp(word, "shop"));
    CHECK_INT(dm_words_next(&words, &word), DM_WORD_OPTION);
    CHECK(!strcmp(word, "--since") && !strcmp(dm_words_value(&words), "24h"));
    CHECK_INT(dm_words_next(&words, &word), DM_WORD_OPTION);
    CHECK(!strcmp(word, "--raw"));
    CHECK_INT(dm_words_next(&words, &word), DM_WORD_OPTION);
    CHECK(!strcmp(word, "--until") && !strcmp(dm_words_value(&words), "now"));
    CHECK_INT(dm_words_next(&words, &word), DM_WORD_PLAIN);
    CHECK(!strcmp(word, "-"));
    CHECK_INT(dm_words_next(&words, &word), DM_WORD_PLAIN);
    CHECK(!strcmp(word, "--raw"));
    CHECK_INT(dm_words_next(&words, &word), DM_WORD_END);
    CHECK(!dm_words_value(&words));
}

int
main(void)
{
    options_stand_anywhere();
    nothing_is_taken_behind_two_dashes();
    what_is_wrong_is_said();
    words_are_options_or_plain();
    return 0;
}
