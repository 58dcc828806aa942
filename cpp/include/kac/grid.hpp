#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace kac {

/// A weighted sum of the nodes row * columns + column; a weight on a dead cell counts for nothing.
struct WeightedNodes {
    std::span<const std::int64_t> nodes;
    std::span<const double> weights;
};

/// Neighbouring live cells of a row, from `begin` to before `end` in the buffer of a field.
struct Interval {
    std::size_t begin, end;
};

/// Where the live cells of a matrix lie; those outside it are dead. May be shared by threads.
///
/// A field is one contiguous buffer: a row of dead cells, the rows, another row of dead cells, each
/// row with at least one dead cell behind it, so that every live cell has four neighbours.
class Grid {
  public:
    /// @param live row by row, not 0 where a cell lives
    /// @throws std::invalid_argument if none does, or their number is not rows * columns
    Grid(std::size_t rows, std::size_t columns, std::span<const std::uint8_t> live);

    std::size_t rows() const { return rows_; }
    std::size_t columns() const { return columns_; }
    std::size_t cells() const { return cells_; }
    std::span<const Interval> intervals() const { return intervals_; }

    std::size_t field_size() const;
    std::size_t stride() const { return stride_; }  ///< from a cell to the next row's
    std::size_t position(std::size_t node) const;   ///< in the buffer of a field
    bool lives(std::size_t node) const;

    /// @throws std::invalid_argument for a node outside the grid, a weight that is not finite, and
    ///         unless there is one weight for each node
    void require(const WeightedNodes& weighted) const;

  private:
    std::size_t rows_, columns_, cells_ = 0, stride_;
    std::vector<Interval> intervals_;
};

}  // namespace kac
