#include "kac/spectral_distance.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <complex>
#include <cstddef>
#include <limits>
#include <numbers>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

namespace {

using Sound = std::vector<double>;

const std::vector<std::size_t> lengths = {16, 32, 64};
constexpr double least = 1e-4;

Sound noise(std::size_t size, unsigned seed) {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal(0.0, 0.1);
    Sound sound(size);
    for (double& x : sound) x = normal(random);
    return sound;
}

std::vector<double> sums(const kac::SpectralDistance& plan, const Sound& x, const Sound& y,
                         unsigned threads = 1) {
    kac::ThreadPool pool;
    std::vector<double> out(2 * plan.windows(), 42.0);
    plan.sums(x, y, out, {pool, threads});
    return out;
}

/// |X_k| of the n samples from `sound` on under Hann's window, by the definition.
double magnitude(const double* sound, std::size_t n, std::size_t k) {
    std::complex<double> bin;
    for (std::size_t t = 0; t < n; ++t) {
        const double turn = 2.0 * std::numbers::pi / static_cast<double>(n);
        const double window = 0.5 - 0.5 * std::cos(turn * static_cast<double>(t));
        bin += window * sound[t] * std::polar(1.0, -turn * static_cast<double>(k * t % n));
    }
    return std::abs(bin);
}

/// The sums of one window, by the definition.
std::pair<double, double> definition(const Sound& x, const Sound& y, std::size_t n) {
    const double floor = least * static_cast<double>(n) / 4.0;
    double linear = 0.0, logarithmic = 0.0;
    for (std::size_t start = 48 - 3 * n / 4; start + n <= x.size(); start += n / 4) {
        for (std::size_t k = 0; k <= n / 2; ++k) {
            const double a = magnitude(&x[start], n, k), b = magnitude(&y[start], n, k);
            linear += std::abs(a - b);
            logarithmic += std::abs(std::log(std::hypot(a, floor) / std::hypot(b, floor)));
        }
    }
    return {linear, logarithmic};
}

}  // namespace

TEST_CASE("sums agree with their definition") {
    const kac::SpectralDistance plan(lengths, least);
    CHECK(plan.history() == 48);
    CHECK(plan.step() == 16);
    const Sound x = noise(48 + 16 * 13, 1), loud = noise(x.size(), 2), silence(x.size(), 0.0);
    for (const Sound& y : {loud, silence}) {
        const std::vector<double> found = sums(plan, x, y);
        for (std::size_t i = 0; i < lengths.size(); ++i) {
            const auto [linear, logarithmic] = definition(x, y, lengths[i]);
            CHECK(found[2 * i] == doctest::Approx(linear).epsilon(1e-12));
            CHECK(found[2 * i + 1] == doctest::Approx(logarithmic).epsilon(1e-12));
        }
    }
}

TEST_CASE("products of ratios beyond the largest number give their logarithms") {
    const kac::SpectralDistance plan(lengths, 1e-60);
    const std::vector<double> found = sums(plan, noise(112, 1), Sound(112, 0.0));
    // Each bin lies 60 decades above the floor, within a factor of a hundred.
    const double bins = 4.0 * 33.0;
    CHECK(found[5] / bins == doctest::Approx(60.0 * std::numbers::ln10).epsilon(0.05));
}

TEST_CASE("equal sounds differ by nothing, and exchanged ones by the same") {
    const kac::SpectralDistance plan(lengths, least);
    const Sound x = noise(1072, 1), y = noise(1072, 2);
    CHECK(sums(plan, x, x) == std::vector<double>(6, 0.0));
    CHECK(sums(plan, x, y) == sums(plan, y, x));
    CHECK(sums(plan, Sound(48), Sound(48)) == std::vector<double>(6, 0.0));
}

TEST_CASE("the number of threads changes no bit") {
    const kac::SpectralDistance plan(lengths, least);
    const Sound x = noise(48 + 16 * 5001, 1), y = noise(x.size(), 2);
    const std::vector<double> alone = sums(plan, x, y);
    for (const unsigned threads : {2U, 3U, 8U}) CHECK(sums(plan, x, y, threads) == alone);
}

TEST_CASE("what cannot be compared is refused") {
    const auto plan = [](std::vector<std::size_t> windows, double floor = least) {
        return kac::SpectralDistance(windows, floor);
    };
    CHECK_THROWS_AS(plan({}), std::invalid_argument);
    CHECK_THROWS_AS(plan({0}), std::invalid_argument);
    CHECK_THROWS_AS(plan({6}), std::invalid_argument);
    CHECK_THROWS_AS(plan({24, 32}), std::invalid_argument);
    CHECK_THROWS_AS(plan({std::size_t{1} << 25}), std::invalid_argument);
    CHECK_THROWS_AS(plan({16}, 0.0), std::invalid_argument);
    CHECK_THROWS_AS(plan({16}, std::nan("")), std::invalid_argument);
    const kac::SpectralDistance good = plan(lengths);
    CHECK_THROWS_AS(sums(good, Sound(64), Sound(80)), std::invalid_argument);
    CHECK_THROWS_AS(sums(good, Sound(32), Sound(32)), std::invalid_argument);
    CHECK_THROWS_AS(sums(good, Sound(65), Sound(65)), std::invalid_argument);
    for (const double bad : {std::numeric_limits<double>::infinity(), std::nan(""), 1e200}) {
        Sound x(64, 0.0);
        x[63] = bad;
        CHECK_THROWS_AS(sums(good, x, Sound(64)), std::invalid_argument);
        CHECK_THROWS_AS(sums(good, Sound(64), x), std::invalid_argument);
    }
}
