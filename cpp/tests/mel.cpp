#include "kac/mel.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using kac::MelFilters;
using kac::MelNorm;
using kac::MelScale;
using kac::MelSettings;

/// With a bin at every hertz up to 12 kHz.
MelSettings every_hertz(std::size_t n_mels, double f_max, MelScale scale) {
    return {24000, n_mels, 0.0, f_max, 24000.0, scale};
}

/// The scales as they are printed, in long double.
long double mel(MelScale scale, long double hertz) {
    if (scale == MelScale::htk) return 2595.0L * std::log10(1.0L + hertz / 700.0L);
    const long double step = std::log(6.4L) / 27.0L;
    return hertz < 1000.0L ? hertz * 3.0L / 200.0L : 15.0L + std::log(hertz / 1000.0L) / step;
}

long double hertz(MelScale scale, long double mel) {
    if (scale == MelScale::htk) return 700.0L * (std::pow(10.0L, mel / 2595.0L) - 1.0L);
    const long double step = std::log(6.4L) / 27.0L;
    return mel < 15.0L ? mel * 200.0L / 3.0L : 1000.0L * std::exp(step * (mel - 15.0L));
}

/// All weights by their definition.
std::vector<long double> slow_weights(const MelSettings& settings) {
    const auto count = static_cast<long double>(settings.n_mels + 1);
    const long double low = mel(settings.scale, settings.f_min);
    const long double width = (mel(settings.scale, settings.f_max) - low) / count;
    std::vector<long double> corners, weights;
    for (std::size_t i = 0; i < settings.n_mels + 2; ++i) {
        corners.push_back(hertz(settings.scale, low + width * static_cast<long double>(i)));
    }
    for (std::size_t m = 0; m < settings.n_mels; ++m) {
        const long double left = corners[m], peak = corners[m + 1], right = corners[m + 2];
        const long double height = settings.norm == MelNorm::area ? 2.0L / (right - left) : 1.0L;
        for (std::size_t k = 0; k <= settings.n_fft / 2; ++k) {
            const long double at =
                static_cast<long double>(k) * settings.sample_rate / settings.n_fft;
            const long double slope =
                std::min((at - left) / (peak - left), (right - at) / (right - peak));
            weights.push_back(height * std::max(slope, 0.0L));
        }
    }
    return weights;
}

std::size_t peak_bin(const MelFilters::Filter& filter) {
    const auto& weights = filter.weights;
    const auto peak = std::max_element(weights.begin(), weights.end());
    return filter.first + static_cast<std::size_t>(peak - weights.begin());
}

void check_refused(const MelSettings& settings, const std::string& message) {
    CHECK_THROWS_WITH_AS(MelFilters{settings}, message.c_str(), std::invalid_argument);
}

}  // namespace

TEST_CASE("filters are what their definition says") {
    MelSettings cases[] = {{512, 32, 22.05, 24000.0, 48000.0}, {400, 80, 0.0, 8000.0, 16000.0},
                           {1023, 3, 50.0, 900.0, 44100.0},    {2048, 40, 950.0, 11025.0, 22050.0},
                           {8, 1, 0.0, 4000.0, 8000.0},        {1, 5, 0.0, 1.0, 8000.0},
                           {4099, 128, 20.0, 1.9e4, 44100.0},  {64, 200, 990.0, 3000.0, 8000.0}};
    for (MelSettings& settings : cases) {
        for (const MelScale scale : {MelScale::htk, MelScale::slaney}) {
            for (const MelNorm norm : {MelNorm::peak, MelNorm::area}) {
                settings.scale = scale;
                settings.norm = norm;
                CAPTURE(settings.n_fft);
                const std::vector<double> weights = MelFilters(settings).dense();
                const std::vector<long double> expected = slow_weights(settings);
                REQUIRE(weights.size() == expected.size());
                const long double largest = *std::max_element(expected.begin(), expected.end());
                for (std::size_t i = 0; i < weights.size(); ++i) {
                    CHECK(std::fabs(weights[i] - expected[i]) <= 1e-11L * largest);
                }
            }
        }
    }
}

TEST_CASE("only weights that are not zero are kept") {
    const MelFilters filters({512, 60, 0.0, 24000.0, 48000.0});
    CHECK(filters.size() == 60);
    CHECK(filters.bins() == 257);
    const std::vector<double> dense = filters.dense();
    for (std::size_t m = 0; m < filters.size(); ++m) {
        const auto& [first, weights] = filters.filters()[m];
        for (const double weight : weights) CHECK(weight > 0.0);
        const auto row = dense.begin() + static_cast<std::ptrdiff_t>(m * filters.bins());
        const auto start = row + static_cast<std::ptrdiff_t>(first);
        CHECK(std::equal(weights.begin(), weights.end(), start));
        const auto zeros = std::count(row, row + 257, 0.0);
        CHECK(static_cast<std::size_t>(zeros) == 257 - weights.size());
    }
    // The lowest triangles lie between two bins.
    CHECK(filters.filters()[0].weights.empty());
    CHECK(MelFilters().size() == 0);
    CHECK(MelFilters().dense().empty());
}

TEST_CASE("a triangle above the last bin has no weights") {
    // The bins of 5 samples at 1 kHz: 0, 200 and 400 Hz.
    const MelFilters filters({5, 3, 450.0, 500.0, 1000.0});
    CHECK(filters.dense() == std::vector<double>(9, 0.0));
    CHECK(filters.filters()[2].first == 0);
}

TEST_CASE("Slaney's filters have the printed peaks") {
    // librosa.mel_frequencies(n_mels=40), without the outermost two.
    const double printed[] = {85.317,   170.635,  255.952,  341.269,  426.586,  511.904,  597.221,
                              682.538,  767.855,  853.173,  938.49,   1024.856, 1119.114, 1222.042,
                              1334.436, 1457.167, 1591.187, 1737.532, 1897.337, 2071.84,  2262.393,
                              2470.47,  2697.686, 2945.799, 3216.731, 3512.582, 3835.643, 4188.417,
                              4573.636, 4994.285, 5453.621, 5955.205, 6502.92,  7101.009, 7754.107,
                              8467.272, 9246.028, 10096.408};
    const MelFilters filters(every_hertz(38, 11025.0, MelScale::slaney));
    for (std::size_t m = 0; m < 38; ++m) {
        // One of the two bins around the peak has the largest weight.
        const auto peak = static_cast<double>(peak_bin(filters.filters()[m]));
        CHECK(std::fabs(peak - printed[m]) < 1.0);
    }
}

TEST_CASE("1000 Hz is a thousand mels") {
    // The mean of 0 and 2000 mels lies at 1000 Hz, as the scale's authors meant it to: within 0.02.
    const double top = 700.0 * (std::pow(10.0, 2000.0 / 2595.0) - 1.0);
    const MelFilters filters(every_hertz(1, top, MelScale::htk));
    CHECK(peak_bin(filters.filters()[0]) == 1000);
}

TEST_CASE("neighbouring filters add to one between the outer peaks") {
    for (const MelScale scale : {MelScale::htk, MelScale::slaney}) {
        const std::vector<double> weights =
            MelFilters({4096, 20, 50.0, 24000.0, 48000.0, scale}).dense();
        const std::size_t bins = 2049;
        // The outermost filters have their peaks below 260 Hz and above 19 kHz.
        for (std::size_t k = 23; k < 1600; ++k) {
            double sum = 0.0;
            for (std::size_t m = 0; m < 20; ++m) sum += weights[m * bins + k];
            CHECK(sum == doctest::Approx(1.0).epsilon(1e-12));
        }
    }
}

TEST_CASE("the area of a filter is one") {
    for (const MelScale scale : {MelScale::htk, MelScale::slaney}) {
        MelSettings settings = every_hertz(20, 12000.0, scale);
        settings.norm = MelNorm::area;
        const MelFilters filters(settings);
        for (const auto& filter : filters.filters()) {
            double area = 0.0;  // by the trapezoid rule: off by the three corners alone
            for (const double weight : filter.weights) area += weight;
            CHECK(area == doctest::Approx(1.0).epsilon(1e-4));
        }
    }
}

TEST_CASE("f_min and f_max bound the filters") {
    const MelFilters filters({480, 10, 101.0, 6000.0, 48000.0});
    for (const auto& [first, weights] : filters.filters()) {
        CHECK(first > 1);
        CHECK(first + weights.size() <= 60);
    }
    CHECK(filters.dense() != MelFilters({480, 10, 101.0, 6100.0, 48000.0}).dense());
}

TEST_CASE("bad settings are refused with the value and its limits") {
    check_refused({0, 4, 0.0, 50.0, 100.0}, "n_fft must be at least 1, got 0");
    check_refused({8, 0, 0.0, 50.0, 100.0}, "n_mels must be at least 1, got 0");
    const double inf = std::numeric_limits<double>::infinity(), nan = std::nan("");
    check_refused({8, 4, 0.0, 0.0, 0.0}, "sample_rate must be a positive number, got 0");
    check_refused({8, 4, 0.0, 9.0, inf}, "sample_rate must be a positive number, got inf");
    check_refused({8, 4, 0.0, 9.0, nan}, "sample_rate must be a positive number, got nan");
    check_refused({8, 4, 0.0, 1e-311, 1e-310},
                  "sample_rate must be at least 1e-200 Hz, got 1e-310");
    const std::string low = "f_min must be at least 0 and below half the sample rate, 50 Hz, got ";
    check_refused({8, 4, -1.0, 50.0, 100.0}, low + "-1");
    check_refused({8, 4, 50.0, 50.0, 100.0}, low + "50");
    check_refused({8, 4, nan, 50.0, 100.0}, low + "nan");
    const std::string high =
        "f_max must be above f_min, 20 Hz, and at most half the sample rate, 50 Hz, got ";
    check_refused({8, 4, 20.0, 20.0, 100.0}, high + "20");
    check_refused({8, 4, 20.0, 50.5, 100.0}, high + "50.5");
    check_refused({8, 4, 20.0, nan, 100.0}, high + "nan");
    CHECK_NOTHROW(MelFilters({8, 4, 20.0, 20.5, 100.0}));
}
