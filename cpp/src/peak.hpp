#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>

#include "describe.hpp"
#include "kac/parallel.hpp"
#include "kernels/envelope.hpp"

namespace kac {

/// @throws std::invalid_argument for a peak that no sound of such numbers can have
template <typename Real>
void require_peak(double peak) {
    constexpr auto most = static_cast<double>(std::numeric_limits<Real>::max());
    if (peak >= 0.0 && peak <= most) return;
    throw std::invalid_argument("the peak must be finite and not negative" +
                                (peak > most && std::isfinite(peak)
                                     ? ", in single precision at most " + describe(most)
                                     : "") +
                                ", got " + describe(peak));
}

/// The power of two that brings a magnitude to between 1/2 and 1, as far as there is one; 1 for 0.
/// Where only the peak of a sound counts, numbers so scaled keep their bits, and have the whole
/// range to themselves.
inline double normaliser(double largest) {
    int exponent = 0;
    std::frexp(largest, &exponent);
    return std::ldexp(1.0, std::clamp(-exponent, -1022, 1022));
}

/// Bring the largest magnitude to `peak`, rounded to a Real. A peak of 0 leaves the sound as it is,
/// and silence stays silence.
template <typename Real>
void scale_to(double peak, std::span<Real> out) {
    if (peak == 0.0) return;
    const EnvelopeKernel<Real>& kernel = envelope_kernels().of<Real>();
    Real largest = 0;
    for_each_chunk(out.size(), [&](std::size_t begin, std::size_t end) {
        largest = std::max(largest, kernel.largest(&out[begin], end - begin));
    });
    if (largest == 0) return;
    for_each_chunk(out.size(), [&](std::size_t begin, std::size_t end) {
        kernel.scale(&out[begin], end - begin, largest, static_cast<Real>(peak));
    });
}

}  // namespace kac
