#include "kac/wav.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "describe.hpp"
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

/// x - x is 0, or NaN for what is not finite: a sum of it finds out without a branch a sample.
void require_finite(std::span<const double> signal) {
    double sum = 0.0;
    for (const double x : signal) sum += x - x;
    if (sum == 0.0) return;
    const auto bad =
        std::find_if_not(signal.begin(), signal.end(), [](double x) { return std::isfinite(x); });
    throw std::invalid_argument("sample " + std::to_string(bad - signal.begin()) +
                                " must be finite, got " + describe(*bad));
}

/// The integer that stands for x at full scale 2^(b-1), as a double; never -0.
double to_integer(double x, double full_scale) {
    return round_to_integer(std::clamp(x * full_scale, -full_scale, full_scale - 1.0));
}

double full_scale_of(int bit_depth) {
    return std::ldexp(1.0, bit_depth - 1);
}

/// Writes numbers little-endian, whatever the machine's own order.
class Encoder {
  public:
    explicit Encoder(std::uint8_t* to) : to_(to) {}

    void text(std::string_view letters) { to_ = std::copy(letters.begin(), letters.end(), to_); }

    template <int Bytes>
    void number(std::uint32_t value) {
        for (int i = 0; i < Bytes; ++i) to_[i] = static_cast<std::uint8_t>(value >> (8 * i));
        to_ += Bytes;
    }

    template <int Bytes>
    void samples(std::span<const double> signal) {
        const double full_scale = full_scale_of(8 * Bytes);
        for (const double x : signal) {
            const auto value = static_cast<std::int32_t>(to_integer(x, full_scale));
            number<Bytes>(static_cast<std::uint32_t>(value));
        }
    }

  private:
    std::uint8_t* to_;
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

/// An open file. `close` reports what a delayed write may still have to say; without it, after an
/// exception, the destructor closes in silence.
class File {
  public:
    explicit File(const std::string& path)
        : path_(path),
          descriptor_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
        if (descriptor_ < 0) fail();
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }

    void write(std::span<const std::uint8_t> bytes) {
        constexpr std::size_t most = std::size_t{1} << 30;  // some systems refuse 2 GiB at once
        while (!bytes.empty()) {
            const auto written = ::write(descriptor_, bytes.data(), std::min(bytes.size(), most));
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

}  // namespace

void quantise(std::span<const double> signal, int bit_depth, std::span<double> out) {
    require_bit_depth(bit_depth);
    require_finite(signal);
    const double full_scale = full_scale_of(bit_depth);
    const double step = 1.0 / full_scale;
    for (std::size_t i = 0; i < signal.size(); ++i) {
        out[i] = to_integer(signal[i], full_scale) * step;
    }
}

EncodedWav encode_wav(std::span<const double> signal, std::int64_t sample_rate, int bit_depth) {
    const std::uint64_t size = checked_data_size(signal.size(), sample_rate, bit_depth);
    require_finite(signal);
    const auto clipped =
        std::count_if(signal.begin(), signal.end(), [](double x) { return std::fabs(x) > 1.0; });

    EncodedWav wav = {std::vector<std::uint8_t>(header_size + size + size % 2),
                      static_cast<std::size_t>(clipped)};
    Encoder encoder(wav.bytes.data());
    encode_header(encoder, static_cast<std::uint32_t>(size),
                  static_cast<std::uint32_t>(sample_rate), static_cast<std::uint32_t>(bit_depth));
    if (bit_depth == 16) encoder.samples<2>(signal);
    if (bit_depth == 24) encoder.samples<3>(signal);
    if (bit_depth == 32) encoder.samples<4>(signal);
    return wav;
}

void write_file(const std::string& path, std::span<const std::uint8_t> bytes, bool sync) {
    File file(path);
    file.write(bytes);
    if (sync) file.sync();
    file.close();
}

}  // namespace kac
