// A vector holds one lane's magnitudes in several windows: the terms of all lanes are joined without moving any.

#include "retirement.h"

#include <algorithm>
#include <vector>

namespace adequate {
namespace ADEQUATE_PROCESSOR {
namespace {

using std::int16_t;
using std::int64_t;
using std::uint16_t;

constexpr int WINDOWS = 16;

// The cycles of 16 windows; ``pending`` (lanes, 16) is used up.
void count(uint16_t* pending, int64_t lanes, int64_t reach, uint16_t* cycles) {
    const int far = static_cast<int>(std::min<int64_t>(reach, 16));
    std::fill(cycles, cycles + WINDOWS, uint16_t{0});
    uint16_t joined[WINDOWS] = {};
    for (int64_t lane = 0; lane < lanes; lane++)
        for (int i = 0; i < WINDOWS; i++) joined[i] |= pending[lane * WINDOWS + i];
    for (;;) {
        uint16_t some = 0, covered[WINDOWS];
        for (int i = 0; i < WINDOWS; i++) {
            some |= joined[i];
            const uint16_t lowest = joined[i] & -joined[i];
            covered[i] = static_cast<uint16_t>((static_cast<unsigned>(lowest) << far) - lowest);
            cycles[i] += joined[i] != 0;
            joined[i] = 0;
        }
        if (!some) return;
        for (int64_t lane = 0; lane < lanes; lane++)
            for (int i = 0; i < WINDOWS; i++) {
                const uint16_t one = pending[lane * WINDOWS + i];
                const uint16_t left = one ^ (one & -one & covered[i]);
                pending[lane * WINDOWS + i] = left;
                joined[i] |= left;
            }
    }
}

}  // namespace

void retire(const Retirement& job) {
    std::vector<uint16_t> pending(job.lanes * WINDOWS);
    std::vector<int64_t> different;
    for (int64_t row = 0; row < job.rows; row++) {
        const int16_t* const source = job.source + row * job.filters * job.lanes;
        different.clear();  // filters that take the same places take as long
        for (int64_t filter = 0; filter < job.filters; filter++) {
            const auto same = [&](int64_t other) {
                return std::equal(source + filter * job.lanes, source + (filter + 1) * job.lanes,
                                  source + other * job.lanes);
            };
            if (std::none_of(different.begin(), different.end(), same)) different.push_back(filter);
        }
        for (int64_t window = 0; window < job.windows; window += WINDOWS) {
            uint16_t slowest[WINDOWS] = {}, cycles[WINDOWS];
            for (const int64_t filter : different) {
                for (int64_t lane = 0; lane < job.lanes; lane++) {
                    const int64_t from = source[filter * job.lanes + lane];
                    uint16_t* const own = pending.data() + lane * WINDOWS;
                    if (from < 0)
                        std::fill(own, own + WINDOWS, uint16_t{0});
                    else
                        std::copy_n(job.magnitudes + (job.steps[row] * job.lanes + from) * job.windows + window, WINDOWS,
                                    own);
                }
                count(pending.data(), job.lanes, job.reach, cycles);
                for (int i = 0; i < WINDOWS; i++) slowest[i] = std::max(slowest[i], cycles[i]);
            }
            for (int i = 0; i < WINDOWS; i++)
                job.cycles[row * job.windows + window + i] = static_cast<std::uint8_t>(slowest[i]);
        }
    }
}

}  // namespace ADEQUATE_PROCESSOR
}  // namespace adequate
