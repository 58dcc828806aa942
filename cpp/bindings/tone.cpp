#include "kac/tone.hpp"

#include "run.hpp"

namespace kac::python {

namespace {

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
    return render_sounds<double>(frequency.size(), at_least_one(length, "length"), threads,
                                 [&](std::size_t i, std::span<double> out) {
                                     kac::tone(shape, frequency[i], sample_rate, out);
                                 });
}

Array sweep(py::ssize_t length, double sample_rate) {
    Array result = empty({at_least_one(length, "length")});
    const std::span<double> out = writable(result);
    run_one([&] { kac::sweep(sample_rate, out); });
    return result;
}

}  // namespace

void bind_tone(py::module_& module) {
    using namespace py::literals;
    define(module, "tone", &tone,
           R"(Tones of a plain waveshape between -1 and 1, of shape (sounds, length).

Args:
    waveshape: saw, sin, sqr or tri.
    frequencies: Hz, from 0 to below half the sample rate, shape (sounds,).
    length: samples in a sound.
    sample_rate: Hz.
    threads: 0 for all available; the result does not depend on it.

Raises:
    ValueError: the waveshape is unknown, or a frequency is out of range.)",
           "waveshape"_a, "frequencies"_a, "length"_a, "sample_rate"_a, "threads"_a = 0);
    define(module, "sweep", &sweep,
           R"(An exponential sine sweep from 20 Hz to half the sample rate, of shape (length,).

Raises:
    ValueError: the length is below 1, or the sample rate not above 40 Hz.)",
           "length"_a, "sample_rate"_a);
}

}  // namespace kac::python
