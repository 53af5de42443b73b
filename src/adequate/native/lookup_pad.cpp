#include <algorithm>
#include <cstring>

#include "lookup.h"

namespace adequate {
namespace ADEQUATE_PROCESSOR {
namespace {

using std::int64_t;

// Lines are short: a call for each would take longer than the copy.
inline void copy(char* to, const char* from, int64_t bytes) {
    constexpr int64_t word = 8, most = 64;
    if (bytes < word || bytes > most) {
        std::memcpy(to, from, bytes);
        return;
    }
    for (int64_t i = 0; i < bytes - word; i += word) std::memcpy(to + i, from + i, word);
    std::memcpy(to + bytes - word, from + bytes - word, word);
}

template <class T> void pad_as(const Padding& job, int64_t first, int64_t last) {
    const int64_t* size = job.size;
    const int64_t* all = job.padded;
    const int64_t volume = all[0] * all[1] * all[2];
    const T* x = static_cast<const T*>(job.x) + first * size[0] * size[1] * size[2];
    T* frame = static_cast<T*>(job.out) + first * volume;
    T* out = frame + (job.before[0] * all[1] + job.before[1]) * all[2] + job.before[2];
    for (int64_t plane = first; plane < last; plane++, frame += volume, out += volume) {
        std::fill_n(frame, volume, static_cast<T>(job.zero));
        for (int64_t i = 0; i < size[0]; i++)
            for (int64_t j = 0; j < size[1]; j++, x += size[2])
                copy(reinterpret_cast<char*>(out + (i * all[1] + j) * all[2]), reinterpret_cast<const char*>(x),
                     size[2] * sizeof(T));
    }
}

}  // namespace

void pad(const Padding& job, int64_t first, int64_t last) {
    job.wide ? pad_as<std::uint16_t>(job, first, last) : pad_as<std::uint8_t>(job, first, last);
}

}  // namespace ADEQUATE_PROCESSOR
}  // namespace adequate
