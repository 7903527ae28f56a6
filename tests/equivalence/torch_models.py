"""The paper's nine models in PyTorch, and ours, written from descriptions, not from its code.

Module names are those of the paper's checkpoints, where it has the model. Dropouts are left out:
the ladder compares without them. `forward(x, activations)` appends the post-ReLU output of every
block to the list, and the maps of evidence.
"""

import pytest

torch = pytest.importorskip("torch", reason="the live PyTorch tests need torch")
nn = torch.nn
functional = torch.nn.functional
Activations = list[torch.Tensor] | None


class SqueezeExcite(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        squeezed = max(1, channels // 16)
        self.fc = nn.Sequential(
            nn.Linear(channels, squeezed, bias=False),
            nn.ReLU(),
            nn.Linear(squeezed, channels, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x: "torch.Tensor") -> "torch.Tensor":
        return x * self.fc(x.mean((2, 3)))[:, :, None, None]


class GiMeFive(nn.Module):
    def __init__(
        self, features: list[int], hidden: list[int], *, squeeze_excite: bool = False
    ) -> None:
        super().__init__()
        self.depth = len(features)
        for i, (before, after) in enumerate(zip([3, *features], features, strict=False), start=1):
            setattr(self, f"conv{i}", nn.Conv2d(before, after, 3, padding=1))
            setattr(self, f"bn{i}", nn.BatchNorm2d(after))
        if squeeze_excite:
            self.se1 = SqueezeExcite(features[0])
        _add_head(self, features[-1], hidden)

    def forward(self, x: "torch.Tensor", activations: Activations = None) -> "torch.Tensor":
        for i in range(1, self.depth + 1):
            x = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(x)).relu()
            _note(activations, x)
            if i == 1 and hasattr(self, "se1"):
                x = self.se1(x)
            x = functional.max_pool2d(x, 2)
        return _head(self, x.mean((2, 3)))


class PlaceCode(nn.Module):
    def __init__(self, channels: int, side: int) -> None:
        super().__init__()
        self.code = nn.Parameter(torch.zeros(channels, side, side))

    def forward(self, x: "torch.Tensor") -> "torch.Tensor":
        code = functional.interpolate(
            self.code[None], x.shape[2:], mode="bilinear", align_corners=False
        )
        return x + code


class GiMeFiveLocal(nn.Module):
    def __init__(self, features: list[int], hidden: list[int]) -> None:
        super().__init__()
        for i, (before, after) in enumerate(zip([3, *features], features, strict=False), start=1):
            setattr(self, f"conv{i}", nn.Conv2d(before, after, 3, padding=1))
            setattr(self, f"bn{i}", nn.BatchNorm2d(after))
        self.place = PlaceCode(features[2], 8)
        self.fc1 = nn.Linear(features[-1], hidden[0])
        self.fc2 = nn.Linear(hidden[0], hidden[1])
        self.evidence = nn.Linear(hidden[1], 6)

    def forward(self, x: "torch.Tensor", activations: Activations = None) -> "torch.Tensor":
        for i in (1, 2, 3, 4):
            x = self.place(x) if i == 4 else x
            x = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(x)).relu()
            _note(activations, x)
            x = x if i == 4 else functional.max_pool2d(x, 2)
        x = x.permute(0, 2, 3, 1)
        x = self.evidence(self.fc2(self.fc1(x).relu()).relu()).permute(0, 3, 1, 2)
        _note(activations, x)
        return x.mean((2, 3))


class ResidualBlock(nn.Module):
    def __init__(self, before: int, after: int, *, stride: int, bias: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=bias)
        self.bn1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1, bias=bias)
        self.bn2 = nn.BatchNorm2d(after)
        self.shortcut = nn.Sequential()
        if stride != 1 or before != after:
            self.shortcut = nn.Sequential(
                nn.Conv2d(before, after, 1, stride=stride, bias=bias), nn.BatchNorm2d(after)
            )

    def forward(self, x: "torch.Tensor", activations: Activations = None) -> "torch.Tensor":
        inner = self.bn1(self.conv1(x)).relu()
        x = (self.bn2(self.conv2(inner)) + self.shortcut(x)).relu()
        _note(activations, x)
        return x


class GiMeFiveResidual(nn.Module):
    def __init__(self, stem: int, features: list[int], hidden: list[int]) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, stem, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(stem)
        self.se1 = SqueezeExcite(stem)
        self.depth = len(features)
        for i, (before, after) in enumerate(zip([stem, *features], features, strict=False), 1):
            setattr(self, f"res_block{i}", ResidualBlock(before, after, stride=2, bias=True))
        _add_head(self, features[-1], hidden)

    def forward(self, x: "torch.Tensor", activations: Activations = None) -> "torch.Tensor":
        x = self.bn1(self.conv1(x)).relu()
        _note(activations, x)
        x = self.se1(x)
        for i in range(1, self.depth + 1):
            x = getattr(self, f"res_block{i}")(x, activations)
        return _head(self, x.mean((2, 3)))


class ResNet(nn.Module):
    def __init__(self, num_blocks: list[int], features: list[int]) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, features[0], 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(features[0])
        before = features[0]
        for i, (count, after) in enumerate(zip(num_blocks, features, strict=True), start=1):
            blocks = []
            for j in range(count):
                stride = 2 if i > 1 and j == 0 else 1
                blocks.append(ResidualBlock(before, after, stride=stride, bias=False))
                before = after
            setattr(self, f"layer{i}", nn.ModuleList(blocks))
        self.fc = nn.Linear(before, 6)

    def forward(self, x: "torch.Tensor", activations: Activations = None) -> "torch.Tensor":
        x = self.bn1(self.conv1(x)).relu()
        _note(activations, x)
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            for block in layer:
                x = block(x, activations)
        return self.fc(x.mean((2, 3)))


class Vgg(nn.Module):
    def __init__(self, features: list[int], hidden: list[int], *, image_size: int) -> None:
        super().__init__()
        for i, (before, after) in enumerate(zip([3, *features], features, strict=False), start=1):
            setattr(self, f"conv{2 * i - 1}", nn.Conv2d(before, after, 3, padding=1))
            setattr(self, f"conv{2 * i}", nn.Conv2d(after, after, 3, padding=1))
            setattr(self, f"bn{i}", nn.BatchNorm2d(after))
        flat = features[-1] * (image_size // 8) ** 2
        self.classifier = nn.Sequential(
            nn.Linear(flat, hidden[0]),
            nn.ReLU(),
            nn.Identity(),  # a dropout in the paper
            nn.Linear(hidden[0], hidden[1]),
            nn.ReLU(),
            nn.Identity(),
            nn.Linear(hidden[1], 6),
        )

    def forward(self, x: "torch.Tensor", activations: Activations = None) -> "torch.Tensor":
        for i in (1, 2, 3):
            norm = getattr(self, f"bn{i}")
            x = norm(getattr(self, f"conv{2 * i - 1}")(x)).relu()
            x = norm(getattr(self, f"conv{2 * i}")(x)).relu()
            _note(activations, x)
            x = functional.max_pool2d(x, 2)
        return self.classifier(x.flatten(1))


def make_reference(name: str, *, width: float, image_size: int) -> "torch.nn.Module":
    """The model called `name` in the registry, its features times `width`."""

    def wide(*features: int) -> list[int]:
        return [max(1, round(count * width)) for count in features]

    match name:
        case "gimefive" | "gimefive_no_dropout" | "gimefive_se":
            features, hidden = wide(64, 128, 256, 512, 1024), wide(2048, 1024)
            return GiMeFive(features, hidden, squeeze_excite=name == "gimefive_se")
        case "gimefive_baseline":
            return GiMeFive(wide(64, 128, 256, 512), wide(1024, 512))
        case "gimefive_deep":
            return GiMeFive(wide(64, 128, 256, 512, 1024, 2048), wide(4096, 2048))
        case "gimefive_local":
            return GiMeFiveLocal(wide(64, 128, 256, 1792), wide(2048, 1024))
        case "gimefive_residual":
            [stem] = wide(64)
            return GiMeFiveResidual(stem, wide(128, 256, 512, 1024, 2048), wide(4096, 2048))
        case "vgg":
            return Vgg(wide(64, 128, 256), wide(4096, 1024), image_size=image_size)
        case "resnet18":
            return ResNet([2, 2, 2, 2], wide(64, 128, 256, 512))
        case "resnet34":
            return ResNet([3, 4, 6, 3], wide(64, 128, 256, 512))
    raise ValueError(f"no reference for {name}")


def _add_head(module: "torch.nn.Module", features: int, hidden: list[int]) -> None:
    module.fc1 = nn.Linear(features, hidden[0])
    module.fc2 = nn.Linear(hidden[0], hidden[1])
    module.fc3 = nn.Linear(hidden[1], 6)


def _head(module: "torch.nn.Module", x: "torch.Tensor") -> "torch.Tensor":
    return module.fc3(module.fc2(module.fc1(x).relu()).relu())


def _note(activations: Activations, x: "torch.Tensor") -> None:
    if activations is not None:
        x.retain_grad()
        activations.append(x)
