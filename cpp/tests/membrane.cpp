#include "kac/membrane.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <vector>

#include "kac/parallel.hpp"
#include "matrices.hpp"

namespace {

using kac::tests::damped;
using kac::tests::drawn;
using kac::tests::hooked;
using kac::tests::lossless;
using kac::tests::Matrix;
using kac::tests::scattered;

using Samples = std::vector<double>;
using Indices = std::vector<std::int64_t>;

double largest(std::span<const double> values) {
    double most = 0.0;
    for (const double value : values) most = std::max(most, std::fabs(value));
    return most;
}

struct Point {
    Indices nodes;
    Samples weights;

    kac::WeightedNodes view() const { return {nodes, weights}; }
};

template <typename Real = double>
std::vector<std::vector<Real>> render(const Matrix& matrix, const kac::Coefficients& coefficients,
                                      const Point& pick_up, const std::vector<Point>& points,
                                      std::size_t length, double peak = 1.0) {
    std::vector<std::vector<Real>> sounds(points.size(), std::vector<Real>(length, Real{7}));
    std::vector<kac::WeightedNodes> strikes;
    for (const Point& point : points) strikes.push_back(point.view());
    const std::vector<std::span<Real>> out(sounds.begin(), sounds.end());
    kac::membrane<Real>(matrix.grid(), coefficients, pick_up.view(), strikes, peak, out);
    return sounds;
}

/// Strike at `strike`, listen at `pick_up`, the peak 1.
Samples direct(const Matrix& matrix, const kac::Coefficients& coefficients, const Point& pick_up,
               const Point& strike, std::size_t length) {
    Samples silence(matrix.live.size()), struck(matrix.live.size()), out(length);
    for (std::size_t i = 0; i < strike.nodes.size(); ++i) {
        struck[static_cast<std::size_t>(strike.nodes[i])] += strike.weights[i];
    }
    kac::fdtd_waveform(matrix.grid(), silence, struck, coefficients, pick_up.view(), out);
    const double peak = largest(out);
    for (double& value : out) value /= peak;
    return out;
}

}  // namespace

TEST_CASE("by reciprocity a strike sounds as when it is simulated itself") {
    const Point pick_up = {{25 * 3 + 2, 25 * 3 + 3, 25 * 4 + 2, 25 * 4 + 3}, {0.1, 0.2, 0.3, 0.4}};
    const std::vector<Point> points = {
        {{30, 31, 32, 33, 34, 80}, {1e-3, 2e-3, 5e-3, 1.0, -1.0, 0.5}},
        {{0}, {-2.5}},
        {{8, 9, 9}, {9.0, 0.5, 1.5}}};  // the first is dead
    for (const kac::Coefficients& coefficients : {lossless, damped}) {
        const auto sounds = render(hooked, coefficients, pick_up, points, 600);
        for (std::size_t j = 0; j < points.size(); ++j) {
            Point living = points[j];
            if (j == 2) living.weights[0] = 0.0;
            const Samples expected = direct(hooked, coefficients, pick_up, living, 600);
            CHECK(largest(sounds[j]) == 1.0);
            for (std::size_t n = 0; n < 600; ++n) {
                CHECK(sounds[j][n] == doctest::Approx(expected[n]).epsilon(1e-10).scale(1.0));
            }
        }
    }
}

TEST_CASE("a sound is the same alone and among others, and a longer one begins with it") {
    const Point pick_up = {{60}, {1.0}};
    const std::vector<Point> points = {{{3}, {1.0}}, {{40, 41}, {1.0, 2.0}}, {{3}, {1.0}}};
    const auto sounds = render(hooked, damped, pick_up, points, 300);
    CHECK(sounds[0] == sounds[2]);
    CHECK(sounds[1] == render(hooked, damped, pick_up, {points[1]}, 300)[0]);
    const Samples longer = render(hooked, damped, pick_up, {points[1]}, 900)[0];
    CHECK(std::equal(sounds[1].begin(), sounds[1].end(), longer.begin()));
    CHECK(largest(render(hooked, damped, pick_up, {points[1]}, 300, 0.0)[0]) == 0.0);
}

TEST_CASE("a power of two in the weights changes no bit, however far it is") {
    const Point strike = {{40, 41}, {1.0, 0.3}};
    const auto with = [&](double scale) {
        const Point pick_up = {{60, 61}, {scale, 0.7 * scale}};
        return render<float>(hooked, damped, pick_up, {strike}, 400)[0];
    };
    for (const int exponent : {-900, -200, 3, 900})
        CHECK(with(std::ldexp(1.0, exponent)) == with(1.0));
}

TEST_CASE("a dead cell's weight counts for nothing, however large") {
    const Matrix row = drawn({"##.#"});
    const Point one = {{0}, {1.0}}, little = {{0, 2}, {0x1p-200, 1.0}};
    for (const Point& strike : {one, little}) {
        CHECK(render<float>(row, damped, one, {strike}, 900) ==
              render<float>(row, damped, little, {strike}, 900));
    }
    CHECK(largest(render(row, damped, little, {little}, 900)[0]) == 1.0);
}

TEST_CASE("a peak too small for single precision is silence") {
    CHECK(render<float>(hooked, damped, {{60}, {1.0}}, {{{40}, {1.0}}}, 9, 1e-50)[0] ==
          std::vector<float>(9));
}

TEST_CASE("what is not connected, not alive or not hit is silent") {
    const Matrix apart = drawn({"###.###", "###.###"});
    const auto sounds = render(apart, lossless, {{0}, {1.0}},
                               {{{6}, {1.0}}, {{3}, {1.0}}, {{}, {}}, {{1}, {0.0}}}, 100);
    for (const Samples& sound : sounds) CHECK(largest(sound) == 0.0);
    CHECK(largest(render(apart, lossless, {{3}, {1.0}}, {{{0}, {1.0}}}, 2000)[0]) == 0.0);
    CHECK(render(apart, lossless, {{0}, {1.0}}, {}, 100).empty());
    CHECK(largest(render(apart, lossless, {{0}, {1.0}}, {{{0}, {1.0}}}, 1)[0]) == 0.0);
    CHECK(render(apart, lossless, {{0}, {1.0}}, {{{0}, {1.0}}}, 0)[0].empty());
}

TEST_CASE("a sound that has died away ends in zeros, far below hearing") {
    // It loses 0.58 dB a step.
    const Point pick_up = {{60}, {1.0}};
    const Samples sound = render(hooked, damped, pick_up, {{{40}, {1.0}}}, 4000)[0];
    const Samples expected = direct(hooked, damped, pick_up, {{40}, {1.0}}, 4000);
    std::size_t last = sound.size();
    while (sound[last - 1] == 0.0) --last;
    CHECK(last > 1000);
    CHECK(last < 2000);
    for (std::size_t n = 0; n < sound.size(); ++n) {
        CHECK(std::fabs(sound[n] - expected[n]) < (n < last ? 1e-12 : 1e-29));
    }
}

TEST_CASE("impossible input is refused, with the number and the place") {
    const double nan = std::nan("");
    const double inf = std::numeric_limits<double>::infinity();
    const Point one = {{0}, {1.0}};
    const auto refuses = [&](const Point& pick_up, const Point& strike, const char* why) {
        CHECK_THROWS_WITH_AS(render(hooked, lossless, pick_up, {strike}, 9), doctest::Contains(why),
                             std::invalid_argument);
    };
    refuses(one, {{150}, {1.0}}, "node 150 is not one of the 6 x 25");
    refuses({{-1}, {1.0}}, one, "node -1");
    refuses(one, {{1, 2}, {1.0}}, "every node needs a weight");
    refuses(one, {{1}, {nan}}, "weights must be finite, got nan");
    for (const kac::Coefficients& bad : std::vector<kac::Coefficients>{{0.51, -0.04, 1.0},
                                                                       {0.4, 0.5, 1.0},
                                                                       {0.1, 0.1, 1.1},
                                                                       {0.1, 0.1, -1.1},
                                                                       {nan, 0, 1},
                                                                       {0, inf, 1},
                                                                       {0, 0, nan},
                                                                       {0.25, 0.5, 0.4}}) {
        CHECK_THROWS_WITH_AS(render(hooked, bad, one, {one}, 9), doctest::Contains("must not gain"),
                             std::invalid_argument);
    }
    for (const double bad : {nan, inf, -1.0}) {
        CHECK_THROWS_WITH_AS(render(hooked, lossless, one, {one}, 9, bad),
                             doctest::Contains("the peak"), std::invalid_argument);
    }
    CHECK_THROWS_AS(render<float>(hooked, lossless, one, {one}, 9, 1e39), std::invalid_argument);
}

TEST_CASE("sounds and strikes must match") {
    const Point one = {{0}, {1.0}};
    const std::vector<kac::WeightedNodes> strikes(2, one.view());
    Samples first(9), second(8);
    const std::vector<std::span<double>> uneven = {first, second}, single = {first};
    for (const auto& sounds : {uneven, single}) {
        CHECK_THROWS_WITH_AS(
            kac::membrane<double>(hooked.grid(), lossless, one.view(), strikes, 1.0, sounds),
            doctest::Contains("every strike needs a sound"), std::invalid_argument);
    }
}

TEST_CASE("many strikes on a small grid are stopped too") {
    const Point wide = {Indices(1000, 0), Samples(1000, 1.0)};
    const std::vector<Point> strikes(20, wide);
    std::size_t polls = 0;
    const auto body = [&](std::size_t) {
        render(drawn({"##"}), lossless, {{0}, {1.0}}, strikes, 1000);
    };
    kac::parallel_for(1, 1, body, [&] { ++polls; }, std::chrono::milliseconds(0));
    CHECK(polls > 15);
}

TEST_CASE("a long sound is stopped after a million or two cells") {
    const Matrix square = scattered(350, 350, 1.0, 1);
    std::size_t polls = 0;
    const auto body = [&](std::size_t) {
        render(square, lossless, {{5000}, {1.0}}, {{{7000}, {1.0}}}, 200);
    };
    const auto poll = [&] {
        if (++polls == 10) throw std::runtime_error("interrupted");
    };
    CHECK_THROWS_WITH_AS(kac::parallel_for(1, 1, body, poll, std::chrono::milliseconds(0)),
                         "interrupted", std::runtime_error);
}
