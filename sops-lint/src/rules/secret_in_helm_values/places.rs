//! The fields of objects that contain values of Helm releases, or variables.

use std::sync::LazyLock;

use crate::object::Object;

/// A step of a path that matches every item of a list.
pub(super) const ITEM: &str = "*";

/// The kind of content in a field.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Values of a HelmRelease of Flux.
    Release,
    /// Values of another release.
    Tree,
    /// Values in a file of their own.
    File,
    /// Variables of a Flux Kustomization.
    Variables,
    /// Parameters of an ApplicationSet.
    Parameters,
    /// Inputs of a ResourceSet of the Flux operator.
    Inputs,
}

impl Form {
    /// What to do about a secret in a field with this content.
    pub(super) fn help(self) -> &'static str {
        match self {
            Self::Release => {
                "put it into an encrypted Secret, and refer to that in `spec.valuesFrom` with a `targetPath`"
            }
            Self::Variables => {
                "put it into an encrypted Secret, and refer to that in `spec.postBuild.substituteFrom`"
            }
            Self::Parameters | Self::Inputs | Self::Tree => {
                "put it into an encrypted Secret, and refer to it with the chart's `existingSecret` or a similar value"
            }
            Self::File => {
                "put it into an encrypted Secret, or into a values file of its own that you encrypt with `sops-rs encrypt -i`"
            }
        }
    }
}

/// A field with values.
pub(super) struct Place {
    /// The group of the API.
    group: &'static str,
    kind: &'static str,
    pub(super) path: Vec<&'static str>,
    pub(super) form: Form,
}

/// The kinds of objects with values.
pub(crate) const KINDS: [&str; 7] = [
    "HelmRelease",
    "Kustomization",
    "Application",
    "ApplicationSet",
    "HelmChart",
    "HelmChartConfig",
    "ResourceSet",
];

/// The fields of all kinds.
pub(super) static ALL: LazyLock<Vec<Place>> = LazyLock::new(|| {
    let mut places = Vec::new();
    let mut add = |group, kind, path: &[&[&'static str]], form| {
        places.push(Place {
            group,
            kind,
            path: path.concat(),
            form,
        });
    };
    let flux = "helm.toolkit.fluxcd.io";
    add(flux, "HelmRelease", &[&["spec", "values"]], Form::Release);
    let variables = ["spec", "postBuild", "substitute"];
    let flux = "kustomize.toolkit.fluxcd.io";
    add(flux, "Kustomization", &[&variables], Form::Variables);
    let argo_cd = "argoproj.io";
    let template = ["spec", "template", "spec"];
    for (kind, spec) in [
        ("Application", &template[..1]),
        ("ApplicationSet", &template),
    ] {
        for source in [&["source"][..], &["sources", ITEM]] {
            for field in SOURCE_FIELDS {
                add(argo_cd, kind, &[spec, source, field], Form::Tree);
            }
        }
    }
    let patch = ["spec", "templatePatch"];
    add(argo_cd, "ApplicationSet", &[&patch], Form::Tree);
    let generators = ["spec", "generators"];
    add(argo_cd, "ApplicationSet", &[&generators], Form::Parameters);
    let operator = "fluxcd.controlplane.io";
    add(
        operator,
        "ResourceSet",
        &[&["spec", "inputs"]],
        Form::Inputs,
    );
    for kind in ["HelmChart", "HelmChartConfig"] {
        for field in ["valuesContent", "values", "set"] {
            add("helm.cattle.io", kind, &[&["spec", field]], Form::Tree);
        }
    }
    places
});

/// Fields of a source of an Application.
const SOURCE_FIELDS: [&[&str]; 7] = [
    &["helm", "values"],
    &["helm", "valuesObject"],
    &["helm", "parameters"],
    &["plugin", "env"],
    &["plugin", "parameters"],
    &["directory", "jsonnet", "extVars"],
    &["directory", "jsonnet", "tlas"],
];

/// Fields of the files of programs that install charts, by the beginnings of their names.
const FILES: [(&str, &[&[&str]]); 2] = [
    ("fleet.", &[&["helm", "values"]]),
    ("helmfile", OF_HELMFILE),
];

/// The fields of a helmfile.
pub(super) const OF_HELMFILE: &[&[&str]] = &[
    &["releases", ITEM, "values"],
    &["releases", ITEM, "set"],
    &["environments"],
];

/// Whether a field belongs to the kind, which is empty if it is unknown.
pub(super) fn is_of_kind(place: &Place, kind: &str) -> bool {
    kind.is_empty() || place.kind == kind
}

/// The fields of an object.
pub(super) fn of_object<'o>(
    object: &'o Object<'_, '_>,
) -> impl Iterator<Item = &'static Place> + use<'o> {
    let group = object.api_version.split('/').next().unwrap_or_default();
    let kind = object.kind;
    ALL.iter()
        .filter(move |place| place.kind == kind && (group.is_empty() || group == place.group))
}

/// The fields of a file whose objects have no kind, by the name of the file.
pub(super) fn of_file(name: &str) -> &'static [&'static [&'static str]] {
    let known = FILES.iter().find(|(begin, _)| name.starts_with(begin));
    known.map_or(&[], |(_, paths)| paths)
}
