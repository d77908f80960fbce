/* SPDX-License-Identifier: Apache-2.0 */
#include "wave_signals.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "output_file.h"

enum { EXIT_NO_ROOM = 3 };

static volatile sig_atomic_t noted;
static char hierarchy[PATH_MAX]; /* the FST writer's own file, until it ends; "": none */

static void note(int number)
{
    noted = number;
}

static void remove_files(void)
{
    output_files_abandon(); // NOLINT(bugprone-signal-handler): of another file, but made for this
    unlink(hierarchy);
}

static void abandon(int number)
{
    remove_files();
    signal(number, SIG_DFL);
    raise(number);
}

static void no_room(int number)
{
    static const char message[] = "twinwalk: the wave cannot be written: no room left for it\n";
    ssize_t written = write(STDERR_FILENO, message, sizeof(message) - 1);

    (void)number, (void)written;
    remove_files();
    _exit(EXIT_NO_ROOM);
}

void wave_on_request(enum wave_on_request what)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    void (*const handlers[])(int) = {
        [WAVE_REQUEST_ENDS] = SIG_DFL, [WAVE_REQUEST_NOTED] = note, [WAVE_REQUEST_ABANDONS] = abandon};

    /* Not where somebody has them ignored, as for a job in the background. */
    for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (signal(numbers[i], handlers[what]) == SIG_IGN)
            signal(numbers[i], SIG_IGN);
}

int wave_request(void)
{
    return noted;
}

void wave_file_begun(const char *path)
{
    snprintf(hierarchy, sizeof(hierarchy), "%s.hier", path);
    signal(SIGBUS, no_room);
    signal(SIGXFSZ, SIG_IGN); /* of a limit the check at the end will tell */
}

void wave_file_ended(void)
{
    if (hierarchy[0])
        unlink(hierarchy);
    hierarchy[0] = '\0';
    signal(SIGBUS, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
}
