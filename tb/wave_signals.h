/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals while a wave is written. Whatever ends the program, a wave is left
 * that can be read, or nothing: not its temporary file, nor the one that the
 * FST writer has beside it.
 */
#ifndef TWINWALK_WAVE_SIGNALS_H
#define TWINWALK_WAVE_SIGNALS_H

/* What a request to end (Ctrl-C, SIGTERM, SIGHUP) does. */
enum wave_on_request {
    WAVE_REQUEST_ENDS,     /* the program, as if there were no wave */
    WAVE_REQUEST_NOTED,    /* wave_request() returns it */
    WAVE_REQUEST_ABANDONS, /* the files, and ends the program */
};

void wave_on_request(enum wave_on_request what);

/* The signal that was noted; 0: none. */
int wave_request(void);

/*
 * A wave is begun in that file. Where there is no room for what the FST writer
 * has mapped, the program ends after a message, as of an internal error.
 */
void wave_file_begun(const char *path);

/* It is complete, or not written any more; whatever the writer has left goes. */
void wave_file_ended(void);

#endif
