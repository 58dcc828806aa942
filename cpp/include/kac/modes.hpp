#pragma once

#include <cstddef>
#include <span>
#include <vector>

/// The modes of drums whose eigenfunctions are known: what each carries from a strike to a pick-up.
///
/// A shape's `partials` are the frequencies and weights that `additive` makes a sound of: the
/// weight of a mode is phi(struck) phi(heard), phi orthonormal over the shape at unit area, summed
/// over eigenfunctions that share a frequency. A shape's series holds its wavenumbers at unit area
/// over pi, so a mode sounds at its number of the series times the `frequency_scale`.
///
/// All throw std::invalid_argument for a point outside the drum (the rim counts as inside) and for
/// numbers that are not finite or not positive where they have to be. The objects are immutable:
/// threads may share one.
namespace kac {

/// c / (2 L), Hz, for waves of c m/s on a drum of size L, the square root of its area, in m.
double frequency_scale(double wave_speed, double size);

/// r in units of the radius, theta in radians
struct PolarPoint {
    double r, theta;
};

/// in units of the sides
struct RectanglePoint {
    double x, y;
};

/// distances to the sides over the height; they add to one
struct BarycentricPoint {
    double u, v, w;
};

/// A disc: e_m J_m(z r_s) J_m(z r_p) cos(m (theta_s - theta_p)) / J_(m+1)(z)^2, e_0 = 1, else 2.
class CircularModes {
  public:
    /// @param series z_mn / sqrt(pi), `orders` rows of equal length, row m of zeros of J_m
    CircularModes(std::span<const double> series, std::size_t orders, PolarPoint heard);

    std::size_t size() const { return zeros_.size(); }
    void partials(PolarPoint struck, double scale, std::span<double> frequencies,
                  std::span<double> weights) const;

  private:
    std::size_t orders_;
    double theta_;
    std::vector<double> series_, zeros_;
    std::vector<double> heard_;  // e_m J_m(z r_p) / J_(m+1)(z)^2
};

/// A rectangle: 4 sin(m pi x_s) sin(n pi y_s) sin(m pi x_p) sin(n pi y_p), m = 1 ... M along x, n =
/// 1 ... N along y, n the faster. Its series depends on the ratio of its sides, x over y.
class RectangularModes {
  public:
    RectangularModes(std::size_t M, std::size_t N, RectanglePoint heard);

    std::size_t size() const { return along_x_.size() * along_y_.size(); }
    void partials(RectanglePoint struck, double aspect_ratio, double scale,
                  std::span<double> frequencies, std::span<double> weights) const;

  private:
    std::vector<double> along_x_, along_y_;  // 2 sin(m pi x_p), 2 sin(n pi y_p)
};

/// An equilateral triangle, after Lamé: for m, n >= 1, l = -(m + n), d = pi (v - w) / 3,
///
///     T = sin(pi l (1-u)) F((m-n) d) + sin(pi m (1-u)) F((n-l) d) + sin(pi n (1-u)) F((l-m) d)
///
/// is an eigenfunction with F = cos, and where m != n another with F = sin. Exchanging m and n
/// changes at most its sign, so a mode is a pair {m, n}: it counts, once, if (m, n) or (n, m) is in
/// the table m = 1 ... M, n = 1 ... N. Of two that are, m < n stays.
/// Source: McCartin, Eigenstructure of the equilateral triangle I, SIAM Review 45 (2003).
class TriangularModes {
  public:
    TriangularModes(std::size_t M, std::size_t N, BarycentricPoint heard);

    std::size_t size() const { return pairs_.size(); }
    void partials(BarycentricPoint struck, double scale, std::span<double> frequencies,
                  std::span<double> weights) const;

  private:
    struct Pair {
        std::size_t m, n;
        double series;
        double symmetric, antisymmetric;  // T at the pick-up over its squared norm
    };

    std::size_t M_, N_;
    std::vector<Pair> pairs_;
};

}  // namespace kac
