// SPDX-License-Identifier: ISC

#include "sync/conf.h"

#include "base/alloc.h"
#include "vocab/config.h"

enum dm_status
dm_log_conf_new(struct dm_config *config, struct dm_log_conf **ret)
{
    struct dm_log_conf *conf = dm_calloc(1, sizeof(*conf));
    if (!conf) {
        return DM_ERR_NO_MEMORY;
    }
    const enum dm_status status = dm_config_parts_make(config, &conf->parts);
    if (status) {
        dm_free(conf);
        return status;
    }
    atomic_init(&conf->references, 1);
    conf->config = dm_config_ref(config);
    *ret = conf;
    return DM_OK;
}

struct dm_log_conf *
dm_log_conf_ref(struct dm_log_conf *conf)
{
    (void)atomic_fetch_add(&conf->references, 1);
    return conf;
}

void
dm_log_conf_unref(struct dm_log_conf *conf)
{
    if (conf && atomic_fetch_sub(&conf->references, 1) == 1) {
        dm_config_unref(conf->config);
        dm_config_parts_done(&conf->parts);
        dm_free(conf);
    }
}
