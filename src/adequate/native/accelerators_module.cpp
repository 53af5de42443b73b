#include "accelerators_module.h"

#include <nanobind/ndarray.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <stdexcept>
#include <tuple>
#include <vector>

#include "cartesian.h"
#include "processor.h"
#include "promotion.h"
#include "retirement.h"

namespace nb = nanobind;

namespace adequate {
namespace {

using std::int16_t;
using std::int32_t;
using std::int64_t;
using std::uint8_t;

template <typename T, int D> using Array = nb::ndarray<T, nb::ndim<D>, nb::c_contig, nb::device::cpu>;
using Two = std::tuple<int64_t, int64_t>;

void require(bool fine, const char* problem) {
    if (!fine) throw std::invalid_argument(problem);
}

Pair pair_of(const Two& two) {
    require(std::get<0>(two) > 0 && std::get<1>(two) > 0, "sizes are positive");
    return {std::get<0>(two), std::get<1>(two)};
}

void require_here(int processor) {
    require(processor >= 0 && processor <= static_cast<int>(processor_here()), "not a processor that is here");
}

std::tuple<int64_t, int64_t, int64_t> multiply(Array<const int32_t, 3> activation, Array<const int32_t, 4> weight, Two stride,
                                      Two dilation, Two output, Two tiles, int64_t inputs, int64_t weights,
                                      int64_t banks, int64_t block, int processor) {
    require_here(processor);
    const auto kernel = ADEQUATE_ON(processor, multiplied);
    require(weight.shape(1) == activation.shape(0), "activations and weights have different channels");
    require(std::min({inputs, weights, banks, block}) > 0, "sizes are positive");
    require(inputs < 256 && weights < 256 && inputs * weights < 256, "a step has 255 products at most");
    const auto size = [](const auto& array, int at) { return static_cast<int64_t>(array.shape(at)); };
    const Cartesian job{activation.data(),
                        weight.data(),
                        size(activation, 0),
                        size(weight, 0),
                        pair_of({size(activation, 1), size(activation, 2)}),
                        pair_of({size(weight, 2), size(weight, 3)}),
                        pair_of(stride),
                        pair_of(dilation),
                        pair_of(output),
                        pair_of(tiles),
                        inputs,
                        weights,
                        banks,
                        block};
    nb::gil_scoped_release others_may_run;
    const Multiplied found = kernel(job);
    return {found.cycles, found.steps, found.products};
}

void promote_weights(Array<const uint8_t, 4> nonzero, std::vector<Two> offsets, int64_t ahead,
                     Array<int16_t, 4> source, Array<uint8_t, 2> emitted, int processor) {
    require_here(processor);
    const auto kernel = ADEQUATE_ON(processor, promote);
    const int64_t sets = nonzero.shape(0), steps = nonzero.shape(1), filters = nonzero.shape(2), lanes = nonzero.shape(3);
    require(lanes > 0 && lanes <= 64, "there are 1 to 64 lanes");
    require(offsets.size() < 16, "there are at most 15 offsets");
    for (int at = 0; at < 4; at++) require(source.shape(at) == nonzero.shape(at), "the sources have another size");
    require(emitted.shape(0) == nonzero.shape(0) && emitted.shape(1) == nonzero.shape(1), "the steps are others");
    std::vector<Offset> places;
    for (const auto& [later, right] : offsets) {
        require(later > 0 && later < 32767 / lanes, "a weight comes from a later step");
        places.push_back({static_cast<int32_t>(later), static_cast<int32_t>((right % lanes + lanes) % lanes)});
    }
    const Promotion job{nonzero.data(), sets,
                        steps,          filters,
                        lanes,          ahead,
                        places.data(),  static_cast<int64_t>(places.size()),
                        source.data(),  emitted.data()};
    nb::gil_scoped_release others_may_run;
    kernel(job);
}

void retire_terms(Array<const int16_t, 2> magnitudes, Array<const int64_t, 1> steps,
                  Array<const int16_t, 3> source, int64_t reach, Array<uint8_t, 2> cycles, int processor) {
    require_here(processor);
    const auto kernel = ADEQUATE_ON(processor, retire);
    const int64_t rows = source.shape(0), filters = source.shape(1), lanes = source.shape(2);
    const int64_t places = magnitudes.shape(0), windows = magnitudes.shape(1);
    require(windows == 1 || windows % 16 == 0, "windows come in sixteens, or there is one");
    require(reach > 0, "a shift covers a power of two at least");
    require(steps.shape(0) == source.shape(0) && cycles.shape(0) == source.shape(0), "the rows are others");
    require(cycles.shape(1) == magnitudes.shape(1), "the windows are others");
    for (int64_t row = 0; row < rows; row++) {
        const int16_t* const own = source.data() + row * filters * lanes;
        const int64_t first = steps.data()[row] * lanes;
        require(first >= 0, "no such step");
        for (int64_t i = 0; i < filters * lanes; i++) require(own[i] < 0 || first + own[i] < places, "no such place");
    }
    const Retirement job{reinterpret_cast<const std::uint16_t*>(magnitudes.data()),
                         windows,
                         rows,
                         filters,
                         lanes,
                         steps.data(),
                         source.data(),
                         reach,
                         cycles.data()};
    nb::gil_scoped_release others_may_run;
    kernel(job);
}

}  // namespace

void define_accelerators(nb::module_& module) {
    module.def("multiplied", multiply, nb::arg("activation"), nb::arg("weight"), nb::arg("stride"), nb::arg("dilation"),
               nb::arg("output"), nb::arg("tiles"), nb::arg("inputs"), nb::arg("weights"), nb::arg("banks"),
               nb::arg("block"), nb::arg("processor"));
    module.def("promote", promote_weights, nb::arg("nonzero"), nb::arg("offsets"), nb::arg("ahead"), nb::arg("source"),
               nb::arg("emitted"), nb::arg("processor"));
    module.def("retire", retire_terms, nb::arg("magnitudes"), nb::arg("steps"), nb::arg("source"), nb::arg("reach"),
               nb::arg("cycles"), nb::arg("processor"));
}

}  // namespace adequate
