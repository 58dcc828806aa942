#include "kac/spectrogram.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <vector>

#include "kac/parallel.hpp"
#include "table.hpp"

namespace {

constexpr std::size_t sample_rate = 48000;

std::vector<double> second(std::size_t count) {
    std::vector<double> signals(count * sample_rate);
    for (std::size_t t = 0; t < signals.size(); ++t) {
        signals[t] = std::sin(0.01 * static_cast<double>(t % sample_rate));
    }
    return signals;
}

/// One second of sound at 48 kHz, half of n_fft from frame to frame.
void power_spectrogram(benchmark::State& state) {
    const auto n_fft = static_cast<std::size_t>(state.range(0));
    const kac::Spectrogram plan(n_fft, n_fft, (n_fft + 1) / 2);
    const std::vector<double> signal = second(1);
    std::vector<double> out(plan.rows() * plan.frames(sample_rate));
    for (auto _ : state) {
        plan.power(signal, sample_rate, out);
        benchmark::DoNotOptimize(out.data());
    }
    kac::benchmarks::report(state, {.sound = 1.0});
}

/// 32 mel bands of `count` seconds of sound on `threads` threads.
void mel_spectrogram(benchmark::State& state) {
    const auto count = static_cast<std::size_t>(state.range(0));
    const auto threads = static_cast<unsigned>(state.range(1));
    const kac::MelSpectrogram plan(512, 512, 256, 32, 22.05, sample_rate);
    const std::vector<double> signals = second(count);
    std::vector<double> out(count * plan.rows() * plan.frames(sample_rate));
    for (auto _ : state) {
        kac::parallel_for(plan.blocks(count, sample_rate), threads,
                          [&](std::size_t i) { plan.power(signals, sample_rate, out, i); });
        benchmark::DoNotOptimize(out.data());
    }
    kac::benchmarks::report(state, {.sound = static_cast<double>(count)});
}

BENCHMARK(power_spectrogram)
    ->ArgName("n_fft")
    ->Arg(480)
    ->Arg(512)
    ->Arg(1000)
    ->Arg(1021)
    ->Arg(1023)
    ->Arg(1024)
    ->Arg(2048)
    ->Arg(4096);
BENCHMARK(mel_spectrogram)
    ->ArgNames({"seconds", "threads"})
    ->Args({1, 1})
    ->Args({64, 1})
    ->Args({64, 2})
    ->UseRealTime();

}  // namespace
