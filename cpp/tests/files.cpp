#include "kac/files.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "kac/crc32.hpp"

namespace {

using Bytes = std::vector<std::uint8_t>;

struct TemporaryFile {
    std::string path =
        (std::filesystem::temp_directory_path() / ("kac_files_" + std::to_string(::getpid())))
            .string();
    ~TemporaryFile() { std::filesystem::remove(path); }

    Bytes read() const {
        std::ifstream stream(path, std::ios::binary);
        return Bytes(std::istreambuf_iterator<char>(stream), {});
    }
};

}  // namespace

TEST_CASE("a file holds the bytes, and a shorter one replaces it") {
    const TemporaryFile file;
    for (const std::size_t size : {100000U, 10U, 0U}) {
        for (const bool sync : {false, true}) {
            const Bytes bytes(size, 42);
            kac::write_file(file.path, bytes, sync);
            CHECK(file.read() == bytes);
        }
    }
}

TEST_CASE("a file that cannot be written is an error with its path and errno") {
    const std::string path = "/nowhere/at/all.wav";
    try {
        kac::write_file(path, Bytes(3), false);
        FAIL("no error");
    } catch (const kac::FileError& error) {
        CHECK(error.path() == path);
        CHECK(error.code().value() == ENOENT);
    }
}

TEST_CASE("a full disk does not go unnoticed") {
    if (!std::filesystem::exists("/dev/full")) return;
    try {
        kac::write_file("/dev/full", Bytes(3), false);
        FAIL("no error");
    } catch (const kac::FileError& error) {
        CHECK(error.code().value() == ENOSPC);
    }
}

TEST_CASE("the checksum of a file, in blocks, is that of its bytes") {
    const TemporaryFile file;
    for (const std::size_t size : {0U, 1U, 65535U, 65536U, 65537U, 1000000U}) {
        Bytes bytes(size);
        for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * i / 251);
        kac::write_file(file.path, bytes, false);
        const kac::FileChecksum found = kac::file_checksum(file.path);
        CHECK(found.size == size);
        CHECK(found.crc32 == kac::crc32(bytes));
    }
    CHECK_THROWS_AS(kac::file_checksum("/nowhere/at/all"), kac::FileError);
    CHECK_THROWS_AS(kac::file_checksum("/"), kac::FileError);
}
