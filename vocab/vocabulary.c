// SPDX-License-Identifier: ISC

#include "vocab/vocabulary.h"

#include "base/buf.h"
#include "vocab/distance.h"
#include "vocab/terms.h"

#include <assert.h>

int
dm_property_index(struct dm_str iri)
{
    for (size_t i = 0; i < dm_n_properties; ++i) {
        if (dm_str_equal(dm_properties[i].iri, iri)) {
            return (int)i;
        }
    }
    return -1;
}

int
dm_class_index(struct dm_str iri)
{
    for (size_t i = 0; i < dm_n_classes; ++i) {
        if (dm_str_equal(dm_classes[i].iri, iri)) {
            return (int)i;
        }
    }
    return -1;
}

int
dm_code_index(struct dm_str iri)
{
    for (size_t i = 0; i < dm_n_codes; ++i) {
        if (dm_str_equal(dm_codes[i].iri, iri)) {
            return (int)i;
        }
    }
    return -1;
}

const struct dm_default *
dm_property_default(const struct dm_property *property, int class_index)
{
    // Those of a class stand before that of all
    for (size_t i = 0; i < property->n_defaults; ++i) {
        const struct dm_default *row = &property->defaults[i];
        if (row->class_index == class_index || row->class_index < 0) {
            return row->is_none ? NULL : row;
        }
    }
    return NULL;
}

// ---------------------------------------------------------------- explain

static const char *
range_text(const struct dm_property *property)
{
    switch (property->range) {
    case DM_RANGE_ANY:
        return "see below";
    case DM_RANGE_STRING:
        return "a text";
    case DM_RANGE_INTEGER:
        return "a whole number";
    case DM_RANGE_DECIMAL:
        return "a number";
    case DM_RANGE_BOOLEAN:
        return "true or false";
    case DM_RANGE_DURATION:
        return "a duration, as \"30s\", \"1h30m\", or a number of seconds";
    case DM_RANGE_DATETIME:
        return "a time, as "
               "\"2026-12-24T18:00:00+01:00\"^^xsd:dateTime";
    case DM_RANGE_URI:
        return "a URL, as <https://example.org/> or as a text";
    case DM_RANGE_THING:
        return "a thing";
    }
    assert(!"a range that is none");
    return "";
}

static void
put_domain(const struct dm_property *property, struct dm_buf *buf)
{
    (void)dm_buf_puts(buf, "  of       ");
    const char *between = "";
    for (size_t i = 0; i < dm_n_classes; ++i) {
        const int super = dm_classes[i].super;
        const bool is_of = property->domain >> i & 1U;
        // A subclass is not told apart from its class
        const bool is_told =
            super >= 0 && (property->domain >> (unsigned)super & 1U);
        if (is_of && !is_told) {
            (void)dm_buf_printf(buf, "%s:%s", between, dm_classes[i].name.data);
            between = ", ";
        }
    }
    (void)dm_buf_putc(buf, '\n');
}

// A default as a file would have it
static void
put_default(const struct dm_property *property, const struct dm_default *row,
            struct dm_buf *buf)
{
    if (row->is_none) {
        (void)dm_buf_puts(buf, "none");
    } else if (property->range == DM_RANGE_INTEGER ||
               property->range == DM_RANGE_BOOLEAN) {
        (void)dm_buf_put_str(buf, row->value);
    } else if (dm_code_index(row->value) >= 0) {
        (void)dm_buf_printf(buf, ":%s",
                            dm_codes[dm_code_index(row->value)].name.data);
    } else {
        (void)dm_buf_printf(buf, "\"%s\"", row->value.data);
    }
    if (row->class_index >= 0) {
        (void)dm_buf_printf(buf, " of a %s",
                            dm_classes[row->class_index].name.data);
    }
}

static void
put_defaults(const struct dm_property *property, struct dm_buf *buf)
{
    if (!property->n_defaults) {
        return;
    }
    (void)dm_buf_puts(buf, "  default  ");
    for (size_t i = property->n_defaults; i > 0; --i) {
        put_default(property, &property->defaults[i - 1], buf);
        (void)dm_buf_puts(buf, i > 1 ? ", " : "\n");
    }
}

static void
put_codes(struct dm_str type_iri, struct dm_buf *buf)
{
    const char *between = "  one of   ";
    for (size_t i = 0; i < dm_n_codes; ++i) {
        if (dm_str_equal(dm_codes[i].type_iri, type_iri)) {
            (void)dm_buf_printf(buf, "%s:%s", between, dm_codes[i].name.data);
            between = ", ";
        }
    }
    if (between[0] == ',') {
        (void)dm_buf_putc(buf, '\n');
    }
}

static void
put_comment(struct dm_str comment, struct dm_buf *buf)
{
    if (comment.n) {
        (void)dm_buf_printf(buf, "  %s\n", comment.data);
    }
}

static void
explain_property(const struct dm_property *property, struct dm_buf *buf)
{
    (void)dm_buf_printf(buf, ":%s\n", property->name.data);
    put_comment(property->comment, buf);
    put_domain(property, buf);
    (void)dm_buf_printf(buf, "  value    %s", range_text(property));
    const int class = dm_class_index(property->range_iri);
    if (class >= 0) {
        (void)dm_buf_printf(buf, ": a :%s", dm_classes[class].name.data);
    }
    if (property->sugar.n && property->range != DM_RANGE_DURATION &&
        property->range != DM_RANGE_URI) {
        (void)dm_buf_printf(buf, "; in a file also: %s", property->sugar.data);
    }
    (void)dm_buf_putc(buf, '\n');
    if (class >= 0) {
        put_codes(property->range_iri, buf);
    }
    put_defaults(property, buf);
    if (property->adds) {
        (void)dm_buf_puts(buf, "  adds     inherited values add up\n");
    }
    if (property->is_private) {
        (void)dm_buf_puts(buf, "  private  never published\n");
    }
}

static void
explain_class(int index, struct dm_buf *buf)
{
    const struct dm_class *class = &dm_classes[index];
    (void)dm_buf_printf(buf, ":%s\n", class->name.data);
    put_comment(class->comment, buf);
    if (class->super >= 0) {
        (void)dm_buf_printf(buf, "  is a     :%s\n",
                            dm_classes[class->super].name.data);
    }
    put_codes(class->iri, buf);
    (void)dm_buf_puts(buf, "  has     ");
    for (size_t i = 0; i < dm_n_properties; ++i) {
        if (dm_properties[i].domain >> (unsigned)index & 1U) {
            (void)dm_buf_printf(buf, " :%s", dm_properties[i].name.data);
        }
    }
    (void)dm_buf_putc(buf, '\n');
}

static void
explain_code(const struct dm_code *code, struct dm_buf *buf)
{
    (void)dm_buf_printf(buf, ":%s\n", code->name.data);
    put_comment(code->comment, buf);
    const int class = dm_class_index(code->type_iri);
    if (class >= 0) {
        (void)dm_buf_printf(buf, "  is a     :%s\n",
                            dm_classes[class].name.data);
    }
    if (code->notation >= 0) {
        (void)dm_buf_printf(buf, "  number   %d\n", code->notation);
    }
}

// The term as it stands behind the ':' or the namespace
static struct dm_str
name_of(struct dm_str term)
{
    static const struct dm_str starts[] = {DM_STR("<" DM_VOCAB_NS),
                                           DM_STR(DM_VOCAB_NS), DM_STR("dm:"),
                                           DM_STR(":")};
    for (size_t i = 0; i < DM_COUNT_OF(starts); ++i) {
        if (dm_str_starts(term, starts[i])) {
            term = dm_str_slice(term, starts[i].n, term.n);
            break;
        }
    }
    return dm_str_ends(term, dm_str(">")) ? dm_str_slice(term, 0, term.n - 1)
                                          : term;
}

bool
dm_vocabulary_explain(struct dm_str term, struct dm_buf *buf)
{
    const struct dm_str name = name_of(term);
    struct dm_nearest nearest;
    dm_nearest_init(&nearest, name);
    bool found = false;
    for (size_t i = 0; i < dm_n_properties; ++i) {
        dm_nearest_try(&nearest, dm_properties[i].name);
        if (dm_str_equal(dm_properties[i].name, name)) {
            explain_property(&dm_properties[i], buf);
            found = true;
        }
    }
    for (size_t i = 0; i < dm_n_classes; ++i) {
        dm_nearest_try(&nearest, dm_classes[i].name);
        if (dm_str_equal(dm_classes[i].name, name)) {
            explain_class((int)i, buf);
            found = true;
        }
    }
    for (size_t i = 0; i < dm_n_codes; ++i) {
        dm_nearest_try(&nearest, dm_codes[i].name);
        if (dm_str_equal(dm_codes[i].name, name)) {
            explain_code(&dm_codes[i], buf);
            found = true;
        }
    }
    if (!found) {
        const struct dm_str cut = dm_utf8_cut(name, 100);
        (void)dm_buf_printf(buf, "there is no term :%.*s", (int)cut.n,
                            cut.n ? cut.data : "");
        if (dm_nearest_found(&nearest)) {
            (void)dm_buf_printf(buf, ". Did you mean :%s?", nearest.best.data);
        }
        (void)dm_buf_putc(buf, '\n');
    }
    return found;
}
