#include "accumulate_module.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/tuple.h>

#include <cmath>
#include <stdexcept>
#include <tuple>

#include "accumulate.h"

namespace nb = nanobind;

namespace adequate {
namespace {

using std::int64_t;

using Matrices = nb::ndarray<nb::ro, nb::ndim<3>, nb::c_contig, nb::device::cpu>;
using Sums = nb::ndarray<nb::ndim<3>, nb::c_contig, nb::device::cpu>;
using Choice = nb::ndarray<const int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Numbers = std::tuple<int, double, double, double, bool, double, double>;

void require(bool fine, const char* problem) {
    if (!fine) throw std::invalid_argument(problem);
}

// kind, offset, factor, smallest, odd, low, high; infinite bounds are none.
LaneRounding rounding_of(const Numbers& given) {
    const auto [kind, offset, factor, smallest, odd, low, high] = given;
    require(kind >= LaneRounding::none && kind <= LaneRounding::binade, "a rounding is 0 (none), 1 (fixed) or 2 (binade)");
    const bool bounded = !std::isinf(low) || !std::isinf(high);
    return {static_cast<LaneRounding::Kind>(kind), offset, factor, smallest, odd, bounded, low, high};
}

void require_choice(const Choice& choice, std::size_t batches, std::size_t matrices) {
    require(choice.shape(0) == batches, "one matrix is chosen for each batch");
    for (std::size_t i = 0; i < batches; i++)
        require(choice.data()[i] >= 0 && choice.data()[i] < static_cast<int64_t>(matrices), "no such matrix");
}

void accumulate_in_lanes(Matrices rows, Choice row_of, Matrices columns, Choice column_of, int64_t block,
                         Numbers product, Numbers sum, Sums out, int processor, int threads) {
    require(processor >= 0 && processor <= static_cast<int>(processor_here()), "not a processor that is here");
    const bool wide = out.dtype() == nb::dtype<double>();
    require(wide || out.dtype() == nb::dtype<float>(), "sums are float32 or float64");
    const bool widens = wide && rows.dtype() == nb::dtype<float>();
    require((widens || rows.dtype() == out.dtype()) && columns.dtype() == out.dtype(),
            "rows, columns and sums are of one type, or the rows float32");
    require(rows.shape(2) == columns.shape(1), "rows and columns have different numbers of terms");
    require(out.shape(1) == rows.shape(1) && out.shape(2) == columns.shape(2), "the sums have another size");
    require(out.shape(2) % lanes(static_cast<Processor>(processor), wide) == 0, "columns come in whole vectors");
    require_choice(row_of, out.shape(0), rows.shape(0));
    require_choice(column_of, out.shape(0), columns.shape(0));
    require(block > 0, "a block is not empty");
    const Accumulation job{wide,
                           widens,
                           rows.data(),
                           columns.data(),
                           row_of.data(),
                           column_of.data(),
                           static_cast<int64_t>(out.shape(0)),
                           static_cast<int64_t>(out.shape(1)),
                           static_cast<int64_t>(rows.shape(2)),
                           static_cast<int64_t>(out.shape(2)),
                           block,
                           rounding_of(product),
                           rounding_of(sum),
                           out.data()};
    nb::gil_scoped_release others_may_run;
    accumulate(job, static_cast<Processor>(processor), threads);
}

}  // namespace

void define_accumulate(nb::module_& module) {
    module.def("accumulate", accumulate_in_lanes, nb::arg("rows"), nb::arg("row_of"), nb::arg("columns"),
               nb::arg("column_of"), nb::arg("block"), nb::arg("product"), nb::arg("sum"), nb::arg("out"),
               nb::arg("processor"), nb::arg("threads"));
    module.def("extent", [](nb::ndarray<nb::ro, nb::ndim<1>, nb::c_contig, nb::device::cpu> x, int processor) {
        require(processor >= 0 && processor <= static_cast<int>(processor_here()), "not a processor that is here");
        const bool wide = x.dtype() == nb::dtype<double>();
        require(wide || x.dtype() == nb::dtype<float>(), "numbers are float32 or float64");
        nb::gil_scoped_release others_may_run;
        const Extent found =
            extent(x.data(), static_cast<int64_t>(x.size()), wide, static_cast<Processor>(processor));
        return std::make_tuple(found.peak, found.step, found.digits);
    });
    module.def("lanes", [](int processor, bool wide) {
        require(processor >= 0 && processor <= static_cast<int>(processor_here()), "not a processor that is here");
        return lanes(static_cast<Processor>(processor), wide);
    });
}

}  // namespace adequate
