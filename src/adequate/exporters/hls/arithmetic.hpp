// Integers of stated widths, streams of them, and rounding: what the layers of an exported network are made of.
// Plain C++17 integers, or with ADEQUATE_AP_INT the arbitrary-precision types and streams of Vitis HLS.
#ifndef ADEQUATE_ARITHMETIC_HPP
#define ADEQUATE_ARITHMETIC_HPP

#include <cstdint>

#ifdef __SYNTHESIS__
#define HLS_TEXT(text) _Pragma(#text)
#define HLS(directive) HLS_TEXT(HLS directive)
#else
#define HLS(directive)
#endif

#ifdef ADEQUATE_AP_INT

#include <ap_int.h>
#include <hls_stream.h>

template <int bits>
using integer = ap_int<bits>;
template <int bits>
using natural = ap_uint<bits>;
template <typename T, int>
using stream = hls::stream<T>;

#else

#include <type_traits>

template <int bits>
using integer = std::conditional_t<
    (bits <= 8), std::int8_t,
    std::conditional_t<(bits <= 16), std::int16_t,
                       std::conditional_t<(bits <= 32), std::int32_t,
                                          std::conditional_t<(bits <= 64), std::int64_t, __int128>>>>;

template <int bits>
using natural = integer<bits + 1>;  // signed too, so that no sum or comparison changes its meaning

template <typename T, int depth>
class stream {
    T held[depth] = {};
    int first = 0, count = 0;

public:
    bool empty() const { return count == 0; }
    void write(T element) { held[(first + count++) % depth] = element; }
    T read() {
        const T element = held[first];
        first = (first + 1) % depth;
        --count;
        return element;
    }
};

#endif

// n * 2**places.
template <typename N>
N moved_up(N n, int places) {
#ifdef ADEQUATE_AP_INT
    return n << places;
#else
    return N(n * (N(1) << places));  // a shift to the left of a negative integer has no meaning before C++20
#endif
}

// The bits of n >= 0, which has at most `most` of them.
template <int most, typename N>
int length(N n) {
    int found = 0;
    for (int half = 64; half > 0; half /= 2) {
        if (half < most && (n >> (half < most ? half : 0)) > 0) {
            n = N(n >> (half < most ? half : 0));
            found += half;
        }
    }
    return found + (n > 0 ? 1 : 0);
}

// The index of n in ascending numbers.
template <int count, typename T, typename N>
int place_of(const T* numbers, N n) {
    int place = 0;
    for (int half = 1 << 30; half > 0; half /= 2)
        if (half < count && place + half < count && numbers[place + half] <= n) place += half;
    return place;
}

// How many bits of n >= 0 are set.
template <int bits, typename N>
int ones(N n) {
#ifdef ADEQUATE_AP_INT
    int found = 0;
    for (int bit = 0; bit < bits; ++bit) found += int(n[bit]);
    return found;
#else
    static_assert(bits <= 64, "a word of at most 64 bits");
    return __builtin_popcountll(static_cast<unsigned long long>(n));
#endif
}

enum class rounding { nearest_even, nearest_away, toward_zero, down };

// n / d rounded, from q = floor(n / d) and rest = n - q d.
template <rounding rule, typename N>
N settled(N n, N q, N rest, N d) {
    const N missing = N(d - rest);
    bool up = false;
    if (rule == rounding::nearest_even) up = (rest > missing) | ((rest == missing) & ((q & 1) != 0));
    if (rule == rounding::nearest_away) up = (rest > missing) | ((rest == missing) & (n > 0));
    if (rule == rounding::toward_zero) up = (rest > 0) & (n < 0);
    return N(q + N(up ? 1 : 0));
}

// n / d, for d > 0.
template <rounding rule, typename N>
N divided(N n, N d) {
    N q = N(n / d), rest = N(n % d);
    if (rest < 0) {
        q = N(q - 1);
        rest = N(rest + d);
    }
    return settled<rule>(n, q, rest, d);
}

// n / 2**places.
template <rounding rule, typename N>
N moved_down(N n, int places) {
    const N d = N(N(1) << places);
    return settled<rule>(n, N(n >> places), N(n & N(d - 1)), d);
}

template <typename N>
N clamped(N n, N low, N high) {
    return n < low ? low : n > high ? high : n;
}

// n modulo a power of two, in low .. low + size - 1.
template <typename N>
N wrapped(N n, N low, N size) {
    return N(N(N(n - low) & N(size - 1)) + low);
}

enum class underflow { gradual, flush, nearest };

// n / (d 2**places) rounded to mantissa + 1 significant bits, integers up to high; `bits` is the length of n at most.
template <rounding rule, underflow kind, int mantissa, int bits, typename N>
N to_float(N n, N d, int places, N high) {
    const N magnitude = n < 0 ? N(-n) : n;
    const N whole = N((d == 1 ? magnitude : N(magnitude / d)) >> places);
    const int above = length<bits>(whole) - 1 - mantissa;
    const bool tiny = kind == underflow::nearest && length<bits>(whole) <= mantissa;
    const int cut = tiny ? mantissa : above > 0 ? above : 0;
    const N steps = d == 1 ? moved_down<rule>(n, places + cut) : divided<rule>(n, moved_up(d, places + cut));
    if (kind == underflow::flush && length<bits>(whole) <= mantissa) return N(0);
    return clamped(moved_up(steps, cut), N(-high), high);
}

// x or -x.
template <typename N>
N signed_by(bool negative, N x) {
    return negative ? N(-x) : x;
}

// x times -1, 0 or 1.
template <typename N, typename W>
N selected(W w, N x) {
    return w < 0 ? N(-x) : w > 0 ? x : N(0);
}

// x times the power of two whose code has a sign in its highest bit; with zero the lowest exponent stands for it.
template <int bits, bool zero, typename N, typename W>
N times_power(W code, N x) {
    const int field = int(code) & ((1 << (bits - 1)) - 1);
    const N magnitude = zero && field == 0 ? N(0) : moved_up(x, zero ? field - 1 : field);
    return signed_by((int(code) >> (bits - 1)) != 0, magnitude);
}

// The code of a number of a float, an integer in units of its smallest step.
template <int mantissa, int exponent, int bits, typename N>
std::int32_t float_code(N n) {
    const N magnitude = n < 0 ? N(-n) : n;
    const int above = length<bits>(magnitude) - 1 - mantissa, cut = above > 0 ? above : 0;
    const std::int32_t sign = n < 0 ? std::int32_t{1} << (mantissa + exponent) : 0;
    return sign + (std::int32_t(cut) << mantissa) + std::int32_t(magnitude >> cut);
}

// The number of a float's code, in units of its smallest step; `flush`: it has no subnormal numbers.
template <int mantissa, int exponent, bool flush, typename N>
N float_number(std::int64_t code) {
    const int field = int(code >> mantissa) & ((1 << exponent) - 1);
    const int fraction = int(code) & ((1 << mantissa) - 1);
    const N steps = N(field > 0 ? fraction + (1 << mantissa) : flush ? 0 : fraction);
    return signed_by((code >> (mantissa + exponent)) != 0, moved_up(steps, field > 0 ? field - 1 : 0));
}

// The code of a power of two: its sign in the highest bit, and its exponent, one more where there is a zero.
template <int bits, bool zero, int most, typename N>
std::int32_t power_code(N n) {
    const N magnitude = n < 0 ? N(-n) : n;
    const std::int32_t field = n == 0 ? 0 : length<most>(magnitude) - 1 + (zero ? 1 : 0);
    return field + (n < 0 ? std::int32_t{1} << (bits - 1) : 0);
}

// The number that the lowest bits of a word stand for.
template <int bits, bool is_signed>
std::int64_t number_of(std::int64_t word) {
    const std::int64_t low = word & ((std::int64_t{1} << bits) - 1);
    return is_signed && (low >> (bits - 1)) != 0 ? low - (std::int64_t{1} << bits) : low;
}

// What a register holds after an adder of its codes gave `whole` for a and b, carry included.
template <int bits, bool is_signed, bool saturates>
std::int64_t after_adder(std::int64_t whole, std::int64_t a, std::int64_t b) {
    const std::int64_t half = std::int64_t{1} << (bits - 1), code = number_of<bits, is_signed>(whole);
    if (!saturates) return code;
    if (!is_signed) return whole > 2 * half - 1 ? 2 * half - 1 : code;
    const bool a_negative = number_of<bits, true>(a) < 0, b_negative = number_of<bits, true>(b) < 0;
    if (!a_negative && !b_negative && code < 0) return half - 1;
    if (a_negative && b_negative && code >= 0) return -half;
    return code;
}

#endif
