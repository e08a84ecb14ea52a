// SPDX-License-Identifier: ISC

#include "base/alloc.h"
#include "base/buf.h"
#include "tests/check.h"

#include <string.h>

// I1 of base/buf.h
static void
check_invariants(const struct dm_buf *buf)
{
    CHECK(buf->n <= buf->max);
    CHECK(!buf->data || buf->data[buf->n] == '\0');
    CHECK(!buf->data || buf->n < buf->capacity);
}

static void
what_is_appended_comes_out_in_order(void)
{
    struct dm_buf buf;
    dm_buf_init(&buf, 100);
    CHECK(strcmp(dm_buf_cstr(&buf), "") == 0);
    CHECK(dm_buf_puts(&buf, "one") == DM_OK);
    CHECK(dm_buf_putc(&buf, ' ') == DM_OK);
    CHECK(dm_buf_put(&buf, "two", 3) == DM_OK);
    CHECK(dm_buf_put(&buf, NULL, 0) == DM_OK);
    CHECK(dm_buf_put_str(&buf, dm_str(" three ")) == DM_OK);
    CHECK(dm_buf_printf(&buf, "%d%s", 4, "!") == DM_OK);
    check_invariants(&buf);
    CHECK(dm_str_is(dm_buf_str(&buf), "one two three 4!"));
    CHECK(strcmp(dm_buf_cstr(&buf), "one two three 4!") == 0);
    dm_buf_done(&buf);
}

static void
a_full_buffer_keeps_its_bytes_and_refuses_every_later_append(void)
{
    struct dm_buf buf;
    dm_buf_init(&buf, 4);
    CHECK(dm_buf_puts(&buf, "abc") == DM_OK);
    CHECK(dm_buf_puts(&buf, "de") == DM_ERR_LIMIT);
    CHECK(dm_buf_putc(&buf, 'd') == DM_ERR_LIMIT); // It would fit
    CHECK(dm_buf_printf(&buf, "%c", 'd') == DM_ERR_LIMIT);
    CHECK(dm_str_is(dm_buf_str(&buf), "abc"));
    check_invariants(&buf);

    dm_buf_clear(&buf);
    CHECK(buf.status == DM_OK);
    CHECK(dm_buf_puts(&buf, "wxyz") == DM_OK);
    CHECK(dm_buf_putc(&buf, '!') == DM_ERR_LIMIT);
    CHECK(dm_str_is(dm_buf_str(&buf), "wxyz"));
    dm_buf_done(&buf);
    CHECK(buf.status == DM_OK && buf.max == 4);
}

static void
a_buffer_of_nothing_takes_nothing(void)
{
    struct dm_buf buf;
    dm_buf_init(&buf, 0);
    CHECK(dm_buf_puts(&buf, "") == DM_OK);
    CHECK(dm_buf_putc(&buf, 'x') == DM_ERR_LIMIT);
    CHECK_INT((int64_t)buf.n, 0);
    dm_buf_done(&buf);
}

static void
reserved_room_is_used_by_raising_n(void)
{
    struct dm_buf buf;
    dm_buf_init(&buf, 10);
    CHECK(dm_buf_puts(&buf, "ab") == DM_OK);
    char *room = dm_buf_reserve(&buf, 8);
    CHECK(room);
    memset(room, 'c', 3);
    buf.n += 3;
    buf.data[buf.n] = '\0';
    CHECK(dm_str_is(dm_buf_str(&buf), "abccc"));
    CHECK(!dm_buf_reserve(&buf, 6));
    CHECK(!dm_buf_reserve(&buf, SIZE_MAX));
    dm_buf_done(&buf);
}

static void
shifting_removes_from_the_front(void)
{
    struct dm_buf buf;
    dm_buf_init(&buf, 10);
    dm_buf_shift(&buf, 0);
    CHECK(dm_buf_puts(&buf, "abcdef") == DM_OK);
    dm_buf_shift(&buf, 2);
    CHECK(dm_str_is(dm_buf_str(&buf), "cdef"));
    dm_buf_shift(&buf, 4);
    CHECK_INT((int64_t)buf.n, 0);
    check_invariants(&buf);
    dm_buf_done(&buf);
}

static void
cutting_removes_from_the_end(void)
{
    struct dm_buf buf;
    dm_buf_init(&buf, 6);
    dm_buf_cut(&buf, 0);
    CHECK(dm_buf_puts(&buf, "abcdef") == DM_OK);
    dm_buf_cut(&buf, 6);
    dm_buf_cut(&buf, 2);
    CHECK(dm_str_is(dm_buf_str(&buf), "ab"));
    check_invariants(&buf);
    CHECK(dm_buf_puts(&buf, "too long") == DM_ERR_LIMIT);
    dm_buf_cut(&buf, 1);
    CHECK(dm_str_is(dm_buf_str(&buf), "a") && buf.status == DM_ERR_LIMIT);
    dm_buf_done(&buf);
}

static void
taken_bytes_are_the_callers(void)
{
    struct dm_buf buf;
    dm_buf_init(&buf, 10);
    size_t n = 1;
    CHECK(!dm_buf_take(&buf, &n));
    CHECK_INT((int64_t)n, 0);
    CHECK(dm_buf_puts(&buf, "mine") == DM_OK);
    char *taken = dm_buf_take(&buf, &n);
    CHECK(taken && n == 4 && strcmp(taken, "mine") == 0);
    CHECK(!buf.data && buf.n == 0 && buf.max == 10);
    dm_free(taken);
}

static void
a_failed_allocation_keeps_the_bytes(void)
{
    struct dm_buf buf;
    dm_buf_init(&buf, 1000);
    CHECK(dm_buf_puts(&buf, "abc") == DM_OK);
    char long_text[200];
    memset(long_text, 'x', sizeof(long_text));
    dm_alloc_fail_after(0);
    CHECK(dm_buf_put(&buf, long_text, sizeof(long_text)) == DM_ERR_NO_MEMORY);
    dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
    CHECK(dm_buf_putc(&buf, 'd') == DM_ERR_NO_MEMORY); // It is remembered
    CHECK(dm_str_is(dm_buf_str(&buf), "abc"));
    check_invariants(&buf);
    dm_buf_done(&buf);
}

int
main(void)
{
    what_is_appended_comes_out_in_order();
    a_full_buffer_keeps_its_bytes_and_refuses_every_later_append();
    a_buffer_of_nothing_takes_nothing();
    reserved_room_is_used_by_raising_n();
    shifting_removes_from_the_front();
    cutting_removes_from_the_end();
    taken_bytes_are_the_callers();
    a_failed_allocation_keeps_the_bytes();
    return 0;
}
