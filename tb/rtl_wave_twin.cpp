// SPDX-License-Identifier: Apache-2.0
//
// What both sides hold in a cycle, after tb/signals.def: the values of the
// scopes cmodel, diff and states.
#include <algorithm>
#include <cinttypes>

#include "rtl_wave.h"

namespace
{

#define REGISTER(name, width) constexpr unsigned width_of_##name = width;
#include "registers.inc"
#define WIDTH(path) width_of_mmu__DOT__##path

enum {
    SMALL_ARRAY =
        256, // entries up to which tags and data are shown (as --trace-max-array in tb/build_rtl.sh)
    TEXT_ENTRIES = 64, // and as text
};

constexpr uint32_t NO_PLACE = UINT32_MAX; // in an array

const char *const entry_states[] = {"FREE",      "PEND", "MERGED", "LOOKUP",
                                    "WALK_PEND", "WALK", "ANSWER", nullptr};
const char *const walker_states[] = {"IDLE", "REQUEST", "WAIT", "DRAIN", nullptr};
const char *const levels[] = {"-", "PTE", "PDE", "PDPTE", "PML4E", "PML5E", nullptr};

} // namespace

template <typename A, typename M>
void rtl_wave::elements(const char *path, unsigned bits, enum signal_decode decode, const A &rtl,
                        const M &model)
{
    constexpr size_t count = sizeof rtl / sizeof rtl[0];
    static_assert(count <= 64, "a bit of one word per element");
    // A table that has no room in the file would keep GTKWave from other names.
    const int names = decode == DECODE_ATTRIBUTES ? static_cast<int>(NO_NAMES) : table(decode, bits);
    uint64_t different = 0;
    for (size_t i = 0; i < count; i++) {
        number("cmodel", path, static_cast<int>(i), "", bits, names, ::number(model[i]));
        different |= static_cast<uint64_t>(::number(rtl[i]) != ::number(model[i])) << i;
    }
    difference(path, "", static_cast<unsigned>(count), &different);
}

// A register of which each bit stands for something of its own: a difference for each.
static void bit_set(struct rtl_wave *wave, const char *path, unsigned bits, uint64_t rtl, uint64_t model)
{
    const uint64_t different = rtl ^ model;
    wave->number("cmodel", path, -1, "", bits, NO_NAMES, model);
    wave->difference(path, "", bits, &different);
}

// A packed signal with a field of `bits` for each port; differences count only on the meaningful ones.
template <typename F>
void rtl_wave::port_twin(const char *path, unsigned bits, unsigned meaningful, F get, const void *rtl)
{
    uint64_t model[kPorts] = {}, different = 0;
    for (unsigned p = 0; p < kPorts; p++) {
        uint64_t value = get(p);
        unsigned lsb = p * bits;
        model[lsb / 64] |= value << (lsb % 64);
        if (lsb % 64 + bits > 64)
            model[lsb / 64 + 1] |= value >> (64 - lsb % 64);
        uint64_t words[kPorts + 1] = {};
        std::memcpy(words, rtl, (kPorts * bits + 7) / 8);
        if ((meaningful >> p & 1) && field(words, lsb, bits) != value)
            different |= 1ull << p;
    }
    emit(next("cmodel", path, -1, "", kPorts * bits, NO_NAMES), model);
    difference(path, "", kPorts, &different);
}

template <typename V, typename T, typename D, typename S>
void rtl_wave::array(const char *path, const struct tlb_array &a, uint64_t digest, uint64_t lfsr,
                     const V &valid, const T &tag, const D &data, const S &repl, unsigned repl_bits)
{
    const uint32_t entries = a.sets * a.ways;
    uint64_t different;
    if (declaring)
        shadows.push_back(
            {a.digest, {a.tag, a.tag + entries}, {a.data, a.data + entries}, NO_PLACE, NO_PLACE});
    Shadow &shadow = shadows[array_at++];
    if (shadow.digest != a.digest) {
        shadow.digest = a.digest;
        for (uint32_t e = 0; e < entries; e++)
            if (shadow.tag[e] != a.tag[e] || shadow.data[e] != a.data[e])
                shadow.entry = e;
        std::copy(a.tag, a.tag + entries, shadow.tag.begin());
        std::copy(a.data, a.data + entries, shadow.data.begin());
    }

    emit(next("cmodel", path, -1, "__DOT__valid_q", entries, NO_NAMES), a.valid);
    std::vector<uint64_t> r_valid((entries + 63) / 64);
    std::memcpy(r_valid.data(), &valid, std::min(sizeof valid, r_valid.size() * 8));
    for (size_t i = 0; i < r_valid.size(); i++)
        r_valid[i] ^= a.valid[i];
    difference(path, "__DOT__valid_q", entries, r_valid.data());

    number("cmodel", path, -1, "__DOT__digest_q", 64, NO_NAMES, a.digest);
    different = digest != a.digest;
    difference(path, "__DOT__digest_q", 1, &different);
    number("cmodel", path, -1, "__DOT__repl__DOT__lfsr_q", 16, NO_NAMES, a.lfsr);
    different = lfsr != a.lfsr;
    difference(path, "__DOT__repl__DOT__lfsr_q", 1, &different);

    // The entries of a walk cache lead to tables.
    const auto entry_words =
        std::strncmp(path, "u_walk_cache", 12) == 0 ? signal_decode_table_entry : signal_decode_entry;

    const uint32_t written = shadow.entry == NO_PLACE ? 0 : shadow.entry;
    number("cmodel", path, -1, "__DOT__written_entry", 16, NO_NAMES, written);
    number("cmodel", path, -1, "__DOT__written_tag", 60, NO_NAMES, a.tag[written]);
    number("cmodel", path, -1, "__DOT__written_data", 51, NO_NAMES, a.data[written]);

    std::vector<uint64_t> tags((entries + 63) / 64), datas((entries + 63) / 64);
    for (uint32_t e = 0; e < entries; e++) {
        tags[e / 64] |= static_cast<uint64_t>(::number(tag[e]) != a.tag[e]) << (e % 64);
        datas[e / 64] |= static_cast<uint64_t>(::number(data[e]) != a.data[e]) << (e % 64);
        if (entries <= SMALL_ARRAY) {
            number("cmodel", path, static_cast<int>(e), "__DOT__tag_q", 60, NO_NAMES, a.tag[e]);
            number("cmodel", path, static_cast<int>(e), "__DOT__data_q", 51, NO_NAMES, a.data[e]);
        }
        if (entries <= TEXT_ENTRIES) {
            char side[160];
            entry_words(field(valid, e, 1), ::number(tag[e]), ::number(data[e]), side, sizeof side);
            text("states.rtl", path, static_cast<int>(e), side);
            entry_words(tlb_array_valid(&a, e), a.tag[e], a.data[e], side, sizeof side);
            text("states.cmodel", path, static_cast<int>(e), side);
        }
    }
    difference(path, "__DOT__tag_q", entries, tags.data());
    difference(path, "__DOT__data_q", entries, datas.data());

    if (shadow.differs == NO_PLACE)
        for (uint32_t e = entries; e-- > 0;)
            if ((r_valid[e / 64] | tags[e / 64] | datas[e / 64]) >> (e % 64) & 1)
                shadow.differs = e;
    auto entry_text = [&](const char *name, uint32_t e) {
        const std::string at = std::string(path) + "__DOT__" + name;
        char side[200] = "";
        int place =
            e == NO_PLACE ? 0 : snprintf(side, sizeof side, "set %u way %u: ", e / a.ways, e % a.ways);
        if (e != NO_PLACE)
            entry_words(field(valid, e, 1), ::number(tag[e]), ::number(data[e]), side + place,
                        sizeof side - static_cast<size_t>(place));
        text("states.rtl", at.c_str(), -1, side);
        if (e != NO_PLACE)
            entry_words(tlb_array_valid(&a, e), a.tag[e], a.data[e], side + place,
                        sizeof side - static_cast<size_t>(place));
        text("states.cmodel", at.c_str(), -1, side);
    };
    entry_text("written", shadow.entry);
    if (entries > TEXT_ENTRIES)
        entry_text("differs", shadow.differs);

    std::vector<uint64_t> sets((a.sets + 63) / 64);
    const unsigned width = replacement_bits(a.replacement);
    for (uint32_t set = 0; set < a.sets; set++) {
        const uint8_t *state = a.replacement_state + set * a.replacement.state_bytes;
        std::vector<uint64_t> packed((repl_bits + 63) / 64);
        for (unsigned i = 0; i < replacement_fields(a.replacement); i++) {
            for (unsigned bit = 0; bit < width; bit++)
                packed[(i * width + bit) / 64] |= static_cast<uint64_t>(state[i] >> bit & 1)
                                                  << ((i * width + bit) % 64);
            if (field(repl[set], i * width, width) != state[i])
                sets[set / 64] |= 1ull << (set % 64);
        }
        if (entries <= SMALL_ARRAY)
            emit(next("cmodel", path, static_cast<int>(set), "__DOT__repl__DOT__repl_q", repl_bits, NO_NAMES),
                 packed.data());
    }
    difference(path, "__DOT__repl__DOT__repl_q", a.sets, sets.data());
}

// Outputs and looked-up accesses, which mean something only while they are valid.
void rtl_wave::ports()
{
    const struct mmu *m = contents.model;
    const Vmmu &top = rtl->top;
    const Vmmu___024root *root = top.rootp;
    const struct mmu_out &o = m->out;
    const unsigned answers = o.resp_valid & rtl->out.resp_valid;
    const unsigned looked_up = m->lookup_valid;
#define OUTPUT(name, decode)                                                                                 \
    bit_set(this, #name "_o", DECODE_##decode == DECODE_BITS ? kPorts : 1, top.name##_o, o.name);
#define ANSWER(name, decode, bits, field)                                                                    \
    port_twin(                                                                                               \
        #name "_o", bits, answers, [&](unsigned p) { return o.resp[p].field; }, &top.name##_o);
#define LOOKUP(name, decode, bits, field)                                                                    \
    port_twin(                                                                                               \
        "u_lookup_stage__DOT__" #name "_q", bits, looked_up, [&](unsigned p) { return m->lookup[p].field; }, \
        &R(u_lookup_stage__DOT__##name##_q));
#include "signals.def"
}

static void lookup_text(const struct access_req &request, char *text, size_t size)
{
    char attributes[64];
    signal_decode_text(DECODE_ATTRIBUTES, request.attr, attributes, sizeof attributes);
    snprintf(text, size, "%s 0x%016" PRIx64 " tag %u", attributes, request.va, request.tag);
}

static void answer_text(const struct response &answer, char *text, size_t size)
{
    char what[64], size_or_code[96], source[64];
    signal_decode_text(DECODE_SOURCE, answer.source, source, sizeof source);
    if (answer.fault) {
        signal_decode_text(DECODE_FAULT, answer.fault, what, sizeof what);
        signal_decode_text(DECODE_FAULT_CODE, answer.error_code, size_or_code, sizeof size_or_code);
        snprintf(text, size, "tag %u: %s%s%s, from %s", answer.tag, what,
                 answer.fault == FAULT_PAGE ? ": " : "", answer.fault == FAULT_PAGE ? size_or_code : "",
                 source);
    } else {
        signal_decode_text(DECODE_SIZE, answer.size, size_or_code, sizeof size_or_code);
        snprintf(text, size, "tag %u: pa 0x%" PRIx64 " %s PAT %u, from %s", answer.tag, answer.pa,
                 size_or_code, answer.pat, source);
    }
}

// What is looked up and answered on each port: the fields of one port are far apart in the RTL's vectors.
void rtl_wave::port_texts(const char *side, bool of_model)
{
    const Vmmu &top = rtl->top;
    const Vmmu___024root *root = top.rootp;
    const struct mmu *m = contents.model;
    const uint64_t looked_up = of_model ? m->lookup_valid : R(u_lookup_stage__DOT__lookup_valid_q);
    const uint64_t answers = of_model ? m->out.resp_valid : top.resp_valid_o;
    for (unsigned p = 0; p < kPorts; p++) {
        char words[160] = "";
        if (looked_up >> p & 1) {
            struct access_req request = {};
            if (of_model) {
                request = m->lookup[p];
            } else {
                request.va = field(R(u_lookup_stage__DOT__lookup_va_q), p * 64, 64);
                request.attr = static_cast<uint8_t>(field(R(u_lookup_stage__DOT__lookup_attr_q), p * 5, 5));
                request.tag = static_cast<uint8_t>(field(R(u_lookup_stage__DOT__lookup_tag_q), p * 6, 6));
            }
            lookup_text(request, words, sizeof words);
        }
        text(side, ("u_lookup_stage__DOT__lookup_port_" + std::to_string(p)).c_str(), -1, words);
        words[0] = '\0';
        if (answers >> p & 1) {
            struct response answer = {};
            if (of_model) {
                answer = m->out.resp[p];
            } else {
                answer.pa = field(top.resp_pa_o, p * 64, 64);
                answer.tag = static_cast<uint8_t>(field(top.resp_tag_o, p * 6, 6));
                answer.fault = static_cast<uint8_t>(field(top.resp_fault_o, p * 2, 2));
                answer.error_code = static_cast<uint8_t>(field(top.resp_code_o, p * 6, 6));
                answer.size = static_cast<uint8_t>(field(top.resp_size_o, p * 2, 2));
                answer.pat = static_cast<uint8_t>(field(top.resp_pat_o, p * 3, 3));
                answer.source = static_cast<uint8_t>(field(top.resp_source_o, p * 2, 2));
            }
            answer_text(answer, words, sizeof words);
        }
        text(side, ("answer_port_" + std::to_string(p)).c_str(), -1, words);
    }
}

// Of each miss queue entry and walker one state instead of a bit in one of several registers.
void rtl_wave::states(const char *side, bool of_model)
{
    const Vmmu___024root *root = rtl->top.rootp;
    const struct miss_queue *mq = of_model ? &contents.model->miss_queue : nullptr;
    const struct page_walker *w = of_model ? &contents.model->page_walker : nullptr;
#define ENTRIES(name) (mq ? mq->name : ::number(R(u_miss_queue__DOT__##name##_q)))
#define WALKERS(name) (w ? w->name : ::number(R(u_page_walker__DOT__##name##_q)))
    const uint64_t entry[] = {ENTRIES(pend),      ENTRIES(merged), ENTRIES(lookup),
                              ENTRIES(walk_pend), ENTRIES(walk),   ENTRIES(answer)};
    const int entry_names = table("entry", entry_states, 3);
    for (unsigned e = 0; e < P_MissQueueEntries; e++) {
        uint64_t state = 0;
        for (unsigned s = 0; s < 6; s++)
            if (entry[s] >> e & 1)
                state = s + 1;
        number(side, "u_miss_queue__DOT__entry", static_cast<int>(e), "", 3, entry_names, state);
    }
    const uint64_t walker[] = {WALKERS(request), WALKERS(wait), WALKERS(drain)};
    const int walker_names = table("walker", walker_states, 2), level_names = table("level", levels, 3);
    for (unsigned k = 0; k < P_Walkers; k++) {
        uint64_t state = 0;
        for (unsigned s = 0; s < 3; s++)
            if (walker[s] >> k & 1)
                state = s + 1;
        number(side, "u_page_walker__DOT__walker", static_cast<int>(k), "", 2, walker_names, state);
        uint64_t level = w ? w->level[k] : ::number(R(u_page_walker__DOT__level_q)[k]);
        number(side, "u_page_walker__DOT__reads", static_cast<int>(k), "", 3, level_names, state ? level : 0);
    }
#undef ENTRIES
#undef WALKERS
}

void rtl_wave::visit()
{
    const struct mmu *m = contents.model;
    const Vmmu___024root *root = rtl->top.rootp;
    at = array_at = 0;
    // A viewer counts times, of which a cycle has two.
    Signal &counter = next("marks", "cycle", -1, "", 64, NO_NAMES);
    counter.wanted = true;
    emit(counter, &cycle);
    states("states.rtl", false);
    port_texts("states.rtl", false);
    if (m) {
        states("states.cmodel", true);
        port_texts("states.cmodel", true);
        ports();
#define SIGNAL(block, name, decode, path, model)                                                             \
    if (DECODE_##decode == DECODE_BITS)                                                                      \
        bit_set(this, #path, WIDTH(path), ::number(R(path)), ::number(model));                               \
    else                                                                                                     \
        twin(#path, WIDTH(path), DECODE_##decode, ::number(R(path)), ::number(model));
#define ELEMENTS(block, name, decode, path, model)                                                           \
    elements(#path, WIDTH(path), DECODE_##decode, R(path), model);
#define TLB_ARRAY(block, name, path, model)                                                                  \
    array(#path, model, R(path##__DOT__digest_q), ::number(R(path##__DOT__repl__DOT__lfsr_q)),               \
          R(path##__DOT__valid_q), R(path##__DOT__tag_q), R(path##__DOT__data_q),                            \
          R(path##__DOT__repl__DOT__repl_q), WIDTH(path##__DOT__repl__DOT__repl_q));
#include "signals.def"
        if (differ && first_difference == UINT64_MAX && !declaring)
            first_difference = cycle;
        number("diff", "any", -1, "", 1, NO_NAMES, differ && !declaring);
        number("diff", "first_cycle", -1, "", 64, NO_NAMES,
               first_difference == UINT64_MAX ? 0 : first_difference);
    }
}
