#pragma once

#include <cstdint>

// Cartesian products of nonzero activations and nonzero weights into banks of accumulators, for each processor.
namespace adequate {

// Height and width.
struct Pair {
    std::int64_t rows, columns;
};

// One image and one group: activations (channels, size), weights (filters, channels, kernel). Each of the tiles' elements
// multiplies ``inputs`` activations by ``weights`` weights at a time, at most 255 products, of ``block`` filters.
struct Cartesian {
    const std::int32_t* activation;
    const std::int32_t* weight;
    std::int64_t channels, filters;
    Pair size, kernel, stride, dilation, output, tiles;
    std::int64_t inputs, weights, banks, block;
};

struct Multiplied {
    std::int64_t cycles, steps, products;
};

#define ADEQUATE_CARTESIAN(processor) \
    namespace processor {             \
    Multiplied multiplied(const Cartesian&); \
    }
// The slowest element's cycles, over channels and blocks of filters; of all elements the steps, and the products that
// have an output. A step takes as many cycles as its fullest bank has products, at least one.
ADEQUATE_CARTESIAN(portable)
ADEQUATE_CARTESIAN(avx2)
ADEQUATE_CARTESIAN(avx512)
#undef ADEQUATE_CARTESIAN

}  // namespace adequate
