#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "kac/aligned.hpp"
#include "kac/grid.hpp"

/// Finite differences in time and space for membranes of any shape.
///
/// A field has a value at every node of a square grid. Where a cell lives, the next field is
///
///     u_next = c_0 (north + south + (west + east)) + c_1 u - c_2 u_previous
///
/// (Bilbao, Numerical Sound Synthesis, 2009, chapter 11: with q = (c k / h)^2 and damping sigma,
/// c_0 = q / (1 + sigma k), c_1 = (2 - 4 q) / (1 + sigma k), c_2 = (1 - sigma k) / (1 + sigma k)),
/// rounded after each operation in the order ((c_0 sum) + (c_1 u)) - (c_2 u_previous): the bits are
/// those of any other program that keeps it, with all instruction sets. Elsewhere u is 0, which is
/// the fixed rim. Nothing grows while |c_2| <= 1 and 4 |c_0| + |c_1| <= 1 + c_2: then, for a mode
/// whose neighbours sum to s u, |s| < 4, both roots of z^2 - (c_0 s + c_1) z + c_2 are in the unit
/// disc.
namespace kac {

struct Coefficients {
    double c_0, c_1, c_2;
};

struct FdtdRun;
template <typename Real>
struct FdtdKernel;

/// Two fields of a grid that outlives it; Real is double or float.
template <typename Real>
class Simulation {
  public:
    /// Both fields are 0 at first. In single precision the coefficients are rounded together, such
    /// that c_1 + 4 c_0 - c_2, which determines the frequencies, keeps its value.
    ///
    /// @throws std::invalid_argument for a coefficient that is not finite
    Simulation(const Grid& grid, const Coefficients& coefficients);
    Simulation(const Simulation&) = delete;
    Simulation& operator=(const Simulation&) = delete;
    ~Simulation();

    /// Start from fields of (rows, columns); their values on dead cells count as 0.
    void start(std::span<const double> previous, std::span<const double> current);

    /// Start from silence, with `scale` times each weight added to its node of the current field.
    void start(const WeightedNodes& weighted, double scale);

    void step(std::size_t steps = 1);

    /// Copy the current field into (rows, columns).
    void frame(std::span<double> out) const;

    /// The fields' buffers: `grid.position(node)` is where a node's value is.
    const Real* previous() const { return previous_; }
    const Real* current() const { return current_; }

    /// Return whether neither field has a larger magnitude than `level`.
    bool quieter_than(Real level) const;

  private:
    const Grid& grid_;
    const FdtdKernel<Real>& kernel_;
    const Coefficients coefficients_;  // each a Real
    std::vector<FdtdRun> runs_;
    Aligned<Real> memory_;
    Real* previous_;
    Real* current_;
    std::size_t steps_ = 0;
};

extern template class Simulation<double>;
extern template class Simulation<float>;

}  // namespace kac
