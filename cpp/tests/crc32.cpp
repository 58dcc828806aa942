#include "kac/crc32.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <random>
#include <string_view>
#include <vector>

namespace {

using Bytes = std::span<const std::uint8_t>;

/// Bit by bit, as the standard has it.
std::uint32_t oracle(Bytes bytes, std::uint32_t start = 0) {
    std::uint32_t state = ~start;
    for (const std::uint8_t byte : bytes) {
        state ^= byte;
        for (int bit = 0; bit < 8; ++bit) {
            state = (state & 1) != 0 ? state >> 1 ^ 0xEDB88320U : state >> 1;
        }
    }
    return ~state;
}

std::vector<std::uint8_t> some_bytes(std::size_t size) {
    std::mt19937 random(3);
    std::vector<std::uint8_t> bytes(size);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
    return bytes;
}

}  // namespace

TEST_CASE("the published check value") {
    const std::string_view digits = "123456789";
    const std::vector<std::uint8_t> bytes(digits.begin(), digits.end());
    CHECK(kac::crc32(bytes) == 0xCBF43926);
    CHECK(kac::crc32({}) == 0);
    CHECK(kac::crc32({}, 42) == 42);
}

TEST_CASE("every length, at every alignment, from any start") {
    const std::vector<std::uint8_t> all = some_bytes(400);
    for (std::size_t length = 0; length <= 300; ++length) {
        for (const std::size_t begin : {0U, 1U, 2U, 3U, 5U, 8U, 13U, 31U, 64U}) {
            const Bytes bytes = Bytes(all).subspan(begin, length);
            CHECK(kac::crc32(bytes) == oracle(bytes));
            CHECK(kac::crc32(bytes, 0xDEADBEEF) == oracle(bytes, 0xDEADBEEF));
        }
    }
    const std::vector<std::uint8_t> many = some_bytes(100'003);
    CHECK(kac::crc32(many) == oracle(many));
    const std::vector<std::uint8_t> zeros(1000, 0);
    CHECK(kac::crc32(zeros) == oracle(zeros));
}

TEST_CASE("in two parts, split anywhere, it is that of the whole") {
    const std::vector<std::uint8_t> all = some_bytes(1000);
    const std::uint32_t whole = oracle(all);
    for (std::size_t split = 0; split <= all.size(); ++split) {
        const Bytes front = Bytes(all).first(split), back = Bytes(all).subspan(split);
        const std::uint32_t first = kac::crc32(front), second = kac::crc32(back);
        CHECK(kac::crc32(back, first) == whole);
        CHECK(kac::crc32_combine(first, second, back.size()) == whole);
    }
}

TEST_CASE("combining is associative, over any length") {
    const std::uint64_t large = 0xFEDCBA9876543210;
    const std::uint32_t a = 0x12345678, b = 0x9ABCDEF0, c = 0x0F1E2D3C;
    const std::uint32_t left = kac::crc32_combine(kac::crc32_combine(a, b, 1000), c, large);
    const std::uint32_t right =
        kac::crc32_combine(a, kac::crc32_combine(b, c, large), large + 1000);
    CHECK(left == right);
    CHECK(kac::crc32_combine(a, b, 0) == (a ^ b));
}
