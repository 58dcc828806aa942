#include "kac/tone.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <tuple>
#include <vector>

namespace {

using kac::Waveshape;
using Samples = std::vector<double>;

constexpr long double pi = 3.14159265358979323846264338327950288L;  // libraries may have fewer

Samples tone(Waveshape shape, double frequency, std::size_t length, double rate = 48000.0) {
    Samples out(length);
    kac::tone(shape, frequency, rate, out);
    return out;
}

}  // namespace

TEST_CASE("the four shapes of a period of eight samples") {
    const double h = std::sqrt(0.5);
    CHECK(tone(Waveshape::saw, 1.0, 8, 8.0) ==
          Samples{-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75});
    CHECK(tone(Waveshape::sqr, 1.0, 8, 8.0) == Samples{1, 1, 1, 1, -1, -1, -1, -1});
    CHECK(tone(Waveshape::tri, 1.0, 8, 8.0) == Samples{-1, -0.5, 0, 0.5, 1, 0.5, 0, -0.5});
    const Samples sine = tone(Waveshape::sin, 1.0, 8, 8.0);
    const Samples expected = {0, h, 1, h, 0, -h, -1, -h};
    for (std::size_t n = 0; n < 8; ++n) CHECK(std::fabs(sine[n] - expected[n]) < 2e-16);
}

TEST_CASE("a jump falls on its sample, also after a minute and where a period is no double") {
    // 1000 / 48000 and 7 / 44100 have no finite binary expansion.
    for (const auto& [frequency, rate, period] :
         {std::tuple{1000.0, 48000.0, 48U}, std::tuple{7.0, 44100.0, 6300U}}) {
        const Samples saw = tone(Waveshape::saw, frequency, 60 * 48000, rate);
        const Samples sqr = tone(Waveshape::sqr, frequency, 60 * 48000, rate);
        std::size_t late = 0;
        for (std::size_t n = 0; n < saw.size(); n += period) late += saw[n] != -1.0;
        for (std::size_t n = 0; n < sqr.size(); ++n) {
            late += sqr[n] != (n % period < period / 2 ? 1.0 : -1.0);
        }
        CHECK(late == 0);
    }
}

TEST_CASE("a sine of a minute agrees with long double") {
    if (std::numeric_limits<long double>::digits < 64) return;
    const double f = 23999.9;
    const Samples out = tone(Waveshape::sin, f, 60 * 48000);
    double error = 0.0;
    for (std::size_t n = 0; n < out.size(); n += 991) {
        const long double turns = static_cast<long double>(f) * static_cast<long double>(n) / 48000;
        const long double expected = std::sin(2 * pi * turns);
        error = std::max(error, std::fabs(static_cast<double>(out[n] - expected)));
    }
    CHECK(error < 1e-11);
}

TEST_CASE("no frequency is a constant") {
    CHECK(tone(Waveshape::saw, 0.0, 3) == Samples{-1, -1, -1});
    CHECK(tone(Waveshape::sin, 0.0, 3) == Samples{0, 0, 0});
    CHECK(tone(Waveshape::sqr, 0.0, 3) == Samples{1, 1, 1});
    CHECK(tone(Waveshape::tri, 0.0, 3) == Samples{-1, -1, -1});
}

TEST_CASE("frequencies that no tone can have are refused") {
    const double inf = std::numeric_limits<double>::infinity();
    for (const double bad : {-1.0, 24000.0, 1e300, inf, std::nan("")}) {
        CHECK_THROWS_AS(tone(Waveshape::sin, bad, 4), std::invalid_argument);
    }
    for (const double bad : {-1.0, 0.0, inf, std::nan("")}) {
        CHECK_THROWS_AS(tone(Waveshape::sin, 100.0, 4, bad), std::invalid_argument);
    }
}

TEST_CASE("a sweep starts at 20 Hz, ends at half the sample rate, and rises all the way") {
    const double rate = 48000.0;
    Samples out(48000);
    kac::sweep(rate, out);
    CHECK(out[0] == 0.0);
    CHECK(out[1] == doctest::Approx(2 * std::numbers::pi * 20 / rate).epsilon(1e-3));
    // At half the sample rate the phase moves by half a turn a sample: the sign alternates.
    for (std::size_t n = out.size() - 8; n + 1 < out.size(); ++n) CHECK(out[n] * out[n + 1] < 0.0);
    std::size_t previous = out.size();
    for (std::size_t n = 1, last = 0; n < 24000; ++n) {
        if (out[n - 1] >= 0.0 || out[n] < 0.0) continue;
        CHECK(n - last <= previous + 1);
        previous = n - last;
        last = n;
    }
}

TEST_CASE("a sweep needs room above 20 Hz") {
    Samples out(10);
    for (const double bad : {40.0, 0.0, -1.0, std::nan("")}) {
        CHECK_THROWS_AS(kac::sweep(bad, out), std::invalid_argument);
    }
}
