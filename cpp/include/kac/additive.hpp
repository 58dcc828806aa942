#pragma once

#include <span>

namespace kac {

/// Render a sound as a sum of partials, all of which decay at one rate (modal synthesis):
///
///     u(t) = sum_k weight_k exp(-decay t) sin(omega_k t) / omega_k,
///     omega_k^2 = (2 pi frequency_k)^2 - decay^2
///
/// which is weight_k's response to an impulse of the oscillator x'' + 2 decay x' + (2 pi f)^2 x.
/// Where omega_k^2 is negative, the sine is sinh(kappa t) / kappa, kappa^2 = -omega_k^2; where it
/// is zero, t.
///
/// @param frequencies undamped frequencies in Hz; from sample_rate / 2 on they are left out
/// @param weights one for each frequency
/// @param decay in 1/s
/// @param peak largest |u| wanted; 0 leaves the sum as it is, and silence stays silence
/// @param sample_rate in Hz; out[n] = u(n / sample_rate)
/// @throws std::invalid_argument for a value that is not finite or is negative (a weight may be),
///         for a sample rate that is not positive, and for a sum that does not fit a double
void additive(std::span<const double> frequencies, std::span<const double> weights, double decay,
              double peak, double sample_rate, std::span<double> out);

/// The same in single precision: phases and exponentials still in double, the sums of the partials
/// in float. Of 100 partials an error of 1e-6 of the peak remains, about 120 dB below it.
void additive(std::span<const double> frequencies, std::span<const double> weights, double decay,
              double peak, double sample_rate, std::span<float> out);

}  // namespace kac
