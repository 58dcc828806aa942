#include <pybind11/complex.h>

#include <algorithm>
#include <complex>

#include "arrays.hpp"
#include "kac/fft.hpp"
#include "kac/spectrogram.hpp"

namespace kac::python {

namespace {

/// Signals a thread takes at a time in `rfft`.
constexpr std::size_t signals_per_block = 32;

/// A count from Python; 0 is refused, with all else, where it is used.
std::size_t count(py::ssize_t value, const char* name) {
    if (value >= 0) return static_cast<std::size_t>(value);
    throw std::invalid_argument(std::string(name) + " must not be negative, got " +
                                std::to_string(value));
}

py::array_t<std::complex<double>> rfft(const Array& signals, unsigned threads) {
    require_dimensions(signals, 2, "signals");
    const std::size_t rows = extent(signals, 0), length = extent(signals, 1);
    const RealFft plan(length);
    py::array_t<std::complex<double>> result({rows, plan.bins()});
    const std::span<const double> from = view(signals);
    const std::span<std::complex<double>> to{result.mutable_data(), rows * plan.bins()};
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

/// Have the system supply the memory of a new array, bit by bit: rows as long as those of a
/// spectrogram would otherwise ask for all of it at once, with the first of their columns.
void touch(std::span<double> values, unsigned threads) {
    constexpr std::size_t page = 512, block = std::size_t{1} << 20;
    run_parallel((values.size() + block - 1) / block, threads, [&](std::size_t i) {
        const std::size_t end = std::min((i + 1) * block, values.size());
        for (std::size_t at = i * block; at < end; at += page) values[at] = 0.0;
    });
}

template <typename Plan>
Array power(const Plan& plan, const Array& signals, unsigned threads) {
    require_dimensions(signals, 2, "signals");
    const std::size_t rows = extent(signals, 0), length = extent(signals, 1);
    Array result = empty({rows, plan.rows(), plan.frames(length)});
    const std::span<const double> from = view(signals);
    const std::span<double> to = writable(result);
    touch(to, threads);
    run_parallel(plan.blocks(rows, length), threads,
                 [&](std::size_t block) { plan.power(from, length, to, block); });
    return result;
}

Spectrogram spectrogram(py::ssize_t n_fft, py::ssize_t window_length, py::ssize_t hop_length) {
    return {count(n_fft, "n_fft"), count(window_length, "window_length"),
            count(hop_length, "hop_length")};
}

MelSpectrogram mel_spectrogram(py::ssize_t n_fft, py::ssize_t window_length, py::ssize_t hop_length,
                               py::ssize_t n_mels, double f_min, double sample_rate) {
    return {count(n_fft, "n_fft"),
            count(window_length, "window_length"),
            count(hop_length, "hop_length"),
            count(n_mels, "n_mels"),
            f_min,
            sample_rate};
}

Array filters(const MelSpectrogram& plan) {
    const std::vector<double> dense = plan.filters().dense();
    Array result = empty({plan.rows(), dense.size() / plan.rows()});
    std::copy(dense.begin(), dense.end(), writable(result).begin());
    return result;
}

template <typename Plan>
std::size_t frames(const Plan& plan, py::ssize_t length) {
    return plan.frames(count(length, "length"));
}

}  // namespace

void bind_spectra(py::module_& module) {
    using py::arg;
    module.def("rfft", &rfft, arg("signals"), arg("threads") = 0,
               "The bins 0 to length // 2 of the Fourier transform of each row, any length.");

    py::class_<Spectrogram>(module, "Spectrogram",
                            "Power spectrograms: Hann window, centred frames, reflected ends.")
        .def(py::init(&spectrogram), arg("n_fft"), arg("window_length"), arg("hop_length"))
        .def_property_readonly("bins", &Spectrogram::rows, "Rows of a spectrogram.")
        .def("frames", &frames<Spectrogram>, arg("length"),
             "Columns of a spectrogram of so many samples.")
        .def("power", &power<Spectrogram>, arg("signals"), arg("threads") = 0,
             "Signals (n, length) to squared magnitudes (n, bins, frames).");

    py::class_<MelSpectrogram>(module, "MelSpectrogram",
                               "Power spectrograms through triangular filters on the mel scale.")
        .def(py::init(&mel_spectrogram), arg("n_fft"), arg("window_length"), arg("hop_length"),
             arg("n_mels"), arg("f_min"), arg("sample_rate"))
        .def_property_readonly("filters", &filters, "Weights, (n_mels, n_fft // 2 + 1).")
        .def("frames", &frames<MelSpectrogram>, arg("length"),
             "Columns of a spectrogram of so many samples.")
        .def("power", &power<MelSpectrogram>, arg("signals"), arg("threads") = 0,
             "Signals (n, length) to (n, n_mels, frames).");
}

}  // namespace kac::python
