#include "accumulate.h"

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

namespace adequate {

using std::int64_t;

int64_t lanes(Processor processor, bool wide) {
#ifdef ADEQUATE_X86
    if (processor == Processor::avx512) return avx512::lanes(wide);
    if (processor == Processor::avx2) return avx2::lanes(wide);
#endif
    (void)processor;
    return portable::lanes(wide);
}

Extent extent(const void* x, int64_t count, bool wide, Processor processor) {
#ifdef ADEQUATE_X86
    if (processor == Processor::avx512) return avx512::extent(x, count, wide);
    if (processor == Processor::avx2) return avx2::extent(x, count, wide);
#endif
    (void)processor;
    return portable::extent(x, count, wide);
}

void accumulate(const Accumulation& job, Processor processor, int threads) {
    auto kernel = portable::accumulate;
#ifdef ADEQUATE_X86
    if (processor == Processor::avx2) kernel = avx2::accumulate;
    if (processor == Processor::avx512) kernel = avx512::accumulate;
#endif
    const int64_t rows = 64, columns = 32 * lanes(processor, job.wide);  // of a part
    const int64_t down = (job.count + rows - 1) / rows, across = (job.width + columns - 1) / columns;
    const int64_t parts = job.batches * down * across;
    const int64_t workers = std::max<int64_t>(1, std::min<int64_t>(threads, parts));
    const int64_t widened = job.widens ? WIDENED * job.terms : 0;
    std::vector<double> memory(workers * widened);
    std::atomic<int64_t> next{0};
    const auto work = [&](int64_t worker) {
        for (int64_t i = next++; i < parts; i = next++) {
            const int64_t row = i / across % down * rows, column = i % across * columns;
            kernel(job, Piece{i / across / down, row, std::min(rows, job.count - row), column,
                              std::min(columns, job.width - column), memory.data() + worker * widened});
        }
    };
    std::vector<std::thread> others;
    try {
        for (int64_t i = 1; i < workers; i++) others.emplace_back(work, i);
    } catch (const std::system_error&) {  // no more threads: those that are there do it
    }
    work(0);
    for (std::thread& other : others) other.join();
}

}  // namespace adequate
