#include "kac/spectrogram.hpp"

#include <pybind11/stl.h>

#include <variant>

#include "run.hpp"

namespace kac::python {

template <>
struct Kind<MelFilters> {
    static std::string name() { return "MelFilters"; }
};

namespace {

/// A plan of either precision.
struct AnySpectrogram {
    std::variant<Spectrogram<double>, Spectrogram<float>> plan;
};

/// A long plan takes its time: without the GIL, and Ctrl-C stops it.
template <typename Real>
AnySpectrogram planned(const SpectrogramSettings& settings, const MelFilters& filters) {
    std::optional<Spectrogram<Real>> plan;
    run_one([&] { plan.emplace(settings, filters); });
    return {*plan};
}

AnySpectrogram spectrogram(py::ssize_t n_fft, py::ssize_t window_length, py::ssize_t hop_length,
                           const std::optional<MelFilters>& filters, int power,
                           std::optional<double> floor, const std::string& precision) {
    if (power != 1 && power != 2) {
        throw std::invalid_argument("power must be 1 or 2, got " + std::to_string(power));
    }
    const SpectrogramSettings settings = {not_negative(n_fft, "n_fft"),
                                          not_negative(window_length, "window_length"),
                                          not_negative(hop_length, "hop_length"),
                                          power == 2 ? Measure::power : Measure::magnitude, floor};
    const MelFilters given = filters.value_or(MelFilters());
    return is_single(precision) ? planned<float>(settings, given)
                                : planned<double>(settings, given);
}

std::size_t rows(const AnySpectrogram& any) {
    return std::visit([](const auto& plan) { return plan.rows(); }, any.plan);
}

std::size_t frames(const AnySpectrogram& any, py::ssize_t length) {
    const std::size_t samples = not_negative(length, "length");
    return std::visit([&](const auto& plan) { return plan.frames(samples); }, any.plan);
}

template <typename Real>
py::array transformed(const Spectrogram<Real>& plan, const py::object& values, unsigned threads,
                      bool normalise) {
    const auto signals = convert<ArrayOf<Real>>(values, "signals");
    require_dimensions(signals, 2, "signals");
    const std::size_t count = extent(signals, 0), length = extent(signals, 1);
    ArrayOf<Real> result = empty<Real>({count, plan.rows(), plan.frames(length)});
    const std::span<const Real> from = view(signals);
    const std::span<Real> to = writable(result);
    run(threads,
        [&](const Executor& executor) { plan.transform(from, length, to, executor, normalise); });
    return result;
}

py::array transform(const AnySpectrogram& any, const py::object& signals, unsigned threads,
                    bool normalise) {
    return std::visit(
        [&](const auto& plan) { return transformed(plan, signals, threads, normalise); }, any.plan);
}

}  // namespace

void bind_spectrogram(py::module_& module) {
    using namespace py::literals;
    py::class_<AnySpectrogram> type(
        module, "Spectrogram",
        "Spectrograms, seen through filters if any: Hann window, centred frames, reflected ends.");
    define_constructor(type, &spectrogram, "n_fft"_a, "window_length"_a, "hop_length"_a,
                       "filters"_a = py::none(), "power"_a = 2, "floor"_a = py::none(),
                       "precision"_a = "double");
    type.def_property_readonly("rows", &rows, "Bins, or filters.");
    define(type, "frames", &frames, "Columns of a spectrogram of so many samples.", "length"_a);
    define(type, "transform", &transform,
           "Signals (n, length), normalised first or not, to spectrograms (n, rows, frames).",
           "signals"_a, "threads"_a = 0, "normalise"_a = false);
}

}  // namespace kac::python
