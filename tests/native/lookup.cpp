// Looked-up sums of odd shapes, every route and processor that runs here, against a loop over the definition. Buffers
// have exactly the sizes that are needed, so that a sanitizer sees every step beyond.

#include "lookup.h"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <stdexcept>
#include <vector>

using namespace adequate;
using std::int32_t;
using std::int64_t;

namespace {

std::mt19937_64 random_bits(1);
int64_t below(int64_t n) { return static_cast<int64_t>(random_bits() % static_cast<uint64_t>(n)); }

template <class T> struct Buffer {
    std::unique_ptr<T[]> data;
    int64_t size;
    explicit Buffer(int64_t size) : data(new T[size]), size(size) {}
    T* get() { return data.get(); }
};

template <class T, class Out> int64_t compare(bool convolution, Processor processor, Route route) {
    const int64_t rows = sizeof(T) == 1 ? 1 + below(256) : 1 + below(3000), columns = 1 + below(sizeof(T) == 1 ? 256 : 40);
    const int64_t kind = below(3), span = kind == 0 ? 65536 : kind == 1 ? int64_t(1) << 32 : 2000;
    Buffer<int32_t> table(rows * columns);
    for (int64_t i = 0; i < table.size; i++)
        table.get()[i] = static_cast<int32_t>(kind == 1 ? below(span) - (int64_t(1) << 31) : below(span) - 1000);
    Lookup job{};
    job.wide = sizeof(T) == 2;
    job.table = table.get();
    job.rows = rows, job.columns = columns;
    job.out_wide = sizeof(Out) == 8;
    std::vector<int64_t> terms;
    int64_t x_size;
    if (convolution) {
        const bool plane = below(2), large = plane && below(8) == 0;  // of several bands
        const int64_t c = plane ? 1 : 1 + below(3), kh = 1 + below(plane ? 4 : 3), kw = 1 + below(plane ? 4 : 7);
        const int64_t dh = 1 + below(2), dw = plane ? 1 : 1 + below(2);
        const int64_t sh = plane ? dh : 1 + below(2), sw = plane ? 1 : 1 + below(3), n = 1 + below(2);
        const int64_t oh = 1 + below(large ? 200 : 4), ow = 1 + below(large ? 60 : 30);
        const int64_t h = (oh - 1) * sh + (kh - 1) * dh + 1, width = (ow - 1) * sw + (kw - 1) * dw + 1;
        job.panels = 1 + below(3), job.outputs = 1 + below(large ? 2 : below(2) ? 3 : 70), job.terms = c * kh * kw;
        for (int64_t i = 0; i < c; i++)
            for (int64_t j = 0; j < kh; j++)
                for (int64_t k = 0; k < kw; k++) terms.push_back(i * h * width + j * dh * width + k * dw);
        const int64_t grid[4] = {n, 1, oh, ow}, in[4] = {job.panels * c * h * width, 0, sh * width, sw};
        const int64_t out[4] = {job.panels * job.outputs * oh * ow, 0, ow, 1};
        for (int d = 0; d < 4; d++) job.positions[d] = grid[d], job.x_step[d] = in[d], job.out_step[d] = out[d];
        job.x_panel = c * h * width, job.out_output = oh * ow, job.out_panel = job.outputs * oh * ow;
        job.scan = dw == 1 && sw < kw ? kw : 1;
        x_size = n * job.panels * c * h * width;
    } else {
        const bool tiles = below(8) == 0;  // several of them
        const int64_t m = tiles ? TILE + 1 + below(TILE) : 1 + below(100);
        job.panels = 1 + below(2), job.outputs = 1 + below(tiles ? 9 : 70), job.terms = 1 + below(tiles ? 4 : 40);
        for (int64_t k = 0; k < job.terms; k++) terms.push_back(k);
        for (int d = 0; d < 3; d++) job.positions[d] = 1;
        job.positions[3] = m, job.x_step[3] = job.terms, job.out_step[3] = job.outputs;
        job.x_panel = m * job.terms, job.out_panel = m * job.outputs, job.out_output = 1, job.scan = 1;
        x_size = job.panels * m * job.terms;
    }
    job.x_term = terms.data();
    Buffer<T> x(x_size), w(job.panels * job.outputs * job.terms);
    for (int64_t i = 0; i < x.size; i++) x.get()[i] = static_cast<T>(below(rows));
    for (int64_t i = 0; i < w.size; i++) w.get()[i] = static_cast<T>(below(columns));
    const int64_t places = job.positions[0] * job.positions[1] * job.positions[2] * job.positions[3];
    Buffer<Out> out(job.panels * job.outputs * places);
    job.x = x.get(), job.w = w.get(), job.out = out.get();
    look_up(job, x.size, processor, 1 + static_cast<int>(below(3)), route);
    int64_t wrong = 0;
    for (int64_t g = 0; g < job.panels; g++)
        for (int64_t p = 0; p < places; p++)
            for (int64_t o = 0; o < job.outputs; o++) {
                int64_t in = g * job.x_panel, to = g * job.out_panel + o * job.out_output;
                for (int64_t d = 3, rest = p; d >= 0; rest /= job.positions[d--]) {
                    in += rest % job.positions[d] * job.x_step[d];
                    to += rest % job.positions[d] * job.out_step[d];
                }
                int64_t sum = 0;
                for (int64_t k = 0; k < job.terms; k++)
                    sum += table.get()[x.get()[in + terms[k]] * columns + w.get()[(g * job.outputs + o) * job.terms + k]];
                wrong += out.get()[to] != static_cast<Out>(sum);
            }
    return wrong;
}

template <class T> int64_t frame(Processor processor) {
    Padding job{};
    job.wide = sizeof(T) == 2;
    job.zero = static_cast<std::uint16_t>(below(200));
    job.planes = 1 + below(3);
    int64_t size = job.planes, padded = job.planes;
    for (int d = 0; d < 3; d++) {
        job.size[d] = below(4), job.before[d] = below(3), job.padded[d] = job.size[d] + job.before[d] + below(3);
        size *= job.size[d], padded *= job.padded[d];
    }
    Buffer<T> x(size), out(padded);
    for (int64_t i = 0; i < size; i++) x.get()[i] = static_cast<T>(below(256));
    job.x = x.get(), job.out = out.get();
    pad(job, processor, 1 + static_cast<int>(below(3)));
    int64_t wrong = 0;
    for (int64_t i = 0; i < padded; i++) {
        int64_t at = i / job.padded[2] / job.padded[1] / job.padded[0];
        const int64_t place[3] = {i / job.padded[2] / job.padded[1] % job.padded[0], i / job.padded[2] % job.padded[1],
                                  i % job.padded[2]};
        bool inside = true;
        for (int d = 0; d < 3; d++) {
            inside = inside && place[d] >= job.before[d] && place[d] < job.before[d] + job.size[d];
            at = at * job.size[d] + place[d] - job.before[d];
        }
        wrong += out.get()[i] != (inside ? x.get()[at] : static_cast<T>(job.zero));
    }
    return wrong;
}

}  // namespace

int main() {
    int64_t wrong = 0, cases = 0;
    for (int processor = 0; processor <= PROCESSORS; processor++) {
        for (int i = 0; i < 50; i++, cases += 2)
            wrong += frame<uint8_t>(static_cast<Processor>(processor)) + frame<uint16_t>(static_cast<Processor>(processor));
        for (int route = -1; route <= 4; route++)
            for (int i = 0; i < 24; i++, cases += 4) {
                const Processor p = static_cast<Processor>(processor);
                const Route r = static_cast<Route>(route);
                wrong += compare<uint8_t, int32_t>(i % 2, p, r);
                wrong += compare<uint8_t, int64_t>(i % 2, p, r);
                wrong += compare<uint16_t, int32_t>(i % 2, p, r);
                wrong += compare<uint16_t, int64_t>(i % 2, p, r);
            }
    }
    uint8_t beyond[1] = {7}, inside[1] = {0};
    int32_t table[4] = {}, out[1];
    const int64_t term[1] = {0};
    Lookup job{beyond, inside, false, table, 2, 2, 1, 1, 1, term, {1, 1, 1, 1}, {}, 0, {}, 0, 0, 1, out, false};
    for (int swapped = 0; swapped < 2; swapped++, job.x = inside, job.w = beyond) try {
            look_up(job, 1, Processor::portable, 1, Route::any);
            wrong++;
        } catch (const std::invalid_argument&) {
        }
    std::printf("%lld wrong of %lld\n", static_cast<long long>(wrong), static_cast<long long>(cases));
    return wrong != 0;
}
