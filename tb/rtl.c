/* SPDX-License-Identifier: Apache-2.0 */
#include "rtl.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mmu_state.h"
#include "project_path.h"
#include "rtl_seam.h"

struct rtl {
    void *library;
    const struct rtl_seam *seam;
    struct rtl_instance *instance;
};

enum { MAX_ARGUMENTS = 96, ARGUMENT_LENGTH = 48 };

/* The arguments of tb/build_rtl.sh: cache directory and every RTL parameter. */
struct arguments {
    char text[MAX_ARGUMENTS][ARGUMENT_LENGTH];
    char *argv[MAX_ARGUMENTS + 1];
    unsigned count;
};

static void add_argument(struct arguments *a, const char *name, uint32_t value)
{
    snprintf(a->text[a->count], ARGUMENT_LENGTH, "%s=%u", name, value);
    a->argv[a->count] = a->text[a->count];
    a->count++;
}

static void list_arguments(struct arguments *a, const struct mmu_params *p)
{
    a->count = 0;
    for (unsigned i = 0; i < 2; i++) {
        snprintf(a->text[i], ARGUMENT_LENGTH, "%s", i == 0 ? "build_rtl.sh" : "build/rtl");
        a->argv[a->count++] = a->text[i];
    }
#define PARAM(section, key, type, rtl, dflt, min, max, unit, help) add_argument(a, #rtl, p->section.key);
#include "params.def"
    a->argv[a->count] = NULL;
}

/* Runs the build script in the project's root; its last line is the library's path. -1: it failed. */
static int run_build(const char *script, const struct mmu_params *params, bool trace, char *path, size_t size)
{
    struct arguments *a = malloc(sizeof *a);
    int output[2];
    if (!a || pipe(output)) {
        free(a);
        return -1;
    }
    list_arguments(a, params);
    pid_t child = fork();
    if (child == 0) {
        char *root = strdup(script);
        char *slash = root ? strstr(root, "tb/build_rtl.sh") : NULL;
        if (slash)
            *slash = '\0';
        if (root && *root && chdir(root))
            _exit(127);
        setenv("RTL_TRACE", trace ? "1" : "0", 1);
        dup2(output[1], STDOUT_FILENO);
        close(output[0]);
        close(output[1]);
        execv("tb/build_rtl.sh", a->argv);
        _exit(127);
    }
    free(a);
    close(output[1]);
    size_t length = 0;
    ssize_t got = 1;
    while (got > 0 && length + 1 < size) {
        got = read(output[0], path + length, size - 1 - length);
        length += got > 0 ? (size_t)got : 0;
    }
    close(output[0]);
    path[length] = '\0';
    path[strcspn(path, "\n")] = '\0';
    int status = -1;
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* The shared object of these parameters as an absolute path, to be freed; NULL after a message. */
static char *build(const struct mmu_params *params, bool trace)
{
    char *script = project_path("tb/build_rtl.sh");
    char path[512], *full = NULL;
    if (!script) {
        fprintf(
            stderr,
            "twinwalk: tb/build_rtl.sh is not there: the RTL can be built only beside the project's files\n");
        return NULL;
    }
    if (run_build(script, params, trace, path, sizeof path)) {
        fprintf(stderr, "twinwalk: the RTL of this configuration does not build\n");
    } else {
        size_t prefix = strlen(script) - strlen("tb/build_rtl.sh");
        full = malloc(prefix + strlen(path) + 3);
        if (full)
            sprintf(full, "%s%.*s%s", prefix ? "" : "./", (int)prefix, script, path);
    }
    free(script);
    return full;
}

char *rtl_library(const struct mmu_params *params, bool wave)
{
    const char *given = getenv("TWINWALK_RTL"); /* built by hand, such as one with a bug put in */

    return given ? strdup(given) : build(params, wave);
}

struct rtl *rtl_open(const struct mmu_params *params, const char *wave)
{
    struct rtl *rtl = calloc(1, sizeof *rtl);
    char *path = rtl_library(params, wave != NULL);
    if (!rtl || !path) {
        free(rtl);
        free(path);
        return NULL;
    }
    rtl->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    rtl->seam = rtl->library ? (const struct rtl_seam *)dlsym(rtl->library, RTL_SEAM_SYMBOL) : NULL;
    if (!rtl->seam) {
        fprintf(stderr, "twinwalk: %s\n", dlerror());
        free(path);
        rtl_close(rtl);
        return NULL;
    }
    free(path);
    if (rtl->seam->model_size() != sizeof(struct mmu)) {
        fprintf(stderr, "twinwalk: this program is older than the model's sources: build it anew\n");
        rtl_close(rtl);
        return NULL;
    }
    if (wave && !rtl->seam->wave) {
        fprintf(stderr, "twinwalk: this build of the RTL keeps no signals for waves\n");
        rtl_close(rtl);
        return NULL;
    }
    rtl->instance = rtl->seam->create();
    if (wave)
        rtl->seam->wave(rtl->instance, wave);
    return rtl;
}

void rtl_close(struct rtl *rtl)
{
    if (!rtl)
        return;
    if (rtl->instance)
        rtl->seam->destroy(rtl->instance);
    if (rtl->library)
        dlclose(rtl->library);
    free(rtl);
}

const struct mmu_out *rtl_outputs(struct rtl *rtl)
{
    return rtl->seam->outputs(rtl->instance);
}

void rtl_step(struct rtl *rtl, const struct mmu_in *in)
{
    rtl->seam->step(rtl->instance, in);
}

bool rtl_compare(struct rtl *rtl, const struct mmu *model, bool full)
{
    return rtl->seam->compare(rtl->instance, model, full);
}

void rtl_report(struct rtl *rtl, const struct mmu *model, FILE *out)
{
    rtl->seam->report(rtl->instance, model, out);
}
