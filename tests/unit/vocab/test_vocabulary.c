// SPDX-License-Identifier: ISC

#include "vocab/vocabulary.h"

#include "base/buf.h"
#include "tests/check.h"
#include "vocab/terms.h"

#include <string.h>

static bool
is_of(int property, int class)
{
    return dm_properties[property].domain >> (unsigned)class & 1U;
}

static void
tables_and_constants_agree(void)
{
    CHECK_INT((int64_t)dm_n_properties, DM_PROPERTIES);
    CHECK_INT((int64_t)dm_n_classes, DM_CLASSES);
    CHECK_INT(dm_property_index(dm_str(DM_VOCAB_EVERY)), DM_PROPERTY_EVERY);
    CHECK_INT(dm_class_index(dm_str(DM_VOCAB_CLASS_HEARTBEAT)),
              DM_CLASS_HEARTBEAT);
    CHECK_INT(dm_property_index(dm_str(DM_VOCAB_NS "nothing")), -1);
    CHECK_INT(dm_property_index(dm_str(DM_VOCAB_DEFAULT)), -1);
    CHECK(dm_codes[dm_code_index(dm_str(DM_VOCAB_STALE))].notation == 4);
    CHECK(dm_code_index(dm_str(DM_VOCAB_THIS)) < 0);
}

static void
a_subclass_has_the_properties_of_its_class(void)
{
    CHECK(is_of(DM_PROPERTY_RETRIES, DM_CLASS_CHECK));
    CHECK(is_of(DM_PROPERTY_RETRIES, DM_CLASS_DNS_CHECK));
    CHECK(dm_properties[DM_PROPERTY_RETRIES].of_every_check);
    CHECK(is_of(DM_PROPERTY_TIMEOUT, DM_CLASS_HTTP_CHECK));
    CHECK(!is_of(DM_PROPERTY_TIMEOUT, DM_CLASS_HEARTBEAT));
    CHECK(!dm_properties[DM_PROPERTY_TIMEOUT].of_every_check);
    CHECK(is_of(DM_PROPERTY_ADDRESS, DM_CLASS_NODE)); // A node is a host
    CHECK(dm_properties[DM_PROPERTY_CLIENT_KEY].is_private);
    CHECK(dm_properties[DM_PROPERTY_TAG].adds);
}

static void
a_class_can_have_a_default_of_its_own(void)
{
    const struct dm_property *retries = &dm_properties[DM_PROPERTY_RETRIES];
    CHECK(dm_str_is(dm_property_default(retries, DM_CLASS_HTTP_CHECK)->value,
                    "2"));
    CHECK(dm_str_is(dm_property_default(retries, DM_CLASS_HEARTBEAT)->value,
                    "0"));
    const struct dm_property *every = &dm_properties[DM_PROPERTY_EVERY];
    CHECK(!dm_property_default(every, DM_CLASS_HEARTBEAT));
    CHECK(dm_property_default(every, DM_CLASS_PING_CHECK));
    CHECK(!dm_property_default(&dm_properties[DM_PROPERTY_URL],
                               DM_CLASS_HTTP_CHECK));
}

static void
files_are_embedded_whole(void)
{
    CHECK(dm_str_starts(dm_vocabulary_text, dm_str("# The demonitor ")));
    CHECK(dm_vocabulary_text.n > 20000 &&
          dm_vocabulary_text.data[dm_vocabulary_text.n] == '\0');
    CHECK(dm_str_find(dm_rules_text, dm_str(":HeartbeatMissed a :AlertRule")) <
          dm_rules_text.n);
}

static void
check_explained(const char *term, bool is_known, const char *want)
{
    struct dm_buf buf;
    dm_buf_init(&buf, 10000);
    CHECK(dm_vocabulary_explain(dm_str(term), &buf) == is_known);
    if (strcmp(dm_buf_cstr(&buf), want) != 0) {
        (void)fprintf(stderr, "got:\n%s\nwant:\n%s\n", dm_buf_cstr(&buf), want);
        CHECK(false);
    }
    dm_buf_done(&buf);
}

static void
terms_are_explained(void)
{
    check_explained(
        ":every", true,
        ":every\n"
        "  Time from run to run. A Heartbeat says this or :schedule\n"
        "  of       :Check, :State\n"
        "  value    a duration, as \"30s\", \"1h30m\", or a number of seconds\n"
        "  default  \"PT1M\", none of a Heartbeat\n");
    check_explained("onNoData", true,
                    ":onNoData\n"
                    "  When the states a firing alert stood on became stale or "
                    "unknown: :keep (at most 24 h), :resolved, or :alertNow\n"
                    "  of       :AlertRule\n"
                    "  value    a thing\n"
                    "  default  :keep\n");
    check_explained("dm:stale", true,
                    ":stale\n"
                    "  Reader: the result is overdue. Never written by a node\n"
                    "  is a     :Status\n"
                    "  number   4\n");
    check_explained("<https://w3id.org/demonitor#evry>", false,
                    "there is no term :evry. Did you mean :every?\n");
    check_explained("xyzzyx", false, "there is no term :xyzzyx\n");
}

int
main(void)
{
    tables_and_constants_agree();
    a_subclass_has_the_properties_of_its_class();
    a_class_can_have_a_default_of_its_own();
    files_are_embedded_whole();
    terms_are_explained();
    return 0;
}
