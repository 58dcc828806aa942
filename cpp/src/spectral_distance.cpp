#include "kac/spectral_distance.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "describe.hpp"
#include "hann.hpp"
#include "kac/aligned.hpp"
#include "kac/fft.hpp"
#include "kernels/frames.hpp"
#include "kernels/spectral_distance.hpp"
#include "lane_fft.hpp"

namespace kac {

namespace {

/// Samples of a block that a thread takes at a time, with one window.
constexpr std::size_t samples_per_item = 16384;

/// The least frames of an item: as many as the widest vector has lanes.
constexpr std::size_t frames_per_item = 8;

void require(bool holds, const std::string& message) {
    if (!holds) throw std::invalid_argument(message);
}

struct Sums {
    double linear = 0.0, logarithmic = 0.0;
};

/// Compares frames with one window.
class Comparison {
  public:
    Comparison(std::size_t length, double relative_floor)
        : window_(hann<double>(length)), fft_(length) {
        const double floor = relative_floor * static_cast<double>(length) / 4.0;
        floor_ = floor * floor;
    }

    std::size_t length() const { return window_.size(); }
    std::size_t hop() const { return length() / 4; }

    /// Sum `count` frames, the first of which begins at x and y; one by one, so that a sum has the
    /// same bits with any vectors.
    Sums sum(const double* x, const double* y, std::size_t count) const {
        const std::size_t lanes = fft_.lanes();
        Aligned<double> memory(fft_.data_size() + fft_.work_size() + lanes * (fft_.bins() + 2));
        double *const data = memory.data(), *const work = data + fft_.data_size();
        double *const linear = work + fft_.work_size(), *const logarithmic = linear + lanes;
        double* const kept = logarithmic + lanes;
        Sums total;
        for (std::size_t first = 0; first < count; first += lanes) {
            check_cancelled();
            const std::size_t used = std::min(lanes, count - first);
            gather(x + first * hop(), used, data);
            fft_.transform(data, work, {FftOutput::power, kept, lanes});
            gather(y + first * hop(), used, data);
            const double* power = fft_.transform(data, work, FftOutput::power);
            kernel_.sum(kept, power, fft_.bins(), floor_, linear, logarithmic);
            for (std::size_t i = 0; i < used; ++i) {
                total.linear += linear[i];
                total.logarithmic += 0.5 * logarithmic[i];  // of squares
            }
        }
        return total;
    }

  private:
    /// Lanes to spare repeat the last frame.
    void gather(const double* sound, std::size_t used, double* data) const {
        std::vector<const double*> frames;
        for (std::size_t i = 0; i < fft_.lanes(); ++i) {
            frames.push_back(sound + std::min(i, used - 1) * hop());
        }
        frames_kernels().of<double>().gather(frames.data(), window_.data(), length(), data);
    }

    std::vector<double> window_;
    LaneFft<double> fft_;
    double floor_;
    const SpectralDistanceKernel& kernel_ = spectral_distance_kernel();
};

}  // namespace

struct SpectralDistance::Plan {
    std::size_t longest;
    std::deque<Comparison> comparisons;  // which cannot be moved
};

SpectralDistance::SpectralDistance(std::span<const std::size_t> windows, double floor) {
    require(!windows.empty(), "windows must have at least one length, got none");
    require(std::isfinite(floor) && floor > 0.0,
            "floor must be a finite number above 0, got " + describe(floor));
    Plan plan{*std::max_element(windows.begin(), windows.end()), {}};
    for (const std::size_t length : windows) {
        require(
            length >= 4 && length % 4 == 0 && plan.longest % length == 0 && length <= longest_fft,
            "windows must be multiples of 4 that divide the longest of them, at most " +
                std::to_string(longest_fft) + ", got " + std::to_string(length));
    }
    for (const std::size_t length : windows) plan.comparisons.emplace_back(length, floor);
    plan_ = std::make_shared<Plan>(std::move(plan));
}

std::size_t SpectralDistance::windows() const {
    return plan_->comparisons.size();
}

std::size_t SpectralDistance::history() const {
    return 3 * step();
}

std::size_t SpectralDistance::step() const {
    return plan_->longest / 4;
}

void SpectralDistance::sums(std::span<const double> x, std::span<const double> y,
                            std::span<double> out, const Executor& executor) const {
    require(
        x.size() == y.size() && x.size() >= history() && x.size() % step() == history() % step(),
        "x and y must have one length, " + std::to_string(history()) +
            " samples and a multiple of " + std::to_string(step()) + ", got " +
            std::to_string(x.size()) + " and " + std::to_string(y.size()));
    require(out.size() == 2 * windows(),
            "the result has " + std::to_string(out.size()) + " numbers, not two for each window");
    const std::size_t block = x.size() - history();
    const std::size_t item = step() * std::max(frames_per_item, samples_per_item / step());
    const std::size_t items = (block + item - 1) / item;
    std::vector<Sums> parts(windows() * items);
    executor.parallel_for(parts.size(), [&](std::size_t i) {
        const Comparison& comparison = plan_->comparisons[i % windows()];
        const std::size_t begin = i / windows() * item, end = std::min(begin + item, block);
        const std::size_t hop = comparison.hop(), first = begin + history() - 3 * hop;
        parts[i] = comparison.sum(x.data() + first, y.data() + first, (end - begin) / hop);
    });
    std::fill(out.begin(), out.end(), 0.0);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        out[2 * (i % windows())] += parts[i].linear;
        out[2 * (i % windows()) + 1] += parts[i].logarithmic;
    }
    require(std::all_of(out.begin(), out.end(), [](double sum) { return std::isfinite(sum); }),
            "x or y has a sample that is not finite, or so large that its spectrum is not");
}

}  // namespace kac
