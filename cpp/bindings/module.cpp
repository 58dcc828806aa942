#include <pybind11/pybind11.h>

namespace kac::python {

void bind_checksums(pybind11::module_& module);
void bind_drums(pybind11::module_& module);
void bind_fdtd(pybind11::module_& module);
void bind_machine(pybind11::module_& module);
void bind_samples(pybind11::module_& module);
void bind_spectra(pybind11::module_& module);
void bind_synthesis(pybind11::module_& module);
void bind_text(pybind11::module_& module);
void bind_wav(pybind11::module_& module);

}  // namespace kac::python

PYBIND11_MODULE(_core, module) {
    module.doc() = "The compiled core: sound, spectra and sound files, a batch at a time.";
    kac::python::bind_checksums(module);
    kac::python::bind_drums(module);
    kac::python::bind_fdtd(module);
    kac::python::bind_machine(module);
    kac::python::bind_samples(module);
    kac::python::bind_spectra(module);
    kac::python::bind_synthesis(module);
    kac::python::bind_text(module);
    kac::python::bind_wav(module);
}
