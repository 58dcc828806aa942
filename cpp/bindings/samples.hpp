#pragma once

#include "arrays.hpp"
#include "kac/normalise.hpp"

namespace kac::python {

/// Signals (n, length), normalised.
template <typename Real>
ArrayOf<Real> normalised(const ArrayOf<Real>& signals, unsigned threads) {
    const std::size_t count = extent(signals, 0), length = extent(signals, 1);
    ArrayOf<Real> result = empty<Real>({count, length});
    const std::span<const Real> from = view(signals);
    const std::span<Real> to = writable(result);
    run_parallel(count, threads,
                 [&](std::size_t i) { kac::normalise(from, length, i, row(to, length, i)); });
    return result;
}

}  // namespace kac::python
