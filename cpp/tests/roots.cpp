#include "kac/roots.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <complex>

namespace {

using Number = std::complex<double>;
using Exact = std::complex<long double>;

constexpr long double pi = 3.14159265358979323846264338327950288L;  // libraries may have fewer

}  // namespace

TEST_CASE("roots of unity are correct to the last bit or so") {
    for (const std::size_t n : {1U, 2U, 3U, 8U, 12U, 1000U, 1001U, 1021U, 48000U}) {
        for (std::size_t k = 0; k < 2 * n; ++k) {
            const long double turn = static_cast<long double>(k % n) / static_cast<long double>(n);
            const Exact exact = std::polar(1.0L, -2.0L * pi * turn);
            // Half of the last bit in either part, and where long double is double its own error.
            const long double tolerance = sizeof(long double) > sizeof(double) ? 8e-17L : 1e-15L;
            CHECK(std::abs(Exact(kac::root_of_unity(k, n)) - exact) < tolerance);
        }
    }
}

TEST_CASE("roots of unity are exact at the quarters, and mirror images at the eighths") {
    CHECK(kac::root_of_unity(0, 7) == Number(1.0, 0.0));
    CHECK(kac::root_of_unity(1, 4) == Number(0.0, -1.0));
    CHECK(kac::root_of_unity(500, 1000) == Number(-1.0, 0.0));
    CHECK(kac::root_of_unity(750, 1000) == Number(0.0, 1.0));
    for (std::size_t k = 0; k <= 125; ++k) {
        const Number root = kac::root_of_unity(k, 1000);
        CHECK(kac::root_of_unity(250 - k, 1000) == Number(-root.imag(), -root.real()));
        CHECK(kac::root_of_unity(1000 - k, 1000) == std::conj(root));
    }
}
