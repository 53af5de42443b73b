#pragma once

#include <cstdint>

#include "processor.h"

namespace adequate {

// How a sum or a product is rounded, in lanes of float or double.
struct LaneRounding {
    enum Kind {
        none,    // not at all
        fixed,   // to multiples of one step: (t + offset) - offset, offset = 1.5 * 2^(digits of a lane - 1) * step
        binade,  // to so many digits: the same with factor * max(2^floor(log2|t|), smallest) for offset
    } kind;
    double offset;
    double factor, smallest;  // smallest 0: none
    bool odd;                 // of sums in binades: the lane rounds them to odd before
    bool bounded;             // then clamped
    double low, high;
};

// out[batch, row, column] = the sum over k of rows[row_of[batch], row, k] * columns[column_of[batch], k, column],
// each product and each sum rounded; in blocks of so many k, whose sums are added likewise.
struct Accumulation {
    bool wide;                   // lanes are double, else float
    bool widens;                 // rows are float where lanes are double
    const void* rows;            // (.., count, terms)
    const void* columns;         // (.., terms, width), width a multiple of lanes(wide)
    const std::int64_t* row_of;  // which of the matrices each batch takes
    const std::int64_t* column_of;
    std::int64_t batches, count, terms, width, block;
    LaneRounding product, sum;
    void* out;  // (batches, count, width)
};

// Rows and columns of one batch, in lanes; columns begin and end at multiples of lanes(wide).
struct Piece {
    std::int64_t batch, row, rows, column, columns;
    double* widened;  // memory for the terms of WIDENED rows, where the job widens them
};

constexpr std::int64_t WIDENED = 4;

// The numbers x: the largest |x|, the lowest power of two that an |x| other than 0 ends in (infinity if all are 0), and
// the most significant digits of one; NaN or infinity is a peak that is none.
struct Extent {
    double peak, step;
    int digits;
};

#define ADEQUATE_ACCUMULATE(processor)                                   \
    namespace processor {                                                \
    std::int64_t lanes(bool wide);                                       \
    void accumulate(const Accumulation&, const Piece&);                   \
    Extent extent(const void* x, std::int64_t count, bool wide);         \
    }
ADEQUATE_ACCUMULATE(portable)
ADEQUATE_ACCUMULATE(avx2)
ADEQUATE_ACCUMULATE(avx512)
#undef ADEQUATE_ACCUMULATE

// Lanes of a vector.
std::int64_t lanes(Processor, bool wide);

Extent extent(const void* x, std::int64_t count, bool wide, Processor);

// All of it, on so many threads.
void accumulate(const Accumulation&, Processor, int threads);

}  // namespace adequate
