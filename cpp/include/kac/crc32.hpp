#pragma once

#include <cstdint>
#include <span>

namespace kac {

/// The CRC-32 of zlib, PNG and Ethernet of bytes that follow others, whose own is `start`.
///
/// Source: ISO/IEC 3309; W. W. Peterson and D. T. Brown, "Cyclic codes for error detection",
/// Proceedings of the IRE 49 (1961), doi:10.1109/JRPROC.1961.287814.
std::uint32_t crc32(std::span<const std::uint8_t> bytes, std::uint32_t start = 0);

/// The CRC-32 of some bytes with `second_length` others behind them, of the CRC-32 of either.
std::uint32_t crc32_combine(std::uint32_t first, std::uint32_t second, std::uint64_t second_length);

}  // namespace kac
