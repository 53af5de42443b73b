#include "lookup_module.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/array.h>

#include <array>
#include <stdexcept>
#include <string>
#include <vector>

#include "lookup.h"

namespace nb = nanobind;

namespace adequate {
namespace {

using std::int64_t;

constexpr int64_t MOST = INT32_MAX;

template <int DIMS> using Patterns = nb::ndarray<nb::ro, nb::ndim<DIMS>, nb::c_contig, nb::device::cpu>;
template <int DIMS> using Sums = nb::ndarray<nb::ndim<DIMS>, nb::c_contig, nb::device::cpu>;
using Table = nb::ndarray<const std::int32_t, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

void require(bool fine, const char* problem) {
    if (!fine) throw std::invalid_argument(problem);
}

template <int DIMS>
Lookup lookup_of(const Patterns<DIMS>& x, const Patterns<DIMS>& w, const Table& table, const Sums<DIMS>& out) {
    require(x.dtype() == w.dtype(), "x and w hold patterns of different types");
    require(x.dtype() == nb::dtype<std::uint8_t>() || x.dtype() == nb::dtype<std::uint16_t>(),
            "patterns are uint8 or uint16");
    require(out.dtype() == nb::dtype<std::int32_t>() || out.dtype() == nb::dtype<int64_t>(), "sums are int32 or int64");
    Lookup job{};
    job.x = x.data();
    job.w = w.data();
    job.wide = x.dtype() == nb::dtype<std::uint16_t>();
    job.table = table.data();
    job.rows = static_cast<int64_t>(table.shape(0));
    job.columns = static_cast<int64_t>(table.shape(1));
    job.out = out.data();
    job.out_wide = out.dtype() == nb::dtype<int64_t>();
    return job;
}

void run(const Lookup& job, int64_t x_count, int processor, int threads, int route) {
    require(processor >= 0 && processor <= static_cast<int>(processor_here()), "not a processor that is here");
    require(route >= -1 && route <= 4, "a route is -1 (any), 0 (direct), 1 (rows), 2 (scan), 3 (planes) or 4 (permuted)");
    nb::gil_scoped_release others_may_run;
    look_up(job, x_count, static_cast<Processor>(processor), threads, static_cast<Route>(route));
}

void lookup_convolution(Patterns<5> x, Patterns<5> w, Table table, std::array<int64_t, 3> stride,
                        std::array<int64_t, 3> dilation, int64_t groups, Sums<5> out, int processor, int threads,
                        int route) {
    Lookup job = lookup_of<5>(x, w, table, out);
    int64_t in[5], kernel[5], places[5];
    for (int d = 0; d < 5; d++) {
        in[d] = static_cast<int64_t>(x.shape(d));
        kernel[d] = static_cast<int64_t>(w.shape(d));
        places[d] = static_cast<int64_t>(out.shape(d));
    }
    require(groups > 0 && in[1] == groups * kernel[1] && kernel[0] % groups == 0, "channels do not fit the groups");
    require(places[0] == in[0] && places[1] == kernel[0], "the output's images or channels are not those of x and w");
    job.positions[0] = in[0];
    for (int d = 0; d < 3; d++) {
        require(stride[d] > 0 && dilation[d] > 0, "a stride or a dilation is not positive");
        require(stride[d] <= MOST && dilation[d] <= MOST && places[d + 2] <= MOST && kernel[d + 2] <= MOST,
                "a stride, a dilation or a size is 2^31 or more");
        job.positions[d + 1] = places[d + 2];
        const int64_t reach = places[d + 2] ? (places[d + 2] - 1) * stride[d] : 0;
        require(!kernel[d + 2] || !places[d + 2] || reach + (kernel[d + 2] - 1) * dilation[d] < in[d + 2],
                "the output is larger than the input gives");
    }
    const int64_t x_plane[3] = {in[3] * in[4], in[4], 1}, out_plane[3] = {places[3] * places[4], places[4], 1};
    const int64_t volume = in[2] * x_plane[0];
    job.panels = groups;
    job.outputs = kernel[0] / groups;
    job.terms = kernel[1] * kernel[2] * kernel[3] * kernel[4];
    job.out_output = places[2] * out_plane[0];
    job.x_panel = kernel[1] * volume;
    job.out_panel = job.outputs * job.out_output;
    job.x_step[0] = in[1] * volume;
    job.out_step[0] = places[1] * job.out_output;
    for (int d = 0; d < 3; d++) job.x_step[d + 1] = stride[d] * x_plane[d], job.out_step[d + 1] = out_plane[d];
    std::vector<int64_t> terms;
    for (int64_t c = 0; c < kernel[1]; c++)
        for (int64_t i = 0; i < kernel[2]; i++)
            for (int64_t j = 0; j < kernel[3]; j++)
                for (int64_t k = 0; k < kernel[4]; k++)
                    terms.push_back(c * volume + i * dilation[0] * x_plane[0] + j * dilation[1] * x_plane[1] +
                                    k * dilation[2]);
    job.x_term = terms.data();
    job.scan = dilation[2] == 1 && stride[2] < kernel[4] ? kernel[4] : 1;
    run(job, static_cast<int64_t>(x.size()), processor, threads, route);
}

void lookup_matrices(Patterns<3> x, Patterns<3> w, Table table, Sums<3> out, int processor, int threads, int route) {
    Lookup job = lookup_of<3>(x, w, table, out);
    const int64_t rows = static_cast<int64_t>(x.shape(1));
    job.panels = static_cast<int64_t>(x.shape(0));
    job.terms = static_cast<int64_t>(x.shape(2));
    job.outputs = static_cast<int64_t>(w.shape(1));
    require(w.shape(0) == x.shape(0) && w.shape(2) == x.shape(2), "x and w are matrices of different sizes");
    require(out.shape(0) == x.shape(0) && out.shape(1) == x.shape(1) && out.shape(2) == w.shape(1),
            "the output has another size than the product");
    std::vector<int64_t> terms(job.terms);
    for (int64_t k = 0; k < job.terms; k++) terms[k] = k;
    job.x_term = terms.data();
    for (int d = 0; d < 3; d++) job.positions[d] = 1;
    job.positions[3] = rows;
    job.x_step[3] = job.terms;
    job.x_panel = rows * job.terms;
    job.out_step[3] = job.outputs;
    job.out_panel = rows * job.outputs;
    job.out_output = 1;
    job.scan = 1;
    run(job, static_cast<int64_t>(x.size()), processor, threads, route);
}

void pad_patterns(Patterns<5> x, Sums<5> out, std::array<int64_t, 3> before, std::uint16_t zero,
                  int processor, int threads) {
    require(processor >= 0 && processor <= static_cast<int>(processor_here()), "not a processor that is here");
    require(x.dtype() == out.dtype(), "x and out hold patterns of different types");
    require(x.dtype() == nb::dtype<std::uint8_t>() || x.dtype() == nb::dtype<std::uint16_t>(),
            "patterns are uint8 or uint16");
    require(x.shape(0) == out.shape(0) && x.shape(1) == out.shape(1), "x and out have other images or channels");
    Padding job{x.data(), out.data(), x.dtype() == nb::dtype<std::uint16_t>(), zero, 0, {}, {}, {}};
    job.planes = static_cast<int64_t>(x.shape(0) * x.shape(1));
    for (int d = 0; d < 3; d++) {
        job.size[d] = static_cast<int64_t>(x.shape(d + 2));
        job.padded[d] = static_cast<int64_t>(out.shape(d + 2));
        job.before[d] = before[d];
        require(before[d] >= 0 && before[d] <= job.padded[d] - job.size[d], "x lies not inside out");
    }
    nb::gil_scoped_release others_may_run;
    pad(job, static_cast<Processor>(processor), threads);
}

}  // namespace

void define_lookup(nb::module_& module) {
    module.def("pad_patterns", pad_patterns);
    module.def("lookup_convolution", lookup_convolution, nb::arg("x"), nb::arg("w"), nb::arg("table"),
               nb::arg("stride"), nb::arg("dilation"), nb::arg("groups"), nb::arg("out"), nb::arg("processor"),
               nb::arg("threads"), nb::arg("route") = -1);
    module.def("lookup_matrices", lookup_matrices, nb::arg("x"), nb::arg("w"), nb::arg("table"), nb::arg("out"),
               nb::arg("processor"), nb::arg("threads"), nb::arg("route") = -1);
}

}  // namespace adequate
