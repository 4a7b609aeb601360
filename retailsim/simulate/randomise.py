"""Domain randomisation: which parts of the pictures are drawn anew for every seed.

Every part has draws of its own: what one strength is changes nothing of the others. The plan that
comes out is the one that is recorded: who installs a camera elsewhere calibrates it there.
"""

from __future__ import annotations

from pydantic import Field

from retailsim.simulate.faults import Faults
from retailsim.simulate.occluders import with_occluders
from retailsim.simulate.wild import wild_camera, wild_decor, wild_flaws, wild_sku
from retailsim.store.plan import PlanModel, Share, StorePlan


class Randomisation(PlanModel):
    """What a scenario draws at random that a shop would have fixed: 0 nothing, 1 all there is."""

    clothing: Share = Field(
        default=0.0,
        description="share of outfits worn and articles sold that get any colours and pattern",
    )
    pose: Share = Field(
        default=0.0,
        description="how far people differ in gait, swing of the arms, lean and where they look, "
        "and share of those who stand about with hands on the hips, arms folded and the like",
    )
    lighting: Share = Field(
        default=0.0, description="how far the light's side, colour, softness and level differ"
    )
    camera: Share = Field(
        default=0.0,
        description="how far cameras hang elsewhere, with other lenses, and how different their "
        "flaws are (cameras named in faults keep theirs)",
    )
    background: Share = Field(
        default=0.0, description="probability of another floor, floor colour and wall colour"
    )
    occluders: Share = Field(
        default=0.0, description="plants, mannequins and benches; at 1 about one on 10 m2"
    )


def randomised(
    plan: StorePlan, faults: Faults, how: Randomisation, *, seed: int
) -> tuple[StorePlan, Faults]:
    """Return the shop and its faults as they are for a seed.

    What people wear (`wild_clothes`), how they move (`wild_manner`) and the light (`wild_light`)
    are drawn where they come from.
    """
    if how == Randomisation():
        return plan, faults
    if how.background:
        plan = plan.model_copy(update={"decor": wild_decor(plan.decor, how.background, seed=seed)})
    if how.clothing:
        catalogue = [wild_sku(sku, how.clothing, seed=seed) for sku in plan.catalogue]
        plan = plan.model_copy(update={"catalogue": catalogue})
    if how.camera:
        cameras = [wild_camera(c, plan, how.camera, seed=seed) for c in plan.cameras]
        plan = plan.model_copy(update={"cameras": cameras})
        named = {flaws.camera for flaws in faults.cameras}
        drawn = [
            wild_flaws(camera.id, faults.flaws, how.camera, seed=seed)
            for camera in plan.cameras
            if camera.id not in named
        ]
        faults = faults.model_copy(update={"cameras": [*faults.cameras, *drawn]})
    if how.occluders:
        plan = with_occluders(plan, how.occluders, seed=seed)
    return StorePlan.model_validate(plan.model_dump()), faults
