// SPDX-License-Identifier: ISC

// What plugins print. Each figure lies in the output, its value is a number
// where it is finite, and the walk ends.

#include "base/buf.h"
#include "checks/nagios.h"
#include "checks/result.h"
#include "tests/check.h"

#include <string.h>

#define LABEL_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
lies_in(struct dm_str part, struct dm_str whole)
{
    return !part.n || (part.data >= whole.data &&
                       part.data + part.n <= whole.data + whole.n);
}

static void
walk(struct dm_str figures, struct dm_str output, struct dm_result *result)
{
    struct dm_buf label;
    struct dm_nagios_figure figure;
    dm_buf_init(&label, LABEL_MAX);
    size_t left = figures.n + 1;
    while (dm_nagios_next(&figures, &label, &figure)) {
        CHECK(figures.n < left);
        left = figures.n;
        CHECK(figure.label.n > 0 && figure.value.n > 0);
        CHECK(lies_in(figure.value, output));
        CHECK(lies_in(figure.unit, output));
        CHECK(lies_in(figure.warn, output));
        CHECK(lies_in(figure.crit, output));
        struct dm_metric *metric =
            dm_result_metric(result, figure.label, figure.value);
        if (metric) {
            dm_result_metric_ranges(result, metric, figure.unit, figure.warn,
                                    figure.crit);
            CHECK(dm_str_is_utf8(metric->label));
            CHECK(dm_str_is_utf8(metric->unit));
        }
    }
    dm_buf_done(&label);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct dm_str output = dm_str_n((const char *)data, size);
    struct dm_result *result = dm_result_new(dm_str("c"));
    CHECK(result);
    const struct dm_nagios_output parts = dm_nagios_split(output);
    CHECK(lies_in(parts.text, output) && lies_in(parts.long_text, output));
    walk(parts.figures, output, result);
    walk(parts.more_figures, output, result);
    dm_result_message(result, parts.text);
    dm_result_output(result, output);
    CHECK(dm_str_is_utf8(result->message));
    CHECK(dm_str_is_utf8(result->output));
    CHECK(result->message.n <= DM_MESSAGE_MAX);
    CHECK(result->output.n <= DM_OUTPUT_MAX);
    dm_result_free(result);
    return 0;
}
