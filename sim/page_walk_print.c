/* SPDX-License-Identifier: Apache-2.0 */
#include "page_walk.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "x86.h"

enum { NAME_CHARS = 32, TARGET_CHARS = 27 };

static const char *const kind_names[] = {"read", "write", "fetch"};
static const char *const size_names[] = {"4 KiB", "2 MiB", "1 GiB"};

int page_walk_parse_access(const char *text, uint8_t *attr)
{
    static const struct {
        const char *prefix;
        uint8_t attr;
    } modes[] = {{"user-", ATTR_USER}, {"supervisor-", 0}, {"implicit-", ATTR_IMPLICIT}};
    for (size_t mode = 0; mode < sizeof(modes) / sizeof(modes[0]); mode++) {
        size_t length = strlen(modes[mode].prefix);
        if (strncmp(text, modes[mode].prefix, length))
            continue;
        for (unsigned kind = ACCESS_READ; kind <= ACCESS_FETCH; kind++) {
            size_t name = strlen(kind_names[kind]);
            if (strncmp(text + length, kind_names[kind], name))
                continue;
            const char *rest = text + length + name;
            bool ac = !strcmp(rest, "+ac");
            if ((*rest && !ac) || ((modes[mode].attr & ATTR_IMPLICIT) && kind == ACCESS_FETCH))
                return -1;
            *attr = (uint8_t)(kind | modes[mode].attr | (ac ? ATTR_AC : 0));
            return 0;
        }
    }
    return -1;
}

const char *page_walk_access_name(uint8_t attr, char *buffer, size_t size)
{
    const char *mode = attr & ATTR_USER ? "user" : attr & ATTR_IMPLICIT ? "implicit" : "supervisor";
    snprintf(buffer, size, "%s-%s%s", mode, kind_names[attr & ATTR_KIND], attr & ATTR_AC ? "+ac" : "");
    return buffer;
}

/* The bit as a digit; '-' where it has no meaning. */
static char bit(uint64_t entry, uint64_t mask, bool meaningful)
{
    return !meaningful ? '-' : entry & mask ? '1' : '0';
}

static unsigned entry_pat(const struct page_walk_step *step)
{
    return (unsigned)(x86_leaf_data(step->entry, step->level, 0) >> DATA_PAT_SHIFT) & 7;
}

static unsigned entry_key(const struct page_walk_step *step)
{
    return (unsigned)(x86_leaf_data(step->entry, step->level, 0) >> DATA_PKEY_SHIFT) & 15;
}

static void print_step(const struct page_walk_step *step, FILE *out)
{
    bool present = step->kind & ENTRY_IS_PRESENT, leaf = step->kind & ENTRY_IS_LEAF;
    uint64_t e = step->entry;
    char pat[4] = "-", key[4] = "-", target[48];
    if (leaf) {
        snprintf(pat, sizeof(pat), "%u", entry_pat(step));
        snprintf(key, sizeof(key), "%u", entry_key(step));
    }
    if (!present)
        snprintf(target, sizeof(target), "not present%s", step->in_image ? "" : ", not in the image");
    else if (step->kind & ENTRY_IS_RESERVED)
        snprintf(target, sizeof(target), "reserved bits 0x%" PRIx64, step->reserved);
    else if (leaf)
        snprintf(target, sizeof(target), "%s page 0x%" PRIx64, size_names[step->level - 1], step->target);
    else
        snprintf(target, sizeof(target), "table 0x%" PRIx64, step->target);
    fprintf(out, "  %-5s  0x%013" PRIx64 "  0x%016" PRIx64, page_walk_level_name(step->level), step->address,
            e);
    fprintf(out, "  %c %2c %2c %3c %3c %c %c %2c %c %2c %3s %3s  %s", present ? '1' : '0',
            bit(e, ENTRY_RW, present), bit(e, ENTRY_US, present), bit(e, ENTRY_PWT, present),
            bit(e, ENTRY_PCD, present), bit(e, ENTRY_A, present), bit(e, ENTRY_D, leaf),
            bit(e, ENTRY_PS, present && step->level > 1), bit(e, ENTRY_G, leaf), bit(e, ENTRY_NX, present),
            pat, key, target);
    if (present && !(step->kind & ENTRY_IS_RESERVED))
        fprintf(out, "%*s  %s r%c%c", TARGET_CHARS - (int)strlen(target), "",
                step->rights & DATA_US ? "user" : "supervisor", step->rights & DATA_RW ? 'w' : '-',
                step->rights & DATA_NX ? '-' : 'x');
    fputc('\n', out);
}

/* "rwx" of what the page allows in that mode. */
static void rights_text(const struct page_walk *walk, const struct page_walk_setting *setting, uint8_t mode,
                        char text[4])
{
    memcpy(text, "rwx", 4);
    for (unsigned kind = ACCESS_READ; kind <= ACCESS_FETCH; kind++)
        if (!page_walk_allows(walk, setting, (uint8_t)(mode | kind)))
            text[kind] = '-';
}

static void print_allowed(const struct page_walk *walk, const struct page_walk_setting *setting, FILE *out)
{
    char user[4], supervisor[4], with_ac[4];
    rights_text(walk, setting, ATTR_USER, user);
    rights_text(walk, setting, 0, supervisor);
    rights_text(walk, setting, ATTR_AC, with_ac);
    fprintf(out, "  allows: user %s, supervisor %s", user, supervisor);
    if (strcmp(supervisor, with_ac))
        fprintf(out, " (%s with EFLAGS.AC)", with_ac);
    fputc('\n', out);
}

/* Which accessed and dirty bits an access would set. */
static void print_updates(const struct page_walk *walk, const struct page_walk_setting *setting, FILE *out)
{
    const char *separator = "  would set: ";
    for (unsigned i = 0; i < walk->step_count; i++) {
        const struct page_walk_step *step = &walk->steps[i];
        bool a = !(step->entry & ENTRY_A);
        bool d = (step->kind & ENTRY_IS_LEAF) && (setting->attr & ATTR_KIND) == ACCESS_WRITE &&
                 !(step->entry & ENTRY_D);
        if (!a && !d)
            continue;
        fprintf(out, "%s%s in the %s", separator,
                a && d ? "A and D"
                : a    ? "A"
                       : "D",
                page_walk_level_name(step->level));
        separator = ", ";
    }
    if (*separator == ',')
        fputc('\n', out);
}

static void print_error_code(uint8_t code, FILE *out)
{
    static const char *const names[] = {"P", "W", "U", "RSVD", "I", "PK"};
    fprintf(out, ", error code 0x%x", code);
    const char *separator = " (";
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (code >> i & 1) {
            fprintf(out, "%s%s", separator, names[i]);
            separator = " ";
        }
    }
    if (*separator == ' ' && separator[1] == '\0')
        fputc(')', out);
}

static void print_fault(const struct page_walk *walk, const struct page_walk_setting *setting, FILE *out)
{
    if (walk->fault == FAULT_NON_CANONICAL) {
        fprintf(out, "  #GP: %s\n", walk->reason);
        return;
    }
    fprintf(out, "  #PF");
    if (setting->has_access)
        print_error_code(walk->error_code, out);
    fprintf(out, ": %s\n", walk->reason);
}

void page_walk_print(const struct page_walk *walk, const struct page_walk_setting *setting, FILE *out)
{
    char access[NAME_CHARS];
    fprintf(out, "VA 0x%016" PRIx64 "  %u levels  CR3 0x%" PRIx64, walk->va, x86_levels(walk->mode),
            setting->cr3);
    if (setting->has_access)
        fprintf(out, "  %s", page_walk_access_name(setting->attr, access, sizeof(access)));
    fputc('\n', out);
    if (walk->step_count)
        fprintf(out, "  %-5s  %-15s  %-18s  P RW US PWT PCD A D PS G NX PAT key  %-*s  %s\n", "entry", "at",
                "value", TARGET_CHARS, "points to", "rights so far");
    for (unsigned i = 0; i < walk->step_count; i++)
        print_step(&walk->steps[i], out);
    if (walk->translated)
        fprintf(out, "  PA 0x%" PRIx64 ": %s page, PAT %u, key %u, %s\n", walk->pa, size_names[walk->size],
                (unsigned)(walk->data >> DATA_PAT_SHIFT) & 7, (unsigned)(walk->data >> DATA_PKEY_SHIFT) & 15,
                walk->global ? "global" : "not global");
    if (walk->fault)
        print_fault(walk, setting, out);
    else if (setting->has_access)
        print_updates(walk, setting, out);
    if (walk->translated && !setting->has_access)
        print_allowed(walk, setting, out);
}

static json_t *hex(uint64_t value)
{
    return json_sprintf("0x%" PRIx64, value);
}

static json_t *step_json(const struct page_walk_step *step)
{
    json_t *json = json_pack("{s:s, s:o, s:o, s:b, s:b}", "entry", page_walk_level_name(step->level), "at",
                             hex(step->address), "value", hex(step->entry), "in_image", step->in_image,
                             "present", (step->kind & ENTRY_IS_PRESENT) != 0);
    if (!json || !(step->kind & ENTRY_IS_PRESENT))
        return json;
    static const struct {
        const char *name;
        uint64_t mask;
    } bits[] = {{"rw", ENTRY_RW},   {"us", ENTRY_US}, {"pwt", ENTRY_PWT},
                {"pcd", ENTRY_PCD}, {"a", ENTRY_A},   {"nx", ENTRY_NX}};
    bool leaf = step->kind & ENTRY_IS_LEAF;
    int bad = 0;
    for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
        bad |= json_object_set_new(json, bits[i].name, json_boolean(step->entry & bits[i].mask));
    if (step->level > 1)
        bad |= json_object_set_new(json, "ps", json_boolean(step->entry & ENTRY_PS));
    if (leaf) {
        bad |= json_object_set_new(json, "d", json_boolean(step->entry & ENTRY_D));
        bad |= json_object_set_new(json, "g", json_boolean(step->entry & ENTRY_G));
        bad |= json_object_set_new(json, "pat", json_integer(entry_pat(step)));
        bad |= json_object_set_new(json, "key", json_integer(entry_key(step)));
    }
    if (step->kind & ENTRY_IS_RESERVED)
        bad |= json_object_set_new(json, "reserved", hex(step->reserved));
    else
        bad |= json_object_set_new(json, leaf ? "page" : "table", hex(step->target));
    if (bad) {
        json_decref(json);
        return NULL;
    }
    return json;
}

static json_t *rights_json(const struct page_walk *walk, const struct page_walk_setting *setting)
{
    char user[4], supervisor[4], with_ac[4];
    rights_text(walk, setting, ATTR_USER, user);
    rights_text(walk, setting, 0, supervisor);
    rights_text(walk, setting, ATTR_AC, with_ac);
    return json_pack("{s:s, s:s, s:s}", "user", user, "supervisor", supervisor, "supervisor_ac", with_ac);
}

static json_t *fault_json(const struct page_walk *walk, const struct page_walk_setting *setting)
{
    if (walk->fault == FAULT_NON_CANONICAL)
        return json_pack("{s:s, s:s}", "kind", "general-protection", "reason", walk->reason);
    json_t *json = json_pack("{s:s, s:s}", "kind", "page-fault", "reason", walk->reason);
    if (setting->has_access)
        json_object_set_new(json, "error_code", json_integer(walk->error_code));
    return json;
}

/* Adds the members after "entries". */
static int add_outcome(json_t *json, const struct page_walk *walk, const struct page_walk_setting *setting)
{
    char access[NAME_CHARS];
    int bad = 0;
    if (setting->has_access)
        bad |= json_object_set_new(json, "access",
                                   json_string(page_walk_access_name(setting->attr, access, sizeof(access))));
    if (walk->translated) {
        bad |= json_object_set_new(json, "pa", hex(walk->pa));
        bad |= json_object_set_new(json, "page_size", json_integer(4096ll << (9 * walk->size)));
        bad |= json_object_set_new(json, "global", json_boolean(walk->global));
        bad |= json_object_set_new(json, "allows", rights_json(walk, setting));
    }
    if (walk->fault)
        bad |= json_object_set_new(json, "fault", fault_json(walk, setting));
    return bad;
}

int page_walk_print_json(const struct page_walk *walk, const struct page_walk_setting *setting, FILE *out)
{
    json_t *entries = json_array();
    int bad = entries ? 0 : -1;
    for (unsigned i = 0; !bad && i < walk->step_count; i++)
        bad = json_array_append_new(entries, step_json(&walk->steps[i]));
    json_t *json = json_pack("{s:o, s:i, s:o, s:o}", "va", hex(walk->va), "levels",
                             (int)x86_levels(walk->mode), "cr3", hex(setting->cr3), "entries", entries);
    bad = bad || !json || add_outcome(json, walk, setting) || json_dumpf(json, out, JSON_COMPACT);
    json_decref(json);
    if (bad)
        return -1;
    fputc('\n', out);
    return 0;
}
