#pragma once

#include <cstddef>
#include <span>

namespace kac {

/// Check the values [begin, end) of signals that lie one after the other, `length` samples each.
/// Real is double or float.
///
/// @throws std::invalid_argument if one is not a finite number, naming the signal and the sample of
///         the first of all signals, whichever share it is in.
template <typename Real>
void require_finite(std::span<const Real> signals, std::size_t length, std::size_t begin,
                    std::size_t end);

}  // namespace kac
