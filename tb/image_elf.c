/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF cores of whole machines: PT_LOAD segments say which bytes of the file
 * are which physical memory (p_paddr), and QEMU's CPU note has the control
 * registers. Dumpers may describe memory twice (kernel text of /proc/vmcore,
 * each virtual mapping of `dump-guest-memory -p`): segments may overlap when
 * the bytes are the same.
 */
#include "image_private.h"

#include <endian.h>
#include <gelf.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAGE_BYTES = 4096,
    MAX_PARTIAL_PIECES = 16384, /* each may cost two pages of memory */
    MAX_NOTE_BYTES = 64 << 20,
    MAX_TOUCHED_BYTES = 16 << 20,
    VISIT_COST = 64, /* what looking at a pair of segments counts, in compared bytes */
};

/* QEMU's note: version and size (u32), 18 registers (u64), 10 segments of 24 bytes, CR0 to CR4 (u64). */
enum {
    QEMU_NOTE_TYPE = 0,
    QEMU_NOTE_VERSION = 1,
    QEMU_CR_OFFSET = 8 + 18 * 8 + 10 * 24,
    QEMU_CR_END = QEMU_CR_OFFSET + 5 * 8,
};

/* Bytes of the file that are physical memory. */
struct segment {
    uint64_t addr, size, offset;
    size_t header; /* index of its program header */
};

struct elf_image {
    struct image *image;
    const struct image_file *file;
    Elf *elf;
    size_t header_count;
    struct segment *segments; /* sorted by address before they are merged */
    size_t segment_count;
    struct segment *pieces; /* disjoint, ascending */
    size_t piece_count;
    uint64_t work;    /* how much may still be spent on overlaps */
    uint64_t touched; /* compared bytes that may be in memory now */
};

__attribute__((format(printf, 2, 3))) static int fail(const struct elf_image *self, const char *format, ...)
{
    va_list arguments;
    fprintf(stderr, "%s: ", self->image->path);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return -1;
}

/* What libelf has only one message for. */
static int check_ident(const struct elf_image *self)
{
    const uint8_t *ident = self->file->bytes;
    if (self->file->size < sizeof(Elf64_Ehdr))
        return fail(self, "truncated: an ELF header has %zu bytes, the file %" PRIu64, sizeof(Elf64_Ehdr),
                    self->file->size);
    if (ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB)
        return fail(self, "not a 64-bit little-endian ELF file");
    return 0;
}

static int check_header(struct elf_image *self)
{
    GElf_Ehdr header;
    if (!gelf_getehdr(self->elf, &header))
        return fail(self, "bad ELF header: %s", elf_errmsg(-1));
    if (header.e_type != ET_CORE || header.e_machine != EM_X86_64)
        return fail(self, "an ELF file, but not a core of an x86-64 machine");
    if (header.e_phentsize != sizeof(Elf64_Phdr))
        return fail(self, "program headers of %u bytes instead of %zu", header.e_phentsize,
                    sizeof(Elf64_Phdr));
    if (elf_getphdrnum(self->elf, &self->header_count))
        return fail(self, "bad program headers: %s", elf_errmsg(-1));
    /* libelf quietly leaves out the headers that lie beyond the end of the file */
    uint64_t room = header.e_phoff < self->file->size ? self->file->size - header.e_phoff : 0;
    if ((header.e_phnum != PN_XNUM && self->header_count < header.e_phnum) ||
        self->header_count > room / sizeof(Elf64_Phdr))
        return fail(self, "truncated: %u program headers from byte offset %" PRIu64 " do not fit the file",
                    header.e_phnum, (uint64_t)header.e_phoff);
    return 0;
}

static int check_segment(const struct elf_image *self, size_t index, const GElf_Phdr *header)
{
    if (header->p_offset > self->file->size || header->p_filesz > self->file->size - header->p_offset)
        return fail(self,
                    "truncated: segment %zu is at byte offset %" PRIu64 " and has %" PRIu64
                    " bytes, the file ends at %" PRIu64,
                    index, (uint64_t)header->p_offset, (uint64_t)header->p_filesz, self->file->size);
    if (header->p_type == PT_NOTE)
        return 0;
    if (header->p_memsz < header->p_filesz)
        return fail(self, "segment %zu: %" PRIu64 " bytes of memory, but %" PRIu64 " in the file", index,
                    (uint64_t)header->p_memsz, (uint64_t)header->p_filesz);
    if (header->p_paddr > IMAGE_ADDRESS_END || header->p_memsz > IMAGE_ADDRESS_END - header->p_paddr)
        return fail(self,
                    "segment %zu: physical addresses from 0x%" PRIx64 ", %" PRIu64 " bytes: beyond 2^52",
                    index, (uint64_t)header->p_paddr, (uint64_t)header->p_memsz);
    return 0;
}

/* true: a note with control registers was there. */
static bool read_qemu_note(struct elf_image *self, const uint8_t *desc, size_t size)
{
    uint32_t version;
    uint64_t cr[5];
    if (size < QEMU_CR_END)
        return false;
    memcpy(&version, desc, sizeof(version));
    if (le32toh(version) != QEMU_NOTE_VERSION)
        return false;
    memcpy(cr, desc + QEMU_CR_OFFSET, sizeof(cr));
    struct image *image = self->image;
    image->cr0 = le64toh(cr[0]);
    image->cr3 = le64toh(cr[3]);
    image->cr4 = le64toh(cr[4]);
    image->efer = image_assumed_efer(image->cr0, image->cr4); /* the note has none */
    image->has_registers = true;
    return true;
}

/* The registers of the first processor. */
static int read_notes(struct elf_image *self, const GElf_Phdr *header)
{
    if (header->p_filesz > MAX_NOTE_BYTES)
        return fail(self, "%" PRIu64 " bytes of notes at byte offset %" PRIu64 ": too many",
                    (uint64_t)header->p_filesz, (uint64_t)header->p_offset);
    Elf_Data *data = elf_getdata_rawchunk(self->elf, (int64_t)header->p_offset, header->p_filesz, ELF_T_NHDR);
    if (!data)
        return fail(self, "notes at byte offset %" PRIu64 ": %s", (uint64_t)header->p_offset, elf_errmsg(-1));
    size_t at = 0;
    while (at < data->d_size) {
        GElf_Nhdr note;
        size_t name, desc;
        size_t next = gelf_getnote(data, at, &note, &name, &desc);
        if (next == 0)
            return fail(self, "malformed note at byte offset %" PRIu64, (uint64_t)header->p_offset + at);
        const uint8_t *bytes = data->d_buf;
        bool qemu = note.n_type == QEMU_NOTE_TYPE && note.n_namesz >= 4 && !memcmp(bytes + name, "QEMU", 4);
        if (qemu && read_qemu_note(self, bytes + desc, note.n_descsz))
            return 0;
        at = next;
    }
    return 0;
}

static int read_headers(struct elf_image *self)
{
    bool physical = false;
    for (size_t i = 0; i < self->header_count; i++) {
        GElf_Phdr header;
        if (!gelf_getphdr(self->elf, (int)i, &header))
            return fail(self, "program header %zu: %s", i, elf_errmsg(-1));
        if ((header.p_type != PT_LOAD && header.p_type != PT_NOTE) || !header.p_filesz)
            continue;
        if (check_segment(self, i, &header))
            return -1;
        if (header.p_type == PT_NOTE) {
            if (!self->image->has_registers && read_notes(self, &header))
                return -1;
            continue;
        }
        physical |= header.p_paddr != 0;
        self->segments[self->segment_count++] = (struct segment){
            .addr = header.p_paddr, .size = header.p_filesz, .offset = header.p_offset, .header = i};
    }
    if (!self->segment_count)
        return fail(self, "no memory in this core: no PT_LOAD segment has any bytes");
    if (self->segment_count > 1 && !physical)
        return fail(self, "no physical addresses in this core; is it the core of a process?");
    return 0;
}

static int compare_segments(const void *a, const void *b)
{
    const struct segment *left = a, *right = b;
    if (left->addr != right->addr)
        return left->addr < right->addr ? -1 : 1;
    return left->header < right->header ? -1 : left->header > right->header;
}

/* Charges work; a file made to waste time gets no further. */
static int spend(struct elf_image *self, uint64_t amount)
{
    if (amount > self->work)
        return fail(self, "its segments overlap far too much");
    self->work -= amount;
    return 0;
}

/* Where `segment` overlaps earlier pieces, both must say the same. */
static int check_overlap(struct elf_image *self, const struct segment *segment)
{
    for (size_t i = self->piece_count; i-- > 0;) {
        const struct segment *piece = &self->pieces[i];
        uint64_t piece_end = piece->addr + piece->size;
        if (piece_end <= segment->addr)
            break;
        uint64_t from = piece->addr > segment->addr ? piece->addr : segment->addr;
        uint64_t segment_end = segment->addr + segment->size;
        uint64_t to = piece_end < segment_end ? piece_end : segment_end;
        const uint8_t *old = self->file->bytes + piece->offset + (from - piece->addr);
        const uint8_t *new = self->file->bytes + segment->offset + (from - segment->addr);
        if (spend(self, VISIT_COST))
            return -1;
        if (from >= to || old == new)
            continue;
        if (spend(self, to - from))
            return -1;
        self->touched += to - from;
        if (memcmp(old, new, to - from))
            return fail(self,
                        "segments %zu and %zu both have physical addresses 0x%" PRIx64 " to 0x%" PRIx64
                        ", with different contents",
                        piece->header, segment->header, from, to - 1);
        if (self->touched > MAX_TOUCHED_BYTES) {
            image_file_forget(self->file);
            self->touched = 0;
        }
    }
    return 0;
}

/* Makes disjoint pieces of the sorted segments. */
static int merge_segments(struct elf_image *self)
{
    for (size_t i = 0; i < self->segment_count; i++) {
        struct segment segment = self->segments[i];
        if (check_overlap(self, &segment))
            return -1;
        struct segment *last = self->piece_count ? &self->pieces[self->piece_count - 1] : NULL;
        uint64_t covered = last ? last->addr + last->size : 0;
        uint64_t end = segment.addr + segment.size;
        if (last && end <= covered)
            continue;
        if (last && segment.addr < covered) {
            segment.offset += covered - segment.addr;
            segment.addr = covered;
            segment.size = end - covered;
        }
        if (last && segment.addr == covered && segment.offset == last->offset + last->size)
            last->size += segment.size;
        else
            self->pieces[self->piece_count++] = segment;
    }
    return 0;
}

static int place_pieces(struct elf_image *self, struct phys_mem *phys)
{
    size_t partial = 0;
    for (size_t i = 0; i < self->piece_count; i++) {
        const struct segment *piece = &self->pieces[i];
        partial += piece->addr % PAGE_BYTES || piece->size % PAGE_BYTES;
        if (partial > MAX_PARTIAL_PIECES)
            return fail(self, "more than %d segments that are not whole pages", MAX_PARTIAL_PIECES);
        if (image_place(phys, piece->addr, self->file->bytes + piece->offset, piece->size))
            return fail(self, "out of memory");
    }
    return 0;
}

static int load(struct elf_image *self, struct phys_mem *phys)
{
    if (check_header(self))
        return -1;
    self->segments = calloc(self->header_count + 1, sizeof(*self->segments));
    self->pieces = calloc(self->header_count + 1, sizeof(*self->pieces));
    if (!self->segments || !self->pieces)
        return fail(self, "out of memory for %zu program headers", self->header_count);
    if (read_headers(self))
        return -1;
    qsort(self->segments, self->segment_count, sizeof(*self->segments), compare_segments);
    if (merge_segments(self))
        return -1;
    return place_pieces(self, phys);
}

int image_load_elf(struct image *image, const struct image_file *file, struct phys_mem *phys)
{
    struct elf_image self = {.image = image, .file = file, .work = file->size + (1 << 20)};
    if (check_ident(&self))
        return -1;
    elf_version(EV_CURRENT);
    /* libelf only reads what it is given here; the pointer's type is historical */
    self.elf = elf_memory((char *)file->bytes, file->size);
    int result = self.elf ? load(&self, phys) : fail(&self, "%s", elf_errmsg(-1));
    elf_end(self.elf);
    free(self.segments);
    free(self.pieces);
    return result;
}
