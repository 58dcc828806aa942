#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace kac {

/// An uninitialised array, aligned to cache lines: these are as wide as the widest vector, and a
/// vector across two of them costs two loads.
template <typename Real>
class Aligned {
  public:
    explicit Aligned(std::size_t size)
        : size_(size), values_(static_cast<Real*>(::operator new(size * sizeof(Real), line))) {}

    Real* data() { return values_.get(); }
    Real* begin() { return values_.get(); }
    Real* end() { return begin() + size_; }
    const Real* begin() const { return values_.get(); }
    const Real* end() const { return begin() + size_; }

  private:
    static constexpr std::align_val_t line{64};
    struct Delete {
        void operator()(Real* values) const { ::operator delete(values, line); }
    };

    std::size_t size_;
    std::unique_ptr<Real, Delete> values_;
};

}  // namespace kac
