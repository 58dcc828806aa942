#include "kac/fft.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "kac/aligned.hpp"
#include "kac/finite.hpp"
#include "kac/parallel.hpp"
#include "kac/roots.hpp"
#include "kernels/frames.hpp"
#include "lane_fft.hpp"

namespace kac {

namespace {

using Radices = std::vector<std::size_t>;

/// Signals a thread takes at a time.
constexpr std::size_t signals_per_block = 32;

/// The odd primes, then eights, and fours where eights leave twos: while the lengths are odd no
/// pass has a bin in the middle.
Radices factorise(std::size_t length) {
    Radices radices;
    auto twos = static_cast<std::size_t>(std::countr_zero(length));
    length >>= twos;
    for (const std::size_t radix : {7U, 5U, 3U}) {
        for (; length % radix == 0; length /= radix) radices.push_back(radix);
    }
    for (std::size_t radix = 11; radix * radix <= length; radix += 2) {
        for (; length % radix == 0; length /= radix) radices.push_back(radix);
    }
    if (length > 1) radices.push_back(length);
    for (; twos >= 3 && twos != 4; twos -= 3) radices.push_back(8);
    for (; twos >= 2; twos -= 2) radices.push_back(4);
    if (twos == 1) radices.push_back(2);
    if (radices.empty()) radices.push_back(1);
    return radices;
}

/// The approximate cost of a pass per sample: additions, and memory traffic. The radices without a
/// butterfly of their own loop over a table.
double cost(std::size_t radix) {
    switch (radix) {
        case 2:
            return 2.5;
        case 4:
            return 3.75;
        case 8:
            return 5.1;
        default:
            return radix < 8 ? 2.5 + 0.5 * static_cast<double>(radix)
                             : 1.35 * static_cast<double>(radix);
    }
}
double cost(const Radices& radices) {
    double sum = 0.0;
    for (const std::size_t radix : radices) sum += cost(radix);
    return sum;
}

/// Bluestein's algorithm costs four transforms of `radices`, and the modulation around them.
double bluestein_cost(const Radices& radices) {
    return 4.0 * cost(radices) + 8.0;
}

/// The cheapest length of at least `least` for Bluestein's transforms.
std::size_t convenient(std::size_t least) {
    std::size_t best = 0;
    double lowest = std::numeric_limits<double>::infinity();
    for (const std::size_t odd : {1U, 3U, 5U, 7U, 9U, 15U, 21U, 25U, 27U}) {
        std::size_t length = odd;
        while (length < least) length *= 2;
        const double price = static_cast<double>(length) * bluestein_cost(factorise(length));
        if (price < lowest) {
            best = length;
            lowest = price;
        }
    }
    return best;
}

/// How far the indices of the convolution reach to either side, the first of them `shift` samples
/// before 0.
std::size_t shift_of(std::size_t length) {
    return length / 4;
}
std::size_t reach_of(std::size_t length) {
    return std::max(length - 1 - shift_of(length), length / 2 + shift_of(length));
}

std::size_t bluestein_length(std::size_t length) {
    return convenient(2 * reach_of(length) + 1);
}

bool uses_bluestein(std::size_t length, std::size_t largest_radix) {
    const Radices radices = factorise(length);
    const std::size_t largest = *std::max_element(radices.begin(), radices.end());
    if (largest <= 8 || largest > largest_radix) return largest > largest_radix;
    const std::size_t longer = bluestein_length(length);
    return static_cast<double>(longer) * bluestein_cost(factorise(longer)) <
           static_cast<double>(length) * cost(radices);
}

template <typename Real>
void append(std::vector<Real>& table, std::complex<double> value) {
    table.push_back(static_cast<Real>(value.real()));
    table.push_back(static_cast<Real>(value.imag()));
}

}  // namespace

template <typename Real>
LaneFft<Real>::Passes::Passes(const Radices& radices) {
    std::size_t blocks = 1;
    for (const std::size_t radix : radices) blocks *= radix;
    for (const std::size_t radix : radices) {
        const std::size_t joined = radix * length_;
        std::vector<Real> roots, twiddles;
        for (std::size_t j = 0; j < radix; ++j) append(roots, root_of_unity(j, radix));
        for (std::size_t k = 1; 2 * k <= length_; ++k) {
            if (k % 1024 == 0) check_cancelled();
            for (std::size_t j = 1; j < radix; ++j) append(twiddles, root_of_unity(j * k, joined));
        }
        blocks /= radix;
        passes_.push_back({radix, length_, blocks, roots.data(), twiddles.data()});
        tables_.push_back(std::move(roots));
        tables_.push_back(std::move(twiddles));
        length_ = joined;
    }
}

template <typename Real>
LaneFft<Real>::Bluestein::Bluestein(std::size_t length)
    : passes(factorise(bluestein_length(length))), shift(shift_of(length)) {
    const auto chirp = [&](std::size_t distance) {  // exp(-pi i distance^2 / length)
        return root_of_unity(distance * distance % (2 * length), 2 * length);
    };
    for (std::size_t i = 0; i < length; ++i) {
        if (i % 1024 == 0) check_cancelled();
        append(factors, std::conj(chirp(i < shift ? shift - i : i - shift)));
    }
    const std::size_t size = passes.length();
    std::vector<double> chirps(2 * size);
    for (std::size_t distance = 0; distance <= reach_of(length); ++distance) {
        if (distance % 1024 == 0) check_cancelled();
        // Divided here, once, by what the way back wants.
        const auto value = std::conj(chirp(distance)) / static_cast<double>(size);
        for (const std::size_t at : {distance, (size - distance) % size}) {
            chirps[at] = value.real();
            chirps[size + at] = value.imag();
        }
    }
    const LaneFft<double> fft(size);
    std::vector<std::complex<double>> spectra(2 * fft.bins());
    fft.forward(chirps, spectra);
    for (std::size_t k = 0; k < fft.bins(); ++k) {
        append(filters, {spectra[k].real(), spectra[fft.bins() + k].real()});
    }
}

template <typename Real>
LaneFft<Real>::LaneFft(std::size_t length) : kernel_(fft_kernels().of<Real>()), length_(length) {
    if (uses_bluestein(length, kernel_.largest_radix)) {
        bluestein_.emplace(length);
    } else {
        passes_.emplace(factorise(length));
    }
}

template <typename Real>
std::size_t LaneFft<Real>::work_size() const {
    return bluestein_ ? lanes() * 4 * bluestein_->passes.length() : data_size();
}

template <typename Real>
void LaneFft<Real>::transform(Real* data, Real* work, const FftTarget<Real>& target) const {
    if (passes_) return kernel_.forward(*passes_, data, work, target);
    const auto& [passes, shift, factors, filters] = *bluestein_;
    kernel_.bluestein({length_, shift, factors.data(), filters.data(), passes}, data, work, target);
}

template <typename Real>
Real* LaneFft<Real>::transform(Real* data, Real* work, FftOutput output) const {
    // The last pass reads `data` if it is the first, the third, ...; Bluestein's algorithm reads
    // `work`.
    Real* const free = passes_ && passes_->count() % 2 == 1 ? work : data;
    transform(data, work, {output, free, lanes()});
    return free;
}

template <typename Real>
void LaneFft<Real>::forward(std::span<const Real> signals,
                            std::span<std::complex<Real>> spectra) const {
    const FramesKernel<Real>& frames = frames_kernels().of<Real>();
    const std::vector<Real> window(length_, Real{1});
    Aligned<Real> memory(data_size() + work_size());
    Real *const data = memory.data(), *const work = data + data_size();
    std::vector<const Real*> from(lanes());
    std::vector<Real*> to(lanes());
    const std::size_t count = signals.size() / length_;
    for (std::size_t first = 0; first < count; first += lanes()) {
        check_cancelled();
        const std::size_t used = std::min(lanes(), count - first);
        for (std::size_t i = 0; i < lanes(); ++i) {
            const std::size_t signal = first + std::min(i, used - 1);
            from[i] = &signals[signal * length_];
            to[i] = reinterpret_cast<Real*>(&spectra[signal * bins()]);
        }
        frames.gather(from.data(), window.data(), length_, data);
        const Real* spectrum = transform(data, work, FftOutput::complex);
        frames.scatter(spectrum, 2 * bins(), used, to.data());
    }
}

template <typename Real>
RealFft<Real>::RealFft(std::size_t length) {
    if (length == 0 || length > longest_fft) {
        throw std::invalid_argument(
            "the length of a Fourier transform must be at least 1 and at most " +
            std::to_string(longest_fft) + ", got " + std::to_string(length));
    }
    plan_ = std::make_shared<LaneFft<Real>>(length);
}

template <typename Real>
std::size_t RealFft<Real>::length() const {
    return plan_->length();
}

template <typename Real>
std::size_t RealFft<Real>::require_sizes(std::span<const Real> signals,
                                         std::span<std::complex<Real>> spectra) const {
    const std::size_t count = signals.size() / length();
    if (count * length() == signals.size() && count * bins() == spectra.size()) return count;
    throw std::invalid_argument(std::to_string(signals.size()) + " samples and " +
                                std::to_string(spectra.size()) + " bins are not whole signals of " +
                                std::to_string(length()) + " and their spectra");
}

template <typename Real>
void RealFft<Real>::forward(std::span<const Real> signals,
                            std::span<std::complex<Real>> spectra) const {
    require_sizes(signals, spectra);
    plan_->forward(signals, spectra);
}

template <typename Real>
void RealFft<Real>::forward(std::span<const Real> signals, std::span<std::complex<Real>> spectra,
                            const Executor& executor) const {
    const std::size_t count = require_sizes(signals, spectra);
    const std::size_t blocks = (count + signals_per_block - 1) / signals_per_block;
    executor.parallel_for(blocks, [&](std::size_t block) {
        const std::size_t first = block * signals_per_block;
        const std::size_t size = std::min(signals_per_block, count - first);
        require_finite(signals, length(), first * length(), (first + size) * length());
        plan_->forward(signals.subspan(first * length(), size * length()),
                       spectra.subspan(first * bins(), size * bins()));
    });
}

template class LaneFft<double>;
template class LaneFft<float>;
template class RealFft<double>;
template class RealFft<float>;

}  // namespace kac
