// Metal/rough surfaces. Radiances are in units where a white diffuse surface that faces a light of strength 1
// reads 1, so the 1 / pi of Lambert's law is in the strength and the lobe below carries a pi.

struct Surface {
    vec3 diffuse;   // albedo of the part that scatters
    vec3 specular;  // reflectance at normal incidence
    float roughness;
    float alpha;    // GGX width: roughness squared
    vec3 normal;
    vec3 view;      // both unit, from the surface
};

// Source: Schlick, "An Inexpensive BRDF Model for Physically-based Rendering" (1994).
vec3 fresnel(vec3 at_normal, float cosine) {
    float edge = 1.0 - cosine;
    return at_normal + (1.0 - at_normal) * (edge * edge) * (edge * edge) * edge;
}

// pi * D * V of the microfacet model: GGX and the height-correlated Smith term.
// Source: Walter et al., "Microfacet Models for Refraction" (2007); Heitz, "Understanding the
// Masking-Shadowing Function in Microfacet-Based BRDFs" (2014), eq. 99.
float lobe(float alpha, float n_h, float n_l, float n_v) {
    float a2 = alpha * alpha;
    float d = n_h * n_h * (a2 - 1.0) + 1.0;
    float masking = n_l * sqrt(n_v * n_v * (1.0 - a2) + a2) + n_v * sqrt(n_l * n_l * (1.0 - a2) + a2);
    return a2 / (d * d) * 0.5 / max(masking, 1e-5);
}

// What a light of strength 1 from `to_light` (unit) makes the surface send to the viewer.
vec3 reflected(Surface surface, vec3 to_light) {
    vec3 halfway = normalize(surface.view + to_light);
    float n_l = max(dot(surface.normal, to_light), 0.0);
    float n_v = max(dot(surface.normal, surface.view), 1e-4);
    float n_h = max(dot(surface.normal, halfway), 0.0);
    vec3 mirrored = fresnel(surface.specular, max(dot(surface.view, halfway), 0.0));
    return ((1.0 - mirrored) * surface.diffuse + mirrored * lobe(surface.alpha, n_h, n_l, n_v)) * n_l;
}

// Share of light from everywhere that the glossy layer reflects.
// Source: Karis, "Physically Based Shading on Mobile" (2014), a fit to the integral over the hemisphere.
vec3 reflectance(vec3 at_normal, float roughness, float n_v) {
    vec4 r = roughness * vec4(-1.0, -0.0275, -0.572, 0.022) + vec4(1.0, 0.0425, 1.04, -0.04);
    float a = min(r.x * r.x, exp2(-9.28 * n_v)) * r.x + r.y;
    return at_normal * (-1.04 * a + r.z) + (1.04 * a + r.w);
}
