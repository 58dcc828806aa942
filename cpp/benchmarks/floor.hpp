#pragma once

#include <cstddef>

#include "isa.hpp"

/// What the machine can do at best, in the instruction set in use: the floors of the kernels.
namespace kac {

struct FloorKernels {
    /// `rounds` times eight products of vectors, added to eight sums, all in registers. Returns the
    /// number of floating-point operations.
    std::size_t (*arithmetic_double)(std::size_t rounds, double* keep);
    std::size_t (*arithmetic_single)(std::size_t rounds, float* keep);

    /// to[i] = to[i] + from[i]: two loads and a store. Returns the number of bytes moved.
    std::size_t (*stream)(const double* from, double* to, std::size_t size);
};

KAC_KERNELS(FloorKernels, floor_kernels)

}  // namespace kac
