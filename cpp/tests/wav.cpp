#include "kac/wav.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "kac/crc32.hpp"

namespace {

using Bytes = std::vector<std::uint8_t>;
using Samples = std::vector<double>;

Samples quantise(const Samples& signal, int bit_depth) {
    Samples out(signal.size());
    kac::quantise(signal, bit_depth, out);
    return out;
}

/// A reader of its own: the samples after the 44 bytes of the header.
Samples decode(const Bytes& bytes, int bit_depth, std::size_t length) {
    const auto width = static_cast<std::size_t>(bit_depth / 8);
    Samples out;
    for (std::size_t i = 0; i < length; ++i) {
        std::int64_t value = 0;
        for (std::size_t b = 0; b < width; ++b) {
            value += std::int64_t{bytes[44 + i * width + b]} << (8 * b);
        }
        if (value >= std::int64_t{1} << (bit_depth - 1)) value -= std::int64_t{1} << bit_depth;
        out.push_back(std::ldexp(static_cast<double>(value), 1 - bit_depth));
    }
    return out;
}

struct TemporaryFile {
    std::string path =
        (std::filesystem::temp_directory_path() / ("kac_wav_" + std::to_string(::getpid())))
            .string();
    ~TemporaryFile() { std::filesystem::remove(path); }
};

}  // namespace

TEST_CASE("the header, byte by byte") {
    const kac::EncodedWav wav = kac::encode_wav(Samples{0.5, -1.0, 1.0}, 44100, 24);
    const Bytes expected = {'R',  'I',  'F',  'F',  46,   0,    0,    0,    'W',  'A', 'V',
                            'E',  'f',  'm',  't',  ' ',  16,   0,    0,    0,    1,   0,
                            1,    0,    0x44, 0xAC, 0,    0,    0xCC, 0x04, 0x02, 0,   3,
                            0,    24,   0,    'd',  'a',  't',  'a',  9,    0,    0,   0,
                            0x00, 0x00, 0x40, 0x00, 0x00, 0x80, 0xFF, 0xFF, 0x7F, 0};
    CHECK(wav.bytes == expected);
    CHECK(wav.clipped == 0);
}

TEST_CASE("what is written is what quantise promises") {
    std::mt19937_64 random(1);
    std::uniform_real_distribution<double> uniform(-1.1, 1.1);
    Samples signal(1001);
    for (double& x : signal) x = uniform(random);
    for (const double x : {0.0, -0.0, 1e-300, -1e-300, 1.0, -1.0, 1e300, -1e300})
        signal.push_back(x);
    for (const int bit_depth : {16, 24, 32}) {
        const Bytes bytes = kac::encode_wav(signal, 48000, bit_depth).bytes;
        CHECK(decode(bytes, bit_depth, signal.size()) == quantise(signal, bit_depth));
        CHECK(bytes.size() % 2 == 0);
    }
}

TEST_CASE("nearest, ties to even, and full scale") {
    const double step = 1.0 / 32768;
    CHECK(quantise({0.5 * step, 1.5 * step, -0.5 * step, -1.5 * step, 0.51 * step}, 16) ==
          Samples{0.0, 2 * step, 0.0, -2 * step, step});
    CHECK(quantise({1.0, 2.0, -1.0, -2.0}, 16) == Samples{1 - step, 1 - step, -1.0, -1.0});
    CHECK_FALSE(std::signbit(quantise({-1e-9}, 16)[0]));
}

TEST_CASE("quantising twice changes nothing more") {
    const Samples once = quantise({0.1, -0.77, 1.0, 0.333333}, 24);
    CHECK(quantise(once, 24) == once);
}

TEST_CASE("clipped samples are counted: full scale itself is not one") {
    CHECK(kac::encode_wav(Samples{1.0, -1.0, 1.0001, -1.5, 0.0}, 8000, 16).clipped == 2);
}

TEST_CASE("what does not fit the format is refused") {
    const Samples signal(4);
    for (const int bad : {0, 8, 20, 64, -16}) {
        CHECK_THROWS_AS(kac::encode_wav(signal, 48000, bad), std::invalid_argument);
        CHECK_THROWS_AS(quantise(signal, bad), std::invalid_argument);
    }
    for (const std::int64_t bad : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1} << 31}) {
        CHECK_THROWS_AS(kac::encode_wav(signal, bad, 24), std::invalid_argument);
    }
    // Refused by its length alone: nobody reads these samples.
    const std::span<const double> huge(signal.data(), std::size_t{1} << 30);
    CHECK_THROWS_WITH_AS(kac::encode_wav(huge, 48000, 32), doctest::Contains("4 GiB"),
                         std::invalid_argument);
}

TEST_CASE("a sample that is not finite is named") {
    const double inf = std::numeric_limits<double>::infinity();
    for (const double bad : {std::nan(""), inf, -inf}) {
        const Samples signal = {0.0, 1.0, bad, bad};
        CHECK_THROWS_WITH_AS(kac::encode_wav(signal, 48000, 24), doctest::Contains("sample 2 "),
                             std::invalid_argument);
        CHECK_THROWS_WITH_AS(quantise(signal, 24), doctest::Contains("sample 2 "),
                             std::invalid_argument);
    }
}

TEST_CASE("no samples are a file with a header") {
    CHECK(kac::encode_wav({}, 48000, 24).bytes.size() == 44);
    CHECK(quantise({}, 24).empty());
}

TEST_CASE("what is read is what quantise promises") {
    std::mt19937_64 random(2);
    std::uniform_real_distribution<double> uniform(-1.1, 1.1);
    const TemporaryFile file;
    for (const int bit_depth : {16, 24, 32}) {
        for (const std::size_t length : {0U, 1U, 2U, 8191U, 8192U, 8193U, 20001U}) {
            Samples signal(length);
            for (double& x : signal) x = uniform(random);
            const kac::EncodedWav wav = kac::encode_wav(signal, 44100, bit_depth);
            kac::write_file(file.path, wav.bytes, false);
            Samples found(length);
            const auto checksum = kac::read_wav(file.path, found);
            REQUIRE(checksum.has_value());
            CHECK(*checksum == wav.checksum);
            CHECK(*checksum == kac::crc32(wav.bytes));
            CHECK(found == quantise(signal, bit_depth));
        }
    }
}

TEST_CASE("a file of another kind is not read") {
    const TemporaryFile file;
    const Bytes whole = kac::encode_wav(Samples(5, 0.5), 48000, 24).bytes;
    Samples found(5);
    const auto reads = [&](const Bytes& bytes) {
        kac::write_file(file.path, bytes, false);
        return kac::read_wav(file.path, found).has_value();
    };
    CHECK(reads(whole));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CHECK_FALSE(reads(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))));
    }
    Bytes longer = whole;
    longer.push_back(0);
    CHECK_FALSE(reads(longer));
    for (std::size_t at = 0; at < 44; ++at) {
        Bytes strange = whole;
        strange[at] ^= 1;
        CHECK_FALSE(reads(strange));
    }
    kac::write_file(file.path, whole, false);
    for (const std::size_t length : {0U, 4U, 6U}) {
        found.resize(length);
        CHECK_FALSE(kac::read_wav(file.path, found).has_value());
    }
    CHECK_THROWS_AS(kac::read_wav("/nowhere/at/all.wav", found), kac::FileError);
}
