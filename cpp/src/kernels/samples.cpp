#include "samples.hpp"

namespace kac::KAC_TARGET_ISA {

namespace {

/// How many samples are processed side by side, because the compiler may not change the order of
/// sums and comparisons. Four of the widest vectors: with fewer samples gcc unrolls the inner
/// loop, and then sees no vectors in it.
template <typename Real>
constexpr std::size_t side_by_side = 256 / sizeof(Real);

/// x - x is 0, or NaN where x is not finite, and a sum keeps that: no branch per sample.
template <typename Real>
bool all_finite(const Real* samples, std::size_t size) {
    Real sums[side_by_side<Real>] = {};
    std::size_t i = 0;
    for (; i + side_by_side<Real> <= size; i += side_by_side<Real>) {
        for (std::size_t l = 0; l < side_by_side<Real>; ++l)
            sums[l] += samples[i + l] - samples[i + l];
    }
    Real sum = 0;
    for (; i < size; ++i) sum += samples[i] - samples[i];
    for (std::size_t l = 0; l < side_by_side<Real>; ++l) sum += sums[l];
    return sum == 0;
}

template <typename Real>
void extremes(const Real* samples, std::size_t size, Real* low, Real* high) {
    Real lows[side_by_side<Real>], highs[side_by_side<Real>];
    for (std::size_t l = 0; l < side_by_side<Real>; ++l) lows[l] = highs[l] = samples[0];
    std::size_t i = 0;
    for (; i + side_by_side<Real> <= size; i += side_by_side<Real>) {
        for (std::size_t l = 0; l < side_by_side<Real>; ++l) {
            const Real value = samples[i + l];
            lows[l] = value < lows[l] ? value : lows[l];
            highs[l] = highs[l] < value ? value : highs[l];
        }
    }
    Real lowest = samples[0], highest = samples[0];
    for (std::size_t l = 0; l < side_by_side<Real>; ++l) {
        lowest = lows[l] < lowest ? lows[l] : lowest;
        highest = highest < highs[l] ? highs[l] : highest;
    }
    for (; i < size; ++i) {
        lowest = samples[i] < lowest ? samples[i] : lowest;
        highest = highest < samples[i] ? samples[i] : highest;
    }
    // -0 + 0 is +0: which of two zeros is found depends on how many samples are side by side.
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
