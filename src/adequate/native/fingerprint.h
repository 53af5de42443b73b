#pragma once

#include <cstdint>

// The hash of a block of words, for each processor.
namespace adequate {

#define ADEQUATE_FINGERPRINT(processor)                                                             \
    namespace processor {                                                                           \
    std::uint64_t mixed_sum(const void* words, const std::uint64_t* multipliers, std::int64_t count); \
    }
// sum_i mix(multipliers[i] * words[i]) modulo 2**64, with mix(v) = v ^ (v >> 29) of signed numbers; any alignment.
ADEQUATE_FINGERPRINT(portable)
ADEQUATE_FINGERPRINT(avx2)
ADEQUATE_FINGERPRINT(avx512)
#undef ADEQUATE_FINGERPRINT

}  // namespace adequate
