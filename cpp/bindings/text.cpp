#include <string_view>

#include "arrays.hpp"
#include "kac/numbers.hpp"

namespace kac::python {

namespace {

/// A list and the array that its numbers go to.
class PythonNumberList {
  public:
    PythonNumberList(Array values, py::ssize_t position)
        : values_(std::move(values)), list_(flat(values_), not_negative(position, "position")) {}

    std::size_t read(const py::bytes& text, py::ssize_t start) {
        const std::string_view window = text;
        const std::size_t begin = not_negative(start, "start");
        if (begin > window.size()) {
            throw std::invalid_argument("start must be within the text of " +
                                        std::to_string(window.size()) + " byte(s), got " +
                                        std::to_string(start));
        }
        const py::gil_scoped_release release;
        return begin + list_.read(window.substr(begin));
    }

    bool complete() const { return list_.complete(); }

    py::tuple shape() const {
        if (list_.nested()) return py::make_tuple(list_.rows(), list_.columns());
        return py::make_tuple(list_.size());
    }

  private:
    static std::size_t not_negative(py::ssize_t value, const char* name) {
        if (value >= 0) return static_cast<std::size_t>(value);
        throw std::invalid_argument(std::string(name) + " must not be negative, got " +
                                    std::to_string(value));
    }

    static std::span<double> flat(Array& values) {
        require_dimensions(values, 1, "values");
        return writable(values);
    }

    Array values_;
    NumberList list_;
};

}  // namespace

void bind_text(py::module_& module) {
    using namespace py::literals;
    py::class_<PythonNumberList>(
        module, "NumberList",
        R"(One list of numbers, or of equally long lists of numbers, read from text a window at a time.

Numbers are those of JSON, each the nearest float64; nan, NaN, inf and Infinity may stand among them,
with a minus or without. One thread at a time may use it.

Args:
    values: where the numbers go, float64, shape (n,), row after row; those beyond n are counted alone.
    position: offset of the list in its file, for errors.

Raises:
    ValueError: values cannot be written or have another shape, or the position is negative.)")
        .def(py::init<Array, py::ssize_t>(), "values"_a.noconvert(), "position"_a = 0)
        .def("read", &PythonNumberList::read, "text"_a, "start"_a = 0,
             R"(Read on.

Args:
    text: what follows the text that has been used; its end may fall anywhere.
    start: where in it to begin.

Returns:
    Where in the text it stopped: after the bracket that closes the list, at the end, or before a
    number that may go on beyond the end and has to come again, whole.

Raises:
    ValueError: the list is malformed; the error gives the byte and what stands there.)")
        .def_property_readonly("complete", &PythonNumberList::complete, "The list has been closed.")
        .def_property_readonly("shape", &PythonNumberList::shape,
                               "Of what has been read: (numbers,) or (lists, numbers in each).");
}

}  // namespace kac::python
