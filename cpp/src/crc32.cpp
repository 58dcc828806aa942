#include "kac/crc32.hpp"

#include <array>
#include <cstddef>

#include "kernels/crc32.hpp"

namespace kac {

// Bytes are a polynomial over the integers modulo 2: their bits, the lowest of each byte first, are
// its coefficients, from the highest power of x down to x^0. Sums are exclusive ors. The remainder
// of n bytes M is M x^32 modulo P, of degree 32; in a word, bit 31 is the coefficient of x^0 and
// bit 0 that of x^31. A CRC starts from a remainder of all ones instead of 0, as if bytes had come
// before, and is what comes out, complemented.

namespace {

/// P without its x^32, which is to say x^32 modulo P.
constexpr std::uint32_t polynomial = 0xEDB88320;
constexpr std::uint32_t one = std::uint32_t{1} << 31;

constexpr std::uint32_t times_x(std::uint32_t a) {
    return a >> 1 ^ ((a & 1) != 0 ? polynomial : 0);
}

/// a b modulo P, by Horner's rule backwards: the sum of b_k (a x^k).
constexpr std::uint32_t product(std::uint32_t a, std::uint32_t b) {
    std::uint32_t sum = 0;
    for (std::uint32_t coefficient = one; coefficient != 0; coefficient >>= 1) {
        if ((b & coefficient) != 0) sum ^= a;
        a = times_x(a);
    }
    return sum;
}

/// a^n modulo P, by repeated squaring.
constexpr std::uint32_t power(std::uint32_t a, std::uint64_t n) {
    std::uint32_t result = one;
    for (; n != 0; n >>= 1) {
        if ((n & 1) != 0) result = product(result, a);
        a = product(a, a);
    }
    return result;
}

/// What carries 16 bytes, A x^64 + B, over the next `bits`: the sum of A x^(64 + bits) and
/// B x^bits, where only the powers' remainders matter.
///
/// A machine's product of two words of 64 bits is one short of its 128 bits: bit k of a word stands
/// for x^(63 - k), so that bit k of the product is the coefficient of x^(126 - k), and what stands
/// there in 16 bytes is that of x^(127 - k). The product has an x too many; the powers have one
/// fewer. A remainder of degree 31 is the upper half of a word.
constexpr Crc32Shift shift_over(std::uint64_t bits) {
    const auto factor = [](std::uint64_t n) { return std::uint64_t{power(one >> 1, n)} << 32; };
    return {factor(64 + bits - 1), factor(bits - 1)};
}

constexpr Crc32Shifts shifts = {shift_over(128), shift_over(512)};

constexpr std::size_t slice = 16;

/// tables[k][byte]: the remainder of that byte and k zeros behind it.
constexpr auto tables = [] {
    std::array<std::array<std::uint32_t, 256>, slice> made{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t remainder = byte;
        for (std::size_t k = 0; k < slice; ++k) {
            for (int bit = 0; bit < 8; ++bit) remainder = times_x(remainder);
            made[k][byte] = remainder;
        }
    }
    return made;
}();

/// The remainder of all bytes: a sum over each sixteen of them, whose terms do not wait for each
/// other.
///
/// Source: M. E. Kounavis and F. L. Berry, "Novel table lookup-based algorithms for
/// high-performance CRC generation", IEEE Transactions on Computers 57 (2008),
/// doi:10.1109/TC.2008.85.
std::uint32_t remainder_of(std::span<const std::uint8_t> bytes, std::uint32_t state) {
    for (; bytes.size() >= slice; bytes = bytes.subspan(slice)) {
        std::uint32_t sum = 0;
        for (std::size_t i = 0; i < slice; ++i) {
            const std::uint32_t before = i < 4 ? state >> (8 * i) & 0xFF : 0;
            sum ^= tables[slice - 1 - i][bytes[i] ^ before];
        }
        state = sum;
    }
    for (const std::uint8_t byte : bytes) state = state >> 8 ^ tables[0][(state ^ byte) & 0xFF];
    return state;
}

}  // namespace

std::uint32_t crc32(std::span<const std::uint8_t> bytes, std::uint32_t start) {
    std::uint32_t state = ~start;
    std::array<std::uint8_t, 16> folded;
    const std::size_t taken =
        crc32_kernels().fold(state, bytes.data(), bytes.size(), shifts, folded.data());
    if (taken != 0) state = remainder_of(folded, 0);
    return ~remainder_of(bytes.subspan(taken), state);
}

/// With n bytes behind it, a remainder s becomes s x^(8n) + r, where r is that of the n bytes
/// alone. So behind a first part of CRC c the second leaves ~c x^(8n) + r, and on its own ~0 x^(8n)
/// + r; they differ by c x^(8n), and so do their complements.
std::uint32_t crc32_combine(std::uint32_t first, std::uint32_t second,
                            std::uint64_t second_length) {
    return product(first, power(one >> 8, second_length)) ^ second;
}

}  // namespace kac
