#pragma once

#include <cstddef>

// __builtin_shufflevector takes these vectors, and their lanes in any order.
#if defined(__GNUC__) && defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define KAC_SHUFFLE
#endif
#endif

/// The vectors of one instruction set, for the files of kernels/ alone: KAC_VECTOR_BYTES wide.
namespace kac::KAC_TARGET_ISA {

template <typename Real>
inline constexpr std::size_t lanes = KAC_VECTOR_BYTES / sizeof(Real);

#if defined(__GNUC__)

template <typename Real>
struct VectorOf {
    using type __attribute__((vector_size(KAC_VECTOR_BYTES))) = Real;
    using anywhere
        __attribute__((vector_size(KAC_VECTOR_BYTES), aligned(sizeof(Real)), may_alias)) = Real;
};

template <typename Real>
using Vector = typename VectorOf<Real>::type;

/// Load from and store to any address.
template <typename Real>
static inline Vector<Real> load(const Real* from) {
    return *reinterpret_cast<const typename VectorOf<Real>::anywhere*>(from);
}

template <typename Real>
static inline void store(Real* to, Vector<Real> value) {
    *reinterpret_cast<typename VectorOf<Real>::anywhere*>(to) = value;
}

/// Lane by lane a < b ? yes : no.
template <typename Real>
static inline Vector<Real> if_less(const Vector<Real>& a, const Vector<Real>& b,
                                   const Vector<Real>& yes, const Vector<Real>& no) {
    return a < b ? yes : no;
}

#else  // plain loops, for compilers without vector extensions

template <typename Real>
struct Vector {
    Real values[lanes<Real>];
    Real& operator[](std::size_t i) { return values[i]; }
    Real operator[](std::size_t i) const { return values[i]; }
};

#define KAC_LANEWISE(op)                                                                   \
    template <typename Real>                                                               \
    static inline Vector<Real> operator op(const Vector<Real>& a, const Vector<Real>& b) { \
        Vector<Real> result;                                                               \
        for (std::size_t i = 0; i < lanes<Real>; ++i) result[i] = a[i] op b[i];            \
        return result;                                                                     \
    }                                                                                      \
    template <typename Real>                                                               \
    static inline Vector<Real> operator op(Real a, const Vector<Real>& b) {                \
        Vector<Real> result;                                                               \
        for (std::size_t i = 0; i < lanes<Real>; ++i) result[i] = a op b[i];               \
        return result;                                                                     \
    }
KAC_LANEWISE(+)
KAC_LANEWISE(-)
KAC_LANEWISE(*)
#undef KAC_LANEWISE

template <typename Real>
static inline Vector<Real> if_less(const Vector<Real>& a, const Vector<Real>& b,
                                   const Vector<Real>& yes, const Vector<Real>& no) {
    Vector<Real> result;
    for (std::size_t i = 0; i < lanes<Real>; ++i) result[i] = a[i] < b[i] ? yes[i] : no[i];
    return result;
}

template <typename Real>
static inline Vector<Real> load(const Real* from) {
    Vector<Real> result;
    for (std::size_t i = 0; i < lanes<Real>; ++i) result[i] = from[i];
    return result;
}

template <typename Real>
static inline void store(Real* to, const Vector<Real>& value) {
    for (std::size_t i = 0; i < lanes<Real>; ++i) to[i] = value[i];
}

#endif

}  // namespace kac::KAC_TARGET_ISA
