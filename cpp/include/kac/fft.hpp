#pragma once

#include <complex>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "kac/lanes.hpp"

namespace kac {

/// exp(-2 pi i k / n), each part correct to the last bit or so, whatever k and n.
std::complex<double> root_of_unity(std::size_t k, std::size_t n);

/// The Fourier transform of complex signals of any length: X_k = sum_j x_j exp(-2 pi i j k / n).
///
/// Costly to construct, then constant, and safe to share between threads. Buffers hold complex
/// numbers as alternating real and imaginary `Lanes`.
class ComplexFft {
  public:
    /// @throws std::invalid_argument for a length of 0.
    explicit ComplexFft(std::size_t length);

    std::size_t length() const { return length_; }

    /// How many `Lanes` of working memory `forward` needs.
    std::size_t workspace() const;

    /// Transform the 2 * length() `data`, which are overwritten, and so is `work`.
    ///
    /// @returns the 2 * length() values of the spectrum; they lie in `data` or in `work`.
    const Lanes* forward(Lanes* data, Lanes* work) const;

  private:
    struct Plan;

    std::size_t length_;
    std::shared_ptr<const Plan> plan_;
};

/// The Fourier transform of real signals of any length: the bins k = 0 ... floor(n / 2).
///
/// Costly to construct, then constant, and safe to share between threads.
class RealFft {
  public:
    /// @throws std::invalid_argument for a length of 0.
    explicit RealFft(std::size_t length);

    std::size_t length() const { return length_; }
    std::size_t bins() const { return length_ / 2 + 1; }

    /// How many `Lanes` of working memory the methods below need.
    std::size_t workspace() const;

    /// Spectra of one signal a lane: `signal` (length(), overwritten) to `spectrum` (2 * bins()).
    void forward(Lanes* signal, Lanes* spectrum, Lanes* work) const;

    /// The squared magnitudes |X_k|^2 of the same, to `power` (bins()).
    void power(Lanes* signal, Lanes* power, Lanes* work) const;

    /// Spectra of signals that lie one after the other, to spectra that do.
    ///
    /// @throws std::invalid_argument unless there are length() and bins() values for each signal.
    void forward(std::span<const double> signals, std::span<std::complex<double>> spectra) const;

  private:
    template <typename Emit>
    void unpack(Lanes* signal, Lanes* work, const Emit& emit) const;

    std::size_t length_;
    ComplexFft complex_;
    std::vector<std::complex<double>> twiddles_;
};

}  // namespace kac
