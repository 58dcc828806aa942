#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

/// Exponentials and logarithms in plain arithmetic, which has the same bits on every machine: those
/// of the C library choose among fused multiply-adds by the processor they meet.
namespace kac {

/// ln 2 as the unevaluated sum high + low; high has 32 bits, so its multiples by k < 2^21 are
/// exact.
inline constexpr double ln2_high = 0x1.62e42feep-1;
inline constexpr double ln2_low = 0x1.a39ef35793c76p-33;

/// 1 / n!
inline constexpr auto inverse_factorials = [] {
    std::array<double, 15> coefficients = {};
    double factorial = 1.0;
    for (std::size_t n = 0; n < coefficients.size(); ++n) {
        factorial *= n > 0 ? static_cast<double>(n) : 1.0;
        coefficients[n] = 1.0 / factorial;
    }
    return coefficients;
}();

/// exp(x) = power * (1 + rest)
struct SplitExponential {
    double power;  // 2^k, k the nearest integer to x / ln 2
    double rest;   // exp(x - k ln 2) - 1
};

/// Below this exp(x) counts as 0: it is about the smallest number that still has all its digits.
inline constexpr double least_exponent = -708.0;

/// For least_exponent <= x <= 709; without a branch, so a loop over it vectorises.
///
/// The Taylor series of exp - 1 on [-ln(2)/2, ln(2)/2] is cut below 1e-18. Adding 1.5 * 2^52 rounds
/// to an integer, which then is in the last bits of the sum, whence it goes to the exponent of 2^k.
inline SplitExponential split_exponential(double x) {
    constexpr double per_ln2 = 1.4426950408889634074;
    constexpr double shift = 6755399441055744.0;
    const double shifted = x * per_ln2 + shift;
    const double k = shifted - shift;
    const double r = (x - k * ln2_high) - k * ln2_low;
    double series = 0.0;
    for (std::size_t n = inverse_factorials.size(); n > 2; --n) {
        series = series * r + inverse_factorials[n - 1];
    }
    const std::uint64_t exponent = std::bit_cast<std::uint64_t>(shifted) + 1023;
    return {std::bit_cast<double>(exponent << 52), r + r * r * series};
}

/// exp(x) to 1.1 units in the last place, for x <= 709.
inline double exponential(double x) {
    const auto [power, rest] = split_exponential(x);
    return x < least_exponent ? 0.0 : power * (1.0 + rest);
}

/// exp(x) - 1 to two units in the last place, for x <= 709.
inline double exponential_minus_one(double x) {
    const auto [power, rest] = split_exponential(x);
    return x < least_exponent ? -1.0 : (power - 1.0) + power * rest;
}

/// ln(x) to three units in the last place, for x > 0; without a branch, so a loop over it
/// vectorises.
///
/// With x = 2^k m, 1/2 <= m^2 < 2, and s = (m - 1) / (m + 1), ln(m) = 2 artanh(s), an odd series
/// that is cut below 1e-20. The exponent becomes a number by way of the last bits of 2^52.
static inline double logarithm(double x) {
    constexpr std::uint64_t fraction = 0x000fffffffffffff, one = 0x3ff0000000000000;
    constexpr double shift = 0x1p52;
    const bool subnormal = x < 0x1p-1022;
    const auto bits = __builtin_bit_cast(std::uint64_t, subnormal ? x * 0x1p54 : x);
    const double from_one = __builtin_bit_cast(double, (bits & fraction) | one);
    const bool upper = from_one * from_one >= 2.0;
    const double biased =
        __builtin_bit_cast(double, (bits >> 52) | __builtin_bit_cast(std::uint64_t, shift));
    const double k = (biased - shift) - (upper ? 1022.0 : 1023.0) - (subnormal ? 54.0 : 0.0);
    const double m = upper ? 0.5 * from_one : from_one;
    const double s = (m - 1.0) / (m + 1.0);
    double series = 0.0;
    for (int n = 25; n > 0; n -= 2) series = series * (s * s) + 1.0 / n;
    return k * ln2_high + (k * ln2_low + 2.0 * s * series);
}

}  // namespace kac
