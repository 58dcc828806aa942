#include "kac/files.hpp"

#include <algorithm>
#include <array>

#include "file.hpp"
#include "kac/crc32.hpp"
#include "kac/parallel.hpp"

namespace kac {

void write_file(const std::string& path, std::span<const std::uint8_t> bytes, bool sync) {
    // Piece by piece, for the sake of cancellation points: to write or sync all at once can take
    // seconds.
    constexpr std::size_t most = std::size_t{1} << 23;
    File file(path, O_WRONLY | O_CREAT | O_TRUNC);
    while (true) {
        const std::span<const std::uint8_t> piece = bytes.first(std::min(bytes.size(), most));
        file.write(piece);
        if (sync) file.sync();
        bytes = bytes.subspan(piece.size());
        if (bytes.empty()) break;
        check_cancelled();
    }
    file.close();
}

FileChecksum file_checksum(const std::string& path) {
    File file(path, for_reading);
    std::array<std::uint8_t, 65536> block;
    FileChecksum sum = {};
    while (true) {
        const std::span<const std::uint8_t> found = file.read_some(block);
        if (found.empty()) return sum;
        sum.crc32 = crc32(found, sum.crc32);
        sum.size += found.size();
        check_cancelled();
    }
}

}  // namespace kac
