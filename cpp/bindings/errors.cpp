#include <pybind11/pybind11.h>

#include <cerrno>
#include <exception>
#include <new>

#include "kac/files.hpp"

namespace kac::python {

namespace py = pybind11;

namespace {

/// FileError becomes OSError, or the subclass that belongs to its errno, and std::bad_alloc a
/// MemoryError that says what to do.
void translate(std::exception_ptr error) {
    try {
        if (error) std::rethrow_exception(error);
    } catch (const FileError& failure) {
        const py::object path =
            py::module_::import("os").attr("fsdecode")(py::bytes(failure.path()));
        errno = failure.code().value();
        PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, path.ptr());
    } catch (const std::bad_alloc&) {
        PyErr_SetString(PyExc_MemoryError,
                        "there is too little memory for so many samples: ask for fewer or shorter "
                        "sounds at a time, or end other programs");
    }
}

}  // namespace

/// All other exceptions are those that pybind11 knows: std::invalid_argument is a ValueError,
/// py::type_error a TypeError.
void translate_errors() {
    py::register_local_exception_translator(&translate);
}

}  // namespace kac::python
