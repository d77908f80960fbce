/* SPDX-License-Identifier: Apache-2.0 */
#include "rtl.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "mmu_state.h"
#include "project_build.h"
#include "rtl_seam.h"

/* A Verilated build; library NULL: not opened. */
struct build {
    void *library;
    const struct rtl_seam *seam;
};

struct rtl {
    uint64_t cycle, late_cycle; /* late_cycle UINT64_MAX: there is no such build */
    struct build late;          /* takes over in that cycle */
    struct mmu_params params;
    struct build quick; /* what runs while no wave is written */
    struct build
        waves; /* the same design with all its signals; the same build where that is built for waves */
    const struct rtl_seam *seam; /* of the build that runs now */
    struct rtl_instance *instance;
    struct rtl_wave *wave; /* NULL: none is written */
};

enum { MAX_ARGUMENTS = 96, ARGUMENT_LENGTH = 48 };

/* The arguments of a script: cache directory and every RTL parameter. */
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

static void list_arguments(struct arguments *a, const char *script, const char *cache,
                           const struct mmu_params *p)
{
    a->count = 0;
    for (unsigned i = 0; i < 2; i++) {
        snprintf(a->text[i], ARGUMENT_LENGTH, "%s", i == 0 ? script : cache);
        a->argv[a->count++] = a->text[i];
    }
#define PARAM(section, key, type, rtl, dflt, min, max, unit, help) add_argument(a, #rtl, p->section.key);
#include "params.def"
    a->argv[a->count] = NULL;
}

char *rtl_script(const char *script, const char *cache, const struct mmu_params *params, char *setting,
                 const char *what)
{
    struct arguments *a = malloc(sizeof *a);
    if (!a) {
        fprintf(stderr, "twinwalk: out of memory\n");
        return NULL;
    }
    list_arguments(a, script, cache, params);
    char *path = project_build(script, a->argv, setting, what);
    free(a);
    return path;
}

/* The shared object of these parameters, to be freed; NULL after a message. */
static char *build(const struct mmu_params *params, bool trace)
{
    static char setting[2][12] = {"RTL_TRACE=0", "RTL_TRACE=1"};

    return rtl_script("tb/build_rtl.sh", "build/rtl", params, setting[trace],
                      "the RTL of this configuration");
}

char *rtl_library(const struct mmu_params *params, bool wave)
{
    const char *given = getenv("TWINWALK_RTL"); /* built by hand, such as one with a bug put in */

    return given ? strdup(given) : build(params, wave);
}

/* Loads a build by its path, which is freed; -1 after a message. */
static int load(struct build *build, char *path)
{
    if (!path)
        return -1;
    build->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    free(path);
    build->seam = build->library ? (const struct rtl_seam *)dlsym(build->library, RTL_SEAM_SYMBOL) : NULL;
    if (!build->seam) {
        fprintf(stderr, "twinwalk: %s\n", dlerror());
        return -1;
    }
    if (build->seam->model_size() != sizeof(struct mmu)) {
        fprintf(stderr, "twinwalk: this program is older than the model's sources: build it anew\n");
        return -1;
    }
    return 0;
}

/* TWINWALK_RTL_LATE: see rtl.h. -1 after a message. */
static int load_late(struct rtl *rtl)
{
    const char *late = getenv("TWINWALK_RTL_LATE");
    char *end;

    rtl->late_cycle = UINT64_MAX;
    if (!late)
        return 0;
    rtl->late_cycle = strtoull(late, &end, 10);
    if (end == late || *end != ':' || !rtl->late_cycle) {
        fprintf(stderr, "twinwalk: TWINWALK_RTL_LATE is not CYCLE:LIBRARY\n");
        return -1;
    }
    return load(&rtl->late, strdup(end + 1));
}

struct rtl *rtl_open(const struct mmu_params *params)
{
    struct rtl *rtl = calloc(1, sizeof *rtl);
    if (!rtl)
        return NULL;
    rtl->params = *params;
    if (load(&rtl->quick, rtl_library(params, false)) || load_late(rtl)) {
        rtl_close(rtl);
        return NULL;
    }
    rtl->seam = rtl->quick.seam;
    rtl->instance = rtl->seam->create();
    return rtl;
}

void rtl_close(struct rtl *rtl)
{
    if (!rtl)
        return;
    if (rtl->instance)
        rtl->seam->destroy(rtl->instance);
    if (rtl->waves.library && rtl->waves.library != rtl->quick.library)
        dlclose(rtl->waves.library);
    if (rtl->quick.library)
        dlclose(rtl->quick.library);
    if (rtl->late.library)
        dlclose(rtl->late.library);
    free(rtl);
}

int rtl_prepare_waves(struct rtl *rtl)
{
    if (rtl->waves.library)
        return 0;
    if (rtl->quick.seam->wave) {
        rtl->waves = rtl->quick;
        return 0;
    }
    if (getenv("TWINWALK_RTL") || getenv("TWINWALK_RTL_LATE")) {
        fprintf(stderr,
                "twinwalk: the given build of the RTL keeps no signals for waves (RTL_TRACE=1 makes one "
                "that does)\n");
        return -1;
    }
    return load(&rtl->waves, build(&rtl->params, true));
}

/* Copies what both builds call by the same name; both lists are sorted. */
static void copy_state(const struct rtl_seam *from, const void *from_state, const struct rtl_seam *to,
                       void *to_state)
{
    size_t f = 0;
    for (size_t t = 0; t < to->register_count; t++) {
        const struct rtl_register *target = &to->registers[t];
        while (f < from->register_count && strcmp(from->registers[f].name, target->name) < 0)
            f++;
        if (f == from->register_count)
            return;
        const struct rtl_register *source = &from->registers[f];
        if (!strcmp(source->name, target->name) && source->size == target->size)
            memcpy((char *)to_state + target->offset, (const char *)from_state + source->offset,
                   source->size);
    }
}

/* Goes on in another build, in the state of this one. */
static void change_build(struct rtl *rtl, const struct rtl_seam *to)
{
    if (rtl->seam == to)
        return;
    struct rtl_instance *instance = to->create();
    copy_state(rtl->seam, rtl->seam->state(rtl->instance), to, to->state(instance));
    to->restored(instance);
    rtl->seam->destroy(rtl->instance);
    rtl->seam = to;
    rtl->instance = instance;
}

/* The build that was to come takes the place of the others. */
static __attribute__((noinline, cold)) void become_late(struct rtl *rtl)
{
    change_build(rtl, rtl->late.seam);
    if (rtl->waves.library && rtl->waves.library != rtl->quick.library)
        dlclose(rtl->waves.library);
    dlclose(rtl->quick.library);
    rtl->quick = rtl->late;
    rtl->waves = rtl->late = (struct build){0};
}

uint64_t rtl_waves_from(const struct rtl *rtl)
{
    return rtl->late_cycle == UINT64_MAX ? 0 : rtl->late_cycle;
}

int rtl_wave_begin(struct rtl *rtl, const char *path, const struct rtl_wave_contents *contents)
{
    if (rtl_prepare_waves(rtl))
        return -1;
    change_build(rtl, rtl->waves.seam);
    rtl->wave = rtl->seam->wave->open(rtl->instance, path, contents);
    if (!rtl->wave)
        fprintf(stderr, "%s: cannot be written\n", path);
    return rtl->wave ? 0 : -1;
}

void rtl_wave_sample(struct rtl *rtl, const struct mmu_in *in)
{
    rtl->seam->wave->sample(rtl->wave, in);
}

void rtl_wave_number(struct rtl *rtl, size_t lane, uint64_t value)
{
    rtl->seam->wave->set_number(rtl->wave, lane, value);
}

void rtl_wave_text(struct rtl *rtl, size_t lane, const char *text)
{
    rtl->seam->wave->set_text(rtl->wave, lane, text);
}

void rtl_wave_forget(struct rtl *rtl)
{
    rtl->seam->wave->forget(rtl->wave);
    rtl->wave = NULL;
}

int rtl_wave_end(struct rtl *rtl, bool present)
{
    bool complete = rtl->seam->wave->close(rtl->wave, present);
    rtl->wave = NULL;
    change_build(rtl, rtl->quick.seam);
    return complete ? 0 : -1;
}

const struct mmu_out *rtl_outputs(struct rtl *rtl)
{
    return rtl->seam->outputs(rtl->instance);
}

void rtl_step(struct rtl *rtl, const struct mmu_in *in)
{
    rtl->seam->step(rtl->instance, in);
    if (__builtin_expect(++rtl->cycle == rtl->late_cycle, 0))
        become_late(rtl);
}

bool rtl_compare(struct rtl *rtl, const struct mmu *model, bool full)
{
    return rtl->seam->compare(rtl->instance, model, full);
}

void rtl_report(struct rtl *rtl, const struct mmu *model, FILE *out)
{
    rtl->seam->report(rtl->instance, model, out);
}

bool rtl_disturb(struct rtl *rtl, const char *name, unsigned bit)
{
    for (size_t i = 0; i < rtl->seam->register_count; i++) {
        const struct rtl_register *r = &rtl->seam->registers[i];
        if (strcmp(r->name, name) != 0 || bit / 8 >= r->size)
            continue;
        ((uint8_t *)rtl->seam->state(rtl->instance))[r->offset + bit / 8] ^= (uint8_t)(1u << bit % 8);
        rtl->seam->restored(rtl->instance);
        return true;
    }
    return false;
}
