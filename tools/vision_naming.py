"""Which words people use for which picture models: everyday names, well-known models, papers, tags, data sets.

The rules, in one place:

- An architecture's bare name (`resnet50`) means the library's own documented default weights of it, timm's before
  torchvision's; where a package carries that very architecture, it keeps the name, as it needs no hub.
- An everyday name (`resnet`, `faster-rcnn`) means the variant that introductions to the field show first: `EVERYDAY`.
- `POPULAR` are those variants whose names nearly every introduction mentions; ours to choose.
"""

from __future__ import annotations

import re

__all__ = ["DATASETS", "EVERYDAY", "PAPERS", "POPULAR", "TITLES", "aliases_of", "timm_tags"]

# Everyday names by the architecture whose default weights they mean. Names of packaged models are on their own cards.
EVERYDAY: dict[str, dict[str, tuple[str, ...]]] = {
    "timm": {
        "beit_base_patch16_224": ("beit",),
        "convnext_tiny": ("convnext",),
        "convnextv2_tiny": ("convnextv2",),
        "deit_base_patch16_224": ("deit",),
        "densenet121": ("densenet", "densenet-121"),
        "efficientnet_b0": ("efficientnet", "efficientnet-b0"),
        "efficientvit_b0": ("efficientvit",),
        "inception_v3": ("inception", "inceptionv3", "inception-v3"),
        "inception_v4": ("inceptionv4", "inception-v4"),
        "legacy_xception": ("xception",),
        "maxvit_tiny_tf_224": ("maxvit",),
        "mixer_b16_224": ("mlp-mixer",),
        "mobilenetv1_100": ("mobilenetv1",),
        "mobilenetv3_large_100": ("mobilenetv3",),
        "mobilenetv4_conv_medium": ("mobilenetv4",),
        "mobilevit_s": ("mobilevit",),
        "nasnetalarge": ("nasnet",),
        "repvgg_a0": ("repvgg",),
        "resnet101": ("resnet-101",),
        "resnet152": ("resnet-152",),
        "resnet18": ("resnet-18",),
        "resnet34": ("resnet-34",),
        "resnet50": ("resnet", "resnet-50"),
        "resnext50_32x4d": ("resnext",),
        "swin_tiny_patch4_window7_224": ("swin", "swin-transformer"),
        "tf_efficientnetv2_s": ("efficientnetv2",),
        "vgg16": ("vgg", "vgg-16"),
        "vgg19": ("vgg-19",),
        "vit_base_patch16_224": ("vit-b-16", "vit-base"),
        "wide_resnet50_2": ("wide-resnet",),
    },
    "torchvision": {
        "deeplabv3_resnet50": ("deeplab", "deeplabv3"),
        "fasterrcnn_resnet50_fpn": ("faster-r-cnn", "faster-rcnn", "fasterrcnn"),
        "fcn_resnet50": ("fcn",),
        "fcos_resnet50_fpn": ("fcos",),
        "googlenet": ("inception-v1", "inceptionv1"),
        "keypointrcnn_resnet50_fpn": ("keypoint-r-cnn", "keypoint-rcnn", "keypointrcnn"),
        "lraspp_mobilenet_v3_large": ("lr-aspp", "lraspp"),
        "maskrcnn_resnet50_fpn": ("mask-r-cnn", "mask-rcnn", "maskrcnn"),
        "mvit_v1_b": ("mvit",),
        "r3d_18": ("r3d",),
        "r2plus1d_18": ("r2plus1d",),
        "retinanet_resnet50_fpn": ("retinanet",),
        "shufflenet_v2_x1_0": ("shufflenet",),
        "squeezenet1_1": ("squeezenet",),
        "ssd300_vgg16": ("ssd", "ssd300"),
        "ssdlite320_mobilenet_v3_large": ("ssdlite",),
        "swin3d_t": ("swin3d", "video-swin"),
    },
}

# Architectures of packaged cards, whose ids are the bare names: timm's card of the same name gets no alias.
PACKAGED = frozenset({"mobilenetv2_100", "tf_efficientnet_lite0", "tf_efficientnet_lite1", "tf_efficientnet_lite2"})

POPULAR: dict[str, frozenset[str]] = {
    "timm": frozenset(
        [
            *("convnext_tiny", "deit_base_patch16_224", "densenet121", "efficientnet_b0", "inception_v3"),
            *("mobilenetv3_large_100", "resnet101", "resnet152", "resnet18", "resnet34", "resnet50"),
            *("resnext50_32x4d", "swin_tiny_patch4_window7_224", "vgg16", "vgg19", "vit_base_patch16_224"),
        ]
    ),
    "torchvision": frozenset(
        [
            *("alexnet", "deeplabv3_resnet50", "fasterrcnn_resnet50_fpn", "fcn_resnet50", "googlenet"),
            *("keypointrcnn_resnet50_fpn", "maskrcnn_resnet50_fpn", "r3d_18", "retinanet_resnet50_fpn"),
            *("squeezenet1_1", "ssd300_vgg16"),
        ]
    ),
}

# How torchvision's detectors, segmenters and video models are called in full; the summary adds task and labels.
TITLES = {
    "deeplabv3_mobilenet_v3_large": "DeepLabV3 on MobileNetV3-Large",
    "deeplabv3_resnet101": "DeepLabV3 on ResNet-101",
    "deeplabv3_resnet50": "DeepLabV3 on ResNet-50",
    "fasterrcnn_mobilenet_v3_large_320_fpn": "Faster R-CNN on MobileNetV3-Large with FPN, low resolution",
    "fasterrcnn_mobilenet_v3_large_fpn": "Faster R-CNN on MobileNetV3-Large with FPN",
    "fasterrcnn_resnet50_fpn": "Faster R-CNN on ResNet-50 with FPN",
    "fasterrcnn_resnet50_fpn_v2": "Faster R-CNN on ResNet-50 with FPN, second recipe",
    "fcn_resnet101": "FCN (fully convolutional network) on ResNet-101",
    "fcn_resnet50": "FCN (fully convolutional network) on ResNet-50",
    "fcos_resnet50_fpn": "FCOS on ResNet-50 with FPN",
    "keypointrcnn_resnet50_fpn": "Keypoint R-CNN on ResNet-50 with FPN",
    "lraspp_mobilenet_v3_large": "LR-ASPP on MobileNetV3-Large",
    "maskrcnn_resnet50_fpn": "Mask R-CNN on ResNet-50 with FPN",
    "maskrcnn_resnet50_fpn_v2": "Mask R-CNN on ResNet-50 with FPN, second recipe",
    "mc3_18": "MC3-18 (mixed 2D and 3D convolutions)",
    "mvit_v1_b": "MViT-B (multiscale vision transformer)",
    "mvit_v2_s": "MViTv2-S (multiscale vision transformer)",
    "r2plus1d_18": "R(2+1)D-18 (space and time convolved apart)",
    "r3d_18": "R3D-18 (ResNet with 3D convolutions)",
    "retinanet_resnet50_fpn": "RetinaNet on ResNet-50 with FPN",
    "retinanet_resnet50_fpn_v2": "RetinaNet on ResNet-50 with FPN, second recipe",
    "s3d": "S3D (separable 3D Inception)",
    "ssd300_vgg16": "SSD300 on VGG16",
    "ssdlite320_mobilenet_v3_large": "SSDlite on MobileNetV3-Large",
    "swin3d_b": "Video Swin-B",
    "swin3d_s": "Video Swin-S",
    "swin3d_t": "Video Swin-T",
}

# The paper of an architecture where timm's module names several: it must be one of those that the module names.
PAPERS = (
    (r"aimv2_", "2411.14402"),
    (r"beit_", "2106.08254"),
    (r"beitv2_", "2208.06366"),
    (r"beit3_", "2208.10442"),
    (r"botnet", "2101.11605"),
    (r"coatnet_", "2106.04803"),
    (r"convnext_", "2201.03545"),
    (r"ca?(onv)?former_[bms]", "2210.13452"),
    (r"cspdarknet53|cspresne[xt]", "1911.11929"),
    (r"darknet53", "1804.02767"),
    (r"davit_", "2204.03645"),
    (r"deit_", "2012.12877"),
    (r"deit3_", "2204.07118"),
    (r"densenet\d", "1608.06993"),
    (r"dla\d+x?(_c)?$|dla\d+x2$", "1707.06484"),
    (r"dm_nfnet_", "2102.06171"),
    (r"(tf_)?efficientnet_(b|l2|lite)", "1905.11946"),
    (r"(tf_)?efficientnetv2_", "2104.00298"),
    (r"efficientvit_[bl]\d", "2205.14756"),
    (r"eva_(giant|large)", "2211.07636"),
    (r"eva02_.*clip", "2303.15389"),
    (r"eva02_", "2303.11331"),
    (r"fastvit_mci", "2311.17049"),
    (r"fastvit_", "2303.14189"),
    (r"fbnetc", "1812.03443"),
    (r"fbnetv3", "2006.02049"),
    (r"flexivit_", "2212.08013"),
    (r"gernet_", "2006.14090"),
    (r"ghostnet_", "1911.11907"),
    (r"ghostnetv2_", "2211.12905"),
    (r"ghostnetv3_", "2404.11202"),
    (r"gmlp_", "2105.08050"),
    (r"halonet", "2103.12731"),
    (r"hiera_(tiny|small_224|base|large|huge)", "2306.00989"),
    (r"hrnet_", "1908.07919"),
    (r"inception_resnet_v2", "1602.07261"),
    (r"inception_v3", "1512.00567"),
    (r"lambda_resnet", "2102.08602"),
    (r"lcnet_", "2109.15099"),
    (r"maxvit_.*_tf_", "2204.01697"),
    (r"mixer_", "2105.01601"),
    (r"(tf_)?mixnet_", "1907.09595"),
    (r"(se)?mnasnet_", "1807.11626"),
    (r"mobilenetv1_", "1704.04861"),
    (r"mobilenetv2_", "1801.04381"),
    (r"(tf_)?mobilenetv3_", "1905.02244"),
    (r"mobilenetv4_", "2404.10518"),
    (r"mobileone_", "2206.04040"),
    (r"mobilevit_", "2110.02178"),
    (r"mobilevitv2_", "2206.02680"),
    (r"poolformer_", "2111.11418"),
    (r"poolformerv2_", "2210.13452"),
    (r"regnet[xy]_\d+$", "2003.13678"),
    (r"repvgg_", "2101.03697"),
    (r"resmlp_", "2105.03404"),
    (r"resnet(18|26|34|50|101|152)$", "1512.03385"),
    (r"resnet\d+[cdst]$", "1812.01187"),
    (r"resnet50.*_clip|resnet101_clip", "2103.00020"),
    (r"resnetrs", "2103.07579"),
    (r"resnetv2_.*_bit", "1912.11370"),
    (r"resnetv2_\d+$", "1603.05027"),
    (r"resnext(50|101)_", "1611.05431"),
    (r"sam2_hiera", "2408.00714"),
    (r"samvit_", "2304.02643"),
    (r"se(resnet50|resnext50_|resnext101_\d+x\d+d$|net154)", "1709.01507"),
    (r"skresne[xt]", "1903.06586"),
    (r"swin_(tiny|small|base|large)", "2103.14030"),
    (r"swin_s3", "2111.14725"),
    (r"tinynet_", "2010.14819"),
    (r"tresnet_", "2003.13630"),
    (r"vit_[a-z0-9]+_patch\d+_clip_", "2103.00020"),
    (r"vit_[a-z0-9]+_patch\d+_siglip_", "2303.15343"),
    (r"vit_[a-z]+_patch\d+_dinov2", "2304.07193"),
    (r"vit_[a-z]+_patch\d+_reg4_dinov2", "2309.16588"),
    (r"vit_.*_dinov3$", "2508.10104"),
    (r"vit_(tiny|small|base|large|huge)_patch\d+_\d+$", "2010.11929"),
    (r"vit_(tiny|small|base|large)_r\w*_s\d+(_p8)?_\d+$", "2010.11929"),
    (r"vit_pe_", "2504.13181"),
    (r"vit_.*_rope_(mixed_|ape_|mixed_ape_)?224$", "2403.13298"),
    (r"vovnet|ese_vovnet", "1904.09730"),
    (r"wide_resnet", "1605.07146"),
    (r"xception\d+$", "1610.02357"),
)

# Parts of timm's tags that name training data.
DATASETS = {
    "bamboo": "bamboo",
    "cc12m": "cc12m",
    "datacomp1b": "datacomp-1b",
    "datacompxl": "datacomp-xl",
    "dfn2b": "dfn-2b",
    "dfn5b": "dfn-5b",
    "dfndr2b": "dfndr-2b",
    "ig1b": "ig-1b",
    "in12k": "imagenet-12k",
    "in1k": "imagenet-1k",
    "in21k": "imagenet-21k",
    "in22k": "imagenet-22k",
    "inw21k": "imagenet-w21k",
    "jft": "jft-300m",
    "laion2b": "laion-2b",
    "laion400m": "laion-400m",
    "laiona": "laion-aesthetic",
    "lvd142m": "lvd-142m",
    "lvd1689m": "lvd-1689m",
    "m30m": "merged-30m",
    "m38m": "merged-38m",
    "merged2b": "merged-2b",
    "sa1b": "sa-1b",
    "sat493m": "sat-493m",
    "webli": "webli",
    "yfcc100m": "yfcc-100m",
    "yfcc15m": "yfcc-15m",
}

# Parts of timm's tags and architectures that say how a model was trained, in words that people search for.
_TRAINED = {
    "ap": "advprop",
    "augreg": "augreg",
    "augreg2": "augreg",
    "clip": "clip",
    "dino": "dino self-supervised",
    "dinov2": "dino dinov2 self-supervised",
    "dinov3": "dino dinov3 self-supervised",
    "dist": "distilled",
    "distilled": "distilled",
    "fcmae": "masked-autoencoder self-supervised",
    "ijepa": "i-jepa self-supervised",
    "mae": "masked-autoencoder self-supervised",
    "metaclip": "clip",
    "metaclip2": "clip",
    "mim": "masked-image-modelling self-supervised",
    "ns": "noisy-student",
    "pruned": "pruned",
    "seer": "self-supervised",
    "siglip": "siglip",
    "ssl": "semi-supervised",
    "ssld": "distilled",
    "swag": "weakly-supervised",
    "swsl": "semi-supervised weakly-supervised",
    "tinyclip": "clip distilled",
    "wsl": "weakly-supervised",
}


def timm_tags(architecture: str, tag: str) -> list[str]:
    """Search words for how a timm model was trained, sorted; `dist` in EfficientViM and others is part of the name."""
    parts = [*re.split(r"[_-]", architecture), *tag.split("_")]
    found = {word for part in parts for word in _TRAINED.get(part, "").split()}
    if architecture.startswith(("samvit", "sam2")):
        found.add("segment-anything")
    return sorted(found)


def aliases_of(library: str, architecture: str, *, bare: bool = True) -> list[str]:
    """Names by which the default weights of an architecture are also known, sorted; `bare` adds its own name."""
    own = {architecture.lower()} if bare and architecture not in PACKAGED else set()
    return sorted({*EVERYDAY[library].get(architecture, ()), *own})
