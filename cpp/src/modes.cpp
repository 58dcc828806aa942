#include "kac/modes.hpp"

#include <math.h>  // jn is the C library's: <cmath> has it in no namespace

#include <cmath>
#include <initializer_list>
#include <numbers>
#include <stdexcept>
#include <string>
#include <string_view>

#include "describe.hpp"
#include "kac/parallel.hpp"
#include "kac/phase.hpp"

namespace kac {

namespace {

void require(bool condition, const std::string& what, std::initializer_list<double> values) {
    if (condition) return;
    std::string got;
    for (const double value : values) got += (got.empty() ? "" : ", ") + describe(value);
    throw std::invalid_argument(what + ", got " + (values.size() > 1 ? "(" + got + ")" : got));
}

/// Written so that a NaN is outside.
bool in_unit_interval(double value) {
    return value >= 0.0 && value <= 1.0;
}

void require_inside(PolarPoint point, const std::string& which) {
    require(in_unit_interval(point.r) && std::isfinite(point.theta),
            which + " (r, theta) must lie on the disc, 0 <= r <= 1", {point.r, point.theta});
}

void require_inside(RectanglePoint point, const std::string& which) {
    require(in_unit_interval(point.x) && in_unit_interval(point.y),
            which + " (x, y) must lie on the rectangle, 0 <= x, y <= 1", {point.x, point.y});
}

void require_inside(BarycentricPoint point, const std::string& which) {
    const auto [u, v, w] = point;
    require(u >= 0.0 && v >= 0.0 && w >= 0.0 && std::fabs(u + v + w - 1.0) <= 1e-8,
            which + " (u, v, w) must lie on the triangle, none below 0 and their sum 1", {u, v, w});
}

void require_positive(double value, std::string_view what) {
    if (value > 0.0 && std::isfinite(value)) return;
    require(false, std::string(what) + " must be positive and finite", {value});
}

void require_modes(std::size_t M, std::size_t N) {
    if (M > 0 && N > 0) return;
    throw std::invalid_argument("M and N must be at least 1, got " + std::to_string(M) + " and " +
                                std::to_string(N));
}

void require_room(std::size_t size, std::span<const double> frequencies,
                  std::span<const double> weights) {
    if (frequencies.size() == size && weights.size() == size) return;
    throw std::invalid_argument("a drum of " + std::to_string(size) +
                                " partials needs as many frequencies and weights, got " +
                                std::to_string(frequencies.size()) + " and " +
                                std::to_string(weights.size()));
}

double bessel_j(std::size_t order, double x) {
#ifdef _MSC_VER
    return ::_jn(static_cast<int>(order), x);
#else
    return ::jn(static_cast<int>(order), x);
#endif
}

/// 2 sin(k pi x) for k = 1 ... count
std::vector<double> standing_waves(std::size_t count, double x) {
    std::vector<double> waves(count);
    for (std::size_t k = 0; k < count; ++k) {
        waves[k] = 2.0 * sin_cos_turns(0.5 * (static_cast<double>(k + 1) * x)).sin;
    }
    return waves;
}

/// The factors of the triangle's eigenfunctions at one point: sines and cosines of few multiples,
/// which the modes share.
class TriangleFactors {
  public:
    TriangleFactors(std::size_t M, std::size_t N, BarycentricPoint point)
        : along_(M + N + 1), across_(2 * (M + N)) {
        for (std::size_t k = 0; k < along_.size(); ++k) {
            along_[k] = sin_cos_turns(0.5 * (static_cast<double>(k) * (1.0 - point.u))).sin;
        }
        const double sixth = (point.v - point.w) / 6.0;
        for (std::size_t k = 0; k < across_.size(); ++k) {
            across_[k] = sin_cos_turns(static_cast<double>(k) * sixth);
        }
    }

    /// T with F = cos; n - l = m + 2 n and l - m = -(2 m + n).
    double symmetric(std::size_t m, std::size_t n) const {
        return along_[m] * across_[m + 2 * n].cos + along_[n] * across_[2 * m + n].cos -
               along_[m + n] * across_[m > n ? m - n : n - m].cos;
    }

    /// T with F = sin.
    double antisymmetric(std::size_t m, std::size_t n) const {
        const double difference = m > n ? across_[m - n].sin : -across_[n - m].sin;
        return along_[m] * across_[m + 2 * n].sin - along_[n] * across_[2 * m + n].sin -
               along_[m + n] * difference;
    }

  private:
    std::vector<double> along_;   // sin(k pi (1 - u))
    std::vector<SinCos> across_;  // of k d
};

}  // namespace

double frequency_scale(double wave_speed, double size) {
    require_positive(wave_speed, "the wave speed");
    require_positive(size, "the size");
    return 0.5 * wave_speed / size;
}

CircularModes::CircularModes(std::span<const double> series, std::size_t orders, PolarPoint heard)
    : orders_(orders), theta_(heard.theta), series_(series.begin(), series.end()) {
    if (orders == 0 || series.empty() || series.size() % orders != 0) {
        throw std::invalid_argument("a series must have rows of equal length, one an order, got " +
                                    std::to_string(series.size()) + " numbers for " +
                                    std::to_string(orders) + " orders");
    }
    require_inside(heard, "the pick-up");
    for (std::size_t k = 0; k < series.size(); ++k) {
        require_positive(series[k], "number " + std::to_string(k) + " of the series");
        const std::size_t m = k / (series.size() / orders);
        const double z = series[k] / std::numbers::inv_sqrtpi;
        const double slope = bessel_j(m + 1, z);
        zeros_.push_back(z);
        heard_.push_back((m > 0 ? 2.0 : 1.0) * bessel_j(m, z * heard.r) / (slope * slope));
    }
}

void CircularModes::partials(PolarPoint struck, double scale, std::span<double> frequencies,
                             std::span<double> weights) const {
    require_room(size(), frequencies, weights);
    require_positive(scale, "the frequency scale");
    require_inside(struck, "the strike");
    const double turns = (struck.theta - theta_) / (2.0 * std::numbers::pi);
    const double angle = turns - std::floor(turns);
    for (std::size_t m = 0, k = 0; m < orders_; ++m) {
        check_cancelled();  // hundreds of Bessel functions take a millisecond
        const double turned = sin_cos_turns(static_cast<double>(m) * angle).cos;
        for (const std::size_t end = k + size() / orders_; k < end; ++k) {
            frequencies[k] = series_[k] * scale;
            weights[k] = heard_[k] * turned * bessel_j(m, zeros_[k] * struck.r);
        }
    }
}

RectangularModes::RectangularModes(std::size_t M, std::size_t N, RectanglePoint heard) {
    require_modes(M, N);
    require_inside(heard, "the pick-up");
    along_x_ = standing_waves(M, heard.x);
    along_y_ = standing_waves(N, heard.y);
}

void RectangularModes::partials(RectanglePoint struck, double aspect_ratio, double scale,
                                std::span<double> frequencies, std::span<double> weights) const {
    require_room(size(), frequencies, weights);
    require_positive(aspect_ratio, "the aspect ratio");
    require_positive(scale, "the frequency scale");
    require_inside(struck, "the strike");
    const std::vector<double> x = standing_waves(along_x_.size(), struck.x);
    const std::vector<double> y = standing_waves(along_y_.size(), struck.y);
    for (std::size_t i = 0, k = 0; i < x.size(); ++i) {
        const double m = static_cast<double>(i + 1);
        const double weight = x[i] * along_x_[i];
        for (std::size_t j = 0; j < y.size(); ++j, ++k) {
            const double n = static_cast<double>(j + 1);
            frequencies[k] = std::sqrt(m * m / aspect_ratio + aspect_ratio * (n * n)) * scale;
            weights[k] = 0.25 * (weight * (y[j] * along_y_[j]));
        }
    }
}

TriangularModes::TriangularModes(std::size_t M, std::size_t N, BarycentricPoint heard)
    : M_(M), N_(N) {
    require_modes(M, N);
    require_inside(heard, "the pick-up");
    const TriangleFactors factors(M, N, heard);
    const double scale = 2.0 / std::pow(3.0, 0.75);
    for (std::size_t m = 1; m <= M; ++m) {
        for (std::size_t n = 1; n <= N; ++n) {
            if (m > n && m <= N) continue;  // counted as (n, m)
            const double squares = static_cast<double>(m * m + m * n + n * n);
            const double over_norm = m == n ? 2.0 / 3.0 : 4.0 / 3.0;
            pairs_.push_back({m, n, scale * std::sqrt(squares), factors.symmetric(m, n) * over_norm,
                              factors.antisymmetric(m, n) * over_norm});
        }
    }
}

void TriangularModes::partials(BarycentricPoint struck, double scale, std::span<double> frequencies,
                               std::span<double> weights) const {
    require_room(size(), frequencies, weights);
    require_positive(scale, "the frequency scale");
    require_inside(struck, "the strike");
    const TriangleFactors factors(M_, N_, struck);
    for (std::size_t k = 0; k < pairs_.size(); ++k) {
        const Pair& pair = pairs_[k];
        frequencies[k] = pair.series * scale;
        weights[k] = pair.symmetric * factors.symmetric(pair.m, pair.n) +
                     pair.antisymmetric * factors.antisymmetric(pair.m, pair.n);
    }
}

}  // namespace kac
