#include "crc32.hpp"

#ifdef __PCLMUL__
#include <immintrin.h>
#endif

namespace kac::KAC_TARGET_ISA {

namespace {

#ifdef __PCLMUL__

__m128i load(const std::uint8_t* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

__m128i factors(const Crc32Shift& shift) {
    return _mm_set_epi64x(static_cast<long long>(shift.second),
                          static_cast<long long>(shift.first));
}

/// 16 bytes of the same remainder as `bytes` and, as far behind them as `by` says, `next`.
__m128i carried(__m128i bytes, __m128i by, __m128i next) {
    const __m128i first = _mm_clmulepi64_si128(bytes, by, 0x00);
    const __m128i second = _mm_clmulepi64_si128(bytes, by, 0x11);
    return _mm_xor_si128(_mm_xor_si128(first, second), next);
}

/// Four sums side by side, each of every fourth sixteen: a product takes longer than it takes to
/// begin the next one.
///
/// Source: V. Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ
/// Instruction", Intel (2009).
std::size_t fold(std::uint32_t state, const std::uint8_t* bytes, std::size_t size,
                 const Crc32Shifts& shifts, std::uint8_t* folded) {
    if (size < 64) return 0;
    const __m128i by_16 = factors(shifts.by_16), by_64 = factors(shifts.by_64);
    __m128i sums[4];
    for (std::size_t k = 0; k < 4; ++k) sums[k] = load(bytes + 16 * k);
    // The remainder of what came before stands for it, added to the first bytes behind it.
    sums[0] = _mm_xor_si128(sums[0], _mm_cvtsi32_si128(static_cast<int>(state)));
    std::size_t i = 64;
    for (; i + 64 <= size; i += 64) {
        for (std::size_t k = 0; k < 4; ++k) {
            sums[k] = carried(sums[k], by_64, load(bytes + i + 16 * k));
        }
    }
    __m128i sum = sums[0];
    for (std::size_t k = 1; k < 4; ++k) sum = carried(sum, by_16, sums[k]);
    for (; i + 16 <= size; i += 16) sum = carried(sum, by_16, load(bytes + i));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(folded), sum);
    return i;
}

#else

std::size_t fold(std::uint32_t, const std::uint8_t*, std::size_t, const Crc32Shifts&,
                 std::uint8_t*) {
    return 0;
}

#endif

}  // namespace

constinit const Crc32Kernels crc32_kernels = {fold};

}  // namespace kac::KAC_TARGET_ISA
