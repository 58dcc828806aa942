#include "kac/additive.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <numbers>
#include <vector>

namespace {

constexpr double sample_rate = 48000.0;
constexpr std::size_t length = 48000;
constexpr double decay = 3.45;

struct Sound {
    std::vector<double> frequencies, weights, out;

    explicit Sound(std::size_t partials) : out(length) {
        for (std::size_t k = 0; k < partials; ++k) {
            const double x = static_cast<double>(k);
            frequencies.push_back(100.0 + 23000.0 * x / static_cast<double>(partials));
            weights.push_back(std::cos(3.0 * x));
        }
    }
};

/// What the kernel replaces: a sine per sample and partial.
void sine_loop(Sound& sound) {
    std::fill(sound.out.begin(), sound.out.end(), 0.0);
    for (std::size_t k = 0; k < sound.frequencies.size(); ++k) {
        const double undamped = 2.0 * std::numbers::pi * sound.frequencies[k];
        const double omega = std::sqrt(undamped * undamped - decay * decay);
        const double amplitude = sound.weights[k] / omega;
        for (std::size_t n = 0; n < length; ++n) {
            sound.out[n] += amplitude * std::sin(omega * (static_cast<double>(n) / sample_rate));
        }
    }
    for (std::size_t n = 0; n < length; ++n) {
        sound.out[n] *= std::exp(-decay * (static_cast<double>(n) / sample_rate));
    }
}

/// `x real time` is how many such sounds one core renders while one of them plays.
void report(benchmark::State& state, const Sound& sound) {
    const auto sounds = static_cast<double>(state.iterations());
    const auto samples = sounds * static_cast<double>(length);
    using benchmark::Counter;
    state.counters["x real time"] = Counter(samples / sample_rate, Counter::kIsRate);
    state.counters["s per partial-sample"] =
        Counter(samples * static_cast<double>(sound.frequencies.size()),
                Counter::kIsRate | Counter::kInvert);
}

void additive(benchmark::State& state) {
    Sound sound(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) {
        kac::additive(sound.frequencies, sound.weights, decay, 1.0, sample_rate, sound.out);
        benchmark::DoNotOptimize(sound.out.data());
    }
    report(state, sound);
}

void additive_sine_loop(benchmark::State& state) {
    Sound sound(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) {
        sine_loop(sound);
        benchmark::DoNotOptimize(sound.out.data());
    }
    report(state, sound);
}

BENCHMARK(additive)->Arg(1)->Arg(10)->Arg(100)->Arg(1000)->Unit(benchmark::kMillisecond);
BENCHMARK(additive_sine_loop)->Arg(100)->Unit(benchmark::kMillisecond);

}  // namespace
