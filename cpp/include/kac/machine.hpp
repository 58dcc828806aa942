#pragma once

#include <string_view>
#include <vector>

namespace kac {

/// Return the number of processors that this process may run on (its affinity mask where the system
/// has one).
unsigned available_threads();

/// Return the name of the instruction set that the kernels use: the best of this machine, or the
/// one that the environment variable KAC_ISA names.
///
/// Sounds and spectra are the same with all of them, to the last bit, but for those of circular
/// drums, whose amplitudes rest on the C library's Bessel functions and may differ in their last
/// bits from machine to machine: a dataset records the name.
///
/// @throws std::invalid_argument if KAC_ISA names none that this machine has
std::string_view instruction_set();

/// Return the names of the instruction sets that this machine and this build have, the best last.
std::vector<std::string_view> instruction_sets();

}  // namespace kac
