#pragma once

#include <complex>
#include <cstddef>

namespace kac {

/// How many signals are transformed side by side.
inline constexpr std::size_t lane_count = 2;

/// One number of each of `lane_count` signals.
///
/// A Fourier transform does the same to every signal, so with one signal a lane the processor's
/// vectors need no shuffles, whatever the length; and no lane ever sees its neighbour, so a result
/// does not depend on what else is transformed with it.
#if defined(__GNUC__)
using Lanes = double __attribute__((vector_size(lane_count * sizeof(double))));
#else
struct Lanes {
    double values[lane_count];
    double& operator[](std::size_t i) { return values[i]; }
    double operator[](std::size_t i) const { return values[i]; }
};
inline Lanes operator+(Lanes a, const Lanes& b) {
    for (std::size_t i = 0; i < lane_count; ++i) a[i] += b[i];
    return a;
}
inline Lanes operator-(Lanes a, const Lanes& b) {
    for (std::size_t i = 0; i < lane_count; ++i) a[i] -= b[i];
    return a;
}
inline Lanes operator*(Lanes a, const Lanes& b) {
    for (std::size_t i = 0; i < lane_count; ++i) a[i] *= b[i];
    return a;
}
inline Lanes operator*(Lanes a, double b) {
    for (std::size_t i = 0; i < lane_count; ++i) a[i] *= b;
    return a;
}
inline Lanes operator-(Lanes a) {
    for (std::size_t i = 0; i < lane_count; ++i) a[i] = -a[i];
    return a;
}
#endif

/// One complex number of each of `lane_count` signals.
struct Complex {
    Lanes re, im;
};

inline Complex operator+(const Complex& a, const Complex& b) {
    return {a.re + b.re, a.im + b.im};
}
inline Complex operator-(const Complex& a, const Complex& b) {
    return {a.re - b.re, a.im - b.im};
}
inline Complex operator*(const Complex& a, double b) {
    return {a.re * b, a.im * b};
}
inline Complex operator*(const Complex& a, const std::complex<double>& b) {
    return {a.re * b.real() - a.im * b.imag(), a.re * b.imag() + a.im * b.real()};
}
inline Complex conj(const Complex& a) {
    return {a.re, -a.im};
}
inline Complex times_i(const Complex& a) {
    return {-a.im, a.re};
}

/// The same number in every lane.
inline Complex broadcast(std::complex<double> value) {
    Complex result;
    for (std::size_t i = 0; i < lane_count; ++i) {
        result.re[i] = value.real();
        result.im[i] = value.imag();
    }
    return result;
}

/// Buffers hold complex numbers as alternating real and imaginary `Lanes`.
inline Complex load(const Lanes* x, std::size_t k) {
    return {x[2 * k], x[2 * k + 1]};
}
inline void store(Lanes* x, std::size_t k, const Complex& value) {
    x[2 * k] = value.re;
    x[2 * k + 1] = value.im;
}

}  // namespace kac
