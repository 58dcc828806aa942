#include "arguments.hpp"

namespace kac::python {

std::string brief(const py::object& value) {
    constexpr std::size_t most_letters = 80;
    const py::ssize_t size = PyObject_Size(value.ptr());
    if (size < 0) PyErr_Clear();  // a value without a length
    if (size <= static_cast<py::ssize_t>(most_letters)) {
        try {
            const std::string text = py::repr(value).cast<std::string>();
            if (text.size() <= most_letters && text.find('\n') == std::string::npos) return text;
        } catch (const std::exception&) {
            // Digits that Python refuses to print, or letters that UTF-8 does not have.
        }
    }
    return "a value of type " + std::string(Py_TYPE(value.ptr())->tp_name);
}

void require_one_each(const Array& values, std::size_t count, const char* name,
                      const char* things) {
    require_dimensions(values, 1, name);
    if (extent(values, 0) == count) return;
    throw std::invalid_argument(std::string(name) + " must have one number for each of the " +
                                std::to_string(count) + " " + things + ", got " +
                                std::to_string(extent(values, 0)));
}

std::size_t at_least_one(py::ssize_t value, const char* name) {
    if (value >= 1) return static_cast<std::size_t>(value);
    throw std::invalid_argument(std::string(name) + " must be at least 1, got " +
                                std::to_string(value));
}

std::size_t not_negative(py::ssize_t value, const char* name) {
    if (value >= 0) return static_cast<std::size_t>(value);
    throw std::invalid_argument(std::string(name) + " must not be negative, got " +
                                std::to_string(value));
}

bool is_single(const std::string& precision) {
    if (precision == "single") return true;
    if (precision == "double") return false;
    throw std::invalid_argument("precision must be double or single, got '" + precision + "'");
}

}  // namespace kac::python
