#pragma once

#include <nanobind/nanobind.h>

namespace adequate {

// What accelerators need loops for, for Python: multiplied, promote, retire.
void define_accelerators(nanobind::module_& module);

}  // namespace adequate
