#include "kac/spectrogram.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <random>
#include <stdexcept>
#include <vector>

#include "kac/parallel.hpp"

namespace {

std::vector<double> noise(std::size_t size) {
    std::mt19937 generator(1);
    std::normal_distribution<double> normal;
    std::vector<double> values(size);
    for (double& value : values) value = normal(generator);
    return values;
}

std::vector<double> power(const kac::Spectrogram& plan, const std::vector<double>& signals,
                          std::size_t length) {
    std::vector<double> out(signals.size() / length * plan.rows() * plan.frames(length));
    plan.power(signals, length, out);
    return out;
}

/// One bin of one frame by its definition, on a signal padded by reflection.
double slow_power(const std::vector<double>& x, std::size_t n_fft, std::size_t window,
                  std::size_t start, std::size_t bin) {
    std::vector<double> padded(x.rend() - static_cast<std::ptrdiff_t>(n_fft / 2 + 1), x.rend() - 1);
    padded.insert(padded.end(), x.begin(), x.end());
    for (std::size_t i = 0; i < n_fft / 2; ++i) padded.push_back(x[x.size() - 2 - i]);
    std::complex<double> sum = 0.0;
    for (std::size_t t = 0; t < window; ++t) {
        const std::size_t at = (n_fft - window) / 2 + t;
        const double turn = static_cast<double>(t) / static_cast<double>(window);
        const double hann = window == 1 ? 1.0 : std::pow(std::sin(std::numbers::pi * turn), 2);
        sum += padded[start + at] * hann * kac::root_of_unity(at * bin, n_fft);
    }
    return std::norm(sum);
}

}  // namespace

TEST_CASE("a spectrogram is what its definition says") {
    struct {
        std::size_t n_fft, window, hop, length;
    } const cases[] = {{16, 16, 4, 40}, {16, 9, 5, 9},   {15, 15, 4, 41}, {15, 8, 40, 8},
                       {1, 1, 3, 10},   {2, 1, 1, 2},    {2, 2, 1, 7},    {134, 100, 33, 300},
                       {32, 31, 7, 17}, {128, 64, 1, 65}};
    for (const auto& sizes : cases) {
        const std::size_t n_fft = sizes.n_fft, length = sizes.length;
        const std::size_t window = sizes.window, hop = sizes.hop;
        CAPTURE(n_fft);
        const kac::Spectrogram plan(n_fft, window, hop);
        const std::vector<double> signal = noise(length);
        const std::vector<double> result = power(plan, signal, length);
        const double largest = *std::max_element(result.begin(), result.end());
        const std::size_t frames = plan.frames(length);
        CHECK(plan.rows() == n_fft / 2 + 1);
        CHECK(frames == 1 + (length + 2 * (n_fft / 2) - n_fft) / hop);
        for (std::size_t k = 0; k < plan.rows(); ++k) {
            for (std::size_t f = 0; f < frames; ++f) {
                const double expected = slow_power(signal, n_fft, window, f * hop, k);
                CHECK(std::abs(result[k * frames + f] - expected) < 1e-13 * largest);
            }
        }
    }
}

TEST_CASE("mel bands are the filters' sums over the power spectrum") {
    const kac::Spectrogram plain(64, 50, 20);
    const kac::MelSpectrogram mel(64, 50, 20, 7, 100.0, 8000.0);
    const std::vector<double> signal = noise(333);
    const std::vector<double> spectrum = power(plain, signal, 333), bands = power(mel, signal, 333);
    const std::vector<double> weights = mel.filters().dense();
    const std::size_t frames = mel.frames(333);
    REQUIRE(mel.rows() == 7);
    REQUIRE(weights.size() == 7 * 33);
    for (std::size_t m = 0; m < 7; ++m) {
        for (std::size_t f = 0; f < frames; ++f) {
            double sum = 0.0;
            for (std::size_t k = 0; k < 33; ++k)
                sum += weights[m * 33 + k] * spectrum[k * frames + f];
            CHECK(bands[m * frames + f] == doctest::Approx(sum).epsilon(1e-13));
        }
    }
}

TEST_CASE("neighbouring mel filters add to one between the outer peaks") {
    const std::vector<double> weights = kac::MelFilters(4096, 20, 50.0, 48000.0).dense();
    const std::size_t bins = 2049;
    // The outermost filters have their peaks below 190 Hz and above 20 kHz.
    for (std::size_t k = 17; k < 1700; ++k) {
        double sum = 0.0;
        for (std::size_t m = 0; m < 20; ++m) sum += weights[m * bins + k];
        CHECK(sum == doctest::Approx(1.0).epsilon(1e-12));
    }
}

TEST_CASE("the result has the same bits for any threads and any batch") {
    const kac::Spectrogram plan(32, 30, 3);
    const std::size_t count = 5, length = 1700;
    const std::vector<double> signals = noise(count * length);
    const std::vector<double> all = power(plan, signals, length);
    const std::size_t blocks = plan.blocks(count, length);
    CHECK(blocks > 2);
    for (const unsigned threads : {1U, 2U, 7U}) {
        std::vector<double> out(all.size());
        kac::parallel_for(blocks, threads,
                          [&](std::size_t i) { plan.power(signals, length, out, i); });
        CHECK(out == all);
    }
    for (std::size_t i = 0; i < count; ++i) {
        const auto first = signals.begin() + static_cast<std::ptrdiff_t>(i * length);
        const std::vector<double> alone =
            power(plan, {first, first + static_cast<std::ptrdiff_t>(length)}, length);
        const auto among = all.begin() + static_cast<std::ptrdiff_t>(i * alone.size());
        CHECK(std::equal(alone.begin(), alone.end(), among));
    }
}

TEST_CASE("a sample that is not finite is named, the first of several") {
    const kac::Spectrogram plan(8, 8, 64);
    std::vector<double> signals(4000, 0.0);
    signals[3999] = std::numeric_limits<double>::infinity();
    signals[2003] = -std::numeric_limits<double>::infinity();
    CHECK_THROWS_WITH_AS(power(plan, signals, 1000),
                         "sample 3 of signal 2 is -inf; all samples must be finite numbers",
                         std::invalid_argument);
}

TEST_CASE("bad settings and bad sizes are refused") {
    CHECK_THROWS_AS(kac::Spectrogram(0, 1, 1), std::invalid_argument);
    CHECK_THROWS_AS(kac::Spectrogram(8, 0, 1), std::invalid_argument);
    CHECK_THROWS_AS(kac::Spectrogram(8, 9, 1), std::invalid_argument);
    CHECK_THROWS_AS(kac::Spectrogram(8, 8, 0), std::invalid_argument);
    CHECK_THROWS_AS(kac::MelFilters(8, 0, 0.0, 100.0), std::invalid_argument);
    CHECK_THROWS_AS(kac::MelFilters(8, 4, -1.0, 100.0), std::invalid_argument);
    CHECK_THROWS_AS(kac::MelFilters(8, 4, 50.0, 100.0), std::invalid_argument);
    CHECK_THROWS_AS(kac::MelFilters(8, 4, std::nan(""), 100.0), std::invalid_argument);
    CHECK_THROWS_AS(kac::MelFilters(8, 4, 0.0, 0.0), std::invalid_argument);
    const kac::Spectrogram plan(8, 8, 4);
    CHECK(plan.frames(5) == 2);
    CHECK_THROWS_AS(plan.frames(4), std::invalid_argument);
    std::vector<double> signals(20), out(5 * 3 * 2);
    CHECK_NOTHROW(plan.power(signals, 10, out, 0));
    CHECK_THROWS_AS(plan.power(signals, 10, out, 1), std::invalid_argument);
    CHECK_THROWS_AS(plan.power(signals, 9, out, 0), std::invalid_argument);
    CHECK_THROWS_AS(plan.power(signals, 0, out), std::invalid_argument);
    CHECK_THROWS_AS(plan.power(signals, 5, out, 0), std::invalid_argument);
    CHECK_NOTHROW(plan.power({}, 10, {}));
}
