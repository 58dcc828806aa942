#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string_view>
#include <vector>

#include "kac/fdtd.hpp"
#include "kac/grid.hpp"

/// Membranes to simulate, for the tests of finite differences.
namespace kac::tests {

/// Exact in single precision too.
inline constexpr kac::Coefficients lossless = {0.375, 0.5, 1.0};
inline constexpr kac::Coefficients damped = {0.375, 0.375, 0.875};

struct Matrix {
    std::size_t rows, columns;
    std::vector<std::uint8_t> live;

    kac::Grid grid() const { return kac::Grid(rows, columns, live); }
};

/// One row a string, # where a cell lives.
inline Matrix drawn(const std::vector<std::string_view>& rows) {
    Matrix matrix = {rows.size(), rows[0].size(), {}};
    for (const std::string_view row : rows) {
        for (const char cell : row) matrix.live.push_back(cell == '#');
    }
    return matrix;
}

inline Matrix scattered(std::size_t rows, std::size_t columns, double share, unsigned seed) {
    std::mt19937 random(seed);
    std::bernoulli_distribution lives(share);
    Matrix matrix = {rows, columns, std::vector<std::uint8_t>(rows * columns)};
    for (std::uint8_t& cell : matrix.live) cell = lives(random);
    matrix.live[rows * columns / 2] = 1;
    return matrix;
}

/// Gaps of one cell and more, at vectors' ends and within them.
inline const Matrix hooked =
    drawn({"########.###########.....", "######....##########.....", "#.####.###########.....##",
           "######################.##", ".####################.###", "....#.###################"});

}  // namespace kac::tests
