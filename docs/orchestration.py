"""Makes orchestration.svg and two sounds: a phrase on three drums, and the score found in it."""

from pathlib import Path

import numpy as np

from kac_prediction.orchestration import Drum, Score, Strike, orchestrate
from kac_prediction.orchestration.drawing import (
    by_pitch,
    colours_of,
    drum_to_scale,
    piano_roll,
    scale_bar,
)

RATE, DURATION = 16000, 3.0
DRUMS = (
    Drum("circle", 0.5),
    Drum("rectangle", 0.3, aspect_ratio=1.5),
    Drum("triangle", 0.2),
)
DECAYS = (1.2, 0.6, 0.35)
PHRASE = "0.2.12.202.1.122"  # a drum or none on each sixteenth
WIDTH, MARGIN, SCALE = 860, 20, 250  # pixels, and those of a metre


def target() -> Score:
    """Return the phrase."""
    rng, strikes = np.random.default_rng(4), []
    for k, name in enumerate(PHRASE):
        level, (x, y), corners = (
            rng.uniform(0.1, 0.5),
            rng.uniform(0.2, 0.8, 2),
            rng.dirichlet([4] * 3),
        )
        places = ((x, 6 * y), (x, y), tuple(corners.tolist()))
        if name != ".":
            drum = int(name)
            strikes.append(Strike(0.1 + 0.15 * k, drum, places[drum], level, DECAYS[drum]))
    return Score(DRUMS, strikes, DURATION)


def placed(svg: str, x: float, y: float) -> str:
    """Return a drawing at a place of another one."""
    return svg.replace("<svg ", f'<svg x="{x:.0f}" y="{y:.0f}" ', 1)


def picture(score: Score) -> str:
    """Return a piano-roll over the drums, on white."""
    inside = WIDTH - 2 * MARGIN
    roll = piano_roll(score).replace('style="display:block;width:100%"', "")
    roll = roll.replace('width="860"', f'width="{inside}"', 1)
    height = float(roll.partition('height="')[2].partition('"')[0])
    pieces, order = [placed(roll, MARGIN, MARGIN)], by_pitch(score.drums)
    top, floor, x = height + 2 * MARGIN, 0.0, float(MARGIN)
    floor = max(float(np.ptp(drum.shape.outline()[:, 1])) for drum in score.drums) * SCALE + 6
    for k in order:
        drum, own = score.drums[k], [strike for strike in score if strike.drum == k]
        wide, high = np.ptp(drum.shape.outline(), axis=0) * SCALE + 6
        drawn = drum_to_scale(drum, own, SCALE, colours_of(order)[k])
        pieces.append(placed(drawn, x, top + floor - high))
        for line, text in enumerate((str(drum), f"{drum.fundamental:.1f} Hz, {len(own)} strikes")):
            pieces.append(f'<text x="{x}" y="{top + floor + 18 + 16 * line}">{text}</text>')
        x += max(wide, 7.5 * len(str(drum))) + 1.5 * MARGIN
    pieces.append(placed(scale_bar(SCALE), x, top + floor - 22))
    size = f'width="{WIDTH}" height="{top + floor + 50:.0f}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} color="#222" fill="currentColor" '
        f'font-size="12" font-family="system-ui, sans-serif">'
        f'<rect width="100%" height="100%" rx="8" fill="white"/>{"".join(pieces)}</svg>\n'
    )


def main() -> None:
    """Write the files beside this one."""
    beside = Path(__file__).with_suffix("")
    phrase = Path(f"{beside}_target.wav")
    target().export(phrase, RATE, 16)
    score = orchestrate(phrase)
    score.export(f"{beside}_heard.wav", RATE, 16)
    beside.with_suffix(".svg").write_text(picture(score), encoding="utf-8")


if __name__ == "__main__":
    main()
