#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "kac/parallel.hpp"

namespace kac {

/// What the spectra of two sounds differ by, summed over their frames and bins, for windows of
/// several lengths n (Hann's, periodic, a quarter of their length apart):
///     linear:      sum | |X| - |Y| |
///     logarithmic: sum | ln sqrt(|X|^2 + e^2) - ln sqrt(|Y|^2 + e^2) |,  e = floor n / 4,
/// where n / 4 is what a sine of amplitude 1 has at its bin. No frame is kept.
///
/// Costly to construct, then constant, and safe to share between threads.
class SpectralDistance {
  public:
    /// @throws std::invalid_argument unless there are windows of 4 to longest_fft samples, each a
    ///         multiple of 4 and a divisor of the longest, and the floor is above 0 and finite.
    SpectralDistance(std::span<const std::size_t> windows, double floor);

    std::size_t windows() const;

    /// How many samples before a block its frames see: three quarters of the longest window.
    std::size_t history() const;

    /// What the length of a block is a multiple of: a quarter of the longest window.
    std::size_t step() const;

    /// Sum the frames that end within a block of two sounds, in which `history()` samples go before
    /// it: to `out` for each window the linear and the logarithmic sum. The number of threads
    /// changes no bit; neither does exchanging the sounds.
    ///
    /// @throws std::invalid_argument where the sizes do not fit each other, or for samples that are
    ///         not finite, or so large that their spectra are not.
    void sums(std::span<const double> x, std::span<const double> y, std::span<double> out,
              const Executor& executor) const;

  private:
    struct Plan;

    std::shared_ptr<const Plan> plan_;
};

}  // namespace kac
