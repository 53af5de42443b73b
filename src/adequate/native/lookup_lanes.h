#pragma once

#include <cstdint>
#include <cstring>

#include "lookup.h"

#if defined(__clang__) || __GNUC__ >= 12
#define SHUFFLE(type, a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(type, a, b, ...) __builtin_shuffle(a, b, type{__VA_ARGS__})
#endif

// A group of lanes: one input's products with up to four adjacent taps, those with the last tap in the first lane. Lanes
// have 16 bits in a uint64_t, above the least entries of their columns (of up to three taps also 21), or 32 bits. One
// copy for each processor.
namespace adequate {
namespace {

constexpr int TAPS = 4;

template <class T> constexpr int patterns_of = sizeof(T) == 1 ? 256 : PATTERNS;

typedef std::uint32_t Four __attribute__((vector_size(16)));

// The groups of all patterns, `pitch` apart.
template <int bits = 16>
void build(const Columns& columns, const std::int64_t* column, int taps, std::uint64_t* table, int pitch) {
    for (std::int64_t a = 0; a < columns.patterns; a++) {
        std::uint64_t entry = 0;
        for (int j = 0; j < taps; j++) entry = entry << bits | columns.narrow[column[j] * columns.pitch + a];
        table[a * pitch] = entry;
    }
}

inline void build(const Columns& columns, const std::int64_t* column, int taps, Four* table, int pitch) {
    for (std::int64_t a = 0; a < columns.patterns; a++) {
        std::uint32_t entry[TAPS] = {};
        for (int j = 0; j < taps; j++) {
            const std::int64_t at = column[j] * columns.pitch + a;
            const std::uint32_t low = static_cast<std::uint32_t>(columns.low[column[j]]);
            entry[taps - 1 - j] = columns.narrow ? columns.narrow[at] + low
                                                 : static_cast<std::uint32_t>(columns.entries[at]);
        }
        table[a * pitch] = Four{entry[0], entry[1], entry[2], entry[3]};
    }
}

// Whether the taps of every group fit 16 bits together.
template <class T> bool fit(const Lookup& job, const Columns& columns, const Part& part) {
    const T* w = static_cast<const T*>(job.w) + (part.panel * job.outputs + part.output) * job.terms;
    for (std::int64_t k = 0; columns.narrow && k < job.terms;) {
        std::uint32_t range = 0;
        std::int64_t left = job.scan - k % job.scan;
        for (left = left < TAPS ? left : TAPS; left > 0; left--) range += columns.range[w[k++]];
        if (range > 65535) return false;
    }
    return columns.narrow;
}

}  // namespace
}  // namespace adequate
