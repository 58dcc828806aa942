#pragma once

#include <complex>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "kernels/fft.hpp"

namespace kac {

/// The plan of a real Fourier transform of any length, for as many signals side by side as the
/// vectors of this machine have lanes. Costly to construct, then constant.
template <typename Real>
class LaneFft {
  public:
    /// A length of 1 or more; inside Bluestein's algorithm it may exceed `longest_fft`.
    explicit LaneFft(std::size_t length);

    std::size_t length() const { return length_; }
    std::size_t bins() const { return length_ / 2 + 1; }
    std::size_t lanes() const { return kernel_.lanes; }

    /// How many numbers `data` and `work` have room for: at least those of a spectrum.
    std::size_t data_size() const { return lanes() * 2 * bins(); }
    std::size_t work_size() const;

    /// Transform lanes() signals: `data`, lanes() * length() numbers in the order of FftKernel.
    /// They are overwritten. All memory is Aligned.
    void transform(Real* data, Real* work, const FftTarget<Real>& target) const;

    /// The same to one of `data` and `work`, whichever is free at the end; a vector a row.
    Real* transform(Real* data, Real* work, FftOutput output) const;

    /// Any number of signals, one after the other, to their spectra.
    void forward(std::span<const Real> signals, std::span<std::complex<Real>> spectra) const;

  private:
    /// Passes, and the tables they point to.
    class Passes {
      public:
        explicit Passes(const std::vector<std::size_t>& radices);
        Passes(const Passes&) = delete;  // passes point to the tables
        Passes& operator=(const Passes&) = delete;

        operator FftPasses<Real>() const { return {length_, passes_.size(), passes_.data()}; }
        std::size_t length() const { return length_; }
        std::size_t count() const { return passes_.size(); }

      private:
        std::size_t length_ = 1;
        std::vector<FftPass<Real>> passes_;
        std::vector<std::vector<Real>> tables_;
    };

    /// Bluestein's algorithm, and its tables.
    struct Bluestein {
        explicit Bluestein(std::size_t length);

        Passes passes;
        std::size_t shift;
        std::vector<Real> factors, filters;
    };

    const FftKernel<Real>& kernel_;
    std::size_t length_;
    std::optional<Passes> passes_;
    std::optional<Bluestein> bluestein_;
};

}  // namespace kac
