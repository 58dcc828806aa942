#pragma once

#include <string_view>

namespace kac {

/// Number of processors this process may run on (its affinity mask where the system has one).
unsigned available_threads();

/// Name of the instruction set that the kernels of this build use. Sounds are the same with all of
/// them; spectra rest on the C library's sine of a long double, whose width differs, and so may
/// their last bits: a dataset records it.
std::string_view instruction_set();

}  // namespace kac
