#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kac/files.hpp"

namespace kac {

/// Quantise a sound as a PCM file does: out = q / 2^(b-1), exactly, where q is the integer nearest
/// to signal * 2^(b-1), ties to even, kept in [-2^(b-1), 2^(b-1) - 1].
///
/// @param bit_depth b: 16, 24 or 32
/// @throws std::invalid_argument for another bit depth, or a sample that is not finite
void quantise(std::span<const double> signal, int bit_depth, std::span<double> out);

struct EncodedWav {
    std::vector<std::uint8_t> bytes;
    std::size_t clipped;     ///< samples outside [-1, 1]
    std::uint32_t checksum;  ///< the CRC-32 of the bytes
};

/// A whole RIFF/WAVE file: mono PCM of 16, 24 or 32 bits, little-endian.
///
/// Source: Multimedia Programming Interface and Data Specifications 1.0 (IBM and Microsoft, 1991).
///
/// @throws std::invalid_argument for another bit depth, a sample that is not finite, a sample rate
///         that is no positive 32-bit number of bytes a second, or more than the 4 GiB of a RIFF
EncodedWav encode_wav(std::span<const double> signal, std::int64_t sample_rate, int bit_depth);

/// Read the samples of a file such as `encode_wav` makes: of any bit depth and sample rate, but of
/// out.size() samples.
///
/// @returns the CRC-32 of the file; none where it is another kind of file, as with other chunks or
/// channels, and then `out` is undefined
/// @throws FileError
std::optional<std::uint32_t> read_wav(const std::string& path, std::span<double> out);

}  // namespace kac
