#include "kac/spectrogram.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "describe.hpp"
#include "hann.hpp"
#include "kac/aligned.hpp"
#include "kac/fft.hpp"
#include "kac/finite.hpp"
#include "kac/normalise.hpp"
#include "kac/parallel.hpp"
#include "kernels/frames.hpp"
#include "lane_fft.hpp"

namespace kac {

namespace {

/// Frames a thread takes at a time: enough to be worth waking one.
constexpr std::size_t frames_per_block = 256;

/// Frames of the signals that are normalised and transformed at a time: few enough signals to be
/// still in a near cache when they have been normalised, with enough frames to fill the vectors.
constexpr std::size_t frames_per_group = 128;

[[noreturn]] void refuse(const std::string& message) {
    throw std::invalid_argument(message);
}

/// The share of block i when `size` things are split evenly into `blocks`.
std::pair<std::size_t, std::size_t> share(std::size_t size, std::size_t blocks, std::size_t i) {
    const std::size_t part = size / blocks, rest = size % blocks;
    const std::size_t first = i * part + std::min(i, rest);
    return {first, first + part + (i < rest ? 1 : 0)};
}

/// Write to each page of the memory of new spectrograms, so that the system supplies it piece by
/// piece: the rows of a long signal would otherwise ask for all of it with the first of their
/// columns, and a cancellation would have to wait.
template <typename Real>
void supply_pages(std::span<Real> out, std::size_t of_one_signal, const Executor& executor) {
    if (of_one_signal * sizeof(Real) < (std::size_t{1} << 28)) return;
    constexpr std::size_t page = 4096 / sizeof(Real), block = std::size_t{1} << 20;
    executor.parallel_for((out.size() + block - 1) / block, [&](std::size_t i) {
        const std::size_t end = std::min((i + 1) * block, out.size());
        for (std::size_t at = i * block; at < end; at += page) out[at] = Real{0};
    });
}

template <typename Real>
const SpectrogramSettings& checked(const SpectrogramSettings& settings, const MelFilters& filters) {
    const auto& [n_fft, window_length, hop_length, measure, floor] = settings;
    if (n_fft == 0 || n_fft > longest_fft) {
        refuse("n_fft must be at least 1 and at most " + std::to_string(longest_fft) + ", got " +
               std::to_string(n_fft));
    }
    if (window_length == 0) refuse("window_length must be at least 1, got 0");
    if (window_length > n_fft) {
        refuse("window_length must not be larger than n_fft, " + std::to_string(n_fft) + ", got " +
               std::to_string(window_length));
    }
    if (hop_length == 0) refuse("hop_length must be at least 1, got 0");
    if (floor && !std::isfinite(static_cast<Real>(*floor))) {
        refuse("floor must be a finite number of decibels, got " + describe(*floor));
    }
    if (filters.size() != 0 && filters.bins() != n_fft / 2 + 1) {
        refuse("the filters are for " + std::to_string(filters.bins()) + " bins, but n_fft = " +
               std::to_string(n_fft) + " makes " + std::to_string(n_fft / 2 + 1));
    }
    return settings;
}

}  // namespace

template <typename Real>
struct Spectrogram<Real>::Plan {
    Plan(const SpectrogramSettings& given, const MelFilters& filters)
        : settings(checked<Real>(given, filters)),
          window(hann<Real>(given.window_length)),
          fft(given.n_fft) {
        for (const auto& [first, exact] : filters.filters()) {
            weights.emplace_back(exact.begin(), exact.end());
            bands.push_back({first, exact.size(), weights.back().data()});
        }
    }

    Plan(const Plan&) = delete;  // bands point to the weights
    Plan& operator=(const Plan&) = delete;

    std::size_t rows() const { return bands.empty() ? fft.bins() : bands.size(); }

    SpectrogramSettings settings;
    std::vector<Real> window;
    LaneFft<Real> fft;
    std::vector<std::vector<Real>> weights;
    std::vector<Band<Real>> bands;
    const FramesKernel<Real>& kernel = frames_kernels().of<Real>();
};

/// Signals that lie one after the other, and how many frames each has.
template <typename Real>
struct Spectrogram<Real>::Batch {
    std::span<const Real> signals;
    std::size_t length, columns;
};

/// Transforms groups of frames, in memory that fits the nearest caches at the usual n_fft.
template <typename Real>
class Spectrogram<Real>::Worker {
  public:
    Worker(const Plan& plan, const Batch& batch)
        : plan_(plan),
          batch_(batch),
          lanes_(plan.fft.lanes()),
          margin_((plan.settings.n_fft - plan.window.size()) / 2),
          scale_(plan.settings.measure == Measure::power ? 10.0 : 20.0),
          memory_(plan.fft.data_size() + plan.fft.work_size() +
                  lanes_ * (plan.bands.size() + plan.rows() + plan.window.size())),
          data_(memory_.data()),
          work_(data_ + plan.fft.data_size()),
          bands_(work_ + plan.fft.work_size()),
          straddling_(bands_ + lanes_ * plan.bands.size()),
          reflected_(straddling_ + lanes_ * plan.rows()),
          frames_(lanes_) {}

    /// The frames [first, first + used) of all signals to their columns of `out`.
    void transform(std::size_t first, std::size_t used, std::span<Real> out) {
        gather(first, used);
        const std::size_t rows = plan_.rows(), columns = batch_.columns;
        const auto column = [&](std::size_t i) {
            return &out[(first + i) / columns * rows * columns + (first + i) % columns];
        };
        // In a whole group of one signal each vector is a piece of a row.
        if (used == lanes_ && first % columns + used <= columns) {
            return compute({column(0), rows, columns});
        }
        compute({straddling_, rows, lanes_});
        for (std::size_t i = 0; i < used; ++i) {
            Real* const to = column(i);
            for (std::size_t k = 0; k < rows; ++k) to[k * columns] = straddling_[k * lanes_ + i];
        }
    }

  private:
    /// Where the samples under the window lie for a frame, counted over all signals: in its signal,
    /// or in `reflected`, to which they are copied at the signal's ends.
    const Real* frame(std::size_t index, Real* reflected) const {
        const Real* signal = batch_.signals.data() + index / batch_.columns * batch_.length;
        const auto size = static_cast<std::ptrdiff_t>(batch_.length);
        const auto width = static_cast<std::ptrdiff_t>(plan_.window.size());
        const auto& [n_fft, window_length, hop_length, measure, floor] = plan_.settings;
        const auto start =
            static_cast<std::ptrdiff_t>(index % batch_.columns * hop_length + margin_) -
            static_cast<std::ptrdiff_t>(n_fft / 2);
        if (start >= 0 && start + width <= size) return signal + start;
        for (std::ptrdiff_t t = 0; t < width; ++t) {
            const std::ptrdiff_t at = std::abs(start + t);
            reflected[t] = signal[at < size ? at : 2 * (size - 1) - at];
        }
        return reflected;
    }

    /// Lane i of the data becomes frame first + i, windowed; lanes to spare repeat the last.
    void gather(std::size_t first, std::size_t used) {
        const std::size_t width = plan_.window.size();
        for (std::size_t i = 0; i < lanes_; ++i) {
            frames_[i] = i < used ? frame(first + i, reflected_ + i * width) : frames_[used - 1];
        }
        // The transform of the frames before has overwritten the zeros beside the window.
        Real* const middle = data_ + margin_ * lanes_;
        std::fill(data_, middle, Real{0});
        std::fill(middle + width * lanes_, data_ + plan_.settings.n_fft * lanes_, Real{0});
        plan_.kernel.gather(frames_.data(), plan_.window.data(), width, middle);
    }

    /// Gathered frames to what is measured of them; the last of the steps writes the result.
    void compute(const Rows<Real>& result) {
        const auto& [n_fft, window_length, hop_length, measure, floor] = plan_.settings;
        const bool magnitudes = measure == Measure::magnitude, sums = !plan_.bands.empty();
        if (!magnitudes && !sums && !floor) {
            return plan_.fft.transform(data_, work_, {FftOutput::power, result.to, result.stride});
        }
        Real* const spectra =
            plan_.fft.transform(data_, work_, magnitudes ? FftOutput::complex : FftOutput::power);
        if (magnitudes) {
            const Rows<Real> in_place = {spectra, plan_.fft.bins(), lanes_};
            plan_.kernel.magnitude(spectra, sums || floor ? in_place : result);
        }
        if (sums) {
            const Rows<Real> apart = {bands_, plan_.bands.size(), lanes_};
            plan_.kernel.sum(plan_.bands.data(), spectra, floor ? apart : result);
        }
        if (floor) plan_.kernel.decibels(sums ? bands_ : spectra, scale_, *floor, result);
    }

    const Plan& plan_;
    const Batch& batch_;
    std::size_t lanes_, margin_;
    double scale_;
    Aligned<Real> memory_;  // in one piece, which the C library is sooner to give again
    Real *data_, *work_, *bands_, *straddling_, *reflected_;
    std::vector<const Real*> frames_;
};

template <typename Real>
Spectrogram<Real>::Spectrogram(const SpectrogramSettings& settings, const MelFilters& filters)
    : plan_(std::make_shared<Plan>(settings, filters)) {}

template <typename Real>
std::size_t Spectrogram<Real>::rows() const {
    return plan_->rows();
}

template <typename Real>
std::size_t Spectrogram<Real>::frames(std::size_t length) const {
    const auto& [n_fft, window_length, hop_length, measure, floor] = plan_->settings;
    if (n_fft / 2 >= length) {
        refuse("a signal of " + std::to_string(length) +
               " samples cannot be reflected by half of n_fft = " + std::to_string(n_fft) +
               ": at least " + std::to_string(n_fft / 2 + 1) + " samples are needed");
    }
    return 1 + (length + 2 * (n_fft / 2) - n_fft) / hop_length;
}

template <typename Real>
std::size_t Spectrogram<Real>::blocks(std::size_t count, std::size_t length) const {
    return (count * frames(length) + frames_per_block - 1) / frames_per_block;
}

/// The number of signals, where whole signals and their spectrograms fit the arrays.
template <typename Real>
std::size_t Spectrogram<Real>::require_sizes(std::span<const Real> signals, std::size_t length,
                                             std::span<Real> out) const {
    const std::size_t values = rows() * frames(length), count = signals.size() / length;
    if (signals.size() % length == 0 && out.size() == count * values) return count;
    refuse(std::to_string(signals.size()) + " samples and a result of " +
           std::to_string(out.size()) + " are not whole signals of " + std::to_string(length) +
           " samples and their spectrograms of " + std::to_string(values));
}

template <typename Real>
void Spectrogram<Real>::transform(std::span<const Real> signals, std::size_t length,
                                  std::span<Real> out, std::size_t block) const {
    const Batch batch{signals, length, frames(length)};
    const std::size_t signal_count = require_sizes(signals, length, out);
    const std::size_t total = signal_count * batch.columns, count = blocks(signal_count, length);
    if (block >= count) {
        refuse("there is no block " + std::to_string(block) + " among " + std::to_string(count));
    }
    Worker worker(*plan_, batch);
    const std::size_t lanes = plan_->fft.lanes();
    const auto [first, last] = share(total, count, block);
    auto [unchecked, end] = share(signals.size(), count, block);
    for (std::size_t at = first; at < last; at += lanes) {
        check_cancelled();
        // As many samples as frames, while they are on their way through the cache anyhow.
        const std::size_t next = std::min(at + lanes, last);
        const std::size_t checked = end - (end - unchecked) * (last - next) / (last - at);
        require_finite(signals, length, unchecked, checked);
        unchecked = checked;
        worker.transform(at, next - at, out);
    }
}

template <typename Real>
void Spectrogram<Real>::transform(std::span<const Real> signals, std::size_t length,
                                  std::span<Real> out) const {
    const std::size_t count = blocks(require_sizes(signals, length, out), length);
    for (std::size_t block = 0; block < count; ++block) transform(signals, length, out, block);
}

template <typename Real>
void Spectrogram<Real>::transform(std::span<const Real> signals, std::size_t length,
                                  std::span<Real> out, const Executor& executor,
                                  bool normalise) const {
    const std::size_t count = require_sizes(signals, length, out);
    const std::size_t columns = frames(length), values = rows() * columns;
    supply_pages(out, values, executor);
    const std::size_t group = (frames_per_group + columns - 1) / columns;
    if (normalise && count >= executor.workers() * group) {
        return executor.parallel_for((count + group - 1) / group, [&](std::size_t i) {
            const std::size_t first = i * group, size = std::min(group, count - first);
            Aligned<Real> memory(size * length);
            const std::span<Real> normalised(memory);
            for (std::size_t k = 0; k < size; ++k) {
                kac::normalise(signals, length, first + k, normalised.subspan(k * length, length));
            }
            transform(normalised, length, out.subspan(first * values, size * values));
        });
    }
    Aligned<Real> memory(normalise ? signals.size() : 0);
    if (normalise) {
        const std::span<Real> normalised(memory);
        executor.parallel_for(count, [&](std::size_t i) {
            kac::normalise(signals, length, i, normalised.subspan(i * length, length));
        });
        signals = normalised;
    }
    executor.parallel_for(blocks(count, length),
                          [&](std::size_t block) { transform(signals, length, out, block); });
}

template class Spectrogram<double>;
template class Spectrogram<float>;

}  // namespace kac
