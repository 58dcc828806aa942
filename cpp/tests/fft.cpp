#include "kac/fft.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <random>
#include <stdexcept>
#include <vector>

namespace {

using Number = std::complex<double>;
using Exact = std::complex<long double>;

constexpr long double pi = 3.14159265358979323846264338327950288L;  // libraries may have fewer

std::vector<double> noise(std::size_t size, unsigned seed = 1) {
    std::mt19937 generator(seed);
    std::normal_distribution<double> normal;
    std::vector<double> values(size);
    for (double& value : values) value = normal(generator);
    return values;
}

std::vector<Number> spectrum(const std::vector<double>& signals, std::size_t length) {
    const kac::RealFft fft(length);
    std::vector<Number> result(signals.size() / length * fft.bins());
    fft.forward(signals, result);
    return result;
}

/// The definition, term by term in long double.
std::vector<Exact> slow_spectrum(const std::vector<double>& signal) {
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
long double error(const std::vector<Number>& values, const std::vector<Exact>& reference) {
    long double worst = 0.0L, largest = 0.0L;
    for (std::size_t k = 0; k < reference.size(); ++k) {
        worst = std::max(worst, std::abs(Exact(values[k]) - reference[k]));
        largest = std::max(largest, std::abs(reference[k]));
    }
    return worst / largest;
}

}  // namespace

TEST_CASE("roots of unity are correct to the last bit or so, and exact at the quarters") {
    for (const std::size_t n : {1U, 2U, 3U, 8U, 12U, 1000U, 1021U}) {
        for (std::size_t k = 0; k < 2 * n; ++k) {
            const long double turn = static_cast<long double>(k) / static_cast<long double>(n);
            const Exact exact = std::polar(1.0L, -2.0L * pi * turn);
            CHECK(std::abs(Exact(kac::root_of_unity(k, n)) - exact) < 1.2e-16L);
        }
    }
    CHECK(kac::root_of_unity(1, 4) == Number(0.0, -1.0));
    CHECK(kac::root_of_unity(500, 1000) == Number(-1.0, 0.0));
    CHECK(kac::root_of_unity(750, 1000) == Number(0.0, 1.0));
}

TEST_CASE("every length agrees with the definition") {
    for (std::size_t n = 1; n <= 300; ++n) {
        CAPTURE(n);
        const std::vector<double> signal = noise(n, static_cast<unsigned>(n));
        CHECK(error(spectrum(signal, n), slow_spectrum(signal)) < 1e-14L);
    }
}

TEST_CASE("long lengths, of every kind of factor, agree with the definition") {
    for (const std::size_t n : {512U, 1000U, 1021U, 1023U, 2018U, 2048U, 2401U, 2310U, 4087U}) {
        CAPTURE(n);
        const std::vector<double> signal = noise(n);
        CHECK(error(spectrum(signal, n), slow_spectrum(signal)) < 1e-14L);
    }
}

TEST_CASE("the complex transform agrees with the definition in every lane") {
    for (const std::size_t n : {1U, 2U, 6U, 35U, 64U, 67U, 122U}) {
        const kac::ComplexFft fft(n);
        std::vector<kac::Lanes> data(2 * n), work(fft.workspace());
        const std::vector<double> values = noise(2 * n * kac::lane_count);
        for (std::size_t j = 0; j < 2 * n; ++j) {
            for (std::size_t i = 0; i < kac::lane_count; ++i) {
                data[j][i] = values[j * kac::lane_count + i];
            }
        }
        const kac::Lanes* result = fft.forward(data.data(), work.data());
        for (std::size_t i = 0; i < kac::lane_count; ++i) {
            for (std::size_t k = 0; k < n; ++k) {
                Exact sum = 0.0L;
                for (std::size_t j = 0; j < n; ++j) {
                    const Number x(values[2 * j * kac::lane_count + i],
                                   values[(2 * j + 1) * kac::lane_count + i]);
                    sum += Exact(x) * Exact(kac::root_of_unity(j * k, n));
                }
                const Number value(result[2 * k][i], result[2 * k + 1][i]);
                CHECK(std::abs(Exact(value) - sum) < 1e-13L);
            }
        }
    }
}

TEST_CASE("an impulse has a flat spectrum, a constant only its first bin") {
    for (const std::size_t n : {1U, 2U, 7U, 60U, 512U, 1021U}) {
        std::vector<double> impulse(n, 0.0);
        impulse[0] = 1.0;
        for (const Number& bin : spectrum(impulse, n)) CHECK(std::abs(bin - 1.0) < 1e-14);
        const std::vector<Number> bins = spectrum(std::vector<double>(n, 1.0), n);
        const auto size = static_cast<double>(n);
        CHECK(bins[0].real() == doctest::Approx(size).epsilon(1e-14));
        for (std::size_t k = 1; k < bins.size(); ++k) CHECK(std::abs(bins[k]) < 1e-13 * size);
    }
}

TEST_CASE("a signal's spectrum has the same bits alone and among others") {
    for (const std::size_t n : {5U, 64U, 67U, 480U}) {
        const std::size_t count = 2 * kac::lane_count + 1;
        const std::vector<double> signals = noise(count * n);
        const std::vector<Number> all = spectrum(signals, n);
        const std::size_t bins = n / 2 + 1;
        for (std::size_t i = 0; i < count; ++i) {
            const auto start = signals.begin() + static_cast<std::ptrdiff_t>(i * n);
            const auto alone = spectrum({start, start + static_cast<std::ptrdiff_t>(n)}, n);
            CHECK(std::equal(alone.begin(), alone.end(),
                             all.begin() + static_cast<std::ptrdiff_t>(i * bins)));
        }
    }
}

TEST_CASE("a length of zero and arrays that do not fit are refused") {
    CHECK_THROWS_AS(kac::RealFft(0), std::invalid_argument);
    CHECK_THROWS_AS(kac::ComplexFft(0), std::invalid_argument);
    std::vector<Number> bins(3);
    CHECK_THROWS_AS(kac::RealFft(4).forward(std::vector<double>(5), bins), std::invalid_argument);
    CHECK_THROWS_AS(kac::RealFft(4).forward(std::vector<double>(8), bins), std::invalid_argument);
}
