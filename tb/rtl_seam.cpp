// SPDX-License-Identifier: Apache-2.0
//
// The seam between Verilator's C++ and everything else: drives one Verilated
// MMU and compares its registers with the model's, after tb/signals.def.
// Compiled into a shared object per configuration by tb/build_rtl.sh.
#include <cinttypes>
#include <cstring>
#include <type_traits>

#if VM_COVERAGE
#include <cstdio>
#include <cstdlib>
#include <string>
#include <unistd.h>
#include <verilated_cov.h>
#endif

#include "rtl_instance.h"

extern "C" {
#include "rtl_seam.h"
#include "signal_report.h"
}

namespace
{

template <typename T> void set_field64(T &signal, unsigned lsb, uint64_t value)
{
    std::memcpy(reinterpret_cast<uint8_t *>(&signal) + lsb / 8, &value, sizeof value);
}

template <typename T> void set_field(T &signal, unsigned lsb, unsigned width, unsigned value)
{
    T mask = static_cast<T>(((T{1} << width) - 1) << lsb);
    signal = static_cast<T>((signal & ~mask) | (static_cast<T>(value) << lsb));
}

// The replacement state of a set: packed as in rtl/replacement.sv against a byte per way or node.
template <typename T> bool same_state(const struct replacement &r, const T &packed, const uint8_t *state)
{
    unsigned width = replacement_bits(r);
    for (unsigned i = 0; i < replacement_fields(r); i++)
        if (field(packed, i * width, width) != state[i])
            return false;
    return true;
}

template <typename T> bool same_replacement(const struct tlb_array &a, const T &packed)
{
    for (uint32_t set = 0; set < a.sets; set++)
        if (!same_state(a.replacement, packed[set], a.replacement_state + set * a.replacement.state_bytes))
            return false;
    return true;
}

} // namespace

// One rising edge. Nothing happens at a falling one: where Verilator's note of the clock's level is known
// (CLOCK_SEEN, see tb/build_rtl.sh), the clock falls without being evaluated.
#if VM_TRACE
// For waves the clock is high in the first half of a cycle, low in the second.
static void clock_edge(struct rtl_instance *rtl)
{
    rtl->top.clk_i = 0;
    rtl->top.eval();
    if (rtl->wave)
        rtl_wave_falling_edge(rtl->wave);
    rtl->top.clk_i = 1;
    rtl->top.eval();
}
#elif defined CLOCK_SEEN
static void clock_edge(struct rtl_instance *rtl)
{
    rtl->top.rootp->CLOCK_SEEN = 0;
    rtl->top.clk_i = 1;
    rtl->top.eval();
}
#else
static void clock_edge(struct rtl_instance *rtl)
{
    rtl->top.clk_i = 1;
    rtl->top.eval();
    rtl->top.clk_i = 0;
    rtl->top.eval();
}
#endif

static void read_response(const Vmmu &top, unsigned p, struct response *resp)
{
    resp->pa = field(top.resp_pa_o, p * 64, 64);
    resp->tag = top.resp_tag_o >> (p * 6) & 0x3f;
    resp->fault = top.resp_fault_o >> (p * 2) & 3;
    resp->error_code = top.resp_code_o >> (p * 6) & 0x3f;
    resp->size = top.resp_size_o >> (p * 2) & 3;
    resp->pat = top.resp_pat_o >> (p * 3) & 7;
    resp->source = top.resp_source_o >> (p * 2) & 3;
}

static void read_outputs(struct rtl_instance *rtl)
{
    const Vmmu &top = rtl->top;
    struct mmu_out *out = &rtl->out;
    out->req_ready = top.req_ready_o;
    out->resp_valid = top.resp_valid_o;
    out->op_ready = top.op_ready_o;
    out->op_done = top.op_done_o;
    out->mem_req_valid = top.mem_req_valid_o;
    out->mem_resp_ready = top.mem_resp_ready_o;
    if (out->mem_req_valid) {
        out->mem_req.addr = top.mem_req_addr_o;
        out->mem_req.expected = top.mem_req_expected_o;
        out->mem_req.desired = top.mem_req_desired_o;
        out->mem_req.exchange = top.mem_req_exchange_o;
        out->mem_req.tag = top.mem_req_tag_o;
    }
    for (unsigned p = 0; p < kPorts; p++)
        if (out->resp_valid >> p & 1)
            read_response(top, p, &out->resp[p]);
}

static struct rtl_instance *create(void)
{
    auto *rtl = new rtl_instance{};
#if VM_TRACE
    rtl->context.traceEverOn(true);
#endif
    rtl->top.rst_ni = 0;
    rtl->top.eval(); // the clock low, so that the next edge is one
    clock_edge(rtl);
    rtl->top.rst_ni = 1;
    rtl->top.eval();
    read_outputs(rtl);
    return rtl;
}

#if VM_COVERAGE
// What was counted, into a new file in the directory that RTL_COVERAGE_DIR names.
static void write_coverage(struct rtl_instance *rtl)
{
    const char *directory = std::getenv("RTL_COVERAGE_DIR");
    if (!directory)
        return;
    std::string path = std::string(directory) + "/XXXXXX.dat";
    int file = mkstemps(&path[0], 4);
    if (file < 0) {
        std::fprintf(stderr, "twinwalk: %s: no file for the coverage\n", directory);
        return;
    }
    close(file);
    rtl->context.coveragep()->write(path.c_str());
}
#endif

static void destroy(struct rtl_instance *rtl)
{
#if VM_COVERAGE
    write_coverage(rtl);
#endif
    delete rtl;
}

// All state by its name: what Verilator declares of the design, in the order of the names.
static const struct rtl_register registers[] = {
#define REGISTER(name, width) {#name, offsetof(Vmmu___024root, name), sizeof(Vmmu___024root::name)},
#include "registers.inc"
};

static void *state(struct rtl_instance *rtl)
{
    return rtl->top.rootp;
}

// Verilator computes everything anew that is no register when it believes to begin.
static void restored(struct rtl_instance *rtl)
{
    rtl->top.rootp->vlSymsp->__Vm_didInit = false;
    rtl->top.clk_i = VM_TRACE;
    rtl->top.eval();
    read_outputs(rtl);
}

// The layout of struct mmu that this library was compiled with.
static size_t model_size(void)
{
    return sizeof(struct mmu);
}

static const struct mmu_out *outputs(struct rtl_instance *rtl)
{
    return &rtl->out;
}

void rtl_drive(struct rtl_instance *rtl, const struct mmu_in *in)
{
    Vmmu &top = rtl->top;
    top.req_valid_i = in->req_valid;
    for (unsigned p = 0; p < kPorts; p++) {
        if (!(in->req_valid >> p & 1))
            continue;
        set_field64(top.req_va_i, p * 64, in->req[p].va);
        set_field(top.req_attr_i, p * 5, 5, in->req[p].attr);
        set_field(top.req_tag_i, p * 6, 6, in->req[p].tag);
    }
    top.op_valid_i = in->op_valid;
    if (in->op_valid) {
        top.op_i = in->op.op;
        top.op_value_i = in->op.value;
        top.op_va_i = in->op.va;
        top.op_pcid_i = in->op.pcid;
    }
    top.mem_req_ready_i = in->mem_req_ready;
    top.mem_resp_valid_i = in->mem_resp_valid;
    if (in->mem_resp_valid) {
        top.mem_resp_tag_i = in->mem_resp.tag;
        top.mem_resp_data_i = in->mem_resp.data;
        top.mem_resp_error_i = in->mem_resp.error;
        top.mem_resp_exchanged_i = in->mem_resp.exchanged;
    }
}

static void step(struct rtl_instance *rtl, const struct mmu_in *in)
{
#if VM_TRACE
    if (rtl->wave)
        rtl_wave_sample(rtl->wave, in);
#endif
    rtl_drive(rtl, in);
    clock_edge(rtl);
    read_outputs(rtl);
}

static bool same_outputs(const struct mmu_out &r, const struct mmu_out &m)
{
    bool same = true;
#define OUTPUT(name, decode) same = same && r.name == m.name;
#include "signals.def"
    for (unsigned p = 0; p < kPorts && same; p++)
        if (r.resp_valid >> p & 1) {
#define ANSWER(name, decode, bits, field) same = same && r.resp[p].field == m.resp[p].field;
#include "signals.def"
        }
    return same;
}

// The comparison of every cycle: what differs, as bits of a number. Without branches and calls, since nearly
// always nothing does.

template <typename T> uint64_t word_difference(const uint8_t *a, const uint8_t *b)
{
    T x, y;
    std::memcpy(&x, a, sizeof x);
    std::memcpy(&y, b, sizeof y);
    return static_cast<uint64_t>(x ^ y);
}

template <size_t Bytes> uint64_t difference(const void *rtl, const void *model)
{
    const auto *a = static_cast<const uint8_t *>(rtl), *b = static_cast<const uint8_t *>(model);
    if (Bytes > 512)
        return static_cast<uint64_t>(std::memcmp(a, b, Bytes) != 0);
    constexpr size_t kWords = Bytes / 8;
    uint64_t d = 0;
    for (size_t i = 0; i < kWords; i++)
        d |= word_difference<uint64_t>(a + 8 * i, b + 8 * i);
    if (Bytes & 4)
        d |= word_difference<uint32_t>(a + 8 * kWords, b + 8 * kWords);
    if (Bytes & 2)
        d |= word_difference<uint16_t>(a + (Bytes & ~3u), b + (Bytes & ~3u));
    if (Bytes & 1)
        d |= word_difference<uint8_t>(a + Bytes - 1, b + Bytes - 1);
    return d;
}

// An unpacked array; as bytes where its elements have the type that C gives them.
template <typename R, typename M> uint64_t elements_difference(const R &rtl, const M &model)
{
    static_assert(sizeof rtl / sizeof rtl[0] <= sizeof model / sizeof model[0], "model array too short");
    if (sizeof rtl[0] == sizeof model[0])
        return difference<sizeof rtl>(&rtl, &model);
    uint64_t d = 0;
    for (size_t i = 0; i < sizeof rtl / sizeof rtl[0]; i++)
        d |= number(rtl[i]) ^ number(model[i]);
    return d;
}

template <typename V> uint64_t valid_difference(const V &valid, const struct tlb_array &a)
{
    return difference<sizeof valid>(&valid, a.valid);
}

template <typename T> bool same_words(const T &rtl, const uint64_t *model)
{
    static_assert(sizeof rtl[0] == sizeof *model, "tag and data words are 33 to 64 bits wide");
    return std::memcmp(&rtl, model, sizeof rtl) == 0;
}

// The looked-up accesses and waiting answers, which mean something only where valid.
static bool same_ports(const Vmmu___024root *root, const struct mmu *m)
{
    for (unsigned p = 0; p < kPorts; p++)
        if ((m->lookup_valid >> p & 1) &&
            (field(R(u_lookup_stage__DOT__lookup_va_q), p * 64, 64) != m->lookup[p].va ||
             field(R(u_lookup_stage__DOT__lookup_attr_q), p * 5, 5) != m->lookup[p].attr ||
             field(R(u_lookup_stage__DOT__lookup_tag_q), p * 6, 6) != m->lookup[p].tag))
            return false;
    return true;
}

static bool compare(struct rtl_instance *rtl, const struct mmu *m, bool full)
{
    const Vmmu___024root *root = rtl->top.rootp;
    if (!same_outputs(rtl->out, m->out) || !same_ports(root, m))
        return false;
    uint64_t different = 0;
#define SIGNAL(block, name, decode, path, model)   different |= number(R(path)) ^ number(model);
#define ELEMENTS(block, name, decode, path, model) different |= elements_difference(R(path), model);
#define TLB_ARRAY(block, name, path, model)                                                                  \
    different |= (R(path##__DOT__digest_q) ^ (model).digest) |                                               \
                 valid_difference(R(path##__DOT__valid_q), model) |                                          \
                 number(R(path##__DOT__repl__DOT__lfsr_q) ^ (model).lfsr);
#include "signals.def"
    if (different || !full)
        return !different;
#define TLB_ARRAY(block, name, path, model)                                                                  \
    if (!same_words(R(path##__DOT__tag_q), (model).tag) ||                                                   \
        !same_words(R(path##__DOT__data_q), (model).data) ||                                                 \
        !same_replacement(model, R(path##__DOT__repl__DOT__repl_q)))                                         \
        return false;
#include "signals.def"
    return true;
}

static void report_value(FILE *out, const char *block, const char *name, int index, enum signal_decode decode,
                         uint64_t rtl, uint64_t model)
{
    char label[64];
    std::snprintf(label, sizeof label, index < 0 ? "%s.%s" : "%s.%s[%d]", block, name, index);
    signal_report_value(out, label, decode, rtl, model);
}

static void report_entry(FILE *out, const char *block, const char *name, const struct tlb_array &a,
                         uint32_t entry, uint64_t r_tag, uint64_t r_data, bool r_valid)
{
    const struct signal_entry rtl = {r_valid, true, r_tag, r_data};
    const struct signal_entry model = {tlb_array_valid(&a, entry), true, a.tag[entry], a.data[entry]};
    signal_report_entry(out, block, name, entry / a.ways, entry % a.ways, &rtl, &model);
}

template <typename T>
void report_replacement(FILE *out, const char *block, const char *name, const struct tlb_array &a,
                        const T &packed)
{
    const unsigned width = replacement_bits(a.replacement), fields = replacement_fields(a.replacement);
    for (uint32_t set = 0; set < a.sets; set++) {
        uint8_t rtl[REPLACEMENT_MAX_WAYS];
        for (unsigned i = 0; i < fields; i++)
            rtl[i] = static_cast<uint8_t>(field(packed[set], i * width, width));
        signal_report_replacement(out, block, name, set, rtl,
                                  a.replacement_state + set * a.replacement.state_bytes, fields);
    }
}

static void report(struct rtl_instance *rtl, const struct mmu *m, FILE *out)
{
    const Vmmu___024root *root = rtl->top.rootp;
    const struct mmu_out &r = rtl->out, &c = m->out;
#define OUTPUT(name, decode) report_value(out, "mmu", #name, -1, DECODE_##decode, r.name, c.name);
#include "signals.def"
    for (unsigned p = 0; p < kPorts; p++) {
        if (r.resp_valid & c.resp_valid & 1u << p) {
#define ANSWER(name, decode, bits, of)                                                                       \
    report_value(out, "mmu", #name, static_cast<int>(p), DECODE_##decode, r.resp[p].of, c.resp[p].of);
#include "signals.def"
        }
        if (m->lookup_valid >> p & 1) {
#define LOOKUP(name, decode, bits, of)                                                                       \
    report_value(out, "lookup_stage", #name, static_cast<int>(p), DECODE_##decode,                           \
                 field(R(u_lookup_stage__DOT__##name##_q), p *bits, bits), m->lookup[p].of);
#include "signals.def"
        }
    }
#define SIGNAL(block, name, decode, path, model)                                                             \
    report_value(out, #block, #name, -1, DECODE_##decode, number(R(path)), number(model));
#define ELEMENTS(block, name, decode, path, model)                                                           \
    for (size_t i = 0; i < sizeof R(path) / sizeof R(path)[0]; i++)                                          \
        report_value(out, #block, #name, static_cast<int>(i), DECODE_##decode, number(R(path)[i]),           \
                     number((model)[i]));
#define TLB_ARRAY(block, name, path, model)                                                                  \
    report_value(out, #block, #name ".digest", -1, DECODE_HEX, R(path##__DOT__digest_q), (model).digest);    \
    report_value(out, #block, #name ".lfsr", -1, DECODE_HEX, R(path##__DOT__repl__DOT__lfsr_q),              \
                 (model).lfsr);                                                                              \
    for (uint32_t e = 0; e < (model).sets * (model).ways; e++)                                               \
        report_entry(out, #block, #name, model, e, R(path##__DOT__tag_q)[e], R(path##__DOT__data_q)[e],      \
                     field(R(path##__DOT__valid_q), e, 1));                                                  \
    report_replacement(out, #block, #name, model, R(path##__DOT__repl__DOT__repl_q));
#include "signals.def"
}

extern "C" const struct rtl_seam twinwalk_rtl_seam;
const struct rtl_seam twinwalk_rtl_seam = {
    create,         destroy,   model_size,
    outputs,        step,      compare,
    report,         registers, sizeof registers / sizeof registers[0],
    state,          restored,
#if VM_TRACE
    &rtl_wave_seam,
#else
    nullptr,
#endif
};
