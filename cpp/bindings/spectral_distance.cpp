#include "kac/spectral_distance.hpp"

#include <pybind11/stl.h>

#include "run.hpp"

namespace kac::python {

namespace {

SpectralDistance spectral_distance(const std::vector<py::ssize_t>& windows, double floor) {
    std::vector<std::size_t> lengths;
    for (const py::ssize_t length : windows) lengths.push_back(not_negative(length, "windows"));
    std::optional<SpectralDistance> plan;
    run_one([&] { plan.emplace(lengths, floor); });
    return *plan;
}

Array sums(const SpectralDistance& plan, const Array& x, const Array& y, unsigned threads) {
    require_dimensions(x, 1, "x");
    require_dimensions(y, 1, "y");
    Array result = empty({plan.windows(), 2});
    const std::span<const double> first = view(x), second = view(y);
    const std::span<double> to = writable(result);
    run(threads, [&](const Executor& executor) { plan.sums(first, second, to, executor); });
    return result;
}

}  // namespace

void bind_spectral_distance(py::module_& module) {
    using namespace py::literals;
    py::class_<SpectralDistance> type(
        module, "SpectralDistance",
        "Sums of what the spectra of two sounds differ by, with windows of several lengths.");
    define_constructor(type, &spectral_distance, "windows"_a, "floor"_a);
    type.def_property_readonly("history", &SpectralDistance::history,
                               "Samples that go before a block.");
    type.def_property_readonly("step", &SpectralDistance::step,
                               "What the length of a block is a multiple of.");
    define(type, "sums", &sums,
           "Two sounds (history + block,) to the sums of linear and logarithmic differences over "
           "the frames that end in the block, shape (windows, 2).",
           "x"_a, "y"_a, "threads"_a = 0);
}

}  // namespace kac::python
