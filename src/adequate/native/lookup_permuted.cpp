// Sums of looked-up products for few outputs and bytes as patterns: 32 positions at a time, by instructions that permute
// the words of registers.
//
// A weight's column of the table is one to four pairs of registers of 32 words each; the lowest six bits of a pattern
// choose among the words of a pair, the others among the pairs. Words are added as they are while the ranges of their
// columns prove that 16 bits hold the sum, then in 32 bits. Lines that lie closely one behind the other in the input are
// one line, whose sums between them are thrown away.

#include "lookup.h"

#include <cstring>

#ifdef __AVX512BW__
#include <immintrin.h>
#endif

namespace adequate {
namespace ADEQUATE_PROCESSOR {

using std::int32_t;
using std::int64_t;
using std::uint16_t;
using std::uint32_t;
using std::uint64_t;
using std::uint8_t;

#ifdef __AVX512BW__
namespace {

constexpr int64_t AT_ONCE = 32;      // positions
constexpr int64_t FOUND = 4096;      // positions of lines that are one, at most
constexpr int64_t BETWEEN = 16;      // of them between two lines, at most
constexpr int64_t TERMS = 1 << 15;   // at most: as many words fit 31 bits

struct Term {
    const uint16_t* column;
    int64_t x;
    bool last;  // before the sum in 16 bits passes into 32
};

// A weight's column in registers.
template <int pairs>
struct Words {
    __m512i pair[pairs][2];

    explicit Words(const uint16_t* column) {
        for (int i = 0; i < 2 * pairs; i++) pair[i / 2][i % 2] = _mm512_loadu_si512(column + 32 * i);
    }
    __m512i chosen(int i, __m512i x) const { return _mm512_permutex2var_epi16(pair[i][0], x, pair[i][1]); }
    __m512i operator[](__m512i x) const {
        if constexpr (pairs == 1) return chosen(0, x);
        const __mmask32 odd = _mm512_test_epi16_mask(x, _mm512_set1_epi16(64));
        const __m512i low = _mm512_mask_blend_epi16(odd, chosen(0, x), chosen(pairs > 1, x));
        if constexpr (pairs == 2) return low;
        const __mmask32 high = _mm512_test_epi16_mask(x, _mm512_set1_epi16(128));
        const __m512i rest = _mm512_mask_blend_epi16(odd, chosen(pairs / 4 * 2, x), chosen(pairs / 4 * 3, x));
        return _mm512_mask_blend_epi16(high, low, rest);
    }
};

// The sums above the least entries at so many positions in turn, and some more, in so many vectors.
template <int pairs, int vectors>
void sum_vectors(const Term* terms, const Term* end, const uint8_t* x, int64_t count, uint32_t* found) {
    const int64_t rest = count - (vectors - 1) * AT_ONCE;
    const __mmask32 there = rest < AT_ONCE ? (__mmask32(1) << rest) - 1 : ~__mmask32(0);
    __m512i words[vectors] = {}, early[vectors] = {}, late[vectors] = {};
    for (const Term* term = terms; term < end; term++) {
        const Words<pairs> column(term->column);
        for (int v = 0; v < vectors; v++) {
            const __mmask32 mask = v == vectors - 1 ? there : ~__mmask32(0);
            const __m256i patterns = _mm256_maskz_loadu_epi8(mask, x + term->x + v * AT_ONCE);
            words[v] = _mm512_add_epi16(words[v], column[_mm512_cvtepu8_epi16(patterns)]);
        }
        if (!term->last) continue;
        for (int v = 0; v < vectors; v++) {
            early[v] = _mm512_add_epi32(early[v], _mm512_cvtepu16_epi32(_mm512_castsi512_si256(words[v])));
            late[v] = _mm512_add_epi32(late[v], _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(words[v], 1)));
            words[v] = _mm512_setzero_si512();
        }
    }
    for (int v = 0; v < vectors; v++) {
        _mm512_storeu_si512(found + v * AT_ONCE, early[v]);
        _mm512_storeu_si512(found + v * AT_ONCE + 16, late[v]);
    }
}

template <int pairs>
void sum_run(const Term* terms, const Term* end, const uint8_t* x, int64_t count, uint32_t* found) {
    for (; count > 3 * AT_ONCE; count -= 4 * AT_ONCE, x += 4 * AT_ONCE, found += 4 * AT_ONCE)
        sum_vectors<pairs, 4>(terms, end, x, count < 4 * AT_ONCE ? count : 4 * AT_ONCE, found);
    if (count > 2 * AT_ONCE) return sum_vectors<pairs, 3>(terms, end, x, count, found);
    if (count > AT_ONCE) return sum_vectors<pairs, 2>(terms, end, x, count, found);
    if (count > 0) sum_vectors<pairs, 1>(terms, end, x, count, found);
}

// out = base + found.
void write(const uint32_t* found, int64_t count, uint32_t base, uint32_t* out) {
    const __m512i added = _mm512_set1_epi32(static_cast<int32_t>(base));
    for (int64_t p = 0; p < count; p += 16) {
        const __mmask16 there = count - p < 16 ? (__mmask16(1) << (count - p)) - 1 : ~__mmask16(0);
        _mm512_mask_storeu_epi32(out + p, there, _mm512_add_epi32(added, _mm512_loadu_si512(found + p)));
    }
}

void write(const uint32_t* found, int64_t count, uint64_t base, uint64_t* out) {
    for (int64_t p = 0; p < count; p++) out[p] = base + found[p];
}

template <class Out>
void sum_output(const Lookup& job, const Columns& columns, const Part& part, int64_t output, uint32_t* found,
                Term* terms) {
    const uint8_t* const w = static_cast<const uint8_t*>(job.w) + (part.panel * job.outputs + output) * job.terms;
    Out base = 0;
    uint32_t range = 0;
    for (int64_t k = 0; k < job.terms; k++) {
        if (k && range + columns.range[w[k]] > 65535) terms[k - 1].last = true, range = 0;
        range += columns.range[w[k]];
        terms[k] = {columns.narrow + w[k] * columns.pitch, job.x_term[k], k == job.terms - 1};
        base += static_cast<Out>(static_cast<int64_t>(columns.low[w[k]]));
    }
    const auto run = columns.patterns <= 64 ? sum_run<1> : columns.patterns <= 128 ? sum_run<2> : sum_run<4>;
    const int64_t count = job.positions[3], pitch = job.x_step[2], between = pitch - count;
    const bool close = between >= 0 && between <= BETWEEN && count <= FOUND;
    const int64_t most = close ? (FOUND - count) / pitch + 1 : 1;
    const uint8_t* const x = static_cast<const uint8_t*>(job.x) + part.panel * job.x_panel;
    Out* const out = static_cast<Out*>(job.out) + part.panel * job.out_panel + output * job.out_output;
    for (int64_t i = part.first; i < part.first + part.count; i++)
        for (int64_t d = 0; d < job.positions[1]; d++)
            for (int64_t line = 0, lines; line < job.positions[2]; line += lines) {
                lines = most < job.positions[2] - line ? most : job.positions[2] - line;
                const int64_t at[3] = {i, d, line};
                int64_t in = 0, to = 0;
                for (int j = 0; j < 3; j++) in += at[j] * job.x_step[j], to += at[j] * job.out_step[j];
                for (int64_t p = 0, there; p < count; p += there) {  // a part of a line, or whole lines
                    there = count - p < FOUND ? count - p : FOUND;
                    run(terms, terms + job.terms, x + in + p, (lines - 1) * pitch + there, found);
                    for (int64_t l = 0; l < lines; l++)
                        write(found + l * pitch, there, base, out + to + l * job.out_step[2] + p);
                }
            }
}

template <class Out>
void sum_images(const Lookup& job, const Columns& columns, const Part& part, void* scratch) {
    uint32_t* const found = static_cast<uint32_t*>(scratch);
    Term* const terms = reinterpret_cast<Term*>(found + FOUND + AT_ONCE);
    for (int64_t o = 0; o < job.outputs; o++) sum_output<Out>(job, columns, part, o, found, terms);
}

}  // namespace

bool lookup_permuted_takes(const Lookup& job) {
    return !job.wide && job.x_step[3] == 1 && job.out_step[3] == 1 && job.terms <= TERMS;
}

int64_t lookup_permuted_scratch(const Lookup& job) {
    return (FOUND + AT_ONCE) * sizeof(uint32_t) + job.terms * sizeof(Term);
}

void lookup_permuted(const Lookup& job, const Columns& columns, const Part& part, void* scratch) {
    job.out_wide ? sum_images<uint64_t>(job, columns, part, scratch)
                 : sum_images<uint32_t>(job, columns, part, scratch);
}

#else

bool lookup_permuted_takes(const Lookup&) { return false; }

int64_t lookup_permuted_scratch(const Lookup&) { return 0; }

void lookup_permuted(const Lookup&, const Columns&, const Part&, void*) {}

#endif

}  // namespace ADEQUATE_PROCESSOR
}  // namespace adequate
