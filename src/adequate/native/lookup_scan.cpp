// Sums of looked-up products for few outputs: a line of the input is scanned once per kernel row.
//
// Up to four taps of a kernel row share a register of as many lanes. Lane j holds the sum that is finished j steps on:
// at every input the lanes move down by one and the entry of the table, the input's products with all the taps, is
// added; lane 0 is then an output. Several kernel rows add to the same register. Lanes have 16 bits in a uint64_t, above
// the least entry of their columns, where the ranges of the columns prove that no lane overflows; else 32 bits.

#include "lookup.h"
#include "lookup_lanes.h"

namespace adequate {
namespace ADEQUATE_PROCESSOR {
namespace {

using std::int32_t;
using std::int64_t;
using std::uint16_t;
using std::uint32_t;
using std::uint64_t;
using std::uint8_t;

constexpr int SEGMENTS = 4;
constexpr int64_t FOUND = 4096;   // sums found before they are written, or one line's
constexpr int64_t BETWEEN = 16;  // inputs between two lines that are scanned as one, at most

struct Narrow {
    typedef uint64_t Register;
    typedef uint16_t Lane;
    static Register next(Register r) { return r >> 16; }
    static Lane lane(Register r) { return static_cast<uint16_t>(r); }
};
struct Wide {
    typedef Four Register;
    typedef uint32_t Lane;
    static Register next(Register r) { return SHUFFLE(Four, r, Four{}, 1, 2, 3, 4); }
    static Lane lane(Register r) { return r[0]; }
};

// The sums of COUNT segments, whose inputs are at x, along a line of outputs `step` inputs apart.
template <class T, class Lanes, int COUNT, bool DENSE>
void scan(const void* entries, const T* const* x, int taps, int64_t step, int64_t count, typename Lanes::Lane* found) {
    typedef typename Lanes::Register Register;
    const Register* const tables = static_cast<const Register*>(entries);
    const T* from[COUNT];
    for (int s = 0; s < COUNT; s++) from[s] = x[s];
    Register r = {};
    const auto take = [&](int64_t i) {
        Register sum = tables[from[0][i]];
        for (int s = 1; s < COUNT; s++) sum += tables[s * patterns_of<T> + from[s][i]];
        r = Lanes::next(r) + sum;
    };
    int64_t i = 0;
    for (; i < taps - 1; i++) take(i);
    if (DENSE || taps == 1) {  // a single tap has nothing to carry over: inputs between outputs are passed over
        for (int64_t p = 0; p < count; p++, i += DENSE ? 1 : step) {
            take(i);
            found[p] = Lanes::lane(r);
        }
        return;
    }
    for (int64_t p = 0; p < count; p++, i++) {
        for (int64_t stop = i + (p ? step - 1 : 0); i < stop; i++) take(i);
        take(i);
        found[p] = Lanes::lane(r);
    }
}

// Lines that are scanned as one: where the next begins in x soon after the last has ended, what lies between is scanned
// along, and left out of the output.
int64_t lines_together(const Lookup& job) {
    const int64_t between = job.x_step[2] - job.positions[3];
    return job.x_step[3] == 1 && between >= 0 && between <= BETWEEN && job.x_step[2] < FOUND ? FOUND / job.x_step[2] : 1;
}

// A line of sums is the first part of the outputs, which begin with `base`, or a further one.
template <class Lane, class Out>
void add(const Lane* found, int64_t count, bool first, Out base, Out* out, int64_t step) {
    const auto value = [](Lane lane) { return static_cast<Out>(static_cast<int32_t>(lane)); };
    if (step == 1 && first)
        for (int64_t p = 0; p < count; p++) out[p] = base + value(found[p]);
    else
        for (int64_t p = 0; p < count; p++) out[p * step] = (first ? base : out[p * step]) + value(found[p]);
}

template <class T, class Out, class Lanes>
void sum_lines(const Lookup& job, const Columns& columns, const Part& part, void* scratch) {
    typedef typename Lanes::Register Register;
    typedef typename Lanes::Lane Lane;
    typedef void Scan(const void*, const T* const*, int, int64_t, int64_t, Lane*);
    constexpr Scan* scans[2][SEGMENTS] = {
        {scan<T, Lanes, 1, false>, scan<T, Lanes, 2, false>, scan<T, Lanes, 3, false>, scan<T, Lanes, 4, false>},
        {scan<T, Lanes, 1, true>, scan<T, Lanes, 2, true>, scan<T, Lanes, 3, true>, scan<T, Lanes, 4, true>}};
    constexpr bool narrow = sizeof(Lane) == 2;
    Register* tables = static_cast<Register*>(scratch);
    Lane* found = reinterpret_cast<Lane*>(static_cast<Four*>(scratch) + SEGMENTS * patterns_of<T>);
    const T* w = static_cast<const T*>(job.w) + (part.panel * job.outputs + part.output) * job.terms;
    const int64_t count = job.positions[3], together = lines_together(job);
    Out base = 0;
    if (narrow)
        for (int64_t k = 0; k < job.terms; k++) base += static_cast<Out>(static_cast<int64_t>(columns.low[w[k]]));
    for (int64_t k = 0, begin = 0; k < job.terms; begin = k) {
        int64_t term[SEGMENTS];
        int segments = 0, taps = 0;
        uint32_t range = 0;
        while (segments < SEGMENTS && k < job.terms) {
            const int64_t left = job.scan - k % job.scan;
            const int here = left < TAPS ? static_cast<int>(left) : TAPS;
            int64_t column[TAPS];
            uint32_t more = 0;
            for (int j = 0; j < here; j++) column[j] = w[k + j], more += columns.range[column[j]];
            if (segments && (here != taps || (narrow && range + more > 65535))) break;
            build(columns, column, here, tables + segments * patterns_of<T>, 1);
            term[segments++] = job.x_term[k];
            taps = here;
            range += more;
            k += here;
        }
        int64_t at[3];
        for (int64_t d = 2, rest = part.first; d >= 0; d--) at[d] = rest % job.positions[d], rest /= job.positions[d];
        for (int64_t l = 0, lines; l < part.count; l += lines) {
            lines = job.positions[2] - at[2];
            lines = lines < together ? lines : together;
            lines = lines < part.count - l ? lines : part.count - l;
            int64_t in = part.panel * job.x_panel, to = part.panel * job.out_panel + part.output * job.out_output;
            for (int d = 0; d < 3; d++) in += at[d] * job.x_step[d], to += at[d] * job.out_step[d];
            at[2] += lines - 1;
            for (int d = 2; d >= 0 && ++at[d] == job.positions[d]; d--) at[d] = 0;
            const T* x[SEGMENTS];
            for (int s = 0; s < segments; s++) x[s] = static_cast<const T*>(job.x) + in + term[s];
            scans[job.x_step[3] == 1][segments - 1](tables, x, taps, job.x_step[3],
                                                    (lines - 1) * job.x_step[2] + count, found);
            for (int64_t i = 0; i < lines; i++)
                add(found + i * job.x_step[2], count, begin == 0, base,
                    static_cast<Out*>(job.out) + to + i * job.out_step[2], job.out_step[3]);
        }
    }
}

template <class T, class Out>
void sum_any(const Lookup& job, const Columns& columns, const Part& part, void* scratch) {
    if (fit<T>(job, columns, part))
        sum_lines<T, Out, Narrow>(job, columns, part, scratch);
    else
        sum_lines<T, Out, Wide>(job, columns, part, scratch);
}

}  // namespace

int64_t lookup_scan_scratch(const Lookup& job) {
    return (job.wide ? PATTERNS : 256) * SEGMENTS * sizeof(Four) +
           (job.positions[3] < FOUND ? FOUND : job.positions[3]) * sizeof(uint32_t);
}

void lookup_scan(const Lookup& job, const Columns& columns, const Part& part, void* scratch) {
    if (job.wide)
        job.out_wide ? sum_any<uint16_t, uint64_t>(job, columns, part, scratch)
                     : sum_any<uint16_t, uint32_t>(job, columns, part, scratch);
    else
        job.out_wide ? sum_any<uint8_t, uint64_t>(job, columns, part, scratch)
                     : sum_any<uint8_t, uint32_t>(job, columns, part, scratch);
}

}  // namespace ADEQUATE_PROCESSOR
}  // namespace adequate
