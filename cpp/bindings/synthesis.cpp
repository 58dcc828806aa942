#include "arrays.hpp"
#include "kac/additive.hpp"
#include "kac/tone.hpp"

namespace kac::python {

namespace {

py::array additive(const Array& frequencies, const Array& weights, const Array& decays,
                   const Array& peaks, py::ssize_t length, double sample_rate,
                   const std::string& precision, unsigned threads) {
    require_dimensions(frequencies, 2, "frequencies");
    require_dimensions(weights, 2, "weights");
    const std::size_t sounds = extent(frequencies, 0), partials = extent(frequencies, 1);
    if (extent(weights, 0) != sounds || extent(weights, 1) != partials) {
        throw std::invalid_argument("weights must have the shape of frequencies, (" +
                                    std::to_string(sounds) + ", " + std::to_string(partials) +
                                    "), got (" + std::to_string(extent(weights, 0)) + ", " +
                                    std::to_string(extent(weights, 1)) + ")");
    }
    require_one_each(decays, sounds, "decays", "sound(s)");
    require_one_each(peaks, sounds, "peaks", "sound(s)");
    const std::span<const double> f = view(frequencies), w = view(weights);
    const std::span<const double> decay = view(decays), peak = view(peaks);
    return render_sounds(precision, sounds, positive_length(length), threads,
                         [&](std::size_t i, auto out) {
                             kac::additive(row(f, partials, i), row(w, partials, i), decay[i],
                                           peak[i], sample_rate, out);
                         });
}

Waveshape waveshape_called(const std::string& name) {
    if (name == "saw") return Waveshape::saw;
    if (name == "sin") return Waveshape::sin;
    if (name == "sqr") return Waveshape::sqr;
    if (name == "tri") return Waveshape::tri;
    throw std::invalid_argument("waveshape must be saw, sin, sqr or tri, got '" + name + "'");
}

Array tone(const std::string& waveshape, const Array& frequencies, py::ssize_t length,
           double sample_rate, unsigned threads) {
    require_dimensions(frequencies, 1, "frequencies");
    const Waveshape shape = waveshape_called(waveshape);
    const std::span<const double> frequency = view(frequencies);
    return render_sounds<double>(frequency.size(), positive_length(length), threads,
                                 [&](std::size_t i, std::span<double> out) {
                                     kac::tone(shape, frequency[i], sample_rate, out);
                                 });
}

Array sweep(py::ssize_t length, double sample_rate) {
    Array result = empty({positive_length(length)});
    const std::span<double> out = writable(result);
    run_parallel(1, 1, [&](std::size_t) { kac::sweep(sample_rate, out); });
    return result;
}

}  // namespace

void bind_synthesis(py::module_& module) {
    using namespace py::literals;
    module.def("additive", &additive, "frequencies"_a, "weights"_a, "decays"_a, "peaks"_a,
               "length"_a, "sample_rate"_a, "precision"_a = "double", "threads"_a = 0,
               R"(Sounds as sums of partials that decay at one rate a sound (modal synthesis).

u(t) = sum_k weight_k exp(-decay t) sin(omega_k t) / omega_k, omega_k^2 = (2 pi f_k)^2 - decay^2,
a hyperbolic sine where omega_k^2 is negative. Partials from half the sample rate on are left out.

Args:
    frequencies: undamped, Hz, shape (sounds, partials).
    weights: shape (sounds, partials).
    decays: 1/s, shape (sounds,).
    peaks: largest magnitude of each sound, shape (sounds,); 0 leaves the sum as it is.
    length: samples in a sound.
    sample_rate: Hz.
    precision: double, or single: sums in float32, with an error of 1e-6 of the peak.
    threads: 0 for all available; the result does not depend on it.

Returns:
    Array of shape (sounds, length), float64 or float32.

Raises:
    ValueError: shapes do not match, a number is not finite or is negative, or the precision is
        unknown.)");
    module.def("tone", &tone, "waveshape"_a, "frequencies"_a, "length"_a, "sample_rate"_a,
               "threads"_a = 0,
               R"(Tones of a plain waveshape between -1 and 1, of shape (sounds, length).

Args:
    waveshape: saw, sin, sqr or tri.
    frequencies: Hz, from 0 to below half the sample rate, shape (sounds,).
    length: samples in a sound.
    sample_rate: Hz.
    threads: 0 for all available; the result does not depend on it.

Raises:
    ValueError: the waveshape is unknown, or a frequency is out of range.)");
    module.def("sweep", &sweep, "length"_a, "sample_rate"_a,
               R"(An exponential sine sweep from 20 Hz to half the sample rate, of shape (length,).

Raises:
    ValueError: the length is below 1, or the sample rate not above 40 Hz.)");
}

}  // namespace kac::python
