#include "kac/additive.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "table.hpp"

namespace {

using kac::benchmarks::report;
using kac::benchmarks::Work;

constexpr double sample_rate = 48000.0;
constexpr double decay = 3.45;

template <typename Real = double>
struct Sound {
    std::vector<double> frequencies, weights;
    std::vector<Real> out;

    explicit Sound(const benchmark::State& state)
        : out(static_cast<std::size_t>(sample_rate) * static_cast<std::size_t>(state.range(1))) {
        const auto partials = static_cast<std::size_t>(state.range(0));
        for (std::size_t k = 0; k < partials; ++k) {
            const double x = static_cast<double>(k);
            frequencies.push_back(100.0 + 23000.0 * x / static_cast<double>(partials));
            weights.push_back(std::cos(3.0 * x));
        }
    }

    /// A multiplication and an addition for each sample and partial.
    Work work() const {
        const auto samples = static_cast<double>(out.size());
        return {.sound = samples / sample_rate,
                .flops = 2.0 * samples * static_cast<double>(frequencies.size()),
                .single = sizeof(Real) == sizeof(float)};
    }
};

/// The formula as it stands: a sine per sample and partial.
void sine_loop(benchmark::State& state) {
    Sound sound(state);
    for (auto _ : state) {
        std::fill(sound.out.begin(), sound.out.end(), 0.0);
        for (std::size_t k = 0; k < sound.frequencies.size(); ++k) {
            const double undamped = 2.0 * std::numbers::pi * sound.frequencies[k];
            const double omega = std::sqrt(undamped * undamped - decay * decay);
            const double amplitude = sound.weights[k] / omega;
            for (std::size_t n = 0; n < sound.out.size(); ++n) {
                sound.out[n] +=
                    amplitude * std::sin(omega * (static_cast<double>(n) / sample_rate));
            }
        }
        for (std::size_t n = 0; n < sound.out.size(); ++n) {
            sound.out[n] *= std::exp(-decay * (static_cast<double>(n) / sample_rate));
        }
        benchmark::DoNotOptimize(sound.out.data());
    }
    report(state, {.sound = sound.work().sound});
}

template <typename Real>
void render(benchmark::State& state, const char* reference) {
    Sound<Real> sound(state);
    for (auto _ : state) {
        kac::additive(sound.frequencies, sound.weights, decay, 1.0, sample_rate,
                      std::span<Real>(sound.out));
        benchmark::DoNotOptimize(sound.out.data());
    }
    report(state, sound.work(), reference);
}

void additive(benchmark::State& state) {
    render<double>(state, state.range(0) == 100 && state.range(1) == 1
                              ? "sine_loop/partials:100/seconds:1"
                              : "");
}

void additive_single(benchmark::State& state) {
    render<float>(state, "sine_loop/partials:100/seconds:1");
}

BENCHMARK(sine_loop)->ArgNames({"partials", "seconds"})->Args({100, 1});
BENCHMARK(additive)
    ->ArgNames({"partials", "seconds"})
    ->Args({1, 1})
    ->Args({10, 1})
    ->Args({100, 1})
    ->Args({1000, 1})
    ->Args({100, 10});
BENCHMARK(additive_single)->ArgNames({"partials", "seconds"})->Args({100, 1});

}  // namespace
