// Sums of looked-up products for many outputs: one row of products per activation.
//
// For one term and a block of outputs, P[a] is the row of the products of activation a with the weights of the block.
// A position then adds one row per term: one load for as many products as a vector holds.
//
// Entries are 16-bit lanes above their column's least entry, as unsigned numbers. Rows are added in groups whose sum
// is proven below 2^16 from the ranges of the columns that occur. Seen as 32-bit lanes, such a sum is
// v = odd * 2^16 + even; `both` accumulates v, `odd` accumulates v >> 16, modulo 2^32, and in the end
// even = both - odd * 2^16. Tables of larger ranges have 32-bit lanes instead.

#include "lookup.h"

#include <cstring>

namespace adequate {
namespace ADEQUATE_PROCESSOR {
namespace {

using std::int32_t;
using std::int64_t;
using std::uint16_t;
using std::uint32_t;
using std::uint64_t;
using std::uint8_t;

#if defined(ADEQUATE_VECTOR)
constexpr int WIDEST = ADEQUATE_VECTOR;  // bytes; the compiler takes wider vectors apart
#elif defined(__AVX512BW__)
constexpr int WIDEST = 64;
#elif defined(__AVX2__)
constexpr int WIDEST = 32;
#else
constexpr int WIDEST = 16;
#endif
constexpr int TERMS = 8;  // of a pass over the positions
constexpr int OUTPUTS = 32;  // of a block, at most

template <class T> constexpr int patterns_of = sizeof(T) == 1 ? 256 : PATTERNS;
constexpr int smaller(int a, int b) { return a < b ? a : b; }

template <int BYTES> struct Vector {
    typedef uint16_t u16 __attribute__((vector_size(BYTES)));
    typedef uint32_t u32 __attribute__((vector_size(BYTES)));
};
typedef uint16_t Eight __attribute__((vector_size(16)));

#ifdef __clang__
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, Eight{__VA_ARGS__})
#endif
Eight low_of(Eight a, Eight b) { return SHUFFLE(a, b, 0, 8, 1, 9, 2, 10, 3, 11); }
Eight high_of(Eight a, Eight b) { return SHUFFLE(a, b, 4, 12, 5, 13, 6, 14, 7, 15); }

// Eight columns of so many entries, a multiple of 8, become rows of `width` lanes.
void interleave(const uint16_t* const columns[8], int64_t entries, uint16_t* rows, int width) {
    for (int64_t a = 0; a < entries; a += 8) {
        Eight r[8], s[8];
        for (int i = 0; i < 8; i++) std::memcpy(&r[i], columns[i] + a, 16);
        for (int i = 0; i < 4; i++) s[2 * i] = low_of(r[i], r[i + 4]), s[2 * i + 1] = high_of(r[i], r[i + 4]);
        for (int i = 0; i < 4; i++) r[2 * i] = low_of(s[i], s[i + 4]), r[2 * i + 1] = high_of(s[i], s[i + 4]);
        for (int i = 0; i < 4; i++) s[2 * i] = low_of(r[i], r[i + 4]), s[2 * i + 1] = high_of(r[i], r[i + 4]);
        for (int i = 0; i < 8; i++) std::memcpy(rows + (a + i) * width, &s[i], 16);
    }
}

// One pass: TERMS = GROUPS * SIZE rows a position, SIZE of them added in 16 bits.
template <class T, int WIDTH, int GROUPS, int SIZE>
void add_narrow(const T* const* x, const int64_t* places, int64_t count, const void* tables, void* sums) {
    constexpr int BYTES = smaller(WIDEST, 2 * WIDTH), PARTS = 2 * WIDTH / BYTES;
    typedef typename Vector<BYTES>::u16 Narrow;
    typedef typename Vector<BYTES>::u32 Wide;
    const T* at[GROUPS * SIZE];
    for (int k = 0; k < GROUPS * SIZE; k++) at[k] = x[k];
    const Narrow* const rows = static_cast<const Narrow*>(tables);
    Wide* __restrict sum = static_cast<Wide*>(sums);
    for (int64_t p = 0; p < count; p++, sum += 2 * PARTS) {
        const int64_t place = places[p];
        Wide both[PARTS], odd[PARTS];
        for (int v = 0; v < PARTS; v++) both[v] = sum[v], odd[v] = sum[PARTS + v];
#pragma GCC unroll 8
        for (int g = 0; g < GROUPS; g++) {
            Narrow group[PARTS];
#pragma GCC unroll 8
            for (int s = 0; s < SIZE; s++) {
                const int k = g * SIZE + s;
                const Narrow* row = rows + (k * patterns_of<T> + at[k][place]) * PARTS;
                for (int v = 0; v < PARTS; v++) group[v] = s ? group[v] + row[v] : row[v];
            }
            for (int v = 0; v < PARTS; v++) both[v] += (Wide)group[v], odd[v] += (Wide)group[v] >> 16;
        }
        for (int v = 0; v < PARTS; v++) sum[v] = both[v], sum[PARTS + v] = odd[v];
    }
}

template <class T, int WIDTH, int SIZE>
void add_wide(const T* const* x, const int64_t* places, int64_t count, const void* tables, void* sums) {
    constexpr int BYTES = smaller(WIDEST, 4 * WIDTH), PARTS = 4 * WIDTH / BYTES;
    typedef typename Vector<BYTES>::u32 Wide;
    const T* at[SIZE];
    for (int k = 0; k < SIZE; k++) at[k] = x[k];
    const Wide* const rows = static_cast<const Wide*>(tables);
    Wide* __restrict sum = static_cast<Wide*>(sums);
    for (int64_t p = 0; p < count; p++, sum += PARTS) {
        const int64_t place = places[p];
        Wide total[PARTS];
        for (int v = 0; v < PARTS; v++) total[v] = sum[v];
#pragma GCC unroll 8
        for (int k = 0; k < SIZE; k++) {
            const Wide* row = rows + (k * patterns_of<T> + at[k][place]) * PARTS;
            for (int v = 0; v < PARTS; v++) total[v] += row[v];
        }
        for (int v = 0; v < PARTS; v++) sum[v] = total[v];
    }
}

// Where the positions are: in x, and in the output.
void find_places(const Lookup& job, int64_t first, int64_t count, int64_t* in, int64_t* out) {
    int64_t at[4];
    for (int d = 3; d >= 0; d--) at[d] = first % job.positions[d], first /= job.positions[d];
    for (int64_t p = 0; p < count; p++) {
        in[p] = out[p] = 0;
        for (int d = 0; d < 4; d++) in[p] += at[d] * job.x_step[d], out[p] += at[d] * job.out_step[d];
        for (int d = 3; d >= 0 && ++at[d] == job.positions[d]; d--) at[d] = 0;
    }
}

// Adds to outputs or begins them; they are unsigned, modulo their bits.
template <class Out>
void write(const uint32_t* sums, int width, bool narrow, const uint32_t* base, const int64_t* places, int64_t count,
           int64_t outputs, int64_t step, bool add, Out* out) {
    for (int64_t p = 0; p < count; p += 16) {
        const int64_t end = p + 16 < count ? p + 16 : count;
        for (int64_t o = 0; o < outputs; o++) {
            const int64_t even = narrow ? o / 2 : o, odd = o / 2 + width / 2;
            for (int64_t i = p; i < end; i++) {
                const uint32_t* sum = sums + i * width;
                const uint32_t raw = !narrow ? sum[even] : o % 2 ? sum[odd] : sum[even] - (sum[odd] << 16);
                const Out value = static_cast<Out>(static_cast<int32_t>(raw + base[o]));
                Out& target = out[places[i] + o * step];
                target = add ? target + value : value;
            }
        }
    }
}

struct Scratch {
    int64_t in[TILE], out[TILE];
    alignas(64) uint32_t sums[TILE * OUTPUTS];
    alignas(64) unsigned char tables[1];
};

// So many terms from k on fit groups of `size` whose sums stay below 2^16.
bool fits(const uint32_t (*range)[OUTPUTS], int terms, int size, int width) {
    for (int k = 0; k < terms; k += size)
        for (int o = 0; o < width; o++) {
            uint32_t sum = 0;
            for (int s = 0; s < size; s++) sum += range[k + s][o];
            if (sum > 65535) return false;
        }
    return true;
}

template <class T, int WIDTH>
void sum_block(const Lookup& job, const Columns& columns, const Part& part, Scratch& scratch) {
    const bool narrow = columns.narrow;
    const int64_t outputs = job.outputs - part.output < WIDTH ? job.outputs - part.output : WIDTH;
    const T* x = static_cast<const T*>(job.x) + part.panel * job.x_panel;
    const T* w = static_cast<const T*>(job.w) + (part.panel * job.outputs + part.output) * job.terms;
    find_places(job, part.first, part.count, scratch.in, scratch.out);
    for (int64_t k = 0, end; k < job.terms; k = end) {
        end = job.terms - k < columns.chunk ? job.terms : k + columns.chunk;
        const bool again = k > 0;
        std::memset(scratch.sums, 0, sizeof(uint32_t) * part.count * WIDTH);
        uint32_t base[WIDTH] = {};
        while (k < end) {
            int terms = TERMS;
            while (terms > end - k) terms /= 2;
            const T* at[TERMS];
            uint32_t range[TERMS][OUTPUTS];
            for (int i = 0; i < terms; i++) {
                at[i] = x + job.x_term[k + i];
                int64_t column[WIDTH];
                for (int o = 0; o < WIDTH; o++) {
                    column[o] = o < outputs ? w[o * job.terms + k + i] : job.columns;
                    base[o] += static_cast<uint32_t>(columns.low[column[o]]);
                    range[i][o] = columns.range[column[o]];
                }
                if (narrow) {
                    uint16_t* rows = reinterpret_cast<uint16_t*>(scratch.tables) + i * patterns_of<T> * WIDTH;
                    for (int half = 0; half < WIDTH; half += 8) {
                        const uint16_t* from[8];
                        for (int o = 0; o < 8; o++) from[o] = columns.narrow + column[half + o] * columns.pitch;
                        interleave(from, columns.pitch, rows + half, WIDTH);
                    }
                } else {
                    int32_t* rows = reinterpret_cast<int32_t*>(scratch.tables) + i * patterns_of<T> * WIDTH;
                    for (int o = 0; o < WIDTH; o++)
                        for (int64_t a = 0; a < columns.patterns; a++)
                            rows[a * WIDTH + o] = columns.entries[column[o] * columns.pitch + a];
                }
            }
            typedef void Add(const T* const*, const int64_t*, int64_t, const void*, void*);
            constexpr Add* wide[4] = {add_wide<T, WIDTH, 1>, add_wide<T, WIDTH, 2>, add_wide<T, WIDTH, 4>,
                                      add_wide<T, WIDTH, 8>};
            constexpr Add* adds[4][4] = {
                {add_narrow<T, WIDTH, 1, 1>},
                {add_narrow<T, WIDTH, 2, 1>, add_narrow<T, WIDTH, 1, 2>},
                {add_narrow<T, WIDTH, 4, 1>, add_narrow<T, WIDTH, 2, 2>, add_narrow<T, WIDTH, 1, 4>},
                {add_narrow<T, WIDTH, 8, 1>, add_narrow<T, WIDTH, 4, 2>, add_narrow<T, WIDTH, 2, 4>,
                 add_narrow<T, WIDTH, 1, 8>}};
            const int log = terms == 8 ? 3 : terms / 2;
            int size = log;
            while (narrow && !fits(range, terms, 1 << size, WIDTH)) size--;
            Add* add = narrow ? adds[log][size] : wide[log];
            add(at, scratch.in, part.count, scratch.tables, scratch.sums);
            k += terms;
        }
        const int64_t place = part.panel * job.out_panel + part.output * job.out_output;
        if (job.out_wide)
            write(scratch.sums, WIDTH, narrow, base, scratch.out, part.count, outputs, job.out_output, again,
                  static_cast<uint64_t*>(job.out) + place);
        else
            write(scratch.sums, WIDTH, narrow, base, scratch.out, part.count, outputs, job.out_output, again,
                  static_cast<uint32_t*>(job.out) + place);
    }
}

template <class T> void sum_any(const Lookup& job, const Columns& columns, const Part& part, Scratch& scratch) {
    switch (lookup_rows_width(job.outputs - part.output)) {
        case 8: return sum_block<T, 8>(job, columns, part, scratch);
        case 16: return sum_block<T, 16>(job, columns, part, scratch);
        default: return sum_block<T, 32>(job, columns, part, scratch);
    }
}

}  // namespace

int64_t lookup_rows_width(int64_t outputs) { return outputs <= 8 ? 8 : outputs <= 16 ? 16 : 32; }

int64_t lookup_rows_scratch(const Lookup& job) {
    return sizeof(Scratch) + (job.wide ? PATTERNS : 256) * TERMS * OUTPUTS * sizeof(uint32_t);
}

void lookup_rows(const Lookup& job, const Columns& columns, const Part& part, void* scratch) {
    if (job.wide)
        sum_any<uint16_t>(job, columns, part, *static_cast<Scratch*>(scratch));
    else
        sum_any<uint8_t>(job, columns, part, *static_cast<Scratch*>(scratch));
}

}  // namespace ADEQUATE_PROCESSOR
}  // namespace adequate
