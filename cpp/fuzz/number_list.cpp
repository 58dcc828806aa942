// Text gives the same numbers, or the same error, whichever windows it is read in.
#include "kac/number_list.hpp"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <string>
#include <vector>

#include "input.hpp"

namespace {

using kac::fuzz::require;

/// What a text holds, or the place of the error.
struct Result {
    std::vector<std::uint64_t> bits;
    std::size_t used = 0, size = 0, rows = 0, columns = 0;
    bool complete = false, nested = false;
    std::string error;
    bool operator==(const Result&) const = default;
};

/// @param step bytes by which a window grows until it holds something whole
Result read(std::string_view text, std::size_t step) {
    std::vector<double> values(16);
    kac::NumberList list(values);
    Result result;
    try {
        for (std::size_t end = 0; end < text.size() && !list.complete();) {
            end = std::min(end + step, text.size());
            // A copy, so that the sanitiser sees what is read beyond it.
            const std::vector<char> window(text.begin() + static_cast<std::ptrdiff_t>(result.used),
                                           text.begin() + static_cast<std::ptrdiff_t>(end));
            result.used += list.read({window.data(), window.size()});
        }
    } catch (const std::invalid_argument& error) {
        // What was found is shown as far as the window goes.
        const std::string message = error.what();
        result.used = 0;
        result.error = message.substr(0, message.find(", got"));
    }
    const auto bits = [](double value) { return std::bit_cast<std::uint64_t>(value); };
    std::ranges::transform(values, std::back_inserter(result.bits), bits);
    result.size = list.size();
    result.rows = list.rows();
    result.columns = list.columns();
    result.complete = list.complete();
    result.nested = list.nested();
    return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const Result whole = read(text, std::max<std::size_t>(size, 1));
    for (const std::size_t step : {1U, 2U, 7U}) {
        require(read(text, step) == whole, "another window gives another result");
    }
    return 0;
}
