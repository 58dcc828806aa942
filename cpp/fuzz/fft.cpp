// A transform of any length, in either precision, agrees with the sum that defines it at one bin.
#include "kac/fft.hpp"

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "input.hpp"

namespace {

using kac::fuzz::Input;
using kac::fuzz::require;

template <typename Real>
void check(Input input) {
    const kac::RealFft<Real> plan(input.count(1100));
    const std::size_t n = plan.length(), signals = input.count(5), k = input.count(n) % plan.bins();
    std::vector<Real> x(signals * n);
    const auto levels = input.rest();
    for (std::size_t i = 0; i < x.size() && !levels.empty(); ++i) {
        x[i] = static_cast<Real>(levels[(i + i / 7) % levels.size()] - 128) / 128;
    }
    std::vector<std::complex<Real>> spectra(signals * plan.bins());
    plan.forward(x, spectra);
    for (std::size_t s = 0; s < signals; ++s) {
        std::complex<long double> expected = 0.0;
        for (std::size_t j = 0; j < n; ++j) {
            const long double turn =
                static_cast<long double>(j * k % n) / static_cast<long double>(n);
            expected += static_cast<long double>(x[s * n + j]) *
                        std::polar(1.0L, -2.0L * std::numbers::pi_v<long double> * turn);
        }
        const std::complex<long double> found(spectra[s * plan.bins() + k]);
        const double bound = 8.0 * std::numeric_limits<Real>::epsilon() * static_cast<double>(n);
        require(std::abs(found - expected) <= bound, "a bin is not the sum that defines it");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    check<double>({data, size});
    check<float>({data, size});
    return 0;
}
