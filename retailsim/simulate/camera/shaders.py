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

vec3 printed(vec3 first, vec3 second, vec2 p) {
    // Flowers, leaves, camouflage: blots of the second colour, specks of a paler one in them.
    vec2 ground = texture(noise_map, p * 0.55).rg;
    float speck = texture(noise_map, p * 1.3 + 0.4).r;
    vec3 c = mix(first, second, smoothstep(0.50, 0.56, ground.r));
    return mix(c, mix(second, vec3(0.85), 0.6), smoothstep(0.60, 0.66, speck));
}

vec3 motif(vec3 first, vec3 second, float scale, vec2 uv) {
    // One picture on the chest (and, with this cloth coordinate, on the chest alone).
    vec2 p = (uv - vec2(0.0, -0.25)) / (0.55 + 0.4 * scale);
    float form = fract(scale * 7.0);
    float ring = length(p * vec2(1.0, form < 0.5 ? 1.0 : 0.8)) - 0.085;
    float bar = max(abs(p.x) - 0.10, abs(p.y) - (form < 0.3 ? 0.025 : 0.07));
    float d = form < 0.6 ? bar : ring, w = max(fwidth(uv.y), 1e-4);
    float ink = 1.0 - smoothstep(-w, w, d);
    float inside = smoothstep(0.46, 0.54, texture(noise_map, p * 2.6 + form * 5.0).r);
    return mix(first, mix(second, mix(first, vec3(0.8), 0.3), 0.8 * inside), ink);
}

vec3 pattern_colour(vec3 first, vec3 second, int pattern, float scale, vec2 uv) {
    if (pattern == 0) return first;
    vec2 q = uv * (16.0 / scale);
    if (pattern == 1) return mix(first, second, band(q.y, 0.5));
    if (pattern == 2) {
        float a = band(q.x * 0.8, 0.5), b = band(q.y * 0.8, 0.5);
        return mix(first, second, a * b * 0.6 + (a + b) * 0.2);
    }
    if (pattern == 4) return printed(first, second, uv * (1.0 / scale));
    if (pattern == 5) return mix(first, second, band(q.x, 0.35));
    if (pattern == 6) return mix(first, second, band(uv.y * (2.6 / scale) + 0.3, 0.5));
    if (pattern == 7) return motif(first, second, scale, uv);
    q *= 1.1;
    q.x += floor(q.y) * 0.5;
    float d = length(fract(q) - 0.5), w = max(fwidth(d), 1e-4);
    float dot_share = 1.0 - smoothstep(0.27 - w, 0.27 + w, d);
    return mix(first, second, mix(dot_share, 0.23, clamp(w * 3.0 - 0.5, 0.0, 1.0)));
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
flat out vec3 v_inner;
flat out uint v_row;
flat out uint v_id;   // 0 for things, which are nobody
flat out int v_material;
const int INNER = 9;
void main() {
    v_row = in_part >> 5u;
    v_id = (in_part & 16u) == 0u ? v_row + 1u : 0u;
    v_material = int(in_part & 15u);
    v_inner = texelFetch(palette, ivec2(INNER * 2, int(v_row)), 0).rgb;
    v_first = texelFetch(palette, ivec2(v_material * 2, int(v_row)), 0);
    v_second = texelFetch(palette, ivec2(v_material * 2 + 1, int(v_row)), 0);
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
flat in vec3 v_inner;
flat in uint v_row;
flat in uint v_id;
flat in int v_material;
layout(location = 0) out vec4 out_colour;
layout(location = 1) out uint out_id;

const int FACE = 1, HAIR = 2, TOP = 3, BOTTOM = 4, SHOE = 5, HEADWEAR = 8, PRAM = 10, PILE = 12;
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
    c = mix(c, skin * vec3(1.05, 0.85, 0.85), 0.5 * spot(q, vec2(0.05, 0.135), vec2(0.02, 0.02)));
    if ((traits & GLASSES) != 0) {
        float lens = length((q - vec2(0.036, 0.170)) / vec2(0.026, 0.020));
        float rim = 1.0 - smoothstep(0.10, 0.22, abs(lens - 1.0));
        float arm = step(0.06, q.x) * (1.0 - smoothstep(0.004, 0.007, abs(q.y - 0.176)));
        c = mix(c, vec3(0.015), max(max(rim, 0.25 * step(lens, 1.0)), arm * step(q.x, 0.13)));
    }
    return c;
}

vec3 worn_cloth(inout vec3 n, vec3 grain) {
    int code = int(v_first.a + 0.5);
    vec3 c = pattern_colour(v_first.rgb, v_second.rgb, code & 7, v_second.a, v_cloth);
    if (v_material == TOP && v_cloth.y > -4.0) {
        float aside = abs(v_cloth.x), fall = max(-v_cloth.y, 0.0);
        if (code >= WORN_OPEN) {
            float gap = 0.030 + 0.055 * fall + 0.006 * sin(fall * 9.0);
            float edge = smoothstep(gap - 0.003, gap + 0.003, aside);
            float shade = 0.55 + 0.45 * smoothstep(0.0, 0.5, (gap - aside) / gap);
            c = mix(v_inner * shade, c * (1.0 - 0.25 * (1.0 - smoothstep(gap, gap + 0.02, aside))),
                    edge);
        } else if (code >= OPEN_FRONT) {
            c *= 1.0 - 0.45 * (1.0 - smoothstep(0.004, 0.010, abs(aside - 0.014)));
        }
    }
    vec3 tangent = normalize(cross(n, vec3(0.13, 0.07, 1.0)));
    n = normalize(n + tangent * grain.g * 1.5 + cross(tangent, n) * grain.b * 1.1);
    return c * (1.0 + grain.r * 0.20);
}

void main() {
    vec3 n = normalize(v_normal);
    vec3 albedo = v_first.rgb;
    vec2 shift = vec2(float(v_row) * 0.37, float(v_row) * 0.61);
    bool fabric = v_material == TOP || v_material == BOTTOM || v_material == PILE;
    vec3 grain = texture(noise_map, v_cloth * vec2(1.7, 0.55) + shift, 1.2).rgb - 0.5;
    if (fabric) {
        albedo = worn_cloth(n, grain);
    } else if (v_material == FACE) {
        albedo = face(albedo, v_second.rgb, int(v_first.a + 0.5), v_cloth);
    } else if (v_material == HAIR) {
        albedo *= 1.0 + 0.9 * (texture(noise_map, v_cloth * vec2(9.0, 1.0)).r - 0.5);
    } else if (v_material == SHOE) {
        float sole = v_first.a * smoothstep(0.066, 0.072, abs(v_cloth.x));
        albedo = mix(albedo, v_second.rgb, sole);
    } else if (v_material == HEADWEAR || v_material == PRAM) {
        albedo *= 1.0 + grain.r * 0.5;
    }
    float facing = max(dot(n, key_direction), 0.0);
    float soft = facing * 0.8 + 0.2 * (dot(n, key_direction) * 0.5 + 0.5);
    float shade = lit(v_world, n);
    float low = mix(0.72, 1.0, clamp(v_world.z * 1.2, 0.0, 1.0));   // the floor hides half the sky
    vec3 light = ambient(n) * low * mix(0.8, 1.0, shade) + key_colour * soft * shade;
    out_colour = vec4(display(albedo * light), 1.0);
    out_id = v_id;
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
