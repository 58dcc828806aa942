// A simulation on a grid of any cells has the bits of the formula, node by node.
#include <algorithm>
#include <stdexcept>
#include <vector>

#include "input.hpp"
#include "kac/fdtd.hpp"

namespace {

using Field = std::vector<double>;
using kac::fuzz::Input;
using kac::fuzz::require;

constexpr kac::Coefficients coefficients = {0.49, 0.03, 0.99};

/// One step by the formula of fdtd.hpp; both fields are 0 where no cell lives.
void step(std::size_t rows, std::size_t columns, const std::vector<std::uint8_t>& live,
          Field& previous, Field& current) {
    const auto at = [&](std::size_t row, std::size_t column) {  // counted from 1
        const bool inside = row > 0 && row <= rows && column > 0 && column <= columns;
        return inside ? current[(row - 1) * columns + column - 1] : 0.0;
    };
    const auto& [c_0, c_1, c_2] = coefficients;
    for (std::size_t row = 1; row <= rows; ++row) {
        for (std::size_t column = 1; column <= columns; ++column) {
            const std::size_t i = (row - 1) * columns + column - 1;
            if (live[i] == 0) continue;
            const double sum = at(row - 1, column) + at(row + 1, column) +
                               (at(row, column - 1) + at(row, column + 1));
            previous[i] = c_0 * sum + c_1 * current[i] - c_2 * previous[i];
        }
    }
    std::swap(previous, current);
}

void check(Input input) {
    const std::size_t rows = input.count(40), columns = input.count(70);
    const std::size_t steps = input.count(9), nodes = rows * columns;
    const auto pattern = input.rest();
    std::vector<std::uint8_t> live(nodes);
    Field previous(nodes), current(nodes);
    for (std::size_t i = 0; i < nodes && !pattern.empty(); ++i) {
        const std::uint8_t byte = pattern[(i + i / 11) % pattern.size()];
        live[i] = byte & 3;
        previous[i] = byte / 256.0;
        current[i] = (byte ^ 0x5a) / 256.0;
    }
    const kac::Grid grid(rows, columns, live);
    kac::Simulation<double> simulation(grid, coefficients);
    simulation.start(previous, current);
    for (std::size_t i = 0; i < nodes; ++i) {
        require(grid.lives(i) == (live[i] != 0), "a cell lives that is dead, or the other way");
        if (live[i] == 0) previous[i] = current[i] = 0.0;
    }
    simulation.step(steps);
    for (std::size_t i = 0; i < steps; ++i) step(rows, columns, live, previous, current);
    Field found(nodes);
    simulation.frame(found);
    require(std::ranges::equal(found, current), "a node is not what the formula gives");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        check({data, size});
    } catch (const std::invalid_argument&) {  // no cell lives
    }
    return 0;
}
