#include "fft.hpp"

#include "vector.hpp"

/// The Fourier transform of real signals, one signal a lane. With w_n = exp(-2 pi i / n):
///
/// **A pass.** Split n = r l samples into r interleaved signals of l samples, whose spectra are
/// S_0 ... S_{r-1}. The spectrum of them all is
///     X_{k + l q} = sum_j w_r^{q j} (w_n^{k j} S_j(k)),    0 <= k < l, 0 <= q < r:
/// r numbers are turned by their twiddle factors and Fourier transformed, for each k. Starting from
/// single samples, which are their own spectra, the passes build up the whole. As the r signals are
/// interleaved, the spectra of one pass lie where the next one wants them (Stockham): of b blocks
/// that a pass makes, block c is made of blocks c, c + b, c + 2 b, ... of the b r before.
///
/// **Real signals.** X_{n-k} = conj X_k, so k <= l / 2 and bins up to n / 2 suffice. Let a_j be the
/// real and b_j the imaginary parts of the turned numbers of one k, and A and B the transforms of
/// either. Then A_{r-q} = conj A_q, likewise B, and
///     X_{l q + k} = A_q + i B_q,    X_{l q - k} = conj X_{l (r - q) + k} = A_q - i B_q,
/// so that bins up to n / 2 come from q <= r / 2, and all that is ever transformed is r real
/// numbers: a *butterfly*. For k = 0 there is nothing to turn, and B = 0.
///
/// A spectrum is packed into as many numbers as there are samples: re X_0, re X_1, im X_1, ...,
/// and for even n at last re X_{n/2}.
namespace kac::KAC_TARGET_ISA {

namespace {

/// Room for the direct sum of a prime factor; with larger ones Bluestein's algorithm is quicker at
/// every length.
constexpr std::size_t largest_radix = 113;

/// Radix 0 stands for an odd one that is only known at run time.
template <std::size_t Radix>
constexpr std::size_t room = Radix == 0 ? largest_radix : Radix;

/// By sums over pairs j, r - j, whose cosines are equal and whose sines are opposite:
///     re V_q = v_0 + sum_j (v_j + v_{r-j}) cos(2 pi q j / r),
///     im V_q =     - sum_j (v_j - v_{r-j}) sin(2 pi q j / r),    1 <= j <= r / 2.
template <std::size_t Radix, typename Real>
inline void odd_butterfly(Vector<Real>* v, std::size_t radix, const Real* roots) {
    const std::size_t r = Radix == 0 ? radix : Radix, half = r / 2;
    Vector<Real> sums[room<Radix> / 2 + 1], differences[room<Radix> / 2 + 1];
    const Vector<Real> first = v[0];
    for (std::size_t j = 1; j <= half; ++j) {
        sums[j] = v[j] + v[r - j];
        differences[j] = v[j] - v[r - j];
        v[0] = v[0] + sums[j];
    }
    for (std::size_t q = 1; q <= half; ++q) {
        Vector<Real> re = first + roots[2 * q] * sums[1];
        Vector<Real> im = roots[2 * q + 1] * differences[1];
        for (std::size_t j = 2, turn = 2 * q % r; j <= half; ++j) {
            re = re + roots[2 * turn] * sums[j];
            im = im + roots[2 * turn + 1] * differences[j];
            turn = turn + q < r ? turn + q : turn + q - r;
        }
        v[2 * q - 1] = re;
        v[2 * q] = im;
    }
}

/// r real numbers to their packed spectrum, in place.
template <std::size_t Radix, typename Real>
inline void butterfly(Vector<Real>* v, std::size_t radix, const Real* roots) {
    if constexpr (Radix == 1) {
        return;
    } else if constexpr (Radix == 2) {
        const Vector<Real> sum = v[0] + v[1];
        v[1] = v[0] - v[1];
        v[0] = sum;
    } else if constexpr (Radix == 4) {
        const Vector<Real> sum02 = v[0] + v[2], sum13 = v[1] + v[3];
        const Vector<Real> re1 = v[0] - v[2], im1 = v[3] - v[1];
        v[0] = sum02 + sum13;
        v[1] = re1;
        v[2] = im1;
        v[3] = sum02 - sum13;
    } else if constexpr (Radix == 8) {
        // Even and odd samples apart: X_q = E_q + w_8^q O_q, X_{4-q} = conj(E_q - w_8^q O_q).
        Vector<Real> even[4] = {v[0], v[2], v[4], v[6]}, odd[4] = {v[1], v[3], v[5], v[7]};
        butterfly<4, Real>(even, 4, nullptr);
        butterfly<4, Real>(odd, 4, nullptr);
        const Real diagonal = static_cast<Real>(0.70710678118654752440);  // w_8 = diagonal (1 - i)
        const Vector<Real> re = diagonal * (odd[1] + odd[2]), im = diagonal * (odd[2] - odd[1]);
        v[0] = even[0] + odd[0];
        v[1] = even[1] + re;
        v[2] = im + even[2];
        v[3] = even[3];
        v[4] = Vector<Real>{} - odd[3];
        v[5] = even[1] - re;
        v[6] = im - even[2];
        v[7] = even[0] - odd[0];
    } else {
        odd_butterfly<Radix, Real>(v, radix, roots);
    }
}

/// Where bins go. `real` is for the bins 0 and n / 2.
template <typename Real>
struct Packed {
    Real* to;
    std::size_t stride;

    Real* at(std::size_t index) const { return to + index * lanes<Real>; }
    void real(std::size_t k, Vector<Real> re) const { store(at(k == 0 ? 0 : 2 * k - 1), re); }
    void complex(std::size_t k, Vector<Real> re, Vector<Real> im) const {
        store(at(2 * k - 1), re);
        store(at(2 * k), im);
    }
};
template <typename Real>
struct Complex {
    Real* to;
    std::size_t stride;

    void real(std::size_t k, Vector<Real> re) const { complex(k, re, Vector<Real>{}); }
    void complex(std::size_t k, Vector<Real> re, Vector<Real> im) const {
        store(to + 2 * k * stride, re);
        store(to + (2 * k + 1) * stride, im);
    }
};
template <typename Real>
struct Power {
    Real* to;
    std::size_t stride;

    void real(std::size_t k, Vector<Real> re) const { store(to + k * stride, re * re); }
    void complex(std::size_t k, Vector<Real> re, Vector<Real> im) const {
        store(to + k * stride, re * re + im * im);
    }
};

/// One block of a pass, bins k of the spectra that it reads in turn: `from` is the first of them,
/// `distance` numbers lie between each and the next.
template <std::size_t Radix, typename Real, typename Sink>
struct Join {
    const FftPass<Real>& pass;
    const Real* from;
    std::size_t distance;
    Sink sink;

    std::size_t radix() const { return Radix == 0 ? pass.radix : Radix; }
    void transform(Vector<Real>* v) const { butterfly<Radix, Real>(v, radix(), pass.roots); }

    /// k = 0: real numbers, nothing to turn.
    void first() const {
        const std::size_t r = radix(), l = pass.length;
        Vector<Real> a[room<Radix>];
        a[0] = load(from);
        for (std::size_t j = 1; j < r; ++j) a[j] = load(from + j * distance);
        transform(a);
        sink.real(0, a[0]);
        for (std::size_t q = 1; 2 * q < r; ++q) sink.complex(l * q, a[2 * q - 1], a[2 * q]);
        if (r % 2 == 0) sink.real(l * (r / 2), a[r - 1]);
    }

    /// 0 < k < l / 2; w: the twiddles of k.
    void middle(std::size_t k, const Real* w) const {
        const std::size_t r = radix(), l = pass.length;
        const Real* at = from + (2 * k - 1) * lanes<Real>;
        Vector<Real> a[room<Radix>], b[room<Radix>];
        a[0] = load(at);
        b[0] = load(at + lanes<Real>);
        for (std::size_t j = 1; j < r; ++j, w += 2) {
            const Vector<Real> re = load(at + j * distance);
            const Vector<Real> im = load(at + j * distance + lanes<Real>);
            a[j] = w[0] * re - w[1] * im;
            b[j] = w[1] * re + w[0] * im;
        }
        transform(a);
        transform(b);
        sink.complex(k, a[0], b[0]);
        for (std::size_t q = 1; 2 * q < r; ++q) {
            const Vector<Real> a_re = a[2 * q - 1], a_im = a[2 * q];
            const Vector<Real> b_re = b[2 * q - 1], b_im = b[2 * q];
            sink.complex(l * q + k, a_re - b_im, a_im + b_re);
            sink.complex(l * q - k, a_re + b_im, a_im - b_re);
        }
        if (r % 2 == 0) sink.complex(l * (r / 2) - k, a[r - 1], Vector<Real>{} - b[r - 1]);
    }

    /// k = l / 2, where l is even and so is r (odd radices come first): real numbers y_j again. As
    /// w_{2r}^{(2q+1) r/2} = -i (-1)^q, the bins of even q are a complex transform of half as many,
    ///     X_{2p l + k} = sum_{j < r/2} w_{r/2}^{p j} w_{2r}^j (y_j - i y_{j + r/2}),
    /// and those of odd q are the conjugates of others of them:
    ///     X_{q l + k} = conj X_{(r-1-q) l + k}.
    void last(const Real* w) const {
        constexpr std::size_t r = Radix, h = Radix / 2;
        const std::size_t l = pass.length, k = l / 2;
        const auto at = [&](std::size_t j) {
            return load(from + j * distance + (l - 1) * lanes<Real>);
        };
        const auto put = [&](std::size_t p, Vector<Real> re, Vector<Real> im) {
            if (2 * p < h) sink.complex(2 * p * l + k, re, im);
            if (2 * p >= h) sink.complex((r - 1 - 2 * p) * l + k, re, Vector<Real>{} - im);
        };
        Vector<Real> a[h], b[h];
        a[0] = at(0);
        b[0] = Vector<Real>{} - at(h);
        for (std::size_t j = 1; j < h; ++j, w += 2) {
            const Vector<Real> re = at(j), im = at(h + j);
            a[j] = w[0] * re + w[1] * im;
            b[j] = w[1] * re - w[0] * im;
        }
        butterfly<h, Real>(a, h, nullptr);
        butterfly<h, Real>(b, h, nullptr);
        put(0, a[0], b[0]);
        for (std::size_t p = 1; 2 * p < h; ++p) {
            const Vector<Real> a_re = a[2 * p - 1], a_im = a[2 * p];
            const Vector<Real> b_re = b[2 * p - 1], b_im = b[2 * p];
            put(p, a_re - b_im, a_im + b_re);
            put(h - p, a_re + b_im, b_re - a_im);
        }
        if (h % 2 == 0) put(h / 2, a[h - 1], b[h - 1]);
    }

    void run() const {
        const std::size_t twiddles_of_one = 2 * (radix() - 1);
        const Real* w = pass.twiddles;
        first();
        std::size_t k = 1;
        for (; 2 * k < pass.length; ++k, w += twiddles_of_one) middle(k, w);
        if constexpr (Radix % 2 == 0 && Radix != 0) {
            if (2 * k == pass.length) last(w);
        }
    }
};

template <std::size_t Radix, typename Real, template <typename> typename Sink>
void run(const FftPass<Real>& pass, const Real* from, Real* to, std::size_t stride) {
    const std::size_t size = pass.length * lanes<Real>;
    for (std::size_t c = 0; c < pass.blocks; ++c) {
        Join<Radix, Real, Sink<Real>>{
            pass, from + c * size, pass.blocks * size, {to + c * pass.radix * size, stride}}
            .run();
    }
}

template <typename Real, template <typename> typename Sink>
void run(const FftPass<Real>& pass, const Real* from, Real* to, std::size_t stride) {
    switch (pass.radix) {
        case 2:
            return run<2, Real, Sink>(pass, from, to, stride);
        case 3:
            return run<3, Real, Sink>(pass, from, to, stride);
        case 4:
            return run<4, Real, Sink>(pass, from, to, stride);
        case 5:
            return run<5, Real, Sink>(pass, from, to, stride);
        case 7:
            return run<7, Real, Sink>(pass, from, to, stride);
        case 8:
            return run<8, Real, Sink>(pass, from, to, stride);
        default:
            return run<0, Real, Sink>(pass, from, to, stride);
    }
}

template <typename Real>
void forward(const FftPasses<Real>& passes, Real* data, Real* work, const FftTarget<Real>& target) {
    for (std::size_t i = 0; i + 1 < passes.count; ++i) {
        run<Real, Packed>(passes.first[i], data, work, lanes<Real>);
        Real* const done = work;
        work = data;
        data = done;
    }
    const FftPass<Real>& last = passes.first[passes.count - 1];
    switch (target.output) {
        case FftOutput::packed:
            return run<Real, Packed>(last, data, target.to, target.stride);
        case FftOutput::complex:
            return run<Real, Complex>(last, data, target.to, target.stride);
        case FftOutput::power:
            return run<Real, Power>(last, data, target.to, target.stride);
    }
}

/// Bluestein's algorithm (chirp-z). With j k = (j^2 + k^2 - (k - j)^2) / 2 a transform is a
/// convolution:
///     X_k = e_k sum_j (x_j e_j) conj(e_{k-j}),   e_j = exp(-pi i j^2 / n) = c_j - i s_j,
/// of p = sum_j (x c)_j c_{k-j} + (x s)_j s_{k-j} and q = sum_j (x c)_j s_{k-j} - (x s)_j c_{k-j}:
///     X_k = (c_k - i s_k) (p_k + i q_k).
/// It is made by real transforms of some convenient length m, round which the indices wrap. What is
/// summed has period n in j, so any n neighbours will do: from -n/4 on, the distances k - j, with
/// k <= n / 2, reach as far to either side, 3 n/4, and m > 3 n/2 is enough. c and s are even, so
/// their spectra are real.
///
/// The way back needs no other transform: where P is the spectrum of p, the real numbers
/// h_k = re P_k - im P_k have a spectrum H with p_t = (re H_t - im H_t) / m (Hartley). The spectra
/// of c and s, `filters`, have been divided by m already.
template <typename Real>
void modulate(const FftBluestein<Real>& plan, const Real* data, Real* cosines, Real* sines) {
    const std::size_t n = plan.length, m = plan.passes.length;
    std::size_t from = n - plan.shift;
    for (std::size_t i = 0; i < m; ++i) {
        Vector<Real> c{}, s{};
        if (i < n) {
            if (from == n) from = 0;
            const Vector<Real> x = load(data + from++ * lanes<Real>);
            c = plan.factors[2 * i] * x;
            s = plan.factors[2 * i + 1] * x;
        }
        store(cosines + i * lanes<Real>, c);
        store(sines + i * lanes<Real>, s);
    }
}

/// h_k and h_{m-k} of the parts of bin k.
template <typename Real>
inline void unfold(Real* to, std::size_t k, std::size_t m, Vector<Real> re, Vector<Real> im) {
    store(to + k * lanes<Real>, re - im);
    store(to + (m - k) * lanes<Real>, re + im);
}

/// The products of the spectra, ready to be brought back.
template <typename Real>
void multiply(const FftBluestein<Real>& plan, const Real* u, const Real* v, Real* p, Real* q) {
    const std::size_t m = plan.passes.length;
    for (std::size_t k = 0; 2 * k <= m; ++k) {
        const Real c = plan.filters[2 * k], s = plan.filters[2 * k + 1];
        const std::size_t re = (k == 0 ? 0 : 2 * k - 1) * lanes<Real>;
        const Vector<Real> u_re = load(u + re), v_re = load(v + re);
        const Vector<Real> p_re = c * u_re + s * v_re, q_re = s * u_re - c * v_re;
        if (k == 0 || 2 * k == m) {
            store(p + k * lanes<Real>, p_re);
            store(q + k * lanes<Real>, q_re);
            continue;
        }
        const Vector<Real> u_im = load(u + re + lanes<Real>), v_im = load(v + re + lanes<Real>);
        unfold<Real>(p, k, m, p_re, c * u_im + s * v_im);
        unfold<Real>(q, k, m, q_re, s * u_im - c * v_im);
    }
}

template <typename Real, template <typename> typename Sink>
void demodulate(const FftBluestein<Real>& plan, const Real* p, const Real* q, Sink<Real> sink) {
    for (std::size_t k = 0; 2 * k <= plan.length; ++k) {
        const std::size_t i = k + plan.shift, at = (2 * i - 1) * lanes<Real>;
        const Vector<Real> p_k = load(p + at) - load(p + at + lanes<Real>);
        const Vector<Real> q_k = load(q + at) - load(q + at + lanes<Real>);
        const Real c = plan.factors[2 * i], s = plan.factors[2 * i + 1];
        const Vector<Real> re = c * p_k + s * q_k, im = c * q_k - s * p_k;
        if (k == 0 || 2 * k == plan.length) {
            sink.real(k, re);
        } else {
            sink.complex(k, re, im);
        }
    }
}

template <typename Real>
void bluestein(const FftBluestein<Real>& plan, const Real* data, Real* work,
               const FftTarget<Real>& target) {
    const std::size_t size = plan.passes.length * lanes<Real>;
    Real *const a = work, *const b = a + size, *const c = b + size, *const d = c + size;
    const auto transform = [&](Real* from, Real* spare, Real* to) {
        forward<Real>(plan.passes, from, spare, {FftOutput::packed, to, lanes<Real>});
    };
    modulate(plan, data, a, b);
    transform(a, c, d);
    transform(b, c, a);
    multiply(plan, d, a, b, c);
    transform(b, a, d);
    transform(c, a, b);
    switch (target.output) {
        case FftOutput::packed:
            return demodulate<Real, Packed>(plan, d, b, {target.to, target.stride});
        case FftOutput::complex:
            return demodulate<Real, Complex>(plan, d, b, {target.to, target.stride});
        case FftOutput::power:
            return demodulate<Real, Power>(plan, d, b, {target.to, target.stride});
    }
}

template <typename Real>
constexpr FftKernel<Real> kernel = {lanes<Real>, largest_radix, forward<Real>, bluestein<Real>};

}  // namespace

constinit const FftKernels fft_kernels = {kernel<double>, kernel<float>};

}  // namespace kac::KAC_TARGET_ISA
