/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle_monitor.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compressed_file.h"

enum { MAX_TEXT = 64 << 20 }; /* bytes of a monitor's output */

static int bad_line(const char *path, unsigned line, const char *what)
{
    fprintf(stderr, "%s:%u:1: %s\n", path, line, what);
    return -1;
}

static int add_page(struct monitor_pages *pages, const struct monitor_page *page)
{
    if (pages->count == pages->room) {
        size_t room = pages->room ? 2 * pages->room : 1024;
        struct monitor_page *larger = realloc(pages->pages, room * sizeof(*larger));
        if (!larger)
            return -1;
        pages->pages = larger;
        pages->room = room;
    }
    pages->pages[pages->count++] = *page;
    return 0;
}

/* "ffffffffc01ff000: 000000015dd3f000 XGPDACTUW", with '-' for each flag that is not set */
static bool parse_tlb(const char *text, struct monitor_page *page)
{
    static const char letters[] = "XGPDACTUW";
    char flags[sizeof(letters)];
    int end = 0;

    if (sscanf(text, "%16" SCNx64 ": %16" SCNx64 " %9s%n", &page->va, &page->pa, flags, &end) != 3 ||
        text[end] || strlen(flags) != strlen(letters))
        return false;
    for (unsigned i = 0; letters[i]; i++) {
        if (flags[i] == letters[i])
            page->flags |= 1u << i;
        else if (flags[i] != '-')
            return false;
    }
    return true;
}

/* "00007fe654264243 gpa: 0x143064243" or "0000000000001000 Unmapped" */
static bool parse_gva2gpa(const char *text, struct monitor_page *page)
{
    int end = 0;

    page->flags = PAGE_SINGLE;
    if (sscanf(text, "%16" SCNx64 " gpa: %" SCNx64 "%n", &page->va, &page->pa, &end) == 2)
        return !text[end];
    page->flags |= PAGE_UNMAPPED;
    return sscanf(text, "%16" SCNx64 " Unmapped%n", &page->va, &end) == 1 && end && !text[end];
}

static int read_lines(struct monitor_pages *pages, const char *path, char *text, size_t length,
                      bool (*parse)(const char *, struct monitor_page *))
{
    char *end;

    for (unsigned line = 1; length; line++) {
        struct monitor_page page = {.flags = 0};
        end = memchr(text, '\n', length);
        if (!end)
            return bad_line(path, line, "the last line is incomplete");
        *end = '\0';
        if (!parse(text, &page))
            return bad_line(path, line, "not a line of this monitor command");
        if (add_page(pages, &page))
            return bad_line(path, line, "memory is short");
        length -= (size_t)(end + 1 - text);
        text = end + 1;
    }
    return 0;
}

static int read_file(struct monitor_pages *pages, const char *path,
                     bool (*parse)(const char *, struct monitor_page *))
{
    struct compressed_file *file = compressed_file_open(path, stderr);
    char *text = malloc(MAX_TEXT);
    int status = -1;

    if (file && !text) {
        fprintf(stderr, "%s: memory is short\n", path);
    } else if (file) {
        ssize_t length = compressed_file_read(file, text, MAX_TEXT);
        if (length < 0)
            fprintf(stderr, "%s\n", compressed_file_error(file));
        else if (length == MAX_TEXT)
            fprintf(stderr, "%s: the file is too large\n", path);
        else
            status = read_lines(pages, path, text, (size_t)length, parse);
    }
    free(text);
    compressed_file_close(file);
    return status;
}

int monitor_read_tlb(struct monitor_pages *pages, const char *path)
{
    return read_file(pages, path, parse_tlb);
}

int monitor_read_gva2gpa(struct monitor_pages *pages, const char *path)
{
    return read_file(pages, path, parse_gva2gpa);
}

void monitor_free(struct monitor_pages *pages)
{
    free(pages->pages);
    *pages = (struct monitor_pages){.count = 0};
}
