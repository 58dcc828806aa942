#include "kac/spectrogram.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "kac/parallel.hpp"
#include "table.hpp"

namespace {

using kac::benchmarks::report;
using kac::benchmarks::Work;

constexpr std::size_t sample_rate = 48000;

/// Spectrograms of seconds of sound at 48 kHz, half of n_fft from frame to frame.
template <typename Real>
struct Spectra {
    std::size_t n_fft, count;
    kac::MelFilters filters;
    kac::Spectrogram<Real> plan;
    std::vector<Real> signals, out;

    Spectra(std::size_t size, std::size_t seconds, const kac::MelFilters& mel = {})
        : n_fft(size),
          count(seconds),
          filters(mel),
          plan({.n_fft = size, .window_length = size, .hop_length = size / 2}, mel),
          signals(seconds * sample_rate),
          out(seconds * plan.rows() * plan.frames(sample_rate)) {
        for (std::size_t t = 0; t < signals.size(); ++t) {
            const auto time = static_cast<double>(t % sample_rate);
            signals[t] = static_cast<Real>(std::sin(0.01 * time));
        }
    }

    /// For each frame a product for each sample of the window; 5/2 n log2 n for the transform, by
    /// the usual convention; two products and a sum for each bin; a product and a sum for each
    /// weight of the filters. The signal is read and the result written, of one second from and to
    /// the second cache; of many from and to the memory, whose rate the table does not know.
    Work work(std::size_t threads) const {
        const auto n = static_cast<double>(n_fft);
        double flops = n + 2.5 * n * std::log2(n) + 3.0 * static_cast<double>(n_fft / 2 + 1);
        for (const auto& filter : filters.filters()) {
            flops += 2.0 * static_cast<double>(filter.weights.size());
        }
        const std::size_t frames = count * plan.frames(sample_rate);
        const std::size_t bytes = sizeof(Real) * (signals.size() + out.size());
        return {.sound = static_cast<double>(count),
                .flops = flops * static_cast<double>(frames) / static_cast<double>(threads),
                .bytes = count == 1 ? static_cast<double>(bytes) : 0.0,
                .single = sizeof(Real) == sizeof(float)};
    }

    void run(benchmark::State& state, unsigned threads, const std::string& reference) {
        const std::span<const Real> in = signals;
        kac::ThreadPool pool;
        for (auto _ : state) {
            pool.parallel_for(plan.blocks(count, sample_rate), threads, [&](std::size_t i) {
                plan.transform(in, sample_rate, std::span<Real>(out), i);
            });
            benchmark::DoNotOptimize(out.data());
        }
        report(state, work(threads), reference.c_str());
    }
};

template <typename Real>
void power(benchmark::State& state, const std::string& reference = "") {
    Spectra<Real>(static_cast<std::size_t>(state.range(0)), 1).run(state, 1, reference);
}

void power_double(benchmark::State& state) {
    power<double>(state);
}

void power_single(benchmark::State& state) {
    power<float>(state, "power_double/n_fft:" + std::to_string(state.range(0)));
}

/// 32 mel bands; two threads beside one.
template <typename Real>
void mel(benchmark::State& state, const std::string& name) {
    const auto threads = static_cast<unsigned>(state.range(1));
    const kac::MelFilters filters(
        {.n_fft = 512, .n_mels = 32, .f_min = 22.05, .f_max = 24000.0, .sample_rate = sample_rate});
    Spectra<Real>(512, static_cast<std::size_t>(state.range(0)), filters)
        .run(state, threads, threads == 1 ? "" : name + "/seconds:64/threads:1");
}

void mel_double(benchmark::State& state) {
    mel<double>(state, "mel_double");
}

void mel_single(benchmark::State& state) {
    mel<float>(state, "mel_single");
}

constexpr auto lengths = [](auto* row) {
    row->ArgName("n_fft");
    for (const int n_fft : {480, 512, 1000, 1021, 1023, 1024, 2048, 4096}) row->Arg(n_fft);
};

constexpr auto seconds_and_threads = [](auto* row) {
    row->ArgNames({"seconds", "threads"})->Args({1, 1})->Args({64, 1})->Args({64, 2});
    row->UseRealTime();
};

BENCHMARK(power_double)->Apply(lengths);
BENCHMARK(power_single)->Apply(lengths);
BENCHMARK(mel_double)->Apply(seconds_and_threads);
BENCHMARK(mel_single)->Apply(seconds_and_threads);

}  // namespace
