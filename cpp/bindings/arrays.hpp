#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "crew.hpp"
#include "kac/machine.hpp"
#include "kac/parallel.hpp"

/// The only place where NumPy meets C++: words for arrays, and views of them as spans.
namespace kac::python {

namespace py = pybind11;

/// A C-contiguous array; anything that converts to one is accepted and copied if need be.
template <typename Real>
using ArrayOf = py::array_t<Real, py::array::c_style | py::array::forcecast>;

/// Of float64, as which numbers come in.
using Array = ArrayOf<double>;

inline std::size_t extent(const py::array& array, py::ssize_t axis) {
    return static_cast<std::size_t>(array.shape(axis));
}

inline void require_dimensions(const py::array& array, py::ssize_t dimensions, const char* name) {
    if (array.ndim() == dimensions) return;
    throw std::invalid_argument(std::string(name) + " must have " + std::to_string(dimensions) +
                                " dimension(s), got " + std::to_string(array.ndim()));
}

/// All values of an array, flat.
template <typename Real>
std::span<const Real> view(const ArrayOf<Real>& array) {
    return {array.data(), static_cast<std::size_t>(array.size())};
}

/// Row i of a two-dimensional array.
template <typename Real>
std::span<Real> row(std::span<Real> values, std::size_t width, std::size_t i) {
    return values.subspan(i * width, width);
}

/// A new array of this shape, its values not set, and the span to write them through.
template <typename Real = double>
ArrayOf<Real> empty(std::vector<std::size_t> shape) {
    return ArrayOf<Real>(std::vector<py::ssize_t>(shape.begin(), shape.end()));
}

template <typename Real>
std::span<Real> writable(ArrayOf<Real>& array) {
    return {array.mutable_data(), static_cast<std::size_t>(array.size())};
}

/// Lets Ctrl-C through: to be called without the GIL, throws `py::error_already_set`.
inline void check_signals() {
    const py::gil_scoped_acquire gil;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

/// `parallel_for` for the bindings: without the GIL, and stopped by Ctrl-C. A KAC_ISA that cannot
/// be met is refused by all of them alike, and read before there are threads.
template <typename Body>
void run_parallel(std::size_t count, unsigned threads, Body&& body) {
    static_cast<void>(kac::instruction_set());
    Crew& helpers = crew();
    const py::gil_scoped_release release;
    helpers.parallel_for(count, threads, std::forward<Body>(body), check_signals);
}

/// Put `place` before whatever `body` complains of.
template <typename Body>
void at(const std::string& place, Body&& body) {
    try {
        body();
    } catch (const std::invalid_argument& error) {
        throw std::invalid_argument(place + ": " + error.what());
    }
}

/// `run_parallel` over sounds, which complain by their number.
template <typename Body>
void run_sounds(std::size_t sounds, unsigned threads, Body&& body) {
    run_parallel(sounds, threads,
                 [&](std::size_t i) { at("sound " + std::to_string(i), [&] { body(i); }); });
}

inline std::size_t at_least_one(py::ssize_t value, const char* name) {
    if (value >= 1) return static_cast<std::size_t>(value);
    throw std::invalid_argument(std::string(name) + " must be at least 1, got " +
                                std::to_string(value));
}

inline std::size_t positive_length(py::ssize_t length) {
    return at_least_one(length, "length");
}

/// `values` has one number for each of `count` things, which are called `things`.
inline void require_one_each(const Array& values, std::size_t count, const char* name,
                             const char* things) {
    require_dimensions(values, 1, name);
    if (extent(values, 0) == count) return;
    throw std::invalid_argument(std::string(name) + " must have one number for each of the " +
                                std::to_string(count) + " " + things + ", got " +
                                std::to_string(extent(values, 0)));
}

inline bool is_single(const std::string& precision) {
    if (precision == "single") return true;
    if (precision == "double") return false;
    throw std::invalid_argument("precision must be double or single, got '" + precision + "'");
}

/// `render(i, out)` for every sound, into a new array of doubles or floats.
template <typename Real, typename Render>
ArrayOf<Real> render_sounds(std::size_t sounds, std::size_t length, unsigned threads,
                            Render&& render) {
    ArrayOf<Real> result = empty<Real>({sounds, length});
    const std::span<Real> out = writable(result);
    run_sounds(sounds, threads, [&](std::size_t i) { render(i, row(out, length, i)); });
    return result;
}

/// The same, the type named by `precision`; `render` takes both.
template <typename Render>
py::array render_sounds(const std::string& precision, std::size_t sounds, std::size_t length,
                        unsigned threads, Render&& render) {
    if (is_single(precision)) return render_sounds<float>(sounds, length, threads, render);
    return render_sounds<double>(sounds, length, threads, render);
}

}  // namespace kac::python
