"""A small evaluation set of our own: 30 passages on three subjects, questions on them and on others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PASSAGES = {
    "bread": [
        "Sourdough rises by wild yeast and bacteria that live in a starter of flour and water.",
        "A starter is fed once a day with equal weights of flour and water and kept at room warmth.",
        "Knead the dough for ten minutes, until it is smooth and springs back when pressed.",
        "Salt slows the yeast down and strengthens the gluten; two percent of the flour is usual.",
        "Bake the loaf at 230 degrees with steam for the first fifteen minutes, so the crust can stretch.",
        "A loaf is done when it sounds hollow on tapping its bottom, or at 96 degrees inside.",
        "Rye flour has little gluten, so rye bread is denser and is baked in a tin.",
        "Let the bread cool for an hour before cutting, or the crumb will be gummy.",
        "Dough that proved too long collapses in the oven and tastes sour.",
        "Store bread in a paper bag or a wooden box; a refrigerator makes it stale sooner.",
    ],
    "bicycle": [
        "To mend a puncture, lift the tyre off with levers, find the hole in the tube and glue on a patch.",
        "The chain wants oil every two hundred kilometres and after each ride in the rain.",
        "Rim brakes squeal when the pads are glazed; roughen them with sandpaper and set them toe-in.",
        "Set the saddle so that the leg is almost straight at the lowest point of the pedal.",
        "The derailleur's limit screws stop the chain from falling into the spokes.",
        "A worn chain skips under load; measure its length over twelve links to know.",
        "Inflate road tyres to about seven bar and touring tyres to four.",
        "A dynamo in the hub feeds the lights without a battery and hardly brakes.",
        "Spokes are trued with a key, a quarter of a turn at a time.",
        "Lock the frame and the rear wheel to something that stands fast.",
    ],
    "chess": [
        "A king in check must move, capture the attacker, or put a piece in between.",
        "Castling moves the king two squares towards a rook that has not moved, which jumps over it.",
        "A pawn that reaches the last rank is promoted, usually to a queen.",
        "En passant captures a pawn that has just advanced two squares beside an enemy pawn.",
        "Stalemate is a draw: the side to move has no legal move and is not in check.",
        "The Sicilian defence answers the king's pawn with the pawn before the queen's bishop.",
        "A fork attacks two pieces at once; knights are best at it.",
        "A pinned piece cannot leave its line without exposing something more valuable behind it.",
        "Threefold repetition of a position lets either player claim a draw.",
        "In blitz games each player has five minutes or less for all moves.",
    ],
}
QUESTIONS = [
    ("How often should I feed my sourdough starter?", "bread-1"),
    ("How much salt belongs in bread dough?", "bread-3"),
    ("How do I know that the loaf is baked through?", "bread-5"),
    ("Why should bread cool before I cut it?", "bread-7"),
    ("Where is bread best stored?", "bread-9"),
    ("How do I fix a flat tube?", "bicycle-0"),
    ("Why do my rim brakes squeal?", "bicycle-2"),
    ("How high should the saddle be?", "bicycle-3"),
    ("What pressure do road tyres need?", "bicycle-6"),
    ("How do I know that my chain is worn?", "bicycle-5"),
    ("What can I do when my king is in check?", "chess-0"),
    ("How does castling work?", "chess-1"),
    ("What happens to a pawn on the last rank?", "chess-2"),
    ("Is stalemate a draw?", "chess-4"),
    ("How much time do players have in blitz?", "chess-9"),
]
UNANSWERABLE = [
    "What is the capital of Mongolia?",
    "How do I scale a Kubernetes deployment?",
    "Who painted the Mona Lisa?",
    "Which vaccines does a puppy need?",
    "What does the Redis EXPIRE command do?",
]


def write_small_set(folder: Path) -> Path:
    corpus = [
        {"_id": f"{subject}-{number}", "title": f"All about {subject}", "text": text}
        for subject, texts in PASSAGES.items()
        for number, text in enumerate(texts)
    ]
    _write(folder / "corpus.jsonl", corpus)
    _write(folder / "questions.jsonl", [{"question": each, "relevant": [label]} for each, label in QUESTIONS])
    _write(folder / "unanswerable.jsonl", [{"question": each} for each in UNANSWERABLE])
    return folder


def _write(file: Path, lines: Sequence[Mapping[str, object]]) -> None:
    file.write_text("".join(json.dumps(each) + "\n" for each in lines))
