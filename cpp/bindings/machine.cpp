#include "kac/machine.hpp"

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

namespace kac::python {

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
