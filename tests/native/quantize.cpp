// The quantisers' kernels over odd sizes, against the same numbers one at a time: to be compiled with sanitizers and run.
// Buffers have exactly the sizes that are needed, so that a sanitizer sees every step beyond.

#include "quantize.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <new>

using namespace adequate;

namespace {

std::uint32_t state = 1;

double draw() {
    state = state * 1664525u + 1013904223u;
    return std::ldexp(static_cast<int>(state >> 16) - 32768, static_cast<int>(state >> 8 & 15) - 20);
}

template <class Format>
Found on(int build, const Sweep& sweep, const Format& format) {
#if PROCESSORS > 2
    if (build == 2) return avx512::quantize(sweep, format);
#endif
#if PROCESSORS > 1
    if (build == 1) return avx2::quantize(sweep, format);
#endif
    return portable::quantize(sweep, format);
}

std::int64_t encoded_on(int build, const Sweep& sweep, const FixedPoint& format) {
#if PROCESSORS > 2
    if (build == 2) return avx512::encode(sweep, format);
#endif
#if PROCESSORS > 1
    if (build == 1) return avx2::encode(sweep, format);
#endif
    return portable::encode(sweep, format);
}

void scaled_on(int build, const Sweep& sweep, const Scaling& by) {
#if PROCESSORS > 2
    if (build == 2) return avx512::scale(sweep, by);
#endif
#if PROCESSORS > 1
    if (build == 1) return avx2::scale(sweep, by);
#endif
    portable::scale(sweep, by);
}

template <class Number>
bool equal(Number a, Number b) {
    return std::memcmp(&a, &b, sizeof a) == 0;
}

struct Kind {
    bool in_double, in_place, adds, rectified;
    bool random;  // drawn by the index: what the portable build does is right
};

template <class Number, class Format>
bool same(int build, std::int64_t count, const Format& format, const Kind& kind) {
    const bool is_double = sizeof(Number) == 8, in_double = kind.in_double || is_double;
    std::unique_ptr<Number[]> x(new Number[count]), addend(new Number[count]), wanted(new Number[count]);
    std::unique_ptr<Number[]> apart(new (std::align_val_t(64)) Number[count]);
    for (std::int64_t i = 0; i < count; i++) x[i] = static_cast<Number>(draw()), addend[i] = static_cast<Number>(draw());
    if (kind.random) portable::quantize({x.get(), wanted.get(), 0, count, is_double, in_double, {5, 7}, nullptr, false}, format);
    double largest = 0;
    for (std::int64_t i = 0; i < count; i++) {
        Number y = wanted[i];
        if (!kind.random) portable::quantize({&x[i], &y, 0, 1, is_double, in_double, {5, 7}, nullptr, false}, format);
        if (kind.adds) y += addend[i];
        if (kind.rectified && y < 0) y = 0;
        wanted[i] = y;
        largest = std::fmax(largest, std::fabs(static_cast<double>(y)));
    }
    Number* out = kind.in_place ? x.get() : apart.get();
    const void* added = kind.adds ? addend.get() : nullptr;
    const Found found = on(build, {x.get(), out, 0, count, is_double, in_double, {5, 7}, added, kind.rectified}, format);
    bool good = found.culprit == -1 && found.largest == largest;
    for (std::int64_t i = 0; i < count; i++) good = good && equal(out[i], wanted[i]);
    if (count) {
        x[count / 2] = static_cast<Number>(count % 2 ? NAN : -INFINITY);
        const Number last = x[count - 1];
        const Sweep again{x.get(), x.get(), 0, count, is_double, in_double, {5, 7}, added, kind.rectified};
        good = good && on(build, again, format).culprit == count / 2 && (count == 1 || equal(x[count - 1], last));
    }
    ::operator delete[](apart.release(), std::align_val_t(64));
    return good;
}

bool codes_are_right(int build, std::int64_t count, const FixedPoint& format) {
    std::unique_ptr<float[]> x(new float[count]), rounded(new float[count]);
    std::unique_ptr<std::uint8_t[]> codes(new std::uint8_t[count]);
    for (std::int64_t i = 0; i < count; i++) x[i] = static_cast<float>(draw());
    portable::quantize({x.get(), rounded.get(), 0, count, false, false, {0, 0}, nullptr, false}, format);
    bool good = encoded_on(build, {x.get(), codes.get(), 0, count, false, false, {0, 0}, nullptr, false}, format) == -1;
    for (std::int64_t i = 0; i < count; i++)
        good = good && codes[i] == static_cast<std::uint8_t>(std::lround(rounded[i] / format.step));
    return good;
}

bool scaling_is_right(int build, std::int64_t inner, std::int64_t channels, std::int64_t batch) {
    const std::int64_t count = inner * channels * batch;
    std::unique_ptr<std::int32_t[]> sums(new std::int32_t[count]);
    std::unique_ptr<float[]> bias(new float[channels]), out(new float[count]);
    for (std::int64_t i = 0; i < count; i++) sums[i] = static_cast<std::int32_t>(draw() * 64);
    for (std::int64_t i = 0; i < channels; i++) bias[i] = static_cast<float>(draw());
    scaled_on(build, {sums.get(), out.get(), 0, count, false, false, {0, 0}, nullptr, false},
              {0.125f, bias.get(), channels, inner});
    bool good = true;
    for (std::int64_t i = 0; i < count; i++)
        good = good && out[i] == static_cast<float>(sums[i]) * 0.125f + bias[i / inner % channels];
    return good;
}

template <class Format>
void count_wrong(const Format& format, bool random, int& wrong, int& all) {
    const std::int64_t sizes[] = {0, 1, 15, 255, 256, 257, 1027};
    for (int build = 0; build < PROCESSORS; build++)
        for (std::int64_t count : sizes)
            for (int ends = 0; ends < 8; ends++) {
                Kind kind{false, (ends & 1) != 0, (ends & 2) != 0, (ends & 4) != 0, random};
                wrong += !same<float>(build, count, format, kind), all++;
                wrong += !same<double>(build, count, format, kind), all++;
                kind.in_double = true;
                wrong += !same<float>(build, count, format, kind), all++;
            }
}

}  // namespace

int main() {
    int wrong = 0, all = 0;
    for (int rule = 0; rule < 5; rule++) {
        const Rounding rounding = static_cast<Rounding>(rule);
        const bool random = rounding == Rounding::stochastic;
        count_wrong(FixedPoint{1 / 16.0, -8, 7.9375, rounding}, random, wrong, all);
        count_wrong(Floating{1 / 64.0, 1 / 512.0, 1 / 8.0, 240, false, -1, rounding}, random, wrong, all);
        count_wrong(Floating{1 / 64.0, 1 / 64.0, 1 / 8.0, 240, true, -1, rounding}, random, wrong, all);
    }
    count_wrong(Floating{1 / 64.0, 1 / 64.0, 1, 128, false, 0, Rounding::nearest_even}, false, wrong, all);
    count_wrong(Powers{1 / 64.0, 2, false, false, -1, false}, false, wrong, all);
    count_wrong(Powers{1 / 64.0, 2, true, true, 1, false}, false, wrong, all);
    count_wrong(Powers{1 / 64.0, 2, true, true, -1, true}, true, wrong, all);
    const FixedPoint fixed{1 / 16.0, -8, 7.9375, Rounding::nearest_even};
    for (int build = 0; build < PROCESSORS; build++) {
        for (bool in_place : {false, true})  // larger than what is stored in the caches
            wrong += !same<float>(build, (1 << 20) + 259, fixed, {false, in_place, true, true, false}), all++;
        for (std::int64_t count : {0, 1, 255, 256, 1027}) wrong += !codes_are_right(build, count, fixed), all++;
        for (std::int64_t inner : {1, 3, 300}) wrong += !scaling_is_right(build, inner, 5, 3), all++;
    }
    std::printf("%d wrong of %d\n", wrong, all);
    return wrong != 0;
}
