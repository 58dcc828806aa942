#include "frames.hpp"

#include <math.h>

#include <limits>
#include <numbers>
#include <utility>

#include "kac/exponential.hpp"
#include "vector.hpp"

namespace kac::KAC_TARGET_ISA {

namespace {

#if defined(KAC_SHUFFLE)

/// The matrix (a b; c d) of blocks of Distance x Distance becomes (a c; b d): a is in the upper
/// row's lanes without the bit Distance, b in those with it.
template <std::size_t Distance, typename Real, std::size_t... Lane>
inline void swap_blocks(Vector<Real>& upper, Vector<Real>& lower, std::index_sequence<Lane...>) {
    const Vector<Real> a = upper, b = lower;
    upper =
        __builtin_shufflevector(a, b, (Lane & Distance ? lanes<Real> + Lane - Distance : Lane)...);
    lower =
        __builtin_shufflevector(a, b, (Lane & Distance ? lanes<Real> + Lane : Lane + Distance)...);
}

template <typename Real, std::size_t Distance = 1>
inline void transpose(Vector<Real>* rows) {
    if constexpr (Distance < lanes<Real>) {
        for (std::size_t i = 0; i < lanes<Real>; ++i) {
            if ((i & Distance) != 0) continue;
            swap_blocks<Distance, Real>(rows[i], rows[i + Distance],
                                        std::make_index_sequence<lanes<Real>>());
        }
        transpose<Real, 2 * Distance>(rows);
    }
}

#else

template <typename Real>
void transpose(Vector<Real>* rows) {
    for (std::size_t i = 0; i < lanes<Real>; ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            const Real below = rows[i][j];
            rows[i][j] = rows[j][i];
            rows[j][i] = below;
        }
    }
}

#endif

/// As many samples as frames at a time; the last of them lie over those before, unless there are
/// too few.
template <typename Real>
void gather(const Real* const* frames, const Real* window, std::size_t size, Real* to) {
    constexpr std::size_t step = lanes<Real>;
    if (size < step) {
        for (std::size_t t = 0; t < size; ++t) {
            for (std::size_t s = 0; s < step; ++s) to[t * step + s] = window[t] * frames[s][t];
        }
        return;
    }
    for (std::size_t next = 0; next < size; next += step) {
        const std::size_t t = next + step <= size ? next : size - step;
        const Vector<Real> weights = load(window + t);
        Vector<Real> tile[step];
        for (std::size_t s = 0; s < step; ++s) tile[s] = weights * load(frames[s] + t);
        transpose<Real>(tile);
        for (std::size_t s = 0; s < step; ++s) store(to + (t + s) * step, tile[s]);
    }
}

template <typename Real>
void scatter(const Real* from, std::size_t size, std::size_t count, Real* const* to) {
    constexpr std::size_t step = lanes<Real>;
    if (size < step) {
        for (std::size_t s = 0; s < count; ++s) {
            for (std::size_t t = 0; t < size; ++t) to[s][t] = from[t * step + s];
        }
        return;
    }
    for (std::size_t next = 0; next < size; next += step) {
        const std::size_t t = next + step <= size ? next : size - step;
        Vector<Real> tile[step];
        for (std::size_t s = 0; s < step; ++s) tile[s] = load(from + (t + s) * step);
        transpose<Real>(tile);
        for (std::size_t s = 0; s < count; ++s) store(to[s] + t, tile[s]);
    }
}

template <typename Real>
void sum(const Band<Real>* bands, const Real* from, const Rows<Real>& result) {
    for (std::size_t b = 0; b < result.count; ++b) {
        const auto [first, size, weights] = bands[b];
        Vector<Real> total{};
        for (std::size_t k = 0; k < size; ++k) {
            total = total + weights[k] * load(from + (first + k) * lanes<Real>);
        }
        store(result.to + b * result.stride, total);
    }
}

// Those of the library for float are inline functions (see isa.hpp).
inline double root(double x) {
    return ::sqrt(x);
}
inline float root(float x) {
    return ::sqrtf(x);
}
template <typename Real>
inline Vector<Real> roots(const Vector<Real>& squares) {
    Real values[lanes<Real>];
    store(values, squares);
    for (std::size_t s = 0; s < lanes<Real>; ++s) values[s] = root(values[s]);
    return load(values);
}

/// Numbers whose squares would overflow or vanish are brought nearer 1 by a power of two.
template <typename Real>
void magnitude(const Real* from, const Rows<Real>& result) {
    constexpr bool wide = sizeof(Real) == 8;
    constexpr Real power = static_cast<Real>(wide ? 0x1p600 : 0x1p100);
    constexpr Real bound = static_cast<Real>(wide ? 0x1p450 : 0x1p45);
    const Vector<Real> zero{}, one = Real{1} + zero, up = power + zero, down = 1 / power + zero;
    const Vector<Real> small = 1 / bound + zero, large = bound + zero;
    for (std::size_t k = 0; k < result.count; ++k, from += 2 * lanes<Real>) {
        const Vector<Real> re = load(from), im = load(from + lanes<Real>);
        const Vector<Real> a = if_less<Real>(re, zero, zero - re, re);
        const Vector<Real> b = if_less<Real>(im, zero, zero - im, im);
        const Vector<Real> larger = if_less<Real>(a, b, b, a);
        const auto choose = [&](const Vector<Real>& if_small, const Vector<Real>& if_large) {
            const Vector<Real> at_most = if_less<Real>(large, larger, if_large, one);
            return if_less<Real>(larger, small, if_small, at_most);
        };
        const Vector<Real> scale = choose(up, down), x = scale * re, y = scale * im;
        store(result.to + k * result.stride, choose(down, up) * roots<Real>(x * x + y * y));
    }
}

template <typename Real>
void decibels(const Real* from, double scale, double floor, const Rows<Real>& result) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const double factor = scale / std::numbers::ln10;
    for (std::size_t k = 0; k < result.count; ++k) {
        Real levels[lanes<Real>];
        for (std::size_t s = 0; s < lanes<Real>; ++s) {
            const double value = from[k * lanes<Real> + s];
            const double level = value < infinity ? factor * logarithm(value) : value;
            levels[s] = static_cast<Real>(value <= 0 || level <= floor ? floor : level);
        }
        store(result.to + k * result.stride, load(levels));
    }
}

template <typename Real>
constexpr FramesKernel<Real> kernel = {gather<Real>, scatter<Real>, sum<Real>, magnitude<Real>,
                                       decibels<Real>};

}  // namespace

constinit const FramesKernels frames_kernels = {kernel<double>, kernel<float>};

}  // namespace kac::KAC_TARGET_ISA
