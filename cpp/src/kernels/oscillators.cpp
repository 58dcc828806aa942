#include "oscillators.hpp"

#include "vector.hpp"

namespace kac::KAC_TARGET_ISA {

namespace {

/// What the registers hold: rows times `vectors` sums, one row of factors, a product.
constexpr std::size_t rows = KAC_VECTOR_BYTES == 64 ? 8 : 4;
constexpr std::size_t vectors = 2;

template <typename Real>
constexpr std::size_t columns = vectors * lanes<Real>;

template <typename Real>
struct Tile {
    Real values[rows][columns<Real>];
};

/// tile[r][c] = sum over the terms t of left[t][r] * right[t][c], in the order of the terms
template <typename Real>
Tile<Real> multiply_tile(const Real* left, const Real* right, std::size_t terms) {
    Vector<Real> sum[rows][vectors] = {};
    for (std::size_t t = 0; t < terms; ++t) {
        const Vector<Real> a = load(right), b = load(right + lanes<Real>);
        for (std::size_t r = 0; r < rows; ++r) {
            sum[r][0] = sum[r][0] + left[r] * a;
            sum[r][1] = sum[r][1] + left[r] * b;
        }
        left += rows;
        right += columns<Real>;
    }
    Tile<Real> tile;
    for (std::size_t r = 0; r < rows; ++r) {
        store(tile.values[r], sum[r][0]);
        store(tile.values[r] + lanes<Real>, sum[r][1]);
    }
    return tile;
}

template <typename Real>
void add_blocks(const OscillatorMatrices<Real>& matrices, std::size_t reach, Real* out) {
    const std::size_t terms = matrices.partials;
    for (std::size_t first = 0; first < reach; first += columns<Real>) {
        const Tile<Real> even =
            multiply_tile(matrices.row_sin, matrices.column_cos + first * terms, terms);
        const Tile<Real> odd =
            multiply_tile(matrices.row_cos, matrices.column_sin + first * terms, terms);
        for (std::size_t r = 0; r < rows; ++r) {
            Real* after = out + (2 * r + 1) * reach + first;
            Real* before = out + (2 * r + 1) * reach - 1 - first;
            for (std::size_t c = 0; c < columns<Real>; ++c) {
                after[c] += even.values[r][c] + odd.values[r][c];
                *(before - c) += even.values[r][c] - odd.values[r][c];
            }
        }
    }
}

/// A point in time counts in half samples. The phases of a few dozen partials fit the stack, and
/// the loop over them has no branch: it vectorises.
template <typename Real>
void fill(const Oscillator* oscillators, std::size_t partials, std::size_t width, double first,
          double step, Real* sines, Real* cosines) {
    constexpr std::size_t at_once = 64;
    double phases[at_once];
    std::size_t waiting = 0;
    const auto flush = [&] {
        for (std::size_t i = 0; i < waiting; ++i) {
            const SinCos value = sin_cos_turns(phases[i]);
            sines[i] = static_cast<Real>(value.sin);
            cosines[i] = static_cast<Real>(value.cos);
        }
        sines += waiting;
        cosines += waiting;
        waiting = 0;
    };
    for (std::size_t k = 0; k < partials; ++k) {
        const Turns halved = {0.5 * oscillators[k].turns.high, 0.5 * oscillators[k].turns.low};
        if (waiting + width > at_once) flush();
        for (std::size_t i = 0; i < width; ++i) {
            phases[waiting + i] = fraction(halved, first + step * static_cast<double>(i));
        }
        waiting += width;
    }
    flush();
}

template <typename Real>
constexpr OscillatorKernel<Real> kernel = {rows, columns<Real>, fill<Real>, add_blocks<Real>};

}  // namespace

constinit const OscillatorKernels oscillator_kernels = {kernel<double>, kernel<float>};

}  // namespace kac::KAC_TARGET_ISA
