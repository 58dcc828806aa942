#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "kac/files.hpp"

namespace kac {

/// An open file. `close` reports what a delayed write may still have to say; without it, after an
/// exception, the destructor closes in silence.
class File {
  public:
    File(const std::string& path, int flags)
        : path_(path), descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {
        if (descriptor_ < 0) fail();
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }

    /// As much into `bytes` as there is at once: the part that was filled, empty at the file's end.
    std::span<std::uint8_t> read_some(std::span<std::uint8_t> bytes) {
        while (true) {
            const auto found = ::read(descriptor_, bytes.data(), bytes.size());
            if (found >= 0) return bytes.first(static_cast<std::size_t>(found));
            if (errno != EINTR) fail();
        }
    }

    /// Fill `bytes`; false where the file ends before.
    bool read(std::span<std::uint8_t> bytes) {
        while (!bytes.empty()) {
            const std::size_t found = read_some(bytes).size();
            if (found == 0) return false;
            bytes = bytes.subspan(found);
        }
        return true;
    }

    void write(std::span<const std::uint8_t> bytes) {
        while (!bytes.empty()) {
            const auto written = ::write(descriptor_, bytes.data(), bytes.size());
            if (written < 0 && errno == EINTR) continue;
            if (written <= 0) fail();
            bytes = bytes.subspan(static_cast<std::size_t>(written));
        }
    }

    void sync() {
        while (::fsync(descriptor_) != 0) {
            if (errno != EINTR) fail();
        }
    }

    /// Not repeated after EINTR: the descriptor is gone then, perhaps already another file's.
    void close() {
        const int descriptor = std::exchange(descriptor_, -1);
        if (::close(descriptor) != 0 && errno != EINTR) fail();
    }

  private:
    [[noreturn]] void fail() const { throw FileError(errno, path_); }

    const std::string& path_;
    int descriptor_;
};

}  // namespace kac
