#pragma once

#include <complex>
#include <cstddef>

namespace kac {

/// exp(-2 pi i k / n), each part correct to the last bit or so, whatever k and n < 2^50; in plain
/// arithmetic, which has the same bits on every machine.
std::complex<double> root_of_unity(std::size_t k, std::size_t n);

}  // namespace kac
