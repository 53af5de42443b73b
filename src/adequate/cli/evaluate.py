"""``adequate evaluate``: the accuracy of a network, in full precision or in the arithmetic of a design."""

from adequate.cli.options import ComputeOptions, DataOptions, DesignOptions, ModelOptions, OutputOptions


def evaluate(
    model: ModelOptions, data: DataOptions, design: DesignOptions, compute: ComputeOptions, output: OutputOptions
) -> None:
    """Scores a network on the test images, in full precision or, with --design or --bits, in that arithmetic.

    A design is emulated bit for bit, with batch normalisation folded. One that a file brings along (quantised
    ONNX, Ristretto's layers) applies where no other is given, to the file's own layers. The interval holds the
    true accuracy in 95 of 100 samples of as many images.

    Example:
      adequate evaluate digits-cnn --data digits --bits 6
    """
    from adequate.cli.amounts import percent
    from adequate.cli.designs import arithmetic, listed_multipliers, multipliers
    from adequate.cli.output import answer, answer_json, facts, interval, rewritten
    from adequate.cli.progress import Progress
    from adequate.cli.subject import open_subject
    from adequate.design import Design
    from adequate.emulation import emulate
    from adequate.evaluation import evaluate_all
    from adequate.metrics import cross_entropy, top1, top5

    with Progress() as progress:
        chosen = arithmetic(design, open_subject(model, data, compute, progress), compute.seed, progress)
        subject = chosen.subject
        module = emulate(subject.network, chosen.design or Design())
        images = subject.data.test
        progress.stage("test images")
        scores = evaluate_all(
            module,
            images,
            (top1, top5, cross_entropy),
            progress=lambda done: progress.evaluated(done, len(images)),
        )
    accuracy = scores["top1"]
    if output.json:
        answer_json(
            {
                "model": model.model,
                "data": data.data,
                "split": "test",
                "accuracy": accuracy,
                "interval": accuracy.interval,
                "images": accuracy.images,
                "loss": scores["cross_entropy"],
                "top5": scores["top5"],
                **chosen.named,
                **({"multipliers": named} if (named := multipliers(chosen.design)) else {}),
            }
        )
        return
    rows = {
        "network": f"{model.model}, {chosen.described}",
        **rewritten(subject.network.rewrites),
        **listed_multipliers(chosen.design),
        "images": f"{accuracy.images:,} of {data.data} (test)",
        **subject.notes,
        "accuracy": f"{percent(accuracy)}  ({interval(accuracy.interval)})",
        "top-5": percent(scores["top5"]),
        "loss": f"{scores['cross_entropy']:.4f}",
    }
    answer(facts(rows))
