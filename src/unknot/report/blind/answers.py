"""The code with a reader's answers, which the page puts into a link and `unknot blind` reads.

Bytes as base64 with `-` and `_`: format, kind, digest of the trials (6), number of the reader (4),
attempt, number of trials, a bit for each trial (1: the first strip was chosen; the first trial is
the highest bit), and a checksum (2). The page writes the same (`sections/blind.js`).
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import NoReturn

from unknot.common.errors import UserError
from unknot.report.blind.codes import LEAST_TRIALS, MOST_TRIALS
from unknot.report.blind.trials import BETAS, DIGEST_BYTES, LATENTS, Kind

CODE_FORMAT = 1
KINDS: tuple[Kind, ...] = (LATENTS, BETAS)
HEAD_BYTES = 2 + DIGEST_BYTES + 4 + 2  # before the answers
LONGEST_SHOWN = 40


@dataclass(frozen=True)
class Answers:
    """What one reader answered in one attempt.

    Attributes:
        kind: of the test.
        digest: of the trials.
        reader: a random number, the same for all attempts in one browser.
        attempt: 1 for the first; 255 for all from there on.
        chose_first: for each trial, whether the first strip was chosen: the latent, or the first
            run's.
    """

    kind: Kind
    digest: str
    reader: int
    attempt: int
    chose_first: tuple[bool, ...]

    @property
    def num_first(self) -> int:
        """In how many trials the first strip was chosen."""
        return sum(self.chose_first)


def write_code(answers: Answers) -> str:
    """Write answers as a code."""
    num = len(answers.chose_first)
    bits = "".join("01"[chosen] for chosen in answers.chose_first).ljust(-(-num // 8) * 8, "0")
    content = bytes([CODE_FORMAT, KINDS.index(answers.kind)])
    content += bytes.fromhex(answers.digest) + answers.reader.to_bytes(4)
    content += bytes([answers.attempt, num]) + int(bits, 2).to_bytes(len(bits) // 8)
    return base64.urlsafe_b64encode(content + _checksum(content)).decode().rstrip("=")


def read_code(text: str) -> Answers:
    """Read answers from a code, or from a link that ends in one.

    Raises:
        UserError: if it is damaged, or of a later version.
    """
    code = text.strip().rsplit("blind=", 1)[-1].split("&")[0].rstrip("=")
    if not re.fullmatch("[A-Za-z0-9_-]+", code):
        _refuse(text)
    try:
        content = base64.urlsafe_b64decode(code + "=" * (-len(code) % 4))
    except binascii.Error:
        _refuse(text)
    body, checksum = content[:-2], content[-2:]
    if len(body) < HEAD_BYTES or _checksum(body) != checksum:
        _refuse(text)
    if body[0] != CODE_FORMAT:
        raise UserError(f"the code {_shown(text)} is of another version of unknot; update it")
    *_, attempt, num = body[:HEAD_BYTES]
    is_whole = len(body) == HEAD_BYTES + -(-num // 8)
    if body[1] >= len(KINDS) or not (is_whole and attempt and LEAST_TRIALS <= num <= MOST_TRIALS):
        _refuse(text)
    bits = "".join(f"{byte:08b}" for byte in body[HEAD_BYTES:])
    return Answers(
        kind=KINDS[body[1]],
        digest=body[2 : 2 + DIGEST_BYTES].hex(),
        reader=int.from_bytes(body[2 + DIGEST_BYTES : HEAD_BYTES - 2]),
        attempt=attempt,
        chose_first=tuple(bit == "1" for bit in bits[:num]),
    )


def _checksum(content: bytes) -> bytes:
    """Sum the bytes, and sum the sums (Fletcher 1982), modulo 255, from 1 on."""
    first, second = 1, 0
    for byte in content:
        first = (first + byte) % 255
        second = (second + first) % 255
    return bytes([first, second])


def _refuse(text: str) -> NoReturn:
    raise UserError(
        f"the code {_shown(text)} is damaged; copy the whole of it, or the whole link, again"
    )


def _shown(text: str) -> str:
    return repr(text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "...")
