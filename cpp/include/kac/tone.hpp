#pragma once

#include <span>

namespace kac {

/// The plain mathematical shapes between -1 and 1: all but the sine carry aliases.
enum class Waveshape { saw, sin, sqr, tri };

/// out[n] = shape(frequency n / sample_rate), one period of the shape being one turn x in [0, 1):
///
///     saw: 2 x - 1     sin: sin(2 pi x)     sqr: 1 for x < 1/2, else -1     tri: 1 - 4 |x - 1/2|
///
/// @param frequency in Hz
/// @param sample_rate in Hz
/// @throws std::invalid_argument unless 0 <= frequency < sample_rate / 2
void tone(Waveshape shape, double frequency, double sample_rate, std::span<double> out);

/// A sine whose frequency rises exponentially from 20 Hz, at the first sample, to sample_rate / 2,
/// where the next sample after the last would be.
///
/// @throws std::invalid_argument unless the sample rate is above 40 Hz
void sweep(double sample_rate, std::span<double> out);

}  // namespace kac
