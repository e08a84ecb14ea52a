// SPDX-License-Identifier: ISC

#include "vocab/secret.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/env.h"
#include "tests/check.h"

#include <string.h>

// An environment whose files are a table
struct file {
    const char *path;
    const char *text;
    size_t n;
    uint32_t mode;
};

static const struct file files[] = {
    {"C/secrets/token", "s3cret-token\n", 13, 0600},
    {"C/secrets/open", "visible\n", 8, 0644},
    {"C/secrets/empty", "\n", 1, 0600},
    {"C/secrets/nul", "a\0b", 3, 0600},
    {"C/secrets/two", "line\nline\n", 10, 0640},
    {"C/secrets/user", "anna:pa55word\r\n", 15, 0600},
    {"C/secrets/tiny", "abc", 3, 0600},
    {"/run/creds/tls.key", "credential", 10, 0444},
};

static const struct file *
find(const char *path)
{
    for (size_t i = 0; i < DM_COUNT_OF(files); ++i) {
        if (strcmp(files[i].path, path) == 0) {
            return &files[i];
        }
    }
    return NULL;
}

static enum dm_status
env_info(void *context, const char *path, struct dm_file_info *ret)
{
    (void)context;
    const struct file *file = find(path);
    if (!file) {
        return DM_ERR_NOT_FOUND;
    }
    *ret = (struct dm_file_info){
        .kind = DM_FILE_REGULAR, .mode = file->mode, .size = file->n};
    return DM_OK;
}

static enum dm_status
env_read(void *context, const char *path, struct dm_buf *buf,
         struct dm_error *error)
{
    (void)context;
    (void)error;
    const struct file *file = find(path);
    return file ? dm_buf_put(buf, file->text, file->n) : DM_ERR_NOT_FOUND;
}

static const char *
env_variable(void *context, const char *name)
{
    (void)context;
    return strcmp(name, "PASSWORD") == 0                ? "from-the-environment"
           : strcmp(name, "CREDENTIALS_DIRECTORY") == 0 ? "/run/creds"
                                                        : NULL;
}

static const struct dm_env_ops ops = {
    .variable = env_variable, .info = env_info, .read = env_read};
static const struct dm_env env = {.ops = &ops};

static enum dm_status
add(struct dm_secrets *secrets, const char *text, struct dm_error *error)
{
    struct dm_secret_ref ref;
    CHECK(dm_secret_find(dm_str(text), 0, &ref) == DM_OK);
    return dm_secrets_add(secrets, &env, "C", &ref, error);
}

static void
references_are_found(void)
{
    struct dm_secret_ref ref;
    const struct dm_str text = DM_STR("Bearer ${file:to-fra} ${env:A_1}");
    CHECK(dm_secret_find(text, 0, &ref) == DM_OK);
    CHECK(ref.source == DM_SECRET_FILE && dm_str_is(ref.name, "to-fra"));
    CHECK(dm_str_is(ref.text, "${file:to-fra}"));
    CHECK(dm_secret_find(text, 8, &ref) == DM_OK);
    CHECK(ref.source == DM_SECRET_ENV && dm_str_is(ref.name, "A_1"));
    CHECK(dm_secret_find(text, 30, &ref) == DM_END);
    CHECK(dm_secret_find(dm_str("$x {file:y}"), 0, &ref) == DM_END);

    CHECK(dm_secret_is_ref(dm_str("${credential:tls.key}")));
    CHECK(!dm_secret_is_ref(dm_str("x${credential:tls.key}")));

    static const char *const wrong[] = {
        "${file:}",    "${file:a",        "${vault:x}", "${file:../key}",
        "${file:a b}", "${file:.hidden}", "${",         "${file:a/b}"};
    for (size_t i = 0; i < DM_COUNT_OF(wrong); ++i) {
        CHECK(dm_secret_find(dm_str(wrong[i]), 0, &ref) == DM_ERR_SYNTAX);
    }
}

static void
secrets_are_read_and_put_in(void)
{
    struct dm_secrets *secrets = dm_secrets_new();
    CHECK(secrets);
    CHECK(add(secrets, "${file:token}", NULL) == DM_OK);
    CHECK(add(secrets, "${file:token}", NULL) == DM_OK);
    CHECK(add(secrets, "${env:PASSWORD}", NULL) == DM_OK);
    CHECK(add(secrets, "${credential:tls.key}", NULL) == DM_OK);
    struct dm_buf buf;
    dm_buf_init(&buf, 1000);
    CHECK(dm_secrets_expand(secrets,
                            dm_str("a ${file:token}, ${env:PASSWORD}; "
                                   "${credential:tls.key}"),
                            &buf, NULL) == DM_OK);
    CHECK(dm_str_is(dm_buf_str(&buf),
                    "a s3cret-token, from-the-environment; credential"));
    dm_secret_wipe(&buf);
    CHECK(buf.n == 0);
    struct dm_error error = {0};
    CHECK(dm_secrets_expand(secrets, dm_str("x ${file:other}"), &buf, &error) ==
          DM_ERR_NOT_FOUND);
    CHECK(strcmp(error.what, "the secret ${file:other} is not there") == 0);
    CHECK(buf.n == 0);
    dm_buf_done(&buf);
    dm_secrets_free(secrets);
}

static void
bad_secrets_are_refused(void)
{
    struct dm_secrets *secrets = dm_secrets_new();
    CHECK(secrets);
    struct dm_error error = {0};
    CHECK(add(secrets, "${file:open}", &error) == DM_ERR_PERMISSION);
    CHECK(strcmp(error.what, "everybody can read secrets/open") == 0);
    CHECK(strcmp(error.hint, "chmod 0600 C/secrets/open") == 0);
    CHECK(add(secrets, "${file:none}", &error) == DM_ERR_NOT_FOUND);
    CHECK(strcmp(error.what, "the secret ${file:none} is not there") == 0);
    CHECK(add(secrets, "${env:NONE}", &error) == DM_ERR_NOT_FOUND);
    CHECK(add(secrets, "${file:empty}", &error) == DM_ERR_SYNTAX);
    CHECK(add(secrets, "${file:nul}", &error) == DM_ERR_SYNTAX);

    struct dm_secret_ref ref;
    CHECK(add(secrets, "${file:two}", &error) == DM_OK);
    CHECK(dm_secret_find(dm_str("${file:two}"), 0, &ref) == DM_OK);
    CHECK(dm_secrets_has_lines(secrets, &ref));
    CHECK(add(secrets, "${file:user}", &error) == DM_OK);
    CHECK(dm_secret_find(dm_str("${file:user}"), 0, &ref) == DM_OK);
    CHECK(!dm_secrets_has_lines(secrets, &ref));
    dm_secrets_free(secrets);
    dm_secrets_free(NULL);
}

static void
check_hidden(const struct dm_secrets *secrets, const char *text,
             const char *want)
{
    struct dm_buf buf;
    dm_buf_init(&buf, 1000);
    CHECK(dm_secrets_hide(secrets, dm_str(text), &buf) == DM_OK);
    if (!dm_str_is(dm_buf_str(&buf), want)) {
        (void)fprintf(stderr, "got %s, want %s\n", dm_buf_cstr(&buf), want);
        CHECK(false);
    }
    dm_buf_done(&buf);
}

static void
secrets_are_hidden_in_what_goes_out(void)
{
    struct dm_secrets *secrets = dm_secrets_new();
    CHECK(secrets);
    check_hidden(secrets, "s3cret-token", "s3cret-token");
    CHECK(add(secrets, "${file:token}", NULL) == DM_OK);
    CHECK(add(secrets, "${file:tiny}", NULL) == DM_OK);
    CHECK(add(secrets, "${file:user}", NULL) == DM_OK);
    check_hidden(secrets, "", "");
    check_hidden(secrets, "s3cret-toke", "s3cret-toke");
    check_hidden(secrets, "s3cret-token", "***");
    check_hidden(secrets, "a s3cret-tokens3cret-token b", "a ****** b");
    check_hidden(secrets, "abc", "abc"); // Too short to be looked for
    // Basic anna:pa55word, Basic x:s3cret-token
    check_hidden(secrets, "Basic YW5uYTpwYTU1d29yZA==", "Basic ***A==");
    check_hidden(secrets, "Basic eDpzM2NyZXQtdG9rZW4=", "Basic eDp***4=");
    dm_secrets_free(secrets);
}

static enum dm_status
add_two(struct dm_secrets *secrets)
{
    const enum dm_status status = add(secrets, "${file:token}", NULL);
    return status ? status : add(secrets, "${env:PASSWORD}", NULL);
}

static void
each_failing_allocation_is_told(void)
{
    struct dm_secrets *secrets = dm_secrets_new();
    CHECK(secrets);
    const size_t before = dm_alloc_count();
    CHECK(add_two(secrets) == DM_OK);
    const size_t all = dm_alloc_count() - before;
    dm_secrets_free(secrets);
    for (size_t n = 0; n < all; ++n) {
        secrets = dm_secrets_new();
        CHECK(secrets);
        dm_alloc_fail_after(n);
        CHECK(add_two(secrets) == DM_ERR_NO_MEMORY);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        dm_secrets_free(secrets);
    }
    dm_alloc_fail_after(0);
    CHECK(!dm_secrets_new());
    dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
}

int
main(void)
{
    references_are_found();
    secrets_are_read_and_put_in();
    bad_secrets_are_refused();
    secrets_are_hidden_in_what_goes_out();
    each_failing_allocation_is_told();
    return 0;
}
