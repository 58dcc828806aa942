// Mel filters of any settings are refused, or lie within the spectrum with finite weights.
#include "kac/mel.hpp"

#include <cmath>
#include <stdexcept>

#include "input.hpp"

namespace {

using kac::fuzz::require;

void check(const kac::MelFilters& filters) {
    for (const auto& [first, weights] : filters.filters()) {
        require(first + weights.size() <= filters.bins(), "a filter ends beyond the spectrum");
        for (const double weight : weights) {
            require(std::isfinite(weight) && weight >= 0.0, "a weight is negative or not finite");
        }
    }
    require(filters.dense().size() == filters.size() * filters.bins(),
            "the matrix has other sizes");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    kac::fuzz::Input input(data, size);
    kac::MelSettings settings = {};
    settings.scale = input.take<std::uint8_t>() % 2 ? kac::MelScale::htk : kac::MelScale::slaney;
    settings.norm = input.take<std::uint8_t>() % 2 ? kac::MelNorm::peak : kac::MelNorm::area;
    settings.n_fft = input.count(4096) - 1;
    settings.n_mels = input.count(200) - 1;
    settings.f_min = input.take<double>();
    settings.f_max = input.take<double>();
    settings.sample_rate = input.take<double>();
    try {
        check(kac::MelFilters(settings));
    } catch (const std::invalid_argument&) {
    }
    return 0;
}
