#include "fdtd.hpp"

#include "vector.hpp"

namespace kac::KAC_TARGET_ISA {

namespace {

#if defined(__GNUC__)

template <typename Real>
struct IntegerOf;
template <>
struct IntegerOf<double> {
    using type = std::int64_t;
};
template <>
struct IntegerOf<float> {
    using type = std::int32_t;
};

/// The lanes of `value` whose bit is set in `live`; 0 in the others.
template <typename Real>
Vector<Real> only(Vector<Real> value, std::uint32_t live) {
    using Integer = typename IntegerOf<Real>::type;
    using Integers __attribute__((vector_size(KAC_VECTOR_BYTES))) = Integer;
    Integers bits;
    for (std::size_t i = 0; i < lanes<Real>; ++i) bits[i] = static_cast<Integer>(1U << i);
    const Integers kept = (static_cast<Integer>(live) & bits) != 0;
    return reinterpret_cast<Vector<Real>>(reinterpret_cast<Integers>(value) & kept);
}

#else

template <typename Real>
Vector<Real> only(Vector<Real> value, std::uint32_t live) {
    for (std::size_t i = 0; i < lanes<Real>; ++i) {
        if ((live >> i & 1U) == 0) value[i] = 0;
    }
    return value;
}

#endif

/// A vector of a field, and the sum of its cells' neighbours to the west and to the east.
template <typename Real>
struct Here {
    Vector<Real> value, beside;
};

#if defined(KAC_SHUFFLE) && KAC_VECTOR_BYTES == 64

inline Vector<double> west(Vector<double> before, Vector<double> here) {
    return __builtin_shufflevector(before, here, 7, 8, 9, 10, 11, 12, 13, 14);
}

inline Vector<double> east(Vector<double> here, Vector<double> after) {
    return __builtin_shufflevector(here, after, 1, 2, 3, 4, 5, 6, 7, 8);
}

inline Vector<float> west(Vector<float> before, Vector<float> here) {
    return __builtin_shufflevector(before, here, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27,
                                   28, 29, 30);
}

inline Vector<float> east(Vector<float> here, Vector<float> after) {
    return __builtin_shufflevector(here, after, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
                                   16);
}

/// Goes along a row. A vector as wide as a cache line that is not aligned costs two loads, so the
/// neighbours come from the vectors before and after, two shuffles: a third faster.
template <typename Real>
class Walk {
  public:
    explicit Walk(const Real* at)
        : at_(at), before_(load(at - lanes<Real>)), here_(load<Real>(at)) {}

    Here<Real> next() {
        at_ += lanes<Real>;
        const Vector<Real> after = load(at_);
        const Here<Real> result = {here_, west(before_, here_) + east(here_, after)};
        before_ = here_;
        here_ = after;
        return result;
    }

  private:
    const Real* at_;
    Vector<Real> before_, here_;
};

#else

/// Goes along a row.
template <typename Real>
class Walk {
  public:
    explicit Walk(const Real* at) : at_(at) {}

    Here<Real> next() {
        const Real* const at = at_;
        at_ += lanes<Real>;
        return {load(at), load(at - 1) + load(at + 1)};
    }

  private:
    const Real* at_;
};

#endif

/// In place: a node's previous value is needed by no other node.
template <typename Real>
void step_run(const FdtdStep<Real>& step, const FdtdRun& run) {
    const Real c_0 = step.c_0, c_1 = step.c_1, c_2 = step.c_2;
    Walk<Real> walk(step.current + run.begin);
    const Real* north = step.current + run.begin - step.stride;
    const Real* south = step.current + run.begin + step.stride;
    Real* previous = step.previous + run.begin;
    const auto next = [&] {
        const Here<Real> here = walk.next();
        const Vector<Real> sum = (load(north) + load(south)) + here.beside;
        north += lanes<Real>;
        south += lanes<Real>;
        return (c_0 * sum + c_1 * here.value) - c_2 * load<Real>(previous);
    };
    const auto put = [&](Vector<Real> value) {
        store(previous, value);
        previous += lanes<Real>;
    };
    put(only<Real>(next(), run.first));
    if (run.vectors == 1) return;
    for (std::size_t i = run.vectors - 2; i != 0; --i) put(next());
    put(only<Real>(next(), run.last));
}

template <typename Real>
void step_all(const FdtdStep<Real>& step) {
    const FdtdStep<Real> local = step;  // which no store can change
    for (std::size_t i = 0; i < local.count; ++i) step_run(local, local.runs[i]);
}

template <typename Real>
constexpr FdtdKernel<Real> kernel = {lanes<Real>, step_all<Real>};

}  // namespace

constinit const FdtdKernels fdtd_kernels = {kernel<double>, kernel<float>};

}  // namespace kac::KAC_TARGET_ISA
