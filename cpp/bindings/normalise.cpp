#include "kac/normalise.hpp"

#include "run.hpp"

namespace kac::python {

namespace {

template <typename Real>
py::array normalised(const py::object& values, unsigned threads) {
    const auto signals = convert<ArrayOf<Real>>(values, "signals");
    require_dimensions(signals, 2, "signals");
    const std::size_t count = extent(signals, 0), length = extent(signals, 1);
    ArrayOf<Real> result = empty<Real>({count, length});
    const std::span<const Real> from = view(signals);
    const std::span<Real> to = writable(result);
    run_each(count, threads,
             [&](std::size_t i) { kac::normalise(from, length, i, row(to, length, i)); });
    return result;
}

py::array normalise(const py::object& signals, const std::string& precision, unsigned threads) {
    return is_single(precision) ? normalised<float>(signals, threads)
                                : normalised<double>(signals, threads);
}

}  // namespace

void bind_normalise(py::module_& module) {
    using namespace py::literals;
    define(
        module, "normalise", &normalise,
        R"(Map the smallest and the largest sample of each row to -1 and 1, and constant rows to 0.

Args:
    signals: shape (n, length).
    precision: 'double', or 'single' to compute and return float32.
    threads: 0 for all available; the result does not depend on it.

Raises:
    ValueError: a sample is not finite, or those of a row lie too far apart.)",
        "signals"_a, "precision"_a = "double", "threads"_a = 0);
}

}  // namespace kac::python
