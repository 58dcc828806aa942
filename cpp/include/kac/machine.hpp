#pragma once

#include <string_view>

namespace kac {

/// Number of processors this process may run on (its affinity mask where the system has one).
unsigned available_threads();

/// Name of the instruction set that the kernels of this build use. Sounds rendered with different
/// ones may differ in their last bits, so a dataset records it.
std::string_view instruction_set();

}  // namespace kac
