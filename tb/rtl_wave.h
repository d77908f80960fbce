// SPDX-License-Identifier: Apache-2.0
//
// A wave that is being written, as tb/rtl_wave.cpp (the file, its signals) and
// tb/rtl_wave_twin.cpp (their values) share it.
#ifndef TWINWALK_RTL_WAVE_H
#define TWINWALK_RTL_WAVE_H

#include <string>
#include <vector>

#include <verilated_fst_c.h>

#include "rtl_instance.h"

extern "C" {
#include "signal_decode.h"
}

enum : int { NO_NAMES = -1, TEXT = -2 };

struct Signal {
    std::string scope, name;
    unsigned bits;
    int names; // index of an enum table, NO_NAMES or TEXT
    bool wanted;
    fstHandle handle;
    bool known; // a value has been written: the one below
    std::vector<uint64_t> words;
    std::string text;
};

struct EnumTable {
    std::string name;
    unsigned bits;
    std::vector<std::string> names;
    fstEnumHandle handle;
};

// The words of an array as they were, to see what is written.
struct Shadow {
    uint64_t digest;
    std::vector<uint64_t> tag, data;
    uint32_t entry;   // written last
    uint32_t differs; // the first that differed between RTL and model
};

struct rtl_wave {
    VerilatedFstC fst;
    void *writer;
    struct rtl_instance *rtl;
    struct rtl_wave_contents contents;
    uint64_t cycle;
    bool sampled; // the present cycle is in the file

    // Signals are visited in one order always: at first to declare them, then to write their values.
    std::vector<Signal> signals;
    std::vector<EnumTable> tables;
    std::vector<Shadow> shadows;
    size_t at, array_at;
    bool declaring;
    uint64_t first_difference; // its cycle
    bool differ;

    bool wanted(const std::string &scope) const;
    int table(const std::string &name, const char *const *names, unsigned bits);
    int table(enum signal_decode decode, unsigned bits);
    Signal &next(const char *group, const char *path, int element, const char *suffix, unsigned bits,
                 int names);
    void emit(Signal &signal, const uint64_t *words);
    void emit_text(const Signal &signal);
    void number(const char *group, const char *path, int element, const char *suffix, unsigned bits,
                int names, uint64_t value);
    void text(const char *group, const char *path, int element, const char *value);
    void difference(const char *path, const char *suffix, unsigned bits, const uint64_t *words);
    void twin(const char *path, unsigned bits, enum signal_decode decode, uint64_t rtl, uint64_t model);
    template <typename T>
    void twin_wide(const char *path, unsigned bits, const T &rtl, const std::vector<uint64_t> &model);
    template <typename F>
    void port_twin(const char *path, unsigned bits, unsigned meaningful, F get, const void *rtl);
    template <typename A, typename M>
    void elements(const char *path, unsigned bits, enum signal_decode decode, const A &rtl, const M &model);
    template <typename V, typename T, typename D, typename S>
    void array(const char *path, const struct tlb_array &a, uint64_t digest, uint64_t lfsr, const V &valid,
               const T &tag, const D &data, const S &repl, unsigned repl_bits);
    void ports();
    void states(const char *side, bool of_model);
    void port_texts(const char *side, bool of_model);
    void declare();
    void visit();
};

#endif
