// SPDX-License-Identifier: ISC

#include "daemon/page.h"

#include "base/time.h"

static const char style[] =
    "body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:60rem;"
    "padding:1rem;color:#1c1c1c;background:#fff}"
    "h1{font-size:1.3rem}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #ddd;"
    "vertical-align:top}th{font-weight:600}"
    ".banner{padding:.6rem 1rem;border-radius:.4rem;color:#fff;"
    "background:#1a7f37}"
    ".banner.bad{background:#b42318}.banner.warn{background:#8a5a00}"
    ".s{white-space:nowrap}.ok{color:#1a7f37}.warning{color:#8a5a00}"
    ".critical{color:#b42318;font-weight:600}.unknown{color:#5b4b8a}"
    ".stale{color:#6b6b6b}pre{background:#f4f4f4;padding:.8rem;"
    "overflow:auto;border-radius:.4rem}.w{overflow:auto}small{color:#6b6b6b}"
    "@media(prefers-color-scheme:dark){body{background:#161616;color:#eee}"
    "th,td{border-color:#3a3a3a}pre{background:#222}.ok{color:#56d364}"
    ".critical{color:#ff7b72}.warning{color:#e3b341}.unknown{color:#b9a5ff}"
    ".stale,small{color:#a0a0a0}}";

void
dm_page_text(struct dm_buf *out, struct dm_str text)
{
    for (size_t i = 0; i < text.n; ++i) {
        switch (text.data[i]) {
        case '<':
            (void)dm_buf_puts(out, "&lt;");
            break;
        case '>':
            (void)dm_buf_puts(out, "&gt;");
            break;
        case '&':
            (void)dm_buf_puts(out, "&amp;");
            break;
        case '"':
            (void)dm_buf_puts(out, "&quot;");
            break;
        default:
            (void)dm_buf_putc(out, text.data[i]);
            break;
        }
    }
}

void
dm_page_ago(struct dm_buf *out, int64_t ms)
{
    const int64_t seconds = ms > 0 ? ms / DM_MS_PER_SECOND : 0;
    if (seconds < 120) {
        (void)dm_buf_printf(out, "%lld s", (long long)seconds);
    } else if (seconds < 7200) {
        (void)dm_buf_printf(out, "%lld min", (long long)(seconds / 60));
    } else if (seconds < 172800) {
        (void)dm_buf_printf(out, "%lld h", (long long)(seconds / 3600));
    } else {
        (void)dm_buf_printf(out, "%lld d", (long long)(seconds / 86400));
    }
}

void
dm_page_head(struct dm_buf *out, struct dm_str title, struct dm_str heading)
{
    (void)dm_buf_puts(out, "<!doctype html>\n<html lang=en><meta charset=utf-8>"
                           "<meta name=viewport content=\"width=device-width\">"
                           "<meta http-equiv=refresh content=15><title>");
    dm_page_text(out, title);
    (void)dm_buf_printf(out, "</title><style>%s</style>\n<h1>", style);
    dm_page_text(out, heading);
    (void)dm_buf_puts(out, "</h1>\n");
}
