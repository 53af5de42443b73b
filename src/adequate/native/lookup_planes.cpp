// Sums of looked-up products for a small kernel on one plane of the input: every input is looked up once.
//
// The entry of an input holds its products with all the taps: a group of four lanes for each kernel row. As in
// lookup_scan, the lanes of a group move down by one at every input, the entry is added, and the group's first lane is
// then the sum of a kernel row; an output adds those of its lines. Lanes have 16 bits, above the least entries of their
// columns, where the ranges of the columns prove that none overflows; else 21 bits, which hold three such entries; else 32.

#include <type_traits>

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

constexpr int ROWS = 4;
constexpr int64_t FOUND = 4096;  // positions that are scanned together, at most
constexpr int64_t APART = FOUND + 32;  // the sums of two kernel rows, in other sets of the cache
constexpr int64_t BETWEEN = 16;  // of them between two lines, at most

typedef uint64_t Words __attribute__((vector_size(32)));
typedef uint32_t Eight __attribute__((vector_size(32)));
typedef uint16_t Sixteen __attribute__((vector_size(32)));

template <class V, class W> V as(W w) { return reinterpret_cast<V>(w); }

struct Narrow {
    typedef uint16_t Lane;
    typedef uint64_t Group;
    static constexpr int chains = 2, bits = 16;
    struct Register {
        Words groups;
        template <int rows> Register next(const Register& entry) const { return {(groups >> 16) + entry.groups}; }
        Lane first(int row) const { return static_cast<Lane>(groups[row]); }
    };
    template <int rows> static void write(const Register* r, Lane* found) {
        const auto two = [](Words a, Words b) {
            return SHUFFLE(Sixteen, as<Sixteen>(a), as<Sixteen>(b << 16), 0, 17, 2, 19, 4, 21, 6, 23, 8, 25, 10, 27, 12,
                           29, 14, 31);
        };
        const Words later = as<Words>(two(r[2].groups, r[3].groups)) << 32;
        const Words four = as<Words>(SHUFFLE(Eight, as<Eight>(two(r[0].groups, r[1].groups)), as<Eight>(later), 0, 9, 2,
                                             11, 4, 13, 6, 15));
        for (int row = 0; row < rows; row++) {
            const uint64_t lanes = four[row];
            std::memcpy(found + row * APART, &lanes, sizeof lanes);
        }
    }
};
struct Thirds {
    typedef uint32_t Lane;
    typedef uint64_t Group;
    static constexpr int chains = 2, bits = 21;
    static constexpr uint64_t mask = (1 << bits) - 1;
    struct Register {
        Words groups;
        template <int rows> Register next(const Register& entry) const { return {(groups >> bits) + entry.groups}; }
        Lane first(int row) const { return static_cast<Lane>(groups[row] & mask); }
    };
    template <int rows> static void write(const Register* r, Lane* found) {
        const auto two = [](Words a, Words b) { return (a & mask) | (b & mask) << 32; };
        const Words early = two(r[0].groups, r[1].groups), late = two(r[2].groups, r[3].groups);
        const Words even = SHUFFLE(Words, early, late, 0, 4, 2, 6), odd = SHUFFLE(Words, early, late, 1, 5, 3, 7);
        for (int row = 0; row < rows; row++) {
            const Words& of = row % 2 ? odd : even;
            const uint64_t lanes[2] = {of[row / 2 * 2], of[row / 2 * 2 + 1]};
            std::memcpy(found + row * APART, lanes, sizeof lanes);
        }
    }
};
struct Wide {
    typedef uint32_t Lane;
    typedef Four Group;
    static constexpr int chains = 1;
    struct Register {
        Four groups[ROWS];
        template <int rows> Register next(const Register& entry) const {
            Register r;
            for (int row = 0; row < rows; row++)
                r.groups[row] = SHUFFLE(Four, groups[row], Four{}, 1, 2, 3, 4) + entry.groups[row];
            return r;
        }
        Lane first(int row) const { return groups[row][0]; }
    };
    template <int rows> static void write(const Register* r, Lane* found) {
        for (int row = 0; row < rows; row++) {
            const auto two = [&](int i) { return SHUFFLE(Four, r[i].groups[row], r[i + 1].groups[row], 0, 4, 1, 5); };
            const Four four = SHUFFLE(Four, two(0), two(2), 0, 1, 4, 5);
            std::memcpy(found + row * APART, &four, sizeof four);
        }
    }
};

// The sums of each kernel row at so many positions in turn, cut into as many chains: an addition waits for the one
// before it.
template <class T, class Lanes, int rows>
void scan(const typename Lanes::Register* entries, const T* x, int taps, int64_t count, typename Lanes::Lane* found) {
    typedef typename Lanes::Register Register;
    constexpr int chains = Lanes::chains;
    const int64_t part = count / (4 * chains) * 4;
    Register last[chains] = {};
    int64_t i = 0;
    const auto take = [&](int chain, int64_t at) {
        return last[chain] = last[chain].template next<rows>(entries[x[chain * part + at]]);
    };
    for (; i < taps - 1; i++)
        for (int chain = 0; chain < chains; chain++) take(chain, i);
    for (int64_t p = 0; p < part; p += 4, i += 4) {
        Register four[chains][4];
        for (int j = 0; j < 4; j++)
            for (int chain = 0; chain < chains; chain++) four[chain][j] = take(chain, i + j);
        for (int chain = 0; chain < chains; chain++) Lanes::template write<rows>(four[chain], found + chain * part + p);
    }
    for (int64_t p = chains * part; p < count; p++, i++) {
        const Register r = take(chains - 1, i);
        for (int row = 0; row < rows; row++) found[row * APART + p] = r.first(row);
    }
}

// A line of outputs: the sums of its kernel rows, eight at a time, the last of them twice where they are no multiple.
template <class Lane, class Out, int rows>
void add(const Lane* found, int64_t pitch, int64_t count, Out base, Out* out) {
    typedef Lane Lanes __attribute__((vector_size(8 * sizeof(Lane))));
    typedef int32_t Signed __attribute__((vector_size(sizeof(Eight))));
    typedef Out Outs __attribute__((vector_size(8 * sizeof(Out))));
    const auto eight = [&](int64_t p) {
        Eight sum = {};
        for (int row = 0; row < rows; row++) {
            Lanes lanes;
            std::memcpy(&lanes, found + row * (APART + pitch) + p, sizeof lanes);
            sum += __builtin_convertvector(lanes, Eight);
        }
        const Outs outs = __builtin_convertvector(as<Signed>(sum), Outs) + base;
        std::memcpy(out + p, &outs, sizeof outs);
    };
    if (count >= 8) {
        for (int64_t p = 0; p < count - 8; p += 8) eight(p);
        return eight(count - 8);
    }
    for (int64_t p = 0; p < count; p++) {
        uint32_t sum = 0;
        for (int row = 0; row < rows; row++) sum += found[row * (APART + pitch) + p];
        out[p] = base + static_cast<Out>(static_cast<int32_t>(sum));
    }
}

template <class T, class Out, class Lanes, int rows>
void sum_planes(const Lookup& job, const Columns& columns, const Part& part, void* scratch) {
    typedef typename Lanes::Lane Lane;
    typedef typename Lanes::Register Register;
    constexpr bool packed = std::is_same_v<typename Lanes::Group, uint64_t>;  // above the least entries
    Register* const entries = static_cast<Register*>(scratch);
    Lane* const found = reinterpret_cast<Lane*>(entries + patterns_of<T>);
    const T* const w = static_cast<const T*>(job.w) + (part.panel * job.outputs + part.output) * job.terms;
    const int taps = static_cast<int>(job.scan);
    Out base = 0;
    for (int row = 0; row < rows; row++) {
        int64_t column[TAPS];
        for (int j = 0; j < taps; j++) {
            column[j] = w[row * taps + j];
            if (packed) base += static_cast<Out>(static_cast<int64_t>(columns.low[column[j]]));
        }
        const auto table = reinterpret_cast<typename Lanes::Group*>(entries) + row;
        if constexpr (packed) build<Lanes::bits>(columns, column, taps, table, ROWS);
        else build(columns, column, taps, table, ROWS);
    }
    const int64_t count = job.positions[3], pitch = job.x_step[2];
    const int64_t together = (FOUND - count) / pitch + 2 - rows;
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
        scan<T, Lanes, rows>(entries, static_cast<const T*>(job.x) + in, taps, (lines + rows - 2) * pitch + count,
                             found);
        for (int64_t i = 0; i < lines; i++)
            add<Lane, Out, rows>(found + i * pitch, pitch, count, base,
                                 static_cast<Out*>(job.out) + to + i * job.out_step[2]);
    }
}

template <class T, class Out, class Lanes>
void sum_rows(const Lookup& job, const Columns& columns, const Part& part, void* scratch) {
    switch (job.terms / job.scan) {
        case 2: return sum_planes<T, Out, Lanes, 2>(job, columns, part, scratch);
        case 3: return sum_planes<T, Out, Lanes, 3>(job, columns, part, scratch);
        default: return sum_planes<T, Out, Lanes, 4>(job, columns, part, scratch);
    }
}

template <class T, class Out>
void sum_any(const Lookup& job, const Columns& columns, const Part& part, void* scratch) {
    if (fit<T>(job, columns, part)) return sum_rows<T, Out, Narrow>(job, columns, part, scratch);
    if (columns.narrow && job.scan <= 3) return sum_rows<T, Out, Thirds>(job, columns, part, scratch);
    sum_rows<T, Out, Wide>(job, columns, part, scratch);
}

}  // namespace

bool lookup_planes_takes(const Lookup& job) {
    const int64_t rows = job.terms / job.scan, pitch = job.x_step[2], between = pitch - job.positions[3];
    if (job.scan < 2 || job.scan > TAPS || rows < 2 || rows > ROWS || rows * job.scan != job.terms) return false;
    for (int64_t row = 0; row < rows; row++)
        if (job.x_term[row * job.scan] != row * pitch) return false;
    return job.x_step[3] == 1 && job.out_step[3] == 1 && between >= 0 && between <= BETWEEN && rows * pitch <= FOUND;
}

int64_t lookup_planes_scratch(const Lookup& job) {
    return (job.wide ? PATTERNS : 256) * sizeof(Wide::Register) + ROWS * APART * sizeof(uint32_t);
}

void lookup_planes(const Lookup& job, const Columns& columns, const Part& part, void* scratch) {
    if (job.wide)
        job.out_wide ? sum_any<uint16_t, uint64_t>(job, columns, part, scratch)
                     : sum_any<uint16_t, uint32_t>(job, columns, part, scratch);
    else
        job.out_wide ? sum_any<uint8_t, uint64_t>(job, columns, part, scratch)
                     : sum_any<uint8_t, uint32_t>(job, columns, part, scratch);
}

}  // namespace ADEQUATE_PROCESSOR
}  // namespace adequate
