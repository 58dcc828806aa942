#pragma once

#include <cstddef>

#include "../isa.hpp"

namespace kac {

/// Operations on all samples of a finished sum of partials.
template <typename Real>
struct EnvelopeKernel {
    /// samples[j] *= start * within[j]
    void (*decay)(Real* samples, std::size_t count, double start, const double* within);

    /// The largest magnitude, 0 of none.
    Real (*largest)(const Real* samples, std::size_t count);

    /// samples[j] = samples[j] / largest * peak
    void (*scale)(Real* samples, std::size_t count, Real largest, Real peak);
};

using EnvelopeKernels = ForEachReal<EnvelopeKernel>;

KAC_KERNELS(EnvelopeKernels, envelope_kernels)

}  // namespace kac
