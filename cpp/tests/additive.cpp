#include "kac/additive.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <random>
#include <stdexcept>
#include <vector>

#include "kac/phase.hpp"

namespace {

using Samples = std::vector<double>;

constexpr long double pi = 3.14159265358979323846264338327950288L;  // libraries may have fewer
constexpr double rate = 48000.0;
constexpr bool wide_long_double = std::numeric_limits<long double>::digits >= 64;
constexpr double margin = wide_long_double ? 1e-12 : 1e-10;  // the oracle's own error

Samples render(const Samples& frequencies, const Samples& weights, double decay, std::size_t length,
               double peak = 0.0) {
    Samples out(length, 7.0);
    kac::additive(frequencies, weights, decay, peak, rate, out);
    return out;
}

/// One partial at sample n, straight from the formula, in long double.
long double partial(double frequency, double decay, std::size_t n) {
    const long double t = static_cast<long double>(n) / static_cast<long double>(rate);
    const long double undamped = 2 * pi * frequency;
    const long double sigma = decay;
    const long double squared = (undamped - sigma) * (undamped + sigma);
    if (squared == 0) return t * std::exp(-sigma * t);
    const long double root = std::sqrt(std::fabs(squared));
    if (squared > 0) return std::exp(-sigma * t) * std::sin(root * t) / root;
    const long double slow = undamped * undamped / (sigma + root);
    return std::exp(-slow * t) * -std::expm1(-2 * root * t) / (2 * root);
}

/// The largest error at every `stride`-th sample, relative to the largest sample.
double error_of(const Samples& out, const Samples& frequencies, const Samples& weights,
                double decay, std::size_t stride = 1) {
    long double error = 0;
    long double peak = 0;
    for (std::size_t n = 0; n < out.size(); n += stride) {
        long double sum = 0;
        for (std::size_t k = 0; k < frequencies.size(); ++k) {
            sum += weights[k] * partial(frequencies[k], decay, n);
        }
        error = std::max(error, std::fabs(out[n] - sum));
        peak = std::max(peak, std::fabs(sum));
    }
    return static_cast<double>(error / peak);
}

double largest(const Samples& values) {
    double most = 0.0;
    for (const double value : values) most = std::max(most, std::fabs(value));
    return most;
}

}  // namespace

TEST_CASE("one partial agrees with its sine, from 1 Hz to just below half the sample rate") {
    for (const double f : {1.0, 1.7, 20.0, 440.0, 5999.9, 12000.0, 23999.0, 23999.9}) {
        for (const double decay : {0.0, 3.45, 100.0}) {
            CAPTURE(f);
            CAPTURE(decay);
            CHECK(error_of(render({f}, {1.0}, decay, 48000), {f}, {1.0}, decay, 7) < margin);
        }
    }
}

TEST_CASE("a hair below half the sample rate, where the samples are a slow beat of small ones") {
    // Their peak is 1/160 of the amplitude; most of the error is long double's own.
    CHECK(error_of(render({23999.999}, {1.0}, 0.0, 48000), {23999.999}, {1.0}, 0.0, 7) < 1e-11);
}

TEST_CASE("a minute is as accurate as a second" * doctest::skip(!wide_long_double)) {
    const Samples frequencies = {1.0, 100.1, 7000.3, 17123.4567, 23999.99};
    const Samples weights = {1.0, -30.0, 2000.0, 5000.0, -7000.0};
    for (const double decay : {0.0, 0.05}) {
        const Samples out = render(frequencies, weights, decay, 60 * 48000);
        CHECK(error_of(out, frequencies, weights, decay, 997) < margin);
    }
}

TEST_CASE("many partials, more than are summed at once, and lengths that end within a block") {
    std::mt19937_64 random(1);
    std::uniform_real_distribution<double> frequency(1.0, 23999.0), weight(-1.0, 1.0);
    Samples frequencies(197), weights(197);
    for (double& f : frequencies) f = frequency(random);
    for (double& w : weights) w = weight(random);
    for (const std::size_t length : {2U, 255U, 511U, 512U, 513U, 2047U, 2048U, 2049U, 5000U}) {
        CAPTURE(length);
        CHECK(error_of(render(frequencies, weights, 3.0, length), frequencies, weights, 3.0) <
              margin);
    }
}

TEST_CASE("a longer sound begins with the shorter one, bit for bit") {
    const Samples frequencies = {55.0, 441.3, 9000.0, 0.1};
    const Samples weights = {1.0, 2.0, -3.0, 0.5};
    const Samples longer = render(frequencies, weights, 2.0, 9000);
    for (const std::size_t length : {1U, 3U, 700U, 2048U, 8999U}) {
        const Samples shorter = render(frequencies, weights, 2.0, length);
        CHECK(std::equal(shorter.begin(), shorter.end(), longer.begin()));
    }
}

TEST_CASE("overdamped, critical and nearly critical partials") {
    const double critical = 50.0 / (2.0 * std::numbers::pi);
    for (const double f :
         {0.0, 1e-300, 1e-6, 1.0, 0.9 * critical, critical * (1 - 1e-9), critical,
          std::nextafter(critical, 1e9), critical * (1 + 1e-9), critical * (1 + 1e-5),
          1.0001 * critical, 1.1 * critical, 2.0 * critical}) {
        CAPTURE(f);
        CHECK(error_of(render({f}, {1.0}, 50.0, 48000), {f}, {1.0}, 50.0, 7) < margin);
    }
}

TEST_CASE("nothing overflows, however strong the decay or long the sound") {
    for (const double decay : {1e3, 1e5, 1e9, 1e300}) {
        const Samples out = render({0.0, 10.0, 20000.0}, {1.0, 1.0, 1.0}, decay, 100000);
        for (const double value : out) REQUIRE(std::isfinite(value));
    }
    CHECK(error_of(render({100.0}, {1.0}, 1e5, 48000), {100.0}, {1.0}, 1e5, 7) < margin);
}

TEST_CASE("no frequency and no decay is a straight line") {
    const Samples out = render({0.0}, {2.0}, 0.0, 3000);
    for (std::size_t n = 0; n < out.size(); ++n) {
        CHECK(out[n] == doctest::Approx(2.0 * static_cast<double>(n) / rate).epsilon(1e-14));
    }
}

TEST_CASE("partials from half the sample rate on are left out, below it they sound") {
    CHECK(largest(render({24000.0, 30000.0}, {1.0, 1.0}, 0.0, 100, 1.0)) == 0.0);
    CHECK(largest(render({std::nextafter(24000.0, 0.0)}, {1.0}, 0.0, 100, 1.0)) == 1.0);
    CHECK(render({24000.0, 100.0}, {5.0, 1.0}, 1.0, 500) == render({100.0}, {1.0}, 1.0, 500));
}

TEST_CASE("the largest magnitude is the peak exactly, and the sign is kept") {
    for (const double peak : {1.0, 0.3, 1e-300, 1e300}) {
        for (const double weight : {1.0, -1.0, 1e-310, 1e290}) {
            const Samples out = render({123.4, 777.7}, {weight, weight}, 3.0, 1001, peak);
            CHECK(largest(out) == peak);
            CHECK(std::signbit(out[1]) == std::signbit(weight));
        }
    }
}

TEST_CASE("silence stays silence") {
    CHECK(largest(render({}, {}, 1.0, 50, 1.0)) == 0.0);
    CHECK(largest(render({100.0}, {0.0}, 1.0, 50, 1.0)) == 0.0);
    CHECK(largest(render({100.0}, {1.0}, 1.0, 1, 1.0)) == 0.0);
    CHECK(render({100.0}, {1.0}, 1.0, 0).empty());
}

TEST_CASE("single precision has every peak, and makes it of every weight") {
    const auto single = [](double weight, double peak) {
        std::vector<float> out(900);
        kac::additive(Samples{440.0, 0.0}, Samples{weight, 0.3 * weight}, 1.0, peak, rate, out);
        return out;
    };
    for (const int exponent : {-900, -200, 3, 200, 900}) {
        CHECK(single(std::ldexp(1.0, exponent), 0.5) == single(1.0, 0.5));
    }
    const auto most = std::numeric_limits<float>::max();
    const std::vector<float> loud = single(1.0, most);
    CHECK(*std::max_element(loud.begin(), loud.end()) == most);
    CHECK(single(1.0, 1e-50) == std::vector<float>(900));
    CHECK_THROWS_WITH_AS(single(1.0, 1e39), doctest::Contains("in single precision at most"),
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(single(1e50, 0.0), doctest::Contains("overflow"), std::invalid_argument);
}

TEST_CASE("impossible input is refused by name") {
    const double nan = std::nan("");
    const double inf = std::numeric_limits<double>::infinity();
    for (const double bad : {nan, inf, -1.0}) {
        CHECK_THROWS_WITH_AS(render({1.0, bad}, {1.0, 1.0}, 0.0, 9),
                             doctest::Contains("partial 1: the frequency"), std::invalid_argument);
        CHECK_THROWS_AS(render({1.0}, {1.0}, bad, 9), std::invalid_argument);
        CHECK_THROWS_AS(render({1.0}, {1.0}, 0.0, 9, bad), std::invalid_argument);
    }
    for (const double bad : {nan, inf, -inf}) {
        CHECK_THROWS_WITH_AS(render({1.0}, {bad}, 0.0, 9),
                             doctest::Contains("partial 0: the weight"), std::invalid_argument);
    }
    Samples out(9);
    for (const double bad : {nan, inf, -1.0, 0.0}) {
        CHECK_THROWS_AS(kac::additive({}, {}, 0.0, 0.0, bad, out), std::invalid_argument);
    }
    CHECK_THROWS_AS(render({1.0, 2.0}, {1.0}, 0.0, 9), std::invalid_argument);
    CHECK_THROWS_WITH_AS(render({0.001}, {1e308}, 0.0, 9), doctest::Contains("overflow"),
                         std::invalid_argument);
}

TEST_CASE("the phase of the far future" * doctest::skip(!wide_long_double)) {
    const kac::Turns turns = kac::turns_per_sample(17123.4567, rate);
    for (const double n : {1.0, 12345.0, 1e7, 1e10}) {
        const long double exact = static_cast<long double>(17123.4567) * n / rate;
        const long double expected = exact - std::round(exact);
        const double expected_error = n < 1e9 ? 1e-12 : 1e-9;  // long double's own error
        CHECK(std::fabs(static_cast<double>(kac::fraction(turns, n) - expected)) < expected_error);
    }
}

TEST_CASE("sine and cosine of a turn") {
    for (int i = -4000; i <= 4000; ++i) {
        const double x = i / 1000.0;
        const auto angle = 2 * pi * static_cast<long double>(x);
        const kac::SinCos value = kac::sin_cos_turns(x);
        CHECK(std::fabs(static_cast<double>(value.sin - std::sin(angle))) < 5e-16);
        CHECK(std::fabs(static_cast<double>(value.cos - std::cos(angle))) < 5e-16);
    }
    CHECK(kac::sin_cos_turns(0.0).sin == 0.0);
    CHECK(kac::sin_cos_turns(0.5).sin == 0.0);
    CHECK(kac::sin_cos_turns(1e-20).sin == doctest::Approx(2e-20 * std::numbers::pi));
}
