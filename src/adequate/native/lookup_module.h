#pragma once

#include <nanobind/nanobind.h>

namespace adequate {

void define_lookup(nanobind::module_& module);

}  // namespace adequate
