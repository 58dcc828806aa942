#pragma once

#include <benchmark/benchmark.h>

namespace kac::benchmarks {

/// What one iteration of a benchmark does, as far as that is known and counts.
struct Work {
    double sound = 0.0;   // seconds of sound made
    double flops = 0.0;   // floating-point operations that the formula needs
    double bytes = 0.0;   // bytes that must be moved from and to the second cache
    bool single = false;  // the operations are in single precision
    double cells = 0.0;   // cells of a grid that are updated
};

/// Say what the benchmark did, and the name of the one that is the same formula written plainly.
void report(benchmark::State& state, const Work& work, const char* reference = "");

}  // namespace kac::benchmarks
