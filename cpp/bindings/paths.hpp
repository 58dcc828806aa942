#pragma once

#include <pybind11/pybind11.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace kac::python {

namespace py = pybind11;

/// Paths as the bytes the system takes: str, bytes and os.PathLike alike.
inline std::vector<std::string> encoded_paths(const py::sequence& paths) {
    if (py::isinstance<py::str>(paths) || py::isinstance<py::bytes>(paths)) {
        throw py::type_error("paths must be a sequence of paths, got a single one");
    }
    const py::object encode = py::module_::import("os").attr("fsencode");
    std::vector<std::string> encoded;
    // An owner, not a handle: a sequence may create its items on access.
    for (const py::object path : paths) {
        encoded.push_back(encode(path).cast<std::string>());
        if (encoded.back().find('\0') == std::string::npos) continue;
        throw std::invalid_argument("a path must not contain a null character, got " +
                                    py::repr(path).cast<std::string>());
    }
    return encoded;
}

}  // namespace kac::python
