#include "kac/grid.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <stdexcept>
#include <string>

#include "describe.hpp"

namespace kac {

namespace {

constexpr std::size_t widest = 16;  // cells of the widest vector
constexpr std::size_t page = 512;   // doubles: rows as far apart would share cache sets

/// Room for a dead cell behind each row, and whole vectors.
std::size_t padded(std::size_t columns) {
    const std::size_t stride = (columns / widest + 1) * widest;
    return stride % page == 0 ? stride + widest : stride;
}

}  // namespace

Grid::Grid(std::size_t rows, std::size_t columns, std::span<const std::uint8_t> live)
    : rows_(rows), columns_(columns), stride_(padded(columns)) {
    const bool fits = columns == 0 || rows <= std::numeric_limits<std::size_t>::max() / columns;
    if (!fits || live.size() != rows * columns) {
        throw std::invalid_argument("a grid of " + std::to_string(rows) + " x " +
                                    std::to_string(columns) + " nodes needs as many values, got " +
                                    std::to_string(live.size()));
    }
    for (std::size_t row = 0; row < rows && columns > 0; ++row) {
        const auto cells = live.subspan(row * columns, columns);
        for (std::size_t begin = 0, end = 0; begin < columns; begin = end) {
            end = begin + 1;
            if (cells[begin] == 0) continue;
            while (end < columns && cells[end] != 0) ++end;
            const std::size_t first = position(row * columns);
            intervals_.push_back({first + begin, first + end});
            cells_ += end - begin;
        }
    }
    if (cells_ == 0) throw std::invalid_argument("no cell of the grid lives: nothing can vibrate");
}

/// One vector before the first row and one behind the last, which are read but never written.
std::size_t Grid::field_size() const {
    return widest + (rows_ + 2) * stride_ + widest;
}

std::size_t Grid::position(std::size_t node) const {
    return widest + (node / columns_ + 1) * stride_ + node % columns_;
}

bool Grid::lives(std::size_t node) const {
    const std::size_t at = position(node);
    const auto after = std::upper_bound(
        intervals_.begin(), intervals_.end(), at,
        [](std::size_t value, const Interval& interval) { return value < interval.begin; });
    return after != intervals_.begin() && at < std::prev(after)->end;
}

void Grid::require(const WeightedNodes& weighted) const {
    if (weighted.nodes.size() != weighted.weights.size()) {
        throw std::invalid_argument("every node needs a weight, got " +
                                    std::to_string(weighted.nodes.size()) + " node(s) and " +
                                    std::to_string(weighted.weights.size()) + " weight(s)");
    }
    for (const std::int64_t node : weighted.nodes) {
        if (node >= 0 && static_cast<std::uint64_t>(node) < rows_ * columns_) continue;
        throw std::invalid_argument("node " + std::to_string(node) + " is not one of the " +
                                    std::to_string(rows_) + " x " + std::to_string(columns_) +
                                    " of its grid");
    }
    for (const double weight : weighted.weights) {
        if (std::isfinite(weight)) continue;
        throw std::invalid_argument("weights must be finite, got " + describe(weight));
    }
}

}  // namespace kac
