"""The report of a training: for machines as JSON, for people as Markdown; nothing in it depends on the clock."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from model_training.judge import Judgement
from model_training.scores import DirectionScores, Interval

TITLE = "Price model: what the held-out years show"

NO_PROMISE = (
    "Directions of real prices from past prices alone are close to a coin, and the intervals below say how close. "
    "The generated symbols show that the model finds what can be found: for them the best possible predictor is known."
)


class Report(BaseModel):
    """What a training reached on years that it had not seen."""

    model_config = ConfigDict(frozen=True)

    training_data_sha256: str = Field(description="Digest of all histories.")
    seed: int
    trees: int
    embargo_days: int
    symbols: list[Judgement]

    def metrics(self) -> dict[str, float]:
        """Figures by name, for MLflow."""
        figures: dict[str, float] = {}
        for one in self.symbols:
            scores = one.model
            figures |= {
                f"{one.symbol}.accuracy": scores.accuracy.value,
                f"{one.symbol}.balanced_accuracy": scores.balanced_accuracy.value,
                f"{one.symbol}.precision": scores.precision.value,
                f"{one.symbol}.recall": scores.recall.value,
                f"{one.symbol}.majority_accuracy": one.majority.accuracy.value,
                f"{one.symbol}.price_error": one.price_error,
                f"{one.symbol}.price_error_of_persistence": one.price_error_of_persistence,
            }
            if scores.brier is not None:
                figures[f"{one.symbol}.brier"] = scores.brier
            if one.share_of_optimum is not None:
                figures[f"{one.symbol}.share_of_optimum"] = one.share_of_optimum.value
        return figures

    def markdown(self) -> str:
        """The report as a page."""
        verdicts = "\n".join(f"- {one.verdict}" for one in self.symbols)
        end = (
            f"Seed {self.seed}, {self.trees} trees a forest, embargo {self.embargo_days} days, "
            f"data `{self.training_data_sha256}`."
        )
        sections = [_section(one) for one in self.symbols]
        return "\n\n".join([f"# {TITLE}", NO_PROMISE, verdicts, *sections, end]) + "\n"


def _section(one: Judgement) -> str:
    rows = [
        ("model", one.model),
        ("majority of the years learnt from", one.majority),
        ("last move goes on", one.persistence),
    ]
    if one.optimum is not None:
        rows.append(("optimal predictor", one.optimum))
    span = (
        f"Learnt from {one.train.first} to {one.validation.last}, judged on {one.held_out.first} to "
        f"{one.held_out.last} ({one.held_out.rows} days)."
    )
    errors = (
        f"Mean error of the next price: {one.price_error:.3f}; of `the price stays`: "
        f"{one.price_error_of_persistence:.3f}. Balanced accuracy of the walk-forward: "
        f"{', '.join(f'{value:.3f}' for value in one.walk_forward)}."
    )
    table = [
        "| direction by | accuracy | balanced accuracy | precision of rises | recall of rises |",
        "|---|---|---|---|---|",
        *(_line(name, scores) for name, scores in rows),
    ]
    lines = [f"## {one.symbol}", "", span, "", *table, "", errors]
    if one.share_of_optimum is not None:
        lines += ["", f"Share of the optimum's accuracy: {_shown(one.share_of_optimum)}."]
    return "\n".join(lines)


def _line(name: str, scores: DirectionScores) -> str:
    shares = (scores.accuracy, scores.balanced_accuracy, scores.precision, scores.recall)
    return f"| {name} | " + " | ".join(_shown(share) for share in shares) + " |"


def _shown(share: Interval) -> str:
    return f"{share.value:.3f} ({share.low:.3f} to {share.high:.3f})"
