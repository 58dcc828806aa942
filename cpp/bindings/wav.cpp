#include "kac/wav.hpp"

#include <algorithm>

#include "arrays.hpp"

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

/// Paths as the bytes the system takes: str, bytes and os.PathLike alike.
std::vector<std::string> encoded_paths(const py::sequence& paths) {
    if (py::isinstance<py::str>(paths) || py::isinstance<py::bytes>(paths)) {
        throw py::type_error("paths must be a sequence of paths, got a single one");
    }
    const py::object encode = py::module_::import("os").attr("fsencode");
    std::vector<std::string> encoded;
    for (const py::handle path : paths) {
        encoded.push_back(encode(path).cast<std::string>());
        if (encoded.back().find('\0') == std::string::npos) continue;
        throw std::invalid_argument("a path must not contain a null character, got " +
                                    py::repr(path).cast<std::string>());
    }
    return encoded;
}

void require_distinct(std::vector<std::string> paths) {
    std::sort(paths.begin(), paths.end());
    const auto twice = std::adjacent_find(paths.begin(), paths.end());
    if (twice == paths.end()) return;
    throw std::invalid_argument("every sound needs a path of its own, got twice: " + *twice);
}

py::array_t<std::int64_t> write_wavs(const py::sequence& paths, const Array& signals,
                                     std::int64_t sample_rate, int bit_depth, bool sync,
                                     unsigned threads) {
    require_dimensions(signals, 2, "signals");
    const std::size_t sounds = extent(signals, 0), length = extent(signals, 1);
    const std::vector<std::string> files = encoded_paths(paths);
    if (files.size() != sounds) {
        throw std::invalid_argument("every sound needs a path, got " + std::to_string(sounds) +
                                    " sound(s) and " + std::to_string(files.size()) + " path(s)");
    }
    require_distinct(files);
    py::array_t<std::int64_t> result(static_cast<py::ssize_t>(sounds));
    std::int64_t* const clipped = result.mutable_data();
    const std::span<const double> from = view(signals);
    run_sounds(sounds, threads, [&](std::size_t i) {
        const EncodedWav wav = encode_wav(row(from, length, i), sample_rate, bit_depth);
        write_file(files[i], wav.bytes, sync);
        clipped[i] = static_cast<std::int64_t>(wav.clipped);
    });
    return result;
}

py::tuple read_wavs(const py::sequence& paths, py::ssize_t length, unsigned threads) {
    const std::vector<std::string> files = encoded_paths(paths);
    const std::size_t samples = positive_length(length);
    Array result = empty({files.size(), samples});
    py::array_t<bool> read(static_cast<py::ssize_t>(files.size()));
    const std::span<double> to = writable(result);
    bool* const found = read.mutable_data();
    run_parallel(files.size(), threads, [&](std::size_t i) {
        try {
            found[i] = read_wav(files[i], row(to, samples, i));
        } catch (const FileError&) {
            found[i] = false;
        }
    });
    return py::make_tuple(result, read);
}

/// FileError becomes OSError, or the subclass that belongs to its errno.
void translate_file_error(std::exception_ptr error) {
    try {
        if (error) std::rethrow_exception(error);
    } catch (const FileError& failure) {
        const py::object path =
            py::module_::import("os").attr("fsdecode")(py::bytes(failure.path()));
        errno = failure.code().value();
        PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, path.ptr());
    }
}

}  // namespace

void bind_wav(py::module_& module) {
    using namespace py::literals;
    py::register_local_exception_translator(&translate_file_error);
    module.def(
        "quantise", &quantise, "signals"_a, "bit_depth"_a = 24, "threads"_a = 0,
        R"(What a reader of the files written by `write_wavs` sees, of shape (sounds, length).

Args:
    signals: full scale is -1 to 1, shape (sounds, length).
    bit_depth: 16, 24 or 32.
    threads: 0 for all available; the result does not depend on it.

Raises:
    ValueError: another bit depth, or a sample that is not finite.)");
    module.def("read_wavs", &read_wavs, "paths"_a, "length"_a, "threads"_a = 0,
               R"(Read mono PCM files such as `write_wavs` makes, of `length` samples each.

Args:
    paths: one for each sound.
    length: samples, at least 1.
    threads: 0 for all available.

Returns:
    The sounds, float64, shape (paths, length), and which of them were read, bool, shape (paths,).
    Those that were not are undefined: their files are missing or damaged, or of another length or
    kind.)");
    module.def("write_wavs", &write_wavs, "paths"_a, "signals"_a, "sample_rate"_a,
               "bit_depth"_a = 24, "sync"_a = false, "threads"_a = 0,
               R"(Write one mono PCM file a sound, replacing what is there.

Args:
    paths: a path of its own for each sound.
    signals: full scale is -1 to 1, shape (sounds, length).
    sample_rate: Hz, a whole number.
    bit_depth: 16, 24 or 32.
    sync: have each file on the disk before it is closed.
    threads: 0 for all available.

Returns:
    How many samples of each sound were outside [-1, 1] and so clipped, shape (sounds,).

Raises:
    ValueError: a sample is not finite (of that sound nothing is written), a sound has no path or
        shares it, or the format does not allow the bit depth, the sample rate or the length.
    OSError: a file could not be opened, written, synced or closed.

Where this ends early, by one of these or by Ctrl-C, files may be missing or there in part.)");
}

}  // namespace kac::python
