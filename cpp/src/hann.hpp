#pragma once

#include <cstddef>
#include <vector>

#include "kac/roots.hpp"

namespace kac {

/// Hann's window, periodic, as torch.hann_window has it (for a length of 1: one).
template <typename Real>
std::vector<Real> hann(std::size_t length) {
    std::vector<Real> window(length, Real{1});
    for (std::size_t t = 0; length > 1 && t < length; ++t) {
        window[t] = static_cast<Real>(0.5 - 0.5 * root_of_unity(t, length).real());
    }
    return window;
}

}  // namespace kac
