// Sums of looked-up products for few outputs: a line of the input is scanned once per kernel row.
//
// Up to four taps of a kernel row share a register of as many lanes. Lane j holds the sum that is finished j steps on:
// at every input the lanes move down by one and the entry of the table, the input's products with all the taps, is
// added; lane 0 is then an output. Several kernel rows add to the same register. Lanes have 16 bits in a uint64_t, above
// the least entry of their columns, where the ranges of the columns prove that no lane overflows; else 32 bits.

#include "lookup.h"

namespace adequate {
namespace ADEQUATE_PROCESSOR {
namespace {

using std::int32_t;
using std::int64_t;
using std::uint16_t;
using std::uint32_t;
using std::uint64_t;
using std::uint8_t;

constexpr int TAPS = 4;
constexpr int SEGMENTS = 4;

template <class T> constexpr int patterns_of = sizeof(T) == 1 ? 256 : PATTERNS;

typedef uint32_t Four __attribute__((vector_size(16)));

struct Narrow {
    typedef uint64_t Register;
    static Register next(Register r) { return r >> 16; }
    static uint32_t lane(Register r) { return static_cast<uint16_t>(r); }
};
struct Wide {
    typedef Four Register;
    static Register next(Register r) {
#ifdef __clang__
        return __builtin_shufflevector(r, Four{}, 1, 2, 3, 4);
#else
        return __builtin_shuffle(r, Four{}, Four{1, 2, 3, 4});
#endif
    }
    static uint32_t lane(Register r) { return r[0]; }
};

void build(const Columns& columns, const int64_t* column, int taps, uint64_t* table) {
    for (int64_t a = 0; a < columns.patterns; a++) {
        uint64_t entry = 0;
        for (int j = 0; j < taps; j++) entry = entry << 16 | columns.narrow[column[j] * columns.pitch + a];
        table[a] = entry;
    }
}

void build(const Columns& columns, const int64_t* column, int taps, Four* table) {
    for (int64_t a = 0; a < columns.patterns; a++) {
        uint32_t entry[TAPS] = {};
        for (int j = 0; j < taps; j++) {
            const int64_t at = column[j] * columns.pitch + a;
            const uint32_t low = static_cast<uint32_t>(columns.low[column[j]]);
            entry[taps - 1 - j] = columns.narrow ? columns.narrow[at] + low : static_cast<uint32_t>(columns.entries[at]);
        }
        table[a] = Four{entry[0], entry[1], entry[2], entry[3]};
    }
}

// Adds a pass of segments to lines of outputs, or begins with `base`.
template <class T, class Out, class Lanes, int COUNT, bool DENSE> struct Pass {
    typedef typename Lanes::Register Register;

    static Register at(const Register* tables, const T* const* x, int64_t i) {
        Register sum = tables[x[0][i]];
#pragma GCC unroll 4
        for (int s = 1; s < COUNT; s++) sum += tables[s * patterns_of<T> + x[s][i]];
        return sum;
    }

    static void line(const Register* tables, const T* const* x, int taps, int64_t step, int64_t count, Out* out,
                     int64_t out_step, bool first, Out base) {
        const T* from[COUNT];
        for (int s = 0; s < COUNT; s++) from[s] = x[s];
        Register r = {};
        int64_t i = 0;
        for (; i < taps - 1; i++) r = Lanes::next(r) + at(tables, from, i);
        if (DENSE) {
            if (first)
                for (int64_t p = 0; p < count; p++) {
                    r = Lanes::next(r) + at(tables, from, i + p);
                    out[p] = base + static_cast<Out>(static_cast<int32_t>(Lanes::lane(r)));
                }
            else
                for (int64_t p = 0; p < count; p++) {
                    r = Lanes::next(r) + at(tables, from, i + p);
                    out[p] += static_cast<Out>(static_cast<int32_t>(Lanes::lane(r)));
                }
            return;
        }
        for (int64_t p = 0; p < count; p++, i += step) {
            // A single tap has nothing to carry over, so inputs between outputs are passed over.
            for (int64_t j = p && taps > 1 ? 1 - step : 0; j <= 0; j++) r = Lanes::next(r) + at(tables, from, i + j);
            out[p * out_step] = (first ? base : out[p * out_step]) +
                                static_cast<Out>(static_cast<int32_t>(Lanes::lane(r)));
        }
    }
};

template <class T, class Out, class Lanes>
void sum_lines(const Lookup& job, const Columns& columns, const Part& part, void* scratch) {
    typedef typename Lanes::Register Register;
    constexpr bool narrow = sizeof(Register) == 8;
    Register* tables = static_cast<Register*>(scratch);
    const T* w = static_cast<const T*>(job.w) + (part.panel * job.outputs + part.output) * job.terms;
    const bool dense = job.x_step[3] == 1 && job.out_step[3] == 1;
    Out base = 0;
    if (narrow)
        for (int64_t k = 0; k < job.terms; k++) base += static_cast<Out>(static_cast<int64_t>(columns.low[w[k]]));
    for (int64_t k = 0, begin = 0; k < job.terms; begin = k) {
        int64_t term[SEGMENTS];
        int count = 0, taps = 0;
        uint32_t range = 0;
        while (count < SEGMENTS && k < job.terms) {
            const int64_t left = job.scan - k % job.scan;
            const int here = left < TAPS ? static_cast<int>(left) : TAPS;
            int64_t column[TAPS];
            uint32_t more = 0;
            for (int j = 0; j < here; j++) column[j] = w[k + j], more += columns.range[column[j]];
            if (count && (here != taps || (narrow && range + more > 65535))) break;
            build(columns, column, here, tables + count * patterns_of<T>);
            term[count++] = job.x_term[k];
            taps = here;
            range += more;
            k += here;
        }
        int64_t at[3];
        for (int64_t d = 2, rest = part.first; d >= 0; d--) at[d] = rest % job.positions[d], rest /= job.positions[d];
        for (int64_t l = 0; l < part.count; l++) {
            int64_t in = part.panel * job.x_panel, to = part.panel * job.out_panel + part.output * job.out_output;
            for (int d = 0; d < 3; d++) in += at[d] * job.x_step[d], to += at[d] * job.out_step[d];
            for (int d = 2; d >= 0 && ++at[d] == job.positions[d]; d--) at[d] = 0;
            const T* x[SEGMENTS];
            for (int s = 0; s < count; s++) x[s] = static_cast<const T*>(job.x) + in + term[s];
            typedef void Line(const Register*, const T* const*, int, int64_t, int64_t, Out*, int64_t, bool, Out);
            constexpr Line* lines[2][SEGMENTS] = {
                {Pass<T, Out, Lanes, 1, false>::line, Pass<T, Out, Lanes, 2, false>::line,
                 Pass<T, Out, Lanes, 3, false>::line, Pass<T, Out, Lanes, 4, false>::line},
                {Pass<T, Out, Lanes, 1, true>::line, Pass<T, Out, Lanes, 2, true>::line,
                 Pass<T, Out, Lanes, 3, true>::line, Pass<T, Out, Lanes, 4, true>::line}};
            lines[dense][count - 1](tables, x, taps, job.x_step[3], job.positions[3], static_cast<Out*>(job.out) + to,
                                    job.out_step[3], begin == 0, base);
        }
    }
}

// Whether the taps of every segment fit 16 bits together.
template <class T> bool fits(const Lookup& job, const Columns& columns, const Part& part) {
    const T* w = static_cast<const T*>(job.w) + (part.panel * job.outputs + part.output) * job.terms;
    for (int64_t k = 0; columns.narrow && k < job.terms;) {
        uint32_t range = 0;
        int64_t left = job.scan - k % job.scan;
        for (left = left < TAPS ? left : TAPS; left > 0; left--) range += columns.range[w[k++]];
        if (range > 65535) return false;
    }
    return columns.narrow;
}

template <class T, class Out>
void sum_any(const Lookup& job, const Columns& columns, const Part& part, void* scratch) {
    if (fits<T>(job, columns, part))
        sum_lines<T, Out, Narrow>(job, columns, part, scratch);
    else
        sum_lines<T, Out, Wide>(job, columns, part, scratch);
}

}  // namespace

int64_t lookup_scan_scratch(const Lookup& job) { return (job.wide ? PATTERNS : 256) * SEGMENTS * sizeof(Four); }

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
