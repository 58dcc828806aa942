#include "kac/finite.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "kernels/samples.hpp"

namespace kac {

template <typename Real>
void require_finite(std::span<const Real> signals, std::size_t length, std::size_t begin,
                    std::size_t end) {
    if (samples_kernels().of<Real>().all_finite(signals.data() + begin, end - begin)) return;
    const auto found = std::find_if_not(signals.begin(), signals.end(),
                                        [](Real sample) { return std::isfinite(sample); });
    if (found == signals.end()) return;  // another thread of the caller has written there
    const auto at = static_cast<std::size_t>(found - signals.begin());
    throw std::invalid_argument("sample " + std::to_string(at % length) + " of signal " +
                                std::to_string(at / length) + " is " +
                                (std::isnan(*found) ? "nan" : std::to_string(*found)) +
                                "; all samples must be finite numbers");
}

template void require_finite(std::span<const double>, std::size_t, std::size_t, std::size_t);
template void require_finite(std::span<const float>, std::size_t, std::size_t, std::size_t);

}  // namespace kac
