"""Up and down across the accuracy, without going back."""

from adequate.exploration.answers import Answers, moved
from adequate.exploration.search import Strategy
from adequate.exploration.space import Space
from adequate.exploration.strategies.max_minus_one import saving_per_loss
from adequate.exploration.strategies.min_plus_one import gain_per_cost, lowest_alone


def tabu(space: Space, accuracy: float, *, objective: str = "stored_bits") -> Strategy:
    """The cheapest design met that is at least so accurate, on a walk along the edge of what is.

    The walk starts as ``min_plus_one``, with every knob at its lowest alone, and goes up as that does until the
    accuracy is reached; then down as ``max_minus_one`` until it is missed, and so on. The knob whose move crosses the
    edge, and any that cannot go on in the direction, may not be moved again; the walk ends when none may. (How tabu
    search is laid out here is ours.) None if not even the widest point is accurate enough.
    """
    answers = Answers(space)
    [best] = yield from answers.ask([space.widest])
    if best.accuracy < accuracy:
        return None

    point = yield from lowest_alone(answers, accuracy)
    [current] = yield from answers.ask([point])
    free = list(range(len(point)))
    trials = [current]
    while True:
        for trial in trials:
            if trial.accuracy >= accuracy and trial.figure(objective) < best.figure(objective):
                best = trial
        up = current.accuracy < accuracy
        reached = {knob: one for knob in free if (one := moved(space, point, knob, 1 if up else -1)) is not None}
        if not reached:
            return best.design
        trials = yield from answers.ask(list(reached.values()))
        order = gain_per_cost if up else saving_per_loss
        knob, after = max(zip(reached, trials, strict=True), key=lambda pair: order(current, pair[1], objective))
        crossed = up == (after.accuracy >= accuracy)
        free = [one for one in reached if not (crossed and one == knob)]
        point, current = reached[knob], after
