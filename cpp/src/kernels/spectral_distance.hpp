#pragma once

#include <cstddef>

#include "../isa.hpp"

namespace kac {

/// Powers |X|^2 of as many spectra as a vector has lanes, a vector a row: for each of them the sum
/// over the rows of |sqrt(x) - sqrt(y)|, and of |ln((x + floor) / (y + floor))|.
struct SpectralDistanceKernel {
    void (*sum)(const double* x, const double* y, std::size_t rows, double floor, double* linear,
                double* logarithmic);
};

KAC_KERNELS(SpectralDistanceKernel, spectral_distance_kernel)

}  // namespace kac
