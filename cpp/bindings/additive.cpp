#include "kac/additive.hpp"

#include "run.hpp"

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
    return render_sounds(precision, sounds, at_least_one(length, "length"), threads,
                         [&](std::size_t i, auto out) {
                             kac::additive(row(f, partials, i), row(w, partials, i), decay[i],
                                           peak[i], sample_rate, out);
                         });
}

}  // namespace

void bind_additive(py::module_& module) {
    using namespace py::literals;
    define(module, "additive", &additive,
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
        unknown.)",
           "frequencies"_a, "weights"_a, "decays"_a, "peaks"_a, "length"_a, "sample_rate"_a,
           "precision"_a = "double", "threads"_a = 0);
}

}  // namespace kac::python
