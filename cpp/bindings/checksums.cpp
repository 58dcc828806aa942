#include <algorithm>
#include <cstdint>

#include "kac/crc32.hpp"
#include "kac/files.hpp"
#include "paths.hpp"
#include "run.hpp"

namespace kac::python {

namespace {

/// The bytes that a Python object shows, as long as this lives.
class Bytes {
  public:
    explicit Bytes(const py::buffer& object) {
        if (PyObject_GetBuffer(object.ptr(), &buffer_, PyBUF_SIMPLE) == 0) return;
        PyErr_Clear();
        throw std::invalid_argument(
            "data must lie in the memory without gaps, in C order: pass a copy of it");
    }
    Bytes(const Bytes&) = delete;
    Bytes& operator=(const Bytes&) = delete;
    ~Bytes() { PyBuffer_Release(&buffer_); }

    std::span<const std::uint8_t> view() const {
        return {static_cast<const std::uint8_t*>(buffer_.buf),
                static_cast<std::size_t>(buffer_.len)};
    }

  private:
    Py_buffer buffer_ = {};
};

std::uint32_t crc32(const py::buffer& data, std::uint32_t start, unsigned threads) {
    constexpr std::size_t most = std::size_t{1} << 20;
    const Bytes bytes(data);
    const std::span<const std::uint8_t> all = bytes.view();
    const auto part = [&](std::size_t i) {
        return all.subspan(i * most, std::min(most, all.size() - i * most));
    };
    std::vector<std::uint32_t> sums((all.size() + most - 1) / most);
    run_each(sums.size(), threads, [&](std::size_t i) { sums[i] = kac::crc32(part(i)); });
    for (std::size_t i = 0; i < sums.size(); ++i) {
        start = kac::crc32_combine(start, sums[i], part(i).size());
    }
    return start;
}

py::tuple file_checksums(const py::sequence& paths, unsigned threads) {
    const std::vector<std::string> files = encoded_paths(paths);
    auto checksums = empty<std::uint32_t>({files.size()});
    auto sizes = empty<std::int64_t>({files.size()});
    const std::span<std::uint32_t> sums = writable(checksums);
    const std::span<std::int64_t> bytes = writable(sizes);
    run_each(files.size(), threads, [&](std::size_t i) {
        const FileChecksum found = file_checksum(files[i]);
        sums[i] = found.crc32;
        bytes[i] = static_cast<std::int64_t>(found.size);
    });
    return py::make_tuple(checksums, sizes);
}

}  // namespace

void bind_checksums(py::module_& module) {
    using namespace py::literals;
    define(module, "crc32", &crc32, R"(The CRC-32 of bytes, the one that zlib.crc32 gives.

Args:
    data: bytes, an array or anything else that shows its memory, without gaps and in C order.
    start: the checksum of what comes before.
    threads: 0 for all available; the result does not depend on it.

Raises:
    ValueError: the data have gaps.)",
           "data"_a, "start"_a = 0, "threads"_a = 1);
    define(module, "crc32_combine", &kac::crc32_combine,
           R"(The CRC-32 of two pieces of data, one behind the other.

Args:
    first: the checksum of the first piece.
    second: the checksum of the second piece.
    second_length: bytes in the second piece.)",
           "first"_a, "second"_a, "second_length"_a);
    define(module, "file_checksums", &file_checksums,
           R"(The CRC-32 of files, which are read a block at a time.

Args:
    paths: of the files.
    threads: 0 for all available; the result does not depend on it.

Returns:
    The checksums, uint32, and the sizes in bytes, int64, both of shape (paths,).

Raises:
    OSError: a file could not be opened or read.)",
           "paths"_a, "threads"_a = 0);
}

}  // namespace kac::python
