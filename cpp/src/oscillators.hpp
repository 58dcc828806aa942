#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "kac/parallel.hpp"
#include "kernels/oscillators.hpp"

/// The heart of `additive`: a sum of steady sines.
///
/// With n0 the middle of a block of samples and j = 1/2, 3/2, ... the distance from it,
///
///     sum_k a_k sin(w_k (n0 +- j)) =
///         sum_k a_k sin(w_k n0) cos(w_k j) +- sum_k a_k cos(w_k n0) sin(w_k j)
///
/// Both sums are products of two matrices: one of the blocks (a_k sin and a_k cos of w_k n0: no
/// sine per sample), one of the distances, which is the same for all blocks. So a sample costs one
/// multiplication and one addition per partial, half of what a two-term recurrence or a rotation
/// costs; nothing is fed back, so no error grows, whatever the frequency and the length; and as
/// each sample is a sum in the order of the partials, its bits depend neither on tiles nor on
/// vectors.
namespace kac::oscillators {

inline constexpr std::size_t reach = 128;  // distances on either side of a block's middle
inline constexpr std::size_t block = 2 * reach;
inline constexpr std::size_t partials_at_once = 64;  // whose distances (128 KiB) stay in the cache

/// The oscillators of one chunk, and the two matrices in the order in which the kernel reads them.
template <typename Real>
class Chunk {
  public:
    explicit Chunk(std::span<const Oscillator> oscillators)
        : kernel_(oscillator_kernels().of<Real>()),
          oscillators_(oscillators),
          column_sin_(reach * oscillators.size()),
          column_cos_(reach * oscillators.size()),
          row_sin_(kernel_.rows * oscillators.size()),
          row_cos_(kernel_.rows * oscillators.size()) {
        for (std::size_t strip = 0; strip < reach; strip += kernel_.columns) {
            fill(kernel_.columns, static_cast<double>(2 * strip + 1), 2.0,
                 &column_sin_[strip * oscillators_.size()],
                 &column_cos_[strip * oscillators_.size()]);
        }
    }

    /// How many samples are made at once.
    std::size_t samples() const { return kernel_.rows * block; }

    /// Add to out[begin ... begin + samples() - 1], as far as that is in `out`.
    void add(std::size_t begin, std::span<Real> out) {
        fill(kernel_.rows, static_cast<double>(2 * (begin + reach) - 1), 2.0 * block,
             row_sin_.data(), row_cos_.data());
        scale_rows();
        const OscillatorMatrices<Real> matrices = {oscillators_.size(), row_sin_.data(),
                                                   row_cos_.data(), column_sin_.data(),
                                                   column_cos_.data()};
        if (begin + samples() <= out.size()) {
            kernel_.add_blocks(matrices, reach, &out[begin]);
            return;
        }
        std::vector<Real> last(samples());
        kernel_.add_blocks(matrices, reach, last.data());
        for (std::size_t i = begin; i < out.size(); ++i) out[i] += last[i - begin];
    }

  private:
    void fill(std::size_t width, double first, double step, Real* sines, Real* cosines) const {
        kernel_.fill(oscillators_.data(), oscillators_.size(), width, first, step, sines, cosines);
    }

    void scale_rows() {
        for (std::size_t k = 0; k < oscillators_.size(); ++k) {
            const auto amplitude = static_cast<Real>(oscillators_[k].amplitude);
            for (std::size_t r = 0; r < kernel_.rows; ++r) {
                row_sin_[k * kernel_.rows + r] *= amplitude;
                row_cos_[k * kernel_.rows + r] *= amplitude;
            }
        }
    }

    const OscillatorKernel<Real>& kernel_;
    std::span<const Oscillator> oscillators_;
    std::vector<Real> column_sin_, column_cos_, row_sin_, row_cos_;
};

/// out[n] += the sum of the oscillators at sample n.
template <typename Real>
void add_oscillators(std::span<const Oscillator> oscillators, std::span<Real> out) {
    for (std::size_t first = 0; first < oscillators.size(); first += partials_at_once) {
        Chunk<Real> chunk(
            oscillators.subspan(first, std::min(partials_at_once, oscillators.size() - first)));
        for (std::size_t begin = 0; begin < out.size(); begin += chunk.samples()) {
            if (begin % samples_per_check == 0) check_cancelled();
            chunk.add(begin, out);
        }
    }
}

}  // namespace kac::oscillators
