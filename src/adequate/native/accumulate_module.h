#pragma once

#include <nanobind/nanobind.h>

namespace adequate {

void define_accumulate(nanobind::module_& module);

}  // namespace adequate
