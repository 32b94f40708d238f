"""What the plugin is tried by: small models with weights by chance, in the very formats that its loaders take."""

from __future__ import annotations

from zoo.plugin import Case, Lesson, Target

__all__ = ["cases"]


def cases() -> list[Case]:
    """One model for each loader and task, and more where a loader takes several forms."""
    from zoo_detection.conformance.faces import make_centerface, make_mtcnn
    from zoo_detection.conformance.hub import make_detr, make_yolos
    from zoo_detection.conformance.numbers import scenes
    from zoo_detection.conformance.pictures import make_boxes, make_joints, make_masks
    from zoo_detection.conformance.ssd import make_ssd

    shown = tuple(picture for picture, _ in scenes(3, wider=True))
    small = tuple(picture for picture, _ in scenes(3, wider=True, side=64))
    # R-CNN and DETR see margins where pictures of several sizes are put together, which changes scores a little.
    square = tuple(picture for picture, _ in scenes(3))
    found = "object-detection"
    few = {"max_objects": 5}
    return [
        Case(task=found, make=make_centerface, inputs=shown, options=few, golden="golden/centerface.json"),
        Case(task=found, make=make_mtcnn, inputs=small),
        Case(
            task=found, make=make_ssd, inputs=shown, options=few, golden="golden/ssd.json",
            lesson=_rectangles,
        ),
        Case(task=found, make=make_boxes, inputs=square, golden="golden/boxes.json", lesson=_rectangles),
        Case(task="image-segmentation", make=make_masks, inputs=square),
        Case(
            task="keypoint-detection", make=make_joints, inputs=square, options={"max_objects": 2},
            golden="golden/joints.json",
        ),
        Case(task=found, make=make_detr, inputs=square, golden="golden/detr.json", lesson=_rectangles),
        Case(
            task=found, make=make_yolos, inputs=shown, options={"threshold": 0.2}, golden="golden/yolos.json",
            lesson=_rectangles,
        ),
    ]  # fmt: skip


def _rectangles() -> Lesson:
    """Where the coloured rectangles are."""
    from zoo_detection.conformance.numbers import COLOURS, scenes

    return Lesson(target=Target(kind="boxes", labels=tuple(COLOURS)), examples=scenes(2))
