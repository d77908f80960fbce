/* SPDX-License-Identifier: Apache-2.0 */
#include "html_page.h"

const char html_page_head[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n<style>\n"
    ":root{color-scheme:light dark;--fg:#1d2430;--dim:#667080;--bg:#fff;--line:#d9dee6;--code:#f3f5f8;"
    "--good:#1a7f45;--bad:#c0272d}\n"
    "@media(prefers-color-scheme:dark){:root{--fg:#e4e8ee;--dim:#98a2b3;--bg:#14181f;--line:#303846;"
    "--code:#1d232d;--good:#57c884;--bad:#ff7b72}}\n"
    "body{font:15px/1.5 system-ui,sans-serif;color:var(--fg);background:var(--bg);max-width:72rem;"
    "margin:2rem auto;padding:0 1rem}\n"
    "h1{font-size:1.4rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}p{margin:.2rem 0}\n"
    ".dim{color:var(--dim)}.good{color:var(--good)}.bad{color:var(--bad)}a{color:inherit}\n"
    ".sums{display:flex;flex-wrap:wrap;gap:2.5rem;margin:1.2rem 0}.sums b{display:block;font-size:1.5rem;"
    "font-variant-numeric:tabular-nums}\n"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}th,td{padding:.3rem .8rem .3rem 0;"
    "border-bottom:1px solid var(--line);text-align:left;vertical-align:top}\n"
    "th{color:var(--dim);font-weight:normal}.n{text-align:right;font-variant-numeric:tabular-nums;"
    "white-space:nowrap}\n"
    "code,pre{font:13px/1.45 ui-monospace,monospace;background:var(--code);border-radius:4px}\n"
    "code{padding:.1rem .3rem;overflow-wrap:anywhere}pre{padding:.6rem;overflow-x:auto;margin:.3rem 0}\n"
    ".group{border-left:3px solid var(--bad);padding-left:.9rem;margin:1rem 0}\n"
    "summary{cursor:pointer;color:var(--dim)}\n</style>\n<title>";
