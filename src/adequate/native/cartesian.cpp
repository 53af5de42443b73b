// Outputs are y = (a - r) / stride for activations and taps of the same remainder by the stride, so that the quotients
// are subtracted and nothing is divided in the loops.

#include "cartesian.h"

#include <algorithm>
#include <vector>

namespace adequate {
namespace ADEQUATE_PROCESSOR {
namespace {

using std::int32_t;
using std::int64_t;

// Quotients by the stride, and what a filter adds to the bank.
struct Place {
    int32_t row, column, filter;
};

using Phases = std::vector<std::vector<Place>>;  // by remainder

int64_t phase_of(const Pair& at, const Pair& stride) {
    return at.rows % stride.rows * stride.columns + at.columns % stride.columns;
}

Place place_of(const Pair& at, const Pair& stride, int64_t filter) {
    return {static_cast<int32_t>(at.rows / stride.rows), static_cast<int32_t>(at.columns / stride.columns),
            static_cast<int32_t>((filter & 4) << 2 | (filter & 3))};
}

void take_activations(const Cartesian& job, int64_t channel, const Pair& tile, Phases& found) {
    for (auto& one : found) one.clear();
    const int64_t down = (job.size.rows + job.tiles.rows - 1) / job.tiles.rows;
    const int64_t across = (job.size.columns + job.tiles.columns - 1) / job.tiles.columns;
    const int64_t bottom = std::min((tile.rows + 1) * down, job.size.rows);
    const int64_t right = std::min((tile.columns + 1) * across, job.size.columns);
    const int32_t* image = job.activation + channel * job.size.rows * job.size.columns;
    for (int64_t y = tile.rows * down; y < bottom; y++)
        for (int64_t x = tile.columns * across; x < right; x++)
            if (image[y * job.size.columns + x])
                found[phase_of({y, x}, job.stride)].push_back(place_of({y, x}, job.stride, 0));
}

void take_weights(const Cartesian& job, int64_t channel, int64_t first, Phases& found) {
    for (auto& one : found) one.clear();
    const int64_t taps = job.kernel.rows * job.kernel.columns, last = std::min(first + job.block, job.filters);
    for (int64_t r = 0; r < job.kernel.rows; r++)
        for (int64_t q = 0; q < job.kernel.columns; q++)
            for (int64_t k = first; k < last; k++)
                if (job.weight[(k * job.channels + channel) * taps + r * job.kernel.columns + q]) {
                    const Pair at{r * job.dilation.rows, q * job.dilation.columns};
                    found[phase_of(at, job.stride)].push_back(place_of(at, job.stride, k));
                }
}

void multiply(const Cartesian& job, const std::vector<Place>& a, const std::vector<Place>& w, std::vector<int32_t>& hits,
              Multiplied& spent) {
    const int64_t rows = job.output.rows, columns = job.output.columns;
    const bool folds = job.banks < 32;  // a bank's number has five bits
    for (std::size_t i = 0; i < a.size(); i += job.inputs)
        for (std::size_t f = 0; f < w.size(); f += job.weights) {
            std::fill(hits.begin(), hits.end(), 0);
            int32_t fullest = 1;
            const std::size_t i_end = std::min<std::size_t>(i + job.inputs, a.size());
            const std::size_t f_end = std::min<std::size_t>(f + job.weights, w.size());
            for (std::size_t ii = i; ii < i_end; ii++)
                for (std::size_t ff = f; ff < f_end; ff++) {
                    const int32_t row = a[ii].row - w[ff].row, column = a[ii].column - w[ff].column;
                    if (row < 0 || row >= rows || column < 0 || column >= columns) continue;
                    int32_t bank = (row & 2) << 3 ^ (column & 2) << 3 ^ (row & 1) << 3 ^ (column & 1) << 2 ^ w[ff].filter;
                    if (folds) bank %= static_cast<int32_t>(job.banks);
                    fullest = std::max(fullest, ++hits[bank]);
                    spent.products++;
                }
            spent.cycles += fullest;
            spent.steps++;
        }
}

}  // namespace

Multiplied multiplied(const Cartesian& job) {
    const int64_t phases = job.stride.rows * job.stride.columns, tiles = job.tiles.rows * job.tiles.columns;
    std::vector<Phases> activations(tiles, Phases(phases));
    Phases weights(phases);
    std::vector<int32_t> hits(std::max<int64_t>(job.banks, 32));
    Multiplied whole{0, 0, 0};
    for (int64_t channel = 0; channel < job.channels; channel++) {
        for (int64_t at = 0; at < tiles; at++)
            take_activations(job, channel, {at / job.tiles.columns, at % job.tiles.columns}, activations[at]);
        for (int64_t first = 0; first < job.filters; first += job.block) {
            take_weights(job, channel, first, weights);
            int64_t slowest = 0;
            for (const Phases& own : activations) {
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
