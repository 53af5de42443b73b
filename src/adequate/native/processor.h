#pragma once

namespace adequate {

// For which the kernels are compiled; each needs what the one before it needs, and more.
enum class Processor { portable = 0, avx2 = 1, avx512 = 2 };

// The most capable of them that runs here.
Processor processor_here();

// What is called `kernel`, a function or a call of one, in the namespace of a kind of processor.
#ifdef ADEQUATE_X86
#define ADEQUATE_ON(processor, kernel)                                                \
    (static_cast<Processor>(processor) == Processor::avx512 ? avx512::kernel          \
     : static_cast<Processor>(processor) == Processor::avx2 ? avx2::kernel            \
                                                            : portable::kernel)
#else
#define ADEQUATE_ON(processor, kernel) ((void)(processor), portable::kernel)
#endif

}  // namespace adequate
