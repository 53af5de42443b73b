#pragma once

#include <cstdint>

// Weights of later steps in the place of zeros, for each processor.
namespace adequate {

// A lane may take the weight that is ``steps`` later and ``lanes`` to the right, around the end.
struct Offset {
    std::int32_t steps, lanes;
};

// ``nonzero`` (sets, steps, filters, lanes) of at most 64 lanes. Sets are scheduled one by one, their filters together:
// up to ``ahead`` steps in a row that are zero in all filters are skipped, the others fill their zeros from the
// ``offsets``, at most 15: the zero with the most candidates first, from its first candidate.
struct Promotion {
    const std::uint8_t* nonzero;
    std::int64_t sets, steps, filters, lanes, ahead;
    const Offset* offsets;
    std::int64_t count;
    std::int16_t* source;   // (sets, steps, filters, lanes): steps later * lanes + the lane, -1 where a weight has left
    std::uint8_t* emitted;  // (sets, steps): not skipped
};

#define ADEQUATE_PROMOTION(processor) \
    namespace processor {             \
    void promote(const Promotion&);   \
    }
ADEQUATE_PROMOTION(portable)
ADEQUATE_PROMOTION(avx2)
ADEQUATE_PROMOTION(avx512)
#undef ADEQUATE_PROMOTION

}  // namespace adequate
