#include "kac/machine.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>

#include "isa.hpp"

#if defined(__linux__)
#include <sched.h>
#endif

namespace kac {

namespace {

#if defined(__x86_64__) || defined(_M_X64)
constexpr std::string_view names[] = {"sse2", "avx2", "avx512"};
#elif defined(__aarch64__) || defined(_M_ARM64)
constexpr std::string_view names[] = {"neon"};
#else
constexpr std::string_view names[] = {"generic"};
#endif

/// Instruction sets are ordered: a machine that has one has those below it.
Isa best_isa() {
#ifdef KAC_X86_ISAS
    __builtin_cpu_init();
    for (const bool has : {__builtin_cpu_supports("avx2"), __builtin_cpu_supports("fma"),
                           __builtin_cpu_supports("pclmul")}) {
        if (!has) return Isa::baseline;
    }
    for (const bool has :
         {__builtin_cpu_supports("avx512f"), __builtin_cpu_supports("avx512dq"),
          __builtin_cpu_supports("avx512bw"), __builtin_cpu_supports("avx512vl")}) {
        if (!has) return Isa::avx2;
    }
    return Isa::avx512;
#else
    return Isa::baseline;
#endif
}

Isa isa_called(std::string_view name) {
    const std::vector<std::string_view> known = instruction_sets();
    const auto found = std::find(known.begin(), known.end(), name);
    if (found != known.end()) return static_cast<Isa>(found - known.begin());
    std::string message = "KAC_ISA must name an instruction set that this machine has, which are";
    for (const std::string_view other : known) message.append(" ").append(other);
    throw std::invalid_argument(message.append(", got '").append(name).append("'"));
}

}  // namespace

unsigned available_threads() {
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
    }
#endif
    return std::max(1U, std::thread::hardware_concurrency());
}

Isa isa() {
    static const Isa chosen = [] {
        const char* name = std::getenv("KAC_ISA");
        return name != nullptr && *name != '\0' ? isa_called(name) : best_isa();
    }();
    return chosen;
}

std::string_view instruction_set() {
    return names[static_cast<std::size_t>(isa())];
}

std::vector<std::string_view> instruction_sets() {
    return {names, names + static_cast<std::size_t>(best_isa()) + 1};
}

}  // namespace kac
