// SPDX-License-Identifier: ISC

#include "base/buf.h"
#include "rdf/writer.h"
#include "vocab/config.h"
#include "vocab/normal.h"
#include "vocab/vocabulary.h"

static enum dm_status
put_text(void *context, struct dm_str text)
{
    return dm_buf_put_str(context, text);
}

// Files have no graphs
static enum dm_status
put_quad(void *context, const struct dm_quad *quad)
{
    struct dm_quad triple = *quad;
    triple.g = (struct dm_term){.kind = DM_TERM_NONE};
    return dm_turtle_writer_quad(context, &triple);
}

static enum dm_status
begin(const struct dm_config *config, struct dm_turtle_writer *writer)
{
    enum dm_status status =
        dm_turtle_writer_prefix(writer, dm_str(""), dm_str(DM_VOCAB_NS));
    if (!status) {
        status =
            dm_turtle_writer_prefix(writer, dm_str("xsd"), dm_str(DM_XSD_NS));
    }
    return status ? status : dm_turtle_writer_base(writer, config->node.site);
}

static enum dm_status
put_named(const struct dm_config *config, struct dm_str name,
          struct dm_turtle_writer *writer)
{
    const struct dm_check_def *check = dm_config_check_named(config, name);
    if (check) {
        return dm_config_check_quads(config, check, put_quad, writer);
    }
    const struct dm_rule_def *rule = dm_config_rule_named(config, name);
    return rule ? dm_config_rule_quads(config, rule, put_quad, writer)
                : DM_ERR_NOT_FOUND;
}

enum dm_status
dm_config_expand(const struct dm_config *config, const struct dm_str *names,
                 size_t n_names, struct dm_buf *buf)
{
    struct dm_turtle_writer *writer = NULL;
    enum dm_status status = dm_turtle_writer_new(false, put_text, buf, &writer);
    if (status) {
        return status;
    }
    status = begin(config, writer);
    if (!status && n_names == 0) {
        status = dm_config_quads(config, put_quad, writer);
    }
    for (size_t i = 0; i < n_names && !status; ++i) {
        status = put_named(config, names[i], writer);
    }
    if (!status) {
        status = dm_turtle_writer_end(writer);
    }
    dm_turtle_writer_free(writer);
    return status;
}
