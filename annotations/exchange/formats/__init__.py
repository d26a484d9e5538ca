"""The exchange formats: small pairs of ``load`` and ``save`` between files and pages; none knows the database."""

from collections.abc import Mapping
from types import MappingProxyType

from annotations.exchange.formats import coco, labelstudio, table, tree, voc, yolo
from annotations.exchange.formats.page import Format

FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "coco": Format(coco.load, coco.save, coco.LOSSES, "COCO JSON: boxes, labels and everything else about a page"),
        "voc": Format(voc.load, voc.save, voc.LOSSES, "Pascal VOC: one XML file per picture, with everything about it"),
        "yolo": Format(yolo.load, yolo.save, yolo.LOSSES, "YOLO: boxes only, to train a detector elsewhere"),
        "labelstudio": Format(
            labelstudio.load,
            labelstudio.save,
            labelstudio.LOSSES,
            "Label Studio JSON: to annotate elsewhere and re-import",
        ),
        "table": Format(
            table.load, table.save, table.LOSSES, "CSV table: labels, patient groups and boxes, for the trainer"
        ),
        "tree": Format(
            tree.load, tree.save, tree.LOSSES, "Folders normal/ and abnormal/: labels and patient groups only"
        ),
    }
)
"""Every format by the name that the command line and the page use."""
