#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "kac/additive.hpp"
#include "kac/fft.hpp"
#include "kac/files.hpp"
#include "kac/parallel.hpp"
#include "kac/spectrogram.hpp"
#include "kac/tone.hpp"
#include "kac/wav.hpp"

namespace {

using Body = std::function<void()>;

constexpr std::size_t parts = 20;
constexpr std::size_t length = parts * kac::samples_per_check;

/// How often a body can be stopped: the polls when they are as frequent as cancellation points.
std::size_t polls_of(const Body& body) {
    std::size_t polls = 0;
    kac::parallel_for(
        1, 1, [&](std::size_t) { body(); }, [&] { ++polls; }, std::chrono::milliseconds(0));
    return polls;
}

/// Stop a body halfway, before which `reset` is called.
void interrupt(const Body& body, const Body& reset = [] {}) {
    const std::size_t half = polls_of(body) / 2;
    reset();
    std::size_t polls = 0;
    const auto poll = [&] {
        if (++polls == half) throw std::runtime_error("interrupted");
    };
    const auto item = [&](std::size_t) { body(); };
    CHECK_THROWS_WITH_AS(kac::parallel_for(1, 1, item, poll, std::chrono::milliseconds(0)),
                         "interrupted", std::runtime_error);
    CHECK(polls == half);
}

/// A body that fills `out` polls often, and once stopped leaves the rest alone.
void check_stops(std::vector<double>& out, std::size_t least_polls, const Body& body) {
    CHECK(polls_of(body) >= least_polls);
    interrupt(body, [&] { std::fill(out.begin(), out.end(), 7.0); });
    CHECK(out.back() == 7.0);
}

}  // namespace

TEST_CASE("a long tone, sweep or quantised sound is stopped between its parts") {
    const std::vector<double> signal(length, 0.5);
    std::vector<double> out(length);
    for (const auto shape : {kac::Waveshape::saw, kac::Waveshape::sin}) {
        check_stops(out, parts, [&] { kac::tone(shape, 440.0, 48000.0, out); });
    }
    check_stops(out, parts, [&] { kac::sweep(48000.0, out); });
    check_stops(out, parts, [&] { kac::quantise(signal, 24, out); });
}

TEST_CASE("a long sum of partials is stopped between the parts of each of its steps") {
    std::vector<double> out(length);
    const auto polls = [&](std::vector<double> frequencies, double decay, double peak) {
        const std::vector<double> weights(frequencies.size(), 1.0);
        const auto body = [&] { kac::additive(frequencies, weights, decay, peak, 48000.0, out); };
        interrupt(body);
        return polls_of(body);
    };
    const std::size_t once = polls({440.0}, 0.0, 0.0);
    CHECK(once >= 2 * parts);                             // silence, then 64 partials at a time
    CHECK(polls({440.0}, 1.0, 0.0) == once + parts);      // the decay
    CHECK(polls({440.0}, 0.0, 1.0) == once + 2 * parts);  // the peak is found, then set
    CHECK(polls({440.0, 0.1}, 1.0, 0.0) == once + 2 * parts);  // each that only relaxes
    CHECK(polls(std::vector<double>(200, 440.0), 0.0, 0.0) == once + 3 * parts);
}

TEST_CASE("a long sound file is stopped while it is encoded and while it is written") {
    const std::vector<double> signal(length, 0.5);
    const auto encode = [&] { kac::encode_wav(signal, 48000, 24); };
    CHECK(polls_of(encode) >= parts);
    interrupt(encode);
    const auto path =
        std::filesystem::temp_directory_path() / ("kac_interruption_" + std::to_string(::getpid()));
    const std::vector<std::uint8_t> bytes(std::size_t{40} << 20);
    const auto write = [&] { kac::write_file(path.string(), bytes, false); };
    CHECK(polls_of(write) >= 4);
    interrupt(write);
    CHECK(std::filesystem::file_size(path) < bytes.size());
    const auto check = [&] { kac::file_checksum(path.string()); };
    CHECK(polls_of(check) >= 64);
    interrupt(check);
    std::filesystem::remove(path);
}

TEST_CASE("long spectra are stopped between frames") {
    const std::vector<double> signals(length, 0.5);
    const kac::Spectrogram<double> plan({4096, 4096, 1024});
    const std::size_t frames = plan.frames(length);
    std::vector<double> out(plan.rows() * frames);
    check_stops(out, frames / 8, [&] { plan.transform(signals, length, out); });
    const kac::RealFft<double> fft(1024);
    std::vector<std::complex<double>> spectra(length / 1024 * fft.bins());
    const auto transform = [&] { fft.forward(signals, spectra); };
    CHECK(polls_of(transform) >= length / 1024 / 8);  // eight lanes at most
    interrupt(transform);
}
