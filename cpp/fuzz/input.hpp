#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <type_traits>

/// What libFuzzer calls with each of its inputs.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace kac::fuzz {

/// The bytes of an input, taken from its front; those that are missing are 0.
class Input {
  public:
    Input(const std::uint8_t* data, std::size_t size) : left_(data, size) {}

    /// The bits of a number, whatever it is.
    template <typename Number>
    Number take() {
        static_assert(std::is_trivially_copyable_v<Number>);
        Number number = {};
        const std::size_t bytes = left_.size() < sizeof number ? left_.size() : sizeof number;
        if (bytes > 0) std::memcpy(&number, left_.data(), bytes);
        left_ = left_.subspan(bytes);
        return number;
    }

    /// A whole number from 1 to `largest`.
    std::size_t count(std::size_t largest) { return 1 + take<std::uint16_t>() % largest; }

    std::span<const std::uint8_t> rest() const { return left_; }

  private:
    std::span<const std::uint8_t> left_;
};

/// End the process, which libFuzzer reports, unless something holds.
inline void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "wrong: %s\n", what);
    std::abort();
}

}  // namespace kac::fuzz
