#pragma once

#include <cstdint>

// Elementwise rounding to a number format, in one pass: the kernels' arguments, and the kernels for each processor.
namespace adequate {

enum class Rounding { nearest_even, nearest_away, toward_zero, down, stochastic };  // formats/rounding.py

// Elements start..stop of a tensor of float (or double) numbers and of the result; x and out may be the same tensor.
struct Sweep {
    const void* x;
    void* out;
    std::int64_t start, stop;  // start is a multiple of BLOCK, a power of two
    bool is_double;            // the numbers of x and out
    bool in_double;            // the arithmetic; always with is_double
    std::uint32_t key[2];      // of the random numbers (formats/draws.py)
    const void* addend;        // added to the rounded numbers, which then are...
    bool rectified;            // ...0 where they are negative
};

constexpr std::int64_t BLOCK = 256;

struct Found {
    std::int64_t culprit;  // the first element that is NaN or infinite, or -1
    double largest;        // magnitude written
};

// Multiples of step (a power of two) from low to high.
struct FixedPoint {
    double step, low, high;
    Rounding rounding;
};

// Numbers up to highest, ulp apart relative to their power of two; below smallest, the smallest normal one, multiples
// of low_step.
struct Floating {
    double smallest, low_step, ulp, highest;
    bool flush;                               // below smallest there is 0 alone, before rounding
    int settled;                              // parity of the exponents k whose tie 1.5 * 2**k becomes 2**k; -1: none
    Rounding rounding;
};

// Signed powers of two from ``smallest`` to ``highest``, and 0 if there is one.
struct Powers {
    double smallest, highest;
    bool zero, nearest_value;
    int settled;  // as of Floating, where nearest_value
    bool stochastic;
};

// Integers in units of a power of two, plus the bias of their channel: `inner` elements in turn have the same.
struct Scaling {
    float unit;
    const float* bias;
    std::int64_t channels, inner;
};

#define ADEQUATE_QUANTIZERS(processor)                                                   \
    namespace processor {                                                                \
    Found quantize(const Sweep&, const FixedPoint&);                                     \
    std::int64_t encode(const Sweep&, const FixedPoint&);                                \
    Found quantize(const Sweep&, const Floating&);                                       \
    Found quantize(const Sweep&, const Powers&);                                         \
    void scale(const Sweep&, const Scaling&);                                            \
    }
// encode returns the culprit alone. It writes the lowest bytes of the codes of float numbers, where float holds all
// codes; its rounding is not stochastic. scale reads int32 and writes float, into the same memory or other.
ADEQUATE_QUANTIZERS(portable)
ADEQUATE_QUANTIZERS(avx2)
ADEQUATE_QUANTIZERS(avx512)
#undef ADEQUATE_QUANTIZERS

}  // namespace adequate
