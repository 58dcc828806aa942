#include "kac/machine.hpp"

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

#include "arrays.hpp"

namespace kac::python {

namespace {

/// Never destroyed: the end of the process finds its threads waiting, and that of a fork none.
Crew* crew_of_process = nullptr;

void forget_in_forks() {
#if defined(__unix__) || defined(__APPLE__)
    pthread_atfork(nullptr, nullptr, [] { crew_of_process = nullptr; });
#endif
}

}  // namespace

Crew& crew() {
    if (crew_of_process == nullptr) {
        static const bool once = (forget_in_forks(), true);
        static_cast<void>(once);
        crew_of_process = new Crew;
    }
    return *crew_of_process;
}

void bind_machine(pybind11::module_& module) {
    module.def("available_threads", &kac::available_threads,
               "Number of processors this process may run on, honouring its affinity.");
    module.def("instruction_set", &kac::instruction_set,
               R"(Name of the instruction set that the kernels use; a dataset records it.

It is the best of this machine, or the one that the environment variable KAC_ISA names.

Raises:
    ValueError: KAC_ISA names none that this machine has.)");
    module.def("instruction_sets", &kac::instruction_sets,
               "Names of the instruction sets that this machine has, the best last.");
}

}  // namespace kac::python
