#include "samples.hpp"

namespace kac::KAC_TARGET_ISA {

namespace {

/// Samples looked at side by side, because the compiler may not change the order of sums and
/// comparisons on its own. Four of the widest vectors: with fewer samples gcc unrolls the inner
/// loop, and then sees no vectors in it.
template <typename Real>
constexpr std::size_t abreast = 256 / sizeof(Real);

/// x - x is 0, or NaN for what is not finite, and a sum keeps that: no branch a sample.
template <typename Real>
bool all_finite(const Real* samples, std::size_t size) {
    Real sums[abreast<Real>] = {};
    std::size_t i = 0;
    for (; i + abreast<Real> <= size; i += abreast<Real>) {
        for (std::size_t l = 0; l < abreast<Real>; ++l) sums[l] += samples[i + l] - samples[i + l];
    }
    Real sum = 0;
    for (; i < size; ++i) sum += samples[i] - samples[i];
    for (std::size_t l = 0; l < abreast<Real>; ++l) sum += sums[l];
    return sum == 0;
}

template <typename Real>
void extremes(const Real* samples, std::size_t size, Real* low, Real* high) {
    Real lows[abreast<Real>], highs[abreast<Real>];
    for (std::size_t l = 0; l < abreast<Real>; ++l) lows[l] = highs[l] = samples[0];
    std::size_t i = 0;
    for (; i + abreast<Real> <= size; i += abreast<Real>) {
        for (std::size_t l = 0; l < abreast<Real>; ++l) {
            const Real value = samples[i + l];
            lows[l] = value < lows[l] ? value : lows[l];
            highs[l] = highs[l] < value ? value : highs[l];
        }
    }
    Real lowest = samples[0], highest = samples[0];
    for (std::size_t l = 0; l < abreast<Real>; ++l) {
        lowest = lows[l] < lowest ? lows[l] : lowest;
        highest = highest < highs[l] ? highs[l] : highest;
    }
    for (; i < size; ++i) {
        lowest = samples[i] < lowest ? samples[i] : lowest;
        highest = highest < samples[i] ? samples[i] : highest;
    }
    // -0 + 0 is +0: which of two zeros comes first is a matter of how many stand abreast.
    *low = lowest + 0;
    *high = highest + 0;
}

/// In this order the ends come out as exactly -1 and 1, and nothing beyond them.
template <typename Real>
void normalise(const Real* from, std::size_t size, Real low, Real span, Real* to) {
    for (std::size_t j = 0; j < size; ++j) to[j] = (from[j] - low) / span * 2 - 1;
}

template <typename Real>
constexpr SamplesKernel<Real> kernel = {all_finite<Real>, extremes<Real>, normalise<Real>};

}  // namespace

constinit const SamplesKernels samples_kernels = {kernel<double>, kernel<float>};

}  // namespace kac::KAC_TARGET_ISA
