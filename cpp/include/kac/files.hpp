#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <system_error>

namespace kac {

/// A file that could not be opened, read, written, synced or closed; `code()` holds the errno.
class FileError : public std::system_error {
  public:
    FileError(int error, const std::string& path)
        : std::system_error(error, std::generic_category(), path), path_(path) {}
    const std::string& path() const noexcept { return path_; }

  private:
    std::string path_;
};

/// Create or replace a file; with `sync`, its data are on the disk when this returns.
///
/// After an exception, also that of a cancellation, the file may be incomplete.
/// @throws FileError
void write_file(const std::string& path, std::span<const std::uint8_t> bytes, bool sync);

struct FileChecksum {
    std::uint32_t crc32;
    std::uint64_t size;  ///< bytes
};

/// Return the CRC-32 and the size of a file of any size, read a block at a time.
///
/// @throws FileError
FileChecksum file_checksum(const std::string& path);

}  // namespace kac
