#pragma once

#include <array>
#include <cstdio>
#include <string>

namespace kac {

/// A number as an error message shows it: std::to_string has no digits left for 1e-9.
inline std::string describe(double value) {
    std::array<char, 32> text = {};
    std::snprintf(text.data(), text.size(), "%.12g", value);
    return text.data();
}

}  // namespace kac
