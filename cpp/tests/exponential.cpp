#include "kac/exponential.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace {

constexpr bool wide_long_double = std::numeric_limits<long double>::digits >= 64;

/// The distance in units in the last place of `expected`.
double ulps(double value, long double expected) {
    const double near = std::fabs(static_cast<double>(expected));
    const double unit = std::nextafter(near, std::numeric_limits<double>::infinity()) - near;
    return static_cast<double>(std::fabs(value - expected)) / unit;
}

/// The largest error of `function` at numbers of all sizes between 1e-300 and `largest`.
template <typename Function, typename Oracle>
double worst(double largest, double sign, Function function, Oracle oracle) {
    std::mt19937_64 random(1);
    std::uniform_real_distribution<double> plain(0.0, largest), power(-300.0, std::log10(largest));
    double error = 0.0;
    for (int i = 0; i < 200000; ++i) {
        const double x = sign * (i % 2 == 0 ? plain(random) : std::pow(10.0, power(random)));
        error = std::max(error, ulps(function(x), oracle(static_cast<long double>(x))));
    }
    return error;
}

}  // namespace

TEST_CASE("exp, exp - 1 and ln agree with long double" * doctest::skip(!wide_long_double)) {
    using Long = long double;
    const auto exp = [](Long x) { return std::exp(x); };
    const auto expm1 = [](Long x) { return std::expm1(x); };
    const auto log = [](Long x) { return std::log(x); };
    for (const double largest : {1.0, 40.0, 708.0}) {
        CAPTURE(largest);
        for (const double sign : {-1.0, 1.0}) {
            CHECK(worst(largest, sign, kac::exponential, exp) < 1.1);
            CHECK(worst(largest, sign, kac::exponential_minus_one, expm1) < 2.0);
        }
    }
    for (const double largest : {0.5, 1.0, 2.0, 1e300}) {
        CAPTURE(largest);
        CHECK(worst(largest, 1.0, kac::logarithm, log) < 3.0);
    }
}

TEST_CASE("exact values and the ends of the range") {
    CHECK(kac::exponential(0.0) == 1.0);
    CHECK(kac::exponential_minus_one(0.0) == 0.0);
    CHECK(kac::logarithm(1.0) == 0.0);
    CHECK(kac::exponential(709.0) == doctest::Approx(std::exp(709.0)).epsilon(1e-15));
    for (const double x : {-709.0, -1e300, -std::numeric_limits<double>::infinity()}) {
        CHECK(kac::exponential(x) == 0.0);
        CHECK(kac::exponential_minus_one(x) == -1.0);
    }
    CHECK(kac::logarithm(std::numeric_limits<double>::max()) ==
          doctest::Approx(std::log(std::numeric_limits<double>::max())).epsilon(1e-15));
    CHECK(kac::logarithm(5e-324) == doctest::Approx(std::log(5e-324)).epsilon(1e-15));
}
