#include "kac/machine.hpp"

#include <pybind11/pybind11.h>

namespace kac::python {

void bind_machine(pybind11::module_& module) {
    module.def("available_threads", &kac::available_threads,
               "Number of processors this process may run on, honouring its affinity.");
    module.def("instruction_set", &kac::instruction_set,
               "Name of the instruction set that the kernels use; a dataset records it.");
}

}  // namespace kac::python
