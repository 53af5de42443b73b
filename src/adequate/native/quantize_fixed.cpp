#include "quantize_sweep.h"

namespace adequate {
namespace {

template <Rounding rounding>
struct Rounded {
    template <class Number>
    struct Rule {
        Number step, low, high, magic;

        explicit Rule(const FixedPoint& format)
            : step(static_cast<Number>(format.step)),
              low(static_cast<Number>(format.low)),
              high(static_cast<Number>(format.high)),
              magic(static_cast<Number>(1.5) * static_cast<Number>(Bits<Number>(1) << Layout<Number>::mantissa) * step) {}

        inline Number operator()(Number y, const Draws<Number>& draws, std::uint32_t i) const {
            return rounded<rounding>(clamped(y, low, high), step, magic, draws, i);
        }
    };
};

}  // namespace

namespace ADEQUATE_PROCESSOR {

std::int64_t quantize(const Sweep& sweep, const FixedPoint& format) {
    switch (format.rounding) {
        case Rounding::nearest_even: return sweep_as<Rounded<Rounding::nearest_even>::Rule>(sweep, format);
        case Rounding::nearest_away: return sweep_as<Rounded<Rounding::nearest_away>::Rule>(sweep, format);
        case Rounding::toward_zero: return sweep_as<Rounded<Rounding::toward_zero>::Rule>(sweep, format);
        case Rounding::down: return sweep_as<Rounded<Rounding::down>::Rule>(sweep, format);
        default: return sweep_as<Rounded<Rounding::stochastic>::Rule>(sweep, format);
    }
}

}  // namespace ADEQUATE_PROCESSOR
}  // namespace adequate
