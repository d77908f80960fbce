/* SPDX-License-Identifier: Apache-2.0 */
/* twinwalk walk: page walks in a memory image, entry by entry, decoded. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "config.h"
#include "image.h"
#include "options.h"
#include "page_walk.h"

enum {
    OPTION_IMAGE = 256,
    OPTION_ACCESS,
    OPTION_JSON,
    OPTION_REGISTER, /* and one key per register from here on */
};

enum walk_register {
    REGISTER_CR0,
    REGISTER_CR3,
    REGISTER_CR4,
    REGISTER_EFER,
    REGISTER_PKRU,
    REGISTER_PKRS,
    REGISTERS
};

static const char *const register_names[REGISTERS] = {"cr0", "cr3", "cr4", "efer", "pkru", "pkrs"};

struct walk_options {
    const char *config;
    struct setting_list settings;
    const char *image;
    uint64_t registers[REGISTERS];
    bool given[REGISTERS];
    bool has_access;
    uint8_t attr;
    bool json;
    char **addresses; /* of the command line */
    int address_count;
};

static const struct argp_option option_table[] = {
    {"image", OPTION_IMAGE, "FILE", 0, "memory image: ELF core, tables.bin or raw, also .zst, .xz, .gz", 0},
    {"cr3", OPTION_REGISTER + REGISTER_CR3, "HEX", 0, "root table; this and the others over the image's own",
     0},
    {"cr0", OPTION_REGISTER + REGISTER_CR0, "HEX", 0, "CR0 (WP)", 0},
    {"cr4", OPTION_REGISTER + REGISTER_CR4, "HEX", 0, "CR4 (PGE, LA57, PCIDE, SMEP, SMAP, PKE, PKS)", 0},
    {"efer", OPTION_REGISTER + REGISTER_EFER, "HEX", 0, "EFER (NXE)", 0},
    {"pkru", OPTION_REGISTER + REGISTER_PKRU, "HEX", 0, "protection key rights of user pages", 0},
    {"pkrs", OPTION_REGISTER + REGISTER_PKRS, "HEX", 0, "protection key rights of supervisor pages", 0},
    {"access", OPTION_ACCESS, "ACCESS", 0,
     "judge this access: user-, supervisor- or implicit- and read, write or fetch, +ac with EFLAGS.AC, as in "
     "user-read or supervisor-write+ac (default: say what the page allows)",
     0},
    {"config", 'c', "CONFIG", 0, "configuration for mmu.maxphyaddr and mmu.gib_pages (default: default)", 0},
    {"set", 's', "SECTION.KEY=VALUE", 0, "set one value of the configuration; may be repeated", 0},
    {"json", OPTION_JSON, NULL, 0, "one JSON object a line instead of columns", 0},
    {0},
};

/* Hexadecimal with or without 0x, at most 64 bits. */
static bool parse_hex(const char *text, uint64_t *value)
{
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        text += 2;
    size_t length = strlen(text);
    if (length == 0 || length > 16 || strspn(text, "0123456789abcdefABCDEF") != length)
        return false;
    *value = strtoull(text, NULL, 16);
    return true;
}

static void set_register(struct argp_state *state, struct walk_options *options, enum walk_register which,
                         const char *text)
{
    uint64_t *value = &options->registers[which];
    if (!parse_hex(text, value))
        argp_error(state, "--%s: '%s' is not a hexadecimal number of at most 64 bits", register_names[which],
                   text);
    if (which >= REGISTER_PKRU && *value > UINT32_MAX)
        argp_error(state, "--%s: '%s' has more than 32 bits", register_names[which], text);
    options->given[which] = true;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct walk_options *options = state->input;
    if (key >= OPTION_REGISTER && key < OPTION_REGISTER + REGISTERS) {
        set_register(state, options, (enum walk_register)(key - OPTION_REGISTER), arg);
        return 0;
    }
    switch (key) {
    case 'c':
        options->config = arg;
        return 0;
    case 's':
        if (!setting_list_add(&options->settings, arg))
            argp_failure(state, EXIT_INTERNAL, 0, "out of memory");
        return 0;
    case OPTION_IMAGE:
        options->image = arg;
        return 0;
    case OPTION_ACCESS:
        if (page_walk_parse_access(arg, &options->attr))
            argp_error(state,
                       "--access: '%s' is none of (user|supervisor)-(read|write|fetch)[+ac], "
                       "implicit-(read|write)[+ac]",
                       arg);
        options->has_access = true;
        return 0;
    case OPTION_JSON:
        options->json = true;
        return 0;
    case ARGP_KEY_ARGS:
        options->addresses = state->argv + state->next;
        options->address_count = state->argc - state->next;
        return 0;
    case ARGP_KEY_END:
        if (!options->image)
            argp_error(state, "--image is missing");
        if (!options->address_count)
            argp_error(state, "no virtual address");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The image's registers with those of the command line over them. -1 after a message. */
static int complete_setting(struct page_walk_setting *setting, const struct walk_options *options,
                            const struct image *image)
{
    if (!image->has_registers && !options->given[REGISTER_CR3]) {
        fprintf(stderr, "%s: CR3 is neither in the image nor in a .regs file beside it; give --cr3\n",
                image->path);
        return -1;
    }
    uint64_t values[REGISTERS] = {image->cr0, image->cr3, image->cr4, image->efer, image->pkru, image->pkrs};
    for (int i = 0; i < REGISTERS; i++)
        if (options->given[i])
            values[i] = options->registers[i];
    setting->cr0 = values[REGISTER_CR0];
    setting->cr3 = values[REGISTER_CR3];
    setting->cr4 = values[REGISTER_CR4];
    setting->efer = values[REGISTER_EFER];
    setting->pkru = (uint32_t)values[REGISTER_PKRU];
    setting->pkrs = (uint32_t)values[REGISTER_PKRS];
    const char *problem = page_walk_check(setting);
    if (problem)
        fprintf(stderr, "%s: no walk is possible: %s\n", image->path, problem);
    return problem ? -1 : 0;
}

static int print_walks(const struct page_walk_setting *setting, const struct walk_options *options)
{
    for (int i = 0; i < options->address_count; i++) {
        struct page_walk walk;
        uint64_t va;
        if (!parse_hex(options->addresses[i], &va)) {
            fprintf(stderr, "twinwalk walk: '%s' is not a hexadecimal address of at most 64 bits\n",
                    options->addresses[i]);
            return EXIT_USAGE;
        }
        page_walk_run(&walk, setting, va);
        if (!options->json) {
            if (i)
                putchar('\n');
            page_walk_print(&walk, setting, stdout);
        } else if (page_walk_print_json(&walk, setting, stdout)) {
            fprintf(stderr, "twinwalk walk: out of memory or output failed\n");
            return EXIT_INTERNAL;
        }
    }
    return EXIT_AGREED;
}

static int walk_image(struct page_walk_setting *setting, const struct walk_options *options)
{
    struct phys_mem *phys = phys_mem_create();
    if (!phys) {
        fprintf(stderr, "twinwalk walk: out of memory\n");
        return EXIT_INTERNAL;
    }
    int code = EXIT_USAGE;
    struct image *image = image_open(options->image, phys);
    if (image) {
        setting->phys = phys;
        if (!complete_setting(setting, options, image))
            code = print_walks(setting, options);
    }
    phys_mem_destroy(phys);
    image_close(image);
    return code;
}

int cmd_walk(int argc, char **argv)
{
    static const struct argp argp = {
        .options = option_table,
        .parser = parse_option,
        .args_doc = "VA...",
        .doc = "Print the page walk of virtual addresses (hexadecimal) in a memory image, entry by entry.\v"
               "Registers that neither the image nor a .regs file beside it gives are as in a 64-bit kernel. "
               "Nothing is written: accessed and dirty bits stay. The exit code is 0 for faults too.",
    };
    struct walk_options options = {.config = "default"};
    struct config config;
    int code = EXIT_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0)
        return EXIT_USAGE;
    if (!config_open(&config, options.config, options.settings.settings, options.settings.count)) {
        struct page_walk_setting setting = {
            .maxphyaddr = config.mmu.mmu.maxphyaddr,
            .gib_pages = config.mmu.mmu.gib_pages,
            .has_access = options.has_access,
            .attr = options.attr,
        };
        code = walk_image(&setting, &options);
        config_close(&config);
    }
    setting_list_free(&options.settings);
    return code;
}
