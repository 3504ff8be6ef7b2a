"""ExpW: 91,793 faces in pictures that a search engine found, seven expressions.

The label is the last field of a line of `label.lst`; the word in a picture's name is what was
searched for, not the label. A picture may show several faces: a sample is a line, called
`<picture>_<number of the face>`. The box stands in the file as top, left, right, bottom. Boxes may
leave their picture and are cut at its edge. Lines that repeat a face are left out and counted.

The set has no attributes, no people and no parts: gender, age and race come from predictions
(`data annotate`), a share is dealt for the test, even in class. Faces of one picture, different
people, may be in different parts.

Protocol `chen`: 20,000 faces at random, five draws (`expw.protocol_repeat`), of which 2,000 are
tested, with `expw.positive=happy` for their binary label. Chen and Joo (2021) drew from the 85,355
faces with action units and did not publish the draws; here they are drawn from all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import ClassVar, NamedTuple

import numpy as np

from datasets.binary import asked_classes, asked_labels
from datasets.errors import DataError
from datasets.listing import Listing
from datasets.picture_set import Facts, PictureSet, dealt_split
from datasets.repeated import once
from datasets.sampled import SampledSettings, line_notes, sampled, validation_share
from datasets.spec import DatasetSpec, FaceData, Split, dataset
from datasets.tree import Source, Tree, open_tree

LABELS = "label.lst"
#: in the order of the codes
CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
LINES = 91_793
#: of each class, in their order
CLASS_LINES = (3_671, 3_995, 1_088, 30_537, 10_559, 7_060, 34_883)
#: fields of a line after the picture's name: face, top, left, right, bottom, confidence, label
_FIELDS = 7


class Face(NamedTuple):
    """A line of `label.lst`; edges in pixels of the picture."""

    picture: str
    number: int
    left: float
    top: float
    right: float
    bottom: float
    label: int


@dataset(
    title="ExpW",
    licence="research only",
    source="Zhang, Luo, Loy and Tang 2018, IJCV 126, 550-569, From facial expression recognition "
    "to interpersonal relation prediction",
)
class Expw(PictureSet):
    """A dealt test part, or a draw of protocol `chen` with its own."""

    Settings = SampledSettings
    facts: ClassVar[Facts] = Facts(
        request="http://mmlab.ie.cuhk.edu.hk/projects/socialrelation",
        tree=(
            "data/label/label.lst",
            "data/image/origin/angry_actor_104.jpg ... (unpacked from origin.7z.001 ...)",
        ),
        lines={LABELS: LINES}
        | {f"{LABELS}, {name}": n for name, n in zip(CLASSES, CLASS_LINES, strict=True)},
        origin="all lines, repeated ones among them: Chen and Joo 2021; those of each class: "
        "widely quoted, not printed in our papers, but they add up",
    )

    def own_spec(self) -> DatasetSpec:
        return DatasetSpec(
            name="expw",
            classes=asked_classes(CLASSES, self.settings.positive, "expw"),
            attributes=(),
            default_groups=(),
            train_images=100_000,
        )

    def read(self, root: Path | None) -> Listing:
        tree = open_tree(root, "expw", (f"label/{LABELS}", LABELS))
        table = tree.need(f"label/{LABELS}", LABELS)
        faces = list(_faces(table))
        of_class = Counter(face.label for face in faces)
        pictures = _pictures(tree)
        rows, left_out = once(
            [(face.picture, face.number) for face in faces],
            np.array([face.label for face in faces], dtype=np.int64),
        )
        faces = [faces[row] for row in rows.tolist()]
        labels = np.array([face.label for face in faces], dtype=np.int64)
        paths = [f"image/origin/{face.picture}" for face in faces]
        listing = Listing(
            tables=(table,),
            pictures=tuple(
                pictures.get(face.picture) or tree.place(path)
                for face, path in zip(faces, paths, strict=True)
            ),
            sample_ids=_ids(faces),
            labels=asked_labels(labels, CLASSES, self.settings.positive),
            joins=tuple(paths),
            faces=np.array([face.number for face in faces], dtype=np.int64),
            boxes=np.array([face[2:6] for face in faces], dtype=np.float64),
            left_out=left_out,
            lines={LABELS: of_class.total()}
            | {f"{LABELS}, {name}": of_class[code] for code, name in enumerate(CLASSES)},
            notes=line_notes(table.name, of_class.total(), LINES),
        )
        return sampled(listing, self.settings, "expw")

    def split(self, faces: FaceData, seed: int) -> Split:
        """As `PictureSet.split`; of a draw of `chen` a ninth of what is not tested validates."""
        share = validation_share(self.settings)
        return dealt_split(faces, seed, validation=share, test=self.settings.test)


def _faces(table: Source) -> Iterator[Face]:
    """The lines of `label.lst`.

    Raises:
        DataError: a line has not its eight fields.
    """
    lines = table.text().splitlines()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        # From the right: names of pictures may hold blanks.
        name, *fields = line.strip().rsplit(maxsplit=_FIELDS)
        try:
            face, (top, left, right, bottom) = int(fields[0]), map(float, fields[1:5])
            label = int(fields[6])
        except (ValueError, IndexError):
            label = -1
        if not 0 <= label < len(CLASSES) or PurePosixPath(name).name != name or name == "..":
            raise DataError(
                f"{table.shown}, line {number}: not a picture, the number of its face, four edges, "
                f"a confidence and an expression from 0 to 6, but '{line.strip()}': copy it again."
            )
        yield Face(name, face, left, top, right, bottom, label)


def _ids(faces: list[Face]) -> tuple[str, ...]:
    """`<picture without suffix>_<number of the face>`."""
    return tuple(f"{PurePosixPath(face.picture).stem}_{face.number}" for face in faces)


def _pictures(tree: Tree) -> dict[str, Source]:
    """Name -> picture, wherever below the set's folder.

    Raises:
        DataError: there is none; the message says how the parts of the archive are unpacked.
    """
    found: dict[str, Source] = {}
    for folder in ("origin", ""):
        for path, source in tree.below(folder, (".jpg", ".jpeg", ".png")).items():
            found.setdefault(path.rsplit("/", 1)[-1], source)
        if found:
            return found
    packed = tree.find("origin.7z.001", "origin.7z")
    if packed is None:
        raise DataError(f"{tree.root} has no pictures in image/origin: copy the data set again.")
    raise DataError(
        f"{packed.shown} is an archive in parts that EvenFace does not read: unpack it there with "
        f"`7z x {packed.name}`."
    )
