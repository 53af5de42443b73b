#include "processor.h"

namespace adequate {

Processor processor_here() {
#ifdef ADEQUATE_X86
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
    if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        return Processor::avx512;
    if (avx2) return Processor::avx2;
#endif
    return Processor::portable;
}

}  // namespace adequate
