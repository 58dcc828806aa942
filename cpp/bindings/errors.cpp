#include <pybind11/pybind11.h>

#include <cerrno>
#include <exception>

#include "kac/files.hpp"

namespace kac::python {

namespace py = pybind11;

namespace {

/// FileError becomes OSError, or the subclass that belongs to its errno.
void translate_file_error(std::exception_ptr error) {
    try {
        if (error) std::rethrow_exception(error);
    } catch (const FileError& failure) {
        const py::object path =
            py::module_::import("os").attr("fsdecode")(py::bytes(failure.path()));
        errno = failure.code().value();
        PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, path.ptr());
    }
}

}  // namespace

/// All other exceptions are those that pybind11 knows: std::invalid_argument is a ValueError,
/// py::type_error a TypeError, std::bad_alloc a MemoryError.
void translate_errors() {
    py::register_local_exception_translator(&translate_file_error);
}

}  // namespace kac::python
