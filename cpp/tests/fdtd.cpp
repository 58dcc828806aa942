#include "kac/fdtd.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "kac/membrane.hpp"
#include "kac/parallel.hpp"

namespace {

using Samples = std::vector<double>;
using Indices = std::vector<std::int64_t>;

/// Exact in single precision too.
constexpr kac::Coefficients lossless = {0.375, 0.5, 1.0};
constexpr kac::Coefficients damped = {0.375, 0.375, 0.875};

struct Matrix {
    std::size_t rows, columns;
    std::vector<std::uint8_t> live;

    kac::Grid grid() const { return kac::Grid(rows, columns, live); }
};

/// One row a string, # where a cell lives.
Matrix drawn(const std::vector<std::string_view>& rows) {
    Matrix matrix = {rows.size(), rows[0].size(), {}};
    for (const std::string_view row : rows) {
        for (const char cell : row) matrix.live.push_back(cell == '#');
    }
    return matrix;
}

Matrix scattered(std::size_t rows, std::size_t columns, double share, unsigned seed) {
    std::mt19937 random(seed);
    std::bernoulli_distribution lives(share);
    Matrix matrix = {rows, columns, std::vector<std::uint8_t>(rows * columns)};
    for (std::uint8_t& cell : matrix.live) cell = lives(random);
    matrix.live[rows * columns / 2] = 1;
    return matrix;
}

template <typename Real>
using Field = std::vector<Real>;

template <typename Real>
Field<Real> random_field(const Matrix& matrix, unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> value(-1.0F, 1.0F);
    Field<Real> field;
    for (const std::uint8_t cell : matrix.live) field.push_back(cell ? value(random) : 0.0F);
    return field;
}

/// The formula, a cell at a time.
template <typename Real>
Field<Real> next_field(const Matrix& matrix, const kac::Coefficients& c,
                       const Field<Real>& previous, const Field<Real>& current) {
    const auto at = [&](std::size_t row, std::size_t column) {  // wraps below 0
        const bool inside = row < matrix.rows && column < matrix.columns;
        return inside ? current[row * matrix.columns + column] : Real{0};
    };
    const auto c_0 = static_cast<Real>(c.c_0), c_1 = static_cast<Real>(c.c_1);
    const auto c_2 = static_cast<Real>(c.c_2);
    Field<Real> result(current.size());
    for (std::size_t i = 0; i < result.size(); ++i) {
        if (matrix.live[i] == 0) continue;
        const std::size_t row = i / matrix.columns, column = i % matrix.columns;
        const Real sum = (at(row - 1, column) + at(row + 1, column)) +
                         (at(row, column - 1) + at(row, column + 1));
        result[i] = (c_0 * sum + c_1 * current[i]) - c_2 * previous[i];
    }
    return result;
}

template <typename Real>
void check_steps(const Matrix& matrix, const kac::Coefficients& coefficients) {
    Field<Real> previous = random_field<Real>(matrix, 1), current = random_field<Real>(matrix, 2);
    const kac::Grid grid = matrix.grid();
    kac::Simulation<Real> simulation(grid, coefficients);
    simulation.start(Samples(previous.begin(), previous.end()),
                     Samples(current.begin(), current.end()));
    for (std::size_t n = 0; n < 7; ++n) {
        Field<Real> next = next_field(matrix, coefficients, previous, current);
        previous = std::exchange(current, std::move(next));
        simulation.step();
        Samples frame(current.size());
        simulation.frame(frame);
        CHECK(frame == Samples(current.begin(), current.end()));
    }
}

void check_steps(const Matrix& matrix) {
    CAPTURE(matrix.rows);
    CAPTURE(matrix.columns);
    for (const kac::Coefficients& coefficients : {lossless, damped}) {
        check_steps<double>(matrix, coefficients);
        check_steps<float>(matrix, coefficients);
    }
}

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

const Matrix hooked =
    drawn({"########.###########.....", "######....##########.....", "#.####.###########.....##",
           "######################.##", ".####################.###", "....#.###################"});

/// Twice the energy between two steps, |u_next - u|^2 - q <u_next, laplacian u>: it is kept where
/// c_0 = q, c_1 = 2 - 4 q, c_2 = 1.
template <typename Real>
double energy(const Matrix& matrix, const kac::Simulation<Real>& simulation, double q) {
    const kac::Grid grid = matrix.grid();
    double sum = 0.0;
    for (std::size_t node = 0; node < matrix.live.size(); ++node) {
        if (matrix.live[node] == 0) continue;
        const std::size_t at = grid.position(node), stride = grid.stride();
        const auto u = [&](std::size_t i) { return static_cast<double>(simulation.previous()[i]); };
        const double next = static_cast<double>(simulation.current()[at]);
        const double laplacian =
            u(at - stride) + u(at + stride) + u(at - 1) + u(at + 1) - 4.0 * u(at);
        sum += (next - u(at)) * (next - u(at)) - q * next * laplacian;
    }
    return sum;
}

/// The energy after each of 5000 steps.
template <typename Real>
Samples energies(double sigma_k) {
    constexpr double q = 0.49;
    const kac::Grid grid = hooked.grid();
    kac::Simulation<Real> simulation(
        grid, {q / (1 + sigma_k), (2 - 4 * q) / (1 + sigma_k), (1 - sigma_k) / (1 + sigma_k)});
    simulation.start(random_field<double>(hooked, 3), random_field<double>(hooked, 4));
    Samples result(5000);
    for (double& value : result) {
        simulation.step();
        value = energy(hooked, simulation, q);
    }
    return result;
}

/// The largest ratio of an energy to the one before.
double largest_rise(const Samples& energies) {
    double rise = 0.0;
    for (std::size_t n = 1; n < energies.size(); ++n) {
        rise = std::max(rise, energies[n] / energies[n - 1]);
    }
    return rise;
}

}  // namespace

TEST_CASE("energy is kept without damping and never gained with it") {
    const Samples exact = energies<double>(0.0), rounded = energies<float>(0.0);
    for (std::size_t n = 0; n < exact.size(); ++n) {
        CHECK(std::fabs(exact[n] / exact[0] - 1.0) < 1e-11);
        CHECK(std::fabs(rounded[n] / rounded[0] - 1.0) < 1e-4);
    }
    const Samples falling = energies<double>(1e-3), rounded_falling = energies<float>(1e-3);
    CHECK(largest_rise(falling) < 1.0);
    CHECK(largest_rise(rounded_falling) < 1.0 + 1e-6);
    CHECK(falling.back() < 1e-4 * falling[0]);
    CHECK(rounded_falling.back() == doctest::Approx(falling.back()).epsilon(1e-3));
}

TEST_CASE("a step is the formula to the last bit, whatever the shape") {
    check_steps(hooked);
    check_steps(drawn({"#"}));
    check_steps(drawn({"#", "#", ".", "#"}));
    check_steps(drawn({"##.#.###"}));
    check_steps(drawn({".................................................................#"}));
    for (const double share : {0.1, 0.5, 0.9, 1.0}) {
        for (const std::size_t columns : {1U, 7U, 8U, 15U, 16U, 17U, 31U, 32U, 33U, 100U}) {
            check_steps(scattered(9, columns, share, static_cast<unsigned>(columns)));
        }
    }
    check_steps(scattered(3, 511, 0.97, 5));
}

TEST_CASE("a grid knows its cells") {
    const kac::Grid grid = hooked.grid();
    std::size_t living = 0;
    for (std::size_t node = 0; node < hooked.live.size(); ++node) {
        CHECK(grid.lives(node) == (hooked.live[node] != 0));
        living += hooked.live[node];
    }
    CHECK(grid.cells() == living);
    CHECK(grid.intervals().size() == 14);
}

TEST_CASE("rows that would share the sets of a cache are pushed apart") {
    for (const std::size_t columns : {500U, 511U, 512U, 1023U}) {
        const Matrix matrix = {1, columns, std::vector<std::uint8_t>(columns, 1)};
        CHECK(matrix.grid().stride() > columns);
        CHECK(matrix.grid().stride() % 512 != 0);
    }
}

TEST_CASE("values on dead cells count as none") {
    const Matrix matrix = drawn({"##.##", "#####"});
    const kac::Grid grid = matrix.grid();
    Samples field(10, 1.0), frame(10);
    kac::Simulation<double> simulation(grid, lossless);
    simulation.start(field, field);
    simulation.frame(frame);
    field[2] = 0.0;
    CHECK(frame == field);
}

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
    CHECK_THROWS_WITH_AS(drawn({"...", "..."}).grid(), doctest::Contains("no cell"),
                         std::invalid_argument);
    const Matrix nothing = {0, 5, {}}, wrong = {2, 5, {1, 1}};
    CHECK_THROWS_AS(nothing.grid(), std::invalid_argument);
    CHECK_THROWS_AS(wrong.grid(), std::invalid_argument);
    const kac::Grid grid = hooked.grid();
    CHECK_THROWS_AS(kac::Simulation<double>(grid, {nan, 0.0, 0.0}), std::invalid_argument);
    kac::Simulation<double> simulation(grid, lossless);
    Samples field(150), few(149);
    CHECK_THROWS_AS(simulation.start(few, field), std::invalid_argument);
    CHECK_THROWS_AS(simulation.start(field, few), std::invalid_argument);
    CHECK_THROWS_AS(simulation.frame(few), std::invalid_argument);
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
