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

#include "kac/fft.hpp"
#include "kac/finite.hpp"
#include "kac/normalise.hpp"
#include "kac/parallel.hpp"
#include "kac/roots.hpp"

namespace {

using kac::Measure;
using kac::MelFilters;
using kac::Spectrogram;

/// How far a power may be off, in parts of the largest.
template <typename Real>
constexpr double tolerance = sizeof(Real) == 8 ? 1e-13 : 2e-6;

template <typename Real>
std::vector<Real> noise(std::size_t size) {
    std::mt19937 generator(1);
    std::normal_distribution<double> normal;
    std::vector<Real> values(size);
    for (Real& value : values) value = static_cast<Real>(normal(generator));
    return values;
}

template <typename Real>
std::vector<Real> transform(const Spectrogram<Real>& plan, const std::vector<Real>& signals,
                            std::size_t length) {
    std::vector<Real> out(signals.size() / length * plan.rows() * plan.frames(length));
    plan.transform(signals, length, out);
    return out;
}

/// One bin of one frame by its definition, on a signal padded by reflection.
template <typename Real>
double slow_power(const std::vector<Real>& x, std::size_t n_fft, std::size_t window,
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

/// Two spectrograms of one shape, relative to the largest value of the second.
template <typename Real>
void check_close(const std::vector<Real>& values, const std::vector<double>& expected,
                 double allowed) {
    REQUIRE(values.size() == expected.size());
    const double largest = *std::max_element(expected.begin(), expected.end());
    for (std::size_t i = 0; i < values.size(); ++i) {
        CHECK(std::abs(values[i] - expected[i]) <= allowed * largest);
    }
}

template <typename Real>
std::vector<Real> part(const std::vector<Real>& values, std::size_t first, std::size_t size) {
    const auto start = values.begin() + static_cast<std::ptrdiff_t>(first);
    return {start, start + static_cast<std::ptrdiff_t>(size)};
}

}  // namespace

TEST_CASE_TEMPLATE("a spectrogram is what its definition says", Real, double, float) {
    struct {
        std::size_t n_fft, window, hop, length;
    } const cases[] = {{16, 16, 4, 40}, {16, 9, 5, 9},   {15, 15, 4, 41}, {15, 8, 40, 8},
                       {1, 1, 3, 10},   {2, 1, 1, 2},    {2, 2, 1, 7},    {134, 100, 33, 300},
                       {32, 31, 7, 17}, {128, 64, 1, 65}};
    for (const auto& sizes : cases) {
        const std::size_t n_fft = sizes.n_fft, length = sizes.length;
        const std::size_t window = sizes.window, hop = sizes.hop;
        CAPTURE(n_fft);
        const Spectrogram<Real> plan({n_fft, window, hop});
        const std::vector<Real> signal = noise<Real>(length);
        const std::size_t frames = plan.frames(length);
        CHECK(plan.rows() == n_fft / 2 + 1);
        CHECK(frames == 1 + (length + 2 * (n_fft / 2) - n_fft) / hop);
        std::vector<double> expected;
        for (std::size_t k = 0; k < plan.rows(); ++k) {
            for (std::size_t f = 0; f < frames; ++f) {
                expected.push_back(slow_power(signal, n_fft, window, f * hop, k));
            }
        }
        check_close(transform(plan, signal, length), expected, tolerance<Real>);
    }
}

TEST_CASE_TEMPLATE("the magnitude is the root of the power", Real, double, float) {
    const std::vector<Real> signal = noise<Real>(500);
    const auto power = transform(Spectrogram<Real>({48, 40, 7}), signal, 500);
    std::vector<double> roots;
    for (const Real value : power) roots.push_back(std::sqrt(static_cast<double>(value)));
    const Spectrogram<Real> plan({48, 40, 7, Measure::magnitude});
    check_close(transform(plan, signal, 500), roots, tolerance<Real>);
}

TEST_CASE_TEMPLATE("mel bands are the filters' sums over the bins", Real, double, float) {
    const MelFilters filters({64, 7, 100.0, 4000.0, 8000.0});
    const std::vector<double> weights = filters.dense();
    const std::vector<Real> signal = noise<Real>(333);
    for (const Measure measure : {Measure::power, Measure::magnitude}) {
        const Spectrogram<Real> plain({64, 50, 20, measure}), mel({64, 50, 20, measure}, filters);
        const std::vector<Real> spectrum = transform(plain, signal, 333);
        const std::size_t frames = mel.frames(333);
        REQUIRE(mel.rows() == 7);
        std::vector<double> expected(7 * frames, 0.0);
        for (std::size_t i = 0; i < expected.size(); ++i) {
            for (std::size_t k = 0; k < 33; ++k) {
                expected[i] += weights[i / frames * 33 + k] * spectrum[k * frames + i % frames];
            }
        }
        check_close(transform(mel, signal, 333), expected, tolerance<Real>);
    }
}

TEST_CASE_TEMPLATE("decibels end at their floor, exactly", Real, double, float) {
    std::vector<Real> signal = noise<Real>(400);
    std::fill(signal.begin(), signal.begin() + 150, Real{0});
    for (const Measure measure : {Measure::power, Measure::magnitude}) {
        const auto plain = transform(Spectrogram<Real>({32, 32, 9, measure}), signal, 400);
        const Spectrogram<Real> plan({32, 32, 9, measure, -10.5});
        const std::vector<Real> decibels = transform(plan, signal, 400);
        const double factor = measure == Measure::power ? 10.0 : 20.0;
        std::size_t at_floor = 0;
        for (std::size_t i = 0; i < plain.size(); ++i) {
            const double level = factor * std::log10(static_cast<double>(plain[i]));
            if (level < -10.501) CHECK(decibels[i] == Real(-10.5));
            const double error = std::abs(decibels[i] - std::max(level, -10.5));
            CHECK(error <= (sizeof(Real) == 8 ? 1e-12 : 1e-5));
            at_floor += decibels[i] == Real(-10.5);
        }
        CHECK(at_floor > 150);
    }
}

TEST_CASE_TEMPLATE("what is beyond all numbers is not taken for silence", Real, double, float) {
    const Real largest = std::numeric_limits<Real>::max();
    std::vector<Real> signal(200);
    for (std::size_t t = 0; t < signal.size(); ++t) signal[t] = t % 3 == 0 ? -largest : largest;
    const auto decibels =
        transform(Spectrogram<Real>({16, 16, 4, Measure::power, -80.0}), signal, 200);
    for (const Real level : decibels) CHECK((std::isnan(level) || level > 300));
    CHECK(std::find(decibels.begin(), decibels.end(), std::numeric_limits<Real>::infinity()) !=
          decibels.end());
}

TEST_CASE("a strange sample is found wherever it stands") {
    const Spectrogram<double> plan({8, 8, 1});
    std::vector<double> signals(3 * 700, 0.5);
    for (std::size_t at = 0; at < signals.size(); ++at) {
        signals[at] = std::numeric_limits<double>::quiet_NaN();
        CHECK_THROWS_AS(transform(plan, signals, 700), std::invalid_argument);
        signals[at] = 0.5;
    }
}

TEST_CASE_TEMPLATE("the result has the same bits for any threads and any batch", Real, double,
                   float) {
    const Spectrogram<Real> plan({32, 30, 3});
    const std::size_t count = 5, length = 4700;
    const std::vector<Real> signals = noise<Real>(count * length);
    const std::vector<Real> all = transform(plan, signals, length);
    const std::size_t blocks = plan.blocks(count, length);
    CHECK(blocks > 2);
    for (const unsigned threads : {1U, 2U, 7U}) {
        std::vector<Real> out(all.size());
        kac::parallel_for(blocks, threads,
                          [&](std::size_t i) { plan.transform(signals, length, out, i); });
        CHECK(out == all);
    }
    for (std::size_t i = 0; i < count; ++i) {
        const auto alone = transform(plan, part(signals, i * length, length), length);
        CHECK(alone == part(all, i * alone.size(), alone.size()));
    }
}

TEST_CASE_TEMPLATE("many signals of few frames are as each alone", Real, double, float) {
    // A block then holds parts of many signals, and a group of frames more than one of them.
    for (const std::size_t length : {9U, 20U, 33U, 70U}) {
        CAPTURE(length);
        const std::size_t count = 611;
        const Spectrogram<Real> plan({16, 14, 8});
        const std::vector<Real> signals = noise<Real>(count * length);
        const std::vector<Real> all = transform(plan, signals, length);
        for (std::size_t i = 0; i < count; ++i) {
            const auto alone = transform(plan, part(signals, i * length, length), length);
            CHECK(alone == part(all, i * alone.size(), alone.size()));
        }
    }
}

TEST_CASE_TEMPLATE("a sample that is not finite is named, the first of several", Real, double,
                   float) {
    const Spectrogram<Real> plan({8, 8, 64});
    std::vector<Real> signals(4000, Real{0});
    signals[3999] = std::numeric_limits<Real>::infinity();
    signals[2003] = -std::numeric_limits<Real>::infinity();
    CHECK_THROWS_WITH_AS(transform(plan, signals, 1000),
                         "sample 3 of signal 2 is -inf; all samples must be finite numbers",
                         std::invalid_argument);
    signals[3] = std::numeric_limits<Real>::quiet_NaN();
    CHECK_THROWS_WITH_AS(kac::require_finite<Real>(signals, 1000, 3998, 4000),
                         "sample 3 of signal 0 is nan; all samples must be finite numbers",
                         std::invalid_argument);
    CHECK_NOTHROW(kac::require_finite<Real>(signals, 1000, 4, 2003));
}

TEST_CASE_TEMPLATE("bad settings are refused", Real, double, float) {
    using Plan = Spectrogram<Real>;
    const double nan = std::nan("");
    CHECK_THROWS_AS(Plan({0, 1, 1}), std::invalid_argument);
    CHECK_THROWS_AS(Plan({8, 0, 1}), std::invalid_argument);
    CHECK_THROWS_AS(Plan({8, 9, 1}), std::invalid_argument);
    CHECK_THROWS_AS(Plan({8, 8, 0}), std::invalid_argument);
    CHECK_THROWS_AS(Plan({8, 8, 1, Measure::power, nan}), std::invalid_argument);
    CHECK_THROWS_AS(Plan({8, 8, 1, Measure::power, -HUGE_VAL}), std::invalid_argument);
    const MelFilters filters({16, 3, 0.0, 50.0, 100.0});
    CHECK_NOTHROW(Plan({16, 8, 1}, filters));
    CHECK_THROWS_AS(Plan({8, 8, 1}, filters), std::invalid_argument);
}

TEST_CASE_TEMPLATE("bad sizes are refused", Real, double, float) {
    const Spectrogram<Real> plan({8, 8, 4});
    CHECK(plan.frames(5) == 2);
    CHECK_THROWS_AS(plan.frames(4), std::invalid_argument);
    std::vector<Real> signals(20), out(5 * 3 * 2);
    CHECK_NOTHROW(plan.transform(signals, 10, out, 0));
    CHECK_THROWS_AS(plan.transform(signals, 10, out, 1), std::invalid_argument);
    CHECK_THROWS_AS(plan.transform(signals, 9, out, 0), std::invalid_argument);
    CHECK_THROWS_AS(plan.transform(signals, 0, out), std::invalid_argument);
    CHECK_THROWS_AS(plan.transform(signals, 21, out), std::invalid_argument);
    CHECK_THROWS_AS(plan.transform({}, 10, out), std::invalid_argument);
    CHECK_THROWS_AS(plan.transform(signals, 5, out, 0), std::invalid_argument);
    CHECK_NOTHROW(plan.transform({}, 10, {}));
}

TEST_CASE_TEMPLATE("on an executor, normalised or not: the bits of one step after the other", Real,
                   double, float) {
    kac::ThreadPool pool;
    const Spectrogram<Real> plan({64, 60, 20});
    for (const std::size_t length : {70U, 700U, 3000U}) {
        // With many signals for each thread they are normalised a group at a time, else all at
        // once.
        for (const std::size_t count : {0U, 1U, 3U, 9U, 100U}) {
            CAPTURE(count);
            const std::vector<Real> signals = noise<Real>(count * length);
            std::vector<Real> normalised(signals.size());
            kac::normalise<Real>(signals, length, normalised);
            const std::vector<Real> plain = transform(plan, signals, length);
            const std::vector<Real> expected = transform(plan, normalised, length);
            for (const unsigned threads : {0U, 1U, 2U, 7U}) {
                std::vector<Real> out(expected.size());
                plan.transform(signals, length, out, {pool, threads});
                CHECK(out == plain);
                plan.transform(signals, length, out, {pool, threads}, true);
                CHECK(out == expected);
            }
        }
    }
}

TEST_CASE_TEMPLATE("what cannot be normalised is named, the first of all signals", Real, double,
                   float) {
    kac::ThreadPool pool;
    const Spectrogram<Real> plan({8, 8, 4});
    const std::size_t count = 40, length = 500;
    for (const unsigned threads : {1U, 64U}) {  // a group at a time; all at once
        std::vector<Real> signals = noise<Real>(count * length);
        std::vector<Real> out(count * plan.rows() * plan.frames(length));
        const auto normalised = [&] {
            plan.transform(signals, length, out, {pool, threads}, true);
        };
        signals[17 * length] = std::numeric_limits<Real>::max();
        signals[17 * length + 1] = -std::numeric_limits<Real>::max();
        CHECK_THROWS_WITH_AS(normalised(),
                             doctest::Contains("the samples of signal 17 lie too far apart"),
                             std::invalid_argument);
        signals[33 * length + 7] = std::numeric_limits<Real>::infinity();
        CHECK_THROWS_WITH_AS(normalised(), doctest::Contains("sample 7 of signal 33 is inf"),
                             std::invalid_argument);
        CHECK_THROWS_AS(plan.transform(signals, length + 1, out, {pool, threads}, true),
                        std::invalid_argument);
        CHECK_THROWS_AS(plan.transform(signals, 0, out, {pool, threads}, true),
                        std::invalid_argument);
    }
}
