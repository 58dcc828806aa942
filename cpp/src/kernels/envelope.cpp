#include "envelope.hpp"

namespace kac::KAC_TARGET_ISA {

namespace {

template <typename Real>
void decay(Real* samples, std::size_t count, double start, const double* within) {
    for (std::size_t j = 0; j < count; ++j) {
        samples[j] = static_cast<Real>(samples[j] * (start * within[j]));
    }
}

/// Side by side, because the compiler may not change the order of comparisons on its own.
template <typename Real>
Real largest(const Real* samples, std::size_t count) {
    constexpr std::size_t lanes = 4 * KAC_VECTOR_BYTES / sizeof(Real);
    Real found[lanes] = {};
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) {
        for (std::size_t l = 0; l < lanes; ++l) {
            const Real value = samples[i + l] < 0 ? -samples[i + l] : samples[i + l];
            found[l] = found[l] < value ? value : found[l];
        }
    }
    Real result = 0;
    for (std::size_t l = 0; l < lanes; ++l) result = result < found[l] ? found[l] : result;
    for (; i < count; ++i) {
        const Real value = samples[i] < 0 ? -samples[i] : samples[i];
        result = result < value ? value : result;
    }
    return result;
}

/// Division first: the largest sample becomes the peak exactly, and nothing overflows on the way.
template <typename Real>
void scale(Real* samples, std::size_t count, Real largest, Real peak) {
    for (std::size_t j = 0; j < count; ++j) samples[j] = samples[j] / largest * peak;
}

template <typename Real>
constexpr EnvelopeKernel<Real> kernel = {decay<Real>, largest<Real>, scale<Real>};

}  // namespace

constinit const EnvelopeKernels envelope_kernels = {kernel<double>, kernel<float>};

}  // namespace kac::KAC_TARGET_ISA
