#include <algorithm>
#include <limits>
#include <optional>

#include "kac/wav.hpp"
#include "paths.hpp"
#include "run.hpp"

namespace kac::python {

namespace {

Array quantise(const Array& signals, int bit_depth, unsigned threads) {
    require_dimensions(signals, 2, "signals");
    const std::size_t sounds = extent(signals, 0), length = extent(signals, 1);
    Array result = empty({sounds, length});
    const std::span<const double> from = view(signals);
    const std::span<double> to = writable(result);
    run_sounds(sounds, threads, [&](std::size_t i) {
        kac::quantise(row(from, length, i), bit_depth, row(to, length, i));
    });
    return result;
}

void require_distinct(std::vector<std::string> paths) {
    std::sort(paths.begin(), paths.end());
    const auto twice = std::adjacent_find(paths.begin(), paths.end());
    if (twice == paths.end()) return;
    throw std::invalid_argument("every sound needs a path of its own, got twice: " +
                                py::repr(py::bytes(*twice)).cast<std::string>());
}

/// Threads that mostly wait for the disk: flushes that are waited for side by side are answered
/// together, by one commit of the file system's journal. On ext4, 2000 small files take a quarter
/// of what they take one after the other, and no more time of the processor; more threads gain
/// little, and a second pass that flushes what all have written is no faster than this. What each
/// holds is one encoded file, at most half as large as its sound.
constexpr unsigned syncing_threads = 16;

py::tuple write_wavs(const py::sequence& paths, const Array& signals, std::int64_t sample_rate,
                     int bit_depth, bool sync, unsigned threads) {
    require_dimensions(signals, 2, "signals");
    const std::size_t sounds = extent(signals, 0), length = extent(signals, 1);
    const std::vector<std::string> files = encoded_paths(paths);
    if (files.size() != sounds) {
        throw std::invalid_argument("every sound needs a path, got " + std::to_string(sounds) +
                                    " sound(s) and " + std::to_string(files.size()) + " path(s)");
    }
    require_distinct(files);
    auto clipped = empty<std::int64_t>({sounds});
    auto checksums = empty<std::uint32_t>({sounds});
    const std::span<std::int64_t> clips = writable(clipped);
    const std::span<std::uint32_t> sums = writable(checksums);
    const std::span<const double> from = view(signals);
    if (threads == 0) threads = available_threads();
    if (sync) threads = std::max(threads, syncing_threads);
    run_sounds(sounds, threads, [&](std::size_t i) {
        const EncodedWav wav = encode_wav(row(from, length, i), sample_rate, bit_depth);
        write_file(files[i], wav.bytes, sync);
        clips[i] = static_cast<std::int64_t>(wav.clipped);
        sums[i] = wav.checksum;
    });
    return py::make_tuple(clipped, checksums);
}

py::tuple read_wavs(const py::sequence& paths, py::ssize_t length, unsigned threads) {
    const std::vector<std::string> files = encoded_paths(paths);
    const std::size_t samples = at_least_one(length, "length");
    Array result = empty({files.size(), samples});
    auto read = empty<bool>({files.size()});
    auto checksums = empty<std::uint32_t>({files.size()});
    const std::span<double> to = writable(result);
    const std::span<bool> found = writable(read);
    const std::span<std::uint32_t> sums = writable(checksums);
    run_each(files.size(), threads, [&](std::size_t i) {
        const std::span<double> sound = row(to, samples, i);
        const std::optional<std::uint32_t> checksum = read_wav(files[i], sound);
        if (!checksum) std::ranges::fill(sound, std::numeric_limits<double>::quiet_NaN());
        found[i] = checksum.has_value();
        sums[i] = checksum.value_or(0);
    });
    return py::make_tuple(result, read, checksums);
}

}  // namespace

void bind_wav_files(py::module_& module) {
    using namespace py::literals;
    define(module, "quantise", &quantise,
           R"(What a reader of the files written by `write_wavs` sees, of shape (sounds, length).

Args:
    signals: full scale is -1 to 1, shape (sounds, length).
    bit_depth: 16, 24 or 32.
    threads: 0 for all available; the result does not depend on it.

Raises:
    ValueError: another bit depth, or a sample that is not finite.)",
           "signals"_a, "bit_depth"_a = 24, "threads"_a = 0);
    define(module, "read_wavs", &read_wavs,
           R"(Read mono PCM files such as `write_wavs` makes, of `length` samples each.

Args:
    paths: one for each sound.
    length: samples, at least 1.
    threads: 0 for all available.

Returns:
    The sounds, float64, shape (paths, length); which of them were read, bool, shape (paths,); and
    the CRC-32 of the whole files, uint32, shape (paths,). Sounds that were not read are NaN, and
    their checksums 0: their files are damaged, or of another length or kind.

Raises:
    OSError: a file could not be opened or read.)",
           "paths"_a, "length"_a, "threads"_a = 0);
    define(module, "write_wavs", &write_wavs,
           R"(Write one mono PCM file a sound, replacing what is there.

Args:
    paths: a path of its own for each sound.
    signals: full scale is -1 to 1, shape (sounds, length).
    sample_rate: Hz, a whole number.
    bit_depth: 16, 24 or 32.
    sync: have the files on the disk when this returns.
    threads: 0 for all available; with `sync` there are at least 16, which mostly wait.

Returns:
    How many samples of each sound were outside [-1, 1] and so clipped, int64, and the CRC-32 of
    the whole files, uint32, both of shape (sounds,).

Raises:
    ValueError: a sample is not finite (of that sound nothing is written), a sound has no path or
        shares it, or the format does not allow the bit depth, the sample rate or the length.
    OSError: a file could not be opened, written, synced or closed.

Where this ends early, by one of these or by Ctrl-C, files may be missing or there in part.)",
           "paths"_a, "signals"_a, "sample_rate"_a, "bit_depth"_a = 24, "sync"_a = false,
           "threads"_a = 0);
}

}  // namespace kac::python
