// What a tensor's numbers are made of, in one pass.

#include "accumulate.h"

namespace adequate {
namespace ADEQUATE_PROCESSOR {
namespace {

using std::int64_t;

template <typename Lane, typename Bits, int MANTISSA> Extent extent_of(const Lane* x, int64_t count) {
    constexpr Bits fraction = (Bits{1} << MANTISSA) - 1, sign = Bits{1} << (8 * sizeof(Bits) - 1);
    constexpr Bits infinity = ~sign & ~fraction;
    Bits largest = 0, mantissas = 0, lowest = infinity;
    for (int64_t i = 0; i < count; i++) {
        Bits bits;
        __builtin_memcpy(&bits, x + i, sizeof bits);
        bits &= ~sign;
        largest = bits > largest ? bits : largest;
        mantissas |= bits & fraction;
        const Bits without = bits & fraction ? bits & (bits - 1) : 0;  // its lowest one taken away
        Lane whole, rest;
        __builtin_memcpy(&whole, &bits, sizeof bits);
        __builtin_memcpy(&rest, &without, sizeof bits);
        const Lane last = whole - rest;  // that one alone: exact
        Bits unit;
        __builtin_memcpy(&unit, &last, sizeof bits);
        unit = bits ? unit : infinity;
        lowest = unit < lowest ? unit : lowest;
    }
    Lane peak, step;
    __builtin_memcpy(&peak, &largest, sizeof peak);
    __builtin_memcpy(&step, &lowest, sizeof step);
    int digits = MANTISSA + 1;
    while (digits > 1 && !(mantissas >> (MANTISSA + 1 - digits) & 1)) digits--;
    return {static_cast<double>(peak), static_cast<double>(step), digits};
}

}  // namespace

Extent extent(const void* x, int64_t count, bool wide) {
    return wide ? extent_of<double, std::uint64_t, 52>(static_cast<const double*>(x), count)
                : extent_of<float, std::uint32_t, 23>(static_cast<const float*>(x), count);
}

}  // namespace ADEQUATE_PROCESSOR
}  // namespace adequate
