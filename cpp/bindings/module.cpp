#include <pybind11/pybind11.h>

namespace kac::python {

void bind_additive(pybind11::module_& module);
void bind_checksums(pybind11::module_& module);
void bind_machine(pybind11::module_& module);
void bind_mel_filters(pybind11::module_& module);
void bind_membranes(pybind11::module_& module);
void bind_modal_drums(pybind11::module_& module);
void bind_normalise(pybind11::module_& module);
void bind_number_list(pybind11::module_& module);
void bind_real_fft(pybind11::module_& module);
void bind_spectral_distance(pybind11::module_& module);
void bind_spectrogram(pybind11::module_& module);
void bind_tone(pybind11::module_& module);
void bind_wav_files(pybind11::module_& module);
void translate_errors();
void watch_process();

}  // namespace kac::python

PYBIND11_MODULE(_core, module) {
    module.doc() = "The compiled core: sound, spectra and sound files, a batch at a time.";
    kac::python::translate_errors();
    kac::python::watch_process();
    kac::python::bind_additive(module);
    kac::python::bind_checksums(module);
    kac::python::bind_machine(module);
    kac::python::bind_mel_filters(module);
    kac::python::bind_membranes(module);
    kac::python::bind_modal_drums(module);
    kac::python::bind_normalise(module);
    kac::python::bind_number_list(module);
    kac::python::bind_real_fft(module);
    kac::python::bind_spectral_distance(module);
    kac::python::bind_spectrogram(module);
    kac::python::bind_tone(module);
    kac::python::bind_wav_files(module);
}
