#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "kac/parallel.hpp"
#include "kernels/envelope.hpp"

namespace kac {

template <typename Real>
const EnvelopeKernel<Real>& envelope() {
    if constexpr (sizeof(Real) == sizeof(double)) return envelope_kernels().double_precision;
    if constexpr (sizeof(Real) == sizeof(float)) return envelope_kernels().single_precision;
}

/// Bring the largest magnitude to `peak`, exactly. A peak of 0 leaves the sound as it is, and
/// silence stays silence.
template <typename Real>
void scale_to(Real peak, std::span<Real> out) {
    if (peak == 0) return;
    const EnvelopeKernel<Real>& kernel = envelope<Real>();
    Real largest = 0;
    in_parts(out.size(), [&](std::size_t begin, std::size_t end) {
        largest = std::max(largest, kernel.largest(&out[begin], end - begin));
    });
    if (largest == 0) return;
    in_parts(out.size(), [&](std::size_t begin, std::size_t end) {
        kernel.scale(&out[begin], end - begin, largest, peak);
    });
}

}  // namespace kac
