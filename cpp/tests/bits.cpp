#include <doctest/doctest.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kac/additive.hpp"
#include "kac/spectrogram.hpp"
#include "kac/tone.hpp"

/// Sounds are plain arithmetic: these checksums hold for every compiler, processor and C library.
/// One that changes means that a dataset made again is not the same; the other tests tell whether
/// the sound is still right.

namespace {

constexpr double rate = 48000.0;

/// FNV-1a, 64 bits, over the values in the order of their bytes from the lowest on.
std::uint64_t checksum(std::span<const double> values) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const double value : values) {
        const auto bits = std::bit_cast<std::uint64_t>(value);
        for (int shift = 0; shift < 64; shift += 8) {
            hash = (hash ^ (bits >> shift & 0xff)) * 0x100000001b3;
        }
    }
    return hash;
}

}  // namespace

TEST_CASE("sums of partials") {
    std::vector<double> frequencies, weights, out(48000);
    for (std::size_t k = 0; k < 150; ++k) {
        frequencies.push_back(0.37 + 157.3 * static_cast<double>(k));
        weights.push_back(k % 3 == 0 ? -0.7 : 1.1 * static_cast<double>(k));
    }
    kac::additive(frequencies, weights, 3.45, 0.9, rate, out);
    CHECK(checksum(out) == 0x8534e46cf92c38d5);
    kac::additive(frequencies, weights, 2000.0, 0.0, rate, out);  // 3 partials only relax
    CHECK(checksum(out) == 0xed4b3da2dff0913f);
}

TEST_CASE("tones") {
    std::vector<double> out(48000);
    kac::tone(kac::Waveshape::sin, 441.3, rate, out);
    CHECK(checksum(out) == 0xd4fd383b9f944d66);
    kac::tone(kac::Waveshape::tri, 441.3, rate, out);
    CHECK(checksum(out) == 0xf513bcf1c33a5a42);
}

TEST_CASE("sweeps") {
    std::vector<double> out(48000);
    kac::sweep(rate, out);
    CHECK(checksum(out) == 0x35b7c3b02e18780d);
}

TEST_CASE("mel filters") {
    CHECK(checksum(kac::MelFilters(512, 32, 22.05, rate).dense()) == 0xe08ab68c6caa604c);
}
