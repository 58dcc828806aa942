#pragma once

#include <cstddef>

#include "../isa.hpp"

namespace kac {

/// Operations on all samples of a signal.
template <typename Real>
struct SamplesKernel {
    /// Whether every sample is finite.
    bool (*all_finite)(const Real* samples, std::size_t size);

    /// The smallest and the largest of at least one finite number; a zero of either sign.
    void (*extremes)(const Real* samples, std::size_t size, Real* low, Real* high);

    /// to[j] = (from[j] - low) / span * 2 - 1
    void (*normalise)(const Real* from, std::size_t size, Real low, Real span, Real* to);
};

using SamplesKernels = ForEachReal<SamplesKernel>;

KAC_KERNELS(SamplesKernels, samples_kernels)

}  // namespace kac
