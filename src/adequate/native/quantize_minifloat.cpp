#include "quantize_sweep.h"

namespace adequate {
namespace {

// What lies below the smallest normal number: numbers in its steps, or nothing but 0, rounded to or put in their place.
enum class Below { subnormal, nothing, flushed };

template <Rounding rounding, Below below_smallest, bool settles>
struct Rounded {
    template <class Number>
    struct Rule {
        static constexpr bool draws = rounding == Rounding::stochastic;
        Number smallest, ulp, highest, magic;
        Bits<Number> settled;

        explicit Rule(const Floating& format)
            : smallest(static_cast<Number>(format.smallest)),
              ulp(static_cast<Number>(format.ulp)),
              highest(static_cast<Number>(format.highest)),
              magic(static_cast<Number>(1.5) * static_cast<Number>(Bits<Number>(1) << Layout<Number>::mantissa)),
              settled(static_cast<Bits<Number>>((format.settled + 1) & 1)) {}  // the biases 127 and 1023 are odd

        inline Number operator()(Number y, const Draws<Number>& draws, std::uint32_t i) const {
            y = clamped(y, -highest, highest);
            const Number power = binade(y);
            const bool below = power < smallest;
            if constexpr (below_smallest == Below::flushed) y = below ? static_cast<Number>(0) : y;
            if constexpr (settles) {
                const bool tie = absolute(y) == static_cast<Number>(1.5) * power;
                const bool even = ((bits_of(y) >> Layout<Number>::mantissa) & 1) == settled;
                y = tie & even & !below ? with_sign(power, y) : y;
            }
            Number step = (power < smallest ? smallest : power) * ulp;
            if constexpr (below_smallest == Below::nothing) step = below ? smallest : step;
            return rounded<rounding>(y, step, step * magic, draws, i);
        }
    };
};

template <Rounding rounding, bool settles>
Found chosen(const Sweep& sweep, const Floating& format) {
    if (format.flush) return sweep_as<Rounded<rounding, Below::flushed, settles>::template Rule>(sweep, format);
    if (format.low_step < format.smallest)
        return sweep_as<Rounded<rounding, Below::subnormal, settles>::template Rule>(sweep, format);
    return sweep_as<Rounded<rounding, Below::nothing, settles>::template Rule>(sweep, format);
}

}  // namespace

namespace ADEQUATE_PROCESSOR {

Found quantize(const Sweep& sweep, const Floating& format) {
    switch (format.rounding) {
        case Rounding::nearest_even:
            return format.settled < 0 ? chosen<Rounding::nearest_even, false>(sweep, format)
                                      : chosen<Rounding::nearest_even, true>(sweep, format);
        case Rounding::nearest_away: return chosen<Rounding::nearest_away, false>(sweep, format);
        case Rounding::toward_zero: return chosen<Rounding::toward_zero, false>(sweep, format);
        case Rounding::down: return chosen<Rounding::down, false>(sweep, format);
        default: return chosen<Rounding::stochastic, false>(sweep, format);
    }
}

}  // namespace ADEQUATE_PROCESSOR
}  // namespace adequate
