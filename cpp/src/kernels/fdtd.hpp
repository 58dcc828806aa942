#pragma once

#include <cstddef>
#include <cstdint>

#include "../isa.hpp"

namespace kac {

/// Aligned vectors side by side in a field, all their cells live but for some of the first and of
/// the last: bit i of `first` and `last` is set where cell i of that vector lives.
struct FdtdRun {
    std::size_t begin;
    std::size_t vectors;
    std::uint32_t first, last;
};

template <typename Real>
struct FdtdStep {
    const FdtdRun* runs;
    std::size_t count;
    std::size_t stride;
    Real c_0, c_1, c_2;
    const Real* current;
    Real* previous;  // becomes the next field
};

template <typename Real>
struct FdtdKernel {
    std::size_t lanes;  // of a vector
    void (*step)(const FdtdStep<Real>& step);
};

using FdtdKernels = ForEachReal<FdtdKernel>;

KAC_KERNELS(FdtdKernels, fdtd_kernels)

}  // namespace kac
