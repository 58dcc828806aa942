#include "kac/spectrogram.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <string>
#include <utility>

#include "kac/exponential.hpp"
#include "kac/parallel.hpp"

namespace kac {

namespace {

/// Frames a thread takes at a time: enough to make its start worth while.
constexpr std::size_t frames_per_block = 512;

[[noreturn]] void refuse(const std::string& message) {
    throw std::invalid_argument(message);
}

std::size_t positive(std::size_t value, const char* name) {
    if (value == 0) refuse(std::string(name) + " must be at least 1, got 0");
    return value;
}

/// Hann's window, periodic, as torch.hann_window has it (for a length of 1: one).
std::vector<double> hann(std::size_t length) {
    std::vector<double> window(length, 1.0);
    for (std::size_t t = 0; length > 1 && t < length; ++t) {
        window[t] = 0.5 - 0.5 * root_of_unity(t, length).real();
    }
    return window;
}

/// mel = 2595 log_10(1 + f / 700), and back.
double mel_from_hertz(double hertz) {
    return 2595.0 / std::numbers::ln10 * logarithm(1.0 + hertz / 700.0);
}
double hertz_from_mel(double mel) {
    return 700.0 * exponential_minus_one(std::numbers::ln10 / 2595.0 * mel);
}

bool all_finite(std::span<const double> values) {
    // Without an early way out, so that it runs as fast as the memory.
    unsigned strange = 0;
    for (const double value : values)
        strange |= !(std::abs(value) <= std::numeric_limits<double>::max());
    return strange == 0;
}

/// The share of block i when `size` things are split evenly into `blocks`.
std::pair<std::size_t, std::size_t> share(std::size_t size, std::size_t blocks, std::size_t i) {
    const std::size_t part = size / blocks, rest = size % blocks;
    const std::size_t first = i * part + std::min(i, rest);
    return {first, first + part + (i < rest ? 1 : 0)};
}

}  // namespace

void require_finite(std::span<const double> signals, std::size_t length, std::size_t begin,
                    std::size_t end) {
    if (all_finite(signals.subspan(begin, end - begin))) return;
    std::size_t at = 0;
    while (std::isfinite(signals[at])) ++at;
    refuse("sample " + std::to_string(at % length) + " of signal " + std::to_string(at / length) +
           " is " + std::to_string(signals[at]) + "; all samples must be finite numbers");
}

MelFilters::MelFilters(std::size_t n_fft, std::size_t n_mels, double f_min, double sample_rate)
    : bins_(positive(n_fft, "n_fft") / 2 + 1) {
    positive(n_mels, "n_mels");
    if (!(sample_rate > 0.0) || !std::isfinite(sample_rate)) {
        refuse("sample_rate must be a positive number, got " + std::to_string(sample_rate));
    }
    if (!(f_min >= 0.0 && f_min < sample_rate / 2.0)) {
        refuse("f_min must be at least 0 and below half the sample rate, " +
               std::to_string(sample_rate / 2.0) + " Hz, got " + std::to_string(f_min));
    }
    const double lowest = mel_from_hertz(f_min);
    const double width =
        (mel_from_hertz(sample_rate / 2.0) - lowest) / static_cast<double>(n_mels + 1);
    const double spacing = sample_rate / static_cast<double>(n_fft);
    const auto corner = [&](std::size_t i) {
        return hertz_from_mel(lowest + width * static_cast<double>(i));
    };
    for (std::size_t m = 0; m < n_mels; ++m) {
        filters_.push_back(triangle(corner(m), corner(m + 1), corner(m + 2), spacing));
    }
}

/// Rises from 0 at `left` to 1 at `peak` and falls to 0 at `right`; bins are `spacing` Hz apart.
MelFilters::Filter MelFilters::triangle(double left, double peak, double right,
                                        double spacing) const {
    Filter filter{0, {}};
    for (std::size_t k = 0; k < bins_; ++k) {
        const double hertz = static_cast<double>(k) * spacing;
        const double weight =
            std::min((hertz - left) / (peak - left), (right - hertz) / (right - peak));
        if (!(weight > 0.0)) continue;
        if (filter.weights.empty()) filter.first = k;
        filter.weights.push_back(weight);
    }
    return filter;
}

std::vector<double> MelFilters::dense() const {
    std::vector<double> result(size() * bins_, 0.0);
    for (std::size_t m = 0; m < size(); ++m) {
        const auto& [first, weights] = filters_[m];
        std::copy(weights.begin(), weights.end(), &result[m * bins_ + first]);
    }
    return result;
}

void MelFilters::apply(const Lanes* power, Lanes* mels) const {
    for (const auto& [first, weights] : filters_) {
        Lanes sum{};
        for (std::size_t k = 0; k < weights.size(); ++k) sum = sum + power[first + k] * weights[k];
        *mels++ = sum;
    }
}

/// Signals that lie one after the other, and how many frames each has.
struct Spectrogram::Batch {
    std::span<const double> signals;
    std::size_t length, columns;
};

/// What one block works in: small enough for the first-level cache at the usual n_fft.
struct Spectrogram::Scratch {
    explicit Scratch(const Spectrogram& plan)
        : signal(plan.fft_.length()),
          power(plan.fft_.bins()),
          mels(plan.filters_.size()),
          work(plan.fft_.workspace()),
          reflected(lane_count * plan.window_.size()) {}

    std::vector<Lanes> signal, power, mels, work;
    std::vector<double> reflected;
};

Spectrogram::Spectrogram(std::size_t n_fft, std::size_t window_length, std::size_t hop_length)
    : Spectrogram(n_fft, window_length, hop_length, MelFilters()) {}

Spectrogram::Spectrogram(std::size_t n_fft, std::size_t window_length, std::size_t hop_length,
                         MelFilters filters)
    : hop_length_(positive(hop_length, "hop_length")),
      window_(hann(positive(window_length, "window_length"))),
      fft_(positive(n_fft, "n_fft")),
      filters_(std::move(filters)) {
    if (window_length > n_fft) {
        refuse("window_length must not be larger than n_fft, " + std::to_string(n_fft) + ", got " +
               std::to_string(window_length));
    }
}

std::size_t Spectrogram::frames(std::size_t length) const {
    const std::size_t n_fft = fft_.length();
    if (n_fft / 2 >= length) {
        refuse("a signal of " + std::to_string(length) +
               " samples cannot be reflected by half of "
               "n_fft = " +
               std::to_string(n_fft) + ": at least " + std::to_string(n_fft / 2 + 1) +
               " samples are needed");
    }
    return 1 + (length + 2 * (n_fft / 2) - n_fft) / hop_length_;
}

std::size_t Spectrogram::blocks(std::size_t count, std::size_t length) const {
    return (count * frames(length) + frames_per_block - 1) / frames_per_block;
}

/// Where the samples under the window lie for a frame, counted over all signals: in its signal, or
/// in `reflected`, to which they are copied at the signal's ends.
const double* Spectrogram::frame(const Batch& batch, std::size_t index, double* reflected) const {
    const double* signal = batch.signals.data() + index / batch.columns * batch.length;
    const auto size = static_cast<std::ptrdiff_t>(batch.length);
    const auto width = static_cast<std::ptrdiff_t>(window_.size());
    const std::size_t margin = (fft_.length() - window_.size()) / 2;
    const auto start = static_cast<std::ptrdiff_t>(index % batch.columns * hop_length_ + margin) -
                       static_cast<std::ptrdiff_t>(fft_.length() / 2);
    if (start >= 0 && start + width <= size) return signal + start;
    for (std::ptrdiff_t t = 0; t < width; ++t) {
        const std::ptrdiff_t at = std::abs(start + t);
        reflected[t] = signal[at < size ? at : 2 * (size - 1) - at];
    }
    return reflected;
}

/// Lane i of the scratch signal becomes frame first + i, windowed; lanes to spare repeat the last.
void Spectrogram::gather(const Batch& batch, std::size_t first, std::size_t used,
                         Scratch& scratch) const {
    std::array<const double*, lane_count> sources;
    for (std::size_t i = 0; i < lane_count; ++i) {
        double* reflected = scratch.reflected.data() + i * window_.size();
        sources[i] = frame(batch, first + std::min(i, used - 1), reflected);
    }
    // The transform of the frames before has overwritten the zeros beside the window.
    std::fill(scratch.signal.begin(), scratch.signal.end(), Lanes{});
    Lanes* middle = scratch.signal.data() + (fft_.length() - window_.size()) / 2;
    for (std::size_t t = 0; t < window_.size(); ++t) {
        Lanes value{};
        for (std::size_t i = 0; i < lane_count; ++i) value[i] = sources[i][t];
        middle[t] = value * window_[t];
    }
}

/// Gathered frames to their columns of the result.
const Lanes* Spectrogram::transform(Scratch& scratch) const {
    fft_.power(scratch.signal.data(), scratch.power.data(), scratch.work.data());
    if (filters_.size() == 0) return scratch.power.data();
    filters_.apply(scratch.power.data(), scratch.mels.data());
    return scratch.mels.data();
}

void Spectrogram::power(std::span<const double> signals, std::size_t length, std::span<double> out,
                        std::size_t block) const {
    const Batch batch{signals, length, frames(length)};
    const std::size_t total = signals.size() / length * batch.columns;
    const std::size_t count = blocks(signals.size() / length, length);
    if (signals.size() % length != 0 || out.size() != total * rows() || block >= count) {
        refuse("there is no block " + std::to_string(block) + " of spectrograms of " +
               std::to_string(rows()) + " x " + std::to_string(batch.columns) +
               " between signals of " + std::to_string(length) + " samples in an array of " +
               std::to_string(signals.size()) + " and a result of " + std::to_string(out.size()));
    }
    const auto [begin, end] = share(signals.size(), count, block);
    require_finite(signals, length, begin, end);

    Scratch scratch(*this);
    const auto [first, last] = share(total, count, block);
    for (std::size_t at = first; at < last; at += lane_count) {
        checkpoint();
        const std::size_t used = std::min(lane_count, last - at);
        gather(batch, at, used, scratch);
        const Lanes* result = transform(scratch);
        for (std::size_t i = 0; i < used; ++i) {
            const std::size_t signal = (at + i) / batch.columns, column = (at + i) % batch.columns;
            double* target = out.data() + signal * rows() * batch.columns + column;
            for (std::size_t k = 0; k < rows(); ++k) target[k * batch.columns] = result[k][i];
        }
    }
}

void Spectrogram::power(std::span<const double> signals, std::size_t length,
                        std::span<double> out) const {
    const std::size_t count = blocks(signals.size() / positive(length, "length"), length);
    for (std::size_t block = 0; block < count; ++block) power(signals, length, out, block);
}

MelSpectrogram::MelSpectrogram(std::size_t n_fft, std::size_t window_length, std::size_t hop_length,
                               std::size_t n_mels, double f_min, double sample_rate)
    : Spectrogram(n_fft, window_length, hop_length, MelFilters(n_fft, n_mels, f_min, sample_rate)) {
}

}  // namespace kac
