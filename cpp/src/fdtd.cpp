#include "kac/fdtd.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "describe.hpp"
#include "kac/parallel.hpp"
#include "kernels/fdtd.hpp"

namespace kac {

namespace {

constexpr std::size_t cells_at_once = std::size_t{1} << 20;  // between two cancellation points

/// Append one vector, `live` its live cells, to the runs before it.
void append(std::vector<FdtdRun>& runs, std::size_t begin, std::uint32_t live, std::size_t lanes) {
    const std::uint32_t all = (1U << lanes) - 1;
    FdtdRun* last = runs.empty() ? nullptr : &runs.back();
    const std::size_t end = last == nullptr ? 0 : last->begin + last->vectors * lanes;
    if (last != nullptr && begin + lanes == end) {  // a gap within the vector
        last->last |= live;
        if (last->vectors == 1) last->first = last->last;
    } else if (last != nullptr && begin == end && (last->vectors == 1 || last->last == all)) {
        ++last->vectors;
        last->last = live;
    } else {
        runs.push_back({begin, 1, live, live});
    }
}

/// Whole vectors that hold all intervals. A vector's dead cells are 0 before and after, so two
/// intervals may share one.
std::vector<FdtdRun> runs_of(const Grid& grid, std::size_t lanes) {
    std::vector<FdtdRun> runs;
    for (const auto& [begin, end] : grid.intervals()) {
        for (std::size_t at = begin / lanes * lanes; at < end; at += lanes) {
            const std::size_t from = std::max(begin, at) - at, to = std::min(end - at, lanes);
            append(runs, at, (1U << to) - (1U << from), lanes);
        }
    }
    return runs;
}

/// The nearest Real. Volatile: where several of them are used as doubles again, gcc 12 vectorises
/// the way there and back, and leaves it out.
template <typename Real>
double nearest(double value) {
    const volatile Real result = static_cast<Real>(value);
    return result;
}

/// Rounded so that c_1 + 4 c_0 - c_2, which is 1 for a membrane, keeps its value: an error of one
/// rounding there would be a spring under every cell, and detune the lowest modes of a large grid.
/// The one that is derived from the other two has the bits to be exact.
template <typename Real>
Coefficients rounded(const Coefficients& given) {
    const auto [c_0, c_1, c_2] = given;
    const double stiffness = c_1 + 4.0 * c_0 - c_2;
    Coefficients result = {nearest<Real>(c_0), nearest<Real>(c_1), nearest<Real>(c_2)};
    if constexpr (std::is_same_v<Real, double>) return result;
    if (std::fabs(c_1) < 1.0) {
        result.c_1 = nearest<Real>(stiffness + result.c_2 - 4.0 * result.c_0);
    } else {
        result.c_0 = nearest<Real>(0.25 * (stiffness + result.c_2 - result.c_1));
    }
    return result;
}

const Coefficients& require_finite(const Coefficients& c) {
    const auto& [c_0, c_1, c_2] = c;
    if (std::isfinite(c_0) && std::isfinite(c_1) && std::isfinite(c_2)) return c;
    throw std::invalid_argument("c_0, c_1 and c_2 must be finite, got " + describe(c_0) + ", " +
                                describe(c_1) + " and " + describe(c_2));
}

void require_field(const Grid& grid, std::size_t size, const char* name) {
    if (size == grid.rows() * grid.columns()) return;
    throw std::invalid_argument(
        std::string(name) + " must have a value for each of the " + std::to_string(grid.rows()) +
        " x " + std::to_string(grid.columns()) + " nodes, got " + std::to_string(size));
}

/// `body(position, node)` for every live cell.
template <typename Body>
void for_cells(const Grid& grid, Body&& body) {
    const std::size_t origin = grid.position(0);
    for (const auto& [begin, end] : grid.intervals()) {
        const std::size_t row = (begin - origin) / grid.stride();
        const std::size_t shift = origin + row * grid.stride() - row * grid.columns();
        for (std::size_t at = begin; at < end; ++at) body(at, at - shift);
    }
}

}  // namespace

template <typename Real>
Simulation<Real>::Simulation(const Grid& grid, const Coefficients& coefficients)
    : grid_(grid),
      kernel_(fdtd_kernels().of<Real>()),
      coefficients_(rounded<Real>(require_finite(coefficients))),
      runs_(runs_of(grid, kernel_.lanes)),
      memory_(2 * grid.field_size()),
      previous_(memory_.data()),
      current_(previous_ + grid.field_size()) {
    std::fill(memory_.begin(), memory_.end(), Real{0});
}

template <typename Real>
Simulation<Real>::~Simulation() = default;

template <typename Real>
void Simulation<Real>::start(std::span<const double> previous, std::span<const double> current) {
    require_field(grid_, previous.size(), "the previous field");
    require_field(grid_, current.size(), "the current field");
    for_cells(grid_, [&](std::size_t at, std::size_t node) {
        previous_[at] = static_cast<Real>(previous[node]);
        current_[at] = static_cast<Real>(current[node]);
    });
}

template <typename Real>
void Simulation<Real>::start(const WeightedNodes& weighted, double scale) {
    grid_.require(weighted);
    std::fill(memory_.begin(), memory_.end(), Real{0});
    for (std::size_t i = 0; i < weighted.nodes.size(); ++i) {
        const auto node = static_cast<std::size_t>(weighted.nodes[i]);
        if (!grid_.lives(node)) continue;
        current_[grid_.position(node)] += static_cast<Real>(scale * weighted.weights[i]);
    }
}

template <typename Real>
void Simulation<Real>::step(std::size_t steps) {
    const std::size_t at_once = std::max<std::size_t>(1, cells_at_once / grid_.cells());
    const auto c_0 = static_cast<Real>(coefficients_.c_0);
    const auto c_1 = static_cast<Real>(coefficients_.c_1);
    const auto c_2 = static_cast<Real>(coefficients_.c_2);
    for (; steps != 0; --steps) {
        if (++steps_ % at_once == 0) check_cancelled();
        kernel_.step(
            {runs_.data(), runs_.size(), grid_.stride(), c_0, c_1, c_2, current_, previous_});
        std::swap(previous_, current_);
    }
}

template <typename Real>
void Simulation<Real>::frame(std::span<double> out) const {
    require_field(grid_, out.size(), "the frame");
    std::fill(out.begin(), out.end(), 0.0);
    for_cells(grid_, [&](std::size_t at, std::size_t node) { out[node] = current_[at]; });
}

template <typename Real>
bool Simulation<Real>::quieter_than(Real level) const {
    return std::all_of(memory_.begin(), memory_.end(),
                       [&](Real value) { return std::fabs(value) <= level; });
}

template class Simulation<double>;
template class Simulation<float>;

}  // namespace kac
