// The parts of a job, on the threads that torch computes with.
#pragma once

#include <algorithm>
#include <cstdint>
#ifdef _OPENMP
#include <omp.h>
#else
#include <atomic>
#include <system_error>
#include <thread>
#include <vector>
#endif

namespace adequate {

// act(part, worker) for every part once, on at most so many workers, numbered from 0.
//
// OpenMP's threads are torch's own: they wait busily for a while after each operation of torch, and others beside them
// would have to share the cores with that. A compiler without OpenMP gets threads that live as long as the job.
template <class Act> void for_each_part(std::int64_t parts, std::int64_t workers, Act&& act) {
    workers = std::max<std::int64_t>(1, std::min(workers, parts));
    if (workers == 1) {
        for (std::int64_t part = 0; part < parts; part++) act(part, std::int64_t{0});
        return;
    }
#ifdef _OPENMP
#pragma omp parallel for schedule(dynamic) num_threads(static_cast<int>(workers))
    for (std::int64_t part = 0; part < parts; part++) act(part, std::int64_t{omp_get_thread_num()});
#else
    std::atomic<std::int64_t> next{0};
    const auto work = [&](std::int64_t worker) {
        for (std::int64_t part; (part = next.fetch_add(1)) < parts;) act(part, worker);
    };
    std::vector<std::thread> others;
    try {
        for (std::int64_t i = 1; i < workers; i++) others.emplace_back(work, i);
    } catch (const std::system_error&) {  // no more threads are to be had: those there are do all the parts
    }
    work(0);
    for (std::thread& one : others) one.join();
#endif
}

}  // namespace adequate
