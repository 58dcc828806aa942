#include <pybind11/complex.h>

#include <complex>
#include <variant>

#include "kac/fft.hpp"
#include "run.hpp"

namespace kac::python {

namespace {

/// A plan of either precision.
struct AnyRealFft {
    std::variant<RealFft<double>, RealFft<float>> plan;
};

/// A long plan takes its time: without the GIL, and Ctrl-C stops it.
template <typename Real>
AnyRealFft planned(std::size_t length) {
    std::optional<RealFft<Real>> plan;
    run_one([&] { plan.emplace(length); });
    return {*plan};
}

AnyRealFft real_fft(py::ssize_t length, const std::string& precision) {
    const std::size_t samples = not_negative(length, "length");
    return is_single(precision) ? planned<float>(samples) : planned<double>(samples);
}

template <typename Real>
py::array transform(const RealFft<Real>& plan, const py::object& values, unsigned threads) {
    const auto signals = convert<ArrayOf<Real>>(values, "signals");
    require_dimensions(signals, 2, "signals");
    const std::size_t count = extent(signals, 0), length = extent(signals, 1);
    if (length != plan.length()) {
        throw std::invalid_argument("signals must have the length " +
                                    std::to_string(plan.length()) + ", got " +
                                    std::to_string(length));
    }
    py::array_t<std::complex<Real>> result({count, plan.bins()});
    const std::span<std::complex<Real>> to{result.mutable_data(), count * plan.bins()};
    const std::span<const Real> from = view(signals);
    run(threads, [&](const Executor& executor) { plan.forward(from, to, executor); });
    return result;
}

py::array forward(const AnyRealFft& any, const py::object& signals, unsigned threads) {
    return std::visit([&](const auto& plan) { return transform(plan, signals, threads); },
                      any.plan);
}

}  // namespace

void bind_real_fft(py::module_& module) {
    using namespace py::literals;
    py::class_<AnyRealFft> type(module, "RealFft",
                                "The Fourier transform of real signals, any length.");
    define_constructor(type, &real_fft, "length"_a, "precision"_a = "double");
    define(type, "forward", &forward, "Signals (n, length) to their bins (n, length // 2 + 1).",
           "signals"_a, "threads"_a = 0);
}

}  // namespace kac::python
