#pragma once

namespace adequate {

// For which the kernels are compiled; each needs what the one before it needs, and more.
enum class Processor { portable = 0, avx2 = 1, avx512 = 2 };

// The most capable of them that runs here.
Processor processor_here();

}  // namespace adequate
