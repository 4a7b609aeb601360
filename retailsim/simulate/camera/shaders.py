"""GLSL of everything drawn: one lighting model, one cloth.

Colours are linear until `display()`, which also swaps to BGR, the order of frames.
"""

from __future__ import annotations

_COMMON = """
#version 330
"""

LIGHTING = """
uniform vec3 key_direction;   // towards the light
uniform vec3 key_colour;
uniform vec3 sky_colour;
uniform vec3 ground_colour;
uniform float exposure;

vec3 ambient(vec3 n) { return mix(ground_colour, sky_colour, n.z * 0.5 + 0.5); }

vec3 display(vec3 linear_rgb) {
    vec3 c = linear_rgb * exposure;
    c = c * (1.0 + c * 0.12) / (1.0 + c * 0.55);   // soft shoulder
    return sqrt(clamp(c, 0.0, 1.0)).bgr;
}
"""

CLOTH = """
const int OPEN_FRONT = 64, WORN_OPEN = 128;   // see figure.PATTERNS
uniform sampler2D noise_map;   // r: value, gb: its gradient

float band(float x, float duty) {
    // A square wave of period 1, smoothed over a pixel and grey where it is too fine to see.
    float w = max(fwidth(x), 1e-4);
    float wave = abs(fract(x) - 0.5) * 2.0;
    float s = smoothstep(1.0 - duty - w, 1.0 - duty + w, wave);
    return mix(s, duty, clamp(w * 2.0 - 0.4, 0.0, 1.0));
}

vec3 pattern_colour(vec3 first, vec3 second, int pattern, float scale, vec2 uv) {
    // Written without branches: the CPU renderer runs both sides of every branch anyway.
    vec2 q = uv * (16.0 / scale);
    bool checks = pattern == 2, dots = pattern == 3, motif = pattern == 7;
    float across = band(q.x * (checks ? 0.8 : 1.0), checks ? 0.5 : 0.35);
    float down = band(pattern == 6 ? uv.y * (2.6 / scale) + 0.3 : q.y * (checks ? 0.8 : 1.0), 0.5);
    // Dots, or the one picture on the chest, a disc or a block 0.25 m below the collar.
    vec2 cell = q * 1.1;
    cell.x += floor(cell.y) * 0.5;
    vec2 chest = (uv - vec2(0.0, -0.25)) / (0.55 + 0.4 * scale);
    float form = fract(scale * 7.0);
    float block = max(abs(chest.x), abs(chest.y) * (form < 0.3 ? 3.0 : 1.3)) - 0.10;
    float picture = form < 0.6 ? block : length(chest) - 0.09;
    float d = motif ? picture : length(fract(cell) - 0.5) - 0.27;
    float w = max(motif ? fwidth(uv.y) : fwidth(d), 1e-4);
    float inside = 1.0 - smoothstep(-w, w, d);
    inside = dots ? mix(inside, 0.23, clamp(w * 3.0 - 0.5, 0.0, 1.0)) : inside;
    // Blots of the second colour with a paler one in them: flowers, leaves, camouflage.
    vec2 blots = texture(noise_map, motif ? chest * 2.6 + form * 5.0 : uv * (1.7 / scale)).rg;
    float blot = smoothstep(0.50, 0.56, blots.r);
    float pale = motif ? 0.7 * blot : blot * smoothstep(0.52, 0.58, blots.g);
    float share = pattern == 0 ? 0.0
        : checks ? across * down * 0.6 + (across + down) * 0.2
        : dots || motif ? inside
        : pattern == 4 ? blot
        : pattern == 5 ? across : down;
    vec3 ink = pattern == 4 || motif ? mix(second, mix(second, vec3(0.85), 0.5), pale) : second;
    return mix(first, ink, share);
}
"""

PERSON_VERTEX = (
    _COMMON
    + """
uniform mat4 world_to_clip;
uniform sampler2D palette;
in vec3 in_position;
in vec3 in_normal;
in vec2 in_cloth;
in uint in_part;
out vec3 v_world;
out vec3 v_normal;
out vec2 v_cloth;
flat out vec4 v_first;
flat out vec4 v_second;
flat out uint v_part;   // material, whether it is a thing and nobody's body, row: see crowd.py
void main() {
    v_part = in_part;
    ivec2 at = ivec2(int(in_part & 15u) * 2, int(in_part >> 5u));
    v_first = texelFetch(palette, at, 0);
    v_second = texelFetch(palette, at + ivec2(1, 0), 0);
    v_world = in_position;
    v_normal = in_normal;
    v_cloth = in_cloth;
    gl_Position = world_to_clip * vec4(in_position, 1.0);
}
"""
)

SHADOW = """
uniform mat4 world_to_light;
uniform sampler2DShadow people_shadow;
uniform sampler2DShadow shop_shadow;
uniform float shadow_share;

float lit(vec3 world, vec3 n) {
    vec4 p = world_to_light * vec4(world + n * 0.03, 1.0);
    vec3 q = p.xyz * 0.5 + 0.5;
    q.z -= 0.004;
    float a = texture(people_shadow, q);
    float b = texture(shop_shadow, q);
    return mix(1.0, a * b, shadow_share);
}
"""

PERSON_FRAGMENT = (
    _COMMON
    + LIGHTING
    + CLOTH
    + SHADOW
    + """
in vec3 v_world;
in vec3 v_normal;
in vec2 v_cloth;
flat in vec4 v_first;
flat in vec4 v_second;
flat in uint v_part;
layout(location = 0) out vec4 out_colour;
layout(location = 1) out uint out_id;

const int FACE = 1, HAIR = 2, TOP = 3, BOTTOM = 4, SHOE = 5, HEADWEAR = 8, PRAM = 9, PILE = 11;
const int GLASSES = 1, BEARD = 2, CHILD = 4;

float spot(vec2 p, vec2 at, vec2 size) {
    vec2 d = (p - at) / size;
    return 1.0 - smoothstep(0.5, 1.2, dot(d, d));
}

vec3 face(vec3 skin, vec3 hair, int traits, vec2 p) {
    vec2 q = vec2(abs(p.x), p.y);
    vec3 c = skin;
    if ((traits & BEARD) != 0) {
        float jaw = 1.0 - smoothstep(0.120, 0.136, q.y - 0.35 * max(q.x - 0.045, 0.0));
        c = mix(c, hair, 0.85 * jaw * (1.0 - smoothstep(0.105, 0.125, q.x)));
    }
    c = mix(c, skin * 0.72, spot(q, vec2(0.034, 0.172), vec2(0.022, 0.014)));
    c = mix(c, vec3(0.02), spot(q, vec2(0.034, 0.170), vec2(0.011, 0.007)));
    float brow = (traits & CHILD) != 0 ? 0.4 : 0.8;
    c = mix(c, hair * 0.7, brow * spot(q, vec2(0.034, 0.192), vec2(0.020, 0.005)));
    c = mix(c, skin * 0.75, 0.7 * spot(q, vec2(0.010, 0.134), vec2(0.010, 0.008)));
    c = mix(c, skin * vec3(0.85, 0.45, 0.45), spot(q, vec2(0.0, 0.102), vec2(0.026, 0.007)));
    if ((traits & GLASSES) != 0) {
        float lens = length((q - vec2(0.036, 0.170)) / vec2(0.026, 0.020));
        float rim = 1.0 - smoothstep(0.10, 0.22, abs(lens - 1.0));
        float arm = step(0.06, q.x) * (1.0 - smoothstep(0.004, 0.007, abs(q.y - 0.176)));
        c = mix(c, vec3(0.015), max(max(rim, 0.25 * step(lens, 1.0)), arm * step(q.x, 0.13)));
    }
    return c;
}

vec3 worn_cloth(inout vec3 n, vec3 grain, bool top) {
    int code = int(v_first.a + 0.5);
    vec3 c = pattern_colour(v_first.rgb, v_second.rgb, code & 7, v_second.a, v_cloth);
    bool trunk = top && v_cloth.y > -4.0;   // not the sleeves
    float aside = abs(v_cloth.x), gap = 0.030 - 0.055 * v_cloth.y;
    if (trunk && (code & WORN_OPEN) != 0) {
        vec3 inner = vec3((code >> 8) & 31, (code >> 13) & 31, (code >> 18) & 31) / 31.0;
        float shade = min(0.55 + 0.9 * (1.0 - aside / gap), 1.0);
        c = aside < gap ? inner * inner * shade : c;
    } else if (trunk && code >= OPEN_FRONT) {
        c *= 1.0 - 0.45 * (1.0 - smoothstep(0.004, 0.010, abs(aside - 0.014)));
    }
    vec3 tangent = normalize(cross(n, vec3(0.13, 0.07, 1.0)));
    n = normalize(n + tangent * grain.g * 1.5 + cross(tangent, n) * grain.b * 1.1);
    return c * (1.0 + grain.r * 0.20);
}

void main() {
    vec3 n = normalize(v_normal);
    vec3 albedo = v_first.rgb;
    int material = int(v_part & 15u);
    uint row = v_part >> 5u;
    vec2 shift = vec2(float(row) * 0.37, float(row) * 0.61);
    bool fabric = material == TOP || material == BOTTOM || material == PILE;
    vec2 weave = material == HAIR ? vec2(9.0, 1.0) : vec2(1.7, 0.55);
    vec3 grain = texture(noise_map, v_cloth * weave + shift, 1.0).rgb - 0.5;
    if (fabric) {
        albedo = worn_cloth(n, grain, material == TOP);
    } else if (material == FACE) {
        albedo = face(albedo, v_second.rgb, int(v_first.a + 0.5), v_cloth);
    } else if (material == HAIR) {
        albedo *= 1.0 + grain.r;
    } else if (material == SHOE) {
        float sole = v_first.a * smoothstep(0.066, 0.072, abs(v_cloth.x));
        albedo = mix(albedo, v_second.rgb, sole);
    } else if (material == HEADWEAR || material == PRAM) {
        albedo *= 1.0 + grain.r * 0.5;
    }
    float facing = max(dot(n, key_direction), 0.0);
    float soft = facing * 0.8 + 0.2 * (dot(n, key_direction) * 0.5 + 0.5);
    float shade = lit(v_world, n);
    float low = mix(0.72, 1.0, clamp(v_world.z * 1.2, 0.0, 1.0));   // the floor hides half the sky
    vec3 light = ambient(n) * low * mix(0.8, 1.0, shade) + key_colour * soft * shade;
    out_colour = vec4(display(albedo * light), 1.0);
    out_id = (v_part & 16u) == 0u ? row + 1u : 0u;
}
"""
)

DEPTH_VERTEX = (
    _COMMON
    + """
uniform mat4 world_to_clip;
in vec3 in_position;
void main() { gl_Position = world_to_clip * vec4(in_position, 1.0); }
"""
)

DEPTH_FRAGMENT = _COMMON + "void main() {}\n"

OUTLINE_FRAGMENT = _COMMON + "out float out_one;\nvoid main() { out_one = 1.0; }\n"
