// A file that is read as a sound is the one that `encode_wav` makes of it, byte for byte.
#include "kac/wav.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "input.hpp"

namespace {

using kac::fuzz::require;

/// A file of this process, removed when it ends.
struct Scratch {
    std::string path =
        (std::filesystem::temp_directory_path() / ("fuzz" + std::to_string(::getpid()))).string();
    ~Scratch() { std::filesystem::remove(path); }
};

void check(const std::string& path, std::span<const std::uint8_t> file, std::size_t samples) {
    std::vector<double> sound(samples);
    const auto checksum = kac::read_wav(path, sound);
    if (!checksum) return;
    kac::fuzz::Input header(file.data() + 24, file.size() - 24);
    const auto rate = header.take<std::uint32_t>();
    header.take<std::uint32_t>();
    const int bit_depth = static_cast<int>(header.take<std::uint32_t>() >> 16);
    const kac::EncodedWav encoded = kac::encode_wav(sound, rate, bit_depth);
    require(std::ranges::equal(encoded.bytes, file), "the file is another");
    require(encoded.checksum == *checksum, "the checksum is another");
    require(encoded.clipped == 0, "a sample that was read is beyond full scale");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Scratch scratch;
    std::ofstream(scratch.path, std::ios::binary)
        .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
    const std::size_t header = 44, body = size > header ? size - header : 0;
    for (const std::size_t width : {2U, 3U, 4U}) check(scratch.path, {data, size}, body / width);
    return 0;
}
