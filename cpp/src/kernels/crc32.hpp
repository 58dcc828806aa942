#pragma once

#include <cstddef>
#include <cstdint>

#include "../isa.hpp"

namespace kac {

/// Two factors that carry 16 bytes over others, modulo the polynomial of the CRC (crc32.cpp).
struct Crc32Shift {
    std::uint64_t first;   ///< for the first 8 of the 16
    std::uint64_t second;  ///< for the last 8
};

/// What carries 16 bytes over the 16 that follow, and over 64.
struct Crc32Shifts {
    Crc32Shift by_16, by_64;
};

struct Crc32Kernels {
    /// Find 16 bytes with the remainder that the first of `bytes` have, after the remainder `state`
    /// of what came before: all whole sixteens of them, or none where there are few, or where the
    /// machine has nothing for it.
    ///
    /// @returns how many it took: 0, and then `folded` is not set, or a multiple of 16
    std::size_t (*fold)(std::uint32_t state, const std::uint8_t* bytes, std::size_t size,
                        const Crc32Shifts& shifts, std::uint8_t* folded);
};

KAC_KERNELS(Crc32Kernels, crc32_kernels)

}  // namespace kac
