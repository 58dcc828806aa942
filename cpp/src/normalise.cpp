#include "kac/normalise.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "kac/finite.hpp"
#include "kac/parallel.hpp"
#include "kernels/samples.hpp"

namespace kac {

namespace {

template <typename Real>
struct Extremes {
    Real low, span;
};

/// Of signal i, all of whose samples are seen to be finite; a span that is not is infinity.
template <typename Real>
Extremes<Real> extremes(std::span<const Real> signals, std::size_t length, std::size_t i) {
    const SamplesKernel<Real>& kernel = samples_kernels().of<Real>();
    const std::span<const Real> signal = signals.subspan(i * length, length);
    Real lowest = signal[0], highest = signal[0];
    for_each_chunk(length, [&](std::size_t begin, std::size_t end) {
        require_finite(signals, length, i * length + begin, i * length + end);
        Real low, high;
        kernel.extremes(&signal[begin], end - begin, &low, &high);
        lowest = std::min(lowest, low);
        highest = std::max(highest, high);
    });
    return {lowest, highest - lowest};
}

/// Some signal's samples are: find the first one, unless there are samples that are not finite.
template <typename Real>
[[noreturn]] void too_far_apart(std::span<const Real> signals, std::size_t length) {
    require_finite(signals, length, 0, signals.size());
    std::size_t i = 0;
    while (i + 1 < signals.size() / length && std::isfinite(extremes(signals, length, i).span)) ++i;
    throw std::invalid_argument("the samples of signal " + std::to_string(i) +
                                " lie too far apart for " +
                                (sizeof(Real) == 8 ? "float64" : "float32"));
}

}  // namespace

template <typename Real>
void normalise(std::span<const Real> signals, std::size_t length, std::size_t i,
               std::span<Real> out) {
    if (length == 0 || signals.size() % length != 0 || i >= signals.size() / length ||
        out.size() != length) {
        throw std::invalid_argument("there is no signal " + std::to_string(i) + " of " +
                                    std::to_string(length) + " samples in an array of " +
                                    std::to_string(signals.size()) + " with a result of " +
                                    std::to_string(out.size()));
    }
    const auto [low, span] = extremes(signals, length, i);
    if (!std::isfinite(span)) too_far_apart(signals, length);
    const std::span<const Real> from = signals.subspan(i * length, length);
    if (span == 0) return std::fill(out.begin(), out.end(), Real{0});
    const SamplesKernel<Real>& kernel = samples_kernels().of<Real>();
    for_each_chunk(length, [&, low = low, span = span](std::size_t begin, std::size_t end) {
        kernel.normalise(&from[begin], end - begin, low, span, &out[begin]);
    });
}

template <typename Real>
void normalise(std::span<const Real> signals, std::size_t length, std::span<Real> out) {
    if (length == 0 || signals.size() % length != 0 || out.size() != signals.size()) {
        throw std::invalid_argument(std::to_string(signals.size()) + " samples and a result of " +
                                    std::to_string(out.size()) + " are not whole signals of " +
                                    std::to_string(length));
    }
    for (std::size_t i = 0; i < signals.size() / length; ++i) {
        normalise(signals, length, i, out.subspan(i * length, length));
    }
}

template void normalise<double>(std::span<const double>, std::size_t, std::span<double>);
template void normalise<float>(std::span<const float>, std::size_t, std::span<float>);
template void normalise<double>(std::span<const double>, std::size_t, std::size_t,
                                std::span<double>);
template void normalise<float>(std::span<const float>, std::size_t, std::size_t, std::span<float>);

}  // namespace kac
