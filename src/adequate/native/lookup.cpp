// Which route sums of looked-up products take, in which parts, on how many threads.

#include "lookup.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "parallel.h"

namespace adequate {
namespace {

using std::int64_t;

constexpr int64_t CACHED = 1 << 19;  // bytes of sums that stay in a core's cache

struct Kernels {
    decltype(&portable::lookup_columns) columns;
    decltype(&portable::lookup_rows_width) rows_width;
    decltype(&portable::lookup_rows_scratch) rows_scratch;
    decltype(&portable::lookup_rows) rows;
    decltype(&portable::lookup_scan_scratch) scan_scratch;
    decltype(&portable::lookup_scan) scan;
    decltype(&portable::lookup_planes_takes) planes_takes;
    decltype(&portable::lookup_planes_scratch) planes_scratch;
    decltype(&portable::lookup_planes) planes;
    decltype(&portable::lookup_permuted_takes) permuted_takes;
    decltype(&portable::lookup_permuted_scratch) permuted_scratch;
    decltype(&portable::lookup_permuted) permuted;
    decltype(&portable::lookup_direct) direct;
    decltype(&portable::largest) largest;
    decltype(&portable::pad) pad;
};

Kernels kernels_of(Processor processor) {
#define ON(kernel) ADEQUATE_ON(processor, kernel)
    return {ON(lookup_columns), ON(lookup_rows_width), ON(lookup_rows_scratch), ON(lookup_rows),
            ON(lookup_scan_scratch), ON(lookup_scan), ON(lookup_planes_takes), ON(lookup_planes_scratch),
            ON(lookup_planes), ON(lookup_permuted_takes), ON(lookup_permuted_scratch), ON(lookup_permuted),
            ON(lookup_direct), ON(largest), ON(pad)};
#undef ON
}

struct Free {
    void operator()(void* memory) const { ::operator delete(memory, std::align_val_t(64)); }
};
using Memory = std::unique_ptr<void, Free>;

Memory reserve(int64_t bytes) { return Memory(::operator new(std::max<int64_t>(bytes, 1), std::align_val_t(64))); }

// Every part once, by so many threads; each thread has scratch memory of its own.
template <class Do> void for_each(int64_t parts, int threads, int64_t scratch, Do&& act) {
    const int64_t workers = std::max<int64_t>(1, std::min<int64_t>(threads, parts));
    std::vector<Memory> memory;
    for (int64_t i = 0; i < workers; i++) memory.push_back(reserve(scratch));
    for_each_part(parts, workers, [&](int64_t part, int64_t worker) { act(part, memory[worker].get()); });
}

// A length cut into equal pieces of at most `most`, at least `wanted` of them if it can be.
int64_t piece(int64_t length, int64_t most, int64_t wanted) {
    const int64_t pieces = std::max((length + most - 1) / most, std::min(wanted, length));
    return (length + pieces - 1) / pieces;
}

void by_rows(const Lookup& job, const Columns& columns, const Kernels& kernels, int threads, int64_t places) {
    std::vector<int64_t> blocks;
    for (int64_t o = 0; o < job.outputs; o += kernels.rows_width(job.outputs - o)) blocks.push_back(o);
    const int64_t count = static_cast<int64_t>(blocks.size());
    const int64_t tile = piece(places, TILE, threads / (job.panels * count));
    const int64_t tiles = (places + tile - 1) / tile;
    for_each(job.panels * tiles * count, threads, kernels.rows_scratch(job), [&](int64_t i, void* scratch) {
        const int64_t first = i / count % tiles * tile;
        kernels.rows(job, columns, {i / count / tiles, blocks[i % count], first, std::min(tile, places - first)},
                     scratch);
    });
}

// Lines of one output at a time: the kernel is the scan's or the planes'.
template <class Sum>
void by_lines(const Lookup& job, const Columns& columns, Sum sum, int64_t scratch, int threads, int64_t places) {
    const int64_t lines = places / job.positions[3], all = job.panels * job.outputs;
    const int64_t tile = piece(lines, lines, threads / all), tiles = (lines + tile - 1) / tile;
    for_each(all * tiles, threads, scratch, [&](int64_t i, void* own) {
        const int64_t first = i % tiles * tile, o = i / tiles;
        sum(job, columns, {o / job.outputs, o % job.outputs, first, std::min(tile, lines - first)}, own);
    });
}

// A few images at a time, whose sums stay in the cache until all panels are done.
void by_images(const Lookup& job, const Columns& columns, const Kernels& kernels, int threads, int64_t places) {
    const int64_t images = job.positions[0], bytes = job.panels * job.outputs * (places / images) * 4;
    const int64_t tile = piece(images, std::max<int64_t>(1, CACHED / bytes), threads / job.panels);
    const int64_t tiles = (images + tile - 1) / tile;
    for_each(tiles * job.panels, threads, kernels.permuted_scratch(job), [&](int64_t i, void* scratch) {
        const int64_t first = i / job.panels * tile;
        kernels.permuted(job, columns, {i % job.panels, 0, first, std::min(tile, images - first)}, scratch);
    });
}

void directly(const Lookup& job, const Kernels& kernels, int threads, int64_t places) {
    const int64_t tile = piece(places, 64, threads / job.panels), tiles = (places + tile - 1) / tile;
    for_each(job.panels * tiles, threads, job.terms * sizeof(void*), [&](int64_t i, void* scratch) {
        const int64_t first = i % tiles * tile;
        kernels.direct(job, {i / tiles, 0, first, std::min(tile, places - first)}, scratch);
    });
}

// Tables per weight are built for few outputs (scan) or many (rows), where positions and products repay them.
Route choose(const Lookup& job, int64_t patterns, int64_t places, bool planes, bool permuted) {
    const double products = static_cast<double>(job.panels) * job.outputs * job.terms * places;
    if (patterns > PATTERNS || 4 * places < patterns || products < 4. * patterns * job.columns) return Route::direct;
    if (job.outputs < 4 && job.positions[3] < 4) return Route::direct;
    if (job.outputs < 4) return permuted ? Route::permuted : planes ? Route::planes : Route::scan;
    return Route::rows;
}

// Patterns are below the table's size; the largest is returned.
int64_t checked(const char* name, std::uint32_t most, int64_t size, const char* what) {
    if (most >= size)
        throw std::invalid_argument(std::string(name) + " holds the pattern " + std::to_string(most) +
                                    "; the table has " + std::to_string(size) + " " + what);
    return most;
}

}  // namespace

void pad(const Padding& job, Processor processor, int threads) {
    const Kernels kernels = kernels_of(processor);
    if (!job.planes) return;
    const int64_t tile = piece(job.planes, job.planes, threads), tiles = (job.planes + tile - 1) / tile;
    for_each_part(tiles, threads, [&](int64_t i, int64_t) {
        kernels.pad(job, i * tile, std::min(job.planes, (i + 1) * tile));
    });
}

void look_up(const Lookup& job, int64_t x_count, Processor processor, int threads, Route route) {
    const Kernels kernels = kernels_of(processor);
    const int64_t places = job.positions[0] * job.positions[1] * job.positions[2] * job.positions[3];
    if (!job.panels || !job.outputs || !places) return;
    if (!job.terms) {
        const int64_t bytes = job.panels * job.outputs * places * (job.out_wide ? 8 : 4);
        std::fill_n(static_cast<char*>(job.out), bytes, 0);
        return;
    }
    const int64_t patterns = 1 + checked("x", kernels.largest(job.x, x_count, job.wide), job.rows, "rows");
    const int64_t w_count = job.panels * job.outputs * job.terms;
    const int64_t weights = 1 + checked("w", kernels.largest(job.w, w_count, job.wide), job.columns, "columns");
    const bool planes = kernels.planes_takes(job);  // in vectors of 32 bytes: without, the scan is quicker
    const bool permuted = kernels.permuted_takes(job);
    if (route == Route::any) route = choose(job, patterns, places, planes && processor != Processor::portable, permuted);
    if (route == Route::direct) return directly(job, kernels, threads, places);
    if (patterns > PATTERNS)
        throw std::invalid_argument("tables per weight have at most " + std::to_string(PATTERNS) + " rows, not " +
                                    std::to_string(patterns));

    const int64_t step = route == Route::permuted ? 256 : 8, pitch = (patterns + step - 1) / step * step;
    Columns columns{patterns, pitch, 1, nullptr, nullptr, nullptr, nullptr};
    const int64_t entries = (job.columns + 1) * columns.pitch;
    const Memory memory = reserve(entries * sizeof(std::int32_t));
    std::memset(memory.get(), 0, entries * sizeof(std::int32_t));
    std::vector<std::int32_t> low(job.columns + 1);
    std::vector<std::uint32_t> range(job.columns + 1);
    columns.entries = static_cast<std::int32_t*>(memory.get());
    columns.narrow = static_cast<std::uint16_t*>(memory.get());
    columns.low = low.data();
    columns.range = range.data();
    kernels.columns(job, weights, columns);
    if (route == Route::rows) return by_rows(job, columns, kernels, threads, places);
    // Lanes of 32 bits wrap around; a part of a sum must not where the whole has 64 bits.
    if (job.out_wide && columns.chunk < 16) return directly(job, kernels, threads, places);
    if (route == Route::permuted && permuted && columns.narrow)
        return by_images(job, columns, kernels, threads, places);
    if ((route == Route::planes || route == Route::permuted) && planes)
        return by_lines(job, columns, kernels.planes, kernels.planes_scratch(job), threads, places);
    by_lines(job, columns, kernels.scan, kernels.scan_scratch(job), threads, places);
}

}  // namespace adequate
