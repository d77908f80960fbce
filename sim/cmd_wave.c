/* SPDX-License-Identifier: Apache-2.0 */
/* twinwalk wave: a wave in GTKWave, ready to read. */
#include <argp.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "fst_file.h"
#include "options.h"
#include "project_path.h"
#include "wave_save.h"
#include "wave_view.h"

enum { OPTION_SAVE = 256, OPTION_NO_OPEN, OPTION_LIST, OPTION_ACCESS, OPTION_CYCLE };

struct wave_command {
    const char *wave, *view, *save;
    struct wave_request request;
    bool no_open, list;
};

static const struct argp_option option_table[] = {
    {"view", 'v', "VIEW", 0, "a view of waves/, or the path of another (default: mismatch)", 0},
    {"access", OPTION_ACCESS, "N", 0, "mark where access N is accepted and answered, and look there", 0},
    {"cycle", OPTION_CYCLE, "C", 0, "mark cycle C, and look there", 0},
    {"list", OPTION_LIST, NULL, 0, "list the views", 0},
    {"save", OPTION_SAVE, "FILE", 0, "where the save file goes (default: beside the wave, WAVE.VIEW.gtkw)",
     0},
    {"no-open", OPTION_NO_OPEN, NULL, 0, "only write the save file", 0},
    {0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct wave_command *command = state->input;

    switch (key) {
    case 'v':
        command->view = arg;
        return 0;
    case OPTION_SAVE:
        command->save = arg;
        return 0;
    case OPTION_NO_OPEN:
        command->no_open = true;
        return 0;
    case OPTION_ACCESS:
        command->request.access = option_count(state, "access", arg);
        return 0;
    case OPTION_CYCLE:
        command->request.cycle = option_count(state, "cycle", arg);
        return 0;
    case OPTION_LIST:
        command->list = true;
        return 0;
    case ARGP_KEY_ARG:
        if (command->wave != NULL)
            argp_error(state, "one wave at a time");
        command->wave = arg;
        return 0;
    case ARGP_KEY_END:
        if (command->wave == NULL && !command->list)
            argp_error(state, "which wave? Give an FST file");
        if (command->request.access != UINT64_MAX && command->request.cycle != UINT64_MAX)
            argp_error(state, "give one of --access and --cycle");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The text behind "title", or "". */
static void read_title(const char *path, char *title, size_t size)
{
    FILE *file = fopen(path, "re");
    char line[256];

    title[0] = '\0';
    while (file != NULL && !title[0] && fgets(line, sizeof(line), file) != NULL)
        if (strncmp(line, "title ", 6) == 0)
            snprintf(title, size, "%.*s", (int)strcspn(line + 6, "\n"), line + 6);
    if (file != NULL)
        fclose(file);
}

static int list_views(void)
{
    char *readme = project_path("waves/README.md");
    char pattern[PATH_MAX];
    glob_t found;

    if (readme == NULL) {
        fprintf(stderr, "twinwalk wave: waves/ is not there\n");
        return EXIT_USAGE;
    }
    snprintf(pattern, sizeof(pattern), "%.*s*.view", (int)(strlen(readme) - strlen("README.md")), readme);
    free(readme);
    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            const char *name = strrchr(found.gl_pathv[i], '/') + 1;
            char title[256];
            read_title(found.gl_pathv[i], title, sizeof(title));
            printf("  %-10.*s %s\n", (int)strcspn(name, "."), name, title);
        }
        globfree(&found);
    }
    return EXIT_AGREED;
}

/* The file of a view by its name or path, to be freed; NULL after a message. */
static char *view_file(const char *view)
{
    char path[PATH_MAX];
    char *shipped;

    if (strchr(view, '/') != NULL || strchr(view, '.') != NULL)
        return strdup(view);
    snprintf(path, sizeof(path), "waves/%s.view", view);
    shipped = project_path(path);
    if (shipped == NULL)
        fprintf(stderr, "twinwalk wave: '%s' is no view; see twinwalk wave --list\n", view);
    return shipped;
}

/* "run.fst" and "waves/miss.view" to "run.miss.gtkw". */
static void save_name(char *name, size_t size, const char *wave, const char *view)
{
    const char *slash = strrchr(view, '/'), *dot = strrchr(wave, '.');
    const char *stem = slash != NULL ? slash + 1 : view;

    snprintf(name, size, "%.*s.%.*s.gtkw", (int)(dot != NULL ? dot - wave : (ptrdiff_t)strlen(wave)), wave,
             (int)strcspn(stem, "."), stem);
}

/* Becomes GTKWave. */
static int open_viewer(const char *save)
{
    if (getenv("DISPLAY") == NULL && getenv("WAYLAND_DISPLAY") == NULL) {
        printf("there is no display here; elsewhere: gtkwave %s\n", save);
        return EXIT_AGREED;
    }
    fflush(stdout);
    execlp("gtkwave", "gtkwave", save, (char *)NULL);
    fprintf(stderr, "twinwalk wave: gtkwave: %s (Debian package gtkwave)\n", strerror(errno));
    return EXIT_USAGE;
}

static int show(const struct wave_command *command)
{
    struct wave_view view;
    struct wave_marks marks;
    char name[PATH_MAX];
    char *file = view_file(command->view);
    struct fst_file *wave = file != NULL ? fst_file_open(command->wave) : NULL;
    int code = EXIT_USAGE;

    if (wave != NULL && wave_marks_read(&marks, wave, &command->request) == 0 &&
        wave_view_read(&view, file, wave) == 0) {
        save_name(name, sizeof(name), command->wave, file);
        const char *save = command->save != NULL ? command->save : name;
        if (wave_save(&view, wave, &marks, command->wave, save) == 0) {
            printf("%s: %zu rows: %s\n", save, view.count, view.title != NULL ? view.title : "");
            code = command->no_open ? EXIT_AGREED : open_viewer(save);
        }
        wave_view_free(&view);
    }
    fst_file_close(wave);
    free(file);
    return code;
}

int cmd_wave(int argc, char **argv)
{
    static const struct argp argp = {
        .options = option_table,
        .parser = parse_option,
        .args_doc = "FILE.fst",
        .doc = "Write a save file for GTKWave and open it: RTL and C model side by side, markers where it "
               "matters.",
    };
    struct wave_command command = {.view = "mismatch",
                                   .request = {.access = UINT64_MAX, .cycle = UINT64_MAX}};

    argp_parse(&argp, argc, argv, 0, NULL, &command);
    return command.list ? list_views() : show(&command);
}
