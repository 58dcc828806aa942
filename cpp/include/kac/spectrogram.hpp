#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kac/fft.hpp"

namespace kac {

/// Check the values [begin, end) of signals that lie one after the other, `length` samples each.
///
/// @throws std::invalid_argument if one is not a finite number, naming the signal and the sample of
///         the first of them all: with several shares at fault it is the same whoever finds out.
void require_finite(std::span<const double> signals, std::size_t length, std::size_t begin,
                    std::size_t end);

/// Triangular filters, equally wide and equally spaced on the mel scale, over the bins of a power
/// spectrum. Only weights that are not zero are kept.
class MelFilters {
  public:
    /// No filters: the power spectrum itself.
    MelFilters() = default;

    /// `n_mels` filters between `f_min` and half of `sample_rate` (Hz).
    ///
    /// @throws std::invalid_argument unless all counts are positive and 0 <= f_min < rate / 2.
    MelFilters(std::size_t n_fft, std::size_t n_mels, double f_min, double sample_rate);

    std::size_t size() const { return filters_.size(); }

    /// All weights, (size(), n_fft / 2 + 1), row after row.
    std::vector<double> dense() const;

    /// `power` (n_fft / 2 + 1) to `mels` (size()).
    void apply(const Lanes* power, Lanes* mels) const;

  private:
    struct Filter {
        std::size_t first;
        std::vector<double> weights;
    };

    Filter triangle(double left, double peak, double right, double spacing) const;

    std::size_t bins_ = 0;
    std::vector<Filter> filters_;
};

/// The power spectrogram of real signals: |X_{k,f}|^2 with
///     X_{k,f} = sum_t w_t x_{f hop + t - floor(n_fft / 2)} exp(-2 pi i k t / n_fft).
///
/// The window w is Hann's, periodic, `window_length` long, in the middle of n_fft zeros. Where a
/// frame leaves the signal it sees the signal reflected at its first or last sample.
/// Costly to construct, then constant, and safe to share between threads.
class Spectrogram {
  public:
    /// @throws std::invalid_argument unless 1 <= window_length <= n_fft and hop_length >= 1.
    Spectrogram(std::size_t n_fft, std::size_t window_length, std::size_t hop_length);

    /// Rows of the result of one signal: n_fft / 2 + 1 bins, or mel bands.
    std::size_t rows() const { return filters_.size() == 0 ? fft_.bins() : filters_.size(); }

    /// Columns of the result of one signal: 1 + (length + 2 floor(n_fft / 2) - n_fft) / hop.
    ///
    /// @throws std::invalid_argument where the reflection is undefined: floor(n_fft / 2) >= length.
    std::size_t frames(std::size_t length) const;

    /// Into how many blocks of about equal cost `power` splits the work on `count` signals.
    std::size_t blocks(std::size_t count, std::size_t length) const;

    /// Block i of the work: `signals` (count, length) to its share of `out` (count, rows, frames).
    ///
    /// Every value has the same bits however the work is split and whatever the other signals.
    /// @throws std::invalid_argument where the arrays do not fit each other, or naming the first
    ///         sample of them all that is not finite, if there is one in the block's share.
    void power(std::span<const double> signals, std::size_t length, std::span<double> out,
               std::size_t block) const;

    /// All blocks, one after the other.
    void power(std::span<const double> signals, std::size_t length, std::span<double> out) const;

  protected:
    Spectrogram(std::size_t n_fft, std::size_t window_length, std::size_t hop_length,
                MelFilters filters);

    const MelFilters& filters() const { return filters_; }

  private:
    struct Batch;
    struct Scratch;

    const double* frame(const Batch& batch, std::size_t index, double* reflected) const;
    void gather(const Batch& batch, std::size_t first, std::size_t used, Scratch& scratch) const;
    const Lanes* transform(Scratch& scratch) const;

    std::size_t hop_length_;
    std::vector<double> window_;
    RealFft fft_;
    MelFilters filters_;
};

/// A power spectrogram seen through mel filters; rows are mel bands.
class MelSpectrogram : public Spectrogram {
  public:
    /// @throws std::invalid_argument as the constructors of Spectrogram and MelFilters do.
    MelSpectrogram(std::size_t n_fft, std::size_t window_length, std::size_t hop_length,
                   std::size_t n_mels, double f_min, double sample_rate);

    using Spectrogram::filters;
};

}  // namespace kac
