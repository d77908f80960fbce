/* SPDX-License-Identifier: Apache-2.0 */
/* What the pages of the reports have in common. */
#ifndef TWINWALK_HTML_PAGE_H
#define TWINWALK_HTML_PAGE_H

/* The beginning of a page up to and with the start tag of its title. */
extern const char html_page_head[];

#endif
