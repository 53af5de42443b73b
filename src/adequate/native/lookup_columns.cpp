// A table turned: the columns that weights look at, above their least entry where that makes them 16 bits wide.

#include "lookup.h"

#include <cstring>

namespace adequate {
namespace ADEQUATE_PROCESSOR {
namespace {

using std::int32_t;
using std::int64_t;
using std::uint16_t;
using std::uint32_t;
using std::uint8_t;

template <class T> uint32_t largest_of(const T* patterns, int64_t count) {
    T most = 0;
    for (int64_t i = 0; i < count; i++) most = patterns[i] > most ? patterns[i] : most;
    return most;
}

constexpr int64_t BLOCK = 16;  // columns and rows turned together

}  // namespace

void lookup_columns(const Lookup& job, int64_t weights, Columns& columns) {
    int32_t* low = columns.low;
    int32_t* high = reinterpret_cast<int32_t*>(columns.range);
    std::memcpy(low, job.table, weights * sizeof(int32_t));
    std::memcpy(high, job.table, weights * sizeof(int32_t));
    for (int64_t a = 1; a < columns.patterns; a++) {
        const int32_t* row = job.table + a * job.columns;
        for (int64_t w = 0; w < weights; w++) {
            low[w] = row[w] < low[w] ? row[w] : low[w];
            high[w] = row[w] > high[w] ? row[w] : high[w];
        }
    }
    int64_t most = 1;
    bool narrow = true;
    for (int64_t w = 0; w < weights; w++) {
        const int64_t size = low[w] < 0 ? -static_cast<int64_t>(low[w]) : 0;
        most = size > most ? size : most;
        most = high[w] > most ? high[w] : most;
        columns.range[w] = static_cast<uint32_t>(high[w]) - static_cast<uint32_t>(low[w]);
        narrow = narrow && columns.range[w] < 65536;
    }
    columns.chunk = most > INT32_MAX ? 1 : INT32_MAX / most;
    if (!narrow) {
        columns.narrow = nullptr;
        std::memset(low, 0, weights * sizeof(int32_t));
    }
    columns.low[job.columns] = 0;
    columns.range[job.columns] = 0;
    for (int64_t first = 0; first < weights; first += BLOCK) {
        const int64_t end = first + BLOCK < weights ? first + BLOCK : weights;
        for (int64_t begin = 0; begin < columns.patterns; begin += BLOCK) {
            const int64_t stop = begin + BLOCK < columns.patterns ? begin + BLOCK : columns.patterns;
            for (int64_t w = first; w < end; w++)
                for (int64_t a = begin; a < stop; a++) {
                    const int32_t entry = job.table[a * job.columns + w];
                    if (narrow)
                        columns.narrow[w * columns.pitch + a] = static_cast<uint16_t>(entry - low[w]);
                    else
                        columns.entries[w * columns.pitch + a] = entry;
                }
        }
    }
}

uint32_t largest(const void* patterns, int64_t count, bool wide) {
    return wide ? largest_of(static_cast<const uint16_t*>(patterns), count)
                : largest_of(static_cast<const uint8_t*>(patterns), count);
}

}  // namespace ADEQUATE_PROCESSOR
}  // namespace adequate
