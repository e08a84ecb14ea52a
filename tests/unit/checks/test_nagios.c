// SPDX-License-Identifier: ISC

#include "checks/nagios.h"

#include "base/buf.h"
#include "tests/check.h"

// All figures of `text` as "label=value,unit,warn,crit" with ' | ' between
static void
check_figures(const char *text, const char *want)
{
    struct dm_str figures = dm_str(text);
    struct dm_buf label;
    struct dm_buf got;
    struct dm_nagios_figure figure;
    dm_buf_init(&label, 64);
    dm_buf_init(&got, 4096);
    while (dm_nagios_next(&figures, &label, &figure)) {
        const struct dm_str parts[] = {figure.label, figure.value, figure.unit,
                                       figure.warn, figure.crit};
        static const char *const before[] = {"", "=", ",", ",", ","};
        if (got.n) {
            (void)dm_buf_puts(&got, " | ");
        }
        for (size_t i = 0; i < DM_COUNT_OF(parts); ++i) {
            (void)dm_buf_puts(&got, before[i]);
            (void)dm_buf_put_str(&got, parts[i]);
        }
    }
    if (!dm_str_is(dm_buf_str(&got), want)) {
        (void)fprintf(stderr, "'%s' gives '%s', want '%s'\n", text,
                      dm_buf_cstr(&got), want);
        abort();
    }
    dm_buf_done(&label);
    dm_buf_done(&got);
}

static void
figures_are_taken_and_junk_is_passed_over(void)
{
    static const struct {
        const char *text;
        const char *want;
    } table[] = {
        {"", ""},
        {"   \t\r\n", ""},
        {"time=0.012s;1.000;2.000;0.000 size=612B;;;0",
         "time=0.012,s,1.000,2.000 | size=612,B,,"},
        {"/=2643MB;5948;5958;0;5968", "/=2643,MB,5948,5958"},
        {"load1=0.5;~:4;@8:10;0;", "load1=0.5,,~:4,@8:10"},
        {"'label with spaces'=1%", "label with spaces=1,%,,"},
        {"'it''s = quoted'=-2.5", "it's = quoted=-2.5,,,"},
        {"'a=b'=1 c=2", "a=b=1,,, | c=2,,,"},
        {"a=U b=1", "b=1,,,"},
        {"a=U;1;2 b=+.5c", "b=+.5,c,,"},
        {"a=1.", "a=1.,,,"},
        {"a=1e-05s b=2E3 c=3e d=4e+", "a=1e-05,s,, | b=2E3,,, | c=3,e,, | "
                                      "d=4,e+,,"},
        {"a=0,5s b=2", "b=2,,,"}, // Not a figure of 0
        {"a=1.2.3 b=0x10 c=1", "c=1,,,"},
        {"a=. b=- c=+ d==1 =5 e=1", "e=1,,,"},
        {"free space=5", "space=5,,,"},
        {"'' ''=1 x=1", "x=1,,,"},
        {"'open=1 x=2", ""}, // The quote never ends
        {"'a'b=1 c=2", "c=2,,,"},
        {"a=1;2;3;4;5;6;7 b=1", "a=1,,2,3 | b=1,,,"},
        {"caf\xC3\xA9=1\xC2\xB5s", "caf\xC3\xA9=1,\xC2\xB5s,,"},
        {"no figures here", ""},
        {"a= 1", ""},
        {"an_endless_label_of_more_than_the_sixty_four_bytes_that_there_are_"
         "room_for=1 b=2",
         "b=2,,,"},
    };
    for (size_t i = 0; i < DM_COUNT_OF(table); ++i) {
        check_figures(table[i].text, table[i].want);
    }
}

static void
output_is_cut_at_bars_and_at_the_first_line(void)
{
    static const struct {
        const char *output;
        const char *parts[4]; // text, long text, figures, more figures
    } table[] = {
        {"", {"", "", "", ""}},
        {"OK", {"OK", "", "", ""}},
        {" OK - fine \n", {"OK - fine", "", "", ""}},
        {"OK | a=1", {"OK", "", " a=1", ""}},
        {"|a=1", {"", "", "a=1", ""}},
        {"OK | a=1 | b=2", {"OK", "", " a=1 | b=2", ""}},
        {"DISK OK | /=2643MB\n/ 15272 MB\n/boot 68 MB | /boot=68MB\n/home=1MB",
         {"DISK OK", "/ 15272 MB\n/boot 68 MB", " /=2643MB",
          " /boot=68MB\n/home=1MB"}},
        {"\nsecond", {"", "second", "", ""}},
    };
    for (size_t i = 0; i < DM_COUNT_OF(table); ++i) {
        const struct dm_nagios_output got =
            dm_nagios_split(dm_str(table[i].output));
        CHECK(dm_str_is(got.text, table[i].parts[0]));
        CHECK(dm_str_is(got.long_text, table[i].parts[1]));
        CHECK(dm_str_is(got.figures, table[i].parts[2]));
        CHECK(dm_str_is(got.more_figures, table[i].parts[3]));
    }
}

int
main(void)
{
    figures_are_taken_and_junk_is_passed_over();
    output_is_cut_at_bars_and_at_the_first_line();
    return 0;
}
