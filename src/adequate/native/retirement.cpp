// A vector holds one lane's magnitudes in several windows: the terms of all lanes are joined without moving any.

#include "retirement.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace adequate {
namespace ADEQUATE_PROCESSOR {
namespace {

using std::int16_t;
using std::int64_t;
using std::uint16_t;

constexpr int WINDOWS = 16;
constexpr int BITS = 16;

typedef uint16_t Vector __attribute__((vector_size(2 * WINDOWS)));

bool any(const Vector& x) {
    std::uint64_t words[sizeof(Vector) / 8], some = 0;
    std::memcpy(words, &x, sizeof x);
    for (const std::uint64_t word : words) some |= word;
    return some != 0;
}

// The cycles of lanes that wait for one another; ``pending`` is used up.
Vector share(Vector* pending, int64_t lanes, int reach) {
    Vector cycles{}, joined{};
    for (int64_t lane = 0; lane < lanes; lane++) joined |= pending[lane];
    while (any(joined)) {
        const Vector lowest = joined & -joined, covered = (lowest << reach) - lowest;
        cycles -= reinterpret_cast<Vector>(joined != 0);
        joined = Vector{};
        for (int64_t lane = 0; lane < lanes; lane++) {
            const Vector one = pending[lane];
            joined |= pending[lane] = one ^ (one & -one & covered);
        }
    }
    return cycles;
}

// The cycles where no lane waits: the most terms.
Vector count(const Vector* pending, int64_t lanes) {
    Vector most{};
    for (int64_t lane = 0; lane < lanes; lane++) {
        Vector one = pending[lane];
        one -= one >> 1 & 0x5555;
        one = (one & 0x3333) + (one >> 2 & 0x3333);
        one = (one + (one >> 4)) & 0x0F0F;
        one = (one + (one >> 8)) & 0x1F;
        most = one > most ? one : most;
    }
    return most;
}

// The magnitudes that a filter's lanes take, those that are zero in all windows left out; how many lanes are left.
int64_t take(const Retirement& job, const int16_t* source, int64_t step, int64_t window, Vector* pending) {
    int64_t taken = 0;
    for (int64_t lane = 0; lane < job.lanes; lane++) {
        if (source[lane] < 0) continue;
        std::memcpy(pending + taken, job.magnitudes + (step * job.lanes + source[lane]) * job.windows + window,
                    sizeof(Vector));
        taken += any(pending[taken]);
    }
    return taken;
}

Vector cycles_of(const Retirement& job, Vector* pending, int64_t lanes) {
    return job.reach < BITS ? share(pending, lanes, static_cast<int>(job.reach)) : count(pending, lanes);
}

// Of a single window: a vector holds what one lane takes in several filters.
void retire_one(const Retirement& job) {
    std::vector<Vector> pending(job.lanes);
    for (int64_t row = 0; row < job.rows; row++) {
        const uint16_t* const own = job.magnitudes + job.steps[row] * job.lanes;
        std::uint16_t slowest = 0;
        for (int64_t first = 0; first < job.filters; first += WINDOWS) {
            const int64_t filters = std::min<int64_t>(WINDOWS, job.filters - first);
            const int16_t* source = job.source + (row * job.filters + first) * job.lanes;
            std::fill(pending.begin(), pending.end(), Vector{});
            for (int64_t filter = 0; filter < filters; filter++)
                for (int64_t lane = 0; lane < job.lanes; lane++, source++)
                    if (*source >= 0) pending[lane][filter] = own[*source];
            const Vector cycles = cycles_of(job, pending.data(), job.lanes);
            for (int i = 0; i < WINDOWS; i++) slowest = std::max<std::uint16_t>(slowest, cycles[i]);
        }
        job.cycles[row] = static_cast<std::uint8_t>(slowest);
    }
}

}  // namespace

void retire(const Retirement& job) {
    if (job.windows == 1) return retire_one(job);
    std::vector<Vector> pending(job.lanes + 1);
    std::vector<int64_t> different;
    for (int64_t row = 0; row < job.rows; row++) {
        const int16_t* const source = job.source + row * job.filters * job.lanes;
        different.clear();  // filters that take the same places take as long: worth a look where windows are many
        for (int64_t filter = 0; filter < job.filters; filter++) {
            const auto same = [&](int64_t other) {
                return !std::memcmp(source + filter * job.lanes, source + other * job.lanes, job.lanes * sizeof *source);
            };
            if (job.windows == WINDOWS || std::none_of(different.begin(), different.end(), same))
                different.push_back(filter);
        }
        for (int64_t window = 0; window < job.windows; window += WINDOWS) {
            Vector slowest{};
            for (const int64_t filter : different) {
                const int64_t lanes = take(job, source + filter * job.lanes, job.steps[row], window, pending.data());
                const Vector cycles = cycles_of(job, pending.data(), lanes);
                slowest = cycles > slowest ? cycles : slowest;
            }
            for (int i = 0; i < WINDOWS; i++)
                job.cycles[row * job.windows + window + i] = static_cast<std::uint8_t>(slowest[i]);
        }
    }
}

}  // namespace ADEQUATE_PROCESSOR
}  // namespace adequate
