#include <nanobind/nanobind.h>

#include "accelerators_module.h"
#include "accumulate_module.h"
#include "fingerprint_module.h"
#include "lookup_module.h"
#include "processor.h"
#include "quantize_module.h"

NB_MODULE(_native, module) {
    module.doc() = "The kernels that are compiled; adequate.native says which of them run.";
    module.def("processor", [] { return static_cast<int>(adequate::processor_here()); });
    adequate::define_accelerators(module);
    adequate::define_accumulate(module);
    adequate::define_fingerprint(module);
    adequate::define_lookup(module);
    adequate::define_quantizers(module);
}
