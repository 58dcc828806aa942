#include "kac/wav.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string_view>

#include "describe.hpp"
#include "file.hpp"
#include "kac/crc32.hpp"
#include "kac/parallel.hpp"
#include "kac/phase.hpp"

namespace kac {

namespace {

constexpr std::uint64_t header_size = 44;
constexpr std::uint64_t largest_number = std::numeric_limits<std::uint32_t>::max();

void require_bit_depth(int bit_depth) {
    if (bit_depth == 16 || bit_depth == 24 || bit_depth == 32) return;
    throw std::invalid_argument("the bit depth must be 16, 24 or 32, got " +
                                std::to_string(bit_depth));
}

/// The samples [begin, end) of a signal, all of them finite.
///
/// x - x is 0, or NaN where x is not finite: its sum tells without a branch per sample.
std::span<const double> finite_part(std::span<const double> signal, std::size_t begin,
                                    std::size_t end) {
    const std::span<const double> part = signal.subspan(begin, end - begin);
    double sum = 0.0;
    for (const double x : part) sum += x - x;
    if (sum == 0.0) return part;
    while (std::isfinite(signal[begin])) ++begin;
    throw std::invalid_argument("sample " + std::to_string(begin) + " must be finite, got " +
                                describe(signal[begin]));
}

/// The integer that stands for x at full scale 2^(b-1), as a double; never -0.
double to_integer(double x, double full_scale) {
    return round_to_integer(std::clamp(x * full_scale, -full_scale, full_scale - 1.0));
}

double full_scale_of(int bit_depth) {
    return std::ldexp(1.0, bit_depth - 1);
}

/// Appends numbers little-endian, whatever the machine's own order.
class Encoder {
  public:
    explicit Encoder(std::vector<std::uint8_t>& to) : to_(to) {}

    void text(std::string_view letters) { to_.insert(to_.end(), letters.begin(), letters.end()); }

    template <int Bytes>
    void number(std::uint32_t value) {
        put<Bytes>(grow(Bytes), value);
    }

    void samples(std::span<const double> signal, int bit_depth) {
        if (bit_depth == 16) samples<2>(signal);
        if (bit_depth == 24) samples<3>(signal);
        if (bit_depth == 32) samples<4>(signal);
    }

  private:
    template <int Bytes>
    static void put(std::uint8_t* to, std::uint32_t value) {
        for (int i = 0; i < Bytes; ++i) to[i] = static_cast<std::uint8_t>(value >> (8 * i));
    }

    template <int Bytes>
    void samples(std::span<const double> signal) {
        const double full_scale = full_scale_of(8 * Bytes);
        std::uint8_t* to = grow(Bytes * signal.size());
        for (const double x : signal) {
            const auto value = static_cast<std::int32_t>(to_integer(x, full_scale));
            put<Bytes>(to, static_cast<std::uint32_t>(value));
            to += Bytes;
        }
    }

    std::uint8_t* grow(std::size_t bytes) {
        to_.resize(to_.size() + bytes);
        return to_.data() + to_.size() - bytes;
    }

    std::vector<std::uint8_t>& to_;
};

/// The sizes in the header are 32-bit; data of odd length carry a pad byte that is not counted.
std::uint64_t checked_data_size(std::uint64_t samples, std::int64_t sample_rate, int bit_depth) {
    require_bit_depth(bit_depth);
    const auto width = static_cast<std::uint64_t>(bit_depth / 8);
    if (sample_rate < 1 || static_cast<std::uint64_t>(sample_rate) > largest_number / width) {
        throw std::invalid_argument("the sample rate must be from 1 to " +
                                    std::to_string(largest_number / width) + ", got " +
                                    std::to_string(sample_rate));
    }
    if (samples > (largest_number - header_size) / width) {
        throw std::invalid_argument(std::to_string(samples) + " samples of " +
                                    std::to_string(bit_depth) +
                                    " bits do not fit the 4 GiB of a WAV file");
    }
    return samples * width;
}

/// The chunks RIFF > (WAVE, "fmt ", "data"), up to where the samples begin.
void encode_header(Encoder& encoder, std::uint32_t data_size, std::uint32_t sample_rate,
                   std::uint32_t bit_depth) {
    constexpr std::uint32_t fmt_size = 16, pcm = 1, channels = 1;
    const std::uint32_t width = bit_depth / 8;
    encoder.text("RIFF");
    encoder.number<4>(static_cast<std::uint32_t>(header_size - 8) + data_size + data_size % 2);
    encoder.text("WAVEfmt ");
    encoder.number<4>(fmt_size);
    encoder.number<2>(pcm);
    encoder.number<2>(channels);
    encoder.number<4>(sample_rate);
    encoder.number<4>(sample_rate * width);
    encoder.number<2>(width);
    encoder.number<2>(bit_depth);
    encoder.text("data");
    encoder.number<4>(data_size);
}

/// Four bytes, little-endian, whatever the machine's own order.
std::uint32_t number_at(const std::uint8_t* from) {
    return std::uint32_t{from[0]} | std::uint32_t{from[1]} << 8 | std::uint32_t{from[2]} << 16 |
           std::uint32_t{from[3]} << 24;
}

/// The bit depth of a file of so many samples, 0 unless its header is what `encode_header` writes.
std::uint32_t bit_depth_of(std::span<const std::uint8_t, header_size> header, std::size_t samples) {
    const std::uint32_t sample_rate = number_at(&header[24]),
                        bit_depth = number_at(&header[32]) >> 16;
    if (bit_depth != 16 && bit_depth != 24 && bit_depth != 32) return 0;
    if (sample_rate == 0 || sample_rate > largest_number / (bit_depth / 8)) return 0;
    if (samples > (largest_number - header_size) / (bit_depth / 8)) return 0;
    std::vector<std::uint8_t> expected;
    Encoder encoder(expected);
    encode_header(encoder, static_cast<std::uint32_t>(samples) * (bit_depth / 8), sample_rate,
                  bit_depth);
    return std::equal(header.begin(), header.end(), expected.begin()) ? bit_depth : 0;
}

/// Samples of `Bytes` bytes, whose CRC-32 continues `checksum`; false where the file ends before.
template <std::size_t Bytes>
bool read_samples(File& file, std::span<double> out, std::uint32_t& checksum) {
    // A sample is the upper bytes of the four that end with it: those below are cut off.
    constexpr std::uint32_t upper = ~std::uint32_t{0} << (32 - 8 * Bytes);
    const double step = 1.0 / full_scale_of(32);
    std::array<std::uint8_t, 4 + Bytes * samples_per_check> buffer = {};
    bool whole = true;
    for_each_chunk(out.size(), [&](std::size_t begin, std::size_t end) {
        const std::span<double> part = out.subspan(begin, end - begin);
        const auto bytes = std::span(buffer).subspan(4 - Bytes, Bytes * part.size());
        whole = whole && file.read(bytes);
        checksum = crc32(bytes, checksum);
        const std::uint8_t* from = buffer.data();
        for (double& x : part) {
            x = static_cast<double>(static_cast<std::int32_t>(number_at(from) & upper)) * step;
            from += Bytes;
        }
    });
    return whole;
}

}  // namespace

void quantise(std::span<const double> signal, int bit_depth, std::span<double> out) {
    require_bit_depth(bit_depth);
    const double full_scale = full_scale_of(bit_depth);
    const double step = 1.0 / full_scale;
    for_each_chunk(signal.size(), [&](std::size_t begin, std::size_t end) {
        double* to = out.data() + begin;
        for (const double x : finite_part(signal, begin, end)) {
            *to++ = to_integer(x, full_scale) * step;
        }
    });
}

EncodedWav encode_wav(std::span<const double> signal, std::int64_t sample_rate, int bit_depth) {
    const std::uint64_t size = checked_data_size(signal.size(), sample_rate, bit_depth);
    EncodedWav wav = {};
    wav.bytes.reserve(header_size + size + size % 2);
    Encoder encoder(wav.bytes);
    encode_header(encoder, static_cast<std::uint32_t>(size),
                  static_cast<std::uint32_t>(sample_rate), static_cast<std::uint32_t>(bit_depth));
    std::size_t summed = 0;
    const auto sum = [&] {
        wav.checksum = crc32(std::span(wav.bytes).subspan(summed), wav.checksum);
        summed = wav.bytes.size();
    };
    for_each_chunk(signal.size(), [&](std::size_t begin, std::size_t end) {
        const std::span<const double> part = finite_part(signal, begin, end);
        for (const double x : part) wav.clipped += std::fabs(x) > 1.0;
        encoder.samples(part, bit_depth);
        sum();
    });
    if (size % 2 == 1) encoder.number<1>(0);
    sum();
    return wav;
}

std::optional<std::uint32_t> read_wav(const std::string& path, std::span<double> out) {
    File file(path, for_reading);
    std::array<std::uint8_t, header_size> header;
    if (!file.read(header)) return {};
    std::uint32_t checksum = crc32(header);
    const std::uint32_t bit_depth = bit_depth_of(header, out.size());
    bool whole = false;
    if (bit_depth == 16) whole = read_samples<2>(file, out, checksum);
    if (bit_depth == 24) whole = read_samples<3>(file, out, checksum);
    if (bit_depth == 32) whole = read_samples<4>(file, out, checksum);
    std::array<std::uint8_t, 1> pad, more;
    if (whole && bit_depth == 24 && out.size() % 2 == 1) {
        whole = file.read(pad) && pad[0] == 0;
        checksum = crc32(pad, checksum);
    }
    if (!whole || file.read(more)) return {};
    return checksum;
}

}  // namespace kac
