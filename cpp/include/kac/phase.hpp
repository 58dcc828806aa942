#pragma once

#include <cmath>
#include <cstddef>

/// Phases counted in turns (one turn is 2 pi), exact however long the sound is.
///
/// All has internal linkage, and nothing is a template of the standard library: files that are
/// compiled for newer processors include this.
namespace kac {

/// A frequency in turns per sample, as the unevaluated sum high + low: about 106 bits.
///
/// A double alone is not enough: 60 s near half the sample rate are 1e6 turns, and the rounding of
/// one factor would already turn the last samples by 1e-9.
struct Turns {
    double high;
    double low;
};

/// frequency / sample_rate: the remainder of the division, exact in a fused multiply-add (Dekker,
/// Numerische Mathematik 18, 1971), gives the next 53 bits of the quotient.
static inline Turns turns_per_sample(double frequency, double sample_rate) {
    const double high = frequency / sample_rate;
    return {high, std::fma(-high, sample_rate, frequency) / sample_rate};
}

/// The nearest integer, ties to even, of a number below 2^51: adding 1.5 * 2^52 leaves no room for
/// a fraction. Unlike std::nearbyint it needs no instruction beyond the baseline's.
static inline double round_to_integer(double x) {
    constexpr double shift = 6755399441055744.0;
    return (x + shift) - shift;
}

/// turns * samples less whole turns, in [-1/2, 1/2] up to rounding; `samples` is an integer.
static inline double fraction(Turns turns, double samples) {
    const double product = turns.high * samples;
    const double error = std::fma(turns.high, samples, -product);
    return (product - round_to_integer(product)) + (error + turns.low * samples);
}

struct SinCos {
    double sin;
    double cos;
};

inline constexpr std::size_t taylor_terms = 24;

struct Taylor {
    double coefficients[taylor_terms];
};

/// (-1)^(n/2) / n!, n/2 rounded down: the Taylor coefficients of cos (n even) and sin (n odd).
static constexpr Taylor taylor = [] {
    Taylor result = {};
    double factorial = 1.0;
    for (std::size_t n = 0; n < taylor_terms; ++n) {
        factorial *= n > 0 ? static_cast<double>(n) : 1.0;
        result.coefficients[n] = (n / 2 % 2 == 0 ? 1.0 : -1.0) / factorial;
    }
    return result;
}();

/// sin and cos of 2 pi x, to 4e-16, for |x| < 2^50.
///
/// With k the nearest integer to 2 x and theta = pi (2 x - k), both are (-1)^k times those of theta
/// in [-pi/2, pi/2], where the Taylor series are cut below 2e-18. No branch, so a loop over it
/// vectorises, and no library's sine, so the bits are the same on every machine.
static inline SinCos sin_cos_turns(double x) {
    constexpr double pi = 3.14159265358979323846;
    const double k = round_to_integer(2.0 * x);
    const double theta = pi * (2.0 * x - k);
    const double odd = std::fabs(0.5 * k - round_to_integer(0.5 * k));
    const double sign = 1.0 - 4.0 * odd;
    const double square = theta * theta;
    double s = 0.0;
    double c = 0.0;
    for (std::size_t n = taylor_terms; n > 0; n -= 2) {
        s = s * square + taylor.coefficients[n - 1];
        c = c * square + taylor.coefficients[n - 2];
    }
    return {sign * theta * s, sign * c};
}

}  // namespace kac
