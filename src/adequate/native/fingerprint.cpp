#include "fingerprint.h"

namespace adequate {
namespace ADEQUATE_PROCESSOR {

std::uint64_t mixed_sum(const void* words, const std::uint64_t* multipliers, std::int64_t count) {
    const char* bytes = static_cast<const char*>(words);
    std::uint64_t sum = 0;
    for (std::int64_t i = 0; i < count; i++) {
        std::uint64_t word;
        __builtin_memcpy(&word, bytes + i * 8, sizeof word);
        const std::uint64_t product = word * multipliers[i];
        sum += product ^ static_cast<std::uint64_t>(static_cast<std::int64_t>(product) >> 29);
    }
    return sum;
}

}  // namespace ADEQUATE_PROCESSOR
}  // namespace adequate
