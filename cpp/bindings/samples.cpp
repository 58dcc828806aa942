#include "samples.hpp"

namespace kac::python {

namespace {

template <typename Real>
py::array normalised_rows(const py::object& values, unsigned threads) {
    const ArrayOf<Real> signals(values);
    require_dimensions(signals, 2, "signals");
    return normalised(signals, threads);
}

py::array normalise(const py::object& signals, const std::string& precision, unsigned threads) {
    return is_single(precision) ? normalised_rows<float>(signals, threads)
                                : normalised_rows<double>(signals, threads);
}

}  // namespace

void bind_samples(py::module_& module) {
    using py::arg;
    module.def(
        "normalise", &normalise, arg("signals"), arg("precision") = "double", arg("threads") = 0,
        R"(Map the smallest and the largest sample of each row to -1 and 1, and constant rows to 0.

Args:
    signals: shape (n, length).
    precision: 'double', or 'single' to compute and return float32.
    threads: 0 for all available; the result does not depend on it.

Raises:
    ValueError: a sample is not finite, or those of a row lie too far apart.)");
}

}  // namespace kac::python
