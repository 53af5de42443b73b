#pragma once

#include <nanobind/nanobind.h>

namespace adequate {

// quantize_fixed, quantize_minifloat and quantize_power_of_two for Python; the addresses are trusted.
void define_quantizers(nanobind::module_& module);

}  // namespace adequate
