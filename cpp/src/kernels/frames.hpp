#pragma once

#include <cstddef>

#include "../isa.hpp"

namespace kac {

/// A filter's weights of the bins first, first + 1, ...
template <typename Real>
struct Band {
    std::size_t first, count;
    const Real* weights;
};

/// Where results go, a vector a row, `stride` numbers from each to the next. Of magnitudes and
/// levels it may be where they come from, rows of `lanes` numbers.
template <typename Real>
struct Rows {
    Real* to;
    std::size_t count, stride;
};

/// Operations on groups of as many frames as a vector has lanes, before and after their transforms.
/// Sample t of frame s stands at lanes t + s.
template <typename Real>
struct FramesKernel {
    /// to[lanes t + s] = window[t] frames[s][t]
    void (*gather)(const Real* const* frames, const Real* window, std::size_t size, Real* to);

    /// to[s][t] = from[lanes t + s], for the first `count` frames
    void (*scatter)(const Real* from, std::size_t size, std::size_t count, Real* const* to);

    /// Row b of the result is the sum of the rows of `from` by the weights of band b.
    void (*sum)(const Band<Real>* bands, const Real* from, const Rows<Real>& result);

    /// |from[2 k] + i from[2 k + 1]|, row by row, whatever its square is
    void (*magnitude)(const Real* from, const Rows<Real>& result);

    /// max(floor, scale log_10 value), floor for 0; NaN stays NaN
    void (*decibels)(const Real* from, double scale, double floor, const Rows<Real>& result);
};

using FramesKernels = ForEachReal<FramesKernel>;

KAC_KERNELS(FramesKernels, frames_kernels)

}  // namespace kac
