// SPDX-License-Identifier: ISC

#include "quadstore/words_private.h"

#include "quadstore/event.h"
#include "quadstore/id_private.h"
#include "rdf/term.h"

#include <assert.h>

#define DM_NS "https://w3id.org/demonitor#"

static const struct dm_str words[DM_WORD_COUNT] = {
    [DM_WORD_REIFIES] = DM_STR(DM_RDF_NS "reifies"),
    [DM_WORD_AT] = DM_STR(DM_NS "at"),
    [DM_WORD_SECONDS] = DM_STR(DM_NS "seconds"),
    [DM_WORD_FAILURE] = DM_STR(DM_NS "failure"),
    [DM_WORD_MESSAGE] = DM_STR(DM_NS "message"),
    [DM_WORD_OUTPUT] = DM_STR(DM_NS "output"),
    [DM_WORD_RUN_ID] = DM_STR(DM_NS "runId"),
    [DM_WORD_CERTIFICATE_EXPIRES] = DM_STR(DM_NS "certificateExpires"),
    [DM_WORD_STATUS] = DM_STR(DM_NS "status"),
    [DM_WORD_OK] = DM_STR(DM_NS "ok"),
    [DM_WORD_WARNING] = DM_STR(DM_NS "warning"),
    [DM_WORD_CRITICAL] = DM_STR(DM_NS "critical"),
    [DM_WORD_UNKNOWN] = DM_STR(DM_NS "unknown"),
    [DM_WORD_STALE] = DM_STR(DM_NS "stale"),
    [DM_WORD_STARTED] = DM_STR(DM_NS "started"),
    [DM_WORD_LOGGED] = DM_STR(DM_NS "logged"),
    [DM_WORD_UNIT] = DM_STR(DM_NS "unit"),
    [DM_WORD_WARN] = DM_STR(DM_NS "warn"),
    [DM_WORD_CRIT] = DM_STR(DM_NS "crit"),
    [DM_WORD_TYPE] = DM_STR(DM_RDF_NS "type"),
    [DM_WORD_STRING] = DM_STR(DM_XSD_NS "string"),
    [DM_WORD_LANG_STRING] = DM_STR(DM_RDF_NS "langString"),
    [DM_WORD_DIR_LANG_STRING] = DM_STR(DM_RDF_NS "dirLangString"),
    [DM_WORD_INTEGER] = DM_STR(DM_XSD_NS "integer"),
    [DM_WORD_DECIMAL] = DM_STR(DM_XSD_NS "decimal"),
    [DM_WORD_DOUBLE] = DM_STR(DM_XSD_NS "double"),
    [DM_WORD_BOOLEAN] = DM_STR(DM_XSD_NS "boolean"),
    [DM_WORD_DATETIME] = DM_STR(DM_XSD_NS "dateTime"),
};

static_assert((int)DM_WORD_COUNT <= DM_WORD_RESERVED,
              "words keep to their place");
static_assert(DM_WORD_LOGGED - DM_WORD_OK == DM_RESULT_LOGGED,
              "statuses stand in their order");

struct dm_str
dm_word_iri(enum dm_word word)
{
    assert(word > DM_WORD_NONE && word < DM_WORD_COUNT);
    return words[word];
}

dm_id
dm_word_id(enum dm_word word)
{
    assert(word > DM_WORD_NONE && word < DM_WORD_COUNT);
    return dm_id_make(DM_TAG_IRI, (uint64_t)word);
}

enum dm_word
dm_word_find(struct dm_str iri)
{
    for (int i = DM_WORD_NONE + 1; i < DM_WORD_COUNT; ++i) {
        if (dm_str_equal(words[i], iri)) {
            return (enum dm_word)i;
        }
    }
    return DM_WORD_NONE;
}
