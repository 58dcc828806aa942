#include "kac/fft.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <random>
#include <stdexcept>
#include <vector>

#include "kac/roots.hpp"

namespace {

using Number = std::complex<double>;
using Exact = std::complex<long double>;

constexpr long double pi = 3.14159265358979323846264338327950288L;  // libraries may have fewer

/// How far a bin may be off, in parts of the largest.
template <typename Real>
constexpr long double tolerance = sizeof(Real) == 8 ? 1e-14L : 1e-6L;

template <typename Real>
std::vector<Real> noise(std::size_t size, std::size_t seed = 1) {
    std::mt19937 generator(static_cast<unsigned>(seed));
    std::normal_distribution<double> normal;
    std::vector<Real> values(size);
    for (Real& value : values) value = static_cast<Real>(normal(generator));
    return values;
}

template <typename Real>
std::vector<std::complex<Real>> spectrum(const std::vector<Real>& signals, std::size_t length) {
    const kac::RealFft<Real> fft(length);
    std::vector<std::complex<Real>> result(signals.size() / length * fft.bins());
    fft.forward(signals, result);
    return result;
}

/// The definition, term by term in long double.
template <typename Real>
std::vector<Exact> slow_spectrum(const std::vector<Real>& signal) {
    const std::size_t n = signal.size();
    std::vector<Exact> roots;
    for (std::size_t k = 0; k < n; ++k) {
        const long double turn = static_cast<long double>(k) / static_cast<long double>(n);
        roots.push_back(std::polar(1.0L, -2.0L * pi * turn));
    }
    std::vector<Exact> result(n / 2 + 1);
    for (std::size_t k = 0; k < result.size(); ++k) {
        for (std::size_t j = 0; j < n; ++j) {
            result[k] += roots[j * k % n] * static_cast<long double>(signal[j]);
        }
    }
    return result;
}

/// Largest difference, in parts of the largest bin.
template <typename Real>
long double error(const std::vector<std::complex<Real>>& values,
                  const std::vector<Exact>& reference) {
    REQUIRE(values.size() == reference.size());
    long double worst = 0.0L, largest = 0.0L;
    for (std::size_t k = 0; k < reference.size(); ++k) {
        const long double distance = std::abs(Exact(values[k]) - reference[k]);
        if (!(distance <= worst)) worst = distance;  // nor is a NaN passed over
        largest = std::max(largest, std::abs(reference[k]));
    }
    return worst / largest;
}

}  // namespace

TEST_CASE_TEMPLATE("every length agrees with the definition", Real, double, float) {
    for (std::size_t n = 1; n <= 300; ++n) {
        CAPTURE(n);
        const std::vector<Real> signal = noise<Real>(n, n);
        CHECK(error(spectrum(signal, n), slow_spectrum(signal)) < tolerance<Real>);
    }
}

TEST_CASE_TEMPLATE("long lengths, of every kind of factor, agree with the definition", Real, double,
                   float) {
    // Powers of 2, 3, 5, 7 and 11, products of small factors, of large ones and of both, primes,
    // twice and four times a prime.
    for (const std::size_t n : {512U,  1024U, 4096U, 729U,  2187U, 3125U, 2401U, 1331U, 480U,
                                1000U, 2310U, 3600U, 1023U, 2047U, 4087U, 482U,  1540U, 536U,
                                2809U, 2147U, 1021U, 4099U, 2018U, 4084U, 1536U, 2560U, 3584U}) {
        CAPTURE(n);
        const std::vector<Real> signal = noise<Real>(n);
        CHECK(error(spectrum(signal, n), slow_spectrum(signal)) < tolerance<Real>);
    }
}

TEST_CASE_TEMPLATE("an impulse has a flat spectrum, a constant only its first bin", Real, double,
                   float) {
    const auto allowed = static_cast<double>(tolerance<Real>);
    for (const std::size_t n : {1U, 2U, 7U, 60U, 512U, 1021U}) {
        std::vector<Real> impulse(n, Real{0});
        impulse[0] = 1;
        for (const auto& bin : spectrum(impulse, n)) CHECK(std::abs(Number(bin) - 1.0) < allowed);
        const auto bins = spectrum(std::vector<Real>(n, Real{1}), n);
        const auto size = static_cast<double>(n);
        CHECK(std::abs(Number(bins[0]) - size) < allowed * size);
        for (std::size_t k = 1; k < bins.size(); ++k) {
            CHECK(std::abs(Number(bins[k])) < allowed * size);
        }
    }
}

TEST_CASE_TEMPLATE("a signal's spectrum has the same bits alone and among others", Real, double,
                   float) {
    const std::size_t count = 37;  // more than two vectors of the widest, and some to spare
    for (const std::size_t n : {1U, 5U, 64U, 67U, 480U}) {
        CAPTURE(n);
        const std::vector<Real> signals = noise<Real>(count * n);
        const auto all = spectrum(signals, n);
        const std::size_t bins = n / 2 + 1;
        for (std::size_t i = 0; i < count; ++i) {
            const auto start = signals.begin() + static_cast<std::ptrdiff_t>(i * n);
            const std::vector<Real> signal(start, start + static_cast<std::ptrdiff_t>(n));
            const auto alone = spectrum(signal, n);
            const auto among = all.begin() + static_cast<std::ptrdiff_t>(i * bins);
            CHECK(std::equal(alone.begin(), alone.end(), among));
        }
    }
}

TEST_CASE_TEMPLATE("a plan is copied and used again", Real, double, float) {
    const std::vector<Real> signal = noise<Real>(90);
    std::vector<std::complex<Real>> first(46), second(46);
    const kac::RealFft<Real> plan(90);
    plan.forward(signal, first);
    const auto copy = plan;
    copy.forward(signal, second);
    CHECK(first == second);
    CHECK(copy.length() == 90);
    CHECK(copy.bins() == 46);
    CHECK_NOTHROW(plan.forward({}, {}));
}

TEST_CASE_TEMPLATE("the first bin, and the last of an even length, are real", Real, double, float) {
    for (const std::size_t n : {1U, 2U, 8U, 30U, 61U, 122U, 1021U, 2042U}) {
        const auto bins = spectrum(noise<Real>(n), n);
        CHECK(bins.front().imag() == Real{0});
        if (n % 2 == 0) CHECK(bins.back().imag() == Real{0});
    }
}

TEST_CASE_TEMPLATE("on an executor, the same bits; a sample that is not finite is named", Real,
                   double, float) {
    kac::ThreadPool pool;
    const std::size_t n = 45, count = 100;
    const kac::RealFft<Real> plan(n);
    std::vector<Real> signals = noise<Real>(count * n);
    std::vector<std::complex<Real>> expected(count * plan.bins());
    plan.forward(signals, expected);
    for (const unsigned threads : {0U, 1U, 3U}) {
        std::vector<std::complex<Real>> bins(expected.size());
        plan.forward(signals, bins, {pool, threads});
        CHECK(bins == expected);
    }
    signals[70 * n + 3] = -std::numeric_limits<Real>::infinity();
    signals[90 * n] = std::numeric_limits<Real>::quiet_NaN();
    CHECK_THROWS_WITH_AS(plan.forward(signals, expected, {pool, 3}),
                         doctest::Contains("sample 3 of signal 70 is -inf"), std::invalid_argument);
    CHECK_THROWS_AS(plan.forward(std::span(signals).first(n + 1), expected, {pool, 1}),
                    std::invalid_argument);
}

TEST_CASE_TEMPLATE("a length of zero and arrays that do not fit are refused", Real, double, float) {
    using Plan = kac::RealFft<Real>;
    CHECK_THROWS_AS(Plan(0), std::invalid_argument);
    CHECK_THROWS_AS(Plan((std::size_t{1} << 24) + 1), std::invalid_argument);
    CHECK_THROWS_AS(Plan(~std::size_t{0}), std::invalid_argument);
    std::vector<std::complex<Real>> bins(3);
    CHECK_THROWS_AS(Plan(4).forward(std::vector<Real>(5), bins), std::invalid_argument);
    CHECK_THROWS_AS(Plan(4).forward(std::vector<Real>(8), bins), std::invalid_argument);
}
