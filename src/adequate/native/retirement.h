#pragma once

#include <cstdint>

// How long lanes that share a shifter take over their terms, for each processor.
namespace adequate {

// Magnitudes (steps * lanes, windows), windows 1 or a multiple of 16. Of each row, a step and the places that its filters'
// lanes take their magnitudes from (filters, lanes): steps later * lanes + the lane, -1 for none.
struct Retirement {
    const std::uint16_t* magnitudes;
    std::int64_t windows, rows, filters, lanes;
    const std::int64_t* steps;     // (rows)
    const std::int16_t* source;    // (rows, filters, lanes)
    std::int64_t reach;            // powers of two that one shift covers
    std::uint8_t* cycles;          // (rows, windows): those of the slowest filter
};

#define ADEQUATE_RETIREMENT(processor) \
    namespace processor {              \
    void retire(const Retirement&);    \
    }
// Every cycle the lanes retire their lowest term where it is less than ``reach`` above the lowest of all of them.
ADEQUATE_RETIREMENT(portable)
ADEQUATE_RETIREMENT(avx2)
ADEQUATE_RETIREMENT(avx512)
#undef ADEQUATE_RETIREMENT

}  // namespace adequate
