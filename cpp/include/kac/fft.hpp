#pragma once

#include <complex>
#include <cstddef>
#include <memory>
#include <span>

#include "kac/parallel.hpp"

namespace kac {

/// Samples of the longest transform: six minutes at 48 kHz.
inline constexpr std::size_t longest_fft = std::size_t{1} << 24;

template <typename Real>
class LaneFft;

/// The Fourier transform of real signals of any length: the bins k = 0 ... floor(n / 2) of
///     X_k = sum_j x_j exp(-2 pi i j k / n).
///
/// Costly to construct, then constant, and safe to share between threads. Real is double or float.
template <typename Real>
class RealFft {
  public:
    /// @throws std::invalid_argument for a length of 0 or above longest_fft.
    explicit RealFft(std::size_t length);

    std::size_t length() const;
    std::size_t bins() const { return length() / 2 + 1; }

    /// Spectra of signals that lie one after the other, to spectra that do. The bits of a spectrum
    /// do not depend on the other signals.
    ///
    /// @throws std::invalid_argument unless there are length() and bins() values for each signal.
    void forward(std::span<const Real> signals, std::span<std::complex<Real>> spectra) const;

    /// The same on the threads of an executor.
    ///
    /// @throws std::invalid_argument also for a sample that is not finite, naming the first
    void forward(std::span<const Real> signals, std::span<std::complex<Real>> spectra,
                 const Executor& executor) const;

  private:
    std::size_t require_sizes(std::span<const Real> signals,
                              std::span<std::complex<Real>> spectra) const;

    std::shared_ptr<const LaneFft<Real>> plan_;
};

}  // namespace kac
