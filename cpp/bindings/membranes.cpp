#include <pybind11/stl.h>

#include <memory>
#include <utility>

#include "kac/fdtd.hpp"
#include "kac/grid.hpp"
#include "kac/membrane.hpp"
#include "run.hpp"

namespace kac::python {

template <>
struct Kind<Grid> {
    static std::string name() { return "a Grid"; }
};

namespace {

using Cells = ArrayOf<bool>;
using Indices = ArrayOf<std::int64_t>;
using GridPointer = std::shared_ptr<Grid>;

/// Integers as they come in; a number with a fraction is not cut off.
Indices integers(const py::object& object, const char* name) {
    const py::array array = py::array::ensure(object);
    const char kind = array ? array.dtype().kind() : 'O';
    if (array && (kind == 'i' || kind == 'u' || array.size() == 0)) return Indices(array);
    PyErr_Clear();
    throw py::type_error(std::string(name) + " must be integers, got " + brief(object));
}

/// Nodes and weights as they come in, and as arrays.
using Weighted = std::pair<py::object, Array>;
using NodesAndWeights = std::pair<Indices, Array>;

std::vector<NodesAndWeights> arrays(const std::vector<Weighted>& all) {
    std::vector<NodesAndWeights> result;
    for (const auto& [nodes, weights] : all) result.emplace_back(integers(nodes, "nodes"), weights);
    return result;
}

Grid make_grid(const Cells& live) {
    require_dimensions(live, 2, "live");
    const auto size = static_cast<std::size_t>(live.size());
    const std::vector<std::uint8_t> cells(live.data(), live.data() + size);
    return Grid(extent(live, 0), extent(live, 1), cells);
}

void require_field(const Grid& grid, const Array& field, const char* name) {
    require_dimensions(field, 2, name);
    if (extent(field, 0) == grid.rows() && extent(field, 1) == grid.columns()) return;
    throw std::invalid_argument(
        std::string(name) + " must have the shape of its grid, (" + std::to_string(grid.rows()) +
        ", " + std::to_string(grid.columns()) + "), got (" + std::to_string(extent(field, 0)) +
        ", " + std::to_string(extent(field, 1)) + ")");
}

WeightedNodes require_nodes(const Grid& grid, const NodesAndWeights& weighted) {
    const auto& [nodes, weights] = weighted;
    require_dimensions(nodes, 1, "nodes");
    require_dimensions(weights, 1, "weights");
    const WeightedNodes result = {{nodes.data(), extent(nodes, 0)}, view(weights)};
    grid.require(result);
    return result;
}

/// A simulation and the grid it needs.
struct PythonSimulation {
    PythonSimulation(const GridPointer& on, const Array& previous, const Array& current,
                     const Coefficients& coefficients)
        : grid(on), simulation(*on, coefficients) {
        simulation.start(view(previous), view(current));
    }

    GridPointer grid;
    Simulation<double> simulation;
};

PythonSimulation make_simulation(const GridPointer& grid, const Array& previous,
                                 const Array& current, double c_0, double c_1, double c_2) {
    require_field(*grid, previous, "previous");
    require_field(*grid, current, "current");
    return PythonSimulation(grid, previous, current, {c_0, c_1, c_2});
}

void step(PythonSimulation& of, py::ssize_t steps) {
    const std::size_t count = not_negative(steps, "steps");
    run_one([&] { of.simulation.step(count); });
}

Array frame(const PythonSimulation& of) {
    Array result = empty({of.grid->rows(), of.grid->columns()});
    of.simulation.frame(writable(result));
    return result;
}

Array fdtd_waveform(const GridPointer& grid, const Array& previous, const Array& current,
                    double c_0, double c_1, double c_2, py::ssize_t length, const py::object& nodes,
                    const Array& weights) {
    require_field(*grid, previous, "previous");
    require_field(*grid, current, "current");
    const NodesAndWeights weighted = {integers(nodes, "nodes"), weights};
    const WeightedNodes heard = require_nodes(*grid, weighted);
    Array result = empty({at_least_one(length, "length")});
    const std::span<double> out = writable(result);
    run_one([&] {
        kac::fdtd_waveform(*grid, view(previous), view(current), {c_0, c_1, c_2}, heard, out);
    });
    return result;
}

/// A grid, where it is heard, and the sounds of its strikes.
struct Membrane {
    const Grid* grid;
    Coefficients coefficients;
    WeightedNodes pick_up;
    std::vector<WeightedNodes> strikes = {};
    std::vector<std::size_t> sounds = {};
};

std::vector<Membrane> make_membranes(const std::vector<GridPointer>& grids,
                                     const Array& coefficients,
                                     const std::vector<NodesAndWeights>& pick_ups) {
    require_dimensions(coefficients, 2, "coefficients");
    if (extent(coefficients, 0) != grids.size() || extent(coefficients, 1) != 3 ||
        pick_ups.size() != grids.size()) {
        throw std::invalid_argument(
            "each of the " + std::to_string(grids.size()) +
            " grid(s) needs a row of three coefficients and a pick-up, got coefficients of shape "
            "(" +
            std::to_string(extent(coefficients, 0)) + ", " +
            std::to_string(extent(coefficients, 1)) + ") and " + std::to_string(pick_ups.size()) +
            " pick-up(s)");
    }
    std::vector<Membrane> membranes;
    for (std::size_t i = 0; i < grids.size(); ++i) {
        if (grids[i] == nullptr) throw py::type_error("grids must be Grids, got None among them");
        const auto c = row(view(coefficients), 3, i);
        at("grid " + std::to_string(i) + ", pick-up", [&] {
            membranes.push_back(
                {grids[i].get(), {c[0], c[1], c[2]}, require_nodes(*grids[i], pick_ups[i])});
        });
    }
    return membranes;
}

void add_strikes(std::vector<Membrane>& membranes, const Indices& drums,
                 const std::vector<NodesAndWeights>& strikes) {
    require_dimensions(drums, 1, "drums");
    if (extent(drums, 0) != strikes.size()) {
        throw std::invalid_argument("drums must name the grid of each of the " +
                                    std::to_string(strikes.size()) + " strike(s), got " +
                                    std::to_string(extent(drums, 0)));
    }
    for (std::size_t i = 0; i < strikes.size(); ++i) {
        const std::int64_t drum = drums.data()[i];
        if (drum < 0 || static_cast<std::uint64_t>(drum) >= membranes.size()) {
            throw std::invalid_argument("sound " + std::to_string(i) + ": there is no grid " +
                                        std::to_string(drum) + " among " +
                                        std::to_string(membranes.size()));
        }
        Membrane& membrane = membranes[static_cast<std::size_t>(drum)];
        at("sound " + std::to_string(i) + ", strike",
           [&] { membrane.strikes.push_back(require_nodes(*membrane.grid, strikes[i])); });
        membrane.sounds.push_back(i);
    }
}

template <typename Real>
py::array render(const std::vector<Membrane>& membranes, std::size_t sounds, std::size_t length,
                 double peak, unsigned threads) {
    ArrayOf<Real> result = empty<Real>({sounds, length});
    const std::span<Real> out = writable(result);
    run_each(membranes.size(), threads, [&](std::size_t i) {
        const Membrane& one = membranes[i];
        std::vector<std::span<Real>> own;
        for (const std::size_t sound : one.sounds) own.push_back(row(out, length, sound));
        at("grid " + std::to_string(i), [&] {
            kac::membrane<Real>(*one.grid, one.coefficients, one.pick_up, one.strikes, peak, own);
        });
    });
    return result;
}

py::array membranes(const std::vector<GridPointer>& grids, const Array& coefficients,
                    const std::vector<Weighted>& pick_ups, const py::object& drums,
                    const std::vector<Weighted>& strikes, py::ssize_t length, double peak,
                    const std::string& precision, unsigned threads) {
    const std::vector<NodesAndWeights> heard = arrays(pick_ups), struck = arrays(strikes);
    std::vector<Membrane> all = make_membranes(grids, coefficients, heard);
    add_strikes(all, integers(drums, "drums"), struck);
    const std::size_t samples = at_least_one(length, "length");
    if (is_single(precision)) return render<float>(all, strikes.size(), samples, peak, threads);
    return render<double>(all, strikes.size(), samples, peak, threads);
}

}  // namespace

void bind_membranes(py::module_& module) {
    using namespace py::literals;
    py::class_<Grid, GridPointer> grid(
        module, "Grid",
        R"(The live cells of a boolean matrix; those outside it are dead.

Args:
    live: shape (rows, columns), true where a cell lives.

Raises:
    ValueError: no cell lives, or the matrix does not have two dimensions.)");
    define_constructor(grid, &make_grid, "live"_a);
    grid.def_property_readonly("rows", &Grid::rows);
    grid.def_property_readonly("columns", &Grid::columns);
    grid.def_property_readonly("cells", &Grid::cells, "Number of live cells.");
    py::class_<PythonSimulation> simulation(
        module, "Simulation", R"(Finite differences on a grid; one thread at a time may use it.

u_next = c_0 (four neighbours) + c_1 u - c_2 u_previous where a cell lives, 0 elsewhere.

Args:
    grid: where cells live.
    previous: shape (rows, columns); what it has on dead cells counts as 0.
    current: the same, one step later.
    c_0: weight of the neighbours' sum.
    c_1: weight of the current field.
    c_2: weight of the previous field, subtracted.

Raises:
    ValueError: a field has another shape, or a coefficient is not finite.)");
    define_constructor(simulation, &make_simulation, "grid"_a, "previous"_a, "current"_a, "c_0"_a,
                       "c_1"_a, "c_2"_a);
    define(simulation, "step", &step, "Go on by so many steps, from 0.", "steps"_a = 1);
    define(simulation, "frame", &frame, "The current field, a new array of shape (rows, columns).");
    define(module, "membranes", &membranes,
           R"(Sounds of membranes, all strikes on one of them from one simulation.

By reciprocity the membrane is started from the pick-up, u^0 = 0 and u^1 the weights of the pick-up,
and sound[n] is the sum of u^n over the nodes of the strike, weighted: the same as striking there and
listening at the pick-up. Once a membrane is below -602 dB, the rest of its sounds is 0.

A node is row * columns + column. A weight on a dead cell counts for nothing.

Args:
    grids: one for each membrane.
    coefficients: c_0, c_1, c_2 of each grid, shape (grids, 3).
    pick_ups: nodes and weights, both of shape (k,), one pair for each grid.
    drums: which grid each sound is struck on, shape (sounds,).
    strikes: nodes and weights, both of shape (k,), one pair for each sound.
    length: samples in a sound.
    peak: largest magnitude of each sound; 0 gives silence, and silence stays silence.
    precision: double or single; the error of single in a second at 48 kHz is below 2e-3 of the peak
        with a T60 of 2 s, and below 2e-2 without damping; mostly a tenth of that.
    threads: 0 for all available; the result does not depend on it.

Returns:
    Array of shape (sounds, length), float64, or float32 in single precision.

Raises:
    ValueError: shapes do not match, a node is outside its grid, a number is not finite, or the
        coefficients may let a membrane gain: |c_2| > 1 or 4 |c_0| + |c_1| > 1 + c_2.
    TypeError: nodes or drums are not integers.)",
           "grids"_a, "coefficients"_a, "pick_ups"_a, "drums"_a, "strikes"_a, "length"_a, "peak"_a,
           "precision"_a = "double", "threads"_a = 0);
    define(module, "fdtd_waveform", &fdtd_waveform,
           R"(The weighted sum of some nodes of a simulation's fields, of shape (length,).

The first number is that of `previous`, the second that of `current`. Nothing is scaled; whether it
grows is up to the coefficients.

Raises:
    ValueError: shapes do not match, a node is outside the grid, or a number is not finite.
    TypeError: nodes are not integers.)",
           "grid"_a, "previous"_a, "current"_a, "c_0"_a, "c_1"_a, "c_2"_a, "length"_a, "nodes"_a,
           "weights"_a);
}

}  // namespace kac::python
