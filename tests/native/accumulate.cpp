// The accumulator's kernel over odd sizes, against a scalar loop: to be compiled with sanitizers and run.

#include "accumulate.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

using namespace adequate;

namespace {

std::uint32_t state = 1;

double draw() {  // a number of few digits, sometimes 0
    state = state * 1664525u + 1013904223u;
    return (static_cast<int>(state >> 24) - 128) / 64.0;
}

template <typename Lane> Lane rounded(const LaneRounding& by, Lane t) {
    if (by.kind == LaneRounding::fixed) t = (t + static_cast<Lane>(by.offset)) - static_cast<Lane>(by.offset);
    if (by.kind == LaneRounding::binade) {
        Lane power = t == 0 ? 0 : std::ldexp(Lane(1), std::ilogb(t));
        if (power < by.smallest) power = static_cast<Lane>(by.smallest);
        t = (power * static_cast<Lane>(by.factor) + t) - power * static_cast<Lane>(by.factor);
    }
    if (by.bounded) t = std::fmin(std::fmax(t, static_cast<Lane>(by.low)), static_cast<Lane>(by.high));
    return t;
}

template <typename Lane, typename Row>
bool same(std::int64_t batches, std::int64_t count, std::int64_t terms, std::int64_t vectors, std::int64_t block,
          const LaneRounding& product, const LaneRounding& sum, Processor here, int threads) {
    const bool wide = sizeof(Lane) == 8, widens = sizeof(Row) < sizeof(Lane);
    const std::int64_t width = vectors * lanes(here, wide);
    // exactly so many bytes each, from the heap, so that a step beyond an end is seen
    std::unique_ptr<Row[]> rows(new Row[2 * count * terms]);
    std::unique_ptr<Lane[]> columns(new Lane[3 * terms * width]);
    std::unique_ptr<Lane[]> out(new Lane[batches * count * width]);
    for (std::int64_t i = 0; i < 2 * count * terms; i++) rows[i] = static_cast<Row>(draw());
    for (std::int64_t i = 0; i < 3 * terms * width; i++) columns[i] = static_cast<Lane>(draw());
    std::vector<std::int64_t> row_of, column_of;
    for (std::int64_t b = 0; b < batches; b++) row_of.push_back(b % 2), column_of.push_back(b % 3);
    accumulate({wide, widens, rows.get(), columns.get(), row_of.data(), column_of.data(), batches, count, terms, width,
                block, product, sum, out.get()},
               here, threads);
    for (std::int64_t b = 0; b < batches; b++)
        for (std::int64_t i = 0; i < count; i++)
            for (std::int64_t j = 0; j < width; j++) {
                Lane total = 0, c = 0;
                for (std::int64_t k = 0; k < terms; k++) {
                    if (k % block == 0) c = 0;
                    const Lane a = rows[(row_of[b] * count + i) * terms + k];
                    c = rounded(sum, c + rounded<Lane>(product, a * columns[(column_of[b] * terms + k) * width + j]));
                    if (block >= terms)
                        total = c;
                    else if (k + 1 == terms || (k + 1) % block == 0)
                        total = rounded(sum, total + c);
                }
                if (!(total == out[(b * count + i) * width + j])) return false;
            }
    const Extent found = extent(columns.get(), 3 * terms * width, wide, here);
    double peak = 0;
    for (std::int64_t i = 0; i < 3 * terms * width; i++) peak = std::fmax(peak, std::fabs(columns[i]));
    return found.peak == peak && (std::isinf(found.step) || found.step >= 1 / 64.0) && found.digits <= 8;
}

}  // namespace

int main() {
    const double inf = INFINITY;
    const LaneRounding none{LaneRounding::none, 0, 0, 0, false, false, -inf, inf};
    const LaneRounding roundings[] = {
        none,
        {LaneRounding::none, 0, 0, 0, false, true, -4, 3.75},
        {LaneRounding::fixed, 1.5 * (1 << 21), 0, 0, false, true, -8, 7.75},
        {LaneRounding::fixed, 1.5 * (1 << 21), 0, 0, false, false, -inf, inf},
        {LaneRounding::binade, 0, 1.5 * (1 << 19), 0, false, false, -inf, inf},
        {LaneRounding::binade, 0, 1.5 * (1 << 19), 0, true, false, -inf, inf},
        {LaneRounding::binade, 0, 1.5 * (1 << 19), 0, false, true, -6, 6},
        {LaneRounding::binade, 0, 1.5 * (1 << 19), 0.25, false, false, -inf, inf},
        {LaneRounding::binade, 0, 1.5 * (1 << 19), 0.25, false, true, -6, 6},
    };
    const std::int64_t sizes[][4] = {{0, 1, 1, 1}, {1, 0, 1, 1}, {1, 1, 0, 1},  {1, 1, 1, 0},   {1, 1, 1, 1},
                                     {2, 3, 7, 3}, {5, 4, 9, 1}, {1, 131, 5, 2}, {1, 1, 33, 75}, {3, 70, 3, 9}};
    int runs = 0, wrong = 0;
    for (const auto& size : sizes)
        for (const LaneRounding& sum : roundings)
            for (const LaneRounding& product : {none, roundings[2], roundings[8]})
                for (std::int64_t block : {1, 4, 1000})
                    for (int threads : {1, 3}) {
                        const auto here = static_cast<Processor>(runs++ % PROCESSORS);
                        const auto [b, m, k, n] = size;
                        wrong += !same<float, float>(b, m, k, n, block, product, sum, here, threads);
                        wrong += !same<double, double>(b, m, k, n, block, product, sum, here, threads);
                        wrong += !same<double, float>(b, m, k, n, block, product, sum, here, threads);
                    }
    std::printf("%d wrong of %d\n", wrong, runs);
    return wrong != 0;
}
