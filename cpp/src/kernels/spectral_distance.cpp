#include "spectral_distance.hpp"

#include <math.h>

#include "kac/exponential.hpp"
#include "vector.hpp"

namespace kac::KAC_TARGET_ISA {

namespace {

using Doubles = Vector<double>;

constexpr double ln2 = 0.693147180559945309417;

/// By plain loops, which vectorise: the vectors of not every compiler divide.
inline Doubles quotient(const Doubles& a, const Doubles& b) {
    double over[lanes<double>], under[lanes<double>];
    store(over, a);
    store(under, b);
    for (std::size_t s = 0; s < lanes<double>; ++s) over[s] = over[s] / under[s];
    return load(over);
}

inline Doubles root(const Doubles& squares) {
    double values[lanes<double>];
    store(values, squares);
    for (std::size_t s = 0; s < lanes<double>; ++s) values[s] = ::sqrt(values[s]);
    return load(values);
}

/// The sum of logarithms of ratios from 1 is the logarithm of their product, which is brought back
/// by 2^-500 where it grows beyond.
void sum(const double* x, const double* y, std::size_t rows, double floor, double* linear,
         double* logarithmic) {
    const Doubles zero{}, one = 1.0 + zero, bound = 0x1p500 + zero, back = 0x1p-500 + zero;
    Doubles total = zero, product = one, times = zero;
    for (std::size_t k = 0; k < rows; ++k, x += lanes<double>, y += lanes<double>) {
        const Doubles a = load(x), b = load(y);
        const Doubles larger = if_less<double>(a, b, b, a), smaller = if_less<double>(a, b, a, b);
        total = total + (root(larger) - root(smaller));
        product = product * quotient(larger + floor * one, smaller + floor * one);
        times = if_less<double>(bound, product, times + one, times);
        product = product * if_less<double>(bound, product, back, one);
    }
    store(linear, total);
    double powers[lanes<double>];
    store(powers, times);
    store(logarithmic, product);
    for (std::size_t s = 0; s < lanes<double>; ++s) {
        const bool finite = logarithmic[s] < 0x1p1000;
        logarithmic[s] =
            finite ? logarithm(logarithmic[s]) + 500.0 * ln2 * powers[s] : logarithmic[s];
    }
}

}  // namespace

constinit const SpectralDistanceKernel spectral_distance_kernel = {sum};

}  // namespace kac::KAC_TARGET_ISA
