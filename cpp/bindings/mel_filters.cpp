#include <pybind11/stl.h>

#include <algorithm>

#include "arguments.hpp"
#include "kac/mel.hpp"

namespace kac::python {

namespace {

MelFilters mel_filters(py::ssize_t n_fft, py::ssize_t n_mels, double f_min, double f_max,
                       double sample_rate, const std::string& scale, const std::string& norm) {
    if (scale != "htk" && scale != "slaney") {
        throw std::invalid_argument("scale must be htk or slaney, got '" + scale + "'");
    }
    if (norm != "peak" && norm != "area") {
        throw std::invalid_argument("norm must be peak or area, got '" + norm + "'");
    }
    return MelFilters({not_negative(n_fft, "n_fft"), not_negative(n_mels, "n_mels"), f_min, f_max,
                       sample_rate, scale == "htk" ? MelScale::htk : MelScale::slaney,
                       norm == "peak" ? MelNorm::peak : MelNorm::area});
}

std::vector<std::size_t> silent(const MelFilters& filters) {
    std::vector<std::size_t> result;
    for (std::size_t m = 0; m < filters.size(); ++m) {
        if (filters.filters()[m].weights.empty()) result.push_back(m);
    }
    return result;
}

Array weights(const MelFilters& filters) {
    const std::vector<double> dense = filters.dense();
    Array result = empty({filters.size(), filters.bins()});
    std::copy(dense.begin(), dense.end(), writable(result).begin());
    return result;
}

}  // namespace

void bind_mel_filters(py::module_& module) {
    using namespace py::literals;
    py::class_<MelFilters> type(module, "MelFilters",
                                "Triangles on the mel scale, over the bins of a spectrum.");
    define_constructor(type, &mel_filters, "n_fft"_a, "n_mels"_a, "f_min"_a, "f_max"_a,
                       "sample_rate"_a, "scale"_a = "htk", "norm"_a = "peak");
    type.def_property_readonly("weights", &weights, "Shape (n_mels, n_fft // 2 + 1).");
    type.def_property_readonly("silent", &silent, "Filters that no bin lies under.");
}

}  // namespace kac::python
