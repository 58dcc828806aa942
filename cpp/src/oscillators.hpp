#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "kac/parallel.hpp"
#include "kac/phase.hpp"

/// The kernel of `additive`: a sum of steady sines.
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

/// amplitude * sin(2 pi turns n)
struct Oscillator {
    Turns turns;
    double amplitude;
};

inline constexpr std::size_t tile_rows = 4;     // blocks
inline constexpr std::size_t tile_columns = 4;  // distances
inline constexpr std::size_t reach = 128;       // distances on either side of a block's middle
inline constexpr std::size_t block = 2 * reach;
inline constexpr std::size_t strips = reach / tile_columns;
inline constexpr std::size_t partials_at_once = 64;  // whose distances (128 KiB) stay in the cache

static_assert(checkpoint_samples % (tile_rows * block) == 0);

using Tile = std::array<std::array<double, tile_columns>, tile_rows>;

/// tile[r][c] = sum over the terms t of left[t][r] * right[t][c]
inline Tile multiply_tile(const double* left, const double* right, std::size_t terms) {
    double sum[tile_rows][tile_columns] = {};
    for (std::size_t t = 0; t < terms; ++t) {
        for (std::size_t r = 0; r < tile_rows; ++r) {
            const double factor = left[t * tile_rows + r];
            for (std::size_t c = 0; c < tile_columns; ++c) {
                sum[r][c] += factor * right[t * tile_columns + c];
            }
        }
    }
    Tile tile;
    for (std::size_t r = 0; r < tile_rows; ++r) std::copy_n(sum[r], tile_columns, tile[r].begin());
    return tile;
}

/// The oscillators of one chunk, and the two matrices in the order in which the tiles read them.
class Chunk {
  public:
    explicit Chunk(std::span<const Oscillator> oscillators)
        : oscillators_(oscillators),
          column_sin_(reach * oscillators.size()),
          column_cos_(reach * oscillators.size()),
          row_sin_(tile_rows * oscillators.size()),
          row_cos_(tile_rows * oscillators.size()) {
        for (std::size_t strip = 0; strip < strips; ++strip) {
            const auto first = static_cast<double>(2 * strip * tile_columns + 1);
            const std::size_t offset = strip * tile_columns * oscillators_.size();
            fill<tile_columns>(first, 2.0, &column_sin_[offset], &column_cos_[offset]);
        }
    }

    /// Add the blocks first_block ... first_block + tile_rows - 1, as far as they are in `out`.
    void add(std::size_t first_block, std::span<double> out) {
        const auto middle = static_cast<double>(2 * (first_block * block + reach) - 1);
        fill<tile_rows>(middle, 2.0 * block, row_sin_.data(), row_cos_.data());
        scale_rows();
        const std::size_t begin = first_block * block;
        if (begin + tile_rows * block <= out.size()) {
            add_tiles(out.subspan(begin, tile_rows * block));
            return;
        }
        std::array<double, tile_rows * block> last = {};
        add_tiles(last);
        for (std::size_t i = begin; i < out.size(); ++i) out[i] += last[i - begin];
    }

  private:
    /// sin and cos, of w_k h / 2 for h = first, first + step, ...: a point in time at half samples.
    template <std::size_t Width>
    void fill(double first, double step, double* sines, double* cosines) const {
        for (const auto& [turns, amplitude] : oscillators_) {
            const Turns halved = {0.5 * turns.high, 0.5 * turns.low};
            for (std::size_t i = 0; i < Width; ++i) {
                sines[i] = fraction(halved, first + step * static_cast<double>(i));
            }
            sines += Width;
        }
        sines -= Width * oscillators_.size();
        for (std::size_t i = 0; i < Width * oscillators_.size(); ++i) {
            const SinCos value = sin_cos_turns(sines[i]);
            sines[i] = value.sin;
            cosines[i] = value.cos;
        }
    }

    void scale_rows() {
        for (std::size_t k = 0; k < oscillators_.size(); ++k) {
            for (std::size_t r = 0; r < tile_rows; ++r) {
                row_sin_[k * tile_rows + r] *= oscillators_[k].amplitude;
                row_cos_[k * tile_rows + r] *= oscillators_[k].amplitude;
            }
        }
    }

    void add_tiles(std::span<double> out) const {
        const std::size_t terms = oscillators_.size();
        for (std::size_t strip = 0; strip < strips; ++strip) {
            const std::size_t offset = strip * tile_columns * terms;
            const Tile even = multiply_tile(row_sin_.data(), &column_cos_[offset], terms);
            const Tile odd = multiply_tile(row_cos_.data(), &column_sin_[offset], terms);
            for (std::size_t r = 0; r < tile_rows; ++r) {
                double* after = &out[r * block + reach + strip * tile_columns];
                double* before = &out[r * block + reach - 1 - strip * tile_columns];
                for (std::size_t c = 0; c < tile_columns; ++c) {
                    after[c] += even[r][c] + odd[r][c];
                    *(before - c) += even[r][c] - odd[r][c];
                }
            }
        }
    }

    std::span<const Oscillator> oscillators_;
    std::vector<double> column_sin_, column_cos_, row_sin_, row_cos_;
};

/// out[n] += the sum of the oscillators at sample n.
inline void add_oscillators(std::span<const Oscillator> oscillators, std::span<double> out) {
    for (std::size_t first = 0; first < oscillators.size(); first += partials_at_once) {
        Chunk chunk(
            oscillators.subspan(first, std::min(partials_at_once, oscillators.size() - first)));
        in_parts(out.size(), [&](std::size_t begin, std::size_t end) {
            for (; begin < end; begin += tile_rows * block) chunk.add(begin / block, out);
        });
    }
}

}  // namespace kac::oscillators
