#include "floor.hpp"

#include "kernels/vector.hpp"

namespace kac::KAC_TARGET_ISA {

namespace {

/// The compiler is not to know that the product is always the same.
template <typename Real>
inline void add_product(Vector<Real>& sum, Vector<Real>& left, const Vector<Real>& right) {
    asm volatile("" : "+x"(left));
    sum = sum + left * right;
}

template <typename Real>
std::size_t arithmetic(std::size_t rounds, Real* keep) {
    Vector<Real> a{}, b{}, c{}, d{}, e{}, f{}, g{}, h{};  // arrays would not stay in registers
    Vector<Real> left = load(keep);
    const Vector<Real> right = load(keep + lanes<Real>);
    for (std::size_t round = 0; round < rounds; ++round) {
        add_product<Real>(a, left, right);
        add_product<Real>(b, left, right);
        add_product<Real>(c, left, right);
        add_product<Real>(d, left, right);
        add_product<Real>(e, left, right);
        add_product<Real>(f, left, right);
        add_product<Real>(g, left, right);
        add_product<Real>(h, left, right);
    }
    store(keep, ((a + b) + (c + d)) + ((e + f) + (g + h)));
    return rounds * 16 * lanes<Real>;
}

std::size_t stream(const double* from, double* to, std::size_t size) {
    constexpr std::size_t step = 4 * lanes<double>;
    for (std::size_t i = 0; i + step <= size; i += step) {
        for (std::size_t j = i; j < i + step; j += lanes<double>) {
            store(to + j, load(to + j) + load(from + j));
        }
    }
    return 3 * sizeof(double) * size;
}

}  // namespace

const FloorKernels floor_kernels = {arithmetic<double>, arithmetic<float>, stream};

}  // namespace kac::KAC_TARGET_ISA
