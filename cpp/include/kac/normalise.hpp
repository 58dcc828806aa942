#pragma once

#include <cstddef>
#include <span>

namespace kac {

/// Map the smallest and the largest sample of each signal to -1 and 1, and a constant signal to
/// zeros: out = (x - low) / (high - low) * 2 - 1, in this order, each step rounded to a Real.
///
/// Signals lie one after the other, `length` samples each, and so do the results. Real is double or
/// float; a sample of `out` has the same bits whatever the other signals.
///
/// @throws std::invalid_argument where the arrays do not fit each other, or where a sample is not
///         finite, naming the first of all signals, or else the first signal whose samples lie too
///         far apart for a Real.
template <typename Real>
void normalise(std::span<const Real> signals, std::size_t length, std::span<Real> out);

/// Normalise signal i alone, to `out` of `length` samples, so that threads can share the signals.
/// Errors name the first signal at fault of all, whichever is normalised first.
template <typename Real>
void normalise(std::span<const Real> signals, std::size_t length, std::size_t i,
               std::span<Real> out);

}  // namespace kac
