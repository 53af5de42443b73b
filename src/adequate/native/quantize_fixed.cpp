#include "quantize_sweep.h"

namespace adequate {
namespace {

template <Rounding rounding>
struct Rounded {
    template <class Number>
    struct Rule {
        static constexpr bool draws = rounding == Rounding::stochastic;
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

// The codes are numbers below 2**22, rounded exactly as quantize does, and divided by the step: a power of two.
template <Rounding rounding>
std::int64_t encode_as(const Sweep& sweep, const FixedPoint& format) {
    const typename Rounded<rounding>::template Rule<float> rule(format);
    const float* x = static_cast<const float*>(sweep.x);
    std::uint8_t* out = static_cast<std::uint8_t*>(sweep.out);
    const float per_step = 1 / static_cast<float>(format.step);
    const Draws<float> none(sweep);
    alignas(64) float block[BLOCK];
    for (std::int64_t start = sweep.start; start < sweep.stop; start += BLOCK) {
        const int count = static_cast<int>(sweep.stop - start < BLOCK ? sweep.stop - start : BLOCK);
        const float* part = x + start;
        Bits<float> seen = 0;
        for (int i = 0; i < count; ++i) {
            seen |= bits_of(part[i] * 0.0f);
            block[i] = rule(part[i], none, i) * per_step;
        }
        if (seen & Layout<float>::infinity)
            for (int i = 0; i < count; ++i)
                if ((bits_of(part[i]) & Layout<float>::magnitude) >= Layout<float>::infinity) return start + i;
        for (int i = 0; i < count; ++i) out[start + i] = static_cast<std::uint8_t>(static_cast<std::int32_t>(block[i]));
    }
    return -1;
}

}  // namespace

namespace ADEQUATE_PROCESSOR {

std::int64_t encode(const Sweep& sweep, const FixedPoint& format) {
    switch (format.rounding) {
        case Rounding::nearest_even: return encode_as<Rounding::nearest_even>(sweep, format);
        case Rounding::nearest_away: return encode_as<Rounding::nearest_away>(sweep, format);
        case Rounding::toward_zero: return encode_as<Rounding::toward_zero>(sweep, format);
        default: return encode_as<Rounding::down>(sweep, format);
    }
}

Found quantize(const Sweep& sweep, const FixedPoint& format) {
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
