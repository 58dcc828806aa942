#pragma once

#include <cstddef>
#include <memory>

namespace kac {

/// Numbers, not set at first, that begin where a cache line does: it is as wide as the widest
/// vector, and a vector across two of them costs two loads.
template <typename Real>
class Aligned {
  public:
    explicit Aligned(std::size_t size)
        : size_(size),
          lines_(std::make_unique_for_overwrite<Line[]>((size + per_line - 1) / per_line)) {}

    Real* data() { return lines_.get()->numbers; }
    Real* begin() { return data(); }
    Real* end() { return data() + size_; }
    const Real* begin() const { return lines_.get()->numbers; }
    const Real* end() const { return begin() + size_; }

  private:
    static constexpr std::size_t per_line = 64 / sizeof(Real);
    struct alignas(64) Line {
        Real numbers[per_line];
    };

    std::size_t size_;
    std::unique_ptr<Line[]> lines_;
};

}  // namespace kac
