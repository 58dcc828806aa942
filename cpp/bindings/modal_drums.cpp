#include <algorithm>

#include "kac/additive.hpp"
#include "kac/modes.hpp"
#include "run.hpp"

namespace kac::python {

namespace {

/// What the sounds of a call share.
struct Sounds {
    double wave_speed, decay, peak;
    py::ssize_t length;
    double sample_rate;
    const std::string& precision;
    unsigned threads;
};

/// `strike(i, scale, frequencies, weights)` for every sound, then the sum of its partials.
template <typename Strike>
py::array render_drums(const Sounds& sounds, std::size_t partials, std::span<const double> sizes,
                       Strike&& strike) {
    return render_sounds(
        sounds.precision, sizes.size(), at_least_one(sounds.length, "length"), sounds.threads,
        [&](std::size_t i, auto out) {
            std::vector<double> frequencies(partials), weights(partials);
            strike(i, frequency_scale(sounds.wave_speed, sizes[i]), frequencies, weights);
            // To `additive` a peak of 0 means "as it comes", but a drum that is not struck is
            // silent.
            if (sounds.peak == 0.0) std::fill(weights.begin(), weights.end(), 0.0);
            kac::additive(frequencies, weights, sounds.decay, sounds.peak, sounds.sample_rate, out);
        });
}

std::size_t require_strikes(const Array& strikes, const Array& pick_up, std::size_t coordinates) {
    require_dimensions(strikes, 2, "strikes");
    require_dimensions(pick_up, 1, "pick_up");
    const std::size_t found = extent(strikes, 1), heard = extent(pick_up, 0);
    if (found != coordinates || heard != coordinates) {
        throw std::invalid_argument("a point on this drum has " + std::to_string(coordinates) +
                                    " coordinates, got strikes of " + std::to_string(found) +
                                    " and a pick_up of " + std::to_string(heard));
    }
    return extent(strikes, 0);
}

py::array circular_drums(const Array& series, const Array& strikes, const Array& pick_up,
                         const Array& sizes, double wave_speed, double decay, double peak,
                         py::ssize_t length, double sample_rate, const std::string& precision,
                         unsigned threads) {
    require_dimensions(series, 2, "series");
    require_one_each(sizes, require_strikes(strikes, pick_up, 2), "sizes", "strike(s)");
    const CircularModes modes(view(series), extent(series, 0), {pick_up.at(0), pick_up.at(1)});
    const std::span<const double> points = view(strikes);
    return render_drums(
        {wave_speed, decay, peak, length, sample_rate, precision, threads}, modes.size(),
        view(sizes), [&](std::size_t i, double scale, auto& frequencies, auto& weights) {
            modes.partials({points[2 * i], points[2 * i + 1]}, scale, frequencies, weights);
        });
}

py::array rectangular_drums(py::ssize_t M, py::ssize_t N, const Array& strikes,
                            const Array& pick_up, const Array& sizes, const Array& aspect_ratios,
                            double wave_speed, double decay, double peak, py::ssize_t length,
                            double sample_rate, const std::string& precision, unsigned threads) {
    const std::size_t count = require_strikes(strikes, pick_up, 2);
    require_one_each(sizes, count, "sizes", "strike(s)");
    require_one_each(aspect_ratios, count, "aspect_ratios", "strike(s)");
    const RectangularModes modes(at_least_one(M, "M"), at_least_one(N, "N"),
                                 {pick_up.at(0), pick_up.at(1)});
    const std::span<const double> points = view(strikes), ratios = view(aspect_ratios);
    return render_drums({wave_speed, decay, peak, length, sample_rate, precision, threads},
                        modes.size(), view(sizes),
                        [&](std::size_t i, double scale, auto& frequencies, auto& weights) {
                            modes.partials({points[2 * i], points[2 * i + 1]}, ratios[i], scale,
                                           frequencies, weights);
                        });
}

py::array triangular_drums(py::ssize_t M, py::ssize_t N, const Array& strikes, const Array& pick_up,
                           const Array& sizes, double wave_speed, double decay, double peak,
                           py::ssize_t length, double sample_rate, const std::string& precision,
                           unsigned threads) {
    require_one_each(sizes, require_strikes(strikes, pick_up, 3), "sizes", "strike(s)");
    const TriangularModes modes(at_least_one(M, "M"), at_least_one(N, "N"),
                                {pick_up.at(0), pick_up.at(1), pick_up.at(2)});
    const std::span<const double> points = view(strikes);
    return render_drums({wave_speed, decay, peak, length, sample_rate, precision, threads},
                        modes.size(), view(sizes),
                        [&](std::size_t i, double scale, auto& frequencies, auto& weights) {
                            modes.partials({points[3 * i], points[3 * i + 1], points[3 * i + 2]},
                                           scale, frequencies, weights);
                        });
}

}  // namespace

void bind_modal_drums(py::module_& module) {
    using namespace py::literals;
    define(module, "circular_drums", &circular_drums,
           R"(Sounds of strikes on circular drums, by their modes; summed as in `additive`.

Args:
    series: z_mn / sqrt(pi), z_mn the zeros of J_m, shape (M, N), row m of order m from 0.
    strikes: points (r, theta), r in units of the radius, shape (sounds, 2).
    pick_up: one such point, where all are heard.
    sizes: square roots of the drums' areas, m, shape (sounds,).
    wave_speed: m/s.
    decay: of the amplitude, 1/s.
    peak: largest magnitude of each sound; 0 is silence.
    length: samples in a sound.
    sample_rate: Hz.
    precision: double, or single: sums in float32.
    threads: 0 for all available; the result does not depend on it.

Returns:
    Array of shape (sounds, length), float64 or float32.

Raises:
    ValueError: shapes do not match, a point is outside the drum, or a number is out of range.)",
           "series"_a, "strikes"_a, "pick_up"_a, "sizes"_a, "wave_speed"_a, "decay"_a, "peak"_a,
           "length"_a, "sample_rate"_a, "precision"_a = "double", "threads"_a = 0);
    define(module, "rectangular_drums", &rectangular_drums,
           R"(Sounds of strikes on rectangular drums; all else as in `circular_drums`.

Args:
    M: half waves along x, m = 1 ... M.
    N: half waves along y, n = 1 ... N.
    strikes: points (x, y) in units of the sides, shape (sounds, 2).
    aspect_ratios: side along x over side along y, shape (sounds,).)",
           "M"_a, "N"_a, "strikes"_a, "pick_up"_a, "sizes"_a, "aspect_ratios"_a, "wave_speed"_a,
           "decay"_a, "peak"_a, "length"_a, "sample_rate"_a, "precision"_a = "double",
           "threads"_a = 0);
    define(module, "triangular_drums", &triangular_drums,
           R"(Sounds of strikes on equilateral triangles; all else as in `circular_drums`.

Args:
    M: m = 1 ... M in Lamé's numbering; (m, n) and (n, m) are one mode and count once.
    N: n = 1 ... N.
    strikes: barycentric points (u, v, w), which add to one, shape (sounds, 3).)",
           "M"_a, "N"_a, "strikes"_a, "pick_up"_a, "sizes"_a, "wave_speed"_a, "decay"_a, "peak"_a,
           "length"_a, "sample_rate"_a, "precision"_a = "double", "threads"_a = 0);
}

}  // namespace kac::python
