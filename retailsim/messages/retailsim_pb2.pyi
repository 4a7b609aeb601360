from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class TagReads(_message.Message):
    __slots__ = ("time_ns", "reader", "read_us", "epc", "antenna", "channel", "rssi_cdbm", "phase", "doppler")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    READER_FIELD_NUMBER: _ClassVar[int]
    READ_US_FIELD_NUMBER: _ClassVar[int]
    EPC_FIELD_NUMBER: _ClassVar[int]
    ANTENNA_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    RSSI_CDBM_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    DOPPLER_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    reader: str
    read_us: _containers.RepeatedScalarFieldContainer[int]
    epc: _containers.RepeatedScalarFieldContainer[str]
    antenna: _containers.RepeatedScalarFieldContainer[int]
    channel: _containers.RepeatedScalarFieldContainer[int]
    rssi_cdbm: _containers.RepeatedScalarFieldContainer[int]
    phase: _containers.RepeatedScalarFieldContainer[int]
    doppler: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, time_ns: _Optional[int] = ..., reader: _Optional[str] = ..., read_us: _Optional[_Iterable[int]] = ..., epc: _Optional[_Iterable[str]] = ..., antenna: _Optional[_Iterable[int]] = ..., channel: _Optional[_Iterable[int]] = ..., rssi_cdbm: _Optional[_Iterable[int]] = ..., phase: _Optional[_Iterable[int]] = ..., doppler: _Optional[_Iterable[int]] = ...) -> None: ...

class Sale(_message.Message):
    __slots__ = ("time_ns", "till", "epc")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    TILL_FIELD_NUMBER: _ClassVar[int]
    EPC_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    till: str
    epc: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, time_ns: _Optional[int] = ..., till: _Optional[str] = ..., epc: _Optional[_Iterable[str]] = ...) -> None: ...

class TryOn(_message.Message):
    __slots__ = ("time_ns", "mirror", "epc")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    MIRROR_FIELD_NUMBER: _ClassVar[int]
    EPC_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    mirror: str
    epc: str
    def __init__(self, time_ns: _Optional[int] = ..., mirror: _Optional[str] = ..., epc: _Optional[str] = ...) -> None: ...

class Detections(_message.Message):
    __slots__ = ("time_ns", "camera", "boxes_px", "score")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    BOXES_PX_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    camera: str
    boxes_px: _containers.RepeatedScalarFieldContainer[float]
    score: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, time_ns: _Optional[int] = ..., camera: _Optional[str] = ..., boxes_px: _Optional[_Iterable[float]] = ..., score: _Optional[_Iterable[float]] = ...) -> None: ...

class Looks(_message.Message):
    __slots__ = ("time_ns", "camera", "row", "vector", "vector_shape")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    ROW_FIELD_NUMBER: _ClassVar[int]
    VECTOR_FIELD_NUMBER: _ClassVar[int]
    VECTOR_SHAPE_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    camera: str
    row: _containers.RepeatedScalarFieldContainer[int]
    vector: _containers.RepeatedScalarFieldContainer[float]
    vector_shape: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, time_ns: _Optional[int] = ..., camera: _Optional[str] = ..., row: _Optional[_Iterable[int]] = ..., vector: _Optional[_Iterable[float]] = ..., vector_shape: _Optional[_Iterable[int]] = ...) -> None: ...

class Tracks(_message.Message):
    __slots__ = ("time_ns", "camera", "track_id", "boxes_px", "score")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    BOXES_PX_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    camera: str
    track_id: _containers.RepeatedScalarFieldContainer[int]
    boxes_px: _containers.RepeatedScalarFieldContainer[float]
    score: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, time_ns: _Optional[int] = ..., camera: _Optional[str] = ..., track_id: _Optional[_Iterable[int]] = ..., boxes_px: _Optional[_Iterable[float]] = ..., score: _Optional[_Iterable[float]] = ...) -> None: ...

class Embeddings(_message.Message):
    __slots__ = ("time_ns", "camera", "track_id", "vector", "vector_shape")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    VECTOR_FIELD_NUMBER: _ClassVar[int]
    VECTOR_SHAPE_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    camera: str
    track_id: _containers.RepeatedScalarFieldContainer[int]
    vector: _containers.RepeatedScalarFieldContainer[float]
    vector_shape: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, time_ns: _Optional[int] = ..., camera: _Optional[str] = ..., track_id: _Optional[_Iterable[int]] = ..., vector: _Optional[_Iterable[float]] = ..., vector_shape: _Optional[_Iterable[int]] = ...) -> None: ...

class FloorPositions(_message.Message):
    __slots__ = ("time_ns", "camera", "track_id", "xy_m", "sigma_m")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    XY_M_FIELD_NUMBER: _ClassVar[int]
    SIGMA_M_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    camera: str
    track_id: _containers.RepeatedScalarFieldContainer[int]
    xy_m: _containers.RepeatedScalarFieldContainer[float]
    sigma_m: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, time_ns: _Optional[int] = ..., camera: _Optional[str] = ..., track_id: _Optional[_Iterable[int]] = ..., xy_m: _Optional[_Iterable[float]] = ..., sigma_m: _Optional[_Iterable[float]] = ...) -> None: ...

class Identities(_message.Message):
    __slots__ = ("time_ns", "camera", "track_id", "person", "boxes_px")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    PERSON_FIELD_NUMBER: _ClassVar[int]
    BOXES_PX_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    camera: _containers.RepeatedScalarFieldContainer[str]
    track_id: _containers.RepeatedScalarFieldContainer[int]
    person: _containers.RepeatedScalarFieldContainer[int]
    boxes_px: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, time_ns: _Optional[int] = ..., camera: _Optional[_Iterable[str]] = ..., track_id: _Optional[_Iterable[int]] = ..., person: _Optional[_Iterable[int]] = ..., boxes_px: _Optional[_Iterable[float]] = ...) -> None: ...

class People(_message.Message):
    __slots__ = ("time_ns", "person", "xy_m", "confirmed")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    PERSON_FIELD_NUMBER: _ClassVar[int]
    XY_M_FIELD_NUMBER: _ClassVar[int]
    CONFIRMED_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    person: _containers.RepeatedScalarFieldContainer[int]
    xy_m: _containers.RepeatedScalarFieldContainer[float]
    confirmed: _containers.RepeatedScalarFieldContainer[bool]
    def __init__(self, time_ns: _Optional[int] = ..., person: _Optional[_Iterable[int]] = ..., xy_m: _Optional[_Iterable[float]] = ..., confirmed: _Optional[_Iterable[bool]] = ...) -> None: ...

class Crossing(_message.Message):
    __slots__ = ("time_ns", "door", "person", "direction")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    DOOR_FIELD_NUMBER: _ClassVar[int]
    PERSON_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    door: str
    person: int
    direction: str
    def __init__(self, time_ns: _Optional[int] = ..., door: _Optional[str] = ..., person: _Optional[int] = ..., direction: _Optional[str] = ...) -> None: ...

class ZoneStay(_message.Message):
    __slots__ = ("time_ns", "end_ns", "zone", "person")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    END_NS_FIELD_NUMBER: _ClassVar[int]
    ZONE_FIELD_NUMBER: _ClassVar[int]
    PERSON_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    end_ns: int
    zone: str
    person: int
    def __init__(self, time_ns: _Optional[int] = ..., end_ns: _Optional[int] = ..., zone: _Optional[str] = ..., person: _Optional[int] = ...) -> None: ...

class HeatMap(_message.Message):
    __slots__ = ("time_ns", "cell_m", "seconds", "seconds_shape")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    CELL_M_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    SECONDS_SHAPE_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    cell_m: float
    seconds: _containers.RepeatedScalarFieldContainer[float]
    seconds_shape: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, time_ns: _Optional[int] = ..., cell_m: _Optional[float] = ..., seconds: _Optional[_Iterable[float]] = ..., seconds_shape: _Optional[_Iterable[int]] = ...) -> None: ...

class Flow(_message.Message):
    __slots__ = ("time_ns", "zones", "count", "count_shape")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    ZONES_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    COUNT_SHAPE_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    zones: _containers.RepeatedScalarFieldContainer[str]
    count: _containers.RepeatedScalarFieldContainer[int]
    count_shape: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, time_ns: _Optional[int] = ..., zones: _Optional[_Iterable[str]] = ..., count: _Optional[_Iterable[int]] = ..., count_shape: _Optional[_Iterable[int]] = ...) -> None: ...

class TagMotion(_message.Message):
    __slots__ = ("time_ns", "end_ns", "epc", "kind", "score")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    END_NS_FIELD_NUMBER: _ClassVar[int]
    EPC_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    end_ns: int
    epc: str
    kind: str
    score: float
    def __init__(self, time_ns: _Optional[int] = ..., end_ns: _Optional[int] = ..., epc: _Optional[str] = ..., kind: _Optional[str] = ..., score: _Optional[float] = ...) -> None: ...

class MotionBegun(_message.Message):
    __slots__ = ("time_ns", "epc", "kind", "score")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    EPC_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    epc: str
    kind: str
    score: float
    def __init__(self, time_ns: _Optional[int] = ..., epc: _Optional[str] = ..., kind: _Optional[str] = ..., score: _Optional[float] = ...) -> None: ...

class TagZones(_message.Message):
    __slots__ = ("time_ns", "epc", "zone")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    EPC_FIELD_NUMBER: _ClassVar[int]
    ZONE_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    epc: _containers.RepeatedScalarFieldContainer[str]
    zone: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, time_ns: _Optional[int] = ..., epc: _Optional[_Iterable[str]] = ..., zone: _Optional[_Iterable[str]] = ...) -> None: ...

class TagPositions(_message.Message):
    __slots__ = ("time_ns", "epc", "xy_m", "sigma_m", "state")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    EPC_FIELD_NUMBER: _ClassVar[int]
    XY_M_FIELD_NUMBER: _ClassVar[int]
    SIGMA_M_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    epc: _containers.RepeatedScalarFieldContainer[str]
    xy_m: _containers.RepeatedScalarFieldContainer[float]
    sigma_m: _containers.RepeatedScalarFieldContainer[float]
    state: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, time_ns: _Optional[int] = ..., epc: _Optional[_Iterable[str]] = ..., xy_m: _Optional[_Iterable[float]] = ..., sigma_m: _Optional[_Iterable[float]] = ..., state: _Optional[_Iterable[str]] = ...) -> None: ...

class Misplaced(_message.Message):
    __slots__ = ("time_ns", "end_ns", "found_ns", "epc", "fixture", "confidence", "sigma_m", "near", "share", "xy_m")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    END_NS_FIELD_NUMBER: _ClassVar[int]
    FOUND_NS_FIELD_NUMBER: _ClassVar[int]
    EPC_FIELD_NUMBER: _ClassVar[int]
    FIXTURE_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    SIGMA_M_FIELD_NUMBER: _ClassVar[int]
    NEAR_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    XY_M_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    end_ns: int
    found_ns: int
    epc: str
    fixture: str
    confidence: float
    sigma_m: float
    near: _containers.RepeatedScalarFieldContainer[str]
    share: _containers.RepeatedScalarFieldContainer[float]
    xy_m: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, time_ns: _Optional[int] = ..., end_ns: _Optional[int] = ..., found_ns: _Optional[int] = ..., epc: _Optional[str] = ..., fixture: _Optional[str] = ..., confidence: _Optional[float] = ..., sigma_m: _Optional[float] = ..., near: _Optional[_Iterable[str]] = ..., share: _Optional[_Iterable[float]] = ..., xy_m: _Optional[_Iterable[float]] = ...) -> None: ...

class Interaction(_message.Message):
    __slots__ = ("time_ns", "end_ns", "epc", "person", "confidence", "xy_m")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    END_NS_FIELD_NUMBER: _ClassVar[int]
    EPC_FIELD_NUMBER: _ClassVar[int]
    PERSON_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    XY_M_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    end_ns: int
    epc: str
    person: int
    confidence: float
    xy_m: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, time_ns: _Optional[int] = ..., end_ns: _Optional[int] = ..., epc: _Optional[str] = ..., person: _Optional[int] = ..., confidence: _Optional[float] = ..., xy_m: _Optional[_Iterable[float]] = ...) -> None: ...

class Recommendation(_message.Message):
    __slots__ = ("time_ns", "mirror", "epc", "sku", "score")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    MIRROR_FIELD_NUMBER: _ClassVar[int]
    EPC_FIELD_NUMBER: _ClassVar[int]
    SKU_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    mirror: str
    epc: str
    sku: _containers.RepeatedScalarFieldContainer[str]
    score: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, time_ns: _Optional[int] = ..., mirror: _Optional[str] = ..., epc: _Optional[str] = ..., sku: _Optional[_Iterable[str]] = ..., score: _Optional[_Iterable[float]] = ...) -> None: ...

class TruthBoxes(_message.Message):
    __slots__ = ("time_ns", "camera", "person_id", "full_px", "visible_px", "visible_share")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    FULL_PX_FIELD_NUMBER: _ClassVar[int]
    VISIBLE_PX_FIELD_NUMBER: _ClassVar[int]
    VISIBLE_SHARE_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    camera: str
    person_id: _containers.RepeatedScalarFieldContainer[int]
    full_px: _containers.RepeatedScalarFieldContainer[float]
    visible_px: _containers.RepeatedScalarFieldContainer[float]
    visible_share: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, time_ns: _Optional[int] = ..., camera: _Optional[str] = ..., person_id: _Optional[_Iterable[int]] = ..., full_px: _Optional[_Iterable[float]] = ..., visible_px: _Optional[_Iterable[float]] = ..., visible_share: _Optional[_Iterable[float]] = ...) -> None: ...

class TruthPeople(_message.Message):
    __slots__ = ("time_ns", "person_id", "xy_m", "heading_rad", "staff")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    XY_M_FIELD_NUMBER: _ClassVar[int]
    HEADING_RAD_FIELD_NUMBER: _ClassVar[int]
    STAFF_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    person_id: _containers.RepeatedScalarFieldContainer[int]
    xy_m: _containers.RepeatedScalarFieldContainer[float]
    heading_rad: _containers.RepeatedScalarFieldContainer[float]
    staff: _containers.RepeatedScalarFieldContainer[bool]
    def __init__(self, time_ns: _Optional[int] = ..., person_id: _Optional[_Iterable[int]] = ..., xy_m: _Optional[_Iterable[float]] = ..., heading_rad: _Optional[_Iterable[float]] = ..., staff: _Optional[_Iterable[bool]] = ...) -> None: ...

class TruthCrossing(_message.Message):
    __slots__ = ("time_ns", "door", "person_id", "direction")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    DOOR_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    door: str
    person_id: int
    direction: str
    def __init__(self, time_ns: _Optional[int] = ..., door: _Optional[str] = ..., person_id: _Optional[int] = ..., direction: _Optional[str] = ...) -> None: ...

class TruthInteraction(_message.Message):
    __slots__ = ("time_ns", "end_ns", "person_id", "epc", "kind")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    END_NS_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    EPC_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    end_ns: int
    person_id: int
    epc: str
    kind: str
    def __init__(self, time_ns: _Optional[int] = ..., end_ns: _Optional[int] = ..., person_id: _Optional[int] = ..., epc: _Optional[str] = ..., kind: _Optional[str] = ...) -> None: ...

class TruthCarry(_message.Message):
    __slots__ = ("time_ns", "end_ns", "person_id", "epc")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    END_NS_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    EPC_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    end_ns: int
    person_id: int
    epc: str
    def __init__(self, time_ns: _Optional[int] = ..., end_ns: _Optional[int] = ..., person_id: _Optional[int] = ..., epc: _Optional[str] = ...) -> None: ...

class TruthTagZones(_message.Message):
    __slots__ = ("time_ns", "epc", "zone")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    EPC_FIELD_NUMBER: _ClassVar[int]
    ZONE_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    epc: _containers.RepeatedScalarFieldContainer[str]
    zone: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, time_ns: _Optional[int] = ..., epc: _Optional[_Iterable[str]] = ..., zone: _Optional[_Iterable[str]] = ...) -> None: ...

class TruthTagPositions(_message.Message):
    __slots__ = ("time_ns", "epc", "xyz_m")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    EPC_FIELD_NUMBER: _ClassVar[int]
    XYZ_M_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    epc: _containers.RepeatedScalarFieldContainer[str]
    xyz_m: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, time_ns: _Optional[int] = ..., epc: _Optional[_Iterable[str]] = ..., xyz_m: _Optional[_Iterable[float]] = ...) -> None: ...

class TruthTryOn(_message.Message):
    __slots__ = ("time_ns", "end_ns", "person_id", "epc", "mirror")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    END_NS_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    EPC_FIELD_NUMBER: _ClassVar[int]
    MIRROR_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    end_ns: int
    person_id: int
    epc: str
    mirror: str
    def __init__(self, time_ns: _Optional[int] = ..., end_ns: _Optional[int] = ..., person_id: _Optional[int] = ..., epc: _Optional[str] = ..., mirror: _Optional[str] = ...) -> None: ...

class TruthSale(_message.Message):
    __slots__ = ("time_ns", "person_id", "epc")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    EPC_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    person_id: int
    epc: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, time_ns: _Optional[int] = ..., person_id: _Optional[int] = ..., epc: _Optional[_Iterable[str]] = ...) -> None: ...

class TruthTaste(_message.Message):
    __slots__ = ("time_ns", "person_id", "sku", "utility")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    SKU_FIELD_NUMBER: _ClassVar[int]
    UTILITY_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    person_id: int
    sku: _containers.RepeatedScalarFieldContainer[str]
    utility: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, time_ns: _Optional[int] = ..., person_id: _Optional[int] = ..., sku: _Optional[_Iterable[str]] = ..., utility: _Optional[_Iterable[float]] = ...) -> None: ...

class TruthScenario(_message.Message):
    __slots__ = ("time_ns", "name", "seed", "yaml")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    YAML_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    name: str
    seed: int
    yaml: str
    def __init__(self, time_ns: _Optional[int] = ..., name: _Optional[str] = ..., seed: _Optional[int] = ..., yaml: _Optional[str] = ...) -> None: ...

class TruthPerson(_message.Message):
    __slots__ = ("time_ns", "person_id", "customer", "persona", "purpose", "group", "presentation", "age_years", "height_m", "staff", "top", "bottom")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    CUSTOMER_FIELD_NUMBER: _ClassVar[int]
    PERSONA_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    PRESENTATION_FIELD_NUMBER: _ClassVar[int]
    AGE_YEARS_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_M_FIELD_NUMBER: _ClassVar[int]
    STAFF_FIELD_NUMBER: _ClassVar[int]
    TOP_FIELD_NUMBER: _ClassVar[int]
    BOTTOM_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    person_id: int
    customer: str
    persona: str
    purpose: str
    group: int
    presentation: str
    age_years: float
    height_m: float
    staff: bool
    top: str
    bottom: str
    def __init__(self, time_ns: _Optional[int] = ..., person_id: _Optional[int] = ..., customer: _Optional[str] = ..., persona: _Optional[str] = ..., purpose: _Optional[str] = ..., group: _Optional[int] = ..., presentation: _Optional[str] = ..., age_years: _Optional[float] = ..., height_m: _Optional[float] = ..., staff: _Optional[bool] = ..., top: _Optional[str] = ..., bottom: _Optional[str] = ...) -> None: ...

class TruthPoses(_message.Message):
    __slots__ = ("time_ns", "person_id", "pose", "held")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    POSE_FIELD_NUMBER: _ClassVar[int]
    HELD_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    person_id: _containers.RepeatedScalarFieldContainer[int]
    pose: _containers.RepeatedScalarFieldContainer[int]
    held: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, time_ns: _Optional[int] = ..., person_id: _Optional[_Iterable[int]] = ..., pose: _Optional[_Iterable[int]] = ..., held: _Optional[_Iterable[int]] = ...) -> None: ...

class TruthKeypoints(_message.Message):
    __slots__ = ("time_ns", "camera", "person_id", "xy_px", "visible")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    XY_PX_FIELD_NUMBER: _ClassVar[int]
    VISIBLE_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    camera: str
    person_id: _containers.RepeatedScalarFieldContainer[int]
    xy_px: _containers.RepeatedScalarFieldContainer[float]
    visible: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, time_ns: _Optional[int] = ..., camera: _Optional[str] = ..., person_id: _Optional[_Iterable[int]] = ..., xy_px: _Optional[_Iterable[float]] = ..., visible: _Optional[_Iterable[int]] = ...) -> None: ...

class TruthLook(_message.Message):
    __slots__ = ("time_ns", "end_ns", "person_id", "fixture")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    END_NS_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    FIXTURE_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    end_ns: int
    person_id: int
    fixture: str
    def __init__(self, time_ns: _Optional[int] = ..., end_ns: _Optional[int] = ..., person_id: _Optional[int] = ..., fixture: _Optional[str] = ...) -> None: ...

class TruthQueueing(_message.Message):
    __slots__ = ("time_ns", "end_ns", "person_id", "place", "outcome")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    END_NS_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    end_ns: int
    person_id: int
    place: str
    outcome: str
    def __init__(self, time_ns: _Optional[int] = ..., end_ns: _Optional[int] = ..., person_id: _Optional[int] = ..., place: _Optional[str] = ..., outcome: _Optional[str] = ...) -> None: ...

class TruthPlacement(_message.Message):
    __slots__ = ("time_ns", "person_id", "epc", "fixture")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    PERSON_ID_FIELD_NUMBER: _ClassVar[int]
    EPC_FIELD_NUMBER: _ClassVar[int]
    FIXTURE_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    person_id: int
    epc: str
    fixture: str
    def __init__(self, time_ns: _Optional[int] = ..., person_id: _Optional[int] = ..., epc: _Optional[str] = ..., fixture: _Optional[str] = ...) -> None: ...

class ScreenViewed(_message.Message):
    __slots__ = ("time_ns", "screen")
    TIME_NS_FIELD_NUMBER: _ClassVar[int]
    SCREEN_FIELD_NUMBER: _ClassVar[int]
    time_ns: int
    screen: str
    def __init__(self, time_ns: _Optional[int] = ..., screen: _Optional[str] = ...) -> None: ...
