#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstddef>
#include <span>
#include <vector>

/// Where NumPy meets C++: types of arrays, and views of them as spans.
namespace kac::python {

namespace py = pybind11;

/// A C-contiguous array; anything that converts to one is accepted and copied if need be.
template <typename Real>
using ArrayOf = py::array_t<Real, py::array::c_style | py::array::forcecast>;
using Array = ArrayOf<double>;

inline std::size_t extent(const py::array& array, py::ssize_t axis) {
    return static_cast<std::size_t>(array.shape(axis));
}

/// All values of an array, flat.
template <typename Real>
std::span<const Real> view(const ArrayOf<Real>& array) {
    return {array.data(), static_cast<std::size_t>(array.size())};
}

/// The same, to be written.
template <typename Real>
std::span<Real> writable(ArrayOf<Real>& array) {
    return {array.mutable_data(), static_cast<std::size_t>(array.size())};
}

/// Row i of a two-dimensional array.
template <typename Real>
std::span<Real> row(std::span<Real> values, std::size_t width, std::size_t i) {
    return values.subspan(i * width, width);
}

/// A new array of this shape, its values not set.
template <typename Real = double>
ArrayOf<Real> empty(std::vector<std::size_t> shape) {
    return ArrayOf<Real>(std::vector<py::ssize_t>(shape.begin(), shape.end()));
}

}  // namespace kac::python
