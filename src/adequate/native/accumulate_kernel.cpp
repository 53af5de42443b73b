// Sums of products that are rounded after every step, a vector of outputs at a time.
//
// Every multiplication here is exact (the caller proves it of the products; the others are by powers of two), so that
// the bits do not depend on whether the compiler fuses it with an addition.

#include "accumulate.h"

#include <type_traits>

#ifdef __AVX512F__
#include <immintrin.h>
#endif

#if defined(ADEQUATE_VECTOR)  // bytes, for tests
#define VECTOR ADEQUATE_VECTOR
#elif defined(__AVX512F__)
#define VECTOR 64
#elif defined(__AVX__)
#define VECTOR 32
#else
#define VECTOR 16
#endif

namespace adequate {
namespace ADEQUATE_PROCESSOR {
namespace {

using std::int64_t;

template <typename Lane> struct Vectors;
template <> struct Vectors<float> {
    typedef float Vector __attribute__((vector_size(VECTOR)));
    typedef float Unaligned __attribute__((vector_size(VECTOR), aligned(4), may_alias));
    typedef std::int32_t Bits __attribute__((vector_size(VECTOR)));
    static constexpr std::int32_t exponent = 0x7F800000;
    static constexpr int lanes = VECTOR / 4;
};
template <> struct Vectors<double> {
    typedef double Vector __attribute__((vector_size(VECTOR)));
    typedef double Unaligned __attribute__((vector_size(VECTOR), aligned(8), may_alias));
    typedef std::int64_t Bits __attribute__((vector_size(VECTOR)));
    static constexpr std::int64_t exponent = 0x7FF0000000000000;
    static constexpr int lanes = VECTOR / 8;
};
template <typename Lane> using Vector = typename Vectors<Lane>::Vector;

// a > b ? a : b and a < b ? a : b, which GCC makes masks and blends of in 512 bits.
#if defined(__AVX512F__) && VECTOR == 64
inline Vector<float> larger(Vector<float> a, Vector<float> b) { return _mm512_max_ps(a, b); }
inline Vector<double> larger(Vector<double> a, Vector<double> b) { return _mm512_max_pd(a, b); }
inline Vector<float> smaller(Vector<float> a, Vector<float> b) { return _mm512_min_ps(a, b); }
inline Vector<double> smaller(Vector<double> a, Vector<double> b) { return _mm512_min_pd(a, b); }
#else
template <typename V> inline V larger(V a, V b) { return a > b ? a : b; }
template <typename V> inline V smaller(V a, V b) { return a < b ? a : b; }
#endif

// c + w x rounded to odd: to the neighbour in the lane whose last bit is 1, where it is no number of the lane.
#if defined(__AVX512F__) && VECTOR == 64
#define DOWN (_MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC)
#define UP (_MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC)
inline Vector<float> odd_sum(Vector<float> c, Vector<float> w, Vector<float> x) {
    const __m512 below = _mm512_fmadd_round_ps(w, x, c, DOWN), above = _mm512_fmadd_round_ps(w, x, c, UP);
    const __mmask16 odd = _mm512_test_epi32_mask(_mm512_castps_si512(below), _mm512_set1_epi32(1));
    return _mm512_mask_blend_ps(odd, above, below);
}
inline Vector<double> odd_sum(Vector<double> c, Vector<double> w, Vector<double> x) {
    const __m512d below = _mm512_fmadd_round_pd(w, x, c, DOWN), above = _mm512_fmadd_round_pd(w, x, c, UP);
    const __mmask8 odd = _mm512_test_epi64_mask(_mm512_castpd_si512(below), _mm512_set1_epi64(1));
    return _mm512_mask_blend_pd(odd, above, below);
}
#undef DOWN
#undef UP
#else
template <typename V> inline V odd_sum(V c, V w, V x) {
    using Lane = std::decay_t<decltype(c[0])>;
    using Bits = typename Vectors<Lane>::Bits;
    const V term = w * x, t = c + term, added = t - c;
    const V lost = (c - (t - added)) + (term - added);                         // t + lost = c + term (Knuth)
    const Bits toward = ((Bits)lost ^ (Bits)t) >> (8 * sizeof(Lane) - 1) | 1;  // -1 is towards 0
    return (V)((Bits)t + (toward & (lost != V{}) & (((Bits)t & 1) - 1)));
}
#endif

// A rounding whose kind is known when it is compiled; LEAST and BOUNDED: whether it has `smallest` and bounds.
template <typename Lane, LaneRounding::Kind KIND, bool LEAST, bool BOUNDED, bool ODD = false> struct Rounder {
    using V = Vector<Lane>;
    using Bits = typename Vectors<Lane>::Bits;
    static constexpr bool rounds = KIND != LaneRounding::none || BOUNDED;
    Lane offset, factor, smallest, low, high;

    explicit Rounder(const LaneRounding& of)
        : offset(static_cast<Lane>(of.offset)),
          factor(static_cast<Lane>(of.factor)),
          smallest(static_cast<Lane>(of.smallest)),
          low(static_cast<Lane>(of.low)),
          high(static_cast<Lane>(of.high)) {}

    inline V operator()(V t) const {
        if (KIND == LaneRounding::fixed) t = (t + offset) - offset;
        if (KIND == LaneRounding::binade) {
            V power = (V)((Bits)t & Vectors<Lane>::exponent);
            if (LEAST) power = larger(power, V{} + smallest);
            const V shifted = power * factor + t;
            t = shifted - power * factor;
        }
        if (BOUNDED) t = smaller(larger(t, V{} + low), V{} + high);
        return t;
    }

    // c + w x, rounded.
    inline V operator()(V c, V w, V x) const { return (*this)(ODD ? odd_sum(c, w, x) : c + w * x); }
};

// ROWS x VECTORS vectors of sums at a time, so that their roundings overlap.
template <typename Lane, int ROWS, int VECTORS, typename Product, typename Sum>
void tile(const Lane* rows, const Lane* columns, Lane* out, const Accumulation& job, Product product, Sum sum) {
    using V = Vector<Lane>;
    using Unaligned = typename Vectors<Lane>::Unaligned;
    constexpr int LANES = Vectors<Lane>::lanes;
    const int64_t terms = job.terms, width = job.width;
    const V one = V{} + 1;
    V total[ROWS][VECTORS] = {};
    for (int64_t first = 0, next; first < terms; first = next) {
        next = terms - first < job.block ? terms : first + job.block;
        V c[ROWS][VECTORS] = {};
        for (int64_t k = first; k < next; k++) {
            V w[VECTORS];
            for (int j = 0; j < VECTORS; j++) w[j] = *(const Unaligned*)(columns + k * width + j * LANES);
            for (int i = 0; i < ROWS; i++) {
                const V x = V{} + rows[i * terms + k];
                for (int j = 0; j < VECTORS; j++)
                    c[i][j] = Product::rounds ? sum(c[i][j], product(w[j] * x), one) : sum(c[i][j], w[j], x);
            }
        }
        for (int i = 0; i < ROWS; i++)
            for (int j = 0; j < VECTORS; j++)
                total[i][j] = first || next < terms ? sum(total[i][j], c[i][j], one) : c[i][j];
    }
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < VECTORS; j++) *(Unaligned*)(out + i * width + j * LANES) = total[i][j];
}

template <typename Lane, typename Product, typename Sum>
void part(const Accumulation& job, const Piece& of, Product product, Sum sum) {
    constexpr int LANES = Vectors<Lane>::lanes;
    const auto rows_at = [&](int64_t row, int64_t count) -> const Lane* {
        const int64_t at = (job.row_of[of.batch] * job.count + row) * job.terms;
        if (!job.widens) return (const Lane*)job.rows + at;
        for (int64_t i = 0; i < count * job.terms; i++) of.widened[i] = ((const float*)job.rows)[at + i];
        return (const Lane*)of.widened;
    };
    const Lane* columns = (const Lane*)job.columns + job.column_of[of.batch] * job.terms * job.width;
    Lane* out = (Lane*)job.out + of.batch * job.count * job.width;
    const int64_t last = of.column + of.columns;
    int64_t row = of.row;
#define TILES(ROWS, VECTORS)                                                                                      \
    for (; column + VECTORS * LANES <= last; column += VECTORS * LANES)                                           \
        tile<Lane, ROWS, VECTORS>(rows, columns + column, out + row * job.width + column, job, product, sum);
    for (; row + 4 <= of.row + of.rows; row += 4) {
        const Lane* const rows = rows_at(row, 4);
        int64_t column = of.column;
        if constexpr (VECTOR == 64) TILES(4, 4)  // there are 32 registers
        TILES(4, 2)
        TILES(4, 1)
    }
    for (; row < of.row + of.rows; row++) {
        const Lane* const rows = rows_at(row, 1);
        int64_t column = of.column;
        TILES(1, 8)
        TILES(1, 1)
    }
#undef TILES
}

template <typename Lane> void in_lanes(const Accumulation& job, const Piece& of) {
    using Exact = Rounder<Lane, LaneRounding::none, false, false>;
    const LaneRounding &product = job.product, &sum = job.sum;
    const bool least = sum.smallest != 0, odd = sum.odd;
#define SUMS(KIND, LEAST, ...) \
    part<Lane>(job, of, Exact(product), Rounder<Lane, LaneRounding::KIND, LEAST, __VA_ARGS__>(sum))
#define PRODUCTS(KIND)                                                                                              \
    if (sum.kind == LaneRounding::binade && odd)                                                                        \
        part<Lane>(job, of, Rounder<Lane, LaneRounding::KIND, true, true>(product),                                     \
                   Rounder<Lane, LaneRounding::binade, true, true, true>(sum));                                         \
    else if (sum.kind == LaneRounding::binade)                                                                          \
        part<Lane>(job, of, Rounder<Lane, LaneRounding::KIND, true, true>(product),                                     \
                   Rounder<Lane, LaneRounding::binade, true, true>(sum));                                               \
    else if (sum.kind == LaneRounding::fixed)                                                                           \
        part<Lane>(job, of, Rounder<Lane, LaneRounding::KIND, true, true>(product),                                     \
                   Rounder<Lane, LaneRounding::fixed, false, true>(sum));                                               \
    else                                                                                                            \
        part<Lane>(job, of, Rounder<Lane, LaneRounding::KIND, true, true>(product),                                     \
                   Rounder<Lane, LaneRounding::none, false, true>(sum));
    switch (product.kind) {
        case LaneRounding::fixed: PRODUCTS(fixed) return;
        case LaneRounding::binade: PRODUCTS(binade) return;
        case LaneRounding::none: break;
    }
    switch (sum.kind) {
        case LaneRounding::none: return sum.bounded ? SUMS(none, false, true) : SUMS(none, false, false);
        case LaneRounding::fixed: return sum.bounded ? SUMS(fixed, false, true) : SUMS(fixed, false, false);
        case LaneRounding::binade:
            if (odd && sum.bounded) return SUMS(binade, true, true, true);
            if (odd) return least ? SUMS(binade, true, false, true) : SUMS(binade, false, false, true);
            if (least) return sum.bounded ? SUMS(binade, true, true) : SUMS(binade, true, false);
            return sum.bounded ? SUMS(binade, false, true) : SUMS(binade, false, false);
    }
#undef PRODUCTS
#undef SUMS
}

}  // namespace

int64_t lanes(bool wide) { return wide ? Vectors<double>::lanes : Vectors<float>::lanes; }

void accumulate(const Accumulation& job, const Piece& of) {
    if (job.wide)
        in_lanes<double>(job, of);
    else
        in_lanes<float>(job, of);
}

}  // namespace ADEQUATE_PROCESSOR
}  // namespace adequate
