#include <doctest/doctest.h>

#include <bit>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "kac/additive.hpp"
#include "kac/fft.hpp"
#include "kac/mel.hpp"
#include "kac/membrane.hpp"
#include "kac/spectral_distance.hpp"
#include "kac/spectrogram.hpp"
#include "kac/tone.hpp"

/// Sounds are plain arithmetic: these checksums hold for every compiler, processor and C library.
/// One that changes means that a dataset made again is not the same; the other tests tell whether
/// the sound is still right.

namespace {

constexpr double rate = 48000.0;

/// FNV-1a, 64 bits, over the values in the order of their bytes from the lowest on.
template <typename Real>
std::uint64_t checksum(const std::vector<Real>& values) {
    using Bits = std::conditional_t<sizeof(Real) == 8, std::uint64_t, std::uint32_t>;
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const Real value : values) {
        const auto bits = std::bit_cast<Bits>(value);
        for (std::size_t shift = 0; shift < 8 * sizeof(Real); shift += 8) {
            hash = (hash ^ (bits >> shift & 0xff)) * 0x100000001b3;
        }
    }
    return hash;
}

struct Partials {
    std::vector<double> frequencies, weights;

    Partials() {
        for (std::size_t k = 0; k < 150; ++k) {
            frequencies.push_back(0.37 + 157.3 * static_cast<double>(k));
            weights.push_back(k % 3 == 0 ? -0.7 : 1.1 * static_cast<double>(k));
        }
    }
};

/// A slanted shape with a slit.
template <typename Real>
std::uint64_t checksum_of_membrane() {
    constexpr std::size_t rows = 23, columns = 31;
    std::vector<std::uint8_t> live;
    for (std::size_t node = 0; node < rows * columns; ++node) {
        const std::size_t row = node / columns, column = node % columns;
        live.push_back(row + 2 * column > 15 && column + row < 45 && (column != 17 || row > 9));
    }
    const kac::Grid grid(rows, columns, live);
    const std::vector<std::int64_t> pick_up = {200, 201}, strike = {420, 451};
    const std::vector<double> weights = {0.25, 0.75};
    const std::vector<kac::WeightedNodes> strikes = {{strike, weights}};
    std::vector<Real> out(20000);
    const std::vector<std::span<Real>> sounds = {out};
    kac::membrane<Real>(grid, {0.48, 0.0799, 0.9999}, {pick_up, weights}, strikes, 0.9, sounds);
    return checksum(out);
}

/// Numbers between -1/2 and 1/2 (Knuth's generator, MMIX).
template <typename Real>
std::vector<Real> noise(std::size_t size) {
    std::uint64_t state = 1;
    std::vector<Real> values(size);
    for (Real& value : values) {
        state = state * 6364136223846793005 + 1442695040888963407;
        value = static_cast<Real>(static_cast<double>(state >> 40) * 0x1p-24 - 0.5);
    }
    return values;
}

/// Passes of every radix, and Bluestein's algorithm.
template <typename Real>
std::uint64_t checksum_of_bins() {
    std::vector<Real> parts;
    for (const std::size_t length : {512U, 480U, 1000U, 1001U, 1023U, 61U, 1021U, 1357U}) {
        const kac::RealFft<Real> fft(length);
        std::vector<std::complex<Real>> bins(3 * fft.bins());
        fft.forward(noise<Real>(3 * length), bins);
        for (const auto& bin : bins) {
            parts.push_back(bin.real());
            parts.push_back(bin.imag());
        }
    }
    return checksum(parts);
}

template <typename Real>
std::uint64_t checksum_of_spectrograms() {
    constexpr std::size_t length = 5000;
    const kac::MelFilters mel({480, 20, 22.05, rate / 2, rate});
    const kac::Spectrogram<Real> plans[] = {
        kac::Spectrogram<Real>({512, 400, 100}), kac::Spectrogram<Real>({480, 480, 97}, mel),
        kac::Spectrogram<Real>({480, 480, 97, kac::Measure::magnitude, -20.0}, mel)};
    std::vector<Real> values;
    for (const auto& plan : plans) {
        std::vector<Real> out(2 * plan.rows() * plan.frames(length));
        plan.transform(noise<Real>(2 * length), length, out);
        values.insert(values.end(), out.begin(), out.end());
    }
    return checksum(values);
}

}  // namespace

TEST_CASE("sums of partials") {
    const Partials partials;
    std::vector<double> out(48000);
    kac::additive(partials.frequencies, partials.weights, 3.45, 0.9, rate, out);
    CHECK(checksum(out) == 0x8534e46cf92c38d5);
    kac::additive(partials.frequencies, partials.weights, 2000.0, 0.0, rate,
                  out);  // 3 partials only relax
    CHECK(checksum(out) == 0xed4b3da2dff0913f);
}

TEST_CASE("sums of partials in single precision") {
    const Partials partials;
    std::vector<float> out(48000);
    kac::additive(partials.frequencies, partials.weights, 3.45, 0.9, rate, out);
    CHECK(checksum(out) == 0x9589aab83e7eb722);
}

TEST_CASE("membranes") {
    CHECK(checksum_of_membrane<double>() == 0x69d6648bd1c9d94b);
    CHECK(checksum_of_membrane<float>() == 0xf1cec031369dbff3);
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
    using kac::MelFilters, kac::MelNorm, kac::MelScale;
    CHECK(checksum(MelFilters({512, 32, 22.05, rate / 2, rate}).dense()) == 0xe08ab68c6caa604c);
    const auto slaney = [](MelNorm norm) {
        return MelFilters({512, 32, 22.05, 12000.0, rate, MelScale::slaney, norm}).dense();
    };
    CHECK(checksum(slaney(MelNorm::peak)) == 0xcb4cf83d6f686726);
    CHECK(checksum(slaney(MelNorm::area)) == 0x9a3a08d472b4fe90);
}

TEST_CASE("Fourier transforms") {
    CHECK(checksum_of_bins<double>() == 0xfc4c275fa3a5c688);
    CHECK(checksum_of_bins<float>() == 0x6eeac3977c49d586);
}

TEST_CASE("spectrograms") {
    CHECK(checksum_of_spectrograms<double>() == 0x76cd47efb59c36ab);
    CHECK(checksum_of_spectrograms<float>() == 0xa513756f4c9a1d01);
}

TEST_CASE("distances of spectra") {
    const std::vector<std::size_t> windows = {256, 512, 1024};
    const kac::SpectralDistance plan(windows, 1e-4);
    const std::vector<double> x = noise<double>(5888), y(x.rbegin(), x.rend());
    std::vector<double> out(6);
    kac::ThreadPool pool;
    plan.sums(x, y, out, {pool, 1});
    CHECK(checksum(out) == 0xafe2419e402096ee);
}
