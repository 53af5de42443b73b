// Outputs are y = (a - r) / stride for activations and taps of the same remainder by the stride, so that the quotients
// are subtracted and nothing is divided in the loops. Steps of which no product has an output are counted, not looked
// at: of a kernel as large as the activations those are almost all.

#include "cartesian.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace adequate {
namespace ADEQUATE_PROCESSOR {
namespace {

using std::int32_t;
using std::int64_t;
using std::uint8_t;

constexpr int BANKS = 32;  // a bank's number has five bits

// How many products of a step each bank has; as a vector, eight words of four banks.
struct Hits {
    uint8_t of_bank[BANKS];
};
typedef std::uint32_t Words __attribute__((vector_size(BANKS)));

typedef uint8_t Bytes __attribute__((vector_size(BANKS)));

Words turned(const Words& hits, std::uint32_t by) {
    const Words own = {0, 1, 2, 3, 4, 5, 6, 7};
    return __builtin_shuffle(hits, own ^ by);
}

// An output changes bits 2 to 4 of a bank's number: its words move.
Words moved(const Hits& hits, std::uint32_t by) {
    Words found;
    std::memcpy(&found, &hits, BANKS);
    return turned(found, by);
}

// The most products in a bank.
int64_t fullest(Words hits, int64_t banks) {
    uint8_t each[BANKS];
    if (banks < BANKS) {
        std::memcpy(each, &hits, BANKS);
        for (int64_t bank = banks; bank < BANKS; bank++) each[bank % banks] += each[bank];
        return *std::max_element(each, each + banks);
    }
    for (const std::uint32_t by : {4, 2, 1}) {
        const Bytes a = reinterpret_cast<Bytes>(hits), b = reinterpret_cast<Bytes>(turned(hits, by));
        hits = reinterpret_cast<Words>(a > b ? a : b);
    }
    std::memcpy(each, &hits, BANKS);
    return std::max({each[0], each[1], each[2], each[3]});
}

// Quotients by the stride.
struct Place {
    int32_t row, column;
};

// The weights of a tap: their filters' hits in each step, from ``step`` on.
struct Tap {
    Place at;
    int64_t count, step, first, last;
};

// Of one remainder by the stride; taps without weights are left out.
struct Weights {
    int64_t count;
    std::vector<Hits> hits;
    std::vector<Tap> taps;
};

// Where a tap's next weight is counted, and for how many more.
struct Cursor {
    int64_t first;
    Hits* hits;
    int64_t room;
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
    std::vector<int64_t> counts(taps);
    for (int64_t k = first; k < last; k++)
        for (int64_t tap = 0; tap < taps; tap++) counts[tap] += weights(k)[tap] != 0;
    for (auto& one : found) {
        one.count = 0;
        one.hits.clear();
        one.taps.clear();
    }
    std::vector<Cursor> next(taps);
    for (int64_t tap = 0; tap < taps; tap++) {
        Weights& own = found[layout.phases[tap]];
        const int64_t before = static_cast<int64_t>(own.hits.size()), step = own.count / job.weights;
        next[tap] = {before, nullptr, job.weights - own.count % job.weights};
        if (!counts[tap]) continue;
        own.count += counts[tap];
        const int64_t after = before + (own.count - 1) / job.weights - step + 1;
        own.hits.resize(after);
        own.taps.push_back({layout.places[tap], counts[tap], step, before, after});
    }
    for (int64_t tap = 0; tap < taps; tap++) next[tap].hits = found[layout.phases[tap]].hits.data() + next[tap].first;
    for (int64_t k = first; k < last; k++) {
        const int32_t* const weight = weights(k);
        for (int64_t tap = 0; tap < taps; tap++) {
            if (!weight[tap]) continue;
            Cursor& own = next[tap];
            own.hits->of_bank[(k & 4) << 2 | (k & 3)]++;
            if (--own.room) continue;
            own.hits++;
            own.room = job.weights;
        }
    }
}

// By how much the outputs move the hits, of the activations that have one with the tap; how many those are.
int64_t meet(const Cartesian& job, const Place* a, int64_t inputs, const Place& tap, std::uint32_t* found) {
    int64_t count = 0;
    for (int64_t i = 0; i < inputs; i++) {
        const int32_t row = a[i].row - tap.row, column = a[i].column - tap.column;
        found[count] = ((row & 2) ^ (column & 2)) << 1 ^ (row & 1) << 1 ^ (column & 1);
        count += row >= 0 && row < job.output.rows && column >= 0 && column < job.output.columns;
    }
    return count;
}

void multiply(const Cartesian& job, const std::vector<Place>& a, const Weights& w, std::vector<std::uint32_t>& by,
              Multiplied& spent) {
    const int64_t count = static_cast<int64_t>(a.size()), steps = (w.count + job.weights - 1) / job.weights;
    for (int64_t i = 0; i < count; i += job.inputs) {
        spent.steps += steps;
        spent.cycles += steps;
        int64_t at = 0;
        Words hits{};
        const auto finish = [&] { spent.cycles += std::max<int64_t>(1, fullest(hits, job.banks)) - 1; };
        for (const Tap& tap : w.taps) {
            const int64_t outputs = meet(job, a.data() + i, std::min(job.inputs, count - i), tap.at, by.data());
            if (!outputs) continue;
            for (int64_t own = tap.first; own < tap.last; own++) {
                if (tap.step + own - tap.first != at) {
                    finish();
                    hits = Words{};
                    at = tap.step + own - tap.first;
                }
                for (int64_t one = 0; one < outputs; one++) hits += moved(w.hits[own], by[one]);
            }
            spent.products += outputs * tap.count;
        }
        finish();
    }
}

}  // namespace

Multiplied multiplied(const Cartesian& job) {
    const int64_t phases = job.stride.rows * job.stride.columns, tiles = job.tiles.rows * job.tiles.columns;
    std::vector<std::vector<std::vector<Place>>> activations(tiles, std::vector<std::vector<Place>>(phases));
    std::vector<Weights> weights(phases);
    const Layout layout = layout_of(job);
    std::vector<std::uint32_t> by(job.inputs);
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
                    multiply(job, own[phase], weights[phase], by, spent);
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
