#pragma once

#include <cstddef>
#include <vector>

namespace kac {

/// Numbers, 0 at first, that begin where a cache line does: it is as wide as the widest vector, and
/// a vector across two of them costs two loads.
template <typename Real>
class Aligned {
  public:
    explicit Aligned(std::size_t size = 0)
        : size_(size), lines_((size + per_line - 1) / per_line) {}

    Real* data() { return begin(); }
    Real* begin() { return lines_.empty() ? nullptr : lines_.front().numbers; }
    Real* end() { return begin() + size_; }
    const Real* begin() const { return lines_.empty() ? nullptr : lines_.front().numbers; }
    const Real* end() const { return begin() + size_; }

  private:
    static constexpr std::size_t per_line = 64 / sizeof(Real);
    struct alignas(64) Line {
        Real numbers[per_line] = {};
    };

    std::size_t size_;
    std::vector<Line> lines_;
};

}  // namespace kac
