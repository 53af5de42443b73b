// The accelerators' loops over odd sizes: to be compiled with sanitizers and run. Processors have to agree.

#include <algorithm>
#include <cstdio>
#include <memory>
#include <vector>

#include "cartesian.h"
#include "promotion.h"
#include "retirement.h"

using namespace adequate;

namespace {

std::uint32_t state = 1;

std::int64_t draw(std::int64_t below) {
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % below;
}

// Exactly so many elements, from the heap, so that a step beyond an end is seen.
template <typename T> std::unique_ptr<T[]> filled(std::int64_t count, std::int64_t below) {
    std::unique_ptr<T[]> made(new T[count]);
    for (std::int64_t i = 0; i < count; i++) made[i] = static_cast<T>(draw(below));
    return made;
}

template <typename Kernel> std::vector<std::int64_t> multiply(Kernel kernel, std::uint32_t seed) {
    state = seed;
    const std::int64_t channels = 1 + draw(3), filters = 1 + draw(9);
    const Pair kernel_size{1 + draw(3), 1 + draw(3)}, stride{1 + draw(2), 1 + draw(3)}, dilation{1 + draw(2), 1};
    const Pair reach{dilation.rows * (kernel_size.rows - 1), kernel_size.columns - 1};
    const Pair size{reach.rows + 1 + draw(6), reach.columns + 1 + draw(6)};
    const Pair output{(size.rows - reach.rows - 1) / stride.rows + 1,
                      (size.columns - reach.columns - 1) / stride.columns + 1};
    const auto activation = filled<std::int32_t>(channels * size.rows * size.columns, 3);
    const auto weight = filled<std::int32_t>(filters * channels * kernel_size.rows * kernel_size.columns, 3);
    const Multiplied found = kernel({activation.get(), weight.get(), channels, filters, size, kernel_size, stride,
                                     dilation, output, {1 + draw(4), 1 + draw(9)}, 1 + draw(5), 1 + draw(5),
                                     1 + draw(40), 1 + draw(9)});
    return {found.cycles, found.steps, found.products};
}

template <typename Promote, typename Retire>
std::vector<std::int64_t> schedule(Promote promote, Retire retire, std::uint32_t seed) {
    state = seed;
    const std::int64_t sets = 1 + draw(3), steps = 1 + draw(7), filters = 1 + draw(4);
    const std::int64_t lanes = draw(4) ? 1 + draw(17) : 64, places = sets * steps * filters * lanes;
    const auto nonzero = filled<std::uint8_t>(places, 2);
    std::vector<Offset> offsets;
    for (std::int64_t i = draw(8); i > 0; i--)
        offsets.push_back({static_cast<std::int32_t>(1 + draw(3)), static_cast<std::int32_t>(draw(lanes))});
    const std::unique_ptr<std::int16_t[]> source(new std::int16_t[places]);
    const std::unique_ptr<std::uint8_t[]> emitted(new std::uint8_t[sets * steps]);
    promote({nonzero.get(), sets, steps, filters, lanes, draw(3), offsets.data(),
             static_cast<std::int64_t>(offsets.size()), source.get(), emitted.get()});
    std::vector<std::int64_t> found(source.get(), source.get() + places);
    found.insert(found.end(), emitted.get(), emitted.get() + sets * steps);

    const std::int64_t windows = 16 * (1 + draw(3));
    const auto magnitudes = filled<std::uint16_t>(steps * lanes * windows, 65536);
    std::vector<std::int64_t> first(sets * steps);
    for (std::int64_t row = 0; row < sets * steps; row++) first[row] = row % steps;
    const std::unique_ptr<std::uint8_t[]> cycles(new std::uint8_t[sets * steps * windows]);
    retire({magnitudes.get(), windows, sets * steps, filters, lanes, first.data(), source.get(), 1 + draw(16),
            cycles.get()});
    found.insert(found.end(), cycles.get(), cycles.get() + sets * steps * windows);
    return found;
}

}  // namespace

int main() {
    int wrong = 0, done = 0;
    for (std::uint32_t seed = 1; seed <= 300; seed++) {
        const auto multiplied = multiply(portable::multiplied, seed);
        const auto scheduled = schedule(portable::promote, portable::retire, seed);
#ifdef ADEQUATE_X86
        wrong += multiply(avx2::multiplied, seed) != multiplied;
        wrong += schedule(avx2::promote, avx2::retire, seed) != scheduled;
        wrong += multiply(avx512::multiplied, seed) != multiplied;
        wrong += schedule(avx512::promote, avx512::retire, seed) != scheduled;
#endif
        done += 2;
    }
    std::printf("%d wrong of %d\n", wrong, done);
    return wrong != 0;
}
