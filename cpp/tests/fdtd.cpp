#include "kac/fdtd.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

#include "matrices.hpp"

namespace {

using kac::tests::damped;
using kac::tests::drawn;
using kac::tests::hooked;
using kac::tests::lossless;
using kac::tests::Matrix;
using kac::tests::scattered;

using Samples = std::vector<double>;

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

TEST_CASE("rounded to single precision, the coefficients still hold a flat membrane flat") {
    const Matrix square = scattered(3, 3, 1.0, 1);
    const kac::Grid grid = square.grid();
    for (const double q : {0.499, 0.49, 0.37, 0.2, 0.01}) {
        for (const double sigma_k : {0.0, 7.2e-5, 0.013}) {
            const double whole = 1.0 + sigma_k;
            kac::Simulation<float> simulation(
                grid, {q / whole, (2.0 - 4.0 * q) / whole, (1.0 - sigma_k) / whole});
            // of a node, in the next value of the middle
            const auto weight = [&](std::size_t node, bool now) {
                Samples fields[2] = {Samples(9), Samples(9)};
                fields[now][node] = 1.0;
                simulation.start(fields[0], fields[1]);
                simulation.step();
                simulation.frame(fields[0]);
                return fields[0][4];
            };
            CHECK(weight(4, true) + 4.0 * weight(3, true) + weight(4, false) == 1.0);
        }
    }
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

TEST_CASE("impossible grids and fields that do not fit are refused") {
    const double nan = std::nan("");
    CHECK_THROWS_WITH_AS(drawn({"...", "..."}).grid(), doctest::Contains("no cell"),
                         std::invalid_argument);
    constexpr std::size_t huge = std::size_t{1} << 63;
    for (const Matrix& bad : {Matrix{0, 5, {}}, {2, 5, {1, 1}}, {huge, 0, {}}, {huge, 2, {}}}) {
        CHECK_THROWS_AS(bad.grid(), std::invalid_argument);
    }
    const kac::Grid grid = hooked.grid();
    CHECK_THROWS_AS(kac::Simulation<double>(grid, {nan, 0.0, 0.0}), std::invalid_argument);
    kac::Simulation<double> simulation(grid, lossless);
    Samples field(150), few(149);
    CHECK_THROWS_AS(simulation.start(few, field), std::invalid_argument);
    CHECK_THROWS_AS(simulation.start(field, few), std::invalid_argument);
    CHECK_THROWS_AS(simulation.frame(few), std::invalid_argument);
}
