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
#include "kac/parallel.hpp"

namespace kac {

/// To read a file: a pipe by that name would wait for a writer.
inline constexpr int for_reading = O_RDONLY | O_NONBLOCK;

/// An open file. `close` reports the errors of delayed writes; the destructor, after an exception,
/// does not.
class File {
  public:
    File(const std::string& path, int flags)
        : path_(path),
          descriptor_(repeated([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0666); })) {}
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }

    /// Read what one call gives into `bytes`; return the part that was filled, empty at the end.
    std::span<std::uint8_t> read_some(std::span<std::uint8_t> bytes) {
        const auto found =
            repeated([&] { return ::read(descriptor_, bytes.data(), bytes.size()); });
        return bytes.first(static_cast<std::size_t>(found));
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
            const auto written =
                repeated([&] { return ::write(descriptor_, bytes.data(), bytes.size()); });
            if (written == 0) throw FileError(EIO, path_);
            bytes = bytes.subspan(static_cast<std::size_t>(written));
        }
    }

    void sync() {
        repeated([&] { return ::fsync(descriptor_); });
    }

    /// Not repeated after EINTR: the descriptor is gone then, perhaps already another file's.
    void close() {
        const int descriptor = std::exchange(descriptor_, -1);
        if (::close(descriptor) != 0 && errno != EINTR) fail();
    }

  private:
    /// Make a system call, again after each signal that interrupts it; a cancellation point.
    template <typename Call>
    auto repeated(const Call& call) const -> decltype(call()) {
        while (true) {
            const auto result = call();
            if (result >= 0) return result;
            if (errno != EINTR) fail();
            check_cancelled();
        }
    }

    [[noreturn]] void fail() const { throw FileError(errno, path_); }

    const std::string& path_;
    int descriptor_;
};

}  // namespace kac
