// The lanes of a filter in one step are the bits of a word. How many candidates each lane has is counted in words, too,
// a word for each binary digit of the count.

#include "promotion.h"

#include <vector>

namespace adequate {
namespace ADEQUATE_PROCESSOR {
namespace {

using std::int16_t;
using std::int64_t;
using std::uint64_t;

constexpr int DIGITS = 4;

// Bit i of the result is bit i + by of the word, around its ``lanes`` bits; 0 <= by < lanes.
uint64_t turned(uint64_t word, int64_t by, int64_t lanes, uint64_t all) {
    return by ? (word >> by | word << (lanes - by)) & all : word;
}

// Fills the zeros of one filter at one step; ``rows`` are its steps, from this one to the last.
void fill(const Promotion& job, uint64_t* rows, int64_t filters, int64_t left, int16_t* source, uint64_t all) {
    const int64_t step = filters * job.lanes;
    uint64_t zeros = all & ~rows[0];
    if (!zeros) return;
    const auto beside = [&](int64_t lane, int64_t by) {
        return lane + by < 0 ? lane + by + job.lanes : lane + by < job.lanes ? lane + by : lane + by - job.lanes;
    };
    const auto take = [&](int64_t lane, const Offset& at) {
        const int64_t from = beside(lane, at.lanes);
        rows[0] |= uint64_t{1} << lane;
        rows[at.steps * filters] &= ~(uint64_t{1} << from);
        source[lane] = static_cast<int16_t>(at.steps * job.lanes + from);
        source[at.steps * step + from] = -1;
        return from;
    };
    if ((zeros & (zeros - 1)) == 0) {  // a single one takes its first candidate
        const int64_t lane = __builtin_ctzll(zeros);
        for (int64_t i = 0; i < job.count; i++) {
            const Offset at = job.offsets[i];
            if (at.steps < left && rows[at.steps * filters] >> beside(lane, at.lanes) & 1) {
                take(lane, at);
                return;
            }
        }
        return;
    }
    uint64_t digits[DIGITS] = {}, candidates[1 << DIGITS];
    for (int64_t i = 0; i < job.count; i++) {
        const Offset at = job.offsets[i];
        uint64_t carry = at.steps < left ? zeros & turned(rows[at.steps * filters], at.lanes, job.lanes, all) : 0;
        candidates[i] = carry;
        for (uint64_t& digit : digits) {
            const uint64_t both = digit & carry;
            digit ^= carry;
            carry = both;
        }
    }
    while (uint64_t most = digits[0] | digits[1] | digits[2] | digits[3]) {
        for (int i = DIGITS - 1; i >= 0; i--)
            if (most & digits[i]) most &= digits[i];
        const int64_t lane = __builtin_ctzll(most);
        int64_t i = 0;
        while (!(candidates[i] >> lane & 1)) i++;
        const Offset at = job.offsets[i];
        const int64_t from = take(lane, at);
        zeros = all & ~rows[0];
        for (uint64_t& digit : digits) digit &= zeros;
        for (i = 0; i < job.count; i++) {  // the lanes that have lost this candidate
            if (job.offsets[i].steps != at.steps) continue;
            uint64_t borrow = candidates[i] & zeros & uint64_t{1} << beside(from, -job.offsets[i].lanes);
            candidates[i] ^= borrow;
            for (uint64_t& digit : digits) {
                digit ^= borrow;
                borrow &= digit;
            }
        }
    }
}

}  // namespace

void promote(const Promotion& job) {
    const uint64_t all = job.lanes == 64 ? ~uint64_t{0} : (uint64_t{1} << job.lanes) - 1;
    std::vector<uint64_t> rows(job.steps * job.filters);
    for (int64_t set = 0; set < job.sets; set++) {
        const int64_t first = set * job.steps * job.filters * job.lanes;
        for (int64_t row = 0; row < job.steps * job.filters; row++) {
            rows[row] = 0;
            for (int64_t lane = 0; lane < job.lanes; lane++) {
                rows[row] |= uint64_t{job.nonzero[first + row * job.lanes + lane] != 0} << lane;
                job.source[first + row * job.lanes + lane] = static_cast<int16_t>(lane);
            }
        }
        int64_t skipped = 0;
        for (int64_t step = 0; step < job.steps; step++) {
            uint64_t* const own = rows.data() + step * job.filters;
            uint64_t any = 0;
            for (int64_t filter = 0; filter < job.filters; filter++) any |= own[filter];
            const bool skips = !any && skipped < job.ahead;
            job.emitted[set * job.steps + step] = !skips;
            skipped = skips ? skipped + 1 : 0;
            if (skips) continue;
            for (int64_t filter = 0; filter < job.filters; filter++)
                fill(job, own + filter, job.filters, job.steps - step,
                     job.source + first + (step * job.filters + filter) * job.lanes, all);
        }
    }
}

}  // namespace ADEQUATE_PROCESSOR
}  // namespace adequate
