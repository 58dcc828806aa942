#include "kac/mel.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

#include "describe.hpp"
#include "kac/exponential.hpp"

namespace kac {

namespace {

/// Slaney's scale: below the corner a mel is 200/3 Hz wide, above it 27 mels are a factor of 6.4.
constexpr double slaney_width = 200.0 / 3.0;
constexpr double slaney_corner = 1000.0;
constexpr double slaney_corner_mel = 15.0;
constexpr double slaney_step = 1.8562979903656263 / 27.0;  // ln(6.4) / 27

constexpr double lowest_rate = 1e-200;  // hertz: the height of a triangle of area 1 is finite

[[noreturn]] void refuse(const std::string& message) {
    throw std::invalid_argument(message);
}

double mel_from_hertz(MelScale scale, double hertz) {
    if (scale == MelScale::htk) return 2595.0 / std::numbers::ln10 * logarithm(1.0 + hertz / 700.0);
    if (hertz < slaney_corner) return hertz / slaney_width;
    return slaney_corner_mel + logarithm(hertz / slaney_corner) / slaney_step;
}

double hertz_from_mel(MelScale scale, double mel) {
    if (scale == MelScale::htk) {
        return 700.0 * exponential_minus_one(std::numbers::ln10 / 2595.0 * mel);
    }
    if (mel < slaney_corner_mel) return slaney_width * mel;
    return slaney_corner * exponential(slaney_step * (mel - slaney_corner_mel));
}

void check(const MelSettings& settings) {
    if (settings.n_fft == 0) refuse("n_fft must be at least 1, got 0");
    if (settings.n_mels == 0) refuse("n_mels must be at least 1, got 0");
    const double rate = settings.sample_rate, f_min = settings.f_min, f_max = settings.f_max;
    if (!(rate > 0.0) || !std::isfinite(rate)) {
        refuse("sample_rate must be a positive number, got " + describe(rate));
    }
    if (rate < lowest_rate) {
        refuse("sample_rate must be at least " + describe(lowest_rate) + " Hz, got " +
               describe(rate));
    }
    const std::string half = "half the sample rate, " + describe(rate / 2.0) + " Hz, got ";
    if (!(f_min >= 0.0 && f_min < rate / 2.0)) {
        refuse("f_min must be at least 0 and below " + half + describe(f_min));
    }
    if (!(f_max > f_min && f_max <= rate / 2.0)) {
        refuse("f_max must be above f_min, " + describe(f_min) + " Hz, and at most " + half +
               describe(f_max));
    }
}

struct Triangle {
    double left, peak, right;  // hertz
};

/// Rises from 0 at the left corner to `height` at the peak and falls to 0 at the right corner; bins
/// are `spacing` hertz apart.
MelFilters::Filter drawn(const Triangle& triangle, double height, double spacing,
                         std::size_t bins) {
    const auto& [left, peak, right] = triangle;
    // The triangle may lie above the last bin, which for an odd n_fft is below half the rate.
    const double before = left / spacing;
    std::size_t k = before < static_cast<double>(bins) ? static_cast<std::size_t>(before) : bins;
    const auto hertz = [&] { return static_cast<double>(k) * spacing; };
    while (k < bins && hertz() <= left) ++k;
    MelFilters::Filter filter{k, {}};
    for (; k < bins && hertz() < right; ++k) {
        const double rise = (hertz() - left) / (peak - left);
        const double fall = (right - hertz()) / (right - peak);
        filter.weights.push_back(height * std::min(rise, fall));
    }
    if (filter.weights.empty()) filter.first = 0;
    return filter;
}

}  // namespace

MelFilters::MelFilters(const MelSettings& settings) {
    check(settings);
    bins_ = settings.n_fft / 2 + 1;
    const double lowest = mel_from_hertz(settings.scale, settings.f_min);
    const double highest = mel_from_hertz(settings.scale, settings.f_max);
    const double width = (highest - lowest) / static_cast<double>(settings.n_mels + 1);
    const double spacing = settings.sample_rate / static_cast<double>(settings.n_fft);
    const auto corner = [&](std::size_t i) {
        return hertz_from_mel(settings.scale, lowest + width * static_cast<double>(i));
    };
    for (std::size_t m = 0; m < settings.n_mels; ++m) {
        const Triangle triangle = {corner(m), corner(m + 1), corner(m + 2)};
        const bool area = settings.norm == MelNorm::area;
        const double height = area ? 2.0 / (triangle.right - triangle.left) : 1.0;
        filters_.push_back(drawn(triangle, height, spacing, bins_));
    }
}

std::vector<double> MelFilters::dense() const {
    std::vector<double> result(size() * bins_, 0.0);
    for (std::size_t m = 0; m < size(); ++m) {
        const auto& [first, weights] = filters_[m];
        std::copy(weights.begin(), weights.end(), &result[m * bins_ + first]);
    }
    return result;
}

}  // namespace kac
