// SPDX-License-Identifier: ISC

#include "base/buf.h"
#include "vocab/distance.h"
#include "vocab/field_private.h"
#include "vocab/vocabulary.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define RDF_TYPE DM_RDF_NS "type"

// What this program does with things of a class
enum handling {
    HANDLED,
    LATER, // Correct, but it cannot run them yet
    NEVER, // Nobody writes such a thing
};

static const struct {
    enum handling handling;
    const char *why;
} handlings[DM_CLASSES] = {
    [DM_CLASS_CHECK] = {NEVER, "a check has a kind, as :HttpCheck"},
    [DM_CLASS_TCP_CHECK] = {LATER, "this version runs HttpCheck, SystemCheck, "
                                   "CommandCheck and Heartbeat"},
    [DM_CLASS_TLS_CHECK] = {LATER, "this version runs HttpCheck, SystemCheck, "
                                   "CommandCheck and Heartbeat"},
    [DM_CLASS_DNS_CHECK] = {LATER, "this version runs HttpCheck, SystemCheck, "
                                   "CommandCheck and Heartbeat"},
    [DM_CLASS_PING_CHECK] = {LATER, "this version runs HttpCheck, SystemCheck, "
                                    "CommandCheck and Heartbeat"},
    [DM_CLASS_TEMPLATE] = {LATER, "write the properties on each check"},
    [DM_CLASS_HOST] = {LATER, "write one check for each host"},
    [DM_CLASS_MAINTENANCE] = {LATER, "set :enabled false or :alert false for "
                                     "the time"},
    [DM_CLASS_NODE] = {NEVER, "the node that reads a file is :this"},
    [DM_CLASS_EVENT] = {NEVER, "nodes write it, not files"},
    [DM_CLASS_METRIC] = {NEVER, "nodes write it, not files"},
    [DM_CLASS_STATE] = {NEVER, "nodes write it, not files"},
    [DM_CLASS_ALERT] = {NEVER, "nodes write it, not files"},
    [DM_CLASS_STATUS] = {NEVER, "the list is complete"},
    [DM_CLASS_FAILURE_KIND] = {NEVER, "the list is complete"},
};

// Properties that a file does not have, or not yet
static const struct {
    int property;
    enum handling handling;
    const char *why;
} exceptions[] = {
    {DM_PROPERTY_HOST, NEVER,
     "it is what :each makes; :address is where to "
     "look"},
    {DM_PROPERTY_STATUS, NEVER, "nodes write it"},
    {DM_PROPERTY_LAST_SEEN, NEVER, "nodes write it"},
    {DM_PROPERTY_SILENT, NEVER, "nodes write it"},
    {DM_PROPERTY_FORKED_AT, NEVER, "nodes write it"},
    {DM_PROPERTY_EACH, LATER, "write one check for each host"},
    {DM_PROPERTY_LIKE, LATER, "write the properties on each check"},
    {DM_PROPERTY_APPLIES_TO, LATER, "write the properties on each check"},
    {DM_PROPERTY_SCHEDULE, LATER, "use :every with a :grace"},
    {DM_PROPERTY_CERTIFICATE, LATER, "a node has a key of its own for TLS"},
    {DM_PROPERTY_PRIVATE_KEY, LATER, "a node has a key of its own for TLS"},
    {DM_PROPERTY_FORWARD, LATER, "this version keeps its results to itself"},
    {DM_PROPERTY_ENCRYPT, LATER, "this version keeps its results to itself"},
};

// ---------------------------------------------------------------- saying

struct dm_shown
dm_loader_show(const struct dm_loader *loader, struct dm_str iri)
{
    struct dm_shown shown;
    const struct dm_str ours = dm_str(DM_VOCAB_NS);
    const bool is_ours = dm_str_starts(iri, ours);
    if (is_ours) {
        iri = dm_str_slice(iri, ours.n, iri.n);
    } else if (dm_str_starts(iri, loader->site)) {
        iri = dm_str_slice(iri, loader->site.n, iri.n);
    }
    const struct dm_str cut = dm_utf8_cut(iri, sizeof(shown.text) - 8);
    (void)snprintf(shown.text, sizeof(shown.text), is_ours ? ":%.*s" : "<%.*s>",
                   (int)cut.n, cut.n ? cut.data : "");
    return shown;
}

const char *
dm_article_of(struct dm_str name)
{
    return name.n && strchr("AEIOUH", name.data[0]) &&
                   !dm_str_starts(name, dm_str("Heart")) &&
                   !dm_str_starts(name, dm_str("Host"))
               ? "an"
               : "a";
}

void
dm_loader_error(struct dm_loader *loader, const struct dm_entity *entity,
                const struct dm_value *value, const struct dm_error *error)
{
    const struct dm_statement *statement = value ? value->statement : NULL;
    assert(!value || statement); // Defaults are right
    const struct dm_statement *at = statement ? statement : entity->begin;
    assert(at);
    dm_report_add(loader->report, at->source, statement ? at->at.o : at->at.s,
                  false, error);
}

void
dm_loader_warning(struct dm_loader *loader, const struct dm_entity *entity,
                  const struct dm_value *value, const struct dm_error *error)
{
    const struct dm_statement *at =
        value && value->statement ? value->statement : entity->begin;
    assert(at);
    dm_report_add(loader->report, at->source,
                  at == entity->begin ? at->at.s : at->at.o, true, error);
}

// The bytes of `text` from a position on
static struct dm_str
text_at(struct dm_str text, struct dm_position at)
{
    for (uint32_t line = 1; line < at.line; ++line) {
        text = dm_str_slice(text, dm_str_find(text, dm_str("\n")) + 1, text.n);
    }
    for (uint32_t column = 1; column < at.column && text.n; ++column) {
        uint32_t point = 0;
        const size_t n = dm_utf8_decode(text, &point);
        text = dm_str_slice(text, n ? n : 1, text.n);
    }
    return text;
}

void
dm_loader_error_inside(struct dm_loader *loader, const struct dm_value *value,
                       const struct dm_error *error)
{
    const struct dm_statement *statement = value->statement;
    assert(statement);
    struct dm_position at = statement->at.o;
    if (!dm_report_is_full(loader->report)) { // Else it costs and shows nothing
        const struct dm_str text = text_at(statement->source->text, at);
        at.column += dm_str_starts(text, dm_str("\"\"\"")) ||
                             dm_str_starts(text, dm_str("'''"))
                         ? 3
                         : 1;
    }
    dm_report_add(loader->report, statement->source, at, false, error);
}

// ---------------------------------------------------------------- the class

static bool
is_type(const struct dm_statement *statement)
{
    return dm_str_is(dm_node_text(statement->p), RDF_TYPE);
}

static bool
is_ours(struct dm_str iri)
{
    return dm_str_starts(iri, dm_str(DM_VOCAB_NS));
}

static void
unknown_class(struct dm_loader *loader, const struct dm_statement *statement)
{
    const struct dm_str iri = dm_node_text(statement->o);
    struct dm_nearest nearest;
    dm_nearest_init(&nearest,
                    dm_str_slice(iri, sizeof(DM_VOCAB_NS) - 1, iri.n));
    for (size_t i = 0; i < dm_n_classes; ++i) {
        dm_nearest_try(&nearest, dm_classes[i].name);
    }
    struct dm_error error;
    (void)dm_error_set(&error, DM_ERR_NOT_FOUND, "there is no class %s",
                       dm_loader_show(loader, iri).text);
    if (dm_nearest_found(&nearest)) {
        dm_error_hint(&error, "Did you mean :%s?", nearest.best.data);
    }
    dm_report_add(loader->report, statement->source, statement->at.o, false,
                  &error);
}

static void
two_classes(struct dm_loader *loader, const struct dm_statement *first,
            const struct dm_statement *second)
{
    const struct dm_shown what =
        dm_loader_show(loader, dm_node_text(second->s));
    struct dm_error error;
    (void)dm_error_set(&error, DM_ERR_EXISTS, "%s is defined twice", what.text);
    dm_error_detail(&error, "here as %s and at %s:%u:%u as %s",
                    dm_loader_show(loader, dm_node_text(second->o)).text,
                    first->source->name.data, first->at.s.line,
                    first->at.s.column,
                    dm_loader_show(loader, dm_node_text(first->o)).text);
    dm_report_add(loader->report, second->source, second->at.s, false, &error);
}

// Find the class: its index and statement, or -1 where there is none.
// @return false where a wrong one was reported.
static bool
find_class(struct dm_loader *loader, const struct dm_statement *const *items,
           size_t n, int *ret_class, const struct dm_statement **ret_type)
{
    *ret_class = -1;
    for (size_t i = 0; i < n; ++i) {
        const struct dm_str iri = dm_node_text(items[i]->o);
        if (!is_type(items[i]) || !is_ours(iri) ||
            sord_node_get_type(items[i]->o) != SORD_URI) {
            continue;
        }
        const int class = dm_class_index(iri);
        if (class < 0) {
            unknown_class(loader, items[i]);
            return false;
        }
        if (*ret_class >= 0) {
            two_classes(loader, *ret_type, items[i]);
            return false;
        }
        *ret_class = class;
        *ret_type = items[i];
    }
    return true;
}

static void
report_class(struct dm_loader *loader, const struct dm_statement *type,
             int class)
{
    const struct dm_str name = dm_classes[class].name;
    struct dm_error error;
    if (handlings[class].handling == LATER) {
        (void)dm_error_set(&error, DM_ERR_UNSUPPORTED,
                           "%s %s is not supported yet", dm_article_of(name),
                           name.data);
    } else {
        (void)dm_error_set(&error, DM_ERR_ARGUMENT, "nobody writes %s %s",
                           dm_article_of(name), name.data);
    }
    dm_error_detail(&error, "%s", handlings[class].why);
    dm_report_add(loader->report, type->source, type->at.o, false, &error);
}

// A subject without class that has properties of ours
static void
report_classless(struct dm_loader *loader,
                 const struct dm_subject_node *subject,
                 const struct dm_statement *const *items, size_t n)
{
    for (size_t i = 0; i < n; ++i) {
        if (!is_ours(dm_node_text(items[i]->p))) {
            continue;
        }
        const struct dm_shown name = dm_loader_show(loader, subject->iri);
        struct dm_error error;
        if (is_ours(subject->iri)) {
            (void)dm_error_set(&error, DM_ERR_NOT_FOUND,
                               "there is no %s to change", name.text);
            dm_error_hint(&error, "What begins with : is ours; names of yours "
                                  "stand in <>");
        } else {
            (void)dm_error_set(&error, DM_ERR_ARGUMENT,
                               "it is not said what %s is", name.text);
            dm_error_hint(&error, "As %s a :HttpCheck", name.text);
        }
        dm_report_add(loader->report, items[i]->source, items[i]->at.s, false,
                      &error);
        return;
    }
}

// ---------------------------------------------------------------- properties

static void
unknown_property(struct dm_loader *loader, const struct dm_statement *statement,
                 int class)
{
    const struct dm_str iri = dm_node_text(statement->p);
    struct dm_nearest nearest;
    dm_nearest_init(&nearest,
                    dm_str_slice(iri, sizeof(DM_VOCAB_NS) - 1, iri.n));
    for (size_t i = 0; i < dm_n_properties; ++i) {
        if (dm_properties[i].domain >> (unsigned)class & 1U) {
            dm_nearest_try(&nearest, dm_properties[i].name);
        }
    }
    struct dm_error error;
    (void)dm_error_set(&error, DM_ERR_NOT_FOUND, "there is no property %s",
                       dm_loader_show(loader, iri).text);
    if (dm_nearest_found(&nearest)) {
        dm_error_hint(&error, "Did you mean :%s?", nearest.best.data);
    }
    dm_report_add(loader->report, statement->source, statement->at.p, false,
                  &error);
}

static void
misplaced_property(struct dm_loader *loader,
                   const struct dm_statement *statement, int property,
                   int class)
{
    const struct dm_str name = dm_classes[class].name;
    struct dm_nearest nearest;
    dm_nearest_init(&nearest, dm_properties[property].name);
    for (size_t i = 0; i < dm_n_properties; ++i) {
        if (dm_properties[i].domain >> (unsigned)class & 1U) {
            dm_nearest_try(&nearest, dm_properties[i].name);
        }
    }
    struct dm_error error;
    (void)dm_error_set(&error, DM_ERR_ARGUMENT, "%s %s has no :%s",
                       dm_article_of(name), name.data,
                       dm_properties[property].name.data);
    if (dm_nearest_found(&nearest)) {
        dm_error_hint(&error, "Did you mean :%s?", nearest.best.data);
    }
    dm_report_add(loader->report, statement->source, statement->at.p, false,
                  &error);
}

static bool
is_check(int class)
{
    return class == DM_CLASS_CHECK || dm_classes[class].super == DM_CLASS_CHECK;
}

// Report a property that is not to be written; false where it may be.
static bool
is_exception(struct dm_loader *loader, const struct dm_statement *statement,
             int property, int class)
{
    struct dm_error error = {0};
    const char *name = dm_properties[property].name.data;
    if (property == DM_PROPERTY_NAME && is_check(class)) {
        (void)dm_error_set(&error, DM_ERR_ARGUMENT,
                           "nobody writes :name on a check: its name is its "
                           "IRI");
        dm_error_hint(&error, ":title is the text to show");
    }
    for (size_t i = 0; i < DM_COUNT_OF(exceptions); ++i) {
        if (exceptions[i].property != property) {
            continue;
        }
        const bool is_later = exceptions[i].handling == LATER;
        (void)dm_error_set(
            &error, is_later ? DM_ERR_UNSUPPORTED : DM_ERR_ARGUMENT,
            is_later ? ":%s is not supported yet" : "nobody writes :%s", name);
        dm_error_detail(&error, "%s", exceptions[i].why);
    }
    if (!error.status) {
        return false;
    }
    dm_report_add(loader->report, statement->source, statement->at.p, false,
                  &error);
    return true;
}

// The property of a statement that says something here, or -1
static int
check_property(struct dm_loader *loader, const struct dm_statement *statement,
               int class)
{
    const struct dm_str iri = dm_node_text(statement->p);
    if (!is_ours(iri)) {
        return -1; // Other vocabularies mean nothing to us
    }
    const int property = dm_property_index(iri);
    if (property < 0) {
        unknown_property(loader, statement, class);
        return -1;
    }
    // A template has whatever those have that take from it
    if (class != DM_CLASS_TEMPLATE &&
        !(dm_properties[property].domain >> (unsigned)class & 1U)) {
        misplaced_property(loader, statement, property, class);
        return -1;
    }
    if (handlings[class].handling == HANDLED || class == DM_CLASS_NODE) {
        return is_exception(loader, statement, property, class) ? -1 : property;
    }
    return property;
}

// ---------------------------------------------------------------- values

static struct dm_value
value_of(const struct dm_statement *statement)
{
    struct dm_value value = {
        .is_iri = sord_node_get_type(statement->o) == SORD_URI,
        .text = dm_node_text(statement->o),
        .datatype = {"", 0},
        .statement = statement,
    };
    const SordNode *datatype = sord_node_get_datatype(statement->o);
    if (datatype) {
        value.datatype = dm_node_text(datatype);
    } else if (sord_node_get_language(statement->o)) {
        value.datatype = dm_str(DM_RDF_NS "langString");
    }
    return value;
}

static enum dm_status
fill_default(struct dm_loader *loader, struct dm_entity *entity, int property)
{
    const struct dm_property *row = &dm_properties[property];
    const struct dm_default *found =
        dm_property_default(row, entity->class_index);
    if (!found || entity->values[property].n ||
        !(row->domain >> (unsigned)entity->class_index & 1U)) {
        return DM_OK;
    }
    struct dm_value *value =
        dm_arena_alloc(&loader->scratch, 1, sizeof(*value));
    if (!value) {
        return DM_ERR_NO_MEMORY;
    }
    *value = (struct dm_value){
        .is_iri = dm_code_index(found->value) >= 0,
        .text = found->value,
        .datatype = row->range == DM_RANGE_STRING ? dm_str("") : row->range_iri,
    };
    entity->values[property] = (struct dm_values){value, 1};
    return DM_OK;
}

static void
report_many(struct dm_loader *loader, const struct dm_values *values,
            int property)
{
    const struct dm_statement *first = values->items[0].statement;
    const struct dm_statement *second = values->items[1].statement;
    struct dm_error error;
    (void)dm_error_set(&error, DM_ERR_ARGUMENT, ":%s has one value, not %zu",
                       dm_properties[property].name.data, values->n);
    dm_error_detail(&error, "the first is at %s:%u:%u",
                    first->source->name.data, first->at.o.line,
                    first->at.o.column);
    dm_report_add(loader->report, second->source, second->at.o, false, &error);
}

// Where a file says something of a shipped definition, that replaces what was
// shipped.
static enum dm_status
fill_values(struct dm_loader *loader, struct dm_entity *entity,
            const struct dm_statement *const *items, size_t n)
{
    int *properties = dm_arena_alloc(&loader->scratch, n + 1, sizeof(int));
    struct dm_value *values =
        dm_arena_alloc(&loader->scratch, n + 1, sizeof(*values));
    if (!properties || !values) {
        return DM_ERR_NO_MEMORY;
    }
    bool is_changed[DM_PROPERTIES] = {false};
    const size_t n_errors = dm_config_report_errors(loader->report);
    for (size_t i = 0; i < n; ++i) {
        properties[i] = is_type(items[i]) ? -1
                                          : check_property(loader, items[i],
                                                           entity->class_index);
        const bool is_shipped = items[i]->source->index == 0;
        if (properties[i] >= 0) {
            is_changed[properties[i]] |= !is_shipped;
            entity->values[properties[i]].n += 1; // At most
        }
        entity->is_shipped &= is_shipped;
    }
    // What is missing may be what was written wrong
    entity->is_broken |= dm_config_report_errors(loader->report) > n_errors;
    for (size_t i = 0; i < DM_PROPERTIES; ++i) {
        entity->values[i].items = values;
        values += entity->values[i].n;
        entity->values[i].n = 0;
    }
    for (size_t i = 0; i < n; ++i) {
        const int property = properties[i];
        if (property >= 0 &&
            (items[i]->source->index != 0 || !is_changed[property])) {
            struct dm_values *list = &entity->values[property];
            list->items[list->n++] = value_of(items[i]);
        }
    }
    for (int i = 0; i < DM_PROPERTIES; ++i) {
        if (entity->values[i].n > 1 && !dm_property_is_many(i)) {
            report_many(loader, &entity->values[i], i);
            entity->values[i].n = 1;
        }
        const enum dm_status status = fill_default(loader, entity, i);
        if (status) {
            return status;
        }
    }
    return DM_OK;
}

// Whether a thing of this class may have this name
static bool
is_name_allowed(struct dm_loader *loader, const struct dm_subject_node *subject,
                const struct dm_statement *type)
{
    if (!is_ours(subject->iri) || type->source->index == 0) {
        return true;
    }
    struct dm_error error;
    (void)dm_error_set(&error, DM_ERR_ARGUMENT,
                       "%s cannot be defined: what begins with : is ours",
                       dm_loader_show(loader, subject->iri).text);
    dm_error_hint(&error, "Names of yours stand in <>");
    dm_report_add(loader->report, type->source, type->at.s, false, &error);
    return false;
}

enum dm_status
dm_entity_read(struct dm_loader *loader, const struct dm_subject_node *subject,
               struct dm_entity *ret)
{
    const struct dm_statement *const *items = NULL;
    size_t n = 0;
    const enum dm_status status = dm_model_about(&loader->model, subject->node,
                                                 &loader->scratch, &items, &n);
    if (status) {
        return status;
    }
    int class = -1;
    const struct dm_statement *type = NULL;
    if (!find_class(loader, items, n, &class, &type)) {
        return DM_END;
    }
    const bool is_this = dm_str_is(subject->iri, DM_VOCAB_THIS);
    if (class < 0 && !is_this) {
        if (!subject->is_broken) {
            report_classless(loader, subject, items, n);
        }
        return DM_END;
    }
    assert(is_this || type); // Where there is a class
    if (is_this) {
        class = DM_CLASS_NODE;
    } else if (!is_name_allowed(loader, subject, type)) {
        return DM_END;
    }

    memset(ret, 0, sizeof(*ret));
    ret->iri = subject->iri;
    ret->class_index = class;
    ret->begin = type ? type : items[0];
    ret->is_broken = subject->is_broken;
    ret->is_shipped = true;
    if (!is_this && handlings[class].handling != HANDLED) {
        report_class(loader, type, class);
    }
    const enum dm_status filled = fill_values(loader, ret, items, n);
    return !filled && !is_this && handlings[class].handling != HANDLED ? DM_END
                                                                       : filled;
}

enum dm_status
dm_entity_default(struct dm_loader *loader, int class_index,
                  struct dm_entity *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->class_index = class_index;
    return fill_values(loader, ret, NULL, 0);
}
