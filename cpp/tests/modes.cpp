#include "kac/modes.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <stdexcept>
#include <utility>
#include <vector>

namespace {

using Values = std::vector<double>;
using kac::BarycentricPoint;
using kac::PolarPoint;
using kac::RectanglePoint;

constexpr long double pi = 3.14159265358979323846264338327950288L;  // libraries may have fewer
constexpr double tolerance = 1e-12;
const double not_a_number = std::nan(""), infinite = std::numeric_limits<double>::infinity();

// Zeros of J_0, J_1 and J_2, Abramowitz and Stegun, table 9.5.
const Values zeros = {2.404825557695773, 5.520078110286311, 8.653727912911012,
                      3.831705970207512, 7.015586669815619, 10.17346813506272,
                      5.135622301840683, 8.417244140399865, 11.61984117214906};

Values circular_series() {
    Values series;
    for (const double z : zeros) series.push_back(z * std::numbers::inv_sqrtpi);
    return series;
}

struct Partials {
    Values frequencies, weights;
};

template <typename Modes, typename... Arguments>
Partials partials(const Modes& modes, Arguments... arguments) {
    Partials result{Values(modes.size()), Values(modes.size())};
    modes.partials(arguments..., result.frequencies, result.weights);
    return result;
}

/// Bessel's own definition, the mean of cos(m t - x sin t); the rule of equal steps converges
/// faster than any power for a periodic function.
long double bessel(std::size_t m, long double x) {
    constexpr int steps = 64;
    long double sum = 0;
    for (int i = 0; i < steps; ++i) {
        const long double t = 2 * pi * i / steps;
        sum += std::cos(static_cast<long double>(m) * t - x * std::sin(t));
    }
    return sum / steps;
}

/// Lamé's eigenfunctions term by term, the symmetric and the antisymmetric one.
std::pair<long double, long double> lame(int m, int n, BarycentricPoint point) {
    const int l = -(m + n);
    const long double a = pi * (1 - static_cast<long double>(point.u));
    const long double d = pi * (static_cast<long double>(point.v) - point.w) / 3;
    const long double first = std::sin(l * a), second = std::sin(m * a), third = std::sin(n * a);
    return {first * std::cos((m - n) * d) + second * std::cos((n - l) * d) +
                third * std::cos((l - m) * d),
            first * std::sin((m - n) * d) + second * std::sin((n - l) * d) +
                third * std::sin((l - m) * d)};
}

}  // namespace

TEST_CASE("a disc, mode by mode") {
    const kac::CircularModes modes(circular_series(), 3, {0.83, 0.4});
    REQUIRE(modes.size() == 9);
    for (const PolarPoint struck : {PolarPoint{0.3, 1.0}, {0.0, 0.0}, {0.99, -70.0}}) {
        const auto [frequencies, weights] = partials(modes, struck, 50.0);
        for (std::size_t k = 0; k < 9; ++k) {
            const std::size_t m = k / 3;
            const long double z = zeros[k], slope = bessel(m + 1, z);
            const long double angle = static_cast<long double>(struck.theta) - 0.4L;
            const long double expected = (m == 0 ? 1 : 2) * bessel(m, z * struck.r) *
                                         bessel(m, z * 0.83L) / (slope * slope) *
                                         std::cos(static_cast<long double>(m) * angle);
            CHECK(std::fabs(static_cast<double>(weights[k] - expected)) < tolerance);
            CHECK(frequencies[k] ==
                  doctest::Approx(zeros[k] / std::sqrt(std::numbers::pi) * 50).epsilon(1e-14));
        }
    }
}

TEST_CASE("a rectangle, mode by mode") {
    const RectanglePoint heard{0.154, 0.289}, struck{0.71, 0.93};
    const kac::RectangularModes modes(4, 30, heard);
    REQUIRE(modes.size() == 120);
    const auto [frequencies, weights] = partials(modes, struck, 2.5, 50.0);
    for (std::size_t k = 0; k < modes.size(); ++k) {
        const long double m = static_cast<long double>(k / 30 + 1);
        const long double n = static_cast<long double>(k % 30 + 1);
        const long double expected = 4 * std::sin(m * pi * struck.x) * std::sin(n * pi * struck.y) *
                                     std::sin(m * pi * heard.x) * std::sin(n * pi * heard.y);
        CHECK(std::fabs(static_cast<double>(weights[k] - expected)) < tolerance);
        const auto f = static_cast<double>(50 * std::sqrt(m * m / 2.5L + 2.5L * n * n));
        CHECK(frequencies[k] == doctest::Approx(f).epsilon(1e-14));
    }
}

TEST_CASE("a triangle, mode by mode, each pair once") {
    const BarycentricPoint heard{0.64, 0.225, 0.135}, struck{0.2, 0.1, 0.7};
    for (const auto& [M, N] : {std::pair{6, 6}, {3, 8}, {8, 3}, {1, 1}}) {
        const kac::TriangularModes modes(static_cast<std::size_t>(M), static_cast<std::size_t>(N),
                                         heard);
        std::map<std::pair<int, int>, int> pairs;
        for (int m = 1; m <= M; ++m) {
            for (int n = 1; n <= N; ++n) ++pairs[std::minmax({m, n})];
        }
        REQUIRE(modes.size() == pairs.size());
        const auto [frequencies, weights] = partials(modes, struck, 50.0);
        std::vector<std::pair<double, double>> found, expected;
        for (std::size_t k = 0; k < modes.size(); ++k) {
            found.emplace_back(frequencies[k], weights[k]);
        }
        for (const auto& [pair, count] : pairs) {
            const auto [m, n] = pair;
            const auto [symmetric, antisymmetric] = lame(m, n, struck);
            const auto [heard_symmetric, heard_antisymmetric] = lame(m, n, heard);
            const long double products =
                symmetric * heard_symmetric + antisymmetric * heard_antisymmetric;
            expected.emplace_back(
                100 / std::pow(3.0, 0.75) * std::sqrt(static_cast<double>(m * m + m * n + n * n)),
                static_cast<double>(products / (m == n ? 1.5L : 0.75L)));
        }
        // (1, 9) and (5, 6) have one frequency; here none is shared.
        std::sort(found.begin(), found.end());
        std::sort(expected.begin(), expected.end());
        for (std::size_t k = 0; k < found.size(); ++k) {
            CHECK(found[k].first == doctest::Approx(expected[k].first).epsilon(1e-14));
            CHECK(std::fabs(found[k].second - expected[k].second) < tolerance);
        }
    }
}

// With phi orthonormal, the mean over strikes x of w_k(x, a) w_l(x, b) is w_k(a, b) for k = l and
// else 0. Equal steps integrate these products exactly: they are trigonometric polynomials.

namespace {

template <typename Modes, typename Sweep, typename Point>
void check_orthonormal(const Modes& at_a, const Modes& at_b, Point b, Sweep&& sweep,
                       double error = tolerance) {
    const std::size_t size = at_a.size();
    Values means(size * size);
    sweep([&](double measure, Point struck) {
        const Values left = partials(at_a, struck, 1.0).weights;
        const Values right = partials(at_b, struck, 1.0).weights;
        for (std::size_t k = 0; k < size * size; ++k) {
            means[k] += measure * left[k / size] * right[k % size];
        }
    });
    const Values direct = partials(at_a, b, 1.0).weights;
    for (std::size_t k = 0; k < size * size; ++k) {
        const double expected = k / size == k % size ? direct[k / size] : 0.0;
        CHECK(std::fabs(means[k] - expected) < error);
    }
}

/// With the ratio of sides fixed it has the shape of the others.
struct Square {
    kac::RectangularModes modes;
    std::size_t size() const { return modes.size(); }
    void partials(RectanglePoint struck, double pitch, std::span<double> frequencies,
                  std::span<double> weights) const {
        modes.partials(struck, 1.0, pitch, frequencies, weights);
    }
};

}  // namespace

TEST_CASE("modes are orthonormal on the rectangle") {
    const RectanglePoint a{0.154, 0.289}, b{0.4, 0.77};
    check_orthonormal(Square{{4, 5, a}}, Square{{4, 5, b}}, b, [](auto&& add) {
        for (int i = 0; i < 256; ++i) add(1.0 / 256, RectanglePoint{i / 16 / 16.0, i % 16 / 16.0});
    });
}

TEST_CASE("modes are orthonormal on the triangle") {
    const BarycentricPoint a{0.64, 0.225, 0.135}, b{0.15, 0.3, 0.55};
    check_orthonormal(kac::TriangularModes(4, 5, a), kac::TriangularModes(4, 5, b), b,
                      [](auto&& add) {
                          constexpr int steps = 30;
                          for (int i = 1; i < steps; ++i) {
                              for (int j = 1; i + j < steps; ++j) {
                                  const double u = 1.0 * i / steps, v = 1.0 * j / steps;
                                  add(2.0 / (steps * steps),
                                      BarycentricPoint{u, v, 1.0 * (steps - i - j) / steps});
                              }
                          }
                      });
}

TEST_CASE("modes are orthonormal on the disc") {
    const PolarPoint a{0.83, 0.0}, b{0.5, 2.0};
    const Values series = circular_series();
    // Along r the midpoint rule is only of second order.
    check_orthonormal(
        kac::CircularModes(series, 3, a), kac::CircularModes(series, 3, b), b,
        [](auto&& add) {
            for (int i = 0; i < 1000; ++i) {
                const double r = (i + 0.5) / 1000;
                for (int j = 0; j < 6; ++j) {
                    add(2 * r / 6000, PolarPoint{r, j * std::numbers::pi / 3});
                }
            }
        },
        1e-4);
}

TEST_CASE("strike and pick-up may be exchanged") {
    const PolarPoint a{0.3, 1.0}, b{0.83, -0.4};
    const Values series = circular_series();
    const Values there = partials(kac::CircularModes(series, 3, a), b, 1.0).weights;
    const Values back = partials(kac::CircularModes(series, 3, b), a, 1.0).weights;
    for (std::size_t k = 0; k < there.size(); ++k) {
        CHECK(there[k] == doctest::Approx(back[k]).epsilon(1e-12));
    }
}

TEST_CASE("at the middle some modes stay silent, exactly") {
    const Values disc =
        partials(kac::CircularModes(circular_series(), 3, {0.83, 0.0}), PolarPoint{}, 1.0).weights;
    for (std::size_t k = 0; k < 9; ++k) CHECK((disc[k] == 0.0) == (k >= 3));
    const Values square =
        partials(kac::RectangularModes(4, 4, {0.154, 0.289}), RectanglePoint{0.5, 0.5}, 1.0, 1.0)
            .weights;
    for (std::size_t k = 0; k < 16; ++k) {
        CHECK((square[k] == 0.0) == (k / 4 % 2 == 1 || k % 2 == 1));
    }
}

TEST_CASE("the frequency scale of a drum") {
    CHECK(kac::frequency_scale(100.0, 0.5) == 100.0);
    for (const double bad : {0.0, -1.0, infinite, not_a_number}) {
        CHECK_THROWS_WITH_AS(kac::frequency_scale(100.0, bad), doctest::Contains("the size"),
                             std::invalid_argument);
        CHECK_THROWS_WITH_AS(kac::frequency_scale(bad, 0.5), doctest::Contains("the wave speed"),
                             std::invalid_argument);
    }
}

TEST_CASE("points outside the drum are refused, those on its rim are not") {
    const Values series = circular_series();
    const kac::CircularModes disc(series, 3, {1.0, 0.0});
    for (const PolarPoint bad :
         {PolarPoint{1.01, 0}, {-0.1, 0}, {not_a_number, 0}, {0.5, infinite}}) {
        CHECK_THROWS_WITH_AS(kac::CircularModes(series, 3, bad), doctest::Contains("the pick-up"),
                             std::invalid_argument);
        CHECK_THROWS_WITH_AS(partials(disc, bad, 1.0), doctest::Contains("the strike"),
                             std::invalid_argument);
    }
    const kac::RectangularModes rectangle(2, 2, {1.0, 0.0});
    for (const RectanglePoint bad : {RectanglePoint{1.01, 0}, {0.5, -0.1}, {0.5, not_a_number}}) {
        CHECK_THROWS_AS(kac::RectangularModes(2, 2, bad), std::invalid_argument);
        CHECK_THROWS_AS(partials(rectangle, bad, 1.0, 1.0), std::invalid_argument);
    }
    const kac::TriangularModes triangle(2, 2, {1.0, 0.0, 0.0});
    for (const BarycentricPoint bad :
         {BarycentricPoint{0.5, 0.5, 0.1}, {0.6, 0.6, -0.2}, {0.5, not_a_number, 0.5}}) {
        CHECK_THROWS_AS(kac::TriangularModes(2, 2, bad), std::invalid_argument);
        CHECK_THROWS_AS(partials(triangle, bad, 1.0), std::invalid_argument);
    }
    CHECK_THROWS_WITH_AS(partials(triangle, BarycentricPoint{0.5, 0.5, 0.5}, 1.0),
                         doctest::Contains("got (0.5, 0.5, 0.5)"), std::invalid_argument);
}

TEST_CASE("numbers that no drum has are refused") {
    const Values series = circular_series();
    CHECK_THROWS_AS(kac::CircularModes(series, 0, {0.5, 0.0}), std::invalid_argument);
    CHECK_THROWS_AS(kac::CircularModes(series, 2, {0.5, 0.0}), std::invalid_argument);
    CHECK_THROWS_AS(kac::CircularModes({}, 1, {0.5, 0.0}), std::invalid_argument);
    CHECK_THROWS_AS(kac::CircularModes(Values{1.0, 0.0}, 1, {0.5, 0.0}), std::invalid_argument);
    CHECK_THROWS_AS(kac::RectangularModes(0, 3, {0.5, 0.5}), std::invalid_argument);
    CHECK_THROWS_AS(kac::TriangularModes(3, 0, {0.5, 0.25, 0.25}), std::invalid_argument);
    const kac::RectangularModes rectangle(2, 2, {0.2, 0.3});
    for (const double bad : {0.0, -1.0, infinite, not_a_number}) {
        CHECK_THROWS_AS(partials(rectangle, RectanglePoint{0.5, 0.5}, bad, 1.0),
                        std::invalid_argument);
        CHECK_THROWS_AS(partials(rectangle, RectanglePoint{0.5, 0.5}, 1.0, bad),
                        std::invalid_argument);
    }
    Values three(3), four(4);
    CHECK_THROWS_AS(rectangle.partials({0.5, 0.5}, 1.0, 1.0, three, four), std::invalid_argument);
    CHECK_THROWS_AS(rectangle.partials({0.5, 0.5}, 1.0, 1.0, four, three), std::invalid_argument);
}
