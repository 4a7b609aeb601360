"""GLSL of the shop: surfaces, the cache of everything that stands still, and its reuse."""

from __future__ import annotations

from retailsim.simulate.camera.shaders import CLOTH, LIGHTING

SHOP_VERTEX = """
#version 330
uniform mat4 world_to_clip;
in vec3 in_position;
in vec3 in_normal;
in vec2 in_uv;
in vec4 in_first;
in vec4 in_second;
out vec3 v_world;
out vec3 v_normal;
out vec2 v_uv;
flat out vec4 v_first;
flat out vec4 v_second;
void main() {
    v_world = in_position;
    v_normal = in_normal;
    v_uv = in_uv;
    v_first = in_first;
    v_second = in_second;
    gl_Position = world_to_clip * vec4(in_position, 1.0);
}
"""

_SHOP_HEAD = (
    "#version 330\n"
    + LIGHTING
    + CLOTH
    + """
uniform mat4 world_to_light;
uniform sampler2DShadow shop_shadow;
uniform float shadow_share;
uniform int shadow_taps;   // on each side of the middle one
uniform vec2 shop_size;
uniform vec4 street_sides;   // 1 where a street is: south, east, north, west
uniform float street_light;
uniform float lamp_level;
uniform int window_count;
uniform vec4 window_frame[8];   // a point on the wall, the way along it
uniform vec4 window_hole[8];
uniform float window_light;
uniform vec3 camera_position;
in vec3 v_world;
in vec3 v_normal;
in vec2 v_uv;
flat in vec4 v_first;
flat in vec4 v_second;
layout(location = 0) out vec4 out_colour;   // a: how much of it is key light
layout(location = 1) out uint out_id;

float soft_shadow(vec3 world, vec3 n) {
    vec3 q = (world_to_light * vec4(world + n * 0.03, 1.0)).xyz * 0.5 + 0.5;
    q.z -= 0.003;
    float sum = 0.0, side = float(shadow_taps * 2 + 1);
    for (int i = -shadow_taps; i <= shadow_taps; i++)
        for (int j = -shadow_taps; j <= shadow_taps; j++)
            sum += texture(shop_shadow, q + vec3(vec2(i, j) * 0.0028, 0.0));
    return mix(1.0, sum / (side * side), shadow_share);
}

float outdoors(vec2 p) {
    vec4 beyond = step(vec4(0.16), vec4(-p.y, p.x - shop_size.x, p.y - shop_size.y, -p.x));
    return min(dot(beyond, street_sides), 1.0);
}

float hash(vec2 p) { return fract(sin(dot(p, vec2(12.9898, 78.233))) * 43758.5453); }

float daylight(vec3 world, vec3 n) {
    // Every window as a lamp of three points, each shining like a small flat source; the window's
    // area in the denominator keeps it finite near the glass.
    float sum = 0.0;
    for (int i = 0; i < window_count; i++) {
        vec2 along = window_frame[i].zw, into = vec2(-along.y, along.x);
        vec4 hole = window_hole[i];   // low, high, sill, top
        float area = (hole.y - hole.x) * (hole.w - hole.z) / 3.0;
        for (int k = 0; k < 3; k++) {
            float at = mix(hole.x, hole.y, (float(k) + 0.5) / 3.0);
            vec3 to = vec3(window_frame[i].xy + along * at, 0.5 * (hole.z + hole.w)) - world;
            float d2 = dot(to, to) + 1e-4;
            float leaves = max(-dot(vec3(into, 0.0), to), 0.0) * inversesqrt(d2);
            float meets = 0.35 + 0.65 * max(dot(n, to) * inversesqrt(d2), 0.0);
            sum += area * leaves * meets / (3.14159 * d2 + area);
        }
    }
    return sum * window_light;
}

void light_up(vec3 albedo, vec3 n, vec3 eye, float gloss) {
    float facing = dot(n, key_direction);
    float soft = max(facing, 0.0) * 0.8 + 0.2 * (facing * 0.5 + 0.5);
    float shade = soft_shadow(v_world, n);
    float level = n.z < 0.5 ? mix(0.70, 1.0, clamp(v_world.z * 1.1 + 0.1, 0.0, 1.0)) : 1.0;
    vec3 sheen = key_colour * gloss * pow(max(dot(reflect(-eye, n), key_direction), 0.0), 24.0);
    vec3 dim = ambient(n) * level * mix(0.62, 1.0, shade);
    vec3 key = key_colour * soft * shade + sheen * shade;
    float outside = outdoors(v_world.xy);
    dim += daylight(v_world, n) * vec3(0.90, 0.97, 1.10);
    dim = mix(dim, vec3(0.75 * street_light), outside);
    key = mix(key, vec3(0.75) * soft * street_light, outside);
    vec3 all = albedo * (dim + key);
    float share = dot(key, vec3(0.333)) / max(dot(dim + key, vec3(0.333)), 1e-4);
    out_colour = vec4(display(all), share * 0.85 + 0.12);
    out_id = 0u;
}
"""
)

# Several programs: on a CPU both sides of every branch take their time.
GOODS_FRAGMENT = (
    _SHOP_HEAD
    + """
void main() {
    int code = int(v_first.a + 0.5);
    vec3 n = normalize(v_normal), eye = normalize(camera_position - v_world);
    if (dot(n, eye) < 0.0) n = -n;
    vec3 albedo = pattern_colour(
        v_first.rgb, v_second.rgb, code & (OPEN_FRONT - 1), v_second.a, v_uv);
    vec2 shift = vec2(hash(v_first.rg), hash(v_world.xy * 0.0 + v_second.gb)) * 7.0;
    vec3 grain = texture(noise_map, v_uv * vec2(2.4, 0.7) + v_world.xy * 0.9 + shift).rgb - 0.5;
    vec3 tangent = normalize(cross(n, vec3(0.13, 0.07, 1.0)));
    n = normalize(n + tangent * grain.g * 1.6 + cross(tangent, n) * grain.b * 0.6);
    albedo *= 1.0 + grain.r * 0.35;
    if ((code & OPEN_FRONT) != 0) {
        float front = abs(v_uv.x);
        albedo *= 1.0 - 0.4 * (1.0 - smoothstep(0.004, 0.012, abs(front - 0.014)));
    }
    light_up(albedo, n, eye, 0.0);
}
"""
)

_PLAIN = """
vec3 surface(int kind, vec3 n, inout float gloss) {
    vec3 c = v_first.rgb;
    float mottle = texture(noise_map, v_uv * 0.45).r - 0.5;
    if (kind == 11) return c * (1.0 + 0.16 * mottle);
    if (kind == 12) { gloss = 0.9; return c; }
    if (kind == 14) {
        gloss = 0.3;
        float cloud = texture(noise_map, v_uv * vec2(0.5, 0.12)).r - 0.5;
        return c * (0.5 + 0.35 * v_uv.y + 0.9 * cloud);
    }
    if (kind == 17) {
        float grain = texture(noise_map, vec2(v_uv.x * 0.4, v_uv.y * 2.5)).r;
        return mix(c, v_second.rgb, clamp(grain * 1.6 - 0.3, 0.0, 1.0));
    }
    if (kind == 18) return c * (0.8 + 0.8 * (texture(noise_map, v_uv * 3.0).r));
    if (kind == 23) { gloss = 0.45; return c; }
    return c * (1.0 + 0.06 * mottle);
}

vec3 glow(int kind) {
    return kind == 15 ? v_first.rgb * lamp_level : v_first.rgb * street_light * 1.3;
}
"""

_GROUND = """
float seam(float x, float width) {
    float w = fwidth(x) + width, d = 0.5 - abs(fract(x) - 0.5);
    return (1.0 - smoothstep(width * 0.5, w, d)) * min(1.0, width * 2.0 / w);
}

vec3 planks(vec2 p) {
    float row = floor(p.y / 0.14);
    float x = p.x / 1.3 + hash(vec2(row, 1.0));
    float tone = hash(vec2(row, floor(x)));
    float grain = texture(noise_map, vec2(p.x * 0.35 + tone * 7.0, p.y * 3.0)).r - 0.5;
    vec3 c = mix(v_first.rgb, v_second.rgb, tone * 0.8 + grain * 0.8);
    return c * (1.0 - 0.5 * max(seam(p.y / 0.14, 0.02), seam(x, 0.003)));
}

vec3 tiles(vec2 p, float size) {
    vec2 q = p / size;
    float tone = hash(floor(q));
    float speck = texture(noise_map, p * 1.7).r - 0.5;
    vec3 c = mix(v_first.rgb, v_second.rgb, tone * 0.35 + 0.2 + speck * 0.5);
    return c * (1.0 - 0.4 * max(seam(q.x, 0.012), seam(q.y, 0.012)));
}

vec3 brick(vec2 p) {
    float row = floor(p.y / 0.09);
    vec2 q = vec2(p.x / 0.24 + 0.5 * mod(row, 2.0), p.y / 0.09);
    vec3 c = v_first.rgb * (0.7 + 0.6 * hash(floor(q)));
    return mix(c, v_second.rgb, 0.7 * max(seam(q.x, 0.03), seam(q.y, 0.08)));
}

vec3 stone(vec2 p) {
    vec2 q = p / 0.9;
    float tone = hash(floor(q));
    vec2 turn = p + 7.0 * tone;
    float cloud = texture(noise_map, turn * 0.23).r;
    float vein = 1.0 - smoothstep(0.0, 0.035, abs(texture(noise_map, turn * 0.11).r - 0.5));
    vec3 c = mix(v_first.rgb, v_second.rgb, clamp(cloud * 1.2 - 0.2 + 0.25 * tone, 0.0, 1.0));
    c = mix(c, v_second.rgb * 0.75, 0.5 * vein);
    return c * (1.0 - 0.35 * max(seam(q.x, 0.006), seam(q.y, 0.006)));
}

vec3 surface(int kind, vec3 n, inout float gloss) {
    if (kind == 9) { gloss = 0.20; return planks(v_world.xy); }
    if (kind == 10) { gloss = 0.25; return tiles(v_world.xy, 0.45); }
    if (kind == 16) return tiles(v_world.xy, 0.6);
    if (kind == 19) return brick(v_uv);
    if (kind == 20) { gloss = 0.35; return stone(v_world.xy); }
    if (kind == 21) {
        vec2 p = v_world.xy;
        float pile = texture(noise_map, p * 5.3).r + texture(noise_map, p.yx * 13.7).r;
        float broad = texture(noise_map, p * 0.21).r - 0.5;
        vec3 mixed = mix(v_first.rgb, v_second.rgb, clamp(pile * 1.5 - 1.0, 0.0, 1.0));
        return mixed * (1.0 + 0.3 * broad);
    }
    gloss = n.z > 0.5 ? 0.25 : 0.0;
    vec2 p = n.z > 0.5 ? v_world.xy : v_uv;
    float cloud = texture(noise_map, p * 0.13).r * 0.7 + texture(noise_map, p * 0.9).r * 0.3;
    vec3 mixed = mix(v_first.rgb, v_second.rgb, clamp(cloud * 1.8 - 0.4, 0.0, 1.0));
    float joint = n.z > 0.5 ? max(seam(p.x / 3.0, 0.003), seam(p.y / 3.0, 0.003)) : 0.0;
    return mixed * (1.0 - 0.3 * joint);
}

vec3 glow(int kind) { return vec3(0.0); }
"""

_PICTURES = """
vec3 poster(vec2 p) {
    float s = v_second.a;
    float wave = texture(noise_map, p * 0.35 + s).r;
    vec3 c = wave > 0.5 + 0.1 * sin(s * 3.0) ? v_first.rgb : v_second.rgb;
    c = mix(c, v_first.rgb * 0.3, step(length(p - vec2(0.3, 0.45 + 0.1 * sin(s))), 0.16));
    float line = step(0.5, fract(p.y * 18.0)) * step(p.y, 0.2) * step(0.06, p.x);
    return mix(c, vec3(0.05), line * step(p.x, 0.25 + 0.2 * hash(vec2(floor(p.y * 18.0), s))));
}

vec3 portrait(vec2 p) {
    // A head and shoulders, or a figure from the hips up, before a plain ground.
    float s = v_second.a;
    vec3 ground = mix(v_second.rgb, v_first.rgb, 0.25 + 0.3 * p.y);
    vec3 skin = mix(vec3(0.62, 0.38, 0.26), vec3(0.14, 0.07, 0.04), fract(s * 3.7));
    vec3 hair = mix(
        vec3(0.02, 0.015, 0.01), vec3(0.35, 0.2, 0.08), fract(s * 5.3) * fract(s * 9.1));
    float big = mix(0.75, 1.25, fract(s * 1.7));
    vec2 q = (p - vec2(0.29 + 0.04 * sin(s), 0.50)) / big;
    vec3 c = ground;
    float neck = step(abs(q.x), 0.035) * step(q.y, -0.02) * step(-0.16, q.y);
    float wide = 0.17 - 0.06 * smoothstep(-0.19, -0.11, q.y);
    float trunk = step(abs(q.x), wide) * step(q.y, -0.12);
    float mane = step(length((q - vec2(0.0, 0.03)) * vec2(1.0, 0.82)), 0.105);
    float falls = step(0.5, fract(s * 2.9)) * step(abs(q.x), 0.10);
    falls *= step(-0.17, q.y) * step(q.y, 0.03);
    c = mix(c, hair, max(mane, falls));
    c = mix(c, skin, neck);
    c = mix(c, v_first.rgb * 0.8 + 0.05, trunk);
    float head = step(length(q * vec2(1.0, 0.78)), 0.075);
    c = mix(c, skin, head);
    vec2 side = vec2(abs(q.x), q.y);
    c = mix(c, vec3(0.02), step(length((side - vec2(0.028, 0.015)) * vec2(1.0, 1.6)), 0.010));
    vec2 mouth = (q - vec2(0.0, -0.045)) * vec2(0.5, 1.5);
    c = mix(c, vec3(0.35, 0.06, 0.06), step(length(mouth), 0.012));
    return c;
}

vec3 lettering(vec2 p, float size) {
    // Blocks as wide and as irregular as capitals.
    vec2 q = p / size;
    float row = floor(q.y / 1.7), letter = floor(q.x / 0.8);
    vec2 in_letter = vec2(fract(q.x / 0.8), fract(q.y / 1.7) * 1.7);
    float r = hash(vec2(letter, row + floor(v_second.a * 17.0)));
    float inside = step(0.15, in_letter.x) * step(in_letter.x, 0.85) * step(0.35, in_letter.y)
        * step(in_letter.y, 1.35);
    float gap = step(abs(in_letter.x - 0.5), 0.16) * step(abs(in_letter.y - 0.6 - 0.5 * r), 0.22);
    float word = step(0.18, hash(vec2(letter, 3.0 + row)));
    return mix(v_first.rgb, v_second.rgb, inside * (1.0 - gap) * word);
}

vec3 picture(vec2 p) {
    // What a screen shows: a gradient, a garment-like shape, a bar of text.
    float s = v_second.a;
    vec3 c = mix(v_first.rgb, v_second.rgb, clamp(p.y * 0.6 + 0.2 * sin(p.x * 5.0 + s), 0.0, 1.0));
    float blob = texture(noise_map, p * 0.25 + s).r;
    c = mix(c, vec3(0.9, 0.88, 0.84), step(0.62, blob));
    vec2 q = p - vec2(0.55, 0.9);
    float shirt = step(abs(q.x), 0.22 + 0.16 * step(0.12, q.y)) * step(abs(q.y), 0.3);
    c = mix(c, v_second.rgb * vec3(0.3, 0.5, 0.9), shirt);
    float text = step(0.5, fract(p.y * 14.0)) * step(p.y, 0.32) * step(0.08, p.x);
    return mix(c, vec3(0.95), text * step(p.x, 0.4 + 0.4 * hash(vec2(floor(p.y * 14.0), s))));
}

vec3 surface(int kind, vec3 n, inout float gloss) {
    if (kind == 13) return poster(v_uv);
    if (kind == 26) return lettering(v_uv - 0.03, 0.16);
    return portrait(v_uv);
}

vec3 glow(int kind) { return picture(v_uv) * 1.1; }
"""

_SHOP_MAIN = """
void main() {
    int kind = int(v_first.a + 0.5);
    vec3 n = normalize(v_normal), eye = normalize(camera_position - v_world);
    if (dot(n, eye) < 0.0) n = -n;
    float gloss = 0.0;
    vec3 albedo = surface(kind, n, gloss);
    light_up(albedo, n, eye, gloss);
    if (kind == 15 || kind == 24 || kind == 25) out_colour = vec4(display(glow(kind)), 0.0);
}
"""

# What each program paints; all other surfaces are the first one's.
GROUND_KINDS = (9, 10, 16, 19, 20, 21, 22)
PICTURE_KINDS = (13, 24, 26, 27)
SHOP_FRAGMENTS = tuple(_SHOP_HEAD + part + _SHOP_MAIN for part in (_PLAIN, _GROUND, _PICTURES))

SHEET_VERTEX = """
#version 330
void main() {
    vec2 corner = vec2((gl_VertexID & 1) * 4 - 1, (gl_VertexID & 2) * 2 - 1);
    gl_Position = vec4(corner, 0.0, 1.0);
}
"""

# Many samples to one: mean colour; the position of the middle sample.
SHRINK_FRAGMENT = """
#version 330
uniform sampler2D fine_colour;
uniform sampler2D fine_depth;
uniform mat4 clip_to_world;
uniform vec2 size;
uniform int factor;
layout(location = 0) out vec4 out_colour;
layout(location = 1) out uint out_id;
layout(location = 2) out vec4 out_world;
void main() {
    ivec2 at = ivec2(gl_FragCoord.xy) * factor;
    vec4 sum = vec4(0.0);
    for (int i = 0; i < factor; i++)
        for (int j = 0; j < factor; j++) sum += texelFetch(fine_colour, at + ivec2(i, j), 0);
    out_colour = sum / float(factor * factor);
    float depth = texelFetch(fine_depth, at + factor / 2, 0).r;
    vec4 world = clip_to_world * vec4(gl_FragCoord.xy / size * 2.0 - 1.0, depth * 2.0 - 1.0, 1.0);
    out_world = vec4(world.xyz / world.w, depth);
    out_id = 0u;
    gl_FragDepth = depth;
}
"""

# How much light people leave to the standing shop; multiplied onto its picture.
SHADE_VERTEX = """
#version 330
in vec2 in_corner;   // clip space
void main() { gl_Position = vec4(in_corner, 0.0, 1.0); }
"""
SHADE_FRAGMENT = """
#version 330
uniform sampler2D still_colour;
uniform sampler2D still_world;
uniform sampler2DShadow people_shadow;
uniform sampler2D contact_map;
uniform mat4 world_to_light;
uniform vec4 contact_scale;
uniform float shadow_share;
layout(location = 0) out vec4 out_kept;
void main() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    float key_share = texelFetch(still_colour, at, 0).a;
    vec3 world = texelFetch(still_world, at, 0).xyz;
    vec3 q = (world_to_light * vec4(world, 1.0)).xyz * 0.5 + 0.5;
    q.z -= 0.008;
    float seen = texture(people_shadow, q);
    float near = texture(contact_map, world.xy * contact_scale.xy + contact_scale.zw).r;
    near *= max(1.0 - world.z * 1.8, 0.0);
    float kept = (1.0 - key_share * shadow_share * (1.0 - seen)) * (1.0 - 0.6 * near);
    out_kept = vec4(vec3(sqrt(kept)), 1.0);   // pictures are coded with a square root
}
"""
