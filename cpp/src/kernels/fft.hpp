#pragma once

#include <cstddef>

#include "../isa.hpp"

namespace kac {

/// One pass of a Fourier transform (derivation in fft.cpp): `radix` spectra of `length` samples
/// each become one, `blocks` times. An odd radix is for odd lengths alone.
template <typename Real>
struct FftPass {
    std::size_t radix, length, blocks;
    const Real* roots;     // w_radix^j: j < radix, as (re, im)
    const Real* twiddles;  // w_{radix length}^{j k}: 1 <= k <= length / 2, then 0 < j < radix
};

/// The passes of a transform of `length` samples, the first of spectra of one sample each.
template <typename Real>
struct FftPasses {
    std::size_t length, count;
    const FftPass<Real>* first;
};

/// Bluestein's algorithm (chirp-z) for lengths with large prime factors (derivation in fft.cpp).
template <typename Real>
struct FftBluestein {
    std::size_t length, shift;
    const Real* factors;  // cos and sin of pi (i - shift)^2 / length: i < length
    const Real* filters;  // spectra of both, over the length m of `passes`, by m: k <= m / 2
    FftPasses<Real> passes;
};

/// What of a spectrum is kept, and where.
enum class FftOutput {
    packed,   // re X_0, re X_1, im X_1, re X_2, ...: as many numbers as there are samples
    complex,  // re X_0, im X_0, re X_1, ...
    power,    // |X_0|^2, |X_1|^2, ...
};
template <typename Real>
struct FftTarget {
    FftOutput output;
    Real* to;
    std::size_t stride;  // from one vector of results to the next, in numbers; packed: `lanes`
};

/// Transforms of `lanes` real signals at once: signal s has the numbers lanes t + s, and no lane
/// sees its neighbour, so that a result does not depend on what else is transformed with it.
template <typename Real>
struct FftKernel {
    std::size_t lanes;
    std::size_t largest_radix;

    /// Both `data` and `work` (as many numbers as samples) are overwritten.
    void (*forward)(const FftPasses<Real>& passes, Real* data, Real* work,
                    const FftTarget<Real>& target);

    /// The same by Bluestein's algorithm; `work` holds four times the samples of its passes.
    void (*bluestein)(const FftBluestein<Real>& plan, const Real* data, Real* work,
                      const FftTarget<Real>& target);
};

using FftKernels = ForEachReal<FftKernel>;

KAC_KERNELS(FftKernels, fft_kernels)

}  // namespace kac
