#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>
#include <vector>

#include "kac/membrane.hpp"
#include "kac/parallel.hpp"
#include "table.hpp"

namespace {

using kac::benchmarks::report;
using kac::benchmarks::Work;

constexpr std::size_t sample_rate = 48000;
/// q = 0.499, sigma k = 7.2e-5.
constexpr kac::Coefficients coefficients = {0.499 / 1.000072, (2.0 - 4.0 * 0.499) / 1.000072,
                                            0.999928 / 1.000072};

/// A disc whose area has this square root, on the smallest stable step at 100 m/s: 2.95 mm.
struct Disc {
    std::size_t side;
    std::vector<std::uint8_t> live;

    explicit Disc(std::int64_t centimetres) {
        const double step = std::numbers::sqrt2 * 100.0 / static_cast<double>(sample_rate);
        const double radius =
            0.01 * static_cast<double>(centimetres) * std::numbers::inv_sqrtpi / step;
        side = 2 * static_cast<std::size_t>(radius) + 1;
        live.resize(side * side);
        const double middle = 0.5 * static_cast<double>(side - 1);
        for (std::size_t node = 0; node < live.size(); ++node) {
            const double y = static_cast<double>(node / side) - middle;
            const double x = static_cast<double>(node % side) - middle;
            live[node] = x * x + y * y < radius * radius;
        }
    }

    std::int64_t at(double fraction) const {
        return static_cast<std::int64_t>(
            side * (side / 2) + static_cast<std::size_t>(fraction * static_cast<double>(side)));
    }
};

/// Three additions, three multiplications, two more additions a cell; of the fields, two are read
/// and one is written.
Work work(const kac::Grid& grid, bool single) {
    const auto cells = static_cast<double>(grid.cells() * sample_rate);
    return {.sound = 1.0,
            .flops = 8.0 * cells,
            .bytes = grid.rows() == Disc(30).side ? (single ? 12.0 : 24.0) * cells : 0.0,
            .single = single,
            .cells = cells};
}

template <typename Real>
void render(const Disc& disc, const kac::Grid& grid, std::size_t strikes, std::vector<Real>& out) {
    const std::vector<std::int64_t> pick_up = {disc.at(0.8)};
    std::vector<std::int64_t> struck;
    for (std::size_t i = 0; i < strikes; ++i)
        struck.push_back(disc.at(0.3 + 0.1 * static_cast<double>(i)));
    const std::vector<double> one = {1.0};
    std::vector<kac::WeightedNodes> weighted;
    std::vector<std::span<Real>> sounds;
    out.resize(strikes * sample_rate);
    for (std::size_t i = 0; i < strikes; ++i) {
        weighted.push_back({std::span(struck).subspan(i, 1), one});
        sounds.push_back(std::span(out).subspan(i * sample_rate, sample_rate));
    }
    kac::membrane<Real>(grid, coefficients, {pick_up, one}, weighted, 1.0, sounds);
    benchmark::DoNotOptimize(out.data());
}

template <typename Real>
void membrane(benchmark::State& state) {
    const Disc disc(state.range(0));
    const kac::Grid grid(disc.side, disc.side, disc.live);
    std::vector<Real> out;
    for (auto _ : state) render(disc, grid, static_cast<std::size_t>(state.range(1)), out);
    report(state, work(grid, sizeof(Real) == sizeof(float)),
           state.range(0) == 30 ? "membrane_loop/cm:30" : "");
}

void membrane_double(benchmark::State& state) {
    membrane<double>(state);
}
void membrane_single(benchmark::State& state) {
    membrane<float>(state);
}

/// Eight drums side by side.
void membranes(benchmark::State& state) {
    constexpr std::size_t drums = 8;
    const Disc disc(30);
    const kac::Grid grid(disc.side, disc.side, disc.live);
    std::vector<std::vector<double>> out(drums);
    const auto threads = static_cast<unsigned>(state.range(0));
    kac::ThreadPool pool;
    for (auto _ : state) {
        pool.parallel_for(drums, threads, [&](std::size_t i) { render(disc, grid, 1, out[i]); });
    }
    report(state, {.sound = drums, .cells = drums * work(grid, false).cells},
           "membranes/threads:1");
}

/// The formula as it stands, over the whole matrix, a cell at a time.
void membrane_loop(benchmark::State& state) {
    const Disc disc(state.range(0));
    const std::size_t side = disc.side + 2;
    std::vector<std::uint8_t> live(side * side);
    std::vector<double> previous(side * side), current(side * side), out(sample_rate);
    for (std::size_t node = 0; node < disc.live.size(); ++node) {
        live[(node / disc.side + 1) * side + node % disc.side + 1] = disc.live[node];
    }
    const auto [c_0, c_1, c_2] = coefficients;
    for (auto _ : state) {
        std::fill(previous.begin(), previous.end(), 0.0);
        std::fill(current.begin(), current.end(), 0.0);
        current[side * (side / 2) + side / 3] = 1.0;
        for (std::size_t n = 0; n < sample_rate; ++n) {
            out[n] = current[side * (side / 2) + side / 2];
            for (std::size_t row = 1; row + 1 < side; ++row) {
                for (std::size_t i = row * side + 1; i < (row + 1) * side - 1; ++i) {
                    if (live[i] == 0) continue;
                    const double sum =
                        (current[i - side] + current[i + side]) + (current[i - 1] + current[i + 1]);
                    previous[i] = (c_0 * sum + c_1 * current[i]) - c_2 * previous[i];
                }
            }
            std::swap(previous, current);
        }
        benchmark::DoNotOptimize(out.data());
    }
    const kac::Grid grid(disc.side, disc.side, disc.live);
    report(state, {.sound = 1.0, .cells = static_cast<double>(grid.cells() * sample_rate)});
}

BENCHMARK(membrane_loop)->ArgName("cm")->Arg(30);
BENCHMARK(membrane_double)
    ->ArgNames({"cm", "strikes"})
    ->Args({10, 1})
    ->Args({30, 1})
    ->Args({30, 5})
    ->Args({100, 1});
BENCHMARK(membrane_single)
    ->ArgNames({"cm", "strikes"})
    ->Args({10, 1})
    ->Args({30, 1})
    ->Args({30, 5})
    ->Args({100, 1});
BENCHMARK(membranes)->ArgName("threads")->Arg(1)->Arg(2)->UseRealTime();

}  // namespace
