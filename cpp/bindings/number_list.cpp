#include "kac/number_list.hpp"

#include <string_view>

#include "run.hpp"

namespace kac::python {

namespace {

/// A list and the array that its numbers go to.
struct PythonNumberList {
    Array values;
    NumberList list;
};

PythonNumberList make(const py::object& given, py::ssize_t position) {
    if (!py::isinstance<py::array_t<double, py::array::c_style>>(given)) {
        throw py::type_error("values must be a contiguous array of float64, got " + brief(given));
    }
    Array values(given);
    require_dimensions(values, 1, "values");
    const NumberList list(writable(values), not_negative(position, "position"));
    return {values, list};
}

std::size_t read(PythonNumberList& numbers, const py::bytes& text, py::ssize_t start) {
    const std::string_view window = text;
    const std::size_t begin = not_negative(start, "start");
    if (begin > window.size()) {
        throw std::invalid_argument("start must be within the text of " +
                                    std::to_string(window.size()) + " byte(s), got " +
                                    std::to_string(start));
    }
    const GilReleased released;
    return begin + numbers.list.read(window.substr(begin));
}

bool complete(const PythonNumberList& numbers) {
    return numbers.list.complete();
}

py::tuple shape(const PythonNumberList& numbers) {
    const NumberList& list = numbers.list;
    if (list.nested()) return py::make_tuple(list.rows(), list.columns());
    return py::make_tuple(list.size());
}

}  // namespace

void bind_number_list(py::module_& module) {
    using namespace py::literals;
    py::class_<PythonNumberList> type(
        module, "NumberList",
        R"(One list of numbers, or of equally long lists of numbers, read from text a window at a time.

Numbers are those of JSON, each the nearest float64; nan, NaN, inf and Infinity may stand among them,
with a minus or without. One thread at a time may use it.

Args:
    values: where the numbers go, float64, shape (n,), row after row; those beyond n are counted alone.
    position: offset of the list in its file, for errors.

Raises:
    ValueError: values cannot be written or have another shape, or the position is negative.)");
    define_constructor(type, &make, "values"_a, "position"_a = 0);
    define(type, "read", &read,
           R"(Read on.

Args:
    text: what follows the text that has been used; its end may fall anywhere.
    start: where in it to begin.

Returns:
    Where in the text it stopped: after the bracket that closes the list, at the end, or before a
    number that may go on beyond the end and has to come again, whole.

Raises:
    ValueError: the list is malformed; the error gives the byte and what was found there.)",
           "text"_a, "start"_a = 0);
    type.def_property_readonly("complete", &complete, "The list has been closed.");
    type.def_property_readonly("shape", &shape,
                               "Of what has been read: (numbers,) or (lists, numbers in each).");
}

}  // namespace kac::python
