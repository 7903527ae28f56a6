import numpy as np
import pytest

from gimefive_jax.faces.detectors import make_detector
from gimefive_jax.faces.views import cut_view, whole_view
from gimefive_jax.web.face_networks import export_detector, export_mesh

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
skimage_data = pytest.importorskip("skimage.data")


def test_the_exported_detector_sees_the_astronaut_where_ours_does():
    from gimefive_jax.interop.onnx import OnnxSession

    photo = skimage_data.astronaut()
    view = cut_view(photo, whole_view(photo.shape[:2]), side=128)
    # Two, as the number of views is left open.
    found = OnnxSession(export_detector())(np.stack([np.zeros_like(view), view]))
    [[ours]] = make_detector(tiles=False)([photo])
    surest = found["scores"][1].argmax()
    assert found["scores"].shape == (2, 896)
    assert found["scores"][0].max() < 0.5
    assert found["scores"][1, surest] == pytest.approx(ours.score, abs=1e-5)
    # Ours is the mean of all anchors that see the face.
    left, top, right, _ = 512 * found["corners"][1, surest]
    assert (left, top) == pytest.approx((ours.box.left, ours.box.top), abs=8)
    assert right - left == pytest.approx(ours.box.width, abs=8)
    np.testing.assert_allclose(512 * found["keypoints"][1, surest], ours.keypoints, atol=8)


def test_the_exported_mesh_tells_a_face_from_a_hand_of_the_same_photo():
    from gimefive_jax.interop.onnx import OnnxSession

    photo = skimage_data.astronaut()
    parts = np.stack([photo[40:232, 130:322], photo[320:512, 0:192]])
    made = export_mesh()
    face, other = OnnxSession(made)(parts)["confidence"]
    assert face > 0.9
    assert other < 0.5
    kinds = {node.op_type for node in onnx.load_from_string(made).graph.node}
    assert "Conv" in kinds
    # No form of ours.
    assert not kinds & {"MatMul", "Einsum", "If", "Loop"}
