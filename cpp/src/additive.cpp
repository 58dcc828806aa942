#include "kac/additive.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <string>
#include <vector>

#include "kac/phase.hpp"

namespace kac {

namespace {

constexpr double two_pi = 2.0 * std::numbers::pi;

/// amplitude * sin(2 pi turns n)
struct Oscillator {
    Turns turns;
    double amplitude;
};

/// weight * exp(-decay t) sinh(kappa t) / kappa, as (exp(-slow t) - exp(-fast t)) / (2 kappa)
struct Relaxation {
    double weight;
    double kappa;  // (fast - slow) / 2, 1/s
    double slow;   // 1/s
};

struct Partials {
    std::vector<Oscillator> oscillators;
    std::vector<Relaxation> relaxations;
};

void require(bool condition, double value, const std::string& what) {
    if (condition) return;
    throw std::invalid_argument(what + ", got " + std::to_string(value));
}

bool finite_non_negative(double value) {
    return std::isfinite(value) && value >= 0.0;
}

void validate(std::span<const double> frequencies, std::span<const double> weights, double decay,
              double peak, double sample_rate) {
    if (frequencies.size() != weights.size()) {
        throw std::invalid_argument("every partial needs a frequency and a weight, got " +
                                    std::to_string(frequencies.size()) + " and " +
                                    std::to_string(weights.size()));
    }
    require(std::isfinite(sample_rate) && sample_rate > 0.0, sample_rate,
            "the sample rate must be positive and finite");
    require(finite_non_negative(decay), decay, "the decay must be finite and not negative");
    require(finite_non_negative(peak), peak, "the peak must be finite and not negative");
    for (std::size_t k = 0; k < frequencies.size(); ++k) {
        const std::string partial = "partial " + std::to_string(k) + ": ";
        require(finite_non_negative(frequencies[k]), frequencies[k],
                partial + "the frequency must be finite and not negative");
        require(std::isfinite(weights[k]), weights[k], partial + "the weight must be finite");
    }
}

/// kappa = decay sqrt(1 - p^2), p = 2 pi f / decay, and slow = decay - kappa = decay p^2 / (1 +
/// ..), written so that nothing cancels.
Relaxation relaxation(double frequency, double weight, double decay) {
    const double p = decay > 0.0 ? std::min(two_pi * frequency / decay, 1.0) : 1.0;
    const double root = std::sqrt((1.0 - p) * (1.0 + p));
    return {weight, decay * root, decay * (p * p / (1.0 + root))};
}

/// omega / (2 pi sample_rate) = f / sample_rate sqrt(1 - q^2), q = decay / (2 pi f).
///
/// The shortening 1 - sqrt(1 - q^2) = q^2 / (1 + sqrt(1 - q^2)) needs only the precision of a
/// double: its error, q^2 1e-16 of a phase of 2 pi f t, is drowned by exp(-q 2 pi f t).
Turns damped_turns(double frequency, double decay, double sample_rate) {
    const Turns undamped = turns_per_sample(frequency, sample_rate);
    const double q = decay / (two_pi * frequency);
    const double root = std::sqrt((1.0 - q) * (1.0 + q));
    if (root < 0.5) return {undamped.high * root, 0.0};
    const double shortening = undamped.high * (q * q / (1.0 + root));
    const double high = undamped.high - shortening;
    return {high, ((undamped.high - high) - shortening) + undamped.low};
}

/// Sort the partials that sound by what they do; one whose sine stays below 1e-9 of a turn is
/// t exp(-decay t) to the last bit.
Partials sort_partials(std::span<const double> frequencies, std::span<const double> weights,
                       double decay, double sample_rate, double length) {
    Partials partials;
    for (std::size_t k = 0; k < frequencies.size(); ++k) {
        const double frequency = frequencies[k];
        if (frequency >= 0.5 * sample_rate || weights[k] == 0.0) continue;
        if (two_pi * frequency <= decay) {
            partials.relaxations.push_back(relaxation(frequency, weights[k], decay));
            continue;
        }
        const Turns turns = damped_turns(frequency, decay, sample_rate);
        if (turns.high * length < 1e-9) {
            partials.relaxations.push_back({weights[k], 0.0, decay});
            continue;
        }
        partials.oscillators.push_back({turns, weights[k] / (two_pi * turns.high * sample_rate)});
    }
    return partials;
}

/// No sample can be larger than the sum of what each partial can reach.
void require_finite_sum(const Partials& partials, double duration) {
    double bound = 0.0;
    for (const auto& [turns, amplitude] : partials.oscillators) bound += std::fabs(amplitude);
    for (const auto& partial : partials.relaxations) bound += std::fabs(partial.weight) * duration;
    if (bound < 0.25 * std::numeric_limits<double>::max()) return;
    throw std::invalid_argument("the weights are too large: the sum of the partials overflows");
}

// The kernel. With n0 the middle of a block of samples and j = 1/2, 3/2 ... the distance from it,
//
//     sum_k a_k sin(w_k (n0 +- j)) = sum_k a_k sin(w_k n0) cos(w_k j) +- sum_k a_k cos(w_k n0)
//     sin(w_k j)
//
// Both sums are products of two matrices: one of the blocks (a_k sin, a_k cos of w_k n0: no sine
// per sample), one of the distances, which is the same for all blocks. So a sample costs one
// multiplication and one addition per partial, half of what a two-term recurrence or a rotation
// costs; nothing is fed back, so no error grows, whatever the frequency and the length; and since
// each sample is a sum in the order of the partials, its bits depend on neither tiles nor vectors.

constexpr std::size_t tile_rows = 4;     // blocks
constexpr std::size_t tile_columns = 4;  // distances
constexpr std::size_t reach = 256;       // distances on either side of a block's middle
constexpr std::size_t block = 2 * reach;
constexpr std::size_t strips = reach / tile_columns;
constexpr std::size_t partials_at_once = 64;  // whose distances (256 KiB) stay in the cache

using Tile = std::array<std::array<double, tile_columns>, tile_rows>;

/// tile[r][c] = sum over the terms t of left[t][r] * right[t][c]
Tile multiply_tile(const double* left, const double* right, std::size_t terms) {
    double sum[tile_rows][tile_columns] = {};
    for (std::size_t t = 0; t < terms; ++t) {
        for (std::size_t r = 0; r < tile_rows; ++r) {
            const double factor = left[t * tile_rows + r];
            for (std::size_t c = 0; c < tile_columns; ++c) {
                sum[r][c] += factor * right[t * tile_columns + c];
            }
        }
    }
    Tile tile;
    for (std::size_t r = 0; r < tile_rows; ++r) std::copy_n(sum[r], tile_columns, tile[r].begin());
    return tile;
}

/// The oscillators of one chunk, and the two matrices in the order in which the tiles read them.
class Chunk {
  public:
    explicit Chunk(std::span<const Oscillator> oscillators)
        : oscillators_(oscillators),
          column_sin_(reach * oscillators.size()),
          column_cos_(reach * oscillators.size()),
          row_sin_(tile_rows * oscillators.size()),
          row_cos_(tile_rows * oscillators.size()) {
        for (std::size_t strip = 0; strip < strips; ++strip) {
            const auto first = static_cast<double>(2 * strip * tile_columns + 1);
            const std::size_t offset = strip * tile_columns * oscillators_.size();
            fill<tile_columns>(first, 2.0, &column_sin_[offset], &column_cos_[offset]);
        }
    }

    /// Add the blocks first_block ... first_block + tile_rows - 1, as far as they are in `out`.
    void add(std::size_t first_block, std::span<double> out) {
        const auto middle = static_cast<double>(2 * (first_block * block + reach) - 1);
        fill<tile_rows>(middle, 2.0 * block, row_sin_.data(), row_cos_.data());
        scale_rows();
        const std::size_t begin = first_block * block;
        if (begin + tile_rows * block <= out.size()) {
            add_tiles(out.subspan(begin, tile_rows * block));
            return;
        }
        std::array<double, tile_rows * block> last = {};
        add_tiles(last);
        for (std::size_t i = begin; i < out.size(); ++i) out[i] += last[i - begin];
    }

  private:
    /// sin and cos, of w_k h / 2 for h = first, first + step, ...: a point in time at half samples.
    template <std::size_t Width>
    void fill(double first, double step, double* sines, double* cosines) const {
        for (const auto& [turns, amplitude] : oscillators_) {
            const Turns halved = {0.5 * turns.high, 0.5 * turns.low};
            for (std::size_t i = 0; i < Width; ++i) {
                sines[i] = fraction(halved, first + step * static_cast<double>(i));
            }
            sines += Width;
        }
        sines -= Width * oscillators_.size();
        for (std::size_t i = 0; i < Width * oscillators_.size(); ++i) {
            const SinCos value = sin_cos_turns(sines[i]);
            sines[i] = value.sin;
            cosines[i] = value.cos;
        }
    }

    void scale_rows() {
        for (std::size_t k = 0; k < oscillators_.size(); ++k) {
            for (std::size_t r = 0; r < tile_rows; ++r) {
                row_sin_[k * tile_rows + r] *= oscillators_[k].amplitude;
                row_cos_[k * tile_rows + r] *= oscillators_[k].amplitude;
            }
        }
    }

    void add_tiles(std::span<double> out) const {
        const std::size_t terms = oscillators_.size();
        for (std::size_t strip = 0; strip < strips; ++strip) {
            const std::size_t offset = strip * tile_columns * terms;
            const Tile even = multiply_tile(row_sin_.data(), &column_cos_[offset], terms);
            const Tile odd = multiply_tile(row_cos_.data(), &column_sin_[offset], terms);
            for (std::size_t r = 0; r < tile_rows; ++r) {
                double* after = &out[r * block + reach + strip * tile_columns];
                double* before = &out[r * block + reach - 1 - strip * tile_columns];
                for (std::size_t c = 0; c < tile_columns; ++c) {
                    after[c] += even[r][c] + odd[r][c];
                    *(before - c) += even[r][c] - odd[r][c];
                }
            }
        }
    }

    std::span<const Oscillator> oscillators_;
    std::vector<double> column_sin_, column_cos_, row_sin_, row_cos_;
};

void add_oscillators(std::span<const Oscillator> oscillators, std::span<double> out) {
    for (std::size_t first = 0; first < oscillators.size(); first += partials_at_once) {
        Chunk chunk(
            oscillators.subspan(first, std::min(partials_at_once, oscillators.size() - first)));
        for (std::size_t b = 0; b * block < out.size(); b += tile_rows) chunk.add(b, out);
    }
}

/// out[n] *= exp(-decay n / sample_rate), the exponential of a sum as a product.
void decay_all(double decay, double sample_rate, std::span<double> out) {
    if (decay == 0.0) return;
    std::array<double, block> within;
    for (std::size_t j = 0; j < block; ++j) {
        within[j] = std::exp(-decay * (static_cast<double>(j) / sample_rate));
    }
    for (std::size_t begin = 0; begin < out.size(); begin += block) {
        const double start = std::exp(-decay * (static_cast<double>(begin) / sample_rate));
        const std::size_t count = std::min(block, out.size() - begin);
        for (std::size_t j = 0; j < count; ++j) out[begin + j] *= start * within[j];
    }
}

struct Hyperbolic {
    double sinh;
    double cosh;
};

/// exp(-decay t) times sinh(kappa t) / kappa and cosh(kappa t), by exponents that only fall.
Hyperbolic hyperbolic(const Relaxation& partial, double t) {
    const double slow = std::exp(-partial.slow * t);
    const double gap = -std::expm1(-2.0 * partial.kappa * t);
    const double over_kappa = partial.kappa > 0.0 ? gap / (2.0 * partial.kappa) : t;
    return {slow * over_kappa, slow * (1.0 - 0.5 * gap)};
}

/// As for the oscillators, E(n0 + j) = E(n0) F(j) + F(n0) E(j) with E, F from `hyperbolic`, but
/// only forwards, where all four are positive and bounded: nothing cancels, nothing overflows.
void add_relaxation(const Relaxation& partial, double sample_rate, std::span<double> out) {
    std::array<Hyperbolic, block> within;
    for (std::size_t j = 0; j < std::min(block, out.size()); ++j) {
        within[j] = hyperbolic(partial, static_cast<double>(j) / sample_rate);
    }
    for (std::size_t begin = 0; begin < out.size(); begin += block) {
        const auto start = hyperbolic(partial, static_cast<double>(begin) / sample_rate);
        const std::size_t count = std::min(block, out.size() - begin);
        for (std::size_t j = 0; j < count; ++j) {
            out[begin + j] +=
                partial.weight * (start.sinh * within[j].cosh + start.cosh * within[j].sinh);
        }
    }
}

double largest_magnitude(std::span<const double> values) {
    constexpr std::size_t lanes = 8;
    std::array<double, lanes> largest = {};
    std::size_t i = 0;
    for (; i + lanes <= values.size(); i += lanes) {
        for (std::size_t l = 0; l < lanes; ++l) {
            largest[l] = std::max(largest[l], std::fabs(values[i + l]));
        }
    }
    for (; i < values.size(); ++i) largest[0] = std::max(largest[0], std::fabs(values[i]));
    return *std::max_element(largest.begin(), largest.end());
}

/// Divide first: the largest sample becomes `peak` exactly, and no intermediate can overflow.
void scale_to(double peak, std::span<double> out) {
    const double largest = largest_magnitude(out);
    if (peak == 0.0 || largest == 0.0) return;
    for (double& value : out) value = value / largest * peak;
}

}  // namespace

void additive(std::span<const double> frequencies, std::span<const double> weights, double decay,
              double peak, double sample_rate, std::span<double> out) {
    validate(frequencies, weights, decay, peak, sample_rate);
    const auto length = static_cast<double>(out.size());
    const Partials partials = sort_partials(frequencies, weights, decay, sample_rate, length);
    require_finite_sum(partials, length / sample_rate);

    std::fill(out.begin(), out.end(), 0.0);
    add_oscillators(partials.oscillators, out);
    decay_all(decay, sample_rate, out);
    for (const auto& partial : partials.relaxations) add_relaxation(partial, sample_rate, out);
    if (!out.empty()) out[0] = 0.0;  // every partial starts at 0; their sum of products only nearly
    scale_to(peak, out);
}

}  // namespace kac
