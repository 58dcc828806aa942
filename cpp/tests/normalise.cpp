#include "kac/normalise.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

template <typename Real>
constexpr Real largest = std::numeric_limits<Real>::max();
template <typename Real>
constexpr Real denormal = std::numeric_limits<Real>::denorm_min();
template <typename Real>
constexpr Real infinity = std::numeric_limits<Real>::infinity();

template <typename Real>
constexpr Real not_a_number = std::numeric_limits<Real>::quiet_NaN();

template <typename Real>
std::vector<Real> normalise(const std::vector<Real>& signals, std::size_t length) {
    std::vector<Real> out(signals.size(), Real{42});
    kac::normalise<Real>(signals, length, out);
    return out;
}

template <typename Real>
std::vector<Real> noise(std::size_t size) {
    std::mt19937_64 random(size);
    std::normal_distribution<double> normal(0.3, 0.01);
    std::vector<Real> signal(size);
    for (Real& x : signal) x = static_cast<Real>(normal(random));
    return signal;
}

/// The definition, a sample at a time.
template <typename Real>
std::vector<Real> definition(std::span<const Real> signal) {
    const auto [low, high] = std::minmax_element(signal.begin(), signal.end());
    const Real span = *high - *low;
    std::vector<Real> out;
    for (const Real x : signal) out.push_back(span == 0 ? Real{0} : (x - *low) / span * 2 - 1);
    return out;
}

template <typename Real>
std::string complaint(const std::vector<Real>& signals, std::size_t length) {
    try {
        normalise(signals, length);
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE_TEMPLATE("the definition, to the last bit", Real, double, float) {
    std::vector<std::size_t> lengths = {8191, 8192, 8193, 30000};
    for (std::size_t length = 1; length < 200; ++length) lengths.push_back(length);
    for (const std::size_t length : lengths) {
        const std::vector<Real> signal = noise<Real>(length);
        CHECK(normalise(signal, length) == definition<Real>(signal));
    }
}

TEST_CASE_TEMPLATE("the extremes are found wherever they stand", Real, double, float) {
    for (std::size_t at = 0; at < 300; ++at) {
        std::vector<Real> signal(300, Real{0.5});
        signal[at] = -3;
        signal[(at + 101) % 300] = 7;
        const std::vector<Real> out = normalise(signal, 300);
        CHECK(out[at] == -1);
        CHECK(out[(at + 101) % 300] == 1);
        CHECK(std::count(out.begin(), out.end(), out[(at + 1) % 300]) == 298);
    }
}

TEST_CASE_TEMPLATE("each signal by itself", Real, double, float) {
    const std::vector<Real> signals = {1, 2, 3, -5, 0, 5, 4, 4, 4};
    CHECK(normalise(signals, 3) == std::vector<Real>{-1, 0, 1, -1, 0, 1, 0, 0, 0});
    CHECK(normalise(signals, 9)[8] == normalise(signals, 9)[7]);
    CHECK(normalise(std::vector<Real>{}, 3).empty());
}

TEST_CASE_TEMPLATE("a constant becomes zeros, all of them positive", Real, double, float) {
    for (const Real value : {Real{0}, Real{-0.0}, Real{7}, -largest<Real>, denormal<Real>}) {
        const std::vector<Real> signal(77, value);
        const std::vector<Real> out = normalise(signal, 77);
        for (const Real x : out) CHECK((x == 0 && !std::signbit(x)));
    }
    for (const Real x : normalise(std::vector<Real>{-0.0, 0.0, -0.0}, 3)) {
        CHECK((x == 0 && !std::signbit(x)));
    }
}

TEST_CASE_TEMPLATE("the smallest and the largest numbers", Real, double, float) {
    CHECK(normalise(std::vector<Real>{0, denormal<Real>}, 2) == std::vector<Real>{-1, 1});
    CHECK(normalise(std::vector<Real>{largest<Real>, 0}, 2) == std::vector<Real>{1, -1});
    CHECK(complaint(std::vector<Real>{1, 2, 3, 4, -largest<Real>, largest<Real>}, 2)
              .starts_with("the samples of signal 2 lie too far apart for float"));
}

TEST_CASE_TEMPLATE("a sample that is not finite is named, the first of all signals", Real, double,
                   float) {
    for (const Real bad : {infinity<Real>, -infinity<Real>, not_a_number<Real>}) {
        for (std::size_t at = 0; at < 400; at += 7) {
            std::vector<Real> signals = noise<Real>(400);
            signals[at] = bad;
            signals[399] = bad;
            const std::string place =
                "sample " + std::to_string(at % 100) + " of signal " + std::to_string(at / 100);
            CHECK(complaint(signals, 100).starts_with(place));
        }
    }
}

TEST_CASE("what is thrown does not depend on which signal is at it") {
    const std::vector<double> signals = {
        1, 2, largest<double>, -largest<double>, -1, infinity<double>};
    std::vector<double> out(2);
    for (const std::size_t i : {1U, 2U}) {
        CHECK_THROWS_WITH_AS(kac::normalise<double>(signals, 2, i, out),
                             doctest::Contains("sample 1 of signal 2 is inf"),
                             std::invalid_argument);
    }
}

TEST_CASE("arrays that do not fit are refused") {
    const std::vector<double> signals(6);
    std::vector<double> out(6);
    CHECK_THROWS_AS(kac::normalise<double>(signals, 4, out), std::invalid_argument);
    CHECK_THROWS_AS(kac::normalise<double>(signals, 7, out), std::invalid_argument);
    CHECK_THROWS_AS(kac::normalise<double>({}, 7, out), std::invalid_argument);
    CHECK_THROWS_AS(kac::normalise<double>(signals, 0, out), std::invalid_argument);
    const std::span<double> first = std::span(out).first(3);
    CHECK_THROWS_AS(kac::normalise<double>(signals, 3, 2, first), std::invalid_argument);
    CHECK_THROWS_AS(kac::normalise<double>(signals, 4, 0, first), std::invalid_argument);
    CHECK_THROWS_AS(kac::normalise<double>(signals, 0, 0, first), std::invalid_argument);
    CHECK_THROWS_AS(kac::normalise<double>(signals, 3, 0, out), std::invalid_argument);
    CHECK_THROWS_AS(kac::normalise<double>(signals, 3, first), std::invalid_argument);
}
