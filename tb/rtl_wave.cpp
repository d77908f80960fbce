// SPDX-License-Identifier: Apache-2.0
//
// Waves with both sides: the RTL's signals, written by Verilator, and beside
// them in the same file, under the scopes
//
//   cmodel  the C model's registers after tb/signals.def, with the RTL's names
//   diff    a bit for each of them that rises in the first cycle in which the
//           two differ, and stays
//   states  entries, walkers and array entries in words, of both
//   others  what the bench has to tell (struct rtl_wave_lane)
//
// Verilator has no interface for more signals in its FST files; what is known
// of its inside is here and nowhere else.
#include <algorithm>

#include "rtl_wave.h"

namespace
{

// The FST writer behind a VerilatedFst, a private member: an explicit instantiation may name it.
template <void *VerilatedFst::*Member> struct FstWriter {
    friend void *fst_writer(VerilatedFst *fst)
    {
        return fst->*Member;
    }
};
void *fst_writer(VerilatedFst *fst);
template struct FstWriter<&VerilatedFst::m_fst>;

} // namespace

// The scope is the prefix, or lies in it.
static bool lies_in(const std::string &scope, const std::string &prefix)
{
    return scope.compare(0, prefix.size(), prefix) == 0 &&
           (scope.size() == prefix.size() || scope[prefix.size()] == '.');
}

// An item of the choice of scopes that is a block, in all groups.
static bool is_block(const std::string &item)
{
    for (const char *group : {"rtl", "cmodel", "diff", "states", "events", "judge", "marks"})
        if (lies_in(item, group))
            return false;
    return true;
}

bool rtl_wave::wanted(const std::string &scope) const
{
    if (!contents.scopes || !*contents.scopes)
        return true;
    std::string block;
    for (const char *group : {"cmodel.", "diff.", "states.rtl.", "states.cmodel."})
        if (scope.compare(0, std::strlen(group), group) == 0)
            block = scope.substr(std::strlen(group));
    for (const char *const *item = contents.scopes; *item; item++)
        if (lies_in(is_block(*item) ? block : scope, *item))
            return true;
    return false;
}

int rtl_wave::table(const std::string &name, const char *const *names, unsigned bits)
{
    for (size_t i = 0; i < tables.size(); i++)
        if (tables[i].name == name)
            return static_cast<int>(i);
    EnumTable table{name, bits, {}, 0};
    for (; *names; names++)
        table.names.push_back(*names);
    tables.push_back(table);
    return static_cast<int>(tables.size()) - 1;
}

// The names of the values that the report has words for.
int rtl_wave::table(enum signal_decode decode, unsigned bits)
{
    if (!declaring || decode == DECODE_HEX || decode == DECODE_DECIMAL || decode == DECODE_FLAG ||
        decode == DECODE_BITS || bits > 5)
        return NO_NAMES;
    std::vector<std::string> texts;
    for (uint64_t value = 0; value < 1ull << bits; value++) {
        char buffer[128];
        signal_decode_text(decode, value, buffer, sizeof buffer);
        std::replace(buffer, buffer + std::strlen(buffer), ' ', '_');
        texts.push_back(buffer);
    }
    std::vector<const char *> names;
    for (const std::string &text : texts)
        names.push_back(text.c_str());
    names.push_back(nullptr);
    return table("decode" + std::to_string(decode) + "_" + std::to_string(bits), names.data(), bits);
}

Signal &rtl_wave::next(const char *group, const char *path, int element, const char *suffix, unsigned bits,
                       int names)
{
    if (declaring) {
        char below[256];
        signal_path((std::string(path) + suffix).c_str(), below, sizeof below);
        std::string full = std::string(group) + "." + below;
        // Some viewers take a text's index for a bit.
        if (element >= 0)
            full += names == TEXT ? ".entry_" + std::to_string(element) : "[" + std::to_string(element) + "]";
        size_t dot = full.rfind('.');
        Signal signal{};
        signal.scope = full.substr(0, dot);
        signal.name = full.substr(dot + 1);
        if (names != TEXT && (bits > 1 || element >= 0))
            signal.name += " [" + std::to_string(bits - 1) + ":0]";
        signal.bits = bits;
        signal.names = names;
        signal.wanted = wanted(signal.scope);
        signal.words.resize((bits + 63) / 64);
        signals.push_back(signal);
    }
    return signals[at++];
}

void rtl_wave::emit(Signal &signal, const uint64_t *words)
{
    if (declaring || !signal.wanted)
        return;
    size_t bytes = signal.words.size() * sizeof *words;
    if (signal.known && std::memcmp(signal.words.data(), words, bytes) == 0)
        return;
    std::memcpy(signal.words.data(), words, bytes);
    signal.known = true;
    std::string digits(signal.bits, '0');
    for (unsigned i = 0; i < signal.bits; i++)
        if (words[i / 64] >> (i % 64) & 1)
            digits[signal.bits - 1 - i] = '1';
    fstWriterEmitValueChange(writer, signal.handle, digits.data());
}

void rtl_wave::number(const char *group, const char *path, int element, const char *suffix, unsigned bits,
                      int names, uint64_t value)
{
    emit(next(group, path, element, suffix, bits, names), &value);
}

void rtl_wave::text(const char *group, const char *path, int element, const char *value)
{
    Signal &signal = next(group, path, element, "", 0, TEXT);
    if (declaring || !signal.wanted || (signal.known && signal.text == value))
        return;
    signal.text = value;
    signal.known = true;
    emit_text(signal);
}

// A text of no length is no value to some viewers.
void rtl_wave::emit_text(const Signal &signal)
{
    const char *shown = signal.text.empty() ? " " : signal.text.c_str();
    fstWriterEmitVariableLengthValueChange(writer, signal.handle, shown,
                                           static_cast<uint32_t>(std::strlen(shown)));
}

// Bits that once were 1 stay.
void rtl_wave::difference(const char *path, const char *suffix, unsigned bits, const uint64_t *words)
{
    Signal &signal = next("diff", path, -1, suffix, bits, NO_NAMES);
    std::vector<uint64_t> sum(words, words + signal.words.size());
    for (size_t i = 0; i < sum.size(); i++) {
        if (sum[i])
            differ = true;
        sum[i] |= signal.words[i];
    }
    emit(signal, sum.data());
}

void rtl_wave::twin(const char *path, unsigned bits, enum signal_decode decode, uint64_t rtl, uint64_t model)
{
    uint64_t different = rtl != model;
    number("cmodel", path, -1, "", bits, table(decode, bits), model);
    difference(path, "", 1, &different);
}

// Signals in the order of their scopes: FST knows each scope only while it is open.
void rtl_wave::declare()
{
    for (EnumTable &table : tables) {
        std::vector<std::string> values;
        for (size_t i = 0; i < table.names.size(); i++) {
            std::string digits;
            for (unsigned bit = table.bits; bit-- > 0;)
                digits += i >> bit & 1 ? '1' : '0';
            values.push_back(digits);
        }
        std::vector<const char *> names, texts;
        for (size_t i = 0; i < values.size(); i++) {
            names.push_back(table.names[i].c_str());
            texts.push_back(values[i].c_str());
        }
        table.handle =
            fstWriterCreateEnumTable(writer, table.name.c_str(), static_cast<uint32_t>(names.size()),
                                     table.bits, names.data(), texts.data());
    }
    std::vector<Signal *> order;
    for (Signal &signal : signals)
        if (signal.wanted)
            order.push_back(&signal);
    std::stable_sort(order.begin(), order.end(),
                     [](const Signal *a, const Signal *b) { return a->scope + "." < b->scope + "."; });
    std::string open; // scopes, each with a dot behind it
    for (Signal *signal : order) {
        std::string scope = signal->scope + ".";
        while (scope.compare(0, open.size(), open) != 0) {
            fstWriterSetUpscope(writer);
            open.erase(open.rfind('.', open.size() - 2) + 1);
        }
        while (open.size() < scope.size()) {
            std::string one = scope.substr(open.size(), scope.find('.', open.size()) - open.size());
            fstWriterSetScope(writer, FST_ST_VCD_MODULE, one.c_str(), nullptr);
            open += one + ".";
        }
        if (signal->names >= 0)
            fstWriterEmitEnumTableRef(writer, tables[static_cast<size_t>(signal->names)].handle);
        bool is_text = signal->names == TEXT;
        signal->handle = fstWriterCreateVar(writer, is_text ? FST_VT_GEN_STRING : FST_VT_VCD_WIRE,
                                            FST_VD_IMPLICIT, signal->bits, signal->name.c_str(), 0);
    }
    for (size_t depth = std::count(open.begin(), open.end(), '.'); depth > 0; depth--)
        fstWriterSetUpscope(writer);
}

// Signals of the bench come last; their values are set one by one.
static void add_lanes(struct rtl_wave *wave)
{
    for (size_t i = 0; i < wave->contents.lane_count; i++) {
        const struct rtl_wave_lane &lane = wave->contents.lanes[i];
        std::string path = std::string(lane.scope) + "." + lane.name;
        size_t dot = path.find('.');
        int names = lane.bits == 0 ? static_cast<int>(TEXT)
                    : lane.names   ? wave->table(path, lane.names, lane.bits)
                                   : static_cast<int>(NO_NAMES);
        wave->next(path.substr(0, dot).c_str(), path.substr(dot + 1).c_str(), -1, "", lane.bits, names);
    }
}

static Signal &lane(struct rtl_wave *wave, size_t index)
{
    return wave->signals[wave->signals.size() - wave->contents.lane_count + index];
}

// Verilator's own choice of scopes: those of the items that concern the RTL, and always the ports. Without
// any signal it has no buffer to dump.
static void choose_rtl_scopes(struct rtl_wave *wave)
{
    const char *const *item = wave->contents.scopes;
    if (!item || !*item)
        return;
    for (; *item; item++) {
        std::string scope = *item;
        if (scope == "rtl")
            wave->fst.dumpvars(99, "TOP.mmu");
        else if (lies_in(scope, "rtl") || is_block(scope))
            wave->fst.dumpvars(99, "TOP.mmu." + (is_block(scope) ? scope : scope.substr(4)));
    }
    wave->fst.dumpvars(1, "TOP");
}

static struct rtl_wave *wave_open(struct rtl_instance *rtl, const char *path,
                                  const struct rtl_wave_contents *contents)
{
    auto *wave = new rtl_wave{};
    wave->rtl = rtl;
    wave->contents = *contents;
    wave->cycle = contents->cycle;
    wave->first_difference = UINT64_MAX;
    choose_rtl_scopes(wave);
    rtl->top.trace(&wave->fst, 99);
    wave->fst.open(path);
    wave->writer = fst_writer(wave->fst.spTrace());
    if (!wave->writer) {
        delete wave;
        return nullptr;
    }
    if (contents->comment)
        fstWriterSetComment(wave->writer, contents->comment);
    wave->declaring = true;
    wave->visit();
    add_lanes(wave);
    wave->declare();
    wave->declaring = false;
    wave->differ = false;
    for (Signal &signal : wave->signals)
        std::fill(signal.words.begin(), signal.words.end(), 0);
    rtl->wave = wave;
    return wave;
}

void rtl_wave_sample(struct rtl_wave *wave, const struct mmu_in *in)
{
    if (wave->sampled)
        return;
    if (in)
        rtl_drive(wave->rtl, in);
    wave->rtl->top.eval();
    wave->fst.dump(2 * wave->cycle);
    wave->visit();
    wave->sampled = true;
}

// What was set in this cycle goes into the file while its time is that of the cycle.
static void emit_lanes(struct rtl_wave *wave)
{
    for (size_t i = 0; i < wave->contents.lane_count; i++) {
        Signal &signal = lane(wave, i);
        if (signal.known || !signal.wanted)
            continue;
        if (signal.names == TEXT) {
            wave->emit_text(signal);
            signal.known = true;
        } else {
            std::vector<uint64_t> words = signal.words;
            wave->emit(signal, words.data());
        }
    }
}

void rtl_wave_falling_edge(struct rtl_wave *wave)
{
    emit_lanes(wave);
    wave->fst.dump(2 * wave->cycle + 1);
    wave->cycle++;
    wave->sampled = false;
}

static void set_number(struct rtl_wave *wave, size_t index, uint64_t value)
{
    Signal &signal = lane(wave, index);
    if (signal.words[0] == value)
        return;
    signal.words[0] = value;
    signal.known = false;
}

static void set_text(struct rtl_wave *wave, size_t index, const char *text)
{
    Signal &signal = lane(wave, index);
    if (signal.text == text)
        return;
    signal.text = text;
    signal.known = false;
}

static void forget(struct rtl_wave *wave)
{
    wave->rtl->wave = nullptr;
}

static bool wave_close(struct rtl_wave *wave, bool present)
{
    if (present) {
        rtl_wave_sample(wave, nullptr);
        emit_lanes(wave);
    }
    fstWriterFlushContext(wave->writer);
    bool failed = fstWriterGetFseekFailed(wave->writer);
    wave->fst.close(); // what else fails in writing is seen in the file only: fst_file_is_whole
    wave->rtl->wave = nullptr;
    delete wave;
    return !failed;
}

const struct rtl_wave_seam rtl_wave_seam = {wave_open, rtl_wave_sample, set_number,
                                            set_text,  forget,          wave_close};
