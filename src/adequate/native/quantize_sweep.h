#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#ifdef __SSE2__
#include <immintrin.h>
#endif

#include "quantize.h"

// What every elementwise quantiser shares. All of it is in an anonymous namespace: one copy for each processor.
namespace adequate {
namespace {

template <class Number>
struct Layout;  // IEEE 754-2019, table 3.5

template <>
struct Layout<float> {
    using Bits = std::uint32_t;
    static constexpr int mantissa = 23;
    static constexpr Bits magnitude = 0x7fffffffu, infinity = 0x7f800000u;
    static constexpr Bits below_sqrt2 = 0x3504f3u;  // mantissa of the largest number below the square root of 2
};

template <>
struct Layout<double> {
    using Bits = std::uint64_t;
    static constexpr int mantissa = 52;
    static constexpr Bits magnitude = 0x7fffffffffffffffu, infinity = 0x7ff0000000000000u;
    static constexpr Bits below_sqrt2 = 0x6a09e667f3bccu;
};

template <class Number>
using Bits = typename Layout<Number>::Bits;

template <class Number>
inline Bits<Number> bits_of(Number y) {
    Bits<Number> bits;
    std::memcpy(&bits, &y, sizeof bits);
    return bits;
}

template <class Number>
inline Number from_bits(Bits<Number> bits) {
    Number y;
    std::memcpy(&y, &bits, sizeof y);
    return y;
}

template <class Number>
inline Number absolute(Number y) {
    return from_bits<Number>(bits_of(y) & Layout<Number>::magnitude);
}

template <class Number>
inline Number with_sign(Number magnitude, Number signed_) {
    return from_bits<Number>(bits_of(magnitude) | (bits_of(signed_) & ~Layout<Number>::magnitude));
}

// -y where signed_ is negative.
template <class Number>
inline Number flipped(Number y, Number signed_) {
    return from_bits<Number>(bits_of(y) ^ (bits_of(signed_) & ~Layout<Number>::magnitude));
}

template <class Number>
inline Number lower(Number a, Number b) {
    return b < a ? b : a;
}

template <class Number>
inline Number clamped(Number y, Number low, Number high) {
    y = y < low ? low : y;
    return lower(y, high);
}

// 2**floor(log2|y|); 0 below the normal range.
template <class Number>
inline Number binade(Number y) {
    return from_bits<Number>(bits_of(y) & Layout<Number>::infinity);
}

// The draws of one block's elements, times 2**24: words of 24 bits; the same as formats/draws.py.
//
// With start a multiple of BLOCK, index = start + i = start ^ i, and z ^ z >> 16 = i ^ mixed, as i is below 2**16. So the
// first product is a sum of two: that of the lowest bits, which are those of 2**16 / BLOCK blocks, is kept.
template <class Number>
struct Draws {
    static constexpr std::uint32_t multiplier = 0x21f0aaadu;
    const std::uint32_t* key;
    std::uint32_t lowest = BLOCK, first = 0, second = 0;
    alignas(64) std::uint32_t products[BLOCK];  // (i ^ lowest) * multiplier

    explicit Draws(const Sweep& sweep) : key(sweep.key) {}

    void move(std::int64_t start) {
        const std::uint32_t high = static_cast<std::uint32_t>(start >> 32);
        const std::uint32_t z = key[0] ^ 0x85ebca6bu * high ^ static_cast<std::uint32_t>(start);
        const std::uint32_t mixed = z ^ (z >> 16), low = mixed % BLOCK;
        first = (mixed - low) * multiplier;
        second = key[1] + 0x9e3779b9u * high;
        if (low == lowest) return;
        lowest = low;
        for (std::uint32_t i = 0; i < BLOCK; ++i) products[i] = (i ^ low) * multiplier;
    }

    inline std::uint32_t word(std::uint32_t i) const {
        std::uint32_t z = (products[i] + first) ^ second;
        z = (z ^ (z >> 15)) * 0x735a2d97u;
        return (z ^ (z >> 15)) >> 8;
    }

    static inline Number number(std::uint32_t word) { return static_cast<Number>(static_cast<std::int32_t>(word)); }
};

// y rounded toward zero, for |y| <= 2**(bits of the significand - 2).
template <class Number>
inline Number truncated(Number y) {
#if defined(__SSE4_1__) || defined(__aarch64__)
    return std::trunc(y);  // an instruction
#else
    const Number magic = static_cast<Number>(1.5) * static_cast<Number>(Bits<Number>(1) << Layout<Number>::mantissa);
    const Number magnitude = absolute(y), nearest = (magnitude + magic) - magic;
    return with_sign(nearest > magnitude ? nearest - static_cast<Number>(1) : nearest, y);
#endif
}

// y rounded to a multiple of step. magic is 1.5 * 2**(bits of the significand - 1) * step: numbers of its size are the
// multiples of step, so that adding it rounds to nearest even, exactly for |y| <= 2**(bits - 2) * step. No zero is
// negative: it is a sum of numbers of which not both are.
template <Rounding rounding, class Number>
inline Number rounded(Number y, Number step, Number magic, const Draws<Number>& draws, std::uint32_t i) {
    Number nearest = (y + magic) - magic;
    if constexpr (rounding == Rounding::nearest_even) return nearest;
    if constexpr (rounding == Rounding::down) return nearest > y ? nearest - step : nearest;
    if constexpr (rounding == Rounding::nearest_away) {
        const Number half = step * static_cast<Number>(0.5);
        return absolute(y - nearest) == half ? y + with_sign(half, y) : nearest;
    }
    if constexpr (rounding == Rounding::toward_zero) {
        const bool back = flipped(y - nearest, y) < static_cast<Number>(0);
        return nearest - flipped(back ? step : static_cast<Number>(0), y);
    }
    const Number inverse = from_bits<Number>(2 * bits_of(static_cast<Number>(1)) - bits_of(step));
    const Number near = truncated(y * inverse) * step;  // what underflows in the product is below 1 in any case
    const bool away = Draws<Number>::number(draws.word(i)) * (step * static_cast<Number>(0x1p-24)) < absolute(y - near);
    return near + (away ? with_sign(step, y) : static_cast<Number>(0));
}

#if defined(__AVX512F__)
using Part = __m512i;
inline void stream(Part* to, const Part* from) { _mm512_stream_si512(to, _mm512_load_si512(from)); }
#elif defined(__AVX__)
using Part = __m256i;
inline void stream(Part* to, const Part* from) { _mm256_stream_si256(to, _mm256_load_si256(from)); }
#elif defined(__SSE2__)
using Part = __m128i;
inline void stream(Part* to, const Part* from) { _mm_stream_si128(to, _mm_load_si128(from)); }
#else
using Part = std::uint64_t;
inline void stream(Part* to, const Part* from) { std::memcpy(to, from, sizeof(Part)); }
#endif

// Stores a whole block past the caches; with every part that leaves, one of the next block is asked for, so that memory
// reads and writes in turn. There may be no next block.
template <class Number>
inline void store_past_the_cache(const Number* block, Number* out, std::uintptr_t next) {
    const auto from = reinterpret_cast<const Part*>(block);
    const auto to = reinterpret_cast<Part*>(out);
    for (std::size_t i = 0; i < BLOCK * sizeof(Number) / sizeof(Part); ++i) {
        stream(to + i, from + i);
        __builtin_prefetch(reinterpret_cast<const void*>(next + i * sizeof(Part)));
    }
}

// Asks for a block, so that memory delivers it meanwhile; there may be none.
template <class Number>
inline void fetch(std::uintptr_t block) {
    constexpr std::size_t line = 64;
    for (std::size_t i = 0; i < BLOCK * sizeof(Number); i += line)
        __builtin_prefetch(reinterpret_cast<const void*>(block + i));
}

template <class Number>
struct Written {
    Bits<Number> largest;  // the magnitude's; as integers magnitudes are in the same order
    Bits<Number> seen;     // of zeros, and of NaN where a number that was read is not finite
};

template <class Number>
inline Bits<Number> zero_or_nan(Number y) {
    return bits_of(y * static_cast<Number>(0));
}

// to = max(rule(x) + addend, least) of so many numbers; to may be x itself.
template <bool adds, bool looks, class Wide, class Number, class Rule>
inline Written<Number> write(const Number* x, const Number* addend, Number* to, int count, const Rule rule,
                             Number least, const Draws<Wide>& draws) {
    Bits<Number> largest = 0, seen = 0;
#pragma GCC ivdep
    for (int i = 0; i < count; ++i) {
        if constexpr (looks) seen |= zero_or_nan(x[i]);
        Number y = static_cast<Number>(rule(static_cast<Wide>(x[i]), draws, i));
        if constexpr (adds) y += addend[i];
        y = y < least ? least : y;
        to[i] = y;
        const Bits<Number> bits = bits_of(y) & Layout<Number>::magnitude;
        largest = bits > largest ? bits : largest;
    }
    return {largest, seen};
}

// One pass, block by block: what is written where it was read is looked at for NaN and infinity before that.
template <class Number, class Wide, class Rule>
Found sweep_numbers(const Sweep& sweep, const Rule& rule) {
    constexpr Bits<Number> infinity = Layout<Number>::infinity, magnitude = Layout<Number>::magnitude;
    constexpr std::int64_t cached = 1 << 22;  // bytes; larger results would only push others out of the caches
    const Number* x = static_cast<const Number*>(sweep.x);
    const Number* addend = static_cast<const Number*>(sweep.addend);
    Number* out = static_cast<Number*>(sweep.out);
    const Number least = sweep.rectified ? 0 : -std::numeric_limits<Number>::infinity();
    const bool large = (sweep.stop - sweep.start) * static_cast<std::int64_t>(sizeof(Number)) > cached;
    const bool past_the_cache = large && x != out && reinterpret_cast<std::uintptr_t>(out) % sizeof(Part) == 0;
    const bool looked_at_before = x == out || addend;
    alignas(64) Number block[BLOCK];
    Draws<Wide> draws(sweep);
    Bits<Number> largest = 0;
    for (std::int64_t start = sweep.start; start < sweep.stop; start += BLOCK) {
        const int count = static_cast<int>(sweep.stop - start < BLOCK ? sweep.stop - start : BLOCK);
        if constexpr (Rule::draws) draws.move(start);
        const Number* part = x + start;
        const std::uintptr_t next = reinterpret_cast<std::uintptr_t>(part) + sizeof block;
        const bool streams = past_the_cache && count == BLOCK;
        Number* to = streams ? block : out + start;
        if (!past_the_cache) fetch<Number>(next);
        Written<Number> written{0, 0};
        if (looked_at_before)
            for (int i = 0; i < count; ++i) written.seen |= zero_or_nan(part[i]);
        else
            written = write<false, true>(part, addend, to, count, rule, least, draws);
        if (written.seen & infinity)
            for (int i = 0; i < count; ++i)
                if ((bits_of(part[i]) & magnitude) >= infinity) return {start + i, 0};
        if (looked_at_before)
            written = addend ? write<true, false>(part, addend + start, to, count, rule, least, draws)
                             : write<false, false>(part, addend, to, count, rule, least, draws);
        largest = written.largest > largest ? written.largest : largest;
        if (streams) store_past_the_cache(block, out + start, next);
    }
#ifdef __SSE2__
    _mm_sfence();
#endif
    return {-1, static_cast<double>(from_bits<Number>(largest))};
}

// Rule<Number> is made of the format's numbers and called with (y, draws, index within the block); it says whether it
// draws.
template <template <class> class Rule, class Format>
Found sweep_as(const Sweep& sweep, const Format& format) {
    if (sweep.is_double) return sweep_numbers<double, double>(sweep, Rule<double>(format));
    if (sweep.in_double) return sweep_numbers<float, double>(sweep, Rule<double>(format));
    return sweep_numbers<float, float>(sweep, Rule<float>(format));
}

}  // namespace
}  // namespace adequate
