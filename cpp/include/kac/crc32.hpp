#pragma once

#include <cstdint>
#include <span>

namespace kac {

/// Return the CRC-32 (that of zlib, PNG and Ethernet) of bytes; `start` is that of the bytes
/// before.
///
/// Source: ISO/IEC 3309; W. W. Peterson and D. T. Brown, "Cyclic codes for error detection",
/// Proceedings of the IRE 49 (1961), doi:10.1109/JRPROC.1961.287814.
std::uint32_t crc32(std::span<const std::uint8_t> bytes, std::uint32_t start = 0);

/// Return the CRC-32 of two pieces of data, one after the other, from those of the pieces.
std::uint32_t crc32_combine(std::uint32_t first, std::uint32_t second, std::uint64_t second_length);

}  // namespace kac
