#include "kac/additive.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <string>
#include <vector>

#include "describe.hpp"
#include "kac/exponential.hpp"
#include "kac/parallel.hpp"
#include "kac/phase.hpp"
#include "oscillators.hpp"
#include "peak.hpp"

namespace kac {

namespace {

constexpr double two_pi = 2.0 * std::numbers::pi;
constexpr std::size_t block = 512;  // samples between two exact exponentials
static_assert(samples_per_check % block == 0);

/// weight * exp(-decay t) sinh(kappa t) / kappa, as (exp(-slow t) - exp(-fast t)) / (2 kappa)
struct Relaxation {
    double weight;
    double kappa;  // (fast - slow) / 2, 1/s
    double slow;   // 1/s
};

struct Partials {
    std::vector<Oscillator> oscillators;
    std::vector<Relaxation> relaxations;
};

[[noreturn]] void refuse(double value, const std::string& what) {
    throw std::invalid_argument(what + ", got " + describe(value));
}

bool finite_non_negative(double value) {
    return std::isfinite(value) && value >= 0.0;
}

void validate(std::span<const double> frequencies, std::span<const double> weights, double decay,
              double sample_rate) {
    if (frequencies.size() != weights.size()) {
        throw std::invalid_argument("every partial needs a frequency and a weight, got " +
                                    std::to_string(frequencies.size()) + " and " +
                                    std::to_string(weights.size()));
    }
    if (!(std::isfinite(sample_rate) && sample_rate > 0.0)) {
        refuse(sample_rate, "the sample rate must be positive and finite");
    }
    if (!finite_non_negative(decay)) refuse(decay, "the decay must be finite and not negative");
    for (std::size_t k = 0; k < frequencies.size(); ++k) {
        const auto partial = [&] { return "partial " + std::to_string(k) + ": "; };
        if (!finite_non_negative(frequencies[k])) {
            refuse(frequencies[k], partial() + "the frequency must be finite and not negative");
        }
        if (!std::isfinite(weights[k])) {
            refuse(weights[k], partial() + "the weight must be finite");
        }
    }
}

/// kappa = decay sqrt(1 - p^2), p = 2 pi f / decay, and slow = decay - kappa = decay p^2 / (1 +
/// ..), written so that nothing cancels.
Relaxation relaxation(double frequency, double weight, double decay) {
    const double p = decay > 0.0 ? std::min(two_pi * frequency / decay, 1.0) : 1.0;
    const double root = std::sqrt((1.0 - p) * (1.0 + p));
    return {weight, decay * root, decay * (p * p / (1.0 + root))};
}

/// omega / (2 pi sample_rate) = f / sample_rate sqrt(1 - q^2), q = decay / (2 pi f).
///
/// The shortening 1 - sqrt(1 - q^2) = q^2 / (1 + sqrt(1 - q^2)) needs only the precision of a
/// double: its error, q^2 1e-16 of a phase of 2 pi f t, is drowned by exp(-q 2 pi f t).
Turns damped_turns(double frequency, double decay, double sample_rate) {
    const Turns undamped = turns_per_sample(frequency, sample_rate);
    const double q = decay / (two_pi * frequency);
    const double root = std::sqrt((1.0 - q) * (1.0 + q));
    if (root < 0.5) return {undamped.high * root, 0.0};
    const double shortening = undamped.high * (q * q / (1.0 + root));
    const double high = undamped.high - shortening;
    return {high, ((undamped.high - high) - shortening) + undamped.low};
}

/// Sort the audible partials into oscillators and relaxations; one whose sine stays below 1e-9 of a
/// turn is t exp(-decay t) to the last bit.
Partials sort_partials(std::span<const double> frequencies, std::span<const double> weights,
                       double decay, double sample_rate, double length) {
    Partials partials;
    for (std::size_t k = 0; k < frequencies.size(); ++k) {
        const double frequency = frequencies[k];
        if (frequency >= 0.5 * sample_rate || weights[k] == 0.0) continue;
        if (two_pi * frequency <= decay) {
            partials.relaxations.push_back(relaxation(frequency, weights[k], decay));
            continue;
        }
        const Turns turns = damped_turns(frequency, decay, sample_rate);
        if (turns.high * length < 1e-9) {
            partials.relaxations.push_back({weights[k], 0.0, decay});
            continue;
        }
        partials.oscillators.push_back({turns, weights[k] / (two_pi * turns.high * sample_rate)});
    }
    return partials;
}

/// No sample can be larger than the sum of what each partial can reach.
double bound_of(const Partials& partials, double duration) {
    double bound = 0.0;
    for (const auto& [turns, amplitude] : partials.oscillators) bound += std::fabs(amplitude);
    for (const auto& partial : partials.relaxations) bound += std::fabs(partial.weight) * duration;
    return bound;
}

void require_finite_sum(double bound, double largest) {
    if (bound < 0.25 * largest) return;
    throw std::invalid_argument("the weights are too large: the sum of the partials overflows");
}

void scale(Partials& partials, double factor) {
    for (Oscillator& partial : partials.oscillators) partial.amplitude *= factor;
    for (Relaxation& partial : partials.relaxations) partial.weight *= factor;
}

/// `body(begin, samples)` for every block of a sound.
template <typename Real, typename Body>
void for_each_block(std::span<Real> out, Body&& body) {
    for_each_chunk(out.size(), [&](std::size_t begin, std::size_t end) {
        for (; begin < end; begin += block) {
            body(begin, out.subspan(begin, std::min(block, end - begin)));
        }
    });
}

/// out[n] *= exp(-decay n / sample_rate), the exponential of a sum as a product.
template <typename Real>
void decay_all(double decay, double sample_rate, std::span<Real> out) {
    if (decay == 0.0) return;
    std::array<double, block> within;
    for (std::size_t j = 0; j < block; ++j) {
        within[j] = exponential(-decay * (static_cast<double>(j) / sample_rate));
    }
    for_each_block(out, [&](std::size_t begin, std::span<Real> samples) {
        const double start = exponential(-decay * (static_cast<double>(begin) / sample_rate));
        envelope_kernels().of<Real>().decay(samples.data(), samples.size(), start, within.data());
    });
}

struct Hyperbolic {
    double sinh;
    double cosh;
};

/// exp(-decay t) times sinh(kappa t) / kappa and cosh(kappa t), by exponents that only fall.
Hyperbolic hyperbolic(const Relaxation& partial, double t) {
    const double slow = exponential(-partial.slow * t);
    const double gap = -exponential_minus_one(-2.0 * (partial.kappa * t));
    const double over_kappa = partial.kappa > 0.0 ? gap / (2.0 * partial.kappa) : t;
    return {slow * over_kappa, slow * (1.0 - 0.5 * gap)};
}

/// As for the oscillators, E(n0 + j) = E(n0) F(j) + F(n0) E(j) with E, F from `hyperbolic`, but
/// only forwards, where all four are positive and bounded: nothing cancels, nothing overflows.
template <typename Real>
void add_relaxation(const Relaxation& partial, double sample_rate, std::span<Real> out) {
    std::array<Hyperbolic, block> within;
    for (std::size_t j = 0; j < std::min(block, out.size()); ++j) {
        within[j] = hyperbolic(partial, static_cast<double>(j) / sample_rate);
    }
    for_each_block(out, [&](std::size_t begin, std::span<Real> samples) {
        const auto start = hyperbolic(partial, static_cast<double>(begin) / sample_rate);
        for (std::size_t j = 0; j < samples.size(); ++j) {
            samples[j] += static_cast<Real>(
                partial.weight * (start.sinh * within[j].cosh + start.cosh * within[j].sinh));
        }
    });
}

template <typename Real>
void render(std::span<const double> frequencies, std::span<const double> weights, double decay,
            double peak, double sample_rate, std::span<Real> out) {
    validate(frequencies, weights, decay, sample_rate);
    require_peak<Real>(peak);
    const auto length = static_cast<double>(out.size());
    Partials partials = sort_partials(frequencies, weights, decay, sample_rate, length);
    const double bound = bound_of(partials, length / sample_rate);
    require_finite_sum(
        bound, peak > 0.0 ? std::numeric_limits<double>::max() : std::numeric_limits<Real>::max());
    if (peak > 0.0) scale(partials, normaliser(bound));

    for_each_chunk(out.size(), [&](std::size_t begin, std::size_t end) {
        std::fill(out.data() + begin, out.data() + end, Real{0});
    });
    oscillators::add_oscillators(std::span<const Oscillator>(partials.oscillators), out);
    decay_all(decay, sample_rate, out);
    for (const auto& partial : partials.relaxations) add_relaxation(partial, sample_rate, out);
    if (!out.empty()) out[0] = 0;  // every partial starts at 0; their sum of products only nearly
    scale_to(peak, out);
}

}  // namespace

void additive(std::span<const double> frequencies, std::span<const double> weights, double decay,
              double peak, double sample_rate, std::span<double> out) {
    render(frequencies, weights, decay, peak, sample_rate, out);
}

void additive(std::span<const double> frequencies, std::span<const double> weights, double decay,
              double peak, double sample_rate, std::span<float> out) {
    render(frequencies, weights, decay, peak, sample_rate, out);
}

}  // namespace kac
