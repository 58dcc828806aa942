#include "table.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "floor.hpp"
#include "kac/machine.hpp"

namespace kac::benchmarks {

namespace {

/// The best repetition of one benchmark: what disturbs a run only ever adds to it.
struct Row {
    std::string name, reference;
    double seconds;
    Work work;
};

/// Operations and bytes a second that the machine reached in the same run.
struct Floor {
    double flops, single_flops, bytes;
};

class Table : public benchmark::BenchmarkReporter {
  public:
    bool ReportContext(const Context&) override { return true; }

    void ReportRuns(const std::vector<Run>& runs) override {
        for (const Run& run : runs) {
            if (run.run_type == Run::RT_Iteration && !run.error_occurred) keep(run);
        }
    }

    void Finalize() override {
        const Floor floor = {rate_of("floor_flops"), rate_of("floor_single_flops"),
                             rate_of("floor_bytes")};
        const std::string_view set = instruction_set();
        std::printf("\n%.*s: %.1f Gflop/s (single %.1f), %.1f GB/s from the second cache\n",
                    static_cast<int>(set.size()), set.data(), floor.flops * 1e-9,
                    floor.single_flops * 1e-9, floor.bytes * 1e-9);
        std::printf("%-38s%12s%13s%9s%13s%13s\n", "work", "time", "x real time", "Gcell/s",
                    "x reference", "of the floor");
        for (const auto& [place, name] : order_) {
            if (!name.starts_with("floor")) print(rows_.at(name), floor);
        }
    }

  private:
    void keep(const Run& run) {
        const std::string name =
            run.run_name.function_name + (run.run_name.args.empty() ? "" : "/") + run.run_name.args;
        const auto counter = [&](const char* key) {
            const auto found = run.counters.find(key);
            return found == run.counters.end() ? 0.0 : found->second.value;
        };
        const double seconds = run.real_accumulated_time / static_cast<double>(run.iterations);
        const Row row = {name,
                         run.report_label,
                         seconds,
                         {counter("sound"), counter("flops"), counter("bytes"),
                          counter("single") != 0.0, counter("cells")}};
        const auto [found, added] = rows_.try_emplace(name, row);
        if (added) order_[{run.family_index, run.per_family_instance_index}] = name;
        if (seconds < found->second.seconds) found->second = row;
    }

    /// Of a floor: the work of an iteration by its time.
    double rate_of(const std::string& name) const {
        const auto found = rows_.find(name);
        if (found == rows_.end()) return 0.0;
        return (found->second.work.flops + found->second.work.bytes) / found->second.seconds;
    }

    void print(const Row& row, const Floor& floor) const {
        std::printf("%-38s%9.4g ms", row.name.c_str(), row.seconds * 1e3);
        print_if(row.work.sound > 0.0, row.work.sound / row.seconds, 13, "%.0f");
        print_if(row.work.cells > 0.0, 1e-9 * row.work.cells / row.seconds, 9, "%.2f");
        const auto reference = rows_.find(row.reference);
        const bool known = reference != rows_.end();
        print_if(known, known ? reference->second.seconds / row.seconds : 0.0, 13, "%.1f");
        const double peak = row.work.single ? floor.single_flops : floor.flops;
        const double flops = peak > 0.0 ? row.work.flops / peak : 0.0;
        const double bytes = floor.bytes > 0.0 ? row.work.bytes / floor.bytes : 0.0;
        const double least = std::max(flops, bytes);
        print_if(least > 0.0, 100.0 * least / row.seconds, 13,
                 flops >= bytes ? "%.0f %% flops" : "%.0f %% bytes");
        std::printf("\n");
    }

    static void print_if(bool known, double value, int width, const char* format) {
        std::array<char, 32> text = {};
        // The formats are the literals above.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        if (known) std::snprintf(text.data(), text.size(), format, value);
#pragma GCC diagnostic pop
        std::printf("%*s", width, text.data());
    }

    std::map<std::string, Row> rows_;
    std::map<std::pair<std::int64_t, std::int64_t>, std::string> order_;  // as registered
};

void floor_flops(benchmark::State& state) {
    std::vector<double> keep(64, 1e-9);
    std::size_t flops = 0;
    for (auto _ : state) flops = floor_kernels().arithmetic_double(1000, keep.data());
    report(state, {.flops = static_cast<double>(flops)});
}

void floor_single_flops(benchmark::State& state) {
    std::vector<float> keep(64, 1e-9F);
    std::size_t flops = 0;
    for (auto _ : state) flops = floor_kernels().arithmetic_single(1000, keep.data());
    report(state, {.flops = static_cast<double>(flops)});
}

/// Two fields of the size of a drum of 0.3 m at 48 kHz.
void floor_bytes(benchmark::State& state) {
    std::vector<double> from(11000, 1e-9), to(11000);
    std::size_t bytes = 0;
    for (auto _ : state) {
        bytes = floor_kernels().stream(from.data(), to.data(), from.size());
        benchmark::DoNotOptimize(to.data());
        benchmark::ClobberMemory();
    }
    report(state, {.bytes = static_cast<double>(bytes)});
}

BENCHMARK(floor_flops);
BENCHMARK(floor_single_flops);
BENCHMARK(floor_bytes);

}  // namespace

void report(benchmark::State& state, const Work& work, const char* reference) {
    state.counters["sound"] = work.sound;
    state.counters["flops"] = work.flops;
    state.counters["bytes"] = work.bytes;
    state.counters["single"] = work.single ? 1.0 : 0.0;
    state.counters["cells"] = work.cells;
    state.SetLabel(reference);
}

}  // namespace kac::benchmarks

int main(int count, char** arguments) {
    benchmark::Initialize(&count, arguments);
    if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 1;
    try {
        kac::instruction_set();
    } catch (const std::invalid_argument& error) {
        std::printf("skipped: %s\n", error.what());
        return 77;
    }
    kac::benchmarks::Table table;
    benchmark::RunSpecifiedBenchmarks(&table);
    return 0;
}
