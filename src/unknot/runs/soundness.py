"""Whether the files of a finished run are those that training left, before anything rests on them.

Reconstructions over training and the history are not among them: a page can do without.
"""

from dataclasses import replace

from unknot.common.errors import UserError
from unknot.common.notices import give_notice
from unknot.common.reading import DamageError
from unknot.config.run import RunConfig
from unknot.runs.differences import difference
from unknot.runs.evaluation import Evaluation
from unknot.runs.folder import RunFolder
from unknot.runs.held_out import read_codes


def check_sound(folder: RunFolder, config: RunConfig) -> None:
    """Check every file that a page or evidence rests on.

    Args:
        folder: of a finished run.
        config: what the run should be.

    Raises:
        DamageError: if one is missing, damaged or of another run.
        UserError: if one may not be read, lies elsewhere, or the folder holds another run.
    """
    there = folder.read_config()
    if config.training.continues(there.training):  # it is to have more steps, and has not yet
        there = replace(there, training=config.training)
    other = difference(there, config)
    if other:
        raise UserError(f"{folder.path} holds another run: {other}")
    folder.read_images()
    folder.content(folder.weights)
    read_codes(folder)
    Evaluation.load(folder.evaluation, config)


def reopen_if_damaged(folder: RunFolder, config: RunConfig) -> None:
    """Open a finished run again whose files are damaged, so that it is finished anew; says so.

    Training goes on from the checkpoint of its last step, where there is one.

    Args:
        folder: described already.
        config: its description.

    Raises:
        UserError: if a file may not be read, or lies elsewhere: it may be whole.
    """
    if not folder.is_done:
        return
    try:
        check_sound(folder, config)
    except DamageError as error:
        way = "its checkpoint" if folder.checkpoint.is_dir() else "the start"
        give_notice(f"{error.what}; the run is finished again, from {way}")
        folder.reopen()
