#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace kac {

/// Numbers, not set at first, that begin where a cache line does: it is as wide as the widest
/// vector, and a vector across two of them costs two loads.
template <typename Real>
class Aligned {
  public:
    explicit Aligned(std::size_t size)
        : size_(size), numbers_(static_cast<Real*>(::operator new(size * sizeof(Real), line))) {}

    Real* data() { return numbers_.get(); }
    Real* begin() { return numbers_.get(); }
    Real* end() { return begin() + size_; }
    const Real* begin() const { return numbers_.get(); }
    const Real* end() const { return begin() + size_; }

  private:
    static constexpr std::align_val_t line{64};
    struct Delete {
        void operator()(Real* numbers) const { ::operator delete(numbers, line); }
    };

    std::size_t size_;
    std::unique_ptr<Real, Delete> numbers_;
};

}  // namespace kac
