// Outputs are y = (a - r) / stride for activations and taps of the same remainder by the stride, so that the quotients
// are subtracted and nothing is divided in the loops. Steps of which no product has an output are counted, not looked
// at: of a kernel as large as the activations those are almost all.

#include "cartesian.h"

#include <algorithm>
#include <vector>

namespace adequate {
namespace ADEQUATE_PROCESSOR {
namespace {

using std::int32_t;
using std::int64_t;

// Quotients by the stride.
struct Place {
    int32_t row, column;
};

// What a filter adds to the bank, and where its tap is.
struct Weight {
    Place at;
    int32_t filter;
};

// The weights of a tap are those from ``first`` to ``last`` in their list.
struct Tap {
    Place at;
    int64_t first, last;
};

// Of one remainder by the stride.
struct Weights {
    std::vector<Weight> all;
    std::vector<Tap> taps;
};

int64_t phase_of(const Pair& at, const Pair& stride) {
    return at.rows % stride.rows * stride.columns + at.columns % stride.columns;
}

Place place_of(const Pair& at, const Pair& stride) {
    return {static_cast<int32_t>(at.rows / stride.rows), static_cast<int32_t>(at.columns / stride.columns)};
}

void take_activations(const Cartesian& job, int64_t channel, const Pair& tile, std::vector<std::vector<Place>>& found) {
    for (auto& one : found) one.clear();
    const int64_t down = (job.size.rows + job.tiles.rows - 1) / job.tiles.rows;
    const int64_t across = (job.size.columns + job.tiles.columns - 1) / job.tiles.columns;
    const int64_t bottom = std::min((tile.rows + 1) * down, job.size.rows);
    const int64_t right = std::min((tile.columns + 1) * across, job.size.columns);
    const int32_t* image = job.activation + channel * job.size.rows * job.size.columns;
    for (int64_t y = tile.rows * down; y < bottom; y++)
        for (int64_t x = tile.columns * across; x < right; x++)
            if (image[y * job.size.columns + x])
                found[phase_of({y, x}, job.stride)].push_back(place_of({y, x}, job.stride));
}

// Where every tap is, and which remainder it has.
struct Layout {
    std::vector<Place> places;
    std::vector<int64_t> phases;
};

Layout layout_of(const Cartesian& job) {
    Layout found;
    for (int64_t r = 0; r < job.kernel.rows; r++)
        for (int64_t q = 0; q < job.kernel.columns; q++) {
            const Pair at{r * job.dilation.rows, q * job.dilation.columns};
            found.places.push_back(place_of(at, job.stride));
            found.phases.push_back(phase_of(at, job.stride));
        }
    return found;
}

// Tap by tap, though filter by filter is how they lie in memory.
void take_weights(const Cartesian& job, const Layout& layout, int64_t channel, int64_t first,
                  std::vector<Weights>& found) {
    const int64_t taps = job.kernel.rows * job.kernel.columns, last = std::min(first + job.block, job.filters);
    const auto weights = [&](int64_t k) { return job.weight + (k * job.channels + channel) * taps; };
    std::vector<int64_t> next(taps);
    for (int64_t k = first; k < last; k++)
        for (int64_t tap = 0; tap < taps; tap++) next[tap] += weights(k)[tap] != 0;
    for (auto& one : found) one.taps.clear();
    for (int64_t tap = 0; tap < taps; tap++) {
        auto& own = found[layout.phases[tap]].taps;
        const int64_t before = own.empty() ? 0 : own.back().last;
        own.push_back({layout.places[tap], before, before + next[tap]});
        next[tap] = before;
    }
    for (auto& one : found) one.all.resize(one.taps.empty() ? 0 : one.taps.back().last);
    for (int64_t k = first; k < last; k++)
        for (int64_t tap = 0; tap < taps; tap++)
            if (weights(k)[tap])
                found[layout.phases[tap]].all[next[tap]++] = {layout.places[tap],
                                                              static_cast<int32_t>((k & 4) << 2 | (k & 3))};
}

// Whether the product of an activation and a tap has an output.
bool meets(const Cartesian& job, const Place& a, const Place& tap) {
    const int64_t row = a.row - tap.row, column = a.column - tap.column;
    return row >= 0 && row < job.output.rows && column >= 0 && column < job.output.columns;
}

// The most products of a step in one bank, at least one.
int64_t fullest(const Cartesian& job, const Place* a, int64_t inputs, const Weight* w, int64_t weights,
                std::vector<int32_t>& hits, int64_t& products) {
    const bool folds = job.banks < 32;  // a bank's number has five bits
    std::fill(hits.begin(), hits.end(), 0);
    int32_t most = 1;
    for (int64_t i = 0; i < inputs; i++)
        for (int64_t f = 0; f < weights; f++) {
            if (!meets(job, a[i], w[f].at)) continue;
            const int32_t row = a[i].row - w[f].at.row, column = a[i].column - w[f].at.column;
            int32_t bank = (row & 2) << 3 ^ (column & 2) << 3 ^ (row & 1) << 3 ^ (column & 1) << 2 ^ w[f].filter;
            if (folds) bank %= static_cast<int32_t>(job.banks);
            most = std::max(most, ++hits[bank]);
            products++;
        }
    return most;
}

void multiply(const Cartesian& job, const std::vector<Place>& a, const Weights& w, std::vector<int32_t>& hits,
              Multiplied& spent) {
    const int64_t count = static_cast<int64_t>(a.size()), weights = static_cast<int64_t>(w.all.size());
    for (int64_t i = 0; i < count; i += job.inputs) {
        const Place* const own = a.data() + i;
        const int64_t inputs = std::min(job.inputs, count - i), steps = (weights + job.weights - 1) / job.weights;
        spent.steps += steps;
        spent.cycles += steps;
        int64_t next = 0;
        for (const Tap& tap : w.taps) {
            if (std::none_of(own, own + inputs, [&](const Place& one) { return meets(job, one, tap.at); })) continue;
            for (next = std::max(next, tap.first / job.weights); next * job.weights < tap.last; next++) {
                const int64_t f = next * job.weights;
                spent.cycles += fullest(job, own, inputs, w.all.data() + f, std::min(job.weights, weights - f), hits,
                                        spent.products) - 1;
            }
        }
    }
}

}  // namespace

Multiplied multiplied(const Cartesian& job) {
    const int64_t phases = job.stride.rows * job.stride.columns, tiles = job.tiles.rows * job.tiles.columns;
    std::vector<std::vector<std::vector<Place>>> activations(tiles, std::vector<std::vector<Place>>(phases));
    std::vector<Weights> weights(phases);
    const Layout layout = layout_of(job);
    std::vector<int32_t> hits(std::max<int64_t>(job.banks, 32));
    Multiplied whole{0, 0, 0};
    for (int64_t channel = 0; channel < job.channels; channel++) {
        for (int64_t at = 0; at < tiles; at++)
            take_activations(job, channel, {at / job.tiles.columns, at % job.tiles.columns}, activations[at]);
        for (int64_t first = 0; first < job.filters; first += job.block) {
            take_weights(job, layout, channel, first, weights);
            int64_t slowest = 0;
            for (const auto& own : activations) {
                Multiplied spent{0, 0, 0};
                for (int64_t phase = 0; phase < phases; phase++)
                    multiply(job, own[phase], weights[phase], hits, spent);
                slowest = std::max(slowest, spent.cycles);
                whole.steps += spent.steps;
                whole.products += spent.products;
            }
            whole.cycles += slowest;
        }
    }
    return whole;
}

}  // namespace ADEQUATE_PROCESSOR
}  // namespace adequate
