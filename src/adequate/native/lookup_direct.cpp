// Sums of looked-up products, entry by entry from the table: few positions, or tables of any size.

#include "lookup.h"

namespace adequate {
namespace ADEQUATE_PROCESSOR {
namespace {

using std::int32_t;
using std::int64_t;
using std::uint16_t;
using std::uint8_t;

template <class T, class Out>
void sum_each(const Lookup& job, const Part& part, const int32_t** rows) {
    const T* x = static_cast<const T*>(job.x) + part.panel * job.x_panel;
    const T* w = static_cast<const T*>(job.w) + part.panel * job.outputs * job.terms;
    for (int64_t p = part.first; p < part.first + part.count; p++) {
        int64_t in = 0, out = part.panel * job.out_panel;
        for (int64_t d = 3, rest = p; d >= 0; d--) {
            in += rest % job.positions[d] * job.x_step[d];
            out += rest % job.positions[d] * job.out_step[d];
            rest /= job.positions[d];
        }
        for (int64_t k = 0; k < job.terms; k++) rows[k] = job.table + x[in + job.x_term[k]] * job.columns;
        for (int64_t o = 0; o < job.outputs; o++) {
            const T* codes = w + o * job.terms;
            int64_t sums[4] = {};
            int64_t k = 0;
            for (; k + 4 <= job.terms; k += 4)
                for (int i = 0; i < 4; i++) sums[i] += rows[k + i][codes[k + i]];
            for (; k < job.terms; k++) sums[0] += rows[k][codes[k]];
            static_cast<Out*>(job.out)[out + o * job.out_output] = sums[0] + sums[1] + sums[2] + sums[3];
        }
    }
}

}  // namespace

void lookup_direct(const Lookup& job, const Part& part, void* scratch) {
    const int32_t** rows = static_cast<const int32_t**>(scratch);
    if (job.wide)
        job.out_wide ? sum_each<uint16_t, int64_t>(job, part, rows) : sum_each<uint16_t, int32_t>(job, part, rows);
    else
        job.out_wide ? sum_each<uint8_t, int64_t>(job, part, rows) : sum_each<uint8_t, int32_t>(job, part, rows);
}

}  // namespace ADEQUATE_PROCESSOR
}  // namespace adequate
