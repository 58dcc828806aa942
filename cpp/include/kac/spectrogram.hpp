#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "kac/mel.hpp"
#include "kac/parallel.hpp"

namespace kac {

/// Which measure of a bin is kept: |X|^2 or |X|.
enum class Measure { power, magnitude };

struct SpectrogramSettings {
    std::size_t n_fft, window_length, hop_length;
    Measure measure = Measure::power;
    /// The result is in decibels, none below this; without it, linear.
    std::optional<double> floor = std::nullopt;
};

/// The spectrogram of real signals: |X_{k,f}|^2 or |X_{k,f}| with
///     X_{k,f} = sum_t w_t x_{f hop + t - floor(n_fft / 2)} exp(-2 pi i k t / n_fft),
/// or sums of them by mel filters, if there are any.
///
/// The window w is Hann's, periodic, `window_length` long, in the middle of n_fft zeros. Where a
/// frame leaves the signal it sees the signal reflected at its first or last sample.
/// Costly to construct, then constant, and safe to share between threads. Real is double or float.
template <typename Real>
class Spectrogram {
  public:
    /// @throws std::invalid_argument unless 1 <= window_length <= n_fft <= longest_fft,
    ///         hop_length >= 1, the floor is finite, and the filters are for n_fft.
    explicit Spectrogram(const SpectrogramSettings& settings, const MelFilters& filters = {});

    /// Rows of the result of one signal: n_fft / 2 + 1 bins, or mel bands.
    std::size_t rows() const;

    /// Columns of the result of one signal: 1 + (length + 2 floor(n_fft / 2) - n_fft) / hop.
    ///
    /// @throws std::invalid_argument where the reflection is undefined: floor(n_fft / 2) >= length.
    std::size_t frames(std::size_t length) const;

    /// Return into how many blocks of about equal cost `transform` splits `count` signals.
    std::size_t blocks(std::size_t count, std::size_t length) const;

    /// Transform block i: `signals` (count, length) to its share of `out` (count, rows, frames).
    ///
    /// Every value has the same bits however the work is split and whatever the other signals.
    /// @throws std::invalid_argument where the arrays do not fit each other, or naming the first
    ///         sample of them all that is not finite, if there is one in the block's share.
    void transform(std::span<const Real> signals, std::size_t length, std::span<Real> out,
                   std::size_t block) const;

    /// Transform all blocks, one after the other.
    void transform(std::span<const Real> signals, std::size_t length, std::span<Real> out) const;

    /// Transform all signals on the threads of an executor, optionally normalised first: of many
    /// signals a few at a time, which are transformed while they are in the cache. The bits are
    /// those of `kac::normalise` followed by `transform`, whatever the number of threads.
    ///
    /// @throws std::invalid_argument also as `kac::normalise`
    void transform(std::span<const Real> signals, std::size_t length, std::span<Real> out,
                   const Executor& executor, bool normalise = false) const;

  private:
    std::size_t require_sizes(std::span<const Real> signals, std::size_t length,
                              std::span<Real> out) const;

    struct Plan;
    struct Batch;
    class Worker;

    std::shared_ptr<const Plan> plan_;
};

}  // namespace kac
