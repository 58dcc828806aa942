#include "kac/fft.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "kac/parallel.hpp"

namespace kac {
namespace {

/// Beyond this a prime factor's direct sum costs more than Bluestein's detour.
constexpr std::size_t largest_radix = 61;

/// The radices of a length, fours first; empty if a prime factor is too large for a direct sum.
std::vector<std::size_t> factorise(std::size_t length) {
    std::vector<std::size_t> radices;
    for (; length % 4 == 0; length /= 4) radices.push_back(4);
    for (std::size_t radix = 2; length > 1; ++radix) {
        if (radix > largest_radix) return {};
        for (; length % radix == 0; length /= radix) radices.push_back(radix);
    }
    return radices;
}

std::size_t positive(std::size_t length) {
    if (length > 0) return length;
    throw std::invalid_argument("the length of a Fourier transform must be at least 1, got 0");
}

/// One pass of Stockham's algorithm: from x_{q + s (p + m k)} to y_{q + s (r p + j)}.
///
/// With n = r m, index k = p + m k' and bin j + r j' (p < m, j < r) the sum splits into
///     X_{j + r j'} = sum_p w_m^{p j'} [ w_n^{p j} sum_k' w_r^{k' j} x_{p + m k'} ],
/// w_n = exp(-2 pi i / n): butterflies of r numbers, a twiddle factor each, then r transforms of
/// length m. These are kept interleaved (stride s, the product of the radices so far), so the last
/// pass leaves the bins in order, without a bit reversal.
struct Pass {
    std::size_t radix, remaining, stride;
    std::vector<std::complex<double>> twiddles;  // w_n^{p j}: p < m, then 0 < j < r
    std::vector<std::complex<double>> roots;     // w_r^j: j < r

    Pass(std::size_t r, std::size_t n, std::size_t s) : radix(r), remaining(n / r), stride(s) {
        for (std::size_t p = 0; p < remaining; ++p) {
            for (std::size_t j = 1; j < r; ++j) twiddles.push_back(root_of_unity(p * j, n));
        }
        for (std::size_t j = 0; j < r; ++j) roots.push_back(root_of_unity(j, r));
    }

    void run(const Lanes* x, Lanes* y) const {
        if (radix == 2) return run<2>(x, y);
        if (radix == 3) return run<3>(x, y);
        if (radix == 4) return run<4>(x, y);
        if (radix == 5) return run<5>(x, y);
        if (radix == 7) return run<7>(x, y);
        run<0>(x, y);
    }

  private:
    /// `Radix` 0 stands for one only known at run time.
    template <std::size_t Radix>
    void run(const Lanes* x, Lanes* y) const {
        column<Radix, false>(x, y, 0);
        for (std::size_t p = 1; p < remaining; ++p) column<Radix, true>(x, y, p);
    }

    template <std::size_t Radix, bool Twiddled>
    void column(const Lanes* x, Lanes* y, std::size_t p) const {
        const std::size_t r = Radix == 0 ? radix : Radix;
        const std::complex<double>* w = twiddles.data() + p * (r - 1);
        for (std::size_t q = 0; q < stride; ++q) {
            std::array<Complex, Radix == 0 ? largest_radix : Radix> v;
            for (std::size_t k = 0; k < r; ++k) v[k] = load(x, q + stride * (p + remaining * k));
            butterfly<Radix>(v.data());
            for (std::size_t j = 0; j < r; ++j) {
                const bool turned = Twiddled && j > 0;
                store(y, q + stride * (r * p + j), turned ? v[j] * w[j - 1] : v[j]);
            }
        }
    }

    template <std::size_t Radix>
    void butterfly(Complex* v) const {
        if constexpr (Radix == 2) {
            const Complex sum = v[0] + v[1];
            v[1] = v[0] - v[1];
            v[0] = sum;
        } else if constexpr (Radix == 4) {
            const Complex sum02 = v[0] + v[2], difference02 = v[0] - v[2];
            const Complex sum13 = v[1] + v[3], turned13 = times_i(v[1] - v[3]);
            v[0] = sum02 + sum13;
            v[1] = difference02 - turned13;
            v[2] = sum02 - sum13;
            v[3] = difference02 + turned13;
        } else {
            odd_butterfly<Radix>(v);
        }
    }

    /// The sum over pairs k, r - k, whose cosines are equal and whose sines are opposite:
    ///     V_j, V_{r-j} = v_0 + sum_k cos(2 pi j k / r) (v_k + v_{r-k})
    ///                       -+ i sum_k sin(2 pi j k / r) (v_k - v_{r-k}).
    template <std::size_t Radix>
    void odd_butterfly(Complex* v) const {
        const std::size_t r = Radix == 0 ? radix : Radix, half = r / 2;
        constexpr std::size_t most = (Radix == 0 ? largest_radix : Radix) / 2 + 1;
        std::array<Complex, most> sums, differences;
        Complex total = v[0];
        for (std::size_t k = 1; k <= half; ++k) {
            sums[k] = v[k] + v[r - k];
            differences[k] = times_i(v[k] - v[r - k]);
            total = total + sums[k];
        }
        for (std::size_t j = 1; j <= half; ++j) {
            Complex even = v[0], odd{};
            for (std::size_t k = 1, angle = j; k <= half; ++k, angle = (angle + j) % r) {
                even = even + sums[k] * roots[angle].real();
                odd = odd + differences[k] * roots[angle].imag();
            }
            v[j] = even + odd;
            v[r - j] = even - odd;
        }
        v[0] = total;
    }
};

/// Bluestein's detour: with j k = (j^2 + k^2 - (k - j)^2) / 2 and c_j = exp(-pi i j^2 / n),
///     X_k = c_k sum_j (x_j c_j) conj(c_{k-j}),
/// a convolution, done by transforms of any convenient length of at least 2 n - 1.
struct Chirp {
    ComplexFft fft;
    std::vector<std::complex<double>> chirp;   // c_j
    std::vector<std::complex<double>> kernel;  // transform of conj(c), over its length

    explicit Chirp(std::size_t length) : fft(std::bit_ceil(2 * length - 1)) {
        // j^2 modulo 2 n, in whole numbers: the angle keeps all its digits.
        for (std::size_t j = 0, square = 0; j < length; ++j) {
            chirp.push_back(root_of_unity(square, 2 * length));
            square = (square + 2 * j + 1) % (2 * length);
        }
        std::vector<Lanes> data(2 * fft.length()), work(fft.workspace());
        for (std::size_t j = 0; j < length; ++j) {
            const Complex value = broadcast(std::conj(chirp[j]));
            store(data.data(), j, value);
            store(data.data(), (fft.length() - j) % fft.length(), value);
        }
        const Lanes* result = fft.forward(data.data(), work.data());
        const double scale = 1.0 / static_cast<double>(fft.length());  // a power of two: exact
        for (std::size_t k = 0; k < fft.length(); ++k) {
            kernel.emplace_back(result[2 * k][0] * scale, result[2 * k + 1][0] * scale);
        }
    }

    /// `work` holds the two buffers of the longer transform.
    void run(Lanes* data, Lanes* work) const {
        Lanes *padded = work, *other = work + 2 * fft.length();
        for (std::size_t j = 0; j < chirp.size(); ++j) store(padded, j, load(data, j) * chirp[j]);
        std::fill(padded + 2 * chirp.size(), other, Lanes{});
        const Lanes* spectrum = fft.forward(padded, other);
        // The inverse transform of P is conj(transform of conj(P)) / length.
        for (std::size_t k = 0; k < kernel.size(); ++k) {
            store(padded, k, conj(load(spectrum, k) * kernel[k]));
        }
        const Lanes* convolution = fft.forward(padded, other);
        for (std::size_t k = 0; k < chirp.size(); ++k) {
            store(data, k, conj(load(convolution, k)) * chirp[k]);
        }
    }
};

}  // namespace

std::complex<double> root_of_unity(std::size_t k, std::size_t n) {
    // Whole numbers bring the angle into the first octant, where sine and cosine are most exact.
    const std::size_t scaled = 8 * (k % n), octant = scaled / n, rest = scaled % n;
    const auto numerator = static_cast<long double>(octant % 2 == 0 ? rest : n - rest);
    constexpr long double pi = 3.14159265358979323846264338327950288L;  // std's may be a double's
    const long double angle = pi / 4 * (numerator / static_cast<long double>(n));
    auto c = static_cast<double>(std::cos(angle)), s = static_cast<double>(std::sin(angle));
    if (octant == 1 || octant == 2 || octant == 5 || octant == 6) std::swap(c, s);
    return {octant >= 2 && octant < 6 ? -c : c, octant < 4 ? -s : s};
}

/// A row of passes, or the detour.
struct ComplexFft::Plan {
    std::vector<Pass> passes;
    std::optional<Chirp> chirp;
};

ComplexFft::ComplexFft(std::size_t length) : length_(positive(length)) {
    Plan plan;
    std::size_t stride = 1;
    for (const std::size_t radix : factorise(length)) {
        plan.passes.emplace_back(radix, length / stride, stride);
        stride *= radix;
    }
    if (stride < length) plan.chirp.emplace(length);
    plan_ = std::make_shared<const Plan>(std::move(plan));
}

std::size_t ComplexFft::workspace() const {
    return plan_->chirp ? 4 * plan_->chirp->fft.length() : 2 * length_;
}

const Lanes* ComplexFft::forward(Lanes* data, Lanes* work) const {
    if (plan_->chirp) {
        plan_->chirp->run(data, work);
        return data;
    }
    for (const Pass& pass : plan_->passes) {
        pass.run(data, work);
        std::swap(data, work);
    }
    return data;
}

RealFft::RealFft(std::size_t length)
    : length_(positive(length)), complex_(length % 2 == 0 ? length / 2 : length) {
    for (std::size_t k = 0; length % 2 == 0 && k <= length / 4; ++k) {
        twiddles_.push_back(root_of_unity(k, length) * std::complex<double>(0.0, -0.5));
    }
}

std::size_t RealFft::workspace() const {
    return complex_.workspace() + (length_ % 2 == 0 ? 0 : 2 * length_);
}

/// Even length n: the transform Z of z_j = x_{2j} + i x_{2j+1}, half as long, holds the transforms
/// E and O of the even and the odd samples as Z_k = E_k + i O_k, and since these are spectra of
/// real signals,
///     E_k = (Z_k + conj Z_{n/2-k}) / 2,   O_k = (Z_k - conj Z_{n/2-k}) / 2i,
///     X_k = E_k + w^k O_k,   X_{n/2-k} = conj(E_k - w^k O_k),   w = exp(-2 pi i / n).
/// The samples lie in memory as z wants them. Odd length: a complex transform, half of it unused
/// (two signals in one would let each see the other's rounding).
template <typename Emit>
void RealFft::unpack(Lanes* signal, Lanes* work, const Emit& emit) const {
    if (length_ % 2 == 1) {
        Lanes* data = work + complex_.workspace();
        for (std::size_t j = 0; j < length_; ++j) store(data, j, {signal[j], Lanes{}});
        const Lanes* z = complex_.forward(data, work);
        for (std::size_t k = 0; k < bins(); ++k) emit(k, load(z, k));
        return;
    }
    const Lanes* z = complex_.forward(signal, work);
    const std::size_t half = length_ / 2;
    emit(0, Complex{z[0] + z[1], Lanes{}});
    emit(half, Complex{z[0] - z[1], Lanes{}});
    for (std::size_t k = 1; 2 * k <= half; ++k) {
        const Complex a = load(z, k), b = conj(load(z, half - k));
        const Complex even = (a + b) * 0.5;
        const Complex odd = (a - b) * twiddles_[k];
        emit(k, even + odd);
        emit(half - k, conj(even - odd));
    }
}

void RealFft::forward(Lanes* signal, Lanes* spectrum, Lanes* work) const {
    unpack(signal, work, [=](std::size_t k, const Complex& x) { store(spectrum, k, x); });
}

void RealFft::power(Lanes* signal, Lanes* power, Lanes* work) const {
    unpack(signal, work,
           [=](std::size_t k, const Complex& x) { power[k] = x.re * x.re + x.im * x.im; });
}

void RealFft::forward(std::span<const double> signals,
                      std::span<std::complex<double>> spectra) const {
    const std::size_t count = signals.size() / length_;
    if (count * length_ != signals.size() || count * bins() != spectra.size()) {
        throw std::invalid_argument(
            std::to_string(signals.size()) + " samples and " + std::to_string(spectra.size()) +
            " bins are not whole signals of " + std::to_string(length_) + " and their spectra");
    }
    std::vector<Lanes> signal(length_), spectrum(2 * bins()), work(workspace());
    for (std::size_t first = 0; first < count; first += lane_count) {
        checkpoint();
        const std::size_t used = std::min(lane_count, count - first);
        for (std::size_t j = 0; j < length_; ++j) {
            for (std::size_t i = 0; i < lane_count; ++i) {
                signal[j][i] = i < used ? signals[(first + i) * length_ + j] : 0.0;
            }
        }
        forward(signal.data(), spectrum.data(), work.data());
        for (std::size_t k = 0; k < bins(); ++k) {
            for (std::size_t i = 0; i < used; ++i) {
                spectra[(first + i) * bins() + k] = {spectrum[2 * k][i], spectrum[2 * k + 1][i]};
            }
        }
    }
}

}  // namespace kac
