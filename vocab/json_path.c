// SPDX-License-Identifier: ISC

#include "vocab/condition_private.h"

//   path = '$' *( '.' NAME / '[' INDEX ']' / "['" TEXT "']" / '["' TEXT '"]' )

static bool
take_member(struct dm_str *path, struct dm_json_step *ret)
{
    size_t n = 1;
    while (n < path->n && path->data[n] != '.' && path->data[n] != '[') {
        ++n;
    }
    if (n == 1) {
        return false;
    }
    *ret = (struct dm_json_step){.name = dm_str_slice(*path, 1, n - 1)};
    *path = dm_str_slice(*path, n, path->n);
    return true;
}

static bool
take_bracket(struct dm_str *path, struct dm_json_step *ret)
{
    const char quote = path->n > 1 ? path->data[1] : '\0';
    const bool is_text = quote == '\'' || quote == '"';
    const struct dm_str inside = dm_str_slice(*path, is_text ? 2 : 1, path->n);
    const char text_end[] = {quote, ']'};
    const size_t n =
        dm_str_find(inside, is_text ? dm_str_n(text_end, 2) : dm_str("]"));
    if (n == inside.n) {
        return false;
    }
    const struct dm_str content = dm_str_slice(inside, 0, n);
    *path = dm_str_slice(inside, n + (is_text ? 2 : 1), inside.n);
    if (is_text) {
        *ret = (struct dm_json_step){.name = content};
        return true;
    }
    uint64_t index = 0;
    if (!dm_str_to_uint(content, UINT32_MAX, &index)) {
        return false;
    }
    *ret = (struct dm_json_step){.is_index = true, .index = (uint32_t)index};
    return true;
}

bool
dm_json_path_next(struct dm_str *path, struct dm_json_step *ret)
{
    if (path->n && path->data[0] == '$') {
        *path = dm_str_slice(*path, 1, path->n);
    }
    if (!path->n) {
        return false;
    }
    return path->data[0] == '.'   ? take_member(path, ret)
           : path->data[0] == '[' ? take_bracket(path, ret)
                                  : false;
}

bool
dm_json_path_is_valid(struct dm_str path)
{
    if (!path.n || path.data[0] != '$') {
        return false;
    }
    struct dm_json_step step;
    // '$' names nothing but the start
    path = dm_str_slice(path, 1, path.n);
    while (path.n && path.data[0] != '$') {
        if (!dm_json_path_next(&path, &step)) {
            return false;
        }
    }
    return path.n == 0;
}
