#include "kac/membrane.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "describe.hpp"
#include "kac/parallel.hpp"
#include "peak.hpp"

namespace kac {

namespace {

/// The condition of fdtd.hpp, which NaN does not meet; at the Courant limit it holds with equality,
/// up to rounding.
void require_stable(const Coefficients& c) {
    constexpr double limit = 1.0 + 1e-12;
    const double loop = 4.0 * std::fabs(c.c_0) + std::fabs(c.c_1);
    if (std::fabs(c.c_2) <= limit && loop <= 1.0 + c.c_2 + 1e-12) return;
    throw std::invalid_argument(
        "a membrane must not gain: |c_2| <= 1 and 4 |c_0| + |c_1| <= 1 + c_2 (a Courant number of "
        "at most 1/sqrt(2)), got c_0, c_1, c_2 = " +
        describe(c.c_0) + ", " + describe(c.c_1) + ", " + describe(c.c_2));
}

/// An inner product with a field.
class Reader {
  public:
    Reader(const Grid& grid, const WeightedNodes& weighted, double scale = 1.0) {
        grid.require(weighted);
        for (std::size_t i = 0; i < weighted.nodes.size(); ++i) {
            const auto node = static_cast<std::size_t>(weighted.nodes[i]);
            if (!grid.lives(node)) continue;
            terms_.push_back({grid.position(node), scale * weighted.weights[i]});
        }
    }

    std::size_t size() const { return terms_.size(); }

    /// Four sums, for a processor that adds faster than one after the other.
    template <typename Real>
    double operator()(const Real* field) const {
        const auto term = [&](std::size_t i) {
            return terms_[i].weight * static_cast<double>(field[terms_[i].position]);
        };
        const std::size_t size = terms_.size();
        double sums[4] = {};
        std::size_t i = 0;
        for (; i + 4 <= size; i += 4) {
            for (std::size_t k = 0; k < 4; ++k) sums[k] += term(i + k);
        }
        for (; i < size; ++i) sums[i % 4] += term(i);
        return (sums[0] + sums[1]) + (sums[2] + sums[3]);
    }

  private:
    struct Term {
        std::size_t position;
        double weight;
    };
    std::vector<Term> terms_;
};

/// Of the largest weight on a live cell.
double weight_normaliser(const Grid& grid, const WeightedNodes& weighted) {
    grid.require(weighted);
    double largest = 0.0;
    for (std::size_t i = 0; i < weighted.nodes.size(); ++i) {
        if (!grid.lives(static_cast<std::size_t>(weighted.nodes[i]))) continue;
        largest = std::max(largest, std::fabs(weighted.weights[i]));
    }
    return normaliser(largest);
}

std::vector<Reader> readers_of(const Grid& grid, std::span<const WeightedNodes> strikes) {
    std::vector<Reader> readers;
    for (const WeightedNodes& strike : strikes) {
        readers.emplace_back(grid, strike, weight_normaliser(grid, strike));
    }
    return readers;
}

template <typename Real>
std::size_t common_length(std::span<const WeightedNodes> strikes,
                          std::span<const std::span<Real>> sounds) {
    const std::size_t length = sounds.empty() ? 0 : sounds[0].size();
    const bool equal = std::all_of(sounds.begin(), sounds.end(),
                                   [&](const auto& sound) { return sound.size() == length; });
    if (equal && sounds.size() == strikes.size()) return length;
    throw std::invalid_argument("every strike needs a sound, all of one length, got " +
                                std::to_string(sounds.size()) + " sound(s) for " +
                                std::to_string(strikes.size()) + " strike(s)");
}

/// sounds[j][n] = <strike_j, u^n>; once the membrane is still, they are left as they are.
template <typename Real>
void read_all(Simulation<Real>& simulation, const std::vector<Reader>& readers, std::size_t length,
              std::span<const std::span<Real>> sounds) {
    constexpr auto still = static_cast<Real>(0x1p-100);
    constexpr std::size_t listen = 512;  // steps between two looks at whether it is
    constexpr std::size_t terms_at_once = std::size_t{1} << 20;  // between two cancellation points
    std::size_t terms = 0, read = 0;
    for (const Reader& reader : readers) terms += reader.size();
    for (std::size_t n = 1; n < length; ++n) {
        if (n % listen == 0 && simulation.quieter_than(still)) return;
        for (std::size_t j = 0; j < sounds.size(); ++j) {
            sounds[j][n] = static_cast<Real>(readers[j](simulation.current()));
        }
        read += terms;
        if (read >= terms_at_once) {
            check_cancelled();
            read = 0;
        }
        simulation.step();
    }
}

}  // namespace

template <typename Real>
void membrane(const Grid& grid, const Coefficients& coefficients, const WeightedNodes& pick_up,
              std::span<const WeightedNodes> strikes, double peak,
              std::span<const std::span<Real>> sounds) {
    require_stable(coefficients);
    require_peak<Real>(peak);
    const std::size_t length = common_length(strikes, sounds);
    const std::vector<Reader> readers = readers_of(grid, strikes);
    Simulation<Real> simulation(grid, coefficients);
    simulation.start(pick_up, weight_normaliser(grid, pick_up));

    for (const std::span<Real> sound : sounds) {
        for_each_chunk(sound.size(), [&](std::size_t begin, std::size_t end) {
            std::fill(sound.data() + begin, sound.data() + end, Real{0});
        });
    }
    if (peak == 0.0) return;
    read_all(simulation, readers, length, sounds);
    for (const std::span<Real> sound : sounds) scale_to(peak, sound);
}

template void membrane(const Grid&, const Coefficients&, const WeightedNodes&,
                       std::span<const WeightedNodes>, double, std::span<const std::span<double>>);
template void membrane(const Grid&, const Coefficients&, const WeightedNodes&,
                       std::span<const WeightedNodes>, double, std::span<const std::span<float>>);

void fdtd_waveform(const Grid& grid, std::span<const double> previous,
                   std::span<const double> current, const Coefficients& coefficients,
                   const WeightedNodes& weighted, std::span<double> out) {
    const Reader read(grid, weighted);
    Simulation<double> simulation(grid, coefficients);
    simulation.start(previous, current);
    if (!out.empty()) out[0] = read(simulation.previous());
    for (std::size_t n = 1; n < out.size(); ++n) {
        if (n > 1) simulation.step();
        out[n] = read(simulation.current());
    }
}

}  // namespace kac
