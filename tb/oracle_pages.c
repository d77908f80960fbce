/* SPDX-License-Identifier: Apache-2.0 */
/* The pages of an image, against what QEMU's monitor said of them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "oracle_monitor.h"
#include "oracle_stimulus.h"
#include "prologue.h"

enum {
    MAX_MESSAGES = 20, /* about pages that fail; the others are only counted */
    MAX_PENDING = MMU_TAGS * MMU_MAX_PORTS,
    BLOCK = 16,       /* pages about which the same question is asked in turn */
    GLOBAL_STEP = 32, /* of one page in so many G is checked */
};

/* An access, and the answer that the monitor's lines lead to. */
struct question {
    uint64_t index; /* of the access */
    uint64_t pa;
    size_t page;
    uint8_t fault, code;
    bool cached; /* must hit; only asked of globals */
};

enum asking {
    ASK_PAGES,     /* many accesses under way */
    ASK_FILL,      /* one page's translation is brought in, */
    ASK_FLUSH,     /* the non-globals leave with a CR3 write, */
    ASK_REMAINING, /* and the page is read again */
    ASK_END,
};

struct asker {
    struct oracle_pages *wanted;
    struct memory *memory;
    struct monitor_pages list;
    uint64_t cr3;
    bool *failed;       /* of each page */
    enum asking asking; /* what is being done */
    size_t block;       /* first page of the present block; with globals, the page */
    size_t next;        /* in the block */
    unsigned question;  /* about it, 0.. */
    unsigned last_port; /* data port used last */
    unsigned data_ports;
    uint64_t accepted;

    struct op_req ops[PROLOGUE_MAX_OPS];
    unsigned op_count, op_next;
    bool op_running;
    struct access_req req[MMU_MAX_PORTS];
    struct question offered[MMU_MAX_PORTS];
    uint8_t req_valid;
    struct question pending[MAX_PENDING]; /* accepted */
    unsigned pending_count;
};

static bool is_canonical(uint64_t va)
{
    return va >> 47 == 0 || va >> 47 == 0x1ffff;
}

enum { QUESTIONS = 7 };

/* A single address: EFLAGS.AC is set, so that a supervisor's read fails only where nothing is mapped. */
static bool ask_single(const struct monitor_page *page, unsigned number, struct access_req *req,
                       struct question *out)
{
    static const struct {
        uint8_t attr, code;
    } unmapped[] = {{ACCESS_READ | ATTR_AC, 0},
                    {ACCESS_READ | ATTR_IMPLICIT, 0},
                    {ACCESS_WRITE | ATTR_USER, PF_U | PF_W},
                    {ACCESS_FETCH | ATTR_USER, PF_U | PF_I}};

    if (number >= (page->flags & PAGE_UNMAPPED ? sizeof(unmapped) / sizeof(unmapped[0]) : 1))
        return false;
    *req = (struct access_req){.va = page->va, .attr = unmapped[number].attr};
    out->pa = page->pa;
    if (page->flags & PAGE_UNMAPPED) {
        out->fault = is_canonical(page->va) ? FAULT_PAGE : FAULT_NON_CANONICAL;
        out->code = out->fault == FAULT_PAGE ? unmapped[number].code : 0;
    }
    return true;
}

/*
 * A page: what the flags of the leaf allow is allowed, since this kernel's
 * upper entries have RW and US set and NX clear wherever a leaf needs it. It
 * runs with CR0.WP, EFER.NXE, CR4.SMEP and CR4.SMAP.
 */
static bool ask_page(const struct monitor_page *page, size_t place, unsigned number, struct access_req *req,
                     struct question *out)
{
    static const uint8_t attrs[QUESTIONS] = {
        ACCESS_READ | ATTR_AC,   ACCESS_READ | ATTR_IMPLICIT, ACCESS_WRITE | ATTR_AC,   ACCESS_FETCH,
        ACCESS_READ | ATTR_USER, ACCESS_WRITE | ATTR_USER,    ACCESS_FETCH | ATTR_USER,
    };
    uint8_t attr = attrs[number], kind = attr & ATTR_KIND;
    bool by_user = attr & ATTR_USER, user_page = page->flags & PAGE_USER;

    /* The pages of the kernel are many: one attempt by a user is enough. */
    if (by_user && !user_page && number % 3 != place % 3)
        return false;
    /* Somewhere in the page, and elsewhere with each access. */
    uint64_t within = page->flags & PAGE_LARGE ? (1 << 21) - 1 : (1 << 12) - 1;
    uint64_t offset = (page->va >> 12) * 0x9e3779b97f4a7c15 >> (number + 8) & within & ~page->va;
    *req = (struct access_req){.va = page->va + offset, .attr = attr};
    out->pa = page->pa + offset;
    if ((by_user && !user_page) || (attr & ATTR_IMPLICIT && user_page) ||
        (kind == ACCESS_WRITE && !(page->flags & PAGE_WRITABLE)) ||
        (kind == ACCESS_FETCH && ((page->flags & PAGE_NX) || (!by_user && user_page)))) {
        out->fault = FAULT_PAGE;
        out->code = PF_P | (by_user ? PF_U : 0) | (kind == ACCESS_WRITE ? PF_W : 0) |
                    (kind == ACCESS_FETCH ? PF_I : 0);
    }
    return true;
}

/* false: there is no such question about this page. */
static bool ask(const struct asker *asker, size_t place, unsigned number, struct access_req *req,
                struct question *out)
{
    const struct monitor_page *page = &asker->list.pages[place];

    *out = (struct question){.page = place};
    bool asked = page->flags & PAGE_SINGLE ? ask_single(page, number, req, out)
                                           : ask_page(page, place, number, req, out);
    if (out->fault != FAULT_NONE)
        out->pa = 0;
    return asked;
}

/* false: the port is taken. */
static bool offer(struct asker *asker, const struct access_req *req, const struct question *question)
{
    unsigned port = asker->last_port % asker->data_ports + 1;

    if ((req->attr & ATTR_KIND) == ACCESS_FETCH)
        port = MMU_PORT_FETCH;
    if (asker->req_valid >> port & 1)
        return false;
    if (port != MMU_PORT_FETCH)
        asker->last_port = port;
    asker->req[port] = *req;
    asker->offered[port] = *question;
    asker->req_valid |= (uint8_t)(1u << port);
    return true;
}

/* On to the next page of the block, the next question, the next block. */
static void move_on(struct asker *asker)
{
    if (++asker->next < BLOCK && asker->block + asker->next < asker->list.count)
        return;
    asker->next = 0;
    if (++asker->question < QUESTIONS)
        return;
    asker->question = 0;
    asker->block += BLOCK;
}

/* Offers what the ports take. */
static void ask_pages(struct asker *asker)
{
    struct access_req req;
    struct question question;

    if (asker->pending_count + MMU_MAX_PORTS > MAX_PENDING)
        return;
    while (asker->block < asker->list.count) {
        if (ask(asker, asker->block + asker->next, asker->question, &req, &question) &&
            !offer(asker, &req, &question))
            return;
        move_on(asker);
    }
    if (!asker->req_valid && !asker->pending_count) {
        asker->asking = ASK_FILL;
        asker->block = 0;
    }
}

/* A CR3 write makes the MMU forget the page, unless it is global (SDM 4.10.2.4); in three steps. */
static void ask_global(struct asker *asker)
{
    struct access_req req;
    struct question question;

    if (asker->req_valid || asker->pending_count)
        return;
    if (asker->block >= asker->list.count || (asker->list.pages[asker->block].flags & PAGE_SINGLE)) {
        asker->asking = ASK_END;
        return;
    }
    if (asker->asking == ASK_FLUSH) {
        asker->ops[0] = (struct op_req){.op = OP_WRITE_CR3, .value = asker->cr3};
        asker->op_count = 1;
        asker->op_next = 0;
        asker->asking = ASK_REMAINING;
        return;
    }
    ask(asker, asker->block, 0, &req, &question);
    if (asker->asking == ASK_REMAINING) {
        question.cached = asker->list.pages[asker->block].flags & PAGE_GLOBAL;
        asker->block += GLOBAL_STEP;
    }
    offer(asker, &req, &question);
    asker->asking = asker->asking == ASK_FILL ? ASK_FLUSH : ASK_FILL;
}

static void drive(void *self, uint64_t cycle, uint8_t ready, bool op_ready, struct stimulus_offer *out)
{
    struct asker *asker = self;
    (void)cycle;

    if (asker->op_next == asker->op_count && !asker->op_running) {
        if (asker->asking == ASK_PAGES)
            ask_pages(asker);
        if (asker->asking != ASK_PAGES && asker->asking != ASK_END)
            ask_global(asker);
    }
    out->req_valid = asker->req_valid;
    memcpy(out->req, asker->req, sizeof(out->req));
    for (unsigned port = 0; port < MMU_MAX_PORTS; port++) {
        if (!(asker->req_valid & ready & 1u << port))
            continue;
        asker->offered[port].index = asker->accepted++;
        asker->pending[asker->pending_count++] = asker->offered[port];
    }
    asker->req_valid &= (uint8_t)~ready;
    out->op_valid = asker->op_next < asker->op_count && !asker->op_running;
    if (out->op_valid) {
        out->op = asker->ops[asker->op_next];
        if (op_ready) {
            asker->op_next++;
            asker->op_running = true;
        }
    }
}

/* What is wrong with an answer; NULL: nothing. */
static const char *wrong(const struct asker *asker, const struct question *question,
                         const struct response *got)
{
    uint32_t flags = asker->list.pages[question->page].flags;

    if (got->fault != question->fault)
        return question->fault == FAULT_NONE ? "a translation was expected" : "a fault was expected";
    if (got->error_code != question->code)
        return "wrong error code";
    if (got->pa != question->pa)
        return "wrong physical address";
    if (question->fault != FAULT_NONE || (flags & PAGE_SINGLE))
        return NULL;
    if ((got->size != PAGE_4K) != !!(flags & PAGE_LARGE))
        return "wrong page size";
    /* The PAT bit is not told. */
    if ((got->pat & 3) != ((flags & PAGE_PWT ? 1 : 0) | (flags & PAGE_PCD ? 2 : 0)))
        return "wrong PAT index";
    /* The second read about a global that is checked. */
    if (asker->asking == ASK_FILL && (got->source == SOURCE_L1) != question->cached)
        return question->cached ? "a CR3 write invalidated a global page" : "a page outlived a CR3 write";
    return NULL;
}

static void complain(struct asker *asker, const struct question *question, const struct access_result *result,
                     const char *what)
{
    const struct response *got = &result->response;
    const struct oracle_pages *wanted = asker->wanted;

    if (asker->failed[question->page])
        return;
    asker->failed[question->page] = true;
    if (++asker->wanted->failed > MAX_MESSAGES)
        return;
    bool single = question->page >= wanted->pages;
    fprintf(stderr,
            "%s:%zu:1: %s: address %016" PRIx64
            ", attributes %02x: expected error code %x or physical address %" PRIx64 ", got %x or %" PRIx64
            ", page size %u, PAT index %u\n",
            single ? wanted->gva2gpa : wanted->tlb, question->page - (single ? wanted->pages : 0) + 1, what,
            result->va, result->attr, question->code, question->pa, got->error_code, got->pa, got->size,
            got->pat);
}

static void answered(void *self, const struct access_result *result)
{
    struct asker *asker = self;

    for (unsigned i = 0; i < asker->pending_count; i++) {
        if (asker->pending[i].index != result->index)
            continue;
        const char *what = wrong(asker, &asker->pending[i], &result->response);
        if (what)
            complain(asker, &asker->pending[i], result, what);
        asker->pending[i] = asker->pending[--asker->pending_count];
        return;
    }
}

static void op_done(void *self, uint64_t cycle)
{
    struct asker *asker = self;
    (void)cycle;
    asker->op_running = false;
}

static uint64_t next_cycle(void *self, uint64_t cycle)
{
    const struct asker *asker = self;
    bool waits = asker->op_running || (asker->pending_count && !asker->req_valid);
    return waits || asker->asking == ASK_END ? UINT64_MAX : cycle;
}

static bool finished(void *self)
{
    return ((const struct asker *)self)->asking == ASK_END;
}

/* Every entry has A, so that the only ones to change are those of pages that are written and not dirty. */
static uint64_t failures(void *self)
{
    const struct asker *asker = self;
    const struct oracle_pages *wanted = asker->wanted;
    const struct memory_stats *memory = memory_statistics(asker->memory);
    uint64_t changed = memory->exchanges - memory->exchange_failures;

    if (changed != wanted->dirtied)
        fprintf(stderr, "%s: %" PRIu64 " entries were changed, but %" PRIu64 " pages had to get D set\n",
                wanted->tlb, changed, wanted->dirtied);
    return wanted->failed + (changed != wanted->dirtied);
}

static void destroy(void *self)
{
    struct asker *asker = self;
    monitor_free(&asker->list);
    free(asker->failed);
    free(asker);
}

/* Reads the files, counts, and alters what is expected. */
static int learn(struct asker *asker)
{
    struct oracle_pages *wanted = asker->wanted;
    struct monitor_pages *list = &asker->list;

    wanted->altered = wanted->failed = wanted->dirtied = wanted->unmapped = 0;
    if (monitor_read_tlb(list, wanted->tlb))
        return -1;
    wanted->pages = list->count;
    for (size_t i = 0; i < list->count; i++) {
        if (wanted->alter && wanted->alter(i, &list->pages[i]))
            wanted->altered++;
        if ((list->pages[i].flags & (PAGE_WRITABLE | PAGE_DIRTY)) == PAGE_WRITABLE)
            wanted->dirtied++;
    }
    if (monitor_read_gva2gpa(list, wanted->gva2gpa))
        return -1;
    wanted->addresses = list->count - wanted->pages;
    for (size_t i = wanted->pages; i < list->count; i++)
        wanted->unmapped += list->pages[i].flags & PAGE_UNMAPPED ? 1 : 0;
    asker->failed = calloc(list->count + 1, sizeof(*asker->failed));
    return asker->failed ? 0 : -1;
}

int oracle_pages_open(void *wanted, const struct stimulus_env *env, struct stimulus *out)
{
    struct asker *asker = calloc(1, sizeof(*asker));

    if (!asker)
        return -1;
    asker->wanted = wanted;
    asker->memory = env->memory;
    asker->data_ports = env->params->mmu.data_ports;
    asker->op_count = prologue_of_image(env->image, asker->ops);
    if (!asker->op_count) {
        fprintf(stderr, "the pages of an image need the image's registers\n");
        destroy(asker);
        return -1;
    }
    asker->cr3 = env->image->cr3;
    if (learn(asker)) {
        destroy(asker);
        return -1;
    }
    *out = (struct stimulus){
        .self = asker,
        .drive = drive,
        .answered = answered,
        .op_done = op_done,
        .next_cycle = next_cycle,
        .finished = finished,
        .failures = failures,
        .destroy = destroy,
    };
    return 0;
}
