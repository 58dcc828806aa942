#include <pybind11/complex.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <complex>
#include <optional>
#include <utility>
#include <variant>

#include "kac/aligned.hpp"
#include "kac/fft.hpp"
#include "kac/finite.hpp"
#include "kac/mel.hpp"
#include "kac/spectrogram.hpp"
#include "samples.hpp"

namespace kac::python {

namespace {

/// Signals a thread takes at a time in `forward`.
constexpr std::size_t signals_per_block = 32;

/// A count from Python; 0 is refused, with all else, where it is used.
std::size_t count(py::ssize_t value, const char* name) {
    if (value >= 0) return static_cast<std::size_t>(value);
    throw std::invalid_argument(std::string(name) + " must not be negative, got " +
                                std::to_string(value));
}

template <typename Real>
py::array forward(const RealFft<Real>& plan, const py::object& values, unsigned threads) {
    const ArrayOf<Real> signals(values);
    require_dimensions(signals, 2, "signals");
    const std::size_t rows = extent(signals, 0), length = extent(signals, 1);
    if (length != plan.length()) {
        throw std::invalid_argument("signals must have the length " +
                                    std::to_string(plan.length()) + ", got " +
                                    std::to_string(length));
    }
    py::array_t<std::complex<Real>> result({rows, plan.bins()});
    const std::span<const Real> from = view(signals);
    const std::span<std::complex<Real>> to{result.mutable_data(), rows * plan.bins()};
    const std::size_t blocks = (rows + signals_per_block - 1) / signals_per_block;
    run_parallel(blocks, threads, [&](std::size_t block) {
        const std::size_t first = block * signals_per_block;
        const std::size_t part = std::min(signals_per_block, rows - first);
        require_finite(from, length, first * length, (first + part) * length);
        plan.forward(from.subspan(first * length, part * length),
                     to.subspan(first * plan.bins(), part * plan.bins()));
    });
    return result;
}

/// A new plan. A long one takes its time: without the GIL, and Ctrl-C stops it.
template <typename Plan, typename... Arguments>
Plan planned(const Arguments&... arguments) {
    std::optional<Plan> plan;
    run_parallel(1, 1, [&](std::size_t) { plan.emplace(arguments...); });
    return *std::move(plan);
}

/// A plan of either precision.
class AnyRealFft {
  public:
    AnyRealFft(py::ssize_t length, const std::string& precision)
        : plan_(is_single(precision) ? Plan(planned<RealFft<float>>(count(length, "length")))
                                     : Plan(planned<RealFft<double>>(count(length, "length")))) {}

    py::array forward(const py::object& signals, unsigned threads) const {
        return std::visit([&](const auto& plan) { return python::forward(plan, signals, threads); },
                          plan_);
    }

  private:
    using Plan = std::variant<RealFft<double>, RealFft<float>>;

    Plan plan_;
};

/// Have the system supply the memory of new spectrograms, bit by bit: the rows of a long signal
/// would otherwise ask for all of it with the first of their columns, and Ctrl-C would have to
/// wait.
template <typename Real>
void touch(std::span<Real> values, std::size_t of_one_signal, unsigned threads) {
    if (of_one_signal * sizeof(Real) < (std::size_t{1} << 28)) return;
    constexpr std::size_t page = 4096 / sizeof(Real), block = std::size_t{1} << 20;
    run_parallel((values.size() + block - 1) / block, threads, [&](std::size_t i) {
        const std::size_t end = std::min((i + 1) * block, values.size());
        for (std::size_t at = i * block; at < end; at += page) values[at] = Real{0};
    });
}

/// Signals that are normalised and transformed at a time: few enough to be still in a near cache
/// when they have been normalised, with enough frames to fill the vectors.
template <typename Real>
std::size_t group_size(const Spectrogram<Real>& plan, std::size_t length) {
    constexpr std::size_t frames = 128;
    return (frames + plan.frames(length) - 1) / plan.frames(length);
}

template <typename Real>
void transform_normalised(const Spectrogram<Real>& plan, std::span<const Real> from,
                          std::size_t length, std::span<Real> to, unsigned threads) {
    const std::size_t count = from.size() / length, values = to.size() / count;
    const std::size_t size = group_size(plan, length);
    run_parallel((count + size - 1) / size, threads, [&](std::size_t i) {
        const std::size_t first = i * size, part = std::min(size, count - first);
        Aligned<Real> memory(part * length);
        const std::span<Real> signals(memory);
        for (std::size_t k = 0; k < part; ++k) {
            kac::normalise(from, length, first + k, row(signals, length, k));
        }
        plan.transform(signals, length, to.subspan(first * values, part * values));
    });
}

template <typename Real>
py::array transform(const Spectrogram<Real>& plan, const py::object& values, unsigned threads,
                    bool normalise) {
    ArrayOf<Real> signals(values);
    require_dimensions(signals, 2, "signals");
    const std::size_t rows = extent(signals, 0), length = extent(signals, 1);
    ArrayOf<Real> result = empty<Real>({rows, plan.rows(), plan.frames(length)});
    const std::span<Real> to = writable(result);
    touch(to, plan.rows() * plan.frames(length), threads);
    const std::size_t workers = threads == 0 ? available_threads() : threads;
    const bool enough_for_all = rows >= workers * group_size(plan, length);
    if (normalise && enough_for_all) {
        transform_normalised(plan, view(signals), length, to, threads);
        return result;
    }
    if (normalise) signals = normalised(signals, threads);
    const std::span<const Real> from = view(signals);
    run_parallel(plan.blocks(rows, length), threads,
                 [&](std::size_t block) { plan.transform(from, length, to, block); });
    return result;
}

/// A plan of either precision.
class AnySpectrogram {
  public:
    using Plan = std::variant<Spectrogram<double>, Spectrogram<float>>;

    explicit AnySpectrogram(Plan plan) : plan_(std::move(plan)) {}

    std::size_t rows() const {
        return std::visit([](const auto& plan) { return plan.rows(); }, plan_);
    }

    std::size_t frames(py::ssize_t length) const {
        const std::size_t samples = count(length, "length");
        return std::visit([&](const auto& plan) { return plan.frames(samples); }, plan_);
    }

    py::array transform(const py::object& signals, unsigned threads, bool normalise) const {
        return std::visit(
            [&](const auto& plan) { return python::transform(plan, signals, threads, normalise); },
            plan_);
    }

  private:
    Plan plan_;
};

AnySpectrogram spectrogram(py::ssize_t n_fft, py::ssize_t window_length, py::ssize_t hop_length,
                           const std::optional<MelFilters>& filters, int power,
                           std::optional<double> floor, const std::string& precision) {
    if (power != 1 && power != 2) {
        throw std::invalid_argument("power must be 1 or 2, got " + std::to_string(power));
    }
    const SpectrogramSettings settings = {
        count(n_fft, "n_fft"), count(window_length, "window_length"),
        count(hop_length, "hop_length"), power == 2 ? Measure::power : Measure::magnitude, floor};
    const MelFilters given = filters.value_or(MelFilters());
    if (is_single(precision)) return AnySpectrogram(planned<Spectrogram<float>>(settings, given));
    return AnySpectrogram(planned<Spectrogram<double>>(settings, given));
}

MelFilters mel_filters(py::ssize_t n_fft, py::ssize_t n_mels, double f_min, double f_max,
                       double sample_rate, const std::string& scale, const std::string& norm) {
    if (scale != "htk" && scale != "slaney") {
        throw std::invalid_argument("scale must be htk or slaney, got '" + scale + "'");
    }
    if (norm != "peak" && norm != "area") {
        throw std::invalid_argument("norm must be peak or area, got '" + norm + "'");
    }
    return MelFilters({count(n_fft, "n_fft"), count(n_mels, "n_mels"), f_min, f_max, sample_rate,
                       scale == "htk" ? MelScale::htk : MelScale::slaney,
                       norm == "peak" ? MelNorm::peak : MelNorm::area});
}

std::vector<std::size_t> silent(const MelFilters& filters) {
    std::vector<std::size_t> result;
    for (std::size_t m = 0; m < filters.size(); ++m) {
        if (filters.filters()[m].weights.empty()) result.push_back(m);
    }
    return result;
}

Array weights(const MelFilters& filters) {
    const std::vector<double> dense = filters.dense();
    Array result = empty({filters.size(), filters.bins()});
    std::copy(dense.begin(), dense.end(), writable(result).begin());
    return result;
}

}  // namespace

void bind_spectra(py::module_& module) {
    using py::arg;
    py::class_<AnyRealFft>(module, "RealFft", "The Fourier transform of real signals, any length.")
        .def(py::init<py::ssize_t, const std::string&>(), arg("length"),
             arg("precision") = "double")
        .def("forward", &AnyRealFft::forward, arg("signals"), arg("threads") = 0,
             "Signals (n, length) to their bins (n, length // 2 + 1).");

    py::class_<MelFilters>(module, "MelFilters",
                           "Triangles on the mel scale, over the bins of a spectrum.")
        .def(py::init(&mel_filters), arg("n_fft"), arg("n_mels"), arg("f_min"), arg("f_max"),
             arg("sample_rate"), arg("scale") = "htk", arg("norm") = "peak")
        .def_property_readonly("weights", &weights, "Shape (n_mels, n_fft // 2 + 1).")
        .def_property_readonly("silent", &silent, "Filters that no bin lies under.");

    py::class_<AnySpectrogram>(
        module, "Spectrogram",
        "Spectrograms, seen through filters if any: Hann window, centred frames, reflected ends.")
        .def(py::init(&spectrogram), arg("n_fft"), arg("window_length"), arg("hop_length"),
             arg("filters") = py::none(), arg("power") = 2, arg("floor") = py::none(),
             arg("precision") = "double")
        .def_property_readonly("rows", &AnySpectrogram::rows, "Bins, or filters.")
        .def("frames", &AnySpectrogram::frames, arg("length"),
             "Columns of a spectrogram of so many samples.")
        .def("transform", &AnySpectrogram::transform, arg("signals"), arg("threads") = 0,
             arg("normalise") = false,
             "Signals (n, length), normalised first or not, to spectrograms (n, rows, frames).");
}

}  // namespace kac::python
