#include "kac/tone.hpp"

#include <cmath>
#include <stdexcept>
#include <string>

#include "describe.hpp"
#include "kac/exponential.hpp"
#include "kac/parallel.hpp"
#include "kac/phase.hpp"

namespace kac {

namespace {

/// Less than this before a whole turn is rounding (1e-32 turns for each one played): the least that
/// a frequency and a sample rate can mean there is about 1e-18.
constexpr double rounding = 1e-22;

/// The phase in [0, 1), so that a jump falls on the sample it should, however late.
double wrap(double turns) {
    if (turns < -rounding) return turns + 1.0;
    return turns < 0.0 ? 0.0 : turns;
}

template <typename Shape>
void fill(double frequency, double sample_rate, std::span<double> out, Shape shape) {
    const Turns turns = turns_per_sample(frequency, sample_rate);
    for_each_chunk(out.size(), [&](std::size_t begin, std::size_t end) {
        for (std::size_t n = begin; n < end; ++n) {
            out[n] = fraction(turns, static_cast<double>(n));
        }
        for (std::size_t n = begin; n < end; ++n) out[n] = shape(out[n]);
    });
}

}  // namespace

void tone(Waveshape shape, double frequency, double sample_rate, std::span<double> out) {
    if (!(std::isfinite(sample_rate) && frequency >= 0.0 && frequency < 0.5 * sample_rate)) {
        throw std::invalid_argument(
            "the frequency must be at least 0 and below half the sample rate, got " +
            describe(frequency) + " Hz at " + describe(sample_rate) + " Hz");
    }
    switch (shape) {
        case Waveshape::saw:
            return fill(frequency, sample_rate, out, [](double x) { return 2.0 * wrap(x) - 1.0; });
        case Waveshape::sin:
            return fill(frequency, sample_rate, out, [](double x) { return sin_cos_turns(x).sin; });
        case Waveshape::sqr:
            return fill(frequency, sample_rate, out,
                        [](double x) { return wrap(x) < 0.5 ? 1.0 : -1.0; });
        case Waveshape::tri:
            return fill(frequency, sample_rate, out,
                        [](double x) { return 1.0 - 4.0 * std::fabs(wrap(x) - 0.5); });
    }
    throw std::invalid_argument("no such waveshape");
}

/// With f(t) = f_0 e^(L t / T) and L = ln(f_1 / f_0), the phase in turns is the integral of f,
/// f_0 T (e^(L t / T) - 1) / L (Farina, AES Convention 108, 2000).
void sweep(double sample_rate, std::span<double> out) {
    constexpr double lowest = 20.0;
    if (!(std::isfinite(sample_rate) && sample_rate > 2.0 * lowest)) {
        throw std::invalid_argument("a sweep from 20 Hz needs a sample rate above 40 Hz, got " +
                                    describe(sample_rate));
    }
    const auto length = static_cast<double>(out.size());
    const double growth = logarithm(0.5 * sample_rate / lowest);
    const double turns = lowest * (length / sample_rate) / growth;
    for_each_chunk(out.size(), [&](std::size_t begin, std::size_t end) {
        for (std::size_t n = begin; n < end; ++n) {
            out[n] = turns * exponential_minus_one(growth * (static_cast<double>(n) / length));
        }
        for (std::size_t n = begin; n < end; ++n) out[n] = sin_cos_turns(out[n]).sin;
    });
}

}  // namespace kac
