#include "kac/roots.hpp"

#include <cmath>
#include <utility>

namespace kac {

namespace {

/// The unevaluated sum of two numbers, the second below the last bit of the first (Dekker,
/// Numerische Mathematik 18, 1971).
struct Pair {
    double high, low;
};

/// For |a| >= |b|.
Pair sum(double a, double b) {
    const double high = a + b;
    return {high, (a - high) + b};
}

Pair product(Pair a, Pair b) {
    const double high = a.high * b.high;
    return sum(high, std::fma(a.high, b.high, -high) + (a.high * b.low + a.low * b.high));
}

Pair quotient(Pair a, double b) {
    const double high = a.high / b;
    return sum(high, (std::fma(-high, b, a.high) + a.low) / b);
}

/// 1 - x^2 / (n (n + 1)) + x^4 / (n (n + 1) (n + 2) (n + 3)) - ...: cos x for n = 1, sin x / x for
/// n = 2, |x| <= pi / 4. Of the terms from the fourth on, double precision is enough.
Pair alternating(Pair square, double n) {
    double rest = 1.0;
    for (double m = n + 18.0; m > n + 5.0; m -= 2.0) {
        rest = 1.0 - square.high * rest / (m * (m + 1.0));
    }
    Pair series = {rest, 0.0};
    for (double m = n + 4.0; m > n - 1.0; m -= 2.0) {
        const Pair term = quotient(product(square, series), m * (m + 1.0));
        const Pair difference = sum(1.0, -term.high);
        series = sum(difference.high, difference.low - term.low);
    }
    return series;
}

}  // namespace

std::complex<double> root_of_unity(std::size_t k, std::size_t n) {
    // Whole numbers bring the angle into the first octant, where sine and cosine are most exact.
    constexpr Pair quarter_pi = {0x1.921fb54442d18p-1, 0x1.1a62633145c07p-55};
    const std::size_t scaled = 8 * (k % n), octant = scaled / n, rest = scaled % n;
    const auto numerator = static_cast<double>(octant % 2 == 0 ? rest : n - rest);
    const Pair angle = product(quarter_pi, quotient({numerator, 0.0}, static_cast<double>(n)));
    const Pair square = product(angle, angle);
    double c = alternating(square, 1.0).high, s = product(angle, alternating(square, 2.0)).high;
    if (octant == 1 || octant == 2 || octant == 5 || octant == 6) std::swap(c, s);
    return {octant >= 2 && octant < 6 ? -c : c, octant < 4 ? -s : s};
}

}  // namespace kac
