#pragma once

#include <cstddef>
#include <vector>

namespace kac {

/// Which mel scale: 2595 log_10(1 + f / 700) (O'Shaughnessy 1987, as in the Hidden Markov
/// Model Toolkit), or linear below 1 kHz and logarithmic above (Slaney 1998, Auditory Toolbox).
enum class MelScale { htk, slaney };

/// Triangles of height 1, or of area 1 over the frequency in hertz.
enum class MelNorm { peak, area };

struct MelSettings {
    std::size_t n_fft, n_mels;
    double f_min, f_max, sample_rate;  // hertz
    MelScale scale = MelScale::htk;
    MelNorm norm = MelNorm::peak;
};

/// Triangular filters, equally wide and equally spaced on the mel scale, over the bins of a
/// spectrum. Only weights that are not zero are kept.
class MelFilters {
  public:
    /// The weights of the bins first, first + 1, ...; none where no bin lies below the triangle.
    struct Filter {
        std::size_t first;
        std::vector<double> weights;
    };

    /// No filters: the spectrum itself.
    MelFilters() = default;

    /// @throws std::invalid_argument unless all counts and the rate are positive and
    ///         0 <= f_min < f_max <= sample_rate / 2.
    explicit MelFilters(const MelSettings& settings);

    std::size_t size() const { return filters_.size(); }
    std::size_t bins() const { return bins_; }
    const std::vector<Filter>& filters() const { return filters_; }

    /// All weights, (size(), bins()), row after row.
    std::vector<double> dense() const;

  private:
    std::size_t bins_ = 0;
    std::vector<Filter> filters_;
};

}  // namespace kac
