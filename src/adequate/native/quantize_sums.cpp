#include "quantize.h"

namespace adequate {
namespace ADEQUATE_PROCESSOR {

void scale(const Sweep& sweep, const Scaling& by) {
    const std::int32_t* sums = static_cast<const std::int32_t*>(sweep.x);
    float* out = static_cast<float*>(sweep.out);
    const float unit = by.unit;
    for (std::int64_t i = sweep.start; i < sweep.stop;) {
        const std::int64_t run = i / by.inner, rest = (run + 1) * by.inner;
        const std::int64_t stop = rest < sweep.stop ? rest : sweep.stop;
        const float bias = by.bias[run % by.channels];
        for (; i < stop; ++i) {
            std::int32_t sum;
            __builtin_memcpy(&sum, sums + i, sizeof sum);
            const float scaled = static_cast<float>(sum) * unit + bias;
            __builtin_memcpy(out + i, &scaled, sizeof scaled);
        }
    }
}

}  // namespace ADEQUATE_PROCESSOR
}  // namespace adequate
