#pragma once

#include <cstddef>

/// Instruction-set levels: a file of kernels/ is compiled once for each, in a namespace of its own,
/// and the machine's best is chosen at run time.
///
/// Nothing else may differ between the levels: no contraction, sums in an order that does not
/// depend on the vector, hence the same bits. What such a file includes has internal linkage or is
/// a plain type: a weak symbol (an inline function, an instance of a template of the standard
/// library) would be merged with that of other files, and the linker might keep the one that only
/// newer processors understand.
namespace kac {

enum class Level { baseline, avx2, avx512 };

/// The level in use: the best of this machine, or the one that KAC_ISA names.
///
/// @throws std::invalid_argument if KAC_ISA names none that this machine has
Level level();

}  // namespace kac

/// KAC_KERNELS(Table, name) declares one table of functions for each level, and `name()`, which
/// gives the table of the level in use. kernels/<topic>.cpp defines them.
#ifdef KAC_X86_LEVELS
#define KAC_KERNELS(Table, name)       \
    namespace baseline {               \
    extern const Table name;           \
    }                                  \
    namespace avx2 {                   \
    extern const Table name;           \
    }                                  \
    namespace avx512 {                 \
    extern const Table name;           \
    }                                  \
    inline const Table& name() {       \
        switch (level()) {             \
            case Level::avx512:        \
                return avx512::name;   \
            case Level::avx2:          \
                return avx2::name;     \
            default:                   \
                return baseline::name; \
        }                              \
    }
#else
#define KAC_KERNELS(Table, name)    \
    namespace baseline {            \
    extern const Table name;        \
    }                               \
    inline const Table& name() {    \
        static_cast<void>(level()); \
        return baseline::name;      \
    }
#endif
