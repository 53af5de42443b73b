#include "accumulate.h"

#include <algorithm>
#include <vector>

#include "parallel.h"

namespace adequate {

using std::int64_t;

int64_t lanes(Processor processor, bool wide) { return ADEQUATE_ON(processor, lanes(wide)); }

Extent extent(const void* x, int64_t count, bool wide, Processor processor) {
    return ADEQUATE_ON(processor, extent(x, count, wide));
}

void accumulate(const Accumulation& job, Processor processor, int threads) {
    const auto kernel = ADEQUATE_ON(processor, accumulate);
    const int64_t rows = 64, columns = 32 * lanes(processor, job.wide);  // of a part
    const int64_t down = (job.count + rows - 1) / rows, across = (job.width + columns - 1) / columns;
    const int64_t parts = job.batches * down * across;
    const int64_t workers = std::max<int64_t>(1, std::min<int64_t>(threads, parts));
    const int64_t widened = job.widens ? WIDENED * job.terms : 0;
    std::vector<double> memory(workers * widened);
    for_each_part(parts, workers, [&](int64_t i, int64_t worker) {
        const int64_t row = i / across % down * rows, column = i % across * columns;
        kernel(job, Piece{i / across / down, row, std::min(rows, job.count - row), column,
                          std::min(columns, job.width - column), memory.data() + worker * widened});
    });
}

}  // namespace adequate
