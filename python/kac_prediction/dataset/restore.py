"""Making lost sounds of a dataset anew, as they were."""

import logging

from .rendering import Renderer, chunks
from .storage import DatasetDirectory, Transaction

logger = logging.getLogger(__name__)


def restore_sounds(directory: DatasetDirectory, renderer: Renderer, workers: int | None) -> bool:
    """Make those sounds that are missing, or cut short, and nothing else: all or nothing.

    Args:
        directory: of the dataset, whose x is whole.
        renderer: of its sampler.
        workers: as in generateDataset.

    Returns:
        Are all sounds there now? Not if they cannot be made as they were: their checksums are not
        known, or come out otherwise here.
    """
    header, lost = directory.header, directory.lost_sounds()
    if not header.sounds or header.seed is None:
        return False
    revisions = {i: header.revisions[i] for i in lost if header.revisions[i]}
    renderer = Renderer(*renderer.recipe, header.seed, workers, revisions)
    stage = Transaction(directory.path, shard_size=header.shard_size)
    for part in chunks(0, len(lost), header.length):
        indices = lost[part.start : part.stop]
        sounds = renderer(indices)[0]
        checksums = stage.write_sounds(indices, sounds, header.sample_rate, renderer.threads)
        if checksums != [header.sounds[i] for i in indices]:
            stage.discard()
            return False
    stage.commit(lost)
    logger.warning("%s had lost %d sounds, which were made anew.", directory.path, len(lost))
    return True
