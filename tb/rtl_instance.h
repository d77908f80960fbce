// SPDX-License-Identifier: Apache-2.0
//
// A Verilated MMU as the two files of the seam share it: tb/rtl_seam.cpp, and
// tb/rtl_wave.cpp in builds for waves.
#ifndef TWINWALK_RTL_INSTANCE_H
#define TWINWALK_RTL_INSTANCE_H

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "Vmmu.h"
#include "Vmmu__Syms.h"
#include "Vmmu___024root.h"

extern "C" {
#include "mmu_state.h"
#include "rtl_seam.h"
}

struct rtl_wave;

// Verilator would start a thread for each processor though the design uses none; after a fork() they are not
// there.
inline VerilatedContext *without_threads(VerilatedContext *context)
{
    context->threads(1);
    return context;
}

struct rtl_instance {
    VerilatedContext context;
    Vmmu top{without_threads(&context)};
    struct mmu_out out;
    struct rtl_wave *wave; // NULL: none is written
};

// Of tb/rtl_seam.cpp: sets the inputs of the present cycle.
void rtl_drive(struct rtl_instance *rtl, const struct mmu_in *in);

// Of tb/rtl_wave.cpp: the cycle as it is now, with its inputs, unless it is written; the clock's fall in its
// middle.
extern const struct rtl_wave_seam rtl_wave_seam;
void rtl_wave_sample(struct rtl_wave *wave, const struct mmu_in *in);
void rtl_wave_falling_edge(struct rtl_wave *wave);

#define R(path) (root->mmu__DOT__##path)

constexpr unsigned kPorts = P_DataPorts + 1;

// The `width` bits from bit `lsb` of a packed signal; Verilator keeps all of them in little-endian words.
template <typename T> uint64_t field(const T &signal, unsigned lsb, unsigned width)
{
    uint64_t low = 0, high = 0;
    const auto *bytes = reinterpret_cast<const uint8_t *>(&signal);
    unsigned first = lsb / 8, left = static_cast<unsigned>(sizeof signal) - first;
    std::memcpy(&low, bytes + first, left < 8 ? left : 8);
    if (left > 8)
        std::memcpy(&high, bytes + first + 8, left - 8 < 8 ? left - 8 : 8);
    unsigned shift = lsb % 8;
    uint64_t value = shift ? low >> shift | high << (64 - shift) : low;
    return width == 64 ? value : value & ((1ull << width) - 1);
}

// An element of an unpacked array as a number.
template <typename T> uint64_t number(const T &value)
{
    return static_cast<uint64_t>(value);
}

// Bits that rtl/replacement.sv has for each way or node of a set; the model has a byte.
inline unsigned replacement_bits(const struct replacement &r)
{
    unsigned width = 1;
    if (r.policy == POLICY_LRU)
        while (1u << width < r.ways)
            width++;
    return width;
}

// How many of them.
inline unsigned replacement_fields(const struct replacement &r)
{
    unsigned fields = r.policy == POLICY_PLRU ? r.leaves : r.ways;
    return fields < r.state_bytes ? fields : r.state_bytes;
}

#endif
