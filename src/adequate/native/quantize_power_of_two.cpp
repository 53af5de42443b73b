#include "quantize_sweep.h"

namespace adequate {
namespace {

// Rounding the exponent is adding to the bits what carries into the exponent field, and dropping the mantissa.
template <bool zero, bool nearest_value>
struct Nearest {
    template <class Number>
    struct Rule {
        static constexpr bool draws = false;
        Number smallest, highest;
        Bits<Number> settled;

        explicit Rule(const Powers& format)
            : smallest(static_cast<Number>(format.smallest)),
              highest(static_cast<Number>(format.highest)),
              settled(static_cast<Bits<Number>>((format.settled + 1) & 1)) {}  // the biases 127 and 1023 are odd

        inline Number operator()(Number y, const Draws<Number>&, std::uint32_t) const {
            constexpr Bits<Number> one = Bits<Number>(1) << Layout<Number>::mantissa;
            y += static_cast<Number>(0);  // -0 counts as positive
            const Number magnitude = lower(absolute(y), highest);
            Bits<Number> carry = one - 1 - Layout<Number>::below_sqrt2;
            if constexpr (nearest_value)
                carry = one / 2 - 1 + (((bits_of(magnitude) >> Layout<Number>::mantissa) ^ settled) & 1);
            Number power = from_bits<Number>((bits_of(magnitude) + carry) & Layout<Number>::infinity);
            if constexpr (!zero) power = power < smallest ? smallest : power;
            if constexpr (zero && !nearest_value) power = power < smallest ? static_cast<Number>(0) : power;
            if constexpr (zero && nearest_value) {
                const Number low = magnitude > smallest * static_cast<Number>(0.5) ? smallest : static_cast<Number>(0);
                power = magnitude < smallest ? low : power;
            }
            return with_sign(power, y) + static_cast<Number>(0);
        }
    };
};

// Between powers of two, a draw below the mantissa is a carry into the exponent.
template <bool zero>
struct Drawn {
    template <class Number>
    struct Rule {
        static constexpr bool draws = true;
        Number smallest, highest;

        static inline Bits<Number> as_mantissa(Bits<Number> word) {
            if constexpr (Layout<Number>::mantissa < 24) return word >> (24 - Layout<Number>::mantissa);
            else return word << (Layout<Number>::mantissa - 24);
        }

        explicit Rule(const Powers& format)
            : smallest(static_cast<Number>(format.smallest)), highest(static_cast<Number>(format.highest)) {}

        inline Number operator()(Number y, const Draws<Number>& draws, std::uint32_t i) const {
            constexpr Bits<Number> one = Bits<Number>(1) << Layout<Number>::mantissa;
            constexpr Bits<Number> exponent = ~(one - 1);  // and sign
            const std::uint32_t word = draws.word(i);
            const Number draw = Draws<Number>::number(word), unit = smallest * static_cast<Number>(0x1p-24);
            y = clamped(y, -highest, highest);
            const Number drawn = from_bits<Number>((bits_of(y) + one - 1 - as_mantissa(word)) & exponent);
            Number low = draw * (2 * unit) - smallest < y ? smallest : -smallest;
            if constexpr (zero) low = draw * unit < absolute(y) ? with_sign(smallest, y) : static_cast<Number>(0);
            return absolute(y) < smallest ? low : drawn;
        }
    };
};

}  // namespace

namespace ADEQUATE_PROCESSOR {

Found quantize(const Sweep& sweep, const Powers& format) {
    if (format.stochastic)
        return format.zero ? sweep_as<Drawn<true>::Rule>(sweep, format) : sweep_as<Drawn<false>::Rule>(sweep, format);
    if (format.nearest_value)
        return format.zero ? sweep_as<Nearest<true, true>::Rule>(sweep, format)
                           : sweep_as<Nearest<false, true>::Rule>(sweep, format);
    return format.zero ? sweep_as<Nearest<true, false>::Rule>(sweep, format)
                       : sweep_as<Nearest<false, false>::Rule>(sweep, format);
}

}  // namespace ADEQUATE_PROCESSOR
}  // namespace adequate
