#pragma once

#include <type_traits>

/// Instruction sets: a file of kernels/ is compiled once for each, in a namespace of its own, and
/// the machine's best is chosen at run time.
///
/// Nothing else may differ between them: no contraction, sums in an order that does not
/// depend on the vector, hence the same bits. What such a file includes has internal linkage or is
/// a plain type: a weak symbol (an inline function, an instance of a template of the standard
/// library) would be merged with that of other files, and the linker might keep the one that only
/// newer processors understand.
namespace kac {

enum class Isa { baseline, avx2, avx512 };

/// The instruction set in use: the best of this machine, or the one that KAC_ISA names.
///
/// @throws std::invalid_argument if KAC_ISA names none that this machine has
Isa isa();

/// A table of functions for each type of number.
template <template <typename> typename Kernel>
struct ForEachReal {
    Kernel<double> double_precision;
    Kernel<float> single_precision;

    template <typename Real>
    const Kernel<Real>& of() const {
        static_assert(std::is_same_v<Real, double> || std::is_same_v<Real, float>);
        if constexpr (std::is_same_v<Real, double>) return double_precision;
        if constexpr (std::is_same_v<Real, float>) return single_precision;
    }
};

}  // namespace kac

/// KAC_KERNELS(Table, name) declares one table of functions for each instruction set, and
/// `name()`, which gives the table of the one in use. kernels/<topic>.cpp defines them,
/// `constinit`: what were to be filled in when the program starts would be so with instructions
/// that it may not have.
#ifdef KAC_X86_ISAS
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
        switch (isa()) {               \
            case Isa::avx512:          \
                return avx512::name;   \
            case Isa::avx2:            \
                return avx2::name;     \
            default:                   \
                return baseline::name; \
        }                              \
    }
#else
#define KAC_KERNELS(Table, name)  \
    namespace baseline {          \
    extern const Table name;      \
    }                             \
    inline const Table& name() {  \
        static_cast<void>(isa()); \
        return baseline::name;    \
    }
#endif
