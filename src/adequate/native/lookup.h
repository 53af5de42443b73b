#pragma once

#include <cstdint>

#include "processor.h"

namespace adequate {

// out[panel, position, o] = sum_k table[x[panel, position, k], w[panel, o, k]]
//
// A panel is a group of a convolution or one product of a batch. Positions form a grid (image, depth, row, column);
// term k of a position is x_term[k] elements behind it.
struct Lookup {
    const void* x;  // patterns: uint8_t, or uint16_t where wide
    const void* w;  // patterns of the same type, (panels, outputs, terms)
    bool wide;
    const std::int32_t* table;  // (rows, columns)
    std::int64_t rows, columns;

    std::int64_t panels, outputs, terms;
    const std::int64_t* x_term;
    std::int64_t positions[4];
    std::int64_t x_step[4], x_panel;
    std::int64_t out_step[4], out_panel, out_output;
    std::int64_t scan;  // so many consecutive terms lie side by side and meet the next position one step on; else 1

    void* out;  // int32_t, modulo 2^32, or int64_t where out_wide
    bool out_wide;
};

// The columns of the table that weights look at, each contiguous. Either narrow[w * pitch + a] = table[a, w] - low[w] or,
// where a column's range passes 16 bits, entries[w * pitch + a] = table[a, w] and low = 0. Column `columns` is zero.
struct Columns {
    std::int64_t patterns;  // 1 + the largest activation
    std::int64_t pitch;     // a multiple of 8 (Route::permuted: of 256), zero beyond the patterns
    std::int64_t chunk;     // so many terms never pass an int32
    std::uint16_t* narrow;
    std::int32_t* entries;
    std::int32_t* low;
    std::uint32_t* range;
};

// A part of the output: outputs from `output` on at `count` positions (scan, planes: lines; permuted: images) from `first`
// on.
struct Part {
    std::int64_t panel, output, first, count;
};

constexpr std::int64_t PATTERNS = 4096;  // of activations, at most, for tables built per weight
constexpr std::int64_t TILE = 4096;      // positions of a part, at most

// How the sums are found; the bits are the same.
enum class Route { any = -1, direct, rows, scan, planes, permuted };

// Fills `out`; x has so many elements. Raises std::invalid_argument where a pattern is not in the table or the route
// cannot be taken.
void look_up(const Lookup&, std::int64_t x_count, Processor, int threads, Route);

// Patterns (planes, depth, rows, columns) and where they go: into volumes of `zero`, from `before` on.
struct Padding {
    const void* x;
    void* out;
    bool wide;  // uint16_t, else uint8_t
    std::uint16_t zero;
    std::int64_t planes, size[3], before[3], padded[3];
};

void pad(const Padding&, Processor, int threads);

#define ADEQUATE_LOOKUP(processor)                                                                            \
    namespace processor {                                                                                     \
    void lookup_columns(const Lookup&, std::int64_t weights, Columns&);                                       \
    std::int64_t lookup_rows_width(std::int64_t outputs);                                                     \
    std::int64_t lookup_rows_scratch(const Lookup&);                                                          \
    void lookup_rows(const Lookup&, const Columns&, const Part&, void* scratch);                              \
    std::int64_t lookup_scan_scratch(const Lookup&);                                                          \
    void lookup_scan(const Lookup&, const Columns&, const Part&, void* scratch);                              \
    bool lookup_planes_takes(const Lookup&);                                                                  \
    std::int64_t lookup_planes_scratch(const Lookup&);                                                        \
    void lookup_planes(const Lookup&, const Columns&, const Part&, void* scratch);                            \
    bool lookup_permuted_takes(const Lookup&);                                                                \
    std::int64_t lookup_permuted_scratch(const Lookup&);                                                      \
    void lookup_permuted(const Lookup&, const Columns&, const Part&, void* scratch);                          \
    void lookup_direct(const Lookup&, const Part&, void* scratch);                                            \
    std::uint32_t largest(const void* patterns, std::int64_t count, bool wide);                               \
    void pad(const Padding&, std::int64_t first, std::int64_t last);                                          \
    }
ADEQUATE_LOOKUP(portable)
ADEQUATE_LOOKUP(avx2)
ADEQUATE_LOOKUP(avx512)
#undef ADEQUATE_LOOKUP

}  // namespace adequate
