#pragma once

#include <cstddef>

#include "../isa.hpp"
#include "kac/phase.hpp"

namespace kac {

/// amplitude * sin(2 pi turns n)
struct Oscillator {
    Turns turns;
    double amplitude;
};

/// The two matrices of a chunk of oscillators, each partial's numbers side by side.
template <typename Real>
struct OscillatorMatrices {
    std::size_t partials;
    const Real* row_sin;     // (partials, rows)
    const Real* row_cos;     // (partials, rows)
    const Real* column_sin;  // (strips, partials, columns)
    const Real* column_cos;  // (strips, partials, columns)
};

template <typename Real>
struct OscillatorKernel {
    std::size_t rows;     // blocks that are made at once
    std::size_t columns;  // distances that are

    /// sin and cos of w_k h / 2, h = first, first + step, ...: (partials, width) each.
    void (*fill)(const Oscillator* oscillators, std::size_t partials, std::size_t width,
                 double first, double step, Real* sines, Real* cosines);

    /// Add `rows` blocks of 2 `reach` samples to `out`.
    void (*add_blocks)(const OscillatorMatrices<Real>& matrices, std::size_t reach, Real* out);
};

using OscillatorKernels = ForEachReal<OscillatorKernel>;

KAC_KERNELS(OscillatorKernels, oscillator_kernels)

}  // namespace kac
