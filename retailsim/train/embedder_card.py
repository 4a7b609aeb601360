"""What is said of a trained embedder."""

from __future__ import annotations

from retailsim.stack.reid.network import EmbedderConfig

CARD = """# Person embedder

Turns a crop of a person (64 x 128 px, RGB) into a unit vector of {dimensions} numbers; the
cosine of two vectors says how alike two people look. Used to tell shoppers apart over several
cameras within one session. It knows clothes, build, hair, shoes and bags; it knows no faces.

- **Network**: {parameters:,} parameters: strided and residual convolutions, four stripes at
  stride 8, two at stride 16 and the whole crop, fused by one layer, BNNeck
  (`retailsim/stack/reid/network.py`).
- **Training data**: rendered people only ({identities} identities, {crops} crops, seed {seed});
  almost half of the even/odd pairs wear the same clothes on different bodies. Backgrounds, things
  in front, box errors, exposure, white balance, blur, noise and JPEG are drawn per crop. No
  picture of a real person was used.
- **Training**: identity classification on scaled cosines (label smoothing 0.1) and batch-hard
  triplets, {steps} steps of 64 crops, AdamW, bf16 on one CPU thread:
  `retail train embedder -o models/person-embedder`.
- **Measured** on {held_out} rendered people never seen in training, single crops dealt out to
  four cameras with a look of their own, Market-1501 protocol: rank-1 {rank1:.3f}, mAP {map:.3f};
  HSV histograms of upper and lower body on the same crops: rank-1 {colour_histogram_rank1:.3f},
  mAP {colour_histogram_map:.3f}. These crops are disturbed harder than those of the simulated
  shop, and are single pictures, not tracklets.
- **Limits**: never measured on real people. People in the same clothes and of the same build are
  not told apart. Boxes lower than 40 px, or more than a third hidden, are not to be given to it.
"""


def model_card(config: EmbedderConfig, metrics: dict[str, float], **facts: int) -> str:
    """Return the text of a model's card.

    Args:
        config: of the network.
        metrics: rank1 and map of the network and of the colour histogram.
        **facts: parameters, identities, crops, seed, steps and held_out of the training.
    """
    return CARD.format(dimensions=config.dimensions, **metrics, **facts)
