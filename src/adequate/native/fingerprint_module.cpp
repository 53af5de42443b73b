#include "fingerprint_module.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "fingerprint.h"
#include "processor.h"

namespace nb = nanobind;

namespace adequate {
namespace {

using std::int64_t;
using std::uint64_t;

// A sum for each block of words, as many of them as there are multipliers; the last word is filled up with zeros.
std::vector<uint64_t> sums_of_blocks(int processor, const char* bytes, int64_t size, const uint64_t* multipliers,
                                     int64_t block) {
    std::vector<uint64_t> sums;
    for (; size > 0; bytes += block * 8, size -= block * 8) {
        const int64_t whole = std::min(block, size / 8);
        uint64_t sum = ADEQUATE_ON(processor, mixed_sum(bytes, multipliers, whole));
        if (whole < block && size % 8) {
            uint64_t last = 0;
            std::memcpy(&last, bytes + whole * 8, size % 8);
            sum += ADEQUATE_ON(processor, mixed_sum(&last, multipliers + whole, 1));
        }
        sums.push_back(sum);
    }
    return sums;
}

int64_t fingerprint(int processor, std::uintptr_t address, int64_t size, std::uintptr_t multipliers, int64_t block) {
    const char* bytes = reinterpret_cast<const char*>(address);
    uint64_t only = 0;
    if (size <= 8) {  // a single word, or none, is its own
        if (size) std::memcpy(&only, bytes, size);
        return static_cast<int64_t>(only);
    }
    const uint64_t* odd = reinterpret_cast<const uint64_t*>(multipliers);
    std::vector<uint64_t> sums = sums_of_blocks(processor, bytes, size, odd, block);
    while (sums.size() > 1)
        sums = sums_of_blocks(processor, reinterpret_cast<const char*>(sums.data()),
                              static_cast<int64_t>(sums.size() * 8), odd, block);
    return static_cast<int64_t>(sums[0]);
}

}  // namespace

void define_fingerprint(nb::module_& module) {
    module.def("fingerprint", &fingerprint, nb::call_guard<nb::gil_scoped_release>());
}

}  // namespace adequate
