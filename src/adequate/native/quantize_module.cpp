#include "quantize_module.h"

#include <nanobind/stl/pair.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "parallel.h"
#include "processor.h"
#include "quantize.h"

namespace nb = nanobind;

namespace adequate {
namespace {

constexpr std::int64_t LEAST = 1 << 18;  // elements a thread: fewer are done before another has started

// The whole tensor, in as many parts as there are threads; what was found in each.
template <class Act>
std::vector<Found> for_parts(int threads, Sweep whole, Act&& act) {
    const std::int64_t blocks = (whole.stop + BLOCK - 1) / BLOCK;
    const std::int64_t parts = std::max<std::int64_t>(1, std::min<std::int64_t>(threads, whole.stop / LEAST));
    std::vector<Found> found(parts);
    for_each_part(parts, parts, [&](std::int64_t i, std::int64_t) {
        Sweep sweep = whole;
        sweep.start = blocks * i / parts * BLOCK;
        sweep.stop = std::min(blocks * (i + 1) / parts * BLOCK, whole.stop);
        found[i] = act(sweep);
    });
    return found;
}

std::int64_t first_culprit(const std::vector<Found>& parts) {
    for (const Found& part : parts)
        if (part.culprit >= 0) return part.culprit;
    return -1;
}

// The first element that is not finite, or -1, and the largest magnitude written.
using Swept = std::pair<std::int64_t, double>;

template <class Format>
Swept in_parts(int processor, int threads, const Sweep& whole, const Format& format) {
    const std::vector<Found> parts = for_parts(
        threads, whole, [&](const Sweep& sweep) { return ADEQUATE_ON(processor, quantize(sweep, format)); });
    double largest = 0;
    for (const Found& part : parts) largest = std::max(largest, part.largest);
    return {first_culprit(parts), largest};
}

Sweep sweep_of(std::uintptr_t x, std::uintptr_t out, std::int64_t count, bool is_double, bool in_double,
               std::uint64_t key, std::uintptr_t addend, bool rectified) {
    const std::uint32_t low = static_cast<std::uint32_t>(key), high = static_cast<std::uint32_t>(key >> 32);
    return {reinterpret_cast<const void*>(x),
            reinterpret_cast<void*>(out),
            0,
            count,
            is_double,
            in_double || is_double,
            {low, high},
            reinterpret_cast<const void*>(addend),
            rectified};
}

Swept quantize_fixed(int processor, int threads, std::uintptr_t x, std::uintptr_t out, std::int64_t count,
                     bool is_double, bool in_double, std::uint64_t key, std::uintptr_t addend, bool rectified,
                     double step, double low, double high, int rounding) {
    return in_parts(processor, threads, sweep_of(x, out, count, is_double, in_double, key, addend, rectified),
                    FixedPoint{step, low, high, static_cast<Rounding>(rounding)});
}

std::int64_t encode_fixed(int processor, int threads, std::uintptr_t x, std::uintptr_t out, std::int64_t count,
                          double step, double low, double high, int rounding) {
    const FixedPoint format{step, low, high, static_cast<Rounding>(rounding)};
    return first_culprit(for_parts(threads, sweep_of(x, out, count, false, false, 0, 0, false), [&](const Sweep& sweep) {
        return Found{ADEQUATE_ON(processor, encode(sweep, format)), 0};
    }));
}

void scale_sums(int processor, int threads, std::uintptr_t sums, std::uintptr_t out, std::int64_t count, float unit,
                std::uintptr_t bias, std::int64_t channels, std::int64_t inner) {
    const Scaling by{unit, reinterpret_cast<const float*>(bias), channels, inner};
    for_parts(threads, sweep_of(sums, out, count, false, false, 0, 0, false), [&](const Sweep& sweep) {
        ADEQUATE_ON(processor, scale(sweep, by));
        return Found{-1, 0};
    });
}

Swept quantize_minifloat(int processor, int threads, std::uintptr_t x, std::uintptr_t out, std::int64_t count,
                         bool is_double, bool in_double, std::uint64_t key, std::uintptr_t addend, bool rectified,
                         double smallest, double low_step, double ulp, double highest, bool flush, int settled,
                         int rounding) {
    return in_parts(processor, threads, sweep_of(x, out, count, is_double, in_double, key, addend, rectified),
                    Floating{smallest, low_step, ulp, highest, flush, settled, static_cast<Rounding>(rounding)});
}

Swept quantize_power_of_two(int processor, int threads, std::uintptr_t x, std::uintptr_t out, std::int64_t count,
                            bool is_double, bool in_double, std::uint64_t key, std::uintptr_t addend, bool rectified,
                            double smallest, double highest, bool zero, bool nearest_value, int settled,
                            bool stochastic) {
    return in_parts(processor, threads, sweep_of(x, out, count, is_double, in_double, key, addend, rectified),
                    Powers{smallest, highest, zero, nearest_value, settled, stochastic});
}

}  // namespace

void define_quantizers(nb::module_& module) {
    const auto unlocked = nb::call_guard<nb::gil_scoped_release>();
    module.def("quantize_fixed", &quantize_fixed, unlocked);
    module.def("encode_fixed", &encode_fixed, unlocked);
    module.def("quantize_minifloat", &quantize_minifloat, unlocked);
    module.def("quantize_power_of_two", &quantize_power_of_two, unlocked);
    module.def("scale_sums", &scale_sums, unlocked);
}

}  // namespace adequate
