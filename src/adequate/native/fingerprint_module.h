#pragma once

#include <nanobind/nanobind.h>

namespace adequate {

// fingerprint for Python; the addresses are trusted.
void define_fingerprint(nanobind::module_& module);

}  // namespace adequate
